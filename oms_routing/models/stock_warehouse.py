from odoo import models

from ..domain.model import Node


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def _to_domain(self):
        """These warehouses as the planner sees them."""
        nodes = []
        for warehouse in self:
            latitude, longitude = warehouse.partner_id._oms_coordinates()
            nodes.append(
                Node(
                    id=warehouse.id,
                    name=warehouse.name,
                    sequence=warehouse.sequence,
                    latitude=latitude,
                    longitude=longitude,
                    country_code=warehouse.partner_id.country_id.code or "",
                )
            )
        return tuple(nodes)
