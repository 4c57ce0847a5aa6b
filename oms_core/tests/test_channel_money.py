"""PAY-03, CAP-11, ACC-01: what is no plain sale and no plain payment reaches the right account, to the cent."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import OrderLineDoc

from .test_booking import BookingCase


class MoneyCase(BookingCase):
    def _other(self, kind, total, taxes=(), **values):
        """A line that is no goods."""
        total = Decimal(str(total))
        return OrderLineDoc(
            **{
                "external_id": f"{kind}-{next(self._numbers)}",
                "kind": kind,
                "name": kind,
                "quantity": Decimal(1),
                "total": total,
                "subtotal": total,
                "taxes": taxes,
                **values,
            }
        )

    def _sold(self, *lines, **values):
        """An order of these lines, shipped and booked; its document, order, invoice and payments."""
        doc = self._doc(lines=lines, **values)
        order = self._apply(doc)[0][0]
        self.assertEqual((order.state, order.oms_hold_reason), ("sale", False))
        self._ship(order)
        invoice = self._book(order)
        return doc, order, invoice

    def _entry(self, moves):
        """{account: debits less credits in the company's currency} of what stands on these entries."""
        accounts = moves.line_ids.filtered(lambda line: line.display_type != "cogs").account_id
        entry = {account: self._net(account, moves) for account in accounts}
        return {account: amount for account, amount in entry.items() if amount}

    def assertToTheCent(self, doc, order, invoice):
        total = float(doc.total)
        self.assertEqual((order.amount_total, order.oms_channel_total, invoice.amount_total), (total, total, total))


class TestLineKinds(MoneyCase):
    def test_a_gift_card_sold_is_a_debt_and_no_revenue(self):
        doc, order, invoice = self._sold(self._line(total="20.00"), self._other("gift_card", "50.00"))
        self.assertToTheCent(doc, order, invoice)
        liability = self.company._oms_get_gift_card_account()
        self.assertEqual(liability.account_type, "liability_current")
        self.assertEqual(
            self._entry(invoice),
            {
                self._account("income"): -20.00,
                self._account("tax"): -4.00,
                liability: -50.00,
                self._account("receivable"): 74.00,
            },
        )

    def test_the_account_of_gift_cards_is_the_accountants_to_choose(self):
        mine = self._account("tax").copy({"name": "Vouchers", "code": "299001"})
        self.env.ref("oms_core.product_gift_card").with_company(self.company).property_account_income_id = mine
        _doc, _order, invoice = self._sold(self._other("gift_card", "50.00"))
        self.assertEqual(self._net(mine, invoice), -50.00)

    def test_each_company_has_its_own_account_and_it_is_made_once(self):
        other = self._create_company("Another merchant")
        mine, theirs = (company._oms_get_gift_card_account() for company in (self.company, other))
        self.assertNotEqual(mine, theirs)
        self.assertEqual((mine.company_ids, theirs.company_ids), (self.company, other))
        self.assertEqual(self.company._oms_get_gift_card_account(), mine)

    def test_duty_is_charged_on_a_product_of_its_own(self):
        doc, order, invoice = self._sold(self._line(total="20.00"), self._other("duty", "3.10"))
        self.assertToTheCent(doc, order, invoice)
        self.assertEqual(order.order_line[1].product_id, self.env.ref("oms_core.product_duty"))

    def test_what_a_till_rounds_goes_where_cash_differences_go(self):
        income, tax = self._account("income"), self._account("tax")
        gain = self.company.default_cash_difference_income_account_id or income.copy({"code": "442901"})
        loss = self.company.default_cash_difference_expense_account_id or income.copy({"code": "642901"})
        self.company.default_cash_difference_income_account_id = gain
        self.company.default_cash_difference_expense_account_id = loss
        for rounding, account in (("-0.02", loss), ("0.02", gain)):
            doc, order, invoice = self._sold(self._line(total="20.00"), self._other("rounding", rounding))
            self.assertToTheCent(doc, order, invoice)
            self.assertEqual(self._net(account, invoice), -float(rounding))
            self.assertEqual((self._net(income, invoice), self._net(tax, invoice)), (-20.00, -4.00))


class TestRemittedTax(MoneyCase):
    """The channel collects the tax and pays it to the state: in the total, and never our debt to the state."""

    def _remitted(self, rate, amount):
        return self._tax(rate, amount, remitted=True)

    def _clearing(self):
        return self.company._oms_get_channel_tax_account()

    def test_it_is_in_the_total_and_not_in_our_taxes(self):
        """Dr receivable 44.33 / Cr income 40.00, taxes collected by channels 4.33; and the channel owes us 44.33."""
        line = self._line(total="40.00", taxes=(self._remitted("8.875", "3.55"), self._remitted("1.95", "0.78")))
        doc, order, invoice = self._sold(line)
        self.assertToTheCent(doc, order, invoice)
        self.assertEqual(
            self._entry(invoice),
            {self._account("income"): -40.00, self._clearing(): -4.33, self._account("receivable"): 44.33},
        )
        self.assertEqual(
            self._entry(self._payments(order).move_id),
            {self.clearing_account: 44.33, self._account("receivable"): -44.33},
        )
        self.assertEqual((invoice.payment_state, self._net(self._account("tax"))), ("paid", 0.00))

    def test_no_tax_report_has_it_and_nobody_is_offered_it(self):
        _doc, order, invoice = self._sold(self._line(total="40.00", taxes=(self._remitted(8, "3.20"),)))
        [tax] = order.order_line.tax_ids
        self.assertEqual((tax.type_tax_use, tax.company_id, tax.amount), ("none", self.company, 8.0))
        self.assertFalse(invoice.line_ids.tax_tag_ids)
        self.assertFalse(any(tax.repartition_line_ids.mapped("use_in_tax_closing")))
        self.assertNotIn(tax, self.env["account.tax"]._oms_sale_taxes_by_rate(self.company).values())
        self.assertIn("by the channel", tax.tax_group_id.name)

    def test_one_is_made_for_each_rate_and_found_again(self):
        for _order in range(2):
            self._sold(self._line(total="40.00", taxes=(self._remitted("8.250", "3.30"),)))
            self._sold(self._line(total="40.00", taxes=(self._remitted("8.25", "3.30"),)))
        self._sold(self._line(total="40.00", taxes=(self._remitted("5.5", "2.20"),)))
        taxes = self.env["account.tax"].search(
            [("company_id", "=", self.company.id), ("type_tax_use", "=", "none")], order="amount"
        )
        self.assertEqual(taxes.mapped("amount"), [5.5, 8.25])
        self.assertEqual(self._net(self._clearing()), -15.40)

    def test_a_rate_that_nobody_knows_keeps_its_amount(self):
        doc, order, invoice = self._sold(self._line(total="40.00", taxes=(self._remitted(0, "3.21"),)))
        self.assertToTheCent(doc, order, invoice)
        self.assertEqual(self._net(self._clearing(), invoice), -3.21)

    def test_it_stands_beside_taxes_of_our_own(self):
        """The goods are taxed by the marketplace, the shipping by us."""
        for included in ("tax_excluded", "tax_included"):
            with self.subTest(included):
                self.tax_20.price_include_override = included
                doc, order, invoice = self._sold(
                    self._line(total="19.99", taxes=(self._remitted(20, "4.01"),)),
                    self._other("shipping", "4.99", taxes=(self._tax(20, "0.99"),)),
                )
                self.assertToTheCent(doc, order, invoice)
                self.assertEqual(self._net(self._clearing(), invoice), -4.01)
                self.assertEqual(self._net(self._account("tax"), invoice), -0.99)

    def test_both_kinds_on_one_line(self):
        self.tax_55.price_include_override = "tax_included"
        line = self._line(total="33.33", taxes=(self._tax(5.5, "1.84"), self._remitted("2.5", "0.83")))
        doc, order, invoice = self._sold(line)
        self.assertToTheCent(doc, order, invoice)
        self.assertEqual(self._net(self._clearing(), invoice), -0.83)
        self.assertEqual(self._net(self._account("tax"), invoice), -1.84)

    def test_parcel_by_parcel_it_sums_to_the_order(self):
        doc = self._doc(lines=(self._line(quantity=3, total="10.00", taxes=(self._remitted(20, "2.01"),)),))
        order = self._apply(doc)[0][0]
        for _parcel in range(3):
            self._ship(order, {self.product_standard: 1})
            invoices = self._book(order)
        self.assertEqual(len(invoices), 3)
        self.assertEqual(self._net(self._clearing(), invoices), -2.01)
        self.assertEqual(self._net(self._account("receivable")), 0.00)

    def test_in_currencies_with_and_without_decimals(self):
        for code, total, tax, expected in (("USD", "100.00", "8.88", -7.10), ("JPY", "1999", "200", -1.25)):
            with self.subTest(code):
                currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
                currency.active = True
                self.env["res.currency.rate"].create(
                    {
                        "currency_id": currency.id,
                        "company_id": self.company.id,
                        "name": date(2026, 1, 1),
                        "rate": {"USD": 1.25, "JPY": 160}[code],
                    }
                )
                before = self._net(self._clearing())
                line = self._line(total=total, taxes=(self._remitted("10", tax),))
                doc, order, invoice = self._sold(line, currency=code)
                self.assertToTheCent(doc, order, invoice)
                self.assertEqual(invoice.payment_state, "paid")
                self.assertAlmostEqual(self._net(self._clearing()) - before, expected, places=2)
                self.assertEqual(self._net(self._account("receivable")), 0.00)

    def test_a_credit_note_takes_it_back(self):
        _doc, _order, invoice = self._sold(self._line(total="40.00", taxes=(self._remitted(8, "3.21"),)))
        credit = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}], cancel=False)
        credit.action_post()
        self.assertEqual(credit.amount_total, 43.21)
        self.assertEqual(self._net(self._clearing()), 0.00)

    def test_a_clerk_without_rights_in_the_books_can_take_such_an_order(self):
        self.assertFalse(self.channel_user.has_group("account.group_account_manager"))
        order = self._apply(self._doc(lines=(self._line(taxes=(self._remitted(7, "1.40"),)),)))[0][0]
        self.assertEqual(order.oms_hold_reason, False)


