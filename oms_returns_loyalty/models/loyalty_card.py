from odoo import fields, models


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


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _oms_get_money_products(self):
        """What cards of these programs are sold and redeemed as."""
        return self.rule_ids.product_ids | self.reward_ids.discount_line_product_id
