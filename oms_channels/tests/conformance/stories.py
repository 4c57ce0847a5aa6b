"""How each platform's shop is worked: who orders, changes, ships, cancels and refunds there, and how it tells us.

A new platform joins with a class of some fifty lines here; every behaviour is then tried on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar

from ...domain.adapter import Adapter, Client
from ...domain.outgoing import Item, Parcel, Refund
from ...platforms import PLATFORMS
from ...platforms.amazon import client as amazon_client
from ...platforms.amazon import const as amazon_const
from ...platforms.ebay import client as ebay_client
from ...platforms.ebay import const as ebay_const
from ...platforms.magento import access as magento_access
from ...platforms.magento import const as magento_const
from ...platforms.rest import Tokens
from ...platforms.shopify import const as shopify_const
from ...platforms.woocommerce import const as woocommerce_const
from ..contract import payloads
from ..servers import amazon, ebay, magento, rest_api, shopify, woocommerce
from ..servers.base import PlatformServer

START = datetime(2026, 11, 3, 12, tzinfo=timezone.utc)
SECRET = "correct horse & battery"
#: How small pages are made, so that few orders fill several.
FEW = 2


class Clock:
    """One time for the shop, the client and us; waiting moves it.

    :param start: the time of day at which it begins.
    """

    def __init__(self, start: datetime = START):
        self.start, self.seconds = start, 0.0

    def __call__(self) -> float:
        return 1000 + self.seconds

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def template(platform: str, case: str) -> dict[str, Any]:
    path = next(path for path in payloads(platform) if path.stem == case)
    return json.loads(path.read_bytes())


class Story:
    """One account of a platform, and everybody who works there.

    :param skew_s: how much the platform's clock is fast.
    """

    platform: ClassVar[str]
    #: (module, name, value): sizes of pages, while a story is told.
    sizes: ClassVar[tuple[tuple[Any, str, int], ...]] = ()
    #: Orders tell what was paid back.
    tells_refunds = True
    #: Orders can vanish.
    deletes = True
    #: What reads orders and what tells parcels, where each has a limit of its own.
    limits: ClassVar[Mapping[str, str]] = {}
    secret = SECRET

    def __init__(self, clock: Clock, skew_s: float = 0):
        self.clock = clock
        self.now = lambda: clock.now() + timedelta(seconds=skew_s)
        self.server: Any = self.open()
        self.numbers = iter(range(1, 10_000))
        #: How far returns and refunds were read, where they are told apart.
        self.read_until: dict[str, datetime] = {}
        self.refs: list[str] = []

    @property
    def adapter(self) -> Adapter:
        return PLATFORMS[self.platform]

    def open(self) -> PlatformServer:
        raise NotImplementedError

    def connect(self) -> Client:
        """A client as a process makes one that has just started."""
        raise NotImplementedError

    def columns(self) -> dict[str, str]:
        """What is entered in the channel to be connected with this account."""
        raise NotImplementedError

    def orders(self) -> Mapping[Any, dict[str, Any]]:
        """Id → order, as the platform has it."""
        return self.server.orders

    # ---- What happens there ----

    def place(self, **values: Any) -> str:
        """Somebody orders; the platform's id of the order."""
        ref = self.put(next(self.numbers), **values)
        self.refs.append(ref)
        return ref

    def put(self, number: int, **values: Any) -> str:
        raise NotImplementedError

    def edit(self, ref: str, text: str) -> None:
        """The shop changes something about an order."""
        raise NotImplementedError

    def cancel(self, ref: str) -> None:
        raise NotImplementedError

    def hand_over(self, ref: str) -> None:
        """The shop ships by itself."""
        raise NotImplementedError

    def delete(self, ref: str) -> None:
        raise NotImplementedError

    def pay_back(self, ref: str, key: str) -> None:
        """The shop's own people give some money back."""
        with self.calm():
            self.connect().refund(self.refund(ref, key))

    def take_back(self, ref: str) -> None:
        """The last refund is deleted in the shop."""
        raise NotImplementedError

    def lock_out(self) -> None:
        """Access that was given out is void; what can be had anew is had anew."""
        raise NotImplementedError

    @contextmanager
    def calm(self) -> Iterator[None]:
        """Nothing goes wrong meanwhile."""
        server = self.server
        faults, share = list(server._faults), server._share
        server._faults.clear()
        server._share = 0.0
        try:
            yield
        finally:
            server._share = share
            server._faults.extend(faults)

    # ---- What it tells, and what it is told ----

    def webhook(self, ref: str, secret: str = "") -> tuple[dict[str, str], bytes]:
        """(headers, body) of a delivery about an order as it is now. Only of platforms that send any."""
        raise NotImplementedError

    def told_deleted(self, ref: str) -> tuple[dict[str, str], bytes]:
        """… that it was deleted."""
        return self.webhook(ref)

    def lines(self, ref: str) -> list[tuple[str, Decimal]]:
        """(id, quantity) of what is to be delivered."""
        with self.calm():
            document = self.adapter.parse("order", self.connect().order(ref))
        return [(line.external_id, line.quantity) for line in document.lines if line.kind == "product"]

    def parcel(self, ref: str, key: str) -> Parcel:
        items = tuple(Item(line, quantity) for line, quantity in self.lines(ref))
        return Parcel(
            key, ref, items, START, carrier="DHL", carrier_name="DHL", tracking_number="00340434161094", last=True
        )

    def refund(self, ref: str, key: str) -> Refund:
        return Refund(key, ref, Decimal("1.00"), "EUR", reason="Scratched", pay=True)

    def parcels(self, ref: str) -> int:
        """How many parcels of an order the platform knows of."""
        raise NotImplementedError

    def refunds(self, ref: str) -> int:
        """How many times money went back."""
        raise NotImplementedError

    # ---- Returns, of platforms that have them ----

    def ask_back(self, ref: str) -> str:
        """The customer begins a return of one piece there; the platform's id of it."""
        raise NotImplementedError

    def end_return(self, ref: str, return_ref: str) -> None:
        """The return is over there."""
        raise NotImplementedError

    def approvals(self, return_ref: str) -> int:
        """How many times a return was agreed to."""
        raise NotImplementedError

    def pay_back_apart(self, ref: str) -> tuple[str, Decimal]:
        """Money goes back, which the order does not tell; (id, amount)."""
        raise NotImplementedError


