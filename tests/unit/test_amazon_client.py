"""The client over real HTTP, against a seller's account that keeps Amazon's contract."""

import io
import json
import logging
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
import requests

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
from odoo.addons.oms_channels.platforms.amazon import client as amazon_client
from odoo.addons.oms_channels.platforms.amazon import const
from odoo.addons.oms_channels.platforms.amazon.client import Client
from odoo.addons.oms_channels.platforms.rest import RESPONSE_MAX_BYTES, RestClient
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.amazon import AmazonServer
from odoo.addons.oms_channels.tests.servers.base import Reply

CASES = {path.stem: json.loads(path.read_bytes()) for path in payloads("amazon")}
TEMPLATE = CASES["de_two_vat_rates_prime"]
NOW = datetime(2026, 11, 3, 12, tzinfo=timezone.utc)
LONG_AGO = datetime(2026, 10, 20, tzinfo=timezone.utc)
FAST = dict.fromkeys(const.RATES, (1000, 1000))


def order(number, seconds=0, **values):
    moment = (NOW - timedelta(hours=2) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**deepcopy(TEMPLATE), "orderId": f"301-5500001-{number:07d}", "lastUpdatedTime": moment, **values}


def order_id(number):
    return f"301-5500001-{number:07d}"


def ids(page):
    return [int(json.loads(body)["orderId"].rpartition("-")[2]) for body in page.orders]


