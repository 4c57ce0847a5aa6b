from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import CLEARED_MAX
from ..domain.clearance import propose


class OmsClearance(models.TransientModel):
    """Sell faster what there is too much of: native rules of a price list, for some time, at prices that lose nothing.

    Channels that sell by this price list are told the prices by themselves, where they are sent prices.
    """

    _name = "oms.clearance"
    _description = "Sell Faster"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    pricelist_id = fields.Many2one(
        "product.pricelist",
        required=True,
        domain="[('company_id', 'in', (False, company_id))]",
        help="Its customers and channels get the prices.",
    )
    currency_id = fields.Many2one(related="pricelist_id.currency_id")
    until = fields.Date(required=True, default=lambda self: fields.Date.context_today(self) + timedelta(days=30))
    is_below_cost = fields.Boolean(string="Below Cost Too", help="Else no price is lower than what the goods cost.")
    line_ids = fields.One2many("oms.clearance.line", "wizard_id")

    def action_apply(self):
        """Write the prices into the price list; the same product is not reduced twice at a time."""
        self.ensure_one()
        self.check_access("write")
        end = self.company_id._oms_get_end_of(self.until)
        if end <= fields.Datetime.now():
            raise UserError(self.env._("Choose a day to come: the prices would be over already."))
        lines = self.line_ids.filtered(lambda line: line.price_is_lower)
        if not lines:
            raise UserError(self.env._("No price is lower than it is now. Enter one, or take another price list."))
        for line in lines:
            if line.price <= 0:
                raise UserError(self.env._("Enter a price above zero for “%s”.", line.product_id.display_name))
            if line.currency_id.compare_amounts(line.price, line.cost) < 0 and not self.is_below_cost:
                raise UserError(
                    self.env._(
                        "“%(product)s” costs %(cost)s. Enter at least that, or tick “Below Cost Too”.",
                        product=line.product_id.display_name,
                        cost=line.currency_id.format(line.cost),
                    )
                )
        self._check_no_other(lines.product_id, end)
        self.env["product.pricelist.item"].create(
            [
                {
                    "pricelist_id": self.pricelist_id.id,
                    "applied_on": "0_product_variant",
                    "product_tmpl_id": line.product_id.product_tmpl_id.id,
                    "product_id": line.product_id.id,
                    "compute_price": "fixed",
                    "fixed_price": line.price,
                    "date_start": fields.Datetime.now(),
                    "date_end": end,
                }
                for line in lines
            ]
        )
        self.pricelist_id.message_post(
            body=self.env._(
                "%(count)s products are sold at a lower price until %(day)s.", count=len(lines), day=self.until
            )
        )
        return self.pricelist_id._get_records_action()

    def _check_no_other(self, products, end):
        """:raise UserError: when one of these products has a price of its own there in this time."""
        other = self.env["product.pricelist.item"].search(
            [
                ("pricelist_id", "=", self.pricelist_id.id),
                ("product_id", "in", products.ids),
                ("applied_on", "=", "0_product_variant"),
                "|",
                ("date_end", "=", False),
                ("date_end", ">=", fields.Datetime.now()),
                "|",
                ("date_start", "=", False),
                ("date_start", "<=", end),
            ],
            limit=1,
        )
        if other:
            raise UserError(
                self.env._(
                    "“%(product)s” has a price of its own in %(pricelist)s already. Change that one, or take the product out "
                    "here.",
                    product=other.product_id.display_name,
                    pricelist=self.pricelist_id.display_name,
                )
            )

    @api.model
    def _open_for(self, rows):
        """The wizard about these rows of what is to be restocked: a line for each product, whatever places have it."""
        by_product = rows.filtered(lambda row: row.overstock > 0).grouped("product_id")
        if not by_product:
            raise UserError(self.env._("There is not too much of any of these."))
        if len(rows.company_id) > 1 or len(by_product) > CLEARED_MAX:
            raise UserError(
                self.env._("Choose at most %s products, of one company: each has a price to be looked at.", CLEARED_MAX)
            )
        pricelist = self.env["product.pricelist"].search([("company_id", "in", (False, rows.company_id.id))], limit=1)
        wizard = self.create(
            {
                "company_id": rows.company_id.id,
                "pricelist_id": pricelist.id,
                "line_ids": [
                    fields.Command.create(
                        {
                            "product_id": product.id,
                            "overstock": sum(places.mapped("overstock")),
                            "loss": sum(row.markdown * row.overstock for row in places)
                            / sum(places.mapped("overstock")),
                        }
                    )
                    for product, places in by_product.items()
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sell Faster"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }


class OmsClearanceLine(models.TransientModel):
    _name = "oms.clearance.line"
    _description = "Sell Faster: Product"

    wizard_id = fields.Many2one("oms.clearance", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    product_id = fields.Many2one("product.product", required=True, readonly=True, ondelete="cascade")
    overstock = fields.Float(digits="Product Unit", readonly=True)
    loss = fields.Float(readonly=True, help="What keeping a piece costs, in the company's currency and without tax.")
    price_now = fields.Monetary(compute="_compute_price_now", help="Of the price list, before this.")
    cost = fields.Monetary(
        compute="_compute_price_now", help="As the price counts: with tax where the price is with tax."
    )
    keeping = fields.Monetary(compute="_compute_price_now", help="What keeping a piece costs, as the price counts.")
    price = fields.Monetary(string="New Price", compute="_compute_price", store=True, readonly=False)
    price_is_lower = fields.Boolean(compute="_compute_price_is_lower")
    why = fields.Char(compute="_compute_price", store=True)

    @api.depends("wizard_id.pricelist_id", "product_id")
    def _compute_price_now(self):
        for wizard, lines in self.grouped("wizard_id").items():
            pricelist, company = wizard.pricelist_id, wizard.company_id
            prices = pricelist._get_products_price(lines.product_id, 1.0) if pricelist else {}
            today = company._oms_get_today()
            rate = company.currency_id._get_conversion_rate(
                company.currency_id, pricelist.currency_id or company.currency_id, company, today
            )
            for line in lines:
                share = rate * line._get_tax_share()
                line.price_now = prices.get(line.product_id.id, 0.0)
                line.cost = line.product_id.with_company(company).standard_price * share
                line.keeping = line.loss * share

    def _get_tax_share(self):
        """What a price of this product is told as, for each 1.00 of it without tax."""
        taxes = self.product_id.taxes_id._filter_taxes_by_company(self.wizard_id.company_id)
        net = taxes.compute_all(100.0, product=self.product_id)["total_excluded"] if taxes else 0.0
        return 100.0 / net if net else 1.0

    @api.depends("price_now", "cost", "keeping", "wizard_id.is_below_cost")
    def _compute_price(self):
        for line in self:
            currency = line.currency_id or line.wizard_id.company_id.currency_id
            found = propose(
                Decimal(str(line.price_now)),
                Decimal(str(line.cost)),
                Decimal(str(line.keeping)),
                Decimal(str(currency.rounding)),
                below_cost=line.wizard_id.is_below_cost,
            )
            line.price = line.price_now if found.price is None else float(found.price)
            line.why = line._why(found.code)

    def _why(self, code):
        loss = self.currency_id.format(self.keeping) if self.currency_id else ""
        return {
            "worth_it": self.env._(
                "Keeping a piece until it is sold costs %s: sold now for that less, nothing is lost.", loss
            ),
            "at_cost": self.env._("Keeping a piece costs %s; the price is not lowered below its cost.", loss),
            "not_above_cost": self.env._("The price is not above the cost. Enter one, and tick “Below Cost Too”."),
            "no_cost": self.env._("Nobody knows what keeping it costs: it has no cost. Enter a price."),
        }[code]

    @api.depends("price", "price_now")
    def _compute_price_is_lower(self):
        for line in self:
            currency = line.currency_id
            line.price_is_lower = bool(currency) and currency.compare_amounts(line.price, line.price_now) < 0
