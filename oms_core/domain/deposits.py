"""Deposits: what was invoiced before anything else is taken off the invoices that follow, from the first on.

Where an accountant has a choice, the customer owes nothing before the deposit is used up. What is taken off stays with the taxes
that were charged with it, and no invoice falls below zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .money import ZERO, round_to

#: The name of the amount without tax; others are taxes.
NET = ""


def deduct(rest: Mapping[str, Decimal], most: Decimal, step: Decimal) -> dict[str, Decimal]:
    """What is taken off of a deposit: all of it, or the part that comes to ``most`` exactly, tax by tax.

    What is left and taken off later is the difference, so that all parts sum to the deposit.

    >>> deduct({NET: Decimal("10.00"), "7": Decimal("2.00")}, Decimal("5.00"), Decimal("0.01"))
    {'': Decimal('4.17'), '7': Decimal('0.83')}

    :param rest: {:data:`NET` or a tax: amount} that was not taken off yet.
    :param most: with tax; nothing is taken off where it is not above zero.
    :param step: the smallest unit of the currency.
    """
    whole = sum(rest.values(), ZERO)
    if whole <= 0 or most <= 0:
        return {}
    if whole <= most:
        return dict(rest)
    taxes = {name: round_to(amount * most / whole, step) for name, amount in rest.items() if name != NET}
    return {NET: most - sum(taxes.values(), ZERO), **taxes}
