"""Customers send things back on the pages: what is allowed, what comes of it, and what strangers try."""

import re
from datetime import timedelta
from html import unescape
from io import BytesIO

from PIL import Image

from odoo.tests import HttpCase, tagged

from odoo.addons.oms_core.const import LOOKUP_WRONG_MAX
from odoo.addons.oms_returns.const import PHOTOS_PER_LINE_MAX, RETURNS_ASKED_MAX
from odoo.addons.oms_returns.photos import BYTES_MAX

from .common import ReturnsCommon


def _picture(size=(60, 40), **values):
    out = BytesIO()
    Image.new("RGB", size, "blue").save(out, "JPEG", **values)
    return out.getvalue()


class ReturnPages(ReturnsCommon, HttpCase):
    """A customer with an order that has arrived, and how a browser without JavaScript goes through the pages."""

    def setUp(self):
        super().setUp()
        self.order = self._shipped(("STD", 3), ("AVG", 1))
        self.user = self._create_user("portal_anna", "base.group_portal")
        self.order.partner_id = self.user.partner_id
        self.std, self.avg = self.order.order_line.sorted("id")
        self.reason = self.env.ref("oms_returns.reason_defective")
        self.env.flush_all()

    def _link(self, order=None, path="/return"):
        order = order or self.order
        return order._oms_get_tracking_url().removeprefix(order.get_base_url()) + path

    def _get(self, path, **options):
        self.env.flush_all()
        return self.url_open(path, **options)

    def _form(self, page):
        """The hidden values of the first form on a page."""
        found = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page)
        return {
            **{name: unescape(value) for name, value in found},
            "csrf_token": re.search(r'csrf_token: "([^"]+)"', page).group(1),
        }

    def _post(self, path, page, files=None, **data):
        self.env.flush_all()
        response = self.url_open(path, data={**self._form(page), **data}, files=files)
        self.env.invalidate_all()
        self.assertLess(response.status_code, 500, response.text[:300])
        return response

    def _wish(self, line=None, quantity=1, outcome="refund", **values):
        """What is ticked and chosen for one line."""
        key = (line or self.std).id
        return {
            f"take_{key}": "1",
            f"qty_{key}": str(quantity),
            f"outcome_{key}": outcome,
            f"reason_{key}": str(self.reason.id),
            "way": "mail",
            **values,
        }

    def _check(self, path, **wish):
        return self._post(path, self._get(path).text, step="check", **wish)

    def _ask(self, path, files=None, **wish):
        """Go through all pages: the page of the return that is made."""
        check = self._check(path, **wish)
        self.assertIn("Is this right?", check.text)
        return self._post(path, check.text, files, step="apply")

    def _returns(self):
        return self.env["oms.return"].search([("order_id", "=", self.order.id)], order="id")


