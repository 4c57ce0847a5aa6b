import re
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from odoo.addons.oms_core.const import LOOKUP_WRONG_MAX

from .common import OmsCommon


@tagged("post_install", "-at_install")
class TestPortal(OmsCommon, HttpCase):
    """SHP-06, ORD-13, CUS-07: the customer sees where the order is, by login or by a signed link, and nothing else."""

    def setUp(self):
        super().setUp()
        self.order = self._order(("STD", 2, None, 20))
        self.address = self.order.partner_shipping_id
        self.order.partner_id.email = "anna@example.com"
        self.address.zip = "75001"
        self.env.flush_all()

    def _page(self, url, **data):
        response = self.url_open(url, data=data or None, allow_redirects=True)
        return response.status_code, response.text

    def _path(self, order=None):
        return (order or self.order)._oms_get_tracking_url().removeprefix(self.order.get_base_url())

    def _look_up(self, number, proof):
        form = self.url_open("/oms/track").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', form).group(1)
        return self._page("/oms/track", number=number, proof=proof, csrf_token=token)

    # ------------------------------------------------------------------------------------------------ THE SIGNED LINK

    def test_the_link_of_a_mail_shows_where_the_order_is(self):
        status, page = self._page(self._path())
        self.assertEqual(status, 200)
        for words in (self.order.oms_number, "We are preparing your order", "Product STD"):
            self.assertIn(words, page)
        self._ship(self.order)
        self.order.picking_ids.write({"carrier_tracking_ref": "TRACK-77", "oms_tracking_state": "out_for_delivery"})
        _status, page = self._page(self._path())
        for words in ("Your order is on its way", "TRACK-77", "Out for delivery"):
            self.assertIn(words, page)

    def test_the_link_tells_no_more_than_it_must(self):
        """It may be passed on or lie in a log: no price, no address, no name, no mail address."""
        _status, page = self._page(self._path())
        for secret in (
            "anna@example.com",
            self.address.street,
            self.address.name,
            "48.00",
            "40.00",
            self.order.access_token,
        ):
            self.assertTrue(secret is False or secret not in page, secret)

    def test_the_page_is_kept_by_nobody_and_tells_nobody_its_address(self):
        response = self.url_open(self._path())
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_a_hold_is_not_told_to_the_customer(self):
        held = self._order(status="awaiting_payment", payments=())
        held._oms_hold("fraud", "Looks like a thief")
        self.env.flush_all()
        _status, page = self._page(self._path(held))
        self.assertIn("We have your order", page)
        self.assertNotIn("thief", page)
        self.assertNotIn("raud", page)

    def test_forged_and_foreign_links_open_nothing(self):
        other = self._order()
        good = self.order._oms_get_tracking_token()
        for number, token in (
            (other.id, good),
            (self.order.id, good[:-2]),
            (self.order.id, good[:20] + ("A" if good[20] != "A" else "B") + good[21:]),
            (self.order.id, "AAAA"),
            (self.order.id, "%C3%A4%00"),
            (self.order.id, "x" * 3000),
            (999_999_999, good),
            (self.order.id, self.order.access_token or "none"),
        ):
            with self.subTest(order=number, token=token[:30]):
                status, page = self._page(f"/oms/track/{number}/{token}")
                self.assertEqual(status, 403)
                self.assertIn("expired or is incomplete", page)
                self.assertNotIn("Product STD", page)

    def test_an_expired_link_opens_nothing(self):
        token = self.order._oms_get_tracking_token(timedelta(seconds=-1))
        self.assertEqual(self._page(f"/oms/track/{self.order.id}/{token}")[0], 403)

    def test_a_link_of_another_database_opens_nothing(self):
        with patch("odoo.tools.misc.hmac", lambda *args, **kwargs: "0" * 64):
            token = self.order._oms_get_tracking_token()
        self.assertFalse(self.order._oms_is_tracking_token(token))

    # ------------------------------------------------------------------------------------------------------ LOOK-UP

    def test_number_and_proof_open_the_order(self):
        for number, proof in (
            (self.order.oms_number, "anna@example.com"),
            (self.order.oms_number, " ANNA@example.com "),
            (self.order.oms_number, "75 001"),
            (self.order.name, "75001"),
        ):
            with self.subTest(number=number, proof=proof):
                status, page = self._look_up(number, proof)
                self.assertEqual(status, 200)
                self.assertIn("Product STD", page)

    def test_every_wrong_look_up_gets_the_same_answer(self):
        def answer(number, proof):
            page = self._look_up(number, proof)[1]
            return re.sub(r'value="[^"]*"|csrf_token: "[^"]*"', "", page)

        answers = {
            answer(self.order.oms_number, "wrong@example.com"),
            answer("NOSUCH", "anna@example.com"),
            answer("NOSUCH", "wrong@example.com"),
            answer(self.order.oms_number, "%"),
        }
        self.assertEqual(len(answers), 1)
        self.assertIn("We find no order", answers.pop())

    def test_a_thousand_tries_are_not_heard(self):
        """Neither from one address for many orders, nor for one order; the right answer comes too late then."""
        for number in range(LOOKUP_WRONG_MAX):
            self.assertEqual(self._look_up(f"N{number}", "guess")[0], 200)
        status, page = self._look_up(self.order.oms_number, "75001")
        self.assertEqual(status, 429)
        self.assertNotIn("Product STD", page)

    def test_tries_for_one_order_are_counted_wherever_they_come_from(self):
        attempts = self.env["oms.lookup.attempt"]
        for number in range(1000):
            if attempts._is_blocked(f"from 10.0.0.{number}", "for n1"):
                break
            attempts._note(f"from 10.0.0.{number}", "for n1")
        self.assertEqual(number, LOOKUP_WRONG_MAX)
        self.assertFalse(attempts._is_blocked("from 10.0.1.1", "for n2"))

    def test_attempts_are_forgotten_and_name_nobody(self):
        attempts = self.env["oms.lookup.attempt"]
        attempts._note("from 10.0.0.1")
        attempt = attempts.search([], order="id desc", limit=1)
        self.assertNotIn("10.0.0.1", attempt.digest)
        attempt.at -= timedelta(hours=2)
        self.assertFalse(attempts._is_blocked("from 10.0.0.1"))
        attempts._gc_attempts()
        self.assertFalse(attempt.exists())

    # --------------------------------------------------------------------------------------------------- THE ACCOUNT

    def _customer(self, login, order):
        user = self._create_user(login, "base.group_portal")
        order.partner_id = user.partner_id
        user.partner_id.email = f"{login}@example.com"
        self.env.flush_all()
        return user

    def test_a_customer_sees_the_own_order_and_no_other(self):
        other = self._order()
        self._customer("portal_anna", self.order)
        self.authenticate("portal_anna", "portal_anna")
        status, page = self._page(f"/my/orders/{self.order.id}")
        self.assertEqual(status, 200)
        self.assertIn("We are preparing your order", page)
        self.assertIn("o_oms_steps", page)
        response = self.url_open(f"/my/orders/{other.id}", allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        self.assertNotIn("Product STD", response.text)

    def test_who_bought_in_a_shop_reads_of_no_quotation_and_no_software(self):
        """SHP-06: Odoo calls an order that waits or is cancelled a quotation, and offers files for a buyer's software."""
        held = self._order(status="awaiting_payment", payments=())
        held._oms_hold("manual", "Look at it")
        gone = self._order(("STD", 1))
        gone.action_cancel()
        orders = self.order | held | gone
        orders.partner_id = self._customer("portal_anna", self.order).partner_id
        self.authenticate("portal_anna", "portal_anna")
        self.env.flush_all()
        with patch.object(self.registry["sale.order"], "_get_edi_builders", lambda _order: [1]):
            pages = {order: self._page(f"/my/orders/{order.id}")[1] for order in orders}
        for order, page in pages.items():
            with self.subTest(state=order.state):
                self.assertTrue(order.oms_number in page, "not the page of the order")
                self.assertFalse([word for word in ("quotation", "your software", "expir") if word in page.lower()])
        _status, listed = self._page("/my/orders")
        self.assertEqual([f">{order.oms_number}<" in listed for order in orders], [True] * 3)
        held.state = "sent"
        self.env.flush_all()
        self.assertNotIn(held.name, self._page("/my/quotes")[1])

    def test_an_order_of_a_place_without_warehouse_has_a_clock(self):
        public = self.env.ref("base.public_user")
        public.tz = False
        self.company.partner_id.tz = "Asia/Tokyo"
        self.assertEqual(self.order.new({"company_id": self.company.id})._oms_get_customer_tz(public), "Asia/Tokyo")

    def test_the_place_of_pickup_stands_with_its_hours(self):
        calendar = self.env["resource.calendar"].create({"name": "Shop hours", "company_id": self.company.id})
        self.warehouse.write({"oms_calendar_id": calendar.id, "oms_node_type": "store"})
        self.order.write({"oms_delivery_method": "pickup", "oms_pickup_warehouse_id": self.warehouse.id})
        self.order.picking_ids.oms_pickup_by = "2026-12-24"
        self.env.flush_all()
        _status, page = self._page(self._path())
        for words in (f"Pick up at {self.warehouse.name}", "1 rue du Port", "Monday", "We keep it for you until"):
            self.assertIn(words, page)

    # ------------------------------------------------------------------------------------------------------- PICKUP

    def _ready(self):
        """Goods that lie ready for the customer."""
        self.warehouse.oms_node_type = "store"
        self.order.write({"oms_delivery_method": "curbside", "oms_pickup_warehouse_id": self.warehouse.id})
        self.order.picking_ids.action_oms_ready()
        self.env.flush_all()
        return self.order.picking_ids

    def _post(self, page_url, path, **data):
        page = self.url_open(page_url).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
        return self.url_open(path, data={"csrf_token": token, **data})

    def test_the_code_is_shown_to_the_customer_in_person_only(self):
        picking = self._ready()
        code = picking._oms_get_pickup_code()
        self.order._portal_ensure_token()
        self._customer("portal_anna", self.order)
        by_token = f"/my/orders/{self.order.id}?access_token={self.order.access_token}"
        for url in (self._path(), by_token):
            page = self.url_open(url).text
            self.assertIn("Ready for pickup", page)
            self.assertNotIn(code, page)
        self._create_user("store_clerk", "oms_core.group_oms_store,sales_team.group_sale_salesman_all_leads")
        self.authenticate("store_clerk", "store_clerk")
        self.assertNotIn(code, self.url_open(by_token).text)
        self.authenticate("portal_anna", "portal_anna")
        self.assertIn(code, self.url_open(f"/my/orders/{self.order.id}").text)

    def test_the_customer_says_that_he_is_here(self):
        picking = self._ready()
        path = self._path()
        response = self._post(path, f"{path}/come", picking_id=picking.id, step="arrived", bay="4", vehicle="Red van")
        self.assertIn("The store knows that you are here", response.text)
        self.assertEqual((picking.oms_curb_state, picking.oms_bay, picking.oms_vehicle), ("arrived", "4", "Red van"))

    def test_nobody_checks_in_for_another_order_or_with_a_forged_link(self):
        picking = self._ready()
        other = self._order()
        self.env.flush_all()
        theirs = self._path(other)
        response = self._post("/oms/track", f"{theirs}/come", picking_id=picking.id, step="arrived")
        self.assertNotIn("The store knows", response.text)
        forged = f"/oms/track/{self.order.id}/AAAA/come"
        self._post("/oms/track", forged, picking_id=picking.id, step="arrived")
        self.assertFalse(picking.oms_curb_state)

    def test_a_check_in_before_the_goods_are_ready_says_why_not(self):
        self.order.oms_delivery_method = "curbside"
        self.env.flush_all()
        path = self._path()
        response = self._post("/oms/track", f"{path}/come", picking_id=self.order.picking_ids.id, step="arrived")
        self.assertIn("not ready yet", response.text)

    # -------------------------------------------------------------------------------------------------- SUBSCRIPTIONS

    def test_a_customer_pauses_the_own_subscription_and_no_other(self):
        self._customer("portal_anna", self.order)
        mine, other = (
            self.env["oms.subscription"].create(
                {
                    "partner_id": partner.id,
                    "company_id": self.company.id,
                    "channel_id": self.channel.id,
                    "line_ids": [(0, 0, {"product_id": self.product_standard.id, "quantity": 1})],
                }
            )
            for partner in (self.order.partner_id, self.env["res.partner"].create({"name": "Ben"}))
        )
        (mine | other).action_start()
        self.env.flush_all()
        self.authenticate("portal_anna", "portal_anna")
        page = self.url_open("/my/subscriptions").text
        self.assertIn(mine.name, page)
        self.assertNotIn(other.name, page)
        self._post("/my/subscriptions", f"/my/subscriptions/{mine.id}", step="pause")
        response = self._post("/my/subscriptions", f"/my/subscriptions/{other.id}", step="cancel")
        self.assertIn("not yours", response.text)
        self.assertEqual((mine.state, other.state), ("paused", "running"))
