from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.oms_pos.models.pos_order import PAID_STATES


class PosOrder(models.Model):
    _inherit = "pos.order"

    def _process_saved_order(self, draft):
        """Override of ``point_of_sale``: what was paid with store credit is taken from the customer's, or the sale is refused."""
        result = super()._process_saved_order(draft)
        if not draft and self.state in PAID_STATES:
            self.payment_ids.filtered(lambda payment: payment.payment_method_id.oms_is_store_credit)._oms_redeem()
        return result


class PosPayment(models.Model):
    _inherit = "pos.payment"

    def _oms_redeem(self):
        """Take these payments from the customers' store credit, each once, and set the invoice off where there is one.

        :raise UserError: when the sale has no customer, or the customer has not so much.
        """
        # sudo: who sells need have no right to the ledger; what is taken follows from the sale alone
        credits_sudo = self.env["oms.store.credit.entry"].sudo()
        for payment in self:
            sale = payment.pos_order_id
            customer = sale.partner_id.commercial_partner_id
            if not customer:
                raise UserError(
                    self.env._("Store credit belongs to somebody: choose the customer of %s first.", sale.pos_reference)
                )
            amount = Decimal(repr(sale.currency_id.round(payment.amount)))
            about = (customer, sale.company_id, sale.currency_id)
            key = f"till:{payment.uuid or payment.id}"
            account = customer.with_company(sale.company_id).sudo().property_account_receivable_id  # sudo: as above
            reason = self.env._("Till: %s", sale.pos_reference or sale.name)
            if amount > 0:
                entries_sudo = credits_sudo._take(*about, amount, key, account, "spend", reason=reason)
            elif amount < 0:
                entries_sudo = credits_sudo._give(*about, -amount, key, account, reason=reason)
            else:
                continue
            invoice_sudo = sale.sudo().account_move  # sudo: as above
            if invoice_sudo.state == "posted":
                payment._oms_set_off(invoice_sudo.line_ids, entries_sudo)

    def _oms_get_credit_entries_sudo(self):
        credits_sudo = self.env["oms.store.credit.entry"].sudo()  # sudo: as above
        return credits_sudo.browse().union(
            *(
                credits_sudo._find(payment.pos_order_id.company_id, f"till:{payment.uuid or payment.id}")
                for payment in self
            )
        )

    def _oms_set_off(self, lines_sudo, entries_sudo):
        """Match receivables with what was redeemed for them."""
        both_sudo = (lines_sudo | entries_sudo.move_id.line_ids).filtered(
            lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
        )
        for of_account in both_sudo.grouped(lambda line: (line.account_id, line.currency_id)).values():
            if len({line.balance > 0 for line in of_account}) == 2:
                of_account.reconcile()
