"""The environment of the project's commands: Odoo, Python and PostgreSQL in a cache folder, without root.

Standard library only, because these modules run before anything is installed. Two files run inside the environment that
the others make: `_sql.py` and `_start_postgres.py`.
"""

from .cache import CACHE, CHECKOUT, Stop, checkout_key, command, folder, lock, log_file, say, step
from .databases import DEPENDENCIES, Databases
from .environment import Environment, environment, free_port
from .kept import follow_sources
from .python_env import python

ADDONS = tuple(
    name
    for name in ("oms_core", "oms_channels", "oms_routing", "oms_returns")
    if (CHECKOUT / name / "__manifest__.py").exists()
)

__all__ = [
    "ADDONS",
    "CACHE",
    "CHECKOUT",
    "DEPENDENCIES",
    "Databases",
    "Environment",
    "Stop",
    "checkout_key",
    "command",
    "environment",
    "folder",
    "follow_sources",
    "free_port",
    "lock",
    "log_file",
    "python",
    "say",
    "step",
]
