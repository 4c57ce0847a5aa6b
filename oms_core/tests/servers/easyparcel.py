"""EasyParcel on this machine: enough of its Open API to test with, and as unhelpful as the real one.

It deducts from the wallet at once, knows no idempotency key (the same reference twice is two shipments, and two payments),
answers batches with 200 whatever happened to each, renews tokens so that the old refresh token is dead, and may leave the
number of a parcel for later. And it misbehaves on demand::

    with EasyParcelServer() as server:
        server.fail_next("lost")      # does what was asked, then hangs up without an answer
"""

from __future__ import annotations

import base64
import json
from collections import deque
from datetime import datetime
from decimal import Decimal
from itertools import count
from threading import Lock
from time import sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .local import LocalHandler, LocalServer

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
SERVICES = (
    # id, name, price, days
    ("EP-CS0W", "Poslaju", "8.50", "1-3 working days"),
    ("EP-CS0X", "J&T Express", "6.20", "2-4 working days"),
    ("EP-CS0Y", "Ninja Van Next Day", "14.00", "1 working day"),
    ("EP-CS0Z", "Lalamove", "25.00", None),
)


class EasyParcelServer(LocalServer):
    """The gateway.

    :ivar shipments: number → shipment, in the order of their booking.
    :ivar wallet: what is left.
    :ivar requests: ``(method, path, body)`` of all that was asked.
    :ivar late_awb: shipments get their number only when :meth:`assign_awb` is called.
    """

    def __init__(self, wallet: str = "100.00", currency: str = "MYR", version: str = "2025-06", port: int = 0):
        self.wallet = Decimal(wallet)
        self.currency = currency
        self.version = version
        self.shipments: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.late_awb = False
        self.access_token, self.refresh_token = "access-0", "refresh-0"
        self.client = ("client", "secret")
        self.refreshes = 0
        self._numbers = count(1)
        self._faults: deque[tuple[str, dict[str, Any], str]] = deque()
        self._lock = Lock()
        super().__init__(_Handler, port)

    def fail_next(self, fault: str, times: int = 1, path: str = "", **options: Any) -> None:
        """Misbehave at the next requests (whose path contains ``path``).

        :param fault: ``lost`` (done, no answer), ``busy`` (429, not done), ``down`` (500, not done), ``html`` (done, 200 and
            a page), ``half`` (done, half of the JSON), ``nonsense`` (done, 200 with an error envelope without data),
            ``slow`` (``delay_s``), ``reject`` (the batch fails item by item: ``message``).
        """
        self._faults.extend([(fault, options, path)] * times)

    def take_fault(self, path: str) -> tuple[str, dict[str, Any]]:
        with self._lock:
            for number, (fault, options, wanted) in enumerate(self._faults):
                if wanted in path:
                    del self._faults[number]
                    return fault, options
        return "", {}

    def expire(self) -> None:
        """The access token ends."""
        self.access_token = f"expired-{self.access_token}"

    def of_reference(self, reference: str) -> list[dict[str, Any]]:
        return [row for row in self.shipments.values() if row["customer_reference_no"] == reference]

    def assign_awb(self, shipment_number: str) -> None:
        row = self.shipments[shipment_number]
        row["awb_number"] = f"AWB{shipment_number[-5:]}"
        row["awb_url"] = f"{self.url}/label/{row['awb_number']}.pdf"
        row["latest_shipment_status_code"] = "2"

    def scan(
        self, shipment_number: str, tracking_code: str, code: str, at: str, text: str = "", location: str = ""
    ) -> None:
        """The parcel was seen. ``tracking_code`` and ``code`` are of the two sets of codes."""
        row = self.shipments[shipment_number]
        row["log"].append({"tracking": tracking_code, "shipment": code, "at": at, "text": text, "location": location})
        row["latest_shipment_status_code"] = code

    # ---- The API ----

    def token(self, form: dict[str, list[str]], authorization: str) -> tuple[int, Any]:
        expected = "Basic " + base64.b64encode(":".join(self.client).encode()).decode()
        if authorization != expected:
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") != ["refresh_token"] or form.get("refresh_token") != [self.refresh_token]:
            return 400, {"error": "invalid_grant"}
        self.refreshes += 1
        self.access_token, self.refresh_token = f"access-{self.refreshes}", f"refresh-{self.refreshes}"
        return 200, {
            "token_type": "Bearer",
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "expires_in": 36000,
        }

    def answer(self, path: str, body: Any, rejected: str) -> tuple[int, Any]:
        with self._lock:
            handler = {
                "shipment/quotations": self._quotations,
                "shipment/submit_orders": self._submit,
                "shipment/list": self._list,
                "shipment/details": self._details,
                "shipment/cancel": self._cancel,
                "shipment/tracking_status": self._tracking,
                "wallet": lambda _body: [{"currency": self.currency, "balance": f"{self.wallet:.2f}"}],
            }.get(path)
            if handler is None:
                return 404, {"status_code": 404, "message": "Not found", "data": None}
            if rejected:
                data: Any = [{"status": "error", "message": rejected}]
            else:
                data = handler(body or {})
        return 200, {"status_code": 200, "message": "Success", "data": data}

    def _quotations(self, body: dict[str, Any]) -> Any:
        key = "shipment" if self.version >= "2026-03" else "list"
        if key not in body:
            return [{"status": "error", "message": f"The field {key} is required."}]
        result = []
        for row in body[key]:
            if not row["receiver"]["postcode"]:
                result.append({"status": "error", "message": "The receiver postcode is required."})
                continue
            offers = [
                {
                    "courier": {
                        "service_id": code,
                        "service_name": name,
                        "courier_id": f"C-{code}",
                        "delivery_duration": duration,
                        "service_tag": [],
                    },
                    "pricing": {"currency": self.currency, "total_amount": price, "shipment_price": price},
                    "features": [],
                }
                for code, name, price, duration in SERVICES
            ]
            result.append({"status": "success", "quotations": offers})
        return result

    def _submit(self, body: dict[str, Any]) -> Any:
        result = []
        for row in body["shipment"]:
            service = next((service for service in SERVICES if service[0] == row.get("service_id")), None)
            if service is None:
                result.append({"status": "error", "message": "Invalid service id"})
                continue
            if row["receiver"]["postcode"] == "00000":
                result.append({"status": "error", "message": "Receiver postcode 00000 is not serviceable"})
                continue
            price = Decimal(service[2])
            if price > self.wallet:
                result.append({"status": "error", "message": "Insufficient wallet balance"})
                continue
            self.wallet -= price
            number = f"ES-2611-{next(self._numbers):05}"
            self.shipments[number] = {
                "shipment_number": number,
                "customer_reference_no": row["customer_reference_no"],
                "awb_number": None,
                "awb_url": None,
                "tracking_url": f"{self.url}/track/{number}",
                "latest_shipment_status_code": "7",
                "courier": {"service_id": service[0], "service_name": service[1]},
                "pricing": {"currency": self.currency, "total_amount": service[2], "tax": "0.00"},
                "log": [],
            }
            if not self.late_awb:
                self.assign_awb(number)
            result.append({"status": "success", **self._show(self.shipments[number])})
        return result

    @staticmethod
    def _show(row: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in row.items() if key != "log"}

    def _list(self, body: dict[str, Any]) -> Any:
        rows = [self._show(row) for row in reversed(self.shipments.values())]
        if before := body.get("before_shipment_number"):
            numbers = [row["shipment_number"] for row in rows]
            rows = rows[numbers.index(before) + 1 :]
        return {"shipment": rows[: min(int(body.get("limit", 250)), 250)]}

    def _details(self, body: dict[str, Any]) -> Any:
        row = self.shipments.get(body.get("shipment_number", ""))
        if row is None:
            return [{"status": "error", "message": "Shipment not found"}]
        log = [
            {
                "status_code": scan["shipment"],
                "status": scan["text"],
                "event_date": scan["at"],
                "location": scan["location"],
            }
            for scan in row["log"]
        ]
        return [{"status": "success", **self._show(row), "status_log": log}]

    def _cancel(self, body: dict[str, Any]) -> Any:
        result = []
        for entry in body["cancel_list"]:
            row = self.shipments.get(entry["shipment_number"])
            if row is None:
                result.append({"status": "error", "message": "Shipment not found"})
            elif row["latest_shipment_status_code"] == "0":
                result.append({"status": "error", "message": "Shipment Already Cancelled"})
            elif row["latest_shipment_status_code"] in ("3", "4", "5", "6"):
                result.append({"status": "error", "message": "The driver has collected this shipment"})
            else:
                row["latest_shipment_status_code"] = "0"
                self.wallet += Decimal(row["pricing"]["total_amount"])
                result.append({"status": "success", "shipment_number": row["shipment_number"]})
        return result

    def _tracking(self, body: dict[str, Any]) -> Any:
        numbers = body["awb_number"]
        if len(numbers) > 50:
            return [{"status": "error", "message": "At most 50 numbers"}]
        by_awb = {row["awb_number"]: row for row in self.shipments.values() if row["awb_number"]}
        result = []
        for number in numbers:
            row = by_awb.get(number)
            if row is None:
                result.append({"status": "error", "awb_number": number, "message": "No tracking found"})
                continue
            log = [
                {
                    "status_code": int(scan["tracking"]),
                    "status": scan["text"],
                    "event_date": scan["at"],
                    "location": scan["location"],
                }
                for scan in row["log"]
            ]
            result.append(
                {"status": "success", "awb_number": number, "tracking_url": row["tracking_url"], "status_log": log}
            )
        return result

    def webhook(self, shipment_number: str) -> bytes:
        """A delivery as EasyParcel sends it: with a key twice, and a topic that does not match."""
        row = self.shipments[shipment_number]
        at = datetime(2026, 11, 20, 10).isoformat()
        return (
            '{"topic": "shipment.status.update", "topic": "ondemand.status.update", "uuid": "8a1f", '
            f'"shipment_number": "{shipment_number}", "timestamp": "{at}", "awb_number": {json.dumps(row["awb_number"])}, '
            '"latest_shipment_status_code": "5"}'
        ).encode()


