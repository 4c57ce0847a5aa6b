"""Whether a place takes orders now, and whether it keeps those that it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

TAKES = "open"  #: takes orders
PAUSED = "pause"  #: takes no new orders and works off what it has
CLOSED = "closed"  #: takes none, and what is not picked there goes elsewhere


@dataclass(frozen=True, slots=True)
class Opening:
    """What a place does with orders.

    :param gives_up: whether what is not picked yet is to be brought by others.
    :param reason: why it is not open, as one sentence; empty when it is.
    """

    is_open: bool
    gives_up: bool = False
    reason: str = ""


def opening(
    name: str, intake: str, why: str, shut_days: int, now: datetime, next_open: datetime | None = None
) -> Opening:
    """What a place does with orders at ``now``.

    A weekend closes nobody: a parcel ordered on Saturday leaves on Monday. A place is closed when somebody says so, or when
    it opens again only after more days than it may keep customers waiting.

    >>> monday = datetime(2026, 8, 3, 9)
    >>> opening("Lille", TAKES, "", 3, monday, datetime(2026, 8, 4, 9)).is_open
    True
    >>> opening("Lille", TAKES, "", 3, monday, datetime(2026, 8, 17, 9)).reason
    'Lille is shut until 17 August 2026.'
    >>> opening("Lille", PAUSED, "Stocktaking", 0, monday)
    Opening(is_open=False, gives_up=False, reason='Lille takes no new orders: Stocktaking.')

    :param intake: :data:`TAKES`, :data:`PAUSED` or :data:`CLOSED`.
    :param why: in the words of whoever switched it off.
    :param shut_days: after how many days without opening hours it counts as closed; 0: never.
    :param next_open: when it is open next (UTC), now if it is open; None: as far as anybody looked, never.
    """
    because = f": {why.strip().rstrip('.')}." if why.strip() else "."
    if intake == CLOSED:
        return Opening(False, True, f"{name} is closed{because}")
    if intake == PAUSED:
        return Opening(False, False, f"{name} takes no new orders{because}")
    if shut_days and next_open is None:
        return Opening(False, True, f"{name} is shut for longer than its calendar tells.")
    if shut_days and next_open - now > timedelta(days=shut_days):
        return Opening(False, True, f"{name} is shut until {next_open.day} {next_open:%B %Y}.")
    return Opening(True)
