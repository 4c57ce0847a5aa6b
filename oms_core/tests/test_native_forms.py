from lxml import etree

from odoo.fields import Command

from odoo.addons.oms_core.tests.common import OmsCommon


class TestNativeForms(OmsCommon):
    """Who works here can open the order, the transfer and the channel, and sees no error about rights of another trade."""

    def test_each_role_can_open_what_its_lists_lead_to(self):
        order = self._order(("STD", 1))
        for group in ("store", "warehouse", "accountant", "user", "channel"):
            groups = self.env.ref("base.group_user") | self.env.ref(f"oms_core.group_oms_{group}")
            user = self.env["res.users"].create(
                {
                    "name": group,
                    "login": f"reader-{group}",
                    "group_ids": [Command.set(groups.ids)],
                }
            )
            self.warehouse.oms_user_ids |= user
            self.assertTrue(order.picking_ids)
            for record in (order, order.picking_ids[:1], order.oms_channel_id):
                with self.subTest(group=group, model=record._name):
                    own = record.with_user(user)
                    self.env.invalidate_all()
                    form = etree.fromstring(own.get_view(view_type="form")["arch"])
                    self.assertTrue(own.read(form.xpath("//field[not(ancestor::field)]/@name")))
