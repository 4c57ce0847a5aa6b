from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.tests import tagged

from odoo.addons.oms_core.domain.documents import ReturnRequestDoc, ReturnRequestLineDoc
from odoo.addons.oms_returns.models.oms_return_notification import RETURN_EVENTS

from .common import ReturnsCommon


@tagged("post_install", "-at_install")
class TestReturnNotification(ReturnsCommon):
    """CUS-07, RET-18: customers are told what becomes of what they send back; each thing once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.email = "shop@merchant.example"

    def setUp(self):
        super().setUp()
        self.order = self._shipped(("STD", 2), ("AVG", 1))
        self.order.sudo().oms_notification_ids.unlink()

    def _told(self, *events):
        """What is told of these events: sent, and the words of each mail."""
        rows = self.order.sudo().oms_notification_ids.filtered(lambda row: not events or row.event in events)
        rows.filtered(lambda row: row.state == "waiting")._send()
        self.assertFalse(rows.filtered("reason").mapped("reason"))
        return rows.sorted("id")

    def test_a_return_from_the_first_word_to_the_money(self):
        request = self._return(self.order, 1)
        [agreed] = self._told()
        self.assertEqual(agreed.event, "return_authorized")
        for words in ("Product STD", "Money back", f"/returns/{request.id}", "Print the label", self.order.oms_number):
            self.assertIn(words, agreed.message_id.body)
        self.assertIn("/oms/track/", agreed.message_id.body)
        request.action_receive()
        [came] = self._told("return_received")
        self.assertEqual(came.picking_id, request.picking_ids)
        self.assertIn("Product STD", came.message_id.body)
        request.action_refund()
        [paid] = self._told("refunded")
        self.assertIn("24.00", paid.message_id.body)
        self.assertEqual(len(self._told()), 3)

    def test_what_comes_in_two_parcels_is_told_twice_and_what_is_done_again_is_not(self):
        request = self._return(self.order, 2)
        self._receive_part(request, 1)
        request.action_receive()
        self.assertEqual(len(self._told("return_received")), 2)
        request._notify_customer("return_authorized")
        self.assertEqual(len(self._told("return_authorized")), 1)

    def test_a_refusal_is_told_with_its_reason_as_it_was_written(self):
        request = self._return(self.order, 1, authorize=False)
        request.refusal = "The seal is <b>broken</b>."
        request.action_refuse()
        [refused] = self._told()
        self.assertEqual(refused.event, "return_refused")
        self.assertIn("The seal is &lt;b&gt;broken&lt;/b&gt;.", refused.message_id.body)

    def test_what_a_person_has_to_look_at_is_told_as_that(self):
        self.patch(type(self.env["oms.return"]), "_authorize_if_allowed", lambda record: record.browse())
        line = ReturnRequestLineDoc(str(self.order.order_line[0].id), Decimal(1))
        _answer, problems = self.order._oms_apply_return_request(ReturnRequestDoc("k1", (line,), way="mail"))
        self.assertFalse(problems)
        [asked] = self._told()
        self.assertEqual(asked.event, "return_requested")
        self.assertIn("Please keep the goods", asked.message_id.body)
        self.order.oms_return_ids.action_authorize()
        self.assertEqual(self._told().mapped("event"), ["return_requested", "return_authorized"])

    def test_who_has_sent_nothing_is_reminded_once_before_it_is_too_late(self):
        request = self._return(self.order, 1)
        late, early, come = (self._return(self._shipped(("STD", 1)), 1) for _number in range(3))
        come.action_receive()
        now = fields.Datetime.now()
        for record, days in ((request, 2), (late, -1), (early, 20), (come, 2)):
            record.line_ids.window_end = now + timedelta(days=days)
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)
        for _day in range(2):
            self.env["oms.return"]._cron_remind()
        rows = self.env["oms.notification"].sudo().search([("event", "=", "return_reminder")])
        self.assertEqual(rows.order_id, self.order)
        self.assertIn("There is time until", self._told("return_reminder").message_id.body)

    def test_what_the_shop_does_the_shop_tells(self):
        request = self._return(self.order, 1, authorize=False)
        request.origin = "channel"
        request.action_authorize()
        request.action_receive()
        self.assertFalse(self._told())

    def test_an_order_of_no_channel_is_told_about_its_return_as_odoo_has_no_mail_for_that(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.order.partner_id.id,
                "order_line": [(0, 0, {"product_id": self.product_standard.id, "product_uom_qty": 1})],
            }
        )
        order.oms_channel_id = False
        self.assertFalse(order._oms_tells_customers("return_authorized"))
        order.action_confirm()
        order.oms_channel_id = False
        self._ship(order)
        self._return(order, 1)
        self.assertEqual(order.sudo().oms_notification_ids.mapped("event"), ["return_authorized"])

    def test_each_event_has_a_mail_that_can_be_looked_at_and_turned_off_for_a_channel(self):
        for event, _label in RETURN_EVENTS:
            with self.subTest(event=event):
                rule = self.env["oms.notification.rule"].search([("event", "=", event), ("channel_id", "=", False)])
                self.assertEqual(len(rule), 1)
                wizard = self.env["oms.notification.preview"].browse(rule.action_preview()["res_id"])
                self.assertTrue(wizard.subject)
                self.assertIn("Hello", wizard.body)
        self.env["oms.notification.rule"].create(
            {"event": "return_authorized", "method": "off", "channel_id": self.channel.id}
        )
        self._return(self.order, 1)
        self.assertFalse(self._told())
