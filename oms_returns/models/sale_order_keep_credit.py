"""What was paid too much, kept as store credit where the customer prefers that to the money."""

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import REDEEMED_TENDERS
from odoo.addons.oms_core.domain.money import ZERO

from .oms_store_credit import _exact


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.depends("oms_to_repay")
    def _compute_oms_can_keep_as_credit(self):
        """Override of ``oms_core``: where all of it was paid in money. What was paid with credit is credit again anyway."""
        for order in self:
            due = _exact(order.currency_id, order.oms_to_repay)
            order.oms_can_keep_as_credit = due > 0 and sum(order._oms_get_money_left().values(), ZERO) >= due

    def action_oms_keep_as_credit(self):
        """Override of ``oms_core``."""
        self.check_access("write")
        for order in self:
            order._oms_keep_as_credit()

    def _oms_get_money_left(self):
        """{payment that stands for a way of paying in money: what came in by it and did not go back}"""
        tenders = self._oms_get_tenders(anyhow=True)
        return {
            source_sudo: tender.room
            for source_sudo, tender in tenders.items()
            if source_sudo.oms_tender not in REDEEMED_TENDERS and tender.room > 0
        }

    def _oms_keep_as_credit(self):
        """What is to be paid back becomes store credit, booked at once.

        ::

            repayment    Dr receivable         Cr store credit

        The payment that was too much is open on the receivable; where it is not (it is not booked yet, or somebody has booked
        the repayment), nothing is given, as the money would be owed twice.

        :return: the ledger's entries.
        :raise UserError: when nothing is to be paid back, or not in money, or nothing of it is open in the books.
        """
        self.ensure_one()
        credits = self.env["oms.store.credit.entry"]
        self.lock_for_update()  # two clerks with one button keep it once
        credits._take_turn(self.partner_id)
        self.invalidate_recordset(["oms_to_repay", "oms_can_keep_as_credit"])
        due = _exact(self.currency_id, self.oms_to_repay)
        if not self.oms_can_keep_as_credit:
            raise UserError(
                self.env._(
                    "Nothing that was paid in money is to be paid back on %s. What was paid with store credit becomes credit "
                    "again by “Paid Back”.",
                    self.display_name,
                )
            )
        # sudo: payments are closed to clerks by design; the amount follows from the order alone
        order_sudo = self.sudo()
        order_sudo._oms_book_payments()
        open_sudo = order_sudo._oms_get_open_receivables()
        if _exact(self.currency_id, -sum(open_sudo.mapped("amount_residual_currency"))) < due:
            raise UserError(
                self.env._(
                    "%(amount)s of %(order)s are not open in the books: the payment is not booked, or has been paid back by an "
                    "accountant. Book the order first, or ask the accountant.",
                    amount=self.currency_id.format(float(due)),
                    order=self.display_name,
                )
            )
        journal = self.company_id._oms_get_tender_journal("store_credit")
        kept, rest = credits, due
        for source_sudo, room in order_sudo._oms_get_money_left().items():
            if not (part := min(room, rest)):
                break
            rest -= part
            child_sudo = order_sudo._oms_record_back(source_sudo, part, oms_method=self.env._("Kept as store credit"))
            payment_sudo = order_sudo._oms_book_transaction(child_sudo, journal)
            kept |= credits._add(
                [
                    credits._prepare(
                        *(self.partner_id, self.company_id, self.currency_id, "issue", part),
                        f"keep:{child_sudo.reference}",
                        expires_at=self.company_id._oms_get_credit_end(),
                        move_id=payment_sudo.move_id.id,
                        transaction_id=child_sudo.id,
                        order_id=self.id,
                        reason=self.env._("Paid too much on %s", self.name),
                    )
                ]
            )
        order_sudo._oms_reconcile()
        self.message_post(
            body=self.env._(
                "%s paid too much: kept as store credit of the customer.", self.currency_id.format(float(due))
            )
        )
        self.invalidate_recordset(["oms_to_repay", "oms_can_keep_as_credit"])
        return kept
