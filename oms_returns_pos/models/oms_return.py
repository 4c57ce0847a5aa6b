"""A return that is paid back at a till: what was credited goes out of the drawer or back by card, once."""

from collections import defaultdict
from typing import NamedTuple

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import REDEEMED_TENDERS
from odoo.addons.oms_core.domain.money import ZERO


class Till(NamedTuple):
    """Where money goes back.

    :param session: the open ``pos.session``; ``method``: cash or card.
    :param key: names this payment.
    """

    session: object
    method: object
    key: str


class OmsReturn(models.Model):
    _inherit = "oms.return"

    def _pay_back_at_till(self, session, method, shown, key):
        """Settle what was accepted, and pay out what it comes to.

        What a till pays back, no channel is asked to pay: it is told for its books. Shares of store credit are credit again.

        :param Decimal shown: the amount that the cashier was shown.
        :param str key: names this payment. Told once more, because the answer was lost, nothing is paid again.
        :raise UserError: when it comes to another amount by now, or is not to be paid here.
        """
        self.ensure_one()
        self._take_turn()  # of two tills with one return, the second begins anew and finds nothing left
        if self._get_paid_at_tills().filtered(lambda move: move.oms_key.startswith(f"till:{key}:")):
            return
        money, _others = self._settle_at_till(session)
        if not money:
            raise UserError(self.env._("There is nothing to pay back on %s.", self.name))
        if money != shown:
            raise UserError(
                self.env._(
                    "%(now)s are to be paid back on %(name)s by now, and not %(shown)s. Look at it again.",
                    now=self.currency_id.format(float(money)),
                    name=self.name,
                    shown=self.currency_id.format(float(shown)),
                )
            )
        self._repay(Till(session, method, key))
        self.message_post(body="\n".join(self._get_paid_at_tills().sorted("id")[-1:].mapped("oms_why")))

    def _foresee_at_till(self, session):
        """What a till would pay back now: done by the code that pays, and undone.

        :return: ``(money, {way: amount that goes back without money}, why it is not paid here)``
        """
        self.ensure_one()
        savepoint = self.env.cr.savepoint()
        try:
            money, others = self.with_context(mail_notrack=True)._settle_at_till(session)
            return money, others, ""
        except UserError as refusal:
            return ZERO, {}, str(refusal)
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    def _settle_at_till(self, session):
        """Settle what is accepted.

        :return: ``(money, {way: amount})`` that is to go back.
        :raise UserError: when somebody else pays it back, or not in money.
        """
        if self.can_settle:
            self._settle(is_paid_here=True)
        if self.currency_id != session.currency_id and self.amount_to_repay:
            raise UserError(
                self.env._(
                    "%(name)s was paid in %(currency)s, and this till has %(own)s. Customer service pays it back.",
                    name=self.name,
                    currency=self.currency_id.name,
                    own=session.currency_id.name,
                )
            )
        money, others = ZERO, defaultdict(lambda: ZERO)
        for order, amount in self._get_to_repay().items():
            self._check_not_paid_by_channel(order)
            for source_sudo, part in self._split_repayment(order, amount, anyhow=True).items():
                if source_sudo._oms_is_own_credit():
                    others[source_sudo._oms_get_way()] += part
                elif source_sudo.oms_tender in REDEEMED_TENDERS:
                    raise UserError(
                        self.env._(
                            "%(amount)s of %(order)s were paid by %(way)s, which is no money and not kept here. Customer "
                            "service pays it back.",
                            amount=self.currency_id.format(float(part)),
                            order=order.display_name,
                            way=source_sudo._oms_get_way(),
                        )
                    )
                else:
                    money += part
        return money, dict(others)

    def _check_not_paid_by_channel(self, order):
        """:raise UserError: when the channel was asked before to pay it back."""
        for credit_sudo in self._get_credits_sudo(order).filtered("amount_residual"):
            if order.sudo()._oms_is_repaid_by_channel(credit_sudo):  # sudo: a yes or no
                raise UserError(
                    self.env._(
                        "%(channel)s was asked to pay back %(credit)s, the way the customer paid. Nothing is paid here.",
                        channel=order.sudo().oms_channel_id.name,  # sudo: its name
                        credit=credit_sudo.name,
                    )
                )

    def _repay_part(self, order, source_sudo, part, till=None):
        """Override of ``oms_returns``: at a till, money leaves by the till."""
        if not till or source_sudo.oms_tender in REDEEMED_TENDERS:
            return super()._repay_part(order, source_sudo, part, till)
        # sudo: a cashier has no right to payments and entries; what is booked follows from the posted credit notes
        session_sudo, method_sudo = till.session.with_env(self.env).sudo(), till.method.with_env(self.env).sudo()
        # sudo: the same
        repayment_sudo = order.sudo()._oms_record_back(source_sudo, part, oms_of_credit=float(part))
        event = f"till:{till.key}:{order.id}:{source_sudo.id}"
        entry_sudo = session_sudo._oms_pay_out(method_sudo, repayment_sudo, self._get_credits_sudo(order), event)
        entry_sudo.write(
            {
                "oms_key": event,
                "oms_return_id": self.id,
                "oms_why": self.env._(
                    "%(amount)s of %(name)s paid back at %(till)s: %(method)s, by %(cashier)s.",
                    amount=self.currency_id.format(float(part)),
                    name=self.name,
                    till=session_sudo.config_id.name,
                    method=method_sudo.name,
                    cashier=self.env.user.name,
                ),
            }
        )
        return entry_sudo

    def _get_paid_at_tills(self):
        """What tills paid back for this return."""
        moves_sudo = self.sudo().move_ids  # sudo: what was paid must not depend on who asks
        return moves_sudo.filtered(lambda move: (move.oms_key or "").startswith("till:") and move.state == "posted")
