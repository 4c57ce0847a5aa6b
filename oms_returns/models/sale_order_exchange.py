"""The order that an exchange or a replacement is: one like any other of its channel, only that nobody placed it there."""

from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.oms_core.const import INSIDE


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_exchange_return_id = fields.Many2one(
        "oms.return",
        string="Exchange for Return",
        index="btree_not_null",
        readonly=True,
        copy=False,
        ondelete="restrict",
        check_company=True,
    )
    oms_exchange_waits = fields.Boolean(
        string="Waits for the Return",
        readonly=True,
        copy=False,
        help="Its goods are set aside; it goes on when what is exchanged has come back.",
    )

    def _confirmation_error_message(self):
        """Override of ``sale``: an exchange goes on with its return."""
        if self.oms_exchange_waits:
            return self.env._(
                "%(order)s waits for what comes back on %(request)s. Settle that return, and it goes on by itself.",
                order=self.display_name,
                request=self.oms_exchange_return_id.name,
            )
        return super()._confirmation_error_message()

    def _oms_release_clean(self):
        """Override of ``oms_core``: no job lets an exchange go before what it is for has come back."""
        return super(SaleOrder, self.filtered(lambda order: not order.oms_exchange_waits))._oms_release_clean()

    def _oms_prepare_reservations(self, placement):
        """Override of ``oms_core``: goods for an exchange are kept for as long as the customer has to send the others."""
        rows = super()._oms_prepare_reservations(placement)
        if self.oms_exchange_waits:
            days = self.company_id.sudo().oms_exchange_reserve_days  # sudo: a setting, whoever asks
            for row in rows:
                row["expires_at"] = fields.Datetime.now() + timedelta(days=days)
        return rows

    def _prepare_invoice(self):
        """Override of ``sale``: what was sent first is to be paid when the customer has kept the other one too long."""
        values = super()._prepare_invoice()
        request = self.oms_exchange_return_id
        if request.ships_first and request.exchange_until:
            values |= {"invoice_payment_term_id": False, "invoice_date_due": request.exchange_until}
        return values

    def _oms_get_open_receivables(self):
        """Override of ``oms_core``: an exchange is paid with what came back for it."""
        lines = super()._oms_get_open_receivables()
        if exchanges := self.filtered("oms_exchange_return_id"):
            settled = self.env["oms.return.settlement"].search([("order_id", "in", exchanges.ids)])
            credit_notes = settled.move_id.filtered(lambda move: move.state == "posted")
            lines |= credit_notes.line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
            )
        return lines

    def _oms_get_uninvoiced(self):
        """What of these orders is on no posted invoice yet, in the currency of the orders."""
        orders_sudo = self.sudo().filtered(lambda order: order.state != "cancel")  # sudo: amounts alone
        return sum(max(order.amount_total - order._oms_get_charged_total(), 0) for order in orders_sudo)

    def _oms_get_charging(self):
        """The posted invoices of this order."""
        return self.invoice_ids.filtered(lambda move: move.state == "posted" and move.move_type == "out_invoice")

    def _oms_get_charged_total(self):
        """Hook: what was charged for this order, tax included."""
        self.ensure_one()
        return sum(self._oms_get_charging().mapped("amount_total"))

    def _oms_send_exchange(self):
        """Let these orders go: what they wait for is there, or they are sent first."""
        for order in self:
            order.oms_exchange_waits = False
            if order.oms_channel_id and order._oms_is_strict():
                order._oms_promise()
            if order.oms_on_hold:
                order.oms_exchange_return_id.message_post(
                    body=self.env._(
                        "%(order)s is on hold: %(reason)s", order=order.name, reason=order.oms_hold_reason or ""
                    )
                )
            else:
                order.with_context(oms_by_job=INSIDE).action_confirm()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    oms_exchange_line_id = fields.Many2one(
        "oms.return.line",
        string="Exchange for Return Line",
        index="btree_not_null",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )

    def _prepare_invoice_line(self, **optional_values):
        """Override of ``sale``: an invoice over a part of what is exchanged has its exact share, as for any channel."""
        values = super()._prepare_invoice_line(**optional_values)
        if self.oms_exchange_line_id and self.extra_tax_data and not self.is_downpayment:
            charged, _credited = self._oms_get_charged()
            values.update(self._oms_share(self, charged, charged + Decimal(repr(values["quantity"]))))
        return values

    @api.model
    def _oms_pinned(self, currency, quantity, net, by_tax, taxes):
        """Values of a line that costs exactly this, taxes included; see ``sale_order_capture.py`` of ``oms_core``.

        :param Decimal quantity: above zero.
        :param Decimal net: without tax.
        :param dict by_tax: {id of a tax: its amount, ``Decimal``}
        """
        included = sum(by_tax.get(tax.id, 0) for tax in taxes if tax.price_include)
        price_unit = float(net + included) / float(quantity)
        return {
            "price_unit": price_unit,
            # Anything but the price itself tells Odoo that the price is not its own to recompute.
            "technical_price_unit": 0.0 if price_unit else 1.0,
            "discount": 0.0,
            "tax_ids": [fields.Command.set(taxes.ids)],
            "extra_tax_data": {
                "currency_id": currency.id,
                "price_unit": price_unit,
                "discount": 0.0,
                "quantity": float(quantity),
                "manual_total_excluded_currency": float(net),
                "manual_tax_amounts": {
                    str(tax.id): {
                        "tax_amount_currency": float(by_tax.get(tax.id, 0)),
                        "base_amount_currency": float(net),
                    }
                    for tax in taxes
                },
            },
        }
