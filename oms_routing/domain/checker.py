"""Rules that cannot work, found before an order meets them. Each finding is a sentence that says what to do.

What rules say about each other is told from the rules alone (:func:`check_policy`, :func:`check_scopes`); whether they suffice
is told from the orders of the last weeks (:func:`check_orders`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import combinations

from odoo.addons.oms_core.domain.quantities import ZERO

from .distance import distance_km
from .model import Node, Place
from .policy import CAPACITY, LEAST_COST, NEXT, Policy, Rule
from .scope import OrderFacts, Scope
from .words import counted, listed

ERROR = "error"  #: orders will be stuck, or a rule does the opposite of what it says
WARNING = "warning"  #: something has no effect, or too little

#: Kinds that look at a site alone, whatever the order is.
OF_SITES = ("node_group", "node_kind", "same_company")
#: Kinds with one number, and whether the smaller one is the stricter.
STRICTER_BELOW = {"max_distance": ("km", True), "max_nodes": ("number", True), "shipment_value": ("amount", False)}
#: Kinds that say nothing where an order leaves from one site anyway.
OF_SPLITS = ("together", "no_split", "shipment_value")
#: Goals that are as good as never a tie.
NEVER_A_TIE = ("distance", "landed_cost", "carbon")
#: What nobody can do without, so that giving it up ships nothing.
NOT_TO_GIVE_UP = {
    "ships_to": "a site that does not ship there does not",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not work.

    :param code: what sort of thing, for tests and filters.
    :param policy_id: None where it is about all of them.
    :param sentence: what is wrong, and what to do.
    """

    code: str
    severity: str
    policy_id: Hashable
    sentence: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A policy in its place: the earlier one decides.

    :param words: what each rule is called on the screen.
    """

    id: Hashable
    name: str
    scope: Scope
    policy: Policy
    words: Mapping[Rule, str] = field(default_factory=dict)

    def say(self, rule: Rule) -> str:
        return f"“{self.words.get(rule, rule.kind)}”"

    @property
    def hard(self) -> list[Rule]:
        return [rule for rule in self.policy.constraints if rule.hard]


@dataclass(frozen=True, slots=True)
class Network:
    """The sites, and what is known of them.

    :param orders_a_day: what sites take on in a day; one that is not there has no limit.
    :param has_other_limits: kinds of capacity rules for which at least one site has a limit.
    :param has_offers: whether any carrier has a price list.
    """

    nodes: tuple[Node, ...]
    orders_a_day: Mapping[Hashable, int] = field(default_factory=dict)
    has_other_limits: frozenset[str] = frozenset()
    has_offers: bool = True


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order of the last weeks, as far as scopes and sites matter."""

    facts: OrderFacts
    place: Place
    day: date


def check(entries: Sequence[Entry], network: Network, orders: Sequence[PastOrder] = ()) -> list[Finding]:
    """All findings: first what is an error, then in the sequence of the policies.

    :param entries: the policies of one company, in their sequence.
    """
    findings = [finding for entry in entries for finding in check_policy(entry, network)]
    findings += check_scopes(entries)
    findings += check_orders(entries, network, orders)
    return sorted(findings, key=lambda finding: finding.severity != ERROR)


# --- one policy --------------------------------------------------------------------------------------------------------


def check_policy(entry: Entry, network: Network) -> list[Finding]:
    """What the rules of one policy say about each other and about the sites."""
    return [
        Finding(code, severity, entry.id, f"{entry.name}: {sentence}")
        for code, severity, sentence in (
            *_contradictions(entry, network),
            *_repeated(entry),
            *_weaker(entry),
            *_of_one_site(entry),
            *_without_effect(entry, network),
            *_goals_never_asked(entry),
            *_soft_nonsense(entry),
            *_without_prices(entry, network),
        )
    ]


def allows(rule: Rule, node: Node, company_id: Hashable) -> bool:
    """Whether a rule that looks at sites alone keeps this one for orders of a company."""
    if rule.kind == "node_group":
        is_wanted = not rule.groups or bool(node.groups.intersection(rule.groups))
        return is_wanted and not node.groups.intersection(rule.excluded_groups)
    if rule.kind == "node_kind":
        return node.kind in rule.kinds
    if rule.kind == "same_company":
        return node.company_id == company_id or node.company_id in rule.companies
    return True


