"""Talks to a shop. The only file of this platform that knows HTTP."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ...domain.adapter import Auth, Gone, Page, Reject, Request, Retry
from ...domain.outgoing import ListingPage, ListingRef, Location, Shop
from ...domain.throttle import Bucket
from ..rest import WAIT_MAX_S, Answer, RestClient, Tokens
from . import answers, const, render
from .contents import Contents
from .outbound import Outbound
from .paying_out import PayingOut
from .returning import Returning

#: Of all shops that this process talks to.
TOKENS = Tokens()


class Client(Outbound, Returning, Contents, PayingOut, RestClient):
    """A shop's Admin API, with the ``webhook_secret`` left out: that is for what comes in.

    :param api_url: of the shop, ``https://….myshopify.com``.
    :param api_token: a permanent token; without it, one is asked for with the client's id and secret and kept for a day.
    :param site_ref: which money of an order is kept, ``shop`` or ``presentment``.
    """

    label = const.LABEL

    def __init__(
        self,
        api_url: str,
        api_token: str = "",
        api_key: str = "",
        api_secret: str = "",
        site_ref: str = "",
        api_version: str = "",
        tokens: Tokens = TOKENS,
        **options: Any,
    ):
        address = api_url.strip().rstrip("/")
        # Shops are told by their bare name more often than not.
        address = address if "://" in address else f"https://{address}"
        self.version = api_version.strip() or const.API_VERSION
        if self.version != "unstable" and self.version < const.API_VERSION_MIN:
            raise Reject(
                f"The API version {self.version} is too old. Enter {const.API_VERSION} in the channel, or leave it empty."
            )
        self.side = site_ref.strip().lower() or const.SHOP_MONEY
        if self.side not in const.MONEY_FIELDS:
            raise Reject("Which money is kept is either “shop” or “presentment”. Correct it in the channel.")
        url = urlsplit(address)
        self._shop_root = f"{url.scheme}://{url.netloc}"
        super().__init__(self._shop_root + const.API_PATH.format(version=self.version), **options)
        if not (api_token.strip() or (api_key.strip() and api_secret.strip())):
            raise Auth("Enter an access token, or the client id and the client secret, in the channel.")
        self._permanent, self._id, self._secret = api_token.strip(), api_key.strip(), api_secret.strip()
        self._tokens, self._token_key = tokens, Tokens.key(self._shop_root, self._id, self._secret)
        #: Operation → what it was said to cost.
        self._costs: dict[str, float] = {}
        self._shop_currency = ""
        #: The version that answers, as the shop says.
        self.answered_version = ""

    # ---- Tokens ----

    def headers(self, request: Request) -> Mapping[str, str]:
        return {const.HEADER_TOKEN: self._token(), "Accept": "application/json"}

    def _token(self) -> str:
        if self._permanent:
            return self._permanent
        token = self._tokens.get(self._token_key, self.clock())
        if not token:
            token, lifetime_s = self._new_token()
            self._tokens.put(self._token_key, token, lifetime_s, self.clock())
        return token

    def _new_token(self) -> tuple[str, float]:
        """(token, seconds it lives). Source: shopify.dev/docs/apps/build/authentication-authorization, client credentials."""
        form = {"grant_type": "client_credentials", "client_id": self._id, "client_secret": self._secret}
        answer = self.transfer(
            "POST", self._shop_root + const.TOKEN_PATH, data=form, headers={"Accept": "application/json"}
        )
        if answer.status in (400, 401, 403) and answer.json is not None:
            raise Auth(
                "Shopify does not accept the client id and secret. Check that they belong together, that the app is installed "
                "in this shop, and that shop and app are of the same organisation.",
                self.explain(answer)[0],
            )
        self.judge(answer)
        token = answer.json.get("access_token") if isinstance(answer.json, dict) else None
        if not isinstance(token, str) or not token:
            raise Retry("Shopify gave no access token.")
        lifetime_s = answer.json.get("expires_in")
        return token, float(lifetime_s) if isinstance(lifetime_s, int | float) else 3600.0

    # ---- Queries ----

    def ask(self, request: Request) -> dict[str, Any]:
        """The data of the answer to a query.

        A token that is no longer taken is renewed once; a query that was throttled is sent again when its points are there:
        in both cases nothing was carried out.
        """
        name = render.operation(request)
        renewed = False
        for attempt in range(1, const.THROTTLED_TRIES + 1):
            try:
                payload = self.call(request, const.BUCKET, self._costs.get(name, const.COST_GUESS)).json
                # A cache between us and the shop may have answered with something else.
                data = payload.get("data") if isinstance(payload, dict) else None
                if isinstance(data, dict):
                    return data
                raise Retry("Shopify answered without data.")
            except Auth:
                if self._permanent or renewed:
                    raise
                self._tokens.drop(self._token_key)
                renewed = True
            except Retry as error:
                waits = error.code == answers.THROTTLED and attempt < const.THROTTLED_TRIES
                if not waits or (error.delay_s or 0) > WAIT_MAX_S:
                    raise
                self.sleep(error.delay_s or 1.0)
        raise Retry("Shopify lets us ask again later.", None, answers.THROTTLED)

    def judge(self, answer: Answer) -> None:
        """As for REST; and an answer with 200 may be an error all the same."""
        if answer.status < 300 and answer.json is not None:
            payload = answer.json if isinstance(answer.json, dict) else {}
            if "errors" in payload:
                answers.raise_errors(payload)
            if not ("data" in payload or "access_token" in payload):
                raise Retry("Shopify answered with something else than data.")
        return super().judge(answer)

    def explain(self, answer: Answer) -> tuple[str, str]:
        error = answer.json if isinstance(answer.json, dict) else {}
        return str(error.get("error", ""))[:60], answers.error_text(error)

    def learn(self, operation: str, answer: Answer) -> None:
        """What is left in the bucket, what a query costs, and which version answers."""
        self.answered_version = answer.headers.get(const.HEADER_VERSION, "") or self.answered_version
        cost = answers.cost_of(answer.json)
        if cost is None:
            return
        now = self.clock()
        self.buckets[const.BUCKET] = Bucket(cost.limit, cost.per_s, cost.available, now)

    def call(self, request: Request, operation: str = "", cost: float = 1.0) -> Answer:
        answer = super().call(request, operation, cost)
        told = answers.cost_of(answer.json)
        if told is not None and told.requested:
            self._costs[render.operation(request)] = told.requested
        return answer

    def pages(self, first: Mapping[str, Any], more: Callable[[str], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """The nodes of a connection, to its end.

        :param first: the page that is there.
        :param more: asks for the page after a cursor.
        """
        connection, seen = first, set()
        while True:
            yield from answers.nodes(connection)
            cursor = answers.next_cursor(connection)
            if not cursor:
                return
            if cursor in seen:
                raise Retry("Shopify gives the same page again.")
            seen.add(cursor)
            connection = more(cursor)

    # ---- The shop ----

    def check(self) -> Shop:
        data = self.ask(render.shop())
        shop = answers.mapping(data, "shop")
        rows = self.pages(
            answers.mapping(data, "locations"),
            lambda cursor: answers.mapping(self.ask(render.locations(cursor)), "locations"),
        )
        scopes = {row.get("handle") for row in answers.rows(data, "currentAppInstallation", "accessScopes")}
        return Shop(
            name=str(shop.get("name", "")),
            currency=str(shop.get("currencyCode", "")),
            country=str(answers.mapping(shop, "shopAddress").get("countryCodeV2") or ""),
            time_zone=str(shop.get("ianaTimezone", "")),
            locations=tuple(Location(row["id"], row.get("name", ""), row.get("isActive") is not False) for row in rows),
            missing=answers.missing_scopes(scopes),
            api_version=self.answered_version,
            warning=answers.shop_warning(self.version, self.answered_version, scopes),
        )

    def shop_currency(self) -> str:
        if not self._shop_currency:
            self._shop_currency = str(answers.mapping(self.ask(render.currency()), "shop").get("currencyCode", ""))
        return self._shop_currency

    # ---- Orders ----

    def orders_since(self, moment: datetime, cursor: str = "") -> Page:
        """Orders changed at ``moment`` or later, oldest change first.

        The cursor holds the place by date of change and id, so an order that changes meanwhile moves behind it and no other
        is missed. The index that is searched lags some seconds behind: polls must overlap.
        """
        connection = answers.mapping(self.ask(render.orders_page(moment, cursor, self.side)), "orders")
        orders = tuple(_bytes(self._whole(order)) for order in answers.nodes(connection))
        return Page(orders, answers.next_cursor(connection), stable=True)

    def order(self, order_ref: str) -> bytes:
        """One order as it is now. A part of it (a fulfilment order) names it too."""
        if order_ref.startswith(const.FULFILMENT_ORDER_GID):
            group = answers.mapping(self.ask(render.order_of_fulfilment(order_ref)), "fulfillmentOrder")
            order_ref = str(group.get("orderId") or "")
        order = self.ask(render.order(order_ref, self.side)).get("order") if order_ref else None
        if not isinstance(order, dict):
            raise Gone("Shopify has no such order any more. There is nothing to import.")
        return _bytes(self._whole(order))

    def _whole(self, order: dict[str, Any]) -> dict[str, Any]:
        """The order with everything nested read to its end. What only says where to go on is left out."""
        order_id = str(order.get("id", ""))
        for name in render.NESTED:
            connection = answers.mapping(order, name)

            def more(cursor: str, name: str = name) -> Mapping[str, Any]:
                data = self.ask(render.order_nested(name, order_id, cursor, self.side))
                return answers.mapping(answers.mapping(data, "order"), name)

            order[name] = {"nodes": list(self.pages(connection, more))}
        order["transactions"] = self._list(
            order.get("transactions"),
            render.order_transactions(order_id, self.side),
            "transactions",
            const.TRANSACTIONS_MAX,
        )
        refunds = self._list(order.get("refunds"), render.order_refunds(order_id), "refunds", const.REFUNDS_MAX)
        order["refunds"] = [self._refund(str(refund.get("id", ""))) for refund in refunds]
        if order.get("returnStatus") not in (None, const.NO_RETURN):
            order["returns"] = {"nodes": list(self.pages(*self._returns(order_id)))}
        return order

    def _returns(self, order_id: str) -> tuple[Mapping[str, Any], Callable[[str], Mapping[str, Any]]]:
        def page(cursor: str) -> Mapping[str, Any]:
            data = self.ask(render.order_returns(order_id, cursor))
            return answers.mapping(answers.mapping(data, "order"), "returns")

        return page(""), page

    def _list(self, listed: Any, request: Request, name: str, most: int) -> list[dict[str, Any]]:
        """A list that has no pages: asked for again, larger, where it may have been cut."""
        found = answers.listed(listed)
        if len(found) < const.LISTED_WITH_ORDER:
            return found
        found = answers.rows(self.ask(request), "order", name)
        if len(found) >= most:
            raise Reject(
                f"The order has more {name} than Shopify lets us read. Look at it in Shopify and enter it by hand."
            )
        return found

    def _refund(self, refund_id: str) -> dict[str, Any]:
        def page(cursor: str) -> dict[str, Any]:
            return answers.mapping(self.ask(render.refund_details(refund_id, cursor, self.side)), "refund")

        refund = dict(page(""))
        for name in ("refundShippingLines", "orderAdjustments", "transactions"):
            connection = answers.mapping(refund, name)
            if answers.next_cursor(connection):
                raise Reject(
                    f"A refund has more {name} than we read at once. Look at it in Shopify and book it by hand."
                )
            refund[name] = {"nodes": answers.nodes(connection)}
        first = answers.mapping(refund, "refundLineItems")
        rows = self.pages(first, lambda cursor: answers.mapping(page(cursor), "refundLineItems"))
        return {**refund, "refundLineItems": {"nodes": list(rows)}}

    # ---- What is offered ----

    def listings(self, cursor: str = "") -> ListingPage:
        data = self.ask(render.listings(cursor))
        connection = answers.mapping(data, "productVariants")
        currency = str(answers.mapping(data, "shop").get("currencyCode", ""))
        listings = tuple(answers.listing(row, currency) for row in answers.nodes(connection))
        return ListingPage(listings, answers.next_cursor(connection))

    def stock_levels(self, refs: Sequence[ListingRef]) -> Sequence[int | None]:
        found: dict[tuple[str, str], int | None] = {}
        by_location: dict[str, list[str]] = {}
        for ref in refs:
            if ref.inventory_ref and ref.location_ref:
                by_location.setdefault(ref.location_ref, []).append(ref.inventory_ref)
        for location, items in by_location.items():
            items = list(dict.fromkeys(items))
            for start in range(0, len(items), const.LEVELS_PER_QUERY):
                data = self.ask(render.levels(items[start : start + const.LEVELS_PER_QUERY], location))
                for row in answers.rows(data, "nodes"):
                    found[row.get("id", ""), location] = answers.available(row)
        return [found.get((ref.inventory_ref, ref.location_ref)) for ref in refs]

    def new_key(self) -> str:
        """An idempotency key for an attempt that brings none."""
        return str(uuid.uuid4())


def _bytes(order: Any) -> bytes:
    return json.dumps(order, separators=(",", ":")).encode()
