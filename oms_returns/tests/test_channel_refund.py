"""PAY-06, ACC-06: what a channel pays back is booked without a person, exactly, and once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import RefundDoc, RefundLineDoc
from odoo.addons.oms_core.tests.common import MOMENT

from .common import ReturnsCommon


class ChannelRefundCase(ReturnsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for kind in ("goodwill", "kept", "adjustment"):
            cls.accounts[cls.company._oms_get_refund_account(kind)] = kind

    def _placed(self, *lines, ship=True, policy=None, **values):
        """(order, its document), sent and booked unless it is said otherwise."""
        if policy:
            self.channel.invoice_policy = policy
        doc = self._doc(lines=tuple(self._line(*line) for line in lines) or None, **values)
        order = self._apply(doc)[0][0]
        if ship:
            self._ship(order)
        self._book(order)
        return order, doc

    def _part(self, doc, quantity, amount, tax=0, goods="", line=0, **values):
        numbers = (Decimal(str(number)) for number in (quantity, amount, tax))
        return RefundLineDoc(doc.lines[line].external_id, *numbers, goods=goods, **values)

    def _refund(self, amount, *parts, **values):
        return RefundDoc(
            **{
                "external_id": f"r{next(self._numbers)}",
                "amount": Decimal(str(amount)),
                "reason": "damaged",
                "refunded_at": MOMENT,
                "lines": parts,
                **values,
            }
        )

    def _tell(self, doc, *refunds, hours=1, **values):
        """The channel tells the order with these refunds, and the job books."""
        doc = replace(doc, refunds=refunds, updated_at=doc.updated_at + timedelta(hours=hours), **values)
        order = self._apply(doc)[0][0]
        if order._oms_booking_domain() and order in order.search(order._oms_booking_domain()):
            self._book(order)
        return doc

    def _assert_even(self, order, clearing):
        """Nothing is open with the customer, and the channel owes us so much."""
        self.assertEqual(self._open_receivable(order), 0)
        entries = order.invoice_ids | order.transaction_ids.payment_id.move_id
        entries |= entries.reversal_move_ids
        self.assertEqual(self._net(self.clearing_account, entries), clearing)
        lines = entries.line_ids.filtered(lambda line: self.accounts.get(line.account_id) == "receivable")
        self.assertEqual(self.company.currency_id.round(sum(lines.mapped("balance"))), 0)

    def _credits(self, order):
        return order.invoice_ids.filtered(lambda move: move.move_type == "out_refund")


class TestWhatIsBooked(ChannelRefundCase):
    """Three sold for 60 and 12 of tax, at a cost of 30, have left and are paid: 72 with the channel."""

    def test_goods_that_come_back_are_credited_at_their_cost_and_expected(self):
        order, doc = self._placed(("STD", 3))
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4, "back")))
        credit = self._credits(order)
        self.assertEqual(
            self._entry(credit),
            {"income": (20, 0), "tax": (4, 0), "receivable": (0, 24), "cogs": (0, 10), "stock": (10, 0)},
        )
        self._assert_even(order, 48)
        refund = order.oms_channel_refund_ids
        self.assertEqual((refund.booking, refund.move_ids), ("booked", credit))
        request = refund.return_ids
        self.assertEqual((request.origin, request.state, request.line_ids.quantity), ("channel", "open", 1))
        self.assertEqual(request.line_ids.quantity_to_settle, 0)
        request.action_receive()
        self.assertEqual(request.line_ids.quantity_to_settle, 0, "it was paid back already")
        self.assertFalse(self._holds(order))

    def test_goods_that_the_customer_keeps_move_neither_stock_nor_invoiced_quantity(self):
        order, doc = self._placed(("STD", 3))
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4, "kept")))
        self.assertEqual(self._entry(self._credits(order)), {"kept": (20, 0), "tax": (4, 0), "receivable": (0, 24)})
        self.assertEqual((order.order_line.qty_invoiced, order.order_line.qty_delivered), (3, 3))
        self.assertFalse(order.oms_return_ids)
        self._assert_even(order, 48)

    def test_where_the_channel_says_nothing_of_the_goods_they_are_kept(self):
        order, doc = self._placed(("STD", 3))
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4)))
        self.assertEqual(self._entry(self._credits(order))["kept"], (20, 0))

    def test_goods_on_a_return_of_ours_are_that_return_s(self):
        """Agreed to here, received, and then paid back by hand on the channel."""
        order, doc = self._placed(("STD", 3))
        request = self._returned(order, 1)
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4)))
        line = request.line_ids
        self.assertEqual((line.quantity_refunded, line.quantity_to_settle), (1, 0))
        self.assertEqual(self._entry(self._credits(order))["stock"], (10, 0))
        self.assertEqual(order.oms_return_ids, request)
        self._assert_even(order, 48)

    def test_money_for_nothing_in_particular_is_goodwill_and_shows_on_the_order(self):
        order, doc = self._placed(("STD", 3))
        self._tell(doc, self._refund(6))
        [credit] = self._credits(order)
        self.assertEqual(self._entry(credit), {"goodwill": (5, 0), "tax": (1, 0), "receivable": (0, 6)})
        self.assertIn(credit, order.invoice_ids)
        self.assertEqual(order.order_line.qty_invoiced, 3)
        self._assert_even(order, 66)

    def test_a_part_of_a_price_is_an_adjustment_of_its_line(self):
        order, doc = self._placed(("STD", 3))
        self._tell(doc, self._refund(12, self._part(doc, 0, 10, 2)))
        self.assertEqual(
            self._entry(self._credits(order)), {"adjustment": (10, 0), "tax": (2, 0), "receivable": (0, 12)}
        )
        self._assert_even(order, 60)

    def test_tax_alone_is_tax_alone(self):
        order, doc = self._placed(("STD", 3))
        self._tell(doc, self._refund(12, self._part(doc, 0, 0, 12)))
        entry = self._entry(self._credits(order))
        self.assertEqual((entry["tax"], entry["receivable"]), ((12, 0), (0, 12)))
        self._assert_even(order, 60)

    def test_less_than_the_share_of_the_units_is_credited_in_whole_and_the_rest_is_kept(self):
        """A fee of 5 that the shop keeps: the goods at 24, 19 are paid."""
        order, doc = self._placed(("STD", 3))
        self._tell(doc, self._refund(19, self._part(doc, 1, 20, 4, "back")))
        credit = self._credits(order)
        entry = self._entry(credit)
        self.assertEqual((entry["income"], entry["receivable"], entry["cogs"]), ((20, 0), (0, 19), (0, 10)))
        self.assertEqual(entry["goodwill"], (0, 4.17))
        self.assertEqual(credit.amount_total, 19)
        self._assert_even(order, 53)

    def test_another_amount_for_the_units_is_told_with_both_numbers(self):
        order, doc = self._placed(("STD", 3))
        self._tell(doc, self._refund(24.02, self._part(doc, 1, "20.02", 4, "back")))
        credit = self._credits(order)
        self.assertEqual(credit.amount_total, 24.02)
        self.assertIn("24.02", order.oms_channel_refund_ids.booking_note)
        self._assert_even(order, 47.98)

    def test_shipping_is_paid_back_of_shipping(self):
        line, shipping = self._line("STD", 1), self._line("", 1, "5.00", 20, kind="shipping", name="Post")
        doc = self._doc(lines=(line, shipping))
        order = self._apply(doc)[0][0]
        self._ship(order)
        self._book(order)
        self._tell(doc, self._refund(6, shipping=Decimal("6.00")))
        entry = self._entry(self._credits(order))
        self.assertEqual((entry["income"], entry["tax"], entry["receivable"]), ((5, 0), (1, 0), (0, 6)))
        self._assert_even(order, 24)

    def test_three_refunds_of_a_third_each_sum_to_the_line(self):
        order, doc = self._placed(("STD", 3, "10.00", "5.5"))
        told = [
            self._refund(amount, self._part(doc, 1, net, tax, "back"))
            for amount, net, tax in (("3.51", "3.33", "0.18"), ("3.52", "3.34", "0.18"), ("3.52", "3.33", "0.19"))
        ]
        for count in (1, 2, 3):
            doc = self._tell(doc, *told[:count])
        credits = self._credits(order)
        self.assertEqual(len(credits), 3)
        self.assertEqual(self.company.currency_id.round(sum(credits.mapped("amount_total"))), 10.55)
        self.assertEqual(self._totals_of(credits), (10, 0.55, 0))
        self._assert_even(order, 0)

    def _totals_of(self, credits):
        lines = credits.line_ids
        goodwill = [account for account, role in self.accounts.items() if role == "goodwill"]
        return tuple(
            self.company.currency_id.round(sum(lines.filtered(lambda one, a=a: one.account_id in a).mapped("balance")))
            for a in (self._account("income"), self._account("tax"), goodwill[0])
        )

    def test_what_was_paid_with_a_gift_card_goes_back_to_it_as_the_channel_says(self):
        lines = (self._line("STD", 3),)
        payments = (self._payment(50), self._payment(22, tender="gift_card"))
        doc = self._doc(lines=lines, payments=payments)
        order = self._apply(doc)[0][0]
        self._ship(order)
        self._book(order)
        parts = (("", Decimal(14)), ("gift_card", Decimal(10)))
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4, "back"), tenders=parts))
        self._assert_even(order, 36)
        journal = self.company._oms_get_tender_journal("gift_card")
        entries = order.transaction_ids.payment_id.move_id
        self.assertEqual(self._net(journal.default_account_id, entries), 12)

    def test_a_tax_that_the_marketplace_pays_is_given_back_by_it(self):
        line = self._line("STD", 3, 60, None, taxes=(self._tax(20, 12, remitted=True),))
        doc = self._doc(lines=(line,))
        order = self._apply(doc)[0][0]
        self._ship(order)
        self._book(order)
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4, "back")))
        self.assertEqual(self._net(self.company._oms_get_channel_tax_account(), self._credits(order)), 4)
        self._assert_even(order, 48)


class TestBeforeItLeaves(ChannelRefundCase):
    def test_what_has_not_left_is_not_sent_and_never_charged(self):
        order, doc = self._placed(("STD", 3), ship=False)
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4, "unsent")))
        self.assertEqual((order.order_line.product_uom_qty, order.state, order.amount_total), (2, "sale", 48))
        self.assertFalse(self._credits(order))
        self._ship(order)
        self._book(order)
        self.assertEqual((order.order_line.qty_delivered, order.invoice_ids.amount_total), (2, 48))
        self._assert_even(order, 48)

    def test_an_order_that_comes_with_its_refund_is_never_asked_whole_of_the_warehouse(self):
        line = self._line("STD", 3)
        doc = self._doc(lines=(line,))
        doc = replace(doc, refunds=(self._refund(24, self._part(doc, 1, 20, 4)),))
        order = self._apply(doc)[0][0]
        self.assertEqual((order.state, order.picking_ids.move_ids.product_uom_qty), ("sale", 2))
        self._ship(order)
        self._book(order)
        self._assert_even(order, 48)

    def test_what_was_charged_when_it_was_ordered_is_credited_without_goods(self):
        order, doc = self._placed(("STD", 3), ship=False, policy="payment")
        self.assertEqual(order.invoice_ids.amount_total, 72)
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4, "unsent")))
        self.assertEqual(self._credits(order).amount_total, 24)
        self.assertEqual(order.order_line.product_uom_qty, 2)
        self._ship(order)
        self._book(order)
        self.assertEqual(len(order.invoice_ids), 2)
        self._assert_even(order, 48)

    def test_all_of_it_cancels_the_order(self):
        order, doc = self._placed(("STD", 3), ship=False)
        self._tell(doc, self._refund(72, self._part(doc, 3, 60, 12, "unsent")))
        self.assertEqual(order.state, "cancel")
        self._assert_even(order, 0)

    def test_a_cancelled_order_whose_payment_was_booked_is_paid_back_and_ends(self):
        order, doc = self._placed(("STD", 3), ship=False, policy="payment")
        doc = self._tell(doc, self._refund(72, self._part(doc, 3, 60, 12, "unsent")), status="cancelled")
        self.assertEqual((order.state, self._holds(order)), ("cancel", []))
        self.assertEqual(self._credits(order).amount_total, 72)
        self._assert_even(order, 0)

    def test_what_we_had_cancelled_is_not_called_off_twice(self):
        order, doc = self._placed(("STD", 3), ship=False)
        order._oms_request_cancellation("customer", "customer", "", {order.order_line: Decimal(1)})
        self.assertEqual(order.order_line.product_uom_qty, 2)
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4)))
        self.assertEqual(order.order_line.product_uom_qty, 2)
        self.assertEqual(order.oms_to_repay, 0)
        self._ship(order)
        self._book(order)
        self._assert_even(order, 48)

    def _called_off(self):
        """A for 30 is called off, B for 40 and C for 30 have left; 100 were paid."""
        lines = (("AVG", 1, "30.00", None), ("STD", 1, "40.00", None), ("FIFO", 1, "30.00", None))
        order, doc = self._placed(*lines, ship=False)
        order._oms_request_cancellation("customer", "customer", "", {order.order_line[0]: Decimal(1)})
        self._ship(order)
        self._book(order)
        return order, doc

    def test_what_we_called_off_is_owed_though_the_channel_paid_back_something_else(self):
        order, doc = self._called_off()
        back = self._part(doc, 1, 40, goods="back", line=1)
        doc = self._tell(doc, self._refund(40, back, external_id="b"))
        self.assertEqual(order.oms_to_repay, 30)
        order.action_oms_repaid()
        self.assertEqual(order.oms_to_repay, 0)
        self._assert_even(order, 30)

    def test_one_refund_pays_back_what_was_called_off_and_what_came_back(self):
        order, doc = self._called_off()
        self._tell(doc, self._refund(70, self._part(doc, 1, 30), self._part(doc, 1, 40, goods="back", line=1)))
        self.assertEqual(order.oms_to_repay, 0)
        self._assert_even(order, 30)

    def test_a_sum_that_the_channel_paid_back_for_what_we_called_off_is_not_owed_again(self):
        order, doc = self._called_off()
        self._tell(doc, self._refund(30))
        self.assertEqual(order.oms_to_repay, 0)

    def test_of_a_line_that_left_in_part_what_has_not_left_is_called_off_first(self):
        order, doc = self._placed(("STD", 3), ship=False)
        self._ship(order, {self.product_standard: 1})
        self._book(order)
        self._tell(doc, self._refund(48, self._part(doc, 2, 40, 8)))
        self.assertEqual(order.order_line.product_uom_qty, 1)
        self.assertFalse(self._credits(order))
        self._assert_even(order, 24)

    def test_goodwill_before_the_first_parcel_is_credited_with_its_invoice(self):
        order, doc = self._placed(("STD", 3), ship=False)
        self._tell(doc, self._refund(6))
        refund = order.oms_channel_refund_ids
        self.assertEqual((refund.booking, -sum(refund.transaction_ids.mapped("amount"))), ("waiting", 6))
        self._ship(order)
        self._book(order)
        self.assertEqual((refund.booking, self._credits(order).amount_total), ("booked", 6))
        self._assert_even(order, 66)

    def test_all_of_the_money_and_no_word_of_the_goods_is_asked_once(self):
        order, doc = self._placed(("STD", 3), ship=False)
        self._tell(doc, self._refund(72))
        self.assertEqual(self._holds(order), ["refund"])
        self.assertIn("still wanted", order.oms_hold_reason)


class TestToldAgain(ChannelRefundCase):
    def test_a_refund_that_is_told_twice_and_booked_twice_is_one(self):
        order, doc = self._placed(("STD", 3))
        refund = self._refund(24, self._part(doc, 1, 20, 4, "back"))
        doc = self._tell(doc, refund)
        doc = self._tell(doc, refund, note="again")
        order._oms_book_each()
        self.assertEqual(len(self._credits(order)), 1)
        self._assert_even(order, 48)

    def test_a_pending_refund_is_booked_when_it_is_paid(self):
        order, doc = self._placed(("STD", 3))
        refund = self._refund(24, self._part(doc, 1, 20, 4, "back"), pending=True)
        doc = self._tell(doc, refund)
        self.assertFalse(self._credits(order))
        self._tell(doc, replace(refund, pending=False))
        self._assert_even(order, 48)

    def test_a_refund_that_is_deleted_is_taken_back_and_comes_again(self):
        order, doc = self._placed(("STD", 3))
        refund = self._refund(24, self._part(doc, 1, 20, 4, "back"))
        doc = self._tell(doc, refund)
        doc = self._tell(doc)
        known = order.oms_channel_refund_ids
        self.assertEqual((known.state, known.booking), ("withdrawn", "undone"))
        self.assertEqual(known.return_ids.mapped("state"), ["cancelled"])
        self._assert_even(order, 72)
        self._tell(doc, refund)
        self._assert_even(order, 48)

    def test_what_was_kept_shipping_or_less_of_a_price_is_open_again_when_it_is_withdrawn(self):
        """What the channel no longer has is not given back: all of it goes back when the goods come."""
        post = self._line("", 1, "5.00", 20, kind="shipping", name="Post")
        for told, shipping in (("back", ()), ("kept", ()), ("shipping", (post,)), ("adjustment", ())):
            with self.subTest(told):
                doc = self._doc(lines=(self._line("STD", 1), *shipping))
                order = self._apply(doc)[0][0]
                self._ship(order)
                self._book(order)
                refund = {
                    "back": lambda doc=doc: self._refund(24, self._part(doc, 1, 20, 4, "back")),
                    "kept": lambda doc=doc: self._refund(24, self._part(doc, 1, 20, 4)),
                    "shipping": lambda: self._refund(6, shipping=Decimal("6.00")),
                    "adjustment": lambda doc=doc: self._refund(6, self._part(doc, 0, 5, 1)),
                }[told]()
                doc = self._tell(doc, refund)
                self.assertEqual(self._credits(order).amount_total, 24 if told in ("back", "kept") else 6)
                self._tell(doc)
                self.assertEqual(order.oms_channel_refund_ids.booking, "undone")
                before = self._credits(order)
                request = self._return(order, 1, authorize=False)
                request.action_authorize()
                request.line_ids.refund_shipping = "always"
                request.action_receive()
                request.action_refund()
                self.assertEqual((self._credits(order) - before).amount_total, 30 if shipping else 24)

    def test_another_amount_later_is_booked_anew(self):
        order, doc = self._placed(("STD", 3))
        doc = self._tell(doc, self._refund(6, external_id="sum"))
        self._tell(doc, self._refund(12, external_id="sum"))
        self._assert_even(order, 60)

    def test_one_that_is_withdrawn_while_its_credit_waits_gives_the_money_back_too(self):
        order, doc = self._placed(("STD", 3), ship=False)
        doc = self._tell(doc, self._refund(6))
        self.assertEqual(order.oms_channel_refund_ids.booking, "waiting")
        self._tell(doc)
        self.assertEqual(order.oms_channel_refund_ids.booking, "undone")
        self._ship(order)
        self._book(order)
        self._assert_even(order, 72)

    def test_only_the_sum_waits_for_what_it_is_for(self):
        order, doc = self._placed(("STD", 3))
        bare = self._refund(24, external_id="r", sum_only=True)
        doc = self._tell(doc, bare)
        self.assertEqual(order.oms_channel_refund_ids.booking, "waiting")
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4, "back"), external_id="r"))
        self._assert_even(order, 48)
        self.assertEqual(order.oms_channel_refund_ids.rounds, 0)

    def test_only_the_sum_for_a_day_is_a_task(self):
        order, doc = self._placed(("STD", 3))
        doc = self._tell(doc, self._refund(24, sum_only=True))
        self.env.flush_all()
        self.env.cr.execute("UPDATE oms_channel_refund SET create_date = create_date - interval '2 days'")
        self.env.invalidate_all()
        self.assertIn(order, order.search(order._oms_booking_domain()))
        self._book(order)
        self._book(order)
        self.assertEqual(len(order.activity_ids), 1)
        self.assertEqual(order.oms_channel_refund_ids.booking, "task")

    def test_of_two_refunds_with_the_same_trouble_each_is_a_task_with_its_amount(self):
        order, doc = self._placed(("STD", 3))
        self._tell(
            doc,
            self._refund(24, external_id="r-1", sum_only=True),
            self._refund(12, external_id="r-2", sum_only=True),
        )
        self.env.flush_all()
        self.env.cr.execute("UPDATE oms_channel_refund SET create_date = create_date - interval '2 days'")
        self.env.invalidate_all()
        self._book(order)
        tasks = order.activity_ids.sorted("id")
        for task, refund, amount in zip(tasks, ("r-1", "r-2"), ("24.00", "12.00"), strict=True):
            self.assertIn(refund, task.summary)
            self.assertIn(amount, task.note)

    def test_a_job_that_dies_in_between_books_once(self):
        order, doc = self._placed(("STD", 3))
        books = type(self.env["oms.channel.refund"])._credit
        failing = []

        def die(refund):
            books(refund)
            failing.append(1)
            raise ValueError("the machine went away")

        self.patch(type(self.env["oms.channel.refund"]), "_credit", die)
        self._apply(
            replace(
                doc,
                refunds=(self._refund(24, self._part(doc, 1, 20, 4, "back")),),
                updated_at=MOMENT + timedelta(hours=1),
            )
        )
        order._oms_book_each()
        self.assertTrue(failing)
        self.assertIn("went away", order.oms_booking_error)
        self.assertFalse(self._credits(order))
        self.patch(type(self.env["oms.channel.refund"]), "_credit", books)
        order.action_oms_book()
        self._assert_even(order, 48)


class TestOurs(ChannelRefundCase):
    def test_a_credit_note_of_ours_that_the_channel_pays_back_is_not_credited_again(self):
        order, doc = self._placed(("STD", 3))
        request = self._returned(order, 1)
        request.action_refund()
        note = self._credits(order)
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4)))
        refund = order.oms_channel_refund_ids
        self.assertEqual((refund.booking, refund.credit_note_id), ("matched", note))
        self.assertEqual(self._credits(order), note)
        self._assert_even(order, 48)

    def test_one_that_a_clerk_has_recorded_as_paid_is_not_paid_again(self):
        order, doc = self._placed(("STD", 3))
        request = self._returned(order, 1)
        request.action_refund()
        request.action_repay()
        self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4)))
        self.assertEqual(len(order.transaction_ids.filtered(lambda tx: tx.operation == "refund")), 1)
        self._assert_even(order, 48)

    def test_a_credit_note_that_became_store_credit_is_not_what_the_channel_paid(self):
        """The first of two became store credit; then the shop pays back the second: unsent, or on its way back."""
        for goods, sent in (("unsent", 1), ("back", 2)):
            with self.subTest(goods):
                order, doc = self._placed(("STD", 2), ship=False)
                self._ship(order, {self.product_standard: sent})
                self._book(order)
                request = self._return(order, 1, authorize=False)
                request.line_ids.outcome = "credit"
                request.action_authorize()
                request.action_receive()
                request.action_refund()
                note = self._credits(order)
                self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4, goods)))
                refund = order.oms_channel_refund_ids
                self.assertEqual((refund.booking, refund.credit_note_id.ids), ("booked", []))
                coming = order.picking_ids.filtered(lambda one: one.state not in ("done", "cancel"))
                outgoing = coming.filtered(lambda one: one.picking_type_code == "outgoing")
                self.assertFalse(outgoing, "nobody sends what was paid back")
                self.assertEqual(order.order_line.product_uom_qty, sent)
                self.assertEqual((self._credits(order) - note).mapped("amount_total"), [24] * (sent - 1))
                self.assertEqual(self._open_receivable(order), 0)

    def test_what_has_not_left_is_not_what_came_back_and_was_credited(self):
        """One of two came back and its credit waits to be paid; the shop pays back the one that has not left."""
        order, doc = self._placed(("STD", 2), ship=False)
        self._ship(order, {self.product_standard: 1})
        self._book(order)
        self._returned(order, 1).action_refund()
        note = self._credits(order)
        doc = self._tell(doc, self._refund(24, self._part(doc, 1, 20, 4, "unsent"), external_id="unsent"))
        refund = order.oms_channel_refund_ids
        self.assertEqual((refund.booking, order.order_line.product_uom_qty), ("booked", 1))
        self.assertEqual(self._credits(order), note)

    def test_what_is_left_of_a_cheaper_exchange_is_paid_back_by_the_channel(self):
        """24 came back, other goods for 12 go out: the channel pays 12 for the same piece, and a person compares."""
        self.product_average.list_price = 10
        order, doc = self._placed(("STD", 1))
        request = self._return(order, 1, authorize=False)
        request.line_ids.write({"outcome": "exchange", "exchange_product_id": self.product_average.id})
        request.action_authorize()
        request.action_receive()
        request.action_refund()
        self.env.invalidate_all()
        note = self._credits(order)
        self._tell(doc, self._refund(12, self._part(doc, 1, 10, 2)))
        self.assertEqual((order.oms_channel_refund_ids.credit_note_id, self._credits(order)), (note, note))

    def test_two_refunds_and_one_credit_note_are_two(self):
        order, doc = self._placed(("STD", 3))
        self._returned(order, 1).action_refund()
        self._tell(
            doc, self._refund(24, self._part(doc, 1, 20, 4)), self._refund(24, self._part(doc, 1, 20, 4, "kept"))
        )
        self.assertEqual(sorted(order.oms_channel_refund_ids.mapped("booking")), ["booked", "matched"])
        self._assert_even(order, 24)

    def test_another_amount_for_what_we_credited_is_one_task_with_both_numbers(self):
        order, doc = self._placed(("STD", 3))
        self._returned(order, 1).action_refund()
        self._tell(doc, self._refund(20, self._part(doc, 1, "16.67", "3.33")))
        refund = order.oms_channel_refund_ids
        self.assertEqual((refund.booking, len(order.activity_ids)), ("task", 1))
        self.assertIn("20.00", refund.booking_note)
        self.assertIn("24.00", refund.booking_note)
