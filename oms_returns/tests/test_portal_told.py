"""What the pages and mails of a return say, where that depends on the return: each customer is told what fits."""

from odoo.tests import tagged

from .test_inspection import InspectionCommon
from .test_policy import PolicyCommon
from .test_portal_return import ReturnPages, _picture


@tagged("post_install", "-at_install")
class TestPortalTold(ReturnPages, PolicyCommon, InspectionCommon):
    """RET-04, RET-09, RET-18: terms, ways and amounts, each where it holds and nowhere else."""

    def _asked_for(self, **wish):
        """A return that was asked for on the page, and authorized; with the address of its page."""
        self._ask(self._link(), **self._wish(**wish))
        request = self._returns()
        if request.state == "draft":
            request.action_authorize()
        return request, self._link(path=f"/returns/{request.id}")

    def _mail(self, request, event):
        told = request.order_id.sudo().oms_notification_ids.filtered(lambda row: row.event == event)
        told.filtered(lambda row: row.state == "waiting")._send()
        return told.message_id

    # ---------------------------------------------------------------------------------------------------- SENT TWICE

    def test_a_form_sent_twice_shows_the_return_and_keeps_each_photo_once(self):
        path = self._link()
        check = self._check(path, **self._wish()).text
        files = [(f"photo_{self.std.id}", ("photo.jpg", _picture(), "image/jpeg"))]
        for step in ("apply", "apply", "check", "edit"):
            page = self._post(path, check, files, step=step)
            self.assertIn(f"/returns/{self._returns().id}", page.url)
        self.assertEqual(len(self._returns().line_ids.photo_ids), 1)

    def test_the_form_of_two_windows_is_two_returns_only_where_there_is_enough_for_both(self):
        path = self._link()
        first, second = (self._check(path, **self._wish(quantity=2)).text for _window in range(2))
        self._post(path, first, step="apply")
        page = self._post(path, second, step="apply")
        self.assertIn('role="alert"', page.text)
        self.assertIn("leaves 1", page.text)
        self.assertEqual(self._returns().line_ids.mapped("quantity"), [2])

    def test_each_page_has_a_title_of_its_own(self):
        """Whoever has many pages open, or has them read aloud, finds the right one."""
        path = self._link()
        check = self._check(path, **self._wish())
        page = self._post(path, check.text, step="apply")
        request = self._returns()
        for text, title in (
            (self._get(path).text, "What do you want to send back?"),
            (check.text, "Is this right?"),
            (page.text, f"Return {request.name}"),
            (self._get(self._link(path=f"/returns/{request.id}/slip")).text, f"Return slip {request.name}"),
            (self._get(self._link(path="")).text, f"Order {self.order.oms_number}"),
        ):
            self.assertIn(f"<title>{title}</title>", text)
            self.assertLessEqual(text.count("<h1"), 1)

    # ----------------------------------------------------------------------------------------------------- THE WAY

    def test_what_the_customer_keeps_is_neither_fetched_nor_waited_for(self):
        self._policy(returnless="below", returnless_value=1000, approval="automatic")
        check = self._check(self._link(), **self._wish())
        self.assertIn("You may keep it.", check.text)
        self.assertIn("Ask for it", check.text)
        self.assertNotIn("Send it back</button>", check.text)
        self.assertNotIn("when the goods have come", check.text)
        request, here = self._asked_for()
        page = self._get(here).text
        self.assertIn("Nothing has to be sent back.", page)
        for words in ("Print the label", "Print the slip", "Looked at"):
            self.assertNotIn(words, page)
        mail = self._mail(request, "return_authorized")
        self.assertIn("you may keep it", mail.subject)
        self.assertIn("nothing has to be sent back", mail.body)
        self.assertNotIn("Print the label", mail.body)

    def test_who_pays_for_the_way_back_is_promised_no_label(self):
        self._policy(label_paid_by="customer", approval="automatic")
        self.assertIn("You pay for the way back.", self._get(self._link()).text)
        request, here = self._asked_for()
        page = self._get(here).text
        self.assertIn("You pay for the way.", page)
        self.assertIn("Print the slip", page)
        self.assertNotIn("Print the label", page)
        mail = self._mail(request, "return_authorized").body
        self.assertIn("See your return", mail)
        self.assertNotIn("Print the label", mail)

    def test_a_store_is_chosen_by_its_name_and_stands_on_the_page_with_its_address(self):
        store = self.warehouse.copy({"name": "Lyon", "code": "LYON", "oms_node_type": "store"})
        store.partner_id = self.env["res.partner"].create({"name": "Lyon", "street": "3 Rue Neuve", "city": "Lyon"})
        path = self._link()
        start = self._get(path).text
        for words in ("In a store", "Which store?", "Lyon", "3 Rue Neuve"):
            self.assertIn(words, start)
        for wrong in ("", "NOWHERE", self.warehouse.code):
            page = self._check(path, **self._wish(way="store", store=wrong)).text
            self.assertIn("Choose the store", page)
        self.assertIn("3 Rue Neuve", self._check(path, **self._wish(way="store", store="LYON")).text)
        request, here = self._asked_for(way="store", store="LYON")
        self.assertEqual((request.way, request.warehouse_id), ("store", store))
        self.assertEqual(request.picking_ids.picking_type_id.warehouse_id, store)
        page = self._get(here).text
        self.assertIn("show the code on this page", page)
        self.assertIn("3 Rue Neuve", page)
        self.assertNotIn("Print the label", page)

    # ------------------------------------------------------------------------------------------------------ THE TERMS

    def test_a_refusal_by_policy_has_its_sentence_on_the_page_and_when_it_is_asked_for_all_the_same(self):
        self._policy(days_refund=1, offers_credit=False, offers_replacement=False, offers_repair=False)
        self.order.picking_ids.oms_delivered_at = "2026-01-05 12:00:00"
        page = self._get(self._link()).text
        self.assertIn("The last day for", page)
        self.assertNotIn(f'name="take_{self.std.id}"', page)
        refused = self._check(self._link(), **self._wish())
        self.assertRegex(refused.text, r'role="alert"')
        self.assertIn("The last day for", refused.text)
        self.assertFalse(self._returns())

    def test_a_fee_stands_beside_the_goods_and_in_what_comes_of_it(self):
        self._policy(fee_kind="percent", fee_value=10, approval="automatic")
        self.assertIn("Fee: 10 %", self._get(self._link()).text)
        check = self._check(self._link(), **self._wish(quantity=2)).text
        for words in ("48.00", "Fee for the return", "4.80", "43.20"):
            self.assertIn(words, check)
        request, _here = self._asked_for(quantity=2)
        self.assertEqual(request._get_customer_amounts()["fee"], request._to_amount("4.80"))

    def test_what_was_found_is_taken_off_with_its_sum_and_what_is_not_taken_back_is_not_promised(self):
        self._policy(needs_inspection=True, approval="automatic")
        request, here = self._asked_for(quantity=3)
        request.action_receive()
        line = request.line_ids
        line._inspect({line: {"quantity": 1, "grade_id": self.grade_used.id, "deduction_percent": 50}})
        line._inspect({line: {"quantity": 1, "is_accepted": False}})
        amounts = request._get_customer_amounts()
        self.assertEqual((amounts["goods"], amounts["deduction"], amounts["total"]), (48, 12, 36))
        page = self._get(here).text
        for words in ("Taken off for what we found", "12.00", "36.00", "1 cannot be taken back."):
            self.assertIn(words, page)

    def test_store_credit_is_called_so_and_no_money_is_promised(self):
        self._policy(days_credit=30, approval="automatic")
        request, here = self._asked_for(outcome="credit")
        request.action_receive()
        request.action_refund()
        page = self._get(here).text
        self.assertIn("Given as store credit:", page)
        for words in ("Paid back:", "Money may take some days"):
            self.assertNotIn(words, page)

    def test_what_was_credited_by_hand_is_said_without_what_a_clerk_would_do(self):
        self._policy(approval="automatic")
        invoice = self.order.invoice_ids
        self.env["account.move.reversal"].with_context(active_model="account.move", active_ids=invoice.ids).create(
            {"journal_id": invoice.journal_id.id}
        ).refund_moves()
        page = self._get(self._link()).text
        self.assertIn("“Product STD” was paid back already.", page)
        self.assertNotIn("Choose the outcome", page)
