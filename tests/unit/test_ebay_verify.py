"""eBay's notifications: who sent them, and what they are about."""

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from odoo.addons.oms_channels.domain.adapter import Event
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.ebay import verify
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.ebay import (
    KEY_ID,
    notification,
    public_pem,
    webhook_headers,
    webhook_secret,
)

SECRET = webhook_secret()
BODY = notification("ORDER_CONFIRMATION", {"order": {"orderId": "12-14407-79013"}})
DELETION = notification(
    "MARKETPLACE_ACCOUNT_DELETION", {"username": "ginkgo_leaf7", "userId": "ma8vp1jySJC", "eiasToken": "nY+s=="}
)
REAL = os.environ.get("OMS_REAL_PAYLOADS")
VECTORS = Path(REAL or ".") / "ebay" / "notification_signature_vectors.json"


def packed(**changes):
    """The header of BODY with some of what it says changed."""
    told = json.loads(base64.b64decode(webhook_headers(BODY)["X-EBAY-SIGNATURE"])) | changes
    return {"X-EBAY-SIGNATURE": base64.b64encode(json.dumps(told).encode()).decode()}


# ---- Signatures ----


def test_what_ebay_signed_is_accepted():
    assert verify.verify(webhook_headers(BODY), BODY, SECRET)


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": "unknown"},
        {"alg": "rsa"},
        {"alg": "none"},
        {"digest": "MD5"},
        {"digest": "SHA256"},
        {"signature": ""},
        {"signature": "%%%"},
        {"signature": base64.b64encode(b"\0" * 70).decode()},
        {"signature": None},
    ],
)
def test_a_header_that_says_something_else_is_refused(changes):
    assert not verify.verify(packed(**changes), BODY, SECRET)


@pytest.mark.parametrize("value", ["", "x", "W10=", "e30=", base64.b64encode(b"[" * 5000).decode(), "bnVsbA=="])
def test_a_header_that_is_none_is_refused(value):
    assert not verify.verify({"X-EBAY-SIGNATURE": value}, BODY, SECRET)


@pytest.mark.parametrize(
    "secret", ["", "token", "{}", '{"keys": []}', json.dumps({"keys": {KEY_ID: 5}}), "[" * 5000, "\ud800"]
)
def test_without_the_key_nothing_is_accepted(secret):
    assert not verify.verify(webhook_headers(BODY), BODY, secret)


def test_a_key_that_is_fetched_later_makes_the_delivery_good():
    secret = "a-token-of-at-least-thirty-two-letters"
    headers = webhook_headers(BODY)
    assert not verify.verify(headers, BODY, secret)
    assert verify.key_id(headers) == KEY_ID
    secret = verify.add_key(secret, KEY_ID, public_pem())
    assert verify.verify(headers, BODY, secret)
    assert verify.verification_token(secret) == "a-token-of-at-least-thirty-two-letters"


def test_a_new_key_leaves_the_old_ones_and_many_are_not_kept_forever():
    secret = SECRET
    for number in range(9):
        secret = verify.add_key(secret, f"key-{number}", public_pem(str(number)))
    assert verify.verify(webhook_headers(BODY), BODY, secret)
    secret = verify.add_key(secret, "key-9", public_pem("9"))
    assert not verify.verify(webhook_headers(BODY), BODY, secret)
    assert verify.verify(webhook_headers(BODY, "9", "key-9"), BODY, secret)


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN PUBLIC KEY-----MFkw-----END PUBLIC KEY-----"])
def test_what_is_no_key_is_not_kept(pem):
    with pytest.raises(ValueError):
        verify.add_key(SECRET, "other", pem)


