"""What we tell a shop, over real HTTP: quantities, prices, parcels, cancellations, refunds and webhooks. Nothing twice."""

import json
import re
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.adapter import Gone, Reject, Retry
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
from odoo.addons.oms_channels.platforms.shopify import const
from odoo.addons.oms_channels.platforms.shopify.client import Client
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer

SAMPLES = {path.stem: json.loads(path.read_bytes()) for path in payloads("shopify") if path.parent.name == "order"}
ORDER = SAMPLES["two_rates_not_all_taxable"]
KETTLE, MUG, MIX = (row["id"] for row in ORDER["lineItems"]["nodes"])
MAIN, STORE = "gid://shopify/Location/70000001", "gid://shopify/Location/70000002"
MOMENT = datetime(2026, 11, 6, 15, tzinfo=timezone.utc)
HOOK = "https://oms.example/oms/hook/abc"


@pytest.fixture
def shop():
    with ShopifyServer([ORDER], per_s=1000) as server:
        yield server


@pytest.fixture
def client(shop):
    return Client(shop.url, shop.token, timeout_s=5, sleep=lambda _seconds: None)


def ref(number, place=MAIN):
    return ListingRef(
        f"gid://shopify/ProductVariant/{number}",
        parent_id=f"gid://shopify/Product/{number}",
        inventory_ref=f"gid://shopify/InventoryItem/{number}",
        location_ref=place,
    )


def level(number, quantity, expected=None, key="attempt-1", place=MAIN):
    return StockLevel(ref(number, place), quantity, expected, key)


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


def codes(results):
    return [result.code for result in results]


def stock(shop, place=MAIN):
    return {int(item.rpartition("/")[2]): quantity for (item, at), quantity in shop.stock.items() if at == place}


def told(shop, name):
    return [variables for operation, variables in shop.operations if operation == name]


# ---- Stock ----


def test_quantities_are_told_two_hundred_and_fifty_at_once(shop, client):
    for number in range(1, 251):
        shop.add_variant(number, quantity=1)
    assert set(codes(client.push_stock([level(number, number) for number in range(1, 251)]))) == {"ok"}
    assert stock(shop) == {number: number for number in range(1, 251)}
    assert len(told(shop, "SetQuantities")) == 1


def test_a_quantity_is_taken_only_if_what_is_there_is_as_expected(shop, client):
    for number in (1, 2, 3):
        shop.add_variant(number, quantity=5)
    results = client.push_stock([level(1, 9, expected=5), level(2, 9, expected=4), level(3, 9)])
    assert codes(results) == ["ok", "stale", "ok"]
    assert results[1].current == 5
    assert stock(shop) == {1: 9, 2: 5, 3: 9}


def test_what_is_refused_does_not_keep_the_rest_back(shop, client):
    shop.add_variant(1, quantity=5)
    results = client.push_stock([level(99, 1), level(1, 7), level(1, 3, place="gid://shopify/Location/1")])
    assert codes(results) == ["refused", "ok", "refused"]
    assert "match the product anew" in results[0].message and "Map the warehouse" in results[2].message
    assert stock(shop) == {1: 7}


def test_an_item_that_is_not_kept_at_a_place_is_made_to_be(shop, client):
    shop.add_variant(1, quantity=5)
    assert codes(client.push_stock([level(1, 4, place=STORE), level(1, 6)])) == ["ok", "ok"]
    assert (stock(shop, STORE), stock(shop)) == ({1: 4}, {1: 6})
    # What we thought is there cannot have been.
    shop.add_variant(2, quantity=None)
    assert codes(client.push_stock([level(2, 8, expected=3)])) == ["ok"]
    assert stock(shop)[2] == 8


def test_less_than_nothing_is_nothing_and_what_has_no_place_is_told_so(shop, client):
    shop.add_variant(1, quantity=5)
    results = client.push_stock([level(1, -3), StockLevel(ListingRef("gid://shopify/ProductVariant/1"), 3)])
    assert codes(results) == ["ok", "refused"]
    assert stock(shop) == {1: 0}


