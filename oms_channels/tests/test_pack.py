from dataclasses import replace
from decimal import Decimal

from odoo.addons.oms_channels.domain.envelope import open_sealed
from odoo.addons.oms_core.const import INSIDE

from .common import ChannelsCommon


class TestPack(ChannelsCommon):
    """CAP-12, CAP-13: a listing that sells packs is pieces here and packs there; the money is the same to the cent."""

    def setUp(self):
        super().setUp()
        self.shop_channel.write({"api_url": "https://shop.example", "api_key": "k", "api_secret": "s"})
        self.listing = (
            self.env["oms.channel.listing"]
            .with_context(oms_matching=INSIDE)
            .create(
                {
                    "channel_id": self.shop_channel.id,
                    "external_id": "606",
                    "sku": "STD-CASE",
                    "product_id": self.product_standard.id,
                    "pack_size": 6,
                }
            )
        )

    def _pack_doc(self, quantity=2, total="99.99", **values):
        line = self._line("STD-CASE", quantity, total, 20, product_ref="606", external_id="row-1")
        return self._doc(lines=(line,), **values)

    def _sold(self, *lines, **values):
        return self._apply(self._pack_doc(*lines, **values), channel=self.shop_channel)[0][0]

    def _out(self, kind):
        messages = self._messages().filtered(lambda message: message.direction == "out" and message.kind == kind)
        return [open_sealed(kind, message._get_body()) for message in messages]

    def _told(self, kind):
        """[(line, packs)] of each message."""
        return [[(item.line_ref, item.quantity) for item in told.items] for told in self._out(kind)]

    # ------------------------------------------------------------------------------------------------------- CAPTURE

    def test_two_cases_of_six_are_twelve_pieces_for_the_same_money(self):
        order = self._sold()
        line = order.order_line
        self.assertEqual((line.product_id, line.product_uom_qty, line.oms_pack_size), (self.product_standard, 12, 6))
        self.assertEqual((line.price_subtotal, line.price_tax, order.amount_total), (99.99, 20.0, 119.99))
        self.assertEqual(line.oms_listing_id, self.listing)
        self.assertEqual((self._holds(order), order.state), ([], "sale"))
        self.assertEqual(order.picking_ids.move_ids.product_uom_qty, 12)

    def test_a_listing_is_found_by_its_sku_where_the_order_names_no_product(self):
        doc = self._doc(lines=(self._line("STD-CASE", 1),))
        self.assertEqual(self._apply(doc, channel=self.shop_channel)[0][0].order_line.product_uom_qty, 6)

    def test_the_channels_id_counts_more_than_a_sku_that_is_a_product(self):
        doc = self._doc(lines=(self._line("AVG", 1, product_ref="606"),))
        line = self._apply(doc, channel=self.shop_channel)[0][0].order_line
        self.assertEqual((line.product_id, line.product_uom_qty), (self.product_standard, 6))

    def test_invoices_over_pieces_sum_to_what_was_charged_for_packs(self):
        order = self._sold(1, "10.00")
        totals = []
        for pieces in (1, 4, 1):
            self._ship(order, {self.product_standard: pieces})
            totals = [(move.amount_untaxed, move.amount_tax) for move in self._book(order)]
        self.assertEqual(len(totals), 3)
        self.assertEqual(round(sum(untaxed for untaxed, _tax in totals), 2), 10.0)
        self.assertEqual(round(sum(tax for _untaxed, tax in totals), 2), 2.0)

    def test_the_same_order_again_and_a_changed_one_find_their_line(self):
        doc = self._pack_doc(2, "60.00", status="awaiting_payment")
        order = self._apply(doc, channel=self.shop_channel)[0][0]
        self.assertEqual(order.state, "draft")
        later = replace(doc, updated_at=doc.updated_at.replace(hour=11))
        more = replace(later.lines[0], quantity=Decimal(3), total=Decimal(90), subtotal=Decimal(90))
        more = replace(more, taxes=(self._tax(20, 18),))
        self._apply(replace(later, lines=(more,), total=Decimal(108), status="open"), channel=self.shop_channel)
        self.assertEqual(order.order_line.product_uom_qty, 18)
        self.assertEqual((order.amount_total, self._holds(order), order.state), (108, [], "sale"))

    def test_a_size_that_is_corrected_later_changes_no_order_that_stands(self):
        order = self._sold()
        self.listing.pack_size = 12
        self.assertEqual(order.order_line.oms_pack_size, 6)
        self._ship(order)
        self.assertEqual(self._told("parcel"), [[("row-1", 2)]])

    # ------------------------------------------------------------------------------------------------------- PARCELS

    def test_the_shop_is_told_of_packs(self):
        order = self._sold()
        self._ship(order, {self.product_standard: 6})
        self._ship(order)
        self.assertEqual(self._told("parcel"), [[("row-1", 1)], [("row-1", 1)]])
        self.assertEqual([parcel.last for parcel in self._out("parcel")], [False, True])

    def test_a_broken_pack_is_told_with_the_parcel_that_completes_it(self):
        order = self._sold()
        self._ship(order, {self.product_standard: 4})
        self.assertEqual(self._told("parcel"), [])
        self._ship(order, {self.product_standard: 3})
        self.assertEqual(self._told("parcel"), [[("row-1", 1)]])
        self._ship(order)
        self.assertEqual(self._told("parcel"), [[("row-1", 1)], [("row-1", 1)]])
        self.assertTrue(self._out("parcel")[-1].last)

    def test_a_number_that_comes_later_tells_the_same_packs_again(self):
        order = self._sold()
        first = self._ship(order, {self.product_standard: 7})
        self._ship(order)
        first.carrier_tracking_ref = "6A123"
        self.assertEqual(self._told("parcel"), [[("row-1", 1)], [("row-1", 1)], [("row-1", 1)]])
        keys = [parcel.key for parcel in self._out("parcel")]
        self.assertEqual((keys[0], len(set(keys))), (keys[2], 2))

    def test_packs_in_two_packages_of_one_delivery_are_each_told_once(self):
        order = self._sold()
        picking = order.picking_ids
        move = picking.move_ids
        package = self.env["stock.package"].create({"name": "Box 1"})
        move.move_line_ids.write({"quantity": 5, "result_package_id": package.id})
        move.move_line_ids[0].copy({"quantity": 7, "result_package_id": False, "picked": True})
        move.move_line_ids.picked = True
        self.assertIs(picking.with_context(skip_backorder=True).button_validate(), True)
        self.assertEqual(sum(item[1] for parcel in self._told("parcel") for item in parcel), 2)

    # ------------------------------------------------------------------------------------------------- CANCELLATIONS

    def test_whole_packs_that_are_cancelled_are_told_as_packs(self):
        order = self._sold()
        order._oms_request_cancellation("customer", "clerk", quantities={order.order_line: 6})
        self.assertEqual(self._told("cancellation"), [[("row-1", 1)]])
        self.assertEqual(order.order_line.product_uom_qty, 6)
        self.assertFalse(order.activity_ids)

    def test_of_a_broken_pack_a_person_is_told_and_the_shop_when_it_is_complete(self):
        order = self._sold()
        order._oms_request_cancellation("inventory", "clerk", quantities={order.order_line: 4})
        self.assertEqual(self._told("cancellation"), [])
        self.assertIn("4 of the 6 pieces", order.activity_ids.note)
        order._oms_request_cancellation("inventory", "clerk", quantities={order.order_line: 2})
        self.assertEqual(self._told("cancellation"), [[("row-1", 1)]])

    # ------------------------------------------------------------------------------------------------------- REFUNDS

    def test_refunds_are_told_in_packs_and_to_the_cent(self):
        self.shop_channel.refund_policy = "record"
        order = self._sold(2, "60.00")
        self._ship(order)
        invoice = self._book(order)
        told = []
        for pieces in (8, 4):
            refund = invoice._reverse_moves([{"ref": "Broken"}])
            line = refund.invoice_line_ids.filtered("sale_line_ids")
            line.quantity = pieces
            refund.action_post()
            order._oms_on_refunded(refund)
            told.append(refund.amount_total)
        documents = self._out("refund")
        self.assertEqual([one.items[0].quantity for one in documents], [1, 1])
        self.assertEqual([float(one.amount) for one in documents], told)
        self.assertEqual(round(sum(told), 2), 72.0)

    def test_something_that_is_sold_by_the_piece_is_told_as_ever(self):
        doc = self._doc(lines=(self._line("AVG", 3, external_id="row-2"),))
        order = self._apply(doc, channel=self.shop_channel)[0][0]
        self.assertEqual(order.order_line.oms_pack_size, 1)
        self._ship(order)
        self.assertEqual(self._told("parcel"), [[("row-2", 3)]])
