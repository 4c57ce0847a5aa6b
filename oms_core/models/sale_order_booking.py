"""From shipped goods and taken money to posted entries. Run by a job, so that a closed period never stops a parcel."""

from odoo import api, models
from odoo.fields import Domain

from ..alone import on_its_own
from ..const import BOOKING_BATCH_MAX, ERROR_MAX_CHARS, REDEEMED_TENDERS


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # --------------------------------------------------------------------------------------------------------- JOBS

    def _oms_wake_booking(self):
        """Have these orders booked as soon as this transaction is committed."""
        if self.oms_channel_id and (cron := self.env.ref("oms_core.cron_booking", raise_if_not_found=False)):
            cron.sudo()._trigger()  # sudo: whoever ships may cause the booking, and nothing else

    @api.model
    def _oms_booking_domain(self):
        """Orders of channels with something to invoice, or with money that is not booked yet."""
        to_invoice = Domain("invoice_status", "=", "to invoice") & Domain(
            "oms_channel_id.invoice_policy", "!=", "manual"
        )
        to_pay = Domain(
            "transaction_ids",
            "any",
            [
                ("state", "=", "done"),
                ("payment_id", "=", False),
                ("operation", "!=", "refund"),
                ("provider_id.code", "=", "none"),
                *self._oms_bookable_tenders(),
            ],
        )
        is_sold = Domain("state", "=", "sale")
        # The money of an order that was cancelled here is still in the channel's hands; one that the channel cancelled it
        # repays itself, and nothing of it comes to us.
        is_stopped = Domain("state", "=", "cancel") & Domain("oms_called_off", "=", False)
        return (
            Domain("oms_channel_id", "!=", False)
            & Domain("oms_booking_error", "=", False)
            & ((is_sold & (to_invoice | to_pay)) | (is_stopped & to_pay))
        )

    @api.model
    def _cron_oms_book(self):
        """Book what is due, an order and a savepoint at a time; what cannot be booked says why on the order."""
        cron = self.env["ir.cron"]
        domain = self._oms_booking_domain()
        last_id = 0
        while orders := self.search(domain & Domain("id", ">", last_id), order="id", limit=BOOKING_BATCH_MAX):
            last_id = orders[-1].id
            orders.try_lock_for_update()._oms_book_each()
            remaining = self.search_count(domain & Domain("id", ">", last_id), limit=10_000)
            if not cron._commit_progress(len(orders), remaining=remaining):
                break

    def _oms_book_each(self):
        for order in self:
            worker = order.oms_channel_id._as_worker()
            # sudo: booking an order's invoice and payment is the job's task, whoever the integration user is
            order_sudo = order.with_env(worker.env).sudo()
            with on_its_own(order, order._oms_tell_unbooked):
                order_sudo._oms_book()

    def _oms_tell_unbooked(self, error):
        self.oms_booking_error = str(error)[:ERROR_MAX_CHARS] or type(error).__name__

    def action_oms_book(self):
        """Try to book these orders (again), now that what was in the way is out of it."""
        self.check_access("write")
        self.oms_booking_error = False
        self._oms_book_each()

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _prepare_invoice(self):
        """Override of ``sale``: an order of a channel was taxed as charged, and its invoice follows the order in that."""
        values = super()._prepare_invoice()
        if self.oms_external_id:
            values["fiscal_position_id"] = self.fiscal_position_id.id
        return values

    def _oms_book(self):
        """Post the invoice that is due, book the payments that the channel took, and match the one with the other.

        ::

            invoice   Dr receivable      Cr income, taxes          payment   Dr channel clearing
                      Dr cost of goods   Cr stock valuation                  Cr receivable
        """
        self.ensure_one()
        by_hand = self.oms_channel_id.invoice_policy == "manual"
        if self.state == "sale" and not by_hand and self._oms_is_to_invoice():
            self._oms_invoice()
        self._oms_book_payments()
        self._oms_reconcile()

    def _oms_is_to_invoice(self):
        """Whether an invoice is due. Goods that are worth less than a discount of the whole order wait for the next parcel, as
        there is no invoice below zero; when nothing more comes, somebody has to look at it."""
        due = self.order_line.filtered(lambda line: line.qty_to_invoice > 0)
        amount = sum(
            line.price_total * line.qty_to_invoice / line.product_uom_qty for line in due if line.product_uom_qty
        )
        if self.currency_id.compare_amounts(amount, 0) >= 0:
            return bool(due)
        return not any(line._oms_is_expected() for line in self.order_line)

    def _oms_invoice(self):
        """Make and post the invoice over what the channel's policy says is due."""
        # Counted from the keys and not from the invoices: of those, some were made by hand, and drafts get deleted.
        keys = [key for key in self.invoice_ids.mapped("oms_key") if key and key.startswith("invoice:")]
        number = max((int(key.rpartition(":")[2]) for key in keys), default=0) + 1
        invoice = self._create_invoices(grouped=True)
        self._oms_deduct_deposits(invoice)
        invoice.write(
            {
                "oms_key": f"invoice:{self.id}:{number}",
                "ref": self.oms_number or self.name,
            }
        )
        invoice.action_post()
        return invoice

    @api.model
    def _oms_bookable_tenders(self):
        """Domain of the transactions for which there is a journal: what was redeemed always has one."""
        channel = "sale_order_ids.oms_channel_id"
        return (
            Domain("oms_tender", "in", REDEEMED_TENDERS)
            | Domain(f"{channel}.clearing_journal_id", "!=", False)
            | (Domain("oms_tender", "=", "cash") & Domain(f"{channel}.cash_journal_id", "!=", False))
            | Domain("oms_journal_id", "!=", False)
        )

    def _oms_book_payments(self):
        """A native payment for each transaction that has none, in the journal of what it was paid with."""
        provider = self.oms_channel_id.payment_provider_id  # what other providers took is booked by themselves
        due = self.transaction_ids.filtered(
            lambda tx: (
                tx.provider_id == provider
                and tx.state == "done"
                and not tx.payment_id
                and tx.operation != "refund"
                and tx.amount
            )
        )
        for transaction in due:
            if journal := self._oms_get_payment_journal(transaction):
                self._oms_book_transaction(transaction, journal)

    def _oms_get_payment_journal(self, transaction):
        """Where money that came in this way is booked; empty when payments of the channel are not booked.

        ::

            gift card, store credit   Dr what we owe      Cr receivable
            a journal of its own      Dr that journal's   Cr receivable
            cash                      Dr the till         Cr receivable
            any other money           Dr channel clearing Cr receivable
        """
        channel, tender = self.oms_channel_id, transaction.oms_tender
        if tender == "store_credit" and not transaction._oms_is_own_credit():
            tender = "channel_credit"
        if transaction.oms_tender in REDEEMED_TENDERS:
            return self.company_id._oms_get_tender_journal(tender)
        if transaction.oms_journal_id:
            return transaction.oms_journal_id
        if tender == "cash" and channel.cash_journal_id:
            return channel.cash_journal_id
        return channel.clearing_journal_id

    def _oms_book_transaction(self, transaction, journal):
        """One payment (or, for a negative amount, one repayment) of this order in the clearing journal."""
        lines = (
            journal.inbound_payment_method_line_ids
            if transaction.amount > 0
            else journal.outbound_payment_method_line_ids
        )
        return transaction._create_payment(
            journal_id=journal.id,
            company_id=self.company_id.id,
            payment_method_line_id=lines[:1].id,
            date=self.company_id._oms_get_today(transaction.last_state_change),
            memo=f"{self.oms_number or self.name} {transaction.provider_reference or ''}".strip(),
            oms_key=f"payment:{transaction.reference}",
        )

    def _oms_reconcile(self):
        """Match open receivables of this order's invoices with its open payments, oldest first, account by account.

        Credit notes and what went back for them are matched with each other before anything else is, so that what was paid too
        much or called off stays open where it is.
        """
        for_credits = self.invoice_ids.filtered(lambda move: move.move_type == "out_refund")
        for_credits |= self.transaction_ids.filtered("oms_of_credit").payment_id.move_id
        lines = self._oms_get_open_receivables()
        of_credits = lines.filtered(lambda line: line.move_id in for_credits)
        for some in (of_credits, lines - of_credits, lines):
            self._oms_match(some)

    def _oms_match(self, lines):
        """Match what is open of these receivables with each other, oldest first, account by account."""
        is_open = lines.filtered(
            lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
        )
        for some in is_open.grouped(lambda line: (line.account_id, line.currency_id)).values():
            if len({line.balance > 0 for line in some}) == 2:
                some.reconcile()

    def _oms_get_open_receivables(self):
        """What of this order's invoices and payments is not matched yet."""
        documents = self.invoice_ids.filtered(lambda move: move.state == "posted")
        documents |= self.transaction_ids.payment_id.move_id.filtered(lambda move: move.state == "posted")
        return documents.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
        )
