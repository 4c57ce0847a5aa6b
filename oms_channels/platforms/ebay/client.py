"""Talks to eBay. The only file of this platform that knows HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from ...domain.adapter import Auth, Gone, Page, Reject, Request, Retry
from ...domain.outgoing import (
    Cancellation,
    Content,
    ListingPage,
    ListingRef,
    Parcel,
    Price,
    Refund,
    Result,
    Shop,
    StockLevel,
)
from ...domain.reader import Reader
from ..rest import Answer, RestClient, Tokens
from . import answers, const, parse, render, signing
from .notifying import Notifying
from .paying_out import PayingOut
from .returning import Returning

TOKENS = Tokens()
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
RATE_TOLD = re.compile(r"\b([A-Za-z]{2})\s*[:=]?\s*(\d{1,2}(?:[.,]\d{1,3})?)")
SENTENCES = {
    "invalid_grant": "eBay no longer accepts the authorisation, which is good for 18 months. Sign in at eBay's developer "
    "pages again and enter the new refresh token in the channel.",
    "invalid_client": "eBay does not know the client ID or its secret. Compare them with the application keys on eBay's "
    "developer pages.",
}
#: What belongs to the application and not to a seller.
OF_APPLICATION = tuple(f"{const.NOTIFICATION}/{what}" for what in ("public_key", "config", "destination", "topic"))


class Client(Notifying, PayingOut, Returning, RestClient):
    """One seller on one of eBay's sites.

    :param api_url: https://api.ebay.com, or https://api.sandbox.ebay.com to try it out.
    :param api_key: and ``api_secret``: of the application.
    :param api_token: the refresh token with which the seller authorised it, alone or with the key to sign with; see
        :func:`.signing.read_token`.
    :param site_ref: the marketplace, ``EBAY_DE``.
    :param account_ref: the VAT that is in the prices, where all goods have one rate: ``DE 19, AT 20``.
    :param now: the time of day.
    """

    label = const.LABEL

    def __init__(
        self,
        api_url: str,
        api_key: str,
        api_secret: str,
        api_token: str,
        site_ref: str,
        account_ref: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        **options: Any,
    ):
        super().__init__(api_url, **options)
        url = urlsplit(self.root)
        host = url.hostname or ""
        if not (url.scheme == "https" and host.endswith(const.HOST_SUFFIX)) and host not in LOOPBACK:
            raise Reject("The address of eBay is https://api.ebay.com. Correct it in the channel.")
        self.marketplace_id = site_ref.strip().upper()
        if self.marketplace_id not in const.MARKETPLACES:
            raise Reject("The marketplace is none of eBay's. Enter one in the channel, as EBAY_DE or EBAY_US.")
        try:
            token = signing.read_token(api_token)
        except ValueError:
            raise Reject(
                "The refresh token with its signing key cannot be read. Enter both in the channel again, as the help beside "
                "the field says."
            ) from None
        self.vat_rates = {country.upper(): rate.replace(",", ".") for country, rate in RATE_TOLD.findall(account_ref)}
        self.now = now
        self._signing_key = token.key
        self._app = HTTPBasicAuth(api_key.encode(), api_secret.encode())
        self._grants = {
            # Without scopes: the token is good for all that the seller has agreed to.
            "seller": {"grant_type": "refresh_token", "refresh_token": token.refresh_token},
            "application": {"grant_type": "client_credentials", "scope": const.APP_SCOPE},
        }
        self._keys = {
            who: Tokens.key(self.root, api_key, api_secret, who, grant.get("refresh_token", ""))
            for who, grant in self._grants.items()
        }

    # ---- Who we are ----

    def auth(self, request: Request) -> AuthBase:
        who = "application" if request.path.startswith(OF_APPLICATION) else "seller"
        scheme = "IAF" if request.path.startswith(const.POST_ORDER) else "Bearer"
        key = self._signing_key if _has_to_be_signed(request) else None
        return _Bearer(f"{scheme} {self._token(who)}", key, self.now)

    def address(self, request: Request) -> str:
        if request.path.startswith(const.FINANCES):
            return self.root.replace("//api.", "//apiz.", 1) + request.path
        return super().address(request)

    def headers(self, request: Request) -> Mapping[str, str]:
        headers = {
            "X-EBAY-C-MARKETPLACE-ID": self.marketplace_id,
            "Accept": "application/json",
            "Accept-Language": "en-US",
        }
        if request.path.endswith(render.REPLACE_ITEMS) and request.body:
            headers["Content-Language"] = request.body["requests"][0]["locale"].replace("_", "-")
        return headers

    def _token(self, who: str) -> str:
        """An access token; eBay gives one for two hours."""
        token = TOKENS.get(self._keys[who], self.clock())
        if token:
            return token
        answer = self.transfer("POST", self.root + const.TOKEN_PATH, data=self._grants[who], auth=self._app)
        said = answer.json if isinstance(answer.json, dict) else {}
        token = said.get("access_token")
        if answer.status == 200 and isinstance(token, str) and token:
            lifetime_s = said.get("expires_in")
            TOKENS.put(self._keys[who], token, lifetime_s if isinstance(lifetime_s, int) else 7200, self.clock())
            return token
        code = str(said.get("error", ""))[:40]
        if answer.status in (400, 401, 403) and code:
            default = f"eBay gives out no access ({code}). Check the client ID, the secret and the refresh token."
            raise Auth(SENTENCES.get(code, default), code)
        raise Retry(f"eBay gives out no access at the moment (HTTP {answer.status}).", answer.delay_s)

    def call(self, request: Request, operation: str = "", cost: float = 1.0) -> Answer:
        remembered = any(TOKENS.get(key, self.clock()) for key in self._keys.values())
        try:
            return super().call(request, operation, cost)
        except Auth as error:
            # A token may be withdrawn before its time. What is refused so has not been carried out. A missing permission
            # (403) would be missing from a new one as well.
            if not remembered or error.code in ("1100", *SENTENCES):
                raise
            for key in self._keys.values():
                TOKENS.drop(key)
            return self.call(request, operation, cost)

    def explain(self, answer: Answer) -> tuple[str, str]:
        return answers.errors(answer.json)

    def judge(self, answer: Answer) -> None:
        if answer.status >= 400:
            code, message = self.explain(answer)
            if answer.status == 404 and answer.json is not None:
                raise Gone(f"eBay does not know this (any more): {message[:200] or 404}", code)
            if code in const.SYSTEM_ERRORS:
                raise Retry(f"eBay is busy or down (HTTP {answer.status}).", answer.delay_s, code)
        return super().judge(answer)

    def check(self) -> Shop:
        """Whether we are let in, and which permissions the seller has not given."""
        found = self.send(render.probe_orders())
        seller = next((row.text("sellerId") for row in _object(found).rows("orders", "Order")), "")
        missing = []
        probes = {
            "sell.inventory": render.items_page("", limit=1),
            "commerce.notification.subscription": render.subscriptions(),
        }
        for scope, request in probes.items():
            try:
                self.send(request)
            except Auth:
                missing.append(scope)
            except Reject:
                continue
        site = const.MARKETPLACES[self.marketplace_id]
        warning = ""
        if site.signed and self._signing_key is None:
            warning = "Refunds and cancellations have to be done in Seller Hub: there is no signing key in the channel."
        return Shop(
            name=" ".join(filter(None, (seller, self.marketplace_id))),
            currency=site.currency,
            country=site.country,
            missing=tuple(missing),
            warning=warning,
        )

    def public_key(self, name: str) -> str:
        """The public key of that name with which eBay signs its notifications, as PEM."""
        told = _object(self.send(render.public_key(name))).text("key")
        if not told:
            raise Retry("eBay did not tell its public key.")
        return told

    # ---- Orders ----

    def orders_since(self, moment: datetime, cursor: str = "") -> Page:
        """Orders changed since ``moment``, oldest change first: a whole closed window of time a page.

        eBay counts pages and sorts by other things than the change. So a window is read to its end, again if something left
        it meanwhile (what changes moves into a later window), and sorted here. The cursor is the next window.

        :param cursor: ``<start>/<end of everything>``.
        """
        start, until = self._window(moment, cursor)
        end = until
        while True:
            orders = self._read_window(start, end)
            if orders is None:
                end = start + (end - start) / 2
                continue
            if orders or end >= until:
                break
            start, end = end, until
        cursor = f"{render.moment(end)}/{render.moment(until)}" if end < until else ""
        return Page(tuple(map(self._bytes, orders)), cursor, stable=True)

    def _window(self, moment: datetime, cursor: str) -> tuple[datetime, datetime]:
        now = self.now()
        start, until = moment.astimezone(timezone.utc), now
        if cursor:
            told = [Reader({"at": part}, "", []).moment("at") for part in cursor.split("/", 1)]
            if len(told) != 2 or not all(told):
                raise Reject("The place where reading was to go on is unreadable. Read the orders from the start.")
            start, until = told
        start = max(start, now - timedelta(days=const.HISTORY_DAYS))
        return start, max(start, until)

    def _read_window(self, start: datetime, end: datetime) -> list[Mapping[str, Any]] | None:
        """All orders that changed in a window; ``None`` if there are too many for one page of ours."""
        for _attempt in range(5):
            found: dict[str, Mapping[str, Any]] = {}
            offset, total = 0, None
            while True:
                answer = _object(self.send(render.orders_page(start, end, offset)))
                rows = answer.fields.get("orders") or []
                if not isinstance(rows, list):
                    raise Retry("eBay answered with something else than a list of orders.")
                counted = int(answer.number_or_none("total") or len(rows))
                if counted > const.WINDOW_ORDERS_MAX and (end - start).total_seconds() > const.WINDOW_MIN_S:
                    return None
                total = counted if total is None else total
                found |= {str(row.get("orderId")): row for row in rows if isinstance(row, dict)}
                offset += const.ORDERS_PER_PAGE
                if counted != total or not rows or offset >= total:
                    break
            if counted == total and len(found) >= total:
                return [self._whole(row) for row in sorted(found.values(), key=_changed)]
        raise Retry("eBay's list of orders changes faster than it can be read.", 60)

    def _whole(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """The order, read one by one where somebody wants it cancelled: a list does not say who and why."""
        state = Reader(order, "", []).nested("cancelStatus").text("cancelState").upper()
        if state == "IN_PROGRESS":
            with suppress(Gone):
                order = self._order(str(order.get("orderId")))
        return self.with_returns(order)

    def _order(self, order_ref: str) -> Mapping[str, Any]:
        found = self.send(render.order(order_ref))
        if not isinstance(found, dict) or "orderId" not in found:
            raise Retry("eBay answered with something else than an order.")
        return found

    def order(self, order_ref: str) -> bytes:
        return self._bytes(self.with_returns(self._order(order_ref)))

    def _bytes(self, order: Mapping[str, Any]) -> bytes:
        told = {**order, const.VAT_RATES_KEY: self.vat_rates} if self.vat_rates else order
        return json.dumps(told, separators=(",", ":")).encode()

    # ---- Listings, stock, prices ----

    def listings(self, cursor: str = "") -> ListingPage:
        """What is in eBay's inventory, with its offers on this site. Listings of Seller Hub that were never migrated are not
        among them.

        :param cursor: where eBay says that the next page begins.
        """
        answer = _object(self.send(render.items_page(cursor)))
        found = []
        for item in answer.rows("inventoryItems", "Item"):
            found += answers.listings(item, self._offers(item.text("sku")))
        following = parse_qs(urlsplit(answer.text("next")).query).get("offset", [""])[0]
        return ListingPage(tuple(found), following if following != cursor else "")

    def _offers(self, sku: str) -> list[Reader]:
        try:
            answer = _object(self.send(render.offers(sku, self.marketplace_id)))
        except Gone:
            return []  # an item without an offer is answered with 404
        return list(answer.rows("offers", "Offer"))

    def stock_levels(self, refs: Sequence[ListingRef]) -> Sequence[int | None]:
        skus = [sku for sku in dict.fromkeys(ref.sku for ref in refs) if sku]
        found = answers.quantities(self.send(render.items(skus))) if skus else {}
        return [found.get(ref.sku) for ref in refs]

    def push_stock(self, levels: Sequence[StockLevel]) -> Sequence[Result]:
        groups: dict[str, list[StockLevel]] = {}
        for level in levels:
            if level.ref.sku:
                groups.setdefault(level.ref.sku, []).append(level)
        told = [level for level in levels if level.ref.sku]
        results = iter(self._push(render.stock(groups), told) if groups else ())
        return [next(results) if level.ref.sku else Result("refused", const.MIGRATE) for level in levels]

    def push_prices(self, prices: Sequence[Price]) -> Sequence[Result]:
        wanted = [(price.ref.inventory_ref, price) for price in prices if price.ref.inventory_ref]
        results = iter(self._push(render.prices(wanted), [price for _id, price in wanted]) if wanted else ())
        return [next(results) if price.ref.inventory_ref else Result("refused", const.MIGRATE) for price in prices]

    def push_content(self, contents: Sequence[Content]) -> Sequence[Result]:
        """Titles, descriptions and pictures of inventory items. An item is replaced as a whole, with what it had a moment ago:
        a piece sold in between is counted down by eBay in the offer, and the next quantity that is told puts it right."""
        results: list[Result | None] = [None] * len(contents)
        by_sku: dict[str, int] = {}
        for index, content in enumerate(contents):
            if not content.ref.sku:
                results[index] = Result("refused", const.MIGRATE)
            elif any(not picture.address.startswith("https://") for picture in content.pictures or ()):
                results[index] = Result("refused", const.NO_HTTPS)
            else:
                by_sku[content.ref.sku] = index  # of the same twice, the last one told holds
        there = answers.items(self.send(render.items(list(by_sku)))) if by_sku else {}
        told = {sku: contents[index] for sku, index in by_sku.items() if sku in there}
        found = {sku: Result("refused", const.MIGRATE) for sku in by_sku if sku not in there}
        languages = {content.language for content in told.values()}
        for language in sorted(languages):
            some = {sku: content for sku, content in told.items() if content.language == language}
            try:
                answer = self.send(
                    render.replace_items([render.item(content, there[sku]) for sku, content in some.items()])
                )
            except Reject as error:
                if len(some) > 1:
                    raise
                found |= dict.fromkeys(some, Result("refused", str(error)))
            else:
                found |= dict(zip(some, answers.replaced(answer, list(some)), strict=True))
        return [result or found[content.ref.sku] for result, content in zip(results, contents, strict=True)]

    def _push(self, request: Request, items: Sequence[StockLevel | Price]) -> list[Result]:
        try:
            return answers.pushed(self.send(request), items)
        except Gone:
            return [Result("refused", const.MIGRATE)] * len(items)
        except Reject as error:
            if len(items) == 1:
                return [Result("refused", str(error))]
            raise

    # ---- What we tell about orders ----

    def ship(self, parcel: Parcel, repeat: bool = False) -> Result:
        """A parcel has left. Telling it twice would make two of it, and a clerk may have entered it in Seller Hub: look first."""
        try:
            request = render.shipment(parcel)
        except ValueError:
            return Result("refused", "eBay takes whole pieces only. Mark this parcel as sent in Seller Hub.")
        number = render.tracking_number(parcel)
        if number or repeat:
            known = self._shipment(parcel, number)
            if known:
                return Result("ok", reference=known)
        answer = self.call(request)
        reference = urlsplit(answer.headers.get("Location", "")).path.rstrip("/").rpartition("/")[2]
        return Result("ok", reference=reference or number or const.NO_NUMBER)

    def _shipment(self, parcel: Parcel, number: str) -> str:
        """eBay's id of a parcel that it knows already: by its number, else by its contents."""
        contents = {(item.line_ref, int(item.quantity)) for item in parcel.items}
        for row in _object(self.send(render.shipments(parcel.order_ref))).rows("fulfillments", "Parcel"):
            told = render.TRACKING_UNFIT.sub("", row.text("shipmentTrackingNumber"))
            if number and told.upper() == number.upper():
                return row.text("fulfillmentId") or number
            if not number and not told:
                held = {
                    (line.text("lineItemId"), int(line.number_or_none("quantity") or 1))
                    for line in row.rows("lineItems", "Line")
                }
                if held == contents:
                    return row.text("fulfillmentId") or const.NO_NUMBER
        return ""

    def cancel(self, cancellation: Cancellation, repeat: bool = False) -> Result:
        """Call off a whole order, or agree to the buyer's wish; safe to repeat, as the order tells how it stands."""
        payload = self._order(cancellation.order_ref)
        order = Reader(payload, "Order", [])
        status = order.nested("cancelStatus")
        state = status.text("cancelState").upper()
        if state == "CANCELED":
            return Result("ok")
        if order.text("orderFulfillmentStatus").upper() != "NOT_STARTED":
            return Result("refused", "eBay knows of a parcel of this order already. Refund it instead.")
        wanted = {item.line_ref: item.quantity for item in cancellation.items}
        rows = [(row.text("lineItemId"), row.number_or_none("quantity") or 1) for row in order.rows("lineItems", "")]
        if wanted and any(wanted.get(line_id, Decimal(0)) < quantity for line_id, quantity in rows):
            return Result("refused", "eBay takes the cancellation of whole orders only. Refund this part instead.")
        asked = [row for row in status.rows("cancelRequests", "Cancellation") if state == "IN_PROGRESS"]
        mine = [row for row in asked if row.text("cancelInitiator").upper() == "SELLER"]
        if mine:
            return Result("ok", reference=mine[0].text("cancelRequestId"))
        if self._must_sign():
            return Result("refused", const.UNSIGNED)
        if asked and (cancel_id := asked[0].text("cancelRequestId")):
            self.send(render.approve_cancellation(cancel_id))
            return Result("ok", reference=cancel_id)
        paid = parse.order(payload).payments
        legacy_id = order.text("legacyOrderId", "orderId")
        request = render.cancellation(cancellation, legacy_id, paid[0].paid_at if paid else None)
        return answers.cancelled(self.send(request))

    def refund(self, refund: Refund, repeat: bool = False) -> Result:
        """Have eBay pay money back.

        Nothing in it would tell eBay that it has come before. So a refund whose answer was lost is sent again only if the order
        shows none at all; else a person has to look.
        """
        if not refund.pay:
            return Result("ok", "eBay keeps no record of money that was paid back elsewhere.")
        try:
            request = render.refund(refund)
        except ValueError:
            return Result("refused", "There is nothing to pay back but tax, which eBay pays back by itself.")
        if self._must_sign():
            return Result("refused", const.UNSIGNED)
        if refund.return_ref and (paid := self.refund_return(refund)):
            return paid
        if repeat and self._refunds(refund.order_ref):
            return Result(
                "refused",
                "It is not certain whether eBay has got this refund. Look at the order in Seller Hub, and refund it there if "
                "it has not been.",
            )
        answer = _object(self.send(request))
        reference = f"{refund.order_ref}/{answer.text('refundId')}"
        return _outcome(answer.text("refundStatus"), reference)

    def _refunds(self, order_ref: str) -> dict[str, str]:
        """{id: status} of the refunds of an order, those of its lines with a made-up status."""
        order = Reader(self._order(order_ref), "Order", [])
        found = {
            row.text("refundId", "refundReferenceId"): row.text("refundStatus").upper()
            for row in order.nested("paymentSummary").rows("refunds", "Refund")
        }
        for line in order.rows("lineItems", "Line"):
            for row in line.rows("refunds", "Refund"):
                found.setdefault(row.text("refundId"), "REFUNDED" if row.text("refundDate") else "PENDING")
        return found

    def outcomes(self, references: Sequence[str]) -> Sequence[Result]:
        """What came of refunds, by ``<order>/<refund>``."""
        known: dict[str, dict[str, str]] = {}
        results = []
        for reference in references:
            order_ref, _slash, refund_id = reference.partition("/")
            if refund_id.startswith(const.RETURN_REFUND):
                results.append(self.outcome_of_return(refund_id.removeprefix(const.RETURN_REFUND), reference))
                continue
            if order_ref not in known:
                known[order_ref] = self._refunds(order_ref)
            results.append(_outcome(known[order_ref].get(refund_id, "PENDING"), reference))
        return results

    def outcome_of(self, status: str, reference: str) -> Result:
        return _outcome(status, reference)

    def _must_sign(self) -> bool:
        return const.MARKETPLACES[self.marketplace_id].signed and self._signing_key is None


