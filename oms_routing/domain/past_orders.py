"""Policies against the orders of the last weeks: what those would have met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal

from .distance import distance_km
from .findings import ERROR, WARNING, Entry, Finding, Network, PastOrder, sites_of
from .model import Node, Place
from .words import counted, listed


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
