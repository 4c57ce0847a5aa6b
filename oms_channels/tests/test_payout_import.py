"""The accountant's way: a file, a look at what is in it and what is wrong with it, and nothing kept before all is right."""

from base64 import b64encode
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError

from .test_settlement import SettlementCase

HEAD = "Batch;Booked;Ref;What;Sum;Cur\n"


class TestPayoutImport(SettlementCase):
    def _wizard(self, text, **values):
        return (
            self.env["oms.payout.import"]
            .with_user(self.accountant)
            .create(
                {
                    "channel_id": self.channel.id,
                    "reader": "csv",
                    "file": b64encode(text.encode()),
                    "file_name": "report.csv",
                    **values,
                }
            )
        )

    def _table(self, order, fee="-2,40"):
        return (
            f"{HEAD}B1;16.03.2026;{order.oms_number};SOLD;24,00;EUR\nB1;16.03.2026;{order.oms_number};COMM;{fee};EUR\n"
        )

    def _choose(self, wizard):
        fields = {
            "Batch": "payout_id",
            "Booked": "at",
            "Ref": "order_ref",
            "What": "kind",
            "Sum": "amount",
            "Cur": "currency",
        }
        for column in wizard.column_ids:
            column.field = fields.get(column.name)
        wizard.action_preview()
        words = {"SOLD": "sale", "COMM": "fee"}
        for word in wizard.word_ids:
            word.kind = words[word.name]
        wizard.action_preview()

    def test_a_table_is_mapped_on_the_screen_looked_at_taken_and_booked(self):
        order = self._paid()
        wizard = self._wizard(self._table(order), format_name="Our service")
        wizard.action_preview()
        self.assertTrue(wizard.problem_count)
        self.assertEqual(wizard.column_ids.mapped("sample")[:3], ["B1", "16.03.2026", order.oms_number])
        self._choose(wizard)
        self.assertEqual((wizard.problem_count, wizard.problems), (0, ""))
        self.assertEqual(
            wizard.payout_ids.mapped(lambda payout: (payout.external_id, payout.total, payout.line_count)),
            [("B1", "21.60", 2)],
        )
        self.assertFalse(self.env["oms.settlement"].search([("channel_id", "=", self.channel.id)]))
        settlement = self.env["oms.settlement"].browse(wizard.action_import()["res_id"])
        self.assertEqual((settlement.state, settlement.move_id), ("checked", self.env["account.move"]))
        settlement.with_user(self.accountant).action_post()
        self.assertClosed(settlement, in_transit=21.6)

    def test_the_kept_format_reads_the_next_report_without_a_question(self):
        wizard = self._wizard(self._table(self._paid()), format_name="Our service")
        wizard.action_preview()
        self._choose(wizard)
        wizard.action_import()
        form = self.env["oms.payout.format"].search([("name", "=", "Our service")])
        self.assertIn("Sum → Amount", form.summary)
        again = self._wizard(self._table(self._paid()).replace("B1;", "B2;"), format_id=form.id)
        again.action_preview()
        self.assertEqual(again.problem_count, 0)

    def test_what_is_wrong_is_told_with_its_line_and_cannot_be_imported(self):
        wizard = self._wizard(self._table(self._paid(), fee="-2.40"))
        wizard.action_preview()
        self._choose(wizard)
        self.assertIn("Line 3", wizard.problems)
        with self.assertRaisesRegex(UserError, "Line 3"):
            wizard.action_import()
        self.assertFalse(self.env["oms.settlement"].search([("channel_id", "=", self.channel.id)]))

    def test_what_is_no_table_is_refused_in_a_sentence(self):
        for text in ("\x00\x01\x02", "one line", f'{HEAD}"{"x" * 200_000}', "y" * 200_000, "A;A\n1;2\n", ";;\n1;2;3\n"):
            with self.subTest(text=text[:20]):
                wizard = self._wizard(text)
                try:
                    wizard.action_preview()
                    self.assertTrue(wizard.problem_count)
                except UserError as error:
                    self.assertTrue(str(error))
        for reader in ("shopify", "amazon", "ebay", "paypal", "stripe"):
            for text in (
                "[]",
                "{}",
                "null",
                '{"payout": 1, "group": []}',
                f'{HEAD}"{"x" * 200_000}',
                "y" * 200_000,
                "\x00%PDF",
            ):
                with self.subTest(reader=reader, text=text[:20]):
                    wizard = self._wizard(text, reader=reader)
                    wizard.action_preview()
                    self.assertTrue(wizard.problem_count)

    def test_a_file_that_is_too_large_is_refused_before_anything_of_it_is_kept(self):
        with patch("odoo.addons.oms_channels.wizards.oms_table_import.REPORT_MAX_BYTES", 2 * 2**20):
            wizard = self._wizard("x" * 2 * 2**20)
            self.assertTrue(wizard.id, "so much is just taken")
            with self.assertRaisesRegex(UserError, "has 3 MB, and at most 2 MB are read. Nothing was kept"):
                self._wizard("x" * 3 * 2**20)
            with self.assertRaisesRegex(UserError, "Load the report of a shorter period"):
                wizard.file = b64encode(b"x" * 3 * 2**20)

    def test_more_lines_than_somebody_waits_for_are_taken_in_whole_and_the_job_goes_on_with_them(self):
        order = self._paid()
        with (
            patch("odoo.addons.oms_channels.in_time.LINES_BOOKED_PER_S", 1),
            patch("odoo.addons.oms_channels.in_time.get_seconds", lambda: 1),
        ):
            wizard = self._wizard(self._table(order))
            wizard.action_preview()
            self._choose(wizard)
            settlement = self.env["oms.settlement"].browse(wizard.action_import()["res_id"])
            self.assertEqual((settlement.state, settlement.line_count), ("draft", 2))
            settlement._work_alone()
            self.assertEqual((settlement.state, settlement.matched), ("checked", 24))
            settlement.action_post()
            self.assertEqual((settlement.state, settlement.move_id), ("booking", self.env["account.move"]))
            while settlement._work_alone():
                pass
        self.assertClosed(settlement, in_transit=21.6)

    def test_a_channel_that_tells_no_payouts_says_so(self):
        with self.assertRaisesRegex(UserError, "Import the report"):
            self.channel.with_user(self.accountant).action_poll_payouts()

    def test_of_a_table_without_a_total_it_is_not_said_that_it_adds_up(self):
        wizard = self._wizard(self._table(self._paid()).replace("Cur", "Cur;Told").replace("EUR\n", "EUR;21,70\n"))
        wizard.action_preview()
        self._choose(wizard)
        self.assertEqual((wizard.problem_count, wizard.tells_total), (0, False))
        wizard.column_ids.filtered(lambda column: column.name == "Told").field = "total"
        wizard.action_preview()
        self.assertTrue(wizard.tells_total)
        self.assertIn("its lines sum to 21.60", wizard.problems)

    def test_the_same_file_again_is_recognised(self):
        text = self._table(self._paid())
        wizard = self._wizard(text)
        wizard.action_preview()
        self._choose(wizard)
        wizard.action_import()
        wizard.action_preview()
        self.assertIn("This file was imported", wizard.problems)

    def test_a_clerk_imports_no_payouts_and_reads_none(self):
        clerk = self._create_user("payout_clerk", "oms_core.group_oms_user")
        with self.assertRaises(AccessError):
            self.env["oms.payout.import"].with_user(clerk).create({"channel_id": self.channel.id, "reader": "csv"})
        with self.assertRaises(AccessError):
            self.env["oms.settlement"].with_user(clerk).search([])

    def test_a_manager_reads_payouts_and_books_none(self):
        settlement = self._take(self._payout(self._row("sale", 24, self._paid())))
        manager = self._create_user("payout_manager", "oms_core.group_oms_manager")
        self.assertEqual(settlement.with_user(manager).total, 24)
        with self.assertRaises(AccessError):
            settlement.with_user(manager).action_post()

    def test_words_that_are_called_as_here_are_taken_for_that_and_an_empty_file_is_told(self):
        text = "Payout;Type;Order;Amount;Currency\nB7;Sale;1;24.00;EUR\nB7;COMM;1;-1.00;EUR\n"
        wizard = self._wizard(text)
        wizard.action_preview()
        self.assertEqual({word.name: word.kind for word in wizard.word_ids}, {"Sale": "sale", "COMM": False})
        self.assertIn("nobody has said yet what the type “COMM” means", wizard.problems)
        self.assertEqual(wizard.problem_count, 1)
        with self.assertRaisesRegex(UserError, "report.csv is empty"):
            self._wizard("").action_preview()
