"""PAY-01, PAY-04, ACC-02: from an authorisation to debits and credits, in parcels, with two tenders, in another currency."""

from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.oms_core.domain.documents import AuthorizationDoc
from odoo.addons.oms_core.tests.common import MOMENT, OmsCommon


@tagged("post_install", "-at_install")
class TestAuthorizedToCash(OmsCommon):
    def _authorized(self, amount, **values):
        card = AuthorizationDoc("card", Decimal(str(amount)), "card", MOMENT, expires_at=MOMENT.replace(year=2040))
        return self._apply(self._doc(authorizations=(card,), **values))[0][0]

    def _collect(self, order):
        """The job looks, the shop takes, the books follow."""
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_collect").method_direct_trigger()
        order.action_oms_taken()
        self._book(order)

    def _taken(self, order):
        return [tx.amount for tx in order.transaction_ids.sorted("id") if tx.oms_asks == "capture"]

    def test_two_parcels_of_three_and_the_rest_is_called_off(self):
        """Three mugs and shipping, 77.00 authorised: two leave one by one, the third is called off."""
        lines = (self._line(quantity=3), self._line("", 1, "5.00", None, kind="shipping"))
        order = self._authorized(sum(line.total + line.tax_total for line in lines), lines=lines, payments=())
        before = self._net(self._account("stock"))
        for _parcel in range(2):
            self._ship(order, {self.product_standard: 1})
            self._collect(order)
        self.assertEqual(self._taken(order), [25.67, 25.66])
        order.order_line.filtered(lambda line: line.product_id == self.product_standard).product_uom_qty = 2
        self._collect(order)
        self.assertEqual(self._taken(order), [25.67, 25.66, 1.67], "the shipping is all of it for those that left")
        void = order.transaction_ids.filtered(lambda tx: tx.oms_asks == "void")
        self.assertEqual(void.amount, 24.0)
        void._set_canceled()
        moves = order.invoice_ids | order.transaction_ids.payment_id.move_id
        self.assertEqual(set(order.invoice_ids.mapped("payment_state")), {"paid"})
        self.assertEqual(
            (
                self._net(self.clearing_account, moves),
                self._net(self._account("receivable"), moves),
                self._net(self._account("tax"), moves),
                self._net(self._account("cogs"), moves),
                self._net(self._account("stock")) - before,
            ),
            (53.0, 0.0, -8.0, 20.0, -20.0),
        )
        account = order._oms_get_order_to_cash()
        kinds = [step.kind for step in account.steps]
        self.assertEqual((kinds.count("authorized"), kinds.count("paid"), kinds.count("released")), (1, 3, 1))
        self.assertEqual({rest.cause for rest in account.rests}, {"with_channel"})
        self.assertNothingWrong()

    def test_an_order_in_dollars_is_taken_in_dollars_and_booked_in_euros(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", usd.id)]).unlink()
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 2.0}
        )
        lines = (self._line(quantity=3, total="12.00", rate=None),)
        order = self._authorized(lines[0].total, lines=lines, payments=(), currency="USD")
        for _parcel in range(3):
            self._ship(order, {self.product_standard: 1})
            self._collect(order)
        self.assertEqual(self._taken(order), [4.0, 4.0, 4.0])
        moves = order.invoice_ids | order.transaction_ids.payment_id.move_id
        self.assertEqual(self._net(self.clearing_account, moves), 6.0)
        self.assertEqual(set(order.invoice_ids.mapped("payment_state")), {"paid"})

    def test_a_gift_card_and_a_card_pay_for_an_order_that_is_invoiced_before_it_leaves(self):
        self.channel.invoice_policy = "payment"
        order = self._authorized(52, lines=(self._line(quantity=3),), payments=(self._payment(20, tender="gift_card"),))
        owed = self.company._oms_get_deferral_account()
        self._book(order)
        self._collect(order)
        self.assertEqual((self._taken(order), self._net(owed)), ([], -60.0))
        self._ship(order, {self.product_standard: 1})
        self._collect(order)
        self.assertEqual((self._taken(order), self._net(owed)), ([4.0], -40.0))
        self._ship(order)
        self._collect(order)
        self.assertEqual((self._taken(order), self._net(owed)), ([4.0, 48.0], 0.0))
        self.assertEqual(order.invoice_ids.payment_state, "paid")
        self.assertEqual(self._net(self._account("income")), -60.0)
        self.assertNothingWrong(but=("gift_cards",))

    def test_what_is_added_after_the_customer_authorised_is_charged_to_nobody(self):
        order = self._authorized(24, lines=(self._line(quantity=1),), payments=())
        order.order_line.product_uom_qty = 3
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_collect").method_direct_trigger()
        self.assertEqual((self._holds(order), self._taken(order)), (["money"], []))
        hold = order.oms_hold_ids.filtered("is_open")
        self.assertTrue(all(number in hold.reason for number in ("72.00", "24.00", "48.00")))
        hold.action_release()  # a person decides to ship all the same
        self._ship(order)
        self._collect(order)
        self.assertEqual(self._taken(order), [24.0])
