"""What new goods cost: nothing, what the customer paid for the others, or what they cost today."""

from decimal import Decimal

from odoo import api, models
from odoo.fields import Command

from odoo.addons.oms_core.domain.money import ZERO

from ..domain.exchange import Swap, keeps_price
from ..domain.refund import Money
from .account_move import COUNTED_KINDS
from .oms_return_refund import KEPT_BACK
from .oms_store_credit import _exact

#: Lines of credit notes that say what goods cost: fees and deductions are no price of the new ones.
PRICE_KINDS = ("goods", "discount")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_fill_exchange(self, wanted):
        """Have exactly these goods on an order that waits, and set them aside.

        :param dict wanted: ``{return line: Decimal quantity}``
        """
        self.ensure_one()
        there = {line.oms_exchange_line_id: line for line in self.order_line.filtered("oms_exchange_line_id")}
        same = there.keys() == wanted.keys() and all(
            there[line].product_id == line._get_exchange_product()
            and Decimal(repr(there[line].product_uom_qty)) == quantity
            for line, quantity in wanted.items()
        )
        if not same:
            paid = self._oms_get_paid_prices(wanted)
            self.write(
                {
                    "order_line": [
                        *(Command.delete(line.id) for line in self.order_line),
                        *(
                            Command.create(self._oms_prepare_exchange_line(line, quantity, paid.get(line)))
                            for line, quantity in wanted.items()
                        ),
                    ]
                }
            )
        if self.oms_channel_id:
            self._oms_set_aside()

    def _oms_get_paid_prices(self, wanted):
        """What would be credited now for goods of which the new ones cost the same: less what was off the whole order, and what
        was given back before. Fees and deductions are no price.

        :param dict wanted: ``{return line: Decimal quantity}``
        :return: {return line: ``Money``}; without those of which not all is invoiced, as nobody knows it to the cent then.
        """
        same = {
            line.sudo(): quantity  # sudo: prices alone, whoever asks for the exchange
            for line, quantity in wanted.items()
            if not line._is_free() and self._oms_keeps_price(line)
        }
        paid = {}
        for (order, request), parts in self.env["oms.return"]._group_by_order(same).items():
            book = order._oms_get_refund_book(foresee=True)
            entries = request._plan_goods(book, parts, foresee=True)
            for line, quantity in parts.items():
                of_line = [entry for entry in entries if entry.return_line == line and entry.kind not in KEPT_BACK]
                money = sum((entry.money for entry in of_line), Money())
                found = sum(entry.quantity for entry in of_line if entry.kind in COUNTED_KINDS)
                if found == quantity and "rest" not in money.taxes:
                    paid[line] = _as_price(money)
        return paid

    def _oms_prepare_exchange_line(self, line, quantity, paid=None):
        """Values of the line of new goods: free, at the price that was paid, or at what they cost today.

        :param paid: as of :meth:`_oms_get_paid_prices`.
        """
        product = line._get_exchange_product()
        is_same = product == line.product_id
        values = {
            "product_id": product.id,
            "product_uom_qty": float(quantity),
            "product_uom_id": line.product_uom_id.id if is_same else product.uom_id.id,
            "oms_kind": "product",
            "oms_exchange_line_id": line.id,
        }
        if line._is_free():
            return {**values, "price_unit": 0.0, "technical_price_unit": 1.0, "tax_ids": [Command.clear()]}
        if paid:
            taxes = self.env["account.tax"].browse(paid.taxes)
            pinned = self.order_line._oms_pinned(self.currency_id, quantity, paid.net, paid.taxes, taxes)
            return {**values, **pinned}
        if self._oms_keeps_price(line):
            return {**values, **self._oms_prepare_paid_price(line, quantity)}
        charged = line.sale_line_id.sudo().tax_ids  # sudo: as above
        alike = product.taxes_id == line.product_id.taxes_id
        if line.sale_line_id and alike and all(tax.type_tax_use == "sale" for tax in charged):
            values["tax_ids"] = [Command.set(charged.ids)]  # taxed as what it is exchanged for
        return values

    def _oms_keeps_price(self, line):
        """Whether the new goods for a return line cost what was paid for the old ones."""
        self.ensure_one()
        product = line._get_exchange_product()
        if not line.sale_line_id:
            return False
        is_same = product == line.product_id
        is_variant = not is_same and product.product_tmpl_id == line.product_id.product_tmpl_id
        listed = [Decimal(0), Decimal(0)]
        if is_variant:
            listed = [_exact(self.currency_id, self._oms_get_listed(one)) for one in (line.product_id, product)]
        swap = Swap(is_same, is_variant, *listed)
        return keeps_price(swap, self.company_id.sudo().oms_exchange_price)  # sudo: a setting, whoever asks

    def _oms_get_listed(self, product):
        return self.pricelist_id._get_product_price(product, 1.0, currency=self.currency_id) or 0.0

    @api.model
    def _oms_prepare_paid_price(self, line, quantity):
        """The share that the next units of an order line have, where not all of it is invoiced yet."""
        sale_line = line.sale_line_id.sudo()  # sudo: prices alone
        start = sale_line._oms_get_charged()[1]
        share = sale_line._oms_share(sale_line, start, start + quantity)
        price = share.get("price_unit", sale_line.price_unit)
        values = {
            "price_unit": price,
            "technical_price_unit": 0.0 if price else 1.0,
            "discount": 0.0 if "price_unit" in share else sale_line.discount,
            "tax_ids": [Command.set(sale_line.tax_ids.ids)],
        }
        if share.get("extra_tax_data"):
            values["extra_tax_data"] = share["extra_tax_data"]
        return values

    def _oms_match_credits(self, moves):
        """Let what costs as much as what came back cost exactly what the credit notes say, to the cent and tax by tax."""
        self.ensure_one()
        for sale_line in self.order_line:
            line = sale_line.oms_exchange_line_id
            if line._is_free() or not self._oms_keeps_price(line):
                continue
            credits = moves.sudo().invoice_line_ids.filtered(  # sudo: amounts alone
                lambda one, line=line: one.oms_return_line_id == line and one.oms_refund_kind in PRICE_KINDS
            )
            if values := self._oms_prepare_credited_price(credits):
                sale_line.write(values)

    @api.model
    def _oms_prepare_credited_price(self, credits):
        """Values of an order line that costs what these lines of credit notes gave."""
        goods = credits.filtered(lambda one: one.oms_refund_kind == "goods")
        quantity = sum((Decimal(repr(one.quantity)) for one in goods), Decimal(0))
        if not quantity or len(credits.tax_ids) > 1 and not all(_pinned_taxes(one) for one in credits):
            return {}
        by_tax = {tax.id: Decimal(0) for tax in credits.tax_ids}
        for one in credits:
            pinned = _pinned_taxes(one)
            for tax in one.tax_ids:
                amount = pinned[str(tax.id)]["tax_amount_currency"] if pinned else one.price_total - one.price_subtotal
                by_tax[tax.id] += _exact(one.currency_id, amount)
        net = sum((_exact(one.currency_id, one.price_subtotal) for one in credits), Decimal(0))
        price = _as_price(Money(net, by_tax))
        lines = self.env["sale.order.line"]
        return lines._oms_pinned(credits.currency_id, quantity, price.net, price.taxes, credits.tax_ids)

    def _oms_get_pay_link(self):
        """Where the customer pays what is open of this order: its invoice, or the order until there is one."""
        self.ensure_one()
        open_invoices = self.invoice_ids.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice" and move.amount_residual
        )
        document = open_invoices[:1] or self
        return document.get_base_url() + document.get_portal_url()


def _as_price(money):
    """A discount of more than the goods makes the new ones free: no invoice is below zero, nor was the credit note."""
    return money if money.total >= ZERO else Money(ZERO, dict.fromkeys(money.taxes, ZERO))


def _pinned_taxes(line):
    return (line.extra_tax_data or {}).get("manual_tax_amounts")
