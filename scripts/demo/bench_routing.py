"""What sourcing costs: one order against the exact optimum, and ten thousand orders at a thousand nodes. Prints JSON.

``python bench_routing.py [instances] [orders]``. Everything is generated from fixed seeds; nothing is read.
"""

import random
from datetime import datetime, timedelta
from decimal import Decimal

import conftest  # noqa: F401  (puts the add-ons where Python finds them)

# isort: split
from odoo.addons.oms_routing.domain.distance import distance_km
from odoo.addons.oms_routing.domain.model import (
    Demand,
    Item,
    Node,
    NodeCosts,
    Offer,
    Place,
    Snapshot,
    Tariff,
)
from odoo.addons.oms_routing.domain.policy import Policy, Prices

LINES, NODES, SERVICES = 5, 200, 3
NOW = datetime(2026, 3, 2, 9)
#: (kilometres up to which a band reaches, factor on the price)
BANDS = ((100, Decimal("1.00")), (300, Decimal("1.15")), (700, Decimal("1.40")), (20_000, Decimal("1.90")))
#: (name, price up to 1, 2, 5, 10, 20, 31.5 kg, days)
CARRIERS = (
    ("Economy", ("3.90", "4.60", "5.90", "8.40", "12.90", "19.50"), 3),
    ("Parcel", ("4.70", "5.20", "6.80", "9.10", "13.80", "20.90"), 2),
    ("Express", ("9.80", "10.90", "13.50", "18.70", "27.40", "41.00"), 1),
)
WEIGHTS = tuple(map(Decimal, ("1", "2", "5", "10", "20", "31.5")))
TARIFFS = {
    (name, reach): Tariff(tuple((up_to, Decimal(price) * factor) for up_to, price in zip(WEIGHTS, prices, strict=True)))
    for reach, factor in BANDS
    for name, prices, _days in CARRIERS
}
POLICIES = {
    "lexicographic": Policy(),
    "least_cost": Policy(
        strategy="least_cost",
        prices=Prices(split=Decimal("1.50"), late_day=Decimal("2.00"), carbon_tonne=Decimal(80), reject=Decimal(6)),
    ),
}


def nodes_of(rng, count):
    return tuple(
        Node(
            number,
            f"Site {number}",
            number,
            rng.uniform(43, 51),
            rng.uniform(-4, 8),
            "FR",
            costs=NodeCosts(
                Decimal(rng.randint(10, 40)) / 100,
                Decimal(rng.randint(5, 20)) / 100,
                Decimal(rng.randint(50, 120)) / 100,
            ),
            p_reject=Decimal(rng.randint(0, 12)) / 100,
        )
        for number in range(count)
    )


def offers_of(nodes, place):
    """Three services from every node, priced by how far it is."""
    offers = {}
    for node in nodes:
        km = distance_km(node, place)
        reach = next(reach for reach, _factor in BANDS if km <= reach)
        offers[node.id] = tuple(
            Offer(
                name,
                name,
                TARIFFS[name, reach],
                ship_by=NOW + timedelta(hours=8),
                deliver_by=NOW + timedelta(days=days + (km > 300), hours=node.id % 5),
                carbon=Decimal(120),
                carbon_per_kg=Decimal(round(km * 0.08, 1)),
            )
            for name, _prices, days in CARRIERS
        )
    return offers


NETWORK = nodes_of(random.Random(0), NODES)


def single(seed):
    """One order of five lines; how many nodes have a product goes from one in eight to almost all."""
    rng, nodes = random.Random(seed), NETWORK
    place = Place(rng.uniform(43, 51), rng.uniform(-4, 8), "FR")
    items = tuple(
        Item(
            line,
            line,
            Decimal(rng.choice((1, 1, 1, 2, 2, 3, 4))),
            f"Product {line}",
            value=Decimal(rng.randint(500, 9000)) / 100,
            weight=Decimal(rng.randint(100, 6000)) / 1000,
        )
        for line in range(LINES)
    )
    density = rng.choice((0.12, 0.25, 0.5, 0.75, 0.95))
    stock = {
        (node.id, line): Decimal(rng.randint(1, 6)) for node in nodes for line in range(LINES) if rng.random() < density
    }
    demand = Demand(
        f"S{seed}", items, place, offers=offers_of(nodes, place), deliver_by=NOW + timedelta(days=3), now=NOW
    )
    return demand, Snapshot(nodes, stock)
