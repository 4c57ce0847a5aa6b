"""Sources of stocks in Magento (Adobe Commerce): each stock has a list of sources with a priority, 1 is asked first.

Its algorithm by priority goes down the list and takes from each source what it has. As one policy, the goal of preferred groups
decides between plans; ``exact`` makes a policy of each rank instead, whose rest goes to the next, and divides just as there.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ..model import BACKORDER
from ..policy import NEXT, Rule
from ..words import plain
from .model import RANKS_MAX, Migration, Report, Step, finished
from .reading import LINE, BadFile, flag_of, list_at, mapping_at, number_of, objects_at, strangers, text_of

PRIORITY, DISTANCE = "priority", "distance"
LINK = ("source_code", "stock_id", "priority")
#: What a document may hold besides links.
PARTS = ("links", "stock_source_links", "items", "sources", "stocks", "algorithmCode", "vectors")
#: Of an answer with pages: how it was asked for.
PAGES = ("search_criteria", "total_count")


def read(document: Any, *, exact: bool = False) -> Migration:
    report = Report()
    parts = document if isinstance(document, dict) else {"links": document}
    for name in strangers(parts, (*PARTS, *PAGES)):
        report.leave(text_of(name) or "?", text_of(name) or "?", "unknown")
    disabled = _disabled(parts)
    stocks: dict[str, list[tuple[Decimal, str]]] = {}
    for where, link in _links(parts):
        _read_link(report, where, link, stocks, disabled)
    names, channels = _stocks(report, parts, stocks)
    steps, groups = [], {}
    algorithm = _algorithm(report, parts, exact=exact)
    for stock, links in stocks.items():
        ranks = _ranked(links)
        if exact and len(ranks) > RANKS_MAX:
            too_many = (
                f"It has {len(ranks)} ranks of sources, too many for a policy each. Bring it along, but not exactly."
            )
            raise BadFile(f"stock {stock}", too_many)
        name = names.get(stock) or f"Stock {stock}"
        made, of_stock = _policies(report, name, ranks, algorithm, exact=exact)
        groups.update(of_stock)
        told = channels.get(stock) or ((name,) if len(stocks) > 1 else ())
        steps += [
            Step(stock, title, constraints, objectives, leftover, channels=told)
            for title, constraints, objectives, leftover in made
        ]
    return finished("magento", report, steps, groups=groups)


def _links(parts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in ("links", "stock_source_links", "items"):
        for number, link in enumerate(list_at(parts.get(name), name), 1):
            where = f"{name}[{number}]"
            link = mapping_at(link, where)
            yield link.get(LINE) or where, link


def _read_link(
    report: Report, where: str, link: dict[str, Any], stocks: dict[str, list[tuple[Decimal, str]]], disabled: set[str]
) -> None:
    """
    :raises BadFile: for a link without source, stock or priority: half a list is another list.
    """
    for name in strangers(link, (*LINK, LINE, "extension_attributes")):
        report.leave(f"{where}.{text_of(name)}", text_of(name) or "?", "unknown")
    source, stock, priority = (
        text_of(link.get("source_code")),
        text_of(link.get("stock_id")),
        number_of(link.get("priority")),
    )
    if not source or not stock:
        raise BadFile(where, "It does not say which source is of which stock. Fill in source_code and stock_id.")
    if priority is None or priority < 0:
        raise BadFile(where, f"The priority of {source} is no number. Fill it in: 1 is asked first.")
    links = stocks.setdefault(stock, [])
    if any(source == other for _priority, other in links):
        raise BadFile(where, f"{source} is in stock {stock} twice. Remove one of the two.")
    says = f"{source} in stock {stock}, priority {plain(priority)}"
    if source in disabled:
        report.same(where, says, "Left out: the source is disabled there, too")
        return
    links.append((priority, source))
    report.same(where, says, f"A place of the group “stock {stock}”, rank {plain(priority)}")


def _disabled(parts: dict[str, Any]) -> set[str]:
    sources = objects_at(parts.get("sources"), "sources")
    return {text_of(one.get("source_code")) for _where, one in sources if flag_of(one.get("enabled")) is False}


def _stocks(
    report: Report, parts: dict[str, Any], stocks: dict[str, Any]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Names of stocks, and the sales channels of each."""
    names: dict[str, str] = {}
    channels: dict[str, tuple[str, ...]] = {}
    for where, stock in objects_at(parts.get("stocks"), "stocks"):
        number = text_of(stock.get("stock_id"))
        if number not in stocks:
            report.leave(where, f"Stock {text_of(stock.get('name')) or number or '?'}, without a source", "no_place")
            continue
        names[number] = text_of(stock.get("name"))
        told = mapping_at(stock.get("extension_attributes") or {}, where).get("sales_channels")
        for place, channel in objects_at(told, f"{where}.sales_channels"):
            code = text_of(channel.get("code"))
            says = f"{names[number] or number} serves {text_of(channel.get('type')) or 'channel'} {code or '?'}"
            if not code:
                report.leave(place, says, "no_value")
                continue
            channels[number] = (*channels.get(number, ()), code)
            report.same(place, says, f"Orders from {code}")
    return names, channels


def _ranked(links: list[tuple[Decimal, str]]) -> list[tuple[str, ...]]:
    """Sources by priority, those of the same one together."""
    ranks: dict[Decimal, list[str]] = {}
    for priority, source in sorted(links, key=lambda link: link[0]):
        ranks.setdefault(priority, []).append(source)
    return [tuple(sources) for sources in ranks.values()]


def _algorithm(report: Report, parts: dict[str, Any], *, exact: bool) -> str:
    code = text_of(parts.get("algorithmCode"))
    if code == DISTANCE:
        report.close("algorithmCode", "Sources by distance", "The shortest way", "divides")
        return DISTANCE
    if code not in ("", PRIORITY):
        report.leave("algorithmCode", f"Sources by “{code}”", "own_code")
    elif exact:
        report.same("algorithmCode", "Sources by priority", "A policy for each rank; the rest goes to the next")
    elif code:
        report.close("algorithmCode", "Sources by priority", "First from the preferred groups", "divides")
    else:
        report.close("file", "No algorithm is named", "First from the preferred groups", "default_algorithm")
    return PRIORITY


def _policies(report: Report, name: str, ranks: list[tuple[str, ...]], algorithm: str, *, exact: bool):
    """(name, constraints, goals, leftover) of each policy of a stock, and its groups of places."""
    everything = {name: tuple(source for rank in ranks for source in rank)}
    if not ranks:
        return [], {}
    if algorithm == DISTANCE:
        return [(name, (Rule("node_group", groups=(name,)),), (Rule("distance"),), BACKORDER)], everything
    if len(ranks) > RANKS_MAX:
        report.close(name, f"{len(ranks)} ranks of sources", "The places in the order of their list", "long_list")
        return [(name, (Rule("node_group", groups=(name,)),), (Rule("priority"),), BACKORDER)], everything
    groups = {f"{name}: {place}": rank for place, rank in enumerate(ranks, 1)}
    if not exact:
        told = tuple(groups)
        return [(name, (Rule("node_group", groups=told),), (Rule("priority", groups=told),), BACKORDER)], groups
    made = [
        (group, (Rule("node_group", groups=(group,)),), (), NEXT if place < len(groups) else BACKORDER)
        for place, group in enumerate(groups, 1)
    ]
    return made, groups
