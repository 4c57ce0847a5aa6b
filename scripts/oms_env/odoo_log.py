"""What an Odoo log says: how the tests went, and what else went wrong."""

from __future__ import annotations

import re
from typing import NamedTuple

# Known to appear on every machine, and harmless.
EXPECTED = (
    "CREATE EXTENSION IF NOT EXISTS",  # the embedded PostgreSQL lacks pg_trgm: searches are slower
    "Unable to create PostgreSQL extensions",
    "selfie_segmentation",  # a file that Debian leaves out of its package: video calls cannot blur the background
    "Running as user 'root'",
)
ENTRY_LINES_MAX = 60

_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ (?P<level>[A-Z]+) \S+ (?P<logger>\S+): (?P<text>.*)$")
_RESULT = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading database")


class Counts(NamedTuple):
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def plus(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


class OdooLog(NamedTuple):
    """A log, read."""

    counts: Counts
    errors: list[str]
    """Entries of level ERROR and CRITICAL with their tracebacks; a failed test is one of them."""
    warnings: list[str]
    skipped: list[str]


def read(text: str) -> OdooLog:
    entries = _entries(text)
    results = _RESULT.findall(text)
    failed, errors, total = map(int, results[-1]) if results else (0, 0, 0)
    skipped = [text for _level, logger, text in entries if ": skipped " in text and ".tests." in logger]
    counts = Counts(total - failed - errors - len(skipped), failed + errors, len(skipped))
    surprising = [(level, text) for level, _logger, text in entries if not any(known in text for known in EXPECTED)]
    return OdooLog(
        counts,
        [text for level, text in surprising if level in ("ERROR", "CRITICAL")],
        [text for level, text in surprising if level == "WARNING"],
        skipped,
    )


def _entries(text: str) -> list[tuple[str, str, str]]:
    """(level, logger, text) of each entry, tracebacks included."""
    entries: list[list] = []
    for line in text.splitlines():
        start = _ENTRY.match(line)
        if start:
            entries.append([start["level"], start["logger"], [f"{start['logger']}: {start['text']}"]])
        elif entries and len(entries[-1][2]) < ENTRY_LINES_MAX:
            entries[-1][2].append(line)
    return [(level, logger, "\n".join(lines).rstrip()) for level, logger, lines in entries]
