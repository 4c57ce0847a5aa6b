"""An app on this machine that keeps its side of the documented API: verifies what it is told, and does everything once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from typing import Any
from urllib.parse import unquote, urlencode

from ...platforms.rest_api import const, verify
from .base import Asked, PlatformServer, Reply

TIMESTAMP = "1772445600"


def webhook_headers(
    body: bytes, secret: str, path: str = const.ORDERS_PATH, timestamp: str = TIMESTAMP
) -> dict[str, str]:
    """The headers with which an app posts an order."""
    return {
        "Content-Type": "application/json",
        const.HEADER_TIMESTAMP: timestamp,
        const.HEADER_SIGNATURE: verify.signature(secret, "POST", path, timestamp, body),
    }


class AppServer(PlatformServer):
    """An app: an address for events, and orders that can be asked for.

    :ivar told: id of an event → the event; an event that comes again is not done again.
    :ivar times: id of an event → how often it came.
    :param window_s: how far our clocks may be apart.
    :ivar contents: id of a listing → what it says and shows.
    :ivar refuses: SKU or id → sentence with which the app refuses it.
    """

    def __init__(
        self,
        orders: Iterable[dict[str, Any]] = (),
        secret: str = "what we agreed upon",
        window_s: int = 300,
        **options: Any,
    ):
        super().__init__(**options)
        self.orders = {str(order["id"]): deepcopy(order) for order in orders}
        self.secret = secret
        self.told: dict[str, dict[str, Any]] = {}
        self.times: dict[str, int] = {}
        self.refuses: dict[str, str] = {}
        self.stock: dict[str, int] = {}
        self.contents: dict[str, dict[str, Any]] = {}
        self.page_size = 2
        self.window_s = window_s

    @property
    def events_url(self) -> str:
        return f"{self.url}/events?app=1"

    def handle(self, asked: Asked) -> Reply:
        query = f"?{urlencode(asked.query)}" if asked.query else ""
        signed_at = int(asked.headers.get(const.HEADER_TIMESTAMP.lower(), "0"))
        fresh = abs(signed_at - self.now().timestamp()) <= self.window_s
        headers = {**asked.headers, const.PSEUDO_METHOD: asked.method, const.PSEUDO_PATH: asked.path + query}
        if not fresh or not verify.verify(headers, asked.raw, self.secret):
            return Reply(401, {"code": "bad_signature", "detail": "The signature is wrong."})
        parts = [unquote(part) for part in asked.path.strip("/").split("/")]
        match asked.method, *parts:
            case "POST", "events":
                return self._told(asked)
            case "GET", "orders":
                return self._list(asked.params)
            case "GET", "orders", order_ref:
                if order_ref not in self.orders:
                    return Reply(404, {"code": const.GONE_CODE, "detail": "There is no such order."})
                return Reply(200, self.orders[order_ref])
            case "GET", "listings":
                rows = [
                    {"id": f"P-{sku}", "sku": sku, "title": sku.title(), "quantity": n} for sku, n in self.stock.items()
                ]
                return Reply(200, {"listings": rows, "cursor": ""})
            case "POST", "stock":
                known = {f"P-{sku}": quantity for sku, quantity in self.stock.items()}
                return Reply(
                    200,
                    {"levels": [{"id": name, "quantity": known[name]} for name in asked.json["ids"] if name in known]},
                )
        return Reply(404, {"code": "no_route", "detail": "There is nothing here."})

    def _told(self, asked: Asked) -> Reply:
        event = asked.json
        if event["id"] != asked.headers[const.HEADER_IDEMPOTENCY.lower()]:
            return Reply(400, {"code": "bad_event"})
        self.times[event["id"]] = self.times.get(event["id"], 0) + 1
        if said := self.refuses.get(event["data"].get("order_id")):
            return Reply(422, {"code": "refused", "detail": said})
        self.told.setdefault(event["id"], event)
        if event["type"] == "ping":
            return Reply(
                200, {"name": "Corner shop app", "currency": "EUR", "locations": [{"id": "L1", "name": "Lyon"}]}
            )
        if event["type"] == "content.changed":
            for row in event["data"]["contents"]:
                self.contents.setdefault(row["id"], {}).update(row)
        if event["type"] != "stock.changed":
            return Reply(200, {"reference": f"app-{len(self.told)}"})
        results = []
        for level in event["data"]["levels"]:
            said = self.refuses.get(level["sku"])
            if not said:
                self.stock[level["sku"]] = level["quantity"]
            results.append({"id": level["id"], "status": "refused" if said else "ok", "message": said or ""})
        return Reply(200, {"results": results})

    def _list(self, params: dict[str, str]) -> Reply:
        """The cursor is where a page ended, so that it holds its place whatever changes."""
        after = tuple(params.get("cursor", "").split("|")) if params.get("cursor") else (params["changed_since"], "")
        places = {(order["updated_at"], str(order["id"])): order for order in self.orders.values()}
        found = sorted(place for place in places if place > after)
        page = found[: self.page_size]
        more = len(found) > len(page)
        return Reply(200, {"orders": [places[place] for place in page], "cursor": "|".join(page[-1]) if more else ""})

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What was told of a kind, once each."""
        return [event for event in self.told.values() if event["type"] == kind]

    def dump(self, payload: Any) -> bytes:
        return json.dumps(payload, ensure_ascii=False).encode()
