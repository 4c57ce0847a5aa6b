from odoo import models

from odoo.addons.oms_core.domain.order_to_cash import Document, Step

from .oms_settlement_booked import exact

#: Kind of a payout's line → kind of a step of an order's money.
STEPS = {"fee": "fee", "fee_tax": "fee", "chargeback": "chargeback", "chargeback_reversal": "chargeback"}


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_money_steps(self):
        """Override of ``oms_core``: what the channel kept of this order, and what a customer's bank took back."""
        yield from super()._oms_money_steps()
        # sudo: payouts are for accountants; whoever may look at the money of an order sees what of them is about it
        lines_sudo = (
            self.env["oms.settlement.line"]
            .sudo()
            .search(
                [
                    ("order_id", "=", self.id),
                    ("kind", "in", list(STEPS)),
                    ("settlement_id.move_id", "!=", False),
                ],
                order="id",
            )
        )
        for line_sudo in lines_sudo:
            payout_sudo = line_sudo.settlement_id
            amount = payout_sudo.currency_id._convert(
                line_sudo.amount, self.currency_id, self.company_id, payout_sudo.date
            )
            yield Step(
                line_sudo.occurred_at or payout_sudo.ends_at or payout_sudo.create_date,
                STEPS[line_sudo.kind],
                exact(amount, self.currency_id.name),
                Document("oms.settlement", payout_sudo.id, payout_sudo.external_id),
                entry=payout_sudo.move_id._oms_as_document(),
                note=line_sudo.text or line_sudo.code or "",
            )
