"""How long a place needs until a parcel is ready, and until when an order counts as one of today."""

from odoo import fields, models

from ..domain.offers import Origin


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_ready_hours = fields.Float(
        string="Ready Within (Hours)",
        default=4.0,
        help="Open hours of this place from the order until the parcel is packed.",
    )
    oms_cut_off = fields.Float(
        string="Cut-off", help="An order after this hour counts as one of the next open day. Zero: no such hour."
    )

    _oms_hours_check = models.Constraint(
        "CHECK(oms_ready_hours BETWEEN 0 AND 2000 AND oms_cut_off >= 0 AND oms_cut_off < 24)",
        "A parcel is ready within 0 to 2000 open hours, and a cut-off is an hour from 0:00 to 23:59.",
    )

    def _oms_get_origins(self):
        """These places as carriers see them."""
        origins, openings = [], {}
        for warehouse in self.sudo():  # sudo: when a place is open, and where it is, depends on nobody's rights
            calendar = warehouse.oms_calendar_id or warehouse.company_id.resource_calendar_id
            if calendar not in openings:
                openings[calendar] = calendar._oms_to_domain()
            latitude, longitude = warehouse.partner_id._oms_coordinates()
            origins.append(
                Origin(
                    node_id=warehouse.id,
                    name=warehouse.name,
                    opening=openings[calendar],
                    hours=warehouse.oms_ready_hours,
                    cut_off=warehouse.oms_cut_off or None,
                    latitude=latitude,
                    longitude=longitude,
                )
            )
        return origins
