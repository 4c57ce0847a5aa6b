from odoo import api, fields, models

#: Who works with the orders of all places, also when they help in a store.
EVERYWHERE = (
    "oms_core.group_oms_warehouse",
    "oms_core.group_oms_user",
    "oms_core.group_oms_accountant",
    "stock.group_stock_manager",
)


class ResUsers(models.Model):
    _inherit = "res.users"

    oms_own_places_only = fields.Boolean(
        compute="_compute_oms_own_places_only",
        help="Sees the deliveries and orders of the stores where this person works, and of no other place.",
    )

    @api.depends("all_group_ids")
    def _compute_oms_own_places_only(self):
        """Read by the record rules of store associates. A rule of that group alone could not tell an associate from a
        manager who also works in a store, and a rule for each other group would widen what natively they see."""
        store = self.env.ref("oms_core.group_oms_store")
        everywhere = self.env["res.groups"].union(*map(self.env.ref, EVERYWHERE))
        for user in self:
            user.oms_own_places_only = store in user.all_group_ids and not everywhere & user.all_group_ids
