"""Runs every behaviour on every platform and prints what passed. Called by ``scripts/conformance``, in Odoo's Python."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import odoo.addons

odoo.addons.__path__.append(str(Path(__file__).resolve().parents[1]))

from odoo.addons.oms_channels.tests.conformance.behaviours import (  # noqa: E402
    BEHAVIOURS,
    NOTHING_TO_TRY,
    any_schedule,
    world,
)
from odoo.addons.oms_channels.tests.conformance.stories import STORIES  # noqa: E402

PASSED, FAILED, NOTHING = "pass", "FAIL", "-"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/conformance", description=__doc__.split("\n")[0])
    parser.add_argument("--platform", choices=STORIES, action="append", help="only these; all by default")
    parser.add_argument("-k", dest="name", default="", help="only behaviours with this in their name")
    parser.add_argument("--seeds", type=int, default=5, help="how many schedules are made up for each platform")
    parser.add_argument("--first-seed", type=int, default=1)
    options = parser.parse_args(arguments)
    platforms = options.platform or list(STORIES)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    rows = {name: partial(_cell, name) for name in BEHAVIOURS if name != any_schedule.__name__ and options.name in name}
    rows |= {f"schedule {seed}": partial(_schedule, seed) for seed in seeds if options.name in f"schedule {seed}"}
    width = max(map(len, rows), default=0) + 2
    print(f"{'':{width}}" + "".join(f"{platform:>14}" for platform in platforms), flush=True)
    failures: list[str] = []
    started, passed = time.monotonic(), 0
    for name, cell in rows.items():
        print(f"{name.replace('_', ' '):{width}}", end="", flush=True)
        for platform in platforms:
            verdict = cell(platform, failures)
            passed += verdict == PASSED
            print(f"{verdict:>14}", end="", flush=True)
        print()
    print(f"\n- nothing to try: {'; '.join(sorted(set(NOTHING_TO_TRY.values())))}")
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr)
    print(f"CONFORMANCE: {passed} passed, {len(failures)} failed in {time.monotonic() - started:.0f} s")
    return 1 if failures else 0


def _cell(name: str, platform: str, failures: list[str]) -> str:
    if (platform, name) in NOTHING_TO_TRY:
        return NOTHING
    return _verdict(name, partial(BEHAVIOURS[name], partial(world, platform)), platform, failures)


def _schedule(seed: int, platform: str, failures: list[str]) -> str:
    return _verdict(f"schedule {seed}", partial(any_schedule, partial(world, platform), seed), platform, failures)


def _verdict(name: str, run: Callable[[], None], platform: str, failures: list[str]) -> str:
    try:
        run()
    except Exception:  # whatever a behaviour meets is the verdict of its own cell
        failures.append(f"== {platform}, {name}\n{traceback.format_exc(limit=-4)}")
        return FAILED
    return PASSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
