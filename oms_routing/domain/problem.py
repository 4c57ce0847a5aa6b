"""One order as whole numbers: which nodes may ship how much of which lot. How a plan is ranked stands in ``keys.py``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from decimal import Decimal
from functools import cached_property, reduce
from itertools import chain
from operator import attrgetter, or_

from .constraints import asked
from .cost import UNIT, Coster, Lot, lot_of
from .keys import PRICELESS, Keys, ranking
from .ledger import View
from .look import Look
from .millionths import MILLION, to_millionths
from .model import Demand, Item, Node
from .policy import LEAST_COST, Policy
from .tariff import Tariff

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


class Problem(Keys):
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
        self.products = tuple(self.look.needed)
        self.lots = self._lots()
        self.quantities = [lot.quantity for lot in self.lots]
        self.coster = Coster(self.look, policy.prices, self.lots, self.products)
        self.is_shared = len(self.lots) > 1 and sum(len(lot.takes) for lot in self.lots) > len(self.products)
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

    def at_once(self, place: int) -> list[int]:
        """What the node could give of each lot if it gave all of it together: what one takes, the next one lacks."""
        if not self.is_shared:
            return self.rows[place]
        left, row = self.stock[place].copy(), []
        for number, lot in enumerate(self.lots):
            give = min(self.rows[place][number], lot.most(left.__getitem__))
            row.append(give)
            for product, need in needs_of(self.lots, {number: give}).items():
                left[product] -= need
        return row

    # --- lots ---------------------------------------------------------------------------------------------------------

    def _lots(self) -> list[Lot]:
        """Items that are placed together: those of a set; lines that are not divided; else all of one product."""
        places = {product_id: place for place, product_id in enumerate(self.products)}
        turned_down = {item_id for item_id, _node in self.demand.rejections}
        groups: dict[tuple, list[Item]] = {}
        for item in self.demand.items:
            groups.setdefault(self._lot_key(item, turned_down), []).append(item)
        recipes = self.look.recipes
        return [lot_of(items, places, divisible=key[-1], recipes=recipes) for key, items in groups.items()]

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
    def contested(self) -> list[Lot]:
        """Lots that want the same goods as another one."""
        if not self.is_shared:
            return []
        times = Counter(place for lot in self.lots for place, _need in lot.takes)
        return [lot for lot in self.lots if any(times[place] > 1 for place, _need in lot.takes)]

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
        whole: defaultdict[Hashable, int] = defaultdict(int)
        bit = 1
        for product_id, wanted in self.look.wanted.items():
            shelf = self.look.shelf(product_id)
            holders = [node_id for node_id, units in shelf.items() if units >= wanted]
            if not holders:
                return None
            for node_id in holders:
                whole[node_id] |= bit
            bit <<= 1
        return whole

    def _stock(self) -> dict[Hashable, list[int]]:
        """Node → millionths of each product that it has, and no more than is wanted."""
        stock: dict[Hashable, list[int]] = {}
        count = len(self.products)
        needs = [0] * count
        for lot in self.lots:
            for place, need in lot.takes:
                needs[place] += need
        known: dict[Decimal, int] = {}  # shelves hold the same few quantities
        for place, (product_id, wanted) in enumerate(self.look.needed.items()):
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
        return (
            not self.look.recipes and all(lot.divisible for lot in self.lots) and len(self.lots) == len(self.products)
        )

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
            give = lot.most(stock.__getitem__)
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
        contested = self.contested
        is_copied = False  # a row may be the shelf itself, which stays as it is
        for number, lot in enumerate(self.lots):
            quantity = lot.quantity
            if lot in contested:  # who has all of it alone may need it for another lot
                continue
            if not lot.divisible or not any(row[number] >= quantity for row in self.rows):
                continue
            self.lots[number] = lot._replace(divisible=False)
            if not is_copied:
                self.rows, is_copied = [row.copy() for row in self.rows], True
            for row in self.rows:
                if row[number] < quantity:
                    row[number] = 0


def needs_of(lots: list[Lot], gives: Mapping[int, int]) -> dict[int, int]:
    """Product → millionths that the lots take of it."""
    needs: dict[int, int] = {}
    for number, give in gives.items():
        lot = lots[number]
        for place, need in lot.takes:
            needs[place] = needs.get(place, 0) - (-need * give // lot.quantity)  # a part of a millionth is one
    return needs
