"""PAY-02: a payout of any size is booked: whole in the ledger, in pieces behind it, and as a small one is."""

from base64 import b64encode
from contextlib import contextmanager, nullcontext, suppress
from datetime import date, datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from odoo.addons.account.models.account_move import AccountMove
from odoo.addons.oms_core.checks import Scope

from .test_settlement import SettlementCase

MODELS = "odoo.addons.oms_channels.models"
#: Payments that are reconciled between two commits in these tests.
PIECE = 2


class Killed(BaseException):
    """The process is gone."""


class LargeCase(SettlementCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel._oms_get_payout_accounts()  # made once, for all that is compared
        cls.company._oms_get_payout_journal()
        cls.classPatch(type(cls.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)

    def setUp(self):
        super().setUp()
        for name, value in (
            (f"{MODELS}.oms_settlement_book.SETTLEMENT_PIECE", PIECE),
            (f"{MODELS}.oms_settlement_book.SETTLEMENT_ORDERS_PIECE", 3),
            ("odoo.addons.oms_channels.in_time.SETTLEMENT_AT_ONCE_MAX", 2),
        ):
            self.startPatcher(patch(name, value))

    @contextmanager
    def _small(self):
        """Within this, nothing is large."""
        with patch("odoo.addons.oms_channels.in_time.SETTLEMENT_AT_ONCE_MAX", 1000):
            yield

    def _work(self, settlement, pieces=None):
        """Let the job do so many pieces, or all."""
        for _piece in range(50 if pieces is None else pieces):
            if not settlement._work_alone():
                break
        settlement.invalidate_recordset()

    def _pieces(self, settlement):
        """How many the job has done until nothing was left."""
        count = 1
        while settlement._work_alone():
            count += 1
        settlement.invalidate_recordset()
        return count

    def _large(self, sales=5, **values):
        """A payout of so many orders, and a fee."""
        orders = [self._paid() for _number in range(sales)]
        rows = [self._row("sale", 24, order) for order in orders] + [self._row("fee", -1, code="commission")]
        return orders, self._payout(*rows, **values)

    def _explained(self, sales=5):
        orders, doc = self._large(sales)
        settlement = self._take(doc)
        self._work(settlement)
        self.assertEqual(settlement.state, "checked")
        return orders, settlement

    def _shown(self, settlement):
        """Everything that was booked, found and told of a payout, but for the ids."""
        items = settlement.move_ids.line_ids
        ours = set(items.ids)

        def others(item):
            partials = item.matched_debit_ids | item.matched_credit_ids
            pairs = [(one.debit_move_id, one.credit_move_id, one.amount) for one in partials]
            return sorted((debit.id if credit.id in ours else credit.id, amount) for debit, credit, amount in pairs)

        return {
            "state": (settlement.state, settlement.matched, settlement.task_count, settlement.bank_line_id),
            "items": sorted(
                (one.account_id.id, one.balance, one.amount_currency, one.oms_cause or "", one.reconciled, others(one))
                for one in items
            ),
            "entry": [(one.date, one.ref, one.state, one.oms_booked) for one in settlement.move_ids],
            "lines": settlement.line_ids.mapped(
                lambda line: (line.external_id, line.matched_line_id.id, line.matched_amount, line.cause, line.order_id)
            ),
            "rests": settlement.rest_ids.sorted("id").mapped(
                lambda rest: (rest.cause, rest.amount, rest.sentence, rest.item_id.balance)
            ),
            "orders": settlement.line_ids.order_id.mapped("oms_settled_on"),
            "clearing": self._net(self.clearing_account),
            "told": settlement.activity_ids.mapped(lambda one: (one.summary, one.user_id)),
            "left": self.env["account.move.line"].search_count([("oms_settled_by_id", "!=", False)]),
        }

    def _at_once(self, doc):
        """What is shown of this payout when it is booked at once; it is as if it had not been, after that."""
        with self.cr.savepoint() as savepoint, self._small():
            settlement = self._take(doc)
            settlement.action_post()
            shown = self._shown(settlement)
            savepoint.rollback()
        self.env.invalidate_all()
        return shown

    def _of_all_kinds(self):
        """A payout with payments settled whole and in part, refunds in time and late, fees, and what is to be explained."""
        orders = [self._paid() for _number in range(6)]
        partly, repaid = self._paid(60), self._paid(36)
        self._refund(repaid, 6, "re-in-time")
        return self._payout(
            *(self._row("sale", 24, order) for order in orders),
            self._row("sale", 20, partly),
            self._row("sale", 36, repaid),
            self._row("refund", -6, repaid, transaction_ref="re-in-time"),
            self._row("refund", -5, orders[0]),
            self._row("sale", 11, order_ref="nobody knows"),
            self._row("fee", "-1.20", orders[1], code="commission"),
            self._row("fee_tax", "-0.24", orders[1]),
            self._row("reserve_hold", -10),
            self._row("chargeback", -24, orders[2]),
        )

    def _in_dollars(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        for day, rate in ((date(2026, 3, 1), 1.25), (date(2026, 3, 10), 1.20)):
            self.env["res.currency.rate"].create(
                {"currency_id": usd.id, "company_id": self.company.id, "name": day, "rate": rate}
            )
        rows = []
        for _number in range(5):
            order = self._apply(self._doc(lines=(self._line(total=20),), currency="USD"))[0][0]
            self._ship(order)
            self._book(order)
            rows.append(self._row("sale", 24, order))
        return self._payout(*rows, self._row("fee", "-2.40"), currency="USD")


class TestSettlementLarge(LargeCase):
    def test_a_large_payout_is_booked_in_pieces_as_it_would_be_at_once(self):
        for doc in (self._of_all_kinds(), self._in_dollars()):
            with self.subTest(currency=doc.currency):
                at_once = self._at_once(doc)
                settlement = self._take(doc)
                self.assertEqual((settlement.state, settlement.rest_ids.ids), ("draft", []))
                self.assertEqual(self._pieces(settlement), 1)
                self.assertEqual(settlement.state, "checked")
                settlement.action_post()
                self.assertEqual((settlement.state, settlement.move_id.ids), ("booking", []))
                self.assertGreater(self._pieces(settlement), 4)
                self.assertEqual(self._shown(settlement), at_once)
                self.assertEqual(settlement.state, "posted")
                sold = settlement.line_ids.filtered(lambda line: line.kind == "sale" and line.order_id)
                self.assertEqual(set(sold.order_id.mapped("oms_settled_on")), {settlement.date})

    def test_no_piece_reckons_more_than_the_one_before_as_it_is_booked_and_as_it_is_undone(self):
        _orders, settlement = self._explained(10)
        settlement.action_post()
        self._work(settlement, 1)  # its entry
        reckoned = [self._reckoned(settlement) for _piece in range(5)]
        self.assertEqual(reckoned, [reckoned[0]] * 5)
        self._work(settlement)
        settlement.action_undo()
        undone = [self._reckoned(settlement) for _piece in range(5)]
        self.assertEqual(undone, [undone[0]] * 5)

    def test_to_undo_many_asks_the_database_no_more_often_than_to_undo_a_few(self):
        asked = []
        for piece in (2, 8):
            _orders, settlement = self._explained(8)
            settlement.action_post()
            self._work(settlement)
            settlement.action_undo()
            self.env.flush_all()
            self.env.invalidate_all()
            with patch(f"{MODELS}.oms_settlement_book.SETTLEMENT_PIECE", piece):
                before = self.cr.sql_log_count
                self._work(settlement, 1)
                self.env.flush_all()
                asked.append(self.cr.sql_log_count - before)
            self._work(settlement)
        self.assertLess(asked[1], asked[0] + 6, "two for each of the six more, if they were asked for one by one")

    def _reckoned(self, settlement):
        """How many entries Odoo reckons anew in the next piece."""
        count = 0
        compute = AccountMove._compute_amount

        def counted(moves):
            nonlocal count
            count += len(moves)
            compute(moves)

        with patch.object(AccountMove, "_compute_amount", counted):
            self._work(settlement, 1)
            self.env.flush_all()
        self.env.invalidate_all()  # as the job does between two pieces
        return count

    def test_a_process_that_dies_in_whichever_piece_loses_nothing_and_books_nothing_twice(self):
        _orders, doc = self._large(3)
        at_once = self._at_once(doc)
        settlement = self._take(doc)
        for point in range(9):
            done, dies = self._dying(point)
            with self.cr.savepoint() as savepoint:
                with patch.object(type(settlement), "_work", dies), suppress(Killed):
                    self._book_piece_by_piece(settlement)
                self.env.invalidate_all()
                self._book_piece_by_piece(settlement)
                self.assertEqual(self._shown(settlement), at_once, f"killed in piece {point} of {done}")
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertLess(len(done), point + 1, "Each piece has died once")

    def _dying(self, point):
        """(the pieces that were done, a piece of work that dies at the end of that one)"""
        done, work = [], type(self.env["oms.settlement"])._work

        def dies(payout):
            work(payout)
            payout.env.flush_all()
            done.append(payout.state)
            if len(done) == point + 1:
                raise Killed

        return done, dies

    def _book_piece_by_piece(self, settlement):
        """Each piece is kept when it is done, as the job commits."""
        for _piece in range(50):
            if settlement.state not in ("draft", "checked", "booking"):
                return
            with self.cr.savepoint():
                settlement.action_post() if settlement.state == "checked" else settlement._work_alone()
            settlement.invalidate_recordset()
        self.fail("It has no end.")

    def test_from_its_entry_on_it_counts_as_paid_out_everywhere_though_it_is_not_reconciled_yet(self):
        orders, settlement = self._explained()
        settlement.date = date(
            2026, 3, 14
        )  # before the period ends, so that only being settled keeps items off the list
        settlement.action_post()
        self._work(settlement, 2)  # the entry, and one piece
        self.assertEqual((settlement.state, settlement.move_id.state), ("booking", "posted"))
        self.assertEqual(self._net(self.clearing_account), 0)
        waiting = orders[-1].transaction_ids.payment_id.move_id.line_ids.filtered("oms_settled_by_id")
        self.assertEqual(
            (len(waiting), waiting.reconciled, waiting.oms_settled_by_id.move_id), (1, False, settlement.move_id)
        )
        self.assertEqual(self._cut_off(), [])
        reconciled, marked = (
            [(one.kind, one.amount, one.open) for one in order._oms_money_steps()] for order in (orders[0], orders[-1])
        )
        self.assertEqual(marked, reconciled)
        domain = settlement.action_view_waiting()["domain"]
        self.assertFalse(self.env["account.move.line"].search(domain))
        self.assertEqual(self._audited(), [])
        self.assertEqual(len(self.env["oms.cash.report"].search([("settlement_id", "=", settlement.id)])), 6)
        again = self._payout(self._row("sale", 24, orders[-1]))
        with self._small():
            twice = self._take(again)
        self.assertEqual(twice.rest_ids.mapped("cause"), ["duplicate"])

    def test_while_it_is_worked_on_nobody_books_changes_or_deletes_it(self):
        _orders, settlement = self._explained()
        settlement.action_post()
        for pieces in (0, 2):
            self._work(settlement, pieces)
            for press in (settlement.action_post, settlement.action_check, settlement.unlink):
                with self.assertRaisesRegex(UserError, "is being worked on; its form says how far it is"):
                    press()
            with self.assertRaisesRegex(UserError, "is being worked on"):
                settlement.date = date(2026, 4, 1)
        self._work(settlement)
        with self.assertRaisesRegex(UserError, "is booked already"):
            settlement.action_post()
        self.assertClosed(settlement, in_transit=119)
        self.assertEqual(len(settlement.move_ids), 1)

    def test_the_form_says_how_far_it_is_and_what_comes_next(self):
        _orders, doc = self._large()
        settlement = self._take(doc)
        self.assertRegex(Form(settlement).progress_text, "nothing of it is booked. What each of its 6 lines settles")
        self._work(settlement)
        self.assertFalse(settlement.progress_text)
        settlement.action_post()
        self.assertRegex(
            Form(settlement).progress_text, "Nothing of it is booked yet.* To stop it before that, press Undo"
        )
        shares = []
        for _piece in range(4):
            self._work(settlement, 1)
            form = Form(settlement)
            shares.append(round(form.progress))
            if len(shares) == 2:
                self.assertRegex(
                    form.progress_text, "whole, by entry .* 2 of 5 are reconciled with the entry; the others follow"
                )
        self.assertEqual(shares, [0, 40, 80, 100])
        self._work(settlement)
        self.assertEqual((settlement.state, settlement.progress_text), ("posted", False))
        settlement.action_refresh()

    def test_one_that_waits_for_its_turn_is_taken_back_before_anything_is_booked(self):
        _orders, settlement = self._explained()
        settlement.action_post()
        settlement.action_undo()
        self.assertEqual((settlement.state, settlement.move_ids.ids), ("checked", []))
        self._work(settlement)
        self.assertEqual((settlement.state, settlement.move_ids.ids), ("checked", []))

    def test_undone_in_pieces_also_in_the_middle_it_is_as_if_it_had_never_been(self):
        orders, settlement = self._explained()
        before = self._net(self.clearing_account)
        for pieces in (2, None):
            settlement.action_post()
            self._work(settlement, pieces)
            settlement.action_undo()
            self.assertEqual(settlement.state, "undoing")
            self.assertRegex(settlement.progress_text, "0 of 5 reconciliations are undone")
            self.assertEqual(self._audited(), [])
            self.assertGreater(self._pieces(settlement), 2)
            self.assertEqual((settlement.state, settlement.move_id.ids), ("checked", []))
            self.assertEqual(self._net(self.clearing_account), before)
            items = self.env["account.move.line"].browse([line.matched_line_id.id for line in settlement.line_ids])
            self.assertEqual(items.filtered("reconciled").ids, [])
        settlement.action_post()
        self._work(settlement)
        self.assertClosed(settlement, in_transit=119)
        self.assertEqual(len(orders), 5)

    def test_what_somebody_reconciled_otherwise_stops_it_in_a_sentence_and_undoing_heals_it(self):
        orders, settlement = self._explained()
        settlement.action_post()
        self._work(settlement, 2)
        payment = orders[-1].transaction_ids.payment_id.move_id
        other = payment._reverse_moves()
        other.action_post()
        ours = (payment | other).line_ids.filtered(lambda item: item.account_id == self.clearing_account)
        self.assertEqual(set(ours.mapped("reconciled")), {True})
        self._work(settlement)
        self.assertEqual(settlement.state, "booking")
        self.assertIn(payment.name, settlement.activity_ids.note)
        self.assertIn(
            f"Its entry {settlement.move_id.name} is in the books: undo the payout first", settlement.activity_ids.note
        )
        ours.remove_move_reconcile()
        settlement.action_undo()
        self._work(settlement)
        self.assertEqual((settlement.state, self._net(self.clearing_account)), ("checked", 96))
        self.assertFalse(settlement.activity_ids, "It went on after all")

    def test_what_it_was_about_to_settle_is_free_again_where_somebody_reversed_its_entry_by_hand(self):
        _orders, settlement = self._explained()
        settlement.action_post()
        self._work(settlement, 2)
        self.assertTrue(settlement.move_id.line_ids.oms_settles_ids)
        settlement.move_id.with_user(self.accountant)._reverse_moves(cancel=True)
        settlement.action_undo()
        self._work(settlement)
        self.assertEqual(settlement.state, "checked")
        self.assertFalse(self.env["account.move.line"].search([("oms_settled_by_id", "!=", False)]))

    def _in_parts(self):
        """A payment of 100, of which one payout has 60, and the next 40 with a payment of 50."""
        shared, other = self._paid(100), self._paid(50)
        more = [self._paid() for _number in range(6)]
        first = self._payout(self._row("sale", 60, shared), *(self._row("sale", 24, order) for order in more[:3]))
        second = self._payout(
            self._row("sale", 40, shared),
            self._row("sale", 50, other),
            *(self._row("sale", 24, order) for order in more[3:]),
        )
        return first, second, shared, other

    def test_a_payment_in_parts_of_two_payouts_that_are_worked_on_in_turns_is_settled_by_both(self):
        for is_large in (False, True):
            with self.subTest(the_second_is_large=is_large), self.cr.savepoint() as savepoint:
                first_doc, second_doc, shared, other = self._in_parts()
                first = self._take(first_doc)
                self._work(first)
                first.action_post()
                self._work(first, 1)
                payments = (shared | other).transaction_ids.payment_id.move_id.line_ids.filtered(
                    lambda item: item.account_id == self.clearing_account
                )
                self.assertEqual(sorted(payments.mapped("amount_residual")), [50, 100])
                with nullcontext() if is_large else self._small():
                    second = self._take(second_doc)
                    self._work(second)
                    second.action_post()
                    self._work(second, 1)
                self.assertEqual(self._cut_off(), [])
                both = first | second
                both._cron_work()
                both.invalidate_recordset()
                self.assertEqual(both.mapped("state"), ["posted", "posted"])
                self.assertEqual(payments.mapped("reconciled"), [True, True])
                self.assertFalse(self.env["account.move.line"].search([("oms_settled_by_id", "!=", False)]))
                self.assertEqual((both.rest_ids.ids, self._net(self.clearing_account)), ([], 0))
                savepoint.rollback()
            self.env.invalidate_all()

    def test_small_ones_that_are_many_are_booked_by_the_job(self):
        """A month's file has a payout for each day, and all are booked with one press."""
        with self._small():
            settlements = self.env["oms.settlement"].union(
                *(
                    self._take(self._payout(self._row("sale", 24, self._paid()), self._row("fee", -1)))
                    for _number in range(2)
                )
            )
        settlements = settlements.with_user(self.accountant)
        settlements.action_post()
        self.assertEqual(settlements.mapped("state"), ["booking", "booking"])
        settlements._cron_work()
        settlements.invalidate_recordset()
        self.assertEqual(settlements.mapped("state"), ["posted", "posted"])
        settlements.action_undo()
        self.assertEqual(settlements.mapped("state"), ["undoing", "undoing"])

    def test_the_job_works_on_all_that_wait_and_begins_anew_when_its_time_is_up(self):
        settlements = self.env["oms.settlement"].union(*(self._take(self._large(3)[1]) for _number in range(2)))
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *_arguments, **_options: 0):
            settlements._cron_work()
        self.assertEqual(settlements.mapped("state"), ["draft", "draft"])
        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("oms_channels.cron_work_on_payouts").id)]
        )
        self.assertTrue(triggers)
        settlements._cron_work()
        settlements.invalidate_recordset()
        self.assertEqual(settlements.mapped("state"), ["checked", "checked"])
        settlements.action_post()
        settlements._cron_work()
        settlements.invalidate_recordset()
        self.assertEqual(settlements.mapped("state"), ["posted", "posted"])

    def test_one_that_fails_slowly_keeps_no_other_back_and_the_job_does_not_spin(self):
        bad, good = (self._take(self._large(3)[1]) for _number in range(2))
        both, times = bad | good, [60]
        both.sudo().looked_at = fields.Datetime.now() - timedelta(minutes=1)
        work = type(bad)._work

        def fails_slowly(payout):
            if payout == bad:
                times[0] = 0
                raise UserError("No luck")
            work(payout)

        wake = f"{MODELS}.oms_settlement_work.wake"
        with (
            patch.object(type(bad), "_work", fails_slowly),
            patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *_arguments, **_options: times[0]),
            mute_logger("odoo.addons.oms_core.alone"),
            patch(wake) as woken,
        ):
            both._cron_work()
            self.assertFalse(woken.called)
            both.invalidate_recordset()
            self.assertEqual(both.mapped("state"), ["draft", "draft"])
            times[0] = 60
            both._cron_work()
        both.invalidate_recordset()
        self.assertEqual(both.mapped("state"), ["draft", "checked"])

    def test_a_small_one_is_booked_at_once_as_ever(self):
        settlement = self._booked(self._row("sale", 24, self._paid()), self._row("fee", -1))
        self.assertEqual((settlement.state, settlement.progress_text), ("posted", False))

    # ------------------------------------------------------------------------------------------------------ AUDITOR

    def _audited(self):
        check = self.env["oms.check"]
        scope = Scope(date(2026, 1, 1), datetime(2026, 12, 31), 100)
        found = check._find(self.company, {"payouts", "clearing", "balanced", "orphan", "edited"}, scope)
        return [violation.sentence for violations in found.values() for violation in violations]

    def _cut_off(self):
        rows = self.env["oms.cut.off"].with_context(oms_cut_off=fields.Date.to_string(date(2026, 12, 31))).search([])
        rows = rows.filtered(lambda row: row.company_id == self.company and row.kind == "captured_not_settled")
        return rows.mapped("amount")

    def test_one_that_is_stuck_is_found_by_the_auditor_whatever_the_job_was_at(self):
        _orders, doc = self._large()
        settlement = self._take(doc)
        seen = []
        for begin in (lambda: None, settlement.action_post, settlement.action_undo):
            begin()
            self._work(settlement, 0 if not seen else 1)
            self.assertEqual(self._audited(), [])
            old = fields.Datetime.now() - timedelta(hours=7)
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE oms_settlement SET progressed_at = %s, create_date = %s WHERE id = %s",
                [old, old, settlement.id],
            )
            self.env.invalidate_all()
            seen += self._audited()
            self._work(settlement)
            self.assertEqual(self._audited(), [])
        self.assertEqual(len(seen), 3)
        for sentence, state in zip(seen, ("Being Looked At", "Being Booked", "Being Undone"), strict=True):
            self.assertIn(f"{settlement.display_name} is “{state}”, and nothing has been done of it since", sentence)

    def test_one_that_fails_again_and_again_is_found_by_the_auditor_though_the_job_tries(self):
        _orders, settlement = self._explained()
        settlement.action_post()
        self._work(settlement, 1)
        settlement.sudo().progressed_at = fields.Datetime.now() - timedelta(hours=7)
        with (
            patch.object(type(settlement), "_work", side_effect=UserError("No luck")),
            mute_logger("odoo.addons.oms_core.alone"),
        ):
            self.assertFalse(settlement._work_alone())
        [sentence] = self._audited()
        self.assertIn("nothing has been done of it since", sentence)


