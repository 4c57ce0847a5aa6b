"""A partner's SFTP server as a store of files. One server is talked to, known by its key; passwords and keys are never told.

The folder of the partner's files is read; what was read is moved into ``done`` or ``error`` beside it, and stays where it is
when the server does not permit that: it is known by its content. Files of ours are written under another name and renamed when
they are complete.
"""

from __future__ import annotations

import base64
import hashlib
import io
import ipaddress
import logging
import posixpath
import re
import socket
import stat
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from odoo.addons.oms_core import network

from ...const import SFTP_SEEN_MAX, SFTP_TIMEOUT_S
from ...domain.adapter import Auth, Reject, Retry

try:
    import paramiko
except ImportError:  # said where somebody needs it
    paramiko = None

#: What is still being written, by the names that programs give it meanwhile.
UNFINISHED = (".part", ".tmp", ".filepart", ".partial", ".temp")
#: Looked at in one folder.
LISTED_MAX = 5000
#: Ways to agree on keys that are broken.
DISABLED = {"kex": ["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1"], "keys": ["ssh-dss"]}
CHUNK_BYTES = 32 * 1024

#: What goes wrong is told to whoever asked; the library's own words would fill the server's log with traces.
LOG_NAME = "oms.sftp"
logging.getLogger(LOG_NAME).setLevel(logging.CRITICAL)


