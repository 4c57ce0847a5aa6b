"""Odoo 19.0 Community itself: an existing one (ODOO_PATH), or Debian's package unpacked into the cache."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from .cache import Stop, build_once, remove, short_hash, write
from .debian import Debian

SERIES = "19.0"
WITHOUT_APT = f"set ODOO_PATH to an Odoo {SERIES} (a source checkout, or a folder that contains the `odoo` package)"

# The package leaves these web assets to others, through relative links. Odoo links to file names of Font Awesome 4.7
# and of the old Inconsolata, which only Debian's stable suite still has.
SCRIPTS = ("libjs-jquery", "libjs-jquery-form", "libjs-underscore")
FONTS = (
    ("fonts-font-awesome", "stable"),
    ("fonts-inconsolata", "stable"),
    ("fonts-roboto-unhinted", "sid"),
    ("fonts-ocr-b", "sid"),
    ("fonts-montserrat", "sid"),
)
# What no package has, of a script for video calls. Without the file, every page would complain in the browser.
STAND_IN = Path("odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js")
# Translations and the fiscal localisations are three quarters of the package, and nothing here uses them.
LEFT_OUT = ("*/i18n/*", "*/addons/l10n_*")


class OdooSource(NamedTuple):
    """Where Odoo is."""

    python_path: Path
    """The folder that contains the `odoo` package."""
    addons_paths: tuple[Path, ...]
    version: str
    """Changes whenever the code does: what was built with one version is not used with another."""


def odoo_source() -> OdooSource:
    """Odoo, fetched if need be."""
    given = os.environ.get("ODOO_PATH")
    return _existing(Path(os.path.abspath(os.path.expanduser(given)))) if given else _from_debian()


def _existing(path: Path) -> OdooSource:
    release = path / "odoo" / "release.py"
    if not release.exists():
        raise Stop(f"ODOO_PATH is {path}, where there is no odoo/release.py: {WITHOUT_APT}")
    series = _series(release)
    if series != SERIES:
        raise Stop(f"ODOO_PATH is {path}, which is Odoo {series} and not {SERIES}: {WITHOUT_APT}")
    addons = tuple(folder for folder in (path / "odoo" / "addons", path / "addons") if folder.is_dir())
    return OdooSource(path, addons, f"{SERIES}-{short_hash(path, _commit(path))}")


def _series(release: Path) -> str:
    """Read from the text: Odoo's packages are not importable by the Python that runs this."""
    found = re.search(r"^version_info = \((\d+), (\d+)", release.read_text(encoding="utf-8"), re.MULTILINE)
    return ".".join(found.groups()) if found else "of unknown version"


def _commit(path: Path) -> str:
    """The commit of a source checkout, empty for anything else."""
    if not (path / ".git").exists():
        return ""
    try:
        return subprocess.run(
            ["git", "-C", path, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def _from_debian() -> OdooSource:
    root = build_once(f"odoo-{SERIES}", f"Fetching and unpacking Odoo {SERIES}", f"Odoo {SERIES} unpacked", _fetch)
    packages = root / "usr" / "lib" / "python3" / "dist-packages"
    if not (packages / STAND_IN).exists():
        (packages / STAND_IN).parent.mkdir(exist_ok=True)
        write(packages / STAND_IN, "// Not in Debian's package: backgrounds of video calls are not blurred.\n")
    return OdooSource(packages, (packages / "odoo" / "addons",), (root / "version").read_text().strip())


def _fetch(root: Path) -> None:
    private = root / "apt"
    debian = Debian(private, instead=WITHOUT_APT)
    version = debian.unpack("odoo-19", "sid", root, exclude=LEFT_OUT)
    for package in SCRIPTS:
        debian.unpack(package, "sid", root)
    for package, suite in FONTS:
        debian.unpack_if_possible(package, suite, root)
    remove(private)
    write(root / "version", version)
    if _series(root / "usr/lib/python3/dist-packages/odoo/release.py") != SERIES:
        raise Stop(f"Debian's package odoo-19 is no longer Odoo {SERIES}: {WITHOUT_APT}")
