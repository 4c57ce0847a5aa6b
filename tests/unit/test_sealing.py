"""SEC: keys of shops are encrypted before they reach the database, and keys that encrypt can be changed."""

import os
import stat

import pytest

from odoo.addons.oms_core import sealing

OLD, NEW = "an old key taken by chance", "a-new-key-taken-by-chance"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    for name in ("OMS_SECRET_KEY", "OMS_SECRET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sealing, "odoo_option", lambda name: str(tmp_path) if name == "data_dir" else "")
    sealing._own_key.cache_clear()
    yield tmp_path
    sealing._own_key.cache_clear()


def test_what_is_sealed_tells_nothing_and_opens_again(monkeypatch):
    monkeypatch.setenv("OMS_SECRET_KEY", NEW)
    sealed = sealing.seal("shpat_0123456789")
    assert "0123" not in sealed
    assert sealing.seal("shpat_0123456789") != sealed  # nor whether two are the same
    assert sealing.open_sealed(sealed) == "shpat_0123456789"
    assert sealing.source() == "setting"


def test_a_key_is_changed_by_putting_the_new_one_in_front(monkeypatch):
    monkeypatch.setenv("OMS_SECRET_KEY", OLD.replace(" ", "-"))
    sealed = sealing.seal("secret")
    monkeypatch.setenv("OMS_SECRET_KEY", f"{NEW}, {OLD.replace(' ', '-')}")
    assert sealing.open_sealed(sealed) == "secret"
    assert not sealing.is_current(sealed)
    again = sealing.seal(sealing.open_sealed(sealed))
    monkeypatch.setenv("OMS_SECRET_KEY", NEW)
    assert sealing.is_current(again)
    assert sealing.open_sealed(again) == "secret"
    with pytest.raises(sealing.Unreadable, match="enter the key"):
        sealing.open_sealed(sealed)


def test_a_value_that_somebody_has_changed_does_not_open(monkeypatch):
    monkeypatch.setenv("OMS_SECRET_KEY", NEW)
    sealed = sealing.seal("secret")
    with pytest.raises(sealing.Unreadable):
        sealing.open_sealed(sealed[:-6] + "AAAAA=")


def test_the_key_may_stand_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text(NEW + "\n")
    monkeypatch.setenv("OMS_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert sealing.given_keys() == (NEW,)


def test_a_short_key_is_refused(monkeypatch):
    monkeypatch.setenv("OMS_SECRET_KEY", "admin")
    with pytest.raises(ValueError, match="at least 16"):
        sealing.seal("secret")


def test_without_a_key_the_server_makes_one_that_only_it_may_read(folder):
    sealed = sealing.seal("secret")
    path = folder / sealing.FILE_NAME
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert sealing.source() == "file"
    sealing._own_key.cache_clear()  # after a restart
    assert sealing.open_sealed(sealed) == "secret"


def test_what_the_servers_own_key_closed_opens_after_a_key_was_set(monkeypatch):
    sealed = sealing.seal("secret")
    monkeypatch.setenv("OMS_SECRET_KEY", NEW)
    assert sealing.open_sealed(sealed) == "secret"
    assert not sealing.is_current(sealed)


def test_a_process_that_comes_second_takes_the_key_of_the_first(folder, monkeypatch):
    """It looked before the first had finished, and made one of its own."""
    first = sealing._own_key.__wrapped__(str(folder))
    monkeypatch.setattr(sealing.Path, "exists", lambda _path: False)
    assert sealing._own_key.__wrapped__(str(folder)) == first
    assert os.listdir(folder) == [sealing.FILE_NAME]


def test_where_nothing_can_be_kept_nothing_is_encrypted_and_that_is_said(monkeypatch):
    monkeypatch.setattr(sealing, "odoo_option", lambda _name: "/proc/nowhere")
    assert sealing.source() == "none"
    assert sealing.seal("secret") == "secret"


def test_what_was_stored_before_there_was_encryption_is_read_as_it_is(monkeypatch):
    monkeypatch.setenv("OMS_SECRET_KEY", NEW)
    assert sealing.open_sealed("ck_123") == "ck_123"
    assert not sealing.is_current("ck_123")
