"""N18, N22: rules of other systems with the worked examples that their makers publish, told in our words: does ours agree?"""

import json
from decimal import Decimal

import pytest

from odoo.addons.oms_routing.domain.migrating import BadFile, bring
from odoo.addons.oms_routing.domain.migrating.vectors import LINES_MAX, VECTORS_MAX, prove, read_vectors, vectors_in
from odoo.addons.oms_routing.domain.model import Node


def as_json(document):
    return json.dumps(document).encode()


def nodes_of(migration, places=(), **groups):
    """A node for each place, in the groups of the file, or in those that are told: ``WH="a b"``."""
    told = {name: tuple(places or groups[name].split()) for name, places in migration.groups.items()}
    names = dict.fromkeys([*(place for of_group in told.values() for place in of_group), *places])
    return {
        name: Node(name, name, number, groups=frozenset(group for group, inside in told.items() if name in inside))
        for number, name in enumerate(names)
    }


def compared(rules, vectors, places=(), exact=False, **groups):
    migration = bring(as_json(rules), exact=exact)
    nodes = nodes_of(migration, places, **groups)
    return prove(read_vectors(as_json(vectors)), migration.policies(), nodes)


def vector(name, lines, expected, **shelves):
    """:param lines: ``{sku: quantity}``, or ``{sku: (quantity, value)}``; shelves: ``near=(km, {sku: units})``."""
    lines = {sku: one if isinstance(one, tuple) else (one, 0) for sku, one in lines.items()}
    return {
        "name": name,
        "lines": [{"sku": sku, "quantity": units, "value": value} for sku, (units, value) in lines.items()],
        "available": [
            {"place": place, "sku": sku, "quantity": units, "km": km}
            for place, (km, shelf) in shelves.items()
            for sku, units in shelf.items()
        ],
        "expected": [
            {"place": place, "sku": sku, "quantity": units}
            for place, of_place in expected.items()
            for sku, units in of_place.items()
        ],
    }


# --- by priority -----------------------------------------------------------------------------------------------------------
# The tutorial of a shop system: two products are ordered, and the first source has too few of one of them.

TUTORIAL_LINKS = {
    "links": [
        {"source_code": source, "stock_id": 2, "priority": number}
        for number, source in enumerate("ne_wh west_wh brooklyn manhattan huntington berkeley sausalito hq".split(), 1)
    ],
    "algorithmCode": "priority",
}
TUTORIAL_STOCK = {  # source: (bags, backpacks)
    "ne_wh": (35, 50),
    "west_wh": (15, 10),
    "brooklyn": (10, 0),
    "manhattan": (10, 0),
    "huntington": (10, 0),
    "berkeley": (10, 20),
    "sausalito": (10, 20),
}
TUTORIAL_TAKEN = {("ne_wh", "24-WB01"): 35, ("west_wh", "24-WB01"): 5, ("ne_wh", "24-WB03"): 20}
TUTORIAL = {
    "name": "Tutorial",
    "inventoryRequest": {"stockId": 2, "items": [{"sku": "24-WB01", "qty": 40}, {"sku": "24-WB03", "qty": 20}]},
    "algorithmCode": "priority",
    "source_selection_items": [
        {
            "source_code": source,
            "sku": sku,
            "qty_to_deduct": TUTORIAL_TAKEN.get((source, sku), 0),
            "qty_available": units,
        }
        for source, shelf in TUTORIAL_STOCK.items()
        for sku, units in zip(("24-WB01", "24-WB03"), shelf, strict=True)
    ],
    "shippable": True,
}


@pytest.mark.parametrize("exact", [False, True])
def test_the_order_of_the_tutorial_comes_from_where_it_came_there(exact):
    (answer,) = compared(TUTORIAL_LINKS, TUTORIAL, exact=exact)
    assert answer.agrees, answer
    assert answer.ours == answer.theirs == "35 × 24-WB01 from ne_wh, 20 × 24-WB03 from ne_wh, 5 × 24-WB01 from west_wh"
    assert answer.why


def links(*sources):
    return {"links": [{"source_code": s, "stock_id": 1, "priority": n} for n, s in enumerate(sources, 1)]}


