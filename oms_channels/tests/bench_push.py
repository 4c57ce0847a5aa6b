"""How much a push of stock costs: calls at the platform's largest batch, and database queries for each batch."""

import time

from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer

PLACE = "gid://shopify/Location/70000001"


def measure_push(env, company, warehouse, count=10_000):
    """Change the stock of so many products that are listed at a Shopify shop on this machine, and send it.

    Nothing is committed; whoever calls this rolls back.

    Queries are all statements but COMMIT: ``collect_queries`` find out what is to be told; ``telling_queries`` do all the rest,
    from choosing and noting what is sent to recording how it was taken, and what a run costs once.

    :return: {"changed", "batch", "calls", "collect_queries", "telling_queries", "queries_per_batch" (of telling), "collect_s",
        "push_s"}
    """
    with ShopifyServer(limit=10**9, per_s=10**9) as shop:
        channel = env["oms.channel"].create(
            {
                "name": "Bench",
                "code": f"BENCH{env['oms.channel'].search_count([])}",
                "company_id": company.id,
                "platform": "shopify",
                "api_url": shop.url,
                "api_token": shop.token,
                "warehouse_ids": warehouse.ids,
            }
        )
        env["oms.channel.mapping"].create(
            {"channel_id": channel.id, "kind": "location", "external_code": PLACE, "warehouse_id": warehouse.id}
        )
        products = env["product.product"].create(
            [
                {"name": f"Bench {number}", "default_code": f"BENCH-{number}", "is_storable": True}
                for number in range(count)
            ]
        )
        variants = [shop.add_variant(10**6 + number, f"BENCH-{number}") for number in range(count)]
        env["oms.channel.listing"].create(
            [
                {
                    "channel_id": channel.id,
                    "product_id": product.id,
                    "external_id": variant["id"],
                    "parent_ref": variant["product"]["id"],
                    "inventory_ref": variant["inventoryItem"]["id"],
                    "sku": variant["sku"],
                    "title": variant["sku"],
                }
                for product, variant in zip(products, variants, strict=True)
            ]
        )
        channel.push_stock = True
        for product in products:
            env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 5)
        env.flush_all()
        return _measured(env, channel, shop, count, PLATFORMS["shopify"].capabilities.stock_batch)


def _measured(env, channel, shop, count, size):
    stock = env["oms.channel.stock"]
    began, before = time.monotonic(), env.cr.sql_log_count
    stock._collect(channel, None)
    collected, asked, queries = time.monotonic(), len(shop.asked), env.cr.sql_log_count
    sent = channel._push(force=True)["stock"]
    ended, calls, telling = time.monotonic(), len(shop.asked) - asked, env.cr.sql_log_count - queries
    batches = -(-count // size)
    return {
        "changed": sent,
        "batch": size,
        "calls": calls,
        "collect_queries": queries - before,
        "telling_queries": telling,
        "queries_per_batch": round(telling / batches, 2),
        "collect_s": round(collected - began, 2),
        "push_s": round(ended - collected, 2),
    }
