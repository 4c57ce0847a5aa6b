"""Objectives rank a group of sites that would ship an order together; a group of one is a single shipment.

An objective is a function ``(sites, wanted) -> rank`` registered under its code. Lower is better. None abstains and
comes after every rank, so a site whose distance is not known loses to one whose distance is. The policy puts objectives
in sequence and the first that is no tie decides, which a merchant can follow by eye; no weights are summed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from odoo.addons.oms_core.domain.quantities import ZERO, Quantities

from .model import Site

Rank = Decimal | float | int | None
Objective = Callable[[Sequence[Site], Quantities], Rank]


def covers_most(sites: Sequence[Site], wanted: Quantities) -> Decimal:
    """Units that the sites together cannot ship; zero when they have everything."""
    missing = ZERO
    for product_id, units in wanted.items():
        there = sum([site.stock[product_id] for site in sites], ZERO)
        missing += max(ZERO, units - there)
    return missing


def fewest_parcels(sites: Sequence[Site], _wanted: Quantities) -> int:
    """Each site sends one parcel."""
    return len(sites)


def distance(sites: Sequence[Site], _wanted: Quantities) -> float | None:
    """Kilometres of all parcels together. Abstains if one of them is not known."""
    distances = [site.distance_km for site in sites]
    return None if None in distances else round(sum(distances), 1)


OBJECTIVES: dict[str, Objective] = {
    "covers_most": covers_most,
    "fewest_parcels": fewest_parcels,
    "distance": distance,
}
