"""FUL-06: logistics partners that write files."""

import csv
import json
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain.third_party import read
from odoo.addons.oms_core.domain.third_party_files import (
    ROWS_MAX,
    BadRow,
    read_file,
    safe_cell,
    write_bad_rows,
    write_messages,
)

TODAY = date(2026, 12, 5)


def taken(name, text, encoding="utf-8"):
    return read_file(name, text.encode(encoding), TODAY)


def said(file):
    return [json.loads(statement.body) for statement in file.statements]


SHIPMENT = "reference,sku,quantity,tracking,lot,final\n"


def test_rows_of_a_delivery_are_one_message_with_its_parcels():
    file = taken("shipment-1.csv", SHIPMENT + "OUT/1,A,1,T1,L,\nOUT/2,A,1,,,\nOUT/1,B,2.5,T2,,yes\n")
    assert not file.bad
    first, second = (read(statement.body) for statement in file.statements)
    assert (first.reference, first.final, second.reference) == ("OUT/1", True, "OUT/2")
    assert [(parcel.tracking, parcel.lines[0].quantity) for parcel in first.parcels] == [
        ("T1", Decimal(1)),
        ("T2", Decimal("2.5")),
    ]
    assert first.parcels[0].lines[0].lot == "L"


def test_a_bad_row_stops_what_belongs_to_it_and_nothing_else():
    file = taken("shipment.csv", SHIPMENT + "OUT/1,A,1,,,\nOUT/1,B,-2,,,\nOUT/2,A,1,,,\n")
    assert [statement.reference for statement in file.statements] == ["OUT/2"]
    assert [bad.row for bad in file.bad] == [2, 3]
    assert "Waits for row 3" in file.bad[0].reason
    assert "“-2” is no quantity" in file.bad[1].reason


def test_a_corrected_file_says_the_good_rows_again_under_the_same_key():
    wrong = taken("shipment.csv", SHIPMENT + "OUT/1,A,1,,,\nOUT/2,A,x,,,\n")
    right = taken("shipment.csv", SHIPMENT + "OUT/2,A,1,,,\nOUT/1,A,1,,,\n")
    assert {statement.key for statement in wrong.statements} < {statement.key for statement in right.statements}


def test_two_shipments_that_say_the_same_differ_by_their_number():
    text = "reference;sku;quantity;message_id\nOUT/1;A;1;s1\nOUT/1;A;1;s2\n"
    assert [statement.key for statement in taken("shipment.csv", text).statements] == ["OUT/1:s1", "OUT/1:s2"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_programs_separate_as_they_like(delimiter, encoding):
    text = 'SKU|Quantity |Shelf\r\n"A"|"2"|x\r\n\r\n'.replace("|", delimiter)
    assert said(taken("STOCK.CSV", text, encoding))[0]["lines"] == [{"sku": "A", "quantity": "2"}]


@pytest.mark.parametrize(
    ("text", "quantity"), [("1,5", "1.5"), ("1.5", "1.5"), ("0,125", "0.125"), ("1234.567", "1234.567"), ("0", "0")]
)
def test_decimals_have_a_point_or_a_comma(text, quantity):
    assert said(taken("stock.csv", f"sku;quantity\nA;{text}\n"))[0]["lines"][0]["quantity"] == quantity


@pytest.mark.parametrize("text", ["1.000", "1,234", "1.234,5", "1 000", "", "-1", "+1", "1e3", "NaN", "٣", "1."])
def test_what_may_mean_two_things_is_asked_back(text):
    file = taken("stock.csv", f"sku;quantity\nA;{text}\n")
    assert (file.statements, [bad.row for bad in file.bad]) == ((), [2])


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("orders.csv", b"sku,quantity\nA,1\n", "does not begin with"),
        ("stock.csv", b"", "empty"),
        ("stock.csv", b"sku,quantity\n", "no rows"),
        ("stock.csv", b"sku,amount\nA,1\n", "columns quantity are missing"),
        ("stock.csv", b"sku,sku,quantity\nA,A,1\n", "twice"),
        ("stock.csv", "sku,quantity\né,1\n".encode("cp1252"), "UTF-8"),
        ("stock.csv", "sku,quantity\nA,1\n".encode("utf-16"), "UTF-8"),
        ("stock.csv", b"sku,quantity\nA\0,1\n", "no text file"),
        ("stock.csv", b'sku,quantity\n"A,1\n', "quotation mark"),
        ("stock.csv", b"sku,quantity\n" + b"A,1\n" * (ROWS_MAX + 1), "Split it"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_says_so(name, data, reason):
    file = read_file(name, data, TODAY)
    assert (file.statements, len(file.bad), file.bad[0].row) == ((), 1, 0)
    assert reason in file.bad[0].reason


def test_cells_that_slipped_are_not_guessed():
    file = taken("stock.csv", "sku,quantity\nA,1,5\nB,1\n")
    assert [(bad.row, bad.reason[:7]) for bad in file.bad] == [(2, "3 cells")]
    assert said(file)[0]["lines"] == [{"sku": "B", "quantity": "1"}]


def test_the_same_stock_list_tells_something_new_tomorrow():
    text = b"sku,quantity\nA,1\n"
    today, tomorrow = (read_file("stock.csv", text, date(2026, 12, day)).statements[0].key for day in (5, 6))
    assert today != tomorrow
    told = b"sku,quantity,at\nA,1,2026-12-05T04:00:00Z\nB,1,yesterday\n"
    file = read_file("stock.csv", told, TODAY)
    assert len(file.statements) == 1
    assert "“at”" in file.bad[0].reason


def test_parcels_without_a_paper_are_told_one_by_one():
    file = taken("return.csv", "reference,sku,quantity,note\n,A,1,Durand\n,A,1,Dupont\nOUT/1,A,1,\nOUT/1,B,1,torn\n")
    assert [message["note"] for message in said(file)] == ["Durand", "Dupont", "torn"]
    assert len({statement.key for statement in file.statements}) == 3
    twice = taken("return.csv", "reference,sku,quantity\n,A,1\n,A,1\n")
    assert len({statement.key for statement in twice.statements}) == 2


ORDER = {
    "message_id": "order-1",
    "type": "order",
    "reference": "OUT/1",
    "ship_by": False,
    "address": {"name": "=cmd()", "phone": "+33 1 23", "city": "Lyon; Rhône"},
    "lines": [
        {"line": 7, "sku": "-A", "name": "Mug", "quantity": 2.0},
        {"line": 8, "sku": "B", "name": "", "quantity": 1},
    ],
}


def test_an_order_is_a_row_for_each_line_and_no_cell_a_formula():
    rows = list(csv.DictReader(write_messages([ORDER]).decode("utf-8-sig").splitlines(), delimiter=";"))
    assert [(row["line"], row["sku"], row["quantity"]) for row in rows] == [("7", "'-A", "2"), ("8", "B", "1")]
    assert (rows[0]["name"], rows[0]["phone"], rows[0]["city"]) == ("'=cmd()", "0033 1 23", "Lyon; Rhône")
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_a_sku_comes_back_as_it_was_told():
    assert said(taken("stock.csv", f"sku,quantity\n{safe_cell('-A')},1\n"))[0]["lines"][0]["sku"] == "-A"


def test_what_is_wrong_can_be_opened_without_harm():
    text = write_bad_rows([BadRow(0, "x"), BadRow(3, "=1+1")]).decode("utf-8-sig")
    assert text.splitlines() == ["row;reason", "file;x", "3;'=1+1"]
