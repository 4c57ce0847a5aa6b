"""RET-05: store credit pays in the checkout of the website, is given back when nothing comes of it, and is spent once."""

import json
import re
from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from odoo.addons.oms_website.tests.common import ShopCommon


class CreditCommon(ShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.eur = cls.env.ref("base.EUR")
        cls.day = fields.Date.today() + timedelta(days=3)
        cls._give(30)

    @classmethod
    def _give(cls, amount, **values):
        cls.env["oms.store.credit.entry"]._give(
            *(cls.customer, cls.company, cls.eur, Decimal(amount), f"checkout-{next(cls._numbers)}"),
            cls.company._oms_get_credit_account("given"),
            "correct",
            **{"expires_at": cls.day, **values},
        )

    def _has(self, amount):
        """What the customer has, and that the books say the same."""
        self.env.invalidate_all()
        self.assertEqual(self.customer._oms_get_store_credit(self.company).get(self.eur, 0), amount)
        self.assertEqual(self.company._oms_check_store_credit(), [])

    def _wants(self, amount, cart=None):
        """A cart of 54.00 in which the customer wants to use so much."""
        cart = cart or self._cart()
        cart._oms_want_credit(Decimal(amount))
        return cart

    def _begin_rest(self, cart):
        """The customer presses “Pay now”."""
        cart._oms_take_cart_credit()
        transaction = self._begin_payment(cart)
        transaction.amount = cart.amount_total - cart.oms_credit_spent
        return transaction

    def _release_job(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_returns_website.cron_release_cart_credit").method_direct_trigger()


@tagged("post_install", "-at_install")
class TestCreditInTheCheckout(CreditCommon):
    def test_choosing_takes_nothing_and_no_more_than_there_is(self):
        cart = self._wants(10)
        self._has(30)
        self.assertEqual(cart._oms_get_checkout_credit(), {"there": 30, "used": 10, "rest": 44})
        self._wants(1000, cart)
        self.assertEqual(cart.oms_credit_wanted, 30)
        self._wants(-5, cart)
        self.assertEqual(cart.oms_credit_wanted, 0)

    def test_a_part_is_paid_with_credit_and_the_rest_by_card(self):
        cart = self._wants(30)
        transaction = self._begin_rest(cart)
        self._has(0)
        self.assertEqual((transaction.amount, cart.state), (24, "draft"))
        self.assertFalse(cart.get_portal_last_transaction(), "still a cart of its customer")
        transaction._set_done()
        transaction._post_process()
        self.assertEqual((cart.state, cart.amount_paid, cart.oms_credit_spent), ("sale", 54, 30))
        self._ship(cart)
        invoice = self._book(cart)
        self.assertEqual((invoice.amount_total, invoice.amount_residual), (54, 0))
        self._has(0)

    def test_a_payment_that_fails_gives_it_back_as_it_was(self):
        cart = self._wants(30)
        self._begin_rest(cart)._set_error("No funds")
        self._has(30)
        self.assertEqual((cart.amount_paid, cart.oms_credit_wanted, cart.oms_credit_until), (0, 30, False))
        self.assertFalse(cart.transaction_ids.filtered(lambda tx: tx.state == "done"), "a cart as before")
        lots = self.customer.sudo()._oms_get_store_credit(self.company)
        entries = self.env["oms.store.credit.entry"].search(
            [("partner_id", "=", self.customer.id), ("amount_left", ">", 0)]
        )
        self.assertEqual((lots[self.eur], set(entries.mapped("expires_at"))), (30, {self.day}), "not good for longer")
        transaction = self._begin_rest(cart)
        transaction._set_done()
        transaction._post_process()
        self.assertEqual(cart.state, "sale")
        self._has(0)

    def test_who_cancels_at_the_provider_has_it_again(self):
        cart = self._wants(30)
        self._begin_rest(cart)._set_canceled()
        self._has(30)

    def test_a_cart_that_is_changed_gives_it_back(self):
        cart = self._wants(30)
        self._begin_rest(cart)
        cart.order_line.filtered(lambda line: line.product_id == self.product_standard).product_uom_qty = 1
        self._has(30)
        self._begin_rest(cart)
        self._has(0)
        cart.order_line.filtered(lambda line: line.product_id == self.product_standard).unlink()
        self._has(30)

    def test_an_abandoned_cart_gives_it_back_after_a_while(self):
        cart = self._wants(30)
        self._begin_rest(cart)
        self._release_job()
        self._has(0)
        cart.oms_credit_until = fields.Datetime.now() - timedelta(minutes=1)
        self._release_job()
        self._has(30)
        self.assertFalse(cart.oms_credit_until)

    def test_what_a_provider_is_working_on_is_not_released(self):
        cart = self._wants(30)
        self._begin_rest(cart).state = "authorized"
        cart.oms_credit_until = fields.Datetime.now() - timedelta(minutes=1)
        self._release_job()
        self._has(0)
        with self.assertRaisesRegex(UserError, "being paid"):
            cart._oms_want_credit(Decimal(0))

    def test_a_payment_that_comes_late_takes_it_again(self):
        cart = self._wants(30)
        transaction = self._begin_rest(cart)
        cart._oms_release_cart_credit()
        transaction._set_done()
        transaction._post_process()
        self.assertEqual((cart.state, cart.amount_paid), ("sale", 54))
        self._has(0)

    def test_a_payment_that_comes_when_the_credit_is_gone_waits_for_a_person(self):
        cart = self._wants(30)
        transaction = self._begin_rest(cart)
        cart._oms_release_cart_credit()
        other = self._wants(30)
        self._begin_rest(other)
        transaction._set_done()
        transaction._post_process()
        self.assertEqual((cart.state, self._holds(cart)), ("sent", ["payment"]))
        self.assertIn("used elsewhere meanwhile", cart.oms_hold_reason)
        self._has(0)

    def test_a_promise_that_comes_late_takes_it_again(self):
        cart = self._wants(30)
        transaction = self._begin_rest(cart)
        cart._oms_release_cart_credit()
        transaction._set_pending()
        transaction._post_process()
        self.assertEqual((cart.state, self._holds(cart), cart.oms_credit_spent), ("sent", ["payment"], 30))
        self.assertIn("still to pay", cart.oms_hold_reason)
        self._has(0)
        transaction._set_done()
        transaction._post_process()
        self.assertEqual((cart.state, cart.amount_paid), ("sale", 54))

    def test_a_promise_that_comes_when_the_credit_is_gone_says_so(self):
        cart = self._wants(30)
        transaction = self._begin_rest(cart)
        cart._oms_release_cart_credit()
        self._begin_rest(self._wants(30))
        transaction._set_pending()
        transaction._post_process()
        self.assertEqual((cart.state, self._holds(cart)), ("sent", ["payment"]))
        self.assertIn("used elsewhere meanwhile", cart.oms_hold_reason)

    def test_a_cart_in_another_currency_gives_it_back_in_its_own(self):
        cart = self._wants(30)
        self._begin_rest(cart)
        dollar = self.env.ref("base.USD")
        dollar.active = True
        cart.pricelist_id = self.env["product.pricelist"].create({"name": "Dollars", "currency_id": dollar.id})
        self.assertEqual((cart.currency_id, cart.oms_credit_spent, cart.oms_credit_wanted), (dollar, 0, 0))
        self._has(30)
        self.assertEqual(self.customer._oms_get_store_credit(self.company).get(dollar, 0), 0)

    def test_the_second_browser_is_told_that_it_is_gone(self):
        first, second = self._wants(30), self._wants(30)
        self._begin_rest(first)
        with self.assertRaisesRegex(UserError, "0.00"):
            second._oms_take_cart_credit()
        self.assertEqual(second._oms_get_checkout_credit()["rest"], 54)

    def test_paying_anew_takes_no_more(self):
        cart = self._wants(30)
        self._begin_rest(cart)
        self._begin_rest(cart)
        self._has(0)
        self.assertEqual(cart.oms_credit_spent, 30)

    def test_an_order_that_is_cancelled_gives_it_back(self):
        cart = self._wants(30)
        transaction = self._begin_rest(cart)
        transaction._set_done()
        transaction._post_process()
        cart._action_cancel()
        self._has(30)


@tagged("post_install", "-at_install")
class TestCreditOverHttp(CreditCommon, HttpCase):
    """The pages of the shop, as a customer who is logged in uses them."""

    def setUp(self):
        super().setUp()
        self._create_user("buyer", "base.group_portal", partner_id=self.customer.id, password="buyer-of-things")
        self.product_standard.write({"is_published": True, "website_id": self.website.id})
        self.env["website"].search([("id", "!=", self.website.id)]).write({"sequence": 99})
        self.website.write({"sequence": 1, "domain": self.base_url()})
        self.authenticate("buyer", "buyer-of-things")

    def _call(self, path, **params):
        body = json.dumps({"params": params})
        return self.url_open(path, data=body, headers={"Content-Type": "application/json"}).json()

    def _fill(self, quantity=2):
        self._call(
            "/shop/cart/add",
            product_template_id=self.product_standard.product_tmpl_id.id,
            product_id=self.product_standard.id,
            quantity=quantity,
        )
        cart = self.env["sale.order"].search([("website_id", "=", self.website.id)], order="id desc", limit=1)
        self._call("/shop/set_delivery_method", dm_id=self.delivery.id)
        return cart

    def _post(self, path, page, **values):
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text[page.text.index("oms_store_credit") :])[1]
        return self.url_open(path, data={"csrf_token": token, **values})

    def _begin(self, cart, amount, path=None):
        return self._call(
            path or f"/shop/payment/transaction/{cart.id}",
            access_token=cart._portal_ensure_token(),
            amount=amount,
            provider_id=self.card.id,
            payment_method_id=self.card.payment_method_ids[:1].id or self.env["payment.method"].search([], limit=1).id,
            token_id=None,
            flow="direct",
            tokenization_requested=False,
            landing_route="/shop/payment/validate",
            is_validation=False,
        )

    def test_a_customer_uses_a_part_and_pays_the_rest(self):
        cart = self._fill()
        page = self.url_open("/shop/payment")
        self.assertIn("You can use", page.text)
        page = self._post("/shop/store_credit", page, amount="20")
        self.assertIn("Still to pay", page.text)
        self.assertIn('data-amount="34.0"', page.text)
        answer = self._begin(cart, 30)
        self.assertIn("Please refresh", json.dumps(answer["error"]))
        self._has(30)
        answer = self._begin(cart, 34)["result"]
        self._has(10)
        self.assertEqual(cart.transaction_ids.filtered(lambda tx: tx.reference == answer["reference"]).amount, 34)
        self._call(
            "/payment/demo/simulate_payment",
            reference=answer["reference"],
            payment_details="4242",
            simulated_state="done",
        )
        self._call("/payment/status/poll", csrf_token=None)
        self.env.invalidate_all()
        self.assertEqual((cart.state, cart.oms_credit_spent, cart.amount_paid), ("sale", 20, 54))
        self._has(10)

    def test_the_page_of_the_order_asks_for_the_rest_once(self):
        cart = self._fill()
        self._post("/shop/store_credit", self.url_open("/shop/payment"), amount="20")
        self._begin(cart, 34)
        answer = self._begin(cart, 34, f"/my/orders/{cart.id}/transaction")["result"]
        self.assertEqual(cart.transaction_ids.filtered(lambda tx: tx.reference == answer["reference"]).amount, 34)

    def test_credit_that_pays_everything_places_the_order(self):
        self._give(30)
        cart = self._fill()
        page = self._post("/shop/store_credit", self.url_open("/shop/payment"), amount="54")
        self.assertIn("Pay With Store Credit", page.text)
        self.assertNotIn('name="o_payment_submit_button"', page.text)
        page = self._post("/shop/store_credit/pay", page)
        self.assertIn("/shop/confirmation", page.url)
        self.assertIn(cart.name, page.text)
        self.env.invalidate_all()
        self.assertEqual((cart.state, cart.oms_channel_id, cart.oms_credit_spent), ("sale", self.shop, 54))
        self._has(6)

    def test_what_is_no_amount_is_said_and_nothing_used(self):
        cart = self._fill()
        page = self._post("/shop/store_credit", self.url_open("/shop/payment"), amount="NaN")
        self.assertIn("is no amount", page.text)
        self.assertEqual(cart.oms_credit_wanted, 0)

    def test_a_failed_payment_leaves_a_cart_that_can_be_changed(self):
        cart = self._fill()
        self._post("/shop/store_credit", self.url_open("/shop/payment"), amount="20")
        answer = self._begin(cart, 34)["result"]
        self._call(
            "/payment/demo/simulate_payment",
            reference=answer["reference"],
            payment_details="4242",
            simulated_state="error",
        )
        self._has(30)
        other = self.delivery.copy({"fixed_price": 6, "is_published": True})
        self.assertNotIn("error", self._call("/shop/set_delivery_method", dm_id=other.id))
        self.assertEqual(cart.carrier_id, other)
        self.assertIn("of your store credit will be used", self.url_open("/shop/payment").text)

    def test_nobody_else_sees_or_uses_it(self):
        cart = self._fill()
        self._wants(20, cart)
        self.authenticate(None, None)
        answer = self._begin(cart, 54)
        self._has(30)
        self.assertNotIn("oms_store_credit", self.url_open("/shop/payment").text)
        self.assertEqual(cart.transaction_ids.mapped("amount"), [54] if "result" in answer else [])
