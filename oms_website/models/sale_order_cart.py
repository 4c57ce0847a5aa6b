"""From the cart to the payment: no more is sold than the channel may sell, and who pays finds the goods still there."""

from datetime import timedelta
from decimal import Decimal

from odoo import fields, models

from odoo.addons.oms_core.domain.quantities import Quantities
from odoo.addons.oms_core.domain.reservation import place


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_free_qty(self, product):
        """Override of ``website_sale_stock``: what the channel may sell, what is set aside for this cart included."""
        if not self.website_id or not product.is_storable:
            return super()._get_free_qty(product)
        product = product.sudo()  # sudo: what there is must not depend on who buys
        return float(self._oms_cart_snapshot(product).total(product.id))

    def _oms_cart_snapshot(self, products):
        """What the channel of this cart may sell, at the places that may serve the cart."""
        self.ensure_one()
        channel = self.sudo().website_id._oms_get_channel()  # sudo: as above
        availability = self.env["oms.availability"].sudo().with_company(self.company_id)  # sudo: as above
        return availability._channel_snapshot(channel.sudo(), products, but_orders=self)

    def _oms_get_cart_places(self):
        """The places that may serve this cart, in the order of preference."""
        self.ensure_one()
        return self.sudo().website_id._oms_get_channel().sudo()._get_warehouses()  # sudo: as above

    def _check_cart_is_ready_to_be_paid(self):
        """Override of ``website_sale_stock``: asked right before a payment begins. From then on the goods are this cart's.

        The turn to promise them is taken first, so that of two customers who pay for the last piece at the same moment the
        second is told before the money is taken (``oms.stock.claim``).
        """
        goods = self.env["product.product"]
        if self.website_id:
            wants = self.sudo()._oms_wants()[self.sudo()]  # sudo: visitors may not read what an order wants
            goods = goods.browse({want.product for want in wants})
            self.env["oms.stock.claim"].sudo()._claim(self.company_id, goods)  # sudo: a lock
        result = super()._check_cart_is_ready_to_be_paid()
        if goods:
            self.sudo()._oms_set_cart_aside(wants)  # sudo: reservations are written by the system alone
        return result

    def _oms_set_cart_aside(self, wants):
        """Set aside what this cart wants, as far as it is there, until its customer has had the time to pay."""
        self.ensure_one()
        channel = self.website_id._oms_get_channel()
        self._oms_pending()._transition("voided")
        places = self._oms_get_cart_places()
        products = self.env["product.product"].browse({want.product for want in wants})
        free = Quantities(self._oms_cart_snapshot(products).by_node(places.ids, products.ids))
        expires_at = fields.Datetime.now() + timedelta(minutes=channel.checkout_minutes)
        self.env["oms.reservation"]._set_aside(
            [
                {
                    "order_id": self.id,
                    "line_id": line,
                    "channel_id": channel.id,
                    "company_id": self.company_id.id,
                    "product_id": product,
                    "warehouse_id": node,
                    "quantity": float(Decimal(quantity)),
                    "expires_at": expires_at,
                }
                for (line, node, product), quantity in place(wants, places.ids, free).parts.items()
            ]
        )
        self.env["product.product"].invalidate_model(["oms_website_qty"])


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_follow_reservations(self):
        """Override of ``oms_core``: a cart that is changed after its customer went to pay gives its goods back; they are set
        aside anew with the next try to pay."""
        carts = self.order_id.filtered(lambda order: order.website_id and not order.oms_channel_id)
        if carts:
            carts._oms_pending()._transition("voided")
        return super()._oms_follow_reservations()
