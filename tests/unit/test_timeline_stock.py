"""The stock as it was at each moment, and as another policy would have left it."""

from collections import defaultdict
from decimal import Decimal
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.ledger import Event, replay
from odoo.addons.oms_routing.domain.timeline_stock import Change, Timeline

NODES = ("lyon", "lille")
PRODUCTS = ("mug", "pot")


def change(position, node, units, order=None, product="mug"):
    return Change(position, node, product, Decimal(units), order)


def test_a_moment_sees_what_happened_until_then_and_nothing_of_later():
    stock = Timeline([change(1, "lyon", 5), change(3, "lyon", -2, "S1"), change(7, "lyon", 4)])
    seen = []
    for moment in (0, 2, 3, 6, 7):
        stock.advance(moment)
        seen.append(int(stock.free("lyon", "mug")))
    assert seen == [0, 5, 3, 3, 7]


def test_an_order_does_not_stand_in_its_own_way():
    stock = Timeline([change(1, "lyon", 5), change(2, "lyon", -3, "S1"), change(3, "lyon", -1, "S2")])
    stock.advance(3)
    assert stock.free("lyon", "mug", without="S1") == 4


def test_what_is_owed_is_no_stock():
    stock = Timeline([change(1, "lyon", 1), change(2, "lyon", -3, "S1")])
    stock.advance(2)
    assert stock.available(NODES, PRODUCTS) == {}


def test_a_kit_is_as_many_as_its_scarcest_part_allows():
    stock = Timeline(
        [change(1, "lyon", 9), change(2, "lyon", 3, product="pot")],
        components={"set": (("mug", Decimal(2)), ("pot", Decimal(1)))},
    )
    stock.advance(2)
    assert stock.free("lyon", "set") == 3
    stock.replace("S1")
    stock.take("S1", "lyon", "set", Decimal(2))
    assert (stock.free("lyon", "set"), stock.free("lyon", "mug"), stock.free("lyon", "pot")) == (1, 5, 1)


def test_an_order_shipped_from_elsewhere_leaves_its_real_shelf_full_for_the_next():
    stock = Timeline([change(1, "lyon", 5), change(1, "lille", 5), change(4, "lyon", -5, "S1"), change(9, "lyon", 1)])
    stock.advance(3)
    stock.replace("S1")
    stock.take("S1", "lille", "mug", Decimal(5))
    stock.advance(9)
    assert (stock.free("lyon", "mug"), stock.free("lille", "mug")) == (6, 0)


def test_what_the_customer_cancels_later_comes_back_where_it_would_have_been_taken():
    stock = Timeline(
        [change(1, "lyon", 5), change(1, "lille", 5), change(4, "lyon", -5, "S1"), change(8, "lyon", 2, "S1")]
    )
    stock.advance(3)
    stock.replace("S1")
    stock.take("S1", "lille", "mug", Decimal(3))
    stock.take("S1", "lyon", "mug", Decimal(2))
    stock.advance(7)
    assert (stock.free("lyon", "mug"), stock.free("lille", "mug")) == (3, 2)
    stock.advance(8)
    assert (stock.free("lyon", "mug"), stock.free("lille", "mug")) == (5, 2)


def test_a_delivery_that_moved_to_another_site_in_truth_gives_nothing_back():
    stock = Timeline(
        [change(1, "lyon", 5), change(2, "lyon", -5, "S1"), change(5, "lyon", 5, "S1"), change(6, "lille", -5, "S1")]
    )
    stock.advance(1)
    stock.replace("S1")
    stock.take("S1", "lyon", "mug", Decimal(5))
    for moment in (5, 6):  # even where somebody looks between the two
        stock.advance(moment)
    assert (stock.free("lyon", "mug"), stock.free("lille", "mug")) == (0, 0)


def test_who_cancels_what_never_left_here_gives_nothing_back():
    """Five were really asked for and two called off; here only three were ever taken."""
    stock = Timeline([change(1, "lyon", 9), change(4, "lyon", -5, "S1"), change(8, "lyon", 2, "S1")])
    stock.advance(3)
    stock.replace("S1")
    stock.take("S1", "lyon", "mug", Decimal(3))
    stock.advance(8)
    assert stock.free("lyon", "mug") == 6


