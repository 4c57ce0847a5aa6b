"""What the servers of outside services on this machine have in common."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self


class LocalServer:
    """A server on a free port while the ``with`` lasts. Its handlers know it as ``service``."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0):
        own_handler = type("Handler", (handler,), {"service": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), own_handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        # No private address is asked unless whoever runs the process says so; this process asks itself.
        os.environ.setdefault("OMS_PRIVATE_NETWORKS", "127.0.0.0/8, ::1")
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error) -> None:
        self._server.shutdown()
        self._server.server_close()


class LocalHandler(BaseHTTPRequestHandler):
    """One request: :meth:`serve` answers it, whatever its method."""

    service: Any
    protocol_version = "HTTP/1.1"

    def serve(self, content: bytes) -> None:
        raise NotImplementedError

    def respond(
        self, status: int, body: bytes, mime: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _serve(self) -> None:
        self.serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, *_arguments) -> None:
        """Keep quiet."""
