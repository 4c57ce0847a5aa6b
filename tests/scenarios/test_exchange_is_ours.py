"""RET-03: an exchange is an order of ours: no channel is told of it, no channel pays for it, and kits are exchanged whole."""

from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.oms_core.tests.common import OmsCommon


@tagged("post_install", "-at_install")
class TestExchangeIsOurs(OmsCommon):
    def _exchanged(self, order, outcome="exchange"):
        request = self.env["oms.return"].create(
            {
                "order_id": order.id,
                "line_ids": [
                    Command.create({"sale_line_id": line.id, "quantity": 1, "outcome": outcome})
                    for line in order.order_line
                ],
            }
        )
        request.action_authorize()
        request.action_receive()
        request.action_refund()
        self.env.invalidate_all()
        for new in request.exchange_order_ids:
            self._ship(new)
            self._book(new)
        return request

    def test_the_channel_hears_of_the_first_order_and_never_of_the_exchange(self):
        self.channel.refund_policy = "pay"
        told = []
        messages = type(self.env["oms.message"])

        def queue_out(records, channel, kind, document, record, key=None):
            if kind != "return":  # that goods come back is told; what comes of it here is not
                told.append((kind, document.order_ref))
            return records.browse()

        order = self._order(("STD", 2))
        self._ship(order)
        self._book(order)
        with patch.object(messages, "_queue_out", queue_out):
            request = self._exchanged(order)
            new = request.exchange_order_ids
            self.assertEqual((new.delivery_status, new.invoice_ids.payment_state), ("full", "paid"))
            self.assertEqual(told, [], "nothing is paid back, and nothing that the channel ordered was sent")
            self._exchanged(order, "refund")
        self.assertEqual(told, [("refund", order.oms_external_id)])

    def test_a_kit_is_exchanged_for_a_kit(self):
        if "mrp.bom" not in self.env:
            return  # there are no kits without Odoo's manufacturing
        mug, tea = self._create_product("MUG"), self._create_product("TEA")
        box = self._create_product("BOX", is_storable=False)
        self._create_kit(box, (mug, 2), (tea, 1))
        self._stock(mug, self.warehouse, 10)
        self._stock(tea, self.warehouse, 10)
        order = self._order(("BOX", 1, 40, 20))
        self._ship(order)
        self._book(order)
        request = self._exchanged(order)
        new = request.exchange_order_ids
        self.assertEqual(
            {move.product_id: move.quantity for move in new.order_line.move_ids if move.state == "done"},
            {mug: 2, tea: 1},
        )
        self.assertEqual((new.amount_total, new.invoice_ids.amount_residual, request.exchange_due), (48, 0, 0))
        on_shelf = [int(goods.with_context(warehouse_id=self.warehouse.id).qty_available) for goods in mug | tea]
        self.assertEqual(on_shelf, [8, 9], "one box came back, two went out")
        cogs = self._account("cogs")
        self.assertEqual(self._net(cogs, request.refund_ids) + self._net(cogs, new.invoice_ids), 0)
        self.assertNothingWrong()
