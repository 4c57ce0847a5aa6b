"""A Magento shop on this machine: enough of REST V1 to test and to demonstrate with.

It keeps the contract where clients go wrong: OAuth signatures are really checked, and a token alone is taken only if the
shop allows it; a page past the end is the last one once more; whom it does not know and whom it does not permit something
hear the same; quantities of SKUs that do not exist are kept without a word; a list that is too long or has one bad row is
refused in whole; quantities to ship and to pay back are counted; a credit memo without rows pays everything back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from copy import deepcopy
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from .base import Asked, PlatformServer, Reply
from .magento_paying import Paying
from .magento_products import NO_ENTITY, NO_ROUTE, Products
from .magento_returns import REASONS, Returns

CRITERION = re.compile(
    r"searchCriteria\[filter_?[gG]roups\]\[(\d+)\]\[filters\]\[(\d+)\]\[(field|value|condition_type)\]"
)
SORT = re.compile(r"searchCriteria\[sortOrders\]\[(\d+)\]\[(field|direction)\]")
PROTOCOL = re.compile(r'(\w+)="([^"]*)"')
CENT = Decimal("0.01")
TOKEN_LIFETIME_S = 86_399
#: Path → the resource that an integration needs for it.
RESOURCES = {
    "orders": "Magento_Sales::actions_view",
    "order": "Magento_Sales::ship",
    "invoices": "Magento_Sales::sales_invoice",
    "invoice": "Magento_Sales::sales_invoice",
    "creditmemos": "Magento_Sales::sales_creditmemo",
    "creditmemo": "Magento_Sales::sales_creditmemo",
    "shipments": "Magento_Sales::shipment",
    "products": "Magento_Catalog::products",
    "stockItems": "Magento_CatalogInventory::cataloginventory",
    "inventory": "Magento_InventoryApi::inventory",
    "store": "Magento_Backend::store",
    "returns": "Magento_Rma::magento_rma",
    "returnsAttributeMetadata": "Magento_Rma::magento_rma",
}


class MagentoServer(Products, Returns, Paying, PlatformServer):
    """The shop.

    :ivar orders: id → order as the API shows it; tests change it as they like. ``_invoices`` and ``_creditmemos`` of a
        payload become rows of their own.
    :ivar products: SKU → product.
    :ivar stock: (SKU, source) → row; what ``source-items`` shows.
    :ivar sources: code → name; ``None`` for a shop without the inventory modules.
    :ivar prices: (SKU, store) → base price; ``specials``: rows of special prices.
    :param bearer: whether an access token is taken without a signature.
    :ivar denied: first parts of paths that the integration may not use.
    :ivar rows_max: rows taken in one call; 0 for any number.
    """

    def __init__(
        self,
        orders: Iterable[Mapping[str, Any]] = (),
        products: Iterable[Mapping[str, Any]] = (),
        bearer: bool = False,
        prefix: str = "/rest/all/V1/",
        **options: Any,
    ):
        super().__init__(**options)
        self.key, self.secret = "ck0123456789", "cs0123456789"
        self.token, self.token_secret = "at0123456789", "as0123456789"
        self.bearer, self.prefix = bearer, prefix
        self.client_id, self.client_secret, self.adobe_tokens = "adobe-client", "adobe-secret", {}
        self.denied: set[str] = set()
        self.rows_max = 0
        self.orders: dict[int, dict[str, Any]] = {}
        self.invoices: list[dict[str, Any]] = []
        self.creditmemos: list[dict[str, Any]] = []
        self.shipments: list[dict[str, Any]] = []
        self.returns: dict[int, dict[str, Any]] | None = {}
        self.return_saves: list[dict[str, Any]] = []
        for order in orders:
            self.add(order)
        self.products = {product["sku"]: deepcopy(dict(product)) for product in products}
        self.sources: dict[str, str] | None = {"default": "Default Source", "muenchen": "Bergwerk München"}
        self.stock: dict[tuple[str, str], dict[str, Any]] = {}
        self.classic: dict[str, Any] = {}
        self.prices: dict[tuple[str, int], float] = {}
        self.specials: list[dict[str, Any]] = []
        self.views = [_view(1, "default", 1), _view(2, "en", 1), _view(3, "outlet", 2)]
        self._nonces: set[str] = set()
        self._ids = iter(range(80_001, 10**9))

    def add(self, order: Mapping[str, Any]) -> None:
        row = deepcopy(dict(order))
        self.invoices += row.pop("_invoices", [])
        self.creditmemos += row.pop("_creditmemos", [])
        self.orders[int(row["entity_id"])] = row

    def handle(self, asked: Asked) -> Reply:
        if asked.path == "/ims/token/v3":
            return self._login(asked)
        if not asked.path.startswith(self.prefix):
            return NO_ROUTE
        path = [unquote(part) for part in asked.path.removeprefix(self.prefix).split("/")]
        refusal = self._refuse(asked)
        if refusal:
            return Reply(401, {"message": refusal})
        if not self._is_let_in(asked) or path[0] in self.denied:
            resource = RESOURCES.get(path[0], "Magento_Backend::admin")
            text = "The consumer isn't authorized to access %resources."
            return Reply(401, {"message": text, "parameters": {"resources": resource}})
        too_long = self._too_long(asked.json)
        return too_long or self._answer(asked.method, path, asked)

    def _answer(self, method: str, path: list[str], asked: Asked) -> Reply:
        body = asked.json or {}
        match method, *path:
            case "GET", "store", "storeConfigs":
                return Reply(200, self.views)
            case "GET", "orders":
                return self._found(list(self.orders.values()), asked)
            case "GET", "orders", order_id:
                order = self._order(order_id)
                return Reply(200, order) if order else NO_ENTITY
            case "GET", ("invoices" | "creditmemos" | "shipments") as table:
                return self._found(getattr(self, table), asked)
            case "GET", "creditmemo", memo_id:
                found = [memo for memo in self.creditmemos if str(memo["entity_id"]) == memo_id]
                return Reply(200, found[0]) if found else NO_ENTITY
            case _, "returns", *rest:
                return self._returns(method, rest, asked)
            case "GET", "returnsAttributeMetadata", "reason" if self.returns is not None:
                options = [{"label": label, "value": value} for value, label in REASONS.items()]
                return Reply(200, {"attribute_code": "reason", "options": options})
            case _, "products", *rest:
                return self._products(method, rest, asked)
            case "GET", "stockItems", sku:
                return Reply(200, self.classic[sku]) if sku in self.classic else NO_ENTITY
            case _, "inventory", *rest if self.sources is not None:
                return self._inventory(method, rest, asked)
            case "POST", "order", order_id, "ship":
                return self._ship(self._order(order_id), body)
            case "POST", "order", order_id, "invoice":
                return self._invoice(self._order(order_id), body)
            case "POST", "orders", order_id, "cancel":
                return self._cancel(self._order(order_id))
            case "POST", "order", order_id, "refund":
                return self._refund(self._order(order_id), body, None)
            case "POST", "invoice", invoice_id, "refund":
                found = [row for row in self.invoices if str(row["entity_id"]) == invoice_id]
                return self._refund(self.orders[found[0]["order_id"]], body, found[0]) if found else NO_ENTITY
        return NO_ROUTE

    def _order(self, order_id: str) -> dict[str, Any] | None:
        return self.orders.get(int(order_id)) if order_id.isdecimal() else None

    def change(self, order_id: int, **values: Any) -> dict[str, Any]:
        """Change an order as the shop would, with a new date of change; the order."""
        self.orders[order_id] |= {**values, "updated_at": self._moment()}
        return self.orders[order_id]

    def _moment(self) -> str:
        return self.now().strftime("%Y-%m-%d %H:%M:%S")

    # ---- Lists ----

    def _found(self, rows: list[dict[str, Any]], asked: Asked) -> Reply:
        params = asked.params
        groups: dict[str, dict[str, dict[str, str]]] = {}
        sorts: dict[int, dict[str, str]] = {}
        for name, value in asked.query:
            if found := CRITERION.fullmatch(name):
                groups.setdefault(found[1], {}).setdefault(found[2], {})[found[3]] = value
            elif found := SORT.fullmatch(name):
                sorts.setdefault(int(found[1]), {})[found[2]] = value
        size = int(params.get("searchCriteria[pageSize]", "20"))
        page = int(params.get("searchCriteria[currentPage]", "1"))
        if size > 300:
            text = "Maximum SearchCriteria pageSize is %max"
            return Reply(400, {"message": text, "parameters": {"max": 300}})
        hits = [row for row in rows if all(any(_fits(row, one) for one in group.values()) for group in groups.values())]
        for _place, sort in sorted(sorts.items(), reverse=True):
            hits.sort(
                key=lambda row, sort=sort: row.get(_column(row, sort["field"])), reverse=sort["direction"] == "DESC"
            )
        # A page past the end is the last one.
        page = min(page, max(-(-len(hits) // size), 1))
        items = hits[(page - 1) * size : page * size]
        return Reply(200, {"items": items, "search_criteria": {"current_page": page}, "total_count": len(hits)})

    # ---- Stock and prices ----

    def _inventory(self, method: str, path: list[str], asked: Asked) -> Reply:
        match method, *path:
            case "GET", "sources":
                rows = [
                    {"source_code": code, "name": name, "enabled": True} for code, name in (self.sources or {}).items()
                ]
                return self._found(rows, asked)
            case "GET", "source-items":
                return self._found(list(self.stock.values()), asked)
            case "POST", "source-items":
                return self._set_stock(asked.json["sourceItems"])
        return NO_ROUTE

    def _set_stock(self, rows: list[dict[str, Any]]) -> Reply:
        errors = []
        for row in rows:
            if not row.get("sku", "").strip() or row["sku"] != row["sku"].strip():
                errors.append({"message": '"%field" can not be empty.', "parameters": {"field": "sku"}})
            if row["source_code"] not in (self.sources or {}):
                text = 'Source with code "%code" does not exist.'
                errors.append({"message": text, "parameters": {"code": row["source_code"]}})
        if errors:
            return Reply(400, {"message": "Validation Failed", "errors": errors})
        for row in rows:
            self.stock[row["sku"], row["source_code"]] = dict(row)
        return Reply(200, [])

    # ---- Orders ----

    def _ship(self, order: dict[str, Any] | None, body: Mapping[str, Any]) -> Reply:
        if not order:
            return NO_ENTITY
        if order["state"] in ("canceled", "closed", "holded", "payment_review"):
            return _invalid("Shipment", "A shipment cannot be created when an order has a status of " + order["state"])
        for track in body.get("tracks", []):
            if not all(track.get(key) for key in ("track_number", "title", "carrier_code")):
                return _invalid("Shipment", "Please enter a tracking number.")
        rows = {row["item_id"]: row for row in order["items"]}
        told = {row["order_item_id"]: row["qty"] for row in body.get("items", [])}
        real = {}
        for row_id, quantity in told.items():
            row = rows.get(row_id)
            if not row:
                return _invalid("Shipment", f"The shipment contains product item {row_id} that is not in the order.")
            if not row.get("is_virtual") and not row.get("parent_item_id"):
                real[row_id] = quantity
                if quantity > row["qty_ordered"] - row.get("qty_shipped", 0) - row.get("qty_canceled", 0):
                    return _invalid(
                        "Shipment", f'The quantity to ship must not be greater than unshipped: "{row["sku"]}"'
                    )
        if not real:
            return _invalid("Shipment", "You can't create a shipment without products.")
        for row_id, quantity in real.items():
            rows[row_id]["qty_shipped"] = rows[row_id].get("qty_shipped", 0) + quantity
            for child in rows.values():
                if child.get("parent_item_id") == row_id:
                    # Bundles here ship as one: the parts go with their parent.
                    child["qty_shipped"] = child["qty_ordered"] * quantity / rows[row_id]["qty_ordered"]
        shipment = self._keep(self.shipments, order, body)
        shipment |= {"items": [{"order_item_id": row_id, "qty": quantity} for row_id, quantity in real.items()]}
        shipment |= {"tracks": list(body.get("tracks", [])), "extension_attributes": body.get("arguments", {})}
        self.change(order["entity_id"])
        return Reply(200, str(shipment["entity_id"]))

    def _cancel(self, order: dict[str, Any] | None) -> Reply:
        if not order:
            return NO_ENTITY
        if order["state"] in ("canceled", "complete", "closed", "holded") or order.get("total_invoiced"):
            return Reply(200, False)
        for row in order["items"]:
            row["qty_canceled"] = row["qty_ordered"]
        self.change(order["entity_id"], state="canceled", status="canceled", total_canceled=order["grand_total"])
        return Reply(200, True)

    def _refund(self, order: dict[str, Any] | None, body: Mapping[str, Any], invoice: dict[str, Any] | None) -> Reply:
        if not order:
            return NO_ENTITY
        rate = _money(order.get("base_to_order_rate") or 1)
        rows = {row["item_id"]: row for row in order["items"] if not row.get("parent_item_id")}
        told = {row["order_item_id"]: Decimal(str(row["qty"])) for row in body.get("items", [])}
        if not told:
            told = {row_id: _left(row) for row_id, row in rows.items()}
        arguments = body.get("arguments", {})
        total, parts = Decimal(0), []
        for row_id, quantity in told.items():
            if row_id not in rows or quantity > _left(rows[row_id]):
                text = "The quantity to creditmemo must not be greater than the unrefunded quantity."
                return _invalid("Creditmemo", text)
            part = _part(rows[row_id], quantity)
            total += part["row_total"] - part["discount_amount"] + part["tax_amount"]
            total += part["discount_tax_compensation_amount"]
            parts.append({"order_item_id": row_id, "qty": quantity, **part})
        shipping_left = _money(order["shipping_amount"]) - _money(order.get("shipping_refunded", 0))
        shipping = _cents(_money(arguments.get("shipping_amount", shipping_left)) * rate)
        if shipping > shipping_left:
            return _invalid("Creditmemo", "Maximum shipping amount allowed to refund is: " + str(shipping_left))
        plus = _cents(_money(arguments.get("adjustment_positive", 0)) * rate)
        minus = _cents(_money(arguments.get("adjustment_negative", 0)) * rate)
        total += shipping + plus - minus
        if total <= 0:
            return _invalid("Creditmemo", "The credit memo's total must be positive.")
        if not any(told.values()) and not shipping_left:
            return _invalid("Creditmemo", "You can't create a creditmemo without products.")
        refunded = _money(order.get("total_refunded", 0)) + total
        if refunded > _money(order.get("total_paid", 0)):
            return _invalid("Creditmemo", "The most money available to refund is less than that.")
        memo = self._keep(self.creditmemos, order, body)
        memo |= {
            "grand_total": total,
            "state": 2,
            "shipping_amount": shipping,
            "shipping_tax_amount": 0,
            "items": parts,
        }
        memo |= {"adjustment_positive": plus, "adjustment_negative": minus, "is_online": bool(body.get("isOnline"))}
        for part in parts:
            row = rows[part["order_item_id"]]
            row["qty_refunded"] = float(_money(row.get("qty_refunded", 0)) + part["qty"])
            for key, name in PARTS:
                row[key] = float(_money(row.get(key, 0)) + part[name])
        if invoice is not None:
            invoice["base_total_refunded"] = float(_money(invoice.get("base_total_refunded", 0)) + total / rate)
        done = refunded == _money(order.get("total_paid", 0))
        state = {"state": "closed", "status": "closed"} if done else {}
        shipped = float(_money(order.get("shipping_refunded", 0)) + shipping)
        self.change(order["entity_id"], total_refunded=float(refunded), shipping_refunded=shipped, **state)
        return Reply(200, str(memo["entity_id"]))

    def _keep(self, table: list[dict[str, Any]], order: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        row = {"entity_id": number, "increment_id": f"{number:09d}", "order_id": order["entity_id"]}
        row |= {"created_at": self._moment(), "comments": [body["comment"]] if body.get("comment") else []}
        table.append(row)
        return row

    # ---- Who may ask ----

    def dump(self, payload: Any) -> bytes:
        return super().dump(_plain(payload))

    def busy(self, **options: Any) -> Reply:
        """As a proxy in front of the shop says it; the shop itself has no limit."""
        retry_after = options.get("retry_after", "")
        return Reply(429, {"message": "Too Many Requests"}, {"Retry-After": retry_after} if retry_after else {})

    def _too_long(self, body: Any) -> Reply | None:
        for rows in body.values() if isinstance(body, dict) else ():
            if self.rows_max and isinstance(rows, list) and len(rows) > self.rows_max:
                text = 'Maximum items of type "%type" is %max'
                return Reply(400, {"message": text, "parameters": {"type": "Row", "max": self.rows_max}})
        return None

    def _is_let_in(self, asked: Asked) -> bool:
        kind, _space, rest = asked.headers.get("authorization", "").partition(" ")
        if kind == "Bearer":
            known = self.adobe_tokens.get(rest, 0) > time.time()
            return known or (self.bearer and hmac.compare_digest(rest, self.token))
        return kind == "OAuth"

    def _refuse(self, asked: Asked) -> str:
        """What is wrong with a signature (OAuth 1.0a in the header); empty if nothing is, or there is none."""
        kind, _space, rest = asked.headers.get("authorization", "").partition(" ")
        if kind != "OAuth":
            return ""
        given = {name: unquote(value) for name, value in PROTOCOL.findall(rest)}
        if given.get("oauth_consumer_key") != self.key:
            return "A consumer having the specified key does not exist."
        if given.get("oauth_token") != self.token:
            return "Specified token does not exist."
        signature = given.pop("oauth_signature", "")
        if given.get("oauth_signature_method") != "HMAC-SHA256":
            return "Signature method is not supported."
        if abs(time.time() - int(given.get("oauth_timestamp", 0))) > 600 or given.get("oauth_nonce") in self._nonces:
            return "The nonce is already being used by the consumer with key %1."
        self._nonces.add(given["oauth_nonce"])
        pairs = sorted((_escape(name), _escape(value)) for name, value in [*asked.query, *given.items()])
        text = "&".join(f"{name}={value}" for name, value in pairs)
        signed = "&".join((asked.method, _escape(self.url + asked.path), _escape(text)))
        key = f"{_escape(self.secret)}&{_escape(self.token_secret)}"
        expected = base64.b64encode(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()).decode()
        return "" if hmac.compare_digest(expected, signature) else "The signature is invalid. Verify and try again."

    def _login(self, asked: Asked) -> Reply:
        """Adobe's identity service, for the shops that Adobe runs."""
        form = {name: values[0] for name, values in parse_qs(asked.raw.decode()).items()}
        given = (form.get("client_id"), form.get("client_secret"), form.get("grant_type"))
        if given != (self.client_id, self.client_secret, "client_credentials"):
            return Reply(400, {"error": "invalid_client", "error_description": "invalid client_secret parameter"})
        if "commerce.accs" not in form.get("scope", ""):
            return Reply(400, {"error": "invalid_scope"})
        token = f"adobe-{next(self._ids)}"
        self.adobe_tokens[token] = time.time() + TOKEN_LIFETIME_S
        return Reply(200, {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_LIFETIME_S})


