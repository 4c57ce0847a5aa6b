from datetime import timedelta
from uuid import uuid4

from odoo import fields
from odoo.fields import Command

from odoo.addons.oms_core.tests.common import OmsCommon


class TillCommon(OmsCommon):
    """The merchant of ``OmsCommon`` with a till in its warehouse, a cashier, a drawer and a card reader."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cashier = cls._create_user("cashier", "point_of_sale.group_pos_manager")
        journals = cls.env["account.journal"]
        cls.cash_journal = journals.create(
            {"name": "Drawer", "code": "DRWR", "type": "cash", "company_id": cls.company.id}
        )
        methods = cls.env["pos.payment.method"]
        cls.cash = methods.create(
            {"name": "Cash", "journal_id": cls.cash_journal.id, "company_id": cls.company.id, "is_cash_count": True}
        )
        bank = journals.search([("type", "=", "bank"), ("company_id", "=", cls.company.id)], limit=1)
        cls.card = methods.create({"name": "Card", "journal_id": bank.id, "company_id": cls.company.id})
        cls.company.point_of_sale_update_stock_quantities = "real"
        cls.till = cls._create_till("Front till")

    def _create_rounding_till(self):
        """A till that rounds what is paid to five cents."""
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "To five cents",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "rounding_method": "HALF-UP",
                "profit_account_id": self.company.income_account_id.id,
                "loss_account_id": self.company.expense_account_id.id,
            }
        )
        return self._create_till(
            "Rounding till", cash_rounding=True, rounding_method=rounding.id, only_round_cash_method=False
        )

    @classmethod
    def _create_till(cls, name, **values):
        """A till with a drawer of its own, if there is one already."""
        methods = cls.cash | cls.card
        if cls.env["pos.config"].search_count([("payment_method_ids", "in", cls.cash.ids)]):
            journal = cls.cash_journal.copy({"name": name, "code": f"DR{next(cls._numbers)}"})
            methods = cls.cash.copy({"journal_id": journal.id}) | cls.card
        sales = cls.env["account.journal"].search([("type", "=", "sale"), ("company_id", "=", cls.company.id)], limit=1)
        return cls.env["pos.config"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "journal_id": sales.id,
                "invoice_journal_id": sales.id,
                "picking_type_id": cls.warehouse.pos_type_id.id,
                "payment_method_ids": [Command.set(methods.ids)],
                **values,
            }
        )

    def _open(self, till=None):
        """Open the till for the day, with an empty drawer."""
        till = (till or self.till).with_user(self.cashier)
        if not till.current_session_id:
            till.open_ui()
            till.current_session_id.set_opening_control(0, None)
        return till.current_session_id

    def _part(self, product=None, qty=1, **values):
        """A line as the till's screen sends it."""
        product = product or self.product_standard
        line = {
            "product_id": product.id,
            "qty": qty,
            "price_unit": product.lst_price,
            "discount": 0.0,
            "tax_ids": [Command.set(product.taxes_id.filtered(lambda tax: tax.company_id == self.company).ids)],
            "full_product_name": product.name,
            "pack_lot_ids": [],
            "uuid": str(uuid4()),
            "price_subtotal": 0.0,
            "price_subtotal_incl": 0.0,
            **values,
        }
        taxes = self.env["account.tax"].browse(line["tax_ids"][0][2])
        price = line["price_unit"] * (1 - line["discount"] / 100)
        amounts = taxes.compute_all(price, self.company.currency_id, qty, product=product)
        line.update(price_subtotal=amounts["total_excluded"], price_subtotal_incl=amounts["total_included"])
        return Command.create(line)

    def _total(self, parts):
        """(total, tax) as the screen computes them: with the tax engine that runs in the browser too."""
        taxes = self.env["account.tax"]
        base_lines = [
            taxes._prepare_base_line_for_taxes_computation(
                {},
                product_id=self.env["product.product"].browse(line["product_id"]),
                tax_ids=taxes.browse(line["tax_ids"][0][2]),
                price_unit=line["price_unit"],
                quantity=line["qty"],
                discount=line["discount"],
                currency_id=self.company.currency_id,
                rate=1.0,
            )
            for _command, _id, line in parts
        ]
        taxes._add_tax_details_in_base_lines(base_lines, self.company)
        taxes._round_base_lines_tax_details(base_lines, self.company)
        totals = taxes._get_tax_totals_summary(base_lines, self.company.currency_id, self.company)
        return totals["total_amount_currency"], totals["tax_amount_currency"]

    def _sell(self, *parts, pay=None, till=None, **values):
        """Sell at the till what these lines say, paid in cash unless ``pay`` says otherwise, as the screen sends it.

        :param pay: [(payment method, amount)]
        :return: the sale (``pos.order``).
        """
        session = self._open(till)
        total, tax = self._total(parts)
        pay = pay or [(session.config_id.payment_method_ids.filtered("is_cash_count")[:1], total)]
        uuid = str(uuid4())
        order = {
            "state": "paid",
            "uuid": uuid,
            "name": f"Order {uuid}",
            "session_id": session.id,
            "company_id": self.company.id,
            "user_id": self.cashier.id,
            "partner_id": False,
            "pricelist_id": False,
            "fiscal_position_id": False,
            "date_order": fields.Datetime.to_string(fields.Datetime.now() - timedelta(seconds=1)),
            "amount_total": total,
            "amount_tax": tax,
            "amount_paid": sum(amount for _method, amount in pay),
            "amount_return": 0.0,
            "to_invoice": False,
            "last_order_preparation_change": "{}",
            "lines": list(parts),
            "payment_ids": [
                Command.create(
                    {
                        "amount": amount,
                        "name": fields.Datetime.to_string(fields.Datetime.now()),
                        "payment_method_id": method.id,
                    }
                )
                for method, amount in pay
            ],
            **values,
        }
        self.env["pos.order"].with_user(self.cashier).sync_from_ui([order])
        return self.env["pos.order"].search([("uuid", "=", uuid)])

    def _capture(self):
        """Run the job that brings sales into the list of orders."""
        with self.enter_registry_test_mode():
            self.env.ref("oms_pos.cron_capture").method_direct_trigger()
        self.env.invalidate_all()

    def _sold(self, *parts, **values):
        """The order in the list of what was sold."""
        sale = self._sell(*parts, **values)
        self._capture()
        self.assertFalse(sale.oms_capture_error)
        return sale.oms_order_ids

    def _refund(self, sale, qty=None, **values):
        """Give back what a sale sold, or ``qty`` of its first line, as the screen does it."""
        parts = [
            self._part(
                line.product_id,
                -(qty or line.qty),
                price_unit=line.price_unit,
                discount=line.discount,
                tax_ids=[Command.set(line.tax_ids.ids)],
                refunded_orderline_id=line.id,
            )
            for line in (sale.lines[:1] if qty else sale.lines)
        ]
        return self._sell(*parts, is_refund=True, **values)

    def _close(self, till=None):
        """Close the till for the day.

        :return: the entry of the session.
        """
        session = (till or self.till).current_session_id
        cash = session.order_ids.payment_ids.filtered(lambda payment: payment.payment_method_id.is_cash_count)
        counted = session.cash_register_balance_start + sum(cash.mapped("amount"))
        session.with_user(self.cashier).post_closing_cash_details(counted)
        session.with_user(self.cashier).action_pos_session_closing_control()
        self.env.invalidate_all()
        self.assertEqual(session.state, "closed")
        return session.move_id

    def _atp(self, product=None, channel=None):
        product = product or self.product_standard
        return self.env["oms.availability"]._get_channel_atp(channel or self.channel, product)[product.id]
