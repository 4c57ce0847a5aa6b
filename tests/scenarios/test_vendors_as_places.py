"""FUL-05, RTE-04: a vendor is a place like others: decided by the same rules, asked by a purchase order."""

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.oms_routing.tests.common import RoutingCommon


@tagged("post_install", "-at_install")
class TestVendorsAsPlaces(RoutingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vendor = cls._create_warehouse("Reims Furniture", "RMS", 49.25, 4.03, oms_node_type="vendor")
        seller = {"partner_id": cls.vendor.partner_id.id, "price": 8, "company_id": cls.company.id}
        cls.chair.seller_ids = [Command.create(seller)]

    def _told(self, quantity, vendor=None, minutes_ago=1):
        self.env["oms.stock.feed"].create(
            {
                "warehouse_id": (vendor or self.vendor).id,
                "product_id": self.chair.id,
                "quantity": quantity,
                "told_at": fields.Datetime.subtract(fields.Datetime.now(), minutes=minutes_ago),
            }
        )

    def _available(self, *vendors):
        snapshot = self.env["oms.availability"]._snapshot(self.chair, self.vendor.union(*vendors))
        return [snapshot.available(vendor.id, self.chair.id) for vendor in (self.vendor, *vendors)]

    def _bought(self, order):
        lines = order.order_line.purchase_line_ids.filtered(lambda line: line.state != "cancel")
        return {line.order_id.partner_id.name: line.product_qty for line in lines}

    def test_what_the_vendor_has_and_nobody_else_is_bought_and_sent_by_it(self):
        self._told(5)
        order = self._order(("CHAIR", 2))
        self.assertEqual(self._bought(order), {"Reims Furniture": 2})
        self.assertEqual(self._from(order), {})
        decided = self._decisions(order).line_ids
        self.assertEqual((decided.mode, decided.warehouse_id), ("dropship", self.vendor))
        purchase = order.order_line.purchase_line_ids.order_id
        purchase.action_oms_vendor_shipped("V-1")
        self.assertEqual(order.oms_status, "shipped")

    def test_what_was_bought_it_has_no_more(self):
        self._told(3)
        first = self._order(("CHAIR", 2))
        self.assertEqual(self._available(), [1])
        self._put(self.chair, lyon=5)
        second = self._order(("CHAIR", 2))
        self.assertEqual((self._bought(first), self._bought(second)), ({"Reims Furniture": 2}, {}))
        self.assertEqual(self._from(second), {"Lyon": 2})

    def test_what_was_bought_of_one_vendor_is_taken_off_once_and_off_no_other(self):
        far = self._create_warehouse("Nice Furniture", "NCE", 43.70, 7.27, oms_node_type="vendor")
        seller = {"partner_id": far.partner_id.id, "price": 9, "company_id": self.company.id}
        self.chair.seller_ids = [Command.create(seller)]
        self._told(5)
        self._told(5, far)
        self.assertEqual(self._bought(self._order(("CHAIR", 2))), {"Reims Furniture": 2})
        self.assertEqual(self._available(far), [3, 5])

    def test_what_always_comes_from_its_vendor_is_taken_off_what_he_told_until_he_tells_again(self):
        self.chair.route_ids = [Command.link(self.env.ref("stock_dropshipping.route_drop_shipping").id)]
        self._told(5)
        order = self._order(("CHAIR", 2))
        self.assertEqual((self._bought(order), len(self._decisions(order))), ({"Reims Furniture": 2}, 0))
        self.assertEqual(self._available(), [3])
        self.env["oms.stock.feed"].search([("warehouse_id", "=", self.vendor.id)]).unlink()
        self._told(3, minutes_ago=-1)
        self.assertEqual(self._available(), [3], "he knows of what was bought before")

    def test_a_line_from_a_shelf_and_from_a_vendor_is_asked_for_once(self):
        self._told(3)
        self._put(self.chair, lyon=2)
        order = self._order(("CHAIR", 5))
        self.assertEqual((self._from(order), self._bought(order)), ({"Lyon": 2}, {"Reims Furniture": 3}))
        self.assertFalse(order._oms_missing())
        order.order_line.name = "Changed"
        order.order_line._action_launch_stock_rule()
        self.assertEqual((self._from(order), self._bought(order)), ({"Lyon": 2}, {"Reims Furniture": 3}))

    def test_what_the_vendor_rejects_comes_from_elsewhere(self):
        self._told(5)
        order = self._order(("CHAIR", 2))
        self._put(self.chair, marseille=4)
        order.order_line.purchase_line_ids.order_id.action_oms_vendor_reject()
        self.assertEqual((self._from(order), self._bought(order)), ({"Marseille": 2}, {}))
        last = self._decisions(order)[-1]
        self.assertIn("rejected", self._candidate(last, self.vendor).reason)
