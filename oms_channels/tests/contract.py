"""What every platform must keep, as tests; and how a document is compared with its golden file.

A platform joins by a class of ten lines (see ``test_woocommerce.py``) and a folder ``data/payloads/<platform>/``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from odoo.addons.oms_channels.domain.adapter import CREDENTIAL_FIELDS, EVENT_KINDS, Adapter, Event, Reject
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_core.domain.documents import CancelDoc, OrderDoc

PAYLOADS = Path(__file__).resolve().parents[2] / "data" / "payloads"
EXPECTED_SUFFIX = ".expected.json"


def payloads(platform: str) -> list[Path]:
    """The platform's golden payloads, ``<kind>/<case>.json``."""
    found = sorted((PAYLOADS / platform).glob("*/*.json"))
    return [path for path in found if not path.name.endswith(EXPECTED_SUFFIX)]


def parsed(path: Path) -> dict[str, Any]:
    """What the platform's parser makes of a golden payload, as :func:`canonical`."""
    adapter = PLATFORMS[path.parent.parent.name]
    return canonical(adapter.parse(path.parent.name, path.read_bytes()))


def expected(path: Path) -> dict[str, Any]:
    """What it is to become."""
    return json.loads(path.with_name(path.stem + EXPECTED_SUFFIX).read_text(encoding="utf-8"))


def canonical(document: OrderDoc | CancelDoc) -> dict[str, Any]:
    """A document as plain JSON: numbers and moments as text, what is empty or as ever left out, problems by their codes."""
    plain = _plain(document)
    plain.pop("parse_problems", None)
    plain["problems"] = [problem.code for problem in document.problems()]
    if isinstance(document, OrderDoc):
        plain["computed_total"] = str(document.computed_total())
    return plain


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        value = {item.name: got for item in fields(value) if (got := getattr(value, item.name)) != item.default}
    if isinstance(value, Mapping):
        return {key: plain for key, item in value.items() if (plain := _plain(item))}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime) else value


def leaves(value: Any) -> Iterator[Any]:
    """Everything in a document that is not itself a document or a sequence."""
    if is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, tuple | list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


NONSENSE = (None, "", "x", -1, 10**40, 1e300, True, [], [None], ["x"], {}, {"x": 1}, "NaN", "1,5")


def _spoilt(value: Any, depth: int = 6) -> Iterator[Any]:
    """The value with one thing in it missing, or replaced by nonsense, at a time."""
    if depth and isinstance(value, dict):
        for key, item in value.items():
            yield {name: other for name, other in value.items() if name != key}
            for odd in (*NONSENSE, *_spoilt(item, depth - 1)):
                yield {**value, key: odd}
    elif depth and isinstance(value, list):
        for index, item in enumerate(value[:2]):
            for odd in (*NONSENSE, *_spoilt(item, depth - 1)):
                yield [*value[:index], odd, *value[index + 1 :]]


