"""ACC-05: what it costs to take goods back is shared over the order lines that came back, once, and all of it."""

from odoo.fields import Command

from .common import ReturnsCommon


class TestReturnCosts(ReturnsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.classPatch(type(cls.env["ir.cron"]), "_commit_progress", lambda cron, *_rest, **_options: 60)
        cls.company.write({"oms_return_receiving_cost": 2, "oms_return_inspecting_cost": 1.01})
        (cls.product_standard | cls.product_average).weight = 0

    def _costs(self, order):
        for _again in range(2):
            self.env["oms.cost"]._cron_keep()
        return self.env["account.analytic.line"].search(
            [("oms_order_id", "=", order.id), ("oms_cost_kind", "=", "return")]
        )

    def test_receiving_and_looking_at_it_is_shared_by_the_value_of_what_came_back(self):
        order = self._shipped(("STD", 2, "40.00", 20), ("AVG", 1, "40.00", 20))
        self._returned(order, 1, 1)
        costs = self._costs(order)
        self.assertEqual(
            sorted((cost.oms_sale_line_id.product_id.default_code, cost.amount) for cost in costs),
            [("AVG", -2.68), ("STD", -1.34)],
        )
        self.assertEqual(set(costs.mapped("oms_standing")), {"estimate"})
        rows = self.env["oms.margin.report"].search([("order_id", "=", order.id), ("kind", "=", "return")])
        self.assertEqual(round(sum(rows.mapped("amount")), 2), -4.02, "one parcel, and two pieces to look at")

    def test_what_comes_back_in_two_parcels_costs_twice(self):
        order = self._shipped(("STD", 2))
        request = self._return(order, 2)
        self._receive_part(request, 1)
        self.assertEqual(self._costs(order).mapped("amount"), [-3.01])
        request.action_receive()
        self.assertEqual(self._costs(order).mapped("amount"), [-3.01, -3.01])

    def test_a_dozen_is_twelve_pieces_to_look_at(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        line = {"product_id": self.product_standard.id, "product_uom_qty": 1, "product_uom_id": dozen.id}
        order = self.env["sale.order"].create(
            {"partner_id": self.env["res.partner"].create({"name": "Bea"}).id, "order_line": [Command.create(line)]}
        )
        order.action_confirm()
        self._ship(order)
        self._returned(order, 1)
        self.assertEqual(self._costs(order).mapped("amount"), [-14.12])

    def test_the_tariff_of_the_place_goes_before_the_companys_own_guess(self):
        self.warehouse.oms_cost_return = 5
        order = self._shipped(("STD", 1))
        self._returned(order, 1)
        self.assertEqual(self._costs(order).mapped("amount"), [-5])

    def test_what_never_came_back_costs_nothing(self):
        order = self._shipped(("STD", 1))
        self._return(order, 1)
        self.assertFalse(self._costs(order))
