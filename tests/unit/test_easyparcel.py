"""SHP-07: EasyParcel over real HTTP, against a gateway that keeps its contract and its bad habits."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Lock

import pytest

from odoo.addons.oms_core.carriers import CARRIERS
from odoo.addons.oms_core.carriers.base import Account, Address, Auth, Parcel, Reject, Retry, ShipmentRequest
from odoo.addons.oms_core.carriers.easyparcel import const, parse, render
from odoo.addons.oms_core.carriers.easyparcel.client import Client
from odoo.addons.oms_core.const import TRACKING_STATES
from odoo.addons.oms_core.tests.servers.easyparcel import PDF, EasyParcelServer

D = Decimal
NOW = datetime(2026, 11, 20, 3)  # a Friday
PAYLOADS = Path(__file__).resolve().parents[2] / "data" / "payloads" / "easyparcel"
SENDER = Address("Warehouse", "1 Jalan Ampang", "Kuala Lumpur", "50450", "MY", phone="+60 3-1234 5678", state="14")
RECEIVER = Address("Siti", "8 Jalan Sultan", "George Town", "10200", "MY", phone="+60 12 345 6789", state="07")


def request(key="K1", **values):
    return ShipmentRequest(
        **{
            "key": key,
            "sender": SENDER,
            "receiver": RECEIVER,
            "parcel": Parcel(D("1.2"), D(30), D(20), D(10), D("59.90"), "MYR", "Box"),
            "service_code": "EP-CS0X",
            **values,
        }
    )


@pytest.fixture(params=const.VERSIONS)
def server(request):
    with EasyParcelServer(version=request.param) as gateway:
        yield gateway


def connect(gateway, **values):
    saved = values.pop("saved", [])
    account = Account(
        url=gateway.url,
        key="client",
        secret="secret",
        version=gateway.version,
        access_token=values.pop("access_token", gateway.access_token),
        refresh_token=values.pop("refresh_token", gateway.refresh_token),
        save=values.pop("save", lambda *tokens: saved.append(tokens)),
        **values,
    )
    return Client(account, timeout_s=2, now=lambda: NOW)


@pytest.fixture
def client(server):
    return connect(server)


# ---- Prices ----


def test_all_services_are_quoted_with_their_slowest_day(client):
    quotes = client.rate(request())
    assert [(q.service_code, q.price, q.currency, q.days) for q in quotes] == [
        ("EP-CS0W", D("8.50"), "MYR", 3),
        ("EP-CS0X", D("6.20"), "MYR", 4),
        ("EP-CS0Y", D("14.00"), "MYR", 1),
        ("EP-CS0Z", D("25.00"), "MYR", None),
    ]


def test_a_wallet_that_is_too_low_warns_before_the_booking(server, client):
    server.wallet = D("8.00")
    warned = [quote.service_code for quote in client.rate(request()) if quote.warning]
    assert warned == ["EP-CS0W", "EP-CS0Y", "EP-CS0Z"]


def test_prices_are_shown_also_when_the_wallet_cannot_be_read(server, client):
    server.fail_next("down", path="wallet")
    assert len(client.rate(request())) == 4


def test_an_address_without_postal_code_is_refused_with_the_carriers_words(client):
    nowhere = Address("Siti", "8 Jalan Sultan", "George Town", "", "MY")
    with pytest.raises(Reject, match="postcode is required"):
        client.rate(request(receiver=nowhere))


def test_the_state_is_spelled_as_the_version_spells_it():
    old = render.quotation(request(), "2025-06")["list"][0]["sender"]
    new = render.quotation(request(), "2026-03")["shipment"][0]["sender"]
    assert (old["subdivison_code"], "subdivison_code" in new, new["subdivision_code"]) == ("MY-14", False, "MY-14")


# ---- Booking ----


def test_a_booking_brings_the_label_and_is_paid_from_the_wallet(server, client):
    result = client.ship(request())
    assert (result.carrier_ref, result.tracking_number, result.cost, result.currency, result.label) == (
        "ES-2611-00001",
        "AWB00001",
        D("6.20"),
        "MYR",
        PDF,
    )
    assert server.wallet == D("93.80")


def test_the_parcel_is_collected_on_the_next_working_day(server, client):
    client.ship(request())
    assert server.requests[-1][2]["shipment"][0]["collection_date"] == "2026-11-23"
    client.ship(request("K2", collection_date=date(2026, 11, 24)))
    assert server.requests[-1][2]["shipment"][0]["collection_date"] == "2026-11-24"


@pytest.mark.parametrize("fault", ["lost", "html", "half", "nonsense"])
def test_an_answer_that_is_lost_is_found_again_by_our_key(server, client, fault):
    server.fail_next(fault, path="submit_orders")
    with pytest.raises(Retry) as caught:
        client.ship(request("K7"))
    assert caught.value.maybe_done
    found = client.find("K7")
    assert (found.carrier_ref, found.tracking_number, found.label, found.cost) == (
        "ES-2611-00001",
        "AWB00001",
        PDF,
        D("6.20"),
    )
    assert client.find("K8") is None


def test_a_shipment_is_found_also_behind_many_others(server, client):
    client.ship(request("first"))
    template = next(iter(server.shipments.values()))
    for number in range(2, 600):
        shipment_number = f"ES-2611-{number:05}"
        server.shipments[shipment_number] = {
            **template,
            "shipment_number": shipment_number,
            "customer_reference_no": "x",
        }
    assert client.find("first").carrier_ref == "ES-2611-00001"
    assert len([entry for entry in server.requests if entry[1] == "shipment/list"]) == 3


def test_a_cancelled_shipment_is_not_found_again(client):
    client.cancel(client.ship(request("K1")).carrier_ref)
    assert client.find("K1") is None


def test_too_many_requests_means_nothing_was_done_and_when_to_come_back(server, client):
    server.fail_next("busy")
    with pytest.raises(Retry) as caught:
        client.ship(request())
    assert (caught.value.delay_s, caught.value.maybe_done, server.shipments) == (7.0, False, {})


def test_a_gateway_that_is_down_may_have_done_it(server, client):
    server.fail_next("down", path="submit_orders")
    with pytest.raises(Retry, match="down") as caught:
        client.ship(request())
    assert caught.value.maybe_done


def test_a_gateway_that_does_not_exist_has_done_nothing():
    with EasyParcelServer() as gone:
        client = connect(gone)
    with pytest.raises(Retry) as caught:
        client.ship(request())
    assert not caught.value.maybe_done


def test_a_slow_gateway_is_not_waited_for(server):
    client = connect(server)
    client._timeout_s = 0.2
    server.fail_next("slow", delay_s=1)
    with pytest.raises(Retry) as caught:
        client.ship(request())
    assert caught.value.maybe_done


def test_an_item_that_failed_within_a_200_is_a_refusal(server, client):
    refused = Address("Siti", "8 Jalan Sultan", "Nowhere", "00000", "MY", phone="1")
    with pytest.raises(Reject, match="00000 is not serviceable"):
        client.ship(request(receiver=refused))
    server.wallet = D(1)
    with pytest.raises(Reject, match="Insufficient wallet balance"):
        client.ship(request())


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"receiver": Address("Siti", "8 Jalan Sultan", "George Town", "10200", "MY")}, "phone number of the receiver"),
        ({"receiver": Address("Siti", "", "George Town", "10200", "MY", phone="1")}, "address of the receiver"),
        ({"service_code": ""}, "Choose a service"),
    ],
)
def test_what_cannot_be_booked_is_not_even_asked(server, client, values, match):
    with pytest.raises(Reject, match=match):
        client.ship(request(**values))
    assert server.requests == []


def test_a_number_that_comes_later_comes_with_the_details(server, client):
    server.late_awb = True
    result = client.ship(request())
    assert (result.tracking_number, result.label, "not ready" in result.warning) == ("", b"", True)
    server.assign_awb(result.carrier_ref)
    update = client.details(result.carrier_ref)
    assert (update.tracking_number, update.result.label) == ("AWB00001", PDF)


# ---- Cancelling ----


def test_cancelling_gives_the_money_back_and_twice_is_as_good_as_once(server, client):
    reference = client.ship(request()).carrier_ref
    client.cancel(reference)
    client.cancel(reference)
    assert server.wallet == D("100.00")


def test_what_the_driver_has_collected_cannot_be_cancelled(server, client):
    reference = client.ship(request()).carrier_ref
    server.scan(reference, "4", "3", "2026-11-21 10:00:00")
    with pytest.raises(Reject, match="driver has collected"):
        client.cancel(reference)


# ---- Tracking ----


def test_scans_are_of_the_tracking_set_and_moments_become_utc(server, client):
    reference = client.ship(request()).carrier_ref
    server.scan(reference, "4", "3", "2026-11-21 10:00:00", "Picked up", "Shah Alam")
    server.scan(reference, "9", "5", "2026-11-22T14:30:00+08:00", "Delivered", "George Town")
    (update,) = client.track(["AWB00001", "UNKNOWN"])
    assert [(event.at, event.state, event.location) for event in update.events] == [
        (datetime(2026, 11, 21, 2), "collected", "Shah Alam"),
        (datetime(2026, 11, 22, 6, 30), "delivered", "George Town"),
    ]
    assert client.details(reference).events[-1].state == "delivered"


def test_the_two_sets_of_codes_are_not_mixed_up():
    states = {state for state, _label in TRACKING_STATES}
    assert set(const.TRACKING_STATES.values()) | set(const.SHIPMENT_STATES.values()) <= states
    assert (const.TRACKING_STATES["5"], const.SHIPMENT_STATES["5"]) == ("in_transit", "delivered")


def test_more_parcels_than_it_takes_are_not_asked_for(client):
    assert client.track([]) == ()
    with pytest.raises(ValueError):
        client.track(["x"] * 51)


@pytest.mark.parametrize(
    ("body", "references"),
    [
        (
            b'{"shipment_number": "ES-2611-00001", "shipment_number": "ES-2611-00002"}',
            ("ES-2611-00001", "ES-2611-00002"),
        ),
        (b'[{"data": {"shipment_number": "ES-2611-00001"}}]', ("ES-2611-00001",)),
        (b'{"shipment_number": "../../etc"}', ()),
        (b'{"shipment_number": 5}', ()),
        (b"shipment_number=ES-2611-00001", ()),
        (b"[" * 100_000, ()),
    ],
)
def test_only_references_are_read_out_of_a_webhook(body, references):
    assert CARRIERS[const.CODE].read_webhook(body) == references


# ---- Tokens ----


def test_an_access_token_that_ended_is_renewed_once_and_kept(server):
    saved = []
    client = connect(server, saved=saved)
    server.expire()
    assert len(client.rate(request())) == 4
    assert [tokens[:2] for tokens in saved] == [("access-1", "refresh-1")]
    assert saved[0][2] == NOW + timedelta(hours=10)


def test_two_who_need_a_new_token_at_once_renew_it_once(server):
    """The refresh token is good for one time: the second of two would be told to connect again."""
    tokens = {"now": (server.access_token, server.refresh_token, None)}
    lock = Lock()

    @contextmanager
    def alone():
        with lock:
            yield tokens["now"]

    def keep(*renewed):
        tokens["now"] = renewed

    clients = [connect(server, alone=alone, save=keep) for _worker in range(2)]
    server.expire()
    with ThreadPoolExecutor() as pool:
        offers = list(pool.map(lambda client: len(client.rate(request())), clients))
    assert (offers, server.refreshes) == ([4, 4], 1)


def test_a_token_that_is_about_to_end_is_renewed_before_it_fails(server):
    client = connect(server, expires_at=NOW + timedelta(seconds=60))
    client.rate(request())
    assert (server.refreshes, len(server.requests)) == (1, 2)


def test_a_dead_connection_says_connect_again(server):
    client = connect(server, access_token="old", refresh_token="old")
    with pytest.raises(Auth, match="Connect again"):
        client.rate(request())
    assert len(server.requests) == 1


def test_no_token_is_logged(server, client, caplog):
    caplog.set_level(logging.DEBUG)
    client.ship(request())
    text = caplog.text
    assert "submit_orders" in text and "access-0" not in text and "Jalan" not in text


def test_a_label_at_a_strange_address_is_not_fetched(server, client):
    server.late_awb = True
    reference = client.ship(request()).carrier_ref
    server.shipments[reference].update(awb_number="A1", awb_url="http://169.254.169.254/latest/meta-data")
    update = client.details(reference)
    assert (update.result.label, "not safe" in update.result.warning) == (b"", True)


# ---- Payload files ----


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_a_payload_file_is_read_as_its_expectation_says(path):
    case = json.loads(path.read_text(encoding="utf-8"))
    reader, expected = getattr(parse, case["reader"]), case["expected"]
    if case["reader"] == "webhook_references":
        assert list(reader(case["raw"].encode())) == expected
        return
    try:
        found = reader(case["body"])
    except (Reject, Retry) as error:
        assert [type(error).__name__, str(error)] == expected
    else:
        assert json.loads(json.dumps(plain(found), default=str)) == expected


def plain(value):
    """What a reader gave, as JSON could hold it: empty fields left out."""
    if hasattr(value, "__dataclass_fields__"):
        pairs = ((name, plain(getattr(value, name))) for name in value.__dataclass_fields__)
        return {name: entry for name, entry in pairs if entry not in ("", (), [], None, b"")}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value
