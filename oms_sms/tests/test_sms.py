from odoo.tests import tagged

from odoo.addons.oms_core.tests.common import OmsCommon


@tagged("post_install", "-at_install")
class TestSms(OmsCommon):
    """CUS-07, SHP-10: the same rules, by text message."""

    def _told(self, method, **address):
        self.env["oms.notification.rule"].create({"event": "shipped", "method": method, "channel_id": self.channel.id})
        order = self._order(billing=self._address(phone="+33 6 12 34 56 78", **address))
        self._ship(order)
        told = order.oms_notification_ids.sudo()
        told._send()
        return told

    def _sms(self, told):
        return self.env["sms.sms"].sudo().search([("partner_id", "=", told.partner_id.id)])

    def test_a_text_message_is_queued_in_the_name_of_the_shop(self):
        told = self._told("sms")
        self.assertEqual(told.state, "sent")
        sms = self._sms(told)
        self.assertEqual(sms.state, "outgoing")
        self.assertIn("Channel TEST", sms.body)
        self.assertIn(told.order_id.oms_number, sms.body)

    def test_both_means_mail_and_text_message(self):
        told = self._told("both")
        self.assertTrue(self._sms(told))
        self.assertIn("on its way", told.message_id.subject)

    def test_both_means_the_one_that_is_possible(self):
        told = self._told("both", email="")
        self.assertEqual((told.state, len(self._sms(told))), ("sent", 1))

    def test_nobody_without_a_phone_gets_a_text_message(self):
        told = self._told("sms", email="zoe@example.com")
        self.assertEqual(told.state, "sent")
        order = self._order()
        self._ship(order)
        order.oms_notification_ids.sudo()._send()
        self.assertEqual(order.oms_notification_ids.state, "suppressed")
        self.assertFalse(self._sms(order.oms_notification_ids))

    def test_every_text_can_be_made(self):
        told = self._told("mail")
        for template in self.env["sms.template"].search([("model", "=", "oms.notification")]):
            with self.subTest(template=template.name):
                self.assertIn("Channel TEST", template._render_field("body", told.ids)[told.id])
