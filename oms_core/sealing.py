"""Keys of shops and carriers, encrypted before they reach the database.

Whoever reads the database (a backup, a replica, a report, a copy on a developer's machine) reads no key. What encrypts them is
kept outside of it:

* ``OMS_SECRET_KEY``, ``OMS_SECRET_KEY_FILE`` or ``oms_secret_key`` in ``odoo.conf``: any long random text. Several, separated
  by commas or blanks: the first encrypts, all of them decrypt. So a key is changed: put the new one in front, restart, wait
  for the night's job (``oms.secrets._seal_anew``), then take the old one away.
* Where nothing of it is set, a file that is made once in Odoo's data folder. Backups of the database alone do not hold it.

Turned down: a key derived from what is in the database, which every copy of the database brings along.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
from base64 import urlsafe_b64encode
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from .settings import odoo_option, setting

_logger = logging.getLogger(__name__)

PREFIX = "oms1:"
KEY_MIN_CHARS = 16
FILE_NAME = "oms_secret_key"


class Unreadable(Exception):
    """A value that none of the keys opens. The message is a sentence for whoever runs the server."""


@lru_cache(maxsize=32)
def _cipher(key: str) -> tuple[str, Fernet]:
    """(short name of the key, what encrypts with it). The key is random, so that a hash is enough to make it the right size."""
    material = hashlib.sha256(b"oms sealing v1\0" + key.encode()).digest()
    name = hashlib.sha256(b"oms sealing name\0" + material).hexdigest()[:8]
    return name, Fernet(urlsafe_b64encode(material))


def given_keys() -> tuple[str, ...]:
    """The keys that whoever runs the server has set.

    :raise ValueError: for one that is too short to be random.
    """
    keys = tuple(filter(None, re.split(r"[\s,;]+", setting("secret_key"))))
    if any(len(key) < KEY_MIN_CHARS for key in keys):
        raise ValueError(f"OMS_SECRET_KEY must have at least {KEY_MIN_CHARS} characters, taken by chance.")
    return keys


@lru_cache(maxsize=1)
def _own_key(folder: str) -> str:
    """The key of the file in Odoo's data folder, made when there is none; empty where it cannot be written.

    Several processes may come at once: the file appears whole, and the first one stays.
    """
    path = Path(folder) / FILE_NAME
    try:
        if not path.exists():
            mine = path.with_name(f"{FILE_NAME}.{os.getpid()}")
            descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(32))
            try:
                os.link(mine, path)
            except FileExistsError:
                _logger.info("Another process was quicker; its key is used")
            finally:
                mine.unlink()
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        _logger.warning("Keys of shops are not encrypted: %s cannot be used (%s)", path, type(error).__name__)
        return ""


def keys() -> tuple[str, ...]:
    """All keys, the one that encrypts first. Empty: nothing is encrypted.

    The file's key still opens what it closed before a key was set.
    """
    folder = odoo_option("data_dir")
    own = _own_key(str(folder)) if folder else ""
    return tuple(filter(None, (*given_keys(), own)))


def source() -> str:
    """Where the key that encrypts comes from: ``setting``, ``file`` or ``none``."""
    if given_keys():
        return "setting"
    return "file" if keys() else "none"


def seal(text: str) -> str:
    """``text`` as it may stand in a database. What is sealed already stays as it is."""
    if text.startswith(PREFIX):
        return text
    known = keys()
    if not known:
        return text
    name, cipher = _cipher(known[0])
    return f"{PREFIX}{name}:{cipher.encrypt(text.encode()).decode()}"


def open_sealed(text: str) -> str:
    """What was sealed. What was stored before there was a key is given back as it is.

    :raise Unreadable: when none of the keys opens it.
    """
    if not text.startswith(PREFIX):
        return text
    wanted, _colon, token = text[len(PREFIX) :].partition(":")
    for key in keys():
        name, cipher = _cipher(key)
        if name == wanted:
            try:
                return cipher.decrypt(token.encode()).decode()
            except InvalidToken:
                break
    raise Unreadable(
        "A key of this record was encrypted with another OMS_SECRET_KEY than this server has. Set that one too, or enter the "
        "key of the shop or carrier anew."
    )


def is_current(text: str) -> bool:
    """Whether a stored value is sealed with the key that encrypts now."""
    known = keys()
    if not known:
        return True
    return text.startswith(f"{PREFIX}{_cipher(known[0])[0]}:")
