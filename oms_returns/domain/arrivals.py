"""What is odd about goods that came in: a code for programs, a sentence for people, and what to do next."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

ZERO = Decimal(0)

#: {code: (sentence, next step)}; ``label`` and ``quantity`` are what it is about.
FINDINGS = {
    "wrong_serial": (
        "Number {label} is not one that this customer got.",
        "Look whether it was sold to somebody else. Reject it, or accept it with a note.",
    ),
    "unexpected": (
        "{label} is not on this return.",
        "Put it aside. It stands on the return as a line without an order; match it, or send it back.",
    ),
    "too_many": (
        "{quantity} of {label} more than was announced.",
        "What the customer still had of the order is taken in; match the rest, or send it back.",
    ),
    "too_few": (
        "{quantity} of {label} are still missing.",
        "Wait for another parcel, or close the return. Only what came in is paid back.",
    ),
    "missing_parts": (
        "{label} is not complete.",
        "Deduct what the missing part costs, or ask the customer to send it.",
    ),
    "damaged": (
        "{label} is damaged.",
        "Choose the grade; it proposes the deduction and where the goods go.",
    ),
    "number_needed": (
        "{label} has lot or serial numbers.",
        "Scan the number on the goods.",
    ),
    "unknown": (
        "“{label}” is known neither as a parcel, a return, an order nor a product.",
        "Open the parcel: press “Unknown Parcel” and scan what is in it.",
    ),
}


@dataclass(frozen=True, slots=True)
class Expected:
    """A line of a return: so much of a product was allowed and so much has come in.

    :param numbers: lots or serial numbers that the customer got; empty when the product has none.
    :param is_over: nothing more is waited for.
    """

    key: Hashable
    label: str
    allowed: Decimal
    received: Decimal
    numbers: frozenset[str] = frozenset()
    arrived_numbers: frozenset[str] = frozenset()
    is_from_order: bool = True
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    sentence: str
    next_step: str
    key: Hashable = None


def tell(code: str, label: str = "", quantity: Decimal | str = "", key: Hashable = None) -> Finding:
    """
    >>> tell("too_few", "Mug", Decimal("2.00")).sentence
    '2 of Mug are still missing.'
    """
    sentence, next_step = FINDINGS[code]
    return Finding(code, sentence.format(label=label, quantity=_plain(quantity)), next_step, key)


def look(lines: Sequence[Expected]) -> tuple[Finding, ...]:
    """Everything that is odd about what came in, line by line. Nothing is odd about a line that is still on its way.

    >>> [finding.code for finding in look([Expected(1, "Mug", Decimal(2), Decimal(3))])]
    ['too_many']
    >>> look([Expected(1, "Mug", Decimal(2), Decimal(0))])
    ()
    """
    found = []
    for line in lines:
        if line.received > 0 and not line.is_from_order:
            found.append(tell("unexpected", line.label, line.received, line.key))
        elif line.received > line.allowed:
            found.append(tell("too_many", line.label, line.received - line.allowed, line.key))
        elif line.received < line.allowed and (line.received > 0 or line.is_over):
            found.append(tell("too_few", line.label, line.allowed - line.received, line.key))
        if line.numbers:
            for number in sorted(line.arrived_numbers - line.numbers):
                found.append(tell("wrong_serial", number, key=line.key))
    return tuple(found)


def arrival(state: str, expected: date | None, today: date, arrived: date | None = None) -> str:
    """Where a return is on the board of expected arrivals.

    :param state: ``waiting`` for goods, or ``in``.
    :return: ``late``, ``today``, ``soon``, ``later``, ``arrived_today``, ``arrived``

    >>> arrival("waiting", date(2026, 3, 2), date(2026, 3, 3))
    'late'
    >>> arrival("in", date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 3))
    'arrived_today'
    """
    if state == "in":
        return "arrived_today" if arrived == today else "arrived"
    if expected is None or expected > today + timedelta(days=7):
        return "later"
    if expected < today:
        return "late"
    return "today" if expected == today else "soon"


@dataclass(frozen=True, slots=True)
class Node:
    """A place that goods may come back to.

    :param label_cost: of the way there, as the carrier or the distance tells; ``None`` when no label leads there.
    :param wanted: pieces of the return that this place will sell soon; each saves ``transfer_cost``.
    :param is_origin: the goods left from here; breaks ties.
    """

    key: Hashable
    name: str
    label_cost: Decimal | None
    wanted: Decimal = ZERO
    is_origin: bool = False


def propose_node(nodes: Sequence[Node], transfer_cost: Decimal) -> tuple[Node | None, str]:
    """The place to which the goods cost least to bring, counting what it saves when they need not be moved on to be sold.

    >>> near = Node(1, "Lyon", Decimal(4))
    >>> needy = Node(2, "Lille", Decimal(5), wanted=Decimal(3))
    >>> propose_node([near, needy], Decimal(1))[0].name
    'Lille'
    """
    open_nodes = [node for node in nodes if node.label_cost is not None]
    if not open_nodes:
        return None, "No place takes returns this way."

    def total(node):
        return node.label_cost - transfer_cost * node.wanted

    best = min(open_nodes, key=lambda node: (total(node), not node.is_origin, str(node.key)))
    sentence = f"{best.name}: {best.label_cost:.2f} for the way back"
    if best.wanted:
        sentence += f", and {_plain(best.wanted)} pieces are wanted there"
    return best, f"{sentence}."


def _plain(quantity: Decimal | str) -> str:
    return f"{quantity.normalize():f}" if isinstance(quantity, Decimal) else str(quantity)
