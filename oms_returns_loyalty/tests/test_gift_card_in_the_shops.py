"""PAY-06: a card that was given for a return is good in Odoo's own shop and at the till, and is booked as owed no more."""

from odoo.fields import Command

from odoo.addons.oms_pos.tests.common import TillCommon
from odoo.addons.oms_website.tests.common import ShopCommon


class CardMixin:
    def setUp(self):
        super().setUp()
        self.env["loyalty.program"].search([]).active = False
        self.channel.return_credit_as = "gift_card"
        self.liability = self.company._oms_get_gift_card_account()

    def _card(self):
        """What an order of 24 that came back became."""
        order = self._order(("STD", 1))
        self._ship(order)
        self._book(order)
        line = Command.create({"sale_line_id": order.order_line[:1].id, "quantity": 1, "outcome": "credit"})
        request = self.env["oms.return"].create({"order_id": order.id, "line_ids": [line]})
        request.action_authorize()
        request.action_receive()
        request.action_refund()
        self.assertEqual(self._net(self.liability), -24)
        return request.gift_card_ids


class TestGiftCardAtTheTill(CardMixin, TillCommon):
    def test_a_till_opens_takes_the_card_and_its_entry_redeems_it(self):
        card = self._card()
        reward = card.program_id.reward_ids
        session = self._open()
        found = session.config_id.use_coupon_code(card.code, "2026-03-02 10:00:00", False, False)
        self.assertEqual((found["successful"], found["payload"]["points"]), (True, 24))
        redeemed = self._part(
            reward.discount_line_product_id,
            price_unit=-24,
            is_reward_line=True,
            reward_id=reward.id,
            coupon_id=card.id,
            points_cost=24,
        )
        self._sell(self._part(qty=2), redeemed)
        self._close()
        self.assertEqual(self._net(self.liability), 0)
        self.assertNothingWrong(but=("stock",))  # the cost of goods that a till sells stands on no product


class TestGiftCardInTheShop(CardMixin, ShopCommon):
    def test_in_the_cart_its_code_pays_and_the_rest_is_paid_by_card(self):
        card = self._card()
        cart = self._cart(qty=1)
        for coupon, rewards in cart._try_apply_code(card.code).items():
            cart._apply_program_reward(rewards, coupon)
        self.assertEqual(cart.amount_total, 6, "goods 24 and delivery 6, less 24")
        self._pay(cart)
        self._ship(cart)
        invoice = self._book(cart)
        self.env.invalidate_all()
        self.assertEqual((invoice.amount_residual, card.points, self._net(self.liability)), (0, 0, 0))
        self.assertNothingWrong()
