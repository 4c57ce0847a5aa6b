"""CAP-13, INV-05: what a partner is told can be read back, to the count, and says what we meant."""

import csv
import io
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain import edifact, x12
from odoo.addons.oms_channels.domain.adapter import Reject, Retry
from odoo.addons.oms_channels.domain.outgoing import (
    Acknowledgement,
    Cancellation,
    Item,
    Parcel,
    Refund,
    RefundItem,
    StockItem,
    StockReport,
)
from odoo.addons.oms_channels.platforms.files import acks, split
from odoo.addons.oms_channels.platforms.files.client import Client, Hand
from odoo.addons.oms_channels.platforms.files.facts import Settings
from odoo.addons.oms_channels.platforms.files.render import About, Line
from odoo.addons.oms_channels.tests.contract import PAYLOADS

D = Decimal
NOW = datetime(2026, 11, 20, 12, 30, tzinfo=timezone.utc)
ABOUT = About(
    "PO-1",
    "20261101",
    "4000001000005",
    "4000001000104",
    {
        "10": Line("10", "MUG", "4006381333931", "77001", "Mug", D(5), "PCE"),
        "20": Line("20", "TEA + CUP", "", "", "Tea", D(2), "EA"),
    },
)
PARCEL = Parcel(
    "7-0",
    "PO-1",
    (Item("10", D("3.0")), Item("20", D(2))),
    NOW,
    1,
    "UPSN",
    "UPS's Ground",
    "1Z+99",
    "https://t",
    last=True,
)
CANCEL_PART = Cancellation("c-1", "PO-1", "stock", (Item("10", D(2)), Item("20", D(2))))
STOCK = StockReport("s-1", NOW, (StockItem("MUG", D(12), "4006381333931", "Mug"), StockItem("=TEA", D(0))))
BOTH = pytest.mark.parametrize("kind", ["edifact", "x12"])


def client(kind, **values):
    made = Client(account_ref="4000001000005:14", site_ref="4000001000012:14", format=kind, **values)
    return made.telling(42, NOW, ABOUT)


def written(made):
    [(name, data)] = made.store.written
    return name, data


def message_of(kind, data):
    """The only message of an interchange in which everything counts up."""
    [interchange] = (edifact if kind == "edifact" else x12).read(data)
    assert interchange.fault is None
    assert not any(group.fault for group in interchange.groups)
    [message] = interchange.messages
    assert message.fault is None
    return interchange, message


def texts(message, tag):
    return [
        [segment.get(index) for index in range(len(segment.elements))]
        for segment in message.segments
        if segment.tag == tag
    ]


def test_a_despatch_advice_says_what_is_in_the_parcel():
    made = client("edifact")
    assert made.ship(PARCEL).code == "ok"
    name, data = written(made)
    interchange, message = message_of("edifact", data)
    assert (name, message.kind, interchange.control) == ("desadv-000000042.edi", "DESADV", "42")
    assert (interchange.sender, interchange.receiver) == (("4000001000012", "14"), ("4000001000005", "14"))
    pairs = [(s.tag, s.get(0), s.get(0, 1)) for s in message.segments]
    assert ("RFF", "CN", "1Z+99") in pairs
    assert [pair[2] for pair in pairs if pair[:2] == ("QTY", "12")] == ["3", "2"]
    assert [s.get(4, 3) for s in message.segments if s.tag == "TDT"] == ["UPS's Ground"]
    assert texts(message, "LIN") == [["10", "", "4006381333931"], ["20"]]
    assert [(s.get(1), s.get(1, 1)) for s in message.segments if s.tag == "PIA"] == [
        ("MUG", "SA"),
        ("77001", "IN"),
        ("TEA + CUP", "SA"),
    ]


def test_an_advance_ship_notice_says_what_is_in_the_parcel():
    made = client("x12")
    made.ship(PARCEL)
    name, data = written(made)
    interchange, message = message_of("x12", data)
    assert (name, message.kind, interchange.control) == ("856-000000042.x12", "856", "000000042")
    assert texts(message, "HL") == [["1", "", "S"], ["2", "1", "O"], ["3", "2", "P"], ["4", "3", "I"], ["5", "3", "I"]]
    assert texts(message, "SN1") == [["10", "3", "EA"], ["20", "2", "EA"]]
    assert texts(message, "PRF") == [["PO-1", "", "", "20261101"]]
    assert ["CN", "1Z+99"] in texts(message, "REF")
    assert texts(message, "CTT") == [["5"]]


@BOTH
def test_stock_is_told_of_each_article(kind):
    made = client(kind)
    made.report_stock(STOCK)
    _interchange, message = message_of(kind, written(made)[1])
    quantities = [s.get(0, 1) if kind == "edifact" else s.get(1) for s in message.segments if s.tag == "QTY"]
    assert (message.kind, quantities) == ("INVRPT" if kind == "edifact" else "846", ["12", "0"])


def test_a_cancellation_refuses_the_order_or_names_what_is_left():
    made = client("edifact")
    made.cancel(Cancellation("c-0", "PO-1"))
    made.cancel(CANCEL_PART)
    whole, part = (message_of("edifact", data)[1] for _name, data in made.store.written)
    assert (texts(whole, "BGM")[0][2], texts(whole, "LIN")) == ("27", [])
    assert [line[:2] for line in texts(part, "LIN")] == [["10", "3"], ["20", "7"]]
    assert [s.get(0, 1) for s in part.segments if s.tag == "QTY"] == ["3", "0"]
    made = client("x12")
    made.cancel(Cancellation("c-0", "PO-1"))
    made.cancel(CANCEL_PART)
    whole, part = (message_of("x12", data)[1] for _name, data in made.store.written)
    assert [texts(message, "BAK")[0][1] for message in (whole, part)] == ["RJ", "RD"]
    assert texts(part, "ACK") == [["IR", "2", "EA"], ["IR", "2", "EA"]]


