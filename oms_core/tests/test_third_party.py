import json
from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_core.domain.third_party import SIGNATURE_HEADER, sign
from odoo.addons.oms_core.tests.common import OmsCommon
from odoo.addons.oms_core.tests.servers.third_party import ThirdParty


class ThirdPartyCommon(OmsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.messages = cls._create_channel("NORTH", name="Messages of 3PL North")
        cls.warehouse.write({"name": "3PL North", "oms_node_type": "3pl", "oms_3pl_channel_id": cls.messages.id})
        cls.warehouse.action_oms_3pl_keys()

    def _told(self, **values):
        body = json.dumps({"message_id": f"m{next(self._numbers)}", **values}).encode()
        return body, sign(self.warehouse.oms_3pl_secret, body)

    def _tell(self, **values):
        """The third party posts a message, and the inbox works it off."""
        body, signature = self._told(**values)
        status, _text = self.env["oms.message"]._oms_receive_third_party(self.warehouse, body, signature)
        self.assertEqual(status, 200)
        message = self.env["oms.message"].search([("channel_id", "=", self.messages.id)], limit=1)
        message._process()
        return message

    def _send(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_third_party").method_direct_trigger()

    def _parcel(self, *lines, tracking=""):
        return {"tracking": tracking, "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}


class TestThirdParty(ThirdPartyCommon):
    """FUL-06, INV-14: a warehouse that somebody else runs is told what to send, and tells what it sent and has."""

    def test_goods_without_a_number_of_ours_are_told_and_understood_by_the_same_name(self):
        order = self._order(("STD", 2))
        self.product_standard.default_code = False
        picking = order.picking_ids
        picking.oms_3pl_reference = picking.name
        (line,) = picking._oms_render_order()["lines"]
        message = self._tell(
            type="shipment", reference=picking.name, final=True, parcels=[self._parcel((line["sku"], 2))]
        )
        self.assertEqual((message.state, picking.state), ("done", "done"), message.error)

    def test_each_delivery_is_told_once_whatever_happens_on_the_way(self):
        with ThirdParty(self.warehouse.oms_3pl_secret) as party, mute_logger("odoo.addons.oms_core.models.oms_message"):
            self.warehouse.oms_3pl_url = party.url
            order = self._order(("STD", 2), ("AVG", 1))
            party.answers = [503]
            self._send()
            message = self.env["oms.message"].search([("kind", "=", "3pl_order")])
            self.assertEqual((message.state, message.attempts), ("retry", 1))
            message.next_attempt_at = fields.Datetime.now() - timedelta(minutes=1)
            self._send()
            self._send()
            self.assertEqual(message.state, "done")
            (told,) = party.orders.values()
            self.assertEqual((told["reference"], told["order"]), (order.picking_ids.name, order.oms_number))
            self.assertEqual([(line["sku"], line["quantity"]) for line in told["lines"]], [("STD", 2), ("AVG", 1)])
            self.assertEqual(told["address"]["city"], "Paris")
            order.picking_ids.action_cancel()
            self._send()
            self.assertEqual([told["type"] for told in party.orders.values()], ["order", "cancel"])
            self.assertFalse(party.repeats)

    def test_what_it_refuses_waits_for_a_person(self):
        with ThirdParty("another secret") as party:
            self.warehouse.oms_3pl_url = party.url
            self._order()
            self._send()
        message = self.env["oms.message"].search([("kind", "=", "3pl_order")])
        self.assertEqual(message.state, "dead")
        self.assertIn("answered 401", message.error)

    def test_orders_do_not_go_over_open_lines(self):
        with self.assertRaisesRegex(ValidationError, "https"):
            self.warehouse.oms_3pl_url = "http://example.com/orders"

    def _told_delivery(self, *lines):
        order = self._order(*lines)
        self.warehouse.oms_3pl_url = "http://localhost:9/"
        self.env["stock.picking"]._oms_write_third_party()
        return order, order.picking_ids.oms_3pl_reference

    def test_what_was_sent_is_shipped_with_its_parcels_and_once(self):
        order, reference = self._told_delivery(("STD", 3), ("AVG", 1))
        values = {
            "message_id": "s1",
            "type": "shipment",
            "reference": reference,
            "parcels": [
                self._parcel(("STD", 2), tracking="T1"),
                self._parcel(("STD", 1), ("AVG", 1), tracking="T2"),
            ],
        }
        message = self._tell(**values)
        self.assertEqual((message.state, message.error), ("done", False))
        picking = order.picking_ids
        self.assertEqual((picking.state, picking.carrier_tracking_ref), ("done", "T1,T2"))
        self.assertEqual(len(picking.move_line_ids.result_package_id), 2)
        self.assertEqual(order.oms_status, "shipped")
        body, signature = self._told(**values)
        self.env["oms.message"]._oms_receive_third_party(self.warehouse, body, signature)
        self.assertEqual(self.env["oms.message"].search_count([("kind", "=", "3pl_shipment")]), 1)
        self.assertEqual(self._book(order).amount_total, order.amount_total)

    def test_the_rest_comes_under_the_same_reference(self):
        order, reference = self._told_delivery(("STD", 3))
        shipment = {"type": "shipment", "reference": reference}
        self._tell(**shipment, parcels=[self._parcel(("STD", 1))])
        self.assertEqual(order.oms_status, "partial")
        self.env["stock.picking"]._oms_write_third_party()
        self.assertEqual(self.env["oms.message"].search_count([("kind", "=", "3pl_order")]), 1)
        message = self._tell(**shipment, parcels=[self._parcel(("STD", 3))])
        self.assertEqual(message.state, "dead")
        self.assertIn("does not hold 3 of", message.error)
        self._tell(**shipment, parcels=[self._parcel(("STD", 2))])
        self.assertEqual(order.oms_status, "shipped")

    def test_what_it_cannot_send_is_looked_for_elsewhere(self):
        order, reference = self._told_delivery(("STD", 3))
        self._tell(type="shipment", reference=reference, final=True, parcels=[self._parcel(("STD", 2))])
        self.assertEqual(sum(order.order_line.mapped("qty_delivered")), 2)
        self.assertEqual(self._holds(order), ["stock"])

    def test_an_unknown_reference_is_kept_and_said(self):
        message = self._tell(type="shipment", reference="WH/OUT/99999", parcels=[self._parcel(("STD", 1))])
        self.assertEqual(message.state, "dead")
        self.assertIn("has the reference", message.error)

    def test_lots_come_with_the_message(self):
        product = self._create_product("LOT", tracking="lot")
        order, reference = self._told_delivery(("LOT", 2))
        parcel = self._parcel(("LOT", 2))
        self.assertEqual(self._tell(type="shipment", reference=reference, parcels=[parcel]).state, "dead")
        parcel["lines"][0]["lot"] = "A7"
        self._tell(type="shipment", reference=reference, parcels=[parcel])
        self.assertEqual(order.picking_ids.move_line_ids.lot_id.name, "A7")
        self.assertEqual(order.picking_ids.move_line_ids.product_id, product)

    def test_it_tells_what_it_has(self):
        message = self._tell(
            type="stock",
            at="2026-03-02T04:00:00Z",
            lines=[{"sku": "STD", "quantity": 7}, {"sku": "NEVER-HEARD", "quantity": 1}],
        )
        self.assertEqual(message.state, "done")
        self.assertIn("NEVER-HEARD", message.error)
        feed = self.env["oms.stock.feed"].search([("warehouse_id", "=", self.warehouse.id)])
        self.assertEqual((feed.product_id, feed.quantity), (self.product_standard, 7))
        self.assertEqual(feed.told_at, datetime(2026, 3, 2, 4))


@tagged("post_install", "-at_install")
class TestThirdPartyAddress(ThirdPartyCommon, HttpCase):
    """FUL-06: who posts must know the address and the secret."""

    def test_only_signed_messages_are_stored(self):
        body, signature = self._told(type="stock", lines=[{"sku": "STD", "quantity": 1}])
        url = f"/oms/3pl/{self.warehouse.oms_3pl_token}"

        def post(address, data, given):
            return self.url_open(
                address, data=data, headers={"Content-Type": "application/json", SIGNATURE_HEADER: given}
            ).status_code

        self.assertEqual(post("/oms/3pl/guess", body, signature), 404)
        self.assertEqual(post(url, body, "0" * 64), 401)
        self.assertEqual(post(url, body + b" ", signature), 401)
        count = self.env["oms.message"].search_count([("channel_id", "=", self.messages.id)])
        self.assertEqual(count, 0)
        self.assertEqual(post(url, body, signature), 200)
        self.assertEqual(post(url, body, signature), 200)
        self.assertEqual(self.env["oms.message"].search_count([("channel_id", "=", self.messages.id)]), 1)
        wrong = b'{"type": "x"}'
        self.assertEqual(post(url, wrong, sign(self.warehouse.oms_3pl_secret, wrong)), 422)
