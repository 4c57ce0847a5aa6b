from odoo import models


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def _oms_get_wave_type(self):
        """The operation in which this place takes goods from the shelf."""
        self.ensure_one()
        return self.out_type_id if self.delivery_steps == "ship_only" else self.pick_type_id
