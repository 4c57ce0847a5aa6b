"""Which goods may stay with the customer, as to have them back costs more than they bring. Pure.

Worked example: a label for 5.00, 1.00 to take in the parcel and 0.50 for each line. A scarf that brings 4.00 and a cap that
brings 2.00, both back: 4.00 − 0.50 + 2.00 − 0.50 = 5.00, less than the 6.00 that the parcel costs. Both stay. With a coat that
brings 30.00 the parcel travels anyway, and they come along, each bringing more than its 0.50.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a return.

    :param recovery: what its goods bring when they are back; ``None`` where nobody knows: they come back.
    :param may_stay: whether the policy lets costs decide about it.
    :param is_label_ours: whether we pay its way back.
    """

    key: Hashable
    recovery: Decimal | None
    handling: Decimal = ZERO
    may_stay: bool = False
    is_label_ours: bool = True


def to_keep(items: Sequence[Item], label_cost: Decimal | None, receipt_cost: Decimal = ZERO) -> frozenset:
    """The keys of what stays with the customer: the choice that leaves the most.

    Of what may stay, goods that bring less than their own handling always do. The rest travels in one parcel: where nothing
    else has to come back anyway, all of it stays if together it does not bring what the parcel costs.

    :param label_cost: of the parcel; ``None`` where nobody knows: goods do not stay for what is only guessed, and nothing
        but their own handling counts.
    """
    free = [item for item in items if item.may_stay and item.recovery is not None]
    gain = {item.key: item.recovery - item.handling for item in free}
    worthless = {item.key for item in free if gain[item.key] <= ZERO}
    back = [item for item in items if item.key not in worthless]
    pays_label = any(item.is_label_ours for item in back)
    if len(items) > len(free) or (pays_label and label_cost is None):
        return frozenset(worthless)  # something comes back anyway, or nobody knows what the way costs
    parcel = receipt_cost + (label_cost if pays_label else ZERO)
    together = sum((gain[item.key] for item in back), ZERO)
    return frozenset(gain) if together <= parcel else frozenset(worthless)
