from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.oms_core.report.units import join_units

from ..models.oms_return import OUTCOMES
from ..models.oms_return_reason import REASON_KINDS, TEAMS

#: {measure: (part, whole, factor)}. Their average over any rows is the sum of the parts by the sum of the wholes.
RATIOS = {
    "return_rate": ("quantity_returned", "quantity_shipped", 100.0),
    "recovery_rate": ("recovered", "goods_value", 100.0),
    "shrinkage_rate": ("loss", "goods_value", 100.0),
    "cost_per_return": ("return_cost", "line_count", 1.0),
}


class OmsReturnReport(models.Model):
    """What was shipped and what came back of it: a row for each order line that was shipped, and for each return line.

    Rows of shipped lines carry what rates are taken of, rows of returns all else; both have the same product, supplier,
    salesperson, channel and place, so that a rate is right however the rows are grouped by these. Read from the native
    documents at the moment of looking. Amounts are in the currency of the company and without tax, shares in percent.
    """

    _name = "oms.return.report"
    _description = "Return Report"
    _auto = False
    _rec_name = "product_id"
    _order = "requested_at desc nulls last, id desc"
    _depends = {
        "oms.return": ["state", "requested_at", "warehouse_id", "way", "kind"],
        "oms.return.line": [
            "return_id", "sale_line_id", "product_id", "quantity", "quantity_announced", "expects_goods", "reason_id",
            "outcome", "comment",
        ],
        "oms.return.reason": ["kind", "team"],
        "oms.return.settlement": ["line_id"],
        "oms.return.inspection": [
            "line_id", "state", "quantity", "grade_id", "disposition_id", "write_down", "vendor_refund_id",
        ],
        "oms.disposition": ["kind"],
        "oms.shipment.label": ["picking_id", "cost", "purpose", "state"],
        "account.move.line": ["oms_return_line_id", "balance", "parent_state", "display_type"],
        "sale.order": ["user_id", "oms_channel_id", "partner_id", "currency_rate"],
        "sale.order.line": ["product_id", "product_uom_id", "product_uom_qty", "price_subtotal"],
        "stock.move": ["state", "date", "quantity", "value", "sale_line_id", "picking_id", "oms_return_line_id"],
        "stock.picking": ["carrier_id"],
        "res.company": ["oms_return_receiving_cost", "oms_return_inspecting_cost"],
    }  # fmt: skip

    # ---------------------------------------------------------------------------------------------------- DIMENSIONS

    is_return = fields.Boolean(string="Came Back", readonly=True)
    return_id = fields.Many2one("oms.return", readonly=True, aggregator="count_distinct")
    order_id = fields.Many2one("sale.order", readonly=True, aggregator="count_distinct")
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    product_tmpl_id = fields.Many2one("product.template", string="Product Template", readonly=True)
    categ_id = fields.Many2one("product.category", string="Product Category", readonly=True)
    supplier_id = fields.Many2one("res.partner", readonly=True, help="The first vendor of the product.")
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="Sold From", readonly=True)
    back_warehouse_id = fields.Many2one("stock.warehouse", string="Came Back to", readonly=True)
    carrier_id = fields.Many2one("delivery.carrier", readonly=True, help="That brought it there.")
    reason_id = fields.Many2one("oms.return.reason", readonly=True)
    kind = fields.Selection(REASON_KINDS, string="Group of Reasons", readonly=True)
    team = fields.Selection(TEAMS, string="Responsible", readonly=True)
    outcome = fields.Selection(OUTCOMES, readonly=True)
    grade_id = fields.Many2one("oms.return.grade", readonly=True, help="Of most of the pieces.")
    disposition_id = fields.Many2one("oms.disposition", readonly=True, help="Of most of the pieces.")
    state = fields.Selection([("open", "Authorized"), ("closed", "Closed")], readonly=True)
    comment = fields.Char(string="Customer's Words", readonly=True)
    shipped_at = fields.Datetime(string="Shipped", readonly=True)
    requested_at = fields.Datetime(string="Requested", readonly=True)
    received_at = fields.Datetime(string="Received", readonly=True)
    settled_at = fields.Datetime(string="Settled", readonly=True)

    # ------------------------------------------------------------------------------------------ QUANTITIES AND MONEY

    line_count = fields.Integer(string="Return Lines", readonly=True)
    quantity_shipped = fields.Float(string="Shipped Quantity", readonly=True)
    quantity_announced = fields.Float(string="Announced Quantity", readonly=True)
    quantity = fields.Float(string="Authorized Quantity", readonly=True)
    quantity_received = fields.Float(string="Received Quantity", readonly=True)
    quantity_returned = fields.Float(
        string="Returned Quantity", readonly=True, help="Received, or claimed where nothing is expected back."
    )
    quantity_missing = fields.Float(
        string="Never Came", readonly=True, help="Authorized and expected, and not there when the return was closed."
    )
    amount_shipped = fields.Monetary(string="Shipped Sales", readonly=True)
    amount = fields.Monetary(string="Sales Returned", readonly=True, help="What was sold for and came back.")
    amount_refunded = fields.Monetary(string="Refunded", readonly=True)
    goods_value = fields.Monetary(string="Value of Goods", readonly=True, help="At the cost at which they left.")
    recovered = fields.Monetary(readonly=True, help="What the goods are still worth where they went.")
    write_down = fields.Monetary(readonly=True, help="What goods lost that are still there.")
    loss = fields.Monetary(readonly=True, help="Value of goods less what was recovered: written off or down.")
    label_cost = fields.Monetary(readonly=True)
    handling_cost = fields.Monetary(readonly=True, help="To receive and look at it, at the rates of the company.")
    return_cost = fields.Monetary(string="Cost of Returns", readonly=True, help="Label, handling, and what goods lost.")

    # -------------------------------------------------------------------------------------------------------- SHARES

    return_rate = fields.Float(string="Return Rate (%)", aggregator="avg", readonly=True)
    recovery_rate = fields.Float(string="Recovered (%)", aggregator="avg", readonly=True)
    shrinkage_rate = fields.Float(
        string="Shrinkage (%)", aggregator="avg", readonly=True, help="Of the value that came back, what was lost."
    )
    cost_per_return = fields.Float(
        string="Cost of a Return", aggregator="avg", readonly=True, help="Of each return line."
    )
    days_to_receive = fields.Float(
        aggregator="avg", readonly=True, help="From the request until the last of it was received."
    )
    days_to_settle = fields.Float(aggregator="avg", readonly=True, help="From the request until it was settled.")

    @property
    def _table_query(self):
        parts = {
            "oms_sent": self._query_sent(),
            "oms_came": self._query_came(),
            "oms_inspected": self._query_inspected(),
            "oms_parcels": self._query_parcels(),
            "oms_paid": self._query_paid(),
            "oms_sold": self._query_sold(),
            "oms_back": self._query_back(),
        }
        return SQL(
            "WITH %s %s UNION ALL %s",
            SQL(", ").join(SQL("%s AS (%s)", SQL.identifier(name), query) for name, query in parts.items()),
            self._select(SQL("s.id * 2"), SQL("oms_sold s LEFT JOIN oms_back b ON FALSE"), SQL("FALSE")),
            self._select(
                SQL("b.id * 2 + 1"), SQL("oms_back b LEFT JOIN oms_sold s ON s.id = b.sale_line_id"), SQL("TRUE")
            ),
        )

    def _query_sent(self):
        """What of each order line was shipped, in the unit of its product; who shipped first, shipped it."""
        return SQL(
            """
            SELECT m.sale_line_id,
                   MIN(m.date) AS shipped_at,
                   (ARRAY_AGG(pt.warehouse_id ORDER BY m.date, m.id))[1] AS warehouse_id,
                   (ARRAY_AGG(pick.carrier_id ORDER BY m.date, m.id))[1] AS carrier_id,
                   SUM(m.quantity * mu.factor / pu.factor) FILTER (WHERE m.product_id = l.product_id) AS quantity
              FROM stock_move m
              JOIN sale_order_line l ON l.id = m.sale_line_id
              JOIN stock_location src ON src.id = m.location_id
              JOIN stock_location dest ON dest.id = m.location_dest_id
              %s
              LEFT JOIN stock_picking pick ON pick.id = m.picking_id
              LEFT JOIN stock_picking_type pt ON pt.id = m.picking_type_id
             WHERE m.state = 'done' AND dest.usage = 'customer' AND src.usage != 'customer'
             GROUP BY m.sale_line_id
            """,
            join_units("m", "product_uom", "mu"),
        )

    def _query_came(self):
        """What of each return line came in. Of a kit as much as of its parts came, all together."""
        return SQL(
            """
            SELECT m.oms_return_line_id AS line_id,
                   MAX(m.date) FILTER (WHERE m.state = 'done') AS received_at,
                   (ARRAY_AGG(pt.warehouse_id ORDER BY m.state = 'done' DESC, m.date, m.id))[1] AS warehouse_id,
                   COALESCE(SUM(m.quantity * mu.factor / pu.factor) FILTER (WHERE m.state = 'done'), 0) AS quantity,
                   COALESCE(SUM(m.value) FILTER (WHERE m.state = 'done'), 0) AS value,
                   BOOL_AND(m.product_id = rl.product_id) AS is_plain,
                   COALESCE(SUM(m.quantity) FILTER (WHERE m.state = 'done'), 0)
                       / NULLIF(SUM(CASE WHEN m.state = 'done' THEN m.quantity ELSE m.product_uom_qty END), 0) AS share
              FROM stock_move m
              JOIN oms_return_line rl ON rl.id = m.oms_return_line_id
              JOIN stock_location src ON src.id = m.location_id
              %s
              LEFT JOIN stock_picking_type pt ON pt.id = m.picking_type_id
             WHERE m.state != 'cancel' AND src.usage = 'customer'
             GROUP BY m.oms_return_line_id
            """,
            join_units("m", "product_uom", "mu"),
        )

    def _query_inspected(self):
        """How much of each line was written off, and by how much the rest was written down."""
        return SQL(
            """
            SELECT i.line_id,
                   SUM(i.quantity * lu.factor / pu.factor) AS inspected,
                   SUM(i.quantity * lu.factor / pu.factor)
                       FILTER (WHERE d.kind IN ('scrap', 'donate') OR d.kind = 'vendor' AND i.vendor_refund_id IS NULL) AS gone,
                   SUM(i.write_down) AS write_down,
                   (ARRAY_AGG(i.grade_id ORDER BY i.quantity DESC, i.id))[1] AS grade_id,
                   (ARRAY_AGG(i.disposition_id ORDER BY i.quantity DESC, i.id))[1] AS disposition_id
              FROM oms_return_inspection i
              JOIN oms_return_line rl ON rl.id = i.line_id
              %s
              LEFT JOIN oms_disposition d ON d.id = i.disposition_id
             WHERE i.state = 'done'
             GROUP BY i.line_id
            """,
            join_units("rl"),
        )

    def _query_parcels(self):
        """How many parcels each return line came in, and what their labels cost; a parcel counts in equal shares."""
        return SQL(
            """
            SELECT m.line_id,
                   SUM(label.cost / lines.count) AS cost,
                   SUM(1.0 / lines.count) FILTER (WHERE m.is_done) AS parcels
              FROM (SELECT picking_id, oms_return_line_id AS line_id, BOOL_OR(state = 'done') AS is_done
                      FROM stock_move WHERE oms_return_line_id IS NOT NULL AND state != 'cancel'
                     GROUP BY picking_id, oms_return_line_id) m
              JOIN (SELECT picking_id, COUNT(DISTINCT oms_return_line_id) AS count
                      FROM stock_move WHERE oms_return_line_id IS NOT NULL AND state != 'cancel' GROUP BY picking_id) lines
                ON lines.picking_id = m.picking_id
              LEFT JOIN (SELECT picking_id, SUM(cost) AS cost
                           FROM oms_shipment_label
                          WHERE state = 'bought' AND purpose = 'return' GROUP BY picking_id) label
                ON label.picking_id = m.picking_id
             GROUP BY m.line_id
            """
        )

    def _query_paid(self):
        """What was credited for each line, and when it was settled last."""
        return SQL(
            """
            SELECT rl.id AS line_id, credit.amount, settled.at
              FROM oms_return_line rl
              LEFT JOIN (SELECT oms_return_line_id, SUM(balance) AS amount
                           FROM account_move_line
                          WHERE oms_return_line_id IS NOT NULL AND parent_state = 'posted' AND display_type = 'product'
                          GROUP BY oms_return_line_id) credit ON credit.oms_return_line_id = rl.id
              LEFT JOIN (SELECT line_id, MAX(create_date) AS at
                           FROM oms_return_settlement GROUP BY line_id) settled ON settled.line_id = rl.id
            """
        )

    def _query_sold(self):
        return SQL(
            """
            SELECT l.id, l.order_id, s.company_id, s.partner_id, l.product_id, s.user_id, s.oms_channel_id AS channel_id,
                   sent.warehouse_id, sent.carrier_id, sent.shipped_at,
                   COALESCE(sent.quantity, l.qty_delivered * lu.factor / pu.factor) AS quantity,
                   l.price_subtotal / COALESCE(NULLIF(s.currency_rate, 0), 1)
                       / NULLIF(l.product_uom_qty * lu.factor / pu.factor, 0) AS price
              FROM oms_sent sent
              JOIN sale_order_line l ON l.id = sent.sale_line_id
              JOIN sale_order s ON s.id = l.order_id
              %s
            """,
            join_units("l"),
        )

    def _query_back(self):
        """The return lines, quantities in the unit of their product."""
        return SQL(
            """
            SELECT rl.id, rl.sale_line_id, rl.return_id, rl.order_id, rl.company_id, r.partner_id, rl.product_id, rl.reason_id,
                   reason.kind, reason.team, rl.outcome, r.state, rl.comment, r.requested_at, r.channel_id,
                   came.received_at, paid.at AS settled_at,
                   COALESCE(came.warehouse_id, r.warehouse_id) AS back_warehouse_id,
                   rl.quantity_announced * lu.factor / pu.factor AS announced,
                   rl.quantity * lu.factor / pu.factor AS authorized,
                   rl.expects_goods,
                   CASE WHEN COALESCE(came.is_plain, TRUE) THEN COALESCE(came.quantity, 0)
                        ELSE rl.quantity * lu.factor / pu.factor * COALESCE(came.share, 0) END AS received,
                   COALESCE(came.value, 0) AS value,
                   COALESCE(inspected.gone, 0) AS gone,
                   COALESCE(inspected.inspected, 0) AS inspected,
                   COALESCE(inspected.write_down, 0) AS write_down,
                   COALESCE(parcels.cost, 0) AS label_cost,
                   inspected.grade_id, inspected.disposition_id,
                   COALESCE(parcels.parcels, 0) * COALESCE(company.oms_return_receiving_cost, 0)
                       + COALESCE(inspected.inspected, 0) * COALESCE(company.oms_return_inspecting_cost, 0) AS handling_cost,
                   COALESCE(paid.amount, 0) AS refunded
              FROM oms_return_line rl
              JOIN oms_return r ON r.id = rl.return_id
              JOIN product_product p ON p.id = rl.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
              JOIN uom_uom pu ON pu.id = t.uom_id
              LEFT JOIN uom_uom lu ON lu.id = rl.product_uom_id
              LEFT JOIN oms_return_reason reason ON reason.id = rl.reason_id
              LEFT JOIN oms_came came ON came.line_id = rl.id
              LEFT JOIN oms_inspected inspected ON inspected.line_id = rl.id
              LEFT JOIN oms_parcels parcels ON parcels.line_id = rl.id
              LEFT JOIN oms_paid paid ON paid.line_id = rl.id
              JOIN res_company company ON company.id = rl.company_id
             WHERE r.state IN ('open', 'closed') AND rl.quantity > 0
            """
        )

    def _select(self, number, source, is_return):
        """The rows of shipped lines (``s``), or of return lines (``b``); what is not of the kind is empty or zero."""
        returned = SQL("(CASE WHEN b.expects_goods THEN b.received ELSE b.authorized END)")
        lost = SQL("(LEAST(b.value, b.value * b.gone / NULLIF(b.received, 0) + b.write_down))")
        columns = self._select_columns(number, is_return, returned, lost)
        chosen = SQL(", ").join(SQL("%s AS %s", query, SQL.identifier(name)) for name, query in columns.items())
        return SQL(
            """
            SELECT %s
              FROM %s
              JOIN product_product p ON p.id = COALESCE(b.product_id, s.product_id)
              JOIN product_template t ON t.id = p.product_tmpl_id
              JOIN res_company company ON company.id = COALESCE(b.company_id, s.company_id)
              LEFT JOIN LATERAL (SELECT info.partner_id
                                   FROM product_supplierinfo info
                                  WHERE info.product_tmpl_id = t.id
                                    AND (info.company_id IS NULL OR info.company_id = company.id)
                                  ORDER BY info.sequence, info.min_qty DESC, info.price, info.id
                                  LIMIT 1) seller ON TRUE
            """,
            chosen,
            source,
        )

    def _select_columns(self, number, is_return, returned, lost):
        def back(column):
            return SQL("CASE WHEN %s THEN %s ELSE 0 END", is_return, column)

        def sold(column):
            return SQL("CASE WHEN %s THEN 0 ELSE %s END", is_return, column)

        def days(moment):
            return SQL("EXTRACT(EPOCH FROM %s - b.requested_at) / 86400.0", moment)

        loss = SQL("COALESCE(%s, 0)", lost)
        cost = SQL("(b.label_cost + b.handling_cost + %s)", loss)
        return {
            "id": number,
            "is_return": is_return,
            "return_id": SQL("b.return_id"),
            "order_id": SQL("COALESCE(b.order_id, s.order_id)"),
            "company_id": SQL("company.id"),
            "currency_id": SQL("company.currency_id"),
            "partner_id": SQL("COALESCE(b.partner_id, s.partner_id)"),
            "product_id": SQL("p.id"),
            "product_tmpl_id": SQL("t.id"),
            "categ_id": SQL("t.categ_id"),
            "supplier_id": SQL("seller.partner_id"),
            "user_id": SQL("s.user_id"),
            "channel_id": SQL("COALESCE(s.channel_id, b.channel_id)"),
            "warehouse_id": SQL("s.warehouse_id"),
            "back_warehouse_id": SQL("b.back_warehouse_id"),
            "carrier_id": SQL("s.carrier_id"),
            "reason_id": SQL("b.reason_id"),
            "kind": SQL("b.kind"),
            "team": SQL("b.team"),
            "outcome": SQL("b.outcome"),
            "grade_id": SQL("b.grade_id"),
            "disposition_id": SQL("b.disposition_id"),
            "state": SQL("b.state"),
            "comment": SQL("b.comment"),
            "shipped_at": SQL("s.shipped_at"),
            "requested_at": SQL("b.requested_at"),
            "received_at": SQL("b.received_at"),
            "settled_at": SQL("b.settled_at"),
            "line_count": back(SQL("1")),
            "quantity_shipped": sold(SQL("s.quantity")),
            "quantity_announced": back(SQL("b.announced")),
            "quantity": back(SQL("b.authorized")),
            "quantity_received": back(SQL("b.received")),
            "quantity_returned": back(returned),
            "quantity_missing": back(
                SQL(
                    "CASE WHEN b.state = 'closed' AND b.expects_goods THEN GREATEST(b.authorized - b.received, 0) ELSE 0 END"
                )
            ),
            "amount_shipped": sold(SQL("s.quantity * COALESCE(s.price, 0)")),
            "amount": back(SQL("%s * COALESCE(s.price, 0)", returned)),
            "amount_refunded": back(SQL("b.refunded")),
            "goods_value": back(SQL("b.value")),
            "recovered": back(SQL("b.value - %s", loss)),
            "write_down": back(SQL("b.write_down")),
            "loss": back(loss),
            "label_cost": back(SQL("b.label_cost")),
            "handling_cost": back(SQL("b.handling_cost")),
            "return_cost": back(cost),
            "return_rate": SQL("NULL::float"),
            "recovery_rate": SQL("100.0 * (b.value - %s) / NULLIF(b.value, 0)", loss),
            "shrinkage_rate": SQL("100.0 * %s / NULLIF(b.value, 0)", loss),
            "cost_per_return": SQL("CASE WHEN %s THEN %s END", is_return, cost),
            "days_to_receive": days(SQL("b.received_at")),
            "days_to_settle": days(SQL("b.settled_at")),
        }

    def _read_group_select(self, aggregate_spec, query):
        """Override: shares that are right whatever the rows are grouped by."""
        name, _separator, function = aggregate_spec.partition(":")
        if function == "avg" and name in RATIOS:
            part, whole, factor = RATIOS[name]
            return SQL(
                "%s * SUM(%s) / NULLIF(SUM(%s), 0)",
                factor,
                self._field_to_sql(self._table, part, query),
                self._field_to_sql(self._table, whole, query),
            )
        return super()._read_group_select(aggregate_spec, query)

    def action_open_document(self):
        """The return, or the order of what did not come back."""
        self.ensure_one()
        self.check_access("read")
        return (self.return_id or self.order_id)._get_records_action()
