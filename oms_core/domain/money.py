"""Exact splitting of amounts: parts always sum to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

ZERO, ONE = Decimal(0), Decimal(1)


def round_to(amount: Decimal, step: Decimal) -> Decimal:
    """``amount`` rounded to a multiple of ``step``, halves away from zero (as ``res.currency.round``)."""
    return (amount / step).quantize(ONE, ROUND_HALF_UP) * step


def allocate(total: Decimal, weights: Sequence[Decimal], step: Decimal) -> list[Decimal]:
    """Split ``total`` in proportion to ``weights`` into multiples of ``step`` that sum to it exactly.

    Largest remainder: every part is first rounded towards zero, then the steps that are left go to the parts that lost
    most, the first of equals first. Zero weights get nothing, unless all are zero: then the shares are equal.
    A negative total gives the mirror image of the positive one.

    >>> allocate(Decimal("10.00"), [Decimal(1)] * 3, Decimal("0.01"))
    [Decimal('3.34'), Decimal('3.33'), Decimal('3.33')]

    :param total: a multiple of ``step``.
    :param weights: none negative, all finite.
    :param step: the smallest unit of the currency, greater than zero.
    :raises ValueError: for a negative weight, a step that is not positive, a total that is no multiple of the step,
        or an amount to split over nobody.
    """
    total, step = Decimal(total), Decimal(step)
    if step <= 0:
        raise ValueError(f"the step must be positive, not {step}")
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight cannot be negative")
    # Fractions, because a Decimal product or quotient is rounded to 28 digits before remainders can be compared.
    steps = Fraction(total) / Fraction(step)
    if steps.denominator != 1:
        raise ValueError(f"{total} is no multiple of {step}")
    if not weights:
        if total:
            raise ValueError(f"{total} cannot be split over nobody")
        return []
    if total < 0:
        return [-part if part else part for part in allocate(-total, weights, step)]
    shares = [Fraction(weight) for weight in weights] if any(weights) else [Fraction(1)] * len(weights)
    whole = sum(shares)
    parts, lost = zip(*(divmod(int(steps) * one, whole) for one in shares), strict=True)
    parts = list(parts)
    losers = sorted(range(len(parts)), key=lambda index: (-lost[index], index))
    for index in losers[: int(steps) - sum(parts)]:
        parts[index] += 1
    return [part * step for part in parts]


def fit(amounts: Sequence[Decimal], total: Decimal, step: Decimal) -> list[Decimal]:
    """``amounts`` rounded to multiples of ``step`` and changed as little as it takes to sum to ``total``.

    For amounts of which the sum is law and the parts are only informed: the tax of an order and what its lines say
    about it. Amounts that are round already and sum to the total come back unchanged. What differs goes to the largest
    amounts, whatever their sign; the first of equals first.

    >>> fit([Decimal("1.125"), Decimal("-0.125"), Decimal("1.125")], Decimal("2.12"), Decimal("0.01"))
    [Decimal('1.12'), Decimal('-0.13'), Decimal('1.13')]

    :param total: a multiple of ``step``.
    :raises ValueError: as :func:`allocate`.
    """
    rounded = [round_to(amount, step) for amount in amounts]
    difference = total - sum(rounded, ZERO)
    if not difference:
        return rounded  # as nearly always
    changes = allocate(difference, [abs(amount) for amount in amounts], step)
    return [amount + change for amount, change in zip(rounded, changes, strict=True)]


def share(total: Decimal, whole: Decimal, start: Decimal, stop: Decimal, step: Decimal) -> Decimal:
    """What the units from ``start`` to ``stop`` (of ``whole`` units) have of ``total``.

    Cumulative rounding, so that consecutive shares sum to the total whatever the cuts are: the share of a first
    shipment, a second one and the rest is the same whoever comes first.

    >>> [share(Decimal("10.00"), Decimal(3), Decimal(i), Decimal(i + 1), Decimal("0.01")) for i in range(3)]
    [Decimal('3.33'), Decimal('3.34'), Decimal('3.33')]
    """
    if not whole:
        return total if stop else ZERO * step
    return round_to(total * stop / whole, step) - round_to(total * start / whole, step)
