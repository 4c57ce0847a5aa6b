"""A routing group of HotWax Commerce: routings pick orders, each of their rules filters and sorts places, one after the other.

Each rule of a routing becomes a policy whose rest goes to the next one, so that they cascade as they did there. Both spellings
of its app are read: ``orderFilters`` and ``inventoryFilters`` (a list, or by type and name), or ``filters`` and
``inventoryConditions``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from ..model import BACKORDER, CANCEL, HOLD, WAIT
from ..policy import NEXT, Rule
from ..words import listed, plain
from .conditions import LABELS, QUEUE, Condition, conditions, in_sequence, is_queue, parsed, tell_strangers, values_of
from .model import Migration, Report, Step, finished
from .reading import flag_of, mapping_at, number_of, objects_at, text_of

KM_OF_MILE = Decimal("1.609344")
DAYS_MAX = 3650

ORDER_CONDITIONS = ("orderFilters", "filters")
PLACE_CONDITIONS = ("inventoryFilters", "inventoryConditions")
SCHEDULE = ("schedule", "jobName", "cronExpression", "paused", "serviceJob", "nextExecutionDateTime", "runTime")

ORDER_SORTS = {"orderDate": ("date", "Ordered first"), "shipBeforeDate": ("promise", "Promised first"),
               "priority": ("priority", "Most urgent first")}  # fmt: skip
#: What orders are known to be picked by there, and no policy asks here.
ORDER_FILTERS = ("shipmentMethodTypeId", "priority", "promiseDaysCutoff", "originFacilityGroupId", "productCategoryId")
#: Shipping method there → delivery method here.
PICKUPS = {"STOREPICKUP": "pickup", "SHIP_TO_STORE": "ship_to_store"}

PLACE_SORTS = {
    "distance": ("distance", "The shortest way", ""),
    "inventoryForAllocation": ("stock_balance", "From where most is left afterwards", ""),
    "facilitySequence": ("priority", "The places in the order of their list", "own_sequence"),
    "weekOfSupply": ("weeks_of_supply", "From where the rest lasts for the most weeks", "own_forecast"),
}


@dataclass(slots=True)
class _Routing:
    chain: str
    channels: tuple[str, ...] = ()
    delivery_method: str = ""
    order_by: str = ""
    is_wider: bool = False
    is_brought: bool = True
    rules: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def read(document: Any, *, exact: bool = False) -> Migration:
    """``exact`` changes nothing here: rules cascade as they did there anyway."""
    report, steps, wider = Report(), [], []
    groups: dict[str, None] = {}
    names: set[str] = set()
    for place, group in _groups(document):
        for name in SCHEDULE:
            if group.get(name):
                report.leave(f"{place}.{name}", f"Runs on a schedule: {text_of(group[name]) or name}", "schedule")
        if store := text_of(group.get("productStoreId")):
            report.same(f"{place}.productStoreId", f"Orders of the store {store}", f"Orders from {store}")
        tell_strangers(
            report, place, group, (*LABELS, *SCHEDULE, *("productStoreId", "routings", "statusId", "vectors"))
        )
        for where, routing in in_sequence(group.get("routings"), f"{place}.routings"):
            found = _read_routing(report, where, routing, names)
            if not found.is_brought:
                continue
            if found.is_wider:
                wider.append(found.chain)
            for number, (there, rule) in enumerate(found.rules, 1):
                is_last = number == len(found.rules)
                step = _read_rule(report, there, rule, found, groups, is_last=is_last)
                steps.append(replace(step, channels=(store,)) if store and not step.channels else step)
    return finished("hotwax", report, steps, groups=groups, wider=tuple(wider))


def _groups(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, entry in enumerate(document if isinstance(document, list) else [document], 1):
        place = f"group[{number}]" if isinstance(document, list) else "group"
        group = mapping_at(entry, place)
        yield place, mapping_at(group.get("routingGroup", group), place)


# --- orders ------------------------------------------------------------------------------------------------------------


def _read_routing(report: Report, where: str, routing: dict[str, Any], names: set[str]) -> _Routing:
    """What a routing says of orders, and the rules of it that were switched on."""
    chain = name = text_of(routing.get("routingName")) or where
    number = 1
    while chain in names:
        number += 1
        chain = f"{name} ({number})"
    names.add(chain)
    found = _Routing(chain)
    if text_of(routing.get("statusId")) not in ("ROUTING_ACTIVE", ""):
        return _left(report, found, where, f"Routing “{name}” with all in it", "switched_off")
    found_conditions = conditions(routing, ORDER_CONDITIONS, where)
    for place, entry in found_conditions:
        queues = values_of(entry.get("fieldValue"))
        if is_queue(entry) and queues and QUEUE not in queues:
            says = f"Routing “{name}” with all in it, for the queue {listed(queues, last=' or ')}"
            return _left(report, found, place, says, "other_queue")
    tell_strangers(report, where, routing, (*LABELS, *ORDER_CONDITIONS, "rules", "statusId"))
    for place, entry in found_conditions:
        condition = parsed(report, place, entry)
        if condition.is_sort:
            _sort_orders(report, condition, found)
        else:
            _filter_orders(report, condition, found)
    for place, rule in in_sequence(routing.get("rules"), f"{where}.rules"):
        if text_of(rule.get("statusId")) in ("RULE_ACTIVE", ""):
            found.rules.append((place, rule))
        else:
            report.leave(place, f"Rule “{text_of(rule.get('ruleName')) or place}” with all in it", "switched_off")
    return found


def _left(report: Report, found: _Routing, where: str, says: str, code: str) -> _Routing:
    report.leave(where, says, code)
    found.is_brought = False
    return found


def _filter_orders(report: Report, condition: Condition, found: _Routing) -> None:
    where, says, values = condition.where, condition.says, condition.values
    if not values:
        report.leave(where, says, "no_value")
    elif condition.name == "facilityId":  # the queue of orders without a place, or not one of the others
        report.same(where, says, "Every order that is confirmed")
        return
    elif condition.without and condition.name in ("salesChannelEnumId", *ORDER_FILTERS):
        report.leave(where, says, "not_these_orders")
    elif condition.name == "salesChannelEnumId":
        found.channels += values
        report.same(where, says, f"Orders from {listed(values, last=' or ')}")
        return
    elif condition.name == "shipmentMethodTypeId" and len(values) == 1 and values[0] in PICKUPS:
        found.delivery_method = PICKUPS[values[0]]
        report.same(where, says, "Orders that are picked up in a store")
        return
    else:
        report.leave(where, says, "order_filter" if condition.name in ORDER_FILTERS else "unknown")
    found.is_wider = True


def _sort_orders(report: Report, condition: Condition, found: _Routing) -> None:
    says = f"Orders sorted by {condition.name or '?'}"
    known = ORDER_SORTS.get(condition.name)
    if known is None:
        report.leave(condition.where, says, "order_sort")
    elif found.order_by:
        report.leave(condition.where, says, "second_sort")
    else:
        found.order_by = known[0]
        report.same(condition.where, says, f"Who comes first: {known[1]}")


# --- places ------------------------------------------------------------------------------------------------------------


def _read_rule(
    report: Report, where: str, rule: dict[str, Any], routing: _Routing, groups: dict[str, None], *, is_last: bool
) -> Step:
    tell_strangers(report, where, rule, (*LABELS, *PLACE_CONDITIONS, "statusId", "assignmentEnumId", "actions"))
    constraints: list[Rule] = []
    objectives: list[Rule] = []
    told = [parsed(report, *one) for one in conditions(rule, PLACE_CONDITIONS, where)]
    systems = (one.values[0].upper() for one in told if one.name == "measurementSystem" and one.values)
    system = next(systems, "")
    for condition in told:
        if not condition.is_sort and (made := _filter_places(report, condition, system, groups)):
            constraints.append(made)
    _divide(report, where, rule, constraints, objectives)
    for condition in told:
        if condition.is_sort and (goal := _sort_places(report, condition)) and goal not in objectives:
            objectives.append(goal)
    leftover, days = _read_actions(report, where, rule, is_last=is_last)
    return Step(
        chain=routing.chain,
        name=f"{routing.chain}: {text_of(rule.get('ruleName')) or where}",
        constraints=tuple(constraints),
        objectives=tuple(objectives),
        leftover=leftover,
        leftover_days=days,
        order_by=routing.order_by,
        channels=tuple(dict.fromkeys(routing.channels)),
        delivery_method=routing.delivery_method,
    )


def _divide(report: Report, where: str, rule: dict[str, Any], constraints: list[Rule], objectives: list[Rule]) -> None:
    """Whether an order may be divided."""
    assignment, there = text_of(rule.get("assignmentEnumId")), f"{where}.assignmentEnumId"
    if assignment == "ORA_SINGLE":
        constraints += [Rule("whole_order"), Rule("max_nodes", number=1)]
        report.same(there, "No partial allocation", "One place for the whole order, and the whole order only")
    elif assignment == "ORA_MULTI":
        objectives.append(Rule("fewest_parcels"))
        report.close(there, "Partial allocation", "Divided where needed, the fewest parcels first", "parcels_first")
    elif assignment:
        report.leave(there, f"Allocation {assignment}", "unknown")


def _filter_places(report: Report, condition: Condition, system: str, groups: dict[str, None]) -> Rule | None:
    where, says = condition.where, condition.says
    match condition.name:
        case "facilityGroupId" if condition.values:
            groups.update(dict.fromkeys(condition.values))
            return _group(report, condition)
        case "measurementSystem":
            report.same(where, says, "Distances are kept in kilometres")
            return None
        case "distance" if not condition.operator.startswith("greater"):
            return _limit(report, condition, system)
        case "brokeringSafetyStock" | "shipmentThreshold":
            return _limit(report, condition, system)
        case "splitOrderItemGroup" | "ignoreFacilityOrderLimit":
            return _switch(report, condition)
        case "facilityGroupId":
            report.leave(where, says, "no_value")
        case "weekOfSupply" | "useCpcm" | "distance":
            report.leave(where, says, "place_filter")
        case _:
            report.leave(where, says, "unknown")
    return None


def _group(report: Report, condition: Condition) -> Rule:
    named = listed(condition.values, last=" or ")
    if condition.without:
        report.same(condition.where, condition.says, f"Not from the group {named}")
        return Rule("node_group", excluded_groups=condition.values)
    report.same(condition.where, condition.says, f"Only from the group {named}")
    return Rule("node_group", groups=condition.values)


def _limit(report: Report, condition: Condition, system: str) -> Rule | None:
    """A filter with a number.

    :param system: ``METRIC`` or ``IMPERIAL``; miles where the file does not say.
    """
    where, says, number = condition.where, condition.says, number_of(condition.value)
    if number is None or number <= 0:
        report.leave(where, says, "no_number")
        return None
    if condition.name == "brokeringSafetyStock":
        report.close(where, says, f"Every place keeps back {plain(number)} of each product", "keeps_back")
        return Rule("safety_stock", quantity=number)
    if condition.name == "shipmentThreshold":
        report.same(where, says, f"Every shipment is worth at least {plain(number)}, and so is what is left")
        return Rule("shipment_value", amount=number)
    km = (number if system == "METRIC" else number * KM_OF_MILE).quantize(Decimal("0.1"))
    if system in ("METRIC", "IMPERIAL"):
        report.same(where, says, f"At most {plain(km)} km away")
    else:
        report.close(where, says, f"At most {plain(km)} km away", "miles_taken")
    return Rule("max_distance", km=km)


def _switch(report: Report, condition: Condition) -> Rule | None:
    where, says, is_on = condition.where, condition.says, flag_of(condition.value)
    is_split = condition.name == "splitOrderItemGroup"
    if is_on is None:
        report.leave(where, says, "no_value")
    elif is_split and is_on:
        report.same(where, says, "What belongs together may leave apart: no rule")
    elif is_split:
        report.same(where, says, "What belongs together leaves from one place")
        return Rule("together")
    elif is_on:
        report.close(where, says, "Places can take more orders a day, if nothing else fits", "when_needed")
        return Rule("capacity_orders", hard=False)
    else:
        report.same(where, says, "Limits of places are always looked at")
    return None


def _sort_places(report: Report, condition: Condition) -> Rule | None:
    says = f"Places sorted by {condition.name or '?'}"
    if condition.name not in PLACE_SORTS:
        report.leave(condition.where, says, "place_sort")
        return None
    kind, becomes, difference = PLACE_SORTS[condition.name]
    if difference:
        report.close(condition.where, says, becomes, difference)
    else:
        report.same(condition.where, says, becomes)
    return Rule(kind)


def _read_actions(report: Report, where: str, rule: dict[str, Any], *, is_last: bool) -> tuple[str, int | None]:
    """What becomes of what nobody has: the rest goes to the next rule, unless the rule says that it goes to a queue."""
    actions, there = rule.get("actions"), f"{where}.actions"
    if isinstance(actions, dict):
        entries = [(f"{there}.{text_of(key)}", mapping_at(one, there)) for key, one in actions.items()]
    else:
        entries = list(objects_at(actions, there))
    kinds = [text_of(one.get("actionTypeEnumId") or one.get("routingActionTypeId")) for _place, one in entries]
    is_end = is_last or "ORA_MV_TO_QUEUE" in kinds
    leftover, days = "" if is_end else NEXT, None
    for kind, (place, action) in zip(kinds, entries, strict=True):
        tell_strangers(report, place, action, (*LABELS, "actionTypeEnumId", "routingActionTypeId", "actionValue"))
        value = action.get("actionValue")
        says = f"Cancel what is left after {text_of(value) or '?'} days"
        match kind:
            case "ORA_NEXT_RULE" if not is_end:
                report.same(place, "What is left goes to the next rule", "The rest goes to the next policy")
            case "ORA_NEXT_RULE" if "ORA_MV_TO_QUEUE" in kinds:
                report.leave(place, "What is left goes to the next rule", "instead")
            case "ORA_NEXT_RULE":
                leftover = leftover or WAIT
                says = "What is left goes to the next rule, and there is none"
                report.close(place, says, "Try again each hour", "tried_again")
            case "ORA_AUTO_CANCEL_DAYS" if not is_end:
                report.leave(place, says, "cancels_later")
            case "ORA_AUTO_CANCEL_DAYS":
                number = number_of(value)
                if number is None or not 0 <= number <= DAYS_MAX or number != int(number):
                    report.leave(place, says, "no_number")
                    continue
                leftover, days = CANCEL, int(number)
                report.same(place, says, f"Try again each hour, and cancel what is missing after {days} days")
            case "ORA_MV_TO_QUEUE":
                says = f"What is left goes to the queue {text_of(value) or '?'}"
                if "ORA_AUTO_CANCEL_DAYS" in kinds:
                    report.leave(place, says, "instead")
                    continue
                leftover = HOLD
                report.close(place, says, "Hold the order", "held")
            case "ORA_RM_CANCEL_DATE":
                report.leave(place, "Clear the date of cancelling", "clears_cancelling")
            case _:
                report.leave(place, kind or "?", "unknown")
    return leftover or BACKORDER, days
