import re
from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import html2plaintext

from odoo.addons.oms_core.tests.common import OmsCommon


class VendorPages(OmsCommon, HttpCase):
    """An order of three pieces whose vendor was asked to send them, and has a login of the portal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._create_user("portal_vendor", "base.group_portal")
        cls.vendor, cls.second = cls.user.partner_id, cls.env["res.partner"].create({"name": "Second"})
        cls._create_product(
            "DROP",
            route_ids=[Command.link(cls.env.ref("stock_dropshipping.route_drop_shipping").id)],
            seller_ids=[
                Command.create({"partner_id": vendor.id, "price": 8, "sequence": number, "company_id": cls.company.id})
                for number, vendor in enumerate(cls.vendor + cls.second)
            ],
        )

    def setUp(self):
        super().setUp()
        self.order = self._order(("DROP", 3))
        self.purchase = self._bought_from(self.vendor)
        self.purchase.state = "sent"
        self.purchase._portal_ensure_token()
        self.day = fields.Date.today() + timedelta(days=5)

    def _bought_from(self, vendor):
        return self.order.order_line.purchase_line_ids.order_id.filtered(
            lambda purchase: purchase.partner_id == vendor and purchase.state != "cancel"
        )

    def _page(self, purchase=None):
        self.env.flush_all()
        return self.url_open((purchase or self.purchase).get_portal_url()).text


@tagged("post_install", "-at_install")
class TestVendorPage(VendorPages):
    """FUL-05: a vendor accepts, rejects and tells what it has sent on the page of its order, by login or by our mail."""

    def _answer(self, step, page=None, quantity=None, **words):
        """What the page is sent with whose form of this answer is filled in; of no such form, with another one's."""
        page = page or self._page()
        page = page.partition(f'id="oms_vendor_{step}"')[2].partition("</form>")[0] or page
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        quantities = dict(re.findall(r'name="(qty_\d+)"[^>]* value="([^"]*)"', page))
        if quantity is not None:
            quantities = dict.fromkeys(quantities, quantity)
        response = self.url_open(
            f"/my/purchase/{self.purchase.id}/vendor", data={**hidden, "step": step, **quantities, **words}
        )
        self.env.invalidate_all()
        return response.text

    def test_by_the_link_of_our_mail_it_accepts_and_sends_in_two_parcels(self):
        page = self._page()
        for words in ("You send this to our customer", self.order.partner_shipping_id.street, "We Send All of It"):
            self.assertIn(words, page)
        self.assertNotIn("It Has Left", page)
        self.assertIn("Tell us here when it has left", self._answer("accept", expected_on=str(self.day)))
        self.assertEqual((self.purchase.state, self.order.oms_promised_at.date()), ("purchase", self.day))
        self.assertIn("on its way", self._answer("sent", quantity="1", tracking="V-1"))
        self.assertEqual((self.order.order_line.qty_delivered, self.order.oms_status), (1, "partial"))
        self._answer("sent", tracking="V-2")
        self.assertEqual((self.order.order_line.qty_delivered, self.order.oms_status), (3, "shipped"))
        self.assertEqual(sorted(self.order.picking_ids.mapped("carrier_tracking_ref")), ["V-1", "V-2"])
        self.assertNotIn("You send this to our customer", self._page())
        told = self.purchase.message_ids.filtered(lambda message: "has sent 1 × " in message.body)
        self.assertEqual(told.author_id, self.vendor)

    def test_our_mail_has_the_link_to_its_page(self):
        self.vendor.email = "vendor@example.com"
        self.vendor.user_ids.unlink()
        template = self.env.ref("purchase.email_template_edi_purchase")
        message = self.purchase.message_post_with_source(template, subtype_xmlid="mail.mt_comment")
        self.assertEqual(message.notified_partner_ids, self.vendor)
        mail = self.env["mail.mail"].search([("mail_message_id", "=", message.id)])
        link = re.search(r'href="[^"]*(/my/purchase/\d+\?[^"]*)"', mail.body_html).group(1)
        self.assertIn("We Send All of It", self.url_open(link.replace("&amp;", "&")).text)

    def test_what_it_does_not_send_the_next_vendor_is_asked_for(self):
        self.authenticate("portal_vendor", "portal_vendor")
        self.assertIn("we find another way", self._answer("reject", quantity="2", reason="Sold out"))
        self.assertEqual(self._bought_from(self.second).order_line.product_qty, 2)
        self.assertEqual(self.purchase.order_line.product_qty, 1)
        rejection = self.order.order_line.oms_vendor_rejection_ids
        self.assertEqual((rejection.quantity, rejection.reason, rejection.user_id), (2, "Sold out", self.user))

    def test_a_parcel_without_a_number_is_not_told_with_that_of_the_one_before(self):
        self._answer("accept", expected_on=str(self.day))
        self._answer("sent", quantity="1", tracking="V-1")
        self._answer("sent")
        self.assertEqual(
            sorted(self.order.picking_ids.mapped(lambda sent: sent.carrier_tracking_ref or "")), ["", "V-1"]
        )

    def test_what_is_open_stands_in_the_form_with_all_its_digits(self):
        line = self.purchase.order_line
        line.product_uom_id.rounding = 0.01
        line.product_qty = 12345.67
        self.assertIn('max="12345.67" value="12345.67"', self._page())
        self._answer("accept", expected_on=str(self.day))
        self._answer("sent", quantity="12340.37")
        self.assertIn('max="5.3" value="5.3"', self._page())

    def test_an_order_that_is_locked_when_it_is_accepted_can_be_rejected_all_the_same(self):
        self.company.po_lock = "lock"
        self._answer("accept", expected_on=str(self.day))
        self.assertTrue(self.purchase.locked)
        self.assertIn("we find another way", self._answer("reject", reason="Sold out"))
        self.assertEqual(self._bought_from(self.second).order_line.product_qty, 3)

    def test_an_answer_that_is_sent_twice_is_done_once(self):
        self._answer("accept", expected_on=str(self.day))
        page = self._page()
        self._answer("sent", page, quantity="1", tracking="V-1")
        self.assertIn("Meanwhile this order has changed", self._answer("sent", page, quantity="1", tracking="V-1"))
        self.assertEqual(self.order.order_line.qty_delivered, 1)

    def test_what_makes_no_sense_is_refused_with_a_sentence(self):
        page = self._page()
        for words in ({"expected_on": "soon"}, {"expected_on": "2020-01-01"}, {}):
            self.assertIn("Enter the day", self._answer("accept", page, **words))
        self.assertIn("as a number", self._answer("reject", page, quantity="many"))
        self.assertIn("only 3", self._answer("reject", page, quantity="4"))
        self.assertIn("Say how much", self._answer("reject", page, quantity="0"))
        self.assertIn("has changed", self._answer("sent", page, tracking="V-1"), "it has not accepted")
        self.assertEqual((self.purchase.state, self.order.order_line.qty_delivered), ("sent", 0))
        self.url_open(
            f"/my/purchase/{self.purchase.id}/vendor",
            data={**dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)), "step": "accept"},
            files={"expected_on": ("day.txt", b"2026-12-24")},
        )
        self.env.invalidate_all()
        self.assertEqual(self.purchase.state, "sent", "a file is no day")
        self._answer("accept", page, expected_on=str(self.day))
        self.assertIn("Say how much", self._answer("sent", quantity="0"))
        self.assertFalse(self.purchase.activity_ids, "it is the vendor who has to do something about it")

    def test_what_only_the_buyer_can_put_right_the_buyer_is_told_once_with_the_reason(self):
        self._answer("accept", expected_on=str(self.day))
        self.purchase.order_line.product_id.purchase_method = "purchase"
        self.purchase.user_id = buyer = self._create_user("buyer", "purchase.group_purchase_user")
        self.purchase.action_create_invoice()
        bill = self.purchase.invoice_ids
        bill.invoice_date = fields.Date.today()
        bill.action_post()
        for _click in range(2):
            self.assertIn("cancel their related vendor bills", self._answer("reject", reason="Burnt down"))
        task = self.purchase.activity_ids
        self.assertEqual((len(task), task.user_id, task.summary), (1, buyer, "The vendor could not reject"))
        for words in ("portal_vendor", "3 × ", "Burnt down", "cancel their related vendor bills"):
            self.assertIn(words, html2plaintext(task.note))
        bill.button_draft()
        bill.button_cancel()
        self.assertIn("we find another way", self._answer("reject", reason="Burnt down"))
        self.assertFalse(self.purchase.activity_ids)

    def test_nobody_else_may_answer(self):
        page = self._page()
        self.purchase.access_token = "another"
        self._answer("reject", page)
        self.assertEqual(self.purchase.state, "sent", "a wrong token")
        for login, group in (("portal_else", "base.group_portal"), ("clerk", "oms_core.group_oms_user")):
            self._create_user(login, group)
            self.authenticate(login, login)
            mine = self.url_open("/my/home").text
            token = re.search(r'csrf_token: "([^"]+)"', mine).group(1)
            self.env.flush_all()
            response = self.url_open(
                f"/my/purchase/{self.purchase.id}/vendor",
                data={
                    "csrf_token": token,
                    "step": "reject",
                    "basis": self.purchase._oms_get_vendor_basis(),
                    f"qty_{self.purchase.order_line.id}": "3",
                    "access_token": "another" if group == "oms_core.group_oms_user" else "",
                },
            )
            self.env.invalidate_all()
            self.assertEqual((response.status_code, self.purchase.state), (200, "sent"), login)

    def test_before_it_was_asked_it_has_nothing_to_answer(self):
        self.purchase.state = "draft"
        self.assertNotIn("You send this to our customer", self._page())
