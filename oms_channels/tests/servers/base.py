"""What the local servers of all platforms have in common: HTTP, a record of what was asked, and misbehaviour on demand.

A platform's server derives from :class:`PlatformServer` and answers in :meth:`~PlatformServer.handle` what the platform would
answer; how the answer is spoilt on its way is the same everywhere.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

#: What a client can count on to be repaired by asking again later.
PASSING_FAULTS = ("busy", "down", "truncated", "lost", "page")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in.

    :param query: in order, with repetitions.
    :param headers: names in lower case.
    """

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def params(self) -> dict[str, str]:
        return dict(self.query)

    @property
    def json(self) -> Any:
        """The body; ``None`` if it is empty or no JSON."""
        try:
            return json.loads(self.raw) if self.raw else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: ``payload`` is sent as JSON unless it is bytes already."""

    status: int
    payload: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class PlatformServer:
    """One account of a platform on this machine. A context manager, or ``start()`` and ``stop()`` it.

    :ivar asked: all requests, in order.
    :param now: the platform's clock.
    """

    def __init__(self, port: int = 0, now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)):
        self.now = now
        self.asked: list[Asked] = []
        self.lock = Lock()
        self._faults: deque[tuple[str, dict[str, Any]]] = deque()
        self._random: random.Random | None = None
        self._share, self._kinds = 0.0, PASSING_FAULTS
        self._answers: dict[Any, Reply] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"shop": self}))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> Self:
        # Clients ask no private addresses unless whoever runs the process says so; this process asks itself.
        os.environ.setdefault("OMS_PRIVATE_NETWORKS", "127.0.0.0/8, ::1")
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error) -> None:
        self.stop()

    # ---- What a platform's server says ----

    def handle(self, asked: Asked) -> Reply:
        """The right answer to a request. Called by one thread at a time."""
        raise NotImplementedError

    def busy(self, **options: Any) -> Reply:
        """How this platform says "too many requests"."""
        retry_after = options.get("retry_after", "")
        return Reply(429, {"code": "too_many_requests"}, {"Retry-After": retry_after} if retry_after else {})

    def dump(self, payload: Any) -> bytes:
        """How this platform spells JSON."""
        return json.dumps(payload, separators=(",", ":")).encode()

    def kind(self, asked: Asked) -> Any:
        """What a question asks for, whichever page of it; ``None`` for what is no question."""
        return asked.path if asked.method == "GET" else None

    # ---- Misbehaviour ----

    def fail_next(self, fault: str, times: int = 1, **options: Any) -> None:
        """Misbehave at the next ``times`` requests.

        :param fault: ``busy`` (:meth:`busy`; ``retry_after``), ``down`` (503 and a page of HTML; ``retry_after``), ``slow``
            (``delay_s``, then the right answer), ``truncated`` (half of the right answer), ``lost`` (carried out, and the
            connection ends without an answer), ``page`` (200 and HTML), ``redirect`` (``location``), ``huge`` (``size``),
            ``again`` (the answer to the last request of the kind once more, as a cache gives it), ``reply`` (``reply``,
            whatever it says).
        """
        self._faults.extend([(fault, options)] * times)

    def misbehave(self, seed: int, share: float = 0.3, kinds: Sequence[str] = PASSING_FAULTS) -> None:
        """From now on spoil so large a share of the answers, in a way that the seed decides; a share of 0 ends it."""
        self._random, self._share, self._kinds = random.Random(seed), share, kinds

    def next_fault(self) -> tuple[str, dict[str, Any]]:
        with self.lock:
            if self._faults:
                return self._faults.popleft()
            if self._random and self._random.random() < self._share:
                return self._random.choice(self._kinds), {}
            return "", {}

    def reply(self, asked: Asked) -> Reply:
        with self.lock:
            self.asked.append(asked)
            answer = self.handle(asked)
            if (kind := self.kind(asked)) is not None:
                self._answers[kind] = answer
            return answer


class _Handler(BaseHTTPRequestHandler):
    """One request: answered, or spoilt."""

    shop: PlatformServer
    protocol_version = "HTTP/1.1"
    # An answer in one piece: in two, each would wait some 40 ms for the other side to acknowledge the first.
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def _handle(self) -> None:
        url = urlsplit(self.path)
        asked = Asked(
            self.command,
            url.path,
            parse_qsl(url.query, keep_blank_values=True),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        fault, options = self.shop.next_fault()
        if fault == "slow":
            time.sleep(options.get("delay_s", 1))
        if fault == "again" and self.shop.kind(asked) in self.shop._answers:
            return self._send(self.shop._answers[self.shop.kind(asked)])
        if fault in ("busy", "down", "redirect", "huge", "page", "reply"):
            with self.shop.lock:
                self.shop.asked.append(asked)
            return self._send(getattr(self, f"_{fault}")(**options))
        reply = self.shop.reply(asked)
        if fault == "lost":
            self.close_connection = True
            return None
        return self._send(reply, cut=fault == "truncated")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _busy(self, **options: Any) -> Reply:
        return self.shop.busy(**options)

    @staticmethod
    def _reply(reply: Reply) -> Reply:
        return reply

    @staticmethod
    def _down(retry_after: str = "") -> Reply:
        page = b"<html><body>Briefly unavailable for scheduled maintenance.</body></html>"
        return Reply(503, page, {"Content-Type": "text/html"} | ({"Retry-After": retry_after} if retry_after else {}))

    @staticmethod
    def _page() -> Reply:
        return Reply(200, b"<html><body>Are you a robot?</body></html>", {"Content-Type": "text/html"})

    @staticmethod
    def _redirect(location: str) -> Reply:
        return Reply(301, b"", {"Location": location})

    @staticmethod
    def _huge(size: int) -> Reply:
        return Reply(200, b'"' + b"x" * size + b'"')

    def _send(self, reply: Reply, cut: bool = False) -> None:
        body = reply.payload if isinstance(reply.payload, bytes) else self.shop.dump(reply.payload)
        body = body[: len(body) // 2] if cut else body
        try:
            self.send_response(reply.status)
            headers = {"Content-Type": "application/json; charset=UTF-8", **reply.headers}
            if reply.status != 204:
                headers["Content-Length"] = str(len(body))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting, as it should

    def date_time_string(self, timestamp=None) -> str:
        """Override: the platform's own clock."""
        return format_datetime(self.shop.now().astimezone(timezone.utc), usegmt=True)

    def log_message(self, *_arguments) -> None:
        """Keep quiet."""
