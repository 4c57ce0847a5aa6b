from datetime import date, datetime, timedelta
from unittest.mock import patch

from psycopg2.errors import LockNotAvailable, SerializationFailure, UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..const import SUBSCRIPTION_TRANSITIONS
from .common import OmsCommon

START = date(2026, 1, 31)


@tagged("post_install", "-at_install")
class TestSubscription(OmsCommon):
    """CAP-15: an order that comes again by itself, each time once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Those of the generic chart have none of the test's own taxes, and would take all taxes away.
        cls.env["account.fiscal.position"].search([("company_id", "=", cls.company.id)]).active = False
        cls.customer = cls.env["res.partner"].create(
            {
                "name": "Zoé Martin",
                "email": "zoe@example.com",
                "street": "5 rue de Rivoli",
                "zip": "75001",
                "city": "Paris",
                "country_id": cls.country.id,
            }
        )

    def _subscription(self, today=START, **values):
        """A subscription to two pieces a month from the end of January on, started."""
        subscription = self.env["oms.subscription"].create(
            {
                "partner_id": self.customer.id,
                "channel_id": self.channel.id,
                "start_date": START,
                "anchor_day": 31,
                "line_ids": [Command.create({"product_id": self.product_standard.id, "quantity": 2})],
                **values,
            }
        )
        with self._today(today):
            subscription.action_start()
        return subscription

    def _today(self, day):
        return patch.object(type(self.env["res.company"]), "_oms_get_today", lambda _self, moment=None: day)

    def test_each_period_has_its_order_and_only_one(self):
        subscription = self._subscription()
        for day in (START, START, START + timedelta(days=1), date(2026, 2, 27), date(2026, 2, 28), date(2026, 2, 28)):
            subscription._run_each(day)
        self.assertEqual(sorted(subscription.order_ids.mapped("oms_subscription_date")), [START, date(2026, 2, 28)])
        self.assertEqual(subscription.next_date, date(2026, 3, 31))
        self.assertEqual(subscription.order_count, 2)

    def test_the_order_is_one_like_any_other(self):
        """Priced and taxed by Odoo, released by the channel's policy, reserved, shipped and booked."""
        subscription = self._subscription(payment_note="Direct debit")
        subscription._run_each(START)
        order = subscription.order_ids
        self.assertEqual((order.state, order.oms_status), ("sale", "sourced"))
        self.assertEqual((order.oms_channel_id, order.company_id), (self.channel, self.company))
        self.assertEqual((order.amount_untaxed, order.amount_total), (40, 48))
        self.assertEqual(order.oms_payment_method, "Direct debit")
        self._ship(order)
        self.assertEqual(self._book(order).amount_total, 48)

    def test_a_channel_that_releases_by_hand_gets_a_quotation(self):
        self.channel.auto_release = False
        subscription = self._subscription()
        subscription._run_each(START)
        self.assertEqual(subscription.order_ids.state, "draft")

    def test_the_price_of_the_start_stays_and_the_price_of_the_day_follows(self):
        fixed, current = self._subscription(price_policy="fixed"), self._subscription()
        self.product_standard.list_price = 30
        (fixed | current)._run_each(START)
        self.assertEqual(fixed.order_ids.order_line.price_unit, 20)
        self.assertEqual(current.order_ids.order_line.price_unit, 30)
        fixed.order_ids.order_line.product_uom_qty = 3
        self.assertEqual(fixed.order_ids.order_line.price_unit, 20)

    def test_the_price_of_the_start_is_that_of_the_company_that_sells(self):
        self.env.ref("base.group_user")._apply_group(self.env.ref("product.group_product_pricelist"))
        other = self._create_company("Other merchant")
        for company, percent in ((self.company, 50), (other, 25)):
            prices = self.env["product.pricelist"].create(
                {
                    "name": company.name,
                    "company_id": company.id,
                    "currency_id": company.currency_id.id,
                    "item_ids": [Command.create({"compute_price": "percentage", "percent_price": percent})],
                }
            )
            self.customer.with_company(company).property_product_pricelist = prices
        subscription = (
            self.env["oms.subscription"]
            .with_company(other)
            .create(
                {
                    "company_id": self.company.id,
                    "partner_id": self.customer.id,
                    "channel_id": self.channel.id,
                    "price_policy": "fixed",
                    "line_ids": [Command.create({"product_id": self.product_standard.id})],
                }
            )
        )
        self.assertEqual(subscription.line_ids.price_unit, 10)

    def test_it_starts_on_the_day_that_it_is_where_the_company_is(self):
        self.company.partner_id.tz = False
        self.company.resource_calendar_id.tz = "America/Los_Angeles"
        self.channel.user_id.tz = "Europe/Paris"
        with freeze_time(datetime(2026, 3, 31, 5)):  # the evening of the 30th
            subscription = self.env["oms.subscription"].create(
                {
                    "partner_id": self.customer.id,
                    "channel_id": self.channel.id,
                    "start_date": START,
                    "anchor_day": 30,
                    "line_ids": [Command.create({"product_id": self.product_standard.id})],
                }
            )
            subscription.action_start()
        self.assertEqual(subscription.next_date, date(2026, 3, 30))

    def test_another_worker_that_was_quicker_leaves_nothing_to_do(self):
        subscription = self._subscription()
        subscription._note_period(START, "done")
        subscription._run_each(START)
        self.assertFalse(subscription.order_ids)
        self.assertFalse(subscription.error)

    @mute_logger("odoo.sql_db")
    def test_two_orders_of_one_day_cannot_be(self):
        subscription = self._subscription()
        subscription._run_each(START)
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            subscription.order_ids.copy({"oms_subscription_id": subscription.id, "oms_subscription_date": START})

    def test_after_a_standstill_one_order_is_made_up_for_or_all(self):
        latest, everything = self._subscription(), self._subscription(catch_up="all")
        (latest | everything)._run_each(date(2026, 4, 5))
        self.assertEqual(latest.order_ids.mapped("oms_subscription_date"), [date(2026, 3, 31)])
        self.assertEqual(sorted(latest.period_ids.mapped("state")), ["done", "missed", "missed"])
        self.assertEqual(everything.order_count, 3)
        self.assertEqual({latest.next_date, everything.next_date}, {date(2026, 4, 30)})

    def test_one_that_is_being_worked_on_elsewhere_has_not_failed(self):
        subscription = self._subscription()
        for error in (SerializationFailure, LockNotAvailable):
            with (
                self.subTest(error=error),
                patch.object(type(subscription), "_run", side_effect=error("could not serialize access")),
                mute_logger("odoo.addons.oms_core.models.oms_subscription"),
            ):
                subscription._run_each(START)
            self.assertFalse(subscription.error)
        subscription._run_each(START)
        self.assertTrue(subscription.order_ids)

    def test_one_that_fails_says_why_and_keeps_no_other_from_its_order(self):
        gone = self._create_product("GONE")
        bad = self._subscription(line_ids=[Command.create({"product_id": gone.id})])
        good = self._subscription()
        gone.active = False
        (bad | good)._run_each(START)
        self.assertEqual((bad.order_count, good.order_count), (0, 1))
        self.assertIn("no longer sold", bad.error)
        self.assertEqual(bad.next_date, START)
        bad._run_each(START)
        self.assertEqual(len(bad.activity_ids), 1)
        gone.active = True
        bad._run_each(START)
        self.assertEqual((bad.order_count, bad.error), (1, False))

    def test_who_meets_another_transaction_has_not_failed(self):
        met, other = self._subscription(), self._subscription()
        original = type(met)._make_order

        def make(subscription, day):
            if subscription == met:
                raise SerializationFailure("could not serialize access")
            return original(subscription, day)

        with patch.object(type(met), "_make_order", make):
            (met | other)._run_each(START)
        self.assertEqual((met.error, met.activity_ids.ids, other.order_count), (False, [], 1))
        met._run_each(START)
        self.assertEqual(met.order_count, 1)

    def test_the_next_one_can_be_left_out(self):
        subscription = self._subscription()
        subscription.action_skip()
        subscription._run_each(START)
        self.assertFalse(subscription.order_ids)
        self.assertEqual(subscription.period_ids.state, "skipped")
        self.assertEqual(subscription.next_date, date(2026, 2, 28))

    def test_what_would_have_come_in_a_pause_is_not_made_up_for(self):
        subscription = self._subscription()
        subscription.action_pause()
        subscription._run_each(date(2026, 3, 31))
        self.assertFalse(subscription.order_ids)
        with self._today(date(2026, 4, 2)):
            subscription.action_resume()
        self.assertEqual(subscription.next_date, date(2026, 4, 30))

    def test_a_pause_of_a_day_brings_no_second_order(self):
        subscription = self._subscription()
        subscription._run_each(START)
        subscription.action_pause()
        with self._today(START):
            subscription.action_resume()
        self.assertEqual(subscription.next_date, date(2026, 2, 28))

    def test_it_ends_after_its_number_of_orders_or_its_last_day(self):
        twice, until = self._subscription(periods_max=2), self._subscription(end_date=date(2026, 3, 15))
        for day in (START, date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)):
            (twice | until)._run_each(day)
        self.assertEqual((twice.order_count, until.order_count), (2, 2))
        self.assertEqual((twice.state, until.state), ("ended", "ended"))

    def test_it_is_cancelled_with_a_reason(self):
        subscription = self._subscription()
        wizard = self.env["oms.subscription.cancel"].create(
            {"subscription_id": subscription.id, "reason": "too_much", "note": "Full cupboard"}
        )
        wizard.action_apply()
        self.assertEqual((subscription.state, subscription.cancel_reason), ("cancelled", "too_much"))
        subscription._run_each(START)
        self.assertFalse(subscription.order_ids)
        with self.assertRaises(UserError):
            subscription.action_resume()

    def test_every_state_is_in_the_table(self):
        states = set(dict(self.env["oms.subscription"]._fields["state"].selection))
        self.assertEqual(states, set(SUBSCRIPTION_TRANSITIONS))
        reached = {"draft"}.union(*SUBSCRIPTION_TRANSITIONS.values())
        self.assertEqual(reached, states)

    def test_a_plan_that_makes_no_sense_is_refused(self):
        for values in ({"every": 0}, {"anchor_day": 32}, {"end_date": "2025-01-01"}, {"periods_max": -1}):
            with self.subTest(values=values), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self._subscription(**values)
        with self.assertRaises(UserError):
            self._subscription(line_ids=[])

    def test_a_customer_pauses_skips_and_cancels_the_own_one_and_no_other(self):
        mine = self._subscription()
        theirs = self._subscription(partner_id=self.env["res.partner"].create({"name": "Other"}).id)
        user = self._create_user("zoe", "base.group_portal", partner_id=self.customer.id)
        self.assertEqual(self.env["oms.subscription"].with_user(user)._oms_portal_find().ids, mine.ids)
        as_customer = mine.with_user(user)
        as_customer._oms_portal_skip()
        self.assertEqual(mine.next_date, date(2026, 2, 28))
        as_customer._oms_portal_pause()
        self.assertEqual(mine.state, "paused")
        with self._today(START):
            as_customer._oms_portal_resume()
        as_customer._oms_portal_cancel("nonsense", "No more")
        self.assertEqual((mine.state, mine.cancel_reason, mine.cancel_note), ("cancelled", "other", "No more"))
        for command in ("pause", "skip", "cancel", "resume"):
            with self.subTest(command=command), self.assertRaises(AccessError):
                getattr(theirs.with_user(user), f"_oms_portal_{command}")()
        self.assertEqual(theirs.state, "running")
        with self.assertRaises(AccessError):
            mine.with_user(user).read(["name"])

    def test_the_job_finds_what_is_due(self):
        subscription = self._subscription()
        later = self._subscription(start_date=date.today() + timedelta(days=40), today=date.today())
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_subscriptions").method_direct_trigger()
        self.assertTrue(subscription.order_ids)
        self.assertGreater(subscription.next_date, date.today())
        self.assertFalse(later.order_ids)

    def test_a_clerk_may_keep_subscriptions(self):
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        subscription = self._subscription().with_user(clerk)
        subscription.action_skip()
        subscription._run_each(date(2026, 2, 28))
        self.assertEqual(subscription.order_count, 1)
        salesman = self._create_user("seller", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            subscription.with_user(salesman).action_pause()
