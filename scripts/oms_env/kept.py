"""Databases that are kept between commands and follow the add-ons' sources."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from .cache import CHECKOUT, log_file, step
from .databases import Databases


def source_hash(addon: str) -> str:
    """Changes when any file of the add-on does that the database may depend on."""
    digest = hashlib.sha256()
    for path in sorted((CHECKOUT / addon).rglob("*")):
        inside = path.relative_to(CHECKOUT)
        if path.is_file() and "__pycache__" not in inside.parts and inside.parts[1] != "tests":
            digest.update(f"{inside}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def follow_sources(
    databases: Databases,
    name: str,
    addons: tuple[str, ...],
    fill: Callable[[str], None] | None = None,
    modules: tuple[str, ...] = (),
) -> None:
    """Bring a kept database up to the add-ons' present sources: install what is new, update what changed.

    :param fill: puts the first contents into a new database; one that was interrupted while it was filled is made anew.
    :param modules: of Odoo, that a new database begins with; absent: those of the common template.
    """
    state = log_file(f"{name}-sources").with_suffix(".txt")
    template = databases.template(modules) if modules else databases.template()
    wanted = {addon: source_hash(addon) for addon in addons}
    known = dict(line.split() for line in state.read_text().splitlines()) if state.exists() else {}
    if known.pop("template", None) != template or not set(known) <= set(wanted) or not databases.exists(name):
        known = {}
        databases.create_from_template(name, template)
    if known == wanted:
        return
    new = not known
    state.unlink(missing_ok=True)
    for option, chosen in (
        # First what changed: a new add-on may stand on it.
        ("-u", [addon for addon in wanted if known.get(addon, wanted[addon]) != wanted[addon]]),
        ("-i", [addon for addon in wanted if addon not in known]),
    ):
        if chosen:
            with step(f"{option} {','.join(chosen)}", f"The database {name} follows the sources"):
                databases.environment.run_odoo(
                    *("-d", name, option, ",".join(chosen), "--stop-after-init", "--no-http"),
                    log=log_file(name),
                    failed=f"The add-ons could not be installed or updated in {name}; correct them, then call again",
                )
    if new and fill:
        fill(name)
    lines = {"template": template, **wanted}
    state.write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
