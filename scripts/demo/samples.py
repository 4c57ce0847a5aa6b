"""The sample orders of the web shop."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Hours from one sample order to the next; the last one was placed just now.
EVERY_H = 2


def orders():
    """The sample orders, in the order in which the customers placed them, as if it had been in these days."""
    found = samples()
    now = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)
    for place, order in enumerate(found):
        if not order.get("date_created_gmt"):
            continue
        placed = now - timedelta(hours=EVERY_H * (len(found) - place) - 1)
        later = placed - datetime.fromisoformat(order["date_created_gmt"])
        for name in [name for name in order if name.startswith("date_") and order[name]]:
            order[name] = min(now, datetime.fromisoformat(order[name]) + later).isoformat()
    return found


def samples():
    folder = ROOT / "data" / "payloads" / "woocommerce" / "order"
    files = [path for path in folder.glob("*.json") if not path.name.endswith(".expected.json")]
    return sorted((json.loads(path.read_text()) for path in files), key=lambda order: order["id"])
