"""I13, RTE: a kit goes out from one place that has all of its components."""

from odoo.tests import tagged

from odoo.addons.oms_core.tests.common import OmsCommon


@tagged("post_install", "-at_install")
class TestKitsAreSourced(OmsCommon):
    def setUp(self):
        super().setUp()
        if "mrp.bom" not in self.env:
            self.skipTest("Manufacturing is not installed: there are no kits")
        self.second = self.env["stock.warehouse"].create(
            {"name": "Second", "code": "SEC", "company_id": self.company.id, "sequence": 99}
        )
        self.mug, self.tea = self._create_product("MUG"), self._create_product("TEA")
        box = self._create_product("BOX", is_storable=False)
        self._create_kit(box, (self.mug, 2), (self.tea, 1))
        # The first warehouse has mugs and no tea; the second one has both.
        self._stock(self.mug, self.warehouse, 9)
        self._stock(self.mug, self.second, 8)
        self._stock(self.tea, self.second, 4)

    def _open(self, order):
        """{(place, product): what is still to leave}"""
        moves = order.order_line.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        return {(move.warehouse_id, move.product_id): move.product_qty for move in moves}

    def test_a_kit_is_sent_from_the_place_that_has_all_its_components(self):
        order = self._order(("BOX", 2, "40.00", 20))
        self.assertEqual(order.state, "sale")
        moves = order.order_line.move_ids
        self.assertEqual(moves.warehouse_id, self.second)
        self.assertEqual(set(moves.mapped("state")), {"assigned"})
        self.assertEqual(self._open(order), {(self.second, self.mug): 4, (self.second, self.tea): 2})
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 2)

    def test_fewer_kits_are_taken_off_where_they_were_to_come_from(self):
        """The line's own warehouse is the first one; nothing was to come from there."""
        order = self._order(("BOX", 3, "60.00", 20))
        order.order_line.product_uom_qty = 1
        self.assertEqual(self._open(order), {(self.second, self.mug): 2, (self.second, self.tea): 1})
        self.assertEqual(
            order.picking_ids.filtered(lambda picking: picking.state != "cancel").mapped("picking_type_code"),
            ["outgoing"],
        )

    def test_a_rejected_part_of_a_kit_does_not_send_the_rest_of_it_twice(self):
        """RTE: the mugs are broken. The tea stays with them, and whole boxes come from elsewhere."""
        self._stock(self.tea, self.warehouse, 4)
        order = self._order(("BOX", 2, "40.00", 20))
        place = order.order_line.move_ids.warehouse_id
        other = self.second if place == self.warehouse else self.warehouse
        mugs = order.order_line.move_ids.filtered(lambda move: move.product_id == self.mug)
        mugs.picking_id._oms_reject({mugs: 4}, self.env.ref("oms_core.reject_reason_damaged"))
        self.assertEqual(self._open(order), {(other, self.mug): 4, (other, self.tea): 2})

    def test_a_kit_rejected_as_a_whole_comes_from_elsewhere(self):
        self._stock(self.tea, self.warehouse, 4)
        order = self._order(("BOX", 2, "40.00", 20))
        moves = order.order_line.move_ids
        other = self.second if moves.warehouse_id == self.warehouse else self.warehouse
        moves._action_cancel()
        moves.picking_id[:1]._oms_on_unfulfillable(moves)
        self.assertEqual(self._open(order), {(other, self.mug): 4, (other, self.tea): 2})
