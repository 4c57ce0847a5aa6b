"""Sends deliveries to a server that runs, in rounds: to the webhook of a channel, and to a controller that inserts one row.

Called by ``scripts/bench --intake``: ADDRESS TOKEN SECRET ROUNDS REQUESTS; prints JSON: requests a second of each round.
"""

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

CASE = Path(__file__).resolve().parents[2] / "data" / "payloads" / "woocommerce" / "order" / "two_vat_rates.json"
#: As many as a shop's queue sends at a time.
THREADS = 2
NUMBERS = itertools.count(10**6)


def delivery(secret):
    """(headers, body) of an order that was not told before, as WooCommerce signs it."""
    order = json.loads(CASE.read_bytes())
    body = json.dumps({**order, "id": next(NUMBERS)}, separators=(",", ":")).encode()
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-WC-Webhook-Delivery-ID": hashlib.md5(body, usedforsecurity=False).hexdigest(),
    }
    return headers, body


def rate(address, path, deliveries):
    """Requests a second that the server answers with 200."""
    url, waiting, failed = urlsplit(address), iter(deliveries), []
    lock = threading.Lock()

    def send():
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        while True:
            with lock:
                one = next(waiting, None)
            if one is None:
                return connection.close()
            headers, body = one
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                failed.append(answer.status)

    threads = [threading.Thread(target=send) for _number in range(THREADS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(f"{path} answered {failed[0]}")
    return len(deliveries) / (time.perf_counter() - started)


def main(address, token, secret, rounds, requests):
    paths = {"hook": f"/oms/hook/{token}", "row": "/oms_bench/row"}
    found = {name: [] for name in paths}
    for number in range(int(rounds) + 1):
        order = list(paths) if number % 2 else list(paths)[::-1]
        for name in order:
            measured = rate(address, paths[name], [delivery(secret) for _number in range(int(requests))])
            if number:  # the first round warms caches
                found[name].append(measured)
    print(json.dumps(found))


main(*sys.argv[1:])
