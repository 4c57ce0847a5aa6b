from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import TransactionCase, tagged

from ..carriers import table
from ..carriers.easyparcel.client import Client
from ..const import INSIDE
from .common_carriers import CarrierCommon, Killed


class TestTableCarrier(CarrierCommon):
    """SHP-01, SHP-02, TRD-04: labels and prices without any network, by a rate card."""

    def test_validating_a_delivery_makes_its_label(self):
        picking = self._delivery(self.table)
        picking.button_validate()
        self._reread()
        label = picking.oms_label_ids
        self.assertEqual((picking.state, label.state, label.cost), ("done", "bought", 6.0))
        self.assertEqual(picking.carrier_tracking_ref, label.tracking_number)
        self.assertEqual(label.tracking_number, table.number_of(label.key))
        self.assertTrue(label.attachment_id.raw.startswith(b"%PDF"))
        self.assertEqual(label.attachment_id.mimetype, "application/pdf")
        self.assertEqual((label.attachment_id.res_model, label.attachment_id.res_id), ("stock.picking", picking.id))

    def test_a_label_may_be_got_before_the_goods_leave_and_is_not_made_again_then(self):
        picking = self._delivery(self.table)
        label = self._get_label(picking)
        self.assertEqual(picking.state, "assigned")
        picking.button_validate()
        self._reread()
        self.assertEqual(picking.oms_label_ids, label)

    def test_printing_again_gives_the_same_document(self):
        picking = self._delivery(self.table)
        label = self._get_label(picking)
        actions = [picking.action_oms_print_labels() for _again in range(3)]
        self.assertEqual(
            {action["url"] for action in actions}, {f"/web/content/{label.attachment_id.id}?download=true"}
        )
        self.assertEqual(len(picking.oms_label_ids), 1)

    def test_a_label_printer_gets_zpl_that_an_address_cannot_command(self):
        self.table.oms_label_format = "zpl"
        picking = self._delivery(self.table)
        picking.partner_id.name = "Zoë ^XA~JA"
        self.env.flush_all()
        label = self._get_label(picking)
        self.assertEqual(label.attachment_id.mimetype, "application/vnd.zebra.zpl")
        body = label.attachment_id.raw
        self.assertEqual((body.count(b"^XA"), b"~JA" in body, b"Zo_C3_AB" in body), (1, False, True))

    def test_each_package_has_a_label_of_its_own(self):
        picking = self._delivery(self.table, ("STD", 1, "20.00", 20), ("AVG", 2, "40.00", 20))
        for line in picking.move_line_ids:
            line.result_package_id = self.env["stock.package"].create({"name": f"BOX-{line.id}"})
        self.env.flush_all()
        labels = self._get_label(picking)
        self.assertEqual(len(labels), 2)
        self.assertEqual(sorted(labels.mapped("weight_kg")), [1.2, 2.4])
        self.assertEqual(set(picking.carrier_tracking_ref.split(",")), set(labels.mapped("tracking_number")))
        self.assertEqual(picking.oms_shipping_cost, 12.0)

    def test_a_cancelled_label_makes_room_for_another(self):
        picking = self._delivery(self.table)
        first = self._get_label(picking)
        picking.cancel_shipment()
        self._reread()
        self.assertEqual(
            (first.state, picking.carrier_tracking_ref, picking.oms_shipping_cost), ("cancelled", False, 0)
        )
        second = self._get_label(picking) - first
        self.assertEqual(second.state, "bought")
        self.assertNotEqual(second.key, first.key)

    def test_a_new_address_waits_until_the_label_with_the_old_one_is_cancelled(self):
        """Nothing is bought at the validation where there is a label already: the parcel would go to the old address."""
        picking = self._delivery(self.table)
        label = self._get_label(picking)
        change = self._change_address(picking.sale_id)
        self._fails(UserError, f"{picking.name} is labelled", change.action_apply)
        self.assertFalse(change.preview)
        self.assertNotEqual(picking.partner_id.street, "2 rue Neuve")
        label.action_cancel()
        self._reread()
        change.action_apply()
        self.assertEqual(picking.partner_id.street, "2 rue Neuve")
        self.assertEqual((self._get_label(picking) - label).state, "bought")

    def test_a_suggested_address_is_not_used_for_a_parcel_that_has_a_label(self):
        picking = self._delivery(self.table)
        order = picking.sale_id
        hold = order._oms_hold("address", "Is it right?") or order.oms_hold_ids.filtered("is_open")
        hold.write({"street": "2 rue Neuve", "zip": "69001", "city": "Lyon", "country_id": self.country.id})
        self._get_label(picking)
        self._fails(UserError, "is labelled", hold.action_use_address)
        self.assertTrue(hold.is_open)

    def test_a_label_whose_answer_was_lost_keeps_the_address_too(self):
        picking = self._delivery(self.table)
        self._get_label(picking).sudo().state = "unknown"
        picking.carrier_tracking_ref = False
        self.assertEqual(picking.sale_id._oms_get_allowed_changes("clerk")["address"][1], "labelled")
        self.assertEqual(picking.sale_id._oms_get_allowed_changes()["address"][1], "picking")

    def test_a_delivery_that_is_called_off_gives_its_label_back_although_nobody_asks_for_its_parcel(self):
        """A carrier of which no parcel can be asked for is left alone after the first time."""
        Label = self.env["oms.shipment.label"]
        for call_off in (
            lambda order: order._oms_request_cancellation("customer", "clerk"),
            lambda order: order._oms_set_delivery_method("ship", order.warehouse_id),
        ):
            with self.subTest():
                picking = self._delivery(self.table)
                label = self._get_label(picking)
                Label._cron_track()
                self._reread()
                self.assertFalse(label.next_track_at)
                call_off(picking.sale_id)
                self.assertEqual(picking.state, "cancel")
                Label._cron_track()
                self._reread()
                self.assertEqual(label.state, "cancelled")
                self.assertEqual(
                    (picking.carrier_tracking_ref, picking.oms_shipping_cost, picking.carrier_price), (False, 0, 0)
                )

    def test_what_a_label_cost_is_forgotten_before_this_transaction_can_see_that_it_was_given_back(self):
        picking = self._delivery(self.table)
        label = self._get_label(picking)
        picking._oms_forget_label(label)
        self.assertEqual((label.state, picking.oms_shipping_cost, picking.carrier_price), ("bought", 0, 0))

    def test_a_label_that_is_given_back_alone_makes_room_too(self):
        """From the label itself; the one for the way back stays, and is no reason to keep the number."""
        self.table.write({"return_label_on_delivery": True, "oms_return_pay_on_use": True})
        picking = self._delivery(self.table)
        labels = self._get_label(picking)
        first = labels.filtered(lambda label: label.purpose == "out")
        (labels - first).action_cancel()
        self._reread()
        self.assertEqual((picking.carrier_tracking_ref, picking.oms_shipping_cost), (first.tracking_number, 6.0))
        first.action_cancel()
        self._reread()
        self.assertEqual(
            (picking.carrier_tracking_ref, picking.oms_shipping_cost, picking.carrier_price), (False, 0, 0)
        )
        again = self._get_label(picking).filtered(lambda label: label.purpose == "out") - first
        self.assertEqual((again.state, picking.carrier_tracking_ref), ("bought", again.tracking_number))

    def test_a_transfer_with_a_label_is_not_deleted(self):
        picking = self._delivery(self.table)
        self._get_label(picking)
        self._fails(UserError, "Cancel the label first", picking.unlink)
        with self.assertRaisesRegex(UserError, "is kept"):
            picking.oms_label_ids.sudo().unlink()

    def test_an_address_outside_of_the_zones_stops_with_a_sentence_that_stays(self):
        picking = self._delivery(self.table)
        picking.partner_id.country_id = self.env.ref("base.de")
        self.env.flush_all()
        self._fails(UserError, "has no zone for DE", picking.action_oms_get_label)
        self._reread()
        self.assertIn("has no zone for DE", picking.oms_label_error)
        self.assertEqual(picking.oms_label_ids.state, "failed")
        picking.partner_id.country_id = self.country
        self.env.flush_all()
        self.assertEqual(self._get_label(picking).state, "bought")
        self.assertFalse(picking.oms_label_error)

    def test_the_goods_may_leave_without_a_label_when_somebody_says_so(self):
        picking = self._delivery(self.table)
        picking.partner_id.country_id = self.env.ref("base.de")
        picking.action_oms_validate_without_label()
        self.assertEqual((picking.state, picking.carrier_tracking_ref), ("done", False))
        self.assertEqual(picking.activity_ids.summary, "Get the label")

    def test_a_delivery_method_may_be_told_to_go_on_without_a_label(self):
        self.table.oms_on_label_failure = "go_on"
        picking = self._delivery(self.table)
        picking.partner_id.country_id = self.env.ref("base.de")
        picking.button_validate()
        self.assertEqual(picking.state, "done")
        self.assertIn("no zone for DE", picking.activity_ids.note)

    def test_a_return_label_goes_into_the_parcel_unless_the_channel_says_never(self):
        """RET-10: the label for the way back is made with the one for the way there, and costs nothing yet."""
        self.table.write({"return_label_on_delivery": True, "oms_return_pay_on_use": True})
        picking = self._delivery(self.table)
        labels = self._get_label(picking)
        back = labels.filtered(lambda label: label.purpose == "return")
        self.assertEqual((len(labels), back.state, back.pay_on_use), (2, "bought", True))
        self.assertTrue(back.attachment_id.name.startswith(self.table.get_return_label_prefix()))
        self.assertEqual(picking.return_label_ids, back.attachment_id)
        self.assertNotIn(back.tracking_number, picking.carrier_tracking_ref)
        self.assertEqual(picking.oms_shipping_cost, 6.0)
        self.channel.return_label_in_parcel = "never"
        self.assertEqual(self._get_label(self._delivery(self.table)).mapped("purpose"), ["out"])

    def test_what_was_paid_and_what_was_quoted_are_kept_on_the_order(self):
        """SHP-11"""
        picking = self._delivery(self.table)
        compare = self.env["oms.rate.compare"].browse(picking.action_oms_compare_rates()["res_id"])
        compare.line_ids.filtered(lambda line: line.carrier_id == self.table).action_choose()
        self.table.oms_rate_card_ids.zone_ids.step_ids.price = 7.5
        self.env.flush_all()
        self._get_label(picking)
        order = picking.sale_id
        self.assertEqual((order.oms_quoted_cost, order.oms_shipping_cost, picking.carrier_price), (6.0, 7.5, 7.5))

    def test_the_order_wizard_shows_the_price_of_the_card(self):
        order = self._order(("STD", 1, "20.00", 20), status="on_hold")
        found = self.table.rate_shipment(order)
        self.assertEqual((found["success"], found["price"]), (True, 6.0))

    def test_goods_without_weight_count_what_the_method_says(self):
        self.product_standard.weight = 0
        picking = self._delivery(self.table)
        self.assertEqual(self._get_label(picking).weight_kg, 0.5)

    def test_a_card_that_would_give_two_prices_cannot_be_saved(self):
        card = self.table.oms_rate_card_ids
        with self.assertRaisesRegex(ValidationError, "overlap"):
            card.zone_ids.copy({"name": "France again", "card_id": card.id})

    def test_a_card_says_what_it_leaves_open(self):
        card = self.table.oms_rate_card_ids
        self.assertFalse(card.gaps)
        card.zone_ids = [Command.create({"name": "Germany", "country_ids": [Command.set(self.env.ref("base.de").ids)]})]
        self.assertIn("Germany", card.gaps)

    def test_the_slip_in_the_parcel_names_the_shops_number(self):
        self.table.return_label_on_delivery = True
        picking = self._delivery(self.table)
        labels = self._get_label(picking)
        html = self.env["ir.actions.report"]._render_qweb_html("stock.report_deliveryslip", picking.ids)[0].decode()
        self.assertIn(picking.sale_id.oms_number, html)
        self.assertIn(labels.filtered(lambda label: label.purpose == "return").tracking_number, html)


