"""Returns in the shop of the tests (Adobe Commerce, RMA). A return is saved as a whole; its reasons are ids of options; one may
be deleted. A shop of Magento Open Source has no such routes."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from .base import Asked, Reply
from .magento_products import NO_ENTITY, NO_ROUTE

REASONS = {"19": "Wrong Size", "20": "Wrong Color", "21": "Out of Service", "22": "Other", "77": "Smells odd"}
STATES = {
    "pending", "authorized", "partially_authorized", "received", "received_on_item", "approved", "approved_on_item",
    "rejected", "rejected_on_item", "denied", "closed", "processed_closed",
}  # fmt: skip
ITEM_STATES = {"pending", "authorized", "received", "approved", "rejected", "denied"}


class Returns:
    """:ivar returns: id → return, as the API shows it; ``None`` for Open Source. :ivar return_saves: all that was saved."""

    returns: dict[int, dict[str, Any]] | None
    return_saves: list[dict[str, Any]]
    orders: dict[int, dict[str, Any]]
    _found: Callable[[list[dict[str, Any]], Asked], Reply]
    _moment: Callable[[], str]

    def ask_back(self, order_id: str, line: int = 0, quantity: int = 1, reason: str = "19", **values: Any) -> str:
        """A customer asks to send something back; the id of the return."""
        order = self.orders[int(order_id)]
        number = next(self._ids)
        item = {
            "entity_id": next(self._ids),
            "rma_entity_id": number,
            "order_item_id": order["items"][line]["item_id"],
            "qty_requested": quantity,
            "qty_authorized": None,
            "qty_approved": None,
            "qty_returned": None,
            "reason": reason,
            "condition": "7",
            "resolution": "5",
            "status": "pending",
        }
        self.returns[number] = {
            "increment_id": f"R{number}",
            "entity_id": number,
            "order_id": int(order_id),
            "order_increment_id": order["increment_id"],
            "store_id": 1,
            "customer_id": 3,
            "date_requested": self._moment(),
            "customer_custom_email": "",
            "items": [item],
            "status": "pending",
            "comments": [],
            "tracks": [],
            **values,
        }
        return str(number)

    def _returns(self, method: str, rest: list[str], asked: Asked) -> Reply:
        if self.returns is None:
            return NO_ROUTE
        if method == "GET" and not rest:
            return self._found(list(self.returns.values()), asked)
        row = self.returns.get(int(rest[0])) if rest and rest[0].isdecimal() else None
        if row is None:
            return NO_ENTITY
        body = asked.json or {}
        match method, *rest[1:]:
            case ("GET",):
                return Reply(200, row)
            case ("PUT",):
                return self._save_return(row, body.get("rmaDataObject") or {})
            case "POST", "comments":
                data = body.get("data") or {}
                if not data.get("comment") or data.get("rma_entity_id") != row["entity_id"]:
                    return Reply(400, {"message": "Please enter a valid comment."})
                row["comments"].append({**data, "entity_id": next(self._ids), "created_at": self._moment()})
                return Reply(200, True)
        return NO_ROUTE

    def _save_return(self, row: dict[str, Any], told: dict[str, Any]) -> Reply:
        items = told.get("items") or []
        known = {item["entity_id"]: item for item in row["items"]}
        if told.get("entity_id") != row["entity_id"] or told.get("status") not in STATES:
            return Reply(400, {"message": "We can't save the return."})
        for item in items:
            before = known.get(item.get("entity_id"))
            if before is None or item.get("status") not in ITEM_STATES:
                return Reply(400, {"message": "There is an error in quantities for an item."})
            if (item.get("qty_authorized") or 0) > item["qty_requested"] or (
                (item.get("qty_returned") or 0) > (item.get("qty_authorized") or 0)
            ):
                return Reply(400, {"message": "There is an error in quantities for an item."})
        if row["status"] in ("closed", "processed_closed"):
            return Reply(400, {"message": "The return is closed."})
        self.return_saves.append(deepcopy(told))
        row |= {"status": told["status"], "items": items}
        return Reply(200, row)
