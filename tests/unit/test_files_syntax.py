"""CAP-14: whatever bytes come as a file, it is read or refused with a sentence; what adds up is exact, what does not says so."""

import io
import zipfile
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain import edifact, table, x12
from odoo.addons.oms_channels.domain.table import Manner, Unreadable
from odoo.addons.oms_channels.platforms.files import acks, const, parse, sheet, split
from odoo.addons.oms_channels.platforms.files.facts import Settings
from odoo.addons.oms_channels.tests.contract import EXPECTED_SUFFIX, PAYLOADS, leaves
from odoo.addons.oms_core.domain.documents import OrderDoc

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
SETTINGS = Settings("f", NOW, currency="EUR", tax_rate="20")
FILES = [
    path.read_bytes()
    for path in sorted((PAYLOADS / "files" / "raw").glob("*/*"))
    if not path.name.endswith(EXPECTED_SUFFIX)
]
PIECES = (
    b"'",
    b"+",
    b"*",
    b"~",
    b";",
    b"\n",
    b'"',
    b"?",
    b"\0",
    b"UNA",
    b"UNB",
    b"ISA",
    b"UNZ",
    b"IEA",
    b"9" * 40,
    b"1e99",
    b"NaN",
)


def check(data):
    """What holds for every file."""
    file = split.read(data, SETTINGS)
    assert all(bad.reason for bad in file.bad)
    for piece in file.pieces:
        assert piece.number and len(piece.key.encode()) < 500
        document = parse.body(piece.kind, piece.body)
        assert not [leaf for leaf in leaves(document) if isinstance(leaf, float)]
        if isinstance(document, OrderDoc):
            assert document.computed_total() == document.total or document.problems()
    for interchange, refused in file.interchanges:
        acks.answer(interchange, refused)
        list(acks.answers(interchange))
    return file


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data):
    file = check(data)
    assert file.pieces or file.bad


@given(
    st.sampled_from((b"UNA:+.? '", b"UNB+UNOC:3+", b"ISA*00*", b"PK\x03\x04", b"order;sku;qty;price\r\n")),
    st.binary(max_size=400),
)
def test_any_bytes_that_begin_like_a_format_are_read_or_refused(start, data):
    check(start + data)


@given(st.sampled_from(FILES), st.integers(0, 10_000), st.integers(0, 30), st.sampled_from(PIECES))
def test_a_file_in_which_anything_was_replaced_is_read_or_refused(data, start, length, other):
    start %= len(data)
    check(data[:start] + other + data[start + length :])


@given(st.sampled_from(FILES), st.integers(0, 10_000))
def test_a_file_that_is_cut_off_anywhere_is_read_or_refused(data, end):
    check(data[: end % len(data)])


# ---- Numbers and dates ----


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_a_number_is_the_same_however_it_is_written(value):
    plain = f"{value:.2f}"
    grouped = f"{value:,.2f}"
    european = grouped.translate(str.maketrans(",.", ".,"))
    for text in (plain, grouped, european, f"€ {european}", f"{european} EUR", plain.replace(".", ",")):
        assert table.number(text) == value, text
    assert table.number(grouped.replace(",", " ")) == value


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3,4,5", "--1", "1e5", "NaN", "Infinity", "1/2", "٣", "9" * 16, "1,23,4"]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(Unreadable):
        table.number(text)


def test_what_could_be_two_numbers_is_asked_and_what_the_file_tells_is_believed():
    with pytest.raises(Unreadable, match="1234 or 1,234"):
        table.number("1,234")
    assert table.number("1,234", Manner(decimal=".")) == 1234
    assert table.number("1,234", Manner(decimal=",")) == Decimal("1.234")
    assert table.number("0.125") == Decimal("0.125")
    assert table.manner_of(["1,234", "1.234,50"], []).decimal == ","
    assert table.manner_of(["1,5", "1.5"], []).decimal == ""


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2060, 1, 1)))
def test_a_date_is_the_same_however_it_is_written(moment):
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=timezone.utc)
    assert table.moment(f"{moment:%Y-%m-%d}") == day
    assert table.moment(f"{moment:%d.%m.%Y}") == day
    assert table.moment(f"{moment:%d/%m/%Y}", Manner(dates="dmy")) == day
    assert table.moment(f"{moment:%m/%d/%y}", Manner(dates="mdy")) == day
    assert table.moment(f"{moment:%Y-%m-%dT%H:%M:%S}+00:00") == moment.replace(microsecond=0, tzinfo=timezone.utc)


# ---- Envelopes ----

WORDS = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f\x80\x81\x8d\x8f\x90\x9d\x85\xa0"),
    max_size=20,
)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=3), max_size=4))
def test_what_is_written_as_edifact_is_read_back(elements):
    body = [edifact.segment("FTX", "A", *elements)]
    data = edifact.write(("ORDERS", "D", "96A", "UN"), body, ("a", "14"), ("b", ""), 7, NOW)
    [interchange] = edifact.read(data)
    assert (interchange.fault, interchange.control, interchange.sender) == (None, "7", ("a", "14"))
    [message] = interchange.messages
    assert message.fault is None
    [segment] = message.segments
    for index, element in enumerate(elements, 1):
        for at, text in enumerate(element):
            assert segment.get(index, at) == text.strip()


