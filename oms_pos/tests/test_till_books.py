"""ACC-05: what tills sell is in the margin and in the taxes of channels, and sums to the ledger to the cent."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import TillCommon

TYPES = ("income", "income_other", "expense", "expense_other", "expense_direct_cost")


@tagged("post_install", "-at_install")
class TillBooksCase(TillCommon):
    def _margin(self, *domain):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["oms.margin.report"].search([("company_id", "=", self.company.id), *domain])

    def _told(self, *domain):
        """{kind: amount} of the margin."""
        by_kind = self._margin(*domain).grouped("kind")
        return {kind: round(sum(rows.mapped("amount")), 2) for kind, rows in by_kind.items()}

    def _result(self, entries):
        """Of these entries what earns and what costs: (items of income, items of expense), in our favour."""
        items = entries.line_ids.filtered(lambda item: item.account_id.account_type in TYPES)
        expense = items.filtered(lambda item: item.account_id.account_type.startswith("expense"))
        return tuple(-round(sum(of_kind.mapped("balance")), 2) for of_kind in (items - expense, expense))

    def _taxes(self, *domain):
        """[(tax, rate, base, amount)] of the taxes of channels, summed."""
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.env["oms.tax.report"].search([("company_id", "=", self.company.id), *domain])
        return sorted(
            (tax.name or "", round(sum(of_tax.mapped("base")), 2), round(sum(of_tax.mapped("amount")), 2))
            for tax, of_tax in rows.grouped("tax_id").items()
        )

    def _customer(self):
        return self.env["res.partner"].create({"name": "Wants an invoice", "country_id": self.country.id})

    def _invoice(self, sale):
        sale.partner_id = sale.partner_id or self._customer()
        sale.with_context(generate_pdf=False).action_pos_order_invoice()
        return sale.account_move

    def _sell_all_sorts(self):
        """Orders of discounts, taxes, thirds of a cent and refunds."""
        included = self._create_tax(7, price_include_override="tax_included")
        odd = self._create_product("ODD", lst_price=10.07, standard_price=3.3333, taxes_id=[Command.set(included.ids)])
        tip = self._create_product("TIP", type="service", is_storable=False, lst_price=1, taxes_id=[Command.clear()])
        both = self._create_product("THIRD", lst_price=3.333, taxes_id=[Command.set((self.tax_20 | self.tax_55).ids)])
        for product in odd | both:
            self._stock(product, self.warehouse, 100)
        orders = self.env["sale.order"]
        for parts in (
            [self._part(odd, 1) for _number in range(7)],
            [self._part(odd, 3, discount=33.33), self._part(self.product_average, qty=2)],
            [self._part(odd, 3), self._part(tip, 1, price_unit=-4.21)],
            [self._part(both, 7), self._part(both, 1.5), self._part(odd, 2), self._part(self.product_fifo)],
            [self._part(qty=2, discount=100)],
            [self._part(qty=3)],
        ):
            orders |= self._sold(*parts)
        for order, quantity in ((orders[-1], 1), (orders[3], 3)):
            refund = self._refund(order.oms_pos_order_id, qty=quantity)
            self._capture()
            orders |= refund.oms_order_ids
        return orders


class TestTillMargin(TillBooksCase):
    def _assert_told_to_the_cent(self, orders, entry):
        rows = self._margin()
        sales = rows.filtered(lambda row: row.kind in ("sales", "refund"))
        told = tuple(round(sum(of_kind.mapped("amount")), 2) for of_kind in (sales, rows - sales))
        self.assertEqual(told, self._result(entry))
        self.assertTrue(all(told))
        self.assertEqual(set((rows - sales).mapped("kind")), {"goods"})
        self.assertFalse(rows.filtered(lambda row: not row.order_id or not row.product_id or not row.sale_line_id))
        self.assertEqual(rows.channel_id, self.till._oms_get_channel())
        self.assertEqual((rows.move_id, set(rows.mapped("standing"))), (entry, {"booked"}))
        for order in orders:
            of_order = sales.filtered(lambda row, order=order: row.order_id == order)
            self.assertAlmostEqual(sum(of_order.mapped("amount")), order.amount_untaxed, 2)

    def test_the_rows_of_a_session_are_the_items_of_its_entry_to_the_cent_and_each_has_its_order(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        orders = self._sell_all_sorts()
        self.assertFalse(self._margin(), "nothing is booked before the session is closed")
        entry = self._close()
        self._assert_told_to_the_cent(orders, entry)
        self.assertEqual(self._told(("order_id", "=", orders[5].id)), {"sales": 60.0, "goods": -30.0})
        self.assertEqual(self._told(("order_id", "=", orders[6].id)), {"refund": -20.0, "goods": 10.0})
        rows = self._margin(("order_id", "=", orders[5].id))
        self.assertEqual(rows[0].action_open()["res_id"], entry.id)

    def test_so_they_are_where_stock_moves_at_the_end_of_the_session_and_taxes_are_rounded_by_line(self):
        self.company.point_of_sale_update_stock_quantities = "closing"
        self.company.tax_calculation_rounding_method = "round_per_line"
        orders = self._sell_all_sorts()
        entry = self._close()
        self.assertTrue(entry.pos_session_ids.picking_ids.filtered(lambda picking: not picking.pos_order_id))
        self._assert_told_to_the_cent(orders, entry)
        self.assertEqual(self._told(("order_id", "=", orders[5].id)), {"sales": 60.0, "goods": -30.0})
        self.assertEqual(self._told(("order_id", "=", orders[6].id)), {"refund": -20.0, "goods": 10.0})

    def test_what_cash_rounds_off_is_a_row_of_the_session_and_of_no_order(self):
        till = self._create_rounding_till()
        pay = [(till.payment_method_ids.filtered("is_cash_count"), 12.0)]
        order = self._sold(self._part(price_unit=10.02), pay=pay, till=till)
        entry = self._close(till)
        rest = self._margin(("order_id", "=", False))
        self.assertEqual((rest.kind, rest.amount, rest.name), ("sales", -0.02, entry.ref))
        self.assertEqual(rest.channel_id, till._oms_get_channel())
        self.assertEqual(self._told(("order_id", "=", order.id)), {"sales": 10.02, "goods": -10.0})
        self.assertAlmostEqual(sum(self._margin().mapped("amount")), sum(self._result(entry)), 2)
        self.assertEqual(self._taxes(), [(self.tax_20.name, 10.02, 2.0)], "what is rounded off is no sale")

    def test_what_is_invoiced_at_the_till_is_told_by_its_invoice_alone(self):
        order = self._sold(self._part(qty=2), partner_id=self._customer().id, to_invoice=True)
        invoice = order.oms_pos_order_id.account_move
        self.assertEqual(self._told(("order_id", "=", order.id)), {"sales": 40.0, "goods": -20.0})
        self.assertEqual(self._taxes(), [(self.tax_20.name, 40.0, 8.0)])
        self._close()
        rows = self._margin()
        self.assertEqual((rows.order_id, rows.move_id), (order, invoice))
        self.assertEqual(rows.sale_line_id, order.order_line)
        self.assertEqual((40.0, -20.0), self._result(invoice))
        self.assertEqual(sum(rows.mapped("amount")), 20.0)
        self.assertEqual(self._taxes(), [(self.tax_20.name, 40.0, 8.0)])

    def test_what_is_invoiced_when_its_session_is_over_counts_once(self):
        order, other = self._sold(self._part(qty=2)), self._sold(self._part(self.product_average))
        entry = self._close()
        before = self._taxes()
        invoice = self._invoice(order.oms_pos_order_id)
        back = self.env["account.move"].search([("reversed_pos_order_id", "=", order.oms_pos_order_id.id)])
        self.assertEqual(len(self._margin(("order_id", "=", order.id)).move_id), 3)
        sales, goods = self._result(back | invoice)
        self.assertEqual((sales, goods), (0, 0), "taken out of the session, and invoiced")
        self.assertEqual(self._told(("order_id", "=", order.id)), {"sales": 40.0, "goods": -20.0})
        self.assertEqual(self._told(("order_id", "=", other.id)), {"sales": 20.0, "goods": -10.0})
        self.assertAlmostEqual(sum(self._margin().mapped("amount")), sum(self._result(entry | back | invoice)), 2)
        self.assertEqual(before, [(self.tax_20.name, 60.0, 12.0)])
        self.assertEqual(self._taxes(), before)
        self._credit_by_hand(invoice)
        self.assertEqual(self._told(("order_id", "=", order.id)).get("refund"), -40.0)
        self.assertEqual(self._taxes(), [(self.tax_20.name, 20.0, 4.0)])

    def test_what_is_exchanged_at_the_till_and_invoiced_afterwards_costs_what_is_kept(self):
        order = self._sold(self._part(qty=2), self._part(qty=-1))
        self._close()
        self._invoice(order.oms_pos_order_id)
        self.assertEqual(self._told(("order_id", "=", order.id)).get("goods"), -10.0)

    def test_what_is_shipped_later_and_invoiced_afterwards_costs_what_its_invoice_says(self):
        self.till.write({"ship_later": True, "warehouse_id": self.warehouse.id})
        customer = self._customer()
        order = self._sold(self._part(qty=2), partner_id=customer.id, shipping_date="2099-01-01")
        self._close()
        self._ship(order)
        self._invoice(order.oms_pos_order_id)
        told = self._told(("order_id", "=", order.id), ("standing", "=", "booked"))
        self.assertEqual((told["sales"], told["goods"]), (40.0, -20.0))

    def test_the_auditor_knows_what_a_session_books_of_the_stock(self):
        self._sold(self._part())
        self._close()  # the first entry of an account is not looked at
        order = self._sold(self._part(qty=2))
        entry = self._close()
        self._invoice(order.oms_pos_order_id)
        entry._reverse_moves([{"date": entry.date}], cancel=False).action_post()
        self.env["oms.check"]._run(self.company, "stock")
        found = self.env["oms.check.result"].search([("company_id", "=", self.company.id), ("code", "=", "stock")])
        self.assertFalse(found.mapped("sentence"))

    def _credit_by_hand(self, entry):
        reversal = self.env["account.move.reversal"].with_context(active_model="account.move", active_ids=entry.ids)
        credit = self.env["account.move"].browse(
            reversal.create({"journal_id": entry.journal_id.id}).refund_moves()["res_id"]
        )
        if credit.state == "draft":
            credit.action_post()
        return credit

    def test_of_an_invoice_of_several_sales_each_order_has_its_products(self):
        customer = self._customer()
        first = self._sold(self._part(qty=2), partner_id=customer.id)
        second = self._sold(self._part(self.product_average), partner_id=customer.id)
        sales = (first | second).oms_pos_order_id
        sales.with_context(generate_pdf=False)._generate_pos_order_invoice()
        invoice = sales.account_move
        self.assertEqual(len(invoice), 1)
        self.assertEqual(self._told(("order_id", "=", first.id)), {"sales": 40.0, "goods": -20.0})
        self.assertEqual(self._told(("order_id", "=", second.id)), {"sales": 20.0, "goods": -10.0})
        self.assertEqual(self._taxes(), [(self.tax_20.name, 60.0, 12.0)])
        self._close()
        self.assertEqual(self._margin().move_id, invoice)

    def test_what_is_booked_back_by_hand_is_booked_back_in_the_reports(self):
        self._sold(self._part(qty=2))
        entry = self._close()
        entry._reverse_moves([{"date": entry.date}], cancel=False).action_post()
        self.assertEqual(self._told(), {"sales": 0.0, "goods": 0.0})
        self.assertEqual(self._taxes(), [(self.tax_20.name, 0.0, 0.0)])

    def test_of_what_is_shipped_later_the_session_books_the_sale_and_no_goods(self):
        customer = self.env["res.partner"].create(
            {"name": "At home", "street": "1 rue X", "zip": "75001", "city": "Paris", "country_id": self.country.id}
        )
        self.till.write({"ship_later": True, "warehouse_id": self.warehouse.id})
        order = self._sold(self._part(qty=2), partner_id=customer.id, shipping_date="2099-01-01")
        self._ship(order)
        entry = self._close()
        self.assertEqual(self._told(("order_id", "=", order.id), ("standing", "=", "booked")), {"sales": 40.0})
        self.assertEqual(self._result(entry), (40.0, 0.0))

    def test_what_a_till_has_closed_before_is_told_of_the_session(self):
        self._sold(self._part(qty=2))
        entry = self._close()
        entry.pos_session_ids.order_ids.lines.write({"oms_booked_sales": 0, "oms_booked_cost": 0})
        rows = self._margin()
        self.assertEqual(self._told(), {"sales": 40.0, "goods": -20.0})
        self.assertFalse(rows.order_id)
        self.assertEqual((rows.channel_id, rows.move_id), (self.till._oms_get_channel(), entry))
        entry.button_draft()
        self.assertFalse(self._margin(), "what is not posted is not booked")

    def test_a_gift_card_that_is_sold_is_a_debt_and_earns_nothing(self):
        debt = self.env["account.account"].create(
            {"name": "Cards sold", "code": "OMSGC1", "account_type": "liability_current"}
        )
        card = self._create_product(
            "CARD",
            type="service",
            is_storable=False,
            lst_price=50,
            taxes_id=[Command.clear()],
            property_account_income_id=debt.id,
        )
        order = self._sold(self._part(card), self._part())
        entry = self._close()
        self.assertEqual(self._net(debt, entry), -50)
        self.assertEqual(self._told(), {"sales": 20.0, "goods": -10.0})
        self.assertEqual(self._told(("order_id", "=", order.id)), {"sales": 20.0, "goods": -10.0})
        self.assertEqual(self._taxes(), [(self.tax_20.name, 20.0, 4.0)])

    def test_goods_whose_cost_the_ledger_does_not_have_cost_nothing(self):
        self.product_standard.categ_id.property_valuation = "periodic"
        order = self._sold(self._part(), self._part(self.product_average))
        entry = self._close()
        self.assertEqual(self._told(("order_id", "=", order.id)), {"sales": 40.0, "goods": -10.0})
        self.assertEqual(self._margin(("kind", "=", "goods")).product_id, self.product_average)
        self.assertEqual(self._result(entry), (40.0, -10.0))

    def test_a_till_that_sells_in_dollars_is_told_in_the_companys_currency_as_it_is_booked(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 1.25}
        )
        journals = self.env["account.journal"]
        sales = journals.create(
            {"name": "Dollars", "code": "USDS", "type": "sale", "company_id": self.company.id, "currency_id": usd.id}
        )
        drawer = journals.create(
            {"name": "$ drawer", "code": "USDD", "type": "cash", "company_id": self.company.id, "currency_id": usd.id}
        )
        cash = self.cash.copy({"journal_id": drawer.id})
        prices = self.env["product.pricelist"].create({"name": "Dollars", "currency_id": usd.id})
        till = self._create_till(
            "Dollar till",
            journal_id=sales.id,
            payment_method_ids=[Command.set(cash.ids)],
            use_pricelist=True,
            pricelist_id=prices.id,
            available_pricelist_ids=[Command.set(prices.ids)],
        )
        orders = self.env["sale.order"]
        for price in (10, 20, 35):
            orders |= self._sold(self._part(price_unit=price), till=till, pricelist_id=prices.id)
        entry = self._close(till)
        self.assertEqual(len(self._margin(("order_id", "in", orders.ids))), 6)
        self.assertFalse(self._margin(("order_id", "=", False)))
        self.assertAlmostEqual(sum(self._margin().mapped("amount")), sum(self._result(entry)), 2)
        self.assertEqual(self._told(("order_id", "=", orders[0].id)), {"sales": 8.0, "goods": -10.0})

    def test_an_order_of_another_channel_that_is_paid_at_the_till_is_told_of_that_channel(self):
        order = self._order(("STD", 2, "40.00", 20), payments=())
        line = order.order_line
        part = self._part(qty=2, price_unit=line.price_unit, sale_order_origin_id=order.id, sale_order_line_id=line.id)
        self._sell(part)
        self._close()
        self.assertEqual(self._told(("order_id", "=", order.id)), {"sales": 40.0, "goods": -20.0})
        self.assertEqual(self._margin().channel_id, order.oms_channel_id)

    def test_who_reads_the_books_reads_the_tills_without_rights_at_a_till(self):
        order = self._sold(self._part())
        self._close()
        self.env.flush_all()
        self.env.invalidate_all()
        auditor = self._create_user("till_auditor", "oms_core.group_oms_accountant")
        with self.assertRaises(AccessError):
            order.oms_pos_order_id.with_user(auditor).check_access("read")
        rows = self.env["oms.margin.report"].with_user(auditor).search([("company_id", "=", self.company.id)])
        self.assertEqual(sum(rows.mapped("amount")), 10.0)
        self.assertEqual(rows[0].action_open()["res_model"], "account.move")
        self.assertTrue(self.env["oms.tax.report"].with_user(auditor).search([("company_id", "=", self.company.id)]))
        clerk = self._create_user("till_clerk", "oms_core.group_oms_user")
        for report in ("oms.margin.report", "oms.tax.report"):
            with self.assertRaises(AccessError):
                self.env[report].with_user(clerk).search([])


class TestTillTaxes(TillBooksCase):
    def test_the_taxes_of_a_session_are_those_of_its_entry_and_what_comes_back_is_taken_off(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        self._sell_all_sorts()
        self.assertFalse(self._taxes())
        entry = self._close()
        items = entry.line_ids.filtered("tax_line_id").grouped("tax_line_id")
        told = {tax: amount for tax, _base, amount in self._taxes() if tax}
        self.assertEqual(told, {tax.name: -round(sum(rows.mapped("balance")), 2) for tax, rows in items.items()})
        bases = {tax: base for tax, base, _amount in self._taxes()}
        for tax in items:
            borne = entry.line_ids.filtered(lambda item, tax=tax: tax in item.tax_ids)
            self.assertAlmostEqual(bases[tax.name], -sum(borne.mapped("balance")), 2)
        self.assertEqual(bases[""], -4.21, "what is sold without tax, which is a discount here")
        rows = self.env["oms.tax.report"].search([("company_id", "=", self.company.id)])
        self.assertEqual((rows.move_id, rows.channel_id), (entry, self.till._oms_get_channel()))
        self.assertEqual(rows.country_id, self.country)
        self.assertEqual(len(set(rows.ids)), len(rows))

    def test_what_is_sold_at_no_percent_has_its_row(self):
        zero = self._create_tax(0, name="0 % Export")
        self._sold(self._part(tax_ids=[Command.set(zero.ids)]), self._part())
        sale = self._sold(self._part(tax_ids=[Command.set(zero.ids)], price_unit=30)).oms_pos_order_id
        self._close()
        self.assertEqual(self._taxes(), [("0 % Export", 50.0, 0.0), (self.tax_20.name, 20.0, 4.0)])
        self.assertEqual(self._taxes(("payer", "=", "nobody")), [("0 % Export", 50.0, 0.0)])
        self._refund(sale)
        self._close()
        self.assertEqual(self._taxes(), [("0 % Export", 20.0, 0.0), (self.tax_20.name, 20.0, 4.0)])

    def test_what_is_handed_over_is_delivered_where_the_till_stands_whoever_is_invoiced(self):
        belgium = self.env.ref("base.be")
        customer = self.env["res.partner"].create({"name": "From abroad", "country_id": belgium.id})
        self._sold(self._part(), partner_id=customer.id, to_invoice=True)
        self.till.write({"ship_later": True, "warehouse_id": self.warehouse.id})
        self._sold(self._part(), partner_id=customer.id, to_invoice=True, shipping_date="2099-01-01")
        self.env.flush_all()
        rows = self.env["oms.tax.report"].search([("company_id", "=", self.company.id)], order="id")
        self.assertEqual(rows.mapped("country_id"), self.country | belgium)
