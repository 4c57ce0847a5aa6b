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

    def test_a_place_is_set_up_also_where_odoo_shows_neither_steps_nor_several_places(self):
        odoos = self.env.ref("stock.group_adv_location") | self.env.ref("stock.group_stock_multi_warehouses")
        everybody = self.env.ref("base.group_user")
        everybody.implied_ids -= odoos
        groups = everybody | self.env.ref("stock.group_stock_manager") | self.env.ref("oms_core.group_oms_warehouse")
        user = self.env["res.users"].create(
            {"name": "One place", "login": "one-place", "group_ids": [Command.set(groups.ids)]}
        )
        form = etree.fromstring(self.warehouse.with_user(user).get_view(view_type="form")["arch"])
        pages = form.xpath("//page/@name")
        self.assertIn("oms_fulfilment", pages)
        self.assertNotIn("warehouse_config", pages)

    def test_who_does_not_sell_is_offered_no_buttons_of_a_seller(self):
        """Odoo lets stock users and accountants write orders, and shows them Confirm, Send and Cancel therefore."""
        order = self._order(("STD", 1))
        hold = order._oms_hold("manual", "Wait")
        selling = {
            "action_confirm",
            "action_quotation_send",
            "action_cancel",
            "action_oms_release",
            "action_ask_release",
        }
        for group, sells in (("store", False), ("warehouse", False), ("accountant", False), ("user", True)):
            groups = self.env.ref("base.group_user") | self.env.ref(f"oms_core.group_oms_{group}")
            user = self.env["res.users"].create(
                {"name": group, "login": f"button-{group}", "group_ids": [Command.set(groups.ids)]}
            )
            for record in (order, hold):
                with self.subTest(group=group, model=record._name):
                    form = etree.fromstring(record.with_user(user).get_view(view_type="form")["arch"])
                    self.assertEqual(bool(selling & set(form.xpath("//header//button/@name"))), sells)

    def test_every_button_of_ours_can_be_pressed(self):
        """A browser gives the rows to a button's method; one that is made for the model as a whole takes none."""
        ours = self.env["ir.model.data"].search([("model", "=", "ir.ui.view"), ("module", "=like", r"oms\_%")])
        views = self.env["ir.ui.view"].browse(ours.mapped("res_id")).filtered(lambda view: view.model in self.env)
        wrong = []
        for view in views:
            root = self.env[view.model]
            for button in etree.fromstring(view.arch).iterfind(".//button[@type='object']"):
                model = root
                for node in reversed([node for node in button.iterancestors("field") if node.get("name")]):
                    field = model._fields.get(node.get("name"))
                    model = self.env[field.comodel_name] if field is not None and field.comodel_name else model
                method = getattr(type(model), button.get("name"), None)
                if method is None or getattr(method, "_api_model", False):
                    wrong.append((view.xml_id, model._name, button.get("name")))
        self.assertTrue(views)
        self.assertFalse(wrong)
