"""What is said and known of returns where people look: on the product, the supplier and the salesperson."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_date

from .oms_return_signal import WORDS_SHOWN_MAX

#: Of each return and remark, so many characters.
WORDS_MAX_CHARS = 400


class ReturnRateMixin(models.AbstractModel):
    """A record that has a return rate. ``_oms_rate_watch`` and ``_oms_rate_field`` say which."""

    _name = "oms.return.rate.mixin"
    _description = "Has a Return Rate"
    _oms_rate_watch = None
    _oms_rate_field = None

    oms_back_rate_id = fields.Many2one(
        "oms.return.rate", string="Return Rate Row", compute="_compute_oms_back_rate", compute_sudo=True
    )
    oms_back_rate = fields.Float(
        string="Return Rate (%)",
        compute="_compute_oms_back_rate",
        compute_sudo=True,
        search="_search_oms_back_rate",
        digits=(5, 1),
        help="Of the order lines of the last 13 weeks, how many came back by now.",
    )
    oms_back_usual = fields.Float(
        string="Usual Return Rate (%)", compute="_compute_oms_back_rate", compute_sudo=True, digits=(5, 1)
    )
    oms_back_is_high = fields.Boolean(
        string="Returns above the Limit", compute="_compute_oms_back_rate", compute_sudo=True
    )
    oms_back_chart = fields.Text(string="Control Chart", compute="_compute_oms_back_chart", compute_sudo=True)

    @api.depends_context("company")
    def _compute_oms_back_rate(self):
        rates = self.env["oms.return.rate"].search(
            [
                ("company_id", "=", self.env.company.id),
                ("watch", "=", self._oms_rate_watch),
                (self._oms_rate_field, "in", self.ids),
            ]
        )
        by_record = {rate[self._oms_rate_field].id: rate for rate in rates}
        for record in self:
            rate = by_record.get(record._origin.id, rates.browse())
            record.oms_back_rate_id = rate
            record.oms_back_rate = rate.rate
            record.oms_back_usual = rate.usual
            record.oms_back_is_high = rate.is_high

    @api.depends_context("company")
    def _compute_oms_back_chart(self):
        for record in self:
            record.oms_back_chart = record.oms_back_rate_id.chart

    def _search_oms_back_rate(self, operator, value):
        if operator not in ("<", "<=", ">", ">=", "="):
            return NotImplemented
        rates_sudo = self.env["oms.return.rate"].sudo()  # sudo: a number of a record that the user may see
        rates = rates_sudo.search(
            [
                ("company_id", "=", self.env.company.id),
                ("watch", "=", self._oms_rate_watch),
                ("rate", operator, value),
            ]
        )
        return [("id", "in", rates[self._oms_rate_field].ids)]


class ProductTemplate(models.Model):
    _name = "product.template"
    _inherit = ["product.template", "oms.return.rate.mixin"]
    _oms_rate_watch = "product"
    _oms_rate_field = "product_tmpl_id"

    oms_return_words = fields.Html(string="What Customers Say", compute="_compute_oms_return_words", compute_sudo=True)

    @api.depends_context("company")
    def _compute_oms_return_words(self):
        for template in self:
            template.oms_return_words = template._oms_get_words_html()

    def _oms_get_words_html(self):
        """The last words of customers about a product, on returns and in their feedback, newest first."""
        rows = [
            Markup("<li><span class='text-muted'>%s%s</span> %s</li>")
            % (format_date(self.env, said_at), f" · {label}" if label else "", words[:WORDS_MAX_CHARS])
            for said_at, label, words in self._oms_get_words()
        ]
        return Markup("<ul>%s</ul>") % Markup("").join(rows) if rows else False

    def _oms_get_words(self):
        """:return: ``[(when, reason or stars, words)]``"""
        if not self:
            return []
        returned = self.env["oms.return.line"].search(
            [
                ("product_id.product_tmpl_id", "in", self.ids),
                ("company_id", "=", self.env.company.id),
                ("comment", "!=", False),
                ("return_id.state", "in", ("draft", "open", "closed")),
            ],
            order="id desc",
            limit=WORDS_SHOWN_MAX,
        )
        remarks = self.env["oms.feedback.line"].search(
            [
                ("product_id.product_tmpl_id", "in", self.ids),
                ("company_id", "=", self.env.company.id),
                ("remark", "!=", False),
            ],
            order="id desc",
            limit=WORDS_SHOWN_MAX,
        )
        words = [(line.return_id.requested_at, line.reason_id.name, line.comment) for line in returned]
        words += [(line.said_at, f"{line.stars:.0f} ★", line.remark) for line in remarks]
        return sorted(words, key=lambda row: row[0], reverse=True)[:WORDS_SHOWN_MAX]

    def action_oms_view_return_lines(self):
        self.ensure_one()
        self.env["oms.return.report"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_returns.oms_return_line_report_action")
        action["domain"] = [("is_return", "=", True), ("product_tmpl_id", "=", self.id)]
        action["context"] = {}
        return action


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "oms.return.rate.mixin"]
    _oms_rate_watch = "supplier"
    _oms_rate_field = "supplier_id"


class ResUsers(models.Model):
    _name = "res.users"
    _inherit = ["res.users", "oms.return.rate.mixin"]
    _oms_rate_watch = "salesperson"
    _oms_rate_field = "user_id"


class ResCompany(models.Model):
    _inherit = "res.company"

    oms_return_content_user_id = fields.Many2one("res.users", string="Product Content", domain=[("share", "=", False)])
    oms_return_purchase_user_id = fields.Many2one("res.users", string="Purchasing", domain=[("share", "=", False)])
    oms_return_sales_user_id = fields.Many2one("res.users", string="Sales", domain=[("share", "=", False)])
    oms_return_warehouse_user_id = fields.Many2one("res.users", string="Warehouse", domain=[("share", "=", False)])


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    oms_return_content_user_id = fields.Many2one(related="company_id.oms_return_content_user_id", readonly=False)
    oms_return_purchase_user_id = fields.Many2one(related="company_id.oms_return_purchase_user_id", readonly=False)
    oms_return_sales_user_id = fields.Many2one(related="company_id.oms_return_sales_user_id", readonly=False)
    oms_return_warehouse_user_id = fields.Many2one(related="company_id.oms_return_warehouse_user_id", readonly=False)
