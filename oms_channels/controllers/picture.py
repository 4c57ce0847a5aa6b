from odoo import http
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.oms_core.controllers.portal import IDS

from ..models.oms_channel_listing_content import ENDINGS, PICTURES

#: Its content is part of the address, so it never changes.
KEEP_S = 365 * 24 * 3600


class Picture(http.Controller):
    """Pictures of products for platforms that fetch them, at addresses that only we can give out."""

    @http.route(
        "/oms/picture/<int:number>/<string:signature>/<string:name>",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
    )
    def get_picture(self, number, signature, name, **_query):
        # sudo: who has the address was given it; it is of a picture of a product and of nothing else
        file_sudo = request.env["ir.attachment"].sudo().browse(number if number in IDS else None).exists()
        ending = name.rpartition(".")[2]
        kind = next((kind for kind, known in ENDINGS.items() if known == ending), "")
        if not kind or not file_sudo or PICTURES.get(file_sudo.res_model) != file_sudo.res_field:
            raise request.not_found()
        if not consteq(file_sudo._oms_sign_picture(ending), signature):
            raise request.not_found()
        if kind == file_sudo.mimetype:
            return file_sudo._to_http_stream().get_response(as_attachment=False, immutable=True)
        headers = [("Content-Type", kind), ("Cache-Control", f"public, max-age={KEEP_S}, immutable")]
        headers.append(("X-Content-Type-Options", "nosniff"))
        return request.make_response(file_sudo._oms_read_picture(kind), headers=headers)
