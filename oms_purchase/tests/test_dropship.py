from odoo import fields
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

    # --------------------------------------------------------------------------------------------------- NEW ADDRESS

    def test_a_new_address_reaches_what_the_vendor_was_not_asked_for_yet(self):
        change = self._change_address(self.order)
        self.assertIn(f"{self.purchase.name} gets the new address before Vendor", change.preview)
        change.with_user(self._create_user("address_clerk", "oms_core.group_oms_user")).action_apply()
        address = self.order.partner_shipping_id
        self.assertEqual((address.street, self.purchase.dest_address_id), ("2 rue Neuve", address))
        self.assertFalse(self.purchase.activity_ids)
        self.purchase.action_oms_vendor_accept()
        self.assertEqual(self.order.picking_ids.partner_id, self.vendor)
        self.assertEqual(self.order.picking_ids.move_ids.partner_id, address)

    def test_a_vendor_that_was_told_the_old_address_is_to_be_told_the_new_one(self):
        buyer = self._create_user("buyer", "purchase.group_purchase_user")
        for tell in (lambda purchase: purchase.write({"state": "sent"}), lambda purchase: purchase.button_confirm()):
            with self.subTest():
                order = self._order(("DROP", 2))
                purchase = order.order_line.purchase_line_ids.order_id
                purchase.user_id = buyer
                tell(purchase)
                change = self._change_address(order)
                self.assertIn("Vendor knows the old one", change.preview)
                change.action_apply()
                self.assertEqual(purchase.dest_address_id, order.partner_shipping_id)
                self.assertFalse(order.picking_ids.move_ids.partner_id - order.partner_shipping_id)
                self.assertFalse(order.picking_ids.partner_id - self.vendor)
                task = purchase.activity_ids
                self.assertEqual((task.summary, task.user_id), ("Tell the vendor the new address", buyer))
                self.assertIn("2 rue Neuve", task.note)
                self._change_address(order, street="3 rue Neuve").action_apply()
                self.assertEqual(purchase.activity_ids, task, "one task, with the address that holds")
                self.assertIn("3 rue Neuve", task.note)

    def test_of_what_the_vendor_has_sent_it_is_told_nothing_more(self):
        other = self._order(("DROP", 1), ("STD", 1))
        purchase = other.order_line.purchase_line_ids.order_id
        purchase.action_oms_vendor_shipped("V-1")
        change = self._change_address(other)
        self.assertNotIn(purchase.name, change.preview)
        change.action_apply()
        self.assertFalse(purchase.activity_ids)

    def test_a_purchase_for_two_orders_goes_to_one_address_so_neither_is_changed(self):
        other = self._order(("DROP", 1))
        theirs = other.order_line.purchase_line_ids
        theirs.order_id = self.purchase
        change = self._change_address(self.order)
        self.assertIn(f"{self.purchase.name} is bought for other orders too", change.refusal)
        self.assertEqual(self.order._oms_get_allowed_changes()["address"][:2], (False, "picking"))
        with self.assertRaisesRegex(UserError, "for other orders too"):
            change.action_apply()
        self.assertNotEqual(self.purchase.dest_address_id.street, "2 rue Neuve")


