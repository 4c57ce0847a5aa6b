"""What a WooCommerce shop on this machine answers about products, itself and its webhooks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]

PARSE_ERROR = (400, {"code": "rest_invalid_param", "message": "Invalid parameter(s)", "data": {"status": 400}})
NO_ROUTE = (404, {"code": "rest_no_route", "message": "No route was found.", "data": {"status": 404}})
TOO_MANY = (
    413,
    {"code": "woocommerce_rest_request_entity_too_large", "message": "Too many items.", "data": {"status": 413}},
)
PARENT_GONE = (404, {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": {"status": 404}})
HOOK_GONE = (404, {"code": "woocommerce_rest_webhook_invalid_id", "message": "Invalid ID.", "data": {"status": 404}})
TOPIC_WRONG = (
    400,
    {
        "code": "woocommerce_rest_webhook_invalid_topic",
        "message": "Webhook topic must be valid.",
        "data": {"status": 400},
    },
)
URL_WRONG = (
    400,
    {"code": "woocommerce_rest_webhook_invalid_delivery_url", "message": "The delivery URL is invalid.", "data": {}},
)
HOOK_TOPICS = {
    f"{thing}.{what}" for thing in ("order", "product") for what in ("created", "updated", "deleted", "restored")
}


def paged(rows: list[Any], query: dict[str, str]) -> Answer:
    """A page of a list, with how much there is in the headers."""
    per_page, page = query.get("per_page", "10"), query.get("page", "1")
    if not (per_page.isdecimal() and page.isdecimal() and 1 <= int(per_page) <= 100 and int(page) >= 1):
        return PARSE_ERROR
    start = (int(page) - 1) * int(per_page)
    headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(-(-len(rows) // int(per_page)))}
    return 200, rows[start : start + int(per_page)], headers


class Catalog:
    """Products, variations, settings and webhooks.

    :ivar products: id → product as the API shows it.
    :ivar variations: id of the product → id → variation.
    :ivar webhooks: id → webhook with its ``secret``, which the API never shows.
    :ivar library: id → picture of the shop's library: ``src``, ``name``, and where it was fetched ``from``. What is fetched
        twice is there twice.
    :ivar fetch: ``address → bytes``, where pictures are really to be fetched; what cannot be fetched is refused.
    :ivar pings: ``(address, webhook id)`` of each hello.
    """

    now: Callable[[], datetime]
    url: str
    _ids: Any

    def _open_catalog(self) -> None:
        self.currency, self.country, self.version = "EUR", "FR", "11.0.1"
        self.manager = True
        self.products: dict[int, dict[str, Any]] = {}
        self.variations: dict[int, dict[int, dict[str, Any]]] = {}
        self.webhooks: dict[int, dict[str, Any]] = {}
        self.library: dict[int, dict[str, Any]] = {}
        self.fetch: Callable[[str], bytes] | None = None
        self.pings: list[tuple[str, int]] = []

    def add_product(self, product_id: int, parent_id: int = 0, **values: Any) -> dict[str, Any]:
        """A product, or a variation of ``parent_id``, as the API shows it."""
        row = {
            "id": product_id,
            "name": f"Product {product_id}",
            "type": "variation" if parent_id else "simple",
            "status": "publish",
            "sku": f"SKU-{product_id}",
            "global_unique_id": "",
            "price": "10.00",
            "regular_price": "10.00",
            "sale_price": "",
            "manage_stock": True,
            "stock_quantity": 0,
            "attributes": [],
            "parent_id": parent_id,
            "description": "",
            "images": [],
            **values,
        }
        (self.variations.setdefault(parent_id, {}) if parent_id else self.products)[product_id] = row
        return row

    def _answer_catalog(self, method: str, path: list[str], query: dict[str, str], body: Any) -> Answer:
        match method, *path:
            case "GET", "data", "currencies", "current":
                return 200, {"code": self.currency, "name": self.currency, "symbol": "&euro;"}
            case "GET", "settings", "general", "woocommerce_default_country":
                return self._told({"id": "woocommerce_default_country", "type": "select", "value": self.country})
            case "GET", "system_status":
                return self._told({"environment": {"version": self.version, "wp_version": "7.0.4"}})
            case "POST", "orders" | "products", "batch" if not any((body or {}).values()):
                return 200, []
            case "POST", "products", "batch":
                return self._batch(self.products, body)
            case "POST", "products", parent_id, "variations", "batch":
                return self._batch(self.variations.get(int(parent_id), {}), body)
            case "GET", "products":
                return self._list_products(self.products, query)
            case "GET", "products", parent_id, "variations":
                known = int(parent_id) in self.products or int(parent_id) in self.variations
                return self._list_products(self.variations.get(int(parent_id), {}), query) if known else PARENT_GONE
            case _, "webhooks", *rest:
                return self._answer_webhooks(method, rest, query, body or {})
        return NO_ROUTE

    def _told(self, payload: Any) -> Answer:
        """Only managers see the settings."""
        if self.manager:
            return 200, payload
        return 403, {
            "code": "woocommerce_rest_cannot_view",
            "message": "Sorry, you cannot view this.",
            "data": {"status": 403},
        }

    def _list_products(self, table: dict[int, dict[str, Any]], query: dict[str, str]) -> Answer:
        wanted = {int(text) for text in query["include"].split(",")} if query.get("include") else None
        rows = [row for key, row in table.items() if row["status"] != "trash" and (wanted is None or key in wanted)]
        if query.get("orderby") == "id":
            rows.sort(key=lambda row: row["id"], reverse=query.get("order") != "asc")
        else:
            rows.reverse()
        if query.get("_fields"):
            rows = [{name: row[name] for name in query["_fields"].split(",") if name in row} for row in rows]
        return paged(rows, query)

    def _batch(self, table: dict[int, dict[str, Any]], body: Any) -> Answer:
        items = body.get("update", [])
        if len(items) > 100:
            return TOO_MANY
        answers = []
        for item in items:
            row = table.get(item["id"])
            if row is None:
                error = {
                    "code": "woocommerce_rest_product_invalid_id",
                    "message": "Invalid ID.",
                    "data": {"status": 400},
                }
                answers.append({"id": item["id"], "error": error})
                continue
            if "images" in item:
                try:
                    item = {**item, "images": [self._image(image, row) for image in item["images"]]}
                except LookupError as error:
                    code, message = error.args
                    answers.append(
                        {"id": item["id"], "error": {"code": code, "message": message, "data": {"status": 400}}}
                    )
                    continue
            row |= item
            if "regular_price" in item:
                row["price"] = item.get("sale_price") or item["regular_price"]
            answers.append(dict(row))
        return 200, {"update": answers}

    def _image(self, image: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
        """A picture of the library: by its id, or fetched anew."""
        if "id" in image:
            if image["id"] not in self.library:
                raise LookupError("woocommerce_product_invalid_image_id", f"#{image['id']} is an invalid image ID.")
            return self.library[image["id"]] | {"alt": image.get("alt", "")}
        address = image["src"]
        name = address.partition("?")[0].rpartition("/")[2]
        contents = self.fetch(address) if self.fetch else b"a picture"
        if not contents or not name.lower().endswith((".jpg", ".jpeg", ".png", ".gif", ".webp")):
            message = f"Error getting remote image {address}. Error: Not Found"
            raise LookupError("woocommerce_product_image_upload_error", message)
        taken = sum(one["from"].rpartition("/")[2] == name for one in self.library.values())
        stem, _dot, ending = name.rpartition(".")
        stored = f"{stem}-{taken}.{ending}" if taken else name
        made = {
            "id": next(self._ids),
            "src": f"{self.url}/wp-content/uploads/2026/11/{stored}",
            "name": image.get("name", stem),
            "alt": image.get("alt", ""),
            "from": address,
            "contents": len(contents),
        }
        self.library[made["id"]] = made
        return made

    # ---- Webhooks ----

    def _answer_webhooks(self, method: str, rest: list[str], query: dict[str, str], body: dict[str, Any]) -> Answer:
        row = self.webhooks.get(int(rest[0])) if rest and rest[0].isdecimal() else None
        if rest and row is None:
            return HOOK_GONE
        if method == "GET":
            shown = sorted(self.webhooks.values(), key=lambda one: one["id"], reverse=query.get("order") != "asc")
            return (200, _shown(row)) if row else paged([_shown(one) for one in shown], query)
        if method == "DELETE" and row:
            # There is no bin for webhooks.
            return (200, _shown(self.webhooks.pop(row["id"]))) if query.get("force") == "true" else PARSE_ERROR
        if method == "POST" and not rest:
            if body.get("topic") not in HOOK_TOPICS:
                return TOPIC_WRONG
            row = {"id": next(self._ids), "secret": "", "status": "active", "name": "Webhook created", **body}
        if row is None:
            return NO_ROUTE
        url = str(body.get("delivery_url", row.get("delivery_url", "")))
        if urlsplit(url).scheme not in ("http", "https"):
            return URL_WRONG
        row |= body
        self.webhooks[row["id"]] = row
        # The real one says hello to the address now, and waits.
        self.pings.append((url, row["id"]))
        return (201 if method == "POST" else 200), _shown(row)


def _shown(webhook: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in webhook.items() if key != "secret"}
