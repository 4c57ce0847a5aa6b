from odoo import api, models


class ProductImage(models.Model):
    """Further pictures of a product: whoever tells others what it shows hears of them."""

    _inherit = "product.image"

    def _oms_tell_changed(self):
        (self.product_tmpl_id | self.product_variant_id.product_tmpl_id)._oms_content_changed()

    @api.model_create_multi
    def create(self, vals_list):
        images = super().create(vals_list)
        images._oms_tell_changed()
        return images

    def write(self, vals):
        self._oms_tell_changed()  # of whom they were
        result = super().write(vals)
        self._oms_tell_changed()
        return result

    def unlink(self):
        self._oms_tell_changed()
        return super().unlink()
