"""What we tell a shop, over real HTTP, against a shop that keeps the contract and sometimes loses its answers."""

import json
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.adapter import Auth, Gone, Retry
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
from odoo.addons.oms_channels.platforms.woocommerce import const, parse
from odoo.addons.oms_channels.platforms.woocommerce.client import Client
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.woocommerce import WooCommerceServer

ORDER = json.loads(next(path for path in payloads("woocommerce") if path.stem == "two_vat_rates").read_bytes())
REF = str(ORDER["id"])
TEA, MUG, SHIPPING = "5001", "5002", 5003
HOOK = "https://oms.example/oms/hook/abc"
LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)
PARCEL = Parcel(
    key="P/1",
    order_ref=REF,
    items=(Item(TEA, Decimal(2)), Item(MUG, Decimal("0.5"))),
    shipped_at=LONG_AGO,
    carrier_name="Colissimo",
    tracking_number="6A1",
    tracking_url="https://t.example/?a=1&b=2",
)


@pytest.fixture
def shop():
    with WooCommerceServer(orders=[ORDER]) as server:
        for product_id in (101, 102):
            server.add_product(product_id)
        server.add_product(110, type="variable", name="Tee")
        server.add_product(111, 110, global_unique_id="401", attributes=[{"name": "Size", "option": "L"}])
        yield server


@pytest.fixture
def client(shop):
    return Client(shop.url, shop.key, shop.secret, timeout_s=5)


def level(product_id, quantity, parent_id=""):
    return StockLevel(ListingRef(str(product_id), parent_id=str(parent_id)), quantity)


def codes(results):
    return [result.code for result in results]


def told(shop, method, end):
    return [body for verb, path, _query, body in shop.requests if verb == method and path.endswith(end)]


def until_told(action):
    """As whoever tells does: again, until there is an answer."""
    for attempt in range(40):
        try:
            result = action(attempt > 0)
        except Retry:
            continue
        if not isinstance(result, list) or "retry" not in codes(result):
            return result
    raise AssertionError("never told")


# ---- The shop ----


def test_the_check_tells_whose_keys_these_are(client):
    shop = client.check()
    assert (shop.name, shop.currency, shop.country) == ("Maison Verte", "EUR", "FR")
    assert (shop.time_zone, shop.api_version, shop.missing) == ("Europe/Paris", "11.0.1", ())


def test_keys_that_may_only_read_are_found_out(shop, client):
    shop.writes = False
    found = client.check()
    assert found.missing == ("products: write", "orders: write")
    assert "read and write" in found.warning


def test_keys_of_somebody_who_is_no_manager_are_enough(shop, client):
    shop.manager, shop.country = False, "DE:DE-BY"
    assert (client.check().country, client.check().missing) == ("", ())
    shop.manager = True
    assert client.check().country == "DE"


def test_wrong_keys_are_told_by_the_check(shop):
    with pytest.raises(Auth):
        Client(shop.url, shop.key, "wrong").check()


# ---- Listings ----


def test_listings_are_products_and_variations_but_not_what_is_above_them(shop, client):
    shop.add_product(103, manage_stock=False, stock_quantity=None, status="draft")
    shop.add_product(104, type="grouped")
    page = client.listings()
    by_id = {listing.ref.external_id: listing for listing in page.listings}
    assert (list(by_id), page.cursor) == (["101", "102", "103", "111"], "")
    assert by_id["111"].ref == ListingRef("111", "SKU-111", "110")
    assert (by_id["111"].title, by_id["111"].barcode) == ("Tee – L", "401")
    assert (by_id["101"].price, by_id["101"].currency, by_id["101"].quantity) == (Decimal("10.00"), "EUR", 0)
    assert (by_id["103"].quantity, by_id["103"].active) == (None, False)


def test_long_lists_are_read_to_their_end_and_nothing_twice(shop, client):
    for number in range(1000, 1230):
        shop.add_product(number, type="variable" if number < 1025 else "simple")
        if number < 1025:
            shop.add_product(number + 5000, number)
    for number in range(7000, 7130):
        shop.add_product(number, 110)
    found, cursor = [], ""
    while True:
        page = client.listings(cursor)
        found += [listing.ref.external_id for listing in page.listings]
        cursor = page.cursor
        if not cursor:
            break
    assert len(found) == len(set(found)) == 2 + 1 + 130 + 205 + 25


