"""What the web shop promises, so that the lists of late orders and of exceptions have something to show."""

from odoo.fields import Command

#: delivery method: (working hours until goods leave, hours from then until the customer has them, cut-off)
PROMISES = {"ship": (8, 72, 14), "express": (2, 24, 16), "pickup": (4, 0, 0)}


def promise(env):
    """Set the promises of the web shop, and have them hold for the orders that are here already."""
    channel = env["oms.channel"].search([("platform", "=", "woocommerce")], limit=1)
    channel.promise_ids = [Command.clear()] + [
        Command.create(
            {
                "delivery_method": method,
                "ship_hours": ship_hours,
                "deliver_hours": deliver_hours,
                "cut_off": cut_off,
                "release_at_once": method == "express",
            }
        )
        for method, (ship_hours, deliver_hours, cut_off) in PROMISES.items()
    ]
    channel.shipping_rule_ids = [
        Command.clear(),
        Command.create({"text": "express", "delivery_method": "express"}),
        Command.create({"text": "pickup", "delivery_method": "pickup"}),
    ]
    env["sale.order"].search([("oms_channel_id", "=", channel.id)])._oms_set_promise()
    env["sale.order"]._cron_oms_watch_promises()
