"""Decisions in sentences that a merchant reads: what was decided, and for every site why it, or why not."""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal

from .decision import BACKORDERED, CANCELLED, GREEDY, HELD, PARTIAL, SINGLE, SPLIT, UNSOURCED, Candidate, Decision
from .keys import ranking
from .model import BACKORDER, HOLD, TAKING, TRANSFER, WAIT, Demand, Item
from .objectives import OBJECTIVES
from .policy import Policy
from .words import counted, kilometres, listed, money, plain

WHY_BY_SEQUENCE = "first in your order"
WHY_NOT_MOST = "{winner} has more of it"
WHY_NOT_BY_SEQUENCE = "{winner} comes first in your order of sites"

#: Constraint on a plan as a whole → what it allows.
LIMITS = {
    "whole_order": "only orders that are complete",
    "whole_lines": "only lines that are complete",
    "no_split": "no division of some lines",
    "together": "no parting of what belongs together",
    "carrier_serves": "only what a carrier takes",
}
#: Mode of what is left over → what it does; a backorder waits at a site, which is named.
REST = {WAIT: "the rest waits for the next look", HOLD: "the rest needs a person", "cancel": "the rest is cancelled"}


def decision_sentence(
    decision: Decision,
    demand: Demand,
    policy: Policy,
    *,
    is_all_there_is: bool,
    instead: tuple[int, Decimal | None] | None = None,
    is_in_kits: bool = False,
) -> str:
    """The decision in one sentence.

    “Shipped from Lyon (14 km): nearest of 2 sites that have everything.”

    :param decision: all of it but the sentence.
    :param is_all_there_is: whether the sites that may ship have no more than is shipped.
    :param instead: (parcels, cost) of the plan that was beaten by sending goods from site to site first; no cost if it
        shipped less.
    :param is_in_kits: whether it wants kits that share parts with other lines.
    """
    if instead is not None:
        return _gathered(decision, demand, *instead)
    given_up = "".join(f" Given up for it: {relaxed.reason}" for relaxed in decision.relaxed)
    return _outcome(decision, demand, policy, is_all_there_is=is_all_there_is, is_in_kits=is_in_kits) + given_up


def _outcome(decision: Decision, demand: Demand, policy: Policy, *, is_all_there_is: bool, is_in_kits: bool) -> str:
    if decision.outcome == UNSOURCED:
        return _unsourced(decision)
    if decision.outcome == SINGLE:
        return _single(decision, demand, policy)
    if decision.outcome == SPLIT:
        return f"Split over {_sites(decision, TAKING)}: {_why_split(decision, demand)}.{_caveat(decision)}"
    sites, waits_at = _sites(decision, TAKING), _sites(decision, (BACKORDER,))
    lack = _why_wait(decision, demand, policy, is_all_there_is=is_all_there_is)
    if is_all_there_is and is_in_kits and sites:
        lack += " beside what goes into the rest of the order"
    if decision.outcome == BACKORDERED:
        return f"Waits for stock at {waits_at}: {lack}." if waits_at else f"Waits for the next look: {lack}."
    if decision.outcome == HELD:
        return f"Needs a person: {lack}. Add stock, allow another site, or cancel; then plan again."
    if decision.outcome == CANCELLED:
        return f"Cancelled: {lack}."
    assert decision.outcome == PARTIAL, decision.outcome
    left_over = next(a.mode for a in decision.allocations if a.mode not in TAKING)
    where = "there" if waits_at == sites else f"at {waits_at}"
    rest = REST.get(left_over, f"the rest waits {where}")
    return f"Shipped in part from {sites}, {rest}: {lack}.{_caveat(decision)}"


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
    service = f" with {winner.service}" if winner.service else ""
    if len(complete) == 1:
        everything = _all_items(demand) if len(demand.items) > 1 else f"enough {demand.items[0].label}"
        away = "" if winner.distance_km is None else f", {kilometres(winner.distance_km)} away"
        return f"Shipped from {winner.name}{service}: the only site with {everything}{away}."
    away = "" if winner.distance_km is None else f" ({kilometres(winner.distance_km)})"
    runner_up = next((candidate for candidate in complete if candidate is not winner), winner)
    decisive = _decisive(runner_up, winner, policy)
    why = OBJECTIVES[decisive].why if decisive in OBJECTIVES else ""
    of_all = f"{why or WHY_BY_SEQUENCE} of {counted(len(complete), 'site')} that have everything"
    return f"Shipped from {winner.name}{away}{service}: {of_all}{_saving(winner, runner_up, decision)}."


