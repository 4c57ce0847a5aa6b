"""Decimals as whole numbers: what is exact to the millionth is compared and added without a decimal in sight."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

MILLION = Decimal(1_000_000)


@lru_cache(maxsize=1 << 14)  # prices, weights and quantities are the same few thousand in all orders
def to_millionths(value: Decimal) -> int:
    """
    >>> to_millionths(Decimal("9.45"))
    9450000
    """
    scaled = value * MILLION
    whole = int(scaled)
    return whole if whole == scaled else int(scaled.to_integral_value(ROUND_HALF_EVEN))
