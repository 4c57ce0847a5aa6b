from odoo import fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_subscription_id = fields.Many2one(
        "oms.subscription",
        string="Subscription",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    oms_subscription_date = fields.Date(readonly=True, copy=False)

    _oms_subscription_uniq = models.UniqueIndex(
        "(oms_subscription_id, oms_subscription_date) WHERE oms_subscription_id IS NOT NULL",
        "The subscription has its order of this day already.",
    )
