from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError

from odoo.addons.oms_core.tests.common import OmsCommon


class TestAccept(OmsCommon):
    """FUL-02: a store accepts what it can bring, and says why it cannot bring the rest."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse.write({"oms_node_type": "store", "oms_accept_minutes": 60})
        cls.damaged = cls.env.ref("oms_core.reject_reason_damaged")
        cls.empty = cls.env.ref("oms_core.reject_reason_shelf_empty")
        cls.no_time = cls.env.ref("oms_core.reject_reason_no_time")
        cls.associate = cls._create_user("associate", "oms_core.group_oms_store")
        cls.warehouse.oms_user_ids = cls.associate

    def _reject(self, picking, reason, quantities=None, user=None):
        picking = picking.with_user(user or self.associate)
        wizard = picking.env["oms.reject"].browse(picking.action_oms_reject()["res_id"])
        wizard.reason_id = reason
        for line in wizard.line_ids:
            line.quantity = (quantities or {}).get(line.product_id.default_code, 0 if quantities else line.quantity)
        wizard.action_reject()

    def _on_hand(self, product):
        return product.with_context(warehouse_id=self.warehouse.id).qty_available

    def test_a_delivery_is_accepted_in_time_or_known_to_be_late(self):
        picking = self._order().picking_ids
        self.assertEqual(picking.oms_board_state, "accept")
        self.assertAlmostEqual(
            picking.oms_accept_by - picking.create_date, timedelta(hours=1), delta=timedelta(minutes=5)
        )
        late = picking._oms_not_accepted_domain(fields.Datetime.now() + timedelta(hours=2))
        self.assertIn(picking, self.env["stock.picking"].search(late))
        self.assertNotIn(picking, self.env["stock.picking"].search(picking._oms_not_accepted_domain()))
        picking.with_user(self.associate).action_oms_accept()
        self.assertEqual((picking.oms_accepted_by_id, picking.oms_board_state), (self.associate, "pick"))
        self.assertNotIn(picking, self.env["stock.picking"].search(late))

    def test_who_ships_has_accepted(self):
        order = self._order()
        self._ship(order)
        self.assertTrue(order.picking_ids.oms_accepted_at)

    def test_a_rejected_delivery_is_remembered_and_its_order_stops(self):
        order = self._order(("STD", 2))
        picking = order.picking_ids
        self._reject(picking, self.no_time)
        self.assertEqual(picking.state, "cancel")
        rejection = order.oms_rejection_ids
        self.assertEqual(
            (rejection.warehouse_id, rejection.quantity, rejection.reason_id, rejection.user_id),
            (self.warehouse, 2, self.no_time, self.associate),
        )
        self.assertEqual(order._oms_get_rejected(order.order_line).keys(), {self.warehouse.id})
        self.assertEqual(self._on_hand(self.product_standard), 100)

    def test_a_part_is_rejected_and_the_rest_goes(self):
        order = self._order(("STD", 5), ("AVG", 1))
        picking = order.picking_ids
        self._reject(picking, self.damaged, {"STD": 2})
        self.assertEqual(self._on_hand(self.product_standard), 98)
        moves = picking.move_ids.filtered(lambda move: move.state != "cancel" and move.picking_id == picking)
        self.assertEqual(
            {move.product_id.default_code: (move.product_uom_qty, move.quantity) for move in moves},
            {"STD": (3, 3), "AVG": (1, 1)},
        )
        self.assertEqual(sum(order.oms_rejection_ids.mapped("quantity")), 2)

    def test_an_empty_shelf_is_counted_and_the_other_deliveries_know(self):
        order, other = self._order(("STD", 2)), self._order(("STD", 3), ("AVG", 1))
        self._reject(order.picking_ids, self.empty)
        self.assertEqual(self._on_hand(self.product_standard), 0)
        self.assertEqual(other.oms_rejection_ids.mapped("is_collateral"), [True])
        states = {move.product_id.default_code: move.state for move in other.picking_ids.move_ids}
        if "STD" in states:
            self.assertEqual((states["STD"], states["AVG"]), ("cancel", "assigned"))

    def test_rejecting_twice_changes_nothing_more(self):
        """Complaint 28: who comes second is told, and nothing breaks."""
        order = self._order(("STD", 2))
        picking = order.picking_ids
        self._reject(picking, self.damaged)
        with self.assertRaisesRegex(UserError, "finished"):
            self._reject(picking, self.damaged)
        self.assertEqual(self._on_hand(self.product_standard), 98)
        self.assertEqual(len(order.oms_rejection_ids), 1)

    def test_nothing_is_rejected_without_a_reason_or_a_right(self):
        picking = self._order().picking_ids
        with self.assertRaisesRegex(UserError, "Choose a reason"):
            self._reject(picking, self.env["oms.reject.reason"])
        with self.assertRaises(AccessError):
            self._reject(picking, self.damaged, user=self._create_user("reader"))
        with self.assertRaises(AccessError):
            self.env["oms.rejection"].with_user(self.associate).create({})
