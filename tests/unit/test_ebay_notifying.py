"""eBay is told where to send its notifications, over real HTTP: it asks the address back before it agrees."""

from urllib.parse import urlsplit

import pytest

from odoo.addons.oms_channels.domain.adapter import Auth, Reject
from odoo.addons.oms_channels.platforms.ebay import const, verify
from odoo.addons.oms_channels.platforms.ebay.client import Client
from odoo.addons.oms_channels.tests.servers.base import PlatformServer, Reply
from odoo.addons.oms_channels.tests.servers.ebay import EbayServer

TOKEN = "a-token-of-at-least-thirty-two-letters"


class OurAddress(PlatformServer):
    """Answers challenges as the route does."""

    def handle(self, asked):
        answer = verify.challenge(asked.params, TOKEN, f"{self.url}{asked.path}")
        return Reply(200, dict(answer)) if answer else Reply(404, {})


@pytest.fixture
def ebay():
    with EbayServer() as server:
        yield server


@pytest.fixture
def ours():
    with OurAddress() as server:
        yield server


def connect(ebay):
    client_id, secret, token, marketplace = ebay.credentials
    return Client(ebay.url, client_id, secret, token, marketplace, timeout_s=5)


def test_our_address_is_told_once_and_all_topics_go_there(ebay, ours):
    ebay.notifications.destinations["theirs"] = {
        "status": "ENABLED",
        "deliveryConfig": {"endpoint": "https://other.example/x"},
    }
    address = f"{ours.url}/oms/hook/t1"
    assert connect(ebay).subscribe(address, TOKEN) == const.TOPICS
    before = (dict(ebay.notifications.destinations), dict(ebay.notifications.subscriptions))
    assert {row["topicId"] for row in before[1].values()} == set(const.TOPICS)
    asked = len(ours.asked)
    connect(ebay).subscribe(address, TOKEN)
    assert (ebay.notifications.destinations, ebay.notifications.subscriptions) == before
    assert len(ours.asked) == asked


def test_an_old_host_is_led_here_and_what_was_switched_off_is_on_again(ebay, ours):
    address = f"{ours.url}/oms/hook/t1"
    connect(ebay).subscribe(address, TOKEN)
    [(key, row)] = ebay.notifications.destinations.items()
    row["deliveryConfig"]["endpoint"] = "https://old.example" + urlsplit(address).path
    for subscription in ebay.notifications.subscriptions.values():
        subscription["status"] = "DISABLED"
    connect(ebay).subscribe(address, TOKEN)
    assert ebay.notifications.destinations[key]["deliveryConfig"]["endpoint"] == address
    assert {one["status"] for one in ebay.notifications.subscriptions.values()} == {"ENABLED"}
    assert len(ebay.notifications.subscriptions) == len(const.TOPICS)


def test_a_token_that_differs_is_no_address_of_ours(ebay, ours):
    with pytest.raises(Reject, match="Challenge verification failed"):
        connect(ebay).subscribe(f"{ours.url}/oms/hook/t1", TOKEN + "x")
    with pytest.raises(Reject, match="verification token"):
        connect(ebay).subscribe(f"{ours.url}/oms/hook/t1", "short")


def test_what_is_to_be_done_first_is_said(ebay, ours):
    ebay.notifications.alert_email = ""
    with pytest.raises(Reject, match="alerts"):
        connect(ebay).subscribe(f"{ours.url}/oms/hook/t1", TOKEN)
    ebay.notifications.alert_email = "a@b.example"
    ebay.scopes = {"fulfillment", "inventory"}
    with pytest.raises(Auth):
        connect(ebay).subscribe(f"{ours.url}/oms/hook/t1", TOKEN)
