"""CAP-01: the same request of an app, at once, from two connections."""

import json

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from odoo.addons.oms_channels.domain.problem import ApiProblem

ORDER = {
    "id": "A-1",
    "currency": "EUR",
    "total": 20,
    "ordered_at": "2026-03-02T10:00:00Z",
    "lines": [{"sku": "X", "total": 20}],
}


@tagged("post_install", "-at_install")
class TestTwoApiRequests(BaseCase):
    """Neither sees what the other stores until it is committed; the unique keys decide, and who lost is told to ask again."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            channel = self._env(cr)["oms.channel"].create(
                {"name": "Two at once", "code": "TWO-AT-ONCE", "platform": "rest_api"}
            )
            self.channel_id = channel.id
        self.addCleanup(self._clean_up)

    def _env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            messages = env["oms.message"].search([("channel_id", "=", self.channel_id)])
            messages._set_state("dead")
            messages._set_state("dismissed")
            messages.unlink()
            env["oms.channel"].browse(self.channel_id).unlink()

    def _post(self, cr, key="", order=None):
        """A request, as the controller makes it."""
        env = self._env(cr)
        channel, body = env["oms.channel"].browse(self.channel_id), json.dumps(order or ORDER).encode()
        return env["oms.api.request"]._answer_once(
            channel, key, "/oms/api/1/orders", body, lambda: channel._api_take_orders(body, {})
        )

    def _count(self):
        with self.registry.cursor() as cr:
            return self._env(cr)["oms.message"].search_count([("channel_id", "=", self.channel_id)])

    def test_of_two_with_one_key_one_is_told_to_ask_again_and_then_gets_the_same_answer(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            self._env(second)["oms.channel"].browse(self.channel_id).read(["name"])  # its transaction has begun
            answered = self._post(first, "k")
            first.commit()
            with self.assertRaises(ApiProblem) as caught:
                self._post(second, "k")
            self.assertEqual((caught.exception.status, caught.exception.code), (409, "in_progress"))
            second.rollback()
            self.assertEqual(self._post(second, "k"), (*answered[:2], True))
        self.assertEqual(self._count(), 1)

    def test_of_two_without_a_key_the_content_decides(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            self._env(second)["oms.channel"].browse(self.channel_id).read(["name"])
            receipt = self._post(first)[1]["receipt"]
            first.commit()
            with self.assertRaises(ApiProblem) as caught:
                self._post(second)
            self.assertEqual(caught.exception.status, 409)
            second.rollback()
            self.assertEqual(self._post(second)[1]["receipt"], receipt)
        self.assertEqual(self._count(), 1)

    def test_what_was_answered_and_not_committed_is_done_by_the_next_one(self):
        """The process ended in between."""
        with self.registry.cursor() as first, self.registry.cursor() as second:
            self._post(first, "k")
            first.rollback()
            self.assertEqual(self._post(second, "k")[2], False)
            second.commit()
        self.assertEqual(self._count(), 1)
