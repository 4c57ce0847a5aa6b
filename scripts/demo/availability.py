"""What is promised and what is not: buffers, a third party that tells its stock, a receipt on its way and an order that waits
for it."""

from datetime import timedelta

from odoo.fields import Command, Datetime

#: sku: pieces that the third party told to have.
TOLD = {"MUG-BLUE": 60, "SEED-TOM": 250, "SHIRT-M": 25}


def keep_back(env, warehouses):
    """Two of everything in the shops' places, a tenth of the furniture, and the last chairs not on the web."""
    furniture = env["product.category"].search([("name", "=", "Furniture")], limit=1)
    env["oms.stock.buffer"].create(
        [
            {"kind": "safety", "quantity": 2, "warehouse_id": warehouses[:1].id, "note": "For the counter"},
            {"kind": "safety", "percent": 10, "categ_id": furniture.id, "note": "Furniture breaks on its way"},
            {
                "kind": "threshold",
                "quantity": 1,
                "channel_id": env["oms.channel"].search([("code", "=", "WEB")], limit=1).id,
                "note": "The web shop is told a minute late",
            },
        ]
    )


def third_party(env, products):
    """A place whose stock Odoo does not hold; it told it a day and a half ago."""
    place = env["stock.warehouse"].create(
        {
            "name": "Logistique Rhône",
            "code": "3PL",
            "oms_node_type": "3pl",
            "company_id": env.company.id,
            "sequence": 99,
        }
    )
    place._oms_tell_stock(
        {products[sku]: quantity for sku, quantity in TOLD.items()},
        Datetime.now() - timedelta(hours=36),
        "Logistique Rhône, stock list",
    )


def waiting(env, products, warehouse):
    """Chairs are ordered that are not there; new ones come in ten days."""
    chair = products["CHAIR-OAK"]
    receipt = env["stock.picking"].create(
        {
            "picking_type_id": warehouse.in_type_id.id,
            "location_id": env.ref("stock.stock_location_suppliers").id,
            "location_dest_id": warehouse.lot_stock_id.id,
            "scheduled_date": Datetime.now() + timedelta(days=10),
            "move_ids": [
                Command.create(
                    {
                        "product_id": chair.id,
                        "product_uom_qty": 12,
                        "product_uom": chair.uom_id.id,
                        "location_id": env.ref("stock.stock_location_suppliers").id,
                        "location_dest_id": warehouse.lot_stock_id.id,
                        "date": Datetime.now() + timedelta(days=10),
                    }
                )
            ],
        }
    )
    receipt.action_confirm()
    desk = env["oms.channel"].search([("platform", "=", "manual")], limit=1) or env["oms.channel"].create(
        {"name": "Order desk", "code": "DESK", "user_id": env.ref("base.user_admin").id, "company_id": env.company.id}
    )
    env["oms.backorder.policy"].create({"product_id": chair.id, "policy": "backorder", "limit": 10})
    order = env["sale.order"].create(
        {
            "partner_id": env["res.partner"].create({"name": "Café des Halles", "city": "Lyon"}).id,
            "oms_channel_id": desk.id,
            "warehouse_id": warehouse.id,
            "order_line": [Command.create({"product_id": chair.id, "product_uom_qty": 6})],
        }
    )
    order.action_confirm()


def availability(env):
    products = {product.default_code: product for product in env["product.product"].search([])}
    warehouses = env["oms.channel"].search([("code", "=", "WEB")], limit=1).warehouse_ids
    keep_back(env, warehouses)
    third_party(env, products)
    waiting(env, products, warehouses[:1])
    env["oms.sold.out"]._cron_watch()
