"""SHP-03, TRD-04, RTE-08: what carriers offer from each node: price, days, refusals, carbon."""

from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain.rate_shopping import Limits
from odoo.addons.oms_core.domain.rates import Card, Price, Zone, price
from odoo.addons.oms_core.domain.service_clock import Opening
from odoo.addons.oms_routing.domain.carbon import Factors
from odoo.addons.oms_routing.domain.offers import OfferBook, Origin, Quote, Service, Target, Wanted, leaves
from odoo.addons.oms_routing.domain.transit import Learned

D = Decimal
PARIS_HOURS = {day: ((9.0, 18.0),) for day in range(5)}
OPENING = Opening("Europe/Paris", PARIS_HOURS)
FRANCE = Zone("France", frozenset({"FR"}), ((D(2), D(6)), (D(5), D(9)), (D(30), D(20))), transit_days=2)
CORSICA = Zone("Corsica", frozenset({"FR"}), ((D(5), D(9)),), "20", "20", remote=True, transit_days=4)
CARD = Card("Parcel", "EUR", (FRANCE, CORSICA), rounding_kg=D("0.5"), fuel_percent=D(5), remote_surcharge=D(4))
VAN = Service("7", 7, "Van", cards=(CARD,), collected=16.0, mode="lorry", last_mile_km=D(10))
LYON = Origin("lyon", "Lyon", OPENING, hours=2.0, latitude=45.76, longitude=4.86)
TO_PARIS = Target("FR", "75001", latitude=48.86, longitude=2.35)
EUR = {"EUR": D(1)}
UK = Factors("2026", date(2026, 1, 1), {"lorry": D("127.15"), "van": D("786.06")})
FRIDAY = datetime(2026, 3, 6, 14, 0, tzinfo=timezone.utc)  # 15:00 in Paris
MUG = Wanted("mug", "Mug", D(2), D("0.6"), D(1000))


def utc(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=timezone.utc)


def at(day, hour):
    """A moment of an offer: in UTC without saying so."""
    return datetime(2026, 3, day, hour)


def offer(service=VAN, target=TO_PARIS, goods=(MUG,), origin=LYON, **values):
    values = {"now": FRIDAY, "exchange": EUR, "factors": UK} | values
    (found,) = OfferBook([service], **values).offers([origin], target, goods)[origin.node_id]
    return found


def test_the_worked_example_of_the_module():
    learned = {(7, None, None): Learned((7, None, None), 100, 3.0, 30.0)}
    found = offer(learned=learned)
    assert found.ship_by == at(9, 15)  # Monday, 16:00 in Paris
    assert found.deliver_by == at(11, 14)  # Wednesday noon in Paris and three hours
    assert found.deliver_late == at(12, 17)


def test_an_offer_asks_what_the_rate_card_asks():
    for kilograms in ("0.1", "0.5", "1.9", "2", "2.1", "4.8", "5", "17", "30"):
        kg = D(kilograms)
        steps = offer(goods=[Wanted("sand", "Sand", D(1), kg)]).tariff.steps
        asked = price(CARD, "FR", "75001", kg, (), FRIDAY.date())
        assert isinstance(asked, Price)
        assert next(amount for up_to, amount in steps if kg <= up_to) == asked.amount


def test_a_remote_address_costs_its_surcharge_and_takes_its_days():
    found = offer(target=replace(TO_PARIS, zip="20000"))
    assert found.tariff.steps[0] == (D(5), D("13.65"))
    assert found.deliver_by == at(13, 11)


def test_weights_are_rounded_up_before_they_are_looked_up():
    odd = replace(CARD, zones=(replace(FRANCE, steps=((D("2.2"), D(6)), (D(5), D(9)))),), fuel_percent=D(0))
    steps = offer(replace(VAN, cards=(odd,))).tariff.steps
    assert steps[0] == (D("2.0"), D("6.00"))  # 2.1 kg count 2.5
    assert price(odd, "FR", "75001", D("2.1")).amount == D(9)


def test_what_is_too_much_for_one_parcel_goes_in_several():
    found = offer(goods=[Wanted("sand", "Sand", D(70), D(1))])
    steps = dict(found.tariff.steps)
    assert steps[D(60)] == 2 * steps[D(30)]
    assert steps[D(65)] == 2 * steps[D(30)] + steps[D(5)]
    assert max(steps) >= 70


