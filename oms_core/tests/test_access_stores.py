import ast
from datetime import datetime, timedelta

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import freeze_time
from odoo.tools import SQL

from .common import OmsCommon


class TestAccessStores(OmsCommon):
    """SEC-01, X1: a store associate sees what happens in the own stores, and nothing of the others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = cls.env["stock.warehouse"].create(
            {"name": "Store Nantes", "code": "NAN", "company_id": cls.company.id, "oms_node_type": "store"}
        )
        cls._stock(cls._create_product("NAN"), cls.store, 10)
        cls.associate = cls._create_user("associate", "oms_core.group_oms_store")
        cls.store.oms_user_ids = cls.associate

    def setUp(self):
        super().setUp()
        self.ours = self._order_from(self.store, "NAN")
        self.theirs = self._order_from(self.warehouse, "STD")

    def _order_from(self, warehouse, sku):
        """An order whose goods leave from the place that has them, and that is on hold: there is one of everything to see."""
        order = self._order((sku, 1, None, 20), status="awaiting_payment", payments=())
        order.warehouse_id = warehouse
        order.order_line.warehouse_id = warehouse
        order.action_oms_release()
        self.assertEqual(order.picking_ids.picking_type_id.warehouse_id, warehouse)
        order.action_oms_hold()
        return order

    def _records(self, order):
        return (
            order,
            order.order_line,
            order.picking_ids,
            order.picking_ids.move_ids,
            order.picking_ids.move_line_ids,
            order.oms_hold_ids,
        )

    def _sees(self, user, records):
        """Whether a user finds records in lists, and can read them; the two must agree."""
        found = records.with_user(user).search([("id", "in", records.ids)])
        readable = all(record.with_user(user).has_access("read") for record in records)
        self.assertEqual(found == records, readable)
        return readable

    def test_an_associate_sees_the_own_store_only(self):
        for mine, other in zip(self._records(self.ours), self._records(self.theirs), strict=True):
            with self.subTest(model=mine._name):
                self.assertTrue(mine and other)
                self.assertTrue(self._sees(self.associate, mine))
                self.assertFalse(self._sees(self.associate, other))
                with self.assertRaises(AccessError):
                    other.with_user(self.associate).write({})
                    other.with_user(self.associate).read(["display_name"])

    def test_an_associate_reads_the_story_of_own_orders_only(self):
        """Changes, cancellations and what rules did tell as much of an order as the order does."""
        rule = self.env["oms.workflow.rule"].create({"name": "Any", "company_id": self.company.id})
        stories = []
        for order in (self.ours, self.theirs):
            line = order.order_line
            cancellation = self.env["oms.cancellation"].create(
                {
                    "order_id": order.id,
                    "asked_by": "clerk",
                    "reason": "customer",
                    "line_ids": [Command.create({"sale_line_id": line.id, "quantity": 1})],
                }
            )
            change = self.env["oms.order.change"].create(
                {
                    "order_id": order.id,
                    "kind": "items",
                    "line_ids": [Command.create({"sale_line_id": line.id, "quantity": 2})],
                }
            )
            log = self.env["oms.workflow.log"].create(
                {"rule_id": rule.id, "order_id": order.id, "event_key": "captured", "sentence": "Any"}
            )
            events = order.oms_hold_ids.event_ids
            stories.append((events, cancellation, cancellation.line_ids, change, change.line_ids, log))
        for mine, other in zip(*stories, strict=True):
            with self.subTest(model=mine._name):
                self.assertTrue(mine and other)
                self.assertTrue(self._sees(self.associate, mine))
                self.assertFalse(self._sees(self.associate, other))

    def test_who_changes_the_store_sees_the_new_one_at_once(self):
        self.assertFalse(self._sees(self.associate, self.theirs.picking_ids))
        self.warehouse.oms_user_ids = self.associate
        self.store.oms_user_ids = [Command.clear()]
        self.assertTrue(self._sees(self.associate, self.theirs.picking_ids))
        self.assertFalse(self._sees(self.associate, self.ours.picking_ids))

    def test_an_associate_sees_what_will_be_picked_up_in_the_own_store(self):
        self.theirs.oms_pickup_warehouse_id = self.store
        self.assertTrue(self._sees(self.associate, self.theirs))
        self.assertFalse(self._sees(self.associate, self.theirs.picking_ids))

    def test_everybody_else_still_sees_all_places(self):
        """Rules of groups are alternatives: nobody outside of the group is restricted, and nobody who also works everywhere."""
        for number, groups in enumerate(
            (
                "stock.group_stock_user",
                "stock.group_stock_manager",
                "oms_core.group_oms_warehouse",
                "oms_core.group_oms_accountant",
                "oms_core.group_oms_user",
                "oms_core.group_oms_manager",
                "oms_core.group_oms_store,stock.group_stock_manager",
                "oms_core.group_oms_store,oms_core.group_oms_user",
                "oms_core.group_oms_store,oms_core.group_oms_accountant",
            )
        ):
            user = self._create_user(f"wide{number}", groups)
            for order in (self.ours, self.theirs):
                for records in self._records(order):
                    with self.subTest(groups=groups, model=records._name):
                        self.assertTrue(self._sees(user, records))

    def test_a_salesman_who_helps_in_a_store_keeps_the_own_orders_and_gets_no_other(self):
        user = self._create_user("helper", "oms_core.group_oms_store,sales_team.group_sale_salesman")
        self.store.oms_user_ids |= user
        self.theirs.user_id = self.env.user
        self.assertTrue(self._sees(user, self.ours))
        self.assertFalse(self._sees(user, self.theirs))
        self.theirs.user_id = user
        self.assertTrue(self._sees(user, self.theirs))

    def test_an_associate_ships_an_order_that_another_place_ships_too(self):
        """The order is shipped when all its parcels are, also the one that the associate does not see."""
        order = self._order(("NAN", 1, None, 20), ("AVG", 1, None, 20), status="awaiting_payment", payments=())
        here, _there = order.order_line
        here.warehouse_id = self.store
        order.action_oms_release()
        mine = order.picking_ids.filtered(lambda picking: picking.picking_type_id.warehouse_id == self.store)
        other = order.picking_ids - mine
        self.assertTrue(mine and other)
        other.move_ids.picked = True
        other.button_validate()
        as_associate = mine.with_user(self.associate)
        as_associate.move_ids.picked = True
        as_associate.with_context(skip_backorder=True).button_validate()
        self.assertEqual((mine.state, order.oms_status), ("done", "shipped"))
        self.assertFalse(self._sees(self.associate, other))

    def test_an_associate_cannot_ship_or_give_up_what_another_place_has(self):
        self.theirs.action_oms_release()
        other = self.theirs.picking_ids.with_user(self.associate)
        for forbidden in (
            other.button_validate,
            other.action_cancel,
            other._action_done,
            other.move_ids._action_done,
            self.theirs.picking_ids.move_ids.with_user(self.associate)._action_cancel,
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                forbidden()
                other.move_ids.read(["state"])  # a filtered list is empty: nothing happened then
        self.assertEqual(self.theirs.picking_ids.state, "assigned")

    def test_an_accountant_reads_everything_and_writes_nothing(self):
        accountant = self._create_user("books", "oms_core.group_oms_accountant")
        message = self._receive(self._doc())
        for records in (*self._records(self.ours), message):
            with self.subTest(model=records._name):
                self.assertTrue(records.with_user(accountant).read(["display_name"]))
                if records._name == "stock.move.line":
                    continue  # which Odoo gives to every employee
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(records.with_user(accountant).has_access(operation), operation)

    def test_a_store_has_a_report_of_what_it_was_asked_for_and_of_nothing_else(self):
        """ANA-10: accepted, rejected, minutes to pick and late, of the own stores only."""
        now = datetime(2026, 3, 10, 12)
        for order, minutes in ((self.ours, 40), (self.theirs, 10)):
            order.oms_hold_ids.filtered("is_open").action_release()
            order.write({"oms_ship_by": now})
            picking = order.picking_ids
            picking.write({"oms_accept_by": now, "oms_accepted_at": now - timedelta(minutes=minutes - 10)})
            self._create_date(picking, now - timedelta(minutes=minutes))
            picking.oms_picked_at = now
        mine = self.ours.picking_ids
        reason = self.env["oms.reject.reason"].search([], limit=1)
        self.env["oms.rejection"].create(
            {
                "picking_id": mine.id,
                "warehouse_id": self.store.id,
                "company_id": self.company.id,
                "product_id": mine.move_ids.product_id.id,
                "quantity": 2,
                "reason_id": reason.id,
            }
        )
        action = (
            self.env["ir.actions.act_window"].with_user(self.associate)._for_xml_id("oms_core.oms_store_report_action")
        )
        found = self.env["stock.picking"].with_user(self.associate).search(ast.literal_eval(action["domain"]))
        self.assertEqual(found, mine)
        with freeze_time(now + timedelta(hours=1)):
            found.invalidate_recordset()
            [row] = found.read(["oms_accept_took", "oms_pick_took", "oms_rejected_quantity", "oms_late_count"])
        row.pop("id")
        self.assertEqual(list(row.values()), [10, 30, 2, 1])
        with freeze_time(now - timedelta(hours=1)):
            found.invalidate_recordset()
            self.assertEqual(found.oms_late_count, 0)
        menu = self.env.ref("oms_core.menu_oms_store_report")
        self.assertIn(menu.id, self.env["ir.ui.menu"].with_user(self.associate)._visible_menu_ids())

    def _create_date(self, record, moment):
        record.flush_recordset()
        self.env.cr.execute(
            SQL("UPDATE %s SET create_date = %s WHERE id = %s", SQL.identifier(record._table), moment, record.id)
        )
        record.invalidate_recordset()

    def test_each_role_finds_its_menus(self):
        root = self.env.ref("oms_core.menu_oms_root")
        expected = {
            "oms_core.group_oms_store": {"menu_oms_orders"},
            "oms_core.group_oms_warehouse": {"menu_oms_orders"},
            "oms_core.group_oms_accountant": {"menu_oms_orders", "menu_oms_books", "menu_oms_channels"},
            "oms_core.group_oms_user": {"menu_oms_orders", "menu_oms_channels"},
        }
        for number, (group, names) in enumerate(expected.items()):
            user = self._create_user(f"menus{number}", group)
            visible = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            self.assertIn(root.id, visible, group)
            shown = {menu.get_external_id()[menu.id].split(".")[1] for menu in root.child_id if menu.id in visible}
            self.assertEqual(names - shown, set(), group)
            self.assertNotIn("menu_oms_configuration", shown, group)
        nobody = self._create_user("nobody")
        self.assertNotIn(root.id, self.env["ir.ui.menu"].with_user(nobody)._visible_menu_ids())
