from odoo.exceptions import AccessError
from odoo.service.model import call_kw

from .common import OmsCommon


class TestAccess(OmsCommon):
    """Who may see and do what. The rights of the group, and nothing by the back door of RPC."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = cls._create_user("plain")
        cls.salesman = cls._create_user("salesman", "sales_team.group_sale_salesman")
        cls.clerk = cls._create_user("clerk", "oms_core.group_oms_user")
        cls.manager = cls._create_user("manager", "oms_core.group_oms_manager")
        cls.message = cls.env["oms.message"]._receive(cls.channel, "order", "event", b"{}", state="dead")

    def test_a_clerk_reads_messages_and_does_not_change_them(self):
        message = self.message.with_user(self.clerk)
        self.assertEqual(message.body_text, "{}")
        for forbidden in (
            lambda: message.write({"corrected_body": "{}"}),
            lambda: message.write({"state": "done"}),
            message.action_retry,
            message.action_dismiss,
            message.unlink,
            lambda: message.create({"channel_id": self.channel.id, "kind": "order", "event_key": "x"}),
        ):
            with self.assertRaises(AccessError):
                forbidden()

    def test_a_manager_corrects_and_retries_messages(self):
        message = self.message.with_user(self.manager)
        message.corrected_body = '{"id": 1}'
        message.action_retry()
        self.assertEqual(message.state, "pending")
        with self.assertRaises(AccessError):
            message.create({"channel_id": self.channel.id, "kind": "order", "event_key": "x"})

    def test_a_salesman_does_not_see_messages(self):
        with self.assertRaises(AccessError):
            self.message.with_user(self.salesman).read(["body"])

    def test_only_a_manager_sees_the_token_and_sets_up_channels(self):
        for user in (self.salesman, self.clerk):
            channel = self.channel.with_user(user)
            with self.subTest(user=user.login):
                self.assertEqual(channel.name, "Channel TEST")
                self.assertNotIn("token", channel.read()[0])
                with self.assertRaises(AccessError):
                    channel.read(["token"])
                with self.assertRaises(AccessError):
                    channel.search([("token", "like", "a%")])
                with self.assertRaises(AccessError):
                    channel.name = "Mine"
        manager = self.channel.with_user(self.manager)
        self.assertTrue(manager.token)
        manager.name = "Ours"

    def test_a_copied_channel_has_a_token_of_its_own(self):
        copy = self.channel.with_user(self.manager).copy({"code": "COPY"})
        self.assertNotEqual(copy.token, self.channel.token)

    def test_a_salesman_sees_holds_and_cannot_release_them(self):
        order = self._order(status="awaiting_payment", payments=())
        order.user_id = self.salesman
        as_salesman = order.with_user(self.salesman)
        self.assertTrue(as_salesman.oms_on_hold)
        self.assertTrue(as_salesman.oms_hold_reason)
        for forbidden in (
            as_salesman.oms_hold_ids.action_release,
            as_salesman.action_oms_release,
            as_salesman.action_oms_check_again,
            lambda: as_salesman.oms_hold_ids.write({"released_at": "2026-01-01"}),
            lambda: as_salesman.write({"oms_hold_ids": [(5, 0, 0)]}),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                forbidden()
        self.assertTrue(order.oms_on_hold)

    def test_a_salesman_may_stop_an_order_of_his_own(self):
        """Stopping is safe, going on is not: whoever finds a reason may hold, and a clerk looks at it."""
        order = self._order()
        order.user_id = self.salesman
        order.with_user(self.salesman).action_oms_hold()
        self.assertEqual(self._holds(order), ["manual"])
        with self.assertRaises(AccessError):
            order.with_user(self.salesman).action_oms_release()

    def test_whoever_may_open_an_order_can_still_open_it(self):
        """Accountants read orders in plain Odoo; what the add-ons put on the form must not shut them out."""
        order = self._order(("STD", 1, "20.00", 20), status="on_hold")
        for number, group in enumerate(
            ("account.group_account_readonly", "account.group_account_invoice", "stock.group_stock_user")
        ):
            user = self._create_user(f"reader{number}", group)
            form = self.env["sale.order"].with_user(user).get_view(self.env.ref("sale.view_order_form").id, "form")
            fields = [name for name in form["models"]["sale.order"] if name.startswith("oms_")]
            self.assertIn("oms_hold_ids", fields)
            with self.subTest(group=group):
                [values] = order.with_user(user).read(fields)
                self.assertTrue(values["oms_hold_reason"])

    def test_a_salesman_may_cancel_an_order_that_is_on_hold(self):
        order = self._order(status="on_hold")
        order.user_id = self.salesman
        order.with_user(self.salesman).action_cancel()
        self.assertEqual((order.state, order.oms_on_hold), ("cancel", False))

    def test_a_clerk_releases_holds(self):
        order = self._order(status="awaiting_payment", payments=())
        order.with_user(self.clerk).action_oms_release()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.oms_hold_ids.released_by_id, self.clerk)

    def test_another_companys_affairs_are_invisible(self):
        order = self._order(status="awaiting_payment", payments=(), customer_ref="77")
        records = (
            self.channel,
            self.message,
            order,
            order.oms_hold_ids,
            self.env["oms.customer.ref"].search([("channel_id", "=", self.channel.id)]),
        )
        other = self.env["res.company"].create({"name": "Another"})
        stranger = self._create_user(
            "stranger", "oms_core.group_oms_manager", company_id=other.id, company_ids=[(6, 0, other.ids)]
        )
        for record in records:
            with self.subTest(model=record._name):
                self.assertTrue(record)
                theirs = record.with_user(stranger).with_context(allowed_company_ids=other.ids)
                self.assertFalse(theirs.search([("id", "in", record.ids)]))
                with self.assertRaises(AccessError):
                    theirs.invalidate_recordset()
                    theirs.read(["display_name"])

    def test_a_worker_sees_its_own_company_only(self):
        """An integration user who works for two companies does not mix their customers."""
        other = self.env["res.company"].create({"name": "Another"})
        self.channel_user.company_ids |= other
        worker = self.channel._as_worker()
        self.assertEqual(worker.env.user, self.channel_user)
        self.assertEqual(worker.env.companies, self.company)
        self.assertFalse(worker.env.su)

    def test_a_plain_user_can_do_nothing_by_remote_call(self):
        order = self._order(status="awaiting_payment", payments=())
        for record in (self.channel, self.message, order.oms_hold_ids, order):
            for name in self._actions(record):
                with self.subTest(model=record._name, action=name), self.assertRaises(AccessError):
                    call_kw(self.env[record._name].with_user(self.plain), name, [record.ids], {})
        self.assertEqual((self.message.state, order.state, order.oms_on_hold), ("dead", "draft", True))

    @staticmethod
    def _actions(record):
        """The hub's own buttons that do something (opening a list shows nothing that the list would not)."""
        found = {
            name
            for cls in type(record).mro()
            for name in vars(cls)
            if name.startswith("action_")
            and "view_" not in name
            and cls.__module__.startswith("odoo.addons.oms_core.")
            and name != "action_confirm"
        }
        return sorted(found)

    def test_there_are_buttons_to_test(self):
        self.assertIn("action_retry", self._actions(self.message))
        self.assertIn("action_oms_release", self._actions(self.env["sale.order"]))

    def test_what_is_internal_cannot_be_called_remotely(self):
        for model, name in (
            ("oms.message", "_receive"),
            ("oms.message", "_process"),
            ("sale.order", "_oms_apply_orders"),
        ):
            with self.subTest(name=name), self.assertRaises(AccessError):
                call_kw(self.env[model].with_user(self.manager), name, [[]], {})
