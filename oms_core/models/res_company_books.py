"""What a company needs in its books for what channels do: made when it is first needed, and the company's own from then on."""

from decimal import Decimal

from odoo import models
from odoo.fields import Command

#: The precision of a percentage in ``account.tax``.
RATE_STEP = Decimal("0.0001")


class ResCompany(models.Model):
    _inherit = "res.company"

    # Each record is found by an external id of its own, so that it is made once, survives being renamed or archived, and
    # goes with the add-on where nothing was booked with it. Companies, taxes and journals belong to accountants, and
    # channels are worked by clerks: what is made here follows from the code alone, whoever is at work (sudo).

    def _oms_find_or_make(self, key, make):
        """The record of this company with this key; ``make()`` creates it."""
        self.ensure_one()
        xml_id = f"oms_core.company_{self.id}_{key}"
        record = self.env.ref(xml_id, raise_if_not_found=False)
        if not record:
            record = make()
            self.env["ir.model.data"].sudo()._update_xmlids(  # sudo: see above
                [{"xml_id": xml_id, "record": record, "noupdate": True}]
            )
        return record.with_env(self.env)

    def _oms_get_account(self, key, name, reconcile=False, account_type="liability_current", code="210000"):
        """An account of this company, next to those that it has of its type; a current liability by default.

        :param code: where it begins to look for a free number when there is none of that type.
        """
        accounts_sudo = self.env["account.account"].sudo().with_company(self)  # sudo: see above

        def make():
            like = accounts_sudo.search(
                [*accounts_sudo._check_company_domain(self), ("account_type", "=", account_type)], limit=1
            )
            return accounts_sudo.create(
                {
                    "name": name,
                    "code": accounts_sudo._search_new_account_code(like.code or code),
                    "account_type": account_type,
                    "reconcile": reconcile,
                    "company_ids": [Command.set(self.ids)],
                }
            )

        return self._oms_find_or_make(f"{key}_account", make)

    # --------------------------------------------------------------------------------------- GIFT CARDS, STORE CREDIT

    def _oms_get_gift_card_account(self):
        """What is owed to the holders of gift cards: the income account of the product, if somebody chose one, or ours.

        It is set on the product, where accountants look for it.
        """
        self.ensure_one()
        # sudo: clerks invoice, and the product's account is the accountant's
        product_sudo = self.env.ref("oms_core.product_gift_card").sudo().with_company(self)
        if not product_sudo.property_account_income_id:
            product_sudo.property_account_income_id = self._oms_get_account("gift_card", self.env._("Gift cards sold"))
        return product_sudo.property_account_income_id.with_env(self.env)

    def _oms_get_tender_journal(self, tender):
        """The journal in which what we owe is redeemed; its payments debit the liability.

        :param tender: ``gift_card``; ``store_credit``, of which we keep the balances; ``channel_credit``, store credit of
            which a channel keeps them, apart, so that the other one's account is the sum of the balances that we know.
        """
        self.ensure_one()
        journals_sudo = self.env["account.journal"].sudo().with_company(self)  # sudo: see above

        def make():
            if tender == "gift_card":
                name, code, account = self.env._("Gift cards"), "GIFT", self._oms_get_gift_card_account()
            elif tender == "store_credit":
                name, code = self.env._("Store credit"), "SCRED"
                account = self._oms_get_account("store_credit", self.env._("Store credit of customers"))
            else:
                name, code = self.env._("Store credit kept by channels"), "CCRED"
                account = self._oms_get_account("channel_credit", self.env._("Store credit kept by channels"))
            taken = set(
                journals_sudo.with_context(active_test=False)
                .search([*journals_sudo._check_company_domain(self), ("code", "=like", f"{code[:3]}%")])
                .mapped("code")
            )
            numbered = (code, *(f"{code[:3]}{number}" for number in range(1, 100)))
            journal_sudo = journals_sudo.create(
                {
                    "name": name,
                    "code": next(code for code in numbered if code not in taken),
                    "type": "bank",
                    "company_id": self.id,
                    "default_account_id": account.id,
                    "show_on_dashboard": False,
                }
            )
            methods_sudo = journal_sudo.inbound_payment_method_line_ids | journal_sudo.outbound_payment_method_line_ids
            methods_sudo.payment_account_id = account
            return journal_sudo

        return self._oms_find_or_make(f"{tender}_journal", make)

    # ----------------------------------------------------------------------------------------------------- ROUNDING

    def _oms_rounding_values(self, amount):
        """The account of an invoice line that only rounds, as Odoo itself books cash rounding and cash differences.

        :param amount: positive when the customer pays more.
        :return: values for an ``account.move.line``; empty when the product, or nothing at all, says where to.
        """
        self.ensure_one()
        product_sudo = self.env.ref("oms_core.product_rounding").sudo().with_company(self)  # sudo: as above
        if product_sudo.property_account_income_id:
            return {}
        # sudo: where roundings go is the accountant's to set and follows from the amount alone
        rounding_sudo = self.env["account.cash.rounding"].sudo().with_company(self).search([], limit=1)
        company_sudo = self.sudo()  # sudo: the same
        if amount < 0:
            account = rounding_sudo.loss_account_id or company_sudo.default_cash_difference_expense_account_id
        else:
            account = rounding_sudo.profit_account_id or company_sudo.default_cash_difference_income_account_id
        return {"account_id": account.id} if account else {}

    # ------------------------------------------------------------------------------------------------ REMITTED TAXES

    def _oms_get_channel_tax_account(self):
        """Taxes that channels collected with the price and pay to the state themselves: what they keep back of what they
        owe us. Nothing is left on it when a channel has settled."""
        return self._oms_get_account("channel_tax", self.env._("Taxes collected by channels"), reconcile=True)

    def _oms_get_remitted_tax(self, country, rate):
        """The stand-in for a tax that a channel pays to the state itself: on orders and invoices like any tax, and no debt
        of ours to the state.

        It is of the use *none*, so that nobody is offered it, and it has no tax grid and no part in the closing of taxes,
        so that no tax report has it. Its amounts are the channel's, pinned on the line.

        :param country: to which the order's taxes are declared; Odoo wants all taxes of a document to be of one country.
        :param rate: percent, ``Decimal``.
        """
        self.ensure_one()
        rate = rate.quantize(RATE_STEP).normalize()
        percent = f"{rate:f}"
        taxes_sudo = self.env["account.tax"].sudo().with_company(self)  # sudo: see above

        def make_group():
            return (
                self.env["account.tax.group"]
                .sudo()  # sudo: see above
                .create(
                    {
                        "name": self.env._("Collected by the channel"),
                        "company_id": self.id,
                        "country_id": country.id,
                        "sequence": 90,
                    }
                )
            )

        def make():
            account = self._oms_get_channel_tax_account()
            group = self._oms_find_or_make(f"remitted_group_{country.id}", make_group)
            repartition = [
                Command.create({"repartition_type": "base"}),
                Command.create(
                    {"repartition_type": "tax", "account_id": account.id, "use_in_tax_closing": False, "tag_ids": []}
                ),
            ]
            return taxes_sudo.create(
                {
                    "name": self.env._("%s %% collected and paid by the channel", percent),
                    "invoice_label": self.env._("%s %%, paid by the marketplace", percent),
                    "description": self.env._(
                        "The channel collects this tax with the price and pays it to the state itself. Made by Order "
                        "Management; not for sales of your own."
                    ),
                    "amount_type": "percent",
                    "amount": float(rate),
                    "type_tax_use": "none",
                    "price_include_override": "tax_excluded",
                    "include_base_amount": False,
                    "is_base_affected": False,
                    "tax_exigibility": "on_invoice",
                    "company_id": self.id,
                    "country_id": country.id,
                    "tax_group_id": group.id,
                    "sequence": 90,
                    "invoice_repartition_line_ids": repartition,
                    "refund_repartition_line_ids": repartition,
                }
            )

        return self._oms_find_or_make(f"remitted_{country.id}_{percent.replace('.', '_')}", make)
