"""How a plan is ranked: by one whole number, the *key*.

The components that decide (units missing, soft rules given up, the objectives in their sequence) stand in fields of fixed
width, the most important on top, and the merchant's order of sites at the bottom. Keys of the shipments add up to the key of
the plan, and comparing two plans is comparing two numbers.
"""

from __future__ import annotations

from functools import cached_property

from .cost import UNIT, Coster, Handling, Lot, Quote, milligrams
from .look import Look
from .model import Node
from .objectives import COST, HOURS, OBJECTIVES, UNKNOWN
from .policy import LEAST_COST, Policy, Rule

#: Width of a field: sums of a thousand :data:`UNKNOWN` or of trillions of money stay below it.
FIELD = 128

#: Added to the cost of a shipment without a price, where others have one: it comes after all of them.
PRICELESS = 1 << 90

Gives = dict[int, int]


class Load:
    """What one shipment holds. Of a problem there is one for each content, so that it is told by being the same.

    :ivar grams: milligrams. :ivar volume: trillionths. :ivar worth: millionths of money. :ivar units: millionths.
    :ivar lines: items. :ivar products: as bits.
    """

    __slots__ = ("gives", "grams", "lines", "products", "units", "volume", "worth")

    def __init__(self, gives: Gives, grams: int, volume: int, worth: int, units: int, lines: int, products: int):
        self.gives, self.grams, self.volume, self.worth = gives, grams, volume, worth
        self.units, self.lines, self.products = units, lines, products


def ranking(policy: Policy) -> tuple[Rule, ...]:
    """The objectives that decide between plans that ship as much, in their sequence."""
    objectives = tuple(rule for rule in policy.objectives if rule.kind != "covers_most")
    if policy.strategy != LEAST_COST:
        return objectives
    return (Rule("landed_cost"), *(rule for rule in objectives if rule.kind != "landed_cost"))


