"""Many orders sourced together at least cost: where stock and capacity are scarce, who comes first must not take all."""

from __future__ import annotations

from collections.abc import Callable

from . import batch_solver
from .batch_arrays import Arrays
from .batch_model import PROVEN, Instance, Limits, Plan
from .batch_search import Search


def solve(
    instance: Instance,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    seed: int = 0,
    clock: Callable[[], float] | None = None,
) -> Plan:
    """The cheapest plan that could be found, never dearer than order by order, with what no plan can cost less.

    Equal inputs give equal plans as long as the rounds of ``limits`` end the search and not the seconds.

    :param seed: of the choices that are left to chance.
    :param clock: seconds that only grow; needed if ``limits`` has seconds.
    :raises SolverMissing: if the solver is not installed.
    :raises ValueError: for seconds without a clock.
    """
    if limits.seconds is not None and clock is None:
        raise ValueError("a limit in seconds needs a clock")
    if not instance.orders:
        return Plan((), 0.0, 0.0, 0.0, PROVEN)
    clock = clock or (lambda: 0.0)
    started, solver = clock(), batch_solver.load()
    return Search(solver, Arrays(solver.np, instance), instance, limits, seed, clock, started).run()
