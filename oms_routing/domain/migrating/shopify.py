"""Order routing of Shopify: rules in their sequence; the first that is no tie decides.

Shopify publishes no file of them, so that one is written by hand: ``{"rules": ["Minimize split fulfillments", {"name": "Ranked
locations", "locations": [{"name": "Ottawa", "rank": 1}, …]}, "Ship from closest location"]}``. The fields of a location are those
of its interfaces: ``id``, ``name``, ``locationHandle``, ``rank``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ..policy import Rule
from ..words import plain
from .model import RANKS_MAX, Migration, Report, Step, finished
from .reading import BadFile, flag_of, list_at, mapping_at, number_of, strangers, text_of

CHAIN = "Shopify"
#: Words by which a rule is known, however its name is spelt; all of one row must be in it.
SPLIT, MARKET, CLOSEST, RANKED, METAFIELD = "split", "market", "closest", "ranked", "metafield"
WORDS = {
    SPLIT: (("minimize", "split"), ("minimise", "split")),
    MARKET: (("stay", "market"),),
    CLOSEST: (("closest", "location"), ("nearest", "location")),
    RANKED: (("ranked", "location"),),
    METAFIELD: (("metafield",),),
}
NAMES = ("name", "rule", "title", "type", "label")
RULE = (*NAMES, "id", "enabled", "active", "priority", "description", "locations", "rankedLocations")


def read(document: Any, *, exact: bool = False) -> Migration:
    """``exact`` changes nothing here: rules are goals in sequence there, too."""
    report = Report()
    parts = mapping_at(document, "file")
    rules = mapping_at(parts.get("orderRouting") or parts, "orderRouting")
    for holder in [parts] if rules is parts else [parts, rules]:
        for name in strangers(holder, ("orderRouting", "rules", "vectors", "locations", "name")):
            report.leave(text_of(name) or "?", text_of(name) or "?", "unknown")
    constraints: list[Rule] = []
    goals: list[Rule] = []
    groups: dict[str, tuple[str, ...]] = {}
    for number, entry in enumerate(list_at(rules.get("rules"), "rules"), 1):
        where = f"rules[{number}]"
        rule = {"name": entry} if isinstance(entry, str) else mapping_at(entry, where)
        says = next(filter(None, (text_of(rule.get(name)) for name in NAMES)), "?")
        for name in strangers(rule, RULE):
            report.leave(f"{where}.{text_of(name)}", text_of(name) or "?", "unknown")
        if flag_of(rule.get("enabled", rule.get("active"))) is False:
            report.leave(where, says, "switched_off")
            continue
        _read_rule(report, where, says, rule, constraints, goals, groups)
    steps = [Step(CHAIN, "Order routing", tuple(constraints), tuple(goals))] if constraints or goals else []
    return finished("shopify", report, steps, groups=groups)


def _kind(says: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-]+", " ", says).lower()
    return next((kind for kind, rows in WORDS.items() for row in rows if all(word in words for word in row)), "")


def _read_rule(
    report: Report,
    where: str,
    says: str,
    rule: dict[str, Any],
    constraints: list[Rule],
    goals: list[Rule],
    groups: dict[str, tuple[str, ...]],
) -> None:
    match _kind(says):
        case "split":
            goals.append(Rule("fewest_parcels"))
            report.same(where, says, "The fewest parcels")
        case "closest":
            goals.append(Rule("distance"))
            report.same(where, says, "The shortest way")
        case "market" if goals:
            report.leave(where, says, "market_later")
        case "market":
            constraints.append(Rule("ships_to", hard=False))
            report.close(where, says, "Place ships to this country, if possible", "market_countries")
        case "ranked":
            _rank(report, where, says, rule, goals, groups)
        case "metafield":
            report.leave(where, says, "own_code")
        case _:
            report.leave(where, says, "unknown" if says == "?" else "own_code")


def _rank(
    report: Report, where: str, says: str, rule: dict[str, Any], goals: list[Rule], groups: dict[str, tuple[str, ...]]
) -> None:
    """Places by rank; without ranks each has its own."""
    ranks: dict[Decimal, list[str]] = {}
    seen: set[str] = set()
    told = rule.get("locations") or rule.get("rankedLocations")
    for number, entry in enumerate(list_at(told, f"{where}.locations"), 1):
        place = f"{where}.locations[{number}]"
        location = {"name": entry} if isinstance(entry, str) else mapping_at(entry, place)
        name = next(
            filter(None, (text_of(location.get(key)) for key in ("name", "locationHandle", "handle", "id"))), ""
        )
        rank = number_of(location["rank"]) if location.get("rank") is not None else Decimal(number)
        if not name or name in seen:
            raise BadFile(place, f"{name} stands there twice. Remove one." if name else "The location has no name.")
        if rank is None:
            raise BadFile(place, f"The rank of {name} is no number. Fill it in: the lowest is asked first.")
        seen.add(name)
        ranks.setdefault(rank, []).append(name)
    if not ranks:
        report.leave(where, says, "no_place")
        return
    if len(ranks) > RANKS_MAX:
        goals.append(Rule("priority"))
        report.close(where, f"{says}: {len(ranks)} ranks", "The places in the order of their list", "long_list")
        return
    title = CHAIN if not groups else f"{CHAIN}, {where}"
    made = {f"{title}: {plain(Decimal(place))}": tuple(ranks[rank]) for place, rank in enumerate(sorted(ranks), 1)}
    groups.update(made)
    goals.append(Rule("priority", groups=tuple(made)))
    first = ", ".join(name for rank in sorted(ranks)[:3] for name in ranks[rank][:1])
    report.same(where, says, f"First from the preferred groups: {first}{' …' if len(ranks) > 3 else ''}")
