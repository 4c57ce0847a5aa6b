"""Whatever orders gain by being planned together, no limit is broken that holds where they are planned one by one."""

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from odoo.addons.oms_routing.domain.batch_model import Limits
from odoo.addons.oms_routing.domain.batch_plan import JOINT, plan_batch
from odoo.addons.oms_routing.domain.model import TAKING, Capacity, Demand, Item, Node, Place
from odoo.addons.oms_routing.domain.policy import BACKORDER, LEAST_COST, Policy, Prices, Rule
from odoo.addons.oms_routing.domain.snapshot import Snapshot
from odoo.addons.oms_routing.domain.tariff import Offer, Tariff

pytest.importorskip("highspy")

NOW = datetime(2026, 3, 2, 9)
SKUS = ("mug", "lamp", "vase")
KILOS = 6  #: the heaviest parcel
GROUPS = {"a": {"north"}, "b": {"north"}, "c": {"south"}, "d": {"south"}}
NODES = tuple(
    Node(name, name, place, 45 + 2.0 * place, 4.8, "FR", groups=frozenset(GROUPS[name]), is_open=name != "d")
    for place, name in enumerate("abcd")
)

#: What a policy may ask for, one at a time or two.
RULES = {
    "together": Rule("together"),
    "no_split": Rule("no_split", categories=("glass",)),
    "whole_lines": Rule("whole_lines"),
    "whole_order": Rule("whole_order"),
    "max_nodes": Rule("max_nodes", number=1),
    "shipment_value": Rule("shipment_value", amount=Decimal(25)),
    "safety_stock": Rule("safety_stock", quantity=Decimal(1)),
    "carrier_serves": Rule("carrier_serves"),
    "promise": Rule("promise"),
    "node_group": Rule("node_group", groups=("north",)),
    "max_distance": Rule("max_distance", km=Decimal(300)),
}


def demand(random_, number):
    items = []
    for sku in random_.sample(SKUS, random_.randint(1, 3)):
        items.append(
            Item(
                f"{number}{sku}",
                sku,
                Decimal(random_.randint(1, 3)),
                sku,
                value=Decimal(10),
                weight=Decimal(2),
                together="set" if random_.random() < 0.3 else None,
                categories=frozenset({"glass"} if sku == "vase" else ()),
            )
        )
    offers = {
        node.id: tuple(
            Offer(
                f"{node.id}{days}",
                f"{node.id} in {days}",
                Tariff(
                    ((Decimal(2), Decimal(random_.randint(2, 5))), (Decimal(KILOS), Decimal(random_.randint(6, 9))))
                ),
                ship_by=NOW + timedelta(hours=8),
                deliver_by=NOW + timedelta(days=days),
                refusals={"vase": "Too fragile."} if random_.random() < 0.3 else {},
            )
            for days in (1, 3)
        )
        for node in NODES
    }
    rejections = {(items[0].id, "a"): "It has none."} if random_.random() < 0.2 else {}
    excluded = {"b": "It gave up."} if random_.random() < 0.15 else {}
    return Demand(
        f"S{number}",
        tuple(items),
        Place(45.0, 4.8, "FR"),
        offers=offers,
        rejections=rejections,
        excluded_nodes=excluded,
        deliver_by=NOW + timedelta(days=2),
        ordered_at=NOW,
        now=NOW,
    )


def instance(seed):
    random_ = random.Random(seed)
    capacity = {
        node.id: Capacity(
            orders_left=random_.choice((None, 1, 2)),
            open_left=random_.choice((None, 1, 3)),
            minutes_left=Decimal(random_.choice((3, 8))) if random_.random() < 0.1 else None,
            minutes_unit=Decimal(1),
        )
        for node in NODES
        if random_.random() < 0.6
    }
    available = {(node.id, sku): Decimal(random_.randint(0, 4)) for node in NODES for sku in SKUS}
    kinds = random_.sample(sorted(RULES), random_.choice((0, 1, 1, 2)))
    policy = Policy(
        constraints=tuple(RULES[kind] for kind in kinds),
        strategy=LEAST_COST,
        leftover=BACKORDER,
        prices=Prices(split=Decimal(1), line_split=Decimal(1)),
        nodes_max=random_.choice((None, None, None, 2)),
    )
    demands = {number: demand(random_, number) for number in range(4)}
    return demands, Snapshot(NODES, available, capacity=capacity), policy


def broken(demands, snapshot, policy, batch):
    """What these decisions break, in words: read from the pieces alone, not with the planner's own rules."""
    kinds = {rule.kind for rule in policy.constraints}
    for key, seen in batch.seen.items():
        order, decision = demands[key], seen.decision
        pieces = [piece for piece in decision.allocations if piece.mode in TAKING]
        for found in (
            *broken_places(order, policy, kinds, pieces),
            *broken_parcels(order, kinds, pieces, decision),
            *broken_lines(order, kinds, pieces),
            *broken_worth(order, kinds, decision),
        ):
            yield f"{key}: {found}"
    yield from broken_in_all(snapshot, kinds, [seen.decision for seen in batch.seen.values()])