@given(st.lists(WORDS, max_size=6))
def test_what_is_written_as_x12_is_read_back(elements):
    body = [x12.segment("MSG", "A", *elements)]
    data = x12.write("PO", "850", body, ("a", "ZZ"), ("b", ""), 7, NOW)
    [interchange] = x12.read(data)
    assert (interchange.fault, interchange.control, interchange.sender) == (None, "000000007", ("a", "ZZ"))
    [message] = interchange.messages
    assert (message.fault, message.kind, len(message.segments)) == (None, "850", 1)


def test_each_wrong_count_or_reference_is_found():
    path = PAYLOADS / "files" / "raw"
    good = (path / "edifact" / "d96a_eancom.edi").read_text("latin-1")
    for old, new, code in (("UNT+31+1", "UNT+30+1", "29"), ("UNT+31+1", "UNT+31+2", "28")):
        assert edifact.read(good.replace(old, new).encode("latin-1"))[0].messages[0].fault.code == code
    for old, new, code in (("UNZ+1+", "UNZ+2+", "29"), ("UNZ+1+4711", "UNZ+1+4712", "28"), ("UNZ+1+4711'", "", "13")):
        assert edifact.read(good.replace(old, new).encode("latin-1"))[0].fault.code == code
    good = (path / "x12" / "po_with_freight_and_total.x12").read_text()
    for old, new, code in (("SE*21*", "SE*20*", "4"), ("SE*21*0001", "SE*21*0002", "3")):
        assert x12.read(good.replace(old, new).encode())[0].messages[0].fault.code == code
    for old, new, code in (("GE*1*77", "GE*2*77", "5"), ("GE*1*77", "GE*1*78", "4")):
        assert x12.read(good.replace(old, new).encode())[0].groups[0].fault.code == code
    for old, new in (("IEA*1*", "IEA*2*"), ("IEA*1*000000077", "IEA*1*1")):
        assert x12.read(good.replace(old, new).encode())[0].fault


# ---- Excel ----


