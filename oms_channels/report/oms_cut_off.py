import json

from odoo import api, fields, models
from odoo.tools import SQL

from ..domain.explained import CAUSES

#: Cause of an item that a payout left open → kind of the row. What has none is the money itself.
PAYOUT_KINDS = {
    "transfer": "payout_on_its_way",
    "late_refund": "payout_refund",
    "reserve": "payout_held",
    "carry_over": "payout_held",
    "conversion": "payout_held",
    "chargeback": "payout_disputed",
    "chargeback_reversal": "payout_disputed",
    "unknown_order": "payout_unknown",
    "duplicate": "payout_unknown",
    "difference": "payout_unknown",
    "adjustment": "payout_unknown",
}


class OmsCutOff(models.Model):
    """Also labels that were bought by then and that no carrier had billed: the carriage to accrue when a month is closed; and
    what payouts had left open: on its way to the bank, held back, disputed, or to be explained."""

    _inherit = "oms.cut.off"
    _depends = {"oms.settlement": ["channel_id"], "oms.settlement.rest": ["item_id"]}

    kind = fields.Selection(
        selection_add=[
            ("label_not_billed", "Label bought, not billed"),
            ("payout_on_its_way", "Paid out by the channel, not in the bank"),
            ("payout_held", "Held back by the channel, or carried over"),
            ("payout_disputed", "Taken back by a customer's bank, not decided"),
            ("payout_refund", "Taken from us by the channel as paid back, not booked"),
            ("payout_unknown", "Paid out by the channel, to be explained"),
        ]
    )
    settlement_id = fields.Many2one("oms.settlement", string="Payout", readonly=True)
    cause = fields.Selection(list(CAUSES.items()), readonly=True)

    @property
    def _table_query(self):
        """Override: with the payout that left it."""
        return SQL(
            """SELECT row.*, entry.oms_settlement_id AS settlement_id, item.oms_cause AS cause
                 FROM (%s) row
            LEFT JOIN account_move_line item ON item.id = row.move_line_id
            LEFT JOIN account_move entry ON entry.id = item.move_id""",
            super()._table_query,
        )

    @api.model
    def _get_advice(self):
        """Override."""
        advice = {
            "label_not_billed": self.env._(
                "Import the carrier's bill, or book the carriage by hand at the end of the month."
            ),
            "payout_on_its_way": self.env._(
                "Import the bank statement. If it names the payout otherwise, match it by hand."
            ),
            "payout_held": self.env._("It comes back with a later payout. Ask the channel about what is old."),
            "payout_disputed": self.env._(
                "When it is won, it is settled by itself. When it is lost, press Lost on the rest."
            ),
            "payout_refund": self.env._("Book the refund, or read the order again; then the two meet."),
            "payout_unknown": self.env._("Open the payout: its rest says what to do."),
        }
        return super()._get_advice() | advice

    def _more_sql(self, day):
        """Override: labels and payouts."""
        return SQL("%s %s %s", super()._more_sql(day), self._labels_sql(day), self._payouts_sql(day))

    def _payouts_sql(self, day):
        """What entries of payouts had open, but for what they settle and what is no money with the channel (bills for fees, taxes
        that the channel pays)."""
        return SQL(
            """
            UNION ALL
            SELECT item.id::bigint * 8 + 6, COALESCE(%(kinds)s::jsonb ->> item.oms_cause, 'payout_on_its_way'),
                   told.order_id, NULL, item.id, item.account_id, NULL, NULL, payout.channel_id, item.company_id,
                   company.currency_id, item.date, NULL, left_open.amount, NULL
              FROM oms_settlement payout
              JOIN account_move entry ON entry.oms_settlement_id = payout.id AND entry.state = 'posted'
              JOIN account_move_line item ON item.move_id = entry.id AND item.date <= %(day)s
               AND (item.oms_cause IS NULL AND item.tax_line_id IS NULL OR item.oms_cause IN %(causes)s)
              JOIN account_account account ON account.id = item.account_id AND account.reconcile
               AND account.account_type NOT IN ('asset_receivable', 'liability_payable')
              JOIN oms_channel channel ON channel.id = payout.channel_id
              JOIN res_company company ON company.id = item.company_id
              JOIN res_currency currency ON currency.id = company.currency_id
        CROSS JOIN LATERAL (
              SELECT ROUND((item.balance
                            - COALESCE((SELECT SUM(part.amount) FROM account_partial_reconcile part
                                         WHERE part.debit_move_id = item.id AND part.max_date <= %(day)s), 0)
                            + COALESCE((SELECT SUM(part.amount) FROM account_partial_reconcile part
                                         WHERE part.credit_move_id = item.id AND part.max_date <= %(day)s), 0)
                           )::numeric, currency.decimal_places) AS amount) left_open
         LEFT JOIN LATERAL (
              SELECT MIN(line.order_id) AS order_id FROM oms_settlement_rest rest
                JOIN oms_settlement_line line ON line.rest_id = rest.id WHERE rest.item_id = item.id) told ON TRUE
             WHERE left_open.amount != 0
               -- what it settles on clearing is told with the payments and refunds
               AND (item.oms_cause IS NOT NULL OR item.account_id = channel.payout_transit_account_id OR NOT EXISTS (
                    SELECT 1 FROM account_payment_method_line method WHERE method.payment_account_id = item.account_id)
                   AND NOT EXISTS (SELECT 1 FROM account_journal journal
                                    WHERE journal.default_account_id = item.account_id AND journal.type IN ('bank', 'cash')))
            """,
            kinds=json.dumps(PAYOUT_KINDS),
            causes=tuple(PAYOUT_KINDS),
            day=day,
        )

    def _labels_sql(self, day):
        """Of companies that somebody bills, at the rate of the day on which the label was bought."""
        return SQL(
            """
            UNION ALL
            SELECT label.id::bigint * 8 + 5, 'label_not_billed', move.sale_id, NULL, NULL, NULL, NULL, sale.partner_id,
                   sale.oms_channel_id, label.company_id, company.currency_id, bought.day, NULL,
                   -ROUND((label.cost / COALESCE(rate.rate, 1) * COALESCE(own.rate, 1))::numeric, currency.decimal_places), NULL
              FROM oms_shipment_label label
              JOIN res_company company ON company.id = label.company_id
              JOIN res_currency currency ON currency.id = company.currency_id
        CROSS JOIN LATERAL %s zone
        CROSS JOIN LATERAL (SELECT (label.bought_at AT TIME ZONE 'UTC' AT TIME ZONE zone.tz)::date AS day) bought
         LEFT JOIN stock_picking move ON move.id = label.picking_id
         LEFT JOIN sale_order sale ON sale.id = move.sale_id
         LEFT JOIN LATERAL (SELECT known.rate FROM res_currency_rate known
                             WHERE known.currency_id = label.currency_id AND known.name <= bought.day
                               AND COALESCE(known.company_id, company.id) = company.id
                          ORDER BY known.name DESC LIMIT 1) rate ON label.currency_id != company.currency_id
         LEFT JOIN LATERAL (SELECT known.rate FROM res_currency_rate known
                             WHERE known.currency_id = company.currency_id AND known.name <= bought.day
                               AND COALESCE(known.company_id, company.id) = company.id
                          ORDER BY known.name DESC LIMIT 1) own ON label.currency_id != company.currency_id
             WHERE label.state = 'bought' AND label.cost != 0 AND NOT COALESCE(label.pay_on_use, FALSE)
               AND bought.day <= %s
               AND EXISTS (SELECT 1 FROM oms_biller biller WHERE biller.company_id = label.company_id)
               AND NOT EXISTS (SELECT 1 FROM oms_bill_line line
                                 JOIN account_move_line item ON item.id = line.item_id AND item.parent_state = 'posted'
                                WHERE line.label_id = label.id AND line.kind = 'transport' AND item.date <= %s)
            """,
            self.env["res.company"]._oms_zone_sql("company"),
            day,
            day,
        )
