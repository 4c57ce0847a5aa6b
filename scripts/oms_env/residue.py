"""What an add-on leaves behind when it is uninstalled: nothing, or else it is listed here.

A database's inventory (tables, columns, constraints, models, fields, external ids, views, menus, crons …) is taken
before the add-on came and after it went. Whatever is new is residue, unless it belongs to another add-on that came
along as a dependency.
"""

from __future__ import annotations

from collections import Counter

# Kinds whose entries carry the name of what made them; all of ours begin with `oms`. The other kinds are records that
# `_sql.py` already limits to ours and nobody's.
NAMED_KINDS = ("table", "column", "constraint", "function", "trigger", "external id", "model", "field")
# Odoo keeps these for every module it knows, installed or not.
KEPT_BY_ODOO = ("external id base.module_",)


def residue(before: list[str], after: list[str]) -> list[str]:
    """The entries of `after` that an uninstalled add-on of ours has left."""
    new = Counter(after) - Counter(before)
    return sorted(
        entry
        for entry in new
        if not entry.startswith(KEPT_BY_ODOO) and (not entry.startswith(NAMED_KINDS) or "oms" in _words(entry))
    )


def _words(entry: str) -> list[str]:
    """`column sale_order.oms_channel_id` and `x_oms.thing` contain the word oms; `customs_rate` does not."""
    for separator in "._:,-":
        entry = entry.replace(separator, " ")
    return entry.split()
