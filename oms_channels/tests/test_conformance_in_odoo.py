"""The schedules of the conformance kit, through the real channel, inbox and orders: with each platform the same end."""

from collections import Counter
from datetime import datetime, timezone
from unittest.mock import patch

from odoo import fields

from odoo.addons.oms_channels.const import AUDIT_DAYS
from odoo.addons.oms_channels.domain.adapter import Auth, Retry
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.conformance.behaviours import BEHAVIOURS, any_schedule, world
from odoo.addons.oms_channels.tests.conformance.inbox import Killed
from odoo.addons.oms_channels.tests.conformance.stories import STORIES
from odoo.addons.oms_core.domain.content import content_hash
from odoo.addons.oms_core.tests.common import OmsCommon


class OdooInbox:
    """A channel in the database, with the verbs of the pure model.

    Its client is the story's, so that both live in the same time; everything else is as in production.
    """

    def __init__(self, case, story, clock):
        self.case, self.story, self.env = case, story, case.env
        values = {**story.columns(), "webhook_secret": story.secret}
        self.channel = case._create_channel(f"C{next(case._numbers)}", platform=story.platform, **values)
        case.enterContext(patch.object(type(self.channel), "_connect", lambda channel: self.client))
        case.enterContext(patch.object(fields.Datetime, "now", staticmethod(lambda *_arguments: _naive(clock.now()))))
        self.client = None

    def _messages(self, *states, **values):
        domain = [("channel_id", "=", self.channel.id), ("direction", "=", "in")]
        domain += [("state", "in", states)] if states else []
        return self.env["oms.message"].search(
            domain + [(name, "=", value) for name, value in values.items()], order="id"
        )

    def deliver(self, headers, body):
        kept = {name.lower(): value for name, value in headers.items()}
        return self.channel._receive_delivery(kept, body)[0]

    def poll(self, client, die_after=None):
        self.client, self.channel.ask_again_at = client, False
        if die_after:
            # As much as was not committed is gone; committed is nothing here before the end of the poll.
            try:
                with self.env.cr.savepoint():
                    self.channel._poll()
                    raise Killed
            finally:
                self.env.invalidate_all()
        self._raise(self.channel._poll())

    def read_hints(self, client):
        self.client, self.channel.ask_again_at = client, False
        hints = self._messages("pending", "retry", kind="hint")
        if hints:
            hints._read_hinted(self.channel)
            self._raise(self.channel.connection_error)

    def _raise(self, error):
        """What went wrong with the channel, as the client had said it."""
        if error:
            raise Auth(error) if "keys" in error or "token" in error else Retry(error)

    def audit(self, client, days, why):
        self.client, self.channel.ask_again_at = client, False
        self._raise(self.channel._audit_orders(days or AUDIT_DAYS).error)

    def work(self):
        self._messages("pending", "retry").filtered(lambda message: message.kind != "hint")._process()

    @property
    def dead(self):
        return self._messages("dead").mapped("error")

    @property
    def orders(self):
        return {order.oms_external_id: order for order in self._orders()}

    @property
    def created(self):
        return Counter(self._orders().mapped("oms_external_id"))

    def _orders(self):
        return self.env["sale.order"].search([("oms_channel_id", "=", self.channel.id)])

    @property
    def called_off(self):
        return {order.oms_external_id for order in self._orders() if order.state == "cancel"}

    @property
    def messages(self):
        return self._messages()

    def view(self, document):
        [document] = self.env["sale.order"]._oms_complete_docs(self.channel, [document])
        return {
            "content": content_hash(document),
            "total": float(document.total),
            "status": document.channel_status,
            "version": _naive(document.updated_at),
            "lines": sorted((line.external_id, float(line.quantity), float(line.total)) for line in document.lines),
            "refunds": sorted((refund.external_id, float(refund.amount)) for refund in document.refunds),
        }

    def state(self):
        return {
            order.oms_external_id: "called off"
            if order.state == "cancel"
            else {
                "content": order.oms_content_hash,
                "total": order.amount_total,
                "status": order.oms_channel_status,
                "version": order.oms_updated_at,
                "lines": sorted(
                    (line.oms_external_id, line.product_uom_qty, line.price_subtotal) for line in order.order_line
                ),
                "refunds": sorted(
                    (refund.external_id, refund.amount)
                    for refund in order.oms_channel_refund_ids
                    if refund.state != "withdrawn"
                ),
            }
            for order in self._orders()
        }


class TestConformanceInOdoo(OmsCommon):
    """CAP-05, CAP-14: whatever a platform and the way to it do, each order is here once, as the platform has it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for rate in (2, 6.25, 7, 19):  # of the orders of the templates
            cls._create_tax(rate)

    def _make(self, platform):
        start = datetime.now(timezone.utc).replace(microsecond=0)

        def make(**options):
            return world(platform, start=start, inbox=lambda story, clock: OdooInbox(self, story, clock), **options)

        return make

    def test_the_same_end_after_any_schedule(self):
        for number, platform in enumerate(STORIES):
            with self.subTest(platform=platform):
                any_schedule(self._make(platform), seed=20 + number)

    def test_what_changes_after_it_was_shipped_comes_in_and_nothing_is_shipped_twice(self):
        for platform in STORIES:
            with self.subTest(platform=platform):
                BEHAVIOURS["edit_after_ship"](self._make(platform))

    def test_two_changes_within_one_second_end_as_the_platform_has_them(self):
        for platform in STORIES:
            with self.subTest(platform=platform):
                BEHAVIOURS["same_second"](self._make(platform))

    def test_every_platform_that_can_be_asked_takes_part(self):
        can_be_asked = {code for code, adapter in PLATFORMS.items() if adapter.capabilities.poll}
        self.assertLessEqual(can_be_asked, set(STORIES))


def _naive(moment):
    return moment.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0)
