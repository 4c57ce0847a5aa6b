"""Customers of Maison Verte beyond their orders: subscriptions, and what customers were told."""

from datetime import date, timedelta

from odoo.fields import Command


def customers(env):
    """Add what the screens of customers show; called after a day's work."""
    company = env.ref("base.main_company")
    subscriptions(env, company)
    duplicates(env)
    env["oms.notification"].sudo().search([("state", "=", "waiting")])._send()
    env["oms.customer.score"].sudo()._score_company(company)


def duplicates(env):
    """A customer who wrote in once more from another address, to decide about."""
    known = env["sale.order"].search([("oms_channel_id", "!=", False)], order="id", limit=1).partner_id
    again = env["res.partner"].create(
        {
            "name": known.name.upper(),
            "email": f"contact.{known.id}@example.org",
            "street": known.street,
            "zip": known.zip,
            "city": known.city,
            "country_id": known.country_id.id,
            "customer_rank": 1,
        }
    )
    env["oms.customer.match"].sudo()._find(again)


def desk(env, company):
    """The channel of what is ordered by phone or comes again by itself."""
    channel = env["oms.channel"].search([("company_id", "=", company.id), ("platform", "=", "manual")], limit=1)
    return channel or env["oms.channel"].create(
        {"name": "Maison Verte desk", "code": "DESK", "company_id": company.id, "user_id": env.uid}
    )


def subscriptions(env, company):
    channel = desk(env, company)
    buyers = env["sale.order"].search([("oms_channel_id", "!=", False)], order="id").partner_id
    wanted = (
        # sku, quantity, every, unit, started so many days ago, then
        ("TEA-GREEN-100", 2, 1, "month", 0, None),
        ("SEED-TOM", 5, 2, "week", 0, None),
        ("BOOK-GARDEN", 1, 3, "month", 20, "pause"),
    )
    for partner, (sku, quantity, every, unit, days, then) in zip(buyers, wanted, strict=False):
        product = env["product.product"].search([("default_code", "=", sku)])
        subscription = env["oms.subscription"].create(
            {
                "partner_id": partner.id,
                "company_id": company.id,
                "channel_id": channel.id,
                "every": every,
                "unit": unit,
                "start_date": date.today() - timedelta(days=days),
                "payment_note": "Direct debit",
                "line_ids": [Command.create({"product_id": product.id, "quantity": quantity})],
            }
        )
        subscription.action_start()
        subscription._run_each()
        if then == "pause":
            subscription.action_pause()
