"""How far a return is, what is to be done next, and what stands in the way: told from its quantities alone."""

from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import Problem
from odoo.addons.oms_core.domain.money import ZERO


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line of a return. Quantities in its unit.

    :param key: what it takes from: lines of one order line take from the same goods. ``None``: its order is not known.
    :param with_customer: how much of the order line the customer has that is on no other return.
    :param received: what came in of it; ``underway``: what a transfer expects already.
    :param to_inspect: what came in and was not looked at yet, where somebody has to look.
    :param to_settle: what was accepted, and the customer has nothing for yet.
    :param outcome_code: what the customer gets; ``outcome``: as a word in a sentence.
    :param has_reason: whether anybody said why.
    :param is_cancelled: whether its order was cancelled.
    """

    quantity: Decimal
    name: str = ""
    key: object = None
    with_customer: Decimal = ZERO
    expects_goods: bool = True
    received: Decimal = ZERO
    underway: Decimal = ZERO
    to_inspect: Decimal = ZERO
    to_settle: Decimal = ZERO
    outcome_code: str = "refund"
    outcome: str = "refund"
    has_reason: bool = True
    is_kit: bool = False
    is_cancelled: bool = False

    @property
    def missing(self):
        return max(ZERO, self.quantity - self.received) if self.expects_goods else ZERO

    @property
    def wanted(self):
        """How much of what the customer has is still to be asked for."""
        return max(ZERO, self.missing - self.underway) if self.expects_goods else self.quantity


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """:param to_repay: what is owed to the customer, with its currency (``48.00 EUR``); empty: nothing."""

    state: str
    lines: tuple[LineFacts, ...] = ()
    is_blind: bool = False
    has_customer: bool = True
    to_repay: str = ""


def get_stage(facts):
    """What is still to come goes before what is to be inspected, and that before what is to be settled."""
    if facts.state != "open":
        return facts.state
    if any(line.missing > 0 for line in facts.lines):
        return "partial" if any(line.received > 0 for line in facts.lines if line.expects_goods) else "expected"
    if any(line.to_inspect > 0 for line in facts.lines):
        return "received"
    return "inspected" if any(line.to_settle > 0 for line in facts.lines) else "settled"


def get_todo(facts):
    """What somebody has to do next, as one sentence; empty when nobody has to do anything."""
    if facts.state == "draft":
        return "Mend what is wrong, then authorize it." if get_problems(facts) else "Authorize it, or refuse it."
    if facts.state != "open":
        return f"Pay back {facts.to_repay}." if facts.to_repay else ""
    settling = [line for line in facts.lines if not needs_order(line)]
    steps = [
        ("receive {}", [(line.missing, line.name) for line in facts.lines]),
        ("inspect {}", [(line.to_inspect, line.name) for line in facts.lines]),
        ("match {} to an order", [(line.to_settle, line.name) for line in facts.lines if needs_order(line)]),
        ("settle {}", [(line.to_settle, f"{line.name} ({line.outcome})") for line in settling]),
    ]
    words = [sentence.format(in_words(parts)) for sentence, parts in steps if in_words(parts)]
    if facts.to_repay:
        words.append(f"pay back {facts.to_repay}")
    sentence = "; ".join(words)
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else "Close it: everything is settled."


def needs_order(line):
    """Whether nobody can settle it before its order is known."""
    return line.key is None and line.outcome_code not in ("nothing", "repair")


def get_problems(facts):
    """What must be mended before a request can be authorized."""
    lines = [line for line in facts.lines if line.quantity > 0]
    if not lines:
        return (Problem("no_lines", "Say on the lines what comes back."),)
    problems = []
    if not facts.has_customer and not facts.is_blind:
        problems.append(Problem("no_customer", "Say whose goods these are: enter the customer."))
    for line in lines:
        if line.is_kit and line.quantity % 1:  # half a kit is parts
            problems.append(
                Problem(
                    "kit_in_part",
                    f"“{line.name}” is a kit and comes back in whole ones. For a part of it: take the part in with “Return” "
                    "on its delivery, and give its share of the price back with “Give Money” on a claim for the kit with the "
                    "outcome “Nothing”.",
                )
            )
        if line.outcome_code == "nothing" and not line.has_reason:
            problems.append(
                Problem(
                    "no_reason", f"Say why the customer gets nothing for “{line.name}”: enter a reason or a comment."
                )
            )
        if line.outcome_code == "repair" and not line.expects_goods:
            problems.append(
                Problem("repair_without_goods", f"To be repaired, “{line.name}” has to come back. Say so on its line.")
            )
        if line.key is None and not line.expects_goods:
            problems.append(
                Problem(
                    "claim_without_order", f"Say of which order “{line.name}” is: only what was sold can be made good."
                )
            )
    taken = {}
    for line in lines:
        if line.key is not None:
            taken.setdefault(line.key, [line, ZERO])[1] += line.wanted
    for line, wanted in taken.values():
        if wanted > line.with_customer:
            problems.append(Problem("too_many", _too_many(line, wanted)))
    return tuple(problems)


def _too_many(line, wanted):
    if line.is_cancelled and not line.with_customer:
        return f"“{line.name}” was cancelled, and the customer has nothing of it. Take it off this return."
    return (
        f"{number(wanted)} of “{line.name}” cannot come back: the customer has {number(line.with_customer)} that are not on "
        "another return."
    )


def in_words(parts):
    """“2 × Mug, 1 × Lamp” of ``(quantity, name)``."""
    return ", ".join(f"{number(quantity)} × {name}" for quantity, name in parts if quantity > 0)


def number(quantity):
    """``2`` and ``0.5``, as people write it."""
    return f"{quantity.normalize():f}"
