from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from ..carriers.base import TrackingEvent, TrackingUpdate
from .common import OmsCommon


@tagged("post_install", "-at_install")
class TestPortalStory(OmsCommon, HttpCase):
    """SHP-06, ORD-13: the customer reads what happened to the order and its parcels; a link tells less than the account."""

    def setUp(self):
        super().setUp()
        delivery = self.env["product.product"].create({"name": "Delivery", "type": "service"})
        self.table = self.env["delivery.carrier"].create(
            {"name": "Own van", "product_id": delivery.id, "company_id": self.company.id}
        )
        self.order = self._order(("STD", 2))
        self.picking = self.order.picking_ids
        self.number = "1Z999"
        self.picking.write({"carrier_id": self.table.id, "carrier_tracking_ref": self.number})

    def _scan(self, state, hours=0, **values):
        at = fields.Datetime.now() + timedelta(hours=hours)
        update = TrackingUpdate(self.number, (TrackingEvent(at, state, **values),))
        self.env["oms.tracking.event"]._receive(self.table, [update])

    def _sentences(self, customer=False):
        return [event.sentence for event in self.order._oms_get_timeline(customer)[self.order.id]]

    def _pages(self):
        """What the link of a mail and the order's own page say."""
        self.order._portal_ensure_token()
        self.env.flush_all()
        tracked = self.url_open(self.order._oms_get_tracking_url().removeprefix(self.order.get_base_url()))
        own = self.url_open(f"/my/orders/{self.order.id}?access_token={self.order.access_token}")
        return tracked.text, own.text

    def test_scans_are_part_of_the_story(self):
        self._scan("in_transit", 1, text="Sorted", location="Lyon")
        self._scan("exception", 2, text="Nobody at home")
        self.assertIn("On its way: Sorted, Lyon", self._sentences())
        self.assertIn("Delivery problem: Nobody at home", self._sentences(customer=True))
        self.assertNotIn("On its way: Sorted, Lyon", self._sentences(customer=True))

    def test_changes_and_cancellations_are_part_of_the_story(self):
        order = self._order(("STD", 3), ("AVG", 1))
        change = self.env["oms.order.change"].create(
            {"order_id": order.id, "kind": "items", "line_ids": [(0, 0, {"sale_line_id": order.order_line[0].id})]}
        )
        change.action_apply()
        order._oms_request_cancellation("customer", "customer", "Too many.", {order.order_line[1]: 1})
        told = [event.sentence for event in order._oms_get_timeline()[order.id]]
        read = [event.sentence for event in order._oms_get_timeline(customer=True)[order.id]]
        for sentence in (
            "Customer service: change the quantities and products.",
            "Customer: cancel a part of it (Customer changed their mind).",
        ):
            self.assertIn(sentence, told)
            self.assertNotIn(sentence, read)
        self.assertIn("Changed: quantities and products.", read)
        self.assertTrue([sentence for sentence in read if sentence.startswith("Stopped: 1")], read)

    def test_a_link_shows_parcels_and_story_and_nothing_that_people_said(self):
        self.order.message_post(
            body="Leave it with Frau Huber", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self._ship(self.order)
        self.picking.oms_expected_at = fields.Datetime.now() + timedelta(days=2)
        self._scan("out_for_delivery", 1, text="Signed by HUBER", location="Paris 7e")
        tracked, own = self._pages()
        for page in (tracked, own):
            for words in (self.number, "Out for delivery", "What has happened", "Confirmed.", "Expected"):
                self.assertIn(words, page)
        for secret in ("HUBER", "Frau Huber", "Paris 7e", " paid."):
            self.assertNotIn(secret, tracked)
            self.assertIn(secret, own)

    def test_what_a_carrier_sends_is_no_link_unless_it_is_an_address(self):
        label = self.env["oms.shipment.label"].create(
            {
                **{"key": "k1", "picking_id": self.picking.id, "carrier_id": self.table.id, "state": "bought"},
                **{
                    "company_id": self.company.id,
                    "tracking_number": self.number,
                    "tracking_url": "javascript:alert(1)",
                },
            }
        )
        self.assertEqual(self.picking._oms_get_tracking_links(), [(self.number, "")])
        label.tracking_url = "https://carrier.example/1"
        self.assertEqual(self.picking._oms_get_tracking_links(), [(self.number, "https://carrier.example/1")])

    def test_the_story_of_many_orders_costs_the_queries_of_two(self):
        orders = self.env["sale.order"]
        for _number in range(6):
            order = self._order(("STD", 2), ("AVG", 1))
            order._oms_request_cancellation("customer", "customer", "", {order.order_line[1]: 1})
            change = self.env["oms.order.change"].create({"order_id": order.id, "kind": "method"})
            change.action_withdraw()
            order.picking_ids.write({"carrier_id": self.table.id, "carrier_tracking_ref": f"MANY{order.id}"})
            event = TrackingEvent(fields.Datetime.now(), "in_transit", text="Sorted")
            self.env["oms.tracking.event"]._receive(self.table, [TrackingUpdate(f"MANY{order.id}", (event,))])
            orders |= order

        def count(of):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            told = of._oms_get_timeline()
            self.assertTrue(all({"scan", "change", "cancel"} <= {e.kind for e in told[o.id]} for o in of))
            return self.cr.sql_log_count - before

        count(orders[:2])
        self.assertEqual(count(orders), count(orders[:2]))
