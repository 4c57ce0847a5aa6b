"""What is known before a payout is explained, and what is known after: rows of the books, agreed fees, matches and rests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO
from odoo.addons.oms_core.domain.money import round_to

#: Cause → what it is called.
CAUSES = {
    "rounding": "Rounding",
    "exchange": "Exchange rate",
    "fee": "Fee",
    "fee_tax": "Tax on fees",
    "fee_change": "Fee other than agreed",
    "tax_by_channel": "Tax paid by the channel",
    "late_refund": "Refund not booked yet",
    "chargeback": "Chargeback",
    "chargeback_reversal": "Chargeback won",
    "reserve": "Reserve",
    "carry_over": "Carried over",
    "shipping_label": "Postage",
    "adjustment": "Adjustment by the channel",
    "conversion": "Conversion",
    "transfer": "Transfer",
    "unknown_order": "Unknown order",
    "duplicate": "Paid out twice",
    "difference": "Unexplained difference",
    "not_in_report": "Not paid out yet",
}

#: Causes that somebody has to look at.
TASKS = frozenset({"unknown_order", "duplicate", "difference", "late_refund", "fee_change", "chargeback"})


@dataclass(frozen=True, slots=True)
class Booked:
    """A payment or refund on the channel's clearing account, for an order that the payout may name.

    Those that were paid out in whole already belong here too, with nothing open: they tell a payment that comes twice, and
    a refund that nobody has booked, from an order that is not known.

    :param key: names it to whoever asks; unique.
    :param kind: ``payment`` or ``refund``.
    :param open_amount: what has not been paid out yet, in the currency of the payout; negative for a refund.
    :param company_amount: the same as it stands in the books, in the company's currency.
    :param tax_collected: tax in the open amount that the channel pays to the state itself; signed as the amount.
    :param original_amount: the open amount in the currency in which it is booked, where that is not the payout's.
    """

    key: str
    kind: str
    order_ref: str
    transaction_ref: str
    open_amount: Decimal
    company_amount: Decimal
    date: date
    tax_collected: Decimal = ZERO
    original_amount: Decimal | None = None
    original_currency: str = ""


@dataclass(frozen=True, slots=True)
class FeeTerm:
    """What is agreed for one code of fee: a percentage of what customers paid, and so much for each order. Both positive."""

    percent: Decimal = ZERO
    fixed: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known about the channel.

    :param fees: code of a fee → what is agreed; others are taken as they come.
    :param exchange_percent: how far the platform's rate may be from that of the day of the order, where the report does
        not say what the customer paid.
    """

    fees: Mapping[str, FeeTerm] = field(default_factory=dict)
    exchange_percent: Decimal = Decimal(10)


@dataclass(frozen=True, slots=True)
class Match:
    """So much of a payout is so much of one booked row.

    :param booked_keys: exactly one, or none where lines of an order cancel each other out.
    :param whole: all that was open of the row; nothing of it is left.
    :param amount: in the currency of the payout; ``company_amount`` and ``original_amount`` are the same part of the row.
    """

    line_ids: tuple[str, ...]
    booked_keys: tuple[str, ...]
    amount: Decimal
    company_amount: Decimal = ZERO
    original_amount: Decimal | None = None
    original_currency: str = ""
    whole: bool = False

    def cut(self, amount: Decimal) -> tuple[Match, Match]:
        """So much of this match, and the rest of it; what it is in the books is cut in the same proportion."""
        company, original = self.company_amount, self.original_amount
        company_part = round_to(company * amount / self.amount, unit_of(company))
        original_part = None if original is None else round_to(original * amount / self.amount, unit_of(original))
        first = replace(self, amount=amount, company_amount=company_part, original_amount=original_part, whole=False)
        rest = replace(
            self,
            amount=self.amount - amount,
            company_amount=company - company_part,
            original_amount=None if original is None or original_part is None else original - original_part,
            whole=False,
        )
        return first, rest


def unit_of(amount: Decimal) -> Decimal:
    """The smallest unit that the decimals of an amount show."""
    return Decimal(1).scaleb(min(int(amount.as_tuple().exponent), 0))


def halves(
    matches: Iterable[Match], chosen: Collection[str], amounts: Mapping[str, Decimal]
) -> tuple[list[Match], list[Match]]:
    """Matches as those of chosen lines and those of the others; one that is of both is cut, by the amounts of its lines.

    :param amounts: id of a line → what of it the matches are of.
    """
    ours, others = [], []
    left: dict[tuple[str, ...], Decimal] = {}
    for match in matches:
        inside = tuple(line_id for line_id in match.line_ids if line_id in chosen)
        if not inside:
            others.append(match)
        elif len(inside) == len(match.line_ids):
            ours.append(match)
        else:
            outside = tuple(line_id for line_id in match.line_ids if line_id not in chosen)
            due = left.setdefault(match.line_ids, sum((amounts[line_id] for line_id in inside), ZERO))
            first, rest = match.cut(min(due, match.amount, key=abs))
            left[match.line_ids] = due - first.amount
            ours += [replace(first, line_ids=inside)] if first.amount else []
            others += [replace(rest, line_ids=outside)] if rest.amount else []
    return ours, others


@dataclass(frozen=True, slots=True)
class Rest:
    """So much of a payout has this cause.

    :param code: the platform's word, where the cause has many (``fee``, ``adjustment``).
    :param sentence: what it is and what to do next.
    """

    line_ids: tuple[str, ...]
    booked_keys: tuple[str, ...]
    cause: str
    amount: Decimal
    sentence: str
    code: str = ""

    @property
    def is_task(self) -> bool:
        return self.cause in TASKS


@dataclass(frozen=True, slots=True)
class Explanation:
    """Matches and rests sum to the payout.

    :param waiting: what is booked and not in this payout (``not_in_report``); not part of the sum.
    """

    matches: tuple[Match, ...]
    rests: tuple[Rest, ...]
    waiting: tuple[Rest, ...] = ()

    def total(self) -> Decimal:
        return sum((part.amount for part in (*self.matches, *self.rests)), ZERO)
