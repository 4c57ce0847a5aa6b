"""ORD-02: what is certainly or very likely wrong about an address, and what mends it."""

import pytest

from odoo.addons.oms_core.domain.address import ZIP_PATTERNS, PostalAddress, check, suggest


def codes(po_box_ok=True, **values):
    return [problem.code for problem in check(PostalAddress(**values), po_box_ok)]


GOOD = [
    {"street": "1 rue de Rivoli", "zip": "75001", "city": "Paris", "country": "FR"},
    {"street": "Kirchweg 7a", "zip": "10115", "city": "Berlin", "country": "DE"},
    {"street": "10 Downing St", "zip": "sw1a 2aa", "city": "London", "country": "GB"},
    {"street": "1 Main St", "zip": "02139-1234", "city": "Cambridge", "state": "MA", "country": "US"},
    {"street": "111 Wellington", "zip": "K1A0A9", "city": "Ottawa", "state": "ON", "country": "CA"},
    {"street": "Somewhere", "zip": "whatever", "city": "Dubai", "country": "AE"},
    {"street": "The Cottage", "zip": "GU1 1AA", "city": "Guildford", "country": "GB"},
]


@pytest.mark.parametrize("address", GOOD, ids=lambda address: address["city"])
def test_a_good_address_has_no_problem(address):
    assert codes(**address) == []


@pytest.mark.parametrize("country", sorted(ZIP_PATTERNS))
def test_the_example_of_each_country_is_a_post_code_of_it(country):
    assert codes(street="1 Road", zip=ZIP_PATTERNS[country][1], country=country) == []


@pytest.mark.parametrize(
    ("country", "typed", "meant"),
    [
        ("US", "o2139", "02139"),
        ("US", "2139", "02139"),
        ("FR", "1000", "01000"),
        ("DE", "D-10115", "10115"),
        ("NL", "1011-AB", "1011AB"),
        ("PL", "00001", "00-001"),
        ("PT", "1000001", "1000-001"),
        ("FR", "7500", "07500"),
        ("FR", "", ""),
        ("DE", "101155", ""),
    ],
)
def test_a_slip_of_the_keyboard_is_mended_and_nothing_is_made_up(country, typed, meant):
    problems = check(PostalAddress(street="1 Road", zip=typed, country=country))
    assert [problem.code for problem in problems] == ["bad_zip"]
    assert suggest(problems).get("zip", "") == meant


def test_the_sentence_shows_what_was_typed_and_what_is_expected():
    (problem,) = check(PostalAddress(street="1 Road", zip="ABC", country="DE"))
    assert "“ABC”" in problem.sentence and "10115" in problem.sentence


def test_a_state_that_the_post_code_does_not_lie_in():
    (problem,) = check(PostalAddress(street="1 Road", zip="90210", state="NY", country="US"))
    assert problem.code == "state_mismatch" and "CA" in problem.sentence
    assert problem.suggestion == {}, "five states begin with a nine; which one it is only the customer knows"
    assert suggest(check(PostalAddress(street="1 Road", zip="V5K 0A1", state="ON", country="CA"))) == {"state": "BC"}


def test_a_street_without_a_number_where_houses_have_one():
    assert codes(street="rue de Rivoli", zip="75001", country="FR") == ["no_house_number"]
    assert codes(street="Résidence du Parc", street2="bâtiment 4", zip="75001", country="FR") == []


@pytest.mark.parametrize(
    "street", ["P.O. Box 12", "PO box 7", "Postfach 11 12", "BP 123", "Boîte postale 9", "Postbus 5"]
)
def test_a_post_office_box_matters_only_to_couriers(street):
    address = {"street": street, "zip": "75001", "country": "FR"}
    assert codes(**address) == []
    assert codes(po_box_ok=False, **address) == ["po_box"]


def test_a_street_that_only_sounds_like_a_box_is_none():
    assert codes(po_box_ok=False, street="12 Boxwood Lane", zip="75001", country="FR") == []
