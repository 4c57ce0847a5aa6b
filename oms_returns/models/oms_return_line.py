from odoo import api, fields, models
from odoo.exceptions import ValidationError


class OmsReturnLine(models.Model):
    """So much of one order line, and why it comes back. What was received and refunded is read from native documents."""

    _name = "oms.return.line"
    _description = "Return Line"
    _order = "return_id, id"
    _check_company_auto = True

    return_id = fields.Many2one("oms.return", required=True, index=True, ondelete="cascade")
    order_id = fields.Many2one(related="return_id.order_id")
    company_id = fields.Many2one(related="return_id.company_id", store=True)
    sale_line_id = fields.Many2one(
        "sale.order.line",
        string="Order Line",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain="[('order_id', '=', order_id), ('qty_delivered', '>', 0)]",
    )
    product_id = fields.Many2one(related="sale_line_id.product_id", store=True)
    product_uom_id = fields.Many2one(related="sale_line_id.product_uom_id")
    quantity = fields.Float(string="Authorized", digits="Product Unit", required=True, default=1.0)
    reason_id = fields.Many2one("oms.return.reason", ondelete="restrict")
    move_ids = fields.One2many("stock.move", "oms_return_line_id", string="Receipts")
    refund_line_ids = fields.One2many("account.move.line", "oms_return_line_id", string="Credit Note Lines")
    quantity_received = fields.Float(string="Received", digits="Product Unit", compute="_compute_quantity_received")
    quantity_refunded = fields.Float(
        string="Refunded", digits="Product Unit", compute="_compute_quantity_refunded", compute_sudo=True
    )

    _sale_line_uniq = models.Constraint(
        "UNIQUE(return_id, sale_line_id)", "Each order line stands once on a return. Add the quantities."
    )
    _quantity_check = models.Constraint("CHECK(quantity >= 0)", "A quantity to return cannot be negative.")

    @api.depends("move_ids.state", "move_ids.quantity")
    def _compute_quantity_received(self):
        for line in self:
            if parts := line.sale_line_id._oms_get_parts():
                line.quantity_received = line.sale_line_id._oms_count_kits(
                    parts,
                    {
                        move: move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id)
                        for move in line.move_ids
                        if move.state == "done"
                    },
                )
                continue
            line.quantity_received = sum(
                move.product_uom._compute_quantity(move.quantity, line.product_uom_id)
                for move in line.move_ids
                if move.state == "done"
            )

    @api.depends("refund_line_ids.quantity", "refund_line_ids.move_id.state")
    def _compute_quantity_refunded(self):
        for line in self:
            line.quantity_refunded = sum(
                refund.product_uom_id._compute_quantity(refund.quantity, line.product_uom_id)
                for refund in line.refund_line_ids
                if refund.move_id.state == "posted"
            )

    @api.constrains("sale_line_id", "return_id")
    def _check_order(self):
        for line in self:
            if line.sale_line_id.order_id != line.return_id.order_id:
                raise ValidationError(self.env._("The lines of a return belong to its order."))

    @api.constrains("sale_line_id", "quantity", "return_id")
    def _check_not_requested_twice(self):
        """Two requests do not ask for the same goods, whoever makes them at the same time."""
        drafts = self.filtered(lambda line: line.return_id.state == "draft" and line.quantity > 0)
        if self.env.context.get("oms_return_to"):
            return  # the goods are there, and a fact counts more than another one's wish
        drafts.order_id._oms_take_turn_to_return()
        for line in drafts:
            sale_line = line.sale_line_id
            if not sale_line._oms_get_requested(line.return_id):
                continue  # more than the customer has is refused when it is authorized
            returnable = sale_line._oms_get_returnable(line.return_id)
            if line.product_uom_id.compare(line.quantity, returnable) > 0:
                others = (sale_line.oms_return_line_ids - line).return_id.filtered(lambda other: other.state == "draft")
                raise ValidationError(
                    self.env._(
                        "%(quantity)g of “%(product)s” cannot be asked back: %(returns)s asks for it already, and leaves "
                        "%(returnable)g. Change that return, or cancel it.",
                        quantity=line.quantity,
                        product=line.product_id.display_name,
                        returns=", ".join(others.mapped("name")),
                        returnable=returnable,
                    )
                )

    def _is_at_least(self, quantity, other):
        return self.product_uom_id.compare(quantity, other) >= 0
