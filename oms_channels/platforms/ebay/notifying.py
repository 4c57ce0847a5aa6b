"""Having eBay's notifications sent to us: an address that eBay knows, and the topics that go there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from ...domain.adapter import Gone, Reject, Request
from ...domain.reader import Reader
from . import const, render, verify


class Notifying:
    """What the client does about notifications. Addresses belong to the application, subscriptions to the seller."""

    send: Callable[..., Any]

    def subscribe(self, address: str, secret: str = "") -> Sequence[str]:
        """See to it that our topics come to ``address``. eBay asks the address whether it is ours before it answers.

        The deletion of accounts is not a topic to subscribe to: its address is entered on the developer pages, once.
        """
        token = verify.verification_token(secret)
        self._check_alerts()
        destination_id = self._destination(address, token)
        there = {
            row.text("topicId"): row for row in self._rows(render.subscriptions, "subscriptions") if row.text("topicId")
        }
        for topic in const.TOPICS:
            row = there.get(topic)
            if row and row.text("destinationId") == destination_id and row.text("status") == "ENABLED":
                continue
            version = self._version(topic)
            self.send(render.subscription(topic, version, destination_id, row.text("subscriptionId") if row else ""))
        return const.TOPICS

    def _check_alerts(self) -> None:
        try:
            self.send(render.alerts())
        except Reject as error:
            if error.code != const.NO_ALERTS_ERROR:
                raise
            raise Reject(
                "eBay wants an e-mail address for alerts before it sends anything: enter it at developer.ebay.com > Alerts & "
                "Notifications, then set up the webhooks again.",
                error.code,
            ) from None

    def _destination(self, address: str, token: str) -> str:
        """eBay's id of our address; one at an old host is led here."""
        path = urlsplit(address).path
        for row in self._rows(render.destinations, "destinations"):
            config = row.nested("deliveryConfig")
            if urlsplit(config.text("endpoint")).path == path:
                destination_id = row.text("destinationId")
                known = config.text("verificationToken")
                same = config.text("endpoint") == address and row.text("status") == "ENABLED" and known in ("", token)
                if not same:
                    self.send(render.destination(address, token, destination_id))
                return destination_id
        self.send(render.destination(address, token))
        for row in self._rows(render.destinations, "destinations"):
            if row.nested("deliveryConfig").text("endpoint") == address:
                return row.text("destinationId")
        raise Reject("eBay has taken our address and does not show it. Set up the webhooks again in some minutes.")

    def _version(self, topic: str) -> str:
        """The version of a topic that is sent; the first one where eBay does not say."""
        try:
            told = self.send(render.topic(topic))
        except Gone:
            raise Reject(f"eBay has no notifications on {topic} any more. Tell your administrator.") from None
        rows = Reader(told if isinstance(told, dict) else {}, "", []).rows("supportedPayloads", "Payload")
        good = [row.text("schemaVersion") for row in rows if row.fields.get("deprecated") is not True]
        return next(filter(None, good), "1.0")

    def _rows(self, request: Callable[..., Request], key: str) -> Iterator[Reader]:
        """What all pages of a list hold."""
        cursor, pages = "", 0
        while pages < 50:
            told = self.send(request(cursor))
            reader = Reader(told if isinstance(told, dict) else {}, "", [])
            yield from reader.rows(key, "Entry")
            following = reader.text("next")
            cursor = dict(part.partition("=")[::2] for part in urlsplit(following).query.split("&")).get(
                "continuation_token", ""
            )
            pages += 1
            if not cursor:
                return
