from odoo import fields, models


class OmsReturnReason(models.Model):
    """Why customers send goods back, in words that can be counted."""

    _name = "oms.return.reason"
    _description = "Return Reason"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
