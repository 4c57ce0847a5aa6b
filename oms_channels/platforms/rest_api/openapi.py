"""The OpenAPI 3.1 document of the API, made of the tables that the parser reads."""

from __future__ import annotations

from typing import Any

from . import const
from .render import EVENTS
from .shapes import SHAPES, Field

NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,20})?$"


def schema(field: Field) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one field."""
    match field.kind:
        case "text":
            made: dict[str, Any] = {"type": ["string", "null"]}
        case "id":
            made = {"type": ["string", "integer", "null"]}
        case "number":
            made = {"type": ["number", "string", "null"], "pattern": NUMBER}
        case "moment":
            made = {"type": ["string", "null"], "format": "date-time"}
        case "flag":
            made = {"type": ["boolean", "null"]}
        case "choice":
            made = {"enum": [*field.choices, *(() if field.required or "" in field.choices else ("",)), None]}
        case "object":
            made = {"anyOf": [{"$ref": f"#/components/schemas/{field.of}"}, {"type": "null"}]}
        case _:
            made = {"type": ["array", "null"], "items": {"$ref": f"#/components/schemas/{field.of}"}}
    if field.required:
        _demand(made)
    if field.doc:
        made["description"] = field.doc
    if field.example is not None:
        made["examples"] = [field.example]
    return made


def _demand(made: dict[str, Any]) -> None:
    kinds = made.get("type")
    if isinstance(kinds, list):
        kinds = [kind for kind in kinds if kind != "null"]
        made["type"] = kinds[0] if len(kinds) == 1 else kinds


def shapes() -> dict[str, Any]:
    """All shapes as JSON Schemas, by name."""
    return {
        name: {
            "type": "object",
            "required": [field.name for field in fields if field.required],
            "properties": {field.name: schema(field) for field in fields},
        }
        for name, fields in SHAPES.items()
    }


def document(server: str = "") -> dict[str, Any]:
    """The whole document.

    :param server: address of this installation (``https://…``), of which the paths are relative.
    """
    problem = _content("Problem", "application/problem+json")
    errors = {
        "400": {"description": "The request cannot be read.", "content": problem},
        "401": {"description": "Key, signature or timestamp are wrong.", "content": problem},
        "404": {"description": "There is no such thing (yet).", "content": problem},
        "413": {"description": "Too much at once.", "content": problem},
        "415": {"description": "Send JSON.", "content": problem},
        "422": {"description": "Understood, and cannot be taken; errors names each place.", "content": problem},
        "429": {"description": "Too many requests; Retry-After says for how many seconds.", "content": problem},
    }

    def operation(
        summary: str, status: str, answer: str, body: Any = None, *parameters: dict[str, Any]
    ) -> dict[str, Any]:
        described = {"description": "", "content": _content(answer)}
        made: dict[str, Any] = {"summary": summary, "responses": {status: described, **errors}}
        if body is not None:
            key = _parameter(
                "Idempotency-Key", "header", "The same key and body: the same answer, and nothing is done twice."
            )
            made["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
            parameters = (*parameters, key)
        if parameters:
            made["parameters"] = list(parameters)
        return made

    ref = _parameter("id", "path", "Your id of the order.")
    batch = {
        "type": "object",
        "required": ["orders"],
        "properties": {"orders": {"type": "array", "items": _ref("Order")}},
    }
    paths = {
        f"{const.ORDERS_PATH}": {
            "post": operation(
                "Create or change an order, or several at once as “orders”.",
                "202",
                "Receipts",
                {"anyOf": [_ref("Order"), batch]},
            )
        },
        f"{const.ORDERS_PATH}/{{id}}": {"get": operation("How an order stands.", "200", "OrderState", None, ref)},
        f"{const.ORDERS_PATH}/{{id}}/cancel": {
            "post": operation("Call off an order, or some of it.", "202", "Receipt", _ref("Cancellation"), ref)
        },
        f"{const.ORDERS_PATH}/{{id}}/refunds": {
            "post": operation("Tell that you gave money back.", "202", "Receipt", _ref("Refund"), ref)
        },
        f"{const.ORDERS_PATH}/{{id}}/returns": {
            "get": operation(
                "What of an order may be sent back and why not the rest, and how its returns stand.",
                "200",
                "ReturnOffer",
                None,
                ref,
            ),
            "post": operation(
                "Ask for a return, or only what would come of it.", "201", "Return", _ref("ReturnRequest"), ref
            ),
        },
        f"{const.ROOT}/customers/{{customer_id}}/orders": {
            "get": operation(
                "The orders that you sent of a customer, the latest first.",
                "200",
                "CustomerOrders",
                None,
                _parameter("customer_id", "path", "Your id of the customer, as orders have it."),
                _parameter("cursor", "query", "Leads to the next page, as answered."),
                _parameter("limit", "query", "Orders on a page."),
            )
        },
        f"{const.ROOT}/receipts/{{receipt}}": {
            "get": operation(
                "What became of what was sent.", "200", "Receipt", None, _parameter("receipt", "path", "As answered.")
            )
        },
        f"{const.ROOT}/stock": {
            "get": operation(
                "How many of each product this channel may sell now.",
                "200",
                "Stock",
                None,
                _parameter("skus", "query", "Only these, separated by commas."),
                _parameter("since", "query", "Only those of which the stock moved since then."),
                _parameter("cursor", "query", "Leads to the next page, as answered."),
                _parameter("limit", "query", "Products on a page."),
                _parameter("If-None-Match", "header", "The ETag of the last answer: 304 if nothing changed."),
            )
        },
    }
    paths[f"{const.ROOT}/products"] = {
        "get": operation(
            "What this channel may sell, with stock and price.",
            "200",
            "Products",
            None,
            _parameter("skus", "query", "Only these, separated by commas."),
            _parameter(
                "since", "query", "Only those of which something changed since then: the product, its stock, its price."
            ),
            _parameter("with", "query", "content: also the description and the addresses of the pictures."),
            _parameter("cursor", "query", "Leads to the next page, as answered."),
            _parameter("limit", "query", "Products on a page."),
            _parameter("If-None-Match", "header", "The ETag of the last answer: 304 if nothing changed."),
        )
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Orders, stock and what becomes of them",
            "version": const.VERSION,
            "description": "Signed with HMAC-SHA256; see docs/api.md. Amounts are exact: numbers, or text with a decimal point.",
        },
        "servers": [{"url": server or "/"}],
        "security": [{"key": [], "timestamp": [], "signature": []}, {"key": [], "bearer": []}],
        "paths": paths,
        "webhooks": {
            name: {
                "post": {
                    "summary": words,
                    "requestBody": {"content": _content("Event")},
                    "responses": {"2XX": {"description": "Taken; the same id is not sent again."}},
                }
            }
            for name, words in EVENTS.items()
        },
        "components": {
            "schemas": {**shapes(), **_answers()},
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": const.HEADER_KEY},
                "timestamp": {"type": "apiKey", "in": "header", "name": const.HEADER_TIMESTAMP},
                "signature": {"type": "apiKey", "in": "header", "name": const.HEADER_SIGNATURE},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _answers() -> dict[str, Any]:
    """What is answered, by name."""
    text, whole, number = {"type": "string"}, {"type": "integer"}, {"type": "string", "pattern": NUMBER}

    def made(required: str, **properties: Any) -> dict[str, Any]:
        return {"type": "object", "required": required.split(), "properties": properties}

    rows = {"type": "array", "items": {"type": "object"}}
    places = {"type": "array", "items": made("detail", path=text, code=text, detail=text)}
    receipt = made(
        "receipt status url",
        receipt=whole,
        status={"enum": ["waiting", "accepted", "held", "ignored", "failed"]},
        url=text,
        order_id=text,
        detail=text,
        problems=places,
        ignored_fields={"type": "array", "items": text},
    )
    a_return = made(
        "id stage lines amounts",
        id=text,
        request_id=text,
        asked_at=text,
        stage=text,
        headline=text,
        sentence=text,
        way=text,
        lines=rows,
        amounts=made("", goods=number, shipping=number, fee=number, total=number, currency=text),
        paid_back=rows,
        exchanges=rows,
        can_cancel={"type": "boolean"},
        page=text,
    )
    returns = {"type": "array", "items": _ref("Return")}
    summary = made(
        "id number status ordered_at total currency",
        id=text,
        number=text,
        status=text,
        status_text=text,
        ordered_at=text,
        total=number,
        currency=text,
    )
    return {
        "Receipt": receipt,
        "Receipts": {
            "anyOf": [
                _ref("Receipt"),
                made("results", results={"type": "array", "items": {"anyOf": [_ref("Receipt"), _ref("Problem")]}}),
            ]
        },
        "OrderState": made(
            "id status lines shipments",
            id=text,
            number=text,
            status=text,
            status_text=text,
            currency=text,
            total=number,
            holds=rows,
            lines=rows,
            shipments=rows,
            invoices=rows,
            refunds=rows,
            cancellations=rows,
        ),
        "CustomerOrders": made("id orders cursor", id=text, orders={"type": "array", "items": summary}, cursor=text),
        "Products": made(
            "products cursor", products={"type": "array", "items": _ref("Product")}, cursor=text, as_of=text
        ),
        "Product": made(
            "sku name sold updated_at",
            sku=text,
            name=text,
            sold={"type": "boolean"},
            barcode=text,
            available=number,
            unlimited={"type": "boolean"},
            price=number,
            compare_at=number,
            currency=text,
            description=text,
            pictures={"type": "array", "items": made("url", url=text, alt=text, type=text)},
            updated_at=text,
        ),
        "ReturnOffer": made("lines ways reasons returns", lines=rows, ways=rows, reasons=rows, returns=returns),
        "Return": a_return,
        "Stock": made("levels cursor", levels=rows, cursor=text, as_of=text),
        "Problem": made(
            "type title status code detail", type=text, title=text, status=whole, code=text, detail=text, errors=places
        ),
        "Event": made(
            "id type created_at data", id=text, type={"enum": list(EVENTS)}, created_at=text, data={"type": "object"}
        ),
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(name: str, kind: str = "application/json") -> dict[str, Any]:
    return {kind: {"schema": _ref(name)}}


def _parameter(name: str, place: str, words: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "description": words, "schema": {"type": "string"}}
