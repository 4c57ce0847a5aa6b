import json
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.api import Environment
from odoo.fields import Command, Datetime
from odoo.tools import SQL

from odoo.addons.oms_core.const import AT_RISK_HOURS, ERROR_HOLD_KINDS

from .common import OmsCommon


def _hours(start, end):
    return (end - start).total_seconds() / 3600 if start and end else None


def _mean(values):
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0


class TestReport(OmsCommon):
    """The report says what the native documents say.

    ANA-01, ANA-02, ANA-03, ANA-04, ANA-05, ANA-06, ANA-07, ANA-09, ORD-03, ORD-09, ORD-11.

    Each number is worked out again in Python over the documents of a mixed lot of orders, and compared.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse.write({"oms_cost_per_line": 0.5, "oms_cost_per_order": 1.0, "oms_cost_per_parcel": 2.0})
        cls.second = cls.env["stock.warehouse"].create(
            {"name": "Second", "code": "SEC", "company_id": cls.company.id, "oms_cost_per_line": 0.25}
        )
        cls.elsewhere = cls._create_product("ELSE")
        cls._stock(cls.elsewhere, cls.second, 10)
        cls.second_channel = cls._create_channel("OTHER")
        cls.now = cls.env.cr.now().replace(microsecond=0)

    def _lot(self):
        """Orders in every state, by name."""
        ago = self.now - timedelta(days=3)
        in_time = {"oms_ship_by": self.now + timedelta(days=30)}
        orders = {
            "shipped": self._order(("STD", 2, None, 20), ("AVG", 1, 15, 20)),
            "partly": self._order(("STD", 4, None, 20)),
            "waiting": self._order(("FIFO", 1, None, 20)),
            "late": self._order(("STD", 1, None, 20), ("AVG", 3, None, 20)),
            "late_shipped": self._order(("STD", 1, None, 20)),
            "cancelled": self._order(("STD", 5, None, 20)),
            "held": self._order(("STD", 1, None, 20), status="awaiting_payment", payments=()),
            "corrected": self._order(("STD", 1, 20, 20), total=25),
            "returned": self._order(("STD", 3, None, 20)),
            "split": self._split(),
            "dozens": self._in_dozens(),
        }
        orders["cancelled"].action_cancel()
        orders["corrected"].with_user(self._create_user("clerk", "oms_core.group_oms_user")).action_oms_release()
        self.assertEqual(orders["corrected"].state, "sale")
        orders["late"].oms_ship_by = ago
        orders["late_shipped"].oms_deliver_by = ago
        (orders["shipped"] | orders["corrected"]).write(in_time)
        for name in ("shipped", "late_shipped", "corrected", "returned", "split", "dozens"):
            self._ship(orders[name])
        self._ship(orders["partly"], {self.product_standard: 1})
        orders["shipped"].picking_ids.write({"oms_delivered_at": self.now, "carrier_price": 6.0})
        self._send_back(orders["returned"], 2)
        for name in ("partly", "late", "cancelled", "corrected", "split"):
            orders[name].oms_channel_id = self.second_channel
        return orders

    def _split(self):
        order = self._order(("STD", 1, None, 20), ("ELSE", 1, None, 20), status="awaiting_payment", payments=())
        order.order_line[1].warehouse_id = self.second
        order.action_oms_release()
        self.assertEqual(len(order.picking_ids.picking_type_id.warehouse_id), 2)
        return order

    def _in_dozens(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Baker"}).id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product_standard.id,
                            "product_uom_id": self.env.ref("uom.product_uom_dozen").id,
                            "product_uom_qty": 2,
                            "price_unit": 240,
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        return order

    def _send_back(self, order, quantity):
        wizard = (
            self.env["stock.return.picking"]
            .with_context(
                active_id=order.picking_ids.id, active_ids=order.picking_ids.ids, active_model="stock.picking"
            )
            .create({})
        )
        wizard.product_return_moves.quantity = quantity
        picking = wizard._create_return()
        picking.move_ids.write({"quantity": quantity, "picked": True})
        picking.button_validate()
        self.assertEqual(picking.state, "done")

    # -------------------------------------------------------------------------------------------------- THE SAME, SLOWLY

    def _facts(self, order):
        """The measures of an order, from its documents."""
        goods = order.order_line.filtered(lambda line: line.product_id.type == "consu")
        out = order.picking_ids.move_ids.filtered(
            lambda move: move.location_dest_id.usage == "customer" and move.state != "cancel"
        )
        back = order.picking_ids.move_ids.filtered(
            lambda move: move.location_id.usage == "customer" and move.state == "done"
        )
        sent = out.filtered(lambda move: move.state == "done")
        full = all(line._oms_get_shipped() >= line.product_uom_qty for line in goods)
        shipped_at = max(sent.mapped("date")) if full and sent else None
        delivered_at = max(filter(None, sent.picking_id.mapped("oms_delivered_at")), default=None) if full else None
        ordered_at = order.oms_ordered_at or order.date_order
        late = bool(
            (order.oms_ship_by and (shipped_at or self.now) > order.oms_ship_by)
            or (order.oms_deliver_by and (delivered_at or shipped_at or self.now) > order.oms_deliver_by)
        )
        cancelled = order.state == "cancel"
        settled = not cancelled and (full or late)
        promised = bool(order.oms_ship_by or order.oms_deliver_by)
        holds = order.oms_hold_ids
        error = any(hold.kind in ERROR_HOLD_KINDS for hold in holds)
        strangers = holds.released_by_id - self.env.ref("base.user_root") - order.oms_channel_id.user_id
        places = out.picking_type_id.warehouse_id
        # The core knows no reasons, and takes whatever came back for a defect. Where there are reasons, these returns have none.
        defective = bool(back) and "oms.return.reason" not in self.env
        return {
            "fill_hours": _hours(ordered_at, shipped_at),
            "click_to_ship_hours": _hours(ordered_at, min(sent.mapped("date")) if sent else None),
            "capture_hours": _hours(ordered_at, order.create_date),
            "deliver_hours": _hours(shipped_at, delivered_at),
            "is_touchless": 100.0 * (not strangers) if order.oms_channel_id and order.state == "sale" else None,
            "is_in_full": 100.0 * full if settled else None,
            "is_on_time": 100.0 * (not late) if settled and promised else None,
            "is_on_time_in_full": 100.0 * (full and not late) if settled and promised else None,
            "is_perfect": 100.0 * (full and not late and not error and not defective) if settled else None,
            "is_split": 100.0 * (len(places) > 1) if out else None,
            "is_cancelled": 100.0 * cancelled,
            "is_returned": 100.0 * bool(back) if sent else None,
            "parcels": float(len(sent.picking_id)) if sent else None,
        }

    def _line_facts(self, line):
        order = line.order_id
        rate = 12 if line.product_uom_id == self.env.ref("uom.product_uom_dozen") else 1
        ordered, shipped = line.product_uom_qty * rate, line._oms_get_shipped() * rate
        moves = line.move_ids.filtered(lambda move: move.state == "done")
        back = moves.filtered(lambda move: move.location_id.usage == "customer")
        sent = moves - back
        cancelled = order.state == "cancel"
        is_open = not cancelled and shipped < ordered
        due = min(filter(None, (order.oms_ship_by, order.oms_deliver_by)), default=None)
        soon = bool(due and due < self.now + timedelta(hours=AT_RISK_HOURS))
        risk = is_open and (order.oms_on_hold or soon)
        open_amount = (1 - shipped / ordered) * line.price_subtotal if is_open else 0
        pickings = sent.picking_id
        goods_cost = 10 * (shipped - sum(back.mapped("quantity")))
        pick = sum(picking.picking_type_id.warehouse_id.oms_cost_per_line for picking in pickings)
        pack = sum(
            (
                picking.picking_type_id.warehouse_id.oms_cost_per_order
                + picking.picking_type_id.warehouse_id.oms_cost_per_parcel
            )
            / len(picking.move_ids)
            for picking in pickings
        )
        ship = sum(picking.carrier_price / len(picking.move_ids) for picking in pickings)
        amount_shipped = shipped / ordered * line.price_subtotal
        kept = amount_shipped - sum(back.mapped("quantity")) / ordered * line.price_subtotal
        return {
            "quantity_ordered": ordered,
            "quantity_shipped": shipped,
            "quantity_cancelled": ordered - shipped if cancelled else 0,
            "quantity_returned": sum(back.mapped("quantity")),
            "amount": amount_shipped if cancelled else line.price_subtotal,
            "amount_shipped": amount_shipped,
            "amount_open": open_amount,
            "amount_at_risk": open_amount if risk else 0,
            "goods_cost": goods_cost,
            "margin": kept - goods_cost,
            "cost_pick": pick,
            "cost_pack": pack,
            "cost_ship": ship,
            "contribution": kept - goods_cost - pick - pack - ship,
        }

    # -------------------------------------------------------------------------------------------------------- STORIES

    def _report(self, orders):
        self.env.flush_all()
        return self.env["oms.order.report"].search([("order_id", "in", orders.ids)])

    def test_every_line_says_what_the_documents_say(self):
        named = self._lot()
        orders = self.env["sale.order"].union(*named.values())
        rows = self._report(orders)
        self.assertEqual(sorted(rows.ids), sorted(orders.order_line.ids))
        for name, order in named.items():
            facts = self._facts(order)
            for line in order.order_line:
                row = rows.browse(line.id)
                for measure, expected in {**facts, **self._line_facts(line)}.items():
                    with self.subTest(order=name, line=line.name, measure=measure):
                        self.assertAlmostEqual(row[measure], expected or 0.0, 2)
                with self.subTest(order=name):
                    self.assertEqual(row.channel_id, order.oms_channel_id)
                    self.assertEqual(row.ordered_at, order.oms_ordered_at or order.date_order)

    def test_averages_count_each_order_once_whatever_they_are_grouped_by(self):
        named = self._lot()
        orders = self.env["sale.order"].union(*named.values())
        self.env.flush_all()
        measures = list(self._facts(orders[0]))
        for groupby, key in (
            ("channel_id", "oms_channel_id"),
            ("delivery_method", "oms_delivery_method"),
            ("state", "state"),
        ):
            groups = self.env["oms.order.report"]._read_group(
                [("order_id", "in", orders.ids)],
                [groupby],
                ["order_id:count_distinct", *(f"{measure}:avg" for measure in measures)],
            )
            expected = orders.grouped(key)
            self.assertEqual(
                {group: count for group, count, *_averages in groups}, {k: len(v) for k, v in expected.items()}
            )
            for group, _count, *averages in groups:
                facts = [self._facts(order) for order in expected[group]]
                for measure, average in zip(measures, averages, strict=True):
                    with self.subTest(groupby=groupby, group=group, measure=measure):
                        self.assertAlmostEqual(average or 0, _mean([fact[measure] for fact in facts]), 4)

    def test_rates_are_sums_by_sums(self):
        """One of 2 and 3 of 4 shipped are two thirds, not 62.5 percent."""
        named = self._lot()
        lines = self.env["sale.order"].union(*named.values()).order_line
        facts = [self._line_facts(line) for line in lines]
        self.env.flush_all()
        [(cancel_rate, return_rate)] = self.env["oms.order.report"]._read_group(
            [("id", "in", lines.ids)], [], ["cancel_rate:avg", "return_rate:avg"]
        )

        def total(measure):
            return sum(fact[measure] for fact in facts)

        self.assertAlmostEqual(cancel_rate, 100 * total("quantity_cancelled") / total("quantity_ordered"), 6)
        self.assertAlmostEqual(return_rate, 100 * total("quantity_returned") / total("quantity_shipped"), 6)

    def test_some_numbers_by_hand(self):
        """The check of the check: known orders, known numbers."""
        named = self._lot()
        self.env.flush_all()
        report = self.env["oms.order.report"]
        shipped = report.search([("order_id", "=", named["shipped"].id)])
        self.assertEqual(
            sorted((row.amount, row.goods_cost, row.cost_pick, row.cost_pack, row.cost_ship) for row in shipped),
            [(15, 10, 0.5, 1.5, 3), (40, 20, 0.5, 1.5, 3)],
        )
        self.assertEqual(set(shipped.mapped("is_perfect")), {100})
        by_name = {name: report.search([("order_id", "=", order.id)], limit=1) for name, order in named.items()}
        self.assertEqual(
            {name: (row.is_perfect, row.is_on_time_in_full) for name, row in by_name.items() if row.is_in_full},
            {
                "shipped": (100, 100),
                "late_shipped": (0, 0),
                "corrected": (0, 100),
                "returned": (100 if "oms.return.reason" in self.env else 0, 0),  # see _facts
                "split": (100, 0),
                "dozens": (100, 0),
            },
        )
        self.assertEqual([name for name, row in by_name.items() if row.is_split], ["split"])
        self.assertEqual(by_name["dozens"].quantity_shipped, 24)
        self.assertEqual(by_name["partly"].amount_open, 60)
        self.assertEqual({name for name, row in by_name.items() if row.is_at_risk}, {"late", "held"})

    def test_shipping_costs_what_the_carrier_charged_us_not_what_the_customer_pays(self):
        order = self._order(("STD", 2, "40.00", 20))
        (picking,) = self._ship(order)
        picking.write({"carrier_price": 9, "oms_shipping_cost": 4})
        self.env.flush_all()
        self.assertEqual(self.env["oms.order.report"].search([("order_id", "=", order.id)]).cost_ship, 4)

    def test_what_came_back_earns_nothing(self):
        order = self._order(("STD", 2, "40.00", 20))
        self._ship(order)
        self._send_back(order, 2)
        self.env.flush_all()
        row = self.env["oms.order.report"].search([("order_id", "=", order.id)])
        self.assertEqual((row.amount_shipped, row.goods_cost, row.margin), (40, 0, 0))

    def test_a_foreign_order_is_told_in_the_companys_currency(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 1.25}
        )
        order = self._order(("STD", 1, 25, 20), currency="USD")
        row = self._report(order)
        self.assertEqual(row.currency_id, self.company.currency_id)
        self.assertAlmostEqual(row.amount, 20)

    def test_channels_of_a_market_are_counted_together(self):
        market = self.env["res.country.group"].create({"name": "South", "country_ids": [Command.set(self.country.ids)]})
        (self.channel | self.second_channel).market_id = market
        orders = self._order() | self._apply(self._doc(), channel=self.second_channel)[0][0]
        self._apply(self._doc(), channel=self._create_channel("NORTH"))
        self.env.flush_all()
        found = self.env["oms.order.report"].search([("market_id", "=", market.id)])
        self.assertEqual(found.order_id, orders)

    def test_weekday_and_hour_are_those_of_who_looks(self):
        order = self._order(ordered_at=datetime(2026, 3, 1, 23, 30).astimezone())
        order.oms_ordered_at = Datetime.to_datetime("2026-03-01 23:30:00")  # a Sunday in London
        self.env.flush_all()
        for zone, expected in (("UTC", ("7", "23")), ("Europe/Paris", ("1", "00"))):
            row = self.env["oms.order.report"].with_context(tz=zone).search([("order_id", "=", order.id)])
            row.invalidate_recordset()
            self.assertEqual((row.weekday, row.hour), expected)

    def test_the_stages_are_those_of_the_orders(self):
        named = self._lot()
        self.env.flush_all()
        stages = self.env["oms.stage.report"].search([("order_id", "=", named["shipped"].id)])
        facts = self._facts(named["shipped"])
        found = {row.stage: row.hours for row in stages}
        self.assertAlmostEqual(found["1_capture"], facts["capture_hours"], 2)
        self.assertAlmostEqual(found["6_deliver"], facts["deliver_hours"], 2)
        self.assertEqual(len(stages.mapped("id")), len(set(stages.mapped("id"))))

    def test_what_was_scanned_on_the_delivery_itself_is_when_it_was_picked(self):
        order = self._order(("STD", 1, None, 20))
        self._ship(order)
        delivery = order.picking_ids
        delivery.oms_picked_at = self.now - timedelta(hours=3)
        row = self._report(order)
        self.assertEqual(row.picked_at, delivery.oms_picked_at)
        self.assertAlmostEqual(row.ship_hours, _hours(row.picked_at, row.shipped_at), 2)

    def test_another_companys_orders_are_not_counted(self):
        order = self._order()
        other = self.env["res.company"].create({"name": "Another"})
        stranger = self._create_user(
            "stranger", "oms_core.group_oms_manager", company_id=other.id, company_ids=[Command.set(other.ids)]
        )
        self.assertTrue(self._report(order))
        for model in ("oms.order.report", "oms.stage.report"):
            report = self.env[model].with_user(stranger).with_context(allowed_company_ids=other.ids)
            self.assertFalse(report.search([("order_id", "=", order.id)]))

    def test_a_click_on_a_row_opens_its_order(self):
        order = self._order()
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        self.assertEqual(self._report(order).with_user(clerk).action_open_order()["res_id"], order.id)

    def test_four_times_the_orders_are_one_query_and_four_times_the_work(self):
        """What the database looks at grows with the orders and not with their square; how fast it is, scripts/bench says."""
        order = self._order(("STD", 1, None, 20), ("AVG", 1, None, 20))
        self._ship(order)
        self.env.flush_all()
        links = {
            "sale_order": ("id",),
            "sale_order_line": ("id", "order_id"),
            "stock_picking": ("id", "sale_id"),
            "stock_move": ("id", "sale_line_id", "picking_id"),
        }
        records = {
            "sale_order": order,
            "sale_order_line": order.order_line,
            "stock_picking": order.picking_ids,
            "stock_move": order.picking_ids.move_ids,
        }
        groupings = (["channel_id"], ["weekday", "hour"], ["product_id"])
        report = self.env["oms.order.report"].with_user(self._create_user("clerk", "oms_core.group_oms_user"))
        looked_at = []
        for orders, numbers in ((500, range(1, 501)), (2000, range(501, 2001))):
            for table, shifted in links.items():
                self._clone(table, records[table].ids, shifted, 400_000, numbers)
            self.env.cr.execute("ANALYZE sale_order, sale_order_line, stock_picking, stock_move")
            looked_at.append([self._rows_looked_at(report, groupby, orders) for groupby in groupings])
        for groupby, few, many in zip(groupings, *looked_at, strict=True):
            self.assertLess(many, 6 * few, groupby)

    def _rows_looked_at(self, report, groupby, orders):
        """How many rows the steps of the report's one query handle together."""
        queries = []

        def remember(env, query, _execute=Environment.execute_query):
            queries.append(query)
            return _execute(env, query)

        with patch.object(Environment, "execute_query", remember):
            groups = report._read_group(
                [],
                groupby,
                ["order_id:count_distinct", "amount:sum", "fill_hours:avg", "is_perfect:avg", "fill_rate:avg"],
            )
        self.assertGreaterEqual(max(group[len(groupby)] for group in groups), orders)
        (query,) = [query for query in queries if "oms_rows" in query.code]
        ((plan,),) = self.env.execute_query(SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) %s", query))
        return self._rows_of((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])

    def _rows_of(self, step):
        counted = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
        own = sum(step.get(name, 0) for name in counted) * step["Actual Loops"]
        return own + sum(self._rows_of(part) for part in step.get("Plans", ()))

    def _clone(self, table, ids, shifted, offset, numbers):
        """Copy rows in the database, each copy with ids of its own."""
        self.env.cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
        columns = [name for (name,) in self.env.cr.fetchall() if name not in ("oms_external_id", "access_token")]
        values = SQL(", ").join(
            SQL("%s + %s * i", SQL.identifier(name), offset)
            if name in shifted
            else SQL("%s || '/' || i", SQL.identifier(name))
            if name == "name"
            else SQL.identifier(name)
            for name in columns
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) SELECT %s FROM %s, generate_series(%s, %s) i WHERE id = ANY(%s)",
                SQL.identifier(table),
                SQL(", ").join(map(SQL.identifier, columns)),
                values,
                SQL.identifier(table),
                numbers[0],
                numbers[-1],
                ids,
            )
        )
