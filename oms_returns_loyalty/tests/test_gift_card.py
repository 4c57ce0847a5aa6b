"""PAY-06: the money of a return becomes a gift card of Odoo's, which is owed until it is redeemed."""

from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import HttpCase

from odoo.addons.oms_returns.tests.common import ReturnsCommon


class GiftCardCommon(ReturnsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.liability = cls.company._oms_get_gift_card_account()
        cls.accounts |= {cls.liability: "cards", cls.company._oms_get_credit_account("given"): "given"}
        cls.channel.return_credit_as = "gift_card"
        # Odoo's own cards would be another program for what is sold here.
        cls.env["loyalty.program"].search([]).active = False

    def _carded(self, order, quantity=1, as_user=None):
        """A return whose money was given as a card."""
        request = self._return(order, quantity, authorize=False)
        request.line_ids.outcome = "credit"
        request.action_authorize()
        request.action_receive()
        request.with_user(as_user or self.channel_user).action_refund()
        self.env.invalidate_all()
        return request

    def _basket(self, partner, quantity=2, **values):
        """An order that somebody types in Sales: 20 each, taxes included."""
        return self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "order_line": [Command.create({"product_id": self.product_standard.id, "product_uom_qty": quantity})],
                **values,
            }
        )

    def _redeem(self, order, card):
        """The code of a card is typed where Odoo asks for it."""
        for coupon, rewards in order._try_apply_code(card.code).items():
            order._apply_program_reward(rewards, coupon)

    def _sell(self, order):
        """Confirm, ship and invoice an order as ever."""
        order.action_confirm()
        self._ship(order)
        invoice = order.invoice_ids or order._create_invoices()
        if invoice.state == "draft":
            invoice.action_post()
        self.env.invalidate_all()
        return invoice


class TestGiven(GiftCardCommon):
    def test_the_money_becomes_a_card_that_is_owed_and_none_is_paid_out(self):
        order = self._shipped(("STD", 2))
        request = self._carded(order)
        card = request.gift_card_ids
        self.assertEqual((card.points, card.program_type, card.partner_id), (24, "gift_card", order.partner_invoice_id))
        self.assertEqual(self._entry(card.oms_move_id), {"receivable": (24, 0), "cards": (0, 24)})
        self.assertEqual((request.amount_to_repay, self._open_receivable(order)), (0, 0))
        self.assertFalse(request.credit_entry_ids, "no balance beside it")
        self.assertIn(card.oms_move_id, request.posting_ids)
        action = request.with_user(self.channel_user).action_view_gift_cards()
        self.assertEqual(self.env["loyalty.card"].search(action["domain"]), card)
        self.assertEqual(self._net(self.clearing_account), 48, "the channel keeps what it took")
        self.assertNothingWrong()

    def test_odoos_own_mail_brings_the_code_and_ours_says_nothing(self):
        order = self._shipped(("STD", 1))
        order.partner_id.email = "ada@example.com"
        card = self._carded(order).gift_card_ids
        mail = self.env["mail.mail"].search([("model", "=", "loyalty.card"), ("res_id", "=", card.id)])
        self.assertEqual(len(mail), 1)
        self.assertIn(card.code, mail.body_html)
        told = self.env["oms.notification"].search([("order_id", "=", order.id), ("event", "=", "return_credited")])
        self.assertFalse(told)

    def test_the_return_tells_the_card_and_not_its_code(self):
        order = self._shipped(("STD", 1))
        order.partner_id.email = False
        request = self._carded(order)
        said = " ".join(request.message_ids.mapped("body"))
        self.assertIn(f"became gift card …{request.gift_card_ids.code[-4:]} of the customer", said)
        self.assertIn("hand the code of the gift card over", said)
        self.assertNotIn(request.gift_card_ids.code, said)

    def test_a_mail_that_cannot_be_made_takes_nothing_back(self):
        order = self._shipped(("STD", 1))
        order.partner_id.email = "ada@example.com"
        self.env.ref("loyalty.mail_template_gift_card").body_html = "<t t-out='object.no_such_thing'/>"
        with self.assertLogs("odoo.addons.oms_core.alone", "WARNING"):
            request = self._carded(order)
        self.assertEqual(request.gift_card_ids.points, 24)
        self.assertIn("could not be mailed", " ".join(request.message_ids.mapped("body")))

    def test_the_bonus_of_the_channel_is_on_the_card(self):
        self.channel.return_credit_bonus = 10
        card = self._carded(self._shipped(("STD", 1))).gift_card_ids
        self.assertEqual(card.points, 26.4)
        self.assertEqual(self._entry(card.oms_move_id), {"receivable": (24, 0), "given": (2.4, 0), "cards": (0, 26.4)})

    def test_one_credit_note_gives_one_card(self):
        request = self._carded(self._shipped(("STD", 1)))
        note = request.refund_ids
        again = request._give_gift_card(note, note.line_ids.browse(), 24, 0)
        self.assertEqual(again, request.gift_card_ids)
        self.assertEqual(self._net(self.liability), -24)

    def test_what_the_entry_of_a_card_books_and_somebody_alters_is_found(self):
        self.channel.return_credit_bonus = 10
        entry = self._carded(self._shipped(("STD", 1))).gift_card_ids.oms_move_id
        self.assertNothingWrong()
        given = entry.line_ids.filtered(lambda item: item.balance == 2.4)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move_line SET account_id = %s WHERE id = %s", (self._account("income").id, given.id)
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(AssertionError, "was booked with 2.40.* on .*Store credit given"):
            self.assertNothingWrong()

    def test_a_return_may_say_otherwise_than_its_channel(self):
        self.channel.return_credit_as = "balance"
        order = self._shipped(("STD", 2))
        request = self._return(order, 1, authorize=False)
        request.line_ids.outcome = "credit"
        self.assertEqual(request.credit_as, "balance")
        request.credit_as = "gift_card"
        request.action_authorize()
        request.action_receive()
        request.action_refund()
        self.assertEqual(request.gift_card_ids.points, 24)
        self.assertEqual(self._carded(order).credit_entry_ids.amount, 24)

    def test_a_card_is_no_good_for_another_currency(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 2.0}
        )
        order = self._shipped(("STD", 1), currency="USD")
        with self.assertRaisesRegex(UserError, "is in USD, and gift cards are in EUR"):
            self._carded(order)

    def test_each_company_has_a_program_and_an_account_of_its_own(self):
        other = self._create_company("Other merchant")
        mine, theirs = (company._oms_get_gift_card_program() for company in (self.company, other))
        self.assertEqual((mine.company_id, theirs.company_id), (self.company, other))
        self.assertEqual(self.company._oms_get_gift_card_program(), mine)
        product = theirs.reward_ids.discount_line_product_id.with_company(other)
        self.assertEqual(product.property_account_income_id, other._oms_get_gift_card_account())

    def test_customers_read_gift_card_before_and_after(self):
        order = self._shipped(("STD", 2))
        offered = order._oms_get_return_offer()["lines"][0]["outcomes"]
        self.assertIn(("credit", "Gift card"), [(entry["outcome"], entry["label"]) for entry in offered])
        state = self._carded(order)._get_customer_state()
        self.assertEqual(state["lines"][0]["outcome_text"], "Gift card")
        self.assertEqual([(paid["outcome"], paid["amount"]) for paid in state["paid_back"]], [("gift_card", 24)])


