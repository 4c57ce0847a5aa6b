"""What payouts say of an order, on the page that tells where its money is; and the way from their entries to the orders."""

from odoo import models

from odoo.addons.oms_core.domain.money import ZERO
from odoo.addons.oms_core.domain.order_to_cash import Document, Step
from odoo.addons.oms_core.models.sale_order_money import HELD, at

from .oms_settlement_booked import exact

#: Kind of a payout's line → kind of a step of an order's money.
STEPS = {
    "fee": "fee",
    "fee_tax": "fee",
    "tax_collected": "tax_kept",
    "shipping_label": "postage",
    "adjustment": "adjustment",
    "reserve_hold": "reserve",
    "reserve_release": "reserve",
    "chargeback": "chargeback",
    "chargeback_reversal": "chargeback",
}
#: What payments and refunds of the order are.
PAID = ("sale", "refund")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_money_steps(self):
        """Override of ``oms_core``: what the channel kept of this order, what a customer's bank took back, and what of its
        payments was paid out otherwise than is booked."""
        steps = [*super()._oms_money_steps()]
        yield from steps
        # sudo: payouts are for accountants; whoever may look at the money of an order sees what of them is about it
        lines_sudo = self.env["oms.settlement.line"].sudo()
        booked = [("settlement_id.move_id", "!=", False)]
        of_order = [("order_id", "=", self.id), ("kind", "in", [*STEPS, *PAID])]
        # A report may name the payment only.
        of_payment = [
            ("order_id", "=", False),
            ("kind", "in", PAID),
            ("matched_line_id.move_id", "in", self.transaction_ids.payment_id.move_id.ids),
        ]
        lines_sudo = lines_sudo.search(booked + of_order, order="id") | lines_sudo.search(
            booked + of_payment, order="id"
        )
        for payout_sudo, told_sudo in lines_sudo.grouped("settlement_id").items():
            booked = payout_sudo._get_where_booked()
            paid_sudo = told_sudo.filtered(lambda line: line.kind in PAID)
            for line_sudo in told_sudo - paid_sudo:
                yield self._oms_get_kept_step(line_sudo, booked)
            if paid_sudo:
                yield from self._oms_different_steps(payout_sudo, paid_sudo, steps, booked)

    def _oms_get_kept_step(self, line, booked):
        payout, rest = line.settlement_id, line.rest_id
        # What is held back and released is nothing in the end, at whatever rates.
        day = self.date_order.date() if STEPS[line.kind] == "reserve" else payout.date

        def told(amount):
            return exact(
                payout.currency_id._convert(amount, self.currency_id, self.company_id, day), self.currency_id.name
            )

        asks = rest.is_task and line.kind == "chargeback"
        # Won in part, the rest of it is still in dispute.
        left = -rest.item_id.amount_residual_currency if rest.item_id else line.amount
        return Step(
            line.occurred_at or payout.ends_at or payout.create_date,
            STEPS[line.kind],
            told(line.amount),
            **booked,
            note=rest.sentence if asks else line.text or line.code or "",
            open=told(left) if asks else ZERO,
        )

    def _oms_different_steps(self, payout, told, steps, booked):
        """What a payout says of this order's payments and refunds, less what it settles of them."""
        alone = all(len(transaction.sale_order_ids) == 1 for transaction in self.transaction_ids)
        if payout.currency_id != self.currency_id or not alone:
            return  # What a payment was exchanged for, or is for other orders, is no amount of this one.
        entries = {move._oms_as_document() for move in payout.move_ids}
        settled = sum((step.amount for step in steps if step.kind == "settled" and step.entry in entries), ZERO)
        amount = sum((exact(line.amount, self.currency_id.name) for line in told), ZERO) - settled
        if not amount:
            return
        rests = told.rest_id
        is_tax = set(rests.mapped("cause")) == {"tax_by_channel"}
        yield Step(
            at(payout.date),
            "tax_kept" if is_tax else "difference",
            amount,
            **booked,
            note=" ".join(rest.sentence for rest in rests),
            open=amount if any(rest.is_task for rest in rests) else ZERO,
        )


class OmsSettlement(models.Model):
    _inherit = "oms.settlement"

    def _get_where_booked(self):
        """What the steps of this payout have in common: the report, its entry, and the bank's once all of it is there."""
        bank, done, _why = self.move_id._oms_get_way_to_bank(self.channel_id._oms_get_clearing_accounts())
        return {
            "document": Document("oms.settlement", self.id, self.external_id),
            "entry": self.move_id._oms_as_document(),
            "counterparts": tuple(move._oms_as_document() for move in bank if done),
        }


class AccountMove(models.Model):
    _inherit = "account.move"

    def _oms_get_way_to_bank(self, clearing):
        """Override of ``oms_core``: in a payout of nothing, sales were set off against what the channel took."""
        payout = self.oms_settlement_id
        if payout and self == payout.move_id and payout.currency_id.is_zero(payout.total):
            if not any(item.oms_cause in HELD for item in self._oms_get_passed(clearing)):
                return self, True, ""
        return super()._oms_get_way_to_bank(clearing)

    def action_oms_order_to_cash(self):
        """Override of ``oms_core``: the entry of a payout leads to the payout, which tells its orders."""
        self.check_access("read")
        return self.oms_settlement_id._open() if self.oms_settlement_id else super().action_oms_order_to_cash()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _oms_get_orders(self):
        """Override of ``oms_core``: an item of a payout is about what it settles, and about the lines that it books."""
        of_payouts = self.filtered(lambda item: item.move_id.oms_settlement_id)
        others = self - of_payouts
        orders = super(AccountMoveLine, others)._oms_get_orders() if others else self.env["sale.order"]
        for settlement, items in of_payouts.grouped(lambda item: item.move_id.oms_settlement_id).items():
            orders |= items._oms_get_orders_of_counterparts()
            for lines in settlement._get_lines_of(items).values():
                orders |= lines.order_id
        return orders

    def _oms_open_behind(self):
        """Override of ``oms_core``: what a payout brought leads to the payout."""
        entries = self.move_id.union(*self.move_id.line_ids._oms_get_counterparts())
        payout = (self.move_id | entries).oms_settlement_id
        return payout._open() if payout else super()._oms_open_behind()
