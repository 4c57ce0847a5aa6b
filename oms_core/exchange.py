"""A folder on the server through which files are exchanged with somebody who runs a place.

``<directory of the administrator>/<database>/<folder of the place>/`` with ``out`` (for them), ``in`` (from them), and
``done`` and ``error`` for what was read. Nothing outside of the administrator's directory is read or written: names are
checked, links are not followed.
"""

import os
import re
import time
from pathlib import Path

#: One name, never a path.
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
PARTS = ("in", "out", "done", "error")


class FolderProblem(Exception):
    """The folder cannot be used; the text says why, to an administrator."""


class Folder:
    def __init__(self, base, *names):
        """:raise FolderProblem: when it would not be inside of ``base``."""
        self.base = Path(base).resolve()
        if not self.base.is_dir():
            raise FolderProblem(f"The exchange directory {self.base} is not there.")
        for name in names:
            if not SAFE_NAME.fullmatch(name) or ".." in name:
                raise FolderProblem(f"“{name}” is no name of a folder.")
        self.path = self.base.joinpath(*names)
        try:
            for part in PARTS:
                (self.path / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderProblem(f"{self.path} cannot be made: {error.strerror}.") from error
        for part in PARTS:
            if not (self.path / part).resolve().is_relative_to(self.base):
                raise FolderProblem(f"{self.path / part} leads out of the exchange directory.")

    def put(self, part, name, data):
        """Put a file there that is complete as soon as it is seen."""
        name = self._clean(name)
        hidden = self.path / part / f".{name}.part"
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o660)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(hidden, self.path / part / name)

    def check(self):
        """:raise OSError: when it cannot be written to."""
        for part in PARTS:
            if not os.access(self.path / part, os.R_OK | os.W_OK | os.X_OK):
                raise FolderProblem(f"{self.path / part} cannot be written to.")

    def close(self):
        """Nothing is kept open."""

    def list_complete(self, quiet_s, limit, suffixes=(".csv",)):
        """Names of what came in, the oldest first: no links, nothing hidden, nothing that is still being written."""
        found = []
        with os.scandir(self.path / "in") as entries:
            for entry in entries:
                if entry.name.startswith(".") or not entry.name.lower().endswith(tuple(suffixes)):
                    continue
                if not entry.is_file(follow_symlinks=False):
                    continue
                changed = entry.stat(follow_symlinks=False).st_mtime
                if changed <= time.time() - quiet_s:
                    found.append((changed, entry.name))
        return [name for _changed, name in sorted(found)[:limit]]

    def get(self, name, max_bytes):
        """:return: the content, or ``None`` when there is more of it than is read."""
        descriptor = os.open(self.path / "in" / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(max_bytes + 1)
        return data if len(data) <= max_bytes else None

    def finish(self, name, mark, report=None):
        """Move a file away from ``in``; one with a report to ``error``, with the report beside it."""
        stem, suffix = os.path.splitext(name)
        kept = f"{self._clean(stem)[:100]}.{mark}{suffix}"
        if report is not None:
            self.put("error", f"{kept[: -len(suffix)]}.reasons.txt", report)
        os.replace(self.path / "in" / name, self.path / ("done" if report is None else "error") / kept)

    @staticmethod
    def _clean(name):
        return re.sub(r"[^A-Za-z0-9_.-]", "-", name).lstrip(".-")[:120] or "file"