@tagged("post_install", "-at_install")
class TestPortalReturn(ReturnPages):
    """RET-01, RET-09, RET-18, SHP-06: a return by its customer, from the wish to the money."""

    # ------------------------------------------------------------------------------------------------- FROM THE LINK

    def test_a_customer_without_an_account_sends_two_of_three_back(self):
        page = self._get(self._link(path="")).text
        self.assertIn("Send something back", page)
        path = self._link()
        start = self._get(path).text
        for words in ("What do you want to send back?", "Product STD", "Money back", "Defective"):
            self.assertIn(words, start)
        check = self._check(path, **self._wish(quantity=2))
        self.assertIn("Is this right?", check.text)
        self.assertIn("48.00", check.text, "two of 20.00 and 20 %")
        self.assertFalse(self._returns(), "a look keeps nothing")
        page = self._post(path, check.text, step="apply").text
        [request] = self._returns()
        line = request.line_ids
        self.assertEqual((request.origin, request.way), ("customer", "mail"))
        self.assertEqual((line.sale_line_id, line.quantity, line.outcome), (self.std, 2, "refund"))
        self.assertEqual((line.quantity_announced, line.reason_id), (2, self.reason))
        self.assertIn(f"Return {request.name}", page)

    def test_what_was_shown_is_what_is_paid_back(self):
        self._ask(self._link(), **self._wish(quantity=2))
        request = self._returns()
        shown = request._get_customer_amounts()["total"]
        if request.state == "draft":
            request.action_authorize()
        request.action_receive()
        request.action_refund()
        self.assertEqual(float(shown), request.amount_refunded)
        page = self._get(self._link(path=f"/returns/{request.id}")).text
        self.assertIn("Paid back", page)
        self.assertIn("48.00", page)

    def test_a_form_that_is_sent_twice_is_one_return(self):
        path = self._link()
        check = self._check(path, **self._wish())
        first, second = (self._post(path, check.text, step="apply") for _time in range(2))
        self.assertEqual(first.url.partition("?")[0], second.url.partition("?")[0])
        self.assertEqual(len(self._returns()), 1)

    def test_more_than_is_there_cannot_be_asked_for_on_a_second_page(self):
        path = self._link()
        late = self._check(path, **self._wish(quantity=2))
        self._ask(path, **self._wish(quantity=2))
        refused = self._post(path, late.text, step="apply", request="another")
        self.assertIn('role="alert"', refused.text)
        self.assertEqual(sum(self._returns().line_ids.mapped("quantity")), 2)

    def test_an_amount_that_is_another_by_now_is_looked_at_again(self):
        path = self._link()
        check = self._check(path, **self._wish())
        refused = self._post(path, check.text, step="apply", expected="1.00")
        self.assertIn("look at the amount again", refused.text)
        self.assertFalse(self._returns())

    def test_what_was_typed_stays_when_something_is_changed_or_wrong(self):
        path = self._link()
        wish = self._wish(quantity=2, **{f"comment_{self.std.id}": "A <b>scratch</b>"})
        for page in (
            self._post(path, self._check(path, **wish).text, step="edit").text,
            self._check(path, **{**wish, "way": "pigeon"}).text,
        ):
            self.assertIn("A &lt;b&gt;scratch&lt;/b&gt;", page)
            self.assertRegex(page, rf'name="qty_{self.std.id}"[^>]*value="2"')
            self.assertRegex(page, rf'id="take_{self.std.id}"[^>]*checked')

    def test_nothing_ticked_is_said_and_the_page_gets_the_focus_there(self):
        page = self._check(self._link(), way="mail").text
        self.assertRegex(page, r'role="alert"[^>]*autofocus[^>]*>Choose what you want to send back\.')

    def test_a_wrong_line_is_named_and_marked_for_who_does_not_see_it(self):
        page = self._check(self._link(), **self._wish(quantity=99)).text
        self.assertRegex(page, rf'id="take_{self.std.id}"[^>]*aria-invalid="true"')
        self.assertRegex(page, rf'href="#take_{self.std.id}"[^>]*>Product STD')

    def test_what_was_not_delivered_is_offered_to_nobody(self):
        order = self._order(("STD", 1))
        page = self._get(self._link(order)).text
        self.assertNotIn('value="check"', page)
        self.assertNotIn("Send something back", self._get(self._link(order, "")).text)

    # ---------------------------------------------------------------------------------------------- IN THE ACCOUNT

    def test_a_customer_with_an_account_does_the_same_and_finds_it_in_the_list(self):
        self.authenticate("portal_anna", "portal_anna")
        page = self._get(f"/my/orders/{self.order.id}").text
        self.assertIn(f"/my/orders/{self.order.id}/return", page)
        self._ask(f"/my/orders/{self.order.id}/return", **self._wish())
        request = self._returns()
        self.assertIn(request.name, self._get("/my/returns").text)
        for path in (f"/my/returns/{request.id}", f"/my/orders/{self.order.id}/returns/{request.id}"):
            page = self._get(path)
            self.assertEqual(page.status_code, 200)
            self.assertIn(f"Return {request.name}", page.text)

    def test_the_token_of_a_page_opens_it_and_is_kept_in_its_forms(self):
        token = self.order._portal_ensure_token()
        path = f"/my/orders/{self.order.id}/return?access_token={token}"
        page = self._ask(path, **self._wish())
        self.assertIn(token, page.url)
        self.assertEqual(len(self._returns()), 1)

    # --------------------------------------------------------------------------------------------------- WHAT FOLLOWS

    def test_a_customer_keeps_it_after_all_until_it_has_come(self):
        path = self._link()
        page = self._ask(path, **self._wish())
        self.assertIn("I keep it after all", page.text)
        request = self._returns()
        here = self._link(path=f"/returns/{request.id}")
        page = self._post(f"{here}/cancel", page.text)
        self.assertEqual(request.state, "cancelled")
        self.assertIn("Called off", page.text)
        self._post(f"{here}/cancel", page.text)
        self.assertEqual(request.state, "cancelled")
        self._ask(path, **self._wish(quantity=3))
        second = self._returns() - request
        if second.state == "draft":
            second.action_authorize()
        here = self._link(path=f"/returns/{second.id}")
        page = self._get(here).text
        second.action_receive()
        self.assertIn("cannot be called off", self._post(f"{here}/cancel", page).text)
        self.assertEqual(second.state, "open")

    def test_the_slip_has_a_code_and_the_place_and_the_page_tells_how_far_it_is(self):
        self._ask(self._link(), **self._wish())
        request = self._returns()
        if request.state == "draft":
            self.assertIn("We are looking at it", self._get(self._link(path=f"/returns/{request.id}")).text)
            request.action_authorize()
        here = self._link(path=f"/returns/{request.id}")
        self.assertIn("We are waiting for it", self._get(here).text)
        for path in (here, f"{here}/slip", f"{here}/label"):
            page = self._get(path).text
            self.assertIn("data:image/svg+xml;base64,", page)
            self.assertIn(request.name, page)
        request.action_receive()
        self.assertIn("Arrived", self._get(here).text)

    def test_the_label_of_a_carrier_is_sent_as_it_is_and_looking_at_a_page_buys_none(self):
        self._ask(self._link(), **self._wish())
        request = self._returns()
        if request.state == "draft":
            request.action_authorize()
        asked = []

        def label(record):
            asked.append(record)
            values = {"name": "RETURN-1.pdf", "raw": b"%PDF-1.4 label", "mimetype": "application/pdf"}
            return record.env["ir.attachment"].sudo().create(values)

        self.patch(type(request), "_get_customer_label", label)
        here = self._link(path=f"/returns/{request.id}")
        for path in (here, f"{here}/slip", f"{here}/label"):
            page = self._get(path).text
        self.assertFalse(asked)
        answer = self._post(f"{here}/label", page)
        self.assertEqual(answer.content, b"%PDF-1.4 label")
        self.assertEqual(answer.headers["Content-Type"], "application/pdf")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("attachment", answer.headers["Content-Disposition"])

    def test_a_customer_says_how_it_was_when_it_is_settled_and_not_before(self):
        self._ask(self._link(), **self._wish())
        request = self._returns()
        here = self._link(path=f"/returns/{request.id}")
        page = self._get(here).text
        self._post(f"{here}/feedback", page, stars="5")
        self.assertFalse(request.customer_stars)
        if request.state == "draft":
            request.action_authorize()
        request.action_receive()
        request.action_refund()
        page = self._get(here).text
        self.assertIn("How was sending it back?", page)
        self.assertIn("Choose one to five stars", self._post(f"{here}/feedback", page, stars="6").text)
        self._post(f"{here}/feedback", page, stars="4", words="<i>Quick</i>")
        self.assertEqual((request.customer_stars, request.customer_words), ("4", "<i>Quick</i>"))
        self.assertIn("&lt;i&gt;Quick", self._get(here).text)

    # --------------------------------------------------------------------------------------------------------- PHOTOS

    def _files(self, *contents, name="photo.jpg", line=None):
        key = (line or self.std).id
        return [(f"photo_{key}", (name, content, "image/jpeg")) for content in contents]

    def test_photos_come_with_the_request_or_later_and_are_made_anew(self):
        exif = Image.Exif()
        exif[0x010F] = "Camera of Zoé"
        self._ask(self._link(), self._files(_picture(exif=exif), _picture()), **self._wish())
        request = self._returns()
        photos = request.line_ids.photo_ids
        self.assertEqual(photos.mapped("mimetype"), ["image/jpeg"] * 2)
        self.assertFalse(any(b"Camera" in photo.raw for photo in photos))
        self.assertEqual(photos.mapped("res_model"), ["oms.return"] * 2)
        self.assertFalse(any(photos.mapped("public")))
        here = self._link(path=f"/returns/{request.id}")
        page = self._get(here).text
        self._post(f"{here}/photos", page, self._files(_picture()), line=str(self.std.id))
        self.assertEqual(len(request.line_ids.photo_ids), 3)
        page = self._post(
            f"{here}/photos", page, self._files(*[_picture()] * PHOTOS_PER_LINE_MAX), line=str(self.std.id)
        )
        self.assertIn("At most", page.text)
        self.assertEqual(len(request.line_ids.photo_ids), 3)

    def test_a_script_named_like_a_photo_is_refused_with_a_sentence_and_the_return_stands(self):
        for content in (
            b"<script>alert(1)</script>",
            b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
            b"<!DOCTYPE html><html><body onload=alert(1)>",
            b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)",
            b"%PDF-1.4 /JS (app.alert(1))",
            b"<?php phpinfo(); ?>",
            b"\xff\xd8\xff\xe0 <script>",
        ):
            with self.subTest(content=content):
                self._returns().filtered(lambda request: request.state != "cancelled").action_cancel()
                page = self._ask(self._link(), self._files(content), **self._wish())
                self.assertIn("This file is no photo", page.text)
                request = self._returns()[-1]
                self.assertFalse(request.line_ids.photo_ids)
                self.assertNotEqual(request.state, "cancelled")

    def test_a_picture_that_is_a_page_as_well_is_kept_as_a_picture_alone(self):
        script = b"<script>alert(1)</script>"
        content = _picture(comment=b"<html>" + script) + script
        self._ask(self._link(), self._files(content, name="a.svg.html"), **self._wish())
        [photo] = self._returns().line_ids.photo_ids
        self.assertEqual(photo.mimetype, "image/jpeg")
        self.assertTrue(photo.name.endswith(".jpg"))
        for piece in (b"script", b"html"):
            self.assertIn(piece, content)
            self.assertNotIn(piece, photo.raw)

    def test_a_photo_that_is_too_large_is_refused(self):
        page = self._ask(self._link(), self._files(_picture() + b"\0" * BYTES_MAX), **self._wish())
        self.assertIn("too large", page.text)

    def test_a_file_in_the_place_of_a_word_changes_nothing(self):
        path = self._link()
        page = self._get(path).text
        wish = self._wish()
        wish.pop("way")
        response = self._post(path, page, [("way", ("way.txt", b"mail", "text/plain"))], step="check", **wish)
        self.assertIn("Choose one of the ways", response.text)


