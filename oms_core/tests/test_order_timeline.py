from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form

from .common import OmsCommon


class TestTimeline(OmsCommon):
    """ORD-04, ORD-13: one story of an order, told from its documents."""

    def _sentences(self, order, customer=False):
        return [event.sentence for event in order._oms_get_timeline(customer)[order.id]]

    def test_an_order_tells_its_life(self):
        order = self._order(("STD", 2), status="on_hold", channel_status="waiting")
        order.oms_hold_ids.action_release()
        delivery = self._ship(order)
        delivery.carrier_tracking_ref = "TRACK1"
        self._book(order)
        delivery.oms_delivered_at = fields.Datetime.now() + timedelta(days=1)
        order.message_post(body="Please call first.", message_type="comment", subtype_xmlid="mail.mt_note")
        self.env.flush_all()
        kinds = [event.kind for event in order._oms_get_timeline()[order.id]]
        self.assertEqual(
            (kinds[:2], kinds[-1]), (["order", "payment"], "parcel")
        )  # ordered in March, delivered tomorrow
        told = "\n".join(self._sentences(order))
        for sentence in (
            "Ordered on Channel TEST.",
            "Received here.",
            "On hold: The channel keeps this order",
            "Released: The channel keeps this order",
            "Confirmed.",
            "is to send 2 × Product STD",
            "2 × Product STD left ",
            "48.00\xa0€ paid.",
            "48.00\xa0€ invoiced.",
            "Delivered: 2 × Product STD.",
            "Please call first.",
        ):
            self.assertIn(sentence, told.replace("€\xa048.00", "48.00\xa0€"))

    def test_customers_read_nothing_of_what_is_internal(self):
        order = self._order(("STD", 2), status="on_hold", channel_status="waiting")
        order.oms_hold_ids.action_release()
        self._ship(order)
        order.message_post(body="A difficult one.", message_type="comment", subtype_xmlid="mail.mt_note")
        order.message_post(body="It is on its way.", message_type="comment", subtype_xmlid="mail.mt_comment")
        told = "\n".join(self._sentences(order, customer=True))
        self.assertIn("It is on its way.", told)
        self.assertIn("left ", told)
        for secret in ("difficult", "keeps this order", "is to send", "Received here"):
            self.assertNotIn(secret, told)

    def test_a_cancelled_order_says_so(self):
        order = self._order(("STD", 1))
        order.action_cancel()
        self.assertIn("Cancelled.", self._sentences(order, customer=True))
        self.assertIn(f"{self.warehouse.name} will not bring 1 × Product STD: cancelled.", self._sentences(order))

    def test_the_form_shows_it_as_text_and_not_as_markup(self):
        order = self._order(("STD", 1))
        order.message_post(body="1 < 2 <script>alert(1)</script>", message_type="comment")
        self.assertIn("o_oms_timeline", order.oms_timeline)
        self.assertNotIn("<script", order.oms_timeline)
        Form(order)

    def test_who_may_not_read_an_order_reads_no_story(self):
        order = self._order(("STD", 1))
        stranger = self._create_user("stranger", "base.group_user")
        with self.assertRaises(AccessError):
            order.with_user(stranger)._oms_get_timeline()

    def test_fifty_orders_cost_the_queries_of_two(self):
        docs = [self._doc(lines=(self._line("STD"), self._line("AVG"))) for _number in range(50)]
        orders = self.env["sale.order"].browse([order.id for order, _state, _text in self._apply(*docs)])
        for order in orders:
            order._oms_hold("manual", "Wait.")
            order.message_post(body="Hm.", message_type="comment")

        def count(of):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertEqual(len(of._oms_get_timeline()), len(of))
            return self.cr.sql_log_count - before

        count(orders[:2])
        self.assertEqual(count(orders), count(orders[:2]))
