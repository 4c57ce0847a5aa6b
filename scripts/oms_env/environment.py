"""Everything put together: Odoo, its Python, its PostgreSQL and its configuration, ready to run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import odoo_source, postgres, python_env
from .cache import CHECKOUT, Stop, checkout_key, finish, folder, log_file, run, short_hash, start, write

SERVER_START_TIMEOUT_S = 60


class Environment:
    """Made by `environment()`. Programs find all they need in its variables: ODOO_RC, PYTHONPATH, PGHOST …"""

    def __init__(self) -> None:
        self.odoo = odoo_source.odoo_source()
        self.python = python_env.python()
        self.server = postgres.server(self.python)
        self.data = folder("odoo-data", self.server.key)
        self.conf = self._odoo_conf()
        self.variables = self._variables()

    def _odoo_conf(self) -> Path:
        """Write odoo.conf: one for each clone, Odoo and server, the same whenever it is written."""
        reach = self.server.variables
        settings = {
            "addons_path": ",".join(map(str, (*self.odoo.addons_paths, CHECKOUT))),
            "data_dir": self.data,
            "db_host": reach.get("PGHOST"),
            "db_port": reach.get("PGPORT"),
            "db_user": reach.get("PGUSER"),
            "db_password": reach.get("PGPASSWORD"),
            "pg_path": self.server.programs,
            "http_interface": "127.0.0.1",
            "list_db": True,
            "with_demo": False,
        }
        text = "[options]\n" + "".join(
            f"{key} = {value}\n" for key, value in settings.items() if value not in (None, "")
        )
        path = folder("conf") / f"odoo-{checkout_key()}-{short_hash(text)}.conf"
        if not path.exists():
            write(path, text, mode=0o600)
        return path

    def _variables(self) -> dict[str, str]:
        variables = {**os.environ, **self.server.variables, "ODOO_RC": str(self.conf)}
        # The servers that stand for shops and carriers in tests and demonstrations run on this machine.
        variables.setdefault("OMS_PRIVATE_NETWORKS", "127.0.0.0/8, ::1")
        variables.pop("PGDATABASE", None)  # Odoo would take it for the database to work on
        variables.pop("PYTHONHOME", None)
        paths = [str(self.odoo.python_path), os.environ.get("PYTHONPATH", "")]
        variables["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        return variables

    def execute(self, *arguments: object) -> None:
        """Become the environment's Python: signals and the exit code are the program's own."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(self.python, [str(self.python), *map(str, arguments)], self.variables)

    def call(self, *arguments: object, **options) -> int:
        """Run the environment's Python on the terminal and give back its exit code."""
        return finish(self.start(*arguments, **options))

    def start(self, *arguments: object, **options) -> subprocess.Popen:
        """Start the environment's Python; whoever starts it ends it."""
        options = {"env": self.variables, "cwd": CHECKOUT, **options}
        return start([self.python, *arguments], **options)

    def run_odoo(self, *arguments: object, log: Path, failed: str) -> str:
        """Run an Odoo command to its end with its output in `log`; Stop with `failed` when it fails."""
        return run([self.python, "-m", "odoo", *arguments], failed=failed, log=log, env=self.variables)

    def run_shell_script(self, database: str, script: Path, variables: dict[str, str] | None = None, **options) -> int:
        """Run a Python file with Odoo's `env` on a database, and give back its exit code.

        The file finds its arguments in the environment variables, and calls `env.cr.commit()` itself if it changes
        anything.
        """
        code = f"__file__ = {str(script)!r}\nexec(compile(open(__file__).read(), __file__, 'exec'))\n"
        read_end, write_end = os.pipe()
        os.write(write_end, code.encode())
        os.close(write_end)
        try:
            shell = ["-m", "odoo", "shell", "-d", database, "--no-http"]
            return self.call(*shell, stdin=read_end, env={**self.variables, **(variables or {})}, **options)
        finally:
            os.close(read_end)

    def run_server(self, database: str, port: int, *options: str) -> subprocess.Popen:
        """Start Odoo's server on a database, and give back its process once it answers. Its log is `server`."""
        log = log_file("server")
        arguments = ["-m", "odoo", "-d", database, f"--db-filter=^{database}$", f"--http-port={port}", *options]
        with open(log, "w", encoding="utf-8") as output:
            process = start([self.python, *arguments], env=self.variables, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + SERVER_START_TIMEOUT_S
        try:
            while not answers(f"http://127.0.0.1:{port}/web/health"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Stop(f"Odoo's server does not answer on port {port}: see {log}")
                time.sleep(0.3)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        return process


def environment() -> Environment:
    """The environment; whatever is missing is made first, which takes minutes once and no time afterwards."""
    return Environment()


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
