from odoo import fields, models
from odoo.tools import SQL

from ..const import AT_RISK_HOURS, DELIVERY_METHODS, ERROR_HOLD_KINDS, SOURCE_TYPES
from .units import join_units

#: Measures of the order, which stand on each of its lines: their average counts each order once, however many lines it has.
OF_ORDER = (
    "click_to_ship_hours",
    "fill_hours",
    "capture_hours",
    "hold_hours",
    "release_hours",
    "pick_hours",
    "ship_hours",
    "deliver_hours",
    "is_touchless",
    "is_in_full",
    "is_on_time",
    "is_on_time_in_full",
    "is_perfect",
    "is_split",
    "is_cancelled",
    "is_returned",
    "is_defective",
    "parcels",
)

#: {measure: (part, whole)}. Their average over any rows is the sum of the parts by the sum of the wholes.
RATIOS = {
    "fill_rate": ("quantity_shipped_due", "quantity_due"),
    "cancel_rate": ("quantity_cancelled", "quantity_ordered"),
    "return_rate": ("quantity_returned", "quantity_shipped"),
    "defect_rate": ("quantity_defective", "quantity_shipped"),
    "margin_rate": ("margin", "amount_shipped"),
}

WEEKDAYS = [
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("7", "Sunday"),
]


class OmsOrderReport(models.Model):
    """The life of the orders: a row for each line, read from the native documents at the moment of looking.

    Amounts are in the currency of the company, shares in percent. A measure that does not apply yet (on time,
    of an order that is neither shipped nor late) is empty, and counts in no average.

    Spokes add columns with ``_select_fields``, and what these read from with ``_with_parts`` and ``_from_parts``.
    """

    _name = "oms.order.report"
    _description = "Order Report"
    _auto = False
    _rec_name = "order_id"
    _order = "ordered_at desc, id desc"
    _depends = {
        "sale.order": [
            "state",
            "date_order",
            "oms_ordered_at",
            "oms_ship_by",
            "oms_deliver_by",
            "oms_channel_id",
            "oms_source_type",
            "oms_delivery_method",
            "oms_booking_error",
            "currency_rate",
            "partner_id",
            "partner_shipping_id",
            "warehouse_id",
        ],
        "sale.order.line": ["product_id", "product_uom_id", "product_uom_qty", "price_subtotal", "qty_delivered"],
        "stock.move": ["state", "date", "quantity", "product_uom", "value", "sale_line_id", "picking_id"],
        "stock.move.line": ["result_package_id", "picking_id"],
        "stock.picking": [
            "carrier_price",
            "oms_shipping_cost",
            "oms_picked_at",
            "oms_delivered_at",
            "oms_collected_at",
        ],
        "stock.warehouse": ["oms_cost_per_order", "oms_cost_per_line", "oms_cost_per_parcel"],
        "oms.channel": ["market_id"],
        "oms.hold": ["kind", "released_at", "released_by_id", "order_id"],
    }

    # ---------------------------------------------------------------------------------------------------- DIMENSIONS

    order_id = fields.Many2one("sale.order", readonly=True, aggregator="count_distinct")
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    source_type = fields.Selection(SOURCE_TYPES, string="Kind of Channel", readonly=True)
    market_id = fields.Many2one("res.country.group", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="Place", readonly=True, help="Where the line ships from.")
    product_id = fields.Many2one("product.product", readonly=True)
    product_tmpl_id = fields.Many2one("product.template", string="Product Template", readonly=True)
    categ_id = fields.Many2one("product.category", string="Product Category", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    delivery_method = fields.Selection(DELIVERY_METHODS, readonly=True)
    state = fields.Selection(
        [("draft", "Quotation"), ("sent", "Quotation sent"), ("sale", "Sales order"), ("cancel", "Cancelled")],
        readonly=True,
    )
    is_goods = fields.Boolean(string="Goods", readonly=True)
    is_on_hold = fields.Boolean(string="On Hold", readonly=True)
    is_at_risk = fields.Boolean(
        string="At Risk",
        readonly=True,
        help="Not shipped, and held, or to leave or arrive within a day, or late already.",
    )
    ordered_at = fields.Datetime(string="Ordered", readonly=True)
    captured_at = fields.Datetime(string="Captured", readonly=True)
    released_at = fields.Datetime(
        string="Released", readonly=True, help="When the first place was asked for the goods."
    )
    picked_at = fields.Datetime(
        string="Picked", readonly=True, help="When the last of it was picked, where that is a step."
    )
    shipped_at = fields.Datetime(string="Shipped", readonly=True, help="When the last of the order left.")
    delivered_at = fields.Datetime(string="Delivered", readonly=True)
    weekday = fields.Selection(WEEKDAYS, readonly=True)
    hour = fields.Char(string="Hour of the Day", readonly=True)

    # ------------------------------------------------------------------------------------------ QUANTITIES AND MONEY

    line_count = fields.Integer(string="Lines", readonly=True)
    quantity_ordered = fields.Float(string="Ordered Quantity", readonly=True)
    quantity_shipped = fields.Float(string="Shipped Quantity", readonly=True)
    quantity_cancelled = fields.Float(string="Cancelled Quantity", readonly=True)
    quantity_returned = fields.Float(string="Returned Quantity", readonly=True)
    quantity_defective = fields.Float(
        string="Defective Quantity", readonly=True, help="Came back because something was wrong with it."
    )
    quantity_due = fields.Float(string="Due Quantity", readonly=True, help="Of orders that are shipped or late.")
    quantity_shipped_due = fields.Float(string="Shipped of What Is Due", readonly=True)
    amount = fields.Monetary(string="Sales", readonly=True, help="Without tax, of what was not cancelled.")
    amount_shipped = fields.Monetary(string="Shipped Sales", readonly=True)
    amount_open = fields.Monetary(string="Open Sales", readonly=True, help="Ordered, not cancelled, not shipped.")
    amount_at_risk = fields.Monetary(string="Sales at Risk", readonly=True)
    goods_cost = fields.Monetary(string="Cost of Goods", readonly=True)
    margin = fields.Monetary(
        readonly=True, help="Sales of what was shipped and did not come back, less the cost of those goods."
    )
    cost_pick = fields.Monetary(string="Cost to Pick", readonly=True)
    cost_pack = fields.Monetary(string="Cost to Pack", readonly=True)
    cost_ship = fields.Monetary(string="Cost to Ship", readonly=True)
    fulfilment_cost = fields.Monetary(
        readonly=True, help="To pick, pack and ship: the rates of the place, and the carrier."
    )
    contribution = fields.Monetary(readonly=True, help="Margin less what it cost to fulfil.")

    # --------------------------------------------------------------------------------------------- MEASURES OF ORDERS

    click_to_ship_hours = fields.Float(
        string="Click to Ship (Hours)",
        aggregator="avg",
        readonly=True,
        help="From the order until the first parcel left.",
    )
    fill_hours = fields.Float(
        string="Fill Time (Hours)", aggregator="avg", readonly=True, help="From the order until all of it had left."
    )
    capture_hours = fields.Float(string="To Capture (Hours)", aggregator="avg", readonly=True)
    hold_hours = fields.Float(
        string="On Hold (Hours)",
        aggregator="avg",
        readonly=True,
        help="From the first hold until the last was released.",
    )
    release_hours = fields.Float(string="To Release (Hours)", aggregator="avg", readonly=True)
    pick_hours = fields.Float(string="To Pick (Hours)", aggregator="avg", readonly=True)
    ship_hours = fields.Float(string="To Ship (Hours)", aggregator="avg", readonly=True)
    deliver_hours = fields.Float(string="To Deliver (Hours)", aggregator="avg", readonly=True)
    is_touchless = fields.Float(string="Touchless (%)", aggregator="avg", readonly=True)
    is_in_full = fields.Float(string="In Full (%)", aggregator="avg", readonly=True)
    is_on_time = fields.Float(string="On Time (%)", aggregator="avg", readonly=True)
    is_on_time_in_full = fields.Float(string="On Time in Full (%)", aggregator="avg", readonly=True)
    is_perfect = fields.Float(
        string="Perfect Orders (%)",
        aggregator="avg",
        readonly=True,
        help="In full, on time where a time was promised, nothing defective came back, and no error held or hid it.",
    )
    is_split = fields.Float(string="Split Orders (%)", aggregator="avg", readonly=True)
    is_cancelled = fields.Float(string="Cancelled Orders (%)", aggregator="avg", readonly=True)
    is_returned = fields.Float(string="Returned Orders (%)", aggregator="avg", readonly=True)
    is_defective = fields.Float(string="Orders with Defects (%)", aggregator="avg", readonly=True)
    parcels = fields.Float(string="Parcels per Order", aggregator="avg", readonly=True)
    order_share = fields.Float(readonly=True, help="What one line is of its order, so that averages count orders.")

    # ------------------------------------------------------------------------------------------------------- RATIOS

    fill_rate = fields.Float(string="Fill Rate (%)", aggregator="avg", readonly=True, help="Shipped, of what is due.")
    cancel_rate = fields.Float(
        string="Cancel Rate (%)", aggregator="avg", readonly=True, help="Cancelled, of what was ordered."
    )
    return_rate = fields.Float(
        string="Return Rate (%)", aggregator="avg", readonly=True, help="Returned, of what was shipped."
    )
    defect_rate = fields.Float(
        aggregator="avg", readonly=True, help="Quantity returned defective, of what was shipped."
    )
    margin_rate = fields.Float(
        string="Margin Rate (%)", aggregator="avg", readonly=True, help="Margin, of shipped sales."
    )

    # ------------------------------------------------------------------------------------------------------- QUERY

    @property
    def _table_query(self):
        parts = SQL(", ").join(
            SQL("%s AS (%s)", SQL.identifier(name), query) for name, query in self._with_parts().items()
        )
        columns = SQL(", ").join(
            SQL("%s AS %s", column, SQL.identifier(name)) for name, column in self._select_fields().items()
        )
        return SQL("WITH %s SELECT %s FROM %s", parts, columns, SQL(" ").join(self._from_parts()))

    def _with_parts(self):
        """{name: query}, each of which may read from those before it."""
        return {
            "oms_moves": self._query_moves(),
            "oms_pickings": self._query_pickings(),
            "oms_lines": self._query_lines(),
            "oms_holds": self._query_holds(),
            "oms_orders": self._query_orders(),
            "oms_rows": self._query_rows(),
        }

    def _query_moves(self):
        """The moves of order lines: what each did, in the unit of its product."""
        return SQL(
            """
            SELECT m.id,
                   m.sale_line_id AS line_id,
                   m.picking_id,
                   pt.warehouse_id,
                   m.state,
                   m.date,
                   m.create_date,
                   m.product_id,
                   m.value,
                   m.quantity * mu.factor / pu.factor AS quantity,
                   dest.usage = 'customer' AS is_out,
                   src.usage = 'customer' AS is_in
              FROM stock_move m
              JOIN stock_location src ON src.id = m.location_id
              JOIN stock_location dest ON dest.id = m.location_dest_id
              %s
              LEFT JOIN stock_picking_type pt ON pt.id = m.picking_type_id
             WHERE m.sale_line_id IS NOT NULL AND m.state != 'cancel'
            """,
            join_units("m", "product_uom", "mu"),
        )

    def _query_pickings(self):
        """What it cost to pack and ship each delivery that has left, for each of its moves."""
        return SQL(
            """
            SELECT pick.id,
                   pick.oms_picked_at AS picked_at,
                   COALESCE(pick.oms_delivered_at, pick.oms_collected_at) AS delivered_at,
                   COALESCE(w.oms_cost_per_line, 0) AS cost_pick,
                   (COALESCE(w.oms_cost_per_order, 0) + COALESCE(w.oms_cost_per_parcel, 0) * GREATEST(packed.parcels, 1))
                       / moved.moves AS cost_pack,
                   COALESCE(NULLIF(pick.oms_shipping_cost, 0), pick.carrier_price, 0) / moved.moves AS cost_ship
              FROM stock_picking pick
              JOIN (SELECT picking_id, COUNT(*) AS moves
                      FROM oms_moves WHERE is_out AND state = 'done' GROUP BY picking_id) moved ON moved.picking_id = pick.id
              LEFT JOIN (SELECT picking_id, COUNT(DISTINCT result_package_id) AS parcels
                           FROM stock_move_line GROUP BY picking_id) packed ON packed.picking_id = pick.id
              JOIN stock_picking_type pt ON pt.id = pick.picking_type_id
              LEFT JOIN stock_warehouse w ON w.id = pt.warehouse_id
            """
        )

    def _query_lines(self):
        """What happened to each line, from its moves."""
        return SQL(
            """
            SELECT m.line_id,
                   MIN(m.create_date) AS released_at,
                   COALESCE(MAX(m.date) FILTER (WHERE m.state = 'done' AND NOT m.is_out AND NOT m.is_in),
                            MAX(pick.picked_at)) AS picked_at,
                   MIN(m.date) FILTER (WHERE m.state = 'done' AND m.is_out) AS first_shipped_at,
                   MAX(m.date) FILTER (WHERE m.state = 'done' AND m.is_out) AS shipped_at,
                   MAX(pick.delivered_at) AS delivered_at,
                   MIN(m.warehouse_id) FILTER (WHERE NOT m.is_in) AS warehouse_id,
                   COALESCE(SUM(m.quantity) FILTER (WHERE m.state = 'done' AND m.is_out), 0) AS shipped,
                   COALESCE(SUM(m.quantity) FILTER (WHERE m.state = 'done' AND m.is_in), 0) AS returned,
                   COALESCE(SUM(m.value) FILTER (WHERE m.state = 'done' AND m.is_out), 0)
                       - COALESCE(SUM(m.value) FILTER (WHERE m.state = 'done' AND m.is_in), 0) AS goods_cost,
                   SUM(pick.cost_pick) FILTER (WHERE m.is_out) AS cost_pick,
                   SUM(pick.cost_pack) FILTER (WHERE m.is_out) AS cost_pack,
                   SUM(pick.cost_ship) FILTER (WHERE m.is_out) AS cost_ship,
                   BOOL_AND(m.product_id = l.product_id) AS is_plain
              FROM oms_moves m
              JOIN sale_order_line l ON l.id = m.line_id
              LEFT JOIN oms_pickings pick ON pick.id = m.picking_id AND m.state = 'done'
             GROUP BY m.line_id
            """
        )

    def _query_holds(self):
        """What held each order. A person released it when neither the system nor the user of the channel did."""
        return SQL(
            """
            SELECT h.order_id,
                   MIN(h.create_date) AS first_at,
                   MAX(h.released_at) AS last_at,
                   BOOL_OR(h.released_at IS NULL) AS is_open,
                   BOOL_OR(h.kind = ANY(%s)) AS is_error,
                   BOOL_OR(h.released_by_id IS NOT NULL AND h.released_by_id != %s
                           AND h.released_by_id IS DISTINCT FROM c.user_id) AS is_touched
              FROM oms_hold h
              LEFT JOIN oms_channel c ON c.id = h.channel_id
             GROUP BY h.order_id
            """,
            list(ERROR_HOLD_KINDS),
            self.env.ref("base.user_root").id,
        )

    def _query_orders(self):
        """What is true of an order as a whole."""
        return SQL(
            """
            SELECT l.order_id,
                   COUNT(*) AS line_count,
                   BOOL_AND(CASE WHEN x.is_plain THEN x.shipped ELSE l.qty_delivered * lu.factor / pu.factor END
                            >= l.product_uom_qty * lu.factor / pu.factor - 0.00001)
                       FILTER (WHERE t.type = 'consu' AND l.product_uom_qty > 0) AS is_full,
                   MIN(x.released_at) AS released_at,
                   MAX(x.picked_at) AS picked_at,
                   MIN(x.first_shipped_at) AS first_shipped_at,
                   MAX(x.shipped_at) AS shipped_at,
                   MAX(x.delivered_at) AS delivered_at,
                   BOOL_OR(x.returned > 0) AS is_returned,
                   MAX(sent.places) AS places,
                   MAX(sent.parcels) AS parcels
              FROM sale_order_line l
              %s
              LEFT JOIN oms_lines x ON x.line_id = l.id
              LEFT JOIN (SELECT ml.order_id,
                                COUNT(DISTINCT m.warehouse_id) FILTER (WHERE NOT m.is_in) AS places,
                                COUNT(DISTINCT m.picking_id) FILTER (WHERE m.is_out AND m.state = 'done') AS parcels
                           FROM oms_moves m
                           JOIN sale_order_line ml ON ml.id = m.line_id
                          GROUP BY ml.order_id) sent ON sent.order_id = l.order_id
             WHERE l.display_type IS NULL AND NOT COALESCE(l.is_downpayment, FALSE)
             GROUP BY l.order_id
            """,
            join_units("l"),
        )

    def _query_rows(self):
        """The lines with everything that the columns are made of."""
        return SQL(
            """
            SELECT l.id,
                   l.order_id,
                   l.product_id,
                   p.product_tmpl_id,
                   t.categ_id,
                   t.type = 'consu' AS is_goods,
                   s.company_id,
                   company.currency_id,
                   s.oms_channel_id AS channel_id,
                   s.oms_source_type AS source_type,
                   channel.market_id,
                   COALESCE(x.warehouse_id, l.warehouse_id, s.warehouse_id) AS warehouse_id,
                   s.partner_id,
                   ship.country_id,
                   s.user_id,
                   s.oms_delivery_method AS delivery_method,
                   s.state,
                   s.state = 'cancel' AS is_cancelled,
                   COALESCE(s.oms_ordered_at, s.date_order) AS ordered_at,
                   s.create_date AS captured_at,
                   s.oms_ship_by AS ship_by,
                   s.oms_deliver_by AS deliver_by,
                   s.oms_booking_error IS NOT NULL AS is_unbooked,
                   o.line_count,
                   o.released_at,
                   o.picked_at,
                   o.first_shipped_at,
                   CASE WHEN o.is_full THEN o.shipped_at END AS shipped_at,
                   CASE WHEN o.is_full THEN o.delivered_at END AS delivered_at,
                   COALESCE(o.is_full, FALSE) AS is_full,
                   o.is_full IS NOT NULL AS has_goods,
                   COALESCE(o.is_returned, FALSE) AS is_returned,
                   COALESCE(o.places, 0) AS places,
                   COALESCE(o.parcels, 0) AS parcels,
                   COALESCE(h.is_open, FALSE) AS is_on_hold,
                   COALESCE(h.is_error, FALSE) AS is_error,
                   COALESCE(h.is_touched, FALSE) AS is_touched,
                   h.first_at AS hold_first_at,
                   CASE WHEN h.is_open THEN NULL ELSE h.last_at END AS hold_last_at,
                   l.product_uom_qty * lu.factor / pu.factor AS ordered,
                   CASE WHEN x.is_plain THEN x.shipped ELSE l.qty_delivered * lu.factor / pu.factor END AS shipped,
                   COALESCE(x.returned, 0) AS returned,
                   x.is_plain,
                   l.price_subtotal / COALESCE(NULLIF(s.currency_rate, 0), 1) AS amount,
                   COALESCE(x.goods_cost, 0) AS goods_cost,
                   COALESCE(x.cost_pick, 0) AS cost_pick,
                   COALESCE(x.cost_pack, 0) AS cost_pack,
                   COALESCE(x.cost_ship, 0) AS cost_ship
              FROM sale_order_line l
              JOIN sale_order s ON s.id = l.order_id
              JOIN res_company company ON company.id = s.company_id
              JOIN oms_orders o ON o.order_id = s.id
              %s
              LEFT JOIN oms_channel channel ON channel.id = s.oms_channel_id
              LEFT JOIN res_partner ship ON ship.id = s.partner_shipping_id
              LEFT JOIN oms_lines x ON x.line_id = l.id
              LEFT JOIN oms_holds h ON h.order_id = s.id
             WHERE l.display_type IS NULL
               AND NOT COALESCE(l.is_downpayment, FALSE)
               AND (s.state = 'sale' OR s.oms_channel_id IS NOT NULL OR o.released_at IS NOT NULL)
            """,
            join_units("l"),
        )

    def _select_fields(self):
        """{field: SQL}. ``r`` is the row of ``_query_rows``."""
        now = SQL("(now() AT TIME ZONE 'UTC')")
        local = SQL("(r.ordered_at AT TIME ZONE 'UTC' AT TIME ZONE %s)", str(self.env.tz))
        # what is promised: to leave by, to arrive by; an order that has neither is late never
        due = SQL("LEAST(r.ship_by, r.deliver_by)")
        late = SQL(
            """(COALESCE(r.shipped_at, %(now)s) > r.ship_by
                OR COALESCE(r.delivered_at, CASE WHEN r.shipped_at IS NULL THEN %(now)s ELSE r.shipped_at END) > r.deliver_by)""",
            now=now,
        )
        is_late = SQL("(r.has_goods AND COALESCE(%s, FALSE))", late)
        # settled: nothing that comes can change whether it was in full and on time
        settled = SQL("(NOT r.is_cancelled AND r.has_goods AND (r.is_full OR %s))", is_late)
        is_open = SQL("(NOT r.is_cancelled AND r.is_goods AND r.shipped < r.ordered)")
        at_risk = SQL(
            "(%s AND (r.is_on_hold OR COALESCE(%s < %s + %s * interval '1 hour', FALSE)))",
            is_open,
            due,
            now,
            AT_RISK_HOURS,
        )
        shipped_share = SQL("CASE WHEN r.ordered = 0 THEN 0 ELSE LEAST(r.shipped / r.ordered, 1) * r.amount END")
        open_share = SQL(
            "CASE WHEN %s AND r.ordered > 0 THEN (1 - r.shipped / r.ordered) * r.amount ELSE 0 END", is_open
        )
        perfect = SQL(
            "r.is_full AND NOT %s AND NOT r.is_error AND NOT r.is_unbooked AND NOT %s", is_late, self._is_defective()
        )

        def number(condition, when=None):
            """100 or 0, so that an average is a percentage; empty where it does not apply."""
            return SQL("CASE WHEN %s THEN (%s)::int * 100.0 END", when or SQL("TRUE"), condition)

        def hours(start, end):
            return SQL("EXTRACT(EPOCH FROM %s - %s) / 3600.0", end, start)

        promised = SQL("(%s IS NOT NULL)", due)
        in_rows = {
            name: SQL("r.%s", SQL.identifier(name))
            for name in (
                "id", "order_id", "company_id", "currency_id", "channel_id", "source_type", "market_id", "warehouse_id",
                "product_id", "product_tmpl_id",
                "categ_id", "partner_id", "country_id", "user_id", "delivery_method", "state", "is_goods", "is_on_hold",
                "ordered_at", "captured_at", "released_at", "picked_at", "shipped_at", "delivered_at", "goods_cost",
                "cost_pick", "cost_pack", "cost_ship",
            )
        }  # fmt: skip
        # What came back is sold no more, as its cost is no cost any more. Of kits, what is shipped has it taken off already.
        kept = SQL("(CASE WHEN r.is_plain THEN GREATEST(r.shipped - r.returned, 0) ELSE r.shipped END)")
        kept_share = SQL("CASE WHEN r.ordered = 0 THEN 0 ELSE LEAST(%s / r.ordered, 1) * r.amount END", kept)
        margin = SQL("(%s - r.goods_cost)", kept_share)
        cost = SQL("(r.cost_pick + r.cost_pack + r.cost_ship)")
        return {
            **in_rows,
            "is_at_risk": at_risk,
            "weekday": SQL("EXTRACT(ISODOW FROM %s)::int::varchar", local),
            "hour": SQL("to_char(%s, 'HH24')", local),
            "line_count": SQL("1"),
            "quantity_ordered": SQL("r.ordered"),
            "quantity_shipped": SQL("r.shipped"),
            "quantity_cancelled": SQL("CASE WHEN r.is_cancelled THEN r.ordered - r.shipped ELSE 0 END"),
            "quantity_returned": SQL("r.returned"),
            "quantity_defective": self._quantity_defective(),
            "quantity_due": SQL("CASE WHEN r.is_goods AND %s THEN r.ordered ELSE 0 END", settled),
            "quantity_shipped_due": SQL(
                "CASE WHEN r.is_goods AND %s THEN LEAST(r.shipped, r.ordered) ELSE 0 END", settled
            ),
            "amount": SQL("CASE WHEN r.is_cancelled THEN %s ELSE r.amount END", shipped_share),
            "amount_shipped": shipped_share,
            "amount_open": open_share,
            "amount_at_risk": SQL("CASE WHEN %s THEN %s ELSE 0 END", at_risk, open_share),
            "margin": margin,
            "fulfilment_cost": cost,
            "contribution": SQL("%s - %s", margin, cost),
            "click_to_ship_hours": hours(SQL("r.ordered_at"), SQL("r.first_shipped_at")),
            "fill_hours": hours(SQL("r.ordered_at"), SQL("r.shipped_at")),
            "capture_hours": hours(SQL("r.ordered_at"), SQL("r.captured_at")),
            "hold_hours": hours(SQL("r.hold_first_at"), SQL("r.hold_last_at")),
            "release_hours": hours(SQL("GREATEST(r.captured_at, r.hold_last_at)"), SQL("r.released_at")),
            "pick_hours": hours(SQL("r.released_at"), SQL("r.picked_at")),
            "ship_hours": hours(SQL("COALESCE(r.picked_at, r.released_at)"), SQL("r.shipped_at")),
            "deliver_hours": hours(SQL("r.shipped_at"), SQL("r.delivered_at")),
            "is_touchless": number(SQL("NOT r.is_touched"), SQL("r.channel_id IS NOT NULL AND r.state = 'sale'")),
            "is_in_full": number(SQL("r.is_full"), settled),
            "is_on_time": number(SQL("NOT %s", is_late), SQL("%s AND %s", settled, promised)),
            "is_on_time_in_full": number(SQL("r.is_full AND NOT %s", is_late), SQL("%s AND %s", settled, promised)),
            "is_perfect": number(perfect, settled),
            "is_split": number(SQL("r.places > 1"), SQL("r.places > 0")),
            "is_cancelled": number(SQL("r.is_cancelled")),
            "is_returned": number(SQL("r.is_returned"), SQL("r.first_shipped_at IS NOT NULL")),
            "is_defective": number(self._is_defective(), SQL("r.first_shipped_at IS NOT NULL")),
            "parcels": SQL("CASE WHEN r.parcels > 0 THEN r.parcels::float END"),
            "order_share": SQL("1.0 / r.line_count"),
            "fill_rate": SQL(
                "CASE WHEN r.is_goods AND r.ordered > 0 AND %s THEN 100.0 * LEAST(r.shipped / r.ordered, 1) END",
                settled,
            ),
            "cancel_rate": SQL(
                "CASE WHEN r.ordered > 0 THEN CASE WHEN r.is_cancelled THEN 100.0 * (1 - r.shipped / r.ordered) ELSE 0 END END"
            ),
            "return_rate": SQL("CASE WHEN r.shipped > 0 THEN 100.0 * r.returned / r.shipped END"),
            "defect_rate": SQL("CASE WHEN r.shipped > 0 THEN 100.0 * %s / r.shipped END", self._quantity_defective()),
            "margin_rate": SQL("100.0 * %s / NULLIF(%s, 0)", margin, shipped_share),
        }

    def _from_parts(self):
        return [SQL("oms_rows r")]

    def _quantity_defective(self):
        """Hook: how much of a line came back because something was wrong with it. Without reasons, everything."""
        return SQL("r.returned")

    def _is_defective(self):
        """Hook: whether something of the order came back because something was wrong with it."""
        return SQL("r.is_returned")

    def _read_group_select(self, aggregate_spec, query):
        """Override: averages that are right whatever the rows are grouped by."""
        name, _separator, function = aggregate_spec.partition(":")
        if function == "avg" and name in RATIOS:
            part, whole = RATIOS[name]
            return SQL(
                "100.0 * SUM(%s) / NULLIF(SUM(%s), 0)",
                self._field_to_sql(self._table, part, query),
                self._field_to_sql(self._table, whole, query),
            )
        if function == "avg" and name in OF_ORDER:
            value = self._field_to_sql(self._table, name, query)
            share = self._field_to_sql(self._table, "order_share", query)
            return SQL(
                "SUM(%(value)s * %(share)s) / NULLIF(SUM(%(share)s) FILTER (WHERE %(value)s IS NOT NULL), 0)",
                value=value,
                share=share,
            )
        return super()._read_group_select(aggregate_spec, query)

    def action_open_order(self):
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "views": [[False, "form"]],
            "res_id": self.order_id.id,
        }
