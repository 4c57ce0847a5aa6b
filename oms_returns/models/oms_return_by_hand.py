"""What somebody has credited on the invoice already is not credited again: it counts as settled."""

from collections import defaultdict
from decimal import Decimal

from odoo import models


class OmsReturn(models.Model):
    _inherit = "oms.return"

    def _count_credits_by_hand(self):
        """Count credit notes of others (an accountant's, a channel's) as far as the invoices leave nothing to credit.

        :return: the settlements that were written
        """
        self.ensure_one()
        rows = self.env["oms.return.settlement"]
        lines = self.line_ids.filtered(lambda line: line.sale_line_id and line.outcome in ("refund", "credit"))
        for sale_line, of_line in lines.grouped("sale_line_id").items():
            by_hand = sale_line._oms_get_credited_by_hand()
            if not by_hand:
                continue
            due = {line: Decimal(repr(line.quantity_to_settle)) for line in of_line if line.quantity_to_settle > 0}
            short = sum(due.values()) - sum(sale_line._oms_get_refundable_invoice_lines().values())
            for move, credited in by_hand.items():
                for line in due:
                    taken = min(short, credited, due[line])
                    if taken > 0:
                        rows |= line._settled(taken, "refund", move=move, note=self.env._("Credited by hand"))
                        due[line] -= taken
                        credited -= taken
                        short -= taken
        return rows


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_get_credited_by_hand(self):
        """{posted credit note: quantity of this line on it that belongs to no return}"""
        self.ensure_one()
        # sudo: amounts alone, whoever may read entries
        credits_sudo = self.sudo().invoice_lines.filtered(
            lambda line: (
                line.move_id.state == "posted"
                and line.move_id.move_type == "out_refund"
                and not line.oms_return_line_id
            )
        )
        rest = defaultdict(Decimal)
        for line in credits_sudo.sorted("id"):
            rest[line.move_id] += self._oms_quantity_of(line)
        for row in self.oms_return_line_ids.settlement_ids.filtered("move_id"):
            if row.move_id in rest:
                rest[row.move_id] -= Decimal(repr(row.quantity))
        return {move: quantity for move, quantity in rest.items() if quantity > 0}
