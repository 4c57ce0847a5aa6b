"""RET-03: goods of any channel come back to a till: taken in, paid back once, and the drawer is right."""

from decimal import Decimal
from uuid import uuid4

from odoo.exceptions import AccessError, UserError

from odoo.addons.oms_pos.tests.common import TillCommon


class TestPaidBackAtTheTill(TillCommon):
    def setUp(self):
        super().setUp()
        self.session = self._open().with_env(self.env)

    def _shipped(self, *lines, **values):
        """An order of the web shop that has left, is invoiced and paid."""
        order = self._order(*lines, **values)
        self._ship(order)
        self._book(order)
        return order

    def _call(self, method, *args, session=None, user=None):
        """What the till's screen asks for."""
        session = (session or self.session).with_user(user or self.cashier)
        return getattr(session, method)(*args)

    def _brought(self, order, quantity=None, **values):
        """A customer brings goods of an order to the till, and they are taken in.

        :return: what the screen shows then.
        """
        shown = self._call("oms_start_return", order.id)
        [line] = shown["lines"]
        counted = {**line, "quantity": line["expected"] if quantity is None else quantity, **values}
        return self._call("oms_take_back", shown["id"], [counted])

    def _pay(self, shown, method=None, key=None, amount=None, **options):
        amount = shown["amount"] if amount is None else amount
        return self._call("oms_pay_back", shown["id"], (method or self.cash).id, amount, key or str(uuid4()), **options)

    def _request(self, shown):
        self.env.invalidate_all()
        return self.env["oms.return"].browse(shown["id"])

    def _owed(self, order):
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", order.partner_id.commercial_partner_id.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        return sum(lines.mapped("amount_residual"))

    def test_goods_of_the_web_shop_are_found_taken_in_and_paid_out_of_the_drawer(self):
        order = self._shipped(("STD", 2))
        found = self._call("oms_find_returns", order.oms_number)
        self.assertEqual([choice["order_id"] for choice in found["choices"]], order.ids)
        shown = self._brought(order)
        self.assertEqual((shown["amount"], shown["why_not"], shown["paid"]), (48, "", []))
        request = self._request(shown)
        self.assertFalse(request.refund_ids, "looking credits nothing")
        self.assertEqual(self.product_standard.with_context(warehouse_id=self.warehouse.id).qty_available, 100)
        shown = self._pay(shown)
        self.assertEqual((shown["amount"], len(shown["paid"])), (0, 1))
        self.assertRegex(shown["paid"][0], "48.00.*Front till: Cash, by cashier")
        request = self._request(shown)
        self.assertEqual((request.state, request.amount_to_repay, len(request.refund_ids)), ("closed", 0, 1))
        self.assertEqual((request.refund_ids.payment_state, self._owed(order)), ("paid", 0))
        self.assertEqual(sum(order.transaction_ids.mapped("amount")), 0)
        self.assertEqual(self.session.statement_line_ids.mapped("amount"), [-48])
        self.assertEqual(self._net(self.clearing_account), 48, "the channel keeps what it took")

    def test_the_closing_counts_what_was_paid_out(self):
        self._sell(self._part(qty=5))
        self._pay(self._brought(self._shipped(("STD", 2))))
        control = self._call("get_closing_control_data")
        self.assertEqual(control["default_cash_details"]["amount"], 120 - 48)
        self.assertIn("Paid back", control["default_cash_details"]["moves"][0]["name"])
        self.session.with_user(self.cashier).post_closing_cash_details(72)
        self.session.with_user(self.cashier).close_session_from_ui()
        self.assertEqual((self.session.state, self.session.cash_register_difference), ("closed", 0))
        self.assertEqual(self._net(self.cash_journal.default_account_id), 72)

    def test_a_card_gets_it_back_and_the_reader_has_taken_less(self):
        order = self._shipped(("STD", 2))
        self._sell(self._part(qty=5), pay=[(self.card, 120.0)])
        shown = self._pay(self._brought(order), self.card)
        payment = self.session.bank_payment_ids
        self.assertEqual(
            (payment.amount, payment.payment_type, payment.pos_payment_method_id), (48, "outbound", self.card)
        )
        self.assertEqual((self._request(shown).refund_ids.payment_state, self._owed(order)), ("paid", 0))
        [row] = [
            row
            for row in self._call("get_closing_control_data")["non_cash_payment_methods"]
            if row["id"] == self.card.id
        ]
        self.assertEqual((row["amount"], row["number"]), (72, 2))
        self.session.with_user(self.cashier).post_closing_cash_details(0)
        self.session.with_user(self.cashier).close_session_from_ui()
        self.assertEqual(self.session.state, "closed")

    def test_an_answer_that_was_lost_pays_nothing_twice(self):
        shown, key = self._brought(self._shipped(("STD", 2))), str(uuid4())
        self._pay(shown, key=key)
        again = self._pay(shown, key=key)
        self.assertEqual(len(again["paid"]), 1)
        self.assertEqual(self.session.statement_line_ids.mapped("amount"), [-48])

    def test_a_second_till_finds_nothing_left(self):
        shown = self._brought(self._shipped(("STD", 2)))
        self._pay(shown)
        other = self._open(self._create_till("Back till"))
        method = other.config_id.payment_method_ids.filtered("is_cash_count")
        with self.assertRaisesRegex(UserError, "nothing to pay back"):
            self._pay(shown, method, session=other)
        self.assertFalse(other.statement_line_ids)

    def test_what_a_client_says_in_its_context_opens_no_drawer(self):
        """Neither of a session that he has nothing to do with, nor past the channel, which pays as it is set up to."""
        order = self._shipped(("STD", 2))
        clerk = self._create_user("returns_clerk", "oms_core.group_oms_user")
        request = self._request(self._brought(order)).with_user(clerk)
        keys = {"oms_till": (self.session.id, self.cash.id, str(uuid4())), "oms_repaid_here": True}
        request.with_context(**keys).action_refund()
        request.with_context(**keys).action_repay()
        self.assertFalse(self.session.statement_line_ids)
        self.assertFalse(self._request({"id": request.id})._get_paid_at_tills())
        self.assertEqual(self._net(self.clearing_account), 0, "it went back the way it came")

    def test_a_part_that_came_back_is_paid_and_the_rest_later(self):
        order = self._shipped(("STD", 3))
        shown = self._pay(self._brought(order, quantity=1))
        self.assertEqual((shown["lines"][0]["expected"], shown["amount"]), (2, 0))
        shown = self._call("oms_take_back", shown["id"], [{**shown["lines"][0], "quantity": 2}])
        self.assertEqual(shown["amount"], 48)
        self._pay(shown)
        self.assertEqual(self.session.statement_line_ids.sorted("id").mapped("amount"), [-24, -48])

    def test_what_was_taken_in_meanwhile_is_not_taken_in_again(self):
        order = self._shipped(("STD", 2))
        shown = self._call("oms_start_return", order.id)
        counted = [{**shown["lines"][0], "quantity": 1}]
        self._call("oms_take_back", shown["id"], counted)
        with self.assertRaisesRegex(UserError, "1 × .* expected by now"):
            self._call("oms_take_back", shown["id"], counted)
        with self.assertRaisesRegex(UserError, "expected by now"):
            self._call("oms_take_back", shown["id"], [{**counted[0], "expected": 1, "quantity": 2}])

    def test_who_comes_again_goes_on_with_the_same_return(self):
        order = self._shipped(("STD", 2))
        shown = self._call("oms_start_return", order.id)
        self.assertEqual(self._call("oms_start_return", order.id)["id"], shown["id"])
        self.assertEqual(self._call("oms_find_returns", order.oms_number)["id"], shown["id"])

    def test_worn_goods_are_paid_for_by_their_condition(self):
        used = self.env.ref("oms_returns.grade_used")
        shown = self._brought(self._shipped(("STD", 1)), grade_id=used.id)
        self.assertEqual(shown["amount"], 14.4)

    def test_another_amount_than_was_shown_is_not_paid(self):
        shown = self._brought(self._shipped(("STD", 2)))
        with self.assertRaisesRegex(UserError, "48.00.* by now, and not .*50.00"):
            self._pay(shown, amount=50)
        self.assertFalse(self.session.statement_line_ids)

    def test_what_the_channel_was_asked_to_pay_is_not_paid_here_too(self):
        order = self._shipped(("STD", 2))
        shown = self._brought(order)
        self._request(shown).action_refund()
        self.patch(type(order), "_oms_is_repaid_by_channel", lambda order, note: True)
        shown = self._call("oms_show_return", shown["id"])
        self.assertIn("was asked to pay back", shown["why_not"])
        with self.assertRaisesRegex(UserError, "was asked to pay back"):
            self._pay(shown, amount=48)

    def test_a_return_that_was_credited_elsewhere_is_paid_at_the_till(self):
        shown = self._brought(self._shipped(("STD", 2)))
        self._request(shown).action_refund()
        shown = self._call("oms_show_return", shown["id"])
        self.assertEqual(shown["amount"], 48)
        self._pay(shown)
        self.assertEqual(self._request(shown).state, "closed")

    def test_a_gift_card_is_not_paid_out_in_money(self):
        order = self._shipped(("STD", 2), payments=(self._payment(30, tender="gift_card"), self._payment(18)))
        shown = self._brought(order)
        self.assertEqual(shown["amount"], 0)
        self.assertIn("which is no money", shown["why_not"])

    def test_store_credit_is_credit_again_and_the_money_is_paid(self):
        order = self._order(("STD", 2), payments=(self._payment(18),))
        eur, account = self.env.ref("base.EUR"), self.company._oms_get_credit_account("given")
        self.env["oms.store.credit.entry"]._give(
            order.partner_id, self.company, eur, Decimal(30), "till-test", account, "correct"
        )
        order._oms_spend_credit(Decimal(30))
        self._ship(order)
        self._book(order)
        shown = self._brought(order)
        self.assertEqual((shown["amount"], shown["others"]), (18, ["Store credit: 30.00\xa0€"]))
        self._pay(shown)
        self.env.invalidate_all()
        self.assertEqual(self.session.statement_line_ids.mapped("amount"), [-18])
        self.assertEqual(order.partner_id._oms_get_store_credit(self.company)[eur], 30)
        self.assertEqual((self.company._oms_check_store_credit(), self._owed(order)), ([], 0))

    def test_an_order_that_nobody_paid_gives_no_money(self):
        shown = self._brought(self._shipped(("STD", 2), payments=()))
        self.assertEqual(shown["amount"], 0)
        with self.assertRaisesRegex(UserError, "nothing to pay back"):
            self._pay(shown, amount=48)

    def test_above_an_amount_somebody_else_than_the_cashier_settles(self):
        self.company.oms_return_four_eyes_amount = 10
        shown = self._brought(self._shipped(("STD", 2)))
        self.assertIn("somebody else has to settle it", shown["why_not"])

    def test_a_return_is_no_cash_move_that_can_be_taken_back(self):
        self._pay(self._brought(self._shipped(("STD", 2))))
        with self.assertRaisesRegex(UserError, "Ask an accountant"):
            self.session.statement_line_ids.unlink()

    def test_a_sale_of_a_till_is_refunded_by_the_till_itself(self):
        order = self._sold(self._part())
        with self.assertRaisesRegex(UserError, "press “Refund”"):
            self._call("oms_start_return", order.id)

    def test_only_who_sells_at_an_open_till_pays_back(self):
        shown = self._brought(self._shipped(("STD", 2)))
        with self.assertRaises(AccessError):
            self._pay(shown, user=self._create_user("clerk", "oms_core.group_oms_user"))
        with self.assertRaisesRegex(UserError, "Choose cash or a card"):
            self._pay(shown, self.env["pos.payment.method"].create({"name": "Later", "company_id": self.company.id}))
        with self.assertRaisesRegex(UserError, "no key"):
            self._pay(shown, key="%")
        self._close()
        with self.assertRaisesRegex(UserError, "is not open"):
            self._pay(shown)

    def test_of_another_company_nothing_is_known_here(self):
        shown = self._brought(self._shipped(("STD", 2)))
        self._request(shown).sudo().flush_recordset()
        other = self._create_company("Somebody else")
        foreign = self.env["sale.order"].create(
            {"partner_id": self.env["res.partner"].create({"name": "X"}).id, "company_id": other.id}
        )
        with self.assertRaisesRegex(UserError, "not known here"):
            self._call("oms_start_return", foreign.id)
