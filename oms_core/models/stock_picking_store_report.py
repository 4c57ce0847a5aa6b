"""What a store asks itself: was what we were asked for accepted or rejected, how long did it take, and was it late."""

from odoo import api, fields, models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_accept_took = fields.Integer(
        string="Minutes to Accept",
        compute="_compute_oms_took",
        help="From when the place was asked. 0: not accepted yet.",
    )
    oms_pick_took = fields.Integer(
        string="Minutes to Pick",
        compute="_compute_oms_took",
        help="From when it was accepted, or else the place was asked. 0: not picked yet.",
    )
    oms_rejected_quantity = fields.Float(
        string="Rejected",
        digits="Product Unit",
        compute="_compute_oms_rejected_quantity",
        help="Pieces, by this place.",
    )
    oms_late_count = fields.Integer(
        string="Sent Late",
        compute="_compute_oms_late_count",
        help="1: it left, or still lies here, after its order had to be sent.",
    )

    @api.depends("oms_accepted_at", "oms_picked_at", "date_done", "state")
    def _compute_oms_took(self):
        for picking in self:
            begun = picking.oms_accepted_at or picking.create_date
            picked = picking.oms_picked_at or (picking.state == "done" and picking.date_done)
            picking.oms_accept_took = _minutes(picking.create_date, picking.oms_accepted_at)
            picking.oms_pick_took = _minutes(begun, picked)

    @api.depends("oms_rejection_ids.quantity", "oms_rejection_ids.is_collateral")
    def _compute_oms_rejected_quantity(self):
        for picking in self:
            own = picking.oms_rejection_ids.filtered(lambda rejection: not rejection.is_collateral)
            picking.oms_rejected_quantity = sum(own.mapped("quantity"))

    @api.depends("sale_id.oms_ship_by", "date_deadline", "date_done", "state")
    def _compute_oms_late_count(self):
        now = fields.Datetime.now()
        for picking in self:
            due = picking.sale_id.oms_ship_by or picking.date_deadline
            left = picking.date_done if picking.state == "done" else now
            picking.oms_late_count = int(bool(due and left > due) and picking.state != "cancel")


def _minutes(begun, ended):
    return max(round((ended - begun).total_seconds() / 60), 0) if begun and ended else 0
