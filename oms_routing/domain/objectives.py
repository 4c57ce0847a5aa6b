"""Objectives rank the plans that ship as much; lower is better, and the first that is no tie decides.

An objective is either a penalty of each site that ships (kilometres, a place in a list), or something of each shipment
(money, hours, grams), which depends on what is in it and on the carrier service. A plan's rank is the sum over its
shipments. None abstains: what is not known comes after all that is. No weights are summed; who wants one sum takes money.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from .look import Look
from .millionths import MILLION, to_millionths
from .model import Node
from .policy import Rule

#: Comes after every rank: an objective abstained.
UNKNOWN = 1 << 60

#: Weeks of supply above this are all the same: goods that nobody buys there.
WEEKS_MAX = 520
#: What is ranked of a shipment.
COST, HOURS, CARBON = "cost", "hours", "carbon"


@dataclass(frozen=True, slots=True)
class Objective:
    """:param penalty: of one site, as a whole number; None if it abstains, or if shipments are ranked.
    :param of_shipment: :data:`COST`, :data:`HOURS` or :data:`CARBON`, if shipments are ranked.
    :param scale: by which a penalty is divided to be read.
    :param why: why the chosen site came before others that are as complete; ``why_not`` says it of the others.
    """

    penalty: Callable[[Node, Look, Rule], int | None] | None = None
    of_shipment: str = ""
    scale: Decimal = Decimal(1)
    why: str = ""
    why_not: str = ""

    def rank(self, node: Node, look: Look, rule: Rule) -> Decimal | None:
        """What is read, of one site; None if it abstains."""
        penalty = self.penalty(node, look, rule)
        return None if penalty is None else penalty / self.scale


def fewest_parcels(_node: Node, _look: Look, _rule: Rule) -> int:
    """Each site sends one shipment."""
    return 1


def distance(node: Node, look: Look, rule: Rule) -> int | None:
    """Kilometres of all shipments together; those within the rule's ``km`` all count as next door."""
    km = look.distance(node)
    if km is None:
        return None
    return 0 if rule.km is not None and km <= rule.km else round(km * 10)


def priority(node: Node, _look: Look, rule: Rule) -> int:
    """The place of the site's group in the rule's list, those of no group last; without a list, the site's sequence."""
    if not rule.groups:
        return max(0, node.sequence)
    return next((place for place, group in enumerate(rule.groups) if group in node.groups), len(rule.groups))


def stock_balance(node: Node, look: Look, _rule: Rule) -> int:
    """Prefer the site that has most of what is wanted: units that the fullest shelf has more than this one."""
    behind = 0
    for product_id in look.wanted:
        shelf = look.all_stock(product_id)
        if shelf:
            behind += to_millionths(look.fullest(product_id)) - to_millionths(shelf.get(node.id, Decimal(0)))
    return behind


def weeks_of_supply(node: Node, look: Look, _rule: Rule) -> int | None:
    """Prefer the site whose stock lasts longest: the shortest of the wanted products it has. None without sales figures."""
    weeks = []
    for product_id in look.wanted:
        units = look.all_stock(product_id).get(node.id)
        weekly = look.view.snapshot.weekly.get((node.id, product_id))
        if units is not None and weekly is not None:
            weeks.append(units / weekly if weekly > 0 else Decimal(WEEKS_MAX))
    if not weeks:
        return None
    return round((WEEKS_MAX - min(Decimal(WEEKS_MAX), min(weeks))) * 10)


def markdown(node: Node, look: Look, _rule: Rule) -> int:
    """Prefer the site that would have to lower its prices most: money per unit that another site would lose more."""
    lost = Decimal(0)
    for product_id in look.wanted:
        if node.id in look.all_stock(product_id):
            lost += look.markdown_lost(node.id, product_id)
    return to_millionths(lost)


def capacity_left(node: Node, look: Look, _rule: Rule) -> int:
    """Prefer the site that can take the most orders more today; one without limit first."""
    left = look.view.orders_left(node.id)
    return 0 if left is None else 1_000_000 - min(1_000_000, max(0, int(left)))


def performance(node: Node, _look: Look, _rule: Rule) -> int:
    """Prefer the site that gives back the fewest orders."""
    return to_millionths(node.p_reject)


OBJECTIVES: dict[str, Objective] = {
    "fewest_parcels": Objective(fewest_parcels),
    "distance": Objective(distance, scale=Decimal(10), why="nearest", why_not="{winner} is nearer"),
    "landed_cost": Objective(of_shipment=COST, why="cheapest", why_not="{winner} is cheaper"),
    "delivery_time": Objective(of_shipment=HOURS, why="fastest", why_not="{winner} delivers sooner"),
    "priority": Objective(priority, why="preferred", why_not="{winner} is preferred"),
    "stock_balance": Objective(stock_balance, scale=MILLION, why="best stocked", why_not="{winner} has more in stock"),
    "weeks_of_supply": Objective(
        weeks_of_supply,
        scale=Decimal(10),
        why="stocked for the longest time",
        why_not="{winner} has stock for longer",
    ),
    "markdown": Objective(markdown, scale=MILLION, why="first to mark down", why_not="{winner} would lose more value"),
    "capacity_left": Objective(capacity_left, why="least busy", why_not="{winner} is less busy"),
    "performance": Objective(
        performance, scale=MILLION, why="most reliable", why_not="{winner} gives back fewer orders"
    ),
    "carbon": Objective(of_shipment=CARBON, why="greenest", why_not="{winner} causes less carbon"),
}
