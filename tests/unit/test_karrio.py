"""SHP-07: UPS through karrio, against a server that answers as UPS' OpenAPI says; where karrio is not installed, it says so."""

import importlib.util
from datetime import datetime
from decimal import Decimal

import pytest

from odoo.addons.oms_core.carriers import CARRIERS
from odoo.addons.oms_core.carriers.base import Account, Address, Auth, Parcel, Reject, Retry, ShipmentRequest
from odoo.addons.oms_core.carriers.karrio import client, const, parse
from odoo.addons.oms_core.const import TRACKING_STATES
from odoo.addons.oms_core.tests.servers.ups import UpsServer

D = Decimal
INSTALLED = bool(importlib.util.find_spec("karrio"))


def test_the_states_are_ours():
    assert set(const.STATES.values()) <= {state for state, _label in TRACKING_STATES}


def test_without_karrio_the_delivery_method_says_what_to_install(monkeypatch):
    monkeypatch.setattr(client.importlib.util, "find_spec", lambda _name: None)
    assert "pip install karrio" in CARRIERS[const.CODE].missing()
    with pytest.raises(Reject, match="pip install karrio"):
        client.Client(Account())


def test_what_hangs_is_not_waited_for_without_end(monkeypatch):
    from threading import Event

    monkeypatch.setattr(client, "TIMEOUT_S", 0.05)
    release = Event()
    with pytest.raises(Retry, match="does not answer") as caught:
        client.with_patience(release.wait)
    release.set()
    assert caught.value.maybe_done


class Message:
    def __init__(self, code, message):
        self.code, self.message = code, message


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("503", "unavailable", Retry),
        ("SHIPPING_SDK_INTERNAL_ERROR", "oops", Retry),
        ("250002", "Invalid Authentication Information.", Auth),
        ("120802", "Address", Reject),
    ],
)
def test_messages_become_the_three_kinds_of_errors(code, text, kind):
    assert type(parse.error_of([Message(code, text)])) is kind


@pytest.mark.parametrize("answers", [[], [None], [{"ShipmentResponse": "down"}], [{"ShipmentResponse": {}}]])
def test_a_charge_that_nobody_states_is_unknown(answers):
    assert parse.charge("ups", answers) == (D(0), "")
    assert parse.charge("gls", answers) == (D(0), "")


if INSTALLED:  # a soft dependency: whoever has it tests it

    def request(**values):
        sender = Address("Warehouse", "1 rue du Port", "Lyon", "69003", "FR", phone="+33472000000")
        receiver = Address("Zoë", "8 rue de Rivoli", "Paris", "75001", "FR", phone="+33612345678")
        return ShipmentRequest(
            **{
                "key": "K1",
                "sender": sender,
                "receiver": receiver,
                "parcel": Parcel(D("1.2"), D(30), D(20), D(10), D("59.90"), "EUR", "Box"),
                "service_code": "ups_standard",
                **values,
            }
        )

    @pytest.fixture
    def server():
        with UpsServer() as ups:
            yield ups

    def connect(server, **values):
        known = {"url": server.url, "key": "client", "secret": "secret", "number": "A1B2C3", "network": "ups"}
        account = Account(**{**known, **values})
        return client.Client(account)

    def test_rates_come_with_days(server):
        quotes = connect(server).rate(request(service_code=""))
        assert sorted((quote.price, quote.currency, quote.days) for quote in quotes) == [
            (D("12.4"), "EUR", 2),
            (D("31.9"), "EUR", 1),
        ]

    def test_a_label_is_made_under_our_key_and_can_be_voided(server):
        carrier = connect(server)
        result = carrier.ship(request())
        assert (result.tracking_number, result.label[:4]) == ("1Z999AA10000000001", b"%PDF")
        assert "K1" in repr(server.shipments[result.carrier_ref]["body"])
        carrier.cancel(result.carrier_ref)
        assert server.shipments[result.carrier_ref]["state"] == "void"
        with pytest.raises(Reject, match="No shipment found"):
            carrier.cancel("1Z0")

    def test_what_ups_charges_is_kept_by_contract_or_by_list(server):
        """SHP-11: karrio's own result leaves it out."""
        assert (connect(server).ship(request()).cost, connect(server).ship(request()).currency) == (D("11.16"), "EUR")
        server.contract = ""
        assert connect(server).ship(request()).cost == D("12.40")

    def test_an_address_that_ups_refuses_is_told_in_its_words(server):
        nowhere = Address("Zoë", "8 rue de Rivoli", "Paris", "00000", "FR", phone="+33612345678")
        with pytest.raises(Reject, match="Address Validation Error"):
            connect(server).ship(request(receiver=nowhere))

    @pytest.mark.parametrize("fault", ["lost", "html"])
    def test_an_answer_that_is_lost_may_have_made_the_label(server, fault):
        carrier = connect(server)
        carrier.rate(request())
        server.fail_next(fault)
        with pytest.raises(Retry) as caught:
            carrier.ship(request())
        assert caught.value.maybe_done

    def test_scans_become_ours(server):
        carrier = connect(server)
        number = carrier.ship(request()).tracking_number
        server.scan(number, "I", "OR", "Origin scan", "20261119", "180000", "Lyon")
        server.scan(number, "D", "KB", "Delivered", "20261120", "110500", "Paris")
        (update,) = carrier.track([number])
        assert [(event.at, event.state) for event in sorted(update.events, key=lambda event: event.at)] == [
            (datetime(2026, 11, 19, 18), "in_transit"),
            (datetime(2026, 11, 20, 11, 5), "delivered"),
        ]

    def test_a_carrier_inside_of_the_own_network_is_not_asked(server, monkeypatch):
        """SEC-01: whoever enters the address of a carrier has no machine of the merchant's asked."""
        carrier = connect(server)
        monkeypatch.setenv("OMS_PRIVATE_NETWORKS", "")
        with pytest.raises(Reject, match="inside of a private network"):
            carrier.rate(request())
        assert server.requests == []

    def test_where_a_carrier_sends_requests_on_to_is_not_asked(server):
        carrier = connect(server)
        server.fail_next("moved")
        with pytest.raises(Reject, match="another address, which is not followed"):
            carrier.rate(request())
        assert len(server.requests) == 1

    def test_a_karrio_that_connects_in_another_way_is_not_used(monkeypatch):
        from karrio.core.utils import helpers

        monkeypatch.delattr(helpers, "urlopen")
        with pytest.raises(Reject, match="cannot be guarded"):
            client.Client(Account(network="ups", key="client", secret="secret", number="A1B2C3"))

    def test_a_carrier_whose_package_is_missing_is_named(server):
        with pytest.raises(Reject, match="karrio-nowhere"):
            connect(server, network="nowhere")
