"""Feeds: much told at once, worked off by Amazon within minutes. The part of the client that brings and follows them.

A feed goes three ways: a document is asked for, its content is brought to Amazon's storage, and the feed is made of it. Only
the last step does something.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ...domain.adapter import Gone, Reject, Request, Retry
from ...domain.outgoing import Result
from ...domain.reader import Reader
from ..rest import Answer, RestClient
from . import answers, const, render

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Feeds(RestClient):
    """What the client knows of feeds."""

    def __init__(self, root: str, **options: Any):
        super().__init__(root, **options)
        self._reports: dict[str, tuple[str, Mapping[int, Result]]] = {}

    def submit(self, feed_type: str, marketplace_id: str, content_type: str, document: bytes) -> str:
        """The id of a new feed. Only its creation does something; a document that was brought and not used is nothing."""
        answer = as_object(self.send(render.feed_document(content_type), "createFeedDocument"))
        document_id, address = answer.text("feedDocumentId"), answer.text("url")
        self._storage("PUT", address, data=document, headers={"Content-Type": content_type})
        feed = self.send(render.create_feed(feed_type, marketplace_id, document_id), "createFeed")
        feed_id = as_object(feed).text("feedId")
        if not feed_id:
            raise Retry("Amazon took the data and did not say under which number.")
        return feed_id

    def _storage(self, method: str, address: str, **options: Any) -> Answer:
        """Bring to or fetch from Amazon's storage. Our token stays out of it: the address itself is signed."""
        url, own = urlsplit(address), urlsplit(self.root)
        is_storage = url.scheme == "https" and (url.hostname or "").endswith(const.STORAGE_SUFFIX)
        is_own = (url.scheme, url.netloc) == (own.scheme, own.netloc) and own.hostname in LOOPBACK
        if not (is_storage or is_own) or url.username or url.password:
            raise Reject("Amazon named an address for its data that is not Amazon's. Nothing was sent there.")
        answer = self.transfer(method, address, **options)
        if answer.status >= 300:
            # Addresses are good for some minutes; the next attempt gets a new one.
            raise Retry(f"Amazon's storage refuses (HTTP {answer.status}).", answer.delay_s)
        return answer

    def outcomes(self, references: Sequence[str]) -> Sequence[Result]:
        """What came of messages of feeds, by ``<feed>/<number>``."""
        results = []
        for reference in references:
            feed_id, _slash, number = reference.partition("/")
            if feed_id not in self._reports:
                self._reports[feed_id] = self._report(feed_id)
            default, found = self._reports[feed_id]
            result = found.get(int(number) if number.isdecimal() else 1) or found.get(0)
            results.append(result or Result(default, "" if default == "ok" else "Amazon is still at it.", reference))
        # What is still being worked on is asked for anew next time.
        self._reports = {feed: report for feed, report in self._reports.items() if report[0] != "pending"}
        return results

    def _report(self, feed_id: str) -> tuple[str, Mapping[int, Result]]:
        """(code of all messages that are not named, number → result)."""
        try:
            feed = as_object(self.send(render.feed(feed_id), "getFeed"))
        except Gone:
            sentence = "Amazon forgot what came of this; it keeps that for 90 days. Compare, and send again if need be."
            return "ok", {0: Result("refused", sentence)}
        status, feed_type = feed.text("processingStatus").upper(), feed.text("feedType")
        document_id = feed.text("resultFeedDocumentId")
        if status == "CANCELLED":
            return "ok", {0: Result("retry", "Amazon dropped this before it was worked off.")}
        if status not in ("DONE", "FATAL"):
            return "pending", {}
        found: Mapping[int, Result] | None = {}
        if document_id:
            raw = self._result_document(document_id)
            found = answers.listings_report(raw) if feed_type == const.FEED_LISTINGS else answers.order_report(raw)
        if found is None or (status == "FATAL" and not found):
            # Some of it may have been done. Quantities and prices can be told again, money cannot.
            if feed_type == const.FEED_LISTINGS:
                return "ok", {0: Result("retry", "Amazon gave up while working this off.")}
            sentence = "Amazon gave up on this and does not say what was done. Look at the order in Seller Central."
            return "ok", {0: Result("refused", sentence)}
        return "ok", found

    def _result_document(self, document_id: str) -> bytes:
        return self.document(render.result_document(document_id), "getFeedDocument")

    def document(self, request: Request, operation: str) -> bytes:
        """The content of a document: what came of a feed, or a report."""
        answer = as_object(self.send(request, operation))
        body = self._storage("GET", answer.text("url")).body
        if answer.text("compressionAlgorithm").upper() != "GZIP":
            return body
        unpacking = zlib.decompressobj(wbits=31)
        try:
            content = unpacking.decompress(body, const.REPORT_MAX_BYTES)
        except zlib.error:
            raise Retry("Amazon's report arrived damaged.") from None
        if unpacking.unconsumed_tail:
            raise Reject("Amazon's report is too large. Look at it in Seller Central.")
        if not unpacking.eof:
            raise Retry("Amazon's report arrived in half.")
        return content


def as_object(answer: Any) -> Reader:
    """An answer that has to be an object."""
    if not isinstance(answer, dict):
        raise Retry("Amazon answered with something else than was asked for.")
    return Reader(answer, "Answer", [])
