from odoo import fields, models


class AccountMove(models.Model):
    """A bill for fees that no payout kept: a subscription, or what a marketplace bills each month. It is no cost of one order;
    the orders of its time share it."""

    _inherit = "account.move"

    oms_fee_channel_id = fields.Many2one(
        "oms.channel",
        string="Fees of Channel",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="[('company_id', '=', company_id)]",
        help="What this bill charges is shared in analytic accounting over what was ordered in this channel from one day to "
        "the other, by its value. Not for fees that a payout has kept: those are shared by its lines.",
    )
    oms_fees_from = fields.Date(string="Fees From", copy=False)
    oms_fees_to = fields.Date(string="Fees Until", copy=False, help="The last day that the bill is for.")

    _oms_fees_check = models.Constraint(
        "CHECK(oms_fee_channel_id IS NULL OR COALESCE(oms_fees_from <= oms_fees_to, FALSE))",
        "Say from which day to which day the bill is for the fees of the channel.",
    )