class TestRedeemed(GiftCardCommon):
    def test_on_another_order_it_is_redeemed_and_nothing_is_owed_any_more(self):
        first = self._shipped(("STD", 2))
        card = self._carded(first).gift_card_ids
        order = self._basket(first.partner_id)
        self._redeem(order, card)
        self.assertEqual(order.amount_total, 16)
        invoice = self._sell(order)
        self.assertEqual((invoice.amount_total, card.points), (16, 0))
        self.assertEqual(self._net(self.liability, invoice), 24)
        self.assertEqual(self._net(self.liability), 0)
        self.assertNothingWrong()

    def test_what_is_left_of_it_is_still_owed(self):
        first = self._shipped(("STD", 3))
        card = self._carded(first, 2).gift_card_ids
        order = self._basket(first.partner_id, 1)
        self._redeem(order, card)
        self._sell(order)
        self.assertEqual((order.amount_total, card.points, self._net(self.liability)), (0, 28, -28))
        self.assertNothingWrong()

    def test_somebody_who_books_by_hand_is_still_found(self):
        self._carded(self._shipped(("STD", 1)))
        entry = self.env["account.move"].create(
            {
                "line_ids": [
                    Command.create({"account_id": self.liability.id, "debit": 5}),
                    Command.create({"account_id": self._account("income").id, "credit": 5}),
                ]
            }
        )
        entry.action_post()
        with self.assertRaisesRegex(AssertionError, "changes what is owed for gift cards by .*5.00"):
            self.assertNothingWrong()

    def test_it_is_redeemed_from_the_account_that_the_accountant_chose_since(self):
        self._carded(self._shipped(("STD", 1)))
        mine = self.liability.copy({"code": "210999", "name": "Cards"})
        self.env.ref("oms_core.product_gift_card").with_company(self.company).property_account_income_id = mine
        program = self.company._oms_get_gift_card_program()
        for product in program._oms_get_money_products().with_company(self.company):
            self.assertEqual(product.property_account_income_id, mine)

    def test_its_share_of_goods_that_come_back_is_on_the_card_again(self):
        first = self._shipped(("STD", 2))
        card = self._carded(first).gift_card_ids
        order = self._basket(first.partner_id)
        self._redeem(order, card)
        self._sell(order)
        request = self._return(order, 1)
        request.action_receive()
        request.action_refund()
        self.env.invalidate_all()
        self.assertEqual(request.refund_ids.amount_total, 8, "the half of 40 that was not paid with the card")
        self.assertEqual((card.points, self._net(self.liability)), (12, -12))
        self.assertNothingWrong()


