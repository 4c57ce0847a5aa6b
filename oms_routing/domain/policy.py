"""What a merchant wants of sourcing, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from .constraints import CONSTRAINTS
from .objectives import OBJECTIVES


@dataclass(frozen=True, slots=True)
class Policy:
    """Which constraints must be content, and which objectives decide, in this sequence.

    :param nodes_max: at most so many nodes for one order; what they lack waits. None for any number.
    :raises ValueError: for a code that is not registered, or a limit below one.
    """

    constraints: tuple[str, ...] = ("not_excluded", "has_stock")
    objectives: tuple[str, ...] = ("covers_most", "fewest_parcels", "distance")
    nodes_max: int | None = None

    def __post_init__(self):
        unknown = [code for code in self.constraints if code not in CONSTRAINTS]
        unknown += [code for code in self.objectives if code not in OBJECTIVES]
        if unknown:
            raise ValueError(f"no such constraint or objective: {', '.join(unknown)}")
        if self.nodes_max is not None and self.nodes_max < 1:
            raise ValueError(f"at least one node must be allowed, not {self.nodes_max}")


DEFAULT_POLICY = Policy()
