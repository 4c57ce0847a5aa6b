"""Decisions in sentences that a merchant reads: what was decided, and for every site why it, or why not."""

from __future__ import annotations

from .model import (
    BACKORDER,
    BACKORDERED,
    GREEDY,
    PARTIAL,
    SHIP,
    SINGLE,
    SPLIT,
    UNSOURCED,
    Candidate,
    Decision,
    Demand,
    Item,
)
from .policy import Policy
from .words import counted, kilometres, listed, plain

#: Objective → why the chosen site came before others that are as complete.
WHY = {"distance": "nearest"}
#: Objective → why a site was not chosen.
WHY_NOT = {"covers_most": "{winner} has more of it", "distance": "{winner} is nearer"}

WHY_BY_SEQUENCE = "first in your order"
WHY_NOT_BY_SEQUENCE = "{winner} comes first in your order of sites"


def decision_sentence(decision: Decision, demand: Demand, policy: Policy, *, is_all_there_is: bool) -> str:
    """The decision in one sentence.

    “Shipped from Lyon (14 km): nearest of 2 sites that have everything.”

    :param decision: all of it but the sentence.
    :param is_all_there_is: whether the sites that may ship have no more than is shipped.
    """
    if decision.outcome == UNSOURCED:
        return _unsourced(decision)
    if decision.outcome == SINGLE:
        return _single(decision, demand, policy)
    if decision.outcome == SPLIT:
        return f"Split over {_sites(decision, SHIP)}: {_why_split(decision, demand)}.{_caveat(decision)}"
    sites, waits_at = _sites(decision, SHIP), _sites(decision, BACKORDER)
    lack = _why_wait(decision, demand, policy, is_all_there_is=is_all_there_is)
    if decision.outcome == BACKORDERED:
        return f"Waits for stock at {waits_at}: {lack}."
    assert decision.outcome == PARTIAL, decision.outcome
    where = "there" if waits_at == sites else f"at {waits_at}"
    return f"Shipped in part from {sites}, the rest waits {where}: {lack}.{_caveat(decision)}"


def candidate_reason(candidate: Candidate, winner: Candidate | None, demand: Demand, policy: Policy) -> str:
    """Why this site, or why not. “Has all 3 items, 188 km away; Lyon is nearer.”

    :param winner: the site that ships alone, if there is one.
    """
    if not candidate.accepted:
        return " ".join(verdict.reason for verdict in candidate.verdicts if not verdict.ok)
    away = "" if candidate.distance_km is None else f", {kilometres(candidate.distance_km)} away"
    lost = "" if winner is None or candidate.chosen else f"; {_why_not(candidate, winner, policy)}"
    return f"Has {_share_of_order(candidate, demand)}{away}{lost}."


def candidate_code(candidate: Candidate, demand: Demand) -> str:
    """The first constraint that was not content; else ``covers_all``, ``covers_some`` or ``covers_none``."""
    for verdict in candidate.verdicts:
        if not verdict.ok:
            return verdict.code
    if _has_everything(candidate, demand):
        return "covers_all"
    return "covers_some" if candidate.units_covered else "covers_none"


# --- the cases -------------------------------------------------------------------------------------------------------


def _single(decision: Decision, demand: Demand, policy: Policy) -> str:
    complete = [c for c in decision.candidates if c.accepted and _has_everything(c, demand)]
    winner = next(candidate for candidate in decision.candidates if candidate.chosen)
    if len(complete) == 1:
        everything = _all_items(demand) if len(demand.items) > 1 else f"enough {demand.items[0].label}"
        away = "" if winner.distance_km is None else f", {kilometres(winner.distance_km)} away"
        return f"Shipped from {winner.name}: the only site with {everything}{away}."
    away = "" if winner.distance_km is None else f" ({kilometres(winner.distance_km)})"
    runner_up = next(candidate for candidate in complete if candidate is not winner)
    why = WHY.get(_decisive(runner_up, winner, policy), WHY_BY_SEQUENCE)
    return f"Shipped from {winner.name}{away}: {why} of {counted(len(complete), 'site')} that have everything."