class TestRanOut(GiftCardCommon):
    def setUp(self):
        super().setUp()
        self.accounts[self.company._oms_get_credit_account("expired")] = "expired"
        self.first = self._shipped(("STD", 3))
        self.request = self._carded(self.first, 2)
        self.card = self.request.gift_card_ids
        self.last_day = self.card.expiration_date = self.company._oms_get_today() - timedelta(days=1)

    def _expire(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_returns_loyalty.cron_gift_card_expiry").method_direct_trigger()
        self.env.invalidate_all()

    def _booked_out(self):
        return self.env["account.move"].search(
            [("oms_key", "=like", f"gift_card_expired:{self.card.id}:%")], order="id"
        )

    def test_what_nobody_spent_is_booked_out_once_the_day_after_its_last_one(self):
        self.card.expiration_date = self.company._oms_get_today()
        self._expire()
        self.assertEqual((self.card.points, self._net(self.liability)), (48, -48))
        self.card.expiration_date = self.last_day
        self._expire()
        self._expire()
        self.assertEqual((self.card.points, self._net(self.liability)), (0, 0))
        self.assertEqual(self._entry(self._booked_out()), {"cards": (48, 0), "expired": (0, 48)})
        self.assertIn(48, self.card.history_ids.mapped("used"))
        self.assertIn(self._booked_out(), self.request.posting_ids)
        said = " ".join(self.request.message_ids.mapped("body"))
        self.assertIn(f"Gift card {self.card._oms_get_hint()} ran out, and", said)
        self.assertNotIn(self.card.code, said)
        self.assertNothingWrong()

    def test_of_a_spent_card_that_has_what_floats_leave_nothing_is_booked_out(self):
        self.card.points = 1.78e-15
        self._expire()
        self.assertEqual((self.card.points, self._booked_out()), (0, self.env["account.move"]))
        self.assertNotIn("ran out", " ".join(self.request.message_ids.mapped("body")))

    def test_what_is_left_of_a_card_that_somebody_archived_runs_out(self):
        self.card.expiration_date = False
        order = self._basket(self.first.partner_id, 1)
        self._redeem(order, self.card)
        self._sell(order)
        self.card.write({"expiration_date": self.last_day, "active": False})
        self._expire()
        self.assertEqual((self.card.points, self._net(self.liability)), (0, 0))
        self.assertEqual(self._entry(self._booked_out()), {"cards": (28, 0), "expired": (0, 28)})
        self.assertNothingWrong()

    def test_what_is_given_back_after_that_can_be_spent_and_runs_out_once_more(self):
        self.card.expiration_date = False
        order = self._basket(self.first.partner_id, 1)
        self._redeem(order, self.card)
        self._sell(order)
        self.card.expiration_date = self.last_day
        self._expire()
        request = self._return(order, 1)
        request.action_receive()
        request.action_refund()
        self.env.invalidate_all()
        self.assertEqual((self.card.points, self._net(self.liability)), (20, -20))
        self._expire()
        self.assertEqual(self.card.points, 20)
        with freeze_time(self.card.expiration_date + timedelta(days=2)):
            self._expire()
        self.assertEqual((self.card.points, self._net(self.liability)), (0, 0))
        self.assertEqual([self._net(self.liability, move) for move in self._booked_out()], [28, 20])

    def test_what_an_order_gives_back_that_is_cancelled_can_be_spent(self):
        self.card.expiration_date = False
        order = self._basket(self.first.partner_id, 1)
        self._redeem(order, self.card)
        order.action_confirm()
        self.assertEqual(self.card.points, 28)
        self.card.expiration_date = self.last_day
        order.with_user(self.channel_user)._action_cancel()
        self._expire()
        self.assertEqual((self.card.points, self._net(self.liability)), (48, -48))
        self.assertEqual(self.card.expiration_date, self.last_day + timedelta(days=31))

    def test_a_card_waits_for_an_order_that_was_paid_in_time(self):
        self.card.expiration_date = False
        order = self._basket(self.first.partner_id, 3)
        self._redeem(order, self.card)
        paid = self.first.transaction_ids[:1].copy({"reference": "Paid in time", "amount": 12, "payment_id": False})
        paid.write({"sale_order_ids": order, "state": "authorized"})
        self.card.expiration_date = self.last_day
        self._expire()
        self.assertEqual((self.card.points, self._booked_out()), (48, self.env["account.move"]))
        paid.state = "cancel"
        self._expire()
        self.assertEqual(self.card.points, 0)

    def test_cards_that_no_return_became_are_left_alone(self):
        other = self.card.copy({"code": "044-other", "oms_return_id": False, "oms_move_id": False, "points": 5})
        self._expire()
        self.assertEqual((other.points, self.card.points), (5, 0))


class TestOnThePage(GiftCardCommon, HttpCase):
    def test_the_page_of_the_return_says_that_the_code_comes_by_mail(self):
        order = self._shipped(("STD", 1))
        request = self._carded(order)
        self.env.flush_all()
        page = self.url_open(request._get_customer_url().removeprefix(order.get_base_url())).text
        self.assertIn("Given as a gift card, whose code comes by mail:", page)
        self.assertNotIn(request.gift_card_ids.code, page)
