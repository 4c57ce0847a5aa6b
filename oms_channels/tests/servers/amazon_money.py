"""What the seller's account of the tests tells apart from its orders: transactions (Finances API 2024-06-19) and the report of
returns (Reports API 2021-06-30). Reports are made when they are asked for a second time; a window that ends too late is
refused."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from .amazon_offers import as_moment, error
from .base import Asked, Reply

COLUMNS = (
    "Order ID", "Order date", "Return request date", "Return request status", "Amazon RMA ID", "Merchant RMA ID", "Label type",
    "Label cost", "Currency code", "Return carrier", "Tracking ID", "Label to be paid by", "A-to-Z Claim", "Is prime", "ASIN",
    "Merchant SKU", "Item Name", "Return quantity", "Return Reason", "In policy", "Return type", "Resolution", "Invoice number",
    "Return delivery date", "Order Amount", "Order quantity", "SafeT Action reason", "SafeT claim id", "SafeT claim state",
    "SafeT claim creation time", "SafeT claim reimbursement amount", "Refunded Amount",
)  # fmt: skip
PARAMETERS = {
    "postedAfter", "postedBefore", "marketplaceId", "transactionStatus", "relatedIdentifierName", "relatedIdentifierValue",
    "nextToken",
}  # fmt: skip
PAGE = 2


class AmazonMoney:
    """:ivar transactions: as the API shows them; :ivar returns: lines of the report; :ivar reports: as the API shows them."""

    transactions: list[dict[str, Any]]
    returns: list[dict[str, str]]
    reports: list[dict[str, Any]]
    marketplaces: list[str]
    packed: bool
    now: Callable[[], datetime]
    _documents: dict[str, dict[str, Any]]
    _ids: Iterator[int]

    def pay_back(
        self,
        order_id: str,
        sku: str,
        goods: str,
        tax: str = "0.00",
        shipping: str = "0.00",
        commission: str = "0.00",
        status: str = "RELEASED",
        deferred: str = "",
        network: str = "MFN",
        other: tuple[str, str] | None = None,
        currency: str = "EUR",
    ) -> str:
        """Amazon pays a buyer back; the id of the transaction.

        :param deferred: of the transaction that was held back, and goes now.
        """

        def money(amount: Decimal) -> dict[str, Any]:
            return {"currencyCode": currency, "currencyAmount": float(amount)}

        def part(kind: str, amount: Decimal, *within: dict[str, Any]) -> dict[str, Any]:
            return {"breakdownType": kind, "breakdownAmount": money(amount), "breakdowns": list(within)}

        names = {"ProductCharges": "OurPricePrincipal", "Tax": "OurPriceTax", "Shipping": "ShippingPrincipal"}
        given = dict(zip(names, (goods, tax, shipping), strict=True))
        parts = [
            part(kind, -Decimal(amount), part(names[kind], -Decimal(amount)))
            for kind, amount in given.items()
            if Decimal(amount)
        ]
        if Decimal(commission):
            parts.append(part("AmazonFees", Decimal(commission), part("Commission", Decimal(commission))))
        if other:
            parts.append(part(other[0], -Decimal(other[1])))
        total = sum((Decimal(str(one["breakdownAmount"]["currencyAmount"])) for one in parts), Decimal(0))
        number = secrets.token_urlsafe(24)
        related = {"ORDER_ID": order_id, "REFUND_ID": secrets.token_hex(6), "DEFERRED_TRANSACTION_ID": deferred}
        self.transactions.append(
            {
                "sellingPartnerMetadata": {"sellingPartnerId": "A3", "marketplaceId": self.marketplaces[0]},
                "relatedIdentifiers": [
                    {"relatedIdentifierName": name, "relatedIdentifierValue": value}
                    for name, value in related.items()
                    if value
                ],
                "transactionType": "Refund",
                "transactionId": number,
                "transactionStatus": status,
                "description": "Refund Order",
                "postedDate": self._stamp(self.now()),
                "totalAmount": money(total),
                "marketplaceDetails": {"marketplaceId": self.marketplaces[0], "marketplaceName": "Amazon"},
                "items": [
                    {
                        "description": "Thing",
                        "totalAmount": money(total),
                        "relatedIdentifiers": [
                            {"itemRelatedIdentifierName": "ORDER_ADJUSTMENT_ITEM_ID", "itemRelatedIdentifierValue": "7"}
                        ],
                        "breakdowns": parts,
                        "contexts": [
                            {
                                "contextType": "ProductContext",
                                "sku": sku,
                                "quantityShipped": 1,
                                "fulfillmentNetwork": network,
                            }
                        ],
                    }
                ],
                "breakdowns": [],
            }
        )
        return number

    def ask_back(
        self, order_id: str, sku: str, quantity: int = 1, reason: str = "CR-UNWANTED_ITEM", **values: str
    ) -> str:
        """A buyer begins a return; its RMA id."""
        number = f"D{secrets.token_hex(5)}RRMA"
        self.returns.append(
            {
                "Order ID": order_id,
                "Return request date": self.now().strftime("%d-%b-%Y"),
                "Return request status": "Approved",
                "Amazon RMA ID": number,
                "Merchant SKU": sku,
                "Item Name": 'Thing 12" "long"',
                "Return quantity": str(quantity),
                "Return Reason": reason,
                **values,
            }
        )
        return number

    @staticmethod
    def _stamp(moment: datetime) -> str:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    # ---- Answering ----

    def _listTransactions(self, asked: Asked) -> Reply:
        query = asked.params
        after, before = as_moment(query.get("postedAfter")), as_moment(query.get("postedBefore"))
        latest = self.now() - timedelta(minutes=2)
        if set(query) - PARAMETERS or not after or (before and (before > latest or before < after)):
            return error(400, "InvalidInput", "Date range is invalid.")
        if before and before - after > timedelta(days=180):
            return error(400, "InvalidInput", "Date range is invalid.")
        found = [row for row in self.transactions if after <= as_moment(row["postedDate"]) <= (before or latest)]
        start = int(query.get("nextToken", "0"))
        payload: dict[str, Any] = {"transactions": found[start : start + PAGE]}
        if start + PAGE < len(found):
            payload["nextToken"] = str(start + PAGE)
        return Reply(200, {"payload": payload})

    def _createReport(self, asked: Asked) -> Reply:
        body = asked.json or {}
        start, end = as_moment(body.get("dataStartTime")), as_moment(body.get("dataEndTime"))
        if not body.get("reportType") or not body.get("marketplaceIds") or not start or not end:
            return error(400, "InvalidInput", "The request is not complete.")
        if end - start > timedelta(days=60):
            return error(400, "InvalidInput", "The report covers 60 days at most.")
        number = str(next(self._ids))
        self.reports.append(
            {
                "reportId": number,
                "reportType": body["reportType"],
                "marketplaceIds": body["marketplaceIds"],
                "dataStartTime": body["dataStartTime"],
                "dataEndTime": body["dataEndTime"],
                "createdTime": self._stamp(self.now()),
                "processingStatus": "IN_QUEUE",
            }
        )
        return Reply(202, {"reportId": number})

    def _make_reports(self, report_ids: list[str]) -> None:
        """Make what was asked for; who asks for it a second time finds it."""
        for row in self.reports:
            if row["reportId"] in report_ids and row["processingStatus"] == "IN_QUEUE":
                document_id = f"amzn1.spdoc.1.4.eu.{secrets.token_hex(8)}"
                lines = ["\t".join(COLUMNS)]
                lines += ["\t".join(line.get(name, "") for name in COLUMNS) for line in self.returns]
                text = ("\r\n".join(lines) + "\r\n").encode()
                body = gzip.compress(text) if self.packed else text
                self._documents[document_id] = {"content_type": "", "body": body}
                row |= {"processingStatus": "DONE", "reportDocumentId": document_id}
