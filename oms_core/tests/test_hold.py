from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError, UserError

from odoo.addons.oms_core.domain.documents import RiskDoc, RiskFact

from .common import OmsCommon


class HoldCase(OmsCommon):
    def _hold(self, order, kind="manual", reason="Look at it.", **values):
        hold = order._oms_hold(kind, reason)
        hold.write(values)
        return hold

    def _expire(self, hold, **values):
        hold.write({"expires_at": fields.Datetime.now() - timedelta(minutes=1), **values})
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_hold_expiry").method_direct_trigger()
        self.env.invalidate_all()


class TestHoldWork(HoldCase):
    """ORD-02, CUS-08: holds are assigned, put aside, expire, are released with a word, and remember all of it."""

    def test_everything_that_happens_to_a_hold_is_kept(self):
        hold = self._hold(self._order())
        clerk = self._create_user("hold_clerk", "oms_core.group_oms_user")
        hold.with_user(clerk).action_assign_me()
        hold.with_user(clerk).action_park()
        release = (
            self.env["oms.hold.release"].with_user(clerk).create({"hold_ids": [(6, 0, hold.ids)], "note": "Called."})
        )
        release.action_release()
        self.assertEqual(hold.resolution, "Called.")
        events = hold.event_ids.sorted("id")
        self.assertEqual(events.mapped("kind"), ["opened", "changed", "changed", "released"])
        self.assertEqual(events[-1].text, "Called.")
        self.assertEqual(events[1:].user_id, clerk)

    def test_the_history_of_a_hold_is_not_changed(self):
        event = self._hold(self._order()).event_ids
        with self.assertRaises(UserError):
            event.text = "Otherwise"
        with self.assertRaises(UserError):
            event.unlink()

    def test_releasing_one_of_two_holds_releases_no_order(self):
        order = self._order(status="on_hold")
        self._hold(order)
        order.oms_hold_ids.filtered(lambda hold: hold.kind == "channel").action_release()
        self.assertTrue(order.oms_on_hold)
        self.assertEqual(order.state, "draft")
        order.oms_open_hold_ids.action_release()
        self.assertEqual(order.state, "sale")

    def test_money_at_risk_is_worked_before_paper_at_risk(self):
        order = self._order(status="on_hold")
        self._hold(order, "tax")
        self._hold(order, "fraud")
        self.assertEqual(order.oms_hold_ids.sorted("priority").mapped("kind"), ["fraud", "tax", "channel"])

    def test_a_hold_that_expires_releases_itself(self):
        order = self._order(status="on_hold")
        hold = order.oms_open_hold_ids
        self._expire(hold, on_expiry="release")
        self.assertFalse(order.oms_on_hold)
        self.assertEqual(order.state, "sale")
        self.assertEqual(hold.resolution, "Its time was over.")

    def test_a_hold_that_expires_cancels_its_order(self):
        order = self._order(status="awaiting_payment", payments=())
        self._expire(order.oms_open_hold_ids, on_expiry="cancel")
        self.assertEqual(order.state, "cancel")
        self.assertEqual(order.oms_cancellation_ids.reason, "expired")

    def test_a_hold_that_expires_on_a_partly_sent_order_asks_nothing_back(self):
        order = self._order(("STD", 5), ("AVG", 1))
        self._ship(order, {self.product_standard: 2})
        hold = self._hold(order)
        self._expire(hold, on_expiry="cancel")
        cancellation = order.oms_cancellation_ids
        self.assertEqual((cancellation.state, cancellation.whole, order.state), ("stopped", False, "sale"))
        self.assertEqual(cancellation.line_ids.mapped("late"), [0, 0])
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [2, 0])
        self.assertTrue(hold.escalated_at)
        everything = self._order()
        self._ship(everything)
        self._expire(self._hold(everything), on_expiry="cancel")
        self.assertFalse(everything.oms_cancellation_ids)
        self.assertTrue(everything.activity_ids)

    def test_a_hold_that_expires_tells_its_assignee_once(self):
        order = self._order()
        hold = self._hold(order, assignee_id=self.channel_user.id)
        self._expire(hold, on_expiry="escalate")
        self._expire(hold)
        self.assertEqual(order.activity_ids.user_id, self.channel_user)
        self.assertEqual(len(order.activity_ids), 1)
        hold.action_release()
        self.assertFalse(order.activity_ids)

    def test_one_that_cannot_expire_does_not_keep_the_others(self):
        first, second = self._order(), self._order()
        bad, good = self._hold(first), self._hold(second)
        bad.write({"expires_at": "2026-01-01", "on_expiry": "cancel"})
        original = type(first)._oms_request_cancellation

        def fail(order, *args, **kwargs):
            if order.id == first.id:
                raise UserError("Cannot.")
            return original(order, *args, **kwargs)

        self.patch(type(first), "_oms_request_cancellation", fail)
        self._expire(good, on_expiry="cancel")
        self.assertEqual((first.state, second.state), ("sale", "cancel"))
        self.assertIn("Cannot.", bad.event_ids[0].text)
        self.assertGreater(bad.expires_at, fields.Datetime.now())

    def test_holds_are_released_by_who_may(self):
        hold = self._hold(self._order())
        salesman = self._create_user("hold_salesman", "sales_team.group_sale_salesman")
        hold.order_id.user_id = salesman
        for action in (
            "action_release", "action_ask_release", "action_assign_me", "action_park", "action_approve",
            "action_cancel_order", "action_keep_address", "action_use_address",
        ):  # fmt: skip
            with self.subTest(action=action), self.assertRaises(AccessError), self.env.cr.savepoint():
                getattr(hold.with_user(salesman), action)()


