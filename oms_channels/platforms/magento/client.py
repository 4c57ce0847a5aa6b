"""Talks to a shop. The only file of this platform that knows HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import requests
from requests_oauthlib import OAuth1

from ...domain.adapter import Auth, Gone, Page, Reject, Request, Retry
from ...domain.outgoing import ListingPage, ListingRef, Location, Shop
from ...domain.reader import Reader
from ..rest import Answer, RestClient
from . import access, answers, const, render
from .outbound import Outbound
from .returning import Returning

# When they debug, these write the access token into the log, which many shops take without a signature.
for _name in ("oauthlib", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.INFO)

#: Lists that belong to a page of orders are short; more pages than this are a shop that repeats itself.
PAGES_MAX = 100


class Client(Outbound, Returning, RestClient):
    """A shop's REST API.

    :param api_url: of the shop; of the API itself where Adobe runs the shop.
    :param api_token: access token, a colon and its secret; or the token alone.
    :param site_ref: code of a store view, of which alone orders are read; empty for all.
    :param account_ref: Adobe's organization, where Adobe runs the shop.
    :param now: the time of day.
    """

    def __init__(
        self,
        api_url: str,
        api_token: str,
        api_key: str = "",
        api_secret: str = "",
        site_ref: str = "",
        account_ref: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        **options: Any,
    ):
        self.site = "" if site_ref.strip() == const.STORE_ALL else site_ref.strip()
        super().__init__(access.root(api_url, self.site), **options)
        self.now = now
        self.has_sources = True
        self._views: dict[str, Reader] = {}
        self._auth: requests.auth.AuthBase | None = None
        self._adobe: access.AdobeLogin | None = None
        self._token = ""
        self._is_cloud = access.is_cloud(api_url)
        if self._is_cloud and not api_token.strip():
            self._adobe = access.AdobeLogin(self.root, api_key.strip(), api_secret.strip(), account_ref.strip())
            return
        key, secret, self._token, token_secret = access.keys(self.root, api_key, api_secret, api_token)
        if key:
            self._auth = OAuth1(key, secret, self._token, token_secret, signature_method="HMAC-SHA256")

    # ---- Who we are ----

    def auth(self, request: Request) -> requests.auth.AuthBase | None:
        return self._auth

    def headers(self, request: Request) -> Mapping[str, str]:
        # Without it Magento may answer in XML.
        headers = {"Accept": "application/json"}
        if self._is_cloud:
            headers["Store"] = self.site or const.STORE_ALL
        if self._adobe:
            token = self._adobe.token(self.transfer, self.clock)
            return headers | self._adobe.headers() | {"Authorization": f"Bearer {token}"}
        return headers if self._auth else headers | {"Authorization": f"Bearer {self._token}"}

    def call(self, request: Request, operation: str = "", cost: float = 1.0) -> Answer:
        try:
            return super().call(request, operation, cost)
        except Auth:
            # A token may be withdrawn before its day is over. What is refused so has not been carried out.
            if not (self._adobe and self._adobe.forget(self.clock())):
                raise
            return super().call(request, operation, cost)

    def explain(self, answer: Answer) -> tuple[str, str]:
        most = answers.limit(answer.json)
        return f"{const.TOO_MANY}{most}" if most else "", answers.sentence(answer.json)

    def judge(self, answer: Answer) -> None:
        if answer.status == 404 and isinstance(answer.json, dict):
            raise Gone(f"The shop does not know this (any more): {answers.sentence(answer.json)[:200]}")
        return super().judge(answer)

    # ---- The shop ----

    def check(self) -> Shop:
        """Whether we are let in, and which of what we need the integration may not do.

        Magento says the same to whom it does not know and to whom it does not permit something: only who is not let in
        anywhere is unknown.
        """
        missing, refusal = [], None
        for path, resource in const.NEEDED:
            try:
                self.send(render.probe(path))
            except Auth as error:
                missing.append(resource)
                refusal = error
            except Gone:
                if path == "orders":
                    raise Reject(
                        "At this address no Magento answers. Enter the address of the shop itself in the channel."
                    ) from None
                # No stock sources: the module is left out.
        if refusal and len(missing) == len(const.NEEDED):
            raise refusal
        try:
            views = self.views()
        except Auth:
            views, missing = {}, [*missing, "Stores > Settings > All Stores"]
        places: list[Location] = []
        if const.NEEDED[-1][1] not in missing:
            try:
                places = answers.locations(self.rows(render.sources))
            except Gone:
                self.has_sources = False
        if views and self.site and self.site not in views:
            raise Reject(
                f"The shop has no store view “{self.site}”. Enter one of {', '.join(sorted(views))[:150]} in the channel."
            )
        return answers.shop(views, self.site, places, missing, self.root)

    def views(self) -> dict[str, Reader]:
        """Code of a store view → its settings; asked for once."""
        if not self._views:
            self._views = answers.configs(self.send(render.stores()))
        return self._views

    def view(self) -> Reader:
        """The settings of our store view, or of the shop's main one."""
        views = self.views()
        if self.site and self.site not in views:
            raise Reject(f"The shop has no store view “{self.site}”. Correct it in the channel.")
        return views.get(self.site or "default") or next(iter(views.values()), Reader({}, "Store view", []))

    def store_id(self) -> str:
        """Of our store view; empty for all."""
        return self.view().text("id") if self.site else ""

    # ---- Orders ----

    def orders_since(self, moment: datetime, cursor: str = "") -> Page:
        """Orders changed at ``moment`` or later, oldest change first, with their invoices and credit memos.

        An order that changes between two pages moves to the end and pulls the others forward: pages are not stable.

        :param cursor: number of the page.
        """
        page = int(cursor or 1)
        answer = _list(self.send(render.orders_page(moment, page, self.store_id())))
        orders = [row for row in answer["items"] if isinstance(row, dict)]
        # A page past the end is the last one once more, so that only the number of all of them tells the end.
        more = bool(orders) and page * const.PER_PAGE < _total(answer)
        return Page(tuple(map(_bytes, self._beside(orders))), str(page + 1) if more else "")

    def order(self, order_ref: str) -> bytes:
        """One order as it is now, as a page of orders holds it. Raises :class:`Gone` if the shop has none."""
        return _bytes(self._beside([self.order_now(order_ref)])[0])

    def order_now(self, order_ref: str) -> dict[str, Any]:
        answer = self.send(render.order(order_ref))
        if not isinstance(answer, dict) or "entity_id" not in answer:
            raise Retry("The shop answered with something else than an order.")
        return answer

    def _beside(self, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The orders with their invoices and credit memos: without these nobody could tell one payment from two."""
        paid = [order for order in orders if any(order.get(key) for key in const.SIGNS_OF_INVOICES)]
        refunded = [order for order in orders if any(order.get(key) for key in const.SIGNS_OF_MEMOS)]
        invoices, memos = self._of_orders("invoices", paid), self._of_orders("creditmemos", refunded)
        return [
            {
                **order,
                "_invoices": invoices.get(str(order.get("entity_id")), []),
                "_creditmemos": memos.get(str(order.get("entity_id")), []),
            }
            for order in orders
        ]

    def _of_orders(self, path: str, orders: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        refs = [str(order.get("entity_id")) for order in orders]
        if refs:
            for row in self.rows(lambda page: render.of_orders(path, refs, page)):
                found.setdefault(row.text("order_id"), []).append(dict(row.fields))
        return found

    def rows(self, request: Callable[[int], Request]) -> Iterator[Reader]:
        """The rows of all pages of a list."""
        seen = 0
        for page in range(1, PAGES_MAX + 1):
            answer = _list(self.send(request(page)))
            rows = list(Reader(answer, "Answer", []).rows("items", "Row"))
            yield from rows
            seen += len(rows)
            if not rows or seen >= _total(answer):
                return

    # ---- Listings ----

    def listings(self, cursor: str = "") -> ListingPage:
        """What is offered, in the order in which it was made.

        :param cursor: id of the last product seen.
        """
        answer = _list(self.send(render.products_after(cursor)))
        rows = list(Reader(answer, "Answer", []).rows("items", "Product"))
        view = self.view()
        website = view.text("website_id") if self.site else ""
        skus = [row.text("sku") for row in rows if row.text("type_id") not in const.COMPOSITES]
        found = answers.listings(rows, self._stock(skus), view.text("base_currency_code"), website)
        ids = [int(row.text("id")) for row in rows if row.text("id").isdecimal()]
        more = len(rows) < _total(answer) and ids and str(max(ids)) != cursor
        return ListingPage(tuple(found), str(max(ids)) if more else "")

    def stock_levels(self, refs: Sequence[ListingRef]) -> Sequence[int | None]:
        """What lies in each source, as it was last told: physically, with what open orders have reserved."""
        found = self._stock([ref.sku for ref in refs])
        if found is None:
            return [self._classic_level(ref) for ref in refs]
        return [found.get((ref.sku.lower(), ref.location_ref or const.DEFAULT_SOURCE)) for ref in refs]

    def _stock(self, skus: Sequence[str]) -> dict[tuple[str, str], int] | None:
        """(SKU, source) → pieces; ``None`` for a shop without sources."""
        found: dict[tuple[str, str], int] = {}
        for batch in render.batches(filter(None, skus)):
            if not self.has_sources:
                return None
            try:
                found |= answers.quantities(self.rows(lambda page, batch=batch: render.source_items(batch, page)))
            except Gone:
                self.has_sources = False
        return found if self.has_sources else None

    def _classic_level(self, ref: ListingRef) -> int | None:
        try:
            answer = self.send(render.stock_item(ref.sku))
        except Gone:
            return None
        item = Reader(answer if isinstance(answer, dict) else {}, "Stock", [])
        quantity = item.number_or_none("qty")
        return None if quantity is None or item.fields.get("manage_stock") is False else int(quantity)


def _list(answer: Any) -> dict[str, Any]:
    if isinstance(answer, dict) and isinstance(answer.get("items"), list):
        return answer
    if isinstance(answer, dict) and "total_count" in answer and answer.get("items") is None:
        return {**answer, "items": []}
    raise Retry("The shop answered with something else than a list.")


def _total(answer: Mapping[str, Any]) -> int:
    total = answer.get("total_count")
    return total if isinstance(total, int) else 0


def _bytes(order: Any) -> bytes:
    return json.dumps(order, separators=(",", ":")).encode()
