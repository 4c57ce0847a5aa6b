"""The shape of what apps send and are sent, as tables: the parser reads them, and the OpenAPI document is made of them.

So what is documented is what is read. Amounts are numbers or text (``"12.50"``), in the currency of the order; with a decimal
point, never a comma. Identifiers are text or whole numbers. Moments are ISO 8601 with an offset or ``Z``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from odoo.addons.oms_core.const import DELIVERY_METHODS
from odoo.addons.oms_core.domain.documents import (
    LINE_KINDS,
    ORDER_STATUSES,
    REFUNDED_GOODS,
    RETURN_OUTCOMES,
    RETURN_STATUSES,
    RETURN_WAYS,
    TENDERS,
)

from ...domain.outgoing import CANCEL_REASONS

#: What the values of a field are.
#: ``id`` text or whole number; ``number`` an exact decimal; ``object`` and ``list`` are of the shape ``of``
KINDS = ("text", "id", "number", "moment", "flag", "choice", "object", "list")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a shape.

    :param doc: what it means, for whoever programs the app.
    :param choices: of a ``choice``; the first one counts where nothing is said, unless it is required.
    """

    name: str
    kind: str
    doc: str
    required: bool = False
    of: str = ""
    choices: tuple[str, ...] = ()
    example: Any = None


