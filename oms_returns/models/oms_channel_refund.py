"""Refunds that a channel made: which of our documents they are, and what of their goods has not to leave any more."""

import hashlib
import json
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Command, Domain

from odoo.addons.oms_core.const import INSIDE
from odoo.addons.oms_core.domain.money import ZERO

from ..const import REFUND_DETAILS_WAIT_H
from ..domain.channel_refund import CreditNote, Standing, match, tell_apart
from .account_move import COUNTED_KINDS

#: What was decided about a cancellation that counts.
STOPPED = ("stopped", "partly")


class OmsChannelRefund(models.Model):
    """A refund by a channel is booked once as it is told; told otherwise later, that is taken back and booked anew."""

    _inherit = "oms.channel.refund"

    booking = fields.Selection(
        [
            ("hand", "By hand"),
            ("todo", "To be booked"),
            ("waiting", "Waiting"),
            ("booked", "Booked"),
            ("matched", "Paid what we credited"),
            ("nothing", "Nothing to book"),
            ("task", "For a person"),
            ("undone", "Taken back"),
        ],
        required=True,
        readonly=True,
        # What was known before there was anybody to book it has been booked by a person.
        default="hand",
        index=True,
    )
    booking_note = fields.Char(string="What Came of It", readonly=True)
    booked_as = fields.Char(string="Told When Booked", readonly=True, help="What the channel said when it was booked.")
    paid_as = fields.Char(readonly=True, help="What it said when the money was booked; the credit may still wait.")
    rounds = fields.Integer(readonly=True, help="How often it was taken back.")
    units = fields.Json(readonly=True, help="What its units were found to be, by line.")
    cancellation_ids = fields.Many2many("oms.cancellation", string="Called Off", readonly=True)
    credit_note_id = fields.Many2one(
        "account.move",
        string="Our Credit Note",
        readonly=True,
        index="btree_not_null",
        help="The channel paid it back.",
    )
    move_ids = fields.One2many("account.move", "oms_channel_refund_id", string="Booked As", readonly=True)
    transaction_ids = fields.One2many("payment.transaction", "oms_channel_refund_id", readonly=True)
    return_ids = fields.One2many("oms.return", "oms_channel_refund_id", string="Returns", readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        """Override: what is told from now on is booked without a person."""
        refunds = super().create(vals_list)
        for refund in refunds:
            if refund.booking == "hand" and refund.order_id._oms_books_channel_refunds():
                refund.booking = "todo"
        return refunds

    def _get_told(self):
        """What the channel says, in short; empty while no money has gone."""
        self.ensure_one()
        if self.state != "done":
            return False
        lines = sorted(
            [line.external_line_id, line.quantity, line.amount, line.tax, line.goods or "", line.restock]
            for line in self.line_ids
        )
        told = json.dumps([round(self.amount, 6), round(self.shipping, 6), self.tenders or [], self.is_sum_only, lines])
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def _get_rows(self):
        """{(line of the order on the channel, what happens to the goods): told lines}"""
        return self.line_ids.grouped(lambda line: (line.external_line_id, line.goods or ""))

    @api.model
    def _unit_key(self, row):
        return "|".join(row)

    def _get_units(self, row):
        """(called off before, not to be sent, sent) as was found when it was told; nothing where it was not looked at."""
        units = (self.units or {}).get(self._unit_key(row), {})
        return tuple(Decimal(units.get(name, "0")) for name in ("before", "unsent", "sent"))


class AccountMove(models.Model):
    _inherit = "account.move"

    oms_channel_refund_id = fields.Many2one(
        "oms.channel.refund", string="Refund by the Channel", readonly=True, copy=False, index="btree_not_null"
    )

    def _post(self, soft=True):
        """Override: what waits for an invoice goes on when there is one."""
        posted = super()._post(soft)
        # sudo: whoever posts an invoice need not know what waits for it
        invoices_sudo = posted.sudo().filtered(lambda move: move.move_type == "out_invoice" and move.oms_channel_id)
        refunds_sudo = invoices_sudo.line_ids.sale_line_ids.order_id.oms_channel_refund_ids
        if waiting_sudo := refunds_sudo.filtered(lambda refund: refund.booking == "waiting"):
            waiting_sudo.booking = "todo"
            waiting_sudo.order_id._oms_wake_booking()
        return posted


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    oms_channel_refund_id = fields.Many2one(
        "oms.channel.refund", string="Refund by the Channel", readonly=True, copy=False, index="btree_not_null"
    )


class OmsReturn(models.Model):
    _inherit = "oms.return"

    oms_channel_refund_id = fields.Many2one(
        "oms.channel.refund",
        string="Refund by the Channel",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The channel paid back before the goods came.",
    )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_books_channel_refunds(self):
        """Override of ``oms_core``: here is who books them."""
        return self._oms_may_book_channel_refunds()

    def _oms_refund_reasons(self, doc):
        """Override of ``oms_core``: refunds are booked. Only where all was paid back and nothing said of the goods, somebody
        has to say whether they are still to leave."""
        yield from super()._oms_refund_reasons(doc)
        if not self._oms_books_channel_refunds():
            return
        bare = sum((one.amount for one in doc.refunds if not (one.pending or one.lines or one.our_key)), ZERO)
        goods = self.order_line.filtered(lambda line: line._is_oms_goods())
        if 0 < doc.total <= bare and any(line.product_uom_qty > line._oms_get_left() for line in goods):
            yield (
                "refund",
                self.env._(
                    "The channel has paid back %(amount)s %(currency)s, all of this order, and does not say whether the goods "
                    "are still wanted. Cancel the order, or release it to send them nevertheless. The money books itself.",
                    amount=bare,
                    currency=doc.currency,
                ),
            )

    def _oms_on_channel_refunds(self):
        """Override of ``oms_core``: nobody sends what was paid back; the job books the rest."""
        result = super()._oms_on_channel_refunds()
        for order in self:
            order._oms_follow_channel_refunds()
        return result

    def _oms_follow_channel_refunds(self):
        self.ensure_one()
        # sudo: what a channel gave back is written by the system alone
        refunds_sudo = self.sudo().oms_channel_refund_ids.filtered(lambda refund: refund.booking != "hand")
        for refund_sudo in refunds_sudo:
            told = refund_sudo._get_told()
            before = refund_sudo.booked_as or refund_sudo.paid_as
            if told == before:
                continue
            if told or before:
                refund_sudo.booking = "todo"
            elif refund_sudo.state == "withdrawn":
                refund_sudo.booking = "nothing"
        if self.state == "sale":
            self._oms_call_off_refunded()
        if refunds_sudo.filtered(lambda refund: refund.booking == "todo" and refund.state != "pending"):
            self._oms_wake_booking()

    def _oms_get_asked_lists(self):
        """Override: as :meth:`_action_confirm`."""
        return [*super()._oms_get_asked_lists(), "oms_channel_refund_ids"]

    def _action_confirm(self):
        """Override of ``sale``: what was paid back before is not asked of the warehouse."""
        for order in self.filtered("oms_channel_id"):
            order._oms_call_off_refunded()
        wanted = self.filtered(lambda order: order.state != "cancel")
        return super(SaleOrder, wanted)._action_confirm() if wanted else True

    # ---------------------------------------------------------------------------------------------------- MATCHING

    def _oms_match_refund(self, refund_sudo):
        """Find out whether the channel only paid back what we had credited."""
        if refund_sudo.credit_note_id or refund_sudo.move_ids:
            return
        notes_sudo = self.sudo().invoice_ids.filtered(
            lambda move: move.move_type == "out_refund" and move.state == "posted" and not move.oms_channel_refund_id
        )
        notes_sudo -= self.sudo().oms_channel_refund_ids.credit_note_id
        became_else_sudo = self._oms_get_not_in_money(notes_sudo, refund_sudo.amount)
        names = {}
        for name, move in self._oms_get_told_credit_notes().items():
            names.setdefault(move.id, set()).add(name)
        candidates = [
            CreditNote(
                key=move.id,
                amount=Decimal(str(move.amount_total)),
                names=frozenset(names.get(move.id, ())),
                quantities=self._oms_get_credited_units(move),
                in_money=move not in became_else_sudo,
            )
            for move in notes_sudo.sorted("id")
        ]
        quantities = {}
        for line in refund_sudo.line_ids.filtered("sale_line_id"):
            units = Decimal(repr(line.quantity)) * (line.sale_line_id.oms_pack_size or 1)
            quantities[line.sale_line_id.id] = quantities.get(line.sale_line_id.id, ZERO) + units
        said = (refund_sudo.external_id, refund_sudo.our_key)
        is_unsent = set(refund_sudo.line_ids.mapped("goods")) == {"unsent"}
        found = match(said, Decimal(str(refund_sudo.amount)), quantities, candidates, is_unsent)
        if found:
            refund_sudo.credit_note_id = found.key

    @api.model
    def _oms_get_not_in_money(self, notes, amount):
        """Those of these credit notes that became store credit or other goods, and leave less than this to be paid back."""
        # sudo: what a channel has paid must not depend on who looks
        rows_sudo = self.env["oms.return.settlement"].sudo()
        rows_sudo = rows_sudo.search([("move_id", "in", notes.ids), ("outcome", "!=", "refund")])
        return rows_sudo.filtered(
            lambda row: row.currency_id.compare_amounts(row.return_id.amount_to_repay, amount) < 0
        ).move_id

    @api.model
    def _oms_get_credited_units(self, move):
        units = {}
        for line in move.invoice_line_ids.filtered(lambda line: line.oms_refund_kind in COUNTED_KINDS):
            for sale_line in line._oms_get_sale_lines().filtered(lambda sale_line: sale_line._is_oms_goods()):
                units[sale_line.id] = units.get(sale_line.id, ZERO) + sale_line._oms_quantity_of(line)
        return units

    # --------------------------------------------------------------------------------------------------- CALLING OFF

    def _oms_call_off_refunded(self):
        """Stop what was paid back and has not left. Of a refund each unit is looked at once."""
        self.ensure_one()
        # sudo: what a channel gave back is written by the system alone
        refunds_sudo = self.sudo().oms_channel_refund_ids.filtered(
            lambda refund: refund.booking != "hand" and refund.state == "done"
        )
        for refund_sudo in refunds_sudo.sorted(lambda refund: (refund.refunded_at or refund.create_date, refund.id)):
            self._oms_match_refund(refund_sudo)
            if not refund_sudo.credit_note_id:
                self._oms_call_off_for(refund_sudo)

    def _oms_call_off_for(self, refund_sudo):
        units, wanted = dict(refund_sudo.units or {}), {}
        for row, lines in refund_sudo._get_rows().items():
            sale_line, key = lines.sale_line_id[:1], refund_sudo._unit_key(row)
            quantity = sum((Decimal(repr(line.quantity)) for line in lines), ZERO) * (sale_line.oms_pack_size or 1)
            if key in units or not quantity or not sale_line._is_oms_goods():
                continue
            found = tell_apart(quantity, row[1], sale_line._oms_get_refund_standing(wanted.get(sale_line, ZERO)))
            units[key] = {"before": str(found.before), "unsent": str(found.unsent), "sent": str(found.sent)}
            refund_sudo.units = dict(units)
            if found.unsent:
                wanted[sale_line] = wanted.get(sale_line, ZERO) + found.unsent
        if not wanted:
            return
        note = self.env._("The channel has paid it back (%s).", refund_sudo.reason or refund_sudo.external_id)
        goods = self.order_line.filtered(lambda line: line._is_oms_goods())
        paid_back = sum(self.sudo().oms_channel_refund_ids.filtered(lambda one: one.state == "done").mapped("amount"))
        if (
            all(line.product_uom_qty == float(wanted.get(line, 0)) for line in goods)
            and self.currency_id.compare_amounts(paid_back, self.oms_channel_total) >= 0
        ):
            self._oms_cancel(note)
            return
        before = {line: (line.price_subtotal, line.price_total) for line in wanted}
        cancellation = self._oms_request_cancellation("channel", "channel", note, wanted)
        refund_sudo.cancellation_ids = [Command.link(cancellation.id)]
        costs = {}
        for line, (net, total) in before.items():
            less = Decimal(str(net)) - Decimal(str(line.price_subtotal))
            tax = Decimal(str(total)) - Decimal(str(line.price_total)) - less
            costs[line.oms_external_id] = [str(less), str(tax), str(wanted[line])]
        refund_sudo.units = {**units, "costs": {**(units.get("costs") or {}), **costs}}

    # -------------------------------------------------------------------------------------------------------- BOOKING

    @api.model
    def _oms_booking_domain(self):
        """Override of ``oms_core``: also what channels paid back."""
        long_ago = fields.Datetime.now() - timedelta(hours=REFUND_DETAILS_WAIT_H)
        due = Domain("booking", "=", "todo") & (Domain("state", "!=", "pending") | Domain("paid_as", "!=", False))
        waited = (
            Domain("booking", "=", "waiting") & Domain("is_sum_only", "=", True) & Domain("create_date", "<", long_ago)
        )
        return super()._oms_booking_domain() | (
            Domain("oms_channel_id", "!=", False)
            & Domain("oms_booking_error", "=", False)
            & Domain("state", "in", ("sale", "cancel"))
            & Domain("oms_channel_refund_ids", "any", due | waited)
        )

    def _oms_book(self):
        """Override of ``oms_core``: with what is charged and taken, what was given back."""
        result = super()._oms_book()
        refunds = self.oms_channel_refund_ids.filtered(lambda refund: refund.booking in ("todo", "waiting"))
        for refund in refunds.sorted(lambda refund: (refund.refunded_at or refund.create_date, refund.id)):
            refund._book()
        if refunds:
            self._oms_reconcile()
            self._oms_end_paid_back()
        return result

    def _oms_is_stopped_whole(self):
        """Whether nothing of this order is wanted any more, though its bookings keep it from being cancelled."""
        self.ensure_one()
        return self.state == "cancel" or (
            any(one.whole and one.state == "stopped" for one in self.oms_cancellation_ids)
            # Until somebody decides otherwise, or takes the order up again.
            and any(hold.is_open and hold.kind == "cancel" for hold in self.oms_hold_ids)
        )

    def _oms_end_paid_back(self):
        """Cancel an order that was called off whole and waited for its bookings to come to nothing."""
        self.ensure_one()
        if (
            self.state != "sale"
            or not self._oms_is_stopped_whole()
            or any(line._oms_get_left() for line in self.order_line)
        ):
            return
        booked = self.invoice_ids.filtered(lambda move: move.state == "posted")
        charged = sum(move.amount_total * (1 if move.move_type == "out_invoice" else -1) for move in booked)
        taken = sum(self.transaction_ids.filtered(lambda tx: tx.state == "done").mapped("amount"))
        if self.currency_id.is_zero(charged) and self.currency_id.is_zero(taken):
            if self.locked:
                self.action_unlock()
            self.with_context(oms_cancellation=INSIDE)._action_cancel()
            self.oms_called_off = True
            self.oms_hold_ids.filtered(lambda hold: hold.is_open and hold.kind == "cancel")._release()
            self.message_post(body=self.env._("All of it was credited and paid back; the order is cancelled."))


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_get_refund_standing(self, wanted=ZERO):
        """How this line stands for one more refund.

        :param wanted: what the same refund is about to call off.
        """
        self.ensure_one()
        order_sudo = self.order_id.sudo()  # sudo: what was called off and paid back must not depend on who looks
        stopped = sum(
            Decimal(repr(line.stopped))
            for line in order_sudo.oms_cancellation_ids.filtered(lambda one: one.state in STOPPED).line_ids
            if line.sale_line_id == self
        )
        reckoned = settled = ZERO
        for refund in order_sudo.oms_channel_refund_ids.filtered(lambda refund: refund.state == "done"):
            for row in refund._get_rows():
                if row[0] == self.oms_external_id:
                    before, unsent, sent = refund._get_units(row)
                    reckoned += before + unsent
                    settled += sent
        return Standing(
            ordered=Decimal(repr(self.product_uom_qty)) - wanted,
            left=Decimal(repr(self._oms_get_left())),
            called_off=stopped - (reckoned - wanted),
            settled=settled,
        )
