"""Money that a customer has authorised on a platform is taken and given free there: the platform is asked through the outbox."""

from odoo import models

from odoo.addons.oms_core.models.sale_order_money import exact

from ..domain.outgoing import Capture, Item
from ..platforms import PLATFORMS


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _takes_money_by_goods(self):
        """Override of ``oms_core``: as the platform does."""
        adapter = PLATFORMS.get(self.platform)
        return bool(adapter) and adapter.capabilities.captures_by_goods

    def _ask_for_money(self, transaction, by_hand=False):
        """Override of ``oms_core``: a platform that can be asked is asked."""
        kind = transaction.oms_asks
        document = transaction._oms_as_capture(self._takes_money_by_goods(), by_hand)
        if document and self.env["oms.message"]._queue_out(self, kind, document, transaction):
            return transaction._set_pending(state_message=self.env._("%s is asked.", self.name))
        return super()._ask_for_money(transaction, by_hand)


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _oms_get_prefix(self):
        """What references of this channel's transactions of the order begin with."""
        order = self.sale_order_ids[:1]
        return f"oms{order.oms_channel_id.id}-{order.oms_external_id}-"

    def _oms_as_capture(self, by_goods=False, by_hand=False):
        """What the platform is asked for; ``None`` for an authorisation that it did not tell of.

        :param by_goods: it takes money for goods only.
        :param by_hand: somebody chose the amount. By goods, nobody but a person there can take it, unless it is all that is left.
        """
        self.ensure_one()
        order, source = self.sale_order_ids[:1], self.source_transaction_id
        prefix = self._oms_get_prefix()
        if not order.oms_external_id or not source.reference.startswith(prefix):
            return None
        before = source.child_transaction_ids.filtered(
            lambda tx: tx.id < self.id and tx.oms_asks != "void" and tx.state in ("draft", "pending", "done")
        )
        is_rest = order._oms_get_taken() == exact(order.amount_total)
        if by_goods and by_hand and not is_rest:
            return None
        return Capture(
            key=self._oms_get_key(),
            order_ref=order.oms_external_id,
            authorization_ref=source.reference.removeprefix(prefix),
            amount=exact(self.amount),
            currency=self.currency_id.name,
            earlier=sum((exact(tx.amount) for tx in before), exact(0)),
            items=tuple(self._oms_get_paid_items(order, is_rest)) if by_goods else (),
        )

    @staticmethod
    def _oms_get_paid_items(order, everything):
        """What of an order is to be paid by now: what has left, and with the first of it all that is not sent."""
        for line in order.order_line.filtered(lambda line: line.oms_external_id and line.product_uom_qty > 0):
            is_due = everything or not line._is_oms_goods()
            quantity = exact(line.product_uom_qty if is_due else line._oms_get_shipped())
            if units := line._oms_to_units(quantity):
                yield Item(line.oms_external_id, units)

    def _oms_answered(self, kind, result):
        """The platform has done what it was asked for. Where it is not sure yet, the order tells it later."""
        self.ensure_one()
        if kind == "void":
            self._set_canceled(extra_allowed_states=("error",))  # refused before, and tried again
        elif result.reference and self.state != "done":
            reference = self._oms_get_prefix() + result.reference
            if not self.search_count([("reference", "=", reference)], limit=1):
                amount = self.amount if result.amount is None else float(result.amount)
                self._oms_tell_other_amount(amount)
                self._oms_settle_as(reference, provider_reference=result.reference, amount=amount)

    def _oms_tell_other_amount(self, amount):
        """The platform works out what goods come to, and may round or share out otherwise than we do."""
        if self.currency_id.compare_amounts(amount, self.amount):
            for order in self.sale_order_ids:
                order.message_post(
                    body=self.env._(
                        "%(shop)s took %(taken)s for what has left, where %(asked)s were due here. The last parcel evens it out.",
                        shop=order.oms_channel_id.name,
                        taken=self.currency_id.format(amount),
                        asked=self.currency_id.format(self.amount),
                    )
                )

    def _oms_waits_for_void(self):
        """Override of ``oms_core``: the message that was refused stands in the list of what needs a person."""
        refused = self.child_transaction_ids.filtered(lambda tx: tx.oms_asks == "void" and tx.state == "error")
        domain = [
            ("res_model", "=", self._name),
            ("res_id", "in", refused.ids),
            ("kind", "=", "void"),
            ("state", "in", ("dead", "pending", "retry")),
        ]
        asked = refused and self.env["oms.message"].search_count(domain, limit=1)
        return bool(asked) or super()._oms_waits_for_void()

    def _oms_refused(self, text):
        self.ensure_one()
        self._set_error(text)
        self._oms_tell_refused(text)
