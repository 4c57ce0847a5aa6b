"""The codes of a channel that a document uses: what it calls shipping methods, payment methods, taxes and places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from odoo.addons.oms_core.domain.documents import OrderDoc, TaxDoc


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a channel.

    :param kind: ``shipping``, ``payment``, ``tax`` or ``location``.
    :param name: what people on the channel call it; the same code may come with several names, and is one all the same.
    """

    kind: str
    code: str
    name: str = field(compare=False)


def tax_code(tax: TaxDoc) -> str:
    """The code of a tax, with its rate: some channels have one code for all rates, others a number for each.

    >>> from decimal import Decimal
    >>> tax_code(TaxDoc("7", "TVA", Decimal("20.0"), Decimal(4)))
    '7 (20 %)'
    >>> tax_code(TaxDoc("VAT 5.5%", "VAT", Decimal("5.5"), Decimal(1)))
    'VAT 5.5%'
    """
    code, rate = tax.code or tax.name, f"{tax.rate.normalize():f}"
    return code if rate in code and code != rate else f"{code} ({rate} %)"


def codes(doc: OrderDoc) -> Iterator[Code]:
    """Each code that a document uses, with repetitions. Taxes of nothing, and those that the channel pays, need none."""
    if doc.shipping_method:
        yield Code("shipping", doc.shipping_method, doc.shipping_method)
    methods = [payment.method for payment in doc.payments if not payment.tender] or [doc.payment_method]
    for method in filter(None, methods):
        yield Code("payment", method, method)
    if doc.pickup_ref:
        yield Code("location", doc.pickup_ref, doc.pickup_ref)
    for line in doc.lines:
        for tax in line.taxes:
            if tax.amount and not tax.remitted:
                yield Code("tax", tax_code(tax), tax.name)
