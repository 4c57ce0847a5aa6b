import re
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, freeze_time, tagged

from ..const import LOOKUP_WRONG_MAX
from ..domain.feedback import CHANGES_MAX, Said
from .common import OmsCommon


@tagged("post_install", "-at_install")
class TestFeedback(OmsCommon, HttpCase):
    """CUS-09: customers say once how it was; it stays with the order, and who is not happy gets somebody's attention."""

    def setUp(self):
        super().setUp()
        self.order = self._order(("STD", 2), ("AVG", 1))

    def _arrive(self, order=None):
        order = order or self.order
        pickings = self._ship(order)
        pickings.oms_delivered_at = fields.Datetime.now()
        pickings._oms_on_delivered()
        self.env.flush_all()
        return pickings

    def _asked(self, order=None):
        return (order or self.order).oms_notification_ids.filtered(lambda row: row.event == "feedback")

    def _path(self, order=None):
        order = order or self.order
        return order._oms_get_feedback_url().removeprefix(order.get_base_url())

    def _say(self, path=None, **form):
        path = path or self._path()
        page = self.url_open(path).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
        return self.url_open(path, data={"csrf_token": token, **form})

    def _keep(self, order, stars, words="", remarks=()):
        return self.env["oms.feedback"]._receive(order.sudo(), Said(stars, words, tuple(remarks)))

    def _cases(self, order=None):
        case = self.env.ref("oms_core.mail_activity_type_case")
        return (order or self.order).activity_ids.filtered(lambda activity: activity.activity_type_id == case)

    # -------------------------------------------------------------------------------------------------------- ASKING

    def test_a_customer_is_asked_once_when_everything_has_arrived(self):
        first = self._ship(self.order, {self.product_standard: 2})
        first.oms_delivered_at = fields.Datetime.now()
        first._oms_on_delivered()
        self.assertFalse(self._asked())
        rest = self._arrive()
        rest._oms_on_delivered()
        asked = self._asked().sudo()
        self.assertEqual(len(asked), 1)
        self.assertGreater(asked.due_at, fields.Datetime.now() + timedelta(days=1))
        asked._send()
        self.assertEqual(asked.state, "sent")
        self.assertIn("/oms/feedback/", asked.message_id.body)

    def test_where_a_marketplace_owns_the_customer_nobody_is_asked(self):
        self.channel.owns_contact = True
        self._arrive()
        self._asked().sudo()._send()
        self.assertEqual(self._asked().mapped("state"), ["suppressed"])
        self.assertFalse(self.order._oms_get_customer_view()["feedback_url"])
        self.assertIn("nothing to rate", self.url_open(self._path()).text)

    def test_who_has_answered_is_not_asked(self):
        self._arrive()
        self._keep(self.order, 5)
        self._asked().sudo()._send()
        self.assertEqual(self._asked().state, "suppressed")
        self.assertIn("already", self._asked().reason)

    def test_another_mail_has_the_link_only_where_no_mail_of_its_own_asks(self):
        picking = self._arrive()
        delivered = self.order.oms_notification_ids.filtered(lambda row: row.event == "delivered").sudo()
        self.assertEqual(delivered.picking_id, picking)
        self.assertFalse(delivered._get_feedback_url())
        self.env["oms.notification.rule"].create({"event": "feedback", "method": "off", "channel_id": self.channel.id})
        self.assertIn("/oms/feedback/", delivered._get_feedback_url())

    # ---------------------------------------------------------------------------------------------------------- PAGE

    def test_a_customer_says_how_it_was_without_logging_in(self):
        self._arrive()
        tracked = self.url_open(self.order._oms_get_tracking_url().removeprefix(self.order.get_base_url())).text
        self.assertIn("/oms/feedback/", tracked)
        line = self.order.order_line[0]
        answer = self._say(stars="4", words="Came fast.", **{f"remark_{line.id}": "A scratch"})
        self.assertIn("Thank you", answer.text)
        feedback = self.order.oms_feedback_ids
        self.assertEqual((feedback.stars, feedback.words, feedback.shown), (4, "Came fast.", "★★★★☆"))
        self.assertEqual(feedback.warehouse_id, self.warehouse)
        self.assertEqual(
            {said.product_id: said.remark for said in feedback.line_ids},
            {self.product_standard: "A scratch", self.product_average: False},
        )
        self.assertEqual(self.order.oms_rating, "★★★★☆")
        self.assertIn("A scratch", self.order.oms_feedback_words)
        self.assertFalse(self._cases())

    def test_looking_at_the_page_says_nothing(self):
        self._arrive()
        response = self.url_open(f"{self._path()}?stars=1")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertFalse(self.order.oms_feedback_ids)

    def test_the_page_tells_no_price_no_name_and_no_address(self):
        self._arrive()
        page = self.url_open(self._path()).text
        self.assertIn("Product STD", page)
        for secret in ("40.00", self.order.partner_id.name, self.order.partner_id.email, "rue de Rivoli"):
            self.assertNotIn(secret, page)

    def test_without_stars_nothing_is_kept_and_what_was_typed_stays(self):
        self._arrive()
        answer = self._say(stars="9", words="Hm, let me think")
        self.assertIn("one to five stars", answer.text)
        self.assertIn("Hm, let me think", answer.text)
        other = self._order(("STD", 1))
        answer = self._say(stars="5", **{f"remark_{other.order_line.id}": "Not mine"})
        self.assertIn("not part of your order", answer.text)
        self.assertFalse(self.order.oms_feedback_ids)

    def test_what_is_written_is_text_everywhere(self):
        self._arrive()
        script = "<script>alert(1)</script> https://evil.example"
        answer = self._say(stars="1", words=script, **{f"remark_{self.order.order_line[0].id}": script})
        self.assertNotIn("<script>alert", answer.text)
        self.assertIn("&lt;script&gt;alert", answer.text)
        note = str(self._cases().note)
        self.assertIn("&lt;script&gt;", note)
        self.assertNotIn("<a ", note)

    def test_forged_foreign_and_expired_links_open_nothing(self):
        self._arrive()
        other = self._order(("STD", 1))
        self.env.flush_all()
        token = self._path(other).rpartition("/")[2]
        tracking = self.order._oms_get_tracking_url().rpartition("/")[2]
        for wrong in (token, tracking, "AAAA", "x" * 300):
            response = self.url_open(f"/oms/feedback/{self.order.id}/{wrong}")
            self.assertEqual(response.status_code, 403)
            self.assertNotIn("How was it", response.text)
        self.assertEqual(self.url_open(f"/oms/feedback/{2**40}/{token}").status_code, 403)
        path = self._path()
        with self.subTest("expired"), freeze_time(fields.Datetime.now() + timedelta(days=61)):
            self.assertFalse(self.order._oms_is_feedback_token(path.rpartition("/")[2]))

    def test_a_form_of_another_site_does_nothing(self):
        self._arrive()
        with self.assertLogs("odoo.http", "WARNING"):
            response = self.url_open(self._path(), data={"stars": "1"})
        self.assertEqual(response.status_code, 400)
        self.assertFalse(self.order.oms_feedback_ids)

    def test_who_tries_links_waits(self):
        self._arrive()
        for _number in range(LOOKUP_WRONG_MAX):
            self.assertEqual(self.url_open(f"/oms/feedback/{self.order.id}/AAAA").status_code, 403)
        self.assertEqual(self.url_open(self._path()).status_code, 429)

    # ------------------------------------------------------------------------------------------------------- CHANGING

    def test_a_customer_may_think_otherwise_a_few_times(self):
        self._arrive()
        self._keep(self.order, 5)
        for number in range(CHANGES_MAX):
            self.assertFalse(self._keep(self.order, 3, f"No. {number}"))
        self.assertFalse(self._keep(self.order, 3, f"No. {CHANGES_MAX - 1}"), "The same again is no change.")
        self.assertIn("Please write to us", self._keep(self.order, 1))
        feedback = self.order.oms_feedback_ids
        self.assertEqual((len(feedback), feedback.stars, feedback.changes), (1, 3, CHANGES_MAX))
        page = self.url_open(self._path()).text
        self.assertNotIn('name="stars"', page)
        self.assertIn("★★★☆☆", page)

    def test_after_two_weeks_it_stays_as_it_is(self):
        self._arrive()
        self._keep(self.order, 5)
        self.order.oms_feedback_ids.said_at -= timedelta(days=15)
        self.assertIn("14 days", self._keep(self.order, 1))
        self.assertEqual(self.order.oms_feedback_ids.stars, 5)

    def test_a_remark_that_is_taken_back_is_gone(self):
        self._arrive()
        line = self.order.order_line[0]
        self._keep(self.order, 4, remarks=[(line.id, "Loose")])
        self._keep(self.order, 4)
        self.assertEqual(self.order.oms_feedback_ids.line_ids.mapped("remark"), [False, False])

    def test_before_anything_left_there_is_nothing_to_say(self):
        self.assertIn("nothing to rate", self._keep(self.order, 5))
        self.assertFalse(self.order.oms_feedback_ids)

    # -------------------------------------------------------------------------------------------------------- WORKING

    def test_who_is_not_happy_gets_one_case(self):
        self._arrive()
        self._keep(self.order, 4, "Fine")
        self.assertFalse(self._cases())
        line = self.order.order_line[0]
        self._keep(self.order, 1, "It broke", [(line.id, "Handle")])
        self._keep(self.order, 2, "It broke, really")
        case = self._cases()
        self.assertEqual(len(case), 1)
        self.assertIn("★☆☆☆☆", case.summary)
        self.assertIn("It broke", str(case.note))
        self.assertIn("Handle", str(case.note))
        self.assertEqual(case.user_id, self.channel_user)
        self.assertIn("The customer gave ★★☆☆☆.", [event.sentence for event in self._story()])

    def _story(self):
        return self.order._oms_get_timeline()[self.order.id]

    def test_stars_average_by_channel_product_and_place(self):
        other = self._order(("STD", 1))
        for order, stars in ((self.order, 2), (other, 5)):
            self._arrive(order)
            self._keep(order, stars)
        mine = [("company_id", "=", self.company.id)]
        self.assertEqual(
            self.env["oms.feedback"]._read_group(mine, ["channel_id"], ["stars:avg"]), [(self.channel, 3.5)]
        )
        self.assertEqual(
            self.env["oms.feedback"].fields_get(["stars"])["stars"]["type"], "float", "or 3.5 is shown as 4"
        )
        by_product = dict(self.env["oms.feedback.line"]._read_group(mine, ["product_id"], ["stars:avg"]))
        self.assertEqual(by_product, {self.product_standard: 3.5, self.product_average: 2.0})
        [(place, stars)] = self.env["oms.feedback"]._read_group(mine, ["warehouse_id"], ["stars:avg"])
        self.assertEqual((place, stars), (self.warehouse, 3.5))

    def test_what_came_from_two_places_counts_for_neither(self):
        second = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC", "company_id": self.company.id})
        self._ship(self.order, {self.product_standard: 1, self.product_average: 1})
        rest = self._ship(self.order)
        rest.move_ids.picking_type_id = second.out_type_id
        self.assertTrue(rest.move_ids, "something was left for the second place")
        self.assertFalse(self._keep(self.order, 4))
        feedback = self.order.oms_feedback_ids
        self.assertFalse(feedback.warehouse_id)
        self.assertEqual(
            {line.product_id: line.warehouse_id for line in feedback.line_ids},
            {self.product_standard: self.env["stock.warehouse"], self.product_average: self.warehouse},
        )

    def test_people_here_read_it_and_change_nothing(self):
        self._arrive()
        self._keep(self.order, 3, "So so")
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        feedback = self.order.oms_feedback_ids.with_user(clerk)
        self.assertEqual(feedback.words, "So so")
        self.assertEqual(self.order.with_user(clerk).action_oms_view_feedback()["res_id"], feedback.id)
        with self.assertRaises(AccessError):
            feedback.stars = 5
        stranger = self._create_user("associate", "oms_core.group_oms_store")
        self.assertFalse(self.env["oms.feedback"].with_user(stranger).search([("id", "=", feedback.id)]))
        self.warehouse.oms_user_ids = stranger
        self.assertTrue(self.env["oms.feedback"].with_user(stranger).search([("id", "=", feedback.id)]))
