"""From a decision to Odoo's transfers: Σ quantities = what is ordered, whatever happens afterwards.

ORD-08, INV-09.
"""

from odoo.fields import Command

from .common import RoutingCommon


class TestSplit(RoutingCommon):
    def test_an_order_over_two_sites_is_one_delivery_each(self):
        self._put(self.chair, lille=5)
        self._put(self.lamp, lyon=5)
        order = self._order(("CHAIR", 2), ("LAMP", 1))
        self.assertEqual(order.oms_decision_ids.outcome, "split")
        self.assertEqual(len(order.picking_ids), 2)
        self.assertEqual(order.picking_ids.mapped("state"), ["assigned", "assigned"])
        self.assertEqual((self._from(order, self.chair), self._from(order, self.lamp)), ({"Lille": 2}, {"Lyon": 1}))
        self.assertEqual(order.oms_status, "sourced")
        self.assertTrue(all(order.oms_decision_ids.line_ids.mapped("applied")))

    def test_one_line_is_split_only_when_no_site_has_all_of_it(self):
        """13 chairs wanted, 10 in Lille and 15 in Lyon: Lyon. 13 more: the 10 of Lille, 2 of Lyon, and one waits."""
        self._put(self.chair, lille=10, lyon=15)
        self.assertEqual(self._from(self._order(("CHAIR", 13))), {"Lyon": 13})
        order = self._order(("CHAIR", 12))
        self.assertEqual(self._from(order), {"Lille": 10, "Lyon": 2})
        self.assertEqual(order.picking_ids.mapped("state"), ["assigned", "assigned"])
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [12])

    def test_both_parcels_of_a_line_count_as_delivered(self):
        self._put(self.chair, lille=10, lyon=3)
        order = self._order(("CHAIR", 13))
        self.assertEqual(len(self._ship(order)), 2)
        self.assertEqual((order.order_line.qty_delivered, order.oms_status), (13, "shipped"))

    def test_two_lines_of_the_same_product_are_planned_together(self):
        self._put(self.chair, lille=5, lyon=8)
        order = self._order(("CHAIR", 4), ("CHAIR", 4))
        self.assertEqual(self._from(order), {"Lyon": 8})
        self.assertEqual(order.oms_decision_ids.outcome, "single")

    def test_a_site_that_picks_first_has_one_transfer_until_it_has_picked(self):
        """Lille picks and ships in two steps, Lyon in one; together they have the order."""
        self.lille.delivery_steps = "pick_ship"
        self._put(self.chair, lille=4, lyon=2)
        order = self._order(("CHAIR", 6))
        self.assertEqual(self._from(order), {"Lille": 4, "Lyon": 2})
        pick = self._delivery(order, self.lille)
        self.assertEqual((pick.picking_type_id, pick.state), (self.lille.pick_type_id, "assigned"))
        self._validate(pick)
        self.assertEqual(self._delivery(order, self.lille).picking_type_id, self.lille.out_type_id)
        self._ship(order)
        self.assertEqual((order.order_line.qty_delivered, order.oms_status), (6, "shipped"))

    def test_quantities_in_another_unit_come_out_exact(self):
        """One and a half dozen, of which Lille has ten pieces."""
        self._put(self.chair, lille=10, lyon=10)
        order = self._order_in(self.env.ref("uom.product_uom_dozen"), 1.5)
        self.assertEqual(self._from(order), {"Lille": 10, "Lyon": 8})
        self.assertEqual([line.quantity for line in order.oms_decision_ids.line_ids], [10, 8])
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 1.5)

    def test_transfers_in_the_unit_of_the_order_come_out_exact(self):
        """The same where Odoo is told to keep the unit of the order on its transfers."""
        self.env["ir.config_parameter"].set_param("stock.propagate_uom", "1")
        self._put(self.chair, lille=6, lyon=12)
        order = self._order_in(self.env.ref("uom.product_uom_dozen"), 1.5)
        self.assertEqual(self._moves(order).product_uom, self.env.ref("uom.product_uom_dozen"))
        self.assertEqual(self._from(order), {"Lille": 6, "Lyon": 12})
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 1.5)

    def test_parts_of_a_unit_come_out_exact(self):
        """2.5 kg of tea, of which Lille has 0.7."""
        tea = self._create_product("TEA", uom_id=self.env.ref("uom.product_uom_kgm").id)
        self._put(tea, lille=0.7, lyon=2)
        order = self._order(("TEA", "2.5"))
        self.assertEqual(self._from(order), {"Lille": 0.7, "Lyon": 1.8})
        self.assertEqual(order.picking_ids.mapped("state"), ["assigned", "assigned"])

    def test_a_part_of_a_dozen_is_decided_once(self):
        """Seven pieces of what is counted in dozens are 0.58, as Odoo asks for them, 333 g of a kilogram 0.33: no more is
        missing."""
        self._create_product("EGGS", uom_id=self.env.ref("uom.product_uom_dozen").id)
        self._create_product("TEA", uom_id=self.env.ref("uom.product_uom_kgm").id)
        for sku, uom, wanted, quantity in (("EGGS", "unit", 7, 0.58), ("TEA", "gram", 333, 0.33)):
            product = self.env["product.product"].search([("default_code", "=", sku)])
            self._put(product, lille=quantity)
            with self.subTest(sku):
                order = self._order_in(self.env.ref(f"uom.product_uom_{uom}"), wanted, product)
                self.assertEqual(self._from(order), {"Lille": quantity})
                self.assertEqual(order.oms_decision_ids.mapped("trigger"), ["confirm"])
                self.assertEqual(order.oms_decision_ids.line_ids.mapped("quantity"), [quantity])
                self.assertEqual(order._oms_missing(), {})


