"""What platforms publish about their interfaces, fetched into the cache: never part of the project."""

from __future__ import annotations

import tarfile
from pathlib import Path

from .cache import build_once, run

#: The npm package that carries Shopify's Admin GraphQL schemas, one file a version (``dist/data/admin_2026-07.json.gz``).
SHOPIFY = "@shopify/dev-mcp@1.16.0"
NO_NPM = "the npm package with Shopify's published schemas could not be fetched: check the network and npm's settings"


def shopify_schemas() -> Path:
    """The folder with Shopify's schemas (introspection results, gzipped JSON).

    :raises Stop: if npm is not installed, or the package is out of reach.
    """
    name = "shopify-" + SHOPIFY.rpartition("@")[2]
    target = build_once(name, "Fetching Shopify's published schemas", "Shopify's published schemas ready", _fetch)
    return target / "package" / "dist" / "data"


def _fetch(target: Path) -> None:
    run(["npm", "pack", "--silent", "--pack-destination", target, SHOPIFY], failed=NO_NPM, cwd=target)
    [archive] = target.glob("*.tgz")
    with tarfile.open(archive) as package:
        package.extractall(target, filter="data")
    archive.unlink()
