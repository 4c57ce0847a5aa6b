"""The client over real HTTP, against an app that keeps its side of the API and misbehaves on demand."""

import json
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
    ReturnItem,
    ReturnStep,
    Standing,
    StockLevel,
)
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.rest_api.client import Client
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.rest_api import AppServer

NOW = datetime(2026, 3, 2, 10, tzinfo=timezone.utc)
TEMPLATE = json.loads(next(path for path in payloads("rest_api") if path.stem == "chat_bot_least").read_bytes())
PARCEL = Parcel("81-0", "A-1", (Item("1", Decimal("2")),), NOW, tracking_number="1Z", carrier_name="UPS", last=True)
REF = ListingRef("P-MUG", "MUG")


@pytest.fixture
def app():
    orders = [{**TEMPLATE, "id": f"A-{n}", "updated_at": f"2026-03-02T1{n}:00:00Z"} for n in range(5)]
    with AppServer(orders) as server:
        yield server


@pytest.fixture
def client(app):
    return Client(app.events_url, app.secret, app.url, timeout_s=2)


def test_what_happens_to_a_return_is_told_and_the_app_may_say_what_it_calls_it(app, client):
    items = (ReturnItem("1", Decimal(1), "Defective"),)
    result = client.tell_return(ReturnStep("return-5-begun", "A-1", "", "begun", items))
    [event] = app.events("return.changed")
    assert event["id"] == "return-5-begun"
    assert event["data"]["lines"] == [{"line_id": "1", "quantity": "1", "reason": "Defective"}]
    assert (event["data"]["status"], "return_id" in event["data"]) == ("begun", False)
    assert (result.code, result.reference) == ("ok", "app-1")


def test_the_app_is_asked_whether_it_is_there_and_says_who_it_is(app, client):
    shop = client.check()
    assert (shop.name, shop.currency, [place.external_id for place in shop.locations]) == (
        "Corner shop app",
        "EUR",
        ["L1"],
    )
    assert "https" in shop.warning


def test_what_happens_is_told_signed_and_once(app, client):
    assert client.ship(PARCEL).reference
    assert client.ship(PARCEL, repeat=True).code == "ok"
    [event] = app.events("shipment.created")
    assert event["data"]["tracking_number"] == "1Z"
    assert event["data"]["lines"] == [{"line_id": "1", "quantity": "2"}]
    client.cancel(Cancellation("c-1", "A-1", "stock", (Item("1", Decimal(1)),)))
    items = (RefundItem("1", Decimal(1), Decimal("10.00"), (("", Decimal("2.00")),)),)
    client.refund(Refund("r-1", "A-1", Decimal("12.00"), "EUR", items, pay=True))
    client.stand(Standing("s-1", "A-1", "held", NOW, "The total differs."))
    assert app.events("order.cancelled")[0]["data"]["lines"] == [{"line_id": "1", "quantity": "1"}]
    assert app.events("refund.created")[0]["data"]["lines"][0]["tax"] == "2.00"
    assert app.events("order.status")[0]["data"]["sentence"] == "The total differs."
    assert max(app.times.values()) == 2


def test_a_number_that_comes_later_is_another_event_of_the_same_parcel(app, client):
    client.ship(Parcel("81-0", "A-1", PARCEL.items, NOW))
    client.ship(PARCEL)
    first, second = app.events("shipment.created")
    assert first["data"]["shipment_id"] == second["data"]["shipment_id"]
    assert first["id"] != second["id"]


def test_what_is_lost_on_its_way_is_told_again_and_done_once(app, client):
    app.fail_next("lost")
    with pytest.raises(Retry):
        client.ship(PARCEL)
    client.ship(PARCEL, repeat=True)
    assert len(app.events("shipment.created")) == 1
    assert list(app.times.values()) == [2]


@pytest.mark.parametrize(
    ("fault", "error"), [("busy", Retry), ("down", Retry), ("truncated", Retry), ("page", Retry), ("redirect", Reject)]
)
def test_misbehaviour_is_sorted_by_what_follows(app, client, fault, error):
    app.fail_next(fault, **({"location": "https://evil.example"} if fault == "redirect" else {}))
    if fault == "truncated":  # a 2xx: it was taken, whatever it says
        assert client.ship(PARCEL).code == "ok"
        return
    with pytest.raises(error):
        client.ship(PARCEL)


