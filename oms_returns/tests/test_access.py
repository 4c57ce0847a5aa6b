"""Who may do what with returns."""

from odoo.exceptions import AccessError
from odoo.fields import Command

from .common import ReturnsCommon


class TestAccess(ReturnsCommon):
    def test_a_clerk_does_the_whole_return(self):
        """With no right to stock or accounting of their own: what is booked follows from the return alone."""
        order = self._shipped(("STD", 2), ("AVG", 1))
        clerk = self._create_user("returns_clerk", "oms_core.group_oms_user")
        self.assertFalse(clerk.has_group("account.group_account_invoice"))
        self.assertFalse(clerk.has_group("stock.group_stock_user"))
        self.env.invalidate_all()
        action = order.with_user(clerk).action_oms_return()
        request = self.env["oms.return"].with_user(clerk).browse(action["res_id"])
        request.action_authorize()
        self.assertEqual((request.stage, request.picking_count), ("expected", 1))
        request.action_receive()
        self.env.invalidate_all()
        self.assertEqual((request.stage, request.line_ids.mapped("quantity_received")), ("inspected", [2, 1]))
        request.action_refund()
        self.env.invalidate_all()
        self.assertEqual((request.stage, request.amount_refunded, request.amount_to_repay), ("settled", 72, 72))
        request.action_repay()
        self.env.invalidate_all()
        self.assertEqual((request.amount_to_repay, self._net(self.clearing_account)), (0, 0))
        self.assertTrue(request.read())

    def test_a_clerk_cancels_a_return(self):
        order = self._shipped(("STD", 2))
        clerk = self._create_user("returns_clerk", "oms_core.group_oms_user")
        request = self._return(order, 2, authorize=False).with_user(clerk)
        request.action_authorize()
        request.action_cancel()
        self.assertEqual(request.sudo().picking_ids.state, "cancel")

    def test_a_salesman_sees_returns_and_changes_none(self):
        order = self._shipped(("STD", 2))
        request = self._return(order, 1, authorize=False)
        salesman = self._create_user("returns_salesman", "sales_team.group_sale_salesman_all_leads")
        theirs = request.with_user(salesman)
        self.assertEqual(theirs.name, request.name)
        for step in (
            "action_authorize",
            "action_receive",
            "action_refund",
            "action_repay",
            "action_cancel",
            "action_draft",
        ):
            with self.assertRaises(AccessError, msg=step):
                getattr(theirs, step)()
        with self.assertRaises(AccessError):
            order.with_user(salesman).action_oms_return()

    def test_another_company_sees_no_return(self):
        request = self._return(self._shipped(("STD", 2)), 1)
        other = self._create_company("Another merchant")
        stranger = self._create_user(
            "returns_stranger",
            "oms_core.group_oms_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        theirs = self.env(user=stranger.id, context={"allowed_company_ids": other.ids})
        for model in ("oms.return", "oms.return.line"):
            self.assertFalse(theirs[model].search([]), model)
        with self.assertRaises(AccessError):
            request.with_env(theirs).read(["name"])
        with self.assertRaises(AccessError):
            request.with_env(theirs).action_refund()

    def test_a_store_associate_sees_what_comes_back_of_orders_of_the_own_store(self):
        """SEC-01: who may not see an order may not see its return."""
        request = self._return(self._shipped(("STD", 2)), 1)
        associate = self._create_user("returns_associate", "oms_core.group_oms_store")
        other = self.env["stock.warehouse"].create({"name": "Store", "code": "STO", "company_id": self.company.id})
        other.oms_user_ids = associate
        for records in (request, request.line_ids):
            self.assertFalse(records.with_user(associate).search([("id", "in", records.ids)]))
            with self.assertRaises(AccessError):
                records.with_user(associate).read(["display_name"])
        self.warehouse.oms_user_ids = associate
        for records in (request, request.line_ids):
            self.assertEqual(records.with_user(associate).search([("id", "in", records.ids)]), records)
