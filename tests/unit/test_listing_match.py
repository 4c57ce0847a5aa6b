"""CAP-12, CAP-14: a listing is matched with exactly one product, or with none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain.carriers import suggest_carrier
from odoo.addons.oms_channels.domain.codes import Code, tax_code
from odoo.addons.oms_channels.domain.listing_match import Guesses, Known, Offer, Product, match, pack_in_title
from odoo.addons.oms_core.domain.documents import TaxDoc
from odoo.addons.oms_core.domain.quantities import complete_packs

NOTHING = Known({}, {}, {})
EVERYTHING = Known({"A": [(1, 6)]}, {"A": [2]}, {"400": [(3, 1)]})


class TestMatch:
    def test_what_a_person_chose_before_counts_more_than_the_sku(self):
        found = match(Offer("A", "400"), EVERYTHING)
        assert (found.code, found.product, found.pack) == ("earlier", 1, 6)

    def test_where_people_chose_two_products_for_one_sku_a_person_is_asked_again(self):
        found = match(Offer("A"), Known({"A": [(2, 6), (1, 1)]}, {"A": [5]}, {}))
        assert (found.code, found.product, found.candidates) == ("ambiguous", 0, (1, 2))

    def test_the_sku_counts_more_than_the_barcode(self):
        found = match(Offer("B", "400"), Known({}, {"B": [2]}, {"400": [(3, 1)]}))
        assert (found.code, found.product) == ("sku", 2)

    def test_without_a_sku_the_barcode_tells(self):
        assert match(Offer("", "400"), EVERYTHING).product == 3
        assert match(Offer("unknown", "400"), EVERYTHING).product == 3

    def test_the_barcode_of_a_pack_tells_how_many_are_in_it(self):
        found = match(Offer("", "4006"), Known({}, {}, {"4006": [(7, 12)]}))
        assert (found.code, found.product, found.pack) == ("pack_barcode", 7, 12)

    def test_of_two_products_with_one_sku_the_barcode_tells_which(self):
        known = Known({}, {"A": [1, 2]}, {"400": [(2, 1)]})
        assert match(Offer("A", "400"), known).product == 2

    def test_of_two_products_with_one_sku_a_third_one_is_not_taken_for_its_barcode(self):
        found = match(Offer("A", "400"), Known({}, {"A": [1, 2]}, {"400": [(3, 1)]}))
        assert (found.code, found.product, found.candidates) == ("ambiguous", 0, (1, 2))

    def test_an_empty_sku_matches_nothing(self):
        known = Known({"": [(1, 1)]}, {"": [2]}, {"": [(3, 1)]})
        assert match(Offer(), known).code == "none"

    def test_nothing_is_known_of_it(self):
        assert match(Offer("A", "1", "Mug"), NOTHING).code == "none"


class TestGuesses:
    @pytest.fixture
    def guesses(self):
        return Guesses(
            [
                Product(1, "MUG-RED", "Ceramic mug red"),
                Product(2, "MUG-BLUE", "Ceramic mug blue"),
                Product(3, "BEER", "Pilsner beer bottle"),
            ]
        )

    @pytest.mark.parametrize("sku", ["mugred", "MUG_RED", "00MUG red"])
    def test_a_sku_that_is_written_otherwise_is_proposed(self, guesses, sku):
        found = guesses.guess(Offer(sku))
        assert (found.code, found.proposed, found.product) == ("similar_sku", 1, 0)

    @pytest.mark.parametrize(("sku", "pack"), [("BEER-6PK", 6), ("BEERx24", 24), ("BEER-12er", 12)])
    def test_a_sku_with_an_ending_is_proposed_as_a_pack(self, guesses, sku, pack):
        found = guesses.guess(Offer(sku))
        assert (found.code, found.proposed, found.pack) == ("pack_sku", 3, pack)

    def test_a_similar_name_is_proposed_with_what_the_title_says_of_the_pack(self, guesses):
        found = guesses.guess(Offer(title="Beer bottle Pilsner, case of 24"))
        assert (found.code, found.proposed, found.pack) == ("name", 3, 24)
        assert found.sure == 70

    def test_of_several_alike_the_most_alike_is_proposed(self, guesses):
        assert guesses.guess(Offer(title="Blue ceramic mug")).proposed == 2

    def test_a_name_with_little_in_common_is_not_proposed(self, guesses):
        assert guesses.guess(Offer(title="A very special red garden hose for all seasons")).code == "none"

    def test_nothing_is_proposed_from_nothing(self):
        assert Guesses([]).guess(Offer("A", "", "Mug")).code == "none"


@pytest.mark.parametrize(
    ("title", "pack"),
    [
        ("Pack of 6", 6),
        ("6 pack", 6),
        ("Mug x2", 2),
        ("12 x Mug", 12),
        ("Box", 1),
        ("Lot de 3", 3),
        ("pack of 9999", 1),
    ],
)
def test_a_title_tells_how_many_are_in_a_pack(title, pack):
    assert pack_in_title(title) == pack


class TestPacks:
    @given(st.lists(st.integers(1, 50), max_size=8), st.integers(1, 30))
    def test_the_packs_of_all_parts_are_the_packs_of_the_whole(self, parts, size):
        total, told = 0, 0
        for part in parts:
            told += complete_packs(Decimal(part), size, Decimal(total))
            total += part
        assert told == total // size

    def test_what_is_sold_by_weight_stays_as_it_is(self):
        assert complete_packs(Decimal("0.35"), 1) == Decimal("0.35")


@pytest.mark.parametrize(
    ("code", "rate", "expected"),
    [("1", "20", "1 (20 %)"), ("VAT 20%", "20", "VAT 20%"), ("20", "20", "20 (20 %)"), ("", "5.50", "TVA (5.5 %)")],
)
def test_a_tax_is_known_by_its_code_and_its_rate(code, rate, expected):
    assert tax_code(TaxDoc(code, "TVA", Decimal(rate), Decimal(1))) == expected


@pytest.mark.parametrize(
    ("platform", "name", "code"),
    [
        ("shopify", "DHL Express worldwide", "DHL Express"),
        ("ebay", "DHL Express worldwide", "DHL"),
        ("amazon", "UPS Standard", "UPS"),
        ("magento", "GLS", ""),
        ("ebay", "Groups and cups", ""),
        ("manual", "DHL", ""),
    ],
)
def test_a_carrier_is_told_as_the_platform_calls_it(platform, name, code):
    assert suggest_carrier(platform, name)[0] == code


def test_a_code_with_two_names_is_one_code():
    assert len({Code("tax", "FR-20", "TVA"), Code("tax", "FR-20", "TVA of the shipping")}) == 1