class _Bearer(AuthBase):
    """Our token, and our signature where one is asked for: over the bytes that are really sent."""

    def __init__(self, authorization: str, key: signing.Key | None, now: Callable[[], datetime]):
        self.authorization, self.key, self.now = authorization, key, now

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self.authorization
        if self.key is not None:
            url = urlsplit(request.url)
            body = request.body or b""
            body = body.encode() if isinstance(body, str) else body
            created = int(self.now().timestamp())
            request.headers.update(signing.headers(self.key, request.method, url.path, url.netloc, body, created))
        return request


def _has_to_be_signed(request: Request) -> bool:
    """Whether it moves money, decides about it, or tells of it."""
    return request.path.startswith(const.FINANCES) or (
        request.method == "POST"
        and (request.path.endswith(("/issue_refund", "/decide")) or request.path.startswith(const.CANCELLATION))
    )


def _outcome(status: str, reference: str) -> Result:
    match status.upper():
        case "REFUNDED" | "SUCCESS":
            return Result("ok", reference=reference)
        case "FAILED":
            return Result(
                "refused",
                "eBay could not pay this back. Look at the order in Seller Hub, and refund it there.",
                reference,
            )
    return Result("pending", "eBay pays this back within some days.", reference)


def _changed(order: Mapping[str, Any]) -> datetime:
    return Reader(order, "", []).moment("lastModifiedDate") or EPOCH


def _object(answer: Any) -> Reader:
    if not isinstance(answer, dict):
        raise Retry("eBay answered with something else than was asked for.")
    return Reader(answer, "Answer", [])
