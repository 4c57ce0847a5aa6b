from datetime import timedelta

from odoo import fields

from odoo.addons.oms_core.const import MESSAGE_KEEP_BUSINESS_DAYS, MESSAGE_KEEP_DAYS, RESERVATION_KEEP_DAYS

from .common import OmsCommon


class TestVacuum(OmsCommon):
    """What was worked off long ago fills no disk, and nothing is done twice for it."""

    def _aged(self, days, kind="order", state="done", **values):
        message = self._receive(self._doc(), key=f"old {next(self._numbers)}", kind=kind, state=state, **values)
        self.env.flush_all()
        moment = fields.Datetime.now() - timedelta(days=days)
        self.cr.execute("UPDATE oms_message SET create_date = %s WHERE id = %s", [moment, message.id])
        message.invalidate_recordset()
        return message

    def test_what_tells_how_something_stood_goes_first_and_leaves_its_key(self):
        old, young = self._aged(MESSAGE_KEEP_DAYS + 1, "3pl_stock"), self._aged(MESSAGE_KEEP_DAYS - 1, "3pl_stock")
        done, remaining = self.env["oms.message"]._gc_contents()
        self.assertGreaterEqual(done, 1)
        self.assertFalse(remaining)
        self.assertFalse(old.body or old.headers)
        self.assertTrue(old.emptied_at)
        self.assertTrue(young.body)
        self.assertFalse(self._receive(self._doc(), key=old.event_key, kind="3pl_stock"), "known already")
        self.assertEqual(self.env["oms.message"]._gc_contents()[0], 0)

    def test_what_an_order_was_made_of_is_kept_as_long_as_books_are(self):
        order = self._aged(MESSAGE_KEEP_DAYS + 1)
        ignored = self._aged(MESSAGE_KEEP_DAYS + 1, state="ignored")
        ancient = self._aged(MESSAGE_KEEP_BUSINESS_DAYS + 1)
        self.env["oms.message"]._gc_contents()
        self.assertTrue(order.body)
        self.assertFalse(ignored.body or ancient.body)

    def test_what_waits_or_can_be_read_again_keeps_its_content(self):
        kept = [self._aged(9999, state=state) for state in ("pending", "retry", "dead", "quarantine")]
        quotation = self._order(status="on_hold")
        kept.append(self._aged(9999))
        kept[-1].write({"res_model": "sale.order", "res_id": quotation.id})
        self.env["oms.message"]._gc_contents()
        self.assertTrue(all(message.body for message in kept))

    def test_what_was_set_aside_and_let_go_is_forgotten_and_what_expired_is_not(self):
        waiting, gone = self._order(status="awaiting_payment"), self._order(status="awaiting_payment")
        rows = waiting.oms_reservation_ids | gone.oms_reservation_ids
        self.assertEqual(len(rows), 2)
        rows._transition("expired")
        gone.action_cancel()
        self.env.flush_all()
        moment = fields.Datetime.now() - timedelta(days=RESERVATION_KEEP_DAYS + 1)
        self.cr.execute("UPDATE oms_reservation SET closed_at = %s WHERE id = ANY(%s)", [moment, rows.ids])
        self.env.invalidate_all()
        self.env["oms.reservation"]._gc_closed()
        self.assertEqual(rows.exists(), waiting.oms_reservation_ids)
