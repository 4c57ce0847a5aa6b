"""What the customer gets for what was accepted: each outcome by its own seam, all by one button."""

from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError

from .oms_return import OUTCOMES


class OmsReturn(models.Model):
    _inherit = "oms.return"

    def action_refund(self):
        """Settle what was accepted and is not settled yet, each line by its outcome."""
        self.check_access("write")
        self._take_turn()
        self._settle()

    def _settle(self, is_paid_here=False):
        """Settle what is accepted, in the order of the outcomes. Each seam ``_settle_<outcome>({line: quantity})`` is atomic,
        writes its settlements and returns the documents that it made.

        Refunds of several returns are booked together, which costs a fraction of one after the other.

        :param is_paid_here: the caller pays the money out himself, and no channel is asked to.
        :raise UserError: when there is nothing to settle.
        """
        due = {record: record._get_due() for record in self}
        refunds = {
            line: quantity for of_record in due.values() for line, quantity in of_record.get("refund", {}).items()
        }
        if refunds:
            self._settle_refund(refunds, is_paid_here)
        for record, of_record in due.items():
            for outcome, _label in OUTCOMES:
                if outcome != "refund" and (parts := of_record.get(outcome)):
                    getattr(record, f"_settle_{outcome}")(parts)
        self._close_if_done()

    def _get_due(self):
        """As :meth:`_get_to_settle`.

        :raise UserError: when there is nothing, or the return is not authorized.
        """
        self.ensure_one()
        if self.state != "open":
            raise UserError(
                self.env._("%s is not authorized, or closed already. Authorize or reopen it first.", self.name)
            )
        counted = self._count_credits_by_hand()
        due = self._get_to_settle()
        if not due and not counted:
            raise UserError(
                self.env._(
                    "Nothing has come back on %s that is not refunded already. Receive the goods first.", self.name
                )
            )
        return due

    def _get_to_settle(self):
        """{outcome: {line: quantity that is accepted and not settled}}"""
        due = defaultdict(dict)
        for line in self.line_ids:
            if line.quantity_to_settle > 0:
                due[line.outcome][line] = Decimal(repr(line.quantity_to_settle))
        return due

    def _settle_nothing(self, parts):
        """The customer gets nothing for it: that is said, with the reason of the line."""
        for line, quantity in parts.items():
            line._settled(quantity, note=line.comment or line.reason_id.name)
        return self.browse()


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    def _settled(self, quantity, outcome=None, **values):
        """Write down what the customer got for so much of this line, as of :meth:`_prepare_settlement`.

        :return: the row
        """
        # sudo: nobody may write settlements but the steps that settle
        return (
            self.env["oms.return.settlement"]
            .sudo()
            .create(self._prepare_settlement(quantity, outcome=outcome, **values))
        )

    def _prepare_settlement(self, quantity, outcome=None, move=None, order=None, amount=0, note=None, **values):
        """
        :param Decimal quantity: in the unit of the line.
        :param str outcome: that of the line, when it is not told.
        :param move: the credit note; the row counts as long as it is posted.
        :param order: the order of an exchange or a replacement.
        :param values: further fields of ``oms.return.settlement``.
        """
        self.ensure_one()
        return {
            "line_id": self.id,
            "quantity": float(quantity),
            "outcome": outcome or self.outcome,
            "move_id": move.id if move else False,
            "order_id": order.id if order else False,
            "amount": float(amount),
            "note": note,
            **values,
        }
