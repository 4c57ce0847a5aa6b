"""How long what is there will last."""

from __future__ import annotations

from decimal import Decimal

#: As many days as are ever told: what has not been sold lasts longer than anybody plans.
COVER_MAX_DAYS = Decimal(9999)


def days_of_cover(free: Decimal, shipped: Decimal, over_days: int) -> Decimal:
    """The days for which a quantity lasts when it goes on leaving as it did.

    >>> [str(days_of_cover(Decimal(free), Decimal(out), 90)) for free, out in ((60, 30), (5, 0), (0, 0))]
    ['180', '9999', '0']
    """
    if free <= 0:
        return Decimal(0)
    if shipped <= 0:
        return COVER_MAX_DAYS
    return min(COVER_MAX_DAYS, free * over_days / shipped)
