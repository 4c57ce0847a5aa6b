"""Three-way match: what a line bills, beside what was quoted when the rate was chosen and what was booked with the label.

For a fulfilment partner, what was booked is what its tariff says of the work it has done. Each parcel (or delivery, or return)
is judged as a whole, for a surcharge may be the other side of a cheaper transport; what is disputed are single lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.oms_core.domain.money import ZERO

from .bill import KINDS, BillLine
from .table import name_key

#: Why a line differs → what that is called.
CAUSES = {
    "none": "As booked",
    "rounding": "Rounding",
    "weight": "Weight or size measured again",
    "service": "Service not as booked",
    "surcharge": "Fuel or other surcharge",
    "address": "Address corrected",
    "tax": "Tax",
    "quantity": "Quantity",
    "price": "Price",
    "cancelled": "Label was cancelled",
    "duplicate": "Billed twice",
    "unknown": "Not ours, or not known",
    "no_tariff": "Nothing agreed for it",
}
#: Disputed however small the amount is.
NEVER_PAID = frozenset({"cancelled", "duplicate", "unknown"})
_OF_KIND = {"fuel": "surcharge", "surcharge": "surcharge", "weight": "weight", "address": "address"}
#: Scales are not more exact than that.
WEIGHT_STEP = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Expected:
    """What one kind of work on one parcel, delivery or return may cost.

    :param booked: in the currency of the bill, as ``quoted``; zero for a label that was cancelled.
    :param name: what people know it by.
    :param bills: the numbers of earlier bills that have charged it.
    :param quantity: how often the work was done.
    """

    booked: Decimal
    quoted: Decimal | None = None
    name: str = ""
    weight_kg: Decimal | None = None
    service: str = ""
    quantity: Decimal | None = None
    cancelled: bool = False
    bills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A difference of a parcel up to ``amount``, or up to ``percent`` of what was booked, is paid without a question."""

    amount: Decimal = ZERO
    percent: Decimal = ZERO

    def allows(self, difference: Decimal, booked: Decimal) -> bool:
        return difference <= max(self.amount, booked * self.percent / 100)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one line.

    :param booked: of what it bills; zero for what comes on top.
    :param sentence: with both numbers and what to do next; empty where the line is as booked.
    """

    line: BillLine
    key: Hashable | None
    booked: Decimal
    quoted: Decimal | None
    cause: str
    disputed: bool
    sentence: str

    @property
    def difference(self) -> Decimal:
        return self.line.amount - self.booked


def match(
    lines: Sequence[BillLine],
    keys: Sequence[Hashable | None],
    expected: Mapping[tuple[Hashable, str], Expected],
    tolerance: Tolerance,
    unit: Decimal,
    charged: frozenset[tuple[Hashable, str, Decimal]] = frozenset(),
) -> list[Verdict]:
    """A verdict for each line, in their order; every line has exactly one.

    :param keys: what each line is about, ``None`` where nobody knows it.
    :param expected: (key, kind) → what was booked for it.
    :param unit: the smallest of the currency.
    :param charged: (key, kind, amount) of the lines of earlier bills.
    """
    seen = set(charged)
    first: set[tuple[Hashable, str]] = set()
    drafts: list[Verdict] = []
    for line, key in zip(lines, keys, strict=True):
        if key is None:
            drafts.append(_unknown(line))
            continue
        place = (key, line.kind)
        booked = expected.get(place)
        again = (*place, line.amount) in seen or (booked is not None and bool(booked.bills))
        if line.amount > 0 and again:
            drafts.append(_duplicate(line, key, booked))
            continue
        seen.add((*place, line.amount))
        known = booked if place not in first else None
        first.add(place)
        drafts.append(_judge(line, key, known, booked is not None, unit))
    return _decide(drafts, expected, tolerance)


def _unknown(line: BillLine) -> Verdict:
    name = line.tracking or line.reference
    told = f"“{name}” is none of our parcels, deliveries or returns" if name else "The line names no parcel"
    return Verdict(
        line, None, ZERO, None, "unknown", True,
        f"{told}, and {line.amount} is billed for it. Ask the sender what it is; if it is ours, accept the line.",
    )  # fmt: skip


def _duplicate(line: BillLine, key: Hashable, booked: Expected | None) -> Verdict:
    before = f" by bill {booked.bills[0]}" if booked and booked.bills else ""
    name = line.tracking or line.reference
    return Verdict(
        line, key, ZERO, None, "duplicate", True,
        f"{KINDS[line.kind]} of {name or 'the same'} is charged already{before}; {line.amount} would be paid twice. Have it "
        "taken off the bill.",
    )  # fmt: skip


def _judge(line: BillLine, key: Hashable, known: Expected | None, has_tariff: bool, unit: Decimal) -> Verdict:
    booked = known.booked if known else ZERO
    cause = _cause(line, known, has_tariff, line.amount - booked, unit)
    sentence = "" if cause == "none" else _sentence(line, known, cause, line.amount - booked)
    return Verdict(line, key, booked, known.quoted if known else None, cause, False, sentence)


def _cause(line: BillLine, known: Expected | None, has_tariff: bool, off: Decimal, unit: Decimal) -> str:
    if known and known.cancelled:
        return "cancelled"
    if not off:
        return "none"
    if known is None:
        return _OF_KIND.get(line.kind, "price" if has_tariff else "no_tariff")
    if abs(off) <= unit:
        return "rounding"
    if line.weight_kg and known.weight_kg and (line.weight_kg - known.weight_kg) * off > WEIGHT_STEP * abs(off):
        return "weight"
    if line.service and known.service and name_key(line.service) != name_key(known.service):
        return "service"
    if line.tax and off in (line.tax, -line.tax):
        return "tax"
    if line.quantity and known.quantity is not None and line.quantity != known.quantity:
        return "quantity"
    return "price"


def _sentence(line: BillLine, known: Expected | None, cause: str, off: Decimal) -> str:
    name = (known and known.name) or line.tracking or line.reference or "it"
    what = KINDS[line.kind]
    more = f"{abs(off)} {'more' if off > 0 else 'less'}"
    if cause == "cancelled":
        return f"The label of {name} was cancelled, and {line.amount} is billed for it. Have it taken off the bill."
    if known is None and cause == "no_tariff":
        return (
            f"{what} of {name}: nothing is agreed for it, and {line.amount} is billed. Accept it, or have it taken off."
        )
    if known is None:
        return f"{what} of {name}: {line.amount} comes on top of what was booked."
    both = f"{name}: {line.amount} is billed, {known.booked} was booked, {more}"
    return {
        "weight": f"{both}, as {line.weight_kg} kg are billed and {known.weight_kg} kg were declared. Weigh such a parcel again.",
        "service": f"{both}, as “{line.service}” is billed and “{known.service}” was booked.",
        "tax": f"{both}, which is the tax of {line.tax}: one of the two is with tax.",
        "quantity": f"{both}, as {line.quantity} are billed and {known.quantity} were done.",
        "rounding": f"{both}: rounded otherwise.",
    }.get(cause, f"{both} at the same weight and service. Compare it with the price list.")


def _decide(
    drafts: Sequence[Verdict], expected: Mapping[tuple[Hashable, str], Expected], tolerance: Tolerance
) -> list[Verdict]:
    """Dispute what makes a parcel cost more than is allowed; what it costs less is only said."""
    whole: dict[Hashable, Decimal] = defaultdict(lambda: ZERO)
    for (key, _kind), known in expected.items():
        whole[key] += known.booked
    off: dict[Hashable, Decimal] = defaultdict(lambda: ZERO)
    for draft in drafts:
        if draft.cause not in NEVER_PAID:
            off[draft.key] += draft.difference
    return [
        _decided(draft, draft.key is None or tolerance.allows(off[draft.key], whole[draft.key])) for draft in drafts
    ]


def _decided(draft: Verdict, is_allowed: bool) -> Verdict:
    disputed = draft.cause in NEVER_PAID or (
        not is_allowed and draft.difference > 0 and draft.cause not in ("none", "rounding")
    )
    if disputed == draft.disputed:
        return draft
    return Verdict(draft.line, draft.key, draft.booked, draft.quoted, draft.cause, disputed, draft.sentence)


def told(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One sentence for each disputed line, with its row."""
    return (f"Line {verdict.line.row}: {verdict.sentence}" for verdict in verdicts if verdict.disputed)
