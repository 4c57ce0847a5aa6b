"""Who the best customers are: how lately, how often and for how much they buy, and what is left of it.

>>> facts = [Buyer(1, 400, 1, D(50), D(20), 400), Buyer(2, 5, 9, D(900), D(400), 700)]
>>> [(score.id, score.rfm, score.segment) for score in scores(facts)]
[(1, '111', 'lost'), (2, '333', 'regular')]
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal as D

#: After so many days without an order a customer is taken for lost.
LOST_AFTER_DAYS = 365

#: Who ordered for the first time within so many days is new.
NEW_DAYS = 60


@dataclass(frozen=True, slots=True)
class Buyer:
    """What is known of a customer of a company.

    :param recency: days since the last order.
    :param frequency: orders.
    :param monetary: revenue without tax, less what was paid back.
    :param margin: what is left of it after cost of goods, shipping and fees, as far as they are known.
    :param since: days since the first order.
    """

    id: int
    recency: int
    frequency: int
    monetary: D
    margin: D
    since: int


@dataclass(frozen=True, slots=True)
class Score:
    id: int
    rfm: str
    segment: str


def scores(buyers: Iterable[Buyer]) -> list[Score]:
    """Each customer's place among all: 1 to 5 for recency, frequency and money, and the segment that follows.

    Equal customers have equal scores, whatever their order; a company with few customers uses few of the five.
    """
    buyers = list(buyers)
    recencies = sorted(-buyer.recency for buyer in buyers)
    frequencies = sorted(buyer.frequency for buyer in buyers)
    amounts = sorted(buyer.monetary for buyer in buyers)
    result = []
    for buyer in buyers:
        r = quintile(-buyer.recency, recencies)
        f = quintile(buyer.frequency, frequencies)
        m = quintile(buyer.monetary, amounts)
        result.append(Score(buyer.id, f"{r}{f}{m}", segment(buyer, r, f, m)))
    return result


def quintile(value, ordered: list) -> int:
    """The fifth, 1 to 5, in which a value stands among all; the share of those below it decides."""
    return 1 + 5 * bisect_left(ordered, value) // len(ordered)


def segment(buyer: Buyer, r: int, f: int, m: int) -> str:
    """The one word for a customer; what needs somebody's attention goes before praise."""
    if buyer.recency > LOST_AFTER_DAYS:
        return "lost"
    if buyer.margin < 0:
        return "costly"
    if buyer.since <= NEW_DAYS and buyer.frequency == 1:
        return "new"
    if min(r, f, m) >= 4:
        return "champion"
    if r <= 2 and f >= 3:
        return "at_risk"
    return "loyal" if f >= 4 else "regular"
