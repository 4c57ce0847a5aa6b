"""Rules of the demonstration shop: what is special about an order is seen without anybody looking for it."""

from odoo.fields import Command


def rules(env):
    """A rule that marks and hurries large orders as they come in, and one that gives up what never comes."""
    company = env.ref("base.main_company")
    tag = env["crm.tag"].create({"name": "Large order"})
    env["oms.workflow.rule"].create(
        [
            {
                "name": "Orders from 150",
                "company_id": company.id,
                "condition_ids": [Command.create({"kind": "amount_min", "amount": 150})],
                "action_ids": [
                    Command.create({"kind": "tag", "tag_ids": [Command.set(tag.ids)]}),
                    Command.create({"kind": "priority", "priority": "high"}),
                ],
            },
            {
                "name": "Waits for stock for three weeks",
                "company_id": company.id,
                "event": "waiting",
                "delay": 21,
                "delay_unit": "days",
                "notice_days": 3,
                "action_ids": [Command.create({"kind": "cancel", "cancel_reason": "inventory"})],
            },
        ]
    )
