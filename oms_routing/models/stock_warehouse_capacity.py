"""How much work a place can take: orders of a day, orders that it has not shipped, minutes of picking."""

from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL, format_list

from ..domain.model import Capacity

LIMITS = ("oms_orders_max", "oms_open_orders_max", "oms_minutes_max")


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_orders_max = fields.Integer(
        string="Orders a Day",
        help="Orders that may be allocated to this place on one day, in its time zone. 0: no limit.",
    )
    oms_open_orders_max = fields.Integer(
        string="Open Orders", help="Orders that may wait here to be shipped, whenever they came. 0: no limit."
    )
    oms_minutes_max = fields.Integer(
        string="Minutes of Picking a Day",
        help="Minutes of picking that may be allocated to this place on one day. 0: no limit.",
    )
    oms_minutes_per_order = fields.Float(
        string="Minutes for an Order", default=2.0, help="Papers, packing, handing over."
    )
    oms_minutes_per_unit = fields.Float(
        string="Minutes for a Unit", default=1.0, help="To the shelf and back, for one unit."
    )
    oms_load = fields.Char(string="Used", compute="_compute_oms_load", compute_sudo=True)

    _oms_limits_check = models.Constraint(
        "CHECK(COALESCE(oms_orders_max, 0) >= 0 AND COALESCE(oms_open_orders_max, 0) >= 0"
        " AND COALESCE(oms_minutes_max, 0) >= 0"
        " AND COALESCE(oms_minutes_per_order, 0) >= 0 AND COALESCE(oms_minutes_per_unit, 0) >= 0)",
        "Limits and minutes of a place cannot be negative.",
    )

    @api.depends(*LIMITS)
    def _compute_oms_load(self):
        used = self._oms_get_used()
        for place in self:
            orders, open_orders, minutes = used.get(place.id, (0, 0, 0.0))
            words = []
            if place.oms_orders_max:
                words.append(self.env._("%(used)s of %(max)s orders today", used=orders, max=place.oms_orders_max))
            if place.oms_open_orders_max:
                words.append(self.env._("%(used)s of %(max)s open", used=open_orders, max=place.oms_open_orders_max))
            if place.oms_minutes_max:
                words.append(
                    self.env._("%(used)s of %(max)s minutes today", used=f"{minutes:g}", max=place.oms_minutes_max)
                )
            place.oms_load = format_list(self.env, words, "unit") if words else self.env._("No limit")

    def write(self, vals):
        """Override of ``stock``: what is open at a place that had no limit counts when it gets one."""
        unlimited = self.filtered(lambda place: not place._oms_is_limited())
        result = super().write(vals)
        if not vals.keys().isdisjoint(LIMITS):
            unlimited.filtered(lambda place: place._oms_is_limited())._oms_start_counting()
        return result

    def action_oms_view_capacity(self):
        """What took this place's capacity, day by day."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_routing.oms_capacity_use_action")
        action["domain"] = [("warehouse_id", "=", self.id)]
        action["context"] = {"search_default_group_day": 1}
        return action

    # ------------------------------------------------------------------------------------------------------ BUSINESS

    def _oms_is_limited(self):
        self.ensure_one()
        return any(self[name] for name in LIMITS)

    def _oms_pick_minutes(self, units):
        """How long an order of so many units takes to pick here."""
        self.ensure_one()
        return self.oms_minutes_per_order + units * self.oms_minutes_per_unit

    def _oms_get_capacity(self, orders=None):
        """{id of a place with a limit: what it can still take, as ``domain.model.Capacity``}, in one query.

        :param orders: who asks. One order that a place has already needs no second room there.
        """
        used = self._oms_get_used()
        standing = frozenset()
        if used and orders and len(orders) == 1:
            # sudo: who confirms need not see what was taken
            uses_sudo = self.env["oms.capacity.use"].sudo()
            standing = frozenset(
                uses_sudo.search([("order_id", "=", orders.id), ("state", "=", "taken")]).warehouse_id.ids
            )
        result = {}
        for place_id, (used_orders, used_open, used_minutes) in used.items():
            place = self.browse(place_id)
            has_it = place_id in standing
            per_order = Decimal(repr(place.oms_minutes_per_order))
            result[place_id] = Capacity(
                orders_left=_left(place.oms_orders_max, used_orders - has_it),
                open_left=_left(place.oms_open_orders_max, used_open - has_it),
                minutes_left=_left(
                    Decimal(place.oms_minutes_max), Decimal(repr(used_minutes)) - (per_order if has_it else 0)
                ),
                minutes_order=per_order,
                minutes_unit=Decimal(repr(place.oms_minutes_per_unit)),
            )
        return result

    def _oms_get_used(self):
        """{id of a place with a limit: (orders of today, open orders, minutes of today)}, in one query."""
        limited = self.filtered(lambda place: place._oms_is_limited())
        if not limited:
            return {}
        uses = self.env["oms.capacity.use"]
        uses.flush_model(["warehouse_id", "day", "state", "minutes"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT place.id, COUNT(use.id) FILTER (WHERE use.day = place.today),
                       COUNT(use.id) FILTER (WHERE use.state = 'taken'),
                       COALESCE(SUM(use.minutes) FILTER (WHERE use.day = place.today), 0)
                  FROM unnest(%s::int[], %s::date[]) AS place(id, today)
                  LEFT JOIN oms_capacity_use use
                         ON use.warehouse_id = place.id AND use.state != 'given_back'
                        AND (use.day = place.today OR use.state = 'taken')
                 GROUP BY place.id
                """,
                limited.ids,
                [place._oms_get_today() for place in limited],
            )
        )
        return {place: (orders, open_orders, minutes) for place, orders, open_orders, minutes in rows}

    def _oms_take_turn(self):
        """Take the turn to allocate to these places until the end of the transaction, in the order of their ids.

        :raise psycopg2.errors.SerializationFailure: when another one had it since this transaction began. Inbox, jobs and
            requests try again.
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO oms_capacity_turn (warehouse_id, turns) SELECT id, 1 FROM unnest(%s) AS place(id)
                ON CONFLICT (warehouse_id) DO UPDATE SET turns = oms_capacity_turn.turns + 1
                """,
                sorted(self.ids),
            )
        )

    def _oms_start_counting(self):
        """Count what these places have to ship, on the days when it was allocated to them; what is counted already, is left."""
        if not self:
            return
        # sudo: limits are set for all orders of a place, whoever may see them
        moves_sudo = self.env["stock.move"].sudo()
        uses_sudo = self.env["oms.capacity.use"].sudo()
        is_open = ("state", "not in", ("draft", "done", "cancel"))
        to_customers = moves_sudo.search(
            [
                is_open,
                ("warehouse_id", "in", self.ids),
                ("sale_line_id.order_id.oms_channel_id", "!=", False),
                ("origin_returned_move_id", "=", False),
            ]
        )
        to_others = moves_sudo.search(
            [
                is_open,
                ("picking_id.picking_type_id.warehouse_id", "in", self.ids),
                ("picking_id.oms_for_order_id", "!=", False),
                ("location_id.usage", "=", "internal"),
            ]
        )
        shares = [(move.warehouse_id, move.sale_line_id.order_id, move) for move in to_customers]
        shares += [
            (move.picking_id.picking_type_id.warehouse_id, move.picking_id.oms_for_order_id, move) for move in to_others
        ]
        units, since = defaultdict(float), {}
        for place, order, move in shares:
            units[place, order] += move.product_qty
            since[place, order] = min(since.get((place, order), move.create_date), move.create_date)
        # What was taken under an earlier limit stays taken while there is none.
        standing = uses_sudo.search([("warehouse_id", "in", self.ids), ("state", "=", "taken")])
        counted = {(use.warehouse_id, use.order_id) for use in standing}
        uses_sudo.create(
            [
                {
                    "warehouse_id": place.id,
                    "company_id": place.company_id.id,
                    "order_id": order.id,
                    "day": place._oms_get_today(since[place, order]),
                    "minutes": place._oms_pick_minutes(of_order),
                    "taken_at": since[place, order],
                }
                for (place, order), of_order in units.items()
                if (place, order) not in counted
            ]
        )


def _left(limit, used):
    """What is left of a limit; ``None`` without one."""
    return max(limit - used, type(limit)(0)) if limit else None
