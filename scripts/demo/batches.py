"""Batches of orders as a chain of shops would have them, from a seed: for the bench and the tests."""

import math
import random
from decimal import Decimal

from odoo.addons.oms_routing.domain.batch_model import Instance, Order, Want, Way

#: (up to kg, price) of a parcel service in its three zones, and how far each zone reaches in kilometres.
ZONES = (
    (200, ((1, 4.2), (2, 5.1), (5, 6.9), (10, 9.9), (31.5, 15.9))),
    (500, ((1, 4.9), (2, 6.1), (5, 8.4), (10, 12.9), (31.5, 21.9))),
    (math.inf, ((1, 6.5), (2, 8.2), (5, 11.9), (10, 18.9), (31.5, 32.9))),
)
LINES_OF_ORDER = ((1, 20), (2, 25), (3, 22), (4, 16), (5, 10), (6, 7))
UNITS_OF_LINE = ((1, 75), (2, 18), (3, 7))
WEIGHTS = (0.2, 0.5, 1, 2, 4, 8)


def pick(rng, shares):
    return rng.choices([value for value, _share in shares], [share for _value, share in shares])[0]


def batch(lines, nodes, seed=1, stock=1.15, parcels=3.0):
    """So many lines over so many nodes in a country of 1,000 by 1,000 km.

    :param stock: of each product so much of what is wanted, spread over a fifth of the nodes, larger ones first.
    :param parcels: what all nodes can send together, for each order. Some two parcels an order are needed.
    """
    rng = random.Random(seed)
    products = [round(rng.choice(WEIGHTS) * rng.uniform(0.7, 1.3), 2) for _product in range(max(6, lines // 4))]
    popularity = [1 / (rank + 3) ** 0.7 for rank in range(len(products))]
    places = [(rng.random() * 1000, rng.random() * 1000) for _node in range(nodes)]
    size = [rng.uniform(0.3, 2) for _node in range(nodes)]
    costs = [(round(rng.uniform(0.7, 1.8), 2), round(rng.uniform(0.2, 0.6), 2)) for _node in range(nodes)]
    orders, wanted, left = [], {}, lines
    while left:
        count = min(left, len(products), pick(rng, LINES_OF_ORDER))
        left -= count
        chosen = {}
        while len(chosen) < count:
            chosen.setdefault(rng.choices(range(len(products)), popularity)[0], pick(rng, UNITS_OF_LINE))
        for product, units in chosen.items():
            wanted[product] = wanted.get(product, 0) + units
        home = (rng.random() * 1000, rng.random() * 1000)
        orders.append(order_of(len(orders), chosen, products, home, places, costs))
    shelves = {}
    for product, units in wanted.items():
        count = math.ceil(units * stock)
        at = rng.sample(range(nodes), min(nodes, max(2, min(count, nodes // 5))))
        for _unit in range(count):
            key = (rng.choices(at, [size[node] for node in at])[0], product)
            shelves[key] = shelves.get(key, Decimal(0)) + 1
    total = parcels * len(orders) / sum(size)
    return Instance(tuple(orders), shelves, {node: max(1, round(total * size[node])) for node in range(nodes)})


def order_of(number, chosen, products, home, places, costs):
    wants = tuple(
        Want(((product, Decimal(1)),), units, 30.0 + 2 * products[product], products[product])
        for product, units in chosen.items()
    )
    ways = []
    for node, (place, (pack, per_unit)) in enumerate(zip(places, costs, strict=True)):
        away = math.dist(place, home)
        zone = next(position for position, (reach, _steps) in enumerate(ZONES) if away < reach)
        picking = (per_unit,) * len(wants)
        ways.append(Way(node, "parcel", round(pack + away / 400, 2), ZONES[zone][1], 0.0, picking))
        ways.append(Way(node, "freight", round(pack + 7 + 2 * zone, 2), (), round(0.35 + 0.2 * zone, 2), picking))
    return Order(number, wants, tuple(ways))
