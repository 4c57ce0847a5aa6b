"""What a customer entered on the pages of a return, read from a form that anybody may have filled in.

>>> form = {"request": "k1", "take_7": "1", "qty_7": "2", "reason_7": "3", "outcome_7": "refund", "way": "mail"}
>>> read(form, {"7"}).lines[0].quantity
Decimal('2')
>>> read({"request": "k1", "take_8": "1"}, {"7"}).problems()[0].code
'bad_line'
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from odoo.addons.oms_core.domain.documents import (
    RETURN_ID_MAX,
    RETURN_LINES_MAX,
    RETURN_WORDS_MAX,
    Problem,
    ReturnRequestDoc,
    ReturnRequestLineDoc,
)

#: Characters of a code, a number or a choice in a form.
CODE_MAX = 64
#: What the fields of one line are called, followed by its id.
LINE_FIELDS = ("qty", "reason", "outcome", "variant", "comment")
NOT_YOURS = "This is not part of your order. Please look again."
CHANGED = "Something changed since you looked at it. Please look at the amount again."


def read(form: Mapping[str, object], lines: Collection[str]) -> ReturnRequestDoc:
    """The request that a form stands for.

    :param lines: ids of the order lines that the form may speak of.
    """
    problems = []
    taken = [name.removeprefix("take_") for name in form if isinstance(name, str) and name.startswith("take_")]
    known = [line_id for line_id in taken if line_id in lines][:RETURN_LINES_MAX]
    if len(known) < len(taken):
        problems.append(Problem("bad_line", NOT_YOURS))
    way = code(form.get("way"))
    return ReturnRequestDoc(
        external_id=code(form.get("request"))[:RETURN_ID_MAX],
        lines=tuple(_line(form, line_id) for line_id in sorted(known, key=lambda key: (len(key), key))),
        way=way,
        store_ref=code(form.get("store")) if way == "store" else "",
        pickup_on=day(form.get("pickup_on")) if way == "pickup" else None,
        note=words(form.get("note")),
        expected=number(form.get("expected")) if form.get("expected") else None,
        parse_problems=tuple(problems),
    )


def _line(form: Mapping[str, object], line_id: str) -> ReturnRequestLineDoc:
    value = {name: form.get(f"{name}_{line_id}") for name in LINE_FIELDS}
    outcome = code(value["outcome"])
    return ReturnRequestLineDoc(
        line_id=line_id,
        quantity=number(value["qty"]),
        reason_id=code(value["reason"]),
        outcome=outcome,
        exchange_for=code(value["variant"]) if outcome == "exchange" else "",
        comment=words(value["comment"]),
    )


def number(value: object) -> Decimal:
    """A quantity or an amount as somebody typed it; what is none is less than nothing, which nobody takes.

    >>> number("1,5"), number("1e999999999"), number(None)
    (Decimal('1.5'), Decimal('-1'), Decimal('-1'))
    """
    text = code(value).replace(",", ".")
    try:
        found = Decimal(text) if len(text) <= 20 and "e" not in text.lower() else Decimal(-1)
    except InvalidOperation:
        return Decimal(-1)
    return found if found.is_finite() else Decimal(-1)


def exact(quantity: float | Decimal) -> Decimal:
    """A quantity without digits that a float has made up.

    >>> exact(3.0), exact(0.1 + 0.2), exact(10.0)
    (Decimal('3'), Decimal('0.3'), Decimal('10'))
    """
    found = Decimal(repr(round(quantity, 6))) if isinstance(quantity, float) else quantity
    return found.normalize() + Decimal(0)


def day(value: object) -> date | None:
    """A date as forms and programs write it; what is none is nothing.

    >>> day("2026-03-02"), day("2026-02-30"), day(None)
    (datetime.date(2026, 3, 2), None, None)
    """
    try:
        return date.fromisoformat(code(value))
    except ValueError:
        return None


def code(value: object) -> str:
    """One word of bearable length; what is no text (a file in its place) is nothing."""
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value[: CODE_MAX * 4] if char.isprintable()).strip()[:CODE_MAX]


def words(value: object) -> str:
    """What somebody wrote: printable, of bearable length, its lines kept.

    >>> words(" a\\r\\nb\\x00 ")
    'a\\nb'
    """
    if not isinstance(value, str):
        return ""
    rows = value[: RETURN_WORDS_MAX * 4].splitlines()
    kept = ("".join(char for char in row if char.isprintable()).strip() for row in rows)
    return "\n".join(kept).strip()[:RETURN_WORDS_MAX]
