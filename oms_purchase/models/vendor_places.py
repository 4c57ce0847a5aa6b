"""Vendors as places: what is decided to come from a vendor's place is bought from that vendor, who sends it to the customer."""

from odoo import models
from odoo.tools import SQL


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_excluded_warehouses(self, warehouses):
        """Override of ``oms_core``: a vendor that rejected something of this order is not asked for it again, nor one that
        sells none of it."""
        excluded = super()._oms_get_excluded_warehouses(warehouses)
        # sudo: who confirms an order need not see what vendors said
        rejected_sudo = self.sudo().order_line.oms_vendor_rejection_ids
        for place in warehouses.filtered(lambda place: place.oms_node_type == "vendor"):
            of_vendor = rejected_sudo.filtered(lambda row, place=place: row.partner_id == place._oms_get_vendor())
            if of_vendor:
                excluded.setdefault(
                    place.id,
                    self.env._(
                        "%(vendor)s rejected %(product)s: %(reason)s.",
                        vendor=place.name,
                        product=of_vendor[0].product_id.name,
                        reason=of_vendor[0].reason or self.env._("no reason given"),
                    ),
                )
            elif not any(line._oms_get_seller_at(place) for line in self.order_line if line.product_id):
                excluded.setdefault(place.id, self.env._("%s sells nothing of this order.", place.name))
        return excluded


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_procure_from(self, warehouse, values):
        """Override of ``oms_core``: a vendor is asked by a purchase order."""
        values = super()._oms_procure_from(warehouse, values)
        if warehouse.oms_node_type == "vendor" and (seller := self._oms_get_seller_at(warehouse)):
            values |= {"route_ids": self.env.ref("stock_dropshipping.route_drop_shipping"), "oms_seller": seller}
        return values

    def _oms_get_seller_at(self, place):
        """The vendor's line of this product by which it is bought from a place of that vendor."""
        self.ensure_one()
        vendor = place._oms_get_vendor()
        sellers = self.product_id.with_company(self.company_id)._prepare_sellers(False)
        return sellers.filtered(
            lambda seller: (
                seller.partner_id == vendor and (not seller.company_id or seller.company_id == self.company_id)
            )
        )[:1]

    def _get_qty_procurement(self, previous_product_uom_qty=False):
        """Override of ``stock_dropshipping``, which counts what is bought and nothing else as soon as anything is: of a line
        that comes from a vendor and from a shelf, both count."""
        quantity = super()._get_qty_procurement(previous_product_uom_qty)
        # sudo: whoever changes an order need not see what is bought for it
        bought_sudo = self.sudo().purchase_line_ids.filtered(
            lambda line: line.state != "cancel" and line._is_dropshipped() and line.product_id == self.product_id
        )
        if not self.order_id.oms_channel_id or not bought_sudo:
            return quantity
        return quantity + sum(
            move.product_uom._compute_quantity(move.product_uom_qty, self.product_uom_id, rounding_method="HALF-UP")
            for move in self._get_outgoing_incoming_moves(strict=False)[0]
            if move.location_id.usage == "internal" and move.state != "cancel"
        )


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def _oms_get_vendor(self):
        """Who sends what lies at this place of a vendor."""
        self.ensure_one()
        return self.partner_id.commercial_partner_id


class OmsAvailability(models.AbstractModel):
    _inherit = "oms.availability"

    def _load_told(self, table, warehouses):
        """Override of ``oms_core``: what was bought of a vendor since it told its stock, it has no more."""
        result = super()._load_told(table, warehouses)
        vendors = warehouses.filtered(lambda place: place.oms_node_type == "vendor")
        if not vendors:
            return result
        for model, names in {
            "purchase.order.line": ["product_id", "product_qty", "product_uom_id", "sale_line_id", "order_id"],
            "purchase.order": ["partner_id", "state"],
        }.items():
            self._flush(model, names)
        place_of = {place._oms_get_vendor().id: place.id for place in vendors}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, vendor.place
                  FROM purchase_order_line line
                  JOIN purchase_order purchase ON purchase.id = line.order_id
                  JOIN unnest(%s::int[], %s::int[]) AS vendor (partner, place) ON vendor.partner = purchase.partner_id
                  JOIN oms_stock_feed feed ON feed.product_id = line.product_id AND feed.warehouse_id = vendor.place
                 WHERE purchase.state != 'cancel' AND line.sale_line_id IS NOT NULL
                   AND line.product_id = ANY(%s) AND line.create_date > feed.told_at
                """,
                list(place_of),
                list(place_of.values()),
                list(table.products),
            )
        )
        # sudo: what is bought is read to know what is left of it
        place_of_line = dict(rows)
        lines_sudo = self.env["purchase.order.line"].sudo().browse(place_of_line)
        table.add(
            "promised",
            (
                (
                    line.product_id.id,
                    place_of_line[line.id],
                    int(line.product_uom_id._compute_quantity(line.product_qty, line.product_id.uom_id) * 1_000_000),
                )
                for line in lines_sudo
            ),
        )
        return result
