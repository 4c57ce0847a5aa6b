"""RET-04: what may come back is answered alike on the page, over the API and to the clerk."""

import re
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from odoo.addons.oms_channels.controllers import api as controller
from odoo.addons.oms_channels.tests import test_api
from odoo.addons.oms_returns.tests.common import ReturnsCommon


@tagged("post_install", "-at_install")
class TestReturnRequests(test_api.ApiCommon, ReturnsCommon, HttpCase):
    _ask = test_api.TestApi._ask

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(controller, "SPEED", controller.Speed()))
        self.order = self._captured(
            total="72.00",
            lines=[
                {
                    "id": "L-1",
                    "sku": "STD",
                    "quantity": 3,
                    "total": "60.00",
                    "taxes": [{"code": "FR-20", "rate": 20, "amount": "12.00"}],
                }
            ],
            payments=[{"id": "pay-1", "amount": "72.00", "method": "card"}],
        )
        self._ship(self.order)
        self._book(self.order)
        self.line = self.order.order_line
        self.path = f"orders/{self.order.oms_external_id}/returns"
        self.page = self.order._oms_get_tracking_url().removeprefix(self.order.get_base_url()) + "/return"
        self.env.flush_all()

    def _wish(self, quantity=1, **values):
        lines = [{"line_id": "L-1", "quantity": quantity, "outcome": "refund"}]
        return {"id": "RR-1", "way": "mail", "lines": lines, **values}

    def _on_the_page(self, quantity=1):
        """What the page says to the same wish."""
        page = self.url_open(self.page).text
        form = {
            "csrf_token": re.search(r'csrf_token: "([^"]+)"', page).group(1),
            "request": "RR-9",
            "step": "check",
            "way": "mail",
            f"take_{self.line.id}": "1",
            f"qty_{self.line.id}": str(quantity),
            f"outcome_{self.line.id}": "refund",
        }
        return self.url_open(self.page, data=form).text

    def test_an_app_makes_the_same_return_as_the_page(self):
        offer = self._ask("GET", self.path).json()
        [line] = offer["lines"]
        self.assertEqual((line["line_id"], line["quantity"]), ("L-1", "3"))
        self.assertIn("refund", [entry["outcome"] for entry in line["outcomes"]])
        check = self._ask("POST", self.path, self._wish(2, check_only=True))
        self.assertEqual(check.status_code, 200)
        self.assertFalse(self.order.oms_return_ids)
        total = check.json()["amounts"]["total"]
        self.assertEqual(float(total), 48.0)
        self.assertIn(total, self._on_the_page(2))
        made = self._ask("POST", self.path, self._wish(2, expected_total=total))
        self.assertEqual(made.status_code, 201)
        [request] = self.order.oms_return_ids
        self.assertEqual((made.json()["id"], request.line_ids.quantity, request.origin), (request.name, 2, "customer"))
        again = self._ask("POST", self.path, self._wish(2, expected_total=total))
        self.assertEqual(again.json()["id"], request.name)
        self.assertEqual(len(self.order.oms_return_ids), 1)
        [told] = self._ask("GET", self.path).json()["returns"]
        self.assertEqual((told["id"], told["stage"]), (request.name, request.stage))
        page = self.url_open(told["page"].removeprefix(self.order.get_base_url())).text
        self.assertIn(request.name, page)
        self.assertIn(told["headline"], page)

    def test_what_is_refused_is_refused_with_the_same_words_everywhere(self):
        self._ask("POST", self.path, self._wish(2))
        refused = self._ask("POST", self.path, self._wish(2, id="RR-2"))
        self.assertEqual(refused.status_code, 422)
        [error] = refused.json()["errors"]
        self.assertIn(error["detail"].replace("“", "“"), self._on_the_page(2))
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self._return(self.order, 2)
        self.assertEqual(len(self.order.oms_return_ids), 1)
