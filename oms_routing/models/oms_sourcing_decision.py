from itertools import repeat

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from ..const import CANDIDATES_KEPT
from ..domain.decision import OUTCOMES
from ..domain.distance import ADDRESS
from ..domain.model import COMPONENTS, MODES
from ..domain.planner import all_held
from ..domain.recording import digest, record

OUTCOME_LABELS = {
    "single": "One site",
    "split": "Several sites",
    "partial": "Partly in stock",
    "backorder": "Waits for stock",
    "held": "Held",
    "cancelled": "Called off",
    "unsourced": "No site",
}

MODE_LABELS = {
    "ship": "Ships",
    "pickup": "Picked up",
    "transfer": "Sent to another site, then shipped",
    "dropship": "Sent by the vendor",
    "backorder": "Waits for stock",
    "wait": "Tried again",
    "hold": "Held",
    "cancel": "Called off",
}

COMPONENT_LABELS = {
    "carrier": "Carrier",
    "customs": "Customs",
    "pick": "Picking",
    "pack": "Packing",
    "split": "Further parcel",
    "late": "Lateness",
    "markdown": "Markdown",
    "carbon": "Carbon dioxide",
    "reject": "Risk of rejection",
    "transfer": "Transfer",
}

#: Decisions because a place did not do what was decided. Who gave an order up is read from them, see ``_oms_gave_up``.
FAILURES = ("reroute", "late")

#: Candidates that are written with one statement.
INSERT_ROWS = 1000


def _number(value):
    """A number of the planner for a column; ``False`` where it is not known."""
    return False if value is None else float(value)


def _money(**amounts):
    """Amounts for columns, without those that are nothing: of each that is given, Odoo looks up the currency to round it."""
    return {name: float(amount) for name, amount in amounts.items() if amount}


