from datetime import timedelta

from odoo import fields, models

#: For so long what is given back to a card can be spent at least.
DAYS_TO_SPEND = 30


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    oms_return_id = fields.Many2one(
        "oms.return", string="Return", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    oms_move_id = fields.Many2one(
        "account.move",
        string="Entry",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="What books the money of the return as owed to the holder of the card.",
    )

    _oms_move_uniq = models.UniqueIndex(
        "(oms_move_id) WHERE oms_move_id IS NOT NULL", "A gift card was given for this already."
    )

    def _oms_get_hint(self):
        """Enough of the code to tell cards apart, and too little to spend one."""
        self.ensure_one()
        return f"…{self.code[-4:]}"

    def _oms_keep_good(self, company):
        """Let what came back to these cards be spent: else nobody could any more."""
        soon = company._oms_get_today() + timedelta(days=DAYS_TO_SPEND)
        for card in self:
            card.active = True
            if card.expiration_date:
                card.expiration_date = max(card.expiration_date, soon)

    def _oms_give_back(self, amount, company, why):
        """Have so much more on this card, and let it be spent."""
        self.ensure_one()
        self.points += amount
        self._oms_keep_good(company)
        # Without the order: Odoo deletes what names an order when that is cancelled, and this stays given.
        self.env["loyalty.history"].create({"card_id": self.id, "description": why, "issued": amount})


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _oms_get_money_products(self):
        """What cards of these programs are sold and redeemed as."""
        return self.rule_ids.product_ids | self.reward_ids.discount_line_product_id
