import functools

from odoo import models
from odoo.tools import file_open

from ..domain.distance import locate, read_postal_table
from ..domain.model import Place


@functools.cache
def _postal_table():
    """The bundled table of postal areas; read once in the life of a process."""
    with file_open("oms_routing/data/geo/postal_prefixes.csv") as lines:
        return read_postal_table(lines)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _oms_coordinates(self):
        """(latitude, longitude) in degrees: as stored on the address, else by its post code; (None, None) if unknown."""
        if self.partner_latitude or self.partner_longitude:
            return self.partner_latitude, self.partner_longitude
        located = locate(self.country_id.code or "", self.zip or "", _postal_table())
        return (located.latitude, located.longitude) if located else (None, None)

    def _oms_place(self):
        """This address as the planner sees it."""
        latitude, longitude = self._oms_coordinates()
        return Place(latitude, longitude, self.country_id.code or "", self.city or self.country_id.name or "")
