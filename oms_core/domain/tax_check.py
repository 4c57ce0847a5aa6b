"""Whether two sums of taxes differ by more than their lines were rounded."""

from __future__ import annotations

from decimal import Decimal


def explained_by_rounding(charged: Decimal, computed: Decimal, taxes: int, step: Decimal) -> bool:
    """Whether ``charged`` and ``computed`` may be the same taxes, rounded in another way.

    Each tax of each line is off by half a step at most on either side, wherever it was rounded: line by line, or once for
    the document. Together that is a step for each.

    >>> explained_by_rounding(Decimal("4.00"), Decimal("4.01"), 1, Decimal("0.01"))
    True
    >>> explained_by_rounding(Decimal("4.00"), Decimal("4.02"), 1, Decimal("0.01"))
    False

    :param taxes: how many were rounded: for each line, its taxes.
    :param step: the smallest unit of the currency.
    """
    return abs(charged - computed) <= taxes * step
