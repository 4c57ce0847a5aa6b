"""The client over real HTTP, against a shop that keeps the contract: orders, tokens, throttling, and when things go wrong."""

import json
import logging
from datetime import datetime, timedelta, timezone

import pytest

from odoo.addons.oms_channels.domain.adapter import Auth, Gone, Reject, Request, Retry
from odoo.addons.oms_channels.domain.outgoing import ListingRef
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.rest import RESPONSE_MAX_BYTES, Tokens
from odoo.addons.oms_channels.platforms.shopify import const, render
from odoo.addons.oms_channels.platforms.shopify.client import Client
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer, rest_body, webhook_headers

SAMPLES = {path.stem: json.loads(path.read_bytes()) for path in payloads("shopify") if path.parent.name == "order"}
KETTLE = SAMPLES["two_rates_not_all_taxable"]
LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)
CHANGED = datetime(2026, 11, 5, 9, tzinfo=timezone.utc)


def order(number, seconds=0, sample=KETTLE, **values):
    moment = (CHANGED + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    groups = [
        {**row, "id": f"gid://shopify/FulfillmentOrder/{number}{index}"}
        for index, row in enumerate(sample["fulfillmentOrders"]["nodes"])
    ]
    own = {"id": f"gid://shopify/Order/{number}", "name": f"#{number}", "updatedAt": moment}
    return {**sample, **own, "fulfillmentOrders": {"nodes": groups}, **values}


def lines(count):
    """So many different lines."""
    [first, *_rest] = KETTLE["lineItems"]["nodes"]
    return {"nodes": [{**first, "id": f"gid://shopify/LineItem/{number}"} for number in range(1, count + 1)]}


def names(page):
    return [json.loads(body)["name"] for body in page.orders]


def everything(client, moment=LONG_AGO):
    found, cursor = [], ""
    while True:
        page = client.orders_since(moment, cursor)
        found += page.orders
        cursor = page.cursor
        if not cursor:
            return found


class Clock:
    """A clock for both ends; waiting moves it."""

    def __init__(self):
        self.at, self.slept = 1000.0, []

    def __call__(self):
        return self.at

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.at += seconds

    def now(self):
        return CHANGED + timedelta(seconds=self.at)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shop(clock):
    with ShopifyServer(orders=[order(1), order(2, 1), order(3, 2)], now=clock.now) as server:
        yield server


@pytest.fixture
def client(shop, clock):
    return connect(shop, clock)


def connect(shop, clock, **options):
    options = {"api_token": shop.token, "timeout_s": 5, "clock": clock, "sleep": clock.sleep, **options}
    return Client(shop.url, **options)


# ---- Orders ----


def test_orders_come_oldest_change_first_and_from_the_very_second(client):
    assert names(client.orders_since(LONG_AGO)) == ["#1", "#2", "#3"]
    assert names(client.orders_since(CHANGED + timedelta(seconds=1))) == ["#2", "#3"]


def test_the_moment_may_be_in_any_time_zone(client):
    moment = (CHANGED + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-7)))
    assert names(client.orders_since(moment)) == ["#2", "#3"]


def test_long_lists_come_in_pages_that_hold_their_place(shop, client):
    for number in range(4, 12):
        shop.add(order(number, number))
    first = client.orders_since(LONG_AGO)
    assert (names(first), first.stable) == (["#1", "#2", "#3", "#4"], True)
    # An order of the first page changes: it moves to the end, and pulls nobody forward.
    shop.change("gid://shopify/Order/1", note="later")
    found, cursor = [], first.cursor
    while cursor:
        page = client.orders_since(LONG_AGO, cursor)
        found, cursor = found + names(page), page.cursor
    assert found == [f"#{number}" for number in range(5, 12)] + ["#1"]


