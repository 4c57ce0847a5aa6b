from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_excluded_warehouses(self, warehouses):
        """Override of ``oms_core``: places that take no orders, and places that have all they can take, are left out."""
        excluded = super()._oms_get_excluded_warehouses(warehouses)
        for place, state in warehouses._oms_get_openings().items():
            if not state.is_open:
                excluded.setdefault(place.id, state.reason)
        standing = self.env["oms.capacity.use"].sudo()  # sudo: who confirms need not see what others have
        for place_id, capacity in warehouses._oms_get_capacity().items():
            if not standing._has_room(self, place_id, capacity):
                place = warehouses.browse(place_id)
                excluded.setdefault(
                    place_id, self.env._("%(place)s is full: %(load)s.", place=place.name, load=place.oms_load)
                )
        return excluded
