"""What a Shopify shop does when it is told something: the mutations of :class:`~.shopify.ShopifyServer`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from .gql import Fault, Query

#: Mutations that are refused without a key from a version on.
KEYED = {"inventorySetQuantities": "2026-04", "refundCreate": "2026-04", "inventoryActivate": "2026-04"}
BATCH_MAX = 250


class Mutations:
    """Derived by the server; all state is its own."""

    version = ""

    def _mutation_root(self) -> dict[str, Callable[..., Any]]:
        names = (
            "inventorySetQuantities inventoryActivate productVariantsBulkUpdate fulfillmentCreate orderCancel refundCreate "
            "orderCapture transactionVoid "
            "webhookSubscriptionCreate webhookSubscriptionUpdate stagedUploadsCreate productSet "
            "returnCreate returnApproveRequest returnDeclineRequest returnCancel returnClose "
            "reverseFulfillmentOrderDispose"
        ).split()
        return {name: self._keyed(name) for name in names}

    def _keyed(self, name: str) -> Callable[..., Any]:
        """A mutation that is carried out once for a key."""

        def run(_query: Query, _field: Any, **arguments: Any) -> Any:
            directive = _query.directive(_field, "idempotent")
            if directive is None:
                if name in KEYED and self.version >= KEYED[name]:
                    message = "The @idempotent directive is required for this mutation but was not provided."
                    raise Fault(message, "BAD_REQUEST")
                return getattr(self, f"_do_{name}")(**arguments)
            told = json.dumps([name, arguments], sort_keys=True)
            known = self._keys.get(directive["key"])
            if known and known[0] != told:
                message = "The same idempotency key cannot be used with different operation parameters."
                return _refuse(None, message, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH", refund=None)
            if known:
                return known[1]
            answer = getattr(self, f"_do_{name}")(**arguments)
            self._keys[directive["key"]] = (told, answer)
            return answer

        return run

    def _new_id(self, kind: str) -> str:
        return f"gid://shopify/{kind}/{next(self._ids)}"

    # ---- Stock and prices ----

    def _do_inventorySetQuantities(self, input: Mapping[str, Any]) -> dict[str, Any]:
        rows = input["quantities"]
        if len(rows) > BATCH_MAX:
            message = f"The input array size of {len(rows)} is greater than the maximum allowed of {BATCH_MAX}."
            raise Fault(message, "MAX_INPUT_SIZE_EXCEEDED")
        if self.version >= "2026-04" and any("changeFromQuantity" not in row for row in rows):
            raise Fault("changeFromQuantity is required.", "INVALID_VARIABLE")
        errors, seen = [], set()
        for index, row in enumerate(rows):
            place = (row["inventoryItemId"], row["locationId"])
            code = self._stock_code(row, place, place in seen)
            seen.add(place)
            if code:
                field = ["input", "quantities", str(index), "quantity"]
                errors.append({"code": code, "field": field, "message": code.replace("_", " ").capitalize()})
        if not errors:
            self.stock |= {(row["inventoryItemId"], row["locationId"]): row["quantity"] for row in rows}
        return {"userErrors": errors}

    def _stock_code(self, row: Mapping[str, Any], place: tuple[str, str], again: bool) -> str:
        if again:
            return "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
        if place[0] not in {variant["inventoryItem"]["id"] for variant in self.variants}:
            return "INVALID_INVENTORY_ITEM"
        if place[1] not in {location["id"] for location in self.locations}:
            return "INVALID_LOCATION"
        if row["quantity"] < 0:
            return "INVALID_QUANTITY_NEGATIVE"
        if place not in self.stock:
            return "ITEM_NOT_STOCKED_AT_LOCATION"
        if row["changeFromQuantity"] is not None and row["changeFromQuantity"] != self.stock[place]:
            return "CHANGE_FROM_QUANTITY_STALE"
        return ""

    def _do_inventoryActivate(self, inventoryItemId: str, locationId: str) -> dict[str, Any]:
        self.stock.setdefault((inventoryItemId, locationId), 0)
        return {"userErrors": []}

    def _do_productVariantsBulkUpdate(
        self, productId: str, variants: list[dict[str, Any]], allowPartialUpdates: bool = False
    ) -> dict[str, Any]:
        own = {row["id"]: row for row in self.variants if row["product"]["id"] == productId}
        if not own:
            return _refuse(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST", productVariants=None)
        errors = []
        for index, row in enumerate(variants):
            if row["id"] not in own:
                field = ["variants", str(index), "id"]
                errors.append(_error(field, "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST"))
            elif Decimal(row["price"]) < 0:
                field = ["variants", str(index), "price"]
                errors.append(_error(field, "Price must be greater than or equal to 0", "GREATER_THAN_OR_EQUAL_TO"))
        refused = {int(error["field"][1]) for error in errors}
        changed = []
        for index, row in enumerate(variants):
            if index not in refused and (allowPartialUpdates or not errors):
                own[row["id"]] |= row
                changed.append(own[row["id"]])
        return {"productVariants": changed, "userErrors": errors}

    # ---- Fulfilments ----

    def _do_fulfillmentCreate(self, fulfillment: Mapping[str, Any]) -> dict[str, Any]:
        wanted = fulfillment["lineItemsByFulfillmentOrder"]
        found = [self._find_group(row["fulfillmentOrderId"]) for row in wanted]
        if not all(found):
            return _refuse(["fulfillment"], "Fulfillment order does not exist.", fulfillment=None)
        if len({group["assignedLocation"]["location"]["id"] for _order, group in found}) > 1:
            return _refuse(
                ["fulfillment"], "All fulfillment orders must be assigned to the same location.", fulfillment=None
            )
        taken = []
        for row, (_order_id, group) in zip(wanted, found, strict=True):
            if group["status"] not in ("OPEN", "IN_PROGRESS"):
                message = f"Fulfillment order {row['fulfillmentOrderId']} has an unfulfillable status= {group['status'].lower()}."
                return _refuse(["fulfillment"], message, fulfillment=None)
            lines = {line["id"]: line for line in group["lineItems"]["nodes"]}
            for item in row["fulfillmentOrderLineItems"]:
                line = lines.get(item["id"])
                if line is None or not 0 < item["quantity"] <= line["remainingQuantity"]:
                    return _refuse(
                        ["fulfillment"], "Invalid fulfillment order line item quantity requested.", fulfillment=None
                    )
                taken.append((line, item["quantity"]))
        order_id = found[0][0]
        for line, quantity in taken:
            line["remainingQuantity"] -= quantity
        for _order_id, group in found:
            if not any(line["remainingQuantity"] for line in group["lineItems"]["nodes"]):
                group["status"] = "CLOSED"
        tracking = fulfillment.get("trackingInfo") or {}
        made = {
            "id": self._new_id("Fulfillment"),
            "status": "SUCCESS",
            "trackingInfo": [tracking] if tracking.get("number") else [],
            "notified": fulfillment.get("notifyCustomer"),
            "location": found[0][1]["assignedLocation"]["location"]["id"],
            "fulfillmentLineItems": {
                "nodes": [
                    {"quantity": quantity, "lineItem": {"id": line["lineItem"]["id"]}} for line, quantity in taken
                ]
            },
        }
        self.shipments[order_id].append(made)
        left = any(line["remainingQuantity"] for group in self.groups[order_id] for line in group["lineItems"]["nodes"])
        self.change(order_id, displayFulfillmentStatus="PARTIALLY_FULFILLED" if left else "FULFILLED")
        return {"fulfillment": made, "userErrors": []}

    def _find_group(self, group_id: str) -> tuple[str, dict[str, Any]] | None:
        for order_id, groups in self.groups.items():
            for group in groups:
                if group["id"] == group_id:
                    return order_id, group
        return None

    # ---- Cancellations and refunds ----

    def _do_orderCancel(self, orderId: str, reason: str, restock: bool, **_options: Any) -> dict[str, Any]:
        order = self.orders.get(orderId)
        message = ""
        if order is None:
            message = "Order does not exist"
        elif order["cancelledAt"]:
            message = "Order has already been cancelled"
        elif self.shipments[orderId]:
            message = "Cannot cancel an order with outstanding fulfillments"
        if message:
            error = {"code": "INVALID", "field": ["orderId"], "message": message}
            return {"job": None, "orderCancelUserErrors": [error]}
        job_id = self._new_id("Job")
        self.jobs[job_id] = (orderId, self.job_polls)
        return {"job": {"id": job_id, "done": False}, "orderCancelUserErrors": []}

    def _do_refundCreate(self, input: Mapping[str, Any]) -> dict[str, Any]:
        order = self.orders.get(input["orderId"])
        if order is None:
            return _refuse(["orderId"], "Order does not exist", refund=None)
        lines = {row["id"]: row for row in order["lineItems"]["nodes"]}
        for row in input["refundLineItems"]:
            if row["quantity"] > lines[row["lineItemId"]]["refundableQuantity"]:
                return _refuse(
                    ["refundLineItems"], "Quantity cannot refund more items than were purchased", refund=None
                )
            if row["restockType"] in ("CANCEL", "RETURN") and not row.get("locationId"):
                return _refuse(["refundLineItems"], "Location must be given to restock", refund=None)
        currency = self.presentment[0] or order["presentmentCurrencyCode"]
        if input["transactions"] and input.get("currency") != currency:
            return _refuse(["currency"], f"Currency must be {currency}", refund=None)
        made = []
        for row in input["transactions"]:
            if row.get("parentId") and Decimal(row["amount"]) > self._refundable(order, row["parentId"]):
                return _refuse(
                    ["transactions"], "Refund amount cannot exceed the amount that can be refunded", refund=None
                )
            made.append(self._refund_transaction(row, currency))
        order["transactions"] += made
        refund = self._keep_refund(order, lines, input, made)
        return {"refund": refund, "userErrors": []}

    def _do_orderCapture(self, input: Mapping[str, Any]) -> dict[str, Any]:
        order = self.orders.get(input["id"])
        row = (
            next((row for row in order["transactions"] if row["id"] == input["parentTransactionId"]), None)
            if order
            else None
        )
        if row is None or row["kind"] != "AUTHORIZATION":
            return _refuse(["input"], "Transaction does not exist", transaction=None)
        children = [one for one in order["transactions"] if (one["parentTransaction"] or {}).get("id") == row["id"]]
        taken = sum((_shown(one) for one in children if one["kind"] == "CAPTURE"), Decimal(0))
        ended = any(one["kind"] == "VOID" for one in children) or (children and not row["multiCapturable"])
        if ended or Decimal(input["amount"]) > _shown(row) - taken:
            return _refuse(["input", "amount"], "The amount exceeds what can be captured", transaction=None)
        made = self._refund_transaction(
            {"kind": "CAPTURE", "gateway": row["gateway"], "amount": input["amount"], "parentId": row["id"]},
            input["currency"],
        )
        order["transactions"].append(made)
        whole = taken + Decimal(input["amount"]) >= _shown(row)
        self.change(order["id"], displayFinancialStatus="PAID" if whole else "PARTIALLY_PAID")
        return {"transaction": made, "userErrors": []}

    def _do_transactionVoid(self, parentTransactionId: str) -> dict[str, Any]:
        for order in self.orders.values():
            for row in order["transactions"]:
                if row["id"] != parentTransactionId:
                    continue
                if any((one["parentTransaction"] or {}).get("id") == row["id"] for one in order["transactions"]):
                    return _refuse(["parentTransactionId"], "The transaction is not voidable", transaction=None)
                made = self._refund_transaction(
                    {"kind": "VOID", "gateway": row["gateway"], "amount": "0.00", "parentId": row["id"]}, self.currency
                )
                order["transactions"].append(made)
                self.change(order["id"], displayFinancialStatus="VOIDED")
                return {"transaction": made, "userErrors": []}
        return _refuse(["parentTransactionId"], "Transaction does not exist", transaction=None)

    def _refundable(self, order: Mapping[str, Any], parent_id: str) -> Decimal:
        left = Decimal(0)
        for row in order["transactions"]:
            bag = row["amountSet"]
            amount = Decimal((bag.get("presentmentMoney") or self.shown(bag["shopMoney"]))["amount"])
            if row["id"] == parent_id and row["kind"] in ("SALE", "CAPTURE"):
                left += amount
            if row["kind"] == "REFUND" and (row["parentTransaction"] or {}).get("id") == parent_id:
                left -= amount
        return left

    def _refund_transaction(self, row: Mapping[str, Any], currency: str) -> dict[str, Any]:
        money = {"amount": row["amount"], "currencyCode": currency}
        moment = _moment(self.now())
        return {
            "id": self._new_id("OrderTransaction"),
            "kind": row["kind"],
            "status": self.refund_status,
            "gateway": row["gateway"],
            "formattedGateway": row["gateway"],
            "paymentId": None,
            "processedAt": moment,
            "createdAt": moment,
            "test": False,
            "amountSet": {"shopMoney": money, "presentmentMoney": money},
            "amountRoundingSet": None,
            "parentTransaction": {"id": row["parentId"]} if row.get("parentId") else None,
            "authorizationExpiresAt": None,
            "multiCapturable": False,
        }

    def _keep_refund(
        self,
        order: dict[str, Any],
        lines: Mapping[str, dict[str, Any]],
        given: Mapping[str, Any],
        made: list[dict[str, Any]],
    ) -> dict[str, Any]:
        rows = []
        for row in given["refundLineItems"]:
            line = lines[row["lineItemId"]]
            part = Decimal(row["quantity"]) / line["quantity"]
            line["refundableQuantity"] -= row["quantity"]
            line["currentQuantity"] -= row["quantity"]
            if row["restockType"] == "CANCEL":
                self._call_off(order["id"], line["id"], row["quantity"])
            taken = sum((_shop(one["allocatedAmountSet"]) for one in line["discountAllocations"]), Decimal(0))
            taxes = sum((_shop(tax["priceSet"]) for tax in line["taxLines"]), Decimal(0))
            rows.append(
                {
                    "id": self._new_id("RefundLineItem"),
                    "quantity": row["quantity"],
                    "restockType": row["restockType"],
                    "lineItem": {"id": line["id"]},
                    "location": {"id": row["locationId"]} if row.get("locationId") else None,
                    "subtotalSet": self._bag((_shop(line["originalTotalSet"]) - taken) * part),
                    "totalTaxSet": self._bag(taxes * part),
                }
            )
        done = sum(
            (Decimal(one["amountSet"]["shopMoney"]["amount"]) for one in made if one["status"] == "SUCCESS"), Decimal(0)
        )
        shipping = given.get("shipping")
        moment = _moment(self.now())
        refund = {
            "id": self._new_id("Refund"),
            "note": given.get("note"),
            "createdAt": moment,
            "processedAt": moment,
            "return": None,
            "totalRefundedSet": self._bag(done),
            "refundLineItems": {"nodes": rows},
            "refundShippingLines": {
                "nodes": [
                    {
                        "id": self._new_id("RefundShippingLine"),
                        "subtotalAmountSet": self._bag(Decimal(shipping["amount"])),
                        "taxAmountSet": self._bag(Decimal(0)),
                    }
                ]
                if shipping
                else []
            },
            "orderAdjustments": {"nodes": []},
            "transactions": {"nodes": made},
            "duties": [],
        }
        order["refunds"].append(refund)
        self.change(
            order["id"], displayFinancialStatus="PARTIALLY_REFUNDED" if made else order["displayFinancialStatus"]
        )
        return refund

    def _call_off(self, order_id: str, line_id: str, quantity: int) -> None:
        """Pieces that are no longer to be shipped."""
        for group in self.groups[order_id]:
            for line in group["lineItems"]["nodes"]:
                if line["lineItem"]["id"] == line_id:
                    line["remainingQuantity"] -= min(quantity, line["remainingQuantity"])

    def _bag(self, amount: Decimal) -> dict[str, Any]:
        return {"shopMoney": {"amount": str(amount.quantize(Decimal("0.01"))), "currencyCode": self.currency}}

    # ---- Webhooks ----

    def _do_webhookSubscriptionCreate(self, topic: str, webhookSubscription: Mapping[str, Any]) -> dict[str, Any]:
        uri = webhookSubscription["uri"]
        if not uri.startswith("https://"):
            return _refuse(
                ["webhookSubscription", "uri"], "Address protocol http:// is not supported", webhookSubscription=None
            )
        if any(row["topic"] == topic and row["uri"] == uri for row in self.webhooks):
            message = "Address for this topic has already been taken"
            return _refuse(["webhookSubscription", "uri"], message, webhookSubscription=None)
        made = {"id": self._new_id("WebhookSubscription"), "topic": topic, "filter": "", **webhookSubscription}
        self.webhooks.append(made)
        return {"webhookSubscription": made, "userErrors": []}

    def _do_webhookSubscriptionUpdate(self, id: str, webhookSubscription: Mapping[str, Any]) -> dict[str, Any]:
        row = next((row for row in self.webhooks if row["id"] == id), None)
        if row is None:
            return _refuse(["id"], "Webhook subscription does not exist", webhookSubscription=None)
        row |= {"filter": "", **webhookSubscription}
        return {"webhookSubscription": row, "userErrors": []}


def _shop(bag: Mapping[str, Any]) -> Decimal:
    return Decimal((bag.get("shopMoney") or bag["presentmentMoney"])["amount"])


def _shown(row: Mapping[str, Any]) -> Decimal:
    """What a payment comes to in the customer's currency."""
    bag = row["amountSet"]
    return Decimal((bag.get("presentmentMoney") or bag["shopMoney"])["amount"])


def _moment(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _error(field: list[str] | None, message: str, code: str = "") -> dict[str, Any]:
    return {"field": field, "message": message, "code": code}


def _refuse(field: list[str] | None, message: str, code: str = "", **nothing: Any) -> dict[str, Any]:
    """The answer of a mutation that did nothing."""
    return {**nothing, "userErrors": [_error(field, message, code)]}