class Clock:
    """Seconds that pass when somebody waits."""

    def __init__(self):
        self.seconds = 1000.0
        self.waited = 0.0

    def __call__(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds
        self.waited += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def amazon(clock):
    with AmazonServer(orders=[order(1), order(2, 1), order(3, 2)], plans=FAST, clock=clock, now=lambda: NOW) as server:
        yield server


@pytest.fixture
def client(amazon, clock):
    return connect(amazon, clock)


def connect(amazon, clock, **options):
    options = {"timeout_s": 5, "now": lambda: NOW, "clock": clock, "sleep": clock.sleep, **options}
    return Client(amazon.url, *amazon.credentials, **options)


def everything(client, moment=LONG_AGO):
    """All orders since a moment, as a reader goes through the pages."""
    page = client.orders_since(moment)
    found = ids(page)
    while page.cursor:
        page = client.orders_since(moment, page.cursor)
        found += ids(page)
    return found


# ---- Who we are ----


def test_one_token_serves_an_hour_of_calls_and_another_client(amazon, client, clock):
    client.orders_since(LONG_AGO)
    client.order(order_id(1))
    connect(amazon, clock).order(order_id(1))
    assert sum(asked.path == "/auth/o2/token" for asked in amazon.asked) == 1
    clock.seconds += 3600
    client.order(order_id(1))
    assert sum(asked.path == "/auth/o2/token" for asked in amazon.asked) == 2


def test_a_token_that_was_withdrawn_is_replaced_and_the_call_made_again(amazon, client):
    client.order(order_id(1))
    amazon.withdraw_tokens()
    assert json.loads(client.order(order_id(2)))["orderId"] == order_id(2)


def test_a_fresh_token_that_is_refused_is_an_error_of_permissions(amazon, client):
    amazon.token_lifetime_s = 0
    with pytest.raises(Auth, match="Access to requested resource is denied"):
        client.order(order_id(1))
    assert len(amazon.operations) <= 2


@pytest.mark.parametrize(
    ("position", "sentence"), [(0, "client ID or its secret"), (1, "client ID or its secret"), (2, "new refresh token")]
)
def test_each_wrong_credential_says_which_one(amazon, clock, position, sentence):
    credentials = list(amazon.credentials)
    credentials[position] = "wrong"
    with pytest.raises(Auth, match=sentence):
        Client(amazon.url, *credentials, now=lambda: NOW, clock=clock).orders_since(LONG_AGO)


def test_a_seller_who_withdrew_the_authorisation_is_asked_for_it(amazon, client):
    amazon.authorised = False
    with pytest.raises(Auth, match="Authorise the application again"):
        client.check()


def test_no_access_at_the_moment_is_worth_another_try(amazon, client):
    amazon.fail_next("down", retry_after="30")
    with pytest.raises(Retry) as caught:
        client.order(order_id(1))
    assert caught.value.delay_s == 30


def test_tokens_come_from_amazon_wherever_the_region_is():
    client = Client("https://sellingpartnerapi-eu.amazon.com", "k", "s", "t", "A1", "A1PA6795UKMFR9")
    assert client.token_url == "https://api.amazon.com/auth/o2/token"


@pytest.mark.parametrize("address", ["sellingpartnerapi-eu.amazon.com", "http://sellingpartnerapi-eu.amazon.com", ""])
def test_an_address_that_is_not_safe_is_rejected(address):
    with pytest.raises(Reject):
        Client(address, "k", "s", "t", "A1", "A1PA6795UKMFR9")


@pytest.mark.parametrize(("seller", "places"), [("", "A1PA6795UKMFR9"), ("A1", " , ")])
def test_without_seller_or_marketplace_nothing_can_be_asked(seller, places):
    with pytest.raises(Reject, match="missing"):
        Client("https://sellingpartnerapi-eu.amazon.com", "k", "s", "t", seller, places)


def test_the_registry_connects_with_a_channels_columns(amazon, clock):
    fields = ("api_key", "api_secret", "api_token", "account_ref", "site_ref")
    values = {"api_url": amazon.url, "webhook_secret": "w", **dict(zip(fields, amazon.credentials, strict=True))}
    connected = PLATFORMS["amazon"].connect(values, now=lambda: NOW, clock=clock)
    assert sorted(everything(connected)) == [1, 2, 3]


def test_a_check_tells_whose_account_it_is_and_which_marketplaces_are_closed(amazon, client, clock):
    shop = client.check()
    assert (shop.name, shop.currency, shop.country, shop.missing) == ("Kestrel & Finch", "EUR", "DE", ())
    several = Client(amazon.url, *amazon.credentials[:4], "A1PA6795UKMFR9, A13V1IB3VIYZZH", clock=clock)
    assert several.check().missing == ("marketplace A13V1IB3VIYZZH",)


# ---- Orders ----


def test_orders_come_oldest_change_first(client):
    page = client.orders_since(LONG_AGO)
    assert (ids(page), page.cursor, page.stable) == ([1, 2, 3], "", True)


def test_what_changed_at_the_moment_itself_comes_too(client):
    assert ids(client.orders_since(NOW - timedelta(hours=2) + timedelta(seconds=1))) == [2, 3]


def test_the_last_two_minutes_are_left_to_the_next_time(amazon, client):
    amazon.orders = {order_id(1): order(1, seconds=7100)}  # 100 s ago
    assert ids(client.orders_since(LONG_AGO)) == []
    assert ids(client.orders_since(NOW - timedelta(seconds=60))) == []


def test_amazon_refuses_a_window_that_is_too_young(amazon, client, monkeypatch):
    monkeypatch.setattr(const, "LAG_S", 10)
    with pytest.raises(Reject, match="two minutes"):
        client.orders_since(LONG_AGO)


def test_only_what_the_merchant_ships_in_these_marketplaces_comes(amazon, client):
    amazon.orders[order_id(1)]["fulfillment"]["fulfilledBy"] = "AMAZON"
    amazon.orders[order_id(2)]["salesChannel"]["marketplaceId"] = "ATVPDKIKX0DER"
    assert ids(client.orders_since(LONG_AGO)) == [3]


def test_a_window_comes_whole_however_amazon_lists_it(amazon, client):
    amazon.orders = {order_id(number): order(number, number) for number in range(1, 251)}
    page = client.orders_since(LONG_AGO)
    assert (ids(page), page.cursor) == (list(range(1, 251)), "")
    assert amazon.operations == ["searchOrders"] * 3


def test_pages_that_are_empty_or_come_twice_do_no_harm(amazon, client):
    amazon.sparse = True
    amazon.orders = {order_id(number): order(number, number) for number in range(1, 151)}
    assert everything(client) == list(range(1, 151))


def test_too_long_a_list_is_read_in_pieces_and_none_is_missed(amazon, client):
    amazon.orders = {order_id(number): order(number, number) for number in range(1, 1201)}
    found = everything(client)
    assert set(found) == set(range(1, 1201))
    # What changed at the very border of two pieces comes with both, and is known by its key.
    assert len(found) <= 1210


def test_a_piece_is_never_told_before_it_is_read_whole(amazon, client):
    """An interruption between two pages tells nothing: what was read may not be the oldest of it."""
    amazon.orders = {order_id(number): order(number, number) for number in range(1, 251)}
    client.order(order_id(1))
    amazon.fail_next("slow", delay_s=0)  # the first page
    amazon.fail_next("down")
    with pytest.raises(Retry):
        client.orders_since(LONG_AGO)
    assert ids(client.orders_since(LONG_AGO)) == list(range(1, 251))


def test_one_order_can_be_fetched_with_all_that_a_list_has(amazon, client):
    listed = client.orders_since(LONG_AGO).orders[0]
    assert client.order(order_id(1)) == listed
    with pytest.raises(Gone):
        client.order("301-0000000-0000000")


def test_a_polled_order_has_the_key_of_the_fetched_one(client):
    read = PLATFORMS["amazon"].read_event
    assert read({}, client.orders_since(LONG_AGO).orders[0]) == read({}, client.order(order_id(1)))


# ---- How often we may ask ----


def throttled(amazon, clock):
    """The same account with the limits that Amazon publishes."""
    server = AmazonServer(orders=amazon.orders.values(), clock=clock, now=lambda: NOW)
    return server


def test_the_twenty_first_search_is_put_off_without_asking_and_without_waiting(amazon, clock):
    with throttled(amazon, clock) as server:
        client = connect(server, clock)
        for _time in range(20):
            client.orders_since(LONG_AGO)
        with pytest.raises(Retry) as caught:
            client.orders_since(LONG_AGO)
        assert 170 < caught.value.delay_s < 180
        assert (clock.waited, len(server.operations)) == (0, 20)
        clock.seconds += caught.value.delay_s
        assert ids(client.orders_since(LONG_AGO)) == [1, 2, 3]


def test_another_client_of_the_account_shares_the_limit(amazon, clock):
    with throttled(amazon, clock) as server:
        for _time in range(20):
            connect(server, clock).orders_since(LONG_AGO)
        with pytest.raises(Retry):
            connect(server, clock).orders_since(LONG_AGO)
        assert len(server.operations) == 20


def test_a_quota_that_others_used_up_says_when_to_come_back(amazon, clock):
    with throttled(amazon, clock) as server:
        server._left["searchOrders"] = (0.0, clock())
        with pytest.raises(Retry) as caught:
            connect(server, clock).orders_since(LONG_AGO)
        assert (caught.value.code, round(caught.value.delay_s)) == ("QuotaExceeded", 179)


def test_a_list_that_may_not_be_asked_keeps_no_parcel_and_no_parcel_keeps_the_list(amazon, client, clock):
    amazon.use_up("searchOrders")
    with pytest.raises(Retry) as caught:
        client.orders_since(LONG_AGO)
    assert (caught.value.operation, caught.value.code) == ("searchOrders", "QuotaExceeded")
    assert json.loads(client.order(order_id(1)))["orderId"] == order_id(1)
    with pytest.raises(Retry) as caught:
        client.orders_since(LONG_AGO)
    assert (caught.value.operation, amazon.operations.count("searchOrders")) == ("searchOrders", 1), (
        "asked again at once"
    )
    clock.seconds += caught.value.delay_s
    assert client.orders_since(LONG_AGO).orders


def test_who_is_refused_again_and_again_asks_less_and_less(amazon, clock):
    amazon.token_lifetime_s = 10**6
    client = connect(amazon, clock, chance=lambda: 0.0)
    client.order(order_id(1))
    waits = []
    for _time in range(14):
        amazon.fail_next("busy")
        with pytest.raises(Retry) as caught:
            client.order(order_id(1))
        waits.append(caught.value.delay_s)
        clock.seconds += caught.value.delay_s
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900, 900]
    client.order(order_id(1))
    amazon.fail_next("busy")
    with pytest.raises(Retry) as caught:
        client.order(order_id(1))
    assert caught.value.delay_s == 2, "an answer in between begins anew"