def test_of_the_same_item_told_twice_the_last_holds(shop, client):
    shop.add_variant(1, quantity=5)
    assert codes(client.push_stock([level(1, 3), level(1, 4)])) == ["ok", "ok"]
    assert stock(shop) == {1: 4}


def test_an_attempt_whose_answer_was_lost_is_recognised_by_its_key(shop, client):
    shop.add_variant(1, quantity=5)
    shop.fail_next("lost")
    with pytest.raises(Retry):
        client.push_stock([level(1, 9, expected=5)])
    shop.stock["gid://shopify/InventoryItem/1", MAIN] = 8  # one is sold meanwhile
    assert codes(client.push_stock([level(1, 9, expected=5)])) == ["ok"]
    assert stock(shop) == {1: 8}
    assert codes(client.push_stock([level(1, 9, expected=8, key="attempt-2")])) == ["ok"]
    assert stock(shop) == {1: 9}


def test_attempts_without_a_key_are_each_their_own(shop, client):
    shop.add_variant(1, quantity=5)
    for quantity, meanwhile in ((9, 2), (9, 9)):
        client.push_stock([level(1, quantity, key="")])
        assert stock(shop) == {1: 9}
        shop.stock["gid://shopify/InventoryItem/1", MAIN] = meanwhile


def test_quantities_are_read_as_asked_and_unknown_where_nothing_is_counted(shop, client):
    for number in range(1, 150):
        shop.add_variant(number, quantity=number)
    shop.variants[1]["inventoryItem"]["tracked"] = False
    shop.stock["gid://shopify/InventoryItem/3", STORE] = 33
    asked = [ref(number) for number in range(149, 0, -1)] + [ref(3, STORE), ref(4, STORE), ref(999)]
    found = client.stock_levels(asked)
    expected = [number if number != 2 else None for number in range(149, 0, -1)]
    assert list(found) == [*expected, 33, None, None]


# ---- Prices ----


def price(number, amount, currency="USD", product=None, **values):
    listing = ListingRef(
        f"gid://shopify/ProductVariant/{number}", parent_id=f"gid://shopify/Product/{product or number}"
    )
    return Price(listing, Decimal(amount), currency, **values)


def test_prices_are_told_product_by_product_and_each_gets_its_answer(shop, client):
    shop.add_variant(1, compareAtPrice="20.00")
    shop.add_variant(2)
    shop.variants[1]["product"] = shop.variants[0]["product"]
    shop.add_variant(3)
    results = client.push_prices(
        [
            price(3, "7.00", compare_at=Decimal("9.00")),
            price(1, "11.50"),
            price(2, "-1", product=1),
            price(8, "3", product=77),
            price(3, "8", "EUR"),
        ]
    )
    assert codes(results) == ["ok", "ok", "refused", "refused", "refused"]
    assert "sells in USD, not in EUR" in results[4].message
    assert [(row["price"], row["compareAtPrice"]) for row in shop.variants] == [
        ("11.50", "20.00"),  # what we do not know of stays
        ("10.00", None),
        ("7.00", "9.00"),
    ]
    assert len(told(shop, "SetPrices")) == 3


# ---- Parcels ----


def parcel(*items, key="P1", number="1Z999", **values):
    items = tuple(Item(line, Decimal(quantity)) for line, quantity in items)
    return Parcel(key, ORDER["id"], items, MOMENT, tracking_number=number, carrier="UPS", **values)


def held(shop):
    """What each fulfilment holds."""
    return [
        {row["lineItem"]["id"]: row["quantity"] for row in made["fulfillmentLineItems"]["nodes"]}
        for made in shop.shipments[ORDER["id"]]
    ]


def split(shop, *lines, place=STORE):
    """Some lines are to leave from another place."""
    [group] = shop.groups[ORDER["id"]]
    moved = [row for row in group["lineItems"]["nodes"] if row["lineItem"]["id"] in lines]
    group["lineItems"]["nodes"] = [row for row in group["lineItems"]["nodes"] if row not in moved]
    other = {**group, "id": group["id"] + "2", "lineItems": {"nodes": moved}}
    other["assignedLocation"] = {"name": "Store", "location": {"id": place}}
    shop.groups[ORDER["id"]].append(other)
    return other


