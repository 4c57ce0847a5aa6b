import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import mute_logger

from odoo.addons.oms_core.const import RETRY_DELAYS_S
from odoo.addons.oms_core.domain.documents import AddressDoc, CancelDoc, Problem, RefundDoc
from odoo.addons.oms_core.domain.money import ZERO, round_to

from .common import CENT, MOMENT, OmsCommon


def later(doc, minutes=5, **values):
    """The same order, changed some minutes after."""
    return replace(doc, updated_at=doc.updated_at + timedelta(minutes=minutes), **values)


class TestIdentity(OmsCommon):
    """One order of a channel is one sale order, however often and in whatever order it comes."""

    def test_the_database_refuses_a_second_order_of_the_same_id(self):
        order = self._order()
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.env["sale.order"].create(
                {
                    "partner_id": order.partner_id.id,
                    "oms_channel_id": self.channel.id,
                    "oms_external_id": order.oms_external_id,
                }
            )

    def test_two_channels_may_use_the_same_id(self):
        other = self._create_channel("OTHER")
        doc = self._doc()
        first = self._apply(doc)[0][0]
        second = self._apply(doc, channel=other)[0][0]
        self.assertTrue(first and second)
        self.assertNotEqual(first, second)

    def test_a_document_applied_twice_changes_nothing(self):
        doc = self._doc()
        order, state, _text = self._apply(doc)[0]
        self.assertEqual(state, "done")
        lines, transactions = order.order_line, order.transaction_ids
        again, state, _text = self._apply(doc)[0]
        self.assertEqual((again, state), (order, "ignored"))
        self.assertEqual((order.order_line, order.transaction_ids), (lines, transactions))
        self.assertEqual(len(transactions), 1)

    def test_an_older_document_is_ignored(self):
        doc = self._doc()
        order = self._apply(later(doc, note="new"))[0][0]
        again, state, _text = self._apply(replace(doc, note="old"))[0]
        self.assertEqual((again, state), (order, "ignored"))
        self.assertIn("new", order.note)

    def test_of_two_versions_in_one_batch_the_newest_wins_whatever_their_order(self):
        for swap in (False, True):
            with self.subTest(swap=swap):
                old = self._doc()
                new = later(old, note="new")
                docs = (new, old) if swap else (old, new)
                outcomes = self._apply(*docs)
                order = outcomes[0][0]
                self.assertEqual({outcome[0] for outcome in outcomes}, {order})
                self.assertEqual(sorted(outcome[1] for outcome in outcomes), ["done", "ignored"])
                self.assertIn("new", order.note)

    def test_a_checkout_that_was_not_completed_is_no_order_yet(self):
        draft = self._doc(status="draft", payments=())
        order, state, text = self._apply(draft)[0]
        self.assertEqual((bool(order), state), (False, "ignored"))
        self.assertTrue(text)
        order, state, _text = self._apply(later(draft, status="open"))[0]
        self.assertEqual((order.state, state), ("sale", "done"))

    def test_an_order_that_was_called_off_before_it_came_is_cancelled_at_once(self):
        order, state, _text = self._apply(self._doc(status="cancelled"))[0]
        self.assertEqual((order.state, state, self._holds(order)), ("cancel", "done", []))

    def test_a_cancellation_that_overtakes_its_order_wins(self):
        """The order waits as a dead letter, its cancellation comes first: the order must not be shipped afterwards."""
        doc = self._doc(payments=(self._payment("20"),))
        order = self._apply(later(doc, status="cancelled"))[0][0]
        self.assertEqual(self._apply(doc)[0][1], "ignored")
        self.assertEqual((order.state, len(order.transaction_ids)), ("cancel", 0))

    def test_what_the_channel_said_about_the_order_is_kept(self):
        order = self._order(note="Ring twice", channel_status="processing")
        self.assertEqual(order.oms_number, order.client_order_ref)
        self.assertEqual(order.oms_channel_status, "processing")
        self.assertEqual(order.oms_payment_method, "card")
        self.assertIn("Ring twice", order.note)
        self.assertEqual(order.company_id, self.company)
        self.assertEqual(order.create_uid, self.channel_user)
        self.assertEqual(order.warehouse_id, self.warehouse)

    def test_the_channels_own_date_stays_after_confirmation(self):
        order = self._order()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.date_order, MOMENT.replace(tzinfo=None))

    def test_the_channels_own_date_stays_when_confirmed_together_with_an_order_made_by_hand(self):
        self.channel.auto_release = False
        order = self._order()
        by_hand = self.env["sale.order"].create(
            {
                "partner_id": order.partner_id.id,
                "order_line": [Command.create({"product_id": self.product_standard.id})],
            }
        )
        (order | by_hand).action_confirm()
        self.assertEqual(order.date_order, MOMENT.replace(tzinfo=None))
        self.assertGreater(by_hand.date_order, order.date_order)


