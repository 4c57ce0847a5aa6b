"""Loading what a decision depends on, deciding, recording: the shell around the pure planner.

All of a batch is read at once. What is read per order is what the order itself says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from odoo import api, fields, models

from odoo.addons.oms_core.domain.availability import unscaled
from odoo.addons.oms_core.domain.kits import in_several, taken_apart
from odoo.addons.oms_core.domain.quantities import ZERO

from ..domain.decision import Decision
from ..domain.model import Demand, Item
from ..domain.planner import plan
from ..domain.policy import LEAST_COST, Policy
from ..domain.snapshot import Snapshot
from .oms_sourcing_policy import Chosen
from .stock_warehouse import TRANSFERS
from .stock_warehouse_learned import LEARNED_KINDS

#: Rules that ask carriers; without one of them nobody does.
NEED_OFFERS = frozenset({"carrier_serves", "promise", "landed_cost", "delivery_time", "carbon"})

PRIORITIES = {"low": -1, "normal": 0, "high": 1}

MICRO = Decimal("0.000001")


class Planned(NamedTuple):
    """A decision with all that it was made of."""

    demand: Demand
    snapshot: Snapshot
    policy: Policy
    decision: Decision
    chosen: Chosen


@dataclass
class Loaded:
    """What the decisions of a batch depend on.

    :param demands: {order: ``Demand``}
    :param chosen: {order: ``Chosen``}, the policy of each.
    :param snapshot: all places and all products of the batch; grows by what is decided.
    :param places: {order: ids of the places that it may come from at all}
    :param uncounted: ids of products of which there is always enough.
    """

    demands: Mapping
    chosen: Mapping
    snapshot: Snapshot
    places: Mapping
    uncounted: frozenset

    def snapshot_of(self, order):
        """What this order sees: its places, what it wants, what those before it have left. This, and no more, is
        recorded."""
        whole, wanted, ids = self.snapshot, self.demands[order].wanted(), self.places[order]
        recipes = {kit: whole.recipes[kit] for kit in wanted if kit in whole.recipes}
        parts = {part: None for recipe in recipes.values() for part, _needed in recipe}
        pairs = [(node, product) for node in ids for product in {**wanted, **parts}]
        free = {pair: whole.free(*pair) for pair in pairs if pair[1] not in self.uncounted and pair[1] not in recipes}
        # Goods whose stock nobody counts are everywhere, as much as is wanted, whoever took of them before.
        free |= {pair: wanted[pair[1]] for pair in pairs if pair[1] in self.uncounted}
        nodes = tuple(node for node in whole.nodes if node.id in ids)
        return Snapshot(
            nodes,
            {pair: units for pair, units in free.items() if units},
            safety={pair: whole.safety[pair] for pair in pairs if pair in whole.safety},
            capacity={node.id: whole.capacity[node.id] for node in nodes if node.id in whole.capacity},
            used=type(whole.used)([(key, amount) for key, amount in whole.used.items() if key[0] in ids]),
            weekly={pair: whole.weekly[pair] for pair in pairs if pair in whole.weekly},
            markdown={pair: whole.markdown[pair] for pair in pairs if pair in whole.markdown},
            risk={pair: whole.risk[pair] for pair in pairs if pair in whole.risk},
            recipes=recipes,
        )

    def plan(self, order, policy=None):
        """Decide about one order, on what is left; what it takes is not taken yet, see :meth:`take`."""
        snapshot, chosen = self.snapshot_of(order), self.chosen[order]
        policy = policy or chosen.policy
        return Planned(self.demands[order], snapshot, policy, plan(self.demands[order], snapshot, policy), chosen)

    def take(self, decision):
        """What is decided is there for nobody else of the batch."""
        self.snapshot = self.snapshot.taking(decision)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # ----------------------------------------------------------------------------------------------------- DECIDING

    @api.model
    def _oms_decide(self, wanted, trigger, excluded=None):
        """Plan these quantities one order after the other, under shared stock, and record the decisions.

        :return: {order: ``oms.sourcing.decision``}; otherwise as :meth:`_oms_propose`
        """
        proposed = self._oms_propose(wanted, trigger, excluded)
        records = self.env["oms.sourcing.decision"]._record(proposed.values(), trigger)
        return dict(zip(proposed, records, strict=True))

    @api.model
    def _oms_propose(self, wanted, trigger, excluded=None, freed=None):
        """Plan these quantities one order after the other, under shared stock, and change nothing.

        :param dict wanted: {order: {sale line: ``Decimal`` in the product's unit}}
        :param dict excluded: {order: {warehouse id: why it may not take this order}}
        :param dict freed: {(warehouse id, product id): what is free there beyond the stock, because these orders give it up}
        :return: {order: ``Planned``} of the orders that want something, in the turn in which they were planned.
        """
        wanted = {order: lines for order, lines in wanted.items() if lines}
        if not wanted:
            return {}
        planned = {}
        for loaded in self._oms_load_by_company(wanted, trigger, excluded, freed):
            for order in self._oms_in_turn(loaded):
                planned[order] = loaded.plan(order)
                loaded.take(planned[order].decision)
        return planned

    @api.model
    def _oms_in_turn(self, loaded):
        """The orders of a batch as their policies rank them: who comes first gets what is scarce."""
        orders = list(loaded.demands)
        if len(orders) == 1:
            return orders
        policies_sudo = self.env["oms.sourcing.policy"].sudo()  # sudo: policies work for whoever confirms
        never = Decimal("Infinity")

        def turn(order):
            policy = policies_sudo.browse(loaded.chosen[order].policy_id or ())
            ordered = (order.oms_ordered_at or order.date_order).timestamp()
            match policy.order_by:
                case "promise":
                    key = order.oms_deliver_by.timestamp() if order.oms_deliver_by else never
                case "priority":
                    key = -PRIORITIES.get(order.oms_priority, 0)
                case "value":
                    key = -order.amount_total / (order.currency_rate or 1.0)
                case _:
                    key = 0
            return policy.sequence, policy.id or 0, key, ordered

        return sorted(orders, key=turn)  # equal ones in the order in which they came

    def _oms_get_open_demand(self):
        """What of this order has not left, and what its open transfers keep of the stock: to look at it as if it were new.

        :return: ({sale line: ``Decimal`` in the product's unit}, {(warehouse id, product id): ``Decimal``})
        """
        self.ensure_one()
        wanted, freed = {}, {}
        for line, quantity in self.order_line._oms_to_source().items():
            uom = line.product_id.uom_id
            rest = quantity - line._oms_in_product_unit(float(line._oms_get_left()))
            if rest > 0:
                wanted[line] = rest
            # What waits for goods keeps nothing from anybody.
            moves = line._oms_get_outgoing().filtered(lambda move: move.state in ("assigned", "partially_available"))
            whole = moves.filtered(lambda move: move.state == "assigned")
            parts = list(line._oms_get_open(whole).items())
            for move in (moves - whole).filtered(lambda move, line=line: move.product_id == line.product_id):
                reserved = move.product_uom._compute_quantity(move.quantity, uom, rounding_method="HALF-UP")
                parts.append((move.warehouse_id, Decimal(repr(reserved))))
            for warehouse, units in parts:
                key = warehouse.id, line.product_id.id
                freed[key] = freed.get(key, ZERO) + units
        return wanted, freed

    # ------------------------------------------------------------------------------------------------------ LOADING

    @api.model
    def _oms_load_by_company(self, wanted, trigger, excluded=None, freed=None):
        """:meth:`_oms_load` for each company of these orders: a kit is one in its company only, and so are places."""
        of_company = {}
        for order, lines in wanted.items():
            of_company.setdefault(order.company_id, {})[order] = lines
        for of_one in of_company.values():
            yield self._oms_load(of_one, trigger, excluded, freed)

    @api.model
    def _oms_load(self, wanted, trigger, excluded=None, freed=None, chosen=None):
        """What decisions about these quantities of one company depend on; with the same few queries for one order and for
        hundreds.

        :param chosen: {order: ``Chosen``} instead of what its own policies say; otherwise as :meth:`_oms_propose`
        :rtype: Loaded
        """
        orders = self.browse().union(*wanted)
        of_channel = {channel: channel._get_warehouses() for channel in orders.oms_channel_id}
        places = {order: order._oms_get_sources(of_channel[order.oms_channel_id]) for order in wanted}
        warehouses = self.env["stock.warehouse"].union(*places.values())
        (warehouses.partner_id | orders.partner_shipping_id).mapped("country_id")  # one query instead of two
        counted, uncounted = self._oms_split_counted(wanted)
        chosen = chosen or self.env["oms.sourcing.policy"]._get_for(orders)
        kinds = frozenset().union(*(self._oms_rule_kinds(one.policy) for one in chosen.values()))
        snapshot = self._oms_get_snapshot(counted, warehouses, orders, kinds)
        if freed:
            parts = taken_apart(((*key, units) for key, units in freed.items()), snapshot.recipes)
            more = {key: snapshot.available.get(key, ZERO) + units for key, units in parts.items()}
            snapshot = replace(snapshot, available=snapshot.available | more)
        demands = {}
        for order, lines in wanted.items():
            rejected = {} if trigger == "manual" else order._oms_get_rejected(self.env["sale.order.line"].union(*lines))
            demands[order] = order._oms_get_demand(
                lines,
                rejected | order._oms_get_excluded_warehouses(places[order]) | (excluded or {}).get(order, {}),
            )
        if needing := orders.filtered(lambda order: NEED_OFFERS & self._oms_rule_kinds(chosen[order].policy)):
            for order, offers in needing._oms_get_offers_of(places).items():
                demands[order] = replace(demands[order], offers=offers)
        if TRANSFERS in kinds:
            demands = {order: self._oms_mark_movable(one, frozenset(uncounted.ids)) for order, one in demands.items()}
        return Loaded(
            demands,
            chosen,
            snapshot,
            {order: frozenset(of_order.ids) for order, of_order in places.items()},
            frozenset(uncounted.ids),
        )

    @api.model
    def _oms_rule_kinds(self, policy):
        """What the rules of a policy, and of those after it, ask for."""
        kinds = set()
        while policy is not None:
            kinds.update(rule.kind for rule in (*policy.constraints, *policy.objectives))
            if policy.strategy == LEAST_COST:
                kinds.add("landed_cost")
            if policy.consolidate:
                kinds |= {"landed_cost", TRANSFERS}
            policy = policy.next
        return kinds

    @api.model
    def _oms_split_counted(self, wanted):
        """(the products of which there can be too little, those of which nobody counts the stock)"""
        products = self.env["sale.order.line"].union(*chain.from_iterable(wanted.values())).product_id
        company = self.browse().union(*wanted).company_id  # a kit is one in its company only
        counted, _components = self.env["oms.availability"].with_company(company)._get_counted(products)
        return counted, products - counted

    @api.model
    def _oms_get_snapshot(self, products, warehouses, orders, kinds):
        """What of these products is free for these orders, whose own soft reservations do not stand in their way, and
        what rules of these kinds want to know of the places.

        :rtype: domain.model.Snapshot
        """
        availability = self.env["oms.availability"]
        table = availability._snapshot(products, warehouses, but_orders=orders)
        # What is in a kit and wanted beside it is there for one of the two: such kits are counted by their parts.
        shared = in_several(products.ids, table.components)
        recipes = {
            kit: tuple(recipe)
            for kit, recipe in table.components.items()
            if not shared.isdisjoint(part for part, _needed in recipe)
        }
        parts = (part for recipe in recipes.values() for part, _needed in recipe)
        on_shelves = dict.fromkeys((*(product for product in products.ids if product not in recipes), *parts))
        available = table.by_node(warehouses.ids, on_shelves)
        safety = {}
        if "safety_stock" in kinds:
            lineages = availability._get_lineages(table.table.products)
            for company, of_company in warehouses.grouped("company_id").items():
                if book := self.env["oms.stock.buffer"]._get_safety(company):
                    table.table.keep_back(book, lineages)
                    pairs = ((node, product) for node in of_company.ids for product in (*on_shelves, *recipes))
                    kept = {pair: table.table.cell("safety", *pair) for pair in pairs}
                    safety |= {pair: unscaled(cell) for pair, cell in kept.items() if cell}
        snapshot = Snapshot(
            warehouses._to_domain(kinds),
            available,
            safety=safety,
            capacity=warehouses._oms_get_capacity(orders),
            recipes=recipes,
        )
        return warehouses._oms_with_learned(snapshot, products) if LEARNED_KINDS & kinds else snapshot

    def _oms_get_demand(self, lines, excluded):
        """What this order wants, as the planner sees it.

        :param lines: {sale line: ``Decimal`` in the product's unit}
        :param excluded: {warehouse id: sentence}
        """
        self.ensure_one()
        order_sudo = self.sudo()  # sudo: where goods come from depends on nobody's rights
        return Demand(
            order_id=self.id,
            items=tuple(line._oms_get_item(quantity) for line, quantity in lines.items()),
            place=self.partner_shipping_id._oms_place(),
            excluded_nodes=excluded,
            channel_id=order_sudo.oms_channel_id.id,
            company_id=order_sudo.company_id.id,
            priority=PRIORITIES.get(order_sudo.oms_priority, 0),
            deliver_by=order_sudo.oms_deliver_by or None,
            ordered_at=order_sudo.oms_ordered_at or order_sudo.date_order or None,
            now=fields.Datetime.now(),
        )

    def _oms_get_offers_of(self, places):
        """{order: {warehouse id: (``Offer``, …)}} for the orders whose policy asks carriers."""
        return {}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_get_item(self, quantity):
        """So much of this line as the planner sees it."""
        self.ensure_one()
        line_sudo = self.sudo()  # sudo: as for the demand
        product = line_sudo.product_id
        ordered = float(line_sudo._oms_in_product_unit(line_sudo.product_uom_qty)) or 1.0
        rate = line_sudo.order_id.currency_rate or 1.0
        weight, volume = self.env["delivery.carrier"]._oms_measure(product)
        return Item(
            self.id,
            product.id,
            quantity,
            product.name,
            value=max(ZERO, Decimal(repr(line_sudo.price_subtotal / rate / ordered)).quantize(MICRO)),
            weight=weight,
            volume=volume,
            together=(line_sudo.combo_item_id and line_sudo.linked_line_id.id) or None,
            categories=frozenset(int(part) for part in (product.categ_id.parent_path or "").split("/") if part),
            dangerous=product.oms_is_dangerous,
        )
