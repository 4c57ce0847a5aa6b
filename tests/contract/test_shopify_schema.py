"""What we ask of Shopify is valid in its published schemas, with the variables that are really sent.

The schemas are an npm package's and stay in the cache. Without the network the test is skipped, and says why.
"""

import gzip
import json
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from graphql import GraphQLError, NoDeprecatedCustomRule, build_client_schema, parse, validate
from graphql.execution.values import get_variable_values

from odoo.addons.oms_channels.domain.outgoing import (
    Cancellation,
    Capture,
    Content,
    Item,
    ListingRef,
    Parcel,
    Picture,
    Price,
    Refund,
    RefundItem,
    ReturnItem,
    ReturnStep,
    StockLevel,
)
from odoo.addons.oms_channels.platforms.shopify import const, queries, render

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
from oms_env.cache import Stop  # noqa: E402
from oms_env.published import shopify_schemas  # noqa: E402

VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
ORDER, LINE, PLACE = "gid://shopify/Order/1", "gid://shopify/LineItem/2", "gid://shopify/Location/3"
MOMENT = datetime(2026, 11, 5, 9, tzinfo=timezone(timedelta(hours=1)))
REF = ListingRef(
    "gid://shopify/ProductVariant/4", "MUG", "gid://shopify/Product/5", "gid://shopify/InventoryItem/6", PLACE
)
PARCEL = Parcel(
    "P1", ORDER, (Item(LINE, Decimal(2)),), MOMENT, tracking_number="1Z", carrier="UPS", tracking_url="https://t"
)
REFUND = Refund(
    "R1", ORDER, Decimal("12.50"), "USD", (RefundItem(LINE, Decimal(1), Decimal("10.00"), (), True, PLACE),)
)
CANCELLATION = Cancellation("C1", ORDER, "stock", (Item(LINE, Decimal(1)),), "sold out")


def requests():
    """One of everything that is sent, by the name of its operation."""
    for side in const.MONEY_FIELDS:
        yield render.orders_page(MOMENT, "", side)
        yield render.orders_page(MOMENT, "cursor", side)
        yield render.order(ORDER, side)
        for name in render.NESTED:
            yield render.order_nested(name, ORDER, "cursor", side)
        yield render.order_transactions(ORDER, side)
        yield render.refund_details("gid://shopify/Refund/7", "", side)
    yield render.payouts_page(MOMENT, "cursor")
    yield render.payout_transactions("90211", "cursor")
    yield render.order_refunds(ORDER)
    yield render.order_returns(ORDER)
    yield render.order_returns(ORDER, "cursor")
    yield render.returnable(ORDER, "cursor")
    for step in const.RETURN_STEPS:
        told = ReturnStep(
            "S1", ORDER, "gid://shopify/Return/8", step, (ReturnItem(LINE, Decimal(1), "broken"),), "too late"
        )
        yield render.return_step(told, [("gid://shopify/FulfillmentLineItem/9", 1, "broken")])
    for goods in const.DISPOSITIONS:
        for place in ("", PLACE):
            told = ReturnStep("S2", ORDER, "gid://shopify/Return/8", "disposed", goods=goods, location_ref=place)
            yield render.dispose(told, [("gid://shopify/ReverseFulfillmentOrderLineItem/9", 1)])
    yield render.return_goods("gid://shopify/Return/8")
    yield render.order_of_fulfilment("gid://shopify/FulfillmentOrder/8")
    yield render.shop()
    yield render.locations("cursor")
    yield render.currency()
    yield render.listings("")
    yield render.levels([REF.inventory_ref], PLACE)
    yield render.set_quantities([StockLevel(REF, 3, 2), StockLevel(REF, 3)], "key")
    yield render.activate(REF.inventory_ref, PLACE, "key")
    yield render.set_prices(
        REF.parent_id, [Price(REF, Decimal("9.90"), "USD"), Price(REF, Decimal(9), "USD", Decimal(12))]
    )
    picture = Picture("0123", "mug-0123.jpg", "image/jpeg", bytes, alt="Mug")
    yield render.product_media(REF.parent_id)
    yield render.stage_uploads([picture])
    yield render.set_content(Content(REF, "Mug"), None)
    files = [{"id": "gid://shopify/MediaImage/14"}, render.new_file(picture, "https://storage.example/x")]
    yield render.set_content(Content(REF, "Mug", "<p>Blue</p>", (picture,)), files)
    yield render.fulfilment_orders(ORDER, "")
    yield render.fulfilment_order_lines("gid://shopify/FulfillmentOrder/8", "cursor")
    yield render.fulfilments(ORDER)
    yield render.fulfilments(ORDER, everything=True)
    yield render.fulfilment_lines("gid://shopify/Fulfillment/9", "cursor")
    yield render.fulfil(
        PARCEL, [("gid://shopify/FulfillmentOrder/8", [("gid://shopify/FulfillmentOrderLineItem/10", 2)])]
    )
    yield render.cancel_state(ORDER)
    for reason in const.CANCEL_REASONS:
        yield render.cancel(Cancellation("C1", ORDER, reason))
    yield render.cancel_items(CANCELLATION, [(LINE, PLACE, 1)])
    yield render.job("gid://shopify/Job/11")
    yield render.refundable(ORDER)
    yield render.authorized(ORDER)
    card = "gid://shopify/OrderTransaction/12"
    yield render.capture(Capture("C1", ORDER, card, Decimal("12.50"), "USD"), Decimal("12.50"), "USD")
    yield render.void(card)
    lines = [{"lineItemId": LINE, "quantity": 1, "restockType": "RETURN", "locationId": PLACE}]
    by = [{"parentId": "gid://shopify/OrderTransaction/12", "gateway": "shopify_payments", "amount": "12.50"}]
    yield render.refund(REFUND, "USD", lines, Decimal("2.00"), by)
    yield render.refund(REFUND, "USD", [], Decimal(0), [])
    yield render.webhooks("")
    for topic in const.SUBSCRIBED_TOPICS:
        yield render.webhook_create(topic, "https://oms.example/oms/hook/x")
        yield render.webhook_update("gid://shopify/WebhookSubscription/13", topic, "https://oms.example/oms/hook/x")


