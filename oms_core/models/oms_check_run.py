from odoo import api, fields, models

from ..const import ERROR_MAX_CHARS


class OmsCheckRun(models.Model):
    """When each check last looked at a company, and whether it could. Written by the auditor."""

    _name = "oms.check.run"
    _description = "Run of a Check"
    _order = "sequence, company_id, id"
    _rec_name = "name"

    code = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    sequence = fields.Integer(readonly=True)
    name = fields.Char(string="Check", compute="_compute_check")
    proves = fields.Char(string="What It Proves", compute="_compute_check")
    leaves_out = fields.Char(string="What It Leaves Out", compute="_compute_check")
    since = fields.Date(
        string="Looks Back To",
        readonly=True,
        help="Documents of this day and later, and older ones that something has happened to since.",
    )
    ran_at = fields.Datetime(string="Last Run", readonly=True)
    seconds = fields.Float(string="Took (s)", readonly=True)
    error = fields.Char(string="Could Not Run", readonly=True)
    open_count = fields.Integer(string="Open", compute="_compute_open_count")

    _check_uniq = models.Constraint("UNIQUE(code, company_id)", "This check of the company is known already.")

    @api.depends("code")
    def _compute_check(self):
        checks = {check.code: check for check in self.env["oms.check"]._get_checks()}
        for run in self:
            check = checks.get(run.code)
            run.name = check.name if check else run.code
            run.proves = check.proves if check else False
            run.leaves_out = check.leaves_out if check else False

    def _compute_open_count(self):
        counts = {
            (code, company.id): count
            for code, company, count in self.env["oms.check.result"]._read_group(
                [("code", "in", self.mapped("code")), ("state", "=", "open")], ["code", "company_id"], ["__count"]
            )
        }
        for run in self:
            run.open_count = counts.get((run.code, run.company_id.id), 0)

    @api.model
    def _get(self, company, code):
        run = self.search([("company_id", "=", company.id), ("code", "=", code)])
        sequence = [check.code for check in self.env["oms.check"]._get_checks()].index(code)
        if not run:
            return self.create({"company_id": company.id, "code": code, "sequence": sequence})
        if run.sequence != sequence:
            run.sequence = sequence
        return run

    def _tell(self, started, errors, since):
        now = fields.Datetime.now()
        self.write(
            {
                "ran_at": now,
                "since": since,
                "seconds": (now - started).total_seconds(),
                "error": str(errors[0])[:ERROR_MAX_CHARS] or type(errors[0]).__name__ if errors else False,
            }
        )

    @api.model
    def _get_due(self, every):
        """[(company, code)] of what was not looked at for a while, company by company. Companies without a channel have
        nothing that we book."""
        companies = self.env["oms.channel"].with_context(active_test=False)._read_group([], ["company_id"])
        last = {(run.company_id.id, run.code): run.ran_at for run in self.search([])}
        before = fields.Datetime.now() - every
        return [
            (company, check.code)
            for (company,) in companies
            for check in self.env["oms.check"]._get_checks()
            if not (at := last.get((company.id, check.code))) or at < before
        ]

    def action_open_results(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id("oms_core.oms_check_result_action")
        return {
            **action,
            "name": self.name,
            "domain": [("code", "=", self.code), ("company_id", "=", self.company_id.id)],
            "context": {"search_default_standing": 1},
        }
