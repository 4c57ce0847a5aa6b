"""Where programs of ours connect to: public addresses over TLS, unless whoever runs the server allows more.

What a user enters as the address of a shop or a carrier is asked by *this* machine, which stands inside of the merchant's
network: without a guard, "http://169.254.169.254/…" or a name that resolves to the accounting system would be read for them.
The name is resolved here, every address that it has is looked at, and the connection goes to the very address that was
looked at; a name that resolves otherwise a moment later gains nothing. Redirects are not followed by anybody here.

``OMS_PRIVATE_NETWORKS`` (or ``oms_private_networks`` in ``odoo.conf``) names the private networks that may be asked, such as
``10.1.2.0/24, fd00:1::/64, 127.0.0.0/8``. They may be asked without TLS, too. ``OMS_PLAIN_HTTP_HOSTS`` names hosts elsewhere
that may, separated by commas.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from functools import lru_cache
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from .settings import setting

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: What :mod:`ipaddress` calls global all the same, or only newer versions know (RFC 6890, 8215, 6052, 3056, 4380).
NEVER_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "fec0::/10",
        "64:ff9b:1::/48",
        "5f00::/16",
    )
)
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(requests.exceptions.InvalidURL):
    """A connection that is not made. The message is a sentence for whoever entered the address."""


class _NotAsked(Exception):
    """The same on its way through urllib3, which takes every ``OSError`` for a lost connection."""


# ---- Decisions ----


def carried(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for (mapped, compatible, NAT64, 6to4, Teredo); else the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address.sixtofour:
            return address.sixtofour
        if address.teredo:
            return address.teredo[1]
    return address


def is_public(address: Address) -> bool:
    """Whether an address belongs to a machine that anybody could ask."""
    inner = carried(address)
    return (
        inner.is_global
        and not (inner.is_multicast or inner.is_reserved or inner.is_unspecified or inner.is_loopback)
        and not inner.is_link_local
        and not any(inner in network for network in NEVER_PUBLIC if network.version == inner.version)
    )


@lru_cache(maxsize=16)
def networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The networks that a setting names.

    :raise ValueError: for what is no network.
    """
    return tuple(ipaddress.ip_network(part, strict=False) for part in re.split(r"[\s,;]+", text) if part)


def is_private_allowed(address: Address) -> bool:
    """Whether whoever runs the server lets this private address be asked."""
    allowed = networks(setting("private_networks"))
    return any(
        one in network for one in {address, carried(address)} for network in allowed if network.version == one.version
    )


def _check(address: Address, host: str, encrypted: bool) -> None:
    """:raise _NotAsked: when this address may not be asked."""
    if is_private_allowed(address):
        return
    if not is_public(address):
        raise _NotAsked(
            f"“{host}” is an address inside of a private network, which is not asked. Enter the public address; or have whoever "
            "runs this server add the network to OMS_PRIVATE_NETWORKS."
        )
    plain = {name.strip().lower() for name in setting("plain_http_hosts").split(",")}
    if not encrypted and host.lower() not in plain:
        raise _NotAsked(
            f"Without https:// anyone on the way could read the keys for “{host}”. Enter the address with https://; or have "
            "whoever runs this server add the host to OMS_PLAIN_HTTP_HOSTS."
        )


def check_address(address: Address, host: str, encrypted: bool) -> None:
    """:raise Refused: when this address may not be asked."""
    try:
        _check(address, host, encrypted)
    except _NotAsked as error:
        raise Refused(str(error)) from None


# ---- Connections ----


class _Checked:
    """A connection to an address that was looked at: name, look and connection are one step."""

    encrypted = False

    def _new_conn(self) -> socket.socket:
        host = self._dns_host.strip("[]").rstrip(".")
        try:
            found = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failure = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(self.host, self, failure) from None
        targets = []
        for family, kind, protocol, _name, target in found:
            # All are looked at before one is asked: a name with one private address is not asked at all.
            _check(ipaddress.ip_address(target[0].partition("%")[0]), host, self.encrypted)
            targets.append((family, kind, protocol, target))
        failure = None
        for family, kind, protocol, target in targets:
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                if isinstance(self.timeout, (int, float)):
                    sock.settimeout(self.timeout)
                sock.connect(target)
            except OSError as error:
                failure = error
                sock.close()
            else:
                return sock
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, f"no connection to {self.host} in {self.timeout} s") from None
        raise NewConnectionError(self, f"no connection to {self.host}: {failure}") from failure


