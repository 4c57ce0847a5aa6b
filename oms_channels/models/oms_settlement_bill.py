"""Fees of a channel that sends invoices for them: a draft bill for each payout, which the payout has paid."""

from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.fields import Command

from ..domain.explained import CAUSES
from ..domain.settlement_posting import FEES, roles_of


class OmsSettlement(models.Model):
    _inherit = "oms.settlement"

    def _make_fee_bill(self, explanation, accounts):
        """Prepare the bill for what was kept of this payout as fees; for an accountant to compare with the channel's invoice
        and to post. Where more was given back than taken, it is a credit note."""
        self.ensure_one()
        channel = self.channel_id
        if channel.payout_fees_as != "bill":
            return
        parts = defaultdict(Decimal)
        for rest in explanation.rests:
            if rest.cause in FEES:
                account = next(accounts[role] for role in roles_of(rest) if accounts.get(role))
                # What is other than agreed is on the channel's invoice with the rest of the fee.
                label = CAUSES["fee" if rest.cause == "fee_change" else rest.cause]
                parts[f"{label}: {rest.code}" if rest.code else label, account, rest.cause == "fee_tax"] -= rest.amount
        total = sum(parts.values(), Decimal(0))
        if not any(parts.values()):
            return
        sign = 1 if total >= 0 else -1
        self.env["account.move"].with_company(self.company_id).create(
            {
                "move_type": "in_invoice" if sign > 0 else "in_refund",
                "partner_id": channel.payout_vendor_id.id,
                "company_id": self.company_id.id,
                "currency_id": self.currency_id.id,
                "date": self.date,
                "invoice_date": self.date,
                "invoice_origin": self.display_name,
                "ref": self.env._("Fees of payout %s", self.external_id),
                "oms_settlement_id": self.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": name,
                            "quantity": 1,
                            "price_unit": float(sign * amount),
                            "account_id": account,
                            "tax_ids": [Command.set([] if is_tax else channel.payout_fee_tax_id.ids)],
                        }
                    )
                    for (name, account, is_tax), amount in parts.items()
                    if amount
                ],
            }
        )


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """Override: a bill for the fees of payouts is paid by the payout that kept them."""
        posted = super()._post(soft)
        for bill in posted.filtered(lambda move: move.oms_settlement_id and move.is_purchase_document()):
            # sudo: that a payout has paid a bill is so whoever posts the bill
            items = (bill | bill.oms_settlement_id.sudo().move_ids).line_ids.filtered(
                lambda item, bill=bill: (
                    item.account_id.account_type == "liability_payable"
                    and item.partner_id == bill.commercial_partner_id
                    and item.parent_state == "posted"
                    and not item.reconciled
                )
            )
            if len(items.account_id) == 1 and len(items.move_id) > 1:
                items.reconcile()
        return posted
