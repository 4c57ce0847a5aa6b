from decimal import Decimal

from odoo import api, models


class AccountTax(models.Model):
    _inherit = "account.tax"

    @api.model
    def _oms_sale_taxes_by_rate(self, company):
        """{(country, rate in percent as ``Decimal``): sales tax} of a company, for reading what a channel charged.

        Of several taxes with the same rate, one whose price excludes tax is preferred (a channel says amounts without
        tax), then the first in the company's own order.
        """
        taxes = self.search(
            [
                *self._check_company_domain(company),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "percent"),
                ("amount", ">", 0),
            ]
        )
        by_rate = {}
        for tax in taxes.sorted(lambda tax: (tax.price_include, tax.sequence, tax.id)):
            by_rate.setdefault((tax.country_id, Decimal(str(tax.amount)).normalize()), tax)
        return by_rate
