"""What is read at every step of an order is kept in Odoo's cache, and is forgotten when that which it is made of changes.

Whatever is kept is read with ``active_test=True`` and as superuser: whoever asks first asks for all who come after.
"""

from odoo import api, models


class OmsCacheSource(models.AbstractModel):
    """Rows that something kept in the cache is made of: a change of them is seen by the next order."""

    _name = "oms.cache.source"
    _description = "Source of What Is Cached"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result


class ResCountryGroup(models.Model):
    """Policies may be for the countries of a group."""

    _name = "res.country.group"
    _inherit = ["res.country.group", "oms.cache.source"]
