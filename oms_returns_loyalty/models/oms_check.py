from odoo import api, models
from odoo.tools import SQL


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _get_sources(self):
        """Override of ``oms_core``: a card is given for a credit note, and may run out."""
        return super()._get_sources() | {"gift_card": "account.move", "gift_card_expired": "loyalty.card"}

    @api.model
    def _get_gift_card_causes(self, company):
        """Override of ``oms_core``: cards that returns became or that ran out, and those that were redeemed by invoice or at a
        till."""
        causes = [
            *super()._get_gift_card_causes(company),
            SQL("m.oms_key LIKE 'gift\\_card:%%'"),
            SQL("m.oms_key LIKE 'gift\\_card\\_expired:%%'"),
        ]
        # Not made here where there is none yet: a check changes nothing.
        program = self.env.ref(f"oms_core.company_{company.id}_returns_gift_card_program", raise_if_not_found=False)
        products = program._oms_get_money_products() if program else None
        if products:
            causes.append(SQL("l.product_id IN %s", products._ids))
            if "pos.session" in self.env:
                # The entry of a session sums its sales up by account, and names no product.
                causes.append(
                    SQL(
                        """EXISTS (SELECT 1 FROM pos_session s JOIN pos_order o ON o.session_id = s.id
                                     JOIN pos_order_line p ON p.order_id = o.id
                                    WHERE s.move_id = m.id AND p.product_id IN %s)""",
                        products._ids,
                    )
                )
        return causes
