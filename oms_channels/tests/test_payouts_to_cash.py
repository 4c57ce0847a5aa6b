"""PAY-05, ACC-01: what payouts say of an order stands on its page, and each of their journal items leads to what it is about."""

from odoo.tools.safe_eval import safe_eval

from .test_settlement import SettlementCase


class TestPayoutsToCash(SettlementCase):
    def _account(self, order):
        order.invalidate_recordset()
        return order._oms_get_order_to_cash()

    def _told(self, order):
        """(what a payout said of the order, in the order told; what is settled, kept and in the bank; what is open and why)"""
        account = self._account(order)
        kinds = ("fee", "tax_kept", "postage", "adjustment", "reserve", "chargeback", "difference")
        totals = account.totals
        return (
            [(step.kind, float(step.amount)) for step in account.steps if step.kind in kinds],
            tuple(map(float, (totals.settled, totals.fees, totals.banked))),
            [(rest.cause, float(rest.amount)) for rest in account.rests],
        )

    def _arrive(self, settlement):
        self._statement_line(settlement.total, settlement.bank_reference)
        self.assertEqual(settlement.state, "reconciled")

    def _taxed(self):
        """An order of 24, of which the marketplace pays 4 of tax itself."""
        tax = self._tax(20, 4, remitted=True)
        order = self._apply(self._doc(lines=(self._line(total=20, rate=None, taxes=(tax,)),)))[0][0]
        self._ship(order)
        self._book(order)
        return order

    def test_what_a_marketplace_keeps_of_an_order_has_not_come_to_the_bank(self):
        order = self._taxed()
        settlement = self._booked(
            self._row("sale", 24, order),
            self._row("tax_collected", -4, order),
            self._row("fee", -2, order, text="Commission"),
            self._row("shipping_label", -3, order),
        )
        self._arrive(settlement)
        kept = [("fee", -2.0), ("tax_kept", -4.0), ("postage", -3.0)]
        self.assertEqual(self._told(order), (kept, (24.0, -9.0, 15.0), []))

    def test_tax_that_is_simply_not_paid_out_is_kept_too(self):
        order = self._taxed()
        self._arrive(self._booked(self._row("sale", 20, order)))
        self.assertEqual(self._told(order), ([("tax_kept", -4.0)], (24.0, -4.0, 20.0), []))

    def test_a_dispute_is_open_until_it_is_won(self):
        order = self._paid()
        self._arrive(self._booked(self._row("sale", 24, order)))
        lost = self._booked(self._row("chargeback", -24, order))
        steps, _totals, open_amounts = self._told(order)
        self.assertEqual((steps, open_amounts), ([("chargeback", -24.0)], [("disputed", -24.0)]))
        (rest,) = self._account(order).rests
        self.assertTrue(rest.asks)
        self.assertIn("Answer the dispute", rest.sentence)
        self.assertEqual((rest.document.model, rest.document.id), ("oms.settlement", lost.id))

    def test_what_is_held_back_is_open_until_it_is_released(self):
        order = self._paid()
        held = self._booked(self._row("sale", 24, order), self._row("reserve_hold", -10, order))
        self._arrive(held)
        self.assertEqual(self._told(order)[1:], ((24.0, -10.0, 14.0), [("held_back", 10.0)]))
        self._arrive(self._booked(self._row("reserve_release", 10, order)))
        self.assertEqual(self._told(order)[1:], ((24.0, 0.0, 24.0), []))

    def test_of_a_dispute_that_is_won_in_part_the_rest_is_open(self):
        order = self._paid()
        self._arrive(self._booked(self._row("sale", 24, order)))
        self._booked(self._row("chargeback", -24, order))
        self._booked(self._row("chargeback_reversal", 10, order))
        self.assertEqual(self._told(order)[2], [("disputed", -14.0)])

    def test_a_payout_of_nothing_sets_one_order_off_against_another(self):
        first, second = self._paid(), self._paid()
        self._arrive(self._booked(self._row("sale", 24, first)))
        self._booked(self._row("sale", 24, second), self._row("chargeback", -24, first))
        self.assertEqual(self._told(first)[1], (24.0, -24.0, 0.0))
        self.assertEqual(self._told(second)[1:], ((24.0, 0.0, 24.0), []))

    def test_a_payout_of_which_all_is_held_back_is_in_the_bank_with_the_one_that_releases_it(self):
        order = self._paid()
        self._booked(self._row("sale", 24, order), self._row("fee", -3, order), self._row("reserve_hold", -21))
        self.assertEqual(self._told(order)[1:], ((24.0, -3.0, 0.0), [("on_its_way", 24.0)]))
        self.assertIn("holds it back", self._account(order).rests[0].sentence)
        self._arrive(self._booked(self._row("reserve_release", 21)))
        self.assertEqual(self._told(order)[1:], ((24.0, -3.0, 21.0), []))

    def test_a_cent_that_the_channel_rounds_otherwise_is_told_and_not_open(self):
        order = self._paid()
        self._arrive(self._booked(self._row("sale", "23.99", order)))
        steps, totals, open_amounts = self._told(order)
        self.assertEqual((steps, totals, open_amounts), ([("difference", -0.01)], (24.0, 0.0, 23.99), []))
        (step,) = [step for step in self._account(order).steps if step.kind == "difference"]
        self.assertIn("rounds", step.note)

    def test_a_refund_that_nobody_booked_is_open_until_it_is(self):
        order = self._paid()
        settlement = self._booked(self._row("sale", 24, order), self._row("refund", -6, order))
        self._arrive(settlement)
        steps, _totals, open_amounts = self._told(order)
        self.assertEqual((steps, open_amounts), ([("difference", -6.0)], [("to_explain", -6.0)]))
        self._refund(order, 6, "re-1")
        settlement.action_check()
        steps, totals, _open = self._told(order)
        self.assertEqual((steps, totals), ([], (18.0, 0.0, 18.0)))

    def test_a_report_that_names_the_payment_only_says_nothing_else_of_the_order(self):
        order = self._paid()
        row = self._row("sale", 24, transaction_ref=order.transaction_ids.provider_reference)
        self._arrive(self._booked(row))
        self.assertEqual(self._told(order), ([], (24.0, 0.0, 24.0), []))

    def test_an_order_in_another_currency_than_its_payout_has_no_difference_of_its_own(self):
        self._use_dollars()
        order = self._order_of_currency("USD")
        row = self._row("sale", "19.50", order, original_amount=24, original_currency="USD")
        self._booked(row)
        steps, totals, _open = self._told(order)
        self.assertEqual((steps, totals[0]), ([], 24.0))

    def test_each_item_of_a_payout_leads_to_its_orders_or_to_the_payout(self):
        first, second, third = self._paid(24), self._paid(48), self._paid(12)
        settlement = self._booked(
            self._row("sale", 24, first),
            self._row("sale", 48, second),
            self._row("fee", -1, first, code="commission"),
            self._row("fee", -2, second, code="commission"),
            self._row("fee", -3, first, code="listing"),
            self._row("chargeback", -12, third),
        )

        def opened(item):
            action = item.with_user(self.accountant).action_oms_order_to_cash()
            ids = [action["res_id"]] if action.get("res_id") else action["domain"][0][2]
            return self.env[action["res_model"]].browse(ids)

        items = settlement.move_id.line_ids
        cleared = items.filtered(lambda item: item.account_id == self.clearing_account)
        self.assertEqual(self.env["sale.order"].union(*map(opened, cleared)), first | second)
        (on_its_way,) = items.filtered(lambda item: item.account_id == self._role("in_transit"))
        self.assertEqual(opened(on_its_way), settlement)
        by_cause = {(item.oms_cause, item.name): opened(item) for item in items - cleared - on_its_way}
        self.assertEqual(by_cause.pop(("fee", "Fee: commission")), first | second)
        self.assertEqual(by_cause.pop(("fee", "Fee: listing")), first)
        self.assertEqual(
            [(cause, *orders.ids) for (cause, _name), orders in by_cause.items()], [("chargeback", third.id)]
        )
        self.assertEqual(settlement.move_id.action_oms_order_to_cash()["res_id"], settlement.id)
        arrived = self._statement_line(settlement.total, settlement.bank_reference)
        self.assertEqual({opened(item) for item in arrived.move_id.line_ids}, {settlement})

    def test_the_entry_of_a_payout_and_that_of_the_bank_have_a_button_that_opens_it(self):
        order = self._paid(24)
        settlement = self._booked(self._row("sale", 24, order), self._row("fee", -1, order, code="commission"))
        arrived = self._statement_line(settlement.total, settlement.bank_reference).move_id
        other = self._statement_line(5, "Rent")
        entries = settlement.move_id | arrived | other.move_id | order.transaction_ids.payment_id.move_id
        told = entries.with_user(self.accountant)
        self.assertEqual(told.mapped("oms_has_payout"), [True, True, False, False])
        self.assertEqual(told[1].action_oms_order_to_cash()["res_id"], settlement.id)
        view = self.env["account.move"].with_user(self.accountant).get_view(self.env.ref("account.view_move_form").id)
        self.assertIn('invisible="not oms_has_payout"', view["arch"])

    def test_the_journal_items_of_channels_have_what_a_payout_booked(self):
        order = self._paid(24)
        settlement = self._booked(self._row("sale", 24, order), self._row("fee", -1, order, code="commission"))
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_journal_item_action")
        found = self.env["account.move.line"].search(safe_eval(action["domain"]))
        self.assertLessEqual(settlement.move_id.line_ids, found)
        self.assertEqual(
            sum(found.filtered(lambda item: item.account_id == self.clearing_account).mapped("balance")), 0
        )
