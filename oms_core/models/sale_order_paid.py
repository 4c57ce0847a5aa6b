"""Paid less, or more, than an order comes to: said with both numbers, and never made good by charging somebody."""

from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from ..domain.posting import PostingDraft, PostingLine
from .sale_order_money import exact


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    underpaid_policy = fields.Selection(
        [("hold", "Wait for the rest"), ("go", "Ship all the same")],
        string="Paid in Part",
        required=True,
        default="go",
        tracking=True,
        help="What happens to an order of which the channel has taken some of the money and not all. The rest stays open; "
        "nobody is charged for it by itself.",
    )
    underpaid_tolerance = fields.Monetary(
        string="Written Off Up To",
        help="So much may be missing of an order's money, in the company's currency: the order goes on, and when it is invoiced "
        "in full, what is missing is written off as a cash difference.",
    )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_overpaid = fields.Boolean(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="More was paid than the order came to when the payment was told; what of it is still to be paid back is counted.",
    )
    oms_can_keep_as_credit = fields.Boolean(compute="_compute_oms_can_keep_as_credit")

    def _compute_oms_can_keep_as_credit(self):
        """Hook: whether what was paid too much can become store credit. Add-ons that keep it say so."""
        self.oms_can_keep_as_credit = False

    def action_oms_keep_as_credit(self):
        """Hook: what was paid too much becomes store credit of the customer."""
        self.check_access("write")
        raise UserError(self.env._("Store credit is not kept here. Pay the money back."))

    def _oms_check_paid(self):
        """Hold those of these orders that are paid in part, as their channel says; let go of those that are paid by now."""
        for order in self:
            order_sudo = order.sudo()  # sudo: payments are closed to users by design
            reason = order_sudo._oms_why_underpaid() if order.state in ("draft", "sent", "sale") else ""
            if reason:
                order._oms_hold("money", reason, subject="underpaid")
                continue
            most = max(order.amount_total, order.oms_channel_total)  # two totals that differ are another hold's to say
            if not order_sudo.oms_overpaid and order_sudo._oms_get_taken() > exact(most):
                order_sudo.oms_overpaid = True
            order_sudo.oms_hold_ids.filtered(lambda hold: hold.is_open and hold.subject == "underpaid")._release()

    def _oms_why_underpaid(self):
        """The sentence about money that is missing; empty where nothing is, or where nothing came at all: how an order is paid
        of which no money is known, its channel and its terms say."""
        self.ensure_one()
        waits = any(hold.is_open and hold.kind == "payment" for hold in self.oms_hold_ids)
        if self.oms_channel_id.underpaid_policy == "go" or waits:
            return ""
        money, missing = self._oms_get_missing()
        if not missing or missing <= self._oms_get_tolerance():
            return ""
        return self.env._(
            "The order comes to %(total)s, and %(paid)s are paid or authorised. Ask the customer for %(missing)s, or take "
            "something off the order. It goes on by itself when the rest is paid.",
            total=self.currency_id.format(self.amount_total),
            paid=self.currency_id.format(float(money)),
            missing=self.currency_id.format(float(missing)),
        )

    def _oms_get_missing(self):
        """(what was taken or can be taken, what is missing of the order), the second 0 where no money is known at all."""
        left = sum((one.left for _tx, one in self._oms_get_authorizations()), Decimal(0))
        money = self._oms_get_taken() + left
        # Where the channel charged less than the order comes to here, that is another hold's to say.
        total = min(self.amount_total, self.oms_channel_total) if self.oms_external_id else self.amount_total
        return money, max(exact(total) - money, Decimal(0)) if money else Decimal(0)

    def _oms_get_tolerance(self):
        """What may be missing, in the currency of the order."""
        channel = self.oms_channel_id
        tolerance = channel.currency_id._convert(
            channel.underpaid_tolerance, self.currency_id, self.company_id, fields.Date.today()
        )
        return exact(tolerance)

    def _oms_book(self):
        """Override: what is missing within the tolerance is written off when everything is invoiced."""
        result = super()._oms_book()
        self._oms_write_off_missing()
        return result

    def _oms_write_off_missing(self):
        """One entry for what the customer paid too little.

        ::

            Dr cash difference   Cr receivable
        """
        self.ensure_one()
        channel = self.oms_channel_id
        if not channel.underpaid_tolerance or self.invoice_status != "invoiced":
            return
        _money, missing = self._oms_get_missing()
        items = self._oms_get_open_receivables()
        open_sum = sum((exact(item.amount_residual_currency) for item in items), Decimal(0))
        account_id = self.company_id._oms_rounding_values(-1).get("account_id")
        if not missing or open_sum != missing or missing > self._oms_get_tolerance() or not account_id:
            return
        item = items.filtered(lambda item: exact(item.amount_residual_currency) == open_sum)[:1]
        if not item:
            return
        text = self.env._(
            "%(order)s: %(paid)s too little paid",
            order=self.oms_number or self.name,
            paid=self.currency_id.format(float(missing)),
        )
        foreign = self.currency_id != self.company_id.currency_id
        amount = exact(item.amount_residual)
        money = {"currency": self.currency_id.name} if foreign else {}

        def line(account, sign, **values):
            given = {"currency_amount": sign * open_sum} if foreign else {}
            return PostingLine(
                account, sign * amount, text, item.partner_id.id, cause="underpaid", **money, **given, **values
            )

        self.env["account.move"]._oms_post(
            [
                PostingDraft(
                    key=f"underpaid:{self.id}",
                    date=self.company_id._oms_get_today(),
                    journal=self.company_id._oms_get_deferral_journal().id,
                    ref=text,
                    lines=(line(account_id, 1), line(item.account_id.id, -1, match=item.id)),
                )
            ]
        )
