from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from odoo.addons.oms_core.alone import on_its_own

from .. import auto_ets
from ..const import HORIZON, OUTSIDE_BATCH_MAX, SERIES_BATCH, SHOWN_WEEKS
from ..domain.forecast import MODEL_NAMES, QUANTILES, forecast
from .oms_demand_history import FOR_CUSTOMERS, PLACE, WANTED_AT, WANTED_STATES


class OmsDemandForecast(models.Model):
    """What will be wanted of a product at a place in one week or day to come: made anew each night, from what was wanted."""

    _name = "oms.demand.forecast"
    _description = "Demand Forecast"
    _order = "product_id, warehouse_id, starts_on"
    _log_access = False
    _rec_name = "product_id"

    product_id = fields.Many2one("product.product", required=True, readonly=True, ondelete="cascade")
    warehouse_id = fields.Many2one("stock.warehouse", string="Place", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    bucket = fields.Selection([("week", "Week"), ("day", "Day")], required=True, readonly=True)
    starts_on = fields.Date(required=True, readonly=True, help="The Monday of the week, or the day.")
    mean = fields.Float(string="Expected", digits=(16, 2), readonly=True, help="In the product's unit.")
    low = fields.Float(digits=(16, 2), readonly=True, help="Less is wanted in one of ten cases.")
    median = fields.Float(digits=(16, 2), readonly=True, help="As often more as less.")
    high = fields.Float(digits=(16, 2), readonly=True, help="More is wanted in one of ten cases.")
    model = fields.Selection(list(MODEL_NAMES.items()), required=True, readonly=True)
    error = fields.Float(
        string="Error (RMSSE)",
        digits=(16, 3),
        readonly=True,
        aggregator="avg",
        help="How far the model was off on past weeks that it had not seen, as a share of how far one bucket differs from the "
        "one a season before. 0: there was too little history to test it.",
    )
    made_at = fields.Datetime(required=True, readonly=True)

    _series_uniq = models.Constraint(
        "UNIQUE(product_id, warehouse_id, starts_on)",
        "What is expected of this product there and then is here already.",
    )

    # ---------------------------------------------------------------------------------------------------------- CRON

    @api.model
    def _cron_plan(self):
        """Forecast all that is sold and kept, and propose what to restock: each product at each place once a day. What was
        done before a run was killed is not done again."""
        cron = self.env["ir.cron"]
        tried = {company: set() for company in self.env["stock.warehouse"].search([]).company_id}
        # No more than some are found at once; what failed stays due, and is tried once in a run.
        while due := [(company, keys) for company in tried if (keys := self._get_untried(company, tried[company]))]:
            cron._commit_progress(remaining=sum(len(keys) for _company, keys in due))
            for company, keys in due:
                tried[company].update(keys)
                for batch in split_every(SERIES_BATCH, keys):
                    self.with_company(company)._plan_each(company, batch)
                    if not cron._commit_progress(len(batch)):
                        return

    @api.model
    def _get_untried(self, company, tried):
        return [key for key in self.env["oms.demand.history"]._get_due(company) if key not in tried]

    @api.model
    def _plan_each(self, company, keys):
        """Plan these together; if that fails, one by one, so that one bad product spoils no other."""
        failed = []
        with on_its_own(company, failed.append):
            self._plan(company, keys)
        if failed and len(keys) > 1:
            for key in keys:
                with on_its_own(company, lambda _error: None):  # the log says why, and the next run tries again
                    self._plan(company, [key])

    # ------------------------------------------------------------------------------------------------------ BUSINESS

    @api.model
    def _plan(self, company, keys):
        """Forecast these products at these places, keep the forecasts, and propose what to restock.

        :param keys: [(warehouse id, product id)]
        """
        past = self.env["oms.demand.history"]
        calendar = past._get_calendar(company)
        history = past._get_history(calendar, keys)
        history = {key: history[key] for key in keys if key in history}
        offered = past._get_offered(company, calendar, history)
        # A model from elsewhere takes its time: only what sells most is worth it.
        by_sales = sorted(history, key=lambda key: (-sum(history[key]), key))
        outside = dict.fromkeys(by_sales[:OUTSIDE_BATCH_MAX], auto_ets.models())
        horizon = HORIZON[calendar.bucket.code]
        forecasts = {
            key: forecast(quantities, offered.get(key, ()), calendar.bucket, horizon, outside.get(key))
            for key, quantities in history.items()
        }
        self._keep(company, calendar, keys, forecasts)
        self.env["oms.restock"]._propose(company, calendar.bucket, keys, history, forecasts)

    @api.model
    def _keep(self, company, calendar, keys, forecasts):
        """Replace what was forecast for these series. One statement each way, whatever their number."""
        nodes, products = [list(some) for some in zip(*keys, strict=True)]
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """DELETE FROM oms_demand_forecast row USING UNNEST(%s::int[], %s::int[]) AS key (node, product)
                    WHERE row.warehouse_id = key.node AND row.product_id = key.product""",
                nodes,
                products,
            )
        )
        low, median, high = QUANTILES
        rows = [
            (node, product, calendar.stop + timedelta(days=index * calendar.bucket.days), mean)
            + tuple(found.quantiles[level][index] for level in (low, median, high))
            + (found.model, found.rmsse or 0.0)
            for (node, product), found in forecasts.items()
            for index, mean in enumerate(found.mean)
        ]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO oms_demand_forecast (company_id, bucket, made_at, warehouse_id, product_id, starts_on, mean,
                                                     low, median, high, model, error)
                    SELECT %s, %s, %s, * FROM UNNEST(%s::int[], %s::int[], %s::date[], %s::numeric[], %s::numeric[],
                                                     %s::numeric[], %s::numeric[], %s::varchar[], %s::numeric[])
                    """,
                    company.id,
                    calendar.bucket.code,
                    fields.Datetime.now(),
                    *columns,
                )
            )
        self.invalidate_model()


class OmsDemandReport(models.Model):
    """What was wanted and what is expected, side by side."""

    _name = "oms.demand.report"
    _description = "Demand and Forecast"
    _auto = False
    _order = "starts_on, kind"
    _rec_name = "product_id"

    product_id = fields.Many2one("product.product", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="Place", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    kind = fields.Selection([("wanted", "Was wanted"), ("expected", "Is expected")], readonly=True)
    starts_on = fields.Date(string="Week", readonly=True, help="Its Monday.")
    quantity = fields.Float(digits=(16, 2), readonly=True)
    low = fields.Float(digits=(16, 2), readonly=True, help="The sum of the low ends, each exceeded nine times of ten.")
    high = fields.Float(digits=(16, 2), readonly=True, help="The sum of the high ends, each exceeded one time of ten.")

    @property
    def _table_query(self):
        self.env["oms.demand.history"]._flush_planned()
        # sudo: what day it is for a company depends on nobody's rights
        companies = self.env["res.company"].sudo().search([("active", "=", True)])
        zones = SQL(" ").join(SQL("WHEN %s THEN %s", company.id, company._oms_get_zone()) for company in companies)
        week = SQL(
            "DATE_TRUNC('week', %s AT TIME ZONE 'UTC' AT TIME ZONE CASE place.company_id %s END)::date",
            WANTED_AT,
            zones,
        )
        since = fields.Date.today() - timedelta(weeks=SHOWN_WEEKS)
        return SQL(
            """
            WITH place AS (%(place)s), wanted AS (
                SELECT move.product_id, place.node, place.company_id, %(week)s AS starts_on, SUM(move.product_qty) AS quantity
                  FROM %(moves)s
                 WHERE move.state = ANY(%(states)s) AND %(at)s >= %(since)s
                 GROUP BY 1, 2, 3, 4
            ), expected AS (
                SELECT product_id, warehouse_id, company_id, DATE_TRUNC('week', starts_on)::date AS starts_on,
                       SUM(mean) AS mean, SUM(low) AS low, SUM(high) AS high
                  FROM oms_demand_forecast GROUP BY 1, 2, 3, 4
            )
            SELECT ROW_NUMBER() OVER () AS id, * FROM (
                SELECT product_id, node AS warehouse_id, company_id, 'wanted' AS kind, starts_on, quantity,
                       NULL::numeric AS low, NULL::numeric AS high FROM wanted
                 UNION ALL
                SELECT product_id, warehouse_id, company_id, 'expected', starts_on, mean, low, high FROM expected
            ) AS both_kinds
            """,
            place=PLACE,
            moves=FOR_CUSTOMERS,
            at=WANTED_AT,
            week=week,
            states=list(WANTED_STATES),
            since=since,
        )
