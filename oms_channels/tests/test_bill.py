"""ACC-03: bills of carriers and fulfilment partners: matched three ways, posted where they agree, held where they do not."""

from base64 import b64encode
from datetime import datetime
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from odoo.addons.oms_core.tests.common_carriers import CarrierCommon

HEAD = "Invoice;Invoice date;Parcel;Charge;Net;VAT\n"


class BillCase(CarrierCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls._create_user("bill_accountant", "account.group_account_user,oms_core.group_oms_accountant")
        cls._create_tax(20, type_tax_use="purchase")
        cls.expense = cls.env["account.account"].create(
            {
                "name": "Carriage",
                "code": "624100",
                "account_type": "expense",
                "company_ids": [Command.set(cls.company.ids)],
            }
        )
        cls.carriage = cls.env["product.product"].create(
            {
                "name": "Carriage",
                "type": "service",
                "company_id": cls.company.id,
                "property_account_expense_id": cls.expense.id,
                "supplier_taxes_id": [Command.clear()],
            }
        )
        if not cls.env["account.journal"].search([("type", "=", "purchase"), ("company_id", "=", cls.company.id)]):
            cls.env["account.journal"].create(
                {"name": "Bills", "code": "BILL", "type": "purchase", "company_id": cls.company.id}
            )
        cls.vendor = cls.env["res.partner"].create({"name": "Van Company", "company_id": cls.company.id})
        cls.biller = cls.env["oms.biller"].create(
            {
                "name": "Vans",
                "company_id": cls.company.id,
                "partner_id": cls.vendor.id,
                "product_id": cls.carriage.id,
                "tolerance_amount": 0.10,
            }
        )

    def _sent(self, **values):
        """The number of a parcel that has left with a label of 6.00."""
        picking = self._delivery(self.table, **values)
        picking.button_validate()
        self._reread()
        return picking.oms_label_ids.tracking_number

    def _wizard(self, rows, **values):
        wizard = (
            self.env["oms.bill.import"]
            .with_user(self.accountant)
            .with_company(self.company)
            .create(
                {
                    "biller_id": self.biller.id,
                    "file": b64encode((HEAD + rows).encode()),
                    "file_name": "bill.csv",
                    "currency_id": self.company.currency_id.id,
                    **values,
                }
            )
        )
        wizard.action_preview()
        for word in wizard.word_ids:
            word.kind = {"FRT": "transport", "FUEL": "fuel", "PICK": "pick", "RET": "return", "STO": "storage"}[
                word.name
            ]
        wizard.action_preview()
        return wizard

    def _import(self, rows, **values):
        wizard = self._wizard(rows, **values)
        self.assertEqual((wizard.problem_count, wizard.problems), (0, ""))
        return self.env["account.move"].browse(wizard.action_import()["res_id"])

    def _row(self, number, kind="FRT", net="6,00", vat="1,20", bill="INV-1"):
        return f"{bill};{fields.Date.today():%d.%m.%Y};{number};{kind};{net};{vat}\n"

    def _check(self):
        self.env["oms.check"]._run(self.company, "bills")
        return self.env["oms.check.result"].search(
            [("company_id", "=", self.company.id), ("code", "=", "bills"), ("state", "!=", "gone")]
        )


class TestCarrierBill(BillCase):
    def test_a_bill_that_agrees_is_posted_down_to_debits_and_credits(self):
        first, second = self._sent(), self._sent()
        bill = self._import(
            self._row(first) + self._row(first, "FUEL", "0,06", "0,01") + self._row(second), total="14,47"
        )
        self.assertEqual(
            (bill.state, bill.move_type, bill.ref, bill.invoice_date),
            ("posted", "in_invoice", "INV-1", fields.Date.today()),
        )
        tax_account = bill.line_ids.filtered("tax_line_id").account_id
        self.assertEqual(
            sorted((item.account_id.id, round(item.balance, 2)) for item in bill.line_ids),
            sorted(
                [
                    (self.expense.id, 12.0),
                    (self.expense.id, 0.06),
                    (tax_account.id, 2.41),
                    (bill.partner_id.with_company(self.company).property_account_payable_id.id, -14.47),
                ]
            ),
        )
        self.assertEqual(
            bill.oms_bill_line_ids.mapped(lambda line: (line.booked, line.amount, line.cause, line.state)),
            [(6.0, 6.0, "none", "agreed"), (0.0, 0.06, "surcharge", "agreed"), (6.0, 6.0, "none", "agreed")],
        )
        self.assertEqual(set(bill.oms_bill_line_ids.mapped("item_id")), set(bill.invoice_line_ids))
        self.assertFalse(self._check())

    def test_what_is_beyond_the_tolerance_is_held_with_a_task_that_names_both_numbers(self):
        bill = self._import(self._row(self._sent(), net="6,60", vat="1,32"))
        self.assertEqual((bill.state, bill.oms_disputed_count), ("draft", 1))
        self.assertIn("6.60 is billed, 6.00 was booked", bill.activity_ids.note)
        with self.assertRaisesRegex(UserError, "1 lines of bill INV-1 are disputed"):
            bill.action_post()

    def test_an_accepted_line_is_paid_and_a_line_that_was_taken_off_is_not(self):
        bill = self._import(
            self._row(self._sent()) + self._row("NOBODY") + self._row(self._sent(), net="7,00", vat="1,40")
        )
        lines = bill.oms_bill_line_ids.with_user(self.accountant)
        self.assertEqual(lines.mapped("cause"), ["none", "unknown", "price"])
        lines[1].action_withdraw()
        lines[2].action_accept()
        self.assertFalse(bill.activity_ids)
        bill.with_user(self.accountant).action_post()
        self.assertEqual((bill.amount_untaxed, bill.amount_tax), (13.0, 2.6))
        self.assertFalse(self._check())

    def test_a_bill_is_posted_without_its_disputed_lines_and_what_is_accepted_later_has_a_bill_of_its_own(self):
        bill = self._import(self._row(self._sent()) + self._row("NOBODY"))
        bill.with_user(self.accountant).action_oms_post_undisputed()
        self.assertEqual((bill.state, bill.amount_total), ("posted", 7.2))
        disputed = bill.oms_bill_line_ids.filtered(lambda line: line.state == "disputed").with_user(self.accountant)
        disputed.action_accept()
        self.assertEqual((disputed.item_id.move_id.state, disputed.item_id.move_id.amount_total), ("posted", 7.2))
        self.assertNotEqual(disputed.item_id.move_id, bill)
        self.assertEqual(self._net(self.expense), 12.0)
        self.assertFalse(self._check())

    def test_a_credit_that_is_accepted_later_is_a_credit_note(self):
        bill = self._import(self._row(self._sent()) + self._row("NOBODY", net="-5,00", vat="-1,00"))
        bill.with_user(self.accountant).action_oms_post_undisputed()
        self.assertEqual((bill.move_type, bill.state, bill.amount_total), ("in_invoice", "posted", 7.2))
        credit = self._accept_later(bill)
        self.assertEqual((credit.move_type, credit.state, credit.amount_total), ("in_refund", "posted", 6.0))
        self.assertEqual(self._net(self.expense), 1.0)
        self.assertFalse(self._check())

    def test_a_bill_whose_undisputed_lines_are_owed_to_us_is_posted_as_a_credit_note(self):
        bill = self._import(
            self._row(self._sent(), net="-3,00", vat="-0,60") + self._row("NOBODY", net="10,00", vat="2,00")
        )
        self.assertEqual((bill.move_type, bill.amount_total), ("in_invoice", 8.4))
        bill.with_user(self.accountant).action_oms_post_undisputed()
        self.assertEqual((bill.move_type, bill.state, bill.amount_total), ("in_refund", "posted", 3.6))
        rest = self._accept_later(bill)
        self.assertEqual((rest.move_type, rest.state, rest.amount_total), ("in_invoice", "posted", 12.0))
        self.assertEqual(self._net(self.expense), 7.0)
        self.assertFalse(self._check())

    def test_a_credit_note_whose_credit_was_taken_off_is_posted_as_a_bill(self):
        bill = self._import(self._row(self._sent()) + self._row("NOBODY", net="-10,00", vat="-2,00"))
        self.assertEqual((bill.move_type, bill.amount_total), ("in_refund", 4.8))
        self._disputed(bill).action_withdraw()
        bill.with_user(self.accountant).action_post()
        self.assertEqual((bill.move_type, bill.state, bill.amount_total), ("in_invoice", "posted", 7.2))
        self.assertFalse(self._check())

    def _disputed(self, bill):
        return bill.oms_bill_line_ids.filtered(lambda line: line.state == "disputed").with_user(self.accountant)

    def _accept_later(self, bill):
        """:return: the document of the lines of a posted bill that were disputed, and are accepted now."""
        lines = self._disputed(bill)
        lines.action_accept()
        return lines.item_id.move_id

    def test_a_parcel_is_known_however_its_number_is_written(self):
        picking = self._delivery(self.table)
        self._get_label(picking).sudo().tracking_number = "1Z999AA101"
        bill = self._import(self._row("1z 999 aa1 01"))
        self.assertEqual((bill.state, bill.oms_bill_line_ids.cause), ("posted", "none"))
        self.assertEqual(bill.oms_bill_line_ids.tracking, "1z 999 aa1 01", "The line says what its sender wrote")

    def test_a_parcel_that_another_bill_has_charged_is_not_paid_twice(self):
        number = self._sent()
        self._import(self._row(number))
        again = self._import(self._row(number, bill="INV-2"))
        self.assertEqual((again.state, again.oms_bill_line_ids.cause), ("draft", "duplicate"))
        self.assertIn("bill INV-1", again.oms_bill_line_ids.sentence)

    def test_the_same_bill_twice_is_refused_before_anything_is_made(self):
        number = self._sent()
        self._import(self._row(number))
        wizard = self._wizard(self._row(number))
        self.assertIn("INV-1 of this vendor is there already", wizard.problems)
        with self.assertRaisesRegex(UserError, "Nothing is booked twice"):
            wizard.action_import()
        self.assertEqual(self.env["account.move"].search_count([("oms_biller_id", "=", self.biller.id)]), 1)

    def test_a_bill_that_was_called_off_can_be_imported_again_as_often_as_it_takes(self):
        number = self._sent()
        keys = set()
        for _time in range(3):
            bill = self._import(self._row(number))
            self.assertEqual((bill.state, bill.oms_bill_line_ids.cause), ("posted", "none"))
            keys.add(bill.oms_key)
            bill.button_draft()
            bill.button_cancel()
        self.assertEqual(len(keys), 3)
        self.assertFalse(self._check())

    def test_what_cannot_be_booked_is_refused_with_its_reason_and_nothing_is_made(self):
        row = self._row(self._sent())
        cases = [
            (row, {"total": "9,99"}, "9.99.*7.20"),
            (row.replace("1,20", "1,30"), {}, "Line 2: 1.30 is the tax of 6.00 by none"),
            (row.replace("6,00", "6.00"), {}, "Line 2"),
            (row, {"currency_id": self.env.ref("base.JPY").id}, "no amount of money|not active"),
        ]
        for rows, values, words in cases:
            with self.subTest(words=words):
                wizard = self._wizard(rows, **values)
                self.assertRegex(wizard.problems, words)
                with self.assertRaises(UserError):
                    wizard.action_import()
        self.company.sudo().purchase_lock_date = fields.Date.today()
        self.assertRegex(self._wizard(row).problems, "books of .* are closed")
        self.company.sudo().purchase_lock_date = False
        self.expense.active = False
        self.assertRegex(self._wizard(row).problems, "is archived")
        self.assertFalse(self.env["account.move"].search([("oms_biller_id", "=", self.biller.id)]))

    def test_more_lines_than_the_server_has_time_for_are_refused_and_not_stopped_in_the_middle(self):
        row = f"V-1;12.03.2026;{self._sent()};FRT;6.00;\n"
        with (
            patch("odoo.addons.oms_channels.in_time.LINES_BOOKED_PER_S", 1),
            patch("odoo.addons.oms_channels.in_time.get_seconds", lambda: 60),
            self.assertRaisesRegex(UserError, "bill.csv has 61 lines. This server stops what takes longer than 60"),
        ):
            self._wizard(row * 60)

    def test_the_format_is_kept_with_the_carrier_and_reads_the_next_bill(self):
        self._import(self._row(self._sent()), format_name="Vans")
        self.assertEqual(self.biller.format_id.report, "bill")
        self.assertIn("Net → Amount without tax", self.biller.format_id.summary)
        wizard = self.env["oms.bill.import"].with_user(self.accountant).create(
            {"biller_id": self.biller.id, "file": b64encode((HEAD + self._row(self._sent(), bill="INV-2")).encode())}
        )  # fmt: skip
        wizard.action_preview()
        self.assertEqual(wizard.problem_count, 0)

    def test_a_cancelled_label_is_not_paid(self):
        picking = self._delivery(self.table)
        label = self._get_label(picking)
        picking.cancel_shipment()
        self._reread()
        bill = self._import(self._row(label.tracking_number))
        self.assertEqual((bill.state, bill.oms_bill_line_ids.cause), ("draft", "cancelled"))

    def test_a_credit_of_the_carrier_is_a_vendor_credit_note(self):
        bill = self._import(self._row(self._sent(), net="-2,00", vat="-0,40"))
        self.assertEqual((bill.move_type, bill.state, bill.amount_total), ("in_refund", "posted", 2.4))
        self.assertEqual(self._net(self.expense), -2.0)
        self.assertFalse(self._check())

    def test_taxes_are_those_of_the_bill_which_rounds_each_line(self):
        numbers = [self._sent() for _parcel in range(3)]
        bill = self._import("".join(self._row(number, net="6,03", vat="1,21") for number in numbers))
        self.assertEqual((bill.amount_untaxed, bill.amount_tax, bill.amount_total), (18.09, 3.63, 21.72))

    def test_a_label_that_comes_to_light_is_matched_again(self):
        picking = self._delivery(self.table)
        bill = self._import(self._row("LATE-1"))
        label = self._get_label(picking)
        label.sudo().tracking_number = "LATE-1"
        bill.with_user(self.accountant).action_oms_match_bill()
        self.assertEqual((bill.oms_bill_line_ids.cause, bill.oms_disputed_count), ("none", 0))
        bill.with_user(self.accountant).action_post()
        self.assertEqual(bill.amount_total, 7.2)

    def test_nobody_writes_by_hand_what_a_bill_says(self):
        bill = self._import(self._row(self._sent(), net="9,00", vat="1,80"))
        (line,) = bill.oms_bill_line_ids
        for values in ({"amount": 6}, {"state": "agreed"}, {"booked": 9}):
            with self.assertRaisesRegex(AccessError, "as its sender wrote them"):
                line.with_user(self.accountant).write(values)
        for command in (lambda mine: mine.copy(), lambda mine: mine.unlink()):
            with self.assertRaises(AccessError):
                command(line.with_user(self.accountant))
        line.with_user(self.accountant).action_accept()
        self.assertEqual((line.state, line.decided_by_id), ("accepted", self.accountant))

    def test_nobody_makes_a_bill_of_a_company_that_is_not_theirs(self):
        other = self._create_company("Elsewhere")
        with self.assertRaises(AccessError):
            self.env["account.move"].with_user(self.accountant)._oms_create_bills(
                [
                    {
                        "move_type": "in_invoice",
                        "company_id": other.id,
                        "partner_id": self.vendor.copy({"company_id": False}).id,
                    }
                ]
            )

    def test_who_only_reads_the_books_imports_nothing(self):
        reader = self._create_user("bill_reader", "oms_core.group_oms_accountant")
        with self.assertRaises(AccessError):
            self.env["oms.bill.import"].with_user(reader).create({"biller_id": self.biller.id})

    def test_the_auditor_finds_a_bill_that_was_changed_and_one_paid_twice(self):
        number = self._sent()
        bill = self._import(self._row(number))
        bill.oms_bill_line_ids.sudo().amount = 5
        self.assertRegex(self._check().sentence, r"INV-1 charges .*6.*come to .*5")
        bill.oms_bill_line_ids.sudo().amount = 6
        again = self._import(self._row(number, bill="INV-2"))
        again.oms_bill_line_ids.sudo().write({"state": "agreed", "booked": 6})
        again.action_post()
        self.assertIn("again by bill INV-2", self._check().sentence)


class TestCostOfBills(BillCase):
    """ACC-05: what is billed and what payouts keep is shared out over order lines, and sums to the ledger."""

    def _kept(self, **domain):
        lines = self.env["account.analytic.line"].search(
            [("company_id", "=", self.company.id), ("oms_cost_key", "!=", False)], order="id"
        )
        return sorted((line.oms_cost_kind, line.oms_standing, line.amount) for line in lines)

    def _keep(self):
        self.env["oms.cost"]._cron_keep()

    def _costs_check(self):
        self.env["oms.check"]._run(self.company, "cost_lines")
        return self.env["oms.check.result"].search(
            [("company_id", "=", self.company.id), ("code", "=", "cost_lines"), ("state", "!=", "gone")]
        )

    def test_a_label_is_expected_until_its_bill_is_booked_and_then_what_the_ledger_says(self):
        first, second = self._sent(), self._sent()
        self._keep()
        self.assertEqual(self._kept(), [("label", "accrued", -6.0)] * 2)
        self.assertEqual(self._open_labels(), [-6.0, -6.0])
        bill = self._import(
            self._row(first) + self._row(first, "FUEL", "0,06", "0,01") + self._row(second, net="6,05", vat="1,21")
        )
        self.assertEqual(bill.state, "posted")
        self._keep()
        self.assertEqual(
            self._kept(), [("label", "booked", -6.05), ("label", "booked", -6.0), ("label", "booked", -0.06)]
        )
        self.assertEqual(round(-sum(cost[2] for cost in self._kept()), 2), self._net(self.expense))
        self.assertEqual(self._open_labels(), [])
        self.assertFalse(self._costs_check())

    def _open_labels(self, day=None):
        rows = self.env["oms.cut.off"].with_context(oms_cut_off=day)
        rows = rows.search([("company_id", "=", self.company.id), ("kind", "=", "label_not_billed")])
        return rows.mapped("amount")

    def test_a_label_of_the_last_evening_of_the_month_is_expected_in_that_month_of_the_company(self):
        self.company.partner_id.tz = "America/New_York"
        label = self.env["oms.shipment.label"].search([("tracking_number", "=", self._sent())])
        label.bought_at = datetime(2026, 2, 1, 1)
        self.env.flush_all()
        self.assertEqual((self._open_labels("2026-01-30"), self._open_labels("2026-01-31")), ([], [-6.0]))

    def test_a_bill_that_leaves_the_books_takes_its_costs_along_and_the_label_is_expected_again(self):
        bill = self._import(self._row(self._sent()))
        self._keep()
        bill.button_draft()
        self.assertEqual(self._kept(), [])
        self._keep()
        self.assertEqual(self._kept(), [("label", "accrued", -6.0)])
        bill.action_post()
        self._keep()
        self.assertEqual(self._kept(), [("label", "booked", -6.0)])

    def test_a_bill_that_is_reversed_costs_its_orders_nothing(self):
        bill = self._import(self._row(self._sent()))
        self._keep()
        bill._reverse_moves([{"invoice_date": bill.invoice_date, "date": bill.date}], cancel=True)
        self._keep()
        self.assertEqual(self._kept(), [("label", "booked", -6.0), ("label", "booked", 6.0)])
        self.assertEqual(self._net(self.expense), 0)
        self.assertFalse(self._costs_check())

    def test_a_long_bill_asks_the_database_no_more_than_a_short_one(self):
        def queries(number, count):
            bill = self._import("".join(self._row(self._sent(), bill=f"INV-{number}") for _parcel in range(count)))
            self.assertEqual(bill.state, "posted")
            self._reread()
            before = self.env.cr.sql_log_count
            self.env["oms.cost"]._keep_items(self.env["oms.cost"]._find_items(100))
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(1, 1)  # what is read once
        few, many = queries(2, 2), queries(3, 12)
        self.assertLessEqual(many - few, 8, f"of 2 parcels {few}, of 12 {many}")

    def test_the_auditor_finds_a_cost_that_is_not_the_ledgers(self):
        self._import(self._row(self._sent()))
        self._keep()
        line = self.env["account.analytic.line"].search([("oms_standing", "=", "booked")], order="id desc", limit=1)
        line.with_context(skip_analytic_sync=True).amount = -5
        self.assertRegex(self._costs_check().sentence, "6.00.*5.00")


class TestPartnerBill(BillCase):
    """What a fulfilment partner bills is compared with the tariff of the place where it works."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse.write({"oms_cost_per_line": 0.5, "oms_cost_storage": 100})
        cls.biller.warehouse_ids = cls.warehouse

    def test_work_is_matched_by_delivery_and_storage_by_month(self):
        picking = self._delivery(self.table, ("STD", 1, "20.00", 20), ("AVG", 2, "40.00", 20))
        picking.button_validate()
        self._reread()
        bill = self._import(
            self._row(picking.name, "PICK", "1,00", "0,20") + self._row("", "STO", "100,00", "20,00"), billed_on=False
        )
        self.assertEqual(bill.oms_bill_line_ids.mapped("cause"), ["none", "none"])
        self.assertEqual((bill.state, bill.amount_untaxed), ("posted", 101.0))
        self.env["oms.cost"]._cron_keep()
        costs = self.env["account.analytic.line"].search(
            [("company_id", "=", self.company.id), ("oms_cost_key", "!=", False)]
        )
        # What is billed is no longer estimated; what no order is for stays a cost of the place.
        self.assertEqual(
            sorted((cost.oms_cost_kind, cost.oms_standing, bool(cost.oms_order_id), cost.amount) for cost in costs),
            [
                ("label", "accrued", True, -4.0),
                ("label", "accrued", True, -2.0),
                ("other", "booked", False, -100.0),
                ("pick", "booked", True, -0.67),
                ("pick", "booked", True, -0.33),
            ],
        )

    def test_a_delivery_is_known_however_its_number_is_written(self):
        picking = self._delivery(self.table)
        picking.button_validate()
        self._reread()
        picking.oms_3pl_reference = "TP4711"
        bill = self._import(self._row("tp 4711", "PICK", "0,50", "0,10"))
        self.assertEqual((bill.oms_bill_line_ids.cause, bill.oms_bill_line_ids.picking_id), ("none", picking))

    def test_more_work_than_was_done_and_work_that_nobody_agreed_to_are_disputed(self):
        picking = self._delivery(self.table)
        picking.button_validate()
        self._reread()
        bill = self._import(
            self._row(picking.name, "PICK", "1,50", "0,30") + self._row(picking.name, "RET", "2,00", "0,40")
        )
        self.assertEqual(bill.oms_bill_line_ids.mapped("cause"), ["price", "no_tariff"])
        self.assertEqual(bill.oms_disputed_count, 2)
