"""The moves by which goods are brought to a store for an order: no more than is wanted, and nothing waits for what nobody
brings. See ``sale_order_bring.py``."""

from decimal import Decimal

from odoo import api, models
from odoo.fields import Command

from ..const import INSIDE


class StockMove(models.Model):
    _inherit = "stock.move"

    # ------------------------------------------------------------------------------------------------------ NATIVE

    def write(self, vals):
        """Override of ``stock``: when less is wanted, less is brought."""
        result = super().write(vals)
        if "product_uom_qty" in vals:
            wanted = self.filtered(lambda move: move.sale_line_id and move.procure_method == "make_to_order")
            if wanted:
                # sudo: who reduces an order need not work where its goods come from
                wanted.sudo().move_orig_ids._oms_bring_less()
        return result

    @api.model
    def _prepare_merge_negative_moves_excluded_distinct_fields(self):
        """Override of ``stock``: less of an order is less of what is brought for it as well as of what lies in the store."""
        names = super()._prepare_merge_negative_moves_excluded_distinct_fields()
        less = self.filtered(lambda move: move.product_uom_qty < 0)
        return [*names, "procure_method"] if less.sale_line_id.order_id.oms_transfer_ids else names

    def _action_cancel(self):
        """Override of ``stock``: what is brought for nobody stays where it is; and what nobody brings is wanted still."""
        # sudo: who cancels at one end of a transfer need not work at the other
        moves_sudo = self.sudo().filtered(lambda move: move.state not in ("done", "cancel"))
        of_transfers = moves_sudo.filtered("picking_id.oms_for_order_id")
        bringing = (moves_sudo - of_transfers).move_orig_ids.filtered("picking_id.oms_for_order_id")
        if not of_transfers and not bringing:
            return super()._action_cancel()
        # Cancelling cuts the chain, so what hangs together is noted before; what is cancelled on the way is part of this.
        seconds = of_transfers.move_dest_ids.filtered("picking_id.oms_for_order_id")
        starving = (of_transfers | seconds)._oms_note_starving()
        lost = {}
        for move in of_transfers:
            if move.location_id.usage == "transit" and any(orig.state == "done" for orig in move.move_orig_ids):
                lost.setdefault(move.picking_id, {})[move.product_id] = move.product_qty
        result = super(StockMove, self.with_context(oms_part_of_cancelling=INSIDE))._action_cancel()
        if self.env.context.get("oms_part_of_cancelling") is INSIDE:
            return result
        bringing._oms_call_off()
        seconds._oms_fit()
        self._oms_feed_again(starving)
        moves_sudo.env["sale.order"]._oms_tell_lost(lost)
        return result

    def _oms_note_starving(self):
        """[(order, place that should bring it, product, deliveries that wait for it)] of these moves of transfers."""
        return [
            (
                move.picking_id.oms_for_order_id,
                (move.location_id.warehouse_id or move.move_orig_ids.location_id.warehouse_id)[:1],
                move.product_id,
                move.move_dest_ids.filtered(lambda dest: not dest.picking_id.oms_for_order_id),
            )
            for move in self
        ]

    @api.model
    def _oms_feed_again(self, starving):
        """Have brought from elsewhere what these deliveries wait for in vain."""
        of_orders = {}
        for order, place, product, dests in starving:
            if dests._oms_settle():
                places, products = of_orders.get(order, (place.browse(), product.browse()))
                of_orders[order] = places | place, products | product
        for order, (places, products) in of_orders.items():
            order._oms_bring_from_elsewhere(places, products)

    def _oms_done_short(self):
        """These moves of transfers were done with less than was planned, and nothing is to follow."""
        lost = {}
        for move in self.filtered(lambda move: move.location_id.usage == "transit"):
            quantity = move.product_qty - move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id)
            lost.setdefault(move.picking_id, {})[move.product_id] = quantity
        seconds = self.move_dest_ids.filtered("picking_id.oms_for_order_id")
        starving = (self | seconds)._oms_note_starving()
        seconds._oms_fit()
        self._oms_feed_again(starving)
        self.env["sale.order"]._oms_tell_lost(lost)

    # ---------------------------------------------------------------------------------------------------- THE CHAIN

    def _oms_get_missing(self):
        """How much this move has not reserved, in the product's unit."""
        self.ensure_one()
        uom = self.product_id.uom_id
        reserved = self.product_uom._compute_quantity(self.quantity, uom, rounding_method="HALF-UP")
        return Decimal(repr(uom.round(self.product_qty - reserved)))

    def _oms_split_waiting(self, quantity):
        """The part of this move that is ``quantity`` large (in the product's unit) and reserved by nobody."""
        self.ensure_one()
        if self.product_id.uom_id.compare(float(quantity), self.product_qty) >= 0:
            return self
        part = self.create(self._split(float(quantity)))
        # Not merged: it is to wait for what is brought, the rest of the delivery is not.
        part._action_confirm(merge=False)
        part._do_unreserve()
        return part

    def _oms_sum(self):
        """What these moves bring or have brought, in the product's unit."""
        return sum(
            move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id)
            if move.state == "done"
            else move.product_qty
            for move in self
            if move.state != "cancel"
        )

    def _oms_call_off(self):
        """Nobody wants what these moves were to bring to a store: what has not left stays; what has left arrives there, and is
        free for anybody."""
        for move in self:
            if any(dest.state not in ("done", "cancel") for dest in move.move_dest_ids):
                move._oms_bring_less()
                continue
            before = move.move_orig_ids
            before.filtered(lambda orig: orig.state not in ("done", "cancel"))._action_cancel()
            if move.state not in ("done", "cancel") and not any(orig.state == "done" for orig in before):
                move._action_cancel()

    def _oms_bring_less(self):
        """Bring no more to the store than is wanted of it there, as far as it has not left."""
        for move in self:
            wanted = move.move_dest_ids.filtered(lambda dest: not dest.picking_id.oms_for_order_id)
            before = move.move_orig_ids.filtered(lambda orig: orig.state not in ("done", "cancel"))
            if not move.picking_id.oms_for_order_id or move.state in ("done", "cancel") or not wanted or not before:
                continue
            uom = move.product_id.uom_id
            excess = uom.round(
                min(wanted.move_orig_ids._oms_sum() - wanted._oms_sum(), move.product_qty, before._oms_sum())
            )
            if uom.compare(excess, 0) <= 0:
                continue
            if uom.compare(excess, move.product_qty) >= 0:
                before._action_cancel()
                continue
            move.product_uom_qty -= excess
            for orig in before:
                part = min(excess, orig.product_qty)
                excess = uom.round(excess - part)
                if uom.compare(part, orig.product_qty) >= 0:
                    orig._action_cancel()
                elif uom.compare(part, 0) > 0:
                    orig.product_uom_qty -= part
                    orig._action_assign()

    def _oms_fit(self):
        """Expect no more at the store than was sent or will be."""
        for move in self.filtered(lambda move: move.state not in ("done", "cancel")):
            origs = move.move_orig_ids
            excess = min(origs.move_dest_ids._oms_sum() - origs._oms_sum(), move.product_qty)
            if move.product_id.uom_id.compare(excess, 0) > 0:
                move.product_uom_qty -= excess

    def _oms_settle(self):
        """Let these deliveries wait no longer for what nobody brings: that part of them wants goods of the shelf again.

        :return: those parts.
        """
        parts = self.browse()
        for move in self.filtered(lambda move: move.state not in ("done", "cancel")):
            siblings = move.move_orig_ids.move_dest_ids | move
            short = min(siblings._oms_sum() - move.move_orig_ids._oms_sum(), float(move._oms_get_missing()))
            if move.product_id.uom_id.compare(short, 0) <= 0:
                continue
            part = move._oms_split_waiting(short)
            part.write({"procure_method": "make_to_stock", "move_orig_ids": [Command.clear()]})
            part._recompute_state()
            parts |= part
        return parts
