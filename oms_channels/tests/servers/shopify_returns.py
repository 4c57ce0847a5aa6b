"""Returns in the shop of the tests: asked for by customers, agreed to, declined, called off and closed."""

from collections.abc import Mapping
from typing import Any

#: What a return may be before a step, and what it is after it.
STEPS = {
    "returnApproveRequest": ({"REQUESTED"}, "OPEN"),
    "returnDeclineRequest": ({"REQUESTED"}, "DECLINED"),
    "returnCancel": ({"OPEN"}, "CANCELED"),
    "returnClose": ({"OPEN"}, "CLOSED"),
}
STANDING = {"REQUESTED": "RETURN_REQUESTED", "OPEN": "IN_PROGRESS", "CLOSED": "RETURNED"}


def _refused(message: str) -> dict[str, Any]:
    return {"return": None, "userErrors": [{"code": "INVALID_STATE", "field": ["input"], "message": message}]}


class Returns:
    """What the shop does with returns; ``orders`` and ``shipments`` are its own."""

    orders: dict[str, dict[str, Any]]
    shipments: dict[str, list[dict[str, Any]]]

    def ask_back(self, order_id: str, quantities: Mapping[str, int], status: str = "REQUESTED", **values: Any) -> str:
        """A customer asks, or somebody at the shop enters a return. The id of it."""
        order = self.orders[order_id]
        found = order.setdefault("returns", {"nodes": []})["nodes"]
        known = {"id": self._new_id("Return"), "name": f"{order['name']}-R{len(found) + 1}", "status": status}
        lines = [
            {
                "id": self._new_id("ReturnLineItem"),
                "quantity": quantity,
                "returnReasonNote": "",
                "customerNote": "Too small",
                "returnReasonDefinition": {"handle": "size_too_small", "name": "Size was too small"},
                "fulfillmentLineItem": {"lineItem": {"id": line_id}},
                "__typename": "ReturnLineItem",
            }
            for line_id, quantity in quantities.items()
        ]
        back = [
            {
                "id": self._new_id("ReverseFulfillmentOrderLineItem"),
                "totalQuantity": line["quantity"],
                "dispositions": [],
                "fulfillmentLineItem": line["fulfillmentLineItem"],
            }
            for line in lines
        ]
        found.append(
            {
                **known,
                "createdAt": order["updatedAt"],
                "decline": None,
                "returnLineItems": {"nodes": lines},
                "exchangeLineItems": {"nodes": []},
                "reverseFulfillmentOrders": {
                    "nodes": [{"reverseDeliveries": {"nodes": []}, "lineItems": {"nodes": back}}]
                    if status == "OPEN"
                    else []
                },
                "_back": back,
                **values,
            }
        )
        self._stand(order)
        return str(known["id"])

    def _stand(self, order: dict[str, Any]) -> None:
        standing = {STANDING.get(row["status"], "") for row in order["returns"]["nodes"]} - {""}
        order["returnStatus"] = next((one for one in STANDING.values() if one in standing), "NO_RETURN")

    def _returnable(self, order_id: str) -> dict[str, Any]:
        taken: dict[str, int] = {}
        for row in self.orders[order_id].get("returns", {"nodes": []})["nodes"]:
            if row["status"] in ("REQUESTED", "OPEN", "CLOSED"):
                for line in row["returnLineItems"]["nodes"]:
                    line_id = line["fulfillmentLineItem"]["lineItem"]["id"]
                    taken[line_id] = taken.get(line_id, 0) + line["quantity"]
        parcels = []
        for parcel in self.shipments[order_id]:
            rows = []
            for number, row in enumerate(parcel["fulfillmentLineItems"]["nodes"]):
                line_id = row["lineItem"]["id"]
                used = min(row["quantity"], taken.get(line_id, 0))
                taken[line_id] = taken.get(line_id, 0) - used
                if row["quantity"] > used:
                    sent = {"id": f"{parcel['id']}#{number}", "lineItem": {"id": line_id}}
                    rows.append({"quantity": row["quantity"] - used, "fulfillmentLineItem": sent})
            parcels.append({"returnableFulfillmentLineItems": {"nodes": rows}})
        return {"nodes": parcels}

    def _do_returnCreate(self, returnInput: Mapping[str, Any]) -> dict[str, Any]:
        order_id = returnInput["orderId"]
        can = {
            row["fulfillmentLineItem"]["id"]: row
            for parcel in self._returnable(order_id)["nodes"]
            for row in parcel["returnableFulfillmentLineItems"]["nodes"]
        }
        quantities: dict[str, int] = {}
        for line in returnInput["returnLineItems"]:
            row = can.get(line["fulfillmentLineItemId"])
            if row is None or line["quantity"] > row["quantity"]:
                return _refused("Return line item has an invalid quantity.")
            line_id = row["fulfillmentLineItem"]["lineItem"]["id"]
            quantities[line_id] = quantities.get(line_id, 0) + line["quantity"]
        made = self.ask_back(order_id, quantities, "OPEN")
        return {"return": {"id": made, "status": "OPEN"}, "userErrors": []}

    def _step(self, name: str, return_id: str, **values: Any) -> dict[str, Any]:
        before, after = STEPS[name]
        for order in self.orders.values():
            for row in order.get("returns", {"nodes": []})["nodes"]:
                if row["id"] == return_id:
                    if row["status"] not in before:
                        return _refused(f"Return status is {row['status']}.")
                    row.update(status=after, **values)
                    if after == "OPEN":
                        group = {"reverseDeliveries": {"nodes": []}, "lineItems": {"nodes": row["_back"]}}
                        row["reverseFulfillmentOrders"] = {"nodes": [group]}
                    self._stand(order)
                    return {"return": {"id": return_id, "status": after}, "userErrors": []}
        return _refused("Return not found.")

    def _do_returnApproveRequest(self, input: Mapping[str, Any]) -> dict[str, Any]:
        return self._step("returnApproveRequest", input["id"])

    def _do_returnDeclineRequest(self, input: Mapping[str, Any]) -> dict[str, Any]:
        decline = {"reason": input["declineReason"], "note": input.get("declineNote") or ""}
        return self._step("returnDeclineRequest", input["id"], decline=decline)

    def _do_returnCancel(self, id: str) -> dict[str, Any]:
        return self._step("returnCancel", id)

    def _do_returnClose(self, id: str) -> dict[str, Any]:
        return self._step("returnClose", id)

    def _known_return(self, return_id: str) -> dict[str, Any] | None:
        rows = (row for order in self.orders.values() for row in order.get("returns", {"nodes": []})["nodes"])
        return next((row for row in rows if row["id"] == return_id), None)

    def _do_reverseFulfillmentOrderDispose(self, dispositionInputs: list[Mapping[str, Any]]) -> dict[str, Any]:
        def refused(message: str) -> dict[str, Any]:
            errors = [{"code": "INVALID", "field": ["dispositionInputs"], "message": message}]
            return {"reverseFulfillmentOrderLineItems": None, "userErrors": errors}

        known = {
            line["id"]: line
            for order in self.orders.values()
            for row in order.get("returns", {"nodes": []})["nodes"]
            for group in row["reverseFulfillmentOrders"]["nodes"]
            for line in group["lineItems"]["nodes"]
        }
        for given in dispositionInputs:
            line = known.get(given["reverseFulfillmentOrderLineItemId"])
            if line is None:
                return refused("Reverse fulfillment order line item not found.")
            done = sum(row["quantity"] for row in line["dispositions"])
            if given["quantity"] < 1 or given["quantity"] > line["totalQuantity"] - done:
                return refused("The quantity is larger than what is left.")
            if given["dispositionType"] == "RESTOCKED" and not given.get("locationId"):
                return refused("A location is required to restock.")
        for given in dispositionInputs:
            line = known[given["reverseFulfillmentOrderLineItemId"]]
            line["dispositions"].append({"type": given["dispositionType"], "quantity": given["quantity"]})
        rows = [{"id": given["reverseFulfillmentOrderLineItemId"]} for given in dispositionInputs]
        return {"reverseFulfillmentOrderLineItems": rows, "userErrors": []}
