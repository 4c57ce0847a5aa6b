"""The same order, bought on every platform, told by our own API and in files: the same sale order, the same entries. What one
cannot say is told in ``oms_channels/tests/conformance/same_order.py``: eBay tells no two rates of tax in Europe, Amazon's orders
no refunds, EDIFACT nothing of what was paid."""

from datetime import datetime, timedelta, timezone

from odoo.tests import tagged

from odoo.addons.oms_channels.tests.conformance import same_order
from odoo.addons.oms_channels.tests.conformance.same_order import ONE_RATE, REFUND, TWO_RATES
from odoo.addons.oms_channels.tests.conformance.stories import STORIES, Clock, forget_tokens
from odoo.addons.oms_core.tests.common import OmsCommon


@tagged("post_install", "-at_install")
class TestSameOrderEveryPlatform(OmsCommon):
    """CAP-01, CAP-02: the platform that an order comes from leaves no trace in what it is worth and how it is booked."""

    def _open(self, platform):
        """A channel and its shop, in which an hour ago nobody had ordered yet.

        :return: (story, channel)
        """
        forget_tokens()
        clock = Clock(datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=1))
        story = STORIES[platform](clock)
        story.server.start()
        self.addCleanup(story.server.stop)
        channel = self._create_channel(f"S{next(self._numbers)}", platform=platform, webhook_secret=story.secret)
        return story, channel

    def _buy(self, platform, goods):
        """The order is placed there, read by the poll, and worked off.

        :return: (story, channel, the platform's id of the order, the sale order)
        """
        story, channel = self._open(platform)
        ref = same_order.place(story, goods)
        channel.write({**story.columns(), "account_ref": story.columns().get("account_ref") or "FR 20"})
        order = self._read(story, channel, minutes=20)
        return story, channel, ref, order

    def _read(self, story, channel, minutes):
        story.clock.sleep(minutes * 60)
        channel.ask_again_at = False
        channel._poll()
        self.assertFalse(channel.poll_error)
        messages = self.env["oms.message"].search(
            [("channel_id", "=", channel.id), ("direction", "=", "in"), ("kind", "=", "order")], order="id"
        )
        messages.filtered(lambda message: message.state == "pending")._process()
        self.assertEqual(set(messages.mapped("state")), {"done"}, messages.mapped("error"))
        return self.env["sale.order"].search([("oms_channel_id", "=", channel.id)])

    def _import(self, form, goods):
        """The order comes as a file of that format, and is worked off.

        :return: the sale order.
        """
        channel = self._create_channel(f"S{next(self._numbers)}", platform="files")
        message = self.env["oms.message"]._take_file(channel, form, same_order.FILES[form](goods, "F-1"))
        (message if message.state == "pending" else message.browse())._process()
        messages = self.env["oms.message"].search(
            [("channel_id", "=", channel.id), ("direction", "=", "in"), ("kind", "=", "order")], order="id"
        )
        messages.filtered(lambda one: one.state == "pending")._process()
        self.assertEqual((set(messages.mapped("state")), message.state), ({"done"}, "done"), messages.mapped("error"))
        return self.env["sale.order"].search([("oms_channel_id", "=", channel.id)])

    def _sold(self, order):
        """What of a sale order does not hang on where it came from."""
        return {
            "state": (order.state, order.oms_hold_reason, order.currency_id.name),
            "totals": (order.amount_untaxed, order.amount_tax, order.amount_total),
            "lines": sorted(
                (
                    line.oms_kind,
                    line.product_id.default_code or "",
                    line.product_uom_qty,
                    line.price_subtotal,
                    line.price_total,
                    line.oms_discount_amount,
                    tuple(line.tax_ids.mapped("amount")),
                )
                for line in order.order_line
            ),
        }

    def _entries(self, moves):
        """The journal items of entries, by account, tax, debit and credit."""
        self.assertLessEqual(set(moves.mapped("state")), {"posted"})
        return sorted(
            (
                line.account_id.code,
                tuple(line.tax_ids.mapped("amount")),
                line.tax_line_id.amount,
                line.debit,
                line.credit,
            )
            for line in moves.line_ids
        )

    def _compare(self, platforms, goods, totals):
        sold, invoiced, paid = {}, {}, {}
        for name in (*platforms, *same_order.FILES):
            order = self._import(name, goods) if name in same_order.FILES else self._buy(name, goods)[-1]
            sold[name] = self._sold(order)
            self._ship(order)
            invoice = self._book(order)
            self.assertEqual(
                (invoice.payment_state, invoice.amount_total),
                ("not_paid" if name in same_order.UNPAID else "paid", float(same_order.total(goods))),
            )
            invoiced[name] = self._entries(invoice)
            paid[name] = self._entries(order.transaction_ids.payment_id.move_id)
        first, *others = sold
        self.assertEqual(sold[first]["state"], ("sale", False, "EUR"))
        self.assertEqual(sold[first]["totals"], totals)
        for name in others:
            with self.subTest(name=name):
                self.assertEqual(sold[name], sold[first])
                self.assertEqual(invoiced[name], invoiced[first])
                self.assertEqual(paid[name], [] if name in same_order.UNPAID else paid[first])

    def test_an_order_with_two_rates_of_tax_is_the_same_from_everywhere_that_can_tell_it(self):
        platforms = [name for name in same_order.WRITTEN if name not in same_order.CANNOT_TELL_TWO_RATES]
        self._compare(platforms, TWO_RATES, (113.00, 19.99, 132.99))

    def test_an_order_with_one_rate_of_tax_is_the_same_from_everywhere(self):
        self._compare(list(same_order.WRITTEN), ONE_RATE, (95.00, 19.00, 114.00))

    def test_a_refund_of_a_piece_is_told_the_same_from_everywhere_that_tells_it(self):
        told = {}
        for platform, pay_back in same_order.PAID_BACK.items():
            story, channel, ref, order = self._buy(platform, TWO_RATES)
            pay_back(story, ref)
            self.assertEqual(self._read(story, channel, minutes=20), order)
            [refund] = order.oms_channel_refund_ids
            told[platform] = (
                (refund.state, refund.amount, refund.shipping),
                [
                    (line.sale_line_id.product_id.default_code, line.quantity, line.amount, line.tax)
                    for line in refund.line_ids
                ],
                (order.amount_total, refund.booking, order.oms_hold_reason),
            )
        net, tax = map(float, REFUND)
        for platform, found in told.items():
            with self.subTest(platform=platform):
                self.assertEqual(found[:2], (("done", net + tax, 0), [("AVG", 1, net, tax)]))
                self.assertEqual(found, told["shopify"])
