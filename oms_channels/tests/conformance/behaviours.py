"""What must hold whatever happens: nothing lost, nothing done twice, the same end as if all had gone well.

Each behaviour is a function of a way to make worlds; it raises ``AssertionError`` where it does not hold. Where something can
go wrong at any step, it goes wrong at each of them in turn.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from ...domain.adapter import Auth, ChannelError, Reject, Retry
from ...platforms.rest import RESPONSE_MAX_BYTES
from ..servers.base import PASSING_FAULTS
from . import returning
from .inbox import Inbox, Killed
from .stories import START, STORIES, Clock, Story, forget_tokens

#: Orders in a world: several pages of them.
ORDERS = 4
TRIES_MAX = 80
#: Requests of one telling, each of whose answers gets lost in turn.
STEPS = 6


class World:
    """A shop, our inbox, and the time that both live in.

    :param inbox: ``(story, clock)`` → what keeps the channel; the pure model by default.
    """

    def __init__(
        self,
        story: type[Story],
        skew_s: float = 0,
        orders: int = ORDERS,
        start: datetime = START,
        inbox: Callable[[Story, Clock], Any] | None = None,
    ):
        self.clock = Clock(start)
        self.story = story(self.clock, skew_s)
        self.server = self.story.server
        self.inbox = (inbox or _pure)(self.story, self.clock)
        self.client = self.story.connect()
        self.refs = [self.sell() for _number in range(orders)]

    def sell(self) -> str:
        self.clock.sleep(40)
        return self.story.place()

    def restart(self) -> None:
        """A new process: its memory is empty."""
        forget_tokens()
        self.client = self.story.connect()

    def until_done(self, act: Callable[[bool], Any]) -> Any:
        """As a job that comes back after each failure, when the platform wants it."""
        repeat = False
        for _try in range(TRIES_MAX):
            try:
                return act(repeat)
            except Retry as error:
                repeat = True
                self.clock.sleep(error.delay_s or 1)
        raise AssertionError(f"{TRIES_MAX} tries were not enough")

    def poll(self) -> None:
        """Read until a poll went through, and work off what came."""
        self.until_done(lambda _repeat: self.inbox.poll(self.client))
        self.until_done(lambda _repeat: self.inbox.read_hints(self.client))
        self.inbox.work()

    def settle(self) -> None:
        """Ten minutes later, with nothing going wrong any more: a poll and the comparison of the night."""
        self.server.misbehave(0, share=0)
        self.server._faults.clear()
        self.clock.sleep(600)
        self.poll()
        self.until_done(lambda _repeat: self.inbox.audit(self.client, 3, f"audit-{self.clock.seconds}"))
        self.inbox.work()

    def truth(self) -> dict[str, Any]:
        """The orders as the platform has them, read one by one with nothing in between."""
        found = {}
        with self.story.calm():
            client, there = self.story.connect(), set(map(str, self.story.orders()))
            for ref in self.story.refs:
                if ref in there:
                    document = self.story.adapter.parse("order", client.order(ref))
                    found[ref] = "called off" if document.status == "cancelled" else self.inbox.view(document)
                elif ref in self.inbox.orders:
                    found[ref] = "called off"
        return found

    def check(self) -> None:
        """Nothing lost, nothing doubled, and everything as the platform has it."""
        truth, state = self.truth(), self.inbox.state()
        assert not self.inbox.dead, f"could not be read: {self.inbox.dead}"
        assert set(state) == set(truth), f"lost {set(truth) - set(state)}, made up {set(state) - set(truth)}"
        wrong = {ref: _differences(state[ref], truth[ref]) for ref in truth if truth[ref] != state[ref]}
        assert not wrong, f"not as the platform has them (ours, theirs): {wrong}"
        twice = [ref for ref, count in self.inbox.created.items() if count != 1]
        assert not twice, f"made more than once: {twice}"


def _pure(story: Story, clock: Clock) -> Inbox:
    return Inbox(story.adapter, story.secret, clock.now, clock.start - timedelta(days=1))


def _differences(ours: Any, theirs: Any) -> Any:
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return ours, theirs
    names = sorted(set(ours) | set(theirs))
    return {name: (ours.get(name), theirs.get(name)) for name in names if ours.get(name) != theirs.get(name)}


Make = Callable[..., Any]


@contextmanager
def world(platform: str, **options: Any) -> Iterator[World]:
    """A world with small pages and no memory of another one."""
    story = STORIES[platform]
    with ExitStack() as stack:
        for module, name, value in story.sizes:
            stack.enter_context(patch.object(module, name, value))
        forget_tokens()
        made = World(story, **options)
        stack.callback(made.server.stop)
        made.server.start()
        yield made


# ---- What comes in ----


def duplicate(make: Make) -> None:
    """The same delivery, and the same poll, several times."""
    with make() as it:
        for ref in it.refs if it.story.adapter.capabilities.webhooks else ():
            delivery = it.story.webhook(ref)
            assert [it.inbox.deliver(*delivery) for _time in range(3)] == [200] * 3
        it.clock.sleep(300)
        it.poll()
        before = list(it.inbox.messages)
        it.poll()
        assert list(it.inbox.messages) == before, "a second poll brought something"
        it.settle()
        it.check()


def reorder(make: Make) -> None:
    """What was told first comes last."""
    with make() as it:
        deliveries = []
        for text in ("first", "second", "third"):
            for ref in it.refs:
                it.clock.sleep(5)
                it.story.edit(ref, text)
                deliveries.append(it.story.webhook(ref))
        for delivery in reversed(deliveries):
            assert it.inbox.deliver(*delivery) == 200
            it.inbox.work()
        it.settle()
        it.check()


def same_second(make: Make) -> None:
    """Two changes within one second: neither by its date nor by its arrival can be told which is newer. What is read holds; a
    delivery that contradicts it changes nothing until the platform was asked; and a state that comes back is taken again."""
    with make() as it:
        for ref in it.refs[:3]:
            it.story.edit(ref, "first")
        it.poll()
        it.story.edit(it.refs[0], "second")
        it.poll()
        for text in ("second", "first"):
            it.story.edit(it.refs[1], text)
            it.poll()
        if it.story.adapter.capabilities.webhooks:
            _told_in_the_wrong_order(it, it.refs[2])
        it.settle()
        it.check()
        before = len(it.inbox.messages)
        it.settle()
        assert len(it.inbox.messages) == before, "what is known comes again and again"


def _told_in_the_wrong_order(it: World, ref: str) -> None:
    it.story.edit(ref, "second")
    early = it.story.webhook(ref)
    it.story.cancel(ref)
    late = it.story.webhook(ref)
    for delivery in (late, early):
        assert it.inbox.deliver(*delivery) == 200
        it.inbox.work()
        it.until_done(lambda _repeat: it.inbox.read_hints(it.client))
        it.inbox.work()
        assert ref in it.inbox.called_off, "an older state of the same second won"


def delay(make: Make) -> None:
    """A delivery comes an hour late, after newer ones; an answer comes after the client has given up."""
    with make() as it:
        late = [it.story.webhook(ref) for ref in it.refs] if it.story.adapter.capabilities.webhooks else []
        it.poll()
        it.clock.sleep(3600)
        for ref in it.refs:
            it.story.edit(ref, "changed meanwhile")
        it.client.timeout_s = 0.05
        it.server.fail_next("slow", delay_s=0.2)
        with suppress(Retry):
            it.inbox.poll(it.client)
        it.client.timeout_s = 5
        it.settle()
        for delivery in late:
            assert it.inbox.deliver(*delivery) == 200
        it.poll()
        it.check()


def drop(make: Make) -> None:
    """No delivery ever comes; and an order that a platform's index had forgotten is found by the comparison."""
    with make() as it:
        hidden = it.refs[1]
        key = next(key for key in it.story.orders() if str(key) == hidden)
        order = it.server.orders.pop(key)
        it.poll()
        it.clock.sleep(7200)
        it.sell()
        it.poll()
        it.server.orders[key] = order
        assert hidden not in it.inbox.orders
        it.settle()
        it.check()