def test_levels_come_in_the_order_asked(shop, client):
    shop.products[101]["stock_quantity"], shop.variations[110][111]["stock_quantity"] = 7, 4
    shop.products[102]["manage_stock"] = False
    refs = [ListingRef("111", parent_id="110"), ListingRef("999"), ListingRef("102"), ListingRef("101")]
    assert client.stock_levels([*refs, ListingRef("5", parent_id="998")]) == [4, None, None, 7, None]


# ---- Stock and prices ----


def test_stock_is_told_by_product_and_what_is_refused_is_told_by_item(shop, client):
    results = client.push_stock([level(101, 7), level(999, 1), level(111, 4, 110), level("x", 1), level(102, -3)])
    assert codes(results) == ["ok", "refused", "ok", "refused", "ok"]
    assert "no such product" in results[1].message
    quantities = [row["stock_quantity"] for row in (*shop.products.values(), *shop.variations[110].values())]
    assert quantities == [7, 0, 0, 4]


def test_an_error_in_the_middle_keeps_what_went_through(shop, client):
    shop.fail_next("slow", delay_s=0)  # the first answer is right
    shop.fail_next("down")
    assert codes(client.push_stock([level(111, 4, 110), level(101, 7), level(102, 8)])) == ["ok", "retry", "retry"]
    shop.fail_next("down")
    with pytest.raises(Retry):
        client.push_stock([level(101, 7)])


def test_the_last_quantity_of_a_product_holds(shop, client):
    assert codes(client.push_stock([level(101, 7), level(101, 3)])) == ["ok", "ok"]
    assert shop.products[101]["stock_quantity"] == 3


def test_prices_are_on_sale_only_below_what_they_were(shop, client):
    refs = [ListingRef("101"), ListingRef("111", parent_id="110"), ListingRef("102")]
    prices = [
        Price(refs[0], Decimal("8.00"), "EUR", Decimal("10.00")),
        Price(refs[1], Decimal("9.50"), "EUR"),
        Price(refs[2], Decimal("1.00"), "USD"),
    ]
    results = client.push_prices(prices)
    assert codes(results) == ["ok", "ok", "refused"]
    assert "sells in EUR" in results[2].message
    rows = (shop.products[101], shop.variations[110][111], shop.products[102])
    assert [(row["regular_price"], row["sale_price"]) for row in rows] == [
        ("10.00", "8.00"),
        ("9.50", ""),
        ("10.00", ""),
    ]


# ---- Parcels ----


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("fault", ["lost", "truncated", "busy", "down", "page"])
def test_a_parcel_whose_answer_is_lost_is_not_told_twice(shop, client, native, fault):
    shop.fulfilments = native
    for position in range(5):
        for _right in range(position):
            shop.fail_next("slow", delay_s=0)
        shop.fail_next(fault)
        parcel = replace(PARCEL, key=f"P/{position}", number=position + 1, last=True)
        assert until_told(lambda repeat, parcel=parcel: client.ship(parcel, repeat)).code == "ok"
        assert len((shop.shipments if native else shop.notes)[ORDER["id"]]) == position + 1
        assert shop.orders[ORDER["id"]]["status"] == "completed"
        shop.change(ORDER["id"], status="processing")
        shop._faults.clear()


def test_a_native_parcel_holds_its_pieces_and_another_number_corrects_it(shop, client):
    shop.fulfilments = True
    first = client.ship(PARCEL)
    second = client.ship(replace(PARCEL, tracking_number="6A2"), repeat=True)
    [row] = shop.shipments[ORDER["id"]]
    meta = {entry["key"]: entry["value"] for entry in row["meta_data"]}
    assert meta["_items"] == [{"item_id": 5001, "qty": 2}, {"item_id": 5002, "qty": 0.5}]
    assert (meta["_tracking_number"], first.reference) == ("6A2", second.reference)
    assert shop.orders[ORDER["id"]]["status"] == ORDER["status"]


