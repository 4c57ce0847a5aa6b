"""Of a long history that shows a fault, a short one that still shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def shrink(items: Sequence[Item], fails: Callable[[Sequence[Item]], bool], calls_max: int = 2000) -> tuple[Item, ...]:
    """A part of ``items``, in their order, that fails like the whole, and of which no single item can be left out.

    Source: delta debugging, A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002: larger
    pieces are left out first, so that a long history takes few looks.

    >>> shrink(range(100), lambda part: 7 in part and 42 in part)
    (7, 42)

    :param fails: whether a part shows the fault; it must answer the same for the same part.
    :param calls_max: looks that are taken at most; when they are used up, what is left fails and may be longer than need be.
    :raise ValueError: when the whole does not fail.
    """
    rest = tuple(items)
    if not fails(rest):
        raise ValueError("The whole history does not show the fault.")
    calls, pieces = 1, 2
    while len(rest) > 1:
        size = -(-len(rest) // pieces)
        for start in range(0, len(rest), size):
            shorter = rest[:start] + rest[start + size :]
            if not shorter:
                continue
            if calls >= calls_max:
                return rest
            calls += 1
            if fails(shorter):
                rest, pieces = shorter, max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(pieces * 2, len(rest))
    return rest
