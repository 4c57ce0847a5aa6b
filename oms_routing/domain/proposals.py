"""What becomes of a proposal: whether it is worth a person's look, and whether a job may carry it out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

NONE = "none"  #: things are as they should be
PROPOSED = "proposed"  #: somebody should look at it
APPLIED = "applied"  #: carried out, and unchanged since
DISMISSED = "dismissed"  #: somebody said no to just that
PINNED = "pinned"  #: a person keeps the rule by hand

#: A change below this share of what stands is not worth anybody's time.
CHANGE_SHARE = Decimal("0.1")

Numbers = Sequence[Decimal]


class Verdict(NamedTuple):
    """:param may_apply: a job may do it: there is no rule yet, or it is as a job or a person left it who accepted one."""

    state: str
    may_apply: bool = False


def verdict(
    proposed: Numbers,
    current: Numbers | None,
    written: Numbers | None = None,
    dismissed: Numbers | None = None,
    *,
    is_pinned: bool = False,
) -> Verdict:
    """What to do with numbers that are proposed for a rule.

    A rule that a person made or changed is never written over by itself: only what stands there as it was written from
    here may be.

    :param current: what the rule says; None where there is none.
    :param written: what was written there from here last, accepted by a person or by a job.
    :param dismissed: what somebody said no to.
    """
    if current is None and not any(proposed):
        return Verdict(NONE)
    if current is not None and not _differs(proposed, current):
        return Verdict(APPLIED if written is not None and tuple(written) == tuple(current) else NONE)
    if is_pinned:
        return Verdict(PINNED)
    if dismissed is not None and not _differs(proposed, dismissed):
        return Verdict(DISMISSED)
    is_ours = current is None or (written is not None and tuple(written) == tuple(current))
    return Verdict(PROPOSED, is_ours and dismissed is None)


def _differs(proposed, standing):
    return any(
        abs(new - old) > CHANGE_SHARE * abs(old) and new != old for new, old in zip(proposed, standing, strict=True)
    )