def throttled(make: Make) -> None:
    """429, or how else the platform says "too much", at every step."""
    _at_each_step(make, "busy")


def throttled_apart(make: Make) -> None:
    """The limit of one kind of call is used up: what is of another kind goes on, nobody knocks meanwhile, and it comes back."""
    for used_up, free in (("read", "ship"), ("ship", "read")):
        with make() as it:
            limit, ref = it.story.limits[used_up], it.refs[0]
            acts = {"read": _read, "ship": _ship}
            it.server.use_up(limit)
            waits, asked = [], []
            for _time in range(2):
                try:
                    acts[used_up](it, ref)
                except Retry as error:
                    assert error.operation == limit, error.operation
                    waits.append(error.delay_s)
                    asked.append((it.server.operations.count(limit), it.clock.seconds))
                else:
                    raise AssertionError(f"{used_up} was not held back")
            (before, then), (after, now) = asked
            assert after == before or now - then > waits[0] - 0.01, "it was asked again at once"
            acts[free](it, ref)
            it.clock.sleep(max(waits))
            it.until_done(lambda _repeat, it=it, ref=ref, act=acts[used_up]: act(it, ref))
            it.settle()
            it.check()
            assert it.story.parcels(ref) == 1


def _read(it: World, _ref: str) -> None:
    it.inbox.poll(it.client)


