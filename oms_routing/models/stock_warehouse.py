from decimal import Decimal

from odoo import fields, models

from ..domain.model import Node, NodeCosts

#: Kinds of place as the hub calls them → as the planner does.
KINDS = {"3pl": "third_party"}

#: Asked for like a kind of rule: what sending goods from place to place takes.
TRANSFERS = "transfers"


class StockWarehouse(models.Model):
    """What the planner has to know of a place and neither Odoo nor the hub does."""

    _inherit = "stock.warehouse"

    oms_node_group_ids = fields.Many2many(
        "oms.node.group",
        "oms_node_group_rel",
        "warehouse_id",
        "group_id",
        string="Groups",
        help="What rules of sourcing call this place by, together with others.",
    )
    oms_ships_to_country_ids = fields.Many2many(
        "res.country",
        "oms_warehouse_ships_to_rel",
        string="Ships to",
        help="Asked by the rule “Ships to this country”. Empty: everywhere.",
    )
    oms_cost_per_unit = fields.Monetary(
        string="Cost to Pick a Unit",
        currency_field="oms_currency_id",
        help="On top of the cost of its line: what each further piece in the box costs.",
    )

    _oms_cost_per_unit_check = models.Constraint(
        "CHECK(COALESCE(oms_cost_per_unit, 0) >= 0)", "What work costs cannot be negative."
    )

    def _to_domain(self, kinds=None):
        """These warehouses as the planner sees them.

        :param kinds: kinds of the rules that are going to ask; what none of them asks is not read. ``None``: any.
        """
        with_groups = kinds is None or not kinds.isdisjoint({"node_group", "priority"})
        with_countries = kinds is None or "ships_to" in kinds
        with_transfers = kinds is not None and TRANSFERS in kinds
        nodes = []
        openings = self._oms_get_openings()
        for warehouse in self:
            located = warehouse.partner_id._oms_located()
            nodes.append(
                Node(
                    id=warehouse.id,
                    name=warehouse.name,
                    sequence=warehouse.sequence,
                    latitude=located.latitude if located else None,
                    longitude=located.longitude if located else None,
                    precision=located.precision if located else "",
                    country_code=warehouse.partner_id._oms_get_country_code(),
                    kind=KINDS.get(warehouse.oms_node_type, warehouse.oms_node_type),
                    groups=frozenset(warehouse.oms_node_group_ids.ids if with_groups else ()),
                    company_id=warehouse.company_id.id,
                    is_open=openings[warehouse].is_open,
                    closed_reason=openings[warehouse].reason,
                    ships_to=(with_countries and frozenset(warehouse.oms_ships_to_country_ids.mapped("code"))) or None,
                    costs=warehouse._oms_costs(),
                    transfers=warehouse._oms_get_transfers() if with_transfers else None,
                )
            )
        return tuple(nodes)

    def _oms_costs(self):
        self.ensure_one()
        per_parcel = Decimal(repr(self.oms_cost_per_order)) + Decimal(repr(self.oms_cost_per_parcel))
        return NodeCosts(Decimal(repr(self.oms_cost_per_line)), Decimal(repr(self.oms_cost_per_unit)), per_parcel)
