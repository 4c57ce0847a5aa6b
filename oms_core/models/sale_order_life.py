"""Where an order stands: read from its documents for any number of orders at once, and never stored."""

from dataclasses import fields as dataclass_fields

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..domain.order_status import RULES, Facts, decide

#: In the order of an order's life; lists and groups follow it.
ORDER_STATUSES = [
    ("received", "Received"),
    ("held", "On hold"),
    ("waiting", "Waiting for stock"),
    ("sourced", "Ready to pick"),
    ("picking", "Being picked"),
    ("partial", "Partly shipped"),
    ("ready", "Ready for pickup"),
    ("shipped", "Shipped"),
    ("delivered", "Delivered"),
    ("collected", "Picked up"),
    ("returned_part", "Returned in part"),
    ("returned", "Returned"),
    ("done", "Nothing to ship"),
    ("cancelled", "Cancelled"),
]

#: {model: fields that the facts are read from}: what has to be in the database before they are.
READ_FROM = {
    "sale.order": ["state"],
    "sale.order.line": ["order_id", "product_id", "product_uom_qty", "product_uom_id", "qty_delivered", "state"],
    "stock.move": [
        *("sale_line_id", "state", "quantity", "product_uom", "to_refund", "picked", "picking_id", "product_id"),
        *("location_id", "location_dest_id"),
    ],
    "stock.picking": [
        *(
            "printed",
            "oms_picked_at",
            "sale_id",
            "oms_ready_at",
            "oms_collected_at",
            "oms_delivered_at",
            "oms_tracking_state",
        ),
    ],
    "oms.hold": ["order_id", "released_at"],
}


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_status = fields.Selection(
        ORDER_STATUSES,
        string="Order Status",
        compute="_compute_oms_status",
        search="_search_oms_status",
        compute_sudo=True,
        help="Where the order stands, derived from its holds, deliveries and parcels.",
    )

    @api.depends(
        "state",
        "oms_hold_ids.released_at",
        "order_line.product_uom_qty",
        "order_line.qty_delivered",
        "order_line.move_ids.state",
        "order_line.move_ids.picked",
        "picking_ids.state",
        "picking_ids.printed",
        "picking_ids.oms_picked_at",
        "picking_ids.oms_ready_at",
        "picking_ids.oms_collected_at",
        "picking_ids.oms_delivered_at",
    )
    def _compute_oms_status(self):
        facts = self._oms_load_facts()
        for order in self:
            order.oms_status = decide(facts.get(order._origin.id) or Facts())

    def _search_oms_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        statuses = tuple(status for status in value if status)
        if not statuses:
            return Domain.FALSE
        open_only = set(statuses) <= {"waiting", "sourced", "picking", "partial", "received"}

        def to_sql(model, alias, query):
            condition = SQL("%s IN %s", model._oms_status_sql(alias), statuses)
            if open_only:  # looked up first, so that nobody asks how years of finished orders stand
                return SQL("(%s IN (%s) AND %s)", SQL.identifier(alias, "id"), model._oms_open_sql(), condition)
            return condition

        return Domain.custom(
            to_sql=to_sql,
            predicate=lambda order: order.oms_status in statuses,
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """Override so that lists can group and sort by what is derived."""
        if field_expr == "oms_status":
            return self._oms_status_sql(alias)
        return super()._field_to_sql(alias, field_expr, query)

    # ------------------------------------------------------------------------------------------------------- FACTS

    def _oms_load_facts(self):
        """{order id: ``Facts``}, in one query for any number of orders."""
        ids = self._origin.ids
        if not ids:
            return {}
        facts = self._oms_facts_sql("o")
        names = [field.name for field in dataclass_fields(Facts)]
        rows = self.env.execute_query(
            SQL("SELECT o.id, %s FROM sale_order o WHERE o.id IN %s", SQL(", ").join(map(facts.get, names)), tuple(ids))
        )
        return {order_id: Facts(**dict(zip(names, values, strict=True))) for order_id, *values in rows}

    def _oms_status_sql(self, alias):
        """The status as an expression over a row of ``sale_order``; facts are looked up only as far as a row needs them."""
        facts = self._oms_facts_sql(alias)
        return SQL("(CASE %s END)", SQL(" ").join(self._oms_rule_sql(facts, *rule) for rule in RULES))

    @api.model
    def _oms_rule_sql(self, facts, status, wanted):
        conditions = [facts[name] if value else SQL("NOT %s", facts[name]) for name, value in wanted.items()]
        if not conditions:
            return SQL("ELSE %s", status)
        return SQL("WHEN %s THEN %s", SQL(" AND ").join(conditions), status)

    @api.model
    def _oms_open_sql(self):
        """The ids of all orders of which something has still to leave, or whose parcels are still tracked: few of many."""
        return SQL(
            """SELECT oo.id FROM sale_order oo WHERE oo.state IN ('draft', 'sent')
               UNION
               SELECT ol.order_id FROM sale_order_line ol
                 JOIN product_product op ON op.id = ol.product_id
                 JOIN product_template ot ON ot.id = op.product_tmpl_id AND ot.type = 'consu'
                WHERE ol.state = 'sale' AND ol.qty_delivered < ol.product_uom_qty
               UNION
               SELECT ok.sale_id FROM stock_picking ok
                WHERE ok.oms_tracking_state IS NOT NULL AND ok.oms_delivered_at IS NULL AND ok.sale_id IS NOT NULL"""
        )

    def _oms_nothing_comes_sql(self, alias):
        """Whether a part of a confirmed order is neither sent nor on any transfer."""
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return SQL(
            """EXISTS (SELECT 1 FROM sale_order_line l
                         JOIN product_product pp ON pp.id = l.product_id
                         JOIN product_template pt ON pt.id = pp.product_tmpl_id AND pt.type = 'consu'
                        WHERE l.order_id = %s AND l.qty_delivered < l.product_uom_qty - %s
                          AND NOT EXISTS (SELECT 1 FROM stock_move m
                                           WHERE m.sale_line_id = l.id AND (m.state NOT IN ('done', 'cancel')
                                                                            OR m.origin_returned_move_id IS NOT NULL)))""",
            SQL.identifier(alias, "id"),
            0.5 * 10**-digits,
        )

    def _oms_facts_sql(self, alias):
        """{name of a fact: SQL over a row of ``sale_order`` with this alias}; see ``domain/order_status.py: Facts``."""
        for model, names in READ_FROM.items():
            self.env[model].flush_model(names)
        order = SQL.identifier(alias, "id")
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        least = 0.5 * 10**-digits
        goods = SQL(
            """SELECT 1 FROM sale_order_line l
                 JOIN product_product pp ON pp.id = l.product_id
                 JOIN product_template pt ON pt.id = pp.product_tmpl_id AND pt.type = 'consu'
                WHERE l.order_id = %s AND l.product_uom_qty > 0""",
            order,
        )
        moves = SQL(
            """SELECT 1 FROM sale_order_line ml
                 JOIN stock_move m ON m.sale_line_id = ml.id
                 JOIN stock_location src ON src.id = m.location_id
                 JOIN stock_location dst ON dst.id = m.location_dest_id
            LEFT JOIN stock_picking p ON p.id = m.picking_id
                WHERE ml.order_id = %s""",
            order,
        )
        back = SQL(
            """COALESCE((
                SELECT SUM(m.quantity * mu.factor / lu.factor)
                  FROM stock_move m
                  JOIN stock_location src ON src.id = m.location_id AND src.usage = 'customer'
                  JOIN uom_uom mu ON mu.id = m.product_uom
                  JOIN uom_uom lu ON lu.id = l.product_uom_id
                 WHERE m.sale_line_id = l.id AND m.product_id = l.product_id AND m.state = 'done' AND m.to_refund
            ), 0)"""
        )
        short = SQL("l.qty_delivered + %s < l.product_uom_qty - %s", back, least)
        came_back = SQL("EXISTS (%s AND m.state = 'done' AND m.to_refund AND src.usage = 'customer')", moves)
        sent = SQL("%s AND m.state = 'done' AND dst.usage = 'customer' AND src.usage != 'customer'", moves)
        to_come = SQL("%s AND m.state NOT IN ('done', 'cancel') AND src.usage != 'customer'", moves)
        in_batch = SQL("OR p.batch_id IS NOT NULL") if "batch_id" in self.env["stock.picking"]._fields else SQL()
        return {
            "cancelled": SQL("(%s = 'cancel')", SQL.identifier(alias, "state")),
            "held": SQL("EXISTS (SELECT 1 FROM oms_hold h WHERE h.order_id = %s AND h.released_at IS NULL)", order),
            "confirmed": SQL("(%s = 'sale')", SQL.identifier(alias, "state")),
            "goods": SQL("EXISTS (%s)", goods),
            "parcels": SQL("EXISTS (%s)", sent),
            "came_back": came_back,
            "all_back": SQL("(NOT EXISTS (%s AND l.qty_delivered > %s))", goods, least),
            "any_left": SQL("(EXISTS (%s AND l.qty_delivered > %s) OR %s)", goods, least, came_back),
            "all_left": SQL("(NOT EXISTS (%s AND %s))", goods, short),
            "to_deliver": SQL("EXISTS (%s AND p.oms_delivered_at IS NULL AND p.oms_collected_at IS NULL)", sent),
            "to_collect": SQL("EXISTS (%s AND p.oms_collected_at IS NULL)", sent),
            "waits_for_customer": SQL(
                """EXISTS (%s AND m.state != 'cancel' AND dst.usage = 'customer'
                       AND p.oms_ready_at IS NOT NULL AND p.oms_collected_at IS NULL AND p.oms_delivered_at IS NULL)""",
                moves,
            ),
            "unready": SQL("EXISTS (%s AND p.oms_ready_at IS NULL)", to_come),
            "started": SQL(
                """(EXISTS (%s AND (m.picked OR p.printed OR p.oms_picked_at IS NOT NULL %s))
                    OR EXISTS (%s AND m.state = 'done' AND src.usage = 'internal' AND dst.usage = 'internal'))""",
                to_come,
                in_batch,
                moves,
            ),
            "reserved": SQL(
                """(NOT EXISTS (%s AND %s AND (
                        NOT EXISTS (SELECT 1 FROM stock_move m WHERE m.sale_line_id = l.id AND m.state = 'assigned')
                        OR EXISTS (SELECT 1 FROM stock_move m WHERE m.sale_line_id = l.id
                                      AND m.state IN ('draft', 'confirmed', 'partially_available')))))""",
                goods,
                short,
            ),
        }
