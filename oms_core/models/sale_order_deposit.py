"""Deposits: what Odoo's down payments have invoiced is taken off the invoices that follow, until nothing of it is left.

Odoo takes a down payment off as a whole, from the first invoice that is made as the last one: where that is worth less, it is a
credit note. Here each invoice takes what it is worth, of each deposit and tax (``domain/deposits.py``)::

    deposit    Dr receivable   Cr income or advances, taxes          parcel   Dr receivable               Cr income, taxes
                                                                              Dr what the deposit credited, its taxes
"""

from decimal import Decimal

from odoo import models
from odoo.fields import Command

from ..domain.deposits import NET, deduct
from ..domain.money import ZERO
from .sale_order_money import exact

#: The smallest quantity of a line of an invoice.
QUANTITY_STEP = Decimal("0.01")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_deposits(self):
        """{line of a down payment: {NET or the id of a tax: what of it is not taken off, in the currency of the order}}"""
        self.ensure_one()
        lines = self.order_line.filtered(lambda line: line.is_downpayment and not line.display_type)
        # sudo: what was invoiced does not depend on who looks
        amounts = lines.sudo().invoice_lines.move_id._oms_get_amounts()
        found = {line: line._oms_get_deposit(amounts) for line in lines}
        return {line: rest for line, rest in found.items() if any(rest.values())}

    def _oms_get_deposit_left(self):
        """What of the deposits is not taken off, with tax."""
        self.ensure_one()
        return sum((sum(rest.values(), ZERO) for rest in self._oms_get_deposits().values()), ZERO)

    def _oms_has_more_to_invoice(self):
        """Whether anything of this order is still to be invoiced, now or when it leaves."""
        self.ensure_one()
        if self.state != "sale":
            return False
        return any(
            line.qty_to_invoice > 0
            or (
                line._oms_get_charged()[0] < exact(line.product_uom_qty)
                and (not line._is_oms_goods() or line._oms_is_expected())
            )
            for line in self.order_line.filtered(lambda line: line.product_id and not line.is_downpayment)
        )

    def _oms_deduct_deposits(self, invoice):
        """Take off this draft what it is worth of the deposits, each from what bears the same taxes; of what bears none of them
        in the end, from whatever is there."""
        self.ensure_one()
        deposits = self._oms_get_deposits()
        if not deposits:
            return
        step = exact(self.currency_id.rounding)
        room = {}
        amounts = invoice._oms_get_amounts()
        for line in invoice.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
            room[line.tax_ids] = room.get(line.tax_ids, ZERO) + sum(amounts[line].values(), ZERO)
        most = sum(room.values(), ZERO)
        is_last = not self._oms_has_more_to_invoice()
        parts = []
        for line, rest in sorted(deposits.items(), key=lambda item: item[0].id):
            part = deduct(rest, min(most, most if is_last else room.get(line.tax_ids, ZERO)), step)
            if values := part and line._oms_prepare_deduction(part, rest):
                taken = sum(part.values(), ZERO)
                most -= taken
                room[line.tax_ids] = room.get(line.tax_ids, ZERO) - taken
                parts.append(values)
        if parts:
            sequence = max(invoice.invoice_line_ids.mapped("sequence"), default=0) + 1
            section = self._prepare_down_payment_section_line(sequence=sequence)
            parts = [{**values, "sequence": sequence + number} for number, values in enumerate(parts, 1)]
            invoice.write({"invoice_line_ids": [Command.create(values) for values in (section, *parts)]})


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_get_deposit(self, amounts):
        """{NET or the id of a tax: what of this down payment is invoiced and not taken off}

        :param amounts: of lines of invoices, as ``account.move._oms_get_amounts`` has them.
        """
        self.ensure_one()
        rest = {}
        for line in self.sudo().invoice_lines:  # sudo: as above
            for name, amount in amounts.get(line, {}).items():
                rest[name] = rest.get(name, ZERO) + amount
        return rest

    def _oms_prepare_deduction(self, part, rest):
        """Values of the line of an invoice that takes off a part of this down payment; empty where it is too small a part.

        Its quantity says about how much of the down payment it is; its amounts are exact, as they are pinned.
        """
        self.ensure_one()
        charged, credited = self._oms_get_charged()
        quantity = left = max(charged - credited, QUANTITY_STEP)
        if part != rest:
            share = sum(part.values(), ZERO) / sum(rest.values(), ZERO)
            quantity = max((left * share).quantize(QUANTITY_STEP), QUANTITY_STEP)
            if (quantity := min(quantity, left - QUANTITY_STEP)) <= 0:
                return {}
        return self._prepare_invoice_line(quantity=-float(quantity), **self._oms_pin_deduction(part, quantity))

    def _prepare_invoice_line(self, **optional_values):
        """Override: the last invoice that a person makes takes off what is left of a down payment, and not all of it again."""
        values = super()._prepare_invoice_line(**optional_values)
        is_odoos = self.is_downpayment and values["quantity"] == -1.0 and "price_unit" not in optional_values
        if is_odoos and self.order_id.oms_channel_id and self.qty_invoiced < 1.0:
            rest = self.order_id._oms_get_deposits().get(self)
            if rest and sum(rest.values(), ZERO) > 0:
                charged, credited = self._oms_get_charged()
                quantity = max(charged - credited, QUANTITY_STEP)
                values.update(quantity=-float(quantity), **self._oms_pin_deduction(rest, quantity))
        return values

    def _oms_pin_deduction(self, part, quantity):
        """The price and the taxes of a line that takes this off."""
        net = part.get(NET, ZERO)
        taxes = {name: amount for name, amount in part.items() if name != NET}
        included = [taxes.get(str(tax.id), ZERO) for tax in self.tax_ids.flatten_taxes_hierarchy() if tax.price_include]
        price_unit = float(net + sum(included, ZERO)) / float(quantity)
        pinned = {
            "currency_id": self.currency_id.id,
            "price_unit": price_unit,
            "discount": 0.0,
            "quantity": -float(quantity),
            "rate": self.order_id.currency_rate,
            "manual_total_excluded_currency": -float(net),
            "manual_tax_amounts": {
                name: {"tax_amount_currency": -float(amount), "base_amount_currency": -float(net)}
                for name, amount in taxes.items()
            },
        }
        return {"price_unit": price_unit, "discount": 0.0, "extra_tax_data": pinned if taxes else False}


class AccountMove(models.Model):
    _inherit = "account.move"

    def _oms_get_amounts(self):
        """{line: {NET or the id of a tax: amount}} of what these invoices charge, less what credit notes take back, as booked;
        drafts too."""
        found = {}
        for move in self.filtered(
            lambda move: move.move_type in ("out_invoice", "out_refund") and move.state != "cancel"
        ):
            sign = 1 if move.move_type == "out_invoice" else -1
            base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
            for base_line in base_lines:
                details = base_line["tax_details"]
                net = details["total_excluded_currency"] + details["delta_total_excluded_currency"]
                amounts = {NET: net}
                for tax in details["taxes_data"]:
                    name = str(tax["tax"].id)
                    amounts[name] = amounts.get(name, 0.0) + tax["tax_amount_currency"]
                found[base_line["record"]] = {
                    name: sign * exact(move.currency_id.round(amount)) for name, amount in amounts.items()
                }
        return found
