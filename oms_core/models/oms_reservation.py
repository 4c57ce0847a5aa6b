from odoo import fields, models


class OmsReservation(models.Model):
    """Goods set aside for an order before the native documents do it: from capture until confirmation.

    Two phases: *pending* counts against what can be promised; it is *posted* when the order is confirmed and its stock
    moves take over, *voided* when the order is called off, *expired* when nobody came back in time. Rows are never changed
    except in their state.
    """

    _name = "oms.reservation"
    _description = "Soft Reservation"
    _order = "id desc"
    _check_company_auto = True

    order_id = fields.Many2one("sale.order", index=True, ondelete="cascade", readonly=True)
    line_id = fields.Many2one("sale.order.line", index="btree_not_null", ondelete="cascade", readonly=True)
    channel_id = fields.Many2one("oms.channel", index="btree_not_null", ondelete="restrict", readonly=True)
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    product_id = fields.Many2one("product.product", required=True, index=True, ondelete="restrict", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", required=True, index=True, ondelete="restrict", readonly=True)
    quantity = fields.Float(
        digits="Product Unit", required=True, readonly=True, help="In the product's own unit of measure."
    )
    state = fields.Selection(
        [("pending", "Pending"), ("posted", "Posted"), ("voided", "Voided"), ("expired", "Expired")],
        required=True,
        default="pending",
        readonly=True,
    )
    expires_at = fields.Datetime(readonly=True, index="btree_not_null", help="Empty: until the order says otherwise.")
    closed_at = fields.Datetime(readonly=True, help="When it was posted, voided or expired.")

    _pending_idx = models.Index("(product_id, warehouse_id) WHERE state = 'pending'")
