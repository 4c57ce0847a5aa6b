"""INV-03, complaints 14 and 18: eight workers, real connections, real commits, and not enough for everybody."""

import json
import time
from collections import Counter
from datetime import datetime, timezone
from decimal import Decimal
from threading import Thread
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_core.domain.documents import AddressDoc, OrderDoc, OrderLineDoc
from odoo.addons.oms_core.exceptions import CONCURRENCY_ERRORS

WORKERS = 8
ORDERS = 32
STOCK = {"LAST-A": 11, "LAST-B": 7}
MOMENT = datetime(2026, 3, 2, 10, 0, tzinfo=timezone.utc)
PATIENCE_S = 240


@tagged("post_install", "-at_install")
class TestLastUnits(BaseCase):
    """Odoo's transactions do not see what others committed meanwhile, and its reservation skips a locked shelf: neither may
    sell the same unit twice, stop a worker for good, or lose an order."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # Odoo's own runner holds it, and a second thread would wait for it forever.
        self.startPatcher(patch.object(Registry, "_lock", DummyRLock()))
        with self.registry.cursor() as cr:
            env = self._env(cr)
            company = env.ref("base.main_company")
            self.currency = company.currency_id.name
            self.warehouse_id = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1).id
            shelf = env["stock.warehouse"].browse(self.warehouse_id).lot_stock_id
            products = env["product.product"].create(
                [{"name": sku, "default_code": sku, "is_storable": True, "company_id": company.id} for sku in STOCK]
            )
            for product, quantity in zip(products, STOCK.values(), strict=True):
                env["stock.quant"]._update_available_quantity(product, shelf, quantity)
            channel = env["oms.channel"].create(
                {
                    "name": "Last units",
                    "code": "LAST-UNITS",
                    "company_id": company.id,
                    "warehouse_ids": [self.warehouse_id],
                    "stock_policy": "hold",
                }
            )
            self.product_ids, self.channel_id = products.ids, channel.id
            for number in range(ORDERS):
                lines = [("LAST-A", 1), ("LAST-B", 1 + number % 2)]
                body = {
                    "number": number,
                    # In both orders, as baskets are filled: locks taken in the order of the lines would cross.
                    "lines": lines[:: 1 if number % 2 else -1] if number % 3 else lines[:1],
                    "status": "awaiting_payment" if number % 4 == 0 else "open",
                }
                env["oms.message"]._receive(channel, "order", str(number), json.dumps(body).encode())
        self.addCleanup(self._clean_up)
        currency = self.currency
        self.patch(
            self.registry["oms.channel"],
            "_parse",
            lambda _channel, message: _doc(**json.loads(message._get_body()), currency=currency),
        )
        original = self.registry["oms.message"]._take_batch
        # Few at a time, so that all workers have something to do.
        self.patch(self.registry["oms.message"], "_take_batch", lambda messages, limit=3: original(messages, limit))

    @staticmethod
    def _env(cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "mail_create_nolog": True})

    def test_nobody_is_promised_what_there_is_not(self):
        failures = []
        with mute_logger("odoo.sql_db"):
            workers = [Thread(target=self._work, args=(failures,), daemon=True) for _number in range(WORKERS)]
            started = time.monotonic()
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join(max(1, PATIENCE_S - (time.monotonic() - started)))
        self.assertFalse([worker for worker in workers if worker.is_alive()], "a worker stands still")
        self.assertFalse(failures)
        with self.registry.cursor() as cr:
            env = self._env(cr)
            messages = env["oms.message"].search([("channel_id", "=", self.channel_id)])
            self.assertEqual(Counter(messages.mapped("state")), {"done": ORDERS}, messages.mapped("error"))
            orders = env["sale.order"].search([("oms_channel_id", "=", self.channel_id)])
            self.assertEqual(len(orders), ORDERS)
            warehouse = env["stock.warehouse"].browse(self.warehouse_id)
            for product, stock in zip(env["product.product"].browse(self.product_ids), STOCK.values(), strict=True):
                pending = orders.oms_reservation_ids.filtered(
                    lambda row, product=product: row.product_id == product and row.state == "pending"
                )
                moves = orders.order_line.move_ids.filtered(
                    lambda move, product=product: move.product_id == product and move.state != "cancel"
                )
                promised = sum(pending.mapped("quantity")) + sum(moves.mapped("product_qty"))
                self.assertLessEqual(promised, stock)
                self.assertEqual(
                    sum(moves.mapped("quantity")), sum(moves.mapped("product_qty")), "all of it is reserved"
                )
                quants = env["stock.quant"].search(
                    [("product_id", "=", product.id), ("location_id", "child_of", warehouse.lot_stock_id.id)]
                )
                self.assertLessEqual(sum(quants.mapped("reserved_quantity")), stock)
            short = orders.filtered("oms_is_short")
            self.assertTrue(short)
            for order in short:
                self.assertRegex(order.oms_hold_reason, r"LAST-[AB]: \d asked, \d available")
                self.assertFalse(order.oms_reservation_ids.filtered(lambda row: row.state == "pending"))
            self.assertEqual(
                len(orders.filtered(lambda order: order.state == "sale" or order.oms_on_hold)),
                ORDERS,
                "none is in between",
            )
            self.assertFalse(self._differences(env), "the journal says the same")

    def _differences(self, env):
        ours = env["oms.stock.event"]._check(env.ref("base.main_company"))
        # The shelves were filled without a move, which only a test does.
        return [row for row in ours if row["product_id"] in self.product_ids and abs(row["promised"]) > 0.001]

    def _work(self, failures):
        """What a job does: again when the database says so, until nothing is left."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                with self.registry.cursor() as cr:
                    env = self._env(cr)
                    env["oms.message"]._cron_process()
                    if not env["oms.message"].search_count(
                        [("channel_id", "=", self.channel_id), ("state", "in", ("pending", "retry"))]
                    ):
                        return
            except CONCURRENCY_ERRORS:
                continue
            except Exception as error:
                failures.append(repr(error))
                return

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            orders = env["sale.order"].search([("oms_channel_id", "=", self.channel_id)])
            partners = orders.partner_id
            orders._action_cancel()
            moves = env["stock.move"].search([("product_id", "in", self.product_ids)])
            pickings = moves.picking_id
            env["oms.hold"].flush_model()
            cr.execute("DELETE FROM oms_message WHERE channel_id = %s", [self.channel_id])
            cr.execute("DELETE FROM oms_hold WHERE order_id = ANY(%s)", [orders.ids])
            cr.execute("DELETE FROM oms_stock_event WHERE product_id = ANY(%s)", [self.product_ids])
            cr.execute("DELETE FROM oms_reservation WHERE product_id = ANY(%s)", [self.product_ids])
            env.invalidate_all()
            moves.unlink()
            pickings.unlink()
            if "oms.sourcing.decision" in env:
                cr.execute("DELETE FROM oms_sourcing_decision WHERE order_id = ANY(%s)", [orders.ids])
            env.invalidate_all()
            orders.unlink()
            cr.execute("DELETE FROM stock_quant WHERE product_id = ANY(%s)", [self.product_ids])
            cr.execute("DELETE FROM oms_customer_ref WHERE channel_id = %s", [self.channel_id])
            env.invalidate_all()
            env["product.product"].browse(self.product_ids).unlink()
            env["oms.channel"].browse(self.channel_id).unlink()
            partners.unlink()


def _doc(number, lines, status, currency):
    address = AddressDoc(
        name=f"Customer {number}",
        street=f"{number} rue de Rivoli",
        city="Paris",
        zip="75001",
        country_code="FR",
        email=f"last{number}@example.com",
    )
    return OrderDoc(
        external_id=f"last-{number}",
        number=f"LAST{number}",
        status=status,
        channel_status=status,
        currency=currency,
        total=sum((Decimal(10 * quantity) for _sku, quantity in lines), Decimal(0)),
        lines=tuple(
            OrderLineDoc(
                external_id=f"{number}-{index}",
                kind="product",
                name=sku,
                quantity=Decimal(quantity),
                total=Decimal(10 * quantity),
                subtotal=Decimal(10 * quantity),
                taxes=(),
                sku=sku,
            )
            for index, (sku, quantity) in enumerate(lines)
        ),
        ordered_at=MOMENT,
        updated_at=MOMENT,
        billing=address,
        shipping=address,
        payments=(),
        payment_method="card",
    )
