"""Talks to Amazon; what is about feeds is in :mod:`.feeds`. No other file of this platform knows HTTP."""

from __future__ import annotations

import json
import random
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

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
from ...domain.throttle import Bucket
from ..rest import Answer, RestClient, Tokens
from . import answers, const, parse, render
from .feeds import LOOPBACK, as_object
from .finances import Finances
from .returning import Returning
from .settlements import Settlements

#: An offer, and what is to change of it.
Patches = tuple[ListingRef, Sequence[Mapping[str, Any]]]
TOKENS = Tokens()
SEARCH = "searchOrders"
USER_AGENT = "OMS/19.0 (Language=Python)"
SENTENCES = {
    "invalid_grant": "Amazon no longer accepts the authorisation. Authorise the application again in Seller Central and "
    "enter the new refresh token in the channel.",
    "invalid_client": "Amazon does not know the client ID or its secret; secrets expire after 180 days. Enter the present "
    "ones in the channel.",
}


@dataclass(slots=True)
class Account:
    """What is left of the calls of one account, each operation for itself.

    :ivar refusals: operation → how often in a row Amazon refused it.
    """

    buckets: dict[str, Bucket]
    held: dict[str, float] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)


class _Accounts:
    """All accounts that this process talks to: Amazon counts by account and operation, whoever of us asks."""

    MAX = 1000

    def __init__(self):
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str, now: float) -> Account:
        with self._lock:
            if key not in self._accounts:
                rates = const.RATES.items()
                self._accounts[key] = Account(
                    {name: Bucket(burst, per_s, burst, now) for name, (burst, per_s) in rates}
                )
            self._accounts.move_to_end(key)
            while len(self._accounts) > self.MAX:
                self._accounts.popitem(last=False)
            return self._accounts[key]


ACCOUNTS = _Accounts()


