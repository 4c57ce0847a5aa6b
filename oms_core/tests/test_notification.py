from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..const import INSIDE
from .common import OmsCommon


@tagged("post_install", "-at_install")
class TestNotification(OmsCommon):
    """CUS-07, CUS-11, SHP-10, FUL-07: customers are told once, in the name of the shop, and it is noted why not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.email = "shop@merchant.example"

    def _sent(self, order, event=None):
        """Send what is due about an order.

        :return: its notifications, of one event where given.
        """
        notifications = order.oms_notification_ids.filtered(lambda row: event in (None, row.event)).sudo()
        notifications.filtered(lambda row: row.state == "waiting")._send()
        return notifications

    def _turn(self, event, method="mail", channel=None, **values):
        """A rule of a channel for an event."""
        return self.env["oms.notification.rule"].create(
            {"event": event, "method": method, "channel_id": (channel or self.channel).id, **values}
        )

    def test_a_parcel_that_leaves_is_told_with_its_tracking_number(self):
        order = self._order(("STD", 2))
        order.picking_ids.carrier_tracking_ref = "1Z999"
        picking = self._ship(order)
        told = self._sent(order)
        self.assertEqual(told.mapped("event"), ["shipped"])
        self.assertEqual((told.state, told.picking_id), ("sent", picking))
        message = told.message_id
        self.assertEqual((message.model, message.res_id), ("sale.order", order.id))
        self.assertEqual(message.partner_ids, order.partner_id)
        self.assertIn(order.oms_number, message.subject)
        self.assertIn("Channel TEST", message.email_from)
        self.assertIn("shop@merchant.example", message.email_from)
        for text in ("1Z999", "Product STD", order.partner_id.name, "/oms/track/"):
            self.assertIn(text, message.body)
        mail = self.env["mail.mail"].sudo().search([("mail_message_id", "=", message.id)])
        self.assertEqual(mail.recipient_ids or message.notified_partner_ids, order.partner_id)
        self.assertNotEqual(mail.state, "sent")  # queued; it goes out with Odoo's own job

    def test_whatever_happens_twice_is_told_once(self):
        order = self._order()
        picking = self._ship(order)
        picking._oms_on_shipped()
        order._oms_notify("shipped", picking)
        self.assertEqual(len(self._sent(order, "shipped")), 1)
        order._oms_notify("shipped", picking)
        self.assertEqual(
            order.oms_notification_ids.filtered(lambda row: row.event == "shipped").mapped("state"), ["sent"]
        )

    def test_two_parcels_are_told_one_by_one(self):
        order = self._order(("STD", 2))
        self._ship(order, {self.product_standard: 1})
        self._ship(order)
        self.assertEqual(len(self._sent(order, "shipped")), 2)

    def test_another_connection_that_was_quicker_is_no_error(self):
        order = self._order()
        notifications = self.env["oms.notification"].sudo()
        value = {"order_id": order.id, "event": "delayed", "key": "x"}
        made = notifications._create_once([value])
        with patch.object(type(notifications), "search", return_value=notifications):
            self.assertFalse(notifications._create_once([value, {**value, "key": "x"}]))
            self.assertEqual(notifications._create_once([value, {**value, "key": "y"}]).key, "y")
        self.assertEqual(made.key, "x")

    def test_a_marketplace_tells_its_customers_itself(self):
        self.channel.owns_contact = True
        order = self._order()
        self._ship(order)
        told = self._sent(order)
        self.assertEqual((told.event, told.state), ("shipped", "suppressed"))
        self.assertIn("Channel TEST", told.reason)
        self.assertFalse(told.message_id)

    def test_nothing_is_sent_to_an_address_that_forwards(self):
        self.channel.relay_domains = "buyers.market.example"
        order = self._order(billing=self._address(email="x17@fr.buyers.market.example"))
        self._ship(order)
        told = self._sent(order)
        self.assertEqual(told.state, "suppressed")
        self.assertIn("x17@fr.buyers.market.example", told.reason)

    def test_a_customer_without_address_is_noted_and_not_an_error(self):
        order = self._order(billing=self._address(email="", phone="+33 1 02 03 04 05"))
        self._ship(order)
        told = self._sent(order)
        self.assertEqual(told.state, "suppressed")
        self.assertIn("Add one", told.reason)

    def test_shops_confirm_orders_themselves_unless_a_rule_says_otherwise(self):
        self.assertFalse(self._order().oms_notification_ids)
        rules = self._turn("received") | self._turn("confirmed")
        self.channel.write({"sender_email": "hello@shop.example"})
        order = self._order()
        self.assertEqual(order.oms_notification_ids.rule_id, rules)
        order.oms_ordered_at = self.env.cr.now()
        told = self._sent(order)
        self.assertEqual(sorted(told.mapped("event")), ["confirmed", "received"])
        self.assertEqual(set(told.mapped("state")), {"sent"})
        self.assertIn("hello@shop.example", told[0].message_id.email_from)

    def test_what_a_shop_had_sold_long_ago_is_no_news(self):
        self._turn("received")
        order = self._order()  # of long ago
        order.oms_ordered_at = "2024-01-01 10:00:00"
        told = self._sent(order, "received")
        self.assertEqual(told.state, "suppressed")
        self.assertIn("history", told.reason)

    def test_a_rule_of_the_channel_goes_before_the_one_for_all(self):
        self._turn("shipped", "off")
        order = self._order()
        self._ship(order)
        self.assertFalse(order.oms_notification_ids)

    def test_an_order_cancelled_by_us_is_told_and_one_cancelled_in_the_shop_is_not(self):
        order = self._order()
        order.oms_ordered_at = self.env.cr.now()
        order.action_cancel()
        self.assertEqual(self._sent(order, "cancelled").state, "sent")
        doc = self._doc()
        theirs = self._apply(doc)[0][0]
        theirs.oms_ordered_at = self.env.cr.now()
        theirs._oms_cancel("The channel cancelled it.")
        theirs.oms_called_off = True
        self.assertEqual(self._sent(theirs, "cancelled").state, "suppressed")

    def test_a_new_date_is_told_once_and_the_next_one_again(self):
        order = self._order()
        order._oms_notify("promise_changed", old="2026-03-05", new="2026-03-09")
        order._oms_notify("promise_changed", old="2026-03-05", new="2026-03-09")
        order._oms_notify("promise_changed", old="2026-03-09", new="2026-03-12")
        told = self._sent(order, "promise_changed")
        self.assertEqual(len(told), 2)
        first = told.sorted("id")[0].message_id.body
        self.assertIn("03/09/2026", first)
        self.assertIn("03/05/2026", first)

    def test_who_collects_is_told_where_and_not_that_a_parcel_left(self):
        order = self._order()
        order.write({"oms_delivery_method": "pickup", "oms_pickup_warehouse_id": self.warehouse.id})
        picking = order.picking_ids
        picking.oms_pickup_by = "2026-03-20"
        order._oms_notify("ready_for_pickup", picking)
        self._ship(order.with_context(oms_hand_over=INSIDE))
        told = self._sent(order)
        self.assertEqual(told.mapped("event"), ["ready_for_pickup"])
        for text in (self.warehouse.name, "1 rue du Port", "03/20/2026"):
            self.assertIn(text, told.message_id.body)

    def test_money_paid_back_is_told_with_the_amount(self):
        order = self._order()
        self._ship(order)
        invoice = self._book(order)
        order._oms_on_refunded(invoice)
        told = self._sent(order, "refunded")
        self.assertIn("24.00", told.message_id.body)

    def test_every_event_has_a_mail_that_can_be_made(self):
        order = self._order()
        picking = self._ship(order)
        for event, label in self.env["oms.notification"]._fields["event"].selection:
            with self.subTest(event=event):
                rule = self.env["oms.notification.rule"].search([("event", "=", event), ("channel_id", "=", False)])
                self.assertTrue(rule.template_id, label)
                made = (
                    self.env["oms.notification"]
                    .sudo()
                    ._create_once(
                        [
                            {
                                "order_id": order.id,
                                "event": event,
                                "key": "t",
                                "picking_id": picking.id,
                                "rule_id": rule.id,
                            }
                        ]
                    )
                )
                rendered = made._render(rule.template_id)
                self.assertIn(order.oms_number, rendered["subject"])
                self.assertIn(order.oms_number, rendered["body_html"])

    def test_a_broken_template_stops_no_parcel_and_can_be_put_right(self):
        template = self.env.ref("oms_core.mail_template_shipped").copy({"subject": "{{ object.nonsense }}"})
        rule = self._turn("shipped", template_id=template.id)
        order, other = self._order(), self._order()
        self._ship(order)
        self._ship(other)
        rule_of_other = other.oms_notification_ids
        rule_of_other.rule_id = self.env["oms.notification.rule"].search(
            [("event", "=", "shipped"), ("channel_id", "=", False)]
        )
        (order | other).oms_notification_ids.sudo()._send()
        told = order.oms_notification_ids
        self.assertEqual((told.state, rule_of_other.state), ("failed", "sent"))
        self.assertIn("could not be sent", told.reason)
        rule.template_id = False
        told.action_retry()
        self.assertEqual(self._sent(order).state, "sent")
        with self.assertRaises(UserError):
            told.action_retry()

    def test_the_job_sends_what_is_due_and_leaves_what_waits(self):
        self._turn("shipped", delay_minutes=60)
        order = self._order()
        self._ship(order)
        order._oms_notify("delayed")
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_notifications").method_direct_trigger()
        states = {row.event: row.state for row in order.oms_notification_ids}
        self.assertEqual(states, {"shipped": "waiting", "delayed": "sent"})

    def test_odoo_does_not_send_its_own_mail_about_the_same_parcel(self):
        self.company.stock_move_email_validation = True
        order = self._order()
        picking = self._ship(order)
        self.assertFalse(picking.message_ids.filtered("partner_ids"))
        own = self.env["sale.order"].create(
            {"partner_id": order.partner_id.id, "order_line": [(0, 0, {"product_id": self.product_standard.id})]}
        )
        own.action_confirm()
        self.assertTrue(self._ship(own).message_ids.filtered("partner_ids"))
        self.assertFalse(own.oms_notification_ids)

    def test_odoo_does_not_confirm_what_our_mail_confirms(self):
        order = self._order()
        with patch.object(type(order), "_send_order_notification_mail") as native:
            order._send_order_confirmation_mail()
            self.assertEqual(native.call_count, 1)
            self._turn("confirmed")
            order._send_order_confirmation_mail()
            self.assertEqual(native.call_count, 1)

    def test_a_preview_shows_the_mail_and_keeps_nothing(self):
        order = self._order()
        before = self.env["oms.notification"].search_count([])
        rule = self._turn("ready_for_pickup")
        action = rule.with_user(self._create_user("chan", "oms_core.group_oms_channel")).action_preview()
        preview = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(preview.order_id, order)
        self.assertIn(order.oms_number, preview.subject)
        self.assertEqual(self.env["oms.notification"].search_count([]), before)

    def test_a_clerk_reads_what_was_told_and_changes_nothing(self):
        order = self._order()
        self._ship(order)
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        told = order.oms_notification_ids.with_user(clerk)
        self.assertEqual(told.event, "shipped")
        with self.assertRaises(AccessError):
            told.write({"state": "sent"})
        with self.assertRaises(AccessError):
            told.action_retry()
        with self.assertRaises(UserError):
            told.sudo().write({"event": "delayed"})

    def test_many_orders_cost_no_more_queries_each(self):
        orders = self.env["sale.order"].union(*(self._order() for _number in range(8)))
        orders[:2]._oms_notify("delayed")
        self.env.flush_all()

        def queries(some):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            some._oms_notify("delayed")
            self.env.flush_all()
            return self.cr.sql_log_count - before

        self.assertLessEqual(queries(orders[4:]), queries(orders[2:4]) + 1)