def test_a_part_is_shipped_and_then_the_rest(shop, client):
    first = client.ship(parcel((KETTLE, 1), (MUG, 2)))
    assert (first.code, first.reference) == ("ok", shop.shipments[ORDER["id"]][0]["id"])
    assert shop.orders[ORDER["id"]]["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    assert client.ship(parcel((MUG, 1), (MIX, 2), key="P2", number="1Z998", notify=False)).code == "ok"
    assert held(shop) == [{KETTLE: 1, MUG: 2}, {MUG: 1, MIX: 2}]
    assert [made["notified"] for made in shop.shipments[ORDER["id"]]] == [True, False]
    assert shop.shipments[ORDER["id"]][0]["trackingInfo"] == [{"company": "UPS", "number": "1Z999"}]
    assert PLATFORMS["shopify"].parse("order", client.order(ORDER["id"])).status == "fulfilled"


def test_goods_of_two_places_are_told_in_two_calls(shop, client):
    split(shop, MUG)
    result = client.ship(parcel((KETTLE, 1), (MUG, 3)))
    assert (result.code, len(result.reference.split(","))) == ("ok", 2)
    assert {made["location"] for made in shop.shipments[ORDER["id"]]} == {MAIN, STORE}


def test_the_place_that_a_parcel_left_comes_first(shop, client):
    other = split(shop, MUG)
    [group, _other] = shop.groups[ORDER["id"]]
    line = {
        "id": "gid://shopify/FulfillmentOrderLineItem/5",
        "remainingQuantity": 1,
        "lineItem": {"id": MUG, "name": "Mug"},
    }
    group["lineItems"]["nodes"].append(line)
    assert client.ship(parcel((MUG, 1), location_ref=STORE)).code == "ok"
    assert other["lineItems"]["nodes"][0]["remainingQuantity"] == 2


def test_a_parcel_whose_answer_was_lost_is_found_and_not_told_again(shop, client):
    lose(shop, "Fulfil")
    with pytest.raises(Retry):
        client.ship(parcel((KETTLE, 1)))
    assert client.ship(parcel((KETTLE, 1)), repeat=True).code == "ok"
    assert held(shop) == [{KETTLE: 1}]


def test_of_a_parcel_that_was_told_by_half_only_the_other_half_is_told(shop, client):
    split(shop, MUG)
    lose(shop, "Fulfil")
    with pytest.raises(Retry):
        client.ship(parcel((KETTLE, 1), (MUG, 3)))
    result = client.ship(parcel((KETTLE, 1), (MUG, 3)), repeat=True)
    assert (result.code, len(result.reference.split(","))) == ("ok", 2)
    assert held(shop) == [{KETTLE: 1}, {MUG: 3}]


def test_a_parcel_without_a_number_is_known_by_what_it_holds(shop, client):
    lose(shop, "Fulfil")
    with pytest.raises(Retry):
        client.ship(parcel((MUG, 1), number=""))
    assert client.ship(parcel((MUG, 1), number=""), repeat=True).code == "ok"
    assert held(shop) == [{MUG: 1}]


def test_a_fulfilment_that_was_taken_back_is_none(shop, client):
    client.ship(parcel((MUG, 1)))
    shop.shipments[ORDER["id"]][0]["status"] = "CANCELLED"
    assert client.ship(parcel((MUG, 1)), repeat=True).code == "ok"
    assert held(shop) == [{MUG: 1}, {MUG: 1}]


def test_however_many_parcels_there_are_the_right_one_is_found(shop, client):
    many = [
        {"id": f"gid://shopify/Fulfillment/{n}", "status": "SUCCESS", "trackingInfo": [{"number": f"N{n}"}]}
        for n in range(30)
    ]
    lines = {"nodes": [{"quantity": 1, "lineItem": {"id": f"gid://shopify/LineItem/{n}"}} for n in range(150)]}
    shop.shipments[ORDER["id"]] = [{**row, "fulfillmentLineItems": lines} for row in many]
    lines["nodes"].append({"quantity": 1, "lineItem": {"id": KETTLE}})
    assert client.ship(parcel((KETTLE, 1), number="N29"), repeat=True).reference == "gid://shopify/Fulfillment/29"
    assert len(shop.shipments[ORDER["id"]]) == 30


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"status": "ON_HOLD", "fulfillmentHolds": [{"displayReason": "Address"}]},
            r"holds the goods back \(Address\)",
        ),
        ({"status": "SCHEDULED"}, "for a later day"),
        ({"status": "CLOSED"}, "expects only 0 of 1 pieces"),
        ({"supportedActions": [{"action": "REQUEST_CANCELLATION"}]}, "fulfilment service"),
        ({"lineItems": {"nodes": []}}, "nothing to ship for one of the lines"),
    ],
)
def test_why_goods_cannot_be_shipped_is_told_in_words(shop, client, change, sentence):
    shop.groups[ORDER["id"]][0] |= change
    result = client.ship(parcel((KETTLE, 1)))
    assert result.code == "refused"
    assert re.search(sentence, result.message), result.message
    assert not shop.shipments[ORDER["id"]]


