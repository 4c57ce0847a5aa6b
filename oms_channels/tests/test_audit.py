from datetime import datetime, timedelta, timezone

from odoo.exceptions import AccessError

from .test_hints import HintsCommon


class TestAudit(HintsCommon):
    """CAP-14: every night each channel is compared with what is here; what was missed is fetched and told."""

    def _audit(self):
        return self.shop_channel._audit_orders()

    def _counts(self, audit):
        return {name: audit[name] for name in ("compared", "missing", "different", "gone")}

    def _take_in(self):
        """Read what the shop has, and work it off."""
        self.shop_channel._poll()
        self._messages().filtered(lambda message: message.state == "pending")._process()

    def test_nothing_is_found_where_nothing_was_missed(self):
        for _number in range(3):
            self._sell()
        self._take_in()
        audit = self._audit()
        self.assertEqual(self._counts(audit), {"compared": 3, "missing": 0, "different": 0, "gone": 0})
        self.assertTrue(audit.is_clean)

    def test_orders_whose_webhooks_were_lost_are_fetched_and_named(self):
        self._sell()
        self._take_in()
        lost = self._sell(changed=datetime.now(timezone.utc) - timedelta(days=2))
        audit = self._audit()
        self.assertEqual(self._counts(audit), {"compared": 2, "missing": 1, "different": 0, "gone": 0})
        self.assertIn(str(lost["id"]), audit.result)
        self._messages().filtered(lambda message: message.state == "pending")._process()
        self.assertTrue(self.env["sale.order"].search([("oms_external_id", "=", str(lost["id"]))]))
        self.assertTrue(self._audit().is_clean)

    def test_an_order_that_changed_unseen_is_brought_up_to_date(self):
        order = self._sell(changed=datetime.now(timezone.utc) - timedelta(hours=2))
        self._take_in()
        self.shop.change(order["id"], status="cancelled")
        audit = self._audit()
        self.assertEqual(self._counts(audit), {"compared": 1, "missing": 0, "different": 1, "gone": 0})
        self._messages().filtered(lambda message: message.state == "pending")._process()
        self.assertEqual(self.env["sale.order"].search([("oms_external_id", "=", str(order["id"]))]).state, "cancel")

    def test_an_order_that_was_deleted_is_called_off(self):
        order = self._sell()
        self._sell()
        self._take_in()
        del self.shop.orders[order["id"]]
        audit = self._audit()
        self.assertEqual(self._counts(audit), {"compared": 2, "missing": 0, "different": 0, "gone": 1})
        self._messages().filtered(lambda message: message.state == "pending")._process()
        self.assertEqual(self.env["sale.order"].search([("oms_external_id", "=", str(order["id"]))]).state, "cancel")

    def test_an_order_in_the_bin_is_found_by_its_number(self):
        order = self._sell()
        self._take_in()
        self.shop.change(order["id"], status="trash")
        self.assertEqual(self._audit().different, 1)

    def test_a_shop_that_does_not_answer_leaves_a_comparison_that_says_so(self):
        self.shop.fail_next("down")
        audit = self._audit()
        self.assertIn("busy or down", audit.error)
        self.assertFalse(audit.is_clean)

    def test_the_job_compares_every_channel(self):
        self._sell()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_audit").method_direct_trigger()
        self.assertEqual(self.env["oms.channel.audit"].search([]).missing, 1)

    def test_only_who_manages_channels_starts_one(self):
        self._sell()
        with self.assertRaises(AccessError):
            self.shop_channel.with_user(self.env.ref("base.public_user")).action_audit()
