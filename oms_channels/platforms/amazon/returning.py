"""The part of the client that reads what Amazon tells apart from its orders: refunds (transactions) and returns (a report).

Amazon has no call by which a seller could tell what happens to a return: it is decided in Seller Central, or by Amazon.
A report is asked for, made within minutes, and fetched; nothing has to be remembered for it, as the list of reports tells which
there are. So a reading that finds none asks for one, and the next reading has it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ...domain.adapter import Page, Reject, Request
from ...domain.told import REFUND, RETURN, pack
from . import const, refunds, render, returns
from .feeds import as_object


def reports_since(report_type: str, since: datetime) -> Request:
    params = {"reportTypes": report_type, "createdSince": render.moment(since), "pageSize": "100"}
    return Request("GET", f"{render.REPORTS}/reports", params)


def create_report(report_type: str, marketplace_ids: tuple[str, ...], start: datetime, end: datetime) -> Request:
    body = {
        "reportType": report_type,
        "marketplaceIds": list(marketplace_ids),
        "dataStartTime": render.moment(start),
        "dataEndTime": render.moment(end),
    }
    return Request("POST", f"{render.REPORTS}/reports", body=body)


class Returning:
    send: Callable[..., Any]
    now: Callable[[], datetime]
    marketplace_ids: tuple[str, ...]
    transactions: Callable[..., Any]
    document: Callable[[Request, str], bytes]
    is_clock_fast: Callable[[], bool]
    _their_time: datetime | None

    def after_sale(self, what: str, moment: datetime, cursor: str = "") -> Page:
        return self._refunds(moment, cursor) if what == "refunds" else self._returns(moment)

    def _refunds(self, moment: datetime, cursor: str) -> Page:
        """Refunds since ``moment``, and of some days before: events come late.

        :param cursor: until when is read, and the token of the page.
        """
        ended, _bar, token = cursor.partition("|")
        after, lag = moment - timedelta(days=const.FINANCES_LATE_DAYS), timedelta(seconds=const.LAG_S)
        until = datetime.fromisoformat(ended) if ended else self.now() - lag
        try:
            rows, token = self.transactions(after, until, token)
        except Reject:
            if cursor or not self.is_clock_fast():
                raise
            # As with orders: what we take for the past is the future to Amazon.
            until = self._their_time - lag
            rows, token = self.transactions(min(after, until), until)
        now = self.now()
        told = tuple(
            pack(REFUND, refunds.refund_ref(row), refunds.order_ref(row), row, now)
            for row in rows
            if refunds.is_ours(row)
        )
        return Page(told, f"{until.isoformat()}|{token}" if token else "", until=None if token else until)

    def _returns(self, moment: datetime) -> Page:
        """The returns of the newest report that was made after ``moment``; without one, it is asked for."""
        now = self.now()
        answer = as_object(self.send(reports_since(returns.REPORT, now - timedelta(days=1)), "getReports"))
        newer = [
            (made, row)
            for row in answer.rows("reports", "Report")
            if (made := row.moment("createdTime")) and made > moment
        ]
        newer.sort(key=lambda pair: pair[0], reverse=True)
        for made, row in newer:
            match row.text("processingStatus").upper():
                case "DONE":
                    content = self.document(render.report_document(row.text("reportDocumentId")), "getReportDocument")
                    found = returns.returns(returns.rows(content))
                    told = tuple(pack(RETURN, name, order, lines, made) for name, order, lines in found)
                    return Page(told, until=made)
                case "CANCELLED":
                    return Page((), until=made)  # there was nothing to report
                case "IN_QUEUE" | "IN_PROGRESS":
                    return Page(())
        if now - moment >= timedelta(seconds=const.REPORT_EVERY_S):
            start = now - timedelta(days=const.RETURN_DAYS)
            self.send(create_report(returns.REPORT, self.marketplace_ids, start, now), "createReport")
        return Page(())
