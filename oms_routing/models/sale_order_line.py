from collections import defaultdict
from decimal import Decimal

from odoo import fields, models

from ..domain.planner import give_back


class SaleOrderLine(models.Model):
    """The seam between a decision and Odoo's transfers: one procurement per site.

    Contract of the override: the quantities of the procurements sum to the quantity asked for, sign included. Odoo counts
    what is procured over all warehouses, so that a later change asks for the difference only.
    """

    _inherit = "sale.order.line"

    oms_decision_line_ids = fields.One2many("oms.sourcing.decision.line", "sale_line_id")

    def _oms_to_source(self):
        """{line: quantity in the product's unit} of the lines whose source is ours to decide: goods, without a route of
        their own (dropship, make to order, another company) that decides it already."""
        return {
            line: Decimal(repr(line.product_uom_id._compute_quantity(line.product_uom_qty, line.product_id.uom_id)))
            for line in self
            if line.product_id.type == "consu"
            and line.product_uom_qty > 0
            and not line.route_ids
            and not (line.product_id.route_ids | line.product_id.categ_id.total_route_ids).rule_ids.filtered(
                lambda rule: rule.procure_method == "make_to_order" or rule.location_src_id.usage == "supplier"
            )
        }

    def _create_procurements(self, product_qty, procurement_uom, values):
        """Override of ``sale_stock`` to ask each site of the decision for its part."""
        procurements = super()._create_procurements(product_qty, procurement_uom, values)
        if not self.order_id.oms_channel_id or len(procurements) != 1 or not self._oms_to_source():
            return procurements
        uom = self.product_id.uom_id
        asked = Decimal(repr(uom.round(procurement_uom._compute_quantity(product_qty, uom, round=False))))
        parts = self._oms_parts(asked) if asked > 0 else self._oms_parts_to_give_back(-asked)
        if not parts:
            return procurements
        quantities = [uom._compute_quantity(float(part), procurement_uom, round=False) for _warehouse, part in parts]
        quantities[-1] = product_qty - sum(quantities[:-1])
        return [
            procurements[0]._replace(product_qty=quantity, values=dict(values, warehouse_id=warehouse))
            for (warehouse, _part), quantity in zip(parts, quantities, strict=True)
        ]

    def _oms_parts(self, asked):
        """[(warehouse, quantity)] that sum to ``asked``: as was decided, or decided now when more is asked for."""
        decided = self.oms_decision_line_ids.filtered(lambda line: not line.applied)
        if sum((Decimal(repr(line.quantity)) for line in decided), Decimal(0)) != asked:
            decision = self.order_id._oms_decide({self.order_id: {self: asked}}, "increase")[self.order_id]
            decided = decision.line_ids
        parts = defaultdict(Decimal)
        for line in decided:
            parts[line.warehouse_id] += Decimal(repr(line.quantity))
        decided.sudo().applied = True  # sudo: decisions are written by the system alone
        return list(parts.items())

    def _oms_parts_to_give_back(self, surplus):
        """[(warehouse, negative quantity)] that sum to ``-surplus``: from the site that was decided last, backwards.

        What has left already cannot be given back; Odoo expects it as a return, at the first site.
        """
        uom = self.product_id.uom_id
        open_at = defaultdict(Decimal)
        outgoing = self._get_outgoing_incoming_moves(strict=False)[0]
        for move in outgoing.filtered(lambda move: move.state not in ("done", "cancel")).sorted("id"):
            open_at[move.warehouse_id] += Decimal(repr(uom.round(move.product_qty)))
        takeable = min(surplus, sum(open_at.values(), Decimal(0)))
        parts = defaultdict(Decimal)
        for warehouse, quantity in give_back(list(open_at.items()), takeable):
            parts[warehouse] -= quantity
        if surplus > takeable:
            left_from = outgoing.filtered(lambda move: move.state == "done").warehouse_id[:1] or self.warehouse_id
            parts[left_from] -= surplus - takeable
        return list(parts.items())
