from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..domain.timeline_stock import Change, Timeline

#: Journal rows read at a time, so that a year of a large shop needs no more memory than a day.
READ_ROWS = 20_000


def _change(row):
    """A row as a change; numbers come as text, because the database driver makes floats of them."""
    position, node, product, units, order = row
    return Change(position, node, product, Decimal(units), order)


class OmsStockEvent(models.Model):
    """The journal is what lets one ask what a decision saw, and what another one would have seen."""

    _inherit = "oms.stock.event"

    @api.model
    def _get_position(self, at=None):
        """How far the journal goes: the id of the last event, or of the last one up to a moment."""
        self.env.cr.execute(
            SQL("SELECT COALESCE(MAX(id), 0) FROM oms_stock_event WHERE %s", SQL("at <= %s", at) if at else SQL("TRUE"))
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _get_timeline(self, products, warehouses, position):
        """The stock of these products at these warehouses, ready to be walked from a position of the journal on.

        Goods that came back are nobody's: whatever site an order is shipped from, they are received where they were.
        """
        components = self.env["oms.availability"].with_company(warehouses.company_id[:1])._get_components(products)
        parts = {part for needed in components.values() for part, _quantity in needed}
        which = SQL(
            "product_id = ANY(%s) AND warehouse_id = ANY(%s)", sorted({*products.ids, *parts}), sorted(warehouses.ids)
        )
        self.env.cr.execute(
            SQL(
                """SELECT warehouse_id, product_id, SUM(COALESCE(on_hand, 0) - COALESCE(promised, 0))::text
                     FROM oms_stock_event WHERE %s AND id <= %s AND (order_id IS NULL OR kind = 'return')
                    GROUP BY warehouse_id, product_id""",
                which,
                position,
            )
        )
        opening = {(node, product): Decimal(units) for node, product, units in self.env.cr.fetchall()}
        return Timeline(self._read_changes(which, position), opening, components)

    @api.model
    def _read_changes(self, which, position):
        """What the orders' claims came to until a position, then each change after it."""
        self.env.cr.execute(
            SQL(
                """SELECT %s, warehouse_id, product_id, SUM(COALESCE(on_hand, 0) - COALESCE(promised, 0))::text, order_id
                     FROM oms_stock_event WHERE %s AND id <= %s AND order_id IS NOT NULL AND kind != 'return'
                    GROUP BY warehouse_id, product_id, order_id HAVING SUM(COALESCE(on_hand, 0) - COALESCE(promised, 0)) != 0""",
                position,
                which,
                position,
            )
        )
        yield from map(_change, self.env.cr.fetchall())
        while True:
            self.env.cr.execute(
                SQL(
                    """SELECT id, warehouse_id, product_id, (COALESCE(on_hand, 0) - COALESCE(promised, 0))::text,
                              CASE WHEN kind != 'return' THEN order_id END
                         FROM oms_stock_event WHERE %s AND id > %s ORDER BY id LIMIT %s""",
                    which,
                    position,
                    READ_ROWS,
                )
            )
            rows = self.env.cr.fetchall()
            yield from map(_change, rows)
            if len(rows) < READ_ROWS:
                return
            position = rows[-1][0]
