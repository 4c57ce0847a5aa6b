from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

#: {state: states that may follow}. What has been received and refunded is told by the native documents.
RETURN_TRANSITIONS = {"draft": {"open", "cancelled"}, "open": {"cancelled"}, "cancelled": {"draft"}}


class OmsReturn(models.Model):
    """What a customer sends back of an order: many lines on one document.

    Goods come in through native receipts, one for each site that they left from; money goes back by reversing the posted
    invoice, for the quantity that came back and no more.
    """

    _name = "oms.return"
    _description = "Return"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(default=lambda self: self.env._("New"), readonly=True, copy=False)
    order_id = fields.Many2one("sale.order", required=True, index=True, check_company=True, ondelete="restrict")
    partner_id = fields.Many2one(related="order_id.partner_id", store=True, index=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    channel_id = fields.Many2one(related="order_id.oms_channel_id", store=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    state = fields.Selection(
        [("draft", "Requested"), ("open", "Authorized"), ("cancelled", "Cancelled")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
    )
    stage = fields.Selection(
        [
            ("draft", "Requested"),
            ("expected", "Expected"),
            ("partial", "Partly received"),
            ("received", "Received"),
            ("refunded", "Refunded"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_stage",
        help="How far the return is, derived from its receipts and credit notes.",
    )
    line_ids = fields.One2many("oms.return.line", "return_id", copy=True)
    picking_ids = fields.Many2many("stock.picking", compute="_compute_documents", compute_sudo=True, string="Receipts")
    refund_ids = fields.Many2many(
        "account.move", compute="_compute_documents", compute_sudo=True, string="Credit Notes"
    )
    picking_count = fields.Integer(compute="_compute_documents", compute_sudo=True)
    refund_count = fields.Integer(compute="_compute_documents", compute_sudo=True)
    amount_refunded = fields.Monetary(compute="_compute_documents", compute_sudo=True, string="Refunded")
    note = fields.Html(string="Customer's Words")
    oms_stars = fields.Integer(related="order_id.oms_stars")
    oms_rating = fields.Char(related="order_id.oms_rating", string="Feedback on the Order")
    oms_feedback_words = fields.Text(related="order_id.oms_feedback_words")

    # ----------------------------------------------------------------------------------------------------- COMPUTES

    @api.depends("line_ids.move_ids.picking_id", "line_ids.refund_line_ids.move_id.state")
    def _compute_documents(self):
        for record in self:
            refunds = record.line_ids.refund_line_ids.move_id
            record.picking_ids = record.line_ids.move_ids.picking_id
            record.refund_ids = refunds
            record.picking_count = len(record.picking_ids)
            record.refund_count = len(refunds)
            record.amount_refunded = sum(refunds.filtered(lambda move: move.state == "posted").mapped("amount_total"))

    @api.depends("state", "line_ids.quantity", "line_ids.quantity_received", "line_ids.quantity_refunded")
    def _compute_stage(self):
        for record in self:
            record.stage = record._get_stage()

    def _get_stage(self):
        self.ensure_one()
        if self.state != "open":
            return self.state
        lines = self.line_ids
        if lines and all(line._is_at_least(line.quantity_refunded, line.quantity) for line in lines):
            return "refunded"
        if lines and all(line._is_at_least(line.quantity_received, line.quantity) for line in lines):
            return "received"
        return "partial" if any(line.quantity_received > 0 for line in lines) else "expected"

    # --------------------------------------------------------------------------------------------------------- CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("name"):
                vals["name"] = self.env["ir.sequence"].next_by_code("oms.return") or self.env._("New")
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_open(self):
        if any(record.state == "open" for record in self):
            raise UserError(self.env._("An authorized return is expected by the warehouse. Cancel it first."))

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_fill_lines(self):
        """Propose everything of the order that can still come back."""
        self.check_access("write")
        for record in self.filtered(lambda record: record.state == "draft"):
            listed = record.line_ids.sale_line_id
            record.line_ids = [
                fields.Command.create({"sale_line_id": line.id, "quantity": returnable})
                for line in record.order_id.order_line - listed
                if (returnable := line._oms_get_returnable()) > 0
            ]

    def action_authorize(self):
        """Tell the customer yes, and the warehouse to expect the goods."""
        self.check_access("write")
        self.order_id._oms_take_turn_to_return()
        for record in self:
            record._check_authorizable()
            record._create_receipts()
        self._set_state("open")

    def action_receive(self):
        """Take in everything that is expected. For parts of it, work on the receipt itself."""
        self.check_access("write")
        for record in self:
            receipts_sudo = record._get_open_receipts_sudo()
            if not receipts_sudo:
                raise UserError(self.env._("Nothing is expected on %s any more.", record.name))
            for move_sudo in receipts_sudo.move_ids.filtered(lambda move: move.state not in ("done", "cancel")):
                move_sudo.quantity = move_sudo.product_uom_qty
                move_sudo.picked = True
            # What comes back may be over its date; that is looked at when it is inspected.
            receipts_sudo.with_context(skip_backorder=True, skip_expired=True)._oms_validate()

    def action_refund(self):
        """Credit what has come back and has not been credited yet."""
        self.check_access("write")
        for record in self:
            record._refund()

    def action_cancel(self):
        self.check_access("write")
        for record in self:
            if any(line.quantity_received > 0 for line in record.line_ids):
                raise UserError(self.env._("Goods of %s have come in already; it cannot be cancelled.", record.name))
            record._get_open_receipts_sudo().action_cancel()
        self._set_state("cancelled")

    def action_draft(self):
        self.check_access("write")
        self._set_state("draft")
        self.line_ids._check_not_requested_twice()

    def action_view_receipts(self):
        self.ensure_one()
        return self.picking_ids._get_records_action(name=self.env._("Receipts"))

    def action_view_refunds(self):
        self.ensure_one()
        return self.refund_ids._get_records_action(name=self.env._("Credit Notes"))

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _set_state(self, state):
        """The one way to move returns.

        :raise UserError: for a step that is not allowed.
        """
        for record in self:
            if state not in RETURN_TRANSITIONS[record.state]:
                raise UserError(
                    self.env._(
                        "%(name)s is %(state)s, this step is not possible any more.",
                        name=record.name,
                        state=record.state,
                    )
                )
        self.state = state

    def _check_authorizable(self):
        """:raise UserError: when there is nothing on the return, or more than the customer has."""
        self.ensure_one()
        lines = self.line_ids.filtered(lambda line: line.quantity > 0)
        if not lines:
            raise UserError(self.env._("Say on the lines of %s what comes back.", self.name))
        for line in lines:
            returnable = line.sale_line_id._oms_get_with_customer()
            if line.sale_line_id._oms_get_parts() and line.quantity % 1:
                raise UserError(
                    self.env._(
                        "“%s” is a kit and comes back in whole ones. For a part of it, refund by hand and take the part in "
                        "with Return on the delivery.",
                        line.product_id.display_name,
                    )
                )
            if line.product_uom_id.compare(line.quantity, returnable) > 0:
                raise UserError(
                    self.env._(
                        "%(quantity)s of “%(product)s” cannot come back: the customer has %(returnable)s that are not on "
                        "another return.",
                        quantity=line.quantity,
                        product=line.product_id.display_name,
                        returnable=returnable,
                    )
                )

    def _create_receipts(self):
        """A native receipt for each delivery that the goods left with, linked move by move to what went out.

        The link is what makes Odoo value the goods at what they cost when they left.
        """
        self.ensure_one()
        for picking, parts in self._parts_by_delivery().items():
            # sudo: what the warehouse is to expect follows from the return alone; a clerk needs no right to stock
            wizard_sudo = (
                self.env["stock.return.picking"]
                .sudo()
                .with_context(active_id=picking.id, active_ids=picking.ids, active_model="stock.picking")
                .create({})
            )
            for proposal_sudo in wizard_sudo.product_return_moves:
                proposal_sudo.quantity = float(sum(parts.get(proposal_sudo.move_id, {}).values()))
            receipt_sudo = wizard_sudo._create_return()
            for move_sudo in receipt_sudo.move_ids:
                move_sudo.oms_return_line_id = next(iter(parts[move_sudo.origin_returned_move_id]))
            receipt_sudo.origin = f"{self.name} ({self.order_id.name})"

    def _get_open_receipts_sudo(self):
        """What is still expected. In sudo mode: clerks work their returns without any right to stock."""
        return self.picking_ids.sudo().filtered(lambda picking: picking.state not in ("done", "cancel"))

    def _parts_by_delivery(self):
        """{delivery: {its move: {return line: quantity in the unit of the move}}}, what left last comes back first."""
        parts = defaultdict(lambda: defaultdict(dict))
        for line in self.line_ids.filtered(lambda line: line.quantity > 0):
            kit = line.sale_line_id._oms_get_parts()
            whole = {line.product_id: (line.quantity, line.product_uom_id)}
            rest = {part: (line.quantity * needed, part.uom_id) for part, needed in kit.items()} or whole
            wanted = {part: (Decimal(repr(uom.round(quantity))), uom) for part, (quantity, uom) in rest.items()}
            for move, returnable in line.sale_line_id._oms_get_returnable_moves().items():
                quantity, uom = wanted[move.product_id]
                taken = min(quantity, returnable)
                if taken > 0:
                    parts[move.picking_id][move][line] = Decimal(
                        repr(uom._compute_quantity(float(taken), move.product_uom))
                    )
                    wanted[move.product_id] = quantity - taken, uom
        return parts
