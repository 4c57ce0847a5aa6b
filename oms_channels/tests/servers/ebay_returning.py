"""Returns in the seller's account of the tests: begun by buyers, decided, marked as received and paid back (Post-Order API v2).

As on eBay, the list knows only the date of creation; a step that does not fit the state is refused; a refund is worked off by
eBay and shows in the return and in the order.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from typing import Any

from .base import Asked, Reply

#: What a return may be before a decision, and what it is after it.
DECISIONS = {"APPROVE": ({"RETURN_REQUESTED"}, "ITEM_READY_TO_SHIP"), "DECLINE": ({"RETURN_REQUESTED"}, "CLOSED")}
UNDER_WAY = {"ITEM_READY_TO_SHIP", "ITEM_SHIPPED", "RETURN_REQUESTED"}


def wrong(error_id: int, message: str, status: int = 400) -> Reply:
    """An error as the Post-Order API writes it."""
    row = {"errorId": error_id, "domain": "returnErrorDomain", "severity": "ERROR", "message": message}
    return Reply(status, {"error": [row]})


class Returns:
    """:ivar returns: id → summary; :ivar return_steps: (id, what, body) of all that was taken."""

    returns: dict[str, dict[str, Any]]
    return_steps: list[tuple[str, str, dict[str, Any]]]
    orders: dict[str, dict[str, Any]]
    now: Callable[[], datetime]

    def ask_back(
        self, order_id: str, line: int = 0, quantity: int = 1, reason: str = "NO_LONGER_NEED_ITEM", **values: Any
    ) -> str:
        """A buyer asks to send something back; the id of the return."""
        row = self.orders[order_id]["lineItems"][line]
        return_id = str(next(self._ids))
        cost = row.get("discountedLineItemCost") or row["lineItemCost"]
        price = Decimal(cost["value"]) / row["quantity"] * quantity
        self.returns[return_id] = {
            "returnId": return_id,
            "orderId": order_id,
            "buyerLoginName": "buyer",
            "currentType": "MONEY_BACK",
            "state": "RETURN_REQUESTED",
            "status": "RETURN_REQUESTED",
            "creationInfo": {
                "type": "MONEY_BACK",
                "reason": reason,
                "reasonType": "REMORSE",
                "comments": {"content": "Sorry, it does not fit"},
                "creationDate": {"value": _stamp(self.now())},
                "item": {
                    "itemId": row.get("legacyItemId", ""),
                    "transactionId": row["lineItemId"],
                    "returnQuantity": quantity,
                },
            },
            "buyerTotalRefund": {
                "estimatedRefundAmount": {"value": float(price), "currency": row["total"]["currency"]}
            },
            **values,
        }
        return return_id

    def _return(self, asked: Asked, rest: list[str]) -> Reply:
        if asked.method == "GET" and rest == ["search"]:
            return self._search_returns(asked.params)
        row = self.returns.get(rest[0] if rest else "")
        if row is None:
            return wrong(1617, "Invalid return ID.", 404)
        match asked.method, *rest[1:]:
            case ("GET",):
                return Reply(200, {"summary": row, "detail": {}})
            case "POST", "decide":
                return self._decide(row, asked.json or {})
            case "POST", "mark_as_received":
                if row["state"] not in UNDER_WAY - {"RETURN_REQUESTED"}:
                    return wrong(1628, f"The return is {row['state']}.")
                self._step(row, "mark_as_received", asked.json or {}, "ITEM_DELIVERED")
                return Reply(200, b"")
            case "POST", "issue_refund":
                return self._refund_return(row, asked.json or {})
        return wrong(1002, "No such call.", 404)

    def _search_returns(self, params: dict[str, str]) -> Reply:
        limit, offset = int(params.get("limit", "25")), int(params.get("offset", "0"))
        if not 1 <= limit <= 200:
            return wrong(1500, "The limit is from 1 to 200.")
        found = list(self.returns.values())
        if order_id := params.get("order_id"):
            found = [row for row in found if row["orderId"] == order_id]
        for name, keep in (("from", datetime.__ge__), ("to", datetime.__le__)):
            if told := params.get(f"creation_date_range_{name}"):
                edge = datetime.fromisoformat(told)
                found = [
                    row
                    for row in found
                    if keep(datetime.fromisoformat(row["creationInfo"]["creationDate"]["value"]), edge)
                ]
        page = {"limit": limit, "offset": offset, "totalEntries": len(found), "totalPages": -(-len(found) // limit)}
        return Reply(200, {"members": found[offset : offset + limit], "paginationOutput": page, "total": 0})

    def _decide(self, row: dict[str, Any], body: dict[str, Any]) -> Reply:
        if body.get("decision") not in DECISIONS:
            return wrong(1631, "The decision is invalid.")
        before, after = DECISIONS[body["decision"]]
        if row["state"] not in before:
            return wrong(1632, f"The return is {row['state']}.")
        self._step(row, body["decision"], body, after)
        return Reply(200, {})

    def _refund_return(self, row: dict[str, Any], body: dict[str, Any]) -> Reply:
        detail = body.get("refundDetail") or {}
        amounts = [part["refundAmount"]["value"] for part in detail.get("itemizedRefundDetail", [])]
        if not all(isinstance(amount, float | int) for amount in amounts):
            return wrong(1002, "The amount is no number.")
        parts = [Decimal(str(amount)) for amount in amounts]
        kinds = {part["refundFeeType"] for part in detail.get("itemizedRefundDetail", [])}
        total = Decimal(str(detail.get("totalAmount", {}).get("value", "0")))
        if not parts or sum(parts) != total or not kinds <= {"PURCHASE_PRICE", "ORIGINAL_SHIPPING", "OTHER"}:
            return wrong(1700, "The amounts of the refund do not add up.")
        if row["state"] in ("CLOSED", "REFUND_INITIATED"):
            return wrong(1701, "The return was paid back already.")
        self._step(row, "issue_refund", body, "REFUND_INITIATED")
        return Reply(200, {"refundStatus": "PENDING"})

    def _step(self, row: dict[str, Any], what: str, body: dict[str, Any], state: str) -> None:
        self.return_steps.append((row["returnId"], what, deepcopy(body)))
        row |= {"state": state, "status": state}

    def settle_return(self, return_id: str, amount: str = "") -> None:
        """eBay pays the buyer back, by itself or as it was told, and closes the return."""
        row = self.returns[return_id]
        told = next((body for ref, what, body in self.return_steps if (ref, what) == (return_id, "issue_refund")), None)
        value = amount or (told and told["refundDetail"]["totalAmount"]["value"]) or "0"
        estimated = row["buyerTotalRefund"]["estimatedRefundAmount"]
        value = f"{Decimal(str(value)) or Decimal(str(estimated['value'])):.2f}"
        money = {"value": value, "currency": estimated["currency"]}
        row |= {"state": "CLOSED", "status": "CLOSED", "buyerTotalRefund": {"actualRefundAmount": money}}
        order = self.orders[row["orderId"]]
        lines = deepcopy(order["lineItems"])
        for line in lines:
            if line["lineItemId"] == row["creationInfo"]["item"]["transactionId"]:
                refund = {"refundId": str(next(self._ids)), "refundDate": _stamp(self.now()), "amount": money}
                line["refunds"] = [*line.get("refunds", []), refund]
        self.change(row["orderId"], lineItems=lines, orderPaymentStatus="PARTIALLY_REFUNDED")


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