def test_a_window_of_several_pages_is_read_at_last_however_little_is_left(amazon, clock, monkeypatch):
    """Pages of a window that is not read to its end are thrown away: who came back as soon as one call is there would get no
    further, for ever."""
    monkeypatch.setattr(const, "PER_PAGE", 1)
    client = connect(amazon, clock)
    amazon.use_up("searchOrders")
    for _try in range(5):
        try:
            found = everything(client)
            break
        except Retry as error:
            clock.seconds += error.delay_s
    assert found == [1, 2, 3]


def test_two_that_were_refused_together_do_not_come_back_together(amazon, clock, monkeypatch):
    waits = set()
    for chance in (0.0, 0.5, 1.0):
        monkeypatch.setattr(amazon_client, "ACCOUNTS", amazon_client._Accounts())
        client = connect(amazon, clock, chance=lambda chance=chance: chance)
        client.order(order_id(1))
        amazon.fail_next("busy")
        with pytest.raises(Retry) as caught:
            client.order(order_id(1))
        waits.add(caught.value.delay_s)
    assert waits == {2, 2.25, 2.5}


def test_what_another_process_was_told_is_kept(amazon, client, clock):
    client.hold({"searchOrders": 100})
    with pytest.raises(Retry) as caught:
        client.orders_since(LONG_AGO)
    assert (round(caught.value.delay_s), amazon.operations) == (100, [])
    client.order(order_id(1))
    clock.seconds += 95
    client.orders_since(LONG_AGO)
    assert clock.waited == pytest.approx(5)


def test_a_platform_with_one_limit_says_nothing_of_operations(clock):
    client = RestClient("https://shop.example", clock=clock, sleep=clock.sleep)
    client.hold({"graphql": 60})
    with pytest.raises(Retry) as caught:
        client.wait_turn("graphql", 1)
    assert (caught.value.operation, caught.value.delay_s) == ("", 60)


def test_a_higher_limit_is_learnt_from_the_answer(amazon, clock):
    with AmazonServer(plans={"getOrder": (20, 1)}, orders=amazon.orders.values(), clock=clock) as server:
        client = connect(server, clock)
        client.order(order_id(1))
        assert client.buckets["getOrder"].per_s == 20


@pytest.mark.parametrize("told", ["", "soon", "-1", "0", "nan", "1e99"])
def test_a_limit_that_is_none_changes_nothing(amazon, client, told):
    client.order(order_id(1))
    before = client.buckets["getOrder"].per_s
    headers = {"x-amzn-RateLimit-Limit": told} if told else {}
    amazon.fail_next("reply", reply=Reply(200, {"order": order(1)}, headers))
    client.order(order_id(1))
    assert client.buckets["getOrder"].per_s == before


def test_short_waits_are_waited(amazon, clock):
    with AmazonServer(plans={"getOrder": (0.5, 30)}, orders=amazon.orders.values(), clock=clock) as server:
        client = connect(server, clock)
        for _time in range(32):
            client.order(order_id(1))
        assert 3 < clock.waited < 5


# ---- When things go wrong ----


