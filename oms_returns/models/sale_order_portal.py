from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_customer_view(self):
        """Override of ``oms_core``: what the customer sends back, and how far it is."""
        view = super()._oms_get_customer_view()
        # sudo: whoever may see the order may see what comes back of it
        returns_sudo = (
            self.env["oms.return"].sudo().search([("order_ids", "in", self.ids), ("state", "!=", "cancelled")])
        )
        view["returns"] = [
            {
                # behind this order's door are returns of this order alone
                "id": record.id if record.order_ids == self else False,
                "name": record.name,
                "stage": record._get_customer_words()[0],
                "items": [
                    (line.product_id.name, line.quantity)
                    for line in record.line_ids
                    if not line.order_id or line.order_id == self
                ],
                "tracking": [
                    (picking.carrier_tracking_ref, picking.carrier_tracking_url)
                    for picking in record.picking_ids
                    if picking.carrier_tracking_ref
                ],
            }
            for record in returns_sudo
        ]
        order_sudo = self.sudo()  # sudo: as above
        view["can_return"] = any(
            line.qty_delivered > 0 and line._oms_get_returnable() > 0 for line in order_sudo.order_line
        )
        return view

    def _oms_get_return_words(self):
        """Override of ``oms_core``: customers do it themselves, on the page of the order."""
        return self.env._(
            "When it has come, you can send it back: choose “Send something back” on the page of your order."
        )
