from collections import defaultdict
from decimal import Decimal

from odoo import fields, models

from odoo.addons.oms_core.domain.kits import whole_kits

from ..domain.planner import give_back


class SaleOrderLine(models.Model):
    """The seam between a decision and Odoo's transfers: one procurement per site.

    Contract of the override: the quantities of the procurements sum to the quantity asked for, sign included, less what
    the decision gives to no site yet. Odoo counts what is procured over all warehouses, so that a later change asks for the
    difference only.
    """

    _inherit = "sale.order.line"

    oms_decision_line_ids = fields.One2many("oms.sourcing.decision.line", "sale_line_id")

    def _oms_is_sourced(self):
        """Whether it is ours to decide where this line comes from: goods, without a route of their own to the customer
        (dropship, make to order) that decides it already. How a shelf is replenished does not matter."""
        return self.product_id.type == "consu" and not self.route_ids and not self.product_id._oms_has_own_way()

    def _oms_to_source(self):
        """{line: quantity in the product's unit} of the lines of which something is wanted and whose source is ours to
        decide."""
        return {
            line: line._oms_in_product_unit(line.product_uom_qty)
            for line in self
            if line.product_uom_qty > 0 and line._oms_is_sourced()
        }

    def _oms_in_product_unit(self, quantity):
        """``Decimal`` in the product's unit of so much in the line's, rounded as Odoo does when it asks for goods: otherwise
        what is decided is never quite what is asked."""
        own = self.product_id.uom_id
        return Decimal(repr(self.product_uom_id._compute_quantity(quantity, own, rounding_method="HALF-UP")))

    def _oms_get_asked(self, before=False):
        """``Decimal`` in the product's unit that Odoo asks for when it looks at this line now: what is ordered, less what was
        asked for already; below zero where that is too much.

        :param before: {line id: what was ordered until now}, as of ``_get_qty_procurement``
        """
        return self._oms_in_product_unit(self.product_uom_qty - self._get_qty_procurement(before))

    def _action_launch_stock_rule(self, *, previous_product_uom_qty=False):
        """Override of ``sale_stock``: lines that ask for more in one go are decided together, before the first of them is.
        Odoo reserves only once it has asked for all of them, and until then none sees what another one takes."""
        if not self.env.context.get("skip_procurement"):
            self._oms_decide_together(previous_product_uom_qty)
        return super()._action_launch_stock_rule(previous_product_uom_qty=previous_product_uom_qty)

    def _oms_decide_together(self, before):
        """Decide about those of these lines for which more is asked for than was decided; a single one is left to
        :meth:`_oms_parts`.

        :param before: as of :meth:`_oms_get_asked`
        """
        ours = self.filtered(
            lambda line: line.order_id.oms_channel_id and line.state == "sale" and not line.order_id.locked
        )
        if len(ours) < 2:
            return
        wanted = defaultdict(dict)
        for line, quantity in ours._oms_to_source().items():
            decided = line._oms_get_decided()[1]
            if decided == quantity:  # all of it, as of an order that is being confirmed: there is nothing to look up
                continue
            asked = line._oms_get_asked(before)
            # What has left has, also where that was before it came here.
            if asked > 0 and asked != decided and line._oms_get_shipped() < line.product_uom_qty:
                wanted[line.order_id][line] = asked
        if sum(len(lines) for lines in wanted.values()) > 1:
            self.env["sale.order"]._oms_decide(wanted, "increase")

    def _get_qty_procurement(self, previous_product_uom_qty=False):
        """Override of ``sale_stock``: what a customer of a channel sent back is not sent out again.

        Odoo takes returned goods off what was procured, and would ask for them again as soon as anything else of the line
        is. Between what the customer kept and what was sent, whatever is ordered is settled. What is called off is taken off
        what is still to leave, though some of the line came back.
        """
        kept = super()._get_qty_procurement(previous_product_uom_qty)
        if not self.order_id.oms_channel_id:
            return kept
        outgoing, incoming = self._get_outgoing_incoming_moves(strict=False)
        returned = self._oms_sum_moves(incoming.filtered("origin_returned_move_id"))
        ordered = self.product_uom_qty
        settled = min(max(kept, ordered), kept + returned)
        called_off = (previous_product_uom_qty or {}).get(self.id, 0) - ordered
        if not returned or called_off <= 0:
            return settled
        to_leave = self._oms_sum_moves(outgoing.filtered(lambda move: move.state != "done"))
        return max(settled, ordered + max(0, min(called_off, to_leave, kept + returned - ordered)))

    def _oms_sum_moves(self, moves):
        """How much these moves have brought, or are to bring, in the unit of this line."""
        return sum(
            move.product_uom._compute_quantity(
                move.quantity if move.state == "done" else move.product_uom_qty,
                self.product_uom_id,
                rounding_method="HALF-UP",
            )
            for move in moves
        )

    def _create_procurements(self, product_qty, procurement_uom, values):
        """Override of ``sale_stock`` to ask each site of the decision for its part."""
        procurements = super()._create_procurements(product_qty, procurement_uom, values)
        if not self.order_id.oms_channel_id or len(procurements) != 1 or not self._oms_is_sourced():
            return procurements
        uom = self.product_id.uom_id
        asked = Decimal(repr(uom.round(procurement_uom._compute_quantity(product_qty, uom, round=False))))
        parts = self._oms_parts(asked) if asked > 0 else self._oms_parts_to_give_back(-asked)
        if not parts:
            return procurements
        quantities = [uom._compute_quantity(float(part), procurement_uom, round=False) for _warehouse, part in parts]
        quantities[-1] = product_qty - sum(quantities[:-1])
        return [
            procurements[0]._replace(product_qty=quantity, values=self._oms_procure_from(warehouse, values))
            for (warehouse, _part), quantity in zip(parts, quantities, strict=True)
            if warehouse  # what no site has is asked for later, or never; see sale_order_leftover
        ]

    def _oms_parts(self, asked):
        """[(warehouse, quantity)] that sum to ``asked``: as was decided last, or decided now when more is asked for. What
        no site ships has no warehouse."""
        decided, quantity = self._oms_get_decided()
        if quantity != asked:
            decision = self.order_id._oms_decide({self.order_id: {self: asked}}, "increase")[self.order_id]
            decided = decision.line_ids
        parts = defaultdict(Decimal)
        for line in decided:
            parts[line._oms_get_site()] += Decimal(repr(line.quantity))
        decided.sudo().applied = True  # sudo: decisions are written by the system alone
        return list(parts.items())

    def _oms_get_decided(self):
        """(the rows of the last decision about this line that nobody has asked for yet, ``Decimal`` of all of them)"""
        pending = self.oms_decision_line_ids.filtered(lambda line: not line.applied)
        # Only the last one: a decision that the goods have to wait is not applied, and superseded by the next.
        latest = pending.decision_id.sorted("id")[-1:]
        decided = pending.filtered(lambda line: line.decision_id == latest)
        return decided, sum((Decimal(repr(line.quantity)) for line in decided), Decimal(0))

    def _oms_parts_to_give_back(self, surplus):
        """[(warehouse, negative quantity)] that sum to ``-surplus``: from the site that was decided last, backwards.

        What has left already cannot be given back; Odoo expects it as a return, at the first site.
        """
        # What a vendor sends is bought, and bought less: it lies on no shelf.
        outgoing = self._oms_get_outgoing().filtered(lambda move: move.location_id.usage != "supplier")
        vendors = self.oms_decision_line_ids.warehouse_id.filtered(lambda place: place.oms_node_type == "vendor")
        open_at = self._oms_get_open(outgoing.filtered(lambda move: move.state not in ("done", "cancel")).sorted("id"))
        takeable = min(surplus, sum(open_at.values(), Decimal(0)))
        parts = defaultdict(Decimal)
        for warehouse, quantity in give_back(list(open_at.items()), takeable):
            parts[warehouse] -= quantity
        if surplus > takeable:
            left_from = outgoing.filtered(lambda move: move.state == "done").warehouse_id[:1]
            left_from = left_from or vendors[-1:] or self.warehouse_id
            parts[left_from] -= surplus - takeable
        return list(parts.items())

    def _oms_get_outgoing(self):
        """The moves that set out to bring this line to the customer: its own, and of a kit those of what is in it, of which
        Odoo's ``_get_outgoing_incoming_moves`` knows nothing."""
        own = self._get_outgoing_incoming_moves(strict=False)[0]
        parts = self.move_ids.filtered(
            lambda move: (
                move.state != "cancel"
                and move.product_id != self.product_id
                and (move.location_final_id or move.location_dest_id)._is_outgoing()
                and not move.origin_returned_move_id
                # Of several steps the first one: what follows it is made of it. What others send for it is no step.
                and all(before.picking_id.oms_for_order_id for before in move.move_orig_ids)
            )
        )
        return own | parts

    def _oms_get_open(self, moves):
        """{warehouse: how much of this line's product, in its unit, these moves are still to bring}; of a kit as many as can
        be put together from what they bring."""
        product = self.product_id
        recipes = self.env["oms.availability"].with_company(self.company_id)._get_components(product)
        needed = dict(recipes.get(product.id, ((product.id, Decimal(1)),)))
        if not needed:  # a kit of parts whose stock nobody counts
            needed = {part.id: quantity for part, quantity in self._oms_get_recipe().items()}
        at, steps = defaultdict(lambda: dict.fromkeys(needed, Decimal(0))), {}
        for move in moves:
            if move.product_id.id in needed:
                uom = move.product_id.uom_id
                at[move.warehouse_id][move.product_id.id] += Decimal(repr(uom.round(move.product_qty)))
                steps[move.product_id.id] = Decimal(repr(uom.rounding))
        if needed.keys() == {product.id}:
            return {warehouse: brought[product.id] for warehouse, brought in at.items()}
        return {warehouse: whole_kits(brought, needed, steps)[0] for warehouse, brought in at.items()}


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _oms_has_own_way(self):
        """Whether a route of their own to the customer (dropship, make to order) decides where these come from."""
        routes = self.route_ids | self.categ_id.total_route_ids
        return bool(
            routes.rule_ids.filtered(
                lambda rule: (
                    rule.location_dest_id._is_outgoing()
                    and (rule.procure_method == "make_to_order" or rule.location_src_id.usage == "supplier")
                )
            )
        )