class TestTenders(MoneyCase):
    """Gift cards and store credit redeem a debt, cash lies in the till, the rest is owed by the channel."""

    def test_an_order_paid_in_four_ways_is_paid(self):
        till = self.env["account.journal"].create(
            {"name": "Till", "code": "TILL", "type": "cash", "company_id": self.company.id}
        )
        self.channel.cash_journal_id = till
        payments = (
            self._payment("10.00", tender="gift_card"),
            self._payment("5.50", tender="store_credit"),
            self._payment("8.00", tender="cash"),
            self._payment("24.50"),
        )
        _doc, order, invoice = self._sold(self._line(total="40.00"), payments=payments)
        self.assertEqual(invoice.payment_state, "paid")
        entry = self._entry(self._payments(order).move_id)
        self.assertEqual(entry.pop(self._account("receivable")), -48.00)
        self.assertEqual(entry.pop(self.clearing_account), 24.50)
        self.assertEqual(entry.pop(till.default_account_id), 8.00)
        self.assertEqual(entry.pop(self.company._oms_get_gift_card_account()), 10.00)
        [(credit, amount)] = entry.items()
        self.assertEqual((credit.account_type, amount), ("liability_current", 5.50))
        self.assertEqual(self._net(self._account("receivable")), 0.00)

    def test_a_card_sold_and_used_up_is_no_debt_any_more(self):
        liability = self.company._oms_get_gift_card_account()
        self._sold(self._other("gift_card", "24.00"))
        self.assertEqual(self._net(liability), -24.00)
        _doc, _order, invoice = self._sold(self._line(), payments=(self._payment("24.00", tender="gift_card"),))
        self.assertEqual((invoice.payment_state, self._net(liability)), ("paid", 0.00))

    def test_an_order_is_not_paid_before_the_sum_is(self):
        _doc, order, invoice = self._sold(self._line(), payments=(self._payment("10.00", tender="gift_card"),))
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ("partial", 14.00))
        paid = replace(
            _doc, payments=(*_doc.payments, self._payment("14.00")), updated_at=_doc.updated_at.replace(hour=12)
        )
        self._apply(paid)
        self._book(order)
        self.assertEqual(invoice.payment_state, "paid")

    def test_cash_is_the_channels_where_it_has_no_till(self):
        self._sold(self._line(), payments=(self._payment("24.00", tender="cash"),))
        self.assertEqual(self._net(self.clearing_account), 24.00)

    def test_change_leaves_the_till(self):
        till = self.env["account.journal"].create(
            {"name": "Till", "code": "TILL", "type": "cash", "company_id": self.company.id}
        )
        self.channel.cash_journal_id = till
        payments = (self._payment("30.00", tender="cash"), self._payment("-6.00", tender="cash"))
        _doc, _order, invoice = self._sold(self._line(), payments=payments)
        self.assertEqual((invoice.payment_state, self._net(till.default_account_id)), ("paid", 24.00))

    def test_what_is_redeemed_is_booked_also_where_other_money_is_not(self):
        self.channel.clearing_journal_id = False
        payments = (self._payment("10.00", tender="gift_card"), self._payment("14.00"))
        _doc, order, invoice = self._sold(self._line(), payments=payments)
        self.assertEqual(self._payments(order).mapped("amount"), [10.00])
        self.assertEqual(invoice.amount_residual, 14.00)
        self.assertFalse(order.filtered_domain(order._oms_booking_domain()), "nothing is left that could be booked")

    def test_the_job_books_gift_cards_once(self):
        doc, order, _invoice = self._sold(self._line(), payments=(self._payment("24.00", tender="gift_card"),))
        self._apply(doc)
        self._job()
        self.assertEqual(len(self._payments(order)), 1)