def test_light_and_large_goods_are_offered_by_their_room():
    bulky = replace(VAN, cards=(replace(CARD, divisor=D(5000)),))
    pillow = Wanted("pillow", "Pillow", D(10), D("0.5"), D(40_000))  # 5 kg on the scales, 80 by their room
    tariff = offer(bulky, goods=[pillow]).tariff
    assert tariff.divisor == D(5000)
    assert tariff.price(5_000_000, 400_000 * 10**12) == tariff.price(80_000_000, 0) is not None


def test_a_second_card_takes_what_is_too_heavy_for_the_first():
    pallet = Card("Pallet", "EUR", (Zone("Europe", frozenset(), ((D(500), D(80)),)),))
    steps = offer(replace(VAN, cards=(CARD, pallet))).tariff.steps
    assert steps[-1] == (D(500), D("80.00"))
    assert (D(30), D("21.00")) in steps


def test_a_card_in_another_currency_is_exchanged_and_without_a_rate_refused():
    service = replace(VAN, cards=(replace(CARD, currency="CHF"),))
    assert offer(service, exchange={"CHF": D("0.5")}).tariff.steps[0] == (D(2), D("3.15"))
    assert "exchange rate for CHF" in offer(service).refusal


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target("DE", "10115"), "has no zone for DE 10115"),
        (replace(TO_PARIS, method="express"), "not used for this way"),
        (replace(TO_PARIS, po_box=True), "post office boxes"),
        (Target("ES", "28001"), "Does not deliver to ES"),
    ],
)
def test_an_address_that_a_carrier_does_not_serve_is_refused_with_a_sentence(target, words):
    limits = Limits(countries=frozenset({"FR", "DE"}))
    assert words in offer(replace(VAN, methods=frozenset({"ship"}), limits=limits), target).refusal


def test_goods_that_a_carrier_does_not_take_are_refused_one_by_one():
    limits = Limits(max_kg=D(20), max_side_cm=D(100), max_girth_cm=D(200))
    goods = [
        MUG,
        Wanted("paint", "Paint", kg=D(1), dangerous=True),
        Wanted("anvil", "Anvil", kg=D(25)),
        Wanted("wardrobe", "Wardrobe", kg=D(9), cm3=D(1_100_000)),
    ]
    found = offer(replace(VAN, limits=limits), goods=goods)
    assert {product: sentence.split(";")[0] for product, sentence in found.refusals.items()} == {
        "paint": "Van does not carry dangerous goods like Paint.",
        "anvil": "Anvil has 25 kg",
        "wardrobe": "Wardrobe is too large for Van.",
    }
    assert max(up_to for up_to, _price in found.tariff.steps[:3]) == 20  # the carrier's limit ends the card


def test_an_order_that_names_its_carrier_gets_no_other():
    other = replace(VAN, id="8", carrier_id=8, name="Other")
    book = OfferBook([VAN, other], FRIDAY, exchange=EUR)
    found = book.offers([LYON], replace(TO_PARIS, only=frozenset({8})), [MUG])
    assert [one.service_id for one in found["lyon"]] == ["8"]


@pytest.mark.parametrize(
    ("now", "cut_off", "collected", "left"),
    [
        (utc(6, 10), None, 16.0, utc(6, 15)),  # packed at 13:00, collected at 16:00 the same day
        (utc(6, 14), None, 16.0, utc(9, 15)),  # packed at 17:00: the next collection is on Monday
        (utc(6, 10), 10.5, 16.0, utc(9, 15)),  # 11:00 is after the cut-off
        (utc(6, 10), None, None, utc(6, 12)),  # whenever it is ready
        (utc(7, 10), None, None, utc(9, 10)),  # Saturday: two hours from Monday, 9:00
        (utc(27, 10), None, 16.0, utc(27, 15)),
        (utc(28, 10), None, 16.0, utc(30, 14)),  # the clocks changed on the 29th: 16:00 is an hour earlier
    ],
)
def test_parcels_leave_in_the_hours_of_the_node_and_by_its_clock(now, cut_off, collected, left):
    assert leaves(now, replace(LYON, cut_off=cut_off), collected) == left


def test_a_holiday_of_the_node_is_no_day_to_send():
    closed = ((utc(9, 0), utc(10, 0)),)
    origin = replace(LYON, opening=Opening("Europe/Paris", PARIS_HOURS, closed))
    assert leaves(FRIDAY, origin, 16.0) == utc(10, 15)


def test_a_node_that_never_opens_sends_nothing():
    closed = ((utc(1, 0), datetime(2036, 1, 1, tzinfo=timezone.utc)),)
    found = offer(origin=replace(LYON, opening=Opening("UTC", PARIS_HOURS, closed)))
    assert "not open often enough" in found.refusal


