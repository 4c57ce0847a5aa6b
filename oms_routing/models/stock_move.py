from odoo import models


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_is_reroutable(self):
        """Whether another site may bring what this cancelled move would have: not what has a route of its own, nor what
        the customer comes for, nor what was picked already and stands, neither on a shelf nor on its way, where only
        people can see it, nor a part of a kit of which other parts are on their way without it: whole ones are asked for."""
        self.ensure_one()
        line = self.sale_line_id
        is_on_shelf = self.location_id._child_of(self.warehouse_id.lot_stock_id)
        order = line.order_id
        is_broken = self._oms_is_part() and not line._oms_is_whole()
        return bool(
            not is_broken
            and order.oms_channel_id
            and not order._oms_is_pinned()
            and line._oms_is_sourced()
            and is_on_shelf
        )

    def _oms_with_rest_of_kits(self):
        """These moves, and those of the same kits at the same places that nobody has begun to work on."""
        moves = self
        for line, parts in self.filtered(lambda move: move._oms_is_part()).grouped("sale_line_id").items():
            places = parts.location_id.warehouse_id
            moves |= line._oms_get_coming().filtered(
                lambda move, places=places: (
                    move.state not in ("done", "cancel")
                    and move.location_id.warehouse_id in places
                    and move._oms_may_go_elsewhere()
                    and move.picking_id._oms_is_untouched()
                )
            )
        return moves

    def _oms_without_broken_kits(self):
        """Those of these open moves that may go elsewhere as far as kits are concerned: of each kit all that a place is to
        send, and that in whole ones."""
        kept = self
        for line, parts in self.filtered(lambda move: move._oms_is_part()).grouped("sale_line_id").items():
            if not line._oms_is_whole():
                kept -= parts
                continue
            coming = line._oms_get_coming().filtered(lambda move: move.state not in ("done", "cancel"))
            for place, at_place in parts.grouped(lambda move: move.location_id.warehouse_id).items():
                others = coming.filtered(lambda move, place=place: move.location_id.warehouse_id == place) - at_place
                # Of a recipe that has another part by now, no kit is open.
                if others or not any(line._oms_get_open(at_place).values()):
                    kept -= at_place
        return kept