@pytest.mark.parametrize("fault", ["busy", "down", "truncated", "lost", "page"])
def test_a_passing_fault_is_worth_another_try(amazon, client, clock, fault):
    client.order(order_id(1))
    amazon.fail_next(fault)
    with pytest.raises(Retry) as caught:
        client.orders_since(LONG_AGO)
    clock.seconds += caught.value.delay_s or 0
    assert ids(client.orders_since(LONG_AGO)) == [1, 2, 3]


def test_a_slow_amazon_is_not_waited_for(amazon, clock):
    client = connect(amazon, clock, timeout_s=0.1)
    client.order(order_id(1))
    amazon.fail_next("slow", delay_s=1)
    with pytest.raises(Retry, match="has not answered within"):
        client.orders_since(LONG_AGO)


def test_a_redirect_is_told_and_not_followed(amazon, client):
    amazon.fail_next("redirect", location="https://elsewhere.example/?token=abc")
    client_asked = len(amazon.asked)
    with pytest.raises((Reject, Retry)) as caught:
        client.orders_since(LONG_AGO)
    assert "abc" not in str(caught.value)
    assert len(amazon.asked) == client_asked + 1


def test_an_endless_answer_is_not_read_to_its_end(amazon, client):
    client.order(order_id(1))
    amazon.fail_next("huge", size=RESPONSE_MAX_BYTES + 1)
    with pytest.raises(Reject, match="larger than 16 MiB"):
        client.orders_since(LONG_AGO)


@pytest.mark.parametrize("fault", ["busy", "down", "truncated", "slow", "redirect", "page"])
@pytest.mark.parametrize("warm", [True, False])
def test_no_secret_reaches_a_message_or_a_log(amazon, clock, caplog, fault, warm):
    client = connect(amazon, clock, timeout_s=0.2)
    with caplog.at_level(logging.DEBUG):
        if warm:
            client.order(order_id(1))
        amazon.fail_next(fault, **({"location": "https://x.example"} if fault == "redirect" else {}))
        with pytest.raises((Retry, Reject, Auth)) as caught:
            client.orders_since(LONG_AGO)
    told = f"{caught.value} {caught.value.__cause__} {caplog.text}"
    secrets = (amazon.client_secret, amazon.refresh_token, "Atza|", *amazon._tokens)
    assert not [secret for secret in secrets if secret in told]


# ---- Listings ----


def refs(*skus):
    return [ListingRef(sku, sku) for sku in skus]


def test_listings_come_page_by_page_with_what_later_calls_ask_for(amazon, client):
    for number in range(45):
        amazon.offer(f"KF-{number:03d}", number)
    page = client.listings()
    found = list(page.listings)
    while page.cursor:
        page = client.listings(page.cursor)
        found += page.listings
    assert [listing.quantity for listing in found] == list(range(45))
    first = found[0]
    assert (first.ref.external_id, first.ref.kind, first.currency) == ("KF-000", "HOME_BED_AND_BATH", "EUR")
    assert first.price == Decimal("10.00") and first.active


def test_more_than_a_search_gives_out_are_found_by_searching_on(amazon, client, monkeypatch):
    for number in range(1015):
        day = datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(hours=number)
        amazon.offer(f"KF-{number:04d}", 1, createdDate=day.strftime("%Y-%m-%dT%H:%M:%SZ"))
    skus, cursor = set(), ""
    for _page in range(70):
        page = client.listings(cursor)
        skus |= {listing.ref.sku for listing in page.listings}
        cursor = page.cursor
        if not cursor:
            break
    assert len(skus) == 1015


def test_each_further_marketplace_is_a_place_of_its_own(amazon, client, clock):
    amazon.offer("KF-1")
    amazon.offer("KF-2", marketplaceId="A13V1IB3VIYZZH")
    several = Client(amazon.url, *amazon.credentials[:4], "A1PA6795UKMFR9,A13V1IB3VIYZZH", clock=clock)
    page = several.listings()
    more = several.listings(page.cursor)
    found = {listing.ref.sku: listing.ref.location_ref for listing in (*page.listings, *more.listings)}
    assert found == {"KF-1": "", "KF-2": "A13V1IB3VIYZZH"}


def test_what_amazon_thinks_there_is_comes_in_the_order_asked(amazon, client):
    amazon.offer("KF-1", 7)
    amazon.offer("KF-2", None)
    amazon.offer("KF,3 / blue", 4)
    assert client.stock_levels(refs("KF-2", "KF,3 / blue", "KF-9", "KF-1")) == [None, 4, None, 7]


def test_many_quantities_are_asked_for_twenty_at_a_time(amazon, client):
    for number in range(45):
        amazon.offer(f"KF-{number}", number)
    assert client.stock_levels(refs(*(f"KF-{number}" for number in range(45)))) == list(range(45))
    assert amazon.operations == ["searchListingsItems"] * 3


# ---- Quantities and prices, few ----


def levels(*pairs):
    return [StockLevel(ListingRef(sku, sku), quantity) for sku, quantity in pairs]


