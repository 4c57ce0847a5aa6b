import time
from dataclasses import replace

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import config, ormcache

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.const import ERROR_MAX_CHARS

from ..const import (
    RUN_APPLIES_SECONDS,
    RUN_LOOK_MAX,
    RUN_ORDERS_MAX,
    RUN_SECONDS,
    RUN_SECONDS_MAX,
    RUN_THINKS_SHARE,
    RUNS_AT_ONCE_MAX,
)
from ..domain.batch_model import Limits
from ..domain.batch_plan import JOINT, plan_batch
from ..domain.model import CANCEL, HOLD, WAIT
from .sale_order_sourcing import Planned


class OmsSourcingPolicy(models.Model):
    _inherit = "oms.sourcing.policy"

    in_runs = fields.Boolean(
        string="Decide in Runs",
        help="Confirmed orders wait for the next sourcing run, which decides about all of them together.",
    )

    @api.model
    @ormcache()
    def _get_ids_in_runs(self):
        """No query for each order that is confirmed; what changes a policy clears the cache."""
        policies_sudo = self.sudo().with_context(active_test=True)  # sudo: policies work for whoever confirms
        return frozenset(policies_sudo.search([("in_runs", "=", True)]).ids)


class OmsSourcingRun(models.Model):
    """Orders that wait for a site, decided together: tried without any effect, or applied by the job, an order and a commit
    at a time.

    What is applied is planned on the stock of that moment. A job that is killed, or out of time, begins again with the
    orders that still wait and that the run has not looked at.
    """

    _name = "oms.sourcing.run"
    _description = "Sourcing Run"
    _order = "id desc"
    _rec_name = "create_date"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    channel_ids = fields.Many2many(
        "oms.channel", string="Channels", domain="[('company_id', '=', company_id)]", help="Empty: all channels."
    )
    policy_id = fields.Many2one(
        "oms.sourcing.policy",
        domain="[('company_id', '=', company_id)]",
        ondelete="set null",
        help="Only orders that this policy decides. Empty: all that wait.",
    )
    is_joint = fields.Boolean(
        string="Decide Together",
        default=True,
        help="Weigh the orders of a policy against each other where stock and places are scarce; else one after the other, "
        "as the policy ranks them.",
    )
    orders_max = fields.Integer(string="Orders at Most", default=RUN_ORDERS_MAX, required=True)
    seconds = fields.Integer(
        string="Time to Think",
        default=RUN_SECONDS,
        required=True,
        help="For each policy; for all of them no more than half of the time after which the server stops a job.",
    )
    state = fields.Selection(
        [
            ("draft", "New"),
            ("proposed", "Proposed"),
            ("queued", "To Be Applied"),
            ("done", "Applied"),
            ("failed", "Failed"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    line_ids = fields.One2many("oms.sourcing.run.line", "run_id", readonly=True)
    order_count = fields.Integer(string="Orders", readonly=True, copy=False)
    waiting_count = fields.Integer(
        string="Not Looked at", readonly=True, copy=False, help="Orders that waited too, beyond the limit."
    )
    cost = fields.Monetary(readonly=True, copy=False)
    cost_in_turn = fields.Monetary(
        string="One After the Other",
        readonly=True,
        copy=False,
        help="What the same orders cost if each is decided alone.",
    )
    saved = fields.Monetary(readonly=True, copy=False)
    has_bound = fields.Boolean(readonly=True, copy=False)
    bound = fields.Monetary(string="At Least", readonly=True, copy=False, help="No plan that ships as much costs less.")
    gap = fields.Float(
        string="At Most too Dear", readonly=True, copy=False, help="How far the cost may be above the least possible."
    )
    reason = fields.Text(string="How It Went", readonly=True, copy=False)

    _limits = models.Constraint(
        f"CHECK(orders_max BETWEEN 1 AND {RUN_ORDERS_MAX} AND seconds BETWEEN 1 AND {RUN_SECONDS_MAX})",
        f"A run looks at 1 to {RUN_ORDERS_MAX} orders and thinks for 1 to {RUN_SECONDS_MAX} seconds.",
    )

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_propose(self):
        """Plan, and change nothing but what is written here."""
        self.check_access("write")
        for run in self.filtered(lambda run: run.state in ("draft", "proposed")):
            run._propose()
            run.state = "proposed"

    def action_apply(self):
        """Have the job decide and ask the sites."""
        self.check_access("write")
        self.filtered(lambda run: run.state in ("draft", "proposed")).state = "queued"
        self.env.ref("oms_routing.cron_sourcing_runs").sudo()._trigger()  # sudo: whoever may run it may wake the job

    # ----------------------------------------------------------------------------------------------------- PLANNING

    def _get_waiting(self):
        """The orders that wait and that this run is about, the longest waiting first."""
        self.ensure_one()
        # sudo: where goods come from depends on nobody's rights
        orders_sudo = self.env["sale.order"].sudo()
        domain = Domain("oms_waits_since", "!=", False) & Domain("company_id", "=", self.company_id.id)
        domain &= Domain("state", "=", "sale")
        if self.channel_ids:
            domain &= Domain("oms_channel_id", "in", self.channel_ids.ids)
        waiting = orders_sudo.search(domain, order="oms_waits_since, id", limit=RUN_LOOK_MAX)
        waiting = waiting.filtered(lambda order: not order.oms_on_hold)
        if self.policy_id:
            chosen = self.env["oms.sourcing.policy"].sudo()._get_for(waiting)  # sudo: as above
            waiting = waiting.filtered(lambda order: chosen[order].policy_id == self.policy_id.id)
        return waiting

    def _get_looked_at(self):
        return self.line_ids.filtered(lambda line: line.state != "proposed").order_id

    def _get_rest(self):
        """(orders that wait and that this run is to look at yet, how many more wait)"""
        looked_at = self._get_looked_at()
        waiting = self._get_waiting() - looked_at
        most = max(0, self.orders_max - len(looked_at))
        return waiting[:most], max(0, len(waiting) - most)

    def _get_seconds(self, count):
        """How long the run may think about each of so many policies; what thinks for longer is stopped, and never applied."""
        real = config["limit_time_real_cron"]
        limits = [real if real > 0 else config["limit_time_real"], config["workers"] and config["limit_time_cpu"]]
        most = min(filter(None, limits), default=None)
        seconds = float(self.seconds)
        return min(seconds, most * RUN_THINKS_SHARE / count) if most else seconds

    def _plan(self):
        """Plan what waits, policy by policy, and write down how it went.

        :return: [(order, {sale line: quantity}, ``Planned``, ``batch_plan.Seen``, cost one after the other)]
        """
        self.ensure_one()
        rest, waiting_count = self._get_rest()
        wanted = {order: missing for order in rest if (missing := order._oms_missing())}
        planned, batches = [], []
        if wanted:
            orders = self.env["sale.order"].union(*wanted)
            loaded = orders._oms_load(wanted, "retry")
            whole = loaded.snapshot
            by_policy = {}
            for order in orders._oms_in_turn(loaded):
                by_policy.setdefault(loaded.chosen[order].policy, []).append(order)
            limits = Limits(seconds=self._get_seconds(len(by_policy)))
            for policy, of_policy in by_policy.items():
                batch = plan_batch(
                    {order: loaded.demands[order] for order in of_policy},
                    whole,
                    policy,
                    see=lambda order, left: replace(loaded, snapshot=left).snapshot_of(order),
                    uncounted=loaded.uncounted,
                    is_joint=self.is_joint,
                    limits=limits,
                    clock=time.monotonic,
                )
                batches.append((policy, batch))
                for order, seen in batch.seen.items():
                    whole = whole.taking(seen.decision)
                    one = Planned(loaded.demands[order], seen.snapshot, policy, seen.decision, loaded.chosen[order])
                    planned.append((order, wanted[order], one, seen))
        if not self._get_looked_at():  # what the run is about is told once, and not again of what is left of it
            self._write_down(batches, waiting_count)
        return planned

    def _write_down(self, batches, waiting_count):
        found = [batch for _policy, batch in batches]
        cost = float(sum(batch.cost for batch in found))
        cost_in_turn = float(sum(batch.cost_in_turn for batch in found))
        has_bound = any(batch.bound is not None for batch in found)
        bound = float(sum(batch.cost if batch.bound is None else batch.bound for batch in found))
        reasons = []
        for policy, batch in batches:
            alone = len(batch.apart) if batch.method == JOINT else 0
            apart = (
                self.env._(" %(count)s of them alone: %(why)s.", count=alone, why=next(iter(batch.apart.values())))
                if alone
                else ""
            )
            name = policy.name or self.env._("Built-in policy")
            says = self.env._(
                "%(policy)s: %(count)s orders. %(reason)s", policy=name, count=len(batch.seen), reason=batch.reason
            )
            reasons.append(says + apart)
        self.write(
            {
                "order_count": sum(len(batch.seen) for batch in found),
                "waiting_count": waiting_count,
                "cost": cost,
                "cost_in_turn": cost_in_turn,
                "saved": cost_in_turn - cost,
                "has_bound": has_bound,
                "bound": bound if has_bound else 0.0,
                "gap": max(0.0, (cost - bound) / cost) if has_bound and cost else 0.0,
                "reason": "\n".join(reasons) or self.env._("No order waits for a site."),
            }
        )

    def _propose(self):
        self.line_ids.sudo().unlink()  # sudo: lines are written by the system alone
        lines = [self._prepare_line(order, one, seen) for order, _wanted, one, seen in self._plan()]
        self.env["oms.sourcing.run.line"].sudo().create(lines)  # sudo: as above

    def _prepare_line(self, order, planned, seen):
        decision = planned.decision
        return {
            "run_id": self.id,
            "order_id": order.id,
            "outcome": decision.outcome,
            "sentence": f"{decision.sentence} {seen.note}".strip(),
            "cost": float(decision.cost),
            "state": "proposed",
        }

    # --------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_oms_runs(self):
        """Apply what is queued, then begin the runs of policies whose orders wait for their first.

        A run thinks for as long as it may, and is applied for a while after that. So none begins where the time of the job
        is over: Odoo calls it again.
        """
        if not self._commit_between_runs(0):
            return
        for find in (self._get_queued, self._create_due):
            for run in find():
                if run.try_lock_for_update(allow_referencing=True) and not run._apply():
                    return

    @api.model
    def _get_queued(self):
        return self.search([("state", "=", "queued")], order="id", limit=RUNS_AT_ONCE_MAX)

    @api.model
    def _create_due(self):
        """Runs of policies whose orders no run has looked at."""
        due = self.browse()
        policies = self.env["oms.sourcing.policy"]
        for policy in policies.browse(sorted(policies._get_ids_in_runs())):
            values = {"company_id": policy.company_id.id, "policy_id": policy.id}
            waiting = self.new(values)._get_waiting()
            if waiting - waiting._oms_looked_at_by_run():
                due |= self.create({**values, "state": "queued"})
        return due

    def _apply(self):
        """Decide, and ask the sites, an order and a commit at a time.

        :return: whether there is time for more.
        """
        self.ensure_one()
        cron, planned = self.env["ir.cron"], None
        with on_its_own(self, self._tell_failed):
            planned = self._plan()
        if planned is None:  # it failed; or another one works on it, and it stays in the queue
            return self._commit_between_runs(1)
        has_time = cron._commit_progress(0, remaining=len(planned) + 1)
        until = time.monotonic() + RUN_APPLIES_SECONDS
        for place, (order, wanted, one, seen) in enumerate(planned):
            if place and not has_time and time.monotonic() >= until:
                return False  # the rest waits as before, and the run with it
            line = self._get_line(order, one, seen)
            with on_its_own(order, line._tell_failed):
                line._apply_to_order(order, wanted, one, seen)
            has_time = cron._commit_progress(1, remaining=len(planned) - place)
        self.state = "done"
        return self._commit_between_runs(1)

    def _commit_between_runs(self, done):
        """Commit between two runs.

        :return: whether there is time for another.
        """
        queued = self.search_count([("state", "=", "queued")])
        return bool(self.env["ir.cron"]._commit_progress(done, remaining=queued))

    def _tell_failed(self, error):
        """End this run. What it was to decide about counts as looked at: the hourly job tries each order alone, and no
        other run begins for the same orders, to fail as this one did."""
        self.write(
            {
                "state": "failed",
                "reason": self.env._(
                    "It failed, and its orders wait: %s Put that right before you begin another run; until then the hourly "
                    "job tries each of them alone.",
                    str(error)[:ERROR_MAX_CHARS],
                ),
            }
        )
        rest, _more = self._get_rest()
        lines = self.line_ids.filtered(lambda line: line.order_id in rest)
        lines |= lines.create([{"run_id": self.id, "order_id": order.id} for order in rest - lines.order_id])
        lines._tell_failed(error)

    def _get_line(self, order, planned, seen):
        """The line of an order, as it was planned last."""
        values = self._prepare_line(order, planned, seen)
        line = self.line_ids.filtered(lambda line: line.order_id == order)
        if line:
            line.write(values)
            return line
        return self.env["oms.sourcing.run.line"].create(values)


class OmsSourcingRunLine(models.Model):
    """What a run proposed for an order, and what came of it."""

    _name = "oms.sourcing.run.line"
    _description = "Sourcing Run Line"
    _order = "id"

    run_id = fields.Many2one("oms.sourcing.run", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    outcome = fields.Char()
    sentence = fields.Char(string="Why")
    cost = fields.Monetary()
    decision_id = fields.Many2one("oms.sourcing.decision", ondelete="set null", index="btree_not_null")
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("applied", "Applied"),
            ("waits", "Still Waits"),
            ("changed", "Changed Meanwhile"),
            ("failed", "Failed"),
        ],
        default="proposed",
        required=True,
    )
    message = fields.Char()

    _order_once = models.Constraint("UNIQUE(run_id, order_id)", "An order is once in a run.")

    def _apply_to_order(self, order, wanted, planned, seen):
        """Record the decision and ask the sites, if the order is still as it was planned."""
        self.ensure_one()
        locked = order.try_lock_for_update(allow_referencing=True)
        if not locked or order.state != "sale" or order.oms_on_hold or order._oms_missing() != wanted:
            self.write({"state": "changed", "message": self.env._("It changed meanwhile; the next run looks again.")})
            return
        modes = {allocation.mode for allocation in planned.decision.allocations}
        if modes == {WAIT}:
            self.state = "waits"
            return
        decision = self.env["oms.sourcing.decision"]._record_of_run(planned, seen)
        if modes - {WAIT, HOLD, CANCEL}:
            order._oms_launch(wanted)
        else:
            order._oms_apply_leftovers()
        if CANCEL in modes:
            order._oms_call_off(decision)
        self.write({"state": "applied", "decision_id": decision.id, "message": False})

    def _tell_failed(self, error):
        self.write({"state": "failed", "message": self.env._("%s Put that right; the next run looks again.", error)})