class WooCommerceStory(Story):
    platform = "woocommerce"
    sizes = ((woocommerce_const, "PER_PAGE", FEW),)
    case = template("woocommerce", "two_vat_rates")

    def open(self):
        return woocommerce.WooCommerceServer(now=self.now)

    def connect(self):
        shop = self.server
        return self.adapter.client(
            shop.url, shop.key, shop.secret, timeout_s=5, clock=self.clock, sleep=self.clock.sleep
        )

    def columns(self):
        return {"api_url": self.server.url, "api_key": self.server.key, "api_secret": self.server.secret}

    def put(self, number, **values):
        order = {**deepcopy(self.case), "id": number, "number": str(number), **values}
        self.server.orders[number] = order
        self.server.change(number, date_created_gmt=_gmt(self.now()), date_paid_gmt=_gmt(self.now()))
        return str(number)

    def edit(self, ref, text):
        self.server.change(int(ref), customer_note=text)

    def cancel(self, ref):
        self.server.change(int(ref), status="cancelled")

    def hand_over(self, ref):
        self.server.change(int(ref), status="completed")

    def delete(self, ref):
        del self.server.orders[int(ref)]

    def take_back(self, ref):
        # It does not count as a change of the order: its date stays.
        order = self.server.orders[int(ref)]
        order["refunds"] = order["refunds"][:-1]
        self.server.refunds[int(ref)].pop()

    def lock_out(self):
        self.server.key, self.server.secret = "ck_another", "cs_another"

    def webhook(self, ref, secret=""):
        body = woocommerce._php_json(self.server.orders[int(ref)])
        return woocommerce.webhook_headers(body, "order.updated", secret or self.secret), body

    def told_deleted(self, ref):
        body = woocommerce._php_json({"id": int(ref)})
        return woocommerce.webhook_headers(body, "order.deleted", self.secret), body

    def parcels(self, ref):
        return len(self.server.notes.get(int(ref), []))

    def refunds(self, ref):
        return len(self.server.refunds.get(int(ref), []))


