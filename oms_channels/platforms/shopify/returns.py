"""Returns that were begun in the shop: by the customer on the shop's page, or by whoever works there. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from odoo.addons.oms_core.domain.documents import ZERO, ReturnDoc, ReturnLineDoc

from ...domain.reader import Reader
from . import const


def nodes(reader: Reader, key: str, label: str) -> Iterator[Reader]:
    """The rows of a connection. A return that was not read to its end stops the order for a look, and is no reason to lose it."""
    connection = reader.nested(key)
    if connection.nested("pageInfo").fields.get("hasNextPage") is True:
        reader.complain("bad_return", f"“{key}” was not read to its end")
    return connection.rows("nodes", label)


def returns(order: Reader) -> tuple[ReturnDoc, ...]:
    return tuple(_return(row) for row in nodes(order, "returns", "Return"))


def are_untold(order: Reader) -> bool:
    """Whether the order has returns, and they were not read with it."""
    status = order.text("returnStatus")
    return bool(status) and status != const.NO_RETURN and "returns" not in order.fields


def _return(row: Reader) -> ReturnDoc:
    status = row.text("status")
    if status not in const.RETURN_STATUSES:
        row.complain("bad_return", f"its status “{status}” is not known here")
    tracking = (
        parcel.nested("deliverable").nested("tracking").text("number")
        for group in nodes(row, "reverseFulfillmentOrders", "Way back")
        for parcel in nodes(group, "reverseDeliveries", "Parcel")
    )
    exchanges = (
        (_name(one), one.number_or_none("quantity") or ZERO) for one in nodes(row, "exchangeLineItems", "Exchange")
    )
    return ReturnDoc(
        external_id=row.text("id"),
        # What nobody knows yet waits for a person, as what was only asked for.
        status=const.RETURN_STATUSES.get(status, "requested"),
        lines=tuple(_line(one) for one in nodes(row, "returnLineItems", "Returned line")),
        number=row.text("name"),
        note=row.nested("decline").text("note", "reason"),
        exchanges=tuple(exchanges),
        tracking=next(filter(None, tracking), ""),
        requested_at=row.moment("createdAt"),
    )


def _line(row: Reader) -> ReturnLineDoc:
    reason = row.nested("returnReasonDefinition")
    return ReturnLineDoc(
        line_id=row.nested("fulfillmentLineItem").nested("lineItem").text("id"),
        quantity=row.number("quantity"),
        reason=reason.text("handle", "name"),
        note=" ".join(filter(None, (row.text("customerNote"), row.text("returnReasonNote")))),
    )


def _name(row: Reader) -> str:
    return next((one.text("name") for one in row.rows("lineItems", "Line") if one.text("name")), "?")
