"""For which orders a policy is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.oms_core.domain.quantities import ZERO


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What a scope asks of an order.

    :param value: total with taxes, in the company's currency.
    :param segment: of the customer; "" if not known.
    """

    company_id: Hashable
    channel_id: Hashable = None
    delivery_method: str = ""
    country_id: Hashable = None
    tag_ids: frozenset = frozenset()
    segment: str = ""
    value: Decimal = Decimal(0)
    product_ids: frozenset = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """What an order must be like. Whatever is empty is no condition; all others must hold.

    >>> Scope(company_id=1, country_ids=frozenset({33})).fits(OrderFacts(company_id=1, country_id=49))
    False
    """

    company_id: Hashable
    channel_ids: frozenset = frozenset()
    delivery_method: str = ""
    country_ids: frozenset = frozenset()
    tag_ids: frozenset = frozenset()
    segment: str = ""
    value_min: Decimal | None = None
    value_max: Decimal | None = None
    excluded_product_ids: frozenset = frozenset()

    def fits(self, order: OrderFacts) -> bool:
        return (
            self.company_id == order.company_id
            and (not self.channel_ids or order.channel_id in self.channel_ids)
            and self.delivery_method in ("", order.delivery_method)
            and (not self.country_ids or order.country_id in self.country_ids)
            and (not self.tag_ids or bool(self.tag_ids & order.tag_ids))
            and self.segment in ("", order.segment)
            and (self.value_min is None or order.value >= self.value_min)
            and (self.value_max is None or order.value <= self.value_max)
            and not self.excluded_product_ids & order.product_ids
        )

    def asks(self) -> frozenset[str]:
        """Which facts of an order matter, so that nobody reads those that do not."""
        asked = {
            "tag_ids": self.tag_ids,
            "segment": self.segment,
            "value": self.value_min is not None or self.value_max is not None,
            "country_id": self.country_ids,
            "product_ids": self.excluded_product_ids,
        }
        return frozenset(name for name, condition in asked.items() if condition)


def covers(wide: Scope, narrow: Scope) -> bool:
    """Whether every order that fits ``narrow`` fits ``wide``, too.

    >>> covers(Scope(1), Scope(1, value_min=Decimal(50))), covers(Scope(1, value_min=Decimal(50)), Scope(1))
    (True, False)
    """
    return (
        wide.company_id == narrow.company_id
        and _within(narrow.channel_ids, wide.channel_ids)
        and wide.delivery_method in ("", narrow.delivery_method)
        and _within(narrow.country_ids, wide.country_ids)
        and _within(narrow.tag_ids, wide.tag_ids)
        and wide.segment in ("", narrow.segment)
        and (wide.value_min is None or (narrow.value_min is not None and narrow.value_min >= wide.value_min))
        and (wide.value_max is None or (narrow.value_max is not None and narrow.value_max <= wide.value_max))
        and wide.excluded_product_ids <= narrow.excluded_product_ids
    )


def _within(narrow: frozenset, wide: frozenset) -> bool:
    return not wide or (bool(narrow) and narrow <= wide)


def overlap(one: Scope, other: Scope) -> bool:
    """Whether an order could fit both."""
    least = max((value for value in (one.value_min, other.value_min) if value is not None), default=ZERO)
    most = min((value for value in (one.value_max, other.value_max) if value is not None), default=None)
    return (
        one.company_id == other.company_id
        and _meet(one.channel_ids, other.channel_ids)
        and _meet(one.country_ids, other.country_ids)
        and (not one.delivery_method or other.delivery_method in ("", one.delivery_method))
        and (not one.segment or other.segment in ("", one.segment))
        and (most is None or least <= most)
    )


def _meet(one: frozenset, other: frozenset) -> bool:
    return not one or not other or bool(one & other)


def fitting(scopes: Iterable[tuple[Hashable, Scope]], order: OrderFacts) -> list[Hashable]:
    """The policies that an order belongs to, in their sequence: the first decides, the others are asked when it says so."""
    return [policy_id for policy_id, scope in scopes if scope.fits(order)]
