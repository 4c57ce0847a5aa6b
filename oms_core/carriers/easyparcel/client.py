"""Talks to EasyParcel. The only file of this carrier that knows HTTP."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import requests

from ...network import Refused, guarded_session
from ..base import (
    LABEL_MAX_BYTES,
    Account,
    Auth,
    RateQuote,
    Reject,
    Retry,
    ShipmentRequest,
    ShipmentResult,
    TrackingUpdate,
    sentence,
)
from . import const, parse, render

_logger = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024
WEEKEND = 5


def utc_now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Client:
    """One connection to EasyParcel. No message and no log line holds a token or an address.

    :param timeout_s: for connecting, and between two bytes; a whole answer may take three times as long.
    """

    def __init__(
        self,
        account: Account,
        timeout_s: float = 30,
        now=utc_now,
        session: requests.Session | None = None,
    ):
        url = urlsplit((account.url or const.URL).strip())
        if url.scheme not in ("https", "http") or not url.hostname:
            raise Reject("The address of EasyParcel must begin with https://. Correct it on the delivery method.")
        self._base = (account.url or const.URL).strip().rstrip("/")
        self._version = account.version or const.VERSIONS[0]
        self._account = account
        self._timeout_s = timeout_s
        self._now = now
        self._session = session or guarded_session()

    # ---- What a carrier does ----

    def rate(self, request: ShipmentRequest) -> tuple[RateQuote, ...]:
        """Prices of all services. Those that the wallet cannot pay carry a warning: it would fail only at the booking."""
        quotes = parse.quotes(self._call("POST", "shipment/quotations", render.quotation(request, self._version)))
        try:
            balance = parse.balance(self._call("GET", "wallet"))
        except (Retry, Reject):
            return quotes  # prices are useful without
        return tuple(
            replace(
                quote,
                warning=f"The wallet holds {balance[quote.currency]} {quote.currency}, less than this costs. Top it up first.",
            )
            if quote.price > balance.get(quote.currency, quote.price)
            else quote
            for quote in quotes
        )

    def ship(self, request: ShipmentRequest) -> ShipmentResult:
        """Book and pay, at once. A lost answer is :class:`Retry` with ``maybe_done``: ask :meth:`find` before again."""
        if not request.service_code:
            raise Reject("Choose a service of EasyParcel on the delivery method, or compare rates first.", "service")
        collection = request.collection_date or self._next_working_day()
        answer = self._call("POST", "shipment/submit_orders", render.submission(request, collection))
        result, label_url = parse.booked(answer)
        return self._with_label(result, label_url)

    def return_label(self, request: ShipmentRequest) -> ShipmentResult:
        """A return is a shipment the other way round."""
        return self.ship(request)

    def find(self, key: str) -> ShipmentResult | None:
        """The shipment that was booked under a key of ours and is not cancelled; ``None`` when there is none."""
        before = ""
        for _page in range(const.LIST_PAGES_MAX):
            rows = parse.items_of(parse.data_of(self._call("GET", "shipment/list", render.listing(before))))
            for row in rows:
                if row.get("customer_reference_no") == key and not parse.is_cancelled(row):
                    return self._with_label(parse.shipment(row), str(row.get("awb_url") or ""))
            last = str(rows[-1].get("shipment_number") or "") if rows else ""
            if len(rows) < const.LIST_MAX or not last or last == before:
                return None
            before = last
        return None

    def cancel(self, carrier_ref: str) -> None:
        parse.cancelled(self._call("POST", "shipment/cancel", render.cancellation(carrier_ref)))

    def track(self, numbers: Sequence[str]) -> tuple[TrackingUpdate, ...]:
        if not numbers:
            return ()
        if len(numbers) > const.TRACK_MAX:
            raise ValueError(f"{len(numbers)} parcels are more than {const.TRACK_MAX}")
        return parse.tracking(self._call("POST", "shipment/tracking_status", render.tracking(list(numbers))))

    def details(self, carrier_ref: str) -> TrackingUpdate:
        """One shipment as it is now, with the number and the label that may have been missing at the booking."""
        update, result, label_url = parse.details(self._call("GET", "shipment/details", render.details(carrier_ref)))
        return replace(update, result=self._with_label(result, label_url))

    def warnings(self) -> tuple[str, ...]:
        empty = [currency for currency, amount in parse.balance(self._call("GET", "wallet")).items() if amount <= 0]
        return tuple(f"The wallet in {currency} is empty. Top it up before you book." for currency in empty)

    # ---- HTTP ----

    def _next_working_day(self) -> date:
        day = (self._now() + timedelta(hours=const.LOCAL_OFFSET_H)).date() + timedelta(days=1)
        while day.weekday() >= WEEKEND:
            day += timedelta(days=1)
        return day

    def _with_label(self, result: ShipmentResult, url: str) -> ShipmentResult:
        """A booked shipment is booked also when its label cannot be had right now."""
        if not url:
            return replace(result, warning="The label is not ready yet; it is fetched later.")
        try:
            return replace(result, label=self._download(url), label_format="pdf")
        except (Retry, Reject) as error:
            return replace(result, warning=f"The label could not be fetched yet: {error}")

    def _download(self, url: str) -> bytes:
        target, own = urlsplit(url), urlsplit(self._base)
        if target.scheme != "https" and target.netloc != own.netloc:
            raise Reject("The label lies at an address that is not safe to open.")
        try:
            with self._session.get(url, timeout=self._timeout_s, allow_redirects=False, stream=True) as response:
                body = self._read(response, LABEL_MAX_BYTES)
        except Refused as error:
            raise Reject(str(error)) from None
        except requests.RequestException as error:
            raise Retry(f"The label could not be fetched ({type(error).__name__}).") from None
        if response.status_code != 200 or not body.startswith(b"%PDF"):
            raise Retry("What lies at the label's address is no label.")
        return body

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        expires = self._account.expires_at
        if self._account.refresh_token and expires and expires <= self._now() + timedelta(seconds=const.TOKEN_MARGIN_S):
            self._refresh()
            return self._send(method, path, body)
        try:
            return self._send(method, path, body)
        except Auth:
            if not self._account.refresh_token:
                raise
            self._refresh()
            return self._send(method, path, body)

    def _refresh(self) -> None:
        """A new access token; or the one that somebody else has got meanwhile."""
        account = self._account
        if account.alone is None:
            return self._renew()
        with account.alone() as (access, refresh, expires_at):
            is_new = bool(access) and access != account.access_token
            account.access_token, account.refresh_token, account.expires_at = access, refresh, expires_at
            return None if is_new else self._renew()

    def _renew(self) -> None:
        """Trade the refresh token in; it may be another one after this, so both are kept before anything else."""
        account = self._account
        form = {"grant_type": "refresh_token", "refresh_token": account.refresh_token}
        try:
            response = self._session.post(
                f"{self._base}/oauth/token",
                data=form,
                auth=(account.key, account.secret),
                timeout=self._timeout_s,
                allow_redirects=False,
            )
            answer = response.json() if len(response.content) <= const.RESPONSE_MAX_BYTES else {}
        except Refused as error:
            raise Reject(str(error)) from None
        except (requests.RequestException, ValueError) as error:
            raise Retry(f"EasyParcel could not be reached ({type(error).__name__}).", maybe_done=False) from None
        if response.status_code == 429 or response.status_code >= 500:
            raise Retry("EasyParcel is busy.", _delay_s(response), maybe_done=False)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if response.status_code != 200 or not token:
            raise Auth("EasyParcel has ended our connection. Connect again on the delivery method.", "refresh")
        try:
            lifetime_s = float(answer.get("expires_in") or 36000)
        except (TypeError, ValueError):
            lifetime_s = 36000.0
        account.access_token = token
        account.refresh_token = answer.get("refresh_token") or account.refresh_token
        account.expires_at = self._now() + timedelta(seconds=lifetime_s)
        if account.save:
            account.save(account.access_token, account.refresh_token, account.expires_at)

    def _send(self, method: str, path: str, body: Any) -> Any:
        started = time.monotonic()
        try:
            with self._session.request(
                method,
                f"{self._base}/open_api/{self._version}/{path}",
                json=body,
                headers={"Authorization": f"Bearer {self._account.access_token}"},
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._read(response, const.RESPONSE_MAX_BYTES, started + 3 * self._timeout_s)
        except Refused as error:
            raise Reject(str(error)) from None
        except requests.RequestException as error:
            # Only when no connection came about, nothing can have been booked.
            refused = isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error)
            name = type(error).__name__
            raise Retry(f"EasyParcel could not be reached ({name}).", maybe_done=not refused) from None
        _logger.debug("EasyParcel %s %s: %s in %.2f s", method, path, response.status_code, time.monotonic() - started)
        return _answer(response, content)

    def _read(self, response: requests.Response, limit: int, deadline: float | None = None) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(CHUNK_BYTES):
            body += chunk
            if len(body) > limit:
                raise Reject(f"EasyParcel's answer is larger than {limit // 2**20} MiB.")
            if deadline is not None and time.monotonic() > deadline:
                raise Retry("EasyParcel answers too slowly.")
        return bytes(body)


def _answer(response: requests.Response, content: bytes) -> Any:
    status = response.status_code
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    message = sentence(answer.get("message")) if isinstance(answer, dict) else ""
    if status in (401, 403):
        raise Auth(f"EasyParcel does not accept our connection: {message or status}. Connect again.", str(status))
    if status == 429:
        raise Retry("EasyParcel asks us to slow down.", _delay_s(response), "429", maybe_done=False)
    if status >= 500:
        raise Retry(f"EasyParcel is down (HTTP {status}).", _delay_s(response), str(status))
    if 300 <= status < 400:
        raise Reject("EasyParcel's address has moved. Correct it on the delivery method.", str(status))
    if status >= 400:
        raise Reject(f"EasyParcel refuses: {message or status}", str(status))
    if answer is None:
        raise Retry("EasyParcel answered with a page instead of data.", code="no_json")
    return answer


def _delay_s(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    return min(float(text[:6]), const.RETRY_AFTER_MAX_S) if text.isdecimal() else None
