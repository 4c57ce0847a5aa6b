"""What is expected back, as native receipts."""

from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command


class OmsReturn(models.Model):
    _inherit = "oms.return"

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_receive(self):
        """Take in everything that is expected. For parts of it, work on the receipt itself."""
        self.check_access("write")
        for record in self:
            if not record._get_open_receipts_sudo():
                raise UserError(self.env._("Nothing is expected on %s any more.", record.name))
        receipts_sudo = self._get_open_receipts_sudo()
        for move_sudo in receipts_sudo.move_ids.filtered(lambda move: move.state not in ("done", "cancel")):
            move_sudo.quantity = move_sudo.product_uom_qty
            move_sudo.picked = True
        # What comes back may be over its date; that is looked at when it is inspected.
        receipts_sudo.with_context(skip_backorder=True, skip_expired=True)._oms_validate()

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _create_receipts(self):
        """What is still to come, as native receipts: linked to the deliveries where the order is known, else on their own."""
        self.ensure_one()
        self._create_linked_receipts()
        self._create_unlinked_receipt()

    def _create_linked_receipts(self):
        """A native receipt for each delivery that the goods left with, linked move by move to what went out.

        The link is what makes Odoo value the goods at what they cost when they left.
        """
        # sudo: what the warehouse is to expect follows from the return alone; a clerk needs no right to stock
        wizards_sudo = self.env["stock.return.picking"].sudo()
        for picking, parts in self._parts_by_delivery().items():
            wizard_sudo = wizards_sudo.create(
                {
                    "picking_id": picking.id,
                    "product_return_moves": [
                        Command.create(
                            {
                                **wizards_sudo._prepare_stock_return_picking_line_vals_from_move(move),
                                "quantity": float(quantity),
                                "oms_return_line_id": line.id,
                            }
                        )
                        for move, of_move in parts.items()
                        for line, quantity in of_move.items()
                    ],
                }
            )
            receipt_sudo = wizard_sudo._create_return()
            orders = receipt_sudo.move_ids.oms_return_line_id.order_id
            receipt_sudo.origin = f"{self.name} ({', '.join(orders.mapped('name'))})"

    def _create_unlinked_receipt(self):
        """A native receipt for goods of which nobody knows the order yet; see :meth:`action_match`."""
        lines = self.line_ids.filtered(lambda line: not line.sale_line_id and line._get_to_ask() > 0)
        if not lines:
            return
        place = self.warehouse_id or self.env["stock.warehouse"].sudo().search(  # sudo: as above
            [("company_id", "=", self.company_id.id)], limit=1
        )
        kind_sudo = place.sudo().in_type_id  # sudo: as above
        customers = self.partner_id.property_stock_customer or self.env.ref("stock.stock_location_customers")
        places = {
            "location_id": customers.id,
            "location_dest_id": kind_sudo.default_location_dest_id.id or place.sudo().lot_stock_id.id,  # sudo: as above
        }
        receipt_sudo = kind_sudo.env["stock.picking"].create(
            {
                "picking_type_id": kind_sudo.id,
                "partner_id": self.partner_id.id,
                "origin": self.name,
                "company_id": self.company_id.id,
                **places,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "product_uom_qty": line._get_to_ask(),
                            "product_uom": line.product_uom_id.id,
                            "oms_return_line_id": line.id,
                            "to_refund": True,
                            **places,
                        }
                    )
                    for line in lines
                ],
            }
        )
        receipt_sudo.action_confirm()

    def _get_open_receipts_sudo(self):
        """What is still expected. In sudo mode: clerks work their returns without any right to stock."""
        return self.picking_ids.sudo().filtered(lambda picking: picking.state not in ("done", "cancel"))

    def _parts_by_delivery(self):
        """{delivery: {its move: {return line: quantity in the unit of the move}}}, what left last comes back first."""
        parts = defaultdict(lambda: defaultdict(dict))
        taken_of = defaultdict(Decimal)  # several lines may take of one move
        for line in self.line_ids.filtered(lambda line: line.sale_line_id and line._get_to_ask() > 0):
            kit = line.sale_line_id._oms_get_parts()
            missing = line._get_to_ask()
            whole = {line.product_id: (missing, line.product_uom_id)}
            rest = {part: (missing * needed, part.uom_id) for part, needed in kit.items()} or whole
            wanted = {part: (Decimal(repr(uom.round(quantity))), uom) for part, (quantity, uom) in rest.items()}
            for move, returnable in line.sale_line_id._oms_get_returnable_moves().items():
                quantity, uom = wanted[move.product_id]
                taken = min(quantity, returnable - taken_of[move])
                if taken > 0:
                    taken_of[move] += taken
                    parts[move.picking_id][move][line] = Decimal(
                        repr(uom._compute_quantity(float(taken), move.product_uom))
                    )
                    wanted[move.product_id] = quantity - taken, uom
        return parts


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    def _get_to_ask(self):
        """How much of this line is authorized, has not come in and is expected by no transfer yet."""
        self.ensure_one()
        if not self.expects_goods:
            return 0.0
        asked = self._sum_moves(
            self.sudo().move_ids.filtered(lambda move: move.state != "cancel")
        )  # sudo: amounts alone
        return max(0.0, self.product_uom_id.round(self.quantity - asked))
