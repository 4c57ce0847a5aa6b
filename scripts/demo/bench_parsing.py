"""How many orders a second one core reads, platform by platform, and how many of the same texts ``json.loads`` reads.

Called by ``scripts/bench --parsing``; prints JSON: {platform: [payloads, bytes each, rounds of orders, rounds of json]}.
"""

import json
import time
from functools import partial

import conftest  # noqa: F401  (puts the add-ons where Python finds them)

# isort: split
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.contract import payloads

ROUNDS, ROUND_S = 7, 0.25


def rate(function, bodies):
    """Calls a second of the processor's time, so that others who use the machine do not count."""
    count, started = 0, time.process_time()
    while (spent := time.process_time() - started) < ROUND_S:
        for body in bodies:
            function(body)
        count += len(bodies)
    return count / spent


def main():
    found = {}
    for platform, adapter in PLATFORMS.items():
        bodies = [path.read_bytes() for path in payloads(platform) if path.parent.name == "order"]
        if not bodies or not bodies[0].startswith(b"{"):
            continue
        rounds = [(rate(partial(adapter.parse, "order"), bodies), rate(json.loads, bodies)) for _ in range(ROUNDS)]
        size = sum(map(len, bodies)) // len(bodies)
        found[platform] = [len(bodies), size, [one for one, _json in rounds], [other for _one, other in rounds]]
    print(json.dumps(found))


main()
