"""What a shipment costs: the carrier by weight, customs, picking, packing, splitting, lateness, markdown, carbon, rejection.

All is counted in whole trillionths (of money, of a kilogram, of a gram), converted from ``Decimal`` once, so that sums are
exact and fast. Worked example: 1.2 kg at 6.00 up to 2 kg, packing 0.80, two units at 0.15 for picking:
6.00 + 0.80 + 0.30 = 7.10.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from odoo.addons.oms_core.domain.quantities import ZERO

from .look import Look
from .millionths import to_millionths
from .model import Item, Node
from .objectives import UNKNOWN
from .policy import Prices
from .tariff import Offer, Tariff

UNIT = 1_000_000  #: millionths
TEN_UNITS = 10 * UNIT * UNIT
ONE = Decimal(1)


class Lot(NamedTuple):
    """Goods of an order that are placed together: a product, or several that may not be parted.

    :param needs: (place of the product in the order, millionths of units).
    :param takes: the same with what the kits among it are made of, each product once.
    :param quantity: millionths of units, all together; ``weight``, ``volume``, ``value`` are of all in trillionths.
    """

    needs: tuple[tuple[int, int], ...]
    quantity: int
    divisible: bool
    items: tuple[Item, ...]
    weight: int
    volume: int
    value: int
    takes: tuple[tuple[int, int], ...]

    def most(self, left: Callable[[int], int]) -> int:
        """How much of it can be had where so much is left of each product: all, whole kits, or what there is."""
        if self.divisible and len(self.takes) == 1:
            return min(self.quantity, left(self.takes[0][0]))
        if all(left(place) >= need for place, need in self.takes):
            return self.quantity
        if not self.divisible:
            return 0
        return min(left(place) * self.quantity // need for place, need in self.takes) // UNIT * UNIT


class Quote(NamedTuple):
    """One way to send a shipment from a node, in whole numbers.

    :param tariff: None without a carrier: any weight, all in ``fixed``.
    :param fixed: trillionths whatever is inside; ``per_weight`` trillionths per kilogram, ``duty`` millionths of the value.
    :param minutes: until it is delivered; ``carbon`` trillionths of grams, ``carbon_weight`` millionths per kilogram.
    :param refused: bits of the products that it does not take.
    """

    tariff: Tariff | None
    fixed: int
    per_weight: int
    duty: int
    minutes: int
    carbon: int
    carbon_weight: int
    refused: int
    offer: Offer | None

    @property
    def lowest(self) -> int:
        """No shipment costs less."""
        return self.fixed + (min(self.tariff.prices) * UNIT if self.tariff else 0)

    def money(self, grams: int, volume: int, worth: int) -> int | None:
        """Trillionths that the service costs; None if the shipment is too heavy for it."""
        carrier = self.tariff.price(grams, volume) if self.tariff else 0
        if carrier is None:
            return None
        return carrier * UNIT + self.fixed + self.per_weight * grams // UNIT + self.duty * worth


class Handling(NamedTuple):
    """What a node adds whatever the service: trillionths for a shipment and per lot, millionths per unit of a lot."""

    fixed: int
    per_lot: tuple[int, ...]
    per_unit: tuple[int, ...]


def lot_of(
    items: Sequence[Item],
    places: dict[Hashable, int],
    *,
    divisible: bool,
    recipes: Mapping[Hashable, Sequence[tuple[Hashable, Decimal]]],
) -> Lot:
    """The items as one lot."""
    needs: dict[int, int] = {}
    parts: dict[int, int] = {}
    weight = volume = value = 0
    for item in items:
        place, units = places[item.product_id], to_millionths(item.quantity)
        needs[place] = needs.get(place, 0) + max(1, units)
        for part, needed in recipes.get(item.product_id, ()):
            parts[places[part]] = parts.get(places[part], 0) + max(1, to_millionths(needed * item.quantity))
        weight += to_millionths(item.weight) * units
        volume += to_millionths(item.volume) * units
        value += to_millionths(item.value) * units
    takes = {place: needs.get(place, 0) + parts.get(place, 0) for place in {**needs, **parts}} if parts else needs
    return Lot(
        needs=tuple(needs.items()),
        quantity=sum(needs.values()),
        divisible=divisible,
        items=tuple(items),
        weight=weight,
        volume=volume,
        value=value,
        takes=tuple(takes.items()),
    )


def days_late(offer: Offer, promised: datetime | None) -> int:
    """Begun days between the promise and the expected delivery; zero where nothing was promised or nothing is known."""
    if promised is None or offer.deliver_by is None or offer.deliver_by <= promised:
        return 0
    late = offer.deliver_by - promised
    return late.days + (late.seconds > 0 or late.microseconds > 0)


class Rejections(dict[Decimal, int]):
    """Chance → what a shipment that may come back costs, weighed with how probable that is; trillionths."""

    def __init__(self, price: Decimal):
        super().__init__()
        self.price = price

    def __missing__(self, chance: Decimal) -> int:
        found = self[chance] = to_millionths(self.price * chance) * UNIT
        return found


class Coster:
    """Costs of one order, for the search in whole numbers and for people in ``Decimal`` by component."""

    def __init__(self, look: Look, prices: Prices, lots: Sequence[Lot], products: Sequence[Hashable]):
        self.look, self.prices, self.lots, self.products = look, prices, lots, products
        demand = look.demand
        self.start = demand.now or demand.ordered_at
        if self.start is None:
            moments = [offer.deliver_by for offers in demand.offers.values() for offer in offers if offer.deliver_by]
            self.start = min(moments, default=None)
        self.split = to_millionths(prices.split) * UNIT
        self.line_split = to_millionths(prices.line_split) * UNIT
        self.late_day = to_millionths(prices.late_day) * UNIT
        self.rejections = Rejections(prices.reject)
        self.tonne = to_millionths(prices.carbon_tonne)
        self.line_counts = [len(lot.items) for lot in lots]
        snapshot = look.view.snapshot
        self.varies_by_product = bool(snapshot.markdown or (snapshot.risk and prices.reject))
        self.places = {product_id: place for place, product_id in enumerate(products)}

    # --- converting ---------------------------------------------------------------------------------------------------

    def quotes(self, node: Node) -> list[Quote]:
        """Every way to send something of this order from the node; without a carrier, what the policy says it costs."""
        quotes = [self._quote(offer) for offer in self.look.offers(node.id)]
        if not self.look.needs_carrier:
            quotes.append(self._without_carrier(node))
        return quotes

    def _without_carrier(self, node: Node) -> Quote:
        fixed = self.prices.parcel
        if self.prices.per_km:
            fixed += self.prices.per_km * Decimal(repr(self.look.distance(node) or 0.0))
        return Quote(None, to_millionths(fixed) * UNIT, 0, 0, UNKNOWN, UNKNOWN, 0, 0, None)

    def _quote(self, offer: Offer) -> Quote:
        demand = self.look.demand
        minutes = UNKNOWN
        if offer.deliver_by is not None:
            passed = offer.deliver_by - self.start
            minutes = max(0, passed.days * 1440 + passed.seconds // 60)
        fixed = to_millionths(offer.customs) * UNIT if offer.customs else 0
        if self.late_day:
            fixed += days_late(offer, demand.deliver_by) * self.late_day
        carbon = to_millionths(offer.carbon) if offer.carbon else 0
        carbon_weight = to_millionths(offer.carbon_per_kg) if offer.carbon_per_kg else 0
        refused = 0
        for product_id in offer.refusals:
            if product_id in self.places:
                refused |= 1 << self.places[product_id]
        return Quote(
            offer.tariff,
            fixed + carbon * self.tonne // UNIT,
            carbon_weight * self.tonne // UNIT,
            to_millionths(offer.duty) if offer.duty else 0,
            minutes,
            carbon * UNIT,
            carbon_weight,
            refused,
            offer,
        )

    def rate(self, node: Node) -> tuple[int, int, int]:
        """Trillionths for a shipment and for a line, millionths for a unit: what is the same for all products."""
        parcel, line, unit = node.costs.whole
        return parcel + self.split + self.rejections[node.p_reject], line, unit

    def rates(self, nodes: Iterable[Node]) -> list[tuple[int, int, int]]:
        """The :meth:`rate` of each node; written out, as there are hundreds."""
        split, rejections = self.split, self.rejections
        return [
            (parcel + split + rejections[chance], line, unit)
            for (parcel, line, unit), chance in [(node.costs.whole, node.p_reject) for node in nodes]
        ]

    def handling(self, node: Node) -> Handling:
        """What the node itself costs."""
        fixed, per_line, per_unit = self.rate(node)
        flat = [per_line * count for count in self.line_counts]
        units = [per_unit] * len(self.lots)
        if self.varies_by_product:
            for number, lot in enumerate(self.lots):
                units[number] += self._markdown(node.id, lot)
                flat[number] += self._risk(node.id, lot)
        return Handling(fixed, tuple(flat), tuple(units))

    def _markdown(self, node_id: Hashable, lot: Lot) -> int:
        """Millionths per unit, the mean over the products of the lot."""
        lost = sum(
            to_millionths(self.look.markdown_lost(node_id, self.products[place])) * need for place, need in lot.needs
        )
        return lost // lot.quantity

    def _risk(self, node_id: Hashable, lot: Lot) -> int:
        risk = self.look.view.snapshot.risk
        chance = sum((risk.get((node_id, self.products[place]), ZERO) for place, _need in lot.needs), ZERO)
        return self.rejections[chance]

    # --- telling ------------------------------------------------------------------------------------------------------

    def components(self, node: Node, quote: Quote, gives: dict[int, int]) -> dict[str, int]:
        """What a shipment costs by component, in trillionths; sums to what the search counted.

        :param gives: lot → millionths of units.
        """
        handling, offer = self.handling(node), quote.offer
        weight, volume, value, units = self.contents(gives)
        late = self.late_day * days_late(offer, self.look.demand.deliver_by) if offer and self.late_day else 0
        customs = (to_millionths(offer.customs) * UNIT if offer else 0) + quote.duty * (value // UNIT)
        grams = milligrams(weight)
        fixed_carbon = quote.carbon // UNIT * self.tonne // UNIT
        pick_unit = to_millionths(node.costs.pick_unit)
        pick_line = to_millionths(node.costs.pick_line) * UNIT
        risk = sum(self._risk(node.id, self.lots[lot]) for lot in gives) if self.look.view.snapshot.risk else 0
        carrier = quote.tariff.price(grams, volume) * UNIT if quote.tariff else quote.fixed
        found = {
            "carrier": carrier,
            "customs": customs,
            "pick": sum(pick_line * len(self.lots[lot].items) for lot in gives) + pick_unit * units,
            "pack": to_millionths(node.costs.pack_parcel) * UNIT,
            "late": late,
            "markdown": sum((handling.per_unit[lot] - pick_unit) * give for lot, give in gives.items()),
            "carbon": fixed_carbon + quote.per_weight * grams // UNIT if quote.tariff else 0,
            "reject": risk + self.rejections[node.p_reject],
        }
        return {component: amount for component, amount in found.items() if amount}

    def contents(self, gives: dict[int, int]) -> tuple[int, int, int, int]:
        """Weight, volume, value (trillionths) and units (millionths) of a shipment."""
        weight = volume = value = units = 0
        for number, give in gives.items():
            lot = self.lots[number]
            weight += lot.weight * give // lot.quantity
            volume += lot.volume * give // lot.quantity
            value += lot.value * give // lot.quantity
            units += give
        return weight, volume, value, units

    def carbon(self, quote: Quote, weight: int) -> Decimal:
        """Grams CO2e of a shipment; zero where nobody knows."""
        if quote.offer is None:
            return ZERO
        return exact(quote.carbon + quote.carbon_weight * milligrams(weight))


@lru_cache(maxsize=1 << 14)  # what picking, packing and parcels cost is the same in most orders
def exact(amount: int) -> Decimal:
    """Trillionths as they are written, without zeros at the end.

    >>> exact(7_100_000_000_000), exact(20_000_000_000_000)
    (Decimal('7.1'), Decimal('20'))
    """
    value = Decimal(amount).scaleb(-12).normalize()
    return value if amount % TEN_UNITS else value.quantize(ONE)


def milligrams(weight: int) -> int:
    """Trillionths of a kilogram as whole millionths, rounded up."""
    return -(-weight // UNIT)
