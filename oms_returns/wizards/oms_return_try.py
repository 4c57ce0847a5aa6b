from datetime import datetime, time

from odoo import api, fields, models

from ..models.oms_return import OUTCOMES


class OmsReturnTry(models.TransientModel):
    """What the policies would say about an order: nothing happens to it."""

    _name = "oms.return.try"
    _description = "Try the Return Policies"

    order_id = fields.Many2one("sale.order", domain=[("state", "=", "sale")], ondelete="cascade")
    on_day = fields.Date(string="Asked on", default=fields.Date.context_today, required=True)
    reason_id = fields.Many2one("oms.return.reason", ondelete="cascade")
    outcome = fields.Selection(OUTCOMES, required=True, default="refund")
    kind = fields.Selection([("return", "Return"), ("claim", "Claim")], required=True, default="return")
    answer = fields.Html(compute="_compute_answer")

    @api.depends("order_id", "on_day", "reason_id", "outcome", "kind")
    def _compute_answer(self):
        requests = self.env["oms.return"]
        for record in self:
            order = record.order_id._origin
            if not order or not record.on_day:
                record.answer = False
                continue
            order.check_access("read")
            goods = order.order_line.filtered(lambda line: line.product_id.type == "consu" and line.qty_delivered > 0)
            asked = {"reason": record.reason_id._origin, "outcome": record.outcome}
            lines = {line: {**asked, "quantity": line._oms_get_returnable() or 1} for line in goods}
            moment = datetime.combine(record.on_day, time(12))
            judgement = order._oms_judge_return(lines or None, moment, record.kind)
            record.answer = requests._tell(requests._as_json(judgement), with_passed=True)
