"""Two who reserve from one shelf at the same instant are not both given its last piece."""

from odoo import api, models
from odoo.tools import SQL


class StockQuant(models.Model):
    _inherit = "stock.quant"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of ``stock``, which notes a reservation on a row of its own where somebody else is just reserving from the
        shelf, and looks at neither. Whoever comes second waits; and when the first one has reserved, the database has the
        request begin anew, on what is left."""
        for vals in vals_list:
            if vals.get("reserved_quantity") and not vals.get("quantity"):
                self._oms_wait_for_shelf(vals)
        return super().create(vals_list)

    @api.model
    def _oms_wait_for_shelf(self, vals):
        """:raise psycopg2.errors.SerializationFailure: when somebody has changed what lies there meanwhile."""
        parts = [
            SQL("%s IS NOT DISTINCT FROM %s", SQL.identifier(name), vals.get(name) or None)
            for name in ("product_id", "location_id", "lot_id", "package_id", "owner_id")
        ]
        self.env.cr.execute(SQL("SELECT id FROM stock_quant WHERE %s FOR NO KEY UPDATE", SQL(" AND ").join(parts)))
