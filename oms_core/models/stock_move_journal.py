"""What moves do to the stock is told to the journal (``oms.stock.event``)."""

from odoo import api, models

#: What of a move changes what it takes or wants.
MOVE_FIELDS = frozenset({"state", "product_uom_qty", "product_uom", "location_id", "product_id"})
LINE_FIELDS = frozenset({"quantity", "location_id", "location_dest_id", "move_id", "product_uom_id", "state"})


class StockMove(models.Model):
    _inherit = "stock.move"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of ``stock``: a move that begins as more than a draft."""
        moves = super().create(vals_list)
        if any(vals.get("state", "draft") != "draft" for vals in vals_list):
            self.env["oms.stock.event"]._mark(moves)
        return moves

    def write(self, vals):
        result = super().write(vals)
        if self and not MOVE_FIELDS.isdisjoint(vals):
            self.env["oms.stock.event"]._mark(self)
        return result

    def unlink(self):
        """Override of ``stock``: what a move wanted ends with it; it is told while the move can be named."""
        if not self:
            return super().unlink()
        events = self.env["oms.stock.event"].sudo()  # sudo: what happened is told whoever did it
        events._settle()
        events._log_gone(self)
        return super().unlink()


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        self.env["oms.stock.event"]._mark(lines.move_id)
        return lines

    def write(self, vals):
        if LINE_FIELDS.isdisjoint(vals):
            return super().write(vals)
        moves = self.move_id
        result = super().write(vals)
        self.env["oms.stock.event"]._mark(moves | self.move_id)
        return result

    def unlink(self):
        moves = self.move_id
        result = super().unlink()
        self.env["oms.stock.event"]._mark(moves)
        return result
