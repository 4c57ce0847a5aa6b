from odoo.addons.oms_core.domain.documents import AddressDoc

from .common import OmsCommon


class TestCustomer(OmsCommon):
    """Who ordered: by the channel's id, then by e-mail, then by phone and name; never by one of these alone."""

    def _customer(self, order):
        return order.partner_id

    def _ordered(self, channel=None, **values):
        return self._apply(self._doc(**values), channel=channel)[0][0]

    def test_a_customer_account_of_the_channel_is_known_again(self):
        first = self._ordered(customer_ref="77")
        again = self._ordered(customer_ref="77")
        self.assertEqual(first.partner_id, again.partner_id)

    def test_a_customer_account_belongs_to_its_channel(self):
        """Customer 77 of one shop is not customer 77 of another."""
        first = self._ordered(customer_ref="77")
        other = self._ordered(customer_ref="77", channel=self._create_channel("OTHER"))
        self.assertNotEqual(first.partner_id, other.partner_id)

    def test_a_customer_account_counts_more_than_an_e_mail(self):
        by_ref = self._ordered(customer_ref="77")
        by_email = self._ordered(billing=self._address(email="b@example.com"))
        again = self._ordered(customer_ref="77", billing=self._address(email="b@example.com"))
        self.assertEqual(again.partner_id, by_ref.partner_id)
        self.assertNotEqual(again.partner_id, by_email.partner_id)

    def test_an_e_mail_is_known_again_however_it_is_spelled(self):
        known = self.env["res.partner"].create({"name": "Known", "email": "Zoe.Known@Example.com"})
        for spelling in ("zoe.known@example.com", "  ZOE.KNOWN@EXAMPLE.COM ", "Zoé <zoe.known@example.com>"):
            with self.subTest(spelling=spelling):
                self.assertEqual(self._ordered(billing=self._address(email=spelling)).partner_id, known)

    def test_a_phone_is_known_again_however_it_was_typed(self):
        known = self.env["res.partner"].create({"name": "Known", "phone": "+33 6 12 34 56 78"})
        for spelling in ("+33612345678", "+33 (6) 12-34-56-78", "33.6.12.34.56.78"):
            with self.subTest(spelling=spelling):
                address = self._address(name="Known", email="", phone=spelling)
                self.assertEqual(self._ordered(billing=address).partner_id, known)

    def test_colleagues_who_share_a_line_are_two_people(self):
        line = "+33 1 22 33 44 55"
        for values in ({}, {"email": ""}):
            with self.subTest(values=values):
                one = self._ordered(billing=self._address(phone=line, **values))
                other = self._ordered(billing=self._address(phone=line, **values))
                self.assertNotEqual(one.partner_id, other.partner_id)
                again = self._ordered(billing=self._address(phone=line, name=other.partner_id.name, email=""))
                self.assertEqual(again.partner_id, other.partner_id)

    def test_colleagues_in_one_batch_are_two_people_too(self):
        address = [self._address(phone="+33 1 22 33 44 55", email=email) for email in ("", "", "c@example.com")]
        orders = [order for order, _s, _t in self._apply(*(self._doc(billing=one) for one in address))]
        self.assertEqual(len({order.partner_id for order in orders}), 3)

    def test_another_e_mail_speaks_against_the_same_phone(self):
        known = self.env["res.partner"].create({"name": "Jo", "email": "jo@a.example", "phone": "+33 612345678"})
        order = self._ordered(billing=self._address(name="Jo", email="jo@b.example", phone="+33 612345678"))
        self.assertNotEqual(order.partner_id, known)

    def test_a_number_that_is_none_belongs_to_nobody(self):
        for number in ("00000000", "0000 000 000", "1234567890", "12121212"):
            with self.subTest(number=number):
                known = self.env["res.partner"].create({"name": "Jo", "phone": number})
                order = self._ordered(billing=self._address(name="Jo", email="", phone=number))
                self.assertNotEqual(order.partner_id, known)

    def test_the_same_digits_in_another_country_are_another_line(self):
        known = self.env["res.partner"].create(
            {"name": "Jo", "phone": "06 12 34 56 78", "country_id": self.env.ref("base.it").id}
        )
        order = self._ordered(billing=self._address(name="Jo", email="", phone="0612345678"))
        self.assertNotEqual(order.partner_id, known)

    def test_an_extension_is_no_phone(self):
        self.env["res.partner"].create({"name": "Desk", "phone": "12"})
        order = self._ordered(billing=self._address(email="", phone="12"))
        self.assertNotEqual(order.partner_id.name, "Desk")

    def test_two_people_of_one_name_are_two_people(self):
        first = self._ordered(billing=self._address(name="Jean Martin"))
        other = self._ordered(billing=self._address(name="Jean Martin"))
        self.assertNotEqual(first.partner_id, other.partner_id)

    def test_somebody_of_whom_nothing_is_known_is_new_every_time(self):
        anonymous = self._address(email="")
        one, two = (
            order for order, _state, _text in self._apply(self._doc(billing=anonymous), self._doc(billing=anonymous))
        )
        later = self._ordered(billing=anonymous)
        self.assertEqual(len(one.partner_id | two.partner_id | later.partner_id), 3)

    def test_an_order_without_any_contact_gets_a_customer_too(self):
        order = self._ordered(billing=AddressDoc(), shipping=AddressDoc())
        self.assertTrue(order.partner_id)
        self.assertEqual(self._holds(order), ["address"])

    def test_two_orders_of_a_new_customer_in_one_batch_share_a_contact(self):
        for values in ({"customer_ref": "77"}, {"billing": self._address()}):
            with self.subTest(values=values):
                one, two = (order for order, _s, _t in self._apply(self._doc(**values), self._doc(**values)))
                self.assertEqual(one.partner_id, two.partner_id)

    def test_a_guest_who_made_an_account_meanwhile_is_the_same_person(self):
        """Two new orders in one batch, one as a guest and one signed in, with one e-mail address."""
        address = self._address()
        one, two = (
            order
            for order, _s, _t in self._apply(self._doc(billing=address), self._doc(billing=address, customer_ref="77"))
        )
        self.assertEqual(one.partner_id, two.partner_id)

    def test_a_contact_of_another_company_is_not_taken(self):
        company = self.env["res.company"].create({"name": "Another"})
        self.env["res.partner"].create({"name": "Theirs", "email": "x@example.com", "company_id": company.id})
        order = self._ordered(billing=self._address(email="x@example.com"))
        self.assertNotEqual(order.partner_id.name, "Theirs")

    def test_an_archived_contact_is_not_taken(self):
        self.env["res.partner"].create({"name": "Gone", "email": "x@example.com", "active": False})
        order = self._ordered(billing=self._address(email="x@example.com"))
        self.assertNotEqual(order.partner_id.name, "Gone")


