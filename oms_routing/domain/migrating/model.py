"""What comes of a file of rules: policies to be, and a report with every statement in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..model import BACKORDER
from ..policy import NEXT, Policy, Rule
from .reading import BadFile

SAME = "same"  #: decides as it did there
CLOSE = "close"  #: brought, with a difference that is told
NOT = "not"  #: has no place here; what to do instead is told
VERDICTS = (SAME, CLOSE, NOT)

STATEMENTS_MAX = 2_000
STEPS_MAX = 100
PLACES_MAX = 1_000
#: More ranks than this would be more groups of places than anybody reads.
RANKS_MAX = 30

#: Why something is brought with a difference: (what it is, what to do about it).
DIFFERENCES: dict[str, tuple[str, str]] = {
    "divides": (
        "There each source gives all that it has before the next is asked, even if a later one has everything; here one that has "
        "everything may come before two that share the order.",
        "Compare with known orders; to divide as there, bring the rules along exactly.",
    ),
    "parcels_first": (
        "There places are asked one after the other; here the fewest parcels come first, and the sorting decides between equals.",
        "Remove the goal of the fewest parcels if dividing more is wanted.",
    ),
    "keeps_back": (
        "There a place that has as much may give all of it; here it keeps as much for itself and gives what is above.",
        "Change the number if less is to be kept back.",
    ),
    "when_needed": (
        "There the limit is not looked at; here it is given up only where nothing else would be shipped.",
        "Raise the limit at the warehouse if it is not meant.",
    ),
    "own_sequence": (
        "The sequence of the places is not in the file; here it is that of the list of warehouses.",
        "Put the warehouses in that sequence: Inventory > Configuration > Warehouses.",
    ),
    "own_forecast": (
        "Weeks of supply are reckoned here from last night's forecast of what each place sells.",
        "Nothing; the forecast learns by itself.",
    ),
    "tried_again": (
        "There such items wait for the next run; here they are tried again each hour, and held after three days.",
        "Change under What Nobody Has, if they should wait longer.",
    ),
    "held": (
        "There such items lie in a queue; here the order is held, and somebody is told.",
        "Look at OM > Orders > Holds.",
    ),
    "market_countries": (
        "There places of the customer's market come first; here places that ship to the country do, before any goal.",
        "Fill in Ships to at the warehouses: the countries of the market that each is for.",
    ),
    "miles_taken": (
        "The file does not say whether miles or kilometres are meant; miles were taken.",
        "Look at the kilometres of the rule.",
    ),
    "default_algorithm": (
        "The file does not say by which algorithm sources are chosen; by priority was taken, the usual one.",
        "Where distance was chosen there, replace the goal by “Shortest way”.",
    ),
    "long_list": (
        f"A list of more than {RANKS_MAX} ranks is no group of places for each; here it is the sequence of the warehouses.",
        "Put the warehouses in that sequence: Inventory > Configuration > Warehouses.",
    ),
}

#: Why something is not brought: (what it is, what to do instead).
OBSTACLES: dict[str, tuple[str, str]] = {
    "unknown": ("This is not known here.", "Look up what it did there, and add a rule to the policy if one is needed."),
    "switched_off": ("It was switched off there.", "Nothing; switch it on there and bring it again if it is needed."),
    "schedule": (
        "Orders are sourced when they are confirmed, at no certain hour.",
        "Nothing; for runs at certain hours tick Decide in Runs on the policy.",
    ),
    "other_queue": (
        "There is no queue of that kind: what a place rejects is sourced again at once, by the same policies.",
        "Nothing; what is parked for other reasons is a hold here.",
    ),
    "order_filter": (
        "A policy cannot ask orders for this, so it would be for more orders than there.",
        "Before you switch it on: tag those orders, and name the tag under Which Orders.",
    ),
    "not_these_orders": (
        "A policy names orders that it is for, not orders that it is not for.",
        "Before you switch it on: name the others under Which Orders, or put a policy for these before it.",
    ),
    "order_sort": (
        "Orders that are decided together are not put in order by this.",
        "Choose under Who Comes First what is nearest to it.",
    ),
    "second_sort": (
        "Orders that are decided together are put in order by one thing only; equals by when they came in.",
        "Nothing, unless equals are common.",
    ),
    "no_number": ("There is no number in it that can be used.", "Add the rule with its number to the policy."),
    "no_value": ("It does not say what it compares with.", "Add the rule to the policy."),
    "place_filter": (
        "Places are not kept or left out by this here.",
        "Make a group of the places that are meant, and name it.",
    ),
    "place_sort": ("Places are not put in order by this here.", "Choose a goal that comes nearest to it."),
    "clears_cancelling": (
        "Whether what is missing is called off is said by each policy; there is no date to be cleared.",
        "Choose another leftover under What Nobody Has.",
    ),
    "cancels_later": (
        "Only the last of several policies can call off what nobody has.",
        "Choose it under What Nobody Has of the last one.",
    ),
    "instead": (
        "Another action of the same rule says already what becomes of the rest.",
        "Nothing, if that is what was meant.",
    ),
    "own_code": (
        "It ranks places by a program or by fields that the file does not hold.",
        "Make groups of the places that it prefers, and name them in the goal of preferred groups.",
    ),
    "market_later": (
        "Here places that ship to the country come before any goal or not at all, never after another goal.",
        "Add “Place ships to this country” to the policy if the market is more important than what stands before it.",
    ),
    "no_place": ("It names no place.", "Name the places there, and bring it again."),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that the file says.

    :param where: the line, or the path, in the file.
    :param says: what it says, in words.
    :param becomes: the rule that it becomes; empty if it is not brought.
    :param code: of :data:`DIFFERENCES` or :data:`OBSTACLES`; empty where nothing is to be told.
    """

    where: str
    says: str
    verdict: str
    becomes: str = ""
    code: str = ""

    @property
    def why(self) -> str:
        return {**DIFFERENCES, **OBSTACLES}.get(self.code, ("", ""))[0]

    @property
    def todo(self) -> str:
        return {**DIFFERENCES, **OBSTACLES}.get(self.code, ("", ""))[1]


