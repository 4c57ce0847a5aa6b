"""Shops of which the truth is known, lived through in Odoo: every cause is found, and every payout leaves nothing on clearing."""

import os
import random
import sys
from collections import defaultdict
from datetime import datetime, time, timezone
from decimal import Decimal
from pathlib import Path

from odoo.addons.oms_channels.tests.test_settlement import SettlementCase

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from shops import BOOK_RATE, CENT, START, make_shop  # noqa: E402 (beside this folder)

ZERO = Decimal(0)
#: Shops that a night tries, each night others: OMS_SHOP_LIVES=200.
NIGHT_SHOPS = int(os.environ.get("OMS_SHOP_LIVES") or 0)
TOGETHER = 10


class _Shops(SettlementCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        usd = cls.env.ref("base.USD")
        usd.active = True
        cls.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": cls.company.id, "name": START, "rate": float(1 / BOOK_RATE)}
        )
        cls._create_product("PIECE", "standard", type="service", is_storable=False, invoice_policy="order")

    def _sell(self, shop, order, events):
        """An order of the shop, invoiced, with the payments that the channel took."""
        tax = () if not order.tax else (self._tax(19, order.tax, remitted=True),)
        payments = tuple(
            self._payment(
                event.amount,
                reference=event.transaction_ref,
                paid_at=datetime.combine(event.day, time(10), timezone.utc),
            )
            for event in events
        )
        doc = self._doc(
            external_id=order.ref,
            number=order.ref,
            currency=order.currency,
            lines=(self._line("PIECE", total=order.total - order.tax, rate=None, taxes=tax),),
            payments=payments,
            ordered_at=datetime.combine(order.day, time(9), timezone.utc),
        )
        sold = self._apply(doc)[0][0]
        self.assertEqual(self._holds(sold), [])
        self._book(sold)
        return sold

    def _pay_back(self, order, event):
        source = order.transaction_ids[:1]
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": source.provider_id.id,
                "payment_method_id": source.payment_method_id.id,
                "reference": f"refund-{event.key}",
                "provider_reference": event.transaction_ref,
                "amount": float(event.amount),
                "operation": "refund",
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "state": "done",
                "sale_order_ids": [(6, 0, order.ids)],
            }
        )
        order._oms_book_transaction(transaction, self.clearing_journal)

    def _live(self, seed):
        shop = make_shop(seed, orders=14, periods=2)
        self.assertEqual(shop.company_currency, "EUR", "Choose another seed.")
        by_ref = {order.ref: order for order in shop.orders}
        sold = {}
        for period, doc in enumerate(shop.docs):
            of_period = defaultdict(list)
            for event in shop.events:
                if event.period == period and event.kind == "payment":
                    of_period[event.order_ref].append(event)
            for ref, events in of_period.items():
                sold[ref] = self._sell(shop, by_ref[ref], events)
            for event in shop.events:
                if event.period == period and event.kind == "refund":
                    self._pay_back(sold[event.order_ref], event)
            settlement = self._take(doc)
            settlement.action_post()
            self._assert_truth(shop, period, settlement)
            line = self._statement_line(float(doc.total), doc.bank_reference, day=settlement.date)
            self.assertEqual(
                (settlement.state, line.is_reconciled), ("reconciled", True) if doc.total else (settlement.state, False)
            )
            self._assert_audited(shop, period)
        for order in sold.values():
            self._assert_page(order)

    def _assert_audited(self, shop, period):
        """The auditor finds nothing but what the channel truly never paid out."""
        self.assertNothingWrong(but=("clearing",))
        auditor = self.env["oms.check"]
        missing = {event.order_ref for event in shop.events if event.key in shop.open_after(period)}
        late = {ref for one in shop.truth[: period + 1] for (cause, ref) in one if cause == "late_refund"}
        for findings in auditor._find(self.company, {"clearing"}, auditor._get_scope(self.company)).values():
            for finding in findings:
                if order := self.env["sale.order"].browse(finding.order_id or ()):
                    self.assertIn(order.oms_external_id, missing, finding.sentence)
                else:
                    self.assertIn("a refund that is still in no books", finding.sentence)
                    self.assertTrue(late)

    def _assert_page(self, order):
        """What the page of an order says is in the bank is what the payouts say of it."""
        if order.currency_id == self.company.currency_id:
            order.invalidate_recordset()
            lines = self.env["oms.settlement.line"].search([("order_id", "=", order.id)])
            told = sum((Decimal(str(amount)) for amount in lines.mapped("amount")), ZERO).quantize(CENT)
            self.assertEqual(order._oms_get_order_to_cash().totals.banked, told, order.oms_number)

    def _assert_truth(self, shop, period, settlement):
        expected = defaultdict(lambda: ZERO)
        for (cause, _ref), amount in shop.truth[period].items():
            expected["fee" if cause == "fee_change" else cause] += amount  # no terms are entered here
        found = defaultdict(lambda: ZERO)
        for rest in settlement.rest_ids:
            found[rest.cause] += Decimal(str(rest.amount)).quantize(CENT)
        seed = f"seed {shop.seed}, payout {period + 1}"
        self.assertEqual(
            {cause: amount for cause, amount in found.items() if amount},
            {cause: amount for cause, amount in expected.items() if amount},
            seed,
        )
        # What is left on clearing is what has not been paid out, and refunds that are not booked yet.
        waiting = sum(shop.open_after(period).values(), ZERO)
        late = sum(
            (
                amount
                for one in shop.truth[: period + 1]
                for (cause, _ref), amount in one.items()
                if cause == "late_refund"
            ),
            ZERO,
        )
        self.assertEqual(
            Decimal(str(self._net(self.clearing_account))).quantize(CENT), (waiting - late).quantize(CENT), seed
        )
        self.assertClosed(
            settlement,
            in_transit=self._net(self._role("in_transit")),
            clearing=self._net(self.clearing_account),
        )


class TestSettlementShops(_Shops):
    def test_each_cause_of_a_known_shop_is_found_and_its_payouts_leave_nothing(self):
        self._live(5)

    def test_the_same_with_another_shop(self):
        self._live(10)


def _live_by_chance(self):
    while True:
        seed = random.randrange(1_000_000)  # noqa: S311 (a shop, no secret)
        if make_shop(seed, orders=14, periods=2).company_currency == "EUR":
            break
    with self.subTest(seed=seed):
        self._live(seed)


def _night_class(first):
    tests = {f"test_shop_{number}": _live_by_chance for number in range(first, min(first + TOGETHER, NIGHT_SHOPS + 1))}
    return type(f"TestSettlementShops{first}", (_Shops,), {"__module__": __name__, **tests})


# A night has many transactions: what shops leave behind in one of them is cleared away with it, and each costs the same.
globals().update((made.__name__, made) for made in map(_night_class, range(1, NIGHT_SHOPS + 1, TOGETHER)))
