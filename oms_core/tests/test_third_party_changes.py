import os
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import LockError
from odoo.tools import mute_logger

from odoo.addons.oms_core.tests.servers.third_party import ThirdParty
from odoo.addons.oms_core.tests.test_third_party import ThirdPartyCommon
from odoo.addons.oms_core.tests.test_third_party_files import HEADER, FilesCommon, FolderCase

WRITER = "odoo.addons.oms_core.models.stock_picking_third_party"


class TestThirdPartyChanges(ThirdPartyCommon):
    """FUL-06: who sends for us knows of changes, and what it sends nevertheless counts as sent."""

    def setUp(self):
        super().setUp()
        self.party = self.enterContext(ThirdParty(self.warehouse.oms_3pl_secret))
        self.warehouse.oms_3pl_url = self.party.url

    def _told_delivery(self, *lines, send=True):
        order = self._order(*lines)
        if send:
            self._send()
        else:
            self.env["stock.picking"]._oms_write_third_party()
        return order, order.picking_ids.oms_3pl_reference

    def _told_types(self):
        return [told["type"] for told in self.party.orders.values()]

    def _last(self):
        return list(self.party.orders.values())[-1]

    def _change(self, order, **values):
        change = self.env["oms.order.change"].create({"order_id": order.id, **values})
        change.action_apply()
        return change

    def _move_to_lyon(self, order):
        country = order.partner_shipping_id.country_id.id
        return self._change(order, kind="address", street="2 New Street", city="Lyon", country_id=country, name="Ada")

    def _take_off(self, order, quantity):
        order._oms_request_cancellation("customer", "clerk", "", {order.order_line[0]: quantity})

    def _ship_told(self, reference, *lines, **values):
        return self._tell(type="shipment", reference=reference, parcels=[self._parcel(*lines, tracking="T1")], **values)

    # ------------------------------------------------------------------------------------------------------- CUSTOMERS

    def test_what_was_told_customers_do_not_change_themselves(self):
        order = self._order(("STD", 1))
        self.assertTrue(order._oms_get_allowed_changes()["address"][0])
        self._send()
        for kind in ("address", "cancel"):
            self.assertEqual(order._oms_get_allowed_changes()[kind][:2], (False, "picking"))
        self.assertTrue(order._oms_get_allowed_changes("clerk")["address"][0])

    # ----------------------------------------------------------------------------------------------------------- CLERKS

    def test_a_new_address_is_told_under_the_same_reference_and_once(self):
        order, reference = self._told_delivery(("STD", 3))
        change = self._move_to_lyon(order)
        self.assertIn("was told of", change.outcome)
        self._send()
        self._send()
        self.assertEqual(self._told_types(), ["order", "update"])
        told = self._last()
        self.assertEqual((told["reference"], told["address"]["city"]), (reference, "Lyon"))
        self.assertEqual([(line["sku"], line["quantity"]) for line in told["lines"]], [("STD", 3)])

    def test_an_address_that_is_corrected_on_the_contact_is_told(self):
        order, _reference = self._told_delivery(("STD", 1))
        order.partner_shipping_id.zip = "69001"
        self._send()
        self.assertEqual((self._last()["type"], self._last()["address"]["zip"]), ("update", "69001"))

    def test_what_changes_nothing_for_it_is_not_told(self):
        order, _reference = self._told_delivery(("STD", 1))
        order.picking_ids.move_ids.product_uom_qty = 1
        order.partner_shipping_id.phone = order.partner_shipping_id.phone
        self._send()
        self.assertEqual(self._told_types(), ["order"])
        self.assertFalse(order.picking_ids.oms_3pl_changed)

    def test_before_it_was_handed_over_the_order_itself_is_replaced(self):
        order, _reference = self._told_delivery(("STD", 3), send=False)
        self._take_off(order, 1)
        self._send()
        (told,) = self.party.orders.values()
        self.assertEqual((told["type"], told["lines"][0]["quantity"]), ("order", 2))

    def test_what_may_have_arrived_is_updated_and_never_ordered_again(self):
        self.party.answers = [503]
        with mute_logger("odoo.addons.oms_core.models.oms_message"):
            order, _reference = self._told_delivery(("STD", 3))
        message = self.env["oms.message"].search([("kind", "=", "3pl_order")])
        self.assertEqual(message.state, "retry")
        self._take_off(order, 1)
        self._send()
        message.next_attempt_at = fields.Datetime.now() - timedelta(minutes=1)
        self._send()
        self.assertEqual((message.state, self._told_types()), ("ignored", ["update"]))

    def test_a_line_less_of_what_was_sent_in_part_is_told_as_the_new_whole(self):
        order, reference = self._told_delivery(("STD", 3))
        self._ship_told(reference, ("STD", 1))
        self._send()
        self.assertEqual(self._told_types(), ["order"])
        self._take_off(order, 1)
        self._send()
        told = self._last()
        self.assertEqual((told["type"], told["reference"], told["lines"][0]["quantity"]), ("update", reference, 2))

    # --------------------------------------------------------------------------------------------------------- TOO LATE

    def test_what_was_taken_off_and_sent_all_the_same_is_shipped_and_not_charged(self):
        order, reference = self._told_delivery(("STD", 3))
        self._take_off(order, 1)
        self._send()
        total = order.amount_total
        message = self._ship_told(reference, ("STD", 3))
        self.assertEqual(message.state, "done", message.error)
        self.assertIn("1 STD", message.error)
        picking = order.picking_ids
        self.assertEqual((picking.state, picking.carrier_tracking_ref), ("done", "T1"))
        self.assertEqual(sum(picking.move_ids.mapped("quantity")), 3)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [2, 1])
        self.assertEqual((order.amount_total, self._holds(order)), (total, ["cancel"]))
        self.assertIn("after that was taken off", order.oms_hold_reason)
        self.assertEqual(self._book(order).amount_total, total)
        self.assertEqual(self._ship_told(reference, ("STD", 1)).state, "dead")

    def test_what_was_sent_before_it_was_called_off_is_shipped(self):
        order, reference = self._told_delivery(("STD", 3))
        order._oms_request_cancellation("customer", "clerk")
        self._send()
        self.assertEqual((order.state, self._told_types()), ("cancel", ["order", "cancel"]))
        message = self._ship_told(reference, ("STD", 2))
        self.assertEqual(message.state, "done", message.error)
        sent = order.picking_ids.filtered(lambda picking: picking.state == "done")
        self.assertEqual((sent.carrier_tracking_ref, order.order_line.qty_delivered), ("T1", 2))
        self.assertIn("Sent though called off", order.activity_ids.mapped("summary"))
        self.assertEqual(self._ship_told(reference, ("STD", 2)).state, "dead")
        self.assertEqual(self._ship_told(reference, ("STD", 1)).state, "done")
        self._send()
        self.assertEqual(self._told_types(), ["order", "cancel"])

    def test_more_than_was_ever_told_is_not_believed(self):
        order, reference = self._told_delivery(("STD", 3))
        message = self._ship_told(reference, ("STD", 4))
        self.assertEqual((message.state, order.picking_ids.state), ("dead", "assigned"))
        self.assertIn("does not hold 4", message.error)

    # ----------------------------------------------------------------------------------------------------------- OTHERS

    def test_old_deliveries_on_hold_keep_no_newer_one_back(self):
        held = self._order(("STD", 1)), self._order(("STD", 1))
        for order in held:
            order._oms_hold("stock", "Wait.")
        free = self._order(("STD", 1))
        with patch(f"{WRITER}.THIRD_PARTY_BATCH_MAX", 2):
            self._send()
        self.assertEqual([told["order"] for told in self.party.orders.values()], [free.oms_number])

    def test_a_delivery_that_cannot_be_told_stops_no_other_and_is_a_task(self):
        bad, good = self._order(("STD", 1)), self._order(("STD", 1))
        pickings = type(self.env["stock.picking"])
        render = pickings._oms_render_order

        def fail(picking):
            if picking == bad.picking_ids:
                raise ValueError("No words for it")
            return render(picking)

        with patch.object(pickings, "_oms_render_order", fail), mute_logger("odoo.addons.oms_core.alone"):
            self._send()
        self.assertEqual([told["order"] for told in self.party.orders.values()], [good.oms_number])
        self.assertFalse(bad.picking_ids.oms_3pl_reference)
        self.assertIn("No words for it", bad.picking_ids.activity_ids.note)

    def test_while_somebody_works_on_the_delivery_the_message_waits(self):
        order, reference = self._told_delivery(("STD", 1))
        pickings = type(self.env["stock.picking"])

        def locked(_pickings, **_options):
            raise LockError("taken")

        with patch.object(pickings, "lock_for_update", locked):
            message = self._ship_told(reference, ("STD", 1))
        self.assertEqual(message.state, "retry")
        self.assertIn("Somebody is changing", message.error)
        message.next_attempt_at = fields.Datetime.now()
        message._process()
        self.assertEqual((message.state, order.picking_ids.state), ("done", "done"))

    def test_a_question_of_odoo_is_no_shipment(self):
        order, reference = self._told_delivery(("STD", 1))
        pickings = type(self.env["stock.picking"])
        question = {"type": "ir.actions.act_window", "name": "Expired Lots", "res_model": "expiry.picking.confirmation"}
        with patch.object(pickings, "button_validate", lambda _pickings: question):
            message = self._ship_told(reference, ("STD", 1))
        self.assertEqual((message.state, order.picking_ids.state), ("dead", "assigned"))
        self.assertIn("Expired Lots", message.error)
        self.assertFalse(order.picking_ids.carrier_tracking_ref)


class TestThirdPartyFolderOfBadFiles(FolderCase, FilesCommon):
    """FUL-06: one file that cannot be read keeps no other waiting."""

    def test_an_unreadable_file_stops_no_other_and_is_named(self):
        order, reference = self._told_order(("STD", 1))
        self._drop("shipment-a.csv", HEADER, age_s=120)
        self._drop("shipment-b.csv", f"{HEADER}{reference};STD;1;\n")
        read = os.open

        def refuse(path, *arguments, **options):
            if str(path).endswith("shipment-a.csv"):
                raise PermissionError(13, "Permission denied")
            return read(path, *arguments, **options)

        with (
            patch("odoo.addons.oms_core.exchange.os.open", refuse),
            mute_logger("odoo.addons.oms_core.models.oms_message_files"),
        ):
            self._send()
        self.assertEqual(order.picking_ids.state, "done")
        self.assertEqual(self._names("in"), ["shipment-a.csv"])
        self.assertIn("shipment-a.csv: Permission denied", self.warehouse.oms_3pl_problem)
