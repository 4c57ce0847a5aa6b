"""A return whose money becomes store credit."""

from decimal import Decimal

from odoo import fields, models

from ..domain.store_credit import bonus
from .oms_store_credit import _exact


class OmsReturn(models.Model):
    _inherit = "oms.return"

    credit_entry_ids = fields.One2many("oms.store.credit.entry", "return_id", string="Store Credit Entries")

    def _settle_credit(self, parts):
        """Credit the goods as for a refund, and turn what is not set off against an unpaid invoice into store credit.

        ::

            credit note    Dr income, taxes      Cr receivable
            store credit   Dr receivable         Cr store credit

        :param dict parts: ``{return line: Decimal quantity}``
        :return: the posted credit notes.
        """
        self.ensure_one()
        moves = self._credit(parts)  # and no channel is asked to pay anything back
        for move in moves:
            self._turn_into_credit(move)
        return moves

    def _turn_into_credit(self, move):
        """Make what is open of a posted credit note store credit of the customer, with the bonus of the channel on top."""
        move_sudo = move.sudo()  # sudo: who may settle need have no right to entries
        open_sudo = move_sudo.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
        )
        amount = _exact(move_sudo.currency_id, -sum(open_sudo.mapped("amount_residual_currency")))
        if amount > 0:
            percent = Decimal(repr(self.channel_id.sudo().return_credit_bonus))  # sudo: a setting of the channel
            extra = bonus(amount, percent, Decimal(str(move_sudo.currency_id.rounding)))
            self._give_credit(move_sudo, open_sudo, amount, extra)

    def _give_credit(self, move_sudo, open_sudo, amount, extra):
        """Hook: give what is open of a credit note to the customer, in whatever form.

        :param open_sudo: the open items of the receivable.
        :param Decimal amount: what they come to; ``extra``: the bonus on top, zero or more.
        """
        credits = self.env["oms.store.credit.entry"]
        about = (move_sudo.partner_id.commercial_partner_id, move_sudo.company_id, move_sudo.currency_id)
        values = {"return_id": self.id, "order_id": move_sudo.invoice_line_ids.sale_line_ids.order_id[:1].id}
        account = open_sudo.account_id[:1]
        entry = credits._give(
            *about, amount, f"issue:{move_sudo.id}", account, reason=self.env._("Return %s", self.name), **values
        )
        opposite_sudo = entry.sudo().move_id.line_ids.filtered(lambda line: line.account_id == account)
        (open_sudo.filtered(lambda line: line.account_id == account) | opposite_sudo).reconcile()
        if extra > 0:
            entry |= credits._give(
                *about,
                extra,
                f"bonus:{move_sudo.id}",
                move_sudo.company_id._oms_get_credit_account("given"),
                reason=self.env._("Bonus for taking store credit, return %s", self.name),
                **values,
            )
        self.message_post(
            body=self.env._(
                "%(amount)s became store credit of the customer.", amount=about[2].format(sum(entry.mapped("amount")))
            )
        )


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    return_credit_bonus = fields.Float(
        string="Bonus for Store Credit (%)",
        digits=(16, 2),
        help="What customers of this channel get on top when they take store credit for a return instead of their money.",
    )

    _return_credit_bonus_check = models.Constraint(
        "CHECK(return_credit_bonus BETWEEN 0 AND 100)", "A bonus is between 0 and 100 percent."
    )


class OmsReturnSettlement(models.Model):
    _inherit = "oms.return.settlement"

    credit_id = fields.Many2one(
        "oms.store.credit.entry", string="Store Credit", compute="_compute_credit_id", compute_sudo=True
    )

    def _compute_credit_id(self):
        keys = {f"issue:{row.move_id.id}": row for row in self if row.outcome == "credit" and row.move_id}
        entries = self.env["oms.store.credit.entry"].search([("key", "in", list(keys))])
        by_key = {entry.key: entry for entry in entries}
        for row in self:
            row.credit_id = by_key.get(f"issue:{row.move_id.id}") if row.outcome == "credit" else False
