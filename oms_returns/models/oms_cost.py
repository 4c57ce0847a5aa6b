from decimal import Decimal

from odoo import models

from odoo.addons.oms_core.domain.cost_to_serve import Fact, Part


class OmsCost(models.AbstractModel):
    _inherit = "oms.cost"

    def _get_transfer_facts(self, transfer):
        """Override: where the place has no tariff for returns, what the company says that a return costs."""
        facts = super()._get_transfer_facts(transfer)
        moves = transfer.move_ids.filtered(lambda move: move.state == "done" and move.origin_returned_move_id)
        company = transfer.company_id
        pieces = sum(move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id) for move in moves)
        amount = Decimal(str(company.oms_return_receiving_cost))
        amount += Decimal(str(company.oms_return_inspecting_cost)) * Decimal(str(pieces))
        shares = self._get_shares(moves)
        if (
            transfer.picking_type_code == "incoming"
            and shares
            and amount
            and not any(f.kind == "return" for f in facts)
        ):
            text = self.env._("To receive and inspect %s, by the company's settings", transfer.name)
            facts.append(Fact(f"work:{transfer.id}:return", "return", amount, (Part(amount, shares),), text))
        return facts
