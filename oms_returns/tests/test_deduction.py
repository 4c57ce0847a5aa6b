"""PAY-06, RET-13: what an inspection deducts is paid less, on an account of its own, and lessens the tax by its part."""

from odoo.fields import Command

from .test_inspection import InspectionCommon


class TestDeduction(InspectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accounts[cls.company._oms_get_refund_account("deduction")] = "deduction"

    def _refund(self, request):
        before = request.refund_ids
        request.action_refund()
        return request.refund_ids - before

    def _amounts(self, refund):
        return refund.amount_untaxed, refund.amount_tax, refund.amount_total

    def test_one_of_two_is_used_and_pays_less_on_an_account_of_its_own(self):
        """Two for 100.00 and 20.00 of tax; for one of them 40 % are deducted: 20.00, and 4.00 of its tax."""
        request = self._came(("STD", 2, "100.00", 20))
        line, order = request.line_ids, request.order_id
        line._inspect({line: [{"quantity": 1}, {"quantity": 1, "grade_id": self.grade_used.id}]})
        refund = self._refund(request)
        self.assertEqual(self._amounts(refund), (80, 16, 96))
        self.assertEqual(
            self._entry(refund),
            {
                "income": (100, 0),
                "deduction": (0, 20),
                "tax": (16, 0),
                "receivable": (0, 96),
                "stock": (20, 0),
                "cogs": (0, 20),
            },
        )
        kept = refund.invoice_line_ids.filtered(lambda one: one.oms_refund_kind == "deduction")
        self.assertIn("1 × 40 %", kept.oms_why)
        self.assertEqual((order.order_line.qty_delivered, order.order_line.qty_invoiced), (0, 0))
        self.assertEqual((line.quantity_settled, request.amount_to_repay), (2, 96))
        request.action_repay()
        self.env.invalidate_all()
        self.assertEqual((self._open_receivable(order), self._net(self.clearing_account)), (0, 24))

    def test_an_amount_is_told_without_tax_and_deducted_with_the_tax_that_is_in_the_price(self):
        tax = self._create_tax(20, price_include_override="tax_included")
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Ada", "country_id": self.country.id}).id,
                "company_id": self.company.id,
                "oms_channel_id": self.channel.id,
                "fiscal_position_id": False,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product_fifo.id,
                            "product_uom_qty": 2,
                            "price_unit": 60,
                            "tax_ids": [Command.set(tax.ids)],
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        self._ship(order)
        self._book(order)
        request = self._returned(order, 2)
        self._inspected(request, deduction_amount=5)
        self.assertEqual(self._amounts(self._refund(request)), (90, 18, 108))

    def test_of_waste_nothing_is_paid_and_it_is_credited_all_the_same(self):
        request = self._came(("AVG", 1, "33.33", 20))
        self._inspected(request, grade_id=self.grade_waste.id, disposition_id=self.to["scrap"].id)
        refund = self._refund(request)
        self.assertEqual((self._amounts(refund), refund.state), ((0, 0, 0), "posted"))
        entry = self._entry(refund)
        self.assertEqual((entry["income"], entry["deduction"]), ((33.33, 0), (0, 33.33)))
        self.assertEqual((request.order_id.order_line.qty_invoiced, request.state), (0, "closed"))

    def test_inspected_one_by_one_it_is_the_same_sum_to_the_cent(self):
        """Three for 10.00 and 2.00 of tax, 10 % of each deducted: 1.20 of 12.00, though no cent divides it by three."""
        request = self._came(("STD", 3, "10.00", 20))
        for _piece in range(3):
            self._inspected(request, quantity=1, deduction_percent=10)
            self._refund(request)
        refunds = request.refund_ids
        self.assertEqual(len(refunds), 3)
        self.assertAlmostEqual(sum(refunds.mapped("amount_total")), 10.80, 6)
        self.assertAlmostEqual(sum(refunds.mapped("amount_tax")), 1.80, 6)