@pytest.mark.parametrize("count", [5, 6, 30, 31, 36, 95])
def test_every_line_is_read_however_many_there_are(shop, client, count):
    shop.orders.clear()
    shop.add(order(7, lineItems=lines(count)))
    for body in (client.orders_since(LONG_AGO).orders[0], client.order("gid://shopify/Order/7")):
        document = PLATFORMS["shopify"].parse("order", body)
        assert len({line.external_id for line in document.lines if line.kind == "product"}) == count
        assert "bad_line" not in [problem.code for problem in document.problems()]


def test_every_payment_and_every_refund_is_read_however_many_there_are(shop, client):
    sample = SAMPLES["refund_of_lines_and_shipping"]
    [refund], [paid, back] = sample["refunds"], sample["transactions"]
    rows = [{**refund["refundLineItems"]["nodes"][0], "id": f"gid://shopify/RefundLineItem/{one}"} for one in range(70)]
    refunds = [{**refund, "id": f"gid://shopify/Refund/{number}"} for number in range(11)]
    refunds[0] = {**refunds[0], "refundLineItems": {"nodes": rows}}
    payments = [{**paid, "id": f"gid://shopify/OrderTransaction/{number}"} for number in range(23)]
    shop.add(order(8, sample=sample, refunds=refunds, transactions=[*payments, back]))
    document = PLATFORMS["shopify"].parse("order", client.order("gid://shopify/Order/8"))
    assert (len(document.payments), len(document.refunds)) == (23, 11)
    assert len(document.refunds[0].lines) == 70


@pytest.mark.parametrize(
    "case", [name for name in SAMPLES if name not in ("lines_not_read_to_their_end", "presentment_side")]
)
def test_an_order_read_over_http_is_the_document_of_its_payload(shop, client, case):
    adapter = PLATFORMS["shopify"]
    shop.add(SAMPLES[case])
    read = client.order(SAMPLES[case]["id"])
    assert adapter.parse("order", read) == adapter.parse("order", json.dumps(SAMPLES[case]).encode())


def test_the_poll_and_the_order_alone_are_the_same_event(shop, client):
    adapter = PLATFORMS["shopify"]
    shop.add(order(9, 9, lineItems=lines(40)))
    polled = next(body for body in everything(client) if json.loads(body)["name"] == "#9")
    assert adapter.read_event({}, polled) == adapter.read_event({}, client.order("gid://shopify/Order/9"))


def test_a_webhook_leads_to_the_order_also_when_it_names_a_part_of_it(shop, client):
    adapter = PLATFORMS["shopify"]
    body = rest_body(shop.orders["gid://shopify/Order/2"])
    hint = adapter.read_event(webhook_headers(body, "orders/create", "s"), body)
    assert json.loads(client.order(hint.order_ref))["name"] == "#2"
    group = shop.groups["gid://shopify/Order/3"][0]["id"]
    body = json.dumps({"fulfillment_order": {"id": group, "status": "on_hold"}}).encode()
    hint = adapter.read_event(webhook_headers(body, "fulfillment_orders/placed_on_hold", "s"), body)
    assert json.loads(client.order(hint.order_ref))["name"] == "#3"


def test_an_order_that_is_not_there_is_gone(client):
    for order_ref in ("gid://shopify/Order/820982911946154508", "gid://shopify/FulfillmentOrder/1"):
        with pytest.raises(Gone, match="no such order"):
            client.order(order_ref)


def test_the_money_that_is_kept_is_the_channels_choice(clock):
    with ShopifyServer([order(1)], presentment=("EUR", "0.9"), now=clock.now) as shop:
        read = {
            side: connect(shop, clock, site_ref=side).order("gid://shopify/Order/1")
            for side in ("", "shop", "presentment")
        }
        documents = {side: PLATFORMS["shopify"].parse("order", body) for side, body in read.items()}
    assert documents[""] == documents["shop"]
    assert (documents["shop"].currency, str(documents["shop"].total)) == ("USD", "119.03")
    assert (documents["presentment"].currency, str(documents["presentment"].total)) == ("EUR", "107.13")
    assert {payment.amount for payment in documents["presentment"].payments} == {documents["presentment"].total}


# ---- Credentials and versions ----


