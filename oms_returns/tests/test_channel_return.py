"""RET-01, CAP-13: returns that were begun on a channel are returns here, and it is told how they go on."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import RefundDoc, RefundLineDoc, ReturnDoc, ReturnLineDoc
from odoo.addons.oms_core.tests.common import MOMENT

from .common import ReturnsCommon


class TestReturnsOfTheChannel(ReturnsCommon):
    def setUp(self):
        super().setUp()
        self.doc = self._doc(lines=(self._line("STD", 3),))
        self.order = self._apply(self.doc)[0][0]
        self._ship(self.order)
        self._book(self.order)
        self.steps = steps = []

        def tell(order, step):
            steps.append((order, step))

        self.patch(type(self.order), "_oms_tell_return", tell)

    def _told(self, status="requested", quantity=1, **values):
        line = ReturnLineDoc(self.doc.lines[0].external_id, Decimal(quantity), "size_too_small", "too tight")
        return ReturnDoc(**{"external_id": "R1", "status": status, "lines": (line,), "number": "#1-R1", **values})

    def _tell(self, *returns, **values):
        self.doc = replace(
            self.doc, returns=returns, updated_at=self.doc.updated_at + timedelta(hours=1), **{"refunds": (), **values}
        )
        self._apply(self.doc)
        return self.order.oms_return_ids

    def test_what_a_customer_asks_for_there_waits_here_with_their_words(self):
        request = self._tell(self._told())
        self.assertEqual((request.state, request.origin, request.channel_state), ("draft", "channel", "requested"))
        line = request.line_ids
        self.assertEqual((line.quantity, line.reason_id), (1, self.env.ref("oms_returns.reason_size")))
        self.assertIn("too tight", request.note)

    def test_it_is_kept_once_however_often_it_is_told(self):
        self._tell(self._told())
        request = self._tell(self._told())
        self.assertEqual(len(request), 1)

    def test_what_was_agreed_to_there_is_expected_here_and_not_told_back(self):
        self._tell(self._told())
        request = self._tell(self._told("open"))
        self.assertEqual((request.state, request.channel_state, len(request.picking_ids)), ("open", "open", 1))
        self.assertFalse(self.steps)

    def test_what_we_agree_to_is_told(self):
        request = self._tell(self._told())
        request.action_authorize()
        [(order, step)] = self.steps
        self.assertEqual((order, step.step, step.external_id), (self.order, "approved", "R1"))

    def test_what_we_refuse_is_told_with_the_reason(self):
        request = self._tell(self._told())
        request.refusal = "The time is over."
        request.action_refuse()
        [(_order, step)] = self.steps
        self.assertEqual((step.step, step.note), ("refused", "The time is over."))

    def test_what_was_declined_there_is_refused_here(self):
        self._tell(self._told())
        request = self._tell(self._told("refused", note="Too late."))
        self.assertEqual((request.state, request.refusal), ("refused", "Too late."))

    def test_what_was_called_off_there_is_not_expected_any_more(self):
        self._tell(self._told("open"))
        request = self._tell()
        self.assertEqual((request.state, request.picking_ids.state), ("cancelled", "cancel"))

    def test_a_message_that_says_nothing_of_returns_ends_none(self):
        self._tell(self._told("open"))
        request = self._tell(returns_untold=True)
        self.assertEqual(request.state, "open")

    def test_what_was_called_off_after_it_came_is_a_task(self):
        request = self._tell(self._told("open"))
        request.action_receive()
        self._tell(self._told("cancelled"))
        self.assertEqual((request.state, len(request.activity_ids)), ("open", 1))

    def test_what_is_closed_there_before_it_came_is_still_expected(self):
        self._tell(self._told("open"))
        request = self._tell(self._told("closed"))
        self.assertEqual((request.stage, request.channel_state), ("expected", "closed"))

    def test_of_what_was_over_before_it_came_here_nothing_is_begun(self):
        self.assertFalse(self._tell(self._told("closed")))
        self.assertFalse(self._tell(self._told("cancelled")))

    def test_more_than_the_customer_has_is_taken_as_far_as_it_goes_and_is_one_task(self):
        request = self._tell(self._told(quantity=5))
        self._tell(self._told(quantity=5))
        self.assertEqual((request.line_ids.quantity, len(self.order.activity_ids)), (3, 1))

    def test_an_exchange_there_owes_nothing_here(self):
        request = self._tell(self._told("open", exchanges=(("Mug L", Decimal(1)),)))
        self.assertEqual((request.line_ids.outcome, request.channel_exchange), ("nothing", "1 × Mug L"))

    def test_its_refund_pays_for_it_and_makes_no_second_return(self):
        request = self._tell(self._told("open"))
        part = RefundLineDoc(self.doc.lines[0].external_id, Decimal(1), Decimal(20), Decimal(4), goods="back")
        refund = RefundDoc("r1", Decimal(24), lines=(part,), refunded_at=MOMENT)
        self._tell(self._told("closed"), refunds=(refund,))
        self._book(self.order)
        self.assertEqual(self.order.oms_return_ids, request)
        self.assertEqual((request.line_ids.quantity_refunded, request.line_ids.quantity_to_settle), (1, 0))
        self.assertEqual(self._open_receivable(self.order), 0)

    def test_a_return_that_its_refund_announced_is_known_again(self):
        part = RefundLineDoc(self.doc.lines[0].external_id, Decimal(1), Decimal(20), Decimal(4), goods="back")
        refund = RefundDoc("r1", Decimal(24), lines=(part,), refunded_at=MOMENT)
        self._tell(refunds=(refund,))
        self._book(self.order)
        expected = self.order.oms_return_ids
        self._tell(self._told("open"), refunds=(refund,))
        self.assertEqual((self.order.oms_return_ids, expected.external_id), (expected, "R1"))

    def test_one_of_ours_is_told_as_begun_and_known_by_what_the_channel_calls_it(self):
        request = self._return(self.order, 1)
        [(_order, step)] = self.steps
        line_id = self.doc.lines[0].external_id
        self.assertEqual((step.step, step.lines), ("begun", ((line_id, Decimal(1), ""),)))
        self.order._oms_on_return_told(step.key, "R9")
        self._tell(self._told("open", external_id="R9"))
        self.assertEqual((self.order.oms_return_ids, request.channel_state), (request, "open"))
