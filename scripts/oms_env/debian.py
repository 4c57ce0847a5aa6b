"""Packages from the machine's own Debian mirror, without root and without touching the system's packages."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

from .cache import Stop, finish, run, say, start, write

KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)


#: What is installed on this machine, as its package manager keeps it.
INSTALLED = Path("/var/lib/dpkg/status")


def machines_suite() -> str:
    """The release this machine runs, so that what is fetched fits its libraries."""
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME") or "stable"
    except OSError:
        return "stable"


class Debian:
    """A private apt: its lists and downloads live in `folder`."""

    def __init__(
        self, folder: Path, instead: str, suites: tuple[str, ...] = ("sid", "stable"), installed: Path | None = None
    ):
        """
        :param instead: what a user on a machine without Debian's apt can do, the end of a sentence.
        :param suites: where packages are looked for; sid for Odoo.
        :param installed: what need not be fetched; nothing when left out.
        """
        if not shutil.which("apt-get"):
            raise Stop(f"this machine has no `apt-get`: {instead}")
        keyring = next((path for path in KEYRINGS if path.exists()), None)
        if not keyring:
            raise Stop(f"the Debian archive keyring is missing: install `debian-archive-keyring`, or {instead}")
        self.folder = folder
        self.instead = instead
        for name in ("state/lists/partial", "cache/archives/partial", "debs"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.status = installed or folder / "status"
        if not installed:
            write(self.status, "")
        mirror = self._mirror()
        write(
            folder / "sources.list",
            "".join(f"deb [signed-by={keyring}] {mirror} {suite} main\n" for suite in suites),
        )
        self._apt("update", failed=f"the package lists could not be fetched: check the network, or {instead}")

    def _mirror(self) -> str:
        """The mirror this machine's administrator chose. None is written in this project."""
        targets = run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages"],
            failed="apt-get does not tell its mirrors",
        )
        for uri, component in (line.split()[:2] for line in targets.splitlines() if len(line.split()) >= 2):
            if component == "main" and uri.rstrip("/").endswith("/debian") and "security" not in uri:
                return uri
        raise Stop(f"apt's sources name no Debian mirror: {self.instead}")

    def _apt(self, *arguments: str, failed: str) -> None:
        private = {
            "Dir::State": "state",
            "Dir::State::Lists": "state/lists",
            "Dir::Cache": "cache",
            "Dir::Etc::sourcelist": "sources.list",
        }
        options = [f"{key}={self.folder / name}" for key, name in private.items()]
        options += [
            f"Dir::State::status={self.status}",
            "Dir::Etc::sourceparts=/dev/null",
            "Dir::Etc::preferences=/dev/null",
            "Dir::Etc::preferencesparts=/dev/null",
        ]
        options += [
            "APT::Sandbox::User=root",
            "Acquire::Languages=none",
            "Acquire::Retries=2",
            "APT::Update::Error-Mode=any",
        ]
        flags = [part for option in options for part in ("-o", option)]
        run(["apt-get", "-q", *flags, *arguments], failed=failed, cwd=self.folder / "debs")

    def download(self, package: str, suite: str) -> Path:
        """Fetch one package and give back its file."""
        self._apt(
            "download",
            f"{package}/{suite}",
            failed=f"Debian's package {package} could not be fetched: check the network, or {self.instead}",
        )
        return next((self.folder / "debs").glob(f"{package}_*.deb"))

    def unpack(self, package: str, suite: str, root: Path, exclude: tuple[str, ...] = ()) -> str:
        """Fetch a package, unpack it under `root`, and give back its version."""
        return self._unpack(self.download(package, suite), root, exclude)

    def unpack_with_dependencies(self, package: str, root: Path) -> None:
        """Fetch a package and whatever it needs that is not installed, and unpack it all under `root`."""
        self._apt(
            *("install", "--download-only", "--no-install-recommends", "-y", package),
            failed=f"Debian's package {package} could not be fetched: check the network, or {self.instead}",
        )
        for deb in sorted((self.folder / "cache" / "archives").glob("*.deb")):
            self._unpack(deb, root)

    def _unpack(self, deb: Path, root: Path, exclude: tuple[str, ...] = ()) -> str:
        root.mkdir(parents=True, exist_ok=True)
        archive = start(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        patterns = [f"--exclude={pattern}" for pattern in exclude]
        run(
            ["tar", "-x", "--no-same-owner", "-C", root, *patterns],
            failed=f"{deb.name} could not be unpacked",
            stdin=archive.stdout,
        )
        archive.stdout.close()
        if finish(archive):
            raise Stop(f"{deb.name} is damaged: run the command again")
        deb.unlink()
        return deb.name.split("_")[1]

    def unpack_if_possible(self, package: str, suite: str, root: Path) -> None:
        """The same for a package that only makes pages prettier: without it everything still works."""
        try:
            self.unpack(package, suite, root)
        except Stop as stop:
            say(f"        left out {package}, some fonts or icons will look different: {stop}")
