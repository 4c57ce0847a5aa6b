"""What one order sees when it looks at the nodes: shelves, carriers, ways. Looked up when asked for, and kept."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import chain
from operator import attrgetter

from odoo.addons.oms_core.domain.kits import taken_apart
from odoo.addons.oms_core.domain.quantities import ZERO, Quantities

from .distance import ways_to
from .ledger import View
from .model import Demand, Node
from .policy import Rule
from .snapshot import Site
from .tariff import Offer


class Look:
    """One demand before the stock of one moment.

    :param rules: the constraints that apply; some change what a shelf or a carrier is good for.
    """

    def __init__(self, demand: Demand, view: View, rules: tuple[Rule, ...]):
        self.demand = demand
        self.view = view
        self.wanted: Quantities = demand.wanted()
        self.recipes = {kit: view.snapshot.recipes[kit] for kit in self.wanted if kit in view.snapshot.recipes}
        self._distances: dict[Hashable, float | None] = {}
        latitude, longitude = demand.place.latitude, demand.place.longitude
        self._way = None if latitude is None or longitude is None else ways_to(latitude, longitude)
        self._shelves: dict[Hashable, Mapping[Hashable, Decimal]] = {}
        self._offers: dict[Hashable, Sequence[Offer]] = {}
        self._fullest: dict[Hashable, Decimal] = {}
        self._steepest: dict[Hashable, Decimal] = {}
        self._safety: Rule | None = next((rule for rule in rules if rule.kind == "safety_stock"), None)
        self.needs_carrier = any(rule.kind == "carrier_serves" for rule in rules)
        promised = any(rule.kind == "promise" for rule in rules)
        self.deliver_by: datetime | None = demand.deliver_by if promised else None

    def distance(self, node: Node) -> float | None:
        """Kilometres to the address, to 0.1; None if not known."""
        known = self._distances
        if node.id in known:
            return known[node.id]
        latitude, longitude = node.latitude, node.longitude
        if latitude is None or longitude is None or self._way is None:
            found = None
        else:
            found = round(self._way(latitude, longitude), 1)
        known[node.id] = found
        return found

    # --- shelves -----------------------------------------------------------------------------------------------------

    @cached_property
    def needed(self) -> Quantities:
        """What is wanted, and what the kits among it take: how much in all of each product that may become scarce."""
        if not self.recipes:
            return self.wanted
        parts = taken_apart(((None, kit, self.wanted[kit]) for kit in self.recipes), self.recipes)
        return self.wanted + Quantities((part, units) for (_node, part), units in parts.items())

    def keeps_back(self, node_id: Hashable, product_id: Hashable, rule: Rule | None = None) -> Decimal:
        """Units that the node keeps for itself, under the rule ``safety_stock``."""
        rule = rule or self._safety
        if rule is None:
            return ZERO
        kept = self.view.snapshot.safety.get((node_id, product_id))
        return kept if kept is not None else rule.quantity or ZERO

    def all_stock(self, product_id: Hashable) -> Mapping[Hashable, Decimal]:
        """Node id → units that are free there, above zero only."""
        shelf = self._shelves.get(product_id)
        if shelf is None:
            shelf = self._shelves[product_id] = self.view.shelf(product_id)
        return shelf

    def shelf(self, product_id: Hashable) -> Mapping[Hashable, Decimal]:
        """Node id → units that may be used, above zero only."""
        shelf = self.all_stock(product_id)
        if self._safety is None:
            return shelf
        left = {node_id: units - self.keeps_back(node_id, product_id) for node_id, units in shelf.items()}
        return {node_id: units for node_id, units in left.items() if units > 0}

    def fullest(self, product_id: Hashable) -> Decimal:
        """The most units that any node has."""
        if product_id not in self._fullest:
            self._fullest[product_id] = max(self.all_stock(product_id).values(), default=ZERO)
        return self._fullest[product_id]

    def markdown_lost(self, node_id: Hashable, product_id: Hashable) -> Decimal:
        """Money lost by shipping a unit from here and not from where it would lose most value; never below zero."""
        markdown = self.view.snapshot.markdown
        if not markdown:
            return ZERO
        if product_id not in self._steepest:
            shelf = self.all_stock(product_id)
            self._steepest[product_id] = max((markdown.get((id_, product_id), ZERO) for id_ in shelf), default=ZERO)
        return max(ZERO, self._steepest[product_id] - markdown.get((node_id, product_id), ZERO))

    def site(self, node: Node) -> Site:
        """The node with what it may give of this order, and no more than is wanted."""
        stock = []
        used: dict[Hashable, Decimal] = {}  # by the kits before, and by what is in them
        for product_id, wanted in self.wanted.items():
            units = self.all_stock(product_id).get(node.id)
            if units is None:
                continue
            units = min(wanted, units - self.keeps_back(node.id, product_id))
            if self.recipes and units > 0:
                units = self._beside(node.id, product_id, units, used)
            stock.append((product_id, units))
        return Site(node, Quantities([one for one in stock if one[1] > 0]), self.distance(node))

    def _beside(
        self, node_id: Hashable, product_id: Hashable, units: Decimal, used: dict[Hashable, Decimal]
    ) -> Decimal:
        """What of so many units is there beside what is used already; that is then used, too."""
        recipe = self.recipes.get(product_id, ((product_id, None),))
        for part, needed in recipe:
            left = self.all_stock(part).get(node_id, ZERO) - self.keeps_back(node_id, part) - used.get(part, ZERO)
            units = max(ZERO, min(units, left if needed is None else left // needed))
        for part, needed in recipe:
            used[part] = used.get(part, ZERO) + (units if needed is None else units * needed)
        return units

    # --- carriers ----------------------------------------------------------------------------------------------------

    @cached_property
    def refuses(self) -> bool:
        """Whether any service from anywhere takes nothing, or not everything, of this order."""
        offers = list(chain.from_iterable(self.demand.offers.values()))
        return any(map(attrgetter("refusal"), offers)) or any(map(attrgetter("refusals"), offers))

    @cached_property
    def takes_all(self) -> bool:
        """Whether there is no service that is of no use, and none that takes only a part."""
        return self.deliver_by is None and not self.refuses

    def offers(self, node_id: Hashable) -> Sequence[Offer]:
        """The services that take something of this order from there, in time where the policy asks for that."""
        found = self._offers.get(node_id)
        if found is None:
            offers = self.demand.offers.get(node_id, ())
            if self.takes_all:
                return offers
            if self.deliver_by is None:
                found = [offer for offer in offers if not offer.refusal]
            else:
                found = [offer for offer in offers if not self.refusal(offer)]
            self._offers[node_id] = found
        return found

    def refusal(self, offer: Offer) -> str:
        """Why an offer is of no use; empty if it is."""
        if offer.refusal:
            return offer.refusal
        if self.deliver_by is not None:
            if offer.deliver_by is None:
                return f"{offer.name} does not say when it delivers, and a date was promised."
            if offer.deliver_by > self.deliver_by:
                return f"{offer.name} delivers on {offer.deliver_by:%Y-%m-%d}, promised for {self.deliver_by:%Y-%m-%d}."
            if self.is_too_late(offer):
                return f"{offer.name} left at {offer.ship_by:%Y-%m-%d %H:%M}."
        return ""

    def is_too_late(self, offer: Offer) -> bool:
        """Whether the moment at which the node must hand over has passed."""
        now = self.demand.now
        return offer.ship_by is not None and now is not None and offer.ship_by < now