class TestBuyOnce(CarrierCommon):
    """SHP-02, SHP-07: a label is bought once, whatever happens in between."""

    def setUp(self):
        super().setUp()
        self.server = self._server()
        self.carrier = self._easyparcel(self.server)

    def test_a_label_of_the_gateway_is_paid_and_booked(self):
        picking = self._delivery(self.carrier)
        picking.button_validate()
        self._reread()
        label = picking.oms_label_ids
        self.assertEqual((label.state, label.cost, label.currency_id.name), ("bought", 6.2, "MYR"))
        self.assertEqual((picking.carrier_tracking_ref, picking.oms_shipping_cost), ("AWB00001", 1.24))
        self.assertEqual(self.server.of_reference(label.key)[0]["awb_number"], "AWB00001")

    def test_wherever_the_process_dies_there_is_one_label_in_the_end(self):
        """The crash matrix: before and after each step."""
        Label, Picking = type(self.env["oms.shipment.label"]), type(self.env["stock.picking"])
        steps = [(Label, "_claim"), (Client, "ship"), (Label, "_record"), (Picking, "_oms_book_cost")]
        for owner, name in steps:
            for after in (False, True):
                with self.subTest(step=name, after=after):
                    picking = self._delivery(self.carrier)
                    original = getattr(owner, name)

                    def dying(*arguments, _original=original, _after=after, **options):
                        if _after:
                            _original(*arguments, **options)
                        raise Killed

                    with patch.object(owner, name, dying):
                        self._fails(Killed, "", picking.action_oms_get_label)
                    self._reread()
                    self.assertFalse(picking.carrier_tracking_ref)
                    self._wait(picking)
                    label = self._get_label(picking)
                    self.assertEqual((len(label), label.state), (1, "bought"))
                    self.assertEqual(len(self.server.of_reference(label.key)), 1)
                    self.assertEqual(picking.carrier_tracking_ref, label.tracking_number)
        self.assertEqual(len(self.server.shipments), 2 * len(steps))

    def test_a_lost_answer_is_found_again_and_not_bought_twice(self):
        for fault in ("lost", "html", "half", "nonsense"):
            with self.subTest(fault=fault):
                picking = self._delivery(self.carrier)
                self.server.fail_next(fault, path="submit_orders")
                self._fails(UserError, "EasyParcel", picking.action_oms_get_label)
                self._reread()
                self.assertEqual(picking.oms_label_ids.state, "unknown")
                label = self._get_label(picking)
                self.assertEqual((label.state, len(self.server.of_reference(label.key))), ("bought", 1))

    def test_a_label_that_the_carrier_does_not_know_yet_is_not_bought_at_once(self):
        picking = self._delivery(self.carrier)
        self.server.fail_next("down", path="submit_orders")
        self._fails(UserError, "", picking.action_oms_get_label)
        self._fails(UserError, "two minutes", picking.action_oms_get_label)
        self.assertEqual(self.server.shipments, {})
        self._wait(picking)
        self.assertEqual(self._get_label(picking).state, "bought")
        self.assertEqual(len(self.server.shipments), 1)

    def test_two_who_look_for_a_lost_label_at_once_buy_one(self):
        picking = self._delivery(self.carrier)
        self.server.fail_next("down", path="submit_orders")
        self._fails(UserError, "", picking.action_oms_get_label)
        self._wait(picking)
        request = {}
        labels = type(self.env["oms.shipment.label"])
        look = labels._look

        def both_look(label, carrier, adapter, facts):
            found = look(label, carrier, adapter, facts)
            if not request:  # the other one looks now, finds nothing either, and is quicker
                request["other"] = True
                self.assertEqual(self._get_label(picking).state, "bought")
            return found

        self.patch(labels, "_look", both_look)
        picking.carrier_tracking_ref = False
        self.assertEqual(self._get_label(picking).state, "bought")
        self.assertEqual(len(self.server.shipments), 1)

    def test_who_asks_while_another_is_at_it_waits(self):
        picking = self._delivery(self.carrier)
        with patch.object(Client, "ship", side_effect=Killed):
            self._fails(Killed, "", picking.action_oms_get_label)
        self._fails(UserError, "being bought right now", picking.action_oms_get_label)
        self.assertEqual(self.server.shipments, {})

    def test_a_refusal_is_told_and_nothing_is_lost(self):
        picking = self._delivery(self.carrier)
        picking.partner_id.zip = "00000"
        self.env.flush_all()
        self._fails(UserError, "00000 is not serviceable", picking.button_validate)
        self._reread()
        self.assertEqual((picking.oms_label_ids.state, self.server.wallet), ("failed", 100))
        picking.partner_id.zip = "75001"
        self.env.flush_all()
        self.assertEqual(self._get_label(picking).state, "bought")

    def test_a_label_of_another_carrier_has_to_be_cancelled_first(self):
        picking = self._delivery(self.carrier)
        self._get_label(picking)
        picking.write({"carrier_id": self.table.id, "carrier_tracking_ref": False})
        self.env.flush_all()
        self._fails(UserError, "label of EasyParcel", picking.action_oms_get_label)

    def test_a_second_of_two_parcels_that_fails_leaves_the_first_bought_once(self):
        picking = self._delivery(self.carrier, ("STD", 1, "20.00", 20), ("AVG", 1, "20.00", 20))
        for line in picking.move_line_ids:
            line.result_package_id = self.env["stock.package"].create({"name": f"BOX-{line.id}"})
        self.env.flush_all()
        original, calls = Client.ship, []

        def second_fails(client, request):
            calls.append(request.key)
            if len(calls) == 2:
                self.server.fail_next("reject", path="submit_orders", message="No driver today")
            return original(client, request)

        with patch.object(Client, "ship", second_fails):
            self._fails(UserError, "No driver today", picking.action_oms_get_label)
        labels = self._get_label(picking)
        self.assertEqual(labels.mapped("state"), ["bought", "bought"])
        self.assertEqual(len(self.server.shipments), 2)

    def test_a_number_that_comes_later_takes_its_place(self):
        self.server.late_awb = True
        picking = self._delivery(self.carrier)
        label = self._get_label(picking)
        self.assertEqual((picking.carrier_tracking_ref, label.attachment_id.id), (label.carrier_ref, False))
        self.server.assign_awb(label.carrier_ref)
        label.action_fetch()
        self._reread()
        self.assertEqual((picking.carrier_tracking_ref, label.tracking_number), ("AWB00001", "AWB00001"))
        self.assertTrue(label.attachment_id)

    def test_cancelling_gives_the_money_back_and_a_collected_parcel_stays(self):
        picking = self._delivery(self.carrier)
        label = self._get_label(picking)
        self.server.scan(label.carrier_ref, "4", "3", "2026-11-20 10:00:00")
        self._fails(UserError, "driver has collected", picking.cancel_shipment)
        self.server.shipments[label.carrier_ref]["latest_shipment_status_code"] = "2"
        picking.cancel_shipment()
        self._reread()
        self.assertEqual((label.state, self.server.wallet), ("cancelled", 100))

    def test_a_currency_without_rate_is_said_and_the_label_is_kept(self):
        self.env["res.currency.rate"].search([("currency_id.name", "=", "MYR")]).unlink()
        picking = self._delivery(self.carrier)
        found = self.carrier.rate_shipment(picking.sale_id)
        self.assertIn("no exchange rate", found["error_message"])
        label = self._get_label(picking)
        self.assertEqual((label.state, label.cost, picking.oms_shipping_cost), ("bought", 6.2, 0))

    def test_renewed_tokens_are_kept_although_the_transfer_fails(self):
        picking = self._delivery(self.carrier)
        self.server.expire()
        self.server.fail_next("reject", path="submit_orders", message="No")
        self._fails(UserError, "", picking.action_oms_get_label)
        self._reread()
        self.assertEqual((self.carrier.oms_access_token, self.carrier.oms_refresh_token), ("access-1", "refresh-1"))

    def test_a_person_who_has_looked_may_say_that_nothing_was_bought(self):
        picking = self._delivery(self.carrier)
        self.server.fail_next("down", path="submit_orders")
        self._fails(UserError, "", picking.action_oms_get_label)
        self._reread()
        picking.oms_label_ids.action_give_up()
        self.env.flush_all()
        self.assertEqual(self._get_label(picking).state, "bought")

    def test_whoever_may_not_work_on_transfers_buys_and_cancels_nothing(self):
        from odoo.exceptions import AccessError

        picking = self._delivery(self.carrier)
        label = self._get_label(picking)
        reader = self._create_user("reader", "oms_core.group_oms_accountant")
        self.assertEqual(label.with_user(reader).state, "bought")
        for forbidden in (
            picking.with_user(reader).action_oms_get_label,
            label.with_user(reader).action_cancel,
            label.with_user(reader).action_give_up,
            lambda: label.with_user(reader).write({"cost": 0}),
        ):
            with self.assertRaises(AccessError):
                forbidden()

    def test_a_worker_of_the_warehouse_ships_and_sees_no_secret(self):
        from odoo.exceptions import AccessError

        worker = self._create_user("worker", "oms_core.group_oms_warehouse")
        picking = self._delivery(self.carrier).with_user(worker)
        picking.action_oms_get_label()
        self._reread()
        self.assertEqual(picking.oms_label_ids.state, "bought")
        with self.assertRaises(AccessError):
            self.carrier.with_user(worker).read(["oms_refresh_token"])


