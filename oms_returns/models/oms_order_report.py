from odoo import models
from odoo.tools import SQL

from odoo.addons.oms_core.report.units import join_units


class OmsOrderReport(models.Model):
    """What came back or was claimed counts as a defect when the reason on its return says so, and not because it came back."""

    _inherit = "oms.order.report"
    _depends = {
        "stock.move": ["oms_return_line_id"],
        "oms.return": ["state"],
        "oms.return.line": ["reason_id", "sale_line_id", "product_id", "product_uom_id", "quantity", "expects_goods"],
        "oms.return.reason": ["is_defect"],
    }

    def _with_parts(self):
        return {
            **super()._with_parts(),
            "oms_defects": SQL(
                """
                SELECT told.line_id, SUM(told.quantity) AS quantity
                  FROM (SELECT m.line_id, m.quantity, rl.reason_id
                          FROM oms_moves m
                          JOIN stock_move sm ON sm.id = m.id
                          JOIN oms_return_line rl ON rl.id = sm.oms_return_line_id
                         WHERE m.is_in AND m.state = 'done'
                         UNION ALL
                        SELECT rl.sale_line_id, rl.quantity * lu.factor / pu.factor, rl.reason_id
                          FROM oms_return_line rl
                          JOIN oms_return claim ON claim.id = rl.return_id AND claim.state IN ('open', 'closed')
                          %s
                         WHERE NOT rl.expects_goods AND rl.sale_line_id IS NOT NULL) told
                  JOIN oms_return_reason reason ON reason.id = told.reason_id AND reason.is_defect
                 GROUP BY told.line_id
                """,
                join_units("rl"),
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
        """Override: so much of a line came back, or was claimed, for a reason that is a defect."""
        return SQL("COALESCE(defect.quantity, 0)")

    def _is_defective(self):
        """Override: a line of it did, for such a reason."""
        return SQL("(bad.order_id IS NOT NULL)")
