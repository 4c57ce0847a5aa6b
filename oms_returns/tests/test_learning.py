"""RET-08, RET-14, RET-15, RET-20: what stands out opens one task for the right people, and its effect is measured."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Date, Datetime

from odoo.addons.oms_returns.models.oms_return_reason import SHIPPED, TEAM_OF_KIND
from odoo.addons.oms_returns.models.oms_return_signal import SIGNAL_TRANSITIONS, OmsReturnSignal

from .common import ReturnsCommon


class LearningCommon(ReturnsCommon):
    """A shop that sells three products of one category, of which one line in twenty comes back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.goods = cls.product_standard | cls.product_average | cls.product_fifo
        cls.category = cls.env["product.category"].create(
            {"name": "Shirts", "property_cost_method": "standard", "property_valuation": "real_time"}
        )
        cls.goods.categ_id = cls.category
        for product in cls.goods:
            cls._stock(product, cls.warehouse, 2000)
        cls.today = Date.today()
        cls.content = cls._create_user("content", "oms_core.group_oms_user")
        cls.company.oms_return_content_user_id = cls.content
        cls.signals = cls.env["oms.return.signal"]

    def _reason(self, name):
        return self.env.ref(f"oms_returns.reason_{name}")

    def _history(self, counts, weeks=5, **values):
        """Order lines of one piece each that were shipped so many weeks ago, and what was asked back of them a week later.

        :param counts: ``{product: (lines, {reason: lines that came back})}``
        """
        lines = [(product.default_code, 1) for product, (sold, _back) in counts.items() for _line in range(sold)]
        order = self._order(*lines)
        order.write(values)
        self._ship(order)
        shipped_at = Datetime.now() - timedelta(weeks=weeks)
        done = order.picking_ids.move_ids.filtered(lambda move: move.state == "done")
        self.env.flush_all()
        self.env.cr.execute("UPDATE stock_move SET date = %s WHERE id = ANY(%s)", [shipped_at, done.ids])
        done.invalidate_recordset()
        wanted = []
        for product, (_sold, back) in counts.items():
            rest = order.order_line.filtered(lambda line, product=product: line.product_id == product)
            for reason, count in back.items():
                wanted += [
                    {"sale_line_id": line.id, "quantity": 1, "reason_id": reason and self._reason(reason).id}
                    for line in rest[:count]
                ]
                rest = rest[count:]
        if wanted:
            request = self.env["oms.return"].create(
                {
                    "order_id": order.id,
                    "requested_at": shipped_at + timedelta(weeks=1),
                    "line_ids": [Command.create(line) for line in wanted],
                }
            )
            request.action_authorize()
        return order

    def _as_usual(self, **values):
        return {
            self.product_average: (30, {"changed_mind": 2}),
            self.product_fifo: (30, {"changed_mind": 2}),
            **values,
        }

    def _watch(self):
        self.env.flush_all()
        return self.signals._watch(self.company)


