"""Transfer, then ship: what a decision has sent to another site first, is sent there, and the delivery waits for it.

The transfers are those of ship to store (``oms_core``): two in a chain, reserved for exactly this delivery. One that is
cancelled or falls short has what is open decided anew, without the site that did not send it.

Of a kit all counted parts are sent, as many as the decision says kits are; what nobody counts is taken at the hub. When a part
does not come, what belongs to it is called off at the hub, and whole kits are decided about anew. Kits that are not sent: half
ones, and those with a part that has a route of its own to the customer. Of kits of which a part has left the hub already, a
person decides.
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
        "Kits are sent whole, each from one site. What a transfer costs and how long it takes is told at the warehouses.",
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
        # sudo: who confirms an order need not work in the warehouses that send its goods
        ways_sudo = {way: lines.sudo() for way, lines in ways.items()}
        parts, planned = defaultdict(list), defaultdict(Decimal)
        kits_sudo = self.env["stock.move"].sudo()  # sudo: as above; what is sent of kits
        for way, lines_sudo in ways_sudo.items():
            parts[way] += lines_sudo._oms_get_kit_parts_sent(way[-1], kits_sudo)
            kits_sudo |= kits_sudo.browse([part.move for part in parts[way]])
        if kits_sudo:  # what they had reserved at the hub is there for the rest of the order
            for order, _place, hub in ways:
                order.sudo().order_line._oms_get_wanting(hub, kits_sudo)._action_assign()  # sudo: as above
        for way, lines_sudo in ways_sudo.items():
            parts[way] += lines_sudo._oms_get_parts_sent(way[-1], planned, kits_sudo)
        for (order, place, hub), of_way in parts.items():
            if of_way:
                order._oms_make_transfer(place.sudo(), hub.sudo(), of_way)  # sudo: as above
        self.env["sale.order.line"]._oms_give_promises(self.product_id | kits_sudo.product_id, tell=False)

    def _oms_get_kit_parts_sent(self, hub, kits):
        """[``Part``]: of the kits among these lines, those parts of the hub's delivery that are in the kits that are sent, each
        a move of its own that has nothing reserved. Called as superuser.

        :param kits: moves that others send already.
        """
        parts = []
        for line in self:
            moves = line.sale_line_id._oms_get_wanting(hub, kits, (*WANTING_STATES, "assigned"))
            moves = moves.filtered(lambda move: move._oms_is_part() and not move.picked)
            there = moves and sum(line.sale_line_id._oms_get_open(moves).values())
            sent = min(Decimal(repr(line.quantity)), there) if there else 0
            if not sent:
                continue
            moves = moves.filtered(lambda move: move.product_id.is_storable and move.product_qty > 0)
            moves._do_unreserve()
            for move in moves:
                units = move.product_id.uom_id.round(move.product_qty * float(sent) / float(there))
                apart = move._oms_split_waiting(units)
                kits |= apart
                parts.append(Part(line.warehouse_id.id, apart.id, apart.product_id.id, Decimal(repr(units))))
        return parts

    def _oms_get_parts_sent(self, hub, planned, kits):
        """[``Part``]: what the delivery of the hub lacks of these lines, but for kits. Called as superuser.

        :param planned: {move: what others send for it already}
        :param kits: moves of parts that are sent with their kits.
        """
        moves = self.sale_line_id._oms_get_wanting(hub, kits)
        moves._action_assign()
        parts = []
        for line in self:
            rest = Decimal(repr(line.quantity))
            for move in moves.filtered(lambda move, line=line: move.sale_line_id == line.sale_line_id):
                quantity = min(rest, move._oms_get_missing() - planned[move])
                if quantity > 0 and not move._oms_is_part():
                    planned[move] += quantity
                    rest -= quantity
                    parts.append(Part(line.warehouse_id.id, move.id, line.product_id.id, quantity))
        # Nothing leaves before everything is there.
        pickings = (moves | (kits & self.sale_line_id.move_ids)).picking_id
        pickings.filtered(lambda picking: picking.move_type != "one").move_type = "one"
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

    def _oms_get_wanting(self, hub, but, states=WANTING_STATES):
        """The moves of these lines that want goods of the shelves of a hub, ``but`` for some. Called as superuser."""
        moves = self.move_ids.filtered(
            lambda move: (
                move.state in states and not move.move_orig_ids and move.location_id._child_of(hub.lot_stock_id)
            )
        )
        return moves - but


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
        gone._oms_call_off_rest_of_kits()
        broken = gone.filtered(lambda move: move._oms_is_part() and not move.sale_line_id._oms_is_whole())
        if broken:
            broken.picking_id._oms_on_unfulfillable(broken)
        return self._oms_reroute(gone - broken, places)

    @api.model
    def _oms_mark_movable(self, demand, uncounted):
        """The demand with what cannot be sent to another site first: goods that are everywhere, kits that are not whole, and
        those with a part that comes to the customer in a way of its own."""
        products = self.env["product.product"].browse([item.product_id for item in demand.items])
        company = self.env["res.company"].browse(demand.company_id)
        kits = self.env["oms.availability"].with_company(company)._get_components(products)
        fixed = {
            kit
            for kit, recipe in kits.items()
            if any(part._oms_has_own_way() for part in products.browse([part for part, _needed in recipe]))
        }
        items = tuple(
            replace(
                item,
                is_movable=item.product_id not in uncounted
                and item.product_id not in fixed
                and not (item.product_id in kits and item.quantity % 1),
            )
            for item in demand.items
        )
        return replace(demand, items=items)
