import logging
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from odoo import api, fields, models

from odoo.addons.oms_core.domain.quantities import Quantities

from ..const import REGRET_DAYS_BACK, REGRET_ORDERS_MAX, REGRET_RUN_MAX
from ..domain.model import TAKING
from ..domain.regret import GOALS, NODES_MAX, REFUSALS, ROOM, SEQUENCE, TOGETHER, regret
from .oms_sourcing_rule import CONSTRAINTS

_logger = logging.getLogger(__name__)

REASONS = [
    (REFUSALS, "Sites refused"),
    (GOALS, "Goals other than the least cost"),
    (SEQUENCE, "Decided one by one"),
    (NODES_MAX, "Sites per order"),
    (ROOM, "What sites take on in a day"),
    (TOGETHER, "Several rules together"),
    ("rule", "A rule"),
]


class OmsSourcingRegret(models.Model):
    """What the orders of a day cost more than they had to, had one known in the morning what one knows at night.

    It is no blame: nobody knows the next order. It tells which rule, goal or site is worth a look.
    """

    _name = "oms.sourcing.regret"
    _description = "Sourcing in Hindsight"
    _order = "day desc, id desc"
    _rec_name = "day"

    day = fields.Date(required=True, readonly=True, help="In the time zone of the company's working hours.")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    order_count = fields.Integer(
        string="Orders", readonly=True, help="Shipped in full, and known well enough to compare."
    )
    skipped_count = fields.Integer(
        string="Left Out",
        readonly=True,
        help="Orders that wait, were changed, or of which the inputs are not kept; of a very busy day also all but the latest.",
    )
    actual = fields.Monetary(string="What It Cost", readonly=True)
    best = fields.Monetary(string="At Best", readonly=True)
    regret = fields.Monetary(string="Too Much", readonly=True)
    line_ids = fields.One2many("oms.sourcing.regret.line", "regret_id", readonly=True)

    _day_uniq = models.Constraint("UNIQUE(company_id, day)", "This day has been looked at already.")

    # ----------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_look_back(self):
        """Look back on the days that are over and have not been looked at."""
        cron = self.env["ir.cron"]
        wanted = self._get_missing()
        cron._commit_progress(remaining=len(wanted))
        for company, day in wanted:
            try:
                with self.env.cr.savepoint():
                    self._look_back(company, day)
            except Exception:  # whatever one day's inputs hold must not keep the other days and companies from it
                # The day stays without a row, so that it is tried again every night for REGRET_DAYS_BACK days.
                _logger.warning("The sourcing of %s on %s could not be looked at", company.name, day, exc_info=True)
            if not cron._commit_progress(1):
                return

    @api.model
    def _get_missing(self):
        """[(company, day)] with decisions and without a look at them, the latest days first."""
        missing = []
        since = fields.Date.today() - timedelta(days=REGRET_DAYS_BACK + 2)
        done = {(one.company_id, one.day) for one in self.search([("day", ">=", since)])}
        for company in self.env["res.company"].search([("active", "=", True)]):
            today = company._oms_get_today()
            for day in (today - timedelta(days=back) for back in range(1, REGRET_DAYS_BACK + 1)):
                is_known = (company, day) in done
                if not is_known and self.env["oms.sourcing.decision"]._find_cases(
                    company, *self._span(company, day), 1
                ):
                    missing.append((company, day))
        return sorted(missing, key=lambda pair: pair[1], reverse=True)[:REGRET_RUN_MAX]

    def _span(self, company, day):
        """The beginning and the end of a company's day, in UTC."""
        zone = ZoneInfo(company._oms_get_zone())
        return tuple(
            datetime.combine(date, time(), zone).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
            for date in (day, day + timedelta(days=1))
        )

    # ----------------------------------------------------------------------------------------------------- LOOKING

    @api.model
    def _look_back(self, company, day):
        """Find the best plan for a day in hindsight, and store what it would have saved and why it was not taken."""
        start, end = self._span(company, day)
        decisions = self.env["oms.sourcing.decision"]._find_cases(company, start, end, REGRET_ORDERS_MAX)
        total = decisions.search_count(decisions._get_cases_domain(company, start, end))
        cases, actual = [], Decimal(0)
        for decision, case in decisions._get_cases().items():
            shipped = decision._get_executed()
            if shipped is not None:
                excluded = {**case.demand.excluded_nodes, **dict.fromkeys(shipped.refused, self.env._("It refused."))}
                cases.append(replace(case, demand=replace(case.demand, excluded_nodes=excluded)))
                actual += shipped.cost
        position = self.env["oms.stock.event"].sudo()._get_position(end)  # sudo: as for the cases
        timeline = decisions._get_case_timeline(company, decisions[:1].journal_position)
        found = regret(cases, actual, timeline, max([position, *(case.position for case in cases)]))
        # sudo: results are the system's
        return self.sudo().create(
            {
                "day": day,
                "company_id": company.id,
                "order_count": len(cases),
                "skipped_count": total - len(cases),
                "actual": float(found.actual),
                "best": float(found.best),
                "regret": float(found.total),
                "line_ids": [fields.Command.create(self._prepare_line(*part)) for part in found.parts.items()],
            }
        )

    @api.model
    def _prepare_line(self, reason, amount):
        if isinstance(reason, int):
            rule_sudo = (
                self.env["oms.sourcing.rule"].sudo().browse(reason).exists()
            )  # sudo: told to whoever may read this
            return {
                "reason": "rule",
                "rule_id": rule_sudo.id,
                "policy_id": rule_sudo.policy_id.id,
                "name": rule_sudo.sentence or self.env._("A rule that is gone"),
                "amount": float(amount),
            }
        known = dict(REASONS)
        name = known.get(reason) or dict(CONSTRAINTS).get(reason, reason)
        return {"reason": reason if reason in known else "rule", "name": name, "amount": float(amount)}


