"""INV-05: transactions commit in another order than their events are numbered, and none of them is missed by what is sent."""

import time

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

PATIENCE_S = 20


@tagged("post_install", "-at_install")
class TestPushLateCommits(BaseCase):
    """Real connections and real commits: one begins first and ends last."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = self._env(cr)
            company = env.ref("base.main_company")
            self.warehouse_id = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1).id
            products = env["product.product"].create(
                [{"name": name, "is_storable": True, "company_id": company.id} for name in ("Early", "Late", "Later")]
            )
            channel = env["oms.channel"].create(
                {"name": "Late commits", "code": "LATE", "company_id": company.id, "platform": "woocommerce"}
            )
            channel.push_stock = True
            self.company_id, self.product_ids, self.channel_id = company.id, products.ids, channel.id
        self.addCleanup(self._clean)

    def _env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {})

    def _clean(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM oms_stock_event WHERE product_id = ANY(%s)", [self.product_ids])
            env = self._env(cr)
            env["oms.channel"].browse(self.channel_id).unlink()
            env["product.product"].browse(self.product_ids).unlink()

    def _happens(self, cr, product_id):
        cr.execute(
            """
            INSERT INTO oms_stock_event (at, kind, product_id, warehouse_id, company_id, on_hand, promised)
            VALUES (now(), 'receive', %s, %s, %s, 1, 0) RETURNING id
            """,
            [product_id, self.warehouse_id, self.company_id],
        )
        return cr.fetchone()[0]

    def _looked_at(self):
        """The products of this test that a run looks at."""
        with self.registry.cursor() as cr:
            env = self._env(cr)
            state = env["oms.channel.push"]._of(env["oms.channel"].browse(self.channel_id), "stock")
            products, _again = state._take_changes()
            self.journal_id = state.journal_id
            return [product_id for product_id in self.product_ids if products is None or product_id in products]

    def _comes_to_rest(self):
        """What has been looked at for good is not read again: at the latest when no transaction of the server is open, those
        in its other databases included. Where these never rest, there is nothing to see here."""
        until, quiet = time.monotonic() + PATIENCE_S, 0
        while self._looked_at() and time.monotonic() < until:
            self.assertLess(quiet, 3, "all that was open when it was read, and when it was read again, is over")
            with self.registry.cursor() as cr:
                cr.execute("SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE backend_xid IS NOT NULL)")
                quiet += cr.fetchone()[0]

    def test_an_event_with_a_small_number_that_appears_late_is_looked_at(self):
        early, late, later = self.product_ids
        self._looked_at()  # the whole, as the channel was just switched on
        with self.registry.cursor() as slow:
            first = self._happens(slow, early)
            with self.registry.cursor() as quick:
                second = self._happens(quick, late)
            self.assertLess(first, second)
            self.assertEqual(self._looked_at(), [late])
            self.assertEqual(self._looked_at(), [late], "again, until it is sure that nothing before it is to come")
            self.assertLess(self.journal_id, first)
        self.assertIn(early, self._looked_at())
        with self.registry.cursor() as quick:
            self._happens(quick, later)
        self.assertIn(later, self._looked_at())
        self._comes_to_rest()

    def test_one_that_began_after_all_that_have_ended_is_waited_for_too(self):
        early, late, _later = self.product_ids
        self._looked_at()
        with self.registry.cursor() as slow:
            with self.registry.cursor() as quick:
                quick.execute("SELECT pg_current_xact_id()")
                first, second = self._happens(slow, early), self._happens(quick, late)
            self.assertLess(first, second)
            self.assertEqual(self._looked_at(), [late])
            self.assertEqual(self._looked_at(), [late])
            self.assertLess(self.journal_id, first)
        self.assertIn(early, self._looked_at())

    def test_what_is_rolled_back_keeps_nobody_waiting(self):
        early, late, _later = self.product_ids
        self._looked_at()
        slow = self.registry.cursor()
        self._happens(slow, early)
        slow.rollback()
        slow.close()
        with self.registry.cursor() as quick:
            self._happens(quick, late)
        self.assertEqual(self._looked_at(), [late])
        self._comes_to_rest()

    def test_a_mark_that_is_committed_late_is_read_by_the_next_run(self):
        early = self.product_ids[0]
        self._looked_at()
        with self.registry.cursor() as slow:
            env = self._env(slow)
            env["oms.channel.mark"]._mark("stock", env["product.product"].browse(early))
            self.assertEqual(self._looked_at(), [])
        self.assertEqual(self._looked_at(), [early])
        self.assertEqual(self._looked_at(), [])
