from odoo import fields, models


class OmsReturnReason(models.Model):
    """Why customers send goods back, in words that can be counted."""

    _name = "oms.return.reason"
    _description = "Return Reason"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    is_defect = fields.Boolean(
        string="Counts as Defect", help="What comes back for this reason counts in the Defect Rate of the reports."
    )

    def _init_column(self, column_name):
        """Override: where the reasons were there before the question, those that came with the add-on have their answer."""
        result = super()._init_column(column_name)
        if column_name == "is_defect":
            self.env.cr.execute(
                """UPDATE oms_return_reason SET is_defect = TRUE
                    WHERE id IN (SELECT res_id FROM ir_model_data WHERE module = 'oms_returns' AND name = ANY(%s))""",
                [["reason_not_as_described", "reason_defective", "reason_damaged", "reason_wrong_item"]],
            )
        return result
