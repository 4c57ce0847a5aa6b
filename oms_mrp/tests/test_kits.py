from decimal import Decimal

from odoo.exceptions import UserError

from odoo.addons.oms_core.tests.common import OmsCommon


class TestKits(OmsCommon):
    """I13: a kit can be promised as often as its components allow, at each place."""

    def setUp(self):
        super().setUp()
        self.store = self.env["stock.warehouse"].create({"name": "Store", "code": "STO", "company_id": self.company.id})
        self.mug = self._create_product("MUG")
        self.tea = self._create_product("TEA")
        self.ribbon = self._create_product("RIBBON", is_storable=False)
        self.box = self._create_product("BOX", is_storable=False)
        self._create_kit(self.box, (self.mug, 2), (self.tea, 1), (self.ribbon, 1))
        for warehouse, mugs, teas in ((self.warehouse, 5, 9), (self.store, 3, 1)):
            self._stock(self.mug, warehouse, mugs)
            self._stock(self.tea, warehouse, teas)

    def _atp(self, product):
        return self.env["oms.availability"]._get_channel_atp(self.channel, product)[product.id]

    def test_the_scarcest_component_decides_at_each_place(self):
        """Two here and one there, although all mugs together would make four."""
        self.assertEqual(self._atp(self.box), Decimal(3))
        snapshot = self.env["oms.availability"]._snapshot(self.box, self.warehouse | self.store)
        self.assertEqual(snapshot.available(self.warehouse.id, self.box.id), 2)
        self.assertEqual(snapshot.available(self.store.id, self.box.id), 1)

    def test_a_kit_in_a_kit_and_other_units(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        crate = self._create_product("CRATE")
        self._create_kit(crate, (self.box, 1), (self.tea, 3), product_qty=1)
        self.assertEqual(self._atp(crate), Decimal(2))
        many = self._create_product("MANY")
        self._create_kit(many, (self.mug, 1, {"product_uom_id": dozen.id}), product_qty=6)
        self.assertEqual(self._atp(many), Decimal(3))

    def test_an_order_of_a_kit_takes_its_components(self):
        order = self._order(("BOX", 2, "40.00", 20))
        self.assertEqual(order.state, "sale")
        self.assertEqual(sorted(order.order_line.move_ids.mapped("product_id.default_code")), ["MUG", "RIBBON", "TEA"])
        self.assertEqual(self._atp(self.box), Decimal(1))
        order._action_cancel()
        self.assertEqual(self._atp(self.box), Decimal(3))

    def test_a_kit_that_is_set_aside_takes_its_components(self):
        self.env["oms.reservation"].create(
            {
                "company_id": self.company.id,
                "product_id": self.box.id,
                "warehouse_id": self.warehouse.id,
                "quantity": 1,
            }
        )
        self.assertEqual(self._atp(self.mug), Decimal(6))
        self.assertEqual(self._atp(self.box), Decimal(2))

    def test_safety_stock_of_a_component_is_not_sold_in_a_kit(self):
        self.env["oms.stock.buffer"].create(
            {"product_id": self.mug.id, "quantity": 2, "company_id": self.company.id, "warehouse_id": self.warehouse.id}
        )
        self.assertEqual(self._atp(self.box), Decimal(2))
        sentences = self.env["oms.availability"]._explain(self.box, self.warehouse, self.channel)
        self.assertEqual(sentences[0], f"2 × {self.mug.display_name} in each: 3 available.")

    def test_many_kits_cost_no_more_queries_than_one(self):
        many = self.box
        for number in range(15):
            kit = self._create_product(f"KIT-{number}")
            self._create_kit(kit, (self.mug, 1), (self.tea, 2))
            many |= kit
        counts = []
        for products in (self.box, self.box, many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["oms.availability"]._get_channel_atp(self.channel, products)
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1] + 1)  # several boms are found by another query than a single one

    def test_a_kit_that_has_left_is_invoiced_and_cannot_be_cancelled_any_more(self):
        order = self._order(("BOX", 2, "40.00", 20))
        line = order.order_line
        self.assertEqual((line._oms_get_shipped(), line._oms_get_left()), (0, 0))
        self._ship(order, {self.mug: 2, self.tea: 1, self.ribbon: 1})
        self.assertEqual((line._oms_get_shipped(), line.qty_to_invoice), (1, 1))
        self.assertEqual(self._book(order).amount_untaxed, 20)
        self._ship(order)
        self.assertEqual((line._oms_get_shipped(), line.qty_to_invoice), (2, 1))
        self.assertEqual(sum(self._book(order).mapped("amount_untaxed")), 40)
        cancellation = order._oms_request_cancellation("customer", "clerk")
        self.assertEqual((cancellation.state, order.state), ("too_late", "sale"))

    def test_a_kit_of_which_one_component_has_left_is_neither_whole_nor_to_be_stopped(self):
        order = self._order(("BOX", 2, "40.00", 20))
        line = order.order_line
        self._ship(order, {self.mug: 2})
        self.assertEqual((line._oms_get_shipped(), line._oms_get_left(), line.qty_to_invoice), (0, 1, 0))
        cancellation = order._oms_request_cancellation("customer", "clerk")
        self.assertEqual((cancellation.state, order.state, line.product_uom_qty), ("partly", "sale", 1))

    def test_a_part_of_a_kit_leaves_alone_only_if_the_rest_follows(self):
        order = self._order(("BOX", 2, "40.00", 20))
        delivery = order.picking_ids
        for move in delivery.move_ids:
            move.write({"quantity": 2 if move.product_id == self.mug else 0, "picked": move.product_id == self.mug})
        last = delivery.with_context(skip_backorder=True, picking_ids_not_to_backorder=delivery.ids)
        with self.assertRaisesRegex(UserError, "BOX would leave in part: 2 .*MUG.* without the rest of it"):
            last.button_validate()
        self.assertIs(delivery.with_context(skip_backorder=True).button_validate(), True)
        rest = order.picking_ids - delivery
        for move in rest.move_ids:
            move.write({"quantity": 0 if move.product_id == self.mug else 1, "picked": move.product_id != self.mug})
        rest.with_context(skip_backorder=True, picking_ids_not_to_backorder=rest.ids).button_validate()
        self.assertEqual((rest.state, order.order_line.qty_delivered), ("done", 1))

    def test_an_optional_part_of_nothing_limits_nothing(self):
        """A set is two mugs; a saucer may be added, of which there is none."""
        saucer, pair = self._create_product("SAUCER"), self._create_product("SET", is_storable=False)
        self._create_kit(pair, (self.mug, 2), (saucer, 0))
        self.assertEqual(self._atp(pair), 3)
        self.assertEqual(self.env["oms.availability"]._get_channel_atp(self.channel, pair | self.mug)[self.mug.id], 8)
        order = self._order(("SET", 2, "40.00", 20))
        line = order.order_line
        self.assertEqual((order.state, self._atp(pair)), ("sale", 1))
        self.assertEqual(line._oms_get_parts(), {self.mug: 2})
        self.assertEqual((line._oms_get_shipped(), line._oms_is_whole()), (0, True))
        self._ship(order, {self.mug: 2})
        self.assertEqual((line._oms_get_shipped(), line._oms_is_whole()), (1, True))
        self._ship(order)
        self.assertEqual((line.qty_delivered, line._oms_get_shipped(), line._oms_get_parts()), (2, 2, {self.mug: 2}))

    def test_kits_in_dozens_are_invoiced_in_dozens(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self._stock(self.mug, self.warehouse, 100)
        self._stock(self.tea, self.warehouse, 100)
        order = self._order(("BOX", 1, "240.00", 20), status="on_hold")
        order.order_line.product_uom_id = dozen
        order.oms_channel_total = order.amount_total
        order.action_oms_release()
        self._ship(order, {self.mug: 13, self.tea: 7, self.ribbon: 7})
        self.assertEqual(order.order_line._oms_get_shipped(), 0.5)

    def test_a_kit_that_counts_as_stock_itself_is_booked_at_what_its_parts_cost(self):
        """Two mugs and a tea of 10.00 each: 30.00 for a box, 40.00 for the second one, and back as it was booked."""
        self.box.is_storable = True
        order = self._order(("BOX", 2, "80.00", 20))
        self._ship(order, {self.mug: 2, self.tea: 1, self.ribbon: 1})
        first = self._book(order)
        self.tea.standard_price = 20
        self._ship(order)
        second = self._book(order) - first
        for invoice, cost in ((first, 30), (second, 40)):
            self.assertEqual(self._costs(invoice), (cost, -cost))
            reversal = (
                self.env["account.move.reversal"]
                .with_context(active_model="account.move", active_ids=invoice.ids)
                .create({"journal_id": invoice.journal_id.id})
            )
            reversal.refund_moves()
            reversal.new_move_ids.action_post()
            self.assertEqual(self._costs(reversal.new_move_ids), (-cost, cost))

    def test_the_parts_of_a_kit_together_bear_costs_as_the_kit_they_are(self):
        order = self._order(("BOX", 2, "40.00", 20), ("STD", 1, "40.00", 20))
        costs, moves = self.env["oms.cost"], order.picking_ids.move_ids
        self.assertEqual([share.value for share in costs._get_shares(moves)], [40, 40])
        self._ship(order, {self.mug: 2, self.tea: 1, self.ribbon: 1, self.product_standard: 1})
        for first in (True, False):
            sent = order.picking_ids.filtered(lambda picking, first=first: (picking.state == "done") == first)
            self.assertEqual([share.value for share in costs._get_shares(sent.move_ids)], [20, 40][: 1 + first])

    def _costs(self, entry):
        return self._net(self._account("cogs"), entry), self._net(self._account("stock"), entry)
