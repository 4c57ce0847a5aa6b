"""Orders that are known follow their channel: newer documents, documents that contradict each other, cancellations."""

from odoo import api, models
from odoo.exceptions import UserError

from ..const import COLLECTED_METHODS, STATUS_HOLD_KINDS
from ..domain.content import content_hash, is_ordered_otherwise, says_otherwise
from ..exceptions import MessageRetry

#: Holds that say what a document or the configuration lacks. A newer document, or a look at the corrected configuration,
#: sets them anew.
DOCUMENT_HOLD_KINDS = frozenset({"payment", "address", "total", "tax", "product", "quantity", "channel", "refund"})


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # ------------------------------------------------------------------------------------------------------ UPDATES

    def _oms_update(self, channel, doc, resolver):
        """Bring this order to the state that a document tells; see :meth:`_oms_apply_orders`.

        A quotation follows the document. What is confirmed is not rewritten behind the warehouse's back: the order stops
        and says what changed. A cancellation cancels, unless goods have left.
        """
        self.ensure_one()
        version = doc.updated_at.replace(tzinfo=None)
        if self.oms_updated_at and version < self.oms_updated_at:
            return self, "ignored", self.env._("Older than what is known of this order.")
        content = content_hash(doc)
        if version == self.oms_updated_at and content == self.oms_content_hash:
            return self, "ignored", self.env._("Nothing new.")
        if doc.status == "cancelled":
            self._oms_cancel(self.env._("The channel cancelled the order (“%s”).", doc.channel_status))
        elif self.state == "cancel" and self.oms_called_off and not doc.cancel_requested:
            # A payment that failed and then succeeded, an order that was binned and restored.
            self.action_draft()
            self.oms_called_off = False
            if self._oms_is_changed_here():
                self._oms_hold(
                    "change",
                    self.env._(
                        "The channel takes up the cancelled order %s again, which was changed here before. Look at the lines, "
                        "the address and the total, correct the order here, then release.",
                        doc.number,
                    ),
                )
                self._oms_follow_status(doc)
            else:
                self._oms_rewrite(channel, doc, resolver)
        elif self.state in ("draft", "sent") and not self._oms_is_changed_here():
            self._oms_rewrite(channel, doc, resolver)
        elif self.state in ("draft", "sent", "sale"):
            if is_ordered_otherwise(content, self.oms_content_hash or ""):
                self._oms_hold(
                    "change",
                    self.env._(
                        "The customer or the shop changed the order after it was confirmed. Compare the lines and the "
                        "address with order %s on the channel, correct the order here, then release.",
                        doc.number,
                    ),
                )
            self._oms_follow_status(doc)
        self.write({"oms_updated_at": version, "oms_content_hash": content, "oms_channel_status": doc.channel_status})
        return self, "done", self.oms_hold_reason

    def _oms_is_doubtful(self, channel, doc):
        """Whether a document says something else than is known, of the same second, and nobody can tell which came first.

        Channels count seconds, and what they tell may be late. What we read ourselves holds; where the channel can be asked it is
        asked, and where it cannot, what comes last is taken for the newest.
        """
        self.ensure_one()
        return (
            not doc.is_current
            and doc.updated_at.replace(tzinfo=None) == self.oms_updated_at
            and says_otherwise(doc, self.oms_content_hash)
            and channel._can_read_orders()
        )

    @api.model
    def _oms_why_doubtful(self):
        return self.env._(
            "The channel dates this to the same second as what is known, and it says something else. The order is read there "
            "again, to see which holds."
        )

    @api.model
    def _oms_find_outdated(self, channel, docs):
        """Ids of those orders, just read from the channel, of which another state of the same moment is known here."""
        orders = self._oms_find(channel, {doc.external_id for doc in docs})
        return {
            doc.external_id
            for doc in self._oms_complete_docs(channel, docs)
            if (order := orders.get(doc.external_id))
            and doc.updated_at.replace(tzinfo=None) == order.oms_updated_at
            and says_otherwise(doc, order.oms_content_hash)
        }

    def _oms_follow_status(self, doc):
        """Stop a confirmed order when the channel says so, and go on when it no longer does.

        Only while goods have still to leave, but a refund is always told. What a person has released is not held again
        before the channel says something new; that the channel completes an order is the answer to its parcels and stops
        nothing.
        """
        self.ensure_one()
        reasons = [pair for pair in self._oms_status_reasons(doc) if doc.status != "fulfilled" or pair[0] == "refund"]
        self.oms_hold_ids.filtered(
            lambda hold: hold.is_open and hold.kind in STATUS_HOLD_KINDS and (hold.kind, hold.reason) not in reasons
        )._release()
        if all(line.qty_delivered >= line.product_uom_qty for line in self.order_line if line._is_oms_goods()):
            reasons = [pair for pair in reasons if pair[0] == "refund"]
        known = {(hold.kind, hold.reason) for hold in self.oms_hold_ids}
        same_status = doc.channel_status == self.oms_channel_status
        for kind, reason in reasons:
            if (kind, reason) not in known or not (same_status or kind == "refund"):
                self._oms_hold(kind, reason)

    def _oms_rewrite(self, channel, doc, resolver):
        """Make a quotation say what its document says now, and set its holds anew.

        Where the document itself is the same as before, the customer, the addresses and the way of delivery stay: somebody
        may have corrected them here.
        """
        service = {}
        if content_hash(doc) == self.oms_content_hash:
            parties = (self.partner_id, self.partner_invoice_id, self.partner_shipping_id)
            if self.oms_delivery_method in COLLECTED_METHODS and not self.oms_pickup_warehouse_id:
                service = self._oms_prepare_service(channel, doc, resolver)  # the place may be known by now
        else:
            parties = self.env["res.partner"]._oms_match_customers(channel, [doc])[0]
            service = self._oms_prepare_service(channel, doc, resolver)
        self.write({**self._oms_prepare(channel, doc, parties, resolver), **service})
        reasons = list(self._oms_reasons_to_hold(doc, resolver))
        outdated = self.oms_hold_ids.filtered(
            lambda hold: hold.is_open and hold.kind in DOCUMENT_HOLD_KINDS and (hold.kind, hold.reason) not in reasons
        )
        outdated._release()
        accepted = self._oms_accepted_reasons(content_hash(doc))
        for kind, reason in reasons:
            if (kind, reason) not in accepted:
                self._oms_hold(kind, reason)

    def action_oms_check_again(self):
        """Read the newest message about these quotations again, now that a product, a tax or an address was corrected."""
        self.check_access("write")
        for order in self:
            message = self.env["oms.message"].search(
                [
                    ("res_model", "=", "sale.order"),
                    ("res_id", "=", order.id),
                    ("kind", "=", "order"),
                    ("state", "=", "done"),
                ],
                order="id desc",
                limit=1,
            )
            if not message or order.state not in ("draft", "sent"):
                raise UserError(self.env._("Only a quotation that came from a channel can be checked again."))
            if order._oms_is_changed_here():
                raise UserError(
                    self.env._("%s was changed here; checking it again would undo that.", order.display_name)
                )
            worker = order.oms_channel_id._as_worker()
            doc = worker._parse(message)
            order.with_env(worker.env)._oms_rewrite(worker, doc, worker._get_resolver([doc]))
        self._oms_release_clean()

    # ------------------------------------------------------------------------------------------------ CANCELLATIONS

    @api.model
    def _oms_apply_cancellations(self, channel, docs):
        """Cancel the orders that these ``CancelDoc`` values name. One about an unknown order waits a while for it."""
        orders = self._oms_find(channel, {doc.external_id for doc in docs})
        outcomes = []
        for doc in docs:
            order = orders.get(doc.external_id)
            if not order:
                raise MessageRetry(self.env._("The order was deleted on the channel and has not come here."), "ignored")
            order._oms_cancel(doc.reason or self.env._("The order was deleted on the channel."))
            outcomes.append((order, "done", order.oms_hold_reason))
        return outcomes

    def _oms_get_booked(self):
        """The posted entries of this order: invoices that are not reversed, payments."""
        order_sudo = self.sudo()  # sudo: whether something is booked must not depend on who looks
        invoices = order_sudo.invoice_ids.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice" and move.payment_state != "reversed"
        )
        return (invoices | order_sudo.transaction_ids.payment_id.move_id).filtered(lambda move: move.state == "posted")
