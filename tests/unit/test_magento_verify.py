"""What a polled order is about, and that nobody else is believed."""

import json
from copy import deepcopy

import pytest

from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.magento import access, verify
from odoo.addons.oms_channels.tests.contract import payloads

ORDER = json.loads(next(path for path in payloads("magento") if path.stem == "four_credit_memos").read_bytes())


def key(payload):
    return verify.read_event({}, json.dumps(payload).encode()).key


def test_nothing_that_arrives_is_believed():
    body = json.dumps(ORDER).encode()
    for secret in ("", "secret"):
        assert not verify.verify({"X-Signature": "x"}, body, secret)


def test_a_key_names_the_order_and_its_change():
    assert key(ORDER).startswith("order:113:2026-11-05T09:00:00:")


def test_two_changes_within_a_second_are_two_events():
    changed = deepcopy(ORDER)
    changed["status"] = "packed"
    assert key(changed) != key(ORDER)


def test_an_invoice_that_comes_to_be_beside_an_order_is_a_change_of_it():
    assert key({**ORDER, "_invoices": []}) != key(ORDER)


@pytest.mark.parametrize("odd", ["1; DROP", "", None, -1, 1.5, {}])
def test_an_order_without_a_number_is_known_by_its_bytes(odd):
    assert key({**ORDER, "entity_id": odd}).startswith("raw:")


def test_no_platform_that_only_polls_offers_webhooks():
    adapter = PLATFORMS["magento"]
    assert (adapter.capabilities.webhooks, adapter.capabilities.subscribe, adapter.capabilities.poll) == (
        False,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("address", "site", "root"),
    [
        ("https://shop.example", "", "https://shop.example/rest/all/V1/"),
        ("https://shop.example/", "de", "https://shop.example/rest/de/V1/"),
        ("https://shop.example/magento", "", "https://shop.example/magento/rest/all/V1/"),
        ("https://na1.api.commerce.adobe.com/Ten4nt", "de", "https://na1.api.commerce.adobe.com/Ten4nt/V1/"),
        ("https://na1.api.commerce.adobe.com/Ten4nt/V1/", "", "https://na1.api.commerce.adobe.com/Ten4nt/V1/"),
    ],
)
def test_the_address_of_the_api_is_made_of_the_shops(address, site, root):
    assert access.root(address, site) == root
