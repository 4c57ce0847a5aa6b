"""Run in ``odoo shell`` by ``scripts/bench --settlement``: what a payout of LINES lines costs; nothing is kept."""

import json
import os
from pathlib import Path

from odoo.addons.oms_channels.tests.bench_settlement import measure_settlement, sold_order


def main(env):
    env = env(user=env.ref("base.user_admin").id)
    channel = env["oms.channel"].search([("platform", "=", "woocommerce")], limit=1)
    env = env(context={**env.context, "allowed_company_ids": channel.company_id.ids})
    channel = channel.with_env(env)
    order = sold_order(env, channel)
    result = measure_settlement(env, channel, order, int(os.environ["LINES"]))
    env.cr.rollback()
    Path(os.environ["RESULT"]).write_text(json.dumps(result))


main(env)  # noqa: F821 - odoo shell provides env
