"""What oms_channels keeps of a channel, as a model of some hundred lines: no Odoo, no database.

It follows ``models/oms_channel_poll.py``, ``oms_message_hint.py`` and ``oms_channel_audit.py`` step by step, so that thousands
of schedules can be played against it in seconds. That the real one does the same is shown by ``test_conformance_in_odoo.py``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from odoo.addons.oms_core.domain.documents import OrderDoc

from ...const import AUDIT_PAGES_MAX, POLL_OVERLAP_S, POLL_PAGES_MAX
from ...domain.adapter import Adapter, Client, Gone, Page, Reject
from ..contract import canonical

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Killed(Exception):
    """The process ended here; what was not committed is gone."""


class Inbox:
    """What is kept of one channel.

    :ivar messages: unique key → (kind, body), in the order of arrival; ``waiting`` are those not worked off yet.
    :ivar orders: the platform's id → the newest document of it; ``called_off`` those that are no longer wanted.
    :ivar created: how often an order was made new for an id: once, whatever happens.
    :ivar refunds: (order, refund) → amount, of those that the platform stands by.
    """

    def __init__(self, adapter: Adapter, secret: str, now: Callable[[], datetime], start: datetime):
        self.adapter, self.secret, self.now = adapter, secret, now
        self.poll_from = start
        self.messages: dict[str, tuple[str, bytes]] = {}
        self.waiting: list[str] = []
        self.hints: dict[str, str] = {}
        self.aside: list[bytes] = []
        self.orders: dict[str, OrderDoc] = {}
        self.called_off: set[str] = set()
        self.created: Counter[str] = Counter()
        self.refunds: dict[tuple[str, str], Any] = {}
        #: Keys of what was read by ourselves, and not delivered.
        self.read: set[str] = set()
        self.dead: list[str] = []

    # ---- In ----

    def deliver(self, headers: Mapping[str, str], body: bytes) -> int:
        """As the controller: verify, store, answer; the HTTP status."""
        event = self.adapter.read_event(headers, body)
        if not self.adapter.verify(headers, body, self.secret):
            self.aside.append(body)
            return 401
        if event.kind in ("ping", "ignored"):
            return 200
        self._receive(event.kind, event.key, body, event.order_ref)
        return 200

    def _receive(self, kind: str, key: str, body: bytes, order_ref: str = "") -> bool:
        if key in self.messages:
            return False
        self.messages[key] = (kind, body)
        if kind == "hint":
            self.hints[key] = order_ref
        else:
            self.waiting.append(key)
        return True

    def _keep_read(self, key: str, kind: str, body: bytes) -> bool:
        """Store what was just read. A state that was stored before may hold again, after another one of the same moment."""
        if key not in self.messages:
            self.read.add(key)
            return self._receive(kind, key, body)
        try:
            document = self.adapter.parse(kind, body)
        except Reject:
            return False
        known = self.orders.get(document.external_id) if isinstance(document, OrderDoc) else None
        before = [one for one in self.messages if one == key or one.startswith(f"{key}#")]
        if known is None or before[-1] in self.waiting or not _is_other_of_the_moment(document, known):
            return False
        anew = f"{key}#{len(before)}"
        self.read.add(anew)
        return self._receive(kind, anew, body)

    def poll(self, client: Client, die_after: int | None = None) -> None:
        """Read what changed since the cursor. What a page brought is committed with the cursor, or neither.

        :param die_after: so many pages; the process ends before the last of them is committed.
        """
        start = self.poll_from
        since, cursor = start - timedelta(seconds=POLL_OVERLAP_S), ""
        for number in range(1, POLL_PAGES_MAX + 1):
            page = client.orders_since(since, cursor)
            before = self.keep() if number == die_after else {}
            newest = self._store_page(page)
            if number == die_after:
                self.restore(before)
                raise Killed
            self.poll_from = max(start, min(newest, self.now()))
            if not page.cursor:
                return
            since, cursor = self._go_on(page, since, newest)

    @staticmethod
    def _go_on(page: Page, since: datetime, newest: datetime) -> tuple[datetime, str]:
        resume = newest - timedelta(seconds=1)
        return (resume, "") if resume > since and not page.stable else (since, page.cursor)

    def _store_page(self, page: Page, seen: dict[str, bool] | None = None) -> datetime:
        newest = EPOCH
        for body in page.orders:
            event = self.adapter.read_event({}, body)
            is_new = self._keep_read(event.key, event.kind, body)
            try:
                order = self.adapter.parse(event.kind, body)
            except Reject:
                continue
            newest = max(newest, order.updated_at)
            if seen is not None:
                seen[order.external_id] = is_new or seen.get(order.external_id, False)
        return newest

    def read_hints(self, client: Client) -> None:
        """Read the orders that were hinted at. What is not read stays."""
        for key, order_ref in list(self.hints.items()):
            self._read_order(client, order_ref, key)
            del self.hints[key]

    def _read_order(self, client: Client, order_ref: str, why: str) -> None:
        try:
            body = client.order(order_ref)
        except Gone as error:
            told = json.dumps({"external_id": order_ref, "reason": str(error)}).encode()
            self._receive("order_gone", f"order_gone:{order_ref}:{why}", told)
        else:
            event = self.adapter.read_event({}, body)
            self._keep_read(event.key, event.kind, body)

    def audit(self, client: Client, days: int, why: str) -> dict[str, bool]:
        """Compare with the platform, as every night; {id: whether something of it was new}."""
        start, cursor, seen = self.now() - timedelta(days=days), "", {}
        known = [ref for ref, order in self.orders.items() if order.updated_at >= start and ref not in self.called_off]
        for _page in range(AUDIT_PAGES_MAX):
            page = client.orders_since(start, cursor)
            newest = self._store_page(page, seen)
            if not page.cursor:
                break
            start, cursor = self._go_on(page, start, newest)
        for ref in set(known) - set(seen):
            self._read_order(client, ref, why)
        return seen

    # ---- Working ----

    def work(self) -> None:
        """Apply what waits, in the order in which it came; only the newest state of an order counts."""
        for key in self.waiting:
            kind, body = self.messages[key]
            if kind == "order_gone":
                self.called_off.add(json.loads(body)["external_id"])
                continue
            try:
                document = self.adapter.parse(kind, body)
            except Reject:
                self.dead.append(key)
                continue
            if isinstance(document, OrderDoc):
                self._apply(document, key)
            else:
                self.called_off.add(document.external_id)
        self.waiting.clear()

    def _apply(self, order: OrderDoc, key: str) -> None:
        known = self.orders.get(order.external_id)
        if known is not None and order.updated_at < known.updated_at:
            return
        if known is not None and key not in self.read and _is_other_of_the_moment(order, known):
            # Nobody can tell which came first: the platform is asked.
            self._receive("hint", f"doubt:{key}", b"", order.external_id)
            return
        if known is None:
            self.created[order.external_id] += 1
        order = _with_details(order, known)
        self.orders[order.external_id] = order
        if order.status == "cancelled":
            self.called_off.add(order.external_id)
        else:
            self.called_off.discard(order.external_id)
        for known_refund in [refund for refund in self.refunds if refund[0] == order.external_id]:
            del self.refunds[known_refund]
        for refund in order.refunds:
            self.refunds[order.external_id, refund.external_id] = (refund.amount, refund.pending)

    # ---- Committing ----

    def keep(self) -> dict[str, Any]:
        """What is committed."""
        shared = ("adapter", "now", "secret")
        return {name: deepcopy(value) for name, value in vars(self).items() if name not in shared}

    def restore(self, kept: Mapping[str, Any]) -> None:
        vars(self).update(kept)

    @staticmethod
    def view(order: OrderDoc) -> Any:
        """What is compared of an order."""
        return canonical(order)

    def state(self) -> dict[str, Any]:
        """What anybody could see in the end: every order once in its newest state, or called off."""
        return {ref: "called off" if ref in self.called_off else canonical(order) for ref, order in self.orders.items()}


def _is_other_of_the_moment(order: OrderDoc, known: OrderDoc) -> bool:
    """Whether both are of one moment and differ in what counts."""
    return order.updated_at == known.updated_at and canonical(_with_details(order, known)) != canonical(known)


def _with_details(order: OrderDoc, known: OrderDoc | None) -> OrderDoc:
    """The order with what was known of its refunds and a message that only tells the sums leaves out."""
    before = {refund.external_id: refund for refund in known.refunds} if known else {}
    refunds = []
    for refund in order.refunds:
        same = before.get(refund.external_id)
        tells_less = same and not refund.refunded_at and (same.amount, same.pending) == (refund.amount, refund.pending)
        refunds.append(same if tells_less else refund)
    return replace(order, refunds=tuple(refunds))
