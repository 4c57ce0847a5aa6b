import hashlib
import json
import time
from collections import OrderedDict
from threading import Lock

from odoo import http
from odoo.http import request

from odoo.addons.oms_core.const import BODY_MAX_BYTES

from ..const import API_BUCKETS_MAX, API_BURST, API_PER_S, HEADER_MAX_CHARS
from ..domain.problem import ApiProblem
from ..domain.throttle import Bucket
from ..platforms.rest_api import const, openapi, verify

#: Headers kept with what an app sent.
KEPT = ("content-type", "user-agent", "idempotency-key", "x-oms-timestamp", "x-oms-signature")


class Speed:
    """How fast each app asks, in this process."""

    def __init__(self):
        self._buckets = OrderedDict()
        self._lock = Lock()

    def check(self, name):
        """:raise ApiProblem: 429, for who asks too fast."""
        now = time.monotonic()
        with self._lock:
            bucket = self._buckets.pop(name, None) or Bucket(API_BURST, API_PER_S, API_BURST, now)
            wait_s = bucket.wait(1, now)
            self._buckets[name] = bucket if wait_s else bucket.spend(1, now)
            while len(self._buckets) > API_BUCKETS_MAX:
                self._buckets.popitem(last=False)
        if wait_s:
            retry_after = int(wait_s) + 1
            raise ApiProblem(
                429,
                "too_fast",
                f"Too many requests. Ask again in {retry_after} s, and slower.",
                retry_after=retry_after,
            )


SPEED = Speed()


def route(path, method):
    """A route of the API. save_session=False: apps keep no cookies, and a session per request would fill the disk."""
    return http.route(
        f"{const.ROOT}{path}", type="http", auth="public", methods=[method], csrf=False, save_session=False
    )