def test_csv_files_have_a_row_for_each_line_and_no_formula():
    made = client("csv")
    made.ship(PARCEL)
    made.cancel(CANCEL_PART)
    made.report_stock(STOCK)
    made.refund(Refund("r", "PO-1", D("12.50"), "EUR", (RefundItem("10", D(1), D("10.00"), (("", D("2.00")),)),)))
    shipment, cancellation, stock, refund = (
        list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";")) for _name, data in made.store.written
    )
    assert [(row["line"], row["sku"], row["quantity"], row["tracking_number"]) for row in shipment] == [
        ("10", "MUG", "3", "1Z+99"),
        ("20", "TEA + CUP", "2", "1Z+99"),
    ]
    assert [row["quantity"] for row in cancellation] == ["2", "2"]
    assert [row["sku"] for row in stock] == ["MUG", "'=TEA"]
    assert [(row["line"], row["amount"]) for row in refund] == [("10", "12.00"), ("", "0.50")]


@BOTH
def test_the_same_thing_told_again_is_the_same_file_to_the_letter(kind):
    first, second = client(kind), client(kind)
    first.ship(PARCEL)
    second.ship(PARCEL, repeat=True)
    assert first.store.written == second.store.written


@BOTH
def test_without_identifiers_nothing_is_written_and_with_a_full_disk_it_waits(kind):
    with pytest.raises(Reject, match="identifiers"):
        Client(format=kind).telling(1, NOW, ABOUT).ship(PARCEL)

    class Full(Hand):
        def put(self, part, name, data):
            raise OSError(28, "No space left on device")

    with pytest.raises(Retry, match="No space"):
        client(kind, store=Full()).ship(PARCEL)
    assert client(kind).refund(Refund("r", "PO-1", D(1), "EUR")).code == "refused"


WORDS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(st.sampled_from(("edifact", "x12")), WORDS, WORDS, WORDS, WORDS)
def test_whatever_words_are_told_the_file_counts_up(kind, sku, carrier, tracking, place):
    about = About("PO", "", "B", place, {"1": Line("1", sku, sku, carrier, tracking, D(1), "")})
    made = client(kind).telling(1, NOW, about)
    made.ship(Parcel("k", "PO", (Item("1", D(1)),), NOW, 1, carrier, carrier, tracking))
    made.cancel(Cancellation("k", "PO", "other", (Item("1", D(1)),), note=place))
    made.report_stock(StockReport("k", NOW, (StockItem(sku, D(1), tracking, place),)))
    for _name, data in made.store.written:
        message_of(kind, data)


# ---- Acknowledgements ----


def acknowledged(name):
    """(what a file is answered, the file read)"""
    path = PAYLOADS / "files" / "raw" / name
    file = split.read(path.read_bytes(), Settings(path.name, NOW, currency="EUR"))
    answers = []
    for interchange, refused in file.interchanges:
        made = client("csv")
        made.acknowledge(Acknowledgement("k", interchange.standard, acks.answer(interchange, refused)))
        answers.append(written(made)[1])
    return answers


def test_contrl_names_each_message_with_what_became_of_it():
    [data] = acknowledged("edifact/one_message_is_cut_off.edi")
    _interchange, message = message_of("edifact", data)
    assert texts(message, "UCI") == [["55", "P", "O", "7"]]
    assert [[row[0], *row[2:]] for row in texts(message, "UCM")] == [["1", "7"], ["2", "4", "29"], ["3", "7"]]
    assert [segment.get(1) for segment in message.segments if segment.tag == "UCM"] == ["ORDERS"] * 3
    [answer] = acks.answers(edifact.read(data)[0])
    assert (answer.control, answer.is_accepted) == (55, False)


def test_a_damaged_interchange_is_refused_as_a_whole():
    [data] = acknowledged("edifact/interchange_says_more_than_it_holds.edi")
    _interchange, message = message_of("edifact", data)
    assert texts(message, "UCI") == [["58", "P", "O", "4", "29"]]
    assert texts(message, "UCM") == []
    [data] = acknowledged("x12/group_and_end_do_not_match.x12")
    [interchange] = x12.read(data)
    assert interchange.fault is None
    assert b"TA1*000000081*" in data


def test_a_functional_acknowledgement_names_each_document():
    [data] = acknowledged("x12/one_document_is_cut_off.x12")
    _interchange, message = message_of("x12", data)
    assert texts(message, "AK1") == [["PO", "77"]]
    assert texts(message, "AK2") == [["850", "0001"], ["850", "0002"], ["850", "0003"]]
    assert texts(message, "AK5") == [["R", "4"], ["A"], ["A"]]
    assert texts(message, "AK9") == [["P", "3", "3", "2"]]
    [answer] = acks.answers(x12.read(data)[0])
    assert (answer.control, answer.is_accepted) == (77, True)


def test_a_good_file_is_accepted_and_an_acknowledgement_is_not_acknowledged():
    for name, kind in (("edifact/d96a_eancom.edi", "edifact"), ("x12/po_with_freight_and_total.x12", "x12")):
        [data] = acknowledged(name)
        interchange, _message = message_of(kind, data)
        assert acks.is_acknowledgement(interchange)
        assert [answer.is_accepted for answer in acks.answers(interchange)] == [True]
        file = split.read(data, Settings(name, NOW))
        assert (file.pieces, file.bad) == ((), ())
