"""Money without goods: a price that is lowered afterwards, and goodwill."""

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.oms_core.domain.money import ZERO

from ..domain.refund import adjust
from .oms_return_refund import Entry


class OmsReturn(models.Model):
    _inherit = "oms.return"

    def action_open_give(self):
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Give Money"),
            "res_model": "oms.return.give",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_return_id": self.id,
                "default_line_id": self.line_ids.filtered("sale_line_id")[:1].id,
            },
        }

    def _give(self, kind, line, amount, why):
        """Credit ``amount``, tax included, on what the customer keeps of a line, and say so to the channel.

        ::

            credit note   Dr price adjustments or goodwill, and the tax of it     Cr receivable

        Neither the invoiced quantity nor stock moves: it is booked on a service. Never more than what is left of the line
        (``adjustment``) or of the whole order (``goodwill``).

        :return: the posted credit note.
        :raise UserError: when nothing is left to give money back on.
        """
        self.ensure_one()
        order = line.sale_line_id.order_id
        book = order._oms_get_refund_book()
        plan = self._plan_adjustment if kind == "adjustment" else self._plan_goodwill
        entries = plan(book, line, min(amount, max(book.room, ZERO)), why)
        if not entries:
            raise UserError(
                self.env._(
                    "Everything that was charged for “%s” has been given back already, or nothing of it is on a posted "
                    "invoice.",
                    line.product_id.display_name,
                )
            )
        refunds = self._post_credits(self._by_document(entries, order))
        order.sudo()._oms_reconcile()  # sudo: follows from the posted credit notes alone
        for refund in refunds:
            order._oms_on_refunded(refund)
        return refunds

    def _plan_adjustment(self, book, line, amount, why):
        entries, seen = [], set()
        for charged in book.open.get(line.sale_line_id.id, {}):
            key = book.key_of(charged)
            if key in seen or amount <= 0:
                continue
            seen.add(key)
            try:
                given = adjust(book.lines[key], book.credited[key], amount, book.step)
            except ValueError:
                continue
            amount -= given.money.total
            basis = {"start": str(given.start), "stop": str(given.stop)}
            entries.append(Entry("adjustment", charged, given.money, return_line=line, basis=basis, why=why))
        return entries

    def _plan_goodwill(self, book, line, amount, why):
        charged = next(iter(book.open.get(line.sale_line_id.id, {})), None)
        if not charged or amount <= 0:
            return []
        money = book.lines[book.key_of(charged)].whole.part(amount, book.step)
        return [Entry("goodwill", charged, money, return_line=line, why=why)]
