"""CAP-11, CAP-07, PAY-06: what a channel says beside the lines: taxes to compare, refunds, cancellations, tests."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import UserError

from odoo.addons.oms_core.domain.documents import RefundDoc, RefundLineDoc

from .common import MOMENT, OmsCommon


class WishCase(OmsCommon):
    def _again(self, doc, **values):
        """A newer version of a document."""
        return replace(doc, **{"updated_at": doc.updated_at + timedelta(hours=1), **values})


class TestTaxMode(WishCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Those of the chart are for a company in the States.
        positions = cls.env["account.fiscal.position"].search([("company_id", "=", cls.company.id)])
        positions.auto_apply = False

    def _captured(self, *lines, **values):
        return self._apply(self._doc(lines=lines, **values))[0][0]

    def test_a_channel_that_is_trusted_is_not_compared(self):
        order = self._captured(self._line(total="100.00", taxes=(self._tax(5.5, "5.50"),)))
        self.assertEqual((order.state, order.amount_tax), ("sale", 5.50))

    def test_a_channel_that_charges_another_rate_waits_with_both_numbers(self):
        self.channel.tax_mode = "compare"
        order = self._captured(self._line(total="100.00", taxes=(self._tax(5.5, "5.50"),)))
        self.assertEqual((self._holds(order), order.amount_tax), (["tax"], 5.50))
        for number in ("5.50", "20.00"):
            self.assertIn(number, order.oms_hold_reason)

    def test_what_rounding_explains_holds_nothing(self):
        self.channel.tax_mode = "compare"
        for included in ("tax_excluded", "tax_included"):
            self.tax_20.price_include_override = included
            for taxes in (["1.99", "2.01"], ["2.00", "2.00"], ["2.01", "2.01"]):
                with self.subTest(included=included, taxes=taxes):
                    lines = [self._line(total="10.00", taxes=(self._tax(20, tax),)) for tax in taxes]
                    self.assertFalse(self._captured(*lines).oms_hold_reason)

    def test_a_cent_more_than_rounding_explains_holds(self):
        self.channel.tax_mode = "compare"
        order = self._captured(self._line(total="10.00", taxes=(self._tax(20, "2.02"),)))
        self.assertEqual(self._holds(order), ["tax"])

    def test_no_tax_where_we_charge_one_holds(self):
        self.channel.tax_mode = "compare"
        self.assertEqual(self._holds(self._captured(self._line(total="10.00", rate=None))), ["tax"])

    def test_shipping_is_taxed_as_charged_where_nobody_set_a_tax(self):
        self.channel.tax_mode = "compare"
        shipping = self._line("", 1, "5.00", rate=5.5, kind="shipping")
        self.assertFalse(self._captured(self._line(), shipping).oms_hold_reason)

    def test_taxes_that_the_channel_pays_are_its_own_to_know(self):
        self.channel.tax_mode = "compare"
        order = self._captured(self._line(total="10.00", taxes=(self._tax(7, "0.70", remitted=True),)))
        self.assertFalse(order.oms_hold_reason)

    def test_an_order_that_is_corrected_here_goes_on(self):
        self.channel.tax_mode = "compare"
        doc = self._doc(lines=(self._line(total="100.00", taxes=(self._tax(5.5, "5.50"),)),))
        order = self._apply(doc)[0][0]
        self.product_standard.taxes_id = self.tax_55
        self._apply(self._again(doc))
        self.assertEqual(order.state, "sale")

    def test_what_a_fiscal_position_says_counts(self):
        """Exports without tax: the channel charged none, and neither would we."""
        exempt = self._create_tax(0)
        export = self.env["account.fiscal.position"].create(
            {
                "name": "Export",
                "company_id": self.company.id,
                "country_id": self.env.ref("base.ch").id,
                "auto_apply": True,
            }
        )
        exempt.write({"original_tax_ids": self.tax_20.ids, "fiscal_position_ids": export.ids})
        self.channel.tax_mode = "compare"
        abroad = self._address(country_code="CH", zip="8001", city="Zürich")
        self.assertFalse(self._captured(self._line(rate=None), billing=abroad).oms_hold_reason)
        self.assertEqual(self._holds(self._captured(self._line(rate=None))), ["tax"])

    def test_an_order_in_yen(self):
        yen = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "JPY")])
        yen.active = True
        self.channel.tax_mode = "compare"
        good = self._captured(self._line(total="1999", taxes=(self._tax(20, "400"),)), currency="JPY")
        self.assertFalse(good.oms_hold_reason)
        bad = self._captured(self._line(total="1999", taxes=(self._tax(20, "402"),)), currency="JPY")
        self.assertEqual(self._holds(bad), ["tax"])


class TestRefundsByTheChannel(WishCase):
    def setUp(self):
        super().setUp()
        self._nobody_books_refunds()

    def _refund(self, amount="12.00", **values):
        return RefundDoc(
            **{
                "external_id": "r1",
                "amount": Decimal(amount),
                "reason": "damaged",
                "refunded_at": MOMENT,
                **values,
            }
        )

    def test_a_refund_names_what_it_is_for(self):
        line = self._line(quantity=2, total="40.00")
        part = RefundLineDoc(line.external_id, Decimal(1), Decimal("20.00"), Decimal("4.00"), restock=True)
        refund = self._refund("28.90", lines=(part,), shipping=Decimal("4.90"))
        order = self._apply(self._doc(lines=(line,), refunds=(refund,)))[0][0]
        self.assertEqual(self._holds(order), ["refund"])
        self.assertIn(f"1 × {line.name}, shipping 4.90 EUR", order.oms_hold_reason)
        kept = order.oms_channel_refund_ids
        self.assertEqual((kept.state, kept.amount, kept.shipping), ("done", 28.90, 4.90))
        [of_line] = kept.line_ids
        self.assertEqual((of_line.sale_line_id, of_line.quantity, of_line.restock), (order.order_line, 1.0, True))
        self.assertEqual((of_line.amount, of_line.tax), (20.00, 4.00))

    def test_a_pending_refund_stops_nothing_and_is_told_once(self):
        doc = self._doc(refunds=(self._refund(pending=True),))
        order = self._apply(doc)[0][0]
        self.assertEqual((order.state, order.oms_hold_reason), ("sale", False))
        self._apply(self._again(doc))
        told = order.message_ids.filtered(lambda message: "about to pay back 12.00 EUR" in (message.body or ""))
        self.assertEqual((len(told), order.oms_channel_refund_ids.state), (1, "pending"))

    def test_a_pending_refund_that_is_paid_is_told_then(self):
        doc = self._doc(refunds=(self._refund(pending=True),))
        order = self._apply(doc)[0][0]
        self._apply(replace(doc, refunds=(self._refund(),), updated_at=MOMENT))
        self.assertEqual((self._holds(order), order.oms_channel_refund_ids.state), (["refund"], "done"))

    def test_a_refund_that_comes_again_is_kept_once(self):
        doc = self._doc(refunds=(self._refund(),))
        order = self._apply(doc)[0][0]
        for hour in (1, 2):
            self._apply(self._again(doc, updated_at=MOMENT + timedelta(hours=hour), note=f"edit {hour}"))
        self.assertEqual((len(order.oms_channel_refund_ids), len(order.oms_hold_ids.filtered("is_open"))), (1, 1))

    def test_a_refund_that_the_shop_deletes_is_kept_as_withdrawn(self):
        doc = self._doc(refunds=(self._refund(),))
        order = self._apply(doc)[0][0]
        self._apply(self._again(doc, refunds=()))
        self.assertEqual((order.oms_channel_refund_ids.state, order.state), ("withdrawn", "sale"))

    def test_an_older_document_takes_no_refund_back(self):
        doc = self._doc(refunds=(self._refund(),))
        order = self._apply(doc)[0][0]
        self._apply(replace(doc, refunds=(), updated_at=MOMENT - timedelta(hours=1)))
        self.assertEqual(order.oms_channel_refund_ids.state, "done")


class TestCancelRequested(WishCase):
    def test_an_order_that_the_customer_wants_cancelled_is_cancelled_before_it_starts(self):
        order = self._apply(self._doc(cancel_requested="ordered twice", payments=()))[0][0]
        self.assertEqual(order.state, "cancel")
        [request] = order.oms_cancellation_ids
        self.assertEqual((request.asked_by, request.note, request.state), ("customer", "ordered twice", "stopped"))

    def test_it_is_asked_once_and_the_order_stays_cancelled(self):
        doc = self._doc(cancel_requested="ordered twice", payments=())
        order = self._apply(doc)[0][0]
        self._apply(self._again(doc, note="seen"))
        self.assertEqual((order.state, len(order.oms_cancellation_ids)), ("cancel", 1))

    def test_a_request_stops_what_has_been_released(self):
        doc = self._doc(payments=())
        order = self._apply(doc)[0][0]
        self.assertEqual(order.state, "sale")
        self._apply(self._again(doc, cancel_requested="too slow"))
        self.assertEqual(order.state, "cancel")

    def test_a_request_that_comes_at_the_same_moment_as_the_order_is_heard(self):
        doc = self._doc(payments=())
        order = self._apply(doc)[0][0]
        self._apply(replace(doc, cancel_requested="too slow"))
        self.assertEqual(order.state, "cancel")

    def test_a_request_that_comes_too_late_is_asked_once(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        self._ship(order)
        for hour in (1, 2):
            self._apply(self._again(doc, cancel_requested="too slow", updated_at=MOMENT + timedelta(hours=hour)))
        self.assertEqual((order.state, order.oms_cancellation_ids.mapped("state")), ("sale", ["too_late"]))


class TestTestOrders(WishCase):
    def test_a_test_order_waits_for_a_person(self):
        order = self._apply(self._doc(is_test=True))[0][0]
        self.assertEqual((self._holds(order), order.oms_is_test), (["test"], True))
        self.assertIn("test order", order.oms_hold_reason)
        with self.assertRaises(UserError):
            order.action_confirm()

    def test_no_job_and_no_message_releases_it(self):
        doc = self._doc(is_test=True)
        order = self._apply(doc)[0][0]
        order.oms_hold_ids.write({"expires_at": fields.Datetime.now() - timedelta(minutes=1), "on_expiry": "release"})
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_hold_expiry").method_direct_trigger()
        self.env.invalidate_all()
        self._apply(self._again(doc, note="edited"))
        self.assertEqual((order.state, self._holds(order)), ("draft", ["test"]))

    def test_a_person_may_release_it(self):
        order = self._apply(self._doc(is_test=True))[0][0]
        order.action_oms_release()
        self.assertEqual(order.state, "sale")

    def test_nothing_is_set_aside_for_it(self):
        order = self._apply(self._doc(is_test=True))[0][0]
        self.assertFalse(self.env["oms.reservation"].search([("order_id", "=", order.id), ("state", "=", "pending")]))

    def test_a_channel_may_ignore_tests(self):
        self.channel.test_orders = "ignore"
        [(order, state, text)] = self._apply(self._doc(is_test=True))
        self.assertEqual((len(order), state), (0, "ignored"))
        self.assertIn("test order", text)
