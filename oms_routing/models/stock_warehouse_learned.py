"""What the past says about places, as numbers for sourcing."""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from odoo import api, fields, models

from odoo.addons.oms_core.domain.quantities import ZERO

#: Rules that ask for what was learned.
LEARNED_KINDS = frozenset({"weeks_of_supply", "markdown", "performance", "landed_cost"})
#: Digits to which learned numbers are given to the planner, so that noise decides nothing.
DIGITS = Decimal("0.0001")


class Learned(NamedTuple):
    """What is not in it is not known, and counts as zero.

    :param p_reject: {warehouse id: probability that it gives an order back}
    :param weekly: {(warehouse id, product id): units that will be wanted there in a week}
    :param markdown: {(warehouse id, product id): money that a unit loses in value if it stays there}
    :param risk: {(warehouse id, product id): probability that the stock is not really there}
    """

    p_reject: Mapping[Hashable, Decimal]
    weekly: Mapping[tuple[Hashable, Hashable], Decimal]
    markdown: Mapping[tuple[Hashable, Hashable], Decimal]
    risk: Mapping[tuple[Hashable, Hashable], Decimal]


def _exact(number):
    return Decimal(repr(number)).quantize(DIGITS)


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_reject_rate_ids = fields.One2many(
        "oms.reject.rate", "warehouse_id", string="By Category", readonly=True, domain=[("categ_id", "!=", False)]
    )
    oms_p_reject = fields.Float(
        string="Rejects",
        digits=(16, 4),
        compute="_compute_oms_p_reject",
        help="The probability that it gives an order back.",
    )
    oms_reject_asked = fields.Integer(string="Learned From", compute="_compute_oms_p_reject", help="So many orders.")
    oms_reject_learned_at = fields.Datetime(string="Learned At", compute="_compute_oms_p_reject")

    @api.depends("oms_reject_rate_ids")
    def _compute_oms_p_reject(self):
        rates = self.env["oms.reject.rate"].search([("warehouse_id", "in", self.ids), ("categ_id", "=", False)])
        by_place = {rate.warehouse_id: rate for rate in rates}
        for warehouse in self:
            rate = by_place.get(warehouse._origin, rates.browse())
            warehouse.oms_p_reject = rate.probability
            warehouse.oms_reject_asked = rate.asked
            warehouse.oms_reject_learned_at = rate.learned_at

    def _oms_with_learned(self, snapshot, products):
        """The snapshot of these places with what was learned of them and of these products.

        :type snapshot: domain.model.Snapshot
        """
        learned = self._oms_get_learned(products)
        nodes = (replace(node, p_reject=learned.p_reject.get(node.id, ZERO)) for node in snapshot.nodes)
        return replace(
            snapshot, nodes=tuple(nodes), weekly=learned.weekly, markdown=learned.markdown, risk=learned.risk
        )

    def _oms_get_learned(self, products):
        """What was learned of these places and products, in two queries. Last night's: sourcing waits for no statistics.

        :rtype: Learned
        """
        # sudo: where goods come from must not depend on who asks
        rates = (
            self.env["oms.reject.rate"]
            .sudo()
            .search_fetch([("warehouse_id", "in", self.ids)], ["warehouse_id", "categ_id", "probability", "not_there"])
        )
        rows = (
            self.env["oms.restock"]
            .sudo()
            .search_fetch(
                [("warehouse_id", "in", self.ids), ("product_id", "in", products.ids)],
                ["warehouse_id", "product_id", "weekly", "markdown"],
            )
        )
        by_place = {(rate.warehouse_id.id, rate.categ_id.id): rate for rate in rates}
        risk = {}
        for node in self.ids:
            for product in products:
                rate = by_place.get((node, product.categ_id.id)) or by_place.get((node, False))
                if rate:
                    risk[node, product.id] = _exact(rate.not_there)
        return Learned(
            p_reject={rate.warehouse_id.id: _exact(rate.probability) for rate in rates if not rate.categ_id},
            weekly={(row.warehouse_id.id, row.product_id.id): _exact(row.weekly) for row in rows},
            markdown={(row.warehouse_id.id, row.product_id.id): _exact(row.markdown) for row in rows if row.markdown},
            risk=risk,
        )
