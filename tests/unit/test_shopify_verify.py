import json

import pytest

from odoo.addons.oms_channels.domain.signature import sign_base64
from odoo.addons.oms_channels.platforms.shopify import const
from odoo.addons.oms_channels.platforms.shopify.verify import read_event, verify
from odoo.addons.oms_channels.tests.servers.shopify import webhook_headers

SECRET = "shpss_s3cret"
BODY = b'{"id":820982911946154508,"admin_graphql_api_id":"gid:\\/\\/shopify\\/Order\\/820982911946154508"}'
BIG = "gid://shopify/Order/820982911946154508"


def event(topic, body, event_id="e-1"):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_event(webhook_headers(body, topic, SECRET, event_id), body)


def test_the_signature_is_over_the_raw_bytes():
    headers = webhook_headers(BODY, "orders/create", SECRET)
    assert verify(headers, BODY, SECRET)
    assert not verify(headers, json.dumps(json.loads(BODY)).encode(), SECRET)


def test_the_signature_is_that_of_the_secret_alone():
    assert verify({"X-Shopify-Hmac-Sha256": sign_base64(SECRET, BODY)}, BODY, SECRET)
    assert not verify({"X-Shopify-Hmac-Sha256": sign_base64("other", BODY)}, BODY, SECRET)
    assert not verify({"X-Shopify-Hmac-Sha256": sign_base64("", BODY)}, BODY, "")


def test_an_id_larger_than_any_float_keeps_all_its_digits():
    assert event("orders/create", BODY).order_ref == BIG


def test_an_event_is_known_by_its_id_however_often_it_is_delivered():
    first, again = event("orders/updated", BODY), event("orders/updated", BODY)
    assert first == again
    assert event("orders/updated", BODY, "e-2").key != first.key


def test_an_event_without_an_id_is_known_by_what_it_says():
    headers = {"X-Shopify-Topic": "orders/updated"}
    assert read_event(headers, BODY) == read_event(headers, BODY)
    assert read_event(headers, BODY).key != read_event(headers, BODY + b" ").key


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("orders/create", {"id": 7}),
        ("orders/updated", {"id": "7"}),
        ("orders/edited", {"order_edit": {"id": 1, "order_id": 7, "line_items": {"additions": []}}}),
        ("refunds/create", {"id": 1, "order_id": 7}),
        ("order_transactions/create", {"id": 1, "order_id": 7}),
        ("fulfillments/create", {"id": 1, "order_id": 7}),
        ("returns/approve", {"id": 1, "order": {"id": 7}}),
        ("returns/approve", {"id": 1, "order": {"id": "gid://shopify/Order/7"}}),
    ],
)
def test_a_hint_names_its_order_wherever_the_topic_says_it(topic, body):
    found = event(topic, body)
    assert (found.kind, found.order_ref) == ("hint", "gid://shopify/Order/7")


def test_a_hint_may_name_a_part_of_the_order():
    found = event(
        "fulfillment_orders/placed_on_hold", {"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/9"}}
    )
    assert (found.kind, found.order_ref) == ("hint", "gid://shopify/FulfillmentOrder/9")


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": True}, {"id": -1}, {"id": 1.5}, {"id": "../7"}, {"id": [7]}])
def test_a_hint_that_names_nothing_is_kept_to_be_looked_at(body):
    found = event("orders/updated", body)
    assert (found.kind, found.order_ref) == ("order", "")


def test_a_deletion_is_one():
    found = event("orders/delete", {"id": 7})
    assert (found.kind, found.key) == ("order_deleted", "order_deleted:gid://shopify/Order/7:e-1")


@pytest.mark.parametrize(
    "topic", ["app/uninstalled", "shop/update", "customers/redact", "inventory_levels/update", "odd/\0"]
)
def test_what_is_about_no_order_is_acknowledged_and_forgotten(topic):
    assert event(topic, {"id": 7}).kind == "ignored"


def test_everything_that_we_ask_to_be_told_is_understood():
    topics = {topic.lower().replace("_", "/", 1) for topic in const.SUBSCRIBED_TOPICS}
    topics = {
        topic.replace("order/transactions_", "order_transactions/").replace(
            "fulfillment/orders_", "fulfillment_orders/"
        )
        for topic in topics
    }
    assert topics <= {*const.HINT_TOPICS, const.DELETED_TOPIC}


def test_a_polled_order_is_known_by_its_state():
    order = {"id": "gid://shopify/Order/7", "updatedAt": "2026-11-05T09:00:00Z", "note": "a"}
    found = read_event({}, json.dumps(order).encode())
    assert found.key.startswith("order:7:2026-11-05T09:00:00Z:")
    assert read_event({}, json.dumps({**order, "note": "b"}).encode()).key != found.key
