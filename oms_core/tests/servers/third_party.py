"""A third-party warehouse on this machine: takes orders as a real one does, verifies the signature, knows repeats."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from ...domain.third_party import SIGNATURE_HEADER, verify


class ThirdParty:
    """``answers`` holds the status codes to give before it works normally; ``orders`` what it was told, by key."""

    def __init__(self, secret):
        self.secret = secret
        self.orders = {}
        self.repeats = 0
        self.answers = []

    def __enter__(self):
        # No private address is asked unless whoever runs the process says so; this process asks itself.
        os.environ.setdefault("OMS_PRIVATE_NETWORKS", "127.0.0.0/8, ::1")
        party = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = party.take(self.headers, body)
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/orders"
        return self

    def __exit__(self, *_error):
        self.server.shutdown()
        self.server.server_close()

    def take(self, headers, body):
        if not verify(self.secret, body, headers.get(SIGNATURE_HEADER, "")):
            return 401
        if self.answers:
            return self.answers.pop(0)
        key = headers["Idempotency-Key"]
        self.repeats += key in self.orders
        self.orders[key] = json.loads(body)
        return 200