class TestAddress(OmsCommon):
    def _ordered(self, **values):
        return self._apply(self._doc(**values))[0][0]

    def test_a_new_customers_address_is_the_contact_itself(self):
        address = self._address(company="ACME", phone="+33 1 22 33 44 55")
        order = self._ordered(billing=address)
        self.assertEqual(order.partner_invoice_id, order.partner_id)
        self.assertEqual(order.partner_shipping_id, order.partner_id)
        self.assertEqual(order.partner_id.name, f"ACME, {address.name}")
        self.assertEqual(order.partner_id.street, address.street)
        self.assertEqual(order.partner_id.country_id, self.country)
        self.assertEqual(order.partner_id.email, address.email)

    def test_another_address_is_kept_below_the_contact_and_found_again(self):
        billing, shipping = self._address(), self._address(email="")
        first = self._ordered(billing=billing, shipping=shipping)
        child = first.partner_shipping_id
        self.assertEqual((child.parent_id, child.type), (first.partner_id, "delivery"))
        self.assertEqual(child.street, shipping.street)
        again = self._ordered(billing=billing, shipping=shipping)
        self.assertEqual(again.partner_shipping_id, child)
        self.assertEqual(first.partner_id.child_ids, child)

    def test_an_address_is_known_again_in_another_spelling(self):
        billing, shipping = self._address(), self._address(street="12, rue de la Paix", city="Paris")
        first = self._ordered(billing=billing, shipping=shipping)
        shouted = self._address(name=shipping.name, street="12 RUE DE LA PAIX ", city="PARIS")
        self.assertEqual(
            self._ordered(billing=billing, shipping=shouted).partner_shipping_id, first.partner_shipping_id
        )

    def test_two_orders_of_a_batch_share_a_new_address(self):
        billing, shipping = self._address(), self._address()
        one, two = (
            order
            for order, _s, _t in self._apply(
                self._doc(billing=billing, shipping=shipping), self._doc(billing=billing, shipping=shipping)
            )
        )
        self.assertEqual(one.partner_shipping_id, two.partner_shipping_id)

    def test_what_is_known_of_a_customer_is_never_overwritten(self):
        known = self.env["res.partner"].create(
            {
                "name": "Dr. Zoé Known",
                "email": "zoe@example.com",
                "phone": "+33 1 00 00 00 00",
                "street": "1 rue Known",
                "zip": "75001",
                "city": "Paris",
                "country_id": self.country.id,
                "company_id": self.company.id,
            }
        )
        before = known.read(["name", "email", "phone", "street", "zip", "city", "country_id"])
        order = self._ordered(billing=self._address(email="zoe@example.com", name="z k", phone="+33 9 99 99 99 99"))
        self.assertEqual(order.partner_id, known)
        self.assertEqual(known.read(["name", "email", "phone", "street", "zip", "city", "country_id"]), before)
        self.assertEqual(order.partner_invoice_id.parent_id, known)

    def test_the_first_address_of_a_contact_without_one_is_written_there(self):
        known = self.env["res.partner"].create({"name": "Zoé", "email": "zoe@example.com"})
        address = self._address(email="zoe@example.com")
        order = self._ordered(billing=address)
        self.assertEqual((known.name, known.street), ("Zoé", address.street))
        self.assertEqual(order.partner_shipping_id, known)

    def test_a_state_is_found_by_its_country(self):
        order = self._ordered(billing=self._address(country_code="us", state_code="ca"))
        self.assertEqual(order.partner_id.state_id, self.env.ref("base.state_us_5"))

    def test_the_name_may_be_in_any_script(self):
        order = self._ordered(billing=self._address(name="Łukasz 山田 🪴", street="ул. Ленина 1"))
        self.assertEqual(order.partner_id.name, "Łukasz 山田 🪴")
