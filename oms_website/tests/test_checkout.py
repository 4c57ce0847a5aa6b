import json

from odoo.tests import HttpCase, tagged

from .common import ShopCommon


@tagged("post_install", "-at_install")
class TestCheckout(ShopCommon, HttpCase):
    """A visitor buys, over HTTP: the pages and calls of the shop itself, and what the order list makes of it."""

    def _call(self, path, **params):
        answer = self.url_open(
            path, data=json.dumps({"params": params}), headers={"Content-Type": "application/json"}
        ).json()
        self.assertNotIn("error", answer, answer.get("error"))
        return answer.get("result")

    def test_a_customer_buys_and_the_order_is_in_the_list(self):
        self._create_user("buyer", "base.group_portal", partner_id=self.customer.id, password="buyer-of-things")
        self.product_standard.write(
            {"is_published": True, "website_id": self.website.id, "allow_out_of_stock_order": False}
        )
        # Who asks for no domain gets the database's first website.
        self.env["website"].search([("id", "!=", self.website.id)]).write({"sequence": 99})
        self.website.write({"sequence": 1, "domain": self.base_url()})
        self.authenticate("buyer", "buyer-of-things")
        self._call(
            "/shop/cart/add",
            product_template_id=self.product_standard.product_tmpl_id.id,
            product_id=self.product_standard.id,
            quantity=2,
        )
        cart = self.env["sale.order"].search([("website_id", "=", self.website.id)], order="id desc", limit=1)
        self.assertEqual((cart.partner_id, cart.order_line.product_uom_qty), (self.customer, 2))
        self.assertFalse(cart.oms_channel_id, "a cart is no order")
        self._call("/shop/set_delivery_method", dm_id=self.delivery.id)
        page = self.url_open("/shop/payment")
        self.assertIn("/shop/payment", page.url)
        values = self._call(
            f"/shop/payment/transaction/{cart.id}",
            access_token=cart._portal_ensure_token(),
            provider_id=self.card.id,
            payment_method_id=self.card.payment_method_ids[:1].id or self.env["payment.method"].search([], limit=1).id,
            token_id=None,
            flow="direct",
            tokenization_requested=False,
            landing_route="/shop/payment/validate",
            is_validation=False,
        )
        self.assertEqual(sum(cart._oms_pending().mapped("quantity")), 2, "set aside while the customer pays")
        self._call(
            "/payment/demo/simulate_payment",
            reference=values["reference"],
            payment_details="4242",
            simulated_state="done",
        )
        self._call("/payment/status/poll", csrf_token=None)
        self.env.invalidate_all()
        self.assertEqual((cart.state, cart.oms_channel_id, cart.oms_status), ("sale", self.shop, "sourced"))
        self.assertEqual(cart.transaction_ids.mapped("state"), ["done"])
        self.assertFalse(cart._oms_pending())
        self.assertFalse(cart.oms_touched, "from the shop to the shelf without a touch")
        story = self.url_open(f"/my/orders/{cart.id}")
        self.assertIn(cart.name, story.text)
