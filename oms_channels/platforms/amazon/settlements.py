"""What Amazon has paid out: the part of the client that finds and fetches settlements.

Amazon writes a report for every settlement by itself, some hours after it has closed, and keeps it for ninety days.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from ...domain.adapter import PayoutPage, Reject, Retry
from . import const, render
from .feeds import Feeds, as_object


class Settlements(Feeds):
    """What the client knows of settlements."""

    now: Callable[[], datetime]

    def payouts_since(self, moment: datetime, cursor: str = "") -> PayoutPage:
        """Settlements that were written at ``moment`` or later, the oldest first.

        :param cursor: the documents that are still to be fetched.
        """
        try:
            waiting = json.loads(cursor) if cursor else self._documents(moment)
        except ValueError:
            waiting = None
        if not isinstance(waiting, list) or not all(isinstance(name, str) for name in waiting):
            raise Reject("The place where reading was to go on is unreadable. Read the payouts from the start.")
        now, later = waiting[: const.SETTLEMENTS_PER_PAGE], waiting[const.SETTLEMENTS_PER_PAGE :]
        payouts = tuple(self.document(render.report_document(name), "getReportDocument") for name in now)
        return PayoutPage(payouts, json.dumps(later) if later else "")

    def _documents(self, moment: datetime) -> list[str]:
        """The documents of all settlements, each once: a page may come twice, and one settlement in several reports."""
        since = max(moment, self.now() - timedelta(days=const.REPORT_DAYS))
        found: dict[str, tuple[str, str]] = {}
        token, tokens = "", set()
        for _page in range(const.REPORT_PAGES_MAX):
            answer = as_object(self.send(render.settlements(since, token), "getReports"))
            if not isinstance(answer.fields.get("reports"), list):
                raise Retry("Amazon answered with something else than a list of reports.")
            for row in answer.rows("reports", "Report"):
                if document := row.text("reportDocumentId"):
                    found[document] = (row.text("createdTime"), document)
            token = answer.text("nextToken")
            if not token or token in tokens:
                return sorted(found, key=lambda name: found[name])
            tokens.add(token)
        raise Retry("Amazon's list of reports does not end.")
