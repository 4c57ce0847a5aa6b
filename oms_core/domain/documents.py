"""Canonical documents: what every platform's payload is translated into.

A platform's ``parse.py`` builds them, the models of ``oms_core`` apply them; nothing else passes between
the two. Documents are frozen values. Money and quantities are ``Decimal``; identifiers are text, because
platforms use numbers that no float or 32 bit integer can carry; moments are timezone-aware UTC.

Sign convention: what the customer owes is positive. A discount, or a fee in the customer's favour, is negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

ZERO = Decimal(0)

#: What an order is worth doing, whatever the platform calls it.
#: ``draft``             not an order yet (abandoned checkout): nothing is captured
#: ``awaiting_payment``  captured, waits for money
#: ``on_hold``           captured, the platform wants nobody to ship it
#: ``open``              captured, to be fulfilled
#: ``fulfilled``         the platform says that the goods have left already
#: ``cancelled``         no longer wanted (cancelled, failed, refunded in whole, deleted)
ORDER_STATUSES = ("draft", "awaiting_payment", "on_hold", "open", "fulfilled", "cancelled")

#: ``product`` is delivered; the others are only charged. A gift card sold is a debt to whoever holds it, and no revenue;
#: ``rounding`` is what a till rounds cash to.
LINE_KINDS = ("product", "shipping", "fee", "discount", "tip", "gift_card", "duty", "rounding")

#: More of one item than any real order has: a slip of the keyboard, a bot, or a test.
QUANTITY_MAX = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a document cannot be taken as it is.

    :param code: stable, for programs (``total_mismatch``).
    :param message: one sentence for a clerk, with what to do next.
    """

    code: str
    message: str


#: Problems with which a document cannot become an order at all. With any other, it is captured and held.
FATAL_PROBLEMS = frozenset({"missing_id", "bad_currency", "bad_status", "no_lines", "bad_line"})


