"""What the books and the shelves did not say alike at the end of a day: read by accountants when they close a month."""

from odoo import api, fields, models
from odoo.tools import SQL

from ..models.account_move_pieces import being_settled

KINDS = [
    ("shipped_not_invoiced", "Shipped, not invoiced"),
    ("invoiced_not_shipped", "Invoiced, not shipped"),
    ("returned_not_credited", "Returned, not credited"),
    ("credited_not_paid", "Credited, not paid back"),
    ("refunded_not_credited", "Paid back, not credited"),
    ("captured_not_settled", "Taken by the channel, not paid out"),
    ("refund_not_settled", "Paid back by the channel, not taken from us"),
]

AGES = [
    ("1", "Up to 7 days"),
    ("2", "8 to 30 days"),
    ("3", "31 to 90 days"),
    ("4", "More than 90 days"),
]


class OmsCutOff(models.Model):
    """One row for each order line, credit note or payment of a channel that was open in this sense at the end of a day.

    The day comes with the context (``oms_cut_off``, a date as text), today by default: the query is made for it, from the
    dates of transfers, entries and reconciliations, so that a closed month reads the same whenever it is looked at. What
    moved is dated in the time zone of the company. Amounts are in its currency: sales without tax, at the rate of the order;
    money as it is booked.
    """

    _name = "oms.cut.off"
    _description = "Cut-off"
    _auto = False
    _order = "kind, days desc, id"
    _rec_name = "order_id"
    _depends = {
        "sale.order": ["oms_channel_id", "partner_id", "company_id", "currency_rate", "transaction_ids"],
        "sale.order.line": ["price_subtotal", "product_uom_qty", "product_id", "product_uom_id", "invoice_lines"],
        "stock.move": ["state", "date", "quantity", "product_uom", "value", "sale_line_id", "product_uom_qty"],
        "account.move": ["state", "date", "move_type", "oms_channel_id"],
        "account.move.line": ["balance", "date", "quantity", "account_id", "move_id"],
        "account.partial.reconcile": ["amount", "max_date"],
        "account.payment": ["payment_transaction_id"],
    }

    kind = fields.Selection(KINDS, readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True)
    sale_line_id = fields.Many2one("sale.order.line", string="Order Line", readonly=True)
    move_line_id = fields.Many2one("account.move.line", string="Journal Item", readonly=True)
    account_id = fields.Many2one("account.account", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    since = fields.Date(readonly=True)
    days = fields.Integer(readonly=True, aggregator="max")
    age = fields.Selection(AGES, readonly=True)
    quantity = fields.Float(digits="Product Unit", readonly=True)
    amount = fields.Monetary(readonly=True)
    cost = fields.Monetary(readonly=True, help="What the goods cost, of those that moved.")
    advice = fields.Char(string="What to Do", compute="_compute_advice")

    @api.depends("kind")
    def _compute_advice(self):
        advice = self._get_advice()
        for row in self:
            row.advice = advice.get(row.kind, "")

    @api.model
    def _get_advice(self):
        """Hook: {kind: what to do about it}"""
        return {
            "shipped_not_invoiced": self.env._("Invoice it, or accrue it at the end of the month."),
            "invoiced_not_shipped": self.env._("Ship it. If it never leaves, credit it."),
            "returned_not_credited": self.env._("Credit what came back, on its invoice."),
            "credited_not_paid": self.env._("Pay it back, or match the credit note with what it was settled by."),
            "refunded_not_credited": self.env._(
                "Credit it on its invoice. If the channel told one repayment twice, cancel the second one."
            ),
            "captured_not_settled": self.env._("It comes with the next payouts. Ask the channel for what is old."),
            "refund_not_settled": self.env._("The next payouts take it off. Ask the channel about what is old."),
        }

    @api.model
    def _get_day(self):
        return fields.Date.to_date(self.env.context.get("oms_cut_off")) or fields.Date.context_today(self)

    @property
    def _table_query(self):
        day = self._get_day()
        return SQL(
            """
            WITH goods AS (%(goods)s),
                 money AS (%(money)s),
                 every AS (
                     SELECT id::bigint * 8 + 1 AS id, 'shipped_not_invoiced' AS kind, order_id, id AS sale_line_id,
                            NULL::int AS move_line_id, NULL::int AS account_id, product_id, partner_id, channel_id, company_id,
                            currency_id, moved_on AS since, apart AS quantity, price * apart AS amount,
                            CASE WHEN shipped > 0 THEN value * apart / shipped END AS cost
                       FROM goods WHERE apart > 0.00001
                      UNION ALL
                     SELECT id::bigint * 8 + 2, 'returned_not_credited', order_id, id, NULL, NULL, product_id, partner_id,
                            channel_id, company_id, currency_id, back_on, uncredited, -price * uncredited,
                            CASE WHEN shipped > 0 THEN -value * uncredited / shipped END
                       FROM goods WHERE uncredited > 0.00001
                      UNION ALL
                     SELECT id::bigint * 8 + 3, 'invoiced_not_shipped', order_id, id, NULL, NULL, product_id, partner_id,
                            channel_id, company_id, currency_id, invoiced_on, -apart - uncredited,
                            price * (-apart - uncredited), NULL
                       FROM goods WHERE -apart - uncredited > 0.00001
                      UNION ALL
                     SELECT id::bigint * 8 + 4, kind, order_id, NULL, id, account_id, NULL, partner_id, channel_id, company_id,
                            currency_id, since, NULL, amount, NULL
                       FROM money
                     %(more)s
                 )
            SELECT every.*, %(day)s - since AS days,
                   CASE WHEN %(day)s - since <= 7 THEN '1' WHEN %(day)s - since <= 30 THEN '2'
                        WHEN %(day)s - since <= 90 THEN '3' ELSE '4' END AS age
              FROM every
            """,
            goods=self._goods_sql(day),
            money=self._money_sql(day),
            more=self._more_sql(day),
            day=day,
        )

    def _more_sql(self, day):
        """Hook: ``UNION ALL`` of further rows, of ids that leave a rest of 5 or more when divided by 8."""
        return SQL("")

    def _goods_sql(self, day):
        """Of each line of goods what had left, come back, been invoiced and credited by the end of the day.

        ``apart`` is what is with customers beyond what they are charged; negative the other way round. Of that, what came back
        beyond what is credited is ``uncredited``. Moves and invoices are summed in one pass each, not line by line.
        """
        return SQL(
            """
            WITH line AS (
                 SELECT l.id, l.order_id, l.product_id, l.product_uom_qty, l.product_uom_id, lu.factor, o.partner_id,
                        o.oms_channel_id AS channel_id, o.company_id, c.currency_id,
                        l.price_subtotal / l.product_uom_qty / COALESCE(NULLIF(o.currency_rate, 0), 1) AS price,
                        zone.tz
                   FROM sale_order_line l
                   JOIN sale_order o ON o.id = l.order_id AND o.oms_channel_id IS NOT NULL
                   JOIN res_company c ON c.id = o.company_id
             CROSS JOIN LATERAL %(zone)s zone
                   JOIN product_product p ON p.id = l.product_id
                   JOIN product_template t ON t.id = p.product_tmpl_id AND t.type = 'consu'
                   JOIN uom_uom lu ON lu.id = l.product_uom_id
                  WHERE l.product_uom_qty != 0 AND l.display_type IS NULL),
                 moved AS (
                 SELECT q.id, SUM(q.part) FILTER (WHERE q.is_out AND q.is_done) AS shipped,
                        SUM(q.part) FILTER (WHERE q.is_back AND q.is_done) AS back,
                        SUM(ABS(q.value)) FILTER (WHERE q.is_out AND q.is_done) AS value,
                        MAX(q.day) FILTER (WHERE q.is_out AND q.is_done) AS moved_on,
                        MAX(q.day) FILTER (WHERE q.is_back AND q.is_done) AS back_on
                   FROM (
                         SELECT l.id, m.value, d.usage = 'customer' AS is_out, f.usage = 'customer' AS is_back,
                                CASE WHEN m.product_id = l.product_id
                                     THEN m.quantity * mu.factor / l.factor
                                     -- a kit is as far as its parts are, all of them together
                                     ELSE l.product_uom_qty * m.quantity / NULLIF(SUM(m.product_uom_qty) FILTER (
                                          WHERE m.product_id != l.product_id AND d.usage = 'customer')
                                          OVER (PARTITION BY l.id), 0)
                                END AS part,
                                (m.date AT TIME ZONE 'UTC' AT TIME ZONE l.tz)::date AS day,
                                m.state = 'done' AND (m.date AT TIME ZONE 'UTC' AT TIME ZONE l.tz)::date <= %(day)s AS is_done
                           FROM line l
                           JOIN stock_move m ON m.sale_line_id = l.id AND m.state != 'cancel'
                           JOIN uom_uom mu ON mu.id = m.product_uom
                           JOIN stock_location f ON f.id = m.location_id
                           JOIN stock_location d ON d.id = m.location_dest_id) q
               GROUP BY q.id),
                 charged AS (
                 SELECT q.id, SUM(q.invoiced) AS invoiced, SUM(q.credited) AS credited,
                        MAX(q.date) FILTER (WHERE q.invoiced IS NOT NULL) AS invoiced_on
                   FROM (
                         SELECT l.id, v.date,
                                CASE WHEN v.move_type = 'out_invoice' THEN a.quantity * au.factor / l.factor END AS invoiced,
                                CASE WHEN v.move_type = 'out_refund' THEN a.quantity * au.factor / l.factor END AS credited
                           FROM line l
                           JOIN sale_order_line_invoice_rel r ON r.order_line_id = l.id
                           JOIN account_move_line a ON a.id = r.invoice_line_id
                           JOIN account_move v ON v.id = a.move_id AND v.state = 'posted' AND v.date <= %(day)s
                            AND v.move_type IN ('out_invoice', 'out_refund')
                           JOIN uom_uom au ON au.id = COALESCE(a.product_uom_id, l.product_uom_id)
                         %(more)s) q
               GROUP BY q.id),
                 counted AS (
                 SELECT l.id, l.order_id, l.product_id, l.partner_id, l.channel_id, l.company_id, l.currency_id, l.price,
                        COALESCE(s.shipped, 0) AS shipped, COALESCE(s.back, 0) AS back, COALESCE(s.value, 0) AS value,
                        COALESCE(i.invoiced, 0) AS invoiced, COALESCE(i.credited, 0) AS credited,
                        s.moved_on, s.back_on, i.invoiced_on
                   FROM line l
                   LEFT JOIN moved s ON s.id = l.id
                   LEFT JOIN charged i ON i.id = l.id
                  WHERE s.shipped IS NOT NULL OR s.back IS NOT NULL OR i.invoiced IS NOT NULL)
            SELECT counted.*, counted.shipped - counted.back - counted.invoiced + counted.credited AS apart,
                   GREATEST(LEAST(counted.back - counted.credited,
                                  counted.invoiced - counted.credited - counted.shipped + counted.back), 0) AS uncredited
              FROM counted
            """,
            day=day,
            zone=self.env["res.company"]._oms_zone_sql("c"),
            more=self._more_charges_sql(day),
        )

    def _more_charges_sql(self, day):
        """Hook: ``UNION ALL`` of (id, date, invoiced, credited): what of a ``line`` is charged by other means than an invoice."""
        return SQL("")

    def _money_sql(self, day):
        """Payments of channels on their clearing accounts, credit notes, and repayments on the account of the customer, that were
        not matched in full by then. What a payout in the books is about to settle is settled.

        ::

            credit note   Dr income, taxes   Cr receivable        repayment   Dr receivable   Cr channel clearing

        A repayment of what had been paid too much is matched with that payment, and is not open.
        """
        return SQL(
            """
            SELECT b.id, b.account_id, b.partner_id, b.company_id, k.currency_id, b.date AS since,
                   ROUND((b.balance - COALESCE(d.amount, 0) + COALESCE(e.amount, 0)
                          - COALESCE(f.amount, 0))::numeric, cu.decimal_places) AS amount,
                   v.oms_channel_id AS channel_id, o.order_id,
                   CASE WHEN v.move_type = 'out_refund' THEN 'credited_not_paid'
                        WHEN t.account_type = 'asset_receivable' THEN 'refunded_not_credited'
                        WHEN b.balance > 0 THEN 'captured_not_settled' ELSE 'refund_not_settled' END AS kind
              FROM account_move_line b
              JOIN account_move v ON v.id = b.move_id AND v.state = 'posted' AND v.oms_channel_id IS NOT NULL
              JOIN account_account t ON t.id = b.account_id AND t.reconcile
              JOIN res_company k ON k.id = b.company_id
              JOIN res_currency cu ON cu.id = k.currency_id
              LEFT JOIN LATERAL (SELECT SUM(x.amount) AS amount FROM account_partial_reconcile x
                                  WHERE x.debit_move_id = b.id AND x.max_date <= %(day)s) d ON TRUE
              LEFT JOIN LATERAL (SELECT SUM(x.amount) AS amount FROM account_partial_reconcile x
                                  WHERE x.credit_move_id = b.id AND x.max_date <= %(day)s) e ON TRUE
              LEFT JOIN LATERAL %(being_settled)s f ON f.date <= %(day)s
              LEFT JOIN account_payment y ON y.id = v.origin_payment_id
              LEFT JOIN LATERAL (
                   SELECT MIN(g.sale_order_id) AS order_id FROM sale_order_transaction_rel g
                    WHERE g.transaction_id = y.payment_transaction_id) w ON TRUE
              LEFT JOIN LATERAL (
                   SELECT MIN(h.order_id) AS order_id
                     FROM account_move_line n
                     JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = n.id
                     JOIN sale_order_line h ON h.id = r.order_line_id
                    WHERE n.move_id = v.id AND v.move_type = 'out_refund') u ON TRUE
             CROSS JOIN LATERAL (SELECT COALESCE(w.order_id, u.order_id) AS order_id) o
             WHERE b.date <= %(day)s
               AND ((v.move_type = 'out_refund' AND t.account_type = 'asset_receivable')
                    OR (v.origin_payment_id IS NOT NULL AND (t.account_type != 'asset_receivable' OR b.balance > 0)))
               AND ROUND((b.balance - COALESCE(d.amount, 0) + COALESCE(e.amount, 0)
                          - COALESCE(f.amount, 0))::numeric, cu.decimal_places) != 0
            """,
            day=day,
            being_settled=being_settled("b"),
        )

    def action_oms_order_to_cash(self):
        """From a row to everything that happened to the money of its order."""
        self.check_access("read")
        return self.order_id.action_oms_order_to_cash()
