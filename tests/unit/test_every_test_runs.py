"""The whole run leaves the add-ons' tests to Odoo's runner, which sees only what a package imports."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGES = sorted(CHECKOUT.glob("oms_*/tests/__init__.py"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.parts[-3])
def test_each_file_of_tests_is_imported_by_its_add_on(package):
    imported = set(re.findall(r"\btest_\w+", package.read_text(encoding="utf-8")))
    assert imported == {path.stem for path in package.parent.glob("test_*.py")}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.parts[-3])
def test_no_test_of_an_add_on_is_one_that_only_pytest_would_find(package):
    for path in package.parent.glob("test_*.py"):
        assert not re.search(r"^def test_", path.read_text(encoding="utf-8"), re.MULTILINE), path
