"""Policies that a merchant brought along from another system, see ``wizards/oms_sourcing_migration.py``."""

from odoo import fields, models


class OmsSourcingPolicy(models.Model):
    _inherit = "oms.sourcing.policy"

    brought_from = fields.Char(
        readonly=True, copy=False, help="The file that it was made of. Policies of one file are tried together."
    )

    def _with_companions(self):
        """These policies, and those that came out of the same files: what one leaves over may be meant for another."""
        files = [file for file in self.mapped("brought_from") if file]
        if not files:
            return self
        domain = [("brought_from", "in", files), ("company_id", "in", self.company_id.ids)]
        return self | self.with_context(active_test=False).search(domain)