def _ship(it: World, ref: str) -> None:
    it.client.ship(it.story.parcel(ref, "p-1"))


def half_pages(make: Make) -> None:
    """An answer ends in the middle."""
    _at_each_step(make, "truncated")


def lost_pages(make: Make) -> None:
    """A connection ends before the answer."""
    _at_each_step(make, "lost")


def repeated_pages(make: Make) -> None:
    """A page comes once more instead of the next one."""
    _at_each_step(make, "again")


def html_pages(make: Make) -> None:
    """A page for people, with an error or without one."""
    _at_each_step(make, "page")
    _at_each_step(make, "down")


def _at_each_step(make: Make, fault: str) -> None:
    for step in range(3):
        with make() as it:
            for _right in range(step):
                it.server.fail_next("slow", delay_s=0)
            it.server.fail_next(fault)
            it.poll()
            it.settle()
            it.check()


def expired_tokens(make: Make) -> None:
    """Access that was given out ends in the middle of a poll. What can be had anew is had anew; else it is said whose fault
    it is, nothing moves on, and once the key is corrected nothing is missing."""
    with make() as it:
        it.client.check()
        it.story.lock_out()
        cursor = it.inbox.poll_from
        try:
            it.poll()
        except Auth as error:
            assert it.inbox.poll_from == cursor and str(error)
            it.restart()
        it.settle()
        it.check()


def edit_after_ship(make: Make) -> None:
    """The shop changes what has left already."""
    with make() as it:
        it.poll()
        ref = it.refs[0]
        result = it.until_done(lambda repeat: it.client.ship(it.story.parcel(ref, "p-1"), repeat))
        assert result.code == "ok", result
        it.clock.sleep(60)
        it.poll()
        it.clock.sleep(60)
        it.story.edit(ref, "please leave it with the neighbours")
        it.story.hand_over(it.refs[1])
        it.settle()
        it.check()
        assert it.story.parcels(ref) == 1


def deleted_refunds(make: Make) -> None:
    """A refund comes, and is taken back in the shop."""
    with make() as it:
        first, second = it.refs[:2]
        for ref in (first, second):
            it.clock.sleep(30)
            it.story.pay_back(ref, f"r-{ref}")
        it.clock.sleep(300)
        it.poll()
        assert {ref for ref, _refund in it.inbox.refunds} == {first, second}
        it.clock.sleep(300)
        it.story.take_back(first)
        it.settle()
        it.check()
        assert {ref for ref, _refund in it.inbox.refunds} == {second}


def deleted_orders(make: Make) -> None:
    """An order vanishes, and nobody says so."""
    with make() as it:
        it.poll()
        it.story.delete(it.refs[2])
        it.settle()
        it.check()
        assert it.inbox.called_off == {it.refs[2]}


def clock_skew(make: Make) -> None:
    """The platform's clock is fast, or slow, by more than the overlap."""
    for skew_s in (-700, 100, 700):
        with make(skew_s=skew_s) as it:
            for _round in range(4):
                with suppress(ChannelError):  # it may say that our time is wrong
                    it.inbox.poll(it.client)
                it.inbox.work()
                it.sell()
            it.clock.sleep(1000)
            it.settle()
            it.check()


