"""One line becomes two, with what came in and what was found of it: goods of two orders that came as one."""

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import INSIDE

from .sale_order_refund import dec


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    def _split_off(self, quantity, lots=()):
        """Put so much of this line on a line of its own, with what came in and what was found of it.

        :param lots: numbers that belong to it.
        """
        self.ensure_one()
        line_sudo = self.sudo()  # sudo: nothing is decided, and a clerk may write neither receipts nor inspections
        received, inspected = line_sudo.quantity_received, line_sudo.inspection_ids
        part_sudo = line_sudo.copy(
            {
                "return_id": self.return_id.id,
                "quantity": min(quantity, self.quantity),
                "quantity_announced": min(quantity, self.quantity_announced),
                "needs_inspection": self.needs_inspection,
            }
        )
        moves_sudo = line_sudo.move_ids.filtered(lambda move: move.state != "cancel").sorted("id")
        moves_sudo._oms_split_for(part_sudo, quantity, lots)
        inspected.filtered(lambda row: row.state != "corrected")._split_for(part_sudo, min(quantity, received), lots)
        line_sudo.write(
            {
                "quantity": max(self.quantity - quantity, 0.0),
                "quantity_announced": max(self.quantity_announced - quantity, 0.0),
            }
        )
        return part_sudo.with_env(self.env)


class OmsReturnInspection(models.Model):
    _inherit = "oms.return.inspection"

    def _split_for(self, part, quantity, lots):
        """Give so much of these findings to another line: those of its numbers first."""
        left = quantity
        for row in self.sorted(lambda row: (row.lot_id.name not in lots, -row.id)):
            taken = min(left, row.quantity)
            if taken <= 0:
                continue
            left -= taken
            kept = row.quantity - taken
            free = row.with_context(oms_split=INSIDE, oms_no_checklist=INSIDE)
            if not row.product_uom_id.compare(kept, 0.0):
                free.line_id = part
                continue
            if row.write_down_move_id or row.vendor_refund_id:
                raise UserError(
                    self.env._(
                        "%g pieces were written down, or sent to the vendor, together. They can only be matched to one order: "
                        "choose the order line.",
                        row.quantity,
                    )
                )
            same = {
                name: row[name].id if row._fields[name].relational else row[name]
                for name in ("state", "user_id", "done_at", "disposition_id", "proposal", "deduction_percent")
            }
            free.copy({**same, "line_id": part.id, "quantity": taken})
            free.quantity = kept


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_split_for(self, part, quantity, lots):
        """Give so much of these receipts to another line of the return: the goods with its numbers first."""
        left = part.product_uom_id.round(quantity)
        for move in self.sorted(lambda move: not set(lots) & set(move.lot_ids.mapped("name"))):
            have = move.quantity if move.state == "done" else move.product_uom_qty
            own = move.product_uom._compute_quantity(have, part.product_uom_id)
            taken = min(left, own)
            if taken <= 0:
                continue
            left = part.product_uom_id.round(left - taken)
            piece = move
            if part.product_uom_id.compare(taken, own) < 0:
                piece = move._oms_split_off(part.product_uom_id._compute_quantity(taken, move.product_uom), lots)
            piece.oms_return_line_id = part

    def _oms_split_off(self, quantity, lots=()):
        """Put so much of this move on one of its own, done or not; the stock stays as it is.

        :param quantity: in the unit of the move.
        :return: the other move.
        """
        self.ensure_one()
        if self.state != "done":
            other = self.create(self._split(quantity))
            return other._action_confirm(merge=False)
        other = self.copy(
            {
                "product_uom_qty": quantity,
                "picking_id": self.picking_id.id,
                "state": "done",
                "date": self.date,
                "oms_return_line_id": self.oms_return_line_id.id,
                "quantity": 0.0,
            }
        )
        left = quantity
        for row in self.move_line_ids.sorted(lambda row: row.lot_id.name not in lots):
            own = row.product_uom_id._compute_quantity(row.quantity, self.product_uom)
            taken = min(left, own)
            if taken <= 0:
                continue
            left -= taken
            if self.product_uom.compare(taken, own) == 0:
                row.move_id = other  # no stock moves by that
                continue
            rest = self.product_uom._compute_quantity(own - taken, row.product_uom_id)
            # What is added comes first: nobody's reservation is taken from them.
            row.copy({"move_id": other.id, "quantity": self.product_uom._compute_quantity(taken, row.product_uom_id)})
            row.quantity = rest
        self.product_uom_qty = max(self.product_uom_qty - quantity, 0.0)
        return other

    def _oms_take_origins(self, sale_line, left):
        """Say with which deliveries of an order line these goods left; what left with two becomes two moves.

        :param dict left: ``{delivery: quantity that is still with the customer}``, in the unit of the order line; lessened.
        :return: the moves.
        """
        self.ensure_one()
        lots = set(self.lot_ids.mapped("name"))
        have = self.quantity if self.state == "done" else self.product_uom_qty
        own = dec(self.product_uom._compute_quantity(have, sale_line.product_uom_id))
        by_lot = [move for move in left if lots and lots & set(move.sudo().lot_ids.mapped("name"))]  # sudo: as above
        rooms = {move: left[move] for move in (by_lot or left) if left[move] > 0}
        origin = next((move for move, room in rooms.items() if room >= own), next(iter(rooms), None))
        rest = self.browse()
        if origin:
            taken = min(own, rooms[origin])
            left[origin] -= taken
            if taken < own and len(rooms) > 1:
                surplus = sale_line.product_uom_id._compute_quantity(float(own - taken), self.product_uom)
                kept = [name for name in lots if name not in origin.sudo().lot_ids.mapped("name")]  # sudo: as above
                rest = self._oms_split_off(surplus, kept)
                rest.oms_return_line_id = self.oms_return_line_id
        origin = origin or next(iter(left), None)
        self.write({"sale_line_id": sale_line.id, "origin_returned_move_id": origin.id if origin else False})
        return self | rest._oms_take_origins(sale_line, left) if rest else self