def test_a_parcel_by_note_is_told_once_and_corrected_by_another_note(shop, client):
    client.ship(PARCEL)
    client.ship(PARCEL, repeat=True)
    client.ship(replace(PARCEL, number=11, key="P/11"))
    for _twice in range(2):
        client.ship(replace(PARCEL, tracking_number="6A2", notify=False))
    assert [note["customer_note"] for note in shop.notes[ORDER["id"]]] == [True, True, False]
    assert "Parcel 1 is on its way with Colissimo, tracking number 6A1" in shop.notes[ORDER["id"]][0]["note"]


def test_nothing_is_sent_for_an_order_that_was_cancelled_there(shop, client):
    shop.change(ORDER["id"], status="cancelled")
    assert client.ship(PARCEL).code == "refused"
    with pytest.raises(Gone):
        client.ship(replace(PARCEL, order_ref="99"))


# ---- Cancellations ----


def test_a_cancellation_changes_the_order_once(shop, client):
    shop.fail_next("slow", delay_s=0)
    shop.fail_next("lost")
    assert until_told(lambda repeat: client.cancel(Cancellation("C/1", REF), repeat)).code == "ok"
    assert len(told(shop, "PUT", f"orders/{REF}")) == 1
    assert parse.body("order", client.order(REF)).status == "cancelled"


def test_a_part_or_a_completed_order_is_refused_with_what_to_do(shop, client):
    part = client.cancel(Cancellation("C/1", REF, items=(Item(TEA, Decimal(1)),)))
    shop.change(ORDER["id"], status="completed")
    whole = client.cancel(Cancellation("C/2", REF))
    assert (part.code, whole.code) == ("refused", "refused")
    assert "Refund the lines" in part.message
    assert "return" in whole.message
    assert not told(shop, "PUT", REF)


# ---- Refunds ----


def refund(amount="8.90", **values):
    return Refund("R/1", REF, Decimal(amount), "EUR", **values)


def test_a_refund_says_for_which_lines_and_rates(shop, client):
    items = (RefundItem(TEA, Decimal(1), Decimal("8.44"), (("2", Decimal("0.46")),)),)
    result = client.refund(refund(items=items, reason="scratched"))
    [row] = shop.refunds[ORDER["id"]]
    assert (result.code, result.reference) == ("ok", str(row["id"]))
    assert (row["amount"], row["refunded_payment"], row["reason"]) == ("8.90", True, "scratched")
    [body] = told(shop, "POST", "refunds")
    assert body["line_items"] == [
        {"id": 5001, "quantity": 1, "refund_total": "8.44", "refund_tax": [{"id": 2, "refund_total": "0.46"}]}
    ]
    [known] = parse.body("order", client.order(REF)).refunds
    assert (known.amount, known.lines[0].line_id, known.lines[0].amount, known.lines[0].tax) == (
        Decimal("8.90"),
        TEA,
        Decimal("8.44"),
        Decimal("0.46"),
    )


def test_a_tax_without_a_code_goes_to_the_lines_own_rates(shop, client):
    items = (RefundItem(TEA, Decimal(1), Decimal("8.44"), (("", Decimal("0.46")),)),)
    client.refund(refund(items=items, pay=False))
    [body] = told(shop, "POST", "refunds")
    assert body["line_items"][0]["refund_tax"] == [{"id": 2, "refund_total": "0.46"}]
    assert (body["api_refund"], body["api_restock"]) == (False, False)


@pytest.mark.parametrize("gross", ["5.90", "3.33", "0.01", "1.00"])
def test_shipping_is_split_as_its_line_is_and_sums_to_what_is_paid_back(shop, client, gross):
    client.refund(refund(gross, shipping=Decimal(gross)))
    [body] = told(shop, "POST", "refunds")
    [line] = body["line_items"]
    parts = [Decimal(line["refund_total"]), *(Decimal(tax["refund_total"]) for tax in line["refund_tax"])]
    assert (line["id"], sum(parts)) == (SHIPPING, Decimal(gross))
    [known] = parse.body("order", client.order(REF)).refunds
    assert known.shipping == Decimal(gross)


def test_goodwill_has_no_lines(shop, client):
    assert client.refund(refund("2.00")).code == "ok"
    assert told(shop, "POST", "refunds")[0]["line_items"] == []