def test_more_than_is_expected_is_not_shipped_in_part(shop, client):
    result = client.ship(parcel((KETTLE, 1), (MUG, 9)))
    assert (result.code, held(shop)) == ("refused", [])
    assert "expects only 3 of 9" in result.message


def test_a_parcel_of_an_order_that_is_gone_is_told_so(shop, client):
    shop.orders.clear()
    with pytest.raises(Gone):
        client.ship(parcel((KETTLE, 1)))


# ---- Cancellations ----


def cancellation(*items, key="C1", **values):
    return Cancellation(key, ORDER["id"], "stock", tuple(Item(line, Decimal(count)) for line, count in items), **values)


def test_a_cancellation_waits_for_its_job(shop, client):
    shop.job_polls = 3
    result = client.cancel(cancellation(note="sold out"))
    assert result.code == "ok"
    [variables] = told(shop, "Cancel")
    assert (variables["reason"], variables["note"], variables["refund"]) == (
        "INVENTORY",
        "sold out",
        {"originalPaymentMethodsRefund": False},
    )
    assert PLATFORMS["shopify"].parse("order", client.order(ORDER["id"])).status == "cancelled"
    assert client.cancel(cancellation(), repeat=True).code == "ok"
    assert len(told(shop, "Cancel")) == 1


def test_a_cancellation_that_takes_long_is_pending(shop, client):
    shop.job_polls = 50
    result = client.cancel(cancellation())
    assert (result.code, result.reference.startswith("gid://shopify/Job/")) == ("pending", True)


def test_an_order_of_which_something_has_left_is_not_cancelled(shop, client):
    client.ship(parcel((KETTLE, 1)))
    result = client.cancel(cancellation())
    assert result.code == "refused"
    assert "outstanding fulfillments" in result.message


def test_pieces_are_cancelled_where_they_wait_and_no_money_moves(shop, client):
    split(shop, MUG)
    assert client.cancel(cancellation((KETTLE, 1), (MUG, 2))).code == "ok"
    [variables] = told(shop, "RefundCreate")
    rows = [(row["lineItemId"], row["quantity"], row["locationId"]) for row in variables["input"]["refundLineItems"]]
    assert rows == [(KETTLE, 1, MAIN), (MUG, 2, STORE)]
    assert variables["input"]["transactions"] == []
    # They do not wait any more.
    assert client.ship(parcel((KETTLE, 1))).code == "refused"
    assert client.ship(parcel((MUG, 1))).code == "ok"
    document = PLATFORMS["shopify"].parse("order", client.order(ORDER["id"]))
    assert {line.external_id: line.quantity for line in document.lines if line.kind == "product"} == {MUG: 1, MIX: 2}
    assert document.problems() == []
    assert document.refunds == ()


def test_pieces_are_cancelled_once_although_the_answer_was_lost(shop, client):
    lose(shop, "RefundCreate")
    with pytest.raises(Retry):
        client.cancel(cancellation((MUG, 1)))
    shop._keys.clear()  # Shopify does not know our keys for ever
    assert client.cancel(cancellation((MUG, 1)), repeat=True).code == "ok"
    assert len(shop.orders[ORDER["id"]]["refunds"]) == 1


