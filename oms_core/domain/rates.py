"""What a rate card asks for parcels. Pure.

A card has zones (where to) and in each zone steps (up to what weight, for how much). Worked example: a card with 5 % fuel,
a dimensional divisor of 5000 cm³ per kg and steps of half a kilogram; the zone *France* asks 6.00 up to 2 kg and 9.00 up to
5 kg; *Corsica* (``20``) is remote, with a surcharge of 4.00. A parcel of 1.2 kg and 40 × 30 × 20 cm counts
24000 / 5000 = 4.8 kg, rounded up to 5 kg: to Paris 9.00 × 1.05 = 9.45, to Ajaccio (9.00 + 4.00) × 1.05 = 13.65.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Zone:
    """Where to, and for how much.

    :param countries: two letters each; none means everywhere.
    :param zip_from: beginning of the first postal code, ``zip_to`` of the last; both empty for the whole country.
    :param steps: ``(up to kg, price)``, any order.
    """

    name: str
    countries: frozenset[str]
    steps: tuple[tuple[Decimal, Decimal], ...]
    zip_from: str = ""
    zip_to: str = ""
    remote: bool = False
    transit_days: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """Prices of one service.

    :param divisor: cubic centimetres that count as a kilogram; zero when only the scales count.
    :param rounding_kg: chargeable weight is rounded up to a multiple of this; zero leaves it.
    """

    name: str
    currency: str
    zones: tuple[Zone, ...]
    divisor: Decimal = ZERO
    rounding_kg: Decimal = ZERO
    fuel_percent: Decimal = ZERO
    remote_surcharge: Decimal = ZERO
    date_from: date | None = None
    date_to: date | None = None
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Price:
    """What was found, with what it is made of."""

    amount: Decimal
    zone: str
    chargeable_kg: Decimal
    base: Decimal
    surcharge: Decimal
    fuel: Decimal
    transit_days: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no price."""

    code: str
    sentence: str


def chargeable_kg(card: Card, weight_kg: Decimal, sides_cm: Sequence[Decimal]) -> Decimal:
    """What counts: the heavier of what the scales and what the room say, rounded up.

    >>> chargeable_kg(Card("", "EUR", (), divisor=Decimal(5000), rounding_kg=Decimal("0.5")), Decimal("1.2"),
    ...               [Decimal(40), Decimal(30), Decimal(20)])
    Decimal('5.0')
    """
    volume = ZERO
    if card.divisor > 0 and len(sides_cm) == 3 and all(side > 0 for side in sides_cm):
        volume = sides_cm[0] * sides_cm[1] * sides_cm[2] / card.divisor
    weight = max(weight_kg, volume)
    if card.rounding_kg > 0:
        weight = (weight / card.rounding_kg).to_integral_value(ROUND_CEILING) * card.rounding_kg
    return weight


def normal_zip(text: str) -> str:
    """A postal code as it is compared: capitals, without spaces and hyphens."""
    return "".join(sign for sign in text.upper() if sign.isalnum())


def zip_matches(zone: Zone, code: str) -> bool:
    """Whether a postal code lies between the two prefixes, both included: 20–22 holds 22999 and 20, not 2."""
    if not zone.zip_from and not zone.zip_to:
        return True
    code = normal_zip(code)
    first = normal_zip(zone.zip_from or zone.zip_to)
    last = normal_zip(zone.zip_to or zone.zip_from)
    return bool(code) and code[: len(first)] >= first and len(code) >= len(first) and code[: len(last)] <= last


def specificity(zone: Zone) -> tuple[int, int, int]:
    """How narrow a zone is: a range of postal codes before a country, fewer countries before more, a country before all."""
    prefix = max(len(normal_zip(zone.zip_from)), len(normal_zip(zone.zip_to)))
    narrow = 0
    if prefix and len(normal_zip(zone.zip_from or zone.zip_to)) == len(normal_zip(zone.zip_to or zone.zip_from)):
        narrow = 1 if normal_zip(zone.zip_from or zone.zip_to) == normal_zip(zone.zip_to or zone.zip_from) else 0
    return prefix, narrow, -len(zone.countries) if zone.countries else -1000


def find_zone(card: Card, country: str, zip_code: str) -> Zone | None:
    """The most specific zone that an address lies in; the first of equals, which :func:`problems` reports."""
    fitting = [
        zone for zone in card.zones if (not zone.countries or country in zone.countries) and zip_matches(zone, zip_code)
    ]
    return max(fitting, key=specificity, default=None)


def is_effective(card: Card, on: date) -> bool:
    return (card.date_from is None or card.date_from <= on) and (card.date_to is None or on <= card.date_to)


