"""The part of the client that reads what moved money (Finances API 2024-06-19, ``listTransactions``), for whoever books it.

Source: https://developer-docs.amazon.com/sp-api/docs/finances-api-v2024-06-19-use-case-guide and the published model. Needs the
role *Finance and Accounting*. Events may be two days late, so whoever asks looks back further than it has read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ...domain.adapter import Request, Retry
from . import const, render


def transactions_page(after: datetime, before: datetime, token: str = "") -> Request:
    """Transactions posted from one moment to another; a token goes with the same moments that it was made for."""
    params = {"postedAfter": render.moment(after), "postedBefore": render.moment(before)}
    return Request("GET", "finances/2024-06-19/transactions", params | ({"nextToken": token} if token else {}))


class Finances:
    send: Callable[..., Any]
    now: Callable[[], datetime]

    def transactions(self, after: datetime, before: datetime, token: str = "") -> tuple[list[Mapping[str, Any]], str]:
        """(transactions, token of the next page) of all kinds, as Amazon writes them; up to 500 a page, in no order.

        :param before: at least :data:`~.const.LAG_S` seconds ago, at most :data:`~.const.FINANCES_DAYS` days after ``after``.
        """
        before = min(before, self.now() - timedelta(seconds=const.LAG_S))
        after = max(after, before - timedelta(days=const.FINANCES_DAYS))
        answer = self.send(transactions_page(after, before, token), "listTransactions")
        payload = answer.get("payload") if isinstance(answer, Mapping) else None
        rows = payload.get("transactions") if isinstance(payload, Mapping) else None
        if not isinstance(payload, Mapping) or not isinstance(rows, list | None):
            raise Retry("Amazon answered with something else than a list of transactions.")
        return [row for row in rows or () if isinstance(row, Mapping)], str(payload.get("nextToken") or "")