def test_pieces_that_have_left_cannot_be_cancelled(shop, client):
    client.ship(parcel((MUG, 2)))
    result = client.cancel(cancellation((MUG, 2)))
    assert (result.code, "1 of 2 pieces" in result.message) == ("refused", True)


# ---- Authorised money ----

CARD = "gid://shopify/OrderTransaction/5550001"


@pytest.fixture
def authorized(shop):
    """The order with a card that is authorised for all of it and can be taken in parts."""
    order = shop.orders[ORDER["id"]]
    payment = order["transactions"][0]
    order["transactions"] = [
        {
            **payment,
            "id": CARD,
            "kind": "AUTHORIZATION",
            "multiCapturable": True,
            "authorizationExpiresAt": "2026-11-13T15:00:00Z",
        }
    ]
    order["displayFinancialStatus"] = "AUTHORIZED"
    return order


def capture(amount, earlier="0", key="C1", currency="USD"):
    return Capture(key, ORDER["id"], CARD, Decimal(amount), currency, Decimal(earlier))


def taken(client):
    """(what is authorised, what was taken of it, whether the order waits) as the order says."""
    document = PLATFORMS["shopify"].parse("order", client.order(ORDER["id"]))
    assert document.problems() == []
    [one] = document.authorizations
    return one, [pay.amount for pay in document.payments if pay.authorization == CARD], document.status


def test_an_order_that_is_authorised_says_how_much_and_until_when(authorized, client):
    one, payments, status = taken(client)
    assert (one.amount, one.times, one.is_over, payments, status) == (document_total(client), "many", False, [], "open")
    assert one.expires_at == datetime(2026, 11, 13, 15, tzinfo=timezone.utc)


def document_total(client):
    return PLATFORMS["shopify"].parse("order", client.order(ORDER["id"])).total


def test_a_part_is_taken_and_the_order_goes_on(authorized, shop, client):
    result = client.capture(capture("10.00"))
    assert (result.code, result.reference.startswith("gid://shopify/OrderTransaction/")) == ("ok", True)
    assert authorized["displayFinancialStatus"] == "PARTIALLY_PAID"
    one, payments, status = taken(client)
    assert (payments, one.is_over, status) == ([Decimal("10.00")], False, "open")


def test_a_part_is_taken_once_although_the_answer_was_lost(authorized, shop, client):
    client.capture(capture("10.00"))
    lose(shop, "OrderCapture")
    with pytest.raises(Retry):
        client.capture(capture("10.00", earlier="10.00"))
    result = client.capture(capture("10.00", earlier="10.00"), repeat=True)
    assert (result.code, bool(result.reference)) == ("ok", True)
    assert taken(client)[1] == [Decimal("10.00"), Decimal("10.00")]


def test_more_than_was_authorised_is_not_asked_for(authorized, shop, client):
    total = document_total(client)
    result = client.capture(capture(total + 1))
    assert (result.code, f"{total} USD" in result.message) == ("refused", True)
    assert told(shop, "OrderCapture") == []


def test_what_can_be_taken_once_ends_with_that(authorized, client):
    authorized["transactions"][0]["multiCapturable"] = False
    client.capture(capture("10.00"))
    one, _payments, status = taken(client)
    assert (one.times, one.is_over, status) == ("once", True, "awaiting_payment")
    assert client.void(capture("5.00")).code == "ok"


def test_what_nobody_needs_is_given_free_once(authorized, shop, client):
    assert client.void(capture("0")).code == "ok"
    assert client.void(capture("0"), repeat=True).code == "ok"
    assert len(told(shop, "TransactionVoid")) == 1
    assert taken(client)[0].is_over


def test_a_provider_that_is_not_sure_yet_leaves_it_to_the_order(authorized, shop, client):
    shop.refund_status = "PENDING"
    result = client.capture(capture("10.00"))
    assert (result.code, result.reference) == ("ok", "")


def test_a_customer_who_pays_in_another_currency_is_charged_in_it(authorized, shop, client):
    shop.presentment = ("EUR", "0.9")
    authorized["presentmentCurrencyCode"] = "EUR"
    client.capture(capture("10.00"))
    [variables] = told(shop, "OrderCapture")
    assert (variables["input"]["amount"], variables["input"]["currency"]) == ("9.00", "EUR")


