"""The documented API over HTTP, to the real routes: clear answers to everything, and never a server error."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import requests

from odoo import fields
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_channels.controllers import api as controller
from odoo.addons.oms_channels.platforms.rest_api import const, openapi, verify
from odoo.addons.oms_channels.tests.servers.rest_api import webhook_headers
from odoo.addons.oms_core.const import BODY_MAX_BYTES

from .common import ChannelsCommon

TO = {
    "name": "Zoé Martin",
    "street": "1 rue de Rivoli",
    "city": "Paris",
    "zip": "75001",
    "country": "FR",
    "email": "zoe@example.com",
}


class ApiCommon(ChannelsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls._create_channel("APP", platform="rest_api")
        cls.other_app = cls._create_channel("OTHER", platform="rest_api")

    def _app_order(self, number=None, **values):
        """A paid order of one ``STD``."""
        number = number or f"A-{next(self._numbers)}"
        return {
            "id": number,
            "currency": "EUR",
            "total": "24.00",
            "ordered_at": "2026-03-02T10:00:00Z",
            "shipping": TO,
            "lines": [
                {"id": "1", "sku": "STD", "total": "20.00", "taxes": [{"code": "FR-20", "rate": 20, "amount": "4.00"}]}
            ],
            "payments": [{"id": f"pay-{number}", "amount": "24.00", "method": "card"}],
            **values,
        }

    def _arrived(self):
        return self._messages(self.app).filtered(lambda message: message.direction == "in")

    def _captured(self, **values):
        """An order of the app that was worked off."""
        order = self._app_order(**values)
        self.env["oms.message"]._receive(
            self.app, "order", verify.read_event({}, json.dumps(order).encode()).key, json.dumps(order).encode()
        )._process()
        return self.env["sale.order"].search(
            [("oms_channel_id", "=", self.app.id), ("oms_external_id", "=", order["id"])]
        )


@tagged("post_install", "-at_install")
class TestApi(ApiCommon, HttpCase):
    """CAP-01, CAP-03: any app sends orders, asks about them, calls them off, and is never left without an answer."""

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(controller, "SPEED", controller.Speed()))

    def _ask(self, method, path, body=None, app=None, secret=None, at=None, target=None, **headers):
        """A signed request, and what holds for every answer."""
        app = app or self.app
        path = path if path.startswith("/") else f"{const.ROOT}/{path}"
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        timestamp = str(int(time.time() if at is None else at))
        signed = {
            const.HEADER_KEY: app.token,
            const.HEADER_TIMESTAMP: timestamp,
            const.HEADER_SIGNATURE: verify.signature(
                app.webhook_secret if secret is None else secret, method, target or path, timestamp, raw
            ),
            **({"Content-Type": "application/json"} if body is not None else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        signed = {name: value for name, value in signed.items() if value is not None}
        answer = self.url_open(path, data=raw if body is not None else None, headers=signed, method=method)
        self.assertLess(answer.status_code, 500, answer.text[:300])
        for hidden in (app.webhook_secret, app.token):
            self.assertNotIn(hidden, answer.text)
        self.assertNotIn("session_id", answer.headers.get("Set-Cookie", ""))
        if answer.status_code >= 400:
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json", answer.text[:200])
            told = answer.json()
            self.assertEqual(told["status"], answer.status_code)
            self.assertTrue(told["code"] and told["detail"].endswith((".", "'")))
        return answer

    # ------------------------------------------------------------------------------------------------------ ORDERS

    def test_an_order_is_stored_and_answered_with_where_to_ask(self):
        order = self._app_order()
        answer = self._ask("POST", "orders", order)
        self.assertEqual(answer.status_code, 202)
        told = answer.json()
        self.assertEqual((told["status"], told["order_id"]), ("waiting", order["id"]))
        self.assertFalse(self.env["sale.order"].search([("oms_channel_id", "=", self.app.id)]))
        self.assertEqual(json.loads(self._arrived()._get_body()), order)
        self._arrived()._process()
        self.assertEqual(self._ask("GET", told["url"]).json()["status"], "accepted")
        found = self._ask("GET", f"orders/{order['id']}").json()
        self.assertEqual((found["status"], found["total"], found["currency"]), ("sourced", "24.00", "EUR"))

    def test_the_same_content_twice_is_one_message_and_changed_content_another(self):
        order = self._app_order()
        first, second = self._ask("POST", "orders", order).json(), self._ask("POST", "orders", order).json()
        self.assertEqual(first["receipt"], second["receipt"])
        third = self._ask(
            "POST", "orders", {**order, "note": "Ring twice", "updated_at": "2026-03-02T11:00:00Z"}
        ).json()
        self.assertNotEqual(third["receipt"], first["receipt"])
        self._arrived()._process()
        sale = self.env["sale.order"].search([("oms_channel_id", "=", self.app.id)])
        self.assertEqual(len(sale), 1)

    def test_a_shop_that_knows_only_webhooks_posts_its_order_to_the_address_of_those(self):
        raw = json.dumps(self._app_order()).encode()
        path = f"/oms/hook/{self.app.token}"
        answers = [
            self.url_open(path, data=raw, headers=webhook_headers(raw, secret), method="POST").status_code
            for secret in ("another", self.app.webhook_secret)
        ]
        self.assertEqual(answers, [401, 200])
        self.assertEqual(self._arrived().mapped("state"), ["quarantine", "pending"])

    def test_what_does_not_add_up_is_taken_and_held_and_the_app_is_told_why(self):
        answer = self._ask("POST", "orders", self._app_order(total="25.00", adress={}))
        self.assertEqual(answer.status_code, 202)
        self.assertEqual(answer.json()["problems"][0]["code"], "total_mismatch")
        self.assertEqual(answer.json()["ignored_fields"], ["adress"])
        self._arrived()._process()
        receipt = self._ask("GET", answer.json()["url"]).json()
        self.assertEqual(receipt["status"], "held")
        self.assertIn("25.00", receipt["detail"])

    def test_what_is_no_order_is_refused_with_the_paths_and_not_stored(self):
        answer = self._ask("POST", "orders", self._app_order(lines=[{"id": "1", "total": "12,5"}, 7], currency="euro"))
        self.assertEqual((answer.status_code, answer.json()["code"]), (422, "bad_order"))
        errors = {error.get("path"): error["code"] for error in answer.json()["errors"]}
        self.assertEqual((errors["lines[0].total"], errors["lines[1]"]), ("bad_amount", "bad_line"))
        self.assertFalse(self._arrived())

    def test_several_orders_at_once_are_answered_one_by_one_and_a_bad_one_keeps_no_other_back(self):
        rows = [self._app_order("B-1"), self._app_order("B-2", lines=[]), 7, self._app_order("B-3", total=24.00)]
        answer = self._ask("POST", "orders", {"orders": rows})
        self.assertEqual(answer.status_code, 202)
        self.assertEqual([row["status"] for row in answer.json()["results"]], ["waiting", 422, 422, "waiting"])
        self._arrived()._process()
        sales = self.env["sale.order"].search([("oms_channel_id", "=", self.app.id)])
        self.assertEqual(set(sales.mapped("oms_external_id")), {"B-1", "B-3"})
        self.assertEqual(sales.mapped("amount_total"), [24.0, 24.0])

    def test_too_many_orders_at_once_and_none_are_refused(self):
        for rows in ([], [{}] * 101):
            self.assertEqual(self._ask("POST", "orders", {"orders": rows}).json()["code"], "bad_batch")

    def test_an_order_costs_few_queries_and_of_many_each_costs_none(self):
        self._ask("POST", "orders", self._app_order())  # what a process learns once
        rows = [(order, json.dumps(order).encode()) for order in (self._app_order() for _one in range(41))]
        self.env.flush_all()
        self.env.invalidate_all()
        with self._counted() as one:
            self.app._api_store(rows[:1], {})
        with self._counted() as many:
            self.app._api_store(rows[1:], {})
        self.assertLessEqual(one[0], 12)
        self.assertLessEqual(many[0], one[0] + 6)

    def _counted(self):
        case = self

        class Counted(list):
            def __enter__(self):
                self.append(-case.cr.sql_log_count)
                return self

            def __exit__(self, *_error):
                case.env.flush_all()
                self[0] += case.cr.sql_log_count

        return Counted()

    # ------------------------------------------------------------------------------------------------- IDEMPOTENCY

    def test_the_same_key_and_content_is_answered_the_same_and_done_once(self):
        order = self._app_order()
        first = self._ask("POST", "orders", order, Idempotency_Key="k-1")
        again = self._ask("POST", "orders", order, Idempotency_Key="k-1")
        self.assertEqual((again.status_code, again.json()), (202, first.json()))
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(len(self._arrived()), 1)

    def test_the_same_key_with_other_content_is_refused_and_says_so(self):
        self._ask("POST", "orders", self._app_order(), Idempotency_Key="k-1")
        answer = self._ask("POST", "orders", self._app_order(), Idempotency_Key="k-1")
        self.assertEqual((answer.status_code, answer.json()["code"]), (422, "key_reused"))
        self.assertEqual(len(self._arrived()), 1)
        self.assertEqual(
            self._ask("POST", "orders", self._app_order(), self.other_app, Idempotency_Key="k-1").status_code, 202
        )

    def test_a_request_that_was_refused_frees_its_key(self):
        self._ask("POST", "orders", {"id": "x"}, Idempotency_Key="k-2")
        self.assertEqual(self._ask("POST", "orders", self._app_order(), Idempotency_Key="k-2").status_code, 202)

    def test_keys_are_forgotten_after_some_days(self):
        self._ask("POST", "orders", self._app_order(), Idempotency_Key="k-3")
        requests_kept = self.env["oms.api.request"].search([("channel_id", "=", self.app.id)])
        requests_kept._gc_keys()
        self.assertTrue(requests_kept.exists())
        with freeze_time(fields.Datetime.now() + timedelta(days=8)):
            requests_kept._gc_keys()
        self.assertFalse(requests_kept.exists())

    def test_a_key_that_cannot_be_stored_is_refused(self):
        self.assertEqual(
            self._ask("POST", "orders", self._app_order(), Idempotency_Key="x" * 201).json()["code"], "bad_key"
        )

    def test_the_same_at_the_same_moment_from_several_connections_is_one_order(self):
        raw = json.dumps(self._app_order()).encode()
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            const.HEADER_KEY: self.app.token,
            const.HEADER_TIMESTAMP: timestamp,
            const.HEADER_SIGNATURE: verify.signature(
                self.app.webhook_secret, "POST", const.ORDERS_PATH, timestamp, raw
            ),
            "Idempotency-Key": "at-once",
        }
        with self.allow_requests(), ThreadPoolExecutor(4) as connections:
            cookies = dict(self.opener.cookies)

            def post(_number):
                return requests.post(
                    self.base_url() + const.ORDERS_PATH, data=raw, headers=headers, cookies=cookies, timeout=20
                ).status_code

            self.assertLessEqual(set(connections.map(post, range(4))), {202, 409})
        self.assertEqual(len(self._arrived()), 1)

    # ---------------------------------------------------------------------------------------------------- STRANGERS

    def test_who_does_not_sign_rightly_is_told_what_is_wrong_and_nothing_is_stored(self):
        order = self._app_order()
        now = time.time()
        for code, options in {
            "bad_signature": {"secret": "another"},
            "bad_timestamp": {"at": now - 400},
            "bad_key": {const.HEADER_KEY: "guess"},
        }.items():
            with self.subTest(code=code):
                answer = self._ask("POST", "orders", order, **options)
                self.assertEqual((answer.status_code, answer.json()["code"]), (401, code))
                self.assertIn("WWW-Authenticate", answer.headers)
        for options in (
            {"at": now + 400},
            {const.HEADER_TIMESTAMP: None},
            {const.HEADER_TIMESTAMP: "now"},
            {const.HEADER_SIGNATURE: None},
            {const.HEADER_SIGNATURE: "ü"},
            {const.HEADER_KEY: None},
            {const.HEADER_KEY: self.shop_channel.token},  # a channel of another platform
            {"target": f"{const.ROOT}/orders/1/cancel"},  # signed for another path
            {"secret": ""},
        ):
            with self.subTest(options=options):
                headers = {name: value.encode() if value == "ü" else value for name, value in options.items()}
                self.assertEqual(self._ask("POST", "orders", order, **headers).status_code, 401)
        self.assertFalse(self._arrived())

    def test_a_channel_without_a_secret_lets_nobody_in(self):
        self.app.webhook_secret = False
        timestamp = str(int(time.time()))
        answer = self.url_open(
            f"{const.ROOT}/stock",
            headers={
                const.HEADER_KEY: self.app.token,
                const.HEADER_TIMESTAMP: timestamp,
                const.HEADER_SIGNATURE: verify.signature("", "GET", f"{const.ROOT}/stock", timestamp, b""),
            },
        )
        self.assertEqual(answer.status_code, 401)

    def test_the_secret_itself_lets_in_only_where_that_was_allowed(self):
        def ask():
            return self._ask(
                "GET",
                "stock",
                Authorization=f"Bearer {self.app.webhook_secret}",
                **{const.HEADER_SIGNATURE: None, const.HEADER_TIMESTAMP: None},
            ).status_code

        self.assertEqual(ask(), 401)
        self.app.allow_bearer = True
        self.assertEqual(ask(), 200)

    def test_a_replay_of_an_order_changes_nothing(self):
        order = self._app_order()
        for _again in range(3):
            self._ask("POST", "orders", order)
        self.assertEqual(len(self._arrived()), 1)

    def test_an_archived_channel_takes_nothing(self):
        self.app.active = False
        self.assertEqual(self._ask("POST", "orders", self._app_order()).status_code, 401)

    # ------------------------------------------------------------------------------------------------------ HOSTILE

    def test_nonsense_is_answered_and_never_an_accident(self):
        raw = json.dumps(self._app_order())
        bodies = {
            b"": 400,
            b"{": 400,
            b"null": 400,
            b"[]": 400,
            b"\xff\xfe": 400,
            b"[" * 100_000: 400,
            b'{"a":' * 50_000: 400,
            raw.replace('"24.00"', "NaN").encode(): 400,
            raw.replace('"24.00"', "Infinity").encode(): 400,
            raw.replace('"24.00"', "1e308").encode(): 202,
            raw.replace('"24.00"', "9" * 5000).encode(): 400,
            raw.replace('"id": "', '"id": "\\u0000').encode(): 202,
            raw.replace('"id": "', '"id": "\\ud800').encode(): 202,
            json.dumps(self._app_order("x" * 5000)).encode(): 422,
            b'{"orders": {}}': 422,
            b'{"orders": "all"}': 422,
            json.dumps(self._app_order(lines=[[[[[]]]]])).encode(): 422,
        }
        for body, status in bodies.items():
            with self.subTest(body=body[:40]):
                self.assertEqual(self._ask("POST", "orders", body).status_code, status)
        with mute_logger("odoo.addons.oms_core.models.oms_message"):
            self._arrived()._process()
        self.assertLessEqual(set(self._arrived().mapped("state")), {"done", "dead", "ignored"})

    def test_other_content_than_json_and_too_much_of_it_is_refused(self):
        order = json.dumps(self._app_order()).encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            self.assertEqual(self._ask("POST", "orders", order, **{"Content-Type": kind}).status_code, 415)
        self.assertEqual(
            self._ask("POST", "orders", order, **{"Content-Type": "application/json; charset=utf-8"}).status_code, 202
        )
        self.assertEqual(self._ask("POST", "orders", b'"' + b"x" * BODY_MAX_BYTES + b'"').status_code, 413)

    def test_odd_paths_and_queries_are_answered(self):
        for path in (
            "orders/nobody",
            "orders/a%00b",
            "orders/%F0%9F%A6%84",
            f"orders/{'x' * 3000}",
            "receipts/0",
            "receipts/99999999999999",
            "receipts/x",
        ):
            with self.subTest(path=path[:30]):
                self.assertEqual(self._ask("GET", path).status_code, 404)
        for query in ("limit=x", "cursor=-1", "since=never", "since=9999-99-99", "skus=" + ",".join("x" * 201)):
            with self.subTest(query=query[:30]):
                self.assertEqual(self._ask("GET", f"stock?{query}").status_code, 422)

    def test_who_asks_too_fast_is_told_when_to_ask_again_and_others_are_not_slowed_down(self):
        with patch.object(controller, "API_BURST", 3), patch.object(controller, "API_PER_S", 0.5):
            answers = [self._ask("GET", "stock?skus=STD") for _one in range(4)]
            self.assertEqual([answer.status_code for answer in answers], [200, 200, 200, 429])
            self.assertIn(int(answers[-1].headers["Retry-After"]), (1, 2, 3))
            self.assertEqual(self._ask("GET", "stock?skus=STD", app=self.other_app).status_code, 200)

    # ------------------------------------------------------------------------------------------------------ READING

    def test_an_app_sees_how_its_order_stands_with_parcels_and_invoices(self):
        sale = self._captured(number="A/1 ü")
        picking = self._ship(sale)
        picking.carrier_tracking_ref = "1Z999"
        self._book(sale)
        told = self._ask("GET", "orders/A/1%20%C3%BC").json()
        self.assertEqual(told["id"], "A/1 ü")
        self.assertEqual(told["shipments"][0]["tracking_number"], "1Z999")
        self.assertEqual(told["shipments"][0]["lines"], [{"line_id": "1", "quantity": "1"}])
        self.assertEqual((told["lines"][0]["ordered"], told["lines"][0]["shipped"]), ("1", "1"))
        self.assertEqual((told["invoices"][0]["type"], told["invoices"][0]["total"]), ("invoice", "24.00"))

    def test_what_is_only_our_business_is_not_told(self):
        sale = self._captured()
        sale._oms_hold("fraud", "The card belongs to Jean Dupont.")
        holds = self._ask("GET", f"orders/{sale.oms_external_id}").json()["holds"]
        self.assertEqual(holds[0]["kind"], "fraud")
        self.assertNotIn("Dupont", json.dumps(holds))
        receipt = self._ask("GET", f"receipts/{self._arrived().id}").json()
        self.assertEqual(receipt["status"], "held")
        self.assertNotIn("Dupont", receipt["detail"])

    def test_an_app_sees_nothing_of_another(self):
        sale = self._captured()
        message = self._arrived()
        self.assertEqual(self._ask("GET", f"orders/{sale.oms_external_id}", app=self.other_app).status_code, 404)
        self.assertEqual(self._ask("GET", f"receipts/{message.id}", app=self.other_app).status_code, 404)
        self.assertEqual(
            self._ask("POST", f"orders/{sale.oms_external_id}/cancel", {}, app=self.other_app).status_code, 404
        )

    def test_an_app_sees_the_orders_of_a_customer_of_its_own_page_by_page(self):
        first, second = self._captured(customer_id="C/7 ü"), self._captured(customer_id="C/7 ü")
        self._captured(customer_id="C-8")
        path = "customers/C/7%20%C3%BC/orders"
        page = self._ask("GET", f"{path}?limit=1").json()
        self.assertEqual([row["id"] for row in page["orders"]], [second.oms_external_id])
        [row] = self._ask("GET", f"{path}?limit=1&cursor={page['cursor']}").json()["orders"]
        self.assertEqual((row["id"], row["total"], row["currency"]), (first.oms_external_id, "24.00", "EUR"))
        self.assertEqual((row["status"], row["ordered_at"]), (first.oms_status, "2026-03-02T10:00:00Z"))
        for asked, app in ((path, self.other_app), ("customers/nobody/orders", self.app)):
            answer = self._ask("GET", asked, app=app)
            self.assertEqual((answer.status_code, answer.json()["code"]), (404, "no_customer"))

    def test_an_order_that_waits_to_be_worked_off_says_so(self):
        order = self._app_order()
        self._ask("POST", "orders", order)
        answer = self._ask("GET", f"orders/{order['id']}")
        self.assertEqual(
            (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]), (404, "not_yet", "5")
        )

    def test_stock_is_told_by_page_by_sku_and_by_what_moved(self):
        asked = self._ask("GET", "stock?skus=STD,AVG,unknown")
        self.assertEqual({row["sku"]: row["available"] for row in asked.json()["levels"]}, {"STD": "100", "AVG": "100"})
        self.assertEqual(
            self._ask("GET", "stock?skus=STD,AVG,unknown", If_None_Match=asked.headers["ETag"]).status_code, 304
        )
        seen, cursor = [], ""
        while True:
            page = self._ask("GET", f"stock?limit=1&cursor={cursor}&skus=STD,AVG,FIFO").json()
            seen += [row["sku"] for row in page["levels"]]
            cursor = page["cursor"]
            if not cursor:
                break
        self.assertEqual(sorted(seen), ["AVG", "FIFO", "STD"])
        self.env.flush_all()
        self.assertEqual(self._ask("GET", "stock?since=2099-01-01T00:00:00Z").json()["levels"], [])
        self._captured()
        changed = self._ask("GET", "stock?skus=STD,AVG", If_None_Match=asked.headers["ETag"])
        self.assertEqual({row["sku"]: row["available"] for row in changed.json()["levels"]}["STD"], "99")

    def test_stock_of_the_apps_own_skus_is_told_in_packs(self):
        self.env["oms.channel.listing"].create(
            {
                "channel_id": self.app.id,
                "external_id": "P-6",
                "sku": "SIX-PACK",
                "title": "Six of them",
                "product_id": self.product_standard.id,
                "pack_size": 6,
            }
        )
        told = self._ask("GET", "stock?skus=SIX-PACK,STD").json()["levels"]
        self.assertEqual({row["sku"]: row["available"] for row in told}, {"SIX-PACK": "16", "STD": "100"})
        self.assertEqual(self._ask("GET", "stock?skus=SIX-PACK", app=self.other_app).json()["levels"], [])

    def test_the_documentation_is_there_for_everybody(self):
        answer = self.url_open(f"{const.ROOT}/openapi.json")
        self.assertEqual(answer.json()["paths"].keys(), openapi.document()["paths"].keys())

    # ----------------------------------------------------------------------------------- CANCELLATIONS AND REFUNDS

    def test_an_app_calls_an_order_off(self):
        sale = self._captured()
        answer = self._ask(
            "POST", f"orders/{sale.oms_external_id}/cancel", {"id": "x1", "reason": "customer", "note": "Too late"}
        )
        self.assertEqual(answer.status_code, 202)
        self._arrived()._process()
        self.assertEqual(sale.state, "cancel")
        self.assertEqual(sale.oms_cancellation_ids.mapped("state"), ["stopped"])
        self.assertEqual(self._ask("GET", answer.json()["url"]).json()["status"], "accepted")
        self.assertEqual(self._ask("GET", f"orders/{sale.oms_external_id}").json()["status"], "cancelled")
        again = self._ask(
            "POST", f"orders/{sale.oms_external_id}/cancel", {"id": "x1", "reason": "customer", "note": "Too late"}
        )
        self.assertEqual(again.json()["receipt"], answer.json()["receipt"])

    def test_what_has_left_cannot_be_called_off_and_the_app_is_told(self):
        sale = self._captured()
        self._ship(sale)
        answer = self._ask("POST", f"orders/{sale.oms_external_id}/cancel", {})
        self._arrived()._process()
        self.assertEqual(sale.state, "sale")
        self.assertIn("left already", self._ask("GET", answer.json()["url"]).text)
        self.assertEqual(
            self._ask("GET", f"orders/{sale.oms_external_id}").json()["cancellations"][0]["status"], "too_late"
        )

    def test_a_part_of_an_order_is_called_off_and_a_line_that_it_has_not_is_for_a_person(self):
        line = {"id": "1", "sku": "STD", "quantity": 3, "total": "60.00", "taxes": [{"rate": 20, "amount": "12.00"}]}
        sale = self._captured(lines=[line], total="72.00", payments=[{"id": "p", "amount": "72.00"}])
        self._ask("POST", f"orders/{sale.oms_external_id}/cancel", {"lines": [{"line_id": "1", "quantity": 2}]})
        self._arrived()._process()
        self.assertEqual(sale.order_line.product_uom_qty, 1)
        answer = self._ask(
            "POST", f"orders/{sale.oms_external_id}/cancel", {"lines": [{"line_id": "9", "quantity": 2}]}
        )
        self._arrived()._process()
        self.assertEqual(self._ask("GET", answer.json()["url"]).json()["status"], "failed")

    def test_a_cancellation_of_an_order_that_still_waits_comes_after_it(self):
        order = self._app_order()
        self._ask("POST", "orders", order)
        self.assertEqual(self._ask("POST", f"orders/{order['id']}/cancel", {}).status_code, 202)
        self._arrived()._process()
        sale = self.env["sale.order"].search([("oms_channel_id", "=", self.app.id)])
        self.assertEqual(sale.state, "cancel")

    def test_a_refund_that_the_app_paid_is_kept_once_and_stops_what_has_still_to_leave(self):
        self._nobody_books_refunds()
        sale = self._captured()
        refund = {
            "id": "R1",
            "amount": "12.00",
            "reason": "scratched",
            "lines": [{"line_id": "1", "quantity": 0, "amount": "10.00", "tax": "2.00"}],
        }
        path = f"orders/{sale.oms_external_id}/refunds"
        self._ask("POST", path, {**refund, "pending": True})
        self._arrived()._process()
        self.assertEqual(sale.oms_channel_refund_ids.mapped("state"), ["pending"])
        for _again in range(2):
            self.assertEqual(self._ask("POST", path, refund).status_code, 202)
        self._arrived()._process()
        self.assertEqual(
            sale.oms_channel_refund_ids.mapped(lambda one: (one.external_id, one.state, one.amount)),
            [("R1", "done", 12.0)],
        )
        self.assertTrue(sale.oms_on_hold)
        self.assertIn("scratched", sale.oms_hold_reason)
        self.assertEqual(self._ask("GET", f"orders/{sale.oms_external_id}").json()["refunds"][0]["amount"], "12.00")

    def test_a_later_state_of_the_order_that_leaves_the_refund_out_takes_it_not_back(self):
        self._nobody_books_refunds()
        sale = self._captured(number="A-77")
        self._ask("POST", "orders/A-77/refunds", {"id": "R1", "amount": "12.00"})
        self._ask("POST", "orders", self._app_order("A-77", note="changed", updated_at="2026-03-04T10:00:00Z"))
        self._arrived()._process()
        self.assertEqual(sale.oms_channel_refund_ids.mapped("state"), ["done"])
        self.assertTrue(sale.oms_on_hold)

    def test_a_refund_without_an_amount_or_of_nothing_known_is_refused(self):
        sale = self._captured()
        for body in ({"id": "R1"}, {"id": "R1", "amount": -5}, {"amount": 5}, {"id": "R", "amount": "5,0"}):
            answer = self._ask("POST", f"orders/{sale.oms_external_id}/refunds", body)
            self.assertEqual(answer.status_code, 422)
            self.assertTrue(answer.json()["errors"][0]["path"])
        self.assertEqual(self._ask("POST", "orders/nobody/refunds", {"id": "R1", "amount": 5}).status_code, 404)
