from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ..domain.availability import EXCLUDED, StockTable, unscaled
from ..domain.promise import Receipt, available_on, kits, projection, summed


class OmsAvailability(models.AbstractModel):
    """From when on there is how much: with what is expected."""

    _inherit = "oms.availability"

    @api.model
    def _get_receipts(self, products, warehouses):
        """What is expected to come into the stock of these warehouses from outside of it.

        The date of a purchase is the one that the vendor has confirmed on the purchase order: Odoo writes it to the
        receipt's deadline whenever it changes there, and leaves the scheduled date alone. Everything else comes when its
        transfer is scheduled; the deadline of those says when it is needed, not when it comes.

        Goods that come in several steps are counted once: the step that waits for another one is not. What is brought for
        one delivery that waits for it is not counted at all; neither is what that delivery wants.

        :return: {(warehouse id, product id): [``Receipt``]}
        """
        moves = self.env["stock.move"]
        self._flush(
            "stock.move",
            ("product_id", "location_id", "location_dest_id", "location_final_id", "product_qty", "state", "date",
             "date_deadline", "reference", "move_orig_ids"),
        )  # fmt: skip
        at = SQL("move.date")
        if "purchase_line_id" in moves._fields:
            self._flush("stock.move", ("purchase_line_id",))
            at = SQL(
                "CASE WHEN move.purchase_line_id IS NULL THEN move.date ELSE COALESCE(move.date_deadline, move.date) END"
            )
        table = StockTable(warehouses.ids, products.ids)
        rows = self._rows(
            table,
            SQL(
                """
                SELECT place.node, move.product_id, %s, COALESCE(move.product_qty, 0), move.reference
                  FROM stock_move move
                  JOIN place ON place.id = COALESCE(move.location_final_id, move.location_dest_id)
                 WHERE move.product_id = ANY(%s)
                   AND move.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
                   AND NOT EXISTS (
                       SELECT 1 FROM place inside WHERE inside.id = move.location_id AND inside.node = place.node
                   )
                   AND NOT EXISTS (
                       SELECT 1
                         FROM stock_move_move_rel link JOIN stock_move before ON before.id = link.move_orig_id
                        WHERE link.move_dest_id = move.id AND before.state NOT IN ('done', 'cancel')
                   )
                   AND NOT EXISTS (
                       SELECT 1
                         FROM stock_move_move_rel link JOIN stock_move after ON after.id = link.move_dest_id
                        WHERE link.move_orig_id = move.id AND after.state = 'waiting'
                   )
                 ORDER BY move.id
                """,
                at,
                list(table.products),
            ),
        )
        receipts = {}
        for node, product, moment, quantity, reference in rows:
            receipts.setdefault((node, product), []).append(Receipt(moment, Decimal(quantity), reference or ""))
        return receipts

    @api.model
    def _get_projection(self, channel, product):
        """What a channel can sell of a product from when on, with what is expected at each of its places.

        :return: [(moment, ``Decimal`` available from then on)], the first one now
        """
        now = fields.Datetime.now()
        warehouses = channel._get_warehouses()
        snapshot = self._channel_snapshot(channel, product)
        parts = dict(snapshot.components.get(product.id, ((product.id, Decimal(1)),)))
        receipts = self._get_receipts(product.browse(parts), warehouses)
        of_nodes = [self._get_steps(snapshot, receipts, node, product.id, now) for node in warehouses.ids]
        steps = summed(of_nodes) or [(now, Decimal(0))]
        return [(at, snapshot.beyond_threshold(product.id, free)) for at, free in steps]

    @api.model
    def _get_steps(self, snapshot, receipts, node, product_id, now):
        """What can be promised of a product at one place from when on.

        :param snapshot: with the safety stock taken off.
        :param receipts: as ``_get_receipts``, of the product and of what it is made of.
        """
        if snapshot.table.cell("safety", node, product_id) >= EXCLUDED:
            return [(now, Decimal(0))]
        parts = dict(snapshot.components.get(product_id, ((product_id, Decimal(1)),)))
        of_parts = {
            part: projection(
                snapshot.net(node, part) - unscaled(snapshot.table.cell("safety", node, part)),
                receipts.get((node, part), []),
                now,
            )
            for part in parts
        }
        if product_id in snapshot.components:
            return kits(of_parts, parts, snapshot.safety[node, product_id])
        return of_parts[product_id]

    @api.model
    def _get_available_on(self, channel, product, quantity):
        """When a channel can sell so much of a product; ``None`` when nobody knows."""
        return available_on(self._get_projection(channel, product), quantity)
