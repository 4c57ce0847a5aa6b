"""Which of many rules is meant: the most specific one for a product at a place on a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for a product, or for a category with all below it, or for everything, at one place or at all.

    :param place: a node or a channel, whatever the rules are about; ``None``: all of them.
    :param value: what the rule says.
    :param starts: the first day on which it holds, and ``ends`` the last one.
    """

    id: int
    value: Any
    product: int | None = None
    category: int | None = None
    place: int | None = None
    starts: date | None = None
    ends: date | None = None

    def holds_on(self, day: date) -> bool:
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)


class Rulebook:
    """Rules of one kind on one day.

    What is looked at first decides, in this order:

    1. a rule for the product, before one for its category, before one for each category further up, before one for all;
    2. among those a rule for the place before one for any place;
    3. among those the one that was made last.

    >>> rules = [Rule(1, "all"), Rule(2, "here", place=5), Rule(3, "tea", category=70), Rule(4, "green tea", category=71)]
    >>> book = Rulebook(rules, date(2026, 3, 1))
    >>> [book.find(8, lineage, 5).value for lineage in [(71, 70), (70,), ()]]
    ['green tea', 'tea', 'here']
    """

    def __init__(self, rules: Iterable[Rule], day: date):
        self._of_product: dict[int, dict[int | None, Rule]] = defaultdict(dict)
        self._of_category: dict[int, dict[int | None, Rule]] = defaultdict(dict)
        self._of_all: dict[int | None, Rule] = {}
        for rule in sorted(rules, key=lambda rule: rule.id):
            if not rule.holds_on(day):
                continue
            if rule.product is not None:
                self._of_product[rule.product][rule.place] = rule
            elif rule.category is not None:
                self._of_category[rule.category][rule.place] = rule
            else:
                self._of_all[rule.place] = rule

    def __bool__(self) -> bool:
        return bool(self._of_product or self._of_category or self._of_all)

    def names(self, product: int) -> bool:
        """Whether a rule is about just this product: all others of its category are treated alike."""
        return product in self._of_product

    def find(self, product: int, lineage: Iterable[int], place: int | None) -> Rule | None:
        """:param lineage: the categories of the product, the nearest first."""
        levels = [self._of_product.get(product), *(self._of_category.get(category) for category in lineage)]
        for level in (*levels, self._of_all):
            if level and (rule := level.get(place) or level.get(None)):
                return rule
        return None
