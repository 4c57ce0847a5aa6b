"""Which carrier and service carries a parcel. Pure.

The cheapest of those that may carry it and are expected in time; a tie goes to the faster, then to the one that emits less,
then to the one that comes first in the list of delivery methods. Every option that is turned down says why. Worked example:
promised for the 12th, *Economy* at 4.00 expected on the 14th, *Parcel* at 6.00 and *Express* at 11.00, both in time: *Parcel*
is chosen, *Economy* is "expected on 2026-11-14, promised for 2026-11-12", *Express* is "5.00 EUR dearer".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

ZERO = Decimal(0)

PO_BOX = re.compile(
    r"\b(p\.?\s*o\.?\s*box|post\s*office\s*box|postfach|packstation|bo[iî]te\s*postale|b\.?p\.?\s*\d|apartado|casella\s*postale"
    r"|peti\s*surat|postbus)",
    re.IGNORECASE,
)


#: A parcel: kilograms, and its sides in centimetres.
Packed = tuple[Decimal, tuple[Decimal, Decimal, Decimal]]


@dataclass(frozen=True, slots=True)
class Need:
    """What is to be sent, and by when."""

    country: str
    parcels: tuple[Packed, ...]
    deliver_by: datetime | None = None
    dangerous: bool = False
    po_box: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a delivery method takes. Zero is no limit."""

    max_kg: Decimal = ZERO
    max_side_cm: Decimal = ZERO
    max_girth_cm: Decimal = ZERO  #: longest side plus twice the other two
    dangerous: bool = False
    po_box: bool = False
    countries: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Option:
    """A price for all parcels together, or why there is none (``problem``)."""

    carrier_id: int
    carrier: str
    price: Decimal = ZERO
    currency: str = ""
    service_code: str = ""
    service: str = ""
    expected_at: datetime | None = None
    sequence: int = 0
    limits: Limits = field(default_factory=Limits)
    problem: str = ""
    problem_code: str = ""
    carbon: Decimal | None = None  #: grams CO2e; ``None``: nobody knows
    sure_at: datetime | None = None  #: by when it is there all but surely, where that is known
    days: int | None = None  #: working days, as the carrier tells them
    parcels: tuple[Packed, ...] | None = None  #: how it would be packed for this one; ``None``: as the need says


@dataclass(frozen=True, slots=True)
class Verdict:
    """``code`` is ``chosen``, ``dearer``, or why the option is out of the question."""

    option: Option
    ok: bool
    code: str
    reason: str


def is_po_box(*lines: str) -> bool:
    """Whether an address is a box at a post office, which not every carrier can deliver to."""
    return any(PO_BOX.search(line) for line in lines if line)


def number(value: Decimal) -> str:
    return f"{value.normalize():f}"


def refusal(need: Need, limits: Limits) -> tuple[str, str] | None:
    """``(code, sentence)`` when a delivery method does not take this, whatever it costs."""
    if limits.countries and need.country not in limits.countries:
        return "country", f"Does not deliver to {need.country or 'an address without a country'}."
    if need.dangerous and not limits.dangerous:
        return "dangerous", "Does not carry dangerous goods."
    if need.po_box and not limits.po_box:
        return "po_box", "Does not deliver to post office boxes."
    for weight, sides in need.parcels:
        if limits.max_kg and weight > limits.max_kg:
            return "weight", f"A parcel has {number(weight)} kg; at most {number(limits.max_kg)} kg are taken."
        longest, middle, shortest = sorted(sides, reverse=True)
        if limits.max_side_cm and longest > limits.max_side_cm:
            return "size", f"A parcel is {number(longest)} cm long; at most {number(limits.max_side_cm)} cm are taken."
        girth = longest + 2 * (middle + shortest)
        if limits.max_girth_cm and girth > limits.max_girth_cm:
            return (
                "size",
                f"A parcel measures {number(girth)} cm around; at most {number(limits.max_girth_cm)} cm are taken.",
            )
    return None


def look(option: Option, need: Need) -> Verdict:
    """One option alone: whether it may carry this in time."""
    if option.parcels is not None:
        need = replace(need, parcels=option.parcels)
    if refused := refusal(need, option.limits):
        return Verdict(option, False, *refused)
    if option.problem:
        return Verdict(option, False, option.problem_code or "no_price", option.problem)
    if need.deliver_by is not None:
        if option.expected_at is None:
            return Verdict(option, False, "no_date", "Does not say when it delivers, and a date was promised.")
        if option.expected_at > need.deliver_by:
            return Verdict(
                option,
                False,
                "late",
                f"Expected on {option.expected_at:%Y-%m-%d}, promised for {need.deliver_by:%Y-%m-%d}.",
            )
        if option.sure_at is not None and option.sure_at > need.deliver_by:
            return Verdict(
                option,
                False,
                "unsure",
                f"Expected on {option.expected_at:%Y-%m-%d}, but often later, up to {option.sure_at:%Y-%m-%d}; promised for "
                f"{need.deliver_by:%Y-%m-%d}.",
            )
    return Verdict(option, True, "fits", "")


def order_of(option: Option) -> tuple:
    return *_merits(option), option.sequence, option.carrier_id, option.service_code


def _merits(option: Option) -> tuple[Decimal, datetime, Decimal]:
    """Price, day and grams; what is not known comes after what is."""
    return (
        option.price,
        option.expected_at or datetime.max,
        Decimal("Infinity") if option.carbon is None else option.carbon,
    )


def shop(options: Iterable[Option], need: Need) -> list[Verdict]:
    """All options, the chosen one first, then those that would do, then those turned down; each with its reason.

    Prices must be in one currency.
    """
    verdicts = [look(option, need) for option in options]
    fitting = sorted((verdict for verdict in verdicts if verdict.ok), key=lambda verdict: order_of(verdict.option))
    others = sorted((verdict for verdict in verdicts if not verdict.ok), key=lambda verdict: order_of(verdict.option))
    if not fitting:
        return others
    best = fitting[0].option
    result = [Verdict(best, True, "chosen", reason_for(best, [verdict.option for verdict in fitting[1:]]))]
    result += [Verdict(v.option, True, "dearer", reason_against(v.option, best)) for v in fitting[1:]]
    return result + others


def reason_for(best: Option, rest: Sequence[Option]) -> str:
    if not rest:
        return "The only one that fits."
    if all(option.price > best.price for option in rest):
        return "The cheapest in time." if best.expected_at else "The cheapest."
    as_cheap = [option for option in rest if option.price == best.price]
    if all(_merits(option)[1] > _merits(best)[1] for option in as_cheap):
        return "As cheap as another, and faster."
    as_fast = [option for option in as_cheap if _merits(option)[1] == _merits(best)[1]]
    if all(_merits(option)[2] > _merits(best)[2] for option in as_fast):
        return "As cheap and as fast as another, and emits less."
    return "As cheap and as fast as another; comes first in the list of delivery methods."


def reason_against(option: Option, best: Option) -> str:
    if option.price > best.price:
        return f"{option.price - best.price} {option.currency} dearer."
    if _merits(option)[1] > _merits(best)[1]:
        return "As cheap, but slower."
    if option.carbon is None and best.carbon is not None:
        return "As cheap and as fast; nobody knows what it emits."
    if _merits(option)[2] > _merits(best)[2]:
        return "As cheap and as fast, but emits more."
    return "As cheap and as fast; comes later in the list of delivery methods."
