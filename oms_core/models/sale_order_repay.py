"""Money that the customer gets back because goods were called off: found, shown as work, and recorded when it is done."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import REDEEMED_TENDERS
from ..domain.money import ZERO
from ..domain.tenders import Tender, fill
from .sale_order_money import LIQUID, exact


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_to_repay = fields.Monetary(
        string="To Pay Back",
        compute="_compute_oms_to_repay",
        compute_sudo=True,
        help="What was taken for this order beyond what is ordered: paid too much, or called off in part.",
    )

    @api.depends(
        "state",
        "amount_total",
        "oms_called_off",
        "oms_overpaid",
        "transaction_ids.state",
        "transaction_ids.amount",
        "transaction_ids.oms_of_credit",
    )
    def _compute_oms_to_repay(self):
        amounts = {}
        if ids := self._origin.ids:
            rows = self._oms_to_repay_sql(SQL("r.sale_order_id IN %s", tuple(ids)))
            amounts = {order_id: amount for order_id, amount, _since in self.env.execute_query(rows)}
        for order in self:
            order.oms_to_repay = amounts.get(order._origin.id, 0)

    @api.model
    def _oms_to_repay_sql(self, condition=None):
        """Rows (order, amount in its currency, since) of orders of which more was taken than is ordered.

        Told by the payments themselves, whether booked or not, and also when one comes after the cancellation; a repayment
        counts with its negative amount, unless it is for what a return has credited: the order is for those goods still. Never
        more than is left of what was taken. What a channel cancels, the channel repays.
        """
        for model, names in {
            "sale.order": ["state", "amount_total", "currency_id", "oms_called_off", "oms_overpaid", "transaction_ids"],
            "payment.transaction": ["state", "amount", "oms_of_credit", "currency_id"],
            "oms.cancellation": ["order_id", "state", "asked_by", "decided_at"],
            "oms.order.change": ["order_id", "state", "kind", "decided_at"],
        }.items():
            self.env[model].flush_model(names)
        due = SQL(
            """LEAST(SUM(t.amount),
                     SUM(t.amount + COALESCE(t.oms_of_credit, 0))
                     - MAX(CASE WHEN po.state = 'cancel' THEN 0 ELSE po.amount_total END))"""
        )
        return SQL(
            """SELECT po.id, %s,
                      COALESCE(MAX(less.since), MAX(t.last_state_change))
                 FROM (SELECT order_id, MAX(since) AS since
                         FROM (SELECT order_id, decided_at AS since FROM oms_cancellation
                                WHERE state IN ('stopped', 'partly') AND asked_by != 'channel'
                                UNION ALL
                               SELECT order_id, decided_at FROM oms_order_change
                                WHERE state = 'applied' AND kind = 'items'
                                UNION ALL
                               SELECT id, NULL FROM sale_order WHERE oms_overpaid) every
                        GROUP BY order_id) less
                 JOIN sale_order po ON po.id = less.order_id AND NOT (po.state = 'cancel' AND COALESCE(po.oms_called_off, FALSE))
                 JOIN sale_order_transaction_rel r ON r.sale_order_id = po.id
                 JOIN payment_transaction t ON t.id = r.transaction_id AND t.state = 'done' AND t.currency_id = po.currency_id
                 JOIN res_currency pc ON pc.id = po.currency_id
                WHERE %s
             GROUP BY po.id
               HAVING %s > MAX(pc.rounding) / 2""",
            due,
            condition or SQL("TRUE"),
            due,
        )

    def action_oms_repaid(self):
        """Record that the customer has got back what was taken beyond what is ordered."""
        self.check_access("write")
        for order in self:
            order._oms_record_repayment()

    def _oms_record_repayment(self):
        """A repayment over what is due for each way in which the customer paid, booked against what is open for this customer.

        ::

            money         Dr receivable         Cr channel clearing
            gift card     Dr receivable         Cr what we owe to its holder

        Where an accountant has booked the repayment already there is nothing open: then it is recorded and not booked again.
        """
        self.ensure_one()
        self.lock_for_update()  # two clerks with one button are one repayment
        self.invalidate_recordset(["oms_to_repay"])
        amount = self.oms_to_repay
        if not amount:
            raise UserError(self.env._("There is nothing to pay back on %s.", self.display_name))
        order_sudo = (
            self.sudo()
        )  # sudo: payments are closed to clerks by design; the amount follows from the order alone
        order_sudo._oms_book_payments()
        open_credit = -sum(order_sudo._oms_get_open_receivables().mapped("amount_residual_currency"))
        is_open = self.currency_id.compare_amounts(open_credit, amount) >= 0
        tenders = order_sudo._oms_get_tenders(anyhow=True).values()
        # Money before gift cards and store credit, where the customer paid with both.
        tenders = sorted(tenders, key=lambda tender: tender.key.oms_tender in REDEEMED_TENDERS)
        for source_sudo, part in fill(exact(amount), tenders).items():
            repayment_sudo = order_sudo._oms_record_back(source_sudo, part)
            words = {"amount": self.currency_id.format(float(part)), "way": source_sudo._oms_get_way()}
            journal = order_sudo._oms_get_payment_journal(source_sudo)
            if is_open and journal:
                order_sudo._oms_book_transaction(repayment_sudo, journal)
                self.message_post(body=self.env._("%(amount)s paid back (%(way)s), and booked.", **words))
            else:
                self.message_post(
                    body=self.env._(
                        "%(amount)s paid back (%(way)s). It was not booked: nothing of it is open in the books, or the channel "
                        "has no clearing journal.",
                        **words,
                    )
                )
        order_sudo._oms_reconcile()
        self.invalidate_recordset(["oms_to_repay"])

    def _oms_get_repaid_by_hand(self):
        """What went back of this order's credit notes and payments with other entries than those of its repayments, in its
        currency: an accountant's, or a cash move of a till."""
        self.ensure_one()
        # sudo: what is booked does not depend on who looks
        order_sudo = self.sudo()
        own = order_sudo.invoice_ids | order_sudo.transaction_ids.payment_id.move_id
        receivable = own.line_ids.filtered(lambda line: line.account_id.account_type == "asset_receivable")
        others = receivable.matched_debit_ids.filtered(
            lambda partial: (
                (move := partial.debit_move_id.move_id) not in own
                and not move.origin_payment_id.payment_transaction_id
                and set(LIQUID) & set(move.line_ids.account_id.mapped("account_type"))
            )
        )
        return sum((exact(partial.credit_amount_currency) for partial in others), ZERO)

    def _oms_get_tenders(self, anyhow=False):
        """{payment that stands for a way of paying: what came in by this way and went back by it}, where it can be booked.

        :param anyhow: also those that cannot be, as somebody else books what goes back.
        """
        self.ensure_one()
        # sudo: payment transactions are closed to users by design
        done_sudo = self.sudo().transaction_ids.filtered(
            lambda tx: tx.state == "done" and tx.currency_id == self.currency_id
        )
        ways = defaultdict(lambda: [self.env["payment.transaction"], ZERO, ZERO])
        for transaction_sudo in done_sudo.sorted("id"):
            way = ways[transaction_sudo.oms_tender, transaction_sudo.oms_journal_id]
            if transaction_sudo.operation == "refund":
                way[2] -= exact(transaction_sudo.amount)
            else:
                way[0] = way[0] or transaction_sudo
                way[1] += exact(transaction_sudo.amount)
        return {
            source_sudo: Tender(source_sudo, captured, refunded)
            for source_sudo, captured, refunded in ways.values()
            if source_sudo and (anyhow or self._oms_can_pay_back(source_sudo))
        }

    def _oms_can_pay_back(self, source):
        """Whether it can be booked that money of this way goes back."""
        # sudo: which journal it is follows from how the customer paid
        return bool(self.sudo()._oms_get_payment_journal(source))

    def _oms_record_back(self, source, amount, **values):
        """Record that so much of a payment went back; booked by the caller.

        :param amount: above zero.
        :param values: of the repayment, where it differs from the payment.
        """
        self.ensure_one()
        return source._create_child_transaction(
            float(amount),
            is_refund=True,
            state="done",
            oms_tender=source.oms_tender,
            oms_journal_id=source.oms_journal_id.id,
            is_post_processed=True,
            last_state_change=fields.Datetime.now(),
            sale_order_ids=[fields.Command.link(self.id)],
            **values,
        )
