"""The client over real HTTP, against a shop that keeps Magento's contract."""

import json
import logging
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
import requests

from odoo.addons.oms_channels.domain.adapter import Auth, Gone, Reject, Retry
from odoo.addons.oms_channels.domain.outgoing import (
    Cancellation,
    Capture,
    Item,
    ListingRef,
    Parcel,
    Price,
    Refund,
    RefundItem,
    StockLevel,
)
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.magento import fulfilling
from odoo.addons.oms_channels.platforms.magento.client import Client
from odoo.addons.oms_channels.platforms.rest import RESPONSE_MAX_BYTES
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.magento import MagentoServer
from odoo.addons.oms_channels.tests.servers.magento_paying import authorised

CASES = {path.stem: json.loads(path.read_bytes()) for path in payloads("magento")}
CHANGED = datetime(2026, 11, 5, 9, tzinfo=timezone.utc)
LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)
NOW = datetime(2026, 11, 10, 12, tzinfo=timezone.utc)
SECRETS = ("cs0123456789", "as0123456789", "at0123456789", "adobe-secret")


def order(number, seconds=0, case="two_rates_prices_with_tax", **values):
    moment = (CHANGED + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")
    return {**deepcopy(CASES[case]), "entity_id": number, "updated_at": moment, "_invoices": [], **values}


def product(number, sku, kind="simple", **values):
    return {
        "id": number,
        "sku": sku,
        "name": f"Product {number}",
        "type_id": kind,
        "status": 1,
        "price": 12.5,
        "extension_attributes": {"website_ids": [1]},
        "custom_attributes": [],
        **values,
    }


def level(sku, quantity, source=""):
    return StockLevel(ListingRef("1", sku, location_ref=source), quantity)


def price(sku, amount, compare_at=None, currency="EUR"):
    return Price(ListingRef("1", sku), Decimal(amount), currency, Decimal(compare_at) if compare_at else None)


def ids(page):
    return [json.loads(body)["entity_id"] for body in page.orders]


def connect(shop, **values):
    keys = {"api_key": shop.key, "api_secret": shop.secret, "api_token": f"{shop.token}:{shop.token_secret}"}
    return Client(**{"api_url": shop.url, **keys, "timeout_s": 5, "now": lambda: NOW, **values})


@pytest.fixture
def shop():
    products = [product(1, "BW-ROPE"), product(2, "BW-MUG"), product(3, "BW-HOODIE", "configurable")]
    with MagentoServer(orders=[order(1), order(2, 1), order(3, 2)], products=products) as server:
        yield server


@pytest.fixture
def client(shop):
    return connect(shop)


def told(shop, method="POST"):
    return [asked for asked in shop.asked if asked.method == method]


# ---- Orders ----


def test_orders_come_oldest_change_first_and_the_moment_itself_is_in(client):
    assert ids(client.orders_since(LONG_AGO)) == [1, 2, 3]
    assert ids(client.orders_since(CHANGED + timedelta(seconds=1))) == [2, 3]


def test_the_cursor_may_be_in_any_time_zone(client):
    tokyo = (CHANGED + timedelta(seconds=2)).astimezone(timezone(timedelta(hours=9)))
    assert ids(client.orders_since(tokyo)) == [3]


def test_a_page_past_the_end_repeats_the_last_one_and_is_not_asked_for(shop, client):
    shop.orders = {number: order(number, number) for number in range(1, 201)}
    sizes, cursor = [], ""
    for _page in range(10):
        page = client.orders_since(LONG_AGO, cursor)
        sizes.append(len(page.orders))
        cursor = page.cursor
        if not cursor:
            break
    assert sizes == [100, 100]
    assert not page.stable
    assert len(client.orders_since(LONG_AGO, "9").orders) == 100
    assert client.orders_since(LONG_AGO, "9").cursor == ""


def test_invoices_and_credit_memos_are_put_beside_their_orders(shop, client):
    shop.orders = {}
    for case in ("four_credit_memos", "two_rates_prices_with_tax", "waits_for_bank_transfer"):
        shop.add(CASES[case])
    polled = {json.loads(body)["entity_id"]: json.loads(body) for body in client.orders_since(LONG_AGO).orders}
    assert [memo["entity_id"] for memo in polled[113]["_creditmemos"]] == [901, 902, 903, 904]
    assert [row["entity_id"] for row in polled[113]["_invoices"]] == [1131]
    assert (polled[101]["_creditmemos"], len(polled[101]["_invoices"])) == ([], 1)
    assert polled[120]["_invoices"] == []
    adapter = PLATFORMS["magento"]
    assert adapter.parse("order", client.order("113")) == adapter.parse(
        "order", json.dumps(CASES["four_credit_memos"]).encode()
    )


def test_more_invoices_than_a_page_holds_are_all_read(shop, client):
    row = CASES["two_rates_prices_with_tax"]["_invoices"][0]
    shop.invoices = [{**row, "entity_id": number, "order_id": 1} for number in range(1, 251)]
    assert len(json.loads(client.order("1"))["_invoices"]) == 250


def test_an_order_polled_or_read_alone_is_the_same_event(client):
    adapter = PLATFORMS["magento"]
    assert adapter.read_event({}, client.orders_since(LONG_AGO).orders[0]) == adapter.read_event({}, client.order("1"))


def test_an_order_that_is_gone_is_told_as_gone(client):
    with pytest.raises(Gone):
        client.order("99")


def test_a_channel_of_one_store_view_reads_its_orders_only(shop):
    shop.prefix = "/rest/en/V1/"
    shop.orders[2]["store_id"] = 2
    assert ids(connect(shop, site_ref="en").orders_since(LONG_AGO)) == [2]


def test_a_store_view_that_is_not_there_is_refused_with_its_name(shop):
    shop.prefix = "/rest/fr/V1/"
    with pytest.raises(Reject, match="fr"):
        connect(shop, site_ref="fr").orders_since(LONG_AGO)


# ---- Credentials ----


def test_every_request_is_signed_anew_and_no_secret_is_sent(shop, client):
    client.orders_since(LONG_AGO)
    client.orders_since(LONG_AGO)
    headers = [asked.headers["authorization"] for asked in shop.asked]
    assert len(set(headers)) == len(headers)
    assert all("HMAC-SHA256" in header and "cs0123" not in header and "as0123" not in header for header in headers)


@pytest.mark.parametrize(
    "spoilt", [{"api_secret": "x"}, {"api_key": "x"}, {"api_token": "x:y"}, {"api_token": "at0123456789:y"}]
)
def test_wrong_credentials_are_an_error_of_credentials(shop, spoilt):
    with pytest.raises(Auth):
        connect(shop, **spoilt).orders_since(LONG_AGO)


def test_a_token_alone_is_taken_where_the_shop_allows_it(shop):
    alone = {"api_key": "", "api_secret": "", "api_token": shop.token}
    with pytest.raises(Auth):
        connect(shop, **alone).orders_since(LONG_AGO)
    shop.bearer = True
    assert ids(connect(shop, **alone).orders_since(LONG_AGO)) == [1, 2, 3]


def test_a_token_alone_is_not_sent_in_the_clear(shop):
    with pytest.raises(Reject, match="https"):
        connect(shop, api_url="http://shop.example", api_key="", api_secret="", api_token="secret-token")


@pytest.mark.parametrize(
    "spoilt",
    [
        {"api_token": ""},
        {"api_token": "only-the-token"},
        {"api_secret": ""},
        {"site_ref": "../admin"},
        {"api_url": "shop"},
    ],
)
def test_credentials_that_cannot_work_are_refused_before_anything_is_sent(shop, spoilt):
    with pytest.raises(Reject):
        connect(shop, **spoilt)
    assert shop.asked == []


@pytest.mark.parametrize("path", ["", "/", "/rest", "/rest/default/V1-old"])
def test_the_address_may_be_given_with_what_follows_it(shop, path):
    assert ids(connect(shop, api_url=shop.url + path).orders_since(LONG_AGO)) == [1, 2, 3]


class TestAdobe:
    """Shops that Adobe runs: another path, and a token of Adobe's."""

    @pytest.fixture
    def cloud(self, shop):
        shop.prefix = "/tenant1/V1/"
        return shop

    @staticmethod
    def connect(shop, **values):
        keys = {
            "api_key": shop.client_id,
            "api_secret": shop.client_secret,
            "api_token": "",
            "account_ref": "A@AdobeOrg",
        }
        return connect(shop, api_url=f"{shop.url}/tenant1/V1", **{**keys, **values})

    def test_orders_are_read_with_a_token_that_is_asked_for_once(self, cloud):
        assert ids(self.connect(cloud).orders_since(LONG_AGO)) == [1, 2, 3]
        assert ids(self.connect(cloud).orders_since(LONG_AGO)) == [1, 2, 3]
        assert [asked.path for asked in told(cloud)] == ["/ims/token/v3"]
        asked = cloud.asked[-1]
        assert (asked.headers["store"], asked.headers["x-gw-ims-org-id"]) == ("all", "A@AdobeOrg")

    def test_a_token_that_was_withdrawn_is_asked_for_anew(self, cloud):
        self.connect(cloud).orders_since(LONG_AGO)
        cloud.adobe_tokens.clear()
        assert ids(self.connect(cloud).orders_since(LONG_AGO)) == [1, 2, 3]

    def test_the_wrong_client_secret_is_an_error_of_credentials(self, cloud):
        with pytest.raises(Auth, match="client secret"):
            self.connect(cloud, api_secret="wrong").orders_since(LONG_AGO)


# ---- The shop ----


def test_a_check_names_the_shop_its_currency_and_its_sources(client):
    found = client.check()
    assert (found.name, found.currency, found.missing) == ("https://bergwerk.example/", "EUR", ())
    assert [place.external_id for place in found.locations] == ["default", "muenchen"]


def test_a_check_says_what_the_integration_may_not_do(shop, client):
    shop.denied = {"creditmemos", "inventory", "store"}
    assert client.check().missing == (
        "Sales > Operations > Credit Memos",
        "Stores > Inventory > Sources",
        "Stores > Settings > All Stores",
    )


def test_who_is_not_let_in_anywhere_is_unknown(shop):
    with pytest.raises(Auth):
        connect(shop, api_secret="wrong").check()


def test_a_shop_without_sources_has_no_places(shop, client):
    shop.sources = None
    found = client.check()
    assert (found.locations, found.missing) == ((), ())


def test_an_address_at_which_no_magento_answers_is_told_so(shop):
    shop.prefix = "/elsewhere/"
    with pytest.raises(Reject, match="address"):
        connect(shop).check()


# ---- Listings ----


def test_listings_are_what_is_sold_with_the_quantities_of_all_sources(shop, client):
    links = {"configurable_product_links": [4], "website_ids": [1]}
    shop.products["BW-HOODIE"]["extension_attributes"] = links
    attributes = [{"attribute_code": "ean", "value": "4012345678901"}]
    shop.products["BW-HOODIE-M"] = product(4, "BW-HOODIE-M", custom_attributes=attributes, status=2)
    shop.stock = {
        ("BW-ROPE", "default"): {"sku": "BW-ROPE", "source_code": "default", "quantity": 5, "status": 1},
        ("BW-ROPE", "muenchen"): {"sku": "bw-rope", "source_code": "muenchen", "quantity": 2.5, "status": 1},
    }
    page = client.listings()
    rope, mug, hoodie = page.listings
    assert page.cursor == ""
    assert (rope.ref.sku, rope.quantity, rope.price, rope.currency) == ("BW-ROPE", 7, Decimal("12.5"), "EUR")
    assert (mug.quantity, mug.active) == (None, True)
    assert (hoodie.ref.external_id, hoodie.ref.parent_id, hoodie.barcode, hoodie.active) == (
        "4",
        "3",
        "4012345678901",
        False,
    )


def test_long_lists_of_products_are_read_to_the_end_whatever_comes_and_goes(shop, client):
    shop.products = {f"S{number}": product(number, f"S{number}") for number in range(1, 121)}
    seen, cursor = [], ""
    for round_ in range(10):
        page = client.listings(cursor)
        seen += [int(one.ref.external_id) for one in page.listings]
        cursor = page.cursor
        if round_ == 0:
            del shop.products["S1"]
        if not cursor:
            break
    assert seen == list(range(1, 121))


# ---- Stock ----


def test_quantities_are_told_by_sku_and_source_and_read_back(shop, client):
    levels = [level("BW-ROPE", 5), level("BW-ROPE", 2, "muenchen"), level("BW-MUG", -3)]
    assert [result.code for result in client.push_stock(levels)] == ["ok", "ok", "ok"]
    assert {key: row["quantity"] for key, row in shop.stock.items()} == {
        ("BW-ROPE", "default"): 5,
        ("BW-ROPE", "muenchen"): 2,
        ("BW-MUG", "default"): 0,
    }
    refs = [one.ref for one in levels] + [ListingRef("9", "UNKNOWN")]
    assert client.stock_levels(refs) == [5, 2, 0, None]


def test_a_quantity_of_what_is_not_there_or_has_none_is_refused_by_itself(shop, client):
    results = client.push_stock([level("GONE", 1), level("BW-HOODIE", 1), level("", 1), level("bw-rope", 4)])
    assert [result.code for result in results] == ["refused", "refused", "refused", "ok"]
    assert all(result.message for result in results[:3])
    assert list(shop.stock) == [("bw-rope", "default")]


def test_one_bad_row_does_not_keep_the_others_from_being_told(shop, client):
    levels = [level("BW-ROPE", 1), level("BW-MUG", 2, "nowhere"), level("BW-MUG", 3)]
    results = client.push_stock(levels)
    assert [result.code for result in results] == ["ok", "refused", "ok"]
    assert "nowhere" in results[1].message
    assert len(shop.stock) == 2


def test_a_shop_that_takes_few_rows_at_once_is_told_in_parts(shop, client):
    shop.rows_max = 20
    shop.products = {f"S{number}": product(number, f"S{number}") for number in range(1, 51)}
    results = client.push_stock([level(f"S{number}", number) for number in range(1, 51)])
    assert {result.code for result in results} == {"ok"}
    assert [len(asked.json["sourceItems"]) for asked in told(shop)] == [50, 20, 20, 10]


def test_the_same_twice_is_told_once_and_the_last_one_holds(shop, client):
    results = client.push_stock([level("BW-ROPE", 1), level("BW-ROPE", 9)])
    assert [result.code for result in results] == ["ok", "ok"]
    assert shop.stock["BW-ROPE", "default"]["quantity"] == 9


def test_a_shop_without_sources_is_told_product_by_product(shop, client):
    shop.sources = None
    shop.products["A/B & C"] = product(8, "A/B & C")
    results = client.push_stock([level("BW-ROPE", 5), level("A/B & C", 0)])
    assert [result.code for result in results] == ["ok", "ok"]
    assert {sku: (row["qty"], row["is_in_stock"]) for sku, row in shop.classic.items()} == {
        "BW-ROPE": (5, True),
        "A/B & C": (0, False),
    }
    assert client.stock_levels([ListingRef("1", "BW-ROPE"), ListingRef("2", "BW-MUG")]) == [5, None]


def test_a_sku_with_a_comma_is_asked_for_by_itself(shop, client):
    shop.products["A,B"] = product(8, "A,B")
    results = client.push_stock([level("A,B", 2), level("BW-ROPE", 1)])
    assert [result.code for result in results] == ["ok", "ok"]


def test_what_was_told_before_the_shop_went_down_counts(shop, client):
    shop.rows_max = 1
    client.push_stock([level("BW-ROPE", 1)])
    shop.asked.clear()
    shop.fail_next("reply", reply=Reply(200, {"items": list(shop.products.values()), "total_count": 3}))
    too_long = Reply(400, {"message": "Maximum items", "parameters": {"type": "x", "max": 1}})
    shop.fail_next("reply", reply=too_long)
    shop.fail_next("reply", reply=Reply(200, []))
    shop.fail_next("down")
    results = client.push_stock([level("BW-ROPE", 1), level("BW-MUG", 1)])
    assert [result.code for result in results] == ["ok", "retry"]


# ---- Prices ----


def test_a_price_is_a_base_price_and_a_reduced_one_a_special_price(shop, client):
    results = client.push_prices([price("BW-ROPE", "9.90"), price("BW-MUG", "7.50", "10.00")])
    assert [result.code for result in results] == ["ok", "ok"]
    assert shop.prices == {("BW-ROPE", 0): 9.9, ("BW-MUG", 0): 10}
    assert [(row["sku"], row["price"]) for row in shop.specials] == [("BW-MUG", 7.5)]


def test_a_special_price_that_holds_is_ended_and_a_planned_one_stays(shop, client):
    row = {"sku": "BW-ROPE", "store_id": 0, "price": 5, "price_from": "2026-11-01 00:00:00", "price_to": None}
    past = {**row, "price_to": "2026-11-09 00:00:00"}
    planned = {**row, "price_from": "2026-11-27 00:00:00"}
    other = {**row, "store_id": 3}
    shop.specials = [row, past, planned, other]
    client.push_prices([price("BW-ROPE", "9.90")])
    assert shop.specials == [past, planned, other]


def test_a_price_that_is_told_twice_leaves_one_special_price(shop, client):
    for _time in range(2):
        client.push_prices([price("BW-MUG", "7.50", "10.00")])
    assert len(shop.specials) == 1


def test_a_price_of_what_is_not_there_or_in_another_currency_is_refused_by_itself(shop, client):
    results = client.push_prices(
        [price("GONE", "1.00"), price("BW-MUG", "2.00", currency="USD"), price("BW-ROPE", "3.00")]
    )
    assert [result.code for result in results] == ["refused", "refused", "ok"]
    assert "GONE" in results[0].message
    assert "EUR" in results[1].message


def test_a_channel_of_one_store_view_tells_its_price(shop):
    shop.prefix = "/rest/outlet/V1/"
    connect(shop, site_ref="outlet").push_prices([price("BW-ROPE", "9.90")])
    assert shop.prices == {("BW-ROPE", 3): 9.9}


# ---- Parcels ----


def parcel(items, key="parcel-1", number="1Z999", ref="1", **values):
    wanted = tuple(Item(line, Decimal(quantity)) for line, quantity in items.items())
    return Parcel(key, ref, wanted, NOW, carrier_name="DHL", tracking_number=number, **values)


def test_a_parcel_is_a_shipment_with_its_number_and_source(shop, client):
    result = client.ship(parcel({"1": 1, "2": 2}, carrier="dhl", location_ref="muenchen"))
    shipment = shop.shipments[0]
    assert (result.code, result.reference) == ("ok", str(shipment["entity_id"]))
    assert shipment["tracks"] == [{"track_number": "1Z999", "title": "DHL", "carrier_code": "dhl"}]
    assert shipment["extension_attributes"] == {"extension_attributes": {"source_code": "muenchen"}}
    assert [row["qty_shipped"] for row in shop.orders[1]["items"]] == [1, 2]


def test_a_parcel_whose_answer_was_lost_is_found_and_not_told_twice(shop, client):
    shop.orders[1]["items"][1]["qty_ordered"] = 9
    shop.fail_next("reply", reply=Reply(200, shop.orders[1]))
    shop.fail_next("lost")
    with pytest.raises(Retry):
        client.ship(parcel({"2": 2}))
    result = client.ship(parcel({"2": 2}), repeat=True)
    assert (result.code, len(shop.shipments)) == ("ok", 1)
    assert client.ship(parcel({"2": 2}, key="parcel-2", number="1Z998")).code == "ok"
    assert shop.orders[1]["items"][1]["qty_shipped"] == 4


def test_a_parcel_that_never_arrived_is_told_on_repetition(shop, client):
    assert client.ship(parcel({"1": 1}), repeat=True).code == "ok"
    assert len(shop.shipments) == 1


def test_more_pieces_than_are_left_are_refused_with_their_number(shop, client):
    client.ship(parcel({"2": 2}))
    result = client.ship(parcel({"2": 2}, key="parcel-2", number="1Z998"))
    assert result.code == "refused"
    assert "only 1 are left" in result.message


def test_a_parcel_that_somebody_entered_in_the_shop_is_found_by_its_number(shop, client):
    client.ship(parcel({"1": 1}, key="typed by hand"))
    assert client.ship(parcel({"1": 1})).code == "ok"
    assert len(shop.shipments) == 1


def test_a_configurable_product_is_shipped_by_its_parent(shop, client):
    shop.add(CASES["us_configurable_two_taxes"])
    assert client.ship(parcel({"5": 2}, ref="103")).code == "ok"
    assert shop.shipments[0]["items"] == [{"order_item_id": 5, "qty": 2}]


def test_whole_bundles_are_told_by_parent_and_parts_and_split_ones_by_parts():
    payload = CASES["bundle_with_one_price"]
    lines = {"10": Decimal(1), "11": Decimal(1), "12": Decimal(2)}
    items = [Item(line, quantity) for line, quantity in lines.items()]
    assert fulfilling.to_ship(payload, items) == lines
    assert fulfilling.to_ship(payload, items[1:]) == lines
    assert fulfilling.to_ship(payload, items[1:2]) == {"11": Decimal(1)}
    assert fulfilling.to_ship(payload, items[:1]) == lines


def test_a_bundle_that_ships_as_one_is_shipped(shop, client):
    shop.add(CASES["bundle_priced_by_parts"])
    assert client.ship(parcel({"8": 1, "9": 2}, ref="104")).code == "ok"
    assert [row["qty_shipped"] for row in shop.orders[104]["items"]] == [1, 1, 2]


def test_a_download_needs_no_shipment(shop, client):
    shop.add(CASES["download_without_address"])
    assert client.ship(parcel({"13": 1}, ref="106")).code == "ok"
    assert shop.shipments == []


@pytest.mark.parametrize("state", ["holded", "canceled", "closed"])
def test_an_order_that_may_not_be_shipped_is_told_with_what_to_do(shop, client, state):
    shop.orders[1]["state"] = state
    result = client.ship(parcel({"1": 1}))
    assert (result.code, "try again" in result.message) == ("refused", True)


def test_a_line_that_is_not_in_the_order_is_refused(client):
    assert client.ship(parcel({"999": 1})).code == "refused"


# ---- Calling off ----


def test_a_whole_order_is_called_off_once(shop, client):
    shop.add(CASES["waits_for_bank_transfer"])
    for _time in range(2):
        assert client.cancel(Cancellation("c-1", "120"), repeat=True).code == "ok"
    assert shop.orders[120]["state"] == "canceled"
    assert len(told(shop)) == 1


def test_all_its_lines_are_a_whole_order_and_some_are_not(shop, client):
    shop.orders = {}
    shop.add(order(5, state="new", total_paid=0, total_invoiced=0))
    some = Cancellation("c-1", "5", items=(Item("1", Decimal(1)), Item("2", Decimal(2))))
    assert client.cancel(some).code == "refused"
    whole = Cancellation("c-1", "5", items=(Item("1", Decimal(1)), Item("2", Decimal(3))))
    assert client.cancel(whole).code == "ok"


@pytest.mark.parametrize("case", ["two_rates_prices_with_tax", "on_hold_by_hand", "called_off_in_part"])
def test_what_cannot_be_called_off_is_refused_with_what_to_do(shop, client, case):
    shop.add(CASES[case])
    result = client.cancel(Cancellation("c-1", str(CASES[case]["entity_id"])))
    assert (result.code, bool(result.message)) == ("refused", True)


# ---- Paying back ----


def refund(amount, items=(), ref="101", pay=False, key="refund-1", currency="EUR", **values):
    return Refund(key, ref, Decimal(amount), currency, tuple(items), pay=pay, reason="Kratzer", **values)


def back(line, quantity, amount="0", **values):
    return RefundItem(line, Decimal(quantity), Decimal(amount), **values)


@pytest.fixture
def paid(shop):
    shop.orders, shop.invoices = {}, []
    shop.add(CASES["two_rates_prices_with_tax"])
    shop.add(CASES["discount_with_hidden_tax"])
    shop.add(CASES["three_currencies"])
    return shop


# ---- Money that is authorised ----


@pytest.fixture
def card(shop):
    """An order over 229.65 of which the card company has authorised all: 1 and 3 pieces, with shipping."""
    shop.orders, shop.invoices = {}, []
    shop.add(authorised(CASES["two_rates_prices_with_tax"]))
    return shop


def capture(pieces, key="capture-1", amount="50.00", **values):
    items = tuple(Item(line, Decimal(quantity)) for line, quantity in pieces.items())
    return Capture(key, "101", "authorized", Decimal(amount), "EUR", items=items, **values)


def test_each_parcel_is_an_invoice_over_what_has_left_and_together_they_are_the_order(card, client):
    first, second = client.capture(capture({"2": 2})), client.capture(capture({"1": 1, "2": 3}, key="capture-2"))
    assert [row["items"] for row in card.invoices] == [
        [{"order_item_id": 2, "qty": 2.0}],
        [{"order_item_id": 1, "qty": 1.0}, {"order_item_id": 2, "qty": 1.0}],
    ]
    assert {first.code, second.code} == {"ok"}
    assert [first.reference, second.reference] == [f"invoice-{row['entity_id']}" for row in card.invoices]
    assert first.amount + second.amount == Decimal("229.65")
    assert first.amount == Decimal("54.80"), "two of them, and the shipping of the whole order"


def test_money_whose_answer_was_lost_is_found_and_not_taken_twice(card, client):
    card.fail_next("reply", reply=Reply(200, card.orders[101]))
    card.fail_next("lost")
    with pytest.raises(Retry):
        client.capture(capture({"2": 2}))
    result = client.capture(capture({"2": 2}), repeat=True)
    assert (result.code, result.amount, len(card.invoices)) == ("ok", Decimal("54.80"), 1)
    assert client.capture(capture({"2": 3}, key="capture-2"), repeat=True).code == "ok"
    assert len(card.invoices) == 2


def test_what_somebody_has_invoiced_in_the_shop_is_not_taken_again(card, client):
    client.capture(capture({"2": 2}))
    result = client.capture(capture({"2": 2}, key="capture-2"))
    assert (result.code, len(card.invoices)) == ("refused", 1)
    assert "invoiced already" in result.message


def test_without_goods_nothing_is_taken(card, client):
    """Magento would invoice the whole order."""
    assert client.capture(capture({})).code == "refused"
    assert client.capture(capture({"shipping": 1})).code == "refused"
    assert card.invoices == []


def test_what_the_gateway_declines_is_refused_with_what_that_means(card, client):
    card.declines = True
    result = client.capture(capture({"2": 2}))
    assert (result.code, card.invoices) == ("refused", [])
    assert "the gateway has declined it" in result.message


def test_a_gateway_that_has_not_decided_is_told_by_the_order_later(card, client):
    card.reviews = True
    result = client.capture(capture({"2": 2}))
    assert (result.code, result.reference) == ("ok", "")


def test_more_pieces_than_the_shop_has_left_are_refused_by_the_shop_itself(card, client):
    """As when somebody invoices between our look and our asking: the shop's own words are told."""
    before = deepcopy(card.orders[101])
    client.capture(capture({"2": 3}))
    card.fail_next("reply", reply=Reply(200, before))
    result = client.capture(capture({"2": 3}, key="capture-2"))
    assert (result.code, len(card.invoices)) == ("refused", 1)
    assert "must not be greater than the uninvoiced quantity" in result.message


@pytest.mark.parametrize("state", ["canceled", "closed", "complete", "holded", "payment_review"])
def test_an_order_that_may_not_be_invoiced_is_told_with_what_to_do(card, client, state):
    card.orders[101] |= {"state": state, "status": state}
    result = client.capture(capture({"2": 2}))
    assert (result.code, card.invoices, told(card)) == ("refused", [], [])
    assert result.message.endswith(".")


def test_money_in_another_currency_is_not_taken(card, client):
    assert client.capture(replace(capture({"2": 2}), currency="USD")).code == "refused"
    assert card.invoices == []


def test_a_bundle_with_one_price_is_paid_whole_and_another_by_its_parts():
    one = authorised(CASES["bundle_with_one_price"])
    pieces = [Item("11", Decimal(1)), Item("12", Decimal(3))]
    assert fulfilling.to_invoice(one, pieces) == {"10": Decimal(1)}
    assert fulfilling.to_invoice(one, [Item("11", Decimal(1))]) == {}
    assert fulfilling.to_invoice(one, [Item("10", Decimal(2))]) == {"10": Decimal(2)}
    parts = authorised(CASES["bundle_priced_by_parts"])
    assert fulfilling.to_invoice(parts, [Item("9", Decimal(2))]) == {"9": Decimal(2)}


def test_a_variant_is_paid_with_the_row_that_has_its_price(card, client):
    card.add(authorised(CASES["us_configurable_two_taxes"]))
    whole = Capture("capture-9", "103", "authorized", Decimal("117.58"), "USD", items=(Item("5", Decimal(2)),))
    result = client.capture(whole)
    assert (result.code, result.amount) == ("ok", Decimal("117.58"))


def test_what_is_called_off_in_the_shop_is_free_and_else_a_person_has_to(card, client):
    assert client.void(capture({})).code == "refused"
    client.cancel(Cancellation("cancel-1", "101", "customer"))
    assert client.void(capture({})).code == "ok"
    assert client.void(replace(capture({}), order_ref="999")).code == "ok"


def test_a_new_invoice_is_read_as_the_payment_that_was_asked_for(card, client):
    before = PLATFORMS["magento"].parse("order", client.order("101"))
    assert [(one.external_id, one.amount, one.is_over) for one in before.authorizations] == [
        ("authorized", Decimal("229.65"), False)
    ]
    made = client.capture(capture({"2": 2}))
    [payment] = PLATFORMS["magento"].parse("order", client.order("101")).payments
    assert (payment.external_id, payment.amount) == (made.reference, made.amount)
    assert (payment.authorization, payment.our_key) == ("authorized", "capture-1")
    client.capture(capture({"1": 1, "2": 3}, key="capture-2"))
    assert PLATFORMS["magento"].parse("order", client.order("101")).authorizations[0].is_over


def test_pieces_are_paid_back_at_what_the_shop_says_they_cost(paid, client):
    result = client.refund(refund("24.95", [back("2", 1, restock=True)]))
    memo = paid.creditmemos[0]
    assert (result.code, result.message, result.reference) == ("ok", "", str(memo["entity_id"]))
    assert (memo["grand_total"], memo["adjustment_positive"], memo["is_online"]) == (Decimal("24.95"), 0, False)
    body = told(paid)[0].json
    assert body["arguments"]["extension_attributes"] == {"return_to_stock_items": [2]}
    assert body["comment"]["is_visible_on_front"] == 0


@pytest.mark.parametrize(
    ("amount", "items"),
    [
        ("20.00", [back("2", 1)]),
        ("30.00", [back("2", 1)]),
        ("5.00", []),
        ("154.80", [back("1", 1)]),
        ("229.65", [back("1", 1), back("2", 3)]),
    ],
)
def test_what_is_paid_back_is_exactly_what_was_wanted(paid, client, amount, items):
    result = client.refund(refund(amount, items))
    assert (result.code, result.message) == ("ok", "")
    assert paid.creditmemos[0]["grand_total"] == Decimal(amount)


def test_a_discounted_piece_is_paid_back_as_discounted(paid, client):
    assert client.refund(refund("22.45", [back("4", 1)], ref="102")).code == "ok"
    memo = paid.creditmemos[0]
    assert (memo["grand_total"], memo["adjustment_positive"], memo["adjustment_negative"]) == (Decimal("22.45"), 0, 0)


def test_untaxed_shipping_is_paid_back_as_shipping(shop, client):
    shop.add(CASES["us_configurable_two_taxes"])
    client.refund(refund("5.00", ref="103", currency="USD", shipping=Decimal("5.00")))
    memo = shop.creditmemos[0]
    assert (memo["shipping_amount"], memo["grand_total"], memo["adjustment_positive"]) == (5, 5, 0)


def test_goodwill_pays_back_no_pieces(paid, client):
    client.refund(refund("5.00"))
    assert [row["qty"] for row in paid.creditmemos[0]["items"]] == [0]
    assert "qty_refunded" not in paid.orders[101]["items"][0] or not paid.orders[101]["items"][0]["qty_refunded"]


def test_the_shop_pays_through_the_invoice_that_was_paid_by_card(paid, client):
    assert client.refund(refund("24.95", [back("2", 1)], pay=True)).code == "ok"
    assert paid.creditmemos[0]["is_online"]
    assert told(paid)[0].path.endswith("/invoice/1011/refund")


def test_what_no_gateway_took_the_shop_cannot_pay_back(paid, client):
    paid.invoices[0]["transaction_id"] = None
    result = client.refund(refund("24.95", [back("2", 1)], pay=True))
    assert (result.code, told(paid)) == ("refused", [])
    assert "another way" in result.message


def test_a_refund_whose_answer_was_lost_is_found_and_not_paid_twice(paid, client):
    paid.fail_next("reply", reply=Reply(200, paid.orders[101]))
    paid.fail_next("lost")
    wanted = refund("24.95", [back("2", 1)])
    with pytest.raises(Retry):
        client.refund(wanted)
    result = client.refund(wanted, repeat=True)
    assert (result.code, len(paid.creditmemos)) == ("ok", 1)
    assert client.refund(refund("24.95", [back("2", 1)], key="refund-2"), repeat=True).code == "ok"
    assert len(paid.creditmemos) == 2


def test_an_answer_lost_after_the_money_went_does_not_undo_it(paid, client):
    for _request in range(2):
        paid.fail_next("slow", delay_s=0)
    paid.fail_next("down")
    assert client.refund(refund("24.95", [back("2", 1)])).code == "ok"


def test_more_pieces_than_can_be_paid_back_are_refused(paid, client):
    client.refund(refund("49.90", [back("2", 2)]))
    result = client.refund(refund("49.90", [back("2", 2)], key="refund-2"))
    assert (result.code, "only 1 can be paid back" in result.message) == ("refused", True)


def test_more_money_than_was_paid_is_refused_by_the_shop(paid, client):
    with pytest.raises(Reject):
        client.refund(refund("500.00"))


def test_a_refund_in_another_currency_is_refused_and_in_the_orders_own_exact(paid, client):
    assert client.refund(refund("5.00", ref="107", currency="EUR")).code == "refused"
    assert client.refund(refund("5.00", ref="107", currency="GBP")).code == "ok"
    assert paid.creditmemos[0]["grand_total"] == Decimal("5.00")


def test_a_rate_in_which_an_amount_cannot_be_told_is_refused(paid, client):
    paid.orders[107]["base_to_order_rate"] = 3.7
    result = client.refund(refund("5.01", ref="107", currency="GBP"))
    assert (result.code, told(paid)) == ("refused", [])


def test_a_difference_by_rounding_is_told(paid, client):
    paid.orders[101]["items"][1]["row_invoiced"] = 69.94
    order_now = deepcopy(paid.orders[101])
    order_now["items"][1]["row_invoiced"] = 69.98
    paid.fail_next("reply", reply=Reply(200, order_now))
    result = client.refund(refund("24.96", [back("2", 1)]))
    assert result.code == "ok"
    assert "Compare" in result.message


# ---- Faults ----


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("busy", Retry),
        ("down", Retry),
        ("truncated", Retry),
        ("lost", Retry),
        ("page", Retry),
        ("redirect", Reject),
        ("huge", Reject),
    ],
)
def test_each_fault_is_the_right_error_and_tells_no_secret(shop, client, caplog, fault, error):
    caplog.set_level(logging.DEBUG)
    options = {"redirect": {"location": "https://evil.example/?token=1"}, "huge": {"size": RESPONSE_MAX_BYTES + 1}}
    shop.fail_next(fault, **options.get(fault, {}))
    with pytest.raises(error) as caught:
        client.orders_since(LONG_AGO)
    said = str(caught.value) + caplog.text
    assert not any(secret in said for secret in SECRETS)
    assert ids(client.orders_since(LONG_AGO)) == [1, 2, 3]


