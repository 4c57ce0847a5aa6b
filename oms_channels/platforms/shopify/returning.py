"""What we tell a shop about returns. Shopify has no keys against telling twice here: where an answer may have been lost, the
return is looked at first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...domain.adapter import Request
from ...domain.outgoing import Result, ReturnStep
from . import answers, const, render


class Returning:
    """The part of the client that tells about returns."""

    ask: Callable[[Request], dict[str, Any]]
    pages: Callable[..., Iterator[dict[str, Any]]]
    _returns: Callable[[str], tuple[Mapping[str, Any], Callable[[str], Mapping[str, Any]]]]

    def tell_return(self, step: ReturnStep, repeat: bool = False) -> Result:
        if step.step == "received":
            return Result("ok", "Shopify is told what becomes of goods, and not that they came.", step.return_ref)
        if step.step == "disposed":
            return self._dispose(step)
        rows = list(self._returnable(step)) if step.step == "begun" else []
        if repeat and (known := self._known_return(step)):
            return Result("ok", reference=known)
        if step.step == "begun" and sum(quantity for _row, quantity, _why in rows) < sum(
            item.quantity for item in step.items
        ):
            return Result(
                "refused",
                "Shopify says that less than this can come back: it does not know the parcel, or the pieces are on another "
                "return there. Compare the order's returns in Shopify.",
            )
        data = self.ask(render.return_step(step, rows))
        name = next(iter(data), "")
        if errors := answers.user_errors(data, name):
            # It may stand so already: somebody was faster in the shop.
            if known := self._known_return(step):
                return Result("ok", reference=known)
            return Result("refused", f"Shopify refuses this step of the return: {errors[0].message}")
        made = answers.mapping(answers.mapping(data, name), "return")
        return Result("ok", reference=str(made.get("id") or step.return_ref))

    def _dispose(self, step: ReturnStep) -> Result:
        """Tell what becomes of goods: so many more of a line than were told before. What stands there already, whoever told it,
        is not told twice."""
        told = answers.mapping(self.ask(render.return_goods(step.return_ref)), "return")
        groups = answers.nodes(answers.mapping(told, "reverseFulfillmentOrders"))
        found: dict[str, list[tuple[str, int, int]]] = {}
        for row in (row for group in groups for row in answers.nodes(answers.mapping(group, "lineItems"))):
            line = answers.mapping(answers.mapping(row, "fulfillmentLineItem"), "lineItem").get("id")
            done = sum(int(one.get("quantity") or 0) for one in answers.listed(row.get("dispositions")))
            found.setdefault(str(line), []).append((str(row["id"]), int(row.get("totalQuantity") or 0), done))
        rows = []
        for item in step.items:
            parts = found.get(item.line_ref, [])
            left = int(item.earlier + item.quantity) - sum(done for _row, _total, done in parts)
            left = min(left, int(item.quantity))
            for row, total, done in parts:
                taken = min(max(left, 0), total - done)
                if taken > 0:
                    left -= taken
                    rows.append((row, taken))
            if left > 0:
                return Result(
                    "refused",
                    "More has come back than the return in Shopify knows. Compare the return there, and restock the rest by "
                    "hand.",
                    step.return_ref,
                )
        if not rows:
            return Result("ok", reference=step.return_ref)
        if errors := answers.user_errors(self.ask(render.dispose(step, rows)), "reverseFulfillmentOrderDispose"):
            return Result(
                "refused", f"Shopify does not take what became of the goods: {errors[0].message}", step.return_ref
            )
        return Result("ok", reference=step.return_ref)

    def _returnable(self, step: ReturnStep) -> Iterator[tuple[str, int, str]]:
        """(row of a parcel, pieces, why) that a return of ours takes, parcel by parcel."""

        def page(cursor: str) -> Mapping[str, Any]:
            return answers.mapping(self.ask(render.returnable(step.order_ref, cursor)), "returnableFulfillments")

        left = {item.line_ref: int(item.quantity) for item in step.items}
        reasons = {item.line_ref: item.reason for item in step.items}
        for parcel in self.pages(page(""), page):
            for row in answers.nodes(answers.mapping(parcel, "returnableFulfillmentLineItems")):
                sent = answers.mapping(row, "fulfillmentLineItem")
                line = str(answers.mapping(sent, "lineItem").get("id") or "")
                taken = min(left.get(line, 0), int(row.get("quantity") or 0))
                if taken:
                    left[line] -= taken
                    yield str(sent.get("id")), taken, reasons[line]

    def _known_return(self, step: ReturnStep) -> str:
        """The id of the return that stands as this step leaves it; one that we began is known by what is on it."""
        wanted = {item.line_ref: int(item.quantity) for item in step.items}
        for row in self.pages(*self._returns(step.order_ref)):
            if row.get("status") != const.RETURN_STEPS[step.step]:
                continue
            if step.return_ref:
                if row.get("id") == step.return_ref:
                    return step.return_ref
                continue
            of_row: dict[str, int] = {}
            for line in answers.nodes(answers.mapping(row, "returnLineItems")):
                key = str(answers.mapping(answers.mapping(line, "fulfillmentLineItem"), "lineItem").get("id") or "")
                of_row[key] = of_row.get(key, 0) + int(line.get("quantity") or 0)
            if of_row == wanted:
                return str(row.get("id"))
        return ""
