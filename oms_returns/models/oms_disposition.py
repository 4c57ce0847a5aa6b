"""Where goods go that came back: each disposition has a place, a posting and what it recovers of each grade."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Command

from ..const import GRADES_LEARNED_DAYS, GRADES_MAX
from ..domain.disposition import Goods, Route, chances, choose, expected_recovery

#: Kinds that keep the goods in the place, apart from what is sold.
APART = frozenset({"refurbish", "outlet", "quarantine"})
#: Kinds that take the goods out of the books: their places have an account of their own.
WRITTEN_OFF = frozenset({"scrap", "donate", "vendor"})


class OmsReturnGrade(models.Model):
    """How good goods are that came back, from as new to waste."""

    _name = "oms.return.grade"
    _description = "Return Grade"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    refund_percent = fields.Float(
        string="Refunded %", default=100.0, help="How much of its price is proposed to be paid back for such goods."
    )
    chance = fields.Float(
        string="Usual Share %",
        help="How many of a hundred pieces come back like this, until enough were inspected to know it.",
    )
    note = fields.Char(string="Looks Like", translate=True)

    _percent_check = models.Constraint(
        "CHECK(refund_percent BETWEEN 0 AND 100 AND chance BETWEEN 0 AND 100)", "Shares are between 0 and 100 percent."
    )


class OmsDisposition(models.Model):
    """What is done with goods that came back. Its place is made where it is first needed."""

    _name = "oms.disposition"
    _description = "Disposition"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    kind = fields.Selection(
        [
            ("restock", "Sell as new"),
            ("refurbish", "Work on it first"),
            ("outlet", "Sell for less"),
            ("quarantine", "Keep apart"),
            ("vendor", "Return to vendor"),
            ("donate", "Donate"),
            ("scrap", "Scrap"),
            ("keep", "Customer keeps it"),
            ("back", "Back to the customer"),
        ],
        required=True,
        default="quarantine",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    recovers = fields.Selection(
        [("price", "Its sales price"), ("cost", "Its cost")],
        string="Recovers a Share of",
        required=True,
        default="price",
        help="What the shares in the table are taken of.",
    )
    cost = fields.Float(
        string="Work per Piece",
        help="Cleaning, repair, freight or disposal of one piece, in the currency of the company that does it.",
    )
    write_down_percent = fields.Float(
        string="Write-Down %",
        help="How much of its value a piece loses when it goes this way. Goods at a standard price keep that price in "
        "Odoo; only goods at average cost or first in first out are written down.",
    )
    rate_ids = fields.One2many("oms.disposition.rate", "disposition_id", string="Recovery", copy=True)
    needs_place = fields.Boolean(compute="_compute_needs_place")

    _percent_check = models.Constraint(
        "CHECK(write_down_percent BETWEEN 0 AND 100)", "A share is between 0 and 100 percent."
    )

    @api.depends("kind")
    def _compute_needs_place(self):
        for record in self:
            record.needs_place = record.kind in APART | WRITTEN_OFF

    # ------------------------------------------------------------------------------------------------------- PLACES

    def _get_place(self, warehouse, partner):
        """Where goods of this disposition go from a warehouse.

        Goods apart lie beside the stock and not in it, so that nobody is promised them. Who wants to sell an outlet from
        here moves that place below the stock.

        :return: a location; empty when the goods go nowhere.
        """
        self.ensure_one()
        if self.kind == "restock":
            return warehouse.lot_stock_id
        if self.kind == "back":
            customers = self.env.ref("stock.stock_location_customers", raise_if_not_found=False)
            return partner.with_company(warehouse.company_id).property_stock_customer or customers
        if self.kind in APART:
            return warehouse._oms_get_place_apart(f"disposition_{self.id}_{warehouse.id}", self.name)
        if self.kind in WRITTEN_OFF:
            return warehouse.company_id._oms_get_write_off_place(self)
        return self.env["stock.location"]

    # ------------------------------------------------------------------------------------------------------ CHOOSING

    @api.model
    def _get_routes(self):
        """All ways that goods can go, as the decision wants them."""
        dispositions = self.search([("rate_ids", "!=", False)])
        return [
            Route(
                record.id,
                record.name,
                {rate.grade_id.id: Decimal(repr(rate.percent)) / 100 for rate in record.rate_ids},
                record.recovers,
                Decimal(repr(record.cost)),
            )
            for record in dispositions
        ]

    @api.model
    def _choose(self, goods):
        """The disposition that recovers most for each.

        :param goods: ``[(key, Goods, grade)]``
        :return: ``{key: Choice}``
        """
        routes = self._get_routes()
        return {key: choose(item, grade.id, routes) for key, item, grade in goods}

    @api.model
    def _get_chances(self, products, company):
        """``{product: {grade id: chance}}``: as its category came back in the last year, and as grades usually are."""
        grades = self.env["oms.return.grade"].search([], limit=GRADES_MAX)
        priors = {grade.id: Decimal(repr(grade.chance)) for grade in grades}
        counts = defaultdict(dict)
        # sudo: how goods of a category came back, in numbers only
        rows = self.env["oms.return.inspection"].sudo()._read_group(
            [
                ("state", "=", "done"),
                ("company_id", "=", company.id),
                ("create_date", ">", fields.Datetime.now() - timedelta(days=GRADES_LEARNED_DAYS)),
                ("product_id.categ_id", "in", products.categ_id.ids),
            ],
            ["product_categ_id", "grade_id"],
            ["quantity:sum"],
        )  # fmt: skip
        for category, grade, quantity in rows:
            counts[category][grade.id] = Decimal(repr(quantity))
        return {product: chances(counts[product.categ_id], priors) for product in products}

    @api.model
    def _get_recoveries(self, pieces, company):
        """What a piece leaves on average when it is back, as nobody has seen it yet.

        :param pieces: ``[(key, product, net price of a piece in the company's currency)]``
        :return: ``{key: Decimal}``, in the company's currency; without what nobody knows: what had no price, and everything
            where no disposition says what it recovers.
        """
        routes = self._get_routes()
        if not routes:
            return {}
        products = self.env["product.product"].browse(dict.fromkeys(product.id for _key, product, _price in pieces))
        odds = self._get_chances(products, company)
        return {
            key: expected_recovery(product._oms_to_goods(price, company), odds[product], routes)
            for key, product, price in pieces
            if price > 0
        }


class OmsDispositionRate(models.Model):
    """How much of a grade one disposition recovers. A grade without a row cannot go that way."""

    _name = "oms.disposition.rate"
    _description = "Disposition Recovery"
    _order = "grade_id"

    disposition_id = fields.Many2one("oms.disposition", required=True, index=True, ondelete="cascade")
    grade_id = fields.Many2one("oms.return.grade", required=True, ondelete="cascade")
    percent = fields.Float(string="Recovers %")

    _grade_uniq = models.Constraint("UNIQUE(disposition_id, grade_id)", "Each grade stands once in a recovery table.")
    _percent_check = models.Constraint("CHECK(percent BETWEEN 0 AND 200)", "A share is between 0 and 200 percent.")


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _oms_to_goods(self, price, company):
        """:param price: without tax, of one piece in the product's unit, in the company's currency."""
        self.ensure_one()
        cost_sudo = self.sudo().with_company(company).standard_price  # sudo: what it costs decides, and is not shown
        return Goods(Decimal(repr(float(price))), Decimal(repr(cost_sudo)))


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_takes_returns = fields.Boolean(
        string="Takes Returns",
        help="Returns may be sent here from wherever they left. Where no place takes returns, everything comes back to "
        "where it left.",
    )

    def _oms_get_return_place(self):
        """Where goods wait that have to be inspected: in the place, and in no stock that anybody is promised."""
        return self._oms_get_place_apart(f"returns_{self.id}", self.env._("Returns to Inspect"))

    def _oms_get_place_apart(self, key, name):
        self.ensure_one()

        def make():
            # sudo: places follow from where goods come back, and clerks and inspectors are no managers of stock
            return self.env["stock.location"].sudo().create(
                {
                    "name": name,
                    "usage": "internal",
                    "location_id": self.view_location_id.id,
                    "company_id": self.company_id.id,
                }
            )  # fmt: skip

        return self.company_id._oms_find_or_make(f"{key}_place", make)


class ResCompany(models.Model):
    _inherit = "res.company"

    oms_return_four_eyes_amount = fields.Monetary(
        string="Four Eyes above",
        help="Whoever inspected goods of a return may not settle more than this. Zero: no limit.",
    )
    oms_return_label_cost = fields.Monetary(
        string="A Parcel Back", default=4.5, help="What the way back costs where no carrier tells."
    )
    oms_return_receiving_cost = fields.Monetary(
        string="Receiving a Parcel", default=1.5, help="Opening it, finding its order, papers."
    )
    oms_return_inspecting_cost = fields.Monetary(
        string="Inspecting a Piece", default=1.0, help="Looking, testing, putting away."
    )
    oms_return_moving_cost = fields.Monetary(
        string="Moving a Piece on",
        default=0.8,
        help="To another place that sells it, when it comes back to the wrong one.",
    )
    oms_return_remind_days = fields.Integer(
        string="Remind after", default=7, help="Days after a return was expected; zero: never."
    )
    oms_return_close_days = fields.Integer(
        string="Close after", default=30, help="Days after a return was expected and nothing of it came; zero: never."
    )
    oms_return_carrier_id = fields.Many2one(
        "delivery.carrier",
        string="Carrier of Returns",
        help="For the way back where the carrier that delivered makes no return labels.",
    )

    def _oms_get_write_off_place(self, disposition):
        """Where goods leave the books: what comes in is booked to its account, at once or at closing."""
        self.ensure_one()

        def make():
            account = self._oms_get_write_off_account(disposition)
            # sudo: see _oms_find_or_make
            return self.env["stock.location"].sudo().create(
                {
                    "name": disposition.name,
                    "usage": "inventory",
                    "company_id": self.id,
                    "valuation_account_id": account.id,
                }
            )  # fmt: skip

        return self._oms_find_or_make(f"disposition_{disposition.id}_place", make)

    def _oms_get_write_off_account(self, disposition):
        return self._oms_get_expense_account(
            f"disposition_{disposition.id}", self.env._("Returned goods: %s", disposition.name)
        )

    def _oms_get_write_down_account(self):
        return self._oms_get_expense_account("return_write_down", self.env._("Returned goods: write-down"))

    def _oms_get_expense_account(self, key, name):
        """An expense account of this company, next to those that it has."""
        accounts_sudo = self.env["account.account"].sudo().with_company(self)  # sudo: see _oms_find_or_make

        def make():
            like = accounts_sudo.search(
                [*accounts_sudo._check_company_domain(self), ("account_type", "=", "expense")], limit=1
            )
            return accounts_sudo.create(
                {
                    "name": name,
                    "code": accounts_sudo._search_new_account_code(like.code or "600000"),
                    "account_type": "expense",
                    "company_ids": [Command.set(self.ids)],
                }
            )

        return self._oms_find_or_make(f"{key}_account", make)
