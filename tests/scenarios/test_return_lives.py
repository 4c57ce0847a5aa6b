"""Random lives of an order, through Odoo itself: after each step the documents, the shelves and the ledger agree."""

import os
from datetime import datetime, timedelta
from decimal import Decimal

from freezegun import freeze_time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.oms_returns.tests.common import ReturnsCommon

#: Lives that are tried; OMS_RETURN_LIVES=200 for a longer night.
LIVES = int(os.environ.get("OMS_RETURN_LIVES") or 6)
STEPS = ("ship", "ship", "return", "return", "refund", "refund", "keep", "cancel", "repay", "buy", "exchange")


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
        cls.included = cls._create_tax(20, price_include_override="tax_included")
        cls.products = {"standard": cls.product_standard, "average": cls.product_average, "fifo": cls.product_fifo}
        for kind in ("fee", "deduction", "goodwill", "adjustment", "kept", "claim"):
            cls.company._oms_get_refund_account(kind)  # or one that is rolled back would be remembered
        cls.company._oms_get_gift_card_account()

    def test_the_books_agree_after_each_step(self):
        @settings(max_examples=LIVES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.data())
        def lives(data):
            savepoint = self.env.cr.savepoint()
            try:
                Life(self, data).live()
            finally:
                savepoint.close(rollback=True)
                self.env.invalidate_all()
                self.env.registry.clear_all_caches()

        lives()


