"""SHP-03, TRD-04: carriers are asked, the best is taken with its reason, and what was answered is kept."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import freeze_time

from odoo.addons.oms_core.tests.common_carriers import CarrierCommon
from odoo.addons.oms_routing.models import stock_picking_carrier

TUESDAY = datetime(2026, 3, 10, 8)


class CarrierChoiceCommon(CarrierCommon):
    """A merchant in Lyon with three delivery methods of his own rate cards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table.write({"name": "Van", "sequence": 1})
        cls.slow = cls._create_table_carrier("Slow van", price=4.0, days=5, sequence=2)
        cls.fast = cls._create_table_carrier("Courier", price=11.0, days=1, sequence=3)
        cls.ours = cls.table | cls.slow | cls.fast
        cls.channel.write({"carrier_choice": "empty", "check_addresses": False})

    def _move_to_california(self):
        coast = self.env["resource.calendar"].create({"name": "Coast", "tz": "America/Los_Angeles"})
        self.warehouse.oms_calendar_id = coast

    def _unsent(self, *lines, **values):
        """The delivery of an order, reserved, with no carrier."""
        order = self._order(*(lines or (("STD", 1, "20.00", 20),)), **values)
        return order.picking_ids


@freeze_time(TUESDAY)
class TestCarrierChoice(CarrierChoiceCommon):
    def test_a_delivery_leaves_with_the_cheapest_carrier_that_is_in_time_and_says_why(self):
        picking = self._unsent()
        picking.sale_id.oms_deliver_by = TUESDAY + timedelta(days=3)
        self._ship(picking.sale_id)
        self.assertEqual(picking.carrier_id, self.table)
        self.assertIn("The cheapest in time.", picking.oms_carrier_reason)
        self.assertEqual(picking.oms_quoted_cost, 6.0)
        self.assertTrue(picking.carrier_tracking_ref, "It has its label.")
        codes = {quote.carrier_id: quote.code for quote in picking.oms_quote_ids if quote.carrier_id in self.ours}
        self.assertEqual(codes, {self.table: "chosen", self.fast: "dearer", self.slow: "late"})
        quote = picking.oms_quote_ids.filtered("chosen")
        self.assertEqual((quote.price, quote.zip, quote.weight_kg), (6.0, picking.partner_id.zip, 1.2))
        self.assertEqual(quote.quoted_at, TUESDAY)
        self.assertEqual(quote.valid_until, TUESDAY + timedelta(days=7))

    def test_by_hand_nothing_is_chosen(self):
        self.channel.carrier_choice = "keep"
        picking = self._unsent()
        self._ship(picking.sale_id)
        self.assertFalse(picking.carrier_id)
        self.assertFalse(picking.oms_carrier_reason)

    def test_a_delivery_method_of_which_nobody_knows_the_cost_is_not_chosen_by_itself(self):
        free = self._create_carrier("Free for customers", "fixed", fixed_price=0.0, sequence=0)
        picking = self._unsent()
        picking.action_oms_choose_carrier()
        self.assertEqual(picking.carrier_id, self.slow)
        quote = picking.oms_quote_ids.filtered(lambda quote: quote.carrier_id == free)
        self.assertIn("nobody knows what it costs", quote.reason)

    def test_what_a_client_says_in_its_context_hides_no_delivery_method_from_who_chooses_by_hand(self):
        free = self._create_carrier("Free for customers", "fixed", fixed_price=0.0, sequence=0)
        verdicts = self.env["oms.rate.shopper"].with_context(oms_own_costs=True)._shop(self._unsent())
        asked = next(verdict.option for verdict in verdicts if verdict.option.carrier_id == free.id)
        self.assertFalse(asked.problem)

    def test_a_carrier_that_the_order_names_is_kept_unless_the_channel_says_otherwise(self):
        kept = self._unsent()
        kept.carrier_id = self.fast
        kept._oms_choose_where_wanted()
        self.assertEqual(kept.carrier_id, self.fast)
        self.channel.carrier_choice = "always"
        kept._oms_choose_where_wanted()
        self.assertEqual(kept.carrier_id, self.slow)  # nothing was promised: the cheapest

    def test_of_equals_the_one_that_emits_less_is_taken(self):
        rail = self._create_table_carrier("Rail", price=4.0, days=5, sequence=9, oms_mode="rail")
        picking = self._unsent()
        picking.action_oms_choose_carrier()
        self.assertEqual(picking.carrier_id, rail)
        self.assertIn("emits less", picking.oms_carrier_reason)

    def test_an_express_order_gets_no_carrier_that_is_for_standard_orders(self):
        (self.table | self.slow).oms_level = "ship"
        picking = self._unsent()
        picking.sale_id.oms_delivery_method = "express"
        picking.action_oms_choose_carrier()
        self.assertEqual(picking.carrier_id, self.fast)

    def test_when_none_is_in_time_the_one_that_is_there_first_is_better_than_none(self):
        picking = self._unsent()
        picking.sale_id.oms_deliver_by = TUESDAY + timedelta(hours=2)
        picking.action_oms_choose_carrier()
        self.assertEqual(picking.carrier_id, self.fast)
        self.assertIn("None is surely in time", picking.oms_carrier_reason)

    def test_goods_that_no_carrier_takes_are_left_to_a_person(self):
        self.product_standard.oms_is_dangerous = True
        self.env["delivery.carrier"].search([("id", "not in", self.ours.ids)]).active = False
        picking = self._unsent()
        picking.action_oms_choose_carrier()
        self.assertFalse(picking.carrier_id)
        self.assertIn("dangerous goods", picking.oms_carrier_reason)
        self.assertEqual(picking.activity_ids.summary, "Choose a carrier")

    def test_the_job_chooses_for_what_is_ready_and_only_once(self):
        picking = self._unsent()
        self.env["stock.picking"]._cron_oms_choose_carriers()
        self.assertEqual(picking.carrier_id, self.slow)
        asked = len(picking.oms_quote_ids)
        self.env["stock.picking"]._cron_oms_choose_carriers()
        self.assertEqual(len(picking.oms_quote_ids), asked)

    def test_what_leaves_california_on_friday_evening_is_there_on_monday(self):
        """When in UTC it is Saturday already."""
        picking = self._unsent()
        self._move_to_california()
        with freeze_time(datetime(2026, 3, 14, 1)):
            picking.action_oms_choose_carrier()
            best = picking.oms_quote_ids.filtered(lambda quote: quote.carrier_id == self.fast)
            self.assertEqual(best.expected_at, datetime(2026, 3, 16, 19))
            order = picking.sale_id
            self.assertEqual(self.env["oms.rate.shopper"]._expected(order, 1), datetime(2026, 3, 16, 19))
            service = self.fast._oms_to_service(fields.Date.today())
            clock = self.warehouse._oms_get_clock()
            day = self.env["oms.transit.lane"]._get_own_day(service, fields.Datetime.now(), 1, clock)
            self.assertEqual(day, datetime(2026, 3, 16, 19))

    def test_what_a_person_chose_is_not_chosen_again(self):
        picking = self._unsent()
        compare = self.env["oms.rate.compare"].browse(picking.action_oms_compare_rates()["res_id"])
        compare.line_ids.filtered(lambda line: line.carrier_id == self.fast).action_choose()
        self.assertFalse(picking._oms_wants_carrier())
        self.assertIn("Chosen by", picking.oms_carrier_reason)
        self.assertEqual(picking.carrier_id, self.fast)

    def test_a_delivery_begins_with_the_service_with_which_its_place_was_chosen(self):
        decisions = type(self.env["oms.sourcing.decision"])
        prepare = decisions._prepare_line
        self.patch(
            decisions,
            "_prepare_line",
            lambda model, allocation: prepare(model, allocation) | {"service": f"{self.fast.id}:NIGHT"},
        )
        picking = self._unsent()
        self.assertEqual((picking.carrier_id, picking.oms_service_code), (self.fast, "NIGHT"))
        self.assertIn("together with the place", picking.oms_carrier_reason)
        self.channel.carrier_choice = "keep"
        self.assertFalse(self._unsent().carrier_id)

    def test_a_quote_is_never_changed(self):
        picking = self._unsent()
        picking.action_oms_choose_carrier()
        with self.assertRaises(UserError):
            picking.oms_quote_ids[0].price = 1.0

    def test_a_large_order_is_priced_in_the_boxes_that_it_takes(self):
        self.env["stock.package.type"].search([]).package_use = "reusable"
        self.env["stock.package.type"].create(
            {
                "name": "Large",
                "packaging_length": 400,
                "width": 250,
                "height": 200,
                "max_weight": 10,
                "base_weight": 0.5,
            }
        )
        picking = self._unsent(("STD", 12, "240.00", 20))  # 14.4 kg of goods
        picking.action_oms_choose_carrier()
        self.assertEqual(picking.oms_cartons, "2 × Large")
        self.assertEqual(picking.oms_quoted_cost, 8.0)  # twice the price of a parcel
        self.assertEqual(picking.oms_quote_ids.filtered("chosen").parcels, 2)

    def _only_box(self, **values):
        """The one kind of package that is used up; Odoo knows no limit of its weight by itself."""
        self.env["stock.package.type"].search([]).package_use = "reusable"
        return self.env["stock.package.type"].create(
            {"name": "Box", "packaging_length": 600, "width": 400, "height": 400, **values}
        )

    def test_goods_are_packed_into_parcels_as_heavy_as_each_carrier_takes(self):
        self._only_box()
        self.product_standard.weight = 5.0
        self.ours.max_weight = 31.5
        self.fast.max_weight = 12
        picking = self._unsent(("STD", 10, "200.00", 20))
        picking.action_oms_choose_carrier()
        self.assertEqual((picking.carrier_id, picking.oms_cartons), (self.slow, "2 × Box"))
        self.assertEqual(picking.oms_quoted_cost, 8.0)
        quotes = {quote.carrier_id: (quote.parcels, quote.price) for quote in picking.oms_quote_ids}
        self.assertEqual((quotes[self.slow], quotes[self.fast]), ((2, 8.0), (5, 55.0)))

    def test_a_box_that_is_too_long_for_a_carrier_is_not_used_for_it(self):
        self._only_box(packaging_length=1200)
        self.env["stock.package.type"].create({"name": "Cube", "packaging_length": 400, "width": 400, "height": 400})
        self.ours.oms_max_side_cm = 100
        self.product_standard.volume = 0.04
        picking = self._unsent(("STD", 3, "60.00", 20))
        picking.action_oms_choose_carrier()
        self.assertEqual((picking.carrier_id, picking.oms_cartons), (self.slow, "3 × Cube"))

    def test_what_no_carrier_took_is_asked_about_again_once_it_is_packed(self):
        self.env["stock.package.type"].search([]).package_use = "reusable"
        (self.product_standard | self.product_average).weight = 10.0
        self.env["delivery.carrier"].search([("id", "not in", self.ours.ids)]).active = False
        picking = self._unsent(("STD", 2, "40.00", 20), ("AVG", 2, "40.00", 20))
        picking._cron_oms_choose_carriers()
        self.assertFalse(picking.carrier_id)
        self.assertIn("No carrier takes this", picking.oms_carrier_reason)
        asked = len(picking.oms_quote_ids)
        picking._cron_oms_choose_carriers()
        self.assertEqual(len(picking.oms_quote_ids), asked, "the job asks once")
        for line in picking.move_line_ids:
            line.result_package_id = self.env["stock.package"].create({"name": f"BOX-{line.id}"})
        picking.action_oms_get_label()
        self.assertEqual(picking.carrier_id, self.slow)
        self.assertEqual(picking.oms_quoted_cost, 8.0)

    def test_a_dozen_is_declared_at_what_was_paid_for_it(self):
        self._only_box()
        order = self._unsent().sale_id.copy()
        dozen = self.env.ref("uom.product_uom_dozen")
        order.order_line.write({"product_uom_id": dozen.id, "price_unit": 120.0, "technical_price_unit": 0.0})
        order.action_confirm()
        for source in (order, order.picking_ids):
            worth = sum(parcel.value for parcel in source._oms_rate_parcels(self.table))
            self.assertAlmostEqual(float(worth), order.amount_total, places=2)

    def test_the_parts_of_a_kit_are_declared_together_at_its_price(self):
        if "mrp.bom" not in self.env:
            self.skipTest("kits need Odoo's manufacturing")
        self._only_box()
        tea = self._create_product("TEA", weight=1.0, list_price=30.0)
        cup = self._create_product("CUP", weight=1.0, list_price=5.0)
        self._create_kit(self._create_product("SET", is_storable=False), (tea, 1), (cup, 2))
        for part in (tea, cup):
            self._stock(part, self.warehouse, 9)
        picking = self._unsent(("SET", 2, "80.00", 20))
        items = [item for parcel in picking._oms_rate_parcels(self.table) for item in parcel.items]
        self.assertEqual({item.sku: item.value for item in items}, {"TEA": Decimal("72.0"), "CUP": Decimal("24.0")})

    def test_deliveries_that_want_no_carrier_do_not_keep_others_waiting(self):
        self.patch(stock_picking_carrier, "CHOOSE_MAX", 1)
        named, fetched, labelled, due = (self._unsent() for _delivery in range(4))
        named.carrier_id = self.fast
        fetched.sale_id.write({"oms_delivery_method": "pickup", "oms_pickup_warehouse_id": self.warehouse.id})
        labelled.carrier_id = self.table
        labelled.send_to_shipper()
        labelled.carrier_id = False
        due.scheduled_date = TUESDAY + timedelta(days=1)
        self.env["stock.picking"]._cron_oms_choose_carriers()
        self.assertEqual(due.carrier_id, self.slow)
        self.assertEqual(named.carrier_id, self.fast)
        self.assertFalse((fetched | labelled).carrier_id)
        self.assertTrue(labelled.oms_label_ids)


