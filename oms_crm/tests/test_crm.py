import psycopg2

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_core.tests.common import OmsCommon


@tagged("post_install", "-at_install")
class TestCrm(OmsCommon):
    """CUS-04, CUS-06: opportunities come out of orders and contacts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("clerk", "oms_core.group_oms_user")

    def _habit(self):
        """Whoever takes STD takes AVG with it, and others take FIFO."""
        for _number in range(3):
            self._order(("STD", 1), ("AVG", 1))
            self._order(("FIFO", 1))

    def _opened(self, record):
        action = record.with_user(self.clerk).action_oms_opportunity()
        return Form(self.env["crm.lead"].with_user(self.clerk).with_context(**action["context"])), action

    def test_an_order_becomes_an_opportunity_with_what_others_took_as_well(self):
        self._habit()
        order = self._order(("STD", 1))
        form, action = self._opened(order)
        self.assertFalse(action["res_id"])
        lead = form.save()
        self.assertEqual((lead.partner_id, lead.oms_order_id, lead.type), (order.partner_id, order, "opportunity"))
        self.assertIn("Product AVG: in 3 of 4 orders with Product STD", lead.description)
        self.assertEqual(lead.expected_revenue, 20.0)
        self.assertEqual((order.oms_lead_count, order.opportunity_id.id), (1, False))
        self.assertEqual(lead.sale_amount_total, 0)

    def test_an_order_has_one_open_opportunity(self):
        order = self._order(("STD", 1))
        lead = self._opened(order)[0].save()
        self.assertEqual(order.with_user(self.clerk).action_oms_opportunity()["res_id"], lead.id)
        with self.assertRaises(psycopg2.errors.UniqueViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env["crm.lead"].create({"name": "Again", "oms_order_id": order.id, "company_id": self.company.id})
        lead.action_set_lost()
        self.assertFalse(order.with_user(self.clerk).action_oms_opportunity()["res_id"])

    def test_a_contact_becomes_an_opportunity_that_the_contact_shows(self):
        self._habit()
        partner = self._order(("STD", 1)).partner_id
        lead = self._opened(partner)[0].save()
        self.assertEqual((lead.partner_id, lead.user_id), (partner, self.clerk))
        self.assertIn("Product AVG", lead.description)
        self.assertEqual(partner.with_user(self.clerk).opportunity_count, 1)

    def test_who_may_not_sell_makes_no_opportunity(self):
        order = self._order(("STD", 1))
        associate = self._create_user("associate", "oms_core.group_oms_store")
        with self.assertRaises(AccessError):
            order.partner_id.with_user(associate).action_oms_opportunity()
