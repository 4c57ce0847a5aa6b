"""What is set aside for an order that may have only what there is, no other transfer reserves meanwhile."""

from odoo import models


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_assign(self, force_qty=False):
        """Override of ``stock``, which knows nothing of what is set aside and would give it to whoever asks first."""
        kept = self._oms_get_kept()
        moves = self.with_context(oms_kept=kept) if kept else self
        return super(StockMove, moves)._action_assign(force_qty=force_qty)

    def _oms_get_kept(self):
        """{(id of a warehouse, id of a product): quantity that is not theirs}, of the goods of these moves.

        What was set aside for an order is posted before its own transfers ask, so all that is pending is somebody else's.
        """
        if not self.env["oms.channel"]._get_strict():
            return {}
        # sudo: what is set aside binds everybody, whether or not they may see it
        rows = (
            self.env["oms.reservation"]
            .sudo()
            ._read_group(
                [
                    ("state", "=", "pending"),
                    ("product_id", "in", self.product_id.ids),
                    ("channel_id.stock_policy", "=", "hold"),
                ],
                ["warehouse_id", "product_id"],
                ["quantity:sum"],
            )
        )
        return {(warehouse.id, product.id): quantity for warehouse, product, quantity in rows}

    def _update_reserved_quantity(self, need, location_id, lot_id=None, package_id=None, owner_id=None, strict=True):
        """Override of ``stock``: leave there what is set aside. Goods that stay in the stock are taken from nobody."""
        if kept := self.env.context.get("oms_kept"):
            warehouse = location_id.warehouse_id
            stock = warehouse.lot_stock_id
            quantity = kept.get((warehouse.id, self.product_id.id))
            if quantity and location_id._child_of(stock) and not self.location_dest_id._child_of(stock):
                free = self.env["stock.quant"]._get_available_quantity(self.product_id, stock)
                need = min(need, self.product_id.uom_id.round(free - quantity))
                if self.product_id.uom_id.compare(need, 0) <= 0:
                    return 0.0
        return super()._update_reserved_quantity(need, location_id, lot_id, package_id, owner_id, strict)
