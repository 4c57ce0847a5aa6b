"""RTE-04, RTE-07, I13: a kit moves to a cheaper place whole, is sent whole to where the rest of its order is, and what its
place cannot send whole comes whole from elsewhere."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.oms_routing.tests.common import RoutingCommon


class KitsCommon(RoutingCommon):
    """A box holds two mugs, a tea and a ribbon whose stock nobody counts. A parcel costs 10 and a euro per kilometre."""

    def setUp(self):
        super().setUp()
        if "mrp.bom" not in self.env:
            self.skipTest("Manufacturing is not installed: there are no kits")
        self.mug, self.tea = self._create_product("MUG"), self._create_product("TEA")
        self.ribbon = self._create_product("RIBBON", is_storable=False)
        self.box = self._create_product("BOX", is_storable=False)
        self.recipe = self._create_kit(self.box, (self.mug, 2), (self.tea, 1), (self.ribbon, 1))
        self.policy = self._create_improving_policy()

    def _put_boxes(self, **shelves):
        """What so many boxes need, on the shelves of these sites."""
        self._put(self.mug, **{name: 2 * boxes for name, boxes in shelves.items()})
        self._put(self.tea, **shelves)

    def _boxes(self, **places):
        """What is to leave where so many boxes do."""
        return {
            (name.capitalize(), part): boxes * needed
            for name, boxes in places.items()
            for part, needed in (("MUG", 2), ("TEA", 1), ("RIBBON", 1))
        }

    def _open(self, order):
        """{(place, part): what is still to leave}"""
        found = {}
        for move in self._moves(order).filtered(lambda move: move.state != "done"):
            key = move.warehouse_id.name, move.product_id.default_code
            found[key] = found.get(key, 0) + move.product_qty
        return found

    def _part(self, order, product):
        return order.order_line.move_ids.filtered(
            lambda move: move.product_id == product and move.state not in ("done", "cancel")
        )

    def _reject(self, order, product, quantity):
        move = self._part(order, product)
        return move.picking_id._oms_reject({move: quantity}, self.env.ref("oms_core.reject_reason_no_time"))


@tagged("post_install", "-at_install")
class TestKitsAreAsked(KitsCommon):
    def test_a_kit_and_its_mug_that_are_added_together_share_the_mugs(self):
        """A box and two mugs; Lille and Lyon have two mugs each."""
        self._put(self.chair, lille=1)
        order = self._order(("CHAIR", 1))
        self._put_boxes(lille=1, lyon=1)
        added = ((self.box, 1), (self.mug, 2))
        lines = [Command.create({"product_id": one.id, "product_uom_qty": quantity}) for one, quantity in added]
        order.write({"order_line": lines})
        self.assertEqual(self._from(order, self.mug), {"Lille": 2, "Lyon": 2})
        self.assertEqual(set(order.picking_ids.mapped("state")), {"assigned"})
        self.assertEqual(len(order.oms_decision_ids), 2)

    def test_an_optional_part_of_nothing_takes_nothing_from_any_place(self):
        saucer = self._create_product("SAUCER")
        self.recipe.bom_line_ids = [Command.create({"product_id": saucer.id, "product_qty": 0})]
        self._put_boxes(lille=1, lyon=1)
        self._put(self.mug, lille=4)
        order = self._order(("BOX", 2), ("MUG", 2))
        self.assertEqual(self._from(order, self.tea), {"Lille": 1, "Lyon": 1})
        self.assertEqual(self._from(order, self.mug), {"Lille": 4, "Lyon": 2})
        self._ship(order)
        self.assertEqual((order.order_line.mapped("qty_delivered"), order.oms_status), ([2, 2], "shipped"))


@tagged("post_install", "-at_install")
class TestKitsOfTwoCompanies(KitsCommon):
    def _draft(self, company, product, channel):
        return self.env["sale.order"].create(
            {
                "company_id": company.id,
                "partner_id": self.customer.id,
                "oms_channel_id": channel.id,
                "order_line": [Command.create({"product_id": product.id, "product_uom_qty": 2})],
            }
        )

    def test_orders_of_two_companies_confirmed_together_know_each_the_kits_of_its_own(self):
        """A manager marks both in the list and confirms them."""
        other = self._create_company("Other merchant")
        self.env = self.env(context={**self.env.context, "allowed_company_ids": (self.company | other).ids})
        theirs = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        channel = self.env["oms.channel"].create({"name": "Theirs", "code": "THEIRS", "company_id": other.id})
        values = {"company_id": other.id, "taxes_id": False}
        cup = self._create_product("CUP", **values)
        crate = self._create_product("CRATE", is_storable=False, **values)
        self._create_kit(crate, (cup, 3), company_id=other.id)
        self._stock(cup, theirs, 6)
        self._put_boxes(lyon=2)
        ours = self._draft(self.company, self.box, self.channel)
        orders = ours | self._draft(other, crate, channel)
        orders.with_env(self.env).action_confirm()
        self.assertEqual(orders.mapped("oms_decision_ids.outcome"), ["single", "single"])
        self.assertEqual(self._open(ours), self._boxes(lyon=2))
        moves = (orders - ours).order_line.move_ids
        self.assertEqual((moves.product_id, moves.product_qty, moves.warehouse_id), (cup, 6, theirs))


@tagged("post_install", "-at_install")
class TestKitsAreImproved(KitsCommon):
    def _job(self):
        orders = self.env["sale.order"].search([("company_id", "=", self.company.id)])
        orders.oms_improved_at = False
        with self.enter_registry_test_mode():
            self.env.ref("oms_routing.cron_improve").method_direct_trigger()

    def test_a_kit_comes_from_a_nearer_place_with_all_that_is_in_it_and_the_saving_is_named(self):
        self._put_boxes(marseille=5)
        order = self._order(("BOX", 2))
        self.assertEqual(self._open(order), self._boxes(marseille=2))
        self._put_boxes(lille=2)
        self._job()
        self.assertEqual(self._open(order), self._boxes(lille=2))
        self.assertEqual(set(self._moves(order).mapped("state")), {"assigned"})
        decision = self._decisions(order)[-1]
        self.assertEqual((decision.trigger, decision.supersedes_id), ("saving", self._decisions(order)[0]))
        self.assertEqual(decision.line_ids.mapped("quantity"), [2])
        self.assertRegex(decision.sentence, r"It saves .*\d+\.\d\d.*: .* instead of .* from Marseille\.$")
        self.assertFalse(order.oms_stay_code)
        free = self.env["oms.availability"]._snapshot(self.box, self.sites)
        self.assertEqual([free.available(site.id, self.box.id) for site in (self.marseille, self.lille)], [5, 0])
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 2)

    def test_a_kit_does_not_come_half_from_here_and_half_from_there(self):
        self._put_boxes(marseille=5)
        order = self._order(("BOX", 2))
        self._put(self.mug, lille=9)
        self._put(self.tea, lyon=9)
        self._job()
        self.assertEqual(self._open(order), self._boxes(marseille=2))
        self.assertEqual(order.oms_stay_code, "saving")
        self.assertIn("cheaper from nowhere else", order.oms_stay_reason)

    def test_whole_kits_from_two_places_become_one_parcel(self):
        self._put_boxes(lyon=1, lille=1)
        order = self._order(("BOX", 2))
        self.assertEqual(self._open(order), self._boxes(lyon=1, lille=1))
        self._put_boxes(lille=2)
        self._job()
        self.assertEqual(self._open(order), self._boxes(lille=2))

    def test_of_two_lines_both_move(self):
        self._put_boxes(marseille=5)
        self._put(self.chair, marseille=5)
        order = self._order(("BOX", 1), ("CHAIR", 1))
        self._put_boxes(lille=1)
        self._put(self.chair, lille=1)
        self._job()
        self.assertEqual(self._open(order), {**self._boxes(lille=1), ("Lille", "CHAIR"): 1})

    def test_a_dozen_of_kits_moves_as_twelve(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self._put_boxes(marseille=12)
        order = self._order_in(dozen, 1, self.box)
        self._put_boxes(lille=12)
        self._job()
        self.assertEqual(self._open(order), self._boxes(lille=12))

    def test_kits_whose_parts_nobody_counts_move_too(self):
        self.recipe.bom_line_ids.filtered(lambda line: line.product_id != self.ribbon).unlink()
        self.lille.oms_intake = "closed"
        order = self._order(("BOX", 2))
        self.assertEqual(self._open(order), {("Lyon", "RIBBON"): 2})
        self.lille.oms_intake = "open"
        self._job()
        self.assertEqual(self._open(order), {("Lille", "RIBBON"): 2})

    def test_a_kit_of_which_a_part_has_left_stays_and_the_order_says_so(self):
        self._put_boxes(marseille=5)
        order = self._order(("BOX", 2))
        self._ship(order, {self.mug: 4})
        self._put_boxes(lille=5)
        self._job()
        self.assertEqual(self._open(order), {("Marseille", "TEA"): 2, ("Marseille", "RIBBON"): 2})
        self.assertEqual(order.oms_stay_code, "kit")
        self.assertIn("Product BOX", order.oms_stay_reason)
        self.assertIn("a kit moves as a whole", order.oms_stay_reason)

    def test_the_rest_of_a_line_of_which_whole_kits_have_left_moves(self):
        self._put_boxes(marseille=5)
        order = self._order(("BOX", 3))
        self._ship(order, {self.mug: 2, self.tea: 1, self.ribbon: 1})
        self._put_boxes(lille=5)
        self._job()
        self.assertEqual(self._open(order), self._boxes(lille=2))
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 3)

    def test_a_kit_that_is_being_picked_stays(self):
        self._put_boxes(marseille=5)
        order = self._order(("BOX", 2))
        self._part(order, self.mug).picked = True
        self._put_boxes(lille=5)
        self._job()
        self.assertEqual(self._open(order), self._boxes(marseille=2))

    def test_what_is_in_a_kit_and_beside_it_is_not_taken_twice(self):
        """Lille has two mugs: enough for the box, or for the mugs, not for both."""
        self._put_boxes(marseille=5)
        order = self._order(("BOX", 1), ("MUG", 2))
        self._put_boxes(lille=1)
        self._job()
        self.assertEqual(
            self._open(order), {**self._boxes(marseille=1), ("Marseille", "MUG"): 4}, order.oms_stay_reason
        )
        self.assertEqual(order.oms_stay_code, "saving")
        self._put(self.mug, lille=4)
        self._job()
        self.assertEqual(self._open(order), {**self._boxes(lille=1), ("Lille", "MUG"): 4})
        self.assertEqual(set(self._moves(order).mapped("state")), {"assigned"})

    def test_a_kit_changes_no_more_often_than_it_may(self):
        self._put_boxes(marseille=5)
        order = self._order(("BOX", 2))
        self._put_boxes(lyon=5)
        self._job()
        self._put_boxes(lille=5)
        self._job()
        self.assertEqual(self._open(order), self._boxes(lyon=2))
        self.assertEqual(order.oms_stay_code, "limit")
        self.policy.changes_max = 2
        self._job()
        self.assertEqual(self._open(order), self._boxes(lille=2))


@tagged("post_install", "-at_install")
class TestKitsBesideTheirParts(KitsCommon):
    """What a kit takes of a shelf, another line that wants the same lacks: when it is first decided, too."""

    def test_a_site_with_mugs_for_the_box_or_for_the_line_is_not_promised_both(self):
        self._put_boxes(lille=1, marseille=5)
        order = self._order(("BOX", 1), ("MUG", 2))
        self.assertEqual(self._open(order), {**self._boxes(marseille=1), ("Marseille", "MUG"): 4})
        self.assertEqual(set(self._moves(order).mapped("state")), {"assigned"})
        decision = self._decisions(order)
        self.assertIn("Shipped from Marseille: the only site with both items", decision.sentence)
        self.assertEqual(self._candidate(decision, self.lille).reason_code, "covers_some")
        lines = {line.product_id: line.quantity for line in decision.line_ids}
        self.assertEqual(lines, {self.box: 1, self.mug: 2}, "people read of the box, not of its parts")
        self.assertEqual(decision._replay()[decision], "same")
        self._ship(order)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [1, 2])

    def test_by_goals_and_by_cost_it_is_the_same(self):
        self.policy.strategy = "lexicographic"
        self.test_a_site_with_mugs_for_the_box_or_for_the_line_is_not_promised_both()

    def test_mugs_that_the_box_does_not_leave_come_from_elsewhere(self):
        self._put_boxes(lille=1)
        self._put(self.mug, lyon=2)
        order = self._order(("BOX", 1), ("MUG", 2))
        self.assertEqual(self._open(order), {**self._boxes(lille=1), ("Lyon", "MUG"): 2})

    def test_what_is_nowhere_for_both_waits_and_the_sentence_says_where_it_went(self):
        self._put_boxes(lille=1)
        order = self._order(("BOX", 1), ("MUG", 2))
        decision = self._decisions(order)
        self.assertEqual(sum(decision.line_ids.mapped("quantity")), 3)
        self.assertIn("beside what goes into the rest of the order", decision.sentence)

    def test_two_kits_that_share_a_part_are_not_put_together_from_the_same_one(self):
        pair = self._create_product("PAIR", is_storable=False)
        self._create_kit(pair, (self.mug, 2))
        self._put_boxes(lille=1, lyon=1)
        order = self._order(("BOX", 1), ("PAIR", 1))
        self.assertEqual(
            sorted(place for place, part in self._open(order) if part == "MUG"), ["Lille", "Lyon"], self._open(order)
        )

    def test_orders_that_are_decided_at_once_do_not_get_the_same_mugs(self):
        self._put_boxes(lille=1)
        self._put(self.mug, lyon=2)
        orders = self.env["sale.order"].create(
            [
                {
                    "partner_id": self.customer.id,
                    "oms_channel_id": self.channel.id,
                    "company_id": self.company.id,
                    "order_line": [Command.create({"product_id": product.id, "product_uom_qty": quantity})],
                }
                for product, quantity in ((self.box, 1), (self.mug, 2))
            ]
        )
        orders.action_confirm()
        self.assertEqual([self._open(order) for order in orders], [self._boxes(lille=1), {("Lyon", "MUG"): 2}])
        for decision in orders.oms_decision_ids:
            self.assertEqual(decision._replay()[decision], "same")

    def test_the_stock_as_it_was_tells_of_both_lines_what_was_decided(self):
        self._put_boxes(lille=1, marseille=5)
        order = self._order(("BOX", 1), ("MUG", 2))
        trial = self.env["oms.sourcing.backtest"].create({"company_id": self.company.id})
        trial.action_start()
        lines = trial.line_ids.filtered(lambda line: line.order_id == order)
        self.assertEqual(set(lines.mapped("parity")), {"same"}, lines.mapped("parity_note"))

    def test_a_line_given_up_comes_from_where_the_box_leaves_enough(self):
        self._put_boxes(lille=2, lyon=1, marseille=5)
        order = self._order(("BOX", 1), ("MUG", 2))
        self.assertEqual(self._open(order), {**self._boxes(lille=1), ("Lille", "MUG"): 4})
        line = order.order_line.filtered(lambda line: line.product_id == self.mug)
        line.move_ids.picking_id._oms_reject({line.move_ids: 2}, self.env.ref("oms_core.reject_reason_no_time"))
        self.assertEqual(self._open(order), {**self._boxes(lille=1), ("Lyon", "MUG"): 2})


@tagged("post_install", "-at_install")
class TestKitsAreGivenUp(KitsCommon):
    def test_a_rejected_part_takes_its_kit_along_and_none_of_it_is_sent_twice(self):
        self._put_boxes(lille=5, lyon=5)
        order = self._order(("BOX", 2))
        delivery = self._delivery(order, self.lille)
        self._reject(order, self.mug, 4)
        self.assertEqual(self._open(order), self._boxes(lyon=2))
        self.assertEqual((delivery.state, order.oms_on_hold), ("cancel", False))
        self.assertTrue(
            any("leaves whole or not at all" in (body or "") for body in delivery.message_ids.mapped("body"))
        )
        self.assertEqual(order.oms_rejection_ids.mapped("product_id"), self.mug)
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 2)

    def test_what_the_place_has_whole_it_sends(self):
        """One mug of four is broken: a box leaves from Lille, the other one from Lyon."""
        self._put_boxes(lille=5, lyon=5)
        order = self._order(("BOX", 2))
        self._reject(order, self.mug, 1)
        self.assertEqual(self._open(order), self._boxes(lille=1, lyon=1))

    def test_a_place_that_gives_up_one_of_two_parcels_is_followed_by_another(self):
        self._put_boxes(lille=1, lyon=1, marseille=1)
        order = self._order(("BOX", 2))
        self._delivery(order, self.lyon).action_cancel()
        self.assertEqual(self._open(order), self._boxes(lille=1, marseille=1))

    def test_with_nowhere_else_nothing_leaves_and_the_order_says_which_part_of_what(self):
        self._put_boxes(lille=5)
        order = self._order(("BOX", 2))
        self._reject(order, self.tea, 2)
        self.assertEqual(self._open(order), {})
        self.assertEqual(self._holds(order), ["stock"])
        self.assertRegex(
            order.oms_hold_reason, r"Lille will not deliver all of .*TEA.* \(in .*BOX\), and no other place can"
        )
        self._put_boxes(lyon=5)
        order.oms_replanned_at = False
        with self.enter_registry_test_mode():
            self.env.ref("oms_routing.cron_replan").method_direct_trigger()
        self.assertEqual((self._open(order), order.oms_on_hold), (self._boxes(lyon=2), False))

    def test_a_kit_that_waits_for_one_part_goes_as_a_whole_to_where_all_of_it_is(self):
        self._put_boxes(lille=2)
        order = self._order(("BOX", 2))
        mugs = self._part(order, self.mug)
        mugs._do_unreserve()
        self._put(self.mug, lille=0)
        self.assertEqual(mugs.state, "confirmed")
        self._put_boxes(lyon=5)
        order._oms_look_for_stock()
        self.assertEqual(self._open(order), self._boxes(lyon=2))

    def test_a_late_kit_goes_as_a_whole(self):
        self._put_boxes(lille=1, lyon=1, marseille=1)
        order = self._order(("BOX", 2))
        self.lyon.oms_intake = "closed"
        self._delivery(order, self.lyon)._oms_replan()
        self.assertEqual(self._open(order), self._boxes(lille=1, marseille=1))

    def test_what_was_picked_of_a_kit_is_put_back_when_a_part_is_rejected(self):
        self.lille.delivery_steps = "pick_ship"
        self._put_boxes(lille=5)
        order = self._order(("BOX", 2))
        self._validate(self._delivery(order, self.lille))
        self._reject(order, self.mug, 4)
        self.assertFalse(self._part(order, self.tea))
        back = self.env["stock.picking"].search(
            [("location_dest_id", "=", self.lille.lot_stock_id.id), ("picking_type_code", "=", "internal")]
        )
        brought = {move.product_id: move.product_uom_qty for move in back.move_ids}
        self.assertEqual(brought, {self.mug: 4, self.tea: 2}, "ribbons nobody counts, there and back")

    def test_half_a_kit_does_not_leave_when_nothing_follows(self):
        self._put_boxes(lille=5, lyon=5)
        order = self._order(("BOX", 2))
        delivery = self._delivery(order, self.lille)
        moves = {part: self._part(order, part) for part in (self.mug, self.tea, self.ribbon)}
        for part, quantity in ((self.mug, 2), (self.tea, 2), (self.ribbon, 2)):
            moves[part].write({"quantity": quantity, "picked": True})
        validate = delivery.with_context(skip_backorder=True, picking_ids_not_to_backorder=delivery.ids).button_validate
        with self.assertRaisesRegex(UserError, r"BOX would leave in part: 1 .*TEA.* without the rest"):
            validate()
        for part in (self.tea, self.ribbon):
            moves[part].quantity = 1
        validate()
        self.assertEqual((delivery.state, self._open(order)), ("done", self._boxes(lyon=1)))
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 2)

    def test_of_a_kit_of_which_a_part_is_with_the_customer_a_person_says_what_becomes(self):
        self._put_boxes(lille=5, lyon=5)
        order = self._order(("BOX", 2))
        self._ship(order, {self.mug: 4})
        self._reject(order, self.tea, 2)
        self.assertEqual(self._open(order), {("Lille", "RIBBON"): 2})
        self.assertEqual(self._holds(order), ["stock"])
        self.assertIn("other parts of Product BOX", order.oms_hold_reason.replace("[BOX] ", ""))
        with self.assertRaises(UserError):
            self._delivery(order, self.lille).button_validate()


@tagged("post_install", "-at_install")
class TestKitsAreGathered(KitsCommon):
    """Transfer, then ship: Lyon has chairs, Lille boxes; a second parcel costs more than a transfer."""

    def setUp(self):
        super().setUp()
        self.policy = self.env["oms.sourcing.policy"].create(
            {
                "name": "One parcel",
                "company_id": self.company.id,
                "sequence": -9,
                "consolidate": True,
                "cost_parcel": 6,
                "cost_split": 2,
            }
        )
        self.sites.write({"oms_transfer_cost": 1, "oms_transfer_cost_unit": 0.5, "oms_bring_days": 1})
        self._put(self.chair, lyon=9)

    def _gathered(self, *more, boxes=2):
        """(order, its delivery, transfers out, transfers in)"""
        order = self._order(("CHAIR", 5), ("BOX", boxes), *more)
        leaves = order.oms_transfer_ids.filtered(lambda picking: picking.picking_type_code == "internal")
        self.assertIn(self.mug, leaves.move_ids.product_id)
        return order, order.picking_ids, leaves, order.oms_transfer_ids - leaves

    def _told(self, decision):
        return [(line.product_id, line.warehouse_id, line.quantity, line.mode) for line in decision.line_ids]

    def _sends(self, transfers):
        """{product: what these transfers are to bring}"""
        found = {}
        for move in transfers.move_ids.filtered(lambda move: move.state != "cancel"):
            found[move.product_id] = found.get(move.product_id, 0) + move.product_qty
        return found

    def _free(self, product, *sites):
        snapshot = self.env["oms.availability"]._snapshot(product, self.sites)
        return [int(snapshot.available(site.id, product.id)) for site in sites]

    def _deliver(self, order, leaves, arrives):
        """All of it leaves for the hub and from there to the customer."""
        for transfer in (*leaves, *arrives):
            if transfer.state != "cancel":
                self._validate(transfer)
        delivery = order.picking_ids.filtered(lambda picking: picking.state != "cancel")
        self.assertEqual((len(delivery), delivery.state), (1, "assigned"))
        self._validate(delivery)
        self.assertEqual(order.order_line.mapped("qty_delivered"), order.order_line.mapped("product_uom_qty"))
        self.assertEqual(self.env["oms.stock.event"]._check(self.company), [])

    def _is_same_again(self, order):
        """Decided again, and tried on the stock as it was, it is the same."""
        for decision in order.oms_decision_ids:
            self.assertEqual(decision._replay()[decision], "same")
        trial = self.env["oms.sourcing.backtest"].create({"company_id": self.company.id})
        trial.action_start()
        lines = trial.line_ids.filtered(lambda line: line.order_id == order)
        self.assertEqual(set(lines.mapped("parity")), {"same"}, lines.mapped("parity_note"))

    def test_boxes_go_to_the_chairs_with_all_that_is_in_them_and_leave_in_one_parcel(self):
        self._put_boxes(lille=3)
        order, delivery, leaves, arrives = self._gathered()
        decision = self._decisions(order)
        self.assertEqual(
            decision.sentence,
            "One parcel from Lyon, to where Lille sends 2 Product BOX first: 6.00 less than 2 parcels.",
        )
        self.assertEqual(
            self._told(decision), [(self.chair, self.lyon, 5, "ship"), (self.box, self.lille, 2, "transfer")]
        )
        self.assertEqual((leaves.picking_type_id.warehouse_id, leaves.state), (self.lille, "assigned"))
        self.assertEqual(
            self._sends(leaves), {self.mug: 4, self.tea: 2}, "ribbons nobody counts, and they are everywhere"
        )
        self.assertEqual((delivery.state, delivery.move_type), ("waiting", "one"))
        boxes = order.order_line.filtered(lambda line: line.product_id == self.box)
        self.assertEqual(boxes.oms_promised_at, arrives.move_ids[0].date)
        for part in (self.mug, self.tea):
            self.assertEqual(
                self._part(order, part).move_orig_ids, arrives.move_ids.filtered(lambda m, p=part: m.product_id == p)
            )
        self.assertEqual(self._free(self.box, self.lille, self.lyon), [1, 0])
        self.assertEqual(self._free(self.mug, self.lille, self.lyon), [2, 0])
        self._validate(leaves)
        self.assertEqual(self._free(self.mug, self.lille, self.lyon), [2, 0])
        self._validate(arrives)
        self.assertEqual(self._free(self.mug, self.lille, self.lyon), [2, 0], "what came in is for this order")
        self._deliver(order, leaves.browse(), arrives.browse())
        self._is_same_again(order)

    def test_boxes_of_the_hub_wait_for_those_that_are_sent(self):
        """Lyon has three mugs and a tea: a box, and a mug that stays."""
        self._put(self.mug, lyon=3)
        self._put(self.tea, lyon=1)
        self._put_boxes(lille=3)
        order, _delivery, leaves, arrives = self._gathered(boxes=3)
        told = self._told(self._decisions(order))[1:]
        self.assertEqual(told, [(self.box, self.lyon, 1, "ship"), (self.box, self.lille, 2, "transfer")])
        self.assertEqual(self._sends(leaves), {self.mug: 4, self.tea: 2})
        self.assertEqual((self._free(self.mug, self.lyon), self._free(self.tea, self.lyon)), ([1], [0]))
        self._deliver(order, leaves, arrives)
        self._is_same_again(order)

    def test_mugs_of_the_hub_do_not_go_into_boxes_that_are_sent(self):
        self._put(self.mug, lyon=9)
        self._put_boxes(lille=3)
        order, _delivery, leaves, arrives = self._gathered()
        self.assertEqual(self._sends(leaves), {self.mug: 4, self.tea: 2})
        self.assertEqual(self._free(self.mug, self.lyon), [9])
        self._deliver(order, leaves, arrives)

    def test_when_more_boxes_are_wanted_more_are_sent(self):
        self._put_boxes(lyon=1, lille=3)
        order, _delivery, leaves, _arrives = self._gathered(boxes=2)
        self.assertEqual(self._sends(leaves), {self.mug: 2, self.tea: 1})
        self._put_boxes(lyon=4)
        boxes = order.order_line.filtered(lambda line: line.product_id == self.box)
        promised, self.lyon.oms_bring_days = boxes.oms_promised_at, 5
        boxes.product_uom_qty = 7
        self.assertEqual((boxes.oms_promised_at - promised).days, 4)
        told = self._told(order._oms_decisions()[:1])
        self.assertEqual(told, [(self.box, self.lyon, 3, "ship"), (self.box, self.lille, 2, "transfer")])
        leaves = order.oms_transfer_ids.filtered(lambda picking: picking.picking_type_code == "internal")
        self.assertEqual(self._sends(leaves), {self.mug: 6, self.tea: 3})
        self._deliver(order, leaves, order.oms_transfer_ids - leaves)

    def test_each_box_comes_whole_from_one_of_two_sites(self):
        self._put_boxes(lille=1, marseille=1)
        self._put(self.mug, lille=5)
        order, _delivery, leaves, arrives = self._gathered()
        self.assertEqual(len(leaves), 2)
        for transfer in leaves:
            self.assertEqual(self._sends(transfer), {self.mug: 2, self.tea: 1})
        self._deliver(order, leaves, arrives)
        self._is_same_again(order)

    def test_a_mug_in_a_box_is_not_the_mug_beside_it(self):
        """Of Lyon's three mugs two are for the line; Lille's are in the boxes."""
        self._put(self.mug, lyon=3)
        self._put_boxes(lille=2)
        order, _delivery, leaves, arrives = self._gathered(("MUG", 3))
        told = self._told(self._decisions(order))[1:]
        self.assertEqual(told, [(self.box, self.lille, 2, "transfer"), (self.mug, self.lyon, 3, "ship")])
        self.assertEqual(self._sends(leaves), {self.mug: 4, self.tea: 2})
        self._deliver(order, leaves, arrives)
        self._is_same_again(order)

    def test_parts_by_the_dozen_and_the_same_part_twice_are_sent_as_many_as_are_in_it(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        rows = [
            {"product_id": self.mug.id, "product_qty": 1, "product_uom_id": dozen.id},
            {"product_id": self.mug.id, "product_qty": 3},
        ]
        self.recipe.bom_line_ids.filtered(lambda row: row.product_id == self.mug).unlink()
        self.recipe.bom_line_ids = [Command.create(row) for row in rows]
        self._put(self.mug, lyon=16, lille=30)
        self._put(self.tea, lyon=1, lille=2)
        order, _delivery, leaves, arrives = self._gathered(boxes=3)
        self.assertEqual(self._sends(leaves), {self.mug: 30, self.tea: 2})
        self._deliver(order, leaves, arrives)
        self._is_same_again(order)

    def test_a_transfer_that_is_called_off_has_whole_boxes_sourced_anew_without_the_site(self):
        self._put(self.mug, lyon=3)
        self._put(self.tea, lyon=1)
        self._put_boxes(lille=3)
        order, delivery, leaves, _arrives = self._gathered(boxes=3)
        self._put_boxes(marseille=5)
        leaves.action_cancel()
        decision = order._oms_decisions()[:1]
        self.assertEqual((decision.trigger, self._told(decision)), ("reroute", [(self.box, self.marseille, 2, "ship")]))
        self.assertEqual(self._candidate(decision, self.lille).reason, "Lille gave up a delivery of this order.")
        self.assertEqual(self._open(order), {("Lyon", "CHAIR"): 5, **self._boxes(lyon=1), **self._boxes(marseille=2)})
        self.assertEqual((delivery.state, order.oms_on_hold), ("assigned", False))
        self.assertEqual(self._free(self.box, self.lille, self.marseille), [3, 3])
        self._ship(order)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [5, 3])
        self.assertEqual(self.env["oms.stock.event"]._check(self.company), [])

    def test_a_transfer_that_brings_too_few_of_one_part_brings_whole_boxes_and_the_rest_is_sourced_anew(self):
        """Of eight mugs five leave: two boxes are whole."""
        self._put_boxes(lille=4)
        order, delivery, leaves, arrives = self._gathered(boxes=4)
        self._put_boxes(marseille=5)
        leaves.move_ids.filtered(lambda move: move.product_id == self.mug).quantity = 5
        self._validate(leaves.with_context(picking_ids_not_to_backorder=leaves.ids))
        decision = order._oms_decisions()[:1]
        self.assertEqual(self._told(decision), [(self.box, self.marseille, 2, "ship")])
        self.assertEqual(self._open(order), {("Lyon", "CHAIR"): 5, **self._boxes(lyon=2), **self._boxes(marseille=2)})
        self._validate(arrives)
        self.assertEqual((delivery.state, order.oms_on_hold), ("assigned", False))
        self.assertEqual((self._free(self.mug, self.lyon), self._free(self.tea, self.lyon)), ([1], [2]))
        self._ship(order)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [5, 4])
        self.assertEqual(self.env["oms.stock.event"]._check(self.company), [])

    def test_when_one_part_is_called_off_the_rest_of_its_boxes_stays_where_it_is(self):
        self._put_boxes(lille=3)
        order, _delivery, leaves, _arrives = self._gathered()
        self._put_boxes(marseille=5)
        leaves.move_ids.filtered(lambda move: move.product_id == self.tea)._action_cancel()
        self.assertEqual(leaves.state, "cancel", "the mugs are for nobody without the tea")
        self.assertEqual(self._open(order), {("Lyon", "CHAIR"): 5, **self._boxes(marseille=2)})
        self._ship(order)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [5, 2])

    def test_when_one_of_two_sites_gives_up_a_part_the_box_of_the_other_stays_whole(self):
        for giving_up in (0, 1):
            with self.subTest(giving_up=giving_up), self.env.cr.savepoint() as savepoint:
                self._put_boxes(lille=1, marseille=1)
                _order, _delivery, leaves, _arrives = self._gathered()
                gone = leaves[giving_up]
                gone.move_ids.filtered(lambda move: move.product_id == self.tea)._action_cancel()
                self.assertEqual(gone.state, "cancel")
                self.assertEqual(self._sends(leaves - gone), {self.mug: 2, self.tea: 1})
                savepoint.rollback()
                self.env.invalidate_all()

    def test_with_nobody_else_to_send_it_nothing_of_the_boxes_leaves_and_the_order_says_so(self):
        self._put_boxes(lille=3)
        order, _delivery, leaves, _arrives = self._gathered()
        leaves.action_cancel()
        self.assertEqual(self._open(order), {("Lyon", "CHAIR"): 5})
        self.assertEqual(self._holds(order), ["stock"])
        self.assertIn("Lille will not deliver all of", order.oms_hold_ids.filtered("is_open").reason)

    def test_when_fewer_boxes_are_wanted_fewer_are_sent(self):
        self._put_boxes(lyon=1, lille=3)
        order, _delivery, leaves, arrives = self._gathered(boxes=4)
        boxes = order.order_line.filtered(lambda line: line.product_id == self.box)
        boxes.product_uom_qty = 2
        self.assertEqual(self._open(order), {("Lyon", "CHAIR"): 5, **self._boxes(lyon=2)})
        fed = {part: sum(self._part(order, part).mapped("product_qty")) for part in (self.mug, self.tea)}
        self.assertEqual(fed, {self.mug: 4, self.tea: 2})
        self._deliver(order, leaves, arrives)

    def test_what_the_customer_cancels_stays_where_it_is(self):
        self._put_boxes(lille=3)
        order, _delivery, leaves, arrives = self._gathered()
        order._action_cancel()
        self.assertEqual({leaves.state, arrives.state, *order.picking_ids.mapped("state")}, {"cancel"})
        self.assertEqual(self._free(self.box, self.lille), [3])

    def test_a_hub_that_gives_up_a_part_gives_up_its_boxes(self):
        self._put_boxes(lille=3)
        order, _delivery, leaves, _arrives = self._gathered()
        self._reject(order, self.mug, 2)
        self.assertEqual(self._open(order), {("Lyon", "CHAIR"): 5, **self._boxes(lyon=1), **self._boxes(lille=1)})
        self.assertEqual(self._sends(leaves), {self.mug: 2, self.tea: 1})

    def test_a_hub_that_picks_before_it_ships_waits_with_its_pick(self):
        self.lyon.delivery_steps = "pick_ship"
        self._put_boxes(lille=3)
        order, pick, leaves, arrives = self._gathered()
        self.assertEqual((len(pick), pick.state), (1, "waiting"))
        for transfer in (leaves, arrives, pick):
            self._validate(transfer)
        self._validate(order.picking_ids - pick)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [5, 2])
        self._is_same_again(order)

    def test_what_a_hub_that_picks_before_it_ships_does_not_get_comes_whole_from_elsewhere(self):
        self.lyon.delivery_steps = "pick_ship"
        self._put_boxes(lille=3)
        order, _pick, leaves, _arrives = self._gathered()
        self._put_boxes(marseille=5)
        leaves.action_cancel()
        self.assertEqual(self._open(order), {("Lyon", "CHAIR"): 5, **self._boxes(marseille=2)})

    def test_of_a_box_of_which_a_part_has_left_a_person_says_what_becomes(self):
        self._put_boxes(lille=3)
        order, delivery, leaves, _arrives = self._gathered()
        self._put_boxes(marseille=5)
        ribbons = self._part(order, self.ribbon)
        ribbons.write({"quantity": 2, "picked": True})
        delivery.with_context(skip_backorder=True).button_validate()
        self.assertEqual(ribbons.state, "done")
        leaves.action_cancel()
        self.assertEqual(self._open(order), {("Lyon", "CHAIR"): 5})
        self.assertEqual(self._holds(order), ["stock"])
        self.assertIn("other parts of Product BOX", order.oms_hold_reason.replace("[BOX] ", ""))

    def test_half_a_box_and_one_with_a_part_that_is_made_to_order_are_not_sent(self):
        def is_sent(quantity):
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.customer.id,
                    "oms_channel_id": self.channel.id,
                    "company_id": self.company.id,
                    "order_line": [Command.create({"product_id": self.box.id, "product_uom_qty": quantity})],
                }
            )
            loaded = order._oms_load({order: order.order_line._oms_to_source()}, "manual")
            return loaded.demands[order].items[0].is_movable

        self.assertEqual([is_sent(2), is_sent(2.5)], [True, False])
        route = self.env["stock.warehouse"]._find_or_create_global_route("stock.route_warehouse0_mto", "Make To Order")
        route.active = True
        self.tea.route_ids = route
        self.assertFalse(is_sent(2))
