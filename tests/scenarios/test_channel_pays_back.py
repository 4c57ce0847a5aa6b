"""PAY-06, CAP-13: a refund or a return of ours that the channel knows comes back from it, and is the same one."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields

from odoo.addons.oms_channels.domain.adapter import Retry
from odoo.addons.oms_channels.domain.envelope import open_sealed
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.common import ChannelsCommon
from odoo.addons.oms_channels.tests.test_outbox import Shop
from odoo.addons.oms_core.domain.documents import RefundDoc, RefundLineDoc, ReturnDoc, ReturnLineDoc
from odoo.addons.oms_core.tests.common import MOMENT
from odoo.addons.oms_returns.tests.common import ReturnsCommon


class ReturningShop(Shop):
    def tell_return(self, step, repeat=False):
        return self._tell("return", step, repeat)


class TestChannelPaysBack(ReturnsCommon, ChannelsCommon):
    def setUp(self):
        super().setUp()
        self.shop = ReturningShop()
        adapter = PLATFORMS["woocommerce"]
        adapter = replace(
            adapter, client=lambda **_values: self.shop, capabilities=replace(adapter.capabilities, returns=True)
        )
        self.enterContext(patch.dict(PLATFORMS, {"woocommerce": adapter}))
        self.shop_channel.write({"api_url": "https://shop.example", "api_key": "k", "api_secret": "s"})
        self.shop_channel.refund_policy = "pay"
        self.doc = self._doc(lines=(self._line("STD", 3),))
        self.order = self._apply(self.doc, channel=self.shop_channel)[0][0]
        self._ship(self.order)
        self._book(self.order)

    def _out(self, kind):
        return self._messages().filtered(lambda message: message.direction == "out" and message.kind == kind)

    def _send(self):
        out = self._messages().filtered(lambda message: message.direction == "out")
        out.write({"next_attempt_at": fields.Datetime.now() - timedelta(seconds=1)})
        self.shop_channel.ask_again_at = False
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_outbox").method_direct_trigger()
        self.env.invalidate_all()

    def _tell(self, **values):
        """The shop tells the order anew."""
        self.doc = replace(self.doc, updated_at=self.doc.updated_at + timedelta(hours=1), **values)
        self._apply(self.doc, channel=self.shop_channel)
        self._book(self.order)

    def _paid_back(self, **values):
        line = RefundLineDoc(self.doc.lines[0].external_id, Decimal(1), Decimal(20), Decimal(4))
        return RefundDoc(
            **{"external_id": "77", "amount": Decimal(24), "lines": (line,), "refunded_at": MOMENT, **values}
        )

    def _assert_paid_once(self, note):
        refund = self.order.oms_channel_refund_ids
        self.assertEqual((refund.booking, refund.credit_note_id), ("matched", note))
        credits = self.order.invoice_ids.filtered(lambda move: move.move_type == "out_refund")
        self.assertEqual(credits, note)
        self.assertEqual(self._open_receivable(self.order), 0)
        entries = self.order.invoice_ids | self.order.transaction_ids.payment_id.move_id
        self.assertEqual(self._net(self.clearing_account, entries), 48)
        self.assertNothingWrong()

    def _credited(self):
        request = self._returned(self.order, 1)
        request.action_refund()
        return request.refund_ids

    def test_what_the_channel_paid_because_we_told_it_to_comes_back_and_is_booked_as_paid(self):
        note = self._credited()
        self._send()
        self._tell(refunds=(self._paid_back(external_id=self._out("refund").reference),))
        self._assert_paid_once(note)

    def test_though_the_answer_was_lost(self):
        note = self._credited()
        self.shop.answers = [Retry("the line is dead")] * len(self._messages().filtered(lambda m: m.direction == "out"))
        self._send()
        self._tell(refunds=(self._paid_back(our_key=f"refund-{note.id}"),))
        self._assert_paid_once(note)

    def test_what_the_shop_paid_before_it_was_told_is_not_told_any_more(self):
        note = self._credited()
        self._tell(refunds=(self._paid_back(),))
        self._assert_paid_once(note)
        self.assertEqual(self._out("refund").state, "ignored")
        self._send()
        self.assertNotIn("refund", [kind for kind, _document, _repeat in self.shop.told])

    def _part_paid(self, *amounts):
        """Two pieces for 48, of which so much was taken, have left and are invoiced; one comes back and is credited."""
        self.shop_channel.underpaid_policy = "go"
        payments = tuple(self._payment(amount) for amount in amounts)
        doc = self._doc(lines=(self._line("STD", 2),), payments=payments)
        self.order = self._apply(doc, channel=self.shop_channel)[0][0]
        self._ship(self.order)
        self._book(self.order)
        return self._returned(self.order, 1)

    def _is_asked(self):
        [message] = self._out("refund")
        return open_sealed("refund", message._get_body()).pay

    def test_what_is_set_off_against_an_open_invoice_is_not_paid_out(self):
        request = self._part_paid(24)
        request.action_refund()
        self.assertEqual((self._open_receivable(self.order), request.amount_to_repay), (0, 0))
        self.assertFalse(self._is_asked(), "the customer keeps one piece and has paid for one")
        self.assertFalse(self.order.activity_ids)

    def test_goodwill_that_is_set_off_against_an_open_invoice_is_not_paid_out(self):
        request = self._part_paid(24)
        request._give("goodwill", request.line_ids, Decimal(6), "A scratch")
        self.assertFalse(self._is_asked())

    def test_of_what_is_set_off_in_part_a_person_pays_back_the_rest(self):
        request = self._part_paid(40)
        request.action_refund()
        self.assertEqual(request.amount_to_repay, 16)
        self.assertFalse(self._is_asked())
        self.assertIn("16.00", self.order.activity_ids.note)

    def test_what_is_owed_in_whole_the_channel_pays(self):
        self._part_paid(48).action_refund()
        self.assertTrue(self._is_asked())

    def test_what_we_book_because_the_channel_paid_is_not_told_to_it(self):
        self._tell(refunds=(self._paid_back(),))
        self.assertFalse(self._out("refund"))

    def test_a_return_of_ours_is_told_once_and_known_by_its_name_there(self):
        request = self._return(self.order, 1)
        self._send()
        [step] = [document for kind, document, _repeat in self.shop.told if kind == "return"]
        self.assertEqual((step.step, step.order_ref), ("begun", self.order.oms_external_id))
        self.assertTrue(request.external_id)
        line = ReturnLineDoc(self.doc.lines[0].external_id, Decimal(1))
        self._tell(returns=(ReturnDoc(request.external_id, "open", (line,)),))
        self.assertEqual(self.order.oms_return_ids, request)
        request.action_cancel()
        self._send()
        steps = [document for kind, document, _repeat in self.shop.told if kind == "return"]
        self.assertEqual([(one.step, one.return_ref) for one in steps[1:]], [("cancelled", request.external_id)])

    def test_goods_come_back_to_the_place_that_the_channel_s_place_is_here(self):
        other = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC", "company_id": self.company.id})
        values = {
            "channel_id": self.shop_channel.id,
            "kind": "location",
            "external_code": "L7",
            "warehouse_id": other.id,
        }
        self.env["oms.channel.mapping"].create(values)
        line = RefundLineDoc(
            self.doc.lines[0].external_id, Decimal(1), Decimal(20), Decimal(4), goods="back", location="L7"
        )
        self._tell(refunds=(self._paid_back(lines=(line,)),))
        request = self.order.oms_channel_refund_ids.return_ids
        self.assertEqual(request.warehouse_id, other)
        self.assertEqual(request.picking_ids.picking_type_id.warehouse_id, other)
        self.assertEqual(self.product_standard.qty_available, 97, "nothing is for sale before it is here")
