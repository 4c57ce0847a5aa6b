from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command

from .test_inspection import InspectionCommon


class TestDisposition(InspectionCommon):
    """RET-02, RET-06, RET-19, ACC-06: each disposition has its place, its transfer and its entry."""

    def _value(self, product):
        product.invalidate_recordset(["total_value"])
        return self.company.currency_id.round(product.with_company(self.company).total_value)

    def _gap(self, product):
        """What the stock is worth less what the ledger says of it: the same before and after each step."""
        return self.company.currency_id.round(self._value(product) - self._net(self._account("stock")))

    def _sides(self, move):
        """{name of the account: (debit, credit)}"""
        self.assertEqual(move.state, "posted")
        return {line.account_id.name: (line.debit, line.credit) for line in move.line_ids}

    def _products(self):
        return {"standard": self.product_standard, "average": self.product_average, "fifo": self.product_fifo}

    def test_what_stays_with_us_is_moved_apart_without_an_entry(self):
        for kind, place in (("refurbish", "Refurbish"), ("outlet", "Outlet"), ("quarantine", "Quarantine")):
            self.to[kind].write_down_percent = 0
            with self.subTest(kind=kind):
                request = self._came(("STD", 1))
                row = self._inspected(request, disposition_id=self.to[kind].id)
                self.assertEqual((row.picking_id.state, row.picking_id.picking_type_code), ("done", "internal"))
                self.assertEqual(row.move_ids.location_dest_id.name, place)
                self.assertFalse(row.move_ids.account_move_id)
                self.assertIn(place, self._lies(self.product_standard))
        snapshot = self.env["oms.availability"]._snapshot(self.product_standard, self.warehouse)
        self.assertEqual(snapshot.available(self.warehouse.id, self.product_standard.id), 97, "nobody is promised them")

    def test_what_leaves_the_books_is_booked_to_the_account_of_its_disposition_for_each_cost_method(self):
        """Dr expense of the disposition, Cr stock valuation: at once, with what the goods cost."""
        for kind, name in (("scrap", "Returned goods: Scrap"), ("donate", "Returned goods: Donate")):
            for method, product in self._products().items():
                with self.subTest(kind=kind, method=method):
                    request = self._came((product.default_code, 2))
                    request.line_ids._inspect({request.line_ids: {"disposition_id": self.to[kind].id}})
                    entry = request.inspection_ids.move_ids.account_move_id
                    self.assertEqual(self._sides(entry), {name: (20, 0), self._account("stock").name: (0, 20)})
                    request.action_refund()
        self.assertEqual(self._lies(self.product_standard), {"Stock": 96})

    def test_the_ledger_follows_the_stock_through_a_whole_return_for_each_cost_method(self):
        for method in self._products():
            for kind in ("restock", "outlet", "scrap"):
                with self.subTest(method=method, kind=kind):
                    product = self._create_product(f"{method}-{kind}", method)
                    self._stock(product, self.warehouse, 10)
                    gap = self._gap(product)
                    order = self._shipped((product.default_code, 3))
                    request = self._return(order, 2, authorize=False)
                    request.line_ids.needs_inspection = True
                    request.action_authorize()
                    request.action_receive()
                    self._inspected(request, disposition_id=self.to[kind].id)
                    request.action_refund()
                    self.assertEqual(self._gap(product), gap)

    def test_goods_that_are_worth_less_are_written_down_where_they_have_a_cost_of_their_own(self):
        for method, product in self._products().items():
            with self.subTest(method=method):
                before = self._value(product)
                request = self._came((product.default_code, 2))
                row = self._inspected(request, disposition_id=self.to["outlet"].id)
                if method == "standard":
                    self.assertEqual((row.write_down, row.write_down_move_id.ids), (0, []))
                    self.assertEqual(self._value(product), before)
                    continue
                self.assertEqual((row.write_down, self._value(product)), (8, before - 8), "40 % of two pieces of 10")
                self.assertEqual(
                    self._sides(row.write_down_move_id),
                    {"Returned goods: write-down": (8, 0), self._account("stock").name: (0, 8)},
                )
                self.assertIn("Outlet", request.line_ids.move_ids.value_justification)
                self.assertEqual(row.write_down_move_id.line_ids.product_id, product)
                self.assertEqual(row.write_down_move_id.oms_key, f"write-down:{row.id}:{product.id}")
                self.assertTrue(row.write_down_move_id.oms_booked, "what the auditor compares it with")

    def test_the_auditor_knows_that_goods_that_were_written_down_are_credited_at_their_old_cost(self):
        for product in (self.product_average, self.product_fifo):
            request = self._came((product.default_code, 2))
            self._inspected(request, disposition_id=self.to["outlet"].id)
            request.action_refund()
            self.assertEqual(sum(request.line_ids.move_ids.mapped("value")), 12)
        self.assertNothingWrong(until=fields.Datetime.now() + timedelta(days=1))

    def test_where_stock_is_valued_at_closing_nothing_is_posted_before(self):
        for method, product in self._products().items():
            with self.subTest(method=method):
                product.categ_id.property_valuation = "periodic"
                before = self._value(product)
                scrapped, lowered = self._came((product.default_code, 1)), self._came((product.default_code, 1))
                scrap = self._inspected(scrapped, disposition_id=self.to["scrap"].id)
                self.assertEqual(self._value(product), before - 10)
                outlet = self._inspected(lowered, disposition_id=self.to["outlet"].id)
                self.assertFalse(scrap.move_ids.account_move_id | outlet.write_down_move_id)
                lost = 0 if method == "standard" else 4
                # An average is worked out anew from its beginning: what was scrapped then was worth a trifle less.
                self.assertAlmostEqual(self._value(product), before - 10 - lost, delta=0.05)
        vals = self.company._get_location_valuation_vals()
        account = self.company._oms_get_write_off_account(self.to["scrap"])
        booked = sum(line["debit"] - line["credit"] for line in vals if line["account_id"] == account.id)
        self.assertEqual(booked, 30, "the closing books what was scrapped: one of each, at 10")

    def test_what_goes_back_to_the_vendor_has_a_draft_debit_note_at_the_vendors_price(self):
        vendor = self.env["res.partner"].create({"name": "Maker"})
        request = self._came(("AVG", 2))
        with self.assertRaises(UserError) as refused:
            self._inspected(request, disposition_id=self.to["vendor"].id)
        self.assertIn("no vendor", str(refused.exception))
        self.product_average.seller_ids = [Command.create({"partner_id": vendor.id, "price": 7})]
        row = self._inspected(request, disposition_id=self.to["vendor"].id)
        self.assertEqual(
            self._sides(row.move_ids.account_move_id),
            {"Returned goods: Return to Vendor": (20, 0), self._account("stock").name: (0, 20)},
        )
        note = row.vendor_refund_id
        self.assertEqual((note.move_type, note.state, note.partner_id), ("in_refund", "draft", vendor))
        self.assertEqual((note.invoice_line_ids.quantity, note.amount_untaxed), (2, 14))
        note.invoice_date = note.date
        note.action_post()
        account = self.company._oms_get_write_off_account(self.to["vendor"])
        self.assertEqual(self._net(account), 6, "what the goods cost less what the vendor gives is the loss")

    def test_places_and_accounts_are_made_once_and_stay_the_companys_own(self):
        first = self.to["scrap"]._get_place(self.warehouse, self.env["res.partner"])
        first.name = "Bin"
        other = self.warehouse.copy({"name": "South", "code": "SOUTH"})
        self.assertEqual(self.to["scrap"]._get_place(other, self.env["res.partner"]), first)
        self.assertEqual((first.usage, first.company_id), ("inventory", self.company))
        here, there = (
            self.to["outlet"]._get_place(place, self.env["res.partner"]) for place in (self.warehouse, other)
        )
        self.assertNotEqual(here, there)
        self.assertEqual(here.warehouse_id, self.warehouse)

    def test_goods_kept_apart_are_decided_about_later(self):
        request = self._came(("STD", 1))
        row = self._inspected(request, disposition_id=self.to["quarantine"].id)
        row.disposition_id = self.to["restock"]
        row.action_move_on()
        self.assertEqual(self._lies(self.product_standard), {"Stock": 100})
        self.assertEqual(len(row.move_ids), 2)

    def test_how_goods_of_a_category_come_back_is_learned(self):
        Disposition = self.env["oms.disposition"]
        before = Disposition._get_chances(self.product_standard, self.company)[self.product_standard]
        request = self._came(("STD", 20))
        self._inspected(request, grade_id=self.grade_waste.id, disposition_id=self.to["scrap"].id)
        after = Disposition._get_chances(self.product_standard, self.company)[self.product_standard]
        waste = self.grade_waste.id
        self.assertLess(before[waste], after[waste])
        self.assertGreater(after[waste], before[waste] * 10)
