"""Run in ``odoo shell`` by ``scripts/bench --push``: what it costs to tell a shop the stock of CHANGED products; nothing is kept.

The shop is a local server that speaks Shopify's contract, which has the smallest batches of the platforms that have any.
"""

import json
import os
from pathlib import Path

from odoo.addons.oms_channels.tests.bench_push import measure_push


def main(env):
    env = env(user=env.ref("base.user_admin").id)
    warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
    result = measure_push(env, warehouse.company_id, warehouse, int(os.environ["CHANGED"]))
    env.cr.rollback()
    Path(os.environ["RESULT"]).write_text(json.dumps(result))


main(env)  # noqa: F821 - odoo shell provides env
