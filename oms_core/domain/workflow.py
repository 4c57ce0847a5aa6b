"""Workflow rules: which orders a rule is about, decided for many orders at once, without touching anything.

A rule matches an order when all its conditions hold. A condition is a row of a known kind with typed values, never a
piece of code; :data:`CONDITIONS` says what each kind means. What a rule then does is for the caller.

>>> rule = Rule(1, "Expensive", "captured", (Condition("amount_min", amount=Decimal(500)),))
>>> [match.sentence for match in evaluate([rule], [OrderFacts(7, amount=Decimal(512))], datetime(2026, 3, 2))]
['Expensive: the amount is 512.00.']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

ZERO = Decimal(0)
RISK_LEVELS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order as far as rules can ask about it. Ids are those of the database, but mean nothing here.

    :param amount: total in the currency of the company.
    :param earlier_orders: how many orders the customer had before this one.
    :param order_moments: when the customer ordered lately, this order included.
    :param since: since when what a rule about time asks for is so (on hold, waiting, late).
    :param event_key: tells apart what may happen several times to one order.
    """

    order_id: int
    company_id: int = 0
    channel_id: int = 0
    amount: Decimal = ZERO
    earlier_orders: int = 0
    order_moments: tuple[datetime, ...] = ()
    ordered_at: datetime | None = None
    billing_country: int = 0
    shipping_country: int = 0
    zip: str = ""
    product_ids: frozenset[int] = frozenset()
    category_ids: frozenset[int] = frozenset()
    product_tag_ids: frozenset[int] = frozenset()
    quantity: Decimal = ZERO  #: the largest quantity of one line
    payment_method: str = ""
    delivery_method: str = ""
    carrier_id: int = 0
    customer_tag_ids: frozenset[int] = frozenset()
    risk_level: str = ""
    address_problem: str = ""
    since: datetime | None = None
    event_key: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """:param exclude: the rule is about orders for which this does *not* hold."""

    kind: str
    exclude: bool = False
    amount: Decimal = ZERO
    count: int = 0
    hours: int = 0
    text: str = ""
    ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """:param channel_ids: empty for all channels. :param delay: how long it has to be so, for rules about time.
    :param stop_after: rules that come later are not asked about an order that this one matches."""

    rule_id: int
    name: str
    event: str
    conditions: tuple[Condition, ...] = ()
    channel_ids: frozenset[int] = frozenset()
    company_id: int = 0
    starts: date | None = None
    ends: date | None = None
    delay: timedelta = timedelta()
    stop_after: bool = False
    zone: str = "UTC"  #: whose days ``starts`` and ``ends`` are


@dataclass(frozen=True, slots=True)
class Match:
    rule_id: int
    order_id: int
    event_key: str
    sentence: str


def evaluate(rules: Iterable[Rule], facts: Iterable[OrderFacts], now: datetime) -> list[Match]:
    """The matches, order by order, rules in their sequence."""
    rules = [rule for rule in rules if _is_active(rule, now)]
    matches = []
    for one in facts:
        for rule in rules:
            why = explain(rule, one, now)
            if why is None:
                continue
            matches.append(Match(rule.rule_id, one.order_id, one.event_key or rule.event, why))
            if rule.stop_after:
                break
    return matches


def explain(rule: Rule, facts: OrderFacts, now: datetime) -> str | None:
    """Why a rule is about an order, in a sentence; ``None`` when it is not."""
    if rule.company_id and facts.company_id != rule.company_id:
        return None
    if rule.channel_ids and facts.channel_id not in rule.channel_ids:
        return None
    if rule.delay and (facts.since is None or now - facts.since < rule.delay):
        return None
    reasons = []
    if facts.since:
        reasons.append(f"since {_span(now - facts.since)}")
    for condition in rule.conditions:
        why = CONDITIONS[condition.kind](facts, condition)
        if bool(why) == condition.exclude:
            return None
        if why:
            reasons.append(why)
    return f"{rule.name}: {', '.join(reasons)}." if reasons else f"{rule.name}."


def _is_active(rule: Rule, now: datetime) -> bool:
    today = now.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(rule.zone)).date()
    return not (rule.starts and today < rule.starts or rule.ends and today > rule.ends)


