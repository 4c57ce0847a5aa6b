"""Returns of eBay over real HTTP: read in pages, told once, paid through the return; and what a refund says with them."""

import json
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain import told
from odoo.addons.oms_channels.domain.adapter import Auth, Gone, Retry
from odoo.addons.oms_channels.domain.outgoing import Refund, RefundItem, ReturnItem, ReturnStep
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.ebay import const
from odoo.addons.oms_channels.platforms.ebay.client import TOKENS, Client
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.ebay import EbayServer

NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
CASES = {path.stem: json.loads(path.read_bytes()) for path in payloads("ebay") if path.parent.name == "order"}
ORDER = deepcopy(CASES["de_vat_not_told"])
ROW = ORDER["lineItems"][0]
ROW |= {
    "quantity": 3,
    "lineItemCost": {"value": "72.00", "currency": "EUR"},
    "total": {"value": "72.00", "currency": "EUR"},
}
REF, LINE = ORDER["orderId"], ROW["lineItemId"]
parse = PLATFORMS["ebay"].parse


@pytest.fixture
def shop():
    TOKENS.__init__()
    with EbayServer([ORDER], signed=True, now=lambda: NOW) as server:
        yield server


def connect(shop, token=None):
    client_id, secret, _token, site = shop.credentials
    token = token or shop.token_with_key
    options = {"timeout_s": 5, "now": lambda: NOW, "sleep": lambda _seconds: None}
    return Client(shop.url, client_id, secret, token, site, **options)


def read(client):
    found, cursor = [], ""
    while True:
        page = client.after_sale("returns", NOW - timedelta(days=1), cursor)
        found += page.orders
        if not page.cursor:
            return [parse("return_told", body) for body in found], page.until
        cursor = page.cursor


def step(name, ref, quantity=1, note=""):
    return ReturnStep(f"return-1-{name}", REF, ref, name, (ReturnItem(LINE, Decimal(quantity)),), note)


def refund(ref, amount="24.00", shipping="0.00"):
    items = (RefundItem(LINE, Decimal(1), Decimal("20.00"), (("", Decimal("4.00")),)),)
    return Refund("refund-9", REF, Decimal(amount), "EUR", items, Decimal(shipping), "INV/1", return_ref=ref)


def lose(shop, end):
    """The answer to the next such call is lost on its way, after it was carried out."""
    reply = shop.reply

    def lost(asked):
        answer = reply(asked)
        if asked.path.endswith(end):
            shop.reply = reply
            return Reply(200, b"{")
        return answer

    shop.reply = lost


def test_a_return_is_told_with_its_line_its_reason_and_the_buyers_words(shop):
    ref = shop.ask_back(REF, quantity=2, reason="DEFECTIVE_ITEM")
    [found], until = read(connect(shop))
    assert (found.order_ref, found.told.external_id, found.told.status) == (REF, ref, "requested")
    [line] = found.told.lines
    assert (line.line_id, line.quantity, line.reason) == (LINE, 2, "DEFECTIVE_ITEM")
    assert "it does not fit" in line.note
    assert found.told.requested_at == until == NOW


def test_all_pages_are_read_and_the_place_is_kept_only_then(shop, monkeypatch):
    monkeypatch.setattr(const, "RETURNS_PER_PAGE", 2)
    refs = [shop.ask_back(REF) for _number in range(5)]
    client = connect(shop)
    assert client.after_sale("returns", NOW, "").until is None
    found, _until = read(client)
    assert [one.told.external_id for one in found] == refs


@pytest.mark.parametrize(
    ("state", "paid", "status"),
    [
        ("RETURN_REQUESTED", "", "requested"),
        ("ITEM_SHIPPED", "", "open"),
        ("ITEM_DELIVERED", "", "open"),
        ("ESCALATED", "", "open"),
        ("RETURN_REJECTED", "", "refused"),
        ("CLOSED", "24.00", "closed"),
        ("CLOSED", "", "cancelled"),
        ("A_NEW_ONE", "", "requested"),
    ],
)
def test_how_a_return_stands(shop, state, paid, status):
    ref = shop.ask_back(REF)
    shop.returns[ref]["state"] = state
    if paid:
        shop.returns[ref]["buyerTotalRefund"] = {"actualRefundAmount": {"value": float(paid), "currency": "EUR"}}
    [found], _until = read(connect(shop))
    assert found.told.status == status


@pytest.mark.parametrize("fault", ["busy", "down", "truncated", "page"])
def test_what_goes_wrong_on_the_way_is_tried_again_and_nothing_is_lost(shop, fault):
    ref = shop.ask_back(REF)
    client = connect(shop)
    client.after_sale("returns", NOW)
    shop.fail_next(fault)
    with pytest.raises(Retry):
        client.after_sale("returns", NOW)
    [found], _until = read(client)
    assert found.told.external_id == ref


