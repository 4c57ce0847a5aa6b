"""Constraints keep or reject a site, always with a sentence.

A constraint is a pair of pure functions: ``holds(node, look, rule)`` says yes or no, fast, and ``says(node, look, rule, ok)``
is the sentence for it, written only when somebody reads. The planner asks all of them, also after a rejection, so that
the explanation is complete. Constraints on a plan as a whole (how many nodes, what stays together) are in ``shape.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .decision import Verdict
from .look import Look
from .model import Node
from .policy import CAPACITY, Rule
from .words import counted, kilometres, listed, plain

Holds = Callable[[Node, Look, Rule], bool]
Says = Callable[[Node, Look, Rule, bool], str]


@dataclass(frozen=True, slots=True)
class Constraint:
    """:param concerns: whether it has anything to say about this order; without, it always has.
    :param holds_everywhere: whether it holds for every node, where that is seen at a glance.
    """

    holds: Holds
    says: Says
    concerns: Callable[[Look, Rule], bool] | None = None
    holds_everywhere: Callable[[Look], bool] | None = None


# --- what was said before ---------------------------------------------------------------------------------------------


def not_excluded(node: Node, look: Look, _rule: Rule) -> bool:
    """Reject a site that refused this order before, or that somebody crossed out for it."""
    return node.id not in look.demand.excluded_nodes


def _excluded_says(node: Node, look: Look, _rule: Rule, ok: bool) -> str:
    if ok:
        return f"{node.name} may ship this order."
    return look.demand.excluded_nodes[node.id] or f"{node.name} is excluded from this order."


def pinned(node: Node, look: Look, _rule: Rule) -> bool:
    """Reject all but the one site that was asked for."""
    return node.id == look.demand.pinned_node


def _pinned_says(node: Node, look: Look, _rule: Rule, ok: bool) -> str:
    if ok:
        return f"The order is to come from {node.name}."
    _place, asked = look.view.snapshot.places.get(look.demand.pinned_node, (None, None))
    return f"The order is to come from {asked.name if asked else 'another site'}."


def not_rejected(node: Node, look: Look, _rule: Rule) -> bool:
    """Reject a site that turned down every line of this order."""
    rejections = look.demand.rejections
    return any((item.id, node.id) not in rejections for item in look.demand.items)


def _rejected_says(node: Node, look: Look, _rule: Rule, ok: bool) -> str:
    said = {item.label: look.demand.rejections.get((item.id, node.id)) for item in look.demand.items}
    turned_down = [label for label, reason in said.items() if reason is not None]
    if ok and not turned_down:
        return f"{node.name} has not turned down anything of this order."
    reasons = listed(filter(None, said.values()), last=" ")
    return reasons or f"{node.name} turned down {listed(turned_down)} before."


# --- what kind of site it is ------------------------------------------------------------------------------------------


def is_open(node: Node, _look: Look, _rule: Rule) -> bool:
    """Reject a site that does not work orders now."""
    return node.is_open


def _open_says(node: Node, _look: Look, _rule: Rule, ok: bool) -> str:
    return f"{node.name} is open." if ok else node.closed_reason or f"{node.name} is closed."


def node_group(node: Node, _look: Look, rule: Rule) -> bool:
    """Keep sites of the groups named (of any, if none is), reject those of groups that are excluded."""
    if rule.groups and not any(group in node.groups for group in rule.groups):
        return False
    return not any(group in node.groups for group in rule.excluded_groups)


def _group_says(node: Node, _look: Look, rule: Rule, ok: bool) -> str:
    if ok:
        return f"{node.name} is in the right group of sites."
    if out := [str(group) for group in rule.excluded_groups if group in node.groups]:
        return f"{node.name} is in {listed(out)}, which this policy leaves out."
    return f"{node.name} is not in {listed(map(str, rule.groups), last=' or ')}."


KIND_WORDS = {
    "warehouse": "a warehouse",
    "store": "a store",
    "third_party": "a logistics partner",
    "vendor": "a vendor",
}


def node_kind(node: Node, _look: Look, rule: Rule) -> bool:
    """Keep only warehouses, stores, partners or vendors, as the rule says."""
    return node.kind in rule.kinds


def _kind_says(node: Node, _look: Look, rule: Rule, ok: bool) -> str:
    kind = KIND_WORDS.get(node.kind, node.kind)
    if ok:
        return f"{node.name} is {kind}."
    return f"{node.name} is {kind}; only {listed((KIND_WORDS[k] for k in rule.kinds), last=' or ')} may ship."


def same_company(node: Node, look: Look, rule: Rule) -> bool:
    """Reject a site of another company, unless the rule names that company."""
    return node.company_id == look.demand.company_id or node.company_id in rule.companies


def _company_says(node: Node, look: Look, _rule: Rule, ok: bool) -> str:
    if not ok:
        return f"{node.name} belongs to another company, and this policy does not ship between companies."
    if node.company_id == look.demand.company_id:
        return f"{node.name} belongs to the company that sells."
    return f"{node.name} belongs to a company that may ship for the one that sells."


# --- where it ships to ------------------------------------------------------------------------------------------------


def ships_to(node: Node, look: Look, _rule: Rule) -> bool:
    """Reject a site that does not ship to the country, nor to any zone, of the address."""
    if node.ships_to is None:
        return True
    place = look.demand.place
    return place.country_code in node.ships_to or not place.zones.isdisjoint(node.ships_to)


def _ships_to_says(node: Node, look: Look, _rule: Rule, ok: bool) -> str:
    there = look.demand.place.country_code or "an address without a country"
    return f"{node.name} {'ships' if ok else 'does not ship'} to {there}."


def max_distance(node: Node, look: Look, rule: Rule) -> bool:
    """Reject a site that is farther than the rule allows; how far must be known."""
    distance = look.distance(node)
    return distance is not None and distance <= rule.km


def _distance_says(node: Node, look: Look, rule: Rule, ok: bool) -> str:
    distance = look.distance(node)
    if distance is None:
        return f"How far {node.name} is from the address is not known; at most {plain(rule.km)} km are allowed."
    if ok:
        return f"{node.name} is {kilometres(distance)} away."
    return f"{node.name} is {kilometres(distance)} away; at most {plain(rule.km)} km are allowed."


def carrier_serves(node: Node, look: Look, _rule: Rule) -> bool:
    """Reject a site from which no carrier takes anything of this order to the address."""
    offers = look.demand.offers.get(node.id, ())
    if not look.refuses:
        return bool(offers)
    for offer in offers:
        if not offer.refusal and (not offer.refusals or any(id_ not in offer.refusals for id_ in look.wanted)):
            return True
    return False


def _all_served(look: Look) -> bool:
    offers = look.demand.offers
    return not look.refuses and offers.keys() >= look.view.snapshot.places.keys() and all(offers.values())


def _carrier_says(node: Node, look: Look, _rule: Rule, ok: bool) -> str:
    offers = look.demand.offers.get(node.id, ())
    if ok:
        usable = (offer.name for offer in offers if not offer.refusal)
        return f"From {node.name} goes {listed(usable, last=' or ')}."
    if not offers:
        return f"No carrier service goes from {node.name} to this address."
    said = [offer.refusal or next(iter(offer.refusals.values()), "") for offer in offers]
    return f"No carrier takes this order from {node.name}: {listed(filter(None, said), last=' ')}"


def promise(node: Node, look: Look, _rule: Rule) -> bool:
    """Reject a site from which no service arrives by the promised moment, cut-off times included."""
    offers = look.demand.offers.get(node.id, ())
    return any(not offer.refusal and not look.refusal(offer) for offer in offers)


def _promise_says(node: Node, look: Look, _rule: Rule, ok: bool) -> str:
    offers = [offer for offer in look.demand.offers.get(node.id, ()) if not offer.refusal]
    if ok:
        in_time = next(offer for offer in offers if not look.refusal(offer))
        return f"{in_time.name} from {node.name} arrives on {in_time.deliver_by:%Y-%m-%d}, in time."
    if not offers:
        return f"Nobody knows when a parcel from {node.name} would arrive."
    return f"Nothing from {node.name} arrives in time: {listed(map(look.refusal, offers), last=' ')}"


# --- what it has and what it can take on ------------------------------------------------------------------------------


def has_stock(node: Node, look: Look, _rule: Rule) -> bool:
    """Reject a site that has not one unit of anything wanted."""
    return any(node.id in look.all_stock(product_id) for product_id in look.wanted)


def _stock_says(node: Node, look: Look, _rule: Rule, ok: bool) -> str:
    if ok:
        there = (item.label for item in look.demand.items if node.id in look.all_stock(item.product_id))
        return f"{node.name} has {listed(there)}."
    labels = {item.label: None for item in look.demand.items}
    none_of = "no" if len(labels) == 1 else "none of"
    return f"{node.name} has {none_of} {listed(labels, last=', ')}."


def safety_stock(node: Node, look: Look, rule: Rule) -> bool:
    """Reject a site that keeps all that it has for itself: available less safety stock must be above zero.

    What is above it may be shipped: 5 there, 2 kept back, 4 wanted: 3 are shipped from there.
    """
    shelves = [(look.all_stock(id_).get(node.id), look.keeps_back(node.id, id_, rule)) for id_ in look.wanted]
    there = [units - kept for units, kept in shelves if units is not None]
    return not there or any(units > 0 for units in there)


def _safety_says(node: Node, look: Look, rule: Rule, ok: bool) -> str:
    if ok:
        return f"{node.name} has enough for itself."
    item = next(item for item in look.demand.items if node.id in look.all_stock(item.product_id))
    units = look.all_stock(item.product_id)[node.id]
    kept = look.keeps_back(node.id, item.product_id, rule)
    return f"{node.name} has {plain(units)} {item.label} and keeps {plain(kept)} back."


def capacity_orders(node: Node, look: Look, _rule: Rule) -> bool:
    """Reject a site that has had its orders for today."""
    left = look.view.orders_left(node.id)
    return left is None or left >= 1


def capacity_open(node: Node, look: Look, _rule: Rule) -> bool:
    """Reject a site that has as many open orders as it can have."""
    left = look.view.open_left(node.id)
    return left is None or left >= 1


def capacity_minutes(node: Node, look: Look, _rule: Rule) -> bool:
    """Reject a site that has no picking time left for a single unit; a plan never takes more than there is."""
    left = look.view.minutes_left(node.id)
    if left is None:
        return True
    capacity = look.view.snapshot.capacity[node.id]
    return left >= capacity.minutes_order + capacity.minutes_unit * min(1, min(look.wanted.values()))


def _orders_says(node: Node, look: Look, _rule: Rule, ok: bool) -> str:
    left = look.view.orders_left(node.id)
    if not ok:
        return f"{node.name} has had all the orders that it takes today."
    return f"{node.name} takes {'any number of orders' if left is None else counted(int(left), 'more order')} today."


def _open_orders_says(node: Node, _look: Look, _rule: Rule, ok: bool) -> str:
    return f"{node.name} {'can take another order' if ok else 'has as many open orders as it can have'}."


def _minutes_says(node: Node, look: Look, _rule: Rule, ok: bool) -> str:
    left = look.view.minutes_left(node.id)
    if ok:
        return f"{node.name} has {'time' if left is None else counted(int(left), 'minute')} left for picking today."
    return f"{node.name} has no time left for picking today."


def _has_limits(look: Look, _rule: Rule) -> bool:
    return bool(look.view.snapshot.capacity)


CONSTRAINTS: dict[str, Constraint] = {
    "not_excluded": Constraint(not_excluded, _excluded_says, None, lambda look: not look.demand.excluded_nodes),
    "pinned": Constraint(pinned, _pinned_says, lambda look, _rule: look.demand.pinned_node is not None),
    "not_rejected": Constraint(not_rejected, _rejected_says, lambda look, _rule: bool(look.demand.rejections)),
    "is_open": Constraint(is_open, _open_says, lambda look, _rule: look.view.snapshot.has_closed),
    "node_group": Constraint(node_group, _group_says),
    "node_kind": Constraint(node_kind, _kind_says),
    "same_company": Constraint(same_company, _company_says),
    "ships_to": Constraint(ships_to, _ships_to_says),
    "max_distance": Constraint(max_distance, _distance_says),
    "carrier_serves": Constraint(carrier_serves, _carrier_says, None, _all_served),
    "promise": Constraint(promise, _promise_says, lambda look, _rule: look.demand.deliver_by is not None),
    "capacity_orders": Constraint(capacity_orders, _orders_says, _has_limits),
    "capacity_open": Constraint(capacity_open, _open_orders_says, _has_limits),
    "capacity_minutes": Constraint(capacity_minutes, _minutes_says, _has_limits),
    "safety_stock": Constraint(safety_stock, _safety_says),
    "has_stock": Constraint(has_stock, _stock_says),
}

#: What time or new goods would lift: a site that fails only these can still take an order that waits.
LIFTED_BY_STOCK = frozenset({"has_stock", "safety_stock", *CAPACITY})


def asked(look: Look, rules: Sequence[Rule]) -> list[tuple[Rule, Constraint]]:
    """The constraints on single sites that have something to say about this order, in the sequence of the policy."""
    found = [(rule, CONSTRAINTS[rule.kind]) for rule in rules if rule.kind in CONSTRAINTS]
    return [(rule, one) for rule, one in found if one.concerns is None or one.concerns(look, rule)]


def verdicts(node: Node, look: Look, rules: Sequence[tuple[Rule, Constraint]]) -> tuple[Verdict, ...]:
    """What every constraint asked says about this site, with the sentence."""
    said = []
    for rule, constraint in rules:
        ok = constraint.holds(node, look, rule)
        said.append(Verdict(ok, rule.kind, constraint.says(node, look, rule, ok)))
    return tuple(said)
