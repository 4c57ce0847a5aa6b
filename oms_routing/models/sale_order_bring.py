"""Ship to store: who brings what the store lacks is chosen by what the transfers cost."""

from decimal import Decimal

from odoo import fields, models
from odoo.tools import formatLang

from ..domain.bringing import bring_cheapest
from ..domain.distance import distance_km
from ..domain.model import Place


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_choose_bringers(self, store, missing, places, free):
        """Override of ``oms_core``: the cheapest of all ways that bring as much. Places that are closed bring nothing."""
        openings = places._oms_get_openings()
        places = places.filtered(lambda place: openings[place].is_open)
        costs = places._oms_get_transfer_costs(store)
        if not any(costs.values()):
            return super()._oms_choose_bringers(store, missing, places, free)
        parts, cost = bring_cheapest(missing, costs, free)
        if parts:
            self.message_post(
                body=self.env._(
                    "Bringing it to %(store)s from %(places)s costs %(cost)s, the least of %(count)s places.",
                    store=store.name,
                    places=", ".join(places.filtered(lambda p: p.id in {part.place for part in parts}).mapped("name")),
                    cost=formatLang(self.env, float(cost), currency_obj=self.company_id.currency_id),
                    count=len(places),
                )
            )
        return parts


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_transfer_cost = fields.Monetary(
        string="Cost of a Transfer",
        currency_field="oms_currency_id",
        help="What it costs to send goods from here to another place of ours, however far.",
    )
    oms_transfer_cost_km = fields.Monetary(
        string="And per Kilometre", currency_field="oms_currency_id", help="As the crow flies, one way."
    )

    _oms_transfer_cost_check = models.Constraint(
        "CHECK(COALESCE(oms_transfer_cost, 0) >= 0 AND COALESCE(oms_transfer_cost_km, 0) >= 0)",
        "A transfer cannot cost less than nothing.",
    )

    def _oms_get_transfer_costs(self, store):
        """{id: what a transfer from each of these places to a store costs}; of unknown distance counts as the farthest."""
        latitude, longitude = store.partner_id._oms_coordinates()
        goal = Place(latitude, longitude, store.partner_id.country_id.code or "")
        away = {node.id: distance_km(node, goal) for node in self._to_domain()}
        farthest = max((km for km in away.values() if km is not None), default=0)
        return {
            place.id: Decimal(repr(place.oms_transfer_cost))
            + Decimal(repr(place.oms_transfer_cost_km))
            * Decimal(repr(farthest if away[place.id] is None else away[place.id]))
            for place in self
        }
