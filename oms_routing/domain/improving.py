"""Whether it is worth to bring goods from elsewhere that a place has not picked yet."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .decision import SINGLE, SPLIT, Decision
from .model import Demand
from .planner import decide
from .policy import Policy
from .snapshot import Snapshot

#: Outcomes of which everything leaves at once.
SHIPS_ALL = (SINGLE, SPLIT)

Part = tuple[Hashable, Hashable, Decimal]


@dataclass(frozen=True, slots=True)
class Saving:
    """What a change saves, in money of the company."""

    before: Decimal
    after: Decimal

    @property
    def amount(self) -> Decimal:
        return self.before - self.after


def saving(
    demand: Demand, snapshot: Snapshot, policy: Policy, stands: Sequence[Part], decision: Decision
) -> Saving | None:
    """What ``decision`` saves over leaving the demand where it stands; None where it saves nothing for sure.

    What stands is reckoned with the best service from each place, so that a change is never praised for what a better
    service at the same place would save as well.

    :param snapshot: with what the demand has reserved counted as free.
    :param stands: (item id, node id, quantity) as it is now.
    """
    if decision.outcome not in SHIPS_ALL:
        return None
    try:
        stays = decide(demand, snapshot, policy, [(item, node, None, quantity) for item, node, quantity in stands])
    except ValueError:  # it may not stay there at all: that is no question of money
        return None
    if stays.outcome not in SHIPS_ALL or stays.cost <= decision.cost:
        return None
    return Saving(stays.cost, decision.cost)