#: What of a row was paid back: (name at the order's row, name at the credit memo's).
PARTS = (
    ("amount_refunded", "row_total"),
    ("discount_refunded", "discount_amount"),
    ("tax_refunded", "tax_amount"),
    ("discount_tax_compensation_refunded", "discount_tax_compensation_amount"),
)
INVOICED = ("row_invoiced", "discount_invoiced", "tax_invoiced", "discount_tax_compensation_invoiced")


def _part(row: Mapping[str, Any], quantity: Decimal) -> dict[str, Decimal]:
    """What Magento gives back for so many pieces: their part of what is left."""
    left = _left(row)
    found = {}
    for invoiced, (refunded, name) in zip(INVOICED, PARTS, strict=True):
        amount = _money(row.get(invoiced, 0)) - _money(row.get(refunded, 0))
        found[name] = amount if quantity == left else _cents(amount / left * quantity)
    return found


def _left(row: Mapping[str, Any]) -> Decimal:
    return _money(row.get("qty_invoiced", 0)) - _money(row.get("qty_refunded", 0))


def _money(value: Any) -> Decimal:
    return Decimal(str(value))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _column(row: Mapping[str, Any], field: str) -> str:
    """Products call their ``entity_id`` ``id`` in answers."""
    return "id" if field == "entity_id" and "entity_id" not in row else field


def _fits(row: Mapping[str, Any], one: Mapping[str, str]) -> bool:
    said, wanted, how = row.get(_column(row, one["field"])), one["value"], one.get("condition_type", "eq")
    text = str(said).lower()
    if how == "eq":
        return text == wanted.lower()
    if how == "in":
        return text in wanted.lower().split(",")
    if isinstance(said, int | float):
        return Decimal(str(said)) > Decimal(wanted) or (how == "gteq" and Decimal(str(said)) == Decimal(wanted))
    return text > wanted or (how == "gteq" and text == wanted)


def _invalid(what: str, text: str) -> Reply:
    return Reply(400, {"message": f"{what} Document Validation Error(s):\n{text}"})


def _view(number: int, code: str, website: int) -> dict[str, Any]:
    return {
        "id": number,
        "code": code,
        "website_id": website,
        "locale": "de_DE",
        "base_currency_code": "EUR",
        "default_display_currency_code": "EUR",
        "timezone": "Europe/Berlin",
        "base_url": "https://bergwerk.example/",
    }


def _escape(text: str) -> str:
    return quote(text, safe="-._~")
