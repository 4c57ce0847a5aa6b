from dataclasses import replace
from datetime import timedelta
from threading import Thread
from unittest.mock import patch

import psycopg2.errors

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import BaseCase, freeze_time, get_db_name, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.oms_core import alone
from odoo.addons.oms_core.alone import wake
from odoo.addons.oms_core.const import (
    CONCURRENCY_ATTEMPTS_MAX,
    ERROR_MAX_CHARS,
    MESSAGE_BATCH_MAX,
    MESSAGE_TRANSITIONS,
    RETRY_DELAYS_S,
)
from odoo.addons.oms_core.domain.documents import CancelDoc
from odoo.addons.oms_core.exceptions import MessageIgnored, MessageRejected, MessageRetry

from .common import OmsCommon

LOGGER = "odoo.addons.oms_core.models.oms_message"


class TestMessageStates(OmsCommon):
    def test_every_state_has_its_row_in_the_table(self):
        states = dict(self.env["oms.message"]._fields["state"].selection)
        self.assertEqual(set(states), set(MESSAGE_TRANSITIONS))

    def test_every_state_can_be_reached(self):
        reached = {"pending", "quarantine"}  # the two in which a message is stored
        while more := {after for state in reached for after in MESSAGE_TRANSITIONS[state]} - reached:
            reached |= more
        self.assertEqual(reached, set(MESSAGE_TRANSITIONS))

    def test_what_is_finished_stays_so(self):
        for state in ("done", "ignored", "dismissed"):
            self.assertFalse(MESSAGE_TRANSITIONS[state])
            message = self._receive(self._doc(), state=state)
            with self.assertRaisesRegex(UserError, "None of these"):
                message.action_retry()
            with self.assertLogs(LOGGER, "WARNING"):
                message.action_dismiss()
            self.assertEqual(message.state, state)

    def test_what_is_not_verified_cannot_be_tried_again_with_the_rest(self):
        """A clerk selects all that needs a person and chooses Try Again: the forged delivery stays where it is."""
        forged = self._receive(self._doc(), state="quarantine")
        dead = self._receive(self._doc(), state="dead")
        (forged | dead).action_retry()
        self.assertEqual((forged.state, dead.state), ("quarantine", "pending"))

    def test_a_refused_move_changes_nothing_else(self):
        message = self._receive(self._doc(), state="done")
        with self.assertLogs(LOGGER, "WARNING"):
            message._set_state("dead", attempts=7, error="never")
        self.assertFalse(message.error)
        self.assertEqual(message.attempts, 0)


