"""``docs/capabilities.md`` stays complete, and calls nothing done without a test that exists."""

import ast
import functools
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "capabilities.md"
STATES = ("done", "part", "not yet")
#: How many rows each group has; their numbers start at 1, and the page keeps this sequence.
GROUPS = {
    "CAP": 16,
    "ORD": 13,
    "PAY": 7,
    "CUS": 11,
    "INV": 17,
    "RTE": 11,
    "FUL": 10,
    "SHP": 11,
    "RET": 20,
    "ACC": 7,
    "ANA": 10,
    "SEC": 1,
    "SCL": 3,
    "DEP": 3,
    "UX": 3,
    "TRD": 5,
}
IDS = [f"{group}-{number:02}" for group, count in GROUPS.items() for number in range(1, count + 1)]
NOTHING = "–"
#: Groups whose tests say which row they show.
HUB = ("ORD", "PAY", "CUS", "INV", "FUL", "SHP", "ANA")
ADDONS_PACKAGE = "odoo.addons."


class Row(NamedTuple):
    id: str
    capability: str
    where: str
    tests: str
    state: str

    @property
    def kind(self):
        return self.state.partition(":")[0]

    @property
    def missing(self):
        return self.state.partition(":")[2].strip()

    @property
    def names(self):
        """The tests that the row names."""
        return [] if self.tests == NOTHING else [name.strip().strip("`") for name in self.tests.split(",")]


def read_rows():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [Row(*row) for row in cells if row[0] != "id" and not row[0].startswith("---")]


ROWS = read_rows()
NAMES = sorted({name for row in ROWS for name in row.names})


@functools.cache
def definitions(path):
    """{name: node} of the functions and classes at the top of a Python file, and {name: file} of the imported ones."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    imported = {
        alias.asname or alias.name: file
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (file := imported_file(path, node))
        for alias in node.names
    }
    return own, imported


def imported_file(path, node):
    """The file of this repository that ``from … import`` takes its names from, if it is one."""
    module = node.module or ""
    if node.level:
        file = path.parents[node.level - 1].joinpath(*module.split("."))
    elif module.startswith(ADDONS_PACKAGE):
        file = ROOT.joinpath(*module.removeprefix(ADDONS_PACKAGE).split("."))
    else:
        return None
    file = file.with_suffix(".py")
    return file if file.is_file() else None


def has_test(path, class_name, function_name):
    """Whether a class has this method, of its own or from a base class in this repository."""
    own, imported = definitions(path)
    if class_name in imported:
        return has_test(imported[class_name], class_name, function_name)
    node = own.get(class_name)
    if not isinstance(node, ast.ClassDef):
        return False
    if any(isinstance(item, ast.FunctionDef) and item.name == function_name for item in node.body):
        return True
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    return any(has_test(path, base, function_name) for base in bases)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_says_what_it_is_about_and_is_in_one_of_the_states(row):
    assert row.capability
    assert row.kind in STATES
    assert bool(row.missing) == (row.kind == "part"), "what is missing is said where something is missing"


def test_every_capability_stands_there_once():
    assert Counter(row.id for row in ROWS) == Counter(IDS)


def test_capabilities_stand_in_their_sequence():
    assert [row.id for row in ROWS] == IDS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_is_done_names_a_test_and_what_is_not_yet_names_none(row):
    assert row.names or row.kind != "done"
    assert not row.names or row.kind != "not yet"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_can_be_used_has_a_place_and_what_cannot_has_none(row):
    assert bool(row.where) and (row.where == NOTHING) == (row.kind == "not yet")


@pytest.mark.parametrize("row", [row for row in ROWS if row.names and row.id.startswith(HUB)], ids=lambda row: row.id)
def test_a_test_of_a_row_names_the_row(row):
    """From the page to the tests, and from a test back to the page."""
    files = {ROOT / name.split("::")[0] for name in row.names}
    assert any(row.id in file.read_text(encoding="utf-8") for file in files)


@pytest.mark.parametrize("name", NAMES)
def test_a_named_test_exists(name):
    file, *parents, function = name.split("::")
    path = ROOT / file
    assert path.is_file(), f"there is no {file}"
    assert function.startswith("test_") and path.name.startswith("test_") and len(parents) <= 1
    if parents:
        assert has_test(path, parents[0], function), f"{file} has no {parents[0]} with {function}"
    else:
        assert isinstance(definitions(path)[0].get(function), ast.FunctionDef), f"{file} has no {function}"


def test_the_counts_at_the_top_are_right():
    counts = Counter(row.kind for row in ROWS)
    told = re.search(r"^Counts: done (\d+), part (\d+), not yet (\d+); (\d+) in all\.$", PAGE.read_text("utf-8"), re.M)
    assert told, "the line with the counts is missing"
    assert [int(number) for number in told.groups()] == [*(counts[state] for state in STATES), len(ROWS)]


def test_a_test_that_does_not_exist_would_be_noticed():
    """Also one that a class inherits: from another file, or not at all."""
    woocommerce = ROOT / "oms_channels" / "tests" / "test_woocommerce.py"
    assert has_test(woocommerce, "TestWooCommerce", "test_the_right_signature_is_accepted")
    assert not has_test(woocommerce, "TestWooCommerce", "test_the_moon_is_green")
    assert not has_test(woocommerce, "TestNothing", "test_the_right_signature_is_accepted")
