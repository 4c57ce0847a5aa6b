"""FUL-01, ORD-11: what a scan counts."""

from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain.scan import Meaning, Refusal, Wanted, count, read

MUG = Meaning(product_id="mug", label="Mug")


def line(id_, product, quantity, scanned=0, **values):
    return Wanted(id_, product, product.capitalize(), Decimal(quantity), Decimal(scanned), **values)


@pytest.mark.parametrize(
    ("text", "value", "lot"),
    [
        ("4006381333931", "4006381333931", ""),
        ("  SKU-1 ", "SKU-1", ""),
        ("01040063813339311012345", "4006381333931", "12345"),
        ("(01)04006381333931(17)270101(10)A7", "4006381333931", "A7"),
        ("]C1010400638133393110A7\x1d17270101", "4006381333931", "A7"),
        ("01040063813339311727010121S-9", "4006381333931", "S-9"),
        ("0104006381333931", "4006381333931", ""),
        ("01234567890128", "01234567890128", ""),
        ("01-SHIRT-M", "01-SHIRT-M", ""),
        ("010400638133393199??", "010400638133393199??", ""),
    ],
)
def test_codes_are_read_as_scanners_type_them(text, value, lot):
    code = read(text)
    assert (code.value, code.lot) == (value, lot)


def test_each_scan_counts_a_piece_where_one_is_missing():
    assert count(MUG, [line(1, "mug", 2, 2), line(2, "mug", 1)]) == {2: 1}


def test_a_packaging_counts_all_its_pieces_or_none():
    six = Meaning(product_id="mug", label="Mug", quantity=Decimal(6))
    assert count(six, [line(1, "mug", 4), line(2, "mug", 3)]) == {1: 4, 2: 2}
    assert count(six, [line(1, "mug", 5)]) == Refusal("too_many", "Mug")


def test_what_is_not_wanted_is_refused_by_name():
    assert count(MUG, [line(1, "pot", 1)]) == Refusal("wrong_product", "Mug")
    assert count(Meaning(label="123"), [line(1, "pot", 1)]) == Refusal("unknown", "123")


def test_a_tracked_product_is_counted_by_its_lot_only():
    lines = [line(1, "mug", 1, lot_id=7), line(2, "mug", 1, lot_id=8)]
    assert count(MUG, lines) == Refusal("lot_needed", "Mug")
    assert count(Meaning(product_id="mug", lot_id=8, label="B"), lines) == {2: 1}
    assert count(Meaning(product_id="mug", lot_id=9, label="C"), lines) == Refusal("wrong_lot", "C")
    assert count(Meaning(product_id="mug", by_lot=True, label="D"), lines) == Refusal("wrong_lot", "D")


def test_a_package_counts_all_that_is_taken_out_of_it():
    lines = [line(1, "mug", 3, 1, package_id=5), line(2, "pot", 1, package_id=5), line(3, "pot", 1)]
    assert count(Meaning(package_id=5, label="P"), lines) == {1: 2, 2: 1}
    assert count(Meaning(package_id=6, label="P6"), lines) == Refusal("wrong_package", "P6")