@tagged("post_install", "-at_install")
class TestStrangers(ReturnPages):
    """Issue 6, bad input: a link guessed or expired, another's order, a form made up."""

    def _other(self):
        other = self._shipped(("FIFO", 2))
        other.partner_id.name = "Secret Person"
        return other

    def test_a_link_that_is_guessed_expired_or_of_another_order_shows_nothing(self):
        other = self._other()
        token = self._link().split("/")[4]
        request = self._return(self.order, 1, authorize=False)
        expired = self.order._oms_get_tracking_token(timedelta(seconds=-1))
        for path in (
            f"/oms/track/{self.order.id}/guessed/return",
            f"/oms/track/{self.order.id}/{expired}/return",
            f"/oms/track/{self.order.id}/{expired}/returns/{request.id}",
            f"/oms/track/{self.order.id}/{token[:-1]}/return",
            f"/oms/track/{other.id}/{token}/return",
            f"/oms/track/{other.id}/{token}/returns/{request.id}",
            f"/oms/track/99999999999/{token}/return",
            f"/oms/track/{self.order.id}/%00/return",
        ):
            with self.subTest(path=path):
                response = self._get(path)
                self.assertIn(response.status_code, (403, 404))
                for secret in ("Product", "Secret Person", request.name):
                    self.assertNotIn(secret, response.text)
                self.assertIn("This link has expired or is incomplete.", response.text)

    def test_who_guesses_too_often_waits(self):
        for _try in range(LOOKUP_WRONG_MAX):
            self.assertEqual(self._get(f"/oms/track/{self.order.id}/guess/return").status_code, 403)
        self.assertEqual(self._get(self._link()).status_code, 429)

    def test_a_return_of_another_order_is_not_behind_this_link(self):
        other = self._other()
        request = self._return(other, 1, authorize=False)
        for step in ("", "/slip", "/label"):
            response = self._get(self._link(path=f"/returns/{request.id}{step}"), allow_redirects=False)
            self.assertEqual(response.status_code, 303)
            self.assertNotIn(request.name, response.text)
        page = self._get(self._link()).text
        self._post(self._link(path=f"/returns/{request.id}/cancel"), page)
        self.assertEqual(request.state, "draft")

    def test_another_customer_a_visitor_and_who_may_only_read_change_nothing(self):
        request = self._return(self.order, 1, authorize=False)
        self._create_user("portal_bob", "base.group_portal")
        self._create_user("reader", "sales_team.group_sale_salesman")
        token = request._portal_ensure_token()
        for login in ("portal_bob", None):
            self.authenticate(login, login)
            for path in (
                f"/my/orders/{self.order.id}/return",
                f"/my/orders/{self.order.id}/returns/{request.id}",
                f"/my/returns/{request.id}",
                f"/my/returns/{request.id}?access_token=guess",
                f"/my/returns/{request.id}?access_token=%C3%A9",
                "/my/returns/99999999999",
            ):
                with self.subTest(login=login, path=path):
                    response = self._get(path, allow_redirects=False)
                    self.assertIn(response.status_code, (303, 404))
                    self.assertNotIn(request.name, response.text)
        page = self._get(f"/my/returns/{request.id}?access_token={token}")
        self.assertIn(request.name, page.text)
        self.authenticate("reader", "reader")
        page = self._get(f"/my/returns/{request.id}").text
        self.assertIn(request.name, page)
        self._post(f"/my/returns/{request.id}/cancel", page)
        self.assertEqual(request.state, "draft")

    def test_a_page_by_link_tells_neither_name_nor_address(self):
        self.order.partner_shipping_id.write({"name": "Secret Person", "street": "7 Hidden Lane"})
        self._ask(self._link(), **self._wish())
        request = self._returns()
        for path in ("/return", f"/returns/{request.id}", f"/returns/{request.id}/slip"):
            response = self._get(self._link(path=path))
            for secret in ("Secret Person", "Hidden Lane", self.user.partner_id.name, str(self.user.email)):
                self.assertNotIn(secret, response.text)
            self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(response.headers["Cache-Control"], "no-store")
            self.assertEqual(response.headers["X-Robots-Tag"], "noindex")

    def test_forms_that_are_made_up_are_refused_with_a_sentence(self):
        other = self._other()
        key = self.std.id
        path = self._link()
        for words, wish in (
            ("not part of your order", self._wish(other.order_line)),
            ("not part of your order", {"take_999999999999": "1"}),
            ("not part of your order", {"take_": "1"}),
            ("more than none", self._wish(quantity=-1)),
            ("more than none", self._wish(quantity="NaN")),
            ("more than none", self._wish(quantity="1e9")),
            ("more than none", self._wish(quantity="")),
            ("cannot be divided", self._wish(quantity="0.5")),
            ("what you want to get", self._wish(outcome="gold")),
            ("what you want to get", self._wish(outcome="")),
            ("one of the reasons", self._wish(**{f"reason_{key}": "999999999999999999"})),
            ("one of the reasons", self._wish(**{f"reason_{key}": "1 OR 1=1"})),
            ("one of the ways", self._wish(way="third_party")),
            ("one of the ways", self._wish(way="")),
        ):
            with self.subTest(words=words, wish=wish):
                for step in ("check", "apply"):
                    response = self._post(path, self._get(path).text, step=step, **wish)
                    self.assertEqual(response.status_code, 200)
                    self.assertIn(words, response.text)
        self.assertFalse(self._returns())

    def test_without_the_token_of_the_form_nothing_is_done(self):
        response = self.url_open(self._link(), data={**self._wish(), "step": "apply", "request": "k"})
        self.assertEqual(response.status_code, 400)
        self.assertFalse(self._returns())

    def test_nobody_fills_the_list_of_a_clerk(self):
        for number in range(RETURNS_ASKED_MAX):
            request = self._return(self.order, 1, authorize=False)
            request.request_key = f"k{number}"
            request.action_cancel()
        page = self._check(self._link(), **self._wish())
        self.assertIn("many times already", page.text)