class TestSettlementLargeRefused(LargeCase):
    """Before anything is booked, with the reason; never half a settlement."""

    def _assert_not_booked(self, settlement, orders=5):
        self.assertEqual((settlement.state, settlement.move_ids.ids), ("checked", []))
        self.assertEqual(self._net(self.clearing_account), 24 * orders)
        self.assertFalse(self.env["account.move.line"].search([("oms_settled_by_id", "!=", False)]))

    def test_a_report_with_a_fault_in_its_last_line_leaves_nothing(self):
        order = self._paid()
        good = f"Payout;Type;Order;Amount;Currency\nB1;Sale;{order.oms_number};24.00;EUR\n" + "B1;Fee;1;-1.00;EUR\n" * 8
        for bad, said in (
            ("B1;Fee;1;-1,0x;EUR\n", "Line 11"),
            ("B1;Fee;1;-1.00;XAF\n", "XAF"),
            ("B1;Odd;1;1.00;EUR\n", "Odd"),
        ):
            wizard = (
                self.env["oms.payout.import"]
                .with_user(self.accountant)
                .create(
                    {
                        "channel_id": self.channel.id,
                        "reader": "csv",
                        "file": b64encode((good + bad).encode()),
                        "file_name": "report.csv",
                    }
                )
            )
            wizard.action_preview()
            with self.subTest(said=said), self.assertRaisesRegex(UserError, said):
                wizard.action_import()
        self.assertFalse(self.env["oms.settlement"].search([("channel_id", "=", self.channel.id)]))

    def test_closed_books_and_archived_accounts_are_told_when_it_is_to_be_booked(self):
        _orders, settlement = self._explained()
        self.company.fiscalyear_lock_date = date(2026, 3, 31)
        with self.assertRaisesRegex(UserError, "the next open day"):
            settlement.action_post()
        self._assert_not_booked(settlement)
        settlement.date = date(2026, 4, 1)
        self._role("fee").active = False
        with self.assertRaisesRegex(UserError, "is archived"):
            settlement.action_post()
        self._assert_not_booked(settlement)

    def test_books_that_are_closed_before_its_turn_comes_are_told_and_nothing_is_booked(self):
        _orders, settlement = self._explained()
        settlement.action_post()
        self.company.fiscalyear_lock_date = date(2026, 3, 31)
        self._work(settlement)
        self._assert_not_booked(settlement)
        self.assertIn("the next open day", settlement.activity_ids.note)
        self.assertEqual(settlement.activity_ids.user_id, self.accountant)
        settlement.date = date(2026, 4, 1)
        settlement.action_post()
        self._role("fee").active = False
        self._work(settlement)
        self.assertEqual(len(settlement.activity_ids), 1)
        self.assertIn("is archived", settlement.activity_ids.note, "The last reason is the one to be put right")
        self._role("fee").active = True
        settlement.action_post()
        self._work(settlement)
        self.assertClosed(settlement, in_transit=119)
        self.assertFalse(settlement.activity_ids)

    def test_what_cannot_be_reversed_is_told_before_anything_is_opened(self):
        _orders, settlement = self._explained()
        settlement.action_post()
        self._work(settlement)
        self._role("fee").active = False
        with self.assertRaisesRegex(UserError, "is archived"):
            settlement.action_undo()
        self.assertEqual((settlement.state, self._net(self.clearing_account)), ("posted", 0))
        self.assertClosed(settlement, in_transit=119)

    def test_books_that_are_closed_between_two_pieces_keep_nothing_of_it_back(self):
        _orders, settlement = self._explained()
        settlement.action_post()
        self._work(settlement, 2)
        self.company.fiscalyear_lock_date = date(2026, 3, 31)
        self._work(settlement)
        self.assertClosed(settlement, in_transit=119)
        self.assertEqual(settlement.state, "posted")

    def test_one_payment_in_two_payouts_that_are_booked_together_is_settled_once(self):
        order = self._paid()
        first, second = (
            self._take(self._payout(*(self._row("sale", 24, one) for one in (order, self._paid(), self._paid()))))
            for _number in range(2)
        )
        both = first | second
        self._work(first)
        self._work(second)
        both.action_post()
        both._cron_work()
        both.invalidate_recordset()
        self.assertEqual(both.mapped("state"), ["posted", "posted"])
        self.assertEqual(second.rest_ids.mapped("cause"), ["duplicate"])
        self.assertEqual(self._net(self.clearing_account), 0)


