"""Stock that is set aside, and a shelf that tells something else than the books."""

from datetime import datetime, timezone
from decimal import Decimal

from odoo.addons.oms_core.domain.devices import Reading


def inventory(env):
    """Keep an order for a person, with its goods set aside, and let a device count."""
    company = env["res.company"].search([("name", "=", "Maison Verte")], limit=1) or env.company
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    channel = env["oms.channel"].search([("company_id", "=", company.id), ("platform", "!=", "manual")], limit=1)
    held = env["sale.order"].search([("oms_channel_id", "=", channel.id), ("state", "=", "draft")])
    held._oms_promise()
    lyon = env["stock.warehouse"].search([("company_id", "=", company.id), ("code", "=", "LYO")], limit=1)
    mug = env["product.product"].search([("default_code", "=", "MUG-BLUE")], limit=1)
    if not (lyon and mug):
        return
    device = env["oms.device"].create(
        {
            "name": "Shelf sensor, aisle 3",
            "kind": "shelf",
            "company_id": company.id,
            "warehouse_id": lyon.id,
            "product_id": mug.id,
        }
    )
    now = datetime.now(timezone.utc)
    device._receive(Reading("demo-1", "count", Decimal(2), now))