def restart(make: Make) -> None:
    """The process ends while it reads a page."""
    for page in (1, 2, 3):
        with make() as it:
            for _time in range(2):
                with suppress(Killed):
                    it.inbox.poll(it.client, die_after=page)
                it.restart()
                it.sell()
            it.poll()
            it.settle()
            it.check()


def wrong_signature(make: Make) -> None:
    """Somebody who does not know the secret tells something."""
    with make() as it:
        it.poll()
        before = it.inbox.state()
        ref = it.refs[0]
        it.story.cancel(ref)
        headers, body = it.story.webhook(ref, secret="another")
        assert it.inbox.deliver(headers, body) == 401
        assert it.inbox.deliver({}, body) == 401
        headers, body = it.story.webhook(ref)
        assert it.inbox.deliver(headers, body + b" ") == 401
        it.inbox.work()
        assert it.inbox.state() == before and not it.inbox.hints
        assert it.inbox.deliver(headers, body) == 200, "what an impostor sent kept the real one out"
        it.settle()
        it.check()


def huge_answer(make: Make) -> None:
    """An answer that would fill the memory."""
    with make() as it:
        it.client.check()
        cursor, before = it.inbox.poll_from, list(it.inbox.messages)
        it.server.fail_next("huge", size=RESPONSE_MAX_BYTES + 10)
        try:
            it.inbox.poll(it.client)
        except Reject as error:
            assert "MiB" in str(error)
        else:
            raise AssertionError("it was taken")
        assert (it.inbox.poll_from, list(it.inbox.messages)) == (cursor, before)
        it.settle()
        it.check()


def redirect(make: Make) -> None:
    """The platform sends us somewhere else, with our keys in hand."""
    with make() as it, make() as elsewhere:
        it.client.check()
        elsewhere.server.asked.clear()
        it.server.fail_next("redirect", location=f"{elsewhere.server.url}/wp-json/")
        try:
            it.inbox.poll(it.client)
        except Reject as error:
            assert "moved" in str(error)
        else:
            raise AssertionError("it was followed")
        assert not elsewhere.server.asked, "somebody else was asked"
        it.settle()
        it.check()


# ---- What goes out ----


def lost_answer_to_a_parcel(make: Make) -> None:
    """A parcel is told, and at each step in turn the answer is lost."""
    _told_once(make, "ship", "parcel", "parcels")


def lost_answer_to_a_refund(make: Make) -> None:
    """Money goes back once; where nobody can know whether it has, a person is asked instead of paying twice."""
    _told_once(make, "refund", "refund", "refunds")


def _told_once(make: Make, act: str, what: str, count: str) -> None:
    for fault in ("lost", "truncated"):
        for step in range(STEPS):
            with make(orders=1) as it:
                [ref] = it.refs
                document = getattr(it.story, what)(ref, "key-1")
                tell = getattr(it.client, act)
                it.client.check()
                for _right in range(step):
                    it.server.fail_next("slow", delay_s=0)
                it.server.fail_next(fault)
                result = it.until_done(lambda repeat, tell=tell, document=document: tell(document, repeat))
                done = getattr(it.story, count)(ref)
                # Where nobody can know whether it was done, a person is asked.
                assert done == 1 or (result.code == "refused" and not done), f"{done} after {fault} at {step}: {result}"
                it.settle()
                it.check()


# ---- Everything at once ----


def any_schedule(make: Make, seed: int = 0) -> None:
    """Orders, changes, refunds, cancellations and deletions, while deliveries are lost, doubled, forged and late, the platform
    fails every third time, access ends, and the process dies."""
    chance = random.Random(seed)
    with make(orders=2) as it:
        Schedule(it, chance).play()
        it.settle()
        it.check()


