from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    oms_is_dangerous = fields.Boolean(
        string="Dangerous Goods", help="Lithium batteries, aerosols, paint: only carriers that say so may carry it."
    )
