"""PAY-04, PAY-05: goods come back, money goes back, and the books close."""

from odoo.tests import tagged

from .common import ScenarioCommon


@tagged("post_install", "-at_install")
class TestReturnToRefund(ScenarioCommon):
    def _shipped(self, case):
        order = self._receive(case)
        self._ship(order)
        self._book(order)
        return order

    def test_a_return_reverses_exactly_what_came_back(self):
        """One of two packets of tea (average cost, 16.87 and 0.93 of tax: the first half is the larger one) and the mug."""
        self._fill(lyon={"TEA-GREEN-100": 5, "MUG-BLUE": 5})
        order = self._shipped("two_vat_rates")
        request, refund = self._send_in(order, {"TEA-GREEN-100": 1, "MUG-BLUE": 1})
        net, tax = 12.08 + 8.44, 2.42 + 0.47
        self.assertEqual(
            self._entry(refund),
            {
                "income": self._round(net),
                "tax": self._round(tax),
                "receivable": -self._round(net + tax),
                "cogs": -7.30,
                "stock": 7.30,
            },
        )
        self.assertEqual(self._open_receivable(order), -self._round(net + tax))
        self._assert_books(clearing=38.20)
        self._assert_stock_is_booked()

        request.action_repay()
        repayment = self._payments(order)[-1]
        self.assertEqual(
            self._entry(repayment), {"receivable": self._round(net + tax), "clearing": -self._round(net + tax)}
        )
        self.assertEqual((self._open_receivable(order), refund.payment_state), (0, "paid"))
        self._assert_books(clearing=self._round(38.20 - net - tax))

        documents = order.invoice_ids
        self._book(order)
        self.assertEqual(order.invoice_ids, documents)

    def test_an_order_that_comes_back_piece_by_piece_leaves_only_its_shipping(self):
        """Seven mugs, three books and eleven packets of seed at ugly cents, in three returns."""
        self._fill(lyon={"MUG-BLUE": 9, "BOOK-GARDEN": 9, "SEED-TOM": 20})
        order = self._shipped("percent_coupon_ugly_cents")
        for pieces in (
            {"MUG-BLUE": 3, "SEED-TOM": 4},
            {"MUG-BLUE": 2, "BOOK-GARDEN": 2, "SEED-TOM": 6},
            {"MUG-BLUE": 2, "BOOK-GARDEN": 1, "SEED-TOM": 1},
        ):
            request, _refund = self._send_in(order, pieces)
            request.action_repay()
            self.assertEqual(self._open_receivable(order), 0)
        self._assert_books(clearing=4.99)
        self._assert_stock_is_booked()
        total = {}
        for move in order.invoice_ids:
            for role, amount in self._entry(move).items():
                total[role] = self._round(total.get(role, 0) + amount)
        self.assertEqual(total, {"income": -4.16, "tax": -0.83, "receivable": 4.99, "cogs": 0, "stock": 0})

    def test_chairs_come_back_at_what_they_cost_when_they_left(self):
        """Sold at 71 each, first in first out; dearer ones have come in since."""
        self._fill(marseille={"CHAIR-OAK": 3, "LAMP-BRASS": 1})
        order = self._shipped("prices_with_tax")
        self.goods["CHAIR-OAK"].standard_price = 99
        _request, refund = self._send_in(order, {"CHAIR-OAK": 2})
        entry = self._entry(refund)
        self.assertEqual((entry["cogs"], entry["stock"]), (-142, 142))

    def test_a_return_of_an_order_in_dollars_is_repaid_in_dollars(self):
        """One shirt of two: 24.90 and 2.09 of tax in dollars, at the rate of 1.25."""
        self._fill(lille={"SHIRT-L": 5, "POT-TERRA-L": 5})
        order = self._shipped("us_compound_tax")
        request, refund = self._send_in(order, {"SHIRT-L": 1})
        self.assertEqual((refund.currency_id.name, refund.amount_untaxed), ("USD", 24.90))
        self.assertIn(refund.amount_tax, (2.08, 2.09))
        self.assertEqual((self._entry(refund)["cogs"], self._entry(refund)["stock"]), (-8, 8))
        request.action_repay()
        repayment = order.transaction_ids.filtered(lambda tx: tx.operation == "refund")
        self.assertEqual((repayment.currency_id.name, -repayment.amount), ("USD", refund.amount_total))
        self.assertEqual(self._open_receivable(order), 0)
        self._assert_books(clearing=self._round(85.92 - refund.amount_total / 1.25))
        self._assert_stock_is_booked()

    def test_a_return_of_an_order_invoiced_at_payment_is_not_invoiced_again(self):
        self.channel.invoice_policy = "payment"
        self._fill(lyon={"TEA-GREEN-100": 5, "MUG-BLUE": 5})
        order = self._receive("two_vat_rates")
        self._book(order)
        self._ship(order)
        request, refund = self._send_in(order, {"MUG-BLUE": 1})
        self.assertEqual((refund.amount_untaxed, refund.amount_tax), (12.08, 2.42))
        documents = order.invoice_ids
        self._book(order)
        self.assertEqual(order.invoice_ids, documents)
        request.action_repay()
        self._assert_books(clearing=self._round(38.20 - 14.50))
        self._assert_stock_is_booked()

    def test_what_came_back_is_sold_again(self):
        """The mug of one order is the mug of the next."""
        self._fill(lyon={"TEA-GREEN-100": 5, "MUG-BLUE": 1})
        order = self._shipped("two_vat_rates")
        waiting = self._receive("custom_status")
        waiting.action_oms_release()
        self.assertEqual(waiting.oms_status, "waiting")
        self._send_in(order, {"MUG-BLUE": 1})
        waiting.picking_ids.action_assign()
        self.assertEqual((self._from(waiting), waiting.oms_status), ({"Lille": 1}, "waiting"))
        self.assertEqual(
            self._from(self._order_in(self.goods["MUG-BLUE"].uom_id, 1, self.goods["MUG-BLUE"])), {"Lyon": 1}
        )
