from odoo.fields import Command

from odoo.addons.oms_channels.domain.envelope import open_sealed
from odoo.addons.oms_channels.domain.outgoing import Location, Shop

from .test_listing import ListingCommon


class TestMapping(ListingCommon):
    """CAP-10, CAP-14: what a channel calls shipping methods, payments, taxes, places and carriers is said once, and known."""

    def setUp(self):
        super().setUp()
        # The merchant's own names and rates tell everything but what a test is about.
        self.env["oms.shipping.rule"].create(
            {"channel_id": self.shop_channel.id, "text": "standard", "delivery_method": "ship"}
        )

    def _sold(self, channel=None, **values):
        return self._apply(self._doc(**values), channel=channel or self.shop_channel)[0][0]

    def _received(self, **values):
        """As :meth:`_sold`, through the inbox: it can be checked again."""
        message = self._receive(self._doc(**values), channel=self.shop_channel)
        message._process()
        self.assertEqual(message.state, "done", message.error)
        return self._order_of(message)

    def _mappings(self, kind, channel=None):
        return self.env["oms.channel.mapping"].search(
            [("channel_id", "=", (channel or self.shop_channel).id), ("kind", "=", kind)]
        )

    def _mapping(self, kind, code, **values):
        return self.env["oms.channel.mapping"].create(
            {"channel_id": self.shop_channel.id, "kind": kind, "external_code": code, **values}
        )

    def _carrier(self, name):
        delivery = self.env["product.product"].create({"name": name, "type": "service"})
        return self.env["delivery.carrier"].create(
            {"name": name, "product_id": delivery.id, "company_id": self.company.id}
        )

    # ------------------------------------------------------------------------------------------------- UNKNOWN CODES

    def test_codes_that_nobody_knows_are_noted_once_and_become_one_task(self):
        for _number in range(2):
            order = self._sold(shipping_method="Rocket mail")
        self._sold(shipping_method="Carrier pigeon")
        self._sold(shipping_method="Standard parcel")
        self.assertEqual(order.state, "sale")
        rows = {row.external_code: row for row in self._mappings("shipping")}
        self.assertEqual(
            {code: (row.count, row.is_covered) for code, row in rows.items()},
            {"Rocket mail": (2, False), "Carrier pigeon": (1, False), "Standard parcel": (0, True)},
        )
        self.assertIn(order, rows["Rocket mail"].order_ids)
        self.assertTrue(rows["Rocket mail"].order_id)
        self.assertTrue(rows["Rocket mail"].seen_at)
        [task] = self._tasks(subject="codes")
        self.assertEqual(task.summary, f"{self.shop_channel.name} uses 2 codes that are not known here")
        self.assertIn("Rocket mail", task.note)
        rows["Rocket mail"].delivery_method = "express"
        rows["Carrier pigeon"].is_covered = True
        self.assertFalse(self._tasks(subject="codes"))
        self._sold(shipping_method="Carrier pigeon")
        self.assertEqual((rows["Carrier pigeon"].count, rows["Rocket mail"].count), (1, 0))

    def test_a_channel_that_is_worked_by_hand_notes_nothing(self):
        self._apply(self._doc(shipping_method="Rocket mail"))
        self.assertFalse(self._mappings("shipping", self.channel))

    # ------------------------------------------------------------------------------------------------------ SHIPPING

    def test_a_shipping_method_is_a_way_of_delivery_and_a_delivery_method_of_ours(self):
        rocket = self._carrier("Rocket")
        self._mapping("shipping", "Standard parcel", delivery_method="express", carrier_id=rocket.id)
        order = self._sold(shipping_method="Standard parcel")
        self.assertEqual((order.oms_delivery_method, order.carrier_id), ("express", rocket))
        self.assertEqual(order.picking_ids.carrier_id, rocket)
        plain = self._sold(shipping_method="Other standard")
        self.assertEqual((plain.oms_delivery_method, plain.carrier_id.id), ("ship", False))

    # --------------------------------------------------------------------------------------------------------- TAXES

    def test_an_unknown_tax_holds_the_order_until_somebody_says_which_one_it_is(self):
        order = self._received(lines=(self._line("STD", 1, "20.00", 13),))
        self.assertEqual(self._holds(order), ["tax", "total"])
        self.assertIn("Channels > Mappings", order.oms_hold_reason)
        [mapping] = self._mappings("tax")
        self.assertEqual((mapping.external_code, mapping.count), ("13 (13 %)", 1))
        tax = self._create_tax(13, active=False)
        tax.active = True
        mapping.tax_id = tax
        self._run("cron_check_again")
        self.assertEqual((self._holds(order), order.order_line.tax_ids), ([], tax))
        self.assertEqual((order.state, order.amount_total), ("sale", 22.6))

    def test_a_tax_that_was_chosen_counts_more_than_another_of_its_rate(self):
        special = self._create_tax(20, sequence=99)
        self._mapping("tax", "20 (20 %)", tax_id=special.id)
        order = self._sold()
        self.assertEqual((order.order_line.tax_ids, order.amount_total), (special, 24))

    def test_a_tax_of_another_country_is_not_taken(self):
        theirs = self._create_tax(20)
        country = self.env.ref("base.de")
        group = self.env["account.tax.group"].create({"name": "Theirs", "country_id": country.id})
        theirs.write({"country_id": country.id, "tax_group_id": group.id})
        self._mapping("tax", "20 (20 %)", tax_id=theirs.id)
        self.assertEqual(self._sold().order_line.tax_ids, self.tax_20)

    # ------------------------------------------------------------------------------------------------------ PAYMENTS

    def test_money_goes_where_its_payment_method_says(self):
        account, journal = self._create_clearing("PAYP")
        self._mapping("payment", "paypal", journal_id=journal.id)
        order = self._sold(payments=(self._payment(24, method="paypal"),))
        self._ship(order)
        self._book(order)
        self.assertEqual((self._net(account), self._net(self.clearing_account)), (24, 0))

    def test_a_payment_method_may_be_a_gift_card(self):
        self._mapping("payment", "shop_voucher", tender="gift_card")
        order = self._sold(payments=(self._payment(24, method="shop_voucher"),))
        self.assertEqual(order.transaction_ids.oms_tender, "gift_card")

    def test_money_that_could_not_be_booked_is_booked_when_somebody_says_where(self):
        self.shop_channel.clearing_journal_id = False
        order = self._sold(payments=(self._payment(24, method="paypal"),))
        self._ship(order)
        self._book(order)
        self.assertFalse(order.transaction_ids.payment_id)
        self.assertEqual(self._mappings("payment").count, 1)
        account, journal = self._create_clearing("PAYP")
        self._mappings("payment").journal_id = journal
        self.assertIn(order, order.search(order._oms_booking_domain()))
        self._book(order)
        self.assertEqual(self._net(account), 24)

    # -------------------------------------------------------------------------------------------------------- PLACES

    def test_an_order_to_be_fetched_at_an_unknown_place_goes_on_when_somebody_names_it(self):
        order = self._received(delivery_method="pickup", pickup_ref="gid://shopify/Location/1")
        self.assertEqual(self._holds(order), ["address"])
        [mapping] = self._mappings("location")
        mapping.warehouse_id = self.warehouse
        self._run("cron_check_again")
        self.assertEqual((self._holds(order), order.oms_pickup_warehouse_id), ([], self.warehouse))
        self.assertEqual(order.state, "sale")

    def test_the_code_of_a_warehouse_is_understood_as_ever(self):
        order = self._sold(delivery_method="pickup", pickup_ref=self.warehouse.code)
        self.assertEqual(order.oms_pickup_warehouse_id, self.warehouse)
        self.assertFalse(self._tasks(subject="codes"))

    def test_the_places_of_a_channel_are_fetched_and_those_of_the_same_name_known(self):
        places = (Location("L1", self.warehouse.name.upper()), Location("L2", "Pop-up"), Location("L3", "Old", False))

        class Client:
            def check(self):
                return Shop("Shop", locations=places)

        self.patch(type(self.shop_channel), "_connect", lambda _channel: Client())
        for _round in range(2):
            self.shop_channel.action_fetch_locations()
        self.assertEqual(
            [(row.external_code, row.warehouse_id) for row in self._mappings("location").sorted("external_code")],
            [("L1", self.warehouse), ("L2", self.env["stock.warehouse"])],
        )

    # ------------------------------------------------------------------------------------------------------- PARCELS

    def test_a_parcel_is_told_with_the_shops_words_for_carrier_and_place(self):
        carrier = self._carrier("Our deal with Rocket")
        self._mapping("carrier", "rocket_de", external_name="Rocket Mail", carrier_ids=[Command.set(carrier.ids)])
        self._mapping("location", "L1", warehouse_id=self.warehouse.id)
        order = self._sold()
        order.picking_ids.carrier_id = carrier
        self._ship(order)
        [message] = self._messages().filtered(lambda message: message.direction == "out")
        parcel = open_sealed("parcel", message._get_body())
        self.assertEqual((parcel.carrier, parcel.carrier_name, parcel.location_ref), ("rocket_de", "Rocket Mail", "L1"))

    def test_well_known_carriers_are_suggested(self):
        self._carrier("DHL Paket")
        self._carrier("DHL Express")
        self._carrier("Van of our own")
        for _round in range(2):
            self.shop_channel.action_suggest_carriers()
        [row] = self._mappings("carrier")
        self.assertEqual((row.external_code, len(row.carrier_ids)), ("dhl", 2))

    # -------------------------------------------------------------------------------------------------------- STORES

    def test_two_accounts_of_one_platform_keep_their_codes_apart(self):
        second = self._create_channel("SECOND", platform="woocommerce")
        self._mapping("shipping", "Standard parcel", delivery_method="express")
        self.assertEqual(self._sold(second, shipping_method="Standard parcel").oms_delivery_method, "ship")
        self.assertFalse(second._map("shipping", "Standard parcel").delivery_method)
        self.assertEqual(self.shop_channel._map("shipping", "Standard parcel").delivery_method, "express")
        self.assertFalse(second._map("shipping", "?"))

    def test_nothing_of_another_company_can_be_chosen(self):
        other = self._create_company("Other merchant")
        theirs = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        with self.assertRaisesRegex(Exception, "compan"):
            self._mapping("location", "L1", warehouse_id=theirs.id)

    # ------------------------------------------------------------------------------------------------------- QUERIES

    def test_a_line_more_costs_no_query_more(self):
        self._count(2)
        few, many = self._count(3), self._count(30)
        self.assertEqual(many, few)

    def _count(self, size):
        number = next(self._numbers)
        lines = []
        for index in range(size):
            self._listing(external_id=f"{number}-{index}", product_id=self.product_standard.id, pack_size=2)
            lines.append(self._line(f"S{index}", 1, product_ref=f"{number}-{index}"))
        doc = self._doc(lines=tuple(lines), shipping_method="Standard parcel")
        worker = self.shop_channel._as_worker()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        resolver = worker._get_resolver([doc])
        for line in doc.lines:
            self.assertEqual((resolver.product(line), resolver.pack_size(line)), (self.product_standard, 2))
            self.assertTrue(resolver.taxes(line, self.country))
        return self.cr.sql_log_count - before
