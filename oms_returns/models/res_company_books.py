"""The accounts of what stands on credit notes beside goods: made when first needed, the company's own from then on."""

from odoo import fields, models
from odoo.fields import Command


class ResCompany(models.Model):
    _inherit = "res.company"

    oms_standard_shipping = fields.Monetary(
        string="Usual Shipment",
        help="What the cheapest usual shipment costs a customer, tax included. Who withdraws from a whole order gets no more "
        "than this back of its shipping. Zero: whatever was charged.",
    )

    def _oms_get_refund_account(self, kind):
        """Where fees, deductions, goodwill and refunds without goods are booked: the income account of the product, if
        somebody chose one, or one that is made now.

        :param kind: ``fee``, ``deduction``, ``goodwill``, ``adjustment``, ``kept`` or ``claim``.
        """
        self.ensure_one()
        # sudo: clerks refund, and the accounts are the accountant's
        product_sudo = self.env.ref(f"oms_returns.product_refund_{kind}").sudo().with_company(self)
        if not product_sudo.property_account_income_id:
            product_sudo.property_account_income_id = self._oms_find_or_make(
                f"refund_{kind}_account", lambda: self._oms_make_refund_account(kind, product_sudo.name)
            )
        return product_sudo.property_account_income_id.with_env(self.env)

    def _oms_make_refund_account(self, kind, name):
        """What is kept of a refund is other income; what is given beside goods lessens income."""
        accounts_sudo = self.env["account.account"].sudo().with_company(self)  # sudo: see above
        own = accounts_sudo._check_company_domain(self)
        account_type = "income_other" if kind in ("fee", "deduction") else "income"
        like = accounts_sudo.search([*own, ("account_type", "=", account_type)], limit=1) or accounts_sudo.search(
            [*own, ("account_type", "=", "income")], limit=1
        )
        return accounts_sudo.create(
            {
                "name": name,
                "code": accounts_sudo._search_new_account_code(like.code or "400000"),
                "account_type": account_type,
                "company_ids": [Command.set(self.ids)],
            }
        )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    oms_standard_shipping = fields.Monetary(
        related="company_id.oms_standard_shipping", readonly=False, currency_field="currency_id"
    )
