"""A kit leaves whole or not at all: which moves bring its parts, what of them belongs together, and what makes no kit.

Odoo counts the parts of a kit one by one: without this the rest of a kit leaves when one part of it is not there.
"""

from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError

from ..const import INSIDE
from ..domain.kits import whole_kits
from ..domain.quantities import Quantities


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_get_coming(self):
        """Of a kit, the moves of its parts that have left to the customer, and the open ones that wait for no step before
        them: of several steps each piece once. Empty for what is no kit."""
        self.ensure_one()
        return self.move_ids.filtered(
            lambda move: (
                move.product_id != self.product_id
                and not move.origin_returned_move_id
                and (
                    move.location_dest_id._is_outgoing()
                    if move.state == "done"
                    else move.state != "cancel"
                    and (move.location_final_id or move.location_dest_id)._is_outgoing()
                    and not move._oms_is_fed()
                )
            )
        )

    def _oms_get_recipe(self):
        """{product: ``Decimal`` of it, in its own unit, in one of this line's product, in that one's unit}; empty for no kit."""
        self.ensure_one()
        in_one = self.product_uom_id._compute_quantity(1.0, self.product_id.uom_id, round=False)
        recipe = {part: Decimal(repr(round(needed / in_one, 6))) for part, needed in self._oms_get_parts().items()}
        return {part: needed for part, needed in recipe.items() if needed}

    def _oms_get_left_over(self, brought):
        """{product: what of so much of it makes no whole kit}; empty for what is no kit.

        :param dict brought: {product: ``Decimal`` in its own unit}
        """
        recipe = self._oms_get_recipe()
        steps = {part: Decimal(repr(part.uom_id.rounding)) for part in {*recipe, *brought}}
        return whole_kits(brought, recipe, steps)[1] if recipe else {}

    def _oms_is_whole(self):
        """Whether of a kit whole ones have left, and are coming, from each place: then more of it may be asked for as a whole."""
        coming = self._oms_get_coming()
        return not any(
            self._oms_get_left_over(some._oms_get_brought())
            for at_place in coming.grouped(lambda move: move.location_id.warehouse_id).values()
            for some in (at_place, at_place.filtered(lambda move: move.state == "done"))
        )


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_is_part(self):
        """Whether this is a part of a kit that was sold."""
        self.ensure_one()
        return bool(self.sale_line_id) and self.product_id != self.sale_line_id.product_id

    def _oms_is_fed(self):
        """Whether this open move waits for another one to bring what it takes; what another place sends for this order is no
        step of the delivery, and begins before it."""
        self.ensure_one()
        steps = self.move_orig_ids.filtered(lambda move: not move.picking_id.oms_for_order_id)
        return any(move.state not in ("done", "cancel") for move in steps)

    def _oms_get_brought(self):
        """{product: ``Decimal`` in its unit} of what these moves have brought, or are to bring."""
        brought = defaultdict(Decimal)
        for move in self:
            uom = move.product_id.uom_id
            is_done = move.state == "done"
            amount = move.product_uom._compute_quantity(move.quantity, uom) if is_done else move.product_qty
            brought[move.product_id] += Decimal(repr(uom.round(amount)))
        return brought

    def _oms_say_products(self):
        """What these moves are about, for people: of a part also the kit that it is for."""
        words = {}
        for move in self:
            name = move.product_id.display_name
            kit = move.sale_line_id.product_id.display_name
            words[self.env._("%(part)s (in %(kit)s)", part=name, kit=kit) if move._oms_is_part() else name] = None
        return ", ".join(words)

    def _oms_call_off_rest_of_kits(self):
        """Of kits of which these parts are given up, call off what their places cannot send whole any more; it stays there.

        Left alone is what was no whole kit before (a part of it comes in another way), and of which a part has left already:
        a person has to say what becomes of it.
        """
        # sudo: who gives up a part gives up the kit, and needs no right to orders for that
        for line, given_up in self.sudo().filtered(lambda move: move._oms_is_part()).grouped("sale_line_id").items():
            coming = line._oms_get_coming()
            left = coming.filtered(lambda move: move.state == "done")
            if line._oms_get_left_over(left._oms_get_brought()) or any(move._oms_is_fed() for move in line.move_ids):
                continue
            for place in given_up.location_id.warehouse_id:
                here, lost = (
                    moves.filtered(lambda move, place=place: move.location_id.warehouse_id == place)
                    for moves in (coming, given_up)
                )
                brought = here._oms_get_brought()
                if not line._oms_get_left_over(Quantities(brought) + Quantities(lost._oms_get_given_up())):
                    (here - left)._oms_call_off_left_over(line, line._oms_get_left_over(brought))

    def _oms_is_let_down(self):
        """Whether something was called off of the transfers that bring what this move takes."""
        self.ensure_one()
        before = self.move_orig_ids | self.move_orig_ids.move_orig_ids
        return any(move.state == "cancel" for move in before.picking_id.move_ids)

    def _oms_get_given_up(self):
        """{product: ``Decimal`` in its unit} of what these moves, cancelled or done short, should have brought and have not."""
        given_up = defaultdict(Decimal)
        for move in self:
            uom = move.product_id.uom_id
            moved = move.product_uom._compute_quantity(move.quantity, uom) if move.state == "done" else 0.0
            given_up[move.product_id] += Decimal(repr(uom.round(move.product_qty - moved)))
        return given_up

    def _oms_call_off_left_over(self, line, over):
        """Cancel of these open moves what makes no whole kit, and say so on their transfers.

        :param dict over: {product: ``Decimal`` in its unit}
        """
        rest = self.browse()
        # First what comes with a transfer of which something was called off: what others send is whole.
        for move in self.sorted(lambda move: (not move._oms_is_let_down(), -move.id)):
            part = min(over.get(move.product_id, Decimal(0)), Decimal(repr(move.product_qty)))
            if part > 0:
                over[move.product_id] -= part
                rest |= move._oms_cut(float(part))
        rest._action_cancel()
        for picking, moves in rest.grouped("picking_id").items():
            words = ", ".join(f"{move.product_qty:g} {move.product_id.display_name}" for move in moves)
            picking.message_post(
                body=self.env._(
                    "%(words)s stay here: %(kit)s leaves whole or not at all, and a part of it is not there.",
                    words=words,
                    kit=line.product_id.display_name,
                )
            )
            picking._oms_bring_back(moves)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def button_validate(self):
        """Override of ``stock``: what nothing follows takes no part of a kit along without the rest of it."""
        # What was handed over, or what another firm tells that it has sent, has left: it cannot be refused any more.
        if self.env.context.get("oms_hand_over") is not INSIDE:
            ids = self.env.context.get("picking_ids_not_to_backorder") or ()
            self.filtered(
                lambda picking: (
                    picking.picking_type_id.create_backorder == "never"
                    or (picking.id in ids and picking.picking_type_id.create_backorder != "always")
                )
            )._check_oms_kits_whole()
        return super().button_validate()

    def _check_oms_kits_whole(self):
        """:raise UserError: where of a kit of a channel's order only a part would leave, now and with what left before."""
        for picking in self:
            wanted = picking._oms_get_wanted_moves().filtered(lambda move: move._oms_is_part())
            some_picked = any(picking.move_ids.mapped("picked"))
            for line, moves in wanted.grouped("sale_line_id").items():
                brought = (line._oms_get_coming() - moves)._oms_get_brought()
                for move in moves:
                    if move.picked or not some_picked:
                        taken = move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id)
                        brought[move.product_id] += Decimal(repr(taken))
                if over := line._oms_get_left_over(brought):
                    raise UserError(
                        self.env._(
                            "%(kit)s would leave in part: %(parts)s without the rest of it. Reject what is not there, and what "
                            "belongs to it stays here, too; or keep the rest for a backorder.",
                            kit=line.product_id.display_name,
                            parts=", ".join(f"{float(amount):g} {part.display_name}" for part, amount in over.items()),
                        )
                    )
