"""Odoo databases: a template with all the modules that our add-ons depend on, and quick copies of it.

Installing those modules takes about a minute, copying the result about a second, so the template is made once and kept.
A database's files (its filestore) belong to it: they are copied, renamed and dropped with it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .cache import lock, log_file, remove, short_hash, step
from .environment import Environment
from .postgres import sql
from .python_env import requirements_key

DEPENDENCIES = ("stock_delivery", "sale_management", "account_payment", "spreadsheet_dashboard")
#: Modules of Odoo that ours work with where they are installed, and do without where they are not.
COMPANIONS = ("stock_dropshipping", "sale_mrp", "crm", "sms", "stock_picking_batch")
#: Odoo's own shop and till: half as many modules again, so that they have databases of their own. Kits are sold there too.
SHOP_COMPANIONS = ("website_sale_collect", "website_sale_stock", "pos_sale", "payment_demo", "sale_loyalty", "sale_mrp")
SHOP_MODULES = (*DEPENDENCIES, *SHOP_COMPANIONS)


class Databases:
    """The databases of an environment's server."""

    def __init__(self, environment: Environment):
        self.environment = environment

    def template(self, modules: tuple[str, ...] = (*DEPENDENCIES, *COMPANIONS)) -> str:
        """The template's name. It is built if need be, under another name: a half-made one is never taken for it."""
        key = short_hash(self.environment.odoo.version, *modules, requirements_key())
        name = f"oms_template_{key}"
        if self.exists(name):
            return name
        with lock(f"{self.environment.server.key}-{name}", "installing the Odoo modules of the template database"):
            for unfinished in self._names(f"{name}_building"):
                self.drop(unfinished)
            if not self.exists(name):
                with step("Installing the Odoo modules of the template database", "Template database ready"):
                    self._build(name, modules)
        return name

    def _build(self, name: str, modules: tuple[str, ...]) -> None:
        building = f"{name}_building"
        options = ["-d", building, "-i", ",".join(modules), "--stop-after-init", "--no-http"]
        log = log_file("template")
        self.environment.run_odoo(*options, log=log, failed="the template database could not be made")
        if self.filestore(building).exists():
            remove(self.filestore(name))
            self.filestore(building).rename(self.filestore(name))
        self._sql("rename", building, name)

    def create_from_template(self, name: str, template: str | None = None) -> None:
        """Make the database `name`, replacing any of that name, as a copy of another."""
        template = template or self.template()
        self.drop(name)
        # One copy at a time: while a database is being copied, nobody may connect to it, not even to copy it.
        with lock(f"{self.environment.server.key}-{template}", f"copying the database {template}"):
            self._sql("create", name, template)
        if self.filestore(template).exists():
            # Odoo never changes a file of the filestore, so that the copies can share them.
            shutil.copytree(self.filestore(template), self.filestore(name), copy_function=os.link)

    def drop(self, name: str) -> None:
        """Drop a database and its files, if it exists; who is connected is disconnected."""
        self._sql("drop", name)
        remove(self.filestore(name))

    def exists(self, name: str) -> bool:
        return name in self._names(name)

    def drop_all(self, prefix: str) -> None:
        """Drop the databases whose name begins with `prefix`."""
        for name in self._names(prefix):
            self.drop(name)

    def inventory(self, name: str) -> list[str]:
        """What is in a database, for `residue.py`."""
        return self._sql("inventory", name)

    def filestore(self, name: str) -> Path:
        return self.environment.data / "filestore" / name

    def _names(self, prefix: str) -> list[str]:
        return self._sql("names", prefix)

    def _sql(self, operation: str, *arguments: str):
        return sql(self.environment.server, self.environment.python, operation, *arguments)
