"""The story of an order, told by all add-ons together."""

from odoo.tests import tagged

from .common import ScenarioCommon


@tagged("post_install", "-at_install")
class TestOrderStory(ScenarioCommon):
    """ORD-04, ORD-13: whoever asks how an order stands reads one story."""

    def test_a_sold_and_returned_order_tells_everything_in_order(self):
        self._fill(lyon={"TEA-GREEN-100": 5, "MUG-BLUE": 5})
        order = self._receive("two_vat_rates")
        self._ship(order)
        self._book(order)
        request, refund = self._send_in(order, {"TEA-GREEN-100": 1})
        events = order._oms_get_timeline()[order.id]
        documents = {event.document for event in events}
        self.assertLessEqual({request.name, refund.name, order.invoice_ids[-1].name}, documents)
        self.assertIn(order.oms_decision_ids.sentence, [event.sentence for event in events])
        kinds = {event.kind for event in events}
        self.assertLessEqual(
            {
                "order",
                "message",
                "decision",
                "confirm",
                "payment",
                "fulfilment",
                "parcel",
                "invoice",
                "return",
                "refund",
            },
            kinds,
        )
        for_customer = order._oms_get_timeline(customer=True)[order.id]
        self.assertFalse({event.kind for event in for_customer} & {"decision", "message", "hold"})
        self.assertIn(request.name, {event.document for event in for_customer})