class OmsApi(http.Controller):
    """The documented API: let in who signs, store or read, answer JSON. The work is done in the models, orders by workers."""

    @route("/orders", "POST")
    def post_orders(self, **_query):
        return self._serve(lambda channel, body, kept: channel._api_take_orders(body, kept), once=True)

    @route("/orders/<path:ref>", "GET")
    def get_order(self, ref, **_query):
        return self._serve(lambda channel, _body, _kept: (200, channel._api_find_order(ref)._api_state()))

    @route("/orders/<path:ref>/cancel", "POST")
    def cancel_order(self, ref, **_query):
        return self._serve(
            lambda channel, body, kept: channel._api_take_request("cancel_request", ref, body, kept), once=True
        )

    @route("/orders/<path:ref>/refunds", "POST")
    def refund_order(self, ref, **_query):
        return self._serve(
            lambda channel, body, kept: channel._api_take_request("refund_told", ref, body, kept), once=True
        )

    @route("/orders/<path:ref>/returns", "GET")
    def get_returns(self, ref, **_query):
        return self._serve(lambda channel, _body, _kept: channel._api_offer_returns(ref))

    @route("/orders/<path:ref>/returns", "POST")
    def post_return(self, ref, **_query):
        return self._serve(lambda channel, body, _kept: channel._api_take_return(ref, body), once=True)

    @route("/customers/<path:ref>/orders", "GET")
    def get_customer_orders(self, ref, **query):
        return self._serve(lambda channel, _body, _kept: channel._api_customer_orders(ref, query))

    @route("/receipts/<string:number>", "GET")
    def get_receipt(self, number, **_query):
        number = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0
        return self._serve(lambda channel, _body, _kept: channel._api_receipt_of(number))

    @route("/stock", "GET")
    def get_stock(self, **query):
        return self._serve(lambda channel, _body, _kept: channel._api_stock(query), tagged=True)

    @route("/products", "GET")
    def get_products(self, **query):
        return self._serve(lambda channel, _body, _kept: channel._api_products(query), tagged=True)

    @route("/openapi.json", "GET")
    def get_document(self, **_query):
        """What all of this is; it holds nothing of anybody and is for everybody."""
        return request.make_json_response(openapi.document(request.httprequest.host_url.rstrip("/")))

    # ----------------------------------------------------------------------------------------------------- THE DOOR

    def _serve(self, work, once=False, tagged=False):
        """Answer a request: what ``work`` makes of it, or the problem that it is.

        :param work: ``(channel, body, headers to keep) → (status, answer)``
        :param once: an ``Idempotency-Key`` counts.
        :param tagged: the answer has an ``ETag``.
        """
        try:
            body = self._get_body()
            channel_sudo = self._let_in(body)
            SPEED.check((request.db, channel_sudo.id))
            headers = request.httprequest.headers
            kept = {name: value[:HEADER_MAX_CHARS] for name in KEPT if (value := headers.get(name)) is not None}
            if once:
                status, answer, again = channel_sudo.env["oms.api.request"]._answer_once(
                    channel_sudo,
                    headers.get(const.HEADER_IDEMPOTENCY, "").strip(),
                    request.httprequest.path,
                    body,
                    lambda: work(channel_sudo, body, kept),
                )
                return self._answer(status, answer, {"Idempotent-Replayed": "true"} if again else {})
            status, answer = work(channel_sudo, body, kept)
        except ApiProblem as problem:
            headers = {"Content-Type": "application/problem+json"}
            if problem.retry_after:
                headers["Retry-After"] = str(problem.retry_after)
            if problem.status == 401:
                headers["WWW-Authenticate"] = "OMS-HMAC-SHA256"
            return self._answer(problem.status, problem.document(), headers)
        if tagged:
            told = {name: value for name, value in answer.items() if name != "as_of"}
            tag = f'W/"{hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]}"'
            if tag in request.httprequest.headers.get("If-None-Match", ""):
                return request.make_response("", headers=[("ETag", tag)], status=304)
            return self._answer(status, answer, {"ETag": tag})
        return self._answer(status, answer)

    @staticmethod
    def _get_body():
        """The bytes that were sent.

        :raise ApiProblem: 413 and 415.
        """
        sent = request.httprequest
        if sent.content_length is not None and sent.content_length > BODY_MAX_BYTES:
            raise ApiProblem(413, "too_large", f"More than {BODY_MAX_BYTES} bytes. Send fewer orders at once.")
        if sent.method == "GET":
            return b""
        if sent.mimetype != "application/json":
            raise ApiProblem(415, "not_json", "Send JSON, with the header Content-Type: application/json.")
        body = sent.get_data(cache=True, parse_form_data=False)
        if len(body) > BODY_MAX_BYTES:
            raise ApiProblem(413, "too_large", f"More than {BODY_MAX_BYTES} bytes. Send fewer orders at once.")
        return body

    @staticmethod
    def _let_in(body):
        """The channel of the app that sent this.

        :raise ApiProblem: 401; whether the key, the moment or the signature is wrong is said, as each is easy to get wrong,
            but nothing that tells a guesser how close the guess was.
        """
        sent = request.httprequest
        key = sent.headers.get(const.HEADER_KEY, "")
        # sudo: an app is no user; before its signature is verified it is told nothing but that it is wrong
        channel_sudo = request.env["oms.channel"].sudo()
        if len(key) <= HEADER_MAX_CHARS:
            channel_sudo = channel_sudo._find_by_token(key).filtered(lambda channel: channel.platform == const.CODE)
        if len(channel_sudo) != 1:
            raise ApiProblem(
                401, "bad_key", f"No app has this {const.HEADER_KEY}. Copy it from the channel's form again."
            )
        secret, headers = channel_sudo.webhook_secret or "", dict(sent.headers)
        if channel_sudo.allow_bearer and verify.is_bearer(headers, secret):
            return channel_sudo
        if not verify.is_fresh(headers, time.time()):
            raise ApiProblem(
                401,
                "bad_timestamp",
                f"{const.HEADER_TIMESTAMP} is not the present moment in seconds since 1970, give or take "
                f"{const.TIMESTAMP_WINDOW_S} s. Sign each request anew, and set the clock.",
            )
        headers |= {const.PSEUDO_METHOD: sent.method, const.PSEUDO_PATH: OmsApi._get_target()}
        if not verify.verify(headers, body, secret):
            raise ApiProblem(
                401,
                "bad_signature",
                "The signature is wrong. It is of method, path with query, timestamp and content, as docs/api.md shows.",
            )
        return channel_sudo

    @staticmethod
    def _get_target():
        """Path and query exactly as they were sent."""
        environ = request.httprequest.environ
        target = environ.get("RAW_URI") or environ.get("REQUEST_URI") or request.httprequest.full_path.rstrip("?")
        if "://" in target[:10]:
            target = "/" + target.partition("://")[2].partition("/")[2]
        return target

    @staticmethod
    def _answer(status, answer, headers=None):
        return request.make_json_response(answer, headers=list((headers or {}).items()), status=status)
