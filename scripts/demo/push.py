"""Send the sample orders to a running server as the shop would: signed webhooks over HTTP; wait until they are worked.

Usage: push.py BASE_URL TOKEN SECRET DATABASE
"""

import json
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psycopg2

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "oms_channels" / "tests"))

from servers.woocommerce import deliver, ping  # noqa: E402 - of the add-on's tests, and needs no Odoo

WORK_TIMEOUT_S = 120


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


def wait_until_worked(database):
    """Look into the inbox until nothing in it is waiting."""
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True
    deadline = time.monotonic() + WORK_TIMEOUT_S
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM oms_message WHERE state IN ('pending', 'retry')")
            if cursor.fetchone()[0] == 0:
                return
            time.sleep(0.2)
    sys.exit(f"The inbox was not worked off within {WORK_TIMEOUT_S} seconds; see the server's log.")


def wait_until_quiet(database):
    """Look until no job has worked for a second, so that none of them is stopped in the middle of its work."""
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True
    deadline = time.monotonic() + WORK_TIMEOUT_S
    quiet_since = time.monotonic()
    with connection.cursor() as cursor:
        while quiet_since + 1 > time.monotonic() and time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid != pg_backend_pid() AND xact_start IS NOT NULL"
            )
            if cursor.fetchone()[0]:
                quiet_since = time.monotonic()
            time.sleep(0.1)


def main(base_url, token, secret, database):
    hook = f"{base_url}/oms/hook/{token}"
    answers = [ping(hook)]
    started = time.monotonic()
    sent = orders()
    answers += [deliver(hook, order, "order.created", secret) for order in sent]
    again = deliver(hook, sent[0], "order.updated", secret)
    forged = deliver(hook, sent[0], "order.updated", "not the secret")
    accepted = sum(answer.status_code == 200 for answer in answers)
    wait_until_worked(database)
    worked = time.monotonic() - started
    wait_until_quiet(database)
    print(
        f"{accepted} of {len(answers)} deliveries accepted; the same order again: {again.json()['message']} "
        f"A forged one: {forged.status_code}. Worked off in {worked:.1f} s."
    )
    if accepted != len(answers):
        sys.exit("Not every delivery was accepted; see the server's log.")


if __name__ == "__main__":
    main(*sys.argv[1:])