class TestReceiving(OmsCommon):
    def test_an_event_is_stored_once(self):
        first = self._receive(self._doc(), key="event")
        again = self._receive(self._doc(), key="event")
        self.assertTrue(first)
        self.assertFalse(again)
        self.assertEqual(self.env["oms.message"].search_count([("channel_id", "=", self.channel.id)]), 1)

    def test_after_a_repetition_the_transaction_goes_on(self):
        """The duplicate is found by the database, and a failed statement must not spoil what comes after."""
        self._receive(self._doc(), key="event")
        self._receive(self._doc(), key="event")
        self.assertTrue(self._receive(self._doc(), key="another"))

    def test_the_same_key_in_another_channel_is_another_message(self):
        other = self._create_channel("OTHER")
        self.assertTrue(self._receive(self._doc(), key="event"))
        self.assertTrue(self._receive(self._doc(), key="event", channel=other))

    def test_what_came_in_and_what_goes_out_do_not_share_keys(self):
        self.assertTrue(self._receive(self._doc(), key="event"))
        self.assertTrue(self._receive(self._doc(), key="event", direction="out"))

    def test_what_was_received_cannot_be_changed(self):
        message = self._receive(self._doc(), headers={"a": "b"})
        manager = self._create_user("message_manager", "oms_core.group_oms_manager")
        for values in (
            {"body": False},
            {"headers": {}},
            {"kind": "payout"},
            {"event_key": "x"},
            {"direction": "out"},
            {"channel_id": self._create_channel("OTHER").id},
        ):
            for sender in (message, message.with_user(manager)):
                with self.subTest(values=values), self.assertRaises(UserError):
                    sender.write(values)

    def test_a_message_that_was_not_worked_off_cannot_be_deleted(self):
        for state in ("pending", "retry", "dead", "quarantine"):
            with self.subTest(state=state), self.assertRaises(UserError):
                self._receive(self._doc(), state=state).unlink()
        message = self._receive(self._doc(), state="done")
        message.unlink()
        self.assertFalse(message.exists())

    def test_the_content_can_be_read_whatever_it_is(self):
        messages = self.env["oms.message"]
        for key, (body, text) in enumerate(
            [
                (b"", ""),
                (b'{"a":1}', '{\n  "a": 1\n}'),
                (b"not json", "not json"),
                (b"\xff\xfe\x00", "\ufffd\ufffd\x00"),
                (b"[" * 100_000, "[" * 100_000),
            ]
        ):
            with self.subTest(body=body[:10]):
                self.assertEqual(messages._receive(self.channel, "order", str(key), body).body_text, text)

    def test_receiving_wakes_the_workers(self):
        cron = self.env.ref("oms_core.cron_inbox_1")
        triggers = self.env["ir.cron.trigger"]
        triggers.search([("cron_id", "=", cron.id)]).unlink()
        for number in range(3):
            self._receive(self._doc(external_id=f"wake-{number}"))
            self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), 1, "One call is enough.")

    def test_what_is_put_aside_wakes_nobody(self):
        triggers = self.env["ir.cron.trigger"]
        before = triggers.search_count([])
        self._receive(self._doc(), state="quarantine")
        self.assertEqual(triggers.search_count([]), before)