def _span(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"


# --- Kinds of condition: each answers with words when it holds, and with nothing when it does not -------------------------


def amount_min(facts: OrderFacts, condition: Condition) -> str:
    return f"the amount is {facts.amount:,.2f}" if facts.amount >= condition.amount else ""


def amount_max(facts: OrderFacts, condition: Condition) -> str:
    return f"the amount is {facts.amount:,.2f}" if facts.amount <= condition.amount else ""


def new_customer(facts: OrderFacts, _condition: Condition) -> str:
    return "" if facts.earlier_orders else "the customer is new"


def velocity(facts: OrderFacts, condition: Condition) -> str:
    """At least ``count`` orders of the customer within the ``hours`` that end with this one."""
    if not facts.ordered_at:
        return ""
    start = facts.ordered_at - timedelta(hours=condition.hours)
    recent = sum(start <= moment <= facts.ordered_at for moment in facts.order_moments)
    return f"{recent} orders within {condition.hours} hours" if recent >= condition.count else ""


def other_country(facts: OrderFacts, _condition: Condition) -> str:
    differs = facts.billing_country and facts.shipping_country and facts.billing_country != facts.shipping_country
    return "it is paid in one country and shipped to another" if differs else ""


def country(facts: OrderFacts, condition: Condition) -> str:
    return "the country is on the list" if facts.shipping_country in condition.ids else ""


def zip_prefix(facts: OrderFacts, condition: Condition) -> str:
    """``text``: beginnings of post codes, separated by commas."""
    code = facts.zip.replace(" ", "").upper()
    prefixes = [part.strip().replace(" ", "").upper() for part in condition.text.split(",")]
    return f"post code {facts.zip}" if any(part and code.startswith(part) for part in prefixes) else ""


def product(facts: OrderFacts, condition: Condition) -> str:
    return "a product is on the list" if facts.product_ids & condition.ids else ""


def category(facts: OrderFacts, condition: Condition) -> str:
    return "a product category is on the list" if facts.category_ids & condition.ids else ""


def product_tag(facts: OrderFacts, condition: Condition) -> str:
    return "a product has the tag" if facts.product_tag_ids & condition.ids else ""


def quantity_min(facts: OrderFacts, condition: Condition) -> str:
    return f"{facts.quantity:f} of one product" if facts.quantity >= condition.count else ""


def payment(facts: OrderFacts, condition: Condition) -> str:
    found = condition.text.lower() in facts.payment_method.lower() if condition.text else False
    return f"paid with {facts.payment_method}" if found else ""


def delivery_method(facts: OrderFacts, condition: Condition) -> str:
    return f"delivery is “{facts.delivery_method}”" if facts.delivery_method == condition.text else ""


def carrier(facts: OrderFacts, condition: Condition) -> str:
    return "the carrier is on the list" if facts.carrier_id in condition.ids else ""


def customer_tag(facts: OrderFacts, condition: Condition) -> str:
    return "the customer has the tag" if facts.customer_tag_ids & condition.ids else ""


def channel(facts: OrderFacts, condition: Condition) -> str:
    return "the channel is on the list" if facts.channel_id in condition.ids else ""


def risk(facts: OrderFacts, condition: Condition) -> str:
    """At least the level ``text``."""
    if facts.risk_level not in RISK_LEVELS or condition.text not in RISK_LEVELS:
        return ""
    reached = RISK_LEVELS.index(facts.risk_level) >= RISK_LEVELS.index(condition.text)
    return f"the risk is {facts.risk_level}" if reached else ""


def address_problem(facts: OrderFacts, _condition: Condition) -> str:
    return facts.address_problem.rstrip(".")


#: {kind: what it means}
CONDITIONS: dict[str, Callable[[OrderFacts, Condition], str]] = {
    "amount_min": amount_min,
    "amount_max": amount_max,
    "new_customer": new_customer,
    "velocity": velocity,
    "other_country": other_country,
    "country": country,
    "zip": zip_prefix,
    "product": product,
    "category": category,
    "product_tag": product_tag,
    "quantity_min": quantity_min,
    "payment": payment,
    "delivery_method": delivery_method,
    "carrier": carrier,
    "customer_tag": customer_tag,
    "channel": channel,
    "risk": risk,
    "address_problem": address_problem,
}
