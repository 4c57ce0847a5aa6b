"""Orders of one policy planned together: never fewer units shipped, and never at a higher cost, than one after the other.

First each order is planned on what those before it left, as always. What the solver can hold (:func:`_why_apart` says what
it cannot) is then solved as a whole on the same stock and capacity, and told order by order with the costs and the
explanation of the planner. The others keep what they have.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import prod

from odoo.addons.oms_core.domain.quantities import ZERO

from .batch import solve
from .batch_model import PROVEN, STATES_MAX, TIME, WORK, Instance, Limits, Order, Parcel, Plan, Want, Way
from .batch_solver import SolverMissing
from .cost import UNIT
from .decision import Decision
from .ledger import Ledger
from .model import TAKING, Demand, Node
from .planner import decide, plan
from .policy import LEAST_COST, LEXICOGRAPHIC, NEXT, Policy
from .problem import Problem
from .settling import exact_units
from .snapshot import Snapshot
from .tariff import Tariff

#: Trillionths of money, as the planner counts.
TRILLION = 10**12

#: What a run says it did.
JOINT, IN_TURN = "joint", "in_turn"

#: Why the solver stopped, for people.
STOPPED = {
    PROVEN: "Nothing better exists.",
    WORK: "All the rounds that are allowed were used.",
    TIME: "The time was used up; with more, a better plan may be found.",
}

See = Callable[[Hashable, Snapshot], Snapshot]
Ship = tuple[Hashable, Hashable, Hashable, Decimal]


@dataclass(frozen=True, slots=True)
class Seen:
    """A decision with what it was made on.

    :param ships: what was decided elsewhere and only told by the planner, see ``planner.decide``; None if it decided itself.
    :param note: one sentence about what the whole batch gains by it; empty if it was planned for itself.
    """

    snapshot: Snapshot
    decision: Decision
    ships: tuple[Ship, ...] | None = None
    note: str = ""


@dataclass(frozen=True)
class Batch:
    """Decisions about some orders.

    :param seen: by the caller's key, in the sequence in which they take from the stock.
    :param cost: of all of them; ``cost_in_turn`` is what they cost one after the other.
    :param bound: no plan that ships as much of the orders that were solved together costs less, the others as they are;
        None if nothing was solved.
    :param method: :data:`JOINT` or :data:`IN_TURN`, with a sentence why.
    :param apart: key → why it was planned for itself.
    """

    seen: Mapping[Hashable, Seen]
    cost: Decimal
    cost_in_turn: Decimal
    bound: Decimal | None
    method: str
    reason: str
    apart: Mapping[Hashable, str] = field(default_factory=dict)

    @property
    def gap(self) -> Decimal | None:
        """How far the cost may be above the least possible, as a share of it."""
        if self.bound is None:
            return None
        return (self.cost - self.bound) / self.cost if self.cost > 0 else ZERO


def plan_batch(
    demands: Mapping[Hashable, Demand],
    snapshot: Snapshot,
    policy: Policy,
    *,
    see: See = lambda _key, whole: whole,
    uncounted: frozenset = frozenset(),
    is_joint: bool = True,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    seed: int = 0,
    clock: Callable[[], float] | None = None,
) -> Batch:
    """Plan these orders together. A plan always comes; where it is not a joint one, ``reason`` says why.

    :param demands: in the sequence in which they would be served.
    :param see: what an order sees of the stock that is left; it may hide nodes.
    :param uncounted: products of which there is always enough.
    """
    in_turn = _in_turn(demands, snapshot, policy, see)
    cost = _cost(in_turn)
    if not is_joint:
        return Batch(in_turn, cost, cost, None, IN_TURN, "One after the other, as was asked for.")
    apart = {key: why for key, demand in demands.items() if (why := _why_apart(demand, policy, in_turn[key]))}
    left = snapshot
    for key in apart:
        left = left.taking(in_turn[key].decision)
    joint = [key for key in demands if key not in apart]
    if len(joint) < 2:
        reason = f"One after the other: {next(iter(apart.values()))}." if apart else "There is nothing to weigh up."
        return Batch(in_turn, cost, cost, None, IN_TURN, reason, apart)
    model = BatchModel({key: _problem(demands[key], see(key, left), policy) for key in joint}, uncounted)
    try:
        found = solve(model.instance, limits, seed, clock)
    except SolverMissing as missing:
        return Batch(in_turn, cost, cost, None, IN_TURN, str(missing), apart)
    ships = dict(zip(joint, map(model.ships, joint, found.parcels), strict=True))
    together = {key: in_turn[key] for key in apart}
    for key in joint:
        seen = see(key, left)
        decision = decide(demands[key], seen, policy, ships[key])
        together[key] = Seen(seen, decision, ships[key])
        left = left.taking(decision)
    bound = _cost({key: in_turn[key] for key in apart}) + model.bound(found)
    is_better = _rank(together) < _rank(in_turn)
    if not is_better:
        is_comparable = _rank(together)[0] == _rank(in_turn)[0]
        reason = f"One after the other was as good. {STOPPED[found.stopped]}"
        return Batch(in_turn, cost, cost, min(bound, cost) if is_comparable else None, JOINT, reason, apart)
    total = _cost(together)
    noted = {
        key: _noted(together[key], in_turn[key], cost - total) if key in ships else together[key] for key in demands
    }
    return Batch(noted, total, cost, min(bound, total), JOINT, STOPPED[found.stopped], apart)


# --- one after the other ----------------------------------------------------------------------------------------------


def _in_turn(demands: Mapping[Hashable, Demand], left: Snapshot, policy: Policy, see: See) -> dict[Hashable, Seen]:
    seen = {}
    for key, demand in demands.items():
        snapshot = see(key, left)
        seen[key] = Seen(snapshot, plan(demand, snapshot, policy))
        left = left.taking(seen[key].decision)
    return seen


def _cost(seen: Mapping[Hashable, Seen]) -> Decimal:
    return sum((one.decision.cost for one in seen.values()), ZERO)


def _rank(seen: Mapping[Hashable, Seen]) -> tuple[Decimal, Decimal]:
    """Units that are not shipped, then money: the less the better."""
    missing = (a.quantity for one in seen.values() for a in one.decision.allocations if a.mode not in TAKING)
    return sum(missing, ZERO), _cost(seen)


def _noted(one: Seen, alone: Seen, saved: Decimal) -> Seen:
    """With a sentence about what the order pays for the others, or they for it."""
    dearer = one.decision.cost - alone.decision.cost
    of_all = f"{_money(saved)} cheaper for all" if saved > 0 else "more is shipped in all"
    if not dearer:
        return replace(one, note=f"Decided together with other orders: {of_all}.")
    word = "dearer" if dearer > 0 else "cheaper"
    return replace(
        one, note=f"Decided together with other orders: {_money(abs(dearer))} {word} for this one, {of_all}."
    )


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


# --- what the solver cannot hold --------------------------------------------------------------------------------------


def _why_apart(demand: Demand, policy: Policy, alone: Seen) -> str:
    """Why an order is planned for itself, as a part of a sentence; empty if it need not be."""
    if policy.strategy != LEAST_COST:
        return "the policy ranks sites by one rule after the other, and only cost can be weighed between orders"
    if policy.leftover == NEXT:
        return "what the policy cannot ship goes to another policy"
    if policy.consolidate:
        return "the policy has goods sent from site to site first"
    problem = _problem(demand, alone.snapshot, policy)
    limits = (
        (problem.nodes_max, "the policy limits the sites of an order"),
        (problem.least_value, "the policy wants a least value of each shipment"),
        (problem.has_minutes, "sites have picking minutes, not only orders, to share"),
        ("whole_order" in problem.by_kind, "the policy ships an order as a whole or not at all"),
        (alone.decision.relaxed, "rules had to be given up for it"),
        (
            not all(map(_is_priced, problem.nodes, [problem] * len(problem.nodes))),
            "not every site has a carrier for it",
        ),
        (_times(problem) is None, "it has too many different items"),
    )
    return next((why for is_so, why in limits if is_so), "")


def _problem(demand: Demand, snapshot: Snapshot, policy: Policy) -> Problem:
    """The order in numbers. Not with least cost, which would forbid to divide what one site has all of: another order may
    take it."""
    return Problem(demand, Ledger(snapshot).view(), replace(policy, strategy=LEXICOGRAPHIC))


def _is_priced(node: Node, problem: Problem) -> bool:
    return not problem.priceless or any(quote.offer for quote in problem.coster.quotes(node))


def _times(problem: Problem) -> list[int] | None:
    """For each lot, of how many equal pieces it is: units, or several at once where there would be too many combinations."""
    times = [lot.quantity // UNIT if lot.divisible and not lot.quantity % UNIT else 1 for lot in problem.lots]
    while prod(count + 1 for count in times) > STATES_MAX:
        largest = max(times)
        if largest == 1:
            return None
        smallest_factor = next(factor for factor in range(2, largest + 1) if not largest % factor)
        times[times.index(largest)] = largest // smallest_factor
    return times


# --- the batch as numbers ---------------------------------------------------------------------------------------------


class BatchModel:
    """Translates between the planner's whole numbers and the solver's batch.

    :param problems: by the caller's key.
    """

    def __init__(self, problems: Mapping[Hashable, Problem], uncounted: frozenset):
        self.problems = problems
        self.times = {key: _times(problem) for key, problem in problems.items()}
        ways = {key: self._ways(problem, self.times[key]) for key, problem in problems.items()}
        #: More than any parcel: what can be shipped is shipped.
        self.penalty = 1.0 + 3.0 * max((self._dearest(way) for some in ways.values() for way in some), default=0.0)
        orders = tuple(
            Order(key, self._wants(problem, self.times[key]), tuple(ways[key])) for key, problem in problems.items()
        )
        stock: dict[tuple[Hashable, Hashable], Decimal] = {}
        capacity: dict[Hashable, int] = {}
        for problem in problems.values():
            self._share(problem, uncounted, stock, capacity)
        self.instance = Instance(orders, stock, capacity)

    def _wants(self, problem: Problem, times: Sequence[int]) -> tuple[Want, ...]:
        wants = []
        for lot, count in zip(problem.lots, times, strict=True):
            contents = tuple((problem.products[place], Decimal(need) / UNIT / count) for place, need in lot.takes)
            units = lot.quantity / UNIT / count
            weight, volume = lot.weight / TRILLION / count, lot.volume / TRILLION / count
            wants.append(Want(contents, count, self.penalty * max(1.0, units), weight, volume))
        return tuple(wants)

    def _ways(self, problem: Problem, times: Sequence[int]) -> list[Way]:
        ways = []
        coster, lots = problem.coster, problem.lots
        for place, node in enumerate(problem.nodes):
            handling = problem.handling(place)
            per_line = tuple((flat + coster.line_split) / TRILLION for flat in handling.per_lot)
            turned_down = [any((item.id, node.id) in problem.demand.rejections for item in lot.items) for lot in lots]
            for quote in problem.quotes(place):
                if problem.priceless and quote.offer is None:
                    continue
                per_want = []
                for number, (lot, count) in enumerate(zip(lots, times, strict=True)):
                    if turned_down[number] or any(quote.refused >> product & 1 for product, _need in lot.needs):
                        per_want.append(None)
                        continue
                    duty = float(quote.offer.duty) * lot.value / TRILLION if quote.offer else 0.0
                    per_want.append((handling.per_unit[number] * lot.quantity / TRILLION + duty) / count)
                ways.append(
                    Way(
                        node=node.id,
                        service=quote.offer and quote.offer.service_id,
                        fixed=(handling.fixed + quote.fixed) / TRILLION,
                        steps=self._steps(quote.offer.tariff) if quote.offer else (),
                        per_kg=float(quote.offer.carbon_per_kg * coster.prices.carbon_tonne) / UNIT
                        if quote.offer
                        else 0.0,
                        per_want=tuple(per_want),
                        per_line=per_line,
                        divisor=float(quote.offer.tariff.divisor) if quote.offer else 0.0,
                    )
                )
        return ways

    @staticmethod
    def _steps(tariff: Tariff) -> tuple[tuple[float, float], ...]:
        return tuple((float(up_to), float(price)) for up_to, price in sorted(tariff.steps))

    @staticmethod
    def _dearest(way: Way) -> float:
        """About the most that a parcel costs."""
        heaviest = max((price for _weight, price in way.steps), default=0.0)
        return way.fixed + heaviest + sum(added or 0.0 for added in way.per_want) + sum(way.per_line)

    @staticmethod
    def _share(problem: Problem, uncounted: frozenset, stock: dict, capacity: dict) -> None:
        """What the order could take is there for all; of two orders that are shown different stock, the lesser counts."""
        for product_id, wanted in problem.look.needed.items():
            for node_id, units in problem.look.shelf(product_id).items():
                key = (node_id, product_id)
                if product_id in uncounted:
                    stock[key] = stock.get(key, ZERO) + wanted
                else:
                    stock[key] = min(units, stock.get(key, units))
        if problem.policy.ignores_capacity:
            return
        for node in problem.nodes:
            limits = (problem.view.orders_left(node.id), problem.view.open_left(node.id))
            if given := [limit for limit in limits if limit is not None]:
                capacity[node.id] = max(0, int(min(given)))

    def ships(self, key: Hashable, parcels: Sequence[Parcel]) -> tuple[Ship, ...]:
        """What of which item leaves where with which service."""
        problem, ships = self.problems[key], []
        for number, (lot, times) in enumerate(zip(problem.lots, self.times[key], strict=True)):
            left = {parcel: exact_units(lot, lot.quantity * parcel.counts[number] // times) for parcel in parcels}
            for item in lot.items:
                if not lot.divisible:
                    ships += [(item.id, p.node, p.service, item.quantity) for p in parcels if p.counts[number]]
                    continue
                wanted = item.quantity
                for parcel in sorted(parcels, key=lambda one: left[one] < item.quantity):  # whole lines first
                    part = min(wanted, left[parcel])
                    if part > 0:
                        ships.append((item.id, parcel.node, parcel.service, part))
                        left[parcel] -= part
                        wanted -= part
        return tuple(ships)

    def bound(self, found: Plan) -> Decimal:
        """What no plan of these orders costs less that ships as much as the one that was found.

        The solver pays for every parcel what the planner takes from the second on, and for what waits.
        """
        not_paid = waiting = 0.0
        for order, problem, parcels in zip(self.instance.orders, self.problems.values(), found.parcels, strict=True):
            not_paid += (problem.coster.split + problem.coster.line_split * len(problem.lots)) / TRILLION
            for position, want in enumerate(order.wants):
                waiting += want.penalty * (want.times - sum(parcel.counts[position] for parcel in parcels))
        return max(ZERO, Decimal(repr(round(found.bound - waiting - not_paid, 6))))
