"""PAY-06: money back: for what came back and no more, down to each debit and credit."""

from decimal import Decimal

from odoo.exceptions import UserError
from odoo.fields import Command

from .common import ReturnsCommon


class TestRefund(ReturnsCommon):
    def _refund(self, request):
        """Refund, and tell the new credit notes."""
        before = request.refund_ids
        request.action_refund()
        return request.refund_ids - before

    # ---------------------------------------------------------------------------------------------- WHAT IS BOOKED

    def test_the_credit_note_is_the_invoice_for_what_came_back(self):
        """Three sold for 60 and 12 of tax, at a cost of 30; two come back. The same whatever the way of costing is."""
        for sku in ("STD", "AVG", "FIFO"):
            with self.subTest(sku):
                order = self._shipped((sku, 3))
                invoice = order.invoice_ids
                self.assertEqual(
                    self._entry(invoice),
                    {"income": (0, 60), "tax": (0, 12), "receivable": (72, 0), "cogs": (30, 0), "stock": (0, 30)},
                )
                request = self._returned(order, 2)
                refund = self._refund(request)
                self.assertEqual((refund.move_type, refund.reversed_entry_id), ("out_refund", invoice))
                self.assertEqual(
                    self._entry(refund),
                    {"income": (40, 0), "tax": (8, 0), "receivable": (0, 48), "cogs": (0, 20), "stock": (20, 0)},
                )
                self.assertEqual((request.stage, request.amount_refunded, request.amount_to_repay), ("settled", 48, 48))
                self.assertEqual(request.line_ids.quantity_refunded, 2)

    def test_a_cost_that_changed_in_between_changes_nothing(self):
        """Sold at a cost of 10, 15 when they come back: what is taken back is the 10."""
        for product in (self.product_standard, self.product_average, self.product_fifo):
            with self.subTest(product.default_code):
                order = self._shipped((product.default_code, 2))
                self._buy(product, 50, 40.0)
                if product.cost_method != "fifo":
                    product.standard_price = 15.0
                entry = self._entry(self._refund(self._returned(order, 1)))
                self.assertEqual((entry["cogs"], entry["stock"]), ((0, 10), (10, 0)))

    def test_goods_come_back_at_the_value_at_which_they_left(self):
        for product in (self.product_average, self.product_fifo):
            with self.subTest(product.default_code):
                order = self._shipped((product.default_code, 2))
                self._buy(product, 50, 40.0)
                request = self._returned(order, 1)
                self.assertEqual(request.picking_ids.move_ids.value, 10)

    def test_charges_beside_the_goods_are_not_refunded_with_them(self):
        order = self._shipped_with_shipping()
        refund = self._refund(self._returned(order, 1))
        self.assertEqual(refund.amount_total, 24)
        self.assertEqual(refund.invoice_line_ids.product_id, self.product_standard)

    def test_several_lines_and_two_taxes_are_refunded_together(self):
        order = self._shipped(("STD", 2, "40", 20), ("AVG", 1, "10", "5.5"))
        refund = self._refund(self._returned(order, 1, 1))
        self.assertEqual(
            self._entry(refund),
            {"income": (30, 0), "tax": (4.55, 0), "receivable": (0, 34.55), "cogs": (0, 20), "stock": (20, 0)},
        )

    def test_an_order_entered_by_hand_is_refunded_at_its_own_price(self):
        """Nothing of a platform pins its amounts: the price of the invoice is the price of the credit note."""
        customer = self.env["res.partner"].create({"name": "Ada", "country_id": self.country.id})
        order = self.env["sale.order"].create(
            {
                "partner_id": customer.id,
                "company_id": self.company.id,
                "oms_channel_id": self.channel.id,
                "fiscal_position_id": False,
                "order_line": [
                    Command.create({"product_id": self.product_standard.id, "product_uom_qty": 3, "price_unit": 15})
                ],
            }
        )
        order.action_confirm()
        self._ship(order)
        order._create_invoices().action_post()
        refund = self._refund(self._returned(order, 2))
        self.assertEqual((refund.amount_untaxed, refund.amount_tax), (30, 6))

    def test_two_lines_of_one_product_are_refunded_each_at_its_price(self):
        order = self._shipped(("STD", 2, "40", 20), ("STD", 1, "7", 20))
        refund = self._refund(self._returned(order, 1, 1))
        self.assertEqual(sorted(refund.invoice_line_ids.mapped("price_subtotal")), [7, 20])
        self.assertEqual(self._entry(refund)["stock"], (20, 0))

    def test_goods_that_were_free_bring_back_their_cost_and_no_money(self):
        order = self._shipped(("STD", 2, "0", 20))
        request = self._returned(order, 1)
        refund = self._refund(request)
        self.assertEqual((refund.amount_total, request.amount_to_repay), (0, 0))
        entry = self._entry(refund)
        self.assertEqual((entry["stock"], entry["cogs"]), ((10, 0), (0, 10)))
        self.assertEqual(request.stage, "closed")

    # ------------------------------------------------------------------------------------------------ TO THE CENT

    def test_parts_of_a_refund_sum_to_the_invoice(self):
        """10.00 for three pieces and 0.55 of tax, coming back one by one."""
        order = self._shipped(("STD", 3, "10.00", "5.5"))
        invoice = order.invoice_ids
        self.assertEqual(invoice.amount_total, 10.55)
        refunds = [self._refund(self._returned(order, 1)) for _piece in range(3)]
        self.assertEqual(sum(Decimal(str(refund.amount_untaxed)) for refund in refunds), Decimal("10.00"))
        self.assertEqual(sum(Decimal(str(refund.amount_tax)) for refund in refunds), Decimal("0.55"))
        self.assertEqual(
            self._totals(order), {"income": 0, "tax": 0, "receivable": -10.55, "cogs": 0, "stock": 0, "clearing": 10.55}
        )

    def test_parts_of_an_invoice_with_two_taxes_sum_to_it(self):
        order = self._shipped(("STD", 3, "10.00", 20), ("AVG", 7, "33.33", "5.5"))
        invoice = order.invoice_ids
        quantities = [(1, 2), (1, 3), (1, 2)]
        refunds = [self._refund(self._returned(order, *quantity)) for quantity in quantities]
        self.assertEqual(
            sum(Decimal(str(refund.amount_total)) for refund in refunds), Decimal(str(invoice.amount_total))
        )
        self.assertEqual(sum(Decimal(str(refund.amount_tax)) for refund in refunds), Decimal(str(invoice.amount_tax)))

    def test_the_way_there_does_not_matter(self):
        """Ship one, ship two, send one back, send the others back: nothing is left, not a cent."""
        order = self._order(("STD", 3, "10.00", 20))
        self._ship(order, {self.product_standard: 1})
        self._book(order)
        self._ship(order)
        self._book(order)
        for quantity in (1, 2):
            request = self._returned(order, quantity)
            self._refund(request)
        invoices = order.invoice_ids
        self.assertEqual(invoices.mapped("move_type").count("out_invoice"), 2)
        self.assertEqual(self._totals(order)["income"], 0)
        self.assertEqual(self._totals(order)["tax"], 0)

    def test_what_is_shipped_after_a_refund_is_invoiced_at_its_own_share(self):
        """Ship two of three, one comes back; ship the third: two are charged, as if only two had been sent."""
        order = self._order(("STD", 3, "10.00", 20))
        self._ship(order, {self.product_standard: 2})
        self._book(order)
        self._refund(self._returned(order, 1))
        self._ship(order)
        self._book(order)
        self.assertEqual(order.order_line.qty_invoiced, 2)
        self.assertEqual(self._totals(order)["income"], -6.67)

    def test_parts_of_an_untaxed_order_sum_to_it(self):
        """10.00 for three pieces that leave and come back one by one, as an export without any tax."""
        order = self._order(("STD", 3, "10.00", None))
        for _piece in range(3):
            self._ship(order, {self.product_standard: 1})
            self._book(order)
        self.assertEqual(sorted(order.invoice_ids.mapped("amount_total")), [3.33, 3.33, 3.34])
        refunds = [self._refund(self._returned(order, 1)) for _piece in range(3)]
        self.assertEqual(sorted(refund.amount_total for refund in refunds), [3.33, 3.33, 3.34])

    def test_an_invoice_is_refunded_in_whole_though_the_order_was_changed_since(self):
        """Two of three are sent and invoiced at 6.67, then the third is dropped; both come back one by one."""
        order = self._order(("STD", 3, "10.00", 20))
        self._ship(order, {self.product_standard: 2})
        self._book(order)
        order.order_line.product_uom_qty = 2
        for _piece in range(2):
            self._refund(self._returned(order, 1))
        self.assertEqual(self._totals(order)["income"], 0)
        self.assertEqual(self._totals(order)["tax"], 0)

    # --------------------------------------------------------------------------------------------------- HOW MUCH

    def test_only_what_was_received_is_refunded(self):
        order = self._shipped(("STD", 3))
        request = self._return(order, 3)
        self._receive_part(request, 1)
        self.assertEqual(self._refund(request).amount_untaxed, 20)
        self.assertEqual(request.stage, "partial")
        request.action_receive()
        self.assertEqual(self._refund(request).amount_untaxed, 40)
        self.assertEqual((request.stage, request.line_ids.quantity_refunded), ("settled", 3))

    def test_nothing_is_refunded_twice(self):
        request = self._returned(self._shipped(("STD", 3)), 2)
        request.action_refund()
        with self.assertRaisesRegex(UserError, "Nothing has come back .* not refunded already"):
            request.action_refund()
        self.assertEqual(len(request.refund_ids), 1)

    def test_nothing_is_refunded_before_it_came_back(self):
        request = self._return(self._shipped(("STD", 3)), 2)
        with self.assertRaisesRegex(UserError, "Receive the goods first"):
            request.action_refund()

    def test_what_was_never_invoiced_is_not_refunded(self):
        order = self._order(("STD", 2))
        self._ship(order)
        request = self._returned(order, 1)
        with self.assertRaisesRegex(UserError, "on no posted invoice"):
            request.action_refund()
        self.assertFalse(order.invoice_ids)

    def test_what_an_accountant_credited_by_hand_is_not_credited_again(self):
        """A credit note made from the order, not by reversing its invoice, is one too."""
        order = self._shipped(("STD", 2))
        request = self._return(order, 2)
        invoice = order.invoice_ids
        by_hand = invoice.copy({"move_type": "out_refund", "invoice_date": invoice.invoice_date})
        by_hand.invoice_line_ids.quantity = 1
        by_hand.invoice_line_ids.sale_line_ids = order.order_line
        by_hand.action_post()
        self.assertEqual(order.order_line.qty_invoiced, 1)
        request.action_receive()
        refund = self._refund(request)
        self.assertEqual((refund.amount_total, request.line_ids.quantity_refunded), (24, 1))
        self.assertEqual(
            {row.move_id: (row.quantity, row.note) for row in request.settlement_ids},
            {by_hand: (1, "Credited by hand"), refund: (1, False)},
        )
        self.assertEqual((request.stage, order.order_line.qty_invoiced), ("settled", 0))
        self.assertEqual(request.posting_ids, by_hand | refund)

    def test_what_was_credited_by_hand_in_whole_is_settled_without_another_credit_note(self):
        """And it counts once: what comes back after that is on no invoice."""
        order = self._shipped(("STD", 3))
        first, second, third = requests = [self._return(order, 1) for _each in range(3)]
        invoice = order.invoice_ids
        by_hand = invoice._reverse_moves()
        by_hand.invoice_line_ids.quantity = 2
        by_hand.action_post()
        order.order_line.product_uom_qty = 3
        for request in requests:
            request.action_receive()
        for request in (first, second):
            self._refund(request)
        self.assertEqual([bool(request.refund_ids) for request in (first, second)], [True, False])
        self.assertEqual(second.settlement_ids.move_id, by_hand)
        self.assertFalse(self._refund(third))
        self.assertEqual(third.settlement_ids.move_id, by_hand)
        self.assertEqual(sum((first | second | third).settlement_ids.mapped("quantity")), 3)

    def test_a_refund_may_span_invoices(self):
        order = self._order(("STD", 3))
        for quantity in (1, 2):
            self._ship(order, {self.product_standard: quantity})
            self._book(order)
        request = self._returned(order, 3)
        refunds = self._refund(request)
        self.assertEqual(sorted(refunds.mapped("amount_untaxed")), [20, 40])
        self.assertEqual(refunds.reversed_entry_id, order.invoice_ids.filtered(lambda m: m.move_type == "out_invoice"))
        self.assertEqual(len(set(refunds.mapped("oms_key"))), 2)

    def test_a_credit_note_that_was_deleted_gives_its_number_to_no_other(self):
        order = self._shipped(("STD", 3))
        request = self._return(order, 3)
        refunds = []
        for _number in range(2):
            self._receive_part(request, 1)
            refunds.append(self._refund(request))
        refunds[0].button_draft()
        refunds[0].with_context(force_delete=True).unlink()
        self._receive_part(request, 1)
        third = self._refund(request)
        self.assertEqual(len(set((refunds[1] | third).mapped("oms_key"))), len(refunds[1] | third))
        self.assertEqual(refunds[1].oms_key, f"refund:{request.id}:2")
        self.assertIn(f"refund:{request.id}:3", third.mapped("oms_key"))

    # ------------------------------------------------------------------------------------------------- AFTERWARDS

    def test_a_refunded_order_is_not_invoiced_again(self):
        order = self._shipped(("STD", 3))
        self._refund(self._returned(order, 2))
        line = order.order_line
        self.assertEqual((line.qty_delivered, line.qty_invoiced, line.qty_to_invoice), (1, 1, 0))
        self.assertNotEqual(order.invoice_status, "to invoice")
        documents = order.invoice_ids
        self.assertFalse(order.filtered_domain(order._oms_booking_domain()))
        self._book(order)
        self.assertEqual(order.invoice_ids, documents)

    def test_goods_that_came_back_and_are_not_refunded_yet_are_not_credited_by_the_job(self):
        order = self._shipped(("STD", 3))
        self._returned(order, 2)
        documents = order.invoice_ids
        self._book(order)
        self.assertEqual((order.invoice_ids, order.order_line.qty_to_invoice), (documents, 0))

    def test_the_repayment_empties_the_receivable(self):
        order = self._shipped(("STD", 3))
        request = self._returned(order, 2)
        request.action_refund()
        self.assertEqual((self._open_receivable(order), self._net(self.clearing_account)), (-48, 72))
        request.action_repay()
        self.assertEqual((self._open_receivable(order), self._net(self.clearing_account)), (0, 24))
        repayment = order.transaction_ids.filtered(lambda tx: tx.operation == "refund").payment_id
        self.assertEqual(self._entry(repayment.move_id), {"receivable": (48, 0), "clearing": (0, 48)})
        self.assertEqual((request.amount_to_repay, request.refund_ids.payment_state), (0, "paid"))
        with self.assertRaisesRegex(UserError, "nothing to pay back"):
            request.action_repay()

    def test_no_more_is_paid_back_than_the_channel_took(self):
        """Two returns of one order that was paid in whole: each is paid back, and then nothing is left."""
        order = self._shipped(("STD", 2))
        for _piece in range(2):
            request = self._returned(order, 1)
            request.action_refund()
            request.action_repay()
        self.assertEqual((self._open_receivable(order), self._net(self.clearing_account)), (0, 0))

    def test_what_the_channel_did_not_take_it_does_not_pay_back(self):
        order = self._shipped(("STD", 2), payments=())
        self._pay_by_hand(order)
        request = self._returned(order, 1)
        request.action_refund()
        with self.assertRaisesRegex(UserError, "by hand"):
            request.action_repay()

    def test_of_what_it_took_in_part_the_channel_does_not_pay_back_all(self):
        """48 in all, of which the channel took 10 and the rest was paid at the desk; 24 come back."""
        order = self._shipped(("STD", 2), payments=(self._payment(10),))
        self._pay_by_hand(order)
        self.assertEqual(self._open_receivable(order), 0)
        request = self._returned(order, 1)
        request.action_refund()
        with self.assertRaisesRegex(UserError, "took only 10"):
            request.action_repay()
        self.assertEqual(self._net(self.clearing_account), 10)

    def test_what_was_paid_with_a_gift_card_is_not_paid_back_in_money(self):
        """48 in all: 30 with a gift card, 18 by card. Of 24 that come back, 9 go back in money and 15 to the gift card."""
        order = self._shipped(("STD", 2), payments=(self._payment(30, tender="gift_card"), self._payment(18)))
        self.assertEqual(order.invoice_ids.payment_state, "paid")
        request = self._returned(order, 1)
        request.action_refund()
        request.action_repay()
        self.assertEqual((self._net(self.clearing_account), request.amount_to_repay), (9, 0))

    def test_cash_goes_back_out_of_the_till(self):
        till = self.env["account.journal"].create(
            {"name": "Till", "code": "TILL", "type": "cash", "company_id": self.company.id}
        )
        self.channel.cash_journal_id = till
        order = self._shipped(("STD", 2), payments=(self._payment(48, tender="cash"),))
        request = self._returned(order, 1)
        request.action_refund()
        request.action_repay()
        self.assertEqual((self._net(till.default_account_id), self._open_receivable(order)), (24, 0))

    def test_a_credit_note_of_an_unpaid_invoice_is_set_off_against_it(self):
        order = self._shipped(("STD", 3), payments=())
        invoice = order.invoice_ids
        request = self._returned(order, 2)
        request.action_refund()
        self.assertEqual((invoice.amount_residual, request.amount_to_repay), (24, 0))
        self.assertEqual(invoice.payment_state, "partial")
        with self.assertRaisesRegex(UserError, "nothing to pay back"):
            request.action_repay()

    def test_the_ledger_agrees_with_the_shelves(self):
        """What the stock account says changed by what the goods on the shelves did."""
        products = self.product_standard | self.product_average | self.product_fifo
        stock = self._account("stock")
        before = sum(products.mapped("total_value")) - self._net(stock)
        order = self._shipped(("STD", 3), ("AVG", 3), ("FIFO", 3))
        self._refund(self._returned(order, 1, 2, 3))
        products.invalidate_recordset(["total_value"])
        self.assertEqual(sum(products.mapped("total_value")) - self._net(stock), before)

    # ---------------------------------------------------------------------------------------------------- HELPERS

    def _totals(self, order):
        """{role: debits less credits} over all entries of an order."""
        moves = order.invoice_ids | order.transaction_ids.payment_id.move_id
        return {role: self._net(account, moves) for account, role in self.accounts.items()}

    def _pay_by_hand(self, order):
        """An accountant registers what is open on the invoices of an order."""
        open_invoices = {"active_model": "account.move", "active_ids": order.invoice_ids.ids}
        self.env["account.payment.register"].with_context(**open_invoices).create({})._create_payments()

    def _shipped_with_shipping(self):
        lines = (self._line("STD", 2), self._line("", 1, "5", kind="shipping"))
        order = self._apply(self._doc(lines=lines))[0][0]
        self._ship(order)
        self._book(order)
        return order