class Keys:
    """What ranks the shipments of a :class:`~.problem.Problem`, which finds the nodes, the lots and what there is of them."""

    policy: Policy
    look: Look
    coster: Coster
    lots: list[Lot]
    nodes: list[Node]
    rows: list[list[int]]
    soft_rules: list[Rule]
    breaks: list[list[bool]]
    has_minutes: bool
    priceless: int

    def _rank_nodes(self) -> None:
        """Where in the key each component stands."""
        objectives = [(OBJECTIVES[rule.kind], rule) for rule in ranking(self.policy)]
        count = len(self.nodes)
        tie = count + 16
        fields = [*self.soft_rules, *objectives]
        shifts = [tie + FIELD * place for place in range(len(fields), -1, -1)]
        self.missing_shift, shifts = shifts[0], shifts[1:]
        soft_shifts, shifts = shifts[: len(self.soft_rules)], shifts[len(self.soft_rules) :]
        self.of_shipment = [
            (objective.of_shipment, shift)
            for (objective, _rule), shift in zip(objectives, shifts, strict=True)
            if objective.of_shipment
        ]
        self.cost_shift = next((shift for what, shift in self.of_shipment if what == COST), None)
        self.cost_width = FIELD
        penalties = [
            (objective.penalty, rule, shift)
            for (objective, rule), shift in zip(objectives, shifts, strict=True)
            if objective.penalty
        ]
        self._penalties = penalties
        self._soft_shifts = soft_shifts
        self._bases: dict[int, int] = {}
        self._quotes: dict[int, list[Quote]] = {}
        self._handlings: dict[int, Handling] = {}
        self._shipments: dict[tuple, tuple[int, int, int] | None] = {}
        self._loads: dict[tuple, Load] = {}

    def base(self, place: int) -> int:
        """The part of the key that a node has whatever it ships."""
        key = self._bases.get(place)
        if key is None:
            node, count = self.nodes[place], len(self.nodes)
            key = (1 << count) - (1 << (count - 1 - place))
            for penalty, rule, shift in self._penalties:
                rank = penalty(node, self.look, rule)
                key += (UNKNOWN if rank is None else rank) << shift
            if self.soft_rules:
                broken = zip(self._soft_shifts, self.breaks[place], strict=True)
                key += sum(1 << shift for shift, is_broken in broken if is_broken)
            self._bases[place] = key
        return key

    @cached_property
    def least(self) -> list[int]:
        """The least key that any shipment of each node has."""
        bases = [self.base(place) for place in range(len(self.nodes))]
        if not self.of_shipment:
            return bases
        return [base + self._least_shipment(place) for place, base in enumerate(bases)]

    def quotes(self, place: int) -> list[Quote]:
        found = self._quotes.get(place)
        if found is None:
            found = self._quotes[place] = self.coster.quotes(self.nodes[place])
        return found

    def handling(self, place: int) -> Handling:
        found = self._handlings.get(place)
        if found is None:
            found = self._handlings[place] = self.coster.handling(self.nodes[place])
        return found

    def _least_shipment(self, place: int) -> int:
        """A bound for any shipment of the node."""
        key, quotes = 0, self.quotes(place)
        for what, shift in self.of_shipment:
            if what == COST:
                key += (self.handling(place).fixed + min(self._lowest(quote) for quote in quotes)) << shift
            elif what == HOURS:
                key += min(quote.minutes for quote in quotes) << shift
            else:
                key += min(quote.carbon for quote in quotes) << shift
        return key

    def _lowest(self, quote: Quote) -> int:
        return quote.lowest if quote.offer is not None else quote.fixed + self.priceless

    def least_inside(self, number: int, quantity: int) -> int:
        """A bound for what so much of a lot costs wherever it comes from, besides the shipment itself."""
        if self.cost_shift is None:
            return 0
        handlings = [self.handling(place) for place, row in enumerate(self.rows) if row[number]]
        if not handlings:
            return 0
        flat, units = min(one.per_lot[number] for one in handlings), min(one.per_unit[number] for one in handlings)
        return (flat + units * quantity) << self.cost_shift

    def shipment(self, place: int, gives: Gives | Load) -> tuple[int, int, int] | None:
        """The key of a shipment besides the node's base, which quote it goes with, what it costs; None if nothing takes it."""
        load = gives if isinstance(gives, Load) else self.load(gives)
        known = (place, load)
        if known in self._shipments:
            return self._shipments[known]
        node = self.nodes[place]
        best, chosen = None, 0
        if not self.has_minutes or self.minutes_for(node, load.units) >= load.units:
            money = self.handled(place, load)
            for number, quote in enumerate(self.quotes(place)):
                if quote.refused & load.products:
                    continue
                ranks = self._shipment_ranks(quote, money, load)
                if ranks is not None and (best is None or ranks < best):
                    best, chosen = ranks, number
        found = self._shipments[known] = best and (best[0], chosen, best[1])
        return found

    def load(self, gives: Gives) -> Load:
        """What a shipment of so much of each lot holds."""
        key = tuple(gives.items())
        found = self._loads.get(key)
        if found is None:
            weight, volume, value, units = self.coster.contents(gives)
            products = sum({1 << product for number in gives for product, _need in self.lots[number].needs})
            lines = sum([len(self.lots[number].items) for number in gives])
            found = self._loads[key] = Load(
                gives.copy(), milligrams(weight), volume, value // UNIT, units, lines, products
            )
        return found

    def handled(self, place: int, load: Load) -> int:
        """Trillionths that the node itself costs for a shipment, whatever the service."""
        if not self.coster.varies_by_product:
            fixed, per_line, per_unit = self.coster.rate(self.nodes[place])
            return fixed + per_line * load.lines + per_unit * load.units
        fixed, per_lot, per_units = self.handling(place)
        return fixed + sum(per_lot[lot] + per_units[lot] * give for lot, give in load.gives.items())

    def _shipment_ranks(self, quote: Quote, money: int, load: Load) -> tuple[int, ...] | None:
        """Key, then what decides between services of equal key: price, then the faster, then the greener."""
        carrier = quote.money(load.grams, load.volume, load.worth)
        if carrier is None:
            return None
        cost = money + carrier + (self.priceless if quote.offer is None else 0)
        carbon = quote.carbon + quote.carbon_weight * load.grams
        key = 0
        for what, shift in self.of_shipment:
            key += (cost if what == COST else quote.minutes if what == HOURS else carbon) << shift
        return key, cost, quote.minutes, carbon
