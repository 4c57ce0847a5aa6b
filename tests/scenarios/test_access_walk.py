"""SEC-01, ANA-10: who may do what, walked through every model and every public method of all add-ons.

A new model without a row in the table fails, and says which row to add; so does a new method that anybody can call.
"""

import inspect
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import tagged

from odoo.addons.oms_core.tests.common import OmsCommon

#: {column: the groups of a user}
ROLES = {
    "public": "base.group_public",
    "portal": "base.group_portal",
    "plain": "base.group_user",
    "sales": "sales_team.group_sale_salesman",
    "stock": "stock.group_stock_user",
    "store": "oms_core.group_oms_store",
    "wareh": "oms_core.group_oms_warehouse",
    "accou": "oms_core.group_oms_accountant",
    "servi": "oms_core.group_oms_user",
    "chann": "oms_core.group_oms_channel",
    "manag": "oms_core.group_oms_manager",
}

OPERATIONS = {"r": "read", "w": "write", "c": "create", "d": "unlink"}

#: r(ead) w(rite) c(reate) d(elete) of each role for each model of ours, and ``-`` for nothing.
MATRIX = """
model                        public portal plain  sales  stock  store  wareh  accou  servi  chann  manag
oms.cancellation             -      -      -      r      r      r      r      r      r      r      r
oms.cancellation.line        -      -      -      r      r      r      r      r      r      r      r
oms.cancellation.ask         -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.cancellation.ask.line    -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.hold.event               -      -      -      r      r      r      r      r      r      r      r
oms.hold.release             -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.order.change             -      -      -      r      r      r      r      r      rwc    rwc    rwc
oms.order.change.line        -      -      -      r      r      r      r      r      rwcd   rwcd   rwcd
oms.workflow.rule            -      -      -      -      -      -      -      -      r      r      rwcd
oms.workflow.condition       -      -      -      -      -      -      -      -      r      r      rwcd
oms.workflow.action          -      -      -      -      -      -      -      -      r      r      rwcd
oms.workflow.log             -      -      -      r      r      r      r      r      r      r      r
oms.workflow.trial           -      -      -      -      -      -      -      -      -      -      rwcd
oms.channel                  -      -      -      r      r      r      r      r      r      rwcd   rwcd
oms.api.request              -      -      -      -      -      -      -      -      -      r      r
oms.channel.audit            -      -      -      -      -      -      -      r      -      r      r
oms.channel.listing          -      -      -      -      -      -      -      r      r      rwcd   rwcd
oms.channel.mapping          -      -      -      -      -      -      -      r      r      rwcd   rwcd
oms.channel.connect          -      -      -      -      -      -      -      -      -      rwcd   rwcd
oms.channel.connect.platform -      -      -      -      -      -      -      -      -      rwcd   rwcd
oms.channel.history          -      -      -      -      -      -      -      -      -      rwcd   rwcd
oms.channel.lag              -      -      -      -      -      -      -      r      r      r      r
oms.channel.mark             -      -      -      -      -      -      -      -      -      -      -
oms.channel.content          -      -      -      -      -      -      -      r      r      r      r
oms.channel.price            -      -      -      -      -      -      -      r      r      r      r
oms.channel.push             -      -      -      -      -      -      -      -      -      -      -
oms.channel.stock            -      -      -      -      -      -      -      r      r      r      r
oms.channel.refund           -      -      -      r      r      r      r      r      r      r      r
oms.channel.refund.line      -      -      -      r      r      r      r      r      r      r      r
oms.file.import              -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.file.import.column       -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.file.import.line         -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.third.party.exchange     -      -      -      -      -      -      -      -      -      rwcd   rwcd
oms.settlement                 -      -      -      -      -      -      -      r      -      -      r
oms.settlement.line            -      -      -      -      -      -      -      r      -      -      r
oms.settlement.rest            -      -      -      -      -      -      -      r      -      -      r
oms.settlement.close           -      -      -      -      -      -      -      -      -      -      -
oms.payout.code                -      -      -      -      -      -      -      r      -      -      rwcd
oms.cash.report                -      -      -      -      -      -      -      r      -      -      r
oms.biller                     -      -      -      -      -      -      -      r      -      -      r
oms.bill.line                  -      -      -      -      -      -      -      r      -      -      r
oms.bill.import                -      -      -      -      -      -      -      -      -      -      -
oms.bill.import.column         -      -      -      -      -      -      -      -      -      -      -
oms.payout.format              -      -      -      -      -      -      -      r      -      -      r
oms.payout.import              -      -      -      -      -      -      -      -      -      -      -
oms.payout.import.column       -      -      -      -      -      -      -      -      -      -      -
oms.payout.import.payout       -      -      -      -      -      -      -      -      -      -      -
oms.customer.ref             -      -      -      r      -      -      -      r      rwc    rwc    rwcd
oms.exception                -      -      -      -      -      -      -      r      r      r      r
oms.hold                     -      -      -      r      r      r      r      r      rwc    rwc    rwc
oms.message                  -      -      -      -      -      -      -      r      r      rwd    rwd
oms.notification             -      -      -      r      -      -      -      r      r      rw     rw
oms.notification.rule        -      -      -      r      -      -      -      -      r      rwcd   rwcd
oms.notification.preview     -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.feedback                 -      -      -      r      r      r      r      r      r      r      rd
oms.feedback.line            -      -      -      r      r      r      r      r      r      r      rd
oms.hand.over                -      -      -      -      rwcd   rwcd   rwcd   -      -      -      -
oms.hand.over.line           -      -      -      -      rwcd   rwcd   rwcd   -      -      -      -
oms.reject                   -      -      -      -      rwcd   rwcd   rwcd   -      -      -      -
oms.reject.line              -      -      -      -      rwcd   rwcd   rwcd   -      -      -      -
oms.reject.reason            -      -      -      -      r      r      r      -      r      r      rwcd
oms.rejection                -      -      -      -      r      r      r      -      r      r      r
oms.lookup.attempt           -      -      -      -      -      -      -      -      -      -      -
oms.order.report             -      -      -      -      -      -      -      r      r      r      r
oms.cut.off                  -      -      -      -      -      -      -      r      -      -      -
oms.cut.off.ask              -      -      -      -      -      -      -      rwcd   -      -      -
oms.margin.report            -      -      -      -      -      -      -      r      -      -      -
oms.tax.report               -      -      -      -      -      -      -      r      -      -      -
oms.promise                  -      -      -      r      r      r      r      r      r      rwcd   rwcd
oms.shipping.rule            -      -      -      r      -      -      -      -      r      rwcd   rwcd
oms.reservation              -      -      -      r      r      r      r      r      r      r      r
oms.return                   -      -      -      r      r      r      r      r      rwcd   rwcd   rwcd
oms.return.line              -      -      -      r      r      r      r      r      rwcd   rwcd   rwcd
oms.return.settlement        -      -      -      r      r      r      r      r      r      r      r
oms.return.give              -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.return.policy            -      -      -      r      r      r      r      r      r      r      rwcd
oms.return.override          -      -      -      -      -      -      -      -      -      -      rwcd
oms.return.try               -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.return.signal            -      -      -      -      -      -      rw     r      rw     rw     rw
oms.return.rate              -      -      -      -      -      -      r      r      r      r      r
oms.return.report            -      -      -      -      -      -      -      r      r      r      r
oms.return.reason            -      -      r      r      r      r      r      r      r      r      rwcd
oms.store.credit.entry       -      -      -      r      -      -      -      r      r      r      r
oms.store.credit.spend       -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.store.credit.give        -      -      -      -      -      -      -      -      -      -      rwcd
oms.return.grade             -      -      r      r      r      r      r      r      r      r      rwcd
oms.disposition              -      -      r      r      r      r      r      r      r      r      rwcd
oms.disposition.rate         -      -      r      r      r      r      r      r      r      r      rwcd
oms.return.checklist         -      -      r      r      r      r      r      r      r      r      rwcd
oms.return.inspection        -      -      -      r      rwcd   rwcd   rwcd   r      rwcd   rwcd   rwcd
oms.return.answer            -      -      -      r      rwcd   rwcd   rwcd   r      rwcd   rwcd   rwcd
oms.return.desk              -      -      -      -      rwcd   rwcd   rwcd   -      rwcd   rwcd   rwcd
oms.return.desk.line         -      -      -      -      rwcd   rwcd   rwcd   -      rwcd   rwcd   rwcd
oms.return.desk.choice       -      -      -      -      rwcd   rwcd   rwcd   -      rwcd   rwcd   rwcd
oms.capacity.use             -      -      -      -      r      r      r      -      r      r      r
oms.capacity.turn            -      -      -      -      -      -      -      -      -      -      r
oms.sourcing.backtest        -      -      -      -      -      -      -      -      -      -      rwcd
oms.sourcing.backtest.line   -      -      -      -      -      -      -      -      -      -      r
oms.sourcing.backtest.measure -     -      -      -      -      -      -      -      -      -      r
oms.sourcing.candidate       -      -      -      r      r      r      r      r      r      r      r
oms.sourcing.decision        -      -      -      r      r      r      r      r      r      r      r
oms.sourcing.decision.line   -      -      -      r      r      r      r      r      r      r      r
oms.sourcing.policy          -      -      -      r      r      r      r      r      r      r      rwcd
oms.sourcing.regret          -      -      -      -      -      -      -      r      -      -      r
oms.sourcing.regret.line     -      -      -      -      -      -      -      r      -      -      r
oms.sourcing.rule            -      -      -      -      -      -      r      -      r      r      rwcd
oms.sourcing.run             -      -      -      -      -      -      -      -      r      r      rwcd
oms.sourcing.run.line        -      -      -      -      -      -      -      -      r      r      r
oms.sourcing.template        -      -      -      -      -      -      -      -      -      -      rwcd
oms.sourcing.migration       -      -      -      -      -      -      -      -      -      -      rwcd
oms.sourcing.migration.statement -  -      -      -      -      -      -      -      -      -      rwcd
oms.sourcing.migration.reference -  -      -      -      -      -      -      -      -      -      rwcd
oms.sourcing.migration.answer -     -      -      -      -      -      -      -      -      -      rwcd
oms.clearance                -      -      -      -      -      -      -      -      -      -      rwcd
oms.clearance.line           -      -      -      -      -      -      -      -      -      -      rwcd
oms.sourcing.try             -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.sourcing.try.stock       -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.sourcing.try.site        -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.node.group               -      -      -      -      r      r      r      -      r      r      rwcd
oms.subscription             -      -      -      r      -      -      -      r      rwc    rwc    rwcd
oms.subscription.line        -      -      -      r      -      -      -      r      rwcd   rwcd   rwcd
oms.subscription.period      -      -      -      r      -      -      -      r      r      r      r
oms.subscription.cancel      -      -      -      -      -      -      -      -      rwcd   rwcd   rwcd
oms.customer.match           -      -      -      -      -      -      -      -      rw     rw     rw
oms.stage.report             -      -      -      -      -      -      -      r      r      r      r
oms.customer.score           -      -      -      r      -      -      -      r      r      r      r
oms.availability.channel     -      -      -      -      -      -      r      r      r      r      r
oms.availability.place       -      -      -      -      -      -      r      r      r      r      r
oms.projection               -      -      -      -      -      -      rwcd   -      rwcd   rwcd   rwcd
oms.sold.out                 -      -      -      -      -      -      r      r      r      r      r
oms.backorder.policy         -      -      -      -      -      -      -      r      r      r      rwcd
oms.stock.buffer             -      -      -      -      -      -      r      r      r      r      rwcd
oms.stock.feed               -      -      -      -      -      -      r      r      r      r      rwcd
oms.shipment.label           -      -      -      r      r      r      r      r      r      r      r
oms.tracking.event           -      -      -      r      r      r      r      r      r      r      r
oms.carbon.version           -      -      -      -      -      -      -      r      r      r      rwcd
oms.carbon.factor            -      -      -      -      -      -      -      r      r      r      rwcd
oms.carbon.report            -      -      -      -      -      -      -      r      r      r      r
oms.promise.report           -      -      -      -      -      -      -      r      r      r      r
oms.rate.quote               -      -      -      r      r      r      r      r      r      r      r
oms.transit.lane             -      -      -      -      r      r      r      r      r      r      r
oms.rate.card                -      -      -      -      r      r      r      r      r      r      rwcd
oms.rate.zone                -      -      -      -      r      r      r      r      r      r      rwcd
oms.rate.step                -      -      -      -      r      r      r      r      r      r      rwcd
oms.device                   -      -      -      -      -      -      r      -      r      r      rwcd
oms.device.event             -      -      -      -      -      -      r      -      r      r      r
oms.stock.claim              -      -      -      -      -      -      -      -      -      -      r
oms.stock.event              -      -      -      -      -      -      r      r      r      r      r
oms.stock.history            -      -      -      -      -      -      rwcd   rwcd   rwcd   rwcd   rwcd
oms.rate.compare             -      -      -      rwcd   rwcd   rwcd   rwcd   -      rwcd   rwcd   rwcd
oms.rate.compare.line        -      -      -      rwcd   rwcd   rwcd   rwcd   -      rwcd   rwcd   rwcd
oms.demand.forecast          -      -      -      -      -      -      r      r      r      r      r
oms.demand.report            -      -      -      -      -      -      r      r      r      r      r
oms.restock                  -      -      -      -      -      -      r      r      r      r      r
oms.buffer.proposal          -      -      -      -      -      -      r      r      r      r      r
oms.reject.rate              -      -      -      -      -      -      r      r      r      r      r
oms.check.result             -      -      -      -      -      -      -      r      -      -      -
oms.check.run                -      -      -      -      -      -      -      r      -      -      -
oms.books.export             -      -      -      -      -      -      -      rwcd   -      -      -
oms.wave.plan                -      -      -      -      rwcd   rwcd   rwcd   -      -      -      -
oms.wave.plan.line           -      -      -      -      rwcd   rwcd   rwcd   -      -      -      -
oms.vendor.rejection         -      -      -      -      -      -      -      -      r      r      r
oms.vendor.reject            -      -      -      -      -      -      -      -      -      -      -
oms.vendor.reject.line       -      -      -      -      -      -      -      -      -      -      -
"""