class Schedule:
    """A day in the life of a channel, as a seed has it."""

    STEPS = 40

    def __init__(self, it: World, chance: random.Random):
        self.it, self.chance, self.late = it, chance, []
        self.live = list(it.refs)
        self.webhooks = it.story.adapter.capabilities.webhooks
        self.acts = [self.sell, self.edit, self.edit, self.tell, self.tell, self.tell, self.poll, self.poll]
        self.acts += [self.poll_and_die, self.work, self.cancel, self.lock_out, self.forge, self.wait]
        self.acts += [self.pay_back, self.take_back] if it.story.tells_refunds else []
        self.acts += [self.delete] if it.story.deletes else []
        self.paid: list[str] = []

    def play(self) -> None:
        for step in range(self.STEPS):
            self.it.server.misbehave(self.chance.randrange(10**6), share=0.3, kinds=(*PASSING_FAULTS, "again"))
            # Now and then several things happen within one second.
            self.it.clock.sleep(max(self.chance.randrange(-30, 90), 0))
            self.chance.choice(self.acts)(step)
        for delivery in self.late:
            self.it.inbox.deliver(*delivery)
        self.it.restart()

    def one(self) -> str:
        return self.chance.choice(self.live)

    def sell(self, _step: int) -> None:
        self.live.append(self.it.story.place())

    def edit(self, step: int) -> None:
        self.it.story.edit(self.one(), f"changed at {step}")

    def cancel(self, _step: int) -> None:
        if len(self.live) > 2:
            self.it.story.cancel(self.live.pop(0))

    def delete(self, _step: int) -> None:
        if len(self.live) > 2:
            ref = self.live.pop(0)
            self.it.story.delete(ref)
            if self.webhooks and self.chance.random() < 0.5:
                self.it.inbox.deliver(*self.it.story.told_deleted(ref))

    def pay_back(self, step: int) -> None:
        ref = self.one()
        self.it.story.pay_back(ref, f"r-{step}")
        self.paid.append(ref)

    def take_back(self, _step: int) -> None:
        if self.paid and self.paid[-1] in self.live:
            self.it.story.take_back(self.paid.pop())

    def tell(self, _step: int) -> None:
        if not self.webhooks:
            return
        delivery, fate = self.it.story.webhook(self.one()), self.chance.random()
        if fate < 0.2:
            return  # lost
        if fate < 0.5:
            self.late.append(delivery)
            return
        for _time in range(self.chance.choice((1, 1, 2))):
            self.it.inbox.deliver(*delivery)
        if self.late and self.chance.random() < 0.5:
            self.it.inbox.deliver(*self.late.pop(self.chance.randrange(len(self.late))))

    def forge(self, _step: int) -> None:
        if self.webhooks:
            assert self.it.inbox.deliver(*self.it.story.webhook(self.one(), secret="another")) >= 400

    def poll(self, _step: int) -> None:
        try:
            self.it.inbox.poll(self.it.client)
            self.it.inbox.read_hints(self.it.client)
        except Auth:
            self.it.restart()
        except ChannelError as error:
            # Reading goes on from the cursor another time, whatever it was.
            self.it.clock.sleep(getattr(error, "delay_s", None) or 1)

    def poll_and_die(self, _step: int) -> None:
        try:
            self.it.inbox.poll(self.it.client, die_after=self.chance.choice((1, 2)))
        except (ChannelError, Killed):
            self.it.restart()

    def work(self, _step: int) -> None:
        self.it.inbox.work()

    def lock_out(self, _step: int) -> None:
        self.it.story.lock_out()

    def wait(self, _step: int) -> None:
        self.it.clock.sleep(self.chance.randrange(1200))


BEHAVIOURS: dict[str, Callable[[Make], None]] = {
    function.__name__: function
    for function in (
        duplicate,
        reorder,
        same_second,
        delay,
        drop,
        throttled,
        throttled_apart,
        half_pages,
        repeated_pages,
        lost_pages,
        html_pages,
        expired_tokens,
        edit_after_ship,
        deleted_refunds,
        deleted_orders,
        clock_skew,
        restart,
        wrong_signature,
        lost_answer_to_a_parcel,
        lost_answer_to_a_refund,
        huge_answer,
        redirect,
        any_schedule,
    )
} | returning.BEHAVIOURS

#: (platform, behaviour) → why there is nothing to be tried.
NOTHING_TO_TRY = {
    **{
        (platform, "throttled_apart"): "one limit counts for all that is asked"
        for platform, story in STORIES.items()
        if not story.limits
    },
    ("magento", "reorder"): "Magento sends nothing; orders are only polled",
    ("magento", "wrong_signature"): "Magento sends nothing; whatever comes is refused",
    ("amazon", "deleted_refunds"): "Amazon's orders do not tell what was paid back",
    ("amazon", "deleted_orders"): "Amazon deletes no orders",
    ("ebay", "deleted_orders"): "eBay deletes no orders",
    **returning.NOTHING_TO_TRY,
}
