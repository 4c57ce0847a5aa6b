from odoo import models

from ..domain.costing import cost_of_next
from ..domain.money import ZERO
from .sale_order_money import exact


class AccountMoveLine(models.Model):
    """The cost of the goods of an invoice is that of the parcels that it is for."""

    _inherit = "account.move.line"

    def _get_cogs_value(self):
        """Override of ``stock_account``: all invoices of one order line sum to the value of what left.

        Odoo 19.0 values all that was invoiced so far anew, at the average cost of today or over goods that came back as well,
        and books the difference with the next invoice: then the ledger differs from the shelves. A credit note goes back at
        the cost of the invoice that it reverses, as in Odoo.
        """
        cost = self._oms_get_cost_of_parcels()
        return super()._get_cogs_value() if cost is None else cost

    def _oms_get_cost_of_parcels(self):
        """In the currency of the company, for one unit of the product; ``None`` for what Odoo decides alone."""
        self.ensure_one()
        sold, unit = self.sale_line_ids, self.product_id.uom_id
        entry = self.move_id
        if len(sold) != 1 or entry.move_type != "out_invoice" or entry.reversed_entry_id or not self.quantity:
            return None
        left = sold.move_ids.filtered(lambda move: move.is_out and move.product_id == self.product_id)
        earlier = sold.invoice_lines.filtered(
            lambda item: (
                (item.parent_state == "posted" and item.move_type == "out_invoice" and item.move_id != entry)
                or (item.move_id == entry and item.id < self.id)
            )
        )
        quantity = exact(self.product_uom_id._compute_quantity(self.quantity, unit, round=False))
        cost = cost_of_next(
            [
                (exact(move._get_valued_qty()), exact(move.value))
                for move in left.sorted(lambda move: (move.date, move.id))
            ],
            sum(
                (exact(item.product_uom_id._compute_quantity(item.quantity, unit, round=False)) for item in earlier),
                ZERO,
            ),
            quantity,
        )
        return None if cost is None else float(cost / quantity)
