from odoo import models


class StockMove(models.Model):
    _inherit = "stock.move"

    def _assign_picking(self):
        """Override of ``stock``, which writes into the chatter of each new transfer that it was created. That of a channel's
        order tells so by its date, its origin and the order's timeline."""
        of_channel = self.filtered("sale_line_id.order_id.oms_channel_id")
        super(StockMove, self - of_channel)._assign_picking()
        super(StockMove, of_channel.with_context(mail_create_nolog=True))._assign_picking()
        return True

    def _assign_picking_post_process(self, new=False):
        """Override of ``sale_stock``, which writes into the chatter of each new transfer which order it is for. A transfer of
        a channel's order shows that in a field, and the note costs more than the transfer's reservation."""
        of_channel = self.filtered("sale_line_id.order_id.oms_channel_id")
        super(StockMove, self - of_channel)._assign_picking_post_process(new=new)
        return super(StockMove, of_channel)._assign_picking_post_process(new=False)

    def _oms_tell_given_up(self):
        """Say which of these moves, wanted until now, will not bring (all of) what they should have."""
        given_up = self.exists().filtered(
            lambda move: (
                move.state == "cancel"
                or (move.state == "done" and move.product_uom.compare(move.quantity, move.product_uom_qty) < 0)
            )
        )
        if given_up:
            given_up.picking_id._oms_on_unfulfillable(given_up)

    def _trigger_scheduler(self):
        """Override of ``stock``, which looks for a reordering rule of each move: one query tells that there is none."""
        if not self._oms_has_reordering_rules():
            return None
        return super()._trigger_scheduler()

    def _oms_has_reordering_rules(self):
        rules = self.env["stock.warehouse.orderpoint"]
        return rules.search_count([("product_id", "in", self.product_id.ids), ("trigger", "=", "auto")], limit=1)
