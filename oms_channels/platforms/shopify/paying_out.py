"""What Shopify Payments has paid out: the part of the client that reads payouts, each with all its transactions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ...domain.adapter import PayoutPage, Reject, Request
from ...domain.reader import decimal_of
from . import answers, render

#: How often a payout is read whose transactions do not sum to it.
TRIES = 3


class PayingOut:
    """What the client knows of payouts."""

    ask: Callable[[Request], dict[str, Any]]
    pages: Callable[[Mapping[str, Any], Callable[[str], Mapping[str, Any]]], Iterator[dict[str, Any]]]

    def payouts_since(self, moment: datetime, cursor: str = "") -> PayoutPage:
        """Payouts issued at ``moment`` or later, the oldest first."""
        connection = self._account(render.payouts_page(moment, cursor), "payouts")
        payouts = tuple(
            json.dumps({"payout": row, "transactions": self._transactions(row)}, separators=(",", ":")).encode()
            for row in answers.nodes(connection)
        )
        return PayoutPage(payouts, answers.next_cursor(connection))

    def _transactions(self, payout: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All of them, each once. Rows move between pages when others come; what does not sum to the payout is read again, and
        after some tries handed on as it is: then its total says that something is missing."""
        number = str(payout.get("legacyResourceId") or "")
        found: list[dict[str, Any]] = []
        for _attempt in range(TRIES):
            found = self._read_transactions(number)
            if sum(_net(row) for row in found if not row.get("test")) == _net(payout):
                break
        return found

    def _read_transactions(self, number: str) -> list[dict[str, Any]]:

        def page(cursor: str) -> Mapping[str, Any]:
            return self._account(render.payout_transactions(number, cursor), "balanceTransactions")

        rows = self.pages(page(""), page)
        # Found again on the next page: it has moved.
        return list({str(row.get("id")): row for row in rows}.values())

    def _account(self, request: Request, name: str) -> Mapping[str, Any]:
        account = self.ask(request).get("shopifyPaymentsAccount")
        if not isinstance(account, dict):
            raise Reject("This shop has no Shopify Payments. Import the payouts of its payment provider as a file.")
        return answers.mapping(account, name)


def _net(row: Mapping[str, Any]) -> Decimal:
    return decimal_of(answers.mapping(row, "net").get("amount")) or Decimal(0)
