"""What channels are told about their orders: cancellations and refunds."""

from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.oms_core.alone import leave_task

from ..domain.envelope import open_sealed
from ..domain.outgoing import Cancellation, Item, Refund, RefundItem, ReturnItem, ReturnStep

#: Our reasons in the words that are common to all platforms.
REASONS = {
    "customer": "customer",
    "declined": "payment",
    "fraud": "fraud",
    "inventory": "stock",
}


#: Messages that tell channels about credit notes.
REFUND_MESSAGES = (("direction", "=", "out"), ("kind", "=", "refund"), ("res_model", "=", "sale.order"))


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    refund_policy = fields.Selection(
        [
            ("none", "Nothing: it is refunded there by hand"),
            ("record", "That it was refunded, to keep in its books"),
            ("pay", "To pay it back"),
        ],
        string="Refunds: Tell the Shop",
        required=True,
        default="none",
        tracking=True,
        help="What the shop is told when a refund is posted here. “Pay it back” moves money: the shop repays its customer "
        "the way the customer paid. Marketplaces know no other way.",
    )


class OmsCancellation(models.Model):
    _inherit = "oms.cancellation"

    @api.model_create_multi
    def create(self, vals_list):
        """Override: one that was decided as it was made is told at once."""
        records = super().create(vals_list)
        records.filtered("decided_at")._oms_tell_channel()
        return records

    def _finish(self, state, outcome):
        """Override: what was stopped is told to the channel."""
        result = super()._finish(state, outcome)
        self._oms_tell_channel()
        return result

    def _oms_tell_channel(self):
        """Tell the channels what is not going to be delivered, unless they said so themselves."""
        messages = self.env["oms.message"]
        for record in self:
            order, channel = record.order_id, record.channel_id
            unknown = not channel or not order.oms_external_id  # an exchange is of no channel's making
            if unknown or record.asked_by == "channel" or record.state not in ("stopped", "partly"):
                continue
            items = ()
            if not (record.whole and record.state == "stopped"):
                items = record._oms_get_told_items()
                if not items:
                    continue
            elif order.state != "cancel":
                continue  # it waits for an accountant; told when it is really cancelled
            document = Cancellation(
                key=f"cancellation-{record.id}",
                order_ref=order.oms_external_id,
                reason=REASONS.get(record.reason, "other"),
                items=items,
                note=record.note or "",
                notify=channel.owns_contact,
            )
            messages._queue_out(channel, "cancellation", document, order)

    def _oms_get_told_items(self):
        """What was stopped, in the channel's units. Of a pack of which some pieces go on, the channel can be told nothing:
        a person has to."""
        self.ensure_one()
        items, broken = [], []
        for line in self.line_ids.filtered(lambda line: line.stopped and line.sale_line_id.oms_external_id):
            sale_line = line.sale_line_id
            stopped, before = Decimal(repr(line.stopped)), self._oms_get_stopped_before(sale_line)
            if units := sale_line._oms_to_units(stopped, before):
                items.append(Item(sale_line.oms_external_id, units))
            if sale_line.oms_pack_size > 1 and (rest := (before + stopped) % sale_line.oms_pack_size):
                broken.append((sale_line, rest))
        for sale_line, rest in broken:
            leave_task(
                self.order_id,
                self.env._("%(shop)s: a pack of %(name)s is broken", shop=self.channel_id.name, name=sale_line.name),
                self.env._(
                    "%(rest)s of the %(size)s pieces of a pack were cancelled, and %(shop)s knows whole packs only. Cancel the "
                    "rest of the pack too, or come to terms with the customer there.",
                    rest=f"{rest.normalize():f}",
                    size=sale_line.oms_pack_size,
                    shop=self.channel_id.name,
                ),
                self.channel_id._get_responsible(),
            )
        return tuple(items)

    def _oms_get_stopped_before(self, sale_line):
        """Pieces of a line that other cancellations stopped and the channel was told of."""
        others = self.order_id.oms_cancellation_ids.filtered(
            lambda record: record != self and record.asked_by != "channel" and record.state in ("stopped", "partly")
        )
        return sum(
            (Decimal(repr(line.stopped)) for line in others.line_ids if line.sale_line_id == sale_line), Decimal(0)
        )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_on_refunded(self, refund, is_paid_here=False):
        """Override of ``oms_core``: the channel is told as its setting says. Only for its books it is told what a till pays
        back in this very moment, and what is set off against what the customer owes."""
        result = super()._oms_on_refunded(refund, is_paid_here)
        for order in self:
            channel = order.oms_channel_id
            # An exchange is an order of ours that the channel knows nothing of.
            if channel.refund_policy in ("record", "pay") and order.oms_external_id:
                pay = channel.refund_policy == "pay" and not is_paid_here and order._oms_is_owed_whole(refund)
                document = order._oms_prepare_told_refund(refund, pay)
                self.env["oms.message"]._queue_out(channel, "refund", document, order)
        return result

    def _oms_is_owed_whole(self, refund):
        """Whether the customer is to get all of what a credit note credits. Of what was set off in part, channels cannot be asked
        to pay the rest: a person is."""
        self.ensure_one()
        # sudo: what is owed must not depend on who credits
        owed, total = refund.sudo().amount_residual, refund.sudo().amount_total
        if not refund.currency_id.compare_amounts(owed, total):
            return True
        if not refund.currency_id.is_zero(owed):
            channel = self.oms_channel_id
            words = {"owed": refund.currency_id.format(owed), "shop": channel.name, "note": refund.name}
            leave_task(
                self,
                self.env._("%(owed)s of %(note)s are to be paid back", **words),
                self.env._(
                    "%(note)s credits %(total)s. %(owed)s of it are owed to the customer, the rest is set off against what was "
                    "not paid. %(shop)s was not asked to pay: pay %(owed)s back there by hand, then record the repayment on the "
                    "return.",
                    total=refund.currency_id.format(total),
                    **words,
                ),
                channel._get_responsible(),
            )
        return False

    def _oms_tell_return(self, step):
        """Override of ``oms_core``: a channel that has returns is told each step once."""
        result = super()._oms_tell_return(step)
        channel = self.oms_channel_id
        # Sent back to draft and agreed to anew, a return takes the same step a second time.
        before = self.env["oms.message"].sudo()  # sudo: whoever works returns need not read what channels are told
        name = f"return:{step.key}-{step.step}"
        count = before.search_count([("channel_id", "=", channel.id), ("event_key", "=like", f"{name}%")])
        document = ReturnStep(
            key=f"{step.key}-{step.step}{f'-{count + 1}' if count else ''}",
            order_ref=self.oms_external_id or "",
            return_ref=step.external_id,
            step=step.step,
            items=tuple(ReturnItem(*line) for line in step.lines),
            note=step.note,
            notify=channel.owns_contact,
            goods=step.goods,
            location_ref=self._oms_get_told_location(step.warehouse_id),
        )
        if self.oms_external_id:
            self.env["oms.message"]._queue_out(channel, "return", document, self)
        return result

    def _oms_get_told_location(self, warehouse_id):
        """What the channel calls one of our places, if it knows it."""
        # sudo: what a place is called elsewhere is no secret of those who set channels up
        mapped_sudo = self.oms_channel_id.sudo().mapping_ids.filtered(
            lambda one: one.kind == "location" and warehouse_id in one.warehouse_id.ids
        )
        return mapped_sudo[:1].external_code or ""

    def _oms_get_told_credit_notes(self):
        """Override of ``oms_core``: by our own key, and by what the channel calls what came of it."""
        told = dict(super()._oms_get_told_credit_notes())
        for message_sudo in self._oms_get_refund_messages_sudo():
            key = message_sudo.event_key.removeprefix("refund:")
            move_id = key.removeprefix("refund-")
            if move_id.isdigit() and (move := self.env["account.move"].browse(int(move_id)).exists()):
                told[key] = move
                if message_sudo.reference:
                    told[message_sudo.reference] = move
        return told

    def _oms_get_refund_messages_sudo(self):
        # sudo: what is told to channels is for managers; which credit note it is about is needed by whoever books
        return (
            self.env["oms.message"]
            .sudo()
            .search([*REFUND_MESSAGES, ("channel_id", "=", self.oms_channel_id.id), ("res_id", "=", self.id)])
        )

    def _oms_is_repaid_by_channel(self, credit_note):
        """Override of ``oms_core``: unless a person has dismissed the message."""
        asked = self._oms_get_refund_messages_sudo().filtered(
            lambda message: (
                message.event_key == f"refund:refund-{credit_note.id}" and message.state not in ("ignored", "dismissed")
            )
        )
        told = (open_sealed("refund", message_sudo._get_body()).pay for message_sudo in asked)
        return any(told) or super()._oms_is_repaid_by_channel(credit_note)

    def _oms_on_repaid_by_channel(self, credit_note):
        """Override of ``oms_core``: what has not been sent yet must not be paid a second time."""
        result = super()._oms_on_repaid_by_channel(credit_note)
        for message_sudo in self._oms_get_refund_messages_sudo():
            waits = message_sudo.state in ("pending", "retry") and not message_sudo.sent_at
            if waits and message_sudo.event_key == f"refund:refund-{credit_note.id}":
                message_sudo._set_state("ignored", error=self.env._("The channel has paid it back already."))
        return result

    def _oms_may_book_channel_refunds(self):
        """Override of ``oms_core``: of orders that are kept without their bookings, nothing is booked."""
        return self.oms_past != "kept" and super()._oms_may_book_channel_refunds()

    def _oms_prepare_told_refund(self, refund, pay):
        """A posted credit note in the words of the channel."""
        self.ensure_one()
        refund_sudo = refund.sudo()  # sudo: what is told follows from the posted entry, whoever caused it
        items, shipping = [], Decimal(0)
        for line in refund_sudo.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
            sale_line = line._oms_get_sale_lines().filtered(lambda sale_line: sale_line.order_id == self)[:1]
            total, untaxed = Decimal(str(line.price_total)), Decimal(str(line.price_subtotal))
            if sale_line.oms_kind == "shipping":
                shipping += total
            elif sale_line.oms_external_id:
                items.append(
                    RefundItem(
                        line_ref=sale_line.oms_external_id,
                        quantity=self._oms_get_refunded_units(refund_sudo, line, sale_line),
                        amount=untaxed,
                        taxes=(("", total - untaxed),) if total != untaxed else (),
                    )
                )
        return Refund(
            key=f"refund-{refund.id}",
            order_ref=self.oms_external_id,
            amount=Decimal(str(refund_sudo.amount_total)),
            currency=refund_sudo.currency_id.name,
            items=tuple(items),
            shipping=shipping,
            reason=refund_sudo.ref or "",
            pay=pay,
            notify=self.oms_channel_id.owns_contact,
            return_ref=refund_sudo._oms_get_channel_return_ref(),
        )

    @api.model
    def _oms_get_refunded_units(self, refund_sudo, line, sale_line):
        """What a line of a credit note is in the channel's units; of a broken pack the money alone is told."""
        quantity = Decimal(repr(line.quantity))
        if sale_line.oms_pack_size <= 1:
            return quantity
        others_sudo = sale_line.sudo().invoice_lines.filtered(  # sudo: as above
            lambda one: (
                one.move_id.move_type == "out_refund"
                and one.move_id.state == "posted"
                and (one.move_id.id, one.id) < (refund_sudo.id, line.id)
            )
        )
        before = sum((sale_line._oms_quantity_of(one) for one in others_sudo), Decimal(0))
        return sale_line._oms_to_units(sale_line._oms_quantity_of(line), before)