class TestAskedTogether(RoutingCommon):
    """Odoo asks for all lines of one change, and only then reserves."""

    def test_two_lines_that_are_added_together_share_the_stock(self):
        """Lille has two chairs, Lyon has two; both lines would like those of Lille."""
        self._put(self.lamp, lille=1)
        order = self._order(("LAMP", 1))
        self._put(self.chair, lille=2, lyon=2)
        two = {"product_id": self.chair.id, "product_uom_qty": 2}
        order.write({"order_line": [Command.create(two), Command.create(two)]})
        self.assertEqual(self._from(order, self.chair), {"Lille": 2, "Lyon": 2})
        self.assertEqual(set(order.picking_ids.mapped("state")), {"assigned"})
        self.assertEqual([decision.trigger for decision in self._decisions(order)], ["confirm", "increase"])
        self.assertEqual(self._decisions(order)[-1].outcome, "split")

    def test_lines_of_which_more_is_ordered_at_once_share_the_stock(self):
        self._put(self.chair, lille=2)
        order = self._order(("CHAIR", 1), ("CHAIR", 1))
        self._put(self.chair, lille=4, lyon=2)
        order.order_line.write({"product_uom_qty": 3})
        self.assertEqual(self._from(order), {"Lille": 4, "Lyon": 2})
        self.assertEqual([decision.trigger for decision in self._decisions(order)], ["confirm", "increase"])

    def test_orders_of_which_more_is_ordered_at_once_share_the_stock(self):
        self._put(self.chair, lille=2)
        orders = [self._order(("CHAIR", 1)) for _number in range(2)]
        self._put(self.chair, lille=4, lyon=2)
        (orders[0].order_line | orders[1].order_line).write({"product_uom_qty": 3})
        self.assertEqual([self._from(order) for order in orders], [{"Lille": 3}, {"Lille": 1, "Lyon": 2}])

    def test_of_lines_that_are_added_together_one_whose_source_is_settled_is_left_alone(self):
        """A service is brought by no transfer, and a locked order asks for nothing."""
        self._put(self.chair, lille=5)
        order = self._order(("CHAIR", 1))
        service = self._create_product("CARE", type="service", is_storable=False)
        order.write(
            {
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 1})
                    for product in (self.chair, service)
                ]
            }
        )
        self.assertEqual((self._from(order), len(order.oms_decision_ids)), ({"Lille": 2}, 2))
        order.locked = True
        order.order_line._action_launch_stock_rule()
        self.assertEqual(len(order.oms_decision_ids), 2)


