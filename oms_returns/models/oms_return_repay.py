"""Credited money goes back by the ways in which the customer paid, each in its share."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.domain.money import ZERO

from ..domain.refund import split
from .sale_order_refund import dec


class OmsReturn(models.Model):
    _inherit = "oms.return"

    amount_to_repay = fields.Monetary(
        compute="_compute_amount_to_repay",
        compute_sudo=True,
        help="Credited to the customer and not paid back or set off yet.",
    )

    @api.depends(
        "line_ids.refund_line_ids.move_id.state",
        "line_ids.refund_line_ids.move_id.amount_residual",
        "move_ids.state",
        "move_ids.amount_residual",
    )
    def _compute_amount_to_repay(self):
        for record in self:
            posted = record.refund_ids.filtered(lambda move: move.state == "posted")
            record.amount_to_repay = sum(posted.mapped("amount_residual"))

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_repay(self):
        """Record that the credited amount went back by the way the customer paid."""
        self.check_access("write")
        self._take_turn()  # two clerks with one button are one repayment
        for record in self:
            record._repay()

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _repay(self, till=None):
        """Book the repayment of what is credited, never more than was taken for the order in each way.

        What a gift card or store credit paid goes back to the card or the credit, and nobody gets it out in money.

        ::

            money         Dr receivable         Cr channel clearing
            gift card     Dr receivable         Cr what we owe to its holder

        :param till: where it is paid out at a till (``oms_returns_pos``).
        """
        self.ensure_one()
        if not self.amount_to_repay:
            raise UserError(self.env._("There is nothing to pay back on %s.", self.name))
        for order, amount in self._get_to_repay().items():
            for source_sudo, part in self._split_repayment(order, amount, anyhow=bool(till)).items():
                self._repay_part(order, source_sudo, part, till)
            order.sudo()._oms_reconcile()  # sudo: follows from the posted credit notes alone
        self._close_if_done()

    def _get_to_repay(self):
        """{order: what is credited of it here and not paid back or set off}"""
        owed = {}
        for order in self.order_ids:
            amount = sum(self._get_credits_sudo(order).mapped("amount_residual"))
            if amount:
                owed[order] = amount
        return owed

    def _get_credits_sudo(self, order):
        """The posted credit notes of this return for an order."""
        credits_sudo = self.refund_ids.sudo() & order.sudo().invoice_ids  # sudo: amounts alone
        return credits_sudo.filtered(lambda move: move.state == "posted")

    def _split_repayment(self, order, amount, anyhow=False):
        """{payment that stands for a way of paying: what goes back in that way}

        :param anyhow: as of :meth:`SaleOrder._oms_get_tenders` of ``oms_core``.
        :raise UserError: when less was taken for the order.
        """
        tenders = order._oms_get_tenders(anyhow)
        parts = split(dec(amount), list(tenders.values()), dec(self.currency_id.rounding))
        if sum(parts.values(), ZERO) < dec(amount):
            taken = sum((tender.room for tender in tenders.values()), ZERO)
            raise UserError(
                self.env._(
                    "%(amount)s are to be paid back, but the channel took only %(taken)s for this order. Register the "
                    "repayment on the credit note by hand.",
                    amount=amount,
                    taken=f"{taken.normalize():f}",
                )
            )
        return parts

    def _repay_part(self, order, source_sudo, part, till=None):
        """Book that so much goes back to where this payment came from.

        :param till: as of :meth:`_repay`.
        :return: the entries.
        """
        # sudo: follows from the posted credit note alone
        entries_sudo = order.sudo()._oms_pay_back(source_sudo, part)
        entries_sudo.write(
            {
                "oms_return_id": self.id,
                "oms_why": self.env._(
                    "%(amount)s of %(name)s went back by the way the customer paid: %(way)s.",
                    amount=self.currency_id.format(float(part)),
                    name=self.name,
                    way=source_sudo._oms_get_way(),
                ),
            }
        )
        # With its own credit notes first: another return of the order waits for its own money.
        order.sudo()._oms_match((entries_sudo | self._get_credits_sudo(order)).line_ids)  # sudo: as above
        return entries_sudo


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_pay_back(self, source, amount):
        """Record and book that so much of what is credited went back in the way in which a payment came.

        :return: the entries.
        """
        repayment = self._oms_record_back(source, amount, oms_of_credit=float(amount))
        return self._oms_book_transaction(repayment, self._oms_get_payment_journal(source)).move_id