class TestAccepted(HoldCase):
    """ORD-02: what a clerk has released by name does not come back while nothing has changed."""

    def _check_again(self, order, doc):
        message = self._receive(doc)
        message.write({"state": "done", "res_model": "sale.order", "res_id": order.id})
        order.action_oms_check_again()

    def test_checking_again_does_not_bring_back_what_was_released_by_name(self):
        self.channel.auto_release = False
        doc = self._doc(status="on_hold", billing=self._address(street="Rue sans numéro"))
        order = self._apply(doc)[0][0]
        self.assertEqual(self._holds(order), ["address", "channel"])
        order.oms_open_hold_ids.filtered(lambda hold: hold.kind == "address").action_release()
        self._check_again(order, doc)
        self.assertEqual(self._holds(order), ["channel"])

    def test_it_comes_back_when_the_channel_says_something_new(self):
        self.channel.auto_release = False
        doc = self._doc(billing=self._address(street="Rue sans numéro"))
        order = self._apply(doc)[0][0]
        order.oms_open_hold_ids.action_release()
        paid = replace(doc, note="Something else", updated_at=doc.updated_at + timedelta(minutes=1))
        self._apply(paid)
        self.assertEqual(self._holds(order), [], "what was ordered and where it goes is the same")
        moved = replace(
            paid, shipping=self._address(street="Autre rue"), updated_at=paid.updated_at + timedelta(minutes=1)
        )
        self._apply(moved)
        self.assertEqual(self._holds(order), ["address"])


class TestAddressHold(HoldCase):
    """ORD-02: a doubtful address stops the order, shows what came, and is kept or corrected."""

    def _doubtful(self, **values):
        order = self._apply(self._doc(billing=self._address(**values)))[0][0]
        return order, order.oms_open_hold_ids

    def test_a_wrong_post_code_is_mended_in_the_suggestion(self):
        order, hold = self._doubtful(zip="1000", city="Bourg-en-Bresse")
        self.assertEqual((hold.kind, hold.zip), ("address", "01000"))
        self.assertIn("1000", hold.address_original)
        hold.action_use_address()
        self.assertEqual(order.partner_shipping_id.zip, "01000")
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.picking_ids.partner_id.zip, "01000")
        self.assertEqual(hold.decision, "used")

    def test_an_address_that_is_right_after_all_is_kept(self):
        order, hold = self._doubtful(street="Rue sans numéro")
        before = order.partner_shipping_id
        hold.action_keep_address()
        self.assertEqual((order.partner_shipping_id, order.state, hold.decision), (before, "sale", "kept"))

    def test_what_the_customer_has_on_file_is_not_touched(self):
        order, hold = self._doubtful(street="Rue sans numéro")
        customer = order.partner_id
        hold.street = "5 Rue sans numéro"
        hold.action_use_address()
        self.assertEqual(customer.street, "Rue sans numéro")
        self.assertEqual(order.partner_shipping_id.street, "5 Rue sans numéro")
        self.assertEqual(order.amount_total, 24.00)

    def test_a_channel_may_do_without_checks(self):
        self.channel.check_addresses = False
        order = self._apply(self._doc(billing=self._address(street="Rue sans numéro")))[0][0]
        self.assertEqual(order.state, "sale")


class TestFraudHold(HoldCase):
    """ORD-02: the risk that a channel tells, decided and done."""

    RISK = RiskDoc(
        "high", Decimal("0.91"), (RiskFact("Card is from abroad", Decimal(20)), RiskFact("Paid before", Decimal(-30)))
    )

    def test_the_facts_are_listed_with_their_weight_the_heaviest_first(self):
        order = self._apply(self._doc(risk=self.RISK))[0][0]
        hold = order.oms_open_hold_ids
        self.assertEqual((hold.kind, hold.risk_level, hold.risk_score), ("fraud", "high", 0.91))
        self.assertEqual(hold.risk_facts, "-30 Paid before\n+20 Card is from abroad")

    def test_approving_lets_the_order_go_and_is_kept(self):
        order = self._apply(self._doc(risk=self.RISK))[0][0]
        hold = order.oms_open_hold_ids
        hold.action_approve()
        self.assertEqual((order.state, hold.decision), ("sale", "approved"))
        self.assertIn("decided", hold.event_ids.mapped("kind"))

    def test_refusing_cancels_the_order_and_not_only_the_hold(self):
        order = self._apply(self._doc(risk=self.RISK))[0][0]
        hold = order.oms_open_hold_ids
        hold.action_cancel_order()
        self.assertEqual((order.state, hold.decision), ("cancel", "cancelled"))
        self.assertEqual(order.oms_cancellation_ids.reason, "fraud")
        self.assertTrue(hold.released_at)

    def test_a_low_risk_stops_nothing(self):
        order = self._apply(self._doc(risk=replace(self.RISK, level="low")))[0][0]
        self.assertEqual((order.state, order.oms_risk_level), ("sale", "low"))
