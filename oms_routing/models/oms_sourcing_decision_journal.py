from odoo import api, fields, models


class OmsSourcingDecision(models.Model):
    """A decision remembers how far the stock journal was, so that what it saw can be looked at again."""

    _inherit = "oms.sourcing.decision"

    journal_position = fields.Integer(
        readonly=True, copy=False, help="The last entry of the stock journal when this was decided."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Override to note the position: one query for any number of decisions."""
        events_sudo = self.env["oms.stock.event"].sudo()  # sudo: the position is a number, and no matter who decides
        if self.env.cr.precommit.data.get("oms.stock.event"):
            # What this transaction did before (a site gave up, goods were counted) is part of what was seen.
            events_sudo._settle()
        position = events_sudo._get_position()
        return super().create([{"journal_position": position, **vals} for vals in vals_list])
