"""What stands behind the question mark of a request to the documented API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

from .problem import ApiProblem
from .reader import moment_of


def whole(query: Mapping[str, str], name: str, default: int) -> int:
    """A whole number.

    >>> whole({"limit": "20"}, "limit", 5), whole({}, "limit", 5)
    (20, 5)

    :raise ApiProblem: for what is none.
    """
    text = query.get(name) or ""
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ApiProblem(422, f"bad_{name}", f"“{name}” is no whole number.")
    return int(text)


def skus(query: Mapping[str, str], most: int) -> list[str]:
    """
    >>> skus({"skus": "MUG, CUP,"}, 5)
    ['MUG', 'CUP']

    :raise ApiProblem: for more than ``most``.
    """
    found = [sku.strip() for sku in (query.get("skus") or "").replace("\0", "").split(",") if sku.strip()]
    if len(found) > most:
        raise ApiProblem(422, "too_many", f"{len(found)} SKUs are more than {most}. Ask in several requests.")
    return found


def since(query: Mapping[str, str]) -> datetime | None:
    """The moment after which something is asked for, naive UTC.

    >>> since({"since": "2026-03-02T12:00:00+02:00"}), since({})
    (datetime.datetime(2026, 3, 2, 10, 0), None)

    :raise ApiProblem: for what is no moment.
    """
    if not query.get("since"):
        return None
    moment = moment_of(query["since"].replace(" ", "+"))  # a “+” that nobody escaped
    if moment is None:
        raise ApiProblem(422, "bad_since", "“since” is no date and time. Write it as 2026-03-02T10:00:00Z.")
    return moment.replace(tzinfo=None)


def stamp(moment: datetime) -> str:
    """A naive UTC moment as it is told.

    >>> stamp(datetime(2026, 3, 2, 10))
    '2026-03-02T10:00:00Z'
    """
    return moment.replace(tzinfo=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
