from odoo import fields, models


class OmsNotificationPreview(models.TransientModel):
    """A mail as the customer would get it, to look at."""

    _name = "oms.notification.preview"
    _description = "Preview of a Customer Mail"

    order_id = fields.Many2one("sale.order", readonly=True)
    subject = fields.Char(readonly=True)
    body = fields.Html(readonly=True, sanitize=False)
