from odoo import api, fields, models
from odoo.exceptions import AccessError


class ResPartner(models.Model):
    """What a customer has as store credit, and where it came from."""

    _inherit = "res.partner"

    oms_credit_count = fields.Integer(compute="_compute_oms_credit", compute_sudo=True)
    oms_credit_text = fields.Char(
        string="Store Credit",
        compute="_compute_oms_credit",
        compute_sudo=True,
        groups="sales_team.group_sale_salesman,account.group_account_invoice,account.group_account_readonly",
        help="What can be spent today, in each currency.",
    )

    @api.depends_context("allowed_company_ids")
    def _compute_oms_credit(self):
        mine = [
            ("partner_id", "in", self.commercial_partner_id.ids),
            ("company_id", "in", self.env.companies.ids),
        ]
        counts = dict(self.env["oms.store.credit.entry"]._read_group(mine, ["partner_id"], ["__count"]))
        for partner in self:
            partner.oms_credit_count = counts.get(partner.commercial_partner_id, 0)
            balances = partner._oms_get_store_credit() if partner.oms_credit_count else {}
            partner.oms_credit_text = ", ".join(currency.format(float(amount)) for currency, amount in balances.items())

    def _oms_get_store_credit(self, company=None):
        """What this customer can spend today, by currency; what has expired is not in it.

        :param company: all companies that are being worked in by default.
        :rtype: dict[res.currency, Decimal]
        """
        self.ensure_one()
        credits_sudo = self.env["oms.store.credit.entry"].sudo()  # sudo: a balance must not depend on who looks
        companies = company or self.env.companies
        balances = {}
        mine = [
            ("partner_id", "=", self.commercial_partner_id.id),
            ("company_id", "in", companies.ids),
            ("amount_left", ">", 0),
        ]
        for one, currency in credits_sudo._read_group(mine, ["company_id", "currency_id"]):
            if amount := credits_sudo._get_spendable(self, one, currency):
                balances[currency] = balances.get(currency, 0) + amount
        return balances

    def action_oms_view_credit(self):
        """The entries of this customer's store credit."""
        self.ensure_one()
        self.env["oms.store.credit.entry"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_returns.oms_store_credit_entry_action")
        action["domain"] = [("partner_id", "=", self.commercial_partner_id.id)]
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action

    def action_oms_give_credit(self):
        """Add or take store credit by hand."""
        self.ensure_one()
        if not self.env["oms.store.credit.give"].has_access("create"):
            raise AccessError(self.env._("Only a manager corrects store credit by hand."))
        wizard = self.env["oms.store.credit.give"].create({"partner_id": self.commercial_partner_id.id})
        return {**wizard._get_records_action(name=self.env._("Correct Store Credit")), "target": "new"}
