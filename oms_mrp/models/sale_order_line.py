from math import ceil, floor

from odoo import models


class SaleOrderLine(models.Model):
    """What leaves of a kit are its components, whose moves are of other products than the line."""

    _inherit = "sale.order.line"

    def _oms_get_shipped(self):
        """Override of ``oms_core``: whole kits that have left, whatever came back since."""
        kits = self._oms_get_kits_left()
        return super()._oms_get_shipped() if kits is None else kits[0]

    def _oms_get_left(self):
        """Override of ``oms_core``: a kit of which one component has left cannot be stopped any more."""
        kits = self._oms_get_kits_left()
        return super()._oms_get_left() if kits is None else max(kits[0], min(kits[1], self.product_uom_qty))

    def _oms_get_parts(self):
        """Override of ``oms_core``: by the recipe. One that is gone, or was changed since the parts left, is not asked:
        then all that left in whole tells what one of them was made of."""
        parts = super()._oms_get_parts()
        # Nothing is asked for of an optional part, of which the bill says zero.
        asked_once = self.move_ids.filtered(
            lambda move: move.product_id.type == "consu" and (move.product_uom_qty or move.state == "cancel")
        )
        moves = asked_once.filtered(lambda move: move.state != "cancel")
        if not moves or self.product_id in moves.product_id:
            return parts
        # sudo: as below
        boms_sudo = self.env["mrp.bom"].sudo()
        bom_sudo = boms_sudo._bom_find(self.product_id, bom_type="phantom", company_id=self.company_id.id)[
            self.product_id
        ]
        if bom_sudo:
            kits = self.product_uom_id._compute_quantity(1.0, bom_sudo.product_uom_id, round=False)
            for bom_line_sudo, data in bom_sudo.explode(self.product_id, 1.0)[1]:
                part = bom_line_sudo.product_id.with_env(self.env)
                if part.type != "consu" or bom_line_sudo.product_uom_id.is_zero(data["qty"]):
                    continue
                needed = bom_line_sudo.product_uom_id._compute_quantity(
                    data["qty"] / data["original_qty"] / bom_sudo.product_qty, part.uom_id, round=False
                )
                parts[part] = parts.get(part, 0.0) + needed * kits
        # Of a kit of which a part was given up, only the others are left.
        if set(parts) in (set(moves.product_id), set(asked_once.product_id)) or not self.product_uom_qty:
            return parts
        asked = moves.filtered(lambda move: not move.origin_returned_move_id and move.location_dest_id._is_outgoing())
        return {
            part: sum(asked.filtered(lambda move, part=part: move.product_id == part).mapped("product_qty"))
            / self.product_uom_qty
            for part in asked.product_id
        }

    def _oms_get_kits_left(self):
        """(kits of which everything has left, kits of which anything has left), whole ones, in the unit of this line; ``None``
        for what is no kit. One whose recipe is gone or was changed is taken for what Odoo says of it."""
        self.ensure_one()
        parts = self.move_ids.filtered(lambda move: move.state != "cancel" and move.product_id != self.product_id)
        if not parts:
            return None
        gone = parts.filtered(
            lambda move: (
                move.state == "done" and move.location_dest_id._is_outgoing() and not move.origin_returned_move_id
            )
        )
        # sudo: who sells a kit need not be allowed to read recipes
        boms_sudo = self.env["mrp.bom"].sudo()
        bom_sudo = boms_sudo._bom_find(self.product_id, bom_type="phantom", company_id=self.company_id.id)[
            self.product_id
        ]
        if not bom_sudo:
            return self.qty_delivered, self.qty_delivered
        ratios = []
        for bom_line_sudo, data in bom_sudo.explode(self.product_id, 1.0)[1]:
            part = bom_line_sudo.product_id
            if part.type == "service" or bom_line_sudo.product_uom_id.is_zero(data["qty"]):
                continue
            needed = bom_line_sudo.product_uom_id._compute_quantity(
                data["qty"] / data["original_qty"] / bom_sudo.product_qty, part.uom_id, round=False
            )
            moved = sum(
                move.product_uom._compute_quantity(move.quantity, part.uom_id)
                for move in gone
                if move.bom_line_id == bom_line_sudo
            )
            ratios.append(round(moved / needed, 6))
        if not ratios or (gone and not any(ratios)):
            return self.qty_delivered, self.qty_delivered
        return tuple(
            bom_sudo.product_uom_id._compute_quantity(whole, self.product_uom_id, round=False)
            for whole in (floor(min(ratios)), ceil(max(ratios)))
        )
