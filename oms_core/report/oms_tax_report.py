"""Taxes of what channels sold: those that the company owes, apart from those that a channel collected and pays itself."""

from odoo import fields, models
from odoo.tools import SQL

PAYERS = [
    ("company", "We pay it to the state"),
    ("channel", "The channel pays it to the state"),
    ("nobody", "Not taxed"),
]


class OmsTaxReport(models.Model):
    """One row for each tax of each entry of a channel, and one for what was sold without; of posted entries alone.

    Amounts are in the currency of the company, credit notes with a minus. The sum of what the company pays is what stands on
    its tax accounts for these entries; the sum of what channels pay is what stands on *Taxes collected by channels*.
    """

    _name = "oms.tax.report"
    _description = "Tax Report of Channels"
    _auto = False
    _order = "date desc, id desc"
    _depends = {
        "account.move": ["state", "date", "move_type", "oms_channel_id", "partner_shipping_id"],
        "account.move.line": ["balance", "tax_line_id", "tax_base_amount", "display_type", "account_id", "tax_ids"],
        "account.tax": ["amount", "country_id"],
    }

    date = fields.Date(readonly=True)
    move_id = fields.Many2one("account.move", string="Entry", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    payer = fields.Selection(PAYERS, string="Who Pays It", readonly=True)
    tax_id = fields.Many2one("account.tax", readonly=True)
    rate = fields.Float(string="Rate %", aggregator=None, readonly=True)
    tax_country_id = fields.Many2one("res.country", string="Declared In", readonly=True)
    country_id = fields.Many2one("res.country", string="Delivered To", readonly=True)
    account_id = fields.Many2one("account.account", readonly=True)
    base = fields.Monetary(
        string="Taxed Amount", readonly=True, help="Of each tax: what has two taxes is taxed, and counted here, twice."
    )
    amount = fields.Monetary(string="Tax Amount", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT l.id, v.date, v.id AS move_id, v.oms_channel_id AS channel_id, v.company_id, k.currency_id,
                   CASE WHEN l.tax_line_id IS NULL THEN 'nobody' WHEN d.res_id IS NOT NULL THEN 'channel' ELSE 'company'
                   END AS payer,
                   x.id AS tax_id, x.amount AS rate, x.country_id AS tax_country_id,
                   COALESCE(s.country_id, p.country_id) AS country_id, l.account_id,
                   CASE WHEN l.tax_line_id IS NULL THEN -l.balance
                        WHEN v.move_type = 'out_refund' THEN -ABS(l.tax_base_amount) ELSE ABS(l.tax_base_amount) END AS base,
                   CASE WHEN l.tax_line_id IS NULL THEN 0 ELSE -l.balance END AS amount
              FROM account_move_line l
              JOIN account_move v ON v.id = l.move_id AND v.state = 'posted' AND v.oms_channel_id IS NOT NULL
                               AND v.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
              JOIN res_company k ON k.id = v.company_id
              LEFT JOIN account_tax x ON x.id = l.tax_line_id
              -- the stand-ins for taxes that channels pay are known by the names under which they were made
              LEFT JOIN ir_model_data d ON d.model = 'account.tax' AND d.module = 'oms_core' AND d.res_id = l.tax_line_id
                               AND d.name LIKE 'company\\_%%\\_remitted\\_%%'
              LEFT JOIN res_partner p ON p.id = v.partner_id
              LEFT JOIN res_partner s ON s.id = v.partner_shipping_id
             WHERE l.tax_line_id IS NOT NULL
                OR (l.display_type = 'product'
                    AND NOT EXISTS (SELECT FROM account_move_line_account_tax_rel r WHERE r.account_move_line_id = l.id))
            """
        )
