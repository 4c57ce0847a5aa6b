"""Money that a customer authorised at a shop: an order of it, goods of ours for it, and the jobs that have it taken."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo import fields

from odoo.addons.oms_channels.platforms import PLATFORMS

from .common import ChannelsCommon


class Died(BaseException):
    """As a killed process: nothing catches it."""


class CaptureCommon(ChannelsCommon):
    """The subclass connects ``shop_channel`` to a shop that has one order, and says what that is called there."""

    order_ref = None

    def _read(self):
        """The order as the shop tells it now, with goods of ours."""
        with self.shop_channel._talking() as client:
            doc = PLATFORMS[self.shop_channel.platform].parse("order", client.order(self.order_ref))
        for line in doc.lines:
            if line.kind == "product" and not self.env["product.product"].search([("default_code", "=", line.sku)]):
                self._stock(self._create_product(line.sku), self.warehouse, 10)
        order = self._apply(doc, channel=self.shop_channel)[0][0]
        order.oms_hold_ids.filtered("is_open").action_release()
        if order.state in ("draft", "sent"):
            order.action_confirm()
        return order

    def _collect(self):
        self.order.oms_money_due_at = fields.Datetime.now()
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_collect").method_direct_trigger()
            self.env.ref("oms_channels.cron_outbox").method_direct_trigger()

    @contextmanager
    def _dying(self):
        """The process dies in here, when the shop has answered a capture and before the answer is kept."""
        messages = type(self.env["oms.message"])
        settle = messages._settle_sent

        def die(message, answer):
            if message.kind == "capture":
                raise Died
            return settle(message, answer)

        with patch.object(messages, "_settle_sent", die):
            try:
                yield
            except Died:  # what was committed stays, so this is no ``assertRaises``
                self.env.invalidate_all()
            else:
                self.fail("It did not die.")
