"""Constraints keep or reject a site, always with a sentence.

A constraint is a function ``(site, demand) -> Verdict`` registered under its code. The planner asks all of them, also
after a rejection, so that the explanation is complete.
"""

from __future__ import annotations

from collections.abc import Callable

from .model import Demand, Site, Verdict
from .words import listed

Constraint = Callable[[Site, Demand], Verdict]


def not_excluded(site: Site, demand: Demand) -> Verdict:
    """Reject a site that refused this order before, or that somebody crossed out for it."""
    if site.node.id not in demand.excluded_nodes:
        return Verdict(True, "not_excluded", f"{site.node.name} may ship this order.")
    reason = demand.excluded_nodes[site.node.id] or f"{site.node.name} is excluded from this order."
    return Verdict(False, "not_excluded", reason)


def has_stock(site: Site, demand: Demand) -> Verdict:
    """Reject a site that has not one unit of anything wanted."""
    if site.stock:
        there = listed(item.label for item in demand.items if item.product_id in site.stock)
        return Verdict(True, "has_stock", f"{site.node.name} has {there}.")
    labels = {item.label: None for item in demand.items}
    none_of = "no" if len(labels) == 1 else "none of"
    return Verdict(False, "has_stock", f"{site.node.name} has {none_of} {listed(labels, last=', ')}.")


CONSTRAINTS: dict[str, Constraint] = {
    "not_excluded": not_excluded,
    "has_stock": has_stock,
}

#: What new goods would lift: a site that fails only these can still take an order that waits.
LIFTED_BY_STOCK = frozenset({"has_stock"})
