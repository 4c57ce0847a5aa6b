"""Conditions of HotWax Commerce, however they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..words import listed
from .model import Report
from .reading import mapping_at, number_of, objects_at, strangers, text_of

#: Orders that wait for their first place; all others are parked for some reason.
QUEUE = "_NA_"
FILTER, SORT = "ENTCT_FILTER", "ENTCT_SORT_BY"
NOT_IN = ("not-equals", "not-in")

#: Names that say nothing about decisions: what things are called, when and by whom they were written.
LABELS = frozenset(
    "routingGroupId groupName description createdDate createdByUser lastUpdatedStamp createdStamp "
    "lastUpdatedTxStamp createdTxStamp lastModifiedDate orderRoutingId routingName routingRuleId ruleName conditionSeqId "
    "actionSeqId sequenceNum variationGroupId hasUnsavedChanges isRoutingGroupDetailLoaded filterConditions sortConditions "
    "filtersCount sortCount rulesCount isDefault".split()
)


@dataclass(frozen=True, slots=True)
class Condition:
    """:param is_sort: whether it sorts instead of filtering.
    :param operator: how it compares; empty where that goes without saying.
    :param values: what it compares with; several where any of them will do.
    :param without: whether those are meant that are not among the values.
    """

    where: str
    is_sort: bool
    name: str
    operator: str
    says: str
    value: Any
    values: tuple[str, ...]
    without: bool


def tell_strangers(report: Report, where: str, entry: dict[str, Any], known) -> None:
    for name in strangers(entry, known):
        report.leave(f"{where}.{text_of(name)}", text_of(name) or "?", "unknown")


def in_sequence(value: Any, where: str) -> list[tuple[str, dict[str, Any]]]:
    """The entries by ``sequenceNum``; those without one keep their place in the list."""
    entries = list(objects_at(value, where))
    return sorted(entries, key=lambda one: number_of(one[1].get("sequenceNum")) or Decimal(0))


def conditions(entry: dict[str, Any], names: tuple[str, ...], where: str) -> list[tuple[str, dict[str, Any]]]:
    """Conditions of an entry, however they are stored: a list; by name; by type and name."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name in names:
        value, place = entry.get(name), f"{where}.{name}"
        if isinstance(value, dict):
            for key, one in value.items():
                inner = mapping_at(one, f"{place}.{text_of(key)}")
                if key in (FILTER, SORT):
                    found += [
                        (
                            f"{place}.{key}.{text_of(sub)}",
                            {"conditionTypeEnumId": key, **mapping_at(it, f"{place}.{key}")},
                        )
                        for sub, it in inner.items()
                    ]
                else:
                    found.append((f"{place}.{text_of(key)}", inner))
        else:
            found += objects_at(value, place)
    return sorted(found, key=lambda one: number_of(one[1].get("sequenceNum")) or Decimal(0))


def parsed(report: Report, where: str, entry: dict[str, Any]) -> Condition:
    tell_strangers(report, where, entry, (*LABELS, "conditionTypeEnumId", "fieldName", "operator", "fieldValue"))
    name, operator, value = text_of(entry.get("fieldName")), text_of(entry.get("operator")), entry.get("fieldValue")
    without = operator in NOT_IN or name.endswith("_excluded")
    name = name.removesuffix("_excluded")
    values = values_of(value)
    says = " ".join(filter(None, (name or "?", "is not" if without else operator or "is", listed(values, last=" or "))))
    return Condition(where, entry.get("conditionTypeEnumId") == SORT, name, operator, says, value, values, without)


def values_of(value: Any) -> tuple[str, ...]:
    """What a condition compares with: a list, or one text with commas."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(filter(None, (text_of(part) for part in parts))))


def is_queue(entry: dict[str, Any]) -> bool:
    """Whether a condition asks in which queue orders lie."""
    is_filter = entry.get("conditionTypeEnumId") != SORT
    return is_filter and entry.get("fieldName") == "facilityId" and entry.get("operator") not in NOT_IN
