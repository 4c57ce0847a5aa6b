"""What an order says about the places that it may come from, for whoever decides it."""

from odoo import api, fields, models

from ..const import COLLECTED_METHODS


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_rejection_ids = fields.One2many("oms.rejection", "order_id", string="Rejections")

    def _oms_is_pinned(self):
        """Whether the customer comes for the goods to a place of his choice, so that no other will do."""
        self.ensure_one()
        return self.oms_delivery_method in COLLECTED_METHODS and bool(self.oms_pickup_warehouse_id)

    def _oms_get_sources(self, warehouses):
        """Those of ``warehouses`` that this order may come from."""
        self.ensure_one()
        return self.oms_pickup_warehouse_id if self._oms_is_pinned() else warehouses

    def _oms_get_rejected(self, lines):
        """{id of a warehouse: sentence} for the places that rejected one of ``lines`` of this order."""
        self.ensure_one()
        rejections_sudo = (
            self.sudo()._oms_get_rejections()
        )  # sudo: who plans need not be allowed to read why stores refused
        return {
            rejection.warehouse_id.id: self.env._(
                "%(warehouse)s rejected %(product)s: %(reason)s.",
                warehouse=rejection.warehouse_id.name,
                product=rejection.product_id.name,
                reason=rejection.reason_id.name,
            )
            for rejection in rejections_sudo
            if rejection.line_id in lines
        }

    def _oms_get_rejections(self):
        """Hook: the rejections of this order because of which a place is not asked again."""
        self.ensure_one()
        return self.oms_rejection_ids


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_procure_from(self, warehouse, values):
        """Hook: the values of a procurement that asks a place for goods of this line."""
        self.ensure_one()
        return dict(values, warehouse_id=warehouse)

    @api.depends("order_id.oms_delivery_method", "order_id.oms_pickup_warehouse_id")
    def _compute_warehouse_id(self):
        """Override of ``sale_stock``: what the customer comes for is taken where he comes."""
        result = super()._compute_warehouse_id()
        for line in self:
            if line.order_id._oms_is_pinned() and not line.route_ids:
                line.warehouse_id = line.order_id.oms_pickup_warehouse_id
        return result


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_on_unfulfillable(self, moves):
        """Override: a pickup that its store cannot fulfil goes to no other place by itself; its customer has chosen."""
        pinned = moves.filtered(lambda move: move.sale_line_id.order_id._oms_is_pinned())
        for order, of_order in pinned.grouped(lambda move: move.sale_line_id.order_id).items():
            order._oms_hold(
                "stock",
                self.env._(
                    "%(store)s cannot hand over %(products)s to the customer. Offer another store, or ship it (change the "
                    "delivery method and source again), or take it off the order; then release.",
                    store=order.oms_pickup_warehouse_id.name,
                    products=of_order._oms_say_products(),
                ),
            )
        return super()._oms_on_unfulfillable(moves - pinned)
