"""A real SFTP server on a port of this machine, over a folder: a partner's, as far as tests need one."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

import paramiko

os.environ.setdefault("OMS_PRIVATE_NETWORKS", "127.0.0.0/8, ::1")

USER, PASSWORD = "acme", "correct horse"


class _Door(paramiko.ServerInterface):
    """Lets in who knows the password, or has the key."""

    def __init__(self, server: SftpServer):
        self.server = server

    def get_allowed_auths(self, username):
        return "password,publickey"

    def check_auth_password(self, username, password):
        good = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username, key):
        good = username == USER and self.server.client_key is not None and key == self.server.client_key
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED


class _File(paramiko.SFTPHandle):
    def stat(self):
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class _Folder(paramiko.SFTPServerInterface):
    """The files below the server's root, and nothing else."""

    def __init__(self, server, *arguments, **options):
        super().__init__(server, *arguments, **options)
        self.owner = server.server

    def _real(self, path: str) -> str:
        return str(self.owner.root) + self.canonicalize(path)

    def _try(self, act):
        try:
            return act()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def list_folder(self, path):
        def act():
            found = []
            for entry in sorted(os.listdir(self._real(path))):
                attributes = paramiko.SFTPAttributes.from_stat(os.lstat(os.path.join(self._real(path), entry)))
                attributes.filename = entry
                found.append(attributes)
            return found

        return self._try(act)

    def stat(self, path):
        return self._try(lambda: paramiko.SFTPAttributes.from_stat(os.stat(self._real(path))))

    lstat = stat

    def open(self, path, flags, attr):
        def act():
            if self.owner.read_only and flags & (os.O_WRONLY | os.O_RDWR):
                return paramiko.SFTP_PERMISSION_DENIED
            descriptor = os.open(self._real(path), flags, 0o644)
            file = os.fdopen(descriptor, "wb" if flags & os.O_WRONLY else "r+b" if flags & os.O_RDWR else "rb")
            handle = _File(flags)
            handle.filename, handle.readfile, handle.writefile = path, file, file
            self.owner.opened += 1
            return handle

        return self._try(act)

    def remove(self, path):
        return self._try(lambda: os.remove(self._real(path)) or paramiko.SFTP_OK)

    def rename(self, oldpath, newpath):
        def act():
            if self.owner.read_only or os.path.exists(self._real(newpath)):
                return paramiko.SFTP_PERMISSION_DENIED if self.owner.read_only else paramiko.SFTP_FAILURE
            os.rename(self._real(oldpath), self._real(newpath))
            return paramiko.SFTP_OK

        return self._try(act)

    def posix_rename(self, oldpath, newpath):
        def act():
            if self.owner.read_only:
                return paramiko.SFTP_PERMISSION_DENIED
            os.replace(self._real(oldpath), self._real(newpath))
            return paramiko.SFTP_OK

        return self._try(act)

    def mkdir(self, path, attr):
        if self.owner.read_only:
            return paramiko.SFTP_PERMISSION_DENIED
        return self._try(lambda: os.mkdir(self._real(path)) or paramiko.SFTP_OK)


class SftpServer:
    """Use as a context: ``with SftpServer(folder) as server``.

    :param root: an existing folder; ``in`` and ``out`` are made in it.
    """

    def __init__(self, root: Path):
        self.root = Path(root)
        self.host_key = paramiko.ECDSAKey.generate()
        self.client_key = None
        self.read_only = False
        self.is_mute = False
        self.opened = self.connections = 0
        self._socket = None
        self._transports: list[paramiko.Transport] = []
        for part in ("in", "out"):
            (self.root / part).mkdir(exist_ok=True)

    @property
    def url(self) -> str:
        return f"sftp://127.0.0.1:{self._socket.getsockname()[1]}/"

    @property
    def known_as(self) -> str:
        """The line of this server in ``known_hosts``, without its name."""
        return f"{self.host_key.get_name()} {self.host_key.get_base64()}"

    def __enter__(self) -> SftpServer:
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_error) -> None:
        with suppress(OSError):  # closed before
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept(), and would keep the port open
        self._socket.close()
        for transport in self._transports:
            transport.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            if self.is_mute:
                self._mute = connection  # kept open, and never answered
                continue
            transport = paramiko.Transport(connection)
            transport.set_log_channel("oms.sftp")
            transport.add_server_key(self.host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder)
            self._transports.append(transport)
            try:
                transport.start_server(server=_Door(self))
            except (paramiko.SSHException, EOFError, OSError):  # who came has gone
                continue