def test_few_quantities_are_told_one_by_one_and_each_is_answered(amazon, client):
    for sku in ("KF-1", "KF/2 ä"):
        amazon.offer(sku, 0)
    results = client.push_stock(levels(("KF-1", 5), ("KF-9", 1), ("KF/2 ä", -3)))
    assert [result.code for result in results] == ["ok", "refused", "ok"]
    assert (amazon.quantity("KF-1"), amazon.quantity("KF/2 ä")) == (5, 0)
    assert results[1].message.endswith(".")


def test_what_lies_at_amazon_is_left_to_amazon(amazon, client):
    ref = ListingRef("KF-1", "KF-1", inventory_ref="AMAZON_EU")
    [result] = client.push_stock([StockLevel(ref, 5)])
    assert (result.code, amazon.operations) == ("refused", [])


def test_a_refusal_tells_amazons_words(amazon, client):
    amazon.offer("KF-1")
    [result] = client.push_stock(levels(("KF-1", 10**9)))
    assert result.code == "refused"
    assert "invalid for “quantity”" in result.message


def test_what_was_told_before_a_fault_is_not_told_again(amazon, client):
    for sku in ("KF-1", "KF-2", "KF-3"):
        amazon.offer(sku)
    client.order(order_id(1))
    amazon.asked.clear()
    amazon.fail_next("slow", delay_s=0)
    amazon.fail_next("down")
    results = client.push_stock(levels(("KF-1", 1), ("KF-2", 2), ("KF-3", 3)))
    assert [result.code for result in results] == ["ok", "retry", "retry"]
    assert [amazon.quantity(f"KF-{number}") for number in (1, 2, 3)] == [1, 0, 0]


def test_if_nothing_could_be_told_the_fault_itself_is(amazon, client):
    amazon.offer("KF-1")
    client.order(order_id(1))
    amazon.fail_next("busy")
    with pytest.raises(Retry):
        client.push_stock(levels(("KF-1", 1)))


def test_a_quantity_whose_answer_was_lost_is_told_again_without_harm(amazon, client):
    amazon.offer("KF-1")
    client.order(order_id(1))
    amazon.fail_next("lost")
    with pytest.raises(Retry):
        client.push_stock(levels(("KF-1", 4)))
    assert [result.code for result in client.push_stock(levels(("KF-1", 4)))] == ["ok"]
    assert amazon.quantity("KF-1") == 4


def test_prices_are_told_for_their_marketplace(amazon, client):
    amazon.offer("KF-1")
    results = client.push_prices(
        [Price(refs("KF-1")[0], Decimal("19.90"), "EUR"), Price(refs("KF-9")[0], Decimal(1), "EUR")]
    )
    assert [result.code for result in results] == ["ok", "refused"]
    [offer] = amazon.offers["KF-1"]["offers"]
    assert offer["price"] == {"currencyCode": "EUR", "amount": "19.90"}


# ---- Quantities and prices, many ----


def many(amazon, count=30):
    for number in range(count):
        amazon.offer(f"KF-{number}")
    return levels(*((f"KF-{number}", number) for number in range(count)))


def test_many_quantities_go_into_one_feed_and_are_done_minutes_later(amazon, client):
    results = client.push_stock([*many(amazon), *levels(("KF-none", 1))])
    assert {result.code for result in results} == {"pending"}
    assert amazon.operations == ["createFeedDocument", "createFeed"]
    references = [result.reference for result in results]
    assert {result.code for result in client.outcomes(references)} == {"pending"}
    outcomes = client.outcomes(references)
    assert [outcome.code for outcome in outcomes] == ["ok"] * 30 + ["refused"]
    assert "does not exist in your inventory" in outcomes[-1].message
    assert [amazon.quantity(f"KF-{number}") for number in range(30)] == list(range(30))


def test_the_outcome_of_a_feed_is_asked_for_once_however_many_ask(amazon, client):
    references = [result.reference for result in client.push_stock(many(amazon))]
    for feed in amazon.feeds.values():
        feed["lag"] = 0
    client.outcomes(references)
    client.outcomes(references[:3])
    assert amazon.operations[2:] == ["getFeed", "getFeedDocument"]


def test_a_report_may_come_unpacked(amazon, client):
    amazon.packed, amazon.result_lag = False, 0
    references = [result.reference for result in client.push_stock(many(amazon))]
    assert {result.code for result in client.outcomes(references)} == {"ok"}


def test_our_token_does_not_go_to_the_storage(amazon, client):
    client.push_stock(many(amazon))
    [stored] = [asked for asked in amazon.asked if asked.path.startswith("/storage/")]
    assert stored.method == "PUT"
    assert "x-amz-access-token" not in stored.headers


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/storage?X-Amz-Signature=abc",
        "http://tortuga-prod-eu.s3.eu-west-1.amazonaws.com/x",
        "https://amazonaws.com.evil.example/x",
        "https://user:pass@x.s3.amazonaws.com/x",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "",
    ],
)
def test_data_goes_to_amazons_storage_and_nowhere_else(amazon, client, address):
    amazon.upload_url = address
    changes = many(amazon)
    if not address:
        amazon.fail_next("slow", delay_s=0)  # the token
        amazon.fail_next("reply", reply=Reply(201, {"feedDocumentId": "1", "url": ""}))
    with pytest.raises(Reject, match="not Amazon's"):
        client.push_stock(changes)
    assert "createFeed" not in amazon.operations


