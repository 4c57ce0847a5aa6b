"""A WooCommerce channel of the small merchant, and orders as that shop would send them."""

from copy import deepcopy
from datetime import datetime, timezone

from odoo.addons.oms_core.tests.common import OmsCommon

SECRET = "correct horse & battery"

ORDER = {
    "status": "processing",
    "currency": "EUR",
    "prices_include_tax": False,
    "discount_total": "0.00",
    "shipping_total": "0.00",
    "shipping_tax": "0.00",
    "cart_tax": "4.00",
    "total": "24.00",
    "total_tax": "4.00",
    "customer_id": 0,
    "customer_note": "",
    "payment_method": "stripe",
    "billing": {
        "first_name": "Zoé",
        "last_name": "Martin",
        "address_1": "1 rue de Rivoli",
        "city": "Paris",
        "postcode": "75001",
        "country": "FR",
        "email": "zoe@example.com",
        "phone": "",
    },
    "shipping": {},
    "line_items": [
        {
            "id": 1,
            "name": "Standard thing",
            "product_id": 11,
            "variation_id": 0,
            "quantity": 1,
            "subtotal": "20.00",
            "total": "20.00",
            "total_tax": "4.00",
            "taxes": [{"id": 1, "total": "4.00", "subtotal": "4.00"}],
            "sku": "STD",
        }
    ],
    "tax_lines": [
        {
            "id": 2,
            "rate_id": 1,
            "rate_code": "FR-VAT-1",
            "label": "VAT",
            "rate_percent": 20,
            "tax_total": "4.00",
            "shipping_tax_total": "0.00",
        }
    ],
    "shipping_lines": [],
    "fee_lines": [],
    "coupon_lines": [],
    "refunds": [],
    "_links": {"self": [{"href": "https://shop.example/wp-json/wc/v3/orders/1"}]},
}


class ChannelsCommon(OmsCommon):
    """The small merchant with a web shop: ``shop_channel``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shop_channel = cls._create_channel("SHOP", platform="woocommerce", webhook_secret=SECRET)

    def _shop_order(self, number=None, changed=None, **values):
        """A paid order of one ``STD`` as WooCommerce's JSON.

        :param changed: when it changed last; now by default.
        """
        number = number or 7000 + next(self._numbers)
        changed = (changed or datetime.now(timezone.utc)).strftime("%Y-%m-%dT%H:%M:%S")
        return {
            **deepcopy(ORDER),
            "id": number,
            "number": str(number),
            "transaction_id": f"ch_{number}",
            "date_created_gmt": changed,
            "date_modified_gmt": changed,
            "date_paid_gmt": changed,
            **values,
        }

    def _messages(self, channel=None):
        """What is in the channel's inbox, oldest first."""
        channel = channel or self.shop_channel
        return self.env["oms.message"].search([("channel_id", "=", channel.id)], order="id")

    def _order_of(self, message):
        return self.env["sale.order"].browse(message.res_id if message.res_model == "sale.order" else False)
