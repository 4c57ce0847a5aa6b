"""For which orders a policy is."""

from decimal import Decimal as D

import pytest

from odoo.addons.oms_routing.domain.scope import OrderFacts, Scope, fitting

ORDER = OrderFacts(1, 10, "express", 33, frozenset({5, 6}), "loyal", D(100), frozenset({70, 71}))


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({}, True),
        ({"channel_ids": frozenset({10, 11})}, True),
        ({"channel_ids": frozenset({11})}, False),
        ({"delivery_method": "express"}, True),
        ({"delivery_method": "ship"}, False),
        ({"country_ids": frozenset({33})}, True),
        ({"country_ids": frozenset({49})}, False),
        ({"tag_ids": frozenset({6, 7})}, True),
        ({"tag_ids": frozenset({7})}, False),
        ({"segment": "loyal"}, True),
        ({"segment": "new"}, False),
        ({"value_min": D(100)}, True),
        ({"value_min": D("100.01")}, False),
        ({"value_max": D(100)}, True),
        ({"value_max": D("99.99")}, False),
        ({"excluded_product_ids": frozenset({72})}, True),
        ({"excluded_product_ids": frozenset({71})}, False),
        ({"delivery_method": "express", "segment": "new"}, False),
    ],
)
def test_an_order_fits_when_every_condition_holds(condition, fits):
    assert Scope(1, **condition).fits(ORDER) is fits


def test_the_policy_of_another_company_never_fits():
    assert not Scope(2).fits(ORDER)


def test_policies_are_asked_in_their_sequence():
    assert fitting([(3, Scope(1)), (1, Scope(2)), (2, Scope(1, segment="loyal"))], ORDER) == [3, 2]


def test_only_what_some_condition_asks_has_to_be_read():
    assert Scope(1).asks() == frozenset()
    assert Scope(1, value_max=D(5), tag_ids=frozenset({1})).asks() == {"value", "tag_ids"}
