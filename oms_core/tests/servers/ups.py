"""UPS on this machine, as its published OpenAPI describes it: token, rating with time in transit, shipping, void, tracking.

Only what karrio asks for; the codes of services are the real two-digit ones (the specification demands three characters).
"""

from __future__ import annotations

import base64
import json
import time
from collections import deque
from itertools import count
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from .local import LocalHandler, LocalServer

#: A label of one pixel: UPS sends pictures, of which karrio makes a PDF.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==")
SERVICES = {"11": ("12.40", "2"), "07": ("31.90", "1")}


class UpsServer(LocalServer):
    """:ivar requests: ``(method, path, body)``; :ivar shipments: number → state; :ivar scans: number → activities."""

    def __init__(self, client: tuple[str, str] = ("client", "secret"), port: int = 0):
        self.client = client
        self.contract = "11.16"  #: what our contract makes of the price of the list; empty: we have none
        self.requests: list[tuple[str, str, Any]] = []
        self.shipments: dict[str, dict[str, Any]] = {}
        self.scans: dict[str, list[dict[str, Any]]] = {}
        self._faults: deque[str] = deque()
        self._numbers = count(1)
        self._lock = Lock()
        super().__init__(_Handler, port)

    def fail_next(self, fault: str) -> None:
        """``lost`` (done, no answer), ``html``, ``moved``, ``down`` (503 in UPS' words)."""
        self._faults.append(fault)

    def take_fault(self) -> str:
        return self._faults.popleft() if self._faults else ""

    def scan(self, number: str, kind: str, code: str, description: str, day: str, hour: str, city: str) -> None:
        """Newest first, as UPS lists them. ``kind``: D delivered, I in transit, O out for delivery, M announced, X exception."""
        self.scans.setdefault(number, []).insert(
            0,
            {
                "location": {"address": {"city": city, "country": "FR"}},
                "status": {"type": kind, "code": code, "description": description},
                "date": day,
                "time": hour,
            },
        )

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        with self._lock:
            if path.startswith("/api/rating/"):
                return 200, self._rates()
            if path.startswith("/api/shipments/") and "/void/" in path:
                return self._void(path.rsplit("/", 1)[1])
            if path.startswith("/api/shipments/"):
                return self._ship(body)
            if path.startswith("/api/track/"):
                return self._track(path.rsplit("/", 1)[1])
        return 404, error("404", "Not found")

    @staticmethod
    def _rates() -> dict[str, Any]:
        return {
            "RateResponse": {
                "Response": {"ResponseStatus": {"Code": "1", "Description": "Success"}},
                "RatedShipment": [
                    {
                        "Service": {"Code": code, "Description": ""},
                        "TransportationCharges": charge(amount),
                        "BaseServiceCharge": charge(amount),
                        "ServiceOptionsCharges": charge("0.00"),
                        "TotalCharges": charge(amount),
                        "ItemizedCharges": [],
                        "TimeInTransit": {
                            "ServiceSummary": {"EstimatedArrival": {"BusinessDaysInTransit": days}},
                        },
                    }
                    for code, (amount, days) in SERVICES.items()
                ],
            }
        }

    def _ship(self, body: dict[str, Any]) -> tuple[int, Any]:
        shipment = body["ShipmentRequest"]["Shipment"]
        if shipment["ShipTo"]["Address"].get("PostalCode") == "00000":
            return 400, error("120802", "Address Validation Error on ShipTo address")
        number = f"1Z999AA1{next(self._numbers):010}"
        self.shipments[number] = {"state": "made", "body": shipment}
        listed = SERVICES.get(shipment["Service"]["Code"], ("12.40", ""))[0]
        charges = {"ShipmentCharges": {"TotalCharges": charge(listed)}}
        if self.contract and shipment.get("ShipmentRatingOptions", {}).get("NegotiatedRatesIndicator"):
            charges["NegotiatedRateCharges"] = {"TotalCharge": charge(self.contract)}
        return 200, {
            "ShipmentResponse": {
                "Response": {"ResponseStatus": {"Code": "1", "Description": "Success"}},
                "ShipmentResults": {
                    **charges,
                    "ShipmentIdentificationNumber": number,
                    "PackageResults": [
                        {
                            "TrackingNumber": number,
                            "ShippingLabel": {
                                "ImageFormat": {"Code": "GIF", "Description": "GIF"},
                                "GraphicImage": base64.b64encode(GIF).decode(),
                            },
                        }
                    ],
                },
            }
        }

    def _void(self, number: str) -> tuple[int, Any]:
        if number not in self.shipments:
            return 400, error("190102", "No shipment found within the allowed void period")
        self.shipments[number]["state"] = "void"
        status = {"Code": "1", "Description": "Success"}
        return 200, {
            "VoidShipmentResponse": {"Response": {"ResponseStatus": status}, "SummaryResult": {"Status": status}}
        }

    def _track(self, number: str) -> tuple[int, Any]:
        if not self.scans.get(number):
            return 404, error("TW0001", "Tracking Information Not Found")
        package = {"trackingNumber": number, "deliveryDate": [], "activity": self.scans[number], "packageAddress": []}
        return 200, {"trackResponse": {"shipment": [{"inquiryNumber": number, "package": [package]}]}}


def charge(amount: str) -> dict[str, str]:
    return {"CurrencyCode": "EUR", "MonetaryValue": amount}


def error(code: str, message: str) -> dict[str, Any]:
    return {"response": {"errors": [{"code": code, "message": message}]}}


class _Handler(LocalHandler):
    service: UpsServer

    def serve(self, content: bytes) -> None:
        path, ups = urlsplit(self.path).path, self.service
        if path == "/security/v1/oauth/token":
            pair = base64.b64encode(":".join(ups.client).encode()).decode()
            if self.headers.get("Authorization") != f"Basic {pair}":
                self._write(401, error("10401", "ClientId is Invalid"))
                return
            issued = str(int(time.time() * 1000))
            self._write(
                200, {"token_type": "Bearer", "issued_at": issued, "access_token": "token", "expires_in": "14399"}
            )
            return
        body = json.loads(content) if content else None
        ups.requests.append((self.command, path, body))
        if self.headers.get("Authorization") != "Bearer token":
            self._write(401, error("250002", "Invalid Authentication Information."))
            return
        fault = ups.take_fault()
        if fault == "down":
            self._write(503, error("503", "The service is temporarily unavailable"))
            return
        status, answer = ups.answer(self.command, path, body)
        if fault == "lost":
            self.close_connection = True
            return
        if fault == "moved":
            self.respond(302, b"", headers={"Location": f"{ups.url}/api/elsewhere"})
            return
        if fault == "html":
            self._write(200, None, b"<html>Maintenance</html>")
            return
        self._write(status, answer)

    def _write(self, status: int, answer: Any, raw: bytes | None = None) -> None:
        self.respond(status, json.dumps(answer).encode() if raw is None else raw)
