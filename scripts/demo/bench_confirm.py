"""Run in ``odoo shell`` by scripts/bench --confirm: what it costs to confirm orders that are there, as a line of JSON.

ROUND=plain     Odoo alone
ROUND=oms       orders of a channel, each sourced from the best of the shop's places when it is confirmed
ONE_BY_ONE=1    each order in a transaction of its own, with nothing in memory, as a click on the button finds it;
                otherwise all in one
ORDERS          how many orders, of two lines each and a new customer each; they are made before the clock starts
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo.bench_round import LINES, customer, processor  # noqa: E402


def drafts(env, kind, count):
    products = {product.default_code: product for product in env["product.product"].search([])}
    start = 1_000_000 + env["sale.order"].search_count([])
    country = env.ref("base.fr").id
    partners = env["res.partner"].create(
        [{**customer(number), "country_id": country} for number in range(start, start + count)]
    )
    channel = {}
    if kind == "oms":
        channel["oms_channel_id"] = env["oms.channel"].search([("platform", "=", "woocommerce")]).id
    lines = [
        (0, 0, {"product_id": products[sku].id, "product_uom_qty": quantity, "price_unit": float(price)})
        for sku, quantity, price in LINES
    ]
    return env["sale.order"].create(
        [{"partner_id": partner.id, "order_line": lines, **channel} for partner in partners]
    )


def main(env):
    kind, count = os.environ["ROUND"], int(os.environ["ORDERS"])
    orders = drafts(env, kind, count)
    env.cr.commit()
    # One at a time in truth: without the others, which Odoo would read along.
    batches = [order.with_prefetch() for order in orders] if os.environ.get("ONE_BY_ONE") else [orders]
    started_on, queries, seconds = processor(env), env.cr.sql_log_count, 0.0
    for batch in batches:
        env.invalidate_all()
        started = time.perf_counter()
        batch.action_confirm()
        env.cr.commit()
        seconds += time.perf_counter() - started
    queries, spent_on = env.cr.sql_log_count - queries, processor(env) - started_on
    moves = orders.order_line.move_ids
    assert set(orders.mapped("state")) == {"sale"}, "not all orders were confirmed"
    assert len(moves) == len(LINES) * count and set(moves.mapped("state")) == {"assigned"}, "not all were reserved"
    if kind == "oms":
        assert len(orders.oms_decision_ids) == count, "not all orders were sourced"
    spent = {"ms": 1000 * seconds / count, "cpu": 1000 * spent_on / count, "queries": queries / count}
    Path(os.environ["RESULT"]).write_text(json.dumps(spent))


main(env)  # noqa: F821 - odoo shell provides env
