"""PAY-02, PAY-04, PAY-05: an order from the shop's bytes to posted entries."""

from odoo.tests import tagged

from .common import ScenarioCommon


@tagged("post_install", "-at_install")
class TestOrderToCash(ScenarioCommon):
    def test_an_order_with_two_rates_of_tax_is_shipped_invoiced_and_paid(self):
        """Two packets of tea and a mug for Lyon: 33.87, 4.33 of tax, 4.92 of it shipping; they cost 10.50."""
        self._fill(lyon={"TEA-GREEN-100": 5, "MUG-BLUE": 5}, lille={"TEA-GREEN-100": 5})

        order = self._receive("two_vat_rates")
        self.assertEqual((order.state, order.oms_hold_reason, order.amount_total), ("sale", False, 38.20))
        self.assertEqual(self._from(order), {"Lyon": 3})
        self.assertEqual((order.picking_ids.state, order.oms_status), ("assigned", "sourced"))
        self.assertIn("Shipped from Lyon: the only site with both items", order.oms_sourcing_sentence)
        self.assertFalse(order.invoice_ids | self._payments(order))
        self._assert_books(clearing=0)

        self._ship(order)
        self.assertEqual(order.oms_status, "shipped")
        self._assert_books(clearing=0)

        invoice = self._book(order)
        self.assertEqual(
            self._entry(invoice), {"income": -33.87, "tax": -4.33, "receivable": 38.20, "cogs": 10.50, "stock": -10.50}
        )
        self.assertEqual(self._entry(self._payments(order)), {"clearing": 38.20, "receivable": -38.20})
        self.assertEqual((invoice.payment_state, self._open_receivable(order)), ("paid", 0))
        self.assertEqual(order.invoice_status, "invoiced")
        self._assert_books(clearing=38.20)
        self._assert_stock_is_booked()

        self._book(order)
        self.assertEqual((len(order.invoice_ids), len(self._payments(order))), (1, 1))

    def test_goods_valued_first_in_first_out_leave_at_what_they_cost(self):
        """Three chairs and a lamp: 481.65 with shipping, 96.32 of tax; they cost 251."""
        self._fill(marseille={"CHAIR-OAK": 3, "LAMP-BRASS": 1})
        order = self._receive("prices_with_tax")
        self._ship(order)
        self.assertEqual(
            self._entry(self._book(order)),
            {"income": -481.65, "tax": -96.32, "receivable": 577.97, "cogs": 251, "stock": -251},
        )
        self.assertEqual(self._open_receivable(order), 0)
        self._assert_books(clearing=577.97)
        self._assert_stock_is_booked()

    def test_an_order_that_is_invoiced_at_payment_is_booked_before_it_leaves(self):
        self.channel.invoice_policy = "payment"
        self._fill(lyon={"TEA-GREEN-100": 5, "MUG-BLUE": 5})
        order = self._receive("two_vat_rates")
        invoice = self._book(order)
        entry = self._entry(invoice)
        self.assertEqual((entry["income"], entry["tax"], entry["receivable"]), (-33.87, -4.33, 38.20))
        self.assertEqual((invoice.payment_state, order.picking_ids.state), ("paid", "assigned"))
        self._assert_books(clearing=38.20)
        self._ship(order)
        self.assertEqual(self._book(order), invoice)
        self._assert_books(clearing=38.20)
        self._assert_stock_is_booked()

    def test_an_order_in_dollars_is_booked_in_euros(self):
        """107.40 dollars are 85.92 euros at 1.25; the goods cost 22.50 euros, whatever the customer pays in."""
        self._fill(lille={"SHIRT-L": 5, "POT-TERRA-L": 5})
        order = self._receive("us_compound_tax")
        self.assertEqual((order.state, order.currency_id.name, order.amount_total), ("sale", "USD", 107.40))
        self._ship(order)
        invoice = self._book(order)
        self.assertEqual(invoice.amount_total, 107.40)
        entry = self._entry(invoice)
        self.assertEqual((entry["income"], entry["tax"], entry["receivable"]), (-80.76, -5.16, 85.92))
        self.assertEqual((entry["cogs"], entry["stock"]), (22.50, -22.50))
        self.assertEqual(self._entry(self._payments(order)), {"clearing": 85.92, "receivable": -85.92})
        self.assertEqual(self._open_receivable(order), 0)
        self._assert_books(clearing=85.92)
        self._assert_stock_is_booked()

    def test_an_order_in_two_parcels_has_two_invoices_that_sum_to_it(self):
        """Three mugs of seven leave first; shipping goes with the first parcel."""
        self._fill(lyon={"MUG-BLUE": 9, "BOOK-GARDEN": 9, "SEED-TOM": 20})
        order = self._receive("percent_coupon_ugly_cents")
        self._ship(order, {self.goods["MUG-BLUE"]: 3})
        first = self._book(order)
        self.assertEqual(self._entry(first)["cogs"], 12.30)
        self._assert_books(clearing=163.49)
        self._ship(order)
        second = self._book(order) - first
        self.assertEqual(self._round(first.amount_total + second.amount_total), 163.49)
        self.assertEqual(self._open_receivable(order), 0)
        self.assertEqual(set((first | second).mapped("payment_state")), {"paid"})
        self._assert_stock_is_booked()
