"""What was wanted of products at places, and when it could not be had: read in a few queries for any number of series."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.tools import SQL

from ..const import RECEIPTS_MAX, SERIES_MAX
from ..domain.forecast import BUCKETS, BUCKETS_MAX, Bucket

#: Where the stock of a warehouse is, with the warehouse as ``node``.
PLACE = SQL(
    """SELECT location.id, warehouse.id AS node, warehouse.company_id
         FROM stock_warehouse warehouse
         JOIN stock_location root ON root.id = warehouse.lot_stock_id
         JOIN stock_location location ON location.parent_path LIKE root.parent_path || '%%'
        WHERE warehouse.active"""
)
#: ``move`` takes goods from a shelf for a customer; ``place`` is the shelf. Of more steps only the first is.
FOR_CUSTOMERS = SQL(
    """stock_move move
       JOIN place ON place.id = move.location_id
       JOIN stock_location goal ON goal.id = COALESCE(move.location_final_id, move.location_dest_id)
                               AND goal.usage = 'customer'
       LEFT JOIN sale_order_line line ON line.id = move.sale_line_id
       LEFT JOIN sale_order sale ON sale.id = line.order_id"""
)
#: When it was wanted, not when it left; of a sale without an order, both are one.
WANTED_AT = SQL("COALESCE(sale.oms_ordered_at, sale.date_order, move.date)")
WANTED_STATES = ("waiting", "confirmed", "partially_available", "assigned", "done")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The buckets of a company that are over, the first one at ``start``; ``stop`` is the day on which the next begins."""

    bucket: Bucket
    start: date
    stop: date
    zone: str

    @property
    def count(self):
        return (self.stop - self.start).days // self.bucket.days

    def bounds(self):
        """The moments (UTC, without time zone) at which buckets begin, and that at which the last one ends."""
        zone = ZoneInfo(self.zone)
        days = (self.start + timedelta(days=index * self.bucket.days) for index in range(self.count + 1))
        return [datetime.combine(day, time.min, zone).astimezone(ZoneInfo("UTC")).replace(tzinfo=None) for day in days]


