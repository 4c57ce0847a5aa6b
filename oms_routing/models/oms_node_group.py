from odoo import fields, models


class OmsNodeGroup(models.Model):
    """A name for places that rules speak of together: "stores of the south", "may send dangerous goods"."""

    _name = "oms.node.group"
    _inherit = ["oms.cache.source"]  # the order of groups is a part of policies
    _description = "Group of Places"
    _order = "sequence, name"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10, help="The goal “Preferred groups” asks them in this order.")
    color = fields.Integer()
    warehouse_ids = fields.Many2many(
        "stock.warehouse", "oms_node_group_rel", "group_id", "warehouse_id", string="Places"
    )

    _name_uniq = models.Constraint("UNIQUE(name)", "There is a group of this name already.")