# ---- Refunds ----


def refund(amount, *items, key="R1", currency="USD", **values):
    rows = tuple(RefundItem(line, Decimal(count), Decimal(net), (), **more) for line, count, net, more in items)
    return Refund(key, ORDER["id"], Decimal(amount), currency, rows, **values)


def test_lines_and_shipping_are_paid_back_by_the_payment(shop, client):
    given = refund(
        "21.39", (MUG, 1, "14.99", {"restock": True, "location_ref": MAIN}), shipping=Decimal("6.40"), reason="Chipped"
    )
    result = client.refund(given)
    assert result.code == "ok"
    [variables] = told(shop, "RefundCreate")
    told_input = variables["input"]
    assert told_input["refundLineItems"] == [
        {"lineItemId": MUG, "quantity": 1, "restockType": "CANCEL", "locationId": MAIN}
    ]
    assert told_input["shipping"] == {"amount": "6.40"}
    assert told_input["transactions"] == [
        {
            "orderId": ORDER["id"],
            "kind": "REFUND",
            "parentId": ORDER["transactions"][0]["id"],
            "gateway": "shopify_payments",
            "amount": "21.39",
        }
    ]
    document = PLATFORMS["shopify"].parse("order", client.order(ORDER["id"]))
    [booked] = document.refunds
    assert (booked.external_id, booked.amount, booked.shipping, booked.pending) == (
        result.reference,
        Decimal("21.39"),
        Decimal("6.40"),
        False,
    )
    assert booked.reason.startswith("Chipped")


@pytest.mark.parametrize("forgets", [False, True])
def test_money_goes_back_once_although_the_answer_was_lost(shop, client, forgets):
    lose(shop, "RefundCreate")
    with pytest.raises(Retry):
        client.refund(refund("10.00"))
    if forgets:
        shop._keys.clear()
    assert client.refund(refund("10.00"), repeat=True).code == "ok"
    assert len(shop.orders[ORDER["id"]]["refunds"]) == 1


def test_two_refunds_of_the_same_amount_are_two(shop, client):
    assert codes([client.refund(refund("10.00")), client.refund(refund("10.00", key="R2"))]) == ["ok", "ok"]
    assert len(shop.orders[ORDER["id"]]["refunds"]) == 2


def test_more_than_was_paid_is_not_paid_back(shop, client):
    client.refund(refund("100.00"))
    result = client.refund(refund("20.00", key="R2"))
    assert result.code == "refused"
    assert "only 19.03 USD" in result.message


def test_a_refund_that_the_provider_is_still_paying_is_pending_here_and_when_read(shop, client):
    shop.refund_status = "PENDING"
    assert client.refund(refund("10.00")).code == "pending"
    assert PLATFORMS["shopify"].parse("order", client.order(ORDER["id"])).refunds[0].pending


def test_a_refund_that_the_provider_did_not_pay_is_refused(shop, client):
    shop.refund_status = "FAILURE"
    assert client.refund(refund("10.00")).code == "refused"


def test_a_refund_that_was_paid_elsewhere_is_only_recorded(shop, client):
    assert client.refund(refund("10.00", pay=False)).code == "ok"
    [row] = told(shop, "RefundCreate")[0]["input"]["transactions"]
    assert (row["gateway"], "parentId" in row) == ("manual", False)


def test_money_goes_back_before_gift_cards(client, shop):
    sample = SAMPLES["gift_card_sold_and_used"]
    shop.add(sample)
    client.refund(Refund("R9", sample["id"], Decimal("130.00"), "USD"))
    rows = told(shop, "RefundCreate")[0]["input"]["transactions"]
    assert [(row["gateway"], row["amount"]) for row in rows] == [("shopify_payments", "120.96"), ("gift_card", "9.04")]


def test_pieces_that_were_cancelled_before_are_paid_as_an_amount(shop, client):
    client.cancel(cancellation((KETTLE, 1)))
    assert client.refund(refund("40.05", (KETTLE, 1, "37.00", {}))).code == "ok"
    assert told(shop, "RefundCreate")[1]["input"]["refundLineItems"] == []