class TestWorking(OmsCommon):
    def _order_of(self, message):
        return self.env[message.res_model].browse(message.res_id)

    def test_a_message_becomes_an_order(self):
        doc = self._doc()
        message = self._receive(doc)
        message._process()
        self.assertEqual((message.state, message.attempts), ("done", 1))
        self.assertTrue(message.processed_at)
        order = self._order_of(message)
        self.assertEqual(order.oms_external_id, doc.external_id)
        self.assertEqual(message.action_open_related()["res_id"], order.id)
        self.assertEqual(order.oms_message_count, 1)

    def test_the_job_works_off_what_is_due_and_commits_by_the_batch(self):
        messages = self.env["oms.message"]
        for _number in range(2 * MESSAGE_BATCH_MAX + 1):
            messages |= self._receive(None, kind="of no use")
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_inbox_2").method_direct_trigger()
        self.assertEqual(set(messages.mapped("state")), {"ignored"})

    def test_the_job_makes_orders(self):
        message = self._receive(self._doc())
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_inbox_1").method_direct_trigger()
        self.assertEqual(self._order_of(message).state, "sale")

    def test_one_bad_message_does_not_hurt_the_others(self):
        """Bad in each of the ways there are: unreadable, not to be applied, and wrong in a way nobody thought of."""
        bad = {
            "unreadable": self._receive(MessageRejected("This is no order.")),
            "unexpected": self._receive(ZeroDivisionError("oops")),
            "not applicable": self._receive(self._doc(currency="XXX")),
        }
        good = self._receive(self._doc()) | self._receive(self._doc())
        with mute_logger(LOGGER):
            (good[0] | bad["unreadable"] | bad["unexpected"] | bad["not applicable"] | good[1])._process()
        self.assertEqual(good.mapped("state"), ["done", "done"])
        self.assertEqual(bad["unreadable"].state, "dead")
        self.assertEqual(bad["unreadable"].error, "This is no order.")
        self.assertEqual(bad["unexpected"].state, "retry")
        self.assertEqual(bad["not applicable"].state, "dead")

    def test_a_message_that_fails_leaves_nothing_half_made(self):
        """The order is there when its holds fail: it has to go again, together with the contact."""
        doc = self._doc(external_id="HALF")
        message = self._receive(doc)
        with (
            patch.object(type(self.env["sale.order"]), "_oms_record_payments", side_effect=ZeroDivisionError("oops")),
            mute_logger(LOGGER),
        ):
            message._process()
        self.assertEqual(message.state, "retry")
        self.assertFalse(self.env["sale.order"].search([("oms_external_id", "=", "HALF")]))
        self.assertFalse(self.env["res.partner"].search([("email", "=", doc.billing.email)]))

    def test_attempts_wait_longer_and_longer_and_end_as_a_dead_letter(self):
        message = self._receive(MessageRetry("The order is not here yet."))
        now, waits = message.next_attempt_at, []
        while message.state != "dead":
            with freeze_time(now):
                self.assertEqual(self.env["oms.message"]._take_batch() & message, message)
                message._process()
            if message.state == "retry":
                waits.append((message.next_attempt_at - now).total_seconds())
                with freeze_time(message.next_attempt_at - timedelta(seconds=1)):
                    self.assertNotIn(message, self.env["oms.message"]._take_batch(), "too early")
                now = message.next_attempt_at
        self.assertEqual(tuple(waits), RETRY_DELAYS_S)
        self.assertEqual(waits, sorted(set(waits)))
        self.assertEqual(message.error, "The order is not here yet.")

    def test_an_unexpected_error_names_the_administrator_and_is_logged_with_its_traceback(self):
        message = self._receive(ZeroDivisionError("oops"))
        with self.assertLogs(LOGGER, "ERROR") as logs:
            message._process()
        self.assertIn("ZeroDivisionError", logs.output[0])
        self.assertIn("administrator", message.error)
        self.assertIn("oops", message.error)

    def test_two_transactions_that_met_try_again_at_once(self):
        """Nothing is wrong with the message. But what never comes to an end has to be seen in the end."""
        message = self._receive(psycopg2.errors.SerializationFailure())
        for _attempt in range(CONCURRENCY_ATTEMPTS_MAX):
            message._process()
            self.assertEqual((message.state, message.error), ("retry", False))
            self.assertIn(message, self.env["oms.message"]._take_batch())
        with mute_logger(LOGGER):
            for _attempt in (*RETRY_DELAYS_S, "the last"):
                self.assertEqual(message.state, "retry")
                message._process()
        self.assertEqual(message.state, "dead")

    def test_a_batch_that_met_another_worker_is_tried_again_as_a_whole(self):
        messages = self._receive(self._doc()) | self._receive(self._doc())
        orders = type(self.env["sale.order"])
        with patch.object(orders, "_oms_apply_orders", side_effect=psycopg2.errors.UniqueViolation()) as applier:
            messages._process()
        self.assertEqual(applier.call_count, 1)
        self.assertEqual(messages.mapped("state"), ["retry", "retry"])
        messages._process()
        self.assertEqual(messages.mapped("state"), ["done", "done"])

    def test_an_error_is_kept_in_bounds(self):
        message = self._receive(MessageRejected("x" * (ERROR_MAX_CHARS + 1)))
        message._process()
        self.assertEqual(len(message.error), ERROR_MAX_CHARS)
        message = self._receive(ZeroDivisionError("x" * (2 * ERROR_MAX_CHARS)))
        with mute_logger(LOGGER):
            message._process()
        self.assertLessEqual(len(message.error), ERROR_MAX_CHARS + 100)

    def test_a_corrected_dead_letter_becomes_an_order(self):
        message = self._receive(MessageRejected("This is no order."))
        message._process()
        self.assertEqual(message.state, "dead")
        manager = self._create_user("message_manager", "oms_core.group_oms_manager")
        self._speak("corrected", self._doc())
        message.with_user(manager).write({"corrected_body": "corrected"})
        message.with_user(manager).action_retry()
        self.assertEqual((message.state, message.attempts, message.error), ("pending", 0, False))
        message._process()
        self.assertEqual(message.state, "done")
        self.assertEqual(self._order_of(message).state, "sale")
        self.assertNotEqual(message.with_context(bin_size=False).body, b"corrected", "what was received stays")

    def test_a_retried_dead_letter_is_due_at_once(self):
        message = self._receive(MessageRejected("This is no order."))
        message._process()
        message.action_retry()
        self.assertIn(message, self.env["oms.message"]._take_batch())

    def test_a_kind_that_nobody_knows_is_ignored(self):
        message = self._receive(None, kind="horoscope")
        message._process()
        self.assertEqual(message.state, "ignored")
        self.assertIn("horoscope", message.error)

    def test_nothing_to_do_is_said_and_final(self):
        message = self._receive(MessageIgnored("It was deleted before."))
        message._process()
        self.assertEqual((message.state, message.error), ("ignored", "It was deleted before."))

    def test_a_dismissed_message_is_not_worked(self):
        message = self._receive(MessageRejected("This is no order."))
        message._process()
        message.action_dismiss()
        self.assertEqual(message.state, "dismissed")
        self.assertNotIn(message, self.env["oms.message"]._take_batch())

    def test_what_is_put_aside_is_not_worked(self):
        message = self._receive(self._doc(), state="quarantine")
        self.assertNotIn(message, self.env["oms.message"]._take_batch())

    def test_what_goes_out_is_not_taken_for_what_came_in(self):
        message = self._receive(self._doc(), direction="out")
        self.assertNotIn(message, self.env["oms.message"]._take_batch())

    def test_a_channel_without_a_platform_says_so(self):
        message = self.env["oms.message"]._receive(self.channel, "order", "event", b"{}")
        message._process()
        self.assertEqual(message.state, "dead")
        self.assertIn("platform", message.error)

    def test_deleted_and_restored_in_one_batch_stays_wanted(self):
        """Placed, put in the bin and taken out again before anybody looked: what came last counts."""
        doc = self._doc()
        restored = replace(doc, updated_at=doc.updated_at + timedelta(minutes=5), note="restored")
        messages = self._receive(doc)
        messages |= self._receive(CancelDoc(doc.external_id), kind="order_deleted")
        messages |= self._receive(restored)
        messages._process()
        self.assertEqual(self._order_of(messages[0]).state, "sale")


