"""Goods came first: what order they belong to is found afterwards."""

from odoo import models
from odoo.exceptions import UserError


class OmsReturn(models.Model):
    _inherit = "oms.return"

    def action_match(self):
        """Find the order lines of what stands here without one: by serial number, else the customer's latest."""
        self.check_access("write")
        for record in self:
            lines = record.line_ids.filtered(lambda line: not line.sale_line_id)
            if not lines:
                raise UserError(self.env._("Every line of %s has its order already.", record.name))
            found = lines.filtered(lambda line: line._match())
            if not found:
                raise UserError(
                    self.env._(
                        "No order that was delivered has so many of these goods: %s. Enter the customer, or the serial "
                        "numbers, or choose the order lines.",
                        lines._in_words(lambda line: line.quantity),
                    )
                )
            record.message_post(
                body=self.env._(
                    "Matched: %s.",
                    ", ".join(f"{line.product_id.display_name} → {line.order_id.name}" for line in found),
                )
            )


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    def _match(self):
        """Give this line the order line that it fits, and its receipts the moves that the goods left with.

        :return: whether there is one
        """
        self.ensure_one()
        wanted = max(self.quantity, self.quantity_received)
        for sale_line in self._get_candidates():
            unit = sale_line.product_uom_id
            own = self.product_uom_id._compute_quantity(wanted, unit)
            if not sale_line._oms_get_parts() and unit.compare(own, sale_line._oms_get_returnable()) <= 0:
                self._set_sale_line(sale_line)
                return True
        return False

    def _get_candidates(self):
        """Order lines that this may be of, the likeliest first: those of its serial numbers, else the customer's latest."""
        # sudo: which goods these are is no question of who may see which order
        lots = self.lot_id | self.sudo().move_ids.lot_ids
        orders = self.return_id.order_ids
        left_sudo = self.env["stock.move"].sudo()  # sudo: as above
        domain = [
            ("state", "=", "done"),
            ("product_id", "=", self.product_id.id),
            ("company_id", "=", self.company_id.id),
            ("sale_line_id.order_id.currency_id", "=", self.currency_id.id)
            if orders
            else ("sale_line_id", "!=", False),
            ("location_dest_id.usage", "=", "customer"),
        ]
        customer = self.return_id.partner_id.commercial_partner_id
        if customer:
            domain.append(("sale_line_id.order_id.partner_id", "child_of", customer.id))
        if lots:
            domain.append(("move_line_ids.lot_id", "in", lots.ids))
        if not customer and not lots:
            return self.env["sale.order.line"]
        lines = left_sudo.search(domain, order="date desc, id desc").sale_line_id
        return lines.sorted(lambda line: line.order_id not in orders).with_env(self.env)

    def _set_sale_line(self, sale_line):
        """Say that this is of that order line, and let the receipts take the cost at which the goods left."""
        unit = sale_line.product_uom_id
        receipts_sudo = self.sudo().move_ids.filtered(
            lambda move: move.state != "cancel"
        )  # sudo: follows from the match
        left = list(sale_line._oms_get_returnable_moves())
        self.write(
            {
                "sale_line_id": sale_line.id,
                "quantity": self.product_uom_id._compute_quantity(self.quantity, unit),
            }
        )
        for receipt_sudo in receipts_sudo:
            receipt_sudo.write(
                {"sale_line_id": sale_line.id, "origin_returned_move_id": self._get_origin(receipt_sudo, left).id}
            )
        receipts_sudo.filtered(lambda move: move.state == "done")._set_value()

    def _get_origin(self, receipt_sudo, left):
        """The move that these goods left with: that of the same serial number, else the one with enough, else the latest."""
        lots = receipt_sudo.lot_ids
        of_lot = [move for move in left if lots and lots <= move.sudo().lot_ids]  # sudo: as above
        enough = [
            move
            for move in left
            if move.product_uom._compute_quantity(move.quantity, receipt_sudo.product_uom)
            >= receipt_sudo.product_uom_qty
        ]
        return (of_lot or enough or left)[0]