def test_a_carrier_that_drives_on_saturdays_arrives_on_saturday():
    service = replace(VAN, working=frozenset(range(6)), closed=frozenset({date(2026, 3, 13)}))
    assert offer(service, now=utc(10, 10)).deliver_by == at(12, 11)
    assert offer(service, now=utc(12, 10)).deliver_by == at(16, 11)  # Friday is a holiday: Saturday, Monday


def test_days_are_those_of_the_place_that_sends_not_those_of_utc():
    """On a Friday evening in California it is Saturday in UTC; what left on Friday arrives on Monday all the same."""
    coast = Origin("la", "Los Angeles", Opening("America/Los_Angeles", PARIS_HOURS), hours=2.0)
    service = replace(VAN, cards=(replace(CARD, zones=(replace(FRANCE, transit_days=1),)),), collected=17.0)
    found = offer(service, now=utc(6, 19), origin=coast)  # 11:00 there
    assert found.ship_by == at(7, 1)  # 17:00 there
    assert (found.deliver_by, found.deliver_late) == (at(9, 19), at(10, 19))  # noon there, the clocks are changed
    holiday = replace(service, closed=frozenset({date(2026, 3, 10)}))
    assert offer(holiday, now=utc(9, 18), origin=coast).deliver_by == at(11, 19)  # it leaves on Tuesday in UTC only


def test_places_with_one_clock_share_what_was_reckoned():
    origins = [replace(LYON, node_id=number) for number in range(200)]
    book = OfferBook([VAN], FRIDAY, exchange=EUR)
    found = book.offers(origins, TO_PARIS, [MUG])
    assert {offers[0].deliver_by for offers in found.values()} == {at(11, 11)}
    assert len(book._own_days) == 2  # when it is expected, and a day later


def test_what_leaves_at_one_moment_from_places_with_two_clocks_arrives_by_the_clock_of_each():
    places = [replace(LYON, node_id=zone, opening=Opening(zone)) for zone in ("Europe/Paris", "America/Los_Angeles")]
    handed_in = replace(VAN, collected=None)
    found = OfferBook([handed_in], FRIDAY, exchange=EUR).offers(places, TO_PARIS, [MUG])
    assert [offers[0].ship_by for offers in found.values()] == [at(6, 16)] * 2
    assert [offers[0].deliver_by for offers in found.values()] == [at(10, 11), at(10, 19)]


def test_where_nothing_was_learned_a_day_more_is_promised():
    found = offer()
    assert (found.deliver_by, found.deliver_late) == (at(11, 11), at(12, 11))


def test_what_a_carrier_is_never_is_earlier_than_it_leaves():
    learned = {(7, None, None): Learned((7, None, None), 100, -300.0, -200.0)}
    found = offer(learned=learned)
    assert found.ship_by <= found.deliver_by <= found.deliver_late


def test_a_carrier_without_days_promises_none():
    service = replace(VAN, cards=(), quotes=(Quote("lyon", "FR", "75001", D(5), D(7), utc(30, 0)),))
    found = offer(service)
    assert (found.refusal, found.deliver_by, found.deliver_late) == ("", None, None)


def test_a_carrier_without_a_card_offers_what_it_quoted_for_this_way_and_weight():
    quotes = tuple(
        Quote("lyon", "FR", "75 001", D(kg), D(amount), utc(day, 0), days=1)
        for kg, amount, day in ((1, 7, 30), (5, 6, 30), (9, 12, 30), (20, 1, 2))
    )
    service = replace(VAN, cards=(), quotes=quotes)
    found = offer(service)
    assert found.tariff.steps[:3] == ((D(1), D(7)), (D(5), D(7)), (D(9), D(12)))  # heavier is not cheaper; one ran out
    assert found.deliver_by == at(10, 11)
    assert "was not asked for this way" in offer(service, replace(TO_PARIS, zip="69003")).refusal
    assert "run out" in offer(service, now=datetime(2026, 5, 1, tzinfo=timezone.utc)).refusal


def test_an_offer_tells_what_each_kilogram_emits():
    assert round(offer().carbon_per_kg * 2, 1) == D("113.2")  # from Lyon to Paris
    assert offer(target=Target("FR", "75001")).carbon_per_kg == 0  # where is it?


def test_orders_to_the_same_code_share_one_tariff():
    book = OfferBook([VAN], FRIDAY, exchange=EUR)
    first, second = (book.offers([LYON], TO_PARIS, [MUG])["lyon"][0] for _order in range(2))
    assert first.tariff is second.tariff
