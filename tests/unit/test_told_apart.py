"""Returns and refunds that are told apart from their orders: which lines they are about, and for how many pieces."""

import json
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain import told
from odoo.addons.oms_channels.domain.adapter import Reject
from odoo.addons.oms_channels.domain.told import Sold, place_refund, place_return
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.contract import _spoilt, leaves, payloads
from odoo.addons.oms_core.domain.documents import RefundDoc, RefundLineDoc, ReturnDoc, ReturnLineDoc

BODIES = {
    f"{platform}-{path.parent.name}-{path.stem}": (platform, path.parent.name, path.read_bytes())
    for platform in PLATFORMS
    for path in payloads(platform)
    if path.parent.name in (told.RETURN, told.REFUND)
}
NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
MUG = Sold("1", frozenset({"MUG", "ASIN1"}), Decimal(3), Decimal("60.00"), Decimal("12.00"))
MUG_TOO = Sold("2", frozenset({"MUG"}), Decimal(1), Decimal("18.00"), Decimal("3.60"))


def back(quantity, refs=("MUG",), line_id=""):
    return ReturnDoc("r", "open", (ReturnLineDoc(line_id, Decimal(quantity), refs=refs),))


def paid(amount, tax="0.00", refs=("MUG",), line_id=""):
    return RefundDoc(
        "r", Decimal(amount), lines=(RefundLineDoc(line_id, Decimal(0), Decimal(amount), Decimal(tax), refs=refs),)
    )


def placed(document):
    return [(line.line_id, line.quantity) for line in document.lines]


def test_a_line_is_known_by_its_id_else_by_whatever_it_is_called():
    assert placed(place_return(back(1, ("nothing",), "2"), [MUG, MUG_TOO])) == [("2", 1)]
    assert placed(place_return(back(1, ("ASIN1",)), [MUG_TOO, MUG])) == [("1", 1)]


def test_of_two_lines_of_the_same_the_first_takes_it_and_the_next_the_rest():
    assert placed(place_return(back(4), [MUG, MUG_TOO])) == [("1", 3), ("2", 1)]


def test_two_lines_of_the_same_share_what_was_sold():
    [line] = back(3).lines
    told_twice = ReturnDoc("r", "open", (line, back(1).lines[0]))
    assert placed(place_return(told_twice, [MUG, MUG_TOO])) == [("1", 3), ("2", 1)]


def test_more_than_was_sold_is_not_made_less():
    assert placed(place_return(back(5), [MUG, MUG_TOO])) == [("1", 3), ("2", 1), ("1", 1)]


def test_what_fits_nowhere_stays_as_it_was_told():
    assert placed(place_return(back(1, ("CUP",), "9"), [MUG])) == [("9", 1)]


@pytest.mark.parametrize(
    ("amount", "pieces", "net"), [("24.00", 1, "20.00"), ("48.00", 2, "40.00"), ("72.00", 3, "60.00")]
)
def test_money_for_whole_pieces_is_for_these_pieces(amount, pieces, net):
    [line] = place_refund(paid(amount), [MUG]).lines
    assert (line.quantity, line.amount, line.amount + line.tax) == (pieces, Decimal(net), Decimal(amount))


@pytest.mark.parametrize("amount", ["5.00", "23.98", "96.00"])
def test_other_money_is_for_no_pieces_and_nothing_of_it_is_lost(amount):
    [line] = place_refund(paid(amount), [MUG]).lines
    assert (line.quantity, line.amount + line.tax) == (0, Decimal(amount))


def test_tax_that_is_told_is_believed():
    [line] = place_refund(paid("20.00", "4.01"), [MUG]).lines
    assert (line.amount, line.tax) == (Decimal("20.00"), Decimal("4.01"))


def test_the_key_is_of_what_was_said_and_not_of_when_it_was_read():
    one = told.event(told.pack(told.RETURN, "R1", "O1", {"state": "OPEN"}, NOW))
    later = told.event(told.pack(told.RETURN, "R1", "O1", {"state": "OPEN"}, NOW.replace(hour=13)))
    other = told.event(told.pack(told.RETURN, "R1", "O1", {"state": "CLOSED"}, NOW))
    assert one == later
    assert one.key != other.key
    assert (one.kind, one.order_ref) == ("return_told", "O1")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", json.dumps({"omsTold": "order"}).encode()])
def test_what_is_no_such_message_is_refused(body):
    with pytest.raises(Reject):
        told.unpack(body)


@pytest.mark.parametrize("name", BODIES)
def test_whatever_is_missing_or_of_another_shape_is_a_document_or_a_sentence(name):
    platform, kind, body = BODIES[name]
    envelope = json.loads(body)
    for payload in _spoilt(envelope["payload"]):
        spoilt = json.dumps({**envelope, "payload": payload}).encode()
        try:
            document = PLATFORMS[platform].parse(kind, spoilt)
        except Reject as error:
            assert str(error).endswith(".")
        else:
            assert not [leaf for leaf in leaves(document) if isinstance(leaf, float)]
            placed = place_return(document.told, [MUG]) if kind == told.RETURN else place_refund(document.refund, [MUG])
            assert all(line.quantity >= 0 for line in placed.lines)


def test_when_there_are_more_than_one_turn_can_ask_for_each_has_its_turn():
    refs = [f"r{number:03}" for number in range(137)]
    asked = [told.in_turn(refs, 50, turn) for turn in range(1000, 1003)]
    assert all(len(some) == 50 for some in asked)
    assert set().union(*asked) == set(refs)
    assert told.in_turn([], 50, 7) == []
