"""What eBay has paid out: the part of the client that reads payouts, each with all its transactions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from ...domain.adapter import PayoutPage, Reject, Retry
from ..rest import RestClient
from . import const, render

#: How often a list that changes while it is read is read again.
TRIES = 5


class PayingOut(RestClient):
    """What the client knows of payouts."""

    now: Callable[[], datetime]

    def payouts_since(self, moment: datetime, cursor: str = "") -> PayoutPage:
        """Payouts sent at ``moment`` or later, the oldest first.

        :param cursor: how many have been read.
        """
        if not cursor.isdecimal() and cursor:
            raise Reject("The place where reading was to go on is unreadable. Read the payouts from the start.")
        offset = int(cursor or 0)
        start = moment.astimezone(timezone.utc)
        rows, total = self._listed(render.payouts_page(start, max(start, self.now()), offset), "payouts")
        payouts = tuple(
            json.dumps(
                {"payout": row, "transactions": self._transactions(str(row.get("payoutId", "")))}, separators=(",", ":")
            ).encode()
            for row in rows
        )
        offset += len(rows)
        return PayoutPage(payouts, str(offset) if rows and offset < total else "")

    def _transactions(self, payout_id: str) -> list[Mapping[str, Any]]:
        """All transactions of a payout. A page may come twice and the list may grow meanwhile; half of it is not told."""
        for _attempt in range(TRIES):
            found: dict[tuple[str, str], Mapping[str, Any]] = {}
            offset, expected = 0, -1
            for _page in range(const.TRANSACTION_PAGES_MAX):
                rows, total = self._listed(render.transactions_page(payout_id, offset), "transactions")
                expected = total if expected < 0 else expected
                for row in rows:
                    found[str(row.get("transactionType")), str(row.get("transactionId"))] = row
                offset += len(rows)
                if not rows or total != expected or offset >= total:
                    break
            if total == expected == len(found):
                return list(found.values())
        raise Retry("eBay's list of transactions changes faster than it can be read.", 60)

    def _listed(self, request: Any, name: str) -> tuple[list[Mapping[str, Any]], int]:
        """(rows of a page, how many there are in all). eBay answers with nothing at all where there is nothing."""
        try:
            answer = self.send(request)
        except Reject as error:
            raise Reject(const.UNSIGNED, error.code) if error.code in const.NOT_SIGNED else error from None
        if answer is None:
            return [], 0
        rows = answer.get(name) if isinstance(answer, dict) else None
        total = answer.get("total") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or not isinstance(total, int) or not all(isinstance(row, dict) for row in rows):
            raise Retry("eBay answered with something else than was asked for.")
        return rows, total