@dataclass(frozen=True, slots=True)
class Step:
    """A policy to be. What it leaves over with ``next`` goes to the next one of its chain.

    :param chain: which steps belong together: those of one routing, or of one stock.
    :param constraints: with names instead of groups of places, see :attr:`Migration.groups`.
    :param channels: names of the channels that it is for; empty for all.
    """

    chain: str
    name: str
    constraints: tuple[Rule, ...] = ()
    objectives: tuple[Rule, ...] = ()
    leftover: str = BACKORDER
    leftover_days: int | None = None
    order_by: str = ""
    channels: tuple[str, ...] = ()
    delivery_method: str = ""


@dataclass(frozen=True, slots=True)
class Migration:
    """:param groups: name → the places in it as the file calls them; None if the file only names the group.
    :param wider: chains that would be for more orders than they were there.
    """

    kind: str
    statements: tuple[Statement, ...]
    steps: tuple[Step, ...]
    groups: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    wider: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place for places in self.groups.values() for place in places or ()))

    @property
    def named_groups(self) -> tuple[str, ...]:
        return tuple(name for name, places in self.groups.items() if places is None)

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(channel for step in self.steps for channel in step.channels))

    def policies(self) -> dict[str, Policy]:
        """Chain → what the planner takes, with the names of groups as they are in the file."""
        chains: dict[str, list[Step]] = {}
        for step in self.steps:
            chains.setdefault(step.chain, []).append(step)
        return {chain: _linked(steps) for chain, steps in chains.items()}


def _linked(steps: Sequence[Step]) -> Policy:
    following = None
    for step in reversed(steps):
        policy = Policy(
            step.constraints,
            step.objectives,
            leftover=BACKORDER if step.leftover == NEXT else step.leftover,
            cancel_after_days=step.leftover_days if step.leftover == "cancel" else None,
            name=step.name,
        )
        if step.leftover == NEXT and following is not None:
            policy = replace(policy, leftover=NEXT, next=following)
        following = policy
    return following or Policy()


class Report:
    """Collects what is said about the statements of a file."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    def same(self, where: str, says: str, becomes: str) -> None:
        self._add(Statement(where, says, SAME, becomes))

    def close(self, where: str, says: str, becomes: str, code: str) -> None:
        self._add(Statement(where, says, CLOSE, becomes, code))

    def leave(self, where: str, says: str, code: str) -> None:
        self._add(Statement(where, says, NOT, code=code))

    def _add(self, statement: Statement) -> None:
        if len(self.statements) >= STATEMENTS_MAX:
            raise BadFile(
                statement.where, f"The file says more than {STATEMENTS_MAX} things. Bring its parts along one by one."
            )
        self.statements.append(statement)


def finished(kind: str, report: Report, steps: Sequence[Step], **more) -> Migration:
    """
    :raises BadFile: if there is more in it than anybody could look through.
    """
    if len(steps) > STEPS_MAX:
        raise BadFile(
            "file", f"That would be {len(steps)} policies, more than {STEPS_MAX}. Bring its parts along one by one."
        )
    migration = Migration(kind, tuple(report.statements), tuple(steps), **more)
    if len(migration.places) > PLACES_MAX:
        raise BadFile("file", f"It names more than {PLACES_MAX} places. Bring its parts along one by one.")
    if not migration.statements:
        raise BadFile("file", "There are no rules in it. Export them once more, and look into the file first.")
    return migration
