"""Talks through karrio, which talks to the carrier. The only file of this folder that imports it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from typing import Any

from ..base import (
    Account,
    CarrierError,
    RateQuote,
    Reject,
    Retry,
    ShipmentRequest,
    ShipmentResult,
    TrackingUpdate,
)
from . import const, parse, render, transport

TIMEOUT_S = transport.TIMEOUT_S


def missing() -> str:
    """A sentence when karrio is not installed."""
    return "" if importlib.util.find_spec(const.PACKAGE) else const.MISSING


def with_patience(function: Callable[[], Any]) -> Any:
    """Run something that may hang: karrio waits for an answer without end, so it is left behind in a thread of its own."""
    executor = ThreadPoolExecutor(1)
    try:
        return executor.submit(function).result(TIMEOUT_S)
    except FutureTimeoutError:
        raise Retry("The carrier does not answer.") from None
    finally:
        executor.shutdown(wait=False)


class Client:
    """One account at one of karrio's carriers."""

    def __init__(self, account: Account):
        if sentence := missing():
            raise Reject(sentence, "missing")
        from loguru import logger

        # It has a log of its own on the terminal, with a line for each request. What went wrong is in its answers.
        logger.disable(const.PACKAGE)
        import karrio.core.models as models
        import karrio.core.utils.helpers as helpers
        import karrio.sdk as karrio

        transport.guard(helpers)

        self._karrio, self._models = karrio, models
        self._network = network = (account.network or "").strip().lower()
        values = {
            "client_id": account.key,
            "client_secret": account.secret,
            "account_number": account.number,
            "test_mode": account.test,
        }
        try:
            gateway = karrio.gateway[network].create(values)
        except Exception as error:  # it raises classes of its own, and whatever its parts raise
            raise Reject(
                f"karrio has no carrier “{network}” here, or needs other credentials ({type(error).__name__}). "
                f"Install its package (karrio-{network or 'ups'}) or correct the delivery method.",
                "network",
            ) from None
        if account.url:
            # The address of a carrier is a property of its settings; another one is a class of its own, so that all the
            # rest of the way is the one of production.
            settings = gateway.settings
            settings.__class__ = type("Settings", (type(settings),), {"server_url": account.url.rstrip("/")})
        self._gateway = gateway

    def rate(self, request: ShipmentRequest) -> tuple[RateQuote, ...]:
        payload = self._models.RateRequest(**render.rate(request))
        return parse.quotes(
            self._ask(lambda: self._karrio.Rating.fetch(payload).from_(self._gateway), maybe_done=False)
        )

    def ship(self, request: ShipmentRequest) -> ShipmentResult:
        if not request.service_code:
            raise Reject("Choose a service of the carrier on the delivery method, or compare rates first.", "service")
        values = render.shipment(request)
        values.pop("is_return")
        payload = self._models.ShipmentRequest(**values)
        with self._keep_answers() as answers:
            found = self._ask(lambda: self._karrio.Shipment.create(payload).from_(self._gateway))
        return parse.shipment(found, request.label_format, parse.charge(self._network, answers))

    def return_label(self, request: ShipmentRequest) -> ShipmentResult:
        return self.ship(request)

    def find(self, _key: str) -> ShipmentResult | None:
        raise Reject("This carrier cannot be asked for a reference of ours.", "find")

    def cancel(self, carrier_ref: str) -> None:
        payload = self._models.ShipmentCancelRequest(shipment_identifier=carrier_ref)
        self._ask(lambda: self._karrio.Shipment.cancel(payload).from_(self._gateway))

    def track(self, numbers: Sequence[str]) -> tuple[TrackingUpdate, ...]:
        if not numbers:
            return ()
        payload = self._models.TrackingRequest(tracking_numbers=list(numbers))
        found = self._ask(lambda: self._karrio.Tracking.fetch(payload).from_(self._gateway), maybe_done=False)
        return tuple(parse.tracking(one) for one in found)

    def details(self, carrier_ref: str) -> TrackingUpdate:
        return TrackingUpdate("", carrier_ref=carrier_ref)

    def warnings(self) -> tuple[str, ...]:
        return ()

    @contextmanager
    def _keep_answers(self) -> Iterator[list[Any]]:
        """What a carrier answers while something is asked, as karrio reads it: its results leave out what was charged."""
        mapper, answers = self._gateway.mapper, []
        parse_response = mapper.parse_shipment_response

        def keep(response: Any) -> Any:
            answers.append(response.deserialize())
            return parse_response(response)

        mapper.parse_shipment_response = keep
        try:
            yield answers
        finally:
            del mapper.parse_shipment_response

    def _ask(self, make: Callable[[], Any], maybe_done: bool = True) -> Any:
        """Carry out a request of karrio's and give its result; its messages become an error where there is no result."""
        try:
            found, messages = with_patience(lambda: make().parse())
        except CarrierError:
            raise
        except Exception as error:  # it raises classes of its own, and whatever its parts raise
            told = getattr(error, "messages", None)
            if told:
                raise parse.error_of(told) from None
            raise Retry(
                f"The carrier could not be reached or understood ({type(error).__name__}).", maybe_done=maybe_done
            ) from None
        if not found:
            raise parse.error_of(messages)
        return found
