"""Talks to a shop. The only file of this platform that knows HTTP."""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth1

from ...domain.adapter import Auth, Page, Reject, Request, Retry
from . import const, render

_logger = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024
MESSAGE_MAX = 300


class Client:
    """A shop's REST API.

    Every call raises :class:`Retry`, :class:`Reject` or :class:`Auth`, and nothing else. No message and no log line
    holds a key, a secret or a signed address.

    :param api_url: of the shop; the path of the API is added unless it is there.
    :param timeout_s: for connecting, and between two bytes; a whole answer may take three times as long.
    """

    def __init__(
        self,
        api_url: str,
        api_key: str,
        api_secret: str,
        timeout_s: float = 20,
        session: requests.Session | None = None,
    ):
        url = urlsplit(api_url.strip())
        if url.scheme not in ("https", "http") or not url.hostname:
            raise Reject("The address of the shop must begin with https://. Correct it in the channel.")
        self._root = api_url.strip().rstrip("/") + ("/" if "/wp-json/" in url.path else const.API_ROOT)
        self._auth = _auth(url.scheme, api_key, api_secret)
        self._timeout_s = timeout_s
        self._session = session or requests.Session()

    def orders_since(self, moment: datetime, page: int = 1) -> Page:
        """Orders changed after ``moment`` (exclusive, to the second), oldest change first.

        An order that changes between two pages moves to the end and pulls the others forward, so the next page may
        miss one. Going on with page 1 from a later ``moment`` avoids that; the overlap of a later poll mends it.

        :param moment: the last change seen, less the caller's overlap: a shop's clock and ours differ.
        :param page: from 1.
        """
        answer, headers = self._call(render.orders_page(moment, page))
        if not isinstance(answer, list):
            raise Reject("The shop answered with something else than a list of orders.")
        pages = headers.get("X-WP-TotalPages", "")
        # A proxy may drop the header; then a full page is taken to have a successor.
        more = page < int(pages) if pages.isdecimal() else len(answer) == const.PER_PAGE
        return Page(tuple(json.dumps(order, separators=(",", ":")).encode() for order in answer), more)

    def order(self, order_id: str) -> bytes:
        """One order as it is now, as JSON."""
        return json.dumps(self.send(render.order(order_id)), separators=(",", ":")).encode()

    def send(self, request: Request) -> Any:
        """Carry out a request; the JSON of the answer."""
        return self._call(request)[0]

    def _call(self, request: Request) -> tuple[Any, Any]:
        started = time.monotonic()
        try:
            with self._session.request(
                request.method,
                self._root + request.path,
                params=dict(request.params),
                json=request.body,
                auth=self._auth,
                timeout=self._timeout_s,
                # A redirect would carry the credentials to wherever it points, or turn a POST into a GET.
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response, deadline=started + 3 * self._timeout_s)
        except requests.RequestException as error:
            # Its text holds the signed address: only the name of the class is told.
            raise Retry(f"The shop could not be reached ({type(error).__name__}).") from None
        _logger.debug(
            "%s %s: %s in %.2f s", request.method, request.path, response.status_code, time.monotonic() - started
        )
        return _answer(response, body), response.headers


def _auth(scheme: str, api_key: str, api_secret: str) -> requests.auth.AuthBase:
    """Basic over TLS; a signature without: over plain HTTP WooCommerce refuses basic, and rightly so."""
    if scheme == "https":
        return HTTPBasicAuth(api_key.encode(), api_secret.encode())
    return OAuth1(api_key, client_secret=api_secret, signature_method="HMAC-SHA256", signature_type="QUERY")


def _read(response: requests.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(CHUNK_BYTES):
        body += chunk
        if len(body) > const.RESPONSE_MAX_BYTES:
            raise Reject(f"The shop's answer is larger than {const.RESPONSE_MAX_BYTES // 2**20} MiB.")
        if time.monotonic() > deadline:
            raise Retry("The shop answers too slowly.")
    return bytes(body)


def _answer(response: requests.Response, body: bytes) -> Any:
    """The JSON of a successful answer; anything else as the error that it is."""
    status = response.status_code
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    error = answer if isinstance(answer, dict) else {}
    code, message = str(error.get("code", "")), str(error.get("message", ""))[:MESSAGE_MAX]
    if status in (401, 403):
        raise Auth(f"The shop does not accept our keys or their permissions: {message or status}", code)
    if 300 <= status < 400:
        target = urlsplit(response.headers.get("Location", ""))
        raise Reject(
            f"The shop has moved to {target.scheme}://{target.hostname}. Enter its new address in the channel."
        )
    if status in const.BUSY_STATUSES or (status >= 500 and not code.startswith(const.OWN_ERROR_PREFIX)):
        raise Retry(f"The shop is busy or down (HTTP {status}).", _delay_s(response.headers), code)
    if status >= 400 and error:
        raise Reject(f"The shop refuses: {message or code or status}", code)
    if answer is None:
        raise Retry(f"The shop answered with a page instead of data (HTTP {status}).", _delay_s(response.headers))
    if status >= 400:
        raise Reject(f"The shop refuses (HTTP {status}).")
    return answer


def _delay_s(headers: Any) -> float | None:
    """``Retry-After`` in seconds, from seconds or from a date (RFC 9110, 10.2.3), at most :data:`RETRY_AFTER_MAX_S`.

    A date is compared with the shop's own ``Date``, so that neither clock need be right.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        delay_s = float(text[:10])
    else:
        try:
            delay_s = (parsedate_to_datetime(text) - parsedate_to_datetime(headers["Date"])).total_seconds()
        except (KeyError, TypeError, ValueError):
            return None
    return min(max(delay_s, 0.0), const.RETRY_AFTER_MAX_S)
