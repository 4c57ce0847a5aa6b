"""How soon what channels sell becomes money in the bank, and how much of it they keep."""

from odoo import fields, models
from odoo.tools import SQL

from ..domain.settlement import KINDS
from ..models.oms_settlement import KIND_WORDS


class OmsCashReport(models.Model):
    """One row for each line of each payout that is booked.

    It arrives on the day of the bank statement; before that line is here, on the day that the channel tells, and else on the
    accounting date. Days are told for sales alone: an average over fees would say nothing.
    """

    _name = "oms.cash.report"
    _description = "Cash by Channel"
    _auto = False
    _order = "arrived_on desc, id desc"
    _rec_name = "settlement_id"
    _depends = {
        "oms.settlement": ["move_id", "ends_at", "deposited_on", "date", "bank_line_id", "channel_id", "currency_id"],
        "oms.settlement.line": ["settlement_id", "kind", "amount", "order_id", "occurred_at"],
        "account.bank.statement.line": ["move_id"],
        "account.move": ["date"],
    }

    settlement_id = fields.Many2one("oms.settlement", string="Payout", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True)
    kind = fields.Selection([(kind, KIND_WORDS[kind]) for kind in KINDS], readonly=True)
    amount = fields.Monetary(readonly=True, help="Its effect on what is paid to us.")
    taken_on = fields.Date(string="Taken by the Channel On", readonly=True)
    arrived_on = fields.Date(readonly=True)
    days = fields.Float(string="Days Until It Arrives", aggregator="avg", digits=(16, 1), readonly=True)

    @property
    def _table_query(self):
        arrived = SQL("COALESCE(v.date, s.deposited_on, s.date)")
        taken = SQL("COALESCE(l.occurred_at, s.ends_at)::date")
        return SQL(
            """
            SELECT l.id, l.settlement_id, s.channel_id, s.company_id, s.currency_id, l.order_id, l.kind, l.amount,
                   %(taken)s AS taken_on, %(arrived)s AS arrived_on,
                   CASE WHEN l.kind = 'sale' THEN GREATEST(0, %(arrived)s - %(taken)s) END AS days
              FROM oms_settlement_line l
              JOIN oms_settlement s ON s.id = l.settlement_id AND s.move_id IS NOT NULL
              LEFT JOIN account_bank_statement_line b ON b.id = s.bank_line_id
              LEFT JOIN account_move v ON v.id = b.move_id
            """,
            taken=taken,
            arrived=arrived,
        )
