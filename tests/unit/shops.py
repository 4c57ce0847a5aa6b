"""Shops of which everything is known: what customers paid, what the channel paid out, and why the two differ.

A shop is made from a seed. Its orders are given twists that real shops meet (a channel keeps the tax, a refund comes late, a
line stands there twice …) and are paid out over a few periods. The truth is written down as the payouts are made, and never
asked of the code under test.

Nothing of Odoo: scenarios build the same in a database from :class:`Order` and :class:`Event`.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from odoo.addons.oms_channels.domain.explained import Booked, FeeTerm, Terms
from odoo.addons.oms_channels.domain.settlement import PayoutDoc, PayoutLine

ZERO = Decimal(0)
CENT = Decimal("0.01")
START = date(2026, 1, 5)
PERIOD_DAYS = 14
#: What the books take a dollar for, and what the platform takes it for, in payout currency.
BOOK_RATE, PLATFORM_RATE = Decimal("0.90"), Decimal("0.87")
FEE = FeeTerm(percent=Decimal(12), fixed=Decimal("0.30"))
FEE_VAT = Decimal("0.19")

#: What can be special about how an order is paid out.
SALE_TWISTS = (
    "plain",
    "plain",
    "split",  # several lines, and a discount
    "rounding",
    "exchange",
    "tax_net",
    "tax_gross",
    "tax_net_parts",
    "parts",
    "twice",
    "twice_later",
    "missing",
    "late",
    "unknown",
    "fee_change",
)
#: … and what can happen to it later. Only to orders that were paid out once and in whole.
AFTER_TWISTS = (
    "",
    "",
    "",
    "refund",
    "refund_part",
    "refund_late",
    "refund_twice",
    "refund_missing",
    "chargeback",
    "won",
)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(slots=True)
class Event:
    """A payment or refund as it is booked; ``amount`` in the currency of the order, negative for a refund.

    :param period: the payout before which it is booked (0 is the first).
    """

    key: str
    kind: str
    order_ref: str
    transaction_ref: str
    amount: Decimal
    payout_amount: Decimal
    tax_collected: Decimal
    day: date
    period: int


@dataclass(slots=True)
class Order:
    """An order: what the customer paid in all, and what of it is tax that the channel pays to the state itself."""

    ref: str
    currency: str
    total: Decimal
    tax: Decimal
    twist: str
    after: str
    day: date


@dataclass(slots=True)
class Shop:
    """Everything about a shop.

    :param closed: (period, booked key) → how much of it that period's payout pays out.
    :param truth: period → (cause, order or code) → amount.
    :param waiting: period → keys of what is booked and open after that payout.
    """

    seed: int
    currency: str
    company_currency: str
    rate: Decimal  #: company currency for one of the payout's
    by_transaction: bool
    orders: list[Order] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    docs: list[PayoutDoc] = field(default_factory=list)
    closed: dict[tuple[int, str], Decimal] = field(default_factory=dict)
    truth: list[dict[tuple[str, str], Decimal]] = field(default_factory=list)
    terms: Terms = field(default_factory=lambda: Terms(fees={"commission": FEE}))

    def booked(self, period: int) -> list[Booked]:
        """What stands on the clearing account when the payout of a period is imported."""
        return [self._booked(event, period) for event in self.events if event.period <= period]

    def open_after(self, period: int) -> dict[str, Decimal]:
        found = {event.key: self._left(event, period + 1) for event in self.events if event.period <= period}
        return {key: amount for key, amount in found.items() if amount}

    def _left(self, event: Event, period: int) -> Decimal:
        return event.payout_amount - sum((self.closed.get((past, event.key), ZERO) for past in range(period)), ZERO)

    def _booked(self, event: Event, period: int) -> Booked:
        left = self._left(event, period)
        whole = event.payout_amount
        foreign = event.amount != event.payout_amount
        company = cents(whole * self.rate)
        return Booked(
            key=event.key,
            kind=event.kind,
            order_ref=event.order_ref,
            transaction_ref=event.transaction_ref,
            open_amount=left,
            company_amount=company - cents(company * (whole - left) / whole),
            date=event.day,
            tax_collected=event.tax_collected if left == whole else cents(event.tax_collected * left / whole),
            original_amount=event.amount * left / whole if foreign else None,
            original_currency="USD" if foreign else "",
        )


def make_shop(seed: int, orders: int = 25, periods: int = 3) -> Shop:
    """A shop with so many orders, paid out in so many periods. Equal arguments give equal shops."""
    return _Maker(seed, orders, periods).make()


class _Maker:
    def __init__(self, seed: int, orders: int, periods: int):
        self.random = random.Random(seed)  # noqa: S311 (a shop, no secret)
        foreign = self.random.random() < 0.3
        self.shop = Shop(
            seed=seed,
            currency="EUR",
            company_currency="CHF" if foreign else "EUR",
            rate=Decimal("0.9437") if foreign else Decimal(1),
            by_transaction=self.random.random() < 0.5,
        )
        self.count, self.periods = orders, periods
        self.lines: list[list[PayoutLine]] = [[] for _ in range(periods)]
        self.truth: list[dict[tuple[str, str], Decimal]] = [defaultdict(lambda: ZERO) for _ in range(periods)]
        self.number = 0

    def make(self) -> Shop:
        for index in range(self.count):
            self._order(index)
        for period in range(self.periods):
            self._rest_of_payout(period)
            self.shop.docs.append(self._doc(period))
        self.shop.truth = [{key: amount for key, amount in truth.items() if amount} for truth in self.truth]
        return self.shop

    # ---- What it is made of

    def _line(self, period: int, kind: str, amount: Decimal, **more) -> PayoutLine:
        self.number += 1
        lines = self.lines[period]
        at = datetime.combine(self._day(period), datetime.min.time(), timezone.utc) + timedelta(minutes=len(lines))
        line = PayoutLine(id=f"L{self.number}", row=len(lines) + 2, kind=kind, amount=amount, **{"at": at, **more})
        lines.append(line)
        return line

    def _again(self, period: int, line: PayoutLine) -> None:
        """The same line once more, with another id."""
        names = ("order_ref", "transaction_ref", "text", "code", "sku", "quantity", "at")
        more = {name: getattr(line, name) for name in names}
        self._line(period, line.kind, line.amount, **more)

    def _book(
        self, order: Order, kind: str, amount: Decimal, period: int, tax: Decimal = ZERO, name: str = ""
    ) -> Event:
        number = len(self.shop.events) + 1
        payout = cents(amount * BOOK_RATE) if order.currency == "USD" else amount
        event = Event(
            f"B{number}",
            kind,
            order.ref,
            name or (f"tx{number}" if self.shop.by_transaction else ""),
            amount,
            payout,
            tax,
            self._day(period),
            period,
        )
        self.shop.events.append(event)
        return event

    def _close(self, period: int, event: Event, amount: Decimal) -> None:
        self.shop.closed[period, event.key] = self.shop.closed.get((period, event.key), ZERO) + amount

    def _tell(self, period: int, cause: str, ref: str, amount: Decimal) -> None:
        self.truth[period][cause, ref] += amount

    def _day(self, period: int) -> date:
        return START + timedelta(days=PERIOD_DAYS * period)

    def _amount(self, low: int = 2_000, high: int = 30_000) -> Decimal:
        return Decimal(self.random.randint(low, high)) * CENT

    # ---- One order

    def _order(self, index: int) -> None:
        twist = self.random.choice(SALE_TWISTS)
        after = self.random.choice(AFTER_TWISTS) if twist in ("plain", "split", "rounding", "fee_change") else ""
        total = self._amount()
        tax = cents(total * Decimal("0.19") / Decimal("1.19")) if twist.startswith("tax") else ZERO
        order = Order(
            ref=f"{self.shop.seed}-{index + 1:05d}",
            currency="USD" if twist == "exchange" else self.shop.currency,
            total=total,
            tax=tax,
            twist=twist,
            after=after,
            day=START,
        )
        period = self.random.randrange(self.periods)
        order.day = self._day(period)
        self.shop.orders.append(order)
        sold = getattr(self, f"_sale_{twist}", self._sale_plain)(order, period)
        if after and sold is not None:
            self._after(order, sold, period)

    def _fee(self, order: Order, period: int, base: Decimal, more: Decimal = ZERO, known: bool = True) -> None:
        due = -cents(base * FEE.percent / 100 + FEE.fixed)
        self._line(period, "fee", due + more, order_ref=order.ref, code="commission", text="Commission")
        self._tell(period, "fee", "commission", due)
        self._tell(period, "fee_change", "commission", more)
        self._line(period, "fee_tax", cents(due * FEE_VAT), order_ref=order.ref, code="vat", text="VAT on fees")
        self._tell(period, "fee_tax", "vat", cents(due * FEE_VAT))

    def _sale(self, order: Order, period: int, amount: Decimal, event: Event | None, **more) -> PayoutLine:
        ref = event.transaction_ref if event else (f"lost-{order.ref}" if self.shop.by_transaction else "")
        return self._line(
            period, "sale", amount, order_ref=order.ref, transaction_ref=ref, code="item", text="Item", **more
        )

    def _sale_plain(self, order: Order, period: int) -> Event:
        event = self._book(order, "payment", order.total, period)
        self._sale(order, period, order.total, event)
        self._close(period, event, order.total)
        self._fee(order, period, order.total)
        return event

    def _sale_split(self, order: Order, period: int) -> Event:
        event = self._book(order, "payment", order.total, period)
        shipping, off = self._amount(100, 900), self._amount(100, 900)
        self._sale(order, period, order.total - shipping + off, event, sku="A")
        self._sale(order, period, shipping, event, sku="shipping")
        self._sale(order, period, -off, event, sku="discount")
        self._close(period, event, order.total)
        self._fee(order, period, order.total)
        return event

    def _sale_rounding(self, order: Order, period: int) -> Event:
        event = self._book(order, "payment", order.total, period)
        off = self.random.choice((CENT, -CENT))
        self._sale(order, period, order.total + off, event)
        self._close(period, event, order.total)
        self._tell(period, "rounding", order.ref, off)
        self._fee(order, period, order.total + off)
        return event

    def _sale_exchange(self, order: Order, period: int) -> None:
        event = self._book(order, "payment", order.total, period)
        got = cents(order.total * PLATFORM_RATE)
        self._sale(order, period, got, event, original_amount=order.total, original_currency="USD")
        self._close(period, event, event.payout_amount)
        self._tell(period, "exchange", order.ref, got - event.payout_amount)
        self._fee(order, period, got)

    def _sale_tax_net(self, order: Order, period: int) -> None:
        event = self._book(order, "payment", order.total, period, order.tax)
        self._sale(order, period, order.total - order.tax, event)
        self._close(period, event, order.total)
        self._tell(period, "tax_by_channel", order.ref, -order.tax)
        self._fee(order, period, order.total - order.tax)

    def _sale_tax_gross(self, order: Order, period: int) -> None:
        event = self._book(order, "payment", order.total, period, order.tax)
        self._sale(order, period, order.total, event)
        self._line(period, "tax_collected", -order.tax, order_ref=order.ref, code="withheld", text="Tax withheld")
        self._close(period, event, order.total)
        self._tell(period, "tax_by_channel", "withheld", -order.tax)
        self._fee(order, period, order.total)

    def _sale_tax_net_parts(self, order: Order, period: int) -> None:
        """Two parcels of an order whose tax the channel keeps; the second is paid out a period later, if there is one."""
        event = self._book(order, "payment", order.total, period, order.tax)
        net = order.total - order.tax
        part = cents(net * Decimal("0.4"))
        tax = cents(order.tax * part / net)
        self._sale(order, period, part, event)
        self._close(period, event, part + tax)
        self._tell(period, "tax_by_channel", order.ref, -tax)
        self._fee(order, period, part)

    def _sale_parts(self, order: Order, period: int) -> None:
        """Two parcels, each paid out by itself; where the platform names transactions, each is one."""
        first = cents(order.total * Decimal("0.35"))
        parts = (first, order.total - first)
        if self.shop.by_transaction:
            events = [self._book(order, "payment", part, period) for part in parts]
        else:
            events = [self._book(order, "payment", order.total, period)] * 2
        for number, (part, event) in enumerate(zip(parts, events, strict=True)):
            if period + number < self.periods:
                self._sale(order, period + number, part, event)
                self._close(period + number, event, part)
                self._fee(order, period + number, part)

    def _sale_twice(self, order: Order, period: int) -> None:
        event = self._book(order, "payment", order.total, period)
        line = self._sale(order, period, order.total, event)
        self._again(period, line)
        self._close(period, event, order.total)
        self._tell(period, "duplicate", order.ref, order.total)
        self._fee(order, period, order.total)

    def _sale_twice_later(self, order: Order, period: int) -> None:
        event = self._sale_plain(order, period)
        if period + 1 < self.periods:
            self._sale(order, period + 1, order.total, event)
            self._tell(period + 1, "duplicate", order.ref, order.total)

    def _sale_missing(self, order: Order, period: int) -> None:
        self._book(order, "payment", order.total, period)

    def _sale_late(self, order: Order, period: int) -> None:
        event = self._book(order, "payment", order.total, period)
        if period + 1 < self.periods:
            self._sale(order, period + 1, order.total, event)
            self._close(period + 1, event, order.total)
            self._fee(order, period + 1, order.total)

    def _sale_unknown(self, order: Order, period: int) -> None:
        self._sale(order, period, order.total, None)
        self._tell(period, "unknown_order", order.ref, order.total)
        self._fee(order, period, order.total)

    def _sale_fee_change(self, order: Order, period: int) -> Event:
        event = self._book(order, "payment", order.total, period)
        self._sale(order, period, order.total, event)
        self._close(period, event, order.total)
        # The fee of an order that is refunded in the same payout is not compared; what is agreed cannot be told from it.
        more = ZERO if order.after else -self._amount(50, 300)
        self._fee(order, period, order.total, more)
        return event

    # ---- What happens to an order later

    def _after(self, order: Order, sold: Event, period: int) -> None:
        later = min(period + self.random.randrange(2), self.periods - 1)
        if order.after in ("chargeback", "won"):
            self._chargeback(order, sold, later)
            return
        amount = -order.total if order.after == "refund" else -cents(order.total * Decimal("0.3"))
        name = f"re-{order.ref}" if self.shop.by_transaction else ""
        if order.after != "refund_late":
            event = self._book(order, "refund", amount, later, name=name)
        if order.after == "refund_missing":
            return
        line = self._line(
            later, "refund", amount, order_ref=order.ref, transaction_ref=name, code="refund", text="Refund"
        )
        if order.after == "refund_late":
            self._tell(later, "late_refund", order.ref, amount)
            return
        self._close(later, event, amount)
        if order.after == "refund_twice":
            self._again(later, line)
            self._tell(later, "duplicate", order.ref, amount)

    def _chargeback(self, order: Order, sold: Event, period: int) -> None:
        more = {"order_ref": order.ref, "transaction_ref": sold.transaction_ref}
        self._line(period, "chargeback", -order.total, code="dispute", **more)
        self._tell(period, "chargeback", order.ref, -order.total)
        if order.after == "won" and period + 1 < self.periods:
            self._line(period + 1, "chargeback_reversal", order.total, code="dispute", **more)
            self._tell(period + 1, "chargeback_reversal", order.ref, order.total)

    # ---- What a payout has beside its orders

    def _rest_of_payout(self, period: int) -> None:
        plain = [("shipping_label", "label", "shipping_label", -self._amount(300, 900))]
        if self.random.random() < 0.5:
            plain.append(("adjustment", "goodwill", "adjustment", self._amount(100, 5_000)))
        if self.random.random() < 0.3:
            plain.append(("fee", "subscription", "fee", -Decimal("39.00")))
        if self.random.random() < 0.3:
            amount = self._amount(1_000, 9_000)
            plain += [("conversion", "fx", "conversion", -amount), ("transfer", "bank", "transfer", -amount)]
        if self.random.random() < 0.5:
            held = self._amount(1_000, 9_000)
            plain.append(("reserve_hold", "reserve", "reserve", -held))
            if period + 1 < self.periods:
                self._line(period + 1, "reserve_release", held, code="reserve", text="Reserve")
                self._tell(period + 1, "reserve", "reserve", held)
        for kind, code, cause, amount in plain:
            self._line(period, kind, amount, code=code, text=code.capitalize())
            self._tell(period, cause, code, amount)
        total = sum((line.amount for line in self.lines[period]), ZERO)
        if total < 0:
            # Nothing is paid out; what is owed is taken from the next payout.
            self._line(period, "carry_over", -total, code="balance", text="Balance")
            self._tell(period, "carry_over", "balance", -total)
            if period + 1 < self.periods:
                self._line(period + 1, "carry_over", total, code="balance", text="Balance")
                self._tell(period + 1, "carry_over", "balance", total)

    def _doc(self, period: int) -> PayoutDoc:
        lines = self.lines[period]
        self.random.shuffle(lines)
        start = datetime.combine(self._day(period), datetime.min.time(), timezone.utc)
        return PayoutDoc(
            id=f"{self.shop.seed}-P{period + 1}",
            platform="generic",
            account_ref=f"shop-{self.shop.seed}",
            currency=self.shop.currency,
            starts_at=start,
            ends_at=start + timedelta(days=PERIOD_DAYS),
            deposited_on=self._day(period + 1) + timedelta(days=2),
            total=sum((line.amount for line in lines), ZERO),
            lines=tuple(lines),
            bank_reference=f"PAYOUT {self.shop.seed} {period + 1}",
            source="generator",
        )


def shops(count: int, first: int = 1, **more) -> Iterator[Shop]:
    for seed in range(first, first + count):
        yield make_shop(seed, **more)