def _unsourced(decision: Decision) -> str:
    if not decision.candidates:
        return "No site can ship this order: there is none. Add a warehouse to the channel, then plan again."
    names = listed(candidate.name for candidate in decision.candidates)
    return f"No site may ship this order; ruled out: {names}. Allow one of them or add a site, then plan again."


def _why_split(decision: Decision, demand: Demand) -> str:
    if any(c.accepted and _has_everything(c, demand) for c in decision.candidates):
        return "your policy prefers that to one parcel"
    return "no single site has everything"


def _why_wait(decision: Decision, demand: Demand, policy: Policy, *, is_all_there_is: bool) -> str:
    """“no site has Oak chair”, made honest where some site has it and may not send it."""
    if not is_all_there_is:
        limit = f"no more than {counted(policy.nodes_max, 'site')} per order"
        return f"your policy allows {limit}" if policy.nodes_max else "your policy prefers that to shipping more"
    is_elsewhere = any(candidate.units_covered for candidate in decision.candidates if not candidate.accepted)
    return f"no site {'that may ship ' if is_elsewhere else ''}has {_waiting(decision, demand)}"


def _caveat(decision: Decision) -> str:
    if decision.method != GREEDY:
        return ""
    return f" Of {len(decision.candidates)} sites not every combination was tried; a smaller split may exist."


# --- the parts -------------------------------------------------------------------------------------------------------


def _sites(decision: Decision, mode: str) -> str:
    """Names of the sites that do this, in the order of the allocations."""
    names = {candidate.node_id: candidate.name for candidate in decision.candidates}
    return listed(names[allocation.node_id] for allocation in decision.allocations if allocation.mode == mode)


def _waiting(decision: Decision, demand: Demand) -> str:
    """What waits, with the quantity where a part of it is shipped: “Mug or 3 more Oak chair”."""
    items = {item.id: item for item in demand.items}
    waiting = (a for a in decision.allocations if a.mode == BACKORDER)
    return listed((_wait_of(items[a.item_id], a.quantity) for a in waiting), last=" or ")


def _wait_of(item: Item, missing) -> str:
    return item.label if missing == item.quantity else f"{plain(missing)} more {item.label}"


def _share_of_order(candidate: Candidate, demand: Demand) -> str:
    item_count = len(demand.items)
    if item_count == 1:
        return f"{plain(candidate.units_covered)} of {plain(demand.items[0].quantity)} {demand.items[0].label}"
    if _has_everything(candidate, demand):
        return _all_items(demand)
    units = f"{plain(candidate.units_covered)} of {plain(_units(demand))} units"
    return f"{candidate.items_covered} of {item_count} items in full ({units})"


def _all_items(demand: Demand) -> str:
    return "both items" if len(demand.items) == 2 else f"all {len(demand.items)} items"


def _units(demand: Demand):
    return sum(item.quantity for item in demand.items)


def _has_everything(candidate: Candidate, demand: Demand) -> bool:
    return candidate.units_covered == _units(demand)


def _decisive(loser: Candidate, winner: Candidate, policy: Policy) -> str | None:
    """The first objective in which the two differ; None if only the merchant's order of sites, or the id, does."""
    ranks = zip(
        (*(rule.kind for rule in policy.objectives), None), winner.rank, loser.rank, strict=True
    )  # the last one is the sequence
    return next((code for code, winning, losing in ranks if winning != losing), None)


def _why_not(candidate: Candidate, winner: Candidate, policy: Policy) -> str:
    decisive = _decisive(candidate, winner, policy)
    if decisive == "distance" and candidate.distance_km is None:
        return "its distance is not known"
    return WHY_NOT.get(decisive, WHY_NOT_BY_SEQUENCE).format(winner=winner.name)
