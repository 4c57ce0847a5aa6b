"""PAY-01: what is taken of an authorisation is what has left, never more than was authorised, and in the end all of it."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.capturing import (
    ZERO,
    Authorization,
    Goods,
    Situation,
    after,
    next_look,
    plan,
    worth,
)

CENT = Decimal("0.01")
NOW = datetime(2026, 3, 2, 12)


def euros(text):
    return Decimal(text)


def case(ordered, shipped, *authorizations, taken="0", **values):
    return Situation(euros(ordered), euros(shipped), euros(taken), authorizations, **values)


def test_a_parcel_is_worth_its_goods_and_its_share_of_the_shipping():
    lines = [Goods(euros("30"), Decimal(3), Decimal(1)), Goods(euros("10"), Decimal(1), Decimal(0))]
    assert worth(lines, euros("44.99"), CENT) == euros("11.25")


def test_the_last_parcel_has_the_rest_to_the_cent():
    parts = [worth([Goods(euros("10"), Decimal(3), Decimal(gone))], euros("14.99"), CENT) for gone in range(4)]
    assert parts == [0, euros("5.00"), euros("9.99"), euros("14.99")]


def test_goods_without_a_price_are_counted_by_pieces():
    lines = [Goods(ZERO, Decimal(1), Decimal(1)), Goods(ZERO, Decimal(3), Decimal(0))]
    assert worth(lines, euros("4.00"), CENT) == euros("1.00")


def test_an_order_without_goods_is_worth_all_of_it_at_once():
    assert worth([], euros("9.90"), CENT) == euros("9.90")


@pytest.mark.parametrize(
    "policy, taken", [("order", "60"), ("shipment", "20"), ("last", None), ("hand", None)], ids=str
)
def test_the_channel_says_when_money_is_taken(policy, taken):
    todo = plan(case("60", "20", Authorization("card", euros("60"))), policy, NOW)
    assert todo.captures == ((("card", euros(taken)),) if taken else ())


def test_what_was_paid_by_gift_card_is_not_taken_again():
    todo = plan(case("100", "50", Authorization("card", euros("80")), taken="20"), "shipment", NOW)
    assert todo.captures == (("card", euros("30")),)


def test_two_cards_are_used_in_the_order_in_which_they_end():
    soon = Authorization("soon", euros("10"), expires_at=NOW + timedelta(days=1))
    late = Authorization("late", euros("50"), expires_at=NOW + timedelta(days=5))
    todo = plan(case("60", "30", late, soon), "shipment", NOW)
    assert todo.captures == (("soon", euros("10")), ("late", euros("20")))


def test_what_was_added_to_an_order_is_charged_to_nobody():
    todo = plan(case("75", "75", Authorization("card", euros("60")), is_complete=True), "shipment", NOW)
    assert (todo.captures, todo.uncovered, todo.short) == ((("card", euros("60")),), euros("15"), euros("15"))


def test_what_is_missing_is_known_before_anything_leaves():
    todo = plan(case("75", "0", Authorization("card", euros("60"))), "shipment", NOW)
    assert (todo.captures, todo.short) == ((), euros("15"))


def test_of_an_authorisation_that_has_ended_nothing_is_taken():
    ended = Authorization("card", euros("60"), expires_at=NOW)
    todo = plan(case("60", "60", ended, is_complete=True), "shipment", NOW)
    assert (todo.captures, todo.voids, todo.uncovered) == ((), (), euros("60"))


def test_where_only_one_part_can_be_taken_it_is_all_that_is_ordered():
    once = Authorization("card", euros("70"), times="once")
    todo = plan(case("60", "20", once), "shipment", NOW)
    assert (todo.captures, todo.at_once) == ((("card", euros("60")),), ("card",))


def test_where_only_all_can_be_taken_no_more_is_taken_than_is_ordered():
    full = Authorization("card", euros("70"), times="full")
    todo = plan(case("60", "20", full), "shipment", NOW)
    assert (todo.captures, todo.too_much) == ((), (("card", euros("70"), euros("60")),))


def test_what_nobody_needs_is_given_free_when_all_has_left():
    card = Authorization("card", euros("60"), captured=euros("20"))
    todo = plan(case("50", "50", card, taken="20", is_complete=True), "shipment", NOW)
    assert (todo.captures, todo.voids) == ((("card", euros("30")),), (("card", euros("10")),))


@pytest.mark.parametrize("policy", ["order", "shipment", "last", "hand"])
def test_of_a_cancelled_order_all_is_given_free(policy):
    todo = plan(case("0", "0", Authorization("card", euros("60")), is_complete=True, is_cancelled=True), policy, NOW)
    assert (todo.captures, todo.voids) == ((), (("card", euros("60")),))


def test_by_hand_nothing_is_given_free_when_all_has_left():
    todo = plan(case("60", "60", Authorization("card", euros("60")), is_complete=True), "hand", NOW)
    assert (todo.captures, todo.voids) == ((), ())


def test_the_next_look_is_the_warning_and_then_the_end():
    card = Authorization("card", euros("60"), expires_at=NOW + timedelta(days=7))
    warn = timedelta(days=2)
    assert next_look([card], NOW, warn) == NOW + timedelta(days=5)
    assert next_look([card], NOW + timedelta(days=6), warn) == NOW + timedelta(days=7)
    assert next_look([card], NOW + timedelta(days=8), warn) is None


amounts = st.integers(0, 10**5).map(lambda cents: Decimal(cents) * CENT)
pieces = st.integers(1, 5)


@st.composite
def shops(draw):
    lines = [[draw(amounts), draw(pieces), 0] for _line in range(draw(st.integers(1, 4)))]
    beside = draw(amounts)
    total = sum((price for price, _ordered, _shipped in lines), ZERO) + beside
    first = draw(st.integers(0, 100))
    card = total * first // 100 * CENT / CENT
    covers = draw(st.sampled_from([ZERO, CENT, Decimal(7)]))
    times = draw(st.sampled_from(["many", "many", "once"]))
    return lines, beside, (Authorization(1, card), Authorization(2, total - card + covers, times=times))


steps = st.lists(
    st.tuples(st.sampled_from(["ship", "ship", "ship", "less", "more", "cancel"]), st.integers(0, 3), pieces),
    max_size=14,
)


@given(shops(), steps, st.sampled_from(["order", "shipment", "last"]))
def test_whatever_happens_no_more_is_taken_than_was_authorised_nor_than_is_ordered(shop, events, policy):
    """Parcels, cancellations and edits in any order: and what was shipped is what was taken, when all is shipped."""
    lines, beside, cards = shop
    authorized = sum((card.amount for card in cards), ZERO)
    money, cancelled, most, highest = Situation(ZERO, ZERO, ZERO, cards), False, ZERO, ZERO
    for what, index, count in [*events, *(("ship", index, 5) for index in range(len(lines)))]:
        line = lines[index % len(lines)]
        price = line[0] / line[1] if line[1] else ZERO
        if cancelled:
            break
        if what == "ship":
            line[2] = min(line[2] + count, line[1])
        elif what == "less" and line[1] - 1 >= max(line[2], 1):
            line[0], line[1] = (line[0] - price).quantize(CENT), line[1] - 1
        elif what == "more":
            line[0], line[1] = (line[0] + price).quantize(CENT), line[1] + 1
        elif what == "cancel":
            cancelled = not any(shipped for _price, _ordered, shipped in lines)
        goods = [Goods(price, Decimal(ordered), Decimal(shipped)) for price, ordered, shipped in lines]
        total = sum((price for price, _ordered, _shipped in lines), ZERO) + beside
        gone = worth(goods, total, CENT)
        complete = all(one.shipped >= one.ordered for one in goods)
        money = Situation(
            ZERO if cancelled else total,
            ZERO if cancelled else gone,
            money.taken,
            money.authorizations,
            complete or cancelled,
            cancelled,
        )
        todo = plan(money, policy, NOW)
        highest = max(highest, money.ordered)
        assert sum((amount for _id, amount in todo.captures), ZERO) <= max(money.ordered - money.taken, ZERO)
        assert all(amount > 0 for _id, amount in (*todo.captures, *todo.voids))
        money = after(money, todo)
        most = max(most, money.taken)
        assert all(one.captured + one.voided <= one.amount for one in money.authorizations)
        if policy == "shipment" and not todo.at_once and all(one.times == "many" for one in cards):
            assert money.taken >= min(gone, authorized) or money.taken + todo.uncovered >= gone or cancelled
    assert most <= min(authorized, highest)
    if cancelled or complete:
        assert not any(one.left for one in money.authorizations) or todo.uncovered
    if not cancelled:
        assert money.taken + todo.uncovered >= total
        if most <= total:
            assert money.taken == total - todo.uncovered


@given(st.lists(st.tuples(amounts, pieces), min_size=1, max_size=4), amounts, st.randoms(use_true_random=False))
def test_parcel_by_parcel_what_has_left_is_worth_more_and_at_last_everything(lines, beside, random):
    total = sum((price for price, _count in lines), ZERO) + beside
    units = [index for index, (_price, count) in enumerate(lines) for _piece in range(count)]
    random.shuffle(units)
    gone, before = [0] * len(lines), ZERO
    for index in units:
        gone[index] += 1
        goods = [Goods(price, Decimal(count), Decimal(left)) for (price, count), left in zip(lines, gone, strict=True)]
        value = worth(goods, total, CENT)
        assert before <= value <= total
        before = value
    assert before == total
