"""RET-04: policies that contradict themselves or are never asked are found before a customer finds them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest

from odoo.addons.oms_returns.domain.policy import Holiday, Limits, Policy, Scope
from odoo.addons.oms_returns.domain.policy_check import Known, check

FRANCE, MALAYSIA, DEFECT, MIND = 33, 60, 9, 1
KNOWN = Known(date(2026, 3, 1), statutory=frozenset({FRANCE}), at_fault=frozenset({DEFECT}))
ALL = Policy(1, "All", windows={"refund": 30})


def found(*policies, known=KNOWN):
    return [finding.code for finding in check(policies, known)]


def test_one_sensible_policy_for_everything_has_no_findings():
    assert found(ALL) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"windows": {"nothing": None}, "scope": Scope(countries=frozenset({MALAYSIA}))}, "refuses_all"),
        (
            {"fee_kind": "percent", "fee_value": D(100), "scope": Scope(countries=frozenset({MALAYSIA}))},
            "fee_takes_all",
        ),
        ({"fee_kind": "percent", "fee_value": D(10)}, "statutory_fee"),
        ({"returnless": "below"}, "returnless_never"),
        ({"returnless": "cheaper", "is_automatic": True}, "returnless_unlimited"),
        ({"holiday": Holiday(date(2025, 11, 1), date(2025, 12, 24), date(2026, 1, 31))}, "holiday_over"),
        ({"holiday": Holiday(date(2026, 11, 1), date(2026, 12, 24), date(2026, 11, 20))}, "holiday_no_effect"),
        ({"windows": {"refund": 10}}, "statutory"),
        ({"windows": {"exchange": 30}}, "statutory"),
        (
            {
                "windows": {"exchange": 30},
                "fee_kind": "fixed",
                "fee_value": D(3),
                "scope": Scope(countries=frozenset({MALAYSIA})),
            },
            "fee_without_money",
        ),
        ({"is_final_sale": True}, "final_sale_faults"),
    ],
)
def test_what_a_policy_says_against_itself_or_the_law_is_told(changes, code):
    assert [one for one in found(replace(ALL, **changes)) if one != "unmatched"] == [code]


def test_each_sentence_names_the_policy_and_what_to_do():
    (finding,) = check([replace(ALL, windows={"refund": 10})], KNOWN)
    assert finding.id == 1
    assert finding.sentence.startswith("All: it has 10 days for a refund; in the European Union")


def test_fourteen_days_are_for_withdrawal_and_not_for_claims_or_defects():
    assert found(replace(ALL, windows={"refund": 14})) == []
    assert found(replace(ALL, windows={"refund": 7}, scope=Scope(reasons=frozenset({DEFECT}))), ALL) == []
    assert found(replace(ALL, windows={"refund": 7}, scope=Scope(kinds=frozenset({"claim"}))), ALL) == []
    assert found(replace(ALL, windows={"refund": 7}), known=replace(KNOWN, sells_to=frozenset({MALAYSIA}))) == []


def test_a_policy_behind_one_for_the_same_is_never_asked():
    narrow = replace(ALL, id=2, name="Shirts", scope=Scope(categories=frozenset({7})))
    assert found(ALL, narrow) == ["shadowed"]
    assert found(narrow, ALL) == []


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        (Scope(categories=frozenset({7})), Scope(products=frozenset({70})), False),
        (Scope(categories=frozenset({7, 8})), Scope(categories=frozenset({7})), True),
        (Scope(products=frozenset({70}), categories=frozenset({7})), Scope(products=frozenset({70})), True),
        (Scope(company_id=1), Scope(), False),
        (Scope(), Scope(company_id=1), True),
        (Scope(reasons=frozenset({1})), Scope(reasons=frozenset({1, 2})), False),
    ],
)
def test_a_scope_covers_another_when_all_of_that_fits_it(wide, narrow, covered):
    assert wide.covers(narrow) is covered


def test_a_final_sale_behind_a_policy_for_defects_is_fine():
    defects = replace(ALL, id=2, name="Defects", scope=Scope(reasons=frozenset({DEFECT})))
    final = replace(ALL, id=3, name="Sale", is_final_sale=True, scope=Scope(products=frozenset({70})))
    assert found(defects, final, ALL) == []
    assert found(final, defects, ALL) == ["final_sale_faults"]
    assert found(replace(final, scope=Scope(reasons=frozenset({MIND}))), defects, ALL) == []


def test_without_a_policy_for_everything_somebody_is_told():
    narrow = replace(ALL, scope=Scope(categories=frozenset({7})))
    assert found(narrow) == ["unmatched"]


def test_a_limit_on_kept_goods_settles_the_warning():
    policy = replace(ALL, returnless="cheaper", is_automatic=True, limits=Limits(returnless=2))
    assert found(policy) == []
