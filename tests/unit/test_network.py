"""SEC: where programs connect to. Addresses that users enter never lead into the merchant's own network."""

import ipaddress
import socket
import ssl

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain.adapter import Reject, Request, Retry
from odoo.addons.oms_channels.platforms.rest import RestClient
from odoo.addons.oms_channels.tests.servers.base import PlatformServer, Reply
from odoo.addons.oms_core import network

PRIVATE = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 127.0.0.1 127.255.0.1 169.254.169.254 169.254.170.2 172.16.0.1
    172.31.255.255 192.0.0.192 192.0.2.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1
    255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1
    64:ff9b::a00:1 64:ff9b:1::1 100::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe:: fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1
""".split()
PUBLIC = """
    1.1.1.1 8.8.8.8 23.227.38.65 100.63.255.255 172.32.0.1 2606:4700::1111 2001:4860:4860::8888 ::ffff:8.8.8.8
    64:ff9b::808:808
""".split()


@pytest.fixture(autouse=True)
def nothing_allowed(monkeypatch):
    monkeypatch.delenv("OMS_PRIVATE_NETWORKS", raising=False)
    monkeypatch.delenv("OMS_PLAIN_HTTP_HOSTS", raising=False)


@pytest.fixture
def server(monkeypatch):
    class Server(PlatformServer):
        def handle(self, asked):
            return Reply(200, {"ok": True})

    with Server() as running:
        monkeypatch.delenv(
            "OMS_PRIVATE_NETWORKS", raising=False
        )  # which the server has set for the sake of other tests
        yield running


@pytest.mark.parametrize("text", PRIVATE)
def test_addresses_of_the_own_network_and_of_clouds_metadata_are_not_public(text):
    assert not network.is_public(ipaddress.ip_address(text))
    with pytest.raises(network.Refused, match="private network"):
        network.check_address(ipaddress.ip_address(text), "shop.example", encrypted=True)


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_of_shops_are_public(text):
    assert network.is_public(ipaddress.ip_address(text))
    network.check_address(ipaddress.ip_address(text), "shop.example", encrypted=True)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_private_in_ipv6_clothes_as_it_is_in_its_own(address):
    for text in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert network.is_public(ipaddress.ip_address(text)) == network.is_public(address)


def test_a_shop_without_tls_is_asked_only_where_that_is_allowed(monkeypatch):
    address = ipaddress.ip_address("8.8.8.8")
    with pytest.raises(network.Refused, match="https://"):
        network.check_address(address, "Old.example", encrypted=False)
    monkeypatch.setenv("OMS_PLAIN_HTTP_HOSTS", "other.example, old.example")
    network.check_address(address, "Old.example", encrypted=False)


def test_private_networks_are_asked_where_whoever_runs_the_server_allows_them(monkeypatch):
    monkeypatch.setenv("OMS_PRIVATE_NETWORKS", "10.1.2.0/24, fd00:1::/64")
    for text in ("10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5"):
        network.check_address(ipaddress.ip_address(text), "shop", encrypted=False)
    for text in ("10.1.3.3", "127.0.0.1", "fd00:2::5"):
        with pytest.raises(network.Refused):
            network.check_address(ipaddress.ip_address(text), "shop", encrypted=True)


def test_the_setting_may_stand_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "networks").write_text("10.1.2.0/24\n")
    monkeypatch.setenv("OMS_PRIVATE_NETWORKS_FILE", str(tmp_path / "networks"))
    network.check_address(ipaddress.ip_address("10.1.2.3"), "shop", encrypted=False)


def client(root, **options):
    return RestClient(root, timeout_s=2, **options)


def test_a_local_address_is_not_even_connected_to(server):
    for host in ("127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1"):
        with pytest.raises(Reject, match="private network"):
            client(server.url.replace("127.0.0.1", host)).send(Request("GET", "x"))
    assert not server.asked


def test_a_local_server_is_asked_once_its_network_is_allowed(server, monkeypatch):
    monkeypatch.setenv("OMS_PRIVATE_NETWORKS", "127.0.0.0/8")
    assert client(server.url).send(Request("GET", "x")) == {"ok": True}


def _resolving(monkeypatch, *answers):
    """Names resolve to these addresses, one answer after the other, the last for good."""
    answers, asked = list(answers), []

    def getaddrinfo(host, port, *_arguments, **_options):
        asked.append(host)
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_a_name_that_leads_inside_is_refused(server, monkeypatch):
    _resolving(monkeypatch, ["127.0.0.1"])
    with pytest.raises(Reject, match="“shop.example” is an address inside of a private network"):
        client(server.url.replace("127.0.0.1", "shop.example")).send(Request("GET", "x"))
    assert not server.asked


def test_a_name_with_one_private_address_among_public_ones_is_refused(server, monkeypatch):
    _resolving(monkeypatch, ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(Reject, match="private network"):
        client(server.url.replace("http://127.0.0.1", "https://shop.example")).send(Request("GET", "x"))


def test_a_name_that_is_rebound_after_the_look_gains_nothing(server, monkeypatch):
    """The name is resolved once, and what was looked at is what is connected to."""
    asked = _resolving(monkeypatch, ["203.0.114.1"], ["127.0.0.1"])
    connected = []

    def connect(self, target):
        connected.append(target[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Retry, match="nothing answers"):
        client(server.url.replace("http://127.0.0.1", "https://shop.example")).send(Request("GET", "x"))
    assert (len(asked), connected) == (1, ["203.0.114.1"])


def test_a_proxy_does_not_carry_us_inside(monkeypatch):
    session = network.guarded_session()
    session.proxies = {"https": "http://proxy.example:3128"}
    _resolving(monkeypatch, ["169.254.169.254"])
    with pytest.raises(network.Refused):
        session.get("https://shop.example/", timeout=2)


# ---- What failures mean ----


def _said(root, error=None, **options):
    class Broken(requests.Session):
        def request(self, *_arguments, **_options):
            raise error

    given_session = {"session": Broken()} if error else {}
    with pytest.raises(Retry) as caught:
        client(root, **given_session, **options).send(Request("GET", "x"))
    return caught.value.code, str(caught.value)


def test_a_name_that_does_not_exist_is_told_as_such():
    code, text = _said("https://no-such-shop.invalid")
    assert (code, "“no-such-shop.invalid”" in text, "spelt" in text) == ("name", True, True)


def test_a_port_where_nobody_listens_is_told_as_such(monkeypatch):
    monkeypatch.setenv("OMS_PRIVATE_NETWORKS", "127.0.0.0/8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert _said(f"http://127.0.0.1:{port}")[0] == "closed"


def test_a_server_that_is_silent_is_told_as_such(server, monkeypatch):
    monkeypatch.setenv("OMS_PRIVATE_NETWORKS", "127.0.0.0/8")
    server.fail_next("slow", delay_s=3)
    with pytest.raises(Retry) as caught:
        RestClient(server.url, timeout_s=0.3).send(Request("GET", "x"))
    assert caught.value.code == "timeout"
    assert "within 0.3 s" in str(caught.value)


def test_a_server_without_tls_behind_https_is_told_as_such(server, monkeypatch):
    monkeypatch.setenv("OMS_PRIVATE_NETWORKS", "127.0.0.0/8")
    code, text = _said(server.url.replace("http://", "https://"))
    assert (code, "TLS" in text) == ("certificate", True)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("certificate has expired", "has expired"),
        ("certificate is not yet valid", "clock of this server"),
        ("Hostname mismatch, certificate is not valid for 'x'", "another name"),
        ("self-signed certificate", "nobody vouches"),
        ("unable to get local issuer certificate", "nobody vouches"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told(said, expected):
    cause = ssl.SSLCertVerificationError()
    cause.verify_message = said
    code, text = _said("https://shop.example", requests.exceptions.SSLError(cause))
    assert code == "certificate"
    assert expected in text


def test_no_secret_of_a_signed_address_is_told():
    error = requests.exceptions.ConnectionError("https://shop.example/?consumer_secret=cs_1")
    assert "cs_1" not in _said("https://shop.example", error)[1]
