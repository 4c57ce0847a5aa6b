"""What we tell a platform, and what it tells about itself. Plain facts: a platform's ``render.py`` makes requests of them.

Identifiers are the platform's own, as text. Money is ``Decimal`` in the currency of the order or the listing. Every key is
ours and always the same for the same thing, so that a platform, or a look at it, can tell a repetition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

ZERO = Decimal(0)

#: How a platform took what it was told.
#: ``ok``       done, or found to have been done before
#: ``pending``  taken, and worked off later; ``reference`` asks for the outcome
#: ``stale``    not done: what is there is not what we thought (``current``); look, and decide anew
#: ``retry``    not done; the same may succeed later
#: ``refused``  not done, and it will not be, until a person changes something
RESULTS = ("ok", "pending", "stale", "retry", "refused")


@dataclass(frozen=True, slots=True)
class Result:
    """How one thing that we told was taken.

    :param message: a sentence for a clerk where it is not ``ok``: what is wrong, and what to do next.
    :param reference: the platform's id of what came of it (a fulfilment, a refund, a feed).
    :param amount: what was taken, where that may be other than what was asked for.
    :param current: the quantity that is there, with ``stale``.
    :param gone: it is refused because the platform does not have what it is about any more.
    """

    code: str
    message: str = ""
    reference: str = ""
    amount: Decimal | None = None
    current: int | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class ListingRef:
    """What a platform calls one thing that it offers, by all the ids that its calls ask for.

    :param external_id: the id of what is sold: variant, variation, offer. As in ``OrderLineDoc.product_ref``.
    :param parent_id: the product above a variant.
    :param inventory_ref: what its quantity hangs on, where that is something else (Shopify's inventory item, eBay's offer).
    :param location_ref: the platform's place; empty where it keeps one quantity.
    :param kind: what the platform's calls want to know of it (Amazon's product type).
    """

    external_id: str
    sku: str = ""
    parent_id: str = ""
    inventory_ref: str = ""
    location_ref: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """How many of a listing may be sold: absolute, whole pieces, never less than none.

    :param expected: what we think is there; with ``Capabilities.compare_and_set`` it is taken only if that is so.
    :param key: the same attempt has the same key, also when it is repeated.
    """

    ref: ListingRef
    quantity: int
    expected: int | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """What a listing costs, and what it cost before where that is shown."""

    ref: ListingRef
    amount: Decimal
    currency: str
    compare_at: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a product.

    :param key: made of its contents: the same picture has the same key, and its name holds it, so that a platform that keeps
        the name can be asked whether it has it.
    :param kind: media type, ``image/jpeg``.
    :param load: its bytes, which are large: they are read when they are sent.
    :param address: where it can be fetched without a password; empty where nobody outside could.
    """

    key: str
    name: str
    kind: str
    load: Callable[[], bytes] = field(compare=False, repr=False)
    address: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What a listing says and shows. Parts that are ``None`` stay as they are; those that are empty are emptied.

    :param description: cleaned; markup or plain text, as the platform's :class:`~.adapter.ContentRules` say.
    :param pictures: all that there are to be, the first one first; others go.
    :param pictures_before: how many it was told before.
    :param language: of the texts, as ``de_DE``.
    """

    ref: ListingRef
    title: str | None = None
    description: str | None = None
    pictures: tuple[Picture, ...] | None = None
    pictures_before: int = 0
    language: str = "en_US"


@dataclass(frozen=True, slots=True)
class Item:
    """So many pieces of one of the platform's order lines."""

    line_ref: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Parcel:
    """Something of an order is on its way.

    :param number: of this parcel among those of its order, from 1: some platforms want a number and not a key.
    :param carrier: the platform's code of the carrier; empty where it has none for it.
    :param carrier_name: what people call it.
    :param location_ref: the platform's place that it left.
    :param last: with it, everything of the order has left.
    """

    key: str
    order_ref: str
    items: tuple[Item, ...]
    shipped_at: datetime
    number: int = 1
    carrier: str = ""
    carrier_name: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    location_ref: str = ""
    last: bool = False
    notify: bool = True


#: Why an order or a part of it is called off.
CANCEL_REASONS = ("customer", "stock", "fraud", "address", "payment", "other")


