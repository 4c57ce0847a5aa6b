"""A browser for the tests that look at screens: the machine's own, or Debian's Chromium unpacked into the cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .cache import Stop, build_once, remove, say, write
from .debian import INSTALLED, Debian, machines_suite

#: Where Odoo's tests look for one.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
WITHOUT_APT = "install Chromium or Google Chrome"


def with_browser(variables: dict[str, str]) -> dict[str, str]:
    """These variables, with a browser on their PATH. Without one, what needs it is skipped and says so."""
    if any(shutil.which(name, path=variables["PATH"]) for name in NAMES):
        return variables
    try:
        root = build_once(f"browser-{machines_suite()}", "Fetching a browser", "Browser unpacked", _fetch)
    except Stop as stop:
        say(f"        no browser, so no screens are looked at: {stop}")
        return variables
    return {**variables, "PATH": os.pathsep.join((str(root / "bin"), variables["PATH"]))}


def _fetch(root: Path) -> None:
    private = root / "apt"
    debian = Debian(private, WITHOUT_APT, suites=(machines_suite(),), installed=INSTALLED)
    debian.unpack_with_dependencies("chromium", root)
    remove(private)
    libraries = sorted({path.parent for path in (root / "usr" / "lib").glob("*-linux-gnu*/**/*.so*")})
    lines = [
        "#!/bin/sh",
        "# Made by scripts/test: Chromium as Debian packs it, with the libraries that this machine lacks.",
        f"export LD_LIBRARY_PATH='{os.pathsep.join(map(str, libraries))}'",
        f"export XDG_DATA_HOME='{root / 'usr' / 'share'}'",
    ]
    if not Path("/etc/fonts/fonts.conf").exists():
        lines.append(f"export FONTCONFIG_PATH='{root / 'etc' / 'fonts'}'")
    lines.append(f"exec '{root / 'usr' / 'lib' / 'chromium' / 'chromium'}' \"$@\"")
    (root / "bin").mkdir()
    write(root / "bin" / "chromium", "\n".join(lines) + "\n", mode=0o755)
