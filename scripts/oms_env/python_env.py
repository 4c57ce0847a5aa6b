"""The Python environment: a virtual environment with the pinned packages of requirements.txt."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from pathlib import Path

from .cache import CHECKOUT, Stop, build_once, remove, run, short_hash
from .debian import Debian

REQUIREMENTS = CHECKOUT / "requirements.txt"
NO_PIP = "install the `venv` module of this Python (Debian's package python3-venv)"
NO_INDEX = "the Python packages could not be installed: check the network and pip's settings"


def requirements_key() -> str:
    """Changes with the packages: an environment, and what was built with it, is never reused for others."""
    return short_hash(REQUIREMENTS.read_text(encoding="utf-8"), platform.machine())


def python() -> Path:
    """The environment's Python, made if need be."""
    version = ".".join(map(str, sys.version_info[:2]))
    name = f"python-{version}-{requirements_key()}"
    done = f"Python {version} environment ready"
    doing = f"Installing the Python {version} packages"
    executable = build_once(name, doing, done, _install) / "bin" / "python"
    if not executable.exists():  # the Python it was made from is gone: an upgrade of the system, for instance
        remove(executable.parents[1])
        build_once(name, doing, done, _install)
    return executable


def _install(target: Path) -> None:
    # Somebody else's packages on PYTHONPATH would count as installed.
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    executable = target / "bin" / "python"
    if importlib.util.find_spec("ensurepip"):
        run(
            [sys.executable, "-m", "venv", target],
            failed=f"the virtual environment could not be made: {NO_PIP}",
            env=clean,
        )
        pip = [executable, "-m", "pip"]
    else:
        run(
            [sys.executable, "-m", "venv", "--without-pip", target],
            failed=f"the virtual environment could not be made: {NO_PIP}",
            env=clean,
        )
        pip = [executable, _pip_wheel(target) / "pip"]
    options = ["--disable-pip-version-check", "--no-input", "--retries", "2", "--quiet"]
    run([*pip, "install", *options, "-r", REQUIREMENTS], failed=NO_INDEX, env=clean)


def _pip_wheel(target: Path) -> Path:
    """Pip as a wheel, which Python runs as it is: plain Debian has `venv` but leaves out pip."""
    root = target / "pip"
    Debian(root / "apt", instead=NO_PIP).unpack("python3-pip-whl", "stable", root)
    remove(root / "apt")
    wheel = next(root.glob("usr/share/python-wheels/pip-*.whl"), None)
    if not wheel:
        raise Stop(f"Debian's package python3-pip-whl holds no pip: {NO_PIP}")
    return wheel
