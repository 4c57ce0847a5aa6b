"""What happens to the orders of an app is told to it, signed, once, over real HTTP; and what kind of channel it is."""

from datetime import timedelta

from odoo import fields
from odoo.tests import Form

from odoo.addons.oms_channels.tests.servers.rest_api import AppServer

from .test_api import ApiCommon


class TestAppIsTold(ApiCommon):
    """CAP-13: order accepted, held, confirmed; parcels, cancellations, refunds; each once, whatever happens on the way."""

    def setUp(self):
        super().setUp()
        self.server = AppServer().start()
        self.addCleanup(self.server.stop)
        self.app.write({"api_url": self.server.events_url, "api_secret": self.server.secret})

    def _send(self, times=1):
        for _again in range(times):
            waiting = self._messages(self.app).filtered(lambda message: message.direction == "out")
            waiting.write({"next_attempt_at": fields.Datetime.now() - timedelta(seconds=1)})
            self.app.ask_again_at = False
            with self.enter_registry_test_mode():
                self.env.ref("oms_channels.cron_outbox").method_direct_trigger()
            self.env.invalidate_all()

    def _standings(self):
        return [event["data"]["status"] for event in self.server.events("order.status")]

    def test_an_order_is_told_from_its_arrival_to_its_parcel(self):
        sale = self._captured(number="A-1")
        picking = self._ship(sale)
        picking.carrier_tracking_ref = "1Z999"
        self._send()
        self.assertEqual(self._standings(), ["received", "confirmed"])
        [first, second] = self.server.events("shipment.created")
        self.assertEqual((first["data"]["order_id"], first["data"]["last"]), ("A-1", True))
        self.assertEqual(second["data"]["tracking_number"], "1Z999")
        self.assertEqual(self.server.events("order.status")[0]["data"]["number"], sale.name)
        picking.oms_delivered_at = fields.Datetime.now()
        picking.sale_id._oms_notify("delivered", picking)
        picking.sale_id._oms_notify("delivered", picking)
        self._send()
        self.assertEqual(self._standings(), ["received", "confirmed", "delivered"])

    def test_an_order_that_waits_is_told_with_the_reason_and_not_with_what_is_only_our_business(self):
        sale = self._captured(total="25.00")
        sale._oms_hold("fraud", "The card belongs to Jean Dupont.")
        self._send()
        held = [
            event["data"]["sentence"]
            for event in self.server.events("order.status")
            if event["data"]["status"] == "held"
        ]
        self.assertEqual(len(held), 2)
        self.assertTrue(any("25.00" in sentence for sentence in held))
        self.assertFalse(any("Dupont" in sentence for sentence in held))

    def test_what_we_call_off_is_told_and_what_the_app_called_off_is_only_confirmed(self):
        ours, theirs = self._captured(number="A-1"), self._captured(number="A-2")
        ours._oms_request_cancellation("inventory", "clerk")
        theirs._oms_request_cancellation("customer", "channel")
        self._send()
        self.assertEqual([event["data"]["order_id"] for event in self.server.events("order.cancelled")], ["A-1"])
        self.assertEqual(self._standings().count("cancelled"), 2)

    def test_lost_answers_and_an_app_that_is_down_double_nothing_and_lose_nothing(self):
        self.server.misbehave(7, share=0.6)
        for number in range(4):
            self._ship(self._captured(number=f"A-{number}"))
        self._send(8)
        self.server.misbehave(7, share=0)
        self._send(2)
        told = [event["data"]["order_id"] for event in self.server.events("shipment.created")]
        self.assertEqual(sorted(told), ["A-0", "A-1", "A-2", "A-3"])
        self.assertEqual(sorted(self._standings()), ["confirmed"] * 4 + ["received"] * 4)

    def test_what_the_app_refuses_is_a_task_with_its_own_words(self):
        self.server.refuses["A-1"] = "This order is archived."
        sale = self._captured(number="A-1")
        picking = self._ship(sale)
        self._send()
        self.assertEqual(picking.oms_told_state, "failed")
        self.assertIn("archived", picking.activity_ids.note)

    def test_an_app_without_an_address_is_told_nothing_and_nothing_waits_for_it(self):
        self.app.api_url = False
        self._ship(self._captured())
        self.assertFalse(self._messages(self.app).filtered(lambda message: message.direction == "out"))

    def test_other_shops_are_not_told_how_an_order_stands(self):
        self._apply(self._doc(), channel=self.shop_channel)
        self.assertFalse(self._messages().filtered(lambda message: message.kind == "standing"))

    def test_an_app_that_can_be_asked_is_read_and_one_that_cannot_is_left_in_peace(self):
        self.assertFalse(self.app.can_poll)
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_poll").method_direct_trigger()
            self.env.ref("oms_channels.cron_audit").method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(self.server.asked)
        moment = fields.Datetime.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.server.orders["A-9"] = self._app_order("A-9", ordered_at=moment, updated_at=moment)
        self.app.account_ref = self.server.url
        self.assertTrue(self.app.can_poll)
        self.app._poll()
        self.assertFalse(self.app.poll_error)
        self.assertEqual(self._arrived().mapped("kind"), ["order"])


class TestKindOfChannel(ApiCommon):
    """CAP-05: web shop, marketplace, app, call centre …: told apart in lists, filters and reports."""

    def test_a_platform_says_what_kind_it_usually_is_and_a_person_knows_better(self):
        ebay = self._create_channel("E", platform="ebay")
        kinds = (self.channel, self.shop_channel, self.app, ebay)
        self.assertEqual([channel.source_type for channel in kinds], ["manual", "web", "app", "marketplace"])
        self.app.source_type = "kiosk"
        sale = self._captured()
        self.assertEqual(sale.oms_source_type, "kiosk")
        self.assertIn(sale, self.env["sale.order"].search([("oms_source_type", "=", "kiosk")]))

    def test_the_report_counts_by_kind(self):
        self.app.source_type = "chat"
        self._captured()
        self.env.flush_all()
        found = self.env["oms.order.report"]._read_group(
            [("company_id", "=", self.company.id)], ["source_type"], ["order_id:count_distinct"]
        )
        self.assertEqual(dict(found), {"chat": 1})

    def test_a_call_centre_takes_an_order_by_hand_that_is_held_reserved_and_shipped_as_any_other(self):
        self.channel.source_type = "call_center"
        self.channel.user_id.group_ids |= self.env.ref("sales_team.group_sale_salesman_all_leads")
        customer = self.env["res.partner"].create(
            {"name": "Zoé", "street": "1 rue de Rivoli", "zip": "75001", "city": "Paris", "country_id": self.country.id}
        )
        form = Form(self.env["sale.order"].with_context(default_oms_channel_id=self.channel.id))
        form.partner_id = customer
        with form.order_line.new() as line:
            line.product_id = self.product_standard
            line.product_uom_qty = 2
        sale = form.save()
        sale.oms_channel_id = self.channel
        sale.action_confirm()
        self.assertEqual((sale.oms_source_type, sale.oms_status), ("call_center", "sourced"))
        self._ship(sale)
        self.assertEqual(sale.oms_status, "shipped")
