"""What a channel pays out, and for what: the canonical document that every platform's report is translated into.

A report is taken whole or not at all: whatever is wrong with it is among :meth:`PayoutDoc.problems`, and a payout that has
any is not booked. A problem of one row begins with "Line n:", as a spreadsheet numbers the rows of the file.

**Signs.** An amount is its effect on what is paid to us: a sale is positive; a refund, a fee and a reserve that is held
are negative. One line has one kind and one amount; a row of a report that tells a gross amount and a fee becomes several
lines with the same row. The lines sum to the total, always.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO, Problem

from .currencies import DECIMALS, step

#: What a line is.
#: ``sale``, ``refund``      what customers paid and got back, tax included
#: ``fee``, ``fee_tax``      what the platform takes, and the tax on that
#: ``tax_collected``         tax that the platform collects and pays to the state itself; collected and taken again
#: ``shipping_label``        postage bought from the platform
#: ``reserve_hold``, ``reserve_release``
#: ``chargeback``, ``chargeback_reversal``  a customer's bank took the money back; we were right after all
#: ``adjustment``            named by the platform: code and text say what
#: ``carry_over``            what the payout before left, or what this one leaves to the next
#: ``conversion``            one leg of an exchange between two balances
#: ``transfer``              paid out within the period, or paid in
KINDS = (
    "sale",
    "refund",
    "fee",
    "fee_tax",
    "tax_collected",
    "shipping_label",
    "reserve_hold",
    "reserve_release",
    "chargeback",
    "chargeback_reversal",
    "adjustment",
    "carry_over",
    "conversion",
    "transfer",
)

#: How a payout stands: its money is on its way or there; still being added to; did not arrive.
STATUSES = ("paid", "open", "failed")

#: Lines of one payout, bytes of one report, and problems that are told one by one: the 5000th helps nobody.
LINES_MAX = 200_000
REPORT_MAX_BYTES = 50 * 1024 * 1024
PROBLEMS_MAX = 100
#: An amount with more digits before its point is none.
AMOUNT_DIGITS_MAX = 12


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One reason why so much is paid out.

    :param id: unique within the payout, and the same whenever the report is read again.
    :param row: of the file, as a spreadsheet numbers them; where there is no file, the place in the answer.
    :param amount: in the currency of the payout; its effect on what is paid to us.
    :param order_ref: the channel's id or number of the order.
    :param transaction_ref: the platform's id of the payment, refund or dispute.
    :param code: the platform's own word for what it is; ``text`` is that for people.
    :param at: when it happened on the platform.
    :param original_amount: what the customer paid, where that was in another currency (``original_currency``).
    """

    id: str
    row: int
    kind: str
    amount: Decimal
    order_ref: str = ""
    transaction_ref: str = ""
    text: str = ""
    code: str = ""
    sku: str = ""
    quantity: Decimal | None = None
    at: datetime | None = None
    original_amount: Decimal | None = None
    original_currency: str = ""