class Life:
    """One order of one line of an ugly price, and what happens to it."""

    def __init__(self, test, data):
        self.test, self.env, self.data = test, test.env, data
        self.product = test.products[data.draw(st.sampled_from(sorted(test.products)), label="cost method")]
        self.valuation = data.draw(st.sampled_from(["real_time", "periodic"]), label="valuation")
        self.product.categ_id.property_valuation = self.valuation
        self.quantity = data.draw(st.integers(1, 5), label="ordered")
        self.order = self.make_order()
        self.line = self.order.order_line.filtered(lambda line: line.product_id == self.product)
        self.requests = self.env["oms.return"]
        self.now = datetime.now()
        self.shipped = self.received = self.refunded = self.kept = 0
        # Value on the shelves that is in no entry: from before, and bought since without a bill.
        self.beside = self.on_shelves() - self.in_ledger()

    def make_order(self):
        if self.data.draw(st.booleans(), label="charged by a channel"):
            total = self.data.draw(st.sampled_from(["10.00", "33.33", "0.05", "99.99"]), label="total")
            rate = self.data.draw(st.sampled_from([20, "5.5", None]), label="tax")
            return self.test._order((self.product.default_code, self.quantity, total, rate))
        tax = self.data.draw(st.sampled_from([self.test.tax_20, self.test.included]), label="tax")
        customer = self.env["res.partner"].create({"name": "Ada", "country_id": self.test.country.id})
        line = {
            "product_id": self.product.id,
            "product_uom_qty": self.quantity,
            "price_unit": self.data.draw(st.sampled_from([9.99, 3.33, 20.0]), label="price"),
            "discount": self.data.draw(st.sampled_from([0.0, 12.5, 33.0]), label="discount"),
            "tax_ids": [Command.set(tax.ids)],
        }
        order = self.env["sale.order"].create(
            {
                "partner_id": customer.id,
                "company_id": self.test.company.id,
                "oms_channel_id": self.test.channel.id,
                "fiscal_position_id": False,
                "pricelist_id": self.test.pricelists[
                    self.data.draw(st.sampled_from(["EUR", "USD"]), label="currency")
                ].id,
                "order_line": [Command.create(line)],
            }
        )
        order.action_confirm()
        return order

    # ------------------------------------------------------------------------------------------------------------ STEPS

    def live(self):
        for _step in range(self.data.draw(st.integers(3, 8), label="steps")):
            step = self.data.draw(st.sampled_from(STEPS), label="step")
            # Odoo orders what changes a value by its second; what is done in one second has no order.
            self.now += timedelta(minutes=1)
            with freeze_time(self.now):
                getattr(self, step)()
                self.check(step)

    def some(self, most, label):
        return self.data.draw(st.integers(1, most), label=label) if most >= 1 else 0

    def ship(self):
        if quantity := self.some(self.line.product_uom_qty - self.shipped, "ship"):
            self.test._ship(self.order, {self.product: quantity})
            self.test._book(self.order)
            self.shipped += quantity

    def ask(self, quantity, **values):
        request = self.env["oms.return"].create(
            {
                "order_id": self.order.id,
                "line_ids": [Command.create({"sale_line_id": self.line.id, "quantity": quantity, **values})],
            }
        )
        request.action_authorize()
        return request

    def terms(self):
        return {
            "fee_percent": self.data.draw(st.sampled_from([0, 0, 15]), label="fee %"),
            "refund_shipping": "full_if_all",
        }

    def with_customer(self):
        return self.line._oms_get_with_customer()

    def make_return(self):
        if quantity := self.some(int(self.with_customer()), "return"):
            request = self.ask(quantity)
            request.action_receive()
            request.line_ids.write(self.terms())
            self.received += quantity
            self.requests |= request
            return request
        return self.env["oms.return"]

    def exchange(self):
        """What comes back is exchanged where that is possible; it is credited all the same."""
        request = self.make_return()
        if request:
            request.action_refund()
            self.refunded += int(request.line_ids.quantity)

    def refund(self):
        due = self.requests.filtered(lambda request: request.line_ids.quantity_to_settle > 0)
        if due:
            request = due[self.data.draw(st.integers(0, len(due) - 1), label="which return")]
            self.refunded += int(request.line_ids.quantity_to_settle)
            request.action_refund()

    def keep(self):
        if quantity := self.some(int(self.with_customer()), "keep"):
            request = self.ask(quantity, expects_goods=False)
            request.action_refund()
            self.kept += quantity

    def cancel(self):
        if self.shipped and self.shipped < self.line.product_uom_qty:
            self.line.product_uom_qty = self.shipped

    def repay(self):
        for request in self.requests.filtered("amount_to_repay"):
            taken = sum(tender.room for tender in self.order._oms_get_tenders().values())
            if taken >= Decimal(str(request.amount_to_repay)):
                request.action_repay()

    def buy(self):
        """Ten more come in at three times the cost; no bill says so yet."""
        before = self.on_shelves()
        self.test._buy(self.product, 10, 30.0)
        self.beside += self.on_shelves() - before

    # ----------------------------------------------------------------------------------------------------------- CHECKS

    def on_shelves(self):
        self.product.invalidate_recordset(["total_value"])
        return self.product.total_value

    def in_ledger(self):
        return self.test._net(self.test._account("stock"))

    def documents(self):
        return self.order.invoice_ids.filtered(lambda move: move.state == "posted")

    def check(self, step):
        test, line = self.test, self.line
        line.invalidate_recordset()
        self.order.invalidate_recordset()
        test.assertEqual(line.qty_delivered, self.shipped - self.received, step)
        test.assertEqual(line.qty_invoiced, self.shipped - self.refunded, step)
        test.assertEqual(sum(self.order.oms_return_ids.line_ids.mapped("quantity_received")), self.received, step)
        test.assertEqual(
            sum(self.order.oms_return_ids.line_ids.mapped("quantity_settled")), self.refunded + self.kept, step
        )
        documents, sign = self.documents(), lambda move: -move.direction_sign
        charged = [
            round(sum(sign(move) * move[name] for move in documents), 2) for name in ("amount_untaxed", "amount_tax")
        ]
        test.assertGreaterEqual(charged[0], 0, step)
        test.assertGreaterEqual(charged[1], 0, step)
        fees = [each for each in documents.invoice_line_ids if each.oms_refund_kind == "fee"]
        if self.refunded + self.kept == self.shipped:
            # All that was charged is credited but for the fees, to the cent.
            rest = [sum(each[name] for each in fees) for name in ("price_subtotal", "price_total")]
            test.assertEqual(charged[0], round(-rest[0], 2), step)
            test.assertEqual(round(sum(charged), 2), round(-rest[1], 2), step)
        receivable = documents.line_ids.filtered(lambda each: test.accounts.get(each.account_id) == "receivable")
        paid = sum(self.order.transaction_ids.filtered("payment_id").mapped("amount"))
        test.assertAlmostEqual(
            sum(receivable.mapped("amount_currency")),
            sum(sign(move) * move.amount_total for move in documents),
            2,
            step,
        )
        test.assertAlmostEqual(self.open_receivable(), sum(charged) - paid, 2, step)
        self.check_goods(documents, step)

    def open_receivable(self):
        moves = self.documents() | self.order.transaction_ids.payment_id.move_id
        lines = moves.line_ids.filtered(lambda each: self.test.accounts.get(each.account_id) == "receivable")
        return sum(lines.mapped("amount_residual_currency"))

    def check_goods(self, documents, step):
        """The cost of what was sold is that of what left and was not credited; the ledger lags by what is not credited yet."""
        test = self.test
        cogs = documents.line_ids.filtered(lambda each: each.display_type == "cogs")
        if self.valuation == "periodic":
            test.assertFalse(cogs, step)
            return
        moves = self.line.move_ids.filtered(lambda move: move.state == "done")
        out = sum(moves.filtered(lambda move: move.location_dest_id.usage == "customer").mapped("value"))
        came_back = moves.filtered(lambda move: move.location_id.usage == "customer")
        credited = sum(
            move.value * move.oms_return_line_id.quantity_settled / move.oms_return_line_id.quantity_received
            for move in came_back
        )
        costs = cogs.filtered(lambda each: test.accounts.get(each.account_id) == "cogs")
        test.assertAlmostEqual(sum(costs.mapped("balance")), out - credited, 1, step)
        waiting = sum(came_back.mapped("value")) - credited
        test.assertAlmostEqual(self.on_shelves() - self.in_ledger(), self.beside + waiting, 1, step)


# A step is called by its name, and `return` is a word of the language.
setattr(Life, "return", Life.make_return)
