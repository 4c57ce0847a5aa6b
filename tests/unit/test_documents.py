from dataclasses import FrozenInstanceError, replace
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain.documents import (
    FATAL_PROBLEMS,
    QUANTITY_MAX,
    AddressDoc,
    CancelDoc,
    OrderDoc,
    OrderLineDoc,
    Problem,
    TaxDoc,
)

MOMENT = datetime(2026, 11, 5, 9, tzinfo=timezone.utc)
VAT = TaxDoc("1", "VAT", Decimal(20), Decimal("2.00"))
LINE = OrderLineDoc("1", "product", "Mug", Decimal(1), Decimal("10.00"), Decimal("12.00"), (VAT,), sku="MUG-BLUE")
ORDER = OrderDoc("7", "7", "open", "EUR", Decimal("12.00"), (LINE,), MOMENT, MOMENT)


def codes(document):
    return [problem.code for problem in document.problems()]


def test_an_order_that_is_all_right_has_no_problems():
    assert codes(ORDER) == []


def test_the_computed_total_is_lines_plus_taxes():
    discount = OrderLineDoc("2", "discount", "Thanks", Decimal(1), Decimal("-1.50"), Decimal("-1.50"))
    assert replace(ORDER, lines=(LINE, discount)).computed_total() == Decimal("10.50")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"external_id": ""}, "missing_id"),
        ({"status": "weird"}, "bad_status"),
        ({"currency": "Eur"}, "bad_currency"),
        ({"currency": ""}, "bad_currency"),
        ({"lines": (), "total": Decimal(0)}, "no_lines"),
        ({"lines": (replace(LINE, kind="gift"),)}, "bad_line"),
        ({"lines": (replace(LINE, quantity=Decimal(0)),)}, "bad_quantity"),
        ({"lines": (replace(LINE, quantity=Decimal(-1)),)}, "bad_quantity"),
        ({"lines": (replace(LINE, quantity=QUANTITY_MAX + 1),)}, "huge_quantity"),
        ({"total": Decimal("12.01")}, "total_mismatch"),
        ({"parse_problems": (Problem("odd", "Odd."),)}, "odd"),
    ],
)
def test_each_thing_that_is_wrong_has_its_code(change, code):
    assert codes(replace(ORDER, **change)) == [code]


def test_every_problem_is_a_sentence():
    wrong = replace(
        ORDER, external_id="", status="x", currency="x", total=Decimal(0), lines=(replace(LINE, quantity=0),)
    )
    for problem in wrong.problems():
        assert problem.message[0].isupper() or problem.message[0] == "“"
        assert problem.message.endswith(".")


def test_problems_of_money_and_quantity_only_hold_an_order():
    assert FATAL_PROBLEMS.isdisjoint({"total_mismatch", "huge_quantity", "bad_quantity", "unknown_status"})


def test_the_largest_quantity_is_still_an_order():
    assert codes(replace(ORDER, lines=(replace(LINE, quantity=QUANTITY_MAX),))) == []


def test_a_fee_may_have_no_quantity():
    fee = OrderLineDoc("2", "fee", "Gift wrap", Decimal(0), Decimal(0), Decimal(0))
    assert codes(replace(ORDER, lines=(LINE, fee))) == []


@pytest.mark.parametrize(
    ("address", "postal"),
    [
        (AddressDoc(street="12 rue X", city="Lyon", country_code="FR"), True),
        (AddressDoc(street="12 rue X", zip="69002", country_code="FR"), True),
        (AddressDoc(street="12 rue X", country_code="FR"), False),
        (AddressDoc(city="Lyon", zip="69002", country_code="FR"), False),
        (AddressDoc(street="12 rue X", city="Lyon"), False),
        (AddressDoc(), False),
    ],
)
def test_a_parcel_needs_a_street_a_town_and_a_country(address, postal):
    assert address.is_postal() is postal


def test_an_address_is_empty_only_without_a_single_field():
    assert AddressDoc().is_empty()
    assert not AddressDoc(phone="1").is_empty()


def test_a_deletion_names_its_order():
    assert codes(CancelDoc("7")) == []
    assert codes(CancelDoc("")) == ["missing_id"]


def test_documents_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        ORDER.total = Decimal(0)
