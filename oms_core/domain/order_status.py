"""Where an order stands, decided from facts that its documents tell. Nobody types it, nobody stores it.

The rules are a table: the first one whose facts all match tells the status. The table is evaluated here for records, and
rendered as a SQL ``CASE`` by the model for lists that filter and group by it, so there is one truth for both.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """What the documents of one order say.

    :param parcels: something has left for the customer.
    :param came_back: goods that count as returned have arrived.
    :param all_back: of what was sent nothing is left with the customer.
    :param any_left, all_left: some of the goods, or all that were ordered, have left, whatever came back since.
    :param to_deliver: a parcel has left that nobody is known to have received.
    :param to_collect: a parcel has left, or lies ready, that the customer has not fetched.
    :param waits_for_customer: goods lie ready for the customer.
    :param unready: goods are still to come that do not lie ready.
    :param started: somebody picks, or has picked, some of it.
    :param reserved: all that is still to leave is set aside for this order.
    """

    cancelled: bool = False
    held: bool = False
    confirmed: bool = False
    goods: bool = False
    parcels: bool = False
    came_back: bool = False
    all_back: bool = False
    any_left: bool = False
    all_left: bool = False
    to_deliver: bool = False
    to_collect: bool = False
    waits_for_customer: bool = False
    unready: bool = False
    started: bool = False
    reserved: bool = False


#: (status, {fact: value it must have}), the first that matches counts; the last one always does.
RULES: tuple[tuple[str, dict[str, bool]], ...] = (
    ("cancelled", {"cancelled": True}),
    ("held", {"held": True}),
    ("received", {"confirmed": False}),
    ("done", {"goods": False}),
    ("returned", {"came_back": True, "all_left": True, "all_back": True}),
    ("returned_part", {"came_back": True, "all_left": True}),
    ("ready", {"waits_for_customer": True, "unready": False}),
    ("collected", {"all_left": True, "parcels": True, "to_collect": False}),
    ("delivered", {"all_left": True, "parcels": True, "to_deliver": False}),
    ("shipped", {"all_left": True}),
    ("partial", {"any_left": True}),
    ("picking", {"started": True}),
    ("sourced", {"reserved": True}),
    ("waiting", {}),
)

#: Statuses in which somebody has still to do something before the goods leave.
TO_SHIP = ("received", "held", "waiting", "sourced", "picking", "partial")

#: Statuses in which the goods are on their way to the customer.
UNDERWAY = ("shipped",)


def decide(facts: Facts) -> str:
    """The status of an order.

    >>> decide(Facts(confirmed=True, goods=True, any_left=True, reserved=True))
    'partial'
    >>> decide(Facts(confirmed=True, goods=True, held=True))
    'held'
    """
    return next(
        status for status, wanted in RULES if all(getattr(facts, name) == value for name, value in wanted.items())
    )
