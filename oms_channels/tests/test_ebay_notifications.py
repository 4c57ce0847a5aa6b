"""eBay's notifications over HTTP: the challenge, keys that are read outside of the request, and accounts to forget."""

import hashlib
import json

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_channels.tests.servers.ebay import (
    KEY_ID,
    EbayServer,
    notification,
    webhook_headers,
    webhook_secret,
)
from odoo.addons.oms_core.const import QUARANTINE_MAX

from .common import ChannelsCommon

TOKEN = "a-token-of-at-least-thirty-two-letters"
BODY = notification("ORDER_CONFIRMATION", {"order": {"orderId": "12-00001-79013"}})
DELETION = notification(
    "MARKETPLACE_ACCOUNT_DELETION", {"username": "ginkgo_leaf7", "userId": "ma8vp1jySJC", "eiasToken": "nY+s=="}
)


class EbayCommon(ChannelsCommon):
    def setUp(self):
        super().setUp()
        self.ebay = EbayServer().start()
        self.addCleanup(self.ebay.stop)
        client_id, secret, token, marketplace = self.ebay.credentials
        self.ebay_channel = self._create_channel(
            "EBAY",
            platform="ebay",
            webhook_secret=TOKEN,
            api_url=self.ebay.url,
            api_key=client_id,
            api_secret=secret,
            api_token=token,
            site_ref=marketplace,
        )

    def _arrived(self):
        return self._messages(self.ebay_channel).filtered(lambda message: message.direction == "in")

    def _read_keys(self):
        self.env["oms.message"].flush_model()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_keys").method_direct_trigger()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestEbayNotifications(EbayCommon, HttpCase):
    def _post(self, body, headers=None):
        path = f"/oms/hook/{self.ebay_channel.token}"
        return self.url_open(path, data=body, headers=headers or webhook_headers(body), method="POST")

    def test_ebay_is_told_that_the_address_is_ours(self):
        response = self.url_open(f"/oms/hook/{self.ebay_channel.token}?challenge_code=a8628072-3d33")
        address = self.ebay_channel.webhook_url
        expected = hashlib.sha256(f"a8628072-3d33{TOKEN}{address}".encode()).hexdigest()
        self.assertEqual(response.json(), {"challengeResponse": expected})
        self.assertIn("application/json", response.headers["Content-Type"])

    def test_who_asks_nothing_or_a_platform_that_never_asks_is_told_nothing(self):
        for path in (
            self.ebay_channel.token,
            f"{self.shop_channel.token}?challenge_code=1",
            "unknown?challenge_code=1",
            "a%00b?challenge_code=1",
            f"{self.ebay_channel.token}?challenge_code={'x' * 5000}",
        ):
            with self.subTest(path=path[:40]):
                self.assertEqual(self.url_open(f"/oms/hook/{path}").status_code, 404)

    def test_a_delivery_with_an_unknown_key_is_kept_and_verified_when_its_key_was_read(self):
        self.assertEqual(self._post(BODY).status_code, 200)
        message = self._arrived()
        self.assertEqual((message.state, message.key_name, message.kind), ("quarantine", KEY_ID, "hint"))
        self.assertFalse(self.ebay.asked)  # nothing was asked in the request
        self._read_keys()
        self.assertEqual((message.state, message.key_name), ("pending", False))
        self.assertIn(KEY_ID, self.ebay_channel.webhook_secret)
        self.assertEqual(self._post(notification("ITEM_MARKED_SHIPPED", {"orderId": "1-2"}, "other")).status_code, 200)
        self.assertEqual(self._arrived()[-1].state, "pending")  # from now on at once
        self.assertEqual(len([asked for asked in self.ebay.asked if "public_key" in asked.path]), 1)

    def test_a_forgery_that_names_the_right_key_is_refused_as_ebay_wants_it(self):
        self.ebay_channel.webhook_secret = webhook_secret(TOKEN)
        self.assertEqual(self._post(BODY, webhook_headers(BODY, seed="impostor")).status_code, 412)
        self.assertEqual(self._arrived().state, "quarantine")

    def test_a_forgery_that_came_before_the_key_stays_put_aside(self):
        self._post(BODY, webhook_headers(BODY, seed="impostor"))
        self._read_keys()
        self.assertEqual((self._arrived().state, self._arrived().key_name), ("quarantine", False))
        self.assertIn("signature is wrong", self._arrived().error)

    def test_a_key_that_ebay_does_not_have_is_asked_for_once(self):
        self._post(BODY, webhook_headers(BODY, kid="invented"))
        self._read_keys()
        asked = len(self.ebay.asked)
        self._read_keys()
        self.assertEqual(len(self.ebay.asked), asked)
        self.assertIn("somebody else sent this", self._arrived().error)
        self.assertEqual(self._arrived().state, "quarantine")

    def test_while_ebay_is_down_deliveries_wait_for_their_key(self):
        self._post(BODY)
        self.ebay.fail_next("down", times=5)
        self._read_keys()
        self.assertEqual((self._arrived().state, self._arrived().key_name), ("quarantine", KEY_ID))
        self.ebay_channel.ask_again_at = False
        self.ebay._faults.clear()
        self._read_keys()
        self.assertEqual(self._arrived().state, "pending")

    def test_what_nobody_can_verify_yet_fills_no_disk(self):
        self.env["oms.message"].create(
            [
                {"channel_id": self.ebay_channel.id, "kind": "hint", "event_key": f"x{n}", "state": "quarantine"}
                for n in range(QUARANTINE_MAX)
            ]
        )
        self.assertEqual(self._post(BODY).status_code, 412)
        self.assertEqual(len(self._arrived()), QUARANTINE_MAX)

    def test_the_deletion_of_an_account_is_acknowledged_and_carried_out(self):
        self.ebay_channel.webhook_secret = webhook_secret(TOKEN)
        order = self._apply(self._doc(customer_ref="ginkgo_leaf7", note="Ring twice"), channel=self.ebay_channel)[0][0]
        order.action_cancel()
        partner = order.partner_id
        self.assertEqual(self._post(DELETION).status_code, 200)
        message = self._arrived()
        self.assertEqual((message.kind, message.state), ("erasure", "pending"))
        message._process()
        self.assertEqual((message.state, message.res_model, message.res_id), ("done", "res.partner", partner.id))
        self.assertFalse(message.body, "it names who is forgotten")
        self.assertEqual(
            (partner.name, partner.active, partner.email, partner.street), ("Erased customer", False, False, False)
        )
        self.assertFalse(partner.oms_customer_ref_ids or order.note)


