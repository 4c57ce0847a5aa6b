"""What would be decided about an order if the rules, the stock or the places were others. Nothing happens to it."""

from dataclasses import replace
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import TRY_STOCK_MAX
from ..models.oms_sourcing_decision import MODE_LABELS, OUTCOME_LABELS


class OmsSourcingTry(models.TransientModel):
    """Try it on this order: choose a policy, alter the stock, take a place out or insist on one, and see the decision."""

    _name = "oms.sourcing.try"
    _description = "Try Sourcing on an Order"

    order_id = fields.Many2one("sale.order", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="order_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = fields.Many2one(
        "oms.sourcing.policy",
        domain="[('company_id', '=', company_id), ('active', 'in', (True, False))]",
        help="Empty: the built-in one, the nearest site that has everything.",
    )
    place_ids = fields.Many2many("stock.warehouse", compute="_compute_place_ids")
    pinned_warehouse_id = fields.Many2one(
        "stock.warehouse", string="Only From", domain="[('id', 'in', place_ids)]", help="Choose a site yourself."
    )
    excluded_warehouse_ids = fields.Many2many(
        "stock.warehouse", "oms_sourcing_try_excluded_rel", string="Not From", domain="[('id', 'in', place_ids)]"
    )
    stock_ids = fields.One2many("oms.sourcing.try.stock", "try_id")
    now_sentence = fields.Char(string="As It Is", compute="_compute_now_sentence")
    sentence = fields.Char(string="Then", readonly=True)
    outcome = fields.Selection(list(OUTCOME_LABELS.items()), readonly=True)
    has_cost = fields.Boolean(readonly=True)
    cost = fields.Monetary(readonly=True)
    relaxed = fields.Text(string="Given Up", readonly=True)
    site_ids = fields.One2many("oms.sourcing.try.site", "try_id", string="Sites", readonly=True)

    @api.depends("order_id")
    def _compute_place_ids(self):
        for wizard in self:
            order = wizard.order_id
            wizard.place_ids = order._oms_get_sources(order.oms_channel_id._get_warehouses())

    @api.depends("order_id")
    def _compute_now_sentence(self):
        for wizard in self:
            wizard.now_sentence = wizard.order_id.oms_sourcing_sentence or self.env._("Not decided yet.")

    @api.model_create_multi
    def create(self, vals_list):
        """Override: the wizard shows the stock that there is, and what would be decided now."""
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard._fill_stock()
            wizard._decide()
        return wizards

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_try(self):
        """Decide with what stands here."""
        self.ensure_one()
        self.check_access("write")
        self._decide()
        return self._show()

    def action_apply(self):
        """Keep the choice of sites on the order: it counts from the next decision on."""
        self.ensure_one()
        self.check_access("write")
        order = self.order_id
        order.check_access("write")
        order._oms_touch(self.env._("chose where it is shipped from"))
        order.write(
            {
                "oms_pinned_warehouse_id": self.pinned_warehouse_id.id,
                "oms_excluded_warehouse_ids": [fields.Command.set(self.excluded_warehouse_ids.ids)],
            }
        )
        return {"type": "ir.actions.act_window_close"}

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try It on %s", self.order_id.display_name),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    # ----------------------------------------------------------------------------------------------------- DECIDING

    def _load(self):
        """What the decision depends on, the order's own goods free again, and the choices of this wizard made."""
        self.ensure_one()
        order = self.order_id
        wanted, freed = order._oms_get_open_demand()
        if not wanted:
            raise UserError(self.env._("Nothing of %s is still to be sourced.", order.display_name))
        policies = self.env["oms.sourcing.policy"]
        chosen = policies._get_chosen(order.company_id.id, tuple(self.policy_id.ids))
        loaded = order._oms_load({order: wanted}, "try", freed=freed, chosen={order: chosen})
        excluded = {place.id: self.env._("Taken out to try it.") for place in self.excluded_warehouse_ids}
        if self.pinned_warehouse_id:
            for place in self.place_ids - self.pinned_warehouse_id:
                excluded[place.id] = self.env._("It is to come from %s only.", self.pinned_warehouse_id.name)
        demand = loaded.demands[order]
        loaded.demands[order] = replace(demand, excluded_nodes=dict(demand.excluded_nodes) | excluded)
        return loaded

    def _fill_stock(self):
        """One row for each site and product, as many as somebody would look through."""
        self.ensure_one()
        loaded = self._load()
        snapshot = loaded.snapshot
        # Of a kit that shares a part with another line what is in it: that is what lies there.
        products = {
            part: None
            for item in loaded.demands[self.order_id].items
            for part, _needed in snapshot.recipes.get(item.product_id, [(item.product_id, 1)])
        }
        rows = [
            {
                "try_id": self.id,
                "product_id": product,
                "warehouse_id": node.id,
                "available": float(snapshot.free(node.id, product)),
                "quantity": float(snapshot.free(node.id, product)),
            }
            for product in products
            if product not in loaded.uncounted
            for node in snapshot.nodes
        ]
        self.env["oms.sourcing.try.stock"].create(rows[:TRY_STOCK_MAX])

    def _decide(self):
        self.ensure_one()
        loaded = self._load()
        altered = {
            (row.warehouse_id.id, row.product_id.id): Decimal(repr(row.quantity))
            for row in self.stock_ids
            if row.quantity != row.available
        }
        loaded.snapshot = replace(loaded.snapshot, available=dict(loaded.snapshot.available) | altered)
        decision = loaded.plan(self.order_id).decision
        self.site_ids.unlink()
        self.write(
            {
                "sentence": decision.sentence,
                "outcome": decision.outcome,
                "has_cost": bool(decision.cost),
                "cost": float(decision.cost),
                "relaxed": "\n".join(relaxed.reason for relaxed in decision.relaxed),
                "site_ids": [fields.Command.create(values) for values in self._prepare_sites(decision)],
            }
        )

    def _prepare_sites(self, decision):
        lines = self.env["sale.order.line"]
        gives = {}
        for allocation in decision.allocations:
            product = lines.browse(allocation.item_id).product_id.name
            words = f"{allocation.quantity.normalize():f} × {product}"
            if allocation.mode != "ship":
                words = f"{words} ({MODE_LABELS[allocation.mode].lower()})"
            gives.setdefault(allocation.node_id, []).append(words)
        for place, candidate in enumerate(decision.candidates, 1):
            yield {
                "sequence": place,
                "warehouse_id": candidate.node_id,
                "accepted": candidate.accepted,
                "chosen": candidate.chosen,
                "gives": ", ".join(gives.get(candidate.node_id, ())),
                "reason": candidate.reason,
                "distance": "" if candidate.distance_km is None else f"{candidate.distance_km:.0f} km",
                "has_cost": candidate.cost is not None,
                "cost": float(candidate.cost or 0),
                "service": candidate.service,
            }


class OmsSourcingTryStock(models.TransientModel):
    """So much of a product at a site, to be altered."""

    _name = "oms.sourcing.try.stock"
    _description = "Stock to Try Sourcing With"
    _order = "product_id, id"

    try_id = fields.Many2one("oms.sourcing.try", required=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="Site", required=True, readonly=True)
    available = fields.Float(string="Free Now", digits="Product Unit", readonly=True)
    quantity = fields.Float(string="Try With", digits="Product Unit")


class OmsSourcingTrySite(models.TransientModel):
    """What would be said about a site."""

    _name = "oms.sourcing.try.site"
    _description = "Site in a Trial of Sourcing"
    _order = "sequence"

    try_id = fields.Many2one("oms.sourcing.try", required=True, ondelete="cascade")
    sequence = fields.Integer()
    warehouse_id = fields.Many2one("stock.warehouse", string="Site", required=True)
    accepted = fields.Boolean()
    chosen = fields.Boolean()
    gives = fields.Char(string="Ships")
    reason = fields.Char(string="Why, or why not")
    distance = fields.Char()
    currency_id = fields.Many2one(related="try_id.currency_id")
    has_cost = fields.Boolean()
    cost = fields.Monetary()
    service = fields.Char(string="With")
