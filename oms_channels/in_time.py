"""How much money one press of a button may take in or book, before the server takes it for hung and stops it in the middle.

Nothing is booked by halves then, as the transaction is undone; but all that the user is told is that the connection was lost.
So what is more is worked on in pieces by a job (payouts), or refused (bills).
"""

from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import config

from .const import LINES_BOOKED_PER_S, SETTLEMENT_AT_ONCE_MAX


def get_seconds():
    """So long a request may take; ``None`` where nobody stops it, or where there is no request."""
    if not request:
        return None
    limits = [config["limit_time_real"], config["workers"] and config["limit_time_cpu"]]
    return min(filter(None, limits), default=None)


def most_at_once():
    """Lines that are taken in or booked while somebody waits; a job has no more time either."""
    seconds = get_seconds()
    return min(SETTLEMENT_AT_ONCE_MAX, seconds * LINES_BOOKED_PER_S) if seconds else SETTLEMENT_AT_ONCE_MAX


def check_in_time(env, what, count):
    """
    :param what: that has so many lines, as a user knows it.
    :raise UserError: when so many lines take longer than the server lets a request take.
    """
    seconds = get_seconds()
    if seconds and count > seconds * LINES_BOOKED_PER_S:
        raise UserError(
            env._(
                "%(what)s has %(count)s lines. This server stops what takes longer than %(seconds)s seconds, in which it books "
                "about %(most)s of them. Nothing was done. Load reports of shorter periods, or have the administrator of the "
                "server raise its limits of time (limit_time_real, limit_time_cpu).",
                what=what,
                count=f"{count:,}",
                seconds=seconds,
                most=f"{seconds * LINES_BOOKED_PER_S:,}",
            )
        )
