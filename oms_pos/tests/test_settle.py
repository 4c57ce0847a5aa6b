from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TillCommon


@tagged("post_install", "-at_install")
class TestSettle(TillCommon):
    """PAY-03: An order of another channel that is collected and paid at the till (pay at pickup)."""

    def _unpaid(self, **values):
        """An order of the web shop that the customer will pay when it is fetched."""
        ((order, _state, _text),) = self._apply(
            self._doc(lines=(self._line(quantity=2),), payments=(), **values), channel=self.channel
        )
        return order

    def _settle(self, order, **values):
        """What the till's screen sends when an order is settled there."""
        line = order.order_line
        part = self._part(
            line.product_id,
            line.product_uom_qty,
            price_unit=line.price_unit,
            sale_order_origin_id=order.id,
            sale_order_line_id=line.id,
        )
        return self._sell(part, partner_id=order.partner_id.id, **values)

    def test_it_is_picked_up_and_paid_once(self):
        order = self._unpaid()
        self.assertEqual(order.state, "sale")
        delivery = order.picking_ids
        self.assertEqual(order.amount_unpaid, order.amount_total, "the till offers it with all that is due")
        sale = self._settle(order)
        self._capture()
        self.assertFalse(sale.oms_order_ids, "it is in the list already")
        self.env.invalidate_all()
        self.assertEqual(delivery.state, "cancel", "the till's transfer took its place")
        self.assertEqual((order.oms_status, order.invoice_status), ("collected", "invoiced"))
        self.assertEqual(order.order_line.qty_delivered, 2)
        self.assertFalse(order.oms_on_hold)
        self.assertFalse(self._book(order), "what was paid at the till is not invoiced again")
        self.assertEqual(order.amount_unpaid, 0)
        stock = self.product_standard.with_context(warehouse_id=self.warehouse.id).qty_available
        self.assertEqual((stock, self._atp()), (98, 98), "the goods left once")
        self._close()
        self._book(order)
        self.assertFalse(order.invoice_ids)
        self.env.invalidate_all()
        account = order._oms_get_order_to_cash()
        self.assertTrue(account.is_closed, account.rests)
        totals = account.totals
        self.assertEqual((float(totals.charged), totals.owed), (order.amount_total, 0))
        self.assertEqual({step.entry.id for step in account.steps if step.entry}, {sale.session_id.move_id.id})

    def test_what_comes_back_at_the_till_is_not_sent_again(self):
        order = self._unpaid()
        sale = self._settle(order)
        refund = self._refund(sale)
        self._capture()
        self.env.invalidate_all()
        self.assertEqual(order.oms_status, "returned")
        self.assertEqual(refund.oms_order_ids.amount_total, -order.amount_total)
        self.assertFalse(self._book(order))

    def test_an_order_that_waits_for_its_money_goes_on_when_the_till_has_it(self):
        order = self._unpaid(status="awaiting_payment")
        self.assertEqual((order.state, self._holds(order)), ("draft", ["payment"]))
        self._settle(order)
        self.env.invalidate_all()
        self.assertEqual((order.state, order.oms_status), ("sale", "collected"))

    def test_an_order_that_is_held_for_another_reason_is_not_handed_over(self):
        order = self._unpaid()
        order._oms_hold("fraud", "Ask for an identity card.")
        with self.assertRaisesRegex(UserError, "Ask for an identity card"):
            order.with_user(self.cashier).load_sale_order_from_pos(self.till)

    def test_nobody_says_by_the_api_that_he_stands_at_the_till(self):
        order = self._unpaid(status="awaiting_payment")
        clerk = self._create_user("clerk_afar", "sales_team.group_sale_salesman_all_leads,oms_core.group_oms_user")
        with self.assertRaisesRegex(UserError, "on hold"):
            order.with_user(clerk).with_context(oms_at_till=True, oms_by_job=True).action_confirm()
        self.assertEqual((order.state, self._holds(order)), ("draft", ["payment"]))

    def test_what_another_channel_was_paid_for_is_not_due_at_the_till(self):
        ((order, _state, _text),) = self._apply(self._doc(lines=(self._line(quantity=2),)))
        self.assertEqual(order.amount_unpaid, 0)

    def test_something_more_in_the_same_bag_is_an_order_of_the_till(self):
        order = self._unpaid()
        line = order.order_line
        settled = self._part(
            line.product_id,
            2,
            price_unit=line.price_unit,
            sale_order_origin_id=order.id,
            sale_order_line_id=line.id,
        )
        sale = self._sell(settled, self._part(self.product_average), partner_id=order.partner_id.id)
        self._capture()
        self.assertEqual(sale.oms_order_ids.amount_total, 24)
        self.assertEqual(sale.oms_order_ids.amount_total + order.amount_total, sale.amount_total)