def test_the_wrong_token_is_an_error_of_credentials_although_its_error_is_a_mere_sentence(shop, clock):
    with pytest.raises(Auth, match="Invalid API key"):
        connect(shop, clock, api_token="shpat_wrong").orders_since(LONG_AGO)


def test_a_token_is_had_for_id_and_secret_and_kept_for_its_day(clock):
    with ShopifyServer([order(1)], token="", client=("id", "sec ret&"), now=clock.now) as shop:
        client = connect(shop, clock, api_token="", api_key="id", api_secret="sec ret&", tokens=Tokens())
        for _time in range(3):
            assert names(client.orders_since(LONG_AGO)) == ["#1"]
        assert sum(asked.path == const.TOKEN_PATH for asked in shop.asked) == 1
        clock.at += 24 * 3600
        assert names(client.orders_since(LONG_AGO)) == ["#1"]
        assert sum(asked.path == const.TOKEN_PATH for asked in shop.asked) == 2


def test_clients_of_the_same_shop_share_a_token(clock):
    tokens = Tokens()
    with ShopifyServer([order(1)], token="", client=("id", "secret"), now=clock.now) as shop:
        for _time in range(2):
            client = connect(shop, clock, api_token="", api_key="id", api_secret="secret", tokens=tokens)
            client.orders_since(LONG_AGO)
        assert sum(asked.path == const.TOKEN_PATH for asked in shop.asked) == 1


def test_a_token_that_was_taken_back_is_renewed_once(clock):
    with ShopifyServer([order(1)], token="", client=("id", "secret"), now=clock.now) as shop:
        client = connect(shop, clock, api_token="", api_key="id", api_secret="secret", tokens=Tokens())
        client.orders_since(LONG_AGO)
        shop.revoke()
        assert names(client.orders_since(LONG_AGO)) == ["#1"]
        shop.fail_next("reply", times=2, reply=Reply(401, {"errors": "[API] Invalid API key or access token"}))
        asked = len(shop.asked)
        with pytest.raises(Auth):
            client.orders_since(LONG_AGO)
        # Once refused, a token for the second and last try, and that one refused.
        assert len(shop.asked) - asked <= 3


def test_a_wrong_secret_is_told_in_words_for_a_clerk(clock):
    with ShopifyServer(token="", client=("id", "secret"), now=clock.now) as shop:
        client = connect(shop, clock, api_token="", api_key="id", api_secret="wr0ng-secret", tokens=Tokens())
        with pytest.raises(Auth, match="installed in this shop") as caught:
            client.check()
        assert "wr0ng" not in str(caught.value)


def test_without_any_key_there_is_nothing_to_connect_with(shop, clock):
    with pytest.raises(Auth, match="Enter an access token"):
        connect(shop, clock, api_token="", api_key="id")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [({"api_version": "2025-10"}, "too old"), ({"site_ref": "both"}, "“shop” or “presentment”")],
)
def test_a_setting_that_cannot_be_is_told_at_once(shop, clock, values, sentence):
    with pytest.raises(Reject, match=sentence):
        connect(shop, clock, **values)


def test_the_address_may_lack_its_scheme():
    assert Client("brightwater.myshopify.example", api_token="t").root.startswith(
        "https://brightwater.myshopify.example/admin/"
    )


def test_the_check_tells_the_shop_its_places_and_what_is_missing(shop, client):
    told = client.check()
    assert (told.name, told.currency, told.country, told.time_zone) == (
        "Brightwater Supply",
        "USD",
        "US",
        "America/Chicago",
    )
    assert [location.name for location in told.locations] == ["Main warehouse", "South Congress"]
    assert (told.missing, told.warning, told.api_version) == ((), "", const.API_VERSION)
    shop.scopes = ["read_orders", "read_locations", "read_products", "write_inventory"]
    told = client.check()
    assert "write_orders" in told.missing and "read_inventory" not in told.missing
    assert "60 days" in told.warning


