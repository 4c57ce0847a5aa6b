"""What channels are told about their orders: cancellations and refunds."""

from decimal import Decimal

from odoo import api, fields, models

from ..domain.outgoing import Cancellation, Item, Refund, RefundItem

#: Our reasons in the words that are common to all platforms.
REASONS = {
    "customer": "customer",
    "declined": "payment",
    "fraud": "fraud",
    "inventory": "stock",
}


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
            if not channel or record.asked_by == "channel" or record.state not in ("stopped", "partly"):
                continue
            items = ()
            if not (record.whole and record.state == "stopped"):
                items = tuple(
                    Item(line.sale_line_id.oms_external_id, Decimal(repr(line.stopped)))
                    for line in record.line_ids
                    if line.stopped and line.sale_line_id.oms_external_id
                )
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


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_on_refunded(self, refund):
        """Override of ``oms_core``: the channel is told as its setting says."""
        result = super()._oms_on_refunded(refund)
        for order in self:
            channel = order.oms_channel_id
            if channel.refund_policy in ("record", "pay"):
                document = order._oms_prepare_told_refund(refund, channel.refund_policy == "pay")
                self.env["oms.message"]._queue_out(channel, "refund", document, order)
        return result

    def _oms_prepare_told_refund(self, refund, pay):
        """A posted credit note in the words of the channel."""
        self.ensure_one()
        refund_sudo = refund.sudo()  # sudo: what is told follows from the posted entry, whoever caused it
        items, shipping = [], Decimal(0)
        for line in refund_sudo.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
            sale_line = line.sale_line_ids.filtered(lambda sale_line: sale_line.order_id == self)[:1]
            total, untaxed = Decimal(str(line.price_total)), Decimal(str(line.price_subtotal))
            if sale_line.oms_kind == "shipping":
                shipping += total
            elif sale_line.oms_external_id:
                items.append(
                    RefundItem(
                        line_ref=sale_line.oms_external_id,
                        quantity=Decimal(repr(line.quantity)),
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
        )
