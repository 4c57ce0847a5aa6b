"""CUS-07, SHP-10: who is told, and what counts as the same occasion."""

from datetime import datetime, timedelta

import pytest

from odoo.addons.oms_core.domain.notifications import Occasion, is_relay, occasion_key, split_domains, why_not

WEEK = timedelta(days=7)
RELAYS = ("relay.example",)


@pytest.mark.parametrize(
    ("occasion", "method", "expected"),
    [
        (Occasion("shipped", email="zoe@example.com"), "mail", ""),
        (Occasion("shipped", email="zoe@example.com", owns_contact=True), "mail", "marketplace"),
        (Occasion("shipped", email="x1@eu.relay.example"), "mail", "relay"),
        (Occasion("shipped"), "mail", "no_email"),
        (Occasion("shipped", phone="+331"), "mail", "no_email"),
        (Occasion("shipped", email="zoe@example.com"), "sms", "no_phone"),
        (Occasion("shipped"), "both", "no_address"),
        (Occasion("shipped", phone="+331"), "both", ""),
        (Occasion("cancelled", email="zoe@example.com", by_customer=True), "mail", "told"),
        (Occasion("shipped", email="zoe@example.com", by_customer=True), "mail", ""),
        (Occasion("cancelled", email="zoe@example.com"), "mail", ""),
        (Occasion("received", email="zoe@example.com", age=timedelta(days=8)), "mail", "old"),
        (Occasion("received", email="zoe@example.com", age=timedelta(days=6)), "mail", ""),
        (Occasion("shipped", email="zoe@example.com", age=timedelta(days=80)), "mail", ""),
    ],
)
def test_a_customer_is_told_unless_there_is_a_reason(occasion, method, expected):
    assert why_not(occasion, method, RELAYS, WEEK) == expected


def test_a_domain_that_only_ends_alike_is_no_relay():
    assert not is_relay("zoe@myrelay.example", RELAYS)
    assert is_relay("Zoe@Relay.Example ", RELAYS)
    assert not is_relay("", RELAYS)
    assert not is_relay("zoe@example.com", ("", "@"))


def test_domains_may_be_typed_in_any_way():
    assert split_domains("a.example, b.example;c.example\nd.example") == [
        "a.example",
        "b.example",
        "c.example",
        "d.example",
    ]
    assert split_domains(None) == []


def test_the_same_occasion_has_the_same_key():
    assert occasion_key("picking", 12) == occasion_key("picking", 12) != occasion_key("picking", 13)
    assert occasion_key(datetime(2026, 3, 2, 10)) == "2026-03-02T10:00:00"
    assert len(occasion_key("x" * 1000)) == 64
