"""An explained payout as one balanced entry.

Worked example, all in euros: 119.00 of a booked payment (19.00 of it tax that the channel pays), a fee of 12.00 and its tax
of 2.28; 85.72 reaches the bank::

    on the way to the bank     85.72
    marketplace tax            19.00
    fees                       12.00
    tax on fees                 2.28
    clearing of the channel            119.00   (settles the payment)

What leaves the clearing account is what the books have of it there, in whatever currency; what that differs from the payout
at the rate of its day is a gain or loss on exchange. Debit is positive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO
from odoo.addons.oms_core.domain.money import fit, round_to
from odoo.addons.oms_core.domain.posting import PostingDraft, PostingLine

from .currencies import step
from .explained import CAUSES, Explanation, Match, Rest
from .settlement import PayoutDoc

#: Cause → the roles of accounts that it may be booked to; the first that there is an account for. A refund that is not
#: booked yet stays on the clearing account: the refund will meet it there.
ROLES: dict[str, tuple[str, ...]] = {
    "rounding": ("rounding",),
    "fee": ("fee",),
    "fee_change": ("fee",),
    "fee_tax": ("fee_tax", "fee"),
    "tax_by_channel": ("marketplace_tax",),
    "late_refund": ("clearing",),
    "chargeback": ("chargeback",),
    "chargeback_reversal": ("chargeback",),
    "reserve": ("reserve",),
    "carry_over": ("carry_over", "reserve"),
    "shipping_label": ("label", "fee"),
    "conversion": ("conversion", "in_transit"),
    "transfer": ("in_transit",),
    "unknown_order": ("unknown",),
    "duplicate": ("unknown",),
    "difference": ("unknown",),
}
#: What a channel takes for its service: where it sends an invoice for that, the payout settles the invoice.
FEES = frozenset({"fee", "fee_change", "fee_tax"})
#: Causes of which each rest is an item of its own, because somebody will settle it alone.
SINGLE_ITEM_CAUSES = frozenset(
    {"unknown_order", "duplicate", "difference", "late_refund", "chargeback", "chargeback_reversal", "transfer"}
)


@dataclass(frozen=True, slots=True)
class Rates:
    """The company's currency, and what one unit of the payout's is worth in it on the day of the entry."""

    company_currency: str
    rate: Decimal = Decimal(1)


def roles_of(rest: Rest) -> tuple[str, ...]:
    """The roles of accounts that a rest may be booked to; the first that there is an account for."""
    if rest.cause == "exchange":
        return ("exchange_gain",) if rest.amount > 0 else ("exchange_loss",)
    if rest.cause == "adjustment":
        # What no account was chosen for waits where an accountant looks; it is no bucket, each code is its own item.
        return (f"code:{rest.code}", "unknown")
    if rest.cause in ("fee", "fee_change"):
        return (f"code:{rest.code}", *ROLES[rest.cause])
    return ROLES[rest.cause]


def draft(
    doc: PayoutDoc,
    explanation: Explanation,
    accounts: Mapping[str, Hashable],
    rates: Rates,
    key: str,
    journal: Hashable,
    day: date,
    fee_taxes: Sequence[Hashable] = (),
    vendor: Hashable | None = None,
) -> PostingDraft:
    """The entry of a payout.

    :param accounts: role → account; ``code:<word>`` is the role of one word of the channel. An account that is missing is
        among the problems of the draft.
    :param fee_taxes: taxes to compute on fees (reverse charge), where the channel charges none.
    :param vendor: who sends invoices for the fees, which are then paid from the payout (account ``vendor``) and taxed there.
    """
    lines = tuple(_lines(doc, explanation, accounts, rates, () if vendor else fee_taxes, vendor))
    return PostingDraft(key, day, journal, doc.bank_reference or doc.id, lines)


def join_settled(made: PostingDraft, explanation: Explanation, most: int) -> PostingDraft:
    """The entry with one item for so many rows at most that it settles whole, on each account and side.

    What is reconciled with what stays the same, payment by payment; a payout of 10,000 orders is an entry of a few items
    instead of 10,000, and each can be reconciled by itself. Amounts in other currencies stay apart, as each was worth something
    else on its day.
    """
    whole = {match.booked_keys[0] for match in explanation.matches if match.whole}
    found: dict[tuple[Hashable, bool], list[PostingLine]] = defaultdict(list)
    for line in made.lines:
        if line.match in whole and line.currency is None:
            found[line.account, line.amount > 0].append(line)
    parts = (lines[start : start + most] for lines in found.values() for start in range(0, len(lines), most))
    joined = {lines[0].match: lines for lines in parts if len(lines) > 1}
    gone = {line.match for lines in joined.values() for line in lines}
    kept = []
    for line in made.lines:
        if lines := joined.get(line.match):
            amount = sum((one.amount for one in lines), ZERO)
            kept.append(replace(line, amount=amount, match=tuple(one.match for one in lines)))
        elif line.match is None or line.match not in gone:
            kept.append(line)
    return replace(made, lines=tuple(kept))


def _lines(
    doc: PayoutDoc,
    explanation: Explanation,
    accounts: Mapping[str, Hashable],
    rates: Rates,
    fee_taxes: Sequence[Hashable],
    vendor: Hashable | None,
) -> Iterator[PostingLine]:
    foreign = doc.currency != rates.company_currency
    unit = step(rates.company_currency)
    matches = [match for match in explanation.matches if match.booked_keys]
    rests = list(_joined(explanation.rests, accounts))
    total = round_to(doc.total * rates.rate, unit)
    matched = round_to(sum((match.amount for match in matches), ZERO) * rates.rate, unit)
    converted = fit([rest.amount * rates.rate for rest in rests], total - matched, unit) if rests else []
    if total or doc.total:
        yield PostingLine(
            accounts.get("in_transit"), total, f"Payout {doc.id}", **_in_currency(doc.currency, doc.total, foreign)
        )
    for match in matches:
        yield _clearing(match, doc, accounts, rates)
    for rest, amount in zip(rests, converted, strict=True):
        billed = vendor is not None and rest.cause in FEES
        yield PostingLine(
            accounts.get("vendor") if billed else _account(rest, accounts),
            -amount,
            _text(rest),
            partner=vendor if billed else None,
            cause=rest.cause,
            taxes=tuple(fee_taxes) if rest.cause in ("fee", "fee_change") else (),
            **_in_currency(doc.currency, -rest.amount, foreign),
        )
    # What the clearing account has of the matches, against what they are worth on the day of the payout.
    gain = total - sum((match.company_amount for match in matches), ZERO) - sum(converted, ZERO)
    if gain:
        role = "exchange_gain" if gain > 0 else "exchange_loss"
        yield PostingLine(accounts.get(role), -gain, f"Exchange difference of payout {doc.id}", cause="exchange")


def _joined(rests: Sequence[Rest], accounts: Mapping[str, Hashable]) -> Iterator[Rest]:
    """The rests as they become items: those of one cause, code and account together, where nobody settles them alone."""
    found: dict[tuple[Hashable, ...], Rest] = {}
    for number, rest in enumerate(rests):
        place: tuple[Hashable, ...] = (rest.cause, rest.code, _account(rest, accounts))
        if rest.cause in SINGLE_ITEM_CAUSES:
            place += (number,)
        if place in found:
            rest = Rest((), (), rest.cause, found[place].amount + rest.amount, rest.sentence, rest.code)
        found[place] = rest
    yield from (rest for rest in found.values() if rest.amount)


def _account(rest: Rest, accounts: Mapping[str, Hashable]) -> Hashable:
    return next((accounts[role] for role in roles_of(rest) if accounts.get(role)), None)


def _text(rest: Rest) -> str:
    if rest.cause in SINGLE_ITEM_CAUSES:
        return rest.sentence.split(". ")[0]
    label = CAUSES[rest.cause]
    return f"{label}: {rest.code}" if rest.code else label


def _clearing(match: Match, doc: PayoutDoc, accounts: Mapping[str, Hashable], rates: Rates) -> PostingLine:
    """The item that settles a booked row, in the currency in which that is booked."""
    currency, amount = doc.currency, match.amount
    if match.original_amount is not None:
        currency, amount = match.original_currency, match.original_amount
    return PostingLine(
        accounts.get("clearing"),
        -match.company_amount,
        f"Payout {doc.id}",
        match=match.booked_keys[0],
        **_in_currency(currency, -amount, currency != rates.company_currency),
    )


def _in_currency(currency: str, amount: Decimal, foreign: bool) -> dict:
    return {"currency": currency, "currency_amount": amount} if foreign else {}