@pytest.mark.parametrize("fault", ["lost", "truncated", "busy", "down", "page"])
def test_a_refund_whose_answer_is_lost_is_not_paid_twice(shop, client, fault):
    for position in range(3):
        for _right in range(position):
            shop.fail_next("slow", delay_s=0)
        shop.fail_next(fault)
        one = replace(refund("1.00"), key=f"R/{position}")
        assert until_told(lambda repeat, one=one: client.refund(one, repeat)).code == "ok"
        assert len(shop.refunds[ORDER["id"]]) == position + 1


def test_a_refund_that_the_shop_or_its_gateway_refuses_is_told(shop, client):
    too_much = client.refund(refund("1000.00"))
    assert (too_much.code, "Invalid refund amount" in too_much.message) == ("refused", True)
    shop.gateway = "The payment gateway does not support automatic refunds."
    assert client.refund(refund("1.00")).code == "refused"
    assert client.refund(refund("1.00", pay=False)).code == "ok"


def test_a_refund_that_does_not_fit_the_order_is_not_sent(shop, client):
    wrong = [
        replace(refund(), currency="USD"),
        refund("0.00"),
        refund("1.00", shipping=Decimal("2.00")),
        refund(items=(RefundItem("77", Decimal(1), Decimal("1.00")),)),
    ]
    assert codes(map(client.refund, wrong)) == ["refused"] * 4
    assert not told(shop, "POST", "refunds")


def test_details_of_refunds_are_asked_for_only_where_there_are_some(shop, client):
    client.orders_since(LONG_AGO)
    assert len(shop.requests) == 1
    client.refund(refund("1.00"))
    [body] = client.orders_since(LONG_AGO).orders
    assert json.loads(body)["refunds"][0]["refunded_payment"] is True
    assert "_links" not in json.loads(body)["refunds"][0]


# ---- Webhooks ----


def test_webhooks_are_set_up_once_with_their_secret(shop, client):
    for _twice in range(2):
        assert set(client.subscribe(HOOK, "s&cret")) == set(const.TOPICS)
    assert sorted(row["topic"] for row in shop.webhooks.values()) == sorted(const.TOPICS)
    assert {(row["delivery_url"], row["secret"], row["status"]) for row in shop.webhooks.values()} == {
        (HOOK, "s&cret", "active")
    }


def test_what_the_shop_has_switched_off_is_switched_on_and_doubles_and_old_hosts_are_put_right(shop, client):
    client.subscribe("https://old.example/oms/hook/abc", "one")
    client.subscribe("https://oms.example/oms/hook/other", "two")
    first = next(iter(shop.webhooks.values()))
    first["status"] = "disabled"
    shop.webhooks[1] = {**first, "id": 1}
    client.subscribe(HOOK)
    ours = [row for row in shop.webhooks.values() if row["delivery_url"] == HOOK]
    assert sorted(row["topic"] for row in ours) == sorted(const.TOPICS)
    assert {row["status"] for row in ours} == {"active"}
    assert {row["secret"] for row in ours} == {"one"}
    assert len(shop.webhooks) == 2 * len(const.TOPICS)
    asked = len(shop.pings)
    client.subscribe(HOOK)
    assert len(shop.pings) == asked


def test_webhooks_whose_answer_is_lost_are_not_made_twice(shop, client):
    for _each in range(3):
        shop.fail_next("slow", delay_s=0)
        shop.fail_next("lost")
        with pytest.raises(Retry):
            client.subscribe(HOOK, "s")
        shop.webhooks.pop(max(shop.webhooks)) if _each == 1 else None
    client.subscribe(HOOK, "s")
    assert len(shop.webhooks) == len(const.TOPICS)


def test_in_a_shop_that_misbehaves_everything_is_told_once_in_the_end(shop, client):
    for seed in range(8):
        shop.misbehave(seed, share=0.3)
        parcel = replace(PARCEL, key=f"P/{seed}", number=seed + 1)
        assert until_told(lambda repeat, parcel=parcel: client.ship(parcel, repeat)).code == "ok"
        one = replace(refund("0.50"), key=f"R/{seed}")
        assert until_told(lambda repeat, one=one: client.refund(one, repeat)).code == "ok"
        levels = [level(101, seed), level(111, seed, 110)]
        assert codes(until_told(lambda _repeat, levels=levels: list(client.push_stock(levels)))) == ["ok", "ok"]
    assert (len(shop.notes[ORDER["id"]]), len(shop.refunds[ORDER["id"]])) == (8, 8)