class _Handler(LocalHandler):
    service: EasyParcelServer

    def serve(self, content: bytes) -> None:
        path = urlsplit(self.path).path
        gateway = self.service
        if path.startswith("/label/"):
            self.respond(200, PDF, "application/pdf")
            return
        if path == "/oauth/token":
            status, answer = gateway.token(parse_qs(content.decode()), self.headers.get("Authorization", ""))
            self.respond(status, json.dumps(answer).encode())
            return
        prefix = f"/open_api/{gateway.version}/"
        body = json.loads(content) if content else None
        gateway.requests.append((self.command, path.removeprefix(prefix), body))
        if self.headers.get("Authorization") != f"Bearer {gateway.access_token}":
            self.respond(401, b'{"status_code": 401, "message": "Unauthenticated.", "data": null}')
            return
        if not path.startswith(prefix):
            self.respond(404, b'{"status_code": 404, "message": "Unknown version", "data": null}')
            return
        fault, options = gateway.take_fault(path)
        if fault == "busy":
            self.respond(429, b'{"status_code": 429, "message": "Too Many Attempts."}', headers={"Retry-After": "7"})
            return
        if fault == "down":
            self.respond(500, b"<html>Server Error</html>", "text/html")
            return
        if fault == "slow":
            sleep(options["delay_s"])
        rejected = options.get("message", "Rejected") if fault == "reject" else ""
        status, answer = gateway.answer(path.removeprefix(prefix), body, rejected)
        payload = json.dumps(answer).encode()
        if fault == "lost":
            self.close_connection = True
            return
        if fault == "html":
            payload = b"<!doctype html><title>Maintenance</title>"
        elif fault == "half":
            payload = payload[: len(payload) // 2]
        elif fault == "nonsense":
            payload = b'{"error": "Something went wrong"}'
        self.respond(status, payload)