@dataclass(frozen=True, slots=True)
class Cancellation:
    """An order, or some of it, is not going to be delivered.

    :param items: empty for the whole order.
    :param reason: one of :data:`CANCEL_REASONS`.
    """

    key: str
    order_ref: str
    reason: str = "other"
    items: tuple[Item, ...] = ()
    note: str = ""
    notify: bool = True


@dataclass(frozen=True, slots=True)
class RefundItem:
    """What is paid back for one line: ``amount`` without tax, ``taxes`` as (the platform's code, amount)."""

    line_ref: str
    quantity: Decimal
    amount: Decimal
    taxes: tuple[tuple[str, Decimal], ...] = ()
    restock: bool = False
    location_ref: str = ""

    @property
    def total(self) -> Decimal:
        return self.amount + sum((amount for _code, amount in self.taxes), ZERO)


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that the customer gets back.

    :param amount: all of it, positive, tax included; more than the items and the shipping is goodwill.
    :param shipping: of it, for shipping, tax included.
    :param pay: the platform pays it; else it was paid elsewhere and is only recorded there.
    :param return_ref: the platform's id of the return that it pays for; empty for none, or where there are several.
    """

    key: str
    order_ref: str
    amount: Decimal
    currency: str
    items: tuple[RefundItem, ...] = ()
    shipping: Decimal = ZERO
    reason: str = ""
    pay: bool = True
    notify: bool = True
    return_ref: str = ""


@dataclass(frozen=True, slots=True)
class Capture:
    """Money that a customer has authorised, to be taken or to be given free.

    :param authorization_ref: the platform's id of the authorisation.
    :param earlier: what was asked for of it before, by which a repetition is recognised.
    :param items: all that is to be paid by now, what was paid before included: for platforms that take money for goods.
    """

    key: str
    order_ref: str
    authorization_ref: str
    amount: Decimal
    currency: str
    earlier: Decimal = ZERO
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnItem:
    """So many units of a line that come back, and why, in words.

    :param earlier: units of the line on this return that the platform was told the same of before.
    """

    line_ref: str
    quantity: Decimal
    reason: str = ""
    earlier: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class ReturnStep:
    """What happened here to a return.

    :param key: of this step.
    :param return_ref: the platform's id of the return; empty where it does not know it.
    :param step: ``begun`` (made here, and agreed to), ``approved``, ``received``, ``disposed``, ``refused``, ``cancelled`` or
        ``closed``.
    :param goods: of goods that came back: ``restocked``, ``not_restocked`` or ``apart``.
    :param location_ref: the platform's place where they are.
    """

    key: str
    order_ref: str
    return_ref: str
    step: str
    items: tuple[ReturnItem, ...] = ()
    note: str = ""
    notify: bool = True
    goods: str = ""
    location_ref: str = ""


@dataclass(frozen=True, slots=True)
class StockItem:
    """How many of an article may be sold: absolute, whole pieces."""

    sku: str
    quantity: Decimal
    barcode: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class StockReport:
    """All that may be sold, for partners that take lists and not single quantities."""

    key: str
    at: datetime
    items: tuple[StockItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Whether what a partner sent could be read.

    :param told: what each message of it is answered, as its format wants it (JSON).
    """

    key: str
    standard: str
    told: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order stands here, for an app that shows it to its customer.

    :param status: a code: ``received``, ``held``, ``confirmed``, ``delivered`` …
    :param sentence: what a person is told, where there is more to say.
    :param number: what the order is called here.
    """

    key: str
    order_ref: str
    status: str
    at: datetime
    sentence: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """One of the platform's places."""

    external_id: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Shop:
    """To whom our keys belong, for a person to recognise.

    :param missing: what our keys do not permit, in the platform's words.
    :param warning: a sentence about what else should be put right (a version that ends, a plan that lacks something).
    """

    name: str
    currency: str = ""
    country: str = ""
    time_zone: str = ""
    locations: tuple[Location, ...] = ()
    missing: tuple[str, ...] = ()
    api_version: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Something that is offered on a platform.

    :param quantity: what the platform says there is; ``None`` where it does not count.
    """

    ref: ListingRef
    title: str
    barcode: str = ""
    price: Decimal | None = None
    currency: str = ""
    quantity: int | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class ListingPage:
    """Some of what is offered; ``cursor`` leads on, empty after the last."""

    listings: tuple[Listing, ...]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a platform still lets us ask: ``available`` of ``limit`` units, of which ``per_s`` come back each second."""

    available: float
    limit: float
    per_s: float
