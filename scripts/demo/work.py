"""Run in ``odoo shell``: a day at Maison Verte. The warehouses ship, the accountant's job runs, a customer sends back.

Two orders are left ready to ship, and one return on its way, so that the screens have something to show.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo import promises
from demo.availability import availability
from demo.bills import bills
from demo.carriers import parcels, prepare_carriers
from demo.customers import customers
from demo.feedback import feedback
from demo.fulfilment import pickups
from demo.inventory import inventory
from demo.payouts import payouts
from demo.people import people

LEFT_TO_SHIP = ("1007", "1012")
RETURNED = {"1002": {"MUG-BLUE": 2, "BOOK-GARDEN": 1}}
EXPECTED_BACK = {"1003": {"LAMP-BRASS": 1}}


def ship(env):
    deliveries = env["stock.picking"].search([("picking_type_code", "=", "outgoing"), ("state", "=", "assigned")])
    deliveries = deliveries.filtered(lambda picking: picking.sale_id.oms_number not in LEFT_TO_SHIP)
    prepare_carriers(env, deliveries)
    for number, picking in enumerate(deliveries.filtered(lambda picking: not picking.carrier_id), 1):
        picking.carrier_tracking_ref = f"DEMO{number:06d}"
    deliveries.button_validate()
    parcels(env)


def take_back(env, number, quantities):
    """A return of an order: {sku: quantity}"""
    order = env["sale.order"].search([("oms_number", "=", number)])
    reason = env.ref("oms_returns.reason_changed_mind")
    request = env["oms.return"].create(
        {
            "order_id": order.id,
            "line_ids": [
                (0, 0, {"sale_line_id": line.id, "quantity": quantities[line.oms_sku], "reason_id": reason.id})
                for line in order.order_line
                if line.oms_sku in quantities
            ],
        }
    )
    request.action_authorize()
    return request


def main(env):
    env = env(user=env.ref("base.user_admin").id)
    people(env)
    ship(env)
    env["sale.order"]._cron_oms_book()
    for number, quantities in RETURNED.items():
        request = take_back(env, number, quantities)
        request.action_receive()
        request.action_refund()
        request.action_repay()
    for number, quantities in EXPECTED_BACK.items():
        take_back(env, number, quantities)
    payouts(env)
    bills(env)
    customers(env)
    feedback(env)
    inventory(env)
    pickups(env)
    availability(env)
    promises.promise(env)
    env.cr.commit()
    env["oms.message"]._cron_send()
    env.cr.commit()


main(env)  # noqa: F821 - odoo shell provides env
