from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.oms_core.alone import on_its_own

from ..const import PLANS_FORGOTTEN_MAX, PLANS_KEPT_DAYS, RECEIPTS_MIN
from ..domain import proposals
from ..domain.forecast import MODEL_NAMES
from ..domain.restock import (
    DAYS_A_YEAR,
    Wanted,
    markdown,
    overstock,
    restock,
    service_from_costs,
    stockout_risk,
    supply_from,
    weeks_of_supply,
)

STATES = [
    (proposals.PROPOSED, "To decide"),
    (proposals.APPLIED, "Applied"),
    (proposals.NONE, "As it should be"),
    (proposals.DISMISSED, "Dismissed"),
    (proposals.PINNED, "Kept by hand"),
]
#: Who may change reordering rules, here or in Odoo's own screens.
BUYERS = ("oms_core.group_oms_manager", "stock.group_stock_manager")


class OmsRestock(models.Model):
    """What a product at a place needs: how it sells, how long what is there lasts, when to order more and why.

    One row for each, made anew each night. It proposes a minimum and a maximum for Odoo's own reordering rule, and leaves
    alone what a person made or changed, until a person accepts.
    """

    _name = "oms.restock"
    _description = "Restock Proposal"
    _order = "risk desc, weekly desc, id"
    _rec_name = "product_id"
    _check_company_auto = True

    product_id = fields.Many2one(
        "product.product", required=True, readonly=True, ondelete="cascade", check_company=True
    )
    categ_id = fields.Many2one(related="product_id.categ_id", string="Category", store=True)
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Place",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    made_on = fields.Date(string="As Of", required=True, readonly=True)
    # demand
    weekly = fields.Float(string="A Week", digits=(16, 2), readonly=True, help="Expected demand of a week.")
    spread = fields.Float(string="±", digits=(16, 2), readonly=True, help="Standard deviation of the demand of a week.")
    model = fields.Selection(list(MODEL_NAMES.items()), readonly=True)
    error = fields.Float(
        string="Error (RMSSE)", digits=(16, 3), readonly=True, aggregator="avg", help="See the demand forecast."
    )
    baseline_error = fields.Float(
        string="Error of Baseline", digits=(16, 3), readonly=True, aggregator="avg", help="Of “as a season ago”."
    )
    model_reason = fields.Char(string="Why This Model", readonly=True)
    # supply
    lead_days = fields.Float(string="Delivery (Days)", digits=(16, 1), readonly=True, aggregator="avg")
    lead_deviation = fields.Float(
        string="± Days",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="Of the last receipts, standard deviation.",
    )
    lead_source = fields.Selection(
        [("vendor", "Vendor"), ("route", "Route"), ("receipts", "Past receipts"), ("assumed", "Assumed")], readonly=True
    )
    service = fields.Float(digits=(16, 3), readonly=True, aggregator="avg", help="Probability of having enough.")
    # what is there
    free = fields.Float(digits="Product Unit", readonly=True, help="On hand, less what others have a right to.")
    incoming = fields.Float(digits="Product Unit", readonly=True)
    weeks = fields.Float(string="Weeks of Supply", digits=(16, 1), readonly=True, aggregator="avg")
    risk = fields.Float(
        string="Risk of Running Out",
        digits=(16, 3),
        readonly=True,
        aggregator="avg",
        help="The probability that more is wanted than is there and comes, until something that is ordered today comes.",
    )
    overstock = fields.Float(digits="Product Unit", readonly=True, help="More than the weeks that the company set.")
    overstock_value = fields.Monetary(readonly=True, help="At cost.")
    markdown = fields.Monetary(
        string="Loss of Value",
        readonly=True,
        aggregator="avg",
        help="What a piece of overstock costs to keep until it is sold. Sourcing may prefer to ship it.",
    )
    special_price_until = fields.Datetime(
        compute="_compute_special_price_until",
        help="A price list of this company has a price of its own for this product until then.",
    )
    # proposal
    minimum = fields.Float(string="Proposed Min", digits="Product Unit", readonly=True)
    maximum = fields.Float(string="Proposed Max", digits="Product Unit", readonly=True)
    safety = fields.Float(string="Safety Stock", digits="Product Unit", readonly=True)
    sentence = fields.Char(string="Why", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default=proposals.NONE, index=True)
    orderpoint_id = fields.Many2one(
        "stock.warehouse.orderpoint",
        string="Reordering Rule",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    current_min = fields.Float(related="orderpoint_id.product_min_qty", string="Min")
    current_max = fields.Float(related="orderpoint_id.product_max_qty", string="Max")
    # what was written there from here, to see whether a person has changed it since
    is_written = fields.Boolean(readonly=True)
    written_min = fields.Float(digits="Product Unit", readonly=True)
    written_max = fields.Float(digits="Product Unit", readonly=True)
    is_dismissed = fields.Boolean(readonly=True)
    dismissed_min = fields.Float(digits="Product Unit", readonly=True)
    dismissed_max = fields.Float(digits="Product Unit", readonly=True)

    _series_uniq = models.Constraint(
        "UNIQUE(product_id, warehouse_id)", "This product is planned at this place already."
    )

    # ----------------------------------------------------------------------------------------------------- COMPUTES

    @api.depends("product_id", "company_id")
    def _compute_special_price_until(self):
        # sudo: whether goods are on offer must not depend on who may read price lists
        items_sudo = self.env["product.pricelist.item"].sudo()
        now = fields.Datetime.now()
        ends = {
            (company.id, product): end
            for company, product, end in items_sudo._read_group(
                [
                    ("company_id", "in", [False, *self.company_id.ids]),
                    ("product_id", "in", self.product_id.ids),
                    ("date_start", "<=", now),
                    ("date_end", ">=", now),
                ],
                ["company_id", "product_id"],
                ["date_end:max"],
            )
        }
        for row in self:
            found = (ends.get((company, row.product_id)) for company in (False, row.company_id.id))
            row.special_price_until = max(filter(None, found), default=False)

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_apply(self):
        """Write these proposals into reordering rules."""
        self._check_may_decide()
        pinned = self.filtered(
            lambda row: row.orderpoint_id.sudo().oms_pinned
        )  # sudo: a manager may not read stock rules
        if pinned:
            raise UserError(
                self.env._(
                    "The reordering rule of %(product)s at %(place)s is kept by hand. Untick that on the rule first.",
                    product=pinned[0].product_id.display_name,
                    place=pinned[0].warehouse_id.name,
                )
            )
        self._apply("manual")

    def action_dismiss(self):
        """Say no to these proposals: they come back when they change."""
        self._check_may_decide()
        for row in self.sudo():  # sudo: who may decide is checked, the numbers are nobody's to write
            row.write(
                {
                    "is_dismissed": True,
                    "dismissed_min": row.minimum,
                    "dismissed_max": row.maximum,
                    "state": proposals.DISMISSED,
                }
            )

    def action_pin(self):
        """Keep the reordering rules of these products as they are, whatever is proposed."""
        self._check_may_decide()
        rows_sudo = self.sudo()  # sudo: who may decide is checked; a manager has no right to the rules themselves
        if missing := rows_sudo.filtered(lambda row: not row.orderpoint_id):
            raise UserError(self.env._("%s has no reordering rule to keep.", missing[0].product_id.display_name))
        rows_sudo.orderpoint_id.oms_pinned = True
        rows_sudo.state = proposals.PINNED

    def action_view_demand(self):
        """What was wanted of this product here, and what is expected."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_routing.oms_demand_report_action")
        domain = [("product_id", "=", self.product_id.id), ("warehouse_id", "=", self.warehouse_id.id)]
        return {**action, "name": self.product_id.display_name, "domain": domain, "context": {}}

    def action_sell_faster(self):
        """Lower the prices of what there is too much of, for some time."""
        self.check_access("read")
        return self.env["oms.clearance"]._open_for(self)

    def _check_may_decide(self):
        self.check_access("read")
        if not any(self.env.user.has_group(group) for group in BUYERS):
            raise AccessError(
                self.env._("Only an order manager or an inventory administrator decides what is restocked.")
            )

    # ------------------------------------------------------------------------------------------------------ BUSINESS

    def _apply(self, trigger):
        """Write the proposals into Odoo's reordering rules; where there is none, it is made.

        :param trigger: of a new rule: ``manual`` shows in Odoo's replenishment what to order, ``auto`` orders it.
        """
        # sudo: who may decide is checked by the caller; a manager of orders has no right to the rules themselves
        for row in self.sudo():
            numbers = {"product_min_qty": row.minimum, "product_max_qty": row.maximum}
            if row.orderpoint_id:
                row.orderpoint_id.write(numbers)
            else:
                row.orderpoint_id = row.orderpoint_id.create(
                    {
                        "product_id": row.product_id.id,
                        "warehouse_id": row.warehouse_id.id,
                        "location_id": row.warehouse_id.lot_stock_id.id,
                        "company_id": row.company_id.id,
                        "trigger": trigger,
                        **numbers,
                    }
                )
            row.write(
                {
                    "is_written": True,
                    "written_min": row.minimum,
                    "written_max": row.maximum,
                    "is_dismissed": False,
                    "state": proposals.APPLIED,
                }
            )

    @api.model
    def _propose(self, company, bucket, keys, history, forecasts):
        """Make the rows of these products at these places anew, and apply what may be applied by itself.

        :param keys: [(warehouse id, product id)]
        :param history: {key: what was wanted in each bucket}
        :param forecasts: {key: ``Forecast``}; of the others nothing was ever wanted.
        """
        nodes, products = ({key[place] for key in keys} for place in (0, 1))
        domain = [("warehouse_id", "in", list(nodes)), ("product_id", "in", list(products))]
        rows = {(row.warehouse_id.id, row.product_id.id): row for row in self.search(domain)}
        rules = self._get_rules(domain)
        stock = self._get_stock(domain)
        supplies = self._get_supplies(company, keys)
        goods = self.env["product.product"].with_company(company).browse(products)
        by_id = dict(zip(goods.ids, goods, strict=True))  # they are read together
        today, news = company._oms_get_today(), []
        applying = self.browse()
        for key in keys:
            row = rows.get(key, self.browse())
            # Odoo counts everything in hundredths: what was only ever wanted in whole pieces is planned in whole pieces.
            is_whole = all(quantity == int(quantity) for quantity in history.get(key, ()))
            at_hand = stock.get(key, (0.0, 0.0))
            planned = self._plan_one(
                company, bucket, by_id[key[1]], forecasts.get(key), at_hand, supplies[key], is_whole
            )
            rule = rules.get(key, self.env["stock.warehouse.orderpoint"])
            verdict = row._get_verdict(planned, rule)
            values = {**planned, "made_on": today, "orderpoint_id": rule.id, "state": verdict.state}
            if row:
                row.write(values)
            else:
                node, product = key
                news.append({**values, "warehouse_id": node, "product_id": product, "company_id": company.id})
            if verdict.may_apply and company.oms_restock_auto and row:
                applying |= row
        created = self.create(news)
        if company.oms_restock_auto:
            applying |= created.filtered(lambda row: row.state == proposals.PROPOSED and not row.orderpoint_id)
            for row in applying:
                with on_its_own(row, lambda _error: None):  # it stays proposed, and the log says why
                    row._apply("auto")

    @api.model
    def _plan_one(self, company, bucket, product, found, stock, supply, is_whole):
        """What a row says of one product at one place, but for what becomes of it."""
        step = Decimal(1) if is_whole else Decimal(str(product.uom_id.rounding or 1))
        wanted = Wanted(found.mean if found else (), found.spread if found else 0.0, bucket.days)
        free, incoming = (Decimal(str(round(quantity, 6))) for quantity in stock)
        cost = Decimal(str(product.standard_price))
        holding = Decimal(str(company.oms_holding_rate)) / 100
        service = self._get_service(company, product, holding)
        made = restock(wanted, supply, service, company.oms_order_cycle_days, step)
        weeks = weeks_of_supply(free, wanted.weekly)
        too_much = overstock(free, wanted.weekly, company.oms_overstock_weeks, step)
        return {
            "weekly": wanted.weekly,
            "spread": wanted.deviation(7),
            "model": found.model if found else False,
            "error": (found.rmsse if found else 0.0) or 0.0,
            "baseline_error": (found.baseline_rmsse if found else 0.0) or 0.0,
            "model_reason": found.reason if found else False,
            "lead_days": supply.days,
            "lead_deviation": supply.deviation,
            "lead_source": supply.source,
            "service": service,
            "free": float(free),
            "incoming": float(incoming),
            "weeks": float(weeks),
            "risk": stockout_risk(wanted, supply, float(free + incoming)),
            "overstock": float(too_much),
            "overstock_value": float(too_much * cost),
            "markdown": float(markdown(cost, weeks, Decimal(company.oms_overstock_weeks), holding)),
            "minimum": float(made.minimum),
            "maximum": float(made.maximum),
            "safety": float(made.safety),
            "sentence": made.sentence,
        }

    @api.model
    def _get_service(self, company, product, holding):
        """The probability of having enough that is asked for, or that costs ask for."""
        if company.oms_service_method == "target":
            return company.oms_service_target / 100
        margin = product.lst_price - product.standard_price
        kept = product.standard_price * float(holding) * company.oms_order_cycle_days / DAYS_A_YEAR
        return service_from_costs(margin, kept)

    def _get_verdict(self, planned, rule):
        """What becomes of what is planned for this row (empty: of a new one), given the rule that stands."""

        def numbers(minimum, maximum):
            return Decimal(repr(minimum)), Decimal(repr(maximum))

        return proposals.verdict(
            numbers(planned["minimum"], planned["maximum"]),
            numbers(rule.product_min_qty, rule.product_max_qty) if rule else None,
            numbers(self.written_min, self.written_max) if self.is_written else None,
            numbers(self.dismissed_min, self.dismissed_max) if self.is_dismissed else None,
            is_pinned=rule.oms_pinned,
        )

    @api.autovacuum
    def _gc_plans(self):
        """Forget what is not planned any more, with its forecasts."""
        since = fields.Date.subtract(fields.Date.today(), days=PLANS_KEPT_DAYS)
        self.search([("made_on", "<", since)], limit=PLANS_FORGOTTEN_MAX).unlink()
        self.env["oms.demand.forecast"].search([("made_at", "<", since)], limit=PLANS_FORGOTTEN_MAX).unlink()

    # --------------------------------------------------------------------------------------------------------- FACTS

    @api.model
    def _get_rules(self, domain):
        """{(warehouse id, product id): the reordering rule of its stock location}"""
        rules = self.env["stock.warehouse.orderpoint"].search(domain)
        return {
            (rule.warehouse_id.id, rule.product_id.id): rule
            for rule in rules
            if rule.location_id == rule.warehouse_id.lot_stock_id
        }

    @api.model
    def _get_stock(self, domain):
        """{(warehouse id, product id): (free, incoming)}"""
        rows = self.env["oms.availability.place"].search_fetch(
            domain, ["warehouse_id", "product_id", "on_hand", "reserved", "promised", "soft", "incoming"]
        )
        return {
            (row.warehouse_id.id, row.product_id.id): (
                max(0.0, row.on_hand - row.reserved - row.promised - row.soft),
                row.incoming,
            )
            for row in rows
        }

    @api.model
    def _get_supplies(self, company, keys):
        """{(warehouse id, product id): ``Supply``}: how long it takes by Odoo's routes and vendors, and how it varied."""
        receipts = self.env["oms.demand.history"]._get_receipts(keys)
        told = self._get_told_days(keys)
        return {key: supply_from(*told[key], receipts.get(key, ()), RECEIPTS_MIN) for key in keys}

    @api.model
    def _get_told_days(self, keys):
        """{(warehouse id, product id): (days, ``vendor`` or ``route``)}; None where neither tells. Products with the same
        routes share a look at the rules, as Odoo's own rules do."""
        seen, told = {}, {}
        products = self.env["product.product"].browse(dict.fromkeys(product for _node, product in keys))
        by_id = dict(zip(products.ids, products, strict=True))
        warehouses = self.env["stock.warehouse"].browse(dict.fromkeys(node for node, _product in keys))
        shelf = {warehouse.id: warehouse.lot_stock_id for warehouse in warehouses}
        for node, product_id in keys:
            product = by_id[product_id]
            routes = product.route_ids | product.categ_id.total_route_ids | product.get_total_routes()
            if (node, routes) not in seen:
                seen[node, routes] = product._get_rules_from_location(shelf[node])
            rules = seen[node, routes].with_context(bypass_delay_description=True, bypass_global_horizon_days=True)
            days = rules._get_lead_days(product)[0]
            is_told = days["total_delay"] and not days["no_vendor_found_delay"]
            source = "vendor" if days["purchase_delay"] else "route"
            told[node, product_id] = (days["total_delay"] if is_told else None, source)
        return told


class StockWarehouseOrderpoint(models.Model):
    _inherit = "stock.warehouse.orderpoint"

    oms_pinned = fields.Boolean(
        string="Keep by Hand", copy=False, help="Restock proposals do not change this rule, and are not made for it."
    )
