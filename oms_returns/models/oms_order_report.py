from odoo import models
from odoo.tools import SQL


class OmsOrderReport(models.Model):
    """What came back counts as a defect when the reason on its return says so, and not because it came back."""

    _inherit = "oms.order.report"
    _depends = {
        "stock.move": ["oms_return_line_id"],
        "oms.return.line": ["reason_id"],
        "oms.return.reason": ["is_defect"],
    }

    def _with_parts(self):
        return {
            **super()._with_parts(),
            "oms_defects": SQL(
                """
                SELECT m.line_id, SUM(m.quantity) AS quantity
                  FROM oms_moves m
                  JOIN stock_move sm ON sm.id = m.id
                  JOIN oms_return_line rl ON rl.id = sm.oms_return_line_id
                  JOIN oms_return_reason reason ON reason.id = rl.reason_id
                 WHERE m.is_in AND m.state = 'done' AND reason.is_defect
                 GROUP BY m.line_id
                """
            ),
            "oms_defective_orders": SQL(
                "SELECT DISTINCT l.order_id FROM oms_defects d JOIN sale_order_line l ON l.id = d.line_id WHERE d.quantity > 0"
            ),
        }

    def _from_parts(self):
        return [
            *super()._from_parts(),
            SQL("LEFT JOIN oms_defects defect ON defect.line_id = r.id"),
            SQL("LEFT JOIN oms_defective_orders bad ON bad.order_id = r.order_id"),
        ]

    def _quantity_defective(self):
        """Override: so much of a line came back for a reason that is a defect."""
        return SQL("COALESCE(defect.quantity, 0)")

    def _is_defective(self):
        return SQL("(bad.order_id IS NOT NULL)")
