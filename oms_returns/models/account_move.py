from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    oms_return_line_id = fields.Many2one(
        "oms.return.line", string="Return Line", index="btree_not_null", copy=False, ondelete="set null"
    )
