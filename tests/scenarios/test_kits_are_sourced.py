"""I13, RTE: a kit goes out from one place that has all of its components."""

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.oms_core.tests.common import OmsCommon


@tagged("post_install", "-at_install")
class TestKitsAreSourced(OmsCommon):
    def test_a_kit_is_sent_from_the_place_that_has_all_its_components(self):
        """The first warehouse has the mugs and no tea; the second one has both."""
        if "mrp.bom" not in self.env:
            return
        second = self.env["stock.warehouse"].create(
            {"name": "Second", "code": "SEC", "company_id": self.company.id, "sequence": 99}
        )
        mug, tea = self._create_product("MUG"), self._create_product("TEA")
        box = self._create_product("BOX", is_storable=False)
        self.env["mrp.bom"].create(
            {
                "product_tmpl_id": box.product_tmpl_id.id,
                "type": "phantom",
                "company_id": self.company.id,
                "bom_line_ids": [
                    Command.create({"product_id": mug.id, "product_qty": 2}),
                    Command.create({"product_id": tea.id, "product_qty": 1}),
                ],
            }
        )
        self._stock(mug, self.warehouse, 9)
        self._stock(mug, second, 4)
        self._stock(tea, second, 2)
        order = self._order(("BOX", 2, "40.00", 20))
        self.assertEqual(order.state, "sale")
        moves = order.order_line.move_ids
        self.assertEqual(moves.warehouse_id, second)
        self.assertEqual(set(moves.mapped("state")), {"assigned"})
        self.assertEqual({move.product_id: move.product_qty for move in moves}, {mug: 4, tea: 2})
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 2)
