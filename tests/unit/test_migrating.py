"""N18: rules of other systems, brought along: what each statement becomes, and that none is lost on the way."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain.migrating import BadFile, bring, guess
from odoo.addons.oms_routing.domain.migrating.model import (
    CLOSE,
    DIFFERENCES,
    NOT,
    OBSTACLES,
    RANKS_MAX,
    SAME,
    STATEMENTS_MAX,
)
from odoo.addons.oms_routing.domain.migrating.reading import FILE_MAX_BYTES
from odoo.addons.oms_routing.domain.migrating.vectors import read_vectors
from odoo.addons.oms_routing.domain.policy import Rule


def as_json(document):
    return json.dumps(document).encode()


def verdicts(migration):
    return [(one.says, one.verdict, one.code) for one in migration.statements]


def filtered(name, value, operator="equals", **more):
    return {"conditionTypeEnumId": "ENTCT_FILTER", "fieldName": name, "operator": operator, "fieldValue": value, **more}


def sorted_by(name, number=0):
    return {"conditionTypeEnumId": "ENTCT_SORT_BY", "fieldName": name, "sequenceNum": number}


def action(kind, value=None):
    return {"actionTypeEnumId": f"ORA_{kind}", "actionValue": value}


def a_rule(name, *conditions, assignment="ORA_SINGLE", actions=(), **more):
    return {
        "ruleName": name,
        "statusId": "RULE_ACTIVE",
        "assignmentEnumId": assignment,
        "inventoryFilters": list(conditions),
        "actions": list(actions),
        **more,
    }


def a_group(*rules, filters=(), **more):
    routing = {"routingName": "Web", "statusId": "ROUTING_ACTIVE", "orderFilters": list(filters), "rules": list(rules)}
    return {"groupName": "Daily", "routings": [routing | more]}


# --- one after the other: routings, rules and actions --------------------------------------------------------------------


def test_rules_of_a_routing_cascade_as_policies_whose_rest_goes_to_the_next():
    migration = bring(
        as_json(
            a_group(
                a_rule("Near", filtered("facilityGroupId", "WH"), sorted_by("distance"), actions=[action("NEXT_RULE")]),
                a_rule(
                    "Any",
                    sorted_by("facilitySequence"),
                    assignment="ORA_MULTI",
                    actions=[action("AUTO_CANCEL_DAYS", "14")],
                ),
                filters=[filtered("facilityId", "_NA_"), sorted_by("shipBeforeDate")],
            )
        )
    )
    near, anywhere = migration.steps
    assert (near.name, near.leftover, near.order_by) == ("Web: Near", "next", "promise")
    assert near.constraints == (Rule("node_group", groups=("WH",)), Rule("whole_order"), Rule("max_nodes", number=1))
    assert near.objectives == (Rule("distance"),)
    assert (anywhere.leftover, anywhere.leftover_days) == ("cancel", 14)
    assert anywhere.objectives == (Rule("fewest_parcels"), Rule("priority"))
    assert migration.named_groups == ("WH",)
    assert {one.verdict for one in migration.statements} == {SAME, CLOSE}
    assert len(migration.statements) == 9
    policy = migration.policies()["Web"]
    assert policy.next is not None and policy.next.name == "Web: Any" and policy.next.leftover == "cancel"


@pytest.mark.parametrize(
    ("condition", "rule", "verdict"),
    [
        (filtered("facilityGroupId", "A,B", "in"), Rule("node_group", groups=("A", "B")), SAME),
        (filtered("facilityGroupId_excluded", "A", "not-equals"), Rule("node_group", excluded_groups=("A",)), SAME),
        (filtered("distance", "50"), Rule("max_distance", km=Decimal("80.5")), CLOSE),
        (filtered("brokeringSafetyStock", 10, "greater"), Rule("safety_stock", quantity=Decimal(10)), CLOSE),
        (filtered("shipmentThreshold", "100"), Rule("shipment_value", amount=Decimal(100)), SAME),
        (filtered("splitOrderItemGroup", "N"), Rule("together"), SAME),
        (filtered("ignoreFacilityOrderLimit", "Y"), Rule("capacity_orders", hard=False), CLOSE),
        (filtered("splitOrderItemGroup", "Y"), None, SAME),
        (filtered("distance", "far"), None, NOT),
        (filtered("distance", "50", "greater"), None, NOT),
        (filtered("facilityGroupId", ""), None, NOT),
        (filtered("shippingZone", "4"), None, NOT),
    ],
)
def test_each_filter_of_places_becomes_its_rule_or_is_told(condition, rule, verdict):
    migration = bring(as_json(a_group(a_rule("R", condition, assignment=None))))
    assert migration.steps[0].constraints == ((rule,) if rule else ())
    assert [one.verdict for one in migration.statements] == [verdict]


def test_miles_are_only_miles_where_the_file_says_so():
    metric = a_rule("R", filtered("distance", 50), filtered("measurementSystem", "METRIC"), assignment=None)
    migration = bring(as_json(a_group(metric)))
    assert migration.steps[0].constraints == (Rule("max_distance", km=Decimal(50)),)
    assert [one.verdict for one in migration.statements] == [SAME, SAME]


def test_what_is_sent_to_a_queue_is_held_and_asks_no_further_rule():
    migration = bring(
        as_json(a_group(a_rule("R", actions=[action("MV_TO_QUEUE", "UNFILLABLE_PARKING")]), a_rule("Never asked")))
    )
    assert [step.leftover for step in migration.steps] == ["hold", "backorder"]
    assert ("What is left goes to the queue UNFILLABLE_PARKING", CLOSE, "held") in verdicts(migration)


def test_drafts_and_queues_of_rejects_are_told_as_a_whole_and_no_policy_is_made_of_them():
    group = a_group(a_rule("Draft rule", statusId="RULE_DRAFT"), a_rule("Live"))
    group["routings"] += [
        {"routingName": "Old", "statusId": "ROUTING_ARCHIVED", "rules": [a_rule("R")]},
        {
            "routingName": "Rejects",
            "orderFilters": [filtered("facilityId", "REJECTED_ITM_PARKING")],
            "rules": [a_rule("R")],
        },
    ]
    migration = bring(as_json(group))
    assert [step.name for step in migration.steps] == ["Web: Live"]
    codes = [one.code for one in migration.statements if one.verdict == NOT]
    assert codes == ["switched_off", "switched_off", "other_queue"]


def test_a_filter_of_orders_that_no_policy_can_ask_is_told_with_the_routing_that_would_be_wider():
    filters = [filtered("shipmentMethodTypeId", "NEXT_DAY"), filtered("salesChannelEnumId", "WEB,POS", "in")]
    migration = bring(as_json(a_group(a_rule("R"), filters=filters)))
    assert migration.wider == ("Web",)
    assert migration.steps[0].channels == ("WEB", "POS")
    assert [one.code for one in migration.statements][:2] == ["order_filter", ""]
    assert all(one.todo for one in migration.statements if one.verdict == NOT)


def test_both_spellings_of_the_same_group_say_the_same():
    stored = {
        "routings": [
            {
                "routingName": "Web",
                "orderFilters": {"facilityId": filtered("facilityId", "_NA_")},
                "rules": [
                    {
                        "ruleName": "R",
                        "inventoryFilters": {
                            "ENTCT_FILTER": {"distance": {"fieldName": "distance", "fieldValue": "50"}},
                            "ENTCT_SORT_BY": {"distance": {"fieldName": "distance"}},
                        },
                        "actions": {"ORA_NEXT_RULE": action("NEXT_RULE")},
                    }
                ],
            }
        ]
    }
    sent = {
        "routings": [
            {
                "routingName": "Web",
                "filters": [filtered("facilityId", "_NA_")],
                "rules": [
                    {
                        "ruleName": "R",
                        "inventoryConditions": [filtered("distance", "50", None), sorted_by("distance")],
                        "actions": [action("NEXT_RULE")],
                    }
                ],
            }
        ]
    }
    one, other = bring(as_json(stored)), bring(as_json(sent))
    assert one.steps == other.steps
    assert verdicts(one) == verdicts(other)


# --- sources and locations -------------------------------------------------------------------------------------------------


def links(*sources, stock=2):
    return {"links": [{"source_code": s, "stock_id": stock, "priority": number} for number, s in enumerate(sources, 1)]}


def test_sources_become_groups_in_the_order_of_their_priority():
    migration = bring(as_json(links("ne_wh", "west_wh")))
    (step,) = migration.steps
    assert migration.groups == {"Stock 2: 1": ("ne_wh",), "Stock 2: 2": ("west_wh",)}
    assert step.objectives == (Rule("priority", groups=("Stock 2: 1", "Stock 2: 2")),)
    assert migration.places == ("ne_wh", "west_wh")


def test_exactly_means_a_policy_for_each_rank():
    migration = bring(as_json(links("a", "b", "c") | {"algorithmCode": "priority"}), exact=True)
    assert [step.leftover for step in migration.steps] == ["next", "next", "backorder"]
    assert {one.verdict for one in migration.statements} == {SAME}


def test_a_table_of_links_says_the_same_as_json():
    table = b"\xef\xbb\xbfsource_code;stock_id;priority\nne_wh;2;1\nwest_wh;2;2\n\n"
    by_table, by_json = bring(table), bring(as_json(links("ne_wh", "west_wh")))
    assert (by_table.steps, by_table.groups) == (by_json.steps, by_json.groups)
    assert by_table.statements[0].where == "line 2"


def test_disabled_sources_are_skipped_and_stocks_are_for_their_channels():
    document = links("a", "b") | {
        "sources": [{"source_code": "a", "enabled": False}],
        "stocks": [
            {
                "stock_id": 2,
                "name": "Europe",
                "extension_attributes": {"sales_channels": [{"type": "website", "code": "eu"}]},
            },
            {"stock_id": 9, "name": "Unused"},
        ],
        "algorithmCode": "distance",
    }
    migration = bring(as_json(document))
    assert migration.groups == {"Europe": ("b",)}
    assert migration.steps[0].channels == ("eu",)
    assert migration.steps[0].objectives == (Rule("distance"),)
    assert [one.code for one in migration.statements] == ["", "", "", "no_place", "divides"]


def test_several_stocks_without_channels_must_be_told_apart():
    migration = bring(as_json({"links": links("a")["links"] + links("b", stock=3)["links"]}))
    assert [step.channels for step in migration.steps] == [("Stock 2",), ("Stock 3",)]


def test_a_long_list_of_sources_is_the_list_of_warehouses():
    sources = [f"s{number}" for number in range(RANKS_MAX + 1)]
    migration = bring(as_json(links(*sources)))
    assert migration.steps[0].objectives == (Rule("priority"),)
    assert migration.statements[-1].code == "long_list"
    with pytest.raises(BadFile, match="too many for a policy each"):
        bring(as_json(links(*sources)), exact=True)


def test_routing_rules_are_goals_in_their_sequence():
    ranked = {
        "name": "Ranked locations",
        "locations": [{"name": "Ottawa", "rank": 1}, {"name": "Lyon", "rank": 1}, "Kyoto"],
    }
    ranked["locations"][2] = {"locationHandle": "kyoto", "rank": 7}
    rules = ["Stay within the destination market", "minimizeSplitFulfillments", ranked, "Ship from closest location"]
    migration = bring(as_json({"rules": rules}))
    (step,) = migration.steps
    assert step.constraints == (Rule("ships_to", hard=False),)
    assert [goal.kind for goal in step.objectives] == ["fewest_parcels", "priority", "distance"]
    assert migration.groups == {"Shopify: 1": ("Ottawa", "Lyon"), "Shopify: 2": ("kyoto",)}
    assert [one.verdict for one in migration.statements] == [CLOSE, SAME, SAME, SAME]


def test_rules_that_have_no_place_here_are_told():
    rules = [
        "Minimise split fulfilments",
        "Stay within destination market",
        "Location metafields",
        {"name": "Own function"},
    ]
    rules += [{"name": "Ranked locations"}, {"name": "Closest location", "enabled": False}]
    migration = bring(as_json({"rules": rules}))
    codes = [one.code for one in migration.statements]
    assert codes == ["", "market_later", "own_code", "own_code", "no_place", "switched_off"]
    assert [goal.kind for goal in migration.steps[0].objectives] == ["fewest_parcels"]


# --- nothing lost, nothing half --------------------------------------------------------------------------------------------

BAD = [
    (b"", "file", "empty"),
    (b"\xff\xfe{", "byte 0", "UTF-8"),
    (b'{"routings": [}', "line 1, column 15", "stops being JSON"),
    (b'{"rules": [], "rules": []}', "file", "twice"),
    (b'{"rules": [NaN]}', "file", "NaN"),
    (b"[" * 100_000, "file", "nested"),
    (b'{"routings": {}}', "group.routings", "list"),
    (b'{"routings": [3]}', "group.routings[1]", "object"),
    (b'{"routings": [{"rules": [{"actions": [1]}]}]}', "group.routings[1].rules[1].actions[1]", "object"),
    (b'{"links": [{"source_code": "a", "stock_id": 1, "priority": "first"}]}', "links[1]", "no number"),
    (b'{"links": [{"source_code": "a", "priority": 1}]}', "links[1]", "stock_id"),
    (b"source_code,stock_id,priority\na,1,1\na,1,2\n", "line 3", "twice"),
    (b"source_code,stock_id,priority\na,1,1,oh\n", "line 2", "without a name"),
    (b"a,a\n1,2\n", "line 1", "same name"),
    (b'{"rules": [{"name": "Ranked locations", "locations": ["a", "a"]}]}', "rules[1].locations[2]", "twice"),
    (b'{"rules": []}', "file", "no rules in it"),
    (b'{"orders": []}', "file", "no file of sourcing rules"),
    (b"order;sku\n1;2\n", "file", "no file of sourcing rules"),
    (b" " * (FILE_MAX_BYTES + 1), "file", "larger than"),
    (as_json({"rules": ["x"] * (STATEMENTS_MAX + 1)}), f"rules[{STATEMENTS_MAX + 1}]", "more than"),
]


@pytest.mark.parametrize(("data", "where", "words"), BAD)
def test_a_bad_file_is_refused_whole_with_the_place_and_a_sentence(data, where, words):
    with pytest.raises(BadFile) as caught:
        bring(data)
    assert caught.value.where == where
    assert words in caught.value.sentence
    assert caught.value.sentence.endswith((".", "in it."))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["Y", "50", "_NA_", "a,b"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                "routings rules orderFilters inventoryFilters actions links items sources stocks source_code stock_id priority "
                "name fieldName fieldValue operator actionTypeEnumId actionValue locations rank statusId "
                "vectors lines sku quantity expected available place to enabled source_selection_items inventoryRequest".split()
            )
            | st.sampled_from(["conditionTypeEnumId"])
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@pytest.mark.parametrize(
    "data",
    [
        as_json(a_group(a_rule("R", novelty=7))),
        as_json(a_group(a_rule("R", filtered("distance", 5, novelty="x")))),
        as_json(a_group(a_rule("R"), novelty=[1])),
        as_json(links("a") | {"novelty": "x"}),
        b"source_code,stock_id,priority,novelty\na,1,1,x\n",
        as_json({"rules": [{"name": "Closest location", "novelty": 1}]}),
        as_json({"rules": ["Closest location"], "novelty": 1}),
    ],
)
def test_a_name_that_nobody_knows_is_in_the_report(data):
    (told,) = (one for one in bring(data).statements if one.code == "unknown")
    assert (told.says, told.verdict) == ("novelty", NOT)
    assert "novelty" in told.where


@given(JSON, st.sampled_from(["", "hotwax", "magento", "shopify"]), st.booleans())
def test_no_json_whatever_it_says_fails_in_any_other_way(document, kind, exact):
    for read in (lambda data: bring(data, kind, exact=exact), read_vectors):
        try:
            read(json.dumps(document).encode())
        except BadFile as error:
            assert error.where and error.sentence


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_fail_in_any_other_way(data):
    for read in (bring, read_vectors):
        try:
            read(data)
        except BadFile as error:
            assert error.where and error.sentence


@pytest.mark.parametrize("number", ["1e999999999", "-1e-999999999", "9" * 5000, "1e400", "12345678901234567890"])
def test_numbers_beyond_reason_are_no_numbers(number):
    document = as_json(a_group(a_rule("R", filtered("distance", 0), assignment=None))).replace(
        b": 0", f": {number}".encode()
    )
    try:
        migration = bring(document)
    except BadFile as error:
        assert "number" in error.sentence
    else:
        assert [one.verdict for one in migration.statements] == [NOT]


NAMES = ["facilityGroupId", "distance", "measurementSystem", "brokeringSafetyStock", "splitOrderItemGroup"]
NAMES += ["ignoreFacilityOrderLimit", "shipmentThreshold", "weekOfSupply", "inventoryForAllocation", "somethingNew"]
CONDITIONS = st.builds(
    lambda name, value, operator, kind: filtered(name, value, operator) | {"conditionTypeEnumId": kind},
    st.sampled_from(NAMES),
    st.sampled_from(["Y", "N", "", "10", 25, "WH", "A,B", None]),
    st.sampled_from(["equals", "not-equals", "in", "less-equals", None]),
    st.sampled_from(["ENTCT_FILTER", "ENTCT_SORT_BY"]),
)
ACTIONS = st.builds(
    action,
    st.sampled_from("NEXT_RULE MV_TO_QUEUE AUTO_CANCEL_DAYS RM_CANCEL_DATE NEW".split()),
    st.sampled_from([None, "3", "x"]),
)
RULES = st.lists(st.tuples(st.lists(CONDITIONS, max_size=5), st.lists(ACTIONS, max_size=3)), min_size=1, max_size=4)


@given(RULES)
def test_every_condition_and_action_is_in_the_report_once_brought_or_not(rules):
    group = a_group(*(a_rule(f"R{n}", *conditions, actions=actions) for n, (conditions, actions) in enumerate(rules)))
    migration = bring(as_json(group))
    said = len(rules) + sum(len(conditions) + len(actions) for conditions, actions in rules)
    assert len(migration.statements) == said
    brought = [one for one in migration.statements if one.verdict != NOT]
    left = [one for one in migration.statements if one.verdict == NOT]
    assert len(brought) + len(left) == said
    assert all(one.becomes for one in brought)
    assert all(one.code in OBSTACLES and one.why and one.todo and not one.becomes for one in left)
    assert all(one.code in DIFFERENCES for one in brought if one.verdict == CLOSE)
    assert len(migration.steps) == len(rules)
    assert migration.policies()["Web"]


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"routings": []}, "hotwax"),
        ([{"routings": []}], "hotwax"),
        ({"links": []}, "magento"),
        ({"items": [{"source_code": "a"}], "total_count": 1}, "magento"),
        ([{"source_code": "a", "stock_id": 1}], "magento"),
        ({"rules": []}, "shopify"),
        ({"orderRouting": {"rules": []}}, "shopify"),
    ],
)
def test_whose_file_it_is_is_seen_by_its_names(document, kind):
    assert guess(document) == kind