@freeze_time(TUESDAY)
class TestOffers(CarrierChoiceCommon):
    def _offer(self, order, carrier, warehouse=None):
        offers = order._oms_get_offers(warehouse or self.warehouse)[order][(warehouse or self.warehouse).id]
        return next((offer for offer in offers if offer.service_id == str(carrier.id)), None)

    def test_each_place_offers_price_days_and_emissions_of_each_delivery_method(self):
        self.warehouse.write({"oms_ready_hours": 2, "oms_cut_off": 14})
        self.table.oms_collected_at = 16
        order = self._unsent().sale_id
        offer = self._offer(order, self.table)
        self.assertEqual(offer.tariff.steps, ((Decimal("30.0"), Decimal("6.00")),))
        self.assertFalse(offer.refusal)
        calendar = self.warehouse.oms_calendar_id or self.company.resource_calendar_id
        ship_by = offer.ship_by.replace(tzinfo=timezone.utc)
        self.assertEqual(ship_by, calendar._oms_to_domain().at_hour(ship_by, 16))
        self.assertEqual(offer.deliver_by.date(), datetime(2026, 3, 12).date())
        self.assertGreater(offer.carbon_per_kg, 0)

    def test_dangerous_goods_are_refused_one_by_one(self):
        self.product_standard.oms_is_dangerous = True
        order = self._unsent(("STD", 1, "20.00", 20), ("AVG", 1, "20.00", 20)).sale_id
        offer = self._offer(order, self.table)
        self.assertEqual(set(offer.refusals), {self.product_standard.id})

    def test_a_new_price_is_offered_to_the_next_order(self):
        order = self._unsent().sale_id
        self.assertEqual(self._offer(order, self.table).tariff.steps[0][1], 6)
        self.table.oms_rate_card_ids.zone_ids.step_ids.price = 7.5
        self.assertEqual(self._offer(order, self.table).tariff.steps[0][1], Decimal("7.5"))

    def test_an_order_that_names_its_carrier_is_offered_no_other_unless_one_is_always_chosen(self):
        order = self._unsent().sale_id
        order.carrier_id = self.fast
        self.assertIsNone(self._offer(order, self.table))
        self.assertTrue(self._offer(order, self.fast))
        self.channel.carrier_choice = "always"
        self.assertTrue(self._offer(order, self.table))

    def test_what_the_customer_comes_for_is_offered_to_no_carrier(self):
        order = self._unsent().sale_id
        order.write({"oms_delivery_method": "pickup", "oms_pickup_warehouse_id": self.warehouse.id})
        self.assertEqual(order._oms_get_offers(self.warehouse), {order: {}})

    def test_what_a_live_carrier_quoted_is_offered_until_the_quote_runs_out(self):
        carrier = self._easyparcel(self._server(), oms_quote_days=3)
        order = self._unsent().sale_id
        self.assertIn("not asked", self._offer(order, carrier).refusal)
        order.action_oms_compare_rates()
        offers = order._oms_get_offers(self.warehouse)[order][self.warehouse.id]
        quoted = [offer for offer in offers if offer.service_id.startswith(f"{carrier.id}:") and not offer.refusal]
        self.assertTrue(quoted)
        best = self.env["oms.rate.quote"].search([("carrier_id", "=", carrier.id), ("has_price", "=", True)], limit=1)
        prices = {offer.service_id: offer.tariff.steps[0][1] for offer in quoted}
        self.assertEqual(prices[f"{carrier.id}:{best.service_code}"], Decimal(str(best.price)))
        self.assertEqual(self.env["delivery.carrier"]._oms_split_service(quoted[0].service_id)[0], carrier)
        with freeze_time(TUESDAY + timedelta(days=4)):
            self.assertTrue(self._offer(order, carrier).refusal)

    def test_offers_cost_no_more_queries_for_many_orders_than_for_few(self):
        orders = self.env["sale.order"].union(*(self._unsent().sale_id for _number in range(8)))

        def queries(of):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            of._oms_get_offers(self.warehouse)
            return self.cr.sql_log_count - before

        queries(orders[:1])  # what is cached for all
        few, many = queries(orders[:2]), queries(orders)
        self.assertLessEqual(many, few, f"{few} queries for 2 orders, {many} for 8")
        self.assertLessEqual(many, 30)


