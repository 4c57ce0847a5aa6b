"""Store credit in a cart: wanted while its customer chooses, taken when the payment of the rest begins, released when nothing
comes of it."""

from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_returns.models.sale_order_refund import dec

from ..const import RELEASE_BATCH_MAX


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_credit_wanted = fields.Monetary(
        string="Store Credit in the Checkout",
        readonly=True,
        copy=False,
        help="What the customer wants to pay of the cart with store credit. It is taken when the payment of the rest begins.",
    )
    oms_credit_until = fields.Datetime(
        string="Store Credit Taken Until",
        readonly=True,
        copy=False,
        help="Of a cart: when it is given back, unless it is paid by then.",
    )

    _oms_credit_until_idx = models.Index("(oms_credit_until) WHERE oms_credit_until IS NOT NULL")

    def _oms_is_cart(self):
        """Whether nobody has placed this order yet."""
        self.ensure_one()
        return bool(self.website_id and self.state in ("draft", "sent") and not self.oms_channel_id)

    def _oms_get_checkout_credit(self):
        """What this cart can be paid with, and how.

        :return: ``{"there": credit that could be used, "used": what is, "rest": what is paid otherwise}``, ``Decimal`` each.
        """
        self.ensure_one()
        order_sudo = (
            self.sudo()
        )  # sudo: the ledger and payments are closed to visitors; the caller knows whose cart it is
        taken, total = dec(order_sudo.oms_credit_spent), dec(order_sudo.amount_total)
        credits_sudo = order_sudo.env["oms.store.credit.entry"]
        spendable = credits_sudo._get_spendable(order_sudo.partner_id, order_sudo.company_id, order_sudo.currency_id)
        there = max(min(total, spendable + taken), Decimal(0))
        used = min(dec(order_sudo.oms_credit_wanted), there)
        return {"there": there, "used": used, "rest": total - used}

    def _oms_want_credit(self, amount):
        """The customer chooses how much store credit to use: no more than there is, and than there is to pay.

        :param Decimal amount: zero: none.
        :raise UserError: while the rest is being paid.
        """
        self.ensure_one()
        if self._oms_is_being_paid():
            raise UserError(self.env._("This order is being paid already."))
        self._oms_release_cart_credit()
        self.oms_credit_wanted = 0.0
        self.oms_credit_wanted = float(min(max(amount, Decimal(0)), self._oms_get_checkout_credit()["there"]))

    def _oms_take_cart_credit(self):
        """Take the credit that the customer wants to use, right before the rest is paid.

        Of two carts that take the last euro at once, one is told that there is not so much.

        :raise UserError: when there is less by now.
        """
        self.ensure_one()
        wanted, taken = dec(self.oms_credit_wanted), dec(self.oms_credit_spent)
        wanted = min(wanted, dec(self.amount_total))
        if taken != wanted:
            self._oms_release_cart_credit()
            if wanted > 0:
                self._oms_spend_credit(wanted)
        if wanted > 0:
            minutes = self.website_id._oms_get_channel().checkout_minutes
            self.oms_credit_until = fields.Datetime.now() + timedelta(minutes=minutes)

    def _oms_release_cart_credit(self):
        """Give back what carts had taken. Their payments go from them with it, so that they are carts as before; the ledger
        and the books keep both."""
        for cart in self.filtered(lambda order: order._oms_is_cart() and order.oms_credit_spent > 0):
            amount = cart.oms_credit_spent
            cart._oms_give_back_credit(dec(amount))
            own = cart.transaction_ids.filtered(lambda tx: tx._oms_is_own_credit())
            cart.transaction_ids = [Command.unlink(transaction.id) for transaction in own]
            cart.message_post(
                body=self.env._("%s of store credit given back: it was not paid.", cart.currency_id.format(amount))
            )
        self.filtered("oms_credit_until").oms_credit_until = False

    def _oms_get_credit_back_days(self):
        """Override of ``oms_returns``: what was only set apart in a cart is good until the day that it was good until."""
        return 0 if self._oms_is_cart() else super()._oms_get_credit_back_days()

    def _oms_is_being_paid(self):
        """Whether a provider has taken, or promised to take, the rest."""
        return any(
            transaction.state in ("pending", "authorized", "done") and not transaction._oms_is_own_credit()
            for transaction in self.sudo().transaction_ids  # sudo: payments are closed to visitors
        )

    def _oms_take_late_credit(self):
        """The rest was paid, or promised, after the credit had been given back: it is taken again, or the order waits for a
        person.

        :return: whether no credit is missing.
        """
        self.ensure_one()
        pending = self.transaction_ids.filtered(lambda transaction: transaction.state == "pending")
        to_pay = self._oms_get_unpaid() - dec(max(pending.mapped("amount"), default=0.0))
        missing = min(dec(self.oms_credit_wanted) - dec(self.oms_credit_spent), to_pay)
        if missing <= 0:
            return True
        try:
            with self.env.cr.savepoint():
                self._oms_spend_credit(missing)
        except UserError as refusal:
            self._oms_place_carts(
                waits_for=self.env._(
                    "%(missing)s were to be paid with store credit, which was used elsewhere meanwhile. %(refusal)s Ask the "
                    "customer to pay the rest, or cancel the order and pay back what was taken.",
                    missing=self.currency_id.format(float(missing)),
                    refusal=refusal,
                )
            )
            return False
        return True

    @api.model
    def _cron_oms_release_cart_credit(self):
        """Give back the store credit of carts that nobody has paid in time, a cart and a savepoint at a time."""
        cron = self.env["ir.cron"]
        due = (
            Domain("oms_credit_until", "<", fields.Datetime.now())
            & Domain("state", "in", ("draft", "sent"))
            & Domain("oms_channel_id", "=", False)
        )
        last_id = 0
        while carts := self.search(due & Domain("id", ">", last_id), order="id", limit=RELEASE_BATCH_MAX):
            last_id = carts[-1].id
            for cart in carts.try_lock_for_update(allow_referencing=True):
                with on_its_own(cart, cart._oms_tell_credit_kept):
                    cart._oms_release_unpaid()
            remaining = self.search_count(due & Domain("id", ">", last_id), limit=10_000)
            if not cron._commit_progress(len(carts), remaining=remaining):
                break

    def _oms_release_unpaid(self):
        if self._oms_is_being_paid():
            self.oms_credit_until = False  # what comes of it is told by its provider
        else:
            self._oms_release_cart_credit()

    def _oms_tell_credit_kept(self, error):
        self.oms_credit_until = False
        self.message_post(body=self.env._("Its store credit could not be given back: %s", error))

    # ------------------------------------------------------------------------------------------------------ OVERRIDES

    def write(self, vals):
        """Override of ``sale``: credit is of one customer and one currency; before a cart gets others, it gives its own back."""
        told = {name: vals[name] for name in ("partner_id", "pricelist_id", "currency_id") if name in vals}
        changed = self.filtered(
            lambda order: order.oms_credit_wanted and any(order[name].id != value for name, value in told.items())
        )
        if changed:
            # sudo: visitors change their carts, and payments are closed to them
            carts_sudo = changed.sudo().filtered(lambda order: order._oms_is_cart() and not order._oms_is_being_paid())
            carts_sudo._oms_release_cart_credit()
            carts_sudo.oms_credit_wanted = 0.0
        return super().write(vals)

    def get_portal_last_transaction(self):
        """Override of ``sale``: credit that was taken for a cart has not paid it yet."""
        if len(self) == 1 and self._oms_is_cart():
            own = self.sudo().transaction_ids.filtered(lambda tx: tx._oms_is_own_credit())  # sudo: as in sale
            return (self.sudo().transaction_ids - own)._get_last()  # sudo: the same
        return super().get_portal_last_transaction()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_follow_reservations(self):
        """Override of ``oms_core``: a cart that is changed gives its credit back with its goods."""
        self._oms_release_changed_carts()
        return super()._oms_follow_reservations()

    def unlink(self):
        """Override of ``sale``: as above."""
        self._oms_release_changed_carts()
        return super().unlink()

    def _oms_release_changed_carts(self):
        # sudo: visitors change their carts, and payments are closed to them
        carts_sudo = self.order_id.sudo().filtered(
            lambda order: order.oms_credit_until and not order._oms_is_being_paid()
        )
        carts_sudo._oms_release_cart_credit()
