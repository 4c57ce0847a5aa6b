"""What a merchant wants of sourcing, as a value."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.oms_core.domain.quantities import ZERO

from .model import BACKORDER, CANCEL, HOLD, WAIT

LEXICOGRAPHIC = "lexicographic"  #: the first objective that is no tie decides
#: What costs least, of all that ships as much; the objectives decide between equals. Only what no node has all of is divided.
LEAST_COST = "least_cost"
STRATEGIES = (LEXICOGRAPHIC, LEAST_COST)

NEXT = "next"  #: what is left goes to the next policy of the chain
#: What may become of what a policy cannot ship.
LEFTOVERS = (BACKORDER, WAIT, NEXT, HOLD, CANCEL)

#: Constraint → the parameters that it takes; one with a star must be there. What each means is told by its function.
CONSTRAINT_KINDS: dict[str, tuple[str, ...]] = {
    "not_excluded": (),
    "pinned": (),
    "is_open": (),
    "node_group": ("groups", "excluded_groups"),
    "node_kind": ("kinds*",),
    "same_company": ("companies",),
    "ships_to": (),
    "max_distance": ("km*",),
    "safety_stock": ("quantity",),
    "capacity_orders": (),
    "capacity_open": (),
    "capacity_minutes": (),
    "not_rejected": (),
    "carrier_serves": (),
    "promise": (),
    "together": (),
    "no_split": ("categories*",),
    "whole_lines": (),
    "whole_order": (),
    "max_nodes": ("number*",),
    "shipment_value": ("amount*",),
    "has_stock": (),
}

OBJECTIVE_KINDS: dict[str, tuple[str, ...]] = {
    "covers_most": (),
    "fewest_parcels": (),
    "distance": ("km",),
    "landed_cost": (),
    "delivery_time": (),
    "priority": ("groups",),
    "stock_balance": (),
    "weeks_of_supply": (),
    "markdown": (),
    "capacity_left": (),
    "performance": (),
    "carbon": (),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy: a constraint, or an objective.

    :param kind: of :data:`CONSTRAINT_KINDS` or :data:`OBJECTIVE_KINDS`.
    :param hard: a soft constraint is given up where else something would not be shipped, the last in the list first.
    :param groups: node groups; as an objective, in the order of preference.
    :param km: the most kilometres; as an objective, all sites within them count as equally near.
    :param quantity: units that every node keeps back, where the snapshot does not say otherwise.
    :param amount: the least net value of each shipment.
    :param id: of the record that it was made from, so that results can be told by rule.
    :raises ValueError: for an unknown kind, a parameter that the kind does not take, or one that is missing.
    """

    kind: str
    hard: bool = True
    groups: tuple[Hashable, ...] = ()
    excluded_groups: tuple[Hashable, ...] = ()
    kinds: tuple[str, ...] = ()
    companies: tuple[Hashable, ...] = ()
    categories: tuple[Hashable, ...] = ()
    km: Decimal | None = None
    quantity: Decimal | None = None
    amount: Decimal | None = None
    number: int | None = None
    id: Hashable = None

    def __post_init__(self):
        kinds = CONSTRAINT_KINDS.get(self.kind, OBJECTIVE_KINDS.get(self.kind))
        if kinds is None:
            raise ValueError(f"no such constraint or objective: {self.kind}")
        given = [name for name in PARAMETERS if getattr(self, name) not in ((), None)]
        taken = [name.rstrip("*") for name in kinds]
        if strange := [name for name in given if name not in taken]:
            raise ValueError(f"{self.kind} has no parameter {', '.join(strange)}")
        if missing := [name.rstrip("*") for name in kinds if name.endswith("*") and name.rstrip("*") not in given]:
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        if any(number is not None and number < 0 for number in (self.km, self.quantity, self.amount)):
            raise ValueError(f"{self.kind} has a limit below zero")
        if self.number is not None and self.number < 1:
            raise ValueError(f"at least one node must be allowed, not {self.number}")


PARAMETERS = ("groups", "excluded_groups", "kinds", "companies", "categories", "km", "quantity", "amount", "number")