@freeze_time(TUESDAY)
class TestPlaceAndService(CarrierChoiceCommon):
    """RTE-08: place and service are chosen together, and the delivery begins with both."""

    def test_the_cheapest_place_and_service_are_chosen_together_and_the_delivery_begins_with_them(self):
        self.env["oms.sourcing.policy"]._create_from_template("cheapest", self.company, sequence=0)
        picking = self._unsent()
        line = picking.sale_id.oms_decision_ids.line_ids
        self.assertEqual((line.warehouse_id, line.service), (self.warehouse, str(self.slow.id)))
        self.assertEqual(Decimal(line.costs["carrier"]), 4)
        self.assertTrue(TUESDAY <= line.ship_by < line.deliver_by)
        self.assertEqual(picking.carrier_id, self.slow)
        candidate = picking.sale_id.oms_decision_ids.candidate_ids
        self.assertEqual(candidate.distance_basis, "postal")
        self.assertEqual(picking.sale_id.oms_decision_ids._replay()[picking.sale_id.oms_decision_ids], "same")

    def test_an_express_order_is_planned_with_a_service_for_express(self):
        (self.table | self.slow).oms_level = "ship"
        self.env["oms.sourcing.policy"]._create_from_template("cheapest", self.company, sequence=0)
        line = self._unsent(delivery_method="express").sale_id.oms_decision_ids.line_ids
        self.assertEqual(line.service, str(self.fast.id))


