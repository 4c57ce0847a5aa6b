"""From an order to the bank: what happened to its money, step by step, and why something of it is still open.

Amounts are in the currency of the order. Entries that are not yet reconciled in full say so with ``open``; each open amount
becomes one ``Rest`` with a cause, a sentence and what happens next. Nothing here guesses: what no step explains is a rest of
its own, ``unexplained``, and a task for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

ZERO = Decimal(0)

#: Kinds of step in the order in which they follow from each other, for those of one moment.
KINDS = (
    "ordered",
    "authorized",
    "asked",
    "released",
    "taken",
    "shipped",
    "invoiced",
    "deferred",
    "cost",
    "paid",
    "came_back",
    "credited",
    "repaid",
    "matched",
    "exchange",
    "fee",
    "tax_kept",
    "postage",
    "adjustment",
    "reserve",
    "chargeback",
    "difference",
    "settled",
    "banked",
)

#: What a channel takes off before it pays out, and what it pays out otherwise than is booked.
KEPT = ("fee", "tax_kept", "postage", "adjustment", "reserve", "chargeback")
OTHERWISE = (*KEPT, "difference")

#: {cause: whether somebody has to do something about it}. The others pass by themselves.
CAUSES = {
    "not_shipped": False,
    "not_invoiced": False,
    "not_invoiced_by_hand": True,
    "not_booked": True,
    "paid_ahead": False,
    "not_paid": True,
    "to_pay_back": True,
    "not_credited": True,
    "deposit": False,
    "deposit_stays": True,
    "money_not_booked": True,
    "authorized": False,
    "asked": False,
    "with_channel": False,
    "late_at_channel": True,
    "on_its_way": False,
    "held_back": False,
    "disputed": True,
    "to_explain": True,
    "unexplained": True,
}


@dataclass(frozen=True, slots=True)
class Document:
    """Something to look at. ``model`` and ``id`` are those of the record."""

    model: str
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to the money of an order.

    :param amount: what came or is owed to us is positive, what went back negative.
    :param document: what happened, and ``entry`` how it is booked; ``None`` where it is not booked by itself.
    :param counterparts: the entries that it is matched with.
    :param open: what of it is not matched, with the sign of ``amount``.
    :param account: on which account that stands.
    :param counts: whether the amount counts in the totals; a step that only tells where money is does not.
    """

    at: datetime
    kind: str
    amount: Decimal
    document: Document
    entry: Document | None = None
    counterparts: tuple[Document, ...] = ()
    open: Decimal = ZERO
    account: str = ""
    note: str = ""
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Goods:
    """What of the goods is not in the books as it is on the shelves, as amounts with tax.

    :param to_ship: ordered, and still to leave.
    :param to_invoice: left (or ordered, where that is invoiced) and not invoiced; ``to_credit`` came back and not credited.
    :param deposit: invoiced ahead, and not taken off yet; ``deposit_stays`` where no invoice will.
    """

    to_ship: Decimal = ZERO
    to_invoice: Decimal = ZERO
    to_credit: Decimal = ZERO
    deposit: Decimal = ZERO
    deposit_stays: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """How the channel of the order books, and how sentences write what they name.

    :param by_hand: whether a person makes the invoices.
    :param error: why the job could not book the order; empty when it could.
    :param late_after_days: days after which money that the channel has not paid out is asked for.
    :param money: an amount as its currency is written; ``day`` a day as the reader writes it.
    """

    today: date
    by_hand: bool = False
    error: str = ""
    late_after_days: int = 30
    money: Callable[[Decimal], str] = "{:.2f}".format
    day: Callable[[date], str] = date.isoformat


@dataclass(frozen=True, slots=True)
class Rest:
    """An amount that is open, and why. ``asks`` says whether a person has to do something."""

    cause: str
    amount: Decimal
    sentence: str
    document: Document | None = None

    @property
    def asks(self) -> bool:
        return CAUSES[self.cause]


@dataclass(frozen=True, slots=True)
class Totals:
    """``charged`` is invoiced less credited, ``received`` taken less given back, ``owed`` what the customer owes (negative:
    what we owe), ``settled`` what the channel has accounted for, ``fees`` what it kept (negative), ``banked`` what of
    both, and of what it pays out otherwise than is booked, is in payouts that the bank has shown."""

    ordered: Decimal = ZERO
    invoiced: Decimal = ZERO
    credited: Decimal = ZERO
    received: Decimal = ZERO
    given_back: Decimal = ZERO
    settled: Decimal = ZERO
    fees: Decimal = ZERO
    banked: Decimal = ZERO

    @property
    def charged(self) -> Decimal:
        return self.invoiced + self.credited

    @property
    def owed(self) -> Decimal:
        return self.charged - self.received - self.given_back


