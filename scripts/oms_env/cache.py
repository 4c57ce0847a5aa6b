"""The cache folder, and how things get built in it.

Everything that is fetched or made lives here and never in the checkout: Odoo, the Python environment, PostgreSQL's
data, the databases' files, the logs. Three rules keep it healthy whatever happens to a command (kill -9, a full disk,
no network):

* a thing is built under a lock, and its `.complete` marker is written last: without the marker it is rubble, which the
  next run removes;
* the lock is inherited by the programs a step starts, so that rubble is never removed while an orphan still writes it;
* what a user can do something about is a `Stop`, printed as one sentence.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextvars import ContextVar
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = Path(os.path.abspath(os.path.expanduser(os.environ.get("OMS_CACHE") or "~/.cache/oms")))

HEARTBEAT_S = 15
#: So much of the end of what a failed program printed says why it failed.
END_CHARS = 2000

#: Of this line of work: what runs beside it has locks of its own, and its programs must not inherit these.
_locks_held: ContextVar[tuple[int, ...]] = ContextVar("locks_held", default=())


class Stop(Exception):
    """The command cannot go on; the message is one sentence that says what is missing and what to do."""


def say(line: str) -> None:
    """Report progress. On stderr, so that the output of a command stays its own."""
    print(line, file=sys.stderr, flush=True)


def short_hash(*parts: object) -> str:
    """Eight characters that stand for the parts, for names of folders and databases."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:8]


def checkout_key() -> str:
    """Tells this clone from others that share the cache or the PostgreSQL server."""
    return short_hash(CHECKOUT)


def folder(*names: str) -> Path:
    """A folder of the cache, made when missing."""
    path = CACHE.joinpath(*names)
    path.mkdir(parents=True, exist_ok=True)
    return path


def log_file(name: str) -> Path:
    """Where the output of a long program goes, one file per clone and purpose."""
    return folder("logs", checkout_key()) / f"{name}.log"


def command(main) -> None:
    """Run a script's `main(arguments)` and exit with what it returns; what stops it is told in one sentence."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    name = f"scripts/{os.path.basename(sys.argv[0])}"
    try:
        if sys.version_info < (3, 10):  # noqa: UP036 (whoever has an older one is told so)
            raise Stop(f"`python3` is {sys.version.split()[0]}: Odoo 19 needs 3.10 or newer, put one first on PATH")
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        sys.exit(f"{name}: {stop}.")
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            sys.exit(f"{name}: {disk_full()}.")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and str(error.filename or "").startswith(str(CACHE)):
            sys.exit(f"{name}: {error.filename} cannot be written by this user: set OMS_CACHE to a folder of your own.")
        raise


def disk_full() -> str:
    return f"the disk that holds {CACHE} is full: free about 2 GB there, or set OMS_CACHE to a folder on another disk"


@contextlib.contextmanager
def lock(name: str, busy: str):
    """Hold the lock `name`; when another command holds it, say that it is `busy` and wait."""
    descriptor = os.open(folder("locks") / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"[ wait] another command is {busy}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = _locks_held.set((*_locks_held.get(), descriptor))
        try:
            yield
        finally:
            _locks_held.reset(before)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def step(doing: str, done: str):
    """Announce a step when it is done, and every few seconds that it is still alive."""
    started = time.monotonic()
    ended = threading.Event()

    def seconds() -> str:
        return f"[{time.monotonic() - started:4.0f} s]"

    def beat() -> None:
        while not ended.wait(HEARTBEAT_S):
            say(f"{seconds()} … {doing}")

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()
    say(f"{seconds()} {done}")


def build_once(name: str, doing: str, done: str, build) -> Path:
    """The cache's folder `name`, filled by `build(folder)` if that was not done before."""
    target = CACHE / name
    complete = target / ".complete"
    if complete.exists():
        return target
    with lock(name, f"{doing[0].lower()}{doing[1:]}"):
        if complete.exists():
            return target
        remove(target)
        target.mkdir(parents=True)
        try:
            with step(doing, done):
                build(target)
            write(complete, f"{done}\n")
        except Exception:
            remove(target)
            raise
    return target


def remove(path: Path) -> None:
    """Remove a folder and all that is in it, if it is there."""
    if path.exists():
        shutil.rmtree(path)


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a small file whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def start(arguments: list, **options) -> subprocess.Popen:
    """Start a program of a step. It inherits the locks: while it lives, nobody clears away what it works on."""
    try:
        return subprocess.Popen([str(part) for part in arguments], pass_fds=_locks_held.get(), **options)
    except FileNotFoundError as error:
        if error.filename != str(arguments[0]):
            raise
        raise Stop(f"the program `{arguments[0]}` is missing: install it, or put it on PATH") from None


def finish(process: subprocess.Popen) -> int:
    """Wait for a started program; if this command is stopped meanwhile, the program is too."""
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


def run(arguments: list, failed: str, log: Path | None = None, **options) -> str:
    """Run a program to its end and give back what it printed; if it fails, Stop with `failed` and its own reason."""
    with open(log, "w+", encoding="utf-8") if log else tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        options = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, **options}
        code = finish(start(arguments, stdout=output, **options))
        output.seek(0)
        printed = output.read()
    if code:
        # At its end only: somewhere in a log, a test may have said so on purpose.
        if any(words in printed[-END_CHARS:] for words in ("No space left on device", "Disk quota exceeded")):
            raise Stop(disk_full())
        raise Stop(f"{failed} ({_reason(printed) or f'exit code {code}'}{f', see {log}' if log else ''})")
    return printed


def _reason(printed: str) -> str:
    """The line of a program's output that says best why it failed: its last error, or else its last line."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    errors = [
        line for line in lines if line.startswith(("E:", "ERROR", "error")) or " CRITICAL " in line or " ERROR " in line
    ]
    return ((errors or lines or [""])[-1]).rstrip(".")[:300]
