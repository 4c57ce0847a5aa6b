"""When customers get what is not there yet: promised from the receipts, first come first served, and promised anew."""

from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import format_date

from ..alone import leave_task, on_its_own
from ..const import PROMISE_BATCH_MAX
from ..domain.promise import Claim, promises
from .oms_availability import WAITING_STATES
from .oms_stock_rule import _decimal


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    oms_promised_at = fields.Datetime(
        string="Goods Promised",
        readonly=True,
        copy=False,
        help="When the goods that this line waits for are expected. Empty: nothing waits, or nobody knows.",
    )

    oms_ordered_at = fields.Datetime(related="order_id.oms_ordered_at")
    oms_channel_id = fields.Many2one(related="order_id.oms_channel_id")

    def action_oms_open_order(self):
        self.ensure_one()
        self.check_access("read")
        return self.order_id.get_formview_action()

    @api.model
    def _oms_waiting_moves(self, products=None):
        """The moves that take from a stock, want goods for a customer, and have not reserved all of them."""
        domain = [
            ("state", "in", WAITING_STATES),
            ("location_id.usage", "=", "internal"),
            ("move_orig_ids", "=", False),
        ]
        if products is not None:
            domain.append(("product_id", "in", products.ids))
        # sudo: dates follow from all that wants the goods, also what the user may not see
        return self.env["stock.move"].sudo().search(domain, order="id")

    @api.model
    def _oms_give_promises(self, products, tell=True):
        """Promise anew what waits for these products. Whoever ordered first is served first, at each place.

        :param tell: whether customers are told of changes.
        :return: the orders whose promise has changed.
        """
        moves = self._oms_waiting_moves(products)
        of_lines = self._oms_add_brought(self._oms_promise_moves(moves), products)
        changed = {}
        for line, promise in of_lines.items():
            before, after = line.oms_promised_at, promise.at or False
            if promise.from_shelf or before == after:
                continue  # what lies on the shelf is there in time for whatever was promised
            line.oms_promised_at = after
            if not (before and after) or before.date() != after.date():
                changed[line] = (before, promise)
        orders = self._oms_write_promise_history(changed)
        if tell:
            for order in orders:
                order._oms_notify("promise_changed")
        return orders

    def _oms_add_brought(self, of_lines, products):
        """Hook: the promises for what comes for a line and for nobody else."""
        return of_lines

    def _oms_promise_moves(self, moves):
        """{line: ``Promise``}: of several moves of a line, the one that is served last."""
        keys = {(move.location_id.warehouse_id, move.product_id) for move in moves if move.location_id.warehouse_id}
        warehouses = self.env["stock.warehouse"].sudo().union(*(warehouse for warehouse, _product in keys))
        products = self.env["product.product"].sudo().union(*(product for _warehouse, product in keys))
        if not keys:
            return {}
        availability = self.env["oms.availability"]
        snapshot = availability._snapshot(products, warehouses)
        receipts = availability._get_receipts(products, warehouses)
        now = fields.Datetime.now()
        claims = defaultdict(list)
        for move in moves:
            wanted = _decimal(move.product_qty) - sum(
                (_decimal(line.quantity_product_uom) for line in move.move_line_ids), Decimal(0)
            )
            order = move.sale_line_id.order_id
            ordered_at = (order and (order.oms_ordered_at or order.date_order)) or move.create_date or now
            key = move.location_id.warehouse_id.id, move.product_id.id
            claims[key].append(Claim(move.id, wanted, ordered_at))
        of_lines = {}
        for key, of_shelf in claims.items():
            free = snapshot.on_hand[key] - snapshot.reserved[key]
            given = promises(of_shelf, free, receipts.get(key, []), now)
            for move in moves.browse(given):
                line, promise = move.sale_line_id, given[move.id]
                if line and line.order_id.state == "sale":
                    of_lines[line] = _later(of_lines.get(line), promise)
        return self._oms_with_release_dates(of_lines)

    def _oms_with_release_dates(self, of_lines):
        """A preorder for which no receipt is known is promised for the day on which the product comes out."""
        unknown = [line for line, promise in of_lines.items() if not promise.at and not promise.from_shelf]
        now = fields.Datetime.now()
        by_channel = defaultdict(list)
        for line in unknown:
            if line.order_id.oms_channel_id:
                by_channel[line.order_id.oms_channel_id].append(line)
        for channel, lines in by_channel.items():
            products = self.env["product.product"].union(*(line.product_id for line in lines))
            policies = self.env["oms.availability"]._get_backorder_policies(channel, products)
            for line in lines:
                policy, _limit, release = policies[line.product_id.id]
                if policy == "preorder" and release and release > now:
                    of_lines[line] = type(of_lines[line])(at=release, by=self.env._("its release"))
        return of_lines

    def _oms_write_promise_history(self, changed):
        """Write into each order's chatter what was promised before and is now, and why.

        :param dict changed: {line: (date before, ``Promise``)}
        :return: the orders.
        """
        texts = defaultdict(list)
        for line, (before, promise) in changed.items():
            was = format_date(self.env, before) if before else self.env._("no date")
            if promise.at:
                text = self.env._(
                    "%(product)s: promised for %(after)s instead of %(before)s, with %(receipt)s.",
                    product=line.product_id.display_name,
                    before=was,
                    after=format_date(self.env, promise.at),
                    receipt=promise.by or self.env._("a receipt"),
                )
            else:
                text = self.env._(
                    "%(product)s: no date can be promised any more (%(before)s before). Nothing that is expected covers it: "
                    "order more, or tell the customer.",
                    product=line.product_id.display_name,
                    before=was,
                )
            texts[line.order_id].append(text)
        orders = self.env["sale.order"].union(*texts)
        # sudo: the job writes the history of orders of all teams
        orders.sudo()._message_log_batch(bodies={order.id: " ".join(texts[order]) for order in orders})
        return orders


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_promised_at = fields.Datetime(
        string="Promised",
        compute="_compute_oms_promised_at",
        store=True,
        help="When all goods that this order waits for are expected.",
    )

    @api.depends("order_line.oms_promised_at")
    def _compute_oms_promised_at(self):
        for order in self:
            order.oms_promised_at = max(
                (line.oms_promised_at for line in order.order_line if line.oms_promised_at), default=False
            )

    def _action_confirm(self):
        """Override of ``sale``: what has to wait gets a date at once; the others cost nothing."""
        result = super()._action_confirm()
        waiting = self.filtered("oms_channel_id").order_line.move_ids.filtered(
            lambda move: move.state in WAITING_STATES and move.location_id.usage == "internal"
        )
        if waiting:
            self.env["sale.order.line"]._oms_give_promises(waiting.product_id, tell=False)
        return result

    def _action_cancel(self):
        """Override of ``sale``: that an order was called off is nobody's decision to sell beyond what is there."""
        self.sudo()._oms_end_beyond_policy()  # sudo: who may cancel an order may end what held it
        return super()._action_cancel()

    def _oms_release_clean(self):
        """Override: what may not be sold beyond what is there is held before it is confirmed."""
        for channel, orders in (
            self.filtered(lambda order: order.state in ("draft", "sent")).grouped("oms_channel_id").items()
        ):
            if not channel:
                continue
            if self.env["oms.backorder.policy"]._get_book(channel.company_id):
                orders._oms_hold_beyond_policy(channel)
            else:
                orders._oms_end_beyond_policy()
        return super()._oms_release_clean()

    def _oms_hold_beyond_policy(self, channel):
        """Hold those of these orders that want more than there is and than may be backordered, one after the other."""
        availability = self.env["oms.availability"].with_company(channel.company_id)  # a kit is one in its company only
        wanted = {
            order: {
                line: _decimal(
                    line.product_uom_id._compute_quantity(
                        line.product_uom_qty, line.product_id.uom_id, rounding_method="HALF-UP"
                    )
                )
                for line in order.order_line
                if line.product_id and line.product_uom_qty > 0
            }
            for order in self
        }
        products = self.order_line.product_id
        counted, _components = availability._get_counted(products)
        if not counted:
            self._oms_end_beyond_policy()
            return
        snapshot = availability._snapshot(counted, channel._get_warehouses(), but_orders=self)
        room = availability._get_backorder_room(channel, counted, but_orders=self)
        left = {
            product: None if room[product] is None else snapshot.total(product) + room[product]
            for product in counted.ids
        }
        for order in self:
            asked = defaultdict(Decimal)
            for line, quantity in wanted[order].items():
                asked[line.product_id] += quantity
            short = [
                product
                for product, quantity in asked.items()
                if left.get(product.id) is not None and left[product.id] < quantity
            ]
            # Who released it said that this much may be sold; that less is left by now does not unsay it.
            accepted = defaultdict(float)
            for hold in order.oms_hold_ids.filtered(lambda hold: not hold.is_open and hold.is_beyond_policy):
                accepted[hold.subject] = max(accepted[hold.subject], hold.wanted_quantity)
            new = {
                f"product:{product.id}": (product, float(asked[product]))
                for product in short
                if asked[product] > accepted[f"product:{product.id}"]
            }
            order._oms_end_beyond_policy(but=new)
            for subject, (product, wanted) in new.items():
                reason = self.env._(
                    "%(product)s may not be sold beyond what is there: %(wanted)g wanted, %(left)g left. Change the "
                    "quantity, or release to sell it all the same.",
                    product=product.display_name,
                    wanted=wanted,
                    left=left[product.id],
                )
                hold = order._oms_hold("stock", reason, subject=subject)
                # sudo: whoever finds a reason may stop an order
                hold.sudo().write({"is_beyond_policy": True, "wanted_quantity": wanted})
            if new:
                continue
            for product, quantity in asked.items():
                if left.get(product.id) is not None:
                    left[product.id] = max(Decimal(0), left[product.id] - quantity)

    def _oms_end_beyond_policy(self, but=()):
        """Release what the policy has to say against these orders no more. That is nobody's decision to sell all the same."""
        over = self.oms_hold_ids.filtered(
            lambda hold: hold.is_open and hold.is_beyond_policy and hold.subject not in but
        )
        if over:
            over.sudo().is_beyond_policy = False  # sudo: as when it was found
            over.sudo()._release()

    @api.model
    def _cron_oms_promise(self):
        """Promise anew everything that waits, some products and a commit at a time."""
        cron = self.env["ir.cron"]
        lines = self.env["sale.order.line"]
        products = lines._oms_waiting_moves().filtered("sale_line_id").product_id
        cron._commit_progress(remaining=len(products))
        for start in range(0, len(products), PROMISE_BATCH_MAX):
            batch = products[start : start + PROMISE_BATCH_MAX]
            self._oms_promise_batch(batch)
            if not cron._commit_progress(len(batch)):
                break

    @api.model
    def _oms_promise_batch(self, products):
        """Promise these products anew; where that fails, each on its own, so that one spoils no other."""

        def tell(error):
            if len(products) > 1:
                for product in products:
                    self._oms_promise_batch(product)
                return
            text = self.env._("What waits for it keeps the date that was promised before: %s", error)
            leave_task(products, self.env._("Dates could not be promised anew"), text, products.responsible_id)

        with on_its_own(products, tell):
            self.env["sale.order.line"]._oms_give_promises(products)