class Sftp:
    """See the module. Connects when first needed; :meth:`close` when done.

    :param host_key: ``ssh-ed25519 AAAA…``, as ``known_hosts`` has it.
    :param folders: {"in": where the partner's files are, "out": where ours go}, below the folder of the address.
    :param seen: {name: [size, time of change]} at the last look; a file that is the same at the next is complete.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str = "",
        key: str = "",
        host_key: str = "",
        folders: Mapping[str, str] | None = None,
        seen: Mapping[str, Sequence[int]] | None = None,
        timeout_s: float = SFTP_TIMEOUT_S,
    ):
        self.url, self.user, self.timeout_s = url, user, timeout_s
        self._password, self._key, self._host_key = password, key, " ".join(host_key.split()[:2])
        self.folders = {"in": "in", "out": "out", **(folders or {})}
        self.seen = dict(seen or {})
        self._transport = self._sftp = None

    # ---- The store ----

    def check(self) -> None:
        with self._connected() as sftp:
            for part in ("in", "out"):
                sftp.listdir_attr(self._path(part))

    def put(self, part: str, name: str, data: bytes) -> None:
        """A file that is complete as soon as it is seen."""
        with self._connected() as sftp:
            target, hidden = self._path(part, name), self._path(part, f".{name}.part")
            with sftp.open(hidden, "wb") as file:
                file.set_pipelined(True)
                file.write(data)
            if sftp.stat(hidden).st_size != len(data):
                raise Retry("The server has not kept all of the file. It is written again.")
            self._rename(sftp, hidden, target)

    def list_complete(self, quiet_s: float, limit: int, suffixes: Sequence[str]) -> list[str]:
        """Names of the partner's files that have not changed since the last look, the oldest first."""
        found = []
        now: dict[str, list[int]] = {}
        with self._connected() as sftp:
            for count, entry in enumerate(sftp.listdir_iter(self._path("in"))):
                if count >= LISTED_MAX:
                    break
                name = entry.filename
                if not self._is_file(entry, name) or not name.lower().endswith(tuple(suffixes)):
                    continue
                state = [int(entry.st_size or 0), int(entry.st_mtime or 0)]
                if self.seen.get(name) == state:
                    found.append((state[1], name))
                if len(now) < SFTP_SEEN_MAX:
                    now[name] = state
        self.seen = now
        return [name for _changed, name in sorted(found)[:limit]]

    def get(self, name: str, max_bytes: int) -> bytes | None:
        """The content; ``None`` when there is more of it than is read."""
        with self._connected() as sftp, sftp.open(self._path("in", name), "rb") as file:
            parts, left = [], max_bytes + 1
            while left > 0 and (part := file.read(min(CHUNK_BYTES, left))):
                parts.append(part)
                left -= len(part)
        return b"".join(parts) if left > 0 else None

    def finish(self, name: str, mark: str, report: bytes | None = None) -> None:
        """Move a file away from where it lies; one with a report to ``error``, with the report beside it."""
        part = "done" if report is None else "error"
        stem, suffix = posixpath.splitext(name)
        with self._connected() as sftp:
            folder = posixpath.join(posixpath.dirname(self._path("in")), part)
            try:
                self._make(sftp, folder)
                if report is not None:
                    with sftp.open(posixpath.join(folder, f"{stem[:100]}.{mark}.reasons.txt"), "wb") as file:
                        file.write(report)
                self._rename(sftp, self._path("in", name), posixpath.join(folder, f"{stem[:100]}.{mark}{suffix}"))
            except OSError:
                # Not ours to move. It is known by its content, and not looked at again before it changes.
                self.seen[name] = [-1, -1]
            else:
                self.seen.pop(name, None)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._transport = self._sftp = None

    # ---- The connection ----

    @contextmanager
    def _connected(self):
        """:raise Retry: when the server cannot be reached, :raise Auth: when it does not let us in or is another one."""
        if paramiko is None:
            raise Auth("The program paramiko is not installed on this server. Ask your administrator to install it.")
        try:
            if self._sftp is None:
                self._connect()
            yield self._sftp
        except (TimeoutError, paramiko.SSHException, EOFError, ConnectionError) as error:
            self.close()
            raise Retry(
                f"The connection to the SFTP server was lost ({type(error).__name__}). It is tried again."
            ) from None
        except PermissionError:
            raise Reject(
                "The SFTP server does not permit that. Ask the partner for the rights on the folder."
            ) from None
        except FileNotFoundError:
            raise Reject(
                f"There is no folder “{self.folders['in']}” or “{self.folders['out']}” on the SFTP server, or the file is gone. "
                "Compare the names of the folders."
            ) from None

    def _connect(self) -> None:
        host, port = self._address()
        sock = self._socket(host, port)
        transport = paramiko.Transport(sock, disabled_algorithms=DISABLED)
        self._transport = transport
        transport.set_log_channel(LOG_NAME)
        transport.banner_timeout = transport.auth_timeout = transport.handshake_timeout = self.timeout_s
        try:
            transport.start_client(timeout=self.timeout_s)
        except paramiko.SSHException as error:
            self.close()
            raise Retry(
                f"“{host}” does not speak SSH as it should ({type(error).__name__}). Check address and port."
            ) from None
        self._check_server(transport.get_remote_server_key())
        try:
            if self._key:
                transport.auth_publickey(self.user, self._private_key())
            else:
                transport.auth_password(self.user, self._password)
        except paramiko.AuthenticationException:
            self.close()
            raise Auth("The SFTP server does not accept the user with this password or key. Compare them.") from None
        self._sftp = paramiko.SFTPClient.from_transport(transport)
        self._sftp.get_channel().settimeout(self.timeout_s)

    def _address(self) -> tuple[str, int]:
        try:
            parts = urlsplit(self.url)
            host, port = parts.hostname, parts.port or 22
        except ValueError:
            host, port, parts = None, 0, None
        if not host or parts.scheme != "sftp":
            raise Auth("The address of the SFTP server is written as sftp://server.example:22/folder. Correct it.")
        return host, port

    def _socket(self, host: str, port: int) -> socket.socket:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Retry(f"There is no server of the name “{host}”. Check how the address is spelt.") from None
        for *_rest, target in found:
            try:
                network.check_address(ipaddress.ip_address(target[0].partition("%")[0]), host, True)
            except network.Refused as error:
                raise Auth(str(error)) from None
        for family, kind, protocol, _name, target in found:
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(self.timeout_s)
            try:
                sock.connect(target)
            except OSError:
                sock.close()
            else:
                return sock
        raise Retry(f"Nothing answers at “{host}”, port {port}. It is asked again.")

    def _check_server(self, key) -> None:
        shown = f"{key.get_name()} {key.get_base64()}"
        if shown == self._host_key:
            return
        self.close()
        print_of = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
        if not self._host_key:
            raise Auth(
                f"The SFTP server shows the key {shown} (SHA256:{print_of}). Ask the partner whether that is its key; if it is, "
                "enter it as the server's key."
            )
        raise Auth(
            f"The SFTP server shows another key than the one that is entered: SHA256:{print_of}. It may be another server. Ask "
            "the partner before you change it."
        )

    def _private_key(self):
        for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
            try:
                return kind.from_private_key(io.StringIO(self._key), self._password or None)
            except (paramiko.SSHException, ValueError, IndexError, TypeError):
                continue
        raise Auth("The private key cannot be read. Enter it in OpenSSH or PEM format, with its password.")

    # ---- Paths ----

    def _path(self, part: str, name: str = "") -> str:
        base = urlsplit(self.url).path or "."
        return posixpath.join(base.lstrip("/") if base.startswith("/./") else base, self.folders[part], name).rstrip(
            "/"
        )

    @staticmethod
    def _is_file(entry, name: str) -> bool:
        is_plain = stat.S_ISREG(entry.st_mode or 0)
        return (
            is_plain
            and bool(re.fullmatch(r"[^./\\][^/\\\x00-\x1f]{0,199}", name))
            and not name.lower().endswith(UNFINISHED)
        )

    @staticmethod
    def _make(sftp, folder: str) -> None:
        try:
            sftp.stat(folder)
        except FileNotFoundError:
            sftp.mkdir(folder)

    @staticmethod
    def _rename(sftp, old: str, new: str) -> None:
        try:
            sftp.posix_rename(old, new)
        except OSError:
            # An older server: what was written before under that name is in the way.
            with suppress(OSError):
                sftp.remove(new)
            sftp.rename(old, new)
