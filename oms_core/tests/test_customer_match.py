from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import OmsCommon


@tagged("post_install", "-at_install")
class TestCustomerMatch(OmsCommon):
    """CUS-01: who may be in the books twice waits for a person, who merges them or says that they are two."""

    def _customer(self, **values):
        return self.env["res.partner"].create(
            {
                "name": "Zoé Martin",
                "street": "5 rue de Rivoli",
                "zip": "75001",
                "city": "Paris",
                "country_id": self.country.id,
                "customer_rank": 1,
                **values,
            }
        )

    def _find(self, partners):
        return self.env["oms.customer.match"]._find(partners)

    def test_the_same_person_with_another_address_is_asked_about(self):
        known = self._customer(email="zoe@example.com", phone="+33 1 02 03 04 05")
        new = self._customer(name="Zoe MARTIN", email="zoe@work.example", phone="01 02 03 04 05")
        match = self._find(new)
        self.assertEqual((match.candidate_id, match.partner_id, match.state), (known, new, "open"))
        self.assertIn("The same phone number.", match.explanation)
        self.assertTrue(new.exists() and known.exists())

    def test_who_is_told_apart_is_not_asked_about_again(self):
        known, new = self._customer(email="zoe@example.com"), self._customer(email="z@other.example")
        match = self._find(new)
        match.action_different()
        self.assertEqual((match.state, match.decided_by_id), ("different", self.env.user))
        self.assertFalse(self._find(new | known))

    def test_contacts_of_two_companies_are_left_alone(self):
        other = self.env["res.company"].create({"name": "Another"})
        self._customer(email="zoe@example.com", company_id=other.id)
        self.assertFalse(self._find(self._customer(email="z@example.com", company_id=self.company.id)))

    def test_merging_keeps_orders_and_what_channels_know_them_by(self):
        one = self._order()
        two = self._order()
        known, new = one.partner_id, two.partner_id
        self.channel.env["oms.customer.ref"].create(
            {"channel_id": self.channel.id, "external_id": "77", "partner_id": new.id}
        )
        (known | new).write({"name": "Zoé Martin", "street": "5 rue de Rivoli"})
        email, new_id = new.email, new.id
        match = self._find(new)
        self.assertTrue(match)
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        match.with_user(clerk).action_merge()
        self.assertFalse(self.env["res.partner"].search([("id", "=", new_id)]))
        self.assertEqual((one | two).partner_id, known)
        self.assertEqual(self.env["oms.customer.ref"].search([("external_id", "=", "77")]).partner_id, known)
        self.assertEqual((match.state, match.candidate_id, match.decided_by_id), ("merged", known, clerk))
        self.assertEqual((match.snapshot["email"], match.snapshot["id"]), (email, new_id))
        self.assertIn(two.name, match.snapshot["orders"])
        self.assertTrue(match.snapshot_text.startswith("Name: Zoé Martin\nEmail: "))
        self.assertIn("Zoé Martin / Zoé Martin", match.display_name)
        again = self._order(billing=self._address(email=email), customer_ref="77")
        self.assertEqual(again.partner_id, known)
        with self.assertRaises(UserError):
            match.action_merge()

    def test_the_job_looks_at_each_customer_once_and_again_after_a_change(self):
        known, new = self._customer(email="zoe@example.com"), self._customer(name="Paul Durand", zip="13002", street="")
        self.env.cr.execute("UPDATE res_partner SET create_date = create_date - interval '1 minute'")
        self.env.invalidate_all()
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_customer_match").method_direct_trigger()
        self.assertTrue(known.oms_compared and new.oms_compared)
        pairs = self.env["oms.customer.match"].search([("partner_id", "=", new.id)])
        self.assertFalse(pairs)
        new.write({"name": "Zoé Martin", "zip": "75001", "street": "5, rue de Rivoli"})
        self.assertFalse(new.oms_compared)
        self.assertEqual(self._find(new).candidate_id, known)

    def test_many_customers_cost_the_same_number_of_queries(self):
        def queries(number):
            new = self.env["res.partner"].union(
                *(
                    self._customer(email=f"z{i}@x.example", name=f"Name {number} {i} Xyz", zip=f"{number}")
                    for i in range(number)
                )
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._find(new)
            self.env.flush_all()
            return self.cr.sql_log_count - before

        queries(2)
        self.assertLessEqual(queries(12), queries(3) + 2)

    def test_a_salesman_does_not_decide(self):
        self._customer(email="zoe@example.com")
        match = self._find(self._customer(email="z@other.example"))
        salesman = self._create_user("seller", "sales_team.group_sale_salesman")
        for command in ("action_merge", "action_different"):
            with self.assertRaises(AccessError):
                getattr(match.with_user(salesman), command)()
