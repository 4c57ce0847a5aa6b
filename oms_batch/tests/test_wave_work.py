from odoo.exceptions import UserError

from odoo.addons.oms_batch.tests.common import WaveCommon


class TestWaveWork(WaveCommon):
    """FUL-08, FUL-01: a wave is picked, scanned and validated as its deliveries are, and what is stopped leaves it."""

    def _notes(self, record):
        return " ".join(record.message_ids.mapped("body"))

    def test_what_is_validated_as_a_wave_is_shipped_told_and_booked_like_each_on_its_own(self):
        shipped = []
        self.patch(type(self.env["stock.picking"]), "_oms_on_shipped", lambda pickings: shipped.extend(pickings.ids))
        deliveries = self._delivery(("STD", 2)) | self._delivery(("AVG", 1), ("FIFO", 3))
        self.place.oms_wave_singles = False
        wave, _wizard = self._plan()
        self.assertEqual(wave.picking_ids, deliveries)
        self.assertIs(wave.with_user(self.planner).action_done(), True)
        self.assertEqual((wave.state, deliveries.mapped("state")), ("done", ["done", "done"]))
        self.assertEqual(sorted(shipped), deliveries.ids)
        self.assertEqual(deliveries.oms_picked_by_id, self.planner)
        for order in deliveries.sale_id:
            self.assertEqual(order.oms_status, "shipped")
            invoice = self._book(order)
            self.assertEqual((invoice.amount_total, invoice.payment_state), (order.amount_total, "paid"))
        self.assertNothingWrong()

    def test_each_scan_counts_for_the_first_delivery_that_wants_it(self):
        self.place.write({"oms_verify": True, "oms_wave_singles": False})
        first, second = self._delivery(("STD", 1), hours=1), self._delivery(("STD", 1), ("AVG", 1), hours=2)
        wave = self._plan()[0].with_user(self.planner)
        with self.assertRaisesRegex(UserError, "Still to be scanned"):
            wave.action_done()
        answers = [wave.action_oms_scan(code) for code in ("STD", "STD", "STD", "FIFO", "AVG")]
        self.assertEqual([answer["ok"] for answer in answers], [True, True, False, False, True])
        self.assertIn(f"1. {first.name}: ", answers[0]["message"])
        self.assertIn(f"2. {second.name}: ", answers[1]["message"])
        self.assertIn("counted already", answers[2]["message"])
        self.assertIn("not part of", answers[3]["message"])
        self.assertIn("Everything is scanned", answers[4]["message"])
        self.assertEqual((first | second).mapped("oms_scan_state"), ["verified", "verified"])
        self.assertEqual((first | second).oms_picked_by_id, self.planner)
        self.assertIs(wave.action_done(), True)
        self.assertIn("is finished", wave.action_oms_scan("STD")["message"])

    def test_a_delivery_of_a_wave_that_is_sent_on_its_own_leaves_the_others_together(self):
        alone, other = self._delivery(), self._delivery()
        wave, _wizard = self._plan()
        self._ship(alone.sale_id)
        self.assertEqual((alone.sale_id.oms_status, wave.picking_ids), ("shipped", other))
        self.assertIs(wave.action_done(), True)
        self.assertEqual(other.sale_id.oms_status, "shipped")

    def test_an_order_that_is_held_leaves_its_wave_and_the_others_go(self):
        held, other = self._delivery(), self._delivery()
        wave, _wizard = self._plan()
        held.sale_id.with_user(self.channel_user).action_oms_hold()
        self.assertEqual((held.batch_id.id, wave.picking_ids), (False, other))
        self.assertRegex(self._notes(held), f"Left wave {wave.name}: {held.sale_id.name} is on hold")
        self.assertRegex(self._notes(wave), f"{held.name} left: ")
        self.assertIs(wave.action_done(), True)
        self.assertEqual((held.state, other.state), ("assigned", "done"))

    def test_an_order_that_is_cancelled_leaves_its_wave_and_an_empty_wave_ends(self):
        first, second = self._delivery(), self._delivery()
        wave, _wizard = self._plan()
        first.sale_id._action_cancel()
        self.assertEqual((first.state, first.batch_id.id, wave.state), ("cancel", False, "in_progress"))
        self.assertIn("was cancelled here", self._notes(first))
        second.action_cancel()
        self.assertEqual((second.batch_id.id, wave.state, wave.picking_ids.ids), (False, "cancel", []))

    def test_what_is_rejected_leaves_its_wave_and_what_is_rejected_in_part_stays_with_the_rest(self):
        reason = self.env.ref("oms_core.reject_reason_no_time")
        whole, part = self._delivery(("STD", 2)), self._delivery(("STD", 3))
        wave, _wizard = self._plan()
        whole._oms_reject({whole.move_ids: 2}, reason)
        self.assertEqual((whole.state, whole.batch_id.id), ("cancel", False))
        part._oms_reject({part.move_ids: 1}, reason)
        self.assertEqual((part.batch_id.id, part.oms_rejection_ids.quantity), (False, 1))  # its order is on hold now
        part.sale_id.action_oms_release()
        self.assertEqual(self._plan()[0].picking_ids, part)
        self.assertEqual(wave.state, "cancel")

    def test_a_wave_that_is_done_keeps_what_was_in_it(self):
        picking = self._delivery()
        wave, _wizard = self._plan()
        wave.action_done()
        picking.sale_id._oms_hold("manual", "Look at it.")
        self.assertEqual((picking.batch_id, wave.state), (wave, "done"))
