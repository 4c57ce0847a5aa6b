"""Exchanges: what the new goods cost, and who owes whom what is left. Nothing is ever taken without being asked for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.oms_core.domain.money import ZERO


@dataclass(frozen=True, slots=True)
class Difference:
    """The value of what came back against the price of what goes out, taxes included.

    :param settled: what the one pays of the other.
    :param owed: what the customer still owes; asked for, never taken.
    :param back: what the customer still has coming.
    """

    settled: Decimal
    owed: Decimal
    back: Decimal

    @property
    def is_even(self) -> bool:
        return not self.owed and not self.back


def difference(credit: Decimal, price: Decimal) -> Difference:
    """
    >>> difference(Decimal("24.00"), Decimal("30.00"))
    Difference(settled=Decimal('24.00'), owed=Decimal('6.00'), back=Decimal('0.00'))

    :param credit: what is credited for what came back; not below zero.
    :param price: what the new goods cost; not below zero.
    :raises ValueError: for an amount below zero.
    """
    if credit < 0 or price < 0:
        raise ValueError("neither a credit nor a price is below zero here")
    settled = min(credit, price)
    return Difference(settled, price - settled, credit - settled)


@dataclass(frozen=True, slots=True)
class Swap:
    """One kind of goods for another.

    :param is_same: it is the same product.
    :param is_variant: it is another variant of it (a size, a colour).
    :param listed: what one piece of what comes back costs today.
    :param listed_new: what one piece of the new goods costs today.
    """

    is_same: bool
    is_variant: bool
    listed: Decimal = ZERO
    listed_new: Decimal = ZERO


def keeps_price(swap: Swap, same_costs: str) -> bool:
    """Whether the new goods cost what the customer paid for the old ones, whatever they cost today.

    The same goods do, unless the company wants today's price. So does another variant with the same price tag: who changes
    a size neither loses the discount of last month nor pays for the rise since. Other goods cost what they cost.

    :param same_costs: ``paid`` or ``today``.
    """
    if same_costs != "paid":
        return False
    return swap.is_same or (swap.is_variant and swap.listed == swap.listed_new)


def split(wanted: dict[int, Decimal], now: dict[int, Decimal]) -> tuple[dict[int, Decimal], dict[int, Decimal]]:
    """What of a reserved exchange goes out now, and what stays reserved.

    :param wanted: {line: quantity that is reserved}; a line may not be reserved at all.
    :param now: {line: quantity that was accepted}.
    :return: (what goes out, what stays); lines with nothing left are not in it. What goes out is ``now``, always.
    """
    stays = {line: quantity - now.get(line, ZERO) for line, quantity in wanted.items()}
    return dict(now), {line: quantity for line, quantity in stays.items() if quantity > 0}
