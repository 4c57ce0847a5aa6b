from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..domain.rulebook import Rule, Rulebook


class OmsStockRule(models.AbstractModel):
    """What all rules about products have in common: what they are about, where, and when. The most specific one wins
    (:class:`..domain.rulebook.Rulebook`)."""

    _name = "oms.stock.rule"
    _description = "Rule about Products at Places"
    _check_company_auto = True

    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    product_id = fields.Many2one(
        "product.product", index="btree_not_null", ondelete="cascade", check_company=True, help="Empty: by category."
    )
    categ_id = fields.Many2one(
        "product.category",
        string="Category",
        index="btree_not_null",
        ondelete="cascade",
        help="All categories below count, too. Empty, and no product: everything.",
    )
    channel_id = fields.Many2one(
        "oms.channel", index="btree_not_null", ondelete="cascade", check_company=True, help="Empty: every channel."
    )
    date_from = fields.Date(string="From")
    date_to = fields.Date(string="Until", help="The last day on which the rule holds.")

    @api.constrains("product_id", "categ_id")
    def _check_about_one_thing(self):
        for rule in self.filtered(lambda rule: rule.product_id and rule.categ_id):
            raise ValidationError(
                self.env._(
                    "A rule is about %(product)s or about the category %(category)s, not about both. Make two rules.",
                    product=rule.product_id.display_name,
                    category=rule.categ_id.display_name,
                )
            )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for rule in self.filtered(lambda rule: rule.date_from and rule.date_to and rule.date_from > rule.date_to):
            raise ValidationError(
                self.env._(
                    "A rule that begins on %(start)s cannot end on %(end)s.", start=rule.date_from, end=rule.date_to
                )
            )

    def _get_value(self):
        """What this rule says, as the pure functions read it."""
        raise NotImplementedError

    def _get_about(self):
        """What this rule is about, for people."""
        self.ensure_one()
        return self.product_id.display_name or self.categ_id.display_name or self.env._("Everything")

    @api.model
    def _get_book(self, company, domain=(), place="channel_id"):
        """The rules of a company that hold on the day that it is there.

        :param place: the field that tells the place: a channel or a warehouse.
        :rtype: Rulebook
        """
        # sudo: what is promised must not depend on who asks, and clerks may not read each rule
        rules_sudo = self.sudo().search([("company_id", "=", company.id), *domain], order="id")
        return Rulebook(
            (
                Rule(
                    rule_sudo.id,
                    rule_sudo._get_value(),
                    product=rule_sudo.product_id.id or None,
                    category=rule_sudo.categ_id.id or None,
                    place=rule_sudo[place].id or None,
                    starts=rule_sudo.date_from or None,
                    ends=rule_sudo.date_to or None,
                )
                for rule_sudo in rules_sudo
            ),
            company._oms_get_today(),
        )


def _decimal(quantity):
    """A float of the database as the decimal number that it stands for."""
    return Decimal(repr(quantity or 0.0))
