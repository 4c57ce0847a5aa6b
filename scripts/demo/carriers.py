"""Delivery methods of Maison Verte with rate cards, labels for what leaves, and what the carriers tell about it afterwards."""

from datetime import timedelta

from odoo import fields
from odoo.fields import Command

from odoo.addons.oms_core.carriers.base import TrackingEvent, TrackingUpdate

#: name, longest side in cm, fuel %, remote surcharge, [(zone, countries, postal codes, remote, days, [(up to kg, price)])]
METHODS = (
    (
        "Colis Vert",
        100,
        6.0,
        7.5,
        [
            ("France", "FR", "", False, 2, [(1, 5.2), (5, 7.9), (30, 14.5)]),
            ("Corsica", "FR", "20", True, 4, [(1, 5.2), (5, 7.9), (30, 14.5)]),
            ("Neighbours", "DE BE LU", "", False, 4, [(1, 9.9), (5, 13.5), (30, 24.0)]),
            ("Elsewhere", "", "", False, 9, [(1, 12.0), (5, 19.0), (30, 39.0)]),
        ],
    ),
    (
        "Colis Vert Express",
        100,
        6.0,
        15.0,
        [
            ("France", "FR", "", False, 1, [(1, 11.5), (5, 16.0), (30, 29.0)]),
            ("Neighbours", "DE BE LU", "", False, 2, [(1, 19.0), (5, 26.0), (30, 48.0)]),
        ],
    ),
    ("Van in Lyon", 250, 0.0, 0.0, [("Lyon", "FR", "69", False, 1, [(60, 3.5)])]),
)
WEIGHTS_KG = {
    "CHAIR-OAK": 7.5,
    "LAMP-BRASS": 2.4,
    "POT-TERRA-L": 4.1,
    "HOSE-25M": 3.2,
    "BOOK-GARDEN": 0.8,
    "MUG-BLUE": 0.4,
}


def prepare_carriers(env, deliveries):
    """Make the delivery methods, weigh the goods, and give each delivery the best method; those that none takes keep none."""
    company = env.company
    for product in env["product.product"].search([("default_code", "!=", False), ("type", "=", "consu")]):
        product.weight = product.weight or WEIGHTS_KG.get(product.default_code, 0.2)
    service = env["product.product"].create(
        {"name": "Delivery", "type": "service", "taxes_id": [Command.clear()], "company_id": company.id}
    )
    for sequence, (name, side, fuel, remote, zones) in enumerate(METHODS, 1):
        carrier = env["delivery.carrier"].create(
            {
                "name": name,
                "delivery_type": "oms_table",
                "product_id": service.id,
                "company_id": company.id,
                "sequence": sequence,
                "oms_max_side_cm": side,
                "return_label_on_delivery": name == "Colis Vert",
                "oms_return_pay_on_use": True,
            }
        )
        env["oms.rate.card"].create(
            {
                "name": name,
                "carrier_id": carrier.id,
                "currency_id": company.currency_id.id,
                "fuel_percent": fuel,
                "remote_surcharge": remote,
                "zone_ids": [
                    Command.create(
                        {
                            "name": zone,
                            "country_ids": [
                                Command.set(env["res.country"].search([("code", "in", countries.split())]).ids)
                            ],
                            "zip_from": codes,
                            "zip_to": codes,
                            "remote": is_remote,
                            "transit_days": days,
                            "step_ids": [Command.create({"up_to_kg": up_to, "price": price}) for up_to, price in steps],
                        }
                    )
                    for zone, countries, codes, is_remote, days, steps in zones
                ],
            }
        )
    # Labels are written by a connection of their own, which has to see the delivery methods.
    env.cr.commit()
    for picking in deliveries:
        if picking.partner_id.street and picking.partner_id.city:
            picking._oms_choose_carrier()
    env.cr.commit()


def parcels(env):
    """What the carriers told since: most are on their way, one is delivered, one could not be."""
    env.cr.commit()
    now = fields.Datetime.now()
    journey = (("collected", 1, "Collected", "Lyon"), ("in_transit", 9, "Sorted", "Hub Paris"))
    labels = env["oms.shipment.label"].search([("state", "=", "bought"), ("purpose", "=", "out")], order="id")
    for place, label in enumerate(labels):
        events = list(journey)
        if place % 4 == 1:
            events += [("out_for_delivery", 22, "With the driver", "")]
        elif place % 4 == 2:
            events += [("out_for_delivery", 22, "With the driver", ""), ("delivered", 25, "Delivered to the door", "")]
        elif place == 3:
            events += [("exception", 24, "Nobody at home, comes again tomorrow", "")]
        update = TrackingUpdate(
            label.tracking_number,
            tuple(
                TrackingEvent(now - timedelta(seconds=26 - hours), state, "", text, where)
                for state, hours, text, where in events
            ),
        )
        env["oms.tracking.event"]._receive(label.carrier_id, [update])