def test_each_source_gives_what_it_has_until_the_order_is_full():
    """10, 20 and 15 pieces at priorities 1, 2 and 3, and 25 wanted."""
    case = vector("25", {"shirt": 25}, {"a": {"shirt": 10}, "b": {"shirt": 15}}, a=(None, {"shirt": 10}),
                  b=(None, {"shirt": 20}), c=(None, {"shirt": 15}))  # fmt: skip
    for exact in (False, True):
        (answer,) = compared(links("a", "b", "c"), {"vectors": [case]}, exact=exact)
        assert answer.agrees, answer


def test_where_a_later_source_has_everything_the_report_shows_the_difference_and_exactly_there_is_none():
    """There the order is divided all the same. Ours sends one parcel, unless the rules are brought along exactly."""
    case = vector(
        "25", {"shirt": 25}, {"a": {"shirt": 10}, "b": {"shirt": 15}}, a=(1, {"shirt": 10}), b=(2, {"shirt": 99})
    )
    (readable,) = compared(links("a", "b"), {"vectors": [case]})
    assert (readable.agrees, readable.ours) == (False, "25 × shirt from b")
    assert readable.theirs == "10 × shirt from a, 15 × shirt from b"
    assert "b" in readable.why
    (exact,) = compared(links("a", "b"), {"vectors": [case]}, exact=True)
    assert exact.agrees, exact


def test_by_distance_the_nearest_source_ships_whatever_its_priority():
    rules = links("texas", "boston") | {"algorithmCode": "distance"}
    case = vector(
        "Boston", {"shirt": 3}, {"boston": {"shirt": 3}}, texas=(2414, {"shirt": 9}), boston=(306, {"shirt": 9})
    )
    (answer,) = compared(rules, {"vectors": [case]})
    assert answer.agrees, answer


# --- one rule after the other -----------------------------------------------------------------------------------------------
# A routing guide for retailers.


def a_routing(*rules):
    entries = []
    for number, (name, assignment, filters, *sorts) in enumerate(rules):
        conditions = [
            {"conditionTypeEnumId": "ENTCT_FILTER", "fieldName": key, "operator": "equals", "fieldValue": value}
            for key, value in filters.items()
        ]
        conditions += [{"conditionTypeEnumId": "ENTCT_SORT_BY", "fieldName": sort} for sort in sorts]
        entries.append(
            {
                "ruleName": name,
                "statusId": "RULE_ACTIVE",
                "sequenceNum": 5 * number,
                "assignmentEnumId": assignment,
                "inventoryFilters": conditions,
                "actions": [{"actionTypeEnumId": "ORA_NEXT_RULE"}],
            }
        )
    return {"routings": [{"routingName": "Web", "statusId": "ROUTING_ACTIVE", "rules": entries}]}


@pytest.mark.parametrize(
    ("threshold", "belt", "wallet", "is_split"), [(100, 80, 160, False), (100, 80, 80, False), (100, 160, 160, True),
                                                  (50, 60, 60, True), (50, 20, 20, False)]
)  # fmt: skip
def test_an_order_is_only_divided_into_shipments_that_are_worth_it(threshold, belt, wallet, is_split):
    expected = {"store": {"belt": 1}, "warehouse": {"wallet": 1}} if is_split else {}
    case = vector("Belt and wallet", {"belt": (1, belt), "wallet": (1, wallet)}, expected, store=(5, {"belt": 1}),
                  warehouse=(300, {"wallet": 1}))  # fmt: skip
    rules = a_routing(("Split", "ORA_MULTI", {"shipmentThreshold": str(threshold)}))
    (answer,) = compared(rules, {"vectors": [case]}, places=("store", "warehouse"))
    assert answer.agrees, answer


