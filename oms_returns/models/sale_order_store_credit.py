"""Orders that are paid, in part or in whole, with store credit of which we keep the balances."""

from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..const import CREDIT_BACK_DAYS_AT_LEAST
from ..domain.store_credit import NotEnough, Part, give_back
from .oms_store_credit import _exact


class SaleOrder(models.Model):
    """What a customer spends here is a payment transaction like any other, only that it redeems what we owe.

    Orders that a channel tells of with *its* store credit are its own: the channel keeps those balances, and they are
    booked apart (``res_company_books.py`` of ``oms_core``).
    """

    _inherit = "sale.order"

    oms_credit_entry_ids = fields.One2many("oms.store.credit.entry", "order_id", string="Store Credit Entries")
    oms_credit_spent = fields.Monetary(
        string="Paid With Store Credit",
        compute="_compute_oms_credit_spent",
        compute_sudo=True,
        help="What was spent of the customer's store credit, less what was given back.",
    )
    oms_credit_there = fields.Monetary(
        string="Store Credit of the Customer",
        compute="_compute_oms_credit_there",
        compute_sudo=True,
        help="What could be spent for this order.",
    )

    @api.depends("oms_credit_entry_ids.amount")
    def _compute_oms_credit_spent(self):
        for order in self:
            entries = order.oms_credit_entry_ids.filtered(lambda entry: entry.kind in ("spend", "back"))
            order.oms_credit_spent = order.currency_id.round(-sum(entries.mapped("amount")))

    @api.depends("partner_id", "company_id", "currency_id", "amount_total", "transaction_ids.state", "oms_credit_spent")
    def _compute_oms_credit_there(self):
        credits = self.env["oms.store.credit.entry"]
        for order in self:
            there = Decimal(0)
            if order.partner_id and order.state != "cancel" and (unpaid := order._oms_get_unpaid()) > 0:
                there = min(unpaid, credits._get_spendable(order.partner_id, order.company_id, order.currency_id))
            order.oms_credit_there = float(there)

    def _oms_get_unpaid(self):
        """What is still to be paid for this order, on its invoices or, where it is not invoiced yet, as ordered."""
        self.ensure_one()
        order_sudo = self.sudo()  # sudo: what is unpaid must not depend on who looks
        by_payment = order_sudo.amount_total - order_sudo._oms_get_paid()
        by_invoice = sum(order_sudo._oms_get_charging().mapped("amount_residual")) + order_sudo._oms_get_uninvoiced()
        return max(_exact(self.currency_id, min(by_payment, by_invoice)), Decimal(0))

    def _oms_get_paid(self):
        """Hook: what was paid for this order, in the currency of the order."""
        self.ensure_one()
        return self.amount_paid

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_oms_spend_credit(self):
        """Pay with the customer's store credit; how much is asked."""
        self.ensure_one()
        self.check_access("write")
        wizard = self.env["oms.store.credit.spend"].create({"order_id": self.id, "amount": self.oms_credit_there})
        return {**wizard._get_records_action(name=self.env._("Pay With Store Credit")), "target": "new"}

    # ------------------------------------------------------------------------------------------------------ SPENDING

    def _oms_spend_credit(self, amount):
        """Pay so much of this order with the customer's store credit, booked at once.

        ::

            payment      Dr store credit       Cr receivable

        :param Decimal amount: in the currency of the order.
        :return: the payment transaction.
        :raise UserError: when there is not so much credit, or not so much to pay.
        """
        self.ensure_one()
        credits = self.env["oms.store.credit.entry"]
        amount = _exact(self.currency_id, float(amount))
        if self.state == "cancel":
            raise UserError(self.env._("%s is cancelled; nothing is paid for it.", self.display_name))
        if amount <= 0:
            raise UserError(self.env._("Say how much store credit is to be spent."))
        parts = credits._get_parts(self.partner_id, self.company_id, self.currency_id, amount)
        unpaid = self._oms_get_unpaid()
        if amount > unpaid:
            raise UserError(
                self.env._(
                    "%(unpaid)s of %(order)s are still to be paid, and not %(amount)s.",
                    unpaid=self.currency_id.format(float(unpaid)),
                    order=self.display_name,
                    amount=self.currency_id.format(float(amount)),
                )
            )
        # sudo: payments are closed to users by design; what is paid follows from the customer's credit alone
        order_sudo = self.sudo()
        number = len(order_sudo.oms_credit_entry_ids.transaction_id) + 1
        transaction_sudo = (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "reference": f"store-credit-{self.id}-{number}",
                    "provider_id": self.company_id._oms_get_credit_provider().id,
                    "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
                    "provider_reference": self.env._("Store credit"),
                    "oms_tender": "store_credit",
                    "oms_method": self.env._("Store credit"),
                    "amount": float(amount),
                    "currency_id": self.currency_id.id,
                    "partner_id": self.partner_id.id,
                    "state": "done",
                    "is_post_processed": True,  # booked here, at once
                    "last_state_change": fields.Datetime.now(),
                    "sale_order_ids": [Command.link(self.id)],
                }
            )
        )
        order_sudo._oms_book_transaction(transaction_sudo, self.company_id._oms_get_tender_journal("store_credit"))
        credits._add_taken(
            *(self.partner_id, self.company_id, self.currency_id, "spend", parts),
            f"spend:{transaction_sudo.reference}",
            move_id=transaction_sudo.payment_id.move_id.id,
            transaction_id=transaction_sudo.id,
            order_id=self.id,
            reason=self.env._("Spent on %s", self.name),
        )
        order_sudo._oms_reconcile()
        self.message_post(
            body=self.env._("%s paid with the customer's store credit.", self.currency_id.format(float(amount)))
        )
        return transaction_sudo.with_env(self.env)

    def _oms_give_back_credit(self, amount):
        """Give back what was paid with store credit, with the last day that it had or a later one, booked at once.

        ::

            repayment    Dr receivable         Cr store credit

        :param Decimal amount: no more than ``oms_credit_spent``.
        :return: the ledger's entries.
        """
        self.ensure_one()
        credits = self.env["oms.store.credit.entry"]
        credits._take_turn(self.partner_id)
        # sudo: as for spending
        order_sudo = self.sudo()
        sources_sudo = order_sudo.transaction_ids.filtered(lambda tx: tx._oms_is_own_credit() and tx.amount > 0)
        if not sources_sudo:
            raise UserError(self.env._("%s was not paid with store credit of ours.", self.display_name))
        self._oms_get_back_parts(amount)  # refuses before anything is booked
        source_sudo = sources_sudo.sorted("id")[-1]
        child_sudo = order_sudo._oms_record_back(source_sudo, amount, oms_method=source_sudo.oms_method)
        order_sudo._oms_book_transaction(child_sudo, self.company_id._oms_get_tender_journal("store_credit"))
        order_sudo._oms_reconcile()
        return child_sudo.oms_credit_entry_ids.with_env(self.env)

    def _oms_book_transaction(self, transaction, journal):
        """Override of ``oms_core``: whoever repays what was paid with store credit of ours, the ledger knows."""
        result = super()._oms_book_transaction(transaction, journal)
        source = transaction.source_transaction_id
        if transaction.amount < 0 and source._oms_is_own_credit():
            source.oms_credit_entry_ids.order_id[:1]._oms_log_given_back(transaction)
        return result

    def _oms_get_back_parts(self, amount):
        """Which purchases come back with so much credit.

        :raise UserError: when less was spent, or has come back already.
        """
        left = defaultdict(Decimal)
        entries_sudo = self.sudo().oms_credit_entry_ids  # sudo: the ledger knows everything, whoever asks
        for entry in entries_sudo:
            if entry.kind in ("spend", "back"):
                left[entry.back_of_id or entry] -= _exact(entry.currency_id, entry.amount)
        spent = [Part(entry.id, rest, entry.lot_id.expires_at or None) for entry, rest in left.items()]
        try:
            return give_back(spent, amount, self.company_id._oms_get_today(), self._oms_get_credit_back_days())
        except NotEnough as refusal:
            raise UserError(
                self.env._(
                    "Only %(there)s of %(order)s were paid with store credit and not given back yet.",
                    there=self.currency_id.format(float(refusal.there_is)),
                    order=self.display_name,
                )
            ) from refusal

    def _oms_get_credit_back_days(self):
        """Hook: how many days credit that this order gives back is good for at least."""
        return CREDIT_BACK_DAYS_AT_LEAST

    def _oms_log_given_back(self, transaction):
        """Tell the ledger of a repayment that was booked."""
        credits = self.env["oms.store.credit.entry"]
        credits._take_turn(self.partner_id)
        parts = self._oms_get_back_parts(_exact(self.currency_id, -transaction.amount))
        credits._add(
            [
                credits._prepare(
                    *(self.partner_id, self.company_id, self.currency_id, "back", part.amount),
                    f"back:{transaction.reference}:{part.key}",
                    back_of_id=part.key,
                    expires_at=part.expires_on,
                    move_id=transaction.payment_id.move_id.id,
                    transaction_id=transaction.id,
                    order_id=self.id,
                    reason=self.env._("Given back for %s", self.name),
                )
                for part in parts
            ]
        )

    def _oms_on_cancelled(self):
        """Override of ``oms_core``: what was paid with store credit for an order that is called off is there again."""
        result = super()._oms_on_cancelled()
        for order in self.sudo():  # sudo: who may cancel an order may give its credit back
            if order.oms_credit_spent > 0 and not any(
                move.move_type == "out_invoice" for move in order._oms_get_booked()
            ):
                order._oms_give_back_credit(_exact(order.currency_id, order.oms_credit_spent))
        return result

    def _oms_record_repayment(self):
        """Override of ``oms_core``: money goes back first, as far as any was taken; the rest is store credit again."""
        self.ensure_one()
        credit_spent = self.oms_credit_spent
        if credit_spent > 0:
            # sudo: payments are closed to users by design
            done_sudo = self.sudo().transaction_ids.filtered(lambda tx: tx.state == "done")
            money = sum(done_sudo.filtered(lambda tx: not tx._oms_is_own_credit()).mapped("amount"))
            part = min(max(self.oms_to_repay - money, 0), credit_spent)
            if self.currency_id.compare_amounts(part, 0) > 0:
                self._oms_give_back_credit(_exact(self.currency_id, part))
                self.invalidate_recordset(["oms_to_repay"])
                if not self.oms_to_repay:
                    return None
        return super()._oms_record_repayment()


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    oms_credit_entry_ids = fields.One2many(
        "oms.store.credit.entry", "transaction_id", string="Store Credit Entries", readonly=True
    )

    def _oms_is_own_credit(self):
        """Override of ``oms_core``: those that our ledger of store credit knows."""
        self_sudo = self.sudo()  # sudo: whose credit it is must not depend on who looks
        # Of what went back, where it came from decides: money that became credit is no credit that was spent.
        return bool((self_sudo.source_transaction_id or self_sudo).oms_credit_entry_ids)


class ResCompany(models.Model):
    _inherit = "res.company"

    def _oms_get_credit_provider(self):
        """The native payment provider that stands for store credit on transactions; made when first needed."""
        self.ensure_one()
        # sudo: providers belong to administrators; this one is inert (disabled, without code) and only names what it is
        return self._oms_find_or_make(
            "store_credit_provider",
            lambda: (
                self.env["payment.provider"]
                .sudo()
                .create({"name": self.env._("Store credit"), "company_id": self.id, "state": "disabled"})
            ),
        )