class TestSettlementLargeByChannel(LargeCase):
    def _tell(self, doc):
        message = self._receive(doc, kind="payout")
        message._process()
        self.assertEqual(message.state, "done")
        return self.env["oms.settlement"].search([("external_id", "=", doc.id)])

    def test_a_clean_one_is_explained_and_booked_by_itself_where_the_channel_says_so(self):
        self.channel.payout_auto_post = True
        _orders, doc = self._large()
        settlement = self._tell(doc)
        self.assertEqual(settlement.state, "draft")
        self._work(settlement)
        self.assertEqual(settlement.state, "posted")
        self.assertClosed(settlement, in_transit=119)
        settlement.action_undo()
        self._work(settlement)
        self.assertEqual(settlement.state, "checked", "What somebody has undone is not booked again by itself")
        settlement.action_check()
        self.assertEqual(settlement.state, "draft")
        self._work(settlement)
        self.assertEqual(settlement.state, "checked", "and not where somebody has it looked at once more")

    def test_one_with_something_to_explain_waits_and_so_does_one_that_somebody_imports(self):
        self.channel.payout_auto_post = True
        unclear = self._tell(
            self._payout(*(self._row("sale", 24, order_ref=f"nobody {number}") for number in range(3)))
        )
        self._work(unclear)
        self.assertEqual(unclear.state, "checked")
        _orders, doc = self._large()
        imported = self.env["oms.settlement"].with_user(self.accountant)._take(self.channel, [doc], b"file", "file.csv")
        self._work(imported)
        self.assertEqual(imported.state, "checked")

    def test_money_that_came_to_the_bank_meanwhile_is_found_at_the_end(self):
        _orders, settlement = self._explained()
        settlement.action_post()
        self._work(settlement, 2)
        line = self._statement_line(119, settlement.bank_reference)
        self.assertFalse(line.is_reconciled)
        self._work(settlement)
        self.assertEqual((settlement.state, settlement.bank_line_id), ("reconciled", line))
        self.assertClosed(settlement)

    def test_money_that_comes_while_it_is_undone_is_not_matched_with_what_vanishes(self):
        orders = [self._paid() for _number in range(5)]
        doc = self._payout(
            *(self._row("sale", 24, order) for order in orders),
            self._row("transfer", -50, transaction_ref="TR-50-2026"),
        )
        settlement = self._take(doc)
        self._work(settlement)
        settlement.action_post()
        self._work(settlement)
        settlement.action_undo()
        self._work(settlement, 1)
        line = self._statement_line(50, "TR-50-2026")
        line._oms_match_payouts()
        self._work(settlement)
        self.assertEqual((settlement.state, line.is_reconciled), ("checked", False))
