"""Run in ``odoo shell`` by scripts/bench --confirm: what it costs to confirm orders that are there, as a line of JSON.

ROUND=plain     Odoo alone
ROUND=oms       orders of a channel, each sourced from the best of the shop's places when it is confirmed
ONE_BY_ONE=1    each order in a transaction of its own, with nothing in memory, as a click on the button finds it;
                otherwise all in one
ORDERS          how many orders, of two lines each and a new customer each; they are made before the clock starts
TURNS           two pipes, “mine:other's”: each order waits for a byte in mine and ends with one in the other's. Whole rounds
                by turns would measure how the speed of a rented machine changes from minute to minute, and not the add-ons.
"""

import gc
import json
import os
import sys
import time
from pathlib import Path
from select import select

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


#: Seconds after which nobody waits for the other any more.
PATIENCE_S = 60


class Turns:
    """One order here, one order there."""

    def __init__(self):
        paths = os.environ.get("TURNS")
        # Opened both ways, as whoever opens a pipe one way waits for the other.
        self.mine, self.others = (os.open(path, os.O_RDWR) for path in paths.split(":")) if paths else (None, None)

    def __enter__(self):
        if self.mine is not None and select([self.mine], [], [], PATIENCE_S)[0]:
            os.read(self.mine, 1)

    def __exit__(self, *_error):
        if self.mine is not None:
            os.write(self.others, b".")


def main(env):
    kind, count = os.environ["ROUND"], int(os.environ["ORDERS"])
    orders = drafts(env, kind, count)
    env.cr.commit()
    # One at a time in truth: without the others, which Odoo would read along.
    batches = [order.with_prefetch() for order in orders] if os.environ.get("ONE_BY_ONE") else [orders]
    if len(batches) > 1:  # what a process has to read once, it reads with an order that is not counted
        env.invalidate_all()
        drafts(env, kind, 1).action_confirm()
        env.cr.commit()
    # What was loaded as the process began is looked through by Python once in its life, a tenth of a second for some order.
    gc.collect()
    queries, seconds, spent_on, turns = 0, 0.0, 0.0, Turns()
    for batch in batches:
        with turns:
            env.invalidate_all()
            started_on, started, asked = processor(env), time.perf_counter(), env.cr.sql_log_count
            batch.action_confirm()
            env.cr.commit()
            queries += env.cr.sql_log_count - asked
            seconds += time.perf_counter() - started
            spent_on += processor(env) - started_on
    moves = orders.order_line.move_ids
    assert set(orders.mapped("state")) == {"sale"}, "not all orders were confirmed"
    assert len(moves) == len(LINES) * count and set(moves.mapped("state")) == {"assigned"}, "not all were reserved"
    if kind == "oms":
        assert len(orders.oms_decision_ids) == count, "not all orders were sourced"
    spent = {"ms": 1000 * seconds / count, "cpu": 1000 * spent_on / count, "queries": queries / count}
    Path(os.environ["RESULT"]).write_text(json.dumps(spent))


main(env)  # noqa: F821 - odoo shell provides env
