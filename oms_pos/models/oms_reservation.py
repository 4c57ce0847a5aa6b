from odoo import fields, models


class OmsReservation(models.Model):
    """Goods that have left over the counter, and whose stock moves are made when the session is closed."""

    _inherit = "oms.reservation"

    oms_pos_order_id = fields.Many2one(
        "pos.order", string="Sold At the Till", index="btree_not_null", ondelete="restrict", readonly=True
    )
