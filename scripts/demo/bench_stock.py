"""Run in ``odoo shell`` by scripts/bench: what a snapshot of a large assortment costs, as a line of JSON.

PRODUCTS, NODES: how many; every product lies at every node, some of them are promised, reserved or kept back.
"""

import json
import os
import resource
import time
import tracemalloc
from pathlib import Path

from odoo.fields import Command

LOOKUPS = 20_000
CHANGED = (10, 100, 1000)


def clone(env, table, row_id, count, **overrides):
    """Insert copies of a row with SQL, as its own columns say. :return: their ids"""
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name != 'id'", [table]
    )
    columns = [name for (name,) in env.cr.fetchall()]
    values = ", ".join(overrides.get(name, f'source."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    env.cr.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} source, generate_series(1, {count}) AS number "
        f"WHERE source.id = {row_id} RETURNING id"
    )
    return [row_id for (row_id,) in env.cr.fetchall()]


def setup(env, product_count, node_count):
    company = env.ref("base.main_company")
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    warehouses = env["stock.warehouse"].search([("company_id", "=", company.id)])
    for number in range(node_count - len(warehouses)):
        warehouses |= env["stock.warehouse"].create({"name": f"Node {number}", "code": f"N{number}"})
    parent = env["product.category"].create({"name": "Assortment"})
    first = env["product.product"].create({"name": "Thing", "is_storable": True, "categ_id": parent.id})
    categories = env["product.category"].create([{"name": f"C{n}", "parent_id": parent.id} for n in range(40)])
    env.flush_all()
    templates = clone(
        env,
        "product_template",
        first.product_tmpl_id.id,
        product_count,
        categ_id=f"{categories[0].id} + number % {len(categories)}",
    )
    products = clone(
        env,
        "product_product",
        first.id,
        product_count,
        product_tmpl_id=f"{templates[0]} + number - 1",
        default_code="'THING-' || number",
        barcode="NULL",
    )
    env.cr.execute(
        """
        INSERT INTO stock_quant (product_id, location_id, company_id, quantity, reserved_quantity, in_date)
        SELECT product, location, %s, (product * 7 + location) %% 50, (product + location) %% 4, now()
          FROM unnest(%s) AS product, unnest(%s) AS location
        """,
        [company.id, products, warehouses.lot_stock_id.ids],
    )
    move = env["stock.move"].create(
        {
            "product_id": first.id,
            "product_uom_qty": 2,
            "product_uom": first.uom_id.id,
            "location_id": warehouses[0].lot_stock_id.id,
            "location_dest_id": env.ref("stock.stock_location_customers").id,
            "state": "confirmed",
        }
    )
    env.flush_all()
    clone(env, "stock_move", move.id, product_count // 2, product_id=f"{products[0]} + number")
    for values in (
        {"kind": "safety", "quantity": 1},
        {"kind": "safety", "categ_id": categories[3].id, "percent": 10},
        {"kind": "threshold", "quantity": 2},
        *({"kind": "safety", "product_id": product, "quantity": 4} for product in products[:500]),
    ):
        env["oms.stock.buffer"].create(values)
    channel = env["oms.channel"].search([], limit=1)
    channel.warehouse_ids = [Command.set(warehouses.ids)]
    env["oms.reservation"].create(
        [
            {"company_id": company.id, "product_id": product, "warehouse_id": warehouses[0].id, "quantity": 1}
            for product in products[:1000]
        ]
    )
    env.cr.commit()
    env.cr.execute("ANALYZE stock_quant")
    env.cr.execute("ANALYZE stock_move")
    env.cr.commit()
    return channel, env["product.product"].browse(products)


def timed(function):
    started = time.perf_counter()
    result = function()
    return result, time.perf_counter() - started


def rss_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def look_up(snapshot):
    nodes, products = snapshot.table.nodes, snapshot.table.products
    for number in range(LOOKUPS):
        product = products[number % len(products)]
        if number % 2:
            snapshot.total(product)
        else:
            snapshot.available(nodes[number % len(nodes)], product)


def recompute(availability, channel, products):
    return min(timed(lambda: availability._get_channel_atp(channel, products))[1] for _attempt in range(3))


def main(env):
    channel, products = setup(env, int(os.environ["PRODUCTS"]), int(os.environ["NODES"]))
    availability = env["oms.availability"]
    env.invalidate_all()
    availability._get_channel_atp(channel, products[:10])  # what is cached once for all is not measured

    def all_of_them():
        snapshot = availability._channel_snapshot(channel, products)
        return snapshot, snapshot.totals()

    before = rss_mb()
    (snapshot, _totals), seconds = timed(all_of_them)
    _totals = None
    peak = rss_mb()
    look_up_seconds = timed(lambda: look_up(snapshot))[1]
    changed = {count: recompute(availability, channel, products[:count]) for count in CHANGED}
    snapshot = None
    tracemalloc.start()
    result = all_of_them()
    allocated = tracemalloc.get_traced_memory()[1] / 1024**2
    del result
    Path(os.environ["RESULT"]).write_text(
        json.dumps(
            {
                "seconds": seconds,
                "rss_mb": peak,
                "rss_growth_mb": peak - before,
                "allocated_mb": allocated,
                "lookups_per_second": LOOKUPS / look_up_seconds,
                "changed_ms": {count: 1000 * spent for count, spent in changed.items()},
            }
        )
    )


main(env)  # noqa: F821 - odoo shell provides env