@tagged("post_install", "-at_install")
class TestJournal(TransactionCase):
    """SHP-02: a label that was paid survives the transaction that wanted it."""

    def test_a_label_survives_a_rollback_and_is_taken_by_the_next_attempt(self):
        """On real connections: the transfer exists in this transaction only, the label outlives it."""
        company = self.env.ref("base.main_company")
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
        product = self.env["product.product"].create({"name": "Goods", "is_storable": True, "weight": 1})
        service = self.env["product.product"].create({"name": "Delivery", "type": "service"})
        customer = self.env["res.partner"].create(
            {
                "name": "Customer",
                "street": "1 rue X",
                "city": "Paris",
                "zip": "75001",
                "country_id": self.env.ref("base.fr").id,
            }
        )
        carrier = self.env["delivery.carrier"].create(
            {"name": "Van", "delivery_type": "oms_table", "product_id": service.id, "company_id": company.id}
        )
        self.env["oms.rate.card"].create(
            {
                "name": "Parcel",
                "carrier_id": carrier.id,
                "currency_id": company.currency_id.id,
                "zone_ids": [
                    Command.create({"name": "World", "step_ids": [Command.create({"up_to_kg": 9, "price": 5})]})
                ],
            }
        )
        picking = self.env["stock.picking"].create(
            {
                "picking_type_id": warehouse.out_type_id.id,
                "location_id": warehouse.lot_stock_id.id,
                "location_dest_id": customer.property_stock_customer.id,
                "partner_id": customer.id,
                "carrier_id": carrier.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": 1,
                            "location_id": warehouse.lot_stock_id.id,
                            "location_dest_id": customer.property_stock_customer.id,
                        }
                    )
                ],
            }
        )
        self.addCleanup(self._forget, picking.id)
        with self.assertRaises(Killed), self.env.cr.savepoint():
            picking.action_oms_get_label()
            self.assertTrue(picking.carrier_tracking_ref)
            raise Killed
        self.env.invalidate_all()
        self.assertFalse(picking.carrier_tracking_ref)
        picking.action_oms_get_label()
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT tracking_number, state, attempts FROM oms_shipment_label WHERE picking_id = %s", [picking.id]
            )
            rows = cr.fetchall()
        self.assertEqual(rows, [(picking.carrier_tracking_ref, "bought", 1)])

    def _forget(self, picking_id):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM oms_shipment_label WHERE picking_id = %s", [picking_id])
            cr.execute("DELETE FROM ir_attachment WHERE res_model = 'stock.picking' AND res_id = %s", [picking_id])