#: Methods that anybody may call, and why that does no harm.
HARMLESS = {}


@tagged("post_install", "-at_install")
class TestAccessWalk(OmsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        header, *rows = (line.split() for line in MATRIX.strip().splitlines())
        cls.matrix = {row[0]: dict(zip(header[1:], row[1:], strict=True)) for row in rows}
        cls.users = {role: cls._create_user(f"walk_{role}", groups) for role, groups in ROLES.items()}

    def _ours(self):
        """The models with a table that are ours."""
        return sorted(
            name
            for name, model in self.env.items()
            if not model._abstract and (model._original_module or "").startswith("oms_")
        )

    def _rights(self, model, role):
        allowed = self.env[model].with_user(self.users[role])
        return "".join(letter for letter, name in OPERATIONS.items() if allowed.has_access(name)) or "-"

    def test_every_model_gives_each_role_what_the_table_says_and_nothing_else(self):
        for model in self._ours():
            rights = {role: self._rights(model, role) for role in ROLES}
            row = f"{model:<28} " + " ".join(f"{value:<6}" for value in rights.values())
            with self.subTest(model=model):
                if model not in self.matrix:
                    self.fail(
                        f"{model} is new: decide who may do what with it and add a row to MATRIX. It has now:\n{row}"
                    )
                self.assertEqual(rights, self.matrix[model], f"It has now:\n{row}")

    def test_the_public_and_portal_users_get_nothing(self):
        """Pages for customers read for them, after they have looked at whom they talk to."""
        for model in self._ours():
            for role in ("public", "portal"):
                with self.subTest(model=model, role=role):
                    self.assertEqual(self._rights(model, role), "-")

    def test_every_model_with_a_company_keeps_companies_apart(self):
        """Either a rule of its own, or it is a wizard, which only its user sees."""
        rules = self.env["ir.rule"].search([("groups", "=", False), ("domain_force", "like", "company")])
        guarded = set(rules.model_id.mapped("model"))
        for model in self._ours():
            if "company_id" in self.env[model]._fields and not self.env[model]._transient:
                with self.subTest(model=model):
                    self.assertIn(model, guarded, "It has a company, and no rule that keeps companies apart.")

    # ------------------------------------------------------------------------------------------------------ METHODS

    def _public_methods(self):
        """(model, name) of each method of ours that can be called from outside and that is no method of Odoo."""
        for name, model in sorted(self.env.items()):
            if model._abstract and not name.startswith("oms."):
                continue
            own, native = set(), set()
            for cls in type(model).mro():
                module = getattr(cls, "__module__", "")
                methods = {key for key, value in vars(cls).items() if callable(value) and not key.startswith("_")}
                if ".addons.oms_" in module:
                    own |= methods
                elif module.startswith("odoo."):
                    native |= methods
            for method in sorted(own - native):
                try:
                    get_public_method(model, method)
                except AccessError:
                    continue  # marked as private
                yield name, method

    def _call(self, user, model, method):
        """Call a method as a browser can, with something for each argument that it must have."""
        function = getattr(type(self.env[model]), method)
        required = [
            parameter
            for parameter in list(inspect.signature(function).parameters.values())[1:]
            if parameter.default is parameter.empty and parameter.kind == parameter.POSITIONAL_OR_KEYWORD
        ]
        record = self.env[model].sudo().search([], limit=1)
        ids = [] if getattr(function, "_api_model", False) else [record.ids or [1]]
        return call_kw(self.env[model].with_user(user), method, [*ids, *(1 for _parameter in required)], {})

    def test_who_has_no_right_cannot_call_anything(self):
        """Each button and command looks at who calls it. Opening a list shows nothing that the list would not."""
        self._order(status="on_hold")
        booked = self._order()
        self._ship(booked)
        self._book(booked)  # so that there are entries, which belong to accountants
        for model, method in self._public_methods():
            if (model, method) in HARMLESS:
                continue
            for role in ("public", "portal", "plain"):
                with self.subTest(model=model, method=method, role=role), self.env.cr.savepoint():
                    try:
                        result = self._call(self.users[role], model, method)
                    except AccessError:
                        continue
                    self.assertIsInstance(result, dict, "It did something for somebody without rights.")
                    self.assertEqual(result.get("type"), "ir.actions.act_window")

    def test_a_method_that_looks_at_nobody_is_found(self):
        """The walk itself: a command without a check is seen, and fails."""

        def command(self):
            return True

        command.__module__ = "odoo.addons.oms_core.models.oms_hold"
        cls = next(cls for cls in type(self.env["oms.hold"]).mro() if ".addons.oms_" in cls.__module__)
        with patch.object(cls, "action_unguarded", command, create=True):
            self.assertIn(("oms.hold", "action_unguarded"), list(self._public_methods()))
            self.assertIs(self._call(self.users["plain"], "oms.hold", "action_unguarded"), True)

    def test_what_is_said_to_be_harmless_exists(self):
        existing = set(self._public_methods())
        self.assertEqual(set(HARMLESS) - existing, set())


class TestBooksByHand(OmsCommon):
    """SEC-01, ACC-01: what is booked says what for, and nobody who may write entries writes that over whatever way."""

    def setUp(self):
        super().setUp()
        order = self._order()
        self._ship(order)
        self.invoice = self._book(order)
        payment = order.transaction_ids.payment_id
        self.booked = {
            "account.move": self.invoice,
            "account.move.line": self.invoice.invoice_line_ids[:1],
            "account.payment": payment,
        }
        self.user_of = {
            role: self._create_user(f"by_hand_{number}", groups)
            for number, (role, groups) in enumerate(
                {
                    "accountant": "account.group_account_manager,oms_core.group_oms_accountant",
                    "clerk": "oms_core.group_oms_manager,account.group_account_invoice",
                    "channel manager": "oms_core.group_oms_channel",
                }.items()
            )
        }

    def _write(self, role, record, values):
        return call_kw(self.env[record._name].with_user(self.user_of[role]), "write", [record.ids, values], {})

    def test_no_field_that_says_what_is_booked_is_written_by_anybody(self):
        told = 0
        for model, record in self.booked.items():
            names = [name for name, field in record._fields.items() if name.startswith("oms_") and field.store]
            self.assertTrue(record and names, model)
            for name in names:
                for role in self.user_of:
                    with self.subTest(model=model, field=name, role=role), self.env.cr.savepoint():
                        with self.assertRaises(AccessError):
                            self._write(role, record, {name: False})
                        told += 1
        self.assertGreater(told, 30)

    def test_nor_by_way_of_its_entry(self):
        """Odoo itself lets no item of a posted entry be written by way of it, unless the caller asks for it."""
        item = self.booked["account.move.line"]
        accountant = self.invoice.with_user(self.user_of["accountant"])
        values = {"line_ids": [(1, item.id, {"oms_cause": "fee"})]}
        with self.assertRaisesRegex(AccessError, "is in the books"):
            call_kw(accountant, "write", [self.invoice.ids, values], {"context": {"skip_readonly_check": True}})

    def test_no_draft_is_given_the_name_of_an_event_nor_loses_its_own(self):
        """With another event's name a draft would keep that event out of the books; without its own it would be booked twice."""
        draft = self.env["account.move"].create(
            {"move_type": "in_invoice", "partner_id": self.invoice.partner_id.id, "oms_key": "bill:1:A-7"}
        )
        payment = self.env["account.payment"].create(
            {"amount": 1.0, "partner_id": self.invoice.partner_id.id, "oms_key": "payment:tx-7"}
        )
        for role, user in self.user_of.items():
            for record in (draft, payment):
                for value in ("invoice:5:1", False):
                    with self.subTest(role=role, model=record._name, value=value), self.env.cr.savepoint():
                        with self.assertRaises(AccessError):
                            self._write(role, record, {"oms_key": value})
                values = {**record.copy_data()[0], "oms_key": "invoice:5:1"}
                with self.subTest(role=role, model=record._name, made=True), self.env.cr.savepoint():
                    with self.assertRaises(AccessError):
                        call_kw(self.env[record._name].with_user(user), "create", [values], {})
        with self.assertRaisesRegex(AccessError, "given by the system"):
            self._write("accountant", draft, {"oms_key": "invoice:5:1"})
        self._write("accountant", draft, {"ref": "A-7"})
        self.assertEqual((draft.oms_key, draft.ref, payment.oms_key), ("bill:1:A-7", "A-7", "payment:tx-7"))

    def test_what_is_native_stays_for_those_who_may(self):
        self._write("accountant", self.invoice, {"narration": "Paid by card"})
        self.assertIn("Paid by card", self.invoice.narration)
