"""Rules that cannot work, found before an order meets them. Each finding is a sentence that says what to do.

What rules say about each other is told from the rules alone (:func:`check_policy`, :func:`check_scopes`); whether they suffice
is told from the orders of the last weeks (``past_orders.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from .findings import ERROR, WARNING, Entry, Finding, Network, PastOrder, is_allowed, sites_of
from .model import NodeCosts
from .past_orders import check_orders
from .policy import CAPACITY, LEAST_COST, NEXT, Rule
from .scope import covers, overlap
from .words import listed

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


def _contradictions(entry: Entry, network: Network):
    if not network.nodes or sites_of(entry, network):
        return
    rules = [rule for rule in entry.hard if rule.kind in OF_SITES]
    for size in range(1, len(rules) + 1):
        for group in combinations(rules, size):
            if not any(is_allowed(entry, group, node) for node in network.nodes):
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
    has_price = (
        policy.prices.parcel > 0
        or policy.prices.per_km > 0
        or any(node.costs != NodeCosts() for node in sites_of(entry, network))
    )
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