def sites_of(entry: Entry, network: Network) -> list[Node]:
    """The sites that the hard rules about sites leave."""
    return [node for node in network.nodes if _allowed(entry, entry.hard, node)]


def _allowed(entry: Entry, rules: Iterable[Rule], node: Node) -> bool:
    return all(allows(rule, node, entry.scope.company_id) for rule in rules)


def _contradictions(entry: Entry, network: Network):
    if not network.nodes or sites_of(entry, network):
        return
    rules = [rule for rule in entry.hard if rule.kind in OF_SITES]
    for size in range(1, len(rules) + 1):
        for group in combinations(rules, size):
            if not any(_allowed(entry, group, node) for node in network.nodes):
                said = listed((entry.say(rule) for rule in group), last=" together with ")
                what = "Change it" if size == 1 else "Change one of them"
                yield "contradiction", ERROR, f"no site is left by {said}, so nothing is ever shipped. {what}."
                return


def _repeated(entry: Entry):
    for earlier, later in combinations((*entry.policy.constraints, *entry.policy.objectives), 2):
        if _said(earlier) == _said(later):
            yield "repeated", WARNING, f"{entry.say(later)} is there twice. Remove one of the two."


def _said(rule: Rule) -> tuple:
    numbers = (rule.km, rule.quantity, rule.amount, rule.number)
    return (rule.kind, rule.groups, rule.excluded_groups, rule.kinds, rule.companies, rule.categories, *numbers)


def _weaker(entry: Entry):
    """Of two rules with a number the weaker one never says anything, unless it is the one that is kept in need."""
    rules = list(entry.policy.constraints)
    if entry.policy.nodes_max:
        rules.append(Rule("max_nodes", number=entry.policy.nodes_max))
    for one, other in combinations(rules, 2):
        if one.kind != other.kind or one.kind not in STRICTER_BELOW or _said(one) == _said(other):
            continue
        name, below = STRICTER_BELOW[one.kind]
        strict, weak = sorted((one, other), key=lambda rule: getattr(rule, name), reverse=not below)
        if strict.hard or not weak.hard:
            # A soft strict rule beside a hard weak one is a wish and its limit: that makes sense.
            yield (
                "unreachable",
                WARNING,
                f"{entry.say(weak)} never decides, since {entry.say(strict)} is stricter. Remove it.",
            )


def _of_one_site(entry: Entry):
    numbers = [rule.number for rule in entry.hard if rule.kind == "max_nodes"]
    rules = {rule.kind: rule for rule in (*entry.policy.constraints, *entry.policy.objectives)}
    if 1 in (*numbers, entry.policy.nodes_max):
        for kind in OF_SPLITS:
            if kind in rules:
                yield (
                    "unreachable",
                    WARNING,
                    (
                        f"{entry.say(rules[kind])} never decides, since an order leaves from one site only. Remove it, or allow "
                        "more sites."
                    ),
                )
    if "whole_lines" in rules and "whole_order" in rules and rules["whole_order"].hard:
        yield (
            "unreachable",
            WARNING,
            (
                f"{entry.say(rules['whole_lines'])} never decides, since {entry.say(rules['whole_order'])} asks for more. "
                "Remove it."
            ),
        )


def _without_effect(entry: Entry, network: Network):
    if not network.nodes:
        return
    known = {group for node in network.nodes for group in node.groups}
    limits = network.has_other_limits | ({"capacity_orders"} if network.orders_a_day else frozenset())
    for rule in entry.policy.constraints:
        if (
            rule.kind in CAPACITY and rule in entry.words and rule.kind not in limits
        ):  # else it is there for all policies
            yield (
                "no_effect",
                WARNING,
                f"{entry.say(rule)} never says no: no site has such a limit. Set it on the sites.",
            )
        elif rule.kind == "ships_to" and all(node.ships_to is None for node in network.nodes):
            yield (
                "no_effect",
                WARNING,
                f"{entry.say(rule)} never says no: every site ships everywhere. Say where they ship to.",
            )
        elif rule.kind == "node_group" and rule.excluded_groups and not known.intersection(rule.excluded_groups):
            yield "no_effect", WARNING, f"{entry.say(rule)} excludes groups that no site is in. Put sites into them."
        elif rule.kind == "max_distance" and all(node.latitude is None for node in network.nodes):
            yield (
                "no_effect",
                ERROR,
                f"{entry.say(rule)} cannot be told: no site has coordinates. Complete their addresses.",
            )
    for rule in entry.policy.objectives:
        if rule.kind == "priority" and rule.groups and not known.intersection(rule.groups):
            yield "no_effect", WARNING, f"{entry.say(rule)} prefers groups that no site is in. Put sites into them."


