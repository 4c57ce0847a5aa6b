"""At which price overstock is sold faster, and why no lower one is proposed.

Keeping a piece until it is sold costs money (:func:`.restock.markdown`). Given away in the price it is no loss: sold now for so
much less, the goods have earned what they would have earned later.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Clearing:
    """A proposal.

    :param price: ``None`` where nothing is proposed.
    :param code: ``worth_it``, ``at_cost`` (the cost is the limit), ``not_above_cost`` or ``no_cost`` (nothing is proposed).
    """

    price: Decimal | None
    code: str


def propose(price: Decimal, cost: Decimal, loss: Decimal, step: Decimal, *, below_cost: bool = False) -> Clearing:
    """The price of a piece that clears it without a loss.

    :param price: now; :param cost: of a piece; both as the price list counts them, with or without tax.
    :param loss: what keeping a piece until it is sold costs, counted the same way.
    :param step: the smallest coin of the currency.
    :param below_cost: whether less than the cost may be proposed.

    >>> propose(Decimal(30), Decimal(20), Decimal("4.995"), Decimal("0.01"))
    Clearing(price=Decimal('25.01'), code='worth_it')
    >>> propose(Decimal(30), Decimal(20), Decimal(15), Decimal("0.01"))
    Clearing(price=Decimal('20.00'), code='at_cost')
    """
    if cost <= 0 or loss <= 0:
        return Clearing(None, "no_cost")
    if price <= cost and not below_cost:
        return Clearing(None, "not_above_cost")
    wanted = (max(ZERO, price - loss) / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    if wanted >= cost or below_cost:
        return Clearing(max(wanted, step), "worth_it")
    return Clearing((cost / step).quantize(Decimal(1), ROUND_HALF_UP) * step, "at_cost")
