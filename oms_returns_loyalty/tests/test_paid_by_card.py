"""PAY-06: a gift card is a way to pay. Goods that it paid for cost no less, and so it is with fees, deductions and shipping."""

from datetime import timedelta

from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.oms_returns.tests.test_inspection import InspectionCommon

from .test_gift_card import GiftCardCommon


class PaidByCardCommon(GiftCardCommon, InspectionCommon):
    def _paid_by(self, amount, quantity=2, shipping=0):
        """(order, card): so many at 24, 4 of it tax, of which a card paid so much."""
        first = self._shipped(("STD", 3))
        card = self._carded(first, 3).gift_card_ids
        card.points = amount
        tax = Command.set(self._create_tax(20, price_include_override="tax_included").ids)
        goods = {"product_id": self.product_standard.id, "product_uom_qty": quantity, "price_unit": 24}
        lines = [goods | {"tax_ids": [tax]}]
        if shipping:
            values = {"name": "Delivery", "type": "service", "invoice_policy": "order", "company_id": self.company.id}
            product = self.env["product.product"].create(values)
            delivery = {"product_id": product.id, "price_unit": shipping, "is_delivery": True}
            lines.append(delivery | {"tax_ids": [tax]})
        order = self._basket(first.partner_id, order_line=[Command.create(line) for line in lines])
        self._redeem(order, card)
        self.assertEqual((order.amount_total, card.program_type), (quantity * 24 + shipping - amount, "gift_card"))
        return order, card

    def _come_back(self, order, quantity=1, inspected=None, **terms):
        """The credit note of so many that come back on these terms."""
        request = self._return(order, quantity)
        request.line_ids.write(terms)
        if inspected:
            request.line_ids.needs_inspection = True
        request.action_receive()
        if inspected:
            self._inspected(request, **inspected)
        foreseen = request._preview_refund().total
        request.action_refund()
        self.env.invalidate_all()
        money = sum(request.refund_ids.mapped("amount_total"))
        if not inspected:
            self.assertEqual(float(foreseen), money, "as it was foreseen")
        self.assertNothingWrong()
        return request.refund_ids

    def _kept(self, refund, kind):
        kept = refund.invoice_line_ids.filtered(lambda line: line.oms_refund_kind == kind)
        return sum(kept.mapped("price_subtotal")), sum(kept.mapped("price_total"))


