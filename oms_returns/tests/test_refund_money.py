"""PAY-06: what goes back beside the goods: discounts of the order, shipping, fees, what is kept, goodwill, by which way."""

from decimal import Decimal

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command

from .common import ReturnsCommon


class TestRefundMoney(ReturnsCommon):
    def _refund(self, request):
        before = request.refund_ids
        request.action_refund()
        return request.refund_ids - before

    def _by_hand(self, *lines, invoice=True, **values):
        """An order that a clerk entered, shipped and invoiced; ``(product, quantity, price)``, or the values of a line."""
        customer = self.env["res.partner"].create({"name": "Ada", "country_id": self.country.id})
        order = self.env["sale.order"].create(
            {
                "partner_id": customer.id,
                "company_id": self.company.id,
                "oms_channel_id": self.channel.id,
                "fiscal_position_id": False,
                "order_line": [
                    Command.create(
                        line
                        if isinstance(line, dict)
                        else {"product_id": line[0].id, "product_uom_qty": line[1], "price_unit": line[2]}
                    )
                    for line in lines
                ],
                **values,
            }
        )
        order.action_confirm()
        self._ship(order)
        if invoice:
            order._create_invoices(final=True).action_post()
        return order

    def _service(self, name, price, quantity=1, **values):
        product = self.env["product.product"].create(
            {"name": name, "type": "service", "invoice_policy": "order", "company_id": self.company.id}
        )
        return {
            "product_id": product.id,
            "product_uom_qty": quantity,
            "price_unit": price,
            "tax_ids": [Command.set(self.tax_20.ids)],
            **values,
        }

    def _lines(self, refund):
        """{what for: (without tax, with tax)} of a credit note."""
        result = {}
        for line in refund.invoice_line_ids:
            net, total = result.get(line.oms_refund_kind, (0, 0))
            currency = refund.currency_id
            result[line.oms_refund_kind] = (
                currency.round(net + line.price_subtotal),
                currency.round(total + line.price_total),
            )
        return result

    def test_what_goes_back_for_one_return_leaves_another_one_of_the_order_waiting_for_its_own(self):
        order = self._order(("STD", 3, "10.00", 20))
        self._ship(order)
        self._book(order)
        first, second = self._returned(order, 1), self._returned(order, 1)
        for request in (first, second):
            self._refund(request)
        second.action_repay()
        self.assertEqual((first.amount_to_repay, second.amount_to_repay), (first.refund_ids.amount_total, 0))
        third = self._returned(order, 1)
        self._refund(third)
        (first | third).action_repay()
        self.assertFalse((first | third).filtered("amount_to_repay"), "together, as one at a time")
        self.assertEqual(order.oms_to_repay, 0)

    # -------------------------------------------------------------------------------------------- DISCOUNTS, TO THE CENT

    def test_a_discount_of_the_whole_order_is_taken_off_what_goes_back(self):
        """Two at 20 and one at 10, 5 off the order. One at 20 comes back: 2 of the 5 are its."""
        discount = self._service("Discount", -5)
        order = self._by_hand((self.product_standard, 2, 20), (self.product_average, 1, 10), discount)
        refund = self._refund(self._returned(order, 1, 0))
        self.assertEqual(self._lines(refund), {"goods": (20, 24), "discount": (-2, -2.4)})
        self.assertEqual((refund.amount_untaxed, refund.amount_tax), (18, 3.6))
        self.assertEqual(order.order_line[-1].qty_invoiced, 1)
        rest = self._refund(self._returned(order, 1, 1))
        self.assertEqual(rest.amount_total, order.amount_total - refund.amount_total)

    def test_a_discount_that_is_not_invoiced_yet_is_foreseen_in_whole_cents(self):
        """4.01 off, with a tax of 5.5 %: Odoo has its tax as -0.22000000000000064."""
        discount = self._service("Discount", -4.01, tax_ids=[Command.set(self.tax_55.ids)])
        order = self._by_hand((self.product_standard, 2, 20), (self.product_average, 1, 10), discount, invoice=False)
        self.assertNotEqual(order.order_line[-1].price_tax, -0.22)
        lines = order._oms_get_refund_book(foresee=True).lines.values()
        foreseen = [money for line in lines for money in line.discounts.values()]
        self.assertEqual(sum(money.net for money in foreseen), Decimal("-4.01"))
        self.assertEqual(sum(money.total for money in foreseen), Decimal("-4.23"))

    def test_a_price_that_no_cent_divides_goes_back_to_the_cent_though_no_channel_pinned_it(self):
        """Seven at 9.99 less 12.5 %: 61.19. One by one they would be 8.74 each, and 61.18."""
        order = self._by_hand(
            {"product_id": self.product_standard.id, "product_uom_qty": 7, "price_unit": 9.99, "discount": 12.5}
        )
        refunds = [self._refund(self._returned(order, 1)) for _piece in range(7)]
        self.assertEqual(
            sum(Decimal(str(refund.amount_untaxed)) for refund in refunds), Decimal(str(order.amount_untaxed))
        )
        self.assertEqual(sum(Decimal(str(refund.amount_tax)) for refund in refunds), Decimal(str(order.amount_tax)))
        self.assertEqual((refunds[0].invoice_line_ids.price_unit, refunds[0].invoice_line_ids.discount), (9.99, 12.5))

    def test_taxes_in_the_price_go_back_as_they_were_charged(self):
        tax = self._create_tax(20, price_include_override="tax_included")
        line = {
            "product_id": self.product_standard.id,
            "product_uom_qty": 3,
            "price_unit": 9.99,
            "tax_ids": [Command.set(tax.ids)],
        }
        order = self._by_hand(line)
        self.assertEqual((order.amount_total, order.amount_untaxed), (29.97, 24.97))
        refunds = [self._refund(self._returned(order, 1)) for _piece in range(3)]
        self.assertEqual(sum(Decimal(str(refund.amount_total)) for refund in refunds), Decimal("29.97"))
        self.assertEqual(sum(Decimal(str(refund.amount_untaxed)) for refund in refunds), Decimal("24.97"))

    def test_a_tax_that_is_archived_and_another_that_is_changed_go_back_at_the_old_rate(self):
        order = self._shipped(("STD", 2, "40", 20), ("AVG", 1, "10", "5.5"))
        self.tax_20.active = False
        self.tax_55.amount = 7
        refund = self._refund(self._returned(order, 1, 1))
        self.assertEqual((refund.amount_untaxed, refund.amount_tax), (30, 4.55))
        self.assertEqual(refund.invoice_line_ids.with_context(active_test=False).tax_ids, self.tax_20 | self.tax_55)

    def test_a_product_that_is_archived_since_is_refunded(self):
        order = self._shipped(("AVG", 2))
        request = self._returned(order, 1)
        self.product_average.active = False
        self.assertEqual(self._refund(request).amount_total, 24)

    # ---------------------------------------------------------------------------------------------------- SHIPPING, FEES

    def _with_shipping(self, rule, *quantities):
        lines = (self._line("STD", 2), self._line("", 1, "5", kind="shipping"))
        order = self._apply(self._doc(lines=lines))[0][0]
        self._ship(order)
        self._book(order)
        refunds = []
        for quantity in quantities:
            request = self._returned(order, quantity)
            request.line_ids.refund_shipping = rule
            refunds.append(self._refund(request))
        return order, refunds

    def test_shipping_goes_back_by_the_rule_and_is_not_charged_again(self):
        for rule, expected in {
            "none": [24, 24],
            "proportional": [27, 27],
            "full_if_all": [24, 30],
            "statutory": [24, 30],
            "always": [30, 24],
        }.items():
            with self.subTest(rule):
                order, refunds = self._with_shipping(rule, 1, 1)
                self.assertEqual([refund.amount_total for refund in refunds], expected)
                shipping = order.order_line[-1]
                self.assertEqual((shipping.qty_invoiced, shipping.qty_to_invoice), (1, 0))
                self.assertNotEqual(order.invoice_status, "to invoice")
                documents = order.invoice_ids
                self._book(order)
                self.assertEqual(order.invoice_ids, documents)

    def test_a_withdrawal_gives_back_what_the_usual_shipment_costs(self):
        self.company.oms_standard_shipping = 3.60
        _order, [refund] = self._with_shipping("statutory", 2)
        self.assertEqual(self._lines(refund), {"goods": (40, 48), "shipping": (3, 3.6)})

    def test_a_fee_is_income_of_its_own_with_the_tax_of_the_goods(self):
        order = self._shipped(("STD", 2))
        request = self._returned(order, 2)
        request.line_ids.write({"fee_amount": 3, "fee_percent": 5})
        refund = self._refund(request)
        self.assertEqual(self._lines(refund), {"goods": (40, 48), "fee": (-7, -8.4)})
        fee = refund.invoice_line_ids.filtered(lambda line: line.oms_refund_kind == "fee")
        self.assertEqual(fee.account_id, self.company._oms_get_refund_account("fee"))
        self.assertEqual((fee.account_id.account_type, fee.tax_ids), ("income_other", order.order_line.tax_ids))
        self.assertEqual((order.order_line.qty_invoiced, request.line_ids.quantity_settled), (0, 2))
        self.assertEqual((request.amount_to_repay, request.stage), (39.6, "settled"))
        self.assertEqual(sum(refund.line_ids.filtered(lambda line: line.display_type == "cogs").mapped("debit")), 20)

    def test_a_fee_never_asks_for_money(self):
        order = self._shipped(("STD", 2))
        request = self._returned(order, 1)
        request.line_ids.fee_amount = 500
        refund = self._refund(request)
        self.assertEqual((refund.amount_total, refund.state, request.stage), (0, "posted", "closed"))

    # ----------------------------------------------------------------------------------------------- WITHOUT ANY GOODS BACK

    def test_who_keeps_the_goods_gets_the_money_and_nothing_else_moves(self):
        order = self._shipped(("STD", 3))
        request = self._return(order, 2, authorize=False)
        request.line_ids.expects_goods = False
        request.action_authorize()
        refund = self._refund(request)
        self.assertEqual(self._lines(refund), {"kept": (40, 48)})
        line = order.order_line
        self.assertEqual((line.qty_delivered, line.qty_invoiced, line.qty_to_invoice), (3, 3, 0))
        self.assertFalse(refund.line_ids.filtered(lambda line: line.display_type == "cogs"))
        self.assertEqual(refund.invoice_line_ids.account_id, self.company._oms_get_refund_account("kept"))
        self.assertIn(refund, order.invoice_ids)
        self.assertEqual((request.line_ids.quantity_settled, request.stage), (2, "settled"))
        rest = self._returned(order, 1)
        self.assertEqual(self._refund(rest).amount_total, 24)

    def test_a_claim_is_booked_as_one(self):
        order = self._shipped(("STD", 1))
        request = self._return(order, 1, authorize=False)
        request.kind = "claim"
        request.line_ids.expects_goods = False
        request.action_authorize()
        self.assertEqual(self._lines(self._refund(request)), {"claim": (20, 24)})

    def _give(self, request, kind, amount):
        return request._give(kind, request.line_ids[:1], Decimal(str(amount)), "A scratch")

    def test_a_price_adjustment_lessens_what_goes_back_later(self):
        """Three for 60 and 12 of tax: 7.20 are given back on what is kept; all come back: 72 in all."""
        order = self._shipped(("STD", 3))
        request = self._returned(order, 1)
        given = self._give(request, "adjustment", 7.2)
        self.assertEqual(self._lines(given), {"adjustment": (6, 7.2)})
        self.assertEqual(order.order_line.qty_invoiced, 3)
        self.assertEqual(self._refund(request).amount_total, 21.6)
        self.assertEqual(self._refund(self._returned(order, 2)).amount_total, 43.2)
        self.assertAlmostEqual(sum(order.invoice_ids.mapped("amount_total_signed")), 0, 7)

    def test_goodwill_is_given_beside_the_goods_and_never_above_what_was_charged(self):
        order = self._shipped(("STD", 2))
        request = self._returned(order, 2)
        self.assertEqual(self._lines(self._give(request, "goodwill", 12)), {"goodwill": (10, 12)})
        refund = self._refund(request)
        self.assertEqual(self._lines(refund), {"goods": (40, 48), "goodwill": (-10, -12)})
        with self.assertRaisesRegex(UserError, "given back already"):
            self._give(request, "goodwill", 1)

    def test_money_that_is_given_by_one_dialog_is_given_once(self):
        """The answer was lost, and the button is pressed again; who opens the dialog anew, gives anew."""
        request = self._returned(self._shipped(("STD", 2)), 1)
        values = {
            "return_id": request.id,
            "line_id": request.line_ids.id,
            "kind": "goodwill",
            "amount": 5,
            "why": "Late",
        }
        dialog = self.env["oms.return.give"].create(values)
        answers = [dialog.action_give() for _press in range(2)]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(request.refund_ids.mapped("amount_total"), [5])
        self.env["oms.return.give"].create(values).action_give()
        self.assertEqual(request.refund_ids.mapped("amount_total"), [5, 5])

    def test_what_a_discount_on_the_first_invoice_left_no_room_for_is_paid_when_there_is(self):
        """10 and 40 less 5, all of it on the invoice of the first parcel: for that one 5 go back at first, in the end all."""
        lines = (self._line("STD", 1, "10.00"), self._line("AVG", 1, "40.00"))
        order = self._apply(self._doc(lines=(*lines, self._line("", 1, "-5.00", kind="discount"))))[0][0]
        expected = {
            self.product_standard: {"goods": (10, 12), "discount": (-1, -1.2), "goodwill": (-4, -4.8)},
            self.product_average: {"goods": (40, 48), "discount": (-4, -4.8), "goodwill": (4, 4.8)},
        }
        for product, paid in expected.items():
            self._ship(order, {product: 1})
            self._book(order)
            self.assertEqual(self._lines(self._refund(self._returned_of(order, product))), paid)
        self.assertAlmostEqual(sum(order.invoice_ids.mapped("amount_total_signed")), 0, 7)

    def test_no_credit_note_is_over_less_than_nothing_where_a_discount_came_with_another_parcel(self):
        """36 are off the 40, and came with the first parcel: of the 25 in it that come back, nobody can take them all."""
        lines = (self._line("STD", 1, "40.00"), *(self._line(sku, 1, "25.00", None) for sku in ("AVG", "FIFO")))
        order = self._apply(self._doc(lines=(*lines, self._line("", 1, "-36.00", kind="discount"))))[0][0]
        for products in ((self.product_average, self.product_fifo), (self.product_standard,)):
            self._ship(order, dict.fromkeys(products, 1))
            self._book(order)
        self.assertEqual(order.invoice_ids.sorted("id").mapped("amount_total"), [6.8, 48])
        request = self._returned(order, 1, 1, 0)
        refunds = self._refund(request)
        self.assertEqual(sorted(refunds.mapped("amount_total")), [0, 29.8])
        self.assertEqual([row.amount for row in request.line_ids.settlement_ids.sorted("amount")], [4.8, 25])
        self.assertEqual(self._lines(refunds), {"goods": (65, 73), "discount": (-36, -43.2)})
        self.assertEqual(sum(order.invoice_ids.mapped("amount_untaxed_signed")), 25)
        self.assertEqual(sum(order.invoice_ids.mapped("amount_tax_signed")), 0)

    def _returned_of(self, order, product):
        return self._returned(order, *(int(line.product_id == product) for line in order.order_line[:2]))

    # --------------------------------------------------------------------------------------------------------- BOOKING

    def test_in_a_closed_month_the_credit_note_goes_to_the_next_open_day(self):
        order = self._shipped(("STD", 2))
        request = self._returned(order, 1)
        self.env.flush_all()
        today = fields.Date.context_today(request)
        self.company.sudo().fiscalyear_lock_date = today
        refund = self._refund(request)
        self.assertEqual((refund.state, refund.amount_total), ("posted", 24))
        self.assertGreater(refund.date, today)
        request.action_repay()
        self.assertEqual((self._open_receivable(order), request.amount_to_repay), (0, 0))

    def test_when_the_currency_has_moved_what_the_invoice_booked_is_taken_back(self):
        """100 dollars were 80 euros when they were invoiced, and are 50 when the goods come back."""
        usd = self.env.ref("base.USD")
        usd.active = True
        rate = {"currency_id": usd.id, "company_id": self.company.id}
        self.env["res.currency.rate"].create({**rate, "name": "2020-01-01", "rate": 1.25})
        pricelist = self.env["product.pricelist"].create({"name": "USD", "currency_id": usd.id})
        order = self._by_hand((self.product_standard, 2, 50), pricelist_id=pricelist.id)
        self.assertEqual(self._entry(order.invoice_ids)["income"], (0, 80))
        request = self._returned(order, 2)
        self.env["res.currency.rate"].create({**rate, "name": fields.Date.today(), "rate": 2.0})
        refund = self._refund(request)
        self.assertEqual((refund.amount_total, self._entry(refund)["income"]), (120, (80, 0)))
        self.assertEqual((self._open_receivable(order), request.amount_to_repay), (0, 0))

    def test_an_invoice_that_is_not_posted_is_not_credited(self):
        order = self._order(("STD", 2))
        self._ship(order)
        order._create_invoices()
        request = self._returned(order, 1)
        with self.assertRaisesRegex(UserError, "Post the invoice"):
            request.action_refund()

    def test_of_what_an_accountant_credited_by_reversal_the_rest_is_credited(self):
        order = self._shipped(("STD", 3))
        invoice = order.invoice_ids
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        wizard.refund_moves()
        wizard.new_move_ids.invoice_line_ids.quantity = 1
        wizard.new_move_ids.action_post()
        refund = self._refund(self._returned(order, 2))
        self.assertEqual(refund.amount_total, 48)
        with self.assertRaisesRegex(UserError, "was paid back already"):
            self._return(order, 1)

    def test_several_returns_are_credited_in_one_call(self):
        """Two returns of one invoice and one of another that nobody paid: nothing is matched with somebody else's."""
        order, other = self._shipped(("STD", 3)), self._shipped(("AVG", 2), payments=())
        requests = self._returned(order, 1) | self._returned(order, 1) | self._returned(other, 1)
        invoices = order.invoice_ids, other.invoice_ids
        requests.action_refund()
        refunds = requests.refund_ids
        self.assertEqual(refunds.mapped("amount_total"), [24, 24, 24])
        self.assertEqual(set(refunds.mapped("oms_key")), {f"refund:{each.id}:1" for each in requests})
        self.assertEqual(
            [each.refund_ids.reversed_entry_id for each in requests], [invoices[0], invoices[0], invoices[1]]
        )
        self.assertEqual((self._open_receivable(order), self._open_receivable(other)), (-48, 24))

    def test_what_is_told_before_is_what_is_booked(self):
        order, _none = self._with_shipping("always")
        request = self._return(order, 1, authorize=False)
        request.line_ids.write({"refund_shipping": "always", "fee_amount": 2})
        told = request._preview_refund()
        self.assertEqual(
            (told.goods, told.shipping, told.fee, told.deduction, told.total),
            tuple(map(Decimal, ("24", "6", "2", "0", "28"))),
        )
        request.action_authorize()
        request.action_receive()
        request.line_ids.write({"refund_shipping": "always", "fee_amount": 2})
        self.assertEqual(self._refund(request).amount_total, 28)

    def test_of_goods_that_are_not_invoiced_yet_the_preview_tells_the_same(self):
        order = self._order(("STD", 3, "10.00", 20))
        self._ship(order)
        request = self._return(order, 2, authorize=False)
        self.assertEqual(request._preview_refund().total, Decimal("8.00"))

    # --------------------------------------------------------------------------------------------------------- TENDERS

    def test_a_gift_card_gets_its_share_back(self):
        """48: 30 with a gift card, 18 by card. Of 24 that come back, 15 are owed to the holder of the gift card again."""
        order = self._shipped(("STD", 2), payments=(self._payment(30, tender="gift_card"), self._payment(18)))
        owed = self.company._oms_get_gift_card_account()
        self.assertEqual(self._net(owed), 30)
        for expected in ((15, 9), (0, 0)):
            request = self._returned(order, 1)
            request.action_refund()
            request.action_repay()
            self.assertEqual((self._net(owed), self._net(self.clearing_account)), expected)
        self.assertEqual(self._open_receivable(order), 0)

    # ------------------------------------------------------------------------------------------------------------- WHY

    def test_the_accountant_reads_why_each_entry_is_there(self):
        order = self._shipped(("STD", 2))
        request = self._returned(order, 1)
        request.line_ids.write(
            {"fee_amount": 2, "reason_id": self.env["oms.return.reason"].create({"name": "Too small"}).id}
        )
        refund = self._refund(request)
        request.action_repay()
        self.assertEqual(request.posting_ids.mapped("oms_event"), ["Credit note", "Repayment"])
        self.assertRegex(refund.oms_explanation, "1 of .*STD.* came back and were accepted .*Too small")
        self.assertRegex(refund.oms_explanation, "Fee of the return policy: .*2.00.* for each")
        self.assertRegex(
            refund.oms_explanation,
            f"cost of the goods is taken back as it was booked with {refund.reversed_entry_id.name}",
        )
        self.assertRegex(request.posting_ids[1].oms_explanation, "22.00.* went back by the way the customer paid")
        self.assertEqual(refund.line_ids[:1].action_oms_open_return()["res_id"], request.id)