def test_a_wrong_secret_and_a_refusal_are_told_in_the_apps_words(app):
    with pytest.raises(Auth, match="signature"):
        Client(app.events_url, "wrong", timeout_s=2).ship(PARCEL)
    app.refuses["A-1"] = "This order is archived."
    with pytest.raises(Reject, match="archived"):
        Client(app.events_url, app.secret, timeout_s=2).ship(PARCEL)


def test_stock_and_prices_are_answered_per_item(app, client):
    app.refuses["TEA"] = "Discontinued."
    levels = [StockLevel(REF, 5), StockLevel(ListingRef("P-TEA", "TEA"), 7)]
    results = client.push_stock(levels)
    assert [result.code for result in results] == ["ok", "refused"]
    assert results[1].message == "Discontinued."
    assert client.stock_levels([REF, ListingRef("P-X")]) == [5, None]
    assert [result.code for result in client.push_prices([Price(REF, Decimal("9.90"), "EUR", Decimal("12"))])] == ["ok"]
    assert app.events("price.changed")[0]["data"]["prices"][0] == {
        "id": "P-MUG",
        "sku": "MUG",
        "amount": "9.90",
        "currency": "EUR",
        "compare_at": "12",
    }
    assert [listing.ref.sku for listing in client.listings().listings] == ["MUG"]


def test_orders_are_read_page_by_page(app, client):
    found, cursor = [], ""
    while True:
        page = client.orders_since(NOW - timedelta(days=1), cursor)
        found += [json.loads(body)["id"] for body in page.orders]
        cursor = page.cursor
        if not cursor:
            break
    assert found == [f"A-{n}" for n in range(5)]
    assert json.loads(client.order("A-3"))["id"] == "A-3"


def test_an_order_is_gone_only_if_the_app_says_so_and_not_because_an_address_is_wrong(app, client):
    with pytest.raises(Gone):
        client.order("nobody")
    wrong = Client(app.events_url, app.secret, f"{app.url}/v2", timeout_s=2)
    with pytest.raises(Reject) as caught:
        wrong.order("A-1")
    assert not isinstance(caught.value, Gone)


def test_an_app_that_cannot_be_asked_is_not_asked(app):
    client = Client(app.events_url, app.secret, timeout_s=2)
    for ask in (lambda: client.orders_since(NOW), lambda: client.order("1"), client.listings):
        with pytest.raises(Reject, match="cannot be asked"):
            ask()
    assert not app.asked


def test_odd_answers_are_no_accident(app, client):
    for payload in (
        b"[]",
        b"null",
        b'"x"',
        b'{"status": []}',
        b'{"results": 5}',
        b'{"orders": 5}',
        b'{"status": "refused"}',
    ):
        app.fail_next("reply", reply=Reply(200, payload))
        assert client.ship(PARCEL).code in ("ok", "refused")
        app.fail_next("reply", reply=Reply(200, payload))
        assert len(client.push_stock([StockLevel(REF, 1)])) == 1
        app.fail_next("reply", reply=Reply(200, payload))
        with pytest.raises((Reject, Retry)):
            client.orders_since(NOW)


def test_the_registry_connects_it():
    values = {"api_url": "https://app.example/hook", "api_secret": "s", "account_ref": False, "webhook_secret": "w"}
    assert PLATFORMS["rest_api"].connect(values)._secret == "s"


def test_an_app_that_asks_by_itself_needs_no_address(app):
    shop = Client("", "").check()
    assert (shop.name, "asks by itself" in shop.warning) == ("The app", True)
    with pytest.raises(Reject, match="no address for events"):
        Client("", "s").ship(PARCEL)
    assert Client(app.events_url, "", timeout_s=2).check().warning  # its secret is made with the channel
    assert not app.asked


@pytest.mark.parametrize("address", ["ftp://x", "app.example", "https://user:pw@app.example"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(Reject, match="https://"):
        Client(address, "s")
