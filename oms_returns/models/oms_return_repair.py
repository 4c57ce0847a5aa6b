"""Repair: what came back is mended and goes back to the customer; nobody gets money, and nothing is sold anew."""

from odoo import api, fields, models


class OmsReturn(models.Model):
    _inherit = "oms.return"

    sent_back_ids = fields.Many2many(
        "stock.picking", compute="_compute_sent_back", compute_sudo=True, string="Sent Back to the Customer"
    )
    sent_back_count = fields.Integer(compute="_compute_sent_back", compute_sudo=True)

    @api.depends("line_ids.move_ids.returned_move_ids.picking_id")
    def _compute_sent_back(self):
        for record in self:
            record.sent_back_ids = record.line_ids.move_ids.returned_move_ids.picking_id
            record.sent_back_count = len(record.sent_back_ids)

    def action_view_sent_back(self):
        self.ensure_one()
        return self.sent_back_ids._get_records_action(name=self.env._("Sent Back to the Customer"))

    def _settle_repair(self, parts):
        """A delivery of each receipt back to the customer, linked move by move, so that the order has delivered it again;
        and a repair order, where Odoo's repairs are installed.

        :return: the deliveries
        """
        deliveries_sudo = self.env["stock.picking"].sudo()  # sudo: follows from the return alone, as its receipts do
        for receipt_sudo, of_receipt in self._parts_by_receipt(parts).items():
            deliveries_sudo |= self._send_back_repaired(receipt_sudo, of_receipt)
        for line, quantity in parts.items():
            line._settled(quantity, note=", ".join(deliveries_sudo.mapped("name")))
        return deliveries_sudo.with_env(self.env)

    def _parts_by_receipt(self, parts):
        """{receipt: {its done move: (line, quantity in the unit of the move)}}, what came first first."""
        result = {}
        for line, quantity in parts.items():
            whole = {line.product_id: line.product_uom_id._compute_quantity(float(quantity), line.product_id.uom_id)}
            # Of a kit all that is in it goes back.
            rest = {part: float(quantity) * needed for part, needed in line._get_kit().items()} or whole
            # sudo: as above
            for move in line.sudo().move_ids.filtered(lambda move: move.state == "done").sorted("id"):
                unit = move.product_id.uom_id
                sent = sum(back.product_qty for back in move.returned_move_ids if back.state != "cancel")
                have = move.product_uom._compute_quantity(move.quantity, unit) - sent
                taken = min(have, rest.get(move.product_id, 0.0))
                if unit.compare(taken, 0) > 0:
                    rest[move.product_id] -= taken
                    quantity_of_move = unit._compute_quantity(taken, move.product_uom)
                    result.setdefault(move.picking_id, {})[move] = (line, quantity_of_move)
        return result

    def _send_back_repaired(self, receipt_sudo, parts):
        """:param parts: ``{move of the receipt: (line, quantity)}``"""
        wizard_sudo = (
            self.env["stock.return.picking"]
            .sudo()  # as above
            .with_context(active_id=receipt_sudo.id, active_ids=receipt_sudo.ids, active_model="stock.picking")
            .create({})
        )
        for proposal_sudo in wizard_sudo.product_return_moves:
            proposal_sudo.quantity = parts.get(proposal_sudo.move_id, (None, 0.0))[1]
        delivery_sudo = wizard_sudo._create_return()
        delivery_sudo.write({"origin": self.env._("%s (repair)", self.name), "partner_id": self.partner_id.id})
        for move_sudo, (line, quantity) in parts.items():
            self._create_repair_order(line, move_sudo, quantity)
        return delivery_sudo

    def _create_repair_order(self, line, move_sudo, quantity):
        """Work for the workshop, where Odoo's repairs are installed: one for each serial number."""
        if "repair.order" not in self.env:
            return
        lots = move_sudo.lot_ids if move_sudo.product_id.tracking == "serial" else move_sudo.lot_ids[:1]
        for lot in lots or [lots]:
            self.env["repair.order"].sudo().create(  # sudo: as above
                {
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.id,
                    "product_id": move_sudo.product_id.id,
                    "product_qty": 1.0 if len(lots) > 1 else quantity,
                    "product_uom": move_sudo.product_uom.id,
                    "lot_id": lot.id,
                    "picking_id": move_sudo.picking_id.id,
                    "picking_type_id": move_sudo.location_dest_id.warehouse_id.repair_type_id.id,
                    "internal_notes": line.comment or line.reason_id.name,
                }
            )
