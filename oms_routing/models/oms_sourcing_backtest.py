import hashlib
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import ERROR_MAX_CHARS
from odoo.addons.oms_core.exceptions import CONCURRENCY_ERRORS
from odoo.addons.oms_core.quiet import quiet_sql

from ..const import (
    BACKTEST_CHUNK,
    BACKTEST_KEPT_DAYS,
    BACKTEST_NOW_MAX,
    BACKTEST_ORDERS_MAX,
    BACKTEST_SAMPLE,
)
from ..domain.backtest import MEASURES, Review, Simulation, decisive_rules
from .oms_sourcing_rule import CONSTRAINTS, OBJECTIVES

_logger = logging.getLogger(__name__)

SIDES = [("before", "Before"), ("after", "After")]


class OmsSourcingBacktest(models.Model):
    """Policies tried on orders of the past, on the stock as it was, or as the policy itself would have left it.

    Nothing of what is tried is done. The results stand side by side, with how sure they are.
    """

    _name = "oms.sourcing.backtest"
    _description = "Trial of Sourcing Policies"
    _order = "id desc"

    name = fields.Char(compute="_compute_name", store=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = fields.Many2one(
        "oms.sourcing.policy",
        string="Policy to Try",
        ondelete="set null",
        check_company=True,
        help="In its place among the others, as if it were switched on, together with those that were brought along with it. "
        "Empty: the policies as they are now.",
    )
    before = fields.Selection(
        [("then", "What decided each order then"), ("now", "The policies that are switched on now")],
        string="Compare With",
        required=True,
        default="then",
    )
    days = fields.Integer(string="Orders of the Last Days", required=True, default=14)
    seed = fields.Integer(
        default=1, required=True, help="Decides which sites refuse which orders. The same number gives the same trial."
    )
    state = fields.Selection(
        [
            ("draft", "To start"),
            ("waiting", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("stopped", "Stopped"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    started_at = fields.Datetime(readonly=True, copy=False)
    order_count = fields.Integer(string="Orders", readonly=True, copy=False)
    done_count = fields.Integer(string="Tried", readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress")
    basis = fields.Char(readonly=True, copy=False, help="Of which policies the results so far are.")
    error = fields.Text(readonly=True, copy=False)
    summary = fields.Text(string="Result", readonly=True, copy=False)
    parity = fields.Text(
        string="Against What Was Decided",
        readonly=True,
        copy=False,
        help="Whether the stock journal and the planner of today give the decisions that were taken.",
    )
    line_ids = fields.One2many("oms.sourcing.backtest.line", "backtest_id", readonly=True)
    measure_ids = fields.One2many(
        "oms.sourcing.backtest.measure", "backtest_id", domain=[("section", "=", "measure")], readonly=True
    )
    rule_ids = fields.One2many(
        "oms.sourcing.backtest.measure", "backtest_id", domain=[("section", "=", "rule")], readonly=True
    )

    _days_check = models.Constraint("CHECK(days > 0 AND days <= 400)", "Try the orders of 1 to 400 days.")

    @api.depends("policy_id.name", "days")
    def _compute_name(self):
        for trial in self:
            policy = trial.policy_id.name or self.env._("Policies of now")
            trial.name = self.env._("%(policy)s, on %(days)s days", policy=policy, days=trial.days)

    @api.depends("done_count", "order_count")
    def _compute_progress(self):
        for trial in self:
            trial.progress = 100 * trial.done_count / trial.order_count if trial.order_count else 0.0

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_start(self):
        """Begin; a small trial is done at once, a larger one by the job."""
        self.check_access("write")
        for trial in self:
            if trial.state not in ("draft", "stopped", "failed"):
                raise UserError(self.env._("%s has begun already.", trial.name))
            trial._reset()
            trial.started_at = fields.Datetime.now()
            decisions = trial._get_decisions()
            if not decisions:
                raise UserError(
                    self.env._(
                        "No order of the last %s days has a decision whose inputs are kept. Try more days, or come back later.",
                        trial.days,
                    )
                )
            trial.write({"state": "waiting", "order_count": len(decisions)})
            if len(decisions) <= BACKTEST_NOW_MAX:
                trial._work()
            else:
                self.env.ref("oms_routing.cron_backtest").sudo()._trigger()  # sudo: to wake the job

    def action_stop(self):
        """Stop a trial that has not ended; what it found so far stays."""
        self.check_access("write")
        self.filtered(lambda trial: trial.state in ("waiting", "running")).state = "stopped"

    def action_view_lines(self):
        """The orders one by one."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_routing.oms_sourcing_backtest_line_action")
        action["domain"] = [("backtest_id", "=", self.id)]
        return action

    # ----------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_run(self):
        """Go on with the trials that wait, the oldest first."""
        cron = self.env["ir.cron"]
        trials = self.search([("state", "in", ("waiting", "running"))], order="id")
        cron._commit_progress(remaining=len(trials))
        for trial in trials:
            if not trial.try_lock_for_update(allow_referencing=True):
                continue
            try:
                with quiet_sql():
                    has_ended = trial._work(lambda: cron._commit_progress(0))
                if not has_ended:
                    return  # out of time; the next run goes on
            except CONCURRENCY_ERRORS:
                # Somebody wrote on it while this was reckoned. Stopped, it stays so; else the next run goes on with it.
                self.env.cr.rollback()
                if trial.state in ("waiting", "running"):
                    continue
            except Exception as error:
                self.env.cr.rollback()
                _logger.warning("%s failed", trial.name, exc_info=True)
                trial.write({"state": "failed", "error": str(error)[:ERROR_MAX_CHARS]})
            cron._commit_progress(1)

    def _work(self, checkpoint=lambda: True):
        """Try what has not been tried, and sum up. May be interrupted between two chunks, and goes on there.

        :param checkpoint: called after each chunk; whether there is time for another.
        :return: whether it is over.
        """
        self.ensure_one()
        decisions = self._get_decisions()
        policies = self._get_policies(decisions)
        distinct = {id(policy): policy for policy in policies.values()}
        basis = hashlib.sha256("".join(sorted(map(repr, distinct.values()))).encode()).hexdigest()
        if self.basis and self.basis != basis:
            self._reset()  # somebody changed a policy, and half of one trial is none
        self.write({"state": "running", "basis": basis})
        known = {
            (line.decision_id.id, line.side): line
            for line in self.line_ids.sudo()  # sudo: own results, whoever sees which orders
        }
        start = decisions[:1].journal_position
        review = Review(decisions._get_case_timeline(self.company_id, start))
        simulations = {
            side: Simulation(decisions._get_case_timeline(self.company_id, start), self.seed) for side, _label in SIDES
        }
        labels = {}
        sampled = set(decisions.ids[:: -(-len(decisions) // BACKTEST_SAMPLE)]) if decisions else set()
        for position in range(0, len(decisions), BACKTEST_CHUNK):
            chunk = decisions[position : position + BACKTEST_CHUNK]
            vals_list = []
            cases = chunk._get_cases()
            cases_now = chunk._with_places_of_now(cases)
            for decision, case in cases.items():
                if (decision.id, "before") in known:
                    review.skip(case)
                    for side, simulation in simulations.items():
                        simulation.repeat(case, *known[decision.id, side]._get_parts())
                    continue
                of_rules = labels if decision.id in sampled else None
                vals_list += self._try(decision, case, cases_now[decision], policies, review, simulations, of_rules)
            if vals_list:
                self.env["oms.sourcing.backtest.line"].sudo().create(vals_list)  # sudo: results are the system's
                self.done_count = position + len(chunk)
                if not checkpoint():
                    return False
                self.invalidate_recordset(["state"])
                if self.state != "running":
                    return True  # somebody stopped it
        self.done_count = len(decisions)
        self._sum_up()
        self.state = "done"
        return True

    def _try(self, decision, case, case_now, policies, review, simulations, labels):
        """The two lines of one decision.

        :param case_now: with what rules of today ask of places; what decided then saw them as they were recorded.
        :param labels: {rule: what it is called}, filled as needed; nothing where nobody asks which rules mattered.
        """
        parity = review.look(case)
        lines = {}
        for side, simulation in simulations.items():
            chosen = policies[side, decision.id]
            policy, seen = (chosen, case_now) if chosen else (case.policy, case)
            outcome = simulation.run(seen, policy, policies["after", decision.id].prices)
            lines[side] = {
                "backtest_id": self.id,
                "decision_id": decision.id,
                "order_id": decision.order_id.id,
                "decided_at": decision.create_date,
                "side": side,
                **{name: outcome.measure(name) for name in MEASURES if name not in ("late", "waiting")},
                "late": 1.0 if outcome.late else 0.0,
                "waiting": 1.0 if outcome.waiting else 0.0,
                "has_days": outcome.days is not None,
                "sites": ", ".join(self._names(case, outcome.ships)),
                "parts": {
                    name: [[node, product, str(units)] for node, product, units in parts]
                    for name, parts in (("ships", outcome.ships), ("waits", outcome.waits))
                },
                "decisive": labels is not None and [self._label(rule, labels) for rule in decisive_rules(seen, policy)],
                "parity": parity.code,
                "parity_note": parity.reason,
            }
        differs = sorted(lines["before"]["parts"]["ships"]) != sorted(lines["after"]["parts"]["ships"])
        for line in lines.values():
            line["is_changed"] = differs
        return list(lines.values())

    def _names(self, case, ships):
        names = {node.id: node.name for node in case.snapshot.nodes}
        return list(dict.fromkeys(names[node] for node, _product, _units in ships))

    def _label(self, rule, labels):
        if rule not in labels:
            rules_sudo = self.env["oms.sourcing.rule"].sudo()  # sudo: what was decided by is told to whoever tries it
            words = rules_sudo.browse(rule.id or ()).exists().sentence
            labels[rule] = words or dict(CONSTRAINTS + OBJECTIVES).get(rule.kind, rule.kind)
        return labels[rule]

    def _reset(self):
        self.line_ids.sudo().unlink()  # sudo: results are the system's
        (self.measure_ids | self.rule_ids).sudo().unlink()  # sudo: as above
        self.write(
            {
                "done_count": 0,
                "error": False,
                "summary": False,
                "parity": False,
                "basis": False,
            }
        )

    # ------------------------------------------------------------------------------------------------------- LOADING

    def _get_decisions(self):
        """What is tried: as of the start, so that going on later finds the same."""
        until = self.started_at + timedelta(seconds=1)  # it is told in whole seconds
        return self.env["oms.sourcing.decision"]._find_cases(
            self.company_id, until - timedelta(days=self.days), until, BACKTEST_ORDERS_MAX
        )

    def _get_policies(self, decisions):
        """{(side, decision id): domain ``Policy``; nothing for the one that decided then}"""
        policies = self.env["oms.sourcing.policy"]
        of_now = policies.sudo().search([("company_id", "=", self.company_id.id)])  # sudo: whoever tries them
        tried = (of_now | self.policy_id.sudo()._with_companions()).sorted(lambda policy: (policy.sequence, policy.id))
        after = policies._choose(tried, decisions.order_id)
        before = policies._choose(of_now, decisions.order_id) if self.before == "now" else {}
        return {
            **{("before", decision.id): before.get(decision.order_id) for decision in decisions},
            **{("after", decision.id): after[decision.order_id] for decision in decisions},
        }

    # ------------------------------------------------------------------------------------------------------- CLEANING

    @api.autovacuum
    def _gc_trials(self):
        """Forget old trials."""
        old = fields.Datetime.now() - timedelta(days=BACKTEST_KEPT_DAYS)
        trials = self.search([("create_date", "<", old)], limit=20)
        trials.unlink()
        return len(trials), len(trials) == 20
