"""Send the sample orders to a running server as the shop would: signed webhooks over HTTP; wait until they are worked.

Usage: push.py BASE_URL TOKEN SECRET DATABASE ORDERS
"""

import json
import sys
import time
from pathlib import Path

import psycopg2

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "oms_channels" / "tests"))

from servers.woocommerce import deliver, ping  # noqa: E402 - of the add-on's tests, and needs no Odoo

WORK_TIMEOUT_S = 120


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


def main(base_url, token, secret, database, orders_file):
    hook = f"{base_url}/oms/hook/{token}"
    answers = [ping(hook)]
    started = time.monotonic()
    sent = json.loads(Path(orders_file).read_text(encoding="utf-8"))
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
