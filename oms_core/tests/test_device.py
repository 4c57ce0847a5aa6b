import json
import time
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_core.const import DEVICE_BODY_MAX_BYTES, DEVICE_EVENTS_MAX
from odoo.addons.oms_core.domain.devices import sign

from .common import OmsCommon


@tagged("post_install", "-at_install")
class TestDevice(OmsCommon, HttpCase):
    """INV-15, TRD-02: devices count, over HTTP, to the real route; nothing is believed that makes no sense."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bolt = cls._create_product("BOLT", weight=0.5, barcode="4006381333931")
        cls._stock(cls.bolt, cls.warehouse, 20)
        cls.device = cls.env["oms.device"].create(
            {
                "name": "Aisle 3",
                "kind": "scale",
                "company_id": cls.company.id,
                "warehouse_id": cls.warehouse.id,
                "product_id": cls.bolt.id,
            }
        )

    def _stock_of(self, product=None):
        self.env["stock.quant"].invalidate_model()
        domain = [("product_id", "=", (product or self.bolt).id), ("location_id", "=", self.warehouse.lot_stock_id.id)]
        return sum(self.env["stock.quant"].search(domain).mapped("quantity"))

    def _post(self, body, headers=None, token=None):
        path = f"/oms/device/{token or self.device.token}"
        response = self.url_open(path, data=body, headers=headers or {}, method="POST")
        self.assertLess(response.status_code, 500, response.text)
        self.assertNotIn(self.device.secret, response.text)
        return response

    def _signed(self, body, at=None, secret=None):
        at = str(int(at or time.time()))
        return {
            "Content-Type": "application/json",
            "X-OMS-Timestamp": at,
            "X-OMS-Signature": sign(secret or self.device.secret, at, body),
        }

    def _tell(self, *events):
        """What the device is answered for these events."""
        body = json.dumps({"events": list(events)}).encode()
        response = self._post(body, self._signed(body))
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()["results"]

    def _count(self, key, quantity, **values):
        return {"id": key, "kind": "count", "quantity": quantity, **values}

    # ------------------------------------------------------------------------------------------------------- APPLIED

    def test_a_count_becomes_a_native_adjustment_that_names_the_device(self):
        [answer] = self._tell(self._count("c1", 18))
        self.assertEqual((answer["result"], self._stock_of()), ("applied", 18))
        move = self.env["stock.move"].search([("product_id", "=", self.bolt.id)], order="id desc", limit=1)
        self.assertTrue(move.is_inventory)
        self.assertIn("Aisle 3, event c1", move.reference)
        event = self.device.event_ids
        self.assertEqual((event.before_quantity, event.new_quantity), (20, 18))
        self.assertTrue(self.device.last_seen_at)

    def test_the_same_event_again_changes_nothing(self):
        self._tell(self._count("c1", 18))
        self._tell({"id": "m1", "kind": "movement", "quantity": -2})
        answers = self._tell(self._count("c1", 18), {"id": "m1", "kind": "movement", "quantity": -2})
        self.assertEqual([(answer["result"], answer["again"]) for answer in answers], [("applied", True)] * 2)
        self.assertEqual((self._stock_of(), len(self.device.event_ids)), (16, 2))

    def test_a_scale_counts_by_weight(self):
        answers = self._tell(
            {"id": "w1", "kind": "weight", "quantity": 9010},
            {"id": "w2", "kind": "weight", "quantity": 9250},
        )
        self.assertEqual([answer["result"] for answer in answers], ["applied", "refused"])
        self.assertIn("no whole number", answers[1]["message"])
        self.assertEqual(self._stock_of(), 18)

    def test_a_product_is_found_by_barcode_or_sku(self):
        answers = self._tell(
            self._count("c1", 19, product="4006381333931"),
            self._count("c2", 99, product="STD"),
            self._count("c3", 1, product="?"),
        )
        self.assertEqual([answer["result"] for answer in answers], ["applied", "applied", "refused"])
        self.assertEqual((self._stock_of(), self._stock_of(self.product_standard)), (19, 99))
        self.assertIn("SKU or barcode", answers[2]["message"])

    # -------------------------------------------------------------------------------------------------------- REVIEW

    def test_a_large_change_waits_for_a_person(self):
        [answer] = self._tell(self._count("c1", 3))
        self.assertEqual((answer["result"], self._stock_of()), ("review", 20))
        event = self.device.event_ids
        clerk = self._create_user("device_clerk", "oms_core.group_oms_user")
        worker = self._create_user("device_worker", "oms_core.group_oms_warehouse")
        for forbidden in (event.with_user(clerk).action_accept, event.with_user(clerk).action_reject):
            with self.assertRaises(AccessError):
                forbidden()
        with self.assertRaises(AccessError):
            event.with_user(worker).write({"new_quantity": 1000})
        event.with_user(worker).action_accept()
        self.assertEqual((event.state, event.decided_by_id, self._stock_of()), ("applied", worker, 3))
        with self.assertRaises(UserError):
            event.with_user(worker).action_accept()

    def test_what_waits_for_a_person_has_a_limit_and_what_is_plain_goes_on(self):
        with patch("odoo.addons.oms_core.models.oms_device.DEVICE_REVIEWS_MAX", 2):
            answers = self._tell(
                *(self._count(f"many{number}", number) for number in (1, 2, 3)), self._count("plain", 19)
            )
        self.assertEqual([answer["result"] for answer in answers], ["review", "review", "refused", "applied"])
        self.assertIn("wait for a person already", answers[2]["message"])

    def test_what_is_rejected_stays_without_effect(self):
        self._tell(self._count("c1", 3))
        self.device.event_ids.with_user(
            self._create_user("device_worker", "oms_core.group_oms_warehouse")
        ).action_reject()
        self.assertEqual((self.device.event_ids.state, self._stock_of()), ("rejected", 20))

    # --------------------------------------------------------------------------------------------------- NOT BELIEVED

    def test_what_cannot_be_is_kept_and_changes_nothing(self):
        told = [
            self._count("negative", -1),
            self._count("absurd", 10**9),
            self._count("old", 19, at="2020-01-01T00:00:00+00:00"),
            self._count("future", 19, at="2999-01-01T00:00:00+00:00"),
            {"id": "taken", "kind": "movement", "quantity": -21},
        ]
        answers = self._tell(*told)
        self.assertEqual({answer["result"] for answer in answers}, {"refused"})
        self.assertTrue(all(len(answer["message"].split()) > 5 for answer in answers), "sentences")
        self.assertEqual((self._stock_of(), len(self.device.event_ids)), (20, 5))

    def test_a_count_that_was_overtaken_is_not_applied(self):
        now = time.time()
        moment = lambda seconds: time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(now + seconds))  # noqa: E731
        answers = self._tell(self._count("new", 18, at=moment(-10)), self._count("late", 19, at=moment(-60)))
        self.assertEqual([answer["result"] for answer in answers], ["applied", "refused"])
        self.assertEqual(self._stock_of(), 18)

    def test_nonsense_is_answered_and_the_rest_is_taken(self):
        nonsense = [
            None,
            7,
            [],
            {},
            self._count(None, 1),
            self._count("", 1),
            self._count("x" * 200, 1),
            self._count("a\0b", 1),
            self._count("a", "many"),
            self._count("a", float("nan")),
            self._count("a", "1e999999999"),
            self._count("a", True),
            self._count("a", "9" * 100),
            self._count("a", 1, at="yesterday"),
            self._count("a", 1, at="0001-01-01T00:00:00+23:00"),
            self._count("a", 1, product=["x"]),
            self._count("a", 1, product="\0"),
            {"id": "a", "kind": "explode", "quantity": 1},
        ]
        answers = self._tell(*nonsense, self._count("good", 19))
        self.assertEqual([answer["result"] for answer in answers], ["unreadable"] * len(nonsense) + ["applied"])
        self.assertEqual(len(self.device.event_ids), 1)

    # ---------------------------------------------------------------------------------------------------- NOT TRUSTED

    def test_a_bearer_may_tell_too(self):
        body = json.dumps(self._count("c1", 19)).encode()
        self.assertEqual(self._post(body, {"Authorization": f"Bearer {self.device.secret}"}).status_code, 200)
        self.assertEqual(self._stock_of(), 19)

    def test_whoever_does_not_know_the_secret_tells_nothing(self):
        body = json.dumps(self._count("c1", 19)).encode()
        other = json.dumps(self._count("c1", 1)).encode()
        attempts = [
            {},
            {"Authorization": "Bearer "},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Bearer \xe9"},
            {"Authorization": "Basic x"},
            self._signed(body, secret="wrong"),
            self._signed(other),
            self._signed(body, at=time.time() - 3600),
            self._signed(body, at=time.time() + 3600),
            {**self._signed(body), "X-OMS-Timestamp": "now"},
            {**self._signed(body), "X-OMS-Timestamp": "9" * 40},
            {**self._signed(body), "X-OMS-Signature": "x"},
        ]
        for headers in attempts:
            with self.subTest(headers=headers):
                headers = {name: value.encode("latin-1") for name, value in headers.items()}
                self.assertEqual(self._post(body, headers).status_code, 401)
        self.assertFalse(self.device.event_ids)

    def test_unknown_and_archived_devices_are_not_found(self):
        body = b"{}"
        for token in ("nobody", "%00", "%ff", "x" * 2000):
            self.assertEqual(self._post(body, self._signed(body), token).status_code, 404)
        self.device.active = False
        self.assertEqual(self._post(body, self._signed(body)).status_code, 404)

    def test_too_large_too_many_and_no_json(self):
        for body, status in (
            (b" " * (DEVICE_BODY_MAX_BYTES + 1), 413),
            (b"{", 400),
            (b"\xff", 400),
            (b"[" * 30_000, 400),
            (json.dumps({"events": []}).encode(), 400),
            (json.dumps({"events": [1] * (DEVICE_EVENTS_MAX + 1)}).encode(), 400),
        ):
            with self.subTest(body=body[:20]):
                self.assertEqual(self._post(body, self._signed(body)).status_code, status)

    def test_a_device_that_talks_without_end_is_stopped(self):
        self.startPatcher(patch("odoo.addons.oms_core.models.oms_device.DEVICE_EVENTS_PER_MINUTE", 2))
        self._tell(self._count("1", 19), self._count("2", 18))
        body = json.dumps(self._count("3", 17)).encode()
        response = self._post(body, self._signed(body))
        self.assertEqual((response.status_code, response.headers["Retry-After"]), (429, "60"))

    def test_secrets_are_for_managers_and_thresholds_make_sense(self):
        clerk = self._create_user("device_clerk", "oms_core.group_oms_user")
        for name in ("secret", "token", "url"):
            with self.assertRaises(AccessError):
                self.device.with_user(clerk).read([name])
        with self.assertRaises(ValidationError):
            self.device.review_percent = -1
        before = self.device.secret
        self.device.action_new_secret()
        self.assertNotEqual(before, self.device.secret)
        with self.assertRaises(AccessError):
            self.device.with_user(clerk).action_new_secret()

    def test_looking_at_the_address_with_a_browser_is_no_error(self):
        with mute_logger("odoo.http"):
            self.assertIn(self.url_open(f"/oms/device/{self.device.token}").status_code, (404, 405))
