import json
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import requests

from odoo.exceptions import AccessError, UserError
from odoo.sql_db import Cursor
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.oms_channels.tests.servers.woocommerce import USER_AGENT, webhook_headers
from odoo.addons.oms_core.const import BODY_MAX_BYTES

from .common import SECRET, ChannelsCommon


@tagged("post_install", "-at_install")
class TestWebhook(ChannelsCommon, HttpCase):
    """Deliveries over HTTP, to the real route: stored or refused with a clear answer, and never a server error."""

    def _post(self, body, headers, token=None):
        """An answer, of which is checked what holds for all of them."""
        path = f"/oms/hook/{token or self.shop_channel.token}"
        response = self.url_open(path, data=body, headers=headers, method="POST")
        self.assertLess(response.status_code, 500)
        self.assertNotIn(SECRET, response.text)
        self.assertNotIn(self.shop_channel.token, response.text)
        return response

    def _deliver(self, order, topic="order.updated", secret=SECRET, **options):
        body = order if isinstance(order, bytes) else json.dumps(order).encode()
        return self._post(body, webhook_headers(body, topic, secret), **options)

    # ------------------------------------------------------------------------------------------------------ ACCEPTED

    def test_a_signed_delivery_is_stored_and_nothing_else_happens_in_the_request(self):
        order = self._shop_order()
        response = self._deliver(order)
        self.assertEqual(response.status_code, 200)
        message = self._messages()
        self.assertEqual((message.kind, message.state), ("order", "pending"))
        self.assertEqual(json.loads(message.body_text), order)
        self.assertEqual(message.headers["x-wc-webhook-topic"], "order.updated")
        self.assertFalse(self.env["sale.order"].search([("oms_channel_id", "=", self.shop_channel.id)]))
        message._process()
        self.assertEqual((self._order_of(message).state, self._order_of(message).amount_total), ("sale", 24.00))

    def test_a_delivery_costs_few_queries_and_reads_no_more_of_the_channel_than_it_needs(self):
        self._deliver(self._shop_order())
        asked = []
        execute = Cursor.execute

        def listen(cursor, query, *arguments, **options):
            asked.append(str(query.code if isinstance(query, SQL) else query))
            return execute(cursor, query, *arguments, **options)

        path, body = f"/oms/hook/{self.shop_channel.token}", json.dumps(self._shop_order()).encode()
        headers = webhook_headers(body, "order.updated", SECRET)
        with patch.object(Cursor, "execute", listen):
            self.url_open(path, data=body, headers=headers, method="POST")
        ours = [text for text in asked if any(name in text for name in ("oms_", "ir_cron", "ir_model_data"))]
        self.assertEqual(len(ours), 3, ours)  # the channel, the message, whether the worker was woken

    def test_the_body_is_kept_byte_by_byte(self):
        body = (
            "  " + json.dumps(self._shop_order(customer_note="🪴 é"), indent=3, ensure_ascii=False) + "\r\n"
        ).encode()
        self.assertEqual(self._deliver(body).status_code, 200)
        self.assertEqual(self._messages()._get_body(), body)

    def test_headers_that_could_let_somebody_in_are_not_kept(self):
        body = json.dumps(self._shop_order()).encode()
        self._post(body, {**webhook_headers(body, "order.updated", SECRET), "Authorization": "Basic x"})
        self.assertIn("user-agent", self._messages().headers)
        self.assertFalse({"authorization", "cookie"} & set(self._messages().headers))

    def test_the_same_delivery_twice_is_one_message(self):
        order = self._shop_order()
        self.assertEqual([self._deliver(order).status_code for _again in range(2)], [200, 200])
        self.assertEqual(len(self._messages()), 1)

    def test_created_and_updated_with_the_same_content_are_one_message(self):
        """A new order sends both."""
        order = self._shop_order()
        self._deliver(order, "order.created")
        self._deliver(order, "order.updated")
        self.assertEqual(len(self._messages()), 1)

    def test_the_same_event_at_the_same_moment_from_several_connections_is_one_message(self):
        body = json.dumps(self._shop_order()).encode()
        headers = webhook_headers(body, "order.created", SECRET)
        address = f"{self.base_url()}/oms/hook/{self.shop_channel.token}"
        with self.allow_requests(), ThreadPoolExecutor(4) as connections:
            cookies = dict(self.opener.cookies)

            def post(_number):
                return requests.post(address, data=body, headers=headers, cookies=cookies, timeout=20).status_code

            self.assertEqual(list(connections.map(post, range(4))), [200] * 4)
        self.assertEqual(len(self._messages()), 1)

    def test_a_changed_order_is_another_message(self):
        order = self._shop_order(8001)
        self._deliver(order)
        self._deliver({**order, "customer_note": "Ring twice", "date_modified_gmt": "2036-01-01T00:00:00"})
        self.assertEqual(len(self._messages()), 2)

    def test_a_deleted_order_is_cancelled(self):
        order = self._shop_order()
        self._deliver(order)
        self._deliver({"id": order["id"]}, "order.deleted")
        messages = self._messages()
        messages._process()
        self.assertEqual(messages.mapped("kind"), ["order", "order_deleted"])
        self.assertEqual(self._order_of(messages[0]).state, "cancel")

    def test_a_ping_is_answered_and_not_stored(self):
        headers = {"User-Agent": USER_AGENT, "Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(self._post(b"webhook_id=17", headers).status_code, 200)
        self.assertFalse(self._messages())

    def test_another_form_is_not_a_ping(self):
        headers = {"User-Agent": USER_AGENT, "Content-Type": "application/x-www-form-urlencoded"}
        for body in (b"webhook_id=17&x=1", b"webhook_id=abc", b"a=b", b"webhook_id=17" + b"&x=1" * 3000):
            with self.subTest(body=body[:30]):
                self.assertEqual(self._post(body, headers).status_code, 401)

    def test_a_topic_that_is_not_used_is_acknowledged_and_forgotten(self):
        self.assertEqual(self._deliver({"id": 5}, "product.updated").status_code, 200)
        self.assertFalse(self._messages())

    # ------------------------------------------------------------------------------------------------- NOT READABLE

    def test_malformed_json_with_the_right_signature_is_a_dead_letter_that_says_so(self):
        for body in (b'{"id": 12', b"", b"\xff\xfe", b"[]", b"null", b"[" * 50_000, b'{"id": 5, "x": "\\u0000"}'):
            with self.subTest(body=body[:12]):
                before = self._messages()
                self.assertEqual(self._deliver(body).status_code, 200)
                message = self._messages() - before
                self.assertEqual(len(message), 1)
                message._process()
                self.assertEqual(message.state, "dead")
                self.assertGreater(len(message.error.split()), 5, "a sentence")

    def test_an_order_of_nonsense_ends_where_a_person_sees_it(self):
        message = None
        for values in (
            {"total": "a lot"},
            {"currency": "XYZ"},
            {"line_items": "none"},
            {"line_items": [], "total": "0.00", "tax_lines": []},
            {"billing": {**self._shop_order()["billing"], "country": "ZZ"}},
            {"status": "engraving"},
            {"date_modified_gmt": "yesterday"},
            {"id": "12; DROP TABLE", "total": "7.00"},
            {"date_modified_gmt": "2026\0"},
            {"date_modified_gmt": "\ud800"},
            {"date_modified_gmt": {"x": ["\ud800\0"]}},
            {"id": "\0", "currency": "\0\ud800"},
            {"billing": ["x"], "shipping": 7},
            {"number": "n" * 5000, "customer_note": "x\0y" * 5000},
        ):
            with self.subTest(values=str(values)[:50]):
                before = self._messages()
                self.assertEqual(self._deliver(self._shop_order(**values)).status_code, 200)
                message = self._messages() - before
                message._process()
                order = self._order_of(message)
                self.assertTrue(message.state == "dead" or order, message.error)
                if "number" not in values:
                    self.assertTrue(message.error or order.oms_hold_reason, "it says what is odd")

    # ---------------------------------------------------------------------------------------------------- NOT TRUSTED

    def test_a_wrong_signature_is_refused_and_the_delivery_put_aside_once(self):
        order = self._shop_order()
        self.assertEqual([self._deliver(order, secret="wrong").status_code for _again in range(2)], [401, 401])
        message = self._messages()
        self.assertEqual((len(message), message.state), (1, "quarantine"))
        self.assertIn("Verify Again", message.error)
        self.assertFalse(self.env["oms.message"]._take_batch() & message)

    def test_an_impostor_does_not_keep_the_real_one_out(self):
        order = self._shop_order()
        self._deliver(order, secret="wrong")
        self.assertEqual(self._deliver(order).status_code, 200)
        self.assertEqual(self._messages().mapped("state"), ["quarantine", "pending"])

    def test_after_the_secret_is_corrected_what_was_put_aside_becomes_an_order(self):
        self.shop_channel.webhook_secret = "mistyped"
        self._deliver(self._shop_order())
        message = self._messages()
        with self.assertRaises(UserError):
            message.action_verify_again()
        self.assertEqual(message.state, "quarantine")
        self.shop_channel.webhook_secret = SECRET
        message.action_verify_again()
        self.assertEqual(message.state, "pending")
        message._process()
        self.assertEqual(self._order_of(message).state, "sale")

    def test_verifying_again_lets_only_the_good_ones_through(self):
        self._deliver(self._shop_order(), secret="impostor")
        self.shop_channel.webhook_secret = "mistyped"
        self._deliver(self._shop_order())
        self.shop_channel.webhook_secret = SECRET
        self._messages().action_verify_again()
        self.assertEqual(self._messages().mapped("state"), ["quarantine", "pending"])

    def test_what_is_put_aside_is_bounded(self):
        with patch("odoo.addons.oms_channels.models.oms_channel.QUARANTINE_MAX", 3):
            for _flood in range(5):
                self.assertEqual(self._deliver(self._shop_order(), secret="wrong").status_code, 401)
        self.assertEqual(len(self._messages()), 3)

    def test_a_channel_without_a_secret_trusts_nobody(self):
        self.shop_channel.webhook_secret = False
        self.assertEqual(self._deliver(self._shop_order(), secret="").status_code, 401)

    def test_an_unsigned_delivery_is_refused(self):
        response = self._post(json.dumps(self._shop_order()).encode(), {"Content-Type": "application/json"})
        self.assertEqual(response.status_code, 401)

    def test_an_unknown_address_is_not_found(self):
        for token in ("nobody", "%00", "%ff", "x" * 2000, "💥", "' OR 1=1 --"):
            with self.subTest(token=token[:10]):
                self.assertEqual(self._deliver(self._shop_order(), token=token).status_code, 404)

    def test_an_archived_channel_takes_nothing(self):
        self.shop_channel.active = False
        self.assertEqual(self._deliver(self._shop_order()).status_code, 404)

    def test_an_address_that_was_known_is_forgotten_with_its_channel(self):
        self.assertEqual(self._deliver(self._shop_order()).status_code, 200)
        former = self.shop_channel.token
        self.shop_channel.token = "another-address"
        self.assertEqual(self._deliver(self._shop_order(), token=former).status_code, 404)
        self.assertEqual(self._deliver(self._shop_order()).status_code, 200)
        self.shop_channel.active = False
        self.assertEqual(self._deliver(self._shop_order()).status_code, 404)

    def test_a_channel_worked_by_hand_takes_nothing(self):
        self.assertEqual(self._deliver(self._shop_order(), token=self.channel.token).status_code, 404)
        self.assertFalse(self._messages(self.channel))

    # ------------------------------------------------------------------------------------------------------ TOO LARGE

    def test_a_body_that_is_too_large_is_refused_whatever_its_signature(self):
        for size in (BODY_MAX_BYTES + 1, 10 * 1024 * 1024):
            for secret in (SECRET, "wrong"):
                with self.subTest(size=size, secret=secret):
                    self.assertEqual(self._deliver(b" " * size, secret=secret).status_code, 413)
        self.assertFalse(self._messages())

    def test_a_body_of_the_largest_size_is_taken(self):
        order = json.dumps(self._shop_order()).encode()
        self.assertEqual(self._deliver(order + b" " * (BODY_MAX_BYTES - len(order))).status_code, 200)

    def test_a_large_form_is_refused_too(self):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(self._post(b"a=" + b"x" * (10 * 1024 * 1024), headers).status_code, 413)

    # --------------------------------------------------------------------------------------------------------- OTHERS

    def test_looking_at_the_address_with_a_browser_is_no_error(self):
        with mute_logger("odoo.http"):
            response = self.url_open(f"/oms/hook/{self.shop_channel.token}")
        self.assertIn(response.status_code, (404, 405))
        self.assertFalse(self._messages())

    def test_the_secrets_of_a_channel_are_for_managers(self):
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        for name in ("webhook_secret", "api_key", "api_secret", "api_token", "webhook_url", "api_url"):
            with self.subTest(name=name), self.assertRaises(AccessError):
                self.shop_channel.with_user(clerk).read([name])
        with self.assertRaises(AccessError):
            self._deliver(self._shop_order(), secret="wrong")
            self._messages().with_user(clerk).action_verify_again()

    def test_secrets_are_not_copied_with_a_channel(self):
        self.shop_channel.write({"api_key": "k", "api_secret": "s"})
        copy = self.shop_channel.copy({"code": "COPY"})
        self.assertFalse(copy.api_key or copy.api_secret)
        self.assertNotEqual(copy.webhook_secret, SECRET)  # one of its own
