"""One order as whole numbers: which nodes may ship how much of which lot, and how a plan is ranked.

A plan's rank is one whole number, the *key*: the components that decide (units missing, soft rules given up, the
objectives in their sequence) stand in fields of fixed width, the most important on top, and the merchant's order of sites at
the bottom. Keys of the shipments add up to the key of the plan, and comparing two plans is comparing two numbers.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from functools import cached_property, reduce
from itertools import chain
from operator import attrgetter, or_

from .constraints import asked
from .cost import UNIT, Coster, Handling, Lot, Quote, lot_of, milligrams
from .ledger import View
from .look import Look
from .model import MILLION, Demand, Item, Node, Tariff, to_millionths
from .objectives import COST, HOURS, OBJECTIVES, UNKNOWN
from .policy import LEAST_COST, Policy, Rule

#: Width of a field: sums of a thousand :data:`UNKNOWN` or of trillions of money stay below it.
FIELD = 128

#: Added to the cost of a shipment without a price, where others have one: it comes after all of them.
PRICELESS = 1 << 90

#: Constraints that change what may be planned, not which site is asked: given up as a whole, and planned again.
SHAPING = frozenset(
    {
        "safety_stock",
        "carrier_serves",
        "promise",
        "capacity_minutes",
        "together",
        "no_split",
        "whole_lines",
        "whole_order",
        "max_nodes",
        "shipment_value",
    }
)

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


class Problem:
    """What the search works on. Nodes and lots are places in lists.

    :param dropped: rules that are given up.
    :param lenient: whether nodes that break soft rules take part, behind all plans without them.
    :param is_told: whether every node that has anything takes part, because people read of all of them; else those that have all
        of some lot may be enough.
    :ivar masks: by node, as bits, the lots that it has all of; only where no other nodes take part, else None.
    """

    def __init__(
        self,
        demand: Demand,
        view: View,
        policy: Policy,
        dropped=frozenset(),
        *,
        lenient: bool = False,
        is_told: bool = True,
    ):
        self.demand, self.view, self.policy = demand, view, policy
        self.rules = tuple(rule for rule in policy.constraints if rule not in dropped)
        self.by_kind = {rule.kind: rule for rule in self.rules}
        self.look = Look(demand, view, self.rules)
        self.products = tuple(self.look.wanted)
        self.lots = self._lots()
        self.quantities = [lot.quantity for lot in self.lots]
        self.coster = Coster(self.look, policy.prices, self.lots, self.products)
        self.is_shared = len(self.lots) > 1 and sum(len(lot.needs) for lot in self.lots) > len(self.products)
        limits = [rule.number for rule in self.rules if rule.kind == "max_nodes"]
        self.nodes_max = min([limit for limit in (policy.nodes_max, *limits) if limit is not None], default=None)
        self.least_value = max(
            (to_millionths(rule.amount) * UNIT for rule in self.rules if rule.kind == "shipment_value"), default=0
        )
        self.has_minutes = "capacity_minutes" in self.by_kind and any(
            limit.minutes_left is not None for limit in view.snapshot.capacity.values()
        )
        self.priceless = PRICELESS if demand.offers else 0
        is_whole = policy.strategy == LEAST_COST
        self.masks: list[int] | None = None
        self._find_nodes(lenient, only_whole=is_whole and not is_told)
        if self.masks is not None:
            self.lots = [lot._replace(divisible=False) for lot in self.lots]
        elif is_whole:
            self._keep_whole()
        self._rank_nodes()

    @cached_property
    def _misfits(self) -> tuple[bool, bool]:
        """Whether any carrier refuses any of it, or is too small for it: for all together, for one of the lots alone."""
        if not self.look.needs_carrier:
            return False, False
        offers = list(chain.from_iterable(self.demand.offers.values()))
        tariffs = {id(tariff): tariff for tariff in map(attrgetter("tariff"), offers)}.values()
        refuses = self.look.refuses and any(map(attrgetter("refusals"), offers))
        weight, volume = sum(lot.weight for lot in self.lots), sum(lot.volume for lot in self.lots)
        if refuses or all(one.takes(weight, volume) for one in tariffs):
            return refuses, refuses
        return True, not all(one.takes(lot.weight, lot.volume) for one in tariffs for lot in self.lots)

    # --- lots ---------------------------------------------------------------------------------------------------------

    def _lots(self) -> list[Lot]:
        """Items that are placed together: those of a set; lines that are not divided; else all of one product."""
        places = {product_id: place for place, product_id in enumerate(self.products)}
        turned_down = {item_id for item_id, _node in self.demand.rejections}
        groups: dict[tuple, list[Item]] = {}
        for item in self.demand.items:
            groups.setdefault(self._lot_key(item, turned_down), []).append(item)
        return [lot_of(items, places, divisible=key[-1]) for key, items in groups.items()]

    def _lot_key(self, item: Item, turned_down: set[Hashable]) -> tuple:
        if item.together is not None and "together" in self.by_kind:
            return ("together", item.together, False)
        no_split = self.by_kind.get("no_split")
        is_whole = not item.is_partial_ok or "whole_lines" in self.by_kind
        if is_whole or (no_split and not item.categories.isdisjoint(no_split.categories)):
            return ("item", item.id, False)
        return ("item", item.id, True) if item.id in turned_down else ("product", item.product_id, True)

    @property
    def is_separable(self) -> bool:
        """Whether what one shipment holds says nothing about what another may hold."""
        return not (self.is_shared or self.least_value or self.has_minutes)

    @property
    def is_fewest_first(self) -> bool:
        """Whether of two plans that ship as much the one with fewer parcels is always better."""
        objectives = ranking(self.policy)
        return bool(objectives) and objectives[0].kind == "fewest_parcels" and not self.soft_rules

    @property
    def may_fail(self) -> bool:
        """Whether a plan that the shelves allow can still be impossible."""
        return self._misfits[0] or not self.is_separable

    @property
    def is_plain(self) -> bool:
        """Whether every lot is simply a product, and no shipment can turn out to be impossible."""
        return not self.may_fail and all(lot.divisible for lot in self.lots)

    # --- nodes --------------------------------------------------------------------------------------------------------

    def _find_nodes(self, lenient: bool, *, only_whole: bool) -> None:
        """Nodes that have something and may ship, in the merchant's order, with what they have of each lot.

        :param only_whole: whether those are enough that have all of some lot, if each lot is to be had whole.
        """
        rules = [(r, c) for r, c in asked(self.look, self.rules) if r.kind not in ("has_stock", "safety_stock")]
        soft = [(r, c) for r, c in rules if lenient and not r.hard and r.kind not in SHAPING]
        hard = [one for one in rules if one not in soft]
        look = self.look
        whole = self._whole() if only_whole and self._is_lot_a_product and self._may_give_all else None
        nodes = self._allowed(whole, hard) if whole else []
        masks = [whole[node.id] for node in nodes]
        if masks and reduce(or_, masks) == (1 << len(self.lots)) - 1:
            self.masks = masks
            row_of = {
                mask: [quantity if mask >> lot & 1 else 0 for lot, quantity in enumerate(self.quantities)]
                for mask in set(masks)
            }
            shelves = rows = [row_of[mask] for mask in masks]
        else:
            stock = self._stock()
            nodes = self._allowed(stock, hard)
            if self._is_lot_a_product and self._may_give_all and not self._misfits[1]:
                rows = [stock[node.id] for node in nodes]
            else:
                rows = [self._row(node, stock[node.id]) for node in nodes]
            if not all(map(any, rows)):
                nodes = [node for node, row in zip(nodes, rows, strict=True) if any(row)]
                rows = [row for row in rows if any(row)]
            shelves = [stock[node.id] for node in nodes]
        self.soft_rules = [rule for rule, _constraint in soft]
        self.nodes: list[Node] = nodes
        self.rows: list[list[int]] = rows
        self.stock: list[list[int]] = shelves
        #: Soft rules, by node.
        self.breaks: list[list[bool]] = [
            [not one.holds(node, look, rule) for rule, one in soft] for node in self.nodes if soft
        ]

    def _allowed(self, stock: Mapping[Hashable, list[int]], rules) -> list[Node]:
        """Nodes with stock that these rules let pass, in the merchant's order."""
        places, look = self.view.snapshot.places, self.look
        nodes = [places[node_id][1] for node_id in sorted(stock, key=self.view.snapshot.turns.__getitem__)]
        for rule, constraint in rules:
            if constraint.holds_everywhere and constraint.holds_everywhere(look):
                continue
            holds = constraint.holds
            nodes = [node for node in nodes if holds(node, look, rule)]
        return nodes

    def _whole(self) -> dict[Hashable, int] | None:
        """Node → as bits, the lots that it has all of; None if one of them has to be divided. Every lot is one product."""
        whole: dict[Hashable, int] = {}
        bit = 1
        for product_id, wanted in self.look.wanted.items():
            shelf = self.look.shelf(product_id)
            holders = [node_id for node_id, units in shelf.items() if units >= wanted]
            if not holders:
                return None
            for node_id in holders:
                whole[node_id] = whole.get(node_id, 0) | bit
            bit <<= 1
        return whole

    def _stock(self) -> dict[Hashable, list[int]]:
        """Node → millionths of each product that it has, and no more than is wanted."""
        stock: dict[Hashable, list[int]] = {}
        count = len(self.products)
        needs = [0] * count
        for lot in self.lots:
            for place, need in lot.needs:
                needs[place] += need
        known: dict[Decimal, int] = {}  # shelves hold the same few quantities
        for place, (product_id, wanted) in enumerate(self.look.wanted.items()):
            enough = needs[place]
            for node_id, units in self.look.shelf(product_id).items():
                row = stock.get(node_id)
                if row is None:
                    row = stock[node_id] = [0] * count
                if units >= wanted:
                    row[place] = enough
                else:
                    has = known.get(units)
                    if has is None:
                        has = known[units] = int(units * MILLION)
                    row[place] = has
        return stock

    @cached_property
    def _is_lot_a_product(self) -> bool:
        return all(lot.divisible for lot in self.lots) and len(self.lots) == len(self.products)

    @property
    def _may_give_all(self) -> bool:
        """Whether a node may give all that is on its shelf."""
        return not (self.demand.rejections or self.has_minutes)

    def _row(self, node: Node, stock: list[int]) -> list[int]:
        """What the node could give of each lot if it gave nothing else."""
        row = []
        for lot in self.lots:
            if any((item.id, node.id) in self.demand.rejections for item in lot.items):
                row.append(0)
                continue
            if lot.divisible:
                give = min(lot.quantity, stock[lot.needs[0][0]])
            else:
                give = lot.quantity if all(stock[place] >= need for place, need in lot.needs) else 0
            most = self._most(node, lot)
            row.append(min(give, most) if lot.divisible else give if most >= lot.quantity else 0)
        return row

    def _most(self, node: Node, lot: Lot) -> int:
        """What minutes and carriers allow of a lot; a part of a unit only where parts are wanted."""
        most = lot.quantity
        if self.has_minutes:
            most = min(most, self.minutes_for(node, most))
        if self._misfits[1]:
            products = [self.products[place] for place, _need in lot.needs]
            takers = [
                offer.tariff
                for offer in self.look.offers(node.id)
                if not offer.refusals or not any(product in offer.refusals for product in products)
            ]
            most = min(most, max([self._fits(tariff, lot) for tariff in takers], default=0))
        is_whole_units = lot.quantity % UNIT == 0
        return most // UNIT * UNIT if is_whole_units else most

    @staticmethod
    def _fits(tariff: Tariff, lot: Lot) -> int:
        """How much of a lot a tariff takes in one shipment."""
        heaviest, divisor, most = tariff.weights[-1], tariff.volume_divisor, lot.quantity
        if lot.weight > heaviest * UNIT:
            most = heaviest * UNIT * lot.quantity // lot.weight
        if divisor and lot.volume > heaviest * divisor:
            most = min(most, heaviest * divisor * lot.quantity // lot.volume)
        return most

    def minutes_for(self, node: Node, units: int) -> int:
        """How many of so many millionths of units the node has the time to pick."""
        left = self.view.minutes_left(node.id)
        if left is None:
            return units
        capacity = self.view.snapshot.capacity[node.id]
        left -= capacity.minutes_order
        if left < 0:
            return 0
        return min(units, int(left / capacity.minutes_unit * UNIT)) if capacity.minutes_unit else units

    def _keep_whole(self) -> None:
        """Where money decides, only what no node has all of is divided."""
        is_copied = False  # a row may be the shelf itself, which stays as it is
        for number, lot in enumerate(self.lots):
            quantity = lot.quantity
            if not lot.divisible or not any(row[number] >= quantity for row in self.rows):
                continue
            self.lots[number] = lot._replace(divisible=False)
            if not is_copied:
                self.rows, is_copied = [row.copy() for row in self.rows], True
            for row in self.rows:
                if row[number] < quantity:
                    row[number] = 0

    # --- ranks --------------------------------------------------------------------------------------------------------

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
            [(fixed, per_line, per_unit)] = self.coster.rates([self.nodes[place]])
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


def needs_of(lots: list[Lot], gives: Mapping[int, int]) -> dict[int, int]:
    """Product → millionths that the lots take of it."""
    needs: dict[int, int] = {}
    for number, give in gives.items():
        lot = lots[number]
        if lot.divisible:
            place = lot.needs[0][0]
            needs[place] = needs.get(place, 0) + give
        else:
            for place, need in lot.needs:
                needs[place] = needs.get(place, 0) + need
    return needs
