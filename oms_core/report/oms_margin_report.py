"""True margin: what was sold, what the goods cost, and what it cost to serve, row by row, each with where it comes from."""

from odoo import fields, models
from odoo.tools import SQL

from ..domain.cost_to_serve import KINDS, STANDINGS

ROWS = [("sales", "Sales"), ("refund", "Refunds"), ("goods", "Cost of goods"), *KINDS.items()]

#: Types of the accounts on which sales and the cost of what was sold are booked.
ACCOUNT_TYPES = ("income", "income_other", "expense", "expense_other", "expense_direct_cost")


class OmsMarginReport(models.Model):
    """Items of the ledger about orders, and the analytic lines of the plan “Order Cost”.

    Sales, refunds and goods are the items of posted invoices and credit notes, without tax, what corrects the cost of goods, and
    what other add-ons know to be booked otherwise; what it cost to serve is in analytic accounting. Amounts are in the company's
    currency, positive where they are in our favour, so that the sum of any rows is their margin. Rows that are in the ledger sum
    to it to the cent; estimates are apart.
    """

    _name = "oms.margin.report"
    _description = "Margin"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "name"
    _depends = {
        "account.analytic.line": [
            "name",
            "amount",
            "date",
            "company_id",
            "move_line_id",
            "product_id",
            "oms_cost_key",
            "oms_cost_kind",
            "oms_standing",
            "oms_sale_line_id",
            "oms_order_id",
            "oms_channel_id",
            "oms_customer_id",
        ],
        "account.move": ["state", "move_type", "date", "reversed_entry_id"],
        "account.move.line": [
            "move_id",
            "balance",
            "display_type",
            "account_id",
            "product_id",
            "name",
            "sale_line_ids",
            "cogs_origin_id",
            "oms_corrected_line_id",
        ],
        "sale.order": ["oms_channel_id", "partner_id"],
    }

    kind = fields.Selection(ROWS, string="What", readonly=True)
    standing = fields.Selection(list(STANDINGS.items()), readonly=True)
    name = fields.Char(string="Why", readonly=True)
    amount = fields.Monetary(
        string="Margin",
        readonly=True,
        help="In the company's currency, at the rate of the day on which it was booked. Positive where it is in our favour.",
    )
    date = fields.Date(readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True)
    sale_line_id = fields.Many2one("sale.order.line", string="Order Line", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    categ_id = fields.Many2one("product.category", string="Product Category", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    item_id = fields.Many2one("account.move.line", string="Journal Item", readonly=True)
    move_id = fields.Many2one("account.move", string="Entry", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            WITH told AS (
                SELECT item.id::bigint * 8 AS id,
                       CASE WHEN item.display_type = 'cogs' THEN 'goods'
                            WHEN entry.move_type = 'out_refund' THEN 'refund' ELSE 'sales' END AS kind,
                       'booked' AS standing, COALESCE(item.name, entry.name) AS name, -item.balance AS amount, item.date,
                       COALESCE(line.order_id, %(order_of_entry)s) AS order_id, line.id AS sale_line_id, item.product_id,
                       item.company_id, item.id AS item_id, entry.id AS entry_id, NULL::int AS seller_id
                  FROM account_move_line item
                  JOIN account_move entry ON entry.id = item.move_id AND entry.state = 'posted'
                       AND entry.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                  JOIN account_account account ON account.id = item.account_id AND account.account_type IN %(account_types)s
             LEFT JOIN LATERAL (SELECT MIN(rel.order_line_id) AS id FROM sale_order_line_invoice_rel rel
                                 WHERE rel.invoice_line_id = COALESCE(item.cogs_origin_id, item.id)) sold ON TRUE
             LEFT JOIN sale_order_line line ON line.id = sold.id
                 WHERE item.display_type IN ('product', 'cogs', 'rounding')
                   AND (line.id IS NOT NULL OR %(order_of_entry)s IS NOT NULL)
             UNION ALL
                SELECT item.id::bigint * 8, 'goods', 'booked', item.name, -item.balance, item.date, line.order_id, line.id,
                       line.product_id, item.company_id, item.id, item.move_id, NULL
                  FROM account_move_line item
                  JOIN sale_order_line line ON line.id = item.oms_corrected_line_id
                 WHERE item.parent_state = 'posted'
             UNION ALL
                SELECT cost.id::bigint * 8 + 1, cost.oms_cost_kind, cost.oms_standing, cost.name, cost.amount, cost.date,
                       cost.oms_order_id, cost.oms_sale_line_id, cost.product_id, cost.company_id, cost.move_line_id,
                       billed.move_id, NULL
                  FROM account_analytic_line cost
             LEFT JOIN account_move_line billed ON billed.id = cost.move_line_id
                 WHERE cost.oms_cost_key IS NOT NULL
             %(more)s
            )
            SELECT told.id, told.kind, told.standing, told.name, told.amount, told.date, told.order_id, told.sale_line_id,
                   told.product_id, told.company_id, told.item_id, told.entry_id AS move_id, template.categ_id,
                   COALESCE(sale.oms_channel_id, told.seller_id) AS channel_id,
                   partner.commercial_partner_id AS partner_id, company.currency_id
              FROM told
              JOIN res_company company ON company.id = told.company_id
         LEFT JOIN sale_order sale ON sale.id = told.order_id
         LEFT JOIN res_partner partner ON partner.id = sale.partner_id
         LEFT JOIN product_product product ON product.id = told.product_id
         LEFT JOIN product_template template ON template.id = product.product_tmpl_id
            """,
            order_of_entry=self._order_of_entry_sql(),
            account_types=ACCOUNT_TYPES,
            more=self._more_rows_sql(),
        )

    def _order_of_entry_sql(self):
        """Hook: the order that an ``entry`` is about though its items name no line of one."""
        return SQL("NULL::int")

    def _more_rows_sql(self):
        """Hook: ``UNION ALL`` of further rows, of ids that leave a rest of 2 or more when divided by 8.

        Their columns are those of ``told``; the last one is the channel of a row without an order.
        """
        return SQL("")

    def action_open(self):
        """Where the row comes from: the entry of the ledger, or the order."""
        self.ensure_one()
        self.check_access("read")
        document = self.move_id or self.order_id
        return {
            "type": "ir.actions.act_window",
            "res_model": document._name,
            "res_id": document.id,
            "views": [(False, "form")],
        }


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_oms_view_margin(self):
        """What this order earned and what it cost, row by row."""
        self.env["oms.margin.report"].check_access("read")
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_margin_report_action")
        action.update(
            domain=[("order_id", "in", self.ids)], view_mode="list,pivot", views=[(False, "list"), (False, "pivot")]
        )
        return action
