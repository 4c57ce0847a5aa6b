"""The report of each platform, as it comes: its orders are sold and booked, the report is imported, booked and in the bank."""

import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

from odoo import fields

from odoo.addons.oms_channels.domain.bank_match import REFERENCE_MIN
from odoo.addons.oms_channels.payouts import READERS
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer
from odoo.addons.oms_channels.tests.test_settlement import SettlementCase

REPORTS = Path(__file__).parents[2] / "data" / "payouts"
#: Causes that mean that something of the report was not understood.
UNCLEAR = {"unknown_order", "difference", "duplicate", "late_refund"}
RATES = {"USD": 1.08, "JPY": 162.0, "GBP": 0.85}


class TestPayoutReports(SettlementCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code, rate in RATES.items():
            currency = cls.env.ref(f"base.{code}")
            currency.active = True
            cls.env["res.currency.rate"].create(
                {"currency_id": currency.id, "company_id": cls.company.id, "name": date(2020, 1, 1), "rate": rate}
            )
        cls._create_product("PIECE", "standard", type="service", is_storable=False, invoice_policy="order")

    def _sell(self, doc):
        """Everything that a payout pays out and takes back, sold and booked before it comes."""
        paid, back = defaultdict(Decimal), defaultdict(Decimal)
        for line in doc.lines:
            if line.kind in ("sale", "refund"):
                where = paid if line.kind == "sale" else back
                where[line.order_ref, line.transaction_ref] += line.amount
        orders = {}
        for (order_ref, reference), amount in paid.items():
            if amount:
                orders[order_ref] = self._sold(doc, order_ref, reference, amount)
        for (order_ref, reference), amount in back.items():
            if amount:
                # What was sold before this period has been paid out before it.
                order = orders.get(order_ref) or self._sold(doc, order_ref, "before", -amount, settled=True)
                self._refund(order, float(-amount), reference)

    def _sold(self, doc, order_ref, reference, amount, settled=False):
        order = self._apply(
            self._doc(
                external_id=order_ref or f"without {reference}",
                number=order_ref or f"N{reference}",
                currency=doc.currency,
                lines=(self._line("PIECE", total=amount, rate=None),),
                payments=(self._payment(amount, reference=reference),),
            )
        )[0][0]
        self._book(order)
        if settled:
            row = self._row("sale", amount, order_ref=order_ref, transaction_ref=reference)
            self._take(self._payout(row, currency=doc.currency)).action_post()
        return order

    def _live(self, docs):
        self.assertTrue(docs)
        for doc in docs:
            self.assertEqual(doc.problems(), [])
            if doc.status != "paid":
                continue
            self._sell(doc)
            settlement = self._take(doc)
            settlement.action_post()
            unclear = settlement.rest_ids.filtered(lambda rest: rest.cause in UNCLEAR)
            self.assertEqual(unclear.mapped("sentence"), [])
            self.assertEqual(self._net(self.clearing_account), 0)
            on_its_way = self._net(self._role("in_transit"))
            self.assertClosed(settlement, in_transit=on_its_way)
            if doc.total:
                self._bank(doc, settlement)
            self.assertEqual(settlement.state, "reconciled")

    def _bank(self, doc, settlement):
        reference = doc.bank_reference or doc.id
        values = {"day": settlement.date}
        amount = float(doc.total)
        if doc.currency != "EUR":
            # The bank books what it got for it.
            currency = self.env.ref(f"base.{doc.currency}")
            values.update(foreign_currency_id=currency.id, amount_currency=amount)
            amount = round(amount / RATES[doc.currency], 2)
        line = self._statement_line(amount, f"CREDIT {reference}", **values)
        if max(len(doc.bank_reference), len(doc.id)) < REFERENCE_MIN:
            self.assertFalse(line.is_reconciled, "So short a reference could stand there by chance.")
            settlement.action_match_bank()  # the accountant's click, for which the amount is enough
        self.assertTrue(line.is_reconciled, f"{doc.platform} {doc.id} is not found in the bank")

    def _report(self, path):
        raw = (REPORTS / path).read_bytes()
        parse = READERS[path.split("/")[0]][1]
        return parse(json.loads(raw) if path.endswith(".json") else raw)

    def test_amazons_settlement_of_two_weeks(self):
        self._live(self._report("amazon/de_two_weeks.txt"))

    def test_amazons_settlement_with_tax_that_amazon_keeps(self):
        self._live(self._report("amazon/us_tax_kept_by_amazon.txt"))

    def test_amazons_settlement_in_yen(self):
        self._live(self._report("amazon/jp_shift_jis.txt"))

    def test_amazons_finances(self):
        self._live(self._report("amazon/finances_group.json"))

    def test_ebays_finances(self):
        self._live(self._report("ebay/finances_payout.json"))

    def test_shopifys_payouts(self):
        self._live(self._report("shopify/payouts_page.csv"))

    def test_shopifys_payout_by_its_interface(self):
        self._live(self._report("shopify/api_payout.json"))

    def test_paypals_settlement_report(self):
        self._live(self._report("paypal/STL-20260305.csv"))

    def test_paypals_transactions(self):
        self._live(self._report("paypal/transactions.json"))

    def test_stripes_report(self):
        self._live(self._report("stripe/itemized.csv"))

    def test_stripes_payout_by_its_interface(self):
        self._live(self._report("stripe/api_payout.json"))


class TestPayoutsAreRead(SettlementCase):
    """What a channel tells itself is taken in, once."""

    def setUp(self):
        super().setUp()
        self.shop = ShopifyServer(per_s=10_000)
        self.shop.start()
        self.addCleanup(self.shop.stop)
        self.channel.write({"platform": "shopify", "api_url": self.shop.url, "api_token": self.shop.token})
        self.told = json.loads((REPORTS / "shopify" / "api_payout.json").read_bytes())

    def _send(self, **values):
        issued = fields.Datetime.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.shop.send_payout({**self.told["payout"], "issuedAt": issued, **values}, self.told["transactions"])

    def _payouts(self):
        return self.env["oms.settlement"].search([("channel_id", "=", self.channel.id)])

    def test_a_payout_is_read_once_and_waits_for_an_accountant(self):
        self._send()
        self.assertFalse(self.channel._poll_payouts())
        self.assertFalse(self.channel._poll_payouts())
        (payout,) = self._payouts()
        self.assertEqual((payout.external_id, payout.state, payout.total), ("90211", "checked", 111.01))
        self.assertTrue(self.channel.payouts_read_at)

    def test_a_shop_that_does_not_answer_is_told_on_the_channel(self):
        self.shop.stop()
        self.assertTrue(self.channel._poll_payouts())
        self.assertTrue(self.channel.payout_error)

    def test_what_the_channel_kept_stands_in_the_money_of_the_order(self):
        order = self._paid()
        self._booked(self._row("sale", 24, order), self._row("fee", "-2.40", order, text="Commission"))
        steps = [step for step in order._oms_money_steps() if step.kind == "fee"]
        self.assertEqual([(step.amount, step.note) for step in steps], [(Decimal("-2.40"), "Commission")])
