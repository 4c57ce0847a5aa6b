import functools

from odoo import api, models
from odoo.tools import file_open, ormcache

from ..domain.distance import ADDRESS, Located, basis, distance_km, locate, read_postal_table
from ..domain.model import Place


@functools.cache
def _postal_table():
    """The bundled table of postal areas; read once in the life of a process."""
    with file_open("oms_routing/data/geo/postal_prefixes.csv") as lines:
        return read_postal_table(lines)


class ResCountry(models.Model):
    _inherit = "res.country"

    @api.model
    @ormcache("country_id", cache="stable")  # which Odoo forgets when a country changes
    def _oms_get_code(self, country_id):
        """The code of a country, without reading the country for each address; empty where there is none."""
        return self.sudo().browse(country_id or ()).code or ""  # sudo: kept for whoever asks next


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _oms_located(self):
        """Where this address is, and how well that is known (``domain.distance.Located``): as stored on the address, else by
        its post code, else its country; ``None`` if unknown."""
        if self.partner_latitude or self.partner_longitude:
            return Located(self.partner_latitude, self.partner_longitude, ADDRESS)
        return locate(self._oms_get_country_code(), self.zip or "", _postal_table())

    def _oms_get_country_code(self):
        return self.env["res.country"]._oms_get_code(self.country_id.id)

    def _oms_coordinates(self):
        """(latitude, longitude) in degrees; (None, None) if unknown."""
        located = self._oms_located()
        return (located.latitude, located.longitude) if located else (None, None)

    def _oms_way_from(self, other):
        """(kilometres from another address, on what that rests); (None, "") if unknown."""
        here, there = other._oms_located(), self._oms_located()
        if not (here and there):
            return None, ""
        return distance_km(here, there), basis(here.precision, there.precision)

    def _oms_place(self):
        """This address as the planner sees it."""
        located = self._oms_located()
        return Place(
            *(located[:2] if located else (None, None)),
            self._oms_get_country_code(),
            self.city or self.country_id.name or "",
            precision=located.precision if located else "",
        )
