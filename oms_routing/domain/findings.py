"""What a check of policies looks at and what it finds; and which sites a policy leaves."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from .model import Node, Place
from .policy import Policy, Rule
from .scope import OrderFacts, Scope

ERROR = "error"  #: orders will be stuck, or a rule does the opposite of what it says
WARNING = "warning"  #: something has no effect, or too little


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
    return [node for node in network.nodes if is_allowed(entry, entry.hard, node)]


def is_allowed(entry: Entry, rules: Iterable[Rule], node: Node) -> bool:
    """Whether these rules, as far as they look at sites alone, keep this one."""
    return all(allows(rule, node, entry.scope.company_id) for rule in rules)
