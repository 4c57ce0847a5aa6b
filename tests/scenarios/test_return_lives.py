"""Random lives of an order, through Odoo itself: after each step the documents, the shelves and the ledger agree.

An order has one to three lines, of which each has a cost method and taxes of its own, maybe a discount of the order and
shipping. Whatever is exchanged is an order of its own that lives on: what it brought may come back, too.
"""

import os
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from odoo.addons.oms_returns.tests.common import ReturnsCommon

from .return_life import Life

#: Lives that are tried, each time the same; OMS_RETURN_LIVES=2000 for a night, and each night others.
LIVES = 50
NIGHT_LIVES = int(os.environ.get("OMS_RETURN_LIVES") or 0)


@tagged("post_install", "-at_install")
class TestReturnLives(ReturnsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        usd = cls.env.ref("base.USD")
        usd.active = True
        cls.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": cls.company.id, "name": "2020-01-01", "rate": 1.25}
        )
        cls.pricelists = {
            "EUR": cls.env["product.pricelist"].create({"name": "EUR", "currency_id": cls.company.currency_id.id}),
            "USD": cls.env["product.pricelist"].create({"name": "USD", "currency_id": usd.id}),
        }
        included = cls._create_tax(20, price_include_override="tax_included")
        cls.taxes = {
            "20 % on top": cls.tax_20,
            "20 % inside": included,
            "5.5 % on top": cls.tax_55,
            "both on top": cls.tax_20 | cls.tax_55,
        }
        cls.products = cls.product_standard | cls.product_average | cls.product_fifo
        cls.discount = cls._create_service("Off the order")
        cls.shipping = cls.env.ref("oms_core.product_shipping")
        for kind in ("fee", "deduction", "goodwill", "adjustment", "kept", "claim"):
            cls.company._oms_get_refund_account(kind)  # or one that is rolled back would be remembered
        cls.company._oms_get_gift_card_account()
        cls.company._oms_get_write_off_place(cls.env.ref("oms_returns.disposition_scrap"))
        cls.company._oms_get_write_down_account()
        cls.credit_account = cls.company._oms_get_tender_journal("store_credit").default_account_id

    @classmethod
    def _create_service(cls, name):
        return cls.env["product.product"].create(
            {"name": name, "type": "service", "invoice_policy": "order", "company_id": cls.company.id}
        )

    def test_the_books_agree_after_each_step(self):
        @settings(
            max_examples=LIVES,
            derandomize=not NIGHT_LIVES,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # to look for a shorter life that fails takes minutes
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def lives(data):
            savepoint = self.env.cr.savepoint()
            try:
                life = Life(self, data)
                life.live(self._check)
                self._check_books(life)
            finally:
                savepoint.close(rollback=True)
                self.env.invalidate_all()
                self.env.registry.clear_all_caches()

        lives()

    def _check_books(self, life):
        """The auditor, who reads nothing but the tables, finds nothing either, not even in what happened just now."""
        for order in life.orders.filtered(lambda order: order.state == "sale"):
            self._book(order)
        by_hand = any(sold.by_hand for sold in life.sold.values())
        # What an accountant credits though it never came back is no mistake of ours, and is to be found.
        self.assertNothingWrong({"quantities"} if by_hand else (), until=life.now + timedelta(days=1))

    def _check(self, life, step):
        self.env.invalidate_all()
        for sold in life.sold.values():
            line = sold.line
            told = (line.qty_delivered, line.qty_invoiced, sum(line.oms_return_line_ids.mapped("quantity_received")))
            ours = (sold.shipped - sold.received, sold.charged - sold.credited - sold.by_hand, sold.received)
            self.assertEqual(told, ours, (step, line.product_id.default_code))
            self.assertEqual(sum(line.oms_return_line_ids.mapped("quantity_settled")), sold.settled, step)
        for order in life.orders:
            self._check_money(life, order, step)
        self._check_receivable(life, step)
        self._check_goods(life, step)

    def _check_money(self, life, order, step):
        """What is charged is the price of what is not given back; of what is given back in whole, nothing but what is kept."""
        sums, taxed = defaultdict(Decimal), defaultdict(Decimal)
        documents = order.invoice_ids.filtered(lambda move: move.state == "posted")
        for line in documents.invoice_line_ids:
            sign = -line.move_id.direction_sign
            net, total = (Decimal(repr(sign * amount)) for amount in (line.price_subtotal, line.price_total))
            of = line.sale_line_ids or line.oms_credited_line_id.sale_line_ids
            kind = line.oms_refund_kind or ("goods" if of in life.sold else "shipping" if of._is_oms_shipping() else "")
            sums[kind] += total
            if kind in ("goods", "kept", "claim"):
                sums[of] += net
            if kind not in ("fee", "deduction", "shipping"):
                taxed[line.tax_ids] += total - net
        everything = sum((Decimal(repr(-move.direction_sign * move.amount_total)) for move in documents), Decimal(0))
        missed = round(sum(map(_missed, documents), Decimal(0)), 2)
        by_hand = any(sold.by_hand for sold in life.of(order))
        if not by_hand:  # an accountant may give back more than there is; we do not
            self.assertGreaterEqual(round(everything, 2), 0, step)
        for sold in life.of(order):
            left = Decimal(repr(sold.price)) * Decimal(sold.open) / Decimal(repr(sold.ordered))
            self.assertAlmostEqual(sums[sold.line], left, delta=Decimal("0.01") * (len(documents) + 1), msg=step)
        if all(sold.shipped == sold.line.product_uom_qty for sold in life.of(order)):
            self.assertTrue(all(sold.charged == sold.shipped for sold in life.of(order)), step)
        if all(sold.open == 0 for sold in life.of(order)) and not by_hand:
            kept = sums["fee"] + sums["deduction"] + sums["shipping"]
            if any(sold.shipped < sold.ordered for sold in life.of(order)):
                # What is off the whole order comes with the first parcel, and goes back with the share of what came back.
                kept += sums[""] + sums["discount"] + sums["goodwill"]
            else:
                self.assertLessEqual(sum(abs(round(amount, 2)) for amount in taxed.values()), missed, step)
            self.assertLessEqual(abs(round(everything - kept, 2)), missed if kept else 0, (step, dict(sums)))

    def _check_receivable(self, life, step):
        """What the customer owes is what was charged less what was paid, but for what became store credit."""
        documents = life.documents()
        entries = self.env["oms.store.credit.entry"].search([("partner_id", "=", life.customer.id)])
        transactions = life.orders.transaction_ids.filtered("payment_id")
        moves = documents | transactions.payment_id.move_id | entries.move_id
        lines = moves.line_ids.filtered(lambda line: self.accounts.get(line.account_id) == "receivable")
        charged = sum(-move.direction_sign * move.amount_total for move in documents)
        given = sum(entries.mapped("amount"))
        self.assertAlmostEqual(
            sum(lines.mapped("amount_residual_currency")), charged - sum(transactions.mapped("amount")) + given, 2, step
        )
        self.assertEqual(self.company._oms_check_store_credit(), [], step)
        owed = self._net(self.credit_account, entries.move_id)
        rate = 1.25 if life.orders.currency_id.name == "USD" else 1
        self.assertAlmostEqual(-owed, given / rate, delta=0.01 * (len(entries) + 1), msg=step)

    def _check_goods(self, life, step):
        """The cost of what was sold is that of what left and was not credited; the ledger lags by what is not credited yet."""
        cogs = life.documents().line_ids.filtered(lambda line: line.display_type == "cogs")
        if life.valuation == "periodic":
            self.assertFalse(cogs, step)
            return
        if any(sold.charged < sold.shipped for sold in life.sold.values()):
            return  # the cost follows with the invoice
        out = credited = unsure = 0.0
        for sold in life.sold.values():
            left = sold.line.move_ids.filtered(
                lambda move: move.state == "done" and move.location_dest_id.usage == "customer"
            )
            value = sum(left.mapped("value"))
            out += value
            # Which of the pieces that left an accountant has credited, nobody knows.
            unit = value / sold.shipped if sold.shipped else 0
            costs = [move.value / move.quantity for move in left]
            credited += unit * sold.by_hand
            unsure += sold.by_hand * (max(costs) - min(costs)) if sold.by_hand else 0
        for move, value in life.came.items():
            line = move.oms_return_line_id
            ours = line.settlement_ids.filtered(lambda row, line=line: row.move_id in line.refund_line_ids.move_id)
            credited += value * sum(ours.mapped("quantity")) / line.quantity_received
        costs = cogs.filtered(lambda line: self.accounts.get(line.account_id) == "cogs")
        slack = 0.05 + 0.01 * len(cogs) + unsure
        self.assertAlmostEqual(sum(costs.mapped("balance")), out - credited, delta=slack, msg=step)
        waiting = sum(life.came.values()) - credited
        self.assertAlmostEqual(life.on_shelves() - life.in_ledger(), life.beside + waiting, delta=slack, msg=step)


def _missed(move):
    """By how much the lines of a document, rounded each, miss what is booked: Odoo rounds each tax of an invoice once, and
    has one of its lines pay for the cent."""
    lines = move.invoice_line_ids
    taxes = move.amount_tax - sum(line.price_total - line.price_subtotal for line in lines)
    nets = (abs(line.price_subtotal - move.direction_sign * line.amount_currency) for line in lines)
    return Decimal(repr(abs(taxes) + sum(nets)))


# A night has many transactions: what lives leave behind in one of them is cleared away with it, and each costs the same.
globals().update(
    (name, tagged("post_install", "-at_install")(type(name, (TestReturnLives,), {"__module__": __name__})))
    for name in (f"TestReturnLives{number}" for number in range(2, NIGHT_LIVES // LIVES + 1))
)
