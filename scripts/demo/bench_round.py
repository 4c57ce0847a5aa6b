"""Run in ``odoo shell`` by scripts/bench: one round of orders, and what it cost, as a line of JSON.

ROUND=plain    Odoo alone: for each order create the customer and the order, confirm, commit
ROUND=oms      the four add-ons: each order arrives as a signed webhook body and is committed, then the inbox is worked
ROUND=life     status, timeline and more of 10, 100, … ORDERS orders, which are made where they are missing
ROUND=report   the order report over ORDERS times REPORT_COPIES orders; fills the database with copies
ROUND=setup    make the shop with stock for any number of orders (PLAIN=1: without a channel)

ORDERS: how many orders. Two lines each, every order from another customer, four days of shipping addresses in France.
"""

import json
import os
import sys
import time
from base64 import b64encode
from hashlib import sha256
from hmac import digest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo import build as shop

LINES = (("MUG-BLUE", 2, "10.00"), ("TEA-GREEN-100", 1, "9.38"))
TOWNS = (("69003", "Lyon"), ("59800", "Lille"), ("13001", "Marseille"), ("75011", "Paris"))
STOCK = 100_000

#: Orders whose status and timeline are read at once, and ORDERS after them.
LIFE_SIZES = (10, 100)

#: How many times the orders are there for the report, and how far apart the ids of copies are.
REPORT_COPIES = 5
COPY_OFFSET = 1_000_000
REPORT_MEASURES = ["order_id:count_distinct", "amount:sum", "fill_hours:avg", "is_perfect:avg", "fill_rate:avg"]


def setup(env):
    if os.environ.get("PLAIN"):
        # Nothing that plain Odoo has no table or field for.
        shop.open_channel = shop.set_costs = lambda *_arguments, **_values: None
    shop.build(env)
    quants = env["stock.quant"].with_context(inventory_mode=True)
    for warehouse in env["stock.warehouse"].search([]):
        for product in env["product.product"].search([("default_code", "in", [sku for sku, *_rest in LINES])]):
            quants |= quants.create(
                {"product_id": product.id, "location_id": warehouse.lot_stock_id.id, "inventory_quantity": STOCK}
            )
    quants.action_apply_inventory()
    env.cr.commit()


def customer(number):
    zip_code, city = TOWNS[number % len(TOWNS)]
    return {
        "name": f"Customer {number}",
        "email": f"customer{number}@example.com",
        "street": f"{number} rue du Banc",
        "zip": zip_code,
        "city": city,
    }


def plain(env, numbers):
    """What an import that knows nothing but Odoo's own methods does, one order at a time."""
    products = {product.default_code: product for product in env["product.product"].search([])}
    france = env.ref("base.fr")
    orders = env["sale.order"]
    for number in numbers:
        partner = env["res.partner"].create({**customer(number), "country_id": france.id})
        order = orders.create(
            {
                "partner_id": partner.id,
                "client_order_ref": str(number),
                "order_line": [
                    (0, 0, {"product_id": products[sku].id, "product_uom_qty": quantity, "price_unit": float(price)})
                    for sku, quantity, price in LINES
                ],
            }
        )
        order.action_confirm()
        env.cr.commit()
        orders |= order
    return orders


def payload(number):
    person = customer(number)
    address = {
        "first_name": "Customer",
        "last_name": str(number),
        "company": "",
        "address_1": person["street"],
        "address_2": "",
        "city": person["city"],
        "state": "",
        "postcode": person["zip"],
        "country": "FR",
        "phone": "",
    }
    tax = {"MUG-BLUE": ("20", "4.00"), "TEA-GREEN-100": ("5.5", "0.52")}
    lines = [
        {
            "id": number * 10 + position,
            "name": sku,
            "product_id": position,
            "variation_id": 0,
            "quantity": quantity,
            "sku": sku,
            "subtotal": f"{quantity * float(price):.2f}",
            "total": f"{quantity * float(price):.2f}",
            "total_tax": tax[sku][1],
            "taxes": [{"id": position, "total": tax[sku][1], "subtotal": tax[sku][1]}],
            "meta_data": [],
        }
        for position, (sku, quantity, price) in enumerate(LINES, 1)
    ]
    return {
        "id": number,
        "number": str(number),
        "status": "processing",
        "currency": "EUR",
        "prices_include_tax": False,
        "date_created_gmt": "2026-11-20T10:00:00",
        "date_modified_gmt": "2026-11-20T10:00:00",
        "date_paid_gmt": "2026-11-20T10:00:00",
        "total": "33.90",
        "total_tax": "4.52",
        "customer_id": number,
        "payment_method": "card",
        "transaction_id": f"tx{number}",
        "billing": {**address, "email": person["email"]},
        "shipping": address,
        "line_items": lines,
        "tax_lines": [
            {"rate_id": position, "label": "TVA", "rate_percent": float(tax[sku][0]), "tax_total": tax[sku][1],
             "shipping_tax_total": "0.00", "compound": False}
            for position, (sku, *_rest) in enumerate(LINES, 1)
        ],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "meta_data": [],
    }  # fmt: skip