class ShopifyStory(Story):
    platform = "shopify"
    sizes = ((shopify_const, "ORDERS_PER_PAGE", FEW), (shopify_const, "LISTED_WITH_ORDER", 2))
    case = template("shopify", "two_rates_not_all_taxable")
    client_id = ("app-id", "app-secret")

    def open(self):
        return shopify.ShopifyServer(now=self.now, client=self.client_id, token="", per_s=1000)

    def connect(self):
        key, secret = self.client_id
        options = {"timeout_s": 5, "clock": self.clock, "sleep": self.clock.sleep}
        return self.adapter.client(self.server.url, api_key=key, api_secret=secret, **options)

    def columns(self):
        key, secret = self.client_id
        return {"api_url": self.server.url, "api_key": key, "api_secret": secret}

    def put(self, number, **values):
        order = deepcopy(self.case)
        ref = f"gid://shopify/Order/{number}"
        for index, row in enumerate(order["fulfillmentOrders"]["nodes"]):
            row["id"] = f"gid://shopify/FulfillmentOrder/{number}{index}"
        for row in order["transactions"]:
            row["id"] = f"gid://shopify/OrderTransaction/{number}"
        moment = shopify._moment(self.now())
        self.server.add({**order, "id": ref, "name": f"#{number}", "updatedAt": moment, **values})
        return ref

    def edit(self, ref, text):
        self.server.change(ref, note=text)

    def cancel(self, ref):
        self.server.change(ref, cancelledAt=shopify._moment(self.now()), cancelReason="CUSTOMER")

    def hand_over(self, ref):
        for group in self.server.groups[ref]:
            group["status"] = "CLOSED"
        self.server.change(ref, displayFulfillmentStatus="FULFILLED")

    def delete(self, ref):
        del self.server.orders[ref]

    def take_back(self, ref):
        order = self.server.orders[ref]
        *kept, gone = order["refunds"]
        lost = {row["id"] for row in gone["transactions"]["nodes"]}
        transactions = [row for row in order["transactions"] if row["id"] not in lost]
        self.server.change(ref, refunds=kept, transactions=transactions)

    def lock_out(self):
        self.server.revoke()

    def webhook(self, ref, secret=""):
        body = shopify.rest_body(self.server.orders.get(ref) or {"id": ref, "updatedAt": shopify._moment(self.now())})
        return shopify.webhook_headers(body, "orders/updated", secret or self.secret), body

    def refund(self, ref, key):
        return Refund(key, ref, Decimal("1.00"), "USD", reason="Scratched", pay=True)

    def parcels(self, ref):
        return len(self.server.shipments[ref])

    def refunds(self, ref):
        return len(self.server.orders[ref]["refunds"])

    def ask_back(self, ref):
        line = self.server.orders[ref]["lineItems"]["nodes"][0]["id"]
        made = self.server.ask_back(ref, {line: 1})
        self.server.change(ref)
        return made

    def end_return(self, ref, return_ref):
        self.server._known_return(return_ref)["status"] = "CLOSED"
        self.server._stand(self.server.orders[ref])
        self.server.change(ref)

    def approvals(self, return_ref):
        # The shop takes it once, and refuses it from then on.
        return 1 if self.server._known_return(return_ref)["status"] == "OPEN" else 0


