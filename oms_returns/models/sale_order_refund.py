"""What an order has charged and what of it was given back, as the domain reads it."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from odoo import api, fields, models

from odoo.addons.oms_core.domain.money import ZERO, round_to, share

from ..domain.refund import Adjustment, Charge, Credited, Line, Money, spread
from .account_move import COUNTED_KINDS


def dec(number):
    """A float of the database as the decimal number that it stands for."""
    return Decimal(repr(number or 0.0))


@dataclass
class Book:
    """The money of an order. Keys are ``("order", id)`` of a line of which the channel's amounts are pinned, else
    ``("invoice", id)`` of a line of an invoice; ``("rest", id)``: what of an order line is not invoiced yet.

    :param open: {line of a posted invoice: quantity that is not credited}, by order line, the latest first.
    :param room: what was charged and not given back, in all.
    :param set_off: {line of an invoice: what goods that came back were paid too little of, as there was no room for it}.
    :param redeemed: what paid as money does and stands on invoices as a line, where an add-on knows of such.
    """

    step: Decimal
    lines: dict = field(default_factory=dict)
    credited: dict = field(default_factory=dict)
    open: dict = field(default_factory=dict)
    charges: list = field(default_factory=list)
    room: Decimal = ZERO
    set_off: dict = field(default_factory=dict)
    redeemed: object = None

    def key_of(self, invoice_line):
        key = ("order", invoice_line.sale_line_ids[:1].id)
        return key if key in self.lines else ("invoice", invoice_line.id)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_refund_move_ids = fields.One2many("account.move", "oms_order_id", string="Refunds")

    @api.depends("oms_refund_move_ids")
    def _get_invoiced(self):
        """Override of ``sale``: also credit notes of which no line is about goods."""
        result = super()._get_invoiced()
        for order in self:
            order.invoice_ids |= order.oms_refund_move_ids
            order.invoice_count = len(order.invoice_ids)
        return result

    def _oms_get_refund_book(self, foresee=False):
        """What was charged and credited of this order.

        :param foresee: as if everything that is ordered were invoiced, for previews.
        """
        self.ensure_one()
        order_sudo = self.sudo()  # sudo: clerks who may refund need no right to every entry
        book = Book(Decimal(str(self.currency_id.rounding)))
        lines_sudo = order_sudo.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment)
        goods_sudo = lines_sudo.filtered(lambda line: line._is_oms_goods() and line.product_uom_qty > 0)
        charged_sudo = lines_sudo.invoice_lines.filtered(
            lambda line: (
                line.display_type == "product"
                and line.move_id.state == "posted"
                and line.move_id.move_type == "out_invoice"
            )
        ).sorted("id")
        money = charged_sudo._oms_get_charged_money()
        if foresee:
            for line_sudo in lines_sudo - goods_sudo - charged_sudo.sale_line_ids:
                # Not invoiced yet; what stands for a line of an invoice is only told from others, and never booked. Odoo
                # reckons the tax of a line as a difference of floats, which is no number of cents.
                tax = round_to(dec(line_sudo.price_tax), book.step)
                money[line_sudo] = Money(dec(line_sudo.price_subtotal), {"rest": tax})
        credits_sudo = self.env["account.move.line"].sudo()  # sudo: as above
        credits_sudo = credits_sudo.search(
            [("oms_credited_line_id", "in", charged_sudo.ids), ("parent_state", "!=", "cancel")], order="id"
        )
        for line_sudo in goods_sudo:
            line_sudo._oms_fill_book(book, charged_sudo & line_sudo.invoice_lines, money, foresee)
        self._oms_add_discounts(book, lines_sudo - goods_sudo, goods_sudo, money)
        for credit_sudo in credits_sudo:
            _remember(book, credit_sudo)
        for line_sudo in lines_sudo - goods_sudo:
            if line_sudo._is_oms_shipping():
                self._oms_add_charge(book, line_sudo, charged_sudo & line_sudo.invoice_lines, money, credits_sudo)
        documents_sudo = order_sudo.invoice_ids.filtered(lambda move: move.state == "posted")
        book.room = sum((dec(move.amount_total) * -move.direction_sign for move in documents_sudo), ZERO)
        return book

    def _oms_add_discounts(self, book, others, goods, money):
        """Spread what is off the whole order over its goods: those with the same taxes, where there are any."""
        for line in others.filtered(lambda line: line.price_subtotal < 0):
            discount = sum((money[each] for each in (*line.invoice_lines, line) if each in money), Money())
            if discount.net >= 0:
                continue
            alike = goods.filtered(lambda one, line=line: one.tax_ids == line.tax_ids) or goods
            wholes = [Line(one.id, dec(one.product_uom_qty), Money(dec(one.price_subtotal))) for one in alike]
            for one, part in zip(alike, spread(discount, wholes, book.step), strict=True):
                one._oms_take_discount(book, line, part)

    def _oms_add_charge(self, book, line, charged, money, credits):
        """What was charged for shipping, and given back of it, by us or by hand."""
        whole = sum((money[each] for each in (*charged, line) if each in money), Money())
        if whole.total <= 0:
            return
        by_hand = line.invoice_lines.filtered(
            lambda each: each.move_id.state == "posted" and each.move_id.move_type == "out_refund"
        )
        given = sum(dec(each.price_total) for each in by_hand)
        given += sum(
            dec(each.price_total)
            for each in credits
            if each.oms_refund_kind == "shipping" and each.oms_credited_line_id in charged
        )
        company = self.company_id
        standard = None
        if company.oms_standard_shipping:
            amount = company.currency_id._convert(
                company.oms_standard_shipping, self.currency_id, company, fields.Date.to_date(self.date_order)
            )
            # Several charges are one shipment: what the first one had of it, the others have not.
            standard = max(dec(amount) - sum((each.money.total for each in book.charges), ZERO), ZERO)
        book.charges.append(Charge(charged[:1], whole, given, standard))


def _remember(book, credit):
    """Add what a line of a credit note of ours says to what is credited."""
    line, basis = credit.oms_credited_line_id, credit.oms_refund_basis or {}
    if basis.get("set_off"):
        book.set_off[line] = book.set_off.get(line, Money()) - credit._oms_get_charged_money()[credit]
    key = book.key_of(line)
    if key not in book.lines:
        return
    before = book.credited[key]
    if credit.oms_refund_kind == "adjustment":
        if credit.parent_state == "posted":
            given = credit._oms_get_charged_money()[credit]
            adjustment = Adjustment(Decimal(basis["start"]), Decimal(basis["stop"]), given)
            book.credited[key] = replace(before, adjustments=(*before.adjustments, adjustment))
    elif credit.oms_refund_kind in COUNTED_KINDS:
        book.credited[key] = replace(
            before,
            free=_sum(before.free, basis.get("free"), Decimal),
            withheld=_sum(before.withheld, basis.get("withheld"), Fraction),
            by_rule=_sum(before.by_rule, basis.get("rules"), Decimal),
        )


def _sum(amounts, more, kind):
    result = dict(amounts)
    for name, amount in (more or {}).items():
        result[name] = result.get(name, kind(0)) + kind(amount)
    return result


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _is_oms_shipping(self):
        return self.oms_kind == "shipping" or self.is_delivery

    def _oms_fill_book(self, book, charged, money, foresee):
        """Enter a line of goods: as the channel charged it, or invoice by invoice."""
        self.ensure_one()
        ordered = dec(self.product_uom_qty)
        open_quantities = self._oms_get_refundable_invoice_lines()
        book.open[self.id] = dict(open_quantities)
        quantities = {line: self._oms_quantity_of(line) for line in charged}
        pinned = self._oms_get_pinned_money()
        whole = sum(quantities.values(), ZERO)
        if pinned and _is_charged(pinned.upto(ordered, whole, book.step), [money[line] for line in charged]):
            key = ("order", self.id)
            book.lines[key] = Line(key, ordered, pinned, charged=ordered if foresee else whole, wanted=ordered)
            before = self._oms_get_charged()[1] + self._oms_get_kept()
            book.credited[key] = Credited(quantity=before)
            return
        for line in charged:
            key, quantity = ("invoice", line.id), quantities[line]
            if quantity > 0:
                book.lines[key] = Line(key, quantity, money[line])
                book.credited[key] = Credited(quantity=quantity - open_quantities.get(line, ZERO))
        rest = ordered - sum(quantities.values(), ZERO)
        if rest > 0:
            key = ("rest", self.id)
            net = share(dec(self.price_subtotal), ordered, ordered - rest, ordered, book.step)
            tax = share(dec(self.price_tax), ordered, ordered - rest, ordered, book.step)
            book.lines[key] = Line(key, rest, Money(net, {"rest": tax}), charged=rest if foresee else ZERO)
            book.credited[key] = Credited()

    def _oms_get_pinned_money(self):
        """What the channel charged for the whole line; ``None`` when nothing is pinned, or the line was changed since."""
        share_of_all = self._oms_share(self, ZERO, dec(self.product_uom_qty))
        pinned = share_of_all.get("extra_tax_data")
        if not pinned:
            return None
        return _pinned_money(pinned)

    def _oms_get_kept(self):
        """How much of this line was credited without being taken off the invoiced quantity."""
        return sum((self._oms_quantity_of(line) for line in self.sudo().invoice_lines.oms_kept_line_ids), ZERO)

    def _oms_take_discount(self, book, discount_line, part):
        """Enter this line's part of a discount of the order, invoice by invoice where its amounts are."""
        keys = [("order", self.id)] if ("order", self.id) in book.lines else []
        keys = keys or [key for line in self.invoice_lines.sorted("id") if (key := ("invoice", line.id)) in book.lines]
        keys += [("rest", self.id)] if ("rest", self.id) in book.lines else []
        start, ordered = ZERO, max(dec(self.product_uom_qty), sum((book.lines[key].quantity for key in keys), ZERO))
        for key in keys:
            line = book.lines[key]
            stop = start + line.quantity
            piece = part.upto(ordered, stop, book.step) - part.upto(ordered, start, book.step)
            book.lines[key] = replace(line, discounts={**line.discounts, discount_line.id: piece})
            start = stop


