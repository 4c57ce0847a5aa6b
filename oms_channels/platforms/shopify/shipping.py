"""Which of Shopify's fulfilment orders a parcel is taken from. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ...domain.outgoing import Item, Parcel
from . import answers, const

#: What is picked of one place: (fulfilment order, [(its line, pieces)]).
Picked = list[tuple[str, list[tuple[str, int]]]]


@dataclass(frozen=True, slots=True)
class Shippable:
    """A fulfilment order: goods that are to leave from one place.

    :param lines: (its line, line of the order, pieces that have not left).
    """

    id: str
    status: str
    location: str
    lines: tuple[tuple[str, str, int], ...]
    holds: tuple[str, ...] = ()
    can_ship: bool = True

    @classmethod
    def made_of(cls, row: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Shippable:
        actions = {action.get("action") for action in answers.rows(row, "supportedActions")}
        return cls(
            id=str(row.get("id", "")),
            status=str(row.get("status", "")),
            location=str(answers.mapping(answers.mapping(row, "assignedLocation"), "location").get("id") or ""),
            lines=tuple(
                (
                    str(line.get("id", "")),
                    str(answers.mapping(line, "lineItem").get("id", "")),
                    _int(line.get("remainingQuantity")),
                )
                for line in lines
            ),
            holds=tuple(str(hold.get("displayReason") or "") for hold in answers.rows(row, "fulfillmentHolds")),
            can_ship="CREATE_FULFILLMENT" in actions or not actions,
        )

    @property
    def is_open(self) -> bool:
        return self.status in const.SHIPPABLE and self.can_ship


def _line_id(row: Mapping[str, Any]) -> str:
    return str(answers.mapping(row, "lineItem").get("id", ""))


def _int(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def choose(
    parcel: Parcel, items: Mapping[str, Decimal], groups: Sequence[Shippable]
) -> tuple[list[tuple[str, Picked]], str]:
    """(what is picked, place by place; why it cannot be, as a sentence).

    What the parcel's own place is to ship comes first; the rest is taken wherever Shopify expects it from.
    """
    open_groups = sorted(
        (group for group in groups if group.is_open), key=lambda one: one.location != parcel.location_ref
    )
    picked: dict[str, dict[str, list[tuple[str, int]]]] = defaultdict(lambda: defaultdict(list))
    for line_id, wanted in items.items():
        lacking = int(wanted)
        for group in open_groups:
            for own_id, of_line, remaining in group.lines:
                taken = min(lacking, remaining) if of_line == line_id else 0
                if taken > 0:
                    picked[group.location][group.id].append((own_id, taken))
                    lacking -= taken
        if lacking:
            return [], _why(line_id, int(wanted), lacking, groups)
    return [(location, list(chosen.items())) for location, chosen in picked.items()], ""


def waiting_at(items: Sequence[Item], groups: Sequence[Shippable]) -> tuple[list[tuple[str, str, int]], str]:
    """([(line, place where its pieces wait, pieces)], why not all of them do, as a sentence)."""
    found = []
    for item in items:
        lacking = int(item.quantity)
        for group in groups:
            left = sum(left for _own, line, left in group.lines if line == item.line_ref)
            taken = 0 if group.status in ("CLOSED", "CANCELLED", "INCOMPLETE") else min(lacking, left)
            if taken > 0:
                found.append((item.line_ref, group.location, taken))
                lacking -= taken
        if lacking:
            return [], (
                f"In Shopify {lacking} of {int(item.quantity)} pieces of a line do not wait any more: they were shipped or "
                "cancelled there. Compare the order there with ours."
            )
    return found, ""


def _why(line_id: str, wanted: int, lacking: int, groups: Sequence[Shippable]) -> str:
    """What keeps pieces of a line from being shipped."""
    of_line = [group for group in groups if any(line == line_id and left for _own, line, left in group.lines)]
    held = next((group for group in of_line if group.status == "ON_HOLD"), None)
    if held:
        reasons = ", ".join(filter(None, held.holds))
        return f"Shopify holds the goods back{f' ({reasons})' if reasons else ''}. Release the hold in Shopify, then send again."
    if any(group.status == "SCHEDULED" for group in of_line):
        return "Shopify has planned these goods for a later day. Mark them as ready there, then send the parcel again."
    if any(group.status in const.SHIPPABLE and not group.can_ship for group in of_line):
        return "These goods are with a fulfilment service in Shopify. Cancel its request there, then send the parcel again."
    if not any(line == line_id for group in groups for _own, line, _left in group.lines):
        return "Shopify has nothing to ship for one of the lines. Compare the order there with ours."
    expected = wanted - lacking
    return (
        f"Shopify expects only {expected} of {wanted} pieces of a line: the rest was shipped or cancelled there. Compare "
        "the order there with ours."
    )


def may_be(parcel: Parcel, fulfilment: Mapping[str, Any]) -> bool:
    """Whether a fulfilment can be the parcel, as far as tracking numbers say."""
    if fulfilment.get("status") in const.VOID_FULFILMENTS:
        return False
    numbers = {str(info.get("number") or "") for info in answers.rows(fulfilment, "trackingInfo")} - {""}
    return parcel.tracking_number in numbers if parcel.tracking_number else not numbers


def shipped_already(parcel: Parcel, fulfilments: Sequence[Mapping[str, Any]]) -> tuple[dict[str, int], list[str]]:
    """(line → pieces of this parcel that Shopify knows of already, the fulfilments that they are in).

    A parcel is known by its tracking number; one without, by holding exactly the same.

    :param fulfilments: those that :func:`may_be` it, each with its ``lines``.
    """
    done: dict[str, int] = defaultdict(int)
    references = []
    wanted = {item.line_ref: int(item.quantity) for item in parcel.items}
    for row in fulfilments:
        held: dict[str, int] = defaultdict(int)
        for line in answers.listed(row.get("lines")):
            held[_line_id(line)] += _int(line.get("quantity"))
        if not parcel.tracking_number and held != wanted:
            continue
        references.append(str(row.get("id", "")))
        for line_id, quantity in held.items():
            done[line_id] += quantity
        if not parcel.tracking_number:
            break
    return done, references