class MagentoStory(Story):
    """A shop that Adobe runs, because its tokens end; one of one's own signs each request with keys that do not."""

    platform = "magento"
    sizes = ((magento_const, "PER_PAGE", FEW),)
    case = template("magento", "two_rates_prices_with_tax")

    def open(self):
        return magento.MagentoServer(now=self.now, prefix="/tenant/V1/")

    def connect(self):
        return self.adapter.client(
            **self.columns(),
            timeout_s=5,
            now=self.clock.now,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def columns(self):
        shop = self.server
        keys = {"api_key": shop.client_id, "api_secret": shop.client_secret, "api_token": ""}
        return {"api_url": f"{shop.url}/tenant/V1", "account_ref": "org@AdobeOrg", **keys}

    def put(self, number, **values):
        order = {**deepcopy(self.case), "entity_id": number, "increment_id": f"{number:09d}", **values}
        for row in order["_invoices"]:
            row |= {"entity_id": number * 10 + 1, "order_id": number}
        self.server.add(order)
        self.server.change(number)
        return str(number)

    def edit(self, ref, text):
        self.server.change(int(ref), customer_note=text)

    def cancel(self, ref):
        self.server.change(int(ref), state="canceled", status="canceled")

    def hand_over(self, ref):
        rows = deepcopy(self.server.orders[int(ref)]["items"])
        for row in rows:
            row["qty_shipped"] = row["qty_ordered"]
        self.server.change(int(ref), state="complete", status="complete", items=rows)

    def delete(self, ref):
        del self.server.orders[int(ref)]

    def take_back(self, ref):
        memos = [memo for memo in self.server.creditmemos if memo["order_id"] == int(ref)]
        self.server.creditmemos.remove(memos[-1])
        left = sum((memo["grand_total"] for memo in memos[:-1]), Decimal(0))
        self.server.change(int(ref), total_refunded=float(left))

    def lock_out(self):
        self.server.adobe_tokens.clear()

    def refund(self, ref, key):
        return Refund(key, ref, Decimal("1.00"), "EUR", reason="Scratched", pay=False)

    def parcels(self, ref):
        return len([row for row in self.server.shipments if row["order_id"] == int(ref)])

    def refunds(self, ref):
        return len([row for row in self.server.creditmemos if row["order_id"] == int(ref)])

    def ask_back(self, ref):
        return self.server.ask_back(ref)

    def end_return(self, ref, return_ref):
        self.server.returns[int(return_ref)]["status"] = "processed_closed"

    def approvals(self, return_ref):
        saved = [row for row in self.server.return_saves if str(row["entity_id"]) == return_ref]
        return len([row for row in saved if row["status"] == "authorized"])


class AmazonStory(Story):
    platform = "amazon"
    sizes = ((amazon_const, "PER_PAGE", FEW),)
    tells_refunds, deletes = False, False
    limits: ClassVar[Mapping[str, str]] = {"read": "searchOrders", "ship": "confirmShipment"}
    case = template("amazon", "de_two_vat_rates_prime")

    def open(self):
        plans = dict.fromkeys(amazon.USAGE_PLANS, (1000, 1000))
        return amazon.AmazonServer(plans=plans, clock=self.clock, now=self.now)

    def connect(self):
        options = {"timeout_s": 5, "now": self.clock.now, "clock": self.clock, "sleep": self.clock.sleep}
        return self.adapter.client(self.server.url, *self.server.credentials, **options)

    def columns(self):
        names = ("api_key", "api_secret", "api_token", "account_ref", "site_ref")
        return {"api_url": self.server.url, **dict(zip(names, self.server.credentials, strict=True))}

    def put(self, number, **values):
        ref = f"301-5500001-{number:07d}"
        self.server.orders[ref] = {**deepcopy(self.case), "orderId": ref, **values}
        self.server.change(ref)
        return ref

    def edit(self, ref, text):
        fulfillment = deepcopy(self.server.orders[ref]["fulfillment"])
        day = 5 + sum(text.encode()) % 20
        fulfillment["shipByWindow"] = {"latestDateTime": f"2026-11-{day:02d}T22:59:59Z"}
        self.server.change(ref, fulfillment=fulfillment)

    def cancel(self, ref):
        fulfillment = {**self.server.orders[ref]["fulfillment"], "fulfillmentStatus": "CANCELLED"}
        self.server.change(ref, fulfillment=fulfillment)

    def hand_over(self, ref):
        fulfillment = {**self.server.orders[ref]["fulfillment"], "fulfillmentStatus": "SHIPPED"}
        self.server.change(ref, fulfillment=fulfillment)

    def lock_out(self):
        self.server.withdraw_tokens()

    def webhook(self, ref, secret=""):
        body = amazon.order_change(self.server.orders[ref])
        told = json.loads(body)
        # Each change is told of under a number of its own.
        told["NotificationMetadata"]["NotificationId"] += self.server.orders[ref]["lastUpdatedTime"]
        body = json.dumps(told).encode()
        return amazon.forwarded_headers(body, secret or self.secret), body

    def parcels(self, ref):
        return len(self.server.orders[ref].get("packages", []))

    def refunds(self, ref):
        return len(self.server.feeds)

    def ask_back(self, ref):
        item = self.server.orders[ref]["orderItems"][0]
        return self.server.ask_back(ref, item["product"]["sellerSku"])

    def end_return(self, ref, return_ref):
        row = next(row for row in self.server.returns if row["Amazon RMA ID"] == return_ref)
        row["Return request status"] = "Completed"

    def pay_back_apart(self, ref):
        item = self.server.orders[ref]["orderItems"][0]
        number = self.server.pay_back(ref, item["product"]["sellerSku"], goods="10.50", tax="2.00", commission="1.10")
        return number, Decimal("12.50")


class EbayStory(Story):
    platform = "ebay"
    sizes = ((ebay_const, "ORDERS_PER_PAGE", FEW), (ebay_const, "WINDOW_ORDERS_MAX", 3))
    deletes = False
    secret = ebay.webhook_secret()
    case = template("ebay", "de_vat_not_told")

    def open(self):
        return ebay.EbayServer(clock=self.clock, now=self.now, signed=True)

    def connect(self):
        client_id, secret, _token, site = self.server.credentials
        options = {"timeout_s": 5, "now": self.clock.now, "clock": self.clock, "sleep": self.clock.sleep}
        return self.adapter.client(self.server.url, client_id, secret, self.server.token_with_key, site, **options)

    def columns(self):
        client_id, secret, _token, site = self.server.credentials
        keys = {"api_key": client_id, "api_secret": secret, "api_token": self.server.token_with_key}
        return {"api_url": self.server.url, "site_ref": site, **keys}

    def put(self, number, **values):
        ref = f"12-{number:05d}-79013"
        self.server.orders[ref] = {**deepcopy(self.case), "orderId": ref, "legacyOrderId": f"{ref}!0", **values}
        self.server.change(ref)
        return ref

    def edit(self, ref, text):
        self.server.change(ref, buyerCheckoutNotes=text)

    def cancel(self, ref):
        self.server.change(ref, cancelStatus={"cancelState": "CANCELED", "cancelRequests": []})

    def hand_over(self, ref):
        self.server.change(ref, orderFulfillmentStatus="FULFILLED")

    def pay_back(self, ref, key):
        result = super().pay_back(ref, key)
        self.server.pay_out(self.server.refunds[-1]["id"])
        return result

    def take_back(self, ref):
        summary = deepcopy(self.server.orders[ref]["paymentSummary"])
        summary["refunds"].pop()
        self.server.change(ref, paymentSummary=summary)

    def lock_out(self):
        self.server.expire_tokens()

    def webhook(self, ref, secret=""):
        number = f"{ref}_{self.server.orders[ref]['lastModifiedDate']}"
        body = ebay.notification("ORDER_CONFIRMATION", {"order": {"orderId": ref}}, number)
        return ebay.webhook_headers(body, secret or "eBay"), body

    def parcels(self, ref):
        return len(self.server.shipments.get(ref, []))

    def refunds(self, ref):
        return len([row for row in self.server.refunds if row["order"] == ref])

    def ask_back(self, ref):
        return self.server.ask_back(ref)

    def end_return(self, ref, return_ref):
        self.server.settle_return(return_ref)

    def approvals(self, return_ref):
        return self.server.return_steps.count((return_ref, "APPROVE", {"decision": "APPROVE"}))


class AppStory(Story):
    """An app that keeps the documented API."""

    platform = "rest_api"
    case = template("rest_api", "app_everything")

    def open(self):
        # Wide, because a client cannot know that the app's clock is wrong; the documentation says five minutes.
        return rest_api.AppServer(now=self.now, window_s=3600)

    def connect(self):
        app = self.server
        options = {"timeout_s": 5, "clock": self.clock, "sleep": self.clock.sleep}
        return self.adapter.client(
            app.events_url, app.secret, app.url, wall=lambda: self.clock.now().timestamp(), **options
        )

    def columns(self):
        return {"api_url": self.server.events_url, "api_secret": self.server.secret, "account_ref": self.server.url}

    def put(self, number, **values):
        ref = f"A-{number}"
        order = {**deepcopy(self.case), "id": ref, "number": str(number), "refunds": [], "returns": [], **values}
        order.pop("cancel_requested", None)  # nobody has asked for that: it would be called off at once
        self.server.orders[ref] = {**order, "ordered_at": _gmt(self.now()) + "Z"}
        self.change(ref)
        return ref

    def change(self, ref, **values):
        self.server.orders[ref] |= {**values, "updated_at": _gmt(self.now()) + "Z"}

    def edit(self, ref, text):
        self.change(ref, note=text)

    def cancel(self, ref):
        self.change(ref, status="cancelled")

    def hand_over(self, ref):
        self.change(ref, status="fulfilled")

    def delete(self, ref):
        self.gone = self.server.orders.pop(ref)

    def pay_back(self, ref, key):
        self.change(ref, refunds=[*self.server.orders[ref]["refunds"], {"id": key, "amount": "1.00"}])

    def take_back(self, ref):
        self.change(ref, refunds=self.server.orders[ref]["refunds"][:-1])

    def lock_out(self):
        self.server.secret += "-changed"

    def webhook(self, ref, secret=""):
        body = self.server.dump(self.server.orders[ref])
        return rest_api.webhook_headers(body, secret or self.secret), body

    def told_deleted(self, ref):
        body = self.server.dump({**self.gone, "status": "cancelled", "updated_at": _gmt(self.now()) + "Z"})
        return rest_api.webhook_headers(body, self.secret), body

    def parcels(self, ref):
        return len([event for event in self.server.events("shipment.created") if event["data"]["order_id"] == ref])

    def refunds(self, ref):
        return len([event for event in self.server.events("refund.created") if event["data"]["order_id"] == ref])

    def ask_back(self, ref):
        line = self.server.orders[ref]["lines"][0]["id"]
        row = {
            "id": f"{ref}-R1",
            "status": "requested",
            "lines": [{"line_id": line, "quantity": "1", "reason": "unwanted"}],
        }
        self.change(ref, returns=[row])
        return row["id"]

    def end_return(self, ref, return_ref):
        [row] = self.server.orders[ref]["returns"]
        self.change(ref, returns=[{**row, "status": "closed"}])

    def approvals(self, return_ref):
        events = self.server.events("return.changed")
        return len([event for event in events if event["data"]["return_id"] == return_ref])


STORIES: dict[str, type[Story]] = {
    story.platform: story for story in (WooCommerceStory, ShopifyStory, MagentoStory, AmazonStory, EbayStory, AppStory)
}


def forget_tokens() -> None:
    """As a new process: what was kept in memory only is gone."""
    amazon_client.TOKENS = Tokens()
    ebay_client.TOKENS = Tokens()
    magento_access.TOKENS = Tokens()


def _gmt(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
