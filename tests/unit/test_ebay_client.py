"""The client over real HTTP, against a seller's account that keeps eBay's contract."""

import json
import logging
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.adapter import Auth, Gone, Reject, Retry
from odoo.addons.oms_channels.domain.outgoing import (
    Cancellation,
    Item,
    ListingRef,
    Parcel,
    Price,
    Refund,
    RefundItem,
    StockLevel,
)
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.ebay import client as client_module
from odoo.addons.oms_channels.platforms.ebay import const, signing, verify
from odoo.addons.oms_channels.platforms.ebay.client import Client
from odoo.addons.oms_channels.platforms.rest import RESPONSE_MAX_BYTES, Tokens
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.ebay import KEY_ID, EbayServer, error, stamp, webhook_headers

CASES = {path.stem: json.loads(path.read_bytes()) for path in payloads("ebay")}
TEMPLATE = CASES["de_vat_not_told"]
ASKED = CASES["buyer_asks_to_cancel"]
NOW = datetime(2026, 11, 3, 12, tzinfo=timezone.utc)
LONG_AGO = NOW - timedelta(days=10)


def order(number, seconds=0, **values):
    moment = stamp(NOW - timedelta(hours=2) + timedelta(seconds=seconds))
    name = order_id(number)
    return {**deepcopy(TEMPLATE), "orderId": name, "legacyOrderId": f"{name}!0", "lastModifiedDate": moment, **values}


def order_id(number):
    return f"12-{number:05d}-79013"


LINE = TEMPLATE["lineItems"][0]["lineItemId"]


def ids(orders):
    return [int(json.loads(body)["orderId"].split("-")[1]) for body in orders]


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture(autouse=True)
def tokens(monkeypatch):
    monkeypatch.setattr(client_module, "TOKENS", Tokens())


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ebay(clock):
    with EbayServer(orders=[order(1), order(2, 1), order(3, 2)], clock=clock, now=lambda: NOW) as server:
        server.put_on_offer("MUG", 5, "9001")
        server.put_on_offer("BOWL", 3, "9002")
        yield server


def connect(ebay, clock, token=None, **options):
    client_id, secret, refresh_token, site = ebay.credentials
    options = {"timeout_s": 5, "now": lambda: NOW, "clock": clock, **options}
    return Client(ebay.url, client_id, secret, token or refresh_token, site, **options)


@pytest.fixture
def client(ebay, clock):
    return connect(ebay, clock, ebay.token_with_key)


def everything(client, moment=LONG_AGO):
    page, found = client.orders_since(moment), []
    for _page in range(100):
        found += page.orders
        if not page.cursor:
            return found
        page = client.orders_since(moment, page.cursor)
    raise AssertionError("the pages do not end")


def asked_for(ebay, method, part):
    return [asked for asked in ebay.asked if asked.method == method and part in asked.path]


# ---- Orders ----


def test_orders_come_oldest_change_first_although_ebay_sorts_otherwise(client):
    page = client.orders_since(LONG_AGO)
    assert (ids(page.orders), page.cursor, page.stable) == ([1, 2, 3], "", True)


def test_both_ends_of_the_window_are_in_it(client, ebay):
    assert ids(client.orders_since(NOW - timedelta(hours=2) + timedelta(seconds=1)).orders) == [2, 3]
    assert ids(client.orders_since(NOW - timedelta(hours=2)).orders) == [1, 2, 3]


def test_the_start_may_be_in_any_time_zone(client):
    moment = (NOW - timedelta(hours=2)).astimezone(timezone(timedelta(hours=9)))
    assert ids(client.orders_since(moment).orders) == [1, 2, 3]


def test_many_orders_come_in_windows_and_none_is_lost(client, ebay, monkeypatch):
    monkeypatch.setattr(const, "WINDOW_ORDERS_MAX", 250)
    ebay.orders = {order_id(number): order(number, number * 10) for number in range(1, 701)}
    page = client.orders_since(NOW - timedelta(hours=2))
    assert page.cursor and len(page.orders) <= 250
    found = ids(everything(client, NOW - timedelta(hours=2)))
    assert sorted(set(found)) == list(range(1, 701))
    assert found == sorted(found)
    assert max(int(asked.params["limit"]) for asked in asked_for(ebay, "GET", "/order")) == 200