class Client(Finances, Returning, Settlements, RestClient):
    """One seller in the marketplaces of one region.

    :param api_url: endpoint of the region.
    :param api_key: and ``api_secret``: of the application (Login with Amazon).
    :param api_token: the refresh token with which the seller authorised it.
    :param account_ref: the seller's id.
    :param site_ref: ids of marketplaces, separated by commas; the first is the main one.
    :param now: the time of day.
    :param chance: a number from 0 to 1, another one each time.
    """

    label = const.LABEL
    limits_apart = True

    def __init__(
        self,
        api_url: str,
        api_key: str,
        api_secret: str,
        api_token: str,
        account_ref: str,
        site_ref: str,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        chance: Callable[[], float] = random.random,
        **options: Any,
    ):
        super().__init__(api_url, **options)
        self.chance = chance
        url = urlsplit(self.root)
        if url.scheme != "https" and url.hostname not in LOOPBACK:
            raise Reject("The endpoint of Amazon must begin with https://. Correct it in the channel.")
        self.seller_id = account_ref.strip()
        self.marketplace_ids = tuple(filter(None, (part.strip() for part in site_ref.split(","))))
        if not self.seller_id or not self.marketplace_ids:
            raise Reject("The seller ID or the marketplace IDs are missing. Enter them in the channel.")
        self.now = now
        is_amazon = (url.hostname or "").endswith(const.AMAZON_SUFFIX)
        self.token_url = const.TOKEN_URL if is_amazon else f"{url.scheme}://{url.netloc}{const.TOKEN_PATH}"
        self._grant = {
            "grant_type": "refresh_token",
            "refresh_token": api_token,
            "client_id": api_key,
            "client_secret": api_secret,
        }
        #: Pages of orders that were asked for in this go.
        self._searches = 0
        #: The time of day that the last answer told.
        self._their_time: datetime | None = None
        self._key = Tokens.key(self.root, api_key, api_secret, api_token)
        account = ACCOUNTS.get(self._key, self.clock())
        self.buckets, self.held, self._refusals = account.buckets, account.held, account.refusals

    # ---- Who we are, and how often we may ask ----

    def headers(self, request: Request) -> Mapping[str, str]:
        return {"x-amz-access-token": self._token(), "User-Agent": USER_AGENT, "Accept": "application/json"}

    def _token(self) -> str:
        """An access token; Amazon gives one for an hour."""
        token = TOKENS.get(self._key, self.clock())
        if token:
            return token
        answer = self.transfer("POST", self.token_url, data=self._grant, headers={"User-Agent": USER_AGENT})
        said = answer.json if isinstance(answer.json, dict) else {}
        token = said.get("access_token")
        if answer.status == 200 and isinstance(token, str) and token:
            lifetime_s = said.get("expires_in")
            TOKENS.put(self._key, token, lifetime_s if isinstance(lifetime_s, int) else 3600, self.clock())
            return token
        code = str(said.get("error", ""))
        if answer.status in (400, 401, 403) and code:
            default = (
                f"Amazon gives out no access ({code[:40]}). Check the client ID, the secret and the refresh token."
            )
            raise Auth(SENTENCES.get(code, default), code)
        raise Retry(f"Amazon gives out no access at the moment (HTTP {answer.status}).", answer.delay_s)

    def call(self, request: Request, operation: str = "", cost: float = 1.0) -> Answer:
        remembered = bool(TOKENS.get(self._key, self.clock()))
        try:
            return super().call(request, operation, cost)
        except Auth:
            # A token may be withdrawn before its hour is over. What is refused so has not been carried out.
            if not remembered:
                raise
            TOKENS.drop(self._key)
            return self.call(request, operation, cost)
        except Retry as error:
            if error.code != const.QUOTA_EXCEEDED or operation not in self.buckets:
                raise
            # Seldom does Amazon say when to come back, but how fast a call grows back. It counts what others ask as well.
            wait_s = max(error.delay_s or 0.0, self._back_off_s(operation), self.wait_s(operation, cost))
            self.hold({operation: wait_s})
            raise Retry(f"Amazon lets us ask again in {round(wait_s)} s.", wait_s, error.code, operation) from None

    def _back_off_s(self, operation: str) -> float:
        """How long to leave an operation alone that was refused so often in a row."""
        doubled = const.BACK_OFF_S * 2 ** min(self._refusals.get(operation, 1) - 1, 20)
        return min(doubled, const.BACK_OFF_MAX_S) * (1 + const.BACK_OFF_JITTER * self.chance())

    def learn(self, operation: str, answer: Answer) -> None:
        self._their_time = _moment(answer.headers.get("Date", ""))
        bucket = self.buckets.get(operation)
        if bucket is None:
            return
        try:
            per_s = float(answer.headers.get("x-amzn-RateLimit-Limit", "")[:12])
        except ValueError:
            per_s = 0.0
        per_s = per_s if 0 < per_s < 10_000 else 0.0
        if answer.status == 429:
            self._refusals[operation] = self._refusals.get(operation, 0) + 1
        else:
            self._refusals.pop(operation, None)
        empty = 0.0 if answer.status == 429 else None
        if per_s or empty is not None:
            self.buckets[operation] = bucket.learn(self.clock(), available=empty, per_s=per_s)

    def explain(self, answer: Answer) -> tuple[str, str]:
        errors = answer.json.get("errors") if isinstance(answer.json, dict) else None
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        details = str(first.get("details") or "")
        return str(first.get("code", "")), f"{first.get('message', '')}{f' ({details})' if details else ''}"

    def judge(self, answer: Answer) -> None:
        if answer.status == 404:
            code, message = self.explain(answer)
            raise Gone(f"Amazon does not know this (any more): {message[:200] or 404}", code)
        return super().judge(answer)

    def check(self) -> Shop:
        """Whether we are let in, and which of the channel's marketplaces are not open to us."""
        found = self.send(render.marketplaces(), "getMarketplaceParticipations")
        return answers.shop(found, self.seller_id, self.marketplace_ids)

    # ---- Orders ----

    def orders_since(self, moment: datetime, cursor: str = "") -> Page:
        """Orders changed since ``moment``, until about two minutes ago.

        A page is all that changed from one moment to another: nobody says in which order Amazon lists changes, and a
        reader that went on from the newest of half a list would miss the rest. Where that is too much for one go, the page
        ends earlier.

        :param cursor: where the next page begins, and how many seconds it lasts.
        """
        try:
            return self._orders_until(self.now(), moment, cursor)
        except Reject:
            # What we take for two minutes ago is the future to Amazon if our clock is fast: then its own time counts.
            if not self.is_clock_fast():
                raise
            return self._orders_until(self._their_time, moment, cursor)

    def is_clock_fast(self) -> bool:
        """Whether our clock is ahead of Amazon's, as its last answer tells."""
        their = self._their_time
        return their is not None and self.now() - their >= timedelta(seconds=const.CLOCK_FAST_S)

    def _orders_until(self, now: datetime, moment: datetime, cursor: str) -> Page:
        self._searches = 0
        edge = (now - timedelta(seconds=const.LAG_S)).replace(microsecond=0)
        start, _bar, length = cursor.partition("|")
        after = datetime.fromisoformat(start) if start else moment.astimezone(timezone.utc)
        if after > edge:
            return Page(())
        before = min(edge, after + timedelta(seconds=int(length))) if length else edge
        for _shrink in range(const.WINDOW_SHRINKS):
            orders = self._window(after, before, const.WINDOW_PAGES_MAX)
            if orders is not None:
                break
            seconds = int((before - after).total_seconds()) // 8
            if seconds < 1:
                orders = self._window(after, before, 1000)
                break
            before = after + timedelta(seconds=seconds)
        else:
            orders = self._window(after, before, 1000)
        orders = sorted((orders or {}).values(), key=lambda order: str(order.get("lastUpdatedTime", "")))
        length_s = max(int((before - after).total_seconds()), 1)
        more = f"{before.isoformat()}|{length_s}" if before < edge else ""
        return Page(tuple(map(_bytes, orders)), more, stable=True)

    def _window(self, after: datetime, before: datetime, pages_max: int) -> dict[str, dict[str, Any]] | None:
        """Order id → order, of all that changed between two moments; ``None`` if there are more pages than allowed."""
        found: dict[str, dict[str, Any]] = {}
        token, tokens = "", set()
        for page in range(pages_max + 1):
            if page == pages_max:
                return None
            answer = self._search(render.orders_page(after, before, self.marketplace_ids, token))
            if not isinstance(answer, dict) or not isinstance(answer.get("orders"), list):
                raise Retry("Amazon answered with something else than a list of orders.")
            for order in answer["orders"]:
                if isinstance(order, dict):
                    # A page may come twice; of two states of an order the newer one counts.
                    known = found.get(str(order.get("orderId")))
                    if not known or str(order.get("lastUpdatedTime")) >= str(known.get("lastUpdatedTime")):
                        found[str(order.get("orderId"))] = order
            pagination = answer.get("pagination")
            token = str(pagination.get("nextToken") or "") if isinstance(pagination, dict) else ""
            if not token or token in tokens:
                break
            tokens.add(token)
        return found

    def _search(self, request: Request) -> Any:
        """A page of orders. Half of a window is thrown away; so where the limit ends in it, the next attempt begins when there is
        one call more than this one has had, and gets further."""
        try:
            answer = self.send(request, SEARCH)
        except Retry as error:
            if error.operation and self._searches:
                wait_s = max(error.delay_s or 0.0, self.wait_s(SEARCH, self._searches + 1))
                self.hold({SEARCH: wait_s})
                raise Retry(f"Amazon lets us ask again in {round(wait_s)} s.", wait_s, error.code, SEARCH) from None
            raise
        self._searches += 1
        return answer

    def order(self, order_ref: str) -> bytes:
        """One order as it is now. Raises :class:`Gone` if Amazon has none."""
        return _bytes(self._order(order_ref))

    def _order(self, order_ref: str) -> dict[str, Any]:
        answer = self.send(render.order(order_ref), "getOrder")
        order = answer.get("order") if isinstance(answer, dict) else None
        if not isinstance(order, dict):
            raise Retry("Amazon answered with something else than an order.")
        return order

    # ---- Listings ----

    def listings(self, cursor: str = "") -> ListingPage:
        """What is offered, marketplace by marketplace. Places are marketplaces; the main one has none."""
        state = json.loads(cursor) if cursor else {"marketplace": 0, "after": "", "seen": 0, "token": "", "last": ""}
        index = state["marketplace"]
        marketplace_id = self.marketplace_ids[index]
        request = render.listings_page(self.seller_id, marketplace_id, state["after"], state["token"])
        answer = as_object(self.send(request, "searchListingsItems"))
        rows = list(answer.rows("items", "Item"))
        place = "" if index == 0 else marketplace_id
        found = [item for row in rows if (item := answers.listing(row, marketplace_id, place))]
        created = [row.text("createdDate") for item in rows for row in item.rows("summaries", "Summary")]
        state["seen"] += len(rows)
        state["last"] = max([state["last"], *created])
        state["token"] = answer.nested("pagination").text("nextToken")
        if state["token"]:
            return ListingPage(tuple(found), json.dumps(state))
        if state["seen"] < (answer.number_or_none("numberOfResults") or 0) and state["last"] > state["after"]:
            # A search gives out a thousand at most: look again, from the last one on.
            state.update(after=state["last"], seen=0)
            return ListingPage(tuple(found), json.dumps(state))
        if index + 1 < len(self.marketplace_ids):
            state = {"marketplace": index + 1, "after": "", "seen": 0, "token": "", "last": ""}
            return ListingPage(tuple(found), json.dumps(state))
        return ListingPage(tuple(found))

    def stock_levels(self, refs: Sequence[ListingRef]) -> Sequence[int | None]:
        """What Amazon thinks there is; ``None`` for what it does not know and for what lies in its own warehouses."""
        skus = list(dict.fromkeys(ref.sku or ref.external_id for ref in refs))
        # A comma separates; what holds one has to be asked for alone.
        several = [sku for sku in skus if "," not in sku]
        found: dict[str, int | None] = {}
        for start in range(0, len(several), const.LISTINGS_PER_PAGE):
            some = several[start : start + const.LISTINGS_PER_PAGE]
            request = render.listings_by_sku(self.seller_id, self.marketplace_ids[0], some)
            answer = as_object(self.send(request, "searchListingsItems"))
            found |= answers.quantities(list(answer.rows("items", "Item")))
        for sku in set(skus) - set(several):
            try:
                request = render.listing(self.seller_id, self.marketplace_ids[0], sku)
                found |= answers.quantities([as_object(self.send(request, "getListingsItem"))])
            except Gone:
                continue
        return [found.get(ref.sku or ref.external_id) for ref in refs]

    def push_stock(self, levels: Sequence[StockLevel]) -> Sequence[Result]:
        """Few quantities are told one by one, many in a feed: those are ``pending``, see :meth:`outcomes`."""
        refused = "Amazon keeps the stock of this listing itself. Take it out of the stock that is sent."
        return self._push(
            [
                refused
                if level.ref.inventory_ref.startswith(const.AMAZON_STOCK_PREFIX)
                else (level.ref, [render.stock_patch(level)])
                for level in levels
            ]
        )

    def push_prices(self, prices: Sequence[Price]) -> Sequence[Result]:
        """As :meth:`push_stock`."""
        return self._push([(price.ref, [render.price_patch(price, self._marketplace(price.ref))]) for price in prices])

    def push_content(self, contents: Sequence[Content]) -> Sequence[Result]:
        """As :meth:`push_stock`. What Amazon lets nobody but the brand's owner say it refuses, with its reason."""
        return self._push(
            [
                const.NO_HTTPS
                if any(not picture.address.startswith("https://") for picture in content.pictures or ())
                else (content.ref, render.content_patches(content, self._marketplace(content.ref)))
                for content in contents
            ]
        )

    def _marketplace(self, ref: ListingRef) -> str:
        return ref.location_ref or self.marketplace_ids[0]

    def _push(self, changes: Sequence[str | Patches]) -> list[Result]:
        """:param changes: each as (offer, its patches), or why there are none."""
        results = [Result("refused", change) if isinstance(change, str) else None for change in changes]
        wanted = {index: change for index, change in enumerate(changes) if not isinstance(change, str)}
        push = self._patch_each if len(wanted) <= const.PATCHES_MAX else self._push_feed
        for index, result in push(wanted).items():
            results[index] = result
        return [result or Result("retry") for result in results]

    def _patch_each(self, changes: Mapping[int, Patches]) -> dict[int, Result]:
        results: dict[int, Result] = {}
        for index, (ref, patches) in changes.items():
            request = render.patch(self.seller_id, self._marketplace(ref), ref, patches)
            try:
                results[index] = answers.patched(self.send(request, "patchListingsItem"))
            except Retry as error:
                # The others would meet the same; what was done is done.
                rest = Result("retry", str(error))
                return {**dict.fromkeys(changes, rest), **results} if results else _raise(error)
            except Reject as error:
                results[index] = Result("refused", str(error), gone=isinstance(error, Gone))
        return results

    def _push_feed(self, changes: Mapping[int, Patches]) -> dict[int, Result]:
        results: dict[int, Result] = {}
        by_marketplace: dict[str, list[int]] = {}
        for index, (ref, _patches) in changes.items():
            by_marketplace.setdefault(self._marketplace(ref), []).append(index)
        for marketplace_id, indexes in by_marketplace.items():
            document = render.listings_feed(self.seller_id, [changes[index] for index in indexes])
            try:
                feed_id = self.submit(const.FEED_LISTINGS, marketplace_id, const.CONTENT_JSON, document)
            except Retry as error:
                if not results:
                    raise
                results |= dict.fromkeys(indexes, Result("retry", str(error)))
                continue
            message = "Amazon works this off within minutes."
            results |= {
                index: Result("pending", message, f"{feed_id}/{number}") for number, index in enumerate(indexes, 1)
            }
        return results

    # ---- What we tell about orders ----

    def ship(self, parcel: Parcel, repeat: bool = False) -> Result:
        """A parcel has left. Before it is told again, look whether Amazon has it."""
        marketplace_id = self.marketplace_ids[0]
        if repeat or len(self.marketplace_ids) > 1:
            order = Reader(self._order(parcel.order_ref), "Order", [])
            for package in order.rows("packages", "Parcel"):
                if package.text("packageReferenceId") == str(parcel.number):
                    return Result("ok", reference=str(parcel.number))
            marketplace_id = order.nested("salesChannel").text("marketplaceId") or marketplace_id
        try:
            request = render.shipment(parcel, marketplace_id)
        except ValueError:
            return Result("refused", "Amazon takes whole pieces only. Confirm this parcel in Seller Central.")
        self.call(request, "confirmShipment")
        return Result("ok", reference=str(parcel.number))

    def cancel(self, cancellation: Cancellation, repeat: bool = False) -> Result:
        """Call off a whole order; safe to repeat, as what is cancelled is not cancelled again."""
        order = Reader(self._order(cancellation.order_ref), "Order", [])
        status = order.nested("fulfillment").text("fulfillmentStatus").upper()
        if status == "CANCELLED":
            return Result("ok")
        if status in ("SHIPPED", "PARTIALLY_SHIPPED"):
            return Result("refused", "Amazon knows of a parcel of this order already. Refund it instead.")
        wanted = {
            row.text("orderItemId"): row.number_or_none("quantityOrdered") or Decimal(0)
            for row in order.rows("orderItems", "Item")
        }
        wanted = {item_id: quantity for item_id, quantity in wanted.items() if quantity > 0}
        named = {item.line_ref: item.quantity for item in cancellation.items}
        if named and any(named.get(item_id, 0) < quantity for item_id, quantity in wanted.items()):
            sentence = "Amazon takes the cancellation of whole orders only. Cancel this part in Seller Central."
            return Result("refused", sentence)
        document = render.cancellation_feed(self.seller_id, cancellation, wanted)
        return self._submit_order(const.FEED_CANCEL, order, document)

    def refund(self, refund: Refund, repeat: bool = False) -> Result:
        """Have Amazon pay money back.

        Nothing in it would tell Amazon that it has come before, and orders do not show their refunds. So a refund whose
        answer was lost is sent again only if Amazon has got none at all lately; else a person has to look.
        """
        if not refund.pay:
            return Result("ok", "Amazon keeps no record of money that was paid back elsewhere.")
        if repeat and self._had_refunds():
            return Result(
                "refused",
                "It is not certain whether Amazon has got this refund. Look at the order in Seller Central, and refund it "
                "there if it has not been.",
            )
        payload = self._order(refund.order_ref)
        marketplace = const.MARKETPLACES.get(
            Reader(payload, "", []).nested("salesChannel").text("marketplaceId"), const.Marketplace("", "", False)
        )
        step = Decimal(1).scaleb(-const.DECIMALS.get(refund.currency, const.DECIMALS_DEFAULT))
        try:
            amounts = render.adjustments(refund, parse.order(payload), marketplace.tax_included, step)
        except ValueError as error:
            return Result("refused", str(error))
        returned = any(item.quantity for item in refund.items)
        document = render.refund_feed(self.seller_id, refund.order_ref, refund.currency, amounts, returned)
        return self._submit_order(const.FEED_REFUND, Reader(payload, "Order", []), document)

    def _had_refunds(self) -> bool:
        since = self.now() - timedelta(seconds=const.REFUND_LOOKBACK_S)
        answer = as_object(self.send(render.feeds_since(const.FEED_REFUND, since), "getFeeds"))
        return any(True for _feed in answer.rows("feeds", "Feed"))

    def _submit_order(self, feed_type: str, order: Reader, document: bytes) -> Result:
        marketplace_id = order.nested("salesChannel").text("marketplaceId") or self.marketplace_ids[0]
        feed_id = self.submit(feed_type, marketplace_id, const.CONTENT_XML, document)
        return Result("pending", "Amazon works this off within minutes.", f"{feed_id}/1")


def _bytes(order: Any) -> bytes:
    return json.dumps(order, separators=(",", ":")).encode()


def _moment(text: str) -> datetime | None:
    """The moment in a header ``Date``; ``None`` if there is none."""
    try:
        return parsedate_to_datetime(text).astimezone(timezone.utc)
    except (TypeError, ValueError):
        return None


def _raise(error: Exception) -> Any:
    raise error
