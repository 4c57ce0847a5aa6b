from odoo import fields, models

from ..alone import leave_task
from ..const import AUTHORIZATION_DAYS


class OmsChannel(models.Model):
    """What a channel's word counts for where money is concerned."""

    _inherit = "oms.channel"

    tax_mode = fields.Selection(
        [("trust", "As the channel says"), ("compare", "Compare with the taxes here")],
        string="Taxes",
        required=True,
        default="trust",
        tracking=True,
        help="Orders always carry the taxes that the channel charged. With “compare”, an order waits when the taxes set "
        "here come to another amount than the lines can explain by rounding.",
    )
    cash_journal_id = fields.Many2one(
        "account.journal",
        string="Till",
        check_company=True,
        domain="[('type', '=', 'cash')]",
        help="Cash that customers pay is booked here. Empty: with the channel's other money.",
    )
    test_orders = fields.Selection(
        [("hold", "Keep on hold"), ("ignore", "Ignore")],
        required=True,
        default="hold",
        help="Orders that the shop marks as placed to try it out.",
    )
    capture_policy = fields.Selection(
        [
            ("order", "With the order"),
            ("shipment", "With each parcel, what it is worth"),
            ("last", "With the last parcel"),
            ("hand", "By hand"),
        ],
        string="Take Authorized Money",
        required=True,
        default="shipment",
        tracking=True,
        help="When money that a customer has only authorised is taken. Never more is taken than was authorised; what is left "
        "when nothing more will be shipped is given free.",
    )
    authorization_days = fields.Integer(
        string="Authorizations Last",
        required=True,
        default=AUTHORIZATION_DAYS,
        help="Days after which nothing can be taken any more, where neither the channel nor the way of paying says how long. "
        "0: for ever.",
    )

    def _takes_money_by_goods(self):
        """Hook: whether the channel takes authorised money for goods that it is told, and shipping and fees with the first."""
        return False

    def _ask_for_money(self, transaction, by_hand=False):
        """Have the channel take, or give free, what this transaction stands for.

        Without a platform that can be asked, a person does it there. Spokes that talk to platforms override this.

        :param transaction: ``payment.transaction`` with ``oms_asks``; it waits until the channel or a person answers.
        :param by_hand: somebody chose the amount, and it need not be that of any goods.
        """
        self.ensure_one()
        order = transaction.sale_order_ids[:1]
        words = {
            "amount": transaction.currency_id.format(transaction.amount),
            "shop": self.name,
            "order": order.oms_number or order.name,
        }
        transaction._set_pending(state_message=self.env._("A person has to do it in %(shop)s.", **words))
        if transaction.oms_asks == "void":
            summary = self.env._("Give %(amount)s free in %(shop)s", **words)
            text = self.env._(
                "Nothing more of %(order)s will be shipped, and %(shop)s cannot be asked to give the authorised %(amount)s free. "
                "Do it there.",
                **words,
            )
        else:
            summary = self.env._("Take %(amount)s in %(shop)s", **words)
            text = self.env._(
                "%(amount)s of what the customer of %(order)s authorised are due, and %(shop)s cannot be asked to take them. "
                "Take them there, then press “Taken” on the order, unless %(shop)s tells it by itself.",
                **words,
            )
        leave_task(order, summary, text, self.user_id)
