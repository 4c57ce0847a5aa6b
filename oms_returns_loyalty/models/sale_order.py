from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from odoo import models

from odoo.addons.oms_core.domain.money import ZERO, allocate, round_to
from odoo.addons.oms_returns.domain.refund import Money
from odoo.addons.oms_returns.models.sale_order_refund import dec


@dataclass
class Redeemed:
    """What cards paid of an order.

    :param paid: {line of the order that a card paid by: its amounts as they are charged, negative}.
    :param given: {such a line: what its card got back}.
    :param charged: what was charged in all before any card paid of it, tax included.
    :param credited: what of that was given back, on the card or otherwise.
    """

    paid: dict
    given: dict
    charged: Decimal
    credited: Decimal

    def give_back(self, total, room, step):
        """{such a line: what its card gets of ``total``}: as much of all that is given back as it paid of all that was charged.

        :param room: more than that is not given back in money, and the cards get what is beyond it; ``None``: not known yet.
        """
        if total <= 0 or self.charged <= 0:
            return {}
        left = {line: -money.total - self.given[line] for line, money in self.paid.items()}
        whole, given = -sum(money.total for money in self.paid.values()), sum(self.given.values(), ZERO)
        self.credited += total
        due = round_to(whole * self.credited / self.charged, step) - given
        if room is not None:
            due = max(due, total - room)
        due = max(min(due, total, sum(left.values(), ZERO)), ZERO)
        parts = dict(zip(left, allocate(due, [max(one, ZERO) for one in left.values()], step), strict=True))
        for line, part in parts.items():
            self.given[line] += part
        return {line: part for line, part in parts.items() if part}


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_point_changes(self):
        """Override of ``sale_loyalty``: what credit notes took back of what a card paid is not given back by cancelling too."""
        changes = super()._get_point_changes()
        cancelled_sudo = self.filtered(lambda order: order.state == "cancel").sudo()  # sudo: clerks may cancel
        charged_sudo = cancelled_sudo.order_line.filtered("coupon_id").invoice_lines
        if charged_sudo:
            credited = [("oms_credited_line_id", "in", charged_sudo.ids), ("parent_state", "=", "posted")]
            for line_sudo in charged_sudo.search(credited):
                card_sudo, amount = line_sudo._oms_get_given_to_card()
                card = card_sudo.with_env(self.env)
                if amount and card in changes:
                    changes[card] += amount
        return changes

    def _oms_add_discounts(self, book, others, goods, money):
        """Override of ``oms_returns``: a card is a way to pay, and goods that it paid for cost no less. New goods do."""
        cards = others.filtered(lambda line: line.coupon_id.program_id.is_payment_program)
        if cards and not book.for_new_goods:
            book.redeemed = cards._oms_get_redeemed(book, others - cards, goods, money)
            others -= cards
        return super()._oms_add_discounts(book, others, goods, money)

    def _oms_get_offered_line(self, line, judged):
        """Override of ``oms_returns``: who would get a gift card reads so before asking."""
        offered = super()._oms_get_offered_line(line, judged)
        if self.oms_channel_id.return_credit_as == "gift_card":
            for entry in (*offered["outcomes"], *offered["refused"]):
                if entry["outcome"] == "credit":
                    entry["label"] = self.env._("Gift card")
        return offered


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_get_redeemed(self, book, others, goods, money):
        """What these lines paid of the goods and of all else of their order, as of :meth:`_oms_add_discounts`."""

        def charged(line):
            return sum((money[each] for each in (*line.invoice_lines, line) if each in money), Money())

        paid = {line: amounts for line in self if (amounts := charged(line)).total < 0}
        whole = sum((charged(line).total for line in others), ZERO)
        for line in book.lines.values():
            if line.quantity:
                units = line.quantity if line.charged is None else line.charged
                exact = Fraction(line.money.total) * Fraction(units) / Fraction(line.quantity)
                whole += round_to(Decimal(exact.numerator) / exact.denominator, book.step)
        given, credited = defaultdict(Decimal), ZERO
        lines = self | others | goods
        credits = self.env["account.move.line"].search(
            [
                ("parent_state", "=", "posted"),
                ("move_id.move_type", "=", "out_refund"),
                "|",
                ("oms_credited_line_id", "in", lines.invoice_lines.ids),
                ("sale_line_ids", "in", lines.ids),
            ]
        )
        for credit in credits:
            card = (credit.oms_credited_line_id.sale_line_ids | credit.sale_line_ids) & self
            if card:
                given[card[0]] -= dec(credit.price_total)
            else:
                credited += dec(credit.price_total)
        return Redeemed(paid, given, whole, credited)
