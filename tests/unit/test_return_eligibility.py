"""RET-04: the same facts have the same answer, the first policy that fits gives it, and each refusal says what to do."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_returns.domain.eligibility import judge
from odoo.addons.oms_returns.domain.policy import OUTCOMES, Holiday, Limits, Policy, Scope, WorkingDays
from odoo.addons.oms_returns.domain.return_facts import Facts, History, LineFacts, OrderFacts

DELIVERED = datetime(2026, 3, 3, 15, 30)
ORDER = OrderFacts("S1", "S0001", channel_id=5, country_id=33, delivered_at=DELIVERED)
SHIRT = LineFacts(
    "shirt",
    "Shirt",
    ORDER,
    product_id=70,
    categories=frozenset({7, 1}),
    quantity=D(1),
    delivered=D(3),
    with_customer=D(3),
    invoiced=D(3),
    delivered_at=DELIVERED,
    price=D("40.00"),
)
POLICY = Policy(1, "Shop", windows={"refund": 14, "credit": 30}, is_automatic=True)


def on(day, month=3, hour=12):
    return datetime(2026, month, day, hour)


def asked(policy=POLICY, now=None, facts=None, **line):
    """The judgement of one line under one policy."""
    facts = replace(facts or Facts(), lines=(replace(SHIRT, **line),))
    return judge(facts, [policy], now or on(10)).lines[0]


def codes(line):
    return [problem.code for problem in line.refusals]


class TestWindows:
    @pytest.mark.parametrize(
        ("now", "outcome", "code"),
        [
            (on(17, hour=23), "refund", []),
            (on(18, hour=0), "refund", ["window"]),
            (on(18), "credit", []),
            (on(2, 4), "credit", []),
            (on(3, 4), "credit", ["window"]),
            (on(3), "exchange", ["outcome"]),
        ],
    )
    def test_each_outcome_has_its_last_day_and_that_day_counts(self, now, outcome, code):
        assert codes(asked(now=now, outcome=outcome)) == code

    def test_a_refusal_says_what_is_possible_instead(self):
        (problem,) = asked(now=on(18)).refusals
        assert problem.sentence == (
            "The last day for a refund of “Shirt” was 17 March 2026. Possible instead: store credit until 2 April 2026."
        )
        assert not problem.is_hard

    def test_when_nothing_is_possible_it_says_who_makes_exceptions(self):
        assert asked(now=on(3, 6)).refusals[0].sentence.endswith("Only customer service can make an exception.")

    def test_a_policy_may_count_from_the_last_parcel_of_the_order(self):
        order = replace(ORDER, delivered_at=on(20))
        assert codes(asked(now=on(30), order=order)) == ["window"]
        assert codes(asked(replace(POLICY, starts="order"), on(30), order=order)) == []

    def test_while_a_parcel_is_to_come_the_days_of_the_order_do_not_count(self):
        line = asked(replace(POLICY, starts="order"), on(30, 8), order=replace(ORDER, delivered_at=None))
        assert line.ok
        assert line.window_end is None

    def test_what_was_delivered_in_the_holidays_may_come_back_after_them(self):
        holiday = Holiday(date(2026, 3, 1), date(2026, 3, 10), date(2026, 5, 31))
        assert asked(replace(POLICY, holiday=holiday)).window_end == date(2026, 5, 31)
        late = replace(POLICY, holiday=replace(holiday, starts=date(2026, 3, 4)))
        assert asked(late).window_end == date(2026, 3, 17)

    def test_a_holiday_never_shortens_a_window(self):
        holiday = Holiday(date(2026, 3, 1), date(2026, 3, 10), date(2026, 3, 5))
        assert asked(replace(POLICY, holiday=holiday)).window_end == date(2026, 3, 17)

    @pytest.mark.parametrize(
        ("days", "last"),
        [
            (11, date(2026, 3, 16)),  # Saturday: the Monday after it
            (12, date(2026, 3, 16)),
            (13, date(2026, 3, 16)),
            (14, date(2026, 3, 18)),  # a holiday on Tuesday
            (15, date(2026, 3, 18)),
        ],
    )
    def test_a_last_day_on_which_nobody_works_becomes_the_next_working_day(self, days, last):
        policy = replace(POLICY, windows={"refund": days}, ends_on_working_day=True)
        closed = Facts(working_days=WorkingDays(holidays=frozenset({date(2026, 3, 17)})))
        assert asked(policy, on(10), closed).window_end == last
        assert asked(policy, on(last.day), closed).ok
        assert codes(asked(policy, on(last.day + 1), closed)) == ["window"]

    def test_where_nobody_ever_works_the_days_are_counted_as_they_are(self):
        policy = replace(POLICY, ends_on_working_day=True)
        assert asked(policy, facts=Facts(working_days=WorkingDays(frozenset()))).window_end == date(2026, 3, 17)


class TestWhichPolicy:
    def test_the_first_that_fits_wins_and_the_judgement_says_why(self):
        policies = [
            Policy(1, "Defects", Scope(reasons=frozenset({9})), windows={"refund": 730}),
            Policy(2, "Shirts of the shop", Scope(categories=frozenset({7}), channels=frozenset({5})), windows={}),
            POLICY,
        ]
        line = judge(Facts((SHIRT,)), policies, on(10)).lines[0]
        assert (line.policy_id, line.policy) == (2, "Shirts of the shop")
        assert line.why == "“Shirts of the shop” is the first policy that fits, by the channel and the product."
        assert line.passed == (("Defects", "the reason does not fit"),)
        assert judge(Facts((replace(SHIRT, reason_id=9),)), policies, on(10)).lines[0].policy_id == 1

    def test_policies_of_another_company_are_not_asked(self):
        foreign = replace(POLICY, id=2, is_final_sale=True, scope=Scope(company_id=2))
        line = judge(Facts((SHIRT,), company_id=1), [foreign, POLICY], on(10)).lines[0]
        assert (line.policy_id, line.passed) == (1, ())

    @pytest.mark.parametrize(
        ("scope", "fits"),
        [
            (Scope(countries=frozenset({33})), True),
            (Scope(countries=frozenset({49})), False),
            (Scope(products=frozenset({1}), categories=frozenset({1})), True),
            (Scope(products=frozenset({1}), categories=frozenset({2})), False),
            (Scope(tags=frozenset({4})), True),
            (Scope(segments=frozenset({"loyal"})), True),
            (Scope(segments=frozenset({"costly"})), False),
            (Scope(kinds=frozenset({"claim"})), False),
        ],
    )
    def test_it_is_asked_by_country_product_tag_segment_and_kind(self, scope, fits):
        facts = Facts(tags=frozenset({4, 5}), segment="loyal")
        assert (asked(replace(POLICY, scope=scope), facts=facts).policy_id == 1) is fits

    def test_where_none_fits_nothing_is_refused_and_a_person_decides(self):
        judgement = judge(Facts((SHIRT,)), [], on(1, 12))
        assert judgement.ok
        assert not judgement.is_automatic

    def test_lines_are_judged_each_by_its_own(self):
        final = Policy(2, "Final sale", Scope(products=frozenset({71})), is_final_sale=True)
        cap = replace(SHIRT, key="cap", name="Cap", product_id=71)
        judgement = judge(Facts((SHIRT, cap)), [final, POLICY], on(10))
        assert [line.ok for line in judgement.lines] == [True, False]
        assert [problem.code for problem in judgement.refusals] == ["final_sale"]
        assert not judgement.is_automatic

    def test_goods_that_nobody_knows_the_order_of_are_for_a_person(self):
        line = asked(order=None)
        assert line.ok
        assert not line.is_automatic


class TestQuantities:
    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ({"quantity": D(4)}, "too_many"),
            ({"quantity": D(0)}, "no_quantity"),
            ({"quantity": D(-1)}, "no_quantity"),
            ({"quantity": D(2), "requested": D(2)}, "too_many"),
            ({"requested": D(3)}, "requested"),
            ({"with_customer": D(0)}, "all_back"),
            ({"kept": D(3)}, "settled"),
            ({"credited": D(3)}, "credited"),
            ({"credited": D(2), "due": D(1)}, "credited"),
            ({"delivered": D(0), "with_customer": D(0)}, "not_delivered"),
            ({"delivered": D(0), "with_customer": D(0), "order": replace(ORDER, is_cancelled=True)}, "cancelled"),
            ({"is_goods": False}, "not_goods"),
        ],
    )
    def test_what_is_not_there_cannot_come_back_and_nobody_can_overrule_that(self, line, code):
        (problem,) = asked(**line).refusals
        assert problem.code == code
        assert problem.is_hard
        assert problem.sentence.endswith(".")

    def test_what_cannot_be_overruled_is_told_beside_what_can(self):
        assert codes(asked(now=on(18), quantity=D(4))) == ["window", "too_many"]

    def test_goods_that_were_never_invoiced_may_come_back(self):
        assert asked(invoiced=D(0), quantity=D(3)).ok

    def test_a_unit_that_was_cancelled_and_credited_takes_nothing_from_those_delivered(self):
        assert asked(invoiced=D(5), credited=D(2)).max_quantity == 3

    def test_what_was_credited_by_hand_is_not_paid_twice_but_may_be_repaired(self):
        policy = replace(POLICY, windows={"refund": 14, "repair": None})
        assert asked(policy, credited=D(3), outcome="repair").ok

    def test_a_product_that_is_sold_no_more_cannot_be_replaced(self):
        policy = replace(POLICY, windows={"refund": 14, "replacement": 14})
        assert codes(asked(policy, is_archived=True, outcome="replacement")) == ["archived"]
        assert asked(policy, is_archived=True).ok


class TestTerms:
    def test_a_fee_in_percent_or_for_each_unit(self):
        line = asked(replace(POLICY, fee_kind="percent", fee_value=D(10)))
        assert (line.fee_percent, line.fee_amount) == (D(10), D(0))
        line = asked(replace(POLICY, fee_kind="fixed", fee_value=D("3.50")))
        assert (line.fee_percent, line.fee_amount) == (D(0), D("3.50"))

    def test_a_fee_is_in_the_currency_of_the_order_and_never_above_the_price(self):
        policy = replace(POLICY, fee_kind="fixed", fee_value=D("3.50"))
        facts = Facts(currency="MYR", rate=D("4.737"))
        assert asked(policy, facts=facts).fee_amount == D("16.58")
        assert asked(policy, facts=facts, price=D(9)).fee_amount == D(9)

    def test_what_is_our_fault_costs_the_customer_nothing(self):
        policy = replace(
            POLICY, fee_kind="percent", fee_value=D(10), label_paid_by="customer", our_reasons=frozenset({9})
        )
        assert asked(policy).label_paid_by == "customer"
        line = asked(policy, reason_id=9)
        assert (line.fee_percent, line.label_paid_by) == (D(0), "merchant")

    def test_no_fee_is_kept_where_no_money_goes_back(self):
        policy = replace(POLICY, windows={"exchange": 14}, fee_kind="percent", fee_value=D(10))
        assert asked(policy, outcome="exchange").fee_percent == 0

    def test_for_a_claim_nothing_is_expected_back(self):
        line = asked(
            replace(POLICY, needs_inspection=True, fee_kind="percent", fee_value=D(10)), facts=Facts(kind="claim")
        )
        assert (line.expects_goods, line.needs_inspection, line.fee_percent) == (False, False, D(0))


class TestLimits:
    HISTORY = {30: History(returns=4, amount=D(300), orders=5, bought=D(500), returnless=1)}

    @pytest.mark.parametrize(
        ("limits", "code"),
        [
            (Limits(30, returns=4), "limit_returns"),
            (Limits(30, returns=5), None),
            (Limits(30, amount=D(339)), "limit_amount"),
            (Limits(30, amount=D(340)), None),
            (Limits(30, share=D(67)), "limit_share"),
            (Limits(30, share=D(68)), None),
        ],
    )
    def test_above_a_limit_a_person_decides_or_it_is_refused(self, limits, code):
        line = asked(replace(POLICY, limits=limits), facts=Facts(history=self.HISTORY))
        assert [problem.code for problem in line.notes] == ([code] if code else [])
        assert line.ok
        assert line.is_automatic is (code is None)
        line = asked(replace(POLICY, limits=replace(limits, refuses=True)), facts=Facts(history=self.HISTORY))
        assert codes(line) == ([code] if code else [])

    def test_a_share_of_a_first_order_says_nothing(self):
        history = {30: History(orders=1, bought=D(40))}
        assert asked(replace(POLICY, limits=Limits(30, share=D(50))), facts=Facts(history=history)).is_automatic


class TestReturnless:
    def test_goods_below_a_value_stay_without_fee_and_inspection(self):
        policy = replace(POLICY, returnless="below", returnless_value=D("40.01"), fee_kind="percent", fee_value=D(10))
        line = asked(policy)
        assert (line.expects_goods, line.fee_percent, line.needs_inspection) == (False, D(0), False)
        assert asked(policy, quantity=D(2)).expects_goods
        assert asked(replace(policy, returnless_value=D(40))).expects_goods
        assert asked(policy, facts=Facts(goods_come=True)).expects_goods, "they are here already"

    def test_what_is_exchanged_or_repaired_comes_back(self):
        policy = replace(POLICY, windows={"exchange": 14}, returnless="below", returnless_value=D(100))
        assert asked(policy, outcome="exchange").expects_goods

    def test_goods_stay_when_the_way_back_costs_more_than_they_bring(self):
        policy = replace(POLICY, returnless="cheaper")
        facts = Facts(label_cost=D(6), receipt_cost=D(1))
        line = asked(policy, facts=facts, recovery=D(7), handling=D("0.50"))
        assert not line.expects_goods
        assert [note.code for note in line.notes] == ["returnless"]
        assert line.is_automatic
        assert asked(policy, facts=facts, recovery=D(9), handling=D("0.50")).expects_goods

    def test_goods_do_not_stay_for_costs_that_nobody_knows(self):
        assert asked(replace(POLICY, returnless="cheaper"), recovery=D(1)).expects_goods

    def test_who_has_kept_goods_too_often_sends_them_back(self):
        policy = replace(POLICY, returnless="below", returnless_value=D(100), limits=Limits(30, returnless=1))
        assert asked(policy, facts=Facts(history=TestLimits.HISTORY)).expects_goods


DAYS = st.none() | st.integers(0, 60)
QUANTITIES = st.decimals(0, 9, places=1)
POLICIES = st.builds(
    Policy,
    id=st.integers(1, 9),
    name=st.sampled_from(["A", "B"]),
    scope=st.builds(
        Scope,
        products=st.frozensets(st.integers(70, 72), max_size=2),
        reasons=st.frozensets(st.integers(8, 9), max_size=1),
        kinds=st.frozensets(st.sampled_from(["return", "claim"]), max_size=1),
    ),
    windows=st.dictionaries(st.sampled_from(OUTCOMES), DAYS),
    starts=st.sampled_from(["line", "order"]),
    is_final_sale=st.booleans(),
    fee_kind=st.sampled_from(["none", "fixed", "percent"]),
    fee_value=st.decimals(-5, 300, places=2),
    our_reasons=st.frozensets(st.just(9)),
    returnless=st.sampled_from(["never", "cheaper", "below"]),
    returnless_value=st.decimals(0, 50, places=2),
)
LINES = st.lists(
    st.builds(
        LineFacts,
        key=st.integers(1, 99),
        name=st.just("Tea"),
        order=st.builds(
            OrderFacts,
            st.just(1),
            st.just("S1"),
            is_cancelled=st.booleans(),
            delivered_at=st.none() | st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 1)),
        ),
        product_id=st.integers(70, 73),
        reason_id=st.integers(7, 9),
        outcome=st.sampled_from(OUTCOMES),
        quantity=st.none() | QUANTITIES,
        delivered=QUANTITIES,
        with_customer=QUANTITIES,
        requested=QUANTITIES,
        kept=QUANTITIES,
        invoiced=QUANTITIES,
        credited=QUANTITIES,
        due=QUANTITIES,
        delivered_at=st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 1)),
        is_goods=st.booleans(),
        price=st.decimals(0, 50, places=2),
        handling=st.decimals(0, 3, places=2),
        recovery=st.none() | st.decimals(0, 50, places=2),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda line: line.key,
)
FACTS = st.builds(
    Facts,
    lines=LINES,
    kind=st.sampled_from(["return", "claim"]),
    label_cost=st.none() | st.decimals(0, 9, places=2),
    receipt_cost=st.decimals(0, 3, places=2),
)
NOW = st.datetimes(datetime(2026, 3, 1), datetime(2026, 8, 1))
SETS = st.lists(POLICIES, max_size=4)


class TestAlways:
    @given(FACTS, SETS, NOW, st.integers(0, 200))
    def test_what_is_refused_today_is_not_allowed_tomorrow(self, facts, policies, now, days):
        today, later = judge(facts, policies, now), judge(facts, policies, now + timedelta(days=days))
        for before, after in zip(today.lines, later.lines, strict=True):
            assert before.outcomes.keys() == set(OUTCOMES) - {"nothing"}
            for outcome in before.outcomes:
                assert before.outcomes[outcome].ok or not after.outcomes[outcome].ok

    @given(FACTS, SETS, NOW, st.randoms())
    def test_the_order_of_the_lines_changes_nothing(self, facts, policies, now, random):
        shuffled = random.sample(facts.lines, len(facts.lines))
        one, other = judge(facts, policies, now), judge(replace(facts, lines=shuffled), policies, now)
        assert {line.key: line for line in one.lines} == {line.key: line for line in other.lines}

    @given(FACTS, SETS, NOW)
    def test_never_more_comes_back_than_was_delivered_and_is_left(self, facts, policies, now):
        for line, judged in zip(facts.lines, judge(facts, policies, now).lines, strict=True):
            assert 0 <= judged.max_quantity <= line.delivered
            assert judged.max_quantity <= line.with_customer
            if judged.ok and line.quantity is not None:
                assert line.quantity <= judged.max_quantity

    @given(FACTS, SETS, NOW)
    def test_every_refusal_has_a_code_and_sentences_and_every_fee_leaves_something(self, facts, policies, now):
        for line, judged in zip(facts.lines, judge(facts, policies, now).lines, strict=True):
            for problem in (*judged.refusals, *judged.notes):
                assert problem.code
                assert problem.sentence.endswith(".")
            for verdict in judged.outcomes.values():
                assert verdict.ok or (verdict.code and verdict.sentence.endswith("."))
            assert 0 <= judged.fee_percent <= 100
            assert 0 <= judged.fee_amount <= max(line.price, 0)

    @given(FACTS, SETS, NOW)
    def test_equal_facts_have_equal_answers(self, facts, policies, now):
        assert judge(facts, policies, now) == judge(facts, policies, now)