def _goals_never_asked(entry: Entry):
    if entry.policy.strategy == LEAST_COST:
        return
    objectives = entry.policy.objectives
    for position, rule in enumerate(objectives[:-1]):
        if rule.kind in NEVER_A_TIE and not rule.km:
            below = listed(entry.say(later) for later in objectives[position + 1 :])
            hint = " or give the way a radius within which all are equally near" if rule.kind == "distance" else ""
            yield (
                "unreachable",
                WARNING,
                (f"{entry.say(rule)} is hardly ever a tie, so {below} below it never decides. Move it down{hint}."),
            )
            return


def _soft_nonsense(entry: Entry):
    for rule in entry.policy.constraints:
        if not rule.hard and rule.kind in NOT_TO_GIVE_UP:
            yield "soft", ERROR, f"{entry.say(rule)} cannot be given up: {NOT_TO_GIVE_UP[rule.kind]}. Make it a must."


def _without_prices(entry: Entry, network: Network):
    if network.has_offers:
        return
    policy, rules = entry.policy, {rule.kind: rule for rule in (*entry.policy.constraints, *entry.policy.objectives)}
    has_price = policy.prices.parcel > 0 or policy.prices.per_km > 0
    if policy.strategy == LEAST_COST and not has_price:
        yield (
            "no_price",
            ERROR,
            (
                "costs decide, and nothing has a price: no carrier has a price list. Enter one, or what a parcel costs here."
            ),
        )
    if "landed_cost" in rules and not has_price:
        yield (
            "no_price",
            WARNING,
            f"{entry.say(rules['landed_cost'])} never decides: no carrier has a price list. Enter one.",
        )
    if "carrier_serves" in rules and rules["carrier_serves"].hard:
        yield (
            "contradiction",
            ERROR,
            (
                f"no site is left by {entry.say(rules['carrier_serves'])}: no carrier has a price list. Enter one, or remove "
                "the rule."
            ),
        )


# --- policies among each other -----------------------------------------------------------------------------------------


def covers(wide: Scope, narrow: Scope) -> bool:
    """Whether every order that fits ``narrow`` fits ``wide``, too.

    >>> covers(Scope(1), Scope(1, value_min=Decimal(50))), covers(Scope(1, value_min=Decimal(50)), Scope(1))
    (True, False)
    """
    return (
        wide.company_id == narrow.company_id
        and _within(narrow.channel_ids, wide.channel_ids)
        and wide.delivery_method in ("", narrow.delivery_method)
        and _within(narrow.country_ids, wide.country_ids)
        and _within(narrow.tag_ids, wide.tag_ids)
        and wide.segment in ("", narrow.segment)
        and (wide.value_min is None or (narrow.value_min is not None and narrow.value_min >= wide.value_min))
        and (wide.value_max is None or (narrow.value_max is not None and narrow.value_max <= wide.value_max))
        and wide.excluded_product_ids <= narrow.excluded_product_ids
    )


def _within(narrow: frozenset, wide: frozenset) -> bool:
    return not wide or (bool(narrow) and narrow <= wide)


def overlap(one: Scope, other: Scope) -> bool:
    """Whether an order could fit both."""
    least = max((value for value in (one.value_min, other.value_min) if value is not None), default=ZERO)
    most = min((value for value in (one.value_max, other.value_max) if value is not None), default=None)
    return (
        one.company_id == other.company_id
        and _meet(one.channel_ids, other.channel_ids)
        and _meet(one.country_ids, other.country_ids)
        and (not one.delivery_method or other.delivery_method in ("", one.delivery_method))
        and (not one.segment or other.segment in ("", one.segment))
        and (most is None or least <= most)
    )


def _meet(one: frozenset, other: frozenset) -> bool:
    return not one or not other or bool(one & other)


