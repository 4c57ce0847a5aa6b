"""How much of a stock that somebody told us about still counts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

ZERO, ONE = Decimal(0), Decimal(1)


def weight(told_at: datetime, now: datetime, stale_after_h: Decimal, worthless_after_h: Decimal) -> Decimal:
    """The share of a told quantity that counts: all of it while it is fresh, less each hour then, and nothing in the end.

    >>> told = datetime(2026, 3, 2, 10)
    >>> [str(weight(told, datetime(2026, 3, day, 10), Decimal(24), Decimal(72))) for day in (2, 3, 4, 5, 6)]
    ['1', '1', '0.5', '0', '0']
    """
    age_h = age_hours(told_at, now)
    if age_h <= stale_after_h:
        return ONE
    if age_h >= worthless_after_h:
        return ZERO
    return (worthless_after_h - age_h) / (worthless_after_h - stale_after_h)


def age_hours(told_at: datetime, now: datetime) -> Decimal:
    """Hours since; what is told for a later moment than now is of now.

    >>> age_hours(datetime(2026, 3, 2, 10), datetime(2026, 3, 2, 11, 30))
    Decimal('1.5')
    """
    return max(ZERO, Decimal(int((now - told_at).total_seconds())) / 3600)


def counted(quantity: Decimal, share: Decimal) -> Decimal:
    """A share of a told quantity; whole units stay whole, rounded down.

    >>> counted(Decimal(7), Decimal("0.5")), counted(Decimal("7.5"), Decimal("0.5"))
    (Decimal('3'), Decimal('3.75'))
    """
    if share >= ONE:
        return quantity
    part = quantity * share
    return part.to_integral_value("ROUND_FLOOR") if quantity == quantity.to_integral_value() else part


def reason(share: Decimal) -> str:
    """
    >>> reason(ONE), reason(Decimal("0.5")), reason(ZERO)
    ('fresh', 'stale', 'worthless')
    """
    if share >= ONE:
        return "fresh"
    return "stale" if share > ZERO else "worthless"
