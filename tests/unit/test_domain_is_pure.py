"""Decisions and dialects stay free of Odoo, of clocks and of the network, whoever adds to them."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLATFORM_FILES = ("const.py", "verify.py", "parse.py", "render.py", "payout.py")
CARRIER_FILES = ("const.py", "parse.py", "render.py")
#: Of the standard library, but not pure.
IMPURE = {
    "asyncio",
    "http",
    "logging",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
    "urllib",
}

#: The one file that may ask for a solver; an installation may be without.
SOLVERS = {"oms_routing/domain/batch_solver.py": {"highspy", "numpy"}}


def pure_files():
    yield from ROOT.glob("oms_*/domain/**/*.py")
    for name in PLATFORM_FILES:
        yield from ROOT.glob(f"oms_*/platforms/*/{name}")
    yield from ROOT.glob("oms_*/carriers/base.py")
    for name in CARRIER_FILES:
        yield from ROOT.glob(f"oms_*/carriers/*/{name}")


def imports(path):
    """The absolute names of everything that a file imports, with relative imports resolved."""
    package = ("odoo", "addons", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_allowed(name, path):
    parts = name.split(".")
    if parts[0] == "odoo":
        own_package = ["odoo", "addons", *path.relative_to(ROOT).parent.parts]
        return (parts[2].startswith("oms_") and (parts[3] == "domain" or parts[3:5] == ["carriers", "base"])) or (
            parts[: len(own_package)] == own_package and parts[len(own_package)] != "client"
        )
    if parts[0] in SOLVERS.get(str(path.relative_to(ROOT)), ()):
        return True
    return parts[0] in sys.stdlib_module_names and parts[0] not in IMPURE


@pytest.mark.parametrize("path", sorted(pure_files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pure_file_imports_only_the_standard_library_and_pure_files(path):
    assert [name for name in imports(path) if not is_allowed(name, path)] == []


def test_there_are_pure_files_to_look_at():
    names = {str(path.relative_to(ROOT)) for path in pure_files()}
    assert {"oms_core/domain/money.py", "oms_channels/platforms/woocommerce/parse.py"} <= names


def test_only_a_client_imports_requests():
    importers = {
        path.name
        for folder in ("platforms", "carriers")
        for path in ROOT.glob(f"oms_*/{folder}/**/*.py")
        if any(name.split(".")[0] in ("requests", "requests_oauthlib") for name in imports(path))
    }
    assert importers == {"client.py", "rest.py"}  # what all clients of platforms share
