"""Orders are polled; whoever forwards notifications from a queue signs them."""

import json

import pytest

from odoo.addons.oms_channels.domain.adapter import Event
from odoo.addons.oms_channels.platforms.amazon.verify import read_event, verify
from odoo.addons.oms_channels.tests.servers.amazon import forwarded_headers, order_change

ORDER = {
    "orderId": "301-5500001-0100001",
    "lastUpdatedTime": "2026-11-03T09:43:10Z",
    "salesChannel": {"channelName": "AMAZON", "marketplaceId": "A1PA6795UKMFR9"},
    "buyer": {"buyerName": "Annegret Pohl"},
    "recipient": {"deliveryAddress": {"city": "Kassel"}},
    "orderItems": [],
}
SECRET = "s3cret"


def event(**changes):
    return read_event({}, json.dumps({**ORDER, **changes}).encode())


def test_the_key_of_an_order_shows_the_order_and_its_version():
    assert event().kind == "order"
    assert event().key.startswith("order:301-5500001-0100001:2026-11-03T09:43:10Z:")


def test_another_state_in_the_same_second_is_another_event():
    assert event(programs=["PRIME"]) != event()


def test_an_order_whose_buyer_has_been_forgotten_is_the_same():
    forgotten = {key: value for key, value in ORDER.items() if key not in ("buyer", "recipient")}
    assert read_event({}, json.dumps(forgotten).encode()) == event()


def test_an_order_is_the_same_with_the_answer_around_it():
    assert read_event({}, json.dumps({"order": ORDER}).encode()) == event()


def test_a_notification_is_a_hint_to_read_the_order():
    found = read_event({}, order_change(ORDER))
    assert found == Event("hint", "notification:d0e9e693-301-5500001-0100001", "301-5500001-0100001")


def test_a_notification_by_the_event_bus_is_spelt_with_small_letters():
    payload = json.loads(order_change(ORDER))
    small = {key[0].lower() + key[1:]: value for key, value in payload.items()}
    assert read_event({}, json.dumps(small).encode()).order_ref == ORDER["orderId"]


@pytest.mark.parametrize(
    "spoil",
    [
        {"NotificationType": "ANY_OFFER_CHANGED"},
        {"Payload": None},
        {"Payload": {"OrderChangeNotification": {"AmazonOrderId": "../1"}}},
    ],
)
def test_any_other_notification_is_nothing_of_ours(spoil):
    payload = {**json.loads(order_change(ORDER)), **spoil}
    assert read_event({}, json.dumps(payload).encode()).kind == "ignored"


def test_what_is_forwarded_has_to_be_signed():
    body = order_change(ORDER)
    assert verify(forwarded_headers(body, SECRET), body, SECRET)
    assert not verify(forwarded_headers(body, "another"), body, SECRET)
    assert not verify(forwarded_headers(body, SECRET), body + b" ", SECRET)
    assert not verify({}, body, SECRET)
    assert not verify(forwarded_headers(body, ""), body, "")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"orderId":null}', b'{"orderId":"7; drop"}', b"[" * 99_999])
def test_what_cannot_be_read_is_an_event_all_the_same(body):
    found = read_event({}, body)
    assert (found.kind, found.key[:4], len(found.key)) == ("order", "raw:", 68)


@pytest.mark.parametrize("depth", range(100, 1200, 50))
def test_no_depth_of_nesting_is_a_crash(depth):
    body = b'{"orderId":"7","x":' + b"[" * depth + b"]" * depth + b"}"
    assert read_event({}, body).kind == "order"
