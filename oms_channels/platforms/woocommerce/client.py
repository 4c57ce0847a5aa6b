"""Talks to a shop. The only file of this platform that knows HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth1

from ...domain.adapter import Auth, Gone, Page, Reject, Request, Retry
from ...domain.outgoing import Listing, ListingPage, ListingRef, Shop
from ..rest import RestClient
from . import answers, const, render
from .outbound import Outbound


class Client(Outbound, RestClient):
    """A shop's REST API, with the ``webhook_secret`` left out: that is for what comes in.

    :param api_url: of the shop; the path of the API is added unless it is there.
    """

    def __init__(self, api_url: str, api_key: str, api_secret: str, **options: Any):
        root = api_url.strip().rstrip("/")
        super().__init__(root if "/wp-json/" in urlsplit(root).path else root + const.API_ROOT, **options)
        self._auth = _auth(urlsplit(root).scheme, api_key, api_secret)
        self._shop_currency: str | None = None

    def auth(self, request: Request) -> requests.auth.AuthBase:
        return self._auth

    def is_own_refusal(self, code: str) -> bool:
        return code.startswith(const.OWN_ERROR_PREFIX)

    # ---- The shop ----

    def check(self) -> Shop:
        """Whether we are let in, and what our keys permit. The names, the country and the version are told to keys of
        managers only: where they are not, they stay empty."""
        self.send(render.orders_page(datetime.now(timezone.utc), 1))
        missing = [f"{path}: write" for path in ("products", "orders") if not self._may(render.write_probe(path))]
        index = self._index()
        country = self._optional(render.country())
        system = answers.mapping(self._optional(render.system()), "environment")
        return Shop(
            name=answers.text(index, "name") or str(urlsplit(self.root).hostname),
            currency=self.shop_currency(),
            country=answers.text(country, "value").partition(":")[0],
            time_zone=answers.text(index, "timezone_string"),
            missing=tuple(missing),
            api_version=answers.text(system, "version"),
            warning="The keys may only read. Make keys that may read and write, and enter them in the channel."
            if missing
            else "",
        )

    def shop_currency(self) -> str:
        """Empty where the shop does not tell our keys."""
        if self._shop_currency is None:
            self._shop_currency = answers.text(self._optional(render.currency()), "code")
        return self._shop_currency

    def _may(self, request: Request) -> bool:
        try:
            self.send(request)
        except Auth:
            return False
        except Reject:
            return True  # let in, and told that there is nothing to do
        return True

    def _optional(self, request: Request) -> dict[str, Any]:
        """What the shop tells some keys and not others."""
        try:
            answer = self.send(request)
        except (Auth, Reject):
            return {}
        return answer if isinstance(answer, dict) else {}

    def _index(self) -> dict[str, Any]:
        """What the site says about itself to everybody; some sites say nothing."""
        site = self.root.partition("/wp-json/")[0]
        try:
            answer = self.transfer("GET", f"{site}/wp-json/", params={"_fields": "name,timezone_string"})
        except (Retry, Reject):
            return {}
        return answer.json if answer.status == 200 and isinstance(answer.json, dict) else {}

    # ---- Orders ----

    def orders_since(self, moment: datetime, cursor: str = "") -> Page:
        """Orders changed after ``moment`` (exclusive, to the second), oldest change first.

        An order that changes between two pages moves to the end and pulls the others forward, so the next page may
        miss one: pages are not stable. Going on from a later ``moment`` avoids that.

        :param cursor: number of the page.
        """
        page = int(cursor or 1)
        orders, more = self._page(render.orders_page(moment, page), page)
        return Page(tuple(_bytes(self._whole(order)) for order in orders), str(page + 1) if more else "")

    def order(self, order_ref: str) -> bytes:
        """One order as it is now, as JSON.

        :raise Gone: for one that was deleted for good; one in the bin is still there, as cancelled.
        """
        return _bytes(self._whole(self.order_json(order_ref)))

    def order_json(self, order_ref: str) -> dict[str, Any]:
        """One order as the shop shows it.

        :raise Gone: as :meth:`order`.
        """
        try:
            order = self.send(render.order(order_ref))
        except Reject as error:
            if error.code == const.GONE_CODE:
                raise Gone("The order was deleted in the shop.", error.code) from None
            raise
        if not isinstance(order, dict):
            raise Retry("The shop answered with something else than an order.")
        return order

    def _whole(self, order: Any) -> Any:
        """The order with the details of its refunds, of which it shows only the sums; only those that it shows."""
        shown = answers.rows(order.get("refunds")) if isinstance(order, dict) else []
        if not shown:
            return order
        order_id = answers.text(order, "id")
        try:
            found = list(self.pages(lambda page: render.refunds(order_id, page)))
        except (Reject, Auth):
            return order  # gone meanwhile, or not for our keys: then there are only the sums
        details = {row.get("id"): {key: row[key] for key in row if key != "_links"} for row in found}
        return {**order, "refunds": [{**details.get(row.get("id"), {}), **row} for row in shown]}

    # ---- Pages ----

    def _page(self, request: Request, page: int) -> tuple[list[Any], bool]:
        """(rows of a page, whether there is another one)."""
        answer = self.call(request)
        if not isinstance(answer.json, list):
            raise Reject("The shop answered with something else than a list.")
        pages = answer.headers.get("X-WP-TotalPages", "")
        # A proxy may drop the header; then a full page is taken to have a successor.
        return answer.json, page < int(pages) if pages.isdecimal() else len(answer.json) == const.PER_PAGE

    def pages(self, request: Callable[[int], Request]) -> Iterator[dict[str, Any]]:
        """The rows of all pages."""
        page, more = 0, True
        while more:
            page += 1
            found, more = self._page(request(page), page)
            yield from answers.rows(found)

    # ---- What is offered ----

    def listings(self, cursor: str = "") -> ListingPage:
        """What the shop offers: products, and for those with variations these and not the product.

        :param cursor: number of the page; and, where it has many products with variations, the id of the last one read.
        """
        number, _colon, after = cursor.partition(":")
        page = int(number or 1)
        rows, more = self._page(render.products(page), page)
        currency = self.shop_currency()
        listings: list[Listing] = []
        variable = 0
        for row in sorted(answers.rows(rows), key=_id):
            kind = answers.text(row, "type")
            if _id(row) <= int(after or 0) or kind in const.KINDS_WITHOUT_STOCK:
                continue
            if kind not in const.KINDS_WITH_VARIATIONS:
                listings.append(answers.listing(row, currency))
                continue
            listings += self._variations(row, currency)
            variable += 1
            if variable == const.VARIABLE_AT_ONCE:
                return ListingPage(tuple(listings), f"{page}:{_id(row)}")
        return ListingPage(tuple(listings), str(page + 1) if more else "")

    def _variations(self, parent: dict[str, Any], currency: str) -> list[Listing]:
        parent_id = answers.text(parent, "id")
        try:
            rows = list(self.pages(lambda page: render.variations(parent_id, page)))
        except Reject as error:
            if error.code in const.PRODUCT_GONE_CODES:
                return []  # deleted since the page was read
            raise
        return [answers.listing(row, currency, parent) for row in rows]

    def stock_levels(self, refs: Sequence[ListingRef]) -> Sequence[int | None]:
        by_parent: dict[str, list[str]] = {}
        for ref in refs:
            by_parent.setdefault(ref.parent_id, []).append(ref.external_id)
        found: dict[tuple[str, str], int | None] = {}
        for parent_id, ids in by_parent.items():
            ids = list(dict.fromkeys(ids))
            for start in range(0, len(ids), const.PER_PAGE):
                try:
                    rows = self.send(render.named_products(ids[start : start + const.PER_PAGE], parent_id))
                except Reject as error:
                    if error.code not in const.PRODUCT_GONE_CODES:
                        raise
                    rows = []
                for row in answers.rows(rows):
                    found[parent_id, answers.text(row, "id")] = answers.quantity(row)
        return [found.get((ref.parent_id, ref.external_id)) for ref in refs]


def _auth(scheme: str, api_key: str, api_secret: str) -> requests.auth.AuthBase:
    """Basic over TLS; a signature without: over plain HTTP WooCommerce refuses basic, and rightly so."""
    if scheme == "https":
        return HTTPBasicAuth(api_key.encode(), api_secret.encode())
    return OAuth1(api_key, client_secret=api_secret, signature_method="HMAC-SHA256", signature_type="QUERY")


def _bytes(order: Any) -> bytes:
    return json.dumps(order, separators=(",", ":")).encode()


def _id(row: dict[str, Any]) -> int:
    return int(answers.text(row, "id") or 0)
