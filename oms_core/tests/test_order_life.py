from collections import defaultdict
from dataclasses import fields as dataclass_fields
from itertools import product

from odoo import fields
from odoo.tools import SQL

from ..domain.order_status import RULES, Facts, decide
from .common import OmsCommon


class TestOrderStatus(OmsCommon):
    """ORD-01, ORD-05: the status of an order follows from its documents."""

    def _status(self, order):
        order.invalidate_recordset(["oms_status"])
        return order.oms_status

    def test_an_order_lives_from_received_to_delivered(self):
        self.channel.auto_release = False
        order = self._order(("STD", 2))
        self.assertEqual(order.oms_status, "received")
        order.action_oms_hold()
        self.assertEqual(order.oms_status, "held")
        order.oms_hold_ids.action_release()
        order.action_confirm()
        self.assertEqual(order.oms_status, "sourced")
        order.picking_ids.move_ids.picked = True
        self.assertEqual(order.oms_status, "picking")
        self._ship(order, {self.product_standard: 1})
        self.assertEqual(order.oms_status, "partial")
        self._ship(order)
        self.assertEqual(order.oms_status, "shipped")
        first, second = order.picking_ids
        first.oms_delivered_at = fields.Datetime.now()
        self.assertEqual(order.oms_status, "shipped")
        second.oms_delivered_at = fields.Datetime.now()
        self.assertEqual(order.oms_status, "delivered")

    def test_an_order_that_is_fetched_lies_ready_and_is_picked_up(self):
        order = self._order(("STD", 2))
        order.picking_ids.oms_ready_at = fields.Datetime.now()
        self.assertEqual(order.oms_status, "ready")
        self._ship(order)
        self.assertEqual(order.oms_status, "ready")
        order.picking_ids.oms_collected_at = fields.Datetime.now()
        self.assertEqual(order.oms_status, "collected")

    def test_an_order_waits_for_what_is_not_on_the_shelf(self):
        order = self._order(("STD", 2), ("AVG", 1000))
        self.assertEqual(order.oms_status, "waiting")
        self._ship(order, {self.product_standard: 2})
        self.assertEqual(order.oms_status, "partial")

    def test_a_site_that_picks_before_it_ships_is_picking_in_between(self):
        self.warehouse.delivery_steps = "pick_ship"
        order = self._order(("STD", 2))
        self.assertEqual((len(order.picking_ids), order.oms_status), (1, "sourced"))
        order.picking_ids.button_validate()
        self.assertEqual((len(order.picking_ids), self._status(order)), (2, "picking"))
        self._ship(order)
        self.assertEqual(order.oms_status, "shipped")

    def test_a_part_that_comes_back_and_then_the_rest(self):
        order = self._order(("STD", 2))
        delivery = self._ship(order)
        self._send_back(delivery, 1)
        self.assertEqual(self._status(order), "returned_part")
        self._send_back(delivery, 1)
        self.assertEqual(self._status(order), "returned")

    def test_quantities_in_dozens_come_back_in_pieces(self):
        order = self._order(("STD", 24))
        order.action_cancel()
        order.action_draft()
        dozen = self.env.ref("uom.product_uom_dozen")
        order.oms_external_id = False
        order.order_line.write({"product_uom_id": dozen.id, "product_uom_qty": 2})
        order.action_confirm()
        delivery = self._ship(order)
        self.assertEqual(order.oms_status, "shipped")
        self._send_back(delivery, 12 if delivery.move_ids.product_uom != dozen else 1)
        self.assertEqual(self._status(order), "returned_part")

    def test_nothing_to_ship_and_cancelled(self):
        service = self._create_product("SRV", type="service", is_storable=False)
        self.assertTrue(service)
        self.assertEqual(self._order(("SRV", 1)).oms_status, "done")
        order = self._order(("STD", 1))
        order.action_cancel()
        self.assertEqual(order.oms_status, "cancelled")

    def test_lists_filter_and_group_by_what_forms_show(self):
        orders = (
            self._order(("STD", 1)) | self._order(("AVG", 1000)) | self._order(("STD", 1)) | self._order(("STD", 2))
        )
        orders[2].action_oms_hold()
        self._ship(orders[3])
        self.assertEqual(orders.mapped("oms_status"), ["sourced", "waiting", "held", "shipped"])
        of_these = [("id", "in", orders.ids)]
        groups = dict(self.env["sale.order"]._read_group(of_these, ["oms_status"], ["id:recordset"]))
        expected = defaultdict(self.env["sale.order"].browse)
        for order in orders:
            expected[order.oms_status] |= order
            self.assertEqual(self.env["sale.order"].search([*of_these, ("oms_status", "=", order.oms_status)]), order)
        self.assertEqual(groups, dict(expected))
        others = self.env["sale.order"].search([*of_these, ("oms_status", "not in", ("held", "sourced"))])
        self.assertEqual(set(others), {orders[1], orders[3]})

    def test_the_database_decides_as_the_function_does(self):
        """One table of rules, evaluated twice: for any facts PostgreSQL and Python say the same."""
        names = [field.name for field in dataclass_fields(Facts)]
        columns = {name: SQL.identifier(name) for name in names}
        case = SQL("CASE %s END", SQL(" ").join(self.env["sale.order"]._oms_rule_sql(columns, *rule) for rule in RULES))
        tables = SQL(", ").join(
            SQL("(VALUES (true), (false)) AS %s (%s)", SQL.identifier(f"t_{n}"), columns[n]) for n in names
        )
        rows = self.env.execute_query(SQL("SELECT %s, %s FROM %s", case, SQL(", ").join(columns.values()), tables))
        self.assertEqual(len(rows), len(list(product((0, 1), repeat=len(names)))))
        for status, *values in rows:
            self.assertEqual(status, decide(Facts(**dict(zip(names, values, strict=True)))))

    def test_two_hundred_orders_cost_the_queries_of_one(self):
        docs = [self._doc() for _number in range(200)]
        orders = self.env["sale.order"].browse([order.id for order, _state, _text in self._apply(*docs)])

        def count(of):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            of.mapped("oms_status")
            return self.cr.sql_log_count - before

        count(orders[:1])
        self.assertEqual(count(orders), count(orders[:1]))

    def _send_back(self, delivery, quantity):
        wizard = self.env["stock.return.picking"].with_context(
            active_id=delivery.id, active_ids=delivery.ids, active_model="stock.picking"
        )
        wizard = wizard.create({})
        wizard.product_return_moves.quantity = quantity
        back = wizard._create_return()
        back.move_ids.picked = True
        back.button_validate()