def _is_charged(pinned, charged):
    """Whether invoices charged what the channel says: an invoice may have been changed before it was posted."""
    booked = sum(charged, Money())
    return (pinned.net, pinned.total) == (booked.net, booked.total)


def _pinned_money(pinned):
    taxes = {int(tax): dec(amounts["tax_amount_currency"]) for tax, amounts in pinned["manual_tax_amounts"].items()}
    return Money(dec(pinned["manual_total_excluded_currency"]), taxes)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    oms_kept_line_ids = fields.One2many(
        "account.move.line",
        "oms_credited_line_id",
        domain=[("oms_refund_kind", "in", ("kept", "claim")), ("parent_state", "!=", "cancel")],
    )

    def _oms_get_charged_money(self):
        """{line: its amounts as they are booked, each tax by its id}. What is pinned is read, the rest is computed by Odoo
        from its own tax lines."""
        result = {line: _pinned_money(line.extra_tax_data) for line in self if line._is_oms_pinned()}
        for move, lines in (self - self.browse().union(*result)).grouped("move_id").items():
            found = {one["record"]: one["tax_details"] for one in move._get_rounded_base_and_tax_lines()[0]}
            step = Decimal(str(move.currency_id.rounding))
            for line in lines:
                details = found[line]
                net = dec(details["total_excluded_currency"]) + dec(details["delta_total_excluded_currency"])
                taxes = defaultdict(Decimal)
                for tax in details["taxes_data"]:
                    taxes[tax["tax"].id] += dec(tax["tax_amount_currency"])
                result[line] = Money(net.quantize(step), {tax: sum_.quantize(step) for tax, sum_ in taxes.items()})
        return result

    def _is_oms_pinned(self):
        """Whether the amounts that this line came with are those that it is booked with."""
        self.ensure_one()
        pinned = self.extra_tax_data or {}
        taxes = set(map(int, pinned.get("manual_tax_amounts") or ()))
        return bool(
            taxes
            and taxes == set(self.tax_ids.flatten_taxes_hierarchy().ids)
            and self.currency_id.compare_amounts(
                self.price_subtotal, pinned.get("manual_total_excluded_currency") or 0.0
            )
            == 0
        )
