"""What a sales platform is to the rest of the system: a handful of pure functions and one client.

The models know nothing but this interface; everything that is peculiar to a platform stays in its folder under
``platforms/``. A new platform is a new folder, a line in the registry, a folder of payloads and a ten-line test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from odoo.addons.oms_core.domain.documents import CancelDoc, OrderDoc

#: What a delivery can be about. ``ping`` and ``ignored`` are acknowledged and need no work.
EVENT_KINDS = ("order", "order_deleted", "ping", "ignored")


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
    """

    def __init__(self, message: str, delay_s: float | None = None, code: str = ""):
        super().__init__(message, code)
        self.delay_s = delay_s


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
    """

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Credential:
    """One of the channel's generic columns, as a platform uses it.

    :param field: ``api_url``, ``api_key``, ``api_secret``, ``api_token``, ``webhook_secret`` or ``account_ref``.
    :param label: what the platform calls it.
    """

    field: str
    label: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do; what it cannot is not offered."""

    webhooks: bool = False  #: it tells us about orders
    poll: bool = False  #: it can be asked for orders since a moment
    stock: bool = False  #: it takes quantities on hand
    fulfilment: bool = False  #: it takes tracking numbers
    partial_fulfilment: bool = False  #: … for part of an order
    refunds: bool = False  #: it takes refunds
    partial_refunds: bool = False  #: … of part of an order
    cancel: bool = False  #: it takes cancellations


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
    :param more: whether there is another page.
    """

    orders: tuple[bytes, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Adapter:
    """One platform.

    :param verify: ``(headers, body, secret) → bool``: whether the platform itself sent this. Never raises.
    :param read_event: ``(headers, body) → Event``. Never raises: what cannot be understood gets a key too, so that it
        is stored and fails where a person can see it. Without headers the body is a polled order.
    :param parse: ``(kind, body) → document``. Oddities become problems of the document; raises :class:`Reject` only
        for what is no document at all.
    :param client: makes the object that talks to the platform; takes the credentials by the names of their fields.
    """

    code: str
    label: str
    credentials: tuple[Credential, ...]
    capabilities: Capabilities
    verify: Callable[[Mapping[str, str], bytes, str], bool]
    read_event: Callable[[Mapping[str, str], bytes], Event]
    parse: Callable[[str, bytes], OrderDoc | CancelDoc]
    client: Callable[..., Any]

    def connect(self, values: Mapping[str, str], **options: Any) -> Any:
        """A client with the credentials among ``values`` (a channel's columns).

        The webhook secret is for what comes in and stays out of the client.
        """
        fields = [credential.field for credential in self.credentials if credential.field != "webhook_secret"]
        return self.client(**{name: values[name] or "" for name in fields}, **options)


def header(headers: Mapping[str, str], name: str) -> str:
    """The value of a header whatever the case of its name (RFC 9110, 5.1); empty if it is absent."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")
