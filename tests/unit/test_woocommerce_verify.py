import json

import pytest

from odoo.addons.oms_channels.domain.signature import sign_base64
from odoo.addons.oms_channels.platforms.woocommerce.verify import read_event, verify

BODY = json.dumps(
    {"id": 7, "date_modified_gmt": "2026-11-05T09:00:00", "total": "1.50", "_links": {"self": 1}}
).encode()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRET = "s3cret"


def signature(body=BODY, secret=SECRET):
    return {"X-WC-Webhook-Signature": sign_base64(secret, body)}


def topic(name, **headers):
    return {"X-WC-Webhook-Topic": name, **headers}


# ---- Signature ----


@pytest.mark.parametrize(
    ("stored", "signed_with"),
    [
        ("a&amp;b", "a&b"),
        ("&lt;x&gt;", "<x>"),
        ("&quot;&#039;&#39;", "\"''"),
        ("&amp;lt;", "&lt;"),
        ("&eacute;", "&eacute;"),
    ],
)
def test_the_secret_is_unescaped_as_wordpress_does(stored, signed_with):
    assert verify(signature(secret=signed_with), BODY, stored)


def test_the_signature_is_over_the_raw_bytes():
    respelt = json.dumps(json.loads(BODY), indent=1).encode()
    assert not verify(signature(), respelt, SECRET)


# ---- Ping ----


def test_a_ping_needs_no_signature():
    assert verify(FORM, b"webhook_id=12", SECRET)
    assert read_event(FORM, b"webhook_id=12") == read_event(FORM, b"webhook_id=12")
    assert read_event(FORM, b"webhook_id=12").kind == "ping"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, b"webhook_id=12&id=7"),
        (FORM, b"webhook_id=12\n"),
        (FORM, b"webhook_id="),
        (FORM, b"webhook_id=x"),
        (FORM, b"webhook_id=" + b"1" * 21),
        (FORM, BODY),
        ({}, b"webhook_id=12"),
        ({"Content-Type": "application/json"}, b"webhook_id=12"),
        ({**FORM, "X-WC-Webhook-Signature": "x"}, b"webhook_id=12"),
    ],
)
def test_nothing_else_passes_without_a_signature(headers, body):
    assert not verify(headers, body, SECRET)
    assert read_event(headers, body).kind != "ping"


def test_a_channel_without_a_secret_takes_not_even_a_ping():
    assert not verify(FORM, b"webhook_id=12", "")


# ---- Events ----


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("order.created", "order"),
        ("order.updated", "order"),
        ("order.restored", "order"),
        ("order.deleted", "order_deleted"),
        ("product.updated", "ignored"),
        ("action.woocommerce_add_to_cart", "ignored"),
    ],
)
def test_the_topic_tells_what_it_is_about(name, kind):
    assert read_event(topic(name), BODY).kind == kind


def test_created_and_updated_of_the_same_state_are_one_event():
    assert read_event(topic("order.created"), BODY) == read_event(topic("order.updated"), BODY)


def test_the_key_shows_the_order_and_its_version():
    assert read_event(topic("order.updated"), BODY).key.startswith("order:7:2026-11-05T09:00:00:")


def test_the_key_depends_on_content_and_not_on_spelling_or_links_or_delivery():
    payload = json.loads(BODY)
    respelt = json.dumps({**dict(reversed(payload.items())), "_links": None}, indent=2).encode()
    headers = topic("order.updated", **{"X-WC-Webhook-Delivery-ID": "abc"})
    assert read_event(headers, respelt) == read_event(topic("order.updated"), BODY)


def test_another_state_in_the_same_second_is_another_event():
    changed = BODY.replace(b"1.50", b"1.60")
    assert read_event(topic("order.updated"), changed) != read_event(topic("order.updated"), BODY)


def test_an_order_can_be_deleted_again_after_it_was_restored():
    first, second = (topic("order.deleted", **{"X-WC-Webhook-Delivery-ID": delivery}) for delivery in ("a", "b"))
    assert read_event(first, b'{"id":7}') == read_event(first, b'{"id":7}')
    assert read_event(first, b'{"id":7}') != read_event(second, b'{"id":7}')


@pytest.mark.parametrize("depth", range(100, 1200, 50))
def test_no_depth_of_nesting_is_a_crash(depth):
    assert read_event({}, b'{"id":7,"x":' + b"[" * depth + b"]" * depth + b"}").kind == "order"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"id":null}', b'{"id":"7; drop"}', b'{"id":1e400}', b"[" * 99_999]
)
def test_what_cannot_be_read_is_an_event_all_the_same(body):
    event = read_event(topic("order.updated"), body)
    assert (event.kind, event.key[:4], len(event.key)) == ("order", "raw:", 68)