def broken_places(order, policy, kinds, pieces):
    for piece in pieces:
        if (piece.item_id, piece.node_id) in order.rejections or piece.node_id in order.excluded_nodes:
            yield f"asks {piece.node_id} again"
        if piece.node_id == "d":
            yield "asks a place that is closed"
        if "node_group" in kinds and "north" not in GROUPS[piece.node_id]:
            yield "leaves the group"
        if "max_distance" in kinds and piece.node_id in "cd":
            yield "goes too far"
    most = min([n for n in (policy.nodes_max, 1 if "max_nodes" in kinds else None) if n], default=len(NODES))
    if len({piece.node_id for piece in pieces}) > most:
        yield "too many sites"


def broken_parcels(order, kinds, pieces, decision):
    for shipment in decision.shipments:
        inside = [piece for piece in pieces if piece.node_id == shipment.node_id]
        if "carrier_serves" in kinds and shipment.offer is None:
            yield "no carrier"
        if shipment.offer:
            if sum(piece.quantity for piece in inside) * 2 > KILOS:
                yield "too heavy"
            if any(piece.product_id in shipment.offer.refusals for piece in inside):
                yield "refused by the carrier"
            if "promise" in kinds and shipment.offer.deliver_by > order.deliver_by:
                yield "too late"


def broken_lines(order, kinds, pieces):
    for item in order.items:
        of_item = [piece for piece in pieces if piece.item_id == item.id]
        is_whole = "whole_lines" in kinds or ("no_split" in kinds and "glass" in item.categories)
        if of_item and is_whole and (len(of_item) > 1 or of_item[0].quantity != item.quantity):
            yield "a line is divided"
    if "together" in kinds:
        of_set = [
            {piece.node_id for piece in pieces if piece.item_id == item.id} for item in order.items if item.together
        ]
        if any(nodes != of_set[0] for nodes in of_set):
            yield "a set is parted"
    if "whole_order" in kinds and pieces and sum(piece.quantity for piece in pieces) != order.wanted().total():
        yield "not whole"


def broken_worth(order, kinds, decision):
    if "shipment_value" in kinds and decision.shipments:
        values = {item.id: item.value for item in order.items}
        rest = sum(values[piece.item_id] * piece.quantity for piece in decision.allocations if piece.mode not in TAKING)
        worth = [shipment.value for shipment in decision.shipments] + ([rest] if rest else [])
        if len(worth) > 1 and min(worth) < 25:
            yield "worth too little"


def broken_in_all(snapshot, kinds, decisions):
    taken, orders = Counter(), Counter()
    for decision in decisions:
        pieces = [piece for piece in decision.allocations if piece.mode in TAKING]
        for piece in pieces:
            taken[piece.node_id, piece.product_id] += piece.quantity
        orders.update({piece.node_id for piece in pieces})
    kept = 1 if "safety_stock" in kinds else 0
    for (node_id, sku), units in taken.items():
        if units > max(0, snapshot.available[node_id, sku] - kept):
            yield f"{node_id}: more {sku} than there is"
    for node_id, limits in snapshot.capacity.items():
        if any(limit is not None and orders[node_id] > limit for limit in (limits.orders_left, limits.open_left)):
            yield f"{node_id}: more orders than it takes"
        minutes = sum(units for (place, _sku), units in taken.items() if place == node_id) * limits.minutes_unit
        if limits.minutes_left is not None and minutes > limits.minutes_left:
            yield f"{node_id}: more to pick than it has time for"


def missing_and_cost(batch):
    waiting = [a.quantity for seen in batch.seen.values() for a in seen.decision.allocations if a.mode not in TAKING]
    return sum(waiting), batch.cost


@pytest.mark.parametrize("seed", range(60))
def test_no_limit_of_a_single_order_is_broken_by_planning_together(seed):
    demands, snapshot, policy = instance(seed)
    apart = plan_batch(demands, snapshot, policy, is_joint=False)
    assert list(broken(demands, snapshot, policy, apart)) == []
    together = plan_batch(demands, snapshot, policy, limits=Limits(price_rounds=20, search_rounds=10))
    assert list(broken(demands, snapshot, policy, together)) == []
    assert missing_and_cost(together) <= missing_and_cost(apart)


def test_the_cases_above_are_not_all_planned_one_after_the_other():
    """Else they would say nothing about planning together."""
    limits = Limits(price_rounds=20, search_rounds=10)
    batches = [plan_batch(*instance(seed), limits=limits) for seed in range(25)]
    assert sum(batch.method == JOINT for batch in batches) >= 8
    assert any(note for batch in batches for note in (seen.note for seen in batch.seen.values()))


#: Limits over a whole order, or over a site's time, that no batch weighs: such orders are planned one after the other.
NOT_WEIGHED = {
    "max_nodes": "limits the sites",
    "shipment_value": "a least value",
    "whole_order": "as a whole or not at all",
}


@pytest.mark.parametrize("kind", NOT_WEIGHED)
def test_what_is_not_weighed_together_is_told(kind):
    demands, snapshot, policy = instance(1)
    policy = replace(policy, constraints=(RULES[kind],), nodes_max=None)
    batch = plan_batch(demands, replace(snapshot, capacity={}), policy)
    assert {NOT_WEIGHED[kind] in why for why in batch.apart.values()} == {True}
    assert NOT_WEIGHED[kind] in batch.reason
