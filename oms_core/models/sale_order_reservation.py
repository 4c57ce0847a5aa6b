"""From capture to confirmation: goods are set aside for an order, and nobody is promised what there is not."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..alone import on_its_own
from ..const import HOLDS_WITHOUT_RESERVATION, SHORTAGE_BATCH_MAX
from ..domain.quantities import ZERO, Quantities
from ..domain.reservation import Want, place


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_reservation_ids = fields.One2many("oms.reservation", "order_id", string="Set Aside", readonly=True)
    oms_accepts_backorder = fields.Boolean(
        string="May Wait for Goods",
        readonly=True,
        copy=False,
        tracking=True,
        help="Somebody decided that this order is confirmed although its goods are not there.",
    )
    oms_is_short = fields.Boolean(compute="_compute_oms_is_short", compute_sudo=True)

    @api.depends("oms_hold_ids.is_shortage", "oms_hold_ids.released_at")
    def _compute_oms_is_short(self):
        for order in self:
            order.oms_is_short = any(hold.is_open and hold.is_shortage for hold in order.oms_hold_ids)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_oms_accept_backorder(self):
        """Let these orders wait for goods that are not there: a decision of a person, against the rule of the channel."""
        self.check_access("write")
        self.oms_accepts_backorder = True
        self.oms_hold_ids.filtered(lambda hold: hold.is_open and hold.is_shortage)._release()
        self._oms_release_clean()

    # --------------------------------------------------------------------------------------------- NATIVE LIFE CYCLE

    def _oms_release_clean(self):
        """Override: where a channel promises no more than there is, goods are set aside first, and an order that cannot
        have all of them is held; what is not confirmed then has its goods set aside, as far as they go."""
        captured = self.filtered(lambda order: order.oms_channel_id and order.state in ("draft", "sent"))
        captured.filtered(lambda order: order._oms_is_strict())._oms_promise()
        clean = super()._oms_release_clean()
        captured.filtered(lambda order: order.state in ("draft", "sent") and not order._oms_is_strict())._oms_promise()
        return clean

    def _action_confirm(self):
        """Override of ``sale``: the transfers take over what was set aside, in the transaction that makes them.

        An order that a person confirms is looked at like any other. What was set aside for it and has expired since is
        looked for anew.
        """
        self._oms_claim()
        strict = self.filtered(lambda order: order._oms_is_strict())
        if short := strict._oms_set_aside():
            raise UserError("\n".join(order._oms_shortage_reason(of_order) for order, of_order in short.items()))
        # sudo: as for what is pending; nearly always nothing was set aside, which is known
        if self.sudo().oms_reservation_ids and (pending := self._oms_pending()):
            wanted = Quantities(
                ((want.line, want.product), want.quantity) for wants in self._oms_wants().values() for want in wants
            )
            posted = {}
            for reservation in pending:
                key = (reservation.line_id.id, reservation.product_id.id)
                part = min(Decimal(repr(reservation.quantity)), wanted[key])
                posted[reservation] = float(max(part, ZERO))
                wanted -= Quantities({key: part})
            pending._transition("posted", posted)
        return super()._action_confirm()

    def _action_cancel(self):
        """Override of ``sale``: nothing is kept for an order that is called off."""
        self._oms_pending()._transition("voided")
        return super()._action_cancel()

    @api.ondelete(at_uninstall=False)
    def _unlink_oms_reservations(self):
        self._oms_pending()._transition("voided")

    # -------------------------------------------------------------------------------------------------- SETTING ASIDE

    def _oms_is_strict(self):
        """Whether this order may have only what there is."""
        self.ensure_one()
        return self.oms_channel_id.id in self.env["oms.channel"]._get_strict() and not self.oms_accepts_backorder

    def _oms_pending(self):
        # sudo: what is set aside goes with its order, whoever works on it
        reservations_sudo = self.env["oms.reservation"].sudo()
        return reservations_sudo.search([("order_id", "in", self.ids), ("state", "=", "pending")], order="id")

    def _oms_wants(self):
        """{order: [``Want``]}: the goods of these orders whose stock is counted; of kits what is in them."""
        wants = {order: [] for order in self}
        for line, of_line in self.order_line._oms_wants_by_line().items():
            wants[line.order_id] += of_line
        return wants

    def _oms_claim(self, wants=None):
        """Take the turn to promise these goods, in companies where any channel promises no more than there is: there,
        orders that may wait take goods too.

        :param wants: as :meth:`_oms_wants`, where that is known already.
        """
        strict_ids = set(self.env["oms.channel"]._get_strict().values())
        for company, orders in self.grouped("company_id").items():
            if company.id in strict_ids:
                of_company = orders._oms_wants() if wants is None else wants
                ids = {want.product for order in orders for want in of_company[order]}
                self.env["oms.stock.claim"].sudo()._claim(
                    company, self.env["product.product"].browse(ids)
                )  # sudo: a lock

    def _oms_set_aside(self):
        """Set goods aside for these orders, the oldest first; what is set aside already and still wanted stays.

        :return: {order: {product id: (asked, available)}} of the orders that cannot have all.
        """
        if not self:
            return {}
        orders = self.sorted("id")
        wants = orders._oms_wants()
        for order in orders:
            if any(hold.is_open and hold.kind in HOLDS_WITHOUT_RESERVATION for hold in order.oms_hold_ids):
                wants[order] = []
        orders._oms_claim(wants)
        before = orders._oms_pending().grouped("order_id")
        to_look = orders.filtered(lambda order: not _covers(before.get(order, ()), wants[order]))
        if not to_look:
            return {}
        products = self.env["product.product"].browse({want.product for order in to_look for want in wants[order]})
        of_channel = {channel: channel._get_warehouses() for channel in to_look.oms_channel_id}
        warehouses = self.env["stock.warehouse"].union(*of_channel.values())
        free = self.env["oms.availability"]._snapshot(products, warehouses, but_orders=to_look)
        free = Quantities(free.by_node(warehouses.ids, products.ids))
        void, rows, short = self.env["oms.reservation"], [], {}
        for order in to_look:
            nodes = of_channel[order.oms_channel_id]
            placement = place(wants[order], nodes.ids, free, whole=order._oms_is_strict())
            free -= placement.taken
            if placement.short:
                short[order] = dict(placement.short)
            standing = before.get(order, self.env["oms.reservation"])
            if _parts(standing) != placement.parts:
                void |= standing
                rows += order._oms_prepare_reservations(placement)
            order._oms_go_where_goods_are(placement)
        void._transition("voided")
        self.env["oms.reservation"]._set_aside(rows)
        return short

    def _oms_prepare_reservations(self, placement):
        expires_at = self.env["oms.reservation"]._expiry(self.oms_channel_id)
        return [
            {
                "order_id": self.id,
                "line_id": line,
                "channel_id": self.oms_channel_id.id,
                "company_id": self.company_id.id,
                "product_id": product,
                "warehouse_id": node,
                "quantity": float(quantity),
                "expires_at": expires_at,
            }
            for (line, node, product), quantity in placement.parts.items()
        ]

    def _oms_go_where_goods_are(self, placement):
        """Where nobody decides it better, an order goes to the one place that has all of it."""
        nodes = {node for _line, node, _product in placement.parts}
        # A person who confirms an order confirms it first, and its transfers are made after that.
        if len(nodes) == 1 and not placement.short and not self.order_line.move_ids:
            node = nodes.pop()
            if self.warehouse_id.id != node and self._oms_is_strict():
                self.warehouse_id = node

    def _oms_promise(self):
        """Set goods aside for these quotations. Of those that may have only what there is, hold who cannot have all, and
        say what is missing; let go on who can."""
        short = self._oms_set_aside()
        for order in self:
            standing = order.oms_hold_ids.filtered(lambda hold: hold.is_open and hold.is_shortage)
            reason = order._oms_shortage_reason(short[order]) if order in short and order._oms_is_strict() else None
            if not reason:
                standing._release()
                continue
            hold = order._oms_hold("stock", reason, subject="shortage")
            if not hold.is_shortage:
                hold.sudo().is_shortage = True  # sudo: whoever finds a reason may stop an order

    def _oms_shortage_reason(self, short):
        """The sentence about goods that are not there."""
        products = self.env["product.product"].browse(short)
        missing = "; ".join(
            self.env._(
                "%(product)s: %(asked)s asked, %(available)s available",
                product=product.display_name,
                asked=_number(short[product.id][0]),
                available=_number(short[product.id][1]),
            )
            for product in products
        )
        return self.env._(
            "Not all goods are there (%s). It goes on by itself when they are; or correct the quantities; or choose Let It "
            "Wait for Goods.",
            missing,
        )

    # ------------------------------------------------------------------------------------------------------ SHORTAGE

    @api.model
    def _cron_oms_shortage(self):
        """Look again at the orders that wait for goods, the oldest first; a batch and a commit at a time."""
        cron = self.env["ir.cron"]
        orders = self.search(
            [
                ("state", "in", ("draft", "sent")),
                (
                    "oms_hold_ids",
                    "any",
                    [
                        "|",
                        ("is_shortage", "=", True),
                        ("is_beyond_policy", "=", True),
                        ("released_at", "=", False),
                    ],
                ),
            ],
            order="oms_ordered_at, id",
        )
        for start in range(0, len(orders), SHORTAGE_BATCH_MAX):
            batch = orders[start : start + SHORTAGE_BATCH_MAX]
            for channel, of_channel in batch.grouped("oms_channel_id").items():
                worker = channel._as_worker()
                for order in of_channel.with_env(worker.env):
                    with on_its_own(order, order._oms_tell_unreleased):
                        order._oms_release_clean()
            if not cron._commit_progress(len(batch), remaining=max(len(orders) - start - len(batch), 0)):
                break


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of ``sale``: what is set aside follows what is wanted, and no more is promised than there is."""
        lines = super().create(vals_list)
        lines._oms_follow_reservations()
        lines.filtered(lambda line: line.order_id.state == "sale")._oms_check_increase({})
        return lines

    def write(self, vals):
        """Override of ``sale``: as for new lines."""
        if vals.keys().isdisjoint(("product_id", "product_uom_qty", "product_uom_id")):
            return super().write(vals)
        confirmed = self.filtered(lambda line: line.order_id.state == "sale" and line.order_id._oms_is_strict())
        before = {line: sum(want.quantity for want in wants) for line, wants in confirmed._oms_wants_by_line().items()}
        result = super().write(vals)
        self._oms_follow_reservations()
        confirmed._oms_check_increase(before)
        self.order_id.filtered(lambda order: order.state == "sale")._oms_look_at_money()
        return result

    def unlink(self):
        """Override of ``sale``: nothing is kept for a line that is gone."""
        pending = self.order_id._oms_pending() if self else self.env["oms.reservation"]
        touched = pending.order_id.with_env(self.env)
        pending.filtered(lambda reservation: reservation.line_id in self)._transition("voided")
        result = super().unlink()
        touched._oms_promise()
        return result

    def _oms_follow_reservations(self):
        """Where goods are set aside for the orders of these lines, set aside what they want now."""
        orders = self.order_id.filtered(lambda order: order.oms_channel_id and order.state in ("draft", "sent"))
        if orders:
            orders._oms_pending().order_id.with_env(self.env)._oms_promise()

    def _oms_check_increase(self, before):
        """Refuse to want more for a confirmed order than there is, where its channel promises no more than that.

        Looked at when the transfers have asked for it: what is missing then is what was promised too much.

        :param dict before: {line: quantity in the product's unit that was wanted}
        """
        strict = self.filtered(lambda line: line.order_id._oms_is_strict())
        wants = {
            line: of_line
            for line, of_line in strict._oms_wants_by_line().items()
            if sum(want.quantity for want in of_line) > before.get(line, ZERO)
        }
        if not wants:
            return
        by_order = {}
        for line, of_line in wants.items():
            by_order.setdefault(line.order_id, []).extend(of_line)
        orders = self.order_id.browse([order.id for order in by_order])
        orders._oms_claim(by_order)
        products = self.env["product.product"].browse({want.product for of_line in wants.values() for want in of_line})
        for order in orders:
            warehouses = order.oms_channel_id._get_warehouses()
            snapshot = self.env["oms.availability"]._snapshot(products, warehouses)
            for product in products:
                net = sum((snapshot.net(node, product.id) for node in warehouses.ids), ZERO)
                if net < 0 and any(want.product == product.id for want in by_order[order]):
                    raise UserError(
                        self.env._(
                            "%(order)s cannot have that much of %(product)s: %(missing)s too many. Reduce the quantity, or "
                            "choose Let It Wait for Goods.",
                            order=order.display_name,
                            product=product.display_name,
                            missing=_number(-net),
                        )
                    )

    def _oms_wants_by_line(self):
        """{line: [``Want``]} of those of these lines that want goods whose stock is counted; of kits what is in them."""
        lines = self.filtered(lambda line: line._oms_is_from_shelf())
        components = {
            company: self.env["oms.availability"].with_company(company)._get_components(of_company.product_id)
            for company, of_company in lines.grouped("company_id").items()  # a kit is one in its company only
        }
        wants = {}
        for line in lines:
            product = line.product_id
            parts = components[line.company_id]
            if product.id not in parts and not product.is_storable:
                continue
            # Rounded as Odoo does when it asks for goods.
            units = line.product_uom_id._compute_quantity(
                line.product_uom_qty, product.uom_id, rounding_method="HALF-UP"
            )
            quantity = Decimal(repr(units))
            wants[line] = [
                Want(line.id, part, quantity * Decimal(needed))
                for part, needed in parts.get(product.id, ((product.id, 1),))
            ]
        return wants

    def _oms_is_from_shelf(self):
        """Whether this line wants goods from shelves of ours: not what a vendor sends or what is made to order."""
        product = self.product_id
        if self.product_uom_qty <= 0 or product.type != "consu" or self.display_type:
            return False
        routes = self.route_ids | product.route_ids | product.categ_id.total_route_ids
        return not routes.rule_ids.filtered(
            lambda rule: (
                rule.location_dest_id._is_outgoing()
                and (rule.procure_method == "make_to_order" or rule.location_src_id.usage == "supplier")
            )
        )


def _parts(reservations):
    """{(line, node, product): quantity} of reservations."""
    return {
        (row.line_id.id, row.warehouse_id.id, row.product_id.id): Decimal(repr(row.quantity)) for row in reservations
    }


def _covers(reservations, wants):
    """Whether exactly what is wanted is set aside."""
    there = Quantities(((line, product), amount) for (line, _node, product), amount in _parts(reservations).items())
    return there == Quantities(((want.line, want.product), want.quantity) for want in wants)


def _number(quantity):
    """A quantity as a clerk writes it: 3, 2.5."""
    return f"{quantity.normalize():f}"
