"""A store beside the warehouses: one order lies ready for its customer, one waits to be accepted, one stands at the curb, one
is on its way from a warehouse."""

from demo.customers import desk

from odoo.fields import Command

STOCK = {"MUG-BLUE": 6, "TEA-GREEN-100": 8, "BOOK-GARDEN": 3}


def pickups(env):
    company = env.company
    store = env["stock.warehouse"].create(
        {
            "name": "Boutique Lyon",
            "code": "BTQ",
            "company_id": company.id,
            "sequence": 9,
            "oms_node_type": "store",
            "oms_user_ids": [Command.set((env.user | env["res.users"].search([("login", "=", "store")])).ids)],
            "oms_accept_minutes": 60,
            "oms_pickup_days": 5,
        }
    )
    products = {product.default_code: product for product in env["product.product"].search([])}
    quants = env["stock.quant"].with_context(inventory_mode=True)
    for sku, quantity in STOCK.items():
        quants |= quants.create(
            {
                "product_id": products[sku].id,
                "location_id": store.lot_stock_id.id,
                "inventory_quantity": quantity,
            }
        )
    quants.action_apply_inventory()
    ready = _order(env, store, "pickup", "Camille Petit", {products["MUG-BLUE"]: 2})
    curb = _order(env, store, "curbside", "Noé Garnier", {products["BOOK-GARDEN"]: 1})
    _order(env, store, "pickup", "Jeanne Roy", {products["TEA-GREEN-100"]: 3, products["MUG-BLUE"]: 1})
    for picking in (ready | curb).picking_ids:
        picking.action_oms_accept()
        picking.action_oms_ready()
    curb.picking_ids._oms_check_in("2", "Green estate car")
    brought = _order(env, store, "ship_to_store", "Inès Marchand", {products["POT-TERRA-L"]: 2})
    leaves = brought.oms_transfer_ids.filtered(lambda picking: picking.picking_type_code == "internal")
    leaves.move_ids.picked = True
    leaves.button_validate()


def _order(env, store, method, customer, quantities):
    order = env["sale.order"].create(
        {
            "partner_id": env["res.partner"].create({"name": customer, "country_id": env.ref("base.fr").id}).id,
            "oms_channel_id": desk(env, env.company).id,
            "warehouse_id": store.id,
            "oms_delivery_method": method,
            "oms_pickup_warehouse_id": store.id,
            "order_line": [
                Command.create({"product_id": product.id, "product_uom_qty": quantity})
                for product, quantity in quantities.items()
            ],
        }
    )
    order.action_confirm()
    return order
