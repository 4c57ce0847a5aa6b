"""The part of the client that is about returns (Adobe Commerce only).

Nothing in these calls would tell the shop that one has come before: the return is looked at first, and one that stands beyond
a step has had it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ...domain.adapter import Gone, Page, Reject, Retry
from ...domain.outgoing import Result, ReturnStep
from ...domain.reader import Reader
from ...domain.told import RETURN, pack
from . import const, returns


class Returning:
    """Returns, as far as the shop has them."""

    send: Callable[..., Any]
    now: Callable[[], datetime]
    store_id: Callable[[], str]
    _reasons: dict[str, str] | None = None

    def after_sale(self, what: str, moment: datetime, cursor: str = "") -> Page:
        """The returns of the last weeks, whatever ``moment`` is: they have no date of change.

        :param cursor: number of the page, and when this reading began.
        """
        number, _bar, began = cursor.partition("|")
        until = datetime.fromisoformat(began) if began else self.now()
        since = min(moment, until - timedelta(days=const.RETURN_DAYS))
        answer = self.send(returns.page(since, int(number or 1), self.store_id()))
        rows = answer.get("items") if isinstance(answer, Mapping) else None
        if rows is None and isinstance(answer, Mapping) and "total_count" in answer:
            rows = []
        if not isinstance(rows, list):
            raise Retry("The shop answered with something else than a list.")
        found = [row for row in rows if isinstance(row, Mapping) and row.get("entity_id")]
        total = answer.get("total_count")
        # A page past the end is the last one once more, so that only the number of all of them tells the end.
        more = bool(rows) and isinstance(total, int) and int(number or 1) * const.PER_PAGE < total
        return Page(
            tuple(self._packed(row) for row in found),
            f"{int(number or 1) + 1}|{until.isoformat()}" if more else "",
            until=None if more else until,
        )

    def told_return(self, return_ref: str) -> bytes:
        return self._packed(self._return_now(return_ref))

    def _return_now(self, return_ref: str) -> dict[str, Any]:
        answer = self.send(returns.one(return_ref))
        if not isinstance(answer, dict) or "entity_id" not in answer:
            raise Retry("The shop answered with something else than a return.")
        return answer

    def _packed(self, row: Mapping[str, Any]) -> bytes:
        rma = {**row, "_reasons": self._labels()}
        return pack(RETURN, str(row["entity_id"]), str(row.get("order_id") or ""), rma, self.now())

    def _labels(self) -> dict[str, str]:
        """Id of a reason → what the shop calls it; asked for once. Without them the ids are the reasons."""
        if self._reasons is None:
            try:
                answer = self.send(returns.reasons())
            except (Gone, Reject):
                answer = {}
            rows = Reader(answer if isinstance(answer, Mapping) else {}, "Reasons", []).rows("options", "Reason")
            self._reasons = {row.text("value"): row.text("label") for row in rows if row.text("value")}
        return self._reasons

    # ---- What happens here ----

    def tell_return(self, step: ReturnStep, repeat: bool = False) -> Result:
        if step.step == "begun":
            return Result("ok", "The shop is told of this return by its credit memo.")
        if step.step == "disposed":
            return Result("ok", "The shop is told quantities, and not what becomes of returned goods.")
        rma = self._return_now(step.return_ref)
        if not returns.is_told(rma, step):
            if any(item.quantity != item.quantity.to_integral_value() for item in step.items):
                return Result("refused", "The shop takes whole pieces only. Enter this at the return in the shop.")
            self.send(returns.changed(rma, step))
        if step.step == "refused" and (said := returns.comment(rma, step)):
            self.send(said)
        return Result("ok", reference=step.return_ref)
