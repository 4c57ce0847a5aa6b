"""Talks to the app. The only file of this platform that knows HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

from ...domain.adapter import Gone, Page, Reject, Request, Retry
from ...domain.outgoing import (
    Cancellation,
    Content,
    Listing,
    ListingPage,
    ListingRef,
    Location,
    Parcel,
    Price,
    Refund,
    Result,
    ReturnStep,
    Shop,
    Standing,
    StockLevel,
)
from ...domain.reader import Reader
from ..rest import Answer, RestClient
from . import const, render, verify

OK = Result("ok")
#: The address of an app that has none; no such host can exist (RFC 2606).
NOBODY = "https://app.invalid"


class Client(RestClient):
    """Posts events to the app's address, signed with the key that the app has.

    :param api_url: where events are posted to, as it is.
    :param api_secret: what they are signed with.
    :param account_ref: root of what the app can be asked for; empty where it cannot be asked.
    """

    label = "The app"

    def __init__(
        self,
        api_url: str,
        api_secret: str,
        account_ref: str = "",
        wall: Callable[[], float] = time.time,
        **options: Any,
    ):
        # An app may want to be told nothing, or may not want to be asked; then the other address is the one that counts.
        super().__init__(api_url.strip() or account_ref.strip() or NOBODY, **options)
        self._events = api_url.strip()
        self._asked = account_ref.strip().rstrip("/") + "/" if account_ref.strip() else ""
        if self._asked and urlsplit(self._asked).scheme not in ("https", "http"):
            raise Reject("The address to ask for orders must begin with https://. Correct it in the channel.")
        self._secret = api_secret
        self._wall = wall

    # ---- Telling ----

    def check(self) -> Shop:
        """The app has to answer where it wants to be told something; it may say who it is."""
        if not self._events or not self._secret:
            if self._asked:
                self._ask(render.orders_page(self._now(), ""))
            return Shop(
                name=str(urlsplit(self._asked or self._events).hostname or self.label),
                warning="Nothing is told to the app: it has no address for events yet, or no secret for them. Press “New "
                "Secrets” on the channel, enter them in the app, and test again; or leave it so, if the app asks by itself.",
            )
        now = self._now()
        told = self._tell("ping", f"ping-{int(now.timestamp())}", now, {}).json
        reader = Reader(told if isinstance(told, dict) else {}, "", [])
        if self._asked:
            self._ask(render.orders_page(now, ""))
        return Shop(
            name=reader.text("name") or str(urlsplit(self._events).hostname),
            currency=reader.text("currency"),
            country=reader.text("country"),
            time_zone=reader.text("time_zone"),
            locations=tuple(
                Location(row.text("id"), row.text("name", "id"))
                for row in reader.rows("locations", "Location")
                if row.text("id")
            ),
            warning=""
            if urlsplit(self._events).scheme == "https"
            else "The address does not begin with https://: others can read what is told.",
        )

    def ship(self, parcel: Parcel, repeat: bool = False) -> Result:
        key = f"{parcel.key}:{parcel.tracking_number}" if parcel.tracking_number else parcel.key
        return self._result("shipment.created", f"parcel-{key}", parcel.shipped_at, render.parcel(parcel))

    def cancel(self, cancellation: Cancellation, repeat: bool = False) -> Result:
        return self._result("order.cancelled", cancellation.key, self._now(), render.cancellation(cancellation))

    def refund(self, refund: Refund, repeat: bool = False) -> Result:
        return self._result("refund.created", refund.key, self._now(), render.refund(refund))

    def tell_return(self, step: ReturnStep, repeat: bool = False) -> Result:
        return self._result("return.changed", step.key, self._now(), render.return_step(step))

    def stand(self, standing: Standing, repeat: bool = False) -> Result:
        return self._result("order.status", standing.key, standing.at, render.standing(standing))

    def push_stock(self, levels: Sequence[StockLevel]) -> Sequence[Result]:
        return self._results("stock.changed", [level.ref for level in levels], render.stock(levels))

    def push_prices(self, prices: Sequence[Price]) -> Sequence[Result]:
        return self._results("price.changed", [price.ref for price in prices], render.prices(prices))

    def push_content(self, contents: Sequence[Content]) -> Sequence[Result]:
        return self._results("content.changed", [content.ref for content in contents], render.contents(contents))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._wall(), timezone.utc)

    def _tell(self, kind: str, key: str, moment: datetime, data: dict[str, Any]) -> Answer:
        """Post an event. The same one has the same id however often it is told: the app does it once."""
        if not self._events:
            raise Reject("The app has no address for events. Enter it in the channel.")
        body = render.event(kind, key, moment, data)
        headers = {
            "Content-Type": "application/json",
            const.HEADER_EVENT: kind,
            const.HEADER_IDEMPOTENCY: key,
            **self._signed("POST", self._events, body),
        }
        answer = self.transfer("POST", self._events, data=body, headers=headers)
        # What the app says with a 2xx is its own; but a page is somebody else's (a proxy, a hotel, an empty host).
        if answer.status >= 300 or answer.body.lstrip()[:1] == b"<":
            self.judge(answer)
        return answer

    def _result(self, kind: str, key: str, moment: datetime, data: dict[str, Any]) -> Result:
        answer = self._tell(kind, key, moment, data)
        told = answer.json if isinstance(answer.json, dict) else {}
        return self._read_result(told)

    def _results(self, kind: str, refs: Sequence[ListingRef], data: dict[str, Any]) -> Sequence[Result]:
        """Of what an answer does not name, a 2xx says that it was taken."""
        moment = self._now()
        answer = self._tell(kind, f"{kind}-{verify.digest_of(data)}-{int(moment.timestamp())}", moment, data)
        told = answer.json.get("results") if isinstance(answer.json, dict) else None
        found = {
            Reader(row, "", []).text("id"): self._read_result(row)
            for row in (told if isinstance(told, list) else ())
            if isinstance(row, dict)
        }
        return [found.get(ref.external_id, OK) for ref in refs]

    @staticmethod
    def _read_result(told: dict[str, Any]) -> Result:
        reader = Reader(told, "", [])
        code = reader.text("status").lower()
        code = code if code in const.RESULT_CODES else "ok"
        said = reader.text("message") or ("" if code == "ok" else "The app does not say why. Ask whoever runs it.")
        return Result(code, said[:300], reader.text("reference")[:200])

    def explain(self, answer: Answer) -> tuple[str, str]:
        error = answer.json if isinstance(answer.json, dict) else {}
        reader = Reader(error, "", [])
        return reader.text("code"), reader.text("detail", "message", "title")

    def _signed(self, method: str, url: str, body: bytes) -> dict[str, str]:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        timestamp = str(int(self._wall()))
        return {
            const.HEADER_TIMESTAMP: timestamp,
            const.HEADER_SIGNATURE: verify.signature(self._secret, method, path, timestamp, body),
        }

    # ---- Asking ----

    def _ask(self, request: Request) -> Any:
        if not self._asked:
            raise Reject("The app cannot be asked for anything: it tells. Enter its address for that in the channel.")
        url = self._asked + request.path + (f"?{urlencode(request.params)}" if request.params else "")
        body = b"" if request.body is None else json.dumps(request.body, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", **self._signed(request.method, url, body)}
        answer = self.transfer(request.method, url, data=body, headers=headers)
        self.judge(answer)
        return answer.json

    def orders_since(self, moment: datetime, cursor: str = "") -> Page:
        told = self._ask(render.orders_page(moment, cursor))
        rows = told.get("orders") if isinstance(told, dict) else None
        if not isinstance(rows, list):
            raise Reject("The app answered with something else than a list of orders.")
        bodies = tuple(json.dumps(row, separators=(",", ":")).encode() for row in rows)
        return Page(bodies, Reader(told, "", []).text("cursor"), stable=True)

    def order(self, order_ref: str) -> bytes:
        try:
            told = self._ask(render.order(order_ref))
        except Reject as error:
            if error.code == const.GONE_CODE:
                raise Gone("The order was deleted in the app.", error.code) from None
            raise
        if not isinstance(told, dict):
            raise Retry("The app answered with something else than an order.")
        return json.dumps(told, separators=(",", ":")).encode()

    def listings(self, cursor: str = "") -> ListingPage:
        told = self._ask(render.listings(cursor))
        reader = Reader(told if isinstance(told, dict) else {}, "", [])
        found = []
        for row in reader.rows("listings", "Listing"):
            ref = ListingRef(
                row.identifier("id"), row.text("sku"), row.text("parent_id"), location_ref=row.text("location")
            )
            quantity = row.number_or_none("quantity")
            found.append(
                Listing(
                    ref,
                    row.text("title", "sku", "id"),
                    row.text("barcode"),
                    row.number_or_none("price"),
                    row.text("currency"),
                    None if quantity is None else int(quantity),
                    row.fields.get("active") is not False,
                )
            )
        return ListingPage(tuple(listing for listing in found if listing.ref.external_id), reader.text("cursor"))

    def stock_levels(self, refs: Sequence[ListingRef]) -> Sequence[int | None]:
        told = self._ask(render.stock_levels(refs))
        found: dict[str, Decimal | None] = {}
        for row in Reader(told if isinstance(told, dict) else {}, "", []).rows("levels", "Level"):
            found[row.identifier("id")] = row.number_or_none("quantity")
        return [None if (level := found.get(ref.external_id)) is None else int(level) for ref in refs]
