"""Where every cent of a payout comes from.

The lines of a payout are laid beside what is booked on the channel's clearing account: the payments that the channel took
for us and the refunds that it made. What fits is a :class:`Match`, one for each booked row; everything else is a
:class:`Rest` with a cause, an amount and a sentence that says what to do next. Matches and rests sum to the payout to the
cent. There is no bucket: what nothing here explains is ``unknown_order``, ``difference`` or ``duplicate``, each a task.

Worked example: a payment of 119.00 is booked, 19.00 of it tax that the channel pays itself. The payout says: sale 119.00,
tax −19.00, fee −12.00, and −1.99 for an order that is not known here. One match of 119.00; rests tax_by_channel −19.00,
fee −12.00 and unknown_order −1.99; together 86.01, the payout.

How it is decided, for the sales and refunds of one transaction (else of one order), in this order: the amounts agree; a
line is there twice; the channel kept the tax; another currency was exchanged; rounding of as many cents as there are
roundings; only a part has been paid out yet; and what is left over is a task.

All is found by reference: time is linear in the lines and the booked rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO
from odoo.addons.oms_core.domain.money import round_to, share

from .agreed_fees import OtherFee, other_than_agreed
from .currencies import step as step_of
from .explained import Booked, Explanation, Match, Rest, Terms
from .settlement import PayoutDoc, PayoutLine

HUNDRED = Decimal(100)
ONE = Decimal(1)

#: Kinds of lines whose cause is the kind, and what to say about all of one code together.
_PLAIN = {
    "fee": ("fee", "Fees “{what}”. Nothing to do: they are booked as costs."),
    "fee_tax": ("fee_tax", "Tax on the fees. It is booked as input tax; keep the channel's invoice for it."),
    "tax_collected": (
        "tax_by_channel",
        "Tax that the channel collects and pays to the state. Nothing to do: it is not in your own return.",
    ),
    "shipping_label": (
        "shipping_label",
        "Postage bought on the channel. Nothing to do: it is booked as shipping cost.",
    ),
    "reserve_hold": ("reserve", "Held back by the channel for now. It is paid out later; watch the reserve account."),
    "reserve_release": ("reserve", "Released from what the channel had held back. Nothing to do."),
    "carry_over": (
        "carry_over",
        "Carried over between two payouts. The other payout shows the same amount; import it too.",
    ),
    "conversion": (
        "conversion",
        "Exchanged between two balances on the platform. The payout in the other currency shows the other side.",
    ),
    "transfer": (
        "transfer",
        "Moved to or from the bank within the period. The bank statement line that names it is matched by itself; match another "
        "one by hand.",
    ),
    "adjustment": (
        "adjustment",
        "The channel calls this “{what}”. Book the code to an account of its own in the channel's settings.",
    ),
}


@dataclass(slots=True)
class _Open:
    """A booked row while it is being used up: ``used`` of its open amount."""

    row: Booked
    used: Decimal = ZERO
    tax_used: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        return self.row.open_amount - self.used

    @property
    def tax_left(self) -> Decimal:
        return self.row.tax_collected - self.tax_used


@dataclass(slots=True)
class _Group:
    """Lines of one kind that belong together, and what is booked for them."""

    kind: str
    order_ref: str
    by_transaction: bool
    lines: list[PayoutLine]
    rows: list[_Open]
    tax: Decimal = ZERO  #: what the payout's own tax lines say for this order

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(line.id for line in self.lines)

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), ZERO)

    @property
    def name(self) -> str:
        return f"order {self.order_ref}" if self.order_ref else f"transaction {self.lines[0].transaction_ref or '?'}"


def explain(doc: PayoutDoc, booked: Sequence[Booked], terms: Terms = Terms()) -> Explanation:  # noqa: B008 (frozen)
    """Every cent of a payout that has no problems, and what is booked and not in it.

    The order of ``booked`` does not matter; equal payouts and rows give equal explanations.
    """
    return _Explainer(doc, booked, terms).run()


class _Explainer:
    """One explanation in the making."""

    def __init__(self, doc: PayoutDoc, booked: Sequence[Booked], terms: Terms):
        self.doc, self.terms = doc, terms
        self.step = step_of(doc.currency)
        self.matches: list[Match] = []
        self.rests: list[Rest] = []
        self.twice: set[str] = set()  #: orders of which something is there twice
        self.open = [_Open(row) for row in sorted(booked, key=lambda row: (row.date, row.key))]
        self.by_transaction: dict[tuple[str, str], list[_Open]] = defaultdict(list)
        self.by_order: dict[tuple[str, str], list[_Open]] = defaultdict(list)
        for one in self.open:
            kind = "sale" if one.row.kind == "payment" else "refund"
            if one.row.transaction_ref:
                self.by_transaction[kind, one.row.transaction_ref].append(one)
            if one.row.order_ref:
                self.by_order[kind, one.row.order_ref].append(one)

    def run(self) -> Explanation:
        for group in self._groups():
            if not group.total:
                self.matches.append(Match(group.ids, (), ZERO))
            elif group.rows:
                self._settle(group)
            else:
                self._not_booked(group)
        self._chargebacks()
        self._plain()
        return Explanation(tuple(self.matches), tuple(self.rests), tuple(self._waiting()))

    def _money(self, amount: Decimal) -> str:
        return f"{amount:.{max(0, -self.step.as_tuple().exponent)}f} {self.doc.currency}"

    def _rest(
        self,
        lines: Iterable[str],
        rows: Iterable[_Open],
        cause: str,
        amount: Decimal,
        sentence: str,
        code: str = "",
    ) -> None:
        if amount:
            keys = tuple(one.row.key for one in rows)
            self.rests.append(Rest(tuple(lines), keys, cause, amount, sentence, code))

    # ---- What belongs together

    def _groups(self) -> list[_Group]:
        """Sales and refunds by transaction, where one is booked; else by order. Those by transaction come first."""
        taxes: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        found: dict[tuple[bool, str, str], _Group] = {}
        for line in self.doc.lines:
            if line.kind == "tax_collected":
                # What is kept of a sale is taken from us, what is kept of a refund is given back.
                taxes["sale" if line.amount < 0 else "refund", line.order_ref] += line.amount
            if line.kind not in ("sale", "refund"):
                continue
            rows = self.by_transaction.get((line.kind, line.transaction_ref)) if line.transaction_ref else None
            by_transaction = rows is not None
            ref = line.transaction_ref if by_transaction else line.order_ref or f"\0{line.transaction_ref or line.id}"
            key = (by_transaction, line.kind, ref)
            if key not in found:
                rows = rows if by_transaction else self.by_order.get((line.kind, line.order_ref), [])
                order_ref = line.order_ref or (rows[0].row.order_ref if rows else "")
                found[key] = _Group(line.kind, order_ref, by_transaction, [], list(rows))
            found[key].lines.append(line)
        groups = sorted(found.values(), key=lambda group: not group.by_transaction)  # stable
        for group in groups:
            group.tax = taxes.get((group.kind, group.order_ref), ZERO)
        return groups

    # ---- Sales and refunds that are booked

    def _settle(self, group: _Group) -> None:
        sign = 1 if group.kind == "sale" else -1
        told = group.total
        rows = [one for one in group.rows if one.left * sign > 0]
        if not rows or told * sign < 0:
            self._nothing_open(group, told)
            return
        exact = [one for one in rows if one.left == told]
        if exact:
            rows = exact[:1]
        left = sum((one.left for one in rows), ZERO)
        if told == left:
            self._close(group, rows)
            return
        repeated = self._repeated(group)
        extra = sum((line.amount for line in repeated), ZERO)
        if extra and told - extra == left:
            ids = {line.id for line in repeated}
            first = _Group(group.kind, group.order_ref, True, [ln for ln in group.lines if ln.id not in ids], rows)
            self._close(first, rows)
            self._twice(group, (line.id for line in repeated), rows, extra)
            return
        if self._by_tax(group, rows, told, left) or self._by_exchange(group, rows, told, left):
            return
        if abs(told - left) <= self._roundings(group, rows):
            self._close(group, rows)
            self._round(group, rows, told - left)
        elif abs(told) < abs(left):
            self._part(group, rows, told)
        else:
            self._close(group, rows)
            self._left_over(group, rows, told - left)

    def _nothing_open(self, group: _Group, told: Decimal) -> None:
        """What is booked has been paid out already, or the lines go the wrong way."""
        if (told > 0) != (group.kind == "sale"):
            sentence = (
                f"The lines of {group.name} sum to {self._money(told)}, which is no {group.kind}. Look at the order on the "
                "channel, and ask the channel when it is wrong there."
            )
            self._rest(group.ids, group.rows, "difference", told, sentence)
        elif group.kind == "sale" and not group.by_transaction and self._is_another(group):
            self._left_over(group, group.rows, told)
        elif group.kind == "refund" and not group.by_transaction:
            self._late(group, told)
        else:
            self._twice(group, group.ids, group.rows, told)

    @staticmethod
    def _is_another(group: _Group) -> bool:
        """Whether both sides name their transactions: then what is not found by its name is another one."""
        return all(line.transaction_ref for line in group.lines) and all(one.row.transaction_ref for one in group.rows)

    def _close(self, group: _Group, rows: Sequence[_Open]) -> None:
        for one in rows:
            self._take(group, one, one.left)

    def _take(self, group: _Group, one: _Open, amount: Decimal) -> None:
        """A match of so much with one row; the parts of a row, in whatever pieces they come, sum to it."""
        row, start, stop = one.row, one.used, one.used + amount
        company = self._piece(row.company_amount, row.open_amount, start, stop)
        original = None
        if row.original_amount is not None:
            original = self._piece(row.original_amount, row.open_amount, start, stop, step_of(row.original_currency))
        one.used = stop
        whole = start == 0 and stop == row.open_amount
        self.matches.append(Match(group.ids, (row.key,), amount, company, original, row.original_currency, whole))

    def _piece(
        self, total: Decimal, whole: Decimal, start: Decimal, stop: Decimal, step: Decimal | None = None
    ) -> Decimal:
        if start == 0 and stop == whole:
            return total
        # The company's unit is not told; what it books has no more decimals than its amounts show.
        return share(total, whole, start, stop, step or ONE.scaleb(min(total.as_tuple().exponent, 0)))

    @staticmethod
    def _repeated(group: _Group) -> list[PayoutLine]:
        """The lines that are the same as one before them, but for their ids."""
        seen, found = set(), []
        for line in group.lines:
            same = (line.transaction_ref, line.amount, line.code, line.sku, line.text, line.at, line.quantity)
            if same in seen:
                found.append(line)
            seen.add(same)
        return found

    def _roundings(self, group: _Group, rows: Sequence[_Open]) -> Decimal:
        """How far rounding can go: each line and each row was rounded by half a unit at most."""
        return self.step * ((len(group.lines) + len(rows) + 1) // 2)

    def _by_tax(self, group: _Group, rows: Sequence[_Open], told: Decimal, left: Decimal) -> bool:
        """The channel pays out without the tax that it remits, or tells it where none was booked."""
        kept = sum((one.tax_left for one in rows), ZERO)
        limit = self._roundings(group, rows)
        for tax in (kept, group.tax):
            if tax and abs(told - left + tax) <= limit:
                self._close(group, rows)
                self._tax(group, rows, -tax)
                self._round(group, rows, told - left + tax)
                return True
        net = left - kept
        if kept and not group.tax and abs(told) < abs(net):
            # A part of an order, without its tax: that part of the tax goes with it.
            tax = round_to(kept * told / net, self.step)
            self._part(group, rows, told + tax)
            for one in rows:
                one.tax_used += round_to(tax * one.tax_left / kept, self.step)
            self._tax(group, rows, -tax)
            return True
        return False

    def _by_exchange(self, group: _Group, rows: Sequence[_Open], told: Decimal, left: Decimal) -> bool:
        """What was paid in another currency was exchanged at another rate than that of the books."""
        currencies = {line.original_currency for line in group.lines}
        if len(currencies) != 1 or currencies <= {"", self.doc.currency}:
            return False
        (currency,) = currencies
        paid = [line.original_amount for line in group.lines]
        ours = [one.row.original_amount for one in rows]
        known = all(one.row.original_currency == currency for one in rows)
        if known and None not in paid and None not in ours:
            whole = sum((piece for piece in ours if piece is not None), ZERO)
            part = sum((piece for piece in paid if piece is not None), ZERO)
            if not whole or abs(part) > abs(whole) or part * whole <= 0:
                return False
            due = left if part == whole else round_to(left * part / whole, self.step)
        elif abs(told - left) * HUNDRED <= abs(left) * self.terms.exchange_percent:
            due = left
        else:
            return False
        self._part(group, rows, due)
        sentence = (
            f"{group.name[0].upper()}{group.name[1:]} was paid in {currency} and exchanged by the platform at another rate "
            "than that of the books. Nothing to do: it is a gain or loss on exchange."
        )
        self._rest(group.ids, rows, "exchange", told - due, sentence)
        return True

    def _part(self, group: _Group, rows: Sequence[_Open], amount: Decimal) -> None:
        """Only so much of what is booked has been paid out: the oldest first."""
        for one in rows:
            piece = one.left if abs(one.left) <= abs(amount) else amount
            if piece:
                self._take(group, one, piece)
                amount -= piece

    def _tax(self, group: _Group, rows: Sequence[_Open], amount: Decimal) -> None:
        sentence = (
            f"Tax of {group.name} that the channel keeps and pays to the state itself. Nothing to do: it is not in your own "
            "return."
        )
        self._rest(group.ids, rows, "tax_by_channel", amount, sentence)

    def _round(self, group: _Group, rows: Sequence[_Open], amount: Decimal) -> None:
        sentence = (
            f"The channel rounds {group.name} otherwise than the books ({len(group.lines)} lines). Nothing to do: it is "
            "booked as a difference of rounding."
        )
        self._rest(group.ids, rows, "rounding", amount, sentence)

    def _left_over(self, group: _Group, rows: Sequence[_Open], amount: Decimal) -> None:
        if group.kind == "refund":
            self._late(group, amount, rows)
            return
        sentence = (
            f"The channel pays {self._money(amount)} more for {group.name} than is booked. Open the order and compare its "
            "payments with the channel's; book the missing payment, or ask the channel."
        )
        self._rest(group.ids, rows, "difference", amount, sentence)

    def _late(self, group: _Group, amount: Decimal, rows: Sequence[_Open] = ()) -> None:
        sentence = (
            f"The channel has refunded {self._money(-amount)} of {group.name}, and this is not booked yet. Open the order "
            "and read it again from the channel, or book the refund; the clearing account is even then."
        )
        self._rest(group.ids, rows, "late_refund", amount, sentence)

    def _twice(self, group: _Group, ids: Iterable[str], rows: Iterable[_Open], amount: Decimal) -> None:
        self.twice.add(group.order_ref)
        word = "paid out" if group.kind == "sale" else "taken"
        sentence = (
            f"The channel has {word} {self._money(abs(amount))} for {group.name} a second time. Ask the channel to correct "
            "it; the correction will come with a later payout."
        )
        self._rest(ids, rows, "duplicate", amount, sentence)

    # ---- What is not booked

    def _not_booked(self, group: _Group) -> None:
        if group.kind == "refund" and self.by_order.get(("sale", group.order_ref)):
            self._late(group, group.total)
            return
        sentence = (
            f"{self._money(group.total)} for {group.name} (line {group.lines[0].row}), and no payment of it is in the books. "
            "Read the order from the channel; when its payment is booked, this is settled by itself."
        )
        self._rest(group.ids, (), "unknown_order", group.total, sentence)

    def _chargebacks(self) -> None:
        for line in self.doc.lines:
            if line.kind == "chargeback":
                sentence = (
                    f"A customer's bank took back {self._money(-line.amount)} for order {line.order_ref or '?'}. Answer the "
                    "dispute on the channel with the proof of delivery, before its date. When it is won, this is settled by "
                    "itself; when it is lost, press Lost."
                )
            elif line.kind == "chargeback_reversal":
                sentence = (
                    f"The dispute about order {line.order_ref or '?'} was decided for you. Nothing to do: what was taken "
                    "comes back."
                )
            else:
                continue
            if line.amount:
                self._rest((line.id,), (), line.kind, line.amount, sentence, line.code)
            else:
                self.matches.append(Match((line.id,), (), ZERO))

    def _plain(self) -> None:
        """Everything whose cause is its kind: one rest for all lines of a kind and code; what was moved is a line in the bank
        each time."""
        found: dict[tuple[str, ...], list[PayoutLine]] = defaultdict(list)
        for line in self.doc.lines:
            if line.kind in _PLAIN:
                found[line.kind, line.code, line.id if line.kind == "transfer" else ""].append(line)
        agreed = other_than_agreed(self.doc, self.terms.fees, self.step, self.twice) if self.terms.fees else {}
        for (kind, code, _one), lines in found.items():
            cause, words = _PLAIN[kind]
            amount = sum((line.amount for line in lines), ZERO)
            ids = tuple(line.id for line in lines)
            sentence = words.format(what=lines[0].text or code or "without a name")
            changed = agreed.get(code) if kind == "fee" else None
            if changed:
                self._fee_change(code, changed)
                amount -= sum((one.more for one in changed), ZERO)
            if amount:
                self._rest(ids, (), cause, amount, sentence, code)
            else:
                self.matches.append(Match(ids, (), ZERO))

    def _fee_change(self, code: str, changed: Sequence[OtherFee]) -> None:
        term = self.terms.fees[code]
        first = changed[0]
        sentence = (
            f"{len(changed)} fees “{first.line.text or code}” are not the {term.percent.normalize():f} % and "
            f"{self._money(term.fixed)} that are agreed. For order {first.line.order_ref}, the first of them, "
            f"{self._money(-first.taken)} were taken and {self._money(-first.due)} are agreed. Ask the channel, or enter the "
            "new terms."
        )
        amount = sum((one.more for one in changed), ZERO)
        self._rest((one.line.id for one in changed), (), "fee_change", amount, sentence, code)

    # ---- What is not in the payout

    def _waiting(self) -> Iterator[Rest]:
        for one in self.open:
            if one.left:
                row = one.row
                what = "payment" if row.kind == "payment" else "refund"
                sentence = (
                    f"The {what} of {row.date} for order {row.order_ref or '?'} is booked, and {self._money(one.left)} of it "
                    "is not in this payout. It is expected in a later one; ask the channel when that is long ago."
                )
                yield Rest((), (row.key,), "not_in_report", one.left, sentence)
