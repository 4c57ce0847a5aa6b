"""Talks to a shop. The only file of this platform that knows HTTP."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth1

from ...domain.adapter import Gone, Page, Reject, Request
from ..rest import RestClient
from . import const, render


class Client(RestClient):
    """A shop's REST API, with the ``webhook_secret`` left out: that is for what comes in.

    :param api_url: of the shop; the path of the API is added unless it is there.
    """

    def __init__(self, api_url: str, api_key: str, api_secret: str, **options: Any):
        root = api_url.strip().rstrip("/")
        super().__init__(root if "/wp-json/" in urlsplit(root).path else root + const.API_ROOT, **options)
        self._auth = _auth(urlsplit(root).scheme, api_key, api_secret)

    def auth(self, request: Request) -> requests.auth.AuthBase:
        return self._auth

    def is_own_refusal(self, code: str) -> bool:
        return code.startswith(const.OWN_ERROR_PREFIX)

    def orders_since(self, moment: datetime, cursor: str = "") -> Page:
        """Orders changed after ``moment`` (exclusive, to the second), oldest change first.

        An order that changes between two pages moves to the end and pulls the others forward, so the next page may
        miss one: pages are not stable. Going on from a later ``moment`` avoids that.

        :param cursor: number of the page.
        """
        page = int(cursor or 1)
        answer = self.call(render.orders_page(moment, page))
        if not isinstance(answer.json, list):
            raise Reject("The shop answered with something else than a list of orders.")
        pages = answer.headers.get("X-WP-TotalPages", "")
        # A proxy may drop the header; then a full page is taken to have a successor.
        more = page < int(pages) if pages.isdecimal() else len(answer.json) == const.PER_PAGE
        return Page(tuple(map(_bytes, answer.json)), str(page + 1) if more else "")

    def order(self, order_ref: str) -> bytes:
        """One order as it is now, as JSON.

        :raise Gone: for one that was deleted for good; one in the bin is still there, as cancelled.
        """
        try:
            return _bytes(self.send(render.order(order_ref)))
        except Reject as error:
            if error.code == const.GONE_CODE:
                raise Gone("The order was deleted in the shop.", error.code) from None
            raise


def _auth(scheme: str, api_key: str, api_secret: str) -> requests.auth.AuthBase:
    """Basic over TLS; a signature without: over plain HTTP WooCommerce refuses basic, and rightly so."""
    if scheme == "https":
        return HTTPBasicAuth(api_key.encode(), api_secret.encode())
    return OAuth1(api_key, client_secret=api_secret, signature_method="HMAC-SHA256", signature_type="QUERY")


def _bytes(order: Any) -> bytes:
    return json.dumps(order, separators=(",", ":")).encode()
