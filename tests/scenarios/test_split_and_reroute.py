"""One order from several sites, one of which gives up."""

from odoo.tests import tagged

from .common import ScenarioCommon


@tagged("post_install", "-at_install")
class TestSplitAndReroute(ScenarioCommon):
    def test_a_split_order_whose_second_site_gives_up_is_shipped_and_invoiced_in_parcels(self):
        """Three chairs and a lamp for Marseille: two chairs are there, Lyon has one and the lamp, then Lyon gives up."""
        self._fill(
            marseille={"CHAIR-OAK": 2},
            lyon={"CHAIR-OAK": 1, "LAMP-BRASS": 1},
            lille={"CHAIR-OAK": 2, "LAMP-BRASS": 1},
        )
        order = self._receive("prices_with_tax")
        self.assertEqual(self._from(order), {"Marseille": 2, "Lyon": 2})
        self.assertEqual(order.picking_ids.mapped("state"), ["assigned", "assigned"])

        self._delivery(order, self.lyon).action_cancel()
        self.assertEqual(self._from(order), {"Marseille": 2, "Lille": 2})
        self.assertEqual(self._decisions(order).mapped("trigger"), ["confirm", "reroute"])
        self.assertIn("Lille", order.oms_sourcing_sentence)
        self.assertFalse(order.oms_on_hold)

        self._validate(self._delivery(order, self.marseille))
        first = self._book(order)
        self.assertEqual((self._entry(first)["cogs"], order.oms_status), (142, "partial"))
        self._assert_books(clearing=577.97)

        self._validate(self._delivery(order, self.lille))
        second = self._book(order) - first
        self.assertEqual(self._entry(second)["cogs"], 71 + 38)
        self.assertEqual(self._round(first.amount_total + second.amount_total), 577.97)
        self.assertEqual((order.oms_status, self._open_receivable(order)), ("shipped", 0))
        self._assert_books(clearing=577.97)
        self._assert_stock_is_booked()

    def test_a_split_order_comes_back_to_the_sites_that_it_left(self):
        """Then everything is refunded, and only the shipping charge is kept."""
        self._fill(marseille={"CHAIR-OAK": 2}, lyon={"CHAIR-OAK": 1, "LAMP-BRASS": 1})
        order = self._receive("prices_with_tax")
        self._ship(order)
        self._book(order)
        request, refunds = self._send_in(order, {"CHAIR-OAK": 3, "LAMP-BRASS": 1})
        self.assertEqual(len(request.picking_ids), 2)
        back = {site.name: self._on_shelf(site, "CHAIR-OAK") for site in self.sites}
        self.assertEqual(back, {"Marseille": 2, "Lyon": 1, "Lille": 0})
        self.assertEqual(self._on_shelf(self.lyon, "LAMP-BRASS"), 1)
        self.assertEqual(self._round(sum(refunds.mapped("amount_total"))), 577.97 - 39.00)
        request.action_repay()
        self.assertEqual(self._open_receivable(order), 0)
        self._assert_books(clearing=39.00)
        self._assert_stock_is_booked()

    def test_an_order_that_is_called_off_leaves_nothing_behind(self):
        self._fill(marseille={"CHAIR-OAK": 2}, lyon={"CHAIR-OAK": 1, "LAMP-BRASS": 1})
        order = self._receive("prices_with_tax")
        order.action_cancel()
        self.assertEqual((order.oms_status, self._from(order)), ("cancelled", {}))
        snapshot = self.env["oms.availability"]._snapshot(self.goods["CHAIR-OAK"], self.sites)
        self.assertEqual(snapshot.available(self.marseille.id, self.goods["CHAIR-OAK"].id), 2)

    def test_a_pick_that_is_given_up_is_sourced_again(self):
        """Marseille picks before it ships; until it has, its pick is all there is of the delivery."""
        self.marseille.delivery_steps = "pick_ship"
        goods = {"CHAIR-OAK": 3, "LAMP-BRASS": 1}
        self._fill(marseille=goods, lille=goods)
        order = self._receive("prices_with_tax")
        self.assertEqual(self._from(order), {"Marseille": 4})
        self._delivery(order, self.marseille).action_cancel()
        self.assertEqual(self._from(order), {"Lille": 4})

    def _on_shelf(self, site, sku):
        return self.env["stock.quant"]._get_available_quantity(self.goods[sku], site.lot_stock_id)
