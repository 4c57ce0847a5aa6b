"""How a Magento shop on this machine takes money that its gateway has authorised: ``POST /V1/order/:id/invoice``.

Kept where clients go wrong: an invoice over nothing named is one over all that is left; the first has all of the shipping; what
is refused says so in Magento's words, and what the gateway refuses does not say why.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .base import Reply

NOT_READY = frozenset({"payment_review", "holded", "canceled", "complete", "closed"})
#: (of an order's row, what of it is on invoices).
PARTS = (
    ("row_total", "row_invoiced"),
    ("discount_amount", "discount_invoiced"),
    ("tax_amount", "tax_invoiced"),
    ("discount_tax_compensation_amount", "discount_tax_compensation_invoiced"),
)
#: … which of them are added.
SIGNS = (1, -1, 1, 1)
SHIPPING = (
    ("shipping_amount", 1),
    ("shipping_discount_amount", -1),
    ("shipping_tax_amount", 1),
    ("shipping_discount_tax_compensation_amount", 1),
)


def authorised(order: Mapping[str, Any]) -> dict[str, Any]:
    """The order as it was when its gateway had authorised all of it and nothing was taken."""
    row = deepcopy(dict(order))
    for item in row["items"]:
        item |= {name: 0 for _whole, name in PARTS} | {"qty_invoiced": 0, "qty_shipped": 0}
    for name in [
        name for name in row if name.startswith(("total_paid", "base_total_paid", "total_inv", "base_total_inv"))
    ]:
        del row[name]
    total = row["grand_total"]
    paid = {"amount_authorized": total, "base_amount_authorized": total, "last_trans_id": "auth-1"}
    payment = {key: value for key, value in row["payment"].items() if "paid" not in key} | paid
    return row | {
        "state": "processing",
        "status": "processing",
        "total_due": total,
        "_invoices": [],
        "payment": payment,
    }


class Paying:
    """The half of the server that takes money.

    :ivar declines: the gateway gives nothing.
    :ivar reviews: the gateway has not decided when the invoice is written.
    """

    declines = reviews = False

    def _invoice(self, order: dict[str, Any] | None, body: Mapping[str, Any]) -> Reply:
        if not order:
            return Reply(
                404, {"message": "The entity that was requested doesn't exist. Verify the entity and try again."}
            )
        if order["state"] in NOT_READY:
            return _invalid(f"An invoice cannot be created when an order has a status of {order['status']}")
        rows = {row["item_id"]: row for row in order["items"]}
        left = {row_id: _left(row) for row_id, row in rows.items() if not _is_part(row, rows)}
        if not any(left.values()):
            return _invalid("The order does not allow an invoice to be created.")
        told = {row["order_item_id"]: _money(row["qty"]) for row in body.get("items", [])} or left
        if set(told) - set(rows):
            return _invalid("The invoice contains one or more items that are not part of the original order.")
        for row_id, quantity in told.items():
            if quantity > left.get(row_id, 0):
                sku = rows[row_id]["sku"]
                text = "The quantity to invoice must not be greater than the uninvoiced quantity for product SKU"
                return _invalid(f'{text} "{sku}".')
        if not any(told.values()):
            return _invalid("The invoice can't be created without products. Add products and try again.")
        if body.get("capture") and self.declines:
            return Reply(400, {"message": "Could not save an invoice, see error log for details"})
        return self._take(order, rows, told, body)

    def _take(self, order, rows, told, body) -> Reply:
        total = Decimal(0)
        if not order.get("total_invoiced"):
            total += sum((sign * _money(order.get(name) or 0) for name, sign in SHIPPING), Decimal(0))
        for row_id, quantity in told.items():
            row = rows[row_id]
            for (name, invoiced), sign in zip(PARTS, SIGNS, strict=True):
                part = _part(row, name, invoiced, quantity)
                row[invoiced] = float(_money(row.get(invoiced) or 0) + part)
                total += sign * part
            row["qty_invoiced"] = float(_money(row.get("qty_invoiced") or 0) + quantity)
            for child in rows.values():
                if child.get("parent_item_id") == row_id:
                    share = _money(child["qty_ordered"]) * _money(row["qty_invoiced"]) / _money(row["qty_ordered"])
                    child["qty_invoiced"] = float(share)
        invoice = self._keep(self.invoices, order, body)
        state = 1 if self.reviews and body.get("capture") else 2
        number = invoice["entity_id"]
        invoice |= {"grand_total": float(total), "base_grand_total": float(total), "state": state}
        invoice |= {"transaction_id": f"capture-{number}" if body.get("capture") else None}
        invoice |= {"items": [{"order_item_id": row_id, "qty": float(qty)} for row_id, qty in told.items()]}
        invoiced = _money(order.get("total_invoiced") or 0) + total
        taken = _money(order.get("total_paid") or 0) + (total if state == 2 else 0)
        due = _money(order["grand_total"]) - taken
        payment = {**order["payment"], "amount_paid": float(taken), "last_trans_id": f"capture-{number}"}
        done = all(_left(row) <= 0 and _money(row.get("qty_shipped") or 0) for row in rows.values())
        closed = {"state": "complete", "status": "complete"} if done else {}
        sums = {"total_invoiced": float(invoiced), "total_paid": float(taken), "total_due": float(due)}
        self.change(order["entity_id"], **sums, payment=payment, **closed)
        return Reply(200, number)


def _is_part(row: Mapping[str, Any], rows: Mapping[int, Mapping[str, Any]]) -> bool:
    """Whether a row is paid with its parent: the variant of a configurable product, the parts of a bundle with one price."""
    return row.get("parent_item_id") in rows and not row.get("row_total")


def _left(row: Mapping[str, Any]) -> Decimal:
    return _money(row["qty_ordered"]) - _money(row.get("qty_canceled") or 0) - _money(row.get("qty_invoiced") or 0)


def _part(row: Mapping[str, Any], name: str, invoiced: str, quantity: Decimal) -> Decimal:
    """Of one amount of a row, what so many pieces come to: the last ones have the rest."""
    left = _money(row["qty_ordered"]) - _money(row.get("qty_invoiced") or 0)
    amount = _money(row.get(name) or 0) - _money(row.get(invoiced) or 0)
    return amount if quantity == left else (amount / left * quantity).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _money(value: Any) -> Decimal:
    return Decimal(str(value))


def _invalid(text: str) -> Reply:
    return Reply(400, {"message": f"Invoice Document Validation Error(s):\n{text}"})
