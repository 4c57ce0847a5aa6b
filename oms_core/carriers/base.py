"""What a carrier is to the rest of the system: a handful of calls that take and give plain facts.

The models know nothing but this interface; everything that is peculiar to a carrier stays in its folder. ``render`` and
``parse`` of a carrier are pure, its ``client`` is the only file that talks to the network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

ZERO = Decimal(0)

#: A label larger than this is no label.
LABEL_MAX_BYTES = 5 * 1024 * 1024

MIMETYPES = {"pdf": "application/pdf", "zpl": "application/vnd.zebra.zpl", "png": "image/png"}


class CarrierError(Exception):
    """Something went wrong with a carrier. The message is a sentence for a clerk, without secrets.

    :param code: the carrier's own code, for programs and for the carrier's help desk.
    """

    def __init__(self, message: str, code: str = ""):
        super().__init__(message)
        self.code = code


class Retry(CarrierError):
    """The same may succeed later: the carrier is busy, down or out of reach.

    What was asked may have been done all the same, as an answer can be lost on its way. Before a label is asked for again,
    :meth:`CarrierAdapter.find` looks whether it was bought.

    :param delay_s: seconds the carrier asks to wait; ``None`` if it does not say.
    :param maybe_done: whether the request may have reached the carrier. A connection that was refused, or an answer that
        says "not now", has done nothing.
    """

    def __init__(self, message: str, delay_s: float | None = None, code: str = "", maybe_done: bool = True):
        super().__init__(message, code)
        self.delay_s = delay_s
        self.maybe_done = maybe_done


class Reject(CarrierError):
    """The same will fail again until a person changes something."""


class Auth(CarrierError):
    """The carrier does not accept our credentials, or they do not permit this."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel comes from or goes to.

    :param country: ISO 3166-1, two letters.
    :param state: the part of ISO 3166-2 after the hyphen, where there is one.
    """

    name: str
    street: str
    city: str
    zip: str
    country: str
    street2: str = ""
    state: str = ""
    company: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of goods in a parcel, as customs and insurers want to know it. ``value`` is of all pieces."""

    name: str
    quantity: Decimal
    weight_kg: Decimal
    value: Decimal
    sku: str = ""
    hs_code: str = ""
    origin_country: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed over. Sides in centimetres; zero where nobody measured."""

    weight_kg: Decimal
    length_cm: Decimal = ZERO
    width_cm: Decimal = ZERO
    height_cm: Decimal = ZERO
    value: Decimal = ZERO
    currency: str = ""
    name: str = ""
    items: tuple[Item, ...] = ()
    dangerous: bool = False


@dataclass(frozen=True, slots=True)
class ShipmentRequest:
    """One parcel to be carried. Several parcels are several requests, each with a key of its own.

    :param key: ours, unique: the same parcel asked for twice has the same key. Empty for a mere question about prices.
    :param is_return: ``sender`` is the customer, ``receiver`` the place that takes goods back.
    :param pay_on_use: a return label that costs only when it is used, where the carrier has such.
    """

    key: str
    sender: Address
    receiver: Address
    parcel: Parcel
    service_code: str = ""
    reference: str = ""
    collection_date: date | None = None
    label_format: str = "pdf"
    is_return: bool = False
    pay_on_use: bool = False


@dataclass(frozen=True, slots=True)
class RateQuote:
    """What a carrier asks for one parcel with one of its services.

    :param days: working days until delivery; ``None`` if the carrier does not say.
    """

    service_code: str
    service_name: str
    price: Decimal
    currency: str
    days: int | None = None
    expected_at: datetime | None = None
    warning: str = ""


@dataclass(frozen=True, slots=True)
class ShipmentResult:
    """A parcel that the carrier has taken on.

    :param carrier_ref: what the carrier calls the shipment; needed to cancel it.
    :param tracking_number: empty when the carrier gives it later.
    :param label: the document, empty when it comes later.
    """

    carrier_ref: str
    tracking_number: str = ""
    tracking_url: str = ""
    cost: Decimal = ZERO
    currency: str = ""
    service_code: str = ""
    service_name: str = ""
    label: bytes = b""
    label_format: str = "pdf"
    expected_at: datetime | None = None
    warning: str = ""


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """One scan.

    :param state: one of ours (see ``const.TRACKING_STATES``); empty for what says nothing about where the parcel is.
    """

    at: datetime
    state: str
    code: str = ""
    text: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class TrackingUpdate:
    """What a carrier knows of one parcel, in no particular order.

    :param carrier_ref: the shipment, where the carrier tells it: it finds parcels that had no number yet.
    :param result: set when the update completes the shipment (its number, its label).
    """

    tracking_number: str
    events: tuple[TrackingEvent, ...] = ()
    expected_at: datetime | None = None
    carrier_ref: str = ""
    tracking_url: str = ""
    result: ShipmentResult | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a carrier can do; what it cannot is not offered."""

    rate: bool = True
    cancel: bool = True
    track: bool = True
    find: bool = False  #: it can be asked whether it knows a key of ours
    return_label: bool = False
    pickup: bool = False  #: whoever books a parcel books its driver, for the day that is asked for
    webhooks: bool = False
    track_batch: int = 10  #: parcels asked for at once
    label_formats: tuple[str, ...] = ("pdf",)


