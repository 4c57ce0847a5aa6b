"""What a channel asks of an order beside its lines: to look at its taxes, to call it off, or not to take it seriously."""

from decimal import Decimal

from odoo import api, fields, models

from ..domain.money import ZERO
from ..domain.tax_check import explained_by_rounding


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_is_test = fields.Boolean(
        string="Test Order", readonly=True, copy=False, help="Placed to try the shop out; nobody waits for it."
    )

    @api.model
    def _oms_prepare(self, channel, doc, parties, resolver):
        """Override to keep that it is a test."""
        return {**super()._oms_prepare(channel, doc, parties, resolver), "oms_is_test": doc.is_test}

    # ------------------------------------------------------------------------------------------------------- TESTS

    @api.model
    def _oms_why_no_test_order(self):
        return self.env._("A test order. The channel is set to ignore those.")

    def _oms_test_reasons(self, doc):
        if doc.is_test:
            yield (
                "test",
                self.env._(
                    "A test order: the shop says that it was placed to try something out. Cancel it, or release it if "
                    "its goods are really to be sent."
                ),
            )

    # ------------------------------------------------------------------------------------------------ CANCELLATIONS

    @api.model
    def _oms_follow_wishes(self, orders_and_docs):
        """Ask for the cancellations that customers asked the channel for; each once, however often the channel says so.

        In the name of the customer and not of the channel: there the order still stands, and has to be called off too.
        """
        for order, doc in orders_and_docs:
            if order.oms_updated_at and doc.updated_at.replace(tzinfo=None) < order.oms_updated_at:
                continue  # what was asked before what is known may have been withdrawn since
            if not doc.cancel_requested or doc.status == "cancelled" or order.state == "cancel":
                continue
            asked = order.oms_cancellation_ids.filtered(
                lambda record, note=doc.cancel_requested: (
                    record.whole and record.asked_by == "customer" and record.note == note
                )
            )
            if not asked:
                order._oms_request_cancellation("customer", "customer", doc.cancel_requested)

    # ------------------------------------------------------------------------------------------------------- TAXES

    def _oms_tax_reasons(self, doc, resolver):
        """For a channel whose taxes are compared: that they come to another amount here.

        Lines with a tax that the channel pays to the state itself are left out: what it is is the channel's to know.
        """
        self.ensure_one()
        if self.oms_channel_id.tax_mode != "compare":
            return
        base_lines, charged, rounded = [], ZERO, 0
        for line, record in zip(doc.lines, self.order_line.sorted("sequence"), strict=True):
            if any(tax.remitted for tax in line.taxes):
                continue
            taxes = self._oms_get_own_taxes(line, record, resolver)
            charged += line.tax_total
            rounded += max(len(taxes.flatten_taxes_hierarchy()), len([tax for tax in line.taxes if tax.amount]))
            base_lines.append(self._oms_prepare_tax_check(record, taxes))
        engine = self.env["account.tax"]
        company = self.company_id
        engine._add_tax_details_in_base_lines(base_lines, company)
        engine._round_base_lines_tax_details(base_lines, company)
        summary = engine._get_tax_totals_summary(base_lines, self.currency_id, company)
        step = Decimal(str(self.currency_id.rounding))
        computed = Decimal(repr(summary["tax_amount_currency"])).quantize(step)
        if not explained_by_rounding(charged, computed, rounded, step):
            yield (
                "tax",
                self.env._(
                    "The channel charged %(theirs)s of tax, by the taxes set here it is %(ours)s. Compare the taxes of the "
                    "products and the country of the customer with the shop, correct what is wrong and choose Check Again; "
                    "or release it as it was charged.",
                    theirs=self.currency_id.format(float(charged)),
                    ours=self.currency_id.format(float(computed)),
                ),
            )

    def _oms_get_own_taxes(self, line, record, resolver):
        """The taxes that this company would charge on a line; where it has no say of its own, those that were charged."""
        own = record.product_id.taxes_id._filter_taxes_by_company(self.company_id)
        is_known = line.kind == "product" and bool(resolver.known_product(line))
        return self.fiscal_position_id.map_tax(own) if own or is_known else record.tax_ids

    def _oms_prepare_tax_check(self, record, taxes):
        """The line for Odoo's tax engine, as it would come without the channel's amounts for taxes."""
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            {},
            product_id=record.product_id,
            partner_id=self.partner_id,
            currency_id=self.currency_id,
            rate=self.currency_rate,
            tax_ids=taxes,
            price_unit=record.price_subtotal,
            quantity=1.0,
            special_mode="total_excluded",
        )
