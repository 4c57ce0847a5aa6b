"""A return whose money becomes a gift card of Odoo's: store credit whose holder is whoever has the code."""

from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.domain.money import ZERO, allocate, round_to
from odoo.addons.oms_core.domain.posting import PostingDraft, PostingLine
from odoo.addons.oms_returns.models.oms_return_refund import Entry
from odoo.addons.oms_returns.models.sale_order_refund import dec

from .oms_channel import CREDIT_AS


class OmsReturn(models.Model):
    _inherit = "oms.return"

    credit_as = fields.Selection(
        CREDIT_AS,
        string="Store Credit Is",
        compute="_compute_credit_as",
        store=True,
        readonly=False,
        help="What the lines get whose outcome is store credit. As the channel has it, unless somebody says otherwise.",
    )
    has_credit = fields.Boolean(compute="_compute_has_credit")
    gift_card_ids = fields.One2many(
        "loyalty.card", "oms_return_id", string="Gift Cards", groups="sales_team.group_sale_salesman"
    )
    gift_card_count = fields.Integer(compute="_compute_gift_card_count", compute_sudo=True)

    @api.depends("channel_id")
    def _compute_credit_as(self):
        for record in self:
            channel_sudo = record.channel_id.sudo()  # sudo: a setting of the channel
            record.credit_as = channel_sudo.return_credit_as or "balance"

    @api.depends("line_ids.outcome")
    def _compute_has_credit(self):
        for record in self:
            record.has_credit = any(line.outcome == "credit" for line in record.line_ids)

    @api.depends("gift_card_ids")
    def _compute_gift_card_count(self):
        for record in self:
            record.gift_card_count = len(record.gift_card_ids)

    def action_view_gift_cards(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty.loyalty_card_action")
        return {
            **action,
            "domain": [("oms_return_id", "=", self.id)],
            "context": {"create": False, "program_type": "gift_card"},
        }

    # -------------------------------------------------------------------------------------------------------- GIVING

    def _give_credit(self, move_sudo, open_sudo, amount, extra):
        """Override of ``oms_returns``: as a gift card, where it is to be one.

        ::

            gift card   Dr receivable, bonus   Cr gift cards
        """
        if self.credit_as != "gift_card":
            return super()._give_credit(move_sudo, open_sudo, amount, extra)
        return self._give_gift_card(move_sudo, open_sudo, amount, extra)

    def _give_gift_card(self, move, open_lines, amount, extra):
        """:return: the card; the one that is there when it was given before."""
        company = move.company_id
        if move.currency_id != company.currency_id:
            raise UserError(
                self.env._(
                    "%(move)s is in %(currency)s, and gift cards are in %(own)s. Set “Store Credit Is” to a balance, which keeps "
                    "its currency.",
                    move=move.name,
                    currency=move.currency_id.name,
                    own=company.currency_id.name,
                )
            )
        key = f"gift_card:{move.id}"
        # sudo: who may settle a return need no right to gift cards and entries; what is made follows from the return alone
        cards_sudo = self.env["loyalty.card"].sudo()
        if known_sudo := cards_sudo.search([("oms_move_id.oms_key", "=", key)]):
            return known_sudo.with_env(self.env)
        program = company._oms_get_gift_card_program()
        entry_sudo = self._book_gift_card(move, open_lines, amount, extra, key)
        whole = float(amount + extra)
        card_sudo = cards_sudo.with_context(loyalty_no_mail=True).create(
            {
                "program_id": program.id,
                "partner_id": move.partner_id.id,
                "points": whole,
                "expiration_date": company._oms_get_credit_end(),
                "oms_return_id": self.id,
                "oms_move_id": entry_sudo.id,
                "history_ids": [Command.create({"description": self.env._("Return %s", self.name), "issued": whole})],
            }
        )
        self.message_post(
            body=self.env._(
                "%(amount)s became gift card %(card)s of the customer.",
                amount=move.currency_id.format(whole),
                card=card_sudo._oms_get_hint(),
            )
        )
        self._send_gift_card(card_sudo.with_context(loyalty_no_mail=False))
        return card_sudo.with_env(self.env)

    def _book_gift_card(self, move, open_lines, amount, extra, key):
        """Post that so much is owed to the holder of a card, and set it off against the credit note."""
        company_sudo = move.company_id.sudo()  # sudo: as for the card
        account_id = open_lines.account_id[:1].id
        open_ids = tuple(open_lines.filtered(lambda line: line.account_id.id == account_id).ids)
        items = [
            (account_id, amount, open_ids),
            (company_sudo._oms_get_gift_card_account().id, -amount - extra, None),
        ]
        if extra:
            items.append((company_sudo._oms_get_credit_account("given").id, extra, None))
        text = self.env._("Gift card for return %s", self.name)
        partner_id = move.partner_id.commercial_partner_id.id
        lines = tuple(PostingLine(account, sum_, text, partner_id, match=match) for account, sum_, match in items)
        moves_sudo = self.env["account.move"].sudo().with_company(company_sudo)  # sudo: as for the card
        journal = company_sudo._oms_get_tender_journal("gift_card")
        # What is credited is owed at once, whether the books are open or not.
        day = moves_sudo._oms_get_open_day(company_sudo._oms_get_today(), journal)
        entry_sudo = moves_sudo._oms_post([PostingDraft(key, day, journal.id, text, lines)])
        entry_sudo.oms_return_id = self
        entry_sudo.oms_why = self.env._("What was credited with %s is owed to the holder of a gift card.", move.name)
        return entry_sudo

    def _send_gift_card(self, card_sudo):
        """Odoo's own mail. What is given stays given where it cannot be sent."""
        if not card_sudo.partner_id.email:
            self.message_post(body=self.env._("The customer has no mail address: hand the code of the gift card over."))
            return

        def tell(error):
            self.message_post(
                body=self.env._("The gift card could not be mailed, send it by hand (Gift Cards, Send): %s", error)
            )

        with on_its_own(card_sudo, tell):
            card_sudo._send_creation_communication()

    # ------------------------------------------------------------------------------------------------ GIVING BACK

    def _plan_refund(self, book, order, parts, foresee=False):
        """Override of ``oms_returns``: cards get back their part of what is given back in the end: of the goods at their price,
        of shipping, and less of what is kept of them."""
        entries = super()._plan_refund(book, order, parts, foresee)
        if not book.redeemed:
            return entries
        totals = defaultdict(Decimal)
        for entry in entries:
            totals[entry.return_line] += entry.money.total
        room = None if foresee else max(book.room, ZERO)
        given = book.redeemed.give_back(sum(totals.values(), ZERO), room, book.step)
        for sold, amount in given.items():
            charged = sold._oms_get_redeeming()
            parts_of_it = allocate(amount, [max(total, ZERO) for total in totals.values()], book.step)
            for line, part in zip(totals, parts_of_it, strict=True):
                if part:
                    money = -(-book.redeemed.paid[sold]).part(part, book.step)
                    why = self.env._("What a gift card paid of it is on the card again.")
                    entries.append(Entry("discount", charged[:1], money, return_line=line, why=why))
        return entries

    def _credit(self, parts, new_order=None):
        """Override of ``oms_returns``: what a gift card paid of goods that come back is on the card again.

        Of an exchange it pays for the new goods, see :meth:`_carry_over`.
        """
        refunds = super()._credit(parts, new_order)
        if not new_order:
            refunds.sudo()._oms_give_back_to_cards()  # sudo: as for the card
        return refunds

    def _carry_over(self, moves, order_sudo):
        """Override of ``oms_returns``: what a gift card paid of goods that come back, it pays of the new ones; where those cost
        less, in their share, and the rest is on the card again.

        ::

            credit note   Dr income, taxes            Cr receivable, gift cards
            invoice       Dr receivable, gift cards   Cr income, taxes
        """
        super()._carry_over(moves, order_sudo)
        step = dec(order_sudo.currency_id.rounding)
        # sudo: as for the card
        lines_sudo = moves.sudo().invoice_line_ids.filtered(lambda line: line._oms_get_given_to_card()[1] > 0)
        if not lines_sudo:
            return
        shares = [-dec(line.price_total) for line in lines_sudo]
        used = [ZERO for _line in lines_sudo]
        if moves.currency_id == order_sudo.currency_id:
            whole = sum((dec(move.amount_total) for move in moves), sum(shares, ZERO))
            charged = min(max(dec(self._get_carried(moves, order_sudo)), ZERO), whole)
            used = allocate(round_to(sum(shares, ZERO) * charged / whole, step), shares, step)
        order_sudo._oms_pay_by_cards(dict(zip(lines_sudo, used, strict=True)))
        for line_sudo, share, part in zip(lines_sudo, shares, used, strict=True):
            card_sudo, points = line_sudo._oms_get_given_to_card()
            if rest := card_sudo.currency_id.round(points * float((share - part) / share)):
                why = self.env._("Given back with %s", line_sudo.move_id.name)
                card_sudo._oms_give_back(rest, line_sudo.company_id, why)

    def _get_carried(self, moves, order_sudo):
        """What is to be paid for new goods, and no other credit note than these pays for."""
        open_now = self._get_exchange_open(order_sudo)
        others = self._get_pledged(new=order_sudo) - sum(moves.mapped("amount_residual"))
        return open_now - max(others, 0)

    # ------------------------------------------------------------------------------------------------------- TELLING

    def _notify_customer(self, event, key=None, pickings=None, **details):
        """Override of ``oms_returns``: a gift card is told by Odoo's own mail, with its code."""
        by_us = self.filtered(lambda record: event != "return_credited" or record.credit_as != "gift_card")
        return super(OmsReturn, by_us)._notify_customer(event, key, pickings, **details)

    def _get_customer_state(self):
        """Override of ``oms_returns``: what was given as a card is told as one."""
        state = super()._get_customer_state()
        # sudo: customers see their own return
        notes = {f"gift_card:{move.id}": move.name for move in self.refund_ids}
        keys = self.sudo().gift_card_ids.oms_move_id.mapped("oms_key")
        carded = {notes[key] for key in keys if key in notes}
        for paid in state["paid_back"]:
            if paid["number"] in carded:
                paid["outcome"] = "gift_card"
        return state


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """Override of ``account``: also what is credited by hand is on the card again."""
        posted = super()._post(soft)
        posted._oms_follow_on_cards()
        return posted

    def button_draft(self):
        """Override of ``account``: what is not credited after all is not on the card."""
        result = super().button_draft()
        self._oms_follow_on_cards()
        return result

    def button_cancel(self):
        """Override of ``account``: as for what is a draft again."""
        result = super().button_cancel()
        self._oms_follow_on_cards()
        return result

    def _oms_follow_on_cards(self):
        # sudo: who books invoices need see no cards
        self.filtered(
            lambda move: move.is_sale_document()
        ).sudo().invoice_line_ids.sale_line_ids._oms_follow_credits_by_hand()

    def _oms_give_back_to_cards(self):
        """Give the shares of cards that paid for what these credit notes credit back to those cards."""
        for line in self.invoice_line_ids:
            card, amount = line._oms_get_given_to_card()
            if amount > 0:
                card._oms_give_back(amount, line.company_id, self.env._("Given back with %s", line.move_id.name))


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _oms_is_paid_by_card(self):
        """Whether this line of a credit note is about what a card paid of an invoice of before, and takes nothing back."""
        self.ensure_one()
        sold = self.sale_line_ids
        is_refund = self.move_id.move_type == "out_refund" and self.parent_state == "posted"
        return is_refund and self.price_total > 0 and any(sold.mapped("oms_is_carried"))

    def _oms_get_given_to_card(self):
        """(the card, its points) of a line of a credit note that takes back what a card paid."""
        self.ensure_one()
        lines = self.oms_credited_line_id.sale_line_ids if self.oms_refund_kind == "discount" else None
        card = lines.coupon_id[:1] if lines else self.env["loyalty.card"]
        if not card.program_id.is_payment_program:
            return card, 0
        day = self.move_id.invoice_date
        return card, self.currency_id._convert(-self.price_total, card.currency_id, self.company_id, day)
