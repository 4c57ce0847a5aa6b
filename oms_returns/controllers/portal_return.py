"""Customers send things back: they see what is allowed, look at what comes of it, and follow it.

By login, by the token of the order's page, or by the signed link of a mail (``/oms/track``). Nothing here needs JavaScript.
"""

from dataclasses import dataclass
from secrets import token_urlsafe
from urllib.parse import urlencode

from odoo import http
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.oms_core.controllers.portal import IDS, customer_page
from odoo.addons.oms_core.controllers.portal_change import OmsPortalChange
from odoo.addons.oms_core.domain.documents import RETURN_WORDS_MAX

from .. import photos
from ..const import FORM_MAX_BYTES, PHOTOS_PER_LINE_MAX, RETURNS_SHOWN_MAX
from ..domain import return_form


@dataclass(frozen=True, slots=True)
class Door:
    """The way by which somebody came to an order: what the addresses of its pages begin with.

    :param key: token of the order's or the return's own page, sent along with every form; empty where none is needed.
    """

    order: object
    url: str
    back: str
    key: str = ""

    def to(self, path=""):
        """The address of a page behind this door."""
        return f"{self.url}{path}" + (f"?{urlencode({'access_token': self.key})}" if self.key else "")


class OmsReturnPortal(OmsPortalChange):
    # ----------------------------------------------------------------------------------------------------- TO BEGIN ONE

    @customer_page("/my/orders/<int:order_id>/return", max_content_length=FORM_MAX_BYTES)
    def oms_order_return(self, order_id, access_token=None, **form):
        door, refusal = self._oms_open_account(order_id, access_token)
        return refusal or self._oms_serve_start(door, form)

    @customer_page("/oms/track/<int:order_id>/<string:token>/return", max_content_length=FORM_MAX_BYTES)
    def oms_track_return(self, order_id, token, **form):
        door, refusal = self._oms_open_door(order_id, token)
        return refusal or self._oms_serve_start(door, form)

    # ---------------------------------------------------------------------------------------------------- TO FOLLOW ONE

    @customer_page(
        "/my/orders/<int:order_id>/returns/<int:return_id>",
        "/my/orders/<int:order_id>/returns/<int:return_id>/<string:step>",
        max_content_length=FORM_MAX_BYTES,
    )
    def oms_order_follow(self, order_id, return_id, step="", access_token=None, **form):
        door, refusal = self._oms_open_account(order_id, access_token)
        return refusal or self._oms_serve_return(door, return_id, step, form)

    @customer_page(
        "/oms/track/<int:order_id>/<string:token>/returns/<int:return_id>",
        "/oms/track/<int:order_id>/<string:token>/returns/<int:return_id>/<string:step>",
        max_content_length=FORM_MAX_BYTES,
    )
    def oms_track_follow(self, order_id, token, return_id, step="", **form):
        door, refusal = self._oms_open_door(order_id, token)
        return refusal or self._oms_serve_return(door, return_id, step, form)

    @customer_page(
        "/my/returns/<int:return_id>", "/my/returns/<int:return_id>/<string:step>", max_content_length=FORM_MAX_BYTES
    )
    def oms_own_return(self, return_id, step="", access_token=None, **form):
        """A return by itself: of no order or of several, or from the back office's preview."""
        record_sudo = self._oms_find_own_return(return_id, access_token)
        if not record_sudo:
            return request.redirect("/my")
        door = Door(record_sudo.order_id, f"/my/returns/{return_id}", "/my/returns", _word(access_token))
        return self._oms_serve_step(door, door.url, record_sudo, step, form)

    @http.route("/my/returns", type="http", auth="user", website=True)
    def oms_own_returns(self, **_kwargs):
        # sudo: customers have no rights to returns; they see those of their own company
        returns_sudo = request.env["oms.return"].sudo().search(self._oms_own_returns_domain(), limit=RETURNS_SHOWN_MAX)
        values = self._prepare_portal_layout_values()
        return request.render(
            "oms_returns.portal_returns", {**values, "returns": returns_sudo, "page_name": "oms_returns"}
        )

    def _oms_own_returns_domain(self):
        return [("partner_id", "child_of", request.env.user.partner_id.commercial_partner_id.ids)]

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "return_count" in counters:
            # sudo: as in the list
            values["return_count"] = request.env["oms.return"].sudo().search_count(self._oms_own_returns_domain())
        return values

    # ----------------------------------------------------------------------------------------------------------- DOORS

    def _oms_open_account(self, order_id, access_token):
        """``(door, None)`` for who may work on this order, else ``(None, answer)``."""
        key = _word(access_token)
        order = self._oms_get_own_order(order_id, key or None) if order_id in IDS else None
        if not order:
            return None, request.redirect("/my")
        return Door(order, f"/my/orders/{order.id}", order.get_portal_url(), key), None

    def _oms_open_door(self, order_id, token):
        """``(door, None)`` for who has the signed link of this order; who sends wrong ones waits."""
        order_sudo, refusal = self._oms_open_link("return", order_id, token)
        url = f"/oms/track/{order_id}/{token}"
        return (None, refusal) if refusal else (Door(order_sudo, url, url), None)

    def _oms_find_own_return(self, return_id, access_token):
        """The return, as superuser, for its customer, for who has its token, and for who may read it here."""
        if return_id not in IDS:
            return None
        # sudo: whose it is, is checked below
        record_sudo = request.env["oms.return"].sudo().browse(return_id).exists()
        user, key = request.env.user, _word(access_token)
        if not record_sudo:
            return None
        if user._is_internal():
            readable = record_sudo.with_user(user).has_access("read")
        else:
            mine = user.partner_id.commercial_partner_id == record_sudo.partner_id.commercial_partner_id
            known = key.isascii() and record_sudo.access_token and consteq(record_sudo.access_token, key)
            readable = bool(key and known) or (mine and not user._is_public())
        return record_sudo.with_company(record_sudo.company_id) if readable else None

    # -------------------------------------------------------------------------------------------------------- TO START

    def _oms_serve_start(self, door, form):
        """Choose, look at what comes of it, confirm. Looking keeps nothing."""
        offer = door.order._oms_get_return_offer()
        if request.httprequest.method != "POST":
            return self._oms_render_start(door, offer, {})
        lines = {line["line_id"] for line in offer["lines"]}
        told = {name: value for name, value in form.items() if isinstance(value, str)}
        doc = return_form.read(told, lines)
        if record := self._oms_find_asked(door, doc):
            # Sent twice, or the browser went back: what is made already is shown, and gets no photo a second time.
            return request.redirect(door.to(f"/returns/{record.id}"))
        step = return_form.code(form.get("step"))
        if step == "edit":
            return self._oms_render_start(door, offer, told)
        answer, problems = door.order._oms_apply_return_request(doc, check_only=step != "apply")
        if problems:
            return self._oms_render_start(door, offer, told, problems)
        if step == "apply":
            return self._oms_after_start(door, doc, lines)
        return self._oms_render_check(door, doc, told, answer, offer)

    def _oms_after_start(self, door, doc, lines):
        """The return is there: keep its photos and show it."""
        record = self._oms_find_asked(door, doc)
        sentences = [self._oms_keep_photos(record, line_id) for line_id in sorted(lines)]
        self._oms_say(record, " ".join(filter(None, dict.fromkeys(sentences))))
        return request.redirect(door.to(f"/returns/{record.id}"))

    def _oms_find_asked(self, door, doc):
        """The return that a request has made; empty where it has made none."""
        return door.order.oms_return_ids.filtered(lambda record: record.request_key == doc.external_id)

    def _oms_keep_photos(self, record, line_id):
        """:return: why a photo of one line is not kept; empty when all are, or when there are none."""
        files = [file for file in request.httprequest.files.getlist(f"photo_{line_id}") if file.filename]
        if not files:
            return ""
        read = [file.read(photos.BYTES_MAX + 1) for file in files[: PHOTOS_PER_LINE_MAX + 1]]
        return record._add_photos(line_id, read)

    # ------------------------------------------------------------------------------------------------------- TO FOLLOW

    def _oms_serve_return(self, door, return_id, step, form):
        # A return over several orders tells of others than the one that this door leads to; it has a page of its own.
        record = door.order.oms_return_ids.filtered(
            lambda record: record.id == return_id and record.order_ids == door.order
        )
        if not record:
            return request.redirect(door.back)
        return self._oms_serve_step(door, f"{door.url}/returns/{return_id}", record, step, form)

    def _oms_serve_step(self, door, url, record, step, form):
        here = Door(door.order, url, door.back, door.key)
        if request.httprequest.method != "POST":
            return self._oms_render_return(here, record, slip=step in ("slip", "label"))
        if request.env.user._is_internal() and not record.with_user(request.env.user).has_access("write"):
            return request.redirect(here.to())
        match step:
            case "label":  # no GET: it may buy one
                return self._oms_send_label(here, record)
            case "cancel":
                error = record._cancel_for_customer()
            case "feedback":
                stars, words = return_form.code(form.get("stars")), return_form.words(form.get("words"))
                error = record._take_feedback(stars, words)
            case "photos":
                error = self._oms_keep_photos(record, return_form.code(form.get("line")))
            case _:
                error = ""
        self._oms_say(record, error)
        return request.redirect(here.to())

    def _oms_say(self, record, error):
        """Show why something was refused on the page that comes next."""
        request.session["oms_return_error"] = [record.id, error] if error else None

    def _oms_send_label(self, here, record):
        """The carrier's label; where there is none, the slip does."""
        label_sudo = record._get_customer_label()
        if not label_sudo:
            return request.redirect(here.to("/slip"))
        return request.make_response(
            label_sudo.raw,
            headers=[
                (
                    "Content-Type",
                    "application/pdf" if label_sudo.mimetype == "application/pdf" else "application/octet-stream",
                ),
                ("Content-Disposition", http.content_disposition(label_sudo.name)),
                ("X-Content-Type-Options", "nosniff"),
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"),
            ],
        )

    # --------------------------------------------------------------------------------------------------------- SHOWING

    def _oms_render_start(self, door, offer, typed, problems=()):
        of_lines = {}
        for problem in problems:
            of_lines.setdefault(getattr(problem, "line_id", ""), []).append(problem.message)
        return self._oms_render_door(
            "oms_returns.portal_return_start",
            door,
            {
                "offer": offer,
                "typed": typed,
                "errors": of_lines,
                "request_key": return_form.code(typed.get("request")) or token_urlsafe(18),
                "words_max": RETURN_WORDS_MAX,
                "offered": any(line["outcomes"] for line in offer["lines"]),
            },
        )

    def _oms_render_check(self, door, doc, typed, answer, offer):
        kept = (
            "take_",
            "qty_",
            "reason_",
            "outcome_",
            "variant_",
            "comment_",
            "way",
            "store",
            "pickup_on",
            "note",
            "request",
        )
        stores = [store for way in offer["ways"] for store in way["stores"] if store["code"] == doc.store_ref]
        return self._oms_render_door(
            "oms_returns.portal_return_check",
            door,
            {
                "typed": {name: value for name, value in typed.items() if name.startswith(kept)},
                "state": answer,
                "store": stores[:1],
                "accept": photos.ACCEPT,
                "photos_max": PHOTOS_PER_LINE_MAX,
            },
        )

    def _oms_render_return(self, here, record, slip=False):
        return_id, error = request.session.pop("oms_return_error", None) or (None, "")
        template = "oms_returns.portal_return_slip" if slip else "oms_returns.portal_return"
        return self._oms_render_door(
            template,
            here,
            {
                "record": record,
                "state": record._get_customer_state(),
                "steps": record._get_customer_steps(),
                "error": error if return_id == record.id else "",
                "code": record._get_code(),
                "has_label": record._has_customer_label(),
                "accept": photos.ACCEPT,
                "photos_max": PHOTOS_PER_LINE_MAX,
                "words_max": RETURN_WORDS_MAX,
            },
        )

    def _oms_render_door(self, template, door, values):
        return self._oms_render_private(
            template,
            {
                **values,
                "door": door,
                "order": door.order,
                "currency": values["record"].currency_id if "record" in values else door.order.currency_id,
                "res_company": values["record"].company_id if "record" in values else door.order.company_id,
                "page_name": "oms_return",
                "html_data": {"lang": (request.env.lang or "en_US").replace("_", "-")},
            },
        )


def _word(value):
    """A token as it came in an address; what no token could be is none."""
    return value if isinstance(value, str) and value.isascii() and len(value) <= return_form.CODE_MAX else ""
