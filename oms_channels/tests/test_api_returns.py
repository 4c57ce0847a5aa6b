"""Returns over the documented API, as far as it goes without an add-on that takes them."""

from datetime import date, datetime
from decimal import Decimal
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from odoo.addons.oms_channels.controllers import api as controller
from odoo.addons.oms_core.domain.documents import Problem, ReturnProblem
from odoo.addons.oms_core.models.sale_order_return_request import SaleOrder as Hub

from . import test_api

WISH = {"id": "RR-1", "way": "mail", "lines": [{"line_id": "1", "quantity": 1, "outcome": "refund"}]}


@tagged("post_install", "-at_install")
class TestApiReturns(test_api.ApiCommon, HttpCase):
    """RET-01, RET-07: apps ask what may come back and for returns, and are told clearly where nobody takes them."""

    _ask = test_api.TestApi._ask

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(controller, "SPEED", controller.Speed()))
        self.order = self._captured()
        self.path = f"orders/{self.order.oms_external_id}/returns"

    def _answer(self, offer=None, answer=None, problems=()):
        """What the hooks of the hub say."""
        orders = type(self.env["sale.order"])
        self.asked = []

        def apply(order, doc, check_only=False):
            self.asked.append((order, doc, check_only))
            return answer or {}, list(problems)

        self.patch(orders, "_oms_get_return_offer", lambda order: offer or {})
        self.patch(orders, "_oms_apply_return_request", apply)

    def test_where_nobody_takes_returns_that_is_said(self):
        orders = type(self.env["sale.order"])
        for name in ("_oms_get_return_offer", "_oms_apply_return_request"):
            self.patch(orders, name, getattr(Hub, name))
        for method, body in (("GET", None), ("POST", WISH)):
            answer = self._ask(method, self.path, body)
            self.assertEqual((answer.status_code, answer.json()["code"]), (404, "not_offered"))

    def test_answers_are_in_the_ids_of_the_app_and_exact(self):
        line_id = str(self.order.order_line.id)
        self._answer(
            offer={
                "lines": [{"line_id": line_id, "quantity": Decimal("1.50"), "until": date(2026, 4, 1)}],
                "returns": [{"asked_at": datetime(2026, 3, 2, 10), "parcels": [("1Z", "")], "can_cancel": True}],
            }
        )
        told = self._ask("GET", self.path).json()
        self.assertEqual(told["lines"], [{"line_id": "1", "quantity": "1.50", "until": "2026-04-01"}])
        self.assertEqual(
            told["returns"], [{"asked_at": "2026-03-02T10:00:00Z", "parcels": [["1Z", ""]], "can_cancel": True}]
        )

    def test_a_request_is_read_and_answered_at_once(self):
        self._answer(answer={"id": "RET/1", "lines": [{"line_id": str(self.order.order_line.id)}]})
        answer = self._ask("POST", self.path, {**WISH, "expected_total": "24.00", "colour": "red"})
        self.assertEqual(answer.status_code, 201)
        self.assertEqual(answer.json(), {"id": "RET/1", "lines": [{"line_id": "1"}], "ignored_fields": ["colour"]})
        [(order, doc, check_only)] = self.asked
        self.assertEqual(
            (order, doc.external_id, doc.way, doc.expected), (self.order, "RR-1", "mail", Decimal("24.00"))
        )
        self.assertEqual((doc.lines[0].line_id, doc.lines[0].quantity), (str(self.order.order_line.id), 1))
        self.assertFalse(check_only)
        self.assertEqual(self._ask("POST", self.path, {**WISH, "check_only": True}).status_code, 200)
        self.assertTrue(self.asked[1][2])

    def test_what_cannot_come_back_is_told_by_line_in_words_for_the_customer(self):
        line_id = str(self.order.order_line.id)
        self._answer(problems=[ReturnProblem("window_over", "Too late.", line_id), Problem("bad_way", "Choose.")])
        answer = self._ask("POST", self.path, WISH)
        self.assertEqual((answer.status_code, answer.json()["code"]), (422, "bad_return"))
        self.assertEqual(
            answer.json()["errors"],
            [
                {"path": "lines[0]", "code": "window_over", "detail": "Too late."},
                {"code": "bad_way", "detail": "Choose."},
            ],
        )

    def test_an_id_of_ours_is_no_id_of_the_app(self):
        self._answer(answer={"id": "RET/1"})
        self._ask("POST", self.path, {**WISH, "lines": [{"line_id": str(self.order.order_line.id), "quantity": 1}]})
        self.assertNotEqual(self.asked[0][1].lines[0].line_id, str(self.order.order_line.id))

    def test_the_same_key_is_one_request(self):
        self._answer(answer={"id": "RET/1"})
        answers = [self._ask("POST", self.path, WISH, Idempotency_Key="k") for _time in range(2)]
        self.assertEqual([answer.json() for answer in answers], [{"id": "RET/1"}] * 2)
        self.assertEqual(len(self.asked), 1)

    def test_an_order_of_another_app_or_none_is_not_found(self):
        self._answer(offer={"lines": []})
        for method, body in (("GET", None), ("POST", WISH)):
            self.assertEqual(self._ask(method, self.path, body, app=self.other_app).status_code, 404)
            self.assertEqual(self._ask(method, "orders/nothing/returns", body).status_code, 404)
        self.assertFalse(self.asked)
