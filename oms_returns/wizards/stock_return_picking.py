from odoo import fields, models


class StockReturnPickingLine(models.TransientModel):
    """Odoo's return of a delivery, asked for by a return of ours: each line takes in for one of its lines."""

    _inherit = "stock.return.picking.line"

    oms_return_line_id = fields.Many2one("oms.return.line", readonly=True)

    def _prepare_move_default_values(self, new_picking):
        """Override of ``stock``."""
        return {
            **super()._prepare_move_default_values(new_picking),
            "oms_return_line_id": self.oms_return_line_id.id,
        }
