from odoo import fields, models

from ..const import NODE_TYPES


class StockWarehouse(models.Model):
    """A warehouse is a node of the network: a place that goods are promised and sent from, whoever runs it."""

    _inherit = "stock.warehouse"

    oms_node_type = fields.Selection(
        NODE_TYPES,
        string="Kind of Place",
        required=True,
        default="warehouse",
        help="A store also hands goods over; a third party or vendor tells its stock by messages.",
    )
    oms_calendar_id = fields.Many2one(
        "resource.calendar",
        string="Open",
        help="When this place is open, and in which time zone. Empty: the working hours of the company.",
    )
    oms_user_ids = fields.Many2many(
        "res.users",
        "oms_warehouse_user_rel",
        "warehouse_id",
        "user_id",
        string="Associates",
        help="Store associates who work here. They see the deliveries of their own places only.",
    )
