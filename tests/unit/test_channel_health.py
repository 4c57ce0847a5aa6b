"""CAP-05: from counts and times to what is not well. CAP-02: what the test of a connection tells."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from odoo.addons.oms_channels.domain import connecting
from odoo.addons.oms_channels.domain.adapter import Auth, Reject, Retry
from odoo.addons.oms_channels.domain.health import Facts, Limits, causes, level
from odoo.addons.oms_channels.domain.outgoing import Location, Shop
from odoo.addons.oms_channels.platforms import PLATFORMS

NOW = datetime(2026, 11, 5, 12)
WELL = Facts(
    now=NOW,
    is_asked=True,
    has_webhooks=True,
    since=NOW - timedelta(days=9),
    polled_at=NOW,
    webhooks_day=9,
    finished_day=99,
)


def found(**values):
    return causes(replace(WELL, **values), Limits())


def test_a_channel_is_well_when_nothing_is_wrong():
    assert found() == ()
    assert level(found()) == "ok"


@pytest.mark.parametrize(
    ("values", "code", "grave"),
    [
        ({"down_since": NOW - timedelta(minutes=5), "connection_error": "x"}, "down", "warning"),
        ({"down_since": NOW - timedelta(hours=3), "connection_error": "x"}, "down", "error"),
        ({"poll_error": "wrong keys"}, "poll", "error"),
        ({"polled_at": NOW - timedelta(hours=3)}, "silent", "error"),
        ({"polled_at": None}, "silent", "error"),
        ({"keys": "unreadable"}, "unreadable", "error"),
        ({"keys": "plain"}, "plain", "warning"),
        ({"keys_end_at": NOW + timedelta(days=3)}, "keys_end", "warning"),
        ({"keys_end_at": NOW - timedelta(days=3)}, "keys_end", "error"),
        ({"dead": 1}, "dead", "warning"),
        ({"quarantine": 1}, "quarantine", "warning"),
        ({"failed_day": 3}, "failed", "error"),
        ({"waiting_in": 201, "oldest_at": NOW}, "backlog", "warning"),
        ({"waiting_out": 1, "oldest_at": NOW - timedelta(hours=3)}, "backlog", "warning"),
        ({"lag_p95_min": 16}, "lag", "warning"),
        ({"webhooks_day": 0, "polled_day": 3}, "webhooks", "warning"),
        ({"audit_error": "x"}, "comparison", "warning"),
        ({"audit_found": 2}, "found", "warning"),
        ({"rate_available": 1, "rate_limit": 100}, "rate", "warning"),
        ({"warning": "The version ends."}, "version", "warning"),
    ],
)
def test_each_thing_that_is_wrong_is_one_cause(values, code, grave):
    [cause] = found(**values)
    assert (cause.code, cause.level) == (code, grave)


@pytest.mark.parametrize(
    "values",
    [
        {"is_asked": False, "polled_at": None},
        {"failed_day": 1},
        {"failed_day": 5, "finished_day": 9},
        {"waiting_in": 200, "oldest_at": NOW},
        {"lag_p95_min": 15},
        {"has_webhooks": False, "webhooks_day": 0, "polled_day": 50},
        {"webhooks_day": 0, "polled_day": 2},
        {"rate_available": 6, "rate_limit": 100},
        {"keys_end_at": NOW + timedelta(days=15)},
        {"polled_at": None, "since": NOW},
    ],
)
def test_what_is_within_its_limits_is_no_cause(values):
    assert found(**values) == ()


def test_the_worst_comes_first():
    both = found(dead=1, poll_error="wrong keys")
    assert [cause.code for cause in both] == ["poll", "dead"]
    assert level(both) == "error"


# ---- What a test of a connection tells ----

SHOPIFY = PLATFORMS["shopify"]
SHOP = Shop("Kestrel", "EUR", "DE", locations=(Location("1", "Berlin"), Location("2", "Old", active=False)))


def texts(findings, sign):
    return [finding.text for finding in findings if finding.level == sign]


def test_a_shop_that_is_in_order_is_told_by_name():
    told = connecting.of_shop(SHOP, "kestrel.example", {"EUR"}, SHOPIFY)
    assert not texts(told, "error")
    assert "Kestrel" in told[0].text
    assert any("Berlin" in text and "Old" not in text for text in texts(told, "ok"))


def test_each_permission_that_lacks_is_a_line_with_where_to_give_it():
    told = connecting.of_shop(replace(SHOP, missing=("read_orders", "write_orders")), "x", {"EUR"}, SHOPIFY)
    errors = [finding for finding in told if finding.level == "error"]
    assert len(errors) == 2
    assert all("Scopes" in finding.todo for finding in errors)


@pytest.mark.parametrize("code", sorted(PLATFORMS))
@pytest.mark.parametrize("error", [Auth("no"), Reject("no"), Retry("no"), Retry("a page instead of data")])
def test_each_error_is_a_finding_and_those_without_a_next_step_get_one(code, error):
    [finding] = connecting.of_error(error, PLATFORMS[code])
    assert finding.level == "error"
    assert finding.text
    assert finding.todo or isinstance(error, Reject)
    assert not connecting.works([finding])


@pytest.mark.parametrize(("ahead_s", "words"), [(600, "10 minutes behind"), (-600, "10 minutes ahead of")])
def test_a_clock_that_is_wrong_says_which_way(ahead_s, words):
    [finding] = connecting.of_clock(ahead_s)
    assert (finding.level, words in finding.text) == ("error", True)
    assert connecting.of_clock(100)[0].level == "ok"
    assert connecting.of_clock(None) == ()


@pytest.mark.parametrize(
    ("address", "expected"),
    [("https://oms.example.com", "ok"), ("http://oms.example.com", "warning"), ("http://localhost:8069", "warning")],
)
def test_an_address_that_no_shop_can_reach_is_told(address, expected):
    assert connecting.of_address(address, SHOPIFY.capabilities)[0].level == expected
