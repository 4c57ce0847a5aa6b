from decimal import Decimal

from odoo import api, fields, models

from ..const import ASKED_BY, CANCEL_REASONS
from ..domain.cancelling import stop
from ..notice import RELOAD, notice


class OmsCancellationAsk(models.TransientModel):
    """Ask what of an order to cancel, and show what can still be stopped before anything happens."""

    _name = "oms.cancellation.ask"
    _description = "Cancel an Order"

    order_id = fields.Many2one("sale.order", required=True, readonly=True, ondelete="cascade")
    reason = fields.Selection(CANCEL_REASONS, required=True, default="customer")
    asked_by = fields.Selection(ASKED_BY, required=True, default="clerk")
    note = fields.Text(string="In Words", help="What the customer or a colleague said; it is kept with the order.")
    line_ids = fields.One2many(
        "oms.cancellation.ask.line", "ask_id", compute="_compute_line_ids", store=True, readonly=False
    )
    preview = fields.Text(compute="_compute_preview", string="What Happens")

    @api.depends("order_id")
    def _compute_line_ids(self):
        """Everything, until somebody says less."""
        for ask in self:
            ask.line_ids = [fields.Command.clear()] + [
                fields.Command.create(
                    {
                        "sale_line_id": standing.line_id,
                        "ordered": float(standing.ordered),
                        "left": float(standing.left),
                        "quantity": float(standing.ordered),
                    }
                )
                for standing in ask.order_id._oms_get_standing()
            ]

    @api.depends("line_ids.quantity")
    def _compute_preview(self):
        for ask in self:
            order = ask.order_id._origin or ask.order_id
            outcome = stop(order._oms_get_standing(), ask._get_quantities())
            sentences = []
            names = {line.id: line.product_id.name for line in order.order_line}
            if not outcome.late and ask._is_whole():
                if booked := order._oms_get_booked():
                    sentences.append(
                        self.env._(
                            "The goods stay here, and the order waits on hold: %s are booked already. Credit them, then "
                            "cancel the order.",
                            ", ".join(booked.mapped("name")),
                        )
                    )
                else:
                    sentences.append(self.env._("The whole order is cancelled."))
            elif outcome.stopped:
                sentences.append(
                    self.env._(
                        "Stopped: %s.", ", ".join(f"{qty:g} × {names[id_]}" for id_, qty in outcome.stopped.items())
                    )
                )
            if outcome.late:
                sentences.append(
                    self.env._(
                        "Too late: %s have left and have to come back.",
                        ", ".join(f"{qty:g} × {names[id_]}" for id_, qty in outcome.late.items()),
                    )
                )
            ask.preview = "\n".join(sentences) or self.env._("Say how much is not wanted.")

    def _get_quantities(self):
        """{sale line id: quantity to cancel}; ``None`` for the whole order."""
        self.ensure_one()
        if self._is_whole():
            return None
        return {line.sale_line_id.id: Decimal(repr(line.quantity)) for line in self.line_ids if line.quantity > 0}

    def _is_whole(self):
        return all(line.quantity >= line.ordered for line in self.line_ids)

    def action_cancel_order(self):
        """Ask for the cancellation, and say what came of it."""
        self.ensure_one()
        self.order_id.check_access("write")
        quantities = self._get_quantities()
        lines = self.env["sale.order.line"]
        cancellation = self.order_id._oms_request_cancellation(
            self.reason,
            self.asked_by,
            self.note or "",
            None if quantities is None else {lines.browse(id_): quantity for id_, quantity in quantities.items()},
        )
        kind = {"stopped": "success", "requested": "info"}.get(cancellation.state, "warning")
        return notice(cancellation.outcome, kind, then=RELOAD)


class OmsCancellationAskLine(models.TransientModel):
    _name = "oms.cancellation.ask.line"
    _description = "Line to Cancel"

    ask_id = fields.Many2one("oms.cancellation.ask", required=True, ondelete="cascade")
    sale_line_id = fields.Many2one("sale.order.line", required=True, readonly=True, ondelete="cascade")
    name = fields.Char(string="Product", compute="_compute_name")
    ordered = fields.Float(digits="Product Unit", readonly=True)
    left = fields.Float(string="Has Left", digits="Product Unit", readonly=True)
    quantity = fields.Float(string="Cancel", digits="Product Unit")

    @api.depends("sale_line_id")
    def _compute_name(self):
        for row in self:
            line = row.sale_line_id
            row.name = line.product_id.display_name or (line.name or "").partition("\n")[0]