def test_one_by_its_id_and_one_that_is_no_more(shop):
    ref = shop.ask_back(REF)
    client = connect(shop)
    assert parse("return_told", client.told_return(ref)).told.external_id == ref
    with pytest.raises(Gone):
        client.told_return("77")
    gone = parse("return_told", told.pack(told.RETURN, "77", REF, None, NOW))
    assert (gone.order_ref, gone.told.status, gone.told.lines) == (REF, "cancelled", ())


@pytest.mark.parametrize(
    ("name", "end", "done"),
    [
        ("approved", "/decide", "APPROVE"),
        ("refused", "/decide", "DECLINE"),
        ("received", "/mark_as_received", "mark_as_received"),
    ],
)
def test_a_step_is_told_once_though_the_answer_was_lost(shop, name, end, done):
    ref = shop.ask_back(REF)
    if name == "received":
        shop.returns[ref]["state"] = "ITEM_SHIPPED"
    client = connect(shop)
    lose(shop, end)
    with pytest.raises(Retry):
        client.tell_return(step(name, ref, note="why"))
    assert client.tell_return(step(name, ref, note="why"), repeat=True).code == "ok"
    assert [what for _ref, what, _body in shop.return_steps] == [done]


def test_of_two_pieces_one_alone_is_not_marked_as_received(shop):
    ref = shop.ask_back(REF, quantity=2, state="ITEM_SHIPPED")
    client = connect(shop)
    assert client.tell_return(step("received", ref)).code == "ok"
    assert shop.return_steps == []
    assert client.tell_return(step("received", ref, 2)).code == "ok"
    assert len(shop.return_steps) == 1


def test_what_ebay_cannot_be_told_is_said(shop):
    ref = shop.ask_back(REF)
    client = connect(shop)
    assert client.tell_return(step("cancelled", ref)).code == "refused"
    for name in ("begun", "closed", "disposed"):
        assert client.tell_return(step(name, ref)).code == "ok"
    assert shop.return_steps == []


def test_a_decision_has_to_be_signed_in_europe(shop):
    ref = shop.ask_back(REF)
    client = connect(shop, shop.refresh_token)
    assert "signing key" in client.tell_return(step("approved", ref)).message
    assert connect(shop).tell_return(step("approved", ref)).code == "ok"


def test_a_refund_of_a_return_is_paid_through_the_return_once(shop):
    ref = shop.ask_back(REF, state="ITEM_DELIVERED")
    client = connect(shop)
    result = client.refund(refund(ref, "28.90", "4.90"))
    assert (result.code, result.reference) == ("pending", f"{REF}/return-{ref}")
    [(_ref, _what, body)] = shop.return_steps
    parts = {
        part["refundFeeType"]: part["refundAmount"]["value"] for part in body["refundDetail"]["itemizedRefundDetail"]
    }
    assert parts == {"PURCHASE_PRICE": 24, "ORIGINAL_SHIPPING": 4.9}
    assert client.outcomes([result.reference])[0].code == "pending"
    shop.settle_return(ref)
    assert client.outcomes([result.reference])[0].code == "ok"
    assert client.refund(refund(ref, "28.90", "4.90"), repeat=True).code == "ok"
    assert (len(shop.return_steps), shop.refunds) == (1, [])


def test_a_lost_answer_to_it_pays_nothing_twice(shop):
    ref = shop.ask_back(REF, state="ITEM_DELIVERED")
    client = connect(shop)
    lose(shop, "/issue_refund")
    with pytest.raises(Retry):
        client.refund(refund(ref))
    again = client.refund(refund(ref), repeat=True)
    assert (again.code, len(shop.return_steps), shop.refunds) == ("pending", 1, [])


def test_what_was_paid_for_a_return_is_for_its_pieces_which_come_back(shop):
    shop.ask_back(REF, quantity=2)
    shop.settle_return(shop.ask_back(REF))
    document = parse("order", connect(shop).order(REF))
    [paid] = document.refunds
    [line] = paid.lines
    assert (line.line_id, line.quantity, line.goods, paid.amount) == (LINE, 1, "back", Decimal("24.00"))


def test_orders_are_read_though_the_seller_has_not_agreed_to_returns(shop):
    shop.settle_return(shop.ask_back(REF))
    handle = shop._return
    shop._return = lambda asked, rest: Reply(
        403, {"errors": [{"errorId": 1100, "message": "Insufficient permissions"}]}
    )
    client = connect(shop)
    assert parse("order", client.order(REF)).refunds
    with pytest.raises(Auth):
        client.after_sale("returns", NOW)
    shop._return = handle
