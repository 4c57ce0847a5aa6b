from dataclasses import replace

from odoo import api, models
from odoo.tools import SQL

from .pos_order import PAID_STATES


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _get_checks(self):
        """Override of ``oms_core``: tells what is left out here."""
        more = self.env._(
            "What was sold or settled at a till: the till and its session tell what was handed over and charged."
        )
        return [
            replace(check, leaves_out=f"{check.leaves_out} {more}".strip()) if check.code == "quantities" else check
            for check in super()._get_checks()
        ]

    def _get_stock_causes(self, company, accounts):
        """Override of ``oms_core``: a session books the cost of all that it sold, and what takes a sale out of it or reverses it
        books that back."""
        return [
            *super()._get_stock_causes(company, accounts),
            SQL("m.reversed_pos_order_id IS NOT NULL"),
            SQL("EXISTS (SELECT 1 FROM pos_session ts WHERE ts.move_id IN (m.id, m.reversed_entry_id))"),
        ]

    def _get_counted_elsewhere_sql(self):
        """Override of ``oms_core``: a till moves and charges without a transfer or an invoice of the order."""
        return SQL(
            """(%s OR o.oms_pos_order_id IS NOT NULL
                OR EXISTS (SELECT 1 FROM pos_order_line tl JOIN pos_order t ON t.id = tl.order_id
                            WHERE tl.sale_order_line_id = l.id AND t.state IN %s))""",
            super()._get_counted_elsewhere_sql(),
            PAID_STATES,
        )
