"""Ship to store: what the store of the customer's choice lacks is brought there, for exactly this order.

Two native transfers in a chain, over the company's transit location: out of the place that has the goods, and into the store.
The second is chained to the customer's delivery, so that what arrives is reserved for it and for nothing else. The part of
the delivery that waits for them is a move of its own, in the state *waiting*: it wants nothing of the store's shelf meanwhile.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ..const import FED_NODE_TYPES
from ..domain.bringing import Missing, bring
from ..domain.promise import Promise
from ..domain.timeline import Event
from .oms_availability import WANTING_STATES
from .sale_order_promise import _later


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_transfer_ids = fields.One2many("stock.picking", "oms_for_order_id", string="Transfers for It", readonly=True)
    oms_transfer_count = fields.Integer(compute="_compute_oms_transfer_count", compute_sudo=True)
    oms_waits_for = fields.Char(
        string="Waits For",
        compute="_compute_oms_waits_for",
        compute_sudo=True,
        help="What is on its way for this order to the place from which it leaves, and how far it is.",
    )

    @api.depends("oms_transfer_ids")
    def _compute_oms_transfer_count(self):
        for order in self:
            order.oms_transfer_count = len(order.oms_transfer_ids)

    @api.depends("oms_transfer_ids.state", "oms_transfer_ids.scheduled_date")
    def _compute_oms_waits_for(self):
        for order in self:
            open_moves = order.oms_transfer_ids.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
            notes = []
            for arrives in open_moves.picking_id.filtered(lambda picking: picking.picking_type_code == "incoming"):
                before = arrives.move_ids.move_orig_ids
                words = {
                    "goods": order._oms_name_goods(arrives.move_ids & open_moves, done=False),
                    "place": (before.location_id.warehouse_id or arrives.location_id.warehouse_id)[:1].name or "",
                    "day": format_date(self.env, arrives.scheduled_date),
                }
                leaves = before.picking_id.filtered(lambda picking: picking.state not in ("done", "cancel"))
                if leaves:
                    words["transfer"] = ", ".join(leaves.mapped("name"))
                    notes.append(self.env._("%(goods)s, to be sent by %(place)s (%(transfer)s)", **words))
                else:
                    words["transfer"] = arrives.name
                    notes.append(
                        self.env._("%(goods)s, sent by %(place)s, expected on %(day)s (%(transfer)s)", **words)
                    )
            order.oms_waits_for = "; ".join(notes) or False

    def action_oms_view_transfers(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("stock.action_picking_tree_all")
        action["domain"] = [("oms_for_order_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_oms_bring(self):
        """Look again for places that can bring to the store what is missing there."""
        self.check_access("write")
        for order in self:
            if not order._oms_is_brought() or order.state != "sale":
                raise UserError(self.env._("%s is not shipped to a store.", order.display_name))
            if not order._oms_bring():
                raise UserError(
                    self.env._(
                        "Nothing was brought: %s has all that is wanted, or no other place of the channel has it.",
                        order.oms_pickup_warehouse_id.name,
                    )
                )

    # ------------------------------------------------------------------------------------------------------- HOOKS

    def _action_confirm(self):
        """Override of ``sale``: as soon as the store is asked for goods, what it lacks is asked for elsewhere."""
        result = super()._action_confirm()
        for order in self.filtered(lambda order: order._oms_is_brought()):
            order._oms_bring()
        return result

    def _oms_source_again(self):
        """Override: the customer may have chosen another store."""
        result = super()._oms_source_again()
        for order in self.filtered(lambda order: order.state == "sale" and order._oms_is_brought()):
            order._oms_bring()
        return result

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _oms_is_brought(self):
        """Whether goods are brought to the store for this order when it lacks them."""
        self.ensure_one()
        return bool(
            self.oms_channel_id and self.oms_delivery_method == "ship_to_store" and self.oms_pickup_warehouse_id
        )

    def _oms_bring(self, but=None):
        """Have what the store lacks brought there by the places that can.

        :param but: ``stock.warehouse`` that are not asked (again).
        :return: the transfers out of those places; empty when there is nothing to bring.
        """
        self.ensure_one()
        store = self.oms_pickup_warehouse_id
        self._oms_claim()
        # sudo: who confirms an order need not work in the warehouses that bring its goods
        moves_sudo = self.sudo().order_line.move_ids.filtered(
            lambda move: (
                move.state in WANTING_STATES
                and not move.move_orig_ids
                and move.product_id.is_storable
                and move.location_id._child_of(store.lot_stock_id)
            )
        )
        moves_sudo._action_assign()
        missing = [
            Missing(move.id, move.product_id.id, quantity)
            for move in moves_sudo
            if (quantity := move._oms_get_missing()) > 0
        ]
        if not missing:
            return self.env["stock.picking"]
        places = self._oms_get_bringers(store, but or self.env["stock.warehouse"])
        products = moves_sudo.product_id
        # sudo: as above, what is free there is no secret of those places
        snapshot = self.env["oms.availability"].sudo()._snapshot(products, places, but_orders=self)
        parts = self._oms_choose_bringers(store, missing, places, snapshot.by_node(places.ids, products.ids))
        transfers_sudo = self.env["stock.picking"].sudo()  # sudo: as above
        for place in places:
            of_place = [part for part in parts if part.place == place.id]
            if of_place:
                transfers_sudo |= self._oms_make_transfer(place.sudo(), store.sudo(), of_place)  # sudo: as above
        if transfers_sudo:
            self.env["sale.order.line"]._oms_give_promises(transfers_sudo.move_ids.product_id, tell=False)
        return transfers_sudo.with_env(self.env)

    def _oms_choose_bringers(self, store, missing, places, free):
        """Hook: which place brings what to a store; as :func:`bring`."""
        return bring(missing, places.ids, free)

    def _oms_get_bringers(self, store, but):
        """The places that may bring goods to a store, the preferred one first: those that are not run by somebody else, to
        whom a transfer of ours means nothing."""
        places = self.oms_channel_id._get_warehouses() - store - but
        return places.filtered(
            lambda place: place.company_id == self.company_id and place.oms_node_type not in FED_NODE_TYPES
        ).sorted(lambda place: (place.oms_node_type == "store", place.sequence, place.id))

    def _oms_make_transfer(self, place_sudo, store_sudo, parts):
        """The two transfers that bring these parts from one place; called as superuser.

        :return: the first one.
        """
        transit = self.company_id.sudo().internal_transit_location_id  # sudo: a fact about the company
        # Odoo archives both as long as nobody moves goods between warehouses.
        for record in (transit, place_sudo.int_type_id):
            if not record.active:
                record.active = True
        transfer = {"origin": self.name, "company_id": self.company_id.id, "oms_for_order_id": self.id}
        arrival = fields.Datetime.now() + timedelta(days=store_sudo.oms_bring_days)
        pickings_sudo = place_sudo.env["stock.picking"]
        leaves = pickings_sudo.create(
            {
                **transfer,
                "picking_type_id": place_sudo.int_type_id.id,
                "location_id": place_sudo.lot_stock_id.id,
                "location_dest_id": transit.id,
                "partner_id": store_sudo.partner_id.id,
            }
        )
        arrives = pickings_sudo.create(
            {
                **transfer,
                "picking_type_id": store_sudo.in_type_id.id,
                "location_id": transit.id,
                "location_dest_id": store_sudo.lot_stock_id.id,
                "partner_id": place_sudo.partner_id.id,
                "scheduled_date": arrival,
            }
        )
        moves_sudo = place_sudo.env["stock.move"]
        for part in parts:
            wanted = moves_sudo.browse(part.move)._oms_split_waiting(part.quantity)
            move = {
                "product_id": part.product,
                "product_uom_qty": float(part.quantity),
                "product_uom": wanted.product_id.uom_id.id,
                "company_id": self.company_id.id,
                "date_deadline": wanted.date_deadline,
            }
            second = moves_sudo.create(
                {
                    **move,
                    "date": arrival,
                    "picking_id": arrives.id,
                    "location_id": transit.id,
                    "location_dest_id": store_sudo.lot_stock_id.id,
                    # When nobody brings it, the customer still wants it.
                    "propagate_cancel": False,
                    "move_dest_ids": [Command.link(wanted.id)],
                }
            )
            moves_sudo.create(
                {
                    **move,
                    "picking_id": leaves.id,
                    "location_id": place_sudo.lot_stock_id.id,
                    "location_dest_id": transit.id,
                    "propagate_cancel": True,
                    "move_dest_ids": [Command.link(second.id)],
                }
            )
            wanted.procure_method = "make_to_order"
            wanted._recompute_state()
        (leaves | arrives).action_confirm()
        leaves.action_assign()
        words = ", ".join(f"{move.product_qty:g} {move.product_id.display_name}" for move in leaves.move_ids)
        self.message_post(
            body=self.env._(
                "%(words)s: brought from %(place)s to %(store)s by %(transfer)s.",
                words=words,
                place=place_sudo.name,
                store=store_sudo.name,
                transfer=leaves.name,
            )
        )
        return leaves

    def _oms_bring_from_elsewhere(self, places, products):
        """What a place was to bring does not come: ask the others, and say so when none of them has it."""
        self.ensure_one()
        gave_up = self.oms_transfer_ids.move_ids.filtered(
            lambda move: move.state == "cancel" and move.location_id.usage == "internal"
        )
        if self.state != "sale" or self._oms_bring(but=places | gave_up.location_id.warehouse_id):
            return
        store = self.oms_pickup_warehouse_id
        self._oms_hold(
            "stock",
            self.env._(
                "%(products)s does not come from %(place)s to %(store)s, and no other place has it. Offer another store, or "
                "wait for goods and choose Bring to Store; then release.",
                place=", ".join(places.mapped("name")) or self.env._("another place"),
                products=", ".join(products.mapped("display_name")),
                store=store.name,
            ),
        )

    def _oms_tell_lost(self, lost):
        """Goods that left for the store and did not come in are somebody's to look for.

        :param dict lost: {transfer into the store: {product: quantity}}
        """
        for arrives, goods in lost.items():
            words = ", ".join(f"{quantity:g} × {product.display_name}" for product, quantity in goods.items())
            arrives.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Lost on the way"),
                note=self.env._(
                    "%(goods)s left for %(store)s and did not come in; for Odoo they lie in %(transit)s. Look for them: "
                    "receive what is found with a transfer from there, and write off the rest under Physical Inventory.",
                    goods=words,
                    store=arrives.picking_type_id.warehouse_id.name,
                    transit=arrives.location_id.display_name,
                ),
                user_id=arrives.oms_for_order_id.user_id.id or self.env.uid,
            )
            arrives.oms_for_order_id.message_post(
                body=self.env._(
                    "%(goods)s got lost on the way to %(place)s (%(name)s).",
                    goods=words,
                    place=arrives.picking_type_id.warehouse_id.name,
                    name=arrives.name,
                )
            )

    # ---------------------------------------------------------------------------------------------------- TIMELINE

    def _oms_timeline_events(self):
        """Override to tell what was brought to the store."""
        yield from super()._oms_timeline_events()
        moves = self.env["stock.move"].search_fetch(
            [("picking_id.oms_for_order_id", "in", self.ids)],
            ["picking_id", "product_id", "product_uom_qty", "quantity", "state", "location_id"],
        )
        moves.picking_id.fetch(["name", "state", "create_date", "date_done", "picking_type_id", "oms_for_order_id"])
        for picking, of_picking in moves.grouped("picking_id").items():
            leaves = picking.picking_type_id.code == "internal"
            words = {
                "what": self._oms_name_goods(of_picking, picking.state == "done"),
                "place": picking.picking_type_id.warehouse_id.name,
                "goal": self.env._("the store")
                if picking.oms_for_order_id._oms_is_brought()
                else self.env._("the place from which the order leaves"),
            }
            order_id = picking.oms_for_order_id.id
            if leaves:
                asked = self.env._("%(place)s is to bring %(what)s to %(goal)s.", **words)
                yield order_id, Event(picking.create_date, "fulfilment", asked, "", picking.name)
            if picking.state == "done":
                sentence = (
                    self.env._("%(what)s left %(place)s for %(goal)s.", **words)
                    if leaves
                    else self.env._("%(what)s arrived at %(place)s.", **words)
                )
                yield order_id, Event(picking.date_done, "parcel", sentence, "", picking.name, True)
            elif picking.state == "cancel":
                sentence = (
                    self.env._("%(place)s does not bring %(what)s.", **words)
                    if leaves
                    else self.env._("%(what)s does not come in at %(place)s.", **words)
                )
                yield order_id, Event(picking.write_date, "fulfilment", sentence, "", picking.name)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_add_brought(self, of_lines, products):
        """Override: what is brought to a store for a line is promised for the day on which it is expected there."""
        result = super()._oms_add_brought(of_lines, products)
        # sudo: dates follow from all transfers, also from those that the user may not see
        moves_sudo = self.env["stock.move"].sudo()
        incoming_sudo = moves_sudo.search(
            [
                ("picking_id.oms_for_order_id", "!=", False),
                ("picking_id.picking_type_code", "=", "incoming"),
                ("product_id", "in", products.ids),
                ("state", "not in", ("done", "cancel")),
            ],
            order="id",
        )
        for move in incoming_sudo:
            promise = Promise(at=move.date, by=move.picking_id.name)
            for line in move.move_dest_ids.filtered(lambda dest: dest.state == "waiting").sale_line_id:
                result[line] = _later(result.get(line), promise)
        return result


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_bring_days = fields.Integer(
        string="Brought Within (Days)",
        default=2,
        help="How long goods are on their way to this place from another one of ours.",
    )

    _oms_bring_days_check = models.Constraint(
        "CHECK(oms_bring_days BETWEEN 0 AND 90)", "Goods are brought to a store within 0 to 90 days."
    )


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_for_order_id = fields.Many2one(
        "sale.order",
        string="Brought For",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The order for which these goods are brought to another place of ours.",
    )
    oms_waits_for = fields.Char(compute="_compute_oms_waits_for", compute_sudo=True, string="Waits For")

    @api.depends("sale_id.oms_waits_for", "state")
    def _compute_oms_waits_for(self):
        for picking in self:
            waits = picking.picking_type_code == "outgoing" and picking.state not in ("done", "cancel")
            picking.oms_waits_for = waits and picking.sale_id.oms_waits_for

    def _action_done(self):
        """Override of ``stock``: what has come into the store makes the pickup ready, and the customer is told."""
        result = super()._action_done()
        # sudo: who receives goods in a store has the pickup made ready, whatever that does elsewhere
        transfers_sudo = self.sudo().filtered(lambda picking: picking.oms_for_order_id and picking.state == "done")
        transfers_sudo.move_ids.filtered(
            lambda move: move.state == "done" and move.product_uom.compare(move.quantity, move.product_uom_qty) < 0
        )._oms_done_short()
        done_sudo = transfers_sudo.filtered(lambda picking: picking.picking_type_code == "incoming")
        for picking in done_sudo.oms_for_order_id.picking_ids.filtered(lambda picking: picking.state == "assigned"):
            if picking.oms_is_collected and not picking.oms_ready_at:
                try:
                    picking._check_oms_can_be_ready()
                except UserError:
                    continue  # not complete, on hold or to be scanned: the store does it, and is told then why not
                picking.action_oms_ready()
        return result

    def _create_backorder_picking(self):
        """Override of ``stock``: what comes later is for the same order."""
        backorder = super()._create_backorder_picking()
        backorder.oms_for_order_id = self.oms_for_order_id
        return backorder
