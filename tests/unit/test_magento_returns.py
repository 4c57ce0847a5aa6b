"""Returns of Adobe Commerce over real HTTP: read in pages with the words for their reasons, told once, saved as a whole."""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.adapter import Auth, Gone, Retry
from odoo.addons.oms_channels.domain.outgoing import ReturnItem, ReturnStep
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.magento import const
from odoo.addons.oms_channels.platforms.magento.client import Client
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.magento import MagentoServer

NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
CASES = {path.stem: json.loads(path.read_bytes()) for path in payloads("magento") if path.parent.name == "order"}
ORDER = CASES["two_rates_prices_with_tax"]
REF, LINE = str(ORDER["entity_id"]), str(ORDER["items"][0]["item_id"])
parse = PLATFORMS["magento"].parse


@pytest.fixture
def shop():
    with MagentoServer([ORDER], now=lambda: NOW) as server:
        yield server


@pytest.fixture
def client(shop):
    token = f"{shop.token}:{shop.token_secret}"
    return Client(
        f"{shop.url}", token, shop.key, shop.secret, timeout_s=5, now=lambda: NOW, sleep=lambda _seconds: None
    )


def read(client):
    found, cursor = [], ""
    while True:
        page = client.after_sale("returns", NOW - timedelta(days=1), cursor)
        found += page.orders
        if not page.cursor:
            return [parse("return_told", body) for body in found]
        cursor = page.cursor


def step(name, ref, quantity=1, note=""):
    return ReturnStep(f"return-1-{name}", REF, ref, name, (ReturnItem(LINE, Decimal(quantity)),), note)


def lose(shop, method):
    """The answer to the next such call is lost on its way, after it was carried out."""
    reply = shop.reply

    def lost(asked):
        answer = reply(asked)
        if asked.method == method:
            shop.reply = reply
            return Reply(200, b"{")
        return answer

    shop.reply = lost


def test_a_return_is_told_with_its_line_and_the_label_of_its_reason(shop, client):
    ref = shop.ask_back(REF, quantity=2)
    [found] = read(client)
    assert (found.order_ref, found.told.external_id, found.told.status) == (REF, ref, "requested")
    [line] = found.told.lines
    assert (line.line_id, line.quantity, line.reason) == (LINE, 2, "Wrong Size")


def test_all_pages_are_read_though_a_page_past_the_end_is_the_last_one_again(shop, client, monkeypatch):
    monkeypatch.setattr(const, "PER_PAGE", 2)
    refs = [shop.ask_back(REF) for _number in range(4)]
    assert [one.told.external_id for one in read(client)] == refs


@pytest.mark.parametrize(
    ("state", "returned", "status"),
    [
        ("pending", None, "requested"),
        ("authorized", None, "open"),
        ("received_on_item", 1, "open"),
        ("denied", None, "refused"),
        ("closed", None, "cancelled"),
        ("closed", 1, "closed"),
        ("processed_closed", 1, "closed"),
        ("the_shops_own", None, "requested"),
    ],
)
def test_how_a_return_stands(shop, client, state, returned, status):
    ref = shop.ask_back(REF, status=state)
    shop.returns[int(ref)]["items"][0]["qty_returned"] = returned
    assert [one.told.status for one in read(client)] == [status]


@pytest.mark.parametrize("fault", ["busy", "down", "truncated", "page"])
def test_what_goes_wrong_on_the_way_is_tried_again_and_nothing_is_lost(shop, client, fault):
    ref = shop.ask_back(REF)
    shop.fail_next(fault)
    with pytest.raises(Retry):
        client.after_sale("returns", NOW)
    assert [one.told.external_id for one in read(client)] == [ref]


@pytest.mark.parametrize(("name", "state"), [("approved", "authorized"), ("refused", "denied"), ("closed", "closed")])
def test_a_step_is_told_once_though_the_answer_was_lost(shop, client, name, state):
    ref = shop.ask_back(REF)
    lose(shop, "PUT")
    with pytest.raises(Retry):
        client.tell_return(step(name, ref, note="The seal is broken."))
    for _again in range(2):
        assert client.tell_return(step(name, ref, note="The seal is broken."), repeat=True).code == "ok"
    row = shop.returns[int(ref)]
    assert (row["status"], len(shop.return_saves)) == (state, 1)
    assert [one["comment"] for one in row["comments"]] == (["The seal is broken."] if name == "refused" else [])


def test_what_came_is_counted_over_all_parcels_and_rows(shop, client):
    ref = shop.ask_back(REF, quantity=1)
    row = shop.returns[int(ref)]
    row["items"].append({**row["items"][0], "entity_id": 9, "qty_requested": 2, "reason": "20"})
    client.tell_return(step("approved", ref))
    client.tell_return(step("received", ref, 1))
    assert (row["status"], [one["qty_returned"] for one in row["items"]]) == ("received_on_item", [1, None])
    client.tell_return(step("received", ref, 3))
    client.tell_return(step("received", ref, 3))
    assert (row["status"], [one["qty_returned"] for one in row["items"]]) == ("received", [1, 2])
    assert len(shop.return_saves) == 3


def test_what_the_shop_denied_is_not_expected_and_not_authorized_again(shop, client):
    ref = shop.ask_back(REF, quantity=1)
    row = shop.returns[int(ref)]
    row["items"].append({**row["items"][0], "entity_id": 9, "order_item_id": 1503, "status": "denied"})
    [found] = read(client)
    assert [line.line_id for line in found.told.lines] == [LINE]
    client.tell_return(step("approved", ref))
    assert [one["status"] for one in row["items"]] == ["authorized", "denied"]


def test_a_return_of_which_all_is_denied_is_refused_though_the_shop_calls_it_closed(shop, client):
    ref = shop.ask_back(REF, status="closed")
    shop.returns[int(ref)]["items"][0]["status"] = "denied"
    [found] = read(client)
    assert (found.told.status, [line.line_id for line in found.told.lines]) == ("refused", [LINE])


def test_open_source_has_none(shop, client):
    shop.returns = None
    with pytest.raises(Gone):
        client.after_sale("returns", NOW)


def test_keys_that_do_not_permit_it_are_said(shop, client):
    shop.denied.add("returns")
    with pytest.raises(Auth, match="Magento_Rma"):
        client.after_sale("returns", NOW)


def test_one_that_was_deleted_is_gone(shop, client):
    ref = shop.ask_back(REF)
    assert parse("return_told", client.told_return(ref)).told.external_id == ref
    del shop.returns[int(ref)]
    with pytest.raises(Gone):
        client.told_return(ref)
