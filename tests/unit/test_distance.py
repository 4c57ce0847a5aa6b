"""Distances, and the table of postal prefixes that is bundled for them."""

import csv
import re
from pathlib import Path

import pytest

from odoo.addons.oms_routing.domain.distance import basis, distance_km, haversine_km, locate, read_postal_table
from odoo.addons.oms_routing.domain.model import Node, Place

CSV_PATH = Path(__file__).parents[2] / "oms_routing/data/geo/postal_prefixes.csv"
LINES = CSV_PATH.read_text(encoding="utf-8").splitlines()
TABLE = read_postal_table(LINES)

EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
ALSO_EXPECTED = "CH IS LI NO GB US CA JP AU".split()


@pytest.mark.parametrize(
    ("start", "end", "expected_km", "tolerance_km"),
    [
        (("FR", "75001"), ("FR", "69001"), 392, 5),
        (("FR", "75001"), ("FR", "59000"), 204, 5),
        (("FR", "69001"), ("FR", "13001"), 278, 5),
        (("FR", "75001"), ("GB", "EC1A 1BB"), 344, 10),
        (("DE", "10115"), ("DE", "80331"), 504, 10),
        (("DE", "20095"), ("DE", "50667"), 357, 10),
        (("ES", "28001"), ("ES", "08001"), 505, 10),
        (("IT", "00184"), ("IT", "20121"), 477, 10),
        (("GB", "M1 1AE"), ("GB", "G1 1XQ"), 296, 15),
        (("NL", "1011"), ("BE", "1000"), 174, 25),
        (("AT", "1010"), ("CH", "8001"), 592, 25),
        (("US", "10001"), ("US", "90001"), 3940, 40),
        (("US", "94103"), ("US", "98101"), 1093, 25),
        (("CA", "M5V 2T6"), ("CA", "V6B 1A1"), 3360, 40),
        (("AU", "2000"), ("AU", "3000"), 713, 25),
        (("JP", "100-0001"), ("JP", "530-0001"), 400, 25),
    ],
)
def test_distances_between_towns_are_about_right(start, end, expected_km, tolerance_km):
    (lat_a, lon_a, _), (lat_b, lon_b, _) = locate(*start, TABLE), locate(*end, TABLE)
    assert haversine_km(lat_a, lon_a, lat_b, lon_b) == pytest.approx(expected_km, abs=tolerance_km)


def test_the_same_point_is_no_way_and_the_opposite_one_half_the_globe():
    assert haversine_km(48, 2, 48, 2) == 0
    assert haversine_km(90, 0, -90, 0) == pytest.approx(20015, abs=1)
    assert haversine_km(12, 34, -12, -146) == pytest.approx(20015, abs=1)


def test_distance_is_unknown_without_coordinates():
    lyon = Node(1, "Lyon", latitude=45.76, longitude=4.84)
    assert distance_km(lyon, Place()) is None
    assert distance_km(lyon, Place(45.76, None)) is None
    assert distance_km(lyon, Place(0.0, 0.0)) > 5000, "the equator is a known place"


def test_the_longest_prefix_wins():
    table = {("GB", ""): (53.0, -1.6), ("GB", "M"): (53.48, -2.25), ("GB", "ME"): (51.35, 0.55)}
    assert locate("gb", "me1 2ab", table) == (51.35, 0.55, "postal")
    assert locate("GB", "M1 2AB", table) == (53.48, -2.25, "postal")
    assert locate("GB", "ZZ9", table) == (53.0, -1.6, "country")
    assert locate("GB", "", table) == (53.0, -1.6, "country")
    assert locate("FR", "75001", table) is None


@pytest.mark.parametrize("bad", ["FR,75,91,2,x", "FR,75,48,181,x", "FR,75,48,2,x\nFR,75,48,2,x", "FR,75,north,2,x"])
def test_a_bad_table_is_refused(bad):
    with pytest.raises(ValueError):
        read_postal_table(["country,prefix,latitude,longitude,label", *bad.splitlines()])


def test_the_bundled_table_is_well_formed():
    rows = list(csv.reader(LINES))
    assert rows[0] == ["country", "prefix", "latitude", "longitude", "label"]
    for country, prefix, latitude, longitude, label in rows[1:]:
        assert re.fullmatch(r"[A-Z]{2}", country), country
        assert re.fullmatch(r"[A-Z0-9]*", prefix), prefix
        assert re.fullmatch(r"-?\d+\.\d\d", latitude) and re.fullmatch(r"-?\d+\.\d\d", longitude), (country, prefix)
        assert label.strip() == label != ""
    assert rows[1:] == sorted(rows[1:]), "keep the file sorted, so that changes are easy to read"


def test_the_bundled_table_knows_the_countries_that_shops_ship_to():
    countries = {country for country, prefix in TABLE if not prefix}
    assert countries >= {*EU, *ALSO_EXPECTED}
    assert len(countries) >= 60
    assert {country for country, _prefix in TABLE} == countries, "every country with areas has a middle as well"


def test_the_bundled_table_knows_every_french_department():
    missing = [number for number in range(1, 96) if ("FR", f"{number:02}") not in TABLE]
    assert not missing


#: Their areas lie across an ocean from the rest of the country.
OVERSEAS = ("FR97", "FR98", "US00", "US96", "US99", "ES35", "ES38", "PT9", "JP90")


def test_areas_lie_within_reach_of_their_country():
    """A swapped or mistyped coordinate would put a department into the sea."""
    reach_km = {"US": 2900, "CA": 3500, "AU": 3000, "JP": 1500, "NO": 1100, "SE": 800}
    for (country, prefix), point in TABLE.items():
        if not (country + prefix).startswith(OVERSEAS):
            assert haversine_km(*TABLE[country, ""], *point) < reach_km.get(country, 900), (country, prefix)


@pytest.mark.parametrize(
    ("precisions", "coarser"),
    [
        (("address", "address"), "address"),
        (("address", "postal"), "postal"),
        (("country", "postal"), "country"),
        (("address", ""), ""),
    ],
)
def test_a_distance_rests_on_the_coarser_of_the_two_places(precisions, coarser):
    assert basis(*precisions) == coarser
