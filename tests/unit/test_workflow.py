"""ORD-07, UX-02: which orders a rule is about."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain.workflow import CONDITIONS, Condition, OrderFacts, Rule, evaluate

NOW = datetime(2026, 3, 2, 12)


def rule(*conditions, **values):
    return Rule(**{"rule_id": 1, "name": "Rule", "event": "captured", "conditions": conditions, **values})


def matched(rules, *facts, now=NOW):
    return [(match.rule_id, match.order_id) for match in evaluate(rules, facts, now)]


YES_AND_NO = [
    (Condition("amount_min", amount=Decimal(500)), {"amount": Decimal(500)}, {"amount": Decimal("499.99")}),
    (Condition("amount_max", amount=Decimal(5)), {"amount": Decimal(5)}, {"amount": Decimal("5.01")}),
    (Condition("new_customer"), {"earlier_orders": 0}, {"earlier_orders": 1}),
    (
        Condition("other_country"),
        {"billing_country": 1, "shipping_country": 2},
        {"billing_country": 1, "shipping_country": 1},
    ),
    (Condition("country", ids=frozenset({3})), {"shipping_country": 3}, {"shipping_country": 4}),
    (Condition("zip", text="20, 971"), {"zip": "97 110"}, {"zip": "75001"}),
    (Condition("product", ids=frozenset({3})), {"product_ids": frozenset({3, 4})}, {"product_ids": frozenset({4})}),
    (Condition("category", ids=frozenset({3})), {"category_ids": frozenset({1, 3})}, {"category_ids": frozenset({1})}),
    (Condition("product_tag", ids=frozenset({3})), {"product_tag_ids": frozenset({3})}, {}),
    (Condition("quantity_min", count=10), {"quantity": Decimal(10)}, {"quantity": Decimal(9)}),
    (Condition("payment", text="cash"), {"payment_method": "Cash on delivery"}, {"payment_method": "card"}),
    (Condition("delivery_method", text="express"), {"delivery_method": "express"}, {"delivery_method": "ship"}),
    (Condition("carrier", ids=frozenset({3})), {"carrier_id": 3}, {"carrier_id": 0}),
    (Condition("customer_tag", ids=frozenset({3})), {"customer_tag_ids": frozenset({3})}, {}),
    (Condition("channel", ids=frozenset({3})), {"channel_id": 3}, {"channel_id": 4}),
    (Condition("risk", text="medium"), {"risk_level": "high"}, {"risk_level": "low"}),
    (Condition("address_problem"), {"address_problem": "No number."}, {}),
    (
        Condition("velocity", count=3, hours=2),
        {"ordered_at": NOW, "order_moments": (NOW, NOW - timedelta(hours=1), NOW - timedelta(hours=2))},
        {"ordered_at": NOW, "order_moments": (NOW, NOW - timedelta(hours=1), NOW - timedelta(hours=2, seconds=1))},
    ),
]


@pytest.mark.parametrize(("condition", "yes", "no"), YES_AND_NO, ids=lambda value: getattr(value, "kind", ""))
def test_each_kind_of_condition_holds_or_does_not(condition, yes, no):
    assert matched([rule(condition)], OrderFacts(1, **yes), OrderFacts(2, **no)) == [(1, 1)]
    turned = Condition(**{name: getattr(condition, name) for name in Condition.__slots__} | {"exclude": True})
    assert matched([rule(turned)], OrderFacts(1, **yes), OrderFacts(2, **no)) == [(1, 2)]


def test_every_kind_is_tested():
    assert {condition.kind for condition, _yes, _no in YES_AND_NO} == set(CONDITIONS)


def test_all_conditions_of_a_rule_have_to_hold():
    both = rule(Condition("new_customer"), Condition("amount_min", amount=Decimal(500)))
    assert matched(
        [both], OrderFacts(1, amount=Decimal(600)), OrderFacts(2, amount=Decimal(600), earlier_orders=1)
    ) == [(1, 1)]


def test_a_rule_tells_why_in_a_sentence():
    (match,) = evaluate([rule(Condition("new_customer"), name="First order")], [OrderFacts(1)], NOW)
    assert match.sentence == "First order: the customer is new."


def test_a_rule_that_stops_keeps_later_ones_from_the_same_order_only():
    first = rule(Condition("new_customer"), rule_id=1, stop_after=True)
    second = rule(rule_id=2)
    assert matched([first, second], OrderFacts(1), OrderFacts(2, earlier_orders=1)) == [(1, 1), (2, 2)]


def test_a_rule_is_active_on_its_first_and_on_its_last_day():
    season = rule(starts=date(2026, 3, 2), ends=date(2026, 3, 3))
    days = [datetime(2026, 3, day, 12) for day in (1, 2, 3, 4)]
    assert [bool(matched([season], OrderFacts(1), now=day)) for day in days] == [False, True, True, False]


def test_the_days_of_a_rule_are_those_of_its_company():
    season = rule(starts=date(2026, 3, 2), ends=date(2026, 3, 2), zone="Australia/Sydney")
    moments = [datetime(2026, 3, 1, 12), datetime(2026, 3, 1, 14), datetime(2026, 3, 2, 12), datetime(2026, 3, 2, 14)]
    assert [bool(matched([season], OrderFacts(1), now=now)) for now in moments] == [False, True, True, False]


def test_a_rule_of_a_channel_or_a_company_is_about_no_other():
    assert matched([rule(channel_ids=frozenset({5}))], OrderFacts(1, channel_id=5), OrderFacts(2, channel_id=6)) == [
        (1, 1)
    ]
    assert matched([rule(company_id=5)], OrderFacts(1, company_id=5), OrderFacts(2, company_id=6)) == [(1, 1)]


def test_a_rule_about_time_waits_until_it_is_over_and_counts_it():
    slow = rule(event="waiting", delay=timedelta(days=3))
    facts = [
        OrderFacts(1, since=NOW - timedelta(days=3), event_key="waiting"),
        OrderFacts(2, since=NOW - timedelta(days=3) + timedelta(seconds=1), event_key="waiting"),
        OrderFacts(3),
    ]
    (match,) = evaluate([slow], facts, NOW)
    assert (match.order_id, match.event_key, match.sentence) == (1, "waiting", "Rule: since 3 days.")