class TestSignals(LearningCommon):
    def test_too_many_that_are_too_small_are_one_task_for_the_content(self):
        """RET-14, RET-15: with the numbers in a sentence, and never twice."""
        self._history({**self._as_usual(), self.product_standard: (40, {"too_small": 12, "changed_mind": 2})})
        signal = self._watch()
        self.assertEqual(len(signal), 1, signal.mapped("name"))
        self.assertEqual(
            (signal.watch, signal.team, signal.product_tmpl_id, signal.state),
            ("product_content", "content", self.product_standard.product_tmpl_id, "open"),
        )
        self.assertEqual((signal.sold, signal.back, signal.rate), (40, 12, 30.0))
        self.assertRegex(
            signal.sentence, r"^12 of 40 came back \(30 %\), \d+ % would be usual; 12 of them “Too small”\.$"
        )
        task = signal.activity_ids
        self.assertEqual((len(task), task.user_id), (1, self.content))
        self.assertIn("12 of 40", task.note)
        self.assertFalse(self._watch())
        self.assertEqual(len(signal.activity_ids), 1)

    def test_a_shop_in_which_all_is_as_usual_gets_no_task(self):
        self._history({**self._as_usual(), self.product_standard: (30, {"too_small": 2, None: 1})})
        self.assertFalse(self._watch())
        rates = self.env["oms.return.rate"].search([("company_id", "=", self.company.id), ("watch", "=", "product")])
        self.assertEqual(sorted(rates.mapped("sold")), [30, 30, 30])
        self.assertFalse(any(rates.mapped("is_high")))

    def test_what_came_back_in_any_way_counts_once_for_the_product(self):
        """A plain return of Odoo has no reason; a return that is only asked for has not come back."""
        order = self._history({**self._as_usual(), self.product_standard: (30, {"too_small": 2})})
        lines = order.order_line.filtered(lambda line: line.product_id == self.product_standard)
        self.env["oms.return"].create(
            {"order_id": order.id, "line_ids": [Command.create({"sale_line_id": lines[10].id, "quantity": 1})]}
        )
        delivery = order.picking_ids.filtered(lambda picking: picking.picking_type_code == "outgoing")
        wizard = self.env["stock.return.picking"].create({"picking_id": delivery.id})
        wizard.product_return_moves.quantity = 0
        plain = wizard.product_return_moves.filtered(lambda row: row.move_id.sale_line_id in (lines[0] | lines[20]))
        plain.quantity = 1
        receipt = wizard._create_return()
        receipt.move_ids.write({"quantity": 1, "picked": True})
        receipt.button_validate()
        self.env.cr.execute(
            "UPDATE stock_move SET date = %s WHERE id = ANY(%s)",
            [Datetime.now() - timedelta(weeks=2), receipt.move_ids.ids],
        )
        self._watch()
        rate = self._rate("product", self.product_standard.product_tmpl_id)
        self.assertEqual((rate.sold, rate.back), (30, 3))

    def _rate(self, watch, record):
        return self.env["oms.return.rate"].search(
            [("key", "=", f"{watch}/{record.id}"), ("company_id", "=", self.company.id)]
        )

    def test_defects_are_a_task_for_purchasing_and_of_the_supplier(self):
        vendor = self.env["res.partner"].create({"name": "Cheap Shirts"})
        good = self.env["res.partner"].create({"name": "Good Shirts"})
        for product, partner in zip(self.goods, (vendor, good, good), strict=True):
            self.env["product.supplierinfo"].create(
                {"partner_id": partner.id, "product_tmpl_id": product.product_tmpl_id.id, "company_id": self.company.id}
            )
        self._history({**self._as_usual(), self.product_standard: (40, {"defective": 16})})
        found = self._watch()
        self.assertEqual(set(found.mapped("team")), {"purchase"})
        self.assertEqual(set(found.mapped("watch")), {"product_quality", "supplier"})
        self.assertEqual(found.supplier_id, vendor)
        vendor.invalidate_recordset()
        self.assertEqual(vendor.with_company(self.company).oms_back_rate, 40)
        self.assertTrue(vendor.with_company(self.company).oms_back_is_high)

    def test_wrong_items_of_a_place_are_a_task_for_the_warehouse(self):
        other = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC", "company_id": self.company.id})
        there = self._create_product("ELSE", categ_id=self.category.id)
        self._stock(there, other, 200)
        self._history(self._as_usual())
        self._history({there: (50, {"wrong_item": 18})})
        found = self._watch()
        signal = found.filtered(lambda one: one.watch == "site")
        self.assertEqual((signal.warehouse_id, signal.team), (other, "warehouse"))
        self.assertRegex(signal.sentence, "^18 of 50 came back")

    def test_a_salesperson_whose_customers_change_their_mind_is_a_task_for_sales(self):
        """RET-20: compared with colleagues who sell the same."""
        bold, other = (self._create_user(login, "sales_team.group_sale_salesman") for login in ("bold", "careful"))
        self._history({product: (30, {"changed_mind": 15}) for product in self.goods}, user_id=bold.id)
        self._history({product: (50, {"changed_mind": 2}) for product in self.goods}, user_id=other.id)
        signal = self._watch()
        self.assertEqual((signal.watch, signal.user_id, signal.team), ("salesperson", bold, "sales"))
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        self.assertFalse(signal.with_user(clerk).search([("id", "=", signal.id)]))
        rate = self.env["oms.return.rate"].search([("user_id", "=", bold.id)])
        self.assertTrue(rate)
        self.assertFalse(rate.with_user(clerk).search([("id", "in", rate.ids)]))
        self.assertTrue(rate.with_user(bold).sudo().search([("id", "in", rate.ids)]))

    # --------------------------------------------------------------------------------------------------- AFTERWARDS

    def _signalled(self):
        self._history({**self._as_usual(), self.product_standard: (60, {"too_small": 24})}, weeks=12)
        return self._watch()

    def test_an_action_is_said_in_words_ends_the_task_and_is_measured(self):
        signal = self._signalled()
        with self.assertRaisesRegex(UserError, "Say what was done"):
            signal.action_done()
        mine = signal.with_user(self.content)
        mine.action_taken = "Size chart corrected"
        mine.action_done()
        self.assertEqual((signal.state, signal.acted_by_id, signal.acted_on), ("acted", self.content, self.today))
        self.assertFalse(signal.activity_ids)
        self.assertFalse(self._watch())
        self.assertEqual((signal.state, signal.verdict), ("acted", "early"))
        self.assertRegex(
            signal.effect, r"^Not enough data: returns of 0 lines are known since, of some \d+ that are needed"
        )

        signal.acted_on = self.today - timedelta(weeks=9)
        self._history({self.product_standard: (70, {"too_small": 2})}, weeks=6)
        self.assertFalse(self._watch())
        self.assertEqual((signal.state, signal.verdict, signal.measured_on), ("measured", "better", self.today))
        self.assertRegex(
            signal.effect, r"^Before \d+ %, after \d+ % of \d+ lines: a change of between -\d+ and -\d+ points\.$"
        )
        self.assertLess(signal.change_high, 0)
        self.assertLess(signal.rate_before, 40)  # what stood out did so partly by chance
        self.assertFalse(signal.activity_ids)  # nothing is left to decide
        signal.action_close()
        self.assertFalse(self._watch())

    def test_an_action_that_did_not_help_asks_who_acted_to_decide(self):
        signal = self._signalled()
        signal.with_user(self.content).action_taken = "A nicer photo"
        signal.with_user(self.content).action_done()
        signal.acted_on = self.today - timedelta(weeks=9)
        self._history({self.product_standard: (150, {"too_small": 45})}, weeks=6)
        self.assertFalse(self._watch())
        self.assertEqual((signal.state, signal.verdict), ("measured", "same"))
        self.assertEqual(signal.activity_ids.user_id, self.content)
        self.assertFalse(self._watch())
        self.assertEqual(len(signal.activity_ids), 1)
        signal.action_close()  # given up
        self.assertFalse(self._watch())

    def test_what_is_in_order_is_quiet_until_clearly_more_comes_back(self):
        signal = self._signalled()
        signal.action_close()
        self.assertFalse(signal.activity_ids)
        self.assertFalse(self._watch())
        self._history({self.product_standard: (60, {"too_small": 58})}, weeks=6)
        again = self._watch()
        self.assertEqual(again.product_tmpl_id, signal.product_tmpl_id)
        self.assertNotEqual(again, signal)

    def test_after_half_a_year_it_is_said_that_too_little_was_sold(self):
        signal = self._signalled()
        signal.action_taken = "Size chart corrected"
        signal.action_done()
        signal.acted_on = self.today - timedelta(weeks=28)
        self.env.cr.execute(
            "UPDATE stock_move SET date = date - interval '20 weeks' WHERE company_id = %s", [self.company.id]
        )
        self._watch()
        self.assertEqual((signal.state, signal.verdict), ("measured", "unknown"))

    def test_the_table_of_states_is_complete_and_only_its_steps_are_taken(self):
        states = {state for state, _label in self.signals._fields["state"].selection}
        self.assertEqual(set(SIGNAL_TRANSITIONS), states)
        signal = self._signalled()
        signal.action_close()
        signal.action_taken = "Too late"
        with self.assertRaisesRegex(UserError, "not possible any more"):
            signal.action_done()

    def test_the_job_looks_at_each_company_and_one_that_fails_stops_no_other(self):
        other = self._create_company("Another merchant")
        self._history({**self._as_usual(), self.product_standard: (40, {"too_small": 14})})
        original = OmsReturnSignal._watch

        def watch(model, company):
            if company == other:
                raise ValueError("broken")
            return original(model, company)

        self.patch(OmsReturnSignal, "_watch", watch)
        with self.assertLogs("odoo.addons.oms_core.alone", "WARNING"):
            with self.enter_registry_test_mode():
                self.env.ref("oms_returns.cron_return_signals").method_direct_trigger()
        self.assertEqual(len(self.signals.search([("company_id", "=", self.company.id)])), 1)

    # ---------------------------------------------------------------------------------------------------------- WHO

    def test_the_warehouse_sees_its_own_signals_and_nobody_else_writes(self):
        signal = self._signalled()
        warehouse = self._create_user("house", "oms_core.group_oms_warehouse")
        accountant = self._create_user("books", "oms_core.group_oms_accountant")
        self.assertFalse(signal.with_user(warehouse).search([("id", "=", signal.id)]))
        self.assertTrue(signal.with_user(accountant).name)
        with self.assertRaises(AccessError):
            signal.with_user(accountant).action_close()

    def test_without_a_name_a_manager_gets_the_task_and_never_somebody_who_may_not_read_it(self):
        self.company.oms_return_content_user_id = self._create_user("outsider", "base.group_user")
        manager = self._create_user("boss", "oms_core.group_oms_manager")
        signal = self._signalled()
        self.assertEqual(signal.responsible_id, manager)

    # ------------------------------------------------------------------------------------------------- WHERE PEOPLE LOOK

    def test_a_product_shows_its_rate_its_chart_and_what_customers_say(self):
        """RET-15: the words stand where the content is written, and none of them is markup."""
        order = self._history({**self._as_usual(), self.product_standard: (40, {"too_small": 20})})
        line = order.oms_return_ids.line_ids[:1]
        self.assertEqual(line.product_id.product_tmpl_id.oms_return_words, False)
        words = order.oms_return_ids.line_ids.filtered(lambda one: one.product_id == self.product_standard)[:2]
        words[0].comment = "Runs <b>two</b> sizes small"
        words[1].comment = "Sleeves too short"
        self._watch()
        template = self.product_standard.product_tmpl_id.with_company(self.company)
        template.invalidate_recordset()
        self.assertEqual(template.oms_back_rate, 50)
        self.assertLess(template.oms_back_usual, 12)
        self.assertTrue(template.oms_back_is_high)
        self.assertIn('"said": ["20 / 40"]', template.oms_back_chart)
        self.assertIn("Runs &lt;b&gt;two&lt;/b&gt; sizes small", template.oms_return_words)
        self.assertIn("Too small", template.oms_return_words)
        self.assertIn(template, template.search([("oms_back_rate", ">", 20)]))
        self.assertNotIn(self.product_fifo.product_tmpl_id, template.search([("oms_back_rate", ">", 20)]))
        self.assertEqual(self.product_standard.oms_back_rate, 50)
        signal = self.signals.search([("product_tmpl_id", "=", template.id), ("state", "=", "open")])
        self.assertIn("Sleeves too short", signal.words)
        self.assertIn('"said": ["20 / 40"]', signal.chart)
        self.assertEqual(signal.action_open_subject()["res_id"], template.id)

    def test_what_sold_nothing_of_late_has_no_rate_any_more(self):
        self._history({**self._as_usual(), self.product_standard: (20, {"too_small": 1})}, weeks=12)
        self._watch()
        rates = self.env["oms.return.rate"].search([("company_id", "=", self.company.id)])
        self.assertTrue(rates)
        self.env.cr.execute(
            "UPDATE stock_move SET date = date - interval '20 weeks' WHERE company_id = %s", [self.company.id]
        )
        self._watch()
        self.assertFalse(rates.exists())

    def test_reasons_know_their_group_and_who_is_responsible(self):
        """RET-08: also those that were there before the question."""
        for kind, names in SHIPPED.items():
            for name in names:
                reason = self.env.ref(f"oms_returns.{name}")
                self.assertEqual((reason.kind, reason.team), (kind, TEAM_OF_KIND[kind]), name)
        reason = self.env["oms.return.reason"].create({"name": "Itches", "kind": "quality", "team": "content"})
        self.assertEqual(reason.team, "content")
        self.assertFalse(self.env["oms.return.reason"].create({"name": "Weather"}).team)

    def test_a_look_at_more_products_asks_no_more_questions(self):
        self._history({**self._as_usual(), self.product_standard: (20, {"too_small": 2})})
        self._watch()
        with self.assertQueryCount(12):
            self._watch()
