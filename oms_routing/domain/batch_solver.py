"""The one file that imports the solver HiGHS and numpy, when they are asked for: an installation may be without."""

from __future__ import annotations

from typing import Any, NamedTuple


class SolverMissing(Exception):
    """The solver is not installed; the message says what to do."""


class Solver(NamedTuple):
    np: Any
    highspy: Any


def load() -> Solver:
    """
    :raises SolverMissing: if one of them is not installed.
    """
    try:
        import highspy
        import numpy
    except ImportError as error:
        raise SolverMissing(
            "Orders were planned one after the other: the solver for planning them together is not installed. "
            "Install the Python package highspy, then run again."
        ) from error
    return Solver(numpy, highspy)
