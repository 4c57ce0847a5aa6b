import json
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..alone import leave_task
from ..const import CHECK_HISTORIES_MAX, CHECK_HISTORY_MAX, CHECK_PERIOD_DAYS, ERROR_MAX_CHARS
from ..domain.books import Event, Fault, as_test, faults
from ..notice import RELOAD, notice


class OmsCheckResult(models.Model):
    """Something in the books that is not as it must be, as long as it is so; and why, where an accountant knows.

    The same documents have one row for each check. What the next run does not find any more is gone by itself.
    """

    _name = "oms.check.result"
    _description = "Difference in the Books"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "state desc, severity, amount desc, id"
    _rec_name = "sentence"
    _mail_post_access = "read"

    code = fields.Char(required=True, readonly=True, index=True)
    check_name = fields.Char(string="Check", readonly=True)
    severity = fields.Selection([("error", "Wrong"), ("warning", "To be looked at")], required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    subject = fields.Char(string="Documents (technical)", required=True, readonly=True)
    documents = fields.Json(string="Documents Told", readonly=True)
    document_name = fields.Char(string="Document", readonly=True)
    documents_html = fields.Html(string="Documents", compute="_compute_html", sanitize=False)
    sentence = fields.Text(string="What Is Wrong", required=True, readonly=True)
    todo = fields.Text(string="What to Do", readonly=True)
    amount = fields.Monetary(string="Difference", readonly=True)
    since = fields.Datetime(string="Found On", required=True, readonly=True)
    seen_at = fields.Datetime(string="Last Seen", readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("explained", "Explained"), ("gone", "Gone")],
        required=True,
        readonly=True,
        default="open",
        tracking=True,
    )
    reason = fields.Text(string="Why It Is Right as It Is", tracking=True, help="Needed to explain a difference.")
    history = fields.Json(readonly=True)
    fault = fields.Json(readonly=True)
    history_html = fields.Html(string="Shortest History", compute="_compute_html", sanitize=False)
    has_test = fields.Boolean(compute="_compute_html")

    _standing_uniq = models.UniqueIndex(
        "(company_id, code, subject) WHERE state != 'gone'", "This difference is known already."
    )

    @api.depends("documents", "history")
    def _compute_html(self):
        for result in self:
            documents = [
                Markup('<a href="/odoo/%s/%s">%s</a>') % (model, record_id, name)
                for model, record_id, name in result.documents or ()
            ]
            result.documents_html = Markup(", ").join(documents)
            events = result._get_events()
            result.history_html = _as_table(result, events) if events else False
            result.has_test = bool(events and result.fault and Fault(*result.fault) in faults(events))

    def _get_events(self):
        return [Event.from_json(values) for values in self.history or ()]

    # --------------------------------------------------------------------------------------------------------- ACTIONS

    def action_explain(self):
        """An accountant knows why this is right as it is; it is not asked again while the difference stays the same."""
        self.check_access("write")
        for result in self.filtered(lambda one: one.state == "open"):
            if not (result.reason or "").strip():
                raise UserError(
                    self.env._("Say first why this is right as it is: who closes the year wants to read it.")
                )
            result.state = "explained"

    def action_reopen(self):
        self.check_access("write")
        self.filtered(lambda one: one.state == "explained").state = "open"

    def action_open_document(self):
        self.ensure_one()
        self.check_access("read")
        model, record_id, _name = self.documents[0] if self.documents else (False, 0, "")
        record = self.env[model].browse(record_id).exists() if model in self.env else None
        if not record:
            raise UserError(self.env._("What this is about does not exist any more."))
        record.check_access("read")
        return record._get_records_action(name=record.display_name)

    def action_check_now(self):
        """Look at everything now, and show what was found. (A button of a list gives the rows that are ticked, or none.)"""
        self.check_access("write")
        checks, made = self.env["oms.check"]._get_checks(), self.browse()
        for company in self.env.companies:
            for check in checks:
                made |= self.env["oms.check"]._run(company, check.code)
        standing = self.search_count([("state", "=", "open"), ("company_id", "in", self.env.companies.ids)])
        if not standing:
            told = self.env._("%s checks looked at the books, and nothing is open.", len(checks))
            return notice(told, "success", then=RELOAD)
        told = self.env._(
            "%(checks)s checks looked at the books. New differences: %(new)s, open in all: %(open)s.",
            checks=len(checks),
            new=len(made),
            open=standing,
        )
        return notice(told, "warning", sticky=True, then=RELOAD)

    def action_download_test(self):
        """The shortest history as a test that shows the fault without a database."""
        self.ensure_one()
        self.check_access("read")
        if not self.has_test:
            raise UserError(self.env._("This difference is not told by events that a test could repeat."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/oms/check/{self.id}/test_{self.code}_{self.id}.py",
            "target": "download",
        }

    def _get_test(self):
        self.ensure_one()
        return as_test(self.sentence, self._get_events(), Fault(*self.fault))

    # ----------------------------------------------------------------------------------------------------------- TAKING

    def _take(self, company, check, violations, complete, since):
        """Bring the rows of a check to what it has found.

        :param complete: whether it has told everything; else what it does not tell is not gone.
        :param since: how far back it has looked. What was explained and may be older is not gone either.
        :return: what is new, or has changed since somebody explained it.
        """
        standing = {
            result.subject: result
            for result in self.search(
                [("company_id", "=", company.id), ("code", "=", check.code), ("state", "!=", "gone")]
            )
        }
        now, to_create, changed = fields.Datetime.now(), [], self.browse()
        found = {violation.subject: violation for violation in violations}
        for subject, violation in found.items():
            values = {
                "sentence": violation.sentence,
                "todo": violation.todo,
                "amount": violation.amount,
                "seen_at": now,
            }
            if result := standing.get(subject):
                if result.state == "explained" and company.currency_id.compare_amounts(result.amount, violation.amount):
                    values["state"] = "open"  # what was explained was another difference
                    changed |= result
                result.write(values)
                continue
            to_create.append(
                {
                    **values,
                    **self._tell_history(violation, full=len(to_create) < CHECK_HISTORIES_MAX),
                    "company_id": company.id,
                    "code": check.code,
                    "check_name": check.name,
                    "severity": check.severity,
                    "subject": subject,
                    "since": now,
                }
            )
        if complete:
            gone = self.browse().union(*(result for subject, result in standing.items() if subject not in found))
            gone = gone.filtered(lambda result: result.state == "open" or result._is_within(since))
            gone.state = "gone"
            gone.activity_unlink(["mail.mail_activity_data_warning"])
        return changed | self.create(to_create)

    def _is_within(self, since):
        """Whether a run that looks back to this day sees what the run that found this saw."""
        self.ensure_one()
        return (self.since - timedelta(days=CHECK_PERIOD_DAYS)).date() >= since

    def _take_failure(self, company, check, error):
        """A check that could not run to its end."""
        failed = [("company_id", "=", company.id), ("code", "=", check.code), ("subject", "=", "failure")]
        sentence = self.env._(
            "“%(check)s” could not be judged: %(error)s", check=check.name, error=str(error)[:ERROR_MAX_CHARS]
        )
        known = self.search([*failed, ("state", "!=", "gone")])
        known.write({"sentence": sentence, "seen_at": fields.Datetime.now()})
        if known:
            return self.browse()
        return self.create(
            {
                "company_id": company.id,
                "code": check.code,
                "check_name": check.name,
                "severity": "error",
                "subject": "failure",
                "since": fields.Datetime.now(),
                "seen_at": fields.Datetime.now(),
                "sentence": sentence,
                "todo": self.env._(
                    "Run the check again. If it fails again, somebody who knows the system has to look at its log."
                ),
            }
        )

    @api.model
    def _tell_history(self, violation, full):
        """What led to a violation. Of a great many, only the first are told with their history."""
        names = []
        for model, record_id in violation.documents:
            record = self.env[model].browse(record_id).exists()
            names.append([model, record_id, record.display_name if record else f"{model} {record_id}"])
        values = {"documents": names, "document_name": names[0][2] if names else False}
        if full:
            events = self.env["oms.check"]._get_history(violation)
            values["history"] = [event.to_json() for event in events[-CHECK_HISTORY_MAX:]]
            values["fault"] = list(violation.fault) if violation.fault[0] else False
        return json.loads(json.dumps(values))

    def _tell_accountants(self):
        """One task for what is new, however much it is."""
        new = self.filtered(lambda result: result.state == "open")
        if not new:
            return
        company = new.company_id[:1]
        summary = self.env._("New differences in the books")
        pending = self.search([("company_id", "=", company.id), ("activity_ids.summary", "=", summary)], limit=1)
        text = self.env._(
            "%(count)s new: %(first)s Look at them in Order Management > Books > Checks.",
            count=len(new),
            first=new[0].sentence,
        )
        leave_task(pending or new[0], summary, text, self._get_accountant(company), retell=False)

    @api.model
    def _get_accountant(self, company):
        # sudo: who keeps the books is no secret of theirs
        users_sudo = self.env["res.users"].sudo()
        for group in ("account.group_account_manager", "account.group_account_invoice"):
            if found_sudo := users_sudo.search(
                [
                    ("all_group_ids", "in", self.env.ref(group).ids),
                    ("company_ids", "in", company.ids),
                    ("share", "=", False),
                ],
                order="id",
                limit=1,
            ):
                return found_sudo
        return users_sudo


def _as_table(record, events):
    def told(moment):
        """In the time of whoever looks."""
        return (
            moment
            and f"{fields.Datetime.context_timestamp(record, fields.Datetime.to_datetime(moment)):%Y-%m-%d %H:%M}"
        )

    rows = Markup("").join(
        Markup("<tr><td>%s</td><td>%s</td><td>%s</td></tr>")
        % (
            told(event.at.replace("T", " ")),
            event.text or event.kind,
            Markup('<a href="/odoo/%s/%s">%s</a>') % event.document if event.document else "",
        )
        for event in events
    )
    return Markup('<table class="table table-sm"><tbody>%s</tbody></table>') % rows
