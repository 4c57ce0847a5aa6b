"""Known orders with what the other system decided: planned under the rules that were brought along, and compared.

JSON: ``{"vectors": [{"name", "chain", "to": {"country", "latitude", "longitude"}, "lines": [{"sku", "quantity", "value"}],
"available": [{"place", "sku", "quantity", "km"}], "expected": [{"place", "sku", "quantity"}]}]}``; or, of Magento, requests with
their answers: ``inventoryRequest`` and ``source_selection_items``. CSV: one row for each place and product of an order, with the
columns ``order``, ``sku``, ``ordered``, ``place``, ``available``, ``expected``, and ``value``, ``km``, ``chain`` if they matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import pi
from typing import Any

from odoo.addons.oms_core.domain.quantities import ZERO

from ..distance import EARTH_RADIUS_KM
from ..model import TAKING, Demand, Item, Node, Place
from ..planner import plan
from ..policy import Policy
from ..snapshot import Snapshot
from ..words import listed, plain
from .reading import LINE, BadFile, is_json, list_at, load, mapping_at, number_of, objects_at, table, text_of

VECTORS_MAX = 500
LINES_MAX = 100
SHELVES_MAX = 2_000
_KM_OF_DEGREE = pi * EARTH_RADIUS_KM / 180
#: No way on earth is longer, so that every distance is a place on it.
KM_MAX = 20_000

Parts = Mapping[tuple[str, str], Decimal]


@dataclass(frozen=True, slots=True)
class Vector:
    """An order of which it is known where it came from.

    :param chain: which routing or stock decides; empty where there is one only.
    :param items: (product, quantity, net value of one).
    :param available: (place, product) → units; places and products as the file calls them.
    :param expected: (place, product) → units that the other system took from there.
    :param km: place → its distance, where the file says so; else the warehouse's own coordinates count.
    """

    name: str
    items: tuple[tuple[str, Decimal, Decimal], ...]
    available: Parts
    expected: Parts
    chain: str = ""
    to: Place = Place()
    km: Mapping[str, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """:param theirs: from where the other system took it; ``ours`` from where our planner takes it.
    :param why: our decision in a sentence, or why there is none.
    """

    name: str
    agrees: bool
    theirs: str
    ours: str
    why: str


# --- reading -------------------------------------------------------------------------------------------------------------


def read_vectors(data: bytes) -> tuple[Vector, ...]:
    """
    :raises BadFile: if it cannot be read, or has no vector in it.
    """
    if not is_json(data):
        return _checked(_of_table(table(data)))
    document = load(data)
    vectors = vectors_in(document)
    if not vectors:
        raise BadFile("file", "There are no known orders in it: neither “vectors” nor “source_selection_items”.")
    return vectors


def vectors_in(document: Any) -> tuple[Vector, ...]:
    """The vectors of a document that may hold other things, too; none where there are none.

    :raises BadFile: if one of them cannot be read.
    """
    if isinstance(document, dict):
        if document.get("vectors") is None and "source_selection_items" in document:
            document = [document]
        else:
            document = document.get("vectors")
    elif not _is_vector(document[0] if isinstance(document, list) and document else None):
        return ()
    entries = objects_at(document, "vectors")
    return _checked([_of_magento(*one) if "source_selection_items" in one[1] else _of_object(*one) for one in entries])


def _is_vector(entry: Any) -> bool:
    return isinstance(entry, dict) and bool({"expected", "source_selection_items"} & entry.keys())


def _checked(vectors: Sequence[Vector]) -> tuple[Vector, ...]:
    if len(vectors) > VECTORS_MAX:
        raise BadFile("vectors", f"There are more than {VECTORS_MAX} known orders in it. Compare a part of them.")
    for vector in vectors:
        if not vector.items:
            raise BadFile(vector.name, "The order asks for nothing.")
        if len(vector.items) > LINES_MAX or len(vector.available) > SHELVES_MAX:
            raise BadFile(vector.name, f"The order has more than {LINES_MAX} lines or {SHELVES_MAX} rows of stock.")
    return tuple(vectors)


def _number(entry: Mapping[str, Any], name: str, where: str, default: Decimal | None = None) -> Decimal:
    value = entry.get(name)
    if value in (None, "") and default is not None:
        return default
    number = number_of(value)
    if number is None or number < 0:
        raise BadFile(where, f"“{name}” should be a number, not “{text_of(value)}”.")
    return number


def _text(entry: Mapping[str, Any], name: str, where: str) -> str:
    value = text_of(entry.get(name))
    if not value:
        raise BadFile(where, f"“{name}” is missing.")
    return value


def _add(parts: dict[tuple[str, str], Decimal], place: str, sku: str, units: Decimal) -> None:
    parts[place, sku] = parts.get((place, sku), ZERO) + units


def _of_object(where: str, entry: dict[str, Any]) -> Vector:
    name = text_of(entry.get("name")) or where
    items = [
        (_text(line, "sku", at), _number(line, "quantity", at), _number(line, "value", at, ZERO))
        for at, line in objects_at(entry.get("lines"), f"{where}.lines")
    ]
    parts: dict[str, dict[tuple[str, str], Decimal]] = {"available": {}, "expected": {}}
    km: dict[str, Decimal] = {}
    for part, found in parts.items():
        for at, row in objects_at(entry.get(part), f"{where}.{part}"):
            place = _text(row, "place", at)
            _add(found, place, _text(row, "sku", at), _number(row, "quantity", at))
            if row.get("km") is not None:
                km[place] = _number(row, "km", at)
    to = mapping_at(entry.get("to") or {}, f"{where}.to")
    return Vector(
        name, _items(items), **parts, chain=text_of(entry.get("chain")), to=_place(to, f"{where}.to"), km=km or None
    )


def _place(to: dict[str, Any], where: str) -> Place:
    latitude, longitude = (number_of(to.get(name)) for name in ("latitude", "longitude"))
    if latitude is None or longitude is None:
        return Place(country_code=text_of(to.get("country")))
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise BadFile(where, "There is no such place on earth: look at latitude and longitude.")
    return Place(float(latitude), float(longitude), text_of(to.get("country")))


def _of_magento(where: str, entry: dict[str, Any]) -> Vector:
    """A request to select sources, and its answer."""
    request = mapping_at(entry.get("inventoryRequest"), f"{where}.inventoryRequest")
    stock = text_of(request.get("stockId"))
    items = [
        (_text(one, "sku", at), _number(one, "qty", at), ZERO) for at, one in objects_at(request.get("items"), where)
    ]
    available: dict[tuple[str, str], Decimal] = {}
    expected: dict[tuple[str, str], Decimal] = {}
    for at, row in objects_at(list_at(entry["source_selection_items"], where), f"{where}.source_selection_items"):
        source, sku = _text(row, "source_code", at), _text(row, "sku", at)
        _add(available, source, sku, _number(row, "qty_available", at))
        _add(expected, source, sku, _number(row, "qty_to_deduct", at))
    return Vector(text_of(entry.get("name")) or where, _items(items), available, expected, chain=stock)


def _of_table(rows: Sequence[dict[str, str]]) -> list[Vector]:
    orders: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        orders.setdefault(_text(row, "order", row[LINE]), []).append(row)
    return [_of_rows(name, of_order) for name, of_order in orders.items()]


def _of_rows(name: str, rows: Sequence[dict[str, str]]) -> Vector:
    items: dict[str, tuple[str, Decimal, Decimal]] = {}
    available: dict[tuple[str, str], Decimal] = {}
    expected: dict[tuple[str, str], Decimal] = {}
    km: dict[str, Decimal] = {}
    for row in rows:
        where = row[LINE]
        sku, place = _text(row, "sku", where), text_of(row.get("place"))
        item = (sku, _number(row, "ordered", where), _number(row, "value", where, ZERO))
        if items.setdefault(sku, item) != item:
            raise BadFile(
                where, f"Another row of {name} says otherwise how much of {sku} is ordered, or what it is worth."
            )
        if place:
            _add(available, place, sku, _number(row, "available", where, ZERO))
            _add(expected, place, sku, _number(row, "expected", where, ZERO))
            if row.get("km"):
                km[place] = _number(row, "km", where)
    chain = next((text_of(row.get("chain")) for row in rows if row.get("chain")), "")
    return Vector(name, _items(items.values()), available, expected, chain=chain, km=km or None)


def _items(items: Iterable[tuple[str, Decimal, Decimal]]) -> tuple[tuple[str, Decimal, Decimal], ...]:
    return tuple(item for item in items if item[1])


# --- proving -------------------------------------------------------------------------------------------------------------


def prove(vectors: Iterable[Vector], chains: Mapping[str, Policy], nodes: Mapping[str, Node]) -> list[Answer]:
    """Plan each vector with the planner that plans orders, and compare.

    :param chains: routing or stock → its first policy, the first of them for a vector that names none.
    :param nodes: place as the file calls it → the node that it is.
    """
    return [_prove(vector, chains, nodes) for vector in vectors]


def _prove(vector: Vector, chains: Mapping[str, Policy], nodes: Mapping[str, Node]) -> Answer:
    expected = {key: units for key, units in vector.expected.items() if units}
    theirs = _said(expected)
    policy = chains.get(vector.chain) if vector.chain else next(iter(chains.values()), None)
    if policy is None:
        said = f"No policy was made of “{vector.chain}”." if vector.chain else "No policy was made."
        return Answer(vector.name, False, theirs, "", f"{said} See why in the report.")
    there = dict.fromkeys(place for place, _sku in (*vector.available, *expected))
    if missing := [place for place in there if place not in nodes]:
        return Answer(
            vector.name, False, theirs, "", f"No warehouse was named for {listed(missing)}, so it cannot be planned."
        )
    demand, snapshot = _situation(vector, {place: nodes[place] for place in there})
    decision = plan(demand, snapshot, policy)
    ours: dict[tuple[str, str], Decimal] = {}
    for allocation in decision.allocations:
        if allocation.mode in TAKING:
            _add(ours, str(allocation.node_id), str(allocation.product_id), allocation.quantity)
    return Answer(vector.name, ours == expected, theirs, _said(ours), decision.sentence)


def _situation(vector: Vector, nodes: Mapping[str, Node]) -> tuple[Demand, Snapshot]:
    """The order before the stock of the vector. Places are open and have room: the vector says nothing of that."""
    company = next((node.company_id for node in nodes.values()), None)
    sites = [replace(node, id=place, is_open=True, closed_reason="") for place, node in nodes.items()]
    to = vector.to
    if vector.km is not None:
        to = replace(to, latitude=0.0, longitude=0.0, precision="")
        sites = [_at(node, vector.km.get(str(node.id))) for node in sites]
    items = tuple(
        Item(number, sku, quantity, sku, value=value) for number, (sku, quantity, value) in enumerate(vector.items)
    )
    return Demand(vector.name, items, to, company_id=company), Snapshot(tuple(sites), vector.available)


def _at(node: Node, km: Decimal | None) -> Node:
    """The node so far north or south of the customer; of unknown distance without a number."""
    if km is None or km > KM_MAX:
        return replace(node, latitude=None, longitude=None)
    return replace(node, latitude=float(km) / _KM_OF_DEGREE, longitude=0.0, precision="")


def _said(parts: Parts) -> str:
    """“35 × 24-WB01 from ne_wh, 5 × 24-WB01 from west_wh”"""
    return ", ".join(f"{plain(units)} × {sku} from {place}" for (place, sku), units in sorted(parts.items()))
