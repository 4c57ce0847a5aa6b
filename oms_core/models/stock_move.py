from odoo import api, models
from odoo.tools import SQL


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
            given_up._oms_call_off_rest_of_kits()
            given_up.picking_id._oms_on_unfulfillable(given_up)

    def _trigger_scheduler(self):
        """Override of ``stock``: as :meth:`_update_orderpoints`."""
        return super(StockMove, self._oms_with_reordering_rules())._trigger_scheduler()

    def _update_orderpoints(self):
        """Override of ``stock``, which looks for the reordering rules of a move at each step of it: a transaction asks once
        which products have one."""
        return super(StockMove, self._oms_with_reordering_rules())._update_orderpoints()

    def _oms_with_reordering_rules(self):
        """Those of these moves whose product has a reordering rule anywhere."""
        reordered = self.env["stock.warehouse.orderpoint"]._oms_get_reordered(self.product_id)
        return self.filtered(lambda move: move.product_id.id in reordered)


class StockWarehouseOrderpoint(models.Model):
    _inherit = "stock.warehouse.orderpoint"

    @api.model
    def _oms_get_reordered(self, products):
        """Ids of those of these products that have a reordering rule, archived ones too.

        Kept until the transaction ends, which sees of other transactions nothing new, or until it changes a rule itself.
        """
        known = self.env.cr.precommit.data.setdefault(self._name, {})
        if unknown := [product for product in products.ids if product not in known]:
            self.flush_model(["product_id"])
            rows = self.env.execute_query(
                SQL("SELECT DISTINCT product_id FROM stock_warehouse_orderpoint WHERE product_id = ANY(%s)", unknown)
            )
            known |= dict.fromkeys(unknown, False) | dict.fromkeys((product for (product,) in rows), True)
        return {product for product in products.ids if known[product]}

    @api.model_create_multi
    def create(self, vals_list):
        """Override: forget which products had none."""
        self.env.cr.precommit.data.pop(self._name, None)
        return super().create(vals_list)

    def write(self, vals):
        """Override: as :meth:`create`."""
        if "product_id" in vals:
            self.env.cr.precommit.data.pop(self._name, None)
        return super().write(vals)
