"""INV-10, ANA-08, INV-11, INV-16, RTE-10, N11: what is forecast, what is proposed, and whose rules stay as they are."""

from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.oms_routing.models import oms_demand_history

from .common import RoutingCommon


class PlanningCommon(RoutingCommon):
    """Monday's view of half a year in which Lyon sold chairs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._oms_get_today()
        cls.monday = cls.today - timedelta(days=cls.today.weekday())
        cls.customers = cls.env.ref("stock.stock_location_customers")
        cls.suppliers = cls.env.ref("stock.stock_location_suppliers")
        cls.manager = cls._create_user("planner", "oms_core.group_oms_manager")

    @classmethod
    def _move(cls, product, source, target, quantity, at, picking_type):
        move = cls.env["stock.move"].create(
            {
                "product_id": product.id,
                "product_uom_qty": quantity,
                "location_id": source.id,
                "location_dest_id": target.id,
                "picking_type_id": picking_type.id,
                "company_id": cls.company.id,
            }
        )
        move._action_confirm()
        move.quantity = quantity
        move.picked = True
        move._action_done()
        move.date = at
        return move

    @classmethod
    def _sold(cls, product, warehouse, by_week):
        """``by_week``: what was sold in each of the last weeks that are over, the oldest first."""
        for weeks_ago, quantity in zip(range(len(by_week), 0, -1), by_week, strict=True):
            if quantity:
                day = cls.monday - timedelta(weeks=weeks_ago) + timedelta(days=2)
                at = fields.Datetime.to_datetime(day) + timedelta(hours=10)
                cls._move(product, warehouse.lot_stock_id, cls.customers, quantity, at, warehouse.out_type_id)

    @classmethod
    def _plan(cls, *keys):
        cls.env["oms.demand.forecast"]._plan(cls.company, [(node.id, product.id) for node, product in keys])

    @classmethod
    def _row(cls, product, warehouse):
        return cls.env["oms.restock"].search([("product_id", "=", product.id), ("warehouse_id", "=", warehouse.id)])

    def _run(self, method):
        """Run a job as the scheduler does."""
        with self.enter_registry_test_mode():
            self.env.ref(f"oms_routing.{method}").method_direct_trigger()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestForecast(PlanningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._stock(cls.chair, cls.lyon, 1000)
        cls._sold(cls.chair, cls.lyon, [12, 9, 15, 11, 13, 12, 8, 16, 12, 10, 14, 12] * 2)

    def test_each_week_to_come_is_a_row_with_its_error(self):
        self._plan((self.lyon, self.chair))
        rows = self.env["oms.demand.forecast"].search([("product_id", "=", self.chair.id)])
        self.assertEqual(rows.mapped("starts_on"), [self.monday + timedelta(weeks=week) for week in range(8)])
        self.assertAlmostEqual(rows[0].mean, 12, delta=1.5)
        self.assertTrue(0 < rows[0].low < rows[0].median < rows[0].high)
        self.assertNotEqual(rows[0].model, "seasonal_naive")
        self.assertTrue(0 < rows[0].error < 1)

    def test_planning_again_replaces_and_doubles_nothing(self):
        self._plan((self.lyon, self.chair))
        before = (
            self.env["oms.demand.forecast"].search([]).mapped(lambda row: (row.product_id, row.starts_on, row.mean))
        )
        self._plan((self.lyon, self.chair))
        after = self.env["oms.demand.forecast"].search([]).mapped(lambda row: (row.product_id, row.starts_on, row.mean))
        self.assertEqual(before, after)
        self.assertEqual(len(self._row(self.chair, self.lyon)), 1)

    def test_what_was_sold_out_was_wanted_all_the_same(self):
        """For the last two weeks there was none on any channel that Lyon serves."""
        self._sold(self.lamp, self.lyon, [10] * 20 + [0, 0])
        self._plan((self.lyon, self.lamp))
        before = self._row(self.lamp, self.lyon).weekly
        for channel in self.env["oms.channel"].search([("company_id", "=", self.company.id)]):
            self.env["oms.sold.out"].create(
                {
                    "channel_id": channel.id,
                    "product_id": self.lamp.id,
                    "since": fields.Datetime.to_datetime(self.monday - timedelta(weeks=2)) - timedelta(hours=3),
                }
            )
        self._plan((self.lyon, self.lamp))
        after = self._row(self.lamp, self.lyon).weekly
        self.assertLess(before, 9)
        self.assertAlmostEqual(after, 10, delta=0.1)

    def test_what_a_customer_still_waits_for_was_wanted(self):
        order = self._order_in(self.lamp.uom_id, 5, product=self.lamp)
        order.write({"oms_ordered_at": fields.Datetime.to_datetime(self.monday) - timedelta(days=3)})
        node = order.order_line.move_ids.warehouse_id
        self._plan((node, self.lamp))
        self.assertGreater(self._row(self.lamp, node).weekly, 0)

    def test_the_night_plans_each_product_at_each_place_once(self):
        self._run("cron_plan")
        row = self._row(self.chair, self.lyon)
        self.assertEqual(row.made_on, self.today)
        self.assertFalse(self.env["oms.demand.history"]._get_due(self.company))
        made_at = self.env["oms.demand.forecast"].search([("product_id", "=", self.chair.id)], limit=1).made_at
        self._run("cron_plan")
        again = self.env["oms.demand.forecast"].search([("product_id", "=", self.chair.id)], limit=1).made_at
        self.assertEqual(made_at, again)

    def test_the_night_plans_also_what_is_beyond_that_which_is_found_at_once(self):
        self.patch(oms_demand_history, "SERIES_MAX", 1)
        self._stock(self.lamp, self.lyon, 5)
        self._run("cron_plan")
        self.assertEqual(
            (self._row(self.chair, self.lyon) | self._row(self.lamp, self.lyon)).mapped("made_on"), [self.today] * 2
        )
        self.assertFalse(self.env["oms.demand.history"]._get_due(self.company))

    def test_what_was_not_planned_for_longest_comes_first(self):
        """A night that is too short for all must not leave out the same ones each time."""
        self._stock(self.lamp, self.lyon, 5)
        self._run("cron_plan")
        self._row(self.chair, self.lyon).made_on = self.today - timedelta(days=1)
        self._row(self.lamp, self.lyon).made_on = self.today - timedelta(days=2)
        due = self.env["oms.demand.history"]._get_due(self.company)
        self.assertEqual(due, [(self.lyon.id, self.lamp.id), (self.lyon.id, self.chair.id)])

    def test_what_is_not_planned_any_more_is_forgotten(self):
        self._plan((self.lyon, self.chair), (self.lyon, self.product_fifo))
        row = self._row(self.chair, self.lyon)
        row.made_on -= timedelta(days=31)
        self.env["oms.demand.forecast"].search([("product_id", "=", self.chair.id)]).write(
            {"made_at": fields.Datetime.now() - timedelta(days=31)}
        )
        row._gc_plans()
        self.assertFalse(row.exists())
        self.assertFalse(self.env["oms.demand.forecast"].search([("product_id", "=", self.chair.id)]))
        self.assertTrue(self._row(self.product_fifo, self.lyon))

    def test_one_product_that_cannot_be_planned_spoils_no_other(self):
        self._stock(self.lamp, self.lyon, 5)
        restock = type(self.env["oms.restock"])
        original = restock._plan_one

        def plan_one(records, company, bucket, product, *arguments):
            if product == self.lamp:
                raise ValueError("lamps cannot be planned")
            return original(records, company, bucket, product, *arguments)

        self.patch(restock, "_plan_one", plan_one)
        with self.assertLogs("odoo.addons.oms_core.alone", "WARNING"):
            self._run("cron_plan")
        self.assertTrue(self._row(self.chair, self.lyon))
        self.assertFalse(self._row(self.lamp, self.lyon))
        self.assertIn((self.lyon.id, self.lamp.id), self.env["oms.demand.history"]._get_due(self.company))

    def test_the_number_of_queries_does_not_grow_with_the_products(self):
        def queries(products):
            keys = [(node, product) for product in products for node in self.sites]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._plan(*keys)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        products = [self._create_product(f"P{number}") for number in range(12)]
        few, many = queries(products[:2]), queries(products[2:])
        self.assertLessEqual(many, few + 4)

    def test_the_graph_shows_what_was_wanted_and_what_is_expected(self):
        self._plan((self.lyon, self.chair))
        action = self._row(self.chair, self.lyon).with_user(self.manager).action_view_demand()
        report = self.env["oms.demand.report"].with_user(self.manager)
        totals = dict(report._read_group(action["domain"], ["kind"], ["quantity:sum"]))
        self.assertEqual(totals["wanted"], 288)
        self.assertAlmostEqual(totals["expected"], 96, delta=10)

    def test_days_instead_of_weeks(self):
        self.company.oms_forecast_bucket = "day"
        self._plan((self.lyon, self.chair))
        rows = self.env["oms.demand.forecast"].search([("product_id", "=", self.chair.id)])
        self.assertEqual((len(rows), rows[0].starts_on, rows[0].bucket), (28, self.today, "day"))
        self.assertAlmostEqual(self._row(self.chair, self.lyon).weekly, 12, delta=4)


@tagged("post_install", "-at_install")
class TestRestock(PlanningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._stock(cls.chair, cls.lyon, 400)
        cls._sold(cls.chair, cls.lyon, [12, 9, 15, 11, 13, 12, 8, 16, 12, 10, 14, 12] * 2)
        cls._stock(cls.chair, cls.lyon, 6)
        for ago in (40, 60, 80):
            received = cls._move(
                cls.chair, cls.suppliers, cls.lyon.lot_stock_id, 1, fields.Datetime.now(), cls.lyon.in_type_id
            )
            at = fields.Datetime.now() - timedelta(days=ago)
            cls.env.flush_all()
            cls.env.cr.execute(
                "UPDATE stock_move SET create_date = %s, date = %s WHERE id = %s",
                [at - timedelta(days=9), at, received.id],
            )
        cls.env.invalidate_all()

    def _proposal(self):
        self._plan((self.lyon, self.chair))
        return self._row(self.chair, self.lyon)

    def test_a_proposal_says_when_to_order_and_why(self):
        row = self._proposal()
        self.assertEqual((row.state, row.lead_source, row.lead_days), ("proposed", "receipts", 9))
        self.assertTrue(18 <= row.minimum <= 28, row.minimum)
        self.assertAlmostEqual(row.maximum - row.minimum, 24, delta=4)
        self.assertIn("it took 9 days to come lately", row.sentence)
        self.assertIn(f"when fewer than {row.minimum:g} are left", row.sentence)
        self.assertGreater(row.risk, 0.8)

    def test_a_buyer_accepts_and_odoo_has_the_rule(self):
        row = self._proposal().with_user(self.manager)
        row.action_apply()
        rule = row.sudo().orderpoint_id
        self.assertEqual((rule.product_min_qty, rule.product_max_qty), (row.minimum, row.maximum))
        self.assertEqual((rule.location_id, rule.trigger), (self.lyon.lot_stock_id, "manual"))
        self.assertGreater(rule.qty_to_order, 0)
        self.assertEqual(self._proposal().state, "applied")

    def test_a_clerk_decides_nothing(self):
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        row = self._proposal().with_user(clerk)
        self.assertTrue(row.sentence)
        for action in ("action_apply", "action_dismiss", "action_pin"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(row, action)()

    def test_a_rule_that_a_person_made_is_not_changed_by_itself(self):
        self.company.oms_restock_auto = True
        rule = self._rule(2, 4)
        row = self._proposal()
        self.assertEqual((row.state, rule.product_min_qty, row.orderpoint_id), ("proposed", 2, rule))

    def test_what_nobody_made_is_made_by_itself_where_that_is_wanted(self):
        self.company.oms_restock_auto = True
        row = self._proposal()
        self.assertEqual((row.state, row.orderpoint_id.product_min_qty), ("applied", row.minimum))

    def test_what_a_person_changed_since_is_theirs(self):
        self.company.oms_restock_auto = True
        rule = self._proposal().orderpoint_id
        rule.write({"product_min_qty": 3, "product_max_qty": 5})
        self.assertEqual((self._proposal().state, rule.product_min_qty), ("proposed", 3))

    def test_a_pinned_rule_stays_and_says_so(self):
        rule = self._rule(2, 4)
        row = self._proposal().with_user(self.manager)
        row.action_pin()
        self.assertTrue(rule.oms_pinned)
        self.assertEqual(self._proposal().state, "pinned")
        with self.assertRaises(UserError):
            row.action_apply()
        self.assertEqual(rule.product_min_qty, 2)

    def test_what_was_dismissed_comes_back_when_it_changes(self):
        self._proposal().with_user(self.manager).action_dismiss()
        self.assertEqual(self._proposal().state, "dismissed")
        self.company.oms_service_target = 99.9
        self.company.oms_order_cycle_days = 60
        self.assertEqual(self._proposal().state, "proposed")

    def test_costs_instead_of_a_target(self):
        """It costs 10 and brings 10: keeping a piece for two weeks costs ten cents, missing a sale ten euros."""
        self.company.write({"oms_service_method": "cost"})
        self.assertAlmostEqual(self._proposal().service, 0.99, places=2)

    def test_too_much_is_told_with_its_value_and_given_to_sourcing(self):
        self._stock(self.lamp, self.lyon, 500)
        self._sold(self.lamp, self.lyon, [2] * 20)
        self._plan((self.lyon, self.lamp), (self.lyon, self.chair))
        row = self._row(self.lamp, self.lyon)
        self.assertEqual((row.free, row.weekly, row.weeks), (460, 2, 230))
        self.assertEqual((row.overstock, row.overstock_value), (408, 4080))
        learned = self.sites._oms_get_learned(self.lamp | self.chair)
        self.assertEqual(learned.weekly[self.lyon.id, self.lamp.id], 2)
        self.assertEqual(learned.markdown, {(self.lyon.id, self.lamp.id): Decimal(10)})

    def _too_many_lamps(self):
        """500 lamps of which two a week are wanted: keeping one costs 10, all that it cost; it is sold at 40."""
        self.lamp.write({"list_price": 40, "taxes_id": False})
        self._stock(self.lamp, self.lyon, 500)
        self._sold(self.lamp, self.lyon, [2] * 20)
        self._plan((self.lyon, self.lamp), (self.lyon, self.chair))
        return self._row(self.lamp, self.lyon).with_user(self.manager)

    def _sell_faster(self, rows, **values):
        wizard = self.env["oms.clearance"].with_user(self.manager).browse(rows.action_sell_faster()["res_id"])
        pricelist = self.env["product.pricelist"].create(
            {"name": "Web", "company_id": self.company.id, "currency_id": self.company.currency_id.id}
        )
        wizard.write({"pricelist_id": pricelist.id, **values})
        return wizard

    def test_what_there_is_too_much_of_is_sold_for_what_keeping_it_would_cost_less(self):
        row = self._too_many_lamps()
        self.assertFalse(row.special_price_until)
        wizard = self._sell_faster(row)
        line = wizard.line_ids
        self.assertEqual((line.price_now, line.cost, line.price, line.overstock), (40, 10, 30, 408))
        self.assertIn("10.00", line.why)
        wizard.action_apply()
        self.assertEqual(wizard.pricelist_id._get_product_price(self.lamp, 1), 30)
        after = fields.Datetime.now() + timedelta(days=40)
        self.assertEqual(wizard.pricelist_id._get_product_price(self.lamp, 1, date=after), 40)
        row.invalidate_recordset()
        self.assertEqual(row.special_price_until.date(), wizard.until)
        with self.assertRaisesRegex(UserError, "price of its own"):
            wizard.action_apply()

    def test_the_last_day_of_a_price_is_the_companys_and_other_companies_prices_are_not_told(self):
        row = self._too_many_lamps()
        self.company.partner_id.tz = "Pacific/Auckland"
        wizard = self._sell_faster(row, until="2035-01-31")
        wizard.action_apply()
        end = fields.Datetime.to_datetime("2035-01-31 10:59:59")  # thirteen hours ahead there in summer
        self.assertEqual(wizard.pricelist_id.item_ids.date_end, end)
        row.invalidate_recordset()
        self.assertEqual(row.special_price_until, end)
        self.lamp.company_id = False
        wizard.pricelist_id.sudo().company_id = self._create_company("Elsewhere")
        self.env.invalidate_all()
        self.assertFalse(row.special_price_until)

    def test_a_price_with_tax_is_compared_with_the_cost_with_tax(self):
        row = self._too_many_lamps()
        self.lamp.taxes_id = self.env["account.tax"].create(
            {"name": "VAT 20 %", "amount": 20, "price_include_override": "tax_included", "company_id": self.company.id}
        )
        line = self._sell_faster(row).line_ids
        self.assertEqual((line.cost, line.price), (12, 28))

    def test_nothing_is_sold_below_its_cost_unasked(self):
        row = self._too_many_lamps()
        self.lamp.list_price = 15
        wizard = self._sell_faster(row)
        self.assertEqual(wizard.line_ids.price, 10)
        wizard.line_ids.price = 9
        with self.assertRaisesRegex(UserError, "Below Cost Too"):
            wizard.action_apply()
        wizard.is_below_cost = True
        self.assertEqual(wizard.line_ids.price, 5)
        wizard.action_apply()
        self.assertEqual(wizard.pricelist_id._get_product_price(self.lamp, 1), 5)

    def test_who_may_not_set_prices_does_not_see_how(self):
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        with self.assertRaises(AccessError):
            self._too_many_lamps().with_user(clerk).action_sell_faster()

    def _rule(self, minimum, maximum):
        return self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": self.chair.id,
                "location_id": self.lyon.lot_stock_id.id,
                "warehouse_id": self.lyon.id,
                "company_id": self.company.id,
                "product_min_qty": minimum,
                "product_max_qty": maximum,
            }
        )


@tagged("post_install", "-at_install")
class TestBuffers(PlanningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.market = cls._create_channel("MARKET")
        cls.company.oms_oversell_penalty = 40
        cls._stock(cls.chair, cls.lyon, 5000)
        # The market's orders are here two hours late.
        for number in range(28):
            order = cls.env["sale.order"].create(
                {
                    "partner_id": cls.customer.id,
                    "oms_channel_id": cls.market.id,
                    "company_id": cls.company.id,
                    "order_line": [(0, 0, {"product_id": cls.chair.id, "product_uom_qty": 60})],
                }
            )
            order.action_confirm()
            cls.env.flush_all()
            at = fields.Datetime.now() - timedelta(days=1 + number % 27)
            cls.env.cr.execute(
                "UPDATE sale_order SET oms_ordered_at = %s, create_date = %s WHERE id = %s",
                [at, at + timedelta(hours=2), order.id],
            )
        cls.env.cr.execute("UPDATE oms_channel SET create_date = '2020-01-01'")
        cls.env.invalidate_all()

    def _proposal(self, channel=None):
        self._run("cron_buffers")
        return self.env["oms.buffer.proposal"].search([("channel_id", "=", (channel or self.channel).id)])

    def test_a_channel_keeps_back_what_the_others_sell_unseen(self):
        """Sixty a day, seen two hours and five minutes later: five, and some to be sure."""
        row = self._proposal()
        self.assertEqual((row.product_id, row.state), (self.chair, "proposed"))
        self.assertAlmostEqual(row.unseen, 60 * 125 / 1440, delta=0.3)
        self.assertTrue(row.unseen < row.quantity <= 20, row.quantity)
        self.assertIn("Channel MARKET", row.sentence)
        self.assertFalse(self._proposal(self.market), "Nobody else sells it, so the market need not wait for anybody.")

    def test_what_a_piece_was_sold_for_is_known_where_it_is_sold_in_dozens(self):
        """A dozen for 240, and a piece for 30: thirteen pieces, 270."""
        for uom, price in ((self.env.ref("uom.product_uom_dozen"), 240), (self.lamp.uom_id, 30)):
            self._put(self.lamp, lyon=20)
            order = self._order_in(uom, 1, self.lamp, price_unit=price)
            order.oms_ordered_at = fields.Datetime.now() - timedelta(days=2)
        sales = self.env["oms.buffer.proposal"]._get_sold(self.company)[self.lamp.id][self.channel.id]
        self.assertEqual((sales.pieces, round(sales.money, 2)), (13, 270))

    def test_accepting_makes_the_buffer_and_the_channel_is_told_less(self):
        before = self.env["oms.availability"]._get_channel_atp(self.channel, self.chair)[self.chair.id]
        row = self._proposal()
        row.with_user(self.manager).action_apply()
        after = self.env["oms.availability"]._get_channel_atp(self.channel, self.chair)[self.chair.id]
        self.assertEqual(before - after, row.quantity)
        self.assertEqual(self._proposal().state, "applied")

    def test_a_buffer_that_a_person_made_is_not_changed_by_itself(self):
        self.company.oms_buffer_auto = True
        rule = self.env["oms.stock.buffer"].create(
            {
                "kind": "threshold",
                "channel_id": self.channel.id,
                "product_id": self.chair.id,
                "company_id": self.company.id,
                "quantity": 1,
            }
        )
        row = self._proposal()
        self.assertEqual((row.state, rule.quantity), ("proposed", 1))
        row.with_user(self.manager).action_apply()
        self.assertEqual(rule.quantity, row.quantity)

    def test_what_nobody_made_is_made_by_itself_where_that_is_wanted(self):
        self.company.oms_buffer_auto = True
        row = self._proposal()
        self.assertEqual((row.state, row.buffer_id.quantity), ("applied", row.quantity))


@tagged("post_install", "-at_install")
class TestLearned(PlanningCommon):
    def _give_back(self, order, reason):
        move = self._moves(order)
        move.picking_id._oms_reject({move: move.product_qty}, reason)

    def test_a_place_that_gives_orders_back_is_known_for_it(self):
        gone = self.env["oms.reject.reason"].create({"name": "Not found", "effect": "zero"})
        broken = self.env["oms.reject.reason"].create({"name": "Busy", "effect": "none"})
        for number in range(12):
            self._put(self.chair, lille=2, lyon=5)
            order = self._order_in(self.chair.uom_id, 1)
            self.assertEqual(self._from(order), {"Lille": 1})
            if number < 6:
                self._give_back(order, gone if number < 3 else broken)
            for picking in order.picking_ids.filtered(lambda picking: picking.state == "assigned"):
                self._validate(picking)
        self._run("cron_learn")
        self.assertEqual((self.lille.oms_reject_asked, self.lyon.oms_reject_asked), (12, 6))
        self.assertGreater(self.lille.oms_p_reject, 2 * self.lyon.oms_p_reject)
        self.assertTrue(self.lille.oms_reject_learned_at)
        rate = self.lille.oms_reject_rate_ids
        self.assertEqual((rate.categ_id, rate.asked, rate.rejected), (self.chair.categ_id, 12, 6))
        self.assertTrue(0.03 < rate.not_there < rate.probability)
        learned = self.sites._oms_get_learned(self.chair)
        self.assertAlmostEqual(float(learned.p_reject[self.lille.id]), self.lille.oms_p_reject, places=4)
        self.assertAlmostEqual(float(learned.risk[self.lille.id, self.chair.id]), rate.not_there, places=4)
        self.assertNotIn(self.marseille.id, learned.p_reject)

    def test_learning_again_changes_nothing(self):
        self._put(self.chair, lille=2)
        self._validate(self._order_in(self.chair.uom_id, 1).picking_ids)
        self._run("cron_learn")
        before = self.lille.oms_p_reject
        self._run("cron_learn")
        self.assertEqual((self.lille.oms_p_reject, len(self.lille.oms_reject_rate_ids)), (before, 1))

    def test_sourcing_is_told_where_rules_ask_for_it(self):
        self._put(self.chair, lille=2)
        order = self._order_in(self.chair.uom_id, 1)
        self._validate(order.picking_ids)
        self._run("cron_learn")
        asked, silent = (
            self.env["sale.order"]._oms_get_snapshot(self.chair, self.sites, order, kinds)
            for kinds in ({"performance"}, {"distance"})
        )
        p_reject = {node.id: node.p_reject for node in asked.nodes}
        self.assertAlmostEqual(float(p_reject[self.lille.id]), self.lille.oms_p_reject, places=4)
        self.assertEqual(p_reject[self.lyon.id], 0)
        self.assertTrue(asked.risk)
        self.assertFalse(any(node.p_reject for node in silent.nodes) or silent.risk)

    def test_what_was_learned_is_read_in_two_queries(self):
        self.env["oms.demand.forecast"].flush_model()
        products = self.chair | self.lamp
        products.mapped("categ_id")
        with self.assertQueryCount(2):
            self.sites._oms_get_learned(products)
