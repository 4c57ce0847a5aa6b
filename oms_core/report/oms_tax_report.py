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

    A tax of nothing (exports at 0 %) leaves no item in the ledger: its rows are made of the lines that bear it.

    Amounts are in the currency of the company, credit notes with a minus. The sum of what the company pays is what stands on
    its tax accounts for these entries; the sum of what channels pay is what stands on *Taxes collected by channels*.
    """

    _name = "oms.tax.report"
    _description = "Tax Report of Channels"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "move_id"
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
        string="Net Amount", readonly=True, help="Of each tax: what has two taxes is taxed, and counted here, twice."
    )
    amount = fields.Monetary(string="Tax Amount", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT t.id, v.date, v.id AS move_id, e.channel_id, v.company_id, k.currency_id,
                   CASE WHEN d.res_id IS NOT NULL THEN 'channel'
                        WHEN l.tax_line_id IS NOT NULL OR x.amount != 0 THEN 'company' ELSE 'nobody' END AS payer,
                   x.id AS tax_id, x.amount AS rate, x.country_id AS tax_country_id,
                   COALESCE(e.country_id, s.country_id, p.country_id) AS country_id, l.account_id, t.base, t.amount
              FROM (%(entries)s) e
              JOIN account_move v ON v.id = e.id AND v.state = 'posted'
              JOIN account_move_line l ON l.move_id = v.id
              JOIN account_account a ON a.id = l.account_id
              JOIN res_company k ON k.id = v.company_id
              JOIN LATERAL (
                   -- the base is signed as the tax is: of an invoice, too, more may be taken off than is put on
                   SELECT l.id::bigint * 2 AS id, l.tax_line_id AS tax_id,
                          CASE WHEN v.move_type != 'entry' THEN -l.tax_base_amount
                               WHEN l.balance > 0 THEN -ABS(l.tax_base_amount) ELSE ABS(l.tax_base_amount) END AS base,
                          -l.balance AS amount
                    WHERE l.tax_line_id IS NOT NULL
                    UNION ALL
                   SELECT ((l.id::bigint << 20) + COALESCE(one.id, 0)) * 2 + 1, one.id, -l.balance, 0
                     FROM (VALUES (l.id)) sold (id)
                LEFT JOIN account_move_line_account_tax_rel borne ON borne.account_move_line_id = sold.id
                LEFT JOIN account_tax_filiation_rel part ON part.parent_tax = borne.account_tax_id
                LEFT JOIN account_tax one ON one.id = COALESCE(part.child_tax, borne.account_tax_id)
                    WHERE l.display_type = 'product' AND l.balance != 0
                      AND (v.move_type != 'entry' OR borne.account_tax_id IS NOT NULL OR %(is_untaxed_sale)s)
                      AND NOT EXISTS (SELECT FROM account_move_line item
                                       WHERE item.move_id = l.move_id AND item.tax_line_id = one.id)) t ON TRUE
              LEFT JOIN account_tax x ON x.id = t.tax_id
              -- the stand-ins for taxes that channels pay are known by the names under which they were made
              LEFT JOIN ir_model_data d ON d.model = 'account.tax' AND d.module = 'oms_core' AND d.res_id = t.tax_id
                               AND d.name LIKE 'company\\_%%\\_remitted\\_%%'
              LEFT JOIN res_partner p ON p.id = v.partner_id
              LEFT JOIN res_partner s ON s.id = v.partner_shipping_id
            """,
            entries=self._entries_sql(),
            is_untaxed_sale=self._is_untaxed_sale_sql(),
        )

    def _entries_sql(self):
        """Hook: (id, channel_id, country_id) of each entry that books sales of a channel; no country: that of who gets them.

        The query of an add-on is added with ``UNION ALL``, and must not have an entry once more.
        """
        return SQL(
            """SELECT id, oms_channel_id AS channel_id, NULL::int AS country_id
                 FROM account_move
                WHERE oms_channel_id IS NOT NULL AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')"""
        )

    def _is_untaxed_sale_sql(self):
        """Hook: whether an item ``l`` without tax (on the account ``a``), of an entry that is no invoice, is a sale."""
        return SQL("FALSE")
