"""Exchanges and replacements: other goods for what came back, or before it does. Each is an order of its own.

::

    same goods, even      credit note  Dr income, taxes, stock   Cr receivable, cost of goods
                          invoice      Dr receivable, cost       Cr income, taxes, stock        the one pays the other
    replacement of what   invoice of 0 Dr cost of goods          Cr stock
    never comes back

Goods that come back are always credited and the new ones invoiced, also where no money moves: so the cost of both, and what
a later return of the new goods is worth, are right in every cost method.
"""

from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models

from ..domain.exchange import split

#: Outcomes that send other goods.
SENDING = ("exchange", "replacement")


class OmsReturn(models.Model):
    _inherit = "oms.return"

    ships_first = fields.Boolean(
        string="Send First",
        copy=False,
        tracking=True,
        help="The new goods leave when the return is authorized, before the others have come back. Who does not send those "
        "in time is asked to pay.",
    )
    exchange_until = fields.Date(
        string="To Come Back Until", copy=False, readonly=True, help="After this day the customer is asked to pay."
    )
    exchange_asked_at = fields.Datetime(string="Asked to Pay On", copy=False, readonly=True)
    exchange_order_ids = fields.One2many("sale.order", "oms_exchange_return_id", string="New Orders")
    exchange_order_count = fields.Integer(compute="_compute_exchange", compute_sudo=True)
    exchange_due = fields.Monetary(
        string="Owed by the Customer",
        compute="_compute_exchange",
        compute_sudo=True,
        help="What the new goods cost beyond what came back. It is asked for and never taken.",
    )
    has_exchange = fields.Boolean(compute="_compute_has_exchange")

    @api.depends("line_ids.outcome")
    def _compute_has_exchange(self):
        for record in self:
            record.has_exchange = any(line.outcome in SENDING for line in record.line_ids)

    @api.depends(
        "exchange_order_ids.state",
        "exchange_order_ids.amount_total",
        "exchange_order_ids.oms_exchange_waits",
        "exchange_order_ids.invoice_ids.amount_residual",
    )
    def _compute_exchange(self):
        for record in self:
            orders = record.exchange_order_ids
            record.exchange_order_count = len(orders)
            sent = orders.filtered(lambda order: not order.oms_exchange_waits)
            record.exchange_due = record._get_exchange_open(sent) - record._get_pledged()

    def _get_exchange_open(self, orders):
        """What is open of these orders with new goods, invoiced or not yet."""
        invoices = orders.invoice_ids.filtered(lambda move: move.state == "posted" and move.move_type == "out_invoice")
        return sum(invoices.mapped("amount_residual")) + orders._oms_get_uninvoiced()

    @api.depends("exchange_order_ids.amount_total", "exchange_order_ids.state", "exchange_order_ids.invoice_ids.state")
    def _compute_amount_to_repay(self):
        """Override: what new goods are to be paid with is not paid back."""
        result = super()._compute_amount_to_repay()
        for record in self:
            record.amount_to_repay -= record._get_pledged()
        return result

    def _get_pledged(self, orders=None, new=None):
        """What of the open credit notes the invoices of new goods will take, once they are posted.

        :param orders: of the credit notes of these orders only.
        :param new: for the new goods of this order only.
        """
        self.ensure_one()
        rows_sudo = self.settlement_ids.sudo().filtered("order_id")  # sudo: amounts alone
        pledged = 0.0
        for order, rows in rows_sudo.grouped("order_id").items():
            if new is not None and order != new:
                continue
            moves = rows.move_id.filtered(lambda move: move.state == "posted")
            if orders is not None:
                moves &= orders.sudo().invoice_ids  # sudo: as above
            pledged += min(sum(moves.mapped("amount_residual")), order._oms_get_uninvoiced())
        return pledged

    def _get_to_repay(self):
        """Override: what new goods will be paid with stays."""
        owed = super()._get_to_repay()
        rest = {order: self.currency_id.round(amount - self._get_pledged(order)) for order, amount in owed.items()}
        return {order: amount for order, amount in rest.items() if self.currency_id.compare_amounts(amount, 0) > 0}

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_view_exchange_orders(self):
        self.ensure_one()
        return self.exchange_order_ids._get_records_action(name=self.env._("New Orders"))

    def action_authorize(self):
        """Override: the new goods are set aside, or sent at once."""
        result = super().action_authorize()
        for record in self:
            record._reserve_exchange()
            if record.ships_first and (order_sudo := record._get_waiting_order_sudo()):
                days = record.company_id.sudo().oms_exchange_days  # sudo: a setting, whoever asks
                record.exchange_until = record.company_id._oms_get_today() + timedelta(days=days)
                order_sudo._oms_send_exchange()
        return result

    def _set_state(self, state):
        """Override: nothing is kept for what nobody expects any more."""
        result = super()._set_state(state)
        if state in ("refused", "cancelled", "closed"):
            for record in self:
                record._release_exchange()
        return result

    # ---------------------------------------------------------------------------------------------------- SET ASIDE

    def _get_waiting_order_sudo(self):
        # sudo: the orders of an exchange follow from the return; a clerk of returns need have no right to sell
        return self.exchange_order_ids.sudo().filtered(
            lambda order: order.oms_exchange_waits and order.state in ("draft", "sent")
        )[:1]

    def _get_wanted_goods(self):
        """{line: quantity} of other goods that are asked for and not sent yet."""
        wanted = {}
        for line in self.line_ids.filtered(lambda line: line.outcome in SENDING):
            sent = line.exchange_sale_line_ids.sudo().filtered(  # sudo: quantities alone
                lambda one: one.order_id.state == "sale" and not one.order_id.oms_exchange_waits
            )
            rest = Decimal(repr(line.quantity)) - sum((Decimal(repr(one.product_uom_qty)) for one in sent), Decimal(0))
            if rest > 0:
                wanted[line] = rest
        return wanted

    def _reserve_exchange(self):
        """Set aside what is asked for instead of what comes back, on an order that waits for it. May be called again."""
        self.ensure_one()
        wanted = self._get_wanted_goods()
        order_sudo = self._get_waiting_order_sudo()
        if not wanted:
            order_sudo._action_cancel()
            return order_sudo
        if not order_sudo:
            # sudo: as above
            order_sudo = self.env["sale.order"].sudo().create(self._prepare_exchange_order())
        order_sudo._oms_fill_exchange(wanted)
        return order_sudo

    def _release_exchange(self):
        """Let go what waits; what was sent first and has not left yet is called off."""
        self.ensure_one()
        # sudo: as above
        for order_sudo in self.exchange_order_ids.sudo().filtered(lambda order: order.state != "cancel"):
            left = any(line._oms_get_left() > 0 for line in order_sudo.order_line.filtered("product_id"))
            if order_sudo.oms_exchange_waits or (self.state in ("refused", "cancelled") and not left):
                order_sudo._action_cancel()
            elif self.state in ("refused", "cancelled"):
                self.message_post(
                    body=self.env._(
                        "%s has left already: it is to be paid, or comes back on a return of its own.", order_sudo.name
                    )
                )

    def _prepare_exchange_order(self):
        """Values of the order that an exchange is: of the same channel, for the same customer at the same address."""
        origin = self._get_first_order().sudo()  # sudo: as above
        pages = {"quotation_document_ids": []} if "quotation_document_ids" in origin._fields else {}
        values = {
            **pages,
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "origin": self.name,
            "oms_exchange_return_id": self.id,
            "oms_exchange_waits": True,
            "oms_ordered_at": fields.Datetime.now(),
            "payment_term_id": False,
            "validity_date": False,
            "require_signature": False,
            "require_payment": False,
            "user_id": origin.user_id.id,
        }
        if origin:
            values |= {
                "partner_invoice_id": origin.partner_invoice_id.id,
                "partner_shipping_id": origin.partner_shipping_id.id,
                "oms_channel_id": origin.oms_channel_id.id,
                "journal_id": origin.journal_id.id,
                "pricelist_id": origin.pricelist_id.id,
                "fiscal_position_id": origin.fiscal_position_id.id,
                "team_id": origin.team_id.id,
                "warehouse_id": origin.warehouse_id.id,
                "client_order_ref": origin.client_order_ref,
            }
        return values

    # ------------------------------------------------------------------------------------------------------- SETTLE

    def _settle_exchange(self, parts):
        """Credit what came back, send the new goods, and let the one pay for the other.

        :param dict parts: ``{return line: Decimal quantity}``
        :return: the posted credit notes.
        """
        self.ensure_one()
        order_sudo = self._get_order_for_sudo(parts)
        moves = self._credit(parts, new_order=order_sudo)
        if order_sudo.oms_exchange_waits:
            order_sudo._oms_match_credits(moves)
        self._carry_over(moves, order_sudo)
        if order_sudo.oms_exchange_waits:
            order_sudo._oms_send_exchange()
        order_sudo._oms_reconcile()
        self._tell_difference(order_sudo)
        return moves

    def _carry_over(self, moves, order_sudo):
        """Hook: what was paid otherwise than with money for what these credit notes credit pays for the new goods."""

    def _settle_replacement(self, parts):
        """Send the same again: for goods that come back as an even exchange, else free of charge.

        :return: the new order, and credit notes for what came back.
        """
        self.ensure_one()
        coming = {line: quantity for line, quantity in parts.items() if line.expects_goods}
        free = {line: quantity for line, quantity in parts.items() if not line.expects_goods}
        if coming:
            self._settle_exchange(coming)
        if free:
            order_sudo = self._get_order_for_sudo(free)
            for line, quantity in free.items():
                line._settled(quantity, order=order_sudo, note=line.comment or line.reason_id.name)
            if order_sudo.oms_exchange_waits:
                order_sudo._oms_send_exchange()
        return self.exchange_order_ids

    def _get_order_for_sudo(self, parts):
        """The order with the new goods for these parts: the one that was sent first, or the one that waits, or what is taken
        out of it."""
        sent_sudo = self.exchange_order_ids.sudo().filtered(
            lambda order: (
                order.state == "sale" and order.order_line.oms_exchange_line_id & self.line_ids.browse(_ids(parts))
            )
        )
        wanted = self._get_wanted_goods()
        if sent_sudo and not any(line in wanted for line in parts):
            return sent_sudo[-1:]
        waiting_sudo = self._reserve_exchange()
        _now, stays = split(
            {line.id: quantity for line, quantity in wanted.items()},
            {line.id: quantity for line, quantity in parts.items()},
        )
        if not stays:
            return waiting_sudo
        # sudo: as for the order that waits
        order_sudo = self.env["sale.order"].sudo().create(self._prepare_exchange_order())
        waiting_sudo._oms_fill_exchange({self.line_ids.browse(key): quantity for key, quantity in stays.items()})
        order_sudo._oms_fill_exchange(parts)
        return order_sudo

    def _tell_difference(self, order_sudo):
        """Say on the return what is owed for this order; nothing is taken."""
        self.invalidate_recordset(["exchange_due", "amount_to_repay"])
        due = self._get_exchange_open(order_sudo) - self._get_pledged(new=order_sudo)
        if self.currency_id.compare_amounts(due, 0) > 0:
            self.message_post(
                body=self.env._(
                    "%(amount)s more than what came back: to be paid by the customer on %(order)s, %(link)s",
                    amount=self.currency_id.format(due),
                    order=order_sudo.name,
                    link=order_sudo._oms_get_pay_link(),
                )
            )


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    exchange_product_id = fields.Many2one(
        "product.product",
        string="For",
        check_company=True,
        ondelete="restrict",
        domain="[('type', '=', 'consu'), ('sale_ok', '=', True)]",
        help="What the customer gets instead. Empty: the same product.",
    )
    exchange_sale_line_ids = fields.One2many("sale.order.line", "oms_exchange_line_id", string="New Order Lines")

    def _get_exchange_product(self):
        return self.exchange_product_id or self.product_id

    def _is_free(self):
        """A replacement of what never comes back: the original is paid for, and this is the same once more."""
        return self.outcome == "replacement" and not self.expects_goods


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_tenders(self, anyhow=False):
        """Override: what the customer paid for an exchange is, beside a difference, what was paid for the first order."""
        tenders = super()._oms_get_tenders(anyhow)
        if self.oms_exchange_return_id:
            return {
                **tenders,
                **self.oms_exchange_return_id.sudo()._get_first_order()._oms_get_tenders(anyhow),
            }  # sudo: amounts
        return tenders

    def _oms_pay_back(self, source, amount):
        """Override: what goes back for an exchange went back for the order that paid for it, too."""
        moves = super()._oms_pay_back(source, amount)
        if others := source.sale_order_ids - self:
            moves.origin_payment_id.payment_transaction_id.sale_order_ids |= others
        return moves


def _ids(records):
    return [record.id for record in records]