def test_a_version_that_has_ended_answers_as_another_and_that_is_told(shop, clock, monkeypatch):
    monkeypatch.setattr(const, "API_VERSION_MIN", "2025-01")
    told = connect(shop, clock, api_version="2025-07").check()
    assert told.api_version == "2026-01"
    assert "no longer serves version 2025-07" in told.warning


def test_what_our_keys_do_not_permit_is_an_error_of_credentials(shop, client):
    shop.scopes = ["read_products"]
    with pytest.raises(Auth, match="read_orders"):
        client.orders_since(LONG_AGO)


# ---- Points ----


def test_no_query_costs_more_than_one_may_and_each_fits_a_small_bucket(shop, client):
    everything(client)
    client.check()
    client.listings()
    assert client.rate().limit == 2000
    assert max(client._costs.values()) <= 1000


def test_a_throttled_query_waits_for_its_points_and_is_sent_again(shop, client, clock):
    client.orders_since(LONG_AGO)
    shop.available = 10
    assert names(client.orders_since(LONG_AGO)) == ["#1", "#2", "#3"]
    assert clock.slept and max(clock.slept) <= 10


def test_who_knows_that_the_bucket_is_empty_waits_without_asking(shop, client, clock):
    client.orders_since(LONG_AGO)
    shop.per_s = 1
    shop.available = 0
    with pytest.raises(Retry) as caught:
        client.orders_since(LONG_AGO)
    assert caught.value.delay_s > 10
    asked = len(shop.asked)
    with pytest.raises(Retry, match="lets us ask again in"):
        client.orders_since(LONG_AGO)
    assert len(shop.asked) == asked


def test_a_shop_that_throttles_for_ever_is_not_asked_for_ever(shop, client):
    shop.fail_next("busy", times=50)
    with pytest.raises(Retry) as caught:
        client.order("gid://shopify/Order/1")
    assert caught.value.code == "THROTTLED"
    assert len(shop.asked) <= 3


def test_a_query_that_costs_too_much_is_refused(client):
    with pytest.raises(Reject, match="max cost"):
        client.ask(
            render.graphql("query Q { orders(first: 250) { nodes { lineItems(first: 250) { nodes { id } } } } }", {})
        )


# ---- When things go wrong ----


@pytest.mark.parametrize("fault", ["down", "truncated", "lost", "page"])
def test_what_passes_is_worth_another_try(shop, client, fault):
    shop.fail_next(fault)
    with pytest.raises(Retry):
        client.order("gid://shopify/Order/1")
    assert json.loads(client.order("gid://shopify/Order/1"))["name"] == "#1"


def test_a_shop_that_is_down_says_when_to_come_back(shop, client):
    shop.fail_next("down", retry_after="60")
    with pytest.raises(Retry) as caught:
        client.orders_since(LONG_AGO)
    assert caught.value.delay_s == 60


def test_a_slow_shop_is_not_waited_for(shop):
    shop.fail_next("slow", delay_s=1)
    with pytest.raises(Retry, match="has not answered within"):
        Client(shop.url, shop.token, timeout_s=0.1).orders_since(LONG_AGO)


def test_a_redirect_is_told_and_not_followed(shop, client):
    shop.fail_next("redirect", location="https://new.example/admin?token=shpat_x")
    with pytest.raises(Reject, match="moved to https://new.example") as caught:
        client.orders_since(LONG_AGO)
    assert "shpat" not in str(caught.value)
    assert len(shop.asked) == 1


def test_an_endless_answer_is_not_read_to_its_end(shop, client):
    shop.fail_next("huge", size=RESPONSE_MAX_BYTES + 1)
    with pytest.raises(Reject, match="larger than 16 MiB"):
        client.orders_since(LONG_AGO)


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"errors": "Something broke"}, Reject),
        ({"errors": [{"message": "Timeout", "extensions": {"code": "TIMEOUT"}}], "data": None}, Retry),
        ({"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED"}}], "data": {"orders": None}}, Auth),
        ({"errors": {"query": ["is missing"]}}, Reject),
        ({"errors": [None, 7]}, Reject),
        ({"data": None}, Retry),
        ({"data": []}, Retry),
        ([], Retry),
        ("text", Retry),
        ({"data": {}, "extensions": {"cost": {"throttleStatus": "soon"}}}, None),
    ],
)
def test_an_error_with_200_is_the_error_that_it_is(shop, client, payload, error):
    shop.fail_next("reply", reply=Reply(200, payload))
    if error is None:
        assert client.orders_since(LONG_AGO).orders == ()
    else:
        with pytest.raises(error):
            client.orders_since(LONG_AGO)


