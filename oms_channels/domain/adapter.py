"""What a sales platform is to the rest of the system: a handful of pure functions and one client.

The models know nothing but this interface; everything that is peculiar to a platform stays in its folder under
``platforms/``. A new platform is a new folder, a line in the registry, a folder of payloads and a ten-line test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from odoo.addons.oms_core.domain.documents import CancelDoc, OrderDoc

from .outgoing import (
    Cancellation,
    Capture,
    Content,
    ListingPage,
    ListingRef,
    Parcel,
    Price,
    Rate,
    Refund,
    Result,
    ReturnStep,
    Shop,
    Standing,
    StockLevel,
)
from .settlement import PayoutDoc

#: What a delivery can be about. ``hint`` says that something about an order has changed, and that it is to be read;
#: ``erasure`` names a person whose data have to go; ``ping`` and ``ignored`` are acknowledged and need no work.
EVENT_KINDS = ("order", "order_deleted", "hint", "erasure", "ping", "ignored")


class ChannelError(Exception):
    """Something went wrong with a channel. The message is a sentence for a clerk, without secrets.

    :param code: the platform's own code for it, for programs that know another way (``rest_no_route``).
    """

    def __init__(self, message: str, code: str = ""):
        super().__init__(message)
        self.code = code


class Retry(ChannelError):
    """The same may succeed later: the shop is busy, down or out of reach.

    The request may have been carried out all the same (an answer can be lost on its way): before something that must
    not happen twice is repeated, look whether it has happened.

    :param delay_s: seconds the platform asks to wait; ``None`` if it does not say.
    :param operation: the one kind of call of which the limit is used up, where each has its own: everything else may be asked,
        and nothing was done of what was asked.
    """

    def __init__(self, message: str, delay_s: float | None = None, code: str = "", operation: str = ""):
        super().__init__(message, code)
        self.delay_s, self.operation = delay_s, operation


class Reject(ChannelError):
    """The same will fail again until a person changes something."""


class Gone(Reject):
    """What it is about does not exist any more; there is nothing to do."""


class Auth(ChannelError):
    """The platform does not accept our credentials, or they do not permit this."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a delivery is about.

    :param kind: one of :data:`EVENT_KINDS`.
    :param key: idempotency key, unique within a channel account: whatever way the same state of the same thing comes
        in (twice, by webhook, by poll), the key is the same; another state has another key.
    :param order_ref: of a hint: the platform's id of the order to read.
    """

    kind: str
    key: str
    order_ref: str = ""


#: The generic columns of a channel: address, keys, secret of webhooks; whose account it is (seller, merchant), which part
#: of it (marketplace, store view), and the version of the API that is spoken.
CREDENTIAL_FIELDS = (
    "api_url",
    "api_key",
    "api_secret",
    "api_token",
    "webhook_secret",
    "account_ref",
    "site_ref",
    "api_version",
)


@dataclass(frozen=True, slots=True)
class Credential:
    """One of the channel's generic columns, as a platform uses it.

    :param field: one of :data:`CREDENTIAL_FIELDS`.
    :param label: what the platform calls it.
    :param help: where a person finds it on the platform's own pages.
    :param chosen: it is ours to choose: one is made with the channel.
    """

    field: str
    label: str
    required: bool = True
    help: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class ContentRules:
    """What a platform takes of the content of a listing. What is longer is not cut: it is refused here, with a sentence.

    :param title_max: characters; ``description_max`` with its markup.
    :param markup: descriptions may have markup; else they are plain text, line by line.
    :param links: … and links to other sites.
    :param pictures: ``file``: they are sent; ``address``: the platform fetches them from us; empty: it takes none.
    :param kinds: media types of pictures that it takes; others are sent as JPEG.
    :param by_page: variants share one page (``ListingRef.parent_id``), and the content is the page's.
    """

    title_max: int = 255
    description_max: int = 60_000
    markup: bool = True
    links: bool = True
    pictures: str = ""
    pictures_max: int = 10
    kinds: frozenset[str] = frozenset({"image/jpeg", "image/png", "image/gif"})
    by_page: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do; what it cannot is not offered."""

    webhooks: bool = False  #: it tells us about orders
    poll: bool = False  #: it can be asked for orders since a moment
    files: bool = False  #: it exchanges files: of many orders in, and lists of stock and acknowledgements out
    stock: bool = False  #: it takes quantities on hand
    fulfilment: bool = False  #: it takes tracking numbers
    partial_fulfilment: bool = False  #: … for part of an order
    refunds: bool = False  #: it takes refunds
    partial_refunds: bool = False  #: … of part of an order
    captures: bool = False  #: it takes what was authorised, or gives it free, when it is asked to
    captures_by_goods: bool = False  #: … for goods that it is told, and shipping and fees with the first of them
    #: Why nobody asks it to take what was authorised: a sentence for a merchant, where it does not ``captures``.
    no_captures: str = ""
    returns: bool = False  #: it takes what happens to a return
    #: What it tells apart from its orders and has to be asked for: ``returns``, ``refunds``.
    after_sale: tuple[str, ...] = ()
    after_sale_one: bool = False  #: … and one return by its id
    cancel: bool = False  #: it takes cancellations
    prices: bool = False  #: it takes prices
    listings: bool = False  #: it tells what is offered there
    payouts: bool = False  #: it tells what it pays out, and for what
    locations: bool = False  #: it keeps stock at several places
    subscribe: bool = False  #: webhooks can be set up from here
    standing: bool = False  #: it takes how an order stands here
    poll_field: str = "api_url"  #: the credential without which it cannot be asked for orders
    tell_field: str = ""  #: the credential without which it cannot be told anything; empty: it always can
    compare_and_set: bool = False  #: it takes a quantity only if the one before is as expected
    stock_batch: int = 1  #: quantities it takes in one call
    price_batch: int = 1  #: prices it takes in one call
    content: ContentRules | None = None  #: titles, descriptions and pictures that it takes
    content_batch: int = 1  #: … of so many listings in one go
    stock_max: int = 999_999  #: the largest quantity it takes; more is told as so many
    counts_down: bool = False  #: it lowers its quantities by itself when something is ordered there
    #: … or it does not, and takes off what its own open orders wait for: it is told what there is with these.
    keeps_reserved: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request to a platform's API, before it is addressed and signed.

    :param path: relative to the root of the API, without a leading slash.
    :param body: sent as JSON; ``None`` sends none.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of polled orders.

    :param orders: each as JSON, as if a webhook had brought it: it goes through the same :class:`Adapter` functions.
    :param cursor: leads to the next page; empty after the last.
    :param stable: the cursor holds its place whatever changes meanwhile. Where pages are counted, an order that changes
        between two of them pulls the others forward, and the reader has to go on by time.
    :param until: of :meth:`Client.after_sale`: everything up to this moment has been told; ``None`` while it has not.
    """

    orders: tuple[bytes, ...]
    cursor: str = ""
    stable: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PayoutPage:
    """A page of payouts.

    :param payouts: each as the platform tells it, whole: what :attr:`Adapter.parse_payouts` takes.
    :param cursor: leads to the next page; empty after the last.
    """

    payouts: tuple[bytes, ...]
    cursor: str = ""


class Client(Protocol):
    """What talks to one account of a platform. Only what the platform's :class:`Capabilities` name is called.

    Every call raises :class:`Retry`, :class:`Reject` or :class:`Auth`, and nothing else; no message and no log line holds a
    secret. What changes something there can be repeated: ``repeat`` says that it was tried before, and that its answer was
    lost. The client then looks whether it was done, unless the platform recognises our key by itself.
    """

    def check(self) -> Shop:
        """Whether we are let in, to which shop, and what our keys do not permit."""

    def orders_since(self, moment: datetime, cursor: str = "") -> Page:
        """Orders changed since ``moment``, oldest change first.

        :param moment: the last change seen, less an overlap: a platform's clock and ours differ.
        """

    def order(self, order_ref: str) -> bytes:
        """One order as it is now, as JSON, as a page of orders holds it. Raises :class:`Gone` when there is none."""

    def after_sale(self, what: str, moment: datetime, cursor: str = "") -> Page:
        """What is told apart from orders since ``moment``: ``returns`` or ``refunds`` (``Capabilities.after_sale``), each packed
        by :func:`~.told.pack`. The same state may come again. Raises :class:`Gone` where the shop has no such thing."""

    def told_return(self, return_ref: str) -> bytes:
        """One return as it is now, packed. Raises :class:`Gone` when it was deleted. Only with ``after_sale_one``."""

    def listings(self, cursor: str = "") -> ListingPage: ...

    def payouts_since(self, moment: datetime, cursor: str = "") -> PayoutPage:
        """Payouts sent at ``moment`` or later, each with everything it is made of. The same ones come again whenever they are
        asked for; a platform may change the status of one for days, so askers look some weeks back."""

    def stock_levels(self, refs: Sequence[ListingRef]) -> Sequence[int | None]:
        """What the platform thinks there is, in the order asked; ``None`` for what it does not know or does not count.

        :param refs: at most ``Capabilities.stock_batch``.
        """

    def push_stock(self, levels: Sequence[StockLevel]) -> Sequence[Result]:
        """Tell quantities, at most ``Capabilities.stock_batch``; one result for each, in their order."""

    def push_prices(self, prices: Sequence[Price]) -> Sequence[Result]:
        """Tell prices, at most ``Capabilities.price_batch``; one result for each, in their order."""

    def push_content(self, contents: Sequence[Content]) -> Sequence[Result]:
        """Tell titles, descriptions and pictures, at most ``Capabilities.content_batch``; one result for each, in their order.
        They are absolute: telling them twice changes nothing."""

    def ship(self, parcel: Parcel, repeat: bool = False) -> Result: ...

    def cancel(self, cancellation: Cancellation, repeat: bool = False) -> Result: ...

    def refund(self, refund: Refund, repeat: bool = False) -> Result: ...

    def capture(self, capture: Capture, repeat: bool = False) -> Result:
        """Take a part of what a customer authorised. ``reference`` is the platform's id of what was taken; empty while it is
        not sure, and the order tells it later. Only platforms with ``captures``."""

    def void(self, capture: Capture, repeat: bool = False) -> Result:
        """Give free what is left of it."""

    def tell_return(self, step: ReturnStep, repeat: bool = False) -> Result:
        """Tell what happened to a return; ``reference`` is the platform's id of it. Only platforms with ``returns``."""

    def stand(self, standing: Standing, repeat: bool = False) -> Result:
        """Tell how an order stands here."""

    def outcomes(self, references: Sequence[str]) -> Sequence[Result]:
        """What came of what was ``pending``, by the references of those results; one for each, in their order. Asked some
        minutes later, and again while they are still ``pending``. Only platforms that answer ``pending`` have it."""

    def subscribe(self, address: str, secret: str = "") -> Sequence[str]:
        """See to it that the platform sends its messages to ``address``; the topics it sends. Safe to repeat.

        :param secret: what they are to be signed with, where we may choose; the channel's ``webhook_secret``.
        """

    def public_key(self, name: str) -> str:
        """The platform's public key of that name (:attr:`Adapter.key_id`). Only platforms that sign so have it."""

    def rate(self) -> Rate | None:
        """How much the platform still lets us ask, as far as this client has been told."""

    def hold(self, waits: Mapping[str, float]) -> None:
        """What another process was told: {operation: seconds for which it is not to be asked}."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """One platform.

    :param verify: ``(headers, body, secret) → bool``: whether the platform itself sent this. Never raises.
    :param read_event: ``(headers, body) → Event``. Never raises: what cannot be understood gets a key too, so that it
        is stored and fails where a person can see it. Without headers the body is a polled order.
    :param parse: ``(kind, body) → document``. Oddities become problems of the document; raises :class:`Reject` only
        for what is no document at all.
    :param permissions_help: where a person gives keys more permissions, on the platform's own pages.
    :param keys_last_days: the platform's keys end so long after they were made; 0 for those that do not.
    :param client: makes the :class:`Client`; takes the credentials by the names of their fields.
    :param challenge: ``(query, secret, address) → answer`` where a platform asks at our address whether it is ours; the
        answer goes back as JSON. ``None`` for a question that is none.
    :param key_id: ``(headers) → name`` of the platform's own public key that a delivery says to be signed with, where the
        platform signs so. :meth:`Client.public_key` reads it, outside of the delivery's request, and
    :param add_key: ``(secret, name, key) → secret`` puts it into the channel's webhook secret, where ``verify`` finds it. Raises
        ``ValueError`` for what is no key. :param has_key: ``(secret, name) → bool``: whether it is there.
    :param parse_payouts: ``(raw) → payouts`` of what :meth:`Client.payouts_since` brings, or of a file. Never raises: what is
        wrong is among their problems. ``None`` where the platform has no payouts of its own.
    :param erased: ``(body) → {"username": …, "user_id": …}``: whose data an ``erasure`` is about; both may be empty.
    :param source_type: what kind of channel it usually is, a code of ``SOURCE_TYPES``.
    :param refusal: HTTP status with which a delivery of which the signature is wrong is refused.
    """

    code: str
    label: str
    credentials: tuple[Credential, ...]
    capabilities: Capabilities
    verify: Callable[[Mapping[str, str], bytes, str], bool]
    read_event: Callable[[Mapping[str, str], bytes], Event]
    parse: Callable[[str, bytes], OrderDoc | CancelDoc]
    client: Callable[..., Client]
    parse_payouts: Callable[[bytes | Mapping[str, Any]], list[PayoutDoc]] | None = None
    challenge: Callable[[Mapping[str, str], str, str], Mapping[str, str] | None] | None = None
    key_id: Callable[[Mapping[str, str]], str] | None = None
    add_key: Callable[[str, str, str], str] | None = None
    has_key: Callable[[str, str], bool] | None = None
    erased: Callable[[bytes], Mapping[str, str]] | None = None
    refusal: int = 401
    permissions_help: str = ""
    source_type: str = "web"
    keys_last_days: int = 0

    def connect(self, values: Mapping[str, str], **options: Any) -> Client:
        """A client with the credentials among ``values`` (a channel's columns).

        The webhook secret is for what comes in and stays out of the client.
        """
        fields = [credential.field for credential in self.credentials if credential.field != "webhook_secret"]
        return self.client(**{name: values[name] or "" for name in fields}, **options)


def header(headers: Mapping[str, str], name: str) -> str:
    """The value of a header whatever the case of its name (RFC 9110, 5.1); empty if it is absent."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")
