from odoo import models
from odoo.fields import Command


class ResCompany(models.Model):
    _inherit = "res.company"

    def _oms_get_gift_card_program(self):
        """The program of the gift cards that are given for returns, made with the first one; the company's own from then on.

        It is apart from the programs of cards that are sold: what those are booked on is the accountant's to choose.
        """
        self.ensure_one()
        # sudo: who settles returns need no right to programs and products; what is made follows from the code alone
        programs_sudo = self.env["loyalty.program"].sudo().with_company(self)

        def make():
            card_sudo = self._oms_get_returns_card_product().sudo()  # sudo: as above
            template = programs_sudo._program_type_default_values()["gift_card"]
            mail = {"trigger": "create", "mail_template_id": self.env.ref("loyalty.mail_template_gift_card").id}
            if "pos_report_print_id" in self.env["loyalty.mail"]._fields:
                # A till opens with no gift card that it could not print.
                mail["pos_report_print_id"] = self.env.ref("loyalty.report_gift_card").id
            (_clear, (_create, _id, rule)) = template["rule_ids"]
            return programs_sudo.create(
                {
                    **template,
                    "name": self.env._("Gift Cards for Returns"),
                    "program_type": "gift_card",
                    "company_id": self.id,
                    "currency_id": self.currency_id.id,
                    "portal_point_name": self.currency_id.symbol,
                    "rule_ids": [Command.create({**rule, "product_ids": [Command.set(card_sudo.ids)]})],
                    "communication_plan_ids": [Command.create(mail)],
                }
            )

        program_sudo = self._oms_find_or_make("returns_gift_card_program", make).sudo()  # sudo: as above
        # What redeems a card is booked where the debt is, wherever the accountant has it by now.
        account = self._oms_get_gift_card_account()
        for product_sudo in program_sudo._oms_get_money_products().with_company(self):
            if product_sudo.property_account_income_id != account:
                product_sudo.property_account_income_id = account
        # Odoo's own needs a point, and what is below it could not be spent.
        step = program_sudo.currency_id.rounding
        program_sudo.reward_ids.filtered(lambda reward: reward.required_points > step).required_points = step
        return program_sudo.with_env(self.env)

    def _oms_get_returns_card_product(self):
        """What such a card would be sold as: a program needs one, and nobody is offered it."""
        products_sudo = self.env["product.product"].sudo()  # sudo: as for the program
        return self._oms_find_or_make(
            "returns_gift_card_product",
            lambda: products_sudo.create(
                {
                    "name": self.env._("Gift card for a return"),
                    "type": "service",
                    "invoice_policy": "order",
                    "sale_ok": False,
                    "purchase_ok": False,
                    "list_price": 0,
                    "taxes_id": [Command.clear()],
                    "company_id": self.id,
                }
            ),
        )
