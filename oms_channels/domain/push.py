"""What channels are to be told about stock and prices: from what there is and what they were told, to what to tell.

Quantities that are told are absolute and in units of the listing: a case of six is one. Each decision can be made again at any
moment and says the same; nothing here counts up what changed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from odoo.addons.oms_core.domain.money import round_to

from .outgoing import Result

ZERO = Decimal(0)

#: What waits is told in this order: who is sold out first, then what became less, then what became more.
SOLD_OUT, LOWERED, RAISED = 0, 1, 2

Node = TypeVar("Node", bound=Hashable)
Row = TypeVar("Row")


# ---- How many ----


def shown(
    free: Mapping[Node, Decimal], places: Mapping[str, Sequence[Node]], left: Decimal | None = None
) -> dict[str, Decimal]:
    """How much of a product each of the platform's places shows.

    What the channel keeps back is kept once, of the sum. Places are given in the order of preference: the last ones go
    without first.

    >>> places = {"shop": ["front"], "depot": ["north", "south"]}
    >>> free = {"front": Decimal(2), "north": Decimal(3), "south": Decimal(4)}
    >>> {place: str(quantity) for place, quantity in shown(free, places, left=Decimal(4)).items()}
    {'shop': '2', 'depot': '2'}

    :param free: {node: what is free there}
    :param places: {the platform's place: the nodes whose stock it shows}
    :param left: what is left of the sum for the channel; ``None``: all of it.
    """
    by_place = {place: sum((free.get(node, ZERO) for node in nodes), ZERO) for place, nodes in places.items()}
    if left is not None:
        for place, quantity in by_place.items():
            by_place[place] = min(quantity, max(left, ZERO))
            left -= by_place[place]
    return by_place


def units(pieces: Decimal, pack_size: int = 1, most: int = 999_999) -> int:
    """Whole units of a listing that can be put together from so many pieces: never less than none, never above ``most``.

    >>> units(Decimal("17.9"), 6), units(Decimal(-3)), units(Decimal(5000), most=999)
    (2, 0, 999)
    """
    return min(max(int(pieces // max(pack_size, 1)), 0), most)


# ---- What the platform has ----


def thought(told: int | None, sold_there: int = 0, is_alone: bool = True) -> int | None:
    """What the platform has, as far as can be told from here; ``None``: nobody knows.

    >>> thought(10, sold_there=2), thought(10, sold_there=2, is_alone=False), thought(None)
    (8, None, None)

    :param told: what it was told last.
    :param sold_there: units that it sold since then, where it counts down by itself. We know of these by their orders.
    :param is_alone: there is no other place that these may have been taken from.
    """
    if told is None or not sold_there:
        return told
    return max(told - sold_there, 0) if is_alone else None


def urgency(wanted: int, there: int | None) -> int | None:
    """When to tell this; ``None``: there is nothing to tell.

    >>> urgency(0, 3) == SOLD_OUT, urgency(2, 3) == LOWERED, urgency(4, 3) == RAISED, urgency(3, 3)
    (True, True, True, None)

    :param there: :func:`thought`. Where nobody knows, it may well be more than there is.
    """
    if wanted == there:
        return None
    if not wanted:
        return SOLD_OUT
    return RAISED if there is not None and wanted > there else LOWERED


@dataclass(frozen=True, slots=True)
class Anew:
    """What to do about a quantity that was not taken because something else was there.

    :param tell: what to tell now; ``None``: what is there is right for now.
    :param expected: what is there.
    :param look_again: it is less than wanted, because of orders that seem to be on their way: decide again when they are read.
    """

    tell: int | None
    expected: int | None
    look_again: bool = False

    @property
    def now(self) -> int | None:
        """What is there, once this has been told."""
        return self.expected if self.tell is None else self.tell


def believed(told: int | None, there: int | None = None, tried: int | None = None) -> list[int]:
    """What a platform may be thought to have; nothing where it was never told: what it has then is none of our doing.

    >>> believed(10, there=8, tried=12), believed(None, tried=12)
    ([10, 8, 12], [])

    :param there: :func:`thought`.
    :param tried: what it may have been told: its answer was lost.
    """
    return [] if told is None else [known for known in (told, there, tried) if known is not None]


def decide_anew(wanted: int, known: Iterable[int], current: int | None) -> Anew:
    """What to tell a platform that has ``current`` and not what we thought.

    Where it has less, it has most likely sold something that we have not read yet: these pieces are taken off what we want,
    because they are still counted here. Where it has more, somebody put something back.

    >>> decide_anew(10, [10], 9)
    Anew(tell=None, expected=9, look_again=True)
    >>> decide_anew(20, [10], 9)
    Anew(tell=19, expected=9, look_again=True)
    >>> decide_anew(7, [10, 7], 7)
    Anew(tell=None, expected=7, look_again=False)

    :param known: :func:`believed`.
    """
    if current is None or wanted == current:
        return Anew(None if current is not None else wanted, current)
    unread = min((one - current for one in known if one >= current), default=0)
    tell = max(wanted - unread, 0)
    return Anew(None if tell == current else tell, current, look_again=tell != wanted)


# ---- How it was taken ----

#: What is told is in one of these states.
#: ``due``      to be told
#: ``sending``  it may have been told: no answer came (yet)
#: ``pending``  the platform has it and works it off later
#: ``waiting``  told what is safe for now; to be decided again when the channel's orders have been read
#: ``told``     the platform has what it is to have
#: ``refused``  it will not be taken until somebody changes something
#: ``gone``     the platform does not have this listing any more
STATES = ("due", "sending", "pending", "waiting", "told", "refused", "gone")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one thing that was told.

    :param wait_s: seconds until it is looked at again, where it is.
    """

    state: str
    message: str = ""
    reference: str = ""
    wait_s: int | None = None


def taken(result: Result, attempts: int, waits_s: Sequence[int], outcome_s: int) -> Taken:
    """What follows from how a platform took something.

    :param attempts: how often it said "later" before.
    :param waits_s: seconds to wait after the first, second, … time that it says so; after the last it needs a person.
    :param outcome_s: seconds after which it is asked what came of what it works off later.
    """
    match result.code:
        case "ok":
            return Taken("told", reference=result.reference)
        case "pending":
            return Taken("pending", result.message, result.reference, outcome_s)
        case "retry" | "stale" if attempts < len(waits_s):
            return Taken("due", result.message, wait_s=waits_s[attempts])
    return Taken("gone" if result.gone else "refused", result.message)


def batches(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """
    >>> list(batches([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    for start in range(0, len(rows), max(size, 1)):
        yield rows[start : start + size]


# ---- Prices ----


@dataclass(frozen=True, slots=True)
class Offer:
    """What a listing costs, and what it cost before where that is shown."""

    amount: Decimal
    currency: str
    before: Decimal | None = None


def offer(amount: Decimal, currency: str, step: Decimal, before: Decimal | None = None) -> Offer | None:
    """A price as it is told; ``None`` for one that nobody would mean: nothing is given away because a list has a gap.

    >>> offer(Decimal("19.996"), "EUR", Decimal("0.01"), before=Decimal(15))
    Offer(amount=Decimal('20.00'), currency='EUR', before=None)

    :param step: the smallest amount of the currency.
    :param before: shown only if it is more.
    """
    amount = round_to(amount, step)
    if amount <= 0:
        return None
    before = None if before is None else round_to(before, step)
    return Offer(amount, currency, before if before is not None and before > amount else None)
