"""Money that a channel gave back: what of it is for goods that have not left, that come back or that stay with the customer,
and what is the channel's own reckoning. Pure.

What the channel paid is law: whatever it differs by from what the units cost is told apart and never dropped.

Quantities are in the unit of the order line, amounts in the currency of the order.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.oms_core.domain.money import ZERO, allocate, round_to

#: In which order money goes back where the channel does not say: what it took itself before what was redeemed.
TENDER_ORDER = ("", "cash", "gift_card", "store_credit")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a line of goods stands when a refund is told.

    :param ordered: still ordered, after all that was called off.
    :param left: has left.
    :param called_off: was called off, and no refund has been reckoned for it.
    :param settled: of what has left, earlier refunds were for so much.
    """

    ordered: Decimal
    left: Decimal
    called_off: Decimal = ZERO
    settled: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Units:
    """What the units of a refund are.

    :param before: were called off already; the refund is the money for them.
    :param unsent: have not left and are not to.
    :param sent: have left.
    """

    before: Decimal
    unsent: Decimal
    sent: Decimal


def tell_apart(quantity: Decimal, goods: str, standing: Standing) -> Units:
    """Which units a refund is for.

    What the channel says comes back has left. Else what was called off is meant before what has not left, and that before what
    has: nobody sends what was paid back.

    >>> tell_apart(Decimal(2), "", Standing(ordered=Decimal(3), left=Decimal(2)))
    Units(before=Decimal('0'), unsent=Decimal('1'), sent=Decimal('1'))
    >>> tell_apart(Decimal(2), "back", Standing(ordered=Decimal(3), left=Decimal(2)))
    Units(before=Decimal('0'), unsent=Decimal('0'), sent=Decimal('2'))

    :param goods: one of ``REFUNDED_GOODS`` of the documents.
    """
    sent = max(standing.left - standing.settled, ZERO)
    first = min(quantity, sent) if goods in ("back", "kept") else ZERO
    rest = quantity - first
    before = min(rest, max(standing.called_off, ZERO))
    unsent = min(rest - before, max(standing.ordered - standing.left, ZERO))
    return Units(before, unsent, quantity - before - unsent)


@dataclass(frozen=True, slots=True)
class Sent:
    """What becomes of units that have left.

    :param awaited: are on a return that is known.
    :param expected: come back, and no return says so yet.
    :param kept: do not come back.
    """

    awaited: Decimal
    expected: Decimal
    kept: Decimal


def what_comes_back(sent: Decimal, goods: str, restock: bool, awaited: Decimal) -> Sent:
    """Of which units the goods come back.

    One that a channel takes for unsent although it has left has to come back, too.

    :param awaited: units of the line on returns that nobody has paid back.
    """
    known = min(sent, max(awaited, ZERO))
    rest = sent - known
    comes = goods in ("back", "unsent") or (not goods and restock)
    return Sent(known, rest if comes else ZERO, ZERO if comes else rest)


def to_credit(off: Decimal, charged: Decimal, ordered: Decimal, credited: Decimal) -> Decimal:
    """How much of what was called off was charged, and not credited yet.

    :param off: units of this refund that were called off, before or by it.
    :param charged: on invoices.
    :param ordered: still ordered.
    :param credited: on credit notes that are for no return.
    """
    return min(off, max(charged - ordered - credited, ZERO))


def spread(amount: Decimal, mix: Sequence[tuple[Decimal, Decimal]], step: Decimal) -> list[tuple[Decimal, Decimal]]:
    """An amount, tax included, as (net, tax) of each of these charges, in proportion to what they came to.

    >>> spread(Decimal("12.00"), [(Decimal(100), Decimal(20)), (Decimal(0), Decimal(0))], Decimal("0.01"))
    [(Decimal('10.00'), Decimal('2.00')), (Decimal('0.00'), Decimal('0.00'))]

    :param mix: (net, tax) of each; those that come to nothing or less get nothing.
    """
    weights = [max(net + tax, ZERO) for net, tax in mix]
    if not any(weights):
        return []
    parts = allocate(amount, weights, step)
    result = []
    for part, (net, tax) in zip(parts, mix, strict=True):
        share = round_to(part * tax / (net + tax), step) if net + tax > ZERO else ZERO * step
        result.append((part - share, share))
    return result


def pay_back(
    amount: Decimal, told: Iterable[tuple[str, Decimal]], taken: Mapping[str, Decimal]
) -> list[tuple[str, Decimal]]:
    """(tender, amount) in which money went back: as the channel says, where that comes to the amount; else what the channel
    took itself first. What is more than was taken counts as the channel's money.

    :param taken: {tender: taken and not paid back}.
    """
    told = [(tender, part) for tender, part in told if part]
    if told and sum((part for _tender, part in told), ZERO) == amount:
        return told
    result: dict[str, Decimal] = {}
    rest = amount
    for tender in sorted(taken, key=lambda one: TENDER_ORDER.index(one) if one in TENDER_ORDER else len(TENDER_ORDER)):
        part = min(rest, max(taken[tender], ZERO))
        if part:
            result[tender] = part
            rest -= part
    if rest:
        result[""] = result.get("", ZERO) + rest
    return [(tender, part) for tender, part in result.items() if part]


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note of ours that no refund of the channel has been matched with.

    :param names: by which the channel may speak of it.
    :param quantities: {line of the order: quantity}.
    :param in_money: it goes back in money; not where it became store credit or other goods.
    """

    key: Hashable
    amount: Decimal
    names: frozenset[str]
    quantities: Mapping[Hashable, Decimal]
    in_money: bool = True


def match(
    names: Iterable[str],
    amount: Decimal,
    quantities: Mapping[Hashable, Decimal],
    notes: Sequence[CreditNote],
    is_unsent: bool = False,
) -> CreditNote | None:
    """The credit note of ours that the channel has paid back: the one it names, else the first that says the same.

    One that credits the same units, or all of the same amount where the channel names no units, is meant: nobody pays twice
    for the same. Not one that became something else than money; and where the channel pays back what has not left, none: what we
    credited had.

    :param names: what the channel calls the refund, and what it says that it came of.
    :param quantities: {line of the order: quantity} that the refund is for.
    :param is_unsent: the channel says that nothing of it has left.
    """
    names = {name for name in names if name}
    units = {line: quantity for line, quantity in quantities.items() if quantity}
    for note in notes:
        if names & note.names:
            return note
    notes = [note for note in notes if note.in_money and not is_unsent]
    if units:
        of_note = [(note, {line: q for line, q in note.quantities.items() if q}) for note in notes]
        same = [note for note, theirs in of_note if theirs == units]
        return next((note for note in same if note.amount == amount), same[0] if same else None)
    return next((note for note in notes if note.amount == amount), None)
