"""What the test of a connection found, as facts for a person to read: what is in order, what is not, and what to do next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .adapter import Adapter, Auth, Capabilities, ChannelError, Retry
from .outgoing import Shop

#: Signatures and time windows bear clocks that differ so much.
CLOCK_SECONDS_MAX = 120
#: Places that are named one by one.
NAMES_MAX = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a test.

    :param level: ``ok``, ``warning`` (it works, and something should be put right) or ``error`` (it does not work).
    :param todo: what to do next; empty where nothing has to be done.
    """

    level: str
    text: str
    todo: str = ""


#: What a platform can do, in the words of a card. In the order of interest.
ABILITIES = (
    ("webhooks", "orders within seconds"),
    ("poll", "orders read every few minutes"),
    ("files", "orders from files (CSV, Excel, EDIFACT, X12)"),
    ("fulfilment", "shipments with tracking"),
    ("cancel", "cancellations"),
    ("refunds", "refunds"),
    ("stock", "stock"),
    ("prices", "prices"),
    ("listings", "listings"),
    ("locations", "several locations"),
    ("payouts", "payouts and their fees"),
    ("subscribe", "webhooks set up by itself"),
)


def abilities(capabilities: Capabilities) -> tuple[str, ...]:
    return tuple(words for name, words in ABILITIES if getattr(capabilities, name))


def of_clock(ahead_s: float | None) -> tuple[Finding, ...]:
    """Whether the platform's clock and ours agree; nothing where it has not said."""
    if ahead_s is None:
        return ()
    if abs(ahead_s) <= CLOCK_SECONDS_MAX:
        return (Finding("ok", "The clocks agree."),)
    way = "behind" if ahead_s > 0 else "ahead of"
    return (
        Finding(
            "error",
            f"The clock of this server is {abs(ahead_s) / 60:.0f} minutes {way} the shop's.",
            "Have the server's clock set by the network (NTP). Until then signatures are refused and orders are missed.",
        ),
    )


def of_address(address: str, capabilities: Capabilities) -> tuple[Finding, ...]:
    """Whether the platform can send its messages here."""
    if not capabilities.webhooks:
        return (Finding("ok", "Orders are read every few minutes; this platform sends no messages here."),)
    host = address.partition("://")[2].partition("/")[0].partition(":")[0]
    if address.startswith("https://") and "." in host:
        return (Finding("ok", f"The shop can send its messages to {host}."),)
    return (
        Finding(
            "warning",
            f"The shop cannot send its messages to “{address}”.",
            "Have an administrator set the system parameter web.base.url to the public https:// address of this Odoo. Until "
            "then orders are read every few minutes.",
        ),
    )


def of_shop(shop: Shop, host: str, currencies: Collection[str], adapter: Adapter) -> tuple[Finding, ...]:
    """What a shop that answered has said.

    :param currencies: codes of the currencies that are switched on here.
    """
    found = [Finding("ok", f"{host} answers, and lets us in: “{shop.name}”.")]
    if shop.currency and shop.currency not in currencies:
        found.append(
            Finding(
                "error",
                f"Its currency {shop.currency} is switched off here.",
                f"Switch {shop.currency} on under Accounting > Configuration > Currencies; orders wait until then.",
            )
        )
    elif shop.currency:
        found.append(Finding("ok", f"Its currency is {shop.currency}."))
    if shop.country:
        found.append(Finding("ok", f"Its country is {shop.country}."))
    if shop.locations:
        names = [place.name for place in shop.locations if place.active]
        more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
        found.append(Finding("ok", f"Its locations: {', '.join(names[:NAMES_MAX])}{more}."))
    if shop.missing:
        todo = adapter.permissions_help or "Give the keys this permission in the shop, then test again."
        found += [Finding("error", f"The keys lack the permission “{scope}”.", todo) for scope in shop.missing]
    else:
        found.append(Finding("ok", "The keys permit everything that is needed."))
    if shop.api_version:
        found.append(Finding("ok", f"It speaks version {shop.api_version}."))
    if shop.warning:
        found.append(Finding("warning", shop.warning))
    return tuple(found)


def of_error(error: ChannelError, adapter: Adapter) -> tuple[Finding, ...]:
    """Why a shop could not be asked. The error says what is wrong; what it does not say is what to do about it."""
    if isinstance(error, Auth):
        keys = [one for one in adapter.credentials if one.field in ("api_key", "api_secret", "api_token")]
        where = "; ".join(f"{one.label}: {one.help.rstrip('.')}" if one.help else one.label for one in keys)
        return (Finding("error", str(error), f"Copy them anew, without blanks around them. {where}."),)
    if isinstance(error, Retry) and "page instead of data" in str(error):
        return (
            Finding(
                "error",
                str(error),
                "Enter the address of the shop itself, not that of a page in it. If it is right, the shop may be under "
                "maintenance, or a firewall asks whether this server is a robot: have whoever hosts it let it through.",
            ),
        )
    todo = "Wait a minute and test again." if isinstance(error, Retry) and not error.code else ""
    return (Finding("error", str(error), todo),)


def works(findings: Collection[Finding]) -> bool:
    """Whether a channel can be made of it: a missing permission stops what it is for, and not the rest."""
    return any(finding.level == "ok" for finding in findings)
