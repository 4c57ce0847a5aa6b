from odoo import models


class StockReturnPicking(models.TransientModel):
    _inherit = "stock.return.picking"

    def _prepare_picking_default_values_based_on(self, picking):
        """Override of ``stock``: goods are received where they are, whatever place they left from."""
        values = super()._prepare_picking_default_values_based_on(picking)
        place = self.env["stock.warehouse"].browse(self.env.context.get("oms_return_to"))
        if place:
            values["picking_type_id"] = place.in_type_id.id
            values["location_dest_id"] = place.in_type_id.default_location_dest_id.id or place.lot_stock_id.id
        return values