class OmsDemandHistory(models.AbstractModel):
    """(no rows) what the past says about products at places."""

    _name = "oms.demand.history"
    _description = "Demand in the Past"

    @api.model
    def _get_calendar(self, company):
        """The buckets that a company's forecasts are made from: whole weeks from Monday to Sunday, or whole days."""
        bucket = BUCKETS[company.oms_forecast_bucket]
        today = company._oms_get_today()
        stop = today - timedelta(days=today.weekday()) if bucket.code == "week" else today
        return Calendar(bucket, stop - timedelta(days=BUCKETS_MAX * bucket.days), stop, company._oms_get_zone())

    @api.model
    def _flush_planned(self):
        for model in (
            *("stock.move", "stock.quant", "stock.warehouse", "stock.warehouse.orderpoint"),
            *("sale.order", "sale.order.line", "oms.restock"),
        ):
            self.env[model].flush_model()

    @api.model
    def _get_due(self, company):
        """[(warehouse id, product id)] of what is to be planned and was not yet today, what waits longest first: what was
        wanted, what is there, what has a reordering rule, and what has been planned before."""
        self._flush_planned()
        return self.env.execute_query(
            SQL(
                """
                WITH place AS (%(place)s), series AS (
                    SELECT place.node, move.product_id FROM %(moves)s
                     WHERE place.company_id = %(company)s AND move.state = ANY(%(states)s) AND %(at)s >= %(since)s
                     UNION
                    SELECT place.node, quant.product_id FROM stock_quant quant JOIN place ON place.id = quant.location_id
                     WHERE place.company_id = %(company)s AND quant.quantity > 0
                     UNION
                    SELECT warehouse_id, product_id FROM stock_warehouse_orderpoint WHERE active AND company_id = %(company)s
                     UNION
                    SELECT warehouse_id, product_id FROM oms_restock WHERE company_id = %(company)s
                )
                SELECT series.node, series.product_id
                  FROM series
                  JOIN product_product product ON product.id = series.product_id AND product.active
                  JOIN product_template template ON template.id = product.product_tmpl_id AND template.is_storable
                  LEFT JOIN oms_restock row ON row.warehouse_id = series.node AND row.product_id = series.product_id
                 WHERE row.made_on IS NULL OR row.made_on < %(today)s
                 ORDER BY row.made_on NULLS FIRST, series.product_id, series.node
                 LIMIT %(limit)s
                """,
                place=PLACE,
                moves=FOR_CUSTOMERS,
                at=WANTED_AT,
                states=list(WANTED_STATES),
                company=company.id,
                since=self._get_calendar(company).bounds()[0],
                today=company._oms_get_today(),
                limit=SERIES_MAX,
            )
        )

    @api.model
    def _get_history(self, calendar, keys):
        """{(warehouse id, product id): what was wanted in each bucket}, in the product's unit. What is still waited for
        was wanted, too; what was cancelled was sourced elsewhere or not wanted."""
        self._flush_planned()
        bounds = calendar.bounds()
        rows = self.env.execute_query(
            SQL(
                """
                WITH place AS (%(place)s)
                SELECT place.node, move.product_id,
                       ((%(at)s AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date - %(start)s) / %(days)s AS bucket,
                       SUM(move.product_qty)
                  FROM %(moves)s
                 WHERE move.product_id = ANY(%(products)s) AND move.state = ANY(%(states)s)
                   AND %(at)s >= %(since)s AND %(at)s < %(until)s
                 GROUP BY 1, 2, 3
                """,
                place=PLACE,
                moves=FOR_CUSTOMERS,
                at=WANTED_AT,
                zone=calendar.zone,
                start=calendar.start,
                days=calendar.bucket.days,
                products=list({product for _node, product in keys}),
                states=list(WANTED_STATES),
                since=bounds[0],
                until=bounds[-1],
            )
        )
        history = {}
        for node, product, index, quantity in rows:
            history.setdefault((node, product), [0.0] * calendar.count)[index] = float(quantity)
        return history

    @api.model
    def _get_offered(self, company, calendar, keys):
        """{(warehouse id, product id): for each bucket the share of it in which it could be had}, of those only that were
        sold out some time. A place had none while none of the channels had that it serves."""
        nodes_of = {
            channel: set(channel._get_warehouses().ids)
            for channel in self.env["oms.channel"].search([("company_id", "=", company.id)])
        }
        bounds = calendar.bounds()
        products = {product for _node, product in keys}
        rows = self.env["oms.sold.out"].search(
            [
                ("channel_id", "in", [channel.id for channel in nodes_of]),
                ("product_id", "in", list(products)),
                "|",
                ("until", "=", False),
                ("until", ">", bounds[0]),
            ]
        )
        gone = defaultdict(lambda: [0.0] * calendar.count)
        for row in rows:
            shares = gone[row.channel_id, row.product_id.id]
            since, until = row.since, row.until or fields.Datetime.now()
            for index, (begin, end) in enumerate(zip(bounds, bounds[1:], strict=False)):
                overlap = (min(until, end) - max(since, begin)).total_seconds()
                if overlap > 0:
                    shares[index] = min(1.0, shares[index] + overlap / (end - begin).total_seconds())
        sold_out = {product for _channel, product in gone}
        offered = {}
        for node, product in keys:
            if product in sold_out:
                channels = [channel for channel, nodes in nodes_of.items() if node in nodes]
                of_channels = [gone.get((channel, product), [0.0] * calendar.count) for channel in channels]
                if of_channels:
                    offered[node, product] = [1.0 - min(shares) for shares in zip(*of_channels, strict=True)]
        return offered

    @api.model
    def _get_receipts(self, keys):
        """{(warehouse id, product id): days from asking for it until it came, of the last receipts}"""
        rows = self.env.execute_query(
            SQL(
                """
                WITH place AS (%(place)s), receipt AS (
                    SELECT place.node, move.product_id, EXTRACT(EPOCH FROM move.date - move.create_date) / 86400 AS days,
                           ROW_NUMBER() OVER (PARTITION BY place.node, move.product_id ORDER BY move.date DESC, move.id DESC)
                               AS number
                      FROM stock_move move
                      JOIN place ON place.id = COALESCE(move.location_final_id, move.location_dest_id)
                      JOIN stock_location origin ON origin.id = move.location_id AND origin.usage IN ('supplier', 'transit')
                     WHERE move.state = 'done' AND move.product_id = ANY(%(products)s) AND move.date > move.create_date
                )
                SELECT node, product_id, ARRAY_AGG(days ORDER BY number) FROM receipt WHERE number <= %(limit)s GROUP BY 1, 2
                """,
                place=PLACE,
                products=list({product for _node, product in keys}),
                limit=RECEIPTS_MAX,
            )
        )
        return {(node, product): [float(value) for value in days] for node, product, days in rows}