@dataclass(frozen=True, slots=True)
class PayoutDoc:
    """One payout: a sum of money that goes to a bank account, or is taken from it, and everything that it is made of.

    :param id: the platform's, unique within the channel account.
    :param account_ref: which of the merchant's accounts on the platform, where the report says.
    :param total: what reaches the bank; negative where the platform collects.
    :param deposited_on: when the platform says that it arrives.
    :param bank_reference: what the bank statement shows, where the report says.
    :param status: one of :data:`STATUSES`; only what is ``paid`` can be booked.
    :param source: what was read: ``amazon.settlement_v2``.
    :param parse_problems: what the parser could not understand; part of :meth:`problems`.
    """

    id: str
    platform: str
    account_ref: str
    currency: str
    starts_at: datetime | None
    ends_at: datetime | None
    deposited_on: date | None
    total: Decimal
    lines: tuple[PayoutLine, ...]
    bank_reference: str = ""
    status: str = "paid"
    source: str = ""
    parse_problems: tuple[Problem, ...] = ()

    def problems(self) -> list[Problem]:
        """Everything that keeps this payout from being booked; empty when all is well."""
        if self.parse_problems and not (self.id or self.lines):
            return shortened(dict.fromkeys(self.parse_problems))  # nothing was read, and what lacks follows from that
        found = [*self.parse_problems, *self._head_problems(), *self._line_problems()]
        return shortened(dict.fromkeys(found))  # what the parser has found may be found again

    def _head_problems(self) -> Iterator[Problem]:
        if not self.id:
            yield Problem("missing_id", "The payout has no id. Load the report again from the platform.")
        if self.currency not in DECIMALS:
            yield Problem(
                "bad_currency",
                f"“{self.currency[:10]}” is no ISO 4217 currency code. Choose the report of one currency and import it again.",
            )
        if self.status not in STATUSES:
            yield Problem("bad_status", f"The status “{self.status[:40]}” of the payout is not known here.")
        if self.starts_at and self.ends_at and self.starts_at > self.ends_at:
            yield Problem(
                "bad_period",
                f"The period begins on {self.starts_at:%Y-%m-%d %H:%M} and ends before, on {self.ends_at:%Y-%m-%d %H:%M}. "
                "Load the report again from the platform.",
            )
        # What could not be read says enough; that its sum is wrong, and that it is empty, follows from it.
        if self.parse_problems:
            return
        if not self.lines:
            yield Problem("no_lines", "The payout has no lines. Choose the detailed report, not the summary.")
        elif all(is_money(amount) for amount in (self.total, *(line.amount for line in self.lines))):
            total = sum((line.amount for line in self.lines), ZERO)
            if total != self.total:
                yield Problem(
                    "total_mismatch",
                    f"The report says {self.total} {self.currency}, but its lines sum to {total} {self.currency}; the "
                    f"difference is {self.total - total}. Rows are missing or doubled: load the whole report again.",
                )

    def _line_problems(self) -> Iterator[Problem]:
        if len(self.lines) > LINES_MAX:
            yield Problem("too_many_lines", f"More than {LINES_MAX} lines in one payout. Import shorter periods.")
            return
        seen: dict[str, int] = {}
        finest = -DECIMALS.get(self.currency, 3)
        if not is_money(self.total):
            yield Problem("bad_amount", f"The total “{str(self.total)[:40]}” is no amount of money.")
        for line in self.lines:
            if not line.id:
                yield Problem("missing_id", f"Line {line.row}: it has no id. Load the report again from the platform.")
            elif line.id in seen:
                yield Problem(
                    "duplicate_line",
                    f"Line {line.row}: the same as line {seen[line.id]} (“{line.id[:60]}”). Take one of them out, or load "
                    "the report again.",
                )
            else:
                seen[line.id] = line.row
            if line.kind not in KINDS:
                yield Problem("bad_kind", f"Line {line.row}: “{line.kind[:40]}” is no kind of line that is known here.")
            if not is_money(line.amount):
                yield Problem("bad_amount", f"Line {line.row}: “{str(line.amount)[:40]}” is no amount of money.")
            elif line.amount.as_tuple().exponent < finest and line.amount % step(self.currency):
                yield Problem(
                    "bad_amount",
                    f"Line {line.row}: {line.amount} has more decimals than {self.currency}. Load the report again.",
                )
            if line.original_currency and line.original_currency not in DECIMALS:
                yield Problem(
                    "bad_currency", f"Line {line.row}: “{line.original_currency[:10]}” is no ISO 4217 currency code."
                )


def is_money(amount: Decimal) -> bool:
    """Whether an amount is finite and of a size that money has."""
    return amount.is_finite() and amount.adjusted() < AMOUNT_DIGITS_MAX


def shortened(problems: Iterable[Problem]) -> list[Problem]:
    """The first problems, and how many more there are."""
    found = list(problems)
    if len(found) <= PROBLEMS_MAX:
        return found
    rest = len(found) - PROBLEMS_MAX
    return [
        *found[:PROBLEMS_MAX],
        Problem("more_problems", f"… and {rest} more. Correct the first ones, then try again."),
    ]


def refused(platform: str, source: str, *problems: Problem) -> list[PayoutDoc]:
    """What a parser answers when a report cannot be read at all: one payout without lines that says why."""
    return [PayoutDoc("", platform, "", "", None, None, None, ZERO, (), source=source, parse_problems=tuple(problems))]


def with_problems_of_all(docs: Iterable[PayoutDoc]) -> list[PayoutDoc]:
    """The payouts of one file; where one cannot be booked, or stands there twice, none is."""
    docs = list(docs)
    found = [problem for doc in docs for problem in doc.problems()] if len(docs) > 1 else []
    ids: set[str] = set()
    for doc in docs:
        if doc.id and doc.id in ids:
            found.append(
                Problem(
                    "duplicate_payout", f"The payout {doc.id[:60]} stands in the file twice. Load the report again."
                )
            )
        ids.add(doc.id)
    found = shortened(dict.fromkeys(found))
    return [replace(doc, parse_problems=tuple(found)) for doc in docs] if found else docs


def seen_before(doc: PayoutDoc, known_payouts: Collection[str], known_lines: Mapping[str, str]) -> list[Problem]:
    """What of a payout has been imported already: the same report again, or one whose period overlaps.

    :param known_payouts: ids of the payouts of the same channel account.
    :param known_lines: id of a line of them → id of its payout.
    """
    if doc.id in known_payouts:
        return [
            Problem(
                "known_payout",
                f"The payout {doc.id} has been imported already. Open it; to import it anew, delete it there, and undo it before "
                "if it is booked.",
            )
        ]
    found = [
        Problem(
            "known_line",
            f"Line {line.row}: it is in the payout {known_lines[line.id]} already; the periods overlap. Load the report of "
            "the period that is missing.",
        )
        for line in doc.lines
        if line.id in known_lines
    ]
    return shortened(found)