class OmsSourcingDecision(models.Model):
    """Where the goods of an order come from, and why: written once, when it is decided, and never changed.

    A later decision is about what is then still open (more was ordered, a site gave up); together they are the history.
    What became of a decision is told by the native transfers.
    """

    _name = "oms.sourcing.decision"
    _description = "Sourcing Decision"
    _order = "id desc"
    _rec_name = "sentence"

    order_id = fields.Many2one("sale.order", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    trigger = fields.Selection(
        [
            ("confirm", "Order confirmed"),
            ("increase", "More was ordered"),
            ("reroute", "A site could not deliver"),
            ("retry", "Tried again"),
            ("late", "Not picked in time"),
            ("closed", "A site closed"),
            ("found", "Stock was found"),
            ("saving", "A cheaper way"),
            ("manual", "By hand"),
        ],
        required=True,
        readonly=True,
    )
    outcome = fields.Selection([(code, OUTCOME_LABELS[code]) for code in OUTCOMES], required=True, readonly=True)
    method = fields.Selection(
        [("exact", "Best of all combinations"), ("greedy", "A good one of too many combinations")],
        required=True,
        readonly=True,
    )
    sentence = fields.Char(string="Why", required=True, readonly=True)
    snapshot_hash = fields.Char(
        string="Fingerprint", readonly=True, help="Fingerprint of everything that the decision depended on."
    )
    result_hash = fields.Char(
        string="Result",
        readonly=True,
        help="Fingerprint of everything that was decided and said, all candidates included.",
    )
    inputs = fields.Json(
        readonly=True,
        prefetch=False,
        groups="oms_core.group_oms_manager",
        help="What was looked at, so that it can be planned again.",
    )
    policy_id = fields.Many2one("oms.sourcing.policy", readonly=True, index="btree_not_null", ondelete="set null")
    policy_name = fields.Char(string="By Policy", readonly=True, help="As it was called then.")
    policy_version = fields.Integer(string="Version", readonly=True)
    supersedes_id = fields.Many2one(
        "oms.sourcing.decision",
        string="After",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The decision about the same order before this one.",
    )
    # Stored, and given when a decision is made: Odoo asks for it to round each amount.
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id", store=True, readonly=False)
    has_cost = fields.Boolean(readonly=True)
    cost = fields.Monetary(readonly=True, help="Of all shipments together.")
    has_bound = fields.Boolean(readonly=True)
    lower_bound = fields.Monetary(readonly=True, help="No plan that ships as much costs less.")
    gap = fields.Float(readonly=True, help="How much worse than the best it is at most, as a share.")
    carbon_grams = fields.Float(string="CO2e (g)", readonly=True, digits=(16, 1))
    relaxed = fields.Text(
        string="Given Up", readonly=True, help="Rules that were given up, because else something would not be shipped."
    )
    candidate_count = fields.Integer(
        string="Sites Looked at", readonly=True, help="All of them; the worst of many are not kept one by one."
    )
    line_ids = fields.One2many("oms.sourcing.decision.line", "decision_id", readonly=True)
    candidate_ids = fields.One2many("oms.sourcing.candidate", "decision_id", readonly=True)
    warehouse_ids = fields.Many2many("stock.warehouse", compute="_compute_warehouse_ids", string="Ships From")
    is_latest = fields.Boolean(compute="_compute_is_latest")

    @api.depends("company_id")
    def _compute_currency_id(self):
        for decision in self:
            decision.currency_id = decision.company_id.currency_id

    @api.depends("line_ids.warehouse_id", "line_ids.via_warehouse_id")
    def _compute_warehouse_ids(self):
        for decision in self:
            decision.warehouse_ids = decision.line_ids.mapped(lambda line: line._oms_get_site())

    def _compute_is_latest(self):
        for decision in self:
            decision.is_latest = decision == decision.order_id._oms_decisions()[:1]

    def write(self, vals):
        """A decision is a fact. Only its inputs are removed once, when they are old."""
        if vals and vals != {"inputs": False}:
            raise UserError(self.env._("A sourcing decision is never changed. A new one is made instead."))
        return super().write(vals)

    @api.model
    def _record(self, planned, trigger, **details):
        """Store what the planner decided.

        :param planned: [``sale_order_sourcing.Planned``] with ids of sale orders, sale order lines, products and warehouses.
        :param details: further values of all of the decisions.
        """
        planned = list(planned)
        # sudo: what was decided before does not depend on who confirms
        orders_sudo = self.env["sale.order"].sudo().browse([one.decision.order_id for one in planned])
        # No decision, no line of one: nobody has to ask for them before the first.
        new_sudo = orders_sudo.filtered(lambda order: not order.oms_decision_ids).order_line
        new_sudo._fields["oms_decision_line_ids"]._insert_cache(new_sudo, repeat(()))
        # sudo: decisions are written by the system alone, in the name of whoever confirms
        decisions_sudo = self.sudo().create(
            [
                {**self._prepare(one, order), "trigger": trigger, **details}
                for one, order in zip(planned, orders_sudo, strict=True)
            ]
        )
        # Rows of their own, each kind at once: as commands of the decision they would be looked up again after they are made.
        made = [
            ({"decision_id": made.id, "currency_id": made.currency_id.id}, one)
            for made, one in zip(decisions_sudo, planned, strict=True)
        ]
        decisions_sudo.line_ids.create(
            [
                {**of_it, **self._prepare_line(allocation)}
                for of_it, one in made
                # Of an order that no site may ship the planner allocates nothing; here all of it stands as held.
                for allocation in one.decision.allocations or all_held(one.demand)
            ]
        )
        decisions_sudo.candidate_ids._insert(
            [
                {**of_it, "sequence": place, **self._prepare_candidate(candidate)}
                for of_it, one in made
                for place, candidate in enumerate(one.decision.candidates, 1)
                if place <= CANDIDATES_KEPT
                or candidate.chosen
                or (trigger in FAILURES and candidate.reason_code == "not_excluded")
            ]
        )
        decisions_sudo.invalidate_recordset(["candidate_ids"], flush=False)  # there are some now
        return decisions_sudo

    @api.model
    def _prepare(self, planned, order):
        decision, chosen = planned.decision, planned.chosen
        return {
            "order_id": decision.order_id,
            "company_id": order.company_id.id,
            "currency_id": order.company_id.currency_id.id,
            "supersedes_id": order._oms_decisions()[:1].id,
            "outcome": decision.outcome,
            "method": decision.method,
            "sentence": decision.sentence,
            "snapshot_hash": decision.snapshot_hash,
            "result_hash": digest(decision),
            "inputs": record(planned.demand, planned.snapshot, planned.policy),
            "policy_id": chosen.policy_id,
            "policy_name": chosen.name,
            "policy_version": chosen.version,
            "has_cost": bool(decision.cost),
            **_money(cost=decision.cost, lower_bound=decision.lower_bound),
            "has_bound": decision.lower_bound is not None,
            "gap": _number(decision.gap),
            "carbon_grams": float(sum(shipment.carbon for shipment in decision.shipments)),
            "relaxed": "\n".join(relaxed.reason for relaxed in decision.relaxed),
            "candidate_count": len(decision.candidates),
        }

    @api.model
    def _prepare_line(self, allocation):
        return {
            "sale_line_id": allocation.item_id,
            "product_id": allocation.product_id,
            "warehouse_id": allocation.node_id,
            "via_warehouse_id": allocation.via_node_id,
            "quantity": float(allocation.quantity),
            "mode": allocation.mode,
            "service": allocation.service_id or False,
            "ship_by": allocation.ship_by or False,
            "deliver_by": allocation.deliver_by or False,
            **_money(cost=sum(allocation.costs.values())),
            "costs": {name: str(amount) for name, amount in allocation.costs.items()} or False,
        }

    @api.model
    def _prepare_candidate(self, candidate):
        return {
            "warehouse_id": candidate.node_id,
            "accepted": candidate.accepted,
            "chosen": candidate.chosen,
            "reason_code": candidate.reason_code,
            "reason": candidate.reason,
            "has_distance": candidate.distance_km is not None,
            "distance_km": candidate.distance_km or 0.0,
            "distance_basis": candidate.distance_km is not None and (candidate.distance_basis or ADDRESS),
            "items_covered": candidate.items_covered,
            "units_covered": float(candidate.units_covered),
            "rank": [None if entry is None else float(entry) for entry in candidate.rank],
            "has_cost": candidate.cost is not None,
            **_money(cost=candidate.cost),
            "service": candidate.service or False,
            "verdicts": [[verdict.ok, verdict.code, verdict.reason] for verdict in candidate.verdicts],
        }


class OmsSourcingDecisionLine(models.Model):
    """So much of one order line from one site."""

    _name = "oms.sourcing.decision.line"
    _description = "Sourcing Decision Line"
    _order = "id"

    decision_id = fields.Many2one("oms.sourcing.decision", required=True, index=True, ondelete="cascade")
    sale_line_id = fields.Many2one("sale.order.line", required=True, index=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, ondelete="restrict")
    warehouse_id = fields.Many2one(
        "stock.warehouse", string="Site", ondelete="restrict", help="Empty for what no site ships."
    )
    quantity = fields.Float(digits="Product Unit", required=True, help="In the product's own unit.")
    uom_id = fields.Many2one(related="product_id.uom_id")
    mode = fields.Selection([(code, MODE_LABELS[code]) for code in MODES], required=True)
    service = fields.Char(help="The delivery method, and its service, that the planner chose.")
    ship_by = fields.Datetime()
    deliver_by = fields.Datetime()
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id", store=True, readonly=False)
    cost = fields.Monetary(help="Its share of what the shipment costs.")
    costs = fields.Json(help="The same by component, exact.")
    cost_text = fields.Char(string="Made Of", compute="_compute_cost_text")
    applied = fields.Boolean(help="Whether the transfer for it has been asked for.")

    def _oms_get_site(self):
        """The site from which it leaves to the customer."""
        self.ensure_one()
        return self.via_warehouse_id or self.warehouse_id

    @api.depends("decision_id")
    def _compute_currency_id(self):
        for line in self:
            line.currency_id = line.decision_id.currency_id

    @api.depends("costs")
    def _compute_cost_text(self):
        for line in self:
            costs = line.costs or {}
            line.cost_text = ", ".join(
                f"{COMPONENT_LABELS[name]} {line.currency_id.format(float(costs[name]))}"
                for name in COMPONENTS
                if name in costs
            )

    def write(self, vals):
        """Only whether it has been applied may change, and only to yes."""
        if vals != {"applied": True}:
            raise UserError(self.env._("A sourcing decision is never changed. A new one is made instead."))
        return super().write(vals)


class OmsSourcingCandidate(models.Model):
    """A site that was looked at, and what was said about it."""

    _name = "oms.sourcing.candidate"
    _description = "Sourcing Candidate"
    _order = "decision_id, sequence"

    decision_id = fields.Many2one("oms.sourcing.decision", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(string="Place")
    warehouse_id = fields.Many2one("stock.warehouse", string="Site", required=True, ondelete="restrict")
    accepted = fields.Boolean(help="Whether no constraint spoke against the site.")
    chosen = fields.Boolean()
    reason_code = fields.Char()
    reason = fields.Char(string="Why, or why not")
    has_distance = fields.Boolean()
    distance_km = fields.Float(string="Distance (km)", digits=(10, 1))
    distance_basis = fields.Selection(
        [("address", "Address"), ("postal", "Postal area"), ("country", "Country")],
        string="Measured By",
        help="What the distance rests on: the coarser of what is known of the site and of the customer.",
    )
    items_covered = fields.Integer(string="Lines in full")
    units_covered = fields.Float(string="Units", digits="Product Unit")
    rank = fields.Json()
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id", store=True, readonly=False)
    has_cost = fields.Boolean()
    cost = fields.Monetary(help="Of shipping all that it has of the order from there alone.")
    service = fields.Char(string="With", help="The delivery method that this would go with.")
    verdicts = fields.Json(help="What each rule said: whether it was content, its code, and its sentence.")

    @api.depends("decision_id")
    def _compute_currency_id(self):
        for candidate in self:
            candidate.currency_id = candidate.decision_id.currency_id

    @api.model
    def _insert(self, vals_list):
        """Add rows as they are: nothing is computed from what was said of a site, and hardly anybody reads it in the
        transaction in which it is said, so that to keep it in memory costs more than to write it."""
        now, uid = self.env.cr.now(), self.env.uid
        stamp = {"create_uid": uid, "create_date": now, "write_uid": uid, "write_date": now}
        vals_list = [{**vals, **stamp} for vals in vals_list]
        columns = [self._fields[name] for name in dict.fromkeys(name for vals in vals_list for name in vals)]
        for some in split_every(INSERT_ROWS, vals_list):
            rows = [
                tuple(
                    field.convert_to_column_insert(vals[field.name], self, vals) if field.name in vals else None
                    for field in columns
                )
                for vals in some
            ]
            self.env.cr.execute(
                SQL(
                    "INSERT INTO %s (%s) VALUES %s",
                    SQL.identifier(self._table),
                    SQL(", ").join(SQL.identifier(field.name) for field in columns),
                    SQL(", ").join(rows),
                )
            )

    def write(self, vals):
        """Part of a decision, and as fixed."""
        if vals:
            raise UserError(self.env._("A sourcing decision is never changed. A new one is made instead."))
        return super().write(vals)
