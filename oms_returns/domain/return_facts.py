"""What is known of what somebody wants to send back, and what is said to it. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from .policy import ZERO, WorkingDays


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """:param delivered_at: when its last delivery arrived; ``None`` while something is still to come."""

    id: Hashable
    name: str = ""
    channel_id: Hashable | None = None
    country_id: Hashable | None = None
    is_cancelled: bool = False
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line of an order, and what is asked for it. Quantities in the unit of the line, moments in local time.

    :param order: ``None`` for goods of which nobody knows yet where they were bought.
    :param quantity: what is asked for; ``None``: only what would be possible.
    :param delivered: what has left for the customer, ever.
    :param with_customer: of that, what is neither back nor expected back.
    :param requested: on other returns that are not authorized yet, and on other lines of this one.
    :param kept: what other returns have settled, or will, without the goods.
    :param invoiced: on posted invoices; ``credited``: on posted credit notes.
    :param due: what other returns will credit and have not credited yet.
    :param delivered_at: when the last of it arrived, as far as it is known, else when it should have.
    :param price: what one unit was sold for, with tax, in the currency of the return.
    :param handling: what it costs us to look at what is asked of the line, and ``recovery`` what one unit leaves on average
        that is back; the latter ``None`` where nobody knows.
    """

    key: Hashable
    name: str = ""
    order: OrderFacts | None = None
    product_id: Hashable | None = None
    categories: frozenset = frozenset()
    reason_id: Hashable | None = None
    outcome: str = "refund"
    quantity: Decimal | None = None
    delivered: Decimal = ZERO
    with_customer: Decimal = ZERO
    requested: Decimal = ZERO
    kept: Decimal = ZERO
    invoiced: Decimal = ZERO
    credited: Decimal = ZERO
    due: Decimal = ZERO
    delivered_at: datetime | None = None
    is_goods: bool = True
    is_archived: bool = False
    price: Decimal = ZERO
    handling: Decimal = ZERO
    recovery: Decimal | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What a customer did in some days, this return left out. Amounts with tax, in the currency of the return."""

    returns: int = 0
    amount: Decimal = ZERO
    orders: int = 0
    bought: Decimal = ZERO
    returnless: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What somebody wants to send back, or claims, in one go.

    :param kind: ``return``, or ``claim`` for which nothing is expected back.
    :param goods_come: whether the goods are here or on their way, whatever is said to it.
    :param history: {days: what the customer did in them}.
    :param rate: what one of the company's currency is worth in the currency of the return.
    :param step: the smallest unit of the currency.
    :param label_cost: what a label for all of it would cost us; ``None`` where nobody knows.
    :param receipt_cost: what taking in a parcel costs, besides its lines.
    :param working_days: those of the company.
    """

    lines: Sequence[LineFacts] = ()
    kind: str = "return"
    goods_come: bool = False
    company_id: Hashable | None = None
    tags: frozenset = frozenset()
    segment: str = ""
    history: Mapping[int, History] = field(default_factory=dict)
    rate: Decimal = Decimal(1)
    step: Decimal = Decimal("0.01")
    currency: str = ""
    label_cost: Decimal | None = None
    receipt_cost: Decimal = ZERO
    working_days: WorkingDays = WorkingDays()

    def convert(self, amount: Decimal) -> Decimal:
        """An amount of a policy in the currency of the return."""
        return amount * self.rate


@dataclass(frozen=True, slots=True)
class Problem:
    """Why not. ``is_hard``: nobody can make an exception, as the goods or the money are not there."""

    code: str
    sentence: str
    is_hard: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an outcome is possible; ``until`` is the last day, ``None`` without limit."""

    ok: bool
    code: str = ""
    sentence: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class LineJudgement:
    """What holds for a line. The terms are those of the outcome that was asked for.

    :param name: what its goods are called.
    :param outcomes: what customers may choose, and what not.
    :param why: why this policy, in a sentence; ``passed``: (name, why not) of those before it.
    :param refusals: what stands against what was asked; empty when it is fine.
    :param notes: what does not stand against it, and why a person has to look or the goods have to come back.
    """

    key: Hashable
    policy_id: Hashable | None
    policy: str
    why: str
    passed: tuple[tuple[str, str], ...]
    outcomes: Mapping[str, Verdict]
    max_quantity: Decimal
    name: str = ""
    fee_percent: Decimal = ZERO
    fee_amount: Decimal = ZERO
    label_paid_by: str = "merchant"
    needs_inspection: bool = False
    expects_goods: bool = True
    refund_shipping: str = "none"
    window_end: date | None = None
    is_automatic: bool = False
    refusals: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.refusals


@dataclass(frozen=True, slots=True)
class Judgement:
    """What holds for all that was asked, in the order in which it was."""

    lines: tuple[LineJudgement, ...] = ()

    def __getitem__(self, key: Hashable) -> LineJudgement:
        return next(line for line in self.lines if line.key == key)

    @property
    def refusals(self) -> tuple[Problem, ...]:
        return _once(problem for line in self.lines for problem in line.refusals)

    @property
    def notes(self) -> tuple[Problem, ...]:
        return _once(problem for line in self.lines for problem in line.notes)

    @property
    def ok(self) -> bool:
        return not self.refusals

    @property
    def is_automatic(self) -> bool:
        """Whether nobody needs to look at it."""
        return bool(self.lines) and all(line.is_automatic for line in self.lines)

    @property
    def approval(self) -> str:
        """``automatic`` or ``by hand``: the strictest of the lines."""
        return "automatic" if self.is_automatic else "by hand"


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))
