"""The client over real HTTP, against a shop that keeps the contract."""

import io
import json
import logging
from datetime import datetime, timedelta, timezone

import pytest
import requests

from odoo.addons.oms_channels.domain.adapter import Auth, Reject, Request, Retry
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.rest import RESPONSE_MAX_BYTES, RETRY_AFTER_MAX_S
from odoo.addons.oms_channels.platforms.woocommerce import const
from odoo.addons.oms_channels.platforms.woocommerce.client import Client
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.woocommerce import WooCommerceServer

ORDER = json.loads(next(path for path in payloads("woocommerce") if path.stem == "two_vat_rates").read_bytes())
LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)
MODIFIED = datetime(2026, 11, 5, 9, tzinfo=timezone.utc)


def order(order_id, seconds=0, **values):
    moment = (MODIFIED + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return {**ORDER, "id": order_id, "number": str(order_id), "date_modified_gmt": moment, **values}


def ids(page):
    return [json.loads(body)["id"] for body in page.orders]


@pytest.fixture
def shop():
    with WooCommerceServer(orders=[order(1), order(2, 1), order(3, 2)]) as server:
        yield server


@pytest.fixture
def client(shop):
    return Client(shop.url, shop.key, shop.secret, timeout_s=5)


# ---- Orders ----


def test_orders_come_oldest_change_first(client):
    page = client.orders_since(LONG_AGO)
    assert (ids(page), page.cursor) == ([1, 2, 3], "")


def test_the_second_of_the_cursor_is_left_out_so_polls_must_overlap(client):
    assert ids(client.orders_since(MODIFIED)) == [2, 3]
    assert ids(client.orders_since(MODIFIED + timedelta(microseconds=900_000))) == [2, 3]
    assert ids(client.orders_since(MODIFIED - timedelta(seconds=1))) == [1, 2, 3]


def test_the_cursor_may_be_in_any_time_zone(client):
    assert ids(client.orders_since(MODIFIED.astimezone(timezone(timedelta(hours=9))))) == [2, 3]


def test_long_lists_come_in_pages(shop, client):
    shop.orders = {number: order(number, number) for number in range(1, 251)}
    pages = [client.orders_since(LONG_AGO, number) for number in ("", "2", "3", "4")]
    assert [len(page.orders) for page in pages] == [100, 100, 50, 0]
    assert [page.cursor for page in pages] == ["2", "3", "", ""]


def test_abandoned_and_binned_orders_do_not_come(shop, client):
    shop.orders[2]["status"], shop.orders[3]["status"] = "trash", "checkout-draft"
    assert ids(client.orders_since(LONG_AGO)) == [1]


def test_a_polled_order_is_the_event_and_the_document_of_its_webhook(client):
    adapter = PLATFORMS["woocommerce"]
    webhook = json.dumps(order(1)).encode()
    polled = client.orders_since(LONG_AGO).orders[0]
    assert adapter.read_event({}, polled) == adapter.read_event({"X-WC-Webhook-Topic": "order.created"}, webhook)
    assert adapter.parse("order", polled) == adapter.parse("order", webhook)


def test_one_order_can_be_fetched(client):
    assert json.loads(client.order("2"))["id"] == 2


def test_an_order_that_is_gone_is_rejected_with_its_code(client):
    with pytest.raises(Reject) as caught:
        client.order("99")
    assert caught.value.code == const.GONE_CODE


def test_more_than_a_hundred_a_page_is_refused_by_the_shop(client):
    with pytest.raises(Reject, match="Invalid parameter"):
        client.send(Request("GET", "orders", {"per_page": "101"}))


# ---- Credentials ----


def test_the_wrong_secret_is_an_error_of_credentials(shop):
    with pytest.raises(Auth):
        Client(shop.url, shop.key, "wrong").orders_since(LONG_AGO)


def test_the_wrong_key_is_an_error_of_credentials(shop):
    with pytest.raises(Auth):
        Client(shop.url, "wrong", shop.secret).orders_since(LONG_AGO)


def test_basic_auth_is_refused_over_plain_http(shop):
    answer = requests.get(f"{shop.url}/wp-json/wc/v3/orders", auth=(shop.key, shop.secret), timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (401, "woocommerce_rest_cannot_view")


def test_secrets_with_odd_letters_are_signed_right(shop):
    shop.key, shop.secret = "ck &+é", "cs%/=ü~"
    assert ids(Client(shop.url, shop.key, shop.secret).orders_since(LONG_AGO)) == [1, 2, 3]


class Recorder(requests.adapters.BaseAdapter):
    """Stands in for TLS: keeps what would have been sent, and answers with an empty list."""

    def send(self, request, **_options):
        self.sent = request
        response = requests.Response()
        response.status_code, response.raw = 200, io.BytesIO(b"[]")
        return response

    def close(self):
        pass


def test_over_tls_it_is_basic_auth_and_nothing_in_the_address():
    session, recorder = requests.Session(), Recorder()
    session.mount("https://", recorder)
    Client("https://shop.example/", "ck", "cs", session=session).orders_since(LONG_AGO)
    assert recorder.sent.headers["Authorization"] == "Basic Y2s6Y3M="
    assert recorder.sent.url.startswith("https://shop.example/wp-json/wc/v3/orders?per_page=100&page=1&")
    assert "oauth" not in recorder.sent.url


@pytest.mark.parametrize("address", ["shop.example", "ftp://shop.example", "", "https://"])
def test_an_address_that_is_none_is_rejected(address):
    with pytest.raises(Reject):
        Client(address, "ck", "cs")


def test_the_registry_connects_with_a_channels_columns(shop):
    values = {
        "api_url": shop.url + "/",
        "api_key": shop.key,
        "api_secret": shop.secret,
        "webhook_secret": "w",
        "x": "y",
    }
    assert ids(PLATFORMS["woocommerce"].connect(values, timeout_s=5).orders_since(LONG_AGO)) == [1, 2, 3]


# ---- When things go wrong ----


@pytest.mark.parametrize(
    ("retry_after", "delay_s"),
    [("7", 7), ("", None), ("soon", None), ("999999", RETRY_AFTER_MAX_S), ("Fri, 06 Nov 2020 09:00:00 GMT", 0)],
)
def test_a_busy_shop_says_when_to_come_back(shop, client, retry_after, delay_s):
    shop.fail_next("busy", retry_after=retry_after)
    with pytest.raises(Retry) as caught:
        client.orders_since(LONG_AGO)
    assert caught.value.delay_s == delay_s


def test_a_page_of_html_is_worth_another_try(shop, client):
    shop.fail_next("down", retry_after="60")
    with pytest.raises(Retry) as caught:
        client.orders_since(LONG_AGO)
    assert caught.value.delay_s == 60
    assert ids(client.orders_since(LONG_AGO)) == [1, 2, 3]


def test_half_an_answer_is_worth_another_try(shop, client):
    shop.fail_next("truncated")
    with pytest.raises(Retry):
        client.orders_since(LONG_AGO)


def test_a_slow_shop_is_not_waited_for(shop):
    shop.fail_next("slow", delay_s=1)
    with pytest.raises(Retry, match="has not answered within"):
        Client(shop.url, shop.key, shop.secret, timeout_s=0.1).orders_since(LONG_AGO)


def test_a_shop_that_is_off_is_worth_another_try():
    with WooCommerceServer() as server:
        address = server.url
    with pytest.raises(Retry, match="nothing answers"):
        Client(address, "ck", "cs").orders_since(LONG_AGO)


def test_a_redirect_is_told_and_not_followed(shop, client):
    shop.fail_next("redirect", location="https://new.example/wp-json/wc/v3/orders?oauth_signature=abc")
    with pytest.raises(Reject, match="moved to https://new.example") as caught:
        client.orders_since(LONG_AGO)
    assert "oauth" not in str(caught.value)
    assert len(shop.requests) == 1


def test_an_endless_answer_is_not_read_to_its_end(shop, client):
    shop.fail_next("huge", size=RESPONSE_MAX_BYTES + 1)
    with pytest.raises(Reject, match="larger than 16 MiB"):
        client.orders_since(LONG_AGO)


@pytest.mark.parametrize("fault", ["busy", "down", "truncated", "slow", "redirect"])
def test_no_secret_and_no_signature_reaches_a_message_or_a_log(shop, caplog, fault):
    shop.fail_next(fault, **({"location": "https://x.example"} if fault == "redirect" else {}))
    client = Client(shop.url, "ck_private", "cs_private", timeout_s=0.1)
    with caplog.at_level(logging.DEBUG, logger="odoo.addons.oms_channels"):
        with pytest.raises((Retry, Reject, Auth)) as caught:
            client.orders_since(LONG_AGO)
    told = f"{caught.value} {caught.value.__cause__} {caplog.text}"
    assert "private" not in told
    assert "oauth" not in told
