from odoo import api, fields, models

from ..models.oms_sourcing_template import TEMPLATES


class OmsSourcingTemplate(models.TransientModel):
    """Begin a policy with what others have found to work."""

    _name = "oms.sourcing.template"
    _description = "New Sourcing Policy from a Template"

    code = fields.Selection(
        [(code, name) for code, (name, *_rest) in TEMPLATES.items()],
        string="Template",
        required=True,
        default="cheapest",
    )
    purpose = fields.Text(compute="_compute_purpose")
    rule_text = fields.Text(string="Rules", compute="_compute_purpose")

    @api.depends("code")
    def _compute_purpose(self):
        for wizard in self:
            _name, purpose, _values, constraints, goals = TEMPLATES.get(wizard.code, ("", "", {}, [], []))
            rules = self.env["oms.sourcing.rule"]
            said = [
                rules.new({"kind": rule} if isinstance(rule, str) else {"kind": rule[0], **rule[1]}).sentence
                for rule in (*constraints, *goals)
            ]
            wizard.purpose = purpose
            wizard.rule_text = "\n".join(f"• {sentence}" for sentence in said)

    def action_create(self):
        """Make the policy, first in line but switched off, so that nothing changes before somebody has read it."""
        self.ensure_one()
        self.check_access("write")
        policies = self.env["oms.sourcing.policy"]
        first = policies.search([("company_id", "=", self.env.company.id)], limit=1)
        policy = policies._create_from_template(
            self.code, self.env.company, active=False, sequence=first.sequence - 1 if first else 10
        )
        return policy._get_records_action()