class TestVendorBill(OmsCommon):
    """ACC-03: what the vendor bills is compared with what was ordered and what it has sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vendor = cls.env["res.partner"].create({"name": "Vendor"})
        cls._create_product(
            "DROP",
            route_ids=[Command.link(cls.env.ref("stock_dropshipping.route_drop_shipping").id)],
            seller_ids=[Command.create({"partner_id": cls.vendor.id, "price": 8, "company_id": cls.company.id})],
        )
        if not cls.env["account.journal"].search([("type", "=", "purchase"), ("company_id", "=", cls.company.id)]):
            cls.env["account.journal"].create(
                {"name": "Bills", "code": "BILL", "type": "purchase", "company_id": cls.company.id}
            )

    def _bill(self, price=8, sent=True):
        purchase = self._order(("DROP", 2)).order_line.purchase_line_ids.order_id
        purchase.order_line.product_id.purchase_method = "purchase"
        purchase.action_oms_vendor_accept()
        if sent:
            purchase.action_oms_vendor_shipped("V-1")
        purchase.action_create_invoice()
        bill = purchase.invoice_ids
        bill.invoice_date = fields.Date.today()
        bill.invoice_line_ids.price_unit = price
        return bill

    def _check(self):
        self.env["oms.check"]._run(self.company, "vendor_bills")
        return self.env["oms.check.result"].search(
            [("company_id", "=", self.company.id), ("code", "=", "vendor_bills"), ("state", "!=", "gone")]
        )

    def test_a_bill_that_agrees_is_posted_without_a_word(self):
        bill = self._bill()
        bill.action_post()
        self.assertFalse(bill.oms_vendor_differences)
        self.assertFalse(bill.activity_ids)
        self.assertFalse(self._check())

    def test_another_price_is_said_on_the_bill_in_a_task_and_by_the_auditor(self):
        bill = self._bill(price=9)
        self.assertIn("billed at 9, ordered at 8, 2 more for 2", bill.oms_vendor_differences)
        bill.action_post()
        self.assertEqual(bill.activity_ids.summary, "Billed otherwise than ordered")
        result = self._check()
        self.assertIn("ordered at 8", result.sentence)
        self.assertEqual(result.amount, 2.0)

    def test_bills_are_read_together_and_not_one_by_one(self):
        checks = self.env["oms.check"]

        def count(bills):
            self._bill(price=9).action_post()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            found = list(checks._check_vendor_bills(self.company, checks._get_scope(self.company)))
            self.assertEqual(len(found), bills)
            return self.cr.sql_log_count - before

        counts = [count(bills) for bills in (1, 2, 3)]
        self.assertLess(counts[-1] - counts[0], 5, counts)

    def test_what_was_not_sent_is_not_owed_yet(self):
        self.assertIn("2 are billed and 0 were sent", self._bill(sent=False).oms_vendor_differences)


class TestVendorRejects(OmsCommon):
    """FUL-05: what one vendor does not send, the next one is asked for, and the customer's promise follows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.second, cls.third = cls.env["res.partner"].create(
            [{"name": "First"}, {"name": "Second"}, {"name": "Third"}]
        )
        route = Command.link(cls.env.ref("stock_dropshipping.route_drop_shipping").id)
        company = cls.company.id
        for sku, vendors in (("DROP", cls.first + cls.second), ("OTHER", cls.third)):
            sellers = [
                Command.create({"partner_id": vendor.id, "price": 8, "sequence": number, "company_id": company})
                for number, vendor in enumerate(vendors)
            ]
            cls._create_product(sku, route_ids=[route], seller_ids=sellers)

    def _bought(self, order):
        """{vendor: quantity} that is bought for an order."""
        lines = order.order_line.purchase_line_ids.filtered(lambda line: line.state != "cancel" and line.product_qty)
        return {line.partner_id.name: line.product_qty for line in lines}

    def _purchase(self, order, vendor):
        return order.order_line.purchase_line_ids.order_id.filtered(
            lambda purchase: purchase.partner_id == vendor and purchase.state != "cancel"
        )

    def _reject(self, purchase, quantity, reason="Discontinued"):
        wizard = self.env["oms.vendor.reject"].create({"purchase_id": purchase.id, "reason": reason})
        wizard.line_ids.quantity = quantity
        wizard.action_reject()

    def test_what_one_vendor_rejects_in_part_the_next_one_sends(self):
        order = self._order(("DROP", 3))
        self._reject(self._purchase(order, self.first), 1)
        self.assertEqual(self._bought(order), {"First": 2, "Second": 1})
        self.assertFalse(self._holds(order))
        self.assertIn("First rejected 1 × ", "".join(order.message_ids.mapped("body")))
        self._purchase(order, self.first).action_oms_vendor_shipped("V-1")
        self.assertEqual((order.order_line.qty_delivered, order.oms_status), (2, "partial"))
        self._purchase(order, self.second).action_oms_vendor_shipped("V-2")
        self.assertEqual((order.order_line.qty_delivered, order.oms_status), (3, "shipped"))

    def test_after_it_accepted_a_vendor_may_still_reject_a_part(self):
        order = self._order(("DROP", 3))
        purchase = self._purchase(order, self.first)
        purchase.action_oms_vendor_accept()
        self._reject(purchase, 1)
        self.assertEqual(self._bought(order), {"First": 2, "Second": 1})
        moves = purchase.picking_ids.move_ids.filtered(lambda move: move.state != "cancel")
        self.assertEqual((sum(moves.mapped("product_uom_qty")), self._holds(order)), (2, []))

    def test_when_the_last_vendor_rejects_the_order_stops_and_nobody_is_asked_twice(self):
        order = self._order(("DROP", 3))
        self._purchase(order, self.first).action_oms_vendor_reject()
        self.assertEqual(self._bought(order), {"Second": 3})
        self._reject(self._purchase(order, self.second), 2)
        self.assertEqual(self._bought(order), {"Second": 1})
        self.assertEqual(self._holds(order), ["stock"])
        self.assertIn("Second rejected 2", order.oms_hold_reason)
        self.assertIn("Discontinued", order.oms_hold_reason)

    def test_several_vendors_of_an_order_do_not_meddle_with_each_other(self):
        order = self._order(("DROP", 2), ("OTHER", 1))
        self.assertEqual(self._bought(order), {"First": 2, "Third": 1})
        self._purchase(order, self.third).action_oms_vendor_shipped("T-1")
        self._purchase(order, self.first).action_oms_vendor_reject()
        self.assertEqual(self._bought(order), {"Second": 2, "Third": 1})
        self._purchase(order, self.second).action_oms_vendor_shipped("S-1")
        self.assertEqual(order.oms_status, "shipped")
        self.assertEqual(
            sorted(order.picking_ids.filtered("carrier_tracking_ref").mapped("carrier_tracking_ref")), ["S-1", "T-1"]
        )

    def test_the_promise_follows_what_vendors_say(self):
        order = self._order(("DROP", 3))
        purchase = self._purchase(order, self.first)
        purchase.action_oms_vendor_accept("2026-12-24 10:00:00")
        self.assertEqual(str(order.oms_promised_at), "2026-12-24 10:00:00")
        purchase.order_line.date_planned = "2026-12-30 10:00:00"
        self.assertEqual(str(order.oms_promised_at), "2026-12-30 10:00:00")
        self._reject(purchase, 3)
        second = self._purchase(order, self.second)
        self.assertEqual(order.oms_promised_at, second.order_line.date_planned)

    def test_not_more_is_rejected_than_is_open(self):
        order = self._order(("DROP", 3))
        with self.assertRaisesRegex(UserError, "only 3"):
            self._reject(self._purchase(order, self.first), 4)
