"""A small merchant of its own, and verbs: what the tests of the hub, of its spokes and across them start from."""

import os
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from itertools import count

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user, tagged

from odoo.addons.oms_core.domain.documents import AddressDoc, OrderDoc, OrderLineDoc, PaymentDoc, TaxDoc
from odoo.addons.oms_core.domain.money import ZERO, round_to

CENT = Decimal("0.01")

# What stands for shops, carriers and warehouses in tests runs on this machine; else no private address is asked.
os.environ.setdefault("OMS_PRIVATE_NETWORKS", "127.0.0.0/8, ::1")

#: When everything happened that a test does not date otherwise.
MOMENT = datetime(2026, 3, 2, 10, 0, tzinfo=timezone.utc)


@tagged("post_install", "-at_install")
class OmsCommon(TransactionCase):
    """A company with books, goods and one channel; nothing of what else is in the database is used.

    What every test may rely on:

    * ``company``: in France and in euros, generic chart of accounts, perpetual valuation; sales taxes ``tax_20`` and
      ``tax_55``, and no other active sales tax.
    * ``product_standard``, ``product_average``, ``product_fifo`` (SKUs ``STD``, ``AVG``, ``FIFO``): cost 10, price 20,
      tax 20 %, a hundred of each in ``warehouse``, the only one.
    * ``channel``: worked by hand (platform ``manual``) in the name of ``channel_user``, an order clerk who may create contacts;
      invoices at shipment; payments go to ``clearing_account``.

    The builders take what matters to a test and fill in the rest: a customer of its own for each order, an address in
    Paris, the whole total paid.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._numbers = count(1)
        cls.country = cls.env.ref("base.fr")
        cls.company = cls._create_company("Test merchant")
        cls.env = cls.env(
            context={
                **cls.env.context,
                "allowed_company_ids": cls.company.ids,
                "tracking_disable": True,
                "mail_notrack": True,
                "no_reset_password": True,
            }
        )
        cls.company = cls.company.with_env(cls.env)
        cls.tax_20 = cls._create_tax(20)
        cls.tax_55 = cls._create_tax(5.5)
        cls.company.account_sale_tax_id = cls.tax_20
        cls.warehouse = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1)
        cls.warehouse.partner_id.write({"street": "1 rue du Port", "zip": "69003", "city": "Lyon"})
        cls.product_standard = cls._create_product("STD", "standard")
        cls.product_average = cls._create_product("AVG", "average")
        cls.product_fifo = cls._create_product("FIFO", "fifo")
        for product in cls.product_standard | cls.product_average | cls.product_fifo:
            cls._stock(product, cls.warehouse, 100)
        cls.clearing_account, cls.clearing_journal = cls._create_clearing("CLR")
        cls.channel_user = cls._create_user("channel_user", "oms_core.group_oms_user,base.group_partner_manager")
        cls.channel = cls._create_channel("TEST")

    # ---------------------------------------------------------------------------------------------- WHAT IS SET UP

    @classmethod
    def _create_company(cls, name, **values):
        """A company with books: generic chart, euros, perpetual valuation, no sales tax."""
        eur = cls.env.ref("base.EUR")
        eur.active = True
        company = cls.env["res.company"].create(
            {"name": name, "country_id": cls.country.id, "currency_id": eur.id, **values}
        )
        cls.env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        company.write(
            {
                "currency_id": eur.id,
                "account_fiscal_country_id": cls.country.id,
                "inventory_valuation": "real_time",
                "account_purchase_tax_id": False,
            }
        )
        if "has_received_warning_stock_sms" in company._fields:
            company.has_received_warning_stock_sms = True  # or the first delivery asks whether to send text messages
        cls.env["account.tax"].search([("company_id", "=", company.id)]).active = False
        cls.env["account.tax.group"].search([("company_id", "=", company.id)], limit=1).copy(
            {"name": "VAT", "country_id": cls.country.id}
        )
        return company

    @classmethod
    def _create_tax(cls, percent, **values):
        """A sales tax of the company's fiscal country."""
        of_chart = cls.env["account.tax"].with_context(active_test=False)
        account = of_chart.search([("company_id", "=", cls.company.id)]).invoice_repartition_line_ids.account_id[:1]
        group = cls.env["account.tax.group"].search(
            [("company_id", "=", cls.company.id), ("country_id", "=", cls.country.id)], limit=1
        )
        repartition = [
            Command.create({"repartition_type": "base"}),
            Command.create({"repartition_type": "tax", "account_id": account.id}),
        ]
        return cls.env["account.tax"].create(
            {
                "name": f"VAT {percent} % ({next(cls._numbers)})",
                "amount": percent,
                "amount_type": "percent",
                "type_tax_use": "sale",
                "company_id": cls.company.id,
                "country_id": cls.country.id,
                "tax_group_id": group.id,
                "invoice_repartition_line_ids": repartition,
                "refund_repartition_line_ids": repartition,
                **values,
            }
        )

    @classmethod
    def _create_product(cls, sku, cost_method="standard", **values):
        """Storable goods that cost 10 and sell at 20 plus 20 % tax."""
        category = cls.env["product.category"].create(
            {"name": sku, "property_cost_method": cost_method, "property_valuation": "real_time"}
        )
        return cls.env["product.product"].create(
            {
                "name": f"Product {sku}",
                "default_code": sku,
                "is_storable": True,
                "list_price": 20.0,
                "standard_price": 10.0,
                "categ_id": category.id,
                "company_id": cls.company.id,
                "taxes_id": [Command.set(cls.tax_20.ids)],
                "supplier_taxes_id": [Command.clear()],
                "invoice_policy": "delivery",
                **values,
            }
        )

    @classmethod
    def _create_kit(cls, product, *parts, **values):
        """The product is sold as a kit of ``(part, quantity)``, or ``(part, quantity, more values of the row)``."""
        return cls.env["mrp.bom"].create(
            {
                "product_tmpl_id": product.product_tmpl_id.id,
                "type": "phantom",
                "company_id": cls.company.id,
                "bom_line_ids": [
                    Command.create({"product_id": part.id, "product_qty": quantity, **dict(*more)})
                    for part, quantity, *more in parts
                ],
                **values,
            }
        )

    @classmethod
    def _create_clearing(cls, code):
        """A clearing account and a journal whose payments go there."""
        account = cls.env["account.account"].create(
            {
                "name": f"Clearing {code}",
                "code": f"1099{next(cls._numbers):02}",
                "account_type": "asset_current",
                "reconcile": True,
                "company_ids": [Command.set(cls.company.ids)],
            }
        )
        journal = cls.env["account.journal"].create(
            {"name": f"Payments {code}", "code": code, "type": "bank", "company_id": cls.company.id}
        )
        (
            journal.inbound_payment_method_line_ids | journal.outbound_payment_method_line_ids
        ).payment_account_id = account
        return account, journal

    @classmethod
    def _create_channel(cls, code, **values):
        return cls.env["oms.channel"].create(
            {
                "name": f"Channel {code}",
                "code": code,
                "company_id": cls.company.id,
                "user_id": cls.channel_user.id,
                "clearing_journal_id": cls.clearing_journal.id,
                **values,
            }
        )

    @classmethod
    def _create_user(cls, login, groups="base.group_user", **values):
        """A user of the company. ``groups``: their external ids, separated by commas."""
        return new_test_user(
            cls.env,
            login=login,
            groups=groups,
            **{"company_id": cls.company.id, "company_ids": [Command.set(cls.company.ids)], **values},
        )

    @classmethod
    def _stock(cls, product, warehouse, qty):
        """Count ``qty`` pieces on the shelf of a warehouse."""
        quants = cls.env["stock.quant"].with_context(inventory_mode=True)
        quants.create(
            {"product_id": product.id, "location_id": warehouse.lot_stock_id.id, "inventory_quantity": qty}
        ).action_apply_inventory()

    # ---------------------------------------------------------------------------------------------------- DOCUMENTS

    def _address(self, **values):
        """An address in Paris of somebody who has ordered nothing before."""
        number = next(self._numbers)
        return AddressDoc(
            **{
                "name": f"Customer {number}",
                "street": f"{number} rue de Rivoli",
                "city": "Paris",
                "zip": "75001",
                "country_code": "FR",
                "email": f"customer{number}@example.com",
                **values,
            }
        )

    def _change_address(self, order, **values):
        """A change of an order's address to that of a neighbour in Lyon, proposed and not applied yet."""
        return self.env["oms.order.change"].create(
            {
                "order_id": order.id,
                "kind": "address",
                "name": "Neighbour",
                "street": "2 rue Neuve",
                "zip": "69001",
                "city": "Lyon",
                "country_id": self.country.id,
                **values,
            }
        )

    def _tax(self, rate, amount, **values):
        return TaxDoc(
            **{
                "code": str(rate),
                "name": f"VAT {rate}",
                "rate": Decimal(str(rate)),
                "amount": Decimal(str(amount)),
                **values,
            }
        )

    def _line(self, sku="STD", quantity=1, total=None, rate=20, **values):
        """A line of goods.

        :param total: without tax; 20 for each piece by default.
        :param rate: of its tax, percent; ``None`` for no tax.
        """
        quantity = Decimal(str(quantity))
        total = 20 * quantity if total is None else Decimal(str(total))
        taxes = () if rate is None else (self._tax(rate, round_to(total * Decimal(str(rate)) / 100, CENT)),)
        return OrderLineDoc(
            **{
                "external_id": f"line-{next(self._numbers)}",
                "kind": "product",
                "name": f"What the shop calls {sku}",
                "quantity": quantity,
                "total": total,
                "subtotal": total,
                "taxes": taxes,
                "sku": sku,
                **values,
            }
        )

    def _payment(self, amount, **values):
        number = next(self._numbers)
        return PaymentDoc(
            **{
                "external_id": f"tx-{number}",
                "amount": Decimal(str(amount)),
                "method": "card",
                "paid_at": MOMENT,
                "reference": f"tx-{number}",
                **values,
            }
        )

    def _doc(self, **values):
        """An order of one piece of ``STD``, paid and to be fulfilled. Its total is what its lines come to."""
        number = next(self._numbers)
        lines = tuple(values.pop("lines", None) or (self._line(),))
        billing = values.pop("billing", None) or self._address()
        total = Decimal(str(values.pop("total", sum((line.total + line.tax_total for line in lines), ZERO))))
        return OrderDoc(
            **{
                "external_id": str(5000 + number),
                "number": f"N{5000 + number}",
                "status": "open",
                "channel_status": values.get("status", "open"),
                "currency": "EUR",
                "total": total,
                "lines": lines,
                "ordered_at": MOMENT,
                "updated_at": MOMENT,
                "billing": billing,
                "shipping": billing,
                "payments": (self._payment(total),) if total > 0 else (),
                "payment_method": "card",
                **values,
            }
        )

    # ----------------------------------------------------------------------------------------------------- MESSAGES

    def _speak(self, body, meaning):
        """Teach channels without a platform what a body means: a document, or an exception to raise."""
        if not hasattr(self, "_meanings"):
            self._meanings = meanings = {}
            channels = type(self.env["oms.channel"])
            original = channels._parse

            def parse(channel, message):
                body = message._get_body().decode(errors="replace")
                if body not in meanings:
                    return original(channel, message)
                if isinstance(meanings[body], Exception):
                    raise meanings[body]
                return meanings[body]

            self.patch(channels, "_parse", parse)
        self._meanings[body] = meaning

    def _receive(self, meaning, key=None, kind="order", channel=None, **values):
        """Put a message into the inbox whose body means ``meaning``.

        :param meaning: a document, or the exception that reading it raises.
        :return: the message; empty when the key is known already.
        """
        body = f"body {next(self._numbers)}"
        self._speak(body, meaning)
        key = key or f"event {body}"
        return self.env["oms.message"]._receive(channel or self.channel, kind, key, body.encode(), **values)

    # -------------------------------------------------------------------------------------------------------- VERBS

    def _nobody_books_refunds(self):
        """As without an add-on that books what channels pay back: people do."""
        self.patch(type(self.env["sale.order"]), "_oms_books_channel_refunds", lambda order: False)

    def _apply(self, *docs, channel=None):
        """Take documents in as the inbox does.

        :return: for each ``(order, state, text)``.
        """
        worker = (channel or self.channel)._as_worker()
        outcomes = worker.env["sale.order"]._oms_apply_orders(worker, list(docs))
        return [(order.with_env(self.env), state, text) for order, state, text in outcomes]

    def _order(self, *lines, **values):
        """The sale order that a document becomes.

        :param lines: ``(sku, quantity, net total, tax rate)`` each.
        """
        values["lines"] = tuple(self._line(*line) for line in lines) or None
        return self._apply(self._doc(**values))[0][0]

    def _incoming(self, product, quantity, **values):
        """A move of goods from a supplier to the warehouse, not confirmed yet."""
        return self.env["stock.move"].create(
            {
                "product_id": product.id,
                "product_uom_qty": quantity,
                "product_uom": product.uom_id.id,
                "location_id": self.env.ref("stock.stock_location_suppliers").id,
                "location_dest_id": self.warehouse.lot_stock_id.id,
                "picking_type_id": self.warehouse.in_type_id.id,
                "company_id": self.company.id,
                **values,
            }
        )

    def _buy(self, product, quantity, cost):
        """Goods come in from a supplier at another cost."""
        move = self._incoming(product, quantity, price_unit=cost, value_manual=cost * quantity)
        move._action_confirm()
        move.write({"quantity": quantity, "picked": True})
        move._action_done()

    def _ship(self, order, quantities=None):
        """Send what is reserved for an order, or ``{product: quantity}`` of it; the rest stays for another parcel.

        :return: the deliveries that have left.
        """
        pickings = order.picking_ids.filtered(
            lambda picking: picking.picking_type_code == "outgoing" and picking.state not in ("done", "cancel")
        )
        for move in pickings.move_ids.filtered(lambda move: move.state not in ("done", "cancel")):
            if quantities is not None:
                move.quantity = quantities.get(move.product_id, 0)
            move.picked = bool(move.quantity)
        pickings = pickings.filtered(lambda picking: any(picking.move_ids.mapped("picked")))
        for picking in pickings:
            self.assertIs(picking.with_context(skip_backorder=True).button_validate(), True)
        return pickings

    def _book(self, order):
        """Book an order as the job does.

        :return: its posted invoices.
        """
        order._oms_book_each()
        self.assertFalse(order.oms_booking_error)
        return order.invoice_ids.filtered(lambda move: move.state == "posted")

    def _net(self, account, moves=None):
        """Debits less credits on an account, in the company's currency: of all posted entries, or of ``moves``."""
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "in", account.ids),
                ("parent_state", "=", "posted"),
                ("company_id", "=", self.company.id),
                *([("move_id", "in", moves.ids)] if moves is not None else []),
            ]
        )
        return self.company.currency_id.round(sum(lines.mapped("balance")))

    def _account(self, name):
        """The account of a role: ``income``, ``cogs``, ``stock``, ``receivable``, ``tax``."""
        company = self.company
        accounts = self.product_standard.with_company(company).product_tmpl_id.get_product_accounts()
        match name:
            case "income":
                return accounts["income"]
            case "cogs":
                return accounts["expense"]
            case "stock":
                return accounts["stock_valuation"]
            case "receivable":
                return (
                    self.env["res.partner"].with_company(company).create({"name": "?"}).property_account_receivable_id
                )
            case "tax":
                return self.tax_20.invoice_repartition_line_ids.account_id
        raise ValueError(name)

    def assertNothingWrong(self, but=(), until=None):
        """The auditor finds nothing in the books of the company.

        :param but: codes of checks that are left out.
        :param until: what happened before is to be in the books; else what happened long enough ago.
        """
        auditor = self.env["oms.check"]
        codes = {check.code for check in auditor._get_checks()} - set(but)
        scope = auditor._get_scope(self.company)
        found = auditor._find(self.company, codes, replace(scope, before=until or scope.before))
        self.assertEqual([f"{check.code}: {one.sentence}" for check, all_ in found.items() for one in all_], [])

    def _holds(self, order):
        """The kinds of the holds that stand, sorted."""
        return sorted(order.oms_hold_ids.filtered("is_open").mapped("kind"))
