"""What transport emits, as published: versions with their source, none ever overwritten."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import ormcache

from ..const import CARBON_VERSIONS_MAX
from ..domain.carbon import MODES, Factors, in_force

FACTOR_MODES = [mode for mode in MODES if mode[0] != "none"]


class OmsCarbonVersion(models.Model):
    """A set of emission factors from one source, and from when on shipments are counted with it."""

    _name = "oms.carbon.version"
    _description = "Emission Factors"
    _inherit = ["oms.cache.source"]
    _order = "valid_from desc, id desc"

    name = fields.Char(string="Version", required=True)
    active = fields.Boolean(default=True)
    valid_from = fields.Date(
        required=True,
        default=fields.Date.context_today,
        help="Shipments from this day on are counted with these factors, until those of a later version. A day in the past "
        "restates what was shipped since; what other versions say of it stays in the report.",
    )
    source = fields.Char(required=True, help="Who published these factors, and where.")
    url = fields.Char(string="Address of the Source")
    licence = fields.Char()
    factor_ids = fields.One2many("oms.carbon.factor", "version_id", string="Factors", copy=True)

    @api.model
    def _get_in_force(self, on):
        """The ``domain.carbon.Factors`` that count on a date; ``None`` where there are none."""
        return in_force(self._get_versions(), on)

    @api.model
    @ormcache()
    def _get_versions(self):
        # sudo: published numbers
        versions_sudo = (
            self.sudo().with_context(active_test=True).search([], order="valid_from, id", limit=CARBON_VERSIONS_MAX)
        )
        return tuple(
            Factors(
                version.name,
                version.valid_from,
                {
                    factor.mode: Decimal(str(factor.grams_per_tkm)) * Decimal(str(factor.detour))
                    for factor in version.factor_ids
                },
            )
            for version in versions_sudo
        )


class OmsCarbonFactor(models.Model):
    """What a mode of transport emits."""

    _name = "oms.carbon.factor"
    _description = "Emission Factor"
    _inherit = ["oms.cache.source"]
    _order = "version_id, mode"
    _rec_name = "mode"

    version_id = fields.Many2one("oms.carbon.version", required=True, index=True, ondelete="cascade")
    mode = fields.Selection(FACTOR_MODES, string="Transport", required=True)
    grams_per_tkm = fields.Float(
        string="g CO₂e per t·km",
        digits=(12, 3),
        required=True,
        help="Grams of CO2 equivalent per tonne and kilometre, well to wheel: with the making of the fuel.",
    )
    detour = fields.Float(
        digits=(6, 3),
        default=1.0,
        required=True,
        help="How many kilometres this transport goes for one of the great circle, by which ways are measured: above 1 by road "
        "and rail, where your carriers or a study tell it. 1 where the factor is told for great circles itself.",
    )
    note = fields.Char(string="What It Stands For")

    _mode_uniq = models.Constraint("UNIQUE(version_id, mode)", "A version has one factor for each transport.")
    _detour_check = models.Constraint("CHECK(detour BETWEEN 1 AND 10)", "A detour is 1, or more up to 10.")
    _grams_check = models.Constraint("CHECK(grams_per_tkm >= 0)", "A factor is not below zero.")
