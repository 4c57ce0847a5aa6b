from ast import literal_eval
from datetime import date, datetime, timedelta

from lxml import etree

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import TransactionCase, tagged

from odoo.addons.oms_returns.tests.common import ReturnsCommon

DELIVERED = datetime(2026, 3, 3, 15, 30)


class PolicyCommon(ReturnsCommon):
    """Only the policies that a test makes hold."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["oms.return.policy"].search([]).active = False
        cls.defect = cls.env.ref("oms_returns.reason_defective")
        cls.mind = cls.env.ref("oms_returns.reason_changed_mind")
        cls.clerk = cls._create_user("policy_clerk", "oms_core.group_oms_user")
        cls.manager = cls._create_user("policy_manager", "oms_core.group_oms_manager")

    def _policy(self, name="Shop", **values):
        values = {"company_id": self.company.id, "days_refund": 14, "offers_exchange": False, **values}
        return self.env["oms.return.policy"].create({"name": name, **values})

    def _delivered(self, *lines, at=DELIVERED, **values):
        order = self._shipped(*lines, **values)
        order.picking_ids.oms_delivered_at = at
        return order

    def _asked(self, order, *quantities, on=datetime(2026, 3, 10, 12), **values):
        request = self._return(order, *quantities, authorize=False)
        request.write({"requested_at": on, **values})
        return request

    def _refusals(self, request):
        return [problem.code for problem in request._judge().refusals]


class TestPolicy(PolicyCommon):
    """RET-04: what may come back, until when and on what terms follows from policies, and from nothing else."""

    def test_in_time_it_is_authorized_on_the_terms_of_the_policy_and_they_stay(self):
        policy = self._policy(
            fee_kind="percent",
            fee_value=10,
            needs_inspection=True,
            refund_shipping="proportional",
            label_paid_by="customer",
        )
        request = self._asked(self._delivered(("STD", 2)), 1)
        request.action_authorize()
        line = request.line_ids
        self.assertEqual((line.policy_id, request.policy_id, request.label_paid_by), (policy, policy, "customer"))
        self.assertEqual((line.fee_percent, line.fee_amount, line.needs_inspection), (10, 0, True))
        self.assertEqual((line.refund_shipping, line.expects_goods), ("proportional", True))
        self.assertEqual(line.window_end, datetime(2026, 3, 17, 23, 59, 59))
        policy.write({"fee_value": 50, "days_refund": 1, "needs_inspection": False})
        self.assertEqual((line.fee_percent, line.needs_inspection), (10, True))
        for said in ("Possible until 2026-03-17", "A fee of 10 %", "The customer pays the label", "inspected first"):
            self.assertIn(said, request.policy_answer)

    def test_a_day_late_it_is_refused_with_what_is_possible_instead(self):
        self._policy(days_credit=30)
        request = self._asked(self._delivered(("STD", 1)), 1, on=datetime(2026, 3, 18, 0, 5))
        with self.assertRaisesRegex(UserError, "was 17 March 2026. Possible instead: store credit until 2 April 2026"):
            request.with_user(self.clerk).action_authorize()
        self.assertEqual((request.state, request.picking_ids), ("draft", self.env["stock.picking"]))
        request.line_ids.outcome = "credit"
        request.with_user(self.clerk).action_authorize()
        self.assertEqual(request.state, "open")

    def test_what_is_kept_in_memory_is_what_holds_whoever_asks_first(self):
        group = self.env["res.country.group"].create({"name": "North"})
        policy = self._policy(country_group_ids=[Command.set(group.ids)])
        self._policy("Switched off", active=False)
        policies = self.env["oms.return.policy"]
        known = policies.with_context(active_test=False)._get_policies(self.company.id)
        self.assertIn(policy.id, [one.id for one in known])
        self.assertNotIn("Switched off", [one.name for one in policies._get_policies(self.company.id)])
        group.country_ids = self.country
        [found] = [one for one in policies._get_policies(self.company.id) if one.id == policy.id]
        self.assertEqual(found.scope.countries, {self.country.id})

    def test_it_is_judged_when_it_was_asked_and_not_when_somebody_looks(self):
        self._policy()
        request = self._asked(self._delivered(("STD", 1)), 1, on=datetime(2026, 3, 17, 20))
        request.action_authorize()
        self.assertEqual(request.state, "open")

    def test_the_last_day_is_one_of_the_company(self):
        self._policy()
        self.company.partner_id.tz = "Pacific/Auckland"  # thirteen hours ahead: the fourth of March there
        order = self._delivered(("STD", 1))
        self.assertEqual(order._oms_judge_return().lines[0].outcomes["refund"].until, date(2026, 3, 18))
        request = self._asked(order, 1, on=datetime(2026, 3, 18, 10, 59))
        self.assertEqual(self._refusals(request), [])
        request.requested_at = datetime(2026, 3, 18, 11, 0)
        self.assertEqual(self._refusals(request), ["window"])

    def test_where_nobody_told_the_delivery_the_days_begin_when_it_should_have_been_there(self):
        self._policy()
        order = self._delivered(("STD", 1), at=False)
        order.picking_ids.write({"date_done": datetime(2026, 3, 2, 9), "oms_expected_at": False})
        until = order._oms_judge_return().lines[0].outcomes["refund"].until
        self.assertEqual(until, date(2026, 3, 21))
        order.picking_ids.oms_expected_at = datetime(2026, 3, 4, 12)
        until = order._oms_judge_return().lines[0].outcomes["refund"].until
        self.assertEqual(until, date(2026, 3, 18))

    def test_the_days_of_an_order_begin_with_its_last_parcel(self):
        self._policy(window_start="order")
        order = self._order(("STD", 2))
        first = self._ship(order, {self.product_standard: 1})
        first.oms_delivered_at = DELIVERED
        self.assertIsNone(order._oms_judge_return().lines[0].outcomes["refund"].until)
        self._ship(order).oms_delivered_at = DELIVERED + timedelta(days=10)
        self.assertEqual(order._oms_judge_return().lines[0].outcomes["refund"].until, date(2026, 3, 27))

    def test_the_first_policy_that_fits_a_line_decides_it(self):
        self._policy(
            "Final", sequence=1, is_final_sale=True, category_ids=[Command.set(self.product_fifo.categ_id.ids)]
        )
        self._policy("Defects", sequence=0, days_refund=730, reason_ids=[Command.set(self.defect.ids)])
        self._policy(sequence=2)
        order = self._delivered(("STD", 1), ("FIFO", 1))
        request = self._asked(order, 1, 1)
        judgement = request._judge()
        self.assertEqual([line.policy for line in judgement.lines], ["Shop", "Final"])
        self.assertEqual([problem.code for problem in judgement.refusals], ["final_sale"])
        request.line_ids[1].reason_id = self.defect
        self.assertTrue(request._judge().ok)
        request.action_authorize()
        self.assertFalse(request.policy_id, "the lines have one each")
        self.assertEqual(request.line_ids.policy_id.mapped("name"), ["Shop", "Defects"])

    def test_a_policy_asks_by_channel_country_category_above_tag_and_segment(self):
        order = self._delivered(("STD", 1))
        above = self.env["product.category"].create({"name": "All goods"})
        self.product_standard.categ_id.parent_id = above
        tag, other_tag = self.env["res.partner.category"].create([{"name": "VIP"}, {"name": "Other"}])
        order.partner_id.category_id = tag
        france, germany = self.env.ref("base.fr"), self.env.ref("base.de")
        scopes = [
            ({"channel_ids": self.channel.ids}, {"channel_ids": self._create_channel("OTHER").ids}),
            ({"country_ids": france.ids}, {"country_ids": germany.ids}),
            ({"category_ids": above.ids}, {"category_ids": self.product_fifo.categ_id.ids}),
            (
                {"product_ids": self.product_standard.product_tmpl_id.ids},
                {"product_ids": self.product_fifo.product_tmpl_id.ids},
            ),
            ({"partner_tag_ids": tag.ids}, {"partner_tag_ids": other_tag.ids}),
        ]
        policy = self._policy()
        for fits, does_not in scopes:
            for scope, expected in ((fits, policy.id), (does_not, None)):
                with self.subTest(scope=scope):
                    (name, ids), *_rest = scope.items()
                    policy.write({name: [Command.set(ids)]})
                    self.assertEqual(order._oms_judge_return().lines[0].policy_id, expected)
            policy.write({name: [Command.clear()]})
        policy.segment = "champion"
        self.assertIsNone(order._oms_judge_return().lines[0].policy_id)
        self.env["oms.customer.score"].create(
            {"partner_id": order.partner_id.id, "company_id": self.company.id, "segment": "champion"}
        )
        self.assertEqual(order._oms_judge_return().lines[0].policy_id, policy.id)

    def test_a_policy_of_another_company_says_nothing_here(self):
        other = self._create_company("Other merchant")
        self._policy("Theirs", company_id=other.id, days_refund=1)
        shared = self._policy("Of all", company_id=False, sequence=99)
        self.assertEqual(self._delivered(("STD", 1))._oms_judge_return().lines[0].policy_id, shared.id)

    def test_a_claim_expects_nothing_and_costs_nothing(self):
        self._policy(fee_kind="fixed", fee_value=5, needs_inspection=True, label_paid_by="customer")
        order = self._delivered(("STD", 1))
        request = self._asked(order, 1, kind="claim")
        request.action_authorize()
        line = request.line_ids
        self.assertEqual((line.expects_goods, line.fee_amount, line.needs_inspection), (False, 0, False))
        self.assertFalse(request.picking_ids)

    def test_a_fee_is_in_the_currency_of_the_order(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        usd.rate_ids.unlink()
        usd.rate_ids = [Command.create({"name": "2026-01-01", "rate": 2, "company_id": self.company.id})]
        self._policy(fee_kind="fixed", fee_value=3.5)
        request = self._asked(self._delivered(("STD", 1), currency="USD"), 1)
        self.assertEqual(request.currency_id, usd)
        request.action_authorize()
        self.assertEqual(request.line_ids.fee_amount, 7)


class TestExceptions(PolicyCommon):
    """RET-04: only a manager decides otherwise than the policies, for a reason that is kept; what is not there nobody gives."""

    def setUp(self):
        super().setUp()
        self._policy()
        self.late = self._asked(self._delivered(("STD", 2)), 1, on=datetime(2026, 5, 1))

    def _anyway(self, user, reason="Lay at the neighbour"):
        wizard = self.env["oms.return.override"].with_user(user)
        wizard.create({"return_id": self.late.id, "reason": reason}).action_apply()

    def test_a_manager_authorizes_anyway_and_who_when_and_why_is_kept(self):
        self.assertTrue(self.late.with_user(self.manager).can_override)
        self._anyway(self.manager)
        self.assertEqual((self.late.state, self.late.override_user_id), ("open", self.manager))
        self.assertEqual(self.late.override_reason, "Lay at the neighbour")
        said = self.late.message_ids.filtered(lambda message: "Exception" in (message.body or ""))
        self.assertEqual(said.author_id, self.manager.partner_id)
        self.assertIn("17 March 2026", said.body)

    def test_a_clerk_cannot(self):
        self.assertFalse(self.late.with_user(self.clerk).can_override)
        with self.assertRaises(AccessError):
            self._anyway(self.clerk)
        with self.assertRaises(AccessError):
            self.late.with_user(self.clerk)._override("Please")
        with self.assertRaisesRegex(AccessError, "Only managers"):
            self.late.with_user(self.clerk).write({"override_reason": "Please"})
        with self.assertRaisesRegex(AccessError, "Only managers"):
            self.env["oms.return"].with_user(self.clerk).create({"override_user_id": self.manager.id})
        self.assertEqual(self.late.state, "draft")

    def test_nobody_gets_around_it_by_what_is_sent_with_a_call(self):
        for key in ("oms_return_override", "oms_return_to"):
            with self.subTest(key=key), self.assertRaises(UserError):
                self.late.with_user(self.clerk).with_context(**{key: self.late.id}).action_authorize()

    def test_without_a_reason_there_is_no_exception(self):
        with self.assertRaisesRegex(UserError, "Say why"):
            self._anyway(self.manager, reason="  ")

    def test_who_may_authorizes_only_by_saying_so(self):
        """Nobody makes an exception by the way: not a manager with the plain button, nor a job."""
        for user in (self.manager, self.env.user):
            with self.assertRaises(UserError):
                self.late.with_user(user).action_authorize()

    def test_nobody_can_allow_what_is_not_there(self):
        self.late.line_ids.quantity = 3
        self.assertFalse(self.late.with_user(self.manager).can_override)
        with self.assertRaisesRegex(UserError, "2 can come back"):
            self._anyway(self.manager)

    def test_an_exception_goes_when_the_return_begins_anew(self):
        self._anyway(self.manager)
        self.late.action_cancel()
        self.late.action_draft()
        self.assertEqual((self.late.override_reason, self.late.judgement), (False, False))
        with self.assertRaises(UserError):
            self.late.action_authorize()

    def test_what_a_platform_has_promised_or_is_on_the_table_is_noted_and_not_refused(self):
        self.late.origin = "channel"
        self.late.action_authorize()
        self.assertEqual(self.late.state, "open")
        self.assertIn("By the return policies", self.late.message_ids[0].body)


class TestApproval(PolicyCommon):
    """RET-01: what the policy allows by itself waits for nobody; the rest for a person."""

    def test_by_itself_by_a_person_and_not_at_all(self):
        policy = self._policy(approval="automatic")
        order = self._delivered(("STD", 3))
        request = self._asked(order, 1)
        self.assertEqual(request._authorize_if_allowed(), request)
        self.assertEqual((request.state, request.is_authorized_by_policy), ("open", True))
        late = self._asked(order, 1, on=datetime(2026, 5, 1))
        self.assertFalse(late._authorize_if_allowed())
        policy.approval = "by_hand"
        late.requested_at = datetime(2026, 3, 10)
        self.assertFalse(late._authorize_if_allowed())
        self.assertEqual(late.state, "draft")

    def test_who_sends_back_too_much_waits_for_a_person(self):
        self._policy(approval="automatic", limit_returns=1, limit_days=30)
        order = self._delivered(("STD", 3))
        self.assertTrue(self._asked(order, 1)._authorize_if_allowed())
        second = self._asked(order, 1, on=datetime(2026, 3, 11))
        self.assertFalse(second._authorize_if_allowed())
        self.assertEqual([note.code for note in second._judge().notes], ["limit_returns"])
        second.action_authorize()
        self.assertEqual(second.state, "open")

    def test_limits_count_by_value_and_by_share_and_forget_what_is_long_ago(self):
        policy = self._policy(limit_amount=40, limit_days=30, limit_effect="refuse")
        order = self._delivered(("STD", 4))
        order.date_order = datetime(2026, 3, 1)
        first = self._asked(order, 1, on=datetime(2026, 3, 4))
        first.action_authorize()
        second = self._asked(order, 1, on=datetime(2026, 3, 17))
        self.assertEqual(self._refusals(second), ["limit_amount"], "24.00 each")
        policy.limit_days = 10
        self.assertEqual(self._refusals(second), [])
        policy.write({"limit_days": 30, "limit_amount": 0, "limit_share": 40})
        self.assertEqual(self._refusals(second), [], "a first order says nothing")
        order.copy({"date_order": datetime(2026, 3, 2), "partner_id": order.partner_id.id, "state": "sale"})
        order.copy({"date_order": datetime(2026, 3, 2), "partner_id": order.partner_id.id, "state": "sale"})
        bought = self.env["sale.order"].search([("partner_id", "=", order.partner_id.id)])
        self.assertEqual(len(bought), 3)
        policy.limit_share = 100 * 48 / sum(bought.mapped("amount_total")) - 1
        self.assertEqual(self._refusals(second), ["limit_share"])
        policy.limit_share += 2
        self.assertEqual(self._refusals(second), [])


class TestReturnless(PolicyCommon):
    """RET-04, N13: goods stay where to have them back costs more than they bring, by costs that are known."""

    def setUp(self):
        super().setUp()
        self.policy = self._policy(returnless="cheaper", limit_days=365)
        self.product_standard.weight = 0.4
        self.order = self._delivered(("STD", 2))
        self.carrier = self.env["delivery.carrier"].create(
            {"name": "Post", "product_id": self.env.ref("oms_core.product_shipping").id}
        )
        self.order.picking_ids.carrier_id = self.carrier
        self.card = self.env["oms.rate.card"].create(
            {
                "name": "Parcel",
                "carrier_id": self.carrier.id,
                "currency_id": self.company.currency_id.id,
                "zone_ids": [
                    Command.create({"name": "France", "step_ids": [Command.create({"up_to_kg": 30, "price": 8.5})]})
                ],
            }
        )
        self.company.write(
            {"oms_return_receiving_cost": 1, "oms_return_inspecting_cost": 0.5, "oms_return_label_cost": 0}
        )
        # Half of the price of 20.00, however good it is.
        self.env["oms.disposition.rate"].search([]).unlink()
        self.half = self.env["oms.disposition.rate"].create(
            [
                {
                    "disposition_id": self.env.ref("oms_returns.disposition_restock").id,
                    "grade_id": grade.id,
                    "percent": 50,
                }
                for grade in self.env["oms.return.grade"].search([])
            ]
        )

    def test_the_label_the_work_and_what_the_goods_bring_decide(self):
        """A unit leaves 10.00 on average; the way back costs 8.50 + 1.00 + 0.50."""
        request = self._asked(self.order, 1)
        self.assertFalse(request._judge().lines[0].expects_goods)
        self.card.zone_ids.step_ids.price = 8.49
        self.assertTrue(request._judge().lines[0].expects_goods)
        request.line_ids.reason_id = self.defect
        self.assertFalse(request._judge().lines[0].expects_goods, "of what is defective less is left")

    def test_each_piece_is_inspected_and_brings_its_part(self):
        self.card.zone_ids.step_ids.price = 18
        request = self._asked(self.order, 2)
        self.assertFalse(request._judge().lines[0].expects_goods, "20.00 less 1.00 is not more than 19.00")
        self.company.oms_return_inspecting_cost = 0.49
        self.assertTrue(request._judge().lines[0].expects_goods)

    def test_how_goods_of_the_category_came_back_decides(self):
        self.card.zone_ids.step_ids.price = 7
        worst = self.env["oms.return.grade"].search([])[-1]
        self.half.filtered(lambda rate: rate.grade_id == worst).percent = 0
        request = self._asked(self.order, 1)
        self.assertTrue(request._judge().lines[0].expects_goods)
        seen = self._asked(self._delivered(("STD", 40)), 40)
        seen.action_authorize()
        seen.action_receive()
        seen.line_ids._inspect({seen.line_ids: {"grade_id": worst.id}})
        self.assertFalse(request._judge().lines[0].expects_goods, "most of it is waste")

    def test_what_nobody_knows_the_worth_of_comes_back(self):
        request = self._asked(self.order, 1)
        self.half.unlink()
        self.assertTrue(request._judge().lines[0].expects_goods)

    def test_goods_that_stay_are_expected_nowhere_and_nobody_has_them_twice(self):
        request = self._asked(self.order, 1)
        request.action_authorize()
        self.assertEqual((request.line_ids.expects_goods, request.picking_ids), (False, self.env["stock.picking"]))
        again = self._asked(self.order, 2)
        self.assertEqual(self._refusals(again), ["too_many"])
        self.assertEqual(again._judge().lines[0].max_quantity, 1)
        self.policy.returnless = "never"
        (again | request).action_cancel()
        request.action_draft()
        self.assertTrue(request.line_ids.expects_goods, "judged anew")

    def test_who_kept_goods_too_often_sends_them_back(self):
        self.policy.limit_returnless = 1
        self._asked(self.order, 1).action_authorize()
        self.assertTrue(self._asked(self.order, 1, on=datetime(2026, 3, 11))._judge().lines[0].expects_goods)

    def test_without_a_price_list_the_way_to_the_customer_tells_the_price(self):
        self.card.active = False
        request = self._asked(self.order, 1)
        self.assertTrue(request._judge().lines[0].expects_goods, "nobody knows what it costs")
        self.company.oms_return_label_cost = 8.49
        self.assertTrue(request._judge().lines[0].expects_goods)
        self.company.oms_return_label_cost = 8.5
        self.assertFalse(request._judge().lines[0].expects_goods)
        self.order.picking_ids.oms_shipping_cost = 8
        self.assertTrue(request._judge().lines[0].expects_goods, "what is known goes before what is said in general")

    def test_below_a_value_goods_stay(self):
        self.policy.write({"returnless": "below", "returnless_value": 24.01})
        self.assertFalse(self._asked(self.order, 1)._judge().lines[0].expects_goods)
        self.policy.returnless_value = 24
        self.assertTrue(self.order._oms_judge_return({self.order.order_line: {"quantity": 1}}).lines[0].expects_goods)


class TestBadInput(PolicyCommon):
    """RET-01: what cannot be is refused with a reason, whoever asks and however often."""

    def test_what_is_asked_for_already_is_not_asked_for_twice(self):
        self._policy()
        order = self._delivered(("STD", 2))
        self._asked(order, 2)
        judged = order._oms_judge_return(now=datetime(2026, 3, 10))
        self.assertEqual([problem.code for problem in judged.refusals], ["requested"])

    def test_two_lines_of_one_return_do_not_share_one_unit(self):
        self._policy()
        order = self._delivered(("STD", 1))
        request = self._asked(order, 1)
        request.line_ids = [Command.create({"sale_line_id": order.order_line.id, "quantity": 1})]
        self.assertEqual(self._refusals(request), ["requested"])
        with self.assertRaisesRegex(UserError, "cannot come back"):
            request.action_authorize()

    def test_what_is_asked_of_another_order_or_is_no_outcome_is_refused(self):
        order, other = self._delivered(("STD", 1)), self._delivered(("STD", 1))
        for lines in ({other.order_line: {}}, {order.order_line: {"outcome": "gold"}}):
            with self.subTest(lines=lines), self.assertRaisesRegex(UserError, "Ask anew"):
                order._oms_judge_return(lines)

    def test_what_is_back_is_back(self):
        self._policy(days_refund=0)
        order = self._delivered(("STD", 1))
        self._returned(order, 1)
        judged = order._oms_judge_return()
        self.assertEqual([problem.code for problem in judged.refusals], ["all_back"])
        self.assertEqual(judged.lines[0].max_quantity, 0)

    def test_an_order_that_never_left_or_was_cancelled_has_nothing_to_send_back(self):
        self._policy()
        order = self._order(("STD", 1))
        self.assertEqual(order._oms_judge_return().refusals[0].code, "not_delivered")
        order._action_cancel()
        self.assertEqual(order._oms_judge_return().refusals[0].code, "cancelled")

    def test_what_was_credited_by_hand_is_not_paid_back_again(self):
        self._policy()
        order = self._delivered(("STD", 1))
        invoice = order.invoice_ids
        self.env["account.move.reversal"].with_context(active_model="account.move", active_ids=invoice.ids).create(
            {"journal_id": invoice.journal_id.id}
        ).refund_moves()
        request = self._asked(order, 1)
        self.assertEqual(self._refusals(request), ["credited"])
        self.assertIn("Choose the outcome “Nothing”", request.policy_refusal)
        request.line_ids.write({"outcome": "nothing", "comment": "Credited by hand"})
        request.action_authorize()
        self.assertEqual(request.state, "open")

    def test_a_product_that_was_archived_comes_back_and_is_not_replaced(self):
        self._policy(days_replacement=14)
        order = self._delivered(("STD", 1))
        self.product_standard.active = False
        request = self._asked(order, 1)
        self.assertEqual(self._refusals(request), [])
        request.line_ids.outcome = "replacement"
        self.assertEqual(self._refusals(request), ["archived"])

    def test_goods_of_which_nobody_knows_the_order_are_for_a_person(self):
        self._policy(approval="automatic")
        request = self.env["oms.return"].create(
            {
                "is_blind": True,
                "company_id": self.company.id,
                "line_ids": [Command.create({"product_id": self.product_standard.id, "quantity": 1})],
            }
        )
        self.assertFalse(request._authorize_if_allowed())
        self.assertTrue(request._judge().ok)

    def test_a_last_day_in_a_holiday_of_the_company_is_the_next_working_day(self):
        self._policy(ends_on_working_day=True)
        calendar = self.env["resource.calendar"].create({"name": "Week", "company_id": self.company.id, "tz": "UTC"})
        self.company.resource_calendar_id = calendar
        self.env["resource.calendar.leaves"].create(
            {
                "name": "St Patrick's Day",
                "calendar_id": calendar.id,
                "date_from": datetime(2026, 3, 17),
                "date_to": datetime(2026, 3, 17, 23, 59, 59),
            }
        )
        order = self._delivered(("STD", 2))
        request = self._asked(order, 1, on=datetime(2026, 3, 18, 12))
        self.assertEqual(self._refusals(request), [], "17 March would have been the last day")
        request.action_authorize()
        self.assertEqual(request.line_ids.window_end.date(), date(2026, 3, 18))
        self.assertEqual(self._refusals(self._asked(order, 1, on=datetime(2026, 3, 19, 12))), ["window"])

    def test_a_policy_that_makes_no_sense_cannot_be_saved(self):
        for values in (
            {"holiday_from": "2026-11-01"},
            {"holiday_from": "2026-11-01", "holiday_to": "2026-12-31", "holiday_until": "2026-12-01"},
            {"is_final_sale": True},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self._policy(**values)


class TestSameAnswer(PolicyCommon):
    """RET-04: the portal, the interface and the back office give the same answer, as it is one."""

    def _bare(self, judgement):
        return [(line.outcomes, line.max_quantity, line.policy_id, line.refusals) for line in judgement.lines]

    def test_a_customer_is_told_what_a_clerk_is_told(self):
        self._policy(days_credit=30, fee_kind="percent", fee_value=10)
        order = self._delivered(("STD", 2), ("FIFO", 1))
        for on in (datetime(2026, 3, 10), datetime(2026, 3, 20), datetime(2026, 6, 1)):
            for outcome in ("refund", "credit", "exchange"):
                asked = {line: {"quantity": 1, "outcome": outcome} for line in order.order_line}
                offered = order._oms_judge_return(asked, on)
                visitor = order.with_user(self.env.ref("base.public_user"))
                self.assertEqual(self._bare(visitor._oms_judge_return(asked, on)), self._bare(offered))
                request = self._asked(order, 1, 1, on=on)
                request.line_ids.outcome = outcome
                self.assertEqual(self._bare(request.with_user(self.clerk)._judge()), self._bare(offered))
                if offered.ok:
                    request.with_user(self.clerk).action_authorize()
                    request.action_cancel()
                else:
                    with self.assertRaisesRegex(UserError, offered.refusals[0].sentence.split(". ")[0]):
                        request.with_user(self.clerk).action_authorize()
                    request.action_cancel()

    def test_the_pages_and_the_interface_offer_what_a_clerk_may_authorize(self):
        self._policy(offers_repair=False, fee_kind="percent", fee_value=10)
        order = self._delivered(("STD", 2))
        (offered,) = order._oms_get_return_offer()["lines"]
        allowed = {entry["outcome"] for entry in offered["outcomes"]}
        refused = {entry["outcome"]: entry["reason"] for entry in offered["refused"]}
        self.assertEqual((allowed, refused.keys()), ({"credit", "replacement"}, {"refund", "exchange", "repair"}))
        for outcome in (*allowed, *refused):
            request = self._return(order, 1, authorize=False)
            request.line_ids.outcome = outcome
            if outcome in allowed:
                request.with_user(self.clerk).action_authorize()
            else:
                with self.assertRaises(UserError) as refusal:
                    request.with_user(self.clerk).action_authorize()
                self.assertEqual(str(refusal.exception), refused[outcome])
            request.action_cancel()

    def test_as_many_questions_to_the_database_for_one_as_for_ten(self):
        self._policy(returnless="cheaper", limit_returns=9, limit_share=90, segment="champion", sequence=1)
        self._policy(partner_tag_ids=[Command.create({"name": "VIP"})], sequence=2)
        self._policy(sequence=3)
        orders = self.env["sale.order"]
        for _number in range(10):
            order = self._order(("STD", 2), ("FIFO", 1))
            self._ship(order)
            orders |= order
        self.env["oms.return.policy"]._get_policies(self.company.id)

        def count(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            judged = self.env["sale.order"]._oms_judge_returns(dict.fromkeys(some), datetime(2026, 3, 10))
            self.assertEqual(len(judged), len(some))
            return self.env.cr.sql_log_count - before

        count(orders)
        one = count(orders[:1])
        ten = count(orders)
        self.assertLessEqual(ten, one + 3, f"one: {one}, ten: {ten}")

    def test_what_goods_bring_is_asked_once_and_not_line_by_line(self):
        self._policy(returnless="cheaper")
        short = self._order(("STD", 2))
        long = self._order(("STD", 2), ("FIFO", 1), ("AVCO", 3), ("STD", 1), ("FIFO", 2))
        self._ship(short | long)
        self.env["oms.return.policy"]._get_policies(self.company.id)

        def count(order):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            judged = order._oms_judge_return()
            self.assertEqual(len(judged.lines), len(order.order_line))
            return self.env.cr.sql_log_count - before

        count(long)
        one, five = count(short), count(long)
        self.assertLessEqual(five, one + 1, f"one line: {one}, five lines: {five}")

    def test_what_the_policies_say_reads_as_a_sentence(self):
        policy = self._policy(
            days_credit=30,
            offers_replacement=False,
            offers_repair=False,
            fee_kind="percent",
            fee_value=10,
            label_paid_by="customer",
            our_reason_ids=[Command.set(self.defect.ids)],
            reason_ids=[Command.set(self.mind.ids)],
            limit_returns=3,
            limit_days=90,
        )
        self.assertEqual(policy.filter_summary, "Because: Changed mind")
        self.assertEqual(
            policy.terms_summary,
            "Money back within 14 days or store credit within 30 days, counted from the delivery of the goods. The customer pays "
            "the label. A fee of 10 % is kept. It costs the customer nothing because of: Defective. Above 3 returns in 90 days: "
            "a person decides. A person authorizes.",
        )

    def test_what_contradicts_itself_is_said_on_the_policy(self):
        wide = self._policy(days_refund=30)
        narrow = self._policy("Shirts", sequence=20, reason_ids=[Command.set(self.mind.ids)])
        self.assertIn("never asked, since Shop comes first", narrow.check_errors)
        wide.days_refund = 10
        self.assertIn("14 days", wide.check_warnings)
        action = self.env["oms.return.policy"].action_check_all()
        self.assertIn("Shirts: never asked", action["params"]["message"])

    def test_a_policy_is_tried_on_an_order_and_nothing_happens(self):
        policy = self._policy("Defects", sequence=1, reason_ids=[Command.set(self.defect.ids)])
        self._policy()
        order = self._delivered(("STD", 1))
        trial = self.env["oms.return.try"].with_user(self.clerk).new({"order_id": order.id, "on_day": "2026-03-18"})
        self.assertIn("The last day for a refund", trial.answer)
        self.assertIn("Before it, “Defects”: the reason does not fit.", trial.answer)
        trial.reason_id = self.defect
        policy.days_refund = 730
        trial.on_day = date(2027, 3, 18)
        self.assertIn("Possible until", trial.answer)
        self.assertFalse(order.oms_return_ids)

    def test_what_came_with_the_add_on_refuses_nothing(self):
        shipped = self.env.ref("oms_returns.policy_everything")
        shipped.active = True
        request = self._asked(self._delivered(("STD", 1)), 1, on=datetime(2036, 3, 10))
        self.assertEqual(request._judge().lines[0].policy_id, shipped.id)
        self.assertTrue(request._judge().ok)
        templates = self.env["oms.return.policy"].search([("active", "=", False), ("company_id", "=", False)])
        self.assertGreaterEqual(len(templates), 5)


@tagged("post_install", "-at_install")
class TestForms(TransactionCase):
    """A switch saves the whole form in Odoo, unless it is told not to; and a button always does."""

    def test_nothing_in_the_forms_of_policies_and_dispositions_saves_what_is_being_edited(self):
        for model in ("oms.return.policy", "oms.disposition"):
            arch = etree.fromstring(self.env[model].get_view(view_type="form")["arch"])
            switches = arch.xpath("//field[@widget='boolean_toggle']")
            self.assertEqual({literal_eval(one.get("options", "{}")).get("autosave") for one in switches}, {False})
            self.assertFalse(arch.xpath("//header//button"))
