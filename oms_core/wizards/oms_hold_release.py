from odoo import fields, models


class OmsHoldRelease(models.TransientModel):
    """Release one hold or many with a word about why."""

    _name = "oms.hold.release"
    _description = "Release Holds"

    hold_ids = fields.Many2many("oms.hold", required=True, string="Holds")
    note = fields.Text(string="What Was Found", help="Kept in the history of the hold.")

    def action_release(self):
        self.ensure_one()
        self.hold_ids.check_access("write")
        self.hold_ids.with_context(oms_hold_note=self.note or "").action_release()
        return {"type": "ir.actions.act_window_close"}