class _PlainConnection(_Checked, HTTPConnection):
    pass


class _TlsConnection(_Checked, HTTPSConnection):
    encrypted = True


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class GuardedAdapter(HTTPAdapter):
    """Connects only where :func:`check_address` lets it."""

    def init_poolmanager(self, *arguments, **options):
        result = super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        return result

    def send(self, request, *arguments, proxies=None, **options):
        """Override: through a proxy, which resolves the name itself, at least what the name says here is looked at."""
        if proxies and requests.utils.select_proxy(request.url, proxies):
            url = urlsplit(request.url)
            try:
                found = socket.getaddrinfo(url.hostname, url.port or 443, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError):
                found = []  # names that only the proxy knows are its business
            for *_rest, target in found:
                check_address(ipaddress.ip_address(target[0].partition("%")[0]), url.hostname, url.scheme == "https")
        try:
            return super().send(request, *arguments, proxies=proxies, **options)
        except _NotAsked as error:
            raise Refused(str(error)) from None


def guarded_session() -> requests.Session:
    """A session that connects to public addresses only, over TLS."""
    session = requests.Session()
    session.mount("https://", GuardedAdapter())
    session.mount("http://", GuardedAdapter())
    return session


# ---- What a failure means ----


def explain(error: requests.RequestException, label: str, host: str, timeout_s: float) -> tuple[str, str]:
    """(code, sentence with what to do next) for a request that brought no answer. Nothing of the request itself is told: its
    address may be signed.

    :param label: what a clerk calls the other side.
    """
    if isinstance(error, Refused):
        return "refused", str(error)
    causes = list(_causes(error))
    if isinstance(error, requests.exceptions.SSLError):
        return "certificate", f"{label} could not be reached safely: {_certificate(causes, host)}"
    if any(isinstance(cause, (NameResolutionError, socket.gaierror)) for cause in causes):
        return (
            "name",
            f"{label} could not be reached: there is no server of the name “{host}”. Check how the address is spelt.",
        )
    if isinstance(error, requests.exceptions.Timeout) or any(isinstance(cause, TimeoutError) for cause in causes):
        return "timeout", (
            f"{label} could not be reached: “{host}” has not answered within {timeout_s:g} s. It is asked again; if that "
            "goes on, ask whoever hosts it whether a firewall keeps this server out."
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return (
            "closed",
            f"{label} could not be reached: nothing answers at “{host}”. Check the address and its port, if it has one.",
        )
    return "lost", f"{label} could not be reached, or its answer was lost ({type(error).__name__}). It is asked again."


def _causes(error: BaseException):
    """An error and what led to it, also where it is only handed on as an argument."""
    seen, todo = set(), [error]
    while todo:
        one = todo.pop()
        if id(one) in seen or len(seen) > 20:
            continue
        seen.add(id(one))
        yield one
        nearby = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        todo += [other for other in nearby if isinstance(other, BaseException)]


def _certificate(causes, host: str) -> str:
    failure = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    what = (failure.verify_message if failure else "").lower()
    if "expired" in what:
        return f"the certificate of “{host}” has expired. Have it renewed by whoever hosts the shop; check this server's clock."
    if "not yet valid" in what:
        return f"the certificate of “{host}” is not valid yet. Check the clock of this server."
    if "mismatch" in what or "not valid for" in what or "doesn't match" in what:
        return f"the certificate there is for another name than “{host}”. Enter the address as customers do."
    if "self-signed" in what or "self signed" in what or "local issuer" in what:
        return f"nobody vouches for the certificate of “{host}”. Have a proper one installed by whoever hosts the shop."
    return f"“{host}” does not speak TLS as it should. Check the address, and its port if it has one."
