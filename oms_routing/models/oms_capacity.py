"""How much of a place is taken: consumed when an order is allocated to it, given back when it does not ship it after all.

Kept for places with a limit only, so that the others cost nothing. Transactions do not see what others commit meanwhile:
who takes of a place with a limit first counts up its turn, and of two that looked at the same last order the second is told
by the database to begin anew (as for the last unit, see ``oms.stock.claim``).
"""

from collections import defaultdict

from odoo import api, fields, models

from ..domain.model import TAKING


class OmsCapacityUse(models.Model):
    """One order that a place was to ship: from its allocation until it left, or until it was given back."""

    _name = "oms.capacity.use"
    _description = "Used Capacity"
    _order = "id desc"
    _rec_name = "order_id"
    _log_access = False

    warehouse_id = fields.Many2one("stock.warehouse", string="Place", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="cascade", readonly=True)
    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade", readonly=True)
    day = fields.Date(required=True, readonly=True, help="In the time zone of the place.")
    orders = fields.Integer(default=1, readonly=True, aggregator="sum")
    minutes = fields.Float(readonly=True, aggregator="sum", help="Of picking, by the times set at the place.")
    state = fields.Selection(
        [("taken", "To ship"), ("shipped", "Shipped"), ("given_back", "Given back")],
        required=True,
        default="taken",
        readonly=True,
    )
    taken_at = fields.Datetime(string="Allocated On", readonly=True, default=fields.Datetime.now)
    ended_at = fields.Datetime(string="Until", readonly=True)

    _standing_uniq = models.UniqueIndex("(order_id, warehouse_id) WHERE state = 'taken'")
    _day_idx = models.Index("(warehouse_id, day) WHERE state != 'given_back'")
    _open_idx = models.Index("(warehouse_id) WHERE state = 'taken'")

    # ------------------------------------------------------------------------------------------------------ BUSINESS

    @api.model
    def _take(self, parts):
        """Take of the places with a limit what was allocated to them. Called as superuser.

        :param dict parts: {(warehouse, order): units}
        """
        parts = {key: units for key, units in parts.items() if key[0]._oms_is_limited()}
        if not parts:
            return
        places = self.env["stock.warehouse"].union(*(place for place, _order in parts))
        orders = self.env["sale.order"].union(*(order for _place, order in parts))
        places._oms_take_turn()
        standing = {
            (use.warehouse_id, use.order_id): use
            for use in self.search(
                [("order_id", "in", orders.ids), ("warehouse_id", "in", places.ids), ("state", "=", "taken")]
            )
        }
        today = {place: place._oms_get_today() for place in places}
        rows = []
        for (place, order), units in parts.items():
            if use := standing.get((place, order)):
                # What was there of it before, and what comes now, are picked together.
                use.minutes += place._oms_pick_minutes(units) - place.oms_minutes_per_order
                continue
            rows.append(
                {
                    "warehouse_id": place.id,
                    "company_id": place.company_id.id,
                    "order_id": order.id,
                    "day": today[place],
                    "minutes": place._oms_pick_minutes(units),
                }
            )
        self.create(rows)

    @api.model
    def _settle(self, orders):
        """End what these orders took of places that have nothing more to ship of them; take less where there is less to pick.
        Called as superuser."""
        standing = self.search([("order_id", "in", orders.ids), ("state", "=", "taken")])
        if not standing:
            return
        left, shipped = defaultdict(float), set()
        for line, place, state, units in self.env["stock.move"]._read_group(
            [
                ("sale_line_id.order_id", "in", standing.order_id.ids),
                ("warehouse_id", "in", standing.warehouse_id.ids),
                ("state", "!=", "cancel"),
                ("origin_returned_move_id", "=", False),
            ],
            ["sale_line_id", "warehouse_id", "state"],
            ["product_qty:sum"],
        ):
            key = place, line.order_id
            if state == "done":
                shipped.add(key)
            else:
                left[key] += units
        for picking, state, units in self.env["stock.move"]._read_group(
            [
                ("picking_id.oms_for_order_id", "in", standing.order_id.ids),
                ("location_id.usage", "=", "internal"),  # what it sends to another place first
                ("state", "!=", "cancel"),
            ],
            ["picking_id", "state"],
            ["product_qty:sum"],
        ):
            key = picking.picking_type_id.warehouse_id, picking.oms_for_order_id
            if state == "done":
                shipped.add(key)
            else:
                left[key] += units
        now = fields.Datetime.now()
        for use in standing:
            key = use.warehouse_id, use.order_id
            if key in left:
                minutes = use.warehouse_id._oms_pick_minutes(left[key])
                if key not in shipped and minutes < use.minutes:
                    use.minutes = minutes
            else:
                use.write({"state": "shipped" if key in shipped else "given_back", "ended_at": now})


class OmsCapacityTurn(models.Model):
    """The turn to take of a place with a limit; see the head of this file."""

    _name = "oms.capacity.turn"
    _description = "Turn to Allocate"
    _log_access = False
    _rec_name = "warehouse_id"

    warehouse_id = fields.Many2one("stock.warehouse", required=True, ondelete="cascade", readonly=True)
    turns = fields.Integer(readonly=True)

    _warehouse_uniq = models.UniqueIndex("(warehouse_id)")


class OmsSourcingDecision(models.Model):
    _inherit = "oms.sourcing.decision"

    @api.model
    def _record(self, planned, trigger, **details):
        """Override: what is decided takes of the places that are to ship it. What waits for goods takes nothing yet."""
        decisions = super()._record(planned, trigger, **details)
        parts = defaultdict(float)
        for line in decisions.line_ids:
            if line.mode in TAKING:
                parts[line.warehouse_id, line.decision_id.order_id] += line.quantity
        # sudo: capacity is counted by the system alone, in the name of whoever confirms
        self.env["oms.capacity.use"].sudo()._take(parts)
        return decisions


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_cancel(self):
        """Override of ``stock``: what a place does not ship, it has room for again."""
        orders = self.sale_line_id.order_id.filtered("oms_channel_id") | self.picking_id.oms_for_order_id
        result = super()._action_cancel()
        if orders:
            self.env["oms.capacity.use"].sudo()._settle(orders)  # sudo: as above
        return result

    def _action_done(self, cancel_backorder=False):
        """Override of ``stock``: what has left a place is not open there."""
        orders = self.sale_line_id.order_id.filtered("oms_channel_id") | self.picking_id.oms_for_order_id
        result = super()._action_done(cancel_backorder=cancel_backorder)
        if orders:
            self.env["oms.capacity.use"].sudo()._settle(orders)  # sudo: as above
        return result
