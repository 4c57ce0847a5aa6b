from odoo.exceptions import AccessError

from .common import ReturnsCommon


class TestCustomer(ReturnsCommon):
    """CUS-02, CUS-03, CUS-09: what came back stands with the customer and the order, and so does what was said."""

    def test_the_contact_leads_to_its_returns(self):
        order, other = self._shipped(("STD", 2)), self._shipped(("STD", 1))
        request = self._return(order, 1)
        self._return(other, 1)
        partner = order.partner_id
        child = self.env["res.partner"].create({"name": "Office", "parent_id": partner.id, "type": "delivery"})
        for contact in (partner, child):
            self.assertEqual(contact.oms_return_count, 1)
            action = contact.action_oms_view_returns()
            self.assertEqual(self.env["oms.return"].search(action["domain"]), request)

    def test_returns_of_another_company_are_not_counted(self):
        partner = self._shipped(("STD", 1)).partner_id
        self._return(partner.sale_order_ids, 1)
        elsewhere = self._create_company("Elsewhere")
        abroad = partner.with_context(allowed_company_ids=elsewhere.ids)
        self.assertEqual(abroad.oms_return_count, 0)

    def test_who_may_not_see_returns_is_not_led_to_them(self):
        partner = self._shipped(("STD", 1)).partner_id
        with self.assertRaises(AccessError):
            partner.with_user(self._create_user("stranger")).action_oms_view_returns()

    def test_the_feed_of_a_contact_has_orders_returns_and_mails_the_latest_first(self):
        order, later = self._shipped(("STD", 2)), None
        later = self._order(("AVG", 1), billing=self._address(email=order.partner_id.email))
        self.assertEqual(later.partner_id, order.partner_id)
        request = self._returned(order, 1)
        order.oms_notification_ids.sudo()._send()
        feed = [(event.sentence, of.id) for event, of in order.partner_id._oms_get_feed()]
        self.assertIn(("A return was asked for.", order.id), feed)
        self.assertIn(("Told: Parcel on its way.", order.id), feed)
        self.assertTrue([sentence for sentence, of in feed if of == later.id])
        moments = [event.at for event, _of in order.partner_id._oms_get_feed()]
        self.assertEqual(moments, sorted(moments, reverse=True))
        html = str(order.partner_id.oms_feed)
        for words in (order.oms_number, later.oms_number, request.name):
            self.assertIn(words, html)

    def test_what_the_customer_said_stands_on_the_return(self):
        order = self._shipped(("STD", 2))
        request = self._return(order, 1)
        self.assertFalse(request.oms_stars)
        self.env["oms.feedback"].sudo().create({"order_id": order.id, "stars": 2, "words": "The handle is loose"})
        self.assertEqual((request.oms_rating, request.oms_feedback_words), ("★★☆☆☆", "The handle is loose"))

    def test_a_case_can_be_opened_on_a_return(self):
        """CUS-08: and it is in the list of cases, with the orders'."""
        request = self._return(self._shipped(("STD", 1)), 1)
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        case = request.with_user(clerk).activity_schedule("oms_core.mail_activity_type_case", user_id=clerk.id)
        action = self.env["ir.actions.act_window"].with_user(clerk)._for_xml_id("oms_core.oms_case_action")
        kind = self.env.ref("oms_core.mail_activity_type_case")
        self.assertIn(str(kind.id), str(action["domain"]))
        found = self.env["mail.activity"].with_user(clerk).search([("activity_type_id", "=", kind.id)])
        self.assertIn(case, found)
        self.assertEqual(case.action_open_document()["res_model"], "oms.return")


class TestDefects(ReturnsCommon):
    """ANA-05: what comes back is a defect when its reason says so."""

    def _rates(self, orders):
        self.env.flush_all()
        [row] = self.env["oms.order.report"]._read_group(
            [("order_id", "in", orders.ids), ("is_goods", "=", True)],
            [],
            ["return_rate:avg", "defect_rate:avg", "is_defective:avg", "is_perfect:avg", "quantity_defective:sum"],
        )
        return row

    def _back(self, order, quantity, reason):
        request = self._return(order, quantity, authorize=False)
        request.line_ids.reason_id = reason
        request.action_authorize()
        request.action_receive()

    def _reason(self, is_defect):
        return self.env["oms.return.reason"].create({"name": f"Defect: {is_defect}", "is_defect": is_defect})

    def test_only_reasons_that_are_defects_count(self):
        liked, broken, silent, kept = (self._shipped(("STD", 4)) for _number in range(4))
        self._back(liked, 2, self._reason(False))
        self._back(broken, 1, self._reason(True))
        self._back(silent, 1, self.env["oms.return.reason"])
        return_rate, defect_rate, is_defective, is_perfect, quantity = self._rates(liked | broken | silent | kept)
        self.assertAlmostEqual(return_rate, 100 * 4 / 16)
        self.assertAlmostEqual(defect_rate, 100 * 1 / 16)
        self.assertAlmostEqual(is_defective, 25)
        self.assertAlmostEqual(is_perfect, 75)
        self.assertEqual(quantity, 1)

    def test_a_defect_that_is_only_announced_does_not_count_yet(self):
        order = self._shipped(("STD", 2))
        request = self._return(order, 1, authorize=False)
        request.line_ids.reason_id = self._reason(True)
        request.action_authorize()
        self.assertEqual(self._rates(order)[1], 0)

    def test_one_order_with_two_lines_is_one_defective_order(self):
        order = self._shipped(("STD", 2), ("AVG", 2))
        request = self._return(order, 1, 1, authorize=False)
        request.line_ids[0].reason_id = self._reason(True)
        request.line_ids[1].reason_id = self._reason(False)
        request.action_authorize()
        request.action_receive()
        _returned, defect_rate, is_defective, _perfect, quantity = self._rates(order)
        self.assertAlmostEqual(defect_rate, 25)
        self.assertAlmostEqual(is_defective, 100)
        self.assertEqual(quantity, 1)

    def test_what_is_claimed_counts_though_nothing_comes_back(self):
        """A claim and a return of one order, over a line of each of two orders."""
        order, other = self._shipped(("STD", 4)), self._shipped(("STD", 4))
        claim = self._return(order, 1, authorize=False)
        claim.line_ids.write({"expects_goods": False, "reason_id": self._reason(True).id})
        self.assertEqual(self._rates(order | other)[4], 0, "it is only asked for")
        claim.action_authorize()
        self._back(order, 2, self._reason(True))
        return_rate, defect_rate, is_defective, _perfect, quantity = self._rates(order | other)
        self.assertAlmostEqual(return_rate, 100 * 2 / 8)
        self.assertAlmostEqual(defect_rate, 100 * 3 / 8)
        self.assertAlmostEqual(is_defective, 50)
        self.assertEqual(quantity, 3)

    def test_the_reasons_that_come_with_it_tell_defects_from_changes_of_mind(self):
        expected = {
            **dict.fromkeys(("defective", "damaged", "wrong_item", "not_as_described"), True),
            **dict.fromkeys(("changed_mind", "size", "late"), False),
        }
        for name, is_defect in expected.items():
            self.assertEqual(self.env.ref(f"oms_returns.reason_{name}").is_defect, is_defect, name)
