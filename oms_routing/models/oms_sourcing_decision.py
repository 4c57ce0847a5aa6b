from odoo import api, fields, models
from odoo.exceptions import UserError

from ..domain.model import BACKORDER, OUTCOMES, SHIP

OUTCOME_LABELS = {
    "single": "One site",
    "split": "Several sites",
    "partial": "Partly in stock",
    "backorder": "Waits for stock",
    "held": "Needs a person",
    "cancelled": "Cancelled",
    "unsourced": "No site",
}


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
        string="Inputs", readonly=True, help="Fingerprint of everything that the decision depended on."
    )
    line_ids = fields.One2many("oms.sourcing.decision.line", "decision_id", readonly=True)
    candidate_ids = fields.One2many("oms.sourcing.candidate", "decision_id", readonly=True)
    warehouse_ids = fields.Many2many("stock.warehouse", compute="_compute_warehouse_ids", string="Ships From")

    @api.depends("line_ids.warehouse_id")
    def _compute_warehouse_ids(self):
        for decision in self:
            decision.warehouse_ids = decision.line_ids.warehouse_id

    def write(self, vals):
        """A decision is a fact."""
        if vals:
            raise UserError(self.env._("A sourcing decision is never changed. A new one is made instead."))
        return super().write(vals)

    @api.model
    def _record(self, decided, trigger):
        """Store decisions of the planner.

        :param decided: [``domain.model.Decision``] with ids of sale orders, sale order lines, products and warehouses.
        """
        # sudo: decisions are written by the system alone, in the name of whoever confirms
        return self.sudo().create(
            [
                {
                    "order_id": decision.order_id,
                    "trigger": trigger,
                    "outcome": decision.outcome,
                    "method": decision.method,
                    "sentence": decision.sentence,
                    "snapshot_hash": decision.snapshot_hash,
                    "line_ids": [
                        fields.Command.create(
                            {
                                "sale_line_id": allocation.item_id,
                                "product_id": allocation.product_id,
                                "warehouse_id": allocation.node_id,
                                "quantity": float(allocation.quantity),
                                "mode": allocation.mode,
                            }
                        )
                        for allocation in decision.allocations
                    ],
                    "candidate_ids": [
                        fields.Command.create(
                            {
                                "sequence": position,
                                "warehouse_id": candidate.node_id,
                                "accepted": candidate.accepted,
                                "chosen": candidate.chosen,
                                "reason_code": candidate.reason_code,
                                "reason": candidate.reason,
                                "has_distance": candidate.distance_km is not None,
                                "distance_km": candidate.distance_km or 0.0,
                                "items_covered": candidate.items_covered,
                                "units_covered": float(candidate.units_covered),
                                "rank": [None if entry is None else float(entry) for entry in candidate.rank],
                            }
                        )
                        for position, candidate in enumerate(decision.candidates, 1)
                    ],
                }
                for decision in decided
            ]
        )


class OmsSourcingDecisionLine(models.Model):
    """So much of one order line from one site."""

    _name = "oms.sourcing.decision.line"
    _description = "Sourcing Decision Line"
    _order = "id"

    decision_id = fields.Many2one("oms.sourcing.decision", required=True, index=True, ondelete="cascade")
    sale_line_id = fields.Many2one("sale.order.line", required=True, index=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, ondelete="restrict")
    warehouse_id = fields.Many2one("stock.warehouse", required=True, ondelete="restrict")
    quantity = fields.Float(digits="Product Unit", required=True, help="In the product's own unit.")
    uom_id = fields.Many2one(related="product_id.uom_id")
    mode = fields.Selection([(SHIP, "Ships"), (BACKORDER, "Waits for stock")], required=True)
    applied = fields.Boolean(help="Whether the transfer for it has been asked for.")

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
    items_covered = fields.Integer(string="Lines in full")
    units_covered = fields.Float(string="Units", digits="Product Unit")
    rank = fields.Json()

    def write(self, vals):
        """Part of a decision, and as fixed."""
        if vals:
            raise UserError(self.env._("A sourcing decision is never changed. A new one is made instead."))
        return super().write(vals)
