"""How karrio's requests leave this machine: as all others do, to addresses that were looked at, and to none that these name."""

from __future__ import annotations

from email.message import Message
from io import BytesIO
from types import ModuleType
from urllib.error import HTTPError
from urllib.request import Request
from urllib.response import addinfourl

from ...network import Refused, guarded_session
from ..base import Reject
from . import const

TIMEOUT_S = 40
RESPONSE_MAX_BYTES = 32 * 1024 * 1024
CHUNK_BYTES = 64 * 1024


def guard(helpers: ModuleType) -> None:
    """Have karrio's one way out be ours. It would open any address by itself, and follow wherever that leads.

    :param helpers: ``karrio.core.utils.helpers``.
    :raise Reject: for a karrio that has another way out.
    """
    if not hasattr(helpers, "urlopen"):
        raise Reject(
            "This version of karrio connects in a way that cannot be guarded. Install the one that requirements.txt names.",
            "version",
        )
    helpers.urlopen = open_guarded


def open_guarded(request: Request, timeout: float | None = None) -> addinfourl:
    """As ``urllib.request.urlopen``, but to addresses only that may be asked, and following nothing.

    :raise HTTPError: for an answer that is an error.
    :raise Refused: when the address may not be asked, or leads to another one; begins with :data:`~.const.GUARDED`.
    """
    try:
        return _open(request, timeout or TIMEOUT_S)
    except Refused as error:
        raise Refused(const.GUARDED + str(error)) from None


def _open(request: Request, timeout_s: float) -> addinfourl:
    with (
        guarded_session() as session,
        session.request(
            request.get_method(),
            request.full_url,
            data=request.data,
            headers={"Accept-Encoding": "identity", **dict(request.header_items())},
            auth=lambda prepared: prepared,  # as it stands in the headers; else a .netrc would be looked up
            timeout=timeout_s,
            allow_redirects=False,
            stream=True,
        ) as answer,
    ):
        if 300 <= answer.status_code < 400:
            raise Refused(
                "The carrier sends requests on to another address, which is not followed. Correct its address."
            )
        content = b""
        for chunk in answer.iter_content(CHUNK_BYTES):
            content += chunk
            if len(content) > RESPONSE_MAX_BYTES:
                raise OSError("the answer is too long")  # what was asked may have been done
    headers, body = Message(), BytesIO(content)
    for name, value in answer.headers.items():
        headers[name] = value
    if answer.status_code >= 400:
        raise HTTPError(request.full_url, answer.status_code, answer.reason, headers, body)
    return addinfourl(body, headers, request.full_url, answer.status_code)