@dataclass(frozen=True, slots=True)
class Account:
    """The page: steps, the oldest first; totals; and what is open."""

    steps: tuple[Step, ...]
    totals: Totals
    rests: tuple[Rest, ...]

    @property
    def is_closed(self) -> bool:
        return not self.rests


def tell(steps: Iterable[Step], goods: Goods, terms: Terms) -> Account:
    """What happened to the money of one order, and what is open of it.

    >>> order = Document("sale.order", 1, "S00001")
    >>> noon = datetime(2026, 3, 2, 12)
    >>> [rest.sentence for rest in tell([Step(noon, "ordered", Decimal(12), order)], Goods(to_ship=Decimal(12)),
    ...                                 Terms(date(2026, 3, 2))).rests]
    ['12.00 of goods have not left yet; they are invoiced when they do.']
    """
    ranks = {kind: rank for rank, kind in enumerate(KINDS)}
    # Entries have a day and no hour: what happened on one day is told in the order of cause and effect.
    told = tuple(
        sorted(
            steps, key=lambda step: (step.at.date(), ranks[step.kind], step.at, step.document.name, step.document.id)
        )
    )
    told = _with_kept(told, terms)
    totals = _totals(told)
    rests = (*_of_goods(goods, terms), *_of_customer(told, totals, terms), *_of_money(told, terms))
    return Account(told, totals, rests)


def _arrived(steps: Sequence[Step]) -> set[Document]:
    """The entries of payouts that the bank has shown."""
    return {
        step.entry
        for step in steps
        if step.counterparts
        and (step.kind in OTHERWISE or (step.kind == "settled" and step.entry is not None and not step.open))
    }


def _with_kept(steps: Sequence[Step], terms: Terms) -> tuple[Step, ...]:
    """The last step at the bank says what the channel kept: what arrived is so much less."""
    arrived = _arrived(steps)
    kept = -sum((step.amount for step in steps if step.kind in OTHERWISE and step.entry in arrived), ZERO)
    last = max((number for number, step in enumerate(steps) if step.kind == "banked" and step.amount > 0), default=None)
    if kept <= 0 or last is None:
        return tuple(steps)
    told = replace(steps[last], note=f"less {terms.money(kept)} that the channel kept")
    return (*steps[:last], told, *steps[last + 1 :])


def _totals(steps: Sequence[Step]) -> Totals:
    sums = dict.fromkeys(KINDS, ZERO)
    arrived = _arrived(steps)
    for step in steps:
        if step.counts:
            sums[step.kind] += step.amount
        if step.kind in OTHERWISE and step.entry in arrived:
            sums["banked"] += step.amount
    return Totals(
        ordered=sums["ordered"],
        invoiced=sums["invoiced"],
        credited=sums["credited"],
        received=sums["paid"] + sums["matched"],
        given_back=sums["repaid"],
        settled=sums["settled"],
        fees=sum((sums[kind] for kind in KEPT), ZERO),
        banked=sums["banked"],
    )


def _of_goods(goods: Goods, terms: Terms) -> Iterable[Rest]:
    money = terms.money
    if goods.to_ship > 0:
        yield Rest(
            "not_shipped",
            goods.to_ship,
            f"{money(goods.to_ship)} of goods have not left yet; they are invoiced when they do.",
        )
    if goods.to_invoice > 0 and terms.error:
        yield Rest(
            "not_booked",
            goods.to_invoice,
            f"{money(goods.to_invoice)} could not be invoiced: {terms.error} Mend that, then Book Again on the order.",
        )
    elif goods.to_invoice > 0 and terms.by_hand:
        yield Rest(
            "not_invoiced_by_hand",
            goods.to_invoice,
            f"{money(goods.to_invoice)} are to be invoiced by a person, as the channel says: Create Invoice on the "
            "order.",
        )
    elif goods.to_invoice > 0:
        yield Rest(
            "not_invoiced", goods.to_invoice, f"{money(goods.to_invoice)} are to be invoiced; the booking job does it."
        )
    if goods.to_credit > 0:
        yield Rest(
            "not_credited",
            -goods.to_credit,
            f"Goods of {money(goods.to_credit)} came back and are not credited: settle their return.",
        )
    if goods.deposit and goods.deposit_stays:
        sentence = f"{money(goods.deposit)} of the deposit are taken off no invoice: credit the invoice of the deposit."
        yield Rest("deposit_stays", -goods.deposit, sentence)
    elif goods.deposit:
        sentence = f"{money(goods.deposit)} are invoiced as a deposit; the next invoices take them off."
        yield Rest("deposit", -goods.deposit, sentence)


