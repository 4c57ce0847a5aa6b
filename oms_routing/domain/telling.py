"""What people read of a decision, written when they read it: every candidate, the sentence, the fingerprint of the inputs.

A decision keeps only what it was made from. Looking again at that (the same demand, the stock of the same moment, the same
rules) gives the same verdicts and costs, at the price of looking a second time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from odoo.addons.oms_core.domain.quantities import ZERO

from . import explain
from .constraints import asked, verdicts
from .cost import exact
from .decision import Candidate, Decision
from .keys import ranking
from .ledger import View
from .millionths import to_millionths
from .model import Demand, Node
from .objectives import COST, HOURS, OBJECTIVES, UNKNOWN
from .policy import Policy
from .problem import Problem, needs_of
from .tariff import Offer
from .words import canonical, plain

if TYPE_CHECKING:
    from .settling import Link


@dataclass(frozen=True)
class Teller:
    """:param links: what each policy of the chain was asked, the first one first."""

    links: tuple[Link, ...]

    @cached_property
    def _problem(self) -> Problem:
        link = self.links[0]
        return Problem(link.demand, link.view, link.policy, link.dropped, lenient=link.lenient)

    def candidates(self, decision: Decision) -> tuple[Candidate, ...]:
        """Every site with its verdicts, ranks and reason: the chosen first, then by rank, the rejected last."""
        problem, demand, policy = self._problem, self.links[0].demand, self.links[0].policy
        rules = asked(problem.look, problem.rules)
        objectives = [(OBJECTIVES[rule.kind], rule) for rule in ranking(policy)]
        soft = {relaxed.kind for relaxed in decision.relaxed}
        used = {allocation.node_id for allocation in decision.allocations} - {None}
        places = {node.id: place for place, node in enumerate(problem.nodes)}
        ordered = [node for _place, node in sorted(problem.view.snapshot.places.values(), key=lambda one: one[0])]
        found = [
            self._candidate(node, places.get(node.id), node.id in used, rules, objectives, soft) for node in ordered
        ]
        found.sort(key=lambda c: (not c.chosen, not c.accepted, [(rank is None, rank) for rank in c.rank]))
        winner = found[0] if len(used) == 1 else None
        return tuple(
            replace(
                candidate,
                reason_code=explain.candidate_code(candidate, demand),
                reason=explain.candidate_reason(candidate, winner, demand, policy),
            )
            for candidate in found
        )

    def _candidate(self, node: Node, place: int | None, chosen: bool, rules, objectives, soft: set[str]) -> Candidate:
        """All but the reason.

        :param soft: kinds of rules that were given up, which keep nobody out.
        """
        problem = self._problem
        look = problem.look
        said = verdicts(node, look, rules)
        site = look.site(node)
        missing = sum(look.wanted.values()) - site.stock.total()
        shipment = self._alone(place)
        ranks: list[Any] = [missing]
        for objective, rule in objectives:
            if objective.of_shipment:
                ranks.append(shipment.get(objective.of_shipment))
            else:
                ranks.append(objective.rank(node, look, rule))
        left = dict(site.stock)
        in_full = 0
        for item in problem.demand.items:
            part = min(left.get(item.product_id, Decimal(0)), item.quantity)
            left[item.product_id] = left.get(item.product_id, Decimal(0)) - part
            in_full += part == item.quantity
        return Candidate(
            node_id=node.id,
            name=node.name,
            accepted=all(one.ok or one.code in soft for one in said),
            reason_code="",
            reason="",
            verdicts=said,
            distance_km=look.distance(node),
            items_covered=in_full,
            units_covered=site.stock.total(),
            rank=(*ranks, node.sequence),
            chosen=chosen,
            cost=shipment.get(COST),
            service=shipment.get("service", ""),
            distance_basis=_coarser(node.precision, problem.demand.place.precision),
        )

    def _alone(self, place: int | None) -> dict[str, Any]:
        """What a shipment of all that the node has would be: cost, hours, grams, service; empty if it cannot be."""
        if place is None:
            return {}
        problem = self._problem
        gives = {lot: give for lot, give in enumerate(problem.at_once(place)) if give}
        found = problem.shipment(place, gives)
        if found is None:
            return {}
        quote = problem.quotes(place)[found[1]]
        if quote.offer is None and problem.priceless:
            return {}
        weight = problem.coster.contents(gives)[0]
        told: dict[str, Any] = {"service": quote.offer.name if quote.offer else ""}
        cost = found[2] - problem.coster.split
        if cost or quote.offer:
            told[COST] = exact(cost)
        if quote.minutes < UNKNOWN:
            told[HOURS] = Decimal(quote.minutes) / 60
        if quote.offer:
            told["carbon"] = problem.coster.carbon(quote, weight)
        return told

    def sentence(self, decision: Decision) -> str:
        """The decision in one sentence, and what else must be said about it."""
        problem, link = self._problem, self.links[0]
        return explain.decision_sentence(
            decision,
            link.demand,
            link.policy,
            is_all_there_is=self._is_all_there_is(decision),
            instead=link.instead,
            is_in_kits=bool(problem.look.recipes) and problem.is_shared,
        )

    def _is_all_there_is(self, decision: Decision) -> bool:
        """Whether the sites that may ship have nothing left of what waits, beside what is shipped."""
        problem = self._problem
        shipped = [one for one in decision.allocations if one.mode in explain.TAKING]
        if not problem.is_shared:
            short = sum(
                max(0, quantity - sum(row[lot] for row in problem.rows))
                for lot, quantity in enumerate(problem.quantities)
            )
            return sum(int(one.quantity * 1_000_000) for one in shipped) >= sum(problem.quantities) - short
        places = {node.id: place for place, node in enumerate(problem.nodes)}
        left = [row.copy() for row in problem.stock]
        alone = [row.copy() for row in problem.rows]
        lot_of_item = {item.id: number for number, lot in enumerate(problem.lots) for item in lot.items}
        for one in shipped:
            if one.node_id in places:
                place, number, units = places[one.node_id], lot_of_item[one.item_id], to_millionths(one.quantity)
                alone[place][number] -= units
                for product, need in needs_of(problem.lots, {number: units}).items():
                    left[place][product] -= need
        waiting = {lot_of_item[one.item_id] for one in decision.allocations if one.mode not in explain.TAKING}
        return not any(
            alone[place][number] > 0 and problem.lots[number].most(left[place].__getitem__) > 0
            for place in places.values()
            for number in waiting
        )

    def fingerprint(self) -> str:
        link = self.links[0]
        return fingerprint(link.demand, link.view, link.policy)


def _coarser(*precisions: str) -> str:
    return next((one for one in ("country", "postal") if one in precisions), "")


def fingerprint(demand: Demand, view: View, policy: Policy) -> str:
    """SHA-256 over all that a decision depends on."""
    snapshot = view.snapshot
    wanted = demand.wanted()
    nodes = sorted(snapshot.nodes, key=lambda node: node.id)
    products = list(wanted)
    shelves = [view.shelf(product) for product in products]
    by_product = (snapshot.safety, snapshot.weekly, snapshot.markdown, snapshot.risk)
    content = [
        [canonical(getattr(demand, one.name)) for one in fields(demand) if one.name != "offers"],
        [
            [str(node_id), [_offer(offer) for offer in demand.offers[node_id]]]
            for node_id in sorted(demand.offers, key=str)
        ],
        canonical(policy),
        snapshot.node_facts,
        [[plain(shelf[node.id]) if node.id in shelf else "0" for shelf in shelves] for node in nodes],
        [
            [plain(amounts[node.id, product]) if (node.id, product) in amounts else None for product in products]
            for amounts in by_product
            if amounts
            for node in nodes
        ],
        [bool(amounts) for amounts in by_product],
        [
            [canonical(snapshot.capacity[node.id]), *map(canonical, _left(view, node.id))]
            for node in nodes
            if node.id in snapshot.capacity
        ],
    ]
    if kits := {product: snapshot.recipes[product] for product in products if product in snapshot.recipes}:
        parts = dict.fromkeys(part for recipe in kits.values() for part, _needed in recipe)
        there = [view.shelf(part) for part in sorted(parts, key=str)]
        content.append([canonical(kits), [[plain(shelf.get(node.id, ZERO)) for shelf in there] for node in nodes]])
    return hashlib.sha256(json.dumps(content, separators=(",", ":"), default=str).encode()).hexdigest()


def _left(view: View, node_id: Hashable) -> tuple[Decimal | None, ...]:
    return view.orders_left(node_id), view.open_left(node_id), view.minutes_left(node_id)


def _offer(offer: Offer) -> list[Any]:
    """An offer for the fingerprint; there are many, so that nothing is looked up twice."""
    moments = (offer.ship_by, offer.deliver_by, offer.deliver_late)
    amounts = (offer.carbon, offer.carbon_per_kg, offer.customs, offer.duty)
    return [
        str(offer.service_id),
        offer.name,
        offer.tariff.facts,
        *(moment and moment.isoformat() for moment in moments),
        *(plain(amount) if amount else "0" for amount in amounts),
        offer.refusal,
        canonical(offer.refusals) if offer.refusals else [],
    ]
