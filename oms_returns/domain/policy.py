"""What a return policy says, and for what. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

ZERO = Decimal(0)

#: What a customer can get for what comes back, in the order in which it is told.
OUTCOMES = ("refund", "credit", "exchange", "replacement", "repair", "nothing")

#: Those that give money back, for which a fee may be kept.
MONEY = frozenset(("refund", "credit"))

#: Those for which the goods may stay with the customer: what is repaired or exchanged has to come back.
KEEPABLE = frozenset(("refund", "credit", "replacement"))

#: A share of what was bought says something from so many orders on: whoever returns all of a first order is no abuser.
SHARE_MIN_ORDERS = 3

#: Days on which the law of the European Union lets a customer withdraw from a purchase at a distance (2011/83/EU art. 9).
STATUTORY_DAYS = 14

#: Longer than any company is closed.
CLOSED_DAYS_MAX = 31


@dataclass(frozen=True, slots=True)
class Scope:
    """For what a policy is; an empty set does not ask. Products and categories are one question: one of them is enough.

    :param company_id: ``None``: every company.
    """

    company_id: Hashable | None = None
    kinds: frozenset = frozenset()
    channels: frozenset = frozenset()
    countries: frozenset = frozenset()
    products: frozenset = frozenset()
    categories: frozenset = frozenset()
    tags: frozenset = frozenset()
    segments: frozenset = frozenset()
    reasons: frozenset = frozenset()

    def questions(self, facts, line) -> Iterator[tuple[str, bool]]:
        """(what is asked, whether it fits) for each question that the policy asks."""
        order = line.order
        if self.kinds:
            yield "whether goods come back", facts.kind in self.kinds
        if self.channels:
            yield "the channel", order.channel_id in self.channels
        if self.countries:
            yield "the country", order.country_id in self.countries
        if self.products or self.categories:
            yield "the product", line.product_id in self.products or not self.categories.isdisjoint(line.categories)
        if self.tags:
            yield "the customer's tags", not self.tags.isdisjoint(facts.tags)
        if self.segments:
            yield "the customer's segment", facts.segment in self.segments
        if self.reasons:
            yield "the reason", line.reason_id in self.reasons

    def covers(self, narrow: Scope) -> bool:
        """Whether all that fits ``narrow`` fits here, too.

        >>> Scope().covers(Scope(reasons=frozenset({1}))), Scope(reasons=frozenset({1})).covers(Scope())
        (True, False)
        """
        asks_goods, goods_asked = self.products or self.categories, narrow.products or narrow.categories
        return (
            self.company_id in (None, narrow.company_id)
            and all(
                _within(getattr(narrow, name), getattr(self, name))
                for name in ("kinds", "channels", "countries", "tags", "segments", "reasons")
            )
            and (
                not asks_goods
                or (bool(goods_asked) and narrow.products <= self.products and narrow.categories <= self.categories)
            )
        )


def _within(narrow: frozenset, wide: frozenset) -> bool:
    return not wide or (bool(narrow) and narrow <= wide)


@dataclass(frozen=True, slots=True)
class Holiday:
    """What is delivered from one day to another may come back until a third one at least."""

    starts: date
    ends: date
    until: date


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """On which days a company works: on these days of the week (Monday is 0), but for its holidays."""

    weekdays: frozenset = frozenset(range(5))
    holidays: frozenset = frozenset()

    def first_from(self, day: date) -> date:
        """This day, or the first working day after it; itself where nobody works for weeks.

        >>> WorkingDays(holidays=frozenset({date(2026, 4, 6)})).first_from(date(2026, 4, 4))
        datetime.date(2026, 4, 7)
        """
        days = (day + timedelta(days=later) for later in range(CLOSED_DAYS_MAX))
        return next((one for one in days if one.weekday() in self.weekdays and one not in self.holidays), day)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a customer may send back within some days; ``None`` is no limit.

    :param share: percent of what the customer bought in these days, by value.
    :param returnless: how many returns of which the goods stayed with the customer.
    :param refuses: what is above is refused; else a person decides.
    """

    days: int = 365
    returns: int | None = None
    amount: Decimal | None = None
    share: Decimal | None = None
    returnless: int | None = None
    refuses: bool = False

    def __bool__(self):
        return any(limit is not None for limit in (self.returns, self.amount, self.share, self.returnless))


@dataclass(frozen=True, slots=True)
class Policy:
    """On what terms goods come back. Amounts are in the currency of the company.

    :param windows: {outcome that is offered: days from delivery, or ``None`` without limit}; ``nothing`` always is.
    :param starts: ``line``: with the last delivery of the line; ``order``: with the last one of the whole order.
    :param ends_on_working_day: a last day on which the company does not work is the next one on which it does, as the law of
        the European Union counts periods (Regulation 1182/71 art. 3).
    :param fee_kind: ``none``, ``fixed`` (for each unit) or ``percent`` (of what is paid back).
    :param our_reasons: for these there is no fee and we pay the label: they are our fault.
    :param returnless: ``never``, ``cheaper`` (than to have the goods back) or ``below`` (a value of the line).
    """

    id: Hashable | None = None
    name: str = ""
    scope: Scope = field(default_factory=Scope)
    windows: Mapping[str, int | None] = field(default_factory=lambda: dict.fromkeys(OUTCOMES))
    starts: str = "line"
    holiday: Holiday | None = None
    ends_on_working_day: bool = False
    is_final_sale: bool = False
    is_automatic: bool = False
    label_paid_by: str = "merchant"
    fee_kind: str = "none"
    fee_value: Decimal = ZERO
    our_reasons: frozenset = frozenset()
    needs_inspection: bool = False
    returnless: str = "never"
    returnless_value: Decimal = ZERO
    refund_shipping: str = "none"
    limits: Limits = field(default_factory=Limits)


#: Where no policy fits: nothing is refused, and a person decides.
NO_POLICY = Policy()