def _of_customer(steps: Sequence[Step], totals: Totals, terms: Terms) -> Iterable[Rest]:
    """What is open between the customer and us; the open parts of the steps are all of it, or something is unexplained."""
    money, explained = terms.money, ZERO
    for step in steps:
        if not step.open or step.kind not in ("invoiced", "credited", "paid", "repaid"):
            continue
        name = (step.entry or step.document).name
        if step.kind in ("invoiced", "credited"):
            explained += step.open
            if step.open > 0:
                yield Rest("not_paid", step.open, f"{money(step.open)} of {name} are not paid.", step.entry)
            else:
                yield Rest("to_pay_back", step.open, f"{money(-step.open)} of {name} are to be paid back.", step.entry)
        else:
            explained -= step.open
            if step.open > 0:
                sentence = f"{money(step.open)} of {name} were paid ahead; the next invoice takes them."
                yield Rest("paid_ahead", -step.open, sentence, step.entry)
            else:
                sentence = (
                    f"{money(-step.open)} were given back with {name} and no credit note says for what: make one."
                )
                yield Rest("unexplained", -step.open, sentence, step.entry)
    if left := totals.owed - explained:
        sentence = f"{money(left)} more were charged than paid, and no open entry shows it: look at the entries below."
        if left < 0:
            sentence = (
                f"{money(-left)} more were paid than charged, and no open entry shows it: look at the entries below."
            )
        yield Rest("unexplained", left, sentence)


def _of_money(steps: Sequence[Step], terms: Terms) -> Iterable[Rest]:
    """What was taken and is not in the books, and what has not come to the bank."""
    money = terms.money
    for step in steps:
        if step.kind == "taken" and step.open:
            sentence = (
                f"{money(step.open)} were taken ({step.document.name}) and are not booked: choose the journal of this way "
                "of paying on the channel, then Book Again on the order."
            )
            yield Rest("money_not_booked", step.open, sentence, step.document)
        elif step.kind == "authorized" and step.open:
            sentence = (
                f"{money(step.open)} are authorised and not taken yet: they are taken when goods leave, or given free."
            )
            yield Rest("authorized", step.open, sentence, step.document)
        elif step.kind == "asked" and step.open:
            sentence = f"{money(step.open)} are being taken ({step.document.name}); there is no answer yet."
            yield Rest("asked", step.open, sentence, step.document)
        elif step.kind == "settled" and step.open:
            yield _with_channel(step, terms) if step.entry is None else _on_its_way(step, terms)
        elif step.kind in OTHERWISE and step.open:
            sentence = step.note or f"{money(step.open)} of payout {step.document.name} are to be explained."
            yield Rest("disputed" if step.kind == "chargeback" else "to_explain", step.open, sentence, step.document)
    held = sum((step.amount for step in steps if step.kind == "reserve"), ZERO)
    if held < 0:
        yield Rest("held_back", -held, f"{money(-held)} are held back by the channel for now; a later payout has them.")


def _with_channel(step: Step, terms: Terms) -> Rest:
    money, since = terms.money, terms.day(step.at.date())
    days = (terms.today - step.at.date()).days
    late = days > terms.late_after_days
    sentence = f"{money(step.open)} are with the channel since {since}; no payout has them yet."
    if step.open < 0:
        sentence = f"The channel paid {money(-step.open)} back on {since}; no payout has taken them from us yet."
    if late:
        sentence += f" That is {days} days: import the payout that is missing, or ask the channel."
    return Rest("late_at_channel" if late else "with_channel", step.open, sentence, step.document)


def _on_its_way(step: Step, terms: Terms) -> Rest:
    why = step.note or "the bank has not shown it yet"
    sentence = f"{terms.money(step.open)} are in the payout {step.entry.name}: {why}."
    return Rest("on_its_way", step.open, sentence, step.entry)
