import re
from datetime import datetime, timezone

from odoo.tests import HttpCase, tagged

from odoo.addons.oms_core.const import ASKED_BY_CUSTOMER_MAX

from .common import OmsCommon


@tagged("post_install", "-at_install")
class TestPortalChange(OmsCommon, HttpCase):
    """ORD-12: customers cancel their own orders and change where and how they get them, while that is possible."""

    def setUp(self):
        super().setUp()
        self.order = self._order(("STD", 3), ("AVG", 1))
        self.user = self._create_user("portal_anna", "base.group_portal")
        self.order.partner_id = self.user.partner_id
        self.order._portal_ensure_token()
        self.env.flush_all()
        self.authenticate("portal_anna", "portal_anna")

    def _get(self, path, order=None):
        self.env.flush_all()
        return self.url_open(f"/my/orders/{(order or self.order).id}{path}", allow_redirects=False)

    def _form(self, page):
        """The hidden values of the form on a page, and what is filled in."""
        found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        return {**found, "csrf_token": re.search(r'csrf_token: "([^"]+)"', page).group(1)}

    def _post(self, path, page=None, order=None, **data):
        self.env.flush_all()
        page = page or self._get(path, order).text
        url = f"/my/orders/{(order or self.order).id}{path}"
        response = self.url_open(url, data={**self._form(page), **data}, allow_redirects=True)
        self.env.invalidate_all()
        return response

    def _both(self, path, **data):
        """Look at a change and then make it."""
        preview = self._post(path, step="preview", **data)
        self.assertIn("Is this right?", preview.text)
        return preview, self._post(path, page=preview.text, step="apply")

    def _address(self, **values):
        if "name" not in values:
            return super()._address(**values)
        return {
            "name": values["name"],
            "street": "5 rue Neuve",
            "street2": "",
            "zip": "69001",
            "city": "Lyon",
            "phone": "",
            "country_id": self.country.id,
            **values,
        }

    def _store(self, name="Lyon Store", **values):
        values = {"name": name, "code": name[:4], "company_id": self.company.id, "oms_node_type": "store", **values}
        return self.env["stock.warehouse"].create(values)

    def _quantities(self, *quantities):
        return {f"qty_{line.id}": wanted for line, wanted in zip(self.order.order_line, quantities, strict=True)}

    # ------------------------------------------------------------------------------------------------------- ADDRESS

    def test_a_customer_sends_the_parcel_elsewhere_after_a_look_at_it(self):
        page = self._get("").text
        self.assertIn("Change the address", page)
        old = self.order.partner_shipping_id
        preview = self._post("/change/address", step="preview", **self._address(name="Anna B"))
        for words in ("Anna B", "5 rue Neuve", "What we are preparing goes to the new address.", "The total stays"):
            self.assertIn(words, preview.text)
        self.assertEqual(self.order.partner_shipping_id, old, "a look changes nothing")
        response = self._post("/change/address", page=preview.text, step="apply")
        self.assertIn("Done. Your order is changed.", response.text)
        address = self.order.partner_shipping_id
        self.assertEqual((address.name, address.street, address.city), ("Anna B", "5 rue Neuve", "Lyon"))
        self.assertEqual(self.order.picking_ids.partner_id, address)
        change = self.order.oms_change_ids
        self.assertEqual((change.state, change.asked_by, change.user_id), ("applied", "customer", self.user))
        self.assertNotIn("Your order is changed", self._get("").text, "said once")

    def test_a_form_that_is_sent_twice_changes_once(self):
        preview, _response = self._both("/change/address", **self._address(name="Anna B"))
        again = self._post("/change/address", page=preview.text, step="apply")
        self.assertIn("Done. Your order is changed.", again.text)
        self.assertEqual(len(self.order.oms_change_ids), 1)

    def test_an_order_that_changed_meanwhile_is_looked_at_again(self):
        preview = self._post("/change/address", step="preview", **self._address(name="Anna B"))
        self.order.order_line[0].product_uom_qty = 2
        response = self._post("/change/address", page=preview.text, step="apply")
        self.assertIn("changed since you looked", response.text)
        self.assertFalse(self.order.oms_change_ids)

    def test_an_address_that_cannot_be_is_refused_with_the_reason(self):
        state = self.env.ref("base.state_us_5")
        for words, values in (
            ("Fill in name, street and town", {"street": ""}),
            ("Fill in name, street and town", {"city": "\u0000 \n "}),
            ("Another country changes taxes", {"country_id": self.env.ref("base.de").id}),
            ("Another country changes taxes", {"country_id": "999999999"}),
            ("Another country changes taxes", {"country_id": "1 OR 1=1"}),
            ("Choose a state of", {"state_id": state.id}),
            ("Choose a state of", {"state_id": "999999999"}),
            ("no post code of FR", {"zip": "690"}),
        ):
            with self.subTest(**values):
                values = {**self._address(name="Anna B"), **values}
                for step in ("preview", "apply"):
                    response = self._post("/change/address", step=step, **values)
                    self.assertEqual(response.status_code, 200)
                    self.assertIn(words, response.text)
        self.assertFalse(self.order.oms_change_ids)

    def test_what_is_entered_is_text_of_bearable_length(self):
        values = self._address(name="<script>alert(1)</script>", street="1 " + "x" * 100_000)
        preview, _response = self._both("/change/address", **values)
        self.assertNotIn("<script>alert(1)", preview.text)
        self.assertEqual(len(self.order.partner_shipping_id.street), 100)

    # -------------------------------------------------------------------------------------------------------- METHOD

    def test_a_customer_comes_to_the_store_instead_and_then_to_another(self):
        store, other = self._store(), self._store("Nice Store", code="NICE")
        self._both("/change/method", delivery_method="pickup", pickup_warehouse_id=store.id)
        self.assertEqual((self.order.oms_delivery_method, self.order.oms_pickup_warehouse_id), ("pickup", store))
        page = self._get("").text
        self.assertIn("Change the store", page)
        self.assertNotIn("Change the address", page)
        self._both("/change/pickup", pickup_warehouse_id=other.id)
        self.assertEqual(self.order.oms_pickup_warehouse_id, other)
        self._both("/change/method", delivery_method="ship", pickup_warehouse_id="999999999")
        self.assertEqual((self.order.oms_delivery_method, self.order.oms_pickup_warehouse_id.id), ("ship", False))

    def test_forged_methods_and_places_are_refused(self):
        store = self._store()
        foreign = self._create_company("Somebody else")
        theirs = self.env["stock.warehouse"].search([("company_id", "=", foreign.id)], limit=1)
        theirs.oms_node_type = "store"
        for words, values in (
            ("Choose how you want", {"delivery_method": "express"}),
            ("Choose how you want", {"delivery_method": "drone", "pickup_warehouse_id": store.id}),
            ("Choose one of our stores", {"delivery_method": "pickup"}),
            ("Choose one of our stores", {"delivery_method": "pickup", "pickup_warehouse_id": theirs.id}),
            ("Choose one of our stores", {"delivery_method": "pickup", "pickup_warehouse_id": self.warehouse.id}),
            ("Choose one of our stores", {"delivery_method": "curbside", "pickup_warehouse_id": "9" * 40}),
            ("That is how it is already", {"delivery_method": "ship"}),
        ):
            with self.subTest(**values):
                response = self._post("/change/method", step="preview", **values)
                self.assertEqual(response.status_code, 200)
                self.assertIn(words, response.text)
        self.assertEqual(self.order.oms_delivery_method, "ship")

    # -------------------------------------------------------------------------------------------------------- CANCEL

    def test_a_customer_cancels_the_order_before_it_leaves(self):
        preview, response = self._both("/cancel", note="Found it in the cellar", **self._quantities(3, 1))
        self.assertIn("Will not be sent: 3 × Product STD, 1 × Product AVG.", preview.text)
        self.assertIn("Your order is cancelled. Nothing of it will be sent.", response.text)
        self.assertEqual(self.order.state, "cancel")
        cancellation = self.order.oms_cancellation_ids
        self.assertEqual(
            (cancellation.asked_by, cancellation.state, cancellation.note, cancellation.user_id),
            ("customer", "stopped", "Found it in the cellar", self.user),
        )
        self.assertNotIn("Something to change?", response.text)
        self._post("/cancel", page=preview.text, step="apply")
        self.assertEqual(self.order.oms_cancellation_ids, cancellation, "sent twice, cancelled once")

    def test_a_part_is_cancelled_once_and_the_total_is_what_was_shown(self):
        preview = self._post("/cancel", step="preview", **self._quantities(1, 0))
        self.assertIn("Will not be sent: 1 × Product STD.", preview.text)
        self.assertRegex(preview.text, r"The total is \D*72\.00")
        for words in ("Done. Stopped: 1", "has changed since you looked"):
            self.assertIn(words, self._post("/cancel", page=preview.text, step="apply").text)
        self.assertEqual(self.order.order_line[0].product_uom_qty, 2)
        self.assertEqual(self.order.amount_total, 72.00)

    def test_what_cannot_be_cancelled_is_refused_with_the_reason(self):
        other = self._order(("STD", 1))
        line, _rest = self.order.order_line
        for words, values in (
            ("Choose what you do not want", self._quantities(0, 0)),
            ("up to what you ordered", self._quantities(4, 0)),
            ("up to what you ordered", self._quantities(-1, 0)),
            ("up to what you ordered", self._quantities("NaN", 0)),
            ("up to what you ordered", self._quantities("many", 0)),
            ("cannot be divided", self._quantities("0.0001", 0)),
            ("not part of your order", {f"qty_{other.order_line.id}": 1}),
            ("not part of your order", {"qty_x": 1, f"qty_{line.id}": 1}),
        ):
            with self.subTest(**values):
                for step in ("preview", "apply"):
                    response = self._post("/cancel", step=step, **values)
                    self.assertEqual(response.status_code, 200)
                    self.assertIn(words, response.text)
        self.assertFalse(self.order.oms_cancellation_ids | other.oms_cancellation_ids)

    def test_a_part_that_is_cancelled_before_the_release_is_done_and_the_rest_goes_on(self):
        self.channel.edit_window_minutes = 60
        order = self._order(("STD", 3), ordered_at=datetime.now(timezone.utc))
        order.partner_id = self.user.partner_id
        self.assertEqual(order.state, "draft")
        preview = self._post("/cancel", order=order, step="preview", **{f"qty_{order.order_line.id}": 1})
        response = self._post("/cancel", page=preview.text, order=order, step="apply")
        self.assertIn("Done. Stopped: 1.0 × Product STD.", response.text)
        order.oms_release_at = False
        order._oms_release_clean()
        self.assertEqual((order.state, self._holds(order)), ("sale", []))
        self.assertEqual(order.picking_ids.move_ids.product_uom_qty, 2)

    def test_while_it_is_packed_the_page_says_why_not_and_what_to_do(self):
        self.order.picking_ids.printed = True
        page = self._get("").text
        self.assertNotIn("/cancel", page)
        self.assertIn("is being packed.", page)
        self.assertIn("Write to us below, perhaps we can still help", page)
        for path, values in (("/cancel", self._quantities(3, 1)), ("/change/address", self._address(name="Anna B"))):
            response = self._post(path, step="apply", **values)
            self.assertIn("is being packed.", response.text)
        self.assertFalse(self.order.oms_cancellation_ids | self.order.oms_cancellation_ids.browse())
        self.assertFalse(self.order.oms_change_ids)

    def test_a_cancellation_after_it_left_is_too_late_and_shows_the_way_back(self):
        stale = self._post("/cancel", step="preview", **self._quantities(3, 1))
        self._ship(self.order)
        response = self._post("/cancel", page=stale.text, step="apply")
        self.assertIn("has left.", response.text)
        self.assertFalse(self.order.oms_cancellation_ids, "not before the customer knows that it has to come back")
        page = self._get("").text
        self.assertIn("I do not want it any more", page)
        preview = self._post("/cancel", step="preview", **self._quantities(3, 1))
        self.assertIn("Too late, has left already: 3 × Product STD, 1 × Product AVG.", preview.text)
        response = self._post("/cancel", page=preview.text, step="apply")
        self.assertIn("When it has come, you can send it back", response.text)
        self.assertEqual((self.order.oms_cancellation_ids.state, self.order.state), ("too_late", "sale"))
        self.assertIn("cancel", self._holds(self.order), "somebody looks for the goods to come back")
        self._post("/cancel", page=preview.text, step="apply")
        self.assertEqual(len(self.order.oms_cancellation_ids), 1)

    def test_what_has_arrived_is_not_changed_any_more(self):
        self._ship(self.order)
        self.order.picking_ids.oms_delivered_at = self.order.picking_ids.date_done
        self.assertFalse(self.order._oms_get_customer_choices())
        self.assertNotIn("Something to change?", self._get("").text)
        self.assertEqual(self._get("/cancel").status_code, 303)

    def test_the_channel_decides_how_long_customers_may(self):
        self.channel.change_policy = "none"
        self.assertIn("Changes are made by our customer service", self._get("").text)
        response = self._post("/cancel", step="apply", **self._quantities(3, 1))
        self.assertIn("Changes are made by our customer service", response.text)
        self.assertFalse(self.order.oms_cancellation_ids)

    def test_a_change_that_a_clerk_looks_at_goes_first(self):
        self.env["oms.order.change"].create({"order_id": self.order.id, "kind": "method"})
        response = self._post("/change/address", step="apply", **self._address(name="Anna B"))
        self.assertIn("customer service is looking at a change", response.text)

    def test_after_many_changes_people_talk_to_each_other(self):
        for number in range(ASKED_BY_CUSTOMER_MAX):
            change = self.env["oms.order.change"].create(
                {"order_id": self.order.id, "kind": "method", "asked_by": "customer", "note": str(number)}
            )
            change.action_withdraw()
        response = self._post("/change/address", step="apply", **self._address(name="Anna B"))
        self.assertIn("was changed many times already", response.text)

    # ----------------------------------------------------------------------------------------------------- WHOSE IT IS

    def _assert_closed(self, order, key=""):
        """Nothing of an order can be seen nor done."""
        own = self._get("/cancel").text
        for path, values in (
            ("/cancel", {f"qty_{order.order_line[0].id}": 1}),
            ("/change/address", self._address(name="Thief")),
        ):
            self.assertEqual(self._get(f"{path}{key}", order).status_code, 303)
            values = {**self._form(own), **values, "basis": order._oms_get_basis(), "step": "apply"}
            url = f"/my/orders/{order.id}{path}{key}"
            response = self.url_open(url, data=values, allow_redirects=False)
            self.assertEqual(response.status_code, 303)
        self.env.invalidate_all()
        self.assertFalse(order.oms_cancellation_ids | order.oms_cancellation_ids.browse())
        self.assertFalse(order.oms_change_ids)

    def test_nobody_changes_the_order_of_somebody_else(self):
        other = self._order(("STD", 1))
        other._portal_ensure_token()
        self._assert_closed(other)
        self._assert_closed(other, f"?access_token={self.order.access_token}")
        self._assert_closed(other, "?access_token=%C3%A4")
        self.assertEqual(self._get("/cancel", self.env["sale.order"].browse(999_999_999)).status_code, 303)

    def test_who_works_here_changes_orders_only_with_the_right_to(self):
        self._create_user("books", "oms_core.group_oms_accountant")
        self.authenticate("books", "books")
        own = self._order(("STD", 1))
        own.access_token = "known-to-all-who-read-orders"
        response = self.url_open(f"/my/orders/{own.id}/cancel?access_token={own.access_token}", allow_redirects=False)
        self.assertEqual(response.status_code, 303)

    def test_the_token_of_the_page_of_the_order_will_do(self):
        self.authenticate(None, None)
        self.assertEqual(self._get("/cancel").status_code, 303)
        key = f"?access_token={self.order.access_token}"
        preview = self._post(f"/cancel{key}", step="preview", **self._quantities(3, 1))
        self.assertIn("Is this right?", preview.text)
        response = self._post("/cancel", page=preview.text, step="apply")
        self.assertIn("Your order is cancelled.", response.text)
        self.assertEqual(self.order.state, "cancel")

    def test_a_form_of_another_site_does_nothing(self):
        values = {**self._quantities(3, 1), "step": "apply"}
        response = self.url_open(f"/my/orders/{self.order.id}/cancel", data=values)
        self.assertEqual(response.status_code, 400)
        self.assertEqual(self.order.state, "sale")

    def test_another_kind_of_change_is_not_there(self):
        for kind in ("items", "price", "..%2Fcancel"):
            self.assertIn(self._get(f"/change/{kind}").status_code, (303, 404))
