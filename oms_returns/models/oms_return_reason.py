from odoo import api, fields, models

#: What went wrong, so that reasons in any words can be counted together.
REASON_KINDS = [
    ("fit", "Size or fit"),
    ("quality", "Quality, defect"),
    ("description", "Not as described"),
    ("transport", "Damaged or lost on the way"),
    ("wrong_item", "Wrong or missing item"),
    ("late", "Late"),
    ("changed_mind", "Changed mind"),
    ("other", "Other"),
]

#: Who can do something about it.
TEAMS = [
    ("content", "Product content"),
    ("purchase", "Purchasing"),
    ("sales", "Sales"),
    ("warehouse", "Warehouse"),
]

TEAM_OF_KIND = {
    "fit": "content",
    "quality": "purchase",
    "description": "content",
    "transport": "warehouse",
    "wrong_item": "warehouse",
    "late": "warehouse",
    "changed_mind": "sales",
}

#: {kind: reasons that come with the add-on}
SHIPPED = {
    "changed_mind": ["reason_changed_mind"],
    "fit": ["reason_size", "reason_too_small", "reason_too_large"],
    "description": ["reason_not_as_described"],
    "quality": ["reason_defective"],
    "transport": ["reason_damaged"],
    "wrong_item": ["reason_wrong_item", "reason_incomplete"],
    "late": ["reason_late"],
}


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
    kind = fields.Selection(REASON_KINDS, string="Group", required=True, default="other", index=True)
    team = fields.Selection(
        TEAMS,
        string="Responsible",
        compute="_compute_team",
        store=True,
        readonly=False,
        help="Who gets the task when more comes back for this reason than is usual.",
    )

    @api.depends("kind")
    def _compute_team(self):
        for reason in self:
            reason.team = TEAM_OF_KIND.get(reason.kind)

    def _init_column(self, column_name):
        """Override: where the reasons were there before the question, those that came with the add-on have their answer."""
        result = super()._init_column(column_name)
        if column_name == "is_defect":
            self._init_shipped("is_defect", True, ["description", "quality", "transport", "wrong_item"])
        if column_name == "kind":
            for kind in SHIPPED:
                self._init_shipped("kind", kind, [kind])
        return result

    def _init_shipped(self, column, value, kinds):
        names = [name for kind in kinds for name in SHIPPED[kind]]
        self.env.cr.execute(
            f"""UPDATE oms_return_reason SET {column} = %s
                WHERE id IN (SELECT res_id FROM ir_model_data WHERE module = 'oms_returns' AND name = ANY(%s))""",  # noqa: S608
            [value, names],
        )