def archive(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return out.getvalue()


def test_an_excel_file_that_unpacks_to_more_than_anybody_means_is_refused():
    bomb = archive(**{"xl/worksheets/sheet1.xml": b"0" * (const.UNPACKED_MAX_BYTES + 1)})
    assert len(bomb) < 200_000
    [bad] = split.read(bomb, SETTINGS).bad
    assert "too large when it is unpacked" in bad.reason


def test_an_excel_file_that_declares_entities_is_refused():
    [bad] = split.read(
        archive(**{"xl/workbook.xml": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x/>"}), SETTINGS
    ).bad
    assert "entities" in bad.reason


def test_what_is_written_for_a_spreadsheet_is_no_formula_and_is_read_back():
    rows = [["Order number", "SKU", "Quantity", "Price", "Note"], ["=1+1", "-DASH", "1", "5.00", "@SUM(A1)"]]
    written = table.write_csv(rows, "utf-8", ";", split.safe_cell)
    assert b"\n'=1+1;'-DASH;1;5.00;'@SUM(A1)" in written
    for data in (written, sheet.write(rows)):
        [piece] = split.read(data, SETTINGS).pieces
        assert (piece.number, parse.load(piece.body)["note"]) == ("=1+1", "@SUM(A1)")


# ---- What is corrected ----


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_bad_rows_corrected_bring_only_what_was_corrected(suffix):
    data = (PAYLOADS / "files" / "raw" / "csv" / "good_and_bad_orders.csv").read_bytes()
    if suffix == ".xlsx":
        found = split.read_table(data)
        data = sheet.write([list(found.header), *(list(cells) for _row, cells, _wrong in found.rows)])
    file = split.read(data, SETTINGS)
    download, kind = split.write_bad_rows(data, {bad.row: bad.reason for bad in file.bad})
    assert kind == suffix
    again = split.read(download, SETTINGS)
    assert again.rows == len({bad.row for bad in file.bad if bad.row})
    assert not {piece.key for piece in again.pieces} & {piece.key for piece in file.pieces}
    table_of = split.read_table(download)
    fixed = [list(table_of.header)] + [
        ["2" if cell == "two" else cell for cell in cells] for _row, cells, _wrong in table_of.rows
    ]
    corrected = split.read(sheet.write(fixed), SETTINGS)
    assert {piece.number for piece in corrected.pieces} - {piece.number for piece in again.pieces} == {"A2"}


def test_a_column_that_a_person_chose_is_read_as_that():
    data = b"order,sku,qty,price,currency,VAT\nV1,STD,1,20.00,EUR,4.00\n"
    file = split.read(data, replace(SETTINGS, columns={"vat": "tax"}))
    [piece] = file.pieces
    assert parse.body("order", piece.body).total == 24
    [piece] = split.read(data, replace(SETTINGS, columns={"vat": ""}, tax_rate="")).pieces
    assert parse.body("order", piece.body).total == 20


def test_the_template_can_be_imported_as_it_is():
    for suffix in (".csv", ".xlsx"):
        file = split.read(split.write_template(suffix), SETTINGS)
        assert (len(file.pieces), file.bad, [piece.warnings for piece in file.pieces]) == (2, (), [(), ()])
        assert all(field for _name, field in file.columns)


def test_ten_thousand_rows_are_read_in_seconds_and_more_are_refused():
    rows = b"".join(b"N%d;STD;1;10.00;EUR\n" % (number // 2) for number in range(const.ROWS_MAX))
    file = split.read(b"order;sku;qty;price;currency\n" + rows, SETTINGS)
    assert (len(file.pieces), file.bad) == (const.ROWS_MAX // 2, ())
    [bad] = split.read(b"order;sku;qty;price;currency\n" + rows + b"X;STD;1;1;EUR\n", SETTINGS).bad
    assert "Split it" in bad.reason


def test_an_interchange_of_somebody_else_is_refused():
    data = (PAYLOADS / "files" / "raw" / "edifact" / "d96a_eancom.edi").read_bytes()
    ours = replace(SETTINGS, partner="4000001000005", own="4000001000012")
    assert len(split.read(data, ours).pieces) == 1
    for wrong, sentence in (({"partner": "ACME"}, "channel of its sender"), ({"own": "ACME"}, "not for us")):
        file = split.read(data, replace(ours, **wrong))
        assert not file.pieces
        assert sentence in file.bad[0].reason


def _edifact(kind, bgm, *segments):
    body = "".join(
        f"{segment}'" for segment in (f"UNH+1+{kind}:D:96A:UN", bgm, *segments, f"UNT+{len(segments) + 3}+1")
    )
    return f"UNB+UNOC:3+4000001000005:14+4000001000012:14+261102:0915+7'{body}UNZ+1+7'".encode()


def _x12(kind, first, *segments):
    ends = "ISA*00*          *00*          *ZZ*BUYER          *ZZ*SELLER         *261102*0915*U*00401*000000007*0*P*>~"
    body = f"ST*{kind}*0001~{first}~" + "".join(f"{segment}~" for segment in segments) + f"SE*{len(segments) + 3}*0001~"
    return f"{ends}GS*PC*BUYER*SELLER*20261102*0915*7*X*004010~{body}GE*1*7~IEA*1*000000007~".encode()


@pytest.mark.parametrize(
    ("data", "told", "whole"),
    [
        (_edifact("ORDCHG", "BGM+230+C-9+4", "RFF+ON:PO-1"), "ORDCHG, function 4", "ORDERS, function 5"),
        (_edifact("ORDERS", "BGM+220+PO-1+4"), "ORDERS, function 4", "ORDERS, function 5"),
        (_x12("860", "BCH*04*SA*PO-1***20261102", "POC*1*QD*2*1*EA*20"), "860, purpose 04", "850, purpose 05"),
        (_x12("850", "BEG*04*SA*PO-1**20261102"), "850, purpose 04", "850, purpose 05"),
    ],
    ids=["ordchg", "orders", "860", "850"],
)
def test_a_change_that_names_only_differences_says_which_order_and_what_to_do(data, told, whole):
    file = split.read(data, SETTINGS)
    [bad] = file.bad
    assert (file.pieces, bad.number, bad.is_change) == ((), "PO-1", True)
    for part in ("Order PO-1", told, "Nothing was changed", "Change the order here", whole):
        assert part in bad.reason


@pytest.mark.parametrize(
    "data", [_edifact("ORDCHG", "BGM+230+C-9+1", "RFF+ON:PO-1"), _x12("860", "BCH*01*SA*PO-1***20261102")]
)
def test_a_change_that_calls_the_order_off_is_read(data):
    [piece] = split.read(data, SETTINGS).pieces
    assert (piece.number, piece.kind) == ("PO-1", "order_deleted")


@pytest.mark.parametrize("part", [b"UNA:+.? '", b"ISA*00*", b"UNB+UNOA:3+a+b+1:1+1'UNZ+0+1'", b"?", b"UNA:+.? 'x'"])
def test_a_file_of_endless_beginnings_takes_no_time(part):
    file = split.read((b"UNA:+.? 'UNB+" if part == b"?" else b"") + part * (400_000 // len(part)), SETTINGS)
    assert file.bad
    assert not file.pieces


def test_many_interchanges_are_read_as_far_as_is_sensible_and_the_rest_is_said():
    data = (PAYLOADS / "files" / "raw" / "x12" / "po_with_freight_and_total.x12").read_bytes()
    file = split.read(data * 201, SETTINGS)
    assert (len(file.pieces), len(file.bad)) == (200, 1)
    assert "Split it" in file.bad[0].reason
