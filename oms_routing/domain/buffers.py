"""How much a channel should not show, so that what others sold a moment ago is not sold again: priced, not guessed.

For a while after a sale elsewhere, a channel still shows what is gone: until the order is here, and until the channel is
told. What is sold in that time is the demand of a newsvendor: a piece kept back too much costs its margin, one too
little costs an order that has to be called off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from . import chance

#: Pieces that are kept back at most: beyond that the channel should be told sooner, and not shown less.
BUFFER_MAX = 1000
MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Seller:
    """Another channel that sells the same goods.

    :param daily: pieces a day.
    :param lag_minutes: until its orders are here, on average.
    :param lag_deviation: the standard deviation of that.
    """

    name: str
    daily: float
    lag_minutes: float
    lag_deviation: float = 0.0


@dataclass(frozen=True, slots=True)
class Buffer:
    """What a channel should keep back of a product.

    :param unseen: pieces that are sold elsewhere, on average, before the channel knows.
    :param level: the share of all times in which that is not more than the buffer, at least.
    """

    quantity: Decimal
    unseen: float
    level: float
    sentence: str


def unseen_sales(others: Iterable[Seller], publish_minutes: float, dispersion: float) -> tuple[float, float]:
    """(mean, variance) of what others sell before a channel shows it.

    :param publish_minutes: how long it takes to tell the channel.
    :param dispersion: the variance of a day's sales over their mean; 1 where customers come one by one.
    """
    mean = variance = 0.0
    for other in others:
        per_minute = other.daily / MINUTES_A_DAY
        sold = per_minute * (other.lag_minutes + publish_minutes)
        mean += sold
        variance += sold * max(1.0, dispersion) + (per_minute * other.lag_deviation) ** 2
    return mean, variance


def buffer(
    others: Iterable[Seller], publish_minutes: float, dispersion: float, margin: float, penalty: float
) -> Buffer:
    """What a channel should keep back of one product, and why.

    :param margin: what a piece brings that the channel sells.
    :param penalty: what a piece costs that is sold and not there.
    """
    others = tuple(others)
    mean, variance = unseen_sales(others, publish_minutes, dispersion)
    level = penalty / (penalty + margin) if penalty > 0 and margin >= 0 else 0.0
    kept = min(BUFFER_MAX, int(chance.quantile(mean, variance, level))) if mean > 0 and level > 0 else 0
    return Buffer(Decimal(kept), mean, level, _sentence(others, publish_minutes, mean, level, kept))


def _sentence(others, publish_minutes, mean, level, kept):
    sellers = [other for other in others if other.daily > 0]
    if not sellers:
        return "Nobody else sells it, so nothing is sold unseen: keep nothing back."
    daily = sum(other.daily for other in sellers)
    slowest = max(sellers, key=lambda other: (other.lag_minutes, other.name))
    minutes = slowest.lag_minutes + publish_minutes
    return (
        f"Others sell {daily:.1f} a day, and it takes up to {minutes:.0f} minutes ({slowest.name}) until this channel shows "
        f"it: {mean:.2f} are sold unseen. Keep back {kept}: enough {level * 100:.0f} times of 100, which is what an order "
        f"that is called off costs against a piece not sold."
    )