def test_a_busy_shop_says_how_long(shop, client):
    shop.fail_next("busy", retry_after="7")
    with pytest.raises(Retry) as caught:
        client.orders_since(LONG_AGO)
    assert caught.value.delay_s == 7


def test_a_slow_shop_is_not_waited_for(shop):
    shop.fail_next("slow", delay_s=1)
    with pytest.raises(Retry):
        connect(shop, timeout_s=0.2).orders_since(LONG_AGO)


def test_an_error_is_told_with_its_parameters_put_in(shop, client):
    errors = [{"message": 'Source "%code" of %1', "parameters": {"code": "x"}}, {"message": "%1!", "parameters": ["y"]}]
    shop.fail_next("reply", reply=Reply(400, {"message": "Validation Failed", "errors": errors}))
    with pytest.raises(Reject, match='Validation Failed Source "x" of %1 y!'):
        client.orders_since(LONG_AGO)


@pytest.mark.parametrize("odd", [[], "text", 5, {}, {"items": "x"}, {"items": [1, None], "total_count": "x"}])
def test_an_answer_of_another_shape_is_no_accident(shop, client, odd):
    for ask in (
        lambda: client.orders_since(LONG_AGO),
        lambda: client.order("1"),
        client.listings,
        lambda: client.push_stock([level("BW-ROPE", 1)]),
        lambda: client.ship(parcel({"1": 1})),
        lambda: client.refund(refund("1.00")),
        lambda: client.cancel(Cancellation("c", "1")),
        client.check,
    ):
        shop.fail_next("reply", times=12, reply=Reply(200, odd))
        try:
            ask()
        except (Retry, Reject):
            pass
        shop._faults.clear()


def test_a_shop_that_fails_now_and_then_gets_everything_told_once(shop, client):
    shop.add(CASES["two_rates_prices_with_tax"])
    shop.misbehave(seed=7, share=0.4)

    def until_it_works(action):
        for attempt in range(60):
            try:
                return action(attempt > 0)
            except Retry:
                continue
        raise AssertionError("never worked")

    until_it_works(lambda repeat: client.ship(parcel({"1": 1, "2": 3}, ref="101"), repeat=repeat))
    until_it_works(lambda repeat: client.refund(refund("24.95", [back("2", 1)]), repeat=repeat))
    until_it_works(lambda _repeat: client.push_stock([level("BW-ROPE", 4)]))
    assert (len(shop.shipments), len(shop.creditmemos)) == (1, 1)
    assert shop.stock["BW-ROPE", "default"]["quantity"] == 4


def test_the_server_itself_refuses_an_unsigned_request(shop):
    assert requests.get(f"{shop.url}/rest/all/V1/orders", timeout=5).status_code == 401
