"""The shops of Maison Verte: local servers that speak the contracts of WooCommerce, Shopify, Magento, Amazon and eBay.

Usage: shops.py FILE ORDERS

The web shop has the sample orders; they are kept in ORDERS, so that it has the same ones when it opens again. Somebody has
ordered in each of the others this morning. Writes into FILE, as JSON, how each is connected (``{platform: {column of the
channel: value}}``), and stays open until it is told to close. What the shops are told meanwhile is kept in memory only.
"""

import json
import signal
import sys
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import odoo.addons

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from demo.build import PRODUCTS  # noqa: E402 - found through the path above
from demo.samples import orders  # noqa: E402

odoo.addons.__path__.append(str(ROOT))

from odoo.addons.oms_channels.tests.conformance import same_order  # noqa: E402 - found through the path above
from odoo.addons.oms_channels.tests.conformance.stories import STORIES  # noqa: E402
from odoo.addons.oms_channels.tests.servers.woocommerce import WooCommerceServer  # noqa: E402

#: What was ordered: (sku, pieces, price of all of them without tax, percent of tax). eBay tells no tax in Europe.
ORDERED = {
    "shopify": (("SHIRT-M", 1, "20.75", "20"), ("SEED-TOM", 4, "13.27", "5.5")),
    "magento": (("POT-TERRA-L", 2, "30.00", "20"), ("TEA-GREEN-100", 1, "9.38", "5.5")),
    "amazon": (("MUG-BLUE", 1, "10.00", "20"), ("BOOK-GARDEN", 1, "23.60", "5.5")),
    "ebay": (("SHIRT-L", 1, "20.75", "20"),),
}
#: How many hours ago.
AGE_H = 3


class Clock:
    """The time of these shops: now, or some hours ago while somebody orders there."""

    def __init__(self):
        self.ago = timedelta(hours=AGE_H)

    def __call__(self):
        return time.monotonic()

    def now(self):
        return datetime.now(timezone.utc) - self.ago

    def sleep(self, seconds):
        time.sleep(seconds)


def goods(rows):
    return tuple(
        same_order.Goods(number, sku, pieces, Decimal(listed), (), Decimal(rate))
        for number, (sku, pieces, listed, rate) in enumerate(rows, 11)
    )


def offer(story, rows):
    """What was ordered is offered there too, so that the channel's listings can be read and their stock kept."""
    for number, (sku, pieces, listed, _rate) in enumerate(rows, 11):
        price = str(Decimal(listed) / pieces)
        if story.platform == "shopify":
            story.server.add_variant(number, sku, quantity=3, displayName=sku, price=price)
        elif story.platform == "amazon":
            story.server.offer(sku, quantity=3, price=price)


def open_web_shop(file):
    """The web shop; it sends its orders by webhook itself, through ``push.py``."""
    if not file.exists():
        file.write_text(json.dumps(orders()), encoding="utf-8")
    server = WooCommerceServer(json.loads(file.read_text(encoding="utf-8"))).start()
    for number, (sku, values) in enumerate(PRODUCTS.items(), 1001):
        server.add_product(number, sku=sku, name=values[0], price=str(values[1]), regular_price=str(values[1]))
    return {"api_url": server.url, "api_key": server.key, "api_secret": server.secret}


def main(file, orders_file):
    told = {"woocommerce": open_web_shop(Path(orders_file))}
    for platform, rows in ORDERED.items():
        clock = Clock()
        story = STORIES[platform](clock)
        story.server.start()
        same_order.place(story, goods(rows))
        clock.ago = timedelta()
        offer(story, rows)
        told[platform] = {**story.columns(), "webhook_secret": story.secret}
    told["ebay"]["account_ref"] = "FR 20"  # eBay tells no tax: the one that its prices hold
    part = Path(f"{file}.part")
    part.write_text(json.dumps(told), encoding="utf-8")
    part.rename(file)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(*sys.argv[1:])