class PlatformContract:
    """The contract of :class:`Adapter`, for one platform.

    Concrete classes derive from this and from ``odoo.tests.BaseCase``, set :attr:`platform` and
    ``allow_inherited_tests_method = True``, and say how the platform signs.
    """

    #: Code in the registry.
    platform: str
    secret = "correct horse & battery"
    #: What a webhook brings is only a hint that an order has changed: the platform's webhooks speak another language than
    #: its API, or say less.
    hints = False

    def signed(self, body: bytes, secret: str) -> dict[str, str]:
        """The headers with which the platform would deliver ``body``: an order that was changed."""
        raise NotImplementedError

    def delivered(self, order: bytes) -> bytes:
        """The body with which the platform tells that this order was changed."""
        return order

    def skip_without_webhooks(self) -> None:
        if not self.adapter.capabilities.webhooks:
            self.skipTest("the platform sends no webhooks")

    @property
    def adapter(self) -> Adapter:
        return PLATFORMS[self.platform]

    @property
    def order(self) -> bytes:
        """Some order of the platform."""
        return next(path for path in payloads(self.platform) if path.parent.name == "order").read_bytes()

    @property
    def body(self) -> bytes:
        """What a webhook about :attr:`order` brings."""
        return self.delivered(self.order)

    def _verify(self, headers: Mapping[str, str], body: bytes, secret: str | None = None) -> bool:
        return self.adapter.verify(headers, body, self.secret if secret is None else secret)

    def _read(self, body: bytes) -> Event:
        """The event of a webhook; of a polled order where there are none."""
        if not self.adapter.capabilities.webhooks:
            return self.adapter.read_event({}, body)
        return self.adapter.read_event(self.signed(body, self.secret), body)

    # ---- Registry ----

    def test_the_registry_entry_is_complete(self):
        self.assertEqual(self.adapter.code, self.platform)
        self.assertTrue(self.adapter.label)
        capabilities = self.adapter.capabilities
        self.assertTrue(capabilities.webhooks or capabilities.poll or capabilities.files)
        for credential in self.adapter.credentials:
            self.assertIn(credential.field, CREDENTIAL_FIELDS)
            self.assertTrue(credential.label)

    # ---- Signatures ----

    def test_the_right_signature_is_accepted(self):
        self.skip_without_webhooks()
        self.assertTrue(self._verify(self.signed(self.body, self.secret), self.body))

    def test_the_names_of_headers_are_read_in_any_case(self):
        self.skip_without_webhooks()
        headers = {key.lower(): value for key, value in self.signed(self.body, self.secret).items()}
        self.assertTrue(self._verify(headers, self.body))
        self.assertEqual(self.adapter.read_event(headers, self.body), self._read(self.body))

    def test_an_altered_body_is_refused(self):
        self.skip_without_webhooks()
        self.assertFalse(self._verify(self.signed(self.body, self.secret), self.body + b" "))

    def test_a_signature_with_another_secret_is_refused(self):
        self.skip_without_webhooks()
        self.assertFalse(self._verify(self.signed(self.body, "another"), self.body))

    def test_a_delivery_without_headers_is_refused(self):
        self.assertFalse(self._verify({}, self.body))

    def test_an_empty_secret_verifies_nothing(self):
        self.skip_without_webhooks()
        self.assertFalse(self._verify(self.signed(self.body, ""), self.body, secret=""))

    def test_a_signature_that_is_not_ascii_is_refused(self):
        self.skip_without_webhooks()
        headers = {name: "ü" + value for name, value in self.signed(self.body, self.secret).items()}
        self.assertFalse(self._verify(headers, self.body))

    # ---- Events ----

    def test_the_same_delivery_twice_has_the_same_key(self):
        event = self._read(self.body)
        self.assertEqual(self._read(self.body), event)
        self.assertEqual(event.kind, "hint" if self.hints else "order")

    def test_a_hint_names_the_order_to_read(self):
        if not self.hints:
            self.skipTest("webhooks bring the order itself")
        self.assertEqual(self._read(self.body).order_ref, self.adapter.parse("order", self.order).external_id)

    def test_a_polled_order_has_the_key_of_its_webhook(self):
        if self.hints:
            self.skipTest("webhooks bring hints only")
        polled = json.dumps(json.loads(self.order)).encode()
        self.assertEqual(self.adapter.read_event({}, polled), self._read(self.order))

    def test_a_polled_order_is_an_order_whose_key_does_not_hang_on_its_spelling(self):
        event = self.adapter.read_event({}, self.order)
        self.assertEqual(event.kind, "order")
        spelled = json.dumps(json.loads(self.order), indent=3, sort_keys=True).encode()
        self.assertEqual(self.adapter.read_event({}, spelled), event)

    def test_different_orders_have_different_keys(self):
        bodies = [path.read_bytes() for path in payloads(self.platform) if path.parent.name == "order"]
        self.assertEqual(len({self.adapter.read_event({}, body).key for body in bodies}), len(bodies))

    def test_a_key_can_be_stored_whatever_the_body_holds(self):
        """Neither NUL nor half of a surrogate pair, which JSON can carry and PostgreSQL cannot store; and not endless."""
        for source, headed in ((self.order, False), (self.body, self.adapter.capabilities.webhooks)):
            payload = json.loads(source)
            for odd in ("\0", "\ud800", "x" * 10_000):
                for name, value in payload.items():
                    if isinstance(value, str | int):
                        with self.subTest(odd=odd[:1], name=name):
                            body = json.dumps({**payload, name: f"{value}{odd}"}).encode()
                            event = self._read(body) if headed else self.adapter.read_event({}, body)
                            for text in (event.key, event.order_ref):
                                self.assertNotIn("\0", text)
                                self.assertLess(len(text.encode()), 500)

    def test_a_malformed_body_is_an_event_and_then_rejected(self):
        for body in (b"", b"{", b"\xff\xfe", b"null", b"[]", b'"text"', b"[" * 100_000):
            with self.subTest(body=body[:10]):
                for event in (self._read(body), self.adapter.read_event({}, body)):
                    self.assertIn(event.kind, EVENT_KINDS)
                    self.assertTrue(event.key)
                with self.assertRaises(Reject) as caught:
                    self.adapter.parse("order", body)
                self.assertTrue(str(caught.exception))

    # ---- Documents ----

    def test_every_payload_becomes_the_expected_document(self):
        for path in payloads(self.platform):
            with self.subTest(path=path.name):
                self.assertEqual(parsed(path), expected(path))

    def test_parsing_twice_gives_the_same_document(self):
        self.assertEqual(self.adapter.parse("order", self.order), self.adapter.parse("order", self.order))

    def test_every_document_adds_up_or_says_why_not(self):
        for path in payloads(self.platform):
            document = self.adapter.parse(path.parent.name, path.read_bytes())
            if isinstance(document, OrderDoc):
                self.assertTrue(document.computed_total() == document.total or document.problems(), path.name)

    def test_an_order_may_lack_anything_and_hold_any_nonsense(self):
        """Whatever is missing or of another shape: a document, or a refusal with a sentence; never an accident."""
        for body in _spoilt(json.loads(self.order)):
            try:
                document = self.adapter.parse("order", json.dumps(body).encode())
            except Reject as error:
                self.assertTrue(str(error))
            else:
                self.assertTrue(document.computed_total() == document.total or document.problems())

    def test_no_float_gets_into_a_document(self):
        for path in payloads(self.platform):
            document = self.adapter.parse(path.parent.name, path.read_bytes())
            self.assertFalse([leaf for leaf in leaves(document) if isinstance(leaf, float)], path.name)
