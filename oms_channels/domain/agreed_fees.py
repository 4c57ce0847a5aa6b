"""Which fees of a payout are not what was agreed with the channel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO
from odoo.addons.oms_core.domain.money import round_to

from .explained import FeeTerm
from .settlement import PayoutDoc, PayoutLine

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class OtherFee:
    """The fee of an order that is not what was agreed: its first line, what was taken and what was due (both negative)."""

    line: PayoutLine
    taken: Decimal
    due: Decimal

    @property
    def more(self) -> Decimal:
        return self.taken - self.due


def other_than_agreed(
    doc: PayoutDoc, terms: Mapping[str, FeeTerm], step: Decimal, left_out: Collection[str] = ()
) -> dict[str, list[OtherFee]]:
    """Code → the orders whose fee is not what was agreed, by more than each line may be rounded.

    Only orders that were sold and not refunded in this payout: of the others, the channel gives back fees at its will.

    :param terms: code of a fee → what is agreed.
    :param step: the smallest unit of the payout's currency.
    :param left_out: orders of which something is there twice.
    """
    sold: dict[str, Decimal] = defaultdict(lambda: ZERO)
    fees: dict[tuple[str, str], list[PayoutLine]] = defaultdict(list)
    refunded = set(left_out)
    for line in doc.lines:
        if line.kind == "sale":
            sold[line.order_ref] += line.amount
        elif line.kind == "refund":
            refunded.add(line.order_ref)
        elif line.kind == "fee" and line.code in terms:
            fees[line.code, line.order_ref].append(line)
    found: dict[str, list[OtherFee]] = defaultdict(list)
    for (code, order_ref), lines in fees.items():
        if order_ref in refunded or order_ref not in sold:
            continue
        term = terms[code]
        due = -round_to(sold[order_ref] * term.percent / HUNDRED + term.fixed, step)
        taken = sum((line.amount for line in lines), ZERO)
        if abs(taken - due) > step * len(lines):
            found[code].append(OtherFee(lines[0], taken, due))
    return found