class OmsSourcingRegretLine(models.Model):
    """How much of it one reason is to be charged with; all reasons sum to what was too much."""

    _name = "oms.sourcing.regret.line"
    _description = "Reason in Hindsight"
    _order = "regret_id, amount desc, id"

    regret_id = fields.Many2one("oms.sourcing.regret", required=True, index=True, ondelete="cascade")
    day = fields.Date(related="regret_id.day", store=True)
    company_id = fields.Many2one(related="regret_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    reason = fields.Selection(REASONS, required=True, readonly=True)
    name = fields.Char(string="Because Of", required=True, readonly=True)
    rule_id = fields.Many2one("oms.sourcing.rule", readonly=True, ondelete="set null", index="btree_not_null")
    policy_id = fields.Many2one("oms.sourcing.policy", readonly=True, ondelete="set null", index="btree_not_null")
    amount = fields.Monetary(string="Too Much", readonly=True)


class Executed(NamedTuple):
    """What became of a first decision: what shipping it cost, and the ids of the sites that refused."""

    cost: Decimal
    refused: frozenset


class OmsSourcingDecision(models.Model):
    _inherit = "oms.sourcing.decision"

    def _get_executed(self):
        """What became of this first decision, after all later ones about the order.

        :rtype: Executed, or ``None`` where not exactly what was first wanted is shipped: it waits, or more was ordered.
        """
        self.ensure_one()
        later = self.order_id.oms_decision_ids.filtered(lambda one: one.id > self.id).sorted("id")
        wanted = Quantities((line.sale_line_id.id, Decimal(repr(line.quantity))) for line in self.line_ids)
        lines, refused = self.line_ids, frozenset()
        for decision in later:
            gave_up = decision.candidate_ids.filtered(lambda site: site.reason_code == "not_excluded").warehouse_id
            refused |= frozenset(gave_up.ids)
            lines = lines.filtered(
                lambda line, gave_up=gave_up: line.mode in TAKING and line.warehouse_id not in gave_up
            )
            lines |= decision.line_ids
        shipped = lines.filtered(lambda line: line.mode in TAKING)
        if Quantities((line.sale_line_id.id, Decimal(repr(line.quantity))) for line in shipped) != wanted:
            return None
        costs = (Decimal(amount) for line in shipped for amount in (line.costs or {}).values())
        return Executed(sum(costs, Decimal(0)), refused)