@pytest.fixture(scope="module", params=VERSIONS)
def schema(request):
    try:
        folder = shopify_schemas()
    except Stop as stop:
        pytest.skip(f"Shopify's published schemas: {stop}")
    payload = json.loads(gzip.decompress((folder / f"admin_{request.param}.json.gz").read_bytes()))
    # Shopify deprecates a field of an object where its interface's is not, which a strict reader refuses.
    return build_client_schema(payload["data"], assume_valid=True)


def told(request):
    return f"{render.operation(request)}: {request.body['variables']}"


def test_every_query_is_valid_and_nothing_in_it_is_about_to_go(schema):
    for request in requests():
        document = parse(request.body["query"])
        assert [error.message for error in validate(schema, document)] == [], told(request)
        late = [error.message for error in validate(schema, document, [NoDeprecatedCustomRule])]
        assert late == [], told(request)


def test_every_set_of_variables_fits_its_query(schema):
    for request in requests():
        document = parse(request.body["query"])
        values = get_variable_values(
            schema, document.definitions[0].variable_definitions or (), request.body["variables"]
        )
        errors = values if isinstance(values, list) else getattr(values, "errors", None)
        assert not errors, f"{told(request)}: {errors}"


def test_variables_that_do_not_fit_are_noticed(schema):
    definitions = parse(queries.CANCEL).definitions[0].variable_definitions
    wrong = {**render.cancel(CANCELLATION).body["variables"], "reason": "MOOD"}
    values = get_variable_values(schema, definitions, wrong)
    errors = values if isinstance(values, list) else values.errors
    assert errors and isinstance(errors[0], GraphQLError)


def test_everything_that_can_be_asked_is_checked():
    written = {
        render.OPERATION.search(text)[1]
        for name, text in vars(queries).items()
        if isinstance(text, str) and name.isupper() and render.OPERATION.search(text)
    }
    assert {render.operation(request) for request in requests()} == written