class TestErasure(EbayCommon):
    """What is personal goes, what the books, the customer's parcel or another shop need stays."""

    def _sold(self, **values):
        values = {"customer_ref": "ginkgo_leaf7", "note": "Ring twice", **values}
        return self._apply(self._doc(**values), channel=self.ebay_channel)[0][0]

    def _forget(self, *names):
        return self.ebay_channel._as_worker()._erase_customer(set(names or ("ginkgo_leaf7",)))

    def test_what_the_channel_sent_about_the_orders_goes_and_its_keys_stay(self):
        order = self._sold()
        order.action_cancel()
        message = self.env["oms.message"].create(
            {
                "channel_id": self.ebay_channel.id,
                "kind": "order",
                "event_key": "order:1",
                "body": b"eyJuYW1lIjogIlpv6SJ9",
                "state": "done",
                "res_model": "sale.order",
                "res_id": order.id,
            }
        )
        self._forget()
        self.assertFalse(message.body)
        self.assertTrue(message.emptied_at and message.event_key)

    def test_who_stands_on_a_posted_invoice_keeps_name_and_address(self):
        order = self._sold()
        self._ship(order)
        self._book(order)
        self.assertTrue(order.invoice_ids.filtered(lambda move: move.state == "posted"))
        partner, name = order.partner_id, order.partner_id.name
        total = order.invoice_ids.amount_total
        _record, _state, text = self._forget()
        self.assertEqual((partner.name, partner.email, partner.active), (name, False, True), text)
        self.assertTrue(partner.street)
        self.assertIn("books", text)
        self.assertEqual(order.invoice_ids.amount_total, total)

    def test_an_order_under_way_still_finds_its_customer_and_a_person_is_told(self):
        order = self._sold()
        _record, _state, text = self._forget()
        self.assertTrue(order.partner_id.street)
        self.assertIn("under way", text)
        self.assertIn(order.name, order.partner_id.activity_ids.note)

    def test_who_buys_elsewhere_too_stays_a_contact_of_that_shop(self):
        order = self._sold()
        order.action_cancel()
        self._apply(self._doc(billing=self._address(email=order.partner_id.email)), channel=self.shop_channel)
        partner = order.partner_id
        self.assertEqual(len(partner.sale_order_ids), 2)
        self._forget()
        self.assertTrue(partner.active and partner.street and partner.email)
        self.assertFalse(partner.oms_customer_ref_ids.filtered(lambda ref: ref.channel_id == self.ebay_channel))

    def test_of_whom_nothing_is_known_there_is_nothing_to_erase(self):
        _record, state, text = self._forget("nobody")
        self.assertEqual(state, "done")
        self.assertIn("nothing to erase", text)

    @mute_logger("odoo.addons.oms_core.models.oms_message")
    def test_a_deletion_that_names_nobody_is_for_a_person(self):
        body = json.dumps({"metadata": {"topic": "MARKETPLACE_ACCOUNT_DELETION"}, "notification": {}}).encode()
        message = self.env["oms.message"]._receive(self.ebay_channel, "erasure", "e", body)
        message._process()
        self.assertEqual(message.state, "dead")
