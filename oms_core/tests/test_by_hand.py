from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import OmsCommon


@tagged("post_install", "-at_install")
class TestByHand(OmsCommon):
    """An order that somebody types in Sales goes the way of every other order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user(
            "typist", "sales_team.group_sale_salesman_all_leads,oms_core.group_oms_user,stock.group_stock_user"
        )
        cls.customer = cls.env["res.partner"].create(
            {
                "name": "Caller",
                "street": "1 rue de Rivoli",
                "zip": "75001",
                "city": "Paris",
                "country_id": cls.country.id,
            }
        )

    def _type(self, customer=None, **values):
        """What a clerk types: two pieces for a caller."""
        orders = self.env["sale.order"].with_user(self.clerk)
        line = Command.create({"product_id": self.product_standard.id, "product_uom_qty": 2})
        return orders.create({"partner_id": (customer or self.customer).id, "order_line": [line], **values})

    def test_a_typed_order_has_the_company_s_own_channel_which_is_made_once(self):
        first, second = self._type(), self._type()
        desk = first.oms_channel_id
        self.assertEqual((desk.platform, desk.company_id, desk.typed_orders), ("manual", self.company, True))
        self.assertEqual(second.oms_channel_id, desk)
        self.assertIn(first, self.env["sale.order"].search([("oms_channel_id", "!=", False)]), "in the one order list")

    def test_in_the_form_of_the_sales_app_nothing_has_to_be_chosen(self):
        with Form(self.env["sale.order"].with_user(self.clerk)) as form:
            form.partner_id = self.customer
            with form.order_line.new() as line:
                line.product_id = self.product_standard
        self.assertTrue(form.record.oms_channel_id.typed_orders)

    def test_an_order_that_names_its_channel_keeps_it(self):
        self.assertEqual(self._type(oms_channel_id=self.channel.id).oms_channel_id, self.channel)

    def test_what_a_job_makes_is_not_typed(self):
        order = self.env["sale.order"].create({"partner_id": self.customer.id})
        self.assertFalse(order.oms_channel_id)

    def test_a_company_that_wants_no_channel_for_typed_orders_gets_none(self):
        self._type().oms_channel_id.sudo().typed_orders = False
        self.assertFalse(self._type().oms_channel_id)

    def test_it_is_confirmed_sourced_shipped_and_left_to_the_sales_app_to_invoice(self):
        order = self._type()
        self.assertEqual(order.oms_status, "received")
        order.action_confirm()
        self.assertEqual((order.state, order.oms_status), ("sale", "sourced"))
        self.assertTrue(order.oms_confirmed_at)
        self.assertIn("confirmed it", order.oms_touched)
        self._ship(order)
        self.assertIn(order.oms_status, ("shipped", "delivered"))
        self._book(order)
        self.assertFalse(order.invoice_ids, "the desk invoices by hand, as without channels")
        self.assertEqual(order.invoice_status, "to invoice")

    def test_without_an_address_it_waits_and_goes_on_when_somebody_releases_it(self):
        order = self._type(self.env["res.partner"].create({"name": "No address"}))
        told = order.action_confirm()
        self.assertEqual((order.state, order.oms_status), ("draft", "held"))
        self.assertIn("no complete delivery address", told["params"]["message"])
        self.assertEqual(self._holds(order), ["address"])
        order.action_oms_release()
        self.assertEqual(order.state, "sale", "it was confirmed once; nobody has to do it again")

    def test_a_rule_about_what_comes_in_holds_it_too(self):
        self.env["oms.workflow.rule"].create(
            {
                "name": "Dear orders",
                "event": "captured",
                "company_id": self.company.id,
                "action_ids": [Command.create({"kind": "hold", "hold_kind": "fraud", "sentence": "Call back first."})],
            }
        )
        order = self._type()
        order.action_confirm()
        self.assertEqual((order.state, order.oms_hold_reason), ("draft", "Call back first."))

    def test_a_quotation_whose_hold_is_released_stays_a_quotation(self):
        order = self._type()
        order.action_oms_hold()
        order.action_oms_release()
        self.assertEqual(order.state, "draft")
