"""CAP-13, CAP-14: files are exchanged with a partner's SFTP server, and only with that one. A real server on this machine."""

import io
import os

import paramiko
import pytest

from odoo.addons.oms_channels.domain.adapter import Auth, Reject, Retry
from odoo.addons.oms_channels.platforms.files.sftp import Sftp
from odoo.addons.oms_channels.tests.servers.sftp import PASSWORD, USER, SftpServer

SUFFIXES = (".csv", ".edi")


@pytest.fixture
def server(tmp_path):
    with SftpServer(tmp_path) as server:
        yield server


@pytest.fixture
def connect(server):
    made = []

    def connect(**values):
        store = Sftp(
            server.url, **{"user": USER, "password": PASSWORD, "host_key": server.known_as, "timeout_s": 5, **values}
        )
        made.append(store)
        return store

    yield connect
    for store in made:
        store.close()


def test_a_file_is_taken_when_it_has_not_changed_since_the_last_look(server, connect):
    path = server.root / "in" / "orders.csv"
    path.write_bytes(b"half")
    first = connect()
    assert first.list_complete(0, 10, SUFFIXES) == []
    path.write_bytes(b"half and whole")
    second = connect(seen=first.seen)
    assert second.list_complete(0, 10, SUFFIXES) == []
    third = connect(seen=second.seen)
    assert third.list_complete(0, 10, SUFFIXES) == ["orders.csv"]
    assert third.get("orders.csv", 1000) == b"half and whole"
    third.finish("orders.csv", "abc")
    assert os.listdir(server.root / "in") == []
    assert os.listdir(server.root / "done") == ["orders.abc.csv"]


def test_a_bad_file_is_put_aside_with_its_reasons(server, connect):
    (server.root / "in" / "orders.csv").write_bytes(b"x")
    connect().finish("orders.csv", "abc", b"why")
    assert sorted(os.listdir(server.root / "error")) == ["orders.abc.csv", "orders.abc.reasons.txt"]


def test_links_hidden_files_folders_and_those_still_being_written_are_left_alone(server, connect):
    (server.root / "secret.csv").write_bytes(b"s")
    (server.root / "in" / "link.csv").symlink_to(server.root / "secret.csv")
    (server.root / "in" / "folder.csv").mkdir()
    for name in (".hidden.csv", "orders.csv.part", "picture.png"):
        (server.root / "in" / name).write_bytes(b"x")
    store = connect()
    store.list_complete(0, 10, SUFFIXES)
    assert connect(seen=store.seen).list_complete(0, 10, SUFFIXES) == []
    assert store.seen == {}


def test_a_file_of_ours_appears_whole_and_may_be_written_again(server, connect):
    store = connect()
    for content in (b"a" * 200_000, b"b"):
        store.put("out", "desadv-000000001.edi", content)
        assert [path.name for path in (server.root / "out").iterdir()] == ["desadv-000000001.edi"]
        assert (server.root / "out" / "desadv-000000001.edi").read_bytes() == content


def test_more_than_is_read_is_not_read(server, connect):
    (server.root / "in" / "large.csv").write_bytes(b"x" * 1001)
    assert connect().get("large.csv", 1000) is None
    assert len(connect().get("large.csv", 1001)) == 1001


def test_without_a_known_key_nobody_is_talked_to_and_the_key_is_named(server, connect):
    with pytest.raises(Auth) as caught:
        connect(host_key="").check()
    assert server.known_as in str(caught.value)
    other = paramiko.ECDSAKey.generate()
    with pytest.raises(Auth, match="another key") as caught:
        connect(host_key=f"{other.get_name()} {other.get_base64()}").check()
    assert PASSWORD not in str(caught.value)


def test_a_wrong_password_is_said_and_not_shown(connect):
    with pytest.raises(Auth, match="does not accept") as caught:
        connect(password="battery staple").check()
    assert "battery" not in str(caught.value)


def test_a_private_key_lets_in(server, connect):
    key = paramiko.RSAKey.generate(2048)
    server.client_key = key
    text = io.StringIO()
    key.write_private_key(text)
    connect(password="", key=text.getvalue()).check()
    with pytest.raises(Auth, match="cannot be read"):
        connect(password="", key="nonsense").check()


def test_a_server_that_lets_nothing_be_written_is_said(server, connect):
    server.read_only = True
    with pytest.raises(Reject, match="does not permit"):
        connect().put("out", "a.csv", b"x")
    (server.root / "in" / "a.csv").write_bytes(b"x")
    store = connect()
    store.list_complete(0, 10, SUFFIXES)
    store = connect(seen=store.seen)
    assert store.list_complete(0, 10, SUFFIXES) == ["a.csv"]
    store.finish("a.csv", "abc")
    assert (server.root / "in" / "a.csv").exists()


def test_a_folder_that_is_not_there_is_said(connect):
    with pytest.raises(Reject, match="Compare the names"):
        connect(folders={"in": "nowhere"}).check()


def test_a_server_that_does_not_answer_is_left_after_the_timeout(server, connect):
    server.is_mute = True
    with pytest.raises(Retry):
        connect(timeout_s=1).check()


def test_a_server_that_is_down_and_an_address_that_is_none_are_said(server):
    url = server.url
    server.__exit__()
    with pytest.raises(Retry, match="Nothing answers"):
        Sftp(url, USER, PASSWORD, host_key="ssh-rsa x", timeout_s=1).check()
    for address in ("", "http://x", "sftp://", "sftp://host:99999/"):
        with pytest.raises(Auth, match="is written as"):
            Sftp(address, USER).check()


def test_an_address_inside_of_the_network_is_not_asked(monkeypatch, server, connect):
    monkeypatch.setenv("OMS_PRIVATE_NETWORKS", "")
    with pytest.raises(Auth, match="private network"):
        connect().check()
    assert server.connections == 0