def check_scopes(entries: Sequence[Entry]) -> list[Finding]:
    """Policies that no order reaches, or that pass on to nobody."""
    findings = []
    for position, entry in enumerate(entries):
        scope = entry.scope
        if scope.value_min is not None and scope.value_max is not None and scope.value_min > scope.value_max:
            sentence = f"{entry.name}: no order is worth more than {scope.value_min} and less than {scope.value_max}. Swap them."
            findings.append(Finding("contradiction", ERROR, entry.id, sentence))
        for earlier in entries[:position]:
            if covers(earlier.scope, scope) and earlier.policy.leftover != NEXT:
                sentence = (
                    f"{entry.name}: never asked, since {earlier.name} comes first and is for all of its orders. Put it before "
                    f"{earlier.name}, or narrow that one."
                )
                findings.append(Finding("shadowed", ERROR, entry.id, sentence))
                break
        if entry.policy.leftover == NEXT and not any(overlap(scope, later.scope) for later in entries[position + 1 :]):
            sentence = (
                f"{entry.name}: passes on to the next policy what it cannot ship, and no later one is for such orders. Add one, "
                "or choose something else for when nothing fits."
            )
            findings.append(Finding("next_to_nobody", ERROR, entry.id, sentence))
    return findings


# --- against the orders of the last weeks --------------------------------------------------------------------------------


def check_orders(entries: Sequence[Entry], network: Network, orders: Sequence[PastOrder]) -> list[Finding]:
    """What the orders of the last weeks would have met."""
    if not orders or not entries:
        return []
    first: dict[Hashable, list[PastOrder]] = {entry.id: [] for entry in entries}
    nobodys = []
    for order in orders:
        entry = next((entry for entry in entries if entry.scope.fits(order.facts)), None)
        (nobodys if entry is None else first[entry.id]).append(order)
    findings = []
    if nobodys:
        share = f"{100 * len(nobodys) / len(orders):.1f} %"
        sentence = (
            f"{len(nobodys)} of {counted(len(orders), 'order')} ({share}) fit no policy and are sourced by the built-in one. "
            "Add a policy for all orders at the end."
        )
        findings.append(Finding("unmatched", WARNING, None, sentence))
    for entry in entries:
        findings += _out_of_reach(entry, network, first[entry.id])
        findings += _too_little_room(entry, network, first[entry.id])
    return findings


def _out_of_reach(entry: Entry, network: Network, orders: Sequence[PastOrder]) -> Iterable[Finding]:
    """Orders that no site may ship, whatever there is of stock."""
    sites = sites_of(entry, network)
    limits = [rule for rule in entry.hard if rule.kind == "max_distance" and rule.km is not None]
    asks_where = any(rule.kind == "ships_to" for rule in entry.hard)
    if not sites or not (limits or asks_where):
        return
    farthest = min((rule.km for rule in limits), default=None)
    number_at = Counter(order.place for order in orders)
    lost = sum(number for place, number in number_at.items() if not _is_reached(place, sites, farthest, asks_where))
    if lost:
        rules = [*limits, *(rule for rule in entry.hard if rule.kind == "ships_to")]
        said = listed(entry.say(rule) for rule in rules)
        yield Finding(
            "out_of_reach",
            WARNING if lost < len(orders) else ERROR,
            entry.id,
            f"{entry.name}: no site may ship {lost} of {counted(len(orders), 'order')} because of {said}. Loosen it, or make it "
            "a wish.",
        )


def _is_reached(place: Place, sites: Sequence[Node], farthest: Decimal | None, asks_where: bool) -> bool:
    zones = place.zones | {place.country_code}
    for node in sites:
        way = distance_km(node, place)
        is_near = farthest is None or (way is not None and way <= farthest)
        if is_near and not (asks_where and node.ships_to is not None and not node.ships_to & zones):
            return True
    return False


def _too_little_room(entry: Entry, network: Network, orders: Sequence[PastOrder]) -> Iterable[Finding]:
    """Days on which there were more orders than all sites of the policy take on."""
    sites = sites_of(entry, network)
    if not sites or any(node.id not in network.orders_a_day for node in sites):
        return
    room = sum(network.orders_a_day[node.id] for node in sites)
    by_day = Counter(order.day for order in orders)
    full = [number for number in by_day.values() if number > room]
    if full:
        yield Finding(
            "too_little_room",
            WARNING,
            entry.id,
            f"{entry.name}: on {len(full)} of {counted(len(by_day), 'day')} there were more orders (up to {max(full)}) than its "
            f"sites take on ({room} a day). Raise the limits, or allow more sites.",
        )