class Recorder(requests.adapters.BaseAdapter):
    """Stands in for the storage behind TLS: keeps what would have been sent."""

    def send(self, request, **_options):
        self.sent = request
        response = requests.Response()
        response.status_code, response.raw = 200, io.BytesIO(b"")
        return response

    def close(self):
        pass


def test_the_storage_is_reached_over_tls(amazon, clock):
    session, recorder = requests.Session(), Recorder()
    session.mount("https://", recorder)
    amazon.upload_url = "https://tortuga-prod-eu.s3.eu-west-1.amazonaws.com/x?X-Amz-Signature=abc"
    with pytest.raises(Reject):  # nothing has come to where this account looks
        connect(amazon, clock, session=session).push_stock(many(amazon))
    assert recorder.sent.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert json.loads(recorder.sent.body)["header"]["version"] == "2.0"
    assert "x-amz-access-token" not in recorder.sent.headers


def test_an_address_that_ran_out_is_worth_another_try(amazon, client, clock):
    amazon.result_lag = 0
    references = [result.reference for result in client.push_stock(many(amazon))]
    client.outcomes(references[:1])
    client._reports.clear()
    amazon.fail_next("slow", delay_s=0)
    amazon.fail_next("slow", delay_s=0)
    amazon.fail_next("reply", reply=Reply(403, b"<Error/>", {"Content-Type": "application/xml"}))
    with pytest.raises(Retry, match="storage refuses"):
        client.outcomes(references)
    assert {result.code for result in client.outcomes(references)} == {"ok"}


@pytest.mark.parametrize(("status", "code"), [("CANCELLED", "retry"), ("FATAL", "retry")])
def test_a_feed_that_amazon_gave_up_is_sent_again(amazon, client, status, code):
    references = [result.reference for result in client.push_stock(many(amazon))]
    for feed in amazon.feeds.values():
        feed |= {"lag": 0, "processingStatus": status}
    assert {result.code for result in client.outcomes(references)} == {code}


def test_what_amazon_forgot_is_for_a_person(client):
    [outcome] = client.outcomes(["999/1"])
    assert (outcome.code, outcome.message.endswith(".")) == ("refused", True)


@pytest.mark.parametrize("body", [b"", b"{", b"<html/>", b"[]", b'{"issues":[]}'])
def test_a_report_that_is_none_is_not_taken_for_success(amazon, client, body):
    amazon.packed, amazon.result_lag = False, 0
    references = [result.reference for result in client.push_stock(many(amazon))]
    client.outcomes(references)
    client._reports.clear()
    amazon._documents[next(iter(amazon.feeds.values()))["resultFeedDocumentId"]]["body"] = body
    assert {result.code for result in client.outcomes(references)} == {"retry"}


def test_a_report_that_unpacks_without_end_is_left(amazon, client, monkeypatch):
    monkeypatch.setattr(const, "REPORT_MAX_BYTES", 50)
    amazon.result_lag = 0
    references = [result.reference for result in client.push_stock(many(amazon))]
    with pytest.raises(Reject, match="too large"):
        client.outcomes(references)


@pytest.mark.parametrize("keep", [0, 20, -4])
def test_half_a_report_is_fetched_again(amazon, client, keep):
    amazon.result_lag = 0
    references = [result.reference for result in client.push_stock(many(amazon))]
    client.outcomes(references)
    client._reports.clear()
    document = amazon._documents[next(iter(amazon.feeds.values()))["resultFeedDocumentId"]]
    whole, document["body"] = document["body"], document["body"][:keep]
    with pytest.raises(Retry, match="in half"):
        client.outcomes(references)
    document["body"] = whole
    assert {result.code for result in client.outcomes(references)} == {"ok"}


def test_ten_thousand_quantities_are_one_feed(amazon, client):
    results = client.push_stock(levels(*((f"KF-{number}", number) for number in range(10_000))))
    assert amazon.operations == ["createFeedDocument", "createFeed"]
    assert len({result.reference for result in results}) == 10_000


# ---- Parcels ----


def parcel(number=1, items=(("60000000000001", 1), ("60000000000002", 2)), **values):
    return Parcel(
        key=f"parcel-{number}",
        order_ref=order_id(1),
        items=tuple(Item(line, Decimal(quantity)) for line, quantity in items),
        shipped_at=datetime(2026, 11, 3, 11, tzinfo=timezone.utc),
        number=number,
        **{"carrier": "DHL", "tracking_number": "00340434161094000001", **values},
    )


def packages(amazon):
    return amazon.orders[order_id(1)].get("packages", [])


def test_a_parcel_is_told_with_its_number_as_text(amazon, client):
    assert client.ship(parcel()).code == "ok"
    [package] = packages(amazon)
    assert (package["packageReferenceId"], package["trackingNumber"]) == ("1", "00340434161094000001")
    assert amazon.orders[order_id(1)]["fulfillment"]["fulfillmentStatus"] == "SHIPPED"


