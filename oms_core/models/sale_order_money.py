"""Order to cash: for the accountant, every event of an order, its entry, its counterpart, and what is open and why.

Read from the native documents at the moment of looking; nothing of it is stored. What it means is told by
``domain/order_to_cash.py``. Add-ons add steps of theirs to ``_oms_money_steps``, and what of the goods is still to be credited
to ``_oms_get_open_goods``.
"""

from collections import defaultdict
from datetime import datetime, time
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..const import PAYOUT_LATE_DAYS
from ..domain.money import share
from ..domain.order_to_cash import KINDS, ZERO, Document, Goods, Step, Terms, tell

#: Where money lies or is on its way.
LIQUID = ("asset_cash", "asset_current")
#: Causes of items with what a channel keeps for now.
HELD = ("reserve", "carry_over")


def exact(amount):
    """A stored amount as the decimal number that it shows."""
    return Decimal(repr(amount or 0.0))


def at(day):
    """A day as the moment at which it begins: entries have no other."""
    return datetime.combine(day, time.min)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_order_to_cash = fields.Html(
        compute="_compute_oms_order_to_cash",
        compute_sudo=True,
        sanitize=False,
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    @api.depends_context("lang", "tz")
    def _compute_oms_order_to_cash(self):
        """Of an order that is looked at; no list shows it. (Sudo: who reads the books may read all that they are made of.)"""
        kinds = dict(self._oms_money_kinds())
        for order in self:
            order.oms_order_to_cash = self.env["ir.qweb"]._render(
                "oms_core.order_to_cash",
                {
                    "account": order._origin._oms_get_order_to_cash(),
                    "kinds": kinds,
                    "currency": order.currency_id,
                },
            )

    def _oms_money_kinds(self):
        """What the steps are called: (code, words)."""
        words = {
            "ordered": self.env._("Ordered"),
            "authorized": self.env._("Authorized"),
            "asked": self.env._("Capture asked for"),
            "released": self.env._("Given free"),
            "taken": self.env._("Taken, not booked"),
            "shipped": self.env._("Shipped"),
            "invoiced": self.env._("Invoiced"),
            "paid": self.env._("Paid"),
            "came_back": self.env._("Came back"),
            "credited": self.env._("Credited"),
            "repaid": self.env._("Paid back"),
            "matched": self.env._("Matched"),
            "exchange": self.env._("Exchange difference"),
            "fee": self.env._("Fee"),
            "tax_kept": self.env._("Tax paid by the channel"),
            "postage": self.env._("Postage"),
            "adjustment": self.env._("Adjustment by the channel"),
            "reserve": self.env._("Held back or released"),
            "difference": self.env._("Otherwise than booked"),
            "chargeback": self.env._("Chargeback"),
            "settled": self.env._("With the channel"),
            "banked": self.env._("In the bank"),
        }
        return [(kind, words.get(kind, kind)) for kind in KINDS]

    def action_oms_order_to_cash(self):
        """Show these orders to an accountant: one as its page, several as a list of pages."""
        self.env["oms.cut.off"].check_access("read")  # whoever closes the books
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id("oms_core.oms_order_to_cash_action")
        if len(self) == 1:
            form = self.env.ref("oms_core.order_to_cash_view_form")
            return {**action, "res_id": self.id, "view_mode": "form", "views": [(form.id, "form")]}
        return {**action, "domain": [("id", "in", self.ids)]}

    # ------------------------------------------------------------------------------------------------------ ACCOUNT

    def _oms_get_order_to_cash(self):
        """What happened to the money of this order and what is open, as ``domain.order_to_cash.Account``."""
        self.ensure_one()
        channel = self.oms_channel_id
        terms = Terms(
            today=self.company_id._oms_get_today(),
            by_hand=not channel or channel.invoice_policy == "manual",
            error=self.oms_booking_error or "",
            late_after_days=PAYOUT_LATE_DAYS,
            money=lambda amount: self.currency_id.format(float(amount)),
            day=lambda day: format_date(self.env, day),
        )
        return tell(self._oms_money_steps(), self._oms_get_open_goods(), terms)

    def _oms_get_open_goods(self):
        """What of the goods is not in the books yet, with tax. Add-ons add what came back and is not credited."""
        self.ensure_one()
        if self.state != "sale":
            return Goods(
                to_ship=ZERO if self.state == "cancel" else exact(self.amount_total),
                deposit=self._oms_get_deposit_left(),
                deposit_stays=True,
            )
        step = exact(self.currency_id.rounding)
        waits = any(picking.state not in ("done", "cancel") for picking in self.picking_ids)
        to_ship = to_invoice = ZERO
        for line in self.order_line.filtered(lambda line: not line.display_type and line.product_uom_qty):
            price = exact(line.price_total) / exact(line.product_uom_qty)
            charged, _credited = line._oms_get_charged()
            due = max(exact(line.qty_to_invoice), ZERO)
            later = max(exact(line.product_uom_qty) - charged - due, ZERO)
            to_invoice += price * due
            to_ship += price * later if waits else ZERO
        deposit = self._oms_get_deposit_left()
        return Goods(
            to_ship=to_ship.quantize(step),
            to_invoice=to_invoice.quantize(step),
            deposit=deposit,
            deposit_stays=bool(deposit) and not self._oms_has_more_to_invoice(),
        )

    def _oms_money_steps(self):
        """Yield what happened to the money of this order. Add-ons add theirs after ``super()``."""
        self.ensure_one()
        own = Document("sale.order", self.id, self.name)
        yield Step(self.oms_ordered_at or self.date_order, "ordered", exact(self.amount_total), own)
        yield from self._oms_goods_steps()
        yield from self._oms_document_steps()
        yield from self._oms_payment_steps()

    def _oms_goods_steps(self):
        """When goods left and came back. What they cost is booked with the invoice, not when they move."""
        moves = self.order_line.move_ids.filtered(lambda move: move.state == "done")
        for picking, of_picking in moves.grouped("picking_id").items():
            out = of_picking.filtered(lambda move: move.location_dest_id.usage == "customer")
            back = of_picking.filtered(lambda move: move.location_id.usage == "customer")
            for kind, some in (("shipped", out), ("came_back", back)):
                if some:
                    amount = sum((self._oms_get_price_of(move) for move in some), ZERO)
                    amount = amount.quantize(exact(self.currency_id.rounding))
                    yield Step(
                        picking.date_done or some[0].date,
                        kind,
                        amount if kind == "shipped" else -amount,
                        Document("stock.picking", picking.id, picking.name),
                        note=self.env._("at the prices of the order"),
                        counts=False,
                    )

    def _oms_get_price_of(self, move):
        """What goods that moved were sold for, with tax; of a part of a kit, nothing: the kit has the price."""
        line = move.sale_line_id
        if move.product_id != line.product_id or not line.product_uom_qty:
            return ZERO
        quantity = move.product_uom._compute_quantity(move.quantity, line.product_uom_id)
        return exact(line.price_total) * exact(quantity) / exact(line.product_uom_qty)

    def _oms_document_steps(self):
        """Invoices and credit notes, and what else than payments of this order they are matched with.

        Of an invoice over several orders, this one has the share that its lines have; the money of each order is its own.
        """
        moves = self.invoice_ids.filtered(lambda move: move.state == "posted")
        paid = self.transaction_ids.payment_id.move_id
        for move in moves:
            receivable = move.line_ids.filtered(lambda line: line.account_id.account_type == "asset_receivable")
            sign = 1 if move.move_type == "out_invoice" else -1
            others = receivable._oms_get_counterparts()
            orders = move.line_ids.sale_line_ids.order_id
            ours = self._oms_share_among(orders, move._oms_get_charged_orders() if len(orders) > 1 else {})
            of_others = (orders - self).transaction_ids.payment_id.move_id - paid
            amount = ours(sign * exact(move.amount_total))
            left = sum((exact(line.amount_residual_currency) for line in receivable), ZERO)
            if len(orders) > 1:
                # What the other orders' customers owe or paid is on their pages; what concerns no order is shared.
                matched = (
                    value if other in paid else ours(value)
                    for other, value in others.items()
                    if other not in of_others and not other._oms_is_exchange()
                )
                left = amount - sum(matched, ZERO)
            yield Step(
                at(move.date),
                "invoiced" if sign > 0 else "credited",
                amount,
                Document("account.move", move.id, move.name),
                entry=Document("account.move", move.id, move.name),
                counterparts=tuple(other._oms_as_document() for other in others if other not in of_others),
                open=left,
                account=receivable.account_id[:1].display_name or "",
            )
            for other, amount in others.items():
                if other not in moves | paid | of_others:
                    amount = ours(amount)
                    kind = "exchange" if other._oms_is_exchange() else "matched"
                    yield Step(
                        at(other.date),
                        kind,
                        amount,
                        other._oms_as_document(),
                        entry=other._oms_as_document(),
                        counterparts=(move._oms_as_document(),),
                        counts=kind == "matched",
                    )

    def _oms_share_among(self, orders, weights):
        """The function that tells what this order has of an amount that concerns several; their shares sum to the amount.

        :param weights: {order: amount}; of one order alone, nothing is asked.
        """
        if len(orders) < 2:
            return lambda amount: amount
        step = exact(self.currency_id.rounding)
        before = sum((weights.get(order, ZERO) for order in orders if order.id < self.id), ZERO)
        whole = sum((weights.get(order, ZERO) for order in orders), ZERO)
        return lambda amount: share(amount, whole, before, before + weights.get(self, ZERO), step)

    def _oms_payment_steps(self):
        yield from self._oms_authorization_steps()
        for transaction in self.transaction_ids.filtered(lambda tx: tx.state == "done" and tx.amount):
            own = Document("payment.transaction", transaction.id, transaction.reference)
            moment = transaction.last_state_change or transaction.create_date
            orders = transaction.sale_order_ids
            weights = {order: exact(order.amount_total) for order in orders}
            ours = self._oms_share_among(orders, weights)
            amount = ours(exact(transaction.amount))
            if move := transaction.payment_id.move_id.filtered(lambda move: move.state == "posted"):
                yield from self._oms_booked_payment_steps(transaction.payment_id, move, amount, ours)
            elif not transaction.source_transaction_id or transaction.operation == "refund":
                yield Step(moment, "taken", amount, own, open=amount, counts=False)

    def _oms_booked_payment_steps(self, payment, move, amount, ours):
        """One payment: matched with the invoice on one side, and with the channel's payout and the bank on the other.

        :param ours: what of its amounts is this order's.
        """
        liquidity, receivable, _rest = payment._seek_for_lines()
        document = Document("account.payment", payment.id, payment.memo or move.name)
        yield Step(
            at(move.date),
            "paid" if amount > 0 else "repaid",
            amount,
            document,
            entry=move._oms_as_document(),
            counterparts=tuple(other._oms_as_document() for other in receivable._oms_get_counterparts()),
            open=ours(-sum((exact(line.amount_residual_currency) for line in receivable), ZERO)),
            account=liquidity.account_id[:1].display_name or "",
        )
        waiting = liquidity.filtered(lambda line: line.account_id.reconcile)
        for other, matched in waiting._oms_get_counterparts().items():
            if not other._oms_is_exchange():
                yield from self._oms_settled_steps(other, ours(matched), waiting.account_id, document)
        open_amounts = (exact(line.amount_residual_currency - line._oms_get_being_settled()) for line in waiting)
        if left := ours(sum(open_amounts, ZERO)):
            yield Step(at(move.date), "settled", left, document, open=left, counts=False)

    def _oms_settled_steps(self, entry, amount, clearing, document):
        """What an entry on the other side of the clearing account accounts for, and whether it is in the bank."""
        bank, done, why = entry._oms_get_way_to_bank(clearing)
        yield Step(
            at(entry.date),
            "settled",
            amount,
            document,
            entry=entry._oms_as_document(),
            counterparts=tuple(move._oms_as_document() for move in bank),
            open=ZERO if done else amount,
            note=why,
        )
        if bank and done:
            yield Step(at(max(bank.mapped("date"))), "banked", amount, document, entry=bank[-1]._oms_as_document())


class AccountMove(models.Model):
    _inherit = "account.move"

    def _oms_get_way_to_bank(self, clearing):
        """(entries of the bank that show what this entry took from the clearing accounts, whether they show all of it, why not).

        Add-ons add entries that brought nothing to the bank because there was nothing to bring.
        """
        if self.statement_line_id:
            return self, True, ""
        passed = self._oms_get_passed(clearing)
        held = passed.filtered(lambda line: line.oms_cause in HELD)
        on_its_way, why = passed - held, ""
        if held and not on_its_way:
            # All of it was held back: it comes with the entries that release it.
            on_its_way = self.union(*held._oms_get_counterparts())._oms_get_passed(clearing)
            on_its_way = on_its_way.filtered(lambda line: line.oms_cause not in HELD)
            if any(exact(line.amount_residual) for line in held):
                why = self.env._("the channel holds it back for now")
        # Of what is held back, nothing is to be seen at the bank yet; only what has gone there counts.
        arrived = on_its_way.filtered(
            lambda line: any(other.statement_line_id for other in line._oms_get_counterparts())
        )
        bank = self.union(*arrived._oms_get_counterparts()).filtered("statement_line_id")
        done = not why and (not passed or (bool(arrived) and not any(exact(line.amount_residual) for line in arrived)))
        return bank, done, why

    def _oms_get_passed(self, clearing):
        """The items where what these entries took from the clearing accounts is on its way, or held back."""
        return self.line_ids.filtered(
            lambda line: (
                line.account_id.reconcile
                and line.account_id not in clearing
                and line.account_id.account_type in LIQUID
                and line.oms_cause in (False, *HELD)
            )
        )

    def _oms_get_charged_orders(self):
        """{order: what the lines of this invoice charge of it}, with tax."""
        charged = defaultdict(Decimal)
        for line in self.invoice_line_ids:
            charged[line.sale_line_ids.order_id[:1]] += exact(line.price_total)
        return charged

    def _oms_as_document(self):
        return Document("account.move", self.id, self.name or self.ref or str(self.id))

    def _oms_is_exchange(self):
        """Whether this only books that currencies were worth something else when they were matched."""
        return bool(self.journal_id) and self.journal_id == self.company_id.currency_exchange_journal_id

    def _oms_get_orders(self):
        """The orders that these entries are about. Add-ons add those of entries of theirs."""
        payments = self.origin_payment_id
        # sudo: payment transactions are closed to users by design; which orders may be read is checked where they are shown
        return self.line_ids.sale_line_ids.order_id | payments.sudo().payment_transaction_id.sale_order_ids

    def action_oms_order_to_cash(self):
        """From an entry to what it is a part of."""
        self.env["oms.cut.off"].check_access("read")
        self.check_access("read")
        orders = self._oms_get_orders()
        return orders.action_oms_order_to_cash() if orders else self.line_ids.action_oms_order_to_cash()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _oms_get_counterparts(self):
        """{entry: what of these lines is matched with it or about to be, in the currency of these lines; a credit of the other
        is positive}."""
        matched = defaultdict(Decimal)
        for partial in self.matched_credit_ids:
            matched[partial.credit_move_id.move_id] += exact(partial.debit_amount_currency)
        for partial in self.matched_debit_ids:
            matched[partial.debit_move_id.move_id] -= exact(partial.credit_amount_currency)
        for line in self.filtered("oms_settled_by_id"):
            matched[line.oms_settled_by_id.move_id] += exact(line._oms_get_being_settled())
        return dict(matched)

    def action_oms_order_to_cash(self):
        """From a journal item to what it is a part of: its orders, or else what it is there for.

        :raise UserError: where nothing of that is known.
        """
        self.env["oms.cut.off"].check_access("read")
        self.check_access("read")
        if orders := self._oms_get_orders():
            return orders.action_oms_order_to_cash()
        return self._oms_open_behind()

    def _oms_get_orders(self):
        """The orders that these items are about: those of their entries, or else of what they or the other items of their
        entries are matched with."""
        return (
            self.move_id._oms_get_orders()
            or self._oms_get_orders_of_counterparts()
            or self.move_id.line_ids._oms_get_orders_of_counterparts()
        )

    def _oms_get_orders_of_counterparts(self):
        return self.env["account.move"].union(*self._oms_get_counterparts())._oms_get_orders()

    def _oms_open_behind(self):
        """What opens for items that are about no order. Add-ons open documents of theirs before ``super()``."""
        raise UserError(
            self.env._(
                "%s is about no order: it is matched with no invoice and no payment of one. What made the entry stands in its "
                "Other Info and its messages.",
                self.move_id[:1].display_name,
            )
        )
