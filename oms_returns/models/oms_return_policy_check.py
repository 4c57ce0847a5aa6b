import sys

from odoo import api, fields, models

from odoo.addons.oms_core.notice import notice

from ..domain.policy_check import ERROR, Known, check
from .oms_return_policy import SCOPE, TERMS


class OmsReturnPolicy(models.Model):
    """Policies are looked at while they are edited: what contradicts itself, the law or another policy is said at once."""

    _inherit = "oms.return.policy"

    check_errors = fields.Text(string="Cannot Work", compute="_compute_checks")
    check_warnings = fields.Text(string="To Look At", compute="_compute_checks")

    @api.depends("name", "active", "sequence", *SCOPE, *TERMS)
    def _compute_checks(self):
        for policy in self:
            findings = policy._find_problems() if policy.active else []
            for column, wanted in (("check_errors", True), ("check_warnings", False)):
                said = [finding.sentence for finding in findings if (finding.severity == ERROR) == wanted]
                policy[column] = "\n".join(said) or False

    def action_check_all(self):
        """Look at all policies of the company together. (A button of a list gives the rows that are ticked: none, or any.)"""
        self.check_access("write")
        found = self._check_together(self.search([("company_id", "in", (False, self.env.company.id))]))
        told = "\n".join(finding.sentence for finding in found) or self.env._("Nothing speaks against these policies.")
        title = self.env._("Return policies")
        return notice(told, "warning" if found else "success", title=title, sticky=bool(found))

    def _find_problems(self):
        """What the checks say about this policy, maybe not saved yet, in its place among the others."""
        self.ensure_one()
        company = self.company_id or self.env.company
        others = self.search([("company_id", "in", (False, company.id)), ("id", "!=", self._origin.id)])
        together = (others + self).sorted(lambda policy: (policy.sequence, policy._origin.id or sys.maxsize))
        return [finding for finding in self._check_together(together) if finding.id == (self._origin.id or None)]

    @api.model
    def _check_together(self, policies):
        """The findings over these policies, in this sequence."""
        countries = self.env.ref("base.europe").country_ids
        at_fault = self.env["oms.return.reason"].search([("is_defect", "=", True)])
        known = Known(
            today=fields.Date.context_today(self),
            statutory=frozenset(countries.ids),
            at_fault=frozenset(at_fault.ids),
            sells_to=frozenset(self.env.company.country_id.ids),
        )
        return check([policy._to_domain() for policy in policies], known)
