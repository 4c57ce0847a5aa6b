from datetime import timedelta

from odoo import fields, models
from odoo.tools import format_date


class OmsCutOffAsk(models.TransientModel):
    """Ask for which day the cut-off is wanted: the end of last month, as a rule."""

    _name = "oms.cut.off.ask"
    _description = "Cut-off: For Which Day"

    date = fields.Date(
        string="At the End Of",
        required=True,
        default=lambda self: fields.Date.context_today(self).replace(day=1) - timedelta(days=1),
    )

    def action_accrue(self):
        """Book the revenue and the cost of what had left and was not invoiced by then, and take both back the day after."""
        self.ensure_one()
        self.env["account.move"].check_access("create")
        entries = self.env.company._oms_accrue(self.date)
        action = self.env["ir.actions.actions"]._for_xml_id("account.action_move_journal_line")
        return {**action, "domain": [("id", "in", entries.ids)], "context": {"create": False}}

    def action_show(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("oms_core.oms_cut_off_action")
        name = self.env._("Cut-off %s", format_date(self.env, self.date))
        return {
            **action,
            "name": name,
            "display_name": name,
            "context": {"oms_cut_off": fields.Date.to_string(self.date), "search_default_group_kind": 1},
        }
