from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from odoo.addons.oms_channels.domain.adapter import Retry
from odoo.addons.oms_channels.domain.envelope import open_sealed
from odoo.addons.oms_channels.domain.outgoing import Result
from odoo.addons.oms_channels.platforms import PLATFORMS

from .common import ChannelsCommon


class Shop:
    """A client that remembers what it was told, and can lose its answers."""

    def __init__(self):
        self.told, self.answers, self.asked_for = [], [], []

    def _tell(self, kind, document, repeat):
        answer = self.answers.pop(0) if self.answers else Result("ok", reference=f"{kind}/{len(self.told)}")
        lost = isinstance(answer, Exception)
        if not any(known == document for _kind, known, _repeat in self.told) or not repeat:
            self.told.append((kind, document, repeat))
        if lost:
            raise answer
        return answer

    def ship(self, parcel, repeat=False):
        return self._tell("parcel", parcel, repeat)

    def cancel(self, cancellation, repeat=False):
        return self._tell("cancellation", cancellation, repeat)

    def refund(self, refund, repeat=False):
        return self._tell("refund", refund, repeat)

    def outcomes(self, references):
        self.asked_for += references
        return [self.answers.pop(0)]


class TestOutbox(ChannelsCommon):
    """CAP-13, FUL-07: shipments, cancellations and refunds are told to the channel, once, whatever happens on the way."""

    def setUp(self):
        super().setUp()
        self.shop = Shop()
        adapter = replace(PLATFORMS["woocommerce"], client=lambda **_values: self.shop)
        self.enterContext(patch.dict(PLATFORMS, {"woocommerce": adapter}))
        self.shop_channel.write({"api_url": "https://shop.example", "api_key": "k", "api_secret": "s"})

    def _sold(self, *lines, **values):
        values["lines"] = tuple(self._line(*line) for line in lines)
        return self._apply(self._doc(**values), channel=self.shop_channel)[0][0]

    def _out(self):
        return self._messages().filtered(lambda message: message.direction == "out")

    def _send(self):
        self._out().write({"next_attempt_at": fields.Datetime.now() - timedelta(seconds=1)})
        self.shop_channel.ask_again_at = False
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_outbox").method_direct_trigger()
        self.env.invalidate_all()

    def _parcels(self):
        return [open_sealed("parcel", message._get_body()) for message in self._out()]

    # ------------------------------------------------------------------------------------------------------- PARCELS

    def test_a_parcel_that_leaves_is_told_with_its_lines(self):
        order = self._sold(("STD", 2))
        picking = self._ship(order)
        [parcel] = self._parcels()
        self.assertEqual(parcel.order_ref, order.oms_external_id)
        self.assertEqual(
            [(item.line_ref, item.quantity) for item in parcel.items], [(order.order_line.oms_external_id, 2)]
        )
        self.assertTrue(parcel.last)
        self.assertEqual(picking.oms_told_state, "waiting")
        self._send()
        self.assertEqual([(kind, repeat) for kind, _parcel, repeat in self.shop.told], [("parcel", False)])
        self.assertEqual((self._out().state, self._out().reference), ("done", "parcel/0"))
        self.assertEqual(picking.oms_told_state, "told")

    def test_each_parcel_is_told_with_what_is_in_it_and_the_last_one_says_so(self):
        order = self._sold(("STD", 3))
        self._ship(order, {self.product_standard: 1})
        self._ship(order)
        first, second = self._parcels()
        self.assertEqual([parcel.items[0].quantity for parcel in (first, second)], [1, 2])
        self.assertEqual([parcel.number for parcel in (first, second)], [1, 2])
        self.assertEqual([parcel.last for parcel in (first, second)], [False, True])

    def test_a_tracking_number_that_comes_later_corrects_the_same_parcel(self):
        order = self._sold(("STD", 1))
        picking = self._ship(order)
        self._send()
        picking.carrier_tracking_ref = "6A123"
        self.assertEqual([parcel.tracking_number for parcel in self._parcels()], ["", "6A123"])
        self.assertEqual(len({parcel.key for parcel in self._parcels()}), 1)
        self.assertEqual({parcel.number for parcel in self._parcels()}, {1})
        picking.carrier_tracking_ref = "6A123"
        self.assertEqual(len(self._out()), 2)

    def test_a_tracking_number_of_what_has_not_left_or_comes_back_is_no_parcel(self):
        self.warehouse.delivery_steps = "pick_ship"
        order = self._sold(("STD", 1))
        pick = order.picking_ids
        pick.move_ids.picked = True
        pick.button_validate()
        pick.carrier_tracking_ref = "IN-THE-HOUSE"
        self.assertEqual((pick.picking_type_code, pick.state, self._parcels()), ("internal", "done", []))
        delivery = self._ship(order)
        asked = {"active_id": delivery.id, "active_ids": delivery.ids, "active_model": "stock.picking"}
        wizard = self.env["stock.return.picking"].with_context(**asked).create({})
        wizard.product_return_moves.quantity = 1
        back = self.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
        back.move_ids.picked = True
        back.button_validate()
        back._oms_add_tracking_number("COMES-BACK")
        self.assertEqual((back.state, back.oms_channel_id), ("done", self.shop_channel))
        self.assertEqual([parcel.key for parcel in self._parcels()], [f"{delivery.id}-0"])

    def test_a_channel_worked_by_hand_is_told_nothing(self):
        self._ship(self._order(("STD", 1)))
        self.assertFalse(self.env["oms.message"].search([("direction", "=", "out"), ("kind", "=", "parcel")]))

    # ------------------------------------------------------------------------------------------------- NOTHING TWICE

    def test_a_lost_answer_is_asked_for_and_not_told_twice(self):
        self._ship(self._sold(("STD", 1)))
        self.shop.answers = [Retry("no answer")]
        self._send()
        self.assertEqual((self._out().state, self._out().attempts), ("retry", 0))
        self._send()
        self.assertEqual(len(self.shop.told), 1)
        self.assertEqual(self._out().state, "done")

    def test_a_job_that_was_killed_after_it_told_knows_that_it_may_have(self):
        self._ship(self._sold(("STD", 1)))
        self._out().sent_at = fields.Datetime.now()
        self._send()
        self.assertEqual([repeat for _kind, _parcel, repeat in self.shop.told], [True])

    def test_an_answer_that_meets_another_worker_is_settled_again_and_keeps_no_other_waiting(self):
        first, second = (self._ship(self._sold(("STD", 1))) for _number in range(2))
        settle, met = type(self._out())._settle_sent, []

        def meet(message, result):
            if not met:
                met.append(message)
                self.env.cr.execute("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40001'; END $$")
            return settle(message, result)

        with patch.object(type(self._out()), "_settle_sent", meet):
            self._send()
        self.assertEqual(self._out().mapped("state"), ["retry", "done"])
        self.assertEqual((first.oms_told_state, second.oms_told_state), ("waiting", "told"))
        self._send()
        self.assertEqual(set(self._out().mapped("state")), {"done"})
        self.assertEqual(len({parcel.key for _kind, parcel, _repeat in self.shop.told}), 2)
        self.assertEqual([repeat for _kind, _parcel, repeat in self.shop.told], [False, False])

    def test_a_channel_that_is_down_keeps_all_that_waits_for_it(self):
        for _number in range(3):
            self._ship(self._sold(("STD", 1)))
        self.shop.answers = [Retry("down")]
        self._send()
        self.assertEqual(len(self.shop.told), 1)
        self.assertEqual(self._out().mapped("state"), ["retry", "pending", "pending"])
        self._send()
        self.assertEqual(set(self._out().mapped("state")), {"done"})
        self.assertEqual(len({parcel.key for _kind, parcel, _repeat in self.shop.told}), 3)

    def test_what_is_refused_is_somebodys_task_and_stops_nothing_else(self):
        first, second = (self._ship(self._sold(("STD", 1))) for _number in range(2))
        self.shop.answers = [Result("refused", "The order is on hold there. Release it there.")]
        self._send()
        self.assertEqual(self._out().mapped("state"), ["dead", "done"])
        self.assertEqual((first.oms_told_state, second.oms_told_state), ("failed", "told"))
        self.assertIn("Release it there", first.activity_ids.note)
        self._out()[0].action_retry()
        self._send()
        self.assertEqual(first.oms_told_state, "told")

    def test_what_is_worked_off_there_is_asked_for_until_it_is_done(self):
        self._ship(self._sold(("STD", 1)))
        self.shop.answers = [Result("pending", reference="feed/7"), Result("pending", reference="feed/7"), Result("ok")]
        for _round in range(3):
            self._send()
        self.assertEqual((len(self.shop.told), self.shop.asked_for), (1, ["feed/7", "feed/7"]))
        self.assertEqual(self._out().state, "done")

    # --------------------------------------------------------------------------------------- CANCELLATIONS, REFUNDS

    def test_an_order_that_is_cancelled_here_is_cancelled_there(self):
        order = self._sold(("STD", 2))
        order._oms_request_cancellation("inventory", "clerk", "Nothing left")
        [message] = self._out()
        told = open_sealed(message.kind, message._get_body())
        self.assertEqual((told.order_ref, told.reason, told.items), (order.oms_external_id, "stock", ()))

    def test_one_that_is_cancelled_on_the_order_itself_too(self):
        order = self._sold(("STD", 2))
        order._action_cancel()
        self.assertEqual(self._out().mapped("kind"), ["cancellation"])

    def test_a_part_that_is_cancelled_names_its_lines(self):
        order = self._sold(("STD", 3))
        order._oms_request_cancellation("customer", "clerk", quantities={order.order_line: 2})
        [message] = self._out()
        told = open_sealed(message.kind, message._get_body())
        self.assertEqual(
            [(item.line_ref, item.quantity) for item in told.items], [(order.order_line.oms_external_id, 2)]
        )

    def test_what_the_channel_cancelled_is_not_told_back(self):
        order = self._sold(("STD", 1))
        order._oms_cancel("The customer changed their mind.")
        self.assertEqual(order.state, "cancel")
        self.assertFalse(self._out())

    def test_a_refund_is_told_as_the_channels_setting_says(self):
        order = self._sold(("STD", 2, "40.00", 20))
        self._ship(order)
        invoice = self._book(order)
        refund = invoice._reverse_moves([{"ref": "Broken"}])
        refund.action_post()
        order._oms_on_refunded(refund)
        self.assertNotIn("refund", self._out().mapped("kind"))
        self.shop_channel.refund_policy = "record"
        order._oms_on_refunded(refund)
        order._oms_on_refunded(refund)
        [message] = self._out().filtered(lambda message: message.kind == "refund")
        told = open_sealed("refund", message._get_body())
        self.assertEqual(
            (told.amount, told.currency, told.pay, told.reason), (refund.amount_total, "EUR", False, "Broken")
        )
        [item] = told.items
        self.assertEqual((item.quantity, item.amount, item.total), (2, 40, 48))

    def test_what_a_till_pays_back_the_shop_is_not_asked_to_pay(self):
        """And what the shop was asked to pay, tills are told of."""
        order = self._sold(("STD", 2, "40.00", 20))
        self._ship(order)
        self.shop_channel.refund_policy = "pay"
        invoice = self._book(order)
        at_till, by_shop = (invoice._reverse_moves([{"ref": "Broken"}]) for _each in range(2))
        (at_till | by_shop).action_post()
        order._oms_on_refunded(at_till, is_paid_here=True)
        order._oms_on_refunded(by_shop)
        messages = self._out().filtered(lambda message: message.kind == "refund").sorted("id")
        self.assertEqual([open_sealed("refund", one._get_body()).pay for one in messages], [False, True])
        self.assertEqual([order._oms_is_repaid_by_channel(note) for note in (at_till, by_shop)], [False, True])
        messages._set_state("dead", error="No")
        messages._set_state("dismissed")
        self.assertFalse(order._oms_is_repaid_by_channel(by_shop), "a person has seen to it")
