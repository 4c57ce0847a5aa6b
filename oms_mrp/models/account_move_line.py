from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _get_cogs_value(self):
        """Override of ``sale_mrp``: of a kit that is itself kept in stock, what the parts that left did cost.

        Odoo 19.0 cannot post the invoice of such a kit (the moves are of several products), and counts each part as often
        over as there are in a kit. All invoices of one order line sum to the value of what left; a credit note goes back at
        the cost of the invoice that it reverses.
        """
        cost = self._oms_get_kit_cost()
        return super()._get_cogs_value() if cost is None else cost

    def _oms_get_kit_cost(self):
        """In the currency of the company, for one unit as ``_get_cogs_value`` counts; ``None`` for what is no kit."""
        self.ensure_one()
        line = self.sale_line_ids[-1:]
        kits = line and line._oms_get_kits_left()
        if not kits:
            return None
        booked = self.move_id.reversed_entry_id.line_ids.filtered(
            lambda item: item.display_type == "cogs" and item.product_id == self.product_id and item.price_unit >= 0
        )
        if booked:
            return booked[0].price_unit
        left = line.move_ids.filtered(
            lambda move: (
                move.state == "done"
                and move.product_id.is_storable  # others lie on no account
                and move.location_dest_id._is_outgoing()
                and not move.origin_returned_move_id
            )
        )
        shipped = line.product_uom_id._compute_quantity(kits[0], self.product_id.uom_id)
        if not shipped or not self.quantity:
            return 0.0
        due = sum(left.mapped("value")) / shipped * self._get_cogs_qty()
        return (due - self._get_posted_cogs_value()) / self.quantity
