"""What we tell a shop: quantities, prices, parcels, cancellations, and when to take money and to pay it back.

Steps and decisions; the sending is the client's (``send``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from ...domain.adapter import ChannelError, Gone, Reject, Request, Retry
from ...domain.outgoing import Cancellation, Capture, Content, Parcel, Price, Refund, Result, StockLevel
from ...domain.reader import Reader
from . import answers, const, fulfilling, lines, paying, render

OK = Result("ok")
NO_SKU = "Magento knows things by their SKU, and this listing has none. Fetch the listings again."
#: State of an order → why the shop writes no invoice over it.
NOT_INVOICED = {
    "canceled": "The order is called off in the shop, and what was authorised with it. Ask the customer to pay anew.",
    "closed": "The order is closed in the shop: all of it was paid back. Ask the customer to pay anew.",
    "complete": "The order is invoiced and shipped in the shop. Compare its invoices with the payments here.",
    "holded": "The order is on hold in the shop. Take it off hold there (Unhold), then try again.",
    "payment_review": "The gateway still examines the payment. Accept or deny it in the shop, then try again.",
}
NOT_THERE = "The shop has no product with this SKU any more. Fetch the listings again."


class Outbound:
    """The half of the client that changes something."""

    send: Callable[..., Any]
    rows: Callable[[Callable[[int], Request]], Iterator[Reader]]
    view: Callable[[], Reader]
    store_id: Callable[[], str]
    order_now: Callable[[str], dict[str, Any]]
    now: Callable[[], datetime]
    has_sources: bool

    # ---- Stock ----

    def push_stock(self, levels: Sequence[StockLevel]) -> Sequence[Result]:
        """Absolute quantities by SKU and source; the last writer wins.

        Magento takes a call in whole or not at all, and keeps quantities even of SKUs that it does not have, without a
        word. So SKUs are looked up first, and a call that is refused is told again in halves.
        """
        results: dict[int, Result] = {}
        kinds = self._kinds([level.ref.sku for level in levels])
        last: dict[tuple[str, str], int] = {}
        for index, level in enumerate(levels):
            kind = kinds.get(level.ref.sku.lower())
            if not level.ref.sku:
                results[index] = Result("refused", NO_SKU)
            elif kind is None:
                results[index] = Result("refused", NOT_THERE, gone=True)
            elif kind in const.COMPOSITES:
                sentence = "This product has no stock of its own. Tell the quantities of its variants or parts."
                results[index] = Result("refused", sentence)
            else:
                last[level.ref.sku.lower(), level.ref.location_ref] = index
        self._told(levels, list(last.values()), results, self._push_sources)
        # The same twice: the last one told holds.
        for index, level in enumerate(levels):
            if index not in results:
                results[index] = results[last[level.ref.sku.lower(), level.ref.location_ref]]
        return [results[index] for index in range(len(levels))]

    def _kinds(self, skus: Sequence[str]) -> dict[str, str]:
        """SKU in small letters → type of product, of those that are there."""
        found = {}
        for batch in render.batches(filter(None, skus)):
            answer = self.send(render.products(batch))
            for row in Reader(answer if isinstance(answer, dict) else {}, "Answer", []).rows("items", "Product"):
                found[row.text("sku").lower()] = row.text("type_id")
        return found

    def _told(
        self,
        things: Sequence[Any],
        indexes: list[int],
        results: dict[int, Result],
        tell: Callable[[Sequence[Any]], Mapping[int, Result]],
    ) -> None:
        """Tell things, in parts where the shop does not take all of them at once."""
        if not indexes:
            return
        try:
            errors = tell([things[index] for index in indexes])
        except Retry as error:
            if not any(result.code == "ok" for result in results.values()):
                raise
            # The others would meet the same; what was done is done.
            results |= dict.fromkeys(indexes, Result("retry", str(error)))
            return
        except Reject as error:
            most = int(error.code.removeprefix(const.TOO_MANY) or 0) if error.code.startswith(const.TOO_MANY) else 0
            if len(indexes) == 1:
                results[indexes[0]] = Result("refused", str(error))
                return
            size = most if 0 < most < len(indexes) else (len(indexes) + 1) // 2
            for start in range(0, len(indexes), size):
                self._told(things, indexes[start : start + size], results, tell)
            return
        results |= {index: errors.get(place, OK) for place, index in enumerate(indexes)}

    def _push_sources(self, levels: Sequence[StockLevel]) -> Mapping[int, Result]:
        if self.has_sources:
            try:
                self.send(render.stock(levels))
                return {}
            except Gone:
                self.has_sources = False
        return self._push_classic(levels)

    def _push_classic(self, levels: Sequence[StockLevel]) -> Mapping[int, Result]:
        """One by one, in a shop without stock sources."""
        results: dict[int, Result] = {}
        for place, level in enumerate(levels):
            try:
                self.send(render.stock_classic(level))
                results[place] = OK
            except Retry as error:
                if not results:
                    raise
                return {**dict.fromkeys(range(len(levels)), Result("retry", str(error))), **results}
            except Reject as error:
                results[place] = Result("refused", str(error))
        return results

    # ---- Prices ----

    def push_prices(self, prices: Sequence[Price]) -> Sequence[Result]:
        """The base price; where a price before is shown, that is the base price and ours a special one.

        A special price that holds now would hide the base price: it is ended. One that is planned for later stays.
        """
        view = self.view()
        currency, store_id = view.text("base_currency_code"), int(self.store_id() or 0)
        results: dict[int, Result] = {}
        last: dict[str, int] = {}
        for index, price in enumerate(prices):
            if not price.ref.sku:
                results[index] = Result("refused", NO_SKU)
            elif currency and price.currency != currency:
                sentence = f"The shop keeps its prices in {currency}, not in {price.currency}. Give the channel a price list in"
                results[index] = Result("refused", f"{sentence} {currency}.")
            else:
                last[price.ref.sku.lower()] = index
        self._told(prices, list(last.values()), results, lambda part: self._push_prices(part, store_id))
        for index, price in enumerate(prices):
            if index not in results:
                results[index] = results[last[price.ref.sku.lower()]]
        return [results[index] for index in range(len(prices))]

    def _push_prices(self, prices: Sequence[Price], store_id: int) -> Mapping[int, Result]:
        errors = answers.price_results(prices, self.send(render.base_prices(prices, store_id)))
        taken = [index for index in range(len(prices)) if index not in errors]
        if not taken:
            return errors
        told = [prices[index] for index in taken]
        old = self._special_now([price.ref.sku for price in told], store_id)
        if old:
            failed = answers.price_results(told, self.send(render.end_special_prices(old)))
            errors |= {taken[place]: result for place, result in failed.items()}
        special = [index for index in taken if prices[index].compare_at is not None and index not in errors]
        if special:
            told = [prices[index] for index in special]
            failed = answers.price_results(told, self.send(render.special_prices(told, store_id)))
            errors |= {special[place]: result for place, result in failed.items()}
        return errors

    def _special_now(self, skus: Sequence[str], store_id: int) -> list[Mapping[str, Any]]:
        answer = self.send(render.special_prices_of(skus))
        now = self.now().strftime(const.MOMENT)
        found = []
        for row in Reader({"rows": answer}, "Answer", []).rows("rows", "Special price"):
            begins, ends = row.text("price_from"), row.text("price_to")
            if row.text("store_id") == str(store_id) and begins <= now and (not ends or ends >= now[:10]):
                found.append(dict(row.fields))
        return found

    # ---- Texts and pictures ----

    def push_content(self, contents: Sequence[Content]) -> Sequence[Result]:
        """Titles, descriptions and pictures, product by product. With a store view the texts are that view's."""
        results: list[Result] = []
        for content in contents:
            try:
                results.append(self._push_content(content))
            except Retry as error:
                if not results:
                    raise
                # The others would meet the same; what was done is done.
                return results + [Result("retry", str(error))] * (len(contents) - len(results))
            except Gone:
                results.append(Result("refused", NOT_THERE, gone=True))
            except Reject as error:
                results.append(Result("refused", str(error)))
        return results

    def _push_content(self, content: Content) -> Result:
        sku = content.ref.sku
        if not sku:
            return Result("refused", NO_SKU)
        ids: dict[str, int] = {}
        others: list[Mapping[str, Any]] = []
        if content.pictures is not None:
            keys = [picture.key for picture in content.pictures]
            ids, others = answers.pictures(self.send(render.media(sku)), keys)
            for position, picture in enumerate(content.pictures, 1):
                if picture.key not in ids:
                    reference = _reference(self.send(render.add_picture(sku, picture, position)))
                    ids[picture.key] = int(reference) if reference.isdecimal() else 0
        self.send(render.content(content, ids, others))
        return OK

    # ---- Parcels ----

    def ship(self, parcel: Parcel, repeat: bool = False) -> Result:
        """A parcel has left. Before it is told again, look whether the shop has it."""
        order = self.order_now(parcel.order_ref)
        row = Reader(order, "Order", [])
        if repeat and (known := self._find("shipments", parcel.order_ref, render.marker(parcel.key))):
            return Result("ok", reference=known)
        if (state := row.text("state")) in ("canceled", "closed", "holded"):
            what = "on hold there. Take it off hold (Unhold)" if state == "holded" else "called off there. Look at it"
            return Result("refused", f"The shop ships nothing of this order: it is {what}, then try again.")
        try:
            items = fulfilling.to_ship(order, parcel.items)
        except ValueError as error:
            known = self._find("shipments", parcel.order_ref, render.marker(parcel.key), parcel.tracking_number)
            if known and isinstance(error, fulfilling.ShippedAlready):
                return Result("ok", reference=known)
            return Result("refused", str(error))
        if not items:
            return Result("ok", "Nothing in this parcel is sent by post, so that the shop keeps no shipment of it.")
        return Result("ok", reference=_reference(self.send(render.ship(parcel, items))))

    def _find(self, path: str, order_ref: str, marker: str, tracking_number: str = "") -> str:
        """Id of the shipment or credit memo of an order that has our mark, or this tracking number; empty if there is none."""
        for row in self.rows(lambda page: render.of_orders(path, [order_ref], page)):
            said = [comment.text("comment") for comment in row.rows("comments", "Comment")]
            numbers = [track.text("track_number") for track in row.rows("tracks", "Track")]
            if any(marker in text for text in said) or (tracking_number and tracking_number in numbers):
                return row.identifier("entity_id") or "?"
        return ""

    # ---- Calling off ----

    def cancel(self, cancellation: Cancellation, repeat: bool = False) -> Result:
        """Call off a whole order, of which nothing is paid or shipped yet; what is called off already is left alone."""
        order = self.order_now(cancellation.order_ref)
        row = Reader(order, "Order", [])
        state = row.text("state")
        if state == "canceled":
            return OK
        wanted = {item.line_ref: item.quantity for item in cancellation.items}
        if wanted:
            for item in lines.items(row):
                left = (item.row.number_or_none("qty_ordered") or Decimal(0)) - (
                    item.row.number_or_none("qty_canceled") or Decimal(0)
                )
                parts = [item.id, *(child.id for child in item.children)]
                if left > 0 and not any(wanted.get(part, Decimal(0)) >= left for part in parts):
                    sentence = "Magento calls off whole orders only. Once it is paid, refund this part instead."
                    return Result("refused", sentence)
        if state == "holded":
            sentence = (
                "The order is on hold in the shop, and cannot be called off so. Take it off hold there (Unhold), then"
            )
            return Result("refused", f"{sentence} try again.")
        if state in ("complete", "closed") or any(row.number_or_none(key) for key in ("total_invoiced", "total_paid")):
            return Result("refused", "The order has been paid or delivered in the shop. Refund it instead.")
        if self.send(render.cancel(cancellation.order_ref)) is not True:
            sentence = "The shop does not call this order off. Look there whether it has an invoice or a shipment."
            return Result("refused", sentence)
        return OK

    # ---- Authorised money ----

    def capture(self, capture: Capture, repeat: bool = False) -> Result:
        """Have the gateway take what was authorised for goods that have left: an invoice over them.

        What they come to Magento works out by itself. Without a reference in the result the gateway is still at it: the order
        will tell.
        """
        if repeat and (made := self._own_invoice(capture)):
            return made
        order = self.order_now(capture.order_ref)
        row = Reader(order, "Order", [])
        if capture.currency != (currency := row.text("order_currency_code")):
            return Result(
                "refused", f"The order is paid in {currency}, not in {capture.currency}. Take it there by hand."
            )
        if sentence := NOT_INVOICED.get(row.text("state")):
            return Result("refused", sentence)
        items = fulfilling.to_invoice(order, capture.items)
        if not items:
            sentence = "The shop has invoiced already what has left of this order, so that nothing was taken again."
            return Result("refused", f"{sentence} Compare its invoices with the payments here.")
        try:
            self.send(render.invoice(capture, items))
        except Reject as error:
            sentence = (
                f"The shop does not take the money: {error} If that says no more than “see error log”, the gateway has"
            )
            return Result("refused", f"{sentence} declined it, or what was authorised has ended.")
        if made := self._own_invoice(capture):
            return made
        raise Retry("The shop took the money and does not show its invoice yet.")

    def _own_invoice(self, capture: Capture) -> Result | None:
        """What came of the invoice that bears our mark; ``None`` if there is none."""
        for row in self.rows(lambda page: render.of_orders("invoices", [capture.order_ref], page)):
            if paying.our_key(row) != capture.key:
                continue
            if row.text("state") != const.INVOICE_PAID:
                return Result("ok", "The payment provider is still at it.")
            total = lines.round_to(row.number_or_none("grand_total") or Decimal(0), lines.CENT)
            return Result("ok", reference=paying.invoice_id(row), amount=total)
        return None

    def void(self, capture: Capture, repeat: bool = False) -> Result:
        """Nothing to do where the shop has called the order off, which gives free what was authorised, or has taken all of it.
        Otherwise a person has to: the API has no other way."""
        try:
            row = Reader(self.order_now(capture.order_ref), "Order", [])
        except Gone:
            return OK
        if row.text("state") in const.OVER_STATES or row.number_or_none("total_due") == 0:
            return OK
        return Result(
            "refused",
            "Magento can be asked to give an authorisation free only by calling off the whole order. Open the order there and "
            "press Void, or let it end.",
        )

    # ---- Paying back ----

    def refund(self, refund: Refund, repeat: bool = False) -> Result:
        """A credit memo: with ``pay`` the shop sends the money back through the gateway, else it only writes it down."""
        if repeat and (known := self._find("creditmemos", refund.order_ref, render.marker(refund.key))):
            return Result("ok", reference=known)
        order = self.order_now(refund.order_ref)
        try:
            memo = fulfilling.to_refund(order, refund)
        except ValueError as error:
            return Result("refused", str(error))
        invoice = ""
        if refund.pay:
            invoice = self._invoice(order, refund)
            if not invoice:
                return Result(
                    "refused",
                    "No single payment by card or wallet of this order is left that the shop could send so much back of. "
                    "Pay it back another way, and record it here as paid.",
                )
        request = render.refund(refund, memo.items, memo.shipping, memo.adjustment, memo.restock, invoice)
        reference = _reference(self.send(request))
        return self._refunded(refund, reference)

    def _invoice(self, order: Mapping[str, Any], refund: Refund) -> str:
        """Id of the invoice whose payment went through a gateway and is large enough."""
        rate = Reader(order, "Order", []).number_or_none("base_to_order_rate") or Decimal(1)
        for row in self.rows(lambda page: render.of_orders("invoices", [refund.order_ref], page)):
            left = (row.number_or_none("grand_total") or Decimal(0)) - (
                row.number_or_none("base_total_refunded") or Decimal(0)
            ) * rate
            if row.text("state") == const.INVOICE_PAID and row.text("transaction_id") and left >= refund.amount:
                return row.identifier("entity_id")
        return ""

    def _refunded(self, refund: Refund, reference: str) -> Result:
        """Magento shares out what is left by the piece and rounds as it goes: see what came of it."""
        try:
            answer = self.send(render.credit_memo(reference))
        except ChannelError:
            # It is done; what it came to is read with the order.
            return Result("ok", reference=reference)
        memo = Reader(answer if isinstance(answer, dict) else {}, "Credit memo", [])
        total = memo.number_or_none("grand_total")
        if total is not None and lines.round_to(total, lines.CENT) != refund.amount:
            sentence = f"The shop paid back {total}, not {refund.amount}: it rounds by the piece. Compare, and settle the rest."
            return Result("ok", sentence, reference)
        return Result("ok", reference=reference)


def _reference(answer: Any) -> str:
    if isinstance(answer, int | str) and not isinstance(answer, bool) and str(answer):
        return str(answer)
    raise Retry("The shop took it and did not say under which number.")