@pytest.mark.skipif(not REAL or not VECTORS.exists(), reason="eBay's own examples are not part of the project")
def test_ebays_own_examples():
    vectors = json.loads(VECTORS.read_bytes())
    good = vectors["VALID"]
    secret = verify.add_key("token", good["public_key"], good["response"]["key"])
    for name in ("VALID", "INVALID", "SIGNATURE_MISMATCH"):
        body = json.dumps(vectors[name]["message"], separators=(",", ":")).encode()
        headers = {"x-ebay-signature": vectors[name]["signature"]}
        assert verify.verify(headers, body, secret) is (name == "VALID")


# ---- The question whether an address is ours ----


def test_the_question_is_answered_with_code_token_and_address_in_this_order():
    address = "https://shop.example/oms/hook/abc"
    wanted = hashlib.sha256(b"c0de" + b"a-token-of-at-least-thirty-two-letters" + address.encode()).hexdigest()
    for secret in (SECRET, "a-token-of-at-least-thirty-two-letters"):
        answer = PLATFORMS["ebay"].challenge({"challenge_code": "c0de"}, secret, address)
        assert answer == {"challengeResponse": wanted}


@pytest.mark.parametrize("query", [{}, {"challenge_code": ""}, {"other": "x"}, {"challenge_code": "x" * 5000}])
def test_what_is_no_question_gets_no_answer(query):
    assert verify.challenge(query, SECRET, "https://shop.example") is None


def test_without_a_token_there_is_no_answer():
    assert verify.challenge({"challenge_code": "c0de"}, "", "https://shop.example") is None


# ---- Events ----


def test_a_notification_about_an_order_is_a_hint():
    event = verify.read_event(webhook_headers(BODY), BODY)
    assert event == Event("hint", "notification:49feeaeb_33f7e043", "12-14407-79013")


def test_a_repetition_has_the_same_key():
    again = notification("ORDER_CONFIRMATION", {"orderId": "12-14407-79013"}, attempt=7)
    assert verify.read_event({}, again) == verify.read_event({}, BODY)


@pytest.mark.parametrize("data", [{}, {"orderId": 5}, {"orderId": "a b"}, None, [], {"order": {"orderId": "x" * 500}}])
def test_a_notification_that_names_no_order_is_ignored(data):
    assert verify.read_event({}, notification("ORDER_CONFIRMATION", data)).kind == "ignored"


def test_the_deletion_of_an_account_is_acknowledged_and_names_whom_to_forget():
    assert verify.read_event(webhook_headers(DELETION), DELETION).kind == "erasure"
    assert verify.deleted_account(DELETION) == {"username": "ginkgo_leaf7", "user_id": "ma8vp1jySJC"}
    assert verify.deleted_account(BODY) == {}
    for odd in (b"", b"[]", b"null", b'{"metadata": 5}', b'{"metadata": {"topic": []}, "notification": 1}'):
        assert verify.deleted_account(odd) == {}
        assert verify.read_event({}, odd).key


ORDERS = {path.stem: json.loads(path.read_bytes()) for path in payloads("ebay")}


def key(order):
    return verify.read_event({}, json.dumps(order).encode()).key


def test_an_order_read_alone_has_the_key_that_it_has_in_a_list():
    cancelled = ORDERS["cancelled"]
    listed = {**cancelled, "cancelStatus": {**cancelled["cancelStatus"], "cancelRequests": []}}
    assert key(listed) == key(cancelled)


def test_the_same_order_without_its_personal_data_is_the_same():
    order = ORDERS["de_vat_not_told"]
    gone = {**order, "buyer": {}, "fulfillmentStartInstructions": [{"fulfillmentInstructionsType": "SHIP_TO"}]}
    assert key(gone) == key(order)
    assert key({**order, "omsVatRates": {"DE": "19"}}) == key(order)


def test_a_decision_about_a_cancellation_is_another_state():
    asked = ORDERS["buyer_asks_to_cancel"]
    request = {**asked["cancelStatus"]["cancelRequests"][0], "cancelRequestState": "REJECTED"}
    assert key({**asked, "cancelStatus": {"cancelState": "IN_PROGRESS", "cancelRequests": [request]}}) != key(asked)
