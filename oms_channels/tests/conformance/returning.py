"""What must hold of returns and refunds that a platform tells, and of the steps that it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ReturnDoc

from ...domain.outgoing import ReturnItem, ReturnStep

#: Requests of one reading, each of which goes wrong in turn.
STEPS = 4
FAULTS = ("busy", "down", "truncated", "lost", "page")
READINGS = 6

Make = Callable[..., Any]


def returns_are_read(make: Make) -> None:
    """A return is begun there; at each step of its reading something goes wrong; it is known once, with its line and pieces."""
    for fault in FAULTS:
        for step in range(STEPS):
            with make(orders=2) as it:
                ref = it.refs[0]
                made = it.story.ask_back(ref)
                _fail_at(it, step, fault)
                found = _returns(it)
                assert list(found) == [made], f"{list(found)} after {fault} at {step}"
                told = found[made]
                [line] = told.lines
                assert line.quantity == 1, told
                sold = dict(it.story.lines(ref))
                assert line.line_id in sold or line.refs, f"of no line of the order: {line}"


def returns_change(make: Make) -> None:
    """Where a return goes on there, the last state is the one that is known."""
    with make(orders=1) as it:
        [ref] = it.refs
        made = it.story.ask_back(ref)
        assert _returns(it)[made].status in ("requested", "open")
        it.story.end_return(ref, made)
        assert _returns(it)[made].status in ("closed", "cancelled", "refused")


def refunds_are_read(make: Make) -> None:
    """Money goes back there; at each step of the reading something goes wrong; it is known once, to the cent."""
    for fault in FAULTS:
        for step in range(STEPS):
            with make(orders=1) as it:
                [ref] = it.refs
                made = it.story.pay_back_apart(ref)
                _fail_at(it, step, fault)
                found = _told_apart(it, "refunds")
                assert [(one.refund.external_id, one.refund.amount) for one in found] == [made], f"{fault} at {step}"


def lost_answer_to_a_return_step(make: Make) -> None:
    """We agree to a return, and at each step in turn the answer is lost: it is agreed to once."""
    for fault in ("lost", "truncated"):
        for step in range(STEPS):
            with make(orders=1) as it:
                [ref] = it.refs
                made = it.story.ask_back(ref)
                [(line, _quantity), *_more] = it.story.lines(ref)
                told = ReturnStep("return-1-approved", ref, made, "approved", (ReturnItem(line, Decimal(1)),))
                it.client.check()
                _fail_at(it, step, fault)
                result = it.until_done(lambda repeat, it=it, told=told: it.client.tell_return(told, repeat))
                assert result.code == "ok", result
                assert it.story.approvals(made) == 1, f"{it.story.approvals(made)} after {fault} at {step}"


def _fail_at(it: Any, step: int, fault: str) -> None:
    for _right in range(step):
        it.server.fail_next("slow", delay_s=0)
    it.server.fail_next(fault)


def _returns(it: Any) -> dict[str, ReturnDoc]:
    """Id → return, as it was told last."""
    if "returns" in it.story.adapter.capabilities.after_sale:
        return {one.told.external_id: one.told for one in _told_apart(it, "returns")}
    it.clock.sleep(600)
    it.poll()
    return {told.external_id: told for order in it.inbox.orders.values() for told in order.returns}


def _told_apart(it: Any, what: str) -> list[Any]:
    """What is told apart from orders, read to its end, by a job that comes back."""
    parse, kind = it.story.adapter.parse, {"returns": "return_told", "refunds": "refund_told"}[what]
    moment = it.story.read_until.get(what) or it.clock.start - timedelta(days=1)
    for _reading in range(READINGS):
        it.clock.sleep(3600)
        bodies, cursor = {}, ""
        while True:
            page = it.until_done(lambda _repeat, cursor=cursor: it.client.after_sale(what, moment, cursor))
            bodies |= dict.fromkeys(page.orders)
            cursor = page.cursor
            if not cursor:
                break
        if page.until:
            it.story.read_until[what] = page.until
            return [parse(kind, body) for body in bodies]
    raise AssertionError(f"{READINGS} readings were not enough")


BEHAVIOURS = {
    function.__name__: function
    for function in (returns_are_read, returns_change, refunds_are_read, lost_answer_to_a_return_step)
}

NOTHING_TO_TRY = {
    **{
        ("woocommerce", name): "WooCommerce knows refunds, and no returns"
        for name in ("returns_are_read", "returns_change", "lost_answer_to_a_return_step")
    },
    ("amazon", "lost_answer_to_a_return_step"): "Amazon has no call by which a return is decided",
    **{
        (platform, "refunds_are_read"): "its orders tell what was paid back"
        for platform in ("woocommerce", "shopify", "magento", "ebay", "rest_api")
    },
}
