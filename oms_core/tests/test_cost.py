"""ACC-05: what it cost to serve an order is in analytic accounting, line by line, and the margin says where it comes from."""

from datetime import date, datetime
from decimal import Decimal

from odoo.exceptions import AccessError
from odoo.fields import Command

from .common_carriers import CarrierCommon


class CostCase(CarrierCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse.write({"oms_cost_per_line": 0.5, "oms_cost_per_order": 1, "oms_cost_per_parcel": 0.25})

    def _keep(self):
        self.env["oms.cost"]._cron_keep()

    def _costs(self, order):
        lines = self.env["account.analytic.line"].search([("oms_order_id", "=", order.id)], order="id")
        return sorted(
            (line.oms_cost_kind, line.oms_standing, line.product_id.default_code, line.amount) for line in lines
        )


class TestCost(CostCase):
    def test_a_delivery_costs_its_work_and_its_label_shared_by_weight_and_together_the_whole(self):
        self.product_average.weight = 2.4
        picking = self._delivery(self.table, ("STD", 1, "20.00", 20), ("AVG", 1, "40.00", 20))
        order = picking.sale_id
        picking.button_validate()
        self._reread()
        self._keep()
        self.assertEqual(
            self._costs(order),
            [
                ("label", "accrued", "AVG", -4.0),
                ("label", "accrued", "STD", -2.0),
                ("pack", "estimate", "AVG", -0.67),
                ("pack", "estimate", "AVG", -0.17),
                ("pack", "estimate", "STD", -0.33),
                ("pack", "estimate", "STD", -0.08),
                ("pick", "estimate", "AVG", -0.5),
                ("pick", "estimate", "STD", -0.5),
            ],
        )
        plan = self.env.ref("oms_core.analytic_plan_cost")
        line = self.env["account.analytic.line"].search(
            [("oms_order_id", "=", order.id), ("oms_cost_kind", "=", "pick")], limit=1
        )
        self.assertEqual(line[plan._column_name()].plan_id, plan)
        self.assertIn("tariff of", line.name)

    def test_a_dozen_is_worth_what_its_line_is_and_weighs_twelve_pieces(self):
        self.product_standard.weight = 0.5
        dozen = self.env.ref("uom.product_uom_dozen")
        for kept in (False, True):
            with self.subTest(move_in_dozens=kept):
                self.env["ir.config_parameter"].set_param("stock.propagate_uom", kept and "1")
                order = self.env["sale.order"].create(
                    {
                        "partner_id": self.env["res.partner"].create({"name": "Kim"}).id,
                        "company_id": self.company.id,
                        "warehouse_id": self.warehouse.id,
                        "order_line": [
                            Command.create({"product_id": product.id, "price_unit": 24, "product_uom_id": unit.id})
                            for product, unit in (
                                (self.product_standard, dozen),
                                (self.product_average, self.product_average.uom_id),
                            )
                        ],
                    }
                )
                order.action_confirm()
                moves = order.picking_ids.move_ids
                self.assertEqual(set(moves.mapped("product_uom.name")), {"Dozens", "Units"} if kept else {"Units"})
                found = [(share.weight_kg, share.value) for share in self.env["oms.cost"]._get_shares(moves)]
                self.assertEqual(found, [(6, 24), (Decimal(str(self.product_average.weight)), 24)])

    def test_nothing_is_counted_twice_and_a_label_that_is_given_back_is_no_cost(self):
        picking = self._delivery(self.table)
        label = self._get_label(picking)
        for _again in range(2):
            self._keep()
        self.assertEqual(self._costs(picking.sale_id), [("label", "accrued", "STD", -6.0)])
        label.action_cancel()
        self._reread()
        self._keep()
        self.assertEqual(self._costs(picking.sale_id), [])

    def test_a_second_delivery_costs_because_the_order_was_split(self):
        order = self._order(("STD", 2, "40.00", 20))
        self._ship(order, {self.product_standard: 1})
        self._ship(order)
        self._keep()
        kinds = [cost[:2] + cost[3:] for cost in self._costs(order)]
        self.assertEqual(
            kinds,
            [
                ("pack", "estimate", -1.0),
                ("pack", "estimate", -0.25),
                ("pick", "estimate", -0.5),
                ("pick", "estimate", -0.5),
                ("split", "estimate", -1.0),
                ("split", "estimate", -0.25),
            ],
        )

    def test_the_margin_of_an_order_is_what_the_ledger_says_and_the_estimates_are_apart(self):
        order = self._order(("STD", 2, "40.00", 20))
        self._ship(order)
        self._book(order)
        self._keep()
        rows = self.env["oms.margin.report"].search([("order_id", "=", order.id)])
        booked = {row.kind: row.amount for row in rows if row.standing == "booked"}
        self.assertEqual(booked, {"sales": 40.0, "goods": -20.0})
        items = order.invoice_ids.line_ids.filtered(
            lambda item: item.account_id.internal_group in ("income", "expense")
        )
        self.assertEqual(-sum(items.mapped("balance")), sum(booked.values()))
        self.assertEqual(sum(rows.filtered(lambda row: row.standing == "estimate").mapped("amount")), -1.75)
        self.assertEqual(rows.channel_id, order.oms_channel_id)
        self.assertTrue(all(rows.mapped("name")))

    def test_an_order_in_dollars_has_its_margin_in_the_companys_currency_as_it_was_booked(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        rate = {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 1.25}
        rate = self.env["res.currency.rate"].create(rate)
        picking = self._delivery(self.table, ("STD", 2, "100.01", 20), currency="USD")
        order = picking.sale_id
        picking.button_validate()
        self._reread()
        invoice = self._book(order)
        self._keep()
        rate.rate = 1.0  # what is booked stays what it was
        self._reread()
        rows = self.env["oms.margin.report"].search([("order_id", "=", order.id)])
        told = {kind: round(sum(of_kind.mapped("amount")), 2) for kind, of_kind in rows.grouped("kind").items()}
        self.assertEqual(told, {"sales": 80.01, "goods": -20.0, "label": -6.0, "pick": -0.5, "pack": -1.25})
        self.assertEqual(rows.currency_id, self.company.currency_id)
        items = invoice.line_ids.filtered(lambda item: item.account_id.internal_group in ("income", "expense"))
        booked = rows.filtered(lambda row: row.standing == "booked")
        self.assertEqual(round(sum(booked.mapped("amount")), 2), -round(sum(items.mapped("balance")), 2))
        ((total,),) = self.env["oms.margin.report"]._read_group(
            [("order_id", "=", order.id)], [], ["amount:sum_currency"]
        )
        self.assertEqual(round(total, 2), 52.26)

    def test_what_leaves_in_the_evening_costs_on_that_day_of_the_company_and_not_on_greenwichs_next(self):
        self.company.partner_id.tz = "America/New_York"
        picking = self._delivery(self.table)
        label = self._get_label(picking)
        picking.button_validate()
        picking.date_done = label.bought_at = datetime(2026, 2, 1, 1)
        self._keep()
        costs = self.env["account.analytic.line"].search([("oms_order_id", "=", picking.sale_id.id)])
        self.assertEqual(set(costs.mapped("oms_cost_kind")), {"pick", "pack", "label"})
        self.assertEqual(set(costs.mapped("date")), {date(2026, 1, 31)})

    def test_who_does_not_read_the_books_sees_no_margin(self):
        clerk = self._create_user("margin_clerk", "oms_core.group_oms_user")
        with self.assertRaises(AccessError):
            self.env["oms.margin.report"].with_user(clerk).search([])

    def test_many_deliveries_and_labels_ask_the_database_no_more_than_a_few(self):
        def queries(count):
            for _number in range(count):
                self._delivery(self.table, ("STD", 1, "20.00", 20), ("AVG", 1, "40.00", 20)).button_validate()
            self._reread()
            before = self.env.cr.sql_log_count
            self._keep()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(1)  # what is read once
        few, many = queries(2), queries(12)
        self.assertLessEqual(many - few, 8, f"of 2 deliveries {few}, of 12 {many}")
