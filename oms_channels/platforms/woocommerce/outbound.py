"""What we tell a shop: quantities, prices, parcels, cancellations, refunds, and where to send its webhooks.

Steps and decisions; the sending is the client's. WooCommerce knows no idempotency keys, so we look before we tell anything
that must not happen twice, whether it is a repetition or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from ...domain.adapter import Auth, Gone, Reject, Request, Retry
from ...domain.outgoing import Cancellation, Content, ListingRef, Parcel, Price, Refund, Result, StockLevel
from . import answers, const, render
from .answers import OK
from .paying import Unfit, refund_lines

NO_ID = Result(
    "refused", "This has no id of a product in the shop. Fetch the shop's listings again, and map the product."
)


class Outbound:
    """The half of the client that changes something."""

    send: Callable[..., Any]
    pages: Callable[[Callable[[int], Request]], Iterator[dict[str, Any]]]
    order_json: Callable[[str], dict[str, Any]]
    shop_currency: Callable[[], str]

    # ---- Stock and prices ----

    def push_stock(self, levels: Sequence[StockLevel]) -> Sequence[Result]:
        """Absolute quantities; the last one told of a product holds."""

        def request(indexes: Sequence[int], parent_id: str) -> Request:
            return render.stock([(levels[i].ref.external_id, Decimal(levels[i].quantity)) for i in indexes], parent_id)

        return self._push([level.ref for level in levels], request)

    def push_prices(self, prices: Sequence[Price]) -> Sequence[Result]:
        """Prices in the shop's currency, entered as the shop enters them (with or without tax)."""
        known = self.shop_currency() if prices else ""
        results: list[Result] = [OK] * len(prices)
        taken = []
        for index, price in enumerate(prices):
            if known and price.currency != known:
                results[index] = Result(
                    "refused",
                    f"The shop sells in {known}, the price is in {price.currency}. Choose a price list in {known}.",
                )
            else:
                taken.append(index)

        def request(indexes: Sequence[int], parent_id: str) -> Request:
            chosen = [prices[taken[i]] for i in indexes]
            return render.prices(
                [(price.ref.external_id, price.amount, price.compare_at) for price in chosen], parent_id
            )

        for index, result in zip(taken, self._push([prices[i].ref for i in taken], request), strict=True):
            results[index] = result
        return results

    # ---- Texts and pictures ----

    def push_content(self, contents: Sequence[Content]) -> Sequence[Result]:
        """Titles, descriptions and pictures of products; those of variations are their product's.

        The shop fetches pictures from us and keeps them: what it has is not fetched again, and what is no longer named
        leaves the page and stays in the shop's library.
        """
        pages = [render.page_id(content) for content in contents]
        wanted = {
            page: [picture.key for picture in content.pictures]
            for page, content in zip(pages, contents, strict=True)
            if content.pictures and _is_id(page)
        }
        known = answers.pictures(self.send(render.pictures(list(wanted))), wanted) if wanted else {}

        def request(indexes: Sequence[int], _parent_id: str) -> Request:
            return render.contents([(contents[i], known.get(pages[i], {})) for i in indexes])

        return self._push([ListingRef(page) for page in pages], request)

    def _push(self, refs: Sequence[ListingRef], request: Callable[[Sequence[int], str], Request]) -> list[Result]:
        """Tell products in one batch and the variations of each product in another.

        What went through before an error is kept: the rest is to be told again. The error itself is raised only if nothing
        went through at all.
        """
        results: list[Result | None] = [None] * len(refs)
        groups: dict[str, dict[str, list[int]]] = {}
        for index, ref in enumerate(refs):
            if _is_id(ref.external_id) and (not ref.parent_id or _is_id(ref.parent_id)):
                groups.setdefault(ref.parent_id, {}).setdefault(ref.external_id, []).append(index)
            else:
                results[index] = NO_ID
        done = False
        for parent_id, by_id in groups.items():
            try:
                answer = self.send(request([indexes[-1] for indexes in by_id.values()], parent_id))
                told = answers.batch_results(answer, list(by_id))
                done = True
            except Reject as error:
                gone = error.code in const.PRODUCT_GONE_CODES
                told = [answers.UNKNOWN_PRODUCT if gone else Result("refused", str(error))] * len(by_id)
                done = True
            except (Retry, Auth) as error:
                if not done:
                    raise
                rest = Result("retry", str(error))
                return [result or rest for result in results]
            for indexes, result in zip(by_id.values(), told, strict=True):
                for index in indexes:
                    results[index] = result
        return [result or NO_ID for result in results]

    # ---- Parcels ----

    def ship(self, parcel: Parcel, repeat: bool = False) -> Result:
        """Tell a parcel; told again with another tracking number, it is corrected."""
        order = self.order_json(parcel.order_ref)
        off = answers.text(order, "status")
        if off in const.STATUSES_OFF:
            return Result(
                "refused", f"The order is “{off}” in the shop. Stop the parcel, or open the order in the shop again."
            )
        try:
            there = self.send(render.fulfilments(parcel.order_ref))
        except Reject as error:
            if error.code != const.NO_ROUTE_CODE:
                return Result("refused", str(error))
            result = self._ship_by_note(parcel)
        else:
            result = self._ship_natively(parcel, there)
        if result.code == "ok" and parcel.last and off != const.STATUS_COMPLETED:
            self.send(render.complete(parcel.order_ref))
        return result

    def _ship_natively(self, parcel: Parcel, there: Any) -> Result:
        known = answers.ours(there, parcel.key)
        known_id = answers.text(known, "id", "fulfillment_id") if known else ""
        if not all(_is_id(item.line_ref) for item in parcel.items):
            return Result(
                "refused", "The parcel holds a line that the shop does not know. Tell the parcel in the shop by hand."
            )
        if known is not None and all(
            (answers.meta(known, key) or "") == value
            for key, value in (("_tracking_number", parcel.tracking_number), ("_tracking_url", parcel.tracking_url))
        ):
            return Result("ok", reference=known_id)
        try:
            made = self.send(render.fulfilment(parcel, known_id))
        except Reject as error:
            return Result("refused", f"{error} Tell the parcel in the shop by hand.")
        return Result("ok", reference=known_id or (answers.text(made, "id") if isinstance(made, dict) else ""))

    def _ship_by_note(self, parcel: Parcel) -> Result:
        """A note that the customer gets by mail. Its text is our key: it names the number of the parcel."""
        text = render.note_text(parcel)
        there = self.send(render.notes(parcel.order_ref))
        if answers.last_note(there, render.note_start(parcel)) != answers.plain(text):
            self.send(render.note(parcel.order_ref, text, parcel.notify))
        return OK

    # ---- Cancellations and refunds ----

    def cancel(self, cancellation: Cancellation, repeat: bool = False) -> Result:
        """Call a whole order off; the shop knows no part of it."""
        if cancellation.items:
            return Result(
                "refused",
                "The shop can only cancel a whole order. Refund the lines that are not delivered, and tell the customer.",
            )
        status = answers.text(self.order_json(cancellation.order_ref), "status")
        if status in const.STATUSES_OFF:
            return OK
        if status == const.STATUS_COMPLETED:
            return Result(
                "refused", "The order is completed in the shop. Take the goods back as a return, and refund them."
            )
        try:
            self.send(render.cancel(cancellation.order_ref))
        except Reject as error:
            return Result("refused", f"{error} Cancel the order in the shop by hand.")
        return OK

    def refund(self, refund: Refund, repeat: bool = False) -> Result:
        """Pay back, or record what was paid back elsewhere."""
        order = self.order_json(refund.order_ref)
        known = answers.ours(list(self.pages(lambda page: render.refunds(refund.order_ref, page))), refund.key)
        if known is not None:
            return Result("ok", reference=answers.text(known, "id"))
        try:
            lines = refund_lines(order, refund)
        except Unfit as error:
            return Result("refused", str(error))
        restock = bool(refund.items) and all(item.restock for item in refund.items)
        try:
            made = self.send(
                render.refund(refund.order_ref, refund.amount, refund.reason, refund.key, lines, refund.pay, restock)
            )
        except Gone:
            raise
        except Reject as error:
            return Result(
                "refused",
                f"{error} Look at what the order has been paid and refunded in the shop, then correct the refund.",
            )
        return Result("ok", reference=answers.text(made, "id") if isinstance(made, dict) else "")

    # ---- Webhooks ----

    def subscribe(self, address: str, secret: str = "") -> Sequence[str]:
        """See to it that all our topics come to ``address``, each once, signed with ``secret``.

        The shop never shows a secret, so one that is given is told every time. Saving a webhook makes the shop say hello at
        the address, and wait for the answer.
        """
        there = list(self.pages(render.webhooks))
        path = "/" + address.partition("://")[2].partition("/")[2]
        for topic in const.TOPICS:
            first, *more = [*answers.webhooks_at(there, topic, path)] or [None]
            if first is None:
                self.send(render.webhook(topic, address, secret))
            elif secret or first.get("delivery_url") != address or first.get("status") != "active":
                self.send(render.webhook(topic, address, secret, answers.text(first, "id")))
            for row in more:
                self.send(render.webhook_deletion(answers.text(row, "id")))
        return tuple(const.TOPICS)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and text != "0"