class TestLeftAlone(RoutingCommon):
    def _route(self, source, method="make_to_stock", **values):
        """A route on which goods reach customers from another place than a shelf of ours that the planner looks at."""
        customers = self.env.ref("stock.stock_location_customers")
        return self.env["stock.route"].create(
            {
                "name": "Own way",
                "company_id": self.company.id,
                "sale_selectable": True,
                "product_selectable": True,
                "rule_ids": [
                    Command.create(
                        {
                            "name": "to the customer",
                            "action": "pull",
                            "procure_method": method,
                            "location_src_id": source.id,
                            "location_dest_id": customers.id,
                            "picking_type_id": self.marseille.out_type_id.id,
                            "company_id": self.company.id,
                        }
                    ),
                    Command.create(
                        {
                            "name": "from the supplier",
                            "action": "pull",
                            "procure_method": "make_to_stock",
                            "location_src_id": self.env.ref("stock.stock_location_suppliers").id,
                            "location_dest_id": self.marseille.lot_stock_id.id,
                            "picking_type_id": self.marseille.in_type_id.id,
                            "company_id": self.company.id,
                        }
                    ),
                ],
                **values,
            }
        )

    def test_a_line_with_a_route_of_its_own_keeps_it(self):
        self._put(self.chair, lille=5, marseille=5)
        route = self._route(self.marseille.lot_stock_id)
        order = self._order_in(self.chair.uom_id, 2, route_ids=[Command.set(route.ids)])
        self.assertFalse(order.oms_decision_ids)
        self.assertEqual(order.picking_ids.picking_type_id, self.marseille.out_type_id)
        self.assertEqual(self._moves(order).product_qty, 2)

    def test_goods_that_are_made_to_order_are_not_sourced(self):
        self._put(self.chair, lille=5)
        self.chair.route_ids = self._route(self.marseille.lot_stock_id, "make_to_order")
        order = self._order(("CHAIR", 2))
        self.assertFalse(order.oms_decision_ids)
        self.assertEqual(self._moves(order).procure_method, "make_to_order")
        self.assertEqual(self._moves(order).product_qty, 2)

    def test_goods_that_the_supplier_sends_are_not_sourced(self):
        self._put(self.lamp, lille=5)
        self.chair.route_ids = self._route(self.env.ref("stock.stock_location_suppliers"))
        order = self._order(("CHAIR", 2), ("LAMP", 1))
        chairs, lamps = order.order_line
        self.assertEqual(order.oms_decision_ids.line_ids.sale_line_id, lamps)
        self.assertEqual(chairs.move_ids.location_id.usage, "supplier")
        self.assertEqual(self._from(order), {"Lille": 1})

    def test_goods_that_one_site_gets_from_another_are_sourced(self):
        """How a shelf is replenished is no reason not to choose it."""
        self.marseille.resupply_wh_ids = self.lyon
        self.chair.route_ids = self.marseille.resupply_route_ids
        self._put(self.chair, lille=5)
        self.assertEqual(self._from(self._order(("CHAIR", 2))), {"Lille": 2})

    def test_an_order_of_no_channel_is_left_to_odoo(self):
        self._put(self.chair, lille=5, lyon=5)
        order = self._order_in(self.chair.uom_id, 2)
        plain = order.copy({"oms_channel_id": False, "warehouse_id": self.marseille.id})
        plain.action_confirm()
        self.assertEqual(self._from(plain), {"Marseille": 2})
        plain.order_line.product_uom_qty = 3
        self.assertEqual(self._from(plain), {"Marseille": 3})
        plain.order_line.product_uom_qty = 1
        self.assertEqual(self._from(plain), {"Marseille": 1})
        self.assertFalse(plain.oms_decision_ids)