def test_an_order_that_changes_while_pages_are_read_does_not_hide_another(client, ebay, clock):
    ebay.orders = {order_id(number): order(number, number) for number in range(1, 451)}
    late = NOW + timedelta(seconds=30)

    def change():
        # eBay lists the newest first: the one that leaves pulls all others forward by one.
        ebay.orders[order_id(440)]["lastModifiedDate"] = stamp(late)

    ebay.moving.append(change)
    first = everything(client)
    client.now = lambda: late + timedelta(seconds=60)
    second = everything(client, NOW)
    assert set(ids(first)) | set(ids(second)) == set(range(1, 451))
    assert 440 in ids(second)


def test_a_list_that_never_stands_still_is_read_later(client, ebay):
    ebay.orders = {order_id(number): order(number, number) for number in range(1, 251)}
    ebay.moving = [
        lambda number=number: ebay.orders.update({order_id(1000 + number): order(1000 + number)})
        for number in range(40)
    ]
    with pytest.raises(Retry):
        client.orders_since(LONG_AGO)


def test_who_wants_a_cancellation_is_asked_order_by_order(client, ebay):
    ebay.orders[order_id(2)] = order(2, 1, cancelStatus=ASKED["cancelStatus"])
    documents = [PLATFORMS["ebay"].parse("order", body) for body in client.orders_since(LONG_AGO).orders]
    assert [document.cancel_requested for document in documents] == ["", "ordered by mistake", ""]
    assert len(asked_for(ebay, "GET", f"/order/{order_id(2)}")) == 1
    assert len(asked_for(ebay, "GET", f"/order/{order_id(1)}")) == 0


def test_an_order_read_alone_is_the_same_event_and_document(client):
    adapter = PLATFORMS["ebay"]
    listed, alone = client.orders_since(LONG_AGO).orders[0], client.order(order_id(1))
    assert adapter.read_event({}, listed) == adapter.read_event({}, alone)
    assert adapter.parse("order", listed) == adapter.parse("order", alone)


def test_the_vat_of_the_channel_goes_with_every_order(ebay, clock):
    client = connect(ebay, clock, account_ref="DE 19; at=20,0")
    for body in (client.order(order_id(1)), *client.orders_since(LONG_AGO).orders):
        document = PLATFORMS["ebay"].parse("order", body)
        assert not document.problems()
        assert [tax.rate for line in document.lines for tax in line.taxes] == [Decimal(19)] * 2
    assert client.vat_rates == {"DE": "19", "AT": "20.0"}


def test_an_order_that_is_gone_says_so(client):
    with pytest.raises(Gone):
        client.order(order_id(99))


def test_history_ends_after_two_years(client, ebay):
    client.orders_since(NOW - timedelta(days=4000))
    assert "2024-11-04" in ebay.asked[-1].params["filter"]


@pytest.mark.parametrize("cursor", ["x", "x/y", "2026-11-03T00:00:00.000Z"])
def test_a_broken_place_to_go_on_from_is_refused(client, cursor):
    with pytest.raises(Reject):
        client.orders_since(LONG_AGO, cursor)


# ---- Credentials ----


def test_one_token_serves_many_calls_and_many_clients(client, ebay, clock):
    client.orders_since(LONG_AGO)
    connect(ebay, clock).orders_since(LONG_AGO)
    assert len(asked_for(ebay, "POST", "/oauth2/token")) == 1


def test_a_token_is_renewed_before_it_ends(client, ebay, clock):
    client.order(order_id(1))
    clock.seconds += 7000
    client.order(order_id(1))
    assert len(asked_for(ebay, "POST", "/oauth2/token")) == 2
    assert [asked.path for asked in ebay.asked].count(f"/sell/fulfillment/v1/order/{order_id(1)}") == 2


def test_a_token_that_was_withdrawn_is_replaced(client, ebay):
    client.order(order_id(1))
    ebay.expire_tokens()
    assert json.loads(client.order(order_id(1)))["orderId"] == order_id(1)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("refresh_token", "other", "18 months"),
        ("client_secret", "other", "secret"),
        ("client_id", "other", "client ID"),
    ],
)
def test_wrong_credentials_are_told_in_words(ebay, clock, field, value, words):
    client = connect(ebay, clock)
    setattr(ebay, field, value)
    with pytest.raises(Auth, match=words):
        client.orders_since(LONG_AGO)


def test_a_permission_that_is_missing_is_not_asked_for_twice(ebay, clock, client):
    ebay.scopes.discard("fulfillment")
    with pytest.raises(Auth, match="permissions"):
        client.order(order_id(1))
    assert len(asked_for(ebay, "GET", "/order/")) == 1