NEAR_FIRST = a_routing(
    ("Near, whole", "ORA_SINGLE", {"distance": 100, "measurementSystem": "IMPERIAL"}, "distance"),
    ("Near, divided", "ORA_MULTI", {"distance": 100, "measurementSystem": "IMPERIAL"}, "distance"),
    ("Anywhere, whole", "ORA_SINGLE", {}, "distance"),
    ("Anywhere, divided", "ORA_MULTI", {}, "distance"),
)
#: Shelves of a shirt (s) and a hat (h) in two near stores, at 10 and 90 miles, and two far ones.
BALANCED = [
    ("near has both", {"n1": "sh", "f1": "sh"}, {"n1": "sh"}),
    ("two near ones share", {"n1": "s", "n2": "h", "f1": "sh"}, {"n1": "s", "n2": "h"}),
    ("only far has anything", {"f1": "sh", "f2": "s"}, {"f1": "sh"}),
    ("two far ones share", {"f1": "s", "f2": "h"}, {"f1": "s", "f2": "h"}),
    ("near has a part, the rest comes from afar", {"n1": "s", "f2": "h"}, {"n1": "s", "f2": "h"}),
]
WAYS = {"n1": 16, "n2": 145, "f1": 800, "f2": 1200}


@pytest.mark.parametrize(("name", "shelves", "expected"), BALANCED, ids=[name for name, *_rest in BALANCED])
def test_cost_and_distance_are_balanced_by_four_rules_in_a_row(name, shelves, expected):
    case = vector(
        name,
        {"s": 1, "h": 1},
        {place: dict.fromkeys(skus, 1) for place, skus in expected.items()},
        **{place: (WAYS[place], dict.fromkeys(skus, 1)) for place, skus in shelves.items()},
    )
    (answer,) = compared(NEAR_FIRST, {"vectors": [case]}, places=tuple(WAYS))
    assert answer.agrees, answer


@pytest.mark.parametrize(
    ("shelves", "expected"),
    [
        ({"warehouse": "sh", "store": "sh"}, {"warehouse": "sh"}),
        (
            {"warehouse": "s", "store": "sh"},
            {"store": "sh"},
        ),  # not whole in the warehouse: the stores are asked for all
    ],
)
def test_warehouses_first_and_whole_then_stores(shelves, expected):
    rules = a_routing(
        ("Warehouses", "ORA_SINGLE", {"facilityGroupId": "WAREHOUSES"}),
        ("Stores", "ORA_MULTI", {"facilityGroupId": "STORES"}),
    )
    case = vector(
        "Web order",
        {"s": 1, "h": 1},
        {place: dict.fromkeys(skus, 1) for place, skus in expected.items()},
        **{place: (None, dict.fromkeys(skus, 1)) for place, skus in shelves.items()},
    )
    (answer,) = compared(rules, {"vectors": [case]}, WAREHOUSES="warehouse", STORES="store")
    assert answer.agrees, answer


def test_a_difference_that_the_report_of_the_rules_tells_is_seen_in_the_orders():
    """There a place with ten or more may give all of it; here it keeps ten."""
    rules = a_routing(("Safe", "ORA_MULTI", {"brokeringSafetyStock": "10"}))
    enough = vector("of 20", {"shirt": 5}, {"store": {"shirt": 5}}, store=(5, {"shirt": 20}))
    scarce = vector("of 12", {"shirt": 5}, {"store": {"shirt": 5}}, store=(5, {"shirt": 12}))
    answers = compared(rules, {"vectors": [enough, scarce]}, places=("store",))
    assert [answer.agrees for answer in answers] == [True, False]
    assert answers[1].ours == "2 × shirt from store"


# --- goals in sequence --------------------------------------------------------------------------------------------------------
# A shop platform: the first rule that is no tie decides.

DEFAULT_RULES = {"rules": ["Minimize split fulfillments", "Ship from closest location"]}


@pytest.mark.parametrize(
    ("shelves", "expected"),
    [
        ({"near": "s", "middle": "sh", "far": "sh"}, {"middle": "sh"}),  # of those with everything the closest
        ({"near": "s", "middle": "h", "far": "h"}, {"near": "s", "middle": "h"}),  # two parcels, the closest ones
    ],
)
def test_the_fewest_parcels_first_and_the_closest_of_equals(shelves, expected):
    ways = {"near": 10, "middle": 200, "far": 900}
    case = vector(
        "Shirt and hat",
        {"s": 1, "h": 1},
        {place: dict.fromkeys(skus, 1) for place, skus in expected.items()},
        **{place: (ways[place], dict.fromkeys(skus, 1)) for place, skus in shelves.items()},
    )
    (answer,) = compared(DEFAULT_RULES, {"vectors": [case]}, places=tuple(ways))
    assert answer.agrees, answer


