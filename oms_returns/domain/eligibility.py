"""What may come back, for what, until when, and on what terms. Pure: the same facts have the same answer for everybody.

Worked example: a shirt for 40.00, delivered on 3 March, under a policy of 14 days for a refund and 30 for store credit with a
fee of 10 %. Asked on 17 March: a refund of 36.00 is possible. On 18 March it is not, "the last day for a refund was 17 March
2026. Possible instead: store credit until 2 April 2026." On 3 April nothing is, unless somebody makes an exception.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from odoo.addons.oms_core.domain.money import round_to

from .policy import KEEPABLE, MONEY, NO_POLICY, OUTCOMES, SHARE_MIN_ORDERS, ZERO, Policy, WorkingDays
from .return_facts import Facts, History, Judgement, LineFacts, LineJudgement, Problem, Verdict
from .returnless import Item, to_keep

SAID = {
    "refund": "a refund",
    "credit": "store credit",
    "exchange": "an exchange",
    "replacement": "a replacement",
    "repair": "a repair",
    "nothing": "no compensation",
}

EXCEPTION = "Only customer service can make an exception."


def judge(facts: Facts, policies: Sequence[Policy], now: datetime) -> Judgement:
    """The first policy that fits a line decides about it.

    :param policies: in their sequence.
    :param now: when it was asked, in the local time of the deliveries; only the day counts.
    """
    today = now.date()
    found = [choose(facts, line, policies) for line in facts.lines]
    judged = [_judge_line(facts, line, *choice, today) for line, choice in zip(facts.lines, found, strict=True)]
    kept = _kept(facts, judged, [policy for policy, _why, _passed in found])
    return Judgement(tuple(_stays(one, kept[one.key]) if one.key in kept else one for one in judged))


def _stays(line: LineJudgement, why: Problem) -> LineJudgement:
    """The same, with the goods left where they are: there is nothing to look at, and no fee for work that nobody has."""
    return replace(
        line,
        expects_goods=False,
        needs_inspection=False,
        fee_percent=ZERO,
        fee_amount=ZERO,
        notes=(*line.notes, why),
    )


def choose(
    facts: Facts, line: LineFacts, policies: Iterable[Policy]
) -> tuple[Policy, str, tuple[tuple[str, str], ...]]:
    """(the policy of a line, why, those before it with why not)."""
    if line.order is None:
        return NO_POLICY, "Nobody knows yet from which order it is: a person decides.", ()
    passed = []
    for policy in policies:
        if policy.scope.company_id not in (None, facts.company_id):
            continue
        answers = list(policy.scope.questions(facts, line))
        wrong = [word for word, fits in answers if not fits]
        if wrong:
            passed.append((policy.name, f"{_listed(wrong, 'and')} {'does' if len(wrong) == 1 else 'do'} not fit"))
            continue
        asked = _listed((word for word, _fits in answers), "and")
        why = f"“{policy.name}” is the first policy that fits" + (
            f", by {asked}." if asked else "; it is for everything."
        )
        return policy, why, tuple(passed)
    return NO_POLICY, "No policy is for this: nothing is refused, and a person decides.", tuple(passed)


def _judge_line(facts, line, policy, why, passed, today) -> LineJudgement:
    room, nothing_left = _quantities(facts, line)
    ends = {outcome: window_end(policy, line, outcome, facts.working_days) for outcome in OUTCOMES}
    verdicts = {
        outcome: _verdict(line, policy, outcome, ends, room[outcome], nothing_left, today) for outcome in OUTCOMES
    }
    asked = line.outcome
    refusals, notes = [], []
    if not verdicts[asked].ok:
        refusals.append(Problem(verdicts[asked].code, verdicts[asked].sentence, verdicts[asked].code in HARD))
    if line.quantity is not None and line.quantity <= 0:
        refusals.append(Problem("no_quantity", f"Say how many of “{line.name}” it is about.", is_hard=True))
    if line.quantity is not None and line.quantity > room[asked] > 0:
        refusals.append(Problem("too_many", _too_many(line, room[asked]), is_hard=True))
    (refusals if policy.limits.refuses else notes).extend(_over_limits(facts, policy))
    is_claim, is_ours = facts.kind == "claim", line.reason_id in policy.our_reasons
    has_fee = asked in MONEY and not is_claim and not is_ours
    return LineJudgement(
        key=line.key,
        name=line.name,
        policy_id=policy.id,
        policy=policy.name,
        why=why,
        passed=passed,
        outcomes={outcome: verdict for outcome, verdict in verdicts.items() if outcome != "nothing"},
        max_quantity=room[asked],
        fee_percent=min(max(policy.fee_value, ZERO), Decimal(100))
        if has_fee and policy.fee_kind == "percent"
        else ZERO,
        fee_amount=_fixed_fee(facts, line, policy) if has_fee and policy.fee_kind == "fixed" else ZERO,
        label_paid_by="merchant" if is_claim or is_ours else policy.label_paid_by,
        needs_inspection=policy.needs_inspection and not is_claim,
        expects_goods=not is_claim,
        refund_shipping=policy.refund_shipping,
        window_end=ends[asked],
        is_automatic=policy.is_automatic and not refusals and not notes,
        refusals=tuple(refusals),
        notes=tuple(notes),
    )


# --- how much ------------------------------------------------------------------------------------------------------


def _quantities(facts: Facts, line: LineFacts) -> tuple[dict[str, Decimal], Problem | None]:
    """({outcome: how much of the line}, why there is nothing at all)."""
    if line.order is None:
        return dict.fromkeys(OUTCOMES, line.quantity or ZERO), None
    had = min(line.with_customer, line.delivered)
    left = max(had - line.requested - line.kept, ZERO) if line.is_goods else ZERO
    # What is neither delivered nor invoiced was never to be paid; what other returns ask for will be credited by them.
    open_money = max(max(line.invoiced, line.delivered) - line.credited - line.due - line.requested, ZERO)
    of_money = min(left, open_money)
    room = {outcome: left if outcome == "nothing" else of_money for outcome in OUTCOMES}
    # What is repaired stays sold, whatever was paid back for it.
    room["repair"] = left
    return room, None if left > 0 else Problem(*_nothing_left(line), is_hard=True)


def _nothing_left(line: LineFacts) -> tuple[str, str]:
    name = f"“{line.name}”"
    if not line.is_goods:
        return "not_goods", f"{name} is no goods that can come back. For money back on it, ask customer service."
    if line.delivered <= 0:
        if line.order.is_cancelled:
            return (
                "cancelled",
                f"Order {line.order.name} was cancelled before {name} left; there is nothing to send back.",
            )
        return "not_delivered", f"{name} has not left yet. Wait for it to arrive, or cancel it on the order."
    if line.with_customer <= 0:
        return (
            "all_back",
            f"All of {name} is back already or on its way back. Look at the returns of order {line.order.name}.",
        )
    if line.with_customer <= line.kept:
        return (
            "settled",
            f"All of {name} was settled already, without the goods. Look at the returns of order {line.order.name}.",
        )
    return (
        "requested",
        f"All that is left of {name} is asked for already, here or on another return. Change or cancel that.",
    )


def _too_many(line: LineFacts, most: Decimal) -> str:
    return f"{_number(line.quantity)} of “{line.name}” are asked for, and {_number(most)} can come back. Lower the quantity."


# --- whether and until when ----------------------------------------------------------------------------------------

#: Refusals that nobody can overrule.
HARD = frozenset(
    ("not_goods", "cancelled", "not_delivered", "all_back", "settled", "requested", "credited", "too_many")
)


def window_end(policy: Policy, line: LineFacts, outcome: str, working_days: WorkingDays) -> date | None:
    """The last day for an outcome; ``None`` without limit, or before the days have begun to count."""
    days = policy.windows.get(outcome)
    if days is None or line.order is None:
        return None
    start = line.order.delivered_at if policy.starts == "order" else line.delivered_at
    if start is None:
        return None
    day = start.date()
    end = day + timedelta(days=days)
    holiday = policy.holiday
    if holiday and holiday.starts <= day <= holiday.ends:
        end = max(end, holiday.until)
    return working_days.first_from(end) if policy.ends_on_working_day else end


def _verdict(line, policy, outcome, ends, most, nothing_left, today) -> Verdict:
    if nothing_left:
        return Verdict(False, nothing_left.code, nothing_left.sentence)
    if line.order is None or outcome == "nothing":
        return Verdict(True)
    name, wanted = f"“{line.name}”", SAID[outcome]
    if most <= 0:
        return Verdict(
            False,
            "credited",
            f"All of {name} was paid back already, on the credit notes of order {line.order.name}. Choose the outcome "
            "“Nothing” where it comes back all the same.",
        )
    if policy.is_final_sale:
        return Verdict(False, "final_sale", f"{name} was a final sale and does not come back. {EXCEPTION}")
    if outcome not in policy.windows:
        return Verdict(False, "outcome", f"{name} cannot come back for {wanted}. {_instead(policy, ends, today)}")
    until = ends[outcome]
    if until is not None and today > until:
        sentence = f"The last day for {wanted} of {name} was {_day(until)}. {_instead(policy, ends, today)}"
        return Verdict(False, "window", sentence, until)
    if outcome == "replacement" and line.is_archived:
        return Verdict(
            False, "archived", f"{name} is not sold any more and cannot be replaced. Choose another outcome.", until
        )
    return Verdict(True, until=until)


def _instead(policy: Policy, ends: Mapping[str, date | None], today: date) -> str:
    """What is possible instead, or who decides otherwise."""
    others = [
        SAID[outcome] + (f" until {_day(ends[outcome])}" if ends[outcome] else "")
        for outcome in OUTCOMES
        if outcome in policy.windows and outcome != "nothing" and (ends[outcome] is None or today <= ends[outcome])
    ]
    return f"Possible instead: {_listed(others, 'or')}." if others else EXCEPTION


# --- on what terms -------------------------------------------------------------------------------------------------


def _fixed_fee(facts: Facts, line: LineFacts, policy: Policy) -> Decimal:
    """For each unit; never more than the unit was sold for, so that nobody pays for sending goods back."""
    fee = facts.convert(max(policy.fee_value, ZERO))
    return min(round_to(fee, facts.step), max(line.price, ZERO))


def value_of(facts: Facts) -> Decimal:
    """What all that is asked for was sold for."""
    return sum((line.price * line.quantity for line in facts.lines if line.quantity), ZERO)


def _over_limits(facts: Facts, policy: Policy) -> Iterator[Problem]:
    limits, history = policy.limits, facts.history.get(policy.limits.days, History())
    next_step = EXCEPTION if limits.refuses else "A person decides."
    within = f"in {limits.days} days"
    number, amount = history.returns + 1, history.amount + value_of(facts)
    if limits.returns is not None and number > limits.returns:
        yield Problem(
            "limit_returns",
            f"This would be return number {number} of the customer {within}; {limits.returns} are allowed. {next_step}",
        )
    if limits.amount is not None and amount > facts.convert(limits.amount):
        most = facts.convert(limits.amount)
        yield Problem(
            "limit_amount",
            f"The customer would have sent back goods for {_money(facts, amount)} {within}; {_money(facts, most)} are allowed. "
            f"{next_step}",
        )
    if limits.share is not None and history.orders >= SHARE_MIN_ORDERS and amount * 100 > history.bought * limits.share:
        share = amount * 100 / history.bought if history.bought else Decimal(100)
        yield Problem(
            "limit_share",
            f"The customer would have sent back {share:.0f} % of what was bought {within}; {_number(limits.share)} % are "
            f"allowed. {next_step}",
        )


def _kept(facts: Facts, judged: Sequence[LineJudgement], policies: Sequence[Policy]) -> dict[Hashable, Problem]:
    """{line: why its goods stay with the customer}."""
    if facts.kind == "claim" or facts.goods_come:
        return {}
    items, why = [], {}
    for line, one, policy in zip(facts.lines, judged, policies, strict=True):
        limit, history = policy.limits.returnless, facts.history.get(policy.limits.days, History())
        may_stay = one.ok and bool(line.quantity) and (limit is None or history.returnless < limit)
        value = line.price * (line.quantity or ZERO)
        items.append(
            Item(
                key=line.key,
                recovery=None if line.recovery is None else line.recovery * (line.quantity or ZERO),
                handling=line.handling,
                may_stay=may_stay and policy.returnless == "cheaper" and line.outcome in KEEPABLE,
                is_label_ours=one.label_paid_by == "merchant",
            )
        )
        if may_stay and policy.returnless == "below" and line.outcome in KEEPABLE:
            most = facts.convert(policy.returnless_value)
            if value < most:
                why[line.key] = Problem(
                    "returnless", f"“{line.name}” need not come back: goods worth less than {_money(facts, most)} stay."
                )
    rest = [item for item in items if item.key not in why]
    for key in to_keep(rest, facts.label_cost, facts.receipt_cost):
        name = next(line.name for line in facts.lines if line.key == key)
        why[key] = Problem(
            "returnless", f"“{name}” need not come back: to have it back would cost more than it brings."
        )
    return why


# --- words ---------------------------------------------------------------------------------------------------------


def _listed(words: Iterable[str], last: str) -> str:
    *most, final = [*words] or [""]
    return f"{', '.join(most)} {last} {final}" if most else final


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _money(facts: Facts, amount: Decimal) -> str:
    return f"{amount.quantize(facts.step)} {facts.currency}".rstrip()
