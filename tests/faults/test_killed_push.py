"""SCL-03, INV-05: a worker dies amid what it sends to a shop, and the next one takes its rows up again."""

from dataclasses import replace
from unittest.mock import patch

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.common import ChannelsCommon
from odoo.addons.oms_channels.tests.servers.woocommerce import WooCommerceServer
from odoo.addons.oms_core.tests.committed import Committed

LISTINGS = 30
DIES_AT = 5


@tagged("post_install", "-at_install")
class TestKilledPush(Committed, ChannelsCommon):
    """Real commits, and a connection that the database ends while the shop answers, as a killed process loses its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shop = WooCommerceServer()
        cls.shop.start()
        cls.addClassCleanup(cls.shop.stop)
        cls.shop_channel.write({"api_url": cls.shop.url, "api_key": cls.shop.key, "api_secret": cls.shop.secret})
        cls.shop_channel.write({"push_stock": True, "push_interval": 1})
        for number in range(1, LISTINGS + 1):
            product = cls._create_product(f"KILL-{number}")
            cls._stock(product, cls.warehouse, number)
            cls.shop.add_product(number, sku=product.default_code)
            values = {"product_id": product.id, "sku": product.default_code, "title": product.name}
            cls.env["oms.channel.listing"].create(
                {"channel_id": cls.shop_channel.id, "external_id": str(number), **values}
            )
        cls.env["oms.stock.event"]._settle()
        cls.channel_id = cls.shop_channel.id
        cls._commit()

    def _work(self):
        """A worker of its own sends what is due; the number of its connection is known."""
        with Registry(get_db_name()).cursor() as cr:
            cr.execute("SELECT pg_backend_pid()")
            [self.pid] = cr.fetchone()
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            env["oms.channel"].browse(self.channel_id)._push(commit=True, force=True)

    def _rows(self):
        with Registry(get_db_name()).cursor() as cr:
            cr.execute(
                "SELECT state, count(*) FROM oms_channel_stock WHERE channel_id = %s GROUP BY state", [self.channel_id]
            )
            return dict(cr.fetchall())

    def test_what_was_being_sent_is_sent_by_the_next_worker(self):
        adapter, handle, asked = PLATFORMS["woocommerce"], self.shop._answer_catalog, []

        def answer(method, path, query, body):
            if method == "POST" and path[-1] == "batch":
                asked.append([item["id"] for item in body["update"]])
                if len(asked) == DIES_AT:
                    with Registry(get_db_name()).cursor() as cr:
                        cr.execute("SELECT pg_terminate_backend(%s)", [self.pid])
            return handle(method, path, query, body)

        one_by_one = replace(adapter, capabilities=replace(adapter.capabilities, stock_batch=1))
        with (
            patch.dict(PLATFORMS, {"woocommerce": one_by_one}),
            patch.object(self.shop, "_answer_catalog", answer),
            mute_logger("odoo.sql_db"),
        ):
            with self.assertRaises(psycopg2.Error):
                self._work()
            self.assertEqual(self._rows(), {"sending": 20, "due": LISTINGS - 20})
            self._work()
        self.assertEqual(self._rows(), {"told": LISTINGS})
        there = {number: row["stock_quantity"] for number, row in self.shop.products.items()}
        self.assertEqual(there, {number: number for number in range(1, LISTINGS + 1)})
