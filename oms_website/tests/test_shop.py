from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .common import ShopCommon


@tagged("post_install", "-at_install")
class TestShop(ShopCommon):
    """An order of Odoo's own shop goes the way of every order, and its money is booked once, by Odoo's own payment."""

    def test_a_website_has_a_channel_from_the_start_and_one_in_each_company_it_moves_to(self):
        self.assertEqual(
            (self.shop.platform, self.shop.company_id, self.shop.name), ("website", self.company, "Own shop")
        )
        self.assertEqual(self.website._oms_get_channel(), self.shop)
        other = self._create_company("Other merchant")
        self.website.company_id = other
        self.assertEqual(self.website._oms_get_channel().company_id, other)
        self.website.company_id = self.company
        self.assertEqual(self.website._oms_get_channel(), self.shop)

    def test_a_cart_is_no_order(self):
        cart = self._cart()
        self.assertFalse(cart.oms_channel_id)
        self._begin_payment(cart)
        self.assertFalse(cart.oms_channel_id, "not even when its customer has gone to pay")

    def test_what_a_client_says_in_its_context_lets_no_cart_be_sent_past_its_channel(self):
        cart = self._cart()
        cart.with_context(oms_placed=True).action_confirm()
        self.assertEqual(cart.oms_channel_id, self.shop)
        self.assertTrue(cart.oms_ordered_at)

    def test_from_the_cart_to_matched_entries(self):
        cart = self._cart()
        entries = self.env["account.move"].search([("company_id", "=", self.company.id)])
        transaction = self._pay(cart)
        self.assertEqual((cart.state, cart.oms_status), ("sale", "sourced"))
        self.assertEqual((cart.oms_channel_id, cart.oms_delivery_method), (self.shop, "ship"))
        self.assertTrue(cart.oms_ordered_at and cart.oms_confirmed_at)
        self.assertFalse(cart.oms_touched, "nobody touched it")
        self.assertFalse(self._book(cart), "nothing is invoiced before it leaves")
        self._ship(cart)
        invoice = self._book(cart)
        self.assertEqual(len(invoice), 1)
        self.assertEqual((invoice.amount_total, cart.amount_total), (54, 54))
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self._book(cart)
        self.assertEqual(cart.invoice_ids, invoice, "once")
        self.assertEqual(transaction.payment_id.amount, 54)
        self.assertEqual(self.env["account.payment"].search_count([("company_id", "=", self.company.id)]), 1)
        made = self.env["account.move"].search([("company_id", "=", self.company.id)]) - entries
        self.assertEqual(self._net(self.clearing_account, made), 54, "the provider owes the money")
        self.assertEqual(self._net(self._account("receivable"), made), 0, "and the customer nothing")
        self.assertEqual(self._net(self._account("income"), made), -45)
        self.assertEqual(self._net(self._account("tax"), made), -9)
        self.assertEqual(self._net(self._account("cogs"), made), 20)
        self.assertEqual(self._net(self._account("stock"), made), -20)

    def test_it_is_sent_from_the_place_that_has_the_goods(self):
        self.shop.stock_policy = "hold"
        other = self.env["stock.warehouse"].create({"name": "Other", "code": "OTH", "company_id": self.company.id})
        rare = self._create_product("RARE")
        self._stock(rare, other, 2)
        cart = self._cart(rare)
        self._pay(cart)
        self.assertEqual(cart.picking_ids.picking_type_id.warehouse_id, other)
        self.assertEqual(cart.oms_status, "sourced")

    def _promise_to_pay(self, provider):
        """The customer places an order whose money is still to come."""
        cart = self._cart()
        transaction = self._begin_payment(cart, provider)
        transaction._set_pending()
        transaction._post_process()
        return cart, transaction

    def test_what_is_still_to_be_paid_keeps_its_goods_and_goes_on_when_the_money_comes(self):
        cart, transaction = self._promise_to_pay(self.card)
        self.assertEqual((cart.state, cart.oms_channel_id, self._holds(cart)), ("sent", self.shop, ["payment"]))
        self.assertEqual(sum(cart._oms_pending().mapped("quantity")), 2)
        in_an_hour = fields.Datetime.add(fields.Datetime.now(), hours=1)
        self.assertGreater(cart._oms_pending().expires_at, in_an_hour, "as long as an order waits, not a checkout")
        transaction._set_done()
        transaction._post_process()
        self.assertEqual((cart.state, self._holds(cart)), ("sale", []))
        self.assertFalse(cart._oms_pending())

    def test_a_bank_transfer_is_released_by_who_finds_the_money_in_the_bank(self):
        cart, _transaction = self._promise_to_pay(self.transfer)
        self.assertIn("release it when the money has come", cart.oms_hold_reason)
        clerk = self._create_user("clerk", "oms_core.group_oms_user,sales_team.group_sale_salesman_all_leads")
        cart.with_user(clerk).action_oms_release()
        self.assertEqual(cart.state, "sale")

    def test_a_rule_holds_it_without_disturbing_the_customer_s_payment(self):
        self.env["oms.workflow.rule"].create(
            {
                "name": "Look at all",
                "event": "captured",
                "company_id": self.company.id,
                "action_ids": [Command.create({"kind": "hold", "hold_kind": "fraud", "sentence": "Call back first."})],
            }
        )
        cart = self._cart()
        transaction = self._pay(cart)
        self.assertEqual((transaction.state, cart.state, self._holds(cart)), ("done", "sent", ["fraud"]))
        self.assertTrue(transaction.payment_id, "the money is booked all the same")
        self.assertFalse(cart.is_abandoned_cart)
        self.assertEqual(sum(cart._oms_pending().mapped("quantity")), 2)
        clerk = self._create_user("clerk", "oms_core.group_oms_user,sales_team.group_sale_salesman_all_leads")
        cart.with_user(clerk).action_oms_release()
        self.assertEqual(cart.state, "sale")

    def test_a_wrong_address_waits_for_a_person(self):
        self.customer.zip = "7500"
        cart = self._cart()
        self._pay(cart)
        self.assertEqual((cart.state, self._holds(cart)), ("sent", ["address"]))

    def test_the_customer_has_the_channel_s_time_for_second_thoughts(self):
        self.shop.edit_window_minutes = 60
        cart = self._cart()
        self._pay(cart)
        self.assertEqual((cart.state, self._holds(cart)), ("sent", []))
        self.assertTrue(cart.oms_release_at)
        cart.oms_release_at = cart.oms_ordered_at
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_release").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(cart.state, "sale")

    def test_an_order_for_nothing_needs_no_payment(self):
        cart = self._cart()
        cart.order_line.write({"price_unit": 0})
        cart._validate_order()
        self.assertEqual((cart.state, cart.oms_channel_id), ("sale", self.shop))

    def test_a_clerk_who_confirms_a_cart_makes_it_an_order_of_the_website(self):
        clerk = self._create_user("clerk", "sales_team.group_sale_salesman_all_leads")
        cart = self._cart()
        cart.with_user(clerk).action_confirm()
        self.assertEqual((cart.state, cart.oms_channel_id), ("sale", self.shop))
        self.assertIn("confirmed it", cart.oms_touched)

    def test_the_customer_cancels_what_is_still_to_be_paid(self):
        cart, _transaction = self._promise_to_pay(self.transfer)
        cart._oms_request_cancellation("customer", "customer")
        self.assertEqual((cart.state, cart.oms_status), ("cancel", "cancelled"))
        self.assertFalse(cart._oms_pending())

    def test_the_customer_cancels_what_is_paid_and_an_accountant_looks_at_the_money(self):
        cart = self._cart()
        self._pay(cart)
        cart._oms_request_cancellation("customer", "customer")
        self.assertEqual((cart.oms_status, self._holds(cart)), ("held", ["cancel"]))

    def test_a_guest_who_may_be_a_customer_is_proposed_and_not_merged(self):
        guest = self.customer.copy({"name": "Visitor"})
        cart = self._cart(customer=guest)
        self._pay(cart)
        self.assertEqual(cart.partner_id, guest, "anybody can type anybody's address")
        (self.customer | guest).write({"customer_rank": 1, "oms_compared": False})
        found = self.env["oms.customer.match"]._find(guest)
        self.assertEqual(found.partner_id | found.candidate_id, self.customer | guest)
