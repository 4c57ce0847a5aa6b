"""ACC-03, ACC-07: a carrier's bill in another currency than ours."""

from odoo import fields

from .test_bill import BillCase


class TestForeignBill(BillCase):
    """A carrier abroad bills in its own currency; what is owed is in that, what it cost is in ours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usd = cls.env.ref("base.USD")
        cls.usd.active = True
        cls.env["res.currency.rate"].create(
            {"currency_id": cls.usd.id, "company_id": cls.company.id, "name": "2020-01-01", "rate": 1.25}
        )

    def _import(self, rows, **values):
        return super()._import(rows, currency_id=self.usd.id, **values)

    def test_it_is_compared_at_the_rate_of_its_day_and_booked_in_both_currencies(self):
        first, second = self._sent(), self._sent()
        bill = self._import(
            self._row(first, net="7,50", vat="1,50") + self._row(second, net="7,55", vat="1,51"), total="18,06"
        )
        self.assertEqual((bill.state, bill.currency_id, bill.amount_total), ("posted", self.usd, 18.06))
        self.assertEqual(
            [(line.booked, line.amount, line.state) for line in bill.oms_bill_line_ids],
            [(7.5, 7.5, "agreed"), (7.5, 7.55, "agreed")],
        )
        items = {
            "expense": bill.line_ids.filtered(lambda item: item.account_id == self.expense),
            "tax": bill.line_ids.filtered("tax_line_id"),
            "vendor": bill.line_ids.filtered(lambda item: item.account_id.account_type == "liability_payable"),
        }
        told = {name: (sum(of.mapped("amount_currency")), sum(of.mapped("balance"))) for name, of in items.items()}
        self.assertEqual(told, {"expense": (15.05, 12.04), "tax": (3.01, 2.41), "vendor": (-18.06, -14.45)})
        self.assertFalse(self._check())

    def test_what_is_too_much_names_both_numbers_in_the_currency_of_the_bill(self):
        bill = self._import(self._row(self._sent(), net="8,00", vat="1,60"))
        self.assertEqual((bill.state, bill.oms_disputed_count), ("draft", 1))
        self.assertIn("8.00", bill.oms_bill_line_ids.sentence)
        self.assertIn("7.50", bill.oms_bill_line_ids.sentence)

    def test_its_costs_are_in_our_currency_and_sum_to_the_ledger(self):
        numbers = [self._sent() for _parcel in range(3)]
        rows = "".join(self._row(number, net="7,51", vat="1,50") for number in numbers)
        self._import(rows)
        self.env["oms.cost"]._cron_keep()
        costs = self.env["account.analytic.line"].search(
            [("company_id", "=", self.company.id), ("oms_standing", "=", "booked")]
        )
        self.assertEqual(self._net(self.expense), 18.02)  # 22.53 dollars
        self.assertEqual(sorted(costs.mapped("amount")), [-6.01, -6.01, -6.0])
        self.assertEqual(costs.currency_id, self.company.currency_id)
        rows = self.env["oms.margin.report"].search(
            [("order_id", "in", costs.oms_order_id.ids), ("kind", "=", "label"), ("standing", "=", "booked")]
        )
        self.assertEqual((round(sum(rows.mapped("amount")), 2), rows.currency_id), (-18.02, self.company.currency_id))

    def test_another_rate_when_it_is_paid_is_no_cost_of_an_order(self):
        bill = self._import(self._row(self._sent(), net="7,50", vat="1,50"))
        self.env["res.currency.rate"].create(
            {
                "currency_id": self.usd.id,
                "company_id": self.company.id,
                "name": fields.Date.add(bill.date, days=1),
                "rate": 1.0,
            }
        )
        bank = self.env["account.journal"].create(
            {"name": "Bank", "code": "BNKB", "type": "bank", "company_id": self.company.id}
        )
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=bill.ids).create(
            {"journal_id": bank.id, "payment_date": fields.Date.add(bill.date, days=1)}
        )._create_payments()
        self.env["oms.cost"]._cron_keep()
        costs = self.env["account.analytic.line"].search(
            [("company_id", "=", self.company.id), ("oms_standing", "=", "booked")]
        )
        self.assertEqual((costs.mapped("amount"), self._net(self.expense)), ([-6.0], 6.0))

    def test_a_bill_that_tells_no_currency_is_refused(self):
        wizard = self._wizard(self._row(self._sent()), currency_id=False)
        self.assertIn("Choose the column of the currency", wizard.problems)