def test_what_a_site_refuses_is_free_there_again():
    stock = Timeline([change(1, "lyon", 5)])
    stock.advance(1)
    stock.replace("S1")
    stock.take("S1", "lyon", "mug", Decimal(4))
    stock.untake("S1", "lyon", "mug", Decimal(3))
    assert stock.free("lyon", "mug") == 4
    with pytest.raises(ValueError, match="more of mug given up"):
        stock.untake("S1", "lyon", "mug", Decimal(3))


def test_it_does_not_walk_back():
    stock = Timeline([change(1, "lyon", 5)])
    stock.advance(4)
    with pytest.raises(ValueError, match="does not go back"):
        stock.advance(3)
    with pytest.raises(ValueError, match="sort them first"):
        Timeline([change(2, "lyon", 5), change(1, "lyon", 5)]).advance(9)


# --- for every history -------------------------------------------------------------------------------------------------

histories = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(NODES),
        st.sampled_from(PRODUCTS),
        st.integers(-4, 6),
        st.sampled_from([None, None, "S1", "S2", "S3"]),
    ),
    max_size=30,
)


def changes_of(history):
    position, changes = 1, []
    for step, node, product, units, order in history:
        position += step
        changes.append(Change(position, node, product, Decimal(units), order))
    return changes


@given(history=histories, moments=st.lists(st.integers(0, 60), max_size=8).map(sorted))
def test_it_says_what_a_replay_of_the_whole_journal_says(history, moments):
    changes = changes_of(history)
    stock = Timeline(changes)
    for moment in moments:
        stock.advance(moment)
        for node in NODES:
            for product in PRODUCTS:
                for without in (None, "S1"):
                    events = [
                        Event(number, item.position, on_hand=item.units)
                        for number, item in enumerate(changes)
                        if (item.node, item.product) == (node, product) and (without is None or item.order != without)
                    ]
                    assert stock.free(node, product, without) == replay(events, moment).available


@given(history=histories, moments=st.lists(st.integers(0, 60), max_size=8).map(sorted), at=st.integers(0, 60))
def test_another_history_that_takes_what_was_taken_is_the_same_history(history, moments, at):
    """The real claims of an order, asked for once and never given back, taken again in simulation, change nothing."""
    taken, changes = defaultdict(Decimal), []
    for item in changes_of(history):
        if item.order is None:
            changes.append(item)
        elif item.units < 0:
            changes.append(item)
            taken[item.order, item.position, item.node, item.product] -= item.units
    real, simulated = Timeline(changes), Timeline(changes)
    for moment in sorted([*moments, 99]):
        real.advance(moment)
        simulated.advance(moment)
        for order in ("S1", "S2", "S3"):
            simulated.replace(order)
            for (whose, position, node, product), units in list(taken.items()):
                if whose == order and position <= moment:
                    simulated.take(order, node, product, units)
                    del taken[whose, position, node, product]
        assert simulated.available(NODES, PRODUCTS) == real.available(NODES, PRODUCTS)


@given(history=histories, cut=st.integers(0, 30))
def test_a_replaced_order_that_takes_nothing_was_never_there(history, cut):
    changes = changes_of(history)
    stock = Timeline(changes)
    stock.advance(cut)
    stock.replace("S1")
    stock.advance(99)
    never = Timeline([item for item in changes if item.order != "S1"])
    never.advance(99)
    assert stock.available(NODES, PRODUCTS) == never.available(NODES, PRODUCTS)


def test_a_year_of_changes_is_walked_once():
    def seconds(number):
        changes = [
            change(position, NODES[position % 2], position % 7 - 3, position % 500) for position in range(1, number)
        ]
        stock, begun = Timeline(changes), perf_counter()
        for moment in range(1, number, 10):
            stock.advance(moment)
            stock.available(NODES, PRODUCTS, without=moment % 500)
        return perf_counter() - begun

    short, long = min(seconds(20_000) for _ in range(3)), min(seconds(80_000) for _ in range(3))
    assert long < 4 * short * 2, (short, long)
