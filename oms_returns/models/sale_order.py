from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_return_ids = fields.One2many("oms.return", "order_id", string="Returns")
    oms_return_count = fields.Integer(compute="_compute_oms_return_count", compute_sudo=True)

    @api.depends("oms_return_ids")
    def _compute_oms_return_count(self):
        counts = dict(self.env["oms.return"]._read_group([("order_id", "in", self.ids)], ["order_id"], ["__count"]))
        for order in self:
            order.oms_return_count = counts.get(order, 0)

    def action_oms_return(self):
        """Open a new return over everything of this order that can come back."""
        self.ensure_one()
        self.check_access("write")
        request = self.env["oms.return"].create({"order_id": self.id})
        request.action_fill_lines()
        return request._get_records_action(name=self.env._("Return"))

    def action_oms_view_returns(self):
        self.ensure_one()
        return self.oms_return_ids._get_records_action(name=self.env._("Returns"))


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    oms_return_line_ids = fields.One2many("oms.return.line", "sale_line_id")

    def _oms_get_returnable(self):
        """How much the customer has of this line that is not on its way back, on whatever document."""
        return float(sum(self._oms_get_returnable_moves().values()))

    def _oms_get_returnable_moves(self):
        """{done delivery move: quantity in the unit of the line that has not been asked back}, the latest first."""
        self.ensure_one()
        result = {}
        if self.product_id.type != "consu":
            return result
        outgoing = self._get_outgoing_incoming_moves()[0].filtered(lambda move: move.state == "done")
        for move in outgoing.sorted("id", reverse=True):
            asked_back = sum(
                back.product_uom._compute_quantity(
                    back.quantity if back.state == "done" else back.product_uom_qty, move.product_uom
                )
                for back in move.returned_move_ids
                if back.state != "cancel"
            )
            rest = move.product_uom._compute_quantity(move.quantity - asked_back, self.product_uom_id)
            if rest > 0:
                result[move] = Decimal(repr(self.product_uom_id.round(rest)))
        return result

    def _oms_get_refundable_invoice_lines(self):
        """{line of a posted invoice: quantity in the unit of the line that has not been credited}, the latest first."""
        self.ensure_one()
        # sudo: clerks who may refund need no right to every entry
        lines_sudo = self.sudo().invoice_lines.filtered(lambda line: line.move_id.state == "posted")
        charged_sudo = lines_sudo.filtered(lambda line: line.move_id.move_type == "out_invoice").sorted(
            "id", reverse=True
        )
        credited = defaultdict(Decimal)
        for line in lines_sudo.filtered(lambda line: line.move_id.move_type == "out_refund"):
            credited[line.move_id.reversed_entry_id & charged_sudo.move_id] += self._oms_quantity_of(line)
        rest = {line: self._oms_quantity_of(line) for line in charged_sudo}
        # What reverses an invoice is taken off that one; then, of the latest that have any left, what reverses none.
        for invoice in [*charged_sudo.move_id, self.env["account.move"]]:
            for line in charged_sudo & invoice.invoice_line_ids if invoice else charged_sudo:
                taken = min(rest[line], credited[invoice])
                rest[line] -= taken
                credited[invoice] -= taken
        return {line: quantity for line, quantity in rest.items() if quantity > 0}
