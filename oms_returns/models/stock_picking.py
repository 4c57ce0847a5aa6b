from dataclasses import replace
from decimal import Decimal

from odoo import api, models
from odoo.fields import Command

from odoo.addons.oms_core.domain.third_party import Opening, match
from odoo.addons.oms_core.text import as_html


class StockPicking(models.Model):
    """What a third party received back is what a return expects, or becomes a return that nobody had announced."""

    _inherit = "stock.picking"

    @api.model
    def _oms_find_returned(self, warehouse, reference):
        """Override of ``oms_core``: parcels that come back bear the number of the return, when it was announced."""
        if reference:
            asked = self.env["oms.return"].search(
                [("name", "=", reference), ("company_id", "=", warehouse.company_id.id)], limit=1
            )
            if asked:
                return asked.order_ids.picking_ids.filtered(
                    lambda picking: picking.state == "done" and picking.location_dest_id.usage == "customer"
                ).sorted("id", reverse=True)
        return super()._oms_find_returned(warehouse, reference)

    def _oms_receive_told(self, warehouse, told):
        """Override of ``oms_core``: what is expected there first, the rest on a new return."""
        orders = self.sale_id  # several, when one return of them was named
        receipts, rest = orders._oms_get_expected_returns(warehouse, told.reference)._oms_take_in_told(told)
        told = replace(told, lines=rest)
        for order in orders:
            if told.lines and (request := order._oms_announce_told(warehouse, told)):
                taken, rest = request.picking_ids._oms_take_in_told(told)
                receipts |= taken
                told = replace(told, lines=rest)
        # What no line of the order stands for by itself (a part of a kit) comes back as a plain return of its delivery.
        taken, rest = super()._oms_receive_told(warehouse, told)
        return receipts | taken, rest

    def _oms_needs_decision(self):
        """Override of ``oms_core``: a return stands in the list of returns; a task would say it twice."""
        return bool(self.filtered(lambda picking: not picking.move_ids.oms_return_line_id))


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_expected_returns(self, warehouse, reference):
        """The receipts that a place expects of these orders, those of the named return first."""
        lines = self.oms_return_ids.filtered(lambda request: request.state == "open").line_ids
        moves = lines.move_ids.filtered(
            lambda move: move.state not in ("done", "cancel") and move.picking_type_id.warehouse_id == warehouse
        )
        return moves.sorted(lambda move: (move.oms_return_line_id.return_id.name != reference, move.id)).picking_id

    def _oms_announce_told(self, warehouse, told):
        """A return of what came back without any announcement, as far as the customer had it.

        :return: the authorized return; empty when the customer had nothing of it.
        """
        self.ensure_one()
        openings = []
        for line in self.order_line:
            # Parts of a kit are not counted in the unit of its line.
            quantity = sum(
                rest for move, rest in line._oms_get_returnable_moves().items() if move.product_id == line.product_id
            )
            if quantity > 0:
                unit = line.product_id.uom_id
                own = line.product_uom_id._compute_quantity(float(quantity), unit)
                openings.append(Opening(line.id, line.product_id._oms_get_3pl_sku(), Decimal(repr(own))))
        quantities = {}
        for part in match(told.lines, openings)[0]:
            quantities[part.key] = quantities.get(part.key, Decimal(0)) + part.quantity
        requests = self.env["oms.return"].with_context(oms_return_to=warehouse.id)
        if not quantities:
            return requests
        request = requests.create(
            {
                "order_id": self.id,
                "origin": "warehouse",
                "way": "third_party",
                "note": as_html(told.note) if told.note else False,
                "line_ids": [
                    Command.create(
                        {
                            "sale_line_id": line.id,
                            "quantity": line.product_id.uom_id._compute_quantity(
                                float(quantities[line.id]), line.product_uom_id
                            ),
                        }
                    )
                    for line in self.order_line
                    if line.id in quantities
                ],
            }
        )
        request.message_post(body=self.env._("Not announced: %s told that these goods came back.", warehouse.name))
        request.action_authorize()
        return request