SHAPES: dict[str, tuple[Field, ...]] = {
    "Order": (
        Field(
            "id",
            "id",
            "Your own id of the order; the same order is always sent with the same id.",
            True,
            example="A-1001",
        ),
        Field("number", "id", "What the customer calls the order. Left out: the id.", example="1001"),
        Field(
            "status",
            "choice",
            "What is to be done: open is to be delivered; awaiting_payment and on_hold wait; fulfilled has left already; "
            "cancelled is no longer wanted; draft is no order yet.",
            choices=("open", *(status for status in ORDER_STATUSES if status != "open")),
        ),
        Field("channel_status", "text", "What you call that status. Shown to clerks.", example="paid"),
        Field("currency", "text", "ISO 4217.", True, example="EUR"),
        Field(
            "total",
            "number",
            "All that the customer pays, tax included, before refunds. It has to be the sum of the "
            "lines and their taxes; where it is not, the order is taken and held for a person.",
            True,
            example="54.90",
        ),
        Field(
            "tax_included",
            "flag",
            "Whether total and subtotal of the lines contain their taxes. Left out: they do not.",
        ),
        Field("ordered_at", "moment", "When the customer ordered.", True, example="2026-03-02T10:00:00Z"),
        Field(
            "updated_at",
            "moment",
            "When the order changed last; an older state never replaces a newer one. Left out: "
            "when it was ordered; then states count in the order of their arrival.",
            example="2026-03-02T10:05:00Z",
        ),
        Field("customer_id", "id", "Your id of the customer's account; empty for guests.", example="C-77"),
        Field("billing", "object", "Who pays. Left out: as shipping.", of="Address"),
        Field("shipping", "object", "Where the goods go. Left out: as billing.", of="Address"),
        Field("lines", "list", "Everything that is charged: goods, shipping, fees, discounts, tips …", True, of="Line"),
        Field("payments", "list", "Money that was taken. Left out: it is not paid.", of="Payment"),
        Field("refunds", "list", "Money that was given back, all of it so far.", of="Refund"),
        Field(
            "returns",
            "list",
            "Returns that were begun with you, all of them so far. Left out: nothing is said about returns.",
            of="ToldReturn",
        ),
        Field("payment_method", "text", "What it is paid with.", example="card"),
        Field("shipping_method", "text", "What you call the way of shipping.", example="DHL Paket"),
        Field(
            "delivery_method",
            "choice",
            "How the customer gets the goods. Left out: as the shop here is set up.",
            choices=("", *(code for code, _label in DELIVERY_METHODS)),
        ),
        Field("pickup_location", "text", "Code of the place where the customer collects.", example="LYON"),
        Field("ship_by", "moment", "Until when it has to leave.", example="2026-03-03T16:00:00Z"),
        Field("deliver_by", "moment", "Until when it has to arrive.", example="2026-03-05T18:00:00Z"),
        Field("note", "text", "What the customer wrote."),
        Field("risk", "object", "How likely fraud is; an order of high risk waits for a decision.", of="Risk"),
        Field(
            "cancel_requested",
            "text",
            "The customer asked you to call it off: why. Goods that are here are kept.",
            example="ordered twice",
        ),
        Field("is_test", "flag", "Placed to try something out; nobody waits for it."),
    ),
    "Address": (
        Field("name", "text", "The person.", example="Zoé Martin"),
        Field("company", "text", "", example="Martin SARL"),
        Field("street", "text", "Street and number.", example="1 rue de Rivoli"),
        Field("street2", "text", "What else finds the door."),
        Field("city", "text", "", example="Paris"),
        Field("zip", "id", "Post code, with its leading zeros: as text.", example="75001"),
        Field("state", "id", "Subdivision without the country: CA, not US-CA.", example="IDF"),
        Field("country", "text", "ISO 3166-1 alpha-2.", example="FR"),
        Field("email", "text", "", example="zoe@example.com"),
        Field("phone", "id", "With the country's code.", example="+33 1 42 60 00 00"),
    ),
    "Line": (
        Field(
            "id",
            "id",
            "Your id of the line; it never changes and is unique in the order. Left out: its place, from 1.",
            example="1",
        ),
        Field(
            "kind",
            "choice",
            "What it is: only products are delivered. A gift_card sold is a debt and no revenue; "
            "rounding is what a till rounds cash to.",
            choices=LINE_KINDS,
        ),
        Field("sku", "id", "Our product's code. Or give product_id.", example="MUG-BLUE"),
        Field("product_id", "id", "Your id of the product or variant.", example="P-17"),
        Field("name", "text", "", example="Mug, blue"),
        Field("quantity", "number", "How many. Left out: 1.", example=2),
        Field(
            "total",
            "number",
            "For the whole line, after all discounts; without tax unless tax_included. Less than "
            "nothing for a discount.",
            True,
            example="40.00",
        ),
        Field("subtotal", "number", "The same before discounts. Left out: as total.", example="50.00"),
        Field("taxes", "list", "Each tax on the line, as charged.", of="Tax"),
        Field("note", "text", "What the customer chose or wrote for it.", example="engraved: Zoé"),
    ),
    "Tax": (
        Field("code", "id", "Your id of the rate.", example="FR-20"),
        Field("name", "text", "Left out: the code.", example="TVA 20 %"),
        Field("rate", "number", "Percent.", True, example=20),
        Field("amount", "number", "As charged on this line, rounded by you.", True, example="8.00"),
        Field("compound", "flag", "Charged on the other taxes, too."),
        Field("remitted", "flag", "You pay it to the state yourself, as marketplaces do."),
    ),
    "Payment": (
        Field("id", "id", "Unique in the order; the same payment always has the same id.", True, example="ch_123"),
        Field("amount", "number", "", True, example="54.90"),
        Field("method", "text", "Left out: payment_method of the order.", example="card"),
        Field("paid_at", "moment", "Left out: when it was ordered.", example="2026-03-02T10:01:00Z"),
        Field("reference", "text", "What the bank or the gateway calls it.", example="ch_123"),
        Field(
            "tender", "choice", "What it was paid with, where that is not money that you will pay out.", choices=TENDERS
        ),
    ),
    "Refund": (
        Field("id", "id", "Unique in the order.", True, example="R-1"),
        Field("amount", "number", "All of it, positive, tax included.", True, example="24.00"),
        Field("reason", "text", "", example="arrived broken"),
        Field("shipping", "number", "Of it for shipping, tax included.", example="4.90"),
        Field("refunded_at", "moment", "", example="2026-03-09T09:00:00Z"),
        Field("pending", "flag", "The money has not gone yet, and may never go."),
        Field("lines", "list", "What it is for. Left out: for no line in particular.", of="RefundLine"),
    ),
    "RefundLine": (
        Field("line_id", "id", "Your id of the order's line.", True, example="1"),
        Field("quantity", "number", "How many of it; 0 for an allowance.", example=1),
        Field("amount", "number", "Without tax, positive.", True, example="20.00"),
        Field("tax", "number", "", example="4.00"),
        Field("restock", "flag", "The goods are for sale again."),
        Field(
            "goods",
            "choice",
            "What happens to the goods: they were not sent and are not to be, they come back, or the customer keeps them.",
            choices=REFUNDED_GOODS,
        ),
        Field("location", "text", "Code of the warehouse that they come back to.", example="WH"),
    ),
    "ToldReturn": (
        Field("id", "id", "Unique in the order.", True, example="RET-1"),
        Field("status", "choice", "", choices=RETURN_STATUSES),
        Field("number", "text", "What the customer calls it.", example="RET-1"),
        Field("note", "text", "Why it was refused.", example="The time is over."),
        Field("tracking_number", "text", "", example="00340434161094042557"),
        Field("requested_at", "moment", "", example="2026-03-09T09:00:00Z"),
        Field("lines", "list", "What comes back.", True, of="ToldReturnLine"),
        Field("exchanges", "list", "What you send instead, with the order.", of="ToldExchange"),
    ),
    "ToldReturnLine": (
        Field("line_id", "id", "Your id of the order's line.", True, example="1"),
        Field("quantity", "number", "", True, example=1),
        Field(
            "reason",
            "text",
            "changed_mind, size_too_small, size_too_large, defective, …, or words.",
            example="defective",
        ),
        Field("note", "text", "In the words of the customer.", example="does not switch on"),
    ),
    "ToldExchange": (
        Field("name", "text", "", True, example="Mug, blue"),
        Field("quantity", "number", "", True, example=1),
    ),
    "Risk": (
        Field("level", "choice", "", choices=("low", "medium", "high")),
        Field("score", "number", "As who judged it counts.", example="0.12"),
        Field("facts", "list", "What speaks for fraud or against it.", of="RiskFact"),
    ),
    "RiskFact": (
        Field("text", "text", "", True, example="Card of another country"),
        Field("weight", "number", "Positive for fraud, negative against it.", example=5),
    ),
    "Cancellation": (
        Field("id", "id", "Your id of this request; the same one is never carried out twice.", example="X-1"),
        Field("reason", "choice", "", choices=("other", *(reason for reason in CANCEL_REASONS if reason != "other"))),
        Field("note", "text", "In the words of who asks.", example="found it cheaper"),
        Field("lines", "list", "What is not wanted. Left out: the whole order.", of="CancelledLine"),
    ),
    "CancelledLine": (
        Field("line_id", "id", "Your id of the order's line.", True, example="1"),
        Field("quantity", "number", "", True, example=1),
    ),
    "ReturnRequest": (
        Field(
            "id",
            "id",
            "Your id of this request; the same one is one return, however often it comes.",
            True,
            example="RR-1",
        ),
        Field("lines", "list", "What the customer wants to send back.", True, of="ReturnRequestLine"),
        Field("way", "choice", "How it comes back, one of the ways that are offered.", choices=RETURN_WAYS),
        Field("store", "id", "Code of the store, where it is brought to one.", example="LYON"),
        Field(
            "pickup_on", "text", "Where a driver fetches it: one of the days that are offered.", example="2026-03-10"
        ),
        Field("note", "text", "In the words of the customer."),
        Field(
            "expected_total",
            "number",
            "What you showed to the customer; if it is another amount by now, the request is refused as changed.",
            example="24.00",
        ),
        Field("check_only", "flag", "Only say what would come of it; nothing is kept."),
    ),
    "ReturnRequestLine": (
        Field("line_id", "id", "Your id of the order's line.", True, example="1"),
        Field("quantity", "number", "", True, example=1),
        Field("reason_id", "id", "One of the reasons that are offered.", example="3"),
        Field("outcome", "choice", "What the customer gets.", choices=RETURN_OUTCOMES),
        Field("product_id", "id", "What is wanted in exchange, one of the choices that are offered."),
        Field("comment", "text", "What is wrong with it."),
    ),
}
