from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_on_cancelled_too_late(self, cancellation):
        """Override of ``oms_core``: what left before it could be stopped is asked back; a clerk authorizes the return."""
        result = super()._oms_on_cancelled_too_late(cancellation)
        lines = [
            (0, 0, {"sale_line_id": line.sale_line_id.id, "quantity": min(line.late, returnable)})
            for line in cancellation.line_ids
            if line.late > 0 and (returnable := line.sale_line_id._oms_get_returnable()) > 0
        ]
        if lines:
            # sudo: also a customer or a channel may cancel too late; the return is only asked for by that
            request_sudo = (
                self.env["oms.return"].sudo().create({"order_id": self.id, "origin": "customer", "line_ids": lines})
            )
            request_sudo.message_post(
                body=self.env._("Cancelled after it had left: %s", cancellation.note or cancellation.outcome)
            )
        return result
