"""A shelf that tells something else than the books. What is set aside comes with the orders that are held."""

from datetime import datetime, timezone
from decimal import Decimal

from odoo.addons.oms_core.domain.devices import Reading


def inventory(env):
    """A shelf sensor, and a count of it that is too far off to be believed without a look."""
    lyon = env["stock.warehouse"].search([("code", "=", "LYO")], limit=1)
    mug = env["product.product"].search([("default_code", "=", "MUG-BLUE")], limit=1)
    device = env["oms.device"].create(
        {
            "name": "Shelf sensor, aisle 3",
            "kind": "shelf",
            "company_id": lyon.company_id.id,
            "warehouse_id": lyon.id,
            "product_id": mug.id,
        }
    )
    # as the endpoint does it: nobody may write what a device told
    device.sudo()._receive(Reading("demo-1", "count", Decimal(2), datetime.now(timezone.utc)))
