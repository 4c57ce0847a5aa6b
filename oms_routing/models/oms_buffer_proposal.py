from collections import defaultdict
from decimal import Decimal
from statistics import fmean, pvariance
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from odoo.addons.oms_core.alone import on_its_own

from ..const import BUFFERS_MAX, LAG_ORDERS_MIN, LAG_OVER_DAYS
from ..domain import proposals
from ..domain.buffers import Seller, buffer
from .oms_demand_history import FOR_CUSTOMERS, PLACE, WANTED_STATES
from .oms_restock import STATES


class _Sold(NamedTuple):
    """What a channel (None: nobody's, the till say) sold of a product: pieces and money in all, and pieces of each day."""

    pieces: float
    money: float
    days: list[float]


class OmsBufferProposal(models.Model):
    """How much of a product a channel should not show, so that it does not sell what others sold a moment before.

    Made anew each night from what the channels sell and how late their orders are here. A buffer that a person made or
    changed is left alone until a person accepts.
    """

    _name = "oms.buffer.proposal"
    _description = "Buffer Proposal"
    _order = "unseen desc, id"
    _rec_name = "product_id"
    _check_company_auto = True

    channel_id = fields.Many2one("oms.channel", required=True, readonly=True, index=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    made_on = fields.Date(string="As Of", required=True, readonly=True)
    unseen = fields.Float(
        string="Sold Unseen",
        digits=(16, 3),
        readonly=True,
        help="Pieces that others sell, on average, before this channel shows it.",
    )
    level = fields.Float(
        string="How Sure",
        digits=(16, 3),
        readonly=True,
        aggregator="avg",
        help="What an order that is called off costs, as a share of that and the margin of a piece that is not sold.",
    )
    quantity = fields.Float(string="Keep Back", digits="Product Unit", readonly=True)
    sentence = fields.Char(string="Why", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default=proposals.NONE, index=True)
    buffer_id = fields.Many2one("oms.stock.buffer", readonly=True, ondelete="set null")
    current = fields.Float(related="buffer_id.quantity", string="Is Kept Back")
    is_written = fields.Boolean(readonly=True)
    written = fields.Float(digits="Product Unit", readonly=True)
    is_dismissed = fields.Boolean(readonly=True)
    dismissed = fields.Float(digits="Product Unit", readonly=True)

    _channel_uniq = models.Constraint("UNIQUE(channel_id, product_id)", "A channel has one proposal for a product.")

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_apply(self):
        """Write these proposals into the channels' buffers."""
        self._check_may_decide()
        self._apply()

    def action_dismiss(self):
        """Say no to these proposals: they come back when they change."""
        self._check_may_decide()
        for row in self.sudo():  # sudo: who may decide is checked, the numbers are nobody's to write
            row.write({"is_dismissed": True, "dismissed": row.quantity, "state": proposals.DISMISSED})

    def _check_may_decide(self):
        self.check_access("read")
        if not self.env.user.has_group("oms_core.group_oms_manager"):
            raise AccessError(self.env._("Only an order manager decides what channels keep back."))

    # ---------------------------------------------------------------------------------------------------------- CRON

    @api.model
    def _cron_propose(self):
        """Look at what each channel should keep back."""
        cron = self.env["ir.cron"]
        channels = self.env["oms.channel"].search([("active", "=", True)])
        cron._commit_progress(remaining=len(channels))
        for company, of_company in channels.grouped("company_id").items():
            sold, lags = self._get_sold(company), self._get_lags(of_company)
            for channel in of_company:
                with on_its_own(channel, lambda _error: None):  # what was proposed before stays, and the log says why
                    self.with_company(company)._propose(channel, of_company, sold, lags)
                if not cron._commit_progress(1):
                    return

    # ------------------------------------------------------------------------------------------------------ BUSINESS

    def _apply(self):
        # sudo: who may decide is checked by the caller, jobs by the company's setting
        for row in self.sudo():
            note = self.env._("Proposed on %(day)s. %(why)s", day=row.made_on, why=row.sentence)
            if row.buffer_id:
                row.buffer_id.write({"quantity": row.quantity, "note": note})
            else:
                row.buffer_id = row.buffer_id.create(
                    {
                        "kind": "threshold",
                        "product_id": row.product_id.id,
                        "channel_id": row.channel_id.id,
                        "company_id": row.company_id.id,
                        "quantity": row.quantity,
                        "note": note,
                    }
                )
            row.write({"is_written": True, "written": row.quantity, "is_dismissed": False, "state": proposals.APPLIED})

    @api.model
    def _propose(self, channel, channels, sold, lags):
        """Make the proposals of a channel anew, and apply what may be applied by itself.

        :param sold: as of :meth:`_get_sold`
        :param lags: as of :meth:`_get_lags`
        """
        company = channel.company_id
        places = channel._get_warehouses()
        rivals = {other.id: other.name for other in channels - channel if other._get_warehouses() & places}
        rivals[None] = self.env._("Till")
        rows = {row.product_id.id: row for row in self.search([("channel_id", "=", channel.id)])}
        rules = self._get_rules(channel)
        by_sales = sorted(sold, key=lambda product: (-sum(one.pieces for one in sold[product].values()), product))
        products = dict.fromkeys([*by_sales[:BUFFERS_MAX], *rows])
        news, applying = [], self.browse()
        for product in self.env["product.product"].browse(products).exists():
            sales = sold.get(product.id, {})
            others = [
                Seller(name, sales[rival].pieces / LAG_OVER_DAYS, *lags.get(rival, (0.0, 0.0)))
                for rival, name in rivals.items()
                if rival in sales
            ]
            made = buffer(
                others,
                company.oms_publish_minutes,
                self._get_dispersion([sales[rival].days for rival in rivals if rival in sales]),
                self._get_margin(product, sales.get(channel.id)),
                company.oms_oversell_penalty,
            )
            row, rule = rows.get(product.id, self.browse()), rules.get(product.id, self.env["oms.stock.buffer"])
            verdict = proposals.verdict(
                (made.quantity,),
                (Decimal(repr(rule.quantity)),) if rule else None,
                (Decimal(repr(row.written)),) if row.is_written else None,
                (Decimal(repr(row.dismissed)),) if row.is_dismissed else None,
            )
            if not row and verdict.state == proposals.NONE:
                continue
            values = {
                "made_on": company._oms_get_today(),
                "unseen": made.unseen,
                "level": made.level,
                "quantity": float(made.quantity),
                "sentence": made.sentence,
                "state": verdict.state,
                "buffer_id": rule.id,
            }
            if row:
                row.write(values)
                applying |= row if verdict.may_apply else row.browse()
            else:
                news.append({**values, "channel_id": channel.id, "product_id": product.id, "company_id": company.id})
        applying |= self.create(news).filtered(lambda row: not row.buffer_id)
        if company.oms_buffer_auto:
            applying._apply()

    @api.model
    def _get_dispersion(self, days_of_rivals):
        """The variance of what the others sell in a day, over its mean: 1 where customers come one by one."""
        days = [sum(day) for day in zip(*days_of_rivals, strict=True)]
        mean = fmean(days) if days else 0.0
        return pvariance(days) / mean if mean else 1.0

    @api.model
    def _get_margin(self, product, sales):
        """What a piece brings on a channel, by what it was sold for there, else by its list price."""
        price = sales.money / sales.pieces if sales and sales.pieces and sales.money else product.lst_price
        return max(0.0, price - product.standard_price)

    # --------------------------------------------------------------------------------------------------------- FACTS

    @api.model
    def _get_rules(self, channel):
        """{product id: the buffer of this channel for just this product, without end}; the newest one counts."""
        domain = [
            ("kind", "=", "threshold"),
            ("channel_id", "=", channel.id),
            ("product_id", "!=", False),
            ("date_from", "=", False),
            ("date_to", "=", False),
        ]
        return {rule.product_id.id: rule for rule in self.env["oms.stock.buffer"].search(domain, order="id")}

    @api.model
    def _get_sold(self, company):
        """{product id: {channel id, None for sales of no channel: ``_Sold``}} of late, in one query."""
        for model in ("stock.move", "sale.order.line", "sale.order"):
            self.env[model].flush_model()
        today = fields.Datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
        since = fields.Datetime.subtract(today, days=LAG_OVER_DAYS)
        rows = self.env.execute_query(
            SQL(
                """
                WITH place AS (%(place)s)
                SELECT move.product_id, sale.oms_channel_id, (COALESCE(sale.oms_ordered_at, sale.date_order, move.date))::date,
                       SUM(move.product_qty),
                       SUM(CASE WHEN line.product_id = move.product_id AND line.product_uom_qty > 0 AND sale.currency_rate > 0
                                THEN move.product_qty * own_unit.factor / line_unit.factor
                                     * line.price_subtotal / line.product_uom_qty / sale.currency_rate
                           END)
                  FROM %(moves)s
                  JOIN product_product product ON product.id = move.product_id
                  JOIN product_template template ON template.id = product.product_tmpl_id AND template.is_storable
                  JOIN uom_uom own_unit ON own_unit.id = template.uom_id
                  LEFT JOIN uom_uom line_unit ON line_unit.id = line.product_uom_id
                 WHERE place.company_id = %(company)s AND move.state = ANY(%(states)s)
                   AND COALESCE(sale.oms_ordered_at, sale.date_order, move.date) >= %(since)s
                   AND COALESCE(sale.oms_ordered_at, sale.date_order, move.date) < %(until)s
                 GROUP BY 1, 2, 3
                """,
                place=PLACE,
                moves=FOR_CUSTOMERS,
                company=company.id,
                states=list(WANTED_STATES),
                since=since,
                until=today,
            )
        )
        sold = defaultdict(dict)
        for product, channel, day, pieces, money in rows:
            if channel not in sold[product]:
                sold[product][channel] = _Sold(0.0, 0.0, [0.0] * LAG_OVER_DAYS)
            before = sold[product][channel]
            before.days[(day - since.date()).days] += float(pieces)
            sold[product][channel] = _Sold(before.pieces + float(pieces), before.money + float(money or 0), before.days)
        return sold

    @api.model
    def _get_lags(self, channels):
        """{channel id: (minutes until its orders are here, standard deviation)}, of the orders of late. What was imported
        from before the channel was connected tells nothing."""
        self.env["sale.order"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT channel.id, AVG(lag.minutes), STDDEV_POP(lag.minutes)
                  FROM oms_channel channel
                  JOIN sale_order sale ON sale.oms_channel_id = channel.id AND sale.oms_ordered_at >= channel.create_date
                  JOIN LATERAL (
                    SELECT GREATEST(EXTRACT(EPOCH FROM sale.create_date - sale.oms_ordered_at) / 60, 0) AS minutes
                  ) lag ON TRUE
                 WHERE channel.id = ANY(%s) AND sale.create_date >= %s
                 GROUP BY channel.id HAVING COUNT(*) >= %s
                """,
                channels.ids,
                fields.Datetime.subtract(fields.Datetime.now(), days=LAG_OVER_DAYS),
                LAG_ORDERS_MIN,
            )
        )
        return {channel: (float(mean), float(deviation)) for channel, mean, deviation in rows}
