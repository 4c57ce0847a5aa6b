"""Who bills us for parcels and for work at a place, and how much may differ without a question."""

from decimal import Decimal

from odoo import fields, models
from odoo.tools import SQL

from ..domain.bill_match import Tolerance


class OmsBiller(models.Model):
    """A carrier or fulfilment partner as a creditor: one agreement, with its prices in rate cards or the tariff of places."""

    _name = "oms.biller"
    _description = "Carrier or Partner That Bills"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", string="Vendor", required=True, check_company=True)
    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        string="Works At",
        check_company=True,
        help="A fulfilment partner: its work is compared with the costs on these warehouses. Empty for a carrier.",
    )
    product_id = fields.Many2one(
        "product.product",
        string="Booked As",
        required=True,
        domain="[('type', '=', 'service')]",
        check_company=True,
        help="The service whose expense account is debited.",
    )
    tolerance_amount = fields.Monetary(
        string="Paid Without a Question", help="So much more for a parcel, delivery or return than was booked."
    )
    tolerance_percent = fields.Float(
        string="Or Up To (%)", digits=(5, 2), help="Of what was booked; the larger of the two counts."
    )
    is_posted = fields.Boolean(
        string="Post What Agrees", default=True, help="A bill without disputed lines is posted when it is imported."
    )
    user_id = fields.Many2one("res.users", string="Disputes Go To", help="Empty: who imports the bill.")
    format_id = fields.Many2one("oms.payout.format", string="Format of Bills", domain="[('report', '=', 'bill')]")

    _tolerance_check = models.Constraint(
        "CHECK(tolerance_amount >= 0 AND tolerance_percent >= 0)", "What may differ cannot be negative."
    )
    _partner_uniq = models.UniqueIndex(
        "(company_id, partner_id) WHERE active", "This vendor bills already; change that agreement instead."
    )

    def _to_tolerance(self, convert):
        """:param convert: from the company's currency to the bill's, as ``Decimal``."""
        return Tolerance(convert(self.tolerance_amount), Decimal(str(self.tolerance_percent)))

    def _take_turn(self):
        """Let only one at a time take bills of this sender. Who comes second does not see what the first one made; the
        database tells it to begin anew, as the first one has written the same row."""
        self.env.cr.execute(SQL("UPDATE oms_biller SET id = id WHERE id IN %s", tuple(self.ids)))

    def _get_account(self):
        """The account that is debited; none where there is none."""
        product = self.product_id.with_company(self.company_id)
        return product.product_tmpl_id.get_product_accounts()["expense"]