class OmsHold(models.Model):
    _inherit = "oms.hold"

    is_beyond_policy = fields.Boolean(
        readonly=True,
        help="More is wanted than may be sold beyond what is there. Goes by itself when it is not so any more.",
    )
    wanted_quantity = fields.Float(
        readonly=True, help="How much is wanted of what may not be sold beyond what is there."
    )


class StockMove(models.Model):
    _inherit = "stock.move"

    def write(self, vals):
        """Override of ``stock``: when a receipt comes, or is to come on another day, what waits for it is promised anew."""
        result = super().write(vals)
        if not vals.keys().isdisjoint(("date", "date_deadline", "product_uom_qty", "state")):
            self._oms_wake_promises()
        return result

    def _oms_wake_promises(self):
        """Have the job run soon if anybody waits for what these moves bring into a stock."""
        incoming = self.filtered(
            lambda move: move.location_dest_id.usage == "internal" and move.location_id.usage != "internal"
        )
        if not incoming:
            return
        # sudo: whoever changes a receipt need not know who waits for it
        waits = incoming.sudo().search_count(
            [
                ("product_id", "in", incoming.product_id.ids),
                ("state", "in", WAITING_STATES),
                ("sale_line_id", "!=", False),
            ],
            limit=1,
        )
        if waits:
            # sudo: the job is the system's
            self.env.ref("oms_core.cron_promise").sudo()._trigger()


def _later(one, other):
    """Of two promises for parts of a line the one that counts: unknown before a date, the later date before the shelf."""
    if one is None:
        return other
    parts = [part for part in (one, other) if not part.from_shelf]
    if not parts:
        return other
    if any(part.at is None for part in parts):
        return next(part for part in parts if part.at is None)
    return max(parts, key=lambda part: part.at)