class TestPaidByCard(PaidByCardCommon):
    def test_of_ruined_goods_nothing_goes_back_in_money_or_on_the_card(self):
        order, card = self._paid_by(24)
        self._sell(order)
        refund = self._come_back(order, inspected={"deduction_percent": 100})
        self.assertEqual((refund.amount_total, refund.amount_tax, card.points), (0, 0, 0))
        refund = self._come_back(order)
        self.assertEqual((refund.amount_total, card.points), (12, 12), "the other one is whole")

    def test_a_fee_is_kept_of_what_the_goods_cost_with_their_tax_and_of_both_ways(self):
        order, card = self._paid_by(24)
        self._sell(order)
        refund = self._come_back(order, 2, fee_percent=20)
        self.assertEqual(self._kept(refund, "fee"), (-8, -9.6))
        self.assertEqual((refund.amount_total, card.points), (19.2, 19.2))

    def test_a_fee_is_kept_of_what_a_card_alone_paid(self):
        order, card = self._paid_by(48)
        self._sell(order)
        refund = self._come_back(order, fee_amount=5)
        self.assertEqual((refund.amount_total, card.points), (0, 19))

    def test_an_amount_that_an_inspector_deducts_has_the_tax_of_the_goods(self):
        order, card = self._paid_by(24)
        self._sell(order)
        refund = self._come_back(order, inspected={"deduction_amount": 5})
        self.assertEqual(self._kept(refund, "deduction"), (-5, -6))
        self.assertEqual((refund.amount_total, card.points), (9, 9))

    def test_an_amount_is_deducted_where_the_card_paid_more_than_the_price_without_tax(self):
        order, card = self._paid_by(22, 1)
        self._sell(order)
        refund = self._come_back(order, inspected={"deduction_amount": 1})
        self.assertEqual(self._kept(refund, "deduction"), (-1, -1.2))
        self.assertEqual((refund.amount_total, card.points), (1.9, 20.9))

    def test_shipping_that_a_card_paid_and_that_is_not_given_back_stays_paid(self):
        order, card = self._paid_by(30, 1, shipping=6)
        self._sell(order)
        refund = self._come_back(order, refund_shipping="none")
        self.assertEqual((refund.amount_total, refund.amount_tax, card.points), (0, 4, 24))

    def test_shipping_that_goes_back_goes_back_the_ways_it_was_paid(self):
        order, card = self._paid_by(10, 1, shipping=6)
        self._sell(order)
        refund = self._come_back(order, refund_shipping="full_if_all")
        self.assertEqual((refund.amount_total, card.points), (20, 10))

    def test_what_comes_back_one_by_one_gives_back_the_whole_to_the_cent(self):
        order, card = self._paid_by(25, 3)
        self._sell(order)
        points, money = [], []
        for _piece in range(3):
            money.append(self._come_back(order).amount_total)
            points.append(card.points)
        self.assertEqual((points, money), ([8.33, 16.67, 25], [15.67, 15.66, 15.67]))

    def test_what_money_has_no_room_for_is_on_the_card(self):
        """3 are given back in money on what the customer keeps; then all comes back."""
        order, card = self._paid_by(44)
        self._sell(order)
        request = self._return(order, 1)
        request._give("adjustment", request.line_ids, 3, "Scratched")
        request.action_cancel()
        refund = self._come_back(order, 2)
        self.assertEqual((refund.amount_total, card.points), (1, 44))

    def test_a_first_parcel_that_the_card_paid_most_of_gives_the_card_what_was_not_paid_in_money(self):
        order, card = self._paid_by(12)
        order.action_confirm()
        self._ship(order, {self.product_standard: 1})
        invoice = order.invoice_ids or order._create_invoices()
        if invoice.state == "draft":
            invoice.action_post()
        self.assertEqual(invoice.amount_total, 12)
        request = self._return(order, 1)
        request.action_receive()
        request.action_refund()
        self.env.invalidate_all()
        self.assertEqual((request.refund_ids.amount_total, card.points), (12, 12))

    def test_cancelling_the_rest_gives_the_card_nothing_of_what_is_charged(self):
        order, card = self._paid_by(12)
        self._sell(order)
        before = self._net(self.liability)
        self._come_back(order)
        self.assertEqual(card.points, 6)
        order._action_cancel()
        self.env.invalidate_all()
        self.assertEqual((card.points, before - self._net(self.liability)), (6, 6), "the other one stays paid")
        self.assertEqual(sum(card.history_ids.mapped("issued")) - sum(card.history_ids.mapped("used")), 72 + 6 - 12)
        self._come_back(order)
        self.assertEqual((card.points, before - self._net(self.liability)), (12, 12))

    def test_cancelling_what_is_not_charged_gives_it_back(self):
        order, card = self._paid_by(12)
        order.action_confirm()
        self.assertEqual(card.points, 0)
        order._action_cancel()
        self.assertEqual((card.points, bool(order.order_line.coupon_id)), (12, False))

    def _credit_by_hand(self, invoice):
        wizard = self.env["account.move.reversal"].with_context(active_model="account.move", active_ids=invoice.ids)
        made = wizard.create({"journal_id": invoice.journal_id.id}).refund_moves()
        refund = self.env["account.move"].browse(made["res_id"])
        refund.action_post()
        self.env.invalidate_all()
        return refund

    def test_a_credit_note_by_hand_gives_the_card_its_part_and_takes_it_when_it_is_called_off(self):
        order, card = self._paid_by(12)
        invoice = self._sell(order)
        before = self._net(self.liability)
        refund = self._credit_by_hand(invoice)
        self.assertEqual((refund.amount_total, card.points, before - self._net(self.liability)), (36, 12, 12))
        refund.button_draft()
        self.assertEqual((card.points, before - self._net(self.liability)), (0, 0))
        refund.action_post()
        self.assertEqual(card.points, 12)
        self.assertNothingWrong()

    def test_what_was_credited_by_hand_before_cards_got_their_part_is_given_when_the_order_is_cancelled(self):
        order, card = self._paid_by(12)
        before = self._net(self.liability)
        self._credit_by_hand(self._sell(order))
        order.order_line.filtered("coupon_id").oms_given_by_hand = card.points = 0
        order._action_cancel()
        self.env.invalidate_all()
        self.assertEqual((card.points, before - self._net(self.liability)), (12, 0))

    def test_what_is_charged_anew_is_paid_with_the_card_anew_as_long_as_it_is_there(self):
        order, card = self._paid_by(12)
        invoice = self._sell(order)
        before = self._net(self.liability)
        self._credit_by_hand(invoice)
        again = order._create_invoices()
        again.action_post()
        self.env.invalidate_all()
        self.assertEqual((again.amount_total, card.points, before - self._net(self.liability)), (36, 0, 0))
        again.button_draft()
        self.assertEqual(card.points, 12)
        card.points = 5
        with self.assertRaisesRegex(UserError, "12.00.* once more, and only .*5.00.* left"):
            again.action_post()

    def test_what_goes_back_to_a_card_that_is_over_can_be_spent_for_a_month(self):
        order, card = self._paid_by(24)
        self._sell(order)
        today = self.company._oms_get_today()
        card.write({"expiration_date": today - timedelta(days=1), "active": False})
        self._come_back(order)
        self.assertEqual((card.points, card.active), (12, True))
        self.assertEqual(card.expiration_date, today + timedelta(days=30))
        card.expiration_date = today + timedelta(days=90)
        self._come_back(order)
        self.assertEqual(card.expiration_date, today + timedelta(days=90))

    def test_the_last_cents_of_a_card_are_spent(self):
        program = self.company._oms_get_gift_card_program()
        program.reward_ids.required_points = 1  # as programs of before have it
        order, card = self._paid_by(0.5, 1)
        self._sell(order)
        self.assertEqual(card.points, 0)
