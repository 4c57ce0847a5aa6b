"""Whether a customer is told about something, and what makes two occasions the same one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is known at the moment of telling.

    :param age: how long ago the customer ordered; ``None`` where nobody knows.
    :param by_customer: the channel, and so the customer, caused it; the shop has answered already.
    """

    event: str
    email: str = ""
    phone: str = ""
    owns_contact: bool = False
    age: timedelta | None = None
    by_customer: bool = False


#: Events that only make sense while the order is young: a shop's history that is loaded later is no news to anybody.
YOUNG_ONLY = frozenset({"received", "confirmed", "cancelled"})

#: Events that a shop has told about itself when they came from there.
TOLD_BY_SHOP = frozenset({"cancelled", "changed"})


def why_not(occasion: Occasion, method: str, relays: Iterable[str], young: timedelta) -> str:
    """The code of the reason for which nothing is sent; empty when it is sent.

    >>> why_not(Occasion("shipped", email="a@members.relay.example"), "mail", ["relay.example"], timedelta(7))
    'relay'
    >>> why_not(Occasion("shipped", email="zoe@example.com"), "mail", ["relay.example"], timedelta(7))
    ''
    """
    if occasion.owns_contact:
        return "marketplace"
    if is_relay(occasion.email, relays):
        return "relay"
    if occasion.by_customer and occasion.event in TOLD_BY_SHOP:
        return "told"
    if occasion.event in YOUNG_ONLY and occasion.age is not None and occasion.age > young:
        return "old"
    if method == "mail" and not occasion.email:
        return "no_email"
    if method == "sms" and not occasion.phone:
        return "no_phone"
    if not occasion.email and not occasion.phone:
        return "no_address"
    return ""


def is_relay(email: str, domains: Iterable[str]) -> bool:
    """Whether an address belongs to a marketplace that forwards mail, or to a part of its domain."""
    host = email.rpartition("@")[2].strip().lower()
    wanted = (domain.strip().lower().lstrip("@.") for domain in domains)
    return any(domain and (host == domain or host.endswith("." + domain)) for domain in wanted)


def split_domains(text: str | None) -> list[str]:
    """The domains in what somebody typed, separated by commas, blanks or lines."""
    return (text or "").replace(",", " ").replace(";", " ").split()


def occasion_key(*parts: object) -> str:
    """One short text for what an occasion is about, the same whenever the same happens again.

    >>> occasion_key("picking", 12)
    'picking:12'
    >>> occasion_key()
    ''
    """
    text = ":".join(_spell(part) for part in parts if part not in (None, False, ""))
    return text if len(text) <= 64 else sha256(text.encode()).hexdigest()


def _spell(part: object) -> str:
    return part.isoformat(timespec="seconds") if isinstance(part, datetime) else str(part)
