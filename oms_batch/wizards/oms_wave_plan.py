from odoo import api, fields, models

from ..models.stock_picking import REASONS

#: Deliveries in no wave that are shown with their reasons; the sentence says how many there are.
SHOWN_MAX = 200


class OmsWavePlan(models.TransientModel):
    """Plan the waves of a place, and see what is in none and why."""

    _name = "oms.wave.plan"
    _description = "Plan Waves"

    warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Place",
        required=True,
        default=lambda self: self._default_warehouse(),
        domain=[("oms_node_type", "!=", "3pl")],
        ondelete="cascade",
    )
    batch_ids = fields.Many2many("stock.picking.batch", "oms_wave_plan_batch_rel", string="Waves", readonly=True)
    left_ids = fields.One2many("oms.wave.plan.line", "plan_id", string="In No Wave", readonly=True)
    summary = fields.Char(readonly=True)

    @api.model
    def _default_warehouse(self):
        """A place where this person works, before any other."""
        places = self.env["stock.warehouse"].search([("company_id", "=", self.env.company.id)])
        places = places.filtered(lambda place: place.oms_node_type != "3pl")
        return places.filtered(lambda place: self.env.user in place.oms_user_ids)[:1] or places[:1]

    def action_plan(self):
        """Plan, and show what came of it. What is in a wave already stays there."""
        self.ensure_one()
        self.check_access("write")
        place = self.warehouse_id._oms_get_wave_type()
        batches, left = place.with_company(place.company_id)._oms_plan_waves()
        self.left_ids.unlink()
        self.batch_ids = batches
        self.env["oms.wave.plan.line"].create(
            [
                {
                    "plan_id": self.id,
                    "picking_id": picking.id,
                    "reason": reason,
                    "sentence": picking._oms_get_wave_words(reason),
                }
                for picking, reason in list(left.items())[:SHOWN_MAX]
            ]
        )
        self.summary = self.env._(
            "New waves: %(waves)d, deliveries in them: %(inside)d, in none: %(left)d.",
            waves=len(batches),
            inside=len(batches.picking_ids),
            left=len(left),
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Plan Waves"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_open_waves(self):
        """The waves of this place that are open."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_batch.oms_wave_action")
        action["domain"] = [("picking_type_id", "=", self.warehouse_id._oms_get_wave_type().id)]
        return action


class OmsWavePlanLine(models.TransientModel):
    _name = "oms.wave.plan.line"
    _description = "Delivery in No Wave"

    plan_id = fields.Many2one("oms.wave.plan", required=True, ondelete="cascade")
    picking_id = fields.Many2one("stock.picking", string="Delivery", required=True, ondelete="cascade")
    origin = fields.Char(related="picking_id.origin", string="Order")
    reason = fields.Selection(REASONS, required=True)
    sentence = fields.Char(string="What to Do", required=True)