class TestCompareRates(CarrierCommon):
    """SHP-03: all delivery methods side by side, the best one first, and why not the others."""

    def test_the_cheapest_in_time_is_chosen_and_all_others_say_why_not(self):
        self._create_table_carrier("Slow", 3.0, days=20)
        self._create_table_carrier("Fast", 11.0, days=1)
        self._create_table_carrier("Small", 1.0, max_weight=1.0)
        server = self._server()
        self._easyparcel(server)
        server.fail_next("down", path="quotations")
        picking = self._delivery(self.table)
        picking.sale_id.oms_deliver_by = fields.Datetime.add(fields.Datetime.now(), days=7)
        compare = self.env["oms.rate.compare"].browse(picking.action_oms_compare_rates()["res_id"])
        rows = {line.carrier_id.name: line for line in compare.line_ids if line.carrier_id.company_id == self.company}
        self.assertEqual(compare.line_ids.filtered("chosen").carrier_id, self.table)
        self.assertIn("dearer", rows["Fast"].reason)
        self.assertIn("promised for", rows["Slow"].reason)
        self.assertIn("at most 1 kg", rows["Small"].reason)
        self.assertIn("is down", rows["EasyParcel"].reason)
        self._fails(UserError, "is down", rows["EasyParcel"].action_choose)
        rows["Fast"].action_choose()
        self.assertEqual((picking.carrier_id.name, picking.oms_quoted_cost), ("Fast", 11.0))
        self.assertTrue(picking.oms_expected_at)

    def test_what_a_client_says_to_have_weighed_is_weighed_all_the_same(self):
        self.table.max_weight = 1.0
        picking = self._delivery(self.table)
        for context, is_taken in (({}, False), ({"oms_weighed": True}, False), ({"oms_weighed": INSIDE}, True)):
            with self.subTest(context):
                asked = self.table.with_context(**context)
                self.assertEqual(asked._match(picking.partner_id, picking), is_taken)

    def test_who_packs_may_compare_and_choose(self):
        """Some delivery methods serve some postal codes only; Odoo does not let stock users read those."""
        near = self._create_table_carrier("Near", 3.0)
        near.zip_prefix_ids = [fields.Command.create({"name": "Q9"})]
        picking = self._delivery(self.table)
        self.env.flush_all()
        self.env.invalidate_all()
        own = picking.with_user(self._create_user("packer", "oms_core.group_oms_warehouse"))
        compare = own.env["oms.rate.compare"].browse(own.action_oms_compare_rates()["res_id"])
        compare.line_ids.filtered(lambda line: line.carrier_id == self.table).action_choose()
        self.assertEqual(picking.carrier_id, self.table)

    def test_a_service_of_the_gateway_may_be_chosen_and_is_booked(self):
        server = self._server()
        carrier = self._easyparcel(server, oms_service_code=False)
        picking = self._delivery(carrier)
        compare = self.env["oms.rate.compare"].browse(picking.action_oms_compare_rates()["res_id"])
        line = compare.line_ids.filtered(lambda line: line.service_code == "EP-CS0W")
        line.action_choose()
        self.env.flush_all()
        label = self._get_label(picking)
        self.assertEqual((label.service_name, label.cost, label.quoted_cost), ("Poslaju", 8.5, 1.7))

    def test_dangerous_goods_go_only_with_who_carries_them(self):
        self.product_standard.oms_is_dangerous = True
        brave = self._create_table_carrier("Brave", 30.0, oms_takes_dangerous=True)
        picking = self._delivery(self.table)
        compare = self.env["oms.rate.compare"].browse(picking.action_oms_compare_rates()["res_id"])
        self.assertEqual(compare.line_ids.filtered("chosen").carrier_id, brave)

    def test_an_order_gets_the_delivery_line_of_the_chosen_one(self):
        order = self._order(("STD", 1, "20.00", 20), status="on_hold")
        compare = self.env["oms.rate.compare"].browse(order.action_oms_compare_rates()["res_id"])
        line = compare.line_ids.filtered(lambda line: line.carrier_id == self.table)
        line.action_choose()
        self.assertEqual((order.carrier_id, order.order_line.filtered("is_delivery").price_unit), (self.table, 6.0))
