"""Run in ``odoo shell``: connect Maison Verte with its shops, and read what was ordered in those that have sent nothing.

Called again, it only tells the channels where their shops are now.
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo.build import open_channel

from odoo import fields

#: platform: (name, code, number of the clearing account)
SHOPS = {
    "woocommerce": ("Maison Verte web shop", "WEB", "101450"),
    "shopify": ("Maison Verte on Shopify", "SHOP", "101451"),
    "magento": ("Maison Verte for professionals (Magento)", "PRO", "101452"),
    "amazon": ("Amazon.fr", "AMZ", "101453"),
    "ebay": ("eBay.fr", "EBAY", "101454"),
}


def connect(env, platform, columns):
    name, code, account = SHOPS[platform]
    channel = env["oms.channel"].search([("code", "=", code)])
    is_new = not channel.api_url
    if not channel:
        web = env["oms.channel"].search([("code", "=", "WEB")])
        channel = open_channel(
            env, web.company_id, web.warehouse_ids, name=name, code=code, platform=platform, account=account
        )
        channel.poll_from = fields.Datetime.now() - timedelta(days=1)
    channel.write(columns)
    channel.action_ask_again()
    env.cr.commit()
    if is_new:
        channel._poll()
        if channel.can_list:
            channel._read_listings()
        env.cr.commit()


def main(env):
    env = env(user=env.ref("base.user_admin").id)
    told = json.loads(Path(os.environ["SHOPS_FILE"]).read_text(encoding="utf-8"))
    for platform, columns in told.items():
        connect(env, platform, columns)
    env["oms.message"]._cron_process()
    env.cr.commit()


main(env)  # noqa: F821 - odoo shell provides env
