"""A site gives up a delivery: another one takes over, or somebody is told."""

from unittest.mock import patch

from odoo.exceptions import UserError

from ..models import oms_sourcing_decision
from .common import RoutingCommon


class TestReroute(RoutingCommon):
    def test_a_cancelled_delivery_comes_from_the_next_site(self):
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 2))
        self._delivery(order, self.lille).action_cancel()
        self.assertEqual(self._from(order), {"Lyon": 2})
        self.assertEqual(self._delivery(order, self.lyon).state, "assigned")
        self.assertFalse(order.oms_on_hold)
        reroute = self._decisions(order)[-1]
        self.assertEqual((reroute.trigger, reroute.outcome), ("reroute", "single"))
        gave_up = self._candidate(reroute, self.lille)
        self.assertEqual((gave_up.accepted, gave_up.reason_code), (False, "not_excluded"))
        self.assertEqual(gave_up.reason, "Lille gave up a delivery of this order.")

    def test_what_a_site_sends_short_without_a_backorder_comes_from_the_next_site(self):
        """Five chairs from Lille, of which it finds three: the other two come from Lyon, and nothing is lost."""
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 5))
        delivery = self._delivery(order, self.lille)
        delivery.move_ids.write({"quantity": 3, "picked": True})
        delivery.with_context(skip_backorder=True, picking_ids_not_to_backorder=delivery.ids).button_validate()
        self.assertEqual((delivery.state, delivery.backorder_ids.ids), ("done", []))
        rest = self._delivery(order, self.lyon)
        self.assertEqual((rest.state, rest.move_ids.product_uom_qty), ("assigned", 2))
        self.assertEqual(self._decisions(order)[-1].trigger, "reroute")

    def test_only_what_was_cancelled_is_sourced_again(self):
        self._put(self.chair, lille=4, lyon=2, marseille=3)
        order = self._order(("CHAIR", 6))
        self._delivery(order, self.lyon).action_cancel()
        self.assertEqual(self._from(order), {"Lille": 4, "Marseille": 2})
        self.assertEqual(self._decisions(order)[-1].line_ids.quantity, 2)

    def test_a_second_site_that_gives_up_is_followed_by_a_third(self):
        self._put(self.chair, lille=5, lyon=5, marseille=5)
        order = self._order(("CHAIR", 2))
        self._delivery(order, self.lille).action_cancel()
        self._delivery(order, self.lyon).action_cancel()
        self.assertEqual(self._from(order), {"Marseille": 2})
        last = self._decisions(order)[-1]
        self.assertEqual([self._candidate(last, site).accepted for site in (self.lille, self.lyon)], [False, False])

    def test_of_many_sites_those_that_gave_up_are_remembered(self):
        """Only the best are kept one by one; a site that gave up is the last of all."""
        self.patch(oms_sourcing_decision, "CANDIDATES_KEPT", 1)
        self._put(self.chair, lille=5, lyon=5, marseille=5)
        order = self._order(("CHAIR", 2))
        self._delivery(order, self.lille).action_cancel()
        self._delivery(order, self.lyon).action_cancel()
        self.assertEqual(self._from(order), {"Marseille": 2})
        first, *_later = self._decisions(order)
        self.assertEqual(first._get_executed().refused, {self.lille.id, self.lyon.id})

    def test_with_nowhere_else_the_order_stops_and_says_so(self):
        self._put(self.chair, lille=5)
        order = self._order(("CHAIR", 2))
        self._delivery(order, self.lille).action_cancel()
        self.assertEqual(self._from(order), {})
        self.assertEqual(self._holds(order), ["stock"])
        self.assertIn("Product CHAIR", order.oms_hold_reason)
        self.assertIn("Lille", order.oms_hold_reason)
        self.assertEqual(self._decisions(order)[-1].outcome, "backorder")

    def test_with_all_others_paused_the_hold_names_who_gave_up(self):
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 2))
        (self.lyon | self.marseille).oms_intake = "pause"
        self._delivery(order, self.lille).action_cancel()
        self.assertEqual((self._from(order), self._holds(order)), ({}, ["stock"]))
        self.assertIn("Lille will not deliver all of", order.oms_hold_reason)

    def test_what_has_no_delivery_can_be_sourced_when_stock_has_come(self):
        self._put(self.chair, lille=5)
        order = self._order(("CHAIR", 2))
        self._delivery(order, self.lille).action_cancel()
        self._put(self.chair, lille=0, marseille=2)
        order.action_oms_release()
        order.action_oms_source_again()
        self.assertEqual(self._from(order), {"Marseille": 2})
        manual = self._decisions(order)[-1]
        self.assertEqual((manual.trigger, len(order.oms_decision_ids)), ("manual", 3))
        self.assertTrue(all(manual.line_ids.mapped("applied")))
        with self.assertRaisesRegex(UserError, "Nothing of .* is without a delivery"):
            order.action_oms_source_again()

    def test_sourcing_by_hand_may_choose_the_site_that_gave_up(self):
        """It is all sites that are considered: Lille has found its chairs again."""
        self._put(self.chair, lille=5)
        order = self._order(("CHAIR", 2))
        self._delivery(order, self.lille).action_cancel()
        order.action_oms_release()
        order.action_oms_source_again()
        self.assertEqual(self._from(order), {"Lille": 2})
        self.assertEqual(order.picking_ids.filtered(lambda p: p.state != "cancel").state, "assigned")

    def test_a_site_from_which_less_was_wanted_has_not_given_up(self):
        """Lyon's part was given back by the customer; when Lille gives up, Lyon may well ship."""
        self._put(self.chair, lille=4, lyon=2)
        order = self._order(("CHAIR", 6))
        order.order_line.product_uom_qty = 2
        self._delivery(order, self.lille).action_cancel()
        self.assertEqual(self._from(order), {"Lyon": 2})

    def test_an_order_that_was_called_off_and_comes_again_starts_anew(self):
        """Who gave up in its first life is asked again in its second."""
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 2))
        order.action_cancel()
        order.action_draft()
        order.action_confirm()
        self.assertEqual(self._from(order), {"Lille": 2})
        self._delivery(order, self.lille).action_cancel()
        self.assertEqual(self._from(order), {"Lyon": 2})

    def test_the_whole_order_cancelled_is_not_sourced_again(self):
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 2))
        order.action_cancel()
        self.assertEqual((order.state, self._from(order)), ("cancel", {}))
        self.assertEqual(order.oms_decision_ids.mapped("trigger"), ["confirm"])
        self.assertFalse(order.oms_hold_ids)

    def test_a_locked_order_is_rerouted_and_stays_locked(self):
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 2))
        order.action_lock()
        self._delivery(order, self.lille).action_cancel()
        self.assertEqual(self._from(order), {"Lyon": 2})
        self.assertTrue(order.locked)

    def test_goods_that_came_back_are_not_sent_again_when_a_site_gives_up(self):
        """Lille has shipped its four, one came back; Lyon gives up its two: two are sourced again, not three."""
        self._put(self.chair, lille=4, lyon=2, marseille=3)
        order = self._order(("CHAIR", 6))
        delivery = self._delivery(order, self.lille)
        self._validate(delivery)
        self._send_back(delivery, 1)
        self._delivery(order, self.lyon).action_cancel()
        self.assertEqual(self._from(order).get("Marseille"), 2)

    def test_another_line_that_came_back_is_not_sent_again(self):
        self._put(self.chair, lille=4)
        self._put(self.lamp, lyon=1, marseille=1)
        order = self._order(("CHAIR", 4), ("LAMP", 1))
        delivery = self._delivery(order, self.lille)
        self._validate(delivery)
        self._send_back(delivery, 4)
        self._delivery(order, self.lyon).action_cancel()
        self.assertEqual(self._from(order), {"Lille": 4, "Marseille": 1})
        with self.assertRaises(UserError):
            order.action_oms_source_again()

    def test_goods_that_were_picked_and_are_not_sent_stop_the_order(self):
        """The parcel stands at the output of Lille; that it will not leave is nothing another shelf can know of."""
        self.lille.delivery_steps = "pick_ship"
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 2))
        pick = self._delivery(order, self.lille)
        self._validate(pick)
        self._delivery(order, self.lille).action_cancel()
        self.assertEqual(self._holds(order), ["stock"])

    def test_goods_that_were_picked_and_are_not_sent_are_brought_back_to_the_shelf(self):
        """Of five that stand at the output of Lille two are refused: nobody is promised them before they are back."""
        self.lille.delivery_steps = "pick_ship"
        self._put(self.chair, lille=5)
        order = self._order(("CHAIR", 5))
        self._validate(self._delivery(order, self.lille))
        delivery = self._delivery(order, self.lille)
        delivery._oms_reject({delivery.move_ids: 2}, self.env.ref("oms_core.reject_reason_no_time"))
        back = self.env["stock.picking"].search(
            [("location_id", "=", self.lille.wh_output_stock_loc_id.id), ("picking_type_code", "=", "internal")]
        ) & self.env["stock.picking"].search([("location_dest_id", "=", self.lille.lot_stock_id.id)])
        self.assertEqual((back.state, back.move_ids.product_uom_qty), ("assigned", 2))
        availability = self.env["oms.availability"]
        self.assertEqual(availability._snapshot(self.chair, self.lille).available(self.lille.id, self.chair.id), 0)
        self._validate(back)
        self.assertEqual(availability._snapshot(self.chair, self.lille).available(self.lille.id, self.chair.id), 2)
        self.assertEqual(self._delivery(order, self.lille).move_ids.filtered("quantity").quantity, 3)

    def test_who_works_in_the_warehouse_may_give_up_a_delivery(self):
        """And needs no right to orders, decisions or holds for what follows."""
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 2))
        worker = self._create_user("routing_worker", "stock.group_stock_user")
        self._delivery(order, self.lille).with_user(worker).action_cancel()
        self.assertEqual(self._from(order), {"Lyon": 2})
        self._delivery(order, self.lyon).with_user(worker).action_cancel()
        self.assertEqual(self._holds(order), ["stock"])

    def test_deliveries_of_two_orders_given_up_at_once_share_what_is_left(self):
        self._put(self.chair, lille=8, lyon=4, marseille=4)
        first, second = (self._order(("CHAIR", 4)) for _order in range(2))
        self._delivery(first | second, self.lille).action_cancel()
        self.assertEqual((self._from(first), self._from(second)), ({"Lyon": 4}, {"Marseille": 4}))

    def test_an_order_of_no_channel_is_not_rerouted(self):
        self._put(self.chair, lille=5, lyon=5)
        plain = self._order_in(self.chair.uom_id, 2).copy({"oms_channel_id": False, "warehouse_id": self.lille.id})
        plain.action_confirm()
        with patch.object(type(plain), "_oms_reroute") as reroute:
            plain.picking_ids.action_cancel()
        reroute.assert_not_called()
        self.assertEqual(self._from(plain), {})
