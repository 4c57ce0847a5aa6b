"""For which orders a policy is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal


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


def fitting(scopes: Iterable[tuple[Hashable, Scope]], order: OrderFacts) -> list[Hashable]:
    """The policies that an order belongs to, in their sequence: the first decides, the others are asked when it says so."""
    return [policy_id for policy_id, scope in scopes if scope.fits(order)]