def oms(env, numbers):
    channel = env["oms.channel"].search([("platform", "=", "woocommerce")])
    for number in numbers:
        body = json.dumps(payload(number)).encode()
        signature = b64encode(digest(shop.WEBHOOK_SECRET.encode(), body, sha256)).decode()
        headers = {
            "content-type": "application/json",
            "x-wc-webhook-topic": "order.created",
            "x-wc-webhook-signature": signature,
        }
        channel._receive_delivery(headers, body)
        env.cr.commit()
    env["oms.message"]._cron_process()
    return env["sale.order"].search([("oms_external_id", "in", [str(number) for number in numbers])])


def orders_of_all_kinds(env, count):
    """So many orders of the channel, made where they are missing: every tenth has left, every tenth of the others is held."""
    orders = env["sale.order"].search([("oms_channel_id", "!=", False)], limit=count)
    if missing := count - len(orders):
        start = 1000 + env["sale.order"].search_count([])
        made = oms(env, range(start, start + missing))
        leaving = made[::10].picking_ids
        leaving.move_ids.picked = True
        leaving._action_done()
        for order in made[1::10]:
            order._oms_hold("manual", "Somebody called and wants to change it.")
        env.cr.commit()
        orders = env["sale.order"].search([("oms_channel_id", "!=", False)], limit=count)
    return orders


def life(env, count):
    """{what: {number of orders: (queries, milliseconds)}}"""
    orders = orders_of_all_kinds(env, count)
    reads = {
        "status": lambda of: of.mapped("oms_status"),
        "timeline": lambda of: of._oms_get_timeline(),
        "promise": lambda of: of.mapped("oms_service"),
        "exceptions": lambda of: env["oms.exception"].search_fetch([], ["kind", "amount"], limit=80),
    }
    sizes = [size for size in LIFE_SIZES if size < count]
    result = {}
    for what, read in reads.items():
        read(orders[:1])  # what is cached once for all is not measured
        for size in (*sizes, count):
            env.flush_all()
            env.invalidate_all()
            queries, started = env.cr.sql_log_count, time.perf_counter()
            read(orders[:size])
            spent = 1000 * (time.perf_counter() - started)
            result.setdefault(what, {})[size] = (env.cr.sql_log_count - queries, spent)
    return result


def processor(env):
    """Seconds on the processor so far: of this process, and of its connection's in the database where that can be seen."""
    env.cr.execute("SELECT pg_backend_pid()")
    [pid] = env.cr.fetchone()
    try:
        of_database = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:  # another machine, or no such file on this one
        of_database = 0.0
    return time.process_time() + of_database


def copies(env, table, ids, shifted, times):
    """Insert copies of rows with SQL; the columns ``shifted`` point to the copies of what they pointed to."""
    env.cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
    columns = [name for (name,) in env.cr.fetchall() if name not in ("oms_external_id", "access_token")]
    shift = {name: f"{name} + {COPY_OFFSET} * number" for name in shifted} | {"name": "name || '/' || number"}
    env.cr.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(shift.get(name, name) for name in columns)} "
        f"FROM {table}, generate_series(1, {times}) AS number WHERE id = ANY(%s)",
        [ids],
    )


def report(env, count):
    """{what it is grouped by: (queries, milliseconds)}, and how many orders the report is about"""
    orders = orders_of_all_kinds(env, count)
    transfers = orders.picking_ids
    for table, records, shifted in (
        ("sale_order", orders, ("id",)),
        ("sale_order_line", orders.order_line, ("id", "order_id")),
        ("stock_picking", transfers, ("id", "sale_id")),
        ("stock_move", transfers.move_ids, ("id", "sale_line_id", "picking_id")),
    ):
        copies(env, table, records.ids, shifted, REPORT_COPIES - 1)
    env.cr.execute("ANALYZE sale_order, sale_order_line, stock_picking, stock_move")
    result = {}
    for groupby in ("channel_id", "weekday", "product_id"):
        env.invalidate_all()
        queries, started = env.cr.sql_log_count, time.perf_counter()
        groups = env["oms.order.report"]._read_group([], [groupby], REPORT_MEASURES)
        spent = 1000 * (time.perf_counter() - started)
        result[groupby] = (env.cr.sql_log_count - queries, spent)
    env.cr.rollback()
    return {"orders": max(group[1] for group in groups), "ms": result}


def main(env):
    kind = os.environ["ROUND"]
    if kind == "setup":
        return setup(env)
    count = int(os.environ["ORDERS"])
    if kind in ("life", "report"):
        measured = {"life": life, "report": report}[kind](env, count)
        Path(os.environ["RESULT"]).write_text(json.dumps(measured))
        return None
    start = 1000 + env["sale.order"].search_count([])
    env.cr.commit()
    env.invalidate_all()
    queries, started = env.cr.sql_log_count, time.perf_counter()
    orders = {"plain": plain, "oms": oms}[kind](env, range(start, start + count))
    seconds, queries = time.perf_counter() - started, env.cr.sql_log_count - queries
    moves = orders.order_line.move_ids
    assert len(orders) == count and set(orders.mapped("state")) == {"sale"}, "not all orders were confirmed"
    assert len(moves) == 2 * count and set(moves.mapped("state")) == {"assigned"}, "not all orders were reserved"
    Path(os.environ["RESULT"]).write_text(json.dumps({"ms": 1000 * seconds / count, "queries": queries / count}))
    return None


if "env" in globals():  # in odoo shell, and not where another round takes a part of this one
    main(env)  # noqa: F821
