"""Run in ``odoo shell`` by scripts/bench --returns: what it costs to take goods back and refund them, as a line of JSON.

ROUND=plain     Odoo alone: for each order return its delivery in part, validate it, reverse the invoice, take out of it what
                did not come back, post it, commit
ROUND=oms       returns of ours: received, inspected and refunded, a batch and a commit at a time
RETURNS         how many returns, of three lines each; the orders are made, shipped and invoiced before the clock starts
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo.bench_round import STOCK, customer  # noqa: E402

#: What is sold, how many of it, at which price; one of each comes back.
LINES = (("MUG-BLUE", 2, "10.00"), ("TEA-GREEN-100", 1, "9.38"), ("BOOK-GARDEN", 1, "24.00"))
BATCH = 100


def sold(env, kind, count):
    """So many orders that were shipped and invoiced."""
    products = {product.default_code: product for product in env["product.product"].search([])}
    warehouse = env["stock.warehouse"].search([], limit=1)
    quants = env["stock.quant"].with_context(inventory_mode=True)
    for sku, *_rest in LINES:
        if products[sku].with_context(warehouse_id=warehouse.id).free_qty < STOCK / 2:
            place = {"product_id": products[sku].id, "location_id": warehouse.lot_stock_id.id}
            quants.create({**place, "inventory_quantity": STOCK}).action_apply_inventory()
    start = 2_000_000 + env["sale.order"].search_count([])
    country = env.ref("base.fr").id
    orders = env["sale.order"]
    channel = {}
    if kind == "oms":
        channel["oms_channel_id"] = env["oms.channel"].search([("platform", "=", "woocommerce")]).id
    for first in range(start, start + count, BATCH):
        numbers = range(first, min(first + BATCH, start + count))
        partners = env["res.partner"].create([{**customer(number), "country_id": country} for number in numbers])
        lines = [
            (0, 0, {"product_id": products[sku].id, "product_uom_qty": quantity, "price_unit": float(price)})
            for sku, quantity, price in LINES
        ]
        batch = env["sale.order"].create(
            [
                {"partner_id": partner.id, "warehouse_id": warehouse.id, "order_line": lines, **channel}
                for partner in partners
            ]
        )
        batch.action_confirm()
        pickings = batch.picking_ids
        pickings.move_ids.picked = True
        pickings._action_done()
        for order in batch:
            order._create_invoices()
        batch.invoice_ids.action_post()
        env.cr.commit()
        orders |= batch
    return orders


def plain(env, order):
    """What a clerk who knows Odoo does, without any waiting for him."""
    [picking] = order.picking_ids
    context = {"active_id": picking.id, "active_ids": picking.ids, "active_model": "stock.picking"}
    wizard = env["stock.return.picking"].with_context(**context).create({})
    wizard.product_return_moves.quantity = 1
    receipt = wizard._create_return()
    receipt.move_ids.picked = True
    receipt.button_validate()
    [invoice] = order.invoice_ids
    reversal = (
        env["account.move.reversal"]
        .with_context(active_model="account.move", active_ids=invoice.ids)
        .create({"journal_id": invoice.journal_id.id})
    )
    reversal.refund_moves()
    refund = reversal.new_move_ids
    refund.write(
        {
            "invoice_line_ids": [
                (1, line.id, {"quantity": 1})
                for line in refund.invoice_line_ids
                if line.display_type == "product" and line.quantity > 1
            ]
        }
    )
    refund.action_post()


def oms(env, orders):
    """The same goods: a return of three lines for each order."""
    requests = env["oms.return"].create(
        [
            {
                "order_id": order.id,
                "line_ids": [(0, 0, {"sale_line_id": line.id, "quantity": 1}) for line in order.order_line],
            }
            for order in orders
        ]
    )
    requests.action_authorize()
    requests.action_receive()
    requests.line_ids._inspect()
    requests.action_refund()
    return requests


def main(env):
    kind, count = os.environ["ROUND"], int(os.environ["RETURNS"])
    orders = sold(env, kind, count)
    # Without the others to prefetch, or each of a thousand would read a thousand.
    one_by_one = [order.with_prefetch() for order in orders]
    batches = one_by_one if kind == "plain" else [orders[first : first + BATCH] for first in range(0, count, BATCH)]
    queries, seconds, processor = env.cr.sql_log_count, 0.0, time.process_time()
    for batch in batches:
        env.invalidate_all()
        started = time.perf_counter()
        (plain if kind == "plain" else oms)(env, batch)
        env.cr.commit()
        seconds += time.perf_counter() - started
    queries, processor = env.cr.sql_log_count - queries, time.process_time() - processor
    refunds = orders.invoice_ids.filtered(lambda move: move.move_type == "out_refund")
    assert len(refunds) == count and set(refunds.mapped("state")) == {"posted"}, "not all were refunded"
    totals = {round(refund.amount_untaxed, 2) for refund in refunds}
    assert totals == {43.38}, f"refunded {totals}"
    delivered = [line.qty_delivered for line in orders.order_line]
    assert sum(delivered) == count, "not all came back"
    assert [line.qty_invoiced for line in orders.order_line] == delivered, "not all is credited"
    spent = {"ms": 1000 * seconds / count, "cpu": 1000 * processor / count, "queries": queries / count}
    Path(os.environ["RESULT"]).write_text(json.dumps(spent))


main(env)  # noqa: F821 - odoo shell provides env