class TestTransit(CarrierChoiceCommon):
    def _delivered(self, count, hours, start=TUESDAY):
        """Deliveries of the past, by the van, each so many hours after its own day; written past Odoo's screens."""
        partner = self._order(("STD", 1, "20.00", 20)).partner_shipping_id
        pickings = self.env["stock.picking"].create(
            [
                {
                    "picking_type_id": self.warehouse.out_type_id.id,
                    "partner_id": partner.id,
                    "carrier_id": self.table.id,
                    "location_id": self.warehouse.lot_stock_id.id,
                    "location_dest_id": partner.property_stock_customer.id,
                }
                for _number in range(count)
            ]
        )
        self.env.flush_all()
        for number, picking in enumerate(pickings):
            left = start + timedelta(hours=number)
            service = self.table._oms_to_service(start.date())
            expected = self.env["oms.transit.lane"]._get_own_day(service, left, 2, self.warehouse._oms_get_clock())
            self.cr.execute(
                "UPDATE stock_picking SET state = 'done', date_done = %s, oms_delivered_at = %s, oms_promised_by = %s,"
                " oms_promised_percent = 90 WHERE id = %s",
                [left, expected + timedelta(hours=hours(number)), expected + timedelta(hours=6), picking.id],
            )
        self.env.invalidate_all()
        return pickings

    def test_how_late_a_carrier_is_is_learned_at_night_and_promised_by_day(self):
        self._move_to_california()  # its days are not those of UTC
        with freeze_time(TUESDAY + timedelta(days=20)):
            self.table.oms_promise_percent = 90
            self._delivered(100, lambda number: float(number % 10))
            self.env["oms.transit.lane"]._cron_oms_learn_transit()
            lane = self.env["oms.transit.lane"].search([("warehouse_id", "=", self.warehouse.id)])
            self.assertEqual((lane.carrier_id, lane.zone, lane.parcels), (self.table, "France", 100))
            self.assertAlmostEqual(lane.usual_hours, 4.5, delta=0.6)
            self.assertAlmostEqual(lane.late_hours, 8.5, delta=1)
            self.assertEqual(lane.measured, 20)
            self.assertAlmostEqual(lane.covered, 90, delta=10)
            order = self._unsent().sale_id
            (offer,) = [
                offer
                for offer in order._oms_get_offers(self.warehouse)[order][self.warehouse.id]
                if offer.service_id == str(self.table.id)
            ]
            gap = offer.deliver_late - offer.deliver_by
            self.assertAlmostEqual(gap.total_seconds() / 3600, lane.late_hours - lane.usual_hours, delta=0.1)
            self.channel.carrier_choice = "keep"
            order.picking_ids.carrier_id = self.table
            self._ship(order)
            day = self.env["oms.transit.lane"]._get_own_day(
                self.table._oms_to_service(fields.Date.today()),
                fields.Datetime.now(),
                2,
                self.warehouse._oms_get_clock(),
            )
            promised = order.picking_ids.oms_promised_by - day
            self.assertAlmostEqual(promised.total_seconds() / 3600, lane.late_hours, delta=0.1)
            self.assertEqual(order.picking_ids.oms_promised_percent, 90)

    def test_the_report_says_how_many_promises_were_kept(self):
        with freeze_time(TUESDAY + timedelta(days=20)):
            self._delivered(20, lambda number: 0.0 if number % 5 else 12.0)
            ((promised, kept),) = self.env["oms.promise.report"]._read_group(
                [("carrier_id", "=", self.table.id)], [], ["promised:avg", "kept:avg"]
            )
        self.assertEqual((promised, kept), (90.0, 80.0))


