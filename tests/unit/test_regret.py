"""What a day cost too much, and because of what."""

import random
from decimal import Decimal
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain.regret import EXACT_RULES_MAX, attribute


def costs_of(players, seed):
    """What it costs without each set of rules: less for more, as more can be done."""
    generator, costs = random.Random(seed), {frozenset(): Decimal(1000)}
    for size in range(1, len(players) + 1):
        for group in map(frozenset, combinations(players, size)):
            least = min(costs[group - {player}] for player in group)
            costs[group] = least - generator.choice([0, 0, 1, 7, 33]) * Decimal("1.37")
    return costs


@given(seed=st.integers(0, 10**6), number=st.integers(0, 7))
def test_the_parts_sum_to_exactly_what_all_rules_together_cost(seed, number):
    players = "abcdefgh"[:number]
    costs = costs_of(players, seed)
    shares = attribute(players, costs.__getitem__)
    assert sum(shares.values()) == costs[frozenset()] - costs[frozenset(players)]
    assert all(share >= 0 for share in shares.values())


@given(seed=st.integers(0, 10**6), number=st.integers(1, EXACT_RULES_MAX))
def test_each_part_is_the_mean_over_all_sequences(seed, number):
    players = "abcd"[:number]
    costs = costs_of(players, seed)
    sequences = list(permutations(players))
    for player, share in attribute(players, costs.__getitem__).items():
        saved = [
            costs[frozenset(sequence[: sequence.index(player)])]
            - costs[frozenset(sequence[: sequence.index(player) + 1])]
            for sequence in sequences
        ]
        assert share == pytest.approx(sum(saved) / len(sequences), abs=Decimal("0.00001"))


def test_rules_that_cost_nothing_are_charged_nothing_and_equal_ones_are_charged_the_same():
    costs = {
        frozenset(): Decimal(10),
        **{frozenset(group): Decimal(10) for group in ("a", "b", "c")},
        frozenset("ab"): Decimal(4),
        frozenset("ac"): Decimal(10),
        frozenset("bc"): Decimal(10),
        frozenset("abc"): Decimal(4),
    }
    assert attribute("abc", costs.__getitem__) == {"a": Decimal(3), "b": Decimal(3), "c": Decimal(0)}


def test_a_search_that_finds_less_with_more_freedom_is_not_believed():
    costs = {
        frozenset(): Decimal(10),
        frozenset("a"): Decimal(6),
        frozenset("b"): Decimal(10),
        frozenset("ab"): Decimal(8),
    }
    assert attribute("ab", costs.__getitem__) == {"a": Decimal(4), "b": Decimal(0)}


def test_each_set_is_solved_once():
    asked = []
    costs = costs_of("abcdef", 3)
    attribute("abcdef", lambda dropped: asked.append(dropped) or costs[dropped])
    assert len(asked) == len(set(asked)) <= 2 * 6
