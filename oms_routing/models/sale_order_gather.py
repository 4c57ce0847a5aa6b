"""Transfer, then ship: what a decision has sent to another site first, is sent there, and the delivery waits for it.

The transfers are those of ship to store (``oms_core``): two in a chain, reserved for exactly this delivery. One that is
cancelled or falls short has what is open decided anew, without the site that did not send it.
"""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.oms_core.const import FED_NODE_TYPES
from odoo.addons.oms_core.domain.bringing import Part
from odoo.addons.oms_core.models.oms_availability import WANTING_STATES

from ..domain.model import TRANSFER, Transfers


class OmsSourcingPolicy(models.Model):
    _inherit = "oms.sourcing.policy"

    consolidate = fields.Boolean(
        string="Transfer, Then Ship",
        help="Sites may send goods to one of them first, from where the order leaves as one parcel: where more of it is "
        "shipped that way, or at a lower cost. Goals in sequence are asked first: what one site ships alone stays there. "
        "What a transfer costs and how long it takes is told at the warehouses.",
    )


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_transfer_cost_unit = fields.Monetary(
        string="And per Unit", currency_field="oms_currency_id", help="For each piece in it."
    )

    _oms_transfer_cost_unit_check = models.Constraint(
        "CHECK(COALESCE(oms_transfer_cost_unit, 0) >= 0)", "A transfer cannot cost less than nothing."
    )

    def _oms_get_transfers(self):
        """What the planner has to know to have goods sent from or to this place; ``None`` where somebody else runs it."""
        self.ensure_one()
        if self.oms_node_type in FED_NODE_TYPES:
            return None
        amounts = (self.oms_transfer_cost, self.oms_transfer_cost_km, self.oms_transfer_cost_unit)
        return Transfers(*(Decimal(repr(amount)) for amount in amounts), days=self.oms_bring_days)


class OmsSourcingDecisionLine(models.Model):
    _inherit = "oms.sourcing.decision.line"

    via_warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Via",
        ondelete="restrict",
        help="The site to which it is sent first, and from which it leaves with the rest of the order.",
    )

    def _oms_gather(self):
        """Have sent what these lines say is to be sent to another site first."""
        ways = self.grouped(lambda line: (line.decision_id.order_id, line.warehouse_id, line.via_warehouse_id))
        planned = defaultdict(Decimal)
        # sudo: who confirms an order need not work in the warehouses that send its goods
        parts = {way: lines.sudo()._oms_get_parts_sent(way[-1], planned) for way, lines in ways.items()}
        for (order, place, hub), of_way in parts.items():
            if of_way:
                order._oms_make_transfer(place.sudo(), hub.sudo(), of_way)  # sudo: as above
        self.env["sale.order.line"]._oms_give_promises(self.product_id, tell=False)

    def _oms_get_parts_sent(self, hub, planned):
        """[``Part``]: what the delivery of the hub lacks of these lines. Called as superuser.

        :param planned: {move: what others send for it already}
        """
        moves = self.sale_line_id.move_ids.filtered(
            lambda move: (
                move.state in WANTING_STATES and not move.move_orig_ids and move.location_id._child_of(hub.lot_stock_id)
            )
        )
        moves._action_assign()
        parts = []
        for line in self:
            rest = Decimal(repr(line.quantity))
            for move in moves.filtered(lambda move, line=line: move.sale_line_id == line.sale_line_id):
                quantity = min(rest, move._oms_get_missing() - planned[move])
                if quantity > 0:
                    planned[move] += quantity
                    rest -= quantity
                    parts.append(Part(line.warehouse_id.id, move.id, line.product_id.id, quantity))
        # Nothing leaves before everything is there.
        moves.picking_id.filtered(lambda picking: picking.move_type != "one").move_type = "one"
        return parts


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _action_launch_stock_rule(self, **kwargs):
        """Override of ``sale_stock``: where the delivery has been asked for, what it lacks is sent there."""
        ours = self.filtered(lambda line: line.order_id.oms_channel_id)
        before = ours.oms_decision_line_ids.filtered("applied")
        result = super()._action_launch_stock_rule(**kwargs)
        asked = ours.oms_decision_line_ids.filtered(lambda line: line.applied and line.mode == TRANSFER)
        if new := asked - before:
            new._oms_gather()
        return result


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_bring_from_elsewhere(self, places, products):
        """Override of ``oms_core``: what does not come to the site from which the order leaves, is sourced anew."""
        if self._oms_is_brought():
            return super()._oms_bring_from_elsewhere(places, products)
        if self.state != "sale":
            return None
        moves = self.order_line.move_ids.filtered(
            lambda move: move.state in WANTING_STATES and not move.move_orig_ids and move.product_id in products
        )
        moves._action_assign()  # it may have come there otherwise
        gone = moves.browse()
        for move in moves:
            if (missing := move._oms_get_missing()) > 0:
                gone |= move._oms_split_waiting(missing)
        gone._action_cancel()
        return self._oms_reroute(gone, places)

    @api.model
    def _oms_mark_movable(self, demand, uncounted):
        """The demand with what cannot be sent to another site first: kits, and goods that are everywhere."""
        products = self.env["product.product"].browse([item.product_id for item in demand.items])
        company = self.env["res.company"].browse(demand.company_id)
        kits = self.env["oms.availability"].with_company(company)._get_components(products)
        unmovable = frozenset(kits) | uncounted
        items = tuple(replace(item, is_movable=item.product_id not in unmovable) for item in demand.items)
        return replace(demand, items=items)
