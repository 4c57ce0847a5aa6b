"""The stories in data/scenarios, played by the planner."""

from decimal import Decimal
from pathlib import Path

import pytest

from odoo.addons.oms_routing.domain.distance import locate, read_postal_table
from odoo.addons.oms_routing.domain.model import Demand, Item, Node, Place
from odoo.addons.oms_routing.domain.planner import plan
from odoo.addons.oms_routing.domain.policy import Policy
from odoo.addons.oms_routing.domain.snapshot import Snapshot

tomllib = pytest.importorskip(
    "tomllib", reason="Python 3.10 cannot read TOML; the stories do not depend on the version"
)

ROOT = Path(__file__).parents[2]
TABLE = read_postal_table((ROOT / "oms_routing/data/geo/postal_prefixes.csv").read_text(encoding="utf-8").splitlines())
STORIES = sorted((ROOT / "data/scenarios").glob("*.toml"))


def coordinates(address):
    located = locate(address.get("country", ""), address.get("postal_code", ""), TABLE)
    return {"latitude": located.latitude, "longitude": located.longitude} if located else {}


def played(story):
    nodes = [Node(site["name"], site["name"], place, **coordinates(site)) for place, site in enumerate(story["sites"])]
    stock = {(site["name"], sku): Decimal(units) for site in story["sites"] for sku, units in site["stock"].items()}
    order = story["order"]
    items = [Item(sku, sku, Decimal(units), label=sku) for sku, units in order["wants"].items()]
    demand = Demand("story", tuple(items), Place(**coordinates(order)), order.get("excluded", {}))
    return plan(demand, Snapshot(tuple(nodes), stock), Policy(**story.get("policy", {})))


def told(decision, mode, preposition):
    return [
        f"{allocation.quantity} {allocation.item_id} {preposition} {allocation.node_id}"
        for allocation in decision.allocations
        if allocation.mode == mode
    ]


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path):
    story = tomllib.loads(path.read_text(encoding="utf-8"))
    decision, expected = played(story), story["expected"]
    reasons = {candidate.name: candidate.reason for candidate in decision.candidates}
    assert decision.sentence == expected["sentence"]
    assert decision.outcome == expected["outcome"]
    assert told(decision, "ship", "from") == expected["ships"]
    assert told(decision, "backorder", "at") == expected["waits"]
    for site, reason in expected.get("reasons", {}).items():
        assert reasons[site] == reason


def test_there_are_stories():
    assert len(STORIES) >= 6
