from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models

from ..const import CHECK_GRACE_H
from ..domain.documents import LINE_KINDS
from ..domain.money import ZERO, share
from ..domain.quantities import complete_packs


class SaleOrderLine(models.Model):
    """A line that a channel charged keeps the channel's amounts, through later changes of quantity and partial invoices.

    The net price after all discounts is the unit price, in full precision; the taxes as charged are pinned through Odoo's
    own ``extra_tax_data``, which stands aside as soon as somebody changes quantity, price or taxes by hand.
    """

    _inherit = "sale.order.line"

    oms_external_id = fields.Char(string="Channel Line ID", readonly=True, copy=False)
    oms_kind = fields.Selection(
        [(kind, kind.replace("_", " ").capitalize()) for kind in LINE_KINDS], readonly=True, copy=False
    )
    oms_sku = fields.Char(string="Channel SKU", readonly=True, copy=False)
    oms_pack_size = fields.Integer(
        string="Pieces per Unit Sold",
        readonly=True,
        copy=False,
        default=1,
        help="One unit of the channel is so many pieces of the product. The channel is told in its units.",
    )
    oms_discount_amount = fields.Monetary(
        string="Discount Given", readonly=True, copy=False, help="Without tax. The price of the line has it taken off."
    )

    # --------------------------------------------------------------------------------------------------- PROCUREMENT

    def _prepare_procurement_values(self):
        """Override of ``sale_stock``: nothing is planned for the past.

        An order of a channel keeps the day on which it was placed. Where its message comes after that month was closed,
        ``stock_account`` would refuse a transfer that is planned for that day, and the order could not be confirmed.
        """
        values = super()._prepare_procurement_values()
        if self.order_id.oms_channel_id and values["date_planned"] < (now := fields.Datetime.now()):
            values["date_planned"] = now
        return values

    # ------------------------------------------------------------------------------------------------ CHANNEL'S UNITS

    def _oms_to_units(self, pieces, before=ZERO):
        """How many units of the channel's line are complete with these pieces, and were not without them.

        :param Decimal pieces: in the unit of this line.
        :param Decimal before: pieces that were counted earlier; the broken pack that they left is completed first.

        A case of six of which four and then eight pieces leave: none is complete at first, then two.
        """
        self.ensure_one()
        return complete_packs(pieces, self.oms_pack_size, before)

    # ---------------------------------------------------------------------------------------------------- INVOICING

    def _is_oms_goods(self):
        return self.product_id.type == "consu"

    @api.depends_context("oms_product_names")
    def _compute_display_name(self):
        """Override of ``sale``: where the order is known, a line is called by its product, not by words of the shop."""
        result = super()._compute_display_name()
        if self.env.context.get("oms_product_names"):
            for line in self.filtered("product_id"):
                line.display_name = line.product_id.display_name
        return result

    @api.depends(
        "order_id.oms_channel_id.invoice_policy",
        "order_id.order_line.qty_delivered",
        "order_id.oms_settled_on",
        "order_id.oms_external_id",
    )
    def _compute_qty_to_invoice(self):
        """Override of ``sale``: for orders of a channel its policy decides, not that of each product.

        When goods are invoiced at shipment, what is charged beside them (shipping, fees) goes with the first parcel. So it is
        for orders of ours (an exchange, one typed by hand) where the channel's own are invoiced with its payout.
        """
        result = super()._compute_qty_to_invoice()
        for order, lines in self.grouped("order_id").items():
            policy = order.oms_channel_id.invoice_policy
            if not policy or policy == "manual" or order.state != "sale":
                continue
            if policy == "settlement" and not (order.oms_external_id or order.oms_settled_on):
                policy = "shipment"  # the channel does not know the order: no payout of it will tell that it is paid
            goods = order.order_line.filtered(lambda line: line._is_oms_goods() and line.product_uom_qty > 0)
            waits = policy == "shipment" and goods and not any(line._oms_get_shipped() > 0 for line in goods)
            waits = waits or (policy == "settlement" and not order.oms_settled_on)
            for line in lines.filtered(lambda line: not line.display_type and line.product_id.type != "combo"):
                if waits:
                    line.qty_to_invoice = 0.0
                    continue
                at_shipment = policy == "shipment" and line._is_oms_goods()
                due = line._oms_get_shipped() if at_shipment else line.product_uom_qty
                charged, credited = line._oms_get_charged()
                # What was charged once is not charged again, whether it came back, was credited, or both. Below zero is
                # only what was charged and not credited beyond what is due: the accountant's to look at, not the job's.
                line.qty_to_invoice = float(
                    max(Decimal(repr(due)) - charged, Decimal(0))
                    or min(Decimal(repr(due)) - charged + credited, Decimal(0))
                )
        return result

    def _oms_get_parts(self):
        """Hook: what one of this line is made of when it leaves, where that is not the product itself.

        :return: {product: quantity in the product's own unit, for one in the unit of this line}; empty for what is no kit.
        """
        self.ensure_one()
        return {}

    def _oms_get_shipped(self):
        """How much of this line has left, in its unit, whatever came back since."""
        self.ensure_one()
        return sum(
            move.product_uom._compute_quantity(move.quantity, self.product_uom_id)
            for move in self._get_outgoing_incoming_moves()[0]
            if move.state == "done"
        )

    def _oms_is_expected(self):
        """Whether more of these goods will leave: some have not, and were not given up at their places a while ago. (What was
        given up just now may be sourced anew.)"""
        self.ensure_one()
        if not self._is_oms_goods() or self._oms_get_shipped() >= self.product_uom_qty:
            return False
        moves = self.move_ids
        waits = any(move.state not in ("done", "cancel") for move in moves)
        before = fields.Datetime.now() - timedelta(hours=CHECK_GRACE_H)
        return waits or not moves or max(moves.mapped("write_date")) >= before

    def _oms_get_left(self):
        """How much of this line cannot be stopped any more. Of what leaves in parts it may be more than has left whole."""
        return self._oms_get_shipped()

    def _oms_get_charged(self):
        """(quantity on invoices, quantity on credit notes) of this line in its unit, drafts included.

        :rtype: tuple[Decimal, Decimal]
        """
        self.ensure_one()
        quantities = {"out_invoice": Decimal(0), "out_refund": Decimal(0)}
        for line in self.sudo().invoice_lines:  # sudo: how much is charged must not depend on who looks
            if line.move_id.move_type in quantities and line.move_id.state != "cancel":
                quantities[line.move_id.move_type] += self._oms_quantity_of(line)
        return quantities["out_invoice"], quantities["out_refund"]

    def _oms_quantity_of(self, invoice_line):
        """The quantity of a line of an invoice in the unit of this line."""
        return Decimal(repr(invoice_line.product_uom_id._compute_quantity(invoice_line.quantity, self.product_uom_id)))

    def _prepare_invoice_line(self, **optional_values):
        """Override of ``sale``: an invoice over a part of a line has its exact share of the line's amounts."""
        company = self.company_id
        if self.product_id == self.env.ref("oms_core.product_gift_card"):
            company._oms_get_gift_card_account()
        values = super()._prepare_invoice_line(**optional_values)
        if self.product_id == self.env.ref("oms_core.product_rounding"):
            values.update(company._oms_rounding_values(self.price_subtotal))
        if self.oms_external_id and self.extra_tax_data and not self.is_downpayment:
            charged, _credited = self._oms_get_charged()
            values.update(self._oms_share(self, charged, charged + Decimal(repr(values["quantity"]))))
        return values

    @api.model
    def _oms_share(self, line, start, stop):
        """The price and the pinned taxes for the units from ``start`` to ``stop`` of a line of an order or an invoice.

        Consecutive parts sum to the line exactly, whatever the cuts are.

        :param line: ``sale.order.line`` or ``account.move.line`` with ``extra_tax_data``.
        :return: values for an ``account.move.line``; empty when the line was changed by hand since, and Odoo computes.
        """
        pinned = line.extra_tax_data or {}
        if "manual_tax_amounts" not in pinned or stop == start:
            return {}
        whole = Decimal(repr(pinned["quantity"]))
        base = line.price_subtotal
        still_pinned = (
            line.currency_id.compare_amounts(line.price_unit, pinned["price_unit"]) == 0
            and Decimal(repr(line.product_uom_qty if line._name == "sale.order.line" else line.quantity)) == whole
        )
        if not still_pinned:
            return {"extra_tax_data": False}
        step = Decimal(str(line.currency_id.rounding))

        def part(amount):
            return float(share(Decimal(repr(amount)).quantize(step), whole, start, stop, step))

        quantity = stop - start
        base_part = part(base)
        taxes = {
            tax_id: {
                "tax_amount_currency": part(amounts["tax_amount_currency"]),
                "base_amount_currency": base_part,
            }
            for tax_id, amounts in pinned["manual_tax_amounts"].items()
        }
        included = sum(
            taxes[str(tax.id)]["tax_amount_currency"]
            for tax in line.tax_ids
            if tax.price_include and str(tax.id) in taxes
        )
        price_unit = (base_part + included) / float(quantity)
        return {
            "price_unit": price_unit,
            "extra_tax_data": {
                **pinned,
                "quantity": float(quantity),
                "price_unit": price_unit,
                "manual_total_excluded_currency": base_part,
                "manual_tax_amounts": taxes,
            },
        }
