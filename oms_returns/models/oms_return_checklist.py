"""What is asked about goods that came back, and what was answered."""

from odoo import fields, models
from odoo.exceptions import UserError


class OmsReturnChecklist(models.Model):
    """A question that is asked about goods of some categories."""

    _name = "oms.return.checklist"
    _description = "Inspection Question"
    _order = "sequence, id"

    name = fields.Char(string="Question", required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    categ_ids = fields.Many2many("product.category", string="Categories", help="Empty: for all goods.")
    is_required = fields.Boolean(string="Must Be Answered")
    worst_grade_id = fields.Many2one(
        "oms.return.grade",
        string="If Not, at Best",
        ondelete="set null",
        help="No better grade can be given when the answer is no.",
    )

    def _fits(self, product):
        self.ensure_one()
        categories = self.sudo().categ_ids  # sudo: categories are open, this saves a check for each question
        return not categories or bool(
            product.categ_id and any(product.categ_id._oms_is_below(category) for category in categories)
        )


class ProductCategory(models.Model):
    _inherit = "product.category"

    def _oms_is_below(self, other):
        """Whether this category is another one, or lies below it."""
        self.ensure_one()
        return (self.parent_path or "").startswith(other.parent_path or "/")


class OmsReturnAnswer(models.Model):
    """What somebody answered who looked."""

    _name = "oms.return.answer"
    _description = "Inspection Answer"
    _order = "inspection_id, sequence, id"
    _rec_name = "checklist_id"

    inspection_id = fields.Many2one("oms.return.inspection", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="inspection_id.company_id", store=True, index=True)
    checklist_id = fields.Many2one("oms.return.checklist", string="Question", required=True, ondelete="restrict")
    sequence = fields.Integer(related="checklist_id.sequence", store=True)
    answer = fields.Selection([("yes", "Yes"), ("no", "No"), ("na", "Does not apply")])
    note = fields.Char()

    def write(self, vals):
        """Override: answers belong to what was found, and stay with it."""
        if any(answer.inspection_id.state != "draft" for answer in self):
            raise UserError(self.env._("This inspection is finished; its answers stay."))
        return super().write(vals)