def price(
    card: Card,
    country: str,
    zip_code: str,
    weight_kg: Decimal,
    sides_cm: Sequence[Decimal] = (),
    on: date | None = None,
) -> Price | Refusal:
    """What a card asks for one parcel, or why it does not take it."""
    if on is not None and not is_effective(card, on):
        return Refusal("not_effective", f"“{card.name}” is not valid on {on}.")
    if weight_kg <= 0:
        return Refusal("no_weight", "The parcel has no weight. Enter the weight of its products, or weigh the parcel.")
    zone = find_zone(card, country, zip_code)
    if zone is None:
        place = f"{country} {zip_code}".strip() or "an address without a country"
        return Refusal("no_zone", f"“{card.name}” has no zone for {place}.")
    weight = chargeable_kg(card, weight_kg, sides_cm)
    for up_to, amount in sorted(zone.steps):
        if weight <= up_to:
            surcharge = card.remote_surcharge if zone.remote else ZERO
            fuel = (amount + surcharge) * card.fuel_percent / HUNDRED
            unit = Decimal(1).scaleb(-card.decimals)
            total = (amount + surcharge + fuel).quantize(unit, ROUND_HALF_UP)
            return Price(total, zone.name, weight, amount, surcharge, total - amount - surcharge, zone.transit_days)
    heaviest = max((up_to for up_to, _amount in zone.steps), default=ZERO)
    return Refusal(
        "too_heavy",
        f"The parcel counts {weight.normalize():f} kg; “{card.name}” takes up to {heaviest.normalize():f} kg to {zone.name}.",
    )


def best(
    cards: Iterable[Card], country: str, zip_code: str, weight_kg: Decimal, sides_cm: Sequence[Decimal], on: date
) -> tuple[Card, Price] | Refusal:
    """The first effective card that takes a parcel; the reasons of all others where none does."""
    refusals = []
    for card in cards:
        found = price(card, country, zip_code, weight_kg, sides_cm, on)
        if isinstance(found, Price):
            return card, found
        refusals.append(found)
    if not refusals:
        return Refusal("no_card", "The delivery method has no rate card. Add one with zones and prices.")
    of_today = [refusal for refusal in refusals if refusal.code != "not_effective"] or refusals
    return of_today[0]


# ---- Problems of a card ----


def _overlap(first: Zone, second: Zone) -> bool:
    """Whether two zones are equally specific and could both hold an address."""
    if specificity(first)[:2] != specificity(second)[:2]:
        return False
    if bool(first.countries) != bool(second.countries):
        return False
    if first.countries and len(first.countries) != len(second.countries):
        return False
    if first.countries and not first.countries & second.countries:
        return False
    if not (first.zip_from or first.zip_to):
        return True
    low, high = normal_zip(first.zip_from or first.zip_to), normal_zip(first.zip_to or first.zip_from)
    other_low, other_high = normal_zip(second.zip_from or second.zip_to), normal_zip(second.zip_to or second.zip_from)
    return low <= other_high and other_low <= high


def errors(card: Card) -> list[str]:
    """What makes a card ambiguous or unusable; it cannot be saved so."""
    found = []
    if card.date_from and card.date_to and card.date_from > card.date_to:
        found.append(f"“{card.name}” ends before it begins.")
    for zone in card.zones:
        low, high = normal_zip(zone.zip_from), normal_zip(zone.zip_to)
        if low and high and low > high:
            found.append(f"Zone {zone.name}: the postal codes begin with {low}, which comes after {high}.")
        weights = [up_to for up_to, _amount in zone.steps]
        if len(set(weights)) != len(weights):
            found.append(f"Zone {zone.name} has two prices for one weight.")
        if any(up_to <= 0 for up_to in weights):
            found.append(f"Zone {zone.name} has a step of zero kilograms or less.")
        if any(amount < 0 for _up_to, amount in zone.steps):
            found.append(f"Zone {zone.name} has a price below zero.")
    for number, zone in enumerate(card.zones):
        for other in card.zones[number + 1 :]:
            if _overlap(zone, other):
                found.append(
                    f"Zones {zone.name} and {other.name} overlap and neither is narrower: one address, two prices."
                )
    return found


def gaps(cards: Sequence[Card]) -> list[str]:
    """What the cards of one service leave open: zones without prices, missing heavier steps, days between two cards."""
    found = []
    for card in cards:
        if not card.zones:
            found.append(f"“{card.name}” has no zones yet: nothing can be sent with it.")
        heaviest = max((up_to for zone in card.zones for up_to, _amount in zone.steps), default=ZERO)
        for zone in card.zones:
            top = max((up_to for up_to, _amount in zone.steps), default=ZERO)
            if not zone.steps:
                found.append(f"Zone {zone.name} of “{card.name}” has no prices.")
            elif top < heaviest:
                found.append(
                    f"Zone {zone.name} of “{card.name}” ends at {top.normalize():f} kg, others go up to "
                    f"{heaviest.normalize():f} kg."
                )
    dated = sorted(cards, key=lambda card: card.date_from or date.min)
    end: date | None = None
    for number, card in enumerate(dated):
        begin = card.date_from or date.min
        if number and end is not None and begin > end + timedelta(days=1):
            found.append(f"No rate card is valid from {end + timedelta(days=1)} to {begin - timedelta(days=1)}.")
        this_end = card.date_to or date.max
        end = this_end if end is None else max(end, this_end)
        if end == date.max:
            break
    return found
