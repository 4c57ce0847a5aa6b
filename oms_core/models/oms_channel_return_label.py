from odoo import fields, models


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    return_label_in_parcel = fields.Selection(
        [("carrier", "As the delivery method says"), ("never", "Never")],
        string="Return Label in the Parcel",
        required=True,
        default="carrier",
        help="Marketplaces that send their own return labels want no other in the parcel.",
    )