def test_check_names_the_seller_and_what_is_missing(ebay, clock):
    ebay.scopes = {"fulfillment"}
    shop = connect(ebay, clock).check()
    assert (shop.name, shop.currency, shop.country) == ("werkstatt_nord EBAY_DE", "EUR", "DE")
    assert shop.missing == ("sell.inventory", "commerce.notification.subscription")
    assert "signing key" in shop.warning


@pytest.mark.parametrize(
    ("url", "site", "token"),
    [
        ("https://ebay.com.shop.example", "EBAY_DE", "t"),
        ("http://api.ebay.com", "EBAY_DE", "t"),
        ("https://api.ebay.com", "DE", "t"),
        ("https://api.ebay.com", "EBAY_DE", '{"refresh_token": "t", "jwe": "x", "private_key": "geheim"}'),
        ("https://api.ebay.com", "EBAY_DE", "{geheim"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(url, site, token):
    with pytest.raises(Reject) as caught:
        Client(url, "id", "secret", token, site)
    assert "geheim" not in str(caught.value) + repr(caught.value.__cause__)


def test_the_registry_connects_with_a_channels_columns(ebay):
    client_id, secret, token, site = ebay.credentials
    values = {
        "api_url": ebay.url,
        "api_key": client_id,
        "api_secret": secret,
        "api_token": token,
        "site_ref": site,
        "account_ref": False,
        "webhook_secret": "unused",
    }
    assert ids(PLATFORMS["ebay"].connect(values, now=lambda: NOW).orders_since(LONG_AGO).orders) == [1, 2, 3]


def test_the_key_of_a_notification_is_read_and_kept(client):
    body = b"{}"
    headers = webhook_headers(body)
    secret = PLATFORMS["ebay"].add_key("token", KEY_ID, client.public_key(PLATFORMS["ebay"].key_id(headers)))
    assert verify.verify(headers, body, secret)
    with pytest.raises(Gone):
        client.public_key("other")


# ---- Faults ----


@pytest.mark.parametrize(
    ("fault", "options", "error_class"),
    [
        ("busy", {"retry_after": "7"}, Retry),
        ("down", {}, Retry),
        ("truncated", {}, Retry),
        ("lost", {}, Retry),
        ("page", {}, Retry),
        ("redirect", {"location": "https://elsewhere.example/"}, Reject),
        ("huge", {"size": RESPONSE_MAX_BYTES + 1}, Reject),
        ("slow", {"delay_s": 2}, Retry),
        ("reply", {"reply": Reply(500, error(30500, "System error"))}, Retry),
        ("reply", {"reply": Reply(400, error(25001, "A system error has occurred."))}, Retry),
        ("reply", {"reply": Reply(400, error(30700, "Invalid filter"))}, Reject),
        ("reply", {"reply": Reply(200, b"[]")}, Retry),
    ],
)
def test_faults_are_told_apart_and_no_secret_is_told(ebay, clock, caplog, fault, options, error_class):
    client = connect(ebay, clock, timeout_s=0.5 if fault == "slow" else 5)
    client.order(order_id(1))
    caplog.set_level(logging.DEBUG)
    for call in (lambda: client.order(order_id(1)), lambda: client.orders_since(LONG_AGO)):
        ebay.fail_next(fault, **options)
        with pytest.raises(error_class) as caught:
            call()
        told = str(caught.value) + caplog.text
        for secret in (*ebay.credentials[:3], "v^1.1#seller"):
            assert secret not in told
        if fault == "busy":
            assert caught.value.delay_s == 7


@pytest.mark.parametrize("fault", ["busy", "down", "truncated", "lost", "page"])
def test_faults_while_a_token_is_asked_for_are_passing(ebay, clock, fault):
    client = connect(ebay, clock)
    ebay.fail_next(fault)
    with pytest.raises(Retry):
        client.order(order_id(1))
    assert json.loads(client.order(order_id(1)))["orderId"] == order_id(1)


def test_whatever_is_spoilt_on_the_way_no_order_is_lost(client, ebay, monkeypatch):
    monkeypatch.setattr(const, "WINDOW_ORDERS_MAX", 60)
    ebay.orders = {order_id(number): order(number, number * 30) for number in range(1, 201)}
    ebay.misbehave(seed=7, share=0.2)
    found, cursor = set(), ""
    for _attempt in range(300):
        try:
            page = client.orders_since(NOW - timedelta(hours=2), cursor)
        except Retry:
            continue
        found |= set(ids(page.orders))
        cursor = page.cursor
        if not cursor:
            break
    assert found == set(range(1, 201))


# ---- Listings, stock, prices ----


def level(sku, quantity, offer=""):
    return StockLevel(ListingRef(sku, sku, inventory_ref=offer), quantity)


def test_listings_come_with_their_offers_page_by_page(client, ebay):
    for number in range(60):
        ebay.put_on_offer(f"SKU-{number:02d}", number, f"7{number:03d}")
    ebay.stock["ALONE"] = 4
    found, cursor = [], ""
    for _page in range(5):
        page = client.listings(cursor)
        found += page.listings
        cursor = page.cursor
        if not cursor:
            break
    assert len(found) == 63
    mug = next(listing for listing in found if listing.ref.sku == "MUG")
    assert mug.ref == ListingRef("MUG", "MUG", parent_id="119001", inventory_ref="9001")
    assert (mug.price, mug.currency, mug.quantity, mug.active) == (Decimal("19.90"), "EUR", 5, True)
    alone = next(listing for listing in found if listing.ref.sku == "ALONE")
    assert (alone.ref.inventory_ref, alone.active) == ("", False)


def test_quantities_are_told_with_their_offers_and_each_has_its_answer(client, ebay):
    results = client.push_stock(
        [level("MUG", 7, "9001"), level("GONE", 1), level("", 2), level("BOWL", -3, "9002"), level("MUG", 9, "8888")]
    )
    assert [result.code for result in results] == ["ok", "refused", "refused", "ok", "refused"]
    assert "migrate" in results[1].message and "migrate" in results[2].message
    assert (ebay.stock, ebay.offers["9001"]["availableQuantity"]) == ({"MUG": 9, "BOWL": 0}, 7)
    assert len(asked_for(ebay, "POST", "bulk_update")) == 1


def test_a_listing_that_was_revised_too_often_is_refused_alone(client, ebay):
    ebay.revised_out.add("9001")
    results = client.push_stock([level("MUG", 7, "9001"), level("BOWL", 2, "9002")])
    assert [result.code for result in results] == ["refused", "ok"]
    assert "250" in results[0].message


def test_more_than_twenty_five_are_not_sent(client):
    assert PLATFORMS["ebay"].capabilities.stock_batch == 25
    with pytest.raises(ValueError):
        client.push_stock([level(f"S{number}", 1) for number in range(26)])


def test_a_quantity_whose_answer_was_lost_is_told_again(client, ebay):
    client.order(order_id(1))
    ebay.fail_next("lost")
    with pytest.raises(Retry):
        client.push_stock([level("MUG", 2, "9001")])
    assert [result.code for result in client.push_stock([level("MUG", 2, "9001")])] == ["ok"]
    assert ebay.stock["MUG"] == 2


def test_prices_go_to_offers(client, ebay):
    refs = [ListingRef("MUG", "MUG", inventory_ref="9001"), ListingRef("X", "X"), ListingRef("Y", inventory_ref="7777")]
    results = client.push_prices([Price(ref, Decimal("21.50"), "EUR") for ref in refs])
    assert [result.code for result in results] == ["ok", "refused", "refused"]
    assert ebay.offers["9001"]["pricingSummary"] == {"price": {"value": "21.50", "currency": "EUR"}}
    assert ebay.stock["MUG"] == 5


def test_what_ebay_thinks_there_is(client):
    refs = [ListingRef("BOWL", "BOWL"), ListingRef("GONE", "GONE"), ListingRef("2862"), ListingRef("MUG", "MUG")]
    assert list(client.stock_levels(refs)) == [3, None, None, 5]


# ---- Parcels ----


def parcel(**values):
    given = {
        "key": "k1",
        "order_ref": order_id(1),
        "items": (Item(LINE, Decimal(1)),),
        "shipped_at": NOW,
        "carrier": "DHL",
        "tracking_number": "00 3404-3412",
        "last": True,
    }
    return Parcel(**{**given, **values})


def test_a_parcel_is_told_with_letters_and_digits_only(client, ebay):
    result = client.ship(parcel())
    assert (result.code, result.reference) == ("ok", "0034043412")
    told = ebay.shipments[order_id(1)][0]
    assert (told["shipmentTrackingNumber"], told["shippingCarrierCode"]) == ("0034043412", "DHL")
    assert told["shippedDate"] == "2026-11-03T12:00:00.000Z"


def test_a_number_without_a_carrier_and_a_carrier_without_a_number(client, ebay):
    client.ship(parcel(carrier="", carrier_name="Österreichische Post"))
    client.ship(parcel(order_ref=order_id(2), tracking_number=""))
    assert ebay.shipments[order_id(1)][0]["shippingCarrierCode"] == "sterreichische Post"
    assert "shippingCarrierCode" not in ebay.shipments[order_id(2)][0]


@pytest.mark.parametrize("number", ["0034043412", ""])
def test_a_parcel_whose_answer_was_lost_is_not_told_twice(client, ebay, number):
    client.order(order_id(1))
    if number:
        ebay.fail_next("reply", reply=Reply(200, {"fulfillments": [], "total": 0}))
    ebay.fail_next("lost")
    with pytest.raises(Retry):
        client.ship(parcel(tracking_number=number))
    assert client.ship(parcel(tracking_number=number), repeat=True).code == "ok"
    assert len(ebay.shipments[order_id(1)]) == 1


def test_a_parcel_that_a_clerk_entered_is_not_told_again(client, ebay):
    client.ship(parcel())
    assert client.ship(parcel(key="k2")).reference == "0034043412"
    assert len(ebay.shipments[order_id(1)]) == 1


def test_two_parcels_without_numbers_are_two(client, ebay):
    client.ship(parcel(tracking_number=""))
    client.ship(parcel(key="k2", number=2, tracking_number=""))
    assert len(ebay.shipments[order_id(1)]) == 2


def test_half_a_piece_cannot_be_told(client, ebay):
    assert client.ship(parcel(items=(Item(LINE, Decimal("0.5")),))).code == "refused"
    assert not ebay.shipments


# ---- Refunds ----


def refund(**values):
    given = {"key": "r1", "order_ref": order_id(1), "amount": Decimal("5.00"), "currency": "EUR", "reason": "Scratched"}
    return Refund(**{**given, **values})


def test_a_refund_is_signed_and_its_outcome_is_asked_for_later(client, ebay):
    ebay.signed = True
    item = RefundItem(LINE, Decimal(1), Decimal("10.84"), (("VAT-DE-19", Decimal("2.06")),))
    result = client.refund(refund(amount=Decimal("12.90"), items=(item,)))
    assert result.code == "pending"
    told = ebay.refunds[0]["body"]
    assert told["refundItems"] == [{"lineItemId": LINE, "refundAmount": {"value": "12.90", "currency": "EUR"}}]
    assert (told["reasonForRefund"], told["comment"]) == ("BUYER_RETURN", "Scratched")
    assert [outcome.code for outcome in client.outcomes([result.reference])] == ["pending"]
    ebay.pay_out(ebay.refunds[0]["id"])
    assert [outcome.code for outcome in client.outcomes([result.reference])] == ["ok"]
    ebay.pay_out(ebay.refunds[0]["id"], "FAILED")
    assert [outcome.code for outcome in client.outcomes([result.reference])] == ["refused"]


def test_goodwill_and_shipping_are_amounts_of_the_order(client, ebay):
    item = RefundItem(LINE, Decimal(1), Decimal("3.00"))
    client.refund(refund(items=(item,)))
    client.refund(refund(key="r2", order_ref=order_id(2), amount=Decimal("4.90"), shipping=Decimal("4.90")))
    told = [row["body"] for row in ebay.refunds]
    assert [row["orderLevelRefundAmount"]["value"] for row in told] == ["5.00", "4.90"]
    assert [row["reasonForRefund"] for row in told] == ["BUYER_RETURN", "SHIPPING_DISCOUNT"]


def test_tax_that_ebay_paid_is_paid_back_by_ebay(client, ebay):
    item = RefundItem(LINE, Decimal(1), Decimal("10.00"), (("ebay:VAT", Decimal("2.00")),))
    client.refund(refund(amount=Decimal("12.00"), items=(item,)))
    assert ebay.refunds[0]["value"] == "10.00"
    only_tax = RefundItem(LINE, Decimal(0), Decimal(0), (("ebay:VAT", Decimal("2.00")),))
    assert client.refund(refund(amount=Decimal("2.00"), items=(only_tax,))).code == "refused"


def test_a_refund_whose_answer_was_lost_is_left_to_a_person(client, ebay):
    client.order(order_id(1))
    ebay.fail_next("lost")
    with pytest.raises(Retry):
        client.refund(refund())
    result = client.refund(refund(), repeat=True)
    assert (result.code, len(ebay.refunds)) == ("refused", 1)
    assert "Seller Hub" in result.message


def test_a_refund_that_never_arrived_is_sent_again(client, ebay):
    client.order(order_id(1))
    ebay.fail_next("down")
    with pytest.raises(Retry):
        client.refund(refund())
    assert client.refund(refund(), repeat=True).code == "pending"
    assert len(ebay.refunds) == 1


def test_without_a_key_to_sign_with_nothing_is_tried(ebay, clock):
    client = connect(ebay, clock)
    for result in (client.refund(refund()), client.cancel(Cancellation("c", order_id(1)))):
        assert result.code == "refused" and "signing key" in result.message
    assert not asked_for(ebay, "POST", "refund") + asked_for(ebay, "POST", "cancellation")


def test_sellers_elsewhere_need_no_signature(ebay, clock):
    ebay.marketplace_id = "EBAY_US"
    assert connect(ebay, clock).refund(refund()).code == "pending"


def test_too_much_is_refused_by_ebay(client):
    with pytest.raises(Reject, match="exceeds"):
        client.refund(refund(amount=Decimal("500.00")))


def test_money_paid_back_elsewhere_is_not_paid_again(client, ebay):
    assert client.refund(refund(pay=False)).code == "ok"
    assert not ebay.asked


# ---- Cancellations ----


def test_a_cancellation_is_signed_and_safe_to_repeat(client, ebay):
    ebay.signed = True
    assert client.cancel(Cancellation("c", order_id(1), "stock")).code == "ok"
    assert client.cancel(Cancellation("c", order_id(1), "stock"), repeat=True).code == "ok"
    (told,) = ebay.cancellations
    assert (told["legacyOrderId"], told["cancelReason"]) == (f"{order_id(1)}!0", "OUT_OF_STOCK_OR_CANNOT_FULFILL")
    assert (told["buyerPaid"], told["buyerPaidDate"]) == (True, {"value": "2026-11-03T08:12:45.921Z"})


def test_a_cancellation_whose_answer_was_lost_is_not_made_twice(client, ebay):
    client.order(order_id(1))
    ebay.fail_next("reply", reply=Reply(200, ebay.orders[order_id(1)]))
    ebay.fail_next("lost")
    with pytest.raises(Retry):
        client.cancel(Cancellation("c", order_id(1)))
    assert client.cancel(Cancellation("c", order_id(1)), repeat=True).code == "ok"
    assert len(ebay.cancellations) == 1


def test_the_buyers_wish_is_agreed_to(client, ebay):
    ebay.signed = True
    ebay.orders[order_id(2)] = order(2, cancelStatus=deepcopy(ASKED["cancelStatus"]))
    result = client.cancel(Cancellation("c", order_id(2), "customer"))
    assert (result.code, ebay.cancellations) == ("ok", [{"approved": "5181220"}])
    assert client.cancel(Cancellation("c", order_id(2), "customer"), repeat=True).code == "ok"


def test_what_cannot_be_cancelled_is_told_in_words(client, ebay):
    part = Cancellation("c", order_id(1), items=(Item("other", Decimal(1)),))
    assert "whole orders" in client.cancel(part).message
    ebay.orders[order_id(2)]["orderFulfillmentStatus"] = "IN_PROGRESS"
    assert "parcel" in client.cancel(Cancellation("c", order_id(2))).message
    ebay.ineligible = ["CROSS_SITE_ORDER"]
    result = client.cancel(Cancellation("c", order_id(3)))
    assert (result.code, "another site" in result.message) == ("refused", True)


def test_errors_of_the_post_order_api_are_read(client, ebay):
    ebay.orders[order_id(1)]["legacyOrderId"] = None
    with pytest.raises(Reject, match="Invalid order"):
        client.cancel(Cancellation("c", order_id(1)))


# ---- Signatures ----


def test_the_example_of_ebays_documentation_is_signed_alike():
    """https://developer.ebay.com/develop/guides/digital-signatures-for-apis; the key is the test key of RFC 9421."""
    told = {"refresh_token": "r", "private_key": "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"}
    token = signing.read_token(json.dumps({**told, "jwe": "eyJ6aXAiOiJERUYi"}))
    body = b'{"hello": "world"}'
    made = signing.headers(token.key, "post", "/verifysignature", "LOCALHOST:8080", body, 1659651955)
    assert made["Content-Digest"] == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
    assert made["Signature-Input"] == (
        'sig1=("content-digest" "x-ebay-signature-key" "@method" "@path" "@authority");created=1659651955'
    )
    assert "Content-Digest" not in signing.headers(token.key, "GET", "/x", "api.ebay.com", b"", 1)
    assert "MC4C" not in repr(token)
