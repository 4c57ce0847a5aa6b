from odoo.tests import tagged

from odoo.addons.oms_core.models import oms_customer_score

from .common import OmsCommon


@tagged("post_install", "-at_install")
class TestCustomerScore(OmsCommon):
    """CUS-02, CUS-03, CUS-05, CUS-10: who the best customers are, by what the books say is left."""

    def _score(self, order):
        scores = self.env["oms.customer.score"]
        self.assertTrue(scores._score_company(self.company))
        return scores.search([("company_id", "=", self.company.id), ("partner_id", "=", order.partner_id.id)])

    def test_the_margin_is_what_was_posted(self):
        order = self._order(("STD", 3))
        self._ship(order)
        self._book(order)
        score = self._score(order)
        self.assertEqual((score.revenue, score.cost, score.margin), (60, 30, 30))
        self.assertEqual((score.order_count, score.margin_rate), (1, 0.5))
        self.assertTrue(score.explanation)

    def test_what_was_paid_back_is_no_revenue(self):
        order = self._order(("STD", 2))
        self._ship(order)
        invoice = self._book(order)
        reversal = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        reversal.refund_moves()
        reversal.new_move_ids.action_post()
        score = self._score(order)
        self.assertEqual((score.revenue, score.refunded, score.cost, score.return_rate), (0, 40, 0, 1))

    def test_what_is_not_posted_does_not_count_yet(self):
        order = self._order()
        self.assertEqual((self._score(order).revenue, self._score(order).order_count), (0, 1))

    def test_scoring_again_changes_nothing_and_makes_no_second_row(self):
        order = self._order()
        first = self._score(order)
        before = first.write_date
        self.assertEqual(self._score(order), first)
        self.assertEqual(first.write_date, before)

    def test_a_customer_without_orders_left_has_no_score(self):
        order = self._order()
        score = self._score(order)
        order.action_cancel()
        self.assertFalse(self._score(order))
        self.assertFalse(score.exists())

    def test_customers_are_found_by_their_segment_in_the_own_company(self):
        order = self._order()
        score = self._score(order)
        partner = order.partner_id
        found = self.env["res.partner"].search([("oms_segment", "=", score.segment)])
        self.assertIn(partner, found)
        self.assertEqual((partner.oms_segment, partner.oms_rfm), (score.segment, score.rfm))
        other = self.env["res.company"].create({"name": "Another"})
        elsewhere = partner.with_company(other)
        self.assertFalse(elsewhere.oms_segment)
        self.assertNotIn(partner, elsewhere.search([("oms_segment", "=", score.segment)]))

    def test_the_contact_shows_orders_and_holds(self):
        billing = self._address()
        one, two = (self._order(billing=billing) for _number in range(2))
        two.action_oms_hold()
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        partner = one.partner_id.with_user(clerk)
        self.assertEqual((partner.oms_order_count, partner.oms_hold_count), (2, 1))
        self.assertEqual(partner.oms_recent_order_ids, (one | two).with_user(clerk))
        self.assertEqual(self.env["sale.order"].search(partner.action_oms_view_orders()["domain"]), one | two)
        arch = partner.get_view(self.env.ref("base.view_partner_form").id, "form")["arch"]
        self.assertIn("oms_history", arch)

    def test_many_customers_cost_the_same_number_of_queries(self):
        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["oms.customer.score"]._score_company(self.company)
            self.env.flush_all()
            return self.cr.sql_log_count - before

        for _number in range(2):
            self._order()
        queries()
        few = queries()
        for _number in range(8):
            self._order()
        queries()
        self.assertLessEqual(queries(), few + 2)

    def test_many_customers_are_written_in_parts_and_a_run_that_is_cut_off_goes_on(self):
        self.patch(oms_customer_score, "SCORE_BATCH_MAX", 2)
        for _number in range(5):
            self._order()
        scores = self.env["oms.customer.score"]
        found = [("company_id", "=", self.company.id)]
        self.assertFalse(scores._score_company(self.company, lambda: False))
        self.assertEqual(scores.search_count(found), 2)
        parts = []
        self.assertTrue(scores._score_company(self.company, lambda: parts.append(1) or True))
        self.assertEqual((scores.search_count(found), len(parts)), (5, 3))
