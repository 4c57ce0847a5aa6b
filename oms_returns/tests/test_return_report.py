"""RET-08, RET-12, RET-14, RET-19: the report says what the documents say."""

import json

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tools import file_open

from .common import ReturnsCommon


class TestReturnReport(ReturnsCommon):
    def _rows(self, orders, **domain):
        self.env.flush_all()
        return self.env["oms.return.report"].search(
            [("order_id", "in", orders.ids), *((name, "=", value) for name, value in domain.items())]
        )

    def _group(self, orders, by, *measures):
        self.env.flush_all()
        return self.env["oms.return.report"]._read_group([("order_id", "in", orders.ids)], by, measures)

    def test_a_row_for_each_line_that_was_shipped_and_for_each_that_came_back(self):
        order = self._shipped(("STD", 5), ("AVG", 2))
        request = self._return(order, 2, 0)
        request.line_ids.write({"reason_id": self.env.ref("oms_returns.reason_too_small").id, "comment": "Pinches"})
        request.action_receive()
        request.action_refund()
        rows = self._rows(order)
        self.assertEqual(len(rows), 3)
        row = rows.filtered("is_return")
        self.assertEqual(
            (row.return_id, row.order_id, row.product_id, row.kind, row.team, row.comment),
            (request, order, self.product_standard, "fit", "content", "Pinches"),
        )
        self.assertEqual((row.quantity_announced, row.quantity, row.quantity_received), (2, 2, 2))
        self.assertEqual((row.quantity_returned, row.quantity_missing), (2, 0))
        self.assertEqual((row.amount, row.amount_refunded), (40, 40))
        self.assertEqual((row.goods_value, row.recovered, row.loss), (20, 20, 0))
        self.assertEqual(
            (row.channel_id, row.warehouse_id, row.back_warehouse_id), (self.channel, *[self.warehouse] * 2)
        )
        self.assertEqual(row.user_id, order.user_id)
        self.assertTrue(row.received_at and row.settled_at and row.shipped_at)
        sent = rows - row
        self.assertEqual(sorted(sent.mapped("quantity_shipped")), [2, 5])
        self.assertEqual(sum(sent.mapped("amount_shipped")), 140)
        self.assertFalse(any(sent.mapped("quantity_returned")))

    def test_rates_are_right_however_the_rows_are_grouped(self):
        orders = self._shipped(("STD", 5), ("AVG", 5)) | self._shipped(("STD", 15))
        self._returned(orders[0], 3, 1)
        measures = ("quantity_shipped:sum", "quantity_returned:sum", "return_rate:avg")
        self.assertEqual(self._group(orders, [], *measures), [(25, 4, 16)])
        by_product = {product: numbers for product, *numbers in self._group(orders, ["product_id"], *measures)}
        self.assertEqual(by_product[self.product_standard], [20, 3, 15])
        self.assertEqual(by_product[self.product_average], [5, 1, 20])

    def test_what_is_only_asked_for_or_refused_is_no_return(self):
        order = self._shipped(("STD", 5))
        self._return(order, 2, authorize=False)
        self._return(order, 1).action_cancel()
        self.assertFalse(self._rows(order, is_return=True))

    def test_a_claim_counts_though_nothing_comes_back(self):
        order = self._shipped(("STD", 5))
        claim = self.env["oms.return"].create(
            {
                "order_id": order.id,
                "kind": "claim",
                "line_ids": [Command.create({"sale_line_id": order.order_line[0].id, "quantity": 1})],
            }
        )
        claim.action_authorize()
        row = self._rows(order, is_return=True)
        self.assertEqual((row.quantity_received, row.quantity_returned, row.quantity_missing), (0, 1, 0))
        self.assertEqual(self._group(order, [], "return_rate:avg"), [(20,)])

    def test_a_return_costs_its_label_and_the_work_at_the_rates_of_the_company(self):
        self.company.write({"oms_return_receiving_cost": 2.0, "oms_return_inspecting_cost": 0.5})
        order = self._shipped(("STD", 5), ("AVG", 2))
        request = self._returned(order, 1, 1)
        carrier = self.env["delivery.carrier"].search([], limit=1)
        self.env["oms.shipment.label"].create(
            {
                "key": "back-1",
                "picking_id": request.picking_ids.id,
                "carrier_id": carrier.id,
                "company_id": self.company.id,
                "purpose": "return",
                "state": "bought",
                "cost": 5.0,
            }
        )
        rows = self._rows(order, is_return=True)
        self.assertEqual(rows.mapped("label_cost"), [2.5, 2.5])
        self.assertEqual(sum(rows.mapped("handling_cost")), 2.0)
        self.assertEqual(self._group(order, [], "cost_per_return:avg"), [(3.5,)])

    def test_what_was_written_off_or_down_is_lost_and_the_rest_recovered(self):
        """RET-12, RET-19: of four pieces at 10, one is scrapped and one loses 3."""
        order = self._shipped(("AVG", 4))
        request = self._returned(order, 4)
        grade = self.env["oms.return.grade"].search([], limit=1)
        scrap = self.env["oms.disposition"].search([("kind", "=", "scrap")], limit=1)
        outlet = self.env["oms.disposition"].search([("kind", "=", "outlet")], limit=1)
        rows = self.env["oms.return.inspection"].create(
            [
                {"line_id": request.line_ids.id, "quantity": quantity, "grade_id": grade.id, "disposition_id": where.id}
                for quantity, where in ((1, scrap), (3, outlet))
            ]
        )
        self.env.flush_all()
        self.env.cr.execute("UPDATE oms_return_inspection SET state = 'done' WHERE id = ANY(%s)", [rows.ids])
        self.env.cr.execute("UPDATE oms_return_inspection SET write_down = 3 WHERE id = %s", [rows[1].id])
        rows.invalidate_recordset()
        row = self._rows(order, is_return=True)
        self.assertEqual((row.goods_value, row.loss, row.recovered, row.write_down), (40, 13, 27, 3))
        self.assertEqual((row.grade_id, row.disposition_id), (grade, outlet))
        self.assertEqual(self._group(order, [], "recovery_rate:avg", "shrinkage_rate:avg"), [(67.5, 32.5)])

    def test_units_are_those_of_the_product(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self._order(("STD", 2))
        self._ship(order)
        other = order.copy()
        other.order_line.write({"product_uom_id": dozen.id, "product_uom_qty": 2, "price_unit": 240})
        other.action_confirm()
        self._ship(other)
        self._returned(other, 1)
        self.assertEqual(self._rows(other, is_return=True).quantity_returned, 12)
        self.assertEqual(self._group(other, [], "quantity_shipped:sum", "return_rate:avg"), [(24, 50)])

    def test_who_may_read_it_reads_it_of_the_own_company_only(self):
        order = self._shipped(("STD", 5))
        self._returned(order, 1)
        clerk = self._create_user("report_clerk", "oms_core.group_oms_user")
        row = self._rows(order, is_return=True)
        self.assertEqual(row.with_user(clerk).read(["quantity_returned"])[0]["quantity_returned"], 1)
        self.assertEqual(row.with_user(clerk).action_open_document()["res_model"], "oms.return")
        plain = self._create_user("report_plain", "stock.group_stock_user")
        with self.assertRaises(AccessError):
            row.with_user(plain).read(["quantity_returned"])
        other = self._create_company("Another merchant")
        stranger = self._create_user(
            "report_stranger",
            "oms_core.group_oms_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        theirs = self.env(user=stranger.id, context={"allowed_company_ids": other.ids})
        self.assertFalse(theirs["oms.return.report"].search([]))

    def test_a_report_over_many_returns_is_one_question(self):
        orders = self._shipped(("STD", 5)) | self._shipped(("STD", 5))
        for order in orders:
            self._returned(order, 1)
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.env["oms.return.report"]._read_group(
                [("order_id", "in", orders.ids)], ["channel_id"], ["return_rate:avg", "recovery_rate:avg"]
            )

    def test_the_dashboard_asks_for_what_there_is(self):
        """Each field, model and menu that the spreadsheet names exists, and each number can be computed."""
        with file_open("oms_returns/data/dashboards/returns.json") as file:
            board = json.load(file)
        for pivot in board["pivots"].values():
            model = self.env[pivot["model"]]
            fields = [row["fieldName"] for row in (*pivot["rows"], *pivot["columns"])]
            chains = [match["chain"] for match in pivot["fieldMatching"].values()]
            self.assertFalse(set(fields + chains) - set(model._fields))
            model._read_group(pivot["domain"], fields, [measure["id"] for measure in pivot["measures"]])
        for found in board["lists"].values():
            self.assertFalse(set(found["columns"]) - set(self.env[found["model"]]._fields))
        for sheet in board["sheets"]:
            for figure in sheet["figures"]:
                meta = figure["data"].get("metaData")
                if meta:
                    model = self.env[meta["resModel"]]
                    domain = figure["data"]["searchParams"]["domain"]
                    aggregator = model._fields[meta["measure"]].aggregator
                    model._read_group(domain, meta["groupBy"], [f"{meta['measure']}:{aggregator}"])
        for menu in board["chartOdooMenusReferences"].values():
            self.assertTrue(self.env.ref(menu).action)
