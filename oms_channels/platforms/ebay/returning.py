"""The part of the client that is about returns: reads those that buyers begin, and tells what happens to them here.

Nothing in these calls would tell eBay that one has come before: a step is looked for first, and a return that stands beyond
it has had it. What decides or pays has to be signed by sellers in the EU and the United Kingdom.

eBay's notifications (Commerce Notification API) have no topic about returns, so they are polled. The list can be asked for by
the date of creation only; so all of the last :data:`~.const.RETURN_DAYS` days are read each time, in pages of summaries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ...domain.adapter import Auth, Page, Reject, Request, Retry
from ...domain.outgoing import Refund, Result, ReturnStep
from ...domain.reader import Reader
from ...domain.told import RETURN, pack
from . import const, render, returns


class Returning:
    """Returns, as far as the Post-Order API goes."""

    send: Callable[..., Any]
    now: Callable[[], datetime]
    _must_sign: Callable[[], bool]

    def after_sale(self, what: str, moment: datetime, cursor: str = "") -> Page:
        """The returns of the last weeks, whatever ``moment`` is: one that changed stands where it was created.

        :param cursor: how many there were before, and when this reading began.
        """
        offset, _bar, began = cursor.partition("|")
        until = datetime.fromisoformat(began) if began else self.now()
        start = min(moment, until - timedelta(days=const.RETURN_DAYS))
        start = max(start, until - timedelta(days=const.RETURN_HISTORY_DAYS))
        answer = self.send(render.returns_page(start, until, int(offset or 0)))
        if said := returns.error_of(answer):
            raise Retry(said)
        rows = [row for row in answer["members"] if isinstance(row, Mapping) and row.get("returnId")]
        total = Reader(answer, "Answer", []).nested("paginationOutput").number_or_none("totalEntries")
        seen = int(offset or 0) + len(answer["members"])
        more = bool(answer["members"]) and seen < int(total or 0)
        now = self.now()
        return Page(
            tuple(pack(RETURN, str(row["returnId"]), str(row.get("orderId") or ""), row, now) for row in rows),
            f"{seen}|{until.isoformat()}" if more else "",
            until=None if more else until,
        )

    def told_return(self, return_ref: str) -> bytes:
        summary = self._summary(return_ref)
        return pack(RETURN, return_ref, summary.text("orderId"), summary.fields, self.now())

    def _summary(self, return_ref: str) -> Reader:
        answer = self.send(render.one_return(return_ref))
        summary = answer.get("summary") if isinstance(answer, Mapping) else None
        if not isinstance(summary, Mapping):
            raise Retry("eBay answered with something else than a return.")
        return Reader({**summary, "returnId": return_ref}, f"Return {return_ref}", [])

    def with_returns(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """The order, with its returns where something of it was paid back: only these say for how many pieces."""
        rows = order.get("lineItems")
        refunded = isinstance(rows, list) and any(isinstance(row, Mapping) and row.get("refunds") for row in rows)
        if not refunded:
            return order
        try:
            answer = self.send(render.returns_of(str(order.get("orderId"))))
        except (Auth, Reject):
            return order  # orders are read all the same; that returns cannot be is said where these are read
        if returns.error_of(answer):
            return order
        return {**order, const.RETURNS_KEY: answer["members"]} if answer["members"] else order

    # ---- What happens here ----

    def tell_return(self, step: ReturnStep, repeat: bool = False) -> Result:
        if step.step == "begun":
            return Result("ok", "eBay knows only returns that its buyers begin. It is told the refund.")
        if step.step in ("closed", "disposed"):
            return Result("ok", "eBay closes a return with its refund; there is nothing more to tell it.")
        if step.step == "cancelled":
            return Result(
                "refused",
                "eBay lets only the buyer call off a return. Ask the buyer to close it there, or decline it in Seller Hub.",
            )
        summary = self._summary(step.return_ref)
        before, state = returns.status(summary), summary.text("state", "status").upper()
        done = {
            "approved": before in ("open", "closed"),
            "refused": before in ("refused", "cancelled"),
            "received": state in const.RETURN_ARRIVED or before == "closed",
        }
        if done[step.step]:
            return Result("ok", reference=step.return_ref)
        if before not in ("requested", "open"):
            return Result(
                "refused",
                f"The return is over on eBay ({state.replace('_', ' ').lower()}). Look at it in Seller Hub.",
                step.return_ref,
            )
        if step.step == "received":
            wanted = summary.nested("creationInfo").nested("item").number_or_none("returnQuantity")
            if wanted and sum(item.quantity for item in step.items) < wanted:
                return Result("ok", "Not all has come back yet; eBay is told when the rest has.", step.return_ref)
        elif self._must_sign():
            return Result("refused", const.UNSIGNED)
        self._act(render.return_step(step))
        return Result("ok", reference=step.return_ref)

    def refund_return(self, refund: Refund) -> Result | None:
        """Have the money of a return paid back, by which eBay closes it. ``None`` where it cannot be paid so.

        What eBay has paid, or is about to, whoever had it do so, is not paid a second time: the order tells how much it was, and
        a difference to what we credited is seen there.
        """
        summary = self._summary(refund.return_ref)
        reference = f"{refund.order_ref}/{const.RETURN_REFUND}{refund.return_ref}"
        if returns.paid_back(summary):
            return Result("ok", reference=reference)
        if summary.text("state", "status").upper() in const.RETURN_PAYING:
            return self.outcome_of("PENDING", reference)
        if returns.is_over(summary):
            return None
        answer = self._act(render.refund_return(refund))
        return self.outcome_of(answer.text("refundStatus"), reference)

    def outcome_of_return(self, return_ref: str, reference: str) -> Result:
        summary = self._summary(return_ref)
        return self.outcome_of("REFUNDED" if returns.paid_back(summary) else "PENDING", reference)

    def outcome_of(self, status: str, reference: str) -> Result:
        raise NotImplementedError

    def _act(self, request: Request) -> Reader:
        answer = self.send(request)
        return Reader(answer if isinstance(answer, Mapping) else {}, "Answer", [])