def test_ties_of_ranked_locations_are_broken_by_the_next_rule():
    ranked = [{"name": "a", "rank": 1}, {"name": "b", "rank": 1}, {"name": "c", "rank": 0}]
    rules = {"rules": [{"name": "Ranked locations", "locations": ranked}, "Ship from closest location"]}
    cases = [
        vector("closest", {"s": 1}, {"b": {"s": 1}}, a=(90, {"s": 1}), b=(20, {"s": 1})),
        vector("ranked", {"s": 1}, {"c": {"s": 1}}, a=(90, {"s": 1}), b=(20, {"s": 1}), c=(500, {"s": 1})),
    ]
    assert all(answer.agrees for answer in compared(rules, {"vectors": cases}))


# --- files of known orders -----------------------------------------------------------------------------------------------------


def test_a_table_of_known_orders_says_the_same():
    table = (
        b"order,sku,ordered,place,available,expected,km,chain\n"
        b"S1,shirt,25,a,10,10,,1\nS1,shirt,25,b,20,15,,1\nS2,hat,1,a,0,0,5,1\nS2,hat,1,b,4,1,9,1\n"
    )
    migration = bring(as_json(links("a", "b")))
    answers = prove(read_vectors(table), migration.policies(), nodes_of(migration))
    assert [(answer.name, answer.agrees) for answer in answers] == [("S1", True), ("S2", True)]


def test_known_orders_may_stand_in_the_file_of_the_rules():
    case = vector("S1", {"shirt": 1}, {"a": {"shirt": 1}}, a=(1, {"shirt": 1}))
    document = links("a") | {"vectors": [case]}
    assert [one.name for one in vectors_in(document)] == ["S1"]
    assert not [one for one in bring(as_json(document)).statements if one.code == "unknown"]
    assert vectors_in(links("a")) == ()


def test_an_order_that_cannot_be_planned_says_why_and_does_not_agree():
    case = vector("S1", {"shirt": 1}, {"b": {"shirt": 1}}, b=(1, {"shirt": 1}))
    (nowhere,) = compared(links("a"), {"vectors": [case]})
    (other,) = compared(links("b"), {"vectors": [case | {"chain": "7"}]})
    assert not nowhere.agrees and "No warehouse was named for b" in nowhere.why
    assert not other.agrees and "No policy was made of “7”" in other.why


LINE = {"sku": "shirt", "quantity": 1}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"order,sku,ordered\nS1,shirt,many\n", "should be a number"),
        (b"order,sku,ordered\nS1,shirt,1\nS1,shirt,2\n", "says otherwise"),
        (b"sku,ordered\nshirt,1\n", "“order” is missing"),
        (as_json({"vectors": []}), "no known orders"),
        (as_json({"vectors": [{"expected": []}]}), "asks for nothing"),
        (as_json({"vectors": [{"lines": [LINE], "to": {"latitude": 95, "longitude": 0}}]}), "no such place"),
        (as_json({"vectors": [{"lines": [LINE]}] * (VECTORS_MAX + 1)}), "more than"),
        (as_json({"vectors": [{"lines": [LINE] * (LINES_MAX + 1)}]}), "more than"),
        (as_json({"vectors": [{"lines": [LINE | {"quantity": -1}]}]}), "should be a number"),
    ],
)
def test_a_bad_file_of_known_orders_is_refused_whole(data, words):
    with pytest.raises(BadFile, match=words):
        read_vectors(data)


def test_quantities_are_exact():
    case = vector("S1", {"cloth": "0.3"}, {"a": {"cloth": "0.1"}, "b": {"cloth": "0.2"}}, a=(1, {"cloth": "0.1"}),
                  b=(2, {"cloth": "0.2"}))  # fmt: skip
    (answer,) = compared(links("a", "b"), {"vectors": [case]})
    assert answer.agrees, answer
    (read,) = read_vectors(as_json({"vectors": [case]}))
    assert read.items == (("cloth", Decimal("0.3"), Decimal(0)),)
