from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..alone import leave_task, on_its_own


class PaymentTransaction(models.Model):
    """Among an order's transactions those that are done are its money, each once. One that is only authorised gives way to the
    captures made of it when nothing of it is left."""

    _inherit = "payment.transaction"

    oms_tender = fields.Selection(
        [("gift_card", "Gift card"), ("store_credit", "Store credit"), ("cash", "Cash")],
        string="Paid With",
        readonly=True,
        copy=False,
        help="Gift cards and store credit redeem what the company owes; cash lies in a till. Empty: money that the channel "
        "took and pays out.",
    )
    oms_method = fields.Char(
        string="Channel's Payment Method", readonly=True, copy=False, help="What the channel calls how it was paid."
    )
    oms_journal_id = fields.Many2one(
        "account.journal",
        string="Booked In",
        readonly=True,
        copy=False,
        help="Where money that is paid in this way goes. Empty: where all of the channel's money goes.",
    )
    oms_expires_at = fields.Datetime(
        string="Ends On", readonly=True, copy=False, help="After that, nothing can be taken of what was authorised."
    )
    oms_times = fields.Selection(
        [("many", "In parts"), ("once", "Once, a part or all"), ("full", "Once, all of it")],
        string="Can Be Taken",
        readonly=True,
        copy=False,
        help="Empty: as the provider says.",
    )
    oms_asks = fields.Selection(
        [("capture", "To take it"), ("void", "To give it free")],
        string="Asked For",
        readonly=True,
        copy=False,
        help="What the provider was asked for by itself, because of what happened to the order.",
    )

    oms_of_credit = fields.Monetary(
        string="Of It Credited by Returns",
        readonly=True,
        copy=False,
        help="How much of a repayment is for goods that are still ordered, and were credited by a return. The rest of it is for "
        "what was called off or paid too much.",
    )

    def _oms_get_way(self):
        """How a customer paid, in words."""
        self.ensure_one()
        tenders = dict(self._fields["oms_tender"]._description_selection(self.env))
        return tenders.get(self.oms_tender) or self.oms_journal_id.name or self.oms_method or self.env._("money")

    def _oms_is_own_credit(self):
        """Hook: whether this redeems store credit of which we keep the balances, and not the channel that told of it."""
        return False

    def _oms_is_of_channel(self):
        """Whether the channel took the money, and not a provider of our own."""
        self.ensure_one()
        return bool(self.sale_order_ids.oms_channel_id & self.provider_id._oms_get_channels())

    def _oms_get_times(self):
        """How often something can be taken of this, a key of ``domain.capturing.TIMES``."""
        self.ensure_one()
        if self.oms_times:
            return self.oms_times
        method = self.primary_payment_method_id or self.payment_method_id
        partly = self.provider_id.support_manual_capture == "partial" and method.support_manual_capture != "full_only"
        return "many" if partly else "full"

    def _oms_get_end(self):
        """When this authorisation ends, by what its way of paying allows, or else its channel."""
        self.ensure_one()
        method = self.payment_method_id
        days = (
            method.oms_authorization_days
            or method.primary_payment_method_id.oms_authorization_days
            or self.sale_order_ids.oms_channel_id[:1].authorization_days
        )
        begun = self.last_state_change or fields.Datetime.now()
        return fields.Datetime.add(begun, days=days) if days else False

    # -------------------------------------------------------------------------------------------------- NATIVE FLOW

    def _create_child_transaction(self, amount, is_refund=False, **custom_create_values):
        """Override of ``payment``: what is captured of an authorisation is money of the same order, paid in the same way."""
        if not is_refund and self.sale_order_ids.oms_channel_id:
            custom_create_values = {
                "sale_order_ids": [Command.set(self.sale_order_ids.ids)],
                "oms_tender": self.oms_tender,
                "oms_method": self.oms_method,
                "oms_journal_id": self.oms_journal_id.id,
                **custom_create_values,
            }
        return super()._create_child_transaction(amount, is_refund=is_refund, **custom_create_values)

    def _ensure_provider_is_not_disabled(self):
        """Override of ``payment``: what stands for a channel is never enabled; it is the channel that is asked."""
        return None if self._oms_is_of_channel() else super()._ensure_provider_is_not_disabled()

    def _send_capture_request(self):
        """Override of ``payment``: money that a channel holds is taken by the channel."""
        if not self._oms_is_of_channel():
            return super()._send_capture_request()
        by_hand = not self.oms_asks
        self.oms_asks = "capture"
        return self.sale_order_ids.oms_channel_id._ask_for_money(self, by_hand=by_hand)

    def _send_void_request(self):
        """Override of ``payment``: as for captures. What the channel called off, it has given free already."""
        if not self._oms_is_of_channel():
            return super()._send_void_request()
        self.oms_asks = "void"
        if self.sale_order_ids.oms_called_off:
            return self._set_canceled()
        return self.sale_order_ids.oms_channel_id._ask_for_money(self)

    def _update_state(self, allowed_states, target_state, state_message):
        """Override of ``payment``: what a channel took is booked with its order, and not by itself."""
        changed = super()._update_state(allowed_states, target_state, state_message)
        of_channels = changed.filtered(lambda tx: tx.sale_order_ids.oms_channel_id and tx._oms_is_of_channel())
        of_channels.is_post_processed = True
        of_channels.filtered(lambda tx: tx.state == "done").sale_order_ids._oms_wake_booking()
        return changed

    def _update_source_transaction_state(self):
        """Override of ``payment``: an authorisation of which nothing is left stands for no money of its order any more; its
        captures do."""
        result = super()._update_source_transaction_state()
        used_up = self.source_transaction_id.filtered(
            lambda tx: (
                tx.state == "done"
                and tx.sale_order_ids.oms_channel_id
                and any(child.state == "done" and child.operation != "refund" for child in tx.child_transaction_ids)
            )
        )
        used_up.sale_order_ids = [Command.clear()]
        return result

    def _post_process(self):
        """Override of ``account_payment``: how long an authorisation lasts is noted, and what follows from money is looked at."""
        result = super()._post_process()
        for tx in self.filtered(lambda tx: tx.state == "authorized" and not tx.oms_expires_at):
            tx.oms_expires_at = tx._oms_get_end()
        orders = self.sale_order_ids.filtered("oms_channel_id")
        orders._oms_look_at_money()
        for order in self.filtered(lambda tx: tx.state == "done" and tx.payment_id).sale_order_ids & orders:
            order._oms_reconcile()
        return result

    def _check_amount_and_confirm_order(self):
        """Override of ``sale``: a customer who was told that the payment is authorised is not thanked for each part of it."""
        captures = self.filtered(lambda tx: tx.source_transaction_id and tx.operation != "refund")
        return super()._check_amount_and_confirm_order() | captures.sale_order_ids.filtered("oms_channel_id")

    def _invoice_sale_orders(self):
        """Override of ``sale``: of a part of the money no invoice is made; the channel's policy says when there is one."""
        captures = self.filtered(
            lambda tx: tx.source_transaction_id and tx.operation != "refund" and tx.sale_order_ids.oms_channel_id
        )
        return super(PaymentTransaction, self - captures)._invoice_sale_orders()

    # ------------------------------------------------------------------------------------------------------- ASKING

    def _oms_ask(self):
        """Ask for what was planned: committed before, so that it is never asked for twice. No answer is told, too."""
        self.ensure_one()
        with on_its_own(self, self._oms_tell_unanswered):
            self._log_sent_message()
            try:
                self._ensure_provider_is_not_disabled()
                if self.oms_asks == "void":
                    self._send_void_request()
                else:
                    self._send_capture_request()
            except UserError as error:
                self._set_error(str(error))
            if self.state == "error":
                self._oms_tell_refused(self.state_message)

    def _oms_tell_unanswered(self, error):
        self.sale_order_ids._oms_hold(
            "money",
            self.env._(
                "Nobody knows whether %(amount)s of %(reference)s were taken: %(error)s Look at the provider's own pages, and at "
                "the payments of the order, before you release it.",
                amount=self.currency_id.format(self.amount),
                reference=self.source_transaction_id.reference,
                error=error,
            ),
            subject=f"unanswered-{self.id}",
        )

    def _oms_tell_refused(self, text):
        """What was asked for was refused. Money that is missing stops the order; what was not given free is a task."""
        for order in self.sale_order_ids:
            words = {
                "amount": self.currency_id.format(self.amount),
                "reason": text or self.env._("no reason was given"),
            }
            if self.oms_asks == "void":
                leave_task(
                    order,
                    self.env._("%s are still kept from the customer", words["amount"]),
                    self.env._(
                        "%(amount)s that nobody needs any more could not be given free: %(reason)s Give them free at the "
                        "provider.",
                        **words,
                    ),
                    order.oms_channel_id.user_id,
                )
            else:
                order._oms_hold(
                    "money",
                    self.env._(
                        "%(amount)s were authorised and could not be taken: %(reason)s Take them at the provider, or ask the "
                        "customer to pay in another way.",
                        **words,
                    ),
                    subject=f"refused-{self.source_transaction_id.id}",
                )


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    oms_channel_ids = fields.One2many(
        "oms.channel", "payment_provider_id", string="Stands For", context={"active_test": False}, readonly=True
    )

    def _oms_get_channels(self):
        """The channels that these providers stand for; asked of the database once for many."""
        return self.sudo().oms_channel_ids  # sudo: whoever pays

    @api.depends("code")
    def _compute_feature_support_fields(self):
        """Override of ``payment``: what a channel has authorised is taken of it by the channel."""
        result = super()._compute_feature_support_fields()
        of_channels = self.filtered(lambda provider: provider.code == "none")._oms_get_channels().payment_provider_id
        self.filtered(lambda provider: provider.id in of_channels.ids).support_manual_capture = "partial"
        return result


class PaymentMethod(models.Model):
    _inherit = "payment.method"

    oms_authorization_days = fields.Integer(
        string="Authorizations Last",
        help="Days after which nothing can be taken any more of what a customer authorised in this way. 0: as the channel says.",
    )
