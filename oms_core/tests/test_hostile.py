import re
from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from odoo.addons.oms_core.const import DEVICE_EVENTS_KEEP_DAYS, LOOKUP_WRONG_MAX, TRACK_MAX_DAYS

from .common import OmsCommon

MARKUP = '<a href="https://evil.example">Click</a>'


@tagged("post_install", "-at_install")
class TestHostilePages(OmsCommon, HttpCase):
    """ORD-13, FUL-05: whatever visitors send to the public pages, they get an answer and spoil nothing."""

    def setUp(self):
        super().setUp()
        self.order = self._order(("STD", 1, None, 20))
        self.order.partner_id.email = "anna@example.com"
        self.env.flush_all()

    def _look_up(self, files=None, **data):
        form = self.url_open("/oms/track").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', form).group(1)
        return self.url_open("/oms/track", data={"csrf_token": token, **data}, files=files)

    def _ready(self):
        self.warehouse.write({"oms_node_type": "store", "oms_user_ids": [Command.link(self.channel_user.id)]})
        self.order.write({"oms_delivery_method": "curbside", "oms_pickup_warehouse_id": self.warehouse.id})
        self.order.picking_ids.action_oms_ready()
        self.env.flush_all()
        return self.order.picking_ids

    def test_what_no_database_stores_is_just_wrong(self):
        self.assertEqual(self._look_up(number="a\0b", proof="x\0").status_code, 200)
        self.assertEqual(self._look_up(number="N", files={"proof": ("p.txt", b"x")}).status_code, 200)
        self.assertIn("Product STD", self._look_up(number=f"{self.order.oms_number}\0", proof="anna@example.com").text)

    def test_who_waits_at_the_curb_may_write_anything(self):
        picking = self._ready()
        self.order.partner_shipping_id.name = picking.partner_id.name = f"Anna {MARKUP}"
        self.env.flush_all()
        path = self.order._oms_get_tracking_url().removeprefix(self.order.get_base_url())
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.url_open(path).text).group(1)
        data = {"csrf_token": token, "picking_id": picking.id, "step": "arrived", "bay": "4\0", "vehicle": MARKUP}
        page = self.url_open(f"{path}/come", data=data)
        self.assertEqual((page.status_code, picking.oms_curb_state, picking.oms_bay), (200, "arrived", "4"))
        self.assertNotIn(MARKUP, page.text)
        for html in (picking.activity_ids.note, *picking.message_ids.mapped("body")):
            self.assertNotRegex(html or "", r"<a [^>]*evil")
        self.assertIn("&lt;a href", picking.activity_ids.note)
        page = self.url_open(f"{path}/come", data={**data, "vehicle": ""}, files={"bay": ("b.txt", b"x")})
        self.assertEqual(page.status_code, 200)

    def test_numbers_beyond_all_records_are_not_found(self):
        self._create_user("portal_zoe", "base.group_portal")
        self.authenticate("portal_zoe", "portal_zoe")
        token = re.search(r'csrf_token: "([^"]+)"', self.url_open("/my/subscriptions").text).group(1)
        for number in (0, 10**30):
            for path in (f"/my/subscriptions/{number}", f"/my/orders/{number}/come", f"/oms/track/{number}/x/come"):
                response = self.url_open(path, data={"csrf_token": token, "step": "pause", "access_token": "x"})
                self.assertLess(response.status_code, 500, path)

    def test_nobody_locks_somebody_else_out(self):
        """Wrong tries for an order stop who guesses postal codes, and not the customer with the e-mail address."""
        attempts = self.env["oms.lookup.attempt"]
        number = f"for {self.order.oms_number.casefold()}"
        for tried in range(LOOKUP_WRONG_MAX):
            attempts._note(f"from 10.0.0.{tried}", number)
        guess = self._look_up(number=self.order.oms_number, proof="75001")
        self.assertEqual(guess.status_code, 429)
        self.assertIn("use your e-mail address", guess.text)
        self.assertIn("Product STD", self._look_up(number=self.order.oms_number, proof="anna@example.com").text)

    def test_a_whole_network_of_the_new_internet_is_one_visitor(self):
        source = self.env["oms.lookup.attempt"]._get_source
        self.assertEqual(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"))
        self.assertNotEqual(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"))
        self.assertEqual(source("::ffff:10.0.0.1"), source("10.0.0.1"))
        self.assertNotEqual(source("10.0.0.1"), source("10.0.0.2"))
        self.assertTrue(source(None) and source("nonsense"))


class TestHostileWords(OmsCommon):
    """SEC-04: what others write is shown as they wrote it, and never becomes a part of our pages."""

    def test_a_note_of_the_shop_stays_text(self):
        order = self._order(note=f"Ring twice\n{MARKUP} & 1 < 2")
        self.assertNotIn("<a ", order.note)
        self.assertIn("&lt;a href", order.note)
        self.assertIn("1 &lt; 2", order.note)

    def test_the_reason_of_a_hold_stays_text_in_the_task_about_it(self):
        order = self._order(status="awaiting_payment", payments=())
        hold = order.oms_hold_ids
        hold.reason = MARKUP
        hold._escalate()
        self.assertIn("&lt;a href", order.activity_ids.note)

    def test_what_a_carrier_says_stays_text_in_the_task_about_it(self):
        picking = self._order().picking_ids
        picking._oms_leave_label_task(MARKUP)
        self.assertIn("&lt;a href", picking.activity_ids.note)
        self.assertNotIn("<a ", picking.message_ids[0].body)


class TestHostileFloods(OmsCommon):
    """INV-16, SHP-04: what comes in without end does not stay without end."""

    def test_events_of_devices_are_forgotten_when_they_are_old_and_decided(self):
        device = self.env["oms.device"].create({"name": "Aisle 3", "warehouse_id": self.warehouse.id})
        now = fields.Datetime.now()
        old = now - timedelta(days=DEVICE_EVENTS_KEEP_DAYS + 1)
        values = {"device_id": device.id, "kind": "count", "at": now}
        rows = [("refused", old), ("applied", old), ("review", old), ("refused", now)]
        events = self.env["oms.device.event"].create(
            [
                {**values, "key": str(number), "state": state, "received_at": at}
                for number, (state, at) in enumerate(rows)
            ]
        )
        events._gc_events()
        self.assertEqual(events.exists(), events[2:])

    def test_scans_of_numbers_that_nobody_knows_are_forgotten(self):
        now = fields.Datetime.now()
        old = now - timedelta(days=TRACK_MAX_DAYS + 1)
        picking = self._order().picking_ids
        rows = [(old, False), (old, picking.id), (now, False)]
        scans = self.env["oms.tracking.event"].create(
            [
                {"tracking_number": "T", "at": at, "picking_id": picking_id, "digest": f"{self.id()} {number}"}
                for number, (at, picking_id) in enumerate(rows)
            ]
        )
        scans._gc_unknown()
        self.assertEqual(scans.exists(), scans[1:])