class TestCarbon(CarrierChoiceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse.partner_id.write({"partner_latitude": 45.76, "partner_longitude": 4.86})
        cls.version = cls.env.ref("oms_routing.carbon_version_desnz_2026")

    def _sent(self):
        picking = self._unsent(("STD", 5, "100.00", 20))
        picking.carrier_id = self.table
        picking.partner_id.write({"partner_latitude": 48.86, "partner_longitude": 2.35})
        self._ship(picking.sale_id)
        return picking

    def test_a_delivery_that_left_says_what_it_emits_and_so_does_its_order(self):
        picking = self._sent()
        self.assertEqual((picking.oms_way_basis, picking.oms_carried_kg, picking.oms_mode), ("address", 6.0, "lorry"))
        self.assertAlmostEqual(picking.oms_way_km, 392, delta=3)
        by_hand = 6 / 1000 * ((picking.oms_way_km - 10) * 127.15 + 10 * 786.06)
        self.assertAlmostEqual(picking.oms_carbon, by_hand, delta=0.1)
        self.assertEqual(picking.sale_id.oms_carbon, picking.oms_carbon)

    def test_the_way_is_measured_by_what_is_known_and_says_by_what(self):
        partner = self.env["res.partner"].create({"name": "Somewhere", "country_id": self.country.id})
        here = self.warehouse.partner_id
        self.assertEqual(partner._oms_way_from(here)[1], "country")
        partner.zip = "75001"
        self.assertEqual(partner._oms_way_from(here)[1], "postal")
        partner.country_id = False
        self.assertEqual(partner._oms_way_from(here), (None, ""))

    def test_other_factors_restate_history_and_the_old_statement_stays_beside_it(self):
        picking = self._sent()
        before = picking.oms_carbon
        again = self.version.copy({"name": "Corrected", "valid_from": fields.Date.today()})
        for factor in again.factor_ids:
            factor.grams_per_tkm *= 2
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertAlmostEqual(picking.oms_carbon, 2 * before, delta=0.2)
        rows = self.env["oms.carbon.report"].search([("picking_id", "=", picking.id)])
        stated = {row.version_id: (row.in_force, round(row.carbon, 1)) for row in rows}
        self.assertEqual(stated[self.version], (False, round(before, 1)))
        self.assertEqual(stated[again], (True, round(picking.oms_carbon, 1)))

    def test_a_detour_by_road_is_told_once_and_counts_in_the_delivery_in_the_report_and_in_the_choice(self):
        picking = self._sent()
        before, ahead = picking.oms_carbon, self.table._oms_grams_per_kg(392.0)
        self.version.factor_ids.filtered(lambda factor: factor.mode in ("lorry", "van")).detour = 1.3
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertAlmostEqual(picking.oms_carbon, 1.3 * before, delta=0.2)
        self.assertAlmostEqual(float(self.table._oms_grams_per_kg(392.0)), 1.3 * float(ahead), delta=0.01)
        row = self.env["oms.carbon.report"].search([("picking_id", "=", picking.id)])
        self.assertAlmostEqual(row.carbon, picking.oms_carbon, delta=0.1)

    def test_factors_of_a_later_day_leave_what_was_sent_before_as_it_is(self):
        picking = self._sent()
        before = picking.oms_carbon
        again = self.version.copy({"name": "Next", "valid_from": fields.Date.today() + timedelta(days=9)})
        again.factor_ids.grams_per_tkm = 1.0
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(picking.oms_carbon, before)
        rows = self.env["oms.carbon.report"].search([("picking_id", "=", picking.id), ("in_force", "=", True)])
        self.assertEqual(rows.version_id, self.version)

    def test_the_factors_are_those_of_the_day_where_the_company_is(self):
        self.company.partner_id.tz = "America/Los_Angeles"
        again = self.version.copy({"name": "March", "valid_from": "2026-03-11"})
        again.factor_ids.grams_per_tkm = 1.0
        with freeze_time(datetime(2026, 3, 11, 5)):  # the evening of the 10th
            picking = self._sent()
            quote = self.table._oms_grams_per_kg(392.0)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertGreater(picking.oms_carbon, 100)
        self.assertAlmostEqual(float(quote) * 6, picking.oms_carbon, delta=5)
        rows = self.env["oms.carbon.report"].search([("picking_id", "=", picking.id), ("in_force", "=", True)])
        self.assertEqual(rows.version_id, self.version)

    def test_the_price_of_carbon_is_shared_by_weight_and_booked_nowhere(self):
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_rest, **_options: 60)
        self.product_average.weight = 3.6
        self.company.oms_carbon_price = 10_000
        picking = self._unsent(("STD", 5, "100.00", 20), ("AVG", 1, "40.00", 20))
        picking.carrier_id = self.table
        picking.partner_id.write({"partner_latitude": 48.86, "partner_longitude": 2.35})
        self._ship(picking.sale_id)
        entries = self.env["account.move.line"].search_count([("company_id", "=", self.company.id)])
        for _again in range(2):
            self.env["oms.cost"]._cron_keep()
        costs = self.env["account.analytic.line"].search(
            [("oms_order_id", "=", picking.sale_id.id), ("oms_cost_kind", "=", "carbon")]
        )
        price = round(picking.oms_carbon * 10_000 / 1_000_000, 2)
        self.assertGreater(price, 1)
        by_product = {cost.product_id.default_code: -cost.amount for cost in costs}
        self.assertEqual(round(sum(by_product.values()), 2), price)
        self.assertAlmostEqual(by_product["STD"], price * 6 / 9.6, delta=0.01)
        self.assertEqual((len(costs), set(costs.mapped("oms_standing"))), (2, {"estimate"}))
        self.assertEqual(self.env["account.move.line"].search_count([("company_id", "=", self.company.id)]), entries)
        rows = self.env["oms.margin.report"].search([("order_id", "=", picking.sale_id.id), ("kind", "=", "carbon")])
        self.assertEqual(round(sum(rows.mapped("amount")), 2), -price)

    def test_what_the_customer_takes_along_emits_nothing_of_ours(self):
        picking = self._unsent()
        picking.carrier_id = self.table
        picking.sale_id.write({"oms_delivery_method": "pickup", "oms_pickup_warehouse_id": self.warehouse.id})
        self.assertFalse(picking._oms_is_carried())
