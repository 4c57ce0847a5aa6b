"""FUL-08, FUL-10: orders from the shop's bytes to posted entries, picked as one wave."""

from odoo.tests import tagged

from .common import ScenarioCommon


@tagged("post_install", "-at_install")
class TestWaveToCash(ScenarioCommon):
    def test_two_orders_of_one_place_leave_in_one_wave_and_each_is_told_and_booked_on_its_own(self):
        self._fill(lyon={"TEA-GREEN-100": 5, "MUG-BLUE": 9, "BOOK-GARDEN": 9, "SEED-TOM": 20})
        orders = self._receive("two_vat_rates") | self._receive("percent_coupon_ugly_cents")
        deliveries = orders.picking_ids
        self.assertEqual(len(deliveries), 2)
        place = deliveries.picking_type_id
        batches, left = place._oms_plan_waves()
        self.assertEqual((len(batches), batches.picking_ids, left), (1, deliveries, {}))

        self.assertIs(batches.action_done(), True)
        self.assertEqual((batches.state, orders.mapped("oms_status")), ("done", ["shipped", "shipped"]))
        self.assertEqual(deliveries.mapped("oms_told_state"), ["waiting", "waiting"])
        parcels = self.env["oms.message"].search(
            [("channel_id", "=", self.channel.id), ("direction", "=", "out"), ("kind", "=", "parcel")]
        )
        self.assertEqual(len(parcels), 2)

        for order in orders:
            invoice = self._book(order)
            self.assertEqual((invoice.amount_total, invoice.payment_state), (order.amount_total, "paid"))
            self.assertEqual(self._open_receivable(order), 0)
        self._assert_books(clearing=sum(orders.mapped("amount_total")))
        self._assert_stock_is_booked()