class TestUpdates(OmsCommon):
    def test_a_quotation_follows_a_newer_document(self):
        doc = self._doc(status="awaiting_payment", payments=())
        order = self._apply(doc)[0][0]
        self.assertEqual((order.state, self._holds(order)), ("draft", ["payment"]))
        lines = (self._line("AVG", 3), self._line("FIFO", 1))
        total = sum(line.total + line.tax_total for line in lines)
        self._apply(later(doc, status="open", lines=lines, total=total, payments=(self._payment(total),)))
        self.assertEqual((order.state, self._holds(order)), ("sale", []))
        self.assertEqual(order.order_line.product_id, self.product_average | self.product_fifo)
        self.assertEqual(order.amount_total, float(total))
        self.assertEqual(order.oms_channel_total, float(total))
        self.assertEqual(len(order.transaction_ids), 1)

    def test_a_confirmed_order_with_other_lines_stops_and_is_not_rewritten(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        lines = (self._line("AVG", 3),)
        self._apply(later(doc, lines=lines, total=lines[0].total + lines[0].tax_total))
        self.assertEqual((order.state, self._holds(order)), ("sale", ["change"]))
        self.assertEqual(order.order_line.product_id, self.product_standard)

    def test_a_confirmed_order_with_another_address_stops(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        address = order.partner_shipping_id
        self._apply(later(doc, shipping=replace(doc.shipping, street="2 rue de Rennes")))
        self.assertEqual((self._holds(order), order.partner_shipping_id), (["change"], address))

    def test_a_confirmed_order_of_which_only_the_note_changed_goes_on(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        self._apply(later(doc, note="Please hurry"))
        self.assertEqual((order.state, self._holds(order)), ("sale", []))

    def test_a_confirmed_order_that_the_channel_completes_goes_on(self):
        """The shop closes an order when it is told of the parcel, and that is no reason to stop the second one."""
        doc = self._doc()
        order = self._apply(doc)[0][0]
        self._apply(later(doc, status="fulfilled", channel_status="completed"))
        self.assertEqual((order.state, self._holds(order)), ("sale", []))
        self.assertEqual(order.oms_channel_status, "completed")

    def test_a_confirmed_order_stops_when_the_channel_says_wait_and_goes_on_when_it_says_so(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        self._apply(later(doc, status="on_hold", channel_status="on-hold"))
        self.assertEqual((order.state, self._holds(order)), ("sale", ["channel"]))
        self._apply(later(doc, 10, status="open", channel_status="processing"))
        self.assertEqual(self._holds(order), [])

    def test_a_hold_that_a_person_released_does_not_come_back_with_the_same_status(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        self._apply(later(doc, status="on_hold", channel_status="on-hold"))
        order.action_oms_release()
        self._apply(later(doc, 10, status="on_hold", channel_status="on-hold", note="still"))
        self.assertEqual(self._holds(order), [])

    def test_a_confirmed_order_that_the_channel_refunded_in_part_stops_once(self):
        self._nobody_books_refunds()
        doc = self._doc()
        order = self._apply(doc)[0][0]
        refunds = (RefundDoc("r1", Decimal("5.00"), "damaged"),)
        self._apply(later(doc, refunds=refunds))
        self.assertEqual(self._holds(order), ["refund"])
        self.assertIn("5.00", order.oms_hold_reason)
        order.action_oms_release()
        self._apply(later(doc, 10, refunds=refunds, note="more"))
        self.assertEqual(self._holds(order), [])

    def test_an_order_that_has_left_is_not_stopped_any_more(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        self._ship(order)
        self._apply(later(doc, status="on_hold", channel_status="on-hold"))
        self.assertEqual((order.oms_status, self._holds(order)), ("shipped", []))

    def test_a_cancellation_cancels_the_order_and_its_deliveries(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        _order, state, _text = self._apply(later(doc, status="cancelled"))[0]
        self.assertEqual((state, order.state, order.oms_status), ("done", "cancel", "cancelled"))
        self.assertEqual(set(order.picking_ids.mapped("state")), {"cancel"})
        self.assertFalse(self._holds(order))

    def test_a_cancellation_after_the_goods_left_holds_the_order(self):
        doc = self._doc(lines=(self._line(quantity=2),))
        order = self._apply(doc)[0][0]
        self._ship(order, {self.product_standard: 1})
        self._apply(later(doc, status="cancelled"))
        self.assertEqual((order.state, self._holds(order)), ("sale", ["cancel"]))

    def test_a_deletion_cancels(self):
        order = self._order()
        worker = self.channel._as_worker()
        doc = CancelDoc(order.oms_external_id, reason="deleted")
        outcomes = worker.env["sale.order"]._oms_apply_cancellations(worker, [doc])
        self.assertEqual(([state for _order, state, _text in outcomes], order.state), (["done"], "cancel"))

    def test_a_deletion_of_an_unknown_order_waits_for_it_and_then_has_nothing_to_do(self):
        message = self._receive(CancelDoc("unknown", reason="deleted"), kind="order_deleted")
        message._process()
        self.assertEqual(message.state, "retry")
        message.write({"attempts": len(RETRY_DELAYS_S)})
        message._process()
        self.assertEqual(message.state, "ignored")

    def test_a_cancellation_after_the_money_was_booked_holds_the_order(self):
        """The payment stands in the books: cancelling in silence would leave it there for ever."""
        doc = self._doc(lines=(self._line(),), payments=(self._payment(self._line().total + self._line().tax_total),))
        order = self._apply(doc)[0][0]
        self._book(order)
        self._apply(later(doc, status="cancelled"))
        self.assertEqual((order.state, self._holds(order)), ("sale", ["cancel"]))
        self.assertIn(order.transaction_ids.payment_id.move_id.name, order.oms_hold_reason)

    def test_a_cancellation_after_everything_came_back_does_not_hide_the_order(self):
        doc = self._doc(lines=(self._line(quantity=1),))
        order = self._apply(doc)[0][0]
        self._ship(order)
        delivery = order.picking_ids.filtered(lambda picking: picking.state == "done")
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=delivery.id, active_model="stock.picking")
            .create({})
        )
        wizard.product_return_moves.quantity = 1
        back = wizard._create_return()
        back.move_ids.picked = True
        back.button_validate()
        self.assertEqual(order.order_line.qty_delivered, 0)
        self._apply(later(doc, status="cancelled"))
        self.assertEqual((order.state, self._holds(order)), ("sale", ["cancel"]))

    def test_a_refund_after_delivery_is_told(self):
        self._nobody_books_refunds()
        doc = self._doc(lines=(self._line(quantity=1),))
        order = self._apply(doc)[0][0]
        self._ship(order)
        self._apply(later(doc, refunds=(RefundDoc("r1", Decimal("5.00"), "scratched"),)))
        self.assertEqual(self._holds(order), ["refund"])

    def test_a_payment_whose_number_comes_later_is_the_same_payment(self):
        doc = self._doc(lines=(self._line(),), payments=(self._payment("24"),))
        order = self._apply(doc)[0][0]
        self.channel.code = "RENAMED"
        self._apply(later(doc, number="other", channel_status="completed"))
        self.assertEqual(len(order.transaction_ids), 1)

    def test_lines_corrected_to_another_total_stop_the_order_again(self):
        """A clerk puts the right product on the line, which brings its own tax: the total is no longer what was charged."""
        doc = self._doc(lines=(self._line(sku="NOBODY-KNOWS", rate="5.5"),))
        order = self._apply(doc)[0][0]
        order.order_line.product_id = self.product_standard
        order.order_line.tax_ids = self.tax_20
        order.oms_hold_ids.action_release()
        self.assertEqual((order.state, self._holds(order)), ("draft", ["total"]))
        self.assertIn("24.00", order.oms_hold_reason)
        order.oms_hold_ids.filtered("is_open").action_release()
        self.assertEqual(order.state, "sale")

    def test_a_difference_that_was_accepted_is_not_asked_again_in_any_language(self):
        """In France 24,00 is written with a comma: what was accepted must not hang on how the sentence spells it."""
        self.env["res.lang"]._activate_lang("fr_FR")
        doc = self._doc(lines=(self._line(sku="NOBODY-KNOWS", rate="5.5"),))
        order = self._apply(doc)[0][0].with_context(lang="fr_FR")
        order.order_line.product_id = self.product_standard
        order.order_line.tax_ids = self.tax_20
        order.oms_hold_ids.action_release()
        order.oms_hold_ids.filtered("is_open").action_release()
        self.assertEqual((order.state, self._holds(order)), ("sale", []))

    def test_another_difference_than_the_accepted_one_is_asked(self):
        doc = self._doc(lines=(self._line(sku="NOBODY-KNOWS", rate="5.5"),))
        order = self._apply(doc)[0][0]
        self.channel.auto_release = False
        order.order_line.write({"product_id": self.product_standard.id, "tax_ids": self.tax_20.ids})
        order.oms_hold_ids.action_release()
        order.oms_hold_ids.filtered("is_open").action_release()
        order.order_line.price_unit = 4
        order._oms_release_clean()
        self.assertEqual(self._holds(order), ["total"])

    def test_a_held_quotation_can_be_called_off(self):
        doc = self._doc(status="awaiting_payment", payments=())
        order = self._apply(doc)[0][0]
        self._apply(later(doc, status="cancelled"))
        self.assertEqual((order.state, self._holds(order)), ("cancel", []))

    def test_an_order_that_the_channel_called_off_and_takes_up_again_goes_on(self):
        """A card is declined (failed), the customer pays with another one (processing): that order must not be lost."""
        doc = self._doc(status="awaiting_payment", payments=())
        order = self._apply(doc)[0][0]
        self._apply(later(doc, 5, status="cancelled", channel_status="failed"))
        self.assertEqual(order.state, "cancel")
        paid = later(doc, 10, status="open", channel_status="processing", payments=(self._payment(doc.total),))
        self._apply(paid)
        self.assertEqual((order.state, self._holds(order)), ("sale", []))
        self.assertEqual(order.amount_total, float(doc.total))
        self.assertEqual(order.date_order, MOMENT.replace(tzinfo=None))
        self._ship(order)
        self.assertEqual(order.oms_status, "shipped")

    def test_a_confirmed_order_that_was_deleted_and_restored_goes_on(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        first = order.picking_ids
        worker = self.channel._as_worker()
        worker.env["sale.order"]._oms_apply_cancellations(worker, [CancelDoc(doc.external_id)])
        self._apply(later(doc))
        self.assertEqual(order.state, "sale")
        self.assertEqual((first.state, order.picking_ids.state), ("cancel", "assigned"))

    def test_an_order_that_was_cancelled_here_stays_so(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        order.action_cancel()
        self._apply(later(doc, note="more"))
        self.assertEqual(order.state, "cancel")

    def test_a_quotation_that_becomes_a_checkout_again_is_not_shipped(self):
        doc = self._doc(status="awaiting_payment", payments=())
        order = self._apply(doc)[0][0]
        self._apply(later(doc, status="draft"))
        self.assertEqual((order.state, self._holds(order)), ("draft", ["payment"]))


class TestMoney(OmsCommon):
    """Order total = channel total, to the cent, or a hold."""

    def assertExact(self, order, doc):
        self.assertEqual(order.amount_total, float(doc.total))
        self.assertEqual(order.amount_tax, float(sum(line.tax_total for line in doc.lines)))
        self.assertNotIn("total", self._holds(order))

    def test_a_tax_that_odoo_would_compute_otherwise_is_kept(self):
        line = self._line(total="10.00", taxes=(self._tax(20, "2.01"),))
        doc = self._doc(lines=(line,))
        order = self._apply(doc)[0][0]
        self.assertExact(order, doc)
        self.assertEqual(order.amount_total, 12.01)
        order.order_line.extra_tax_data = False
        order.order_line._compute_amount()
        order._compute_amounts()
        self.assertEqual(order.amount_total, 12.00, "without the pin Odoo computes, or this test shows nothing")

    def test_cents_that_a_shop_rounded_over_the_whole_order_are_kept(self):
        """0.13 at 20 % is 0.026: three lines are 0.09 if each is rounded, 0.08 if their sum is."""
        taxes = [(self._tax(20, cents),) for cents in ("0.03", "0.03", "0.02")]
        doc = self._doc(lines=tuple(self._line(total="0.13", taxes=tax) for tax in taxes))
        order = self._apply(doc)[0][0]
        self.assertExact(order, doc)
        self.assertEqual(order.amount_tax, 0.08)

    def test_a_price_that_is_no_multiple_of_a_cent_comes_out_right(self):
        doc = self._doc(lines=(self._line(quantity=3, total="10.00"), self._line("AVG", 7, "9.99", None)))
        order = self._apply(doc)[0][0]
        self.assertExact(order, doc)
        self.assertEqual(order.order_line.mapped("price_subtotal"), [10.00, 9.99])

    def test_bolts_at_a_fraction_of_a_cent_come_out_right(self):
        doc = self._doc(lines=(self._line(quantity=5000, total="12.35", taxes=(self._tax(20, "2.47"),)),))
        self.assertExact(self._apply(doc)[0][0], doc)

    def test_a_tax_included_in_the_price_comes_out_the_same(self):
        self.tax_20.price_include_override = "tax_included"
        doc = self._doc(lines=(self._line(quantity=3, total="10.00", taxes=(self._tax(20, "2.01"),)),))
        order = self._apply(doc)[0][0]
        self.assertExact(order, doc)
        self.assertEqual(order.order_line.price_subtotal, 10.00)

    def test_two_taxes_on_one_line_are_both_kept(self):
        taxes = (self._tax(20, "2.01"), self._tax(5.5, "0.54"))
        doc = self._doc(lines=(self._line(total="10.00", taxes=taxes),))
        order = self._apply(doc)[0][0]
        self.assertExact(order, doc)
        self.assertEqual(order.order_line.tax_ids, self.tax_20 | self.tax_55)

    def test_the_same_rate_twice_on_one_line_adds_up(self):
        taxes = (self._tax(20, "2.01"), self._tax(20, "0.54"))
        doc = self._doc(lines=(self._line(total="10.00", taxes=taxes),))
        self.assertExact(self._apply(doc)[0][0], doc)

    def test_what_is_charged_beside_goods_is_taxed_as_charged(self):
        extras = [
            self._line("", 1, total, kind=kind)
            for kind, total in (("shipping", "4.99"), ("fee", "1.01"), ("discount", "-3.33"), ("tip", "0.50"))
        ]
        doc = self._doc(lines=(self._line(), *extras))
        order = self._apply(doc)[0][0]
        self.assertExact(order, doc)
        self.assertEqual(order.order_line.mapped("oms_kind"), ["product", "shipping", "fee", "discount", "tip"])

    def test_a_free_order_is_delivered_like_any_other(self):
        order = self._order(("STD", 1, "0.00", None))
        self.assertEqual((order.state, order.amount_total, self._holds(order)), ("sale", 0.0, []))
        self.assertFalse(order.transaction_ids)
        self._ship(order)
        self.assertEqual(order.oms_status, "shipped")

    def test_a_free_line_beside_a_paid_one_stays_free(self):
        doc = self._doc(lines=(self._line(), self._line("AVG", 2, "0.00", 20)))
        order = self._apply(doc)[0][0]
        self.assertExact(order, doc)
        self.assertEqual(order.order_line[1].price_unit, 0.0)

    def test_the_price_stays_when_the_quantity_is_changed_later(self):
        """List price 20; sold at 16.50. Changing the quantity must not reprice what a customer has agreed to."""
        order = self._order(("STD", 2, "33.00", 20), status="awaiting_payment", payments=())
        confirmed = self._order(("STD", 2, "33.00", 20))
        for subject in (order, confirmed):
            with self.subTest(state=subject.state):
                subject.order_line.product_uom_qty = 3
                self.assertEqual(subject.order_line.price_unit, 16.50)
                self.assertEqual(subject.order_line.price_subtotal, 49.50)
                self.assertEqual(subject.order_line.discount, 0.0)

    def test_a_free_line_is_not_repriced_either(self):
        order = self._order(("STD", 1, "0.00", None), status="awaiting_payment")
        order.order_line.product_uom_qty = 2
        self.assertEqual(order.order_line.price_unit, 0.0)

    def test_a_discount_is_shown_and_not_taken_off_twice(self):
        doc = self._doc(lines=(self._line(total="20.00", subtotal=Decimal("25.00")),))
        order = self._apply(doc)[0][0]
        self.assertEqual(order.order_line.oms_discount_amount, 5.0)
        self.assertEqual(order.order_line.discount, 0.0)
        self.assertExact(order, doc)

    def test_a_foreign_currency_is_the_orders_own(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        doc = self._doc(currency="USD", lines=(self._line(total="10.00", taxes=(self._tax(20, "2.01"),)),))
        order = self._apply(doc)[0][0]
        self.assertEqual(order.currency_id, usd)
        self.assertExact(order, doc)
        self.assertEqual(order.transaction_ids.currency_id, usd)
        again = self._apply(self._doc(currency="USD"))[0][0]
        self.assertEqual(again.pricelist_id, order.pricelist_id, "one price list a currency will do")

    def test_a_currency_without_decimals_comes_out_right(self):
        yen = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "JPY")])
        yen.active = True
        doc = self._doc(currency="JPY", lines=(self._line(quantity=3, total="1000", taxes=(self._tax(20, "201"),)),))
        order = self._apply(doc)[0][0]
        self.assertEqual(order.currency_id, yen)
        self.assertExact(order, doc)

    def test_a_currency_that_is_not_in_use_is_a_dead_letter_with_a_sentence(self):
        self.env.ref("base.CHF").active = False
        for code in ("CHF", "XXX"):
            with self.subTest(code=code):
                message = self._receive(self._doc(currency=code))
                message._process()
                self.assertEqual(message.state, "dead")
                self.assertIn(code, message.error)
                self.assertIn("Currencies", message.error)

    def test_a_total_that_the_lines_do_not_reach_is_a_hold_that_names_both_numbers(self):
        doc = self._doc(total="99.99")
        order = self._apply(doc)[0][0]
        self.assertEqual((order.state, self._holds(order)), ("draft", ["total"]))
        self.assertIn("99.99", order.oms_hold_reason)
        self.assertIn("24.00", order.oms_hold_reason)

    def test_random_orders_come_to_what_the_channel_charged(self):
        """Sixty shopping baskets with awkward cents, rates, quantities and taxes that are off by a cent."""
        dice = random.Random(20260302)
        docs = [self._random_doc(dice) for _number in range(60)]
        for (order, _state, _text), doc in zip(self._apply(*docs), docs, strict=True):
            with self.subTest(number=doc.number):
                self.assertExact(order, doc)

    def _random_doc(self, dice):
        lines = []
        for _number in range(dice.randint(1, 5)):
            kind = dice.choices(("product", "shipping", "fee", "tip"), (6, 1, 1, 1))[0]
            quantity = Decimal(dice.choice(("1", "2", "3", "7", "11", "1.5", "0.25"))) if kind == "product" else 1
            total = Decimal(dice.randint(0, 30_000)) / 100
            taxes = tuple(
                self._tax(
                    rate, max(ZERO, round_to(total * Decimal(str(rate)) / 100, CENT) + dice.randint(-1, 1) * CENT)
                )
                for rate in dice.choice(((), (20,), (5.5,), (20, 5.5)))
            )
            sku = dice.choice(("STD", "AVG", "FIFO")) if kind == "product" else ""
            lines.append(self._line(sku, quantity, total, kind=kind, taxes=taxes))
        if dice.random() < 0.5:
            discount = -Decimal(dice.randint(1, 500)) / 100
            tax = self._tax(20, round_to(discount / 5, CENT))
            lines.append(self._line("", 1, discount, kind="discount", taxes=(tax,)))
        return self._doc(lines=tuple(lines))


class TestHolds(OmsCommon):
    def test_several_holds_stand_at_once_and_each_is_released_by_name(self):
        order = self._order(("NOPE", 1, "20.00", 20), status="awaiting_payment", payments=())
        self.assertEqual(self._holds(order), ["payment", "product"])
        order.oms_hold_ids.filtered(lambda hold: hold.kind == "payment").action_release()
        self.assertEqual((order.state, self._holds(order)), ("draft", ["product"]))
        released = order.oms_hold_ids - order.oms_open_hold_ids
        self.assertTrue(released.released_at)
        self.assertEqual(released.released_by_id, self.env.user)
        self.assertEqual(order.oms_status, "held")

    def test_releasing_the_last_hold_confirms_the_order(self):
        order = self._order(status="awaiting_payment", payments=())
        order.oms_hold_ids.action_release()
        self.assertEqual(order.state, "sale")

    def test_a_channel_that_does_not_release_by_itself_leaves_orders_to_a_person(self):
        self.channel.auto_release = False
        order = self._order()
        self.assertEqual((order.state, self._holds(order)), ("draft", []))
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.date_order, MOMENT.replace(tzinfo=None))

    def test_a_held_order_cannot_be_confirmed(self):
        order = self._order(status="awaiting_payment", payments=())
        with self.assertRaisesRegex(UserError, "has not received the money"):
            order.action_confirm()
        self.assertEqual(order.state, "draft")

    def test_the_goods_of_a_held_order_do_not_leave(self):
        order = self._order()
        order.action_oms_hold()
        with self.assertRaisesRegex(UserError, "is on hold"):
            order.picking_ids.button_validate()
        order.action_oms_release()
        self._ship(order)
        self.assertEqual(order.oms_status, "shipped")

    def test_a_hold_cannot_be_deleted(self):
        order = self._order(status="awaiting_payment", payments=())
        with self.assertRaisesRegex(UserError, "history"):
            order.oms_hold_ids.unlink()

    def test_the_same_reason_twice_is_one_hold(self):
        order = self._order()
        self.assertEqual(order._oms_hold("manual", "Wait."), order._oms_hold("manual", "Wait."))
        self.assertEqual(len(order.oms_hold_ids), 1)
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.env["oms.hold"].create({"order_id": order.id, "kind": "manual", "reason": "Wait."})

    def test_a_reason_that_was_released_can_come_back(self):
        order = self._order()
        first = order._oms_hold("manual", "Wait.")
        first.action_release()
        self.assertNotEqual(order._oms_hold("manual", "Wait."), first)
        self.assertTrue(order.oms_on_hold)

    def test_two_lines_with_the_same_problem_are_one_hold(self):
        order = self._order(("NOPE", 1, "20.00", 20), ("NOPE", 1, "20.00", 20))
        self.assertEqual(self._holds(order), ["product"])

    def test_held_orders_can_be_searched(self):
        held, free = self._order(status="awaiting_payment", payments=()), self._order()
        both = held | free
        for domain, found in ((("oms_on_hold", "=", True), held), (("oms_on_hold", "=", False), free)):
            self.assertEqual(self.env["sale.order"].search([domain, ("id", "in", both.ids)]), found)
        for domain, found in (
            (("is_open", "=", True), held.oms_hold_ids),
            (("is_open", "=", False), free.oms_hold_ids),
        ):
            self.assertEqual(self.env["oms.hold"].search([domain, ("order_id", "in", both.ids)]), found)

    def test_a_delivery_that_is_given_up_stops_its_order(self):
        """Only where no spoke finds another place; that one may answer otherwise."""
        order = self._order()
        order.picking_ids._oms_on_unfulfillable(order.picking_ids.move_ids)
        self.assertTrue(order.oms_hold_ids or "oms_routing" in self.env.registry._init_modules)

    def test_a_bad_quantity_is_a_hold(self):
        order = self._order(("STD", 0, "20.00", 20))
        self.assertIn("quantity", self._holds(order))
        order = self._order(("STD", 100_001, "20.00", 20))
        self.assertEqual(self._holds(order), ["quantity"])

    def test_a_status_that_is_not_known_does_not_hide_a_refund(self):
        self._nobody_books_refunds()
        order = self._order(
            status="on_hold",
            channel_status="await-engraving",
            parse_problems=(Problem("unknown_status", "The status “await-engraving” is the shop's own."),),
            refunds=(RefundDoc("r1", Decimal("5.00")),),
        )
        self.assertEqual(self._holds(order), ["channel", "refund"])

    def test_what_the_shop_calls_its_own_status_waits_for_a_person(self):
        order = self._order(status="on_hold", channel_status="await-engraving")
        self.assertEqual(self._holds(order), ["channel"])
        self.assertIn("await-engraving", order.oms_hold_reason)


class TestCorrections(OmsCommon):
    """A hold over something that can be corrected: correct it, check again, and the order goes on."""

    def _held(self, **values):
        message = self._receive(self._doc(**values))
        message._process()
        self.assertEqual(message.state, "done")
        return self.env["sale.order"].browse(message.res_id)

    def test_an_unknown_product_that_is_then_created(self):
        order = self._held(lines=(self._line("NEW", 2, "40.00"),))
        self.assertEqual((order.state, self._holds(order)), ("draft", ["product"]))
        self.assertIn("NEW", order.oms_hold_reason)
        self.assertEqual(order.amount_total, 48.00)
        product = self._create_product("NEW")
        order.action_oms_check_again()
        self.assertEqual((order.state, self._holds(order)), ("sale", []))
        self.assertEqual(order.order_line.product_id, product)
        self.assertEqual(order.amount_total, 48.00)

    def test_a_clerk_may_check_again(self):
        order = self._held(lines=(self._line("NEW", 2, "40.00"),))
        self._create_product("NEW")
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        order.with_user(clerk).action_oms_check_again()
        self.assertEqual(order.state, "sale")

    def test_a_sku_that_two_products_have_is_not_guessed(self):
        product = self._create_product("TWICE")
        other = self._create_product("TWICE")
        order = self._held(lines=(self._line("TWICE"),))
        self.assertEqual(self._holds(order), ["product"])
        other.active = False
        order.action_oms_check_again()
        self.assertEqual((order.state, order.order_line.product_id), ("sale", product))

    def test_a_line_without_a_sku_waits_for_a_person(self):
        order = self._held(lines=(self._line(""),))
        self.assertEqual(self._holds(order), ["product"])
        self.assertIn("without a SKU", order.oms_hold_reason)

    def test_goods_of_another_company_are_not_taken(self):
        company = self.env["res.company"].create({"name": "Another"})
        self._create_product("THEIRS").company_id = company
        self.assertEqual(self._holds(self._held(lines=(self._line("THEIRS"),))), ["product"])

    def test_an_unknown_tax_that_is_then_created(self):
        order = self._held(lines=(self._line(total="10.00", rate=19),))
        self.assertEqual((order.state, self._holds(order)), ("draft", ["tax", "total"]))
        self.assertIn("19", order.oms_hold_reason)
        tax = self._create_tax(19)
        order.action_oms_check_again()
        self.assertEqual((order.state, self._holds(order)), ("sale", []))
        self.assertEqual((order.amount_total, order.order_line.tax_ids), (11.90, tax))

    def test_a_tax_of_nothing_is_no_problem(self):
        order = self._held(lines=(self._line(taxes=(self._tax(0, "0.00"),)),))
        self.assertEqual((order.state, self._holds(order)), ("sale", []))

    def test_without_an_address_nothing_is_sent(self):
        order = self._held(shipping=AddressDoc(email="nowhere@example.com"))
        self.assertEqual((order.state, self._holds(order)), ("draft", ["address"]))

    def test_services_need_no_address(self):
        lines = (self._line("", 1, "5.00", kind="fee"),)
        order = self._held(lines=lines, shipping=AddressDoc(email="nowhere@example.com"))
        self.assertEqual((order.state, order.oms_status), ("sale", "done"))

    def test_an_unknown_country_waits_for_a_person_who_corrects_it(self):
        order = self._held(shipping=self._address(country_code="ZZ"))
        self.assertEqual((order.state, self._holds(order)), ("draft", ["address"]))
        self.assertIn("ZZ", order.oms_hold_reason)
        order.partner_shipping_id.country_id = self.country
        order.oms_hold_ids.action_release()
        self.assertEqual(order.state, "sale")

    def test_checking_again_keeps_an_address_that_a_person_corrected(self):
        """Two things were wrong: the address was corrected on the order, then the product was created."""
        for shipping in (AddressDoc(email="nowhere@example.com"), self._address(country_code="ZZ")):
            with self.subTest(shipping=shipping):
                sku = f"NEW-{next(self._numbers)}"
                order = self._held(lines=(self._line(sku),), shipping=shipping)
                self.assertEqual(self._holds(order), ["address", "product"])
                order.partner_shipping_id = right = self.env["res.partner"].create(
                    {
                        "name": "Right place",
                        "street": "9 rue du Bac",
                        "zip": "75007",
                        "city": "Paris",
                        "country_id": self.country.id,
                    }
                )
                self._create_product(sku)
                order.action_oms_check_again()
                self.assertEqual(order.partner_shipping_id, right)
                self.assertEqual((order.state, self._holds(order)), ("sale", []))

    def test_only_a_quotation_of_a_channel_can_be_checked_again(self):
        by_hand = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Walk-in"}).id,
                "order_line": [Command.create({"product_id": self.product_standard.id})],
            }
        )
        for order in (by_hand, self._held()):
            with self.assertRaises(UserError):
                order.action_oms_check_again()
