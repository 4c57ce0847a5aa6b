"""Grams of CO2 equivalent of a shipment: distance × weight × what the mode emits, well to wheel. Pure.

As in ISO 14083, a shipment is a chain: the long way by the carrier's main mode, the last kilometres by van. Distances are
great circles, which the standard permits; intensities are grams per tonne and such a kilometre, a detour included. Worked
example: 2 kg over 392 km by lorry (127.15) with the last 10 km by van (786.06) are 0.002 t × (382 × 127.15 + 10 × 786.06) =
112.9 g.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
KG_PER_TONNE = Decimal(1000)
GRAM_TENTH = Decimal("0.1")

LAST_MILE = "van"  #: how the last kilometres are done

MODES = [
    ("van", "Van"),
    ("lorry", "Lorry"),
    ("rail", "Rail, last kilometres by van"),
    ("sea", "Ship, last kilometres by van"),
    ("air", "Air, last kilometres by van"),
    ("none", "On foot, by cargo bike"),
]


@dataclass(frozen=True, slots=True)
class Factors:
    """What each mode emits, as somebody has published it.

    :param valid_from: shipments from this day on are counted with it, until a later version takes over.
    :param grams_per_tkm: mode → grams CO2e per tonne and kilometre of great circle, well to wheel.
    """

    version: str
    valid_from: date
    grams_per_tkm: Mapping[str, Decimal]


def in_force(versions: Iterable[Factors], on: date) -> Factors | None:
    """The version that counts on a day: the latest that is valid; before the first one, the first, as nothing is better.

    >>> old, new = Factors("2025", date(2025, 1, 1), {}), Factors("2026", date(2026, 1, 1), {})
    >>> [in_force([new, old], date(year, 7, 1)).version for year in (2024, 2025, 2026)]
    ['2025', '2025', '2026']
    """
    ordered = sorted(versions, key=lambda factors: (factors.valid_from, factors.version))
    valid = [factors for factors in ordered if factors.valid_from <= on]
    return valid[-1] if valid else next(iter(ordered), None)


def grams_per_kg(
    distance_km: float | None, mode: str, last_mile_km: Decimal, factors: Factors | None
) -> Decimal | None:
    """What each kilogram of a shipment emits; ``None`` when the way, the mode or its factor is not known."""
    if distance_km is None or not mode or factors is None:
        return None
    if mode == "none":
        return ZERO
    by_van = factors.grams_per_tkm.get(LAST_MILE)
    by_mode = factors.grams_per_tkm.get(mode)
    if by_mode is None or by_van is None:
        return None
    distance = Decimal(str(distance_km))
    last = min(distance, last_mile_km)
    return ((distance - last) * by_mode + last * by_van) / KG_PER_TONNE


def grams(weight_kg: Decimal, per_kg: Decimal | None) -> Decimal | None:
    """To a tenth of a gram; ``None`` when it is not known.

    >>> factors = Factors("", date(2026, 1, 1), {"lorry": Decimal("127.15"), "van": Decimal("786.06")})
    >>> grams(Decimal(2), grams_per_kg(392.0, "lorry", Decimal(10), factors))
    Decimal('112.9')
    """
    return None if per_kg is None else (weight_kg * per_kg).quantize(GRAM_TENTH, ROUND_HALF_UP)
