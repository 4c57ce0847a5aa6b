"""The environment of the project's commands: Odoo, Python and PostgreSQL in a cache folder, without root.

Standard library only, because these modules run before anything is installed. Two files run inside the environment that
the others make: `_sql.py` and `_start_postgres.py`.
"""

from .cache import CACHE, CHECKOUT, Stop, checkout_key, command, folder, lock, log_file, say, step
from .databases import COMPANIONS, DEPENDENCIES, SHOP_MODULES, Databases
from .environment import Environment, environment, free_port
from .kept import follow_sources
from .python_env import python

ADDONS = tuple(
    name
    for name in ("oms_core", "oms_channels", "oms_routing", "oms_returns")
    if (CHECKOUT / name / "__manifest__.py").exists()
)
#: Glue to Odoo's own shop and till, which are large: it is tested in databases of its own, beside the four add-ons.
SHOPS = tuple(
    name
    for name in (
        *("oms_pos", "oms_returns_pos", "oms_website", "oms_website_collect", "oms_returns_website"),
        "oms_returns_loyalty",
    )
    if (CHECKOUT / name / "__manifest__.py").exists()
)
#: Add-ons that Odoo installs by itself where one of ours meets one of Odoo's that ours does not need (purchase, crm, …).
GLUE = tuple(
    sorted(
        path.parent.name for path in CHECKOUT.glob("oms_*/__manifest__.py") if path.parent.name not in (*ADDONS, *SHOPS)
    )
)

__all__ = [
    "ADDONS",
    "CACHE",
    "CHECKOUT",
    "COMPANIONS",
    "DEPENDENCIES",
    "GLUE",
    "SHOPS",
    "SHOP_MODULES",
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