@tagged("post_install", "-at_install")
class TestTwoWorkers(BaseCase):
    """With two real connections and real commits, because one transaction cannot wait for itself."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # Odoo's own runner holds it, and a second thread would wait for it forever.
        self.startPatcher(patch.object(Registry, "_lock", DummyRLock()))
        with self.registry.cursor() as cr:
            env = self._env(cr)
            channel = env["oms.channel"].create(
                {"name": "Two workers", "code": "TWO-WORKERS", "company_id": env.ref("base.main_company").id}
            )
            messages = env["oms.message"].create(
                [
                    {"channel_id": channel.id, "kind": "of no use", "event_key": str(number), "state": "pending"}
                    for number in range(4)
                ]
            )
            self.ids, self.channel_id = messages.ids, channel.id
        self.addCleanup(self._clean_up)

    @staticmethod
    def _env(cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "mail_create_nolog": True})

    def _clean_up(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM oms_message WHERE channel_id = %s", [self.channel_id])
            self._env(cr)["oms.channel"].browse(self.channel_id).unlink()

    @patch.object(alone, "WAKE_SHARED_S", 3600)
    def test_a_worker_that_has_begun_is_called_again_and_one_that_has_not_waits_for_the_caller(self):
        with self.registry.cursor() as cr:
            cron_id = self._env(cr).ref("oms_core.cron_inbox_1").id
            wake(self._env(cr)["ir.cron"].browse(cron_id))
        taken = SQL("DELETE FROM ir_cron_trigger WHERE cron_id = %s", cron_id)
        latest = SQL("SELECT max(id) FROM ir_cron_trigger WHERE cron_id = %s", cron_id)
        with self.registry.cursor() as worker, self.registry.cursor() as caller:
            worker.execute(latest)
            before = worker.fetchone()
            cron = self._env(caller)["ir.cron"].browse(cron_id)
            wake(cron)
            caller.execute(latest)
            self.assertEqual(caller.fetchone(), before, "The worker has not begun: one call is enough.")
            worker.execute("SET LOCAL lock_timeout = '100ms'")
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.LockNotAvailable), worker.savepoint():
                worker.execute(taken)
            caller.commit()
            worker.execute(taken)
            wake(cron)
            caller.execute(latest)
            self.assertGreater(caller.fetchone(), before, "The worker may have looked already.")
            caller.rollback()
            worker.commit()

    def test_callers_that_never_cease_keep_no_worker_from_beginning(self):
        with self.registry.cursor() as cr:
            cron_id = self._env(cr).ref("oms_core.cron_inbox_1").id
            self._env(cr)["ir.cron"].browse(cron_id)._trigger()
            cr.execute("UPDATE ir_cron_trigger SET call_at = call_at - interval '3s' WHERE cron_id = %s", [cron_id])
        with self.registry.cursor() as worker, self.registry.cursor() as caller:
            wake(self._env(caller)["ir.cron"].browse(cron_id))
            worker.execute("SET LOCAL lock_timeout = '100ms'")
            worker.execute("DELETE FROM ir_cron_trigger WHERE cron_id = %s", [cron_id])
            self.assertTrue(worker.rowcount)
            caller.rollback()
            worker.commit()

    def test_one_event_from_two_connections_at_the_same_moment_is_stored_once(self):
        """The second waits for the first to commit, then is told by the unique key, and its transaction goes on."""
        stored = []

        def receive():
            with self.registry.cursor() as cr:
                env = self._env(cr)
                channel = env["oms.channel"].browse(self.channel_id)
                stored.append(env["oms.message"]._receive(channel, "of no use", "same", b"{}", state="done"))
                stored.append(env["oms.message"]._receive(channel, "of no use", "another", b"{}", state="done"))

        with self.registry.cursor() as one:
            env = self._env(one)
            channel = env["oms.channel"].browse(self.channel_id)
            self.assertTrue(env["oms.message"]._receive(channel, "of no use", "same", b"{}", state="done"))
            other = Thread(target=receive)
            other.start()
            other.join(0.3)
            self.assertTrue(other.is_alive(), "it has to wait")
            one.commit()
            other.join(10)
        self.assertEqual([bool(message) for message in stored], [False, True])

    def test_what_one_worker_holds_the_other_skips(self):
        with self.registry.cursor() as one, self.registry.cursor() as two:
            first = self._env(one)["oms.message"]._take_batch(limit=2)
            self.assertEqual(first.ids, self.ids[:2])
            second = self._env(two)["oms.message"]._take_batch()
            self.assertFalse(set(first.ids) & set(second.ids))
            self.assertLessEqual(set(self.ids[2:]), set(second.ids))
            first._process()
            second.filtered(lambda message: message.id in self.ids)._process()
            one.commit()
            two.commit()
        with self.registry.cursor() as cr:
            states = self._env(cr)["oms.message"].browse(self.ids).mapped("state")
            self.assertEqual(states, ["ignored"] * 4)

    def test_a_worker_does_not_repeat_what_another_finished_meanwhile(self):
        with self.registry.cursor() as one, self.registry.cursor() as two:
            late = self._env(two)["oms.message"]
            self.assertEqual(late.browse(self.ids).mapped("state"), ["pending"] * 4)
            self._env(one)["oms.message"].browse(self.ids)._process()
            one.commit()
            with mute_logger("odoo.sql_db"):
                try:
                    taken = late._take_batch()
                except psycopg2.errors.SerializationFailure:
                    return  # the database itself refuses to take what changed: the worker begins anew
            self.assertFalse(set(taken.ids) & set(self.ids))
