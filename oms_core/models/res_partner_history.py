from odoo import api, fields, models

from .oms_customer_score import SEGMENTS

#: Orders shown on a contact; the button opens all of them.
RECENT_MAX = 10


class ResPartner(models.Model):
    """What a clerk wants to know about whoever is on the phone: on the contact, with a fixed number of queries."""

    _inherit = "res.partner"

    oms_score_ids = fields.One2many(
        "oms.customer.score", "partner_id", groups="sales_team.group_sale_salesman,oms_core.group_oms_accountant"
    )
    oms_segment = fields.Selection(
        SEGMENTS, string="Segment", compute="_compute_oms_score", search="_search_oms_segment", compute_sudo=True
    )
    oms_rfm = fields.Char(
        string="RFM Score",
        help="Recency, frequency and money, each from 1 to 5.",
        compute="_compute_oms_score",
        compute_sudo=True,
    )
    oms_margin = fields.Monetary(
        string="Margin", compute="_compute_oms_score", compute_sudo=True, currency_field="oms_currency_id"
    )
    oms_spent = fields.Monetary(
        string="Spent", compute="_compute_oms_score", compute_sudo=True, currency_field="oms_currency_id"
    )
    oms_return_rate = fields.Float(string="Paid Back", compute="_compute_oms_score", compute_sudo=True)
    oms_currency_id = fields.Many2one("res.currency", compute="_compute_oms_currency_id")
    oms_order_count = fields.Integer(compute="_compute_oms_counts", compute_sudo=True)
    oms_hold_count = fields.Integer(compute="_compute_oms_counts", compute_sudo=True)
    oms_subscription_count = fields.Integer(compute="_compute_oms_counts", compute_sudo=True)
    oms_last_contact_at = fields.Datetime(string="Last Notified", compute="_compute_oms_counts", compute_sudo=True)
    oms_recent_order_ids = fields.Many2many("sale.order", compute="_compute_oms_recent_order_ids", string="Last Orders")

    @api.depends_context("company")
    def _compute_oms_currency_id(self):
        self.oms_currency_id = self.env.company.currency_id

    @api.depends_context("company")
    def _compute_oms_score(self):
        rows = self.env["oms.customer.score"].search(
            [("partner_id", "in", self.commercial_partner_id.ids), ("company_id", "=", self.env.company.id)]
        )
        by_partner = {row.partner_id: row for row in rows}
        for partner in self:
            row = by_partner.get(partner.commercial_partner_id)
            partner.oms_segment = row and row.segment
            partner.oms_rfm = row and row.rfm
            partner.oms_margin = row.margin if row else 0.0
            partner.oms_spent = row.revenue if row else 0.0
            partner.oms_return_rate = row.return_rate if row else 0.0

    def _search_oms_segment(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = [("company_id", "=", self.env.company.id), ("segment", "in", list(value))]
        # sudo: who may see the segment of a contact may look contacts up by it
        found = self.env["oms.customer.score"].sudo().search(wanted).partner_id.ids
        return [("commercial_partner_id", "in", found)]

    @api.depends_context("allowed_company_ids")
    def _compute_oms_counts(self):
        people = self.commercial_partner_id.ids
        mine = [("company_id", "in", self.env.companies.ids)]
        orders, holds, subscriptions, told = {}, {}, {}, {}
        for partner, count in self.env["sale.order"]._read_group(
            [*mine, ("partner_id", "child_of", people), ("oms_channel_id", "!=", False)], ["partner_id"], ["__count"]
        ):
            _add(orders, partner, count)
        for order, count in self.env["oms.hold"]._read_group(
            [*mine, ("order_id.partner_id", "child_of", people), ("released_at", "=", False)], ["order_id"], ["__count"]
        ):
            _add(holds, order.partner_id, count)
        for partner, count in self.env["oms.subscription"]._read_group(
            [*mine, ("partner_id", "child_of", people)], ["partner_id"], ["__count"]
        ):
            _add(subscriptions, partner, count)
        for order, sent_at in self.env["oms.notification"]._read_group(
            [*mine, ("order_id.partner_id", "child_of", people), ("sent_at", "!=", False)],
            ["order_id"],
            ["sent_at:max"],
        ):
            key = order.partner_id.commercial_partner_id.id
            told[key] = max(told.get(key, sent_at), sent_at)
        for partner in self:
            key = partner.commercial_partner_id.id
            partner.oms_order_count = orders.get(key, 0)
            partner.oms_hold_count = holds.get(key, 0)
            partner.oms_subscription_count = subscriptions.get(key, 0)
            partner.oms_last_contact_at = told.get(key, False)

    @api.depends_context("allowed_company_ids")
    def _compute_oms_recent_order_ids(self):
        """The last orders of a contact that is looked at; of a list of contacts, nobody looks at orders."""
        orders = self.env["sale.order"]
        for partner in self:
            mine = [("partner_id", "child_of", partner.commercial_partner_id.ids)]
            known = bool(partner.commercial_partner_id.ids)
            recent = orders.search(mine, order="date_order desc, id desc", limit=RECENT_MAX) if known else orders
            partner.oms_recent_order_ids = recent

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_oms_view_orders(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_order_action")
        action["domain"] = [("partner_id", "child_of", self.commercial_partner_id.id)]
        action["context"] = {"search_default_from_channel": 1}
        return action

    def action_oms_view_holds(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_hold_action")
        action["domain"] = [("order_id.partner_id", "child_of", self.commercial_partner_id.id)]
        return action

    def action_oms_view_subscriptions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_subscription_action")
        action["domain"] = [("partner_id", "child_of", self.commercial_partner_id.id)]
        action["context"] = {"default_partner_id": self.id}
        return action


def _add(counts, partner, count):
    key = partner.commercial_partner_id.id
    counts[key] = counts.get(key, 0) + count