def test_the_customers_currency_is_paid_whichever_the_channel_keeps():
    with ShopifyServer([ORDER], presentment=("EUR", "0.9")) as shop:
        client = Client(shop.url, shop.token, sleep=lambda _seconds: None)
        assert client.refund(refund("10.00")).code == "ok"
        assert client.refund(refund("9.00", key="R2", currency="EUR")).code == "ok"
        assert "paid in EUR, not in GBP" in client.refund(refund("9.00", key="R3", currency="GBP")).message
        given = [variables["input"] for variables in told(shop, "RefundCreate")]
    assert [(one["currency"], one["transactions"][0]["amount"]) for one in given] == [("EUR", "9.00"), ("EUR", "9.00")]


def test_the_whole_of_an_order_is_the_whole_in_the_other_currency():
    with ShopifyServer([ORDER], presentment=("JPY", "151.37")) as shop:
        client = Client(shop.url, shop.token, sleep=lambda _seconds: None)
        assert client.refund(refund(ORDER["totalPriceSet"]["shopMoney"]["amount"])).code == "ok"


# ---- Webhooks ----


def test_webhooks_are_set_up_once_and_what_was_deleted_is_made_again(shop, client):
    assert set(client.subscribe(HOOK)) == set(const.SUBSCRIBED_TOPICS)
    assert {row["topic"] for row in shop.webhooks} == set(const.SUBSCRIBED_TOPICS)
    del shop.webhooks[2]
    client.subscribe(HOOK)
    client.subscribe(HOOK)
    assert len(shop.webhooks) == len(const.SUBSCRIBED_TOPICS)
    assert all(row["uri"] == HOOK and row["format"] == "JSON" for row in shop.webhooks)
    updated = next(row for row in shop.webhooks if row["topic"] == "ORDERS_UPDATED")
    assert updated["includeFields"] == ["id", "admin_graphql_api_id", "updated_at"]


def test_webhooks_of_a_server_that_moved_are_led_to_the_new_one_and_those_of_others_stay(shop, client):
    client.subscribe("https://old.example/oms/hook/abc")
    client.subscribe("https://oms.example/oms/hook/another-channel")
    client.subscribe(HOOK)
    addresses = [row["uri"] for row in shop.webhooks]
    count = len(const.SUBSCRIBED_TOPICS)
    assert (addresses.count(HOOK), addresses.count("https://oms.example/oms/hook/another-channel")) == (count, count)
    assert len(addresses) == 2 * count


def test_an_address_that_shopify_does_not_take_is_told(client):
    with pytest.raises(Reject, match="http:// is not supported"):
        client.subscribe("http://oms.example/oms/hook/abc")


# ---- A shop in trouble ----


def test_whatever_goes_wrong_on_the_way_everything_is_done_once(shop, client):
    """Stock, a parcel, a cancellation of pieces and a refund, each tried until it is told: the same end as without trouble."""
    for number in (1, 2):
        shop.add_variant(number, quantity=5)
    shop.per_s = 1_000_000  # nobody waits here, so that points have to come back at once
    shop.misbehave(seed=11, share=0.4)
    done = [
        insist(lambda repeat: client.push_stock([level(1, 3, expected=5), level(2, 4, place=STORE)])[0]),
        insist(lambda repeat: client.ship(parcel((KETTLE, 1), (MUG, 1)), repeat=repeat)),
        insist(lambda repeat: client.cancel(cancellation((MIX, 2)), repeat=repeat)),
        insist(lambda repeat: client.refund(refund("23.90"), repeat=repeat)),
    ]
    shop.misbehave(seed=11, share=0)
    assert codes(done) == ["ok"] * 4
    assert (stock(shop)[1], stock(shop, STORE)) == (3, {2: 4})
    assert held(shop) == [{KETTLE: 1, MUG: 1}]
    rows = shop.orders[ORDER["id"]]["refunds"]
    assert [len(row["transactions"]["nodes"]) for row in rows] == [0, 1]


def insist(attempt):
    repeat = False
    for _try in range(100):
        try:
            return attempt(repeat)
        except Retry:
            repeat = True
    raise AssertionError("it never got through")
