from decimal import Decimal

from odoo import fields, models


class StockWarehouse(models.Model):
    """What work costs at a place, so that reports can tell what it cost to fulfil an order, and bills can be compared."""

    _inherit = "stock.warehouse"

    oms_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of Costs")
    oms_cost_per_line = fields.Monetary(
        string="Cost to Pick a Line",
        currency_field="oms_currency_id",
        help="Walking to the shelf and back, for one line.",
    )
    oms_cost_per_order = fields.Monetary(
        string="Cost of a Delivery", currency_field="oms_currency_id", help="Papers and checks, for one delivery."
    )
    oms_cost_per_parcel = fields.Monetary(
        string="Cost to Pack a Parcel",
        currency_field="oms_currency_id",
        help="Carton, filling and work, for one parcel.",
    )
    oms_cost_return = fields.Monetary(
        string="Cost of a Return", currency_field="oms_currency_id", help="To receive and look at what comes back."
    )
    oms_cost_storage = fields.Monetary(
        string="Storage per Month",
        currency_field="oms_currency_id",
        help="What the partner bills each month for the space.",
    )

    _oms_costs_check = models.Constraint(
        "CHECK(oms_cost_per_line >= 0 AND oms_cost_per_order >= 0 AND oms_cost_per_parcel >= 0)",
        "What work costs cannot be negative.",
    )
    _oms_more_costs_check = models.Constraint(
        "CHECK(COALESCE(oms_cost_return, 0) >= 0 AND COALESCE(oms_cost_storage, 0) >= 0)",
        "What work costs cannot be negative.",
    )


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_get_work(self):
        """{kind: (how often, cost)} of the work that was done for this transfer, by the tariff of its place.

        The kinds are ``order``, ``pick`` and ``pack`` for a delivery, ``return`` for what a customer sent back. Amounts are
        ``Decimal``, in the currency of the company.
        """
        self.ensure_one()
        place = self.picking_type_id.warehouse_id
        moves = self.move_ids.filtered(lambda move: move.state == "done")
        if self.picking_type_code == "incoming":
            counted = {"return": (1, place.oms_cost_return)} if moves.origin_returned_move_id else {}
        elif self.picking_type_code == "outgoing" and moves:
            parcels = max(len(self.move_line_ids.result_package_id), 1)
            counted = {
                "order": (1, place.oms_cost_per_order),
                "pick": (len(moves), place.oms_cost_per_line),
                "pack": (parcels, place.oms_cost_per_parcel),
            }
        else:
            counted = {}
        return {kind: (times, times * Decimal(str(price))) for kind, (times, price) in counted.items() if price}
