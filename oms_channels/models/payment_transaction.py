"""Money that a customer has authorised on a platform is taken and given free there: the platform is asked through the outbox."""

from odoo import models

from odoo.addons.oms_core.models.sale_order_money import exact

from ..domain.outgoing import Capture


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _ask_for_money(self, transaction):
        """Override of ``oms_core``: a platform that can be asked is asked."""
        kind = transaction.oms_asks
        document = transaction._oms_as_capture()
        if document and self.env["oms.message"]._queue_out(self, kind, document, transaction):
            return transaction._set_pending(state_message=self.env._("%s is asked.", self.name))
        return super()._ask_for_money(transaction)


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _oms_get_prefix(self):
        """What references of this channel's transactions of the order begin with."""
        order = self.sale_order_ids[:1]
        return f"oms{order.oms_channel_id.id}-{order.oms_external_id}-"

    def _oms_as_capture(self):
        """What the platform is asked for; ``None`` for an authorisation that it did not tell of."""
        self.ensure_one()
        order, source = self.sale_order_ids[:1], self.source_transaction_id
        prefix = self._oms_get_prefix()
        if not order.oms_external_id or not source.reference.startswith(prefix):
            return None
        before = source.child_transaction_ids.filtered(
            lambda tx: tx.id < self.id and tx.oms_asks != "void" and tx.state in ("draft", "pending", "done")
        )
        return Capture(
            key=f"{self.oms_asks}-{self.id}",
            order_ref=order.oms_external_id,
            authorization_ref=source.reference.removeprefix(prefix),
            amount=exact(self.amount),
            currency=self.currency_id.name,
            earlier=sum((exact(tx.amount) for tx in before), exact(0)),
        )

    def _oms_answered(self, kind, result):
        """The platform has done what it was asked for. Where it is not sure yet, the order tells it later."""
        self.ensure_one()
        if kind == "void":
            self._set_canceled()
        elif result.reference and self.state != "done":
            reference = self._oms_get_prefix() + result.reference
            if not self.search_count([("reference", "=", reference)], limit=1):
                self._oms_settle_as(reference, provider_reference=result.reference)

    def _oms_refused(self, text):
        self.ensure_one()
        self._set_error(text)
        self._oms_tell_refused(text)
