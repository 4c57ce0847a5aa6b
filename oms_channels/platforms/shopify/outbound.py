"""What we tell a shop: quantities, prices, parcels, cancellations, refunds, and where to send its webhooks.

Steps and decisions; the sending is the client's (``ask``). Texts and pictures are in :mod:`.contents`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from ...domain.adapter import Gone, Reject, Request
from ...domain.outgoing import Cancellation, Capture, Parcel, Price, Refund, Result, StockLevel
from . import answers, const, render
from .capturing import Authorized
from .paying import Payback
from .shipping import Shippable, choose, may_be, shipped_already, waiting_at

ZERO = Decimal(0)
OK = Result("ok")
STOCK_ROUNDS = 4
JOB_TRIES = 5
JOB_WAIT_S = 1.0


class Outbound:
    """The half of the client that changes something."""

    ask: Callable[[Request], dict[str, Any]]
    pages: Callable[..., Iterator[dict[str, Any]]]
    sleep: Callable[[float], None]
    new_key: Callable[[], str]
    shop_currency: Callable[[], str]

    # ---- Stock ----

    def push_stock(self, levels: Sequence[StockLevel]) -> Sequence[Result]:
        """Absolute quantities, taken only if what is there is what we expect.

        Shopify takes all of a call or nothing: what it refuses is put aside, and the rest is told again. Each of these calls
        has its own key, made of the attempts' keys and of what is told; a repetition goes the same way with the same keys.
        """
        results: dict[int, Result] = {}
        open_rows: dict[tuple[str, str], tuple[list[int], StockLevel]] = {}
        for index, level in enumerate(levels):
            ref = level.ref
            if not (ref.inventory_ref and ref.location_ref):
                results[index] = Result(
                    "refused",
                    "Shopify needs to know the item and the location. Fetch the listings, and map the warehouse.",
                )
                continue
            # The same item twice is refused by Shopify; the last one told holds.
            indexes = open_rows.get((ref.inventory_ref, ref.location_ref), ([], level))[0]
            open_rows[ref.inventory_ref, ref.location_ref] = ([*indexes, index], level)
        waiting = list(open_rows.values())
        for number in range(STOCK_ROUNDS):
            if not waiting:
                break
            waiting = self._push_round(waiting, results, number)
        for indexes, _level in waiting:
            results |= dict.fromkeys(
                indexes, Result("retry", "Shopify did not take the quantity yet. It is told again.")
            )
        return [results[index] for index in range(len(levels))]

    def _push_round(self, waiting, results, number):
        """Tell what waits; what was settled is put into ``results``, and what still waits comes back.

        :param number: of the round: a call that failed is not tried again with its key, even if it says the same.
        """
        rows = [level for _indexes, level in waiting]
        data = self.ask(render.set_quantities(rows, self._stock_key(rows, number)))
        errors: dict[int, answers.UserError] = {}
        for error in answers.user_errors(data, "inventorySetQuantities"):
            if error.index is None or error.index >= len(rows):
                # Of the whole call: nothing was taken.
                for indexes, _level in waiting:
                    results |= dict.fromkeys(indexes, answers.stock_result(error))
                return []
            errors.setdefault(error.index, error)
        if not errors:
            for indexes, _level in waiting:
                results |= dict.fromkeys(indexes, OK)
            return []
        stale = [rows[index].ref for index, error in errors.items() if error.code in const.STALE_CODES]
        current = dict(zip(stale, self.stock_levels(stale), strict=True)) if stale else {}
        left = []
        for index, (indexes, level) in enumerate(waiting):
            error = errors.get(index)
            if error is None:
                left.append((indexes, level))
            elif error.code == const.NOT_STOCKED_CODE:
                settled = self._activate(level)
                if settled is None:
                    # It begins at nothing, and that is what is there now.
                    left.append((indexes, replace(level, expected=None if level.expected is None else 0)))
                else:
                    results |= dict.fromkeys(indexes, settled)
            elif error.code in const.STALE_CODES:
                message = "The quantity in Shopify has changed meanwhile."
                results |= dict.fromkeys(indexes, Result("stale", message, current=current.get(level.ref)))
            else:
                results |= dict.fromkeys(indexes, answers.stock_result(error))
        return left

    def _stock_key(self, rows: Sequence[StockLevel], number: int) -> str:
        if not all(row.key for row in rows):
            return self.new_key()
        told = (
            f"{row.key} {row.ref.inventory_ref} {row.ref.location_ref} {row.quantity} {row.expected}" for row in rows
        )
        return render.key_of("stock", str(number), *told)

    def _activate(self, level: StockLevel) -> Result | None:
        ref = level.ref
        key = render.key_of("activate", level.key, ref.inventory_ref, ref.location_ref) if level.key else self.new_key()
        data = self.ask(render.activate(ref.inventory_ref, ref.location_ref, key))
        errors = answers.user_errors(data, "inventoryActivate")
        if not errors:
            return None
        return Result("refused", f"Shopify does not keep this item at the location: {errors[0].message}")

    # ---- Prices ----

    def push_prices(self, prices: Sequence[Price]) -> Sequence[Result]:
        """Prices in the shop's currency, product by product; of one product each variant for itself."""
        results: dict[int, Result] = {}
        by_product: dict[str, list[int]] = {}
        for index, price in enumerate(prices):
            if price.currency != self.shop_currency():
                results[index] = Result(
                    "refused",
                    f"The shop sells in {self.shop_currency()}, not in {price.currency}. Choose a pricelist in its currency.",
                )
            elif not price.ref.parent_id:
                results[index] = Result("refused", "Shopify needs to know the product. Fetch the listings.")
            else:
                by_product.setdefault(price.ref.parent_id, []).append(index)
        for product_id, indexes in by_product.items():
            data = self.ask(render.set_prices(product_id, [prices[index] for index in indexes]))
            results |= dict.fromkeys(indexes, OK)
            for error in answers.user_errors(data, "productVariantsBulkUpdate"):
                refused = Result("refused", f"Shopify refuses the price: {error.message}")
                of_all = error.index is None or error.index >= len(indexes)
                results |= dict.fromkeys(indexes if of_all else [indexes[error.index]], refused)
        return [results[index] for index in range(len(prices))]

    # ---- Parcels ----

    def ship(self, parcel: Parcel, repeat: bool = False) -> Result:
        """A parcel has left: one call for each place that Shopify wants it from, in whole or not at all.

        A fulfilment has no key: on a repetition, what is found there already is taken off first.
        """
        items: dict[str, Decimal] = {}
        for item in parcel.items:
            items[item.line_ref] = items.get(item.line_ref, ZERO) + item.quantity
        if any(quantity != int(quantity) for quantity in items.values()):
            return Result("refused", "Shopify counts whole pieces. Tell this parcel to Shopify by hand.")
        references: list[str] = []
        if repeat:
            done, references = shipped_already(parcel, self._fulfilments(parcel))
            items = {line: quantity - done.get(line, 0) for line, quantity in items.items()}
        items = {line: quantity for line, quantity in items.items() if quantity > 0}
        if not items:
            return Result("ok", reference=",".join(references))
        groups = self._fulfilment_orders(parcel.order_ref)
        chosen, refusal = choose(parcel, items, groups)
        if refusal:
            return Result("refused", refusal)
        for _location, picked in chosen:
            data = self.ask(render.fulfil(parcel, picked))
            errors = answers.user_errors(data, "fulfillmentCreate")
            if errors:
                return Result("refused", f"Shopify refuses the parcel: {errors[0].message}", ",".join(references))
            reference = answers.mapping(answers.mapping(data, "fulfillmentCreate"), "fulfillment").get("id")
            references.append(str(reference or ""))
        return Result("ok", reference=",".join(references))

    def _fulfilment_orders(self, order_id: str) -> list[Shippable]:
        def page(cursor: str) -> dict[str, Any]:
            data = self.ask(render.fulfilment_orders(order_id, cursor))
            if not isinstance(data.get("order"), dict):
                raise Gone("Shopify has no such order any more. Nothing can be told about it.")
            return answers.mapping(data["order"], "fulfillmentOrders")

        found = []
        for row in self.pages(page(""), page):
            rows = self.pages(
                answers.mapping(row, "lineItems"),
                lambda cursor, row=row: answers.mapping(
                    answers.mapping(self.ask(render.fulfilment_order_lines(row["id"], cursor)), "fulfillmentOrder"),
                    "lineItems",
                ),
            )
            found.append(Shippable.made_of(row, list(rows)))
        return found

    def _fulfilments(self, parcel: Parcel) -> list[dict[str, Any]]:
        """What was shipped of the order and may be this parcel, with all its lines."""
        order_id = parcel.order_ref
        found = answers.rows(self.ask(render.fulfilments(order_id)), "order", "fulfillments")
        if len(found) >= const.FULFILMENTS_WITH_ORDER:
            found = answers.rows(self.ask(render.fulfilments(order_id, everything=True)), "order", "fulfillments")
        if len(found) >= const.FULFILMENTS_MAX:
            raise Reject(
                "The order has too many parcels to tell whether this one is among them. Look at it in Shopify."
            )
        found = [row for row in found if may_be(parcel, row)]
        for row in found:
            rows = self.pages(
                answers.mapping(row, "fulfillmentLineItems"),
                lambda cursor, row=row: answers.mapping(
                    answers.mapping(self.ask(render.fulfilment_lines(row["id"], cursor)), "fulfillment"),
                    "fulfillmentLineItems",
                ),
            )
            row["lines"] = list(rows)
        return found

    # ---- Cancellations ----

    def cancel(self, cancellation: Cancellation, repeat: bool = False) -> Result:
        """Call off an order, or pieces of it. What is paid back is told by a refund.

        Shopify cancels in its own time: until it has, the result is ``pending`` and names the job.
        """
        state = self.ask(render.cancel_state(cancellation.order_ref)).get("order")
        if not isinstance(state, dict):
            return Result("ok", "Shopify has no such order any more.")
        if state.get("cancelledAt"):
            return OK
        if cancellation.items:
            return self._cancel_items(cancellation, repeat)
        data = self.ask(render.cancel(cancellation))
        errors = answers.user_errors(data, "orderCancel", "orderCancelUserErrors")
        if errors:
            return Result("refused", f"Shopify does not cancel the order: {errors[0].message} Look at it in Shopify.")
        job = answers.mapping(answers.mapping(data, "orderCancel"), "job")
        reference = str(job.get("id") or "")
        for _try in range(JOB_TRIES):
            if job.get("done") is True or not reference:
                break
            self.sleep(JOB_WAIT_S)
            job = answers.mapping(self.ask(render.job(reference)), "job")
        state = self.ask(render.cancel_state(cancellation.order_ref)).get("order")
        if isinstance(state, dict) and state.get("cancelledAt"):
            return Result("ok", reference=reference)
        if job.get("done") is True:
            return Result("refused", "Shopify did not cancel the order. Look in Shopify what keeps it.", reference)
        return Result("pending", "Shopify is still cancelling the order.", reference)

    def _cancel_items(self, cancellation: Cancellation, repeat: bool) -> Result:
        """Pieces that have not left are called off where they wait, by a refund without money."""
        if any(item.quantity != int(item.quantity) for item in cancellation.items):
            return Result("refused", "Shopify counts whole pieces. Cancel them in Shopify by hand.")
        if repeat and (found := self._own_refund(cancellation.order_ref, cancellation.key)):
            return Result("ok", reference=found)
        rows, refusal = waiting_at(cancellation.items, self._fulfilment_orders(cancellation.order_ref))
        if refusal:
            return Result("refused", refusal)
        return self._refund_result(self.ask(render.cancel_items(cancellation, rows)))

    # ---- Refunds ----

    def refund(self, refund: Refund, repeat: bool = False) -> Result:
        """Pay back in the customer's currency, by the payments that were made.

        Shopify knows our key, but not for ever: on a repetition, our mark is looked for too.
        """
        if repeat and (found := self._own_refund(refund.order_ref, refund.key)):
            return Result("ok", reference=found)
        data = self.ask(render.refundable(refund.order_ref))
        order = data.get("order")
        if not isinstance(order, dict):
            return Result("refused", "Shopify has no such order any more. Pay back by hand.")

        def page(cursor: str) -> dict[str, Any]:
            return answers.mapping(
                answers.mapping(self.ask(render.refundable(refund.order_ref, cursor)), "order"), "lineItems"
            )

        lines = list(self.pages(answers.mapping(order, "lineItems"), page))
        payback = Payback.made_of(order, lines)
        refusal = payback.refusal(refund)
        if refusal:
            return Result("refused", refusal)
        request = render.refund(
            refund,
            payback.currency,
            payback.items(refund),
            payback.converted(refund.shipping, refund.currency),
            payback.transactions(refund),
        )
        return self._refund_result(self.ask(request))

    @staticmethod
    def _refund_result(data: Mapping[str, Any]) -> Result:
        errors = answers.user_errors(data, "refundCreate")
        if errors:
            code = (
                "retry"
                if "already" in errors[0].message.lower() and "progress" in errors[0].message.lower()
                else "refused"
            )
            return Result(code, f"Shopify refuses the refund: {errors[0].message}")
        refund = answers.mapping(answers.mapping(data, "refundCreate"), "refund")
        reference = str(refund.get("id") or "")
        statuses = [row.get("status") for row in answers.nodes(answers.mapping(refund, "transactions"))]
        if any(status in ("FAILURE", "ERROR") for status in statuses):
            return Result("refused", "The payment provider did not pay the refund. Look at it in Shopify.", reference)
        if any(status in const.PENDING_STATUSES for status in statuses):
            return Result("pending", "The payment provider is still paying the refund.", reference)
        return Result("ok", reference=reference)

    def _own_refund(self, order_id: str, key: str) -> str:
        """The refund that bears our mark; empty if there is none."""
        mark = render.mark("", key)
        for row in answers.rows(self.ask(render.order_refunds(order_id)), "order", "refunds"):
            if mark in str(row.get("note") or ""):
                return str(row.get("id", ""))
        return ""

    # ---- Authorised money ----

    def capture(self, capture: Capture, repeat: bool = False) -> Result:
        """Take a part of what was authorised. Shopify knows no key of ours: on a repetition, what was taken is counted.

        Without a reference in the result, the payment provider is still at it: the order will tell.
        """
        order, found = self._authorized(capture)
        if order is None or found is None:
            return Result("refused", "Shopify does not know what was authorised any more. Look at the order there.")
        if repeat and (reference := found.done_before(capture)):
            return Result("ok", reference=reference)
        if refusal := found.refusal(capture):
            return Result("refused", refusal)
        data = self.ask(render.capture(capture, found.converted(capture.amount, capture.currency), found.currency))
        if errors := answers.user_errors(data, "orderCapture"):
            return Result("refused", f"Shopify does not take the money: {errors[0].message}")
        made = answers.mapping(answers.mapping(data, "orderCapture"), "transaction")
        if made.get("status") in const.PENDING_STATUSES:
            return Result("ok", "The payment provider is still at it.")
        if made.get("status") != const.SUCCESS:
            return Result("refused", "The payment provider did not give the money. Look at it in Shopify.")
        return Result("ok", reference=str(made.get("id") or ""))

    def void(self, capture: Capture, repeat: bool = False) -> Result:
        """Give free what is left; nothing to do where Shopify has done so, as with a cancelled order."""
        order, found = self._authorized(capture)
        if order is None or found is None or found.is_void:
            return OK
        if errors := answers.user_errors(self.ask(render.void(capture.authorization_ref)), "transactionVoid"):
            # One that is taken in part, once, has ended with that; of a cancelled order nothing is kept.
            if found.captures or order.get("cancelledAt") or self._is_over(capture):
                return OK
            return Result("refused", f"Shopify does not give the money free: {errors[0].message}")
        return OK

    def _authorized(self, capture: Capture) -> tuple[dict[str, Any] | None, Authorized | None]:
        order = self.ask(render.authorized(capture.order_ref)).get("order")
        if not isinstance(order, dict):
            return None, None
        return order, Authorized.made_of(order, capture.authorization_ref)

    def _is_over(self, capture: Capture) -> bool:
        order, found = self._authorized(capture)
        return order is None or found is None or found.is_void

    # ---- Webhooks ----

    def subscribe(self, address: str, secret: str = "") -> Sequence[str]:
        """See to it that all our topics come to ``address``: what Shopify has deleted after failures is made again, and what
        comes to us at an old host is led here.

        :param secret: not told: Shopify signs with the secret of the app.
        """

        def page(cursor: str) -> dict[str, Any]:
            return answers.mapping(self.ask(render.webhooks(cursor)), "webhookSubscriptions")

        there = list(self.pages(page(""), page))
        for topic in const.SUBSCRIBED_TOPICS:
            ours = [row for row in there if row.get("topic") == topic and _same_hook(str(row.get("uri", "")), address)]
            if any(row.get("uri") == address and row.get("format") == "JSON" and not row.get("filter") for row in ours):
                continue
            if ours:
                name, request = (
                    "webhookSubscriptionUpdate",
                    render.webhook_update(str(ours[0].get("id")), topic, address),
                )
            else:
                name, request = "webhookSubscriptionCreate", render.webhook_create(topic, address)
            errors = answers.user_errors(self.ask(request), name)
            # Somebody else was faster, or the one that is there cannot be seen.
            if errors and "taken" not in errors[0].message:
                raise Reject(f"Shopify does not send {topic.lower()} to us: {errors[0].message}")
        return const.SUBSCRIBED_TOPICS


def _same_hook(uri: str, address: str) -> bool:
    """Whether both lead to the same channel: its path holds a token that no other has."""
    return urlsplit(uri).path == urlsplit(address).path
