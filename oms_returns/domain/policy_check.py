"""What is wrong with a set of return policies, before a customer finds out. Pure.

Each finding has a code, says whether it is an error or a warning, and one sentence with what to do.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from .policy import MONEY, STATUTORY_DAYS, Policy, Scope

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """:param id: of the policy; ``None``: it is about all of them."""

    code: str
    severity: str
    id: Hashable | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the checks have to know besides.

    :param statutory: countries in which customers may withdraw for :data:`STATUTORY_DAYS`.
    :param at_fault: reasons that are the seller's fault.
    :param sells_to: countries that goods are sold to; empty: not known.
    """

    today: date
    statutory: frozenset = frozenset()
    at_fault: frozenset = frozenset()
    sells_to: frozenset = frozenset()


def check(policies: Sequence[Policy], known: Known) -> list[Finding]:
    """All findings, the policies in their sequence. Policies of one company and those of all companies together."""
    findings = []
    for position, policy in enumerate(policies):
        findings += (
            Finding(code, severity, policy.id, f"{policy.name}: {text}") for code, severity, text in _own(policy, known)
        )
        findings += _among(policies[:position], policy, known)
    if not any(policy.scope == Scope(company_id=policy.scope.company_id) for policy in policies):
        sentence = "What fits no policy is never refused, and a person decides. Add a policy for everything at the end."
        findings.append(Finding("unmatched", WARNING, None, sentence))
    return findings


def _own(policy: Policy, known: Known) -> Iterator[tuple[str, str, str]]:
    if policy.is_final_sale:
        return
    offered = [outcome for outcome in policy.windows if outcome != "nothing"]
    if not offered:
        yield (
            "refuses_all",
            ERROR,
            "offers nothing, so it refuses everything. Offer an outcome, or mark it as final sale.",
        )
    if policy.fee_kind != "none" and policy.fee_value > 0 and not MONEY.intersection(offered):
        yield (
            "fee_without_money",
            WARNING,
            "its fee is never kept, as it gives no money back. Remove the fee, or offer a refund.",
        )
    if policy.fee_kind == "percent" and policy.fee_value >= 100:
        yield "fee_takes_all", ERROR, "its fee takes all that is paid back. Lower it, or do not offer a refund."
    if policy.returnless == "below" and policy.returnless_value <= 0:
        yield (
            "returnless_never",
            WARNING,
            "no goods are worth less than nothing, so all come back. Enter a value, or choose Never.",
        )
    if policy.is_automatic and policy.returnless != "never" and policy.limits.returnless is None:
        yield (
            "returnless_unlimited",
            WARNING,
            "customers can have money back without the goods as often as they ask, and nobody looks. Limit how often.",
        )
    yield from _holiday(policy, known)
    yield from _statutory(policy, known)


def _holiday(policy: Policy, known: Known):
    holiday = policy.holiday
    if holiday is None:
        return
    longest = max((days for days in policy.windows.values() if days is not None), default=None)
    if holiday.until < known.today:
        yield (
            "holiday_over",
            WARNING,
            f"its holiday ended on {holiday.until}. Enter the days of the next one, or remove it.",
        )
    elif longest is None or (holiday.until - holiday.starts).days <= longest:
        yield "holiday_no_effect", WARNING, "its holiday makes no window longer. Enter a later day, or remove it."


def _statutory(policy: Policy, known: Known):
    """A withdrawal is a refund for no reason; a policy for certain reasons or claims is about something else."""
    scope = policy.scope
    countries = known.statutory & (scope.countries or known.sells_to or known.statutory)
    is_for_all = not scope.reasons and scope.kinds != frozenset({"claim"})
    days = policy.windows.get("refund", 0)
    if countries and is_for_all and days is not None and days < STATUTORY_DAYS:
        has = f"{days} days for a refund" if days else "no refund"
        yield (
            "statutory",
            WARNING,
            f"it has {has}; in the European Union customers may withdraw from a purchase at a distance for {STATUTORY_DAYS} "
            "days. Offer them, or put a policy for these countries before it.",
        )
    elif countries and is_for_all and policy.fee_kind != "none" and policy.fee_value > 0:
        yield (
            "statutory_fee",
            WARNING,
            "it keeps a fee; in the European Union a withdrawal from a purchase at a distance costs the customer the label at "
            "most. Remove the fee, or put a policy for these countries before it.",
        )


def _among(earlier: Sequence[Policy], policy: Policy, known: Known) -> Iterator[Finding]:
    for other in earlier:
        if other.scope.covers(policy.scope):
            sentence = (
                f"{policy.name}: never asked, since {other.name} comes first and is for all of the same. Put it before "
                f"{other.name}, or narrow that one."
            )
            yield Finding("shadowed", ERROR, policy.id, sentence)
            break
    reasons = policy.scope.reasons or known.at_fault
    if policy.is_final_sale and known.at_fault & reasons and not any(_takes_faults(other, known) for other in earlier):
        sentence = (
            f"{policy.name}: refuses also what is broken or wrong, for which sellers answer. Put a policy for these reasons "
            "before it."
        )
        yield Finding("final_sale_faults", WARNING, policy.id, sentence)


def _takes_faults(policy: Policy, known: Known) -> bool:
    return not policy.is_final_sale and bool(policy.scope.reasons & known.at_fault)
