from datetime import datetime, timedelta, timezone

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time

from .common import MOMENT, OmsCommon

LATER = "2026-03-06 12:00:00"


class TestException(OmsCommon):
    """ORD-06, ORD-10, FUL-09: what stands in the way of an order, the most money first, with what to do next."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("clerk", "oms_core.group_oms_user")
        cls.accountant = cls._create_user("accountant", "oms_core.group_oms_accountant")

    def _rows(self, *domain):
        self.env.invalidate_all()
        return self.env["oms.exception"].search([("company_id", "=", self.company.id), *domain])

    def _kinds(self, order):
        return self._rows(("order_id", "=", order.id)).mapped("kind")

    def test_the_most_money_comes_first_and_then_the_oldest(self):
        small, large, other = (
            self._order(("STD", quantity), status="on_hold", channel_status="waiting") for quantity in (1, 5, 1)
        )
        rows = self._rows()
        self.assertEqual(rows.order_id.ids, [large.id, small.id, other.id])
        self.assertEqual(rows.mapped("amount"), [120, 24, 24])
        self.assertEqual(set(rows.mapped("kind")), {"hold"})
        self.assertIn("The channel keeps this order", rows[0].sentence)
        self.assertTrue(all(rows.mapped("next_action")))

    def test_several_holds_are_one_thing_to_look_at(self):
        order = self._order(("STD", 1), status="on_hold", channel_status="waiting")
        order._oms_hold("manual", "And a question.")
        self.assertEqual(self._kinds(order), ["hold"])
        self.assertIn("And a question.", self._rows(("order_id", "=", order.id)).sentence)
        order.oms_hold_ids.action_release()
        self.assertEqual(self._kinds(order), [])

    def test_what_could_not_be_told_to_another_system_stands_there_too(self):
        self.env["oms.message"]._receive(
            self.channel, "3pl_order", "k", b"{}", state="dead", error="Refused.", direction="out"
        )
        self.assertEqual(self._rows(("kind", "=", "message")).mapped("sentence"), ["Refused."])

    def test_a_message_that_became_no_order_stands_there_too(self):
        message = self.env["oms.message"]._receive(self.channel, "order", "k", b"{", state="dead", error="No order.")
        row = self._rows(("kind", "=", "message"))
        self.assertEqual((row.message_id, row.sentence, row.amount), (message, "No order.", 0))
        self.assertEqual(row.action_open()["res_model"], "oms.message")
        with self.assertRaises(UserError):
            row.action_take()

    def test_an_order_that_waits_too_long_for_stock(self):
        order = self._order(("AVG", 1000))
        order.oms_confirmed_at = MOMENT.replace(tzinfo=None)
        with freeze_time(MOMENT + timedelta(hours=23)):
            self.assertEqual(self._kinds(order), [])
        with freeze_time(MOMENT + timedelta(hours=25)):
            self.assertEqual(self._kinds(order), ["waiting"])

    @freeze_time(LATER)
    def test_of_what_has_left_in_part_only_the_rest_is_at_risk(self):
        order = self._order(("STD", 3), ship_by=datetime(2026, 3, 6, 11, tzinfo=timezone.utc))
        self.assertEqual(self._kinds(order), ["late"])
        self._ship(order, {self.product_standard: 2})
        row = self._rows(("order_id", "=", order.id))
        self.assertEqual((row.kind, row.amount, row.since), ("late", 24, datetime(2026, 3, 6, 11)))
        self.assertIn("Should have left by", row.sentence)
        self._ship(order)
        self.assertEqual(self._kinds(order), [])

    @freeze_time(MOMENT)
    def test_what_is_at_risk_began_in_the_past_and_is_due_in_the_future(self):
        self.channel.risk_hours = 4
        due = (MOMENT + timedelta(hours=2)).replace(tzinfo=None)
        order = self._order(("STD", 1), ship_by=MOMENT + timedelta(hours=2))
        row = self._rows(("order_id", "=", order.id))
        self.assertEqual((row.kind, row.since, row.due_at), ("at_risk", order.oms_confirmed_at, due))

    @freeze_time(LATER)
    def test_an_order_that_is_late_and_on_hold_stands_there_once(self):
        order = self._order(("STD", 1), ship_by=MOMENT)
        order.action_oms_hold()
        self.assertEqual(self._kinds(order), ["hold"])

    def test_what_nothing_will_bring(self):
        order = self._order(("STD", 3))
        order.picking_ids.action_cancel()
        order.oms_hold_ids.action_release()
        for picking in order.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel")):
            picking.move_ids._action_cancel()  # a companion may have found another place
        self.assertEqual(self._kinds(order), ["short"])

    def test_booking_parcels_and_reservations(self):
        order = self._order(("STD", 1))
        order.oms_booking_error = "The period is locked."
        self.assertEqual(self._kinds(order), ["booking"])
        order.oms_booking_error = False
        delivery = self._ship(order)
        delivery.oms_tracking_state = "exception"
        row = self._rows(("order_id", "=", order.id))
        self.assertEqual((row.kind, row.picking_id), ("parcel", delivery))
        self.assertEqual(row.action_open()["res_model"], "stock.picking")
        delivery.oms_tracking_state = "in_transit"
        self.assertEqual(self._kinds(order), [])
        self.channel.auto_release = False
        waiting = self._order(("STD", 1))
        self.env["oms.reservation"].search([("order_id", "=", waiting.id)])._transition("expired")
        self.assertEqual(self._kinds(waiting), ["reservation"])

    def test_money_is_counted_in_the_currency_of_the_company(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 2}
        )
        order = self._order(("STD", 1), currency="USD", status="on_hold", channel_status="waiting")
        self.assertEqual((order.amount_total, self._rows(("order_id", "=", order.id)).amount), (24, 12))

    def test_a_clerk_takes_one_and_an_accountant_only_reads(self):
        order = self._order(("STD", 1), status="on_hold", channel_status="waiting")
        row = self._rows(("order_id", "=", order.id))
        row.with_user(self.clerk).action_take()
        self.assertEqual(self._rows(("order_id", "=", order.id)).user_id, self.clerk)
        self.assertEqual(row.with_user(self.accountant).sentence, row.sentence)
        with self.assertRaises(AccessError):
            row.with_user(self.accountant).action_take()
        with self.assertRaises(AccessError):
            row.with_user(self._create_user("stranger")).read(["sentence"])

    def test_companies_are_kept_apart(self):
        order = self._order(("STD", 1), status="on_hold", channel_status="waiting")
        other = self._create_company("Elsewhere")
        stranger = self._create_user(
            "elsewhere", "oms_core.group_oms_user", company_id=other.id, company_ids=[(6, 0, other.ids)]
        )
        rows = self.env["oms.exception"].with_user(stranger).with_context(allowed_company_ids=other.ids).search([])
        self.assertNotIn(order, rows.order_id)

    def test_groups_add_up(self):
        for quantity in (1, 2):
            self._order(("STD", quantity), status="on_hold", channel_status="waiting")
        groups = self.env["oms.exception"]._read_group(
            [("company_id", "=", self.company.id)], ["kind"], ["__count", "amount:sum"]
        )
        self.assertEqual(groups, [("hold", 2, 72)])
