"""Returns of a Shopify shop over real HTTP: read with their order, and told how they go on here; nothing twice."""

import json
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.adapter import Retry
from odoo.addons.oms_channels.domain.outgoing import Item, Parcel, ReturnItem, ReturnStep
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.shopify.client import Client
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer

SAMPLES = {path.stem: json.loads(path.read_bytes()) for path in payloads("shopify") if path.parent.name == "order"}
ORDER = SAMPLES["two_rates_not_all_taxable"]
ROWS = ORDER["lineItems"]["nodes"]
LINE, COUNT = next((row["id"], row["quantity"]) for row in ROWS)
MAIN = "gid://shopify/Location/70000001"


@pytest.fixture
def shop():
    with ShopifyServer([ORDER], per_s=1000) as server:
        yield server


@pytest.fixture
def client(shop):
    return Client(shop.url, shop.token, timeout_s=5, sleep=lambda _seconds: None)


@pytest.fixture
def sent(client):
    items = tuple(Item(row["id"], Decimal(row["quantity"])) for row in ROWS)
    moment = datetime(2026, 11, 6, 15, tzinfo=timezone.utc)
    assert client.ship(Parcel("P1", ORDER["id"], items, moment, location_ref=MAIN)).code == "ok"


def read(client):
    return PLATFORMS["shopify"].parse("order", client.order(ORDER["id"]))


def step(name, return_ref="", quantity=1, note=""):
    items = (ReturnItem(LINE, Decimal(quantity), "broken"),)
    return ReturnStep(f"return-1-{name}", ORDER["id"], return_ref, name, items, note)


def lose(shop, operation):
    """The answer to the next such operation is lost on its way, after it was carried out."""
    reply = shop.reply

    def lost(asked):
        answer = reply(asked)
        if f"mutation {operation}" in asked.json["query"]:
            shop.reply = reply
            return Reply(200, b"{")
        return answer

    shop.reply = lost


def statuses(shop):
    return [row["status"] for row in shop.orders[ORDER["id"]].get("returns", {"nodes": []})["nodes"]]


def test_an_order_without_returns_says_so_and_asks_nothing_more(shop, client):
    assert (read(client).returns, read(client).returns_untold) == ((), False)
    assert "OrderReturns" not in [name for name, _variables in shop.operations]


def test_what_a_customer_asks_back_is_read_with_the_order(shop, client, sent):
    made = shop.ask_back(ORDER["id"], {LINE: 1})
    [told] = read(client).returns
    assert (told.external_id, told.status, told.number) == (made, "requested", f"{ORDER['name']}-R1")
    [line] = told.lines
    assert (line.line_id, line.quantity, line.reason, line.note) == (LINE, 1, "size_too_small", "Too small")


def test_more_returns_than_come_at_once_are_all_read(shop, client, sent):
    for _number in range(5):
        shop.ask_back(ORDER["id"], {LINE: 1})
    assert len(read(client).returns) == 5


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("approved", "REQUESTED", "OPEN"),
        ("refused", "REQUESTED", "DECLINED"),
        ("cancelled", "OPEN", "CANCELED"),
        ("closed", "OPEN", "CLOSED"),
    ],
)
def test_each_step_is_told_and_told_again_is_one(shop, client, sent, name, before, after):
    made = shop.ask_back(ORDER["id"], {LINE: 1}, before)
    assert client.tell_return(step(name, made, note="why")).code == "ok"
    assert statuses(shop) == [after]
    again = client.tell_return(step(name, made), repeat=True)
    assert (again.code, again.reference) == ("ok", made)
    assert client.tell_return(step(name, made)).code == "ok", "somebody at the shop was faster"


def test_a_return_of_ours_is_begun_once_though_the_answer_was_lost(shop, client, sent):
    lose(shop, "ReturnCreate")
    with pytest.raises(Exception, match=r"Shopify|answer"):
        client.tell_return(step("begun"))
    told = client.tell_return(step("begun"), repeat=True)
    assert (told.code, statuses(shop)) == ("ok", ["OPEN"])
    assert told.reference == read(client).returns[0].external_id


def test_of_what_has_not_been_sent_nothing_comes_back(shop, client):
    told = client.tell_return(step("begun"))
    assert (told.code, statuses(shop)) == ("refused", [])
    assert "less than this can come back" in told.message


def test_a_step_that_does_not_fit_is_refused_in_the_words_of_the_shop(shop, client, sent):
    made = shop.ask_back(ORDER["id"], {LINE: 1}, "CLOSED")
    told = client.tell_return(step("cancelled", made))
    assert (told.code, "CLOSED" in told.message) == ("refused", True)


# ---- What becomes of the goods ----


def disposed(made, goods, quantity, earlier=0, place=MAIN):
    items = (ReturnItem(LINE, Decimal(quantity), "", Decimal(earlier)),)
    return ReturnStep("return-1-p7-disposed", ORDER["id"], made, "disposed", items, goods=goods, location_ref=place)


def dispositions(shop):
    rows = shop.orders[ORDER["id"]]["returns"]["nodes"][0]["reverseFulfillmentOrders"]["nodes"]
    lines = [line for group in rows for line in group["lineItems"]["nodes"]]
    return [(one["type"], one["quantity"]) for line in lines for one in line["dispositions"]]


def test_what_becomes_of_goods_is_told_piece_by_piece(shop, client, sent):
    made = shop.ask_back(ORDER["id"], {LINE: 3}, "OPEN")
    assert client.tell_return(disposed(made, "restocked", 1)).code == "ok"
    assert client.tell_return(disposed(made, "apart", 2, earlier=1)).code == "ok"
    assert dispositions(shop) == [("RESTOCKED", 1), ("PROCESSING_REQUIRED", 2)]


def test_it_is_told_once_though_the_answer_was_lost(shop, client, sent):
    made = shop.ask_back(ORDER["id"], {LINE: COUNT}, "OPEN")
    lose(shop, "ReturnDispose")
    with pytest.raises(Retry):
        client.tell_return(disposed(made, "not_restocked", 1))
    assert client.tell_return(disposed(made, "not_restocked", 1), repeat=True).code == "ok"
    assert dispositions(shop) == [("NOT_RESTOCKED", 1)]


def test_without_a_place_nothing_is_restocked_there_and_the_stock_is_told_by_itself(shop, client, sent):
    made = shop.ask_back(ORDER["id"], {LINE: COUNT}, "OPEN")
    assert client.tell_return(disposed(made, "restocked", 1, place="")).code == "ok"
    assert dispositions(shop) == [("NOT_RESTOCKED", 1)]


def test_more_than_the_shop_expects_is_for_a_person(shop, client, sent):
    made = shop.ask_back(ORDER["id"], {LINE: 1}, "OPEN")
    result = client.tell_return(disposed(made, "restocked", 2))
    assert result.code == "refused"
    assert "More has come back" in result.message
    assert dispositions(shop) == []


def test_that_goods_came_is_no_step_of_shopify(shop, client, sent):
    made = shop.ask_back(ORDER["id"], {LINE: 1}, "OPEN")
    before = len(shop.operations)
    assert client.tell_return(step("received", made)).code == "ok"
    assert len(shop.operations) == before
