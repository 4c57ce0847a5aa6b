from odoo.addons.oms_core.tests.common import OmsCommon


class TestCase(OmsCommon):
    """CUS-08: what a customer wants after the sale is a case: somebody's, by a day, in one list."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("clerk", "oms_core.group_oms_user")

    def _cases(self, user):
        action = self.env["ir.actions.act_window"].with_user(user)._for_xml_id("oms_core.oms_case_action")
        domain = [("activity_type_id", "=", self.env.ref("oms_core.mail_activity_type_case").id)]
        self.assertIn(str(domain[0][2]), str(action["domain"]))
        return self.env["mail.activity"].with_user(user).search(domain)

    def test_a_case_on_an_order_is_in_the_list_until_it_is_done(self):
        order = self._order()
        case = order.with_user(self.clerk).activity_schedule(
            "oms_core.mail_activity_type_case", summary="Handle is loose", user_id=self.clerk.id
        )
        order.with_user(self.clerk).activity_schedule("mail.mail_activity_data_todo", user_id=self.clerk.id)
        self.assertEqual(self._cases(self.clerk), case)
        self.assertEqual(case.action_open_document()["res_id"], order.id)
        case.action_feedback("Sent a new handle")
        self.assertFalse(self._cases(self.clerk))
        self.assertIn("Sent a new handle", str(order.message_ids.mapped("body")))

    def test_who_may_not_see_an_order_does_not_see_its_cases(self):
        self._order().activity_schedule("oms_core.mail_activity_type_case", user_id=self.clerk.id)
        stranger = self._create_user("stranger")
        cases = (
            self.env["mail.activity"]
            .with_user(stranger)
            .search([("activity_type_id", "=", self.env.ref("oms_core.mail_activity_type_case").id)])
        )
        self.assertFalse(cases)
