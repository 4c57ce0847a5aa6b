from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..domain.progress import in_words
from .account_move import COUNTED_KINDS
from .oms_return import OUTCOMES


class OmsReturnLine(models.Model):
    """So much of one product, why it comes back and what the customer gets for it.

    What was received, refunded and settled is read from native documents and settlements. Always::

        settled ≤ accepted ≤ received (authorized, where nothing is expected back) ≤ what was delivered

    One order line may stand on several lines: for another reason, outcome or serial number.
    """

    _name = "oms.return.line"
    _description = "Return Line"
    _order = "return_id, id"
    _rec_name = "product_id"
    _check_company_auto = True

    return_id = fields.Many2one("oms.return", required=True, index=True, ondelete="cascade")
    order_id = fields.Many2one(related="sale_line_id.order_id", store=True, index=True)
    company_id = fields.Many2one(related="return_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="return_id.currency_id")
    sale_line_id = fields.Many2one(
        "sale.order.line", string="Order Line", index=True, check_company=True, ondelete="restrict"
    )
    product_id = fields.Many2one(
        "product.product",
        compute="_compute_product_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('type', '=', 'consu')]",
    )
    product_uom_id = fields.Many2one(
        "uom.uom",
        string="Unit",
        compute="_compute_product_uom_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="restrict",
    )
    lot_id = fields.Many2one(
        "stock.lot", string="Serial", domain="[('product_id', '=', product_id)]", ondelete="restrict"
    )
    quantity_announced = fields.Float(
        string="Announced",
        digits="Product Unit",
        compute="_compute_quantity_announced",
        store=True,
        readonly=False,
        precompute=True,
        help="What was asked for. Authorized may be less.",
    )
    quantity = fields.Float(string="Authorized", digits="Product Unit", required=True, default=1.0)
    outcome = fields.Selection(OUTCOMES, required=True, default="refund")
    expects_goods = fields.Boolean(
        string="Comes Back",
        compute="_compute_expects_goods",
        store=True,
        readonly=False,
        precompute=True,
        help="Unset: the customer keeps it, or it never arrived.",
    )
    reason_id = fields.Many2one("oms.return.reason", ondelete="restrict")
    comment = fields.Char()
    photo_ids = fields.Many2many("ir.attachment", string="Photos", copy=False)
    # What the policy said when the return was authorized.
    fee_percent = fields.Float(string="Fee %", copy=False)
    fee_amount = fields.Monetary(string="Fee per Unit", copy=False, help="With tax.")
    refund_shipping = fields.Selection(
        [
            ("none", "None"),
            ("proportional", "Proportional"),
            ("full_if_all", "In full when all comes back"),
            ("statutory", "Statutory withdrawal"),
            ("always", "Always"),
        ],
        string="Shipping Refunded",
        default="none",
        required=True,
        copy=False,
    )
    needs_inspection = fields.Boolean(copy=False)
    window_end = fields.Datetime(string="Possible until", copy=False)

    move_ids = fields.One2many("stock.move", "oms_return_line_id", string="Receipts")
    refund_line_ids = fields.One2many("account.move.line", "oms_return_line_id", string="Credit Note Lines")
    settlement_ids = fields.One2many("oms.return.settlement", "line_id", string="Settlements")
    quantity_received = fields.Float(
        string="Received", digits="Product Unit", compute="_compute_quantity_received", compute_sudo=True
    )
    quantity_missing = fields.Float(
        string="Still to Come", digits="Product Unit", compute="_compute_quantity_received", compute_sudo=True
    )
    quantity_to_inspect = fields.Float(
        string="To Inspect", digits="Product Unit", compute="_compute_quantity_accepted", compute_sudo=True
    )
    quantity_accepted = fields.Float(
        string="Accepted", digits="Product Unit", compute="_compute_quantity_accepted", compute_sudo=True
    )
    quantity_refunded = fields.Float(
        string="Refunded", digits="Product Unit", compute="_compute_quantity_refunded", compute_sudo=True
    )
    quantity_settled = fields.Float(
        string="Settled", digits="Product Unit", compute="_compute_quantity_settled", compute_sudo=True
    )
    quantity_to_settle = fields.Float(
        string="To Settle", digits="Product Unit", compute="_compute_quantity_settled", compute_sudo=True
    )

    _quantity_check = models.Constraint("CHECK(quantity >= 0)", "A quantity to return cannot be negative.")

    # ----------------------------------------------------------------------------------------------------- COMPUTES

    @api.depends("sale_line_id.product_id")
    def _compute_product_id(self):
        for line in self:
            line.product_id = line.sale_line_id.product_id or line.product_id

    @api.depends("sale_line_id.product_uom_id", "product_id")
    def _compute_product_uom_id(self):
        for line in self:
            line.product_uom_id = line.sale_line_id.product_uom_id or line.product_id.uom_id

    @api.depends("return_id.kind")
    def _compute_expects_goods(self):
        for line in self:
            line.expects_goods = line.return_id.kind != "claim"

    @api.depends("quantity")
    def _compute_quantity_announced(self):
        """What a clerk corrects before it is authorized was a slip of the pen; of others, what they asked for stays."""
        for line in self:
            request = line.return_id
            if not line.quantity_announced or (request.origin == "clerk" and request.state == "draft"):
                line.quantity_announced = line.quantity

    @api.depends("move_ids.state", "move_ids.quantity", "quantity", "expects_goods")
    def _compute_quantity_received(self):
        for line in self:
            line.quantity_received = line._sum_moves(line.move_ids.filtered(lambda move: move.state == "done"))
            line.quantity_missing = max(0.0, line.quantity - line.quantity_received) if line.expects_goods else 0.0

    @api.depends("quantity", "expects_goods", "quantity_received", "return_id.state")
    def _compute_quantity_accepted(self):
        """Where nothing is expected back, what is authorized; else what was received."""
        for line in self:
            authorized = line.quantity if line.return_id.state in ("open", "closed") else 0.0
            line.quantity_accepted = line.quantity_received if line.expects_goods else authorized
            line.quantity_to_inspect = 0.0

    @api.depends("refund_line_ids.quantity", "refund_line_ids.move_id.state")
    def _compute_quantity_refunded(self):
        for line in self:
            posted = line.refund_line_ids.filtered(lambda refund: refund.move_id.state == "posted")
            line.quantity_refunded = line._sum_refunds(posted)

    @api.depends(
        "quantity_accepted",
        "settlement_ids.quantity",
        "settlement_ids.move_id.state",
        "refund_line_ids.quantity",
        "refund_line_ids.move_id.state",
    )
    def _compute_quantity_settled(self):
        """What the settlements say, as long as their credit note stands, and credit notes for this line without one."""
        for line in self:
            settled = line.settlement_ids.filtered(lambda row: not row.move_id or row.move_id.state == "posted")
            others = line.refund_line_ids.filtered(
                lambda refund, line=line: (
                    refund.move_id.state == "posted" and refund.move_id not in line.settlement_ids.move_id
                )
            )
            line.quantity_settled = sum(settled.mapped("quantity")) + line._sum_refunds(others)
            rest = line.quantity_accepted - line.quantity_settled
            line.quantity_to_settle = max(0.0, line.product_uom_id.round(rest) if line.product_uom_id else rest)

    def _sum_refunds(self, refund_lines):
        self.ensure_one()
        return sum(
            refund.product_uom_id._compute_quantity(refund.quantity, self.product_uom_id)
            for refund in refund_lines
            if refund.oms_refund_kind in COUNTED_KINDS
        )

    @api.onchange("sale_line_id")
    def _onchange_sale_line_id(self):
        """All that the customer still has of it: what most returns are about."""
        if self.sale_line_id and (returnable := self.sale_line_id._oms_get_returnable(self.return_id._origin)) > 0:
            self.quantity = returnable

    # -------------------------------------------------------------------------------------------------- CONSTRAINTS

    @api.constrains("sale_line_id", "return_id")
    def _check_order(self):
        self.return_id._check_one_customer()

    @api.constrains("sale_line_id", "product_id")
    def _check_product(self):
        for line in self:
            if line.sale_line_id and line.product_id != line.sale_line_id.product_id:
                raise ValidationError(
                    self.env._(
                        "“%(product)s” is not what %(order)s sold on this line. Choose the other order line, or none.",
                        product=line.product_id.display_name,
                        order=line.order_id.name,
                    )
                )

    @api.constrains("sale_line_id", "quantity", "expects_goods")
    def _check_authorized(self):
        """What is authorized already does not become more than the customer has."""
        self.return_id.filtered(lambda record: record.state == "open")._check_authorizable()

    @api.constrains("sale_line_id", "quantity", "return_id")
    def _check_not_requested_twice(self):
        """Two requests do not ask for the same goods, whoever makes them at the same time."""
        drafts = self.filtered(lambda line: line.sale_line_id and line.return_id.state == "draft" and line.quantity > 0)
        if self.env.context.get("oms_return_to"):
            return  # the goods are there, and a fact counts more than another one's wish
        drafts.order_id._oms_take_turn_to_return()
        for line in drafts:
            sale_line = line.sale_line_id
            if not sale_line._oms_get_requested(line.return_id):
                continue  # more than the customer has is refused when it is authorized
            returnable = sale_line._oms_get_returnable(line.return_id)
            if line.product_uom_id.compare(line._get_of_same_line_quantity(), returnable) > 0:
                others = (sale_line.oms_return_line_ids - line).return_id.filtered(
                    lambda other, line=line: other.state == "draft" and other != line.return_id
                )
                raise ValidationError(
                    self.env._(
                        "%(quantity)g of “%(product)s” cannot be asked back: %(returns)s asks for it already, and leaves "
                        "%(returnable)g. Change that return, or cancel it.",
                        quantity=line._get_of_same_line_quantity(),
                        product=line.product_id.display_name,
                        returns=", ".join(others.mapped("name")),
                        returnable=returnable,
                    )
                )

    def _get_of_same_line_quantity(self):
        """How much of its order line stands on its return, on all lines."""
        self.ensure_one()
        lines = self.return_id.line_ids.filtered(lambda line: line.sale_line_id == self.sale_line_id)
        return sum(lines.mapped("quantity"))

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _sum_moves(self, moves):
        """How much these receipts bring of this line, in its unit: what came in, or else what is expected. Of a kit: whole
        ones."""
        self.ensure_one()
        quantities = {move: move.quantity if move.state == "done" else move.product_uom_qty for move in moves}
        if parts := self.sale_line_id and self.sale_line_id._oms_get_parts():
            back = {
                move: move.product_uom._compute_quantity(quantity, move.product_id.uom_id)
                for move, quantity in quantities.items()
            }
            return self.sale_line_id._oms_count_kits(parts, back)
        return sum(
            move.product_uom._compute_quantity(quantity, self.product_uom_id) for move, quantity in quantities.items()
        )

    def _in_words(self, quantity_of):
        """“2 × Mug, 1 × Lamp” of what a function tells of each line."""
        return in_words((Decimal(repr(quantity_of(line))), line.product_id.display_name) for line in self)
