"""How fast a platform may be asked: a bucket that fills by itself and is emptied by each request."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .outgoing import Rate


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many units were left at a moment; some come back each second.

    >>> bucket = Bucket(limit=20, per_s=0.5, available=1, at=100)
    >>> bucket.wait(2, now=100)
    2.0
    >>> bucket.wait(2, now=102)
    0.0

    :param at: seconds of any clock, the same for all calls.
    """

    limit: float
    per_s: float
    available: float
    at: float

    def level(self, now: float) -> float:
        """What is left at ``now``."""
        return min(self.limit, self.available + max(now - self.at, 0.0) * self.per_s)

    def wait(self, cost: float, now: float) -> float:
        """Seconds until ``cost`` may be spent. What costs more than the bucket holds waits until it is full."""
        lacking = min(cost, self.limit) - self.level(now)
        return lacking / self.per_s if lacking > 0 else 0.0

    def spend(self, cost: float, now: float) -> Bucket:
        """The bucket after a request. It may go below zero: others spend from it too."""
        return replace(self, available=self.level(now) - cost, at=now)

    def learn(self, now: float, available: float | None = None, limit: float | None = None, per_s: float | None = None):
        """The bucket as the platform says that it is; what it does not say stays as it was."""
        return Bucket(
            limit=self.limit if limit is None else limit,
            per_s=self.per_s if not per_s else per_s,
            available=self.level(now) if available is None else available,
            at=now,
        )

    def rate(self, now: float) -> Rate:
        return Rate(self.level(now), self.limit, self.per_s)