@dataclass(frozen=True, slots=True)
class Prices:
    """What ``least_cost`` and ``landed_cost`` add to the carrier's price and the handling at the nodes.

    :param split: for every shipment of an order after the first.
    :param line_split: for every further shipment that a line is divided over.
    :param parcel: for a shipment from a node without any carrier offer, and ``per_km`` on top.
    :param late_day: for every begun day that a shipment is expected after the promise.
    :param carbon_tonne: for a tonne of CO2e.
    :param reject: what it costs when a node gives an order back; weighed with its probability.
    """

    split: Decimal = ZERO
    line_split: Decimal = ZERO
    parcel: Decimal = ZERO
    per_km: Decimal = ZERO
    late_day: Decimal = ZERO
    carbon_tonne: Decimal = ZERO
    reject: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Policy:
    """Which constraints must be content, and which objectives decide, in this sequence.

    Rules may be given by their kind alone where they need no parameters. ``not_excluded``, ``pinned``, ``not_rejected``,
    ``is_open``, the three of capacity and ``has_stock`` always apply (a rule can make them soft), and ``covers_most`` is
    always the first objective: what can be shipped is shipped.

    :param nodes_max: at most so many nodes for one order; what they lack is left over. None for any number.
    :param leftover: what becomes of what cannot be shipped: one of :data:`LEFTOVERS`.
    :param cancel_after_days: with ``cancel``: it waits so many days after the order came in; None for at once.
    :param next: the policy that leftovers go to, with ``next``.
    :param ignores_capacity: whether nodes take its orders even when they have had enough.
    :param consolidate: whether nodes may send goods to each other first, so that the order leaves as one parcel, where more is
        shipped that way, or at a lower cost; see ``gathering.py``.
    :raises ValueError: for a rule of the wrong sort, an unknown strategy, or a limit below one.
    """

    constraints: tuple[Rule, ...] = ()
    objectives: tuple[Rule, ...] = ("covers_most", "fewest_parcels", "distance")  # type: ignore[assignment]
    nodes_max: int | None = None
    strategy: str = LEXICOGRAPHIC
    prices: Prices = Prices()
    leftover: str = BACKORDER
    cancel_after_days: int | None = None
    next: Policy | None = None
    ignores_capacity: bool = False
    id: Hashable = None
    name: str = ""
    consolidate: bool = False

    def __post_init__(self):
        constraints, objectives = _rules(self.constraints), _rules(self.objectives)
        wrong = [rule.kind for rule in constraints if rule.kind not in CONSTRAINT_KINDS]
        wrong += [rule.kind for rule in objectives if rule.kind not in OBJECTIVE_KINDS]
        if wrong:
            raise ValueError(f"no such constraint or objective: {', '.join(wrong)}")
        if self.nodes_max is not None and self.nodes_max < 1:
            raise ValueError(f"at least one node must be allowed, not {self.nodes_max}")
        if self.strategy not in STRATEGIES:
            raise ValueError(f"no such strategy: {self.strategy}")
        if self.leftover not in LEFTOVERS:
            raise ValueError(f"nothing is known to do with leftovers: {self.leftover}")
        if (self.leftover == NEXT) != (self.next is not None):
            raise ValueError("leftovers go to the next policy if there is one, and only then")
        given = {rule.kind for rule in constraints}
        first = [rule for rule in _rules(ALWAYS_FIRST) if rule.kind not in given]
        constraints += tuple(rule for rule in _rules(CAPACITY) if rule.kind not in given)
        if self.ignores_capacity:
            constraints = tuple(rule for rule in constraints if rule.kind not in CAPACITY)
        last = [rule for rule in constraints if rule.kind == "has_stock"] or [Rule("has_stock")]
        constraints = (*first, *(rule for rule in constraints if rule.kind != "has_stock"), *last)
        objectives = (Rule("covers_most"), *(rule for rule in objectives if rule.kind != "covers_most"))
        object.__setattr__(self, "constraints", constraints)
        object.__setattr__(self, "objectives", objectives)


#: Whatever a policy says, a site that refused an order is not asked again.
ALWAYS_FIRST = ("not_excluded", "pinned", "not_rejected", "is_open")
CAPACITY = ("capacity_orders", "capacity_open", "capacity_minutes")


def _rules(rules: Iterable[Rule | str]) -> tuple[Rule, ...]:
    return tuple(rule if isinstance(rule, Rule) else Rule(rule) for rule in rules)


DEFAULT_POLICY = Policy()