def test_the_same_page_for_ever_is_noticed(shop, client):
    page = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "x"}}
    whole = {**order(1), "lineItems": page, "refunds": [], "transactions": []}
    shop.fail_next("reply", reply=Reply(200, {"data": {"order": whole}}))
    shop.fail_next("reply", times=5, reply=Reply(200, {"data": {"order": {"lineItems": page}}}))
    with pytest.raises(Retry, match="same page"):
        client.order("gid://shopify/Order/1")


@pytest.mark.parametrize("fault", ["busy", "down", "truncated", "slow", "redirect", "page", "lost"])
def test_no_secret_reaches_a_message_or_a_log(clock, caplog, fault):
    with ShopifyServer([order(1)], token="", client=("id", "shpss_private"), now=clock.now) as shop:
        shop.fail_next(fault, times=4, **({"location": "https://x.example"} if fault == "redirect" else {}))
        client = Client(shop.url, "", "id", "shpss_private", timeout_s=0.2, tokens=Tokens(), sleep=clock.sleep)
        with caplog.at_level(logging.DEBUG, logger="odoo.addons.oms_channels"):
            with pytest.raises((Retry, Reject, Auth)) as caught:
                client.orders_since(LONG_AGO)
        issued = list(shop._issued)
    told = f"{caught.value} {caught.value.__cause__} {caplog.text}"
    assert not any(secret in told for secret in ("private", *issued))


def test_a_shop_in_trouble_gives_everything_in_the_end(shop, client):
    for number in range(4, 20):
        shop.add(order(number, number, lineItems=lines(number)))
    shop.misbehave(seed=7, share=0.3)
    found, cursor = {}, ""
    for _try in range(400):
        try:
            page = client.orders_since(LONG_AGO, cursor)
        except Retry:
            continue
        found |= {json.loads(body)["name"]: json.loads(body) for body in page.orders}
        cursor = page.cursor
        if not cursor:
            break
    assert len(found) == 19
    assert all(len(found[f"#{number}"]["lineItems"]["nodes"]) == number for number in range(4, 20))


# ---- What is offered ----


def test_all_listings_come_page_by_page(shop, client):
    for number in range(1, 231):
        shop.add_variant(number, quantity=number)
    shop.variants[1]["inventoryItem"]["tracked"] = False
    shop.variants[2]["product"]["status"] = "DRAFT"
    found, cursor = [], ""
    while True:
        page = client.listings(cursor)
        found, cursor = [*found, *page.listings], page.cursor
        if not cursor:
            break
    assert len({listing.ref.external_id for listing in found}) == 230
    first, uncounted, draft = found[:3]
    assert first.ref == ListingRef(
        "gid://shopify/ProductVariant/1", "BW-1", "gid://shopify/Product/1", "gid://shopify/InventoryItem/1"
    )
    assert (str(first.price), first.currency, first.quantity, first.active) == ("10.00", "USD", 1, True)
    assert (uncounted.quantity, draft.active) == (None, False)


def test_the_registry_connects_with_a_channels_columns(shop):
    values = {"api_url": shop.url + "/", "api_token": shop.token, "webhook_secret": "w"}
    values |= dict.fromkeys(("api_key", "api_secret", "site_ref", "api_version"), False)
    assert names(PLATFORMS["shopify"].connect(values, timeout_s=5).orders_since(LONG_AGO)) == ["#1", "#2", "#3"]


def test_a_query_names_itself():
    assert render.operation(render.shop()) == "Shop"
    assert render.operation(Request("POST", "graphql.json")) == ""
