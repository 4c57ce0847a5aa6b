"""Gift cards of returns that ran out unspent: what is on them is owed to nobody any more."""

from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.domain.posting import PostingDraft, PostingLine
from odoo.addons.oms_returns.const import CREDIT_EXPIRY_BATCH_MAX


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _cron_oms_expire(self):
        """Book out what ran out, a card and a savepoint at a time."""
        cron = self.env["ir.cron"]
        last_id = 0
        # Those that somebody archived are owed as well.
        cards = self.with_context(active_test=False)
        while due := cards.search(
            [*self._oms_expired_domain(), ("id", ">", last_id)], order="id", limit=CREDIT_EXPIRY_BATCH_MAX
        ):
            last_id = due[-1].id
            for card in due:
                with on_its_own(card, card._oms_tell_unexpired):
                    card._oms_expire()
            remaining = cards.search_count([*self._oms_expired_domain(), ("id", ">", last_id)], limit=10_000)
            if not cron._commit_progress(len(due), remaining=remaining):
                break

    @api.model
    def _oms_expired_domain(self):
        # Of cards that nobody booked as owed nothing is booked out. The day of each company is looked at when its turn comes.
        over = fields.Date.today() + timedelta(days=1)
        return [("oms_move_id", "!=", False), ("points", ">", 0), ("expiration_date", "<", over)]

    def _oms_expire(self):
        """Book out what is left of a card of a return, if its last day is over.

        ::

            Dr gift cards   Cr store credit expired (an income)

        :return: the entry; none where nothing is left.
        """
        self.ensure_one()
        company, currency = self.company_id, self.currency_id
        today = company._oms_get_today()
        if self.expiration_date >= today or self._oms_is_in_use():
            return self.env["account.move"]
        if currency.is_zero(self.points):
            self.points = 0  # what is left of floats is owed to nobody
            return self.env["account.move"]
        amount = Decimal(repr(currency.round(self.points)))
        text = self.env._("Gift card %s ran out", self._oms_get_hint())
        partner_id = self.partner_id.commercial_partner_id.id or None
        accounts = company._oms_get_gift_card_account(), company._oms_get_credit_account("expired")
        lines = tuple(
            PostingLine(account.id, part, text, partner_id)
            for account, part in zip(accounts, (amount, -amount), strict=True)
        )
        journal = company._oms_get_tender_journal("gift_card")
        moves = self.env["account.move"].with_company(company)
        day = moves._oms_get_open_day(today, journal)
        # What was given back to a card that had run out runs out once more, on another day.
        entry = moves._oms_post([PostingDraft(f"gift_card_expired:{self.id}:{today}", day, journal.id, text, lines)])
        entry.oms_return_id = self.oms_return_id
        entry.oms_why = self.env._("Its last day was %s.", self.expiration_date)
        self.write({"points": 0})
        self.env["loyalty.history"].create({"card_id": self.id, "description": text, "used": float(amount)})
        self.oms_return_id.message_post(
            body=self.env._(
                "Gift card %(card)s ran out, and %(amount)s of it were booked out.",
                card=self._oms_get_hint(),
                amount=currency.format(float(amount)),
            )
        )
        return entry

    def _oms_is_in_use(self):
        """Whether an order that is not confirmed yet was paid in time with this card and with money: it will be redeemed."""
        lines = self.env["sale.order.line"].search([("coupon_id", "=", self.id), ("state", "in", ("draft", "sent"))])
        return any(tx.state in ("pending", "authorized", "done") for tx in lines.order_id.transaction_ids)

    def _oms_tell_unexpired(self, error):
        self.oms_return_id.message_post(
            body=self.env._(
                "Gift card %(card)s ran out and could not be booked out: %(error)s",
                card=self._oms_get_hint(),
                error=error,
            )
        )
