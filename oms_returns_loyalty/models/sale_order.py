from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from odoo import api, fields, models
from odoo.exceptions import UserError

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

    def _oms_add_discounts(self, book, others, goods, money):
        """Override of ``oms_returns``: a card is a way to pay, and goods that it paid for cost no less."""
        cards = others.filtered(lambda line: line.coupon_id.program_id.is_payment_program)
        if cards:
            book.redeemed = cards._oms_get_redeemed(book, others - cards, goods, money)
            others -= cards
        return super()._oms_add_discounts(book, others, goods, money)

    def _oms_prepare_credited_price(self, credits):
        """Override of ``oms_returns``: for new goods, too."""
        return super()._oms_prepare_credited_price(credits.filtered(lambda one: not one._oms_get_given_to_card()[1]))

    def _oms_pay_by_cards(self, used):
        """Let cards pay for an exchange with what credit notes took back of what they paid.

        These lines are no rewards for Odoo, which would look for the money on the card, where it never was in between.

        :param dict used: {line of a credit note: what of it pays for this order, ``Decimal``}
        """
        self.ensure_one()
        step, whole = dec(self.currency_id.rounding), dec(self._oms_get_uninvoiced())
        money = self.env["account.move.line"].union(*used)._oms_get_charged_money()
        values = []
        for line, amount in used.items():
            if amount:
                part = -(-money[line]).part(amount, step)
                pinned = self.order_line._oms_pinned(self.currency_id, Decimal(1), part.net, part.taxes, line.tax_ids)
                values.append(
                    {
                        **pinned,
                        "order_id": self.id,
                        "product_id": line.product_id.id,
                        "name": line.name,
                        "product_uom_qty": 1,
                        "coupon_id": line._oms_get_given_to_card()[0].id,
                    }
                )
        self.env["sale.order.line"].create(values)
        if values and sum(used.values(), ZERO) > whole:
            # Sent first, and charged already.
            self._create_invoices(final=True).action_post()

    def _action_cancel(self):
        """Override of ``sale``: what a card paid of new goods that nobody gets is on the card again; and what Odoo gives back to
        one can be spent.

        What is charged stays paid: its credit note gives it back. Odoo would do so twice, and delete the line that says it.
        """
        paid_sudo = {  # sudo: clerks may cancel
            order: order.sudo().order_line.coupon_id.filtered("program_id.is_payment_program")
            for order in self
            if order.state == "sale"
        }
        charged_sudo = self.sudo().order_line.filtered(  # sudo: as above
            lambda line: line.reward_id and line.coupon_id.program_id.is_payment_program and line._oms_get_redeeming()
        )
        charged_sudo.reward_id = False  # no reward any more, of which Odoo would give the points back
        result = super()._action_cancel()
        # What named the order in the history of the card is gone.
        self.env["loyalty.history"].sudo().create(  # sudo: as above
            [
                {
                    "card_id": line.coupon_id.id,
                    "description": self.env._("Order %s", line.order_id.name),
                    "used": line.points_cost,
                }
                for line in charged_sudo
            ]
        )
        charged_sudo.points_cost = 0
        for order, cards_sudo in paid_sudo.items():
            cards_sudo.filtered("points")._oms_keep_good(order.company_id)
        lines_sudo = self.sudo().order_line.filtered("oms_is_carried")  # sudo: clerks may cancel
        lines_sudo.filtered(lambda line: not line._oms_get_redeeming()).unlink()
        # Of orders that were credited by hand before cards got their part of that.
        charged_sudo._oms_follow_credits_by_hand()
        return result

    def _update_programs_and_rewards(self):
        """Override of ``sale_loyalty``: what a card paid before is paid, whether its program is offered here by now or not."""
        cards = {line: line.coupon_id for line in self.order_line.filtered("oms_is_carried")}
        # Odoo looks for the lines of a card, and would delete these with no money given back.
        self.env["sale.order.line"].union(*cards).coupon_id = False
        result = super()._update_programs_and_rewards()
        for line, card in cards.items():
            line.coupon_id = card
        return result

    def copy(self, default=None):
        """Override of ``sale_loyalty``: a copy is paid by no card."""
        copies = super().copy(default)
        copies.order_line.filtered(lambda line: line.coupon_id and not line.reward_id).unlink()
        return copies

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

    oms_is_carried = fields.Boolean(
        "Paid by Card Before",
        compute="_compute_oms_is_carried",
        help="What a gift card paid of goods that were exchanged for those of this order.",
    )

    oms_given_by_hand = fields.Float(
        "Given Back by Hand",
        readonly=True,
        copy=False,
        help="Of what a gift card paid: what credit notes gave back to it that no return made.",
    )

    @api.depends("coupon_id", "reward_id", "order_id.oms_exchange_return_id")
    def _compute_oms_is_carried(self):
        for line in self:
            line.oms_is_carried = line.coupon_id and not line.reward_id and line.order_id.oms_exchange_return_id

    def _can_be_invoiced_alone(self):
        """Override of ``sale``: no more than the reward of a card can."""
        return super()._can_be_invoiced_alone() and not self.oms_is_carried

    def unlink(self):
        """Override of ``sale``: the money of a line that is gone is on its card again."""
        given = []
        for line in self.filtered("oms_is_carried"):
            if not line._oms_get_redeeming():
                card_sudo, company = (
                    line.coupon_id.sudo(),
                    line.company_id,
                )  # sudo: who may change orders need see no cards
                today = company._oms_get_today()
                amount = line.currency_id._convert(-line.price_total, card_sudo.currency_id, company, today)
                given.append((card_sudo, amount, company, self.env._("Given back with %s", line.order_id.name)))
        result = super().unlink()
        for card_sudo, amount, company, why in given:
            card_sudo._oms_give_back(amount, company, why)
        return result

    def _oms_follow_credits_by_hand(self):
        """Have on the cards what credit notes took back of what they paid that no return made, and no invoice charged since.

        :raise UserError: when that is to be paid once more, and is spent.
        """
        for line in self.filtered("coupon_id.program_id.is_payment_program"):
            whole, card, company = -line.price_total, line.coupon_id, line.company_id
            posted = line.invoice_lines.filtered(lambda item: item.parent_state == "posted")
            taken = posted.filtered(lambda item: item.price_total < 0).grouped("move_type")
            charged = -sum(taken.get("out_invoice", posted.browse()).mapped("price_total"))
            by_hand = -sum(taken.get("out_refund", posted.browse()).mapped("price_total"))
            of_returns = [("oms_credited_line_id", "in", line.invoice_lines.ids), ("parent_state", "=", "posted")]
            rest = whole + sum(posted.search(of_returns).mapped("price_total"))
            due = max(min(by_hand - max(charged - whole, 0), rest), 0)
            day = line.order_id.date_order.date()
            points = line.currency_id._convert(due, card.currency_id, company, day)
            more = card.currency_id.round(points - line.oms_given_by_hand)
            if card.currency_id.compare_amounts(card.points + more, 0) < 0:
                raise UserError(
                    self.env._(
                        "%(amount)s are to be paid with gift card %(card)s once more, and only %(left)s are left on it. Take "
                        "its line off.",
                        amount=card.currency_id.format(-more),
                        card=card._oms_get_hint(),
                        left=card.currency_id.format(card.points),
                    )
                )
            if more > 0:
                card._oms_give_back(more, company, self.env._("Given back for %s", line.order_id.name))
            elif more:
                card.points += more
                why = self.env._("Order %s", line.order_id.name)
                self.env["loyalty.history"].create({"card_id": card.id, "description": why, "used": -more})
            line.oms_given_by_hand = points

    def _oms_get_redeeming(self):
        """The items of posted invoices by which cards paid; of new goods that were charged before, of credit notes."""
        return self.invoice_lines.filtered(
            lambda line: (
                line.parent_state == "posted"
                and (line.move_id.move_type == "out_invoice" or line._oms_is_paid_by_card())
            )
        )

    def _oms_get_redeemed(self, book, others, goods, money):
        """What these lines paid of the goods and of all else of their order, as of :meth:`_oms_add_discounts`."""

        def charged(line):
            beside = line.invoice_lines.filtered(lambda item: item._oms_is_paid_by_card())
            if beside:
                return -sum(beside._oms_get_charged_money().values(), Money())
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
            if credit._oms_is_paid_by_card():
                continue
            if card:
                given[card[0]] -= dec(credit.price_total)
            else:
                credited += dec(credit.price_total)
        return Redeemed(paid, given, whole, credited)
