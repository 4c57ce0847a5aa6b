from odoo import fields, models


class StockMove(models.Model):
    _inherit = "stock.move"

    oms_return_line_id = fields.Many2one(
        "oms.return.line", string="Return Line", index="btree_not_null", copy=False, ondelete="set null"
    )

    def _prepare_move_split_vals(self, qty):
        """Override of ``stock``: what is received later belongs to the same return."""
        return {**super()._prepare_move_split_vals(qty), "oms_return_line_id": self.oms_return_line_id.id}

    def _prepare_merge_moves_distinct_fields(self):
        """Override of ``stock``: what comes back for another line of a return is another move."""
        return [*super()._prepare_merge_moves_distinct_fields(), "oms_return_line_id"]
