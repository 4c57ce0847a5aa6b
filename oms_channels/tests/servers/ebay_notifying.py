"""What eBay on this machine answers about notifications: addresses that it has asked, topics, and what is sent where."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

from .base import Asked, Reply

ROOT = "/commerce/notification/v1"


class Notifications:
    """An application's addresses, and a seller's subscriptions.

    :ivar alert_email: without one nothing can be set up.
    :param page: entries on a page.
    """

    def __init__(self, error: Callable[..., dict[str, Any]], page: int = 1):
        self.error, self.page = error, page
        self.alert_email = "alerts@shop.example"
        self.destinations: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}

    def handle(self, asked: Asked, parts: list[str]) -> Reply | None:
        """The answer; ``None`` where it is about something else."""
        body = asked.json if isinstance(asked.json, dict) else {}
        match asked.method, *parts:
            case "GET", "config":
                if not self.alert_email:
                    return Reply(404, self.error(195026, "Configuration Not Found.", "API_NOTIFICATION"))
                return Reply(200, {"alertEmail": self.alert_email})
            case "GET", "topic", name:
                old = {"format": ["JSON"], "schemaVersion": "1.0", "deprecated": True}
                return Reply(
                    200,
                    {"topicId": name, "supportedPayloads": [old, {**old, "schemaVersion": "1.1", "deprecated": False}]},
                )
            case "GET", "destination":
                rows = [{"destinationId": key, **row} for key, row in self.destinations.items()]
                return self._list("destination", rows, asked.params)
            case "GET", "subscription":
                rows = [{"subscriptionId": key, **row} for key, row in self.subscriptions.items()]
                return self._list("subscription", rows, asked.params)
            case "POST" | "PUT", "destination", *rest:
                return self._save_destination(body, rest)
            case "POST" | "PUT", "subscription", *rest:
                return self._save_subscription(body, rest)
        return None

    def _list(self, what: str, rows: list[dict[str, Any]], params: dict[str, str]) -> Reply:
        start = int(params.get("continuation_token") or 0)
        found = {f"{what}s": rows[start : start + self.page], "total": len(rows)}
        if start + self.page < len(rows):
            found["next"] = f"{ROOT}/{what}?limit={self.page}&continuation_token={start + self.page}"
        return Reply(200, found)

    def _save_destination(self, body: dict[str, Any], rest: list[str]) -> Reply:
        config = body["deliveryConfig"]
        endpoint, token = config["endpoint"], config["verificationToken"]
        if not 32 <= len(token) <= 80:
            return Reply(400, self.error(195019, "Invalid or missing verification token.", "API_NOTIFICATION"))
        code = "a8628072-3d33"
        try:
            with urlopen(f"{endpoint}?challenge_code={quote(code)}", timeout=5) as answer:
                said = json.load(answer).get("challengeResponse")
        except (OSError, ValueError):
            said = None
        if said != hashlib.sha256(f"{code}{token}{endpoint}".encode()).hexdigest():
            return Reply(
                409, self.error(195020, "Challenge verification failed for requested endpoint.", "API_NOTIFICATION")
            )
        key = rest[0] if rest else f"d-{len(self.destinations) + 1}"
        self.destinations[key] = body
        return Reply(204) if rest else Reply(201, b"", {"Location": f"{ROOT}/destination/{key}"})

    def _save_subscription(self, body: dict[str, Any], rest: list[str]) -> Reply:
        if body["destinationId"] not in self.destinations or body["payload"]["schemaVersion"] != "1.1":
            return Reply(400, self.error(195008, "Invalid destination or schema.", "API_NOTIFICATION"))
        if not rest and any(row["topicId"] == body["topicId"] for row in self.subscriptions.values()):
            return Reply(409, self.error(195017, "Subscription already exists.", "API_NOTIFICATION"))
        key = rest[0] if rest else f"s-{len(self.subscriptions) + 1}"
        self.subscriptions[key] = {**self.subscriptions.get(key, {}), **body}
        return Reply(204) if rest else Reply(201, b"", {"Location": f"{ROOT}/subscription/{key}"})
