"""Lets pytest import the add-ons under their real names, `odoo.addons.oms_core.…`, with or without a database."""

from pathlib import Path

import pytest

try:
    import odoo.addons
except ImportError:
    raise pytest.UsageError("Odoo is not importable: call scripts/test, or scripts/python -m pytest") from None

from hypothesis import settings

ROOT = str(Path(__file__).parent)

if ROOT not in odoo.addons.__path__:
    odoo.addons.__path__.append(ROOT)
    # Python recomputes the path of a namespace package now and then, and would forget what was appended. Odoo does
    # the same (odoo/modules/module.py: initialize_sys_path).
    odoo.addons.__path__._path_finder = lambda *_arguments: None

# The same examples in every run: a failure is seen again by the next who looks.
settings.register_profile("oms", derandomize=True, deadline=None, database=None)
settings.load_profile("oms")
