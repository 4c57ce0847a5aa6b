from odoo import fields, models


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    oms_no_po_box = fields.Boolean(
        string="No Post Office Boxes", help="Orders to a box at a post office wait until somebody corrects the address."
    )


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    check_addresses = fields.Boolean(
        default=True,
        help="Hold orders whose delivery address is certainly or very likely wrong: post code, state, house number.",
    )