@dataclass(frozen=True, slots=True)
class AddressDoc:
    """A postal address and the person at it. Empty text means that the platform did not say."""

    name: str = ""
    company: str = ""
    street: str = ""
    street2: str = ""
    city: str = ""
    zip: str = ""
    state_code: str = ""  #: subdivision without the country: "CA", "BE", "13"
    country_code: str = ""  #: ISO 3166-1 alpha-2
    email: str = ""
    phone: str = ""

    def is_postal(self) -> bool:
        """Whether a parcel could find its way there: a street and a town, or a post code, in a country."""
        return bool(self.country_code and self.street and (self.city or self.zip))

    def is_empty(self) -> bool:
        return not any(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class TaxDoc:
    """One tax on one line, as charged.

    :param code: the platform's id of the rate.
    :param rate: percent (``Decimal("19")``).
    :param amount: in the currency of the order, rounded as the platform charged it.
    :param remitted: the channel pays it to the state itself (a marketplace that is liable): it is in what the customer
        pays, and it is not our debt to the state.
    """

    code: str
    name: str
    rate: Decimal
    amount: Decimal
    compound: bool = False
    remitted: bool = False


@dataclass(frozen=True, slots=True)
class OrderLineDoc:
    """Something that the customer is charged for.

    :param total: what is charged for the whole line, after all discounts, **without tax**.
    :param subtotal: the same before discounts; ``subtotal - total`` is the discount given.
    """

    external_id: str
    kind: str
    name: str
    quantity: Decimal
    total: Decimal
    subtotal: Decimal
    taxes: tuple[TaxDoc, ...] = ()
    sku: str = ""
    product_ref: str = ""  #: the platform's id of the product or variant
    note: str = ""  #: what the customer chose or wrote for this line

    @property
    def tax_total(self) -> Decimal:
        return sum((tax.amount for tax in self.taxes), ZERO)


#: ``gift_card`` and ``store_credit`` redeem what the merchant owes; ``cash`` lies in a till; empty: money that the channel
#: took and will pay out.
TENDERS = ("", "gift_card", "store_credit", "cash")


@dataclass(frozen=True, slots=True)
class PaymentDoc:
    """Money that the channel has taken from the customer.

    :param external_id: unique within the order: a transaction id, else one that the platform's parser makes up.
    :param tender: what it was paid with, where that is no money of the channel's: one of :data:`TENDERS`.
    :param authorization: id of the authorisation that it was taken of (:class:`AuthorizationDoc`); empty for none.
    :param our_key: what we asked for it with, where the channel tells that.
    """

    external_id: str
    amount: Decimal
    method: str
    paid_at: datetime
    reference: str = ""
    tender: str = ""
    authorization: str = ""
    our_key: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationDoc:
    """Money that the customer let the channel take, and that is not taken yet, or not all of it.

    :param external_id: unique within the order.
    :param times: as in :data:`~.capturing.TIMES`: parts of it as often as one likes, once, or all of it only.
    :param is_over: it was given free, or has ended: nothing can be taken of it any more.
    """

    external_id: str
    amount: Decimal
    method: str
    authorized_at: datetime
    reference: str = ""
    expires_at: datetime | None = None
    times: str = "many"
    is_over: bool = False
    tender: str = ""


#: What a refund says about the goods that it is for; empty where it says nothing.
#: ``unsent``  they have not left, and are not to
#: ``back``    they come back, or have come back
#: ``kept``    the customer keeps them, or nobody has them any more
REFUNDED_GOODS = ("", "unsent", "back", "kept")


@dataclass(frozen=True, slots=True)
class RefundLineDoc:
    """What of a refund is for one line of the order. ``amount`` without tax; both are positive.

    :param quantity: zero where only a part of the price was paid back.
    :param restock: the channel says that the goods are for sale again.
    :param goods: one of :data:`REFUNDED_GOODS`.
    :param location: the channel's id of the place that they come back to.
    :param refs: other names of what it is (SKU, listing), where the channel does not name the line.
    """

    line_id: str
    quantity: Decimal
    amount: Decimal
    tax: Decimal = ZERO
    restock: bool = False
    goods: str = ""
    location: str = ""
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundDoc:
    """Money that the channel gave back. ``amount`` is positive, tax included.

    :param lines: for what; empty where the channel names no lines.
    :param shipping: of it, for shipping, tax included.
    :param pending: the money has not gone yet, and may never go.
    :param tenders: (one of :data:`TENDERS`, amount): in which ways it was paid back, where the channel says so.
    :param our_key: what we told the channel, where it says that this came of it.
    :param sum_only: the channel knows more about it, and this message does not say it.
    """

    external_id: str
    amount: Decimal
    reason: str = ""
    lines: tuple[RefundLineDoc, ...] = ()
    shipping: Decimal = ZERO
    refunded_at: datetime | None = None
    pending: bool = False
    tenders: tuple[tuple[str, Decimal], ...] = ()
    our_key: str = ""
    sum_only: bool = False


#: How a return that was begun on a channel stands there.
#: ``requested``  the customer asked, nobody has answered
#: ``open``       agreed to; the goods are expected
#: ``closed``     over there: it was received, or nothing more comes
#: ``refused``, ``cancelled``
RETURN_STATUSES = ("requested", "open", "closed", "refused", "cancelled")


@dataclass(frozen=True, slots=True)
class ReturnLineDoc:
    """So much of one line of an order comes back.

    :param reason: the channel's code or word for why.
    :param note: in the words of the customer.
    :param refs: as in :class:`RefundLineDoc`.
    """

    line_id: str
    quantity: Decimal
    reason: str = ""
    note: str = ""
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnDoc:
    """A return that was begun on a channel, as the channel tells it.

    :param status: one of :data:`RETURN_STATUSES`.
    :param exchanges: (name, quantity) of what the customer gets instead.
    :param tracking: number of the parcel in which it comes.
    :param told_at: when the channel said so, where it is read apart from its order: what it said before that is history.
    """

    external_id: str
    status: str
    lines: tuple[ReturnLineDoc, ...] = ()
    number: str = ""
    note: str = ""
    exchanges: tuple[tuple[str, Decimal], ...] = ()
    tracking: str = ""
    requested_at: datetime | None = None
    told_at: datetime | None = None


#: What happened to a return here: asked for and agreed to at once, agreed to, goods came in, it is known what becomes of them,
#: refused, called off, over.
RETURN_STEPS = ("begun", "approved", "received", "disposed", "refused", "cancelled", "closed")
#: What becomes of goods that came back: for sale again, not, put apart until somebody has decided.
RETURNED_GOODS = ("restocked", "not_restocked", "apart")


@dataclass(frozen=True, slots=True)
class ReturnStepDoc:
    """One step of a return of ours, as the channel may be told.

    :param key: of the return, always the same.
    :param external_id: of the return on the channel; empty where it does not know it.
    :param step: one of :data:`RETURN_STEPS`.
    :param lines: (id of the line on the channel, quantity in its units, reason, units told before) that come back, one for each
        line; the last is left out where nothing can have been.
    :param goods: what becomes of them, one of :data:`RETURNED_GOODS`, where it is known.
    :param warehouse_id: where they are; our own id.
    """

    key: str
    external_id: str
    step: str
    lines: tuple[tuple[str, Decimal, str] | tuple[str, Decimal, str, Decimal], ...] = ()
    note: str = ""
    goods: str = ""
    warehouse_id: int = 0


@dataclass(frozen=True, slots=True)
class RiskFact:
    """One thing that speaks for fraud (positive weight) or against it (negative); zero where nobody weighed it."""

    text: str
    weight: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class RiskDoc:
    """What the channel, or who it asks, says about the risk of fraud.

    :param level: ``low``, ``medium`` or ``high``; an order with the last one waits for a decision.
    """

    level: str
    score: Decimal = ZERO
    facts: tuple[RiskFact, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderDoc:
    """An order as the customer placed it and the platform charged it.

    :param external_id: the platform's own id, unique within a channel account.
    :param number: what the customer and the shop call the order.
    :param total: what the customer pays in all, tax included (remitted taxes too), before any refund.
    :param updated_at: the version: a document older than the one stored changes nothing.
    :param parse_problems: what the parser could not understand; part of :meth:`problems`.
    """

    external_id: str
    number: str
    status: str
    currency: str
    total: Decimal
    lines: tuple[OrderLineDoc, ...]
    ordered_at: datetime
    updated_at: datetime
    channel_status: str = ""
    billing: AddressDoc = field(default_factory=AddressDoc)
    shipping: AddressDoc = field(default_factory=AddressDoc)
    customer_ref: str = ""
    payments: tuple[PaymentDoc, ...] = ()
    authorizations: tuple[AuthorizationDoc, ...] = ()
    refunds: tuple[RefundDoc, ...] = ()
    returns: tuple[ReturnDoc, ...] = ()
    #: The message does not tell all returns, or none: one that it leaves out stays as it was. Else it is no more.
    returns_untold: bool = False
    payment_method: str = ""
    shipping_method: str = ""
    note: str = ""
    delivery_method: str = ""  #: one of ``DELIVERY_METHODS``; empty where the platform does not say
    pickup_ref: str = ""  #: code of the warehouse at which the customer collects
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    parse_problems: tuple[Problem, ...] = ()
    risk: RiskDoc | None = None
    cancel_requested: str = ""  #: the customer asked the channel to call it off: why, in their words or the channel's
    is_test: bool = False  #: placed to try the shop out; nobody waits for it
    #: Read from the channel by us, and not told by it, perhaps late: of two states of the same moment this one holds.
    is_current: bool = False

    def computed_total(self) -> Decimal:
        """What the lines and their taxes add up to."""
        return sum((line.total + line.tax_total for line in self.lines), ZERO)

    def problems(self) -> list[Problem]:
        """Everything that keeps this document from being taken without a look; empty when all is well."""
        found = list(self.parse_problems)
        if not self.external_id:
            found.append(Problem("missing_id", "The order has no id. Send it again with the id that the shop gave it."))
        if self.status not in ORDER_STATUSES:
            found.append(
                Problem("bad_status", f"The order status “{self.channel_status or self.status}” is not known here.")
            )
        if not (len(self.currency) == 3 and self.currency.isalpha() and self.currency.isupper()):
            found.append(
                Problem("bad_currency", f"“{self.currency}” is no ISO 4217 currency code. Correct it and retry.")
            )
        if not self.lines:
            found.append(
                Problem("no_lines", "The order has no lines. Check it in the shop, correct it there and retry.")
            )
        for line in self.lines:
            found.extend(self._line_problems(line))
        if self.computed_total() != self.total:
            found.append(
                Problem(
                    "total_mismatch",
                    f"The channel says {self.total} {self.currency}, but its lines and taxes add up to "
                    f"{self.computed_total()} {self.currency}. Find the missing or doubled charge in the shop before "
                    "you release the order.",
                )
            )
        return found

    @staticmethod
    def _line_problems(line: OrderLineDoc) -> Iterator[Problem]:
        label = line.sku or line.name or line.external_id
        if line.kind not in LINE_KINDS:
            yield Problem("bad_line", f"Line “{label}” is of the unknown kind “{line.kind}”.")
        if line.kind == "product" and line.quantity <= 0:
            yield Problem(
                "bad_quantity", f"Line “{label}” asks for {line.quantity} pieces. Correct the quantity, then release."
            )
        if line.quantity > QUANTITY_MAX:
            yield Problem(
                "huge_quantity",
                f"Line “{label}” asks for {line.quantity} pieces, more than {QUANTITY_MAX}. Ask the customer whether "
                "that is meant, then release or cancel.",
            )


@dataclass(frozen=True, slots=True)
class CancelDoc:
    """An order that the channel no longer has: deleted, or put in the bin.

    :param external_id: the id of the order, as in :class:`OrderDoc`.
    :param updated_at: when; ``None`` if the platform does not say, and then it holds whatever version is stored.
    :param reason: in the words of the channel or its parser, for the order's log.
    """

    external_id: str
    updated_at: datetime | None = None
    reason: str = ""

    def problems(self) -> list[Problem]:
        """Everything that keeps this document from being taken; empty when all is well."""
        if self.external_id:
            return []
        return [Problem("missing_id", "The deletion names no order. Check in the shop which one was deleted.")]


#: What a customer may get for what comes back. ``nothing``: a part that is sent without anything in return.
RETURN_OUTCOMES = ("refund", "credit", "exchange", "replacement", "repair", "nothing")

#: How goods come back when a customer asks; empty where nothing has to be said (they are kept).
RETURN_WAYS = ("", "mail", "store", "pickup")

#: Lines on one request, and characters of one remark; more was typed by nobody.
RETURN_LINES_MAX = 200
RETURN_WORDS_MAX = 500
RETURN_ID_MAX = 64


@dataclass(frozen=True, slots=True)
class ReturnProblem(Problem):
    """Why something cannot come back.

    :param line_id: the line that it is about, as in :class:`ReturnRequestLineDoc`; empty where it is about all.
    """

    line_id: str = ""


@dataclass(frozen=True, slots=True)
class ReturnRequestLineDoc:
    """Something of an order that its customer wants to send back.

    :param line_id: our own id of the order line, as the offer names it.
    :param reason_id: our own id of the reason, as the offer names it; empty where none is given.
    :param exchange_for: of an exchange, our own id of the product wanted instead; empty for the same one.
    """

    line_id: str
    quantity: Decimal
    reason_id: str = ""
    outcome: str = "refund"
    exchange_for: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ReturnRequestDoc:
    """A customer asks to send back something of one order, on a page or through an app.

    :param external_id: who asks gives it; the same id asks for the same return, however often it comes.
    :param way: one of :data:`RETURN_WAYS`.
    :param store_ref: code of the place that it is brought to, where ``way`` is ``store``.
    :param pickup_on: day on which it is fetched, where ``way`` is ``pickup``.
    :param expected: the amount that was shown before; where it is another one now, the request is looked at again.
    """

    external_id: str
    lines: tuple[ReturnRequestLineDoc, ...]
    way: str = ""
    store_ref: str = ""
    note: str = ""
    expected: Decimal | None = None
    pickup_on: date | None = None
    parse_problems: tuple[Problem, ...] = ()

    def problems(self) -> list[Problem]:
        """Everything that keeps this request from being looked at; empty when all is well. Whether it is allowed is
        another question, and the order answers it."""
        found = list(self.parse_problems)
        if not self.external_id or len(self.external_id) > RETURN_ID_MAX or not self.external_id.isprintable():
            found.append(
                Problem("missing_id", f"The request has no id of 1 to {RETURN_ID_MAX} characters. Send it with one.")
            )
        if not self.lines:
            found.append(Problem("no_lines", "Choose what you want to send back."))
        if len(self.lines) > RETURN_LINES_MAX:
            found.append(Problem("bad_line", f"More than {RETURN_LINES_MAX} lines. Ask for fewer at once."))
        if self.way not in RETURN_WAYS:
            found.append(Problem("bad_way", "Choose one of the ways in which it can come back."))
        if len(self.note) > RETURN_WORDS_MAX:
            found.append(Problem("bad_text", f"Say it in at most {RETURN_WORDS_MAX} characters."))
        if len({line.line_id for line in self.lines}) < len(self.lines):
            found.append(Problem("bad_line", "One line is asked for twice. Add the quantities."))
        for line in self.lines[:RETURN_LINES_MAX]:
            found.extend(self._line_problems(line))
        return found

    @staticmethod
    def _line_problems(line: ReturnRequestLineDoc) -> Iterator[ReturnProblem]:
        if not line.quantity.is_finite() or not 0 < line.quantity <= QUANTITY_MAX:
            yield ReturnProblem("bad_quantity", "Enter how many you want to send back, more than none.", line.line_id)
        if line.outcome not in RETURN_OUTCOMES:
            yield ReturnProblem("bad_outcome", "Choose what you want to get for it.", line.line_id)
        if line.exchange_for and line.outcome != "exchange":
            yield ReturnProblem("bad_outcome", "Another product can only be chosen for an exchange.", line.line_id)
        if len(line.comment) > RETURN_WORDS_MAX:
            yield ReturnProblem("bad_text", f"Say it in at most {RETURN_WORDS_MAX} characters.", line.line_id)
