"""What whoever runs the server decides, outside of the database: environment variables, files of secrets, ``odoo.conf``."""

import os
import sys
from pathlib import Path

#: A file that holds a setting is a line or two.
FILE_MAX_BYTES = 64 * 1024


def setting(name: str) -> str:
    """The value of ``OMS_<NAME>``, else of the file that ``OMS_<NAME>_FILE`` names, else of ``oms_<name>`` in ``odoo.conf``.

    :param name: in lower case, without the ``oms_`` in front.
    :raise OSError: when there is to be such a file and it cannot be read: a server that silently went on without its key
        would do harm.
    """
    variable = f"OMS_{name.upper()}"
    if variable in os.environ:
        return os.environ[variable].strip()
    if path := os.environ.get(f"{variable}_FILE"):
        with Path(path).open(encoding="utf-8") as file:
            return file.read(FILE_MAX_BYTES).strip()
    return str(odoo_option(f"oms_{name.lower()}") or "").strip()


def odoo_option(name: str):
    """An option of ``odoo.conf``; ``None`` outside of Odoo, where pure tests run."""
    module = sys.modules.get("odoo.tools.config")
    config = getattr(module, "config", None)
    return config.get(name) if config is not None else None
