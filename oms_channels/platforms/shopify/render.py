"""What we want from a shop → queries and mutations. Pure; nothing here is sent.

What changes something is recognised by Shopify where it takes ``@idempotent``; a fulfilment has no key, so it is looked for
before it is sent again.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from ...domain.adapter import Request
from ...domain.outgoing import Cancellation, Capture, Content, Parcel, Picture, Price, Refund, ReturnStep, StockLevel
from . import const, queries

#: Our keys → theirs: the same text always gives the same UUID.
NAMESPACE = uuid.UUID("6f1a4c5e-7f0b-5d55-9a39-0d1f5be2a7c4")
OPERATION = re.compile(r"\b(?:query|mutation) (\w+)")


def graphql(query: str, variables: Mapping[str, Any], side: str = const.SHOP_MONEY) -> Request:
    """A request for a query of ``queries.py``.

    :param side: which money of each amount is asked for.
    """
    text = query.replace("MONEY", const.MONEY_FIELDS[side])
    return Request("POST", "graphql.json", body={"query": text, "variables": dict(variables)})


def operation(request: Request) -> str:
    """The name of the operation in a request."""
    found = OPERATION.search((request.body or {}).get("query", ""))
    return found[1] if found else ""


def key_of(*parts: str) -> str:
    """An idempotency key: the same for the same attempt."""
    return str(uuid.uuid5(NAMESPACE, "\0".join(parts)))


# ---- Orders ----


def _order_variables(lines: int) -> dict[str, int]:
    return {
        "lines": lines,
        "shippings": const.SHIPPINGS_WITH_ORDER,
        "listed": const.LISTED_WITH_ORDER,
        "groups": const.GROUPS_WITH_ORDER,
    }


def orders_page(moment: datetime, cursor: str, side: str) -> Request:
    """Orders changed at ``moment`` or later, oldest change first. All of them: GraphQL hides no status."""
    since = moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    variables = {
        "first": const.ORDERS_PER_PAGE,
        "after": cursor or None,
        "query": f"updated_at:>='{since}'",
        **_order_variables(const.LINES_WITH_ORDER),
    }
    return graphql(queries.ORDERS, variables, side)


def order(order_id: str, side: str) -> Request:
    return graphql(queries.ORDER, {"id": order_id, **_order_variables(const.LINES_PER_PAGE)}, side)


def payouts_page(moment: datetime, cursor: str) -> Request:
    """Payouts issued at ``moment`` or later, the oldest first, so that new ones come behind what has been read."""
    since = moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    variables = {"first": const.PAYOUTS_PER_PAGE, "after": cursor or None, "query": f"issued_at:>='{since}'"}
    return graphql(queries.PAYOUTS, variables)


def payout_transactions(payout_id: str, cursor: str) -> Request:
    """:param payout_id: the number of the payout (``legacyResourceId``)."""
    variables = {
        "first": const.TRANSACTIONS_PER_PAGE,
        "after": cursor or None,
        "query": f"payments_transfer_id:{payout_id}",
    }
    return graphql(queries.PAYOUT_TRANSACTIONS, variables)


#: What of an order comes in pages → the query for the next one.
NESTED = {
    "lineItems": queries.ORDER_LINES,
    "shippingLines": queries.ORDER_SHIPPINGS,
    "fulfillmentOrders": queries.ORDER_GROUPS,
}


def order_nested(name: str, order_id: str, cursor: str, side: str) -> Request:
    """The next page of what is nested in an order."""
    return graphql(NESTED[name], {"id": order_id, "first": const.LINES_PER_PAGE, "after": cursor}, side)


def order_transactions(order_id: str, side: str) -> Request:
    return graphql(queries.ORDER_TRANSACTIONS, {"id": order_id, "first": const.TRANSACTIONS_MAX}, side)


def order_refunds(order_id: str) -> Request:
    return graphql(queries.ORDER_REFUNDS, {"id": order_id, "first": const.REFUNDS_MAX})


def order_returns(order_id: str, cursor: str = "") -> Request:
    variables = {"id": order_id, "first": const.RETURNS_PER_PAGE, "after": cursor or None}
    return graphql(queries.ORDER_RETURNS, {**variables, "lines": const.RETURN_LINES, "some": const.RETURN_PARTS})


def refund_details(refund_id: str, cursor: str, side: str) -> Request:
    variables = {
        "id": refund_id,
        "lines": const.REFUND_LINES_PER_PAGE,
        "after": cursor or None,
        # Of shipping lines, adjustments and transactions no refund has so many.
        "some": 20,
    }
    return graphql(queries.REFUND, variables, side)


def order_of_fulfilment(fulfilment_order_id: str) -> Request:
    return graphql(queries.ORDER_OF_FULFILMENT, {"id": fulfilment_order_id})


# ---- The shop and what it offers ----


def shop() -> Request:
    return graphql(queries.SHOP, {"first": 100})


def locations(cursor: str) -> Request:
    return graphql(queries.LOCATIONS, {"first": 100, "after": cursor})


def currency() -> Request:
    return graphql(queries.CURRENCY, {})


def listings(cursor: str) -> Request:
    return graphql(queries.LISTINGS, {"first": const.LISTINGS_PER_PAGE, "after": cursor or None})


def levels(item_ids: Sequence[str], location_id: str) -> Request:
    return graphql(queries.LEVELS, {"ids": list(item_ids), "location": location_id})


def set_quantities(rows: Sequence[StockLevel], key: str) -> Request:
    """Quantities that may be sold; all of them are taken, or none.

    :param rows: at most :data:`const.STOCK_BATCH`, no two of the same item and place.
    """
    if len(rows) > const.STOCK_BATCH:
        raise ValueError(f"{len(rows)} quantities are more than {const.STOCK_BATCH}")
    quantities = [
        {
            "inventoryItemId": row.ref.inventory_ref,
            "locationId": row.ref.location_ref,
            "quantity": min(max(row.quantity, 0), const.QUANTITY_MAX),
            # To be given even where nothing is expected: null says so.
            "changeFromQuantity": row.expected,
        }
        for row in rows
    ]
    variables = {"input": {"name": "available", "reason": "correction", "quantities": quantities}, "key": key}
    return graphql(queries.SET_QUANTITIES, variables)


def activate(item_id: str, location_id: str, key: str) -> Request:
    """Keep stock of an item at a place; it begins at nothing."""
    return graphql(queries.ACTIVATE, {"item": item_id, "location": location_id, "key": key})


def set_prices(product_id: str, prices: Sequence[Price]) -> Request:
    """Prices of variants of one product. A price before is left alone where we know none."""
    variants = [
        {"id": price.ref.external_id, "price": amount(price.amount)}
        | ({} if price.compare_at is None else {"compareAtPrice": amount(price.compare_at)})
        for price in prices
    ]
    return graphql(queries.SET_PRICES, {"product": product_id, "variants": variants})


def amount(value: Decimal) -> str:
    return format(value, "f")


# ---- Texts and pictures ----


def product_media(product_id: str) -> Request:
    return graphql(queries.PRODUCT_MEDIA, {"id": product_id, "first": const.MEDIA_MAX})


def stage_uploads(pictures: Sequence[Picture]) -> Request:
    """Ask for a place to bring each of these files to."""
    wanted = [
        {"filename": picture.name, "mimeType": picture.kind, "resource": "IMAGE", "httpMethod": "POST"}
        for picture in pictures
    ]
    return graphql(queries.STAGE_UPLOADS, {"input": wanted})


def set_content(content: Content, files: Sequence[Mapping[str, Any]] | None) -> Request:
    """Texts and pictures of a product; what is not named stays as it is.

    :param files: all that the product is to have, by id or by where it was brought to; ``None`` leaves them alone.
    """
    given: dict[str, Any] = {}
    if content.title is not None:
        given["title"] = content.title
    if content.description is not None:
        given["descriptionHtml"] = content.description
    if files is not None:
        given["files"] = list(files)
    return graphql(queries.SET_CONTENT, {"product": {"id": content.ref.parent_id}, "input": given})


def new_file(picture: Picture, source: str) -> dict[str, Any]:
    return {"originalSource": source, "alt": picture.alt, "filename": picture.name, "contentType": "IMAGE"}


# ---- Fulfilments ----


def fulfilment_orders(order_id: str, cursor: str) -> Request:
    variables = {
        "id": order_id,
        "first": const.FULFILMENT_ORDERS_PER_PAGE,
        "after": cursor or None,
        "lines": const.FULFILMENT_LINES_PER_PAGE,
    }
    return graphql(queries.FULFILMENT_ORDERS, variables)


def fulfilment_order_lines(fulfilment_order_id: str, cursor: str) -> Request:
    variables = {"id": fulfilment_order_id, "first": 100, "after": cursor or None}
    return graphql(queries.FULFILMENT_ORDER_LINES, variables)


def fulfilments(order_id: str, everything: bool = False) -> Request:
    """What has been shipped: the first ones, or as many as can be listed, with fewer of their lines."""
    first, lines = (const.FULFILMENTS_MAX, 1) if everything else (const.FULFILMENTS_WITH_ORDER, 10)
    return graphql(queries.FULFILMENTS, {"id": order_id, "first": first, "lines": lines})


def fulfilment_lines(fulfilment_id: str, cursor: str) -> Request:
    return graphql(queries.FULFILMENT_LINES, {"id": fulfilment_id, "first": 100, "after": cursor or None})


def fulfil(parcel: Parcel, chosen: Iterable[tuple[str, Sequence[tuple[str, int]]]]) -> Request:
    """A parcel on its way. All fulfilment orders of one call are at one place.

    :param chosen: (fulfilment order, [(its line, pieces)]).
    """
    rows = [
        {
            "fulfillmentOrderId": fulfilment_order_id,
            "fulfillmentOrderLineItems": [{"id": line_id, "quantity": quantity} for line_id, quantity in items],
        }
        for fulfilment_order_id, items in chosen
    ]
    tracking = {
        "company": parcel.carrier or parcel.carrier_name,
        "number": parcel.tracking_number,
        "url": parcel.tracking_url,
    }
    fulfilment: dict[str, Any] = {"lineItemsByFulfillmentOrder": rows, "notifyCustomer": parcel.notify}
    tracking = {name: value for name, value in tracking.items() if value}
    if tracking:
        fulfilment["trackingInfo"] = tracking
    return graphql(queries.FULFIL, {"fulfillment": fulfilment})


# ---- Cancellations and refunds ----


def cancel_state(order_id: str) -> Request:
    return graphql(queries.CANCEL_STATE, {"id": order_id})


def cancel(cancellation: Cancellation) -> Request:
    """Call off a whole order. No money goes back by this: a refund says what and how much."""
    variables = {
        "id": cancellation.order_ref,
        "reason": const.CANCEL_REASONS.get(cancellation.reason, "OTHER"),
        "restock": True,
        "refund": {"originalPaymentMethodsRefund": False},
        "notify": cancellation.notify,
        "note": cancellation.note[:255] or None,
    }
    return graphql(queries.CANCEL, variables)


def cancel_items(cancellation: Cancellation, rows: Iterable[tuple[str, str, int]]) -> Request:
    """Call off a part: its pieces are no longer to be shipped, and no money goes back by this.

    :param rows: (line, place where they wait, pieces).
    """
    given = {
        "orderId": cancellation.order_ref,
        "note": mark(cancellation.note or "Cancelled", cancellation.key),
        "notify": cancellation.notify,
        # Any other kind would leave the pieces to be shipped.
        "refundLineItems": [
            {"lineItemId": line_id, "quantity": quantity, "restockType": "CANCEL", "locationId": location_id}
            for line_id, location_id, quantity in rows
        ],
        "transactions": [],
    }
    return graphql(queries.REFUND_CREATE, {"input": given, "key": key_of("cancel", cancellation.key)})


def job(job_id: str) -> Request:
    return graphql(queries.JOB, {"id": job_id})


def refundable(order_id: str, cursor: str = "") -> Request:
    variables = {"id": order_id, "lines": 100, "after": cursor or None, "listed": const.REFUNDABLE_TRANSACTIONS}
    return graphql(queries.REFUNDABLE, variables)


def authorized(order_id: str) -> Request:
    return graphql(queries.AUTHORIZED, {"id": order_id, "listed": const.REFUNDABLE_TRANSACTIONS})


def capture(capture: Capture, money: Decimal, currency: str) -> Request:
    """Take a part of what was authorised.

    :param money: in the customer's currency.
    """
    given = {
        "id": capture.order_ref,
        "parentTransactionId": capture.authorization_ref,
        "amount": amount(money),
        "currency": currency,
    }
    return graphql(queries.ORDER_CAPTURE, {"input": given})


def void(authorization_id: str) -> Request:
    return graphql(queries.TRANSACTION_VOID, {"id": authorization_id})


def mark(note: str, key: str) -> str:
    """A note by which we know our own refunds again."""
    return f"{note} [{const.MARK} {key}]".strip()


def refund(
    refund: Refund,
    currency: str,
    lines: Sequence[Mapping[str, Any]],
    shipping: Decimal,
    transactions: Sequence[Mapping[str, Any]],
) -> Request:
    """Pay back, or record that it was paid back elsewhere.

    :param currency: the customer's; amounts are in it.
    :param transactions: by which payments, ``{parentId, gateway, amount}``.
    """
    given: dict[str, Any] = {
        "orderId": refund.order_ref,
        "currency": currency,
        "note": mark(refund.reason, refund.key),
        "notify": refund.notify,
        "refundLineItems": list(lines),
        "discrepancyReason": "OTHER",
        "transactions": [{"orderId": refund.order_ref, "kind": const.REFUND_KIND, **row} for row in transactions],
    }
    if shipping:
        given["shipping"] = {"amount": amount(shipping)}
    return graphql(queries.REFUND_CREATE, {"input": given, "key": key_of("refund", refund.key)})


# ---- Returns ----


def returnable(order_id: str, cursor: str = "") -> Request:
    """What of an order can come back, parcel by parcel."""
    variables = {"id": order_id, "first": const.RETURNS_PER_PAGE, "after": cursor or None, "lines": const.RETURN_LINES}
    return graphql(queries.RETURNABLE, variables)


def return_step(step: ReturnStep, rows: Iterable[tuple[str, int, str]] = ()) -> Request:
    """:param rows: of a return that begins: (row of a parcel, pieces, why)."""
    match step.step:
        case "begun":
            lines = [
                {"fulfillmentLineItemId": row, "quantity": quantity, "returnReasonNote": reason[: const.REASON_MAX]}
                for row, quantity, reason in rows
            ]
            return graphql(queries.RETURN_CREATE, {"input": {"orderId": step.order_ref, "returnLineItems": lines}})
        case "approved":
            given = {"id": step.return_ref, "notifyCustomer": step.notify}
            return graphql(queries.RETURN_APPROVE, {"input": given})
        case "refused":
            given = {"id": step.return_ref, "declineReason": "OTHER", "notifyCustomer": step.notify}
            given["declineNote"] = step.note[: const.REASON_MAX]
            return graphql(queries.RETURN_DECLINE, {"input": given})
        case "cancelled":
            return graphql(queries.RETURN_CANCEL, {"id": step.return_ref})
        case "closed":
            return graphql(queries.RETURN_CLOSE, {"id": step.return_ref})
    raise ValueError(f"Shopify knows no step “{step.step}”.")


def return_goods(return_ref: str) -> Request:
    """What of a return came or is to come, and what became of it."""
    return graphql(queries.RETURN_GOODS, {"id": return_ref, "some": const.RETURN_PARTS, "lines": const.RETURN_LINES})


def dispose(step: ReturnStep, rows: Iterable[tuple[str, int]]) -> Request:
    """Say what becomes of goods. For sale again needs a place; without one it is not restocked there, and its number is told with
    the stock.

    :param rows: (row of what comes back, pieces).
    """
    kind = const.DISPOSITIONS[step.goods]
    if kind == const.DISPOSITIONS["restocked"] and not step.location_ref:
        kind = const.DISPOSITIONS["not_restocked"]
    place = {"locationId": step.location_ref} if step.location_ref else {}
    given = [
        {"reverseFulfillmentOrderLineItemId": row, "quantity": quantity, "dispositionType": kind, **place}
        for row, quantity in rows
    ]
    return graphql(queries.RETURN_DISPOSE, {"input": given})


# ---- Webhooks ----


def webhooks(cursor: str) -> Request:
    return graphql(queries.WEBHOOKS, {"first": 100, "after": cursor or None})


def _webhook(topic: str, address: str) -> dict[str, Any]:
    wanted: dict[str, Any] = {"uri": address, "format": "JSON"}
    if topic.startswith("ORDERS_") and topic not in ("ORDERS_EDITED", "ORDERS_DELETE"):
        wanted["includeFields"] = list(const.ORDER_TOPIC_FIELDS)
    return wanted


def webhook_create(topic: str, address: str) -> Request:
    return graphql(queries.WEBHOOK_CREATE, {"topic": topic, "webhook": _webhook(topic, address)})


def webhook_update(webhook_id: str, topic: str, address: str) -> Request:
    return graphql(queries.WEBHOOK_UPDATE, {"id": webhook_id, "webhook": _webhook(topic, address)})
