"""What talks to a trading partner: writes files where the partner fetches them, and fetches what it has written.

Where that is, is a *store*: a folder of this server (``oms_core.exchange.Folder``), a server of the partner's (``sftp.Sftp``),
or nothing but our own hands. All have ``put``, ``list_complete``, ``get``,
``finish``, ``check`` and ``close``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from odoo.addons.oms_core.exchange import FolderProblem

from ...domain.adapter import Reject, Retry
from ...domain.outgoing import Acknowledgement, Cancellation, Parcel, Refund, Result, Shop, StockReport
from . import acks, render
from .render import About, Envelope, identity

#: Format → suffix of its files.
SUFFIXES = {"csv": "csv", "edifact": "edi", "x12": "x12"}


class Hand:
    """A store that keeps what is put into it: a person downloads it."""

    def __init__(self):
        self.written: list[tuple[str, bytes]] = []

    def put(self, part: str, name: str, data: bytes) -> None:
        self.written.append((name, data))

    def list_complete(self, quiet_s: float, limit: int, suffixes: Sequence[str] = ()) -> list[str]:
        return []

    def check(self) -> None:
        """Nothing can be wrong with it."""

    def close(self) -> None:
        """Nothing is open."""


class Client:
    """One trading partner. ``about`` and ``control`` are set for each thing that is told (:meth:`telling`)."""

    def __init__(
        self,
        api_url: str = "",
        api_key: str = "",
        api_secret: str = "",
        api_token: str = "",
        account_ref: str = "",
        site_ref: str = "",
        *,
        store: Any = None,
        format: str = "csv",
        is_test: bool = False,
        clock: Callable[[], datetime] | None = None,
    ):
        self.store = store if store is not None else Hand()
        self.format, self.is_test, self.clock = format, is_test, clock
        self.partner, self.own = identity(account_ref), identity(site_ref)
        self.about, self.control = About(), 0
        self.now: datetime | None = None

    def telling(self, control: int, now: datetime, about: About) -> Client:
        """This client, for one thing that is told.

        :param now: when it was first told: the same file is written again, to the letter.
        """
        self.control, self.now, self.about = control, now, about
        return self

    def check(self) -> Shop:
        try:
            self.store.check()
        except (FolderProblem, OSError) as error:
            raise Retry(str(error)) from error
        finally:
            self.store.close()
        missing = []
        if self.format != "csv" and not (self.partner[0] and self.own[0]):
            missing.append("the identifiers of the partner and of ours")
        return Shop(name=self.partner[0] or "Files", missing=tuple(missing))

    def ship(self, parcel: Parcel, repeat: bool = False) -> Result:
        match self.format:
            case "edifact":
                return self._put("desadv", render.desadv(parcel, self.about, self._envelope()))
            case "x12":
                return self._put("856", render.asn(parcel, self.about, self._envelope()))
        return self._put("shipment", render.csv_shipment(parcel, self.about))

    def cancel(self, cancellation: Cancellation, repeat: bool = False) -> Result:
        match self.format:
            case "edifact":
                return self._put("ordrsp", render.ordrsp(cancellation, self.about, self._envelope()))
            case "x12":
                return self._put("855", render.po_acknowledgement(cancellation, self.about, self._envelope()))
        return self._put("cancellation", render.csv_cancellation(cancellation, self.about))

    def refund(self, refund: Refund, repeat: bool = False) -> Result:
        if self.format != "csv":
            return Result("refused", "Refunds are not told by EDI. Send the partner the credit note.")
        return self._put("refund", render.csv_refund(refund, self.about))

    def report_stock(self, report: StockReport, repeat: bool = False) -> Result:
        match self.format:
            case "edifact":
                return self._put("invrpt", render.invrpt(report, self._envelope()))
            case "x12":
                return self._put("846", render.inventory(report, self._envelope()))
        return self._put("stock", render.csv_stock(report))

    def acknowledge(self, acknowledgement: Acknowledgement, repeat: bool = False) -> Result:
        name = "contrl" if acknowledgement.standard == "edifact" else "997"
        data = acks.render(acknowledgement.standard, acknowledgement.told, self._envelope())
        return self._put(name, data, "edi" if acknowledgement.standard == "edifact" else "x12")

    def rate(self) -> None:
        return None

    def _envelope(self) -> Envelope:
        if not (self.partner[0] and self.own[0]):
            raise Reject(
                "Messages need to say from whom and to whom they are: fill in the identifiers of the partner and of your own on "
                "the channel, then try again."
            )
        return Envelope(self.partner, self.own, self.control, self.now, self.is_test)

    def _put(self, kind: str, data: bytes, suffix: str = "") -> Result:
        """Write a file. One that was written before, and perhaps not, is written again under the same name and number: who
        reads it knows it by that."""
        name = f"{kind}-{self.control:09d}.{suffix or SUFFIXES[self.format]}"
        try:
            self.store.put("out", name, data)
        except (FolderProblem, OSError) as error:
            raise Retry(f"The file {name} cannot be written: {error}") from error
        return Result("ok", reference=name)
