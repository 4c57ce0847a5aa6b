"""What the carriers offer from each node to one place: price by weight, when it leaves, when it arrives, what it emits. Pure.

An offer is made of what the hub knows already: rate cards (:mod:`oms_core.domain.rates`) or quotes that a carrier gave before,
the opening hours of the node (:mod:`oms_core.domain.service_clock`), delays that were learned (:mod:`.transit`) and emission
factors (:mod:`.carbon`). Worked example: an order of Friday 15:00, a node that packs in two hours, closes at 18:00 and sends
by a carrier that collects at 16:00: it leaves on Monday at 16:00, two working days later is Wednesday noon, and as this carrier
is usually three hours late and in one case of twenty thirty, it is expected on Wednesday 15:00 and promised for Thursday 18:00.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from odoo.addons.oms_core.domain import rates
from odoo.addons.oms_core.domain.rate_shopping import Limits, Need, number, refusal
from odoo.addons.oms_core.domain.service_clock import Opening, Promise, due

from .carbon import Factors, grams_per_kg
from .distance import distance_km
from .tariff import Offer, Tariff
from .transit import UNKNOWN_DAYS, Lane, Learned, expected, find

ZERO = Decimal(0)

#: A shipment of more parcels than these is freight, for which a rate card says nothing.
PARCELS_MAX = 25

#: A price that nobody may use: offers that are refused have none.
NO_TARIFF = Tariff(((Decimal(1), ZERO),))

THIRD = Decimal(1) / Decimal(3)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a carrier asked before for so many kilograms from a node to a place, in the company's currency."""

    node_id: Hashable
    country: str
    zip: str
    kg: Decimal
    price: Decimal
    valid_until: datetime
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One service of one carrier.

    :param methods: ways of delivery (``ship``, ``express``) that it is for.
    :param cards: its rate cards, in the order in which they are tried; ``quotes`` for a carrier without them.
    :param days: working days, where neither card nor quote says it.
    :param working: weekdays on which the carrier drives; ``closed``: dates on which it does not all the same.
    :param collected: local hour at which the node hands parcels over; ``None``: whenever they are ready.
    """

    id: str
    carrier_id: Hashable
    name: str
    methods: frozenset[str] = frozenset({"ship", "express"})
    limits: Limits = field(default_factory=Limits)
    cards: tuple[rates.Card, ...] = ()
    quotes: tuple[Quote, ...] = ()
    days: int | None = None
    working: frozenset[int] = frozenset(range(5))
    closed: frozenset[date] = frozenset()
    collected: float | None = None
    mode: str = ""
    last_mile_km: Decimal = ZERO
    problem: str = ""

    def quoted(self, id_: str, name: str, quotes: tuple[Quote, ...]) -> Service:
        """One of the services of a carrier without rate cards, by what it told before."""
        return replace(self, id=id_, name=f"{self.name}, {name}" if name else self.name, quotes=quotes)


@dataclass(frozen=True, slots=True)
class Origin:
    """A node as carriers see it.

    :param hours: open hours from the order until the parcel is ready.
    :param cut_off: local hour after which an order counts as one of the next open day.
    """

    node_id: Hashable
    name: str
    opening: Opening = field(default_factory=Opening)
    hours: float = 0.0
    cut_off: float | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One product of an order; weight and room are of one piece."""

    product_id: Hashable
    label: str
    quantity: Decimal = Decimal(1)
    kg: Decimal = ZERO
    cm3: Decimal = ZERO
    dangerous: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where an order goes, and how; ``only``: the carriers among which to choose, ``None``: all."""

    country: str
    zip: str = ""
    method: str = "ship"
    latitude: float | None = None
    longitude: float | None = None
    po_box: bool = False
    only: frozenset[Hashable] | None = None


class Terms(NamedTuple):
    """A price list to one place: the tariff, the name of the zone, the working days, the heaviest single parcel."""

    tariff: Tariff
    zone: str
    days: int | None
    parcel_kg: Decimal


class OfferBook:
    """All services and nodes, and what follows from them, reckoned once for many orders of the same moment."""

    def __init__(
        self,
        services: Iterable[Service],
        now: datetime,
        learned: Mapping[Lane, Learned] | None = None,
        factors: Factors | None = None,
        exchange: Mapping[str, Decimal] | None = None,
    ):
        """
        :param now: aware, in UTC.
        :param exchange: currency of a card → what one of it is in the company's currency.
        """
        self.services = tuple(services)
        self.now = now
        self.learned = learned or {}
        self.factors = factors
        self.exchange = exchange or {}
        self._lists: dict = {}
        self._leaves: dict = {}
        self._own_days: dict = {}
        self._arrives: dict = {}
        self._grams: dict = {}

    def offers(
        self, origins: Sequence[Origin], target: Target, goods: Sequence[Wanted]
    ) -> dict[Hashable, tuple[Offer, ...]]:
        """Node → what each service offers from there; those that are out of the question say why."""
        kg = sum((one.kg * one.quantity for one in goods), ZERO)
        cm3 = sum((one.cm3 * one.quantity for one in goods), ZERO)
        ways = {origin.node_id: distance_km(origin, target) for origin in origins}
        found: dict[Hashable, list[Offer]] = {origin.node_id: [] for origin in origins}
        for service in self.services:
            if target.only is not None and service.carrier_id not in target.only:
                continue
            problem, not_taken = whole_refusal(service, target), refusals(service, goods)
            counted = max(kg, *(cm3 / card.divisor for card in service.cards if card.divisor > 0), ZERO)
            shared = None if problem or service.quotes else self.terms(service, None, target, counted)
            for origin in origins:
                terms = shared or (None if problem else self.terms(service, origin.node_id, target, counted))
                if isinstance(terms, Terms):
                    offer = self._offer(service, origin, terms, ways[origin.node_id], not_taken)
                else:
                    offer = _refused(service, terms.sentence if terms else problem)
                found[origin.node_id].append(offer)
        return {node_id: tuple(offers) for node_id, offers in found.items()}

    def _offer(
        self, service: Service, origin: Origin, terms: Terms, way: float | None, not_taken: dict[Hashable, str]
    ) -> Offer:
        ship_by = self.leaves(origin, service.collected)
        if ship_by is None:
            return _refused(service, f"{origin.name} is not open often enough to send anything.")
        deliver_by, late = self.arrives(service, origin, terms.zone, ship_by, terms.days)
        return Offer(
            service_id=service.id,
            name=service.name,
            tariff=terms.tariff,
            ship_by=ship_by,
            deliver_by=deliver_by,
            deliver_late=late,
            carbon_per_kg=self._emits(service, way),
            refusals=not_taken,
        )

    def _emits(self, service: Service, way: float | None) -> Decimal:
        key = (service.mode, service.last_mile_km, way)
        if key not in self._grams:
            self._grams[key] = grams_per_kg(way, service.mode, service.last_mile_km, self.factors) or ZERO
        return self._grams[key]

    def terms(self, service: Service, node_id: Hashable, target: Target, kg: Decimal) -> Terms | rates.Refusal:
        """The prices of a service for up to so many kilograms; the same object for all addresses of one code."""
        node = node_id if service.quotes else None
        # Weights in powers of two: prices are made up to the next one, and shared by all orders below it.
        reach = Decimal(2) ** max(0, int(kg).bit_length())
        key = (service.id, node, target.country, rates.normal_zip(target.zip), reach)
        if key not in self._lists:
            found = (
                _by_quotes(service, node_id, target, self.now)
                if not service.cards
                else _by_cards(service, target, self.now.date(), self.exchange)
            )
            if isinstance(found, Terms):
                found = found._replace(tariff=_for_many(found.tariff, reach))
            self._lists[key] = found
        return self._lists[key]

    def leaves(self, origin: Origin, collected: float | None) -> datetime | None:
        """When a parcel of an order of this moment is handed over, in UTC without saying so, as Odoo keeps moments; ``None``:
        the node never opens so long."""
        # Places with the same hours share one opening, which is kept, so that nothing else gets its id.
        key = (id(origin.opening), origin.hours, origin.cut_off, collected)
        if key not in self._leaves:
            moment = leaves(self.now, origin, collected)
            self._leaves[key] = origin.opening, moment and moment.replace(tzinfo=None)
        return self._leaves[key][1]

    def arrives(
        self, service: Service, origin: Origin, zone: str, ship_by: datetime, days: int | None
    ) -> tuple[datetime | None, datetime | None]:
        """(when it is expected, when it is there all but surely); both ``None`` when nobody knows how long it takes."""
        if days is None:
            return None, None
        key = (service.id, origin.node_id, zone, ship_by, days)
        if key not in self._arrives:
            self._arrives[key] = self._arrive(service, origin, zone, ship_by, days)
        return self._arrives[key]

    def _arrive(
        self, service: Service, origin: Origin, zone: str, ship_by: datetime, days: int
    ) -> tuple[datetime, datetime]:
        day = max(ship_by, self._own_day(service, origin.opening.zone, ship_by, days))
        known = find(self.learned, (service.carrier_id, origin.node_id, zone))
        if known is None:
            return day, max(day, self._own_day(service, origin.opening.zone, ship_by, days + UNKNOWN_DAYS))
        usual = max(ship_by, day + timedelta(hours=known.usual))
        return usual, max(usual, day + timedelta(hours=known.late))

    def _own_day(self, service: Service, clock: str, ship_by: datetime, days: int) -> datetime:
        """:func:`expected`, reckoned once for all places with the same clock that send at the same moment."""
        key = (service.id, clock, ship_by, days)
        if key not in self._own_days:
            self._own_days[key] = expected(ship_by, days, service.working, service.closed, clock)
        return self._own_days[key]


def _refused(service: Service, sentence: str) -> Offer:
    return Offer(service.id, service.name, NO_TARIFF, refusal=sentence)


# --- refusing --------------------------------------------------------------------------------------------------------


def whole_refusal(service: Service, target: Target) -> str:
    """Why a service takes nothing of an order, whatever the goods; empty if it may."""
    if service.problem:
        return service.problem
    if target.method not in service.methods:
        return f"{service.name} is not used for this way of delivery."
    refused = refusal(Need(target.country, (), po_box=target.po_box), service.limits)
    return refused[1] if refused else ""


def refusals(service: Service, goods: Iterable[Wanted]) -> dict[Hashable, str]:
    """Products that a service does not take, each with a sentence."""
    limits, found = service.limits, {}
    for one in goods:
        if one.dangerous and not limits.dangerous:
            found[one.product_id] = f"{service.name} does not carry dangerous goods like {one.label}."
        elif limits.max_kg and one.kg > limits.max_kg:
            found[one.product_id] = (
                f"{one.label} has {number(one.kg)} kg; {service.name} takes {number(limits.max_kg)} kg."
            )
        elif _is_too_large(one.cm3, limits):
            found[one.product_id] = f"{one.label} is too large for {service.name}."
    return found


def _is_too_large(cm3: Decimal, limits: Limits) -> bool:
    """Whether something of this room is too long in any shape: a cube has the shortest side, and no box with a given room has a
    smaller length and girth than three times the cube root of four times the room."""
    if not cm3:
        return False
    if limits.max_side_cm and cm3**THIRD > limits.max_side_cm:
        return True
    return bool(limits.max_girth_cm) and 3 * (4 * cm3) ** THIRD > limits.max_girth_cm


# --- pricing ---------------------------------------------------------------------------------------------------------


def _by_cards(service: Service, target: Target, on: date, exchange: Mapping[str, Decimal]) -> Terms | rates.Refusal:
    """The steps of the first card that reaches so far, then those of the next, which takes heavier parcels."""
    steps: list[tuple[Decimal, Decimal]] = []
    zone_name, days, divisor, refused = "", None, ZERO, None
    for card in service.cards:
        found = _card_steps(card, target, on, service.limits.max_kg)
        if isinstance(found, rates.Refusal):
            refused = found if refused is None or refused.code == "not_effective" else refused
            continue
        if card.currency not in exchange:
            refused = rates.Refusal("currency", f"There is no exchange rate for {card.currency} of “{card.name}”.")
            continue
        zone, of_card = found
        reached = steps[-1][0] if steps else ZERO
        steps += [(up_to, amount * exchange[card.currency]) for up_to, amount in of_card if up_to > reached]
        if not zone_name:
            zone_name, days, divisor = zone.name, zone.transit_days, card.divisor
    if not steps:
        return refused or rates.Refusal("no_card", f"{service.name} has no rate card.")
    return Terms(Tariff(tuple(steps), divisor), zone_name, days if days is not None else service.days, steps[-1][0])


def _card_steps(
    card: rates.Card, target: Target, on: date, max_kg: Decimal
) -> tuple[rates.Zone, list[tuple[Decimal, Decimal]]] | rates.Refusal:
    """What a card asks up to which weight on the scales, with all surcharges."""
    zone = rates.find_zone(card, target.country, target.zip)
    limits = sorted({_on_scales(card, up_to) for up_to, _amount in zone.steps}) if zone else []
    if max_kg:
        limits = sorted({min(limit, max_kg) for limit in limits})
    steps = []
    for limit in limits:
        if limit > 0:
            price = rates.price(card, target.country, target.zip, limit, (), on)
            if isinstance(price, rates.Refusal):
                return price
            steps.append((limit, price.amount))
    if not steps:
        refused = rates.price(card, target.country, target.zip, Decimal(1), (), on)
        code = "no_zone" if zone is None else "no_card"
        sentence = f"“{card.name}” has no prices for this address."
        return refused if isinstance(refused, rates.Refusal) else rates.Refusal(code, sentence)
    return zone, steps


def _on_scales(card: rates.Card, up_to: Decimal) -> Decimal:
    """The heaviest parcel that is still charged as this step, as weights are rounded up before they are looked up."""
    if card.rounding_kg <= 0:
        return up_to
    return (up_to / card.rounding_kg).to_integral_value(ROUND_FLOOR) * card.rounding_kg


def _by_quotes(service: Service, node_id: Hashable, target: Target, now: datetime) -> Terms | rates.Refusal:
    """Prices that the carrier gave before for this way: a heavier one never below a lighter one."""
    code = rates.normal_zip(target.zip)
    of_way = [
        quote
        for quote in service.quotes
        if quote.node_id == node_id and quote.country == target.country and rates.normal_zip(quote.zip) == code
    ]
    valid = sorted((quote for quote in of_way if quote.valid_until >= now and quote.kg > 0), key=lambda quote: quote.kg)
    if not valid:
        what = "The quotes for this way have run out" if of_way else f"{service.name} was not asked for this way yet"
        return rates.Refusal("no_quote", f"{what}. Compare rates to ask it.")
    steps: dict[Decimal, Decimal] = {}
    highest = ZERO
    for quote in valid:
        highest = max(highest, quote.price)
        steps[quote.kg] = highest
    days = max((quote.days for quote in valid if quote.days is not None), default=service.days)
    return Terms(Tariff(tuple(steps.items())), target.country, days, valid[-1].kg)


def _for_many(tariff: Tariff, kg: Decimal) -> Tariff:
    """The tariff carried on beyond one parcel: so many full ones and one with the rest."""
    top, top_price = tariff.steps[-1]
    if kg <= top:
        return tariff
    full = min(PARCELS_MAX - 1, int(-(-kg // top)) - 1)
    steps = dict(tariff.steps)
    for parcels in range(1, full + 1):
        before = parcels * top
        steps |= {before + up_to: parcels * top_price + price for up_to, price in tariff.steps}
    return Tariff(tuple(steps.items()), tariff.divisor)


# --- leaving ---------------------------------------------------------------------------------------------------------


def leaves(now: datetime, origin: Origin, collected: float | None) -> datetime | None:
    """When what is ordered now is handed over: packed in opening hours, then with the next collection."""
    ready, _deliver = due(now, Promise(origin.hours, cut_off=origin.cut_off), origin.opening)
    if ready is None or collected is None:
        return ready
    for begin, _end in origin.opening.spans(ready - timedelta(days=1)):
        moment = origin.opening.at_hour(begin, collected)
        if moment >= ready:
            return moment
    return None