@dataclass(slots=True)
class Account:
    """The credentials of one connection, and where it goes. Never logged.

    :param save: called with the new ``(access_token, refresh_token, expires_at)``, which must be kept before anything else
        happens: with some carriers the old refresh token is dead by then.
    :param alone: a context in which nobody else renews these tokens; it gives the ``(access_token, refresh_token,
        expires_at)`` as they are then. A refresh token that is good once must not be used by two at a time.
    """

    url: str = ""
    key: str = ""
    secret: str = ""
    number: str = ""
    version: str = ""
    service: str = ""
    network: str = ""
    access_token: str = ""
    refresh_token: str = ""
    expires_at: datetime | None = None
    test: bool = True
    save: Callable[[str, str, datetime | None], None] | None = field(default=None, repr=False)
    alone: Callable[[], AbstractContextManager[tuple[str, str, datetime | None]]] | None = field(
        default=None, repr=False
    )

    def __repr__(self) -> str:
        return f"Account({self.url!r})"


class CarrierAdapter(Protocol):
    """Talks to one account at one carrier. Raises :class:`Retry`, :class:`Reject`, :class:`Auth`, and nothing else."""

    def rate(self, request: ShipmentRequest) -> Sequence[RateQuote]: ...

    def ship(self, request: ShipmentRequest) -> ShipmentResult: ...

    def find(self, key: str) -> ShipmentResult | None: ...

    def cancel(self, carrier_ref: str) -> None: ...

    def track(self, numbers: Sequence[str]) -> Sequence[TrackingUpdate]: ...

    def return_label(self, request: ShipmentRequest) -> ShipmentResult: ...

    def details(self, carrier_ref: str) -> TrackingUpdate: ...

    def warnings(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Carrier:
    """One carrier, or one gateway to many.

    :param connect: makes the adapter of an account.
    :param read_webhook: ``body → references of shipments`` to fetch anew; the body itself is never believed.
    :param missing: a sentence when something has to be installed first, else empty.
    """

    code: str
    label: str
    capabilities: Capabilities
    connect: Callable[[Account], CarrierAdapter]
    production_url: str = ""
    test_url: str = ""
    versions: tuple[str, ...] = ()
    read_webhook: Callable[[bytes], tuple[str, ...]] = lambda body: ()
    missing: Callable[[], str] = lambda: ""


def sentence(value: Any, limit: int = 300) -> str:
    """What a carrier said, cut to a length that fits into a sentence, on one line."""
    return " ".join(str(value or "").split())[:limit]
