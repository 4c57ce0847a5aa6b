"""SHP-03, TRD-04: what a rate card asks, at its edges."""

from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain import rates
from odoo.addons.oms_core.domain.rates import Card, Price, Refusal, Zone

D = Decimal
STEPS = ((D(2), D(6)), (D(5), D(9)), (D("0.5"), D(4)))
FRANCE = Zone("France", frozenset({"FR"}), STEPS, transit_days=2)
CORSICA = Zone("Corsica", frozenset({"FR"}), STEPS, "20", "20", remote=True, transit_days=4)
PARIS = Zone("Paris", frozenset({"FR"}), STEPS, "750", "751")
ABROAD = Zone("Elsewhere", frozenset(), ((D(5), D(20)),))
CARD = Card("Parcel", "EUR", (FRANCE, CORSICA, PARIS, ABROAD), D(5000), D("0.5"), D(5), D(4))


def amount(weight, country="FR", code="69003", sides=(), card=CARD):
    found = rates.price(card, country, code, D(str(weight)), [D(side) for side in sides])
    return found.amount if isinstance(found, Price) else found.code


def test_the_worked_example_of_the_module():
    assert amount("1.2", code="75001", sides=(40, 30, 20)) == D("9.45")
    assert amount("1.2", code="20000", sides=(40, 30, 20)) == D("13.65")


@pytest.mark.parametrize(
    ("weight", "expected"),
    [("0.5", "4.20"), ("0.5000001", "6.30"), ("2", "6.30"), ("2.0001", "9.45"), ("5", "9.45"), ("5.001", "too_heavy")],
)
def test_a_step_holds_its_own_weight_and_not_a_gram_more(weight, expected):
    assert str(amount(weight)) == expected


def test_the_weight_is_rounded_up_and_never_down():
    assert rates.chargeable_kg(CARD, D("1.01"), ()) == D("1.5")
    assert rates.chargeable_kg(CARD, D("1.5"), ()) == D("1.5")
    assert rates.chargeable_kg(Card("", "EUR", ()), D("1.01"), ()) == D("1.01")


def test_room_counts_only_when_all_sides_are_known():
    assert rates.chargeable_kg(CARD, D(1), (D(100), D(100), D(0))) == D(1)
    assert rates.chargeable_kg(CARD, D(1), (D(50), D(50), D(10))) == D(5)


@pytest.mark.parametrize(
    ("country", "code", "zone"),
    [
        ("FR", "75001", "Paris"),
        ("FR", "75 199", "Paris"),
        ("FR", "75200", "France"),
        ("FR", "20137", "Corsica"),
        ("FR", "2", "France"),
        ("FR", "", "France"),
        ("DE", "20137", "Elsewhere"),
        ("", "", "Elsewhere"),
    ],
)
def test_the_most_specific_zone_counts(country, code, zone):
    assert rates.find_zone(CARD, country, code).name == zone


def test_an_address_outside_of_all_zones_is_named():
    refusal = rates.price(Card("Local", "EUR", (FRANCE,)), "DE", "10115", D(1))
    assert refusal == Refusal("no_zone", "“Local” has no zone for DE 10115.")


def test_a_parcel_without_weight_has_no_price():
    assert amount("0") == "no_weight"


def test_a_card_counts_from_its_first_to_its_last_day():
    card = Card("Autumn", "EUR", (FRANCE,), date_from=date(2026, 9, 1), date_to=date(2026, 11, 30))
    days = [date(2026, 8, 31), date(2026, 9, 1), date(2026, 11, 30), date(2026, 12, 1)]
    assert [isinstance(rates.price(card, "FR", "69003", D(1), on=day), Price) for day in days] == [
        False,
        True,
        True,
        False,
    ]


def test_the_first_effective_card_that_takes_the_parcel_is_used_and_the_reason_is_of_today():
    old = Card("Old", "EUR", (FRANCE,), date_to=date(2026, 10, 31))
    new = Card("New", "EUR", (FRANCE,), date_from=date(2026, 11, 1))
    today = date(2026, 11, 20)
    assert rates.best([old, new], "FR", "69003", D(1), (), today)[0] is new
    assert rates.best([old, new], "FR", "69003", D(50), (), today).code == "too_heavy"
    assert rates.best([], "FR", "69003", D(1), (), today).code == "no_card"


def test_prices_round_half_up_to_the_decimals_of_the_currency():
    card = Card("Yen", "JPY", (Zone("Japan", frozenset({"JP"}), ((D(1), D(1001)),)),), fuel_percent=D(5), decimals=0)
    assert amount(1, "JP", card=card) == D(1051)


# ---- Problems ----


def test_two_zones_of_the_same_width_that_meet_are_refused():
    one = Zone("North", frozenset({"FR"}), STEPS, "50", "62")
    two = Zone("West", frozenset({"FR"}), STEPS, "60", "70")
    assert "overlap" in rates.errors(Card("", "EUR", (one, two)))[0]
    apart = Zone("West", frozenset({"FR"}), STEPS, "63", "70")
    assert rates.errors(Card("", "EUR", (one, apart))) == []


def test_two_whole_countries_that_are_the_same_are_refused_and_a_narrow_zone_in_a_wide_one_is_not():
    assert rates.errors(Card("", "EUR", (FRANCE, Zone("France again", frozenset({"FR"}), STEPS))))
    assert rates.errors(CARD) == []


@pytest.mark.parametrize(
    "zone",
    [
        Zone("Backwards", frozenset({"FR"}), STEPS, "70", "60"),
        Zone("Twice", frozenset({"FR"}), ((D(1), D(2)), (D(1), D(3)))),
        Zone("Nothing", frozenset({"FR"}), ((D(0), D(2)),)),
        Zone("Gift", frozenset({"FR"}), ((D(1), D(-2)),)),
    ],
    ids=lambda zone: zone.name,
)
def test_a_zone_that_makes_no_sense_is_refused(zone):
    assert len(rates.errors(Card("", "EUR", (zone,)))) == 1


def test_gaps_are_told_but_do_not_stop_anybody():
    light = Zone("Islands", frozenset({"GP"}), ((D(2), D(12)),))
    empty = Zone("Moon", frozenset({"AQ"}), ())
    told = rates.gaps([Card("Parcel", "EUR", (FRANCE, light, empty))])
    assert told == [
        "Zone Islands of “Parcel” ends at 2 kg, others go up to 5 kg.",
        "Zone Moon of “Parcel” has no prices.",
    ]


def test_days_between_two_cards_are_a_gap():
    one = Card("One", "EUR", (FRANCE,), date_to=date(2026, 10, 31))
    two = Card("Two", "EUR", (FRANCE,), date_from=date(2026, 11, 3))
    assert rates.gaps([two, one]) == ["No rate card is valid from 2026-11-01 to 2026-11-02."]
    assert rates.gaps([one, Card("Two", "EUR", (FRANCE,), date_from=date(2026, 11, 1))]) == []