@tagged("post_install", "-at_install")
class TestPortalOutcomes(ReturnPages):
    """RET-03: another variant instead of what comes back, chosen on the page."""

    def _variants(self):
        """A shirt in three sizes: M was bought, of L there are five, XL is sold out."""
        attribute = self.env["product.attribute"].create({"name": "Size", "create_variant": "always"})
        sizes = self.env["product.attribute.value"].create(
            [{"name": name, "attribute_id": attribute.id} for name in ("M", "L", "XL")]
        )
        # In an environment of its own: a product remembers that it was created without the variants of its template.
        template = self.product_standard.product_tmpl_id.with_env(self.env).copy(
            {"name": "Shirt", "company_id": self.company.id}
        )
        template.attribute_line_ids = [
            (0, 0, {"attribute_id": attribute.id, "value_ids": [(6, 0, sizes.ids)]}),
        ]
        medium, large, huge = template.product_variant_ids.sorted("id")
        medium.default_code, large.default_code = "SHIRT-M", "SHIRT-L"
        template.product_variant_ids.write({"standard_price": 10})
        self._stock(medium, self.warehouse, 1)
        self._stock(large, self.warehouse, 5)
        return medium, large, huge

    def test_another_size_is_chosen_with_its_stock_and_what_is_sold_out_is_said(self):
        medium, large, huge = self._variants()
        order = self._shipped(("SHIRT-M", 1))
        path = self._link(order)
        page = self._get(path).text
        self.assertIn("What do you want instead?", page)
        self.assertRegex(page, rf'<option value="{huge.id}"[^>]*disabled[^>]*>[^<]*XL[^<]*sold out')
        line = order.order_line
        wish = self._wish(line, outcome="exchange", **{f"variant_{line.id}": str(large.id)})
        check = self._check(path, **wish)
        self.assertIn("Exchange, Shirt (L)", check.text)
        self.assertIn("What you get instead", check.text)
        self._post(path, check.text, step="apply")
        [request] = order.oms_return_ids
        self.assertEqual((request.line_ids.outcome, request.line_ids.exchange_product_id), ("exchange", large))
        again = self._shipped(("SHIRT-L", 1))
        line = again.order_line
        for words, wrong in (
            ("sold out", huge.id),
            ("Choose what you want instead", 999_999_999),
            ("Choose what you want instead", self.product_average.id),
        ):
            wish = self._wish(line, outcome="exchange", **{f"variant_{line.id}": str(wrong)})
            self.assertIn(words, self._check(self._link(again), **wish).text)
