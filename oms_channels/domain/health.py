"""Whether a channel is well: from counts and times to causes, each with its own code, so that one task stands for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

#: From how many finished messages on a share of failures says anything.
FAILED_FROM = 10
#: Orders that polls have to bring without any webhook before webhooks are missed.
SILENT_FROM = 3
#: A limit of which less than this share is left slows everything down.
RATE_SHARE_MIN = 0.05
#: Keys that end are told of so long before.
KEYS_WARN_DAYS = 14
LEVELS = ("ok", "warning", "error")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still taken for well, as set on the channel.

    :param lag_max_min: minutes that nineteen of twenty orders may take from the customer's click to here.
    :param waiting_max: messages that may wait, in each direction.
    :param failed_max_pct: percent of the last day's messages that may need a person.
    :param silent_max_h: hours without a successful poll, and minutes times sixty that the oldest message may wait.
    """

    lag_max_min: float = 15
    waiting_max: int = 200
    failed_max_pct: float = 2
    silent_max_h: float = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a channel at ``now``; naive UTC. Counts of "the last day" are of the last 24 hours."""

    now: datetime
    is_asked: bool = False  #: orders are read from it
    has_webhooks: bool = False  #: it was told to send its messages here
    since: datetime | None = None  #: connected
    polled_at: datetime | None = None
    down_since: datetime | None = None
    connection_error: str = ""
    poll_error: str = ""
    lag_median_min: float | None = None
    lag_p95_min: float | None = None
    waiting_in: int = 0
    waiting_out: int = 0
    hints: int = 0
    oldest_at: datetime | None = None  #: of what waits
    dead: int = 0
    quarantine: int = 0
    finished_day: int = 0
    failed_day: int = 0
    webhooks_day: int = 0
    polled_day: int = 0
    audit_at: datetime | None = None
    audit_found: int = 0
    audit_error: str = ""
    rate_available: float | None = None
    rate_limit: float | None = None
    warning: str = ""  #: what the shop said when it was tested: a version that ends, a permission that lacks
    keys_end_at: datetime | None = None
    keys: str = "ok"  #: ``plain`` when nothing encrypts them, ``unreadable`` when none of the server's keys opens them

    @property
    def failed_pct(self) -> float:
        return 100 * self.failed_day / self.finished_day if self.finished_day else 0.0


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is not well.

    :param code: the same as long as it lasts.
    :param values: what the sentence about it names.
    """

    code: str
    level: str
    values: dict[str, Any] = field(default_factory=dict)


def causes(facts: Facts, limits: Limits) -> tuple[Cause, ...]:
    """All that is not well, the worst first."""
    found = sorted(_causes(facts, limits), key=lambda cause: LEVELS.index(cause.level), reverse=True)
    return tuple(found)


def level(found: tuple[Cause, ...]) -> str:
    return found[0].level if found else "ok"


def _causes(facts: Facts, limits: Limits) -> Iterator[Cause]:
    yield from _of_connection(facts, limits)
    yield from _of_keys(facts)
    yield from _of_queues(facts, limits)
    if facts.lag_p95_min is not None and facts.lag_p95_min > limits.lag_max_min:
        yield Cause("lag", "warning", {"minutes": round(facts.lag_p95_min), "limit": round(limits.lag_max_min)})
    # Webhooks of what polls brought first are recognised, and leave no message; so it takes more than one.
    if facts.has_webhooks and not facts.webhooks_day and facts.polled_day >= SILENT_FROM:
        yield Cause("webhooks", "warning", {"count": facts.polled_day})
    if facts.audit_error:
        yield Cause("comparison", "warning", {"error": facts.audit_error})
    elif facts.audit_found:
        yield Cause("found", "warning", {"count": facts.audit_found})
    if (
        facts.rate_limit
        and facts.rate_available is not None
        and facts.rate_available < facts.rate_limit * RATE_SHARE_MIN
    ):
        yield Cause("rate", "warning", {"left": round(facts.rate_available), "limit": round(facts.rate_limit)})
    if facts.warning:
        yield Cause("version", "warning", {"error": facts.warning})


def _of_connection(facts: Facts, limits: Limits) -> Iterator[Cause]:
    patience = timedelta(hours=limits.silent_max_h)
    if facts.poll_error and not facts.down_since:
        yield Cause("poll", "error", {"error": facts.poll_error})
    elif facts.down_since:
        grave = "error" if facts.now - facts.down_since > patience else "warning"
        yield Cause("down", grave, {"error": facts.connection_error or facts.poll_error, "since": facts.down_since})
    elif facts.is_asked:
        last = facts.polled_at or facts.since
        if last and facts.now - last > patience:
            yield Cause("silent", "error", {"since": last})


def _of_keys(facts: Facts) -> Iterator[Cause]:
    if facts.keys == "unreadable":
        yield Cause("unreadable", "error")
    elif facts.keys == "plain":
        yield Cause("plain", "warning")
    if facts.keys_end_at:
        left = facts.keys_end_at - facts.now
        if left < timedelta(days=KEYS_WARN_DAYS):
            yield Cause("keys_end", "error" if left < timedelta(0) else "warning", {"on": facts.keys_end_at})


def _of_queues(facts: Facts, limits: Limits) -> Iterator[Cause]:
    if facts.dead:
        yield Cause("dead", "warning", {"count": facts.dead})
    if facts.quarantine:
        yield Cause("quarantine", "warning", {"count": facts.quarantine})
    if facts.finished_day >= FAILED_FROM and facts.failed_pct > limits.failed_max_pct:
        yield Cause(
            "failed", "error", {"percent": round(facts.failed_pct, 1), "limit": round(limits.failed_max_pct, 1)}
        )
    waiting = facts.waiting_in + facts.waiting_out + facts.hints
    is_late = facts.oldest_at and facts.now - facts.oldest_at > timedelta(hours=limits.silent_max_h)
    if waiting and (is_late or max(facts.waiting_in + facts.hints, facts.waiting_out) > limits.waiting_max):
        yield Cause("backlog", "warning", {"count": waiting, "since": facts.oldest_at})
