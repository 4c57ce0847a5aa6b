"""Rules that a merchant had in another system, brought along: what each statement becomes here, and what does not.

``bring`` reads a file of rules; ``read_vectors`` and ``prove`` plan known orders under what came of it, and compare. A statement
is ``same`` (decides as it did there), ``close`` (with a difference that is told) or ``not`` (with what to do instead); none is
left out of the report. A file that cannot be read is a :class:`BadFile` with the place and a sentence, and nothing is brought.

========== ==================================================================================================================
hotwax     JSON of a routing group, as its app sends and gets it: ``routings`` with filters and sorts of orders, ``rules`` with
           filters and sorts of inventory, and actions
magento    links of stocks and sources, as its REST interface takes and gives them, or as CSV: ``source_code``, ``stock_id``,
           ``priority``; in JSON also ``sources``, ``stocks`` and ``algorithmCode``
shopify    it publishes no file of its routing rules: ``rules``, in their sequence, each by the name that its settings show;
           ranked locations with ``locations``, each with or without a ``rank``
========== ==================================================================================================================
"""

from __future__ import annotations

from typing import Any

from . import hotwax, magento, shopify
from .model import Migration
from .reading import BadFile, is_json, load, table

READERS = {"hotwax": hotwax.read, "magento": magento.read, "shopify": shopify.read}


def bring(data: bytes, kind: str = "", *, exact: bool = False) -> Migration:
    """What the statements of a file become.

    :param kind: of :data:`READERS`; empty to find out.
    :param exact: whether an order may be divided just as the other system divides it, at the price of more policies.
    :raises BadFile: if it is too large, damaged, or of no kind that is known.
    """
    document: Any = load(data) if is_json(data) else table(data)
    kind = kind or guess(document)
    if kind not in READERS:
        raise BadFile("file", f"“{kind}” is no system whose rules can be read. Choose one of the list.")
    return READERS[kind](document, exact=exact)


def guess(document: Any) -> str:
    """Which system a document is of.

    :raises BadFile: if it looks like none.
    """
    first = document[0] if isinstance(document, list) and document else document
    if isinstance(first, dict):
        if {"routings", "routingGroup"} & first.keys():
            return "hotwax"
        if {"links", "stock_source_links"} & first.keys() or {"source_code", "stock_id"} <= first.keys():
            return "magento"
        items = first.get("items")
        if isinstance(items, list) and items and isinstance(items[0], dict) and "source_code" in items[0]:
            return "magento"
        if {"rules", "orderRouting"} & first.keys():
            return "shopify"
    raise BadFile(
        "file",
        "This is no file of sourcing rules that is known: it has neither “routings”, nor “links” of sources, nor “rules”. "
        "Export the rules once more, or choose by hand which system they are of.",
    )