def _gathered(decision: Decision, demand: Demand, parcels: int, cost: Decimal | None) -> str:
    """“One parcel from Lyon, to where Lille sends Lamp first: 4.20 less than 2 parcels.”"""
    names = {candidate.node_id: candidate.name for candidate in decision.candidates}
    labels = {item.id: item.label for item in demand.items}
    sent = [a for a in decision.allocations if a.mode == TRANSFER]
    senders = [
        f"{names[node_id]} sends {listed(_sent(labels[a.item_id], a.quantity) for a in sent if a.node_id == node_id)}"
        for node_id in dict.fromkeys(a.node_id for a in sent)
    ]
    why = "more is shipped than without"
    if cost is not None:
        why = f"{money(cost - decision.cost)} less than {counted(parcels, 'parcel')}"
    hub = names[sent[0].ships_from]
    waits = [a for a in decision.allocations if a.mode not in TAKING]
    rest = f" Not there: {_waiting(decision, demand)}; {REST.get(waits[0].mode, 'it waits')}." if waits else ""
    return f"One parcel from {hub}, to where {listed(senders)} first: {why}.{rest}"


def _sent(label: str, quantity: Decimal) -> str:
    return label if quantity == 1 else f"{plain(quantity)} {label}"


def _saving(winner: Candidate, runner_up: Candidate, decision: Decision) -> str:
    """“; 6.20 less than the next best”, where that is so."""
    if runner_up.cost is None or runner_up is winner:
        return ""
    saving = runner_up.cost - decision.cost
    return f"; {money(saving)} less than the next best" if saving >= Decimal("0.01") else ""


def _unsourced(decision: Decision) -> str:
    if not decision.candidates:
        return "No site can ship this order: there is none. Add a warehouse to the channel, then plan again."
    names = listed(candidate.name for candidate in decision.candidates)
    return f"No site may ship this order; ruled out: {names}. Allow one of them or add a site, then plan again."


def _why_split(decision: Decision, demand: Demand) -> str:
    complete = [c for c in decision.candidates if c.accepted and _has_everything(c, demand)]
    if not complete:
        return "no single site has everything"
    costs = [candidate.cost for candidate in complete if candidate.cost is not None]
    if costs and min(costs) - decision.cost >= Decimal("0.01"):
        return f"{money(min(costs) - decision.cost)} less than one shipment of everything"
    return "your policy prefers that to one parcel"


def _why_wait(decision: Decision, demand: Demand, policy: Policy, *, is_all_there_is: bool) -> str:
    """“no site has Oak chair”, made honest where some site has it and may not send it."""
    if not is_all_there_is:
        return _limit(policy)
    is_elsewhere = any(candidate.units_covered for candidate in decision.candidates if not candidate.accepted)
    return f"no site {'that may ship ' if is_elsewhere else ''}has {_waiting(decision, demand)}"


def _limit(policy: Policy) -> str:
    """Which rule about the plan as a whole kept goods from being shipped that are there."""
    limits = [policy.nodes_max, *(rule.number for rule in policy.constraints if rule.kind == "max_nodes")]
    limit = min((limit for limit in limits if limit is not None), default=None)
    told = [] if limit is None else [f"no more than {counted(limit, 'site')} per order"]
    for rule in policy.constraints:
        if rule.kind == "shipment_value":
            told.append(f"no shipment worth less than {money(rule.amount)}")
        elif rule.kind in LIMITS:
            told.append(LIMITS[rule.kind])
    return f"your policy allows {listed(told)}" if told else "your policy prefers that to shipping more"


def _caveat(decision: Decision) -> str:
    if decision.method != GREEDY:
        return ""
    return f" Of {len(decision.candidates)} sites not every combination was tried; a smaller split may exist."


# --- the parts -------------------------------------------------------------------------------------------------------


def _sites(decision: Decision, modes: Container[str]) -> str:
    """Names of the sites that do this, in the order of the allocations."""
    names = {candidate.node_id: candidate.name for candidate in decision.candidates}
    return listed(names[allocation.node_id] for allocation in decision.allocations if allocation.mode in modes)


def _waiting(decision: Decision, demand: Demand) -> str:
    """What waits, with the quantity where a part of it is shipped: “Mug or 3 more Oak chair”."""
    items = {item.id: item for item in demand.items}
    waiting = (a for a in decision.allocations if a.mode not in TAKING)
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
    kinds = ("covers_most", *(rule.kind for rule in ranking(policy)), None)  # the last one is the sequence
    ranks = zip(kinds, winner.rank, loser.rank, strict=True)
    return next((code for code, winning, losing in ranks if winning != losing), None)


def _why_not(candidate: Candidate, winner: Candidate, policy: Policy) -> str:
    decisive = _decisive(candidate, winner, policy)
    if decisive == "distance" and candidate.distance_km is None:
        return "its distance is not known"
    if decisive == "landed_cost" and candidate.cost is not None and winner.cost is not None:
        return f"{winner.name} costs {money(candidate.cost - winner.cost)} less"
    if decisive == "covers_most":
        return WHY_NOT_MOST.format(winner=winner.name)
    said = OBJECTIVES[decisive].why_not if decisive else ""
    return (said or WHY_NOT_BY_SEQUENCE).format(winner=winner.name)
