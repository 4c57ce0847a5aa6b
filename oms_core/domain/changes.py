"""What may still be changed on an order, by whom, and if not, why.

>>> facts = Facts(by="customer", policy="picking", started="WH/OUT/0012")
>>> allowed_changes(facts, datetime(2026, 3, 2))["address"].sentence
'Parcel WH/OUT/0012 is being packed.'
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

#: What can be asked for. ``items`` in the words of the screen: less, more, none of a line, another product.
KINDS = ("address", "method", "pickup", "items", "cancel")

#: How customers collect; a pickup place means nothing for the others.
COLLECTED = ("pickup", "curbside", "ship_to_store")


@dataclass(frozen=True, slots=True)
class Facts:
    """An order as far as it matters for changing it.

    :param by: who asks: ``customer``, ``clerk``, ``channel``, ``rule`` or ``system``.
    :param policy: until when customers may: ``none`` (never), ``window`` (before the order is released) or ``picking``.
    :param window_ends: when the order is released; ``None`` when nothing keeps it.
    :param started: name of a transfer on which somebody works, or whose label is made; empty if there is none.
    :param labelled: names of transfers that have not left and whose label is bought, or may be.
    :param left: name of a parcel that has left; empty if there is none.
    :param all_left: nothing is still to be delivered.
    :param booked: names of posted entries.
    """

    by: str = "clerk"
    policy: str = "picking"
    state: str = "sale"
    method: str = "ship"
    window_ends: datetime | None = None
    started: str = ""
    labelled: str = ""
    left: str = ""
    all_left: bool = False
    booked: str = ""
    from_channel: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """:param code: stable reason for programs; empty when allowed."""

    allowed: bool
    code: str = ""
    sentence: str = ""


YES = Verdict(True)


def allowed_changes(facts: Facts, now: datetime) -> dict[str, Verdict]:
    """{kind: verdict} for every kind of change."""
    return {kind: _verdict(kind, facts, now) for kind in KINDS}


def _verdict(kind: str, facts: Facts, now: datetime) -> Verdict:
    if facts.state == "cancel":
        return Verdict(False, "cancelled", "The order is cancelled.")
    if facts.by == "customer" and (refused := _refused_to_customer(facts, now)):
        return refused
    if facts.all_left and kind != "cancel":
        return Verdict(False, "left", f"{_parcel_left(facts.left)}; nothing is still to be delivered.")
    if kind == "address" and facts.labelled:
        return Verdict(
            False,
            "labelled",
            f"{_parcels(facts.labelled)} labelled with the address as it is. Cancel the label on the delivery, or clear its "
            "tracking number, then change the address.",
        )
    if kind in ("method", "pickup") and facts.left:
        return Verdict(False, "left", f"{_parcel_left(facts.left)}; the rest follows it in the same way.")
    if kind == "pickup" and facts.method not in COLLECTED:
        return Verdict(False, "not_collected", "The order is shipped. Change the delivery method to pickup instead.")
    if kind == "items" and facts.booked:
        return Verdict(
            False, "booked", f"{facts.booked} is booked already. Credit it, or cancel what has not left instead."
        )
    return YES


def _refused_to_customer(facts: Facts, now: datetime) -> Verdict | None:
    """Customers may do less than those who serve them."""
    if facts.policy == "none":
        return Verdict(False, "not_offered", "Changes are made by our customer service. Please write to us.")
    if facts.left:
        return Verdict(False, "left", f"{_parcel_left(facts.left)}.")
    if facts.started:
        return Verdict(False, "picking", f"{_parcels(facts.started)} being packed.")
    if facts.policy == "window":
        confirmed = facts.state == "sale"
        if confirmed if facts.window_ends is None else facts.window_ends <= now:
            return Verdict(False, "window_over", "The time for changes is over; the order is being worked.")
    return None


def _parcels(names: str) -> str:
    """The parcels as the subject of a sentence.

    >>> _parcels("A"), _parcels("A, B"), _parcels("")
    ('Parcel A is', 'Parcels A, B are', 'Everything is')
    """
    if not names:
        return "Everything is"
    return f"Parcels {names} are" if ", " in names else f"Parcel {names} is"


def _parcel_left(names: str) -> str:
    return _parcels(names).removesuffix(" is").removesuffix(" are") + (" have left" if ", " in names else " has left")
