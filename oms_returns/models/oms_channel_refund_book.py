"""A refund by a channel in the books: credit notes for what it was for, and the money as the channel paid it back."""

from collections import defaultdict
from decimal import Decimal

from odoo import fields, models
from odoo.fields import Command

from odoo.addons.oms_core.alone import leave_task

from ..const import REFUND_DETAILS_WAIT_H
from ..domain.channel_refund import pay_back


class OmsChannelRefund(models.Model):
    _inherit = "oms.channel.refund"

    # ---------------------------------------------------------------------------------------------------------- BOOKING

    def _book(self):
        """Book what the channel says now. What was booked and is said otherwise is taken back first.

        ::

            credit note   Dr income, taxes, goodwill   Cr receivable
                          Dr stock valuation           Cr cost of goods   (what comes back, at its original cost)
            repayment     Dr receivable                Cr channel clearing, gift cards

        :raise UserError: what keeps it from being booked, for a clerk.
        """
        self.ensure_one()
        told, before = self._get_told(), self.booked_as or self.paid_as
        if before and before != told:
            self._undo()
        if not told or self.booked_as:
            return
        order = self.order_id
        if order.state == "cancel" and not order._oms_get_booked():
            self._settle_as("nothing", self.env._("The order was cancelled: neither its payment nor this is booked."))
        elif any(one.state == "requested" for one in self.cancellation_ids):
            self._wait(self.env._("Somebody works on the delivery of goods that are called off."))
        elif self.is_sum_only and not self.line_ids:
            self._wait_for_details()
        elif not self.amount and self.line_ids:
            self._leave_to_person(
                self.env._("%s: goods came back and no money went", self.order_id.display_name),
                self.env._(
                    "The channel took goods back (%s) and paid nothing back: they were exchanged, or the money is owed. Compare "
                    "with the channel, then enter the return here with the outcome that it had.",
                    self.summary,
                ),
            )
        else:
            order._oms_match_refund(self)
            if self.credit_note_id:
                self._book_matched()
            else:
                self._pay()
                self._credit()
            self._mark_repaid_credit()

    def _settle_as(self, booking, note):
        self.write({"booking": booking, "booking_note": note, "booked_as": self._get_told()})

    def _wait(self, note):
        self.write({"booking": "waiting", "booking_note": note})

    def _leave_to_person(self, summary, text):
        self._settle_as("task", text)
        self._leave_task(summary, text)

    def _leave_task(self, summary, text):
        """One task for each refund: of two with the same trouble each has its amount."""
        order = self.order_id
        summary = self.env._("%(what)s (refund %(refund)s)", what=summary, refund=self.external_id)
        leave_task(order, summary, text, order.oms_channel_id._get_responsible())

    def _wait_for_details(self):
        waited = fields.Datetime.now() - self.create_date
        if waited.total_seconds() < REFUND_DETAILS_WAIT_H * 3600:
            self._wait(self.env._("The channel has told the sum only; what it is for comes with its next message."))
            return
        self._leave_to_person(
            self.env._("%s: a refund without details", self.order_id.display_name),
            self.env._(
                "The channel has paid back %(amount)s and has not said what for. Look at the order there, and book the refund by "
                "hand.",
                amount=self.currency_id.format(self.amount),
            ),
        )

    def _book_matched(self):
        """The credit note is ours: only the money is new, unless somebody has entered that too."""
        note = self.credit_note_id
        self._pay()
        self.order_id._oms_on_repaid_by_channel(note)
        difference = Decimal(str(self.amount)) - Decimal(str(note.amount_total))
        if difference:
            self._leave_to_person(
                self.env._("%s: paid back another amount than was credited", self.order_id.display_name),
                self.env._(
                    "The channel paid back %(theirs)s, and %(note)s credits %(ours)s for the same. Correct the credit note, or "
                    "pay the rest.",
                    theirs=self.currency_id.format(self.amount),
                    note=note.name,
                    ours=self.currency_id.format(note.amount_total),
                ),
            )
            return
        self._settle_as("matched", self.env._("Paid back what %s credits.", note.name))

    # ------------------------------------------------------------------------------------------------------------ MONEY

    def _pay(self):
        """Record what the channel paid back, by tender, each once; what a person has recorded before is not recorded again."""
        order, channel = self.order_id, self.order_id.oms_channel_id
        amount = Decimal(str(self.amount))
        done = order.transaction_ids.filtered(lambda tx: tx.state == "done")
        self.paid_as = self._get_told()
        if not amount or done.filtered(lambda tx: tx.oms_channel_refund_id == self):
            return
        by_hand = done.filtered(
            lambda tx: (
                tx.operation == "refund"
                and not tx.oms_channel_refund_id
                and not self.currency_id.compare_amounts(-tx.amount, self.amount)
            )
        )[:1]
        if by_hand:
            by_hand.oms_channel_refund_id = self
            return
        taken = defaultdict(Decimal)
        for transaction in done:
            taken[transaction.oms_tender or ""] += Decimal(str(transaction.amount))
        for tender, part in pay_back(amount, [(name, Decimal(text)) for name, text in self.tenders or []], taken):
            source = done.filtered(
                lambda tx, tender=tender: tx.operation != "refund" and (tx.oms_tender or "") == tender
            )[:1]
            names = [f"oms{channel.id}", order.oms_external_id, "refund", self.external_id]
            names += filter(None, [tender, self.rounds and str(self.rounds)])
            transaction = done.create(
                {
                    "reference": "-".join(names),
                    "provider_id": channel._get_payment_provider().id,
                    "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
                    "provider_reference": self.external_id,
                    "amount": -float(part),
                    "currency_id": self.currency_id.id,
                    "partner_id": order.partner_id.id,
                    "operation": "refund",
                    "source_transaction_id": source.id,
                    "state": "done",
                    "is_post_processed": True,
                    "last_state_change": self.refunded_at or fields.Datetime.now(),
                    "oms_tender": tender or False,
                    "oms_method": source.oms_method,
                    "oms_journal_id": source.oms_journal_id.id,
                    "oms_channel_refund_id": self.id,
                    "sale_order_ids": [Command.link(order.id)],
                }
            )
            if journal := order._oms_get_payment_journal(transaction):
                order._oms_book_transaction(transaction, journal)

    # ------------------------------------------------------------------------------------------------------------- UNDO

    def _undo(self):
        """Take back what was booked: each entry by its reversal."""
        order = self.order_id
        moves = self.move_ids.filtered(lambda move: move.state == "posted")
        done = self.transaction_ids.filtered(lambda tx: tx.state == "done")
        entries = moves | done.payment_id.move_id.filtered(lambda move: move.state == "posted")
        for move in entries:
            key = {"oms_key": f"undo:{move.id}", "oms_order_id": order.id} if move.is_invoice() else {}
            values = {"ref": self.env._("Taken back: %s", move.name), "date": fields.Date.context_today(self), **key}
            move._reverse_moves([values], cancel=True)
        done.state = "cancel"
        # What is credited no longer settles nothing: a return that it was for is open again, and the charge that it lessened.
        # sudo: what is taken back is of no return and no charge, whoever takes it back
        moves.sudo().invoice_line_ids.write({"oms_return_line_id": False, "oms_credited_line_id": False})
        for request in self.return_ids.filtered(lambda request: request.state == "open"):
            if not any(line.quantity_received for line in request.line_ids):
                request.action_cancel()
        called_off = bool(self.cancellation_ids)
        self.write(
            {
                "booking": "undone" if self.state == "withdrawn" else "todo",
                "booked_as": False,
                "paid_as": False,
                "rounds": self.rounds + 1,
                "credit_note_id": False,
                "booking_note": self.env._("What was booked was taken back, as the channel says otherwise now."),
            }
        )
        if self.state == "withdrawn" and (
            called_off or any(line.quantity_received for line in self.return_ids.line_ids)
        ):
            self._leave_task(
                self.env._("%s: a refund was taken back", order.display_name),
                self.env._(
                    "The channel no longer has the refund %s, for which goods were called off or came back. The entries are "
                    "reversed. Ask whether the customer still wants the goods, and order them anew.",
                    self.external_id,
                ),
            )
