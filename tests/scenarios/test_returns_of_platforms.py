"""RET-01, CAP-13, PAY-06: a return that began on a platform is one return here, with its line and its reason; what we do with it
is told there once; and what the platform pays back by itself is booked by itself, to the cent."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from odoo import fields
from odoo.tests import tagged

from odoo.addons.oms_channels.tests.conformance import same_order
from odoo.addons.oms_channels.tests.conformance.same_order import Goods
from odoo.addons.oms_channels.tests.conformance.stories import STORIES, Clock, forget_tokens
from odoo.addons.oms_returns.tests.common import ReturnsCommon

THREE = (Goods(11, "STD", 3, Decimal("60.00"), (), Decimal(20)),)


class PlatformReturns(ReturnsCommon):
    platform = ""
    #: How much the platform's clock is behind, so that what happened there is old enough to be told: at least by more than all
    #: readings of a story move it, however quick the machine is. And what a reading moves it.
    behind, step_s = timedelta(minutes=1), 1

    def setUp(self):
        super().setUp()
        forget_tokens()
        clock = Clock(datetime.now(timezone.utc).replace(microsecond=0) - self.behind)
        self.story = STORIES[self.platform](clock)
        self.shop = self.story.server.start()
        self.addCleanup(self.story.server.stop)
        self.shop_channel = self._create_channel(f"R{next(self._numbers)}", platform=self.platform)
        self.ref = same_order.place(self.story, THREE)
        # It was connected long before anything happens in the story: what is older is none of its business.
        self.env.cr.execute(
            "UPDATE oms_channel SET create_date = create_date - interval '1 day' WHERE id = %s", [self.shop_channel.id]
        )
        self.shop_channel.invalidate_recordset(["create_date"])
        columns = self.story.columns()
        self.shop_channel.write(
            {**columns, "account_ref": columns.get("account_ref") or "FR 20", "refund_policy": "pay"}
        )
        self._read()
        self.order = self.env["sale.order"].search([("oms_channel_id", "=", self.shop_channel.id)])
        self._ship(self.order)
        self._book(self.order)
        self._tell()

    def _work(self, states=("done",)):
        messages = self.env["oms.message"].search(
            [("channel_id", "=", self.shop_channel.id), ("direction", "=", "in")], order="id"
        )
        messages.filtered(lambda one: one.state in ("pending", "retry"))._process()
        self.assertLessEqual(set(messages.mapped("state")), set(states), messages.mapped("error"))
        return messages

    def _read(self, **options):
        """Orders are read, and what is told apart from them; then it is worked off and booked."""
        self.story.clock.sleep(self.step_s)
        self.assertLess(self.story.now(), datetime.now(timezone.utc), "What is to come is not told by any platform.")
        self.shop_channel.ask_again_at = False
        self.shop_channel._poll()
        self.shop_channel._read_after_sale()
        self.assertFalse(self.shop_channel.poll_error)
        self.assertFalse(self.shop_channel.after_sale_error)
        messages = self._work(**options)
        for order in self.env["sale.order"].search([("oms_channel_id", "=", self.shop_channel.id)]):
            if order.state == "sale" and order.invoice_ids:
                self._book(order)
        return messages

    def _tell(self):
        """What waits for the platform is told."""
        out = self._out()
        out.filtered(lambda one: one.state in ("pending", "retry")).next_attempt_at = fields.Datetime.now() - timedelta(
            seconds=1
        )
        self.shop_channel.ask_again_at = False
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_outbox").method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(out.filtered(lambda one: one.state == "dead").mapped("error"))

    def _out(self):
        return self.env["oms.message"].search([("channel_id", "=", self.shop_channel.id), ("direction", "=", "out")])

    @property
    def request(self):
        return self.order.oms_return_ids

    def _credits(self):
        return self.order.invoice_ids.filtered(lambda move: move.move_type == "out_refund" and move.state == "posted")


@tagged("post_install", "-at_install")
class TestReturnsOfEbay(PlatformReturns):
    platform = "ebay"

    def _steps(self):
        return [(ref, what) for ref, what, _body in self.shop.return_steps]

    def test_a_return_begun_there_is_one_here_and_each_step_is_told_once(self):
        ref = self.shop.ask_back(self.ref, quantity=2, reason="WRONG_SIZE")
        self._read()
        self._read()
        self.assertEqual((len(self.request), self.request.state, self.request.external_id), (1, "draft", ref))
        line = self.request.line_ids
        self.assertEqual((line.quantity, line.reason_id), (2, self.env.ref("oms_returns.reason_size")))
        self.assertIn("it does not fit", self.request.note)
        self.request.action_authorize()
        self._tell()
        self.request.action_receive()
        self._tell()
        self.assertEqual(self._steps(), [(ref, "APPROVE"), (ref, "mark_as_received")])
        self.request.action_refund()
        self._tell()
        self.assertEqual(self._steps()[2:], [(ref, "issue_refund")])
        self.assertFalse(self.shop.refunds, "the return pays it, and not the order a second time")
        self.shop.settle_return(ref)
        self._read()
        self.assertEqual(self._credits().amount_total, 48)
        self.assertEqual(self.order.oms_channel_refund_ids.booking, "matched")
        self.assertEqual(self.request.channel_state, "closed")
        self._tell()
        self.assertEqual(len(self._steps()), 3)

    def test_what_ebay_pays_back_by_itself_is_booked_to_the_cent_and_pays_for_the_return(self):
        ref = self.shop.ask_back(self.ref)
        self._read()
        self.request.action_authorize()
        self._tell()
        self.shop.settle_return(ref)
        self._read()
        self.assertEqual((len(self.request), self._credits().amount_total), (1, 24))
        self.request.action_receive()
        self.assertEqual((self.request.line_ids.quantity_refunded, self.request.line_ids.quantity_to_settle), (1, 0))
        self.assertEqual(self._open_receivable(self.order), 0)

    def test_two_returns_of_one_line_are_two_and_a_closed_one_ends_only_itself(self):
        first = self.shop.ask_back(self.ref)
        second = self.shop.ask_back(self.ref, quantity=2)
        self._read()
        self.assertEqual(sorted(self.request.mapped("external_id")), sorted([first, second]))
        self.assertEqual(sum(self.request.line_ids.mapped("quantity")), 3)
        self.shop.returns[first] |= {"state": "CLOSED", "status": "CLOSED"}
        self._read()
        states = {one.external_id: one.state for one in self.request}
        self.assertEqual(states, {first: "cancelled", second: "draft"})

    def test_whoever_reads_orders_by_hand_reads_returns_with_them(self):
        ref = self.shop.ask_back(self.ref)
        self.shop_channel.action_poll()
        self._work()
        self.assertEqual(self.request.external_id, ref)

    def test_a_reason_that_nobody_knows_is_one_task_and_is_known_once_it_was_entered(self):
        self.shop.ask_back(self.ref, reason="BORED_OF_IT")
        self.shop.ask_back(self.ref, reason="BORED_OF_IT")
        self._read()
        tasks = self.shop_channel.activity_ids.filtered(lambda task: "BORED_OF_IT" in (task.summary or ""))
        self.assertEqual((len(tasks), self.request.line_ids.reason_id), (1, self.env["oms.return.reason"]))
        self.assertEqual(set(self.request.line_ids.mapped("comment")), {"BORED_OF_IT"})
        reason = self.env.ref("oms_returns.reason_changed_mind")
        reason.channel_codes = "tired of it, bored of it"
        third = self.shop.ask_back(self.ref, reason="BORED_OF_IT")
        self._read()
        self.assertEqual(self.request.filtered(lambda one: one.external_id == third).line_ids.reason_id, reason)

    def test_a_return_of_an_order_that_is_not_here_waits_and_says_what_to_do(self):
        other = same_order.place(self.story, THREE)
        self.shop.ask_back(other)
        del self.shop.orders[other]
        messages = self._read(states=("done", "retry"))
        [waiting] = messages.filtered(lambda one: one.state == "retry")
        self.assertIn(other, waiting.error)
        self.assertFalse(self.request)

    def test_what_was_said_before_and_comes_late_changes_nothing(self):
        ref = self.shop.ask_back(self.ref)
        self._read()
        old = self.env["oms.message"].search([("channel_id", "=", self.shop_channel.id), ("kind", "=", "return_told")])
        self.shop.returns[ref] |= {"state": "ITEM_SHIPPED", "status": "ITEM_SHIPPED"}
        self._read()
        self.assertEqual((self.request.state, self.request.channel_state), ("open", "open"))
        old._set_state("dead") if old.state == "pending" else None
        self.env["sale.order"]._oms_apply_told_returns(self.shop_channel, [self.shop_channel._parse(old)])
        self.assertEqual(self.request.channel_state, "open")

    def test_the_state_that_holds_again_is_applied_again(self):
        ref = self.shop.ask_back(self.ref)
        self._read()
        begun = dict(self.shop.returns[ref])
        self.shop.returns[ref] |= {"state": "CLOSED", "status": "CLOSED"}
        self._read()
        self.assertEqual(self.request.channel_state, "cancelled")
        self.shop.returns[ref] = begun
        messages = self._read().filtered(lambda one: one.kind == "return_told")
        self.assertEqual((len(messages), self.request.channel_state), (3, "requested"))


@tagged("post_install", "-at_install")
class TestReturnsOfMagento(PlatformReturns):
    platform = "magento"

    def test_a_return_begun_there_is_one_here_and_each_step_is_told_once(self):
        ref = self.shop.ask_back(self.ref, quantity=2)
        self._read()
        self._read()
        line = self.request.line_ids
        self.assertEqual((len(self.request), self.request.state, self.request.external_id), (1, "draft", ref))
        self.assertEqual((line.quantity, line.reason_id), (2, self.env.ref("oms_returns.reason_size")))
        self.request.action_authorize()
        self._tell()
        self.request.action_receive()
        self._tell()
        row = self.shop.returns[int(ref)]
        self.assertEqual(
            [(told["status"], told["items"][0]["qty_returned"]) for told in self.shop.return_saves],
            [("authorized", None), ("received", 2)],
        )
        self.assertEqual((row["status"], row["items"][0]["qty_authorized"]), ("received", 2))
        self.request.action_refund()
        self._tell()
        self.assertEqual([memo["items"][0]["qty"] for memo in self.shop.creditmemos], [2])
        self._read()
        self.assertEqual((self._credits().amount_total, len(self.request)), (48, 1))
        self.assertEqual(self.order.oms_channel_refund_ids.booking, "matched")

    def test_what_is_refused_here_is_denied_there_with_the_reason(self):
        ref = self.shop.ask_back(self.ref)
        self._read()
        self.request.refusal = "The seal is broken."
        self.request.action_refuse()
        self._tell()
        row = self.shop.returns[int(ref)]
        self.assertEqual(
            (row["status"], [one["comment"] for one in row["comments"]]), ("denied", ["The seal is broken."])
        )

    def test_a_return_that_was_deleted_there_is_not_expected_any_more(self):
        ref = self.shop.ask_back(self.ref)
        self._read()
        self.request.action_authorize()
        self._tell()
        del self.shop.returns[int(ref)]
        self._read()
        self._read()
        self.assertEqual((self.request.state, self.request.channel_state), ("cancelled", "cancelled"))

    def test_a_credit_memo_of_the_shop_is_booked_to_the_cent_and_pays_for_the_return(self):
        self.shop.ask_back(self.ref)
        self._read()
        self.request.action_authorize()
        self._tell()
        self.request.action_receive()
        self._tell()
        body = {"items": [{"order_item_id": 11, "qty": 1}], "arguments": {"shipping_amount": 0}}
        self.shop._refund(self.shop.orders[int(self.ref)], body, None)
        self._read()
        self.assertEqual((len(self.request), self._credits().amount_total), (1, 24))
        self.assertEqual(self.request.line_ids.quantity_to_settle, 0)

    def test_a_label_that_nobody_knows_is_one_task(self):
        self.shop.ask_back(self.ref, reason="77")
        self._read()
        tasks = self.shop_channel.activity_ids.filtered(lambda task: "Smells odd" in (task.summary or ""))
        self.assertEqual((len(tasks), len(self.request)), (1, 1))

    def test_open_source_has_no_returns_and_that_is_no_error(self):
        self.shop.returns = None
        self._read()
        self.assertFalse(self.shop_channel.after_sale_error or self._tasks())

    def test_keys_that_do_not_permit_returns_are_one_task_and_orders_are_read_all_the_same(self):
        self.shop.denied.add("returns")
        self.shop_channel._read_after_sale()
        self.shop_channel._read_after_sale()
        self.assertIn("Magento_Rma", self.shop_channel.after_sale_error)
        self.assertEqual(len(self._tasks()), 1)
        self.assertFalse(self.shop_channel.ask_again_at, "the channel is not put to sleep for it")
        self.shop.denied.clear()
        self.shop.fail_next("down")
        self.shop_channel._read_after_sale()
        self.assertEqual(len(self._tasks()), 1, "nobody knows yet that it was put right")
        self.shop_channel.ask_again_at = False
        self._read()
        self.assertFalse(self._tasks())

    def _tasks(self):
        return self.shop_channel.activity_ids.filtered(lambda task: task.oms_subject == "after_sale")


@tagged("post_install", "-at_install")
class TestReturnsOfAmazon(PlatformReturns):
    platform = "amazon"
    behind, step_s = timedelta(hours=12), 900

    def _read_report(self):
        """Three readings: one asks for a report, the next finds it being made, the last has it."""
        for _reading in range(3):
            self._read()

    def test_a_return_of_the_report_is_one_here_with_its_line_by_the_sku(self):
        ref = self.shop.ask_back(self.ref, "STD", 2, "CR-DEFECTIVE")
        self._read_report()
        self._read_report()
        line = self.request.line_ids
        self.assertEqual((len(self.request), self.request.external_id, self.request.state), (1, ref, "open"))
        self.assertEqual(
            (line.sale_line_id.product_id.default_code, line.quantity, line.reason_id),
            ("STD", 2, self.env.ref("oms_returns.reason_defective")),
        )

    def test_a_refund_among_the_transactions_is_booked_by_itself_to_the_cent(self):
        self.shop.pay_back(self.ref, "STD", goods="20.00", tax="4.00", commission="3.12")
        self._read()
        self._read()
        self.assertEqual(self._credits().amount_total, 24)
        [refund] = self.order.oms_channel_refund_ids
        self.assertEqual((refund.line_ids.quantity, refund.amount, refund.state), (1, 24, "done"))
        self.assertEqual(self._open_receivable(self.order), 0)

    def test_a_later_state_of_the_order_does_not_take_the_refund_back(self):
        self.shop.pay_back(self.ref, "STD", goods="20.00", tax="4.00")
        self._read()
        self.shop.change(self.ref)
        self._read()
        self.assertEqual((self.order.oms_channel_refund_ids.state, self._credits().amount_total), ("done", 24))

    def test_a_refund_pays_for_the_return_that_was_told_before(self):
        self.shop.ask_back(self.ref, "STD", 1)
        self._read_report()
        self.request.action_receive()
        self.shop.pay_back(self.ref, "STD", goods="20.00", tax="4.00")
        self._read()
        self.assertEqual((len(self.request), self._credits().amount_total), (1, 24))
        self.assertEqual(self.request.line_ids.quantity_to_settle, 0)

    def test_money_that_was_held_back_is_one_refund_when_it_goes(self):
        first = self.shop.pay_back(self.ref, "STD", goods="20.00", tax="4.00", status="DEFERRED")
        self._read()
        self.shop.pay_back(self.ref, "STD", goods="20.00", tax="4.00", deferred=first)
        self._read()
        self.assertEqual((len(self.order.oms_channel_refund_ids), self._credits().amount_total), (1, 24))

    def test_an_amount_that_nobody_knows_books_nothing_and_says_what_to_do(self):
        self.shop.pay_back(self.ref, "STD", goods="20.00", tax="4.00", other=("MoonTax", "1.00"))
        messages = self._read(states=("done", "dead"))
        [dead] = messages.filtered(lambda one: one.state == "dead")
        self.assertIn("MoonTax", dead.error)
        self.assertFalse(self._credits())

    def test_what_we_have_credited_is_not_credited_again_when_amazon_tells_that_it_was_paid(self):
        self.shop.ask_back(self.ref, "STD", 1)
        self._read_report()
        self.request.action_receive()
        self.request.action_refund()
        self._tell()
        self.shop.pay_back(self.ref, "STD", goods="20.00", tax="4.00")
        self._read()
        self.assertEqual((self._credits().amount_total, len(self.order.oms_channel_refund_ids)), (24, 1))
        self.assertEqual(self.order.oms_channel_refund_ids.booking, "matched")

    def test_what_amazon_ships_itself_is_none_of_ours(self):
        self.shop.pay_back("302-1-1", "STD", goods="20.00", network="AFN")
        self._read()
        self.assertFalse(self.order.oms_channel_refund_ids)


@tagged("post_install", "-at_install")
class TestReturnsOfShopify(PlatformReturns):
    """Its returns come with their orders; here is what is told of their goods."""

    platform = "shopify"

    def _line(self):
        return self.shop.orders[self.ref]["lineItems"]["nodes"][0]["id"]

    def _dispositions(self):
        [row] = self.shop.orders[self.ref]["returns"]["nodes"]
        lines = [one for group in row["reverseFulfillmentOrders"]["nodes"] for one in group["lineItems"]["nodes"]]
        return [(one["type"], one["quantity"]) for line in lines for one in line["dispositions"]]

    def test_what_becomes_of_the_goods_of_a_return_is_told_once(self):
        self.shop.ask_back(self.ref, {self._line(): 2})
        self.shop.change(self.ref)
        self._read()
        self.request.action_authorize()
        self._tell()
        self.request.action_receive()
        self._tell()
        self._tell()
        self.assertEqual(
            self._dispositions(), [("NOT_RESTOCKED", 2)], "no place of the shop is known for the warehouse"
        )

    def test_what_was_looked_at_is_told_as_it_was_found(self):
        location = self.shop.locations[0]["id"]
        values = {"channel_id": self.shop_channel.id, "kind": "location", "external_code": location}
        mapping = self.env["oms.channel.mapping"].search([(name, "=", value) for name, value in values.items()])
        mapping = mapping or self.env["oms.channel.mapping"].create(values)
        mapping.warehouse_id = self.order.warehouse_id
        self.shop.ask_back(self.ref, {self._line(): 3})
        self.shop.change(self.ref)
        self._read()
        self.request.action_authorize()
        self.request.line_ids.needs_inspection = True
        self.request.action_receive()
        self._tell()
        self.assertEqual(self._dispositions(), [])
        kinds = {
            kind: self.env["oms.disposition"].search([("kind", "=", kind)], limit=1) for kind in ("restock", "scrap")
        }
        for kind, quantity in (("restock", 2), ("scrap", 1)):
            line = self.request.line_ids
            line._inspect({line: {"quantity": quantity, "disposition_id": kinds[kind].id}})
        self._tell()
        self.assertEqual(self._dispositions(), [("RESTOCKED", 2), ("NOT_RESTOCKED", 1)])
