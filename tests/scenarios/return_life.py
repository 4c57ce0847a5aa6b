"""What happens to an order of ugly prices, and to what is sent in exchange for it, with a count of our own beside it."""

from datetime import datetime, timedelta
from decimal import Decimal

from freezegun import freeze_time
from hypothesis import strategies as st

from odoo.fields import Command

STEPS = (
    *("ship", "ship", "send_back", "send_back", "inspect", "refund", "refund"),
    *("claim", "cancel", "repay", "buy", "credit_by_hand"),
)
OUTCOMES = ("refund", "refund", "refund", "credit", "exchange", "replacement")


class Sold:
    """A line of an order, and what happened to it by our own count, in pieces."""

    def __init__(self, line):
        self.line, self.product, self.order = line, line.product_id, line.order_id
        self.ordered, self.price = line.product_uom_qty, line.price_subtotal
        self.shipped = self.charged = self.received = self.credited = self.kept = self.by_hand = self.settled = 0

    @property
    def gone(self):
        """Pieces whose money was given back, one way or another."""
        return self.credited + self.kept + self.by_hand

    @property
    def open(self):
        """Pieces that stand on an invoice and were not given back."""
        return self.charged - self.gone


class Life:
    """Draws an order and the steps, and takes them."""

    def __init__(self, test, data):
        self.test, self.env, self.data = test, test.env, data
        self.valuation = self.pick(["real_time", "periodic"], "valuation")
        test.products.categ_id.property_valuation = self.valuation
        self.is_channel = self.pick([True, False], "charged by a channel")
        self.customer = self.env["res.partner"].create({"name": "Ada", "country_id": test.country.id})
        first = self.make_order()
        self.customer = first.partner_id
        self.orders, self.sold = self.env["sale.order"], {}
        self.follow(first)
        self.requests = self.env["oms.return"]
        self.came = {}  # {receipt of goods: what they were worth when they came in}
        self.now = datetime.now()
        # Value on the shelves that is in no entry: from before, and bought since without a bill.
        self.beside = self.on_shelves() - self.in_ledger()

    def pick(self, choices, label):
        return self.data.draw(st.sampled_from(choices), label=label)

    def some(self, most, label, least=1):
        return self.data.draw(st.integers(least, int(most)), label=label) if most >= 1 else 0

    # -------------------------------------------------------------------------------------------------------- THE ORDER

    def make_order(self):
        count = self.some(3, "lines")
        products = self.data.draw(st.permutations(list(self.test.products)), label="products")[:count]
        extra = {"discount": self.pick([False, True], "discount"), "shipping": self.pick([False, True], "shipping")}
        return (self.charge if self.is_channel else self.enter)(products, **extra)

    def charge(self, products, discount, shipping):
        """An order of a channel, at the amounts that it charged."""
        test, lines = self.test, []
        for product in products:
            total = self.pick(["10.00", "33.33", "0.05", "99.99"], "total")
            rate = self.pick([20, "5.5", None], "tax")
            lines.append(test._line(product.default_code, self.some(5, "ordered"), total, rate))
        if discount:
            off = (sum(line.total for line in lines) / 5).quantize(Decimal("0.01"))
            lines.append(test._line("", 1, -off, lines[0].taxes and lines[0].taxes[0].rate or None, kind="discount"))
        if shipping:
            lines.append(test._line("", 1, "4.99", 20, kind="shipping"))
        return test._apply(test._doc(lines=tuple(lines)))[0][0]

    def enter(self, products, discount, shipping):
        """An order that a clerk entered."""
        test, lines = self.test, []
        for product in products:
            tax = test.taxes[self.pick(sorted(test.taxes), "tax")]
            lines.append(
                {
                    "product_id": product.id,
                    "product_uom_qty": self.some(5, "ordered"),
                    "price_unit": self.pick([9.99, 3.33, 20.0], "price"),
                    "discount": self.pick([0.0, 12.5, 33.0], "discount of the line"),
                    "tax_ids": [Command.set(tax.ids)],
                }
            )
        beside = {"product_uom_qty": 1, "tax_ids": lines[0]["tax_ids"]}
        if discount:
            lines.append({**beside, "product_id": test.discount.id, "price_unit": -1.55})
        if shipping:
            lines.append({**beside, "product_id": test.shipping.id, "price_unit": 4.99, "oms_kind": "shipping"})
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": test.company.id,
                "oms_channel_id": test.channel.id,
                "fiscal_position_id": False,
                "pricelist_id": test.pricelists[self.pick(["EUR", "USD"], "currency")].id,
                "order_line": [Command.create(line) for line in lines],
            }
        )
        order.action_confirm()
        return order

    def follow(self, order):
        self.orders |= order
        for line in order.order_line.filtered(lambda line: line.product_id in self.test.products):
            self.sold[line] = Sold(line)

    def of(self, order):
        return [sold for sold in self.sold.values() if sold.order == order]

    # ------------------------------------------------------------------------------------------------------------ STEPS

    def live(self, check):
        for number in range(self.some(12, "steps", 4)):
            step = self.pick(STEPS, "step") if number else "ship"
            # Odoo orders what changes a value by its second; what is done in one second has no order.
            self.now += timedelta(minutes=1)
            with freeze_time(self.now):
                getattr(self, step)()
                check(self, step)

    def ship(self):
        order = self.pick(list(self.orders), "order")
        whole = bool(order.oms_exchange_return_id)
        parts = {}
        for sold in self.of(order):
            if most := sold.line.product_uom_qty - sold.shipped:
                parts[sold] = most if whole else self.some(most, "ship", 0)
        if order.state == "sale" and any(parts.values()):
            self.test._ship(order, None if whole else {sold.product: count for sold, count in parts.items()})
            for sold, count in parts.items():
                sold.shipped += int(count)
            before = len(order.invoice_ids)
            self.test._book(order)
            if len(order.invoice_ids) > before:  # else the discount is more than what has left so far
                for sold in self.of(order):
                    sold.charged = sold.shipped

    def ask(self, order, label, **values):
        """A return of some of what the customer has, authorized; empty when he has nothing."""
        parts = {}
        for sold in self.of(order):
            # What an accountant has given the money back for is not asked for again.
            lines = sold.line.oms_return_line_ids
            waiting = sum(line.quantity - line.quantity_settled for line in lines)
            most = min(sold.line._oms_get_with_customer(), sold.shipped - sold.gone - waiting)
            parts[sold] = self.some(most, label, 0)
        request = self.env["oms.return"]
        if any(parts.values()):
            request = request.create(
                {
                    "order_id": order.id,
                    "kind": values.pop("kind", "return"),
                    "line_ids": [
                        Command.create({"sale_line_id": sold.line.id, "quantity": count, **values})
                        for sold, count in parts.items()
                        if count
                    ],
                }
            )
            request.action_authorize()
            request.line_ids.refund_shipping = "full_if_all"
            self.requests |= request
        return request

    def send_back(self):
        order = self.pick(list(self.orders), "order")
        outcome = self.pick(OUTCOMES, "outcome")
        if outcome in ("exchange", "replacement") and any(sold.by_hand for sold in self.of(order)):
            outcome = "refund"  # as in credit_by_hand
        needs = self.pick([False, True], "is inspected")
        request = self.ask(order, "return", outcome=outcome, needs_inspection=needs)
        if request:
            for line in request.line_ids:
                line.fee_percent = self.pick([0, 0, 15], "fee %")
            request.action_receive()
            for line in request.line_ids:
                self.sold[line.sale_line_id].received += int(line.quantity)
            self.came |= {move: move.value for move in request.line_ids.move_ids}

    def inspect(self):
        lines = self.requests.line_ids.filtered(lambda line: line.quantity_to_inspect > 0)
        if lines:
            lines = self.pick(list(lines), "inspected").return_id.line_ids & lines
            found = {}
            for line in lines:
                deduction = self.pick([{}, {"deduction_percent": 10}, {"deduction_amount": 1}], "deduction")
                place = self.env.ref(f"oms_returns.disposition_{self.pick(['restock', 'scrap', 'outlet'], 'place')}")
                count = self.some(line.quantity_to_inspect, "inspected pieces")
                found[line] = {"quantity": count, "disposition_id": place.id, "deduction_percent": 0, **deduction}
            lines._inspect(found)

    def refund(self):
        due = self.requests.filtered(self.can_settle)
        if due:
            self.settle(self.pick(list(due), "which return"))

    def can_settle(self, request):
        """Nothing is given back that waits for its invoice."""
        due = request.line_ids.filtered("quantity_to_settle")
        sold = [self.sold[line.sale_line_id] for line in due]
        return bool(due) and all(one.charged == one.shipped for one in sold)

    def settle(self, request):
        for line in request.line_ids:
            sold, count = self.sold[line.sale_line_id], int(line.quantity_to_settle)
            sold.settled += count
            count = min(count, sold.open)  # of the others the accountant has given the money back
            if line.expects_goods:
                sold.credited += count
            else:
                sold.kept += count
        request.action_refund()
        for order in request.exchange_order_ids - self.orders:
            if order.state == "sale":
                self.follow(order)

    def claim(self):
        kind = self.pick(["claim", "return"], "kind")
        request = self.ask(self.pick(list(self.orders), "order"), "keep", expects_goods=False, kind=kind)
        if request and self.can_settle(request):
            self.settle(request)

    def cancel(self):
        """What has not left is called off."""
        sold = self.pick(list(self.sold.values()), "line")
        if 0 < sold.charged == sold.shipped < sold.line.product_uom_qty:
            sold.line.product_uom_qty = sold.shipped

    def credit_by_hand(self):
        """An accountant reverses a part of an invoice, and knows nothing of returns."""
        if any(request.has_exchange for request in self.requests):
            return  # goods of which somebody gave the money back are no price of others
        lines = self.documents().invoice_line_ids.filtered(
            lambda line: (
                line.move_id.move_type == "out_invoice"
                and line.sale_line_ids in self.sold
                and self.sold[line.sale_line_ids].open >= line.quantity
            )
        )
        if lines:
            line = self.pick(list(lines), "credited by hand")
            credit = line.move_id._reverse_moves()
            mine = credit.invoice_line_ids.filtered(lambda one: one.sale_line_ids == line.sale_line_ids)
            (credit.invoice_line_ids - mine).unlink()
            mine.quantity = count = self.some(line.quantity, "pieces")
            credit.action_post()
            self.sold[line.sale_line_ids].by_hand += count

    def repay(self):
        for request in self.requests.filtered("amount_to_repay"):
            taken = sum(tender.room for tender in request.order_id._oms_get_tenders().values())
            if taken >= Decimal(str(request.amount_to_repay)):
                request.action_repay()

    def buy(self):
        """Ten more come in at three times the cost; no bill says so yet."""
        before = self.on_shelves()
        self.test._buy(self.pick(list(self.test.products), "bought"), 10, 30.0)
        self.beside += self.on_shelves() - before

    # ----------------------------------------------------------------------------------------------------------- BOOKS

    def on_shelves(self):
        self.test.products.invalidate_recordset(["total_value"])
        return sum(self.test.products.mapped("total_value"))

    def in_ledger(self):
        return self.test._net(self.test._account("stock"))

    def documents(self):
        return self.orders.invoice_ids.filtered(lambda move: move.state == "posted")
