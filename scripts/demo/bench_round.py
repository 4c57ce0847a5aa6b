"""Run in ``odoo shell`` by scripts/bench: one round of orders, and what it cost, as a line of JSON.

ROUND=plain    Odoo alone: for each order create the customer and the order, confirm, commit
ROUND=oms      the four add-ons: each order arrives as a signed webhook body and is committed, then the inbox is worked
ROUND=life     status and timeline of one order and of ORDERS of them, which are made where they are missing
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


def setup(env):
    if os.environ.get("PLAIN"):
        shop._channel = lambda *_arguments: None
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


def life(env, count):
    """{what: {number of orders: (queries, milliseconds)}}"""
    orders = env["sale.order"].search([("oms_channel_id", "!=", False)], limit=count)
    if missing := count - len(orders):
        start = 1000 + env["sale.order"].search_count([])
        oms(env, range(start, start + missing))
        orders = env["sale.order"].search([("oms_channel_id", "!=", False)], limit=count)
    reads = {
        "status": lambda of: of.mapped("oms_status"),
        "promise": lambda of: of.mapped("oms_service"),
        "timeline": lambda of: of._oms_get_timeline(),
        "exceptions": lambda of: env["oms.exception"].search_fetch([], ["kind", "amount"], limit=80),
    }
    result = {}
    for what, read in reads.items():
        for of in (orders[:1], orders):
            env.flush_all()
            env.invalidate_all()
            queries, started = env.cr.sql_log_count, time.perf_counter()
            read(of)
            result.setdefault(what, {})[len(of)] = (
                env.cr.sql_log_count - queries,
                1000 * (time.perf_counter() - started),
            )
    return result


def main(env):
    kind = os.environ["ROUND"]
    if kind == "setup":
        return setup(env)
    count = int(os.environ["ORDERS"])
    if kind == "life":
        Path(os.environ["RESULT"]).write_text(json.dumps(life(env, count)))
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


main(env)  # noqa: F821 - odoo shell provides env
