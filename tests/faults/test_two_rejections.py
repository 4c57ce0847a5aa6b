"""FUL-02: two stores, real connections, real commits, and each rejects its part of the same order at the same instant."""

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import get_db_name, tagged

from odoo.addons.oms_core.tests.committed import AtOnce, Committed
from odoo.addons.oms_routing.tests.common import RoutingCommon


@tagged("post_install", "-at_install")
class TestTwoRejections(AtOnce, Committed, RoutingCommon):
    """Neither sees what the other gave up: what both want to have brought from Marseille is there once only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = cls("test_one_delivery_that_two_people_reject_at_once_is_rejected_once")
        cls.order_ids = []
        for product, elsewhere in ((cls.chair, 1), (cls.lamp, 2)):
            made._put(product, lille=1, lyon=1)
            order = made._order_in(product.uom_id, 2, product)
            made._put(product, marseille=elsewhere)
            cls.order_ids.append(order.id)
        cls.site_ids = cls.sites.ids
        cls._commit()

    def _reject_at_once(self, *picking_ids):
        """All of these deliveries, each by a person of his own. What they were told."""

        def person(picking_id):
            def press(env):
                wizard = env["oms.reject"].create({"picking_id": picking_id})
                wizard.reason_id = env.ref("oms_core.reject_reason_no_time")
                wizard.action_reject()
                return "done"

            return press

        def look(env):
            env["stock.picking"].browse(picking_ids).move_ids.read(["state", "product_qty"])

        return self._at_once(*map(person, picking_ids), look=look)

    def _look(self, order_id, tell):
        """What a function tells of an order that another connection reads."""
        with Registry(get_db_name()).cursor() as cr:
            return tell(api.Environment(cr, SUPERUSER_ID, {})["sale.order"].browse(order_id))

    def test_what_two_stores_give_up_at_once_is_promised_from_a_third_only_as_far_as_it_goes(self):
        lyon, lille, marseille = self.site_ids
        order_id = self.order_ids[0]
        deliveries = self._look(
            order_id, lambda order: {one.picking_type_id.warehouse_id.id: one.id for one in order.picking_ids}
        )
        self.assertEqual(set(deliveries), {lyon, lille})
        self.assertEqual(self._reject_at_once(*deliveries.values()), ["done", "done"])

        def check(order):
            rejections = order.oms_rejection_ids
            self.assertEqual(sorted(rejections.warehouse_id.ids), sorted([lyon, lille]))
            self.assertEqual(rejections.mapped("quantity"), [1, 1])
            moves = order.order_line.move_ids.filtered(lambda move: move.state != "cancel")
            self.assertLessEqual(sum(moves.mapped("product_qty")), 2)
            there = moves.filtered(lambda move: move.warehouse_id.id == marseille)
            self.assertEqual(sum(there.mapped("quantity")), 1, "what Marseille has")
            # What nobody has is wanted still, or somebody is told.
            self.assertTrue(sum(moves.mapped("product_qty")) == 2 or order.oms_on_hold)

        self._look(order_id, check)

    def test_one_delivery_that_two_people_reject_at_once_is_rejected_once(self):
        order_id = self.order_ids[1]
        picking_id = self._look(order_id, lambda order: order.picking_ids[:1].id)
        first, second = self._reject_at_once(picking_id, picking_id)
        self.assertEqual(first, "done")
        self.assertIn("Say how much of what is rejected", second)

        def check(order):
            self.assertEqual(order.oms_rejection_ids.mapped("quantity"), [1])
            moves = order.order_line.move_ids.filtered(lambda move: move.state != "cancel")
            self.assertEqual(sum(moves.mapped("product_qty")), 2)

        self._look(order_id, check)
