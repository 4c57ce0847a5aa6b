"""How requests to a shop are addressed and signed: as an integration (OAuth 1.0a), with its access token alone, or with a
token of Adobe's for the shops that Adobe runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from ...domain.adapter import Auth, Reject, Retry
from ..rest import Answer, Tokens
from . import const

TOKENS = Tokens()
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
STORE_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}|")


def is_cloud(api_url: str) -> bool:
    """Whether Adobe runs the shop: by its host, or by an address that leads to the API itself (``…/V1``)."""
    url = urlsplit(api_url)
    return (url.hostname or "").endswith(const.CLOUD_SUFFIX) or url.path.rstrip("/").endswith("/V1")


def root(api_url: str, site: str) -> str:
    """Address of the API. In most shops it names the store view; where Adobe runs them, a header does."""
    address = api_url.strip().rstrip("/")
    if not STORE_CODE.fullmatch(site):
        raise Reject("This is no code of a store view. Enter it as in Stores > All Stores, or leave it empty for all.")
    if is_cloud(address):
        return address.removesuffix("/V1") + "/V1/"
    return f"{address.partition('/rest')[0]}/rest/{site or const.STORE_ALL}/V1/"


def keys(address: str, api_key: str, api_secret: str, api_token: str) -> tuple[str, str, str, str]:
    """(consumer key, its secret, access token, its secret) to sign with. Without the first two the access token goes alone,
    and then not in the clear."""
    token, _colon, token_secret = (part.strip() for part in api_token.strip().partition(":"))
    if not token:
        raise Reject("The access token is missing. Enter it in the channel, with its secret after a colon.")
    key, secret = api_key.strip(), api_secret.strip()
    if bool(key) != bool(secret):
        raise Reject("Of consumer key and consumer secret one is missing. Enter both in the channel.")
    if key and not token_secret:
        raise Reject("The access token secret is missing. Enter it after the access token and a colon.")
    if not key:
        check_encrypted(address)
    return key, secret, token, token_secret


def check_encrypted(address: str) -> None:
    url = urlsplit(address)
    if url.scheme != "https" and url.hostname not in LOOPBACK:
        raise Reject("Without https:// anyone could read the access token on its way. Correct the shop address.")


class AdobeLogin:
    """Access tokens of Adobe's identity service, each good for a day.

    :param transfer: sends one request (:meth:`~..rest.RestClient.transfer`).
    """

    def __init__(self, address: str, client_id: str, client_secret: str, organization: str):
        if not (client_id and client_secret):
            raise Reject("The client ID or the client secret is missing. Enter them in the channel.")
        check_encrypted(address)
        url = urlsplit(address)
        self.client_id, self.organization = client_id, organization
        is_adobe = (url.hostname or "").endswith(const.CLOUD_SUFFIX)
        self._address = const.TOKEN_URL if is_adobe else f"{url.scheme}://{url.netloc}{const.TOKEN_PATH}"
        self._key = Tokens.key(address, client_id, client_secret)
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": const.TOKEN_SCOPES,
        }

    def headers(self) -> dict[str, str]:
        names = {"x-api-key": self.client_id}
        return names | ({"x-gw-ims-org-id": self.organization} if self.organization else {})

    def forget(self, now: float) -> bool:
        """Drop a token that is no longer taken; whether there was one."""
        had = bool(TOKENS.get(self._key, now))
        TOKENS.drop(self._key)
        return had

    def token(self, transfer: Callable[..., Answer], clock: Callable[[], float]) -> str:
        token = TOKENS.get(self._key, clock())
        if token:
            return token
        answer = transfer("POST", self._address, data=self._form)
        said = answer.json if isinstance(answer.json, dict) else {}
        token = said.get("access_token")
        if answer.status == 200 and isinstance(token, str) and token:
            lifetime_s = said.get("expires_in")
            TOKENS.put(self._key, token, lifetime_s if isinstance(lifetime_s, int) else 3600, clock())
            return token
        code = said.get("error")
        if answer.status in (400, 401, 403) and isinstance(code, str):
            raise Auth(f"Adobe gives out no access ({code[:40]}). Check the client ID and the client secret.", code)
        raise Retry(f"Adobe gives out no access at the moment (HTTP {answer.status}).", answer.delay_s)
