"""A third-party warehouse on this machine: takes orders as a real one does, verifies the signature, knows repeats."""

import json

from ...domain.third_party import SIGNATURE_HEADER, verify
from .local import LocalHandler, LocalServer


class ThirdParty(LocalServer):
    """``answers`` holds the status codes to give before it works normally; ``orders`` what it was told, by key."""

    def __init__(self, secret):
        self.secret = secret
        self.orders = {}
        self.repeats = 0
        self.answers = []
        super().__init__(_Handler)

    @property
    def url(self):
        return f"{super().url}/orders"

    def take(self, headers, body):
        if not verify(self.secret, body, headers.get(SIGNATURE_HEADER, "")):
            return 401
        if self.answers:
            return self.answers.pop(0)
        key = headers["Idempotency-Key"]
        self.repeats += key in self.orders
        self.orders[key] = json.loads(body)
        return 200


class _Handler(LocalHandler):
    def serve(self, content):
        self.respond(self.service.take(self.headers, content), b"{}")
