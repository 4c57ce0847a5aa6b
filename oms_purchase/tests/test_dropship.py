from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.oms_core.tests.common import OmsCommon


class TestDropship(OmsCommon):
    """FUL-05: a vendor sends to the customer what was bought for the order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vendor = cls.env["res.partner"].create({"name": "Vendor"})
        cls.product = cls._create_product(
            "DROP",
            route_ids=[Command.link(cls.env.ref("stock_dropshipping.route_drop_shipping").id)],
            seller_ids=[Command.create({"partner_id": cls.vendor.id, "price": 8, "company_id": cls.company.id})],
        )

    def setUp(self):
        super().setUp()
        self.order = self._order(("DROP", 2))
        self.purchase = self.order.order_line.purchase_line_ids.order_id
        self.shipped = []
        shipped = self.shipped

        def on_shipped(pickings):
            shipped.extend(pickings.ids)

        self.patch(type(self.env["stock.picking"]), "_oms_on_shipped", on_shipped)

    def test_what_the_vendor_sends_is_shipped_told_and_booked(self):
        self.assertEqual((self.purchase.partner_id, self.purchase.state), (self.vendor, "draft"))
        self.purchase.action_oms_vendor_accept("2026-12-24 10:00:00")
        self.assertEqual(self.purchase.state, "purchase")
        self.assertEqual(str(self.purchase.order_line.date_planned), "2026-12-24 10:00:00")
        self.purchase.action_oms_vendor_shipped("V-1")
        picking = self.order.picking_ids
        self.assertEqual((picking.state, picking.carrier_tracking_ref), ("done", "V-1"))
        self.assertEqual(self.shipped, picking.ids)
        self.assertEqual(self.order.oms_status, "shipped")
        self.assertEqual(self._book(self.order).amount_total, self.order.amount_total)
        with self.assertRaisesRegex(UserError, "already"):
            self.purchase.action_oms_vendor_shipped("V-1")

    def test_a_vendor_that_rejects_stops_the_order_with_a_sentence(self):
        self.purchase.action_oms_vendor_reject()
        self.assertEqual(self.purchase.state, "cancel")
        self.assertEqual(self._holds(self.order), ["stock"])
        self.assertIn("Vendor rejected", self.order.oms_hold_reason)
        with self.assertRaisesRegex(UserError, "cancelled"):
            self.purchase.action_oms_vendor_accept()

    def test_a_vendor_may_reject_after_it_accepted(self):
        self.purchase.action_oms_vendor_accept()
        self.purchase.action_oms_vendor_reject()
        self.assertEqual(self.order.picking_ids.mapped("state"), ["cancel"])
        self.assertEqual(self._holds(self.order), ["stock"])
