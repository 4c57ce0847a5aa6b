"""PAY-01: money that a customer has only authorised is taken with the parcels, never more than that, and what is left is given
free."""

from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import freeze_time

from odoo.addons.oms_core.domain.documents import AuthorizationDoc

from .common import MOMENT, OmsCommon


class Died(BaseException):
    """As a killed process: nothing catches it."""


class AuthorizationCase(OmsCommon):
    def _authorization(self, amount, **values):
        number = next(self._numbers)
        return AuthorizationDoc(
            **{
                "external_id": f"auth-{number}",
                "amount": Decimal(str(amount)),
                "method": "card",
                "authorized_at": fields.Datetime.now().replace(tzinfo=MOMENT.tzinfo),
                **values,
            }
        )

    def _authorized(self, quantity=3, amount=None, lines=None, **values):
        """An order of pieces at 24.00, authorised and not paid."""
        lines = lines or (self._line(quantity=quantity),)
        total = sum(line.total + line.tax_total for line in lines)
        self.doc = self._doc(
            lines=lines,
            payments=values.pop("payments", ()),
            authorizations=(self._authorization(amount or total, **values),),
        )
        return self._apply(self.doc)[0][0]

    def _collect(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_collect").method_direct_trigger()

    def _captures(self, order):
        return order.transaction_ids.filtered(lambda tx: tx.oms_asks == "capture").sorted("id")

    def _tell_taken(self, order):
        """The channel takes what it was asked for."""
        order.action_oms_taken()

    def _source(self, order):
        return order.transaction_ids.filtered(lambda tx: tx.state == "authorized")


class TestCaptures(AuthorizationCase):
    def test_nothing_is_taken_before_goods_leave(self):
        order = self._authorized()
        self._collect()
        self.assertEqual((order.state, order.amount_paid, self._holds(order)), ("sale", 72.0, []))
        self.assertFalse(self._captures(order))
        self.assertIn("72.00", order.oms_authorized_note)

    def test_each_parcel_is_taken_and_the_last_one_leaves_nothing(self):
        """Three pieces of ten euros and tax with shipping of 4.99: down to debits and credits."""
        lines = (
            self._line(quantity=3, total="10.00", taxes=(self._tax(20, "2.01"),)),
            self._line("", 1, "4.99", None, kind="shipping"),
        )
        order = self._authorized(lines=lines)
        amounts = []
        for _parcel in range(3):
            self._ship(order, {self.product_standard: 1})
            self._collect()
            amounts.append(self._captures(order)[-1].amount)
            self.assertTrue(order.oms_capture_waits)
            self._tell_taken(order)
            self._book(order)
        self.assertEqual(amounts, [5.67, 5.66, 5.67])
        self.assertFalse(self._source(order), "nothing is left of the authorisation")
        self.assertEqual(order.amount_paid, 17.0)
        payments = order.transaction_ids.payment_id
        self.assertEqual(sorted(payments.mapped("amount")), [5.66, 5.67, 5.67])
        self.assertEqual(self._net(self.clearing_account, payments.move_id), 17.0)
        self.assertEqual(self._net(self._account("receivable"), (order.invoice_ids | payments.move_id)), 0.0)
        self.assertEqual(set(order.invoice_ids.mapped("payment_state")), {"paid"})
        self.assertNothingWrong()

    def test_a_look_that_changes_nothing_asks_for_nothing(self):
        order = self._authorized()
        self._ship(order, {self.product_standard: 1})
        self._collect()
        order.oms_money_due_at = fields.Datetime.now()
        self._collect()
        self.assertEqual(self._captures(order).mapped("amount"), [24.0])

    def test_a_process_that_dies_while_a_provider_is_asked_does_not_ask_again(self):
        """What was going to be asked for was kept before. Nobody knows what came of it, and after a day somebody is told."""
        order = self._authorized()
        self._ship(order, {self.product_standard: 1})
        asked = []

        def take_and_die(transaction):
            asked.append(transaction.amount)
            raise Died

        with patch.object(type(self.env["payment.transaction"]), "_send_capture_request", take_and_die):
            for _time in range(2):
                try:
                    self._collect()
                except Died:
                    self.env.invalidate_all()
                order.oms_money_due_at = fields.Datetime.now()
        self.assertEqual(asked, [24.0])
        self.assertEqual(self._captures(order).mapped("state"), ["draft"])
        with freeze_time(fields.Datetime.now() + timedelta(days=2)):
            order.oms_money_due_at = fields.Datetime.now()
            self._collect()
        self.assertEqual((asked, self._holds(order)), ([24.0], ["money"]))
        self.assertIn("has not answered", order.oms_hold_reason)

    def test_the_channels_of_many_payments_are_looked_up_at_once(self):
        orders = self.env["sale.order"].union(*(self._authorized(1) for _number in range(6)))
        transactions = orders.transaction_ids
        transactions.sale_order_ids.oms_channel_id.fetch(["payment_provider_id"])
        transactions.provider_id.fetch(["code"])
        transactions.provider_id.invalidate_recordset(["oms_channel_ids"])
        with self.assertQueryCount(1):
            self.assertTrue(all(tx._oms_is_of_channel() for tx in transactions))

    def test_what_the_channel_tells_of_a_capture_is_the_one_that_was_asked_for(self):
        order = self._authorized()
        self._ship(order, {self.product_standard: 1})
        self._collect()
        told = self.doc.authorizations[0].external_id
        doc = self._doc(
            **{
                name: getattr(self.doc, name)
                for name in ("external_id", "number", "lines", "billing", "authorizations")
            },
            payments=(self._payment(24, authorization=told),),
            updated_at=MOMENT + timedelta(hours=1),
        )
        self._apply(doc)
        self._apply(doc)
        self.assertEqual([(tx.amount, tx.state) for tx in self._captures(order)], [(24.0, "done")])
        self.assertEqual(len(order.transaction_ids), 2)
        self._book(order)
        self.assertEqual(self._net(self.clearing_account, order.transaction_ids.payment_id.move_id), 24.0)
        self.assertNothingWrong()

    def test_a_gift_card_pays_for_the_first_parcels(self):
        order = self._authorized(amount=52, payments=(self._payment(20, tender="gift_card"),))
        self._ship(order, {self.product_standard: 1})
        self._collect()
        self.assertEqual(self._captures(order).amount, 4.0)
        self._ship(order)
        self._collect()
        self.assertEqual(self._captures(order).mapped("amount"), [4.0, 48.0])

    def test_a_channel_may_take_all_with_the_order_or_with_the_last_parcel(self):
        for policy, first, then in (("order", [72.0], [72.0]), ("last", [], [72.0]), ("hand", [], [])):
            with self.subTest(policy):
                self.channel.capture_policy = policy
                order = self._authorized()
                self._ship(order, {self.product_standard: 1})
                self._collect()
                self.assertEqual(self._captures(order).mapped("amount"), first)
                self._ship(order)
                self._collect()
                self.assertEqual(self._captures(order).mapped("amount"), then)

    def test_more_than_was_authorised_is_charged_to_nobody(self):
        order = self._authorized(quantity=1)
        order.order_line.product_uom_qty = 2
        self._collect()
        hold = order.oms_hold_ids.filtered("is_open")
        self.assertEqual(hold.kind, "money")
        self.assertIn("48.00", hold.reason)
        self.assertIn("24.00", hold.reason)
        with self.assertRaises(UserError):
            self._ship(order)
        order.order_line.product_uom_qty = 1
        self._collect()
        self.assertEqual(self._holds(order), [])

    def test_what_was_refused_stops_the_order(self):
        order = self._authorized()
        self._ship(order, {self.product_standard: 1})
        self._collect()
        capture = self._captures(order)
        capture._set_error("card blocked")
        capture._oms_tell_refused("card blocked")
        self.assertIn("card blocked", order.oms_hold_reason)
        order.action_oms_release()
        self._ship(order)
        self._collect()
        self.assertEqual(self._captures(order)[-1].amount, 72.0, "what was refused is due again")

    def test_what_can_be_taken_once_is_taken_in_whole_with_the_first_parcel(self):
        order = self._authorized(times="once")
        self._ship(order, {self.product_standard: 1})
        self._collect()
        self.assertEqual(self._captures(order).amount, 72.0)
        self.assertTrue(any("once only" in (message.body or "") for message in order.message_ids))


class TestGivenFree(AuthorizationCase):
    def test_a_cancelled_order_gives_everything_free(self):
        order = self._authorized()
        order._action_cancel()
        self._collect()
        void = order.transaction_ids.filtered(lambda tx: tx.oms_asks == "void")
        self.assertEqual((void.amount, void.state), (72.0, "pending"))
        self.assertTrue(any("Give" in (task.summary or "") for task in order.activity_ids))
        void._set_canceled()
        self.assertEqual(order.transaction_ids.filtered(lambda tx: not tx.source_transaction_id).state, "cancel")
        self.assertFalse(order.transaction_ids.payment_id)

    def test_an_order_closed_short_gives_the_rest_free(self):
        order = self._authorized()
        self._ship(order, {self.product_standard: 1})
        order.order_line.product_uom_qty = 1
        self._collect()
        asked = {tx.oms_asks: tx.amount for tx in order.transaction_ids if tx.oms_asks}
        self.assertEqual(asked, {"capture": 24.0, "void": 48.0})

    def test_what_the_channel_called_off_it_has_given_free_itself(self):
        order = self._authorized()
        order._oms_cancel("by the shop")
        self._collect()
        void = order.transaction_ids.filtered(lambda tx: tx.oms_asks == "void")
        self.assertEqual(void.state, "cancel" if order.oms_called_off else "pending")

    def test_what_has_left_is_taken_although_the_rest_is_called_off(self):
        order = self._authorized()
        self._ship(order, {self.product_standard: 1})
        order._oms_cancel("by the shop")
        if order.state == "cancel":
            self._collect()
            self.assertEqual(self._captures(order).amount, 24.0)


class TestEnd(AuthorizationCase):
    def test_somebody_is_warned_before_an_authorisation_ends_and_the_order_held_when_it_has(self):
        now = fields.Datetime.now()
        order = self._authorized()
        source = self._source(order)
        self.assertEqual(source.oms_expires_at, fields.Datetime.add(source.last_state_change, days=7))
        self._collect()
        self.assertEqual(order.oms_money_due_at, fields.Datetime.add(source.oms_expires_at, days=-2))
        with freeze_time(now + timedelta(days=6)):
            self._collect()
            self.assertEqual(len(order.activity_ids.filtered(lambda task: "taken any more" in task.summary)), 1)
            self.assertEqual(self._holds(order), [])
        with freeze_time(now + timedelta(days=8)):
            self._collect()
            self.assertEqual(self._holds(order), ["money"])
            self.assertIn("72.00", order.oms_hold_reason)

    def test_the_channel_knows_when_it_ends(self):
        end = MOMENT.replace(year=2031)
        order = self._authorized(expires_at=end)
        self.assertEqual(self._source(order).oms_expires_at, end.replace(tzinfo=None))

    def test_what_ended_on_the_channel_ends_here(self):
        order = self._authorized()
        over = AuthorizationDoc(
            **{
                name: getattr(self.doc.authorizations[0], name)
                for name in ("external_id", "amount", "method", "authorized_at")
            },
            is_over=True,
        )
        self._apply(
            self._doc(
                **{name: getattr(self.doc, name) for name in ("external_id", "number", "lines", "billing")},
                payments=(),
                authorizations=(over,),
                updated_at=MOMENT + timedelta(hours=1),
            )
        )
        self.assertFalse(self._source(order))
        self.assertEqual(order.amount_paid, 0.0)


class TestOwnProvider(AuthorizationCase):
    def test_a_provider_of_our_own_is_asked_by_odoos_own_way(self):
        self.patch(
            type(self.env["payment.provider"]),
            "_compute_feature_support_fields",
            lambda providers: providers.update(
                {
                    "support_express_checkout": None,
                    "support_manual_capture": "partial",
                    "support_tokenization": None,
                    "support_refund": "none",
                }
            ),
        )
        asked = []
        self.patch(
            type(self.env["payment.transaction"]),
            "_ensure_provider_is_not_disabled",
            lambda tx: asked.append(tx.amount),
        )
        provider = self.env["payment.provider"].create(
            {
                "name": "Cards",
                "state": "disabled",
                "company_id": self.company.id,
            }
        )
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Ada"}).id,
                "oms_channel_id": self.channel.id,
                "order_line": [Command.create({"product_id": self.product_standard.id, "product_uom_qty": 2})],
            }
        )
        source = self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
                "reference": "online-1",
                "operation": "online_direct",
                "amount": order.amount_total,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        source._set_authorized()
        order.action_confirm()
        self._ship(order, {self.product_standard: 1})
        self._collect()
        capture = self._captures(order)
        self.assertEqual((capture.amount, asked), (24.0, [24.0]))
        capture._set_done()
        self._ship(order)
        self._collect()
        self._captures(order)[-1]._set_done()
        self.assertEqual(source.state, "done")
        self.assertEqual(sum(order.transaction_ids.filtered(lambda tx: tx.state == "done").mapped("amount")), 48.0)
        self.assertNotIn(source, order.transaction_ids)
