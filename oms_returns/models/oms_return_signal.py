"""More comes back than is usual: one task for whoever can do something about it, and whether it helped."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.oms_core.alone import leave_task, on_its_own
from odoo.addons.oms_core.text import as_html

from ..domain.return_rates import HISTORY_WEEKS, WINDOW_WEEKS, Look, choose
from .oms_return_rate import WATCHED, WATCHES, monday_of, week_of
from .oms_return_reason import TEAMS

#: {state: states that may follow}
SIGNAL_TRANSITIONS = {
    "open": {"acted", "closed"},
    "acted": {"acted", "measured", "closed"},
    "measured": {"acted", "closed"},
    "closed": set(),
}
#: Watches of a product that know why it comes back; the product as a whole is not signalled beside them.
CAUSES = ("product_content", "product_quality")
#: Watches of the same thing: after an action on one, only what was shipped since counts for all.
SAME_THING = ("product", *CAUSES)
#: Tasks of one night for one company; the others come in the next nights, the surest first.
SIGNALS_PER_NIGHT_MAX = 20
#: Signals whose effect is measured in one night.
MEASURED_PER_NIGHT_MAX = 500
#: After so many weeks it is said that too little was sold to know.
EFFECT_WEEKS_MAX = 26
#: Reasons that a sentence names, and words of customers that a task shows.
REASONS_NAMED_MAX = 2
WORDS_SHOWN_MAX = 20

VERDICTS = [
    ("early", "Too early to say"),
    ("better", "Less comes back"),
    ("same", "No change to be seen"),
    ("worse", "More comes back"),
    ("unknown", "Too little was sold to know"),
]


def in_percent(share):
    """Without digits that nobody can know; below one percent with one.

    >>> in_percent(0.1333), in_percent(0.004)
    ('13', '0.4')
    """
    return f"{100 * share:.0f}" if share >= 0.01 or not share else f"{100 * share:.1f}"


class OmsReturnSignal(models.Model):
    """Of a product, a supplier, a person, a channel, a place or a carrier comes back more than is usual.

    Found each night by control charts (``domain/return_rates.py``). The same thing is never signalled twice: while one is
    open nothing new is opened; after an action only what was shipped since counts; what somebody has said to be in order is
    quiet until it grows beyond that.
    """

    _name = "oms.return.signal"
    _description = "Return Signal"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "is_closed, id desc"

    name = fields.Char(required=True, readonly=True)
    sentence = fields.Text(string="What Was Found", required=True, readonly=True)
    state = fields.Selection(
        [("open", "To do"), ("acted", "Done, being watched"), ("measured", "Measured"), ("closed", "Closed")],
        required=True,
        readonly=True,
        default="open",
        index=True,
        tracking=True,
    )
    is_closed = fields.Boolean(compute="_compute_is_closed", store=True)
    key = fields.Char(required=True, readonly=True, index=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    watch = fields.Selection(WATCHES, string="What", required=True, readonly=True)
    kind = fields.Selection(
        [("level", "More than of others"), ("drift", "More than before")],
        string="Compared",
        required=True,
        readonly=True,
    )
    team = fields.Selection(TEAMS, required=True, readonly=True)
    responsible_id = fields.Many2one("res.users", domain=[("share", "=", False)], tracking=True)
    product_tmpl_id = fields.Many2one(
        "product.template", string="Product", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    supplier_id = fields.Many2one("res.partner", readonly=True, index="btree_not_null", ondelete="cascade")
    user_id = fields.Many2one(
        "res.users", string="Salesperson", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    channel_id = fields.Many2one("oms.channel", readonly=True, ondelete="cascade")
    warehouse_id = fields.Many2one("stock.warehouse", string="Place", readonly=True, ondelete="cascade")
    carrier_id = fields.Many2one("delivery.carrier", readonly=True, ondelete="cascade")
    found_on = fields.Date(required=True, readonly=True)
    sold = fields.Integer(string="Lines Shipped", readonly=True)
    back = fields.Integer(string="Came Back", readonly=True)
    rate = fields.Float(string="Return Rate (%)", readonly=True, aggregator=None)
    usual = fields.Float(string="Usual (%)", readonly=True, aggregator=None)
    chance = fields.Float(
        string="By Chance",
        readonly=True,
        digits=(16, 8),
        aggregator=None,
        help="How likely so much comes back by chance alone. Of all signals, one in twenty is chance at most.",
    )
    exposure = fields.Float(
        readonly=True, digits=0, help="Lines shipped, each with the share of its returns due by then."
    )
    usual_share = fields.Float(readonly=True, digits=0)
    spread = fields.Float(readonly=True, digits=0)
    chart = fields.Text(compute="_compute_chart", compute_sudo=True)
    words = fields.Html(string="What Customers Say", compute="_compute_words", compute_sudo=True)
    action_taken = fields.Text(string="What Was Done", tracking=True)
    acted_on = fields.Date(readonly=True)
    acted_by_id = fields.Many2one("res.users", string="Done by", readonly=True)
    verdict = fields.Selection(VERDICTS, string="Effect", readonly=True, tracking=True)
    effect = fields.Text(string="Effect in Numbers", readonly=True)
    rate_before = fields.Float(string="Before (%)", readonly=True, aggregator=None)
    rate_after = fields.Float(string="After (%)", readonly=True, aggregator=None)
    change_low = fields.Float(string="Change at Least (points)", readonly=True, aggregator=None)
    change_high = fields.Float(string="Change at Most (points)", readonly=True, aggregator=None)
    measured_on = fields.Date(readonly=True)
    accepted_share = fields.Float(
        readonly=True, digits=0, help="Closed without an action: so much is in order, and no signal."
    )
    accepted_whole = fields.Float(readonly=True, digits=0, help="What came back of the product then for any reason.")
    closed_on = fields.Date(readonly=True)

    _open_uniq = models.UniqueIndex("(company_id, key) WHERE state != 'closed'", "This is signalled already.")

    @api.depends("state")
    def _compute_is_closed(self):
        for record in self:
            record.is_closed = record.state == "closed"

    @api.depends("key", "company_id")
    def _compute_chart(self):
        rates = self.env["oms.return.rate"].search(
            [("key", "in", self.mapped("key")), ("company_id", "in", self.company_id.ids)]
        )
        charts = {(rate.company_id, rate.key): rate.chart for rate in rates}
        for record in self:
            record.chart = charts.get((record.company_id, record.key))

    @api.depends("product_tmpl_id")
    def _compute_words(self):
        for record in self:
            record.words = record.product_tmpl_id.with_company(record.company_id)._oms_get_words_html()

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_done(self):
        """Something was done about it: what is shipped from now on shows whether it helped."""
        self.check_access("write")
        for record in self:
            if not (record.action_taken or "").strip():
                raise UserError(
                    self.env._("Say what was done about “%s”, so that its effect can be told later.", record.name)
                )
        self._set_state("acted")
        self.write(
            {
                "acted_on": fields.Date.today(),
                "acted_by_id": self.env.user.id,
                "verdict": "early",
                "effect": self.env._("What is shipped from next week on is compared with the weeks before."),
                "measured_on": False,
            }
        )
        self._end_tasks()

    def action_close(self):
        """Nothing more to do. Closed without an action, so much is in order from now on."""
        self.check_access("write")
        for record in self:
            if record.state == "open" and record.exposure:
                record.accepted_share = record.back / record.exposure
            elif record.state == "measured" and record.verdict in ("same", "worse"):
                record.accepted_share = record.rate_after / 100  # given up: it is as it is
            if record.accepted_share and record.watch in CAUSES:
                record.accepted_whole = record._get_whole_share()
        self._set_state("closed")
        self.closed_on = fields.Date.today()
        self._end_tasks()

    def _get_whole_share(self):
        """The share of the product that comes back in the end for any reason."""
        self.ensure_one()
        # sudo: a number of the product, whoever closes its signal
        rate = self.env["oms.return.rate"].sudo().search(
            [("company_id", "=", self.company_id.id), ("key", "=", f"product/{self.product_tmpl_id.id}")]
        )  # fmt: skip
        return rate.rate * rate.usual_share / rate.usual if rate.usual else rate.rate / 100

    def action_open_subject(self):
        """To the record that the signal is about; of a product with what customers say about it."""
        self.ensure_one()
        self.check_access("read")
        return self[WATCHED[self.watch][0]]._get_records_action(name=self.name)

    def action_open_returns(self):
        """The returned lines that were counted."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_returns.oms_return_line_report_action")
        first = monday_of(week_of(self.found_on) - WINDOW_WEEKS)
        action["domain"] = [
            ("is_return", "=", True),
            (WATCHED[self.watch][0], "=", self[WATCHED[self.watch][0]].id),
            ("shipped_at", ">=", fields.Date.to_string(first)),
        ]
        action["context"] = {}
        return action

    def _set_state(self, state):
        """The one way to move signals.

        :raise UserError: for a step that is not allowed.
        """
        for record in self:
            if state not in SIGNAL_TRANSITIONS[record.state]:
                raise UserError(
                    self.env._(
                        "“%(name)s” is %(state)s; this step is not possible any more.",
                        name=record.name,
                        state=dict(self._fields["state"]._description_selection(self.env))[record.state],
                    )
                )
        self.state = state

    def _end_tasks(self):
        for record in self:
            # sudo: whoever ends the signal ends its tasks, whosesoever they are
            record.sudo().activity_ids.action_feedback(feedback=record.action_taken or "")

    # ----------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_watch(self):
        """Look at what came back, company by company."""
        cron = self.env["ir.cron"]
        companies = self.env["res.company"].search([("active", "=", True)])
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            with on_its_own(company, lambda _error: None):  # the next night looks again; the log says why
                self.with_context(allowed_company_ids=company.ids).with_company(company)._watch(company)
            if not cron._commit_progress(1):
                break

    @api.model
    def _watch(self, company):
        """Learn what is usual, open what stands out, measure what was acted on. The same night again changes nothing."""
        now = week_of(fields.Date.today())
        cells = self.env["oms.return.rate"]._get_cells(company, now)
        looks = {watch: Look(rows, now, watch) for watch, rows in cells.items()}
        since, accepted, is_open = self._get_earlier(company)
        found = [one for watch, look in looks.items() for one in look.findings(since[watch], accepted[watch])]
        self.env["oms.return.rate"]._learn(company, looks, found)
        new = self._leave_out(choose(found), is_open)
        opened = self.create([self._prepare_signal(company, one, looks[one.watch]) for one in new])
        opened._leave_tasks()
        self._measure(company, looks)
        return opened

    @api.model
    def _get_earlier(self, company):
        """What earlier signals leave of each group: from which week on it counts, what is in order, which are open."""
        since, accepted, is_open = defaultdict(dict), defaultdict(dict), set()
        for record in self.search([("company_id", "=", company.id)], order="id"):
            group = record[WATCHED[record.watch][0]].id
            if record.acted_on:
                for watch in SAME_THING if record.watch in SAME_THING else [record.watch]:
                    since[watch][group] = week_of(record.acted_on) + 1
            if record.accepted_share:
                accepted[record.watch][group] = record.accepted_share
            if record.accepted_whole:
                accepted["product"][group] = record.accepted_whole
            if record.state != "closed":
                is_open.add((record.watch, group))
        return since, accepted, is_open

    @api.model
    def _leave_out(self, chosen, is_open):
        """Without what is open already, and without a product as a whole where the cause is known. At most a night's worth."""
        causes = {group for watch, group in is_open | {(one.watch, one.group) for one in chosen} if watch in CAUSES}
        new = [
            one
            for one in chosen
            if (one.watch, one.group) not in is_open and not (one.watch == "product" and one.group in causes)
        ]
        return new[:SIGNALS_PER_NIGHT_MAX]

    @api.model
    def _prepare_signal(self, company, one, look):
        field, team, _returns = WATCHED[one.watch]
        subject = self.env[self._fields[field].comodel_name].browse(one.group)
        return {
            "name": self.env._("%s: more comes back than is usual", subject.display_name),
            "sentence": self._say(company, one),
            "key": f"{one.watch}/{one.group}",
            "company_id": company.id,
            "watch": one.watch,
            "kind": one.kind,
            "team": team,
            "responsible_id": self._get_responsible(company, team, subject).id,
            field: one.group,
            "found_on": fields.Date.today(),
            "sold": one.sold,
            "back": one.back,
            "rate": round(100 * one.back / one.sold, 2),
            "usual": round(100 * one.usual, 2),
            "chance": one.chance,
            "exposure": one.exposure,
            "usual_share": look.usual.share(one.group),
            "spread": one.spread,
        }

    @api.model
    def _say(self, company, one):
        """“24 of 180 came back (13 %), 6 % would be usual; 15 of them “Too small”.”"""
        numbers = {
            "back": one.back,
            "sold": one.sold,
            "rate": in_percent(one.back / one.sold),
            "usual": in_percent(one.usual),
        }
        if one.kind == "drift":
            text = self.env._(
                "%(back)s of %(sold)s came back (%(rate)s %%); before, %(usual)s %% was usual here", **numbers
            )
        else:
            text = self.env._("%(back)s of %(sold)s came back (%(rate)s %%), %(usual)s %% would be usual", **numbers)
        named = [
            self.env._("%(count)s of them “%(reason)s”", count=count, reason=reason.name)
            for reason, count in self._count_reasons(company, one)
        ]
        return f"{'; '.join([text, ', '.join(named)] if named else [text])}."

    @api.model
    def _count_reasons(self, company, one):
        """The reasons that were given most for what was shipped in the window: ``[(reason, order lines)]``."""
        field, _team, returns = WATCHED[one.watch]
        now = week_of(fields.Date.today())
        rates = self.env["oms.return.rate"]
        rows = self.env.execute_query(
            SQL(
                """
                WITH lines AS (%(lines)s)
                SELECT said.reason_id, COUNT(DISTINCT said.line_id)
                  FROM (SELECT l.id AS line_id, reason.id AS reason_id, reason.kind, reason.team
                          FROM lines l
                          JOIN oms_return_line rl ON rl.sale_line_id = l.id
                          JOIN oms_return r ON r.id = rl.return_id
                          JOIN oms_return_reason reason ON reason.id = rl.reason_id
                         WHERE l.%(group)s = %(id)s AND r.state IN ('open', 'closed') AND rl.quantity > 0) said
                 WHERE %(returns)s
                 GROUP BY said.reason_id
                 ORDER BY 2 DESC, 1
                 LIMIT %(limit)s
                """,
                lines=rates._query_lines(company, monday_of(now - WINDOW_WEEKS), monday_of(now)),
                group=SQL.identifier(field),
                id=one.group,
                returns=returns,
                limit=REASONS_NAMED_MAX,
            )
        )
        return [(self.env["oms.return.reason"].browse(reason), count) for reason, count in rows]

    @api.model
    def _get_responsible(self, company, team, subject):
        """Who gets the task: whoever the company names for it, else who looks after the subject, else a manager."""
        named = company[f"oms_return_{team}_user_id"]
        if not named and subject._name == "oms.channel":
            named = subject._get_responsible()
        if not named or not self.with_user(named).has_access("read"):
            # sudo: who may manage orders is no secret to a job
            managers = self.env.ref("oms_core.group_oms_manager").sudo().all_user_ids
            named = managers.filtered(
                lambda user: user.active and company in user.company_ids and not user._is_superuser()
            ).sorted("id")[:1]
        return named or self.env.user

    def _leave_tasks(self):
        for record in self:
            record.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=record.name,
                note=as_html(record.sentence),
                user_id=record.responsible_id.id,
            )

    # ------------------------------------------------------------------------------------------------------- EFFECTS

    @api.model
    def _measure(self, company, looks):
        """What came of the actions; says honestly when there is not enough to know."""
        acted = self.search(
            [("company_id", "=", company.id), ("state", "=", "acted")],
            order="acted_on, id",
            limit=MEASURED_PER_NIGHT_MAX,
        )
        for record in acted:
            look = looks[record.watch]
            first = week_of(record.acted_on) + 1
            found = look.effect(
                record[WATCHED[record.watch][0]].id,
                record.back,
                record.exposure,
                record.usual_share,
                record.spread,
                first,
            )
            is_over = look.now - first >= min(EFFECT_WEEKS_MAX, HISTORY_WEEKS)
            verdict = "unknown" if found.verdict == "early" and is_over else found.verdict
            values = {
                "verdict": verdict,
                "effect": record._say_effect(found, verdict),
                "rate_before": round(100 * found.before, 2),
                "rate_after": round(100 * found.after, 2),
                "change_low": round(100 * found.low, 2),
                "change_high": round(100 * found.high, 2),
            }
            record.write({name: value for name, value in values.items() if record[name] != value})
            if verdict != "early":
                record._set_state("measured")
                record.measured_on = fields.Date.today()
                record._tell_effect()

    def _say_effect(self, found, verdict):
        self.ensure_one()
        numbers = {
            "before": in_percent(found.before),
            "after": in_percent(found.after),
            "low": f"{100 * found.low:+.0f}",
            "high": f"{100 * found.high:+.0f}",
            "known": f"{found.known:.0f}",
            "needed": found.needed,
        }
        if verdict in ("early", "unknown"):
            return self.env._(
                "Not enough data: returns of %(known)s lines are known since, of some %(needed)s that are needed to see a fall "
                "to the usual.",
                **numbers,
            )
        return self.env._(
            "Before %(before)s %%, after %(after)s %% of %(known)s lines: a change of between %(low)s and %(high)s points.",
            **numbers,
        )

    def _tell_effect(self):
        """Who acted decides what follows: nothing, where it helped."""
        self.ensure_one()
        self.message_post(body=self.effect)
        if self.verdict != "better":
            leave_task(
                self, self.env._("Not better: %s", self.name), self.effect, self.acted_by_id or self.responsible_id
            )

    @api.autovacuum
    def _gc_old(self):
        """What was closed long ago, and no chart looks at any more, goes; what is said to be in order stays."""
        before = fields.Date.today() - timedelta(weeks=4 * HISTORY_WEEKS)
        self.search([("closed_on", "<", before), ("accepted_share", "=", 0)], limit=1000).unlink()