def test_parts_of_an_order_are_told_as_they_leave(amazon, client):
    client.ship(parcel(1, [("60000000000001", 1)]))
    assert amazon.orders[order_id(1)]["fulfillment"]["fulfillmentStatus"] == "PARTIALLY_SHIPPED"
    client.ship(parcel(2, [("60000000000002", 2)]))
    assert amazon.orders[order_id(1)]["fulfillment"]["fulfillmentStatus"] == "SHIPPED"


def test_a_carrier_that_amazon_does_not_know_is_told_by_name(amazon, client):
    client.ship(parcel(carrier="", carrier_name="Velo Express"))
    assert packages(amazon)[0]["carrier"] == "Velo Express"


def test_a_parcel_whose_answer_was_lost_is_not_told_twice(amazon, client):
    client.order(order_id(1))
    amazon.fail_next("lost")
    with pytest.raises(Retry):
        client.ship(parcel())
    amazon.asked.clear()
    assert client.ship(parcel(), repeat=True).code == "ok"
    assert amazon.operations == ["getOrder"]
    assert len(packages(amazon)) == 1


def test_a_parcel_that_never_arrived_is_told_at_the_second_try(amazon, client):
    client.order(order_id(1))
    amazon.fail_next("down")
    with pytest.raises(Retry):
        client.ship(parcel())
    assert client.ship(parcel(), repeat=True).code == "ok"
    assert len(packages(amazon)) == 1


def test_a_parcel_of_more_than_was_ordered_is_refused_with_amazons_words(client):
    with pytest.raises(Reject, match="already fulfilled"):
        client.ship(parcel(items=[("60000000000001", 9)]))


def test_part_of_a_piece_cannot_be_told(amazon, client):
    assert client.ship(parcel(items=[("60000000000001", "0.5")])).code == "refused"
    assert amazon.operations == []


def test_with_several_marketplaces_the_order_says_which(amazon, clock):
    several = Client(amazon.url, *amazon.credentials[:4], "ATVPDKIKX0DER,A1PA6795UKMFR9", clock=clock)
    assert several.ship(parcel()).code == "ok"


# ---- Cancellations ----


def settled(client, result):
    """What came of it, some minutes later."""
    assert result.code == "pending"
    for _time in range(3):
        [outcome] = client.outcomes([result.reference])
        if outcome.code != "pending":
            return outcome
    raise AssertionError("it is never done")


def test_a_whole_order_is_called_off(amazon, client):
    result = client.cancel(Cancellation("c1", order_id(1), "stock"))
    assert settled(client, result).code == "ok"
    assert amazon.orders[order_id(1)]["fulfillment"]["fulfillmentStatus"] == "CANCELLED"
    assert b"<CancelReason>NoInventory</CancelReason>" in next(iter(amazon.feeds.values()))["document"]


def test_what_is_cancelled_already_is_done(amazon, client):
    settled(client, client.cancel(Cancellation("c1", order_id(1))))
    amazon.asked.clear()
    assert client.cancel(Cancellation("c1", order_id(1)), repeat=True).code == "ok"
    assert amazon.operations == ["getOrder"]


def test_what_has_left_cannot_be_called_off(amazon, client):
    client.ship(parcel(1, [("60000000000001", 1)]))
    assert client.cancel(Cancellation("c1", order_id(1))).code == "refused"


def test_a_part_cannot_be_called_off_but_all_parts_can(amazon, client):
    part = (Item("60000000000001", Decimal(1)),)
    whole = (*part, Item("60000000000002", Decimal(2)))
    assert client.cancel(Cancellation("c1", order_id(1), items=part)).code == "refused"
    assert client.cancel(Cancellation("c1", order_id(1), items=whole)).code == "pending"


def test_a_refusal_by_the_feed_comes_with_amazons_words(amazon, client):
    result = client.cancel(Cancellation("c1", order_id(1)))
    amazon.orders[order_id(1)]["fulfillment"]["fulfillmentStatus"] = "SHIPPED"
    outcome = settled(client, result)
    assert outcome.code == "refused"
    assert "already shipped or cancelled (code 18027)" in outcome.message


# ---- Refunds ----


def refund(amount, items=(), shipping="0", **values):
    rows = tuple(
        RefundItem(line, Decimal(1), Decimal(net), (("19", Decimal(tax)),) if tax else ()) for line, net, tax in items
    )
    values = {"currency": "EUR", **values}
    return Refund(
        "r1", values.pop("order_ref", order_id(1)), Decimal(amount), items=rows, shipping=Decimal(shipping), **values
    )


def paid_back(amazon):
    return [(item, kind, amount) for _order, item, kind, amount, _currency in amazon.refunds]


def test_in_europe_goods_are_paid_back_with_their_tax(amazon, client):
    result = client.refund(refund("123.76", [("60000000000001", "100.00", "19.00")], shipping="4.76"))
    assert settled(client, result).code == "ok"
    assert paid_back(amazon) == [
        ("60000000000001", "Principal", "119.00"),
        ("60000000000001", "Shipping", "4.76"),
    ]


def test_goodwill_is_told_as_such(amazon, client):
    settled(client, client.refund(refund("5.00")))
    assert paid_back(amazon) == [("60000000000001", "Goodwill", "5.00")]


