"""What all platforms' clients have in common: one careful request, and what its failures mean.

A client derives from :class:`RestClient`, adds how requests are signed, and reads the platform's own errors. Everything
else stays here: limits of time and size, no redirects, no secrets in messages and logs, waiting when the platform wants it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests

from odoo.addons.oms_core.network import Refused, explain, guarded_session

from ..domain.adapter import Auth, Reject, Request, Retry
from ..domain.outgoing import Rate
from ..domain.throttle import Bucket

_logger = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024
MESSAGE_MAX = 300
RESPONSE_MAX_BYTES = 16 * 1024 * 1024
RETRY_AFTER_MAX_S = 3600.0
#: Answers that say "later".
BUSY_STATUSES = frozenset({408, 425, 429})
#: A request waits so long for its turn; what would wait longer is tried again later, by whoever wanted it.
WAIT_MAX_S = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``json`` is ``None`` where the body is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any

    @property
    def delay_s(self) -> float | None:
        """``Retry-After`` in seconds, from seconds or a date (RFC 9110, 10.2.3), at most :data:`RETRY_AFTER_MAX_S`.

        A date is compared with the platform's own ``Date``, so that neither clock need be right.
        """
        text = self.headers.get("Retry-After", "").strip()
        try:
            delay_s = float(text[:12])
        except ValueError:
            try:
                delay_s = (parsedate_to_datetime(text) - parsedate_to_datetime(self.headers["Date"])).total_seconds()
            except (KeyError, TypeError, ValueError):
                return None
        return min(max(delay_s, 0.0), RETRY_AFTER_MAX_S) if delay_s == delay_s else None


class RestClient:
    """Sends requests to one account of a platform.

    Raises :class:`Retry`, :class:`Reject` or :class:`Auth`, and nothing else.

    :param root: address of the API; paths of requests are relative to it.
    :param timeout_s: for connecting, and between two bytes; a whole answer may take three times as long.
    :param clock: seconds, for throttling and deadlines; tests give their own.
    :param sleep: how to wait for one's turn.
    """

    #: What a clerk calls it, in messages.
    label = "The shop"
    #: Each operation has a limit of its own: where one is used up, the others may be asked.
    limits_apart = False

    def __init__(
        self,
        root: str,
        timeout_s: float = 20,
        session: requests.Session | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        url = urlsplit(root.strip())
        if url.scheme not in ("https", "http") or not url.hostname or url.username or url.password:
            raise Reject("The address of the shop must begin with https://. Correct it in the channel.")
        self.root = root.strip().rstrip("/") + "/"
        self.timeout_s = timeout_s
        self.session = session or guarded_session()
        self.clock = clock
        self.sleep = sleep
        #: Seconds that the platform's clock is ahead of ours, as it last said; ``None`` before it said anything.
        self.clock_ahead_s: float | None = None
        #: Kind of request → bucket; a client that knows its limits fills it.
        self.buckets: dict[str, Bucket] = {}
        #: Operation → until when it is not to be asked, whatever its bucket says.
        self.held: dict[str, float] = {}

    # ---- What a platform's client says ----

    def auth(self, request: Request) -> requests.auth.AuthBase | None:
        """How a request is signed."""
        return None

    def headers(self, request: Request) -> Mapping[str, str]:
        """What stands above a request besides."""
        return {}

    def address(self, request: Request) -> str:
        """Where a request goes."""
        return self.root + request.path

    def explain(self, answer: Answer) -> tuple[str, str]:
        """(code, message) of an error in the platform's own words, as far as it can be read."""
        error = answer.json if isinstance(answer.json, dict) else {}
        return str(error.get("code", "")), str(error.get("message", ""))

    def learn(self, operation: str, answer: Answer) -> None:
        """What an answer says about the platform's limits."""

    # ---- Sending ----

    def send(self, request: Request, operation: str = "", cost: float = 1.0) -> Any:
        """The JSON of the answer."""
        return self.call(request, operation, cost).json

    def call(self, request: Request, operation: str = "", cost: float = 1.0) -> Answer:
        """A successful answer; anything else as the error that it is.

        :param operation: which of the platform's limits counts; see :attr:`buckets`.
        """
        self.wait_turn(operation, cost)
        answer = self.transfer(
            request.method,
            self.address(request),
            params=dict(request.params),
            json=request.body,
            auth=self.auth(request),
            headers=dict(self.headers(request)),
        )
        self.learn(operation, answer)
        self.judge(answer)
        return answer

    def transfer(self, method: str, url: str, **options: Any) -> Answer:
        """One request and its answer, whatever that says."""
        started = self.clock()
        try:
            with self.session.request(
                method,
                url,
                timeout=self.timeout_s,
                # A redirect would carry the credentials to wherever it points, or turn a POST into a GET.
                allow_redirects=False,
                stream=True,
                **options,
            ) as response:
                body = self._read(response, deadline=started + 3 * self.timeout_s)
        except requests.RequestException as error:
            # Its text may hold a signed address: none of it is told.
            code, message = explain(error, self.label, str(urlsplit(url).hostname), self.timeout_s)
            kind = Reject if isinstance(error, Refused) else Retry
            raise kind(message, code=code) from None
        _logger.debug("%s %s: %s in %.2f s", method, urlsplit(url).path, response.status_code, self.clock() - started)
        self._compare_clocks(response.headers.get("Date", ""))
        try:
            payload = json.loads(body) if body else None
        except (ValueError, RecursionError):
            payload = None
        return Answer(response.status_code, response.headers, body, payload)

    def _compare_clocks(self, date: str) -> None:
        """Keep how far the platform's clock is from ours: signatures and time windows need both to be right."""
        try:
            self.clock_ahead_s = parsedate_to_datetime(date).timestamp() - time.time()
        except (TypeError, ValueError):
            return

    def judge(self, answer: Answer) -> None:
        """Raise the error that an answer is.

        :raise Auth: for 401 and 403.
        :raise Reject: for what the platform has read and refuses, for a redirect and for what is too large.
        :raise Retry: for "later", for a server that is down, and for a page where data should be.
        """
        status = answer.status
        if status < 300:
            if answer.json is None and answer.body.strip():
                raise Retry(f"{self.label} answered with a page instead of data (HTTP {status}).", answer.delay_s)
            return
        code, message = self.explain(answer)
        message = message[:MESSAGE_MAX]
        if status in (401, 403):
            raise Auth(f"{self.label} does not accept our keys or their permissions: {message or status}", code)
        if status < 400:
            target = urlsplit(answer.headers.get("Location", ""))
            raise Reject(
                f"{self.label} has moved to {target.scheme}://{target.hostname}. Enter its new address in the channel."
            )
        if status in BUSY_STATUSES or (status >= 500 and not self.is_own_refusal(code)):
            raise Retry(f"{self.label} is busy or down (HTTP {status}).", answer.delay_s, code)
        if answer.json is None and answer.body.strip():
            raise Retry(f"{self.label} answered with a page instead of data (HTTP {status}).", answer.delay_s)
        raise Reject(f"{self.label} refuses: {message or code or f'HTTP {status}'}", code)

    def is_own_refusal(self, code: str) -> bool:
        """Whether a code is one that the platform itself gives with a 500 for what it has understood and refuses."""
        return False

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(CHUNK_BYTES):
            body += chunk
            if len(body) > RESPONSE_MAX_BYTES:
                raise Reject(f"{self.label}'s answer is larger than {RESPONSE_MAX_BYTES // 2**20} MiB.")
            if self.clock() > deadline:
                raise Retry(f"{self.label} answers too slowly.")
        return bytes(body)

    # ---- Taking turns ----

    def wait_turn(self, operation: str, cost: float) -> None:
        """Wait until the platform lets us ask again, if that is soon; what may be spent is spent."""
        wait_s = self.wait_s(operation, cost)
        if wait_s > WAIT_MAX_S:
            apart = operation if self.limits_apart else ""
            raise Retry(f"{self.label} lets us ask again in {round(wait_s)} s.", wait_s, operation=apart)
        if wait_s > 0:
            self.sleep(wait_s)
        if bucket := self.buckets.get(operation):
            self.buckets[operation] = bucket.spend(cost, self.clock())

    def wait_s(self, operation: str, cost: float = 1.0) -> float:
        """Seconds until an operation may be asked."""
        now = self.clock()
        bucket = self.buckets.get(operation)
        return max(bucket.wait(cost, now) if bucket else 0.0, self.held.get(operation, now) - now)

    def hold(self, waits: Mapping[str, float]) -> None:
        """Keep what another process was told.

        :param waits: {operation: seconds for which it is not to be asked}.
        """
        now = self.clock()
        for operation, wait_s in waits.items():
            self.held[operation] = max(self.held.get(operation, 0.0), now + wait_s)

    def rate(self) -> Rate | None:
        """The tightest of the limits; ``None`` where none is known."""
        now = self.clock()
        rates = [bucket.rate(now) for bucket in self.buckets.values()]
        return min(rates, key=lambda rate: rate.available / rate.limit if rate.limit else 0.0, default=None)


class Tokens:
    """Access tokens that live for hours, kept in the memory of this process only: a restart asks for new ones.

    :param margin_s: a token is not used in the last seconds of its life.
    """

    MAX = 1000

    def __init__(self, margin_s: float = 300):
        self._margin_s = margin_s
        self._tokens: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._lock = Lock()

    @staticmethod
    def key(*credentials: str) -> str:
        """What a token is kept under: nothing that could be read back."""
        return hashlib.sha256("\0".join(credentials).encode()).hexdigest()

    def get(self, key: str, now: float) -> str:
        """A token that is still good; empty if there is none."""
        with self._lock:
            token, until = self._tokens.get(key, ("", 0.0))
        return token if now < until else ""

    def put(self, key: str, token: str, lifetime_s: float, now: float) -> None:
        with self._lock:
            self._tokens[key] = (token, now + max(lifetime_s - self._margin_s, lifetime_s / 2))
            self._tokens.move_to_end(key)
            while len(self._tokens) > self.MAX:
                self._tokens.popitem(last=False)

    def drop(self, key: str) -> None:
        """Forget a token that the platform no longer takes."""
        with self._lock:
            self._tokens.pop(key, None)
