"""What the words of a channel in its payouts mean for the books: on which account they belong, and which fee is agreed."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..domain.explained import FeeTerm, Terms


class OmsPayoutCode(models.Model):
    """A word that a channel has for its fees or adjustments: the account for it, and from a day on what is agreed.

    A fee that is agreed is worked out for each order that a payout pays; where the channel took something else, the
    difference is a cause of its own (``fee_change``) with both numbers.
    """

    _name = "oms.payout.code"
    _description = "Channel's Word in Payouts"
    _order = "channel_id, code, since desc, id"
    _rec_name = "code"
    _check_company_auto = True

    channel_id = fields.Many2one("oms.channel", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    code = fields.Char(
        string="Channel's Word",
        required=True,
        help="As lines of payouts say it in their column of this name: of a fee or an adjustment.",
    )
    since = fields.Date(string="From", help="The first day on which this holds; empty: since ever.")
    account_id = fields.Many2one(
        "account.account",
        check_company=True,
        help="Empty: fees on the account of fees, adjustments wait to be explained.",
    )
    is_agreed = fields.Boolean(string="Fee Agreed", help="Fees with this word are compared with what is agreed here.")
    percent = fields.Float(digits=(16, 4), help="Of what the customer paid, with tax.")
    fixed = fields.Float(
        string="For Each Order", digits=(16, 4), help="In the currency of the payout, beside the percentage."
    )

    _since_uniq = models.UniqueIndex(
        "(channel_id, code, COALESCE(since, '0001-01-01'::date))", "This word has terms from that day on already."
    )

    @api.constrains("percent", "fixed")
    def _check_fee(self):
        for one in self:
            if not 0 <= one.percent <= 100 or one.fixed < 0:
                raise ValidationError(
                    self.env._("A fee is between 0 and 100 percent, and what is taken for each order is not negative.")
                )

    @api.model
    def _get_of(self, channel, day):
        """The words of a channel as they hold on a day."""
        rows = self.search(
            [("channel_id", "=", channel.id), "|", ("since", "=", False), ("since", "<=", day)],
            order="since ASC NULLS FIRST, id",
        )
        return self.browse([row.id for row in {row.code: row for row in rows}.values()])

    def _to_terms(self):
        """What is agreed, as ``domain/explain_cent.py`` wants to have it."""
        return Terms(
            {one.code: FeeTerm(Decimal(str(one.percent)), Decimal(str(one.fixed))) for one in self if one.is_agreed}
        )
