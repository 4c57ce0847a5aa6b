from decimal import Decimal
from operator import itemgetter

from odoo import api, fields, models
from odoo.tools import SQL, groupby

from ..const import FED_NODE_TYPES
from ..domain.availability import AvailabilitySnapshot, StockTable, scaled
from ..domain.feeds import counted, weight
from .oms_stock_rule import _decimal

#: Rows taken from the database at a time: a snapshot of a million shelves must not need them all twice.
FETCH_ROWS = 20_000
#: Into how many packs the database puts the rows of a snapshot: each is some hundred kilobytes of the largest assortments.
SHELF_PACKS = 64
SHELF = "shelf"

#: Moves that want goods and have not (all) reserved them.
WAITING_STATES = ("waiting", "confirmed", "partially_available")

#: Those of them that want goods of the shelf. What waits for another move (*waiting*) gets what that one brings, and not what
#: lies there; and what is brought for such a move is expected by nobody else.
WANTING_STATES = ("confirmed", "partially_available")


class OmsAvailability(models.AbstractModel):
    """Reads what can be promised from the native stock tables, with the same few queries for one product or thousands."""

    _name = "oms.availability"
    _description = "Availability to Promise"

    # --------------------------------------------------------------------------------------------------- SNAPSHOTS

    @api.model
    def _snapshot(self, products, warehouses, but_orders=None):
        """What of these products is free in the stock of these warehouses, without regard to what is published.

        Only the stock location of a warehouse and what lies below counts: what is in quality control, in quarantine or
        packed at the output can be promised to nobody.

        :param but_orders: ``sale.order`` whose own soft reservations are left out, so that they do not compete with
            themselves.
        :rtype: AvailabilitySnapshot, keyed by (warehouse id, product id)
        """
        components = self.with_company(warehouses.company_id[:1])._get_components(products)
        parts = {part for needed in components.values() for part, _quantity in needed}
        table = StockTable(warehouses.ids, [*products.ids, *parts])
        self._load_stock(table, but_orders)
        self._load_told(table, warehouses)
        return AvailabilitySnapshot(table, components)

    # ------------------------------------------------------------------------------------------------------ LOADING

    def _load_stock(self, table, but_orders):
        """What lies there, and what others have a right to: what moves out of the stock still want, less what they have
        reserved; and pending reservations, of which one of a kit sets its components aside.

        By far the most rows are those of the shelves: the database packs them, which is several times faster to read than a
        million rows one by one. It is one query, because for an order it takes longer to plan than to carry out.
        """
        self._flush("stock.quant", ("product_id", "location_id", "quantity", "reserved_quantity"))
        self._flush("stock.move", ("product_id", "location_id", "product_qty", "state"))
        self._flush("stock.move.line", ("move_id", "product_id", "location_id", "quantity_product_uom"))
        self._flush("oms.reservation", ("product_id", "warehouse_id", "quantity", "state", "order_id"))
        of_company = self.with_company(self.env["stock.warehouse"].browse(table.nodes).company_id[:1])
        kits = of_company._get_kits_of(self.env["product.product"].browse(table.products))
        rows = self._rows(
            table,
            SQL(
                """
                , wanted AS MATERIALIZED (
                    SELECT id, rank - 1 AS rank FROM unnest(%(products)s::int[]) WITH ORDINALITY AS wanted(id, rank)
                ), seat AS MATERIALIZED (
                    SELECT place.id, seat.rank - 1 AS rank
                      FROM place JOIN unnest(%(nodes)s::int[]) WITH ORDINALITY AS seat(node, rank) ON seat.node = place.node
                ), waiting AS (
                    SELECT move.id, move.product_id, place.node, move.product_qty
                      FROM stock_move move JOIN place ON place.id = move.location_id
                     WHERE move.product_id = ANY(%(products)s) AND move.state = ANY(%(states)s)
                )
                SELECT 'promised', product_id, node,
                       (COALESCE(product_qty, 0) * 1000000)::bigint, NULL::bytea, NULL::bytea, NULL::bytea
                  FROM waiting
                 UNION ALL
                SELECT 'promised', line.product_id, place.node,
                       -(COALESCE(line.quantity_product_uom, 0) * 1000000)::bigint, NULL::bytea, NULL::bytea, NULL::bytea
                  FROM waiting
                  JOIN stock_move_line line ON line.move_id = waiting.id
                  JOIN place ON place.id = line.location_id
                 WHERE line.product_id = ANY(%(products)s)
                 UNION ALL
                SELECT 'soft', product_id, warehouse_id,
                       (COALESCE(quantity, 0) * 1000000)::bigint, NULL::bytea, NULL::bytea, NULL::bytea
                  FROM oms_reservation
                 WHERE state = 'pending' AND warehouse_id = ANY(%(nodes)s) AND product_id = ANY(%(reservable)s)
                   AND (order_id IS NULL OR order_id != ALL(%(but_orders)s))
                 UNION ALL
                SELECT %(shelf)s, NULL, NULL, NULL,
                       string_agg(int8send(wanted.rank * %(width)s + seat.rank), ''::bytea),
                       string_agg(int8send((COALESCE(quant.quantity, 0) * 1000000)::bigint), ''::bytea),
                       string_agg(int8send((COALESCE(quant.reserved_quantity, 0) * 1000000)::bigint), ''::bytea)
                  FROM stock_quant quant
                  JOIN seat ON seat.id = quant.location_id
                  JOIN wanted ON wanted.id = quant.product_id
                 WHERE quant.product_id = ANY(%(products)s)
                 GROUP BY quant.product_id %% %(packs)s
                """,
                products=list(table.products),
                states=list(WANTING_STATES),
                nodes=list(table.nodes),
                width=len(table.nodes),
                packs=SHELF_PACKS,
                reservable=[*table.products, *kits.ids],
                but_orders=list(but_orders.ids) if but_orders else [],
                shelf=SHELF,
            ),
        )
        components = of_company._get_components(kits) if kits else {}
        for fact, of_fact in groupby(rows, itemgetter(0)):
            if fact == SHELF:
                for row in of_fact:
                    table.add_packed(*row[4:])
                continue
            cells = (row[1:4] for row in of_fact)
            if components and fact == "soft":
                cells = (
                    (part, node, int(amount * needed))
                    for product, node, amount in cells
                    for part, needed in components.get(product, ((product, 1),))
                    if part in table.start
                )
            table.add(fact, cells)

    def _load_told(self, table, warehouses):
        """What third parties told, in the place of what Odoo has of it; and what they were asked for since."""
        fed = warehouses.filtered(lambda warehouse: warehouse.oms_node_type in FED_NODE_TYPES)
        if not fed:
            return
        limits = {
            warehouse.id: (_decimal(warehouse.oms_stale_hours), _decimal(warehouse.oms_worthless_hours))
            for warehouse in fed
        }
        self._flush("oms.stock.feed", ("product_id", "warehouse_id", "quantity", "told_at"))
        self._flush("stock.move", ("product_id", "location_id", "location_dest_id", "product_qty", "state"))
        now = fields.Datetime.now()
        rows = self._rows(
            table,
            SQL(
                """
                SELECT feed.product_id, feed.warehouse_id, feed.quantity, feed.told_at, (
                           SELECT COALESCE(SUM(move.product_qty), 0)
                             FROM stock_move move JOIN place ON place.id = move.location_id
                            WHERE move.product_id = feed.product_id AND place.node = feed.warehouse_id
                              AND move.create_date > feed.told_at AND move.state NOT IN ('draft', 'cancel')
                              AND NOT EXISTS (
                                  SELECT 1 FROM place inside
                                   WHERE inside.id = move.location_dest_id AND inside.node = place.node
                              )
                       )
                  FROM oms_stock_feed feed
                 WHERE feed.warehouse_id = ANY(%s) AND feed.product_id = ANY(%s)
                """,
                fed.ids,
                list(table.products),
            ),
        )
        for product, node, quantity, told_at, asked_since in rows:
            share = weight(told_at, now, *limits[node])
            table.put("on_hand", node, product, scaled(counted(Decimal(quantity), share)))
            table.put("reserved", node, product, 0)
            table.put("promised", node, product, scaled(Decimal(asked_since)))

    def _rows(self, table, query):
        """The rows of a query, few at a time. It may use ``place``: the locations in the stock of the table's nodes."""
        self._flush("stock.warehouse", ("lot_stock_id",))
        self._flush("stock.location", ("parent_path",))
        cr = self.env.cr
        cr.execute(
            SQL(
                """
                WITH place AS MATERIALIZED (
                    SELECT location.id, warehouse.id AS node
                      FROM stock_warehouse warehouse
                      JOIN stock_location root ON root.id = warehouse.lot_stock_id
                      JOIN stock_location location ON location.parent_path LIKE root.parent_path || '%%'
                     WHERE warehouse.id = ANY(%s)
                ) %s
                """,
                list(table.nodes),
                query,
            )
        )
        while rows := cr.fetchmany(FETCH_ROWS):
            yield from rows

    def _flush(self, model, names):
        self.env[model].flush_model(names)

    # -------------------------------------------------------------------------------------------------------- HOOKS

    @api.model
    def _get_components(self, products):
        """Hook: what kits are made of, down to what lies on shelves.

        :return: {id of a kit: ((id of a product whose stock is counted, ``Decimal`` of it in one kit), …)} for those of
            the products that are kits.
        """
        return {}

    @api.model
    def _get_kits_of(self, products):
        """Hook: the kits that have one of these products in them, directly or through other kits."""
        return self.env["product.product"]
