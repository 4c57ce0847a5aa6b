"""What a policy says about its decisions afterwards."""

from odoo import fields, models

from ..const import ATTEMPTS_MAX, REJECTED_DAYS_MAX


class OmsSourcingPolicy(models.Model):
    _inherit = "oms.sourcing.policy"

    attempts_max = fields.Integer(
        string="Places That May Give Up",
        default=ATTEMPTS_MAX,
        help="When more places than these could not deliver an order, it waits for a person.",
    )
    rejected_days = fields.Integer(
        string="Ask Again After",
        help="Days after which a place that rejected something of an order, or was too slow, may be asked for it again. "
        "0: never.",
    )
    reoptimise = fields.Boolean(
        string="Improve Until Picked",
        help="Look every hour whether what nobody has begun to pick comes cheaper from elsewhere by now.",
    )
    saving_min = fields.Monetary(
        string="If It Saves", default=1.0, help="Less than this is not worth the trouble of a change."
    )
    changes_max = fields.Integer(string="Changes of an Order", default=1, help="At most so many to save money.")

    _life_check = models.Constraint(
        f"CHECK(attempts_max >= 0 AND rejected_days BETWEEN 0 AND {REJECTED_DAYS_MAX}"
        " AND saving_min >= 0 AND changes_max >= 0)",
        f"Numbers of a policy cannot be negative, and rejections are remembered for at most {REJECTED_DAYS_MAX} days.",
    )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_attempts_max(self):
        """Override: as the policy of the order says."""
        policy_sudo = self._oms_get_policy().sudo()  # sudo: policies work for whoever gives up a delivery
        return policy_sudo.attempts_max if policy_sudo else super()._oms_get_attempts_max()

    def _oms_get_rejected_days(self):
        """Override: as the policy of the order says."""
        policy_sudo = self._oms_get_policy().sudo()  # sudo: as above
        return policy_sudo.rejected_days if policy_sudo else super()._oms_get_rejected_days()