class TestChangeOfQuantity(RoutingCommon):
    def _split_order(self):
        """Nine chairs: six of Lille, three of Lyon."""
        self._put(self.chair, lille=6, lyon=3)
        order = self._order(("CHAIR", 9))
        self.assertEqual(self._from(order), {"Lille": 6, "Lyon": 3})
        return order

    def _set(self, order, quantity):
        order.order_line[0].product_uom_qty = quantity

    def _assert_nothing_comes_back(self, order):
        """No transfer into a warehouse: nothing has left that could."""
        self.assertFalse(order.picking_ids.filtered(lambda picking: picking.picking_type_code == "incoming"))

    def test_more_is_asked_for_once(self):
        """From 5 to 7 of which 5 are reserved in Lille: two more, decided on their own."""
        self._put(self.chair, lille=5, lyon=4)
        order = self._order(("CHAIR", 5))
        self._set(order, 7)
        self.assertEqual(self._from(order), {"Lille": 5, "Lyon": 2})
        first, increase = self._decisions(order)
        self.assertEqual((first.trigger, increase.trigger), ("confirm", "increase"))
        self.assertEqual([(line.warehouse_id.name, line.quantity) for line in increase.line_ids], [("Lyon", 2)])
        self.assertEqual(order.oms_sourcing_sentence, increase.sentence)

    def test_more_of_the_same_site_goes_into_its_delivery(self):
        self._put(self.chair, lille=9)
        order = self._order(("CHAIR", 5))
        self._set(order, 7)
        self.assertEqual((self._from(order), len(order.picking_ids)), ({"Lille": 7}, 1))

    def test_a_line_that_is_added_later_is_sourced(self):
        self._put(self.chair, lille=5)
        self._put(self.lamp, marseille=5)
        order = self._order(("CHAIR", 2))
        order.order_line = [Command.create({"product_id": self.lamp.id, "product_uom_qty": 1})]
        self.assertEqual(self._from(order), {"Lille": 2, "Marseille": 1})
        self.assertEqual(self._decisions(order)[-1].trigger, "increase")

    def test_less_is_given_back_by_the_last_site(self):
        order = self._split_order()
        self._set(order, 7)
        self.assertEqual(self._from(order), {"Lille": 6, "Lyon": 1})
        self._assert_nothing_comes_back(order)

    def test_less_than_one_site_holds_leaves_the_first(self):
        order = self._split_order()
        self._set(order, 4)
        self.assertEqual(self._from(order), {"Lille": 4})
        self.assertEqual(self._delivery(order, self.lyon).mapped("state"), [])
        self._assert_nothing_comes_back(order)

    def test_nothing_wanted_any_more_gives_everything_back(self):
        order = self._split_order()
        self._set(order, 0)
        self.assertEqual(self._from(order), {})
        self.assertEqual(set(order.picking_ids.mapped("state")), {"cancel"})
        self._assert_nothing_comes_back(order)

    def test_less_step_by_step_ends_where_one_step_would(self):
        order = self._split_order()
        for quantity, expected in ((8, {"Lille": 6, "Lyon": 2}), (5, {"Lille": 5}), (2, {"Lille": 2}), (0, {})):
            self._set(order, quantity)
            self.assertEqual(self._from(order), expected)
        self._assert_nothing_comes_back(order)

    def test_less_and_then_more_asks_for_the_difference_only(self):
        order = self._split_order()
        self._set(order, 4)
        self._set(order, 8)
        self.assertEqual(self._from(order), {"Lille": 6, "Lyon": 2})
        self.assertEqual(set(order.picking_ids.filtered(lambda p: p.state != "cancel").mapped("state")), {"assigned"})

    def test_less_after_a_part_was_shipped_takes_from_what_has_not_left(self):
        """Lille's six have left; Lyon's three become one."""
        order = self._split_order()
        self._validate(self._delivery(order, self.lille))
        self._set(order, 7)
        self.assertEqual(self._from(order), {"Lille": 6, "Lyon": 1})
        self._set(order, 6)
        self.assertEqual(self._from(order), {"Lille": 6})
        self._assert_nothing_comes_back(order)

    def test_less_at_a_site_that_picks_first_is_not_picked(self):
        self.lille.delivery_steps = "pick_ship"
        order = self._split_order()
        self._set(order, 5)
        self.assertEqual(self._from(order), {"Lille": 5})
        self._set(order, 0)
        self.assertEqual(self._from(order), {})
        self._assert_nothing_comes_back(order)

    def test_less_in_another_unit_comes_out_exact(self):
        """From a dozen and a half (10 + 8) to one dozen."""
        self._put(self.chair, lille=10, lyon=10)
        order = self._order_in(self.env.ref("uom.product_uom_dozen"), 1.5)
        self._set(order, 1)
        self.assertEqual(self._from(order), {"Lille": 10, "Lyon": 2})

    def test_goods_that_came_back_are_not_sent_again_when_more_is_ordered(self):
        """Five sent, one came back; two more ordered are two more."""
        self._put(self.chair, lille=9)
        order = self._order(("CHAIR", 5))
        self._send_back(self._ship(order), 1)
        self._set(order, 7)
        self.assertEqual(sum(move.product_qty for move in self._moves(order) if move.state != "done"), 2)

    def test_less_down_to_what_the_customer_kept_changes_nothing(self):
        """Five sent, one came back: that the order says four then is only right."""
        self._put(self.chair, lille=9)
        order = self._order(("CHAIR", 5))
        self._send_back(self._ship(order), 1)
        pickings = order.picking_ids
        self._set(order, 4)
        self.assertEqual(order.picking_ids, pickings)
