from odoo.tests import HttpCase, tagged

from .common import ReturnsCommon


@tagged("post_install", "-at_install")
class TestPortal(ReturnsCommon, HttpCase):
    """SHP-06: the customer sees what comes back, and how far it is, where the order is seen."""

    def test_a_return_stands_on_the_page_of_its_order(self):
        order = self._shipped(("STD", 2), ("AVG", 1))
        request = self._return(order, 1)
        request.picking_ids.carrier_tracking_ref = "BACK-1"
        self.env.flush_all()
        path = order._oms_get_tracking_url().removeprefix(order.get_base_url())
        page = self.url_open(path).text
        for words in (request.name, "We are waiting for it", "BACK-1"):
            self.assertIn(words, page)
        request.action_receive()
        self.env.flush_all()
        self.assertIn("We have looked at it", self.url_open(path).text)

    def test_a_return_of_another_order_does_not(self):
        request = self._return(self._shipped(("STD", 2)), 1)
        other = self._shipped(("STD", 1))
        self.assertEqual(other._oms_get_customer_view()["returns"], [])
        self.assertTrue(request.order_id._oms_get_customer_view()["returns"])