def test_tax_of_the_merchants_own_is_told_apart_and_amazons_is_left_to_amazon(amazon, client):
    case = CASES["us_one_tax_ours_one_amazons"]
    amazon.orders[case["orderId"]] = deepcopy(case)
    wanted = refund(
        "112.64",
        [("60000000000005", "80.00", "7.20"), ("60000000000006", "24.00", "1.44")],
        order_ref=case["orderId"],
        currency="USD",
    )
    settled(client, client.refund(wanted))
    assert paid_back(amazon) == [
        ("60000000000005", "Principal", "80.00"),
        ("60000000000006", "Principal", "24.00"),
        ("60000000000006", "Tax", "1.44"),
    ]


def test_a_line_of_gift_wrap_is_paid_back_as_what_it_is(amazon, client):
    case = CASES["gb_gift_wrap_and_message"]
    amazon.orders[case["orderId"]] = deepcopy(case)
    wanted = refund("3.60", [("60000000000008-gift_wrap", "3.00", "0.60")], order_ref=case["orderId"], currency="GBP")
    settled(client, client.refund(wanted))
    assert amazon.refunds == [(case["orderId"], "60000000000008", "GiftWrap", "3.60", "GBP")]


def test_a_refund_whose_answer_was_lost_is_never_sent_twice(amazon, client):
    client.order(order_id(1))
    for _call in range(3):  # the order, the document, the storage
        amazon.fail_next("slow", delay_s=0)
    amazon.fail_next("lost")  # the feed
    with pytest.raises(Retry):
        client.refund(refund("5.00"))
    assert len(amazon.feeds) == 1
    result = client.refund(refund("5.00"), repeat=True)
    assert (result.code, len(amazon.feeds)) == ("refused", 1)
    assert "Look at the order in Seller Central" in result.message


def test_a_refund_that_never_arrived_is_sent_at_the_second_try(amazon, client):
    client.order(order_id(1))
    amazon.fail_next("down")
    with pytest.raises(Retry):
        client.refund(refund("5.00"))
    assert settled(client, client.refund(refund("5.00"), repeat=True)).code == "ok"
    assert len(amazon.refunds) == 1


def test_too_large_a_refund_is_refused_by_the_feed(amazon, client):
    outcome = settled(client, client.refund(refund("999.00")))
    assert (outcome.code, amazon.refunds) == ("refused", [])
    assert "more than the buyer has paid" in outcome.message


def test_parts_that_exceed_the_whole_are_refused_here(amazon, client):
    result = client.refund(refund("10.00", [("60000000000001", "100.00", "19.00")]))
    assert (result.code, amazon.feeds) == ("refused", {})


def test_a_line_that_is_not_of_the_order_is_refused_here(amazon, client):
    assert client.refund(refund("10.00", [("7", "10.00", "")])).code == "refused"


def test_money_that_was_paid_elsewhere_is_not_amazons_business(amazon, client):
    assert client.refund(refund("5.00", pay=False)).code == "ok"
    assert amazon.operations == []


def test_a_refund_feed_that_amazon_gave_up_is_for_a_person(amazon, client):
    result = client.refund(refund("5.00"))
    for feed in amazon.feeds.values():
        feed |= {"lag": 0, "processingStatus": "FATAL"}
    assert settled(client, result).code == "refused"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<a",
        b"<AmazonEnvelope/>",
        b'<!DOCTYPE a [<!ENTITY b "Complete">]><AmazonEnvelope><Message><ProcessingReport><StatusCode>&b;</StatusCode>'
        b"</ProcessingReport></Message></AmazonEnvelope>",
    ],
)
def test_a_report_about_money_that_is_none_is_for_a_person(amazon, client, body):
    amazon.packed, amazon.result_lag = False, 0
    result = client.refund(refund("5.00"))
    client.outcomes([result.reference])
    client._reports.clear()
    amazon._documents[next(iter(amazon.feeds.values()))["resultFeedDocumentId"]]["body"] = body
    [outcome] = client.outcomes([result.reference])
    assert outcome.code == "refused"


# ---- Nothing lost, nothing doubled ----


@pytest.mark.parametrize("seed", range(5))
def test_whatever_goes_wrong_on_the_way_the_end_is_the_same(amazon, client, clock, seed):
    """A worker that comes back after each failure, with an Amazon that fails a third of the time."""
    for number in range(25):
        amazon.offer(f"KF-{number}")
    amazon.result_lag = 0
    amazon.misbehave(seed)

    def until_done(act):
        repeat = False
        for _time in range(60):
            try:
                return act(repeat)
            except Retry as error:
                repeat = True
                clock.seconds += error.delay_s or 1
        raise AssertionError("it never works")

    assert sorted(until_done(lambda _repeat: everything(client))) == [1, 2, 3]
    assert until_done(lambda repeat: client.ship(parcel(), repeat)).code == "ok"
    results = until_done(lambda _repeat: client.push_stock(levels(*((f"KF-{number}", number) for number in range(25)))))
    outcomes = until_done(lambda _repeat: client.outcomes([result.reference for result in results]))
    assert {outcome.code for outcome in outcomes} == {"ok"}
    amazon.misbehave(seed, share=0)
    assert len(packages(amazon)) == 1
    assert [amazon.quantity(f"KF-{number}") for number in range(25)] == list(range(25))
