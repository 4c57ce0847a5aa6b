"""ACC-05: what a channel bills for is a cost of the orders that it is for; over all of them it is what the ledger says."""

from datetime import datetime

from psycopg2 import IntegrityError

from odoo.fields import Command
from odoo.tools import mute_logger

from .test_settlement import SettlementCase


class FeeCase(SettlementCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vendor = cls.env["res.partner"].create({"name": "Marketplace Ltd"})
        cls.classPatch(type(cls.env["ir.cron"]), "_commit_progress", lambda cron, *_rest, **_options: 60)
        cls.fees = cls.env["account.account"].create(
            {
                "name": "Subscriptions",
                "code": "628100",
                "account_type": "expense",
                "company_ids": [Command.set(cls.company.ids)],
            }
        )
        if not cls.env["account.journal"].search([("type", "=", "purchase"), ("company_id", "=", cls.company.id)]):
            cls.env["account.journal"].create(
                {"name": "Bills", "code": "BILL", "type": "purchase", "company_id": cls.company.id}
            )

    def _keep(self):
        for _again in range(2):
            self.env["oms.cost"]._cron_keep()
        self.env["oms.check"]._run(self.company, "cost_lines")
        wrong = self.env["oms.check.result"].search(
            [("company_id", "=", self.company.id), ("code", "=", "cost_lines"), ("state", "!=", "gone")]
        )
        self.assertFalse(wrong.mapped("sentence"))
        return self.env["account.analytic.line"].search(
            [("company_id", "=", self.company.id), ("oms_standing", "=", "booked")]
        )

    def _by_order(self, costs):
        return {
            order: round(sum(of_order.mapped("amount")), 2) for order, of_order in costs.grouped("oms_order_id").items()
        }


class TestMarginOfCustomers(FeeCase):
    """CUS-05: what a channel takes for a customer's orders is not left of them."""

    def _score(self, order):
        self.env["oms.customer.score"]._score_company(self.company)
        customer = order.partner_id.commercial_partner_id
        return self.env["oms.customer.score"].search(
            [("company_id", "=", self.company.id), ("partner_id", "=", customer.id)]
        )

    def test_the_fees_of_an_order_are_off_the_margin_of_its_customer(self):
        order = self._paid(24)
        before = self._score(order)
        self.assertEqual(before.fees, 0)
        margin = before.margin
        settlement = self._booked(
            self._row("sale", 24, order), self._row("fee", "-2.41", order), self._row("fee_tax", "-0.48", order)
        )
        self._keep()
        score = self._score(order)
        self.assertEqual(
            (score.fees, round(margin - score.margin, 2)), (2.41, 2.41), "its tax is input tax and no cost"
        )
        settlement.action_undo()
        self._keep()
        self.assertEqual((self._score(order).fees, self._score(order).margin), (0, margin))


class TestFeeBillOfPayout(FeeCase):
    """The bill for what payouts have kept."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel.write({"payout_vendor_id": cls.vendor.id, "payout_fees_as": "bill"})

    def _bill(self, *rows):
        settlement = self._booked(*rows)
        return settlement.move_ids - settlement.move_id

    def test_each_order_has_the_fees_of_its_lines_as_soon_as_the_bill_is_posted(self):
        first, second = self._paid(24), self._paid(48)
        bill = self._bill(
            self._row("sale", 24, first),
            self._row("fee", "-2.41", first, code="commission"),
            self._row("sale", 48, second),
            self._row("fee", "-4.80", second, code="commission"),
            self._row("fee", "-1.00", code="advertising"),
            self._row("fee_tax", "-0.48", first),
        )
        self.assertFalse(self._keep(), "a draft is no cost")
        bill.action_post()
        nobody = self.env["sale.order"]
        self.assertEqual(self._by_order(self._keep()), {first: -2.41, second: -4.8, nobody: -1}, "tax is no cost")
        self.assertEqual((self._net(self._role("fee")), self._net(self._role("fee_tax"))), (8.21, 0.48))

    def test_what_an_accountant_adds_to_the_bill_is_for_all_that_paid_fees(self):
        first, second = self._paid(24), self._paid(48)
        bill = self._bill(
            self._row("sale", 24, first),
            self._row("fee", "-1.00", first, code="commission"),
            self._row("sale", 48, second),
            self._row("fee", "-2.00", second, code="commission"),
        )
        bill.invoice_line_ids[0].price_unit = 3.10
        bill.invoice_line_ids = [
            Command.create(
                {"name": "What nobody knew", "price_unit": 0.1, "account_id": self.fees.id, "tax_ids": False}
            )
        ]
        bill.action_post()
        costs = self._by_order(self._keep())
        self.assertEqual(costs, {first: -1.06, second: -2.14})
        self.assertEqual((self._net(self._role("fee")), self._net(self.fees)), (3.1, 0.1))

    def test_a_bill_that_is_reversed_costs_nobody_anything(self):
        order = self._paid(24)
        bill = self._bill(self._row("sale", 24, order), self._row("fee", "-2.40", order, code="commission"))
        bill.action_post()
        self._keep()
        bill._reverse_moves([{"invoice_date": bill.invoice_date, "date": bill.date}], cancel=True)
        self.assertEqual(self._by_order(self._keep()), {order: 0})

    def test_a_fee_other_than_agreed_is_the_cost_of_the_order_that_it_was_taken_of(self):
        self.channel.payout_fees_as = "items"
        self.env["oms.payout.code"].create(
            {"channel_id": self.channel.id, "code": "commission", "is_agreed": True, "percent": 10}
        )
        first, second = self._paid(24), self._paid(24)
        self._booked(
            self._row("sale", 24, first),
            self._row("fee", "-2.40", first, code="commission"),
            self._row("sale", 24, second),
            self._row("fee", "-3.40", second, code="commission"),
        )
        self.assertEqual(self._by_order(self._keep()), {first: -2.4, second: -3.4})


class TestFeeBillOfTime(FeeCase):
    """A bill for a month that no payout kept."""

    def _month(self, *prices, **values):
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.vendor.id,
                "invoice_date": "2026-04-02",
                "ref": f"SUB-{next(self._numbers)}",
                "oms_fee_channel_id": self.channel.id,
                "oms_fees_from": "2026-03-01",
                "oms_fees_to": "2026-03-31",
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Subscription", "price_unit": price, "account_id": self.fees.id, "tax_ids": False}
                    )
                    for price in prices
                ],
                **values,
            }
        )
        bill.action_post()
        return bill

    def _ordered(self, moment, *lines, **values):
        order = self._order(*lines, **values)
        order.oms_ordered_at = moment
        return order

    def test_the_orders_of_its_time_share_it_by_their_value_and_none_of_another_time(self):
        first = self._ordered(datetime(2026, 3, 1, 12), ("STD", 1))
        second = self._ordered(datetime(2026, 3, 31, 12), ("STD", 2), ("AVG", 1))
        for moment in (datetime(2026, 2, 28, 12), datetime(2026, 4, 1, 12)):
            self._ordered(moment, ("STD", 5))
        self._month(39, "0.02")
        costs = self._keep()
        self.assertEqual(self._by_order(costs), {first: -9.76, second: -29.26})
        self.assertEqual(self._net(self.fees), 39.02)
        self.assertEqual(len(costs.oms_sale_line_id), 3)
        self.assertIn("2026-03-01 to 2026-03-31", costs[0].name)

    def test_a_time_without_orders_leaves_it_a_cost_of_no_order(self):
        self._month(39)
        self.assertEqual(self._by_order(self._keep()), {self.env["sale.order"]: -39})

    def test_a_bill_that_leaves_the_books_takes_its_costs_along(self):
        order = self._ordered(datetime(2026, 3, 2, 12))
        bill = self._month(39)
        self.assertEqual(self._by_order(self._keep()), {order: -39})
        bill.button_draft()
        self.assertFalse(self._keep())

    def test_an_order_in_another_currency_shares_by_what_it_is_worth_here(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 2.0}
        )
        here = self._ordered(datetime(2026, 3, 2, 12))
        there = self._ordered(datetime(2026, 3, 3, 12), currency="USD")
        self._month(30)
        self.assertEqual(self._by_order(self._keep()), {here: -20, there: -10})

    def test_it_says_for_which_time_it_is(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self._month(39, oms_fees_from="2026-04-01")
